/* grad.c: appends the backward equations and the optimizer's.
 *
 * In: forward equations, last to first. For an equation out[o] = fold e and every tensor T it reads
 * at index f(axes), the gradient is  dT[h] += sum over all axes with f(axes) = h of  dout[o] * de/dT.
 * The adjoint de/dT comes from the derivative column of ops.h. `solve` then turns f(axes) = h into
 * loops: an index that is one axis keeps it; i + r - 1 = h is solved for the output axis, i = h - r + 1;
 * a stride makes phases: with i*2 + r - 1 = h, h = 2u + p, each p keeps the r of one residue and is
 * a plain contraction without a test of divisibility. What falls outside reads as zero. A row that
 * states its gradient (softmax) has its text read instead. Gradients of tensors with several readers
 * are added up; tensors that no trained parameter feeds get none. */
#include "ir.h"

#include <assert.h>
#include <string.h>

typedef struct Part {          /* a contribution to a gradient                                */
	Tensor *tensor;            /* the gradient seen by one reader; or NULL                    */
	Expr *number;              /* the same for all elements                                   */
} Part;

typedef struct Parts {
	Part part[64];
	int n;
} Parts;

typedef struct Adjoint {       /* of one read of an equation                                  */
	Expr *read, *adj;
} Adjoint;

typedef struct Context {
	Prog *p;
	Parts *parts;              /* by tensor id                                                */
	const Eqn *q;              /* the forward equation                                        */
	Adjoint adjoint[32];       /* of its reads                                                */
	int nadjoint;
	bool needed;               /* result of `needs`                                           */
} Context;

typedef struct Solution {      /* of f(axes) = h, dimension by dimension                      */
	Expr *adj;
	Affine read[MAX_DIM];      /* f, as substituted so far                                    */
	Affine out[MAX_DIM];       /* index of the gradient                                       */
	Axis *bound[MAX_AXIS];     /* axes of the gradient                                        */
	int nbound;
	Axis *gone[MAX_AXIS];      /* solved for                                                  */
	int ngone;
	Axis *extra[MAX_AXIS];     /* folded axes that replace others                             */
	int nextra;
	bool zero;                 /* no reader sees this phase                                   */
} Solution;

static const char *const derivative[][4] = {
#define OP(id, name, arity, text, d0, d1, d2, d3) { d0, d1, d2, d3 },
#include "ops.h"
#undef OP
};

static Expr *mul(Expr *a, Expr *b)
{
	return expr_op(OP_MUL, a, b, NULL, NULL);
}

static Expr *add(Expr *a, Expr *b)
{
	return expr_op(OP_ADD, a, b, NULL, NULL);
}

/* ---- who needs a gradient ------------------------------------------------------------------- */

static void note_need(Expr *e, void *ctx)
{
	Context *c = ctx;

	c->needed |= e->op == OP_READ && e->tensor->needs_grad;
}

static bool needs(Context *c, Expr *e)
{
	c->needed = false;
	expr_each(e, note_need, c);
	return c->needed;
}

/* ---- adjoints of one expression -------------------------------------------------------------- */

static void push(Context *c, Expr *e, Expr *adj, bool root)
{
	if (!needs(c, e) || expr_is(adj, 0))
		return;
	if (e->op == OP_READ) {
		for (int i = 0; i < c->nadjoint; i++)
			if (expr_same(c->adjoint[i].read, e)) {
				c->adjoint[i].adj = add(c->adjoint[i].adj, adj);
				return;
			}
		assert(c->nadjoint < 32);
		c->adjoint[c->nadjoint++] = (Adjoint){ e, adj };
		return;
	}
	Scope s = { .prog = c->p };
	static const char *const letter[] = { "a", "b", "c", "d" };
	for (int i = 0; i < e->n; i++)
		scope_bind(&s, letter[i], NULL, e->arg[i]);
	bool at_hand = root && c->q->fold == FOLD_NONE;
	scope_bind(&s, "y", NULL, at_hand ? expr_read(c->q->out, c->q->index) : e);
	scope_bind(&s, "g", NULL, adj);
	for (int i = 0; i < e->n; i++)
		if (needs(c, e->arg[i]))
			push(c, e->arg[i], parse_expr(&s, derivative[e->op][i]), false);
}

/* ---- contributions --------------------------------------------------------------------------- */

