/* tile.c: which register tile a contraction gets (a part of sched).
 *
 * In: a kernel with plain loops. Out: the sizes of its tiled loops, and what else was considered.
 *
 * The register tile of a contraction holds tile[a] * tile[b] accumulators. Per step of the folded
 * loops it needs one load for every element of the tile that an operand depends on, and one fused
 * multiply-add for every accumulator; the tile with the fewest predicted cycles wins, remainders
 * counted. Two multiply-adds and two loads start per cycle, a multiply-add takes four.
 *
 * The others that come near are kept, best first: --explain tells them, and -O3 measures them. */
#include "sched.h"

#include <assert.h>
#include <string.h>

static const double MIN_CYCLES = 4.5; /* latency of a multiply-add, and what is lost in hiding it */
static const double LOAD = 0.1;       /* cycles of a load that does not quite hide */
static const double FAR = 0.25;       /* share that does not hide of loads from the second level */
enum { SHORTEST = 4, LONGEST = 8 };   /* part of a row that is a step */
enum { FEW_REGISTERS = 16, MAX_ADDRESSES = 5 };
static const double ADDRESSES = 1.4; /* times the cycles of a tile that has more */
static const double NEAR = 1.6;      /* times the fewest cycles: beyond, a tile is not kept */

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

/* Steps of a folded loop; one around a stage is not the stage's own. */
static int steps_of(const Prog *p, const Kernel *k, const Axis *a)
{
	return kernel_given(k, a) ? 1 : blocks_of(p, a);
}

/* What the tiles of a contraction read, and for how many steps. A band of partial sums fits the
 * first-level cache (own). */
static Operands operands_of(const Prog *p, const Kernel *k)
{
	const Eqn *q = k->eqn[0];
	Operands o = {.n = 0, .steps = 1, .target = &p->target};

	expr_each(q->rhs, add_operand, &o);
	for (int i = 0; i < q->naxis; i++) {
		o.steps *= i >= q->nfree && !k->partial ? steps_of(p, k, q->axis[i]) : 1;
		for (int r = 0; q->axis[i]->lane && r < o.n; r++)
			if (depends(o.read[r], q->axis[i]))
				o.bytes[r] = p->target.vector_bytes;
	}
	return o;
}

/* Cycles of one step of the folded loops for a tile of these sizes. What all steps read comes from
 * the second-level cache where the first cannot hold it. */
