/* sched.c: plain nests to good ones.
 *
 * In: kernels with plain loops. Out: loop order, register tiles, what is shared among threads, and
 * how each read that may fall outside its tensor is kept inside. Only order and grouping change,
 * never a value: every output element is summed by one thread in the order of the folded loops.
 *
 * The register tile of a contraction holds tile[a] * tile[b] accumulators. Per step of the folded
 * loops it needs one load for every element of the tile that an operand depends on, and one fused
 * multiply-add for every accumulator; the tile with the fewest predicted cycles wins, remainders
 * counted. Two multiply-adds and two loads start per cycle, a multiply-add takes four.
 *
 * Tests of bounds: where no tiled axis is involved, the innermost folded loop of the index is
 * clipped. Otherwise the loop that walks along the tile is split into edge, clean and edge parts;
 * edge parts are unrolled, so that the C compiler decides each test. */
#include "ir.h"

#include <assert.h>
#include <string.h>

static const double MIN_CYCLES = 4.5; /* latency of a multiply-add, and what is lost in hiding it */

/* ---- bounds --------------------------------------------------------------------------------- */

static Loop *loop_of(Kernel *k, const Axis *a)
{
	for (int i = 0; i < k->nloop; i++)
		if (k->loop[i].axis == a)
			return &k->loop[i];
	return NULL;
}

typedef struct Collect {
	Kernel *k;
	Eqn *q;
} Collect;

static void add_guard(Expr *e, void *ctx)
{
	Collect *c = ctx;
	int lo, hi;

	for (int d = 0; e->op == OP_READ && d < e->n; d++) {
		bool known = false;
		affine_range(&e->index[d], &lo, &hi);
		if (lo >= 0 && hi < e->tensor->dim[d])
			continue;
		for (int i = 0; i < c->q->nguard; i++)
			known |= affine_same(&c->q->guard[i].index, &e->index[d]) &&
			         c->q->guard[i].extent == e->tensor->dim[d];
		if (known)
			continue;
		assert(c->q->nguard < MAX_GUARD);
		c->q->guard[c->q->nguard++] =
		        (Guard){e->index[d], e->tensor->dim[d], GUARD_TEST, NULL};
	}
}

static bool tiled(Kernel *k, const Affine *a)
{
	for (int i = 0; i < a->n; i++) {
		Loop *l = loop_of(k, a->term[i].axis);
		if (l && l->tile > 1)
			return true;
	}
	return false;
}

/* The innermost folded axis of the index, or NULL. */
static Axis *fold_of(const Eqn *q, const Affine *a)
{
	for (int i = q->naxis - 1; i >= q->nfree; i--)
		if (affine_coef(a, q->axis[i]))
			return q->axis[i];
	return NULL;
}

/* Tile starts of loop l for which the index stays inside, whatever the other axes do. */
static void clean_range(const Loop *l, const Affine *a, int extent, int *from, int *to)
{
	int coef = affine_coef(a, l->axis), lo, hi;
	Affine rest = affine_subst(*a, l->axis, affine(0));
	int full = l->axis->extent / l->tile * l->tile;

	affine_range(&rest, &lo, &hi);
	*from = full;
	*to = 0;
	for (int v = 0; v < full; v += l->tile) {
		int first = coef * v, last = coef * (v + l->tile - 1);
		int low = lo + (first < last ? first : last),
		    high = hi + (first < last ? last : first);
		if (low < 0 || high >= extent)
			continue;
		*from = v < *from ? v : *from;
		*to = v + l->tile;
	}
	if (*to <= *from)
		*from = *to = 0;
}

/* Only one guard may ask a folded loop to be split, and it must not be clipped. */
static bool loop_is_taken(const Eqn *q, const Guard *g, const Axis *by)
{
	for (const Guard *o = q->guard; o < g; o++)
		if (o->by == by)
			return true;
	return false;
}

