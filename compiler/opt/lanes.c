/* lanes.c: what runs in the lanes of a vector (the first part of pass fuse).
 *
 * In: all equations. Out: Prog.channels, Tensor.lane_dim, and for each kernel the axis that runs in
 * the lanes. Two families of layout, one for a network:
 *
 *     images    [n/V][c][h][w][V]     every lane is used whatever the number of channels
 *     channels  [n][c/V][h][w][V]     needs no batch, and few images at a time in the cache
 *
 * Channels win where numbers of channels are multiples of V. Then parameters lie in blocks of the
 * dimension that the forward contraction has in its lanes, and the data gradient, which wants the
 * other one, reads a copy that is made in each step. An operand without the lane's axis is read
 * as a scalar for all lanes; one that has the axis in another place is gathered. Lanes past the
 * end of a dimension hold anything, and nothing uses them: sums over the lanes leave them out.
 */
#include "opt.h"

#include <assert.h>
#include <string.h>

/* ---- indices -------------------------------------------------------------------------------- */

int blocks_of(const Prog *p, const Axis *a)
{
	return a->lane ? (a->extent + p->lanes - 1) / p->lanes : a->extent;
}

/* Is the index whole blocks and, inside a block, the axis? */
static bool aligned(const Prog *p, const Affine *a, const Axis *lane)
{
	bool whole = a->c % p->lanes == 0;

	for (int i = 0; i < a->n; i++)
		whole = whole && (a->term[i].axis == lane ? a->term[i].coef == 1
		                                          : a->term[i].coef % p->lanes == 0);
	return whole;
}

static bool can_leave(const Affine *a, int extent)
{
	int lo, hi;

	affine_range(a, &lo, &hi);
	return lo < 0 || hi >= extent;
}

typedef struct Fit { /* can `lane` run in the lanes?                                */
	const Prog *p;
	const Axis *lane;
	bool ok, block; /* block: something has it in its blocks                       */
} Fit;

static void fit_read(Expr *e, void *ctx)
{
	Fit *f = ctx;
	int places = 0;

	if (e->op == OP_INSIDE && affine_coef(&e->index[0], f->lane))
		f->ok = f->ok && aligned(f->p, &e->index[0], f->lane);
	if (e->op != OP_READ)
		return;
	for (int d = 0; d < e->n; d++) {
		if (!affine_coef(&e->index[d], f->lane))
			continue;
		bool block = d == e->tensor->lane_dim;
		f->block |= block;
		places++;
		f->ok = f->ok &&
		        (block ? aligned(f->p, &e->index[d], f->lane)
		               : !can_leave(&e->index[d], e->tensor->dim[d]) && !e->tensor->bytes8);
	}
	f->ok = f->ok && places < 2;
}

static bool fits(const Prog *p, const Eqn *q, const Axis *lane)
{
	Fit f = {p, lane, q->out->lane_dim >= 0, false};
	bool free = false;

	for (int i = 0; i < q->nfree; i++)
		free |= q->axis[i] == lane;
	for (int d = 0; d < q->out->rank; d++)
		if (affine_coef(&q->index[d], lane))
			f.ok = f.ok && d == q->out->lane_dim && aligned(p, &q->index[d], lane);
	expr_each(q->rhs, fit_read, &f);
	return f.ok && free;
}

/* The axis that runs along the blocks of what q makes, or NULL. */
static Axis *lane_of(const Prog *p, const Eqn *q)
{
	for (int i = 0; i < q->nfree; i++)
		if (!q->axis[i]->batch && fits(p, q, q->axis[i]))
			return q->axis[i];
	return NULL;
}

static bool take_stage_lanes(const Prog *p, Kernel *k)
{
	bool all = true;

	for (int i = 0; i < k->nstage; i++)
		all = take_lane(p, k->stage[i]) && all;
	return all;
}

/* Does q fold along the blocks of something, and may the axis run in the lanes? */
static bool folds_blocks(const Prog *p, const Eqn *q, Axis *a)
{
	Fit f = {p, a, true, false};

	expr_each(q->rhs, fit_read, &f);
	return f.ok && f.block && !a->batch;
}

/* What has an image a point and no lane, the loss, say, folds a block at a time. */
static void fold_blocks(const Prog *p, Kernel *k)
{
	for (int j = 0; j < k->neqn; j++) {
		Eqn *q = k->eqn[j];
		Axis *lane = NULL;
		if (!q->fold || q->arg || eqn_is_contraction(q))
			continue;
		for (int i = q->nfree; i < q->naxis && !lane; i++)
			lane = folds_blocks(p, q, q->axis[i]) ? q->axis[i] : NULL;
		if (lane)
			lane->lane = true;
	}
}

