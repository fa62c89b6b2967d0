/* test_dual.c: the derived gradients against a forward-only interpreter in dual numbers.
 *
 * For a network with parameters w, the interpreter (interp.h) computes the derivative of the loss
 * along a direction u from the forward equations alone: J u. The equations of grad.c give the
 * gradient J'. Both must agree: J u = <J', u>, to 1e-10 of the sum of magnitudes (and 1e-13 of the
 * loss, for derivatives that are truly 0), for random u over all parameters and over each one.
 *
 * rewrite.c must change no value by more than rounding, and fuse.c none by a bit, with every kernel
 * executed point by point. Networks: tests/oracle, tests/dual, and single formulas put in the place
 * of an activation, so that operators and forms of indices that no row uses yet are seen too. Data
 * with ties try the choices at equal values. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "interp.h"

typedef struct Case {
	const char *xml;     /* path                                                            */
	const char *formula; /* replaces that of the layers named "here", or NULL               */
	int live;            /* images in the batch; 0: all of them                             */
	bool ties;           /* small whole numbers                                             */
} Case;

/* Sets of phases. */
enum {
	FORWARD = 1 << PHASE_FORWARD,
	BACKWARD = 1 << PHASE_BACKWARD,
	UPDATE = 1 << PHASE_UPDATE,
	EVAL = 1 << PHASE_EVAL,
	STAGES = 4
};

/* ---- programs ------------------------------------------------------------------------------ */

static const Layer *named(const Model *m, const char *name)
{
	for (Layer *l = m->layers; l; l = l->next)
		if (!strcmp(l->name, name))
			return l;
	return NULL;
}

/* Layers whose name begins with "here" compute c->formula; x2 is the layer named "other". */
static void replace_formula(const Case *c, Model *m)
{
	Row *row = NULL;
	for (Layer *l = m->layers; l && c->formula; l = l->next) {
		if (strncmp(l->name, "here", 4) != 0)
			continue;
		if (!row) {
			row = new(Row);
			*row = *l->row;
			row->eqn = c->formula;
			row->eval = row->grad = NULL;
		}
		l->row = row;
		Layer *first = l->in[0];
		l->in = alloc(2 * sizeof *l->in);
		l->in[0] = first;
		l->in[1] = (Layer *)named(m, "other");
		l->nin = 2;
	}
	cr_assert(row || !c->formula, "%s has no layer to replace", c->xml);
}

/* After the first 1, 2, 3 or 4 of the passes formula, grad, rewrite, fuse. With one lane (as
 * -fno-simd has it) the updates join the kernels of the gradients. */
static Prog *program(const Case *c, int passes, int lanes)
{
	Model *m = model(xml(c->xml));
	cr_assert(!error_count(), "%s is refused", c->xml);
	replace_formula(c, m);
	Prog *p = new(Prog);
	p->model = m;
	p->lanes = lanes;
	options.threads = 2;
	options.force_winograd = true;
	static void (*const pass[STAGES])(Prog *) = {formula, grad, rewrite, fuse};
	for (int i = 0; i < passes; i++) {
		pass[i](p);
		verify(p, "egrf"[i]);
	}
	return p;
}

/* ---- data ---------------------------------------------------------------------------------- */

static uint64_t hash(const char *s)
{
	uint64_t h = 0;
	while (*s)
		h = nn_rand_mix(h + (unsigned char)*s++);
	return h;
}

static double number(uint64_t seed, const Tensor *t, int64_t i)
{
	return nn_rand_normal(seed, NN_RAND_CHECK, hash(t->name), (uint64_t)i);
}

static double value_of(const Case *c, const Prog *p, const Tensor *t, int64_t i)
{
	double v = number(1, t, i);
	if (t->role == ROLE_TARGET && p->model->loss->labels)
		return (double)((uint64_t)fabs(v * 1000) % (uint64_t)p->model->classes);
	if (t->role == ROLE_OTHER)
		return (double)((uint64_t)fabs(v * 1000) % (uint64_t)p->model->classes);
	if (t->role == ROLE_SHARE)
		return fabs(v) / (1 + fabs(v));
	if (t->role == ROLE_STATE || t->role == ROLE_RUNNING || t->role == ROLE_CLASS_WEIGHT)
		return 0.1 + fabs(v);
	return c->ties ? rint(v) : t->role == ROLE_PARAM || t->role == ROLE_FROZEN ? 0.4 * v : v;
}

static bool is_given(const Tensor *t)
{
	return t->role != ROLE_TEMP && t->role != ROLE_OUTPUT && t->role != ROLE_LOSS &&
	       t->role != ROLE_GRAD;
}