static void choose_guard(Kernel *k, Eqn *q, Guard *g)
{
	Axis *fold = fold_of(q, &g->index);

	if (!tiled(k, &g->index)) {
		if (fold && !fold->batch) {
			bool edge = false;
			for (const Guard *o = q->guard; o < g; o++)
				edge |= o->by == fold && o->how == GUARD_EDGE;
			g->how = edge ? GUARD_TEST : GUARD_CLIP;
			g->by = edge ? NULL : fold;
		}
		return;
	}
	for (int i = 0; i < g->index.n; i++) { /* a tiled loop that runs along the index */
		Loop *l = loop_of(k, g->index.term[i].axis);
		if (!l || l->tile == 1 || l->axis->extent <= l->tile * 2 - 1)
			continue;
		int from, to;
		clean_range(l, &g->index, g->extent, &from, &to);
		l->clean_lo = l->clean_lo > from ? l->clean_lo : from;
		l->clean_hi = l->clean_hi < to ? l->clean_hi : to;
		g->how = GUARD_EDGE;
		g->by = l->axis;
		return;
	}
	if (fold && !loop_is_taken(q, g, fold) && fold->extent > 4) {
		g->how = GUARD_EDGE;
		g->by = fold;
		return;
	}
	for (int i = 0; i < g->index.n; i++) {
		Loop *l = loop_of(k, g->index.term[i].axis);
		if (l && l->tile > 1) { /* one tile or two: every tile is an edge */
			l->clean_lo = l->clean_hi = 0;
			g->how = GUARD_EDGE;
			g->by = l->axis;
		}
	}
}

static void guards(Kernel *k)
{
	for (int i = 0; i < k->nloop; i++) {
		k->loop[i].clean_lo = 0;
		k->loop[i].clean_hi = k->loop[i].axis->extent;
	}
	for (int i = 0; i < k->neqn && !k->nstage; i++) {
		Eqn *q = k->eqn[i];
		Collect c = {k, q};
		if (!q->fold || q->matrix || !eqn_is_product(q))
			continue;
		expr_each(q->rhs, add_guard, &c);
		for (int g = 0; g < q->nguard; g++)
			choose_guard(k, q, &q->guard[g]);
	}
}

/* ---- register tiles ------------------------------------------------------------------------- */

typedef struct Operands {
	const Expr *read[8];
	int bytes[8]; /* an element, or a vector of them                           */
	int n;
	double steps; /* of the folded loops                                       */
	const Target *target;
} Operands;

static void add_operand(Expr *e, void *ctx)
{
	Operands *o = ctx;

	if (e->op == OP_READ && o->n < 8) {
		o->bytes[o->n] = options.real_double ? 8 : 4;
		o->read[o->n++] = e;
	}
}

static bool depends(const Expr *read, const Axis *a)
{
	return expr_uses(read, a);
}

/* What the tiles of a contraction read, and for how many steps. A band of partial sums fits the
 * first-level cache (own). */
static Operands operands_of(const Prog *p, const Kernel *k)
{
	const Eqn *q = k->eqn[0];
	Operands o = {.n = 0, .steps = 1, .target = &p->target};

	expr_each(q->rhs, add_operand, &o);
	for (int i = 0; i < q->naxis; i++) {
		o.steps *= i >= q->nfree && !k->partial ? blocks_of(p, q->axis[i]) : 1;
		for (int r = 0; q->axis[i]->lane && r < o.n; r++)
			if (depends(o.read[r], q->axis[i]))
				o.bytes[r] = p->target.vector_bytes;
	}
	return o;
}

/* Cycles of one step of the folded loops for a tile of these sizes. What all steps read comes from
 * the second-level cache where the first cannot hold it, at a little less than a vector a
 * cycle. */
static double step_cycles(const Operands *o, const Axis *a, int ta, const Axis *b, int tb)
{
	double fma = ta * tb, loads = 0, bytes = 0;

	for (int i = 0; i < o->n; i++) {
		int n = (depends(o->read[i], a) ? ta : 1) *
		        (b && depends(o->read[i], b) ? tb : 1);
		loads += n;
		bytes += n * o->bytes[i];
	}
	double cycles = fma / 2;

	if (cycles < loads / 2)
		cycles = loads / 2;
	if (bytes * o->steps > o->target->l1 && cycles < bytes / (0.9 * o->target->vector_bytes))
		cycles = bytes / (0.9 * o->target->vector_bytes);
	if (cycles < MIN_CYCLES)
		cycles = MIN_CYCLES;
	return cycles + 0.02 * loads;
}

/* Iterations of a loop that one thread sees: blocks of images are shared out. */
static int trips(const Prog *p, const Loop *l)
{
	int n = blocks_of(p, l->axis);

	return l->axis->batch ? (n + p->threads - 1) / p->threads : n;
}

