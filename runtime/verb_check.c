/* verb_check.c: the fast kernels against plain ones, and the gradients against the loss.
 *
 * Both programs get the same weights and the same batch, do one step, and every tensor that both
 * have is compared: loss, output, gradients, updated parameters, running statistics. The norm of
 * the difference may be 1e-4 of the tensor's norm, or 16 times its noise: what rounding alone does
 * to it, measured by repeating the fast step with every input and parameter moved by up to one
 * ulp. A bias before a batch norm has a gradient of zero, so all of it is noise. So that noise is
 * nothing else, the fast step is repeated unmoved too, and must give the same bits.
 *
 * Then the gradients of the plain program, which computes in double, against its own loss, along
 * random directions in which every parameter tensor counts the same: d is normal, divided by the
 * norm of the tensor's gradient, so a gradient that is wrong by 1e-4 of its norm shows as about
 * 1e-4 in <g, d>. (L(w + h d) - L(w - h d)) / 2h is precise where h is large enough for the
 * rounding of L and small enough to cross no kink of a relu or max: h goes down in tens from 1e-7,
 * and the two neighbours that agree best are taken, whatever <g, d> is.
 *
 * The initial weights are the seed's or --weights; the batch is random. Exit 1 when a row fails. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn_rand.h"
#include "session.h"
#include "tensor.h"

enum { NOISE_RUNS = 3, DIRECTIONS = 2, STEPS = 4 };
static const double TOLERANCE = 1e-4, NOISE = 16; /* of fast against plain                   */
static const double SLOPE_TOLERANCE = 5e-6;       /* of a gradient, a share of its norm      */
static const double FIRST_STEP = 1e-7;            /* of the differences, times the loss      */
static const double AGREED = 5e-7;                /* neighbours this close end the search    */
static const double LEAST = 1e-3; /* of the largest gradient: others count as this */

typedef struct check {
	nn_session *session; /* verb and options                               */
	nn_net fast, plain;  /* both programs                                  */
	char *fast_start;    /* what a step starts from: all tensors, packed   */
	char *plain_start;   /* the same                                       */
	double *a, *b;       /* room for the largest tensor                    */
	double *noise;       /* of each tensor of the fast program: sum of squares */
	char *result;        /* tensors of the fast program after the step, packed */
	double *scale;       /* of each tensor of the plain program in a direction */
	int failures;        /* rows that are beyond tolerance                 */
	nn_text json;        /* the rows                                       */
} check;

static double *random_values(int64_t count, uint64_t seed, uint64_t stream, nn_error *e)
{
	double *x = nn_alloc((size_t)count, sizeof *x, "the batch", e);
	/* In float, so that both programs get the same numbers. */
	for (int64_t i = 0; x && i < count; i++)
		x[i] = (double)(float)nn_rand_normal(seed, NN_RAND_CHECK, stream, (uint64_t)i);
	return x;
}

/* The same batch for both: normal inputs, random labels or targets in [0,1]. */
static bool fill(check *c, nn_error *e)
{
	const nn_model *m = c->session->model;
	uint64_t seed = c->session->seed;
	int64_t n = nn_tensor_count(c->plain.input, m->batch);
	int64_t outputs = nn_tensor_count(c->plain.target, m->batch);
	double *x = random_values(n, seed, 0, e);
	double *y = nn_alloc((size_t)outputs, sizeof *y, "the batch", e);
	for (int64_t i = 0; y && i < outputs; i++) {
		double u = nn_rand_double(seed, NN_RAND_CHECK, 1, (uint64_t)i);
		y[i] = m->classes ? floor(u * m->classes) : (double)(float)u;
	}
	nn_net *both[] = {&c->fast, &c->plain};
	for (int k = 0; x && y && k < 2; k++) {
		bool same = both[k]->target->target_input;
		nn_tensor_put(both[k]->program, both[k]->input, both[k]->arena, m->batch, NN_F64,
		              x);
		nn_tensor_put(both[k]->program, both[k]->target, both[k]->arena, m->batch, NN_F64,
		              same ? x : y);
	}
	free(x);
	free(y);
	return !e->code;
}

/* Copies what the fast program starts from into the plain one. */
static void copy_weights(check *c)
{
	const nn_program *p = c->plain.program;
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *t = &p->tensor[i];
		const nn_tensor *from = nn_tensor_find(c->fast.program, t->kind, t->name);
		if (t->kind > NN_STATE || !from)
			continue;
		nn_tensor_get(c->fast.program, from, c->fast.arena, 0, NN_F64, c->a);
		nn_tensor_put(p, t, c->plain.arena, 0, NN_F64, c->a);
	}
}

