/* emit_expr.c: expressions and indices as C.
 *
 * In: an expression of an equation, and the kernel it stands in. Out: C that reads like the
 * formula: arrays carry their shape in their type, so x[n,c,i*2+r-1,j] prints as
 * x[n][c][2 * i + r - 1][j]. A value is a vector (one number for each image of a block, or a piece
 * of a flat row) or a scalar; C's operators mix the two, functions want vectors. Numbers that are
 * the same for all elements (the learning rate, bias corrections) are computed once, in double. */
#include "emit.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char *const c_text[] = {
#define OP(id, name, arity, text, d0, d1, d2, d3) text,
#include "../rows/ops.h"
#undef OP
};

/* ---- names ---------------------------------------------------------------------------------- */

/* "conv1.weight" -> weight, gradient of it -> dweight, temporaries as the formula calls them */
static const char *short_name(const Tensor *t)
{
	const char *dot = strrchr(t->name, '.'), *s = dot ? dot + 1 : t->name;

	if (t->role == ROLE_GRAD)
		return format("d%s", short_name(t->of));
	if (t->role == ROLE_TARGET)
		return "target";
	if (t->bytes8)
		return "argmax";
	return s[0] == 'd' && s[1] == 'o' && !strcmp(s, "doutput") ? "dy" : s;
}

static void use(Em *e, Tensor *t, bool written)
{
	for (int i = 0; i < e->nused; i++)
		if (e->used[i].tensor == t) {
			e->used[i].written |= written;
			return;
		}
	const char *base = short_name(t), *name = base;
	for (int k = 2, i = 0; i < e->nused; i++)
		if (!strcmp(e->used[i].name, name)) {
			name = format("%s%d", base, k++);
			i = -1;
		}
	e->used = grow(e->used, e->nused, sizeof *e->used);
	e->used[e->nused++] = (Used){t, name, written, !t->local};
}

const Used *em_used(const Em *e, const Tensor *t)
{
	for (int i = 0; i < e->nused; i++)
		if (e->used[i].tensor == t)
			return &e->used[i];
	fatal(70, "a kernel uses tensor %s without knowing it; please report this", t->cname);
}

static bool is_uniform(const Expr *x)
{
	if (x->op == OP_HYPER || x->op == OP_STEP || x->op == OP_LIVE || x->op == OP_CONST)
		return true;
	if (expr_arity(x->op) == 0 || (x->op > OP_NEG && x->op != OP_POWER))
		return false;
	for (int i = 0; i < x->n; i++)
		if (!is_uniform(x->arg[i]))
			return false;
	return true;
}

static int uniform_of(const Em *e, const Expr *x)
{
	for (int i = 0; i < e->nuniform; i++)
		if (expr_same(e->uniform[i], x))
			return i;
	return -1;
}

static void note_expr(Em *e, Expr *x)
{
	if (is_uniform(x)) {
		if (x->op != OP_CONST && uniform_of(e, x) < 0) {
			e->uniform = grow(e->uniform, e->nuniform, sizeof(Expr *));
			e->told = grow(e->told, e->nuniform, sizeof *e->told);
			e->uniform[e->nuniform++] = x;
		}
		return;
	}
	if (x->op == OP_READ)
		use(e, x->tensor, false);
	if (x->op == OP_RANDOM) {
		for (int i = 0; i < e->nkeys; i++)
			if (e->keys[i] == x->number)
				return;
		e->keys = grow(e->keys, e->nkeys, sizeof *e->keys);
		e->keys[e->nkeys++] = x->number;
	}
	for (int i = 0; i < expr_arity(x->op); i++)
		note_expr(e, x->arg[i]);
}

static void name_axis(Em *e, const Axis *a)
{
	const char *name = a->name;

	for (int i = 0; i < e->naxis; i++)
		if (e->axis[i] == a)
			return;
	for (int k = 2, i = 0; i < e->naxis; i++)
		if (!strcmp(e->axis_name[i], name)) {
			name = format("%s%d", a->name, k++);
			i = -1;
		}
	e->axis = grow(e->axis, e->naxis, sizeof(Axis *));
	e->axis_name = grow(e->axis_name, e->naxis, sizeof(char *));
	e->axis[e->naxis] = a;
	e->axis_name[e->naxis++] = name;
}