bool take_lane(const Prog *p, Kernel *k)
{
	if (k->nstage)
		return take_stage_lanes(p, k);
	const Eqn *root = k->eqn[0];
	Axis *lane = NULL;

	for (int i = 0; i < root->nfree && p->channels && !lane; i++) {
		lane = root->axis[i]->batch ? NULL : root->axis[i];
		for (int j = 0; j < k->neqn && lane; j++)
			lane = fits(p, k->eqn[j], lane) ? lane : NULL;
	}
	for (int j = 0; j < k->neqn; j++)
		for (int i = 0; i < k->eqn[j]->naxis; i++) {
			Axis *a = k->eqn[j]->axis[i];
			assert(a);
			a->lane = p->channels ? a == lane : a->batch && p->lanes > 1;
		}
	if (p->channels && !lane)
		fold_blocks(p, k);
	return lane != NULL;
}

/* ---- the family ----------------------------------------------------------------------------- */

/* Does the runtime see the blocked dimension as formulas do? */
static bool visible(const Prog *p, const Tensor *t, int dim)
{
	if (t->role == ROLE_INPUT || t->role == ROLE_TARGET)
		return false;
	for (int d = 0; d <= dim && t->file_rank; d++)
		if (d >= t->file_rank || t->file_dim[d] != t->dim[d])
			return false;
	return t != p->output || t->rank < 4 || t->dim[2] * t->dim[3] == 1;
}

static void set_dim(const Prog *p, Tensor *t, int dim)
{
	t->lane_dim = dim < t->rank && t->dim[dim] > 1 && visible(p, t, dim) ? dim : -1;
}

static void of_images(Prog *p)
{
	for (int i = 0; i < p->ntensor; i++)
		p->tensor[i]->lane_dim = p->lanes > 1 && p->tensor[i]->batched ? 0 : -1;
}

/* The dimension of a parameter that a forward contraction has in its lanes. */
typedef struct Weight {
	const Prog *p;
	const Axis *lane;
} Weight;

static void along_lane(Expr *e, void *ctx)
{
	const Weight *w = ctx;

	for (int d = 1; e->op == OP_READ && !e->tensor->batched && d < e->n; d++)
		if (affine_is(&e->index[d], w->lane))
			set_dim(w->p, e->tensor, d);
}

/* The axis that stands in the blocked dimension of the output, whatever the operands say. */
static Axis *wanted_lane(const Prog *p, const Eqn *q)
{
	const Affine *a = &q->index[q->out->lane_dim < 0 ? 0 : q->out->lane_dim];

	for (int i = 0; i < a->n && q->out->lane_dim >= 0; i++)
		if (!a->term[i].axis->batch && aligned(p, a, a->term[i].axis))
			return a->term[i].axis;
	return NULL;
}

static void of_channels(Prog *p)
{
	for (int i = 0; i < p->ntensor; i++)
		set_dim(p, p->tensor[i],
		        p->tensor[i]->lane_wish >= 0 ? p->tensor[i]->lane_wish
		                                     : p->tensor[i]->batched);
	for (Eqn *q = p->first; q && q->phase == PHASE_FORWARD; q = q->next) {
		Weight w = {p, wanted_lane(p, q)};
		if (eqn_is_contraction(q) && w.lane)
			expr_each(q->rhs, along_lane, &w);
	}
	for (int i = 0; i < p->ntensor; i++)
		if (p->tensor[i]->of)
			p->tensor[i]->lane_dim = p->tensor[i]->of->lane_dim;
}

/* What empty lanes make of a unit of work. */
static double diluted(const Prog *p, int extent)
{
	int blocks = (extent + p->lanes - 1) / p->lanes;

	return (double)(blocks * p->lanes) / extent;
}

/* The same for channels: with one block of them a tile has nothing to use an operand twice for. */
static double of_lane(const Prog *p, int extent)
{
	return diluted(p, extent) * (extent > p->lanes ? 1 : 1.3);
}