static double step_cycles(const Operands *o, const Axis *a, int ta, const Axis *b, int tb)
{
	double fma = ta * tb, loads = 0, bytes = 0;

	for (int i = 0; i < o->n; i++) {
		int n = (depends(o->read[i], a) ? ta : 1) * (b && depends(o->read[i], b) ? tb : 1);
		loads += n;
		bytes += n * o->bytes[i];
	}
	double cycles = fma / 2, far = bytes / o->target->l2_rate;

	if (cycles < loads / 2)
		cycles = loads / 2;
	if (bytes * o->steps > o->target->l1)
		cycles = (cycles < far ? far : cycles) + FAR * far;
	if (cycles < MIN_CYCLES)
		cycles = MIN_CYCLES;
	return cycles + LOAD * loads;
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
 * wants one to spare where there are 32; where there are 16 it is three, since it loads ahead, and
 * none in a sum that goes in steps. */
static bool fits_registers(const Prog *p, const Kernel *k, int ta, int tb)
{
	int spare = p->target.registers > FEW_REGISTERS ? 1 : k->stepped ? 0 : 3;

	return ta * tb + (ta < tb ? ta : tb) + 1 + spare <= p->target.registers;
}

/* Elements of a tile in several blocks have an address each, and few fit the integer registers. */
static bool many_addresses(const Prog *p, const Kernel *k, const Axis *a, int tile)
{
	return p->target.registers <= FEW_REGISTERS && tile > MAX_ADDRESSES &&
	       p->lanes % tile != 0 && a && goes_inside_blocks(k->eqn[0], a);
}

/* What a tile costs besides its plane of loops a and b: the other loops, and that neighbours of a
 * tile may lie outside, or far apart. */
static double around(const Prog *p, const Kernel *k, const Operands *o, int a, int b)
{
	const Loop *la = &k->loop[a], *lb = b >= 0 ? &k->loop[b] : NULL;
	assert(la->axis && (!lb || lb->axis));
	double outer = eqn_guarded(k->eqn[0], la->axis) ? 1.03 : 1;

	if (lb && eqn_guarded(k->eqn[0], lb->axis))
		outer *= 1.03;
	outer *= (steps_rows(o, la->axis) ? 1.05 : 1) * (lb && steps_rows(o, lb->axis) ? 1.05 : 1);
	if (k->nloop > 2 && (la->axis->batch || (lb && lb->axis->batch)))
		outer *= 1.15; /* images lie far apart, often at one cache set */
	for (int i = 0; i < k->nloop; i++)
		outer *= i == a || i == b ? 1 : trips(p, &k->loop[i]);
	return outer;
}

/* Keeps t among the best, in order. */
static void keep(Kernel *k, Tile t)
{
	int at = k->ntried < MAX_TRIED ? k->ntried++ : MAX_TRIED;

	for (; at > 0 && k->tried[at - 1].cycles > t.cycles; at--)
		if (at < MAX_TRIED)
			k->tried[at] = k->tried[at - 1];
	if (at < MAX_TRIED)
		k->tried[at] = t;
}

/* Tiles over loops a and b (-1: over a alone): the best becomes *best unless that one is as good;
 * the best of each size along a is kept. */
static void try_pair(const Prog *p, Kernel *k, const Operands *o, int a, int b, Tile *best)
{
	Axis *x = k->loop[a].axis, *y = b >= 0 ? k->loop[b].axis : NULL;
	int na = trips(p, &k->loop[a]), nb = y ? trips(p, &k->loop[b]) : 1;
	double outer = around(p, k, o, a, b);
	Tile row = {.cycles = 1e300};

	for (int ta = 1; ta <= na && fits_registers(p, k, ta, 1); ta++) {
		for (int tb = 1; tb <= nb && fits_registers(p, k, ta, tb); tb++) {
			double lost = uneven(p, k, a, ta, b, tb);
			double c = outer * lost * plane_cycles(o, x, na, ta, y, nb, tb);
			if (many_addresses(p, k, x, ta) || many_addresses(p, k, y, tb))
				c *= ADDRESSES;
			Tile t = {x, y, ta, tb, c, lost};
			*best = c < best->cycles * 0.999 ? t : *best;
			if (c < row.cycles && (!y || (ta > 1 && tb > 1)))
				row = t;
		}
		if (y && row.a)
			keep(k, row);
		if (y)
			row = (Tile){.cycles = 1e300};
	}
	if (!y && row.a)
		keep(k, row);
}

/* One that is a single vector wide in a loop is a tile of the other loop. */
static Tile plain_form(Tile t)
{
	if (t.b && t.ta == 1)
		return (Tile){t.b, NULL, t.tb, 1, t.cycles, t.uneven};
	return t.tb == 1 ? (Tile){t.a, NULL, t.ta, 1, t.cycles, t.uneven} : t;
}

/* The best first, then what comes near. */
static void sort_out(Kernel *k, Tile best)
{
	int n = 1;
	Tile list[MAX_TRIED] = {best};

	for (int i = 0; i < k->ntried && n < MAX_TRIED; i++) {
		const Tile *t = &k->tried[i];
		bool same =
		        t->a == best.a && t->b == best.b && t->ta == best.ta && t->tb == best.tb;
		if (!same && t->cycles < NEAR * best.cycles)
			list[n++] = *t;
	}
	k->ntried = n;
	memcpy(k->tried, list, sizeof list);
}

/* Cycles of all tiles when one thread does them, for each step of the folded loops. */
static double alone(const Prog *p, const Kernel *k, const Operands *o, const Tile *t)
{
	Prog one = *p;
	int a = 0, b = -1;

	one.threads = 1;
	for (int i = 0; i < k->nloop; i++) {
		a = k->loop[i].axis == t->a ? i : a;
		b = t->b && k->loop[i].axis == t->b ? i : b;
	}
	return around(&one, k, o, a, b) * plane_cycles(o, t->a, trips(&one, &k->loop[a]), t->ta,
	                                               t->b, b >= 0 ? trips(&one, &k->loop[b]) : 1,
	                                               t->tb);
}

typedef struct Inner {
	const Axis *axis;
	bool found;
} Inner;

static void find_inner(Expr *e, void *ctx)
{
	Inner *in = ctx;
	int d = e->op == OP_READ ? e->tensor->lane_dim : -1;

	in->found |= d >= 0 && !in->axis->lane && affine_coef(&e->index[d], in->axis);
}

bool goes_inside_blocks(const Eqn *q, const Axis *a)
{
	Inner in = {a, false};

	expr_each(q->rhs, find_inner, &in);
	return in.found;
}

/* The innermost folded loop goes in steps, so that every address is a constant away from where the
 * step begins: over the elements of a block, where an operand has them, or, in a gradient of
 * weights or in a stage, over a part of a row. With few registers a step is unrolled. With many one
 * value takes long enough, and the C compiler, given all of them at once, would load ahead of the
 * sums until it runs out. */
static void choose_steps(const Prog *p, Kernel *k)
{
	const Eqn *q = k->eqn[0];
	Axis *a = q->axis[q->naxis - 1];
	bool inside = goes_inside_blocks(q, a);

	k->stepped = NULL;
	k->unrolled = p->target.registers <= FEW_REGISTERS;
	if (k->lanes == 1 || !p->channels || a->batch || a == k->rows || eqn_guarded(q, a) ||
	    kernel_given(k, a) || (!inside && !k->rows && !(k->ngiven && k->unrolled)))
		return;
	int most = inside ? p->lanes : LONGEST, least = inside ? p->lanes : SHORTEST;
	for (int step = most; step >= least && !k->stepped; step--)
		if (blocks_of(p, a) % step == 0) {
			k->stepped = a;
			k->step = step;
		}
}

void choose_tile(const Prog *p, Kernel *k, int pick)
{
	const Eqn *q = k->eqn[0];
	Operands o = operands_of(p, k);
	Tile best = {.cycles = 1e300};

	choose_steps(p, k);
	for (int a = 0; a < k->nloop; a++) {
		try_pair(p, k, &o, a, -1, &best);
		for (int b = a + 1; b < k->nloop; b++)
			try_pair(p, k, &o, a, b, &best);
	}
	if (!best.a)
		return;
	sort_out(k, plain_form(best));
	k->taken = pick < k->ntried ? pick : 0;
	const Tile *t = &k->tried[k->taken];
	for (int i = 0; i < k->nloop; i++)
		k->loop[i].tile = k->loop[i].axis == t->a   ? t->ta
		                  : k->loop[i].axis == t->b ? t->tb
		                                            : 1;
	k->cycles = alone(p, k, &o, t);
	for (int i = q->nfree; i < q->naxis; i++)
		k->cycles *= steps_of(p, k, q->axis[i]);
	k->why = format("%d accumulators%s", t->ta * t->tb, k->taken ? ", measured" : "");
}

static const int *picks; /* of each kernel, or NULL                                         */
static int npick;

void take_tiles(const int *pick, int n)
{
	picks = pick;
	npick = n;
}

int picked_tile(int kernel)
{
	return kernel < npick ? picks[kernel] : 0;
}

const char *tile_name(const Tile *t)
{
	if (!t->b)
		return format("%d %s", t->ta, t->a->name);
	return format("%d %s x %d %s", t->ta, t->a->name, t->tb, t->b->name);
}
