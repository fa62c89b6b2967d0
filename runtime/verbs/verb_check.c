/* verb_check.c: the fast kernels against plain ones, and the gradients against the loss.
 *
 * Both programs get the same weights and the same batch, do one step, and every tensor that both
 * have is compared (check_fast.c). Then the plain program, which computes in double, has its
 * gradients compared with differences of its own loss (check_slope.c). Both files tell how a relu
 * or a maximum that stands exactly between two answers is told from a mistake.
 *
 * The initial weights are the seed's or --weights; the batch is random: normal inputs, random
 * labels or targets in [0,1]. Exit 1 when a row fails.
 *
 * The plain program is slow and reuses no memory. All its steps together may do WORK: SLOPE_STEPS
 * of them, of SLOPE_FLOP or a single image each, are for the gradients, and what they leave
 * decides how many images of the batch both programs are compared on, at least two. The first
 * line says how many, the last what was done. Kinks may make more steps necessary. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "../kernel/nn_rand.h"
#include "../net/tensor.h"

enum { SLOPE_STEPS = 7 };             /* of them, where no kink is in the way                    */
static const double WORK = 6e10;      /* flop of contractions: half a minute of two threads  */
static const double SLOPE_FLOP = 1e9; /* of a step for the gradients                             */

/* ---- what the parts share ------------------------------------------------------------------ */

double nn_check_norm(const double *x, int64_t count)
{
	double sum = 0;
	for (int64_t i = 0; i < count; i++)
		sum += x[i] * x[i];
	return sqrt(sum);
}

void nn_check_row(nn_check *c, const char *name, double value, double error, double allowed)
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

void nn_check_keep(const nn_program *p, const char *arena, char *packed)
{
	for (int i = 0; i < p->tensors; packed += p->tensor[i++].bytes)
		memcpy(packed, arena + p->tensor[i].offset, p->tensor[i].bytes);
}

void nn_check_restore(const nn_program *p, char *arena, const char *packed)
{
	for (int i = 0; i < p->tensors; packed += p->tensor[i++].bytes)
		memcpy(arena + p->tensor[i].offset, packed, p->tensor[i].bytes);
}

size_t nn_check_packed(const nn_program *p)
{
	size_t bytes = 0;
	for (int i = 0; i < p->tensors; i++)
		bytes += p->tensor[i].bytes;
	return bytes;
}

/* ---- what a step starts from ---------------------------------------------------------------- */

static double *random_values(int64_t count, uint64_t seed, uint64_t stream, nn_error *e)
{
	double *x = nn_alloc((size_t)count, sizeof *x, "the batch", e);
	/* In float, so that both programs get the same numbers. */
	for (int64_t i = 0; x && i < count; i++)
		x[i] = (double)(float)nn_rand_normal(seed, NN_RAND_CHECK, stream, (uint64_t)i);
	return x;
}

bool nn_check_fill(nn_check *c, int draw, nn_error *e)
{
	const nn_model *m = c->session->model;
	uint64_t seed = c->session->seed;
	int64_t n = nn_tensor_count(c->plain.input, c->live);
	int64_t outputs = nn_tensor_count(c->plain.target, c->live);
	uint64_t stream = (UINT64_C(1) << 48) + 2 * (uint64_t)draw;
	double *x = random_values(n, seed, stream, e);
	double *y = nn_alloc((size_t)outputs, sizeof *y, "the batch", e);
	for (int64_t i = 0; y && i < outputs; i++) {
		double u = nn_rand_double(seed, NN_RAND_CHECK, stream + 1, (uint64_t)i);
		y[i] = m->classes ? floor(u * m->classes) : (double)(float)u;
	}
	nn_net *both[] = {&c->fast, &c->plain};
	char *start[] = {c->fast_start, c->plain_start};
	for (int k = 0; x && y && k < 2; k++) {
		nn_check_restore(both[k]->program, both[k]->arena, start[k]);
		bool same = both[k]->target->target_input;
		nn_tensor_put(both[k]->program, both[k]->input, both[k]->arena, c->live, NN_F64, x);
		nn_tensor_put(both[k]->program, both[k]->target, both[k]->arena, c->live, NN_F64,
		              same ? x : y);
	}
	free(x);
	free(y);
	nn_check_keep(c->fast.program, c->fast.arena, c->fast_start);
	nn_check_keep(c->plain.program, c->plain.arena, c->plain_start);
	return !e->code;
}

/* Copies what the fast program starts from into the plain one. */
static void copy_weights(nn_check *c)
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

/* ---- Winograd ------------------------------------------------------------------------------- */

typedef struct winograd {
	int kernels;
	double least, most; /* relative error expected of one of them                         */
} winograd;

static winograd find_winograd(const nn_program *p)
{
	winograd w = {.least = INFINITY};
	for (int i = 0; i < p->kernels; i++) {
		double error = p->kernel[i].error;
		w.kernels += error > 0;
		w.least = error > 0 ? fmin(w.least, error) : w.least;
		w.most = fmax(w.most, error);
	}
	return w;
}

