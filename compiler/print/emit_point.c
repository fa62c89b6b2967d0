/* emit_point.c: statements at one point of a kernel's outer loops, and the register tile.
 *
 * In: the equations of a kernel. Out: what is computed there: sums and maxima with their own loops,
 * elementwise equations, stores; for a contraction the tile of accumulators and, while they are in
 * registers, everything fused behind it. */
#include "emit.h"

#include <string.h>

/* ---- statements ----------------------------------------------------------------------------- */

/* As much of a tile along a loop as there is. */
void tile_loop(const Em *e, const Loop *l)
{
	const char *name = em_axis(e, l->axis);

	put_line(e->out, "NN_UNROLL for (int %st = 0; %st < %sn; %st++)", name, name, name, name);
}

/* Loops over the tile: as much of it as there is, or the whole. */
void tile_loops(const Em *e, bool whole)
{
	for (int i = 0; i < e->k->nloop; i++) {
		const Loop *l = &e->k->loop[i];
		const char *name = em_axis(e, l->axis);
		if (l->tile > 1 && whole)
			put_line(e->out, "NN_UNROLL for (int %st = 0; %st < %d; %st++)", name, name,
			         l->tile, name);
		else if (l->tile > 1)
			tile_loop(e, l);
	}
}

static const char *tile_index(const Em *e, bool sizes)
{
	char *s = "";

	for (int i = 0; i < e->k->nloop; i++)
		if (e->k->loop[i].tile > 1)
			s = sizes ? format("%s[%d]", s, e->k->loop[i].tile)
			          : format("%s[%st]", s, em_axis(e, e->k->loop[i].axis));
	return s;
}

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

/* How many lanes of a vector that q folds count, where that may be fewer than all, or NULL: dead
 * images do not, nor what is behind the end. */
static const char *alive(const Em *e, const Eqn *q)
{
	const Axis *a = folded_lane(q);

	if (!a || e->k->lanes == 1 || (!a->batch && a->extent % e->k->lanes == 0))
		return NULL;
	return format("%s - %d * %s", a->batch ? "live" : format("%d", a->extent), e->k->lanes,
	              em_axis(e, a));
}

static const char *summand(Em *e, const Eqn *q)
{
	CValue v = em_expr(e, q->rhs);
	Dead d = {q, false};
	const char *count = alive(e, q);

	if (count && folded_lane(q)->batch)
		expr_each(q->rhs, find_zero, &d);
	return !count || d.covered ? v.text : format("nn_first(%s, %s)", count, em_vector(v));
}

/* Are the accumulators vectors, of an axis that is free or folded? */
static bool vector_sum(const Em *e, const Eqn *q)
{
	return e->k->lanes > 1 && (em_is_vector(e, q) || folded_lane(q));
}

/* The longer side of the tile outside: what the shorter one reads stays in registers, and the
 * longer one needs one register more. */
static void tile_step(Em *e, const Eqn *q, const char *test)
{
	const Loop *side[MAX_AXIS];
	int n = 0;

	for (int i = 0; i < e->k->nloop; i++) {
		int at = n;
		if (e->k->loop[i].tile == 1)
			continue;
		for (; at > 0 && side[at - 1]->tile < e->k->loop[i].tile; at--)
			side[at] = side[at - 1];
		side[at] = &e->k->loop[i];
		n++;
	}
	if (e->k->lanes > 1) {
		put_open(e->out);
		put_line(e->out, "NN_STEP;");
		if (keeps_addresses(e->k)) /* an edge tile must know its place */
			forget_addresses(e, has_edges(e->k) ? "if (!edge) " : "");
		ask_in_step(e, q);
	}
	for (int i = 0; i < n; i++)
		tile_loop(e, side[i]);
	if (*test)
		put_line(e->out, "if (%s)", test);
	e->out->depth++;
	put_line(e->out, "%s%s += %s;", e->sum, tile_index(e, false), summand(e, q));
	e->out->depth--;
	if (e->k->lanes > 1)
		put_close(e->out);
}

