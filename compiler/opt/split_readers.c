/* split_readers.c: readers of a tensor that is written in parts (a piece of fuse.c).
 *
 * In: a kernel whose equations each make a part of a tensor (the phases of a strided gradient), and
 * an elementwise reader of it. Out: one equation for each part, which joins it. */
#include "opt.h"

#include <string.h>

const Expr *expr_read_of(const Expr *e, const Tensor *t)
{
	const Expr *r = NULL;

	if (e->op == OP_READ)
		return e->tensor == t ? e : NULL;
	for (int i = 0; i < expr_arity(e->op) && !r; i++)
		r = expr_read_of(e->arg[i], t);
	return r;
}

/* Is q elementwise over all of t, each index one axis? */
static bool elementwise_over(const Eqn *q, const Tensor *t)
{
	const Expr *r = expr_read_of(q->rhs, t);

	if (q->fold || q->update || !r || q->nfree != q->naxis)
		return false;
	int axes = 0;
	for (int d = 0; d < r->n; d++) {
		const Affine *a = &r->index[d];
		if (a->n == 0 && a->c == 0 && t->dim[d] == 1)
			continue;
		if (a->n != 1 || !affine_is(a, a->term[0].axis) ||
		    a->term[0].axis->extent != t->dim[d])
			return false;
		axes++;
	}
	return axes == q->nfree;
}

/* q for the elements that equation `part` of its input makes */
static Eqn *follow(Prog *p, const Eqn *q, const Eqn *part)
{
	const Expr *r = expr_read_of(q->rhs, part->out);
	Eqn *c = new(Eqn);

	*c = *q;
	c->id = p->neqn++;
	c->next = NULL;
	c->naxis = c->nfree = part->nfree;
	memcpy(c->axis, part->axis, sizeof c->axis);
	for (int d = 0; d < r->n; d++) {
		if (r->index[d].n == 0)
			continue;
		const Axis *a = r->index[d].term[0].axis;
		Axis *hold = axis_new(a->name, a->extent); /* part may use an axis of q's */
		for (int i = 0; i < c->out->rank; i++)
			c->index[i] = affine_subst(c->index[i], a, affine_axis(hold));
		c->rhs = expr_subst(c->rhs, a, affine_axis(hold));
		for (int i = 0; i < c->out->rank; i++)
			c->index[i] = affine_subst(c->index[i], hold, part->index[d]);
		c->rhs = expr_subst(c->rhs, hold, part->index[d]);
	}
	return c;
}

/* How many equations of k make a part of t; 0 unless together they make all of it, a few points at
 * each of k's outer points, and q reads nothing else of k's. */
static int parts_of(const Kernel *k, const Tensor *t, const Eqn *q)
{
	int64_t covered = 0, all = 1;
	int parts = 0;

	for (int i = 0; i < k->neqn; i++) {
		int64_t points = 1;
		const Eqn *w = k->eqn[i];
		if (w->out != t && eqn_reads(q, w->out))
			return 0;
		if (w->out != t)
			continue;
		if (w->fold && i > 0)
			return 0;
		for (int a = 0; a < w->nfree; a++)
			points *= w->axis[a]->extent;
		covered += points;
		parts++;
	}
	for (int d = 0; d < t->rank; d++)
		all *= t->dim[d];
	return covered == all ? parts : 0;
}

bool join_parts(Prog *p, Kernel *k, Eqn *q)
{
	for (int w = 0; w < k->neqn && !k->outer; w++) {
		const Tensor *t = k->eqn[w]->out;
		int neqn = k->neqn, parts = elementwise_over(q, t) ? parts_of(k, t, q) : 0;
		bool plain = k->eqn[w]->nfree == k->eqn[0]->nfree && parts == 1;
		if (parts == 0 || plain || neqn + parts > MAX_EQN)
			continue;
		Eqn *part[MAX_EQN];
		int n = 0;
		for (int i = 0; i < neqn; i++)
			if (k->eqn[i]->out == t)
				part[n++] = follow(p, q, k->eqn[i]);
		if (kernel_enter(p, k, part, n))
			return true;
	}
	return false;
}
