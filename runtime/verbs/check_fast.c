/* check_fast.c: one step of the fast program against one of the plain program.
 *
 * The norm of a tensor's difference may be 1e-4 of the tensor's norm (1e-10 in a double build), or
 * 16 times its noise: what rounding alone does to it, measured by repeating the fast step with
 * every input and parameter moved by up to one ulp. A bias before a batch norm has a gradient of
 * zero, so all of it is noise. So that noise is nothing else, the fast step is repeated unmoved
 * too, and must give the same bits.
 *
 * Where a relu's input or two cells of a pooling window are within rounding of a tie, both
 * programs may rightly take different branches, and a whole term of the gradient comes or goes.
 * Such kinks are found by a step with everything moved by d and one with everything moved by -d, d
 * up to 16 ulps. In
 *     f(d) + f(-d) - 2 f(0)
 * all that is smooth cancels; what passed its kink in one of them remains. Both programs differ by
 * a noise or two, so a kink that this can pass is passed in nearly every pair of steps, and there
 * are PAIRS. A batch near to which no kink shows is compared as above, and up to DRAWS batches are
 * drawn to find one. Near a million relus there are always kinks: then the last batch is taken,
 * and a tensor may also be off by twice what they were seen to do to it. A wrong kernel moves all
 * three f alike, so this never makes room for its mistake. In a large network (verb_check.c), where
 * that is so and steps take long, the first batch is the last. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "../kernel/nn_rand.h"
#include "../net/tensor.h"

enum { NOISE_RUNS = 3, PAIRS = 6, DRAWS = 8 };
static const double TOLERANCE = 1e-4, TOLERANCE_DOUBLE = 1e-10;
static const double NOISE = 16, KINKS = 2; /* how many times each is allowed */
static const double FAR = 16;              /* ulps, to find kinks            */

typedef struct fast_check {
	nn_check *all;    /* both programs and where they start                  */
	nn_run run;       /* of every step                                       */
	double tolerance; /* share of a tensor's norm                            */
	char *result;     /* tensors of the fast program after the step, packed  */
	char *above;      /* the same after a step moved by d                    */
	double *size;     /* norm of each tensor of the fast program             */
	double *noise;    /* mean square of what one ulp does to it              */
	double *kinks;    /* most of what 16 ulps do beyond what is smooth       */
} fast_check;

static bool compared(nn_kind kind)
{
	return kind != NN_INPUT && kind != NN_TARGET && kind != NN_STATE && kind < NN_CLASS_WEIGHT;
}

/* Moves every value of inputs and trained or frozen parameters by up to so many ulps. The same
 * stream moves them in the same proportions. */
static void move(nn_check *c, int stream, double ulps)
{
	const nn_program *p = c->fast.program;
	double most = ulps * (p->real_size == 4 ? 0x1p-23 : 0x1p-52);
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *t = &p->tensor[i];
		if (t->kind != NN_PARAM && t->kind != NN_FROZEN && t->kind != NN_INPUT)
			continue;
		uint64_t key = (UINT64_C(1) << 32) + ((uint64_t)i << 8) + (uint64_t)stream;
		int64_t count = nn_tensor_count(t, c->live);
		nn_tensor_get(p, t, c->fast.arena, c->live, NN_F64, c->a);
		for (int64_t k = 0; k < count; k++) {
			double u =
			        nn_rand_double(c->session->seed, NN_RAND_CHECK, key, (uint64_t)k);
			c->a[k] *= 1 + most * (2 * u - 1);
		}
		nn_tensor_put(p, t, c->fast.arena, c->live, NN_F64, c->a);
	}
}

static void fast_step(fast_check *f, int stream, double ulps)
{
	nn_check *c = f->all;
	nn_check_restore(c->fast.program, c->fast.arena, c->fast_start);
	if (ulps != 0)
		move(c, stream, ulps);
	nn_net_prepare(&c->fast, &f->run);
	nn_net_step(&c->fast, &f->run, NULL);
}

/* ---- what a step left, against others ------------------------------------------------------- */

/* Tensor i of the fast program, at `place` of packed ones. */
typedef double measure(fast_check *f, const nn_tensor *t, size_t place, int i);

static double sum_of(fast_check *f, measure *what)
{
	const nn_program *p = f->all->fast.program;
	double sum = 0;
	size_t place = 0;
	for (int i = 0; i < p->tensors; place += p->tensor[i++].bytes)
		if (compared(p->tensor[i].kind))
			sum += what(f, &p->tensor[i], place, i);
	return sum;
}

static void get(const fast_check *f, const nn_tensor *t, double *x)
{
	const nn_check *c = f->all;
	nn_tensor_get(c->fast.program, t, c->fast.arena, c->live, NN_F64, x);
}

static void get_packed(const fast_check *f, const nn_tensor *t, const char *from, size_t place,
                       double *x)
{
	nn_tensor kept = *t;
	kept.offset = place;
	nn_tensor_get(f->all->fast.program, &kept, from, f->all->live, NN_F64, x);
}

