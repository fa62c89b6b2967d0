/* test_threads.c: no thread needs what another one has not finished, and no bytes are taken early.
 *
 * Between two barriers threads run ahead of each other as they like. So each kernel of a compiled
 * network is executed point by point (interp.h), and every point counts as a thread of its own,
 * but for the kernels that one thread runs and for those that share the images alike. Then no
 * element may be touched by two threads between two barriers, if one of them writes it. Values that
 * are said to stay in registers must be read at the point where they were made. And for the arena,
 * everything that is written between two barriers is taken to be written first: whatever is read
 * there must still own all its bytes. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <string.h>

#include "interp.h"

enum { NOBODY = -1, MANY = -2 };

typedef struct Touched {
	int interval;      /* of what follows                                               */
	int64_t writer;    /* thread, or NOBODY                                             */
	int64_t reader;    /* thread, NOBODY or MANY                                        */
	const Kernel *who; /* the last to touch it                                          */
	int64_t point;     /* of that kernel                                                */
} Touched;

typedef struct Watch {
	const char *about; /* network and options, for messages                             */
	Touched **at;      /* by tensor id and element                                      */
} Watch;

/* ---- programs ------------------------------------------------------------------------------ */

static bool plain; /* the program that is compiled, or the fast one */

static Prog *compiled(const char *path, int lanes, int threads)
{
	static void (*const pass[])(Prog *) = {formula, grad, rewrite, fuse,
	                                       layout,  plan, loop,    sched};
	Prog *p = new(Prog);
	p->model = model(xml(path));
	cr_assert(!error_count() && target_find("x86-64-v3", &p->target));
	p->lanes = plain ? 1 : lanes;
	p->plain = plain;
	options.threads = threads;
	options.force_winograd = !plain;
	for (size_t i = 0; i < sizeof pass / sizeof *pass; i++)
		pass[i](p);
	return p;
}

/* ---- elements ------------------------------------------------------------------------------ */

static int64_t thread_of(const Point *p)
{
	const Kernel *k = p->k;
	if (k->serial)
		return 0;
	if (k->slice)
		return 1 + p->value[0] / (p->m->p->channels ? 1 : p->m->p->lanes);
	return (int64_t)(k->id + 1) * 100000000 + p->number;
}

static void touch(const Point *p, const Tensor *t, int64_t at, bool write)
{
	const Watch *w = p->m->watch;
	Touched *e = &w->at[t->id][at];
	int64_t thread = thread_of(p);
	bool same = e->who == p->k && e->point == p->number;
	if (t->local && !write)
		cr_assert(same, "%s: %s is not in a register where k%02d reads it", w->about,
		          t->cname, p->k->id);
	bool seen = e->who && e->interval == p->k->interval;
	bool written = seen && e->writer != NOBODY && e->writer != thread;
	bool read = seen && e->reader != NOBODY && e->reader != thread;
	cr_assert(t->local || !(written || (write && read)),
	          "%s: k%02d %s element %lld of %s, k%02d %s it, and no barrier stands between",
	          w->about, p->k->id, write ? "writes" : "reads", (long long)at, t->cname,
	          seen ? e->who->id : 0, written ? "writes" : "reads");
	if (!seen)
		*e = (Touched){p->k->interval, NOBODY, NOBODY, NULL, 0};
	if (write)
		e->writer = thread;
	else
		e->reader = e->reader == NOBODY || e->reader == thread ? thread : MANY;
	e->who = p->k;
	e->point = p->number;
}

static void check_elements(const Prog *p, const char *about)
{
	Watch w = {about, alloc(sizeof *w.at * (size_t)p->ntensor)};
	Memory *m = memory_new(p, p->model->batch);
	m->touch = touch;
	m->watch = &w;
	for (int i = 0; i < p->ntensor; i++)
		w.at[i] = alloc(sizeof **w.at * (size_t)elements(p->tensor[i]));
	run_kernels(m, false);
	run_kernels(m, true);
}

/* ---- bytes --------------------------------------------------------------------------------- */

typedef struct Bytes {
	const char *about;
	const Prog *p;
	int *owner; /* tensor id, a value for every 64 bytes                         */
} Bytes;

