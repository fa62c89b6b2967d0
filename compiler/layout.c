/* layout.c: where the elements of a tensor lie.
 *
 * In: kernels. Out: for every tensor how many reals it occupies and whether images run in the
 * lanes. Tensors with a batch lie as [n/V][rest][V]: the same feature of V images is one vector, so
 * every lane is used whatever the channel count, and any window, stride or padding is a matter of
 * whole vectors. Everything else (parameters, states, gradients of parameters) lies row-major,
 * padded to whole vectors: kernels read weights as broadcast scalars, the optimizer as one row.
 *
 * The last block of images may be partly dead. Lanes past the live count hold 0 in every tensor
 * that a sum over images reads (`zero_dead`), so that such sums need no mask. */
#include "ir.h"

#include <string.h>

static void mark_dead(Expr *e, void *ctx)
{
	const Axis *n = ctx;

	if (e->op == OP_READ && e->tensor->batched && affine_coef(&e->index[0], n))
		e->tensor->zero_dead = true;
}

/* Rows that are a multiple of 1 KiB fall on few cache sets: one vector more spreads them. Tensors
 * that the runtime reads keep the shape it knows. */
static void set_pitch(const Prog *p, Tensor *t)
{
	int last = t->rank ? t->dim[t->rank - 1] : 1;
	bool spread = t->batched && p->lanes > 1 && t->rank == 4 && !t->keep && last > 1;

	t->pitch = last + (spread && last * p->lanes * (options.real_double ? 8 : 4) % 1024 == 0);
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
	if (!k->contraction || !images || !walked || k->neqn > 1 || q->nfree < 2 || p->lanes == 1 ||
	    options.no_tile)
		return;
	for (int d = 0; d < q->out->rank; d++) /* each weight in its own place */
		if (q->index[d].n > 2)
			return;
	Tensor *t = tensor_new(p, "partial", format("%s_partial", q->out->cname), ROLE_TEMP);
	t->rank = q->out->rank;
	memcpy(t->dim, q->out->dim, sizeof t->dim);
	t->wide = true;
	k->partial = t;
	k->rows = walked;
}

/* Reals in memory: whole blocks of images, padded rows, whole vectors. */
static int64_t elements(const Prog *p, const Tensor *t)
{
	int64_t lanes = p->lanes, n = t->wide ? lanes : 1;

	for (int d = 0; d < t->rank; d++) {
		int64_t size = d == t->rank - 1 ? t->pitch : t->dim[d];
		n *= d == 0 && t->batched ? (t->dim[0] + lanes - 1) / lanes * lanes : size;
	}
	return (n + lanes - 1) / lanes * lanes;
}

void layout(Prog *p)
{
	for (int i = 0; i < p->nkernel; i++)
		if (!p->plain)
			add_partial(p, p->kernel[i]);
	for (int i = 0; i < p->ntensor; i++) {
		Tensor *t = p->tensor[i];
		t->lanes = t->batched ? p->lanes : 1;
		set_pitch(p, t);
		t->elems = elements(p, t);
	}
	for (const Eqn *q = p->first; q; q = q->next)
		for (int i = q->nfree; i < q->naxis; i++)
			if (q->axis[i]->batch)
				expr_each(q->rhs, mark_dead, q->axis[i]);
}
