/* merge.c: two axes that lie in order in all tensors become one (a part of loop).
 *
 * In: a contraction. Out: the same over one axis fewer. In a 1 x 1 convolution no tensor tells rows
 * from columns: y[n,k,i,j] is y[n,k,ij], and a tile goes on over the ends of rows. The equations
 * then read and write views: the same memory under the shape that the kernel sees. Other kernels
 * see the tensors as before. */
#include "sched.h"

#include <assert.h>
#include <string.h>

typedef struct Merge {
	Axis *outer, *inner, *both;
	Tensor **from, **view; /* so far                                                      */
	int n;
	bool ok;
} Merge;

/* The dimension of an index that is the outer axis alone, with the inner one alone behind it; -1:
 * neither is used; -2: any other use. */
static int place_of(const Merge *m, const Tensor *t, const Affine *index)
{
	int at = -1;

	for (int d = 0; d < t->rank; d++) {
		bool outer = affine_coef(&index[d], m->outer) != 0;
		bool inner = affine_coef(&index[d], m->inner) != 0;
		if (inner && (at < 0 || at != d - 1 || !affine_is(&index[d], m->inner)))
			return -2;
		if (outer && (at >= 0 || d + 1 == t->rank || !affine_is(&index[d], m->outer) ||
		              !affine_is(&index[d + 1], m->inner)))
			return -2;
		at = outer ? d : at;
	}
	return at;
}

static void check_access(Merge *m, const Tensor *t, const Affine *index)
{
	int d = place_of(m, t, index);

	m->ok = m->ok && d > -2 &&
	        (d < 0 || (t->dim[d] == m->outer->extent && t->mem[d + 1] == m->inner->extent &&
	                   t->lane_dim != d && t->lane_dim != d + 1 && t->scratch <= d));
}

static void check_read(Expr *e, void *ctx)
{
	Merge *m = ctx;

	if (e->op == OP_READ)
		check_access(m, e->tensor, e->index);
	else if (expr_arity(e->op) == 0 && (expr_uses(e, m->outer) || expr_uses(e, m->inner)))
		m->ok = false;
}

/* Are the axes free in all equations of k, and do they lie in order wherever they are used? */
static bool can_merge(const Kernel *k, Merge *m)
{
	m->ok = true;
	for (int j = 0; j < k->neqn && m->ok; j++) {
		const Eqn *q = k->eqn[j];
		int seen = 0;
		for (int i = 0; i < q->nfree; i++)
			seen += q->axis[i] == m->outer || q->axis[i] == m->inner;
		m->ok = seen == 2 && !q->arg && !q->matrix;
		check_access(m, q->out, q->index);
		expr_each(q->rhs, check_read, m);
	}
	return m->ok;
}

/* The index with the dims d and d + 1 as one. */
static void merge_index(const Merge *m, Affine *index, int rank, int d)
{
	index[d] = affine_axis(m->both);
	memmove(&index[d + 1], &index[d + 2], sizeof *index * (size_t)(rank - d - 2));
}

/* The view of t in which the dims d and d + 1 are one. */
static Tensor *view_of(Merge *m, Tensor *t, int d)
{
	for (int i = 0; i < m->n; i++)
		if (m->from[i] == t)
			return m->view[i];
	m->from = grow(m->from, m->n, sizeof(Tensor *));
	m->view = grow(m->view, m->n, sizeof(Tensor *));
	Tensor *v = memcpy(new(Tensor), t, sizeof *t);
	size_t behind = sizeof *t->dim * (size_t)(t->rank - d - 2);
	v->whole = t->whole ? t->whole : t;
	v->rank--;
	v->dim[d] = t->dim[d] * t->dim[d + 1];
	v->mem[d] = t->mem[d] * t->mem[d + 1];
	memmove(&v->dim[d + 1], &t->dim[d + 2], behind);
	memmove(&v->mem[d + 1], &t->mem[d + 2], behind);
	v->lane_dim -= t->lane_dim > d;
	m->from[m->n] = t;
	m->view[m->n++] = v;
	return v;
}

static Expr *merge_reads(Merge *m, const Expr *e)
{
	Expr *r = expr_copy(e);

	for (int i = 0; i < expr_arity(e->op); i++)
		r->arg[i] = merge_reads(m, e->arg[i]);
	int d = e->op == OP_READ ? place_of(m, e->tensor, e->index) : -1;
	if (d >= 0) {
		r->tensor = view_of(m, e->tensor, d);
		merge_index(m, r->index, r->n--, d);
	}
	return r;
}

static void merge_axes(Merge *m, Eqn *q)
{
	int d = place_of(m, q->out, q->index), at = 0;

	q->rhs = merge_reads(m, q->rhs);
	merge_index(m, q->index, q->out->rank, d);
	q->out = view_of(m, q->out, d);
	for (int i = 0; i < q->naxis; i++)
		if (q->axis[i] != m->outer)
			q->axis[at++] = q->axis[i] == m->inner ? m->both : q->axis[i];
	q->naxis--;
	q->nfree--;
}

void merge(const Prog *p, Kernel *k)
{
	const Eqn *q = k->eqn[0];

	if (!k->contraction || k->partial || k->nstage || k->ngiven || p->plain || options.no_tile)
		return;
	for (int a = q->nfree - 2; a >= 0; a--) {
		Merge m = {.outer = q->axis[a], .inner = q->axis[a + 1]};
		if (m.outer->batch || m.outer->lane || m.inner->lane || !can_merge(k, &m))
			continue;
		m.both = axis_new(format("%s%s", m.outer->name, m.inner->name),
		                  m.outer->extent * m.inner->extent);
		for (int j = 0; j < k->neqn; j++)
			merge_axes(&m, k->eqn[j]);
	}
}