/* Direction u: of tensor `only`, or of all parameters when that is NULL. Seed 0: none. */
static double direction(uint64_t seed, const char *only, const Tensor *t, int64_t i)
{
	bool in = seed && t->role == ROLE_PARAM && (!only || !strcmp(only, t->name));
	return in ? number(seed, t, i) : 0;
}

static Memory *filled(const Case *c, const Prog *p, uint64_t seed, const char *only)
{
	Memory *m = memory_new(p, c->live ? c->live : p->model->batch);
	for (int i = 0; i < p->ntensor; i++) {
		const Tensor *t = p->tensor[i];
		for (int64_t e = 0; is_given(t) && e < live_elements(m, t); e++)
			m->at[i][e] = (Dual){value_of(c, p, t, e), direction(seed, only, t, e)};
	}
	return m;
}

static const Tensor *tensor_named(const Prog *p, const char *name, Role role)
{
	for (int i = 0; i < p->ntensor; i++)
		if (p->tensor[i]->role == role && !strcmp(p->tensor[i]->name, name))
			return p->tensor[i];
	return NULL;
}

/* ---- the checks ---------------------------------------------------------------------------- */

static const char *about(const Case *c)
{
	return format("%s%s%s, %d live%s", c->xml, c->formula ? ": " : "",
	              c->formula ? c->formula : "", c->live, c->ties ? ", ties" : "");
}

/* <J', u> over the gradients that the backward equations made, and the sum of magnitudes. */
static Dual product(const Prog *p, const Memory *back, uint64_t seed, const char *only,
                    const Prog *forward)
{
	Dual sum = {0, 0};
	for (int i = 0; i < forward->ntensor; i++) {
		const Tensor *w = forward->tensor[i];
		if (w->role != ROLE_PARAM)
			continue;
		const Tensor *g = tensor_named(p, format("grad.%s", w->name), ROLE_GRAD);
		for (int64_t e = 0; g && e < elements(g); e++) {
			double term = back->at[g->id][e].v * direction(seed, only, w, e);
			sum.v += term;
			sum.d += fabs(term);
		}
	}
	return sum;
}

static void check_direction(const Case *c, const Prog *forward, const Prog *p, const Memory *back,
                            uint64_t seed, const char *only)
{
	Memory *m = filled(c, forward, seed, only);
	run_equations(m, FORWARD);
	Dual loss = m->at[forward->loss->id][0], dot = product(p, back, seed, only, forward);
	double again = back->at[p->loss->id][0].v;
	cr_assert(isfinite(loss.v) && loss.v <= again && loss.v >= again,
	          "%s: the loss is %.17g, with the backward equations %.17g", about(c), loss.v,
	          again);
	double scale = fabs(loss.d) > dot.d ? fabs(loss.d) : dot.d;
	cr_assert(fabs(loss.d - dot.v) <= 1e-10 * scale + 1e-13 * fabs(loss.v),
	          "%s: along %s the loss changes by %.17g, the gradient says %.17g", about(c),
	          only ? only : "all parameters", loss.d, dot.v);
}

static void check_gradient(const Case *c)
{
	const Prog *forward = program(c, 1, 8), *p = program(c, 2, 8);
	Memory *back = filled(c, p, 0, NULL);
	run_equations(back, FORWARD | BACKWARD);
	for (uint64_t seed = 2; seed < 4; seed++)
		check_direction(c, forward, p, back, seed, NULL);
	for (int i = 0; i < forward->ntensor; i++)
		if (forward->tensor[i]->role == ROLE_PARAM)
			check_direction(c, forward, p, back, 4, forward->tensor[i]->name);
}

/* Everything that the runtime sees, in two programs of one network. What sums round is a share of
 * their terms: elements that cancel are held against a hundredth of the largest, and against 0.001
 * where all of them do (inputs and weights are near 1). */
static void check_same(const Case *c, const Memory *a, const Memory *b, double tolerance)
{
	for (int i = 0; i < b->p->ntensor; i++) {
		const Tensor *t = b->p->tensor[i], *s = tensor_named(a->p, t->name, t->role);
		if (!t->keep)
			continue;
		cr_assert(s, "%s: %s is new", about(c), t->name);
		double most = 0;
		for (int64_t e = 0; e < live_elements(b, t); e++)
			most = fmax(most, fabs(a->at[s->id][e].v));
		for (int64_t e = 0; e < live_elements(b, t); e++) {
			double x = a->at[s->id][e].v, y = b->at[t->id][e].v;
			cr_assert(fabs(x - y) <= tolerance * fmax(fabs(x), fmax(0.01 * most, 1e-3)),
			          "%s: element %lld of %s was %.17g, is %.17g", about(c),
			          (long long)e, t->name, x, y);
		}
	}
}

