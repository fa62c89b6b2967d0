/* expr.c: affine indices and scalar expressions.
 *
 * In: parts. Out: the simplest equal whole; every builder folds constants and drops neutral terms,
 * so that no pass has to clean up after another. Expressions are never changed once built (later
 * passes share them); substitution makes new ones. Printing gives the mathematics of the formulas
 * back: `bias[k] + x[n,c,i+r-1,j+s-1] * weight[k,c,r,s]`. */
#include "ir.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const struct {
	const char *name;
	int arity;
} op_info[] = {
#define OP(id, name, arity, text, d0, d1, d2, d3) {name, arity},
#include "../rows/ops.h"
#undef OP
};

enum { OPERATORS = sizeof op_info / sizeof op_info[0] };

/* ---- affine indices ------------------------------------------------------------------------- */

Affine affine(int c)
{
	return (Affine){.c = c};
}

Affine affine_axis(Axis *a)
{
	Affine r = {.n = 1};

	r.term[0].axis = a;
	r.term[0].coef = 1;
	return r;
}

/* a + k * b, with terms of one axis put together and empty ones dropped */
Affine affine_add(Affine a, Affine b, int k)
{
	a.c += k * b.c;
	for (int i = 0; i < b.n; i++) {
		int j = 0;
		while (j < a.n && a.term[j].axis != b.term[i].axis)
			j++;
		if (j == a.n) {
			assert(a.n < MAX_TERM);
			a.term[a.n].axis = b.term[i].axis;
			a.term[a.n++].coef = 0;
		}
		a.term[j].coef += k * b.term[i].coef;
		if (a.term[j].coef == 0)
			a.term[j] = a.term[--a.n];
	}
	return a;
}

Affine affine_scale(Affine a, int k)
{
	return affine_add(affine(0), a, k);
}

int affine_coef(const Affine *a, const Axis *axis)
{
	for (int i = 0; i < a->n; i++)
		if (a->term[i].axis == axis)
			return a->term[i].coef;
	return 0;
}

Affine affine_subst(Affine a, const Axis *axis, Affine by)
{
	Affine r = affine(a.c);
	int k = affine_coef(&a, axis);

	for (int i = 0; i < a.n; i++)
		if (a.term[i].axis != axis)
			r = affine_add(r, affine_axis(a.term[i].axis), a.term[i].coef);
	return k ? affine_add(r, by, k) : a;
}

/* Terms of renamed axes stand last, in the order of `from`. */
Affine affine_rename(const Affine *a, Axis *const *from, Axis *const *to, int n)
{
	Affine r = affine(a->c);

	for (int i = 0; i < a->n; i++) {
		int k = 0;
		while (k < n && from[k] != a->term[i].axis)
			k++;
		if (k == n)
			r.term[r.n++] = a->term[i];
	}
	for (int k = 0; k < n; k++) {
		int coef = affine_coef(a, from[k]);
		if (coef) {
			r.term[r.n].axis = to[k];
			r.term[r.n++].coef = coef;
		}
	}
	return r;
}

bool affine_same(const Affine *a, const Affine *b)
{
	if (a->c != b->c || a->n != b->n)
		return false;
	for (int i = 0; i < a->n; i++)
		if (affine_coef(b, a->term[i].axis) != a->term[i].coef)
			return false;
	return true;
}

bool affine_is(const Affine *a, const Axis *axis)
{
	return a->c == 0 && a->n == 1 && a->term[0].axis == axis && a->term[0].coef == 1;
}

void affine_range(const Affine *a, int *lo, int *hi)
{
	*lo = *hi = a->c;
	for (int i = 0; i < a->n; i++) {
		int reach = a->term[i].coef * (a->term[i].axis->extent - 1);
		*(reach < 0 ? lo : hi) += reach;
	}
}

/* ---- building ------------------------------------------------------------------------------- */

int expr_arity(Op op)
{
	return (int)op < OPERATORS ? op_info[op].arity : 0;
}

Expr *expr_const(double v)
{
	Expr *e = new(Expr);

	e->op = OP_CONST;
	e->value = v;
	return e;
}

static int indices(const Expr *e)
{
	return e->op == OP_READ                                                ? e->n
	       : e->op == OP_INDEX || e->op == OP_INSIDE || e->op == OP_RANDOM ? 1
	                                                                       : 0;
}

static Affine *index_new(int n)
{
	return n ? alloc(sizeof(Affine) * (size_t)n) : NULL;
}

