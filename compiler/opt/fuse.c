/* fuse.c: which equations share a kernel, and where barriers stand.
 *
 * In: equations in order. Out: kernels. A kernel's outer axes are the free axes of its first
 * equation. A later equation joins the kernel of its latest input when it reads what that kernel
 * makes at the same outer point: the value is then in a register or in the cache. A contraction
 * (a sum of products of two tensors) always opens a kernel of its own and takes only elementwise
 * equations behind it (bias, activation: its epilogue). An elementwise reader of a tensor that is
 * written in parts (the phases of a strided gradient) is split into the same parts and joins them.
 * A sum along the last axes of an elementwise kernel (the gradient of a parameter of each channel,
 * the mean of an image) is added up in the kernel's loops, and so are sums over the same image.
 *
 * Threads share a kernel's images (`slice`) where there are enough of them: then consecutive
 * kernels need no barrier, since each thread reads what it wrote. `sync` says where one is needed,
 * `interval` counts them; memory is reused across intervals only (plan.c). */
#include "opt.h"

#include <assert.h>
#include <string.h>

enum { MAX_INNER = 16, NEAR = 4 };

typedef struct Count {
	const Tensor *first;
	int n;
} Count;

static void count_tensors(Expr *e, void *ctx)
{
	Count *c = ctx;

	if (e->op == OP_READ && e->tensor != c->first) {
		c->first = e->tensor;
		c->n++;
	}
}

bool eqn_is_contraction(const Eqn *q)
{
	Count c = {NULL, 0};

	if (q->fold != FOLD_SUM || q->rhs->op != OP_MUL)
		return false;
	expr_each(q->rhs, count_tensors, &c);
	return c.n >= 2 && q->nfree > 0;
}

/* ---- joining -------------------------------------------------------------------------------- */

/* What becomes of axis a: to[i] if it is from[i]. */
static Axis *renamed(Axis *a, Axis *const *from, Axis *const *to, int n)
{
	for (int i = 0; i < n; i++)
		if (from[i] == a)
			return to[i];
	return a;
}

/* The axes of q become fresh ones, or to[i] where they are from[i]: `to` may hold axes that q
 * already uses. */
static void rename_axes(Eqn *q, Axis *const *from, Axis *const *to, int n)
{
	Axis *old[MAX_AXIS], *now[MAX_AXIS];
	int count = q->naxis;

	memcpy(old, q->axis, sizeof old);
	for (int i = 0; i < count; i++) {
		now[i] = axis_new(old[i]->name, old[i]->extent);
		now[i]->batch = old[i]->batch;
		now[i]->unit = old[i]->unit;
		for (int j = 0; j < n; j++)
			now[i] = from[j] == old[i] ? to[j] : now[i];
	}
	for (int d = 0; d < q->out->rank; d++)
		q->index[d] = affine_rename(&q->index[d], old, now, count);
	q->rhs = expr_rename(q->rhs, old, now, count);
	for (int i = 0; i < count; i++)
		q->axis[i] = now[i];
	for (int i = 0; i < q->naround; i++)
		q->around[i] = renamed(q->around[i], old, now, count);
	q->part = renamed(q->part, old, now, count);
	for (int i = 0; i < 2; i++) {
		q->row[i] = renamed(q->row[i], old, now, count);
		q->col[i] = renamed(q->col[i], old, now, count);
	}
}

static bool has_axis(const Eqn *q, const Axis *a, bool free_only)
{
	for (int i = 0; i < (free_only ? q->nfree : q->naxis); i++)
		if (q->axis[i] == a)
			return true;
	return false;
}

static bool folds_images(const Eqn *q)
{
	for (int i = q->nfree; i < q->naxis; i++)
		if (q->axis[i]->batch)
			return true;
	return false;
}

/* How many points q adds at each outer point of a kernel. */
static int inner_points(const Eqn *q, const Eqn *root)
{
	int64_t mine = 1, outer = 1;

	for (int i = 0; i < q->nfree; i++)
		mine *= q->axis[i]->extent;
	for (int i = 0; i < root->nfree; i++)
		outer *= root->axis[i]->extent;
	return mine / outer > MAX_INNER ? MAX_INNER + 1 : (int)(mine / outer);
}

typedef struct Match { /* pairs of axes: one of the new equation, one of the kernel    */
	Axis *mine[MAX_AXIS], *its[MAX_AXIS];
	int n;
	bool fits;
	bool folds; /* may axes that the equation folds be paired?               */
	const Kernel *k;
	const Eqn *q;
} Match;

