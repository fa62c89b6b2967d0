/* emit_kernel.c: one kernel as C.
 *
 * In: a kernel with its loops, tiles and guards. Out: the text of its function (name written as @,
 * so that equal kernels can share one), the formula over it, and its list of arguments. A kernel
 * without a register tile is one function. With one it is two: @_tile, inlined, computes a tile and
 * everything fused behind it; @ walks over the tiles and passes their sizes and whether they touch
 * an edge as constants, so that one text serves full tiles, remainders and edges.
 *
 *     for (int n ...) for (int i ...) for (int k0 ...)
 *             @_tile(..., n, i, k0, 4, j0, 5, 0);
 */
#include "emit.h"

#include <string.h>

/* ---- arguments ------------------------------------------------------------------------------------ */

static const char *dims_of(const Em *e, const Tensor *t)
{
	char *s = "[restrict]";

	for (int d = 1; d < t->rank && !em_in_row(e, t); d++)
		s = format("%s[%d]", s, d == t->rank - 1 ? t->pitch : t->dim[d]);
	return s;
}

static const char *parameters(const Em *e)
{
	char *s = "";

	for (int i = 0; i < e->nused; i++) {
		const Used *u = &e->used[i];
		if (u->memory)
			s = format("%s,\n\t\t%s%s %s%s", s, u->written ? "" : "const ", em_type(e, u->tensor),
			           u->name, dims_of(e, u->tensor));
	}
	return s;
}

static const char *names(const Em *e)
{
	char *s = "";

	for (int i = 0; i < e->nused; i++)
		if (e->used[i].memory)
			s = format("%s, %s", s, e->used[i].name);
	return s;
}

static bool is_tiled(const Kernel *k)
{
	for (int i = 0; i < k->nloop; i++)
		if (k->loop[i].tile > 1)
			return true;
	return false;
}

static bool has_edges(const Kernel *k)
{
	for (int j = 0; j < k->neqn; j++)
		for (int g = 0; g < k->eqn[j]->nguard; g++) {
			const Guard *o = &k->eqn[j]->guard[g];
			for (int i = 0; o->how == GUARD_EDGE && i < k->nloop; i++)
				if (k->loop[i].axis == o->by)
					return true;
		}
	return false;
}

/* ---- loops over folded axes ------------------------------------------------------------------------- */

static const char *for_line(const char *name, const char *lo, const char *hi, bool unroll)
{
	return format("%sfor (int %s = %s; %s < %s; %s++)", unroll ? "NN_UNROLL " : "", name, lo, name, hi,
	              name);
}

/* Images: only blocks with live ones. */
static const char *extent_of(const Em *e, const Axis *a)
{
	if (a->batch)
		return e->k->lanes > 1 ? "blocks" : "live";
	return format("%d", a->extent);
}

