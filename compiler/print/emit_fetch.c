/* emit_fetch.c: what a tile asks memory for before it is needed.
 *
 * In: a kernel with a register tile and a long sum. Out: statements that ask, spread over the steps
 * of the sum. A core waits for a dozen or two of lines at a time; a tile that asks for all of its
 * lines at once stands still until most of them have come, one that asks for a line in each step
 * computes meanwhile (1x1 convolutions of large images: 1.3 to 1.7 times as fast). Five kinds:
 *
 *   - what the equations behind the sum read and write at the places of the tile;
 *   - what the next tile along the innermost loop reads along a stepped axis;
 *   - what the next tiles along the loop around it read, where all tiles inside read the same;
 *   - what the next band of rows reads, in sums over rows and images;
 *   - parameters and their state behind a sum over images alone.
 *
 * Tensors that fit into the second-level cache are near enough without; the last kind, which comes
 * round once a step, where all that the step goes through fits. */
#include "emit.h"

#include <string.h>

enum { MAX_PLACES = 16 };

typedef struct Places { /* of a tile: one for each of its elements                     */
	const Em *e;
	const Tensor *tensor[MAX_PLACES];
	const Affine *index[MAX_PLACES];
	bool write[MAX_PLACES];
	int n;
	bool once; /* a step, where these are parameters and their state */
} Places;

/* With few registers the steps have none to spare for places, and a block of steps is one long row
 * of statements: there a tile asks before them. */
static bool asks_before(const Kernel *k)
{
	return k->unrolled;
}

/* Is t beyond the second-level cache when it is needed? Between two uses lies as much of t itself,
 * or, where it is used once a step, all that the step goes through. */
static bool is_far(const Em *e, const Tensor *t, bool once)
{
	int64_t real = options.real_double ? 8 : 4;
	int64_t between = once && !t->batched ? e->prog->arena : t->elems * real;

	return !t->local && !t->scratch && !t->bytes8 && between > e->prog->target.l2;
}

static bool is_loop(const Em *e, const Axis *a)
{
	for (int i = 0; i < e->k->nloop; i++)
		if (e->k->loop[i].axis == a)
			return true;
	return false;
}

static bool uses(const Tensor *t, const Affine *index, const Axis *a)
{
	for (int d = 0; d < t->rank; d++)
		if (affine_coef(&index[d], a))
			return true;
	return false;
}

/* Does t have a place of its own, a whole vector, for each element of the tile? */
static bool in_tile(const Em *e, const Tensor *t, const Affine *index)
{
	for (int i = 0; i < e->k->nloop; i++)
		if (e->k->loop[i].tile > 1 && !uses(t, index, e->k->loop[i].axis))
			return false;
	for (int d = 0; d < t->rank; d++)
		for (int i = 0; i < index[d].n; i++)
			if (!is_loop(e, index[d].term[i].axis))
				return false;
	return t->lane_dim >= 0 && em_lane(&index[t->lane_dim]);
}

static void add_place(Places *p, const Tensor *t, const Affine *index, bool write)
{
	if (p->n == MAX_PLACES || !is_far(p->e, t, p->once) || !in_tile(p->e, t, index) ||
	    *em_tests(p->e, t, index))
		return;
	for (int i = 0; i < p->n; i++)
		if (p->tensor[i] == t)
			return;
	p->tensor[p->n] = t;
	p->index[p->n] = index;
	p->write[p->n++] = write;
}

static void add_read(Expr *x, void *ctx)
{
	Places *p = ctx;

	if (x->op == OP_READ)
		add_place(p, x->tensor, x->index, kernel_writes(p->e->k, x->tensor));
}

/* What the equations behind the sum read and, if `written`, what they all write. */
static Places places(const Em *e, bool written, bool once)
{
	Places p = {.e = e, .once = once};

	for (int j = 1; j < e->k->neqn; j++)
		expr_each(e->k->eqn[j]->rhs, add_read, &p);
	for (int j = 0; j < e->k->neqn && written; j++)
		add_place(&p, e->k->eqn[j]->out, e->k->eqn[j]->index, true);
	return p;
}

/* "const int ijt = kt, ct = k0 / 16 % cn;": the element of the tile to ask for, at its column and
 * at row number `turn`. */