static void pair(Match *m, Axis *mine, Axis *its)
{
	const Eqn *root = m->k->eqn[0];

	for (int i = 0; i < m->n; i++)
		if (m->mine[i] == mine || m->its[i] == its) {
			m->fits &= m->mine[i] == mine && m->its[i] == its;
			return;
		}
	if (!has_axis(root, its, true))
		return; /* an inner axis of its writer: complete by now */
	m->fits &= mine->extent == its->extent && has_axis(m->q, mine, !m->folds);
	m->mine[m->n] = mine;
	m->its[m->n++] = its;
}

/* Every read of something the kernel makes must be at the point where it was made. */
static void match_read(Expr *e, void *ctx)
{
	Match *m = ctx;

	if (e->op != OP_READ)
		return;
	for (int i = 0; i < m->k->neqn; i++) {
		const Eqn *w = m->k->eqn[i];
		if (w->out != e->tensor && w->arg != e->tensor)
			continue;
		for (int d = 0; d < e->n; d++) {
			const Affine *a = &e->index[d], *b = &w->index[d];
			if (a->n == 0 && b->n == 0 && a->c == b->c)
				continue;
			if (a->n == 1 && b->n == 1 && affine_is(a, a->term[0].axis) &&
			    affine_is(b, b->term[0].axis))
				pair(m, a->term[0].axis, b->term[0].axis);
			else
				m->fits = false;
		}
	}
}

bool kernel_enter(const Prog *p, Kernel *k, Eqn *const *q, int n)
{
	bool vectors = take_lane(p, k);

	for (int i = 0; i < n; i++)
		k->eqn[k->neqn++] = q[i];
	if (!p->channels || take_lane(p, k) == vectors)
		return true;
	k->neqn -= n;
	take_lane(p, k);
	return false;
}

static bool has_images(const Eqn *q)
{
	for (int i = 0; i < q->nfree; i++)
		if (q->axis[i]->batch)
			return true;
	return false;
}

/* Would q be vectors in a kernel of its own, or have images to share, and has not here? */
static bool better_alone(const Prog *p, Kernel *k, Eqn *q)
{
	Kernel alone = {.eqn = {q}, .neqn = 1};

	return p->channels && ((has_images(q) && !has_images(k->eqn[0])) ||
	                       (!take_lane(p, k) && take_lane(p, &alone)));
}

/* Has q no loops but those of the first equation, and reads no sum that these add up? */
static bool at_every_point(const Kernel *k, const Eqn *q)
{
	for (int i = 0; i < k->neqn; i++)
		if (k->eqn[i]->fold && eqn_reads(q, k->eqn[i]->out))
			return false;
	return !q->fold && !q->matrix && q->nfree == k->eqn[0]->nfree;
}

static bool join(const Prog *p, Kernel *k, Eqn *q)
{
	Match m = {.fits = true, .k = k, .q = q};
	const Eqn *root = k->eqn[0];

	if (k->neqn == MAX_EQN || eqn_is_contraction(q) || k->eval != (q->phase == PHASE_EVAL) ||
	    better_alone(p, k, q) || (k->outer && !at_every_point(k, q)))
		return false;
	expr_each(q->rhs, match_read, &m);
	if (!m.fits || m.n != root->nfree || (root->nfree == 0 && q->nfree > 0))
		return false;
	if (k->contraction && (q->fold || inner_points(q, root) > MAX_INNER))
		return false;
	if (p->lanes > 1 && folds_images(root) &&
	    (p->channels ? k->contraction && !sums_fit(p, root) : q->phase == PHASE_UPDATE))
		return false; /* not whole before the last band; scalars here, vectors alone */
	rename_axes(q, m.mine, m.its, m.n);
	return kernel_enter(p, k, &q, 1);
}

static void check_inside(Expr *e, void *ctx)
{
	int lo, hi;

	for (int d = 0; e->op == OP_READ && d < e->n; d++) {
		affine_range(&e->index[d], &lo, &hi);
		*(bool *)ctx &= lo >= 0 && hi < e->tensor->dim[d];
	}
}

/* Is q a sum that needs no tests, of what it reads and where? */
static bool plain_sum(const Eqn *q)
{
	bool inside = true;

	expr_each(q->rhs, check_inside, &inside);
	return inside && q->fold == FOLD_SUM && !q->arg && !q->matrix && !q->update && !q->task;
}

