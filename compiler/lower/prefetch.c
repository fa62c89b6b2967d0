/* prefetch.c: what a tile prefetches.
 *
 * In: a kernel with a register tile and a long sum. Out: prefetches, spread over the steps of the
 * sum. A core waits for a dozen or two of lines at a time; a tile that prefetches all of its lines
 * at once stands still until most of them have come, one that prefetches a line in each step
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
#include "lower.h"

enum { MAX_PLACES = 16 };

typedef struct Places { /* of a tile: one for each of its elements                     */
	Build *b;
	const Tensor *tensor[MAX_PLACES];
	const Affine *index[MAX_PLACES];
	bool write[MAX_PLACES];
	int n;
	bool once; /* a step, where these are parameters and their state */
} Places;

static const Val *ints(ValOp op, const Val *a, const Val *b)
{
	return val(op, TYPE_INT, a, b, NULL, NULL);
}

/* With few registers the steps have none to spare for places, and a block of steps is one long row
 * of statements: there a tile prefetches before them. */
static bool prefetches_before(const Kernel *k)
{
	return k->unrolled;
}

/* Is t beyond the second-level cache when it is needed? Between two uses lies as much of t itself,
 * or, where it is used once a step, all that the step goes through. */
static bool is_far(const Build *b, const Tensor *t, bool once)
{
	int64_t real = options.real_double ? 8 : 4;
	int64_t between = once && !t->batched ? b->prog->arena : t->elems * real;

	return !t->local && !t->scratch && !t->bytes8 && between > b->prog->target.l2;
}

