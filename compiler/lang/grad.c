/* grad.c: appends the backward equations and the optimizer's.
 *
 * In: forward equations, last to first. For an equation out[o] = fold e and every tensor T it
 * reads at index f(axes), the gradient is  dT[h] += sum over all axes with f(axes) = h of
 * dout[o] * de/dT. The adjoint de/dT comes from the derivative column of ops.h; solve.c turns
 * the sum into loops. A row that states its gradient has its text read instead.
 * Gradients of tensors with several readers are added up; tensors that no trained parameter
 * feeds get none. */
#include "ir.h"

#include <assert.h>
#include <string.h>

typedef struct Part {   /* a contribution to a gradient                                */
	Tensor *tensor; /* the gradient seen by one reader; or NULL                    */
	Expr *number;   /* the same for all elements                                   */
} Part;

typedef struct Parts {
	Part *part;
	int n;
} Parts;

typedef struct Adjoint { /* of one read of an equation                                  */
	Expr *read, *adj;
} Adjoint;

typedef struct Context {
	Prog *p;
	Parts *parts;     /* by tensor id                                                */
	const Eqn *q;     /* the forward equation                                        */
	Adjoint *adjoint; /* of its reads                                                */
	int nadjoint;
	bool needed; /* result of `needs`                                           */
} Context;

static const char *const derivative[][4] = {
#define OP(id, name, arity, text, d0, d1, d2, d3) {d0, d1, d2, d3},
#include "../rows/ops.h"
#undef OP
};

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

/* ---- adjoints of one expression ------------------------------------------------------------- */

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
		c->adjoint = grow(c->adjoint, c->nadjoint, sizeof *c->adjoint);
		c->adjoint[c->nadjoint++] = (Adjoint){e, adj};
		return;
	}
	Scope s = {.prog = c->p};
	static const char *const letter[] = {"a", "b", "c", "d"};
	for (int i = 0; i < e->n; i++)
		scope_bind(&s, letter[i], NULL, e->arg[i]);
	bool at_hand = root && c->q->fold == FOLD_NONE;
	scope_bind(&s, "y", NULL, at_hand ? expr_read(c->q->out, c->q->index) : e);
	scope_bind(&s, "g", NULL, adj);
	for (int i = 0; i < e->n; i++)
		if (needs(c, e->arg[i]) && !*derivative[e->op][i])
			fatal(70,
			      "a function without a derivative in a formula; please report this");
		else if (needs(c, e->arg[i]))
			push(c, e->arg[i], parse_expr(&s, derivative[e->op][i]), false);
}

/* ---- contributions -------------------------------------------------------------------------- */

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

/* All contributions so far become one: a number where all of them are, otherwise a tensor. */
static void add_up(Context *c, const Tensor *t, const Layer *l)
{
	Parts *parts = &c->parts[t->id];
	Part sum = {NULL, expr_const(0)};
	int tensors = 0;

	for (int i = 0; i < parts->n; i++) {
		tensors += parts->part[i].tensor != NULL;
		if (!parts->part[i].tensor)
			sum.number = add(sum.number, parts->part[i].number);
	}
	if (tensors > 0) {
		Eqn *q = eqn_new(c->p, PHASE_BACKWARD, l);
		q->out = sum.tensor = grad_tensor(c, t);
		whole_index(t, q->index, q);
		q->rhs = sum.number;
		for (int i = 0; i < parts->n; i++)
			if (parts->part[i].tensor)
				q->rhs = add(q->rhs, expr_read(parts->part[i].tensor, q->index));
		sum.number = NULL;
		eqn_add(c->p, q);
	}
	parts->part[0] = sum;
	parts->n = 1;
}

/* A gradient with many readers is added up as they come, so that no equation gets long and few
 * contributions wait in memory. */
static void contribute(Context *c, const Layer *l, const Tensor *t, Tensor *grad, Expr *number)
{
	Parts *parts = &c->parts[t->id];

	if (parts->n == MAX_READ)
		add_up(c, t, l);
	parts->part = grow(parts->part, parts->n, sizeof *parts->part);
	parts->part[parts->n++] = (Part){grad, number};
}

/* The sum of all contributions becomes t->grad or, where one number serves, t->grad_expr. */
static bool finish(Context *c, Tensor *t, const Layer *l)
{
	Parts *parts = &c->parts[t->id];

	if (t->grad || t->grad_expr)
		return true;
	if (parts->n == 0)
		return false;
	if (parts->n > 1)
		add_up(c, t, l);
	t->grad = parts->part[0].tensor;
	t->grad_expr = parts->part[0].number;
	return true;
}