/* Bounds of a clipped loop: the largest range for which all its guards hold. */
static void clip(const Em *e, const Eqn *q, const Axis *a, const char **lo, const char **hi)
{
	for (int g = 0; g < q->nguard; g++) {
		const Guard *o = &q->guard[g];
		if (o->how != GUARD_CLIP || o->by != a)
			continue;
		int step = affine_coef(&o->index, a);
		Affine base = affine_subst(o->index, a, affine(0));
		if (step < 0) {                   /* count down: 0 <= extent-1 - index < extent */
			base = affine_add(affine(o->extent - 1), base, -1);
			step = -step;
		}
		const char *b = em_affine(e, &base);
		const char *l = format("nn_lo(%s, %d)", b, step);
		const char *h = format("nn_hi(%s, %d, %d, %d)", b, step, o->extent, a->extent);
		*lo = !strcmp(*lo, "0") ? l : format("nn_most(%s, %s)", *lo, l);
		*hi = !strcmp(*hi, extent_of(e, a)) ? h : format("nn_least(%s, %s)", *hi, h);
	}
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

typedef struct Fold2 {         /* what stands inside the folded loops                          */
	void (*body)(Em *e, const Eqn *q, const char *test);
	const char *test;          /* bounds tests that still apply, joined by &&                 */
} Fold2;

static const char *and_also(const char *a, const char *b)
{
	return *a ? format("%s && %s", a, b) : b;
}

static void folded_loops(Em *e, const Eqn *q, int from, Fold2 in)
{
	for (int i = from; i < q->naxis; i++) {
		const Axis *a = q->axis[i];
		const char *name = em_axis(e, a), *lo = "0", *hi = extent_of(e, a);
		int clean_from, clean_to;
		if (e->k->partial && a->batch)
			continue;                 /* walked outside, like the bands of rows */
		if (a == e->k->rows) {
			lo = "row_from";
			hi = "row_to";
		}
		const Guard *split = split_of(q, a, &clean_from, &clean_to);
		if (!split) {
			clip(e, q, a, &lo, &hi);
			put_line(e->out, "%s", for_line(name, lo, hi, in_edge_guard(e, q, a)));
			continue;
		}
		Fold2 edge = in;
		edge.test = and_also(in.test, em_inside(e, &split->index, split->extent));
		put_open(e->out);
		for (int part = 0; part < 3; part++) {
			int b = part == 0 ? 0 : part == 1 ? clean_from : clean_to;
			int c = part == 0 ? clean_from : part == 1 ? clean_to : a->extent;
			if (b >= c)
				continue;
			put_line(e->out, "%s", for_line(name, format("%d", b), format("%d", c),
			                                part != 1 && c - b <= 8));
			folded_loops(e, q, i + 1, part == 1 ? in : edge);
		}
		put_close(e->out);
		return;
	}
	in.body(e, q, in.test);
}

/* Tests that no loop takes care of. */
static const char *plain_tests(const Em *e, const Eqn *q)
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
			s = and_also(s, format("(!edge || %s)", em_inside(e, &o->index, o->extent)));
	}
	return s;
}

/* ---- statements ---------------------------------------------------------------------------------- */