/* Does q go over the first axes of k's first equation, and sum along the others? */
static bool sums_along(const Match *m)
{
	const Eqn *root = m->k->eqn[0];

	for (int i = 0; i < m->n; i++)
		for (int at = 0; at < root->nfree; at++)
			if (root->axis[at] == m->its[i] &&
			    (at < m->q->nfree) != has_axis(m->q, m->mine[i], true))
				return false;
	return m->fits && m->n == root->nfree && m->n == m->q->naxis;
}

/* A sum of what an elementwise kernel makes is added up in its loops, a vector of sums at once. */
static bool join_sum(const Prog *p, Kernel *k, Eqn *q)
{
	Match m = {.fits = true, .folds = true, .k = k, .q = q};

	if (!p->channels || !plain_sum(q) || q->nfree < 2 || k->neqn == MAX_EQN ||
	    k->eval != (q->phase == PHASE_EVAL) || (k->outer && k->outer != q->nfree))
		return false;
	for (int i = 0; i < k->neqn; i++)
		if (k->eqn[i]->fold ? !k->outer : !at_every_point(k, k->eqn[i]))
			return false;
	expr_each(q->rhs, match_read, &m);
	if (!sums_along(&m))
		return false;
	rename_axes(q, m.mine, m.its, m.n);
	if (!kernel_enter(p, k, &q, 1))
		return false;
	for (int i = 0; i < q->nfree; i++)
		if (q->axis[i]->lane) {
			k->outer = q->nfree;
			return true;
		}
	k->neqn--;
	take_lane(p, k);
	return false;
}

typedef struct Common {
	const Eqn *q;
	bool found;
} Common;

/* Does the other equation read an image of the same tensor at the same place? */
static void read_in_common(Expr *e, void *ctx)
{
	Common *c = ctx;
	const Expr *r = e->op == OP_READ ? expr_read_of(c->q->rhs, e->tensor) : NULL;
	bool same = r && e->tensor->batched;

	for (int d = 0; d < e->n && same; d++)
		same = affine_same(&r->index[d], &e->index[d]);
	c->found |= same;
}

/* Is q a sum by image and channel, nothing else? */
static bool sums_image(const Eqn *q)
{
	return plain_sum(q) && q->nfree == 2 && q->axis[0]->batch && !folds_images(q);
}

/* A sum over what a kernel just before it sums as well is added up beside that sum. */
static bool join_beside(const Prog *p, Kernel *k, Eqn *q)
{
	const Eqn *root = k->eqn[0];
	Common c = {root, false};

	if (!p->channels || k->contraction || !sums_image(root) || !sums_image(q) ||
	    q->naxis != root->naxis || k->neqn == MAX_EQN || (k->neqn > 1 && !k->outer) ||
	    k->eval != (q->phase == PHASE_EVAL))
		return false;
	for (int i = 0; i < q->naxis; i++)
		if (q->axis[i]->extent != root->axis[i]->extent)
			return false;
	rename_axes(q, q->axis, root->axis, q->naxis);
	expr_each(q->rhs, read_in_common, &c);
	if (!c.found || !root->axis[1]->lane || !kernel_enter(p, k, &q, 1))
		return false;
	k->outer = root->nfree;
	return true;
}

/* Another part of the tensor that the kernel writes, over axes of the same extents. */
static bool join_part(const Prog *p, Kernel *k, Eqn *q)
{
	const Eqn *root = k->eqn[0];

	if (k->contraction || k->outer || eqn_is_contraction(q) || root->out != q->out ||
	    q->nfree != root->nfree || k->neqn == MAX_EQN || q->update)
		return false;
	for (int i = 0; i < q->nfree; i++)
		if (q->axis[i]->extent != root->axis[i]->extent ||
		    q->axis[i]->batch != root->axis[i]->batch)
			return false;
	rename_axes(q, q->axis, root->axis, q->nfree);
	return kernel_enter(p, k, &q, 1);
}

/* ---- kernels -------------------------------------------------------------------------------- */

static Kernel *kernel_new(Prog *p, Eqn *q)
{
	Kernel *k = new(Kernel);

	k->id = p->nkernel;
	k->eval = q->phase == PHASE_EVAL;
	k->contraction = eqn_is_contraction(q);
	rename_axes(q, NULL, NULL, 0); /* gradients may share axes with what they are of */
	k->eqn[k->neqn++] = q;
	take_lane(p, k);
	p->kernel = grow(p->kernel, p->nkernel, sizeof *p->kernel);
	p->kernel[p->nkernel++] = k;
	return k;
}