/* ---- one forward equation ------------------------------------------------------------------- */

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
		code = affine_add(affine_scale(code, q->axis[i]->extent), affine_axis(q->axis[i]),
		                  1);
		cells *= q->axis[i]->extent;
	}
	if (!q->arg) {
		q->arg = grad_tensor(c, q->out);
		tensor_rename(c->p, q->arg, format("%s_argmax", q->out->cname));
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
			contribute(c, q->layer, a->read->tensor, y->grad, NULL);
			continue;
		}
		Tensor *out = grad_tensor(c, a->read->tensor);
		Eqn *before = c->p->last;
		solve(c->p, PHASE_BACKWARD, q, y->grad != NULL, a->read->index, a->adj, out);
		Eqn *made = before->next;
		Expr *only = made->rhs;
		bool uniform = made->fold == FOLD_NONE && !made->next;
		for (int k = 0; k < made->naxis; k++)
			uniform = uniform && !expr_uses(only, made->axis[k]);
		if (uniform) { /* one number for all: no tensor needed */
			before->next = NULL;
			c->p->last = before;
			contribute(c, q->layer, a->read->tensor, NULL, only);
		} else {
			contribute(c, q->layer, a->read->tensor, out, NULL);
		}
	}
}

/* A row that states its gradient: dx, and d-something for its parameters. */
static void stated(Context *c, Block *b)
{
	Scope *s = &b->scope;
	int params = s->nbind;
	bool wanted = b->x->needs_grad;

	for (int i = 0; i < params; i++)
		wanted |= s->bind[i].tensor && s->bind[i].tensor->role == ROLE_PARAM;
	if (!wanted || (b->y && !finish(c, b->y, b->layer)))
		return;
	Tensor *dx = grad_tensor(c, b->x);
	s->phase = PHASE_BACKWARD;
	if (b->y && !b->y->grad)
		fatal(70, "a stated gradient after a constant one; please report this");
	if (b->y)
		scope_bind(s, "dy", b->y->grad, NULL);
	scope_bind(s, "dx", dx, NULL);
	parse_equations(s, row_text(b->layer, b->row->grad));
	if (b->x->needs_grad)
		contribute(c, b->layer, b->x, dx, NULL);
	for (int i = 0; i < params; i++) {
		Tensor *w = s->bind[i].tensor,
		       *dw = scope_tensor(s, format("d%s", s->bind[i].name));
		if (w && dw && w->role == ROLE_PARAM)
			contribute(c, b->layer, w, dw, NULL);
	}
}

static void block_gradient(Context *c, Block *b)
{
	Eqn **order = NULL;
	int n = 0;

	if (b->row->grad) {
		stated(c, b);
		return;
	}
	for (Eqn *q = b->first; q; q = q == b->last ? NULL : q->next) {
		order = grow(order, n, sizeof(Eqn *));
		order[n++] = q;
	}
	while (n > 0)
		differentiate(c, order[--n]);
}

/* ---- the optimizer -------------------------------------------------------------------------- */

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

static Expr *opt_number(const Prog *p, const char *name)
{
	const Model *m = p->model;

	for (int h = 0; h < p->nhyper; h++)
		if (!strcmp(p->hyper[h], name)) {
			Expr *e = expr_leaf(OP_HYPER);
			e->number = h;
			return e;
		}
	for (int i = 0; i < m->nopt_var; i++)
		if (!strcmp(m->opt_var[i].name, name))
			return expr_const(m->opt_var[i].value);
	return expr_const(0);
}

/* min(1, grad_clip / (norm + 1e-6)) over all gradients, or NULL without clipping. The squares of a
 * parameter are summed by its first axis, then those sums: two short sums round less than one. */
static Tensor *clip_factor(Prog *p)
{
	Tensor *sofar = NULL;
	Expr *limit = opt_number(p, "grad_clip");

	if (expr_is(limit, 0))
		return NULL;
	for (int i = 0, n = p->ntensor; i < n; i++) {
		Tensor *w = p->tensor[i];
		Scope s = {.prog = p, .phase = PHASE_UPDATE, .tag = w->cname, .like = w};
		if (w->role != ROLE_PARAM)
			continue;
		scope_bind(&s, "g", w->grad, NULL);
		scope_bind(&s, "before", sofar, NULL);
		parse_equations(&s, "squares[k] = sum{@} g[k,@] * g[k,@];"
		                    "square[0] = before[0] + (sum{k} squares[k])");
		sofar = scope_tensor(&s, "square");
	}
	Scope s = {.prog = p, .phase = PHASE_UPDATE, .tag = "clip", .like = sofar};
	scope_bind(&s, "square", sofar, NULL);
	scope_bind(&s, "limit", NULL, limit);
	parse_equations(&s, "factor[0] = min(1, limit / (sqrt(square[0]) + 0.000001))");
	return scope_tensor(&s, "factor");
}

