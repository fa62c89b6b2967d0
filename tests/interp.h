/* interp.h: equations executed as they are written, in double and in dual numbers.
 *
 * In: a program after any pass from formula to fuse. Out: the value of every element of every
 * tensor and, when a direction is given for the parameters, its derivative along that direction
 * (Wengert 1964). There is no backward code here and nothing is taken over from the compiler but
 * the equations themselves: every operator is computed and differentiated below from its
 * definition. So this is a witness for the derived gradients, for algebra and for fusion.
 *
 *     Memory *m = memory_new(p, live);  fill inputs and parameters in m->at;
 *     run_equations(m, 1u << PHASE_FORWARD);  the loss is m->at[p->loss->id][0]
 *
 * What was never written is NaN, so reading too early shows in the result. Batch axes run over the
 * live images only. Everything is static: each test that includes this has it all. */
#ifndef INTERP_H
#define INTERP_H

#include <math.h>
#include <string.h>

#include "../compiler/print/print.h"

#define NN_REAL double
#define NN_LANES 1
#include "../runtime/kernel/nn_vec.h"
#include "../runtime/kernel/nn_rand.h"

typedef struct Dual {
	double v, d;               /* value; derivative along the direction                       */
} Dual;

struct Point;

typedef struct Memory {
	const Prog *p;
	Dual **at;                 /* by tensor id: its elements, row-major                       */
	int live;                  /* images in this batch                                        */
	uint64_t seed, step;       /* of random(); optimizer steps done                           */
	/* When not NULL: is told of every element that is read or written.                       */
	void (*touch)(const struct Point *p, const Tensor *t, int64_t at, bool write);
	void *watch;               /* for touch                                                   */
} Memory;

typedef struct Point {         /* where the loops over axes stand                             */
	const Memory *m;
	const Eqn *q;              /* the equation that is executed                               */
	const Kernel *k;           /* its kernel, in run_kernels                                  */
	int64_t number;            /* how many points of the kernel came before                   */
	const Axis *axis[2 * MAX_AXIS];
	int value[2 * MAX_AXIS];
	int n;
} Point;

static int64_t elements(const Tensor *t)
{
	int64_t n = 1;

	for (int d = 0; d < t->rank; d++)
		n *= t->dim[d];
	return n;
}

/* Elements of live images: the first of the tensor, since the batch is its first dimension. */
__attribute__((unused)) static int64_t live_elements(const Memory *m, const Tensor *t)
{
	return t->batched ? elements(t) / t->dim[0] * m->live : elements(t);
}

static Memory *memory_new(const Prog *p, int live)
{
	Memory *m = new(Memory);

	*m = (Memory){ .p = p, .live = live, .seed = 7, .step = 3 };
	m->at = alloc(sizeof *m->at * (size_t)p->ntensor);
	for (int i = 0; i < p->ntensor; i++) {
		int64_t n = elements(p->tensor[i]);
		m->at[i] = alloc(sizeof **m->at * (size_t)n);
		for (int64_t e = 0; e < n; e++)
			m->at[i][e] = (Dual){ NAN, NAN };
	}
	return m;
}

/* ---- expressions --------------------------------------------------------------------------- */

static int index_value(const Point *p, const Affine *a)
{
	int v = a->c;

	for (int i = 0; i < a->n; i++) {
		int at = 0;
		while (at < p->n && p->axis[at] != a->term[i].axis)
			at++;
		if (at == p->n)
			fatal(70, "interp: %s uses axis %s, which no loop runs over",
			      eqn_text(p->q), a->term[i].axis->name);
		v += a->term[i].coef * p->value[at];
	}
	return v;
}

/* The element at an index, or NULL when that is outside. */
static Dual *element(const Point *p, const Tensor *t, const Affine *index, bool write)
{
	int64_t at = 0;

	for (int d = 0; d < t->rank; d++) {
		int i = index_value(p, &index[d]);
		if (i < 0 || i >= (d == 0 && t->batched ? p->m->live : t->dim[d]))
			return NULL;
		at = at * t->dim[d] + i;
	}
	if (p->m->touch)
		p->m->touch(p, t, at, write);
	return &p->m->at[t->id][at];
}

