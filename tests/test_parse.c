/* test_parse.c: from the text of a row to equations.
 *
 * Each case is a formula over the tensors x [n,c,h,w] (4 images of 2 x 5 x 7), v [n,6], b [3] and
 * w [3,2,3,3], and the numbers of `numbers`; and the equations that it must become, as dumps print
 * them. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

#include "../compiler/print/print.h"

static const Var numbers[] = {{"C", 2},  {"H", 5},  {"W", 7},      {"sh", 2},      {"dh", 3},
                              {"pt", 1}, {"kh", 3}, {"groups", 2}, {"filters", 6}, {"alpha", 0.5}};

typedef struct Case {
	const char *text, *equations;
	const char *axes; /* Row.axes                                                        */
} Case;

static Tensor *tensor(Prog *p, const char *name, int rank, const int *dim)
{
	Tensor *t = tensor_new(p, name, name, ROLE_TEMP);
	t->rank = rank;
	memcpy(t->dim, dim, sizeof *dim * (size_t)rank);
	t->batched = *name == 'x' || *name == 'v' || *name == 'y';
	return t;
}

static Scope *scope(const char *axes)
{
	Prog *p = new(Prog);
	Scope *s = new(Scope);
	p->model = new(Model);
	p->model->batch = 4;
	s->prog = p;
	s->tag = "l";
	s->axes = axes;
	s->var = numbers;
	s->nvar = sizeof numbers / sizeof *numbers;
	s->key = 9;
	s->like = tensor(p, "x", 4, (int[]){4, 2, 5, 7});
	scope_bind(s, "x", s->like, NULL);
	scope_bind(s, "v", tensor(p, "v", 2, (int[]){4, 6}), NULL);
	scope_bind(s, "w", tensor(p, "w", 4, (int[]){3, 2, 3, 3}), NULL);
	scope_bind(s, "b", tensor(p, "b", 1, (int[]){3}), NULL);
	scope_bind(s, "e", NULL, expr_const(7));
	return s;
}

static const char *axes_text(const Eqn *q)
{
	char *s = format("%s", "");
	for (int i = 0; i < q->naxis; i++)
		s = format("%s%s%s%d", s,
		           i == q->nfree ? "|"
		           : i           ? " "
		                         : "",
		           q->axis[i]->name, q->axis[i]->extent);
	return s;
}

/* All equations, "; " between them; with extents when `sizes`. */
static const char *equations(Scope *s, const char *text, bool sizes)
{
	char *all = format("%s", "");
	parse_equations(s, text);
	for (const Eqn *q = s->prog->first; q; q = q->next)
		all = format("%s%s%s%s", all, *all ? "; " : "", eqn_text(q),
		             sizes ? format(" {%s}", axes_text(q)) : "");
	return all;
}

static void check(const Case *list, size_t n, bool sizes)
{
	for (size_t i = 0; i < n; i++)
		cr_expect_str_eq(equations(scope(list[i].axes), list[i].text, sizes),
		                 list[i].equations, "%s", list[i].text);
}