static void contribute(Context *c, const Tensor *t, Tensor *grad, Expr *number)
{
	Parts *parts = &c->parts[t->id];

	if (parts->n == 64)
		fatal(70, "more than 64 readers of one tensor (%s); please report this", t->cname);
	parts->part[parts->n++] = (Part){ grad, number };
}

static Tensor *grad_tensor(Context *c, const Tensor *t)
{
	Tensor *g = tensor_new(c->p, format("d%s", t->name), format("d%s", t->cname), ROLE_TEMP);

	g->rank = t->rank;
	memcpy(g->dim, t->dim, sizeof g->dim);
	g->batched = t->batched;
	return g;
}

/* An index over all of t, with fresh axes. */
static void whole_index(const Tensor *t, Affine *index, Eqn *q)
{
	const char *letters = t->batched ? "nchwuv" : "kcrsuv";

	for (int d = 0; d < t->rank; d++) {
		bool batch = t->batched && d == 0;
		if (t->dim[d] == 1 && !batch) {
			index[d] = affine(0);
			continue;
		}
		Axis *a = axis_new(copy_bytes(letters + d, 1), t->dim[d]);
		a->batch = batch;
		index[d] = affine_axis(a);
		q->axis[q->naxis++] = a;
		q->nfree++;
	}
}

/* The sum of all contributions becomes t->grad or, where one number serves, t->grad_expr. */
static bool finish(Context *c, Tensor *t, const Layer *l)
{
	Parts *parts = &c->parts[t->id];
	Expr *sum = expr_const(0);
	int tensors = 0;

	if (t->grad || t->grad_expr)
		return true;
	for (int i = 0; i < parts->n; i++) {
		tensors += parts->part[i].tensor != NULL;
		if (!parts->part[i].tensor)
			sum = add(sum, parts->part[i].number);
	}
	if (parts->n == 0)
		return false;
	if (tensors == 0) {
		t->grad_expr = sum;
	} else if (parts->n == 1) {
		t->grad = parts->part[0].tensor;
	} else {
		Eqn *q = eqn_new(c->p, PHASE_BACKWARD, l);
		q->out = t->grad = grad_tensor(c, t);
		whole_index(t, q->index, q);
		for (int i = 0; i < parts->n; i++)
			if (parts->part[i].tensor)
				sum = add(sum, expr_read(parts->part[i].tensor, q->index));
		q->rhs = sum;
		eqn_add(c->p, q);
	}
	return true;
}

/* ---- solving f(axes) = h ---------------------------------------------------------------------- */

static void substitute(Solution *s, Axis *a, Affine by)
{
	s->adj = expr_subst(s->adj, a, by);
	for (int d = 0; d < MAX_DIM; d++)
		s->read[d] = affine_subst(s->read[d], a, by);
	s->gone[s->ngone++] = a;
}

static bool listed(Axis *const *list, int n, const Axis *a)
{
	for (int i = 0; i < n; i++)
		if (list[i] == a)
			return true;
	return false;
}

/* k*8 + c with c < 8 and k*8 < dim names every element once: its axes can stay. */
static bool is_split(const Solution *s, const Affine *f, int dim)
{
	int covered = 1;

	if (f->c != 0)
		return false;
	for (int left = f->n; left > 0; left--) {
		int i = 0;
		while (i < f->n && f->term[i].coef != covered)
			i++;
		if (i == f->n || listed(s->bound, s->nbound, f->term[i].axis))
			return false;
		covered *= f->term[i].axis->extent;
	}
	return covered == dim;
}

static Axis *fresh(Solution *s, const Tensor *t, int d, int extent, bool phase)
{
	const char *letters = !t->batched ? "kcrsuv" : phase ? "neuvwz" : "nchwuv";
	Axis *a = axis_new(copy_bytes(letters + d, 1), extent);

	s->bound[s->nbound++] = a;
	return a;
}

/* Axes of the forward equation that the gradient does not have are summed over. */
static void emit_solution(Context *c, Solution *s, Tensor *out)
{
	Eqn *q = eqn_new(c->p, PHASE_BACKWARD, c->q->layer);

	q->out = out;
	memcpy(q->index, s->out, sizeof q->index);
	q->rhs = s->zero ? expr_const(0) : s->adj;
	for (int i = 0; i < s->nbound; i++)
		q->axis[q->naxis++] = s->bound[i];
	q->nfree = q->naxis;
	for (int i = 0; i < c->q->naxis + s->nextra; i++) {
		Axis *x = i < c->q->naxis ? c->q->axis[i] : s->extra[i - c->q->naxis];
		if (listed(s->bound, s->nbound, x) || listed(s->gone, s->ngone, x) || expr_is(q->rhs, 0))
			continue;
		if (expr_uses(q->rhs, x))
			q->axis[q->naxis++] = x;
		else
			q->rhs = mul(q->rhs, x->batch ? expr_leaf(OP_LIVE) : expr_const(x->extent));
	}
	q->fold = q->naxis > q->nfree ? FOLD_SUM : FOLD_NONE;
	eqn_add(c->p, q);
}

