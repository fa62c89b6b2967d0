/* winograd_choose.c: which contractions winograd.c rewrites, and into tasks of what size.
 *
 * In: an equation. Out: a Window where it is a sum over a 3 x 3 window that moves by one (forward,
 * the gradient of the data, or that of the weights) and fewer multiplications are worth their
 * transforms: both ways are counted in multiply-adds of vectors. Tasks are sized by the
 * second-level cache. */
#include "winograd.h"

#include <limits.h>
#include <math.h>

enum { FEW_TILES = 8, MOST_TILES = 32, FEW_SUMMED = 112, MOST_SUMMED = 256 };
enum { MOST_SCRATCH = 2 << 20, SHARES = 8 };
static const double FETCH = 48;     /* of sums so far, in multiply-adds */
static const double SPILLED = 1.35; /* where what one tile becomes does not fit the registers */
static const double MOVE = 6;       /* of a vector to or from another processor's cache, likewise */
static const double PAYS = 0.85;    /* of the plain sum's time, at most */

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
static bool moves(Window *m, int d)
{
	const Affine *at = &m->x->index[2 + d];
	const Affine *moved = m->sums ? &m->w->index[2 + d] : &m->q->index[2 + d];
	const Affine *taps = m->sums ? &m->q->index[2 + d] : &m->w->index[2 + d];
	const Axis *i = only(moved), *tap = only(taps);

	if (!i || !tap || tap->extent != WINDOW || folded(m->q, tap) == m->sums || at->n != 2 ||
	    affine_coef(at, i) != 1)
		return false;
	int sign = affine_coef(at, tap);
	bool flip = sign == -1;
	if ((sign != 1 && (m->sums || sign != -1)) || (d > 0 && flip != m->flip))
		return false;
	m->flip = flip;
	m->lag[d] = flip ? WINDOW - 1 - at->c : -at->c;
	m->out[d] = i->extent;
	return true;
}

/* The operands: of a gradient of weights both have images, and the window moves over one. */
static bool operands(Window *m)
{
	const Expr *a = m->q->rhs->arg[0], *b = m->q->rhs->arg[1];

	if (a->op != OP_READ || b->op != OP_READ || a->n != 4 || b->n != 4)
		return false;
	bool first = m->sums ? a->index[2].n == 2 : a->tensor->batched;
	m->x = first ? a : b;
	m->w = first ? b : a;
	return m->x->tensor->batched && m->w->tensor->batched == m->sums;
}

/* Stages read and store whole vectors; the network's input, and an output that is an image, lie
 * row by row. */
static bool in_vectors(const Window *m)
{
	return m->x->tensor->lane_dim == 1 && m->q->out->lane_dim == (m->sums ? 0 : 1) &&
	       (!m->sums || m->w->tensor->lane_dim == 1);
}

static bool matches(Window *m)
{
	const Eqn *q = m->q;

	if (q->fold != FOLD_SUM || q->naxis != 7 || q->nfree != 4 || q->rhs->op != OP_MUL ||
	    q->out->rank != 4 || q->update)
		return false;
	m->sums = !q->out->batched;
	if (!operands(m))
		return false;
	const Affine *at = m->sums ? m->w->index : q->index;
	m->n = only(&at[0]);
	m->k = only(&at[1]);
	m->c = only(&m->x->index[1]);
	if (!m->n || !m->k || !m->c || only(&m->x->index[0]) != m->n)
		return false;
	const Affine *weight = m->sums ? q->index : m->w->index;
	m->kdim = only(&weight[0]) == m->k ? 0 : 1;
	return only(&weight[m->kdim]) == m->k && only(&weight[!m->kdim]) == m->c &&
	       (!m->sums || m->kdim == 0) && moves(m, 0) && moves(m, 1);
}

/* ---- whether and how ------------------------------------------------------------------------ */

static int up(int n, int unit)
{
	return (n + unit - 1) / unit;
}

/* Share of the taps of dimension d that are inside. */
static double inside(const Window *m, int d)
{
	int n = 0, in = m->x->tensor->dim[2 + d];

	for (int i = 0; i < m->out[d]; i++)
		for (int r = 0; r < WINDOW; r++)
			n += i + r - m->lag[d] >= 0 && i + r - m->lag[d] < in;
	return (double)n / (double)(WINDOW * m->out[d]);
}