static double norm(const double *x, int64_t count)
{
	double sum = 0;
	for (int64_t i = 0; i < count; i++)
		sum += x[i] * x[i];
	return sqrt(sum);
}

static void add_row(check *c, const char *name, double value, double error, double allowed)
{
	bool ok = error <= allowed;
	c->failures += !ok;
	if (!c->session->options->json) {
		printf("%-40s %12.6g %10.2e %10.2e  %s\n", name, value, error, allowed,
		       ok ? "ok" : "WRONG");
		return;
	}
	nn_text_add(&c->json, c->json.len ? ",{\"name\":" : "{\"name\":");
	nn_text_json(&c->json, name);
	nn_text_add(&c->json, ",\"norm\":");
	nn_text_number(&c->json, value, 9);
	nn_text_add(&c->json, ",\"error\":");
	nn_text_number(&c->json, error, 4);
	nn_text_add(&c->json, ",\"allowed\":");
	nn_text_number(&c->json, allowed, 4);
	nn_text_add(&c->json, ",\"ok\":%s}", ok ? "true" : "false");
}

/* Between the arena and a copy of all tensors that the runtime may see, one after the other: inner
 * activations are many times larger, and a step does not need the old ones. */
static void keep(const nn_program *p, const char *arena, char *packed)
{
	for (int i = 0; i < p->tensors; packed += p->tensor[i++].bytes)
		memcpy(packed, arena + p->tensor[i].offset, p->tensor[i].bytes);
}

static void restore(const nn_program *p, char *arena, const char *packed)
{
	for (int i = 0; i < p->tensors; packed += p->tensor[i++].bytes)
		memcpy(arena + p->tensor[i].offset, packed, p->tensor[i].bytes);
}

static size_t packed_bytes(const nn_program *p)
{
	size_t bytes = 0;
	for (int i = 0; i < p->tensors; i++)
		bytes += p->tensor[i].bytes;
	return bytes;
}

/* ---- fast against plain -------------------------------------------------------------------- */

static bool compared(nn_kind kind)
{
	return kind != NN_INPUT && kind != NN_TARGET && kind != NN_STATE && kind != NN_CLASS_WEIGHT;
}

/* Norm of the difference between a tensor of the fast program and `other` of `program`. */
static double difference(check *c, const nn_tensor *t, const nn_program *program,
                         const nn_tensor *other, const char *arena, double *size)
{
	int batch = c->session->model->batch;
	int64_t count = nn_tensor_count(t, batch);
	nn_tensor_get(c->fast.program, t, c->fast.arena, batch, NN_F64, c->a);
	nn_tensor_get(program, other, arena, batch, NN_F64, c->b);
	*size = norm(c->b, count);
	for (int64_t i = 0; i < count; i++)
		c->a[i] -= c->b[i];
	return norm(c->a, count);
}

/* Moves every value of inputs and trained or frozen parameters by up to one ulp. */
static void move(check *c, int run)
{
	const nn_program *p = c->fast.program;
	double ulp = p->real_size == 4 ? 0x1p-23 : 0x1p-52;
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *t = &p->tensor[i];
		if (t->kind != NN_PARAM && t->kind != NN_FROZEN && t->kind != NN_INPUT)
			continue;
		int64_t rows = c->session->model->batch, count = nn_tensor_count(t, rows);
		uint64_t stream = (uint64_t)i * NOISE_RUNS + (uint64_t)run;
		nn_tensor_get(p, t, c->fast.arena, rows, NN_F64, c->a);
		for (int64_t k = 0; k < count; k++)
			c->a[k] *= 1 + ulp * (2 * nn_rand_double(c->session->seed, NN_RAND_CHECK,
			                                         stream + (1 << 20), (uint64_t)k) -
			                      1);
		nn_tensor_put(p, t, c->fast.arena, rows, NN_F64, c->a);
	}
}

static void fast_step(check *c, const nn_run *run, int moved)
{
	restore(c->fast.program, c->fast.arena, c->fast_start);
	if (moved >= 0)
		move(c, moved);
	nn_net_prepare(&c->fast, run);
	nn_net_step(&c->fast, run, NULL);
}