/* A stage of a task. */
static Kernel *stage_new(const Prog *p, Eqn *q)
{
	Kernel *s = new(Kernel);

	rename_axes(q, NULL, NULL, 0);
	s->contraction = eqn_is_contraction(q);
	s->eval = q->phase == PHASE_EVAL;
	s->eqn[s->neqn++] = q;
	s->ngiven = q->naround;
	memcpy(s->given, q->around, sizeof s->given);
	take_lane(p, s);
	return s;
}

static Kernel *place_stage(Prog *p, Eqn *q)
{
	Kernel *k = p->nkernel ? p->kernel[p->nkernel - 1] : NULL;

	if (!k || k->eqn[0]->task != q->task || k->eval != (q->phase == PHASE_EVAL))
		k = kernel_new(p, q);
	else
		k->eqn[k->neqn++] = q;
	k->contraction |= eqn_is_contraction(q);
	k->stage[k->nstage++] = stage_new(p, q);
	for (int i = 0; i < q->naround; i++) /* what a stage sums over has one owner */
		if (has_axis(q, q->around[i], true) && (k->nstage == 1 || i < k->shared))
			k->shared = k->nstage == 1 ? i + 1 : k->shared;
		else if (!has_axis(q, q->around[i], true) && i < k->shared)
			k->shared = i;
	return k;
}

typedef struct Last { /* by tensor id: one more than the last kernel so far that          */
	int *writes, *reads;
	int kernel; /* the one being noted, or the latest one found                */
} Last;

static void find_writer(Expr *e, void *ctx)
{
	Last *l = ctx;

	if (e->op == OP_READ && l->writes[e->tensor->id] > l->kernel)
		l->kernel = l->writes[e->tensor->id];
}

/* The last kernel that makes something q reads, or writes a part of what q writes. */
static Kernel *latest_input(const Prog *p, const Eqn *q, Last *l)
{
	l->kernel = l->writes[q->out->id];
	expr_each(q->rhs, find_writer, l);
	return l->kernel ? p->kernel[l->kernel - 1] : NULL;
}

static void note_reader(Expr *e, void *ctx)
{
	const Last *l = ctx;

	if (e->op == OP_READ && l->reads[e->tensor->id] < l->kernel)
		l->reads[e->tensor->id] = l->kernel;
}

/* Kernel k has q now. */
static void note(Last *l, const Kernel *k, const Eqn *q)
{
	l->kernel = k->id + 1;
	expr_each(q->rhs, note_reader, l);
	if (l->writes[q->out->id] < l->kernel)
		l->writes[q->out->id] = l->kernel;
	if (q->arg && l->writes[q->arg->id] < l->kernel)
		l->writes[q->arg->id] = l->kernel;
}

/* Where q goes. An update may only move up where nobody in between still reads the old value. */
static Kernel *place(Prog *p, Eqn *q, Last *l, bool fusing)
{
	Kernel *k = fusing ? latest_input(p, q, l) : NULL;
	const int after = k ? k->id : -1;

	if (q->task)
		return place_stage(p, q);
	if (k && k->nstage)
		k = NULL;
	if (k && !k->eqn[0]->matrix && k->eval == (q->phase == PHASE_EVAL) &&
	    (!q->update || l->reads[q->out->id] <= k->id + 1) &&
	    (join_part(p, k, q) || join_parts(p, k, q) || join(p, k, q) || join_sum(p, k, q)))
		return k;
	for (int i = p->nkernel - 1; fusing && i > after && i >= p->nkernel - NEAR; i--)
		if (!p->kernel[i]->nstage && join_beside(p, p->kernel[i], q))
			return p->kernel[i];
	return kernel_new(p, q);
}

void fuse(Prog *p)
{
	lanes(p);
	int n = p->model->batch, blocks = p->channels ? n : (n + p->lanes - 1) / p->lanes;

	bool enough = blocks >= 4 * p->threads || blocks % p->threads == 0;

	size_t room = sizeof(int) * (size_t)p->ntensor;
	Last l = {alloc(room), alloc(room), 0};

	for (Eqn *q = p->first, *next; q; q = next) {
		next = q->next;
		note(&l, place(p, q, &l, !options.no_fuse && !p->plain), q);
	}
	for (int i = 0; i < p->nkernel; i++) {
		Kernel *k = p->kernel[i];
		const Eqn *q = k->eqn[0];
		for (int j = 0; j < k->neqn; j++)
			k->eqn[j]->group = i;
		k->slice = enough && !p->plain && q->nfree > 0 && q->axis[0]->batch &&
		           q->axis[0]->unit < 2;
		k->serial = q->nfree == 0 || options.no_parallel;
	}
	find_locals(p);
	barriers(p);
}
