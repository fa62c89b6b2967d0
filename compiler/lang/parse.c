/* parse.c: the language of the formulas in layers.c and ops.h.
 *
 *     y[n,k,i,j] = bias[k] + sum{c,r,s} x[n,c,i*sh+r-pt,j*sw+s-pl] * weight[k,c,r,s]; ...
 *
 * In: text and a Scope (numbers, tensors, expressions by name). Out: equations added to the
 * program, each with at most one fold, outermost; inner folds become temporaries. One lower-case
 * letter is an axis, anything longer a name. [...] stands for all axes of the scope's `like`
 * tensor, c... for all but the batch, @ for those after the channel. The extent of an axis is
 * the dimension where it stands alone in an index, or what Row.axes says; a statement is read
 * twice, first for that. Rows are our own text, so a mistake in one is a bug and ends the
 * program. */
#include "parse.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static Expr *parse_sum(Parser *p);

/* ---- expressions ---------------------------------------------------------------------------- */

static Expr *special(Parser *p, const char *name)
{
	const Tensor *like = p->s->like;
	Expr *e = NULL;
	Index x = {.n = 0};

	if (!strcmp(name, "inside")) {
		double extent = 0;
		e = expr_leaf(OP_INSIDE);
		e->index[0] = index_sum(p);
		expect(p, ",");
		if (!number_named(p->s, word(p), &extent))
			bad(p, "expected an extent before");
		e->extent = (int)extent;
	} else if (!strcmp(name, "value")) {
		e = expr_leaf(OP_INDEX);
		e->index[0] = index_sum(p);
	} else if (!strcmp(name, "ordinal")) {
		e = expr_leaf(OP_INDEX);
		index_entry(p, like, &x);
		e->index[0] = ordinal(&x, like->dim + 1);
	} else if (!strcmp(name, "random")) {
		e = expr_leaf(OP_RANDOM);
		e->number = p->s->key;
		pack(p, 0, NULL, &x);
		e->index[0] = ordinal(&x, like->dim);
	} else {
		return NULL;
	}
	expect(p, ")");
	return p->dry ? e : expr_settle(e);
}

static Expr *call(Parser *p, const char *name)
{
	static const char *const op_name[] = {
#define OP(id, name, arity, text, d0, d1, d2, d3) name,
#include "../rows/ops.h"
#undef OP
	};
	Expr *arg[MAX_ARG] = {NULL}, *e = special(p, name);

	if (e)
		return e;
	for (Op op = 0; op < sizeof op_name / sizeof *op_name; op++) {
		if (strcmp(op_name[op], name) != 0)
			continue;
		for (int i = 0; i < expr_arity(op); i++) {
			if (i)
				expect(p, ",");
			arg[i] = parse_sum(p);
		}
		expect(p, ")");
		return p->dry ? expr_const(0) : expr_op(op, arg[0], arg[1], arg[2], arg[3]);
	}
	bad(p, format("unknown function '%s' before", name));
	return NULL;
}

static Expr *parse_factor(Parser *p);

/* sum{c,r,s} product */
static Expr *fold(Parser *p, Fold kind)
{
	Index x = {.n = 0};

	expect(p, "{");
	do
		index_entry(p, NULL, &x);
	while (accept(p, ","));
	expect(p, "}");
	Expr *body = parse_factor(p);
	while (kind == FOLD_SUM && accept(p, "*"))
		body = expr_op(OP_MUL, body, parse_factor(p), NULL, NULL);
	Expr *e = expr_leaf(OP_FOLD);
	e->number = (int)kind;
	e->arg[0] = body;
	e->index = alloc(sizeof *e->index * (size_t)x.n);
	for (int i = 0; i < x.n; i++)
		if (x.at[i].n) /* axes of one value are gone already */
			e->index[e->n++] = x.at[i];
	return e->n ? e : body;
}

static Expr *named(Parser *p, const char *name)
{
	Scope *s = p->s;
	double v;

	blanks(p);
	for (int i = s->nbind - 1; i >= 0; i--) {
		Known *b = &s->bind[i];
		if (strcmp(b->name, name) != 0)
			continue;
		if (b->expr)
			return b->expr;
		Index x = index_list(p, b->tensor);
		return b->tensor && !p->dry ? expr_read(b->tensor, x.at) : expr_const(b->absent);
	}
	if (!strcmp(name, "batch"))
		return expr_leaf(OP_LIVE);
	if (!strcmp(name, "step"))
		return expr_leaf(OP_STEP);
	if (number_named(s, name, &v))
		return expr_const(v);
	bad(p, format("unknown name '%s' before", name));
	return NULL;
}

