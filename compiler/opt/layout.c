/* layout.c: where the elements of a tensor lie.
 *
 * In: kernels. Out: for every tensor how many reals it occupies and whether images run in the
 * lanes. Tensors with a batch lie as [n/V][rest][V]: the same feature of V images is one vector, so
 * every lane is used whatever the channel count, and any window, stride or padding is a matter of
 * whole vectors. Everything else (parameters, states, gradients of parameters) lies row-major,
 * padded to whole vectors: kernels read weights as broadcast scalars, the optimizer as one row.
 *
 * The last block of images may be partly dead. Lanes past the live count hold 0 in every tensor
 * that a sum over images reads (`zero_dead`), so that such sums need no mask: all but those that
 * are written image by image, which leaves dead lanes as they were. */
#include "opt.h"

#include <string.h>

enum { FEW_BLOCKS = 16 }; /* fewer: another block of channels costs too much */

static void mark_dead(Expr *e, void *ctx)
{
	const Axis *n = ctx;

	if (e->op == OP_READ && e->tensor->batched && affine_coef(&e->index[0], n))
		e->tensor->zero_dead = true;
}

/* Whoever writes image by image does not write 0 into dead lanes. */
static void keep_masks(const Eqn *q)
{
	bool lanes = false;

	for (int i = 0; i < q->nfree; i++)
		lanes |= q->axis[i]->batch && q->axis[i]->lane;
	q->out->zero_dead &= lanes;
}

/* Channels that lie a multiple of 2 KiB apart fall on few cache sets: rows of one vector more
 * spread them; and so for the features of images, which sums over images walk along. Tensors that
 * the runtime reads keep the shape it knows. */
static int padding(const Prog *p, const Tensor *t)
{
	int64_t vector = (int64_t)p->lanes * (options.real_double ? 8 : 4);
	int64_t last = t->mem[t->rank - 1];
	int64_t row = last * vector;

	if (!t->batched || p->lanes == 1 || t->keep || t->scratch || last == 1)
		return 0;
	if (t->rank == 2 && t->lane_dim >= 0)
		return row % 1024 == 0;
	if (p->channels || t->rank != 4)
		return 0;
	return row % 1024 == 0 || row * t->dim[2] % 2048 == 0;
}

/* Small images that lie a multiple of 4 KiB apart fall on few cache sets as well: one block of
 * channels more spreads them where sums over images walk from one to the next. */
static int spare_block(const Prog *p, const Tensor *t)
{
	int64_t image = options.real_double ? 8 : 4;

	image *= p->lanes;
	for (int d = 1; d < t->rank; d++)
		image *= t->mem[d];
	return t->batched && t->rank == 4 && t->lane_dim == 1 && !t->keep && !t->scratch &&
	       t->mem[1] >= FEW_BLOCKS && image % 4096 == 0 && image <= p->target.l1;
}

/* The planes of a product by transforms, [p][q][c][z]: the 36 values of a tile lie in all of them,
 * and where they are a multiple of 1 KiB apart, in few cache sets. One channel or tile more, or
 * both, spreads them. */
static void spread_planes(const Prog *p, Tensor *t)
{
	int64_t vector = (int64_t)p->lanes * (options.real_double ? 8 : 4);

	if (!t->planes || t->lane_dim != t->rank - 2)
		return;
	int *c = &t->mem[t->rank - 2], *z = &t->mem[t->rank - 1];
	if ((int64_t)*c * *z * vector % 1024)
		return;
	if ((int64_t)*c * (*z + 1) * vector % 1024 == 0)
		*c += 1;
	if ((int64_t)*c * *z * vector % 1024 == 0)
		*z += 1;
}

static void set_memory(const Prog *p, Tensor *t)
{
	for (int d = 0; d < t->rank; d++)
		t->mem[d] = d == t->lane_dim ? (t->dim[d] + p->lanes - 1) / p->lanes : t->dim[d];
	if (t->rank)
		t->mem[t->rank - 1] += padding(p, t);
	if (spare_block(p, t))
		t->mem[1]++;
	spread_planes(p, t);
	t->elems = t->wide || t->lane_dim >= 0 ? p->lanes : 1;
	for (int d = 0; d < t->rank; d++)
		t->elems *= t->mem[d];
	t->elems = (t->elems + p->lanes - 1) / p->lanes * p->lanes;
}

/* Does what a tile of sums reads of all images nearly fit the first-level cache? */
bool sums_fit(const Prog *p, const Eqn *q)
{
	int64_t bytes = 4 * (int64_t)p->target.vector_bytes; /* four, or so, at a point */

	for (int i = q->nfree; i < q->naxis; i++)
		bytes *= q->axis[i]->extent;
	return bytes < 2 * (int64_t)p->target.l1;
}

/* A gradient of weights sums over images, rows and columns. Its sums over some rows of some images
 * are kept as vectors, so that those rows stay in the cache for all weights. */
static void add_partial(Prog *p, Kernel *k)
{
	const Eqn *q = k->eqn[0];
	Axis *walked = NULL;
	bool images = false;

	for (int i = q->nfree; i < q->naxis; i++) {
		images |= q->axis[i]->batch;
		if (!q->axis[i]->batch && !walked)
			walked = q->axis[i];
	}
	if (!k->contraction || k->nstage || !images || !walked || k->neqn > 1 || q->nfree < 2 ||
	    p->lanes == 1 || options.no_tile)
		return;
	for (int d = 0; d < q->out->rank; d++) /* each weight in its own place */
		if (q->index[d].n > 2)
			return;
	k->rows = walked;
	if (p->channels) {
		k->partial = sums_fit(p, q) || !take_lane(p, k) ? NULL : q->out;
		return;
	}
	Tensor *t = tensor_new(p, "partial", format("%s_partial", q->out->cname), ROLE_TEMP);
	t->rank = q->out->rank;
	memcpy(t->dim, q->out->dim, sizeof t->dim);
	t->wide = true;
	k->partial = t;
}

void layout(Prog *p)
{
	for (int i = 0; i < p->nkernel; i++)
		if (!p->plain)
			add_partial(p, p->kernel[i]);
	for (int i = 0; i < p->ntensor; i++) {
		set_memory(p, p->tensor[i]);
	}
	for (const Eqn *q = p->first; q; q = q->next)
		for (int i = q->nfree; i < q->naxis; i++)
			if (q->axis[i]->batch && q->axis[i]->lane)
				expr_each(q->rhs, mark_dead, q->axis[i]);
	for (int i = 0; i < p->nkernel; i++)
		for (int j = 0; j < p->kernel[i]->neqn; j++)
			keep_masks(p->kernel[i]->eqn[j]);
}
