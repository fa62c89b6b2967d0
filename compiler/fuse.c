/* fuse.c: which equations share a kernel, and where threads must meet.
 *
 * In: equations in order. Out: kernels. A kernel's outer axes are the free axes of its first
 * equation. A later equation joins the kernel of its latest input when it reads what that kernel
 * makes at the same outer point: the value is then in a register or in the cache. A contraction
 * (a sum of products of two tensors) always opens a kernel of its own and takes only elementwise
 * equations behind it (bias, activation: its epilogue). An elementwise reader of a tensor that is
 * written in parts (the phases of a strided gradient) is split into the same parts and joins them.
 * A sum along the last axes of an elementwise kernel (the gradients of batch_norm's parameters, a
 * pooling of everything) is added up in the kernel's loops.
 *
 * Threads share a kernel's images (`slice`) where there are enough of them: then consecutive
 * kernels need no meeting, since each thread reads what it wrote. `sync` says where one is needed,
 * `interval` counts them; memory is reused across intervals only (plan.c). */
#include "driver.h"
#include "ir.h"

#include <assert.h>
#include <string.h>

enum { MAX_EQN = 32, MAX_INNER = 16 };

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

static void rename_axis(Eqn *q, Axis *from, Axis *to)
{
	for (int d = 0; d < q->out->rank; d++)
		q->index[d] = affine_subst(q->index[d], from, affine_axis(to));
	q->rhs = expr_subst(q->rhs, from, affine_axis(to));
	for (int i = 0; i < q->naxis; i++)
		if (q->axis[i] == from)
			q->axis[i] = to;
	for (int i = 0; i < q->naround; i++)
		q->around[i] = q->around[i] == from ? to : q->around[i];
	for (int i = 0; i < 2; i++) {
		q->row[i] = q->row[i] == from ? to : q->row[i];
		q->col[i] = q->col[i] == from ? to : q->col[i];
	}
}

/* Renames axes of q everywhere, by way of fresh ones: `to` may hold axes that q already uses. */
static void rename_axes(Eqn *q, Axis *const *from, Axis *const *to, int n)
{
	Axis *old[MAX_AXIS], *hold[MAX_AXIS];
	int count = q->naxis;

	memcpy(old, q->axis, sizeof old);
	for (int i = 0; i < count; i++) {
		Axis *a = hold[i] = axis_new(old[i]->name, old[i]->extent);
		a->batch = old[i]->batch;
		a->unit = old[i]->unit;
		for (int j = 0; j < n; j++)
			if (from[j] == old[i])
				hold[i] = to[j];
	}
	Axis *fresh[MAX_AXIS];
	for (int i = 0; i < count; i++) {
		fresh[i] = axis_new(old[i]->name, old[i]->extent);
		rename_axis(q, old[i], fresh[i]);
	}
	for (int i = 0; i < count; i++)
		rename_axis(q, fresh[i], hold[i]);
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

/* Equations join unless the kernel would lose the axis in its lanes; true when they did. */
static bool enter(const Prog *p, Kernel *k, Eqn *const *q, int n)
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
	return enter(p, k, &q, 1);
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

/* A sum of what an elementwise kernel makes is added up in its loops. */
static bool join_sum(const Prog *p, Kernel *k, Eqn *q)
{
	Match m = {.fits = true, .folds = true, .k = k, .q = q};
	int outer = k->outer;

	if (!p->channels || q->fold != FOLD_SUM || q->arg || q->update || q->nfree < 2 ||
	    k->neqn == MAX_EQN || k->eval != (q->phase == PHASE_EVAL) ||
	    (outer && outer != q->nfree))
		return false;
	for (int i = 0; i < k->neqn; i++)
		if (k->eqn[i]->fold ? !outer : !at_every_point(k, k->eqn[i]))
			return false;
	expr_each(q->rhs, match_read, &m);
	if (!sums_along(&m))
		return false;
	rename_axes(q, m.mine, m.its, m.n);
	k->outer = q->nfree;
	bool joined = enter(p, k, &q, 1);
	for (int i = q->nfree; i < q->naxis && joined; i++)
		if (q->axis[i]->lane) {
			k->neqn--;
			take_lane(p, k);
			joined = false;
		}
	k->outer = joined ? k->outer : outer;
	return joined;
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
	return enter(p, k, &q, 1);
}

/* ---- following parts ------------------------------------------------------------------------ */

static const Expr *read_of(const Expr *e, const Tensor *t)
{
	const Expr *r = NULL;

	if (e->op == OP_READ)
		return e->tensor == t ? e : NULL;
	for (int i = 0; i < expr_arity(e->op) && !r; i++)
		r = read_of(e->arg[i], t);
	return r;
}

/* Is q elementwise over all of t, each index one axis? */
static bool elementwise_over(const Eqn *q, const Tensor *t)
{
	const Expr *r = read_of(q->rhs, t);

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
	const Expr *r = read_of(q->rhs, part->out);
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

/* Splits q into the parts of an input that kernel k makes completely, and joins them to it. */
static bool join_parts(Prog *p, Kernel *k, Eqn *q)
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
		if (enter(p, k, part, n))
			return true;
	}
	return false;
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

static void place_stage(Prog *p, Eqn *q)
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
}

/* The last kernel that makes something q reads, or writes a part of what q writes. */
static Kernel *latest_input(const Prog *p, const Eqn *q)
{
	for (int i = p->nkernel - 1; i >= 0; i--)
		for (int j = 0; j < p->kernel[i]->neqn; j++) {
			const Eqn *w = p->kernel[i]->eqn[j];
			if (eqn_reads(q, w->out) || (w->arg && eqn_reads(q, w->arg)) ||
			    w->out == q->out)
				return p->kernel[i];
		}
	return NULL;
}

/* An update may only move up where nobody in between still reads the old value. */
static bool free_to_move(const Prog *p, const Kernel *to, const Eqn *q)
{
	for (int i = to->id + 1; q->update && i < p->nkernel; i++)
		if (kernel_reads(p->kernel[i], q->out))
			return false;
	return true;
}

static void place(Prog *p, Eqn *q, bool fusing)
{
	Kernel *k = fusing ? latest_input(p, q) : NULL;

	if (q->task) {
		place_stage(p, q);
		return;
	}
	if (k && k->nstage)
		k = NULL;
	if (k && !k->eqn[0]->matrix && k->eval == (q->phase == PHASE_EVAL) &&
	    free_to_move(p, k, q) &&
	    (join_part(p, k, q) || join_parts(p, k, q) || join(p, k, q) || join_sum(p, k, q)))
		return;
	kernel_new(p, q);
}

void fuse(Prog *p)
{
	lanes(p);
	int n = p->model->batch, blocks = p->channels ? n : (n + p->lanes - 1) / p->lanes;

	bool enough = blocks >= 4 * p->threads || blocks % p->threads == 0;

	for (Eqn *q = p->first, *next; q; q = next) {
		next = q->next;
		place(p, q, !options.no_fuse && !p->plain);
	}
	for (int i = 0; i < p->nkernel; i++) {
		Kernel *k = p->kernel[i];
		const Eqn *q = k->eqn[0];
		for (int j = 0; j < k->neqn; j++)
			k->eqn[j]->group = i;
		k->slice = enough && !p->plain && q->nfree > 0 && q->axis[0]->batch &&
		           q->axis[0]->unit < 2;
		k->serial = q->nfree == 0 || options.no_parallel;
		find_locals(p, k);
	}
	meetings(p);
}
