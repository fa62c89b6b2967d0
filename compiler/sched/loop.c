/* loop.c: groups to plain loop nests.
 *
 * In: kernels, layouts. Out: for every kernel the loops over its outer axes in the order of the
 * formulas, how many reals it handles at a time, and what it costs. Images run in the lanes where
 * the tensors are laid out so. A kernel whose tensors are all walked in the same order (the
 * optimizer) is `flat`: one row of vectors. In the plain program a row of sums is made at once. As
 * it leaves this pass a kernel is right and slow; it is what -O0 emits. */
#include "sched.h"

#include <string.h>

enum { SHORT_ROW = 7, LONG_ROW = 1 << 16 }; /* are no rows: a long one fills a stack */

/* ---- flat kernels --------------------------------------------------------------------------- */

typedef struct Flat {
	const Eqn *q;
	int64_t elems;
	bool ok;
} Flat;

static bool in_order(const Eqn *root, const Tensor *t, const Affine *index)
{
	int a = 0;

	for (int d = 0; d < t->rank; d++) {
		if (t->dim[d] == 1 && index[d].n == 0 && index[d].c == 0)
			continue;
		if (a == root->nfree || !affine_is(&index[d], root->axis[a]) ||
		    root->axis[a]->extent != t->dim[d])
			return false;
		a++;
	}
	return a == root->nfree;
}

static void check_flat(Expr *e, void *ctx)
{
	Flat *f = ctx;

	if (e->op == OP_INDEX || e->op == OP_INSIDE || e->op == OP_RANDOM)
		f->ok = false;
	if (e->op == OP_READ)
		f->ok = f->ok && !e->tensor->bytes8 &&
		        (tensor_is_number(e->tensor) ||
		         (in_order(f->q, e->tensor, e->index) &&
		          e->tensor->lane_dim == f->q->out->lane_dim));
}

static bool is_flat(const Kernel *k)
{
	Flat f = {k->eqn[0], 0, k->eqn[0]->nfree > 0};

	for (int i = 0; i < k->neqn && f.ok; i++) {
		const Eqn *q = k->eqn[i];
		f.ok = !q->fold && q->nfree == k->eqn[0]->nfree &&
		       q->out->lane_dim == k->eqn[0]->out->lane_dim &&
		       in_order(k->eqn[0], q->out, q->index);
		expr_each(q->rhs, check_flat, &f);
	}
	for (int i = 0; i < k->eqn[0]->nfree; i++)
		f.ok = f.ok && !k->eqn[0]->axis[i]->batch;
	return f.ok;
}

/* ---- cost ----------------------------------------------------------------------------------- */

/* Share of the points of an index that are inside 0 .. extent-1. */
static double inside_share(const Affine *a, int extent)
{
	int64_t points = 1, in = 0;
	int at[MAX_TERM] = {0};

	for (int i = 0; i < a->n; i++)
		points *= a->term[i].axis->extent;
	if (points > 1000000)
		return 1;
	for (int64_t p = 0; p < points; p++) {
		int v = a->c;
		for (int i = 0; i < a->n; i++)
			v += a->term[i].coef * at[i];
		in += v >= 0 && v < extent;
		for (int i = 0; i < a->n && ++at[i] == a->term[i].axis->extent; i++)
			at[i] = 0;
	}
	return (double)in / (double)points;
}

typedef struct Share {
	Guard seen[MAX_GUARD];
	int n;
	double share;
} Share;

static void read_share(Expr *e, void *ctx)
{
	Share *s = ctx;
	int lo, hi;

	for (int d = 0; e->op == OP_READ && d < e->n; d++) {
		bool known = false;
		affine_range(&e->index[d], &lo, &hi);
		if (lo >= 0 && hi < e->tensor->dim[d])
			continue;
		for (int i = 0; i < s->n; i++)
			known |= affine_same(&s->seen[i].index, &e->index[d]);
		if (known || s->n == MAX_GUARD)
			continue;
		s->seen[s->n].index = e->index[d];
		s->seen[s->n++].extent = e->tensor->dim[d];
		s->share *= inside_share(&e->index[d], e->tensor->dim[d]);
	}
}

static void count_ops(Expr *e, void *ctx)
{
	*(double *)ctx += expr_arity(e->op) > 0;
}

