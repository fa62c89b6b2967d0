/* fold.c: loops over folded axes.
 *
 * In: an equation with its guards. Out: its folded loops, with bounds that keep reads inside
 * where a guard is clipped, split into edge, clean and edge where one is, and the tests that are
 * left. */
#include "lower.h"

enum { LONG_SUM = 64 }; /* terms */
enum {
	SHORT_EDGE = 8,
	SHORT_WINDOW = 11
}; /* iterations that are unrolled, so that tests of
                                             * bounds are decided by the C compiler           */

/* Images: only blocks with live ones. */
const Val *extent_of(const Build *b, const Axis *a)
{
	if (a->batch && a->unit > 1)
		return val(
		        VAL_DIV, TYPE_INT,
		        val(VAL_ADD, TYPE_INT, int_name("live"), val_int(a->unit - 1), NULL, NULL),
		        val_int(a->unit), NULL, NULL);
	if (a->batch)
		return int_name(a->lane ? "blocks" : "live");
	return val_int(blocks_of(b->prog, a));
}

Node **enter_axis(Build *b, const Axis *a, LoopHow how)
{
	if (is_one(b, a))
		return b->tail;
	return enter_for(b, axis_name(b, a), val_int(0), extent_of(b, a), how);
}

typedef struct Range {
	const Val *from, *to; /* from .. to-1 */
} Range;

/* Bounds of a clipped loop: the largest range for which all its guards hold. False: it is not. */
static bool clip(const Build *b, const Eqn *q, const Axis *a, Range *r)
{
	bool clipped = false;

	for (int g = 0; g < q->nguard; g++) {
		const Guard *o = &q->guard[g];
		if (o->how != GUARD_CLIP || o->by != a)
			continue;
		int step = affine_coef(&o->index, a);
		Affine rest = affine_subst(o->index, a, affine(0));
		if (step < 0) { /* count down: 0 <= extent-1 - index < extent */
			rest = affine_add(affine(o->extent - 1), rest, -1);
			step = -step;
		}
		const Val *base = affine_val(b, &rest), *by = val_int(step);
		const Val *lo = val(VAL_LO, TYPE_INT, base, by, NULL, NULL);
		const Val *hi =
		        val(VAL_HI, TYPE_INT, base, by, val_int(o->extent), val_int(a->extent));
		bool more = val_is(r->from, 0) && !clipped;
		r->from = more ? lo : val(VAL_MAX, TYPE_INT, r->from, lo, NULL, NULL);
		more = val_same(r->to, extent_of(b, a));
		r->to = more ? hi : val(VAL_MIN, TYPE_INT, r->to, hi, NULL, NULL);
		clipped = true;
	}
	return clipped;
}

/* A folded loop that is split for a guard: values [from, to) need no test. */
static const Guard *split_of(const Eqn *q, const Axis *a, int *from, int *to)
{
	for (int g = 0; g < q->nguard; g++) {
		const Guard *o = &q->guard[g];
		int lo, hi, coef = affine_coef(&o->index, a);
		if (o->how != GUARD_EDGE || o->by != a)
			continue;
		Affine rest = affine_subst(o->index, a, affine(0));
		affine_range(&rest, &lo, &hi);
		*from = a->extent;
		*to = 0;
		for (int v = 0; v < a->extent; v++)
			if (lo + coef * v >= 0 && hi + coef * v < o->extent) {
				*from = v < *from ? v : *from;
				*to = v + 1;
			}
		if (*to <= *from)
			*from = *to = a->extent;
		return o;
	}
	return NULL;
}

static bool is_outer_loop(const Build *b, const Axis *a)
{
	for (int i = 0; i < b->k->nloop; i++)
		if (b->k->loop[i].axis == a)
			return true;
	return false;
}

/* In an edge tile the other loops of the index are unrolled, so that tests are decided at compile
 * time. */
static bool in_edge_guard(const Build *b, const Eqn *q, const Axis *a)
{
	for (int g = 0; g < q->nguard; g++) {
		const Guard *o = &q->guard[g];
		if (o->how == GUARD_EDGE && is_outer_loop(b, o->by) && affine_coef(&o->index, a) &&
		    a->extent <= SHORT_WINDOW)
			return true;
	}
	return false;
}

static void enter_steps(Build *b, const Eqn *q, const Axis *a)
{
	Node *block = put_for(b, axis_start(b, a), val_int(0), val_int(blocks_of(b->prog, a)),
	                      LOOP_PLAIN);

	block->c = val_int(b->k->step);
	b->tail = &block->body;
	prefetch_in_block(b, q);
	enter_for(b, axis_inside(b, a), val_int(0), val_int(b->k->step),
	          b->k->unrolled ? LOOP_UNROLL : LOOP_KEEP);
}

