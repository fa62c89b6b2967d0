/* sched.c: plain nests to good ones.
 *
 * In: kernels with plain loops. Out: loop order, register tiles, what is shared among threads, and
 * how each read that may fall outside its tensor is kept inside. Only order and grouping change,
 * never a value: every output element is summed by one thread in the order of the folded loops.
 * The register tile of a contraction is chosen in tile.c.
 *
 * Tests of bounds: where no tiled axis is involved, the innermost folded loop of the index is
 * clipped. Otherwise the loop that walks along the tile is split into edge, clean and edge parts;
 * edge parts are unrolled, so that the C compiler decides each test. */
#include "sched.h"

#include <assert.h>
#include <string.h>

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
		c->q->guard = grow(c->q->guard, c->q->nguard, sizeof *c->q->guard);
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

bool eqn_guarded(const Eqn *q, const Axis *a)
{
	Eqn copy = *q;
	Collect c = {NULL, &copy};

	copy.guard = NULL; /* not q's own */
	copy.nguard = 0;
	expr_each(copy.rhs, add_guard, &c);
	for (int i = 0; i < copy.nguard; i++)
		if (affine_coef(&copy.guard[i].index, a))
			return true;
	return false;
}

/* ---- order and threads ---------------------------------------------------------------------- */

static void add_weights(Expr *e, void *ctx)
{
	int64_t *elems = ctx;

	*elems += e->op == OP_READ && !e->tensor->batched ? e->tensor->elems : 0;
}

/* Would the weights come from memory for every row? */
static bool weights_are_far(const Prog *p, const Kernel *k)
{
	int64_t elems = 0;

	expr_each(k->eqn[0]->rhs, add_weights, &elems);
	return elems * (options.real_double ? 8 : 4) > p->target.l2;
}

/* Images first, and channels that have nothing in common, then rows, then what is tiled, the tile
 * along the window last: so the weights of a tile and the rows under it stay in the first-level
 * cache. Where the weights do not fit the second, rows come after what is tiled: its weights are
 * fetched once an image. */
static int rank_of(const Kernel *k, const Loop *l, bool far)
{
	if (k->partial) /* as the weights lie in memory */
		for (int d = 0; d < k->eqn[0]->out->rank; d++)
			if (affine_coef(&k->eqn[0]->index[d], l->axis))
				return d;
	bool edge = l->clean_lo > 0 || l->clean_hi < l->axis->extent;
	bool window = eqn_guarded(k->eqn[0], l->axis);

	return l->axis->batch || (l->tile == 1 && eqn_reads_along(k->eqn[0], l->axis, false)) ? 0
	       : edge || (window && l->tile > 1)                                              ? 4
	       : window && l->tile == 1 ? far ? 3 : 1
	                                : 2;
}