/* How far the step is from the result. */
static double distance(fast_check *f, const nn_tensor *t, size_t place, int i)
{
	nn_check *c = f->all;
	int64_t count = nn_tensor_count(t, c->live);
	get(f, t, c->a);
	get_packed(f, t, f->result, place, c->b);
	f->size[i] = nn_check_norm(c->b, count);
	for (int64_t k = 0; k < count; k++)
		c->a[k] -= c->b[k];
	return nn_check_norm(c->a, count);
}

static double add_noise(fast_check *f, const nn_tensor *t, size_t place, int i)
{
	double d = distance(f, t, place, i);
	f->noise[i] += d * d / (double)NOISE_RUNS;
	return d;
}

/* After f(-d): 1 when kinks do more than is allowed without them. */
static double add_kinks(fast_check *f, const nn_tensor *t, size_t place, int i)
{
	nn_check *c = f->all;
	int64_t count = nn_tensor_count(t, c->live);
	get(f, t, c->a);
	get_packed(f, t, f->above, place, c->b);
	get_packed(f, t, f->result, place, c->c);
	for (int64_t k = 0; k < count; k++)
		c->a[k] += c->b[k] - 2 * c->c[k];
	double bend = nn_check_norm(c->a, count);
	f->kinks[i] = fmax(f->kinks[i], bend);
	return KINKS * bend > fmax(f->tolerance * f->size[i], NOISE * sqrt(f->noise[i]));
}

/* ---- the comparison ------------------------------------------------------------------------- */

/* Fills result, size, noise and kinks for a batch; false when there are kinks and no need to know
 * them all, since another batch may have none. */
static bool try_batch(fast_check *f, bool last)
{
	nn_check *c = f->all;
	const nn_program *p = c->fast.program;
	for (int i = 0; i < p->tensors; i++)
		f->noise[i] = f->kinks[i] = 0;
	fast_step(f, 0, 0);
	nn_check_keep(p, c->fast.arena, f->result);
	for (int run = 0; run < NOISE_RUNS; run++) {
		fast_step(f, run, 1);
		sum_of(f, add_noise);
	}
	for (int run = NOISE_RUNS; run < NOISE_RUNS + PAIRS; run++) {
		fast_step(f, run, FAR);
		nn_check_keep(p, c->fast.arena, f->above);
		fast_step(f, run, -FAR);
		if (sum_of(f, add_kinks) > 0 && !last)
			return false;
	}
	return true;
}

/* Every tensor of the plain program, which has made its step, as a row. */
static void compare(fast_check *f)
{
	nn_check *c = f->all;
	const nn_program *p = c->plain.program, *fast = c->fast.program;
	nn_check_restore(fast, c->fast.arena, f->result);
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *t = &p->tensor[i];
		const nn_tensor *found = nn_tensor_find(fast, t->kind, t->name);
		if (!compared(t->kind))
			continue;
		if (!found) {
			nn_check_row(c, t->name, 0, INFINITY, f->tolerance);
			continue;
		}
		int64_t count = nn_tensor_count(t, c->live), k = found - fast->tensor;
		nn_tensor_get(p, t, c->plain.arena, c->live, NN_F64, c->b);
		get(f, found, c->a);
		for (int64_t j = 0; j < count; j++)
			c->a[j] -= c->b[j];
		double size = nn_check_norm(c->b, count), unit = size > 0 ? size : 1;
		double rounding = fmax(NOISE * sqrt(f->noise[k]), KINKS * f->kinks[k]);
		double error = nn_check_norm(c->a, count) / unit;
		if (t->kind == NN_OUTPUT)
			c->output = error;
		nn_check_row(c, t->name, size, error, fmax(f->tolerance, rounding / unit));
	}
}

static bool run_all(fast_check *f, nn_error *e)
{
	nn_check *c = f->all;
	int draws = c->large ? 1 : DRAWS;
	for (int draw = 0; draw < draws; draw++)
		if (!nn_check_fill(c, draw, e))
			return false;
		else if (try_batch(f, draw == draws - 1))
			break;
	fast_step(f, 0, 0);
	nn_check_row(c, "the fast step repeated, to the bit", 0, sum_of(f, distance), 0);
	nn_net_prepare(&c->plain, &f->run);
	nn_net_step(&c->plain, &f->run, NULL);
	compare(f);
	return true;
}

bool nn_check_fast(nn_check *c, nn_error *e)
{
	const nn_program *p = c->fast.program;
	fast_check f = {.all = c, .run = nn_session_run(c->session, c->live)};
	f.tolerance = p->real_size == 4 ? TOLERANCE : TOLERANCE_DOUBLE;
	double **numbers[] = {&f.size, &f.noise, &f.kinks};
	for (int k = 0; k < 3; k++)
		*numbers[k] = nn_alloc((size_t)p->tensors, sizeof **numbers[k], "check", e);
	f.result = nn_alloc(nn_check_packed(p), 1, "check", e);
	f.above = nn_alloc(nn_check_packed(p), 1, "check", e);
	bool ok = !e->code && run_all(&f, e);
	void *memory[] = {f.size, f.noise, f.kinks, f.result, f.above};
	for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
		free(memory[i]);
	return ok;
}