static void sum_step(Em *e, const Eqn *q, const char *test)
{
	if (*test)
		put_line(e->out, "if (%s)", test);
	e->out->depth++;
	put_line(e->out, "%s += %s;", e->sum, summand(e, q));
	e->out->depth--;
}

/* Each accumulator has a sum of its own for a row, which joins it at the end. */
void row_begin(Em *e, const Eqn *q)
{
	bool vector = vector_sum(e, q);
	const char *type = vector ? "nn_v" : "nn_real", *zero = vector ? "nn_splat(0)" : "0";
	const char *at = tile_index(e, false);

	e->sum = "row";
	if (!*at) {
		put_line(e->out, "%s row = %s;", type, zero);
		return;
	}
	put_line(e->out, "%s row%s;", type, tile_index(e, true));
	tile_loops(e, true);
	put_line(e->out, "\trow%s = %s;", at, zero);
}

void row_end(Em *e)
{
	const char *at = tile_index(e, false);

	e->sum = "acc";
	tile_loops(e, true);
	put_line(e->out, "%sacc%s += row%s;", *at ? "\t" : "", at, at);
}

static void max_step(Em *e, const Eqn *q, const char *test)
{
	bool vector = vector_sum(e, q);
	const char *count = alive(e, q);
	CValue v = em_expr(e, q->rhs);
	Affine code = affine(0);

	if (count)
		v.text = format("nn_first_or(%s, %s, nn_splat(-INFINITY))", count, em_vector(v));
	for (int i = q->nfree; i < q->naxis; i++)
		code = affine_add(affine_scale(code, q->axis[i]->extent), affine_axis(q->axis[i]),
		                  1);
	if (*test)
		put_line(e->out, "if (%s)", test);
	put_open(e->out);
	put_line(e->out, "const %s v = %s;", vector ? "nn_v" : "nn_real",
	         vector ? em_vector(v) : v.text);
	if (q->arg)
		put_line(e->out,
		         vector ? "at = nn_ifabove(v, acc, nn_splat((nn_real)(%s)), at);"
		                : "at = v > acc || v != v ? (nn_real)(%s) : at;",
		         em_affine(e, &code));
	put_line(e->out, vector ? "acc = nn_ifabove(v, acc, v, acc);"
	                        : "acc = v > acc || v != v ? v : acc;");
	put_close(e->out);
}

/* Stores a value, or gives it a name when it stays in registers. */
void store(Em *e, int j, CValue v)
{
	const Eqn *q = e->k->eqn[j];
	const Tensor *t = q->out;
	bool vector = em_is_vector(e, q);
	const char *value = vector ? em_vector(v) : v.text;

	if (t->local) {
		const char *name = em_local(e, j);
		if (strcmp(name, value) != 0)
			put_line(e->out, "const %s %s = %s;", vector ? "nn_v" : "nn_real", name,
			         value);
		return;
	}
	if (t->zero_dead && vector && !e->prog->channels)
		for (int i = 0; i < q->nfree; i++)
			if (q->axis[i]->batch) {
				Affine image = {.n = 1, .term = {{q->axis[i], e->k->lanes}}};
				value = format("nn_first(live - %s, %s)", em_affine(e, &image),
				               value);
			}
	put_line(e->out, em_streams(e, q) ? "NN_STREAM(%s, %s);" : "%s = %s;",
	         em_element(e, t, q->index), value);
}

