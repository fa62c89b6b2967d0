/* rewrite.c: algebra on whole equations.
 *
 * In: all equations. Out: fewer of them. A temporary that is one number everywhere is replaced by
 * that number; an equation whose result nobody reads and the runtime does not keep is dropped (the
 * gradient of the input, argmax codes that no gradient asks for); what is left is numbered anew.
 * Expressions themselves were simplified when they were built (expr.c).
 *
 * With channels in the lanes (lanes.c), a sum over images that leaves only channels to share among
 * threads is split: by image first. Then winograd.c has its turn. */
#include "opt.h"
#include "../../runtime/kernel/processors.h"

#include <assert.h>
#include <string.h>

static void mark_read(Expr *e, void *ctx)
{
	bool *used = ctx;

	if (e->op == OP_READ)
		used[e->tensor->id] = true;
}

static bool is_number(const Eqn *q)
{
	if (q->fold || q->update || q->out->keep || q->rhs->op == OP_READ ||
	    q->rhs->op == OP_RANDOM)
		return false;
	return q->rhs->op == OP_CONST || q->rhs->op == OP_LIVE;
}

/* The expression with numbers, by tensor id, for reads of tensors that have one. */
static Expr *put(Expr *e, Expr *const *number)
{
	if (e->op == OP_READ)
		return number[e->tensor->id] ? number[e->tensor->id] : e;
	Expr *arg[MAX_ARG] = {NULL};
	bool changed = false;
	for (int i = 0; i < expr_arity(e->op); i++) {
		arg[i] = put(e->arg[i], number);
		changed |= arg[i] != e->arg[i];
	}
	return changed ? expr_op(e->op, arg[0], arg[1], arg[2], arg[3]) : e;
}

static void spread_numbers(Prog *p)
{
	Expr **number = alloc(sizeof(Expr *) * (size_t)p->ntensor);
	int *writers = alloc(sizeof *writers * (size_t)p->ntensor);

	for (const Eqn *q = p->first; q; q = q->next)
		writers[q->out->id]++;
	for (Eqn *q = p->first; q; q = q->next) {
		q->rhs = put(q->rhs, number);
		if (is_number(q) && writers[q->out->id] == 1)
			number[q->out->id] = q->rhs;
	}
}

/* What a tensor's value goes into is known when its equation is reached from the end: readers come
 * after their writers, but for a tensor that is also changed in place. */
static void mark_used(Prog *p, bool *used)
{
	Eqn **order = alloc(sizeof(Eqn *) * (size_t)(p->neqn + 1));
	int n = 0;
	bool more = true;

	for (Eqn *q = p->first; q; q = q->next)
		order[n++] = q;
	while (more) {
		more = false;
		for (int i = n; i-- > 0;) {
			Eqn *q = order[i];
			if (!q || !(q->update || q->out->keep || used[q->out->id]))
				continue;
			expr_each(q->rhs, mark_read, used);
			order[i] = NULL; /* seen */
			more = true;
		}
	}
}

static void drop_unread(Prog *p)
{
	bool *used = alloc((size_t)p->ntensor);
	Eqn **link = &p->first;

	mark_used(p, used);
	p->last = NULL;
	while (*link) {
		Eqn *q = *link;
		if (q->arg && !used[q->arg->id])
			q->arg = NULL;
		if (q->update || q->out->keep || used[q->out->id]) {
			p->last = q;
			link = &q->next;
		} else {
			*link = q->next;
		}
	}
}

/* ---- sums over images ----------------------------------------------------------------------- */

/* out[c] = sum{n,h,w} e   becomes   t[n,c] = sum{h,w} e; out[c] = sum{n} t[n,c] */
static void by_image(Prog *p, Eqn **link)
{
	Eqn *q = *link, *first = eqn_new(p, q->phase, q->layer);
	Axis *n = NULL;
	Tensor *t = tensor_new(p, "by_image", format("%s_n", q->out->cname), ROLE_TEMP);

	for (int i = q->nfree; i < q->naxis; i++)
		n = q->axis[i]->batch ? q->axis[i] : n;
	assert(n);
	first->out = t;
	first->fold = FOLD_SUM;
	first->rhs = q->rhs;
	first->next = q;
	first->axis[first->nfree++] = n;
	t->batched = true;
	t->dim[t->rank++] = n->extent;
	for (int i = 0; i < q->nfree; i++) {
		first->axis[first->nfree++] = q->axis[i];
		t->dim[t->rank++] = q->axis[i]->extent;
	}
	first->naxis = first->nfree;
	for (int i = q->nfree; i < q->naxis; i++)
		if (q->axis[i] != n)
			first->axis[first->naxis++] = q->axis[i];
	for (int i = 0; i < first->nfree; i++)
		first->index[i] = affine_axis(first->axis[i]);
	q->rhs = expr_read(t, first->index);
	q->axis[q->nfree] = n;
	q->naxis = q->nfree + 1;
	*link = first;
}

static void split_sums(Prog *p)
{
	for (Eqn **link = &p->first; *link; link = &(*link)->next) {
		Eqn *q = *link;
		bool images = false;
		for (int i = q->nfree; i < q->naxis; i++)
			images |= q->axis[i]->batch;
		if (!images || q->fold != FOLD_SUM || q->naxis < q->nfree + 2 || q->nfree != 1 ||
		    !eqn_reads_along(q, q->axis[0], true))
			continue;
		by_image(p, link);
		link = &(*link)->next;
	}
}

void rewrite(Prog *p)
{
	int n = 0;

	p->threads = options.threads ? options.threads : nn_processors();
	spread_numbers(p);
	drop_unread(p);
	p->channels = prefers_channels(p);
	if (p->channels)
		split_sums(p);
	winograd(p);
	for (Eqn *q = p->first; q; q = q->next)
		q->id = n++;
	p->neqn = n;
}