/* The axis from which on a sum adds up rows, each by itself, and then the rows; or -1. In one sum
 * of n numbers the first is rounded n times, in two short ones about 2 sqrt(n) times. Where an
 * image is read for this sum alone (means and variances of normalisation, gradients of biases)
 * that costs no time; in a product of matrices it would. */
int row_axis(const Build *b, const Eqn *q)
{
	int row = -1;
	int64_t terms = 1, inner = 1, shortest = 0;
	bool again = false;

	for (int i = 0; i < q->nfree; i++)
		again |= !eqn_reads_along(q, q->axis[i], true);
	if (q->fold != FOLD_SUM || is_banded(b->k) || b->k->ngiven || again)
		return -1;
	for (int i = q->nfree; i < q->naxis; i++)
		terms *= blocks_of(b->prog, q->axis[i]);
	for (int i = q->naxis - 1; i > q->nfree && terms >= LONG_SUM; i--) {
		inner *= blocks_of(b->prog, q->axis[i]);
		if (row < 0 || inner + terms / inner < shortest) {
			row = i;
			shortest = inner + terms / inner;
		}
	}
	return row;
}

/* Edge, clean and edge parts of the loop over axis i; those at the edges are unrolled. */
static void split_loop(Build *b, const Eqn *q, int i, const Range *band, const Guard *split,
                       const int *bound, Inside in)
{
	const Axis *a = q->axis[i];
	Inside edge = in;

	edge.test = val_and(in.test, inside_test(b, &split->index, split->extent));
	for (int part = 0; part < 3; part++) {
		int from = bound[part], to = bound[part + 1];
		if (from >= to)
			continue;
		Range r = {val_int(from), val_int(to)};
		if (band) {
			r.from = val(VAL_MAX, TYPE_INT, band->from, r.from, NULL, NULL);
			r.to = val(VAL_MIN, TYPE_INT, band->to, r.to, NULL, NULL);
		}
		bool unroll = !band && part != 1 && to - from <= SHORT_EDGE;
		Node **behind = enter_for(b, axis_name(b, a), r.from, r.to,
		                          unroll ? LOOP_UNROLL : LOOP_PLAIN);
		folded_loops(b, q, i + 1, part == 1 ? in : edge);
		leave(b, behind);
	}
}

/* The loops over axes from..; b->tail stays in the innermost. */
void folded_loops(Build *b, const Eqn *q, int from, Inside in)
{
	for (int i = from; i < q->naxis; i++) {
		const Axis *a = q->axis[i];
		int bound[4] = {0, 0, 0, a->extent};
		if (i == in.row) {
			in.row = -1;
			row_begin(b, q);
			Node **outside = b->tail;
			folded_loops(b, q, i, in);
			leave(b, end_of(outside));
			row_end(b);
			return;
		}
		if ((is_banded(b->k) && a->batch) || kernel_given(b->k, a))
			continue; /* walked outside, like the bands of rows */
		bool band = is_banded(b->k) && a == b->k->rows;
		Range all = {val_int(0), extent_of(b, a)};
		if (band)
			all = (Range){int_name("row_from"), int_name("row_to")};
		if (a == b->k->stepped) {
			enter_steps(b, q, a);
			continue;
		}
		const Guard *split = split_of(q, a, &bound[1], &bound[2]);
		if (split) {
			split_loop(b, q, i, band ? &all : NULL, split, bound, in);
			return;
		}
		bool clipped = clip(b, q, a, &all), keep = clipped && forgets_addresses(b->k);
		bool unroll = !band && !keep && in_edge_guard(b, q, a);
		if (!is_one(b, a) || clipped)
			enter_for(b, axis_name(b, a), all.from, all.to,
			          keep     ? LOOP_KEEP
			          : unroll ? LOOP_UNROLL
			                   : LOOP_PLAIN);
	}
	in.body(b, q, in.test);
}

/* Tests that no loop takes care of. */
const Val *plain_tests(const Build *b, const Eqn *q)
{
	const Val *s = NULL;

	for (int g = 0; g < q->nguard; g++) {
		const Guard *o = &q->guard[g];
		const Val *test = inside_test(b, &o->index, o->extent);
		if (o->how == GUARD_TEST)
			s = val_and(s, test);
		else if (o->how == GUARD_EDGE && is_outer_loop(b, o->by))
			s = val_and(s,
			            val(VAL_OR, TYPE_TEST,
			                val(VAL_NOT, TYPE_TEST, int_name("edge"), NULL, NULL, NULL),
			                test, NULL, NULL));
	}
	return s;
}