bool em_banded(const Kernel *k)
{
	return k->partial && k->band > 0;
}

/* A stage that sums over a loop around it goes on from what memory holds. */
const char *em_first(const Em *e, const Eqn *q)
{
	const char *s = "";

	for (int i = q->nfree; i < q->naxis; i++)
		if (kernel_given(e->k, q->axis[i]))
			s = format("%s%s%s == 0", s, *s ? " && " : "", em_axis(e, q->axis[i]));
	return s;
}

void em_names(Em *e)
{
	for (int i = 0; i < e->k->ngiven; i++)
		name_axis(e, e->k->given[i]);
	for (int i = 0; i < e->k->nloop; i++)
		name_axis(e, e->k->loop[i].axis);
	for (int j = 0; j < e->k->neqn; j++) {
		const Eqn *q = e->k->eqn[j];
		note_expr(e, q->rhs);
		use(e, q->out, true);
		if (q->arg)
			use(e, q->arg, true);
		for (int a = 0; a < q->naxis; a++)
			name_axis(e, q->axis[a]);
	}
	if (em_banded(e->k))
		use(e, e->k->partial, true);
}

/* ---- expressions ---------------------------------------------------------------------------- */

bool em_is_vector(const Em *e, const Eqn *q)
{
	if (e->k->flat)
		return true;
	for (int i = 0; i < q->nfree; i++)
		if (q->axis[i]->lane)
			return true;
	return false;
}

const char *em_real(double v)
{
	const char *s = format("%.9g", v);

	if (isinf(v))
		return v > 0 ? "(nn_real)INFINITY" : "-(nn_real)INFINITY";
	if (v >= -1e6 && v <= 1e6 && v >= (double)(int)v && v <= (double)(int)v)
		return s; /* a whole number: exact in any type */
	return format("(nn_real)%.17g", v);
}

const char *em_uniform(const Expr *x)
{
	const char *s;

	switch (x->op) {
	case OP_HYPER:
		return format("t->run->hyper[%d]", x->number);
	case OP_STEP:
		return "(double)t->run->step";
	case OP_LIVE:
		return "(double)t->run->live";
	case OP_CONST:
		return format(x->value < 0 ? "(%.17g)" : "%.17g", x->value);
	default:
		s = c_text[x->op];
		break;
	}
	char *r = "";
	for (const char *c = s; *c; c++)
		r = *c == '$' ? format("%s%s", r, em_uniform(x->arg[*++c - '1']))
		              : format("%s%c", r, *c);
	return format("(%s)", r);
}

const char *em_vector(CValue v)
{
	return v.vector ? v.text : format("nn_splat(%s)", v.text);
}

/* The variable that holds what equation j of the kernel makes, when that stays in registers. */
const char *em_local(const Em *e, int j)
{
	const Tensor *t = e->k->eqn[j]->out;
	const char *name = em_used(e, t)->name;
	int writers = 0;

	for (int i = 0; i < e->k->neqn; i++)
		writers += e->k->eqn[i]->out == t;
	return writers > 1 ? format("%s_%d", name, j) : name;
}