static void order(const Prog *p, Kernel *k)
{
	bool far = weights_are_far(p, k);

	for (int i = 1; i < k->nloop; i++)
		for (int j = i;
		     j > 0 && rank_of(k, &k->loop[j - 1], far) > rank_of(k, &k->loop[j], far);
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

typedef struct Reading { /* of the operands of a gradient of weights                        */
	const Prog *prog;
	const Kernel *k;
	double once, each; /* bytes: once each operand; for every piece what it needs       */
	double again;      /* bytes of the operands that several pieces need                */
} Reading;

static void count_reading(Expr *e, void *ctx)
{
	Reading *r = ctx;
	int64_t times = 1;

	if (e->op != OP_READ)
		return;
	for (int i = 0; i < r->k->nloop; i++) {
		const Loop *l = &r->k->loop[i];
		if (l->parallel && !expr_uses(e, l->axis))
			times *= tiles(blocks_of(r->prog, l->axis), l->tile);
	}
	double bytes = (double)e->tensor->elems * (options.real_double ? 8 : 4);
	r->once += bytes;
	r->each += bytes * (double)times;
	r->again += times > 1 ? bytes : 0;
}

static const double SUMS = 0.4; /* what it costs to fetch and put away sums: of memory's time */

/* How many rows of so many bytes fit, one at least and no more than a band has. */
static int rows_within(const Kernel *k, double bytes, double row)
{
	if (row * k->band <= bytes)
		return k->band;
	return bytes < row ? 1 : (int)(bytes / row);
}

/* How many pieces a thread does for a band before it goes on to the next one: an operand that all
 * pieces read is read again for each group of them, the sums of a group for each band. What a
 * group reads again must fit the second-level cache; a larger group must save a tenth. */
static void choose_group(const Prog *p, Kernel *k, int64_t pieces)
{
	const Eqn *q = k->eqn[0];
	Reading r = {p, k, 0, 0, 0};
	int images = 1, high = k->band, band = k->band;
	double real = options.real_double ? 8 : 4, best = 1e300;
	double sums = (double)q->out->elems * real / p->threads;

	k->group = 1;
	if (k->partial->wide)
		return;
	expr_each(q->rhs, count_reading, &r);
	for (int i = q->nfree; i < q->naxis; i++)
		images *= q->axis[i]->batch ? q->axis[i]->extent : 1;
	double row = r.again / images / k->rows->extent;
	for (int64_t group = 1; group < 2 * pieces; group *= 2) {
		int64_t some = group < pieces ? group : pieces, walks = tiles(pieces, some);
		if (some > 1)
			high = rows_within(k, p->target.l2, row);
		double moved = 2 * sums * images * (double)tiles(k->rows->extent, high);
		double cost =
		        r.once + (r.each - r.once) * (double)walks / (double)pieces + SUMS * moved;
		if (cost < 0.9 * best) {
			best = cost;
			k->group = (int)some;
			band = high;
		}
	}
	k->band = band;
	if (k->group == pieces)
		k->group *= p->threads; /* with fewer threads too */
}

/* With partial sums a thread owns the weights of whole leading dims, and walks the images itself:
 * the first dim, and more where that is too little to share evenly. Bands of rows fit the
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
	for (int i = 0; i < k->nloop; i++) {
		int tile = k->loop[i].tile;
		reads += tile <= 1                                ? 0
		         : goes_inside_blocks(q, k->loop[i].axis) ? tiles(tile, p->lanes)
		                                                  : tile;
	}
	for (int i = q->nfree; i < q->naxis; i++)
		row *= q->axis[i]->batch || q->axis[i] == k->rows ? 1 : q->axis[i]->extent;
	int64_t bytes = row * reads * p->target.vector_bytes;
	k->band = (int)(p->target.l1 / (bytes ? bytes : 1));
	k->band = k->band < 1 ? 1 : k->band > k->rows->extent ? k->rows->extent : k->band;
	choose_group(p, k, tiles(pieces, p->threads));
	k->band = (int)tiles(k->rows->extent, tiles(k->rows->extent, k->band)); /* alike */
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

/* The plain program may see an image or two: its threads share the next loop as well. */
static bool share_plain(Kernel *k)
{
	for (int i = 0; i < k->nloop && i < 2; i++)
		k->loop[i].parallel = true;
	return k->nloop > 0;
}

/* ---- time ----------------------------------------------------------------------------------- */

/* A transform of Winograd, for one vector of channels of a tile, in cycles: measured. */
static const double TRANSFORM = 200;

static double points(const Prog *p, const Kernel *k)
{
	double n = 1;

	for (int i = 0; i < k->nloop; i++)
		n *= blocks_of(p, k->loop[i].axis);
	return n;
}

/* Cycles of the arithmetic when one thread does all. */
static double work(const Prog *p, const Kernel *k)
{
	double sum = 0;

	for (int i = 0; i < k->nstage; i++)
		sum += points(p, k) * work(p, k->stage[i]);
	if (k->nstage)
		return sum;
	if (k->eqn[0]->matrix)
		return points(p, k) * TRANSFORM;
	return k->cycles > 0 ? k->cycles : k->flop / k->lanes;
}

static double predicted_ms(const Prog *p, const Kernel *k)
{
	double hertz = p->target.ghz * 1e9, seconds = work(p, k) / hertz;
	double fast = hertz * p->target.l2_rate, slow = p->target.gbytes * 1e9;
	double memory = k->bytes / (k->bytes < p->target.l2 ? fast : slow);

	return 1e3 * (seconds > memory ? seconds : memory);
}

static void nest(const Prog *p, Kernel *k, int pick)
{
	bool tile = k->contraction && !k->nstage && !p->plain && !options.no_tile;

	if (tile)
		choose_tile(p, k, pick);
	if (!p->plain)
		guards(k);
	if (tile)
		order(p, k);
	for (int i = 0; i < k->nstage; i++)
		nest(p, k->stage[i], pick);
}

void sched(Prog *p)
{
	for (int i = 0; i < p->nkernel; i++) {
		Kernel *k = p->kernel[i];
		nest(p, k, p->plain ? 0 : picked_tile(i));
		if (k->partial && has_tile(k))
			own(p, k);
		else if (!k->serial && !k->flat)
			k->serial = !(p->plain ? share_plain(k) : share(p, k));
		k->ms = predicted_ms(p, k);
	}
}