static void tile_loops(Em *e)
{
	for (int i = 0; i < e->k->nloop; i++) {
		const Loop *l = &e->k->loop[i];
		const char *name = em_axis(e, l->axis);
		if (l->tile > 1)
			put_line(e->out, "NN_UNROLL for (int %st = 0; %st < %sn; %st++)", name, name, name, name);
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

static bool folds_images(const Eqn *q)
{
	for (int i = q->nfree; i < q->naxis; i++)
		if (q->axis[i]->batch)
			return true;
	return false;
}

static const char *summand(Em *e, const Eqn *q)
{
	CValue v = em_expr(e, q->rhs);
	Dead d = { q, false };

	if (!folds_images(q) || e->k->lanes == 1)
		return v.text;
	expr_each(q->rhs, find_zero, &d);
	if (d.covered)
		return v.text;
	for (int i = q->nfree; i < q->naxis; i++)
		if (q->axis[i]->batch)
			return format("nn_first(live - %s * %d, %s)", em_axis(e, q->axis[i]), e->k->lanes,
			              em_vector(v));
	return v.text;
}

/* Are the accumulators vectors: of images, free or folded? */
static bool vector_sum(const Em *e, const Eqn *q)
{
	return e->k->lanes > 1 && (em_is_vector(e, q) || folds_images(q));
}

static void tile_step(Em *e, const Eqn *q, const char *test)
{
	tile_loops(e);
	if (*test)
		put_line(e->out, "if (%s)", test);
	e->out->depth++;
	put_line(e->out, "acc%s += %s;", tile_index(e, false), summand(e, q));
	e->out->depth--;
}

static void sum_step(Em *e, const Eqn *q, const char *test)
{
	if (*test)
		put_line(e->out, "if (%s)", test);
	e->out->depth++;
	put_line(e->out, "acc += %s;", summand(e, q));
	e->out->depth--;
}

static void max_step(Em *e, const Eqn *q, const char *test)
{
	bool vector = vector_sum(e, q);
	CValue v = em_expr(e, q->rhs);
	Affine code = affine(0);

	for (int i = q->nfree; i < q->naxis; i++)
		code = affine_add(affine_scale(code, q->axis[i]->extent), affine_axis(q->axis[i]), 1);
	if (*test)
		put_line(e->out, "if (%s)", test);
	put_open(e->out);
	put_line(e->out, "const %s v = %s;", vector ? "nn_v" : "nn_real", vector ? em_vector(v) : v.text);
	if (q->arg)
		put_line(e->out, vector ? "at = nn_ifgt(v, acc, nn_splat((nn_real)(%s)), at);"
		                        : "at = v > acc ? (nn_real)(%s) : at;", em_affine(e, &code));
	put_line(e->out, vector ? "acc = nn_ifgt(v, acc, v, acc);" : "acc = v > acc ? v : acc;");
	put_close(e->out);
}

/* Stores a value, or gives it a name when it stays in registers. */
static void store(Em *e, int j, CValue v)
{
	const Eqn *q = e->k->eqn[j];
	const Tensor *t = q->out;
	bool vector = em_is_vector(e, q);
	const char *value = vector ? em_vector(v) : v.text;

	if (t->local) {
		const char *name = em_local(e, j);
		if (strcmp(name, value) != 0)
			put_line(e->out, "const %s %s = %s;", vector ? "nn_v" : "nn_real", name, value);
		return;
	}
	if (t->zero_dead && e->k->lanes > 1 && vector)
		for (int i = 0; i < q->nfree; i++)
			if (q->axis[i]->batch) {
				const char *n = em_affine(e, &(Affine){ .n = 1, .term = { { q->axis[i], 1 } } });
				value = format("nn_first(live - (%s) * %d, %s)", n, e->k->lanes, value);
			}
	put_line(e->out, "%s = %s;", em_element(e, t, q->index), value);
}

/* A fold without a tile: its own loops over a single accumulator. */
static void fold_here(Em *e, int j)
{
	const Eqn *q = e->k->eqn[j];
	bool vector = vector_sum(e, q), max = q->fold == FOLD_MAX;
	const char *type = vector ? "nn_v" : "nn_real", *zero = max ? "-INFINITY" : "0";
	Fold2 in = { max ? max_step : sum_step, plain_tests(e, q) };
	bool inner = q->nfree > e->k->nloop;

	if (q->out->local && !inner)
		put_line(e->out, "%s %s;", em_is_vector(e, q) ? "nn_v" : "nn_real", em_local(e, j));
	put_open(e->out);
	put_line(e->out, vector ? "%s acc = nn_splat(%s);" : "%s acc = %s;", type, zero);
	if (q->arg)
		put_line(e->out, vector ? "%s at = nn_splat(0);" : "%s at = 0;", type);
	folded_loops(e, q, q->nfree, in);
	CValue v = { "acc", vector, 3 };
	if (vector && !em_is_vector(e, q))
		v = (CValue){ "nn_sum(acc)", false, 3 };
	if (q->out->local && !inner)
		put_line(e->out, "%s = %s;", em_local(e, j), v.text);
	else
		store(e, j, v);
	if (q->arg)
		put_line(e->out, q->arg->bytes8 ? "%s = nn_bstore(at);" : "%s = at;",
		         em_element(e, q->arg, q->index));
	put_close(e->out);
}

static bool is_outer(const Em *e, const Axis *a)
{
	for (int l = 0; l < e->k->nloop; l++)
		if (e->k->loop[l].axis == a)
			return true;
	return e->k->flat;
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

/* Equation j, and those behind it in the same loops, at one point of the outer loops; axes that
 * they alone have become loops here. Returns the first equation not done. */
static int equation(Em *e, int j)
{
	const Eqn *q = e->k->eqn[j];
	int inner = 0, end = j + 1;

	e->q = q;
	for (int i = 0; i < q->nfree; i++) {
		if (is_outer(e, q->axis[i]))
			continue;
		put_line(e->out, "%s", for_line(em_axis(e, q->axis[i]), "0", extent_of(e, q->axis[i]),
		                                q->axis[i]->extent <= 4 && !q->axis[i]->batch));
		inner++;
	}
	if (q->fold) {
		fold_here(e, j);
		return end;
	}
	if (inner)
		put_open(e->out);
	while (end < e->k->neqn && inner && same_loops(e, j, end))
		end++;
	for (int i = j; i < end; i++) {
		e->q = e->k->eqn[i];
		store(e, i, em_expr(e, e->q->rhs));
	}
	if (inner)
		put_close(e->out);
	return end;
}

/* ---- the tile --------------------------------------------------------------------------------------- */

/* Accumulate, then everything behind it while the sums are in registers. */
static void tile(Em *e)
{
	const Eqn *q = e->k->eqn[0];
	bool vector = vector_sum(e, q), reduce = vector && !em_is_vector(e, q);
	const char *sizes = tile_index(e, true), *at = tile_index(e, false);
	Fold2 in = { tile_step, plain_tests(e, q) };
	int count = 1;

	e->q = q;
	for (int i = 0; i < e->k->nloop; i++)
		count *= e->k->loop[i].tile;
	put_line(e->out, "%s acc%s;", vector ? "nn_v" : "nn_real", sizes);
	tile_loops(e);
	e->out->depth++;
	if (e->k->partial)
		put_line(e->out, "acc%s = first ? nn_splat(0) : %s;", at, em_element(e, e->k->partial, q->index));
	else
		put_line(e->out, vector ? "acc%s = nn_splat(0);" : "acc%s = 0;", at);
	e->out->depth--;
	folded_loops(e, q, q->nfree, in);
	if (e->k->partial) {
		tile_loops(e);
		put_line(e->out, "\t%s = acc%s;", em_element(e, e->k->partial, q->index), at);
		return;
	}
	if (reduce) {
		put_line(e->out, "nn_real total[%d];", count);
		put_line(e->out, "nn_sums(total, 1, (const nn_v *)acc, %d);", count);
	}
	tile_loops(e);
	put_open(e->out);
	const char *root = format("acc%s", at);
	if (reduce) {
		char *flat = "0";
		for (int i = 0; i < e->k->nloop; i++)
			if (e->k->loop[i].tile > 1)
				flat = format(!strcmp(flat, "0") ? "%st" : "(%3$s) * %2$d + %1$st",
				              em_axis(e, e->k->loop[i].axis), e->k->loop[i].tile, flat);
		root = format("total[%s]", flat);
	}
	if (q->out->local)
		put_line(e->out, "const %s %s = %s;", em_is_vector(e, q) ? "nn_v" : "nn_real",
		         em_used(e, q->out)->name, root);
	else
		store(e, 0, (CValue){ root, !reduce && vector, 3 });
	for (int j = 1; j < e->k->neqn;)
		j = equation(e, j);
	put_close(e->out);
}

/* ---- walking over the tiles ---------------------------------------------------------------------------- */

typedef struct Walk {
	const char *size[MAX_AXIS];    /* of this tile along each loop                            */
	bool edge;
} Walk;

static void innermost(Em *e, const Walk *w)
{
	char *s = format("@_tile(t%s", names(e));

	if (!is_tiled(e->k)) {
		put_open(e->out);
		for (int j = 0; j < e->k->neqn;)
			j = equation(e, j);
		put_close(e->out);
		return;
	}
	for (int i = 0; i < e->k->nloop; i++) {
		const char *name = em_axis(e, e->k->loop[i].axis);
		s = e->k->loop[i].tile > 1 ? format("%s, %s0, %s", s, name, w->size[i])
		                           : format("%s, %s", s, name);
	}
	if (e->k->partial)
		s = format("%s, n, row_from, row_to, first", s);
	e->out->depth++;
	put_line(e->out, "%s%s);", s, has_edges(e->k) ? w->edge ? ", 1" : ", 0" : "");
	e->out->depth--;
}

static void walk(Em *e, int at, Walk w);

/* Tiles starting in [from, to), each of `size`. */
static void stretch(Em *e, int at, Walk w, int from, int to, int size, bool edge)
{
	const char *name = em_axis(e, e->k->loop[at].axis);

	if (from >= to)
		return;
	w.size[at] = format("%d", size);
	w.edge |= edge;
	if (from + size >= to) {
		put_open(e->out);
		put_line(e->out, "const int %s0 = %d;", name, from);
		walk(e, at + 1, w);
		put_close(e->out);
		return;
	}
	put_line(e->out, "for (int %s0 = %d; %s0 < %d; %s0 += %d)", name, from, name, to, name, size);
	e->out->depth++;
	walk(e, at + 1, w);
	e->out->depth--;
}

/* A tiled loop over blocks of images: as many as there are, whole tiles first. */
static void images(Em *e, int at, Walk w, const char *from, const char *to)
{
	const Loop *l = &e->k->loop[at];
	const char *name = em_axis(e, l->axis);

	put_open(e->out);
	put_line(e->out, "int %s0 = %s;", name, from);
	put_line(e->out, "for (; %s0 + %d <= %s; %s0 += %d)", name, l->tile, to, name, l->tile);
	w.size[at] = format("%d", l->tile);
	e->out->depth++;
	walk(e, at + 1, w);
	e->out->depth--;
	put_line(e->out, "for (; %s0 < %s; %s0++)", name, to, name);
	w.size[at] = "1";
	e->out->depth++;
	walk(e, at + 1, w);
	e->out->depth--;
	put_close(e->out);
}

static void walk(Em *e, int at, Walk w)
{
	while (at < e->k->nloop && e->k->loop[at].parallel)
		at++;
	if (at == e->k->nloop) {
		innermost(e, &w);
		return;
	}
	const Loop *l = &e->k->loop[at];
	const char *name = em_axis(e, l->axis);
	int extent = l->axis->extent, full = extent / l->tile * l->tile;
	if (l->tile == 1) {
		put_line(e->out, "%s", for_line(name, "0", extent_of(e, l->axis), false));
		walk(e, at + 1, w);
		return;
	}
	if (l->axis->batch) {
		images(e, at, w, "0", extent_of(e, l->axis));
		return;
	}
	bool rest_edge = full >= l->clean_hi && l->clean_hi < extent && l->clean_hi < full + 1;
	put_open(e->out);
	int lo = l->clean_lo < full ? l->clean_lo : full, hi = l->clean_hi < full ? l->clean_hi : full;
	hi = hi > lo ? hi : lo;
	for (int v = 0; v < lo; v += l->tile)     /* edge tiles one by one: their place is a constant */
		stretch(e, at, w, v, v + l->tile, l->tile, true);
	stretch(e, at, w, lo, hi, l->tile, false);
	for (int v = hi; v < full; v += l->tile)
		stretch(e, at, w, v, v + l->tile, l->tile, true);
	stretch(e, at, w, full, extent, extent - full ? extent - full : 1, rest_edge);
	put_close(e->out);
}

/* Partial sums: all images, band by band, for the weights of this piece; then one sum a weight. */
static void bands(Em *e, Walk w)
{
	const Kernel *k = e->k;
	const Tensor *t = k->eqn[0]->out;
	int count = k->rows->extent, rest = 1;
	Affine first[MAX_DIM];

	put_line(e->out, "for (int n = 0; n < blocks; n++)");
	put_line(e->out, "for (int row_from = 0; row_from < %d; row_from += %d)", count, k->band);
	put_open(e->out);
	put_line(e->out, "const int row_to = nn_least(row_from + %d, %d);", k->band, count);
	put_line(e->out, "const int first = n == 0 && row_from == 0;");
	walk(e, 0, w);
	put_close(e->out);
	memcpy(first, k->eqn[0]->index, sizeof first);
	for (int d = k->owned; d < t->rank; d++) {
		first[d] = affine(0);
		rest *= t->dim[d];
	}
	for (int i = 0; i < k->nloop; i++)
		if (k->loop[i].parallel && k->loop[i].tile > 1) {
			const char *name = em_axis(e, k->loop[i].axis);
			put_line(e->out, "for (int %st = 0; %st < %s; %st++)", name, name, w.size[i], name);
		}
	put_line(e->out, "\tnn_sum_each(&%s, &%s, %d);", em_element(e, t, first),
	         em_element(e, k->partial, first), rest);
}

static void inside(Em *e, Walk w)
{
	if (!e->k->partial) {
		walk(e, 0, w);
		return;
	}
	put_open(e->out);
	bands(e, w);
	put_close(e->out);
}

/* Outer loops that threads share: one count, split, and taken apart again. */
static void parallel(Em *e)
{
	const Kernel *k = e->k;
	Walk w = { .edge = false };
	char *total = "", *parts = "";
	int n = 0;

	while (n < k->nloop && k->loop[n].parallel)
		n++;
	if (n == 0) {
		walk(e, 0, w);
		return;
	}
	bool whole = k->loop[0].axis->batch && k->loop[0].tile > 1;
	for (int i = 0; i < n; i++) {
		const Loop *l = &k->loop[i];
		int tiles = (l->axis->extent + l->tile - 1) / l->tile;
		total = format("%s%s%s", total, i ? " * " : "",
		               l->axis->batch ? extent_of(e, l->axis) : format("%d", tiles));
	}
	put_line(e->out, "const nn_span part = nn_share(t, %s);", total);
	if (whole) {
		images(e, 0, w, "part.from", "part.to");
		return;
	}
	if (n == 1 && k->loop[0].tile == 1) {
		put_line(e->out, "%s", for_line(em_axis(e, k->loop[0].axis), "part.from", "part.to", false));
		inside(e, w);
		return;
	}
	put_line(e->out, "for (int piece = part.from; piece < part.to; piece++)");
	put_open(e->out);
	for (int i = n - 1, below = 1; i >= 0; i--) {
		const Loop *l = &k->loop[i];
		const char *name = em_axis(e, l->axis);
		int tiles = (l->axis->extent + l->tile - 1) / l->tile;
		char *v = below > 1 ? format("piece / %d", below) : "piece";
		if (i > 0)
			v = format("%s %% %d", v, tiles);
		parts = format("const int %s%s = %s%s;%s%s", name, l->tile > 1 ? "0" : "", v,
		               l->tile > 1 ? format(" * %d", l->tile) : "", *parts ? "\n" : "", parts);
		below *= tiles;
	}
	for (char *line = strtok(parts, "\n"); line; line = strtok(NULL, "\n"))
		put_line(e->out, "%s", line);
	int cut = -1;                             /* a shared loop whose last tile is smaller */
	for (int i = 0; i < n; i++) {
		w.size[i] = format("%d", k->loop[i].tile);
		if (k->loop[i].tile > 1 && k->loop[i].axis->extent % k->loop[i].tile)
			cut = i;
	}
	if (cut >= 0) {
		const Loop *l = &k->loop[cut];
		int full = l->axis->extent / l->tile * l->tile;
		put_line(e->out, "if (%s0 < %d)", em_axis(e, l->axis), full);
		put_open(e->out);
		inside(e, w);
		put_close(e->out);
		put_line(e->out, "else");
		w.size[cut] = format("%d", l->axis->extent - full);
	}
	put_open(e->out);
	inside(e, w);
	put_close(e->out);
	put_close(e->out);
}

/* ---- whole functions ------------------------------------------------------------------------------------- */

static bool mentions(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if (!strchr("abcdefghijklmnopqrstuvwxyz_0123456789>.", at[n]) &&
		    (at == text || !strchr("abcdefghijklmnopqrstuvwxyz_0123456789>.", at[-1])))
			return true;
	return false;
}

/* Numbers that are the same for all elements, as far as the body uses them. */
static void prologue(const Em *e, Text *o, const char *body)
{
	bool blocks = mentions(body, "blocks");

	if (blocks || mentions(body, "live"))
		put_line(o, "const int live = t->run->live;");
	if (blocks)
		put_line(o, "const int blocks = (live + %d) / %d;", e->k->lanes - 1, e->k->lanes);
	for (int i = 0; i < e->nuniform; i++)
		if (mentions(body, format("u%d", i)))
			put_line(o, "const nn_real u%d = (nn_real)%s;", i, em_uniform(e->uniform[i]));
	for (int i = 0; i < e->nkeys; i++)
		if (mentions(body, format("key%d", e->keys[i])))
			put_line(o, "const uint32_t key%d = nn_rand_key(t->run->seed, NN_RAND_DROPOUT, %d, "
			            "t->run->step);", e->keys[i], e->keys[i]);
}

static void tile_function(Em *e, Text *out)
{
	Text body = { .depth = 1 };
	char *s = format("NN_INLINE void @_tile(const nn_task *t%s", parameters(e));

	e->out = &body;
	tile(e);
	for (int i = 0; i < e->k->nloop; i++) {
		const char *name = em_axis(e, e->k->loop[i].axis);
		s = e->k->loop[i].tile > 1
		    ? format("%s%s int %s0, const int %sn", s, i ? ", const" : ",\n\t\tconst", name, name)
		    : format("%s%s int %s", s, i ? ", const" : ",\n\t\tconst", name);
	}
	if (e->k->partial)
		s = format("%s,\n\t\tconst int n, const int row_from, const int row_to, const int first", s);
	put_line(out, "%s%s)", s, has_edges(e->k) ? ", const int edge" : "");
	put_open(out);
	put_line(out, "(void)t;");
	prologue(e, out, body.s);
	put_text(out, body.s);
	put_close(out);
	put_line(out, "%s", "");
}

const char *kernel_body(const Prog *p, const Kernel *k, const char **formula, const char **args)
{
	Em e = { .prog = p, .k = k };
	Text out = { .depth = 0 }, body = { .depth = 1 };
	char *s = "", *a = "";
	const char *keep[MAX_USED];

	em_names(&e);
	if (is_tiled(k))
		tile_function(&e, &out);
	e.out = &body;
	if (k->flat) {
		put_line(&body, k->serial ? "for (int e = 0; e < %lld; e++)"
		                          : "const nn_span part = nn_share(t, %lld);",
		         (long long)(k->eqn[0]->out->elems / p->lanes));
		if (!k->serial)
			put_line(&body, "for (int e = part.from; e < part.to; e++)");
		put_open(&body);
		for (int j = 0; j < k->neqn;)
			j = equation(&e, j);
		put_close(&body);
	} else {
		parallel(&e);
	}
	put_line(&out, "static void @(%s%s)", "const nn_task *t", parameters(&e));
	put_open(&out);
	if (k->serial) {
		put_line(&out, "if (t->thread != 0)");
		put_line(&out, "\treturn;");
	}
	prologue(&e, &out, body.s);
	put_text(&out, body.s);
	put_close(&out);
	for (int i = 0; i < e.nused; i++) {      /* formulas speak of the arguments */
		Tensor *t = p->tensor[e.used[i].tensor->id];
		keep[i] = t->cname;
		t->cname = e.used[i].name;
	}
	for (int j = 0; j < k->neqn; j++)
		s = format("%s%s%s", s, j ? "\n" : "", eqn_text(k->eqn[j]));
	for (int i = 0; i < e.nused; i++) {
		p->tensor[e.used[i].tensor->id]->cname = keep[i];
		if (e.used[i].memory)
			a = format("%s, %s%s", a, em_in_row(&e, e.used[i].tensor) ? "FLAT_" : "", keep[i]);
	}
	*formula = s;
	*args = a;
	return out.s;
}