/* Fills result and noise; gives a row that says whether the step repeats itself. */
static void measure_noise(check *c, const nn_run *run)
{
	const nn_program *p = c->fast.program;
	double ignored, again = 0;
	fast_step(c, run, -1);
	keep(p, c->fast.arena, c->result);
	for (int k = -1; k < NOISE_RUNS; k++) {
		fast_step(c, run, k);
		size_t place = 0;
		for (int i = 0; i < p->tensors; place += p->tensor[i++].bytes) {
			const nn_tensor *t = &p->tensor[i];
			if (!compared(t->kind))
				continue;
			nn_tensor kept = *t;
			kept.offset = place;
			double d = difference(c, t, p, &kept, c->result, &ignored);
			if (k < 0)
				again += d;
			else
				c->noise[i] += d * d / (double)NOISE_RUNS;
		}
	}
	restore(p, c->fast.arena, c->result);
	add_row(c, "the fast step repeated, to the bit", 0, again, 0);
}

static void compare(check *c)
{
	const nn_program *p = c->plain.program;
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *t = &p->tensor[i];
		const nn_tensor *found = nn_tensor_find(c->fast.program, t->kind, t->name);
		double size;
		if (!compared(t->kind))
			continue;
		if (!found) {
			add_row(c, t->name, 0, INFINITY, TOLERANCE);
			continue;
		}
		double noise = sqrt(c->noise[found - c->fast.program->tensor]);
		double error = difference(c, found, p, t, c->plain.arena, &size);
		double unit = size > 0 ? size : 1;
		add_row(c, t->name, size, error / unit, fmax(TOLERANCE, NOISE * noise / unit));
	}
}

/* ---- gradients against the loss ------------------------------------------------------------ */

static const nn_tensor *gradient_of(const nn_program *p, const nn_tensor *t)
{
	for (int k = 0; t->kind == NN_PARAM && k < p->tensors; k++)
		if (p->tensor[k].kind == NN_GRAD && !strcmp(p->tensor[k].of, t->name))
			return &p->tensor[k];
	return NULL;
}

/* Element k of tensor i in direction d. */
static double direction(const check *c, int d, int i, int64_t k)
{
	uint64_t stream = 2 + (uint64_t)d * 65536 + (uint64_t)i;
	return c->scale[i] * nn_rand_normal(c->session->seed, NN_RAND_CHECK, stream, (uint64_t)k);
}

/* One over the norm of each gradient that the plain program's step left, or 0. */
static void measure_scales(check *c)
{
	const nn_program *p = c->plain.program;
	double most = 0;
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *g = gradient_of(p, &p->tensor[i]);
		c->scale[i] = 0;
		if (!g)
			continue;
		nn_tensor_get(p, g, c->plain.arena, 0, NN_F64, c->a);
		c->scale[i] = norm(c->a, nn_tensor_count(g, 0));
		most = fmax(most, c->scale[i]);
	}
	for (int i = 0; i < p->tensors; i++)
		if (gradient_of(p, &p->tensor[i]))
			c->scale[i] = most > 0 ? 1 / fmax(c->scale[i], LEAST * most) : 0;
}

/* <g, d> with the gradients in the plain program's arena. */
static double slope_along(check *c, int d)
{
	const nn_program *p = c->plain.program;
	double slope = 0;
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *g = gradient_of(p, &p->tensor[i]);
		int64_t count = g ? nn_tensor_count(g, 0) : 0;
		if (g)
			nn_tensor_get(p, g, c->plain.arena, 0, NN_F64, c->a);
		for (int64_t k = 0; k < count; k++)
			slope += c->a[k] * direction(c, d, i, k);
	}
	return slope;
}

/* The loss with h times direction d added to the parameters. */
static double loss_along(check *c, const nn_run *run, int d, double h)
{
	const nn_program *p = c->plain.program;
	restore(p, c->plain.arena, c->plain_start);
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *t = &p->tensor[i];
		if (!(c->scale[i] > 0))
			continue;
		int64_t count = nn_tensor_count(t, 0);
		nn_tensor_get(p, t, c->plain.arena, 0, NN_F64, c->a);
		for (int64_t k = 0; k < count; k++)
			c->a[k] += h * direction(c, d, i, k);
		nn_tensor_put(p, t, c->plain.arena, 0, NN_F64, c->a);
	}
	nn_net_prepare(&c->plain, run);
	nn_net_step(&c->plain, run, NULL);
	return nn_net_loss(&c->plain);
}

