/* point.c: what is computed at one point of a kernel's outer loops, and the register tile.
 *
 * In: the equations of a kernel. Out: sums and maxima with their own loops, elementwise equations,
 * stores; for a contraction the tile of accumulators and, while they are in registers, everything
 * fused behind it. */
#include <math.h>
#include <string.h>

#include "lower.h"

enum { SHORT_LOOP = 4 }; /* iterations that are unrolled */

/* ---- tiles ---------------------------------------------------------------------------------- */

/* As much of a tile along a loop as there is. */
void enter_tile(Build *b, const Loop *l)
{
	enter_for(b, axis_inside(b, l->axis), val_int(0), int_name(axis_size(b, l->axis)),
	          LOOP_UNROLL);
}

/* Loops over the tile: as much of it as there is, or the whole. */
void enter_tiles(Build *b, bool whole)
{
	for (int i = 0; i < b->k->nloop; i++) {
		const Loop *l = &b->k->loop[i];
		if (l->tile > 1 && whole)
			enter_for(b, axis_inside(b, l->axis), val_int(0), val_int(l->tile),
			          LOOP_UNROLL);
		else if (l->tile > 1)
			enter_tile(b, l);
	}
}

/* The accumulator `name` of this element of the tile. */
static const Val *accumulator(const Build *b, const char *name, bool vector)
{
	const Val *at[MAX_AXIS];
	Type type = vector ? TYPE_VECTOR : TYPE_REAL;
	int n = 0;

	for (int i = 0; i < b->k->nloop; i++)
		if (b->k->loop[i].tile > 1)
			at[n++] = int_name(axis_inside(b, b->k->loop[i].axis));
	return n ? val_place(name, NULL, type, at, n) : val_name(name, type);
}

static void put_accumulators(Build *b, const char *name, bool vector)
{
	int size[2] = {0}, n = 0;

	for (int i = 0; i < b->k->nloop; i++)
		if (b->k->loop[i].tile > 1)
			size[n++] = b->k->loop[i].tile;
	put_array(b, name, vector ? TYPE_VECTOR : TYPE_REAL, n, size[0], size[1], 0);
}

/* ---- folds ---------------------------------------------------------------------------------- */

/* Does the sum over images need a mask for dead lanes? Not where a factor is 0 there. */
typedef struct Dead {
	const Eqn *q;
	bool covered;
} Dead;

static void find_zero(Expr *x, void *ctx)
{
	Dead *d = ctx;

	if (x->op == OP_READ && x->tensor->zero_dead && x->tensor->batched &&
	    affine_coef(&x->index[0], x->index[0].n ? x->index[0].term[0].axis : NULL))
		d->covered |= expr_vanishes(d->q->rhs, x);
}

/* The folded axis that runs in the lanes, or NULL. */
static const Axis *folded_lane(const Eqn *q)
{
	for (int i = q->nfree; i < q->naxis; i++)
		if (q->axis[i]->lane)
			return q->axis[i];
	return NULL;
}

/* all - lanes * block: how many lanes of a block of axis a are before the end */
static const Val *lanes_left(const Build *b, const Val *all, const Axis *a)
{
	Affine at = {.n = 1, .term = {{(Axis *)a, b->k->lanes}}};

	return is_one(b, a) ? all : val(VAL_SUB, TYPE_INT, all, affine_val(b, &at), NULL, NULL);
}

/* How many lanes of a vector that q folds count, where that may be fewer than all, or NULL: dead
 * images do not, nor what is behind the end. */
static const Val *alive(const Build *b, const Eqn *q)
{
	const Axis *a = folded_lane(q);

	if (!a || b->k->lanes == 1 || (!a->batch && a->extent % b->k->lanes == 0))
		return NULL;
	return lanes_left(b, a->batch ? int_name("live") : val_int(a->extent), a);
}

static const Val *summand(Build *b, const Eqn *q)
{
	const Val *v = lower_expr(b, q->rhs), *count = alive(b, q);
	Dead d = {q, false};

	if (count && folded_lane(q)->batch)
		expr_each(q->rhs, find_zero, &d);
	return !count || d.covered ? v
	                           : val(VAL_FIRST, TYPE_VECTOR, count, as_vector(v), NULL, NULL);
}

/* Are the accumulators vectors, of an axis that is free or folded? */
static bool vector_sum(const Build *b, const Eqn *q)
{
	return b->k->lanes > 1 && (is_vector(b, q) || folded_lane(q));
}

static const Val *zero_of(bool vector)
{
	const Val *zero = val_number(0, TYPE_REAL);

	return vector ? as_vector(zero) : zero;
}

