/* barriers.c: what stays in registers, and where barriers stand (the second half of pass fuse).
 *
 * In: kernels. Out: Tensor.local for what a kernel makes and reads at the same point and nobody
 * else asks for; Kernel.sync where a kernel reads or overwrites what another thread wrote since
 * the last barrier. Kernels that share out nothing but the images need no barrier among each
 * other: each thread reads what it wrote. */
#include "opt.h"

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
		if (k->eqn[i]->out == t || k->eqn[i]->arg == t)
			return true;
	return false;
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

/* By tensor id: the first and the last kernel that touches it. */
typedef struct Span {
	int first, last;
} Span;

typedef struct Touch {
	Span *span;
	int kernel; /* that is looked at                                              */
} Touch;

static void touch(const Touch *t, const Tensor *x)
{
	Span *s = &t->span[x->id];

	if (s->last == 0)
		s->first = t->kernel + 1;
	s->last = t->kernel + 1;
}

static void touch_read(Expr *e, void *ctx)
{
	if (e->op == OP_READ)
		touch(ctx, e->tensor);
}

void find_locals(Prog *p)
{
	Touch touched = {alloc(sizeof(Span) * (size_t)p->ntensor), 0};

	for (; touched.kernel < p->nkernel; touched.kernel++) {
		const Kernel *k = p->kernel[touched.kernel];
		for (int i = 0; i < k->neqn; i++) {
			expr_each(k->eqn[i]->rhs, touch_read, &touched);
			touch(&touched, k->eqn[i]->out);
			if (k->eqn[i]->arg)
				touch(&touched, k->eqn[i]->arg);
		}
	}
	for (int n = 0; n < p->nkernel; n++)
		for (int i = 0; i < p->kernel[n]->neqn; i++) {
			const Kernel *k = p->kernel[n];
			Tensor *t = k->eqn[i]->out;
			const Span *s = &touched.span[t->id];
			Local l = {k, t, 0, s->first == s->last};
			if (t->keep || k->eqn[i]->update || t->scratch || k->nstage)
				continue;
			for (int j = 0; j < k->neqn && l.ok; j++) {
				l.upto = j;
				expr_each(k->eqn[j]->rhs, check_local, &l);
			}
			t->local = l.ok;
		}
}

/* ---- barriers ------------------------------------------------------------------------------- */

/* How the threads share a kernel: kernels that both go by images, or that one thread does, run one
 * after the other without a barrier. */
enum { BY_IMAGES = 1, BY_ONE = 2, WAYS = 4 };

static int way_of(const Kernel *k)
{
	return (k->slice ? BY_IMAGES : 0) | (k->serial ? BY_ONE : 0);
}

/* Of a tensor: one more than the last kernel of each way that wrote or read it. */
typedef struct Access {
	int written[WAYS], read[WAYS];
} Access;

typedef struct Accesses {
	Access *access;    /* by tensor id                                                    */
	int way;           /* of the kernel that is looked at                                 */
	int kernel, since; /* its number; that of the first one after the last barrier        */
	bool conflict;
} Accesses;

static bool other_way(const Accesses *m, const int *last)
{
	for (int way = 0; way < WAYS; way++)
		if (!(way & m->way) && last[way] > m->since)
			return true;
	return false;
}

static void ask_read(Expr *e, void *ctx)
{
	Accesses *m = ctx;

	if (e->op == OP_READ)
		m->conflict |= other_way(m, m->access[e->tensor->id].written);
}

static void note_read(Expr *e, void *ctx)
{
	const Accesses *m = ctx;

	if (e->op == OP_READ)
		m->access[e->tensor->id].read[m->way] = m->kernel + 1;
}

/* Does k read or overwrite what another thread may have written since the last barrier, or write
 * what one may still read? */
static bool conflicts(Accesses *m, const Kernel *k)
{
	m->conflict = false;
	for (int i = 0; i < k->neqn; i++) {
		const Eqn *q = k->eqn[i];
		expr_each(q->rhs, ask_read, m);
		m->conflict |= other_way(m, m->access[q->out->id].written) ||
		               (q->arg && other_way(m, m->access[q->arg->id].written)) ||
		               (!q->out->local && other_way(m, m->access[q->out->id].read));
	}
	return m->conflict;
}

static void note_kernel(const Accesses *m, const Kernel *k)
{
	for (int i = 0; i < k->neqn; i++) {
		const Eqn *q = k->eqn[i];
		expr_each(q->rhs, note_read, (void *)m);
		if (!q->out->local)
			m->access[q->out->id].written[m->way] = m->kernel + 1;
		if (q->arg)
			m->access[q->arg->id].written[m->way] = m->kernel + 1;
	}
}

void barriers(Prog *p)
{
	Accesses m = {.access = alloc(sizeof(Access) * (size_t)p->ntensor)};
	int interval = 0;

	for (m.kernel = 0; m.kernel < p->nkernel; m.kernel++) {
		Kernel *k = p->kernel[m.kernel];
		bool other_program = m.kernel > 0 && k->eval != p->kernel[m.kernel - 1]->eval;
		m.way = way_of(k);
		k->sync = p->plain || conflicts(&m, k); /* the reference rests on no analysis */
		if (k->sync || other_program) {
			m.since = m.kernel;
			interval++;
		}
		if (other_program)
			k->sync = false; /* a program starts together */
		k->interval = interval;
		note_kernel(&m, k);
	}
	p->intervals = interval + 1;
}