/* The same over na by nb iterations, remainders included. */
static double plane_cycles(const Operands *o, const Axis *x, int na, int ta, const Axis *y, int nb,
                           int tb)
{
	int fa = na / ta, ra = na % ta, fb = nb / tb, rb = nb % tb;
	double sum = fa * fb * step_cycles(o, x, ta, y, tb);

	if (ra)
		sum += fb * step_cycles(o, x, ra, y, tb);
	if (rb)
		sum += fa * step_cycles(o, x, ta, y, rb);
	if (ra && rb)
		sum += step_cycles(o, x, ra, y, rb);
	return sum;
}

static bool guarded(const Eqn *q, const Axis *a)
{
	Eqn copy = *q;
	Collect c = {NULL, &copy};

	copy.nguard = 0;
	expr_each(copy.rhs, add_guard, &c);
	for (int i = 0; i < copy.nguard; i++)
		if (affine_coef(&copy.guard[i].index, a))
			return true;
	return false;
}

/* Does a step along a go over whole rows of an operand? */
static bool steps_rows(const Operands *o, const Axis *a)
{
	for (int i = 0; i < o->n; i++) {
		const Tensor *t = o->read[i]->tensor;
		if (t->batched && t->rank == 4 && affine_coef(&o->read[i]->index[2], a))
			return true;
	}
	return false;
}

typedef struct Tile {
	int a, b; /* loops; b -1: only one is tiled                              */
	int ta, tb;
	double cycles; /* of one step of the folded loops over all outer points       */
} Tile;

/* Where threads share the tiles of sums over images: what they lose because tiles are few. */
static double uneven(const Prog *p, const Kernel *k, int a, int ta, int b, int tb)
{
	int64_t pieces = 1, threads = p->threads;

	if (k->loop[0].axis->batch || k->ngiven)
		return 1;
	for (int i = 0; i < k->nloop; i++) {
		int n = blocks_of(p, k->loop[i].axis), size = i == a ? ta : i == b ? tb : 1;
		pieces *= (n + size - 1) / size;
	}
	int64_t rounds = (pieces + threads - 1) / threads;
	return (double)(rounds * threads) / (double)pieces;
}

/* The sums, what the shorter side reads, and one of what the longer side reads. The C compiler
 * wants one to spare where there are 32; where there are 16 it is three, since it loads ahead. */
static bool fits_registers(const Prog *p, int ta, int tb)
{
	int spare = p->target.registers > 16 ? 1 : 3;

	return ta * tb + (ta < tb ? ta : tb) + 1 + spare <= p->target.registers;
}

/* The best tile over loops a and b. */
static void try_pair(const Prog *p, const Kernel *k, const Operands *o, int a, int b, Tile *best)
{
	const Loop *la = &k->loop[a], *lb = b >= 0 ? &k->loop[b] : NULL;
	int na = trips(p, la), nb = lb ? trips(p, lb) : 1;
	double outer = guarded(k->eqn[0], la->axis) ? 1.03 : 1;

	if (lb && guarded(k->eqn[0], lb->axis))
		outer *= 1.03;
	outer *= (steps_rows(o, la->axis) ? 1.05 : 1) * (lb && steps_rows(o, lb->axis) ? 1.05 : 1);
	if (k->nloop > 2 && (la->axis->batch || (lb && lb->axis->batch)))
		outer *= 1.15; /* images lie far apart, often at one cache set */
	for (int i = 0; i < k->nloop; i++)
		outer *= i == a || i == b ? 1 : trips(p, &k->loop[i]);
	for (int ta = 1; ta <= na && fits_registers(p, ta, 1); ta++)
		for (int tb = 1; tb <= nb && fits_registers(p, ta, tb); tb++) {
			double c = outer * uneven(p, k, a, ta, b, tb) *
			           plane_cycles(o, la->axis, na, ta, lb ? lb->axis : NULL, nb, tb);
			if (c < best->cycles * 0.999)
				*best = (Tile){a, b, ta, tb, c};
		}
}

static void choose_tile(const Prog *p, Kernel *k)
{
	const Eqn *q = k->eqn[0];
	Operands o = operands_of(p, k);
	Tile best = {.a = -1, .cycles = 1e300};

	for (int a = 0; a < k->nloop; a++) {
		try_pair(p, k, &o, a, -1, &best);
		for (int b = a + 1; b < k->nloop; b++)
			try_pair(p, k, &o, a, b, &best);
	}
	if (best.a < 0)
		return;
	k->loop[best.a].tile = best.ta;
	if (best.b >= 0)
		k->loop[best.b].tile = best.tb;
	k->cycles = best.cycles;
	for (int i = q->nfree; i < q->naxis; i++)
		k->cycles *= blocks_of(p, q->axis[i]);
	k->why = format("%d accumulators", best.ta * best.tb);
}

