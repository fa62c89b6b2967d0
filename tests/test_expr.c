/* test_expr.c: affine indices and expressions: what the builders simplify, and that they never
 * change a value. Rules are tables of what is built and the text that it must become; the rest is
 * random trees, evaluated on one side as they are asked for and on the other as they are built. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "../compiler/print/print.h"

enum { AXES = 4, READS = 3 };

static Axis *axis[AXES];
static Tensor *tensor[READS];
static double value[READS]; /* of the tensors, in the trees that are evaluated */
static uint64_t state = 1;

static int below(int n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (int)(state >> 33) % n;
}

static void setup(void)
{
	static const char *const name[] = {"i", "r", "c", "n"};
	Prog *p = new(Prog);
	for (int i = 0; i < AXES; i++)
		axis[i] = axis_new(name[i], i + 1);
	for (int i = 0; i < READS; i++) {
		tensor[i] = tensor_new(p, "t", format("t%d", i), ROLE_TEMP);
		tensor[i]->rank = 1;
		tensor[i]->dim[0] = 4;
	}
}

/* ---- affine -------------------------------------------------------------------------------- */

static Affine random_affine(void)
{
	Affine a = affine(below(9) - 4);
	for (int k = below(5); k > 0; k--)
		a = affine_add(a, affine_axis(axis[below(AXES)]), below(7) - 3);
	return a;
}

static int affine_at(const Affine *a, const int *at)
{
	int v = a->c;
	for (int i = 0; i < AXES; i++)
		v += affine_coef(a, axis[i]) * at[i];
	return v;
}

static bool next(int *at)
{
	for (int i = 0; i < AXES; i++) {
		if (++at[i] < axis[i]->extent)
			return true;
		at[i] = 0;
	}
	return false;
}

Test(affine, sums_products_and_substitutions_keep_values, .init = setup)
{
	for (int round = 0; round < 2000; round++) {
		Affine a = random_affine(), b = random_affine();
		int k = below(7) - 3, at[AXES] = {0};
		const Axis *x = axis[below(AXES)];
		Affine sum = affine_add(a, b, k), scaled = affine_scale(a, k);
		Affine substituted = affine_subst(a, x, b);
		do {
			int va = affine_at(&a, at), vb = affine_at(&b, at), there[AXES];
			cr_assert_eq(affine_at(&sum, at), va + k * vb);
			cr_assert_eq(affine_at(&scaled, at), k * va);
			for (int i = 0; i < AXES; i++)
				there[i] = axis[i] == x ? vb : at[i];
			cr_assert_eq(affine_at(&substituted, at), affine_at(&a, there));
		} while (next(at));
		for (int i = 0; i < sum.n; i++)
			cr_assert(sum.term[i].coef != 0, "a term of no weight is kept");
	}
}

Test(affine, range_is_the_smallest_and_the_largest_value, .init = setup)
{
	for (int round = 0; round < 2000; round++) {
		Affine a = random_affine();
		int at[AXES] = {0}, lo, hi, least = 1000, most = -1000;
		do {
			int v = affine_at(&a, at);
			least = v < least ? v : least;
			most = v > most ? v : most;
		} while (next(at));
		affine_range(&a, &lo, &hi);
		cr_assert(lo == least && hi == most, "%s: %d..%d, not %d..%d", affine_text(&a),
		          least, most, lo, hi);
	}
}

Test(affine, equality_does_not_depend_on_order, .init = setup)
{
	Affine ic = affine_add(affine_axis(axis[0]), affine_axis(axis[2]), 2);
	Affine ci = affine_add(affine_scale(affine_axis(axis[2]), 2), affine_axis(axis[0]), 1);
	Affine other = affine_add(ci, affine(1), 1), i = affine_axis(axis[0]);
	cr_assert(affine_same(&ic, &ci) && !affine_same(&ic, &other) && !affine_same(&ic, &i));
	cr_assert(affine_is(&i, axis[0]) && !affine_is(&i, axis[1]) && !affine_is(&ic, axis[0]));
	i.c = 1;
	cr_assert(!affine_is(&i, axis[0]));
	Affine gone = affine_add(ic, ci, -1);
	cr_assert(gone.n == 0 && gone.c == 0);
}