static void tile_element(const Em *e, const char *turn, const char *column)
{
	const char *s = "";

	for (int i = e->k->nloop - 1; i >= 0; i--) {
		const Loop *l = &e->k->loop[i];
		const char *name = em_axis(e, l->axis);
		if (l->tile == 1)
			continue;
		if (!*s) {
			s = format("%st = %s", name, column);
			continue;
		}
		s = format("%s, %st = %s %% %sn", s, name, turn, name);
		turn = format("%s / %sn", turn, name);
	}
	put_line(e->out, "const int %s;", s);
}

static void ask_for(const Em *e, const Places *p)
{
	for (int i = 0; i < p->n; i++)
		put_line(e->out, "NN_FETCH(%s, %d);", em_element(e, p->tensor[i], p->index[i]),
		         p->write[i]);
}

static const Loop *innermost_tile(const Kernel *k)
{
	for (int i = k->nloop - 1; i >= 0; i--)
		if (k->loop[i].tile > 1)
			return &k->loop[i];
	return NULL;
}

static int elements_of_tile(const Kernel *k)
{
	int count = 1;

	for (int i = 0; i < k->nloop; i++)
		count *= k->loop[i].tile;
	return count;
}

/* What the next tile of the innermost loop reads while it goes along the stepped axis: each of its
 * elements is read by one tile alone, so that none of them is in the first-level cache yet. */
static void add_next(Expr *x, void *ctx)
{
	Places *p = ctx;
	const Kernel *k = p->e->k;
	const Loop *last = innermost_tile(k);
	const Tensor *t = x->op == OP_READ ? x->tensor : NULL;

	if (!t || t->scratch || !(t->batched || t->planes) || t->lane_dim < 0 ||
	    t->lane_dim == t->rank - 1 || !affine_is(&x->index[t->lane_dim], k->stepped) ||
	    !affine_is(&x->index[t->rank - 1], last->axis))
		return;
	for (int i = 0; i < k->nloop; i++) /* rows of a tile: more than one */
		if (&k->loop[i] != last && k->loop[i].tile > 1 && expr_uses(x, k->loop[i].axis))
			return;
	p->tensor[0] = t;
	p->index[0] = x->index;
	p->n = 1;
}

static Places next_tile(const Em *e, const Eqn *q)
{
	Places p = {.e = e, .n = 0};

	if (e->k->nloop && e->k->loop[e->k->nloop - 1].tile > 1)
		expr_each(q->rhs, add_next, &p);
	return p;
}

/* How many of `all` each of `turns` turns takes. */
static int each_of(int all, int turns)
{
	return (all + turns - 1) / turns;
}

/* Does a read take another row for each element of the tile along a loop? Not along one that goes
 * over the elements of a block, or over a window. */
static bool is_row(const Tensor *t, const Affine *index, const Loop *l)
{
	for (int d = 0; d < t->rank; d++)
		if (affine_is(&index[d], l->axis) && (d != t->lane_dim || em_lane(&index[d])))
			return true;
	return false;
}

/* Asks for a place, `further` vectors on, of one element of the tile: of those along `row` number i
 * of `each`, and tiles that lie side by side along `beside` take turns. */
static void ask_for_row(const Em *e, const char *place, const char *further, const Loop *row,
                        const Loop *beside, int each, int i)
{
	const char *s = "", *turn = format("%d", i);

	if (beside) {
		turn = em_axis(e, beside->axis);
		turn = beside->tile > 1 ? format("%s0 / %d", turn, beside->tile) : turn;
		turn = each > 1 ? format("(%s * %d + %d)", turn, each, i) : turn;
	}
	for (int l = 0; l < e->k->nloop; l++) {
		const Loop *o = &e->k->loop[l];
		const char *name = em_axis(e, o->axis), *next = *s ? ", " : "const int ";
		if (mentions(place, format("%st", name)))
			s = o == row ? format("%s%s%st = %s %% %sn", s, next, name, turn, name)
			             : format("%s%s%st = 0", s, next, name);
	}
	if (*s) {
		put_open(e->out);
		put_line(e->out, "%s;", s);
	}
	put_line(e->out, "NN_FETCH((&%s)[%s], 0);", place, further);
	if (*s)
		put_close(e->out);
}

/* Rows that all tiles of the innermost loop read: each of them asks for one that those behind the
 * next loop around it will read. */