static void check_passes(const Case *c)
{
	const Prog *p[STAGES + 1] = {program(c, 2, 8), program(c, 3, 8), program(c, 4, 8),
	                             program(c, 4, 1), program(c, 3, 1)};
	Memory *m[STAGES + 1];
	for (int i = 0; i < STAGES + 1; i++)
		m[i] = filled(c, p[i], 0, NULL);
	for (int eval = 0; eval < 2; eval++) {
		run_equations(m[0], eval ? EVAL : FORWARD | BACKWARD | UPDATE);
		run_equations(m[1], eval ? EVAL : FORWARD | BACKWARD | UPDATE);
		run_kernels(m[2], eval);
		run_kernels(m[3], eval);
		run_equations(m[4], eval ? EVAL : FORWARD | BACKWARD | UPDATE);
		check_same(c, m[0], m[1], 1e-11);
		check_same(c, m[0], m[4], 1e-11);
		check_same(c, m[1], m[2], 0);
		check_same(c, m[4], m[3], 0);
	}
}

static void check_case(const Case *c)
{
	check_gradient(c);
	check_passes(c);
}

static int is_xml(const struct dirent *d)
{
	size_t n = strlen(d->d_name);
	return n > 4 && !strcmp(d->d_name + n - 4, ".xml");
}

/* Is the derivative of a formula at 0 other than what its parts say one by one? That of
 * max(0, x) + log1p(exp(-abs(x))) is 1/2, and rows that state their gradient know it. */
static bool smooth_by_kinks(const Row *r)
{
	return r->grad && strstr(r->eqn, "abs(");
}

static bool bears_ties(const char *xml_path)
{
	const Model *m = model(xml(xml_path));
	bool kinks = smooth_by_kinks(m->loss);
	for (const Layer *l = m->layers; l; l = l->next)
		kinks |= smooth_by_kinks(l->row);
	return !kinks;
}

static void check_directory(const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, is_xml, alphasort);
	cr_assert(n > 0, "%s has no descriptions", dir);
	for (int i = 0; i < n; i++) {
		Case c = {.xml = format("%s/%s", dir, list[i]->d_name)};
		check_case(&c);
		c.live = 1;
		check_case(&c);
		c.live = 0;
		c.ties = true;
		if (bears_ties(c.xml))
			check_gradient(&c);
	}
}

/* ---- tests --------------------------------------------------------------------------------- */

Test(dual, networks_compared_with_pytorch)
{
	check_directory("tests/oracle");
}

Test(dual, networks_of_their_own)
{
	check_directory("tests/dual");
}

/* Every row that is supported stands in one of the networks. */
Test(dual, no_row_is_left_out)
{
	static const char *const dirs[] = {"tests/oracle", "tests/dual"};
	bool *seen = alloc((size_t)nrows);
	for (int d = 0; d < 2; d++) {
		struct dirent **list;
		for (int i = scandir(dirs[d], &list, is_xml, alphasort); i-- > 0;) {
			Model *m = model(xml(format("%s/%s", dirs[d], list[i]->d_name)));
			for (int r = 0; r < nrows; r++) {
				for (const Layer *l = m->layers; l; l = l->next)
					seen[r] |= l->row == &rows[r];
				seen[r] |= m->loss == &rows[r] || m->optimizer == &rows[r];
			}
		}
	}
	for (int r = 0; r < nrows; r++)
		cr_assert(seen[r] || !rows[r].supported, "no network here has a %s", rows[r].name);
}

/* Operators, alone and in the forms that a derivative can get wrong. */
Test(dual, operators)
{
	static const char *const formula[] = {
	        "y[...] = x[...] + x[...] * x[...] - 2 * x[...]",
	        "y[...] = 1 / (2 + exp(x[...]))",
	        "y[...] = x[...] / (1 + x[...] * x[...])",
	        "y[...] = log(3 + x[...] * x[...])",
	        "y[...] = sqrt(1 + x[...] * x[...]) - x[...]",
	        "y[...] = max(x[...], 0.3 * x[...]) * min(x[...], 0.2)",
	        "y[...] = min(0.1, max(-0.4, x[...])) + max(0.2, x[...])",
	        "y[...] = -(x[...] * sigmoid(x[...])) + tanh(2 * x[...])",
	        "y[...] = ifgt(x[...], 0.1, x[...] * x[...], exp(x[...]))",
	        "y[...] = ifeq(x[...], 0, 1 - x[...], x[...] * x[...])",
	        "y[...] = expm1(x[...]) - log1p(x[...] * x[...]) + 2 * erf(x[...])",
	        "y[...] = abs(x[...]) * sign(0.2 - x[...]) + abs(x[...] - 1)",
	        "y[...] = exp(-x[...]) * log(2 + tanh(x[...])) / sqrt(2 - sigmoid(x[...]))",
	};
	for (size_t i = 0; i < sizeof formula / sizeof *formula; i++)
		for (int ties = 0; ties < 2; ties++)
			check_case(&(Case){"tests/dual/here.xml", formula[i], 3, ties});
}