static Dual leaf(const Point *p, const Expr *e)
{
	const Model *model = p->m->p->model;
	double v = e->value;

	if (e->op == OP_READ) {
		const Dual *found = element(p, e->tensor, e->index, false);
		bool max = p->q->fold == FOLD_MAX && p->q->rhs == e;
		return found ? *found : (Dual){ max ? -INFINITY : 0, 0 };
	}
	if (e->op == OP_HYPER) {
		const char *name = p->m->p->hyper[e->number];
		for (int i = 0; i < model->nopt_var; i++)
			if (!strcmp(model->opt_var[i].name, name))
				v = model->opt_var[i].value;
	} else if (e->op == OP_LIVE) {
		v = p->m->live;
	} else if (e->op == OP_STEP) {
		v = (double)p->m->step;
	} else if (e->op == OP_INDEX) {
		v = index_value(p, &e->index[0]);
	} else if (e->op == OP_INSIDE) {
		int i = index_value(p, &e->index[0]);
		v = i >= 0 && i < e->extent;
	} else if (e->op == OP_RANDOM) {
		uint32_t key = nn_rand_key(p->m->seed, NN_RAND_DROPOUT, (uint64_t)e->number,
		                           p->m->step);
		v = nn_rand_v(key, (uint32_t)index_value(p, &e->index[0]), 0);
	} else if (e->op != OP_CONST) {
		fatal(70, "interp: %s holds something that is not a leaf", eqn_text(p->q));
	}
	return (Dual){ v, 0 };
}

/* The operators of ops.h, each by its definition: value and derivative. */
#define DUAL(id) __attribute__((unused)) static Dual dual_##id(const Dual *x)
#define A x[0].v
#define B x[1].v

DUAL(ADD) { return (Dual){ A + B, x[0].d + x[1].d }; }
DUAL(SUB) { return (Dual){ A - B, x[0].d - x[1].d }; }
DUAL(MUL) { return (Dual){ A * B, x[0].d * B + A * x[1].d }; }
DUAL(DIV) { return (Dual){ A / B, (x[0].d * B - A * x[1].d) / (B * B) }; }
DUAL(NEG) { return (Dual){ -A, -x[0].d }; }
DUAL(MAX) { return B > A ? x[1] : x[0]; }      /* at a tie the first argument */
DUAL(MIN) { return B < A ? x[1] : x[0]; }
DUAL(EXP) { return (Dual){ exp(A), exp(A) * x[0].d }; }
DUAL(LOG) { return (Dual){ log(A), x[0].d / A }; }
DUAL(SQRT) { return (Dual){ sqrt(A), 0.5 / sqrt(A) * x[0].d }; }
DUAL(TANH) { return (Dual){ tanh(A), x[0].d / (cosh(A) * cosh(A)) }; }
DUAL(SIGMOID) { return (Dual){ 1 / (1 + exp(-A)), x[0].d / (2 + exp(A) + exp(-A)) }; }
DUAL(EXPM1) { return (Dual){ expm1(A), exp(A) * x[0].d }; }
DUAL(LOG1P) { return (Dual){ log1p(A), x[0].d / (1 + A) }; }
DUAL(ERF) { return (Dual){ erf(A), 2 / sqrt(acos(-1)) * exp(-A * A) * x[0].d }; }
DUAL(SIGN) { return (Dual){ (A > 0) - (A < 0), 0 }; }
DUAL(ABS) { return (Dual){ fabs(A), ((A > 0) - (A < 0)) * x[0].d }; }
DUAL(IFGT) { return A > B ? x[2] : x[3]; }
DUAL(IFEQ) { return A >= B && A <= B ? x[2] : x[3]; }
DUAL(POWER) { return (Dual){ pow(A, B), B * pow(A, B - 1) * x[0].d }; }

static Dual (*const dual_of[])(const Dual *x) = {
#define OP(id, name, arity, text, d0, d1, d2, d3) [OP_##id] = dual_##id,
#include "../compiler/rows/ops.h"
#undef OP
};
#undef DUAL
#undef A
#undef B

static Dual evaluate_at(const Point *p, const Expr *e)
{
	Dual x[MAX_ARG] = { { 0, 0 } };

	if (expr_arity(e->op) == 0)
		return leaf(p, e);
	for (int i = 0; i < expr_arity(e->op); i++)
		x[i] = evaluate_at(p, e->arg[i]);
	return dual_of[e->op](x);
}

/* ---- loops --------------------------------------------------------------------------------- */

static int trips_of(const Memory *m, const Axis *a)
{
	int unit = a->unit > 1 ? a->unit : 1;

	return a->batch ? (m->live + unit - 1) / unit : a->extent;
}

static bool open_loop(Point *p, const Axis *a)
{
	p->axis[p->n] = a;
	p->value[p->n++] = 0;
	return trips_of(p->m, a) > 0;
}

/* The next values of the loops from number `from` on; false when all have run. */
static bool next_point(Point *p, int from)
{
	for (int i = p->n - 1; i >= from; i--) {
		if (++p->value[i] < trips_of(p->m, p->axis[i]))
			return true;
		p->value[i] = 0;
	}
	return false;
}