/* The slope of the loss along direction d, by differences. */
static double measure_slope(check *c, const nn_run *run, int d, double loss)
{
	double h = FIRST_STEP * fmax(fabs(loss), 0.1), before = 0, best = NAN, least = INFINITY;
	for (int i = 0; i < STEPS && !(least <= AGREED); i++, h /= 10) {
		double above = loss_along(c, run, d, h), below = loss_along(c, run, d, -h);
		double now = (above - below) / (2 * h);
		if (i > 0 && fabs(now - before) < least) {
			least = fabs(now - before);
			best = now;
		}
		before = now;
	}
	return best;
}

/* The plain program has just made its step from the start. */
static void check_gradients(check *c, const nn_run *run)
{
	double slope[DIRECTIONS];
	double loss = nn_net_loss(&c->plain);
	measure_scales(c);
	for (int d = 0; d < DIRECTIONS; d++)
		slope[d] = slope_along(c, d);
	for (int d = 0; d < DIRECTIONS; d++) {
		char name[64];
		snprintf(name, sizeof name, "gradient along random direction %d", d + 1);
		add_row(c, name, slope[d], fabs(measure_slope(c, run, d, loss) - slope[d]),
		        SLOPE_TOLERANCE);
	}
}

/* ---- the verb ------------------------------------------------------------------------------ */

static bool print_json(check *c, nn_error *e)
{
	if (c->json.failed)
		return nn_fail(e, NN_EXIT_MEMORY, "not enough memory to print");
	printf("{\"ok\":%s,\"rows\":[%s]}\n", c->failures ? "false" : "true",
	       c->json.at ? c->json.at : "");
	return true;
}

static bool run_check(check *c, nn_error *e)
{
	nn_session *s = c->session;
	nn_run run = nn_session_run(s, s->model->batch);
	if (s->options->weights && !nn_load_weights(&c->fast, s->options->weights, NULL, e))
		return false;
	copy_weights(c);
	if (!fill(c, e))
		return false;
	keep(c->fast.program, c->fast.arena, c->fast_start);
	keep(c->plain.program, c->plain.arena, c->plain_start);
	if (!s->options->json)
		printf("%-40s %12s %10s %10s\n", "after one step, fast against plain", "norm",
		       "error", "allowed");
	measure_noise(c, &run);
	nn_net_prepare(&c->plain, &run);
	nn_net_step(&c->plain, &run, NULL);
	compare(c);
	check_gradients(c, &run);
	if (s->options->json && !print_json(c, e))
		return false;
	if (c->failures)
		return nn_fail(e, NN_EXIT_FAILED, "check: %d of the rows are wrong", c->failures);
	if (!s->options->json)
		printf("all as it should be\n");
	return true;
}

static bool take_memory(check *c, nn_error *e)
{
	const nn_model *m = c->session->model;
	const nn_program *both[] = {m->fast, m->plain};
	int64_t most = 0;
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < both[k]->tensors; i++) {
			int64_t count = nn_tensor_count(&both[k]->tensor[i], m->batch);
			most = count > most ? count : most;
		}
	c->a = nn_alloc((size_t)most, sizeof *c->a, "check", e);
	c->b = nn_alloc((size_t)most, sizeof *c->b, "check", e);
	c->noise = nn_alloc((size_t)m->fast->tensors, sizeof *c->noise, "check", e);
	c->scale = nn_alloc((size_t)m->plain->tensors, sizeof *c->scale, "check", e);
	c->fast_start = nn_alloc(packed_bytes(m->fast), 1, "check", e);
	c->result = nn_alloc(packed_bytes(m->fast), 1, "check", e);
	c->plain_start = nn_alloc(packed_bytes(m->plain), 1, "check", e);
	return !e->code;
}

bool nn_verb_check(nn_session *s, nn_error *e)
{
	const nn_model *m = s->model;
	check c = {.session = s};
	if (!m->plain)
		return nn_fail(e, NN_EXIT_USAGE,
		               "check: this trainer was compiled without its "
		               "plain program");
	bool ok = take_memory(&c, e) && nn_net_open(&c.fast, m, m->fast, s->team, e) &&
	          nn_net_open(&c.plain, m, m->plain, s->team, e) &&
	          nn_initialise(c.fast.program, c.fast.arena, s->seed, e) && run_check(&c, e);
	nn_net_close(&c.fast);
	nn_net_close(&c.plain);
	nn_text_free(&c.json);
	void *memory[] = {c.a, c.b, c.noise, c.scale, c.fast_start, c.result, c.plain_start};
	for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
		free(memory[i]);
	return ok;
}