static int floor_mod(int a, int b)
{
	return ((a % b) + b) % b;
}

/* Takes the axis out of f that an equation f = h is solved for: an output axis if there is one,
 * since reads outside the output's gradient are then zero by themselves. */
static Axis *pivot(const Context *c, const Affine *f)
{
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < f->n; i++)
			for (int d = 0; d < c->q->out->rank; d++)
				if (pass == 1 || affine_coef(&c->q->index[d], f->term[i].axis))
					return f->term[i].axis;
	return NULL;
}

static void solve(Context *c, Solution s, const Adjoint *a, Tensor *out, int d);

/* Folded axis m of f, coefficient cm, keeps the values for which stride divides `rest - cm * m`:
 * m = m0 + step * m'. Returns false when there are none. */
static bool residue(Solution *s, Affine *f, Axis *m, int cm, int rest, int stride)
{
	int m0 = 0, step = 1;

	while (m0 < stride && floor_mod(rest - cm * m0, stride))
		m0++;
	while (floor_mod(cm * step, stride))
		step++;
	if (m0 >= stride || m0 >= m->extent)
		return false;
	if (step == 1)
		return true;
	int count = (m->extent - m0 + step - 1) / step;
	Affine by = affine(m0);
	if (count > 1) {
		Axis *r = axis_new(m->name, count);
		s->extra[s->nextra++] = r;
		by = affine_add(by, affine_axis(r), step);
	}
	substitute(s, m, by);
	*f = affine_subst(*f, m, by);
	return true;
}

/* stride * i + other = h with |stride| > 1: one solution a phase h = stride * u + phase */
static void solve_phases(Context *c, const Solution *s0, const Adjoint *a, Tensor *out, int d,
                         Axis *i, int stride)
{
	const Tensor *t = a->read->tensor;

	for (int phase = 0; phase < stride && phase < t->dim[d]; phase++) {
		Solution s = *s0;
		Affine f = s.read[d];
		int count = (t->dim[d] - phase + stride - 1) / stride;
		Affine u = affine(0);
		if (count > 1)
			u = affine_axis(fresh(&s, t, d, count, true));
		s.out[d] = affine_add(affine(phase), u, stride);
		for (int k = 0; k < s0->read[d].n; k++) {
			Axis *m = s0->read[d].term[k].axis;
			if (m != i && !residue(&s, &f, m, s0->read[d].term[k].coef, phase - f.c, stride))
				s.zero = true;
		}
		Affine rest = affine_add(affine(phase - f.c), f, -1);
		rest.c = phase - f.c;
		rest = affine_subst(rest, i, affine(0));
		if (floor_mod(rest.c, stride))
			s.zero = true;
		if (!s.zero) {
			for (int k = 0; k < rest.n; k++)
				rest.term[k].coef /= stride;
			rest.c = (rest.c - floor_mod(rest.c, stride)) / stride;
			substitute(&s, i, affine_add(u, rest, 1));
		}
		solve(c, s, a, out, d + 1);
	}
}

static void solve(Context *c, Solution s, const Adjoint *a, Tensor *out, int d)
{
	const Tensor *t = a->read->tensor;

	if (d == t->rank) {
		emit_solution(c, &s, out);
		return;
	}
	Affine f = s.read[d];
	if (is_split(&s, &f, t->dim[d])) {
		for (int k = 0; k < f.n; k++)
			s.bound[s.nbound++] = f.term[k].axis;
		s.out[d] = f;
		solve(c, s, a, out, d + 1);
		return;
	}
	Axis *i = pivot(c, &f);
	int stride = i ? affine_coef(&f, i) : 1;
	if (stride > 1) {
		solve_phases(c, &s, a, out, d, i, stride);
		return;
	}
	assert(stride == 1);
	Affine h = t->dim[d] > 1 ? affine_axis(fresh(&s, t, d, t->dim[d], false)) : affine(0);
	s.out[d] = h;
	Affine value = affine_add(h, f, -1);    /* i = h - (f - i) */
	Expr *in = expr_leaf(OP_INSIDE);
	in->extent = i ? i->extent : 1;
	in->index[0] = i ? affine_subst(value, i, affine(0)) : value;
	bool seen = false;                      /* does dout vanish outside by itself? */
	for (int k = 0; i && k < c->q->out->rank; k++)
		seen |= c->q->out->grad && affine_coef(&c->q->index[k], i);
	if (i)
		substitute(&s, i, in->index[0]);
	if (!seen)
		s.adj = mul(expr_settle(in), s.adj);
	solve(c, s, a, out, d + 1);
}

