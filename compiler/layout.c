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

void layout(Prog *p)
{
	for (int i = 0; i < p->ntensor; i++) {
		Tensor *t = p->tensor[i];
		int64_t elems = 1;
		for (int d = 0; d < t->rank; d++)
			elems *= t->dim[d];
		t->lanes = t->batched ? p->lanes : 1;
		if (t->batched)
			elems = elems / t->dim[0] * ((t->dim[0] + p->lanes - 1) / p->lanes * p->lanes);
		t->elems = (elems + p->lanes - 1) / p->lanes * p->lanes;
	}
	for (const Eqn *q = p->first; q; q = q->next)
		for (int i = q->nfree; i < q->naxis; i++)
			if (q->axis[i]->batch)
				expr_each(q->rhs, mark_dead, q->axis[i]);
}