static CValue read(const Em *e, const Expr *x)
{
	const Tensor *t = x->tensor;
	int lane = em_lane_place(x);
	bool far = !t->local && lane >= 0 && lane != t->lane_dim && !em_in_row(e, t);
	CValue v = {NULL, (lane >= 0 && e->prog->lanes > 1) || em_in_row(e, t), 3};
	char *test = "";

	for (int j = 0; t->local && j < e->k->neqn; j++) { /* the part made at this point */
		const Eqn *w = e->k->eqn[j];
		bool here = w->out == t;
		for (int d = 0; here && d < t->rank; d++)
			here = affine_same(&w->index[d], &x->index[d]);
		if (here)
			return (CValue){em_local(e, j), em_is_vector(e, w), 3};
	}
	v.text = far ? em_gathered(e, x, lane) : em_element(e, t, x->index);
	if (t->bytes8)
		v.text = format(v.vector || e->prog->lanes == 1 ? "nn_bload(%s)" : "(nn_real)%s",
		                v.text);
	if (e->q->matrix) {
		const char *all = em_tests(e, t, x->index);
		v.text = *all ? format("(%s ? %s : nn_splat(0))", all, v.text) : v.text;
		return v;
	}
	for (int d = 0; d < x->n; d++) {
		int lo, hi;
		bool guarded = false;
		affine_range(&x->index[d], &lo, &hi);
		for (int g = 0; g < e->q->nguard; g++)
			guarded |= affine_same(&e->q->guard[g].index, &x->index[d]) &&
			           e->q->guard[g].extent == t->dim[d];
		if (guarded || (lo >= 0 && hi < t->dim[d]))
			continue;
		test = format("%s%s%s", test, *test ? " && " : "",
		              em_inside(e, &x->index[d], t->dim[d]));
	}
	if (*test) {
		const char *none = e->q->fold == FOLD_MAX && e->q->rhs == x ? "-INFINITY" : "0";
		v.text = format(v.vector ? "(%s ? %s : nn_splat(%s))" : "(%s ? %s : %s)", test,
		                v.text, none);
	}
	return v;
}

static CValue operator(const Em *e, const Expr *x)
{
	CValue arg[MAX_ARG] = {{0}};
	bool infix = x->op <= OP_NEG, vector = false;
	int p = x->op == OP_ADD || x->op == OP_SUB ? 1 : 2;
	char *s = "";

	for (int i = 0; i < x->n; i++) {
		arg[i] = em_expr(e, x->arg[i]);
		vector |= arg[i].vector;
	}
	bool lift = !infix && !vector && e->prog->lanes > 1; /* a function of scalars alone */
	assert((size_t)x->op < sizeof c_text / sizeof *c_text);
	const char *template = c_text[x->op];
	for (const char *c = template; *c; c++) {
		if (*c != '$') {
			s = format("%s%c", s, *c);
			continue;
		}
		int i = *++c - '1';
		int need = i == 1 && (x->op == OP_SUB || x->op == OP_DIV || x->op == OP_MUL) ? p + 1
		                                                                             : p;
		const char *a = infix            ? arg[i].text
		                : vector || lift ? em_vector(arg[i])
		                                 : arg[i].text;
		s = format(infix && arg[i].binding < need ? "%s(%s)" : "%s%s", s, a);
	}
	return (CValue){lift ? format("%s[0]", s) : s, vector, infix ? p : 3};
}

CValue em_expr(const Em *e, const Expr *x)
{
	int u = is_uniform(x) ? uniform_of(e, x) : -1;
	Affine a;

	if (u >= 0)
		return (CValue){format("u%d", u), false, 3};
	switch (x->op) {
	case OP_CONST:
		return (CValue){em_real(x->value), false, x->value < 0 ? 1 : 3};
	case OP_READ:
		return read(e, x);
	case OP_INDEX:
		a = em_elements(e, x->index[0]);
		if (em_lane(&a))
			return (CValue){format("(nn_real)(%s) + %d * nn_iota()", em_affine(e, &a),
			                       affine_coef(&x->index[0], em_lane(&a))),
			                true, 1};
		return (CValue){format("(nn_real)(%s)", em_affine(e, &a)), false, 3};
	case OP_INSIDE:
		return (CValue){format("(nn_real)(%s)", em_inside(e, &x->index[0], x->extent)),
		                false, 3};
	case OP_RANDOM:
		a = em_elements(e, x->index[0]);
		if (em_lane(&a))
			return (CValue){format("nn_rand_v(key%d, (uint32_t)(%s), %d)", x->number,
			                       em_affine(e, &a),
			                       affine_coef(&x->index[0], em_lane(&a))),
			                true, 3};
		return (CValue){format("nn_rand_v(key%d, (uint32_t)(%s), 0)%s", x->number,
		                       em_affine(e, &a), e->prog->lanes > 1 ? "[0]" : ""),
		                false, 3};
	default:
		return operator(e, x);
	}
}