static void ask_for_rows(Expr *x, void *ctx)
{
	const Em *e = ctx;
	const Loop *last = innermost_tile(e->k), *row = NULL;
	const Tensor *t = x->op == OP_READ ? x->tensor : NULL;
	int turns = each_of(blocks_of(e->prog, last->axis), last->tile);
	long long further = 1, below = 1;

	if (!t || t->lane_dim < 0 || !is_far(e, t, false) || !em_lane(&x->index[t->lane_dim]) ||
	    uses(t, x->index, last->axis))
		return;
	for (int i = 0; i < e->k->nloop; i++)
		if (e->k->loop[i].tile > 1 && is_row(t, x->index, &e->k->loop[i]))
			row = &e->k->loop[i];
	if (!row)
		return;
	for (int d = t->rank - 1; d >= t->scratch; d--) {
		further = affine_is(&x->index[d], row->axis) ? below : further;
		below *= t->mem[d];
	}
	int each = each_of(row->tile, turns);
	for (int i = 0; i < each; i++)
		ask_for_row(e, em_holder(e, t, x->index),
		            format("%sn * %lld", em_axis(e, row->axis), further), row, last, each,
		            i);
}

/* In each step along an axis its columns; in each block of steps its rows, while there are any. */
static void ask_in_steps(const Em *e, const Eqn *q)
{
	const Kernel *k = e->k;
	const Loop *last = innermost_tile(k);
	const char *along = em_axis(e, k->stepped), *name = em_axis(e, last->axis);
	int columns = each_of(last->tile, k->step),
	    blocks = blocks_of(e->prog, k->stepped) / k->step;
	int high = elements_of_tile(k) / last->tile, each = each_of(high, blocks);
	const char *turn = format("%s0 / %d", along, k->step);
	Places next = next_tile(e, q), p = places(e, true, false);

	expr_each(q->rhs, ask_for_rows, (void *)e);
	for (int c = 0; c < columns && next.n + p.n; c++) {
		const char *at = columns > 1 ? format("%st * %d + %d", along, columns, c)
		                             : format("%st", along);
		put_line(e->out, "if (%s < %sn)", at, name);
		put_open(e->out);
		if (next.n)
			put_line(e->out, "NN_FETCH((%s)[%s], 0);",
			         em_next(e, next.tensor[0], next.index[0], last->axis), at);
		for (int r = 0; r < each && p.n; r++) {
			if (high < blocks)
				put_line(e->out, "if (%s0 < %d)", along, high * k->step);
			put_open(e->out);
			tile_element(e, each > 1 ? format("(%s * %d + %d)", turn, each, r) : turn,
			             at);
			ask_for(e, &p);
			put_close(e->out);
		}
		put_close(e->out);
	}
}

/* Over nothing but the images: the gradient of weights that an image uses once each. */
static bool sums_images(const Eqn *q)
{
	return q->naxis == q->nfree + 1 && q->axis[q->nfree]->batch && !q->axis[q->nfree]->lane;
}

/* Each of the first images asks for an element of the tile. */
static void ask_for_parameters(const Em *e, const Eqn *q)
{
	const Axis *images = q->axis[q->nfree];
	int all = elements_of_tile(e->k), each = each_of(all, images->extent);
	const char *name = em_axis(e, images), *side = em_axis(e, innermost_tile(e->k)->axis);
	Places p = places(e, true, true);

	for (int r = 0; r < each && p.n; r++) {
		const char *turn = each > 1 ? format("(%s * %d + %d)", name, each, r) : name;
		put_line(e->out, "if (%s < %d)", turn, all);
		put_open(e->out);
		tile_element(e, format("%s / %sn", turn, side), format("%s %% %sn", turn, side));
		ask_for(e, &p);
		put_close(e->out);
	}
}

/* ---- bands of rows -------------------------------------------------------------------------- */

/* How far from where the band reads a tensor the next one does. */
static const char *rows_further(const Em *e, const Tensor *t, const Affine *index)
{
	const Kernel *k = e->k;
	long long image = 1, row = 1;

	for (int d = t->rank - 1; d > 0; d--) {
		if (affine_coef(&index[d], k->rows))
			row = image * affine_coef(&index[d], k->rows);
		image *= t->mem[d];
	}
	if (k->band >= k->rows->extent)
		return format("%lld", image);
	return format("row_to < %d ? %lld : %lld", k->rows->extent, k->band * row,
	              image - (k->rows->extent - k->band) * row);
}