/* ---- one forward equation --------------------------------------------------------------------- */

/* Is the adjoint of a read simply the output's gradient, element for element? */
static bool passes_through(const Context *c, const Adjoint *a)
{
	const Tensor *t = a->read->tensor, *y = c->q->out;

	if (a->adj->op != OP_READ || a->adj->tensor != y->grad || t->rank != y->rank || c->q->fold)
		return false;
	for (int d = 0; d < t->rank; d++)
		if (t->dim[d] != y->dim[d] || !affine_same(&a->read->index[d], &c->q->index[d]))
			return false;
	return true;
}

static Expr *fold_adjoint(Context *c, Eqn *q, Expr *g)
{
	Affine code = affine(0);
	int cells = 1;

	if (q->fold != FOLD_MAX)
		return g;
	for (int i = q->nfree; i < q->naxis; i++) {
		code = affine_add(affine_scale(code, q->axis[i]->extent), affine_axis(q->axis[i]), 1);
		cells *= q->axis[i]->extent;
	}
	if (!q->arg) {
		q->arg = grad_tensor(c, q->out);
		q->arg->cname = format("%s_argmax", q->out->cname);
		q->arg->bytes8 = cells <= 255;
	}
	Expr *at = expr_leaf(OP_INDEX);
	at->index[0] = code;
	return expr_op(OP_IFEQ, expr_read(q->arg, q->index), at, g, expr_const(0));
}

static void differentiate(Context *c, Eqn *q)
{
	Tensor *y = q->out;

	if (!y->needs_grad || !finish(c, y, q->layer))
		return;
	Expr *g = y->grad ? expr_read(y->grad, q->index) : y->grad_expr;
	c->q = q;
	c->nadjoint = 0;
	push(c, q->rhs, fold_adjoint(c, q, g), true);
	for (int i = 0; i < c->nadjoint; i++) {
		Adjoint *a = &c->adjoint[i];
		if (passes_through(c, a)) {
			contribute(c, a->read->tensor, y->grad, NULL);
			continue;
		}
		Solution s = { .adj = a->adj };
		memcpy(s.read, a->read->index, sizeof s.read);
		Tensor *out = grad_tensor(c, a->read->tensor);
		Eqn *before = c->p->last;
		solve(c, s, a, out, 0);
		Eqn *made = before->next;
		Expr *only = made->rhs;
		bool uniform = made->fold == FOLD_NONE && !made->next;
		for (int k = 0; k < made->naxis; k++)
			uniform = uniform && !expr_uses(only, made->axis[k]);
		if (uniform) {    /* one number for all: no tensor needed */
			before->next = NULL;
			c->p->last = before;
			contribute(c, a->read->tensor, NULL, only);
		} else {
			contribute(c, a->read->tensor, out, NULL);
		}
	}
}

/* A row that states its gradient. */
static void stated(Context *c, Block *b)
{
	if (!b->x->needs_grad || (b->y && !finish(c, b->y, b->layer)))
		return;
	Scope *s = &b->scope;
	Tensor *dx = grad_tensor(c, b->x);
	s->phase = PHASE_BACKWARD;
	if (b->y && !b->y->grad)
		fatal(70, "a stated gradient after a constant one; please report this");
	if (b->y)
		scope_bind(s, "dy", b->y->grad, NULL);
	scope_bind(s, "dx", dx, NULL);
	parse_equations(s, b->row->grad);
	contribute(c, b->x, dx, NULL);
}

static void block_gradient(Context *c, Block *b)
{
	Eqn *order[64];
	int n = 0;

	if (b->row->grad) {
		stated(c, b);
		return;
	}
	for (Eqn *q = b->first; q; q = q == b->last ? NULL : q->next)
		order[n++] = q;
	while (n > 0)
		differentiate(c, order[--n]);
}

