/* winograd.c: contractions over 3 x 3 windows with fewer multiplications (second half of rewrite).
 *
 * In: y[n,k,i,j] = sum{c,r,s} x[n,c,i+r-1,j+s-1] * w[k,c,r,s], forward or data gradient, stride 1.
 * Out: four equations, F(4x4, 3x3) or F(2x2, 3x3) of Lavin and Gray 2016. Of the first, tiles of
 * 4 x 4 outputs, numbered z, come from 6 x 6 inputs:
 *
 *     U[p,q,k,c] = sum{a,b} G[p,a] * G[q,b] * w[k,c,a,b]                the weights, once a step
 *     V[p,q,c,z] = sum{a,b} B[p,a] * B[q,b] * x[n,c,4u+a-1,4v+b-1]      36 values a tile
 *     M[p,q,k,z] = sum{c} U[p,q,k,c] * V[p,q,c,z]                       36 multiplications for 144
 *     y[n,k,4u+a,4v+b] = sum{p,q} A[a,p] * A[b,q] * M[p,q,k,z]
 *
 * and the gradient of the weights, dw[k,c,r,s] = sum{n,i,j} dy[n,k,i,j] * x[n,c,i+r-1,j+s-1], is
 *
 *     D[p,q,k,z] = sum{a,b} A[a,p] * A[b,q] * dy[n,k,4u+a,4v+b]
 *     S[p,q,k,c] = sum{z} D[p,q,k,z] * V[p,q,c,z]
 *     dw[k,c,r,s] = sum{p,q} G[p,r] * G[q,s] * S[p,q,k,c]
 *
 * or, where channels are few, S for each share of the images by itself, T[p,q,k,c] =
 * sum{share} S[share,p,q,k,c].
 *
 * What V, M and D hold of some tiles of some images stays in the cache of one processor: those
 * equations are stages of a task. Forward, where the weights are larger than that cache, all tiles
 * go through each equation in turn instead. Of the weights' gradient a task has some p, 3g to 3g+2
 * say. Every sum has one owner: a thread owns some p, and reads all images for them, or shares, and
 * reads few images that others made (what processors of two caches have read costs several times as
 * much to write). A cost model decides; -fno-winograd keeps the sums in their plain order. */
#include "winograd.h"

#include <string.h>

/* Points 0, 1, -1 and infinity, and for the larger tiles 2 and -2 as well. */
const Form winograd_forms[] = {
        {.tile = 4,
         .span = 6,
         .weights = {"G",
                     6,
                     3,
                     {{0.25, 0, 0},
                      {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                      {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                      {1.0 / 24, 1.0 / 12, 1.0 / 6},
                      {1.0 / 24, -1.0 / 12, 1.0 / 6},
                      {0, 0, 1}}},
         .input = {"B",
                   6,
                   6,
                   {{4, 0, -5, 0, 1, 0},
                    {0, -4, -4, 1, 1, 0},
                    {0, 4, -4, -1, 1, 0},
                    {0, -2, -1, 2, 1, 0},
                    {0, 2, -1, -2, 1, 0},
                    {0, 4, 0, -5, 0, 1}}},
         .output = {"A",
                    4,
                    6,
                    {{1, 1, 1, 1, 1, 0},
                     {0, 1, -1, 2, -2, 0},
                     {0, 1, 1, 4, 4, 0},
                     {0, 1, -1, 8, -8, 1}}},
         .read = 370,
         .write = 290,
         .sum = 400,
         .part = 130,
         .error = 1},
        {.tile = 2,
         .span = 4,
         .weights = {"G", 4, 3, {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}}},
         .input = {"B", 4, 4, {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}}},
         .output = {"A", 2, 4, {{1, 1, 1, 0}, {0, 1, -1, -1}}},
         .read = 170,
         .write = 140,
         .sum = 200,
         .part = 60,
         .error = 0.3},
        {0}};

static const Matrix *transposed(const Matrix *m)
{
	Matrix *t = new(Matrix);

	*t = (Matrix){.name = format("%st", m->name), .rows = m->cols, .cols = m->rows};
	for (int i = 0; i < t->rows; i++)
		for (int j = 0; j < t->cols; j++)
			t->value[i][j] = m->value[j][i];
	return t;
}

/* ---- the equations -------------------------------------------------------------------------- */

static int up(int n, int unit)
{
	return (n + unit - 1) / unit;
}

static Axis *free_axis(Eqn *q, Axis *a)
{
	for (int i = q->naxis; i > q->nfree; i--)
		q->axis[i] = q->axis[i - 1];
	q->axis[q->nfree++] = a;
	q->naxis++;
	return a;
}

