/* plan.c: lifetimes to offsets in one arena.
 *
 * In: kernels with their intervals between barriers, tensors with their sizes. Out: an offset
 * for every tensor that is not local to a kernel. Two tensors may share bytes when no interval
 * touches both: within an interval threads run ahead of each other, so only a barrier separates
 * a last read from a first write. Tensors that the runtime sees live always. Placement is greedy
 * by size (Pisarchyk and Lee 2020): the largest first, each at the lowest gap among those it
 * must not overlap. */
#include "opt.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64 };
static const int64_t MAX_ARENA = (int64_t)1 << 60; /* bytes: far from where sums overflow    */

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

/* ---- what is taken -------------------------------------------------------------------------- */

typedef struct Range { /* bytes from .. to-1                                                  */
	int64_t from, to;
} Range;

typedef struct Ranges { /* in order, none touches the next                                    */
	Range *r;
	int n, room;
} Ranges;

/* The first range that ends behind `at`. */
static int range_at(const Ranges *s, int64_t at)
{
	int lo = 0, hi = s->n;

	while (lo < hi) {
		int mid = lo + (hi - lo) / 2;
		if (s->r[mid].to > at)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static void take(Ranges *s, Range t)
{
	int i = range_at(s, t.from - 1), j = i;

	for (; j < s->n && s->r[j].from <= t.to; j++) { /* becomes a part of t */
		t.from = s->r[j].from < t.from ? s->r[j].from : t.from;
		t.to = s->r[j].to > t.to ? s->r[j].to : t.to;
	}
	if (i == j && s->n == s->room) {
		s->room = s->room ? 2 * s->room : 1;
		Range *bigger = alloc(sizeof(Range) * (size_t)s->room);
		if (s->n)
			memcpy(bigger, s->r, sizeof(Range) * (size_t)s->n);
		s->r = bigger;
	}
	if (i + 1 != j)
		memmove(&s->r[i + 1], &s->r[j], sizeof(Range) * (size_t)(s->n - j));
	s->n += i + 1 - j;
	s->r[i] = t;
}

/* A tree over the intervals between barriers: node 1 is all of them, the halves of node i are 2i
 * and 2i + 1. A tensor's bytes are in each node that it lives in, so few nodes tell what is taken
 * in a span of intervals, and few ranges, since tensors lie close together. */
typedef struct Node {
	Ranges some, all; /* of tensors that live in some interval of it, in all of them       */
} Node;

typedef struct Tree {
	Node *node;
	int leaves; /* a power of two                                                         */
} Tree;

enum { MAX_FOUND = 128 }; /* two nodes of each level are looked into at most, of 31           */

typedef struct Found {
	const Ranges *taken[MAX_FOUND];
	int n;
} Found;

typedef struct Part { /* node i of the tree: intervals lo .. hi                             */
	int i, lo, hi;
} Part;

static void enter(Tree *tree, Part at, const Tensor *t, Range bytes)
{
	int mid = at.lo + (at.hi - at.lo) / 2;

	if (t->last < at.lo || t->first > at.hi)
		return;
	take(&tree->node[at.i].some, bytes);
	if (t->first <= at.lo && at.hi <= t->last) {
		take(&tree->node[at.i].all, bytes);
		return;
	}
	enter(tree, (Part){2 * at.i, at.lo, mid}, t, bytes);
	enter(tree, (Part){2 * at.i + 1, mid + 1, at.hi}, t, bytes);
}

static void find(const Tree *tree, Part at, const Tensor *t, Found *f)
{
	int mid = at.lo + (at.hi - at.lo) / 2;
	bool inside = t->first <= at.lo && at.hi <= t->last;

	if (t->last < at.lo || t->first > at.hi)
		return;
	f->taken[f->n++] = inside ? &tree->node[at.i].some : &tree->node[at.i].all;
	if (inside)
		return;
	find(tree, (Part){2 * at.i, at.lo, mid}, t, f);
	find(tree, (Part){2 * at.i + 1, mid + 1, at.hi}, t, f);
}

/* The lowest offset at which t overlaps no placed tensor that is alive with it. */
static int64_t lowest_gap(const Tree *tree, const Tensor *t, int64_t size)
{
	Found f = {.n = 0};
	int64_t at = 0;
	bool moved = true;

	find(tree, (Part){1, 0, tree->leaves - 1}, t, &f);
	while (moved) {
		moved = false;
		for (int i = 0; i < f.n; i++) {
			const Ranges *s = f.taken[i];
			int r = range_at(s, at);
			if (r < s->n && s->r[r].from < at + size) {
				at = s->r[r].to;
				moved = true;
			}
		}
	}
	return at;
}

void plan(Prog *p)
{
	Tensor **list = alloc(sizeof *list * (size_t)(p->ntensor + 1));
	Tree tree = {.leaves = 1};
	int n = 0;

	lifetimes(p);
	while (tree.leaves <= p->intervals)
		tree.leaves *= 2;
	tree.node = alloc(sizeof(Node) * 2 * (size_t)tree.leaves);
	for (int i = 0; i < p->ntensor; i++) {
		Tensor *t = p->tensor[i];
		if (!t->local && !t->scratch && (t->keep || t->first >= 0))
			list[n++] = t;
	}
	sorting = p;
	qsort(list, (size_t)n, sizeof *list, by_size);
	for (int i = 0; i < n; i++) {
		Tensor *t = list[i];
		int64_t size = bytes_of(p, t);
		t->offset = lowest_gap(&tree, t, size);
		if (size)
			enter(&tree, (Part){1, 0, tree.leaves - 1}, t,
			      (Range){t->offset, t->offset + size});
		if (t->offset > MAX_ARENA - size)
			fatal(1,
			      "training %s with batches of %d needs more than %lld bytes; a "
			      "smaller "
			      "batch needs less",
			      p->model->name, p->model->batch, (long long)MAX_ARENA);
		if (t->offset + size > p->arena)
			p->arena = t->offset + size;
	}
}