static bool is_loop(const Build *b, const Axis *a)
{
	for (int i = 0; i < b->k->nloop; i++)
		if (b->k->loop[i].axis == a)
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
static bool in_tile(const Build *b, const Tensor *t, const Affine *index)
{
	for (int i = 0; i < b->k->nloop; i++)
		if (b->k->loop[i].tile > 1 && !uses(t, index, b->k->loop[i].axis))
			return false;
	for (int d = 0; d < t->rank; d++)
		for (int i = 0; i < index[d].n; i++)
			if (!is_loop(b, index[d].term[i].axis))
				return false;
	return t->lane_dim >= 0 && lane_of(&index[t->lane_dim]);
}

static void add_place(Places *p, const Tensor *t, const Affine *index, bool write)
{
	if (p->n == MAX_PLACES || !is_far(p->b, t, p->once) || !in_tile(p->b, t, index) ||
	    tests_of(p->b, t, index))
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
		add_place(p, x->tensor, x->index, kernel_writes(p->b->k, x->tensor));
}

/* What the equations behind the sum read and, if `written`, what they all write. */
static Places places(Build *b, bool written, bool once)
{
	Places p = {.b = b, .once = once};

	for (int j = 1; j < b->k->neqn; j++)
		expr_each(b->k->eqn[j]->rhs, add_read, &p);
	for (int j = 0; j < b->k->neqn && written; j++)
		add_place(&p, b->k->eqn[j]->out, b->k->eqn[j]->index, true);
	return p;
}

/* let ijt = kt, ct = k0 / 16 % cn: the element of the tile to prefetch, at its column and at row
 * number `turn`. */
static void put_element(Build *b, const Val *turn, const Val *column)
{
	bool innermost = true;

	for (int i = b->k->nloop - 1; i >= 0; i--) {
		const Axis *a = b->k->loop[i].axis;
		if (b->k->loop[i].tile == 1)
			continue;
		const Val *size = int_name(axis_size(b, a));
		put_let(b, axis_inside(b, a), TYPE_INT,
		        innermost ? column : ints(VAL_REM, turn, size));
		turn = innermost ? turn : ints(VAL_DIV, turn, size);
		innermost = false;
	}
}

static void put_prefetch(Build *b, const Val *place, const Val *count, bool write)
{
	put(b, NODE_PREFETCH, place, count)->write = write;
}

static void prefetch_places(Build *b, const Places *p)
{
	for (int i = 0; i < p->n; i++)
		put_prefetch(b, element(b, p->tensor[i], p->index[i]), NULL, p->write[i]);
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
	const Kernel *k = p->b->k;
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

static Places next_tile(Build *b, const Eqn *q)
{
	Places p = {.b = b, .n = 0};

	if (b->k->nloop && b->k->loop[b->k->nloop - 1].tile > 1)
		expr_each(q->rhs, add_next, &p);
	return p;
}

/* How many of `all` each of `turns` turns takes. */
static int each_of(int all, int turns)
{
	return (all + turns - 1) / turns;
}

/* turn, or number r of the `each` that it takes */
static const Val *numbered(const Val *turn, int each, int r)
{
	return each > 1 ? ints(VAL_ADD, ints(VAL_MUL, turn, val_int(each)), val_int(r)) : turn;
}

/* Does a read take another row for each element of the tile along a loop? Not along one that goes
 * over the elements of a block, or over a window. */
static bool is_row(const Tensor *t, const Affine *index, const Loop *l)
{
	for (int d = 0; d < t->rank; d++)
		if (affine_is(&index[d], l->axis) && (d != t->lane_dim || lane_of(&index[d])))
			return true;
	return false;
}

/* Prefetches a place, `further` vectors on, of one element of the tile: of those along `row` number
 * i of `each`, and tiles that lie side by side along `beside` take turns. */
static void prefetch_row(Build *b, const Val *place, const Val *further, const Loop *row,
                         const Loop *beside, int each, int i)
{
	const Val *turn = val_int(i);
	Node **behind = enter_node(b, put(b, NODE_BLOCK, NULL, NULL));

	if (beside) {
		turn = beside->tile > 1 ? ints(VAL_DIV, int_name(axis_start(b, beside->axis)),
		                               val_int(beside->tile))
		                        : axis_val(b, beside->axis);
		turn = numbered(turn, each, i);
	}
	for (int l = 0; l < b->k->nloop; l++) {
		const Loop *o = &b->k->loop[l];
		const char *name = axis_inside(b, o->axis);
		if (val_mentions(place, name))
			put_let(b, name, TYPE_INT,
			        o == row ? ints(VAL_REM, turn, int_name(axis_size(b, o->axis)))
			                 : val_int(0));
	}
	put_prefetch(b,
	             val(VAL_BEHIND, place->type,
	                 val(VAL_ADDRESS, TYPE_POINTER, place, NULL, NULL, NULL), further, NULL,
	                 NULL),
	             NULL, false);
	leave(b, behind);
}

/* Rows that all tiles of the innermost loop read: each of them prefetches one that those behind the
 * next loop around it will read. */
static void prefetch_rows(Expr *x, void *ctx)
{
	Build *b = ctx;
	const Loop *last = innermost_tile(b->k), *row = NULL;
	const Tensor *t = x->op == OP_READ ? x->tensor : NULL;
	int turns = each_of(blocks_of(b->prog, last->axis), last->tile);
	int64_t further = 1, below = 1;

	if (!t || t->lane_dim < 0 || !is_far(b, t, false) || !lane_of(&x->index[t->lane_dim]) ||
	    uses(t, x->index, last->axis))
		return;
	for (int i = 0; i < b->k->nloop; i++)
		if (b->k->loop[i].tile > 1 && is_row(t, x->index, &b->k->loop[i]))
			row = &b->k->loop[i];
	if (!row)
		return;
	for (int d = t->rank - 1; d >= t->scratch; d--) {
		further = affine_is(&x->index[d], row->axis) ? below : further;
		below *= t->mem[d];
	}
	int each = each_of(row->tile, turns);
	for (int i = 0; i < each; i++)
		prefetch_row(b, holder(b, t, x->index),
		             ints(VAL_MUL, int_name(axis_size(b, row->axis)), val_int(further)),
		             row, last, each, i);
}

/* The places of the tile in column `at`: those of its rows whose turn it is. */
static void prefetch_column(Build *b, const Places *p, const Val *at)
{
	const Kernel *k = b->k;
	const Val *start = int_name(axis_start(b, k->stepped));
	int blocks = blocks_of(b->prog, k->stepped) / k->step;
	int high = elements_of_tile(k) / innermost_tile(k)->tile, each = each_of(high, blocks);
	const Val *turn = ints(VAL_DIV, start, val_int(k->step));

	for (int r = 0; r < each && p->n; r++) {
		Node **behind = b->tail;
		enter_if(b, high < blocks ? val(VAL_LESS, TYPE_TEST, start, val_int(high * k->step),
		                                NULL, NULL)
		                          : NULL);
		enter_node(b, put(b, NODE_BLOCK, NULL, NULL));
		put_element(b, numbered(turn, each, r), at);
		prefetch_places(b, p);
		leave(b, end_of(behind));
	}
}

/* In each step along an axis its columns; in each block of steps its rows, while there are any. */
static void prefetch_in_steps(Build *b, const Eqn *q)
{
	const Kernel *k = b->k;
	const Loop *last = innermost_tile(k);
	const Val *along = int_name(axis_inside(b, k->stepped));
	const Val *size = int_name(axis_size(b, last->axis));
	int columns = each_of(last->tile, k->step);
	Places next = next_tile(b, q), p = places(b, true, false);

	expr_each(q->rhs, prefetch_rows, b);
	for (int c = 0; c < columns && next.n + p.n; c++) {
		const Val *at = numbered(along, columns, c);
		Node **behind = enter_if(b, val(VAL_LESS, TYPE_TEST, at, size, NULL, NULL));
		if (next.n) {
			const Val *pointer =
			        next_along(b, next.tensor[0], next.index[0], last->axis);
			put_prefetch(b, val(VAL_BEHIND, TYPE_VECTOR, pointer, at, NULL, NULL), NULL,
			             false);
		}
		prefetch_column(b, &p, at);
		leave(b, behind);
	}
}

/* Over nothing but the images: the gradient of weights that an image uses once each. */
static bool sums_images(const Eqn *q)
{
	return q->naxis == q->nfree + 1 && q->axis[q->nfree]->batch && !q->axis[q->nfree]->lane;
}

/* Each of the first images prefetches an element of the tile. */
static void prefetch_parameters(Build *b, const Eqn *q)
{
	const Axis *images = q->axis[q->nfree];
	int all = elements_of_tile(b->k), each = each_of(all, images->extent);
	const Val *name = axis_val(b, images);
	const Val *side = int_name(axis_size(b, innermost_tile(b->k)->axis));
	Places p = places(b, true, true);

	for (int r = 0; r < each && p.n; r++) {
		const Val *turn = numbered(name, each, r);
		Node **behind =
		        enter_if(b, val(VAL_LESS, TYPE_TEST, turn, val_int(all), NULL, NULL));
		put_element(b, ints(VAL_DIV, turn, side), ints(VAL_REM, turn, side));
		prefetch_places(b, &p);
		leave(b, behind);
	}
}

/* ---- bands of rows -------------------------------------------------------------------------- */

/* How far from where the band reads a tensor the next one does. */
static const Val *rows_further(const Build *b, const Tensor *t, const Affine *index)
{
	const Kernel *k = b->k;
	int64_t image = 1, row = 1;

	for (int d = t->rank - 1; d > 0; d--) {
		if (affine_coef(&index[d], k->rows))
			row = image * affine_coef(&index[d], k->rows);
		image *= t->mem[d];
	}
	if (k->band >= k->rows->extent)
		return val_int(image);
	return val(
	        VAL_SELECT, TYPE_INT,
	        val(VAL_LESS, TYPE_TEST, int_name("row_to"), val_int(k->rows->extent), NULL, NULL),
	        val_int((int64_t)k->band * row), val_int(image - (k->rows->extent - k->band) * row), NULL);
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
static void prefetch_operand(Expr *x, void *ctx)
{
	Places *p = ctx; /* the one before */
	Build *b = p->b;
	const Tensor *t = x->op == OP_READ ? x->tensor : NULL;
	const Loop *row = NULL, *beside = NULL;
	Affine place[MAX_DIM];
	int turns = 1;

	if (!t || !t->batched || t->lane_dim < 0 || !is_far(b, t, false) ||
	    (p->n && p->tensor[0] == t))
		return;
	for (int d = 0; d < t->rank && prefetches_before(b->k); d++)
		if (x->index[d].n > 1) /* a place in a window takes a register */
			return;
	p->tensor[0] = t;
	p->n = 1;
	without_window(b->k->eqn[0], t->rank, x->index, place);
	for (int i = 0; i < b->k->nloop; i++) {
		const Loop *l = &b->k->loop[i];
		int tiles = each_of(blocks_of(b->prog, l->axis), l->tile);
		if (is_row(t, x->index, l)) {
			row = l->tile > 1 ? l : row;
		} else if (tiles > turns) {
			beside = l;
			turns = tiles;
		}
	}
	int each = row ? each_of(row->tile, turns) : 1;
	for (int i = 0; i < each; i++)
		prefetch_row(b, holder(b, t, place), rows_further(b, t, x->index), row, beside,
		             each, i);
}

/* ---- where a tile prefetches ---------------------------------------------------------------- */

void prefetch_in_step(Build *b, const Eqn *q)
{
	Places none = {.b = b, .n = 0};

	if (b->k->lanes == 1 || !is_tiled(b->k))
		return;
	if (is_banded(b->k))
		expr_each(q->rhs, prefetch_operand, &none);
	else if (b->k->stepped && !prefetches_before(b->k))
		prefetch_in_steps(b, q);
	else if (!prefetches_before(b->k) && sums_images(q))
		prefetch_parameters(b, q);
}

void prefetch_in_block(Build *b, const Eqn *q)
{
	Places p = {.b = b, .n = 0};

	if (prefetches_before(b->k))
		p = next_tile(b, q);
	if (p.n == 0)
		return;
	const Axis *last = b->k->loop[b->k->nloop - 1].axis;
	put_prefetch(b, next_along(b, p.tensor[0], p.index[0], last), int_name(axis_size(b, last)),
	             false);
}

/* Sums so far wait for memory before they can be added to: those of the next tile along the
 * innermost loop, if it lies in a row with this one, come while this one's are made. */
static void prefetch_sums(Build *b, const Tensor *t, const Affine *index)
{
	const Loop *last = b->k->nloop ? &b->k->loop[b->k->nloop - 1] : NULL;
	int at = t->rank - 1;
	Node **behind = b->tail;

	while (at > 0 && t->mem[at] == 1)
		at--;
	if (!last || last->tile == 1 || b->k->lanes == 1 || !affine_is(&index[at], last->axis))
		return;
	for (int i = 0; i < b->k->nloop - 1; i++)
		if (b->k->loop[i].tile > 1)
			enter_tile(b, &b->k->loop[i]);
	put_prefetch(b, next_along(b, t, index, last->axis), int_name(axis_size(b, last->axis)),
	             false);
	leave(b, end_of(behind));
}

void prefetch_at_start(Build *b, const Eqn *q)
{
	Places p = {.b = b, .n = 0};
	Node **behind;

	if (is_banded(b->k) || is_first(b, q))
		prefetch_sums(b, is_banded(b->k) ? b->k->partial : q->out, q->index);
	if (prefetches_before(b->k) && sums_long(b->k) && b->k->lanes > 1)
		p = places(b, false, false);
	if (p.n == 0)
		return;
	behind = b->tail;
	enter_tiles(b, false);
	prefetch_places(b, &p);
	leave(b, end_of(behind));
}