Expr *expr_leaf(Op op)
{
	Expr *e = new(Expr);

	e->op = op;
	e->index = index_new(indices(e));
	return e;
}

Expr *expr_copy(const Expr *e)
{
	Expr *r = memcpy(new(Expr), e, sizeof *e);
	int n = indices(e);

	r->index = index_new(n);
	if (n)
		memcpy(r->index, e->index, sizeof *e->index * (size_t)n);
	return r;
}

Expr *expr_read(Tensor *t, const Affine *index)
{
	Expr *e = expr_leaf(OP_READ);

	e->tensor = t;
	e->n = t->rank;
	e->index = index_new(e->n);
	if (e->n)
		memcpy(e->index, index, sizeof *index * (size_t)e->n);
	return e;
}

bool expr_is(const Expr *e, double v)
{
	assert(e);
	return e->op == OP_CONST && e->value >= v && e->value <= v;
}

static double evaluate(Op op, double a, double b, double c, double d)
{
	switch (op) {
	case OP_ADD:
		return a + b;
	case OP_SUB:
		return a - b;
	case OP_MUL:
		return a * b;
	case OP_DIV:
		return a / b;
	case OP_NEG:
		return -a;
	case OP_MAX:
		return a < b ? b : a;
	case OP_MIN:
		return b < a ? b : a;
	case OP_EXP:
		return exp(a);
	case OP_LOG:
		return log(a);
	case OP_SQRT:
		return sqrt(a);
	case OP_TANH:
		return tanh(a);
	case OP_SIGMOID:
		return 1 / (1 + exp(-a));
	case OP_EXPM1:
		return expm1(a);
	case OP_LOG1P:
		return log1p(a);
	case OP_ERF:
		return erf(a);
	case OP_ABS:
		return fabs(a);
	case OP_SIGN:
		return (a > 0) - (a < 0);
	case OP_IFGT:
		return a > b ? c : d;
	case OP_IFEQ:
		return a >= b && a <= b ? c : d;
	case OP_POWER:
		return pow(a, b);
	default:
		fatal(70, "an operator without a constant value; please report this");
	}
}

/* x+0 x-0 0-x x*0 x*1 x/1 -(-x) and choices between equal values; NULL: nothing to simplify */
static Expr *simplify(Op op, Expr *a, Expr *b, Expr *c, Expr *d)
{
	assert(a && (b || expr_arity(op) < 2));
	if (!b)
		return op == OP_NEG && a->op == OP_NEG ? a->arg[0] : NULL;
	switch (op) {
	case OP_ADD:
		return expr_is(a, 0)     ? b
		       : expr_is(b, 0)   ? a
		       : b->op == OP_NEG ? expr_op(OP_SUB, a, b->arg[0], NULL, NULL)
		                         : NULL;
	case OP_SUB:
		return expr_is(b, 0)   ? a
		       : expr_is(a, 0) ? expr_op(OP_NEG, b, NULL, NULL, NULL)
		                       : NULL;
	case OP_MUL:
		if (expr_is(a, 0) || expr_is(b, 0))
			return expr_const(0);
		if (expr_is(a, 1))
			return b;
		if (expr_is(b, 1))
			return a;
		if (a->op == OP_NEG)
			return expr_op(OP_NEG, expr_op(OP_MUL, a->arg[0], b, NULL, NULL), NULL,
			               NULL, NULL);
		return NULL;
	case OP_DIV:
		if (expr_is(a, 0) || expr_is(b, 1))
			return a;
		if (b->op == OP_CONST) /* exact for powers of two, one rounding otherwise */
			return expr_op(OP_MUL, a, expr_const(1 / b->value), NULL, NULL);
		return NULL;
	case OP_IFGT:
	case OP_IFEQ:
		return expr_same(c, d) ? c : NULL;
	default:
		return NULL;
	}
}

Expr *expr_op(Op op, Expr *a, Expr *b, Expr *c, Expr *d)
{
	Expr *arg[MAX_ARG] = {a, b, c, d};
	double v[MAX_ARG] = {0};
	int constant = 0, n = expr_arity(op);

	for (int i = 0; i < n; i++) {
		assert(arg[i]);
		if (arg[i]->op == OP_CONST) {
			v[i] = arg[i]->value;
			constant++;
		}
	}
	if (constant == n)
		return expr_const(evaluate(op, v[0], v[1], v[2], v[3]));
	Expr *e = simplify(op, a, b, c, d);
	if (e)
		return e;
	e = expr_leaf(op);
	e->n = n;
	memcpy(e->arg, arg, sizeof arg);
	return e;
}