/* The longer side of the tile outside: what the shorter one reads stays in registers, and the
 * longer one needs one register more. */
static void tile_step(Build *b, const Eqn *q, const Val *test)
{
	const Loop *side[MAX_AXIS];
	int n = 0;

	for (int i = 0; i < b->k->nloop; i++) {
		int at = n;
		if (b->k->loop[i].tile == 1)
			continue;
		for (; at > 0 && side[at - 1]->tile < b->k->loop[i].tile; at--)
			side[at] = side[at - 1];
		side[at] = &b->k->loop[i];
		n++;
	}
	if (b->k->lanes > 1) {
		put(b, NODE_STEP, NULL, NULL);
		if (keeps_addresses(b->k)) /* an edge tile must know its place */
			forget_addresses(b, has_edges(b->k)
			                            ? val(VAL_NOT, TYPE_TEST, int_name("edge"),
			                                  NULL, NULL, NULL)
			                            : NULL);
		prefetch_in_step(b, q);
	}
	for (int i = 0; i < n; i++)
		enter_tile(b, side[i]);
	enter_if(b, test);
	put(b, NODE_ADD, accumulator(b, b->sum, vector_sum(b, q)), summand(b, q));
}

static void sum_step(Build *b, const Eqn *q, const Val *test)
{
	enter_if(b, test);
	put(b, NODE_ADD, val_name(b->sum, vector_sum(b, q) ? TYPE_VECTOR : TYPE_REAL),
	    summand(b, q));
}

/* Each accumulator has a sum of its own for a row, which joins it at the end. */
void row_begin(Build *b, const Eqn *q)
{
	bool vector = vector_sum(b, q);

	b->sum = "row";
	put_accumulators(b, "row", vector);
	Node **outside = b->tail;
	enter_tiles(b, true);
	put(b, NODE_SET, accumulator(b, "row", vector), zero_of(vector));
	leave(b, end_of(outside));
}

void row_end(Build *b)
{
	bool vector = vector_sum(b, b->q);

	b->sum = "acc";
	enter_tiles(b, true);
	put(b, NODE_ADD, accumulator(b, "acc", vector), accumulator(b, "row", vector));
}

/* The first maximum, and where it was. */
static void max_step(Build *b, const Eqn *q, const Val *test)
{
	bool vector = vector_sum(b, q);
	Type type = vector ? TYPE_VECTOR : TYPE_REAL;
	const Val *count = alive(b, q), *v = lower_expr(b, q->rhs);
	const Val *name = val_name("v", type), *acc = val_name("acc", type);
	const Val *at = val_name("at", type);
	Affine code = affine(0);

	if (count)
		v = val(VAL_FIRST_OR, TYPE_VECTOR, count, as_vector(v),
		        as_vector(val_number(-INFINITY, TYPE_REAL)), NULL);
	for (int i = q->nfree; i < q->naxis; i++)
		code = affine_add(affine_scale(code, q->axis[i]->extent), affine_axis(q->axis[i]),
		                  1);
	enter_if(b, test);
	put_let(b, "v", type, vector ? as_vector(v) : v);
	ValOp above = vector ? VAL_ABOVE : VAL_SCALAR_ABOVE;
	const Val *here = val(VAL_TO_REAL, TYPE_REAL, affine_val(b, &code), NULL, NULL, NULL);
	if (q->arg)
		put(b, NODE_SET, at,
		    val(above, type, name, acc, vector ? as_vector(here) : here, at));
	put(b, NODE_SET, acc, val(above, type, name, acc, name, acc));
}

/* ---- stores --------------------------------------------------------------------------------- */

/* Stores a value, or gives it a name when it stays in registers. */
void store(Build *b, int j, const Val *v)
{
	const Eqn *q = b->k->eqn[j];
	const Tensor *t = q->out;
	bool vector = is_vector(b, q);

	v = vector ? as_vector(v) : v;
	if (t->local) {
		const char *name = local_name(b, j);
		if (!v->name || strcmp(name, v->name) != 0)
			put_let(b, name, vector ? TYPE_VECTOR : TYPE_REAL, v);
		return;
	}
	if (t->zero_dead && vector && !b->prog->channels)
		for (int i = 0; i < q->nfree; i++)
			if (q->axis[i]->batch)
				v = val(VAL_FIRST, TYPE_VECTOR,
				        lanes_left(b, int_name("live"), q->axis[i]), v, NULL, NULL);
	put(b, streams(b, q) ? NODE_STREAM : NODE_SET, element(b, t, q->index), v);
}