Test(affine, text, .init = setup)
{
	Affine a = affine_add(affine_scale(affine_axis(axis[0]), 2), affine_axis(axis[1]), -1);
	a.c = -1;
	cr_assert_str_eq(affine_text(&a), "2i-r-1");
	a.c = 3;
	cr_assert_str_eq(affine_text(&a), "2i-r+3");
	a = affine(-2);
	cr_assert_str_eq(affine_text(&a), "-2");
	a = affine(0);
	cr_assert_str_eq(affine_text(&a), "0");
}

/* ---- rules --------------------------------------------------------------------------------- */

static Expr *number(double v)
{
	return expr_const(v);
}

static Expr *read(int t, const Axis *a)
{
	Affine index = affine_axis((Axis *)a);
	return expr_read(tensor[t], &index);
}

static Expr *two(Op op, Expr *a, Expr *b)
{
	return expr_op(op, a, b, NULL, NULL);
}

static Expr *one(Op op, Expr *a)
{
	return expr_op(op, a, NULL, NULL, NULL);
}

Test(expr, neutral_terms_go, .init = setup)
{
	Expr *x = read(0, axis[0]), *y = read(1, axis[0]), *minus = one(OP_NEG, x);
	const struct {
		Expr *built;
		const char *text;
	} rule[] = {
	        {two(OP_ADD, x, number(0)), "t0[i]"},
	        {two(OP_ADD, number(0), x), "t0[i]"},
	        {two(OP_ADD, y, minus), "t1[i] - t0[i]"},
	        {two(OP_SUB, x, number(0)), "t0[i]"},
	        {two(OP_SUB, number(0), x), "-t0[i]"},
	        {two(OP_MUL, x, number(0)), "0"},
	        {two(OP_MUL, number(0), x), "0"},
	        {two(OP_MUL, x, number(1)), "t0[i]"},
	        {two(OP_MUL, number(1), x), "t0[i]"},
	        {two(OP_MUL, minus, y), "-(t0[i] * t1[i])"},
	        {two(OP_DIV, number(0), x), "0"},
	        {two(OP_DIV, x, number(1)), "t0[i]"},
	        {two(OP_DIV, x, number(4)), "t0[i] * 0.25"},
	        {two(OP_DIV, x, y), "t0[i] / t1[i]"},
	        {one(OP_NEG, minus), "t0[i]"},
	        {expr_op(OP_IFGT, x, y, number(2), number(2)), "2"},
	        {expr_op(OP_IFEQ, x, y, x, read(0, axis[0])), "t0[i]"},
	        {expr_op(OP_IFGT, x, y, x, y), "ifgt(t0[i], t1[i], t0[i], t1[i])"},
	        {two(OP_ADD, number(2), number(3)), "5"},
	        {one(OP_EXP, number(0)), "1"},
	        {two(OP_MAX, number(2), number(-3)), "2"},
	        {two(OP_POWER, number(2), number(10)), "1024"},
	        {expr_op(OP_IFEQ, number(2), number(2), number(7), number(8)), "7"},
	        {expr_op(OP_IFGT, number(2), number(2), number(7), number(8)), "8"},
	};
	for (size_t i = 0; i < sizeof rule / sizeof *rule; i++)
		cr_assert_str_eq(expr_text(rule[i].built), rule[i].text);
}