/* A fold without a tile: its own loops over a single accumulator. */
static void fold_here(Em *e, int j)
{
	const Eqn *q = e->k->eqn[j];
	bool vector = vector_sum(e, q), max = q->fold == FOLD_MAX;
	const char *type = vector ? "nn_v" : "nn_real", *zero = max ? "-INFINITY" : "0";
	Inside in = {max ? max_step : sum_step, plain_tests(e, q), row_axis(e, q)};
	bool inner = q->nfree > e->k->nloop;

	if (q->out->local && !inner)
		put_line(e->out, "%s %s;", em_is_vector(e, q) ? "nn_v" : "nn_real", em_local(e, j));
	put_open(e->out);
	put_line(e->out, vector ? "%s acc = nn_splat(%s);" : "%s acc = %s;", type, zero);
	if (q->arg)
		put_line(e->out, vector ? "%s at = nn_splat(0);" : "%s at = 0;", type);
	folded_loops(e, q, q->nfree, in);
	CValue v = {"acc", vector, 3};
	if (vector && !em_is_vector(e, q))
		v = (CValue){max ? "nn_hmax(acc)" : "nn_sum(acc)", false, 3};
	if (q->out->local && !inner)
		put_line(e->out, "%s = %s;", em_local(e, j), v.text);
	else
		store(e, j, v);
	if (q->arg)
		put_line(e->out,
		         !q->arg->bytes8                 ? "%s = at;"
		         : vector || e->prog->lanes == 1 ? "%s = nn_bstore(at);"
		                                         : "%s = (uint8_t)at;",
		         em_element(e, q->arg, q->index));
	put_close(e->out);
}

static void inmost_loop(Em *e)
{
	const Axis *a = e->k->inmost;

	put_line(e->out, "%s", for_line(em_axis(e, a), "0", extent_of(e, a), false));
	e->out->depth++;
}

static void inmost_step(Em *e, const Eqn *q, const char *test)
{
	(void)test; /* of a schedule: the plain program has none */
	inmost_loop(e);
	put_line(e->out, "acc[%s] += %s;", em_axis(e, e->k->inmost), summand(e, q));
	e->out->depth--;
}

/* A row of sums, whose axis is inside of the folded ones. */
static void fold_inmost(Em *e, int j)
{
	const Eqn *q = e->k->eqn[j];
	Inside in = {inmost_step, "", -1};

	put_open(e->out);
	put_line(e->out, "nn_real acc[%s] = {0};", extent_of(e, e->k->inmost));
	folded_loops(e, q, q->nfree, in);
	inmost_loop(e);
	store(e, j, (CValue){format("acc[%s]", em_axis(e, e->k->inmost)), false, 3});
	e->out->depth--;
	put_close(e->out);
}

static bool is_outer(const Em *e, const Axis *a)
{
	for (int l = 0; l < e->k->nloop; l++)
		if (e->k->loop[l].axis == a)
			return true;
	return e->k->flat || kernel_given(e->k, a) || a == e->k->inmost;
}

/* Does equation j run in the same inner loops as equation i? */
static bool same_loops(const Em *e, int i, int j)
{
	const Eqn *a = e->k->eqn[i], *b = e->k->eqn[j];

	if (a->fold || b->fold || a->nfree != b->nfree)
		return false;
	for (int x = 0; x < a->nfree; x++)
		if (a->axis[x] != b->axis[x])
			return false;
	return true;
}

/* Equations i .. end-1 at one point; of sums what it adds. */
static void at_point(Em *e, int i, int end)
{
	for (; i < end; i++) {
		e->q = e->k->eqn[i];
		if (e->q->fold)
			put_line(e->out, "acc%d += %s;", i, em_vector(em_expr(e, e->q->rhs)));
		else
			store(e, i, em_expr(e, e->q->rhs));
	}
}

/* Equation j, and those behind it in the same loops, at one point of the outer loops; axes that
 * they alone have become loops here. Returns the first equation not done. */