/* Where the maximum was, as a byte. */
static void store_argmax(Build *b, const Eqn *q, bool vector)
{
	const Val *at = val_name("at", vector ? TYPE_VECTOR : TYPE_REAL);
	ValOp narrow = vector || b->prog->lanes == 1 ? VAL_BSTORE : VAL_TO_BYTE;

	if (q->arg->bytes8)
		at = val(narrow, TYPE_BYTES, at, NULL, NULL, NULL);
	put(b, NODE_SET, element(b, q->arg, q->index), at);
}

/* ---- equations at a point ------------------------------------------------------------------- */

/* A fold without a tile: its own loops over a single accumulator. */
static void fold_here(Build *b, int j)
{
	const Eqn *q = b->k->eqn[j];
	bool vector = vector_sum(b, q), max = q->fold == FOLD_MAX;
	Type type = vector ? TYPE_VECTOR : TYPE_REAL;
	const Val *zero = val_number(max ? -INFINITY : 0, TYPE_REAL);
	Inside in = {max ? max_step : sum_step, plain_tests(b, q), row_axis(b, q)};
	bool named = q->out->local && q->nfree <= b->k->nloop;

	if (named)
		put_let(b, local_name(b, j), is_vector(b, q) ? TYPE_VECTOR : TYPE_REAL, NULL);
	Node **behind = enter_node(b, put(b, NODE_BLOCK, NULL, NULL));
	put_let(b, "acc", type, vector ? as_vector(zero) : zero)->fixed = false;
	if (q->arg)
		put_let(b, "at", type, zero_of(vector))->fixed = false;
	Node **loops = b->tail;
	folded_loops(b, q, q->nfree, in);
	leave(b, end_of(loops));
	const Val *v = val_name("acc", type);
	if (vector && !is_vector(b, q))
		v = val(max ? VAL_HMAX : VAL_SUM, TYPE_REAL, v, NULL, NULL, NULL);
	if (named)
		put(b, NODE_SET, val_name(local_name(b, j), v->type), v);
	else
		store(b, j, v);
	if (q->arg)
		store_argmax(b, q, vector);
	leave(b, behind);
}

static const Val *inmost_place(const Build *b)
{
	const Val *at = axis_val(b, b->k->inmost);

	return val_place("acc", NULL, TYPE_REAL, &at, 1);
}

static void inmost_step(Build *b, const Eqn *q, const Val *test)
{
	(void)test; /* of a schedule: the plain program has none */
	enter_axis(b, b->k->inmost, LOOP_PLAIN);
	put(b, NODE_ADD, inmost_place(b), summand(b, q));
}

/* A row of sums, whose axis is inside of the folded ones. */
static void fold_inmost(Build *b, int j)
{
	const Eqn *q = b->k->eqn[j];
	Inside in = {inmost_step, NULL, -1};
	Node **behind = enter_node(b, put(b, NODE_BLOCK, NULL, NULL));

	put_array(b, "acc", TYPE_REAL, 1, blocks_of(b->prog, b->k->inmost), 0, 0)->zero = true;
	Node **loops = b->tail;
	folded_loops(b, q, q->nfree, in);
	leave(b, end_of(loops));
	enter_axis(b, b->k->inmost, LOOP_PLAIN);
	store(b, j, inmost_place(b));
	leave(b, behind);
}

static bool is_outer(const Build *b, const Axis *a)
{
	for (int l = 0; l < b->k->nloop; l++)
		if (b->k->loop[l].axis == a)
			return true;
	return b->k->flat || kernel_given(b->k, a) || a == b->k->inmost;
}

/* Does equation j run in the same inner loops as equation i? */
static bool same_loops(const Build *b, int i, int j)
{
	const Eqn *x = b->k->eqn[i], *y = b->k->eqn[j];

	if (x->fold || y->fold || x->nfree != y->nfree)
		return false;
	for (int a = 0; a < x->nfree; a++)
		if (x->axis[a] != y->axis[a])
			return false;
	return true;
}

static const Val *sum_name(int i)
{
	return val_name(format("acc%d", i), TYPE_VECTOR);
}

/* Equations i .. end-1 at one point; of sums what it adds. */
static void at_point(Build *b, int i, int end)
{
	for (; i < end; i++) {
		b->q = b->k->eqn[i];
		if (b->q->fold)
			put(b, NODE_ADD, sum_name(i), as_vector(lower_expr(b, b->q->rhs)));
		else
			store(b, i, lower_expr(b, b->q->rhs));
	}
}

