/* expr.c: expressions of equations as values.
 *
 * In: an expression of an equation, and the kernel it stands in. Out: a value that reads like the
 * formula. It is a vector (one number for each image or channel of a block, or a piece of a flat
 * row) or a scalar; the operators + - * / mix the two, functions want vectors. Numbers that are the
 * same for all elements (the learning rate, bias corrections) are computed once, in double. */
#include <math.h>
#include <string.h>

#include "lower.h"

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

static void use(Build *b, Tensor *t, bool written)
{
	for (int i = 0; i < b->nused; i++)
		if (b->used[i].tensor == t) {
			b->used[i].written |= written;
			return;
		}
	const char *base = short_name(t), *name = base;
	for (int k = 2, i = 0; i < b->nused; i++)
		if (!strcmp(b->used[i].name, name)) {
			name = format("%s%d", base, k++);
			i = -1;
		}
	b->used = grow(b->used, b->nused, sizeof *b->used);
	b->used[b->nused++] = (Used){t, name, written, !t->local};
}

const Used *used_of(const Build *b, const Tensor *t)
{
	for (int i = 0; i < b->nused; i++)
		if (b->used[i].tensor == t)
			return &b->used[i];
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

static int uniform_of(const Build *b, const Expr *x)
{
	for (int i = 0; i < b->nuniform; i++)
		if (expr_same(b->uniform[i], x))
			return i;
	return -1;
}

static void note_expr(Build *b, Expr *x)
{
	if (is_uniform(x)) {
		if (x->op != OP_CONST && uniform_of(b, x) < 0) {
			b->uniform = grow(b->uniform, b->nuniform, sizeof(Expr *));
			b->uniform[b->nuniform++] = x;
		}
		return;
	}
	if (x->op == OP_READ)
		use(b, x->tensor, false);
	if (x->op == OP_RANDOM) {
		for (int i = 0; i < b->nkeys; i++)
			if (b->keys[i] == x->number)
				return;
		b->keys = grow(b->keys, b->nkeys, sizeof *b->keys);
		b->keys[b->nkeys++] = x->number;
	}
	for (int i = 0; i < expr_arity(x->op); i++)
		note_expr(b, x->arg[i]);
}

static void name_axis(Build *b, const Axis *a)
{
	const char *name = a->name;

	for (int i = 0; i < b->naxis; i++)
		if (b->axis[i] == a)
			return;
	for (int k = 2, i = 0; i < b->naxis; i++)
		if (!strcmp(b->axis_name[i], name)) {
			name = format("%s%d", a->name, k++);
			i = -1;
		}
	b->axis = grow(b->axis, b->naxis, sizeof(Axis *));
	b->axis_name = grow(b->axis_name, b->naxis, sizeof(char *));
	b->axis[b->naxis] = a;
	b->axis_name[b->naxis++] = name;
}

bool is_banded(const Kernel *k)
{
	return k->partial && k->band > 0;
}

/* A stage that sums over a loop around it goes on from what memory holds. */
const Val *is_first(const Build *b, const Eqn *q)
{
	const Val *s = NULL;

	for (int i = q->nfree; i < q->naxis; i++)
		if (kernel_given(b->k, q->axis[i]) && !is_one(b, q->axis[i]))
			s = val_and(s, val(VAL_EQUAL, TYPE_TEST, axis_val(b, q->axis[i]),
			                   val_int(0), NULL, NULL));
	return s;
}

void name_all(Build *b)
{
	for (int i = 0; i < b->k->ngiven; i++)
		name_axis(b, b->k->given[i]);
	for (int i = 0; i < b->k->nloop; i++)
		name_axis(b, b->k->loop[i].axis);
	for (int j = 0; j < b->k->neqn; j++) {
		const Eqn *q = b->k->eqn[j];
		note_expr(b, q->rhs);
		use(b, q->out, true);
		if (q->arg)
			use(b, q->arg, true);
		for (int a = 0; a < q->naxis; a++)
			name_axis(b, q->axis[a]);
	}
	if (is_banded(b->k))
		use(b, b->k->partial, true);
}

/* ---- expressions ---------------------------------------------------------------------------- */

bool is_vector(const Build *b, const Eqn *q)
{
	if (b->k->flat)
		return true;
	for (int i = 0; i < q->nfree; i++)
		if (q->axis[i]->lane)
			return true;
	return false;
}

const Val *uniform_val(const Expr *x)
{
	const Val *arg[MAX_ARG];

	switch (x->op) {
	case OP_HYPER:
		return val(VAL_HYPER, TYPE_DOUBLE, val_int(x->number), NULL, NULL, NULL);
	case OP_STEP:
	case OP_LIVE:
		return val(VAL_TO_DOUBLE, TYPE_DOUBLE,
		           val(x->op == OP_STEP ? VAL_STEP : VAL_LIVE, TYPE_INT, NULL, NULL, NULL,
		               NULL),
		           NULL, NULL, NULL);
	case OP_CONST:
		return val_number(x->value, TYPE_DOUBLE);
	default:
		for (int i = 0; i < x->n; i++)
			arg[i] = uniform_val(x->arg[i]);
		return val_operator(x->op, TYPE_DOUBLE, arg, x->n);
	}
}

const Val *as_vector(const Val *v)
{
	return v->type == TYPE_VECTOR ? v : val(VAL_SPLAT, TYPE_VECTOR, v, NULL, NULL, NULL);
}

/* The variable that holds what equation j of the kernel makes, when that stays in registers. */
const char *local_name(const Build *b, int j)
{
	const Tensor *t = b->k->eqn[j]->out;
	const char *name = used_of(b, t)->name;
	int writers = 0;

	for (int i = 0; i < b->k->neqn; i++)
		writers += b->k->eqn[i]->out == t;
	return writers > 1 ? format("%s_%d", name, j) : name;
}

/* What this kernel has made of t at this point, in a register; or NULL. */
static const Val *made_here(const Build *b, const Expr *x)
{
	for (int j = 0; x->tensor->local && j < b->k->neqn; j++) {
		const Eqn *w = b->k->eqn[j];
		bool here = w->out == x->tensor;
		for (int d = 0; here && d < x->tensor->rank; d++)
			here = affine_same(&w->index[d], &x->index[d]);
		if (here)
			return val_name(local_name(b, j),
			                is_vector(b, w) ? TYPE_VECTOR : TYPE_REAL);
	}
	return NULL;
}

/* Tests of a read that no loop takes care of, or NULL. */
static const Val *tests_left(const Build *b, const Expr *x)
{
	const Val *test = NULL;

	for (int d = 0; d < x->n; d++) {
		int lo, hi, extent = x->tensor->dim[d];
		bool guarded = false;
		affine_range(&x->index[d], &lo, &hi);
		for (int g = 0; g < b->q->nguard; g++)
			guarded |= affine_same(&b->q->guard[g].index, &x->index[d]) &&
			           b->q->guard[g].extent == extent;
		if (!guarded && (lo < 0 || hi >= extent))
			test = val_and(test, inside_test(b, &x->index[d], extent));
	}
	return test;
}

static const Val *read(const Build *b, const Expr *x)
{
	const Tensor *t = x->tensor;
	const Val *v = made_here(b, x);
	int lane = lane_place(x);
	bool far = !t->local && lane >= 0 && lane != t->lane_dim && !in_row(b, t);
	bool vector = (lane >= 0 && b->prog->lanes > 1) || in_row(b, t);

	if (v)
		return v;
	v = far ? gathered(b, x, lane) : element(b, t, x->index);
	if (t->bytes8)
		v = val(vector || b->prog->lanes == 1 ? VAL_BLOAD : VAL_OF_BYTE,
		        vector ? TYPE_VECTOR : TYPE_REAL, v, NULL, NULL, NULL);
	const Val *test = b->q->matrix ? tests_of(b, t, x->index) : tests_left(b, x);
	if (!test)
		return v;
	bool max = b->q->fold == FOLD_MAX && b->q->rhs == x && !b->q->matrix;
	const Val *none = val_number(max ? -INFINITY : 0, TYPE_REAL);
	return val(VAL_SELECT, v->type, test, v, vector ? as_vector(none) : none, NULL);
}

static const Val *operator(const Build *b, const Expr *x)
{
	const Val *arg[MAX_ARG] = {NULL};
	bool infix = x->op <= OP_NEG, vector = false;

	for (int i = 0; i < x->n; i++) {
		arg[i] = lower_expr(b, x->arg[i]);
		vector |= arg[i]->type == TYPE_VECTOR;
	}
	bool lift = !infix && !vector && b->prog->lanes > 1; /* a function of scalars alone */
	for (int i = 0; i < x->n && !infix && (vector || lift); i++)
		arg[i] = as_vector(arg[i]);
	const Val *v = val_operator(x->op, vector || lift ? TYPE_VECTOR : TYPE_REAL, arg, x->n);
	return lift ? val(VAL_LANE, TYPE_REAL, v, val_int(0), NULL, NULL) : v;
}

static const Val *index_val(const Build *b, const Affine *index)
{
	Affine a = in_elements(b, *index);
	const Val *v = val(VAL_TO_REAL, TYPE_REAL, affine_val(b, &a), NULL, NULL, NULL);
	const Axis *lane = lane_of(&a);

	if (!lane)
		return v;
	const Val *lanes = val(VAL_IOTA, TYPE_VECTOR, NULL, NULL, NULL, NULL);
	return val(VAL_ADD, TYPE_VECTOR, v,
	           val(VAL_MUL, TYPE_VECTOR, val_int(affine_coef(index, lane)), lanes, NULL, NULL),
	           NULL, NULL);
}

static const Val *random_val(const Build *b, const Expr *x)
{
	Affine a = in_elements(b, x->index[0]);
	const Axis *lane = lane_of(&a);
	int step = lane ? affine_coef(&x->index[0], lane) : 0;
	const Val *v = val(VAL_RANDOM, lane || b->prog->lanes > 1 ? TYPE_VECTOR : TYPE_REAL,
	                   val_name(format("key%d", x->number), TYPE_KEY), affine_val(b, &a),
	                   val_int(step), NULL);

	return lane || b->prog->lanes == 1 ? v
	                                   : val(VAL_LANE, TYPE_REAL, v, val_int(0), NULL, NULL);
}

const Val *lower_expr(const Build *b, const Expr *x)
{
	int u = is_uniform(x) ? uniform_of(b, x) : -1;

	if (u >= 0)
		return val_name(format("u%d", u), TYPE_REAL);
	switch (x->op) {
	case OP_CONST:
		return val_number(x->value, TYPE_REAL);
	case OP_READ:
		return read(b, x);
	case OP_INDEX:
		return index_val(b, &x->index[0]);
	case OP_INSIDE:
		return val(VAL_TO_REAL, TYPE_REAL, inside_test(b, &x->index[0], x->extent), NULL,
		           NULL, NULL);
	case OP_RANDOM:
		return random_val(b, x);
	default:
		return operator(b, x);
	}
}
