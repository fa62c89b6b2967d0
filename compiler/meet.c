/* meet.c: what stays in registers, and where threads meet (the second half of pass fuse).
 *
 * In: kernels. Out: Tensor.local for what a kernel makes and reads at the same point and nobody
 * else asks for; Kernel.sync where a kernel reads or overwrites what another thread wrote since
 * the last meeting. Kernels that share out nothing but the images need no meeting among each
 * other: each thread reads what it wrote. */
#include "ir.h"

/* ---- what a kernel reads and writes --------------------------------------------------------- */

typedef struct Visit {
	const Tensor *t;
	bool found;
} Visit;

static void find_read(Expr *e, void *ctx)
{
	Visit *v = ctx;

	v->found |= e->op == OP_READ && e->tensor == v->t;
}

bool eqn_reads(const Eqn *q, const Tensor *t)
{
	Visit v = {t, false};

	expr_each(q->rhs, find_read, &v);
	return v.found;
}

bool eqn_writes(const Eqn *q, const Tensor *t)
{
	return q->out == t || q->arg == t;
}

typedef struct Along {
	const Axis *axis;
	bool images, all;
} Along;

static void find_along(Expr *e, void *ctx)
{
	Along *a = ctx;

	if (e->op == OP_READ && (e->tensor->batched || !a->images))
		a->all = a->all && expr_uses(e, a->axis);
}

bool eqn_reads_along(const Eqn *q, const Axis *axis, bool images)
{
	Along a = {axis, images, true};

	expr_each(q->rhs, find_along, &a);
	return a.all;
}

bool kernel_reads(const Kernel *k, const Tensor *t)
{
	for (int i = 0; i < k->neqn; i++)
		if (eqn_reads(k->eqn[i], t))
			return true;
	return false;
}

bool kernel_writes(const Kernel *k, const Tensor *t)
{
	for (int i = 0; i < k->neqn; i++)
		if (eqn_writes(k->eqn[i], t))
			return true;
	return false;
}

Affine eqn_matrix_row(const Eqn *q)
{
	Affine row = affine_axis(q->row[0]);

	if (!q->part)
		return row;
	return affine_add(affine_scale(affine_axis(q->part), q->row[0]->extent), row, 1);
}

bool kernel_given(const Kernel *k, const Axis *a)
{
	for (int i = 0; i < k->ngiven; i++)
		if (k->given[i] == a)
			return true;
	return false;
}

/* ---- registers ------------------------------------------------------------------------------ */

/* Is t made and read only inside kernel k, always at the point where it was made? */
typedef struct Local {
	const Kernel *k;
	const Tensor *t;
	int upto; /* equations before this one may have made it                  */
	bool ok;
} Local;

/* Do equations i .. j run in the same inner loops, one after the other? */
static bool one_run(const Kernel *k, int i, int j)
{
	for (int x = i + 1; x <= j; x++) {
		if (k->eqn[x]->fold || k->eqn[x]->nfree != k->eqn[i]->nfree)
			return false;
		for (int a = 0; a < k->eqn[i]->nfree; a++)
			if (k->eqn[x]->axis[a] != k->eqn[i]->axis[a])
				return false;
	}
	return !k->eqn[i]->fold;
}

static void check_local(Expr *e, void *ctx)
{
	Local *l = ctx;
	bool made = false;

	if (e->op != OP_READ || e->tensor != l->t)
		return;
	for (int i = 0; i < l->upto; i++) {
		const Eqn *w = l->k->eqn[i];
		bool same = w->out == l->t &&
		            (w->nfree == l->k->eqn[0]->nfree || one_run(l->k, i, l->upto));
		for (int d = 0; d < e->n && same; d++)
			same = affine_same(&w->index[d], &e->index[d]);
		made |= same;
	}
	l->ok &= made;
}

void find_locals(Prog *p, const Kernel *k)
{
	for (int i = 0; i < k->neqn; i++) {
		Tensor *t = k->eqn[i]->out;
		Local l = {k, t, 0, true};
		if (t->keep || k->eqn[i]->update || t->scratch || k->nstage)
			continue;
		for (int j = 0; j < p->nkernel && l.ok; j++)
			if (p->kernel[j] != k &&
			    (kernel_reads(p->kernel[j], t) || kernel_writes(p->kernel[j], t)))
				l.ok = false;
		for (int j = 0; j < k->neqn && l.ok; j++) {
			l.upto = j;
			expr_each(k->eqn[j]->rhs, check_local, &l);
		}
		t->local = l.ok;
	}
}

/* ---- meetings ------------------------------------------------------------------------------- */

static bool conflict(const Kernel *a, const Kernel *b)
{
	bool alike = (a->slice && b->slice) || (a->serial && b->serial);

	for (int i = 0; i < a->neqn && !alike; i++) {
		const Eqn *q = a->eqn[i];
		if ((!q->out->local && (kernel_reads(b, q->out) || kernel_writes(b, q->out))) ||
		    (q->arg && (kernel_reads(b, q->arg) || kernel_writes(b, q->arg))))
			return true;
	}
	for (int i = 0; i < b->neqn && !alike; i++)
		if (!b->eqn[i]->out->local && kernel_reads(a, b->eqn[i]->out))
			return true;
	return false;
}

void meetings(Prog *p)
{
	int since = 0, interval = 0;

	for (int i = 0; i < p->nkernel; i++) {
		Kernel *k = p->kernel[i];
		bool other_program = i > 0 && k->eval != p->kernel[i - 1]->eval;
		k->sync = p->plain; /* the reference rests on no analysis */
		for (int j = since; j < i && !k->sync; j++)
			k->sync = conflict(p->kernel[j], k);
		if (k->sync || other_program) {
			since = i;
			interval++;
		}
		if (other_program)
			k->sync = false; /* a program starts together */
		k->interval = interval;
	}
	p->intervals = interval + 1;
}