static void each_part(const Bytes *b, const Tensor *t, bool take)
{
	int64_t size = t->elems * (t->bytes8 ? 1 : 4);
	for (int64_t at = t->offset / 64; t->offset >= 0 && at * 64 < t->offset + size; at++) {
		if (take)
			b->owner[at] = t->id;
		cr_assert(b->owner[at] == t->id, "%s: %s lies where %s was written", b->about,
		          t->cname, b->p->tensor[b->owner[at]]->cname);
	}
}

static void check_read(Expr *e, void *ctx)
{
	if (e->op == OP_READ && !e->tensor->local)
		each_part(ctx, e->tensor, false);
}

/* What kernel k writes, or what it reads. */
static void kernel_bytes(const Bytes *b, const Kernel *k, bool reading)
{
	if (k->partial)
		each_part(b, k->partial, !reading);
	for (int j = 0; j < k->neqn; j++) {
		const Eqn *q = k->eqn[j];
		if (reading)
			expr_each(q->rhs, check_read, (void *)b);
		if (!reading && !q->out->local)
			each_part(b, q->out, true);
		if (!reading && q->arg)
			each_part(b, q->arg, true);
	}
}

static void check_bytes(const Prog *p, const char *about)
{
	Bytes b = {about, p, alloc(sizeof *b.owner * (size_t)(p->arena / 64 + 1))};
	for (int i = 0; i < p->ntensor; i++)
		if (p->tensor[i]->keep)
			each_part(&b, p->tensor[i], true);
	for (int t = 0; t < p->intervals; t++)
		for (int reading = 0; reading < 2; reading++)
			for (int i = 0; i < p->nkernel; i++)
				if (p->kernel[i]->interval == t)
					kernel_bytes(&b, p->kernel[i], reading);
	for (int i = 0; i < p->ntensor; i++)
		if (p->tensor[i]->keep)
			each_part(&b, p->tensor[i], false);
}

/* ---- sharing ------------------------------------------------------------------------------- */

/* A kernel that nothing divides is run by every thread: harmless, unless it changes in place. */
static void check_sharing(const Prog *p, const char *about)
{
	for (int i = 0; i < p->nkernel; i++) {
		const Kernel *k = p->kernel[i];
		int shared = 0;
		bool update = false;
		for (int l = 0; l < k->nloop; l++)
			shared += k->loop[l].parallel;
		for (int j = 0; j < k->neqn; j++)
			update |= k->eqn[j]->update;
		cr_assert(k->serial || k->flat || shared || !update,
		          "%s: k%02d changes %s in every thread", about, k->id,
		          k->eqn[0]->out->cname);
		cr_assert(!k->slice || k->serial || (k->loop[0].axis->batch && shared == 1),
		          "%s: k%02d does not share the images alone", about, k->id);
	}
}

static int is_xml(const struct dirent *d)
{
	size_t n = strlen(d->d_name);
	return n > 4 && !strcmp(d->d_name + n - 4, ".xml");
}

static void check_directory(const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, is_xml, alphasort);
	cr_assert(n > 0, "%s has no descriptions", dir);
	for (int i = 0; i < n; i++)
		for (int lanes = 1; lanes <= 8; lanes += 7)
			for (int threads = 1; threads <= 2; threads++) {
				const char *path = format("%s/%s", dir, list[i]->d_name);
				const char *about =
				        format("%s, %d lanes, %d threads%s%s", path, lanes, threads,
				               options.no_fuse ? ", not fused" : "",
				               plain ? ", plain" : "");
				const Prog *p = compiled(path, lanes, threads);
				check_sharing(p, about);
				check_bytes(p, about);
				check_elements(p, about);
			}
}

Test(threads, networks_compared_with_pytorch)
{
	check_directory("tests/oracle");
}

Test(threads, networks_of_test_dual)
{
	check_directory("tests/dual");
}

Test(threads, kernels_of_one_equation)
{
	options.no_fuse = true;
	check_directory("tests/dual");
}

Test(threads, the_plain_program)
{
	plain = true;
	check_directory("tests/dual");
}