Test(expr, text_has_the_brackets_it_needs, .init = setup)
{
	Expr *x = read(0, axis[0]), *y = read(1, axis[0]);
	Expr *sum = two(OP_ADD, x, y), *difference = two(OP_SUB, x, y);
	const struct {
		Expr *built;
		const char *text;
	} form[] = {
	        {two(OP_MUL, sum, y), "(t0[i] + t1[i]) * t1[i]"},
	        {two(OP_SUB, x, difference), "t0[i] - (t0[i] - t1[i])"},
	        {two(OP_SUB, difference, y), "t0[i] - t1[i] - t1[i]"},
	        {two(OP_DIV, x, two(OP_MUL, x, y)), "t0[i] / (t0[i] * t1[i])"},
	        {two(OP_DIV, two(OP_DIV, x, y), y), "t0[i] / t1[i] / t1[i]"},
	        {one(OP_NEG, sum), "-(t0[i] + t1[i])"},
	        {one(OP_TANH, sum), "tanh(t0[i] + t1[i])"},
	};
	for (size_t i = 0; i < sizeof form / sizeof *form; i++)
		cr_assert_str_eq(expr_text(form[i].built), form[i].text);
}

/* ---- random trees -------------------------------------------------------------------------- */

typedef struct Tree {
	bool fine;    /* every part is finite                                          */
	Expr *e;      /* as built                                                      */
	double value; /* as asked for                                                  */
} Tree;

static double compute(Op op, const double *v)
{
	static const char *const name[] = {
#define OP(id, name, arity, text, d0, d1, d2, d3) name,
#include "../compiler/rows/ops.h"
#undef OP
	};
	const char *s = name[op];
	double a = v[0], b = v[1];
	if (strlen(s) == 1)
		return *s == '+' ? a + b : *s == '-' ? a - b : *s == '*' ? a * b : a / b;
	const struct {
		const char *name;
		double value;
	} result[] = {
	        {"neg", -a},
	        {"max", fmax(a, b)},
	        {"min", fmin(a, b)},
	        {"exp", exp(a)},
	        {"log", log(a)},
	        {"sqrt", sqrt(a)},
	        {"tanh", tanh(a)},
	        {"sigmoid", 1 / (1 + exp(-a))},
	        {"expm1", exp(a) - 1},
	        {"log1p", log(1 + a)},
	        {"erf", erf(a)},
	        {"abs", fabs(a)},
	        {"sign", (a > 0) - (a < 0)},
	        {"ifgt", a > b ? v[2] : v[3]},
	        {"ifeq", a >= b && a <= b ? v[2] : v[3]},
	        {"power", pow(a, b)},
	};
	for (size_t i = 0; i < sizeof result / sizeof *result; i++)
		if (!strcmp(s, result[i].name))
			return result[i].value;
	cr_assert_fail("this test does not know what %s() is", s);
	return NAN;
}

static double value_of(const Expr *e)
{
	double v[MAX_ARG] = {0};
	if (e->op == OP_CONST)
		return e->value;
	if (e->op == OP_READ)
		return value[e->tensor->id];
	for (int i = 0; i < expr_arity(e->op); i++)
		v[i] = value_of(e->arg[i]);
	return compute(e->op, v);
}

static Tree random_tree(int depth)
{
	Tree arg[MAX_ARG] = {{false, NULL, 0}};
	bool fine = true;
	double v[MAX_ARG] = {0};
	if (depth == 0) {
		int t = below(READS + 3);
		if (t < READS)
			return (Tree){true, read(t, axis[0]), value[t]};
		return (Tree){true, number(t - READS), t - READS};
	}
	Op op = (Op)below(OP_CONST);
	for (int i = 0; i < expr_arity(op); i++) {
		arg[i] = random_tree(depth - 1 - below(depth));
		v[i] = arg[i].value;
		fine = fine && arg[i].fine;
	}
	double result = compute(op, v);
	return (Tree){fine && isfinite(result), expr_op(op, arg[0].e, arg[1].e, arg[2].e, arg[3].e),
	              result};
}

/* 0 * x is 0 also where x is not finite, so such trees say nothing. */
Test(expr, builders_keep_values, .init = setup)
{
	int seen = 0;
	for (int round = 0; round < 20000; round++) {
		for (int i = 0; i < READS; i++)
			value[i] = (below(2001) - 1000) / 256.0;
		Tree t = random_tree(1 + below(5));
		if (!t.fine)
			continue;
		double found = value_of(t.e);
		cr_assert(fabs(found - t.value) <= 1e-9 * (1 + fabs(t.value)),
		          "%s is %.17g, not %.17g", expr_text(t.e), found, t.value);
		seen++;
	}
	cr_assert_gt(seen, 10000);
}