Test(parse, folds_are_split_off)
{
	static const Case list[] = {
	        {.text = "m[n] = sum{c} v[n,c]", .equations = "l_m[n] = sum{c} v[n,c]"},
	        {.text = "m[n] = max{c} v[n,c]", .equations = "l_m[n] = max{c} v[n,c]"},
	        {.text = "m[n] = 2 * (sum{c} v[n,c])",
	         .equations = "l_sum[n] = sum{c} v[n,c]; l_m[n] = 2 * l_sum[n]"},
	        {.text = "m[n] = (sum{c} v[n,c]) / (max{c} v[n,c])",
	         .equations = "l_sum[n] = sum{c} v[n,c]; l_max[n] = max{c} v[n,c];"
	                      " l_m[n] = l_sum[n] / l_max[n]"},
	        {.text = "m[n] = log(sum{c} exp(v[n,c]))",
	         .equations = "l_sum[n] = sum{c} exp(v[n,c]); l_m[n] = log(l_sum[n])"},
	        {.text = "y[n,k,i,j] = b[k] + sum{c,r,s} x[n,c,i+r,j+s] * w[k,c,r,s]",
	         .axes = "i:3 j:5",
	         .equations = "l_sum[n,k,i,j] = sum{c,r,s} x[n,c,i+r,j+s] * w[k,c,r,s];"
	                      " l_y[n,k,i,j] = b[k] + l_sum[n,k,i,j]"},
	        {.text = "m[k] = 1 + sum{c} w[k,c,0,0] * b[k] * 2",
	         .equations = "l_sum[k] = sum{c} w[k,c,0,0] * b[k] * 2; l_m[k] = 1 + l_sum[k]"},
	        {.text = "t[0] = (sum{n} v[n,0]) / batch",
	         .equations = "l_sum[0] = sum{n} v[n,0]; l_t[0] = l_sum[0] / batch"},
	};
	check(list, sizeof list / sizeof *list, false);
}

Test(parse, folds_of_a_constant_are_numbers)
{
	static const Case list[] = {
	        {.text = "m[n] = v[n,0] + sum{r} 3",
	         .axes = "r:5",
	         .equations = "l_m[n] = v[n,0] + 15"},
	        {.text = "m[n] = v[n,0] * (sum{r,s} inside(r,H) * inside(s,W))",
	         .axes = "r:5 s:7",
	         .equations = "l_m[n] = v[n,0] * 35"},
	        {.text = "m[n] = v[n,0] * (sum{r} inside(r-pt,H))",
	         .axes = "r:3",
	         .equations = "l_sum[0] = sum{r} inside(r-1, 5); l_m[n] = v[n,0] * l_sum[0]"},
	        {.text = "m[n] = sum{r} v[n,0]", .axes = "r:1", .equations = "l_m[n] = v[n,0]"},
	};
	check(list, sizeof list / sizeof *list, false);
}

Test(parse, extents)
{
	static const Case list[] = {
	        {.text = "y[n,c] = v[n,c]", .equations = "l_y[n,c] = v[n,c] {n4 c6}"},
	        {.text = "y[n,g*(filters/groups)+k] = v[n,g*(filters/groups)+k]",
	         .axes = "g:groups k:filters/groups",
	         .equations = "l_y[n,3g+k] = v[n,3g+k] {n4 g2 k3}"},
	        {.text = "y[n,i] = max{r} x[n,0,i*sh+r*dh-pt,0]",
	         .axes = "i:2 r:kh",
	         .equations = "l_y[n,i] = max{r} x[n,0,2i+3r-1,0] {n4 i2|r3}"},
	        {.text = "y[n] = sum{c} w[c,1,1,1] * v[n,c]",
	         .equations = "l_y[n] = sum{c} w[c,1,1,1] * v[n,c] {n4|c3}"},
	        {.text = "y[n,i,j] = v[n,i] + v[n,j]",
	         .axes = "i:1",
	         .equations = "l_y[n,0,j] = v[n,0] + v[n,j] {n4 j6}"},
	        {.text = "y[n,i] = v[n,H-1-i] - v[n,2*(i-1)]",
	         .axes = "i:5",
	         .equations = "l_y[n,i] = v[n,-i+4] - v[n,2i-2] {n4 i5}"},
	};
	check(list, sizeof list / sizeof *list, true);
}

