/* plan.c: lifetimes to offsets in one arena.
 *
 * In: kernels with their intervals between meetings, tensors with their sizes. Out: an offset
 * for every tensor that is not local to a kernel. Two tensors may share bytes when no interval
 * touches both: within an interval threads run ahead of each other, so only a meeting separates
 * a last read from a first write. Tensors that the runtime sees live always. Placement is greedy
 * by size (Pisarchyk and Lee 2020): the largest first, each at the lowest gap among those it
 * must not meet. */
#include "ir.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64 };

static void touch(Tensor *t, int interval)
{
	if (t->first < 0 || interval < t->first)
		t->first = interval;
	if (interval > t->last)
		t->last = interval;
}

static void touch_read(Expr *e, void *ctx)
{
	if (e->op == OP_READ)
		touch(e->tensor, *(int *)ctx);
}

static void lifetimes(Prog *p)
{
	for (int i = 0; i < p->ntensor; i++) {
		p->tensor[i]->first = p->tensor[i]->keep ? 0 : -1;
		p->tensor[i]->last =
		        p->tensor[i]->keep || options.no_reuse || p->plain ? p->intervals : -1;
	}
	for (int i = 0; i < p->nkernel; i++) {
		Kernel *k = p->kernel[i];
		if (k->partial)
			touch(k->partial, k->interval);
		for (int j = 0; j < k->neqn; j++) {
			expr_each(k->eqn[j]->rhs, touch_read, &k->interval);
			touch(k->eqn[j]->out, k->interval);
			if (k->eqn[j]->arg)
				touch(k->eqn[j]->arg, k->interval);
		}
	}
}

static int64_t bytes_of(const Prog *p, const Tensor *t)
{
	int real = p->plain || options.real_double ? 8 : 4;
	int64_t b = t->elems * (t->bytes8 ? 1 : real);

	return (b + ALIGN - 1) / ALIGN * ALIGN;
}

static const Prog *sorting;

static int by_size(const void *a, const void *b)
{
	const Tensor *x = *(Tensor *const *)a, *y = *(Tensor *const *)b;
	int64_t sx = bytes_of(sorting, x), sy = bytes_of(sorting, y);

	if (x->keep != y->keep)
		return x->keep ? -1 : 1;
	if (sx != sy && !x->keep)
		return sx > sy ? -1 : 1;
	return x->id - y->id;
}

static bool meet(const Tensor *a, const Tensor *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/* The lowest offset at which t overlaps no placed tensor that is alive with it. */
static int64_t lowest_gap(const Prog *p, Tensor *const *list, int placed, const Tensor *t)
{
	int64_t at = 0, size = bytes_of(p, t);
	bool moved = true;

	while (moved) {
		moved = false;
		for (int i = 0; i < placed; i++) {
			const Tensor *o = list[i];
			int64_t end = o->offset + bytes_of(p, o);
			if (meet(o, t) && at < end && o->offset < at + size) {
				at = end;
				moved = true;
			}
		}
	}
	return at;
}

void plan(Prog *p)
{
	Tensor **list = alloc(sizeof *list * (size_t)(p->ntensor + 1));
	int n = 0;

	lifetimes(p);
	for (int i = 0; i < p->ntensor; i++) {
		Tensor *t = p->tensor[i];
		if (!t->local && !t->scratch && (t->keep || t->first >= 0))
			list[n++] = t;
	}
	sorting = p;
	qsort(list, (size_t)n, sizeof *list, by_size);
	for (int i = 0; i < n; i++) {
		list[i]->offset = lowest_gap(p, list, i, list[i]);
		if (list[i]->offset + bytes_of(p, list[i]) > p->arena)
			p->arena = list[i]->offset + bytes_of(p, list[i]);
	}
}