static Expr *parse_factor(Parser *p)
{
	if (accept(p, "(")) {
		Expr *e = parse_sum(p);
		expect(p, ")");
		return e;
	}
	if (accept(p, "-"))
		return expr_op(OP_NEG, parse_factor(p), NULL, NULL, NULL);
	blanks(p);
	if (isdigit((unsigned char)*p->at)) {
		char *end;
		double v = strtod(p->at, &end);
		p->at = end;
		return expr_const(v);
	}
	const char *name = word(p);
	if (!name)
		bad(p, "expected a value");
	if ((!strcmp(name, "sum") || !strcmp(name, "max")) && *p->at == '{')
		return fold(p, *name == 's' ? FOLD_SUM : FOLD_MAX);
	return accept(p, "(") ? call(p, name) : named(p, name);
}

static Expr *parse_product(Parser *p)
{
	Expr *e = parse_factor(p);

	for (;;) {
		if (accept(p, "*"))
			e = expr_op(OP_MUL, e, parse_factor(p), NULL, NULL);
		else if (accept(p, "/"))
			e = expr_op(OP_DIV, e, parse_factor(p), NULL, NULL);
		else
			return e;
	}
}

static Expr *parse_sum(Parser *p)
{
	Expr *e = parse_product(p);

	for (;;) {
		if (accept(p, "+"))
			e = expr_op(OP_ADD, e, parse_product(p), NULL, NULL);
		else if (accept(p, "-"))
			e = expr_op(OP_SUB, e, parse_product(p), NULL, NULL);
		else
			return e;
	}
}

/* ---- statements ----------------------------------------------------------------------------- */

static void set_axes(Eqn *q, Parser *p, const Affine *folded, int nfolded)
{
	for (int f = 0; f < 2; f++)
		for (int i = 0; i < p->naxis; i++) {
			Axis *a = p->axis[i];
			bool is_folded = false, used = false;
			for (int d = 0; d < nfolded; d++)
				is_folded |= affine_coef(&folded[d], a) != 0;
			for (int d = 0; d < q->out->rank; d++)
				used |= affine_coef(&q->index[d], a) != 0;
			if ((a->extent == 1 && !a->batch) || is_folded != (f == 1) ||
			    (!used && !is_folded))
				continue;
			q->axis[q->naxis++] = a;
			q->nfree += f == 0;
		}
}

static void fold_into(Eqn *q, Parser *p, const Expr *fold)
{
	double count = 1;

	q->rhs = fold->arg[0];
	for (int i = 0; i < fold->n; i++)
		count *= fold->index[i].term[0].axis->extent;
	if (q->rhs->op == OP_CONST) {
		bool sum = fold->number == FOLD_SUM;
		q->rhs = expr_const(sum ? count * q->rhs->value : q->rhs->value);
		set_axes(q, p, NULL, 0);
		return;
	}
	q->fold = (Fold)fold->number;
	set_axes(q, p, fold->index, fold->n);
}

/* A tensor over the given axes, batch first as they come. */
static Tensor *temp_over(Scope *s, const char *name, const Affine *index, int n)
{
	Tensor *t = tensor_new(s->prog, name, format("%s_%s", s->tag, name), ROLE_TEMP);

	for (int i = 0; i < n; i++) {
		int lo, hi;
		affine_range(&index[i], &lo, &hi);
		t->dim[t->rank++] = hi + 1;
		t->batched |= i == 0 && index[i].n == 1 && index[i].term[0].axis->batch;
	}
	return t;
}

/* Takes inner folds out of e into temporaries of their own. */
static Expr *split_folds(Parser *p, Expr *e)
{
	Expr *arg[MAX_ARG] = {NULL};
	Eqn *q;

	if (e->op == OP_FOLD) {
		Affine index[MAX_DIM];
		int n = 0;
		if (e->arg[0]->op == OP_CONST)
			goto constant;
		for (int i = 0; i < p->naxis; i++) {
			bool folded = false;
			for (int d = 0; d < e->n; d++)
				folded |= affine_coef(&e->index[d], p->axis[i]) != 0;
			if (!folded && expr_uses(e->arg[0], p->axis[i]))
				index[n++] = affine_axis(p->axis[i]);
		}
		if (n == 0)
			index[n++] = affine(0);
		q = eqn_new(p->s->prog, p->s->phase, p->s->layer);
		q->out = temp_over(p->s, e->number == FOLD_SUM ? "sum" : "max", index, n);
		memcpy(q->index, index, sizeof *index * (size_t)n);
		fold_into(q, p, e);
		eqn_add(p->s->prog, q);
		return expr_read(q->out, index);
	}
	if (expr_arity(e->op) == 0)
		return e;
	for (int i = 0; i < e->n; i++)
		arg[i] = split_folds(p, e->arg[i]);
	return expr_op(e->op, arg[0], arg[1], arg[2], arg[3]);
constant:
	for (int i = 0; i < e->n; i++)
		arg[0] = expr_op(OP_MUL, arg[0] ? arg[0] : e->arg[0],
		                 expr_const(e->index[i].term[0].axis->extent), NULL, NULL);
	return arg[0];
}