double window_work(const Window *m)
{
	return WINDOW * WINDOW * inside(m, 0) * inside(m, 1) * m->out[0] * m->out[1];
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

/* Channels of both operands, in whole vectors. */
static int64_t channels(const Window *m)
{
	int lanes = m->p->lanes;

	return ((int64_t)up(m->k->extent, lanes) + up(m->c->extent, lanes)) * lanes;
}

/* Tiles of a task: what its stages share fits the second-level cache with room to spare. Sums over
 * tiles are fetched for each task, so that larger ones save more than their operands cost, unless
 * FEW_SUMMED is enough to keep those in that cache; MOST_SCRATCH leaves room on the stacks of
 * threads. */
static int most_tiles(const Window *m)
{
	int l2 = m->p->target.l2, span = m->form->span, tile = m->form->tile;
	int64_t value = channels(m) * (options.real_double ? 8 : 4);

	if (!m->sums)
		return least((int)(l2 / 2 / ((int64_t)span * span * value)), MOST_TILES);
	int near = (int)(l2 / 2 / (((int64_t)span * m->planes + (int64_t)tile * tile) * value));
	return least((int)(least(2 * l2, MOST_SCRATCH) / ((int64_t)span * m->planes * value)),
	             least(MOST_SUMMED, near > FEW_SUMMED ? near : FEW_SUMMED));
}

/* A task has one row of tiles at least, however wide the images are and however many channels they
 * have: do its arrays fit the stack of a thread? Without tasks, are the tiles of all images as many
 * as an index can count? */
static bool has_room(const Window *m)
{
	int64_t planes = m->sums ? m->planes : m->form->span, tiles = (int64_t)m->rows * m->cols;

	if (!m->staged)
		return tiles * m->n->extent <= INT_MAX;
	tiles = (int64_t)m->images * m->band * m->cols;
	int64_t of_tile = planes * m->form->span * channels(m) * (options.real_double ? 8 : 4);
	return tiles <= MOST_SCRATCH / of_tile;
}

/* Of the weights, transformed. */
static int64_t weights_bytes(const Window *m)
{
	int lanes = m->p->lanes;
	int64_t products = (int64_t)m->form->span * m->form->span;

	return products * up(m->k->extent, lanes) * up(m->c->extent, lanes) * lanes *
	       m->p->target.vector_bytes;
}

/* Stages go through all of the weights for each task. Where these come from beyond the second-level
 * cache and a task has FEW_TILES at most, its products wait for them. */
static void choose_task(Window *m)
{
	int most = most_tiles(m), all = m->rows * m->cols;
	int tasks = m->sums ? 1 : 8 * m->p->threads;

	m->staged = m->sums || (most >= 8 && (most >= m->cols || most >= 14));
	m->images = 1;
	m->band = m->rows;
	if (!m->staged)
		return;
	if (all > most)
		m->band = up(m->rows, up(m->rows, most > m->cols ? most / m->cols : 1));
	while (all * m->images * 2 <= most && m->share >= 2 * m->images * tasks)
		m->images *= 2;
	m->share = up(m->share, m->images) * m->images;
	int z = m->band * m->cols * m->images;
	m->staged = m->sums || z >= FEW_TILES || weights_bytes(m) <= m->p->target.l2;
	m->staged = m->staged && (m->sums || has_room(m));
}

/* Time of all threads, as a multiple of what they would need for so many pieces if none waited. */
static double idle_threads(const Window *m, int pieces)
{
	return (double)up(pieces, m->p->threads) * m->p->threads / pieces;
}

/* Vectors of an image that move between the caches of processors, as multiply-adds: the sums of
 * each share, written and read; or both operands, which every thread reads that owns a part of p,
 * and which have to be taken from it again when they are next written. */
static double moved(const Window *m)
{
	double k = up(m->k->extent, m->p->lanes), c = up(m->c->extent, m->p->lanes);

	if (m->shares > 1)
		return 2 * MOVE * m->form->span * m->form->span * k * m->c->extent / m->share;
	return m->p->threads > 1 ? 2 * MOVE * (k + c) * m->out[0] * m->out[1] : 0;
}

/* Time as a part of the plain sum's, both in cycles an image, one multiply-add of a vector each. A
 * tap of the plain sum that is left out takes about as long as one inside. Transforms were measured
 * to take what their Form says, and twice that where 36 values meet 16 registers. Sums that lie
 * beyond the second-level cache come no faster than FETCH multiply-adds. */
static double relative_cost(const Window *m)
{
	const Form *f = m->form;
	double k = up(m->k->extent, m->p->lanes), c = up(m->c->extent, m->p->lanes);
	double direct = 1.1 * k * m->c->extent * (double)(WINDOW * WINDOW * m->out[0] * m->out[1]);
	double products = 1.1 * k * m->c->extent * (double)(f->span * f->span);
	double spill = 2 * m->p->target.registers >= f->span * f->span ? 1 : 2;
	double transforms = spill * (f->read * c + f->write * k), idle = 1;

	if (m->sums) {
		int parts = f->span / m->planes;
		int64_t sums = (int64_t)f->span * m->planes * channels(m) * channels(m);
		double z = least(m->band * m->images, m->rows * m->n->extent) * m->cols;
		idle = idle_threads(m, m->shares > 1 ? up(m->n->extent, m->share) : parts);
		transforms = (f->sum + f->part * parts) * (c + k);
		transforms *= m->planes * f->span > m->p->target.registers ? SPILLED : 1;
		if (sums > m->p->target.l2 / 2 && z < FETCH)
			products *= FETCH / z;
		transforms += moved(m) / (m->rows * m->cols);
	}
	return (double)m->rows * m->cols * idle * (products + transforms) / direct;
}

static double with_form(Window *m, const Form *f, int planes, int shares)
{
	m->form = f;
	m->planes = planes;
	m->shares = shares;
	m->share = up(m->n->extent, shares);
	m->rows = up(m->out[0], f->tile);
	m->cols = up(m->out[1], f->tile);
	choose_task(m);
	return has_room(m) ? relative_cost(m) : INFINITY;
}

/* The form, and of a gradient of weights how many of its planes a task has and what threads share:
 * these parts, or the images. How many shares there are does not depend on the threads of a run. */
static double choose_form(Window *m)
{
	Window best = *m;
	double least_cost = INFINITY;

	for (const Form *f = winograd_forms; f->tile; f++)
		for (int i = 0; i < (m->sums ? 2 * f->span : 1); i++) {
			int planes = i / 2 + 1, shares = i % 2 ? SHARES : 1;
			double cost = f->span % planes ? INFINITY : with_form(m, f, planes, shares);
			if (cost >= least_cost)
				continue;
			least_cost = cost;
			best = *m;
		}
	*m = best;
	return least_cost;
}

/* Relative error in the Euclidean norm, expected of one kernel: 0.35e-6 n^0.4 of n summed channels
 * forward and half of that in the gradient of the data, 0.5e-6 n^0.4 of n summed tiles in the
 * gradient of the weights. Fitted to kernels of random numbers against sums in double: 16 to 256
 * channels gave 1.0e-6 to 3.3e-6 forward and 0.5e-6 to 1.3e-6 (128) in the gradient of the data, 4
 * to 1024 tiles gave 0.8e-6 to 8.7e-6. Plain sums are off by 0.2e-6 to 0.8e-6, and of weights by up
 * to 2.5e-6; F(2x2, 3x3) was off by no more than they are. Double has 29 bits more. */
static double expected_error(const Window *m)
{
	bool backward = m->q->phase == PHASE_BACKWARD;
	double unit = m->sums ? 0.5e-6 : backward ? 0.18e-6 : 0.35e-6;
	double n = m->sums ? (double)m->n->extent * m->rows * m->cols : m->c->extent;

	return m->form->error * unit * pow(n, 0.4) * (options.real_double ? 0x1p-29 : 1);
}

bool winograd_choose(Window *m)
{
	if (!matches(m))
		return false;
	double cost = choose_form(m);
	if (isinf(cost))
		m->q->refused = "a row of tiles needs more room than there is on a thread's stack";
	else if (!in_vectors(m))
		m->q->refused = "an operand or the result is not in blocks of channels";
	else if (!options.force_winograd && cost >= PAYS)
		m->q->refused =
		        format("predicted %.2f of the plain sum's time, wanted %.2f", cost, PAYS);
	if (m->q->refused)
		return false;
	m->error = expected_error(m);
	return true;
}