/* ---- order and threads ---------------------------------------------------------------------- */

/* Images first, then rows, then what is tiled, the tile along the window last: so the weights of a
 * tile and the rows under it stay in the first-level cache. */
static int rank_of(const Kernel *k, const Loop *l)
{
	if (k->partial) /* as the weights lie in memory */
		for (int d = 0; d < k->eqn[0]->out->rank; d++)
			if (affine_coef(&k->eqn[0]->index[d], l->axis))
				return d;
	bool edge = l->clean_lo > 0 || l->clean_hi < l->axis->extent;
	bool window = guarded(k->eqn[0], l->axis);

	return l->axis->batch                    ? 0
	       : edge || (window && l->tile > 1) ? 3
	       : window && l->tile == 1          ? 1
	                                         : 2;
}

static void order(Kernel *k)
{
	for (int i = 1; i < k->nloop; i++)
		for (int j = i; j > 0 && rank_of(k, &k->loop[j - 1]) > rank_of(k, &k->loop[j]);
		     j--) {
			Loop l = k->loop[j];
			k->loop[j] = k->loop[j - 1];
			k->loop[j - 1] = l;
		}
}

static bool has_tile(const Kernel *k)
{
	for (int i = 0; i < k->nloop; i++)
		if (k->loop[i].tile > 1)
			return true;
	return false;
}

static int64_t tiles(int64_t extent, int64_t tile)
{
	return (extent + tile - 1) / tile;
}

/* With partial sums a thread owns the weights of whole leading dims, and walks the images itself:
 * the first dim, and more where that is too little to share evenly. Bands of rows fit half of the
 * first-level cache. */
static void own(const Prog *p, Kernel *k)
{
	const Eqn *q = k->eqn[0];
	int64_t pieces = 1, reads = 0, row = 1;

	for (int d = 0; d < q->out->rank && pieces % p->threads && pieces < (int64_t)8 * p->threads;
	     d++, k->owned++)
		for (int i = 0; i < k->nloop; i++) {
			Loop *l = &k->loop[i];
			if (!affine_coef(&q->index[d], l->axis))
				continue;
			pieces *= tiles(blocks_of(p, l->axis), l->tile);
			l->parallel = true;
		}
	for (int i = 0; i < k->nloop; i++)
		reads += k->loop[i].tile > 1 ? k->loop[i].tile : 0;
	for (int i = q->nfree; i < q->naxis; i++)
		row *= q->axis[i]->batch || q->axis[i] == k->rows ? 1 : q->axis[i]->extent;
	int64_t bytes = row * reads * p->target.vector_bytes;
	k->band = (int)(p->target.l1 * 3 / 4 / (bytes ? bytes : 1));
	k->band = k->band < 1 ? 1 : k->band > k->rows->extent ? k->rows->extent : k->band;
}

/* Threads share whole outer loops: the images alone where there are enough of them, otherwise as
 * many loops as give every thread several pieces. False when there is nothing to share. */
static bool share(const Prog *p, Kernel *k)
{
	int64_t pieces = 1, want = (int64_t)8 * p->threads;

	for (int i = 0; i < (k->nstage ? k->shared : k->nloop) && i < 3; i++) {
		Loop *l = &k->loop[i];
		bool edge = l->clean_lo > 0 || l->clean_hi < l->axis->extent;
		if (edge || (i > 0 && (k->slice || pieces >= want ||
		                       (k->loop[0].axis->batch && k->loop[0].tile > 1))))
			break;
		pieces *= tiles(blocks_of(p, l->axis), l->tile);
		l->parallel = true;
	}
	return k->nloop > 0 && k->loop[0].parallel;
}

static void nest(const Prog *p, Kernel *k)
{
	bool tile = k->contraction && !k->nstage && !p->plain && !options.no_tile;

	if (tile)
		choose_tile(p, k);
	if (!p->plain)
		guards(k);
	if (tile)
		order(k);
	for (int i = 0; i < k->nstage; i++) {
		nest(p, k->stage[i]);
		k->cycles += k->stage[i]->cycles;
	}
}

void sched(Prog *p)
{
	for (int i = 0; i < p->nkernel; i++) {
		Kernel *k = p->kernel[i];
		nest(p, k);
		if (k->partial && has_tile(k))
			own(p, k);
		else if (!k->serial && !k->flat)
			k->serial = !share(p, k);
	}
}