static Tensor *temp_like(Scope *s, const char *name, const Tensor *y)
{
	Tensor *t = tensor_new(s->prog, name, format("%s_%s", s->tag, name), ROLE_TEMP);

	t->rank = y->rank;
	memcpy(t->dim, y->dim, sizeof t->dim);
	t->batched = y->batched;
	return t;
}

static const Expr *batched_read(const Expr *e)
{
	const Expr *r = NULL;

	if (e->op == OP_READ)
		return e->tensor->batched ? e : NULL;
	for (int i = 0; i < expr_arity(e->op) && !r; i++)
		r = batched_read(e->arg[i]);
	return r;
}

/* "t[place] += e": the sum of all terms that belong to a place. e is a product with a read of a
 * tensor of images, outside of which it is 0. */
static void scatter(Parser *p, Tensor *t, const Affine *place, Expr *e)
{
	Eqn over = {.layer = p->s->layer};
	const Expr *r = batched_read(e);

	if (!r || !expr_vanishes(e, r))
		bad(p, "a term that is scattered must be a product with a tensor of images");
	over.out = r->tensor;
	memcpy(over.index, r->index, sizeof *r->index * (size_t)r->n);
	for (int i = 0; i < p->naxis; i++)
		if (p->axis[i]->extent > 1 || p->axis[i]->batch)
			over.axis[over.naxis++] = p->axis[i];
	solve(p->s->prog, p->s->phase, &over, true, place, e, t);
}

static void statement(Parser *p)
{
	Scope *s = p->s;
	const char *start = p->at, *name = word(p);
	if (!name)
		bad(p, "expected a tensor");
	Tensor *t = scope_tensor(s, name);

	p->dry = true;
	p->naxis = 0;
	index_list(p, t);
	if (!accept(p, ":=") && !accept(p, "+="))
		expect(p, "=");
	parse_sum(p);
	for (int i = 0; i < p->naxis; i++)
		if (p->axis[i]->extent < 1)
			bad(p, format("axis %s has no extent before", p->axis[i]->name));
	p->at = start;
	p->dry = false;
	word(p);
	Index x = index_list(p, t);
	bool update = accept(p, ":="), scattered = !update && accept(p, "+=");
	if (!t) {
		t = scattered ? temp_like(s, name, scope_tensor(s, "y"))
		              : temp_over(s, name, x.at, x.n);
		scope_bind(s, name, t, NULL);
	}
	if (!update && !scattered)
		expect(p, "=");
	Expr *e = parse_sum(p);
	if (scattered) {
		scatter(p, t, x.at, e);
		return;
	}
	Eqn *q = eqn_new(s->prog, s->phase, s->layer);
	q->out = t;
	q->update = update;
	memcpy(q->index, x.at, sizeof x.at);
	if (e->op == OP_FOLD) {
		fold_into(q, p, e);
	} else {
		q->rhs = split_folds(p, e);
		set_axes(q, p, NULL, 0);
	}
	eqn_add(s->prog, q);
}

void parse_equations(Scope *s, const char *text)
{
	Parser p = {.s = s, .text = text, .at = text};

	do
		statement(&p);
	while (accept(&p, ";"));
	blanks(&p);
	if (*p.at)
		bad(&p, "unexpected text");
}

Expr *parse_expr(Scope *s, const char *text)
{
	Parser p = {.s = s, .text = text, .at = text};
	Expr *e = parse_sum(&p);

	if (*p.at)
		bad(&p, "unexpected text");
	return e;
}

void scope_bind(Scope *s, const char *name, Tensor *t, Expr *e)
{
	s->bind = grow(s->bind, s->nbind, sizeof *s->bind);
	s->bind[s->nbind++] = (Known){name, t, e, 0};
}

Tensor *scope_tensor(const Scope *s, const char *name)
{
	for (int i = s->nbind - 1; i >= 0; i--)
		if (!strcmp(s->bind[i].name, name))
			return s->bind[i].tensor;
	return NULL;
}