/* What rounding in all of them did to the output, beside what is expected of one. Gradients stand
 * in their rows; where there are kinks near, those move them further than Winograd does. */
static void print_winograd(const nn_check *c)
{
	winograd w = find_winograd(c->fast.program);
	if (w.kernels)
		printf("Winograd in %d kernels: relative error of one expected %.1e to %.1e, of "
		       "the "
		       "network's output measured %.1e\n",
		       w.kernels, w.least, w.most, c->output);
}

static void add_winograd(const nn_check *c)
{
	winograd w = find_winograd(c->fast.program);
	if (w.kernels)
		printf(",\"winograd\":{\"kernels\":%d,\"least\":%.2e,\"most\":%.2e,\"output\":%."
		       "2e}",
		       w.kernels, w.least, w.most, c->output);
}

/* ---- the verb ------------------------------------------------------------------------------ */

static void print_work(const nn_check *c)
{
	printf("the plain program: a step of %d images, %d of %d for the gradients of %d tensors\n",
	       c->live, c->steps, c->few, c->directed);
}

static bool print_json(nn_check *c, nn_error *e)
{
	if (c->json.failed)
		return nn_fail(e, NN_EXIT_MEMORY, "not enough memory to print");
	printf("{\"ok\":%s,\"images\":%d,\"rows\":[%s]", c->failures ? "false" : "true", c->live,
	       c->json.at ? c->json.at : "");
	printf(",\"slope\":{\"images\":%d,\"steps\":%d,\"tensors\":%d}", c->few, c->steps,
	       c->directed);
	add_winograd(c);
	printf("}\n");
	return true;
}

static bool run_check(nn_check *c, nn_error *e)
{
	nn_session *s = c->session;
	char title[64];
	snprintf(title, sizeof title, "fast against plain, %d of %d images", c->live,
	         s->model->batch);
	if (s->options->weights && !nn_load_weights(&c->fast, s->options->weights, NULL, e))
		return false;
	copy_weights(c);
	nn_check_keep(c->fast.program, c->fast.arena, c->fast_start);
	nn_check_keep(c->plain.program, c->plain.arena, c->plain_start);
	if (!s->options->json)
		printf("%-40s %12s %10s %10s\n", title, "norm", "error", "allowed");
	if (!nn_check_fast(c, e) || !nn_check_slope(c, e))
		return false;
	if (s->options->json && !print_json(c, e))
		return false;
	if (!s->options->json) {
		print_winograd(c);
		print_work(c);
	}
	if (c->failures)
		return nn_fail(e, NN_EXIT_FAILED, "check: %d of the rows are wrong", c->failures);
	if (!s->options->json)
		printf("all as it should be\n");
	return true;
}

/* As many images as the plain program does in reasonable time and memory. */
static void choose_images(nn_check *c)
{
	const nn_model *m = c->session->model;
	double each = fmax(m->flop_per_step / m->batch, 1);
	c->large = each > SLOPE_FLOP;
	double few = fmin(fmax(floor(SLOPE_FLOP / each), 1), m->batch);
	double live = fmax(floor(WORK / each - few * (double)SLOPE_STEPS), 2);
	c->live = (int)fmin(live, m->batch);
	while (c->live > 1 && nn_net_need(m, m->plain, c->live) > nn_memory_available() / 4 * 3)
		c->live = (c->live + 1) / 2;
	c->few = (int)fmin(few, c->live);
}

static bool take_memory(nn_check *c, nn_error *e)
{
	const nn_model *m = c->session->model;
	const nn_program *both[] = {m->fast, m->plain};
	int64_t most = 0;
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < both[k]->tensors; i++) {
			int64_t count = nn_tensor_count(&both[k]->tensor[i], m->batch);
			most = count > most ? count : most;
		}
	double **room[] = {&c->a, &c->b, &c->c};
	for (int k = 0; k < 3; k++)
		*room[k] = nn_alloc((size_t)most, sizeof **room[k], "check", e);
	c->fast_start = nn_alloc(nn_check_packed(m->fast), 1, "check", e);
	c->plain_start = nn_alloc(nn_check_packed(m->plain), 1, "check", e);
	return !e->code;
}

static bool open_both(nn_check *c, nn_error *e)
{
	nn_session *s = c->session;
	if (!nn_net_open(&c->fast, s->model, s->model->fast, s->team, e))
		return false;
	choose_images(c);
	return nn_net_open_part(&c->plain, s->model, s->model->plain, s->team, c->live, e) &&
	       nn_initialise(c->fast.program, c->fast.arena, s->team, s->seed, e);
}

bool nn_verb_check(nn_session *s, nn_error *e)
{
	nn_check c = {.session = s};
	if (!s->model->plain)
		return nn_fail(e, NN_EXIT_USAGE,
		               "check: this trainer was compiled without its "
		               "plain program");
	bool ok = take_memory(&c, e) && open_both(&c, e) && run_check(&c, e);
	nn_net_close(&c.fast);
	nn_net_close(&c.plain);
	nn_text_free(&c.json);
	void *memory[] = {c.a, c.b, c.c, c.fast_start, c.plain_start};
	for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
		free(memory[i]);
	return ok;
}