Expr *expr_settle(Expr *e)
{
	int lo, hi;

	if (e->op != OP_INDEX && e->op != OP_INSIDE)
		return e;
	affine_range(&e->index[0], &lo, &hi);
	if (e->op == OP_INDEX)
		return lo == hi ? expr_const(lo) : e;
	if (lo >= 0 && hi < e->extent)
		return expr_const(1);
	return hi < 0 || lo >= e->extent ? expr_const(0) : e;
}

Expr *expr_subst(Expr *e, const Axis *axis, Affine by)
{
	if (!expr_uses(e, axis))
		return e;
	if (expr_arity(e->op) > 0) {
		Expr *arg[MAX_ARG] = {NULL};
		for (int i = 0; i < e->n; i++)
			arg[i] = expr_subst(e->arg[i], axis, by);
		return expr_op(e->op, arg[0], arg[1], arg[2], arg[3]);
	}
	Expr *r = expr_copy(e);
	for (int i = 0; i < indices(e); i++)
		r->index[i] = affine_subst(e->index[i], axis, by);
	return expr_settle(r);
}

Expr *expr_rename(Expr *e, Axis *const *from, Axis *const *to, int n)
{
	bool changed = false;

	if (expr_arity(e->op) > 0) {
		Expr *arg[MAX_ARG] = {NULL};
		for (int i = 0; i < e->n; i++) {
			arg[i] = expr_rename(e->arg[i], from, to, n);
			changed |= arg[i] != e->arg[i];
		}
		return changed ? expr_op(e->op, arg[0], arg[1], arg[2], arg[3]) : e;
	}
	for (int k = 0; k < n && !changed; k++)
		changed = expr_uses(e, from[k]);
	if (!changed)
		return e;
	Expr *r = expr_copy(e);
	for (int i = 0; i < indices(e); i++)
		r->index[i] = affine_rename(&e->index[i], from, to, n);
	return expr_settle(r);
}

Expr *expr_replace(Expr *e, const Expr *from, Expr *to)
{
	if (expr_same(e, from))
		return to;
	if (expr_arity(e->op) == 0)
		return e;
	Expr *arg[MAX_ARG] = {NULL};
	bool changed = false;
	for (int i = 0; i < e->n; i++) {
		arg[i] = expr_replace(e->arg[i], from, to);
		changed |= arg[i] != e->arg[i];
	}
	return changed ? expr_op(e->op, arg[0], arg[1], arg[2], arg[3]) : e;
}

bool tensor_is_number(const Tensor *t)
{
	for (int d = 0; d < t->rank; d++)
		if (t->dim[d] != 1)
			return false;
	return !t->batched;
}

/* ---- asking --------------------------------------------------------------------------------- */

bool expr_same(const Expr *a, const Expr *b)
{
	if (a == b)
		return true;
	if (a->op != b->op || a->n != b->n || a->tensor != b->tensor || a->number != b->number ||
	    a->extent != b->extent || a->value < b->value || a->value > b->value)
		return false;
	for (int i = 0; i < indices(a); i++)
		if (!affine_same(&a->index[i], &b->index[i]))
			return false;
	for (int i = 0; i < expr_arity(a->op); i++)
		if (!expr_same(a->arg[i], b->arg[i]))
			return false;
	return true;
}

bool expr_uses(const Expr *e, const Axis *axis)
{
	for (int i = 0; i < indices(e); i++)
		if (affine_coef(&e->index[i], axis))
			return true;
	for (int i = 0; i < expr_arity(e->op); i++)
		if (expr_uses(e->arg[i], axis))
			return true;
	return false;
}

void expr_each(Expr *e, void (*fn)(Expr *e, void *ctx), void *ctx)
{
	fn(e, ctx);
	for (int i = 0; i < expr_arity(e->op); i++)
		expr_each(e->arg[i], fn, ctx);
}

bool expr_vanishes(const Expr *e, const Expr *read)
{
	switch (e->op) {
	case OP_READ:
		return e == read;
	case OP_MUL:
		return expr_vanishes(e->arg[0], read) || expr_vanishes(e->arg[1], read);
	case OP_DIV:
	case OP_NEG:
		return expr_vanishes(e->arg[0], read);
	default:
		return false;
	}
}

typedef struct Outside {
	const Expr *rhs;
	bool all;
} Outside;

