/* solve.c: an equation that scatters becomes equations that gather.
 *
 * In: a term e over the axes of an equation, and the place f(axes) it belongs to. Out: equations
 * out[h] = sum over all axes with f(axes) = h of e, one for every part of out. Gradients are
 * such sums (the place is where the forward equation read), and so is a transposed convolution.
 * Dimension by dimension: an index that is one axis keeps it, and so does one that names every
 * element once (k*8 + c, c < 8). i + r - 1 = h is solved for i, the axis for which e vanishes by
 * itself outside: i = h - r + 1. A stride makes phases: with i*2 + r - 1 = h and h = 2u + p,
 * each p keeps the r of one residue, and the rest is a plain contraction without a test of
 * divisibility. */
#include "ir.h"

#include <assert.h>
#include <string.h>

typedef struct Context {
	Prog *p;
	Phase phase;   /* of the equations to be made                                 */
	const Eqn *q;  /* whose axes e runs over                                      */
	bool vanishes; /* e is 0 where an axis of q's output is out of range          */
	Tensor *out;   /* what is written                                             */
} Context;

typedef struct Solution { /* of f(axes) = h, dimension by dimension                      */
	Expr *adj;
	Affine read[MAX_DIM];  /* f, as substituted so far                                    */
	Affine out[MAX_DIM];   /* index of out                                                */
	Axis *bound[MAX_AXIS]; /* axes of out                                                 */
	int nbound;
	Axis *gone[MAX_AXIS]; /* solved for                                                  */
	int ngone;
	Axis *extra[MAX_AXIS]; /* folded axes that replace others                             */
	int nextra;
	bool zero; /* nothing belongs to this phase                               */
} Solution;

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
static void emit_solution(Context *c, Solution *s)
{
	Eqn *q = eqn_new(c->p, c->phase, c->q->layer);

	q->out = c->out;
	memcpy(q->index, s->out, sizeof q->index);
	q->rhs = s->zero ? expr_const(0) : s->adj;
	for (int i = 0; i < s->nbound; i++)
		q->axis[q->naxis++] = s->bound[i];
	q->nfree = q->naxis;
	for (int i = 0; i < c->q->naxis + s->nextra; i++) {
		Axis *x = i < c->q->naxis ? c->q->axis[i] : s->extra[i - c->q->naxis];
		if (listed(s->bound, s->nbound, x) || listed(s->gone, s->ngone, x) ||
		    expr_is(q->rhs, 0))
			continue;
		if (expr_uses(q->rhs, x))
			q->axis[q->naxis++] = x;
		else
			q->rhs = expr_op(OP_MUL, q->rhs,
			                 x->batch ? expr_leaf(OP_LIVE) : expr_const(x->extent),
			                 NULL, NULL);
	}
	q->fold = q->naxis > q->nfree ? FOLD_SUM : FOLD_NONE;
	eqn_add(c->p, q);
}

static int floor_mod(int a, int b)
{
	return ((a % b) + b) % b;
}

/* Takes the axis out of f that an equation f = h is solved for: an output axis if there is one,
 * since reads outside the output's gradient are then zero by themselves. None where every axis
 * has its place already: then f = h is a test. */
static Axis *pivot(const Context *c, const Solution *s, const Affine *f)
{
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < f->n; i++)
			for (int d = 0; d < c->q->out->rank; d++)
				if (!listed(s->bound, s->nbound, f->term[i].axis) &&
				    (pass == 1 || affine_coef(&c->q->index[d], f->term[i].axis)))
					return f->term[i].axis;
	return NULL;
}

static void solve_dim(Context *c, Solution s, int d);

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
static void solve_phases(Context *c, const Solution *s0, int d, Axis *i, int stride)
{
	const Tensor *t = c->out;

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
			if (m != i &&
			    !residue(&s, &f, m, s0->read[d].term[k].coef, phase - f.c, stride))
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
		solve_dim(c, s, d + 1);
	}
}

static void solve_dim(Context *c, Solution s, int d)
{
	const Tensor *t = c->out;

	if (d == t->rank) {
		emit_solution(c, &s);
		return;
	}
	Affine f = s.read[d];
	if (is_split(&s, &f, t->dim[d])) {
		for (int k = 0; k < f.n; k++)
			s.bound[s.nbound++] = f.term[k].axis;
		s.out[d] = f;
		solve_dim(c, s, d + 1);
		return;
	}
	Axis *i = pivot(c, &s, &f);
	int stride = i ? affine_coef(&f, i) : 1;
	if (stride > 1) {
		solve_phases(c, &s, d, i, stride);
		return;
	}
	if (stride < -1)
		fatal(70, "an index that runs backwards in steps; please report this");
	Affine h = t->dim[d] > 1 ? affine_axis(fresh(&s, t, d, t->dim[d], false)) : affine(0);
	s.out[d] = h;
	Affine value = affine_scale(affine_add(h, f, -1), stride); /* i = h - (f - i) */
	Expr *in = expr_leaf(OP_INSIDE);
	in->extent = i ? i->extent : 1;
	in->index[0] = i ? affine_subst(value, i, affine(0)) : value;
	bool seen = false; /* does dout vanish outside by itself? */
	for (int k = 0; i && k < c->q->out->rank; k++)
		seen |= c->vanishes && affine_coef(&c->q->index[k], i);
	if (i)
		substitute(&s, i, in->index[0]);
	if (!seen)
		s.adj = expr_op(OP_MUL, expr_settle(in), s.adj, NULL, NULL);
	solve_dim(c, s, d + 1);
}

void solve(Prog *p, Phase phase, const Eqn *q, bool vanishes, const Affine *place, Expr *e,
           Tensor *out)
{
	Context c = {p, phase, q, vanishes, out};
	Solution s = {.adj = e};

	memcpy(s.read, place, sizeof *place * (size_t)out->rank);
	solve_dim(&c, s, 0);
}