/* The runtime sees the gradient of a parameter under its name and shape. */
static void show_gradient(Tensor *w)
{
	w->grad->role = ROLE_GRAD;
	w->grad->of = w;
	w->grad->keep = true;
	w->grad->name = format("grad.%s", w->name);
	memcpy(w->grad->file_dim, w->file_dim, sizeof w->file_dim);
	w->grad->file_rank = w->file_rank;
}

static void update(Context *c, Tensor *w, Tensor *clip)
{
	Prog *p = c->p;
	const Model *m = p->model;
	Scope s = {.prog = p, .phase = PHASE_UPDATE, .tag = w->cname, .like = w};
	Eqn *before = p->last;

	scope_bind(&s, "w", w, NULL);
	scope_bind(&s, "g", w->grad, NULL);
	for (int i = 0; i < m->nopt_var; i++)
		scope_bind(&s, m->opt_var[i].name, NULL, opt_number(p, m->opt_var[i].name));
	if (clip) {
		scope_bind(&s, "factor", clip, NULL);
		parse_equations(&s, "clipped[...] = g[...] * factor[0]");
		scope_bind(&s, "g", scope_tensor(&s, "clipped"), NULL);
	}
	for (const char *at = m->optimizer->state; at && *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");
		const char *name = copy_bytes(at, n);
		Tensor *t = tensor_new(p, format("%s.%s", w->name, name),
		                       format("%s_%s", w->cname, name), ROLE_STATE);
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

/* May a run set the number to another value, since it is an expression over parameters? */
static bool is_expression(const Model *m, const char *name)
{
	for (const Setting *s = m->settings; s; s = s->next)
		if (!strcmp(s->name, name) && s->value && *s->value == '{' &&
		    (!strcmp(s->elem, "optimizer") || !strcmp(s->elem, "train")))
			return true;
	return false;
}

/* Numbers that training may change: the learning rate and what the schedule moves always, the
 * others unless they are written as 0, which lets their terms vanish. */
static void choose_hypers(Prog *p)
{
	const Model *m = p->model;
	const char *cycle = strcmp(m->schedule, "onecycle") ? NULL : m->optimizer->cycles;

	for (int i = 0; i < m->nopt_var; i++) {
		const AttrSpec *a = m->optimizer->attr;
		while (a->name && strcmp(a->name, m->opt_var[i].name) != 0)
			a++;
		double v = m->opt_var[i].value;
		bool moved = !strcmp(m->opt_var[i].name, "lr") ||
		             (cycle && !strcmp(m->opt_var[i].name, cycle));
		bool real = !a->name || a->type == A_REAL;
		if (moved || (real && (v < 0 || v > 0 || is_expression(m, m->opt_var[i].name))))
			p->hyper[p->nhyper++] = m->opt_var[i].name;
	}
}

void grad(Prog *p)
{
	Context c = {.p = p};
	Eqn *last_forward = p->first;

	for (int i = 0; i < p->ntensor; i++)
		p->tensor[i]->needs_grad = p->tensor[i]->role == ROLE_PARAM;
	assert(last_forward);
	for (Eqn *q = p->first; q && q->phase == PHASE_FORWARD; q = q->next) {
		q->out->needs_grad |= needs(&c, q->rhs);
		last_forward = q;
	}
	Eqn *eval = last_forward->next; /* evaluation goes behind the updates */
	Eqn *eval_last = p->last;
	last_forward->next = NULL;
	p->last = last_forward;
	c.parts = alloc(sizeof *c.parts * (size_t)p->ntensor);
	choose_hypers(p);
	contribute(&c, NULL, p->loss, NULL, expr_const(1));
	for (int b = p->nblock - 1; b >= 0; b--)
		block_gradient(&c, p->block[b]);
	int n = p->ntensor;
	for (int i = 0; i < n; i++) {
		Tensor *w = p->tensor[i];
		if (w->role != ROLE_PARAM)
			continue;
		if (finish(&c, w, NULL) && w->grad)
			show_gradient(w);
		else
			w->role = ROLE_FROZEN; /* nothing that counts depends on it */
	}
	Tensor *clip = clip_factor(p);
	for (int i = 0; i < n; i++)
		if (p->tensor[i]->role == ROLE_PARAM)
			update(&c, p->tensor[i], clip);
	p->last->next = eval;
	p->last = eval ? eval_last : p->last;
}