static void check_read(Expr *e, void *ctx)
{
	Outside *o = ctx;
	int lo, hi;

	if (e->op != OP_READ)
		return;
	for (int d = 0; d < e->n; d++) {
		affine_range(&e->index[d], &lo, &hi);
		if ((lo < 0 || hi >= e->tensor->dim[d]) && !expr_vanishes(o->rhs, e))
			o->all = false;
	}
}

bool eqn_is_product(const Eqn *q)
{
	Outside o = {q->rhs, true};

	if (q->fold == FOLD_MAX)
		return q->rhs->op == OP_READ;
	expr_each(q->rhs, check_read, &o);
	return o.all;
}

/* ---- printing ------------------------------------------------------------------------------- */

const char *affine_text(const Affine *a)
{
	char *s = "";

	for (int i = 0; i < a->n; i++) {
		int k = a->term[i].coef;
		const char *name = a->term[i].axis->name, *sign = k < 0 ? "-" : *s ? "+" : "";
		int m = k < 0 ? -k : k;
		s = m == 1 ? format("%s%s%s", s, sign, name) : format("%s%s%d%s", s, sign, m, name);
	}
	if (a->c || !*s)
		s = format(a->c >= 0 && *s ? "%s+%d" : "%s%d", s, a->c);
	return s;
}

static const char *indexed(const char *name, const Affine *index, int n)
{
	char *s = format("%s[", name);

	for (int i = 0; i < n; i++)
		s = format("%s%s%s", s, i ? "," : "", affine_text(&index[i]));
	return format("%s]", s);
}

static int binding(const Expr *e)
{
	return e->op == OP_ADD || e->op == OP_SUB   ? 1
	       : e->op == OP_MUL || e->op == OP_DIV ? 2
	       : e->op == OP_NEG                    ? 2
	                                            : 3;
}

static const char *operand(const Expr *e, int at_least)
{
	const char *s = expr_text(e);

	return binding(e) < at_least ? format("(%s)", s) : s;
}

const char *expr_text(const Expr *e)
{
	int p = binding(e);
	char *s;

	switch (e->op) {
	case OP_CONST:
		return format("%g", e->value);
	case OP_HYPER:
		return format("hyper%d", e->number);
	case OP_LIVE:
		return "batch";
	case OP_STEP:
		return "step";
	case OP_READ:
		return indexed(e->tensor->cname, e->index, e->n);
	case OP_INDEX:
		return format("(%s)", affine_text(&e->index[0]));
	case OP_INSIDE:
		return format("inside(%s, %d)", affine_text(&e->index[0]), e->extent);
	case OP_RANDOM:
		return format("random%d(%s)", e->number, affine_text(&e->index[0]));
	case OP_ADD:
	case OP_SUB:
	case OP_MUL:
	case OP_DIV:
		return format("%s %s %s", operand(e->arg[0], p), op_info[e->op].name,
		              operand(e->arg[1], e->op == OP_SUB || e->op == OP_DIV ? p + 1 : p));
	case OP_NEG:
		return format("-%s", operand(e->arg[0], 3));
	default:
		s = format("%s(", op_info[e->op].name);
		for (int i = 0; i < e->n; i++)
			s = format("%s%s%s", s, i ? ", " : "", expr_text(e->arg[i]));
		return format("%s)", s);
	}
}

const char *eqn_text(const Eqn *q)
{
	const char *fold = "";

	if (q->fold != FOLD_NONE) {
		fold = q->fold == FOLD_SUM ? "sum{" : "max{";
		for (int i = q->nfree; i < q->naxis; i++)
			fold = format("%s%s%s", fold, i > q->nfree ? "," : "", q->axis[i]->name);
		fold = format("%s} ", fold);
	}
	if (q->matrix) {
		Affine row = eqn_matrix_row(q);
		fold = format("%s%s[%s,%s] * %s[%s,%s] * ", fold, q->matrix->name,
		              affine_text(&row), q->col[0]->name, q->matrix->name, q->row[1]->name,
		              q->col[1]->name);
	}
	return format("%s %s %s%s", indexed(q->out->cname, q->index, q->out->rank),
	              q->update ? ":=" : "=", fold,
	              q->fold ? operand(q->rhs, 2) : expr_text(q->rhs));
}

Affine eqn_matrix_row(const Eqn *q)
{
	Affine row = affine_axis(q->row[0]);

	if (!q->part)
		return row;
	return affine_add(affine_scale(affine_axis(q->part), q->row[0]->extent), row, 1);
}
