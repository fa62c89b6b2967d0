/* winograd.c: contractions over 3 x 3 windows with fewer multiplications (second half of rewrite).
 *
 * In: y[n,k,i,j] = sum{c,r,s} x[n,c,i+r-1,j+s-1] * w[k,c,r,s], forward or data gradient, stride 1.
 * Out: four equations, F(4x4, 3x3) of Lavin and Gray 2016, with the interpolation points
 * 0, 1, -1, 2, -2 and infinity. Tiles of 4 x 4 outputs, numbered z, come from 6 x 6 inputs:
 *
 *     U[p,q,k,c] = sum{a,b} G[p,a] * G[q,b] * w[k,c,a,b]                the weights, once a step
 *     V[p,q,c,z] = sum{a,b} B[p,a] * B[q,b] * x[n,c,4u+a-1,4v+b-1]      36 values a tile
 *     M[p,q,k,z] = sum{c} U[p,q,k,c] * V[p,q,c,z]                       36 multiplications for 144
 *     y[n,k,4u+a,4v+b] = sum{p,q} A[a,p] * A[b,q] * M[p,q,k,z]
 *
 * The last three are stages of a task: for some tiles of some images V and M stay in the cache of
 * one processor. Where the weights are larger than that cache, all tiles go through each equation
 * in turn instead. A cost model decides; -fno-winograd keeps the sums in their plain order. */
#include "ir.h"

#include <string.h>

enum { TILE = 4, SPAN = 6, WINDOW = 3, MOST_TILES = 32 };

