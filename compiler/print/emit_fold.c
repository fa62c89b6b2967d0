/* emit_fold.c: loops over folded axes.
 *
 * In: an equation with its guards. Out: its folded loops, with bounds that keep reads inside
 * where a guard is clipped, split into edge, clean and edge where one is, and the tests that are
 * left. */
#include "emit.h"

#include <string.h>

enum { LONG_SUM = 64 }; /* terms */

/* ---- loops over folded axes ----------------------------------------------------------------- */

const char *for_line(const char *name, const char *lo, const char *hi, bool unroll)
{
	return format("%sfor (int %s = %s; %s < %s; %s++)", unroll ? "NN_UNROLL " : "", name, lo,
	              name, hi, name);
}

/* Images: only blocks with live ones. */
const char *extent_of(const Em *e, const Axis *a)
{
	if (a->batch && a->unit > 1)
		return format("(live + %d) / %d", a->unit - 1, a->unit);
	if (a->batch)
		return a->lane ? "blocks" : "live";
	return format("%d", blocks_of(e->prog, a));
}

/* Bounds of a clipped loop: the largest range for which all its guards hold. False: it is not. */
static bool clip(const Em *e, const Eqn *q, const Axis *a, const char **lo, const char **hi)
{
	bool clipped = false;

	for (int g = 0; g < q->nguard; g++) {
		const Guard *o = &q->guard[g];
		if (o->how != GUARD_CLIP || o->by != a)
			continue;
		clipped = true;
		int step = affine_coef(&o->index, a);
		Affine base = affine_subst(o->index, a, affine(0));
		if (step < 0) { /* count down: 0 <= extent-1 - index < extent */
			base = affine_add(affine(o->extent - 1), base, -1);
			step = -step;
		}
		const char *b = em_affine(e, &base);
		const char *l = format("nn_lo(%s, %d)", b, step);
		const char *h = format("nn_hi(%s, %d, %d, %d)", b, step, o->extent, a->extent);
		*lo = !strcmp(*lo, "0") ? l : format("nn_most(%s, %s)", *lo, l);
		*hi = !strcmp(*hi, extent_of(e, a)) ? h : format("nn_least(%s, %s)", *hi, h);
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

/* In an edge tile the other loops of the index are unrolled, so that tests are decided at compile
 * time. */
static bool in_edge_guard(const Em *e, const Eqn *q, const Axis *a)
{
	for (int g = 0; g < q->nguard; g++) {
		const Guard *o = &q->guard[g];
		bool outer = false;
		for (int i = 0; i < e->k->nloop; i++)
			outer |= e->k->loop[i].axis == o->by;
		if (o->how == GUARD_EDGE && outer && affine_coef(&o->index, a) && a->extent <= 11)
			return true;
	}
	return false;
}

/* In steps; returns whether a brace was opened. */
static bool in_steps(Em *e, const Eqn *q, const Axis *a)
{
	const char *name = em_axis(e, a);
	bool unroll = e->k->unrolled;

	put_line(e->out, "for (int %s0 = 0; %s0 < %d; %s0 += %d)", name, name,
	         blocks_of(e->prog, a), name, e->k->step);
	bool open = ask_in_block(e, q);
	put_line(e->out, "%s%s", unroll ? "" : "NN_NO_UNROLL ",
	         for_line(format("%st", name), "0", format("%d", e->k->step), unroll));
	return open;
}

static const char *and_also(const char *a, const char *b)
{
	return *a ? format("%s && %s", a, b) : b;
}

/* The axis from which on a sum adds up rows, each by itself, and then the rows; or -1. In one sum
 * of n numbers the first is rounded n times, in two short ones about 2 sqrt(n) times. Where an
 * image is read for this sum alone (means and variances of normalisation, gradients of biases)
 * that costs no time; in a product of matrices it would. */
int row_axis(const Em *e, const Eqn *q)
{
	int row = -1;
	int64_t terms = 1, inner = 1, shortest = 0;
	bool again = false;

	for (int i = 0; i < q->nfree; i++)
		again |= !eqn_reads_along(q, q->axis[i], true);
	if (q->fold != FOLD_SUM || em_banded(e->k) || e->k->ngiven || again)
		return -1;
	for (int i = q->nfree; i < q->naxis; i++)
		terms *= blocks_of(e->prog, q->axis[i]);
	for (int i = q->naxis - 1; i > q->nfree && terms >= LONG_SUM; i--) {
		inner *= blocks_of(e->prog, q->axis[i]);
		if (row < 0 || inner + terms / inner < shortest) {
			row = i;
			shortest = inner + terms / inner;
		}
	}
	return row;
}

void folded_loops(Em *e, const Eqn *q, int from, Inside in)
{
	for (int i = from; i < q->naxis; i++) {
		if (i == in.row) {
			in.row = -1;
			put_open(e->out);
			row_begin(e, q);
			folded_loops(e, q, i, in);
			row_end(e);
			put_close(e->out);
			return;
		}
		const Axis *a = q->axis[i];
		const char *name = em_axis(e, a), *lo = "0", *hi = extent_of(e, a);
		bool band = em_banded(e->k) && a == e->k->rows;
		int clean_from, clean_to;
		if ((em_banded(e->k) && a->batch) || kernel_given(e->k, a))
			continue; /* walked outside, like the bands of rows */
		if (band) {
			lo = "row_from";
			hi = "row_to";
		}
		if (a == e->k->stepped) {
			bool open = in_steps(e, q, a);
			folded_loops(e, q, i + 1, in);
			if (open)
				put_close(e->out);
			return;
		}
		const Guard *split = split_of(q, a, &clean_from, &clean_to);
		if (!split) {
			bool clipped = clip(e, q, a, &lo, &hi) && forgets_addresses(e->k);
			put_line(e->out, "%s%s", clipped ? "NN_NO_UNROLL " : "",
			         for_line(name, lo, hi,
			                  !band && !clipped && in_edge_guard(e, q, a)));
			continue;
		}
		Inside edge = in;
		edge.test = and_also(in.test, em_inside(e, &split->index, split->extent));
		put_open(e->out);
		for (int part = 0; part < 3; part++) {
			int b = part == 0 ? 0 : part == 1 ? clean_from : clean_to;
			int c = part == 0 ? clean_from : part == 1 ? clean_to : a->extent;
			if (b >= c)
				continue;
			const char *from_b = format(band ? "nn_most(row_from, %d)" : "%d", b);
			const char *to_c = format(band ? "nn_least(row_to, %d)" : "%d", c);
			put_line(e->out, "%s",
			         for_line(name, from_b, to_c, !band && part != 1 && c - b <= 8));
			folded_loops(e, q, i + 1, part == 1 ? in : edge);
		}
		put_close(e->out);
		return;
	}
	in.body(e, q, in.test);
}

/* Tests that no loop takes care of. */
const char *plain_tests(const Em *e, const Eqn *q)
{
	const char *s = "";

	for (int g = 0; g < q->nguard; g++) {
		const Guard *o = &q->guard[g];
		bool outer = false;
		for (int i = 0; i < e->k->nloop; i++)
			outer |= e->k->loop[i].axis == o->by;
		if (o->how == GUARD_TEST)
			s = and_also(s, em_inside(e, &o->index, o->extent));
		else if (o->how == GUARD_EDGE && outer)
			s = and_also(s,
			             format("(!edge || %s)", em_inside(e, &o->index, o->extent)));
	}
	return s;
}