static Axis *fold_axis(Eqn *q, Axis *a)
{
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

static Eqn *begin(const Window *m, bool stage, const Matrix *matrix)
{
	Eqn *q = eqn_new(m->p, m->q->phase, m->q->layer);

	q->task = m->staged && stage ? m->q->id + 1 : 0;
	q->matrix = matrix;
	q->flop = 0;
	return q;
}

static Tensor *made(const Window *m, const char *name)
{
	return tensor_new(m->p, name, format("%s_%s", m->q->out->cname, name), ROLE_TEMP);
}

static void put(Eqn *q, Affine at, int extent)
{
	q->index[q->out->rank] = at;
	q->out->dim[q->out->rank++] = extent;
}

static void fold_columns(Eqn *q, const char *a, const char *b)
{
	q->col[0] = fold_axis(q, axis_new(a, q->matrix->cols));
	q->col[1] = fold_axis(q, axis_new(b, q->matrix->cols));
}

static void free_rows(Eqn *q, const char *a, const char *b)
{
	q->row[0] = free_axis(q, axis_new(a, q->matrix->rows));
	q->row[1] = free_axis(q, axis_new(b, q->matrix->rows));
}

/* The weights, transformed; of a data gradient with the window turned round. */
static Eqn *weights(const Window *m)
{
	Eqn *q = begin(m, false, &m->form->weights);
	Axis *k = free_axis(q, copy_axis(m->k)), *c = free_axis(q, copy_axis(m->c));
	Affine at[4];

	free_rows(q, "p", "q");
	fold_columns(q, "a", "b");
	q->out = made(m, "U");
	q->out->planes = true;
	q->out->lane_wish = 2;
	put(q, affine_axis(q->row[0]), m->form->span);
	put(q, affine_axis(q->row[1]), m->form->span);
	put(q, affine_axis(k), k->extent);
	put(q, affine_axis(c), c->extent);
	at[m->kdim] = affine_axis(k);
	at[!m->kdim] = affine_axis(c);
	for (int d = 0; d < 2; d++) {
		Affine tap = affine_axis(q->col[d]);
		at[2 + d] = m->flip ? affine_add(affine(WINDOW - 1), tap, -1) : tap;
	}
	q->rhs = expr_read(m->w->tensor, at);
	return q;
}

typedef struct Where {     /* of an equation over tiles                                   */
	Axis *share;       /* loops around its stage, or NULL: shares of the images,      */
	Axis *g, *nb, *ub; /* some p, the images and the rows of a task                   */
	Affine first;      /* image of the task                                           */
	Affine n, u, v, z; /* image, row and column of the tile, its number               */
	Axis *c;           /* channel                                                     */
} Where;

/* Over all images, some at a time. */
static Axis *batches(const Window *m, int images, const char *name)
{
	Axis *a = axis_new(name, up(m->n->extent, images));

	a->batch = true;
	a->unit = images;
	return a;
}

static Axis *shares(const Window *m)
{
	return batches(m, m->share, "share");
}

/* The loops around the stages of a task, outermost first: what threads share, then tiles; the parts
 * g where threads share images are innermost, so that what they read in common stays near. A sum
 * over tiles folds those over tiles. */
static Where around(const Window *m, Eqn *q, bool folds)
{
	Where w = {0};

	if (!m->staged)
		return w;
	if (m->shares > 1)
		w.share = q->around[q->naround++] = free_axis(q, shares(m));
	if (m->sums)
		w.g = free_axis(q, axis_new("g", m->form->span / m->planes));
	if (m->sums && !w.share)
		q->around[q->naround++] = w.g;
	w.nb = w.share ? axis_new(m->n->name, m->share / m->images)
	               : batches(m, m->images, m->n->name);
	w.first = affine_scale(affine_axis(w.nb), m->images);
	if (w.share)
		w.first = affine_add(w.first, affine_axis(w.share), m->share);
	w.ub = axis_new("band", up(m->rows, m->band));
	q->around[q->naround++] = folds ? fold_axis(q, w.nb) : free_axis(q, w.nb);
	q->around[q->naround++] = folds ? fold_axis(q, w.ub) : free_axis(q, w.ub);
	if (w.share)
		q->around[q->naround++] = w.g;
	return w;
}

/* Axes over the tiles of a task, or of all images, and over channels become free axes of q: one
 * channel after the other, so that what is read lies in rows. */
static Where over_tiles(const Window *m, Eqn *q, const Axis *channel)
{
	Where w = around(m, q, false);
	int high = m->staged ? m->band : m->rows;
	Axis *e = NULL, *u = axis_new("u", high), *v = axis_new("v", m->cols);

	w.u = m->staged ? affine_scale(affine_axis(w.ub), m->band) : affine(0);
	w.n = m->staged ? w.first : affine(0);
	w.z = affine(0);
	if (!m->staged || m->images > 1) {
		e = m->staged ? axis_new("e", m->images) : copy_axis(m->n);
		w.n = affine_add(w.n, affine_axis(free_axis(q, e)), 1);
		w.z = affine_scale(affine_axis(e), high * m->cols);
	}
	w.c = free_axis(q, copy_axis(channel));
	if (high > 1) {
		w.u = affine_add(w.u, affine_axis(free_axis(q, u)), 1);
		w.z = affine_add(w.z, affine_axis(u), m->cols);
	}
	w.v = m->cols > 1 ? affine_axis(free_axis(q, v)) : affine(0);
	w.z = affine_add(w.z, w.v, 1);
	return w;
}

static int tiles_of_task(const Window *m)
{
	return (m->staged ? m->images * m->band : m->n->extent * m->rows) * m->cols;
}

/* What indexes V, M or D: the task, the products, a channel, a tile. Returns the rank. */
static int products_index(const Eqn *q, Axis *channel, Affine z, Affine *at)
{
	int d = 0;

	for (int i = 0; i < q->naround; i++)
		at[d++] = affine_axis(q->around[i]);
	at[d++] = affine_axis(q->row[0]);
	at[d++] = affine_axis(q->row[1]);
	at[d++] = affine_axis(channel);
	at[d++] = z;
	return d;
}

static void put_products(const Window *m, Eqn *q, const Where *w, Axis *channel)
{
	Affine at[MAX_DIM];
	int rank = products_index(q, channel, w->z, at);

	for (int d = 0; d < rank; d++)
		put(q, at[d], d == rank - 1 ? tiles_of_task(m) : at[d].term[0].axis->extent);
	q->out->scratch = q->naround;
	q->out->planes = true;
	q->out->lane_wish = rank - 2;
}

/* V of x, or D of dy: 36 values a tile and channel */
static Eqn *transformed(const Window *m, const char *name, const Matrix *matrix, Tensor *t,
                        const Axis *channel, const int *lag)
{
	Eqn *q = begin(m, true, matrix);
	Where w = over_tiles(m, q, channel);
	const Form *f = m->form;
	Affine at[4] = {w.n, affine_axis(w.c), affine_scale(w.u, f->tile),
	                affine_scale(w.v, f->tile)};

	q->part = w.g && m->planes < f->span ? w.g : NULL;
	q->row[0] = free_axis(q, axis_new("p", w.g ? m->planes : f->span));
	q->row[1] = free_axis(q, axis_new("q", f->span));
	fold_columns(q, "a", "b");
	q->out = made(m, name);
	put_products(m, q, &w, w.c);
	for (int d = 0; d < 2; d++) {
		at[2 + d] = affine_add(at[2 + d], affine_axis(q->col[d]), 1);
		at[2 + d].c -= lag[d];
	}
	q->rhs = expr_read(t, at);
	return q;
}

/* M from U and V */
static Eqn *products(const Window *m, Tensor *u, Tensor *v)
{
	Eqn *q = begin(m, true, NULL);
	Where w = around(m, q, false);
	Affine at[MAX_DIM];

	q->row[0] = free_axis(q, axis_new("p", m->form->span));
	q->row[1] = free_axis(q, axis_new("q", m->form->span));
	Axis *k = free_axis(q, copy_axis(m->k));
	int z = tiles_of_task(m);
	w.z = z > 1 ? affine_axis(free_axis(q, axis_new("z", z))) : affine(0);
	Axis *c = fold_axis(q, axis_new("c", m->c->extent));
	q->out = made(m, "M");
	put_products(m, q, &w, k);
	products_index(q, c, w.z, at);
	Affine at_u[4] = {affine_axis(q->row[0]), affine_axis(q->row[1]), affine_axis(k),
	                  affine_axis(c)};
	q->rhs = expr_op(OP_MUL, expr_read(v, at), expr_read(u, at_u), NULL, NULL);
	return q;
}

/* y from M */
static Eqn *outputs(const Window *m, Tensor *from)
{
	Eqn *q = begin(m, true, &m->form->output);
	Where w = over_tiles(m, q, m->k);
	Affine at[MAX_DIM];
	Eqn read = {.naround = q->naround};

	free_rows(q, "a", "b");
	fold_columns(q, "p", "q");
	q->out = m->q->out;
	q->index[0] = w.n;
	q->index[1] = affine_axis(w.c);
	q->index[2] = affine_add(affine_scale(w.u, m->form->tile), affine_axis(q->row[0]), 1);
	q->index[3] = affine_add(affine_scale(w.v, m->form->tile), affine_axis(q->row[1]), 1);
	memcpy(read.around, q->around, sizeof read.around);
	memcpy(read.row, q->col, sizeof read.row);
	products_index(&read, w.c, w.z, at);
	q->rhs = expr_read(from, at);
	return q;
}

/* [p][q][k][c], behind what is there */
static void put_sums(const Window *m, Eqn *q, Affine p, Axis *k, Axis *c)
{
	q->out->planes = true;
	q->out->lane_wish = q->out->rank + 2;
	put(q, p, m->form->span);
	put(q, affine_axis(q->row[1]), m->form->span);
	put(q, affine_axis(k), k->extent);
	put(q, affine_axis(c), c->extent);
}

/* S from D and V: for some p, over the tiles of one task after the other */
static Eqn *sums_of_products(const Window *m, Tensor *dy, Tensor *v)
{
	Eqn *q = begin(m, true, NULL);
	Where w = around(m, q, true);
	Affine at[MAX_DIM];
	int z = tiles_of_task(m);

	q->row[0] = free_axis(q, axis_new("p", m->planes));
	q->row[1] = free_axis(q, axis_new("q", m->form->span));
	Axis *k = free_axis(q, copy_axis(m->k)), *c = free_axis(q, copy_axis(m->c));
	w.z = z > 1 ? affine_axis(fold_axis(q, axis_new("z", z))) : affine(0);
	q->out = made(m, "S");
	Affine p = affine_axis(q->row[0]);
	if (w.share)
		put(q, affine_axis(w.share), w.share->extent);
	put_sums(m, q, w.g ? affine_add(affine_scale(affine_axis(w.g), m->planes), p, 1) : p, k, c);
	products_index(q, k, w.z, at);
	Expr *d = expr_read(dy, at);
	products_index(q, c, w.z, at);
	q->rhs = expr_op(OP_MUL, d, expr_read(v, at), NULL, NULL);
	return q;
}

/* The shares' sums, added up in order */
static Eqn *total(const Window *m, Tensor *from)
{
	Eqn *q = begin(m, false, NULL);
	Affine at[5];

	q->row[0] = free_axis(q, axis_new("p", m->form->span));
	q->row[1] = free_axis(q, axis_new("q", m->form->span));
	Axis *k = free_axis(q, copy_axis(m->k)), *c = free_axis(q, copy_axis(m->c));
	Axis *share = fold_axis(q, shares(m));
	q->out = made(m, "T");
	put_sums(m, q, affine_axis(q->row[0]), k, c);
	at[0] = affine_axis(share);
	memcpy(at + 1, q->index, 4 * sizeof *at);
	q->rhs = expr_read(from, at);
	return q;
}

/* dw from S, or from T */
static Eqn *result(const Window *m, Tensor *from)
{
	Eqn *q = begin(m, false, transposed(&m->form->weights));
	Axis *k = free_axis(q, copy_axis(m->k)), *c = free_axis(q, copy_axis(m->c));

	free_rows(q, "r", "s");
	fold_columns(q, "p", "q");
	q->out = m->q->out;
	q->index[0] = affine_axis(k);
	q->index[1] = affine_axis(c);
	q->index[2] = affine_axis(q->row[0]);
	q->index[3] = affine_axis(q->row[1]);
	Affine at[4] = {affine_axis(q->col[0]), affine_axis(q->col[1]), affine_axis(k),
	                affine_axis(c)};
	q->rhs = expr_read(from, at);
	return q;
}

/* Four equations for one, or five; the third does the work. Returns how many. */
static int replace(Window *m, Eqn *part[5])
{
	static const int none[2] = {0, 0};
	int n = 4;

	if (m->sums) {
		part[0] =
		        transformed(m, "D", transposed(&m->form->output), m->w->tensor, m->k, none);
		part[1] = transformed(m, "V", &m->form->input, m->x->tensor, m->c, m->lag);
		part[2] = sums_of_products(m, part[0]->out, part[1]->out);
		if (m->shares > 1)
			part[n++ - 1] = total(m, part[2]->out);
		part[n - 1] = result(m, part[n - 2]->out);
	} else {
		part[0] = weights(m);
		part[1] = transformed(m, "V", &m->form->input, m->x->tensor, m->c, m->lag);
		part[2] = products(m, part[0]->out, part[1]->out);
		part[3] = outputs(m, part[2]->out);
	}
	part[n - 1]->error = m->error;
	part[n - 1]->side = m->form->tile;
	part[2]->flop = 2.0 * window_work(m) * m->k->extent * m->c->extent * m->n->extent;
	return n;
}

void winograd(Prog *p)
{
	if (!p->channels || options.no_winograd || options.no_tile || options.no_fuse)
		return;
	for (Eqn **link = &p->first; *link; link = &(*link)->next) {
		Window m = {.p = p, .q = *link};
		Eqn *part[5];
		if (!winograd_choose(&m))
			continue;
		int parts = replace(&m, part);
		for (int i = 0; i < parts; i++) {
			part[i]->next = i < parts - 1 ? part[i + 1] : m.q->next;
			*link = part[i];
			link = i < parts - 1 ? &part[i]->next : link;
		}
		if (p->last == m.q)
			p->last = part[parts - 1];
	}
}