/* Of a place in a window only where the window is: it is always inside. */
static void without_window(const Eqn *q, int rank, const Affine *from, Affine *to)
{
	for (int d = 0; d < rank; d++) {
		to[d] = from[d];
		if (from[d].n == 1 && from[d].c == 0)
			continue;
		to[d].c = 0;
		for (int i = 0; i < q->nfree; i++)
			to[d] = affine_subst(to[d], q->axis[i], affine(0));
	}
}

/* In each step the place of an operand in the next band. */
static void ask_operand(Expr *x, void *ctx)
{
	Places *p = ctx; /* the one that asked before */
	const Em *e = p->e;
	const Tensor *t = x->op == OP_READ ? x->tensor : NULL;
	const Loop *row = NULL, *beside = NULL;
	Affine place[MAX_DIM];
	int turns = 1;

	if (!t || !t->batched || t->lane_dim < 0 || !is_far(e, t, false) ||
	    (p->n && p->tensor[0] == t))
		return;
	for (int d = 0; d < t->rank && asks_before(e->k); d++)
		if (x->index[d].n > 1) /* a place in a window takes a register */
			return;
	p->tensor[0] = t;
	p->n = 1;
	without_window(e->k->eqn[0], t->rank, x->index, place);
	for (int i = 0; i < e->k->nloop; i++) {
		const Loop *l = &e->k->loop[i];
		int tiles = each_of(blocks_of(e->prog, l->axis), l->tile);
		if (is_row(t, x->index, l)) {
			row = l->tile > 1 ? l : row;
		} else if (tiles > turns) {
			beside = l;
			turns = tiles;
		}
	}
	int each = row ? each_of(row->tile, turns) : 1;
	for (int i = 0; i < each; i++)
		ask_for_row(e, em_holder(e, t, place), rows_further(e, t, x->index), row, beside,
		            each, i);
}

/* ---- where a tile asks ---------------------------------------------------------------------- */

void ask_in_step(const Em *e, const Eqn *q)
{
	Places none = {.e = e, .n = 0};

	if (e->k->lanes == 1 || !is_tiled(e->k))
		return;
	if (em_banded(e->k))
		expr_each(q->rhs, ask_operand, &none);
	else if (e->k->stepped && !asks_before(e->k))
		ask_in_steps(e, q);
	else if (!asks_before(e->k) && sums_images(q))
		ask_for_parameters(e, q);
}

bool ask_in_block(const Em *e, const Eqn *q)
{
	Places p = {.e = e, .n = 0};

	if (asks_before(e->k))
		p = next_tile(e, q);
	if (p.n == 0)
		return false;
	const Axis *last = e->k->loop[e->k->nloop - 1].axis;
	put_open(e->out);
	put_line(e->out, "NN_AHEAD(%s, %sn, 0);", em_next(e, p.tensor[0], p.index[0], last),
	         em_axis(e, last));
	return true;
}

/* Sums so far wait for memory before they can be added to: those of the next tile along the
 * innermost loop, if it lies in a row with this one, come while this one's are made. */
static void ask_for_sums(const Em *e, const Tensor *t, const Affine *index)
{
	const Loop *last = e->k->nloop ? &e->k->loop[e->k->nloop - 1] : NULL;
	int at = t->rank - 1;

	while (at > 0 && t->mem[at] == 1)
		at--;
	if (!last || last->tile == 1 || e->k->lanes == 1 || !affine_is(&index[at], last->axis))
		return;
	for (int i = 0; i < e->k->nloop - 1; i++)
		if (e->k->loop[i].tile > 1)
			tile_loop(e, &e->k->loop[i]);
	put_open(e->out);
	put_line(e->out, "NN_AHEAD(%s, %sn, 0);", em_next(e, t, index, last->axis),
	         em_axis(e, last->axis));
	put_close(e->out);
}

void ask_at_start(const Em *e, const Eqn *q)
{
	Places p = {.e = e, .n = 0};

	if (em_banded(e->k) || *em_first(e, q))
		ask_for_sums(e, em_banded(e->k) ? e->k->partial : q->out, q->index);
	if (asks_before(e->k) && sums_long(e->k) && e->k->lanes > 1)
		p = places(e, false, false);
	if (p.n == 0)
		return;
	tile_loops(e, false);
	put_open(e->out);
	ask_for(e, &p);
	put_close(e->out);
}