/* `like` is x. */
Test(parse, packs_of_axes)
{
	static const Case list[] = {
	        {.text = "y[...] = x[...]", .equations = "l_y[n,c,h,w] = x[n,c,h,w] {n4 c2 h5 w7}"},
	        {.text = "y[n] = sum{c...} x[n,c...]",
	         .equations = "l_y[n] = sum{c,h,w} x[n,c,h,w] {n4|c2 h5 w7}"},
	        {.text = "y[n,@] = sum{c} x[n,c,@]",
	         .equations = "l_y[n,h,w] = sum{c} x[n,c,h,w] {n4 h5 w7|c2}"},
	        {.text = "y[n] = sum{c...} ifeq(v[n,0], ordinal(c...), x[n,c...], 0)",
	         .equations = "l_y[n] = sum{c,h,w} ifeq(v[n,0], (35c+7h+w), x[n,c,h,w], 0)"
	                      " {n4|c2 h5 w7}"},
	        {.text = "y[...] = ifgt(alpha, random(), 0, x[...] / (1-alpha))",
	         .equations = "l_y[n,c,h,w] = ifgt(0.5, random9(70n+35c+7h+w), 0, x[n,c,h,w] * 2)"
	                      " {n4 c2 h5 w7}"},
	};
	check(list, sizeof list / sizeof *list, true);
}

/* An image shown as features: c is all of it, and nothing is left for @. */
Test(parse, flat_views)
{
	Scope *s = scope(NULL);
	s->flat = true;
	cr_assert_str_eq(equations(s, "m[n,@] = max{c} x[n,c,@]", false),
	                 "l_m[n] = max{c,h,w} x[n,c,h,w]");
}

Test(parse, values)
{
	static const struct {
		const char *text, *value;
	} list[] = {
	        {"1 - 2 * 3 / 4", "-0.5"}, {"-(1 + 2) - -3", "0"},
	        {"10 - 4 - 3", "3"},       {"16 / 4 / 2", "2"},
	        {"alpha * filters", "3"},  {"e + 1", "8"},
	        {"1e-3", "0.001"},         {"max(1, 2) + min(1, 2)", "3"},
	        {"ifgt(2, 1, 5, 6)", "5"}, {"power(2, step)", "power(2, step)"},
	        {"batch", "batch"},
	};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		cr_expect_str_eq(expr_text(parse_expr(scope(NULL), list[i].text)), list[i].value,
		                 "%s", list[i].text);
}

Test(parse, statements_and_updates)
{
	Scope *s = scope(NULL);
	cr_assert_str_eq(
	        equations(s, "a[n,c] = v[n,c] * 2; b[k] := b[k] - a[0,k] ; r[n] = a[n,0]", false),
	        "l_a[n,c] = v[n,c] * 2; b[k] := b[k] - l_a[0,k]; l_r[n] = l_a[n,0]");
	const Eqn *q = s->prog->first;
	cr_assert(!q->update && q->next->update && !q->next->next->update);
	cr_assert(q->out == scope_tensor(s, "a") && q->out->batched && !q->next->out->batched);
	cr_assert_null(scope_tensor(s, "nobody"));
}

/* A mistake in a row is ours: it ends the program and asks for a report. */
static void breaks(const char *text)
{
	cr_redirect_stderr();
	parse_equations(scope("r:3"), text);
}

Test(parse, unknown_tensor, .exit_code = 70)
{
	breaks("y[n] = z[n]");
}

Test(parse, unknown_function, .exit_code = 70)
{
	breaks("y[n] = twice(v[n,0])");
}

Test(parse, unknown_number_in_an_index, .exit_code = 70)
{
	breaks("y[n] = v[n,Q+1]");
}

Test(parse, wrong_rank, .exit_code = 70)
{
	breaks("y[n] = v[n]");
}

Test(parse, index_that_is_not_affine, .exit_code = 70)
{
	breaks("y[n,i] = v[n,i*i]");
}

Test(parse, index_that_is_not_whole, .exit_code = 70)
{
	breaks("y[n] = v[n,5/2]");
}

Test(parse, missing_bracket, .exit_code = 70)
{
	breaks("y[n] = (v[n,0] + 1");
}

Test(parse, text_behind_the_end, .exit_code = 70)
{
	breaks("y[n] = v[n,0] ]");
}

Test(parse, missing_value, .exit_code = 70)
{
	breaks("y[n] = v[n,0] * ");
}