/* ---- substitution and questions ------------------------------------------------------------ */

Test(expr, substitution, .init = setup)
{
	Affine by = affine_add(affine_scale(affine_axis(axis[1]), 2), affine(1), 1);
	Expr *x = read(0, axis[0]), *y = read(1, axis[2]), *sum = two(OP_ADD, x, y);
	cr_assert_str_eq(expr_text(expr_subst(sum, axis[0], by)), "t0[2r+1] + t1[c]");
	cr_assert_str_eq(expr_text(sum), "t0[i] + t1[c]", "expressions are never changed");
	cr_assert_eq(expr_subst(sum, axis[3], by), sum);
	cr_assert(expr_uses(sum, axis[2]) && !expr_uses(sum, axis[1]));
	Expr *to = number(0);
	cr_assert_str_eq(expr_text(expr_replace(sum, read(1, axis[2]), to)), "t0[i]");
	cr_assert_eq(expr_replace(sum, read(2, axis[2]), to), sum);
	cr_assert(expr_same(sum, two(OP_ADD, read(0, axis[0]), read(1, axis[2]))));
	cr_assert(!expr_same(sum, two(OP_ADD, y, x)) && !expr_same(x, read(0, axis[1])));
	cr_assert(!expr_same(number(1), number(2)) && !expr_same(x, number(1)));
}

Test(expr, tests_that_the_axes_decide_become_numbers, .init = setup)
{
	Expr *in = expr_leaf(OP_INSIDE);
	in->extent = 4;
	in->index[0] = affine_axis(axis[3]);
	cr_assert(expr_is(expr_settle(in), 1));
	in->extent = 3;
	cr_assert_eq(expr_settle(in), in);
	in->index[0].c = 3;
	cr_assert(expr_is(expr_settle(in), 0));
	in->index[0].c = -4;
	cr_assert(expr_is(expr_settle(in), 0));
	in->index[0].c = -3;
	cr_assert_eq(expr_settle(in), in);
	cr_assert(expr_is(expr_subst(in, axis[3], affine(4)), 1));
	Expr *index = expr_leaf(OP_INDEX);
	index->index[0] = affine_axis(axis[3]);
	cr_assert_eq(expr_settle(index), index);
	cr_assert(expr_is(expr_subst(index, axis[3], affine(2)), 2));
}

Test(expr, products_vanish_where_a_factor_does, .init = setup)
{
	Expr *x = read(0, axis[0]), *y = read(1, axis[0]);
	Expr *product = two(OP_MUL, two(OP_DIV, x, y), y);
	cr_assert(expr_vanishes(product, x));
	cr_assert(expr_vanishes(one(OP_NEG, x), x));
	cr_assert(!expr_vanishes(two(OP_ADD, x, y), x));
	cr_assert(!expr_vanishes(two(OP_DIV, y, x), x));
	cr_assert(!expr_vanishes(one(OP_EXP, x), x));
	cr_assert(!expr_vanishes(expr_op(OP_IFGT, x, y, x, y), x));
}

/* A whole term may be skipped where a read is outside only if it is 0 there. */
Test(expr, guarded_sums_must_be_products, .init = setup)
{
	Affine far = affine_add(affine_axis(axis[0]), affine(4), 1);
	Expr *out = expr_read(tensor[0], &far), *in = read(1, axis[0]);
	Eqn q = {.fold = FOLD_SUM, .rhs = two(OP_MUL, out, in)};
	cr_assert(eqn_is_product(&q));
	q.rhs = two(OP_ADD, out, in);
	cr_assert(!eqn_is_product(&q));
	q.rhs = one(OP_EXP, out);
	cr_assert(!eqn_is_product(&q));
	q.rhs = two(OP_ADD, in, in);
	cr_assert(eqn_is_product(&q));
	q.fold = FOLD_MAX;
	cr_assert(!eqn_is_product(&q));
	q.rhs = out;
	cr_assert(eqn_is_product(&q));
}