/* Several readers of one tensor, in one equation and in several layers. */
Test(dual, readers)
{
	static const char *const formula[] = {
	        "y[...] = x1[...] + x2[...]",
	        "y[...] = x1[...] - x2[...]",
	        "y[...] = x1[...] * x2[...] + x1[...]",
	        "a[...] = exp(x1[...]); b[...] = a[...] * x2[...]; y[...] = b[...] + a[...]",
	        "a[...] = x1[...]; b[...] = a[...] * x2[...]; y[...] = b[...] * b[...] + a[...]",
	        "a[...] = x1[...] + 1; b[...] = a[...] + x2[...]; y[...] = b[...] - a[...]",
	};
	for (size_t i = 0; i < sizeof formula / sizeof *formula; i++)
		check_case(&(Case){"tests/dual/here.xml", formula[i], 0, false});
}

/* Folds and indices: statistics over images and channels, reads outside, windows of expressions. */
static const char over_one_image[] =
        "m[n] = (sum{c...} x[n,c...]) / (C*H*W);"
        "v[n] = (sum{c...} (x[n,c...] - m[n]) * (x[n,c...] - m[n])) / (C*H*W);"
        "y[n,c...] = (x[n,c...] - m[n]) / sqrt(v[n] + 0.1)";
static const char over_all_images[] =
        "m[c] = (sum{n,h,w} x[n,c,h,w]) / (batch*H*W);"
        "v[c] = (sum{n,h,w} (x[n,c,h,w] - m[c]) * (x[n,c,h,w] - m[c])) / (batch*H*W);"
        "y[n,c,h,w] = (x[n,c,h,w] - m[c]) / sqrt(v[c] + 0.1)";

Test(dual, folds_and_indices)
{
	static const char *const formula[] = {
	        over_one_image,
	        over_all_images,
	        "y[n,c,h,w] = x[n,c,h-1,w] + 2 * x[n,c,h,w+1] * x[n,c,h,w]",
	        "y[n,c,h,w] = x[n,c+1,h,w] * x[n,c-1,h+2,w-1] + x[n,c,h,w]",
	        "y[n,c,h,w] = (max{r} x[n,r,h,w]) * x[n,c,h,w]",
	        "y[n,c,h,w] = x[n,c,h,w] * (sum{r,s} x[n,c,r,s] * x[n,c,r,s])",
	        "y[n,c,h,w] = x[n,c,2*h,w] + x[n,c,h,3*w-1]",
	        "y[n,c,h,w] = max{r,s} (x[n,c,h+r,w+s] * x[n,c,r,s])",
	        "y[n,c,h,w] = sum{r} max(x[n,c,h,r], x[n,c,h,w])",
	        "y[n,c,h,w] = (sum{r} exp(x[n,c,r,w])) * 0.5 + x[n,0,h,w]",
	        "y[n,c,h,w] = x[n,c,3,w] + x[n,c,h,w+4] + exp(x[n,c,h-1,w])",
	        "m[c] = max{n,h,w} x[n,c,h,w]; y[n,c,h,w] = x[n,c,h,w] - m[c]",
	};
	for (size_t i = 0; i < sizeof formula / sizeof *formula; i++)
		for (int live = 0; live < 4; live += 3)
			check_case(&(Case){"tests/dual/here.xml", formula[i], live, false});
}

/* The loss of mixed images, weights the same for all; a share of 1 is the loss without mixing. */
static double mixed_loss(const char *xml_file, double share)
{
	Case c = {.xml = xml_file};
	const Prog *p = program(&c, 1, 8);
	Memory *m = filled(&c, p, 0, NULL);
	for (int n = 0; p->share && n < p->model->batch; n++)
		m->at[p->share->id][n].v = share;
	cr_assert(!p->share == !p->model->mixes);
	run_equations(m, FORWARD);
	return m->at[p->loss->id][0].v;
}

Test(dual, mixed_images_have_two_labels)
{
	double first = mixed_loss("tests/dual/mixup.xml", 1);
	double second = mixed_loss("tests/dual/mixup.xml", 0);
	double both = mixed_loss("tests/dual/mixup.xml", 0.3);
	cr_assert(fabs(first - mixed_loss("tests/dual/smoothing.xml", 1)) < 1e-14);
	cr_assert(fabs(first - second) > 0.01, "%g, %g", first, second);
	cr_assert(fabs(both - (0.3 * first + 0.7 * second)) < 1e-12, "%g, %g, %g", first, second,
	          both);
}