/* ---- the optimizer ---------------------------------------------------------------------------- */

static void note_read(Expr *e, void *ctx)
{
	Tensor **t = ctx;

	if (e->op == OP_READ && e->tensor == *t)
		*t = NULL;
}

/* A state whose update no longer reads it (momentum 0) is only a temporary. */
static void demote_states(Eqn *first)
{
	for (Eqn *q = first; q; q = q->next) {
		Tensor *t = q->out;
		expr_each(q->rhs, note_read, &t);
		if (q->out->role != ROLE_STATE || !t)
			continue;
		q->update = false;
		q->out->role = ROLE_TEMP;
		q->out->keep = false;
	}
}

static void update(Context *c, Tensor *w)
{
	Prog *p = c->p;
	const Model *m = p->model;
	Scope s = { .prog = p, .phase = PHASE_UPDATE, .tag = w->cname, .like = w };
	Eqn *before = p->last;

	w->grad->role = ROLE_GRAD;
	w->grad->of = w;
	w->grad->keep = true;
	w->grad->name = format("grad.%s", w->name);
	memcpy(w->grad->file_dim, w->file_dim, sizeof w->file_dim);
	w->grad->file_rank = w->file_rank;
	scope_bind(&s, "w", w, NULL);
	scope_bind(&s, "g", w->grad, NULL);
	for (int i = 0; i < m->nopt_var; i++) {
		Expr *e = expr_const(m->opt_var[i].value);
		for (int h = 0; h < p->nhyper; h++)
			if (!strcmp(p->hyper[h], m->opt_var[i].name)) {
				e = expr_leaf(OP_HYPER);
				e->number = h;
			}
		scope_bind(&s, m->opt_var[i].name, NULL, e);
	}
	for (const char *at = m->optimizer->state; at && *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");
		const char *name = copy_bytes(at, n);
		Tensor *t = tensor_new(p, format("%s.%s", w->name, name), format("%s_%s", w->cname, name), ROLE_STATE);
		t->rank = w->rank;
		memcpy(t->dim, w->dim, sizeof t->dim);
		t->file_rank = w->file_rank;
		memcpy(t->file_dim, w->file_dim, sizeof t->file_dim);
		t->of = w;
		t->keep = true;
		t->init = NN_INIT_CONST;
		scope_bind(&s, name, t, NULL);
		at += n;
	}
	parse_equations(&s, m->optimizer->eqn);
	demote_states(before->next);
}

/* Numbers that training may change: the learning rate always, the others unless they are 0, which
 * lets their terms vanish. */
static void choose_hypers(Prog *p)
{
	const Model *m = p->model;

	for (int i = 0; i < m->nopt_var; i++) {
		const AttrSpec *a = m->optimizer->attr;
		while (a->name && strcmp(a->name, m->opt_var[i].name) != 0)
			a++;
		double v = m->opt_var[i].value;
		bool lr = !strcmp(m->opt_var[i].name, "lr");
		if (lr || (a->name && a->type == A_REAL && (v < 0 || v > 0)))
			p->hyper[p->nhyper++] = m->opt_var[i].name;
	}
}

void grad(Prog *p)
{
	Context c = { .p = p };
	Eqn *eval = p->first, *last_forward = NULL;

	for (int i = 0; i < p->ntensor; i++)
		p->tensor[i]->needs_grad = p->tensor[i]->role == ROLE_PARAM;
	for (Eqn *q = p->first; q && q->phase == PHASE_FORWARD; q = q->next) {
		q->out->needs_grad |= needs(&c, q->rhs);
		last_forward = q;
	}
	eval = last_forward->next;              /* evaluation goes behind the updates */
	Eqn *eval_last = p->last;
	last_forward->next = NULL;
	p->last = last_forward;
	c.parts = alloc(sizeof *c.parts * ((size_t)p->ntensor * 8 + 64));
	choose_hypers(p);
	contribute(&c, p->loss, NULL, expr_const(1));
	for (int b = p->nblock - 1; b >= 0; b--)
		block_gradient(&c, p->block[b]);
	for (int i = 0, n = p->ntensor; i < n; i++) {
		Tensor *w = p->tensor[i];
		if (w->role != ROLE_PARAM)
			continue;
		if (finish(&c, w, NULL) && w->grad)
			update(&c, w);
		else
			w->role = ROLE_FROZEN;          /* nothing that counts depends on it */
	}
	p->last->next = eval;
	p->last = eval ? eval_last : p->last;
}