/* Channels, unless the images would be done sooner. Channels that fit need less cache. */
bool prefers_channels(Prog *p)
{
	double channels = 0, images = 0;

	if (p->lanes == 1)
		return false;
	of_channels(p);
	if (options.lanes)
		return !strcmp(options.lanes, "channels");
	for (const Eqn *q = p->first; q && q->phase != PHASE_UPDATE; q = q->next) {
		const Axis *lane = eqn_is_contraction(q) ? wanted_lane(p, q) : lane_of(p, q);
		double points = 1;
		for (int i = 0; i < q->naxis; i++)
			points *= q->axis[i]->extent;
		channels += points * (lane ? of_lane(p, lane->extent) : p->lanes);
		images += points * diluted(p, p->model->batch);
	}
	p->other_family = 0.85 * channels <= images ? images / channels : channels / images;
	return 0.85 * channels <= images;
}

/* ---- copies --------------------------------------------------------------------------------- */

typedef struct Copy { /* which operand wants to be read from a copy                  */
	const Axis *lane;
	Expr *read;
	int dim;
} Copy;

/* Dimension `dim` first, the others behind it as they were. */
static void put_first(Affine *to, const Affine *from, int rank, int dim)
{
	to[0] = from[dim];
	for (int d = 0; d < rank; d++)
		if (d != dim)
			to[d < dim ? d + 1 : d] = from[d];
}

/* Does `read` see one of t's places in dimension d, or some at a distance from each other, as the
 * phases of a strided gradient see the taps of a window? */
static bool sees_some(const Expr *read, int d)
{
	const Affine *x = &read->index[d];
	int lo, hi, count = x->n ? x->term[0].axis->extent : 1;

	affine_range(x, &lo, &hi);
	return x->n < 2 && count < read->tensor->dim[d] && lo >= 0 && hi < read->tensor->dim[d];
}

/* The equation that copies what `read` sees of a tensor into blocks of dimension `dim`, which
 * becomes the first one: so the sum over another walks along memory, and not in strides that fall
 * on few cache sets. `at` becomes the index with which the copy is read. */
static Eqn *copy_along(Prog *p, Phase phase, const Expr *read, int dim, Affine *at)
{
	Eqn *q = eqn_new(p, phase, NULL);
	Tensor *t = read->tensor;
	Affine from[MAX_DIM], to[MAX_DIM], index[MAX_DIM];

	q->out = tensor_new(p, "copy", format("%s_by%d", t->cname, dim), ROLE_TEMP);
	q->out->rank = t->rank;
	q->out->lane_dim = 0;
	for (int d = 0; d < t->rank; d++) {
		const Affine *x = &read->index[d];
		bool some = d != dim && sees_some(read, d);
		Axis *tap = x->n ? x->term[0].axis : NULL; /* none: one place */
		int extent = !some ? t->dim[d] : tap ? tap->extent : 1;
		q->out->dim[d == dim ? 0 : d < dim ? d + 1 : d] = extent;
		to[d] = extent > 1 ? affine_axis(axis_new(copy_bytes(&"kcrsuv"[d], 1), extent))
		                   : affine(0);
		from[d] = some ? affine_subst(*x, tap, to[d]) : to[d];
		index[d] = !some ? *x : tap ? affine_axis(tap) : affine(0);
	}
	put_first(q->index, to, t->rank, dim);
	put_first(at, index, t->rank, dim);
	for (int d = 0; d < t->rank; d++)
		if (q->index[d].n)
			q->axis[q->nfree++] = q->index[d].term[0].axis;
	q->naxis = q->nfree;
	q->rhs = expr_read(t, from);
	return q;
}

/* A parameter with the lane's axis in another dimension than the blocked one is read from a copy
 * that has it there. */
static void find_copy(Expr *e, void *ctx)
{
	Copy *c = ctx;

	for (int d = 0; e->op == OP_READ && !e->tensor->batched && d < e->n && !c->read; d++)
		if (d != e->tensor->lane_dim && affine_is(&e->index[d], c->lane) &&
		    e->tensor->dim[d] == c->lane->extent) {
			c->read = e;
			c->dim = d;
		}
}

static void copies(Prog *p)
{
	for (Eqn **link = &p->first; *link; link = &(*link)->next) {
		Eqn *q = *link;
		Copy c = {.lane = wanted_lane(p, q)};
		if (eqn_is_contraction(q) && c.lane)
			expr_each(q->rhs, find_copy, &c);
		if (!c.read)
			continue;
		Affine index[MAX_DIM];
		Eqn *copy = copy_along(p, q->phase, c.read, c.dim, index);
		q->rhs = expr_replace(q->rhs, c.read, expr_read(copy->out, index));
		copy->next = q;
		*link = copy;
		link = &copy->next;
	}
}

void lanes(Prog *p)
{
	if (!p->channels) {
		of_images(p);
		return;
	}
	of_channels(p);
	copies(p);
}