static bool is_open(const Point *p, const Axis *a)
{
	for (int i = 0; i < p->n; i++)
		if (p->axis[i] == a)
			return true;
	return false;
}

/* Element [row, col] of the equation's matrix on both sides. */
static double factor(const Point *p, const Eqn *q)
{
	double v = 1;

	for (int i = 0; i < 2 && q->matrix; i++) {
		Affine row = i ? affine_axis(q->row[i]) : eqn_matrix_row(q);
		Affine col = { .n = 1, .term = { { q->col[i], 1 } } };
		v *= q->matrix->value[index_value(p, &row)][index_value(p, &col)];
	}
	return v;
}

/* A stage that folds a loop around it goes on from what is there, but at that loop's beginning. */
static bool goes_on(const Point *p, const Eqn *q)
{
	bool more = false;

	for (int i = q->nfree; i < q->naxis; i++) {
		Affine at = { .n = 1, .term = { { q->axis[i], 1 } } };
		more |= is_open(p, q->axis[i]) && index_value(p, &at) > 0;
	}
	return more;
}

/* One element of the output: all folded axes. The first maximum wins. */
static void fold_at(Point *p)
{
	const Eqn *q = p->q;
	int outer = p->n, code = 0, best = 0;
	Dual acc = { q->fold == FOLD_MAX ? -INFINITY : 0, 0 };

	if (goes_on(p, q))
		acc = *element(p, q->out, q->index, true);
	for (int i = q->nfree; i < q->naxis; i++)
		if (!is_open(p, q->axis[i]))
			open_loop(p, q->axis[i]);
	do {
		Dual v = evaluate_at(p, q->rhs);
		v = q->matrix ? (Dual){ factor(p, q) * v.v, factor(p, q) * v.d } : v;
		if (q->fold == FOLD_SUM)
			acc = (Dual){ acc.v + v.v, acc.d + v.d };
		else if (q->fold == FOLD_NONE || v.v > acc.v || isnan(v.v)) {
			acc = v;
			best = code;
		}
		code++;
	} while (next_point(p, outer));
	p->n = outer;
	Dual *out = element(p, q->out, q->index, true);
	if (!out && q->matrix)
		return; /* a tile that overhangs */
	if (!out)
		fatal(70, "interp: %s writes outside of its output", eqn_text(q));
	*out = acc;
	if (q->arg)
		*element(p, q->arg, q->index, true) = (Dual){ best, 0 };
}

/* Equation q at one point of the loops that are open already; its other free axes run here. */
static void equation_at(Point *p, const Eqn *q)
{
	int outer = p->n;

	p->q = q;
	for (int i = 0; i < q->nfree; i++)
		if (!is_open(p, q->axis[i]))
			open_loop(p, q->axis[i]);
	do
		fold_at(p);
	while (next_point(p, outer));
	p->n = outer;
}

/* The equations of these phases, one after the other. */
__attribute__((unused)) static void run_equations(const Memory *m, unsigned phases)
{
	for (const Eqn *q = m->p->first; q; q = q->next)
		if (phases >> q->phase & 1) {
			Point p = { .m = m };
			equation_at(&p, q);
		}
}

/* The stages of a kernel, one after the other, at each point of the loops around them. */
static void run_stages(Point *p)
{
	const Eqn *root = p->k->eqn[0];

	for (int a = 0; a < root->naround; a++)
		open_loop(p, root->around[a]);
	do {
		p->number = 0;
		for (int a = 0; a < p->k->shared; a++)
			p->number = p->number * root->around[a]->extent + p->value[a];
		for (int j = 0; j < p->k->neqn; j++) {
			for (int a = 0; a < root->naround; a++)
				p->axis[a] = p->k->eqn[j]->around[a];
			equation_at(p, p->k->eqn[j]);
		}
		for (int a = 0; a < root->naround; a++)
			p->axis[a] = root->around[a];
	} while (next_point(p, 0));
}

/* The kernels of a step or of an evaluation in their order; within a kernel all equations at each
 * point of its first one. */
__attribute__((unused)) static void run_kernels(const Memory *m, bool eval)
{
	for (int i = 0; i < m->p->nkernel; i++) {
		const Kernel *k = m->p->kernel[i];
		Point p = { .m = m, .q = k->eqn[0], .k = k };
		if (k->eval != eval)
			continue;
		if (k->nstage) {
			run_stages(&p);
			continue;
		}
		for (int a = 0; a < (k->outer ? k->outer : p.q->nfree); a++)
			open_loop(&p, k->eqn[0]->axis[a]);
		do
			for (int j = 0; j < k->neqn; j++)
				equation_at(&p, k->eqn[j]);
		while (p.number++, next_point(&p, 0));
	}
}

#endif