static const Matrix transform_weights = {
        "G", 6, 3, {{0.25, 0, 0},
                    {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                    {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                    {1.0 / 24, 1.0 / 12, 1.0 / 6},
                    {1.0 / 24, -1.0 / 12, 1.0 / 6},
                    {0, 0, 1}}};
static const Matrix transform_input = {
        "B", 6, 6, {{4, 0, -5, 0, 1, 0},
                    {0, -4, -4, 1, 1, 0},
                    {0, 4, -4, -1, 1, 0},
                    {0, -2, -1, 2, 1, 0},
                    {0, 2, -1, -2, 1, 0},
                    {0, 4, 0, -5, 0, 1}}};
static const Matrix transform_output = {
        "A", 4, 6, {{1, 1, 1, 1, 1, 0},
                    {0, 1, -1, 2, -2, 0},
                    {0, 1, 1, 4, 4, 0},
                    {0, 1, -1, 8, -8, 1}}};

typedef struct Window { /* what is rewritten                                           */
	Prog *p;
	Eqn *q;
	const Expr *x, *w;
	Axis *n, *k, *c;  /* images, channels of the output, folded channels             */
	int lag[2];       /* x is read at i + tap - lag                                  */
	bool flip;        /* taps run backwards: i - r + lag                             */
	int kdim;         /* of w: the dimension with k                                  */
	int rows, cols;   /* tiles of an image                                           */
	bool staged;      /* as a task                                                   */
	int images, band; /* of a task: images, rows of tiles                            */
} Window;

/* ---- what can be rewritten ------------------------------------------------------------------ */

static Axis *only(const Affine *a)
{
	return a->n == 1 && affine_is(a, a->term[0].axis) ? a->term[0].axis : NULL;
}

static bool folded(const Eqn *q, const Axis *a)
{
	for (int i = q->nfree; i < q->naxis; i++)
		if (q->axis[i] == a)
			return true;
	return false;
}

/* Is dimension 2 + d a window of 3 that moves by one? */
static bool window(Window *m, int d)
{
	const Affine *at = &m->x->index[2 + d];
	const Axis *i = only(&m->q->index[2 + d]), *tap = only(&m->w->index[2 + d]);

	if (!i || !tap || tap->extent != WINDOW || !folded(m->q, tap) || at->n != 2 ||
	    affine_coef(at, i) != 1)
		return false;
	int sign = affine_coef(at, tap);
	bool flip = sign == -1;
	if ((sign != 1 && sign != -1) || (d > 0 && flip != m->flip))
		return false;
	m->flip = flip;
	m->lag[d] = flip ? WINDOW - 1 - at->c : -at->c;
	return true;
}

static bool matches(Window *m)
{
	Eqn *q = m->q;

	if (q->fold != FOLD_SUM || q->naxis != 7 || q->nfree != 4 || q->rhs->op != OP_MUL ||
	    q->rhs->arg[0]->op != OP_READ || q->rhs->arg[1]->op != OP_READ || q->out->rank != 4 ||
	    !q->out->batched)
		return false;
	bool first = q->rhs->arg[0]->tensor->batched;
	m->x = q->rhs->arg[!first];
	m->w = q->rhs->arg[first];
	if (!m->x->tensor->batched || m->w->tensor->batched || m->x->n != 4 || m->w->n != 4)
		return false;
	m->n = only(&q->index[0]);
	m->k = only(&q->index[1]);
	m->c = only(&m->x->index[1]);
	if (!m->n || !m->k || !m->c || only(&m->x->index[0]) != m->n || !folded(q, m->c))
		return false;
	m->kdim = only(&m->w->index[0]) == m->k ? 0 : 1;
	return only(&m->w->index[m->kdim]) == m->k && only(&m->w->index[!m->kdim]) == m->c &&
	       window(m, 0) && window(m, 1);
}

/* ---- whether and how ------------------------------------------------------------------------ */

static int up(int n, int unit)
{
	return (n + unit - 1) / unit;
}

/* Share of the taps of one dimension that are inside. */
static double inside(int out, int in, int lag)
{
	int n = 0;

	for (int i = 0; i < out; i++)
		for (int r = 0; r < WINDOW; r++)
			n += i + r - lag >= 0 && i + r - lag < in;
	return (double)n / (double)(WINDOW * out);
}

/* Cycles an image, one multiply-add of a vector each; a transform does about 160 operations. */
static bool pays(const Window *m)
{
	const int *in = m->x->tensor->dim, *out = m->q->out->dim;
	double k = up(m->k->extent, m->p->lanes), c = up(m->c->extent, m->p->lanes);
	double taps = 9 * inside(out[2], in[2], m->lag[0]) * inside(out[3], in[3], m->lag[1]);
	double direct = k * m->c->extent * out[2] * out[3] * taps;
	double mults = k * m->c->extent * (double)(SPAN * SPAN);
	double tiles = (double)m->rows * m->cols;

	return tiles * (1.1 * mults + 260 * c + 220 * k) < 0.85 * direct;
}

/* Tiles of a task: V and M fit half of the second-level cache. */
static void choose_task(Window *m)
{
	const Prog *p = m->p;
	int channels = (up(m->k->extent, p->lanes) + up(m->c->extent, p->lanes)) * p->lanes;
	int most = p->target.l2 / 2 / (SPAN * SPAN * 4 * channels), all = m->rows * m->cols;

	most = most < MOST_TILES ? most : MOST_TILES;
	m->staged = most >= 8 && (most >= m->cols || most >= 14);
	m->images = 1;
	m->band = m->rows;
	if (!m->staged)
		return;
	if (all > most)
		m->band = up(m->rows, up(m->rows, most > m->cols ? most / m->cols : 1));
	while (all * m->images * 2 <= most && m->n->extent >= 16 * m->images * m->p->threads)
		m->images *= 2;
}

/* ---- the equations -------------------------------------------------------------------------- */

static Axis *free_axis(Eqn *q, Axis *a)
{
	for (int i = q->nfree; i < q->naxis; i++)
		q->axis[i + 1] = q->axis[i];
	q->axis[q->nfree++] = a;
	q->naxis++;
	return a;
}

static Axis *fold_axis(Eqn *q, const char *name, int extent)
{
	Axis *a = axis_new(name, extent);

	q->axis[q->naxis++] = a;
	q->fold = FOLD_SUM;
	return a;
}

static Axis *copy_axis(const Axis *a)
{
	Axis *c = axis_new(a->name, a->extent);

	c->batch = a->batch;
	return c;
}

static Eqn *begin(const Window *m, int number, const Matrix *matrix)
{
	Eqn *q = eqn_new(m->p, m->q->phase, m->q->layer);

	q->task = m->staged && number ? m->q->id + 1 : 0;
	q->stage = number;
	q->matrix = matrix;
	q->flop = 0;
	return q;
}

static Tensor *made(const Window *m, const char *name, int wish)
{
	Tensor *t = tensor_new(m->p, name, format("%s_%s", m->q->out->cname, name), ROLE_TEMP);

	t->lane_wish = wish;
	return t;
}

static void place(Eqn *q, Affine at, int extent)
{
	q->index[q->out->rank] = at;
	q->out->dim[q->out->rank++] = extent;
}

/* The weights, transformed; of a data gradient with the window turned round. */
static Eqn *weights(const Window *m)
{
	Eqn *q = begin(m, 0, &transform_weights);
	Axis *k = free_axis(q, copy_axis(m->k)), *c = free_axis(q, copy_axis(m->c));
	Axis *row[2] = {free_axis(q, axis_new("p", SPAN)), free_axis(q, axis_new("q", SPAN))};
	Affine at[4];

	q->out = made(m, "U", 2);
	place(q, affine_axis(row[0]), SPAN);
	place(q, affine_axis(row[1]), SPAN);
	place(q, affine_axis(k), k->extent);
	place(q, affine_axis(c), c->extent);
	at[m->kdim] = affine_axis(k);
	at[!m->kdim] = affine_axis(c);
	for (int d = 0; d < 2; d++) {
		Affine tap = affine_axis(fold_axis(q, d ? "b" : "a", WINDOW));
		at[2 + d] = m->flip ? affine_add(affine(WINDOW - 1), tap, -1) : tap;
	}
	q->rhs = expr_read(m->w->tensor, at);
	return q;
}

typedef struct Where { /* axes over tiles, fresh for an equation                      */
	Axis *nb, *ub;     /* task                                                        */
	Affine n, u, v, z; /* image, row and column of the tile, its number               */
} Where;

/* Axes over the tiles become free axes of q. */
static Where walk_tiles(const Window *m, Eqn *q)
{
	Where w = {0};
	int rows = m->staged ? m->band : m->rows;
	Axis *images = copy_axis(m->n), *u = axis_new("u", rows), *v = axis_new("v", m->cols);

	w.n = affine_axis(free_axis(q, images));
	if (m->staged) {
		images->unit = m->images;
		images->extent = up(m->n->extent, m->images);
		w.nb = images;
		w.ub = free_axis(q, axis_new("band", up(m->rows, m->band)));
		w.n = affine_scale(w.n, m->images);
		Axis *in = m->images > 1 ? free_axis(q, axis_new("e", m->images)) : NULL;
		w.n = in ? affine_add(w.n, affine_axis(in), 1) : w.n;
		w.z = in ? affine_scale(affine_axis(in), rows * m->cols) : affine(0);
		w.u = affine_scale(affine_axis(w.ub), m->band);
	} else {
		w.z = affine_scale(w.n, rows * m->cols);
		w.u = affine(0);
	}
	if (rows > 1)
		free_axis(q, u);
	if (m->cols > 1)
		free_axis(q, v);
	w.v = m->cols > 1 ? affine_axis(v) : affine(0);
	w.u = rows > 1 ? affine_add(w.u, affine_axis(u), 1) : w.u;
	w.z = affine_add(w.z, w.v, 1);
	w.z = rows > 1 ? affine_add(w.z, affine_axis(u), m->cols) : w.z;
	return w;
}

static int tiles_of_task(const Window *m)
{
	return (m->staged ? m->images * m->band : m->n->extent * m->rows) * m->cols;
}

/* [task, p, q, channel, tile] of V or M */
static void place_products(const Window *m, Eqn *q, const Where *w, Axis *const *row, Axis *channel)
{
	if (m->staged) {
		place(q, affine_axis(w->nb), w->nb->extent);
		place(q, affine_axis(w->ub), w->ub->extent);
		q->out->scratch = 2;
	}
	place(q, affine_axis(row[0]), SPAN);
	place(q, affine_axis(row[1]), SPAN);
	place(q, affine_axis(channel), channel->extent);
	place(q, w->z, tiles_of_task(m));
	q->out->lane_wish = q->out->rank - 2;
}

static Eqn *inputs(const Window *m)
{
	Eqn *q = begin(m, 1, &transform_input);
	Where w = walk_tiles(m, q);
	Axis *c = free_axis(q, copy_axis(m->c));
	Axis *row[2] = {free_axis(q, axis_new("p", SPAN)), free_axis(q, axis_new("q", SPAN))};
	Affine at[4] = {w.n, affine_axis(c), affine_scale(w.u, TILE), affine_scale(w.v, TILE)};

	q->out = made(m, "V", 0);
	place_products(m, q, &w, row, c);
	for (int d = 0; d < 2; d++) {
		at[2 + d] = affine_add(at[2 + d], affine_axis(fold_axis(q, d ? "b" : "a", SPAN)), 1);
		at[2 + d].c -= m->lag[d];
	}
	q->rhs = expr_read(m->x->tensor, at);
	return q;
}

static Eqn *products(const Window *m, Tensor *u, Tensor *v)
{
	Eqn *q = begin(m, 2, NULL);
	Where w = {0};
	Affine at[MAX_DIM];
	int d = 0;

	if (m->staged) {
		w.nb = free_axis(q, copy_axis(m->n));
		w.nb->unit = m->images;
		w.nb->extent = up(m->n->extent, m->images);
		w.ub = free_axis(q, axis_new("band", up(m->rows, m->band)));
		at[d++] = affine_axis(w.nb);
		at[d++] = affine_axis(w.ub);
	}
	Axis *row[2] = {free_axis(q, axis_new("p", SPAN)), free_axis(q, axis_new("q", SPAN))};
	Axis *k = free_axis(q, copy_axis(m->k));
	int z = tiles_of_task(m);
	w.z = z > 1 ? affine_axis(free_axis(q, axis_new("z", z))) : affine(0);
	Axis *c = fold_axis(q, "c", m->c->extent);
	q->out = made(m, "M", 0);
	place_products(m, q, &w, row, k);
	at[d++] = affine_axis(row[0]);
	at[d++] = affine_axis(row[1]);
	at[d++] = affine_axis(c);
	at[d] = w.z;
	Affine at_u[4] = {affine_axis(row[0]), affine_axis(row[1]), affine_axis(k), affine_axis(c)};
	q->rhs = expr_op(OP_MUL, expr_read(v, at), expr_read(u, at_u), NULL, NULL);
	q->flop = 2.0 * (WINDOW * WINDOW) * m->k->extent * m->c->extent * m->n->extent *
	          m->q->out->dim[2] * m->q->out->dim[3] *
	          inside(m->q->out->dim[2], m->x->tensor->dim[2], m->lag[0]) *
	          inside(m->q->out->dim[3], m->x->tensor->dim[3], m->lag[1]);
	return q;
}

static Eqn *outputs(const Window *m, Tensor *products)
{
	Eqn *q = begin(m, 3, &transform_output);
	Where w = walk_tiles(m, q);
	Axis *k = free_axis(q, copy_axis(m->k));
	Axis *row[2] = {free_axis(q, axis_new("a", TILE)), free_axis(q, axis_new("b", TILE))};
	Affine at[MAX_DIM];
	int d = 0;

	q->out = m->q->out;
	q->index[0] = w.n;
	q->index[1] = affine_axis(k);
	q->index[2] = affine_add(affine_scale(w.u, TILE), affine_axis(row[0]), 1);
	q->index[3] = affine_add(affine_scale(w.v, TILE), affine_axis(row[1]), 1);
	if (m->staged) {
		at[d++] = affine_axis(w.nb);
		at[d++] = affine_axis(w.ub);
	}
	at[d++] = affine_axis(fold_axis(q, "p", SPAN));
	at[d++] = affine_axis(fold_axis(q, "q", SPAN));
	at[d++] = affine_axis(k);
	at[d] = w.z;
	q->rhs = expr_read(products, at);
	return q;
}

void winograd(Prog *p)
{
	if (!p->channels || options.no_winograd || options.no_tile || options.no_fuse)
		return;
	for (Eqn **link = &p->first; *link; link = &(*link)->next) {
		Window m = {.p = p, .q = *link};
		if (!matches(&m))
			continue;
		m.rows = up(m.q->out->dim[2], TILE);
		m.cols = up(m.q->out->dim[3], TILE);
		if (!pays(&m))
			continue;
		choose_task(&m);
		Eqn *u = weights(&m), *v = inputs(&m), *product = products(&m, u->out, v->out);
		Eqn *y = outputs(&m, product->out);
		u->next = v;
		v->next = product;
		product->next = y;
		y->next = m.q->next;
		if (p->last == m.q)
			p->last = y;
		*link = u;
		link = &product->next;
	}
}