/* Operations on points that read nothing outside: padding is not counted. */
static double flop_of(Eqn *q)
{
	if (q->flop >= 0)
		return q->flop;
	Share s = {.share = 1};
	double points = 1, ops = q->fold ? 1 : 0;

	for (int i = 0; i < q->naxis; i++)
		points *= q->axis[i]->extent;
	expr_each(q->rhs, count_ops, &ops);
	if (eqn_is_product(q))
		expr_each(q->rhs, read_share, &s);
	return points * ops * s.share;
}

typedef struct Traffic {
	const Tensor **seen;
	int n;
	double elems;
} Traffic;

static void touch(Traffic *t, const Tensor *x)
{
	for (int i = 0; i < t->n; i++)
		if (t->seen[i] == x)
			return;
	t->seen = grow(t->seen, t->n, sizeof(Tensor *));
	t->seen[t->n++] = x;
	if (!x->local && !x->scratch)
		t->elems += (double)x->elems * (x->bytes8 ? 0.25 : 1);
}

static void touch_read(Expr *e, void *ctx)
{
	if (e->op == OP_READ)
		touch(ctx, e->tensor);
}

static void cost(const Prog *p, Kernel *k)
{
	Traffic t = {.n = 0};

	for (int i = 0; i < k->neqn; i++) {
		k->flop += flop_of(k->eqn[i]);
		expr_each(k->eqn[i]->rhs, touch_read, &t);
		touch(&t, k->eqn[i]->out);
		if (k->eqn[i]->arg)
			touch(&t, k->eqn[i]->arg);
	}
	k->bytes = t.elems * (p->plain || options.real_double ? 8 : 4);
}

/* Is the axis a loop around this stage, or unrolled as a row of a matrix? */
static bool no_loop(const Kernel *k, const Axis *a)
{
	const Eqn *q = k->eqn[0];

	return kernel_given(k, a) || (q->matrix && (q->row[0] == a || q->row[1] == a));
}

typedef struct Along {
	const Axis *axis; /* in                          */
	bool ok;          /* no tensor is strided along it */
} Along;

static void check_row(Expr *e, void *ctx)
{
	Along *row = ctx;

	for (int d = 0; e->op == OP_READ && d + 1 < e->n; d++)
		row->ok = row->ok && !affine_coef(&e->index[d], row->axis);
}

/* The plain program sums a row of its result at once, where memory holds rows of what it reads:
 * one sum alone waits for each of its additions. */
static Axis *find_inmost(const Prog *p, const Kernel *k)
{
	const Eqn *q = k->eqn[0];
	Axis *last = q->nfree ? q->axis[q->nfree - 1] : NULL;
	Along row = {last, true};

	if (!p->plain || q->fold != FOLD_SUM || !last || last->batch || last->extent < SHORT_ROW ||
	    last->extent > LONG_ROW)
		return NULL;
	expr_each(q->rhs, check_row, &row);
	return row.ok ? last : NULL;
}

static void nest(const Prog *p, Kernel *k)
{
	const Eqn *q = k->eqn[0];
	bool lane = false;

	for (int j = 0; j < k->neqn; j++)
		for (int a = 0; a < k->eqn[j]->naxis; a++)
			lane |= k->eqn[j]->axis[a]->lane;
	k->flat = p->lanes > 1 && !q->matrix && !k->nstage && !k->ngiven && is_flat(k);
	k->lanes = lane || k->flat ? p->lanes : 1;
	k->inmost = find_inmost(p, k);
	int n = k->nstage ? q->naround : k->outer ? k->outer : q->nfree;
	for (int a = 0; a < n; a++) {
		Axis *axis = k->nstage ? q->around[a] : q->axis[a];
		if (k->nstage || !(axis == k->inmost || no_loop(k, axis)))
			k->loop[k->nloop++] = (Loop){.axis = axis, .tile = 1};
	}
	for (int i = 0; i < k->nstage; i++)
		nest(p, k->stage[i]);
}

void loop(Prog *p)
{
	for (int i = 0; i < p->nkernel; i++) {
		merge(p, p->kernel[i]);
		nest(p, p->kernel[i]);
		cost(p, p->kernel[i]);
	}
}