int equation(Em *e, int j)
{
	const Eqn *q = e->k->eqn[j];
	bool along = e->k->outer > 0; /* all equations, sums too, in the same loops */
	int inner = 0, end = j + 1, n = along ? q->naxis : q->nfree;

	e->q = q;
	if (q->matrix)
		return sandwich(e, j);
	for (int i = 0; i < n; i++)
		inner += !is_outer(e, q->axis[i]);
	while (end < e->k->neqn && inner && (along || (!q->fold && same_loops(e, j, end))))
		end++;
	for (int i = j; i < end && along; i++)
		if (e->k->eqn[i]->fold)
			put_line(e->out, "nn_v acc%d = nn_splat(0);", i);
	for (int i = 0; i < n; i++)
		if (!is_outer(e, q->axis[i]))
			put_line(e->out, "%s",
			         for_line(em_axis(e, q->axis[i]), "0", extent_of(e, q->axis[i]),
			                  q->axis[i]->extent <= 4 && !q->axis[i]->batch));
	if (q->fold && !along) {
		(e->k->inmost ? fold_inmost : fold_here)(e, j);
		return end;
	}
	if (inner)
		put_open(e->out);
	at_point(e, j, end);
	if (inner)
		put_close(e->out);
	for (int i = j; i < end && along; i++) {
		e->q = e->k->eqn[i];
		if (e->q->fold)
			store(e, i, (CValue){format("acc%d", i), true, 3});
	}
	return end;
}

/* ---- the tile ------------------------------------------------------------------------------- */

/* Accumulate, then everything behind it while the sums are in registers. */
void tile(Em *e)
{
	const Eqn *q = e->k->eqn[0];
	bool vector = vector_sum(e, q), reduce = vector && !em_is_vector(e, q);
	const char *sizes = tile_index(e, true), *at = tile_index(e, false);
	Inside in = {tile_step, plain_tests(e, q), row_axis(e, q)};
	int count = 1;

	e->q = q;
	for (int i = 0; i < e->k->nloop; i++)
		count *= e->k->loop[i].tile;
	const char *start = em_first(e, q);
	if (*start)
		put_line(e->out, "const int first = %s;", start);
	put_line(e->out, "%s acc%s;", vector ? "nn_v" : "nn_real", sizes);
	tile_loops(e, !em_banded(e->k) && !*start); /* the reduction reads a tile whole */
	e->out->depth++;
	if (em_banded(e->k))
		put_line(e->out, "acc%s = first ? nn_splat(0) : %s;", at,
		         em_element(e, e->k->partial, q->index));
	else if (*start)
		put_line(e->out, "acc%s = first ? nn_splat(0) : %s;", at,
		         em_element(e, q->out, q->index));
	else
		put_line(e->out, vector ? "acc%s = nn_splat(0);" : "acc%s = 0;", at);
	e->out->depth--;
	ask_at_start(e, q);
	folded_loops(e, q, q->nfree, in);
	forget_addresses(e, "");
	if (em_banded(e->k)) {
		tile_loops(e, false);
		put_line(e->out, "\t%s = acc%s;", em_element(e, e->k->partial, q->index), at);
		return;
	}
	if (reduce) {
		put_line(e->out, "nn_real total[%d];", count);
		put_line(e->out, "nn_sums(total, 1, (const nn_v *)acc, %d);", count);
	}
	tile_loops(e, false);
	put_open(e->out);
	const char *root = format("acc%s", at);
	if (reduce) {
		char *flat = "0";
		for (int i = 0; i < e->k->nloop; i++)
			if (e->k->loop[i].tile > 1)
				flat = format(!strcmp(flat, "0") ? "%st" : "(%3$s) * %2$d + %1$st",
				              em_axis(e, e->k->loop[i].axis), e->k->loop[i].tile,
				              flat);
		root = format("total[%s]", flat);
	}
	if (q->out->local)
		put_line(e->out, "const %s %s = %s;", em_is_vector(e, q) ? "nn_v" : "nn_real",
		         em_used(e, q->out)->name, root);
	else
		store(e, 0, (CValue){root, !reduce && vector, 3});
	for (int j = 1; j < e->k->neqn;)
		j = equation(e, j);
	put_close(e->out);
}