/* Equations j .. end-1 in the loops over those of the first n axes of q that have none yet. */
static void in_loops(Build *b, int j, int end, const Eqn *q, int n)
{
	Node **loops = b->tail;

	for (int i = 0; i < n; i++) {
		const Axis *a = q->axis[i];
		if (!is_outer(b, a))
			enter_axis(b, a,
			           a->extent <= SHORT_LOOP && !a->batch ? LOOP_UNROLL : LOOP_PLAIN);
	}
	if (q->fold && !b->k->outer)
		(b->k->inmost ? fold_inmost : fold_here)(b, j);
	else
		at_point(b, j, end);
	leave(b, end_of(loops));
}

/* Equation j, and those behind it in the same loops, at one point of the outer loops; axes that
 * they alone have become loops here. Returns the first equation not done. */
int equation(Build *b, int j)
{
	const Eqn *q = b->k->eqn[j];
	bool along = b->k->outer > 0; /* all equations, sums too, in the same loops */
	int inner = 0, end = j + 1, n = along ? q->naxis : q->nfree;

	b->q = q;
	if (q->matrix) {
		sandwich(b, j);
		return end;
	}
	for (int i = 0; i < n; i++)
		inner += !is_outer(b, q->axis[i]);
	while (end < b->k->neqn && inner && (along || (!q->fold && same_loops(b, j, end))))
		end++;
	for (int i = j; i < end && along; i++)
		if (b->k->eqn[i]->fold)
			put_let(b, format("acc%d", i), TYPE_VECTOR, zero_of(true))->fixed = false;
	in_loops(b, j, end, q, n);
	for (int i = j; i < end && along; i++) {
		b->q = b->k->eqn[i];
		if (b->q->fold)
			store(b, i, sum_name(i));
	}
	return end;
}

/* ---- the tile ------------------------------------------------------------------------------- */

/* What the accumulators begin with: 0, or the sums so far. */
static void begin_tile(Build *b, const Eqn *q, bool vector)
{
	const Val *start = is_banded(b->k) ? int_name("first") : NULL, *so_far = is_first(b, q);
	const Val *zero = zero_of(vector);
	Node **loops;

	if (so_far) {
		put_let(b, "first", TYPE_INT, so_far);
		start = int_name("first");
	}
	put_accumulators(b, "acc", vector);
	loops = b->tail;
	enter_tiles(b, !start); /* the reduction reads a tile whole */
	if (start)
		zero = val(VAL_SELECT, zero->type, start, zero,
		           element(b, is_banded(b->k) ? b->k->partial : q->out, q->index), NULL);
	put(b, NODE_SET, accumulator(b, "acc", vector), zero);
	leave(b, end_of(loops));
}

/* total[...]: each vector of the tile added up; the place of this element's. */
static const Val *reduce_tile(Build *b)
{
	const Val *at = NULL;
	int count = 1;

	for (int i = 0; i < b->k->nloop; i++) {
		const Loop *l = &b->k->loop[i];
		if (l->tile == 1)
			continue;
		const Val *in_tile = int_name(axis_inside(b, l->axis));
		at = !at ? in_tile
		         : val(VAL_ADD, TYPE_INT,
		               val(VAL_MUL, TYPE_INT, at, val_int(l->tile), NULL, NULL), in_tile,
		               NULL, NULL);
		count *= l->tile;
	}
	put_array(b, "total", TYPE_REAL, 1, count, 0, 0);
	Node *sums = put(b, NODE_SUMS, val_name("total", TYPE_REAL), val_name("acc", TYPE_VECTOR));
	sums->c = val_int(count);
	return val_place("total", NULL, TYPE_REAL, &at, 1);
}

/* Accumulate, then everything behind it while the sums are in registers. */
void tile(Build *b)
{
	const Eqn *q = b->k->eqn[0];
	bool vector = vector_sum(b, q);
	Inside in = {tile_step, plain_tests(b, q), row_axis(b, q)};
	const Val *root = accumulator(b, "acc", vector);

	b->q = q;
	begin_tile(b, q, vector);
	prefetch_at_start(b, q);
	Node **loops = b->tail;
	folded_loops(b, q, q->nfree, in);
	leave(b, end_of(loops));
	forget_addresses(b, NULL);
	if (is_banded(b->k)) {
		enter_tiles(b, false);
		put(b, NODE_SET, element(b, b->k->partial, q->index), root);
		return;
	}
	if (vector && !is_vector(b, q))
		root = reduce_tile(b);
	enter_tiles(b, false);
	if (q->out->local)
		put_let(b, used_of(b, q->out)->name, root->type, root);
	else
		store(b, 0, root);
	for (int j = 1; j < b->k->neqn;)
		j = equation(b, j);
}
