/* verb_check.c: the fast kernels against plain ones, and the gradients against the loss.
 *
 * Both programs get the same weights and the same batch, do one step, and every tensor that both
 * have is compared: loss, output, gradients, updated parameters, running statistics. The measure is
 * the norm of the difference over the norm of the plain tensor; a tensor of norm zero, as the
 * gradient of a bias before a batch norm, is measured against the largest norm of its kind.
 *
 * Then the gradients of the plain program, which computes in double, against its own loss: along
 * one random direction d over all parameters, (L(w + h d) - L(w - h d)) / 2h must be <g, d>.
 *
 * The initial weights are the seed's or --weights; the batch is random. Exit 1 when a row fails. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn_rand.h"
#include "session.h"
#include "tensor.h"

static const double TOLERANCE = 1e-4, STEP = 1e-6;

typedef struct check {
	nn_session *session; /* verb and options                               */
	nn_net fast, plain;  /* both programs                                  */
	double *a, *b;       /* room for the largest tensor                    */
	double largest[16];  /* largest norm of each kind                      */
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

/* Norm of the plain tensor in *size; norm of the difference is the result. */
static double difference(check *c, const nn_tensor *t, const nn_tensor *other, double *size)
{
	int batch = c->session->model->batch;
	int64_t count = nn_tensor_count(t, batch);
	nn_tensor_get(c->plain.program, t, c->plain.arena, batch, NN_F64, c->b);
	nn_tensor_get(c->fast.program, other, c->fast.arena, batch, NN_F64, c->a);
	*size = norm(c->b, count);
	for (int64_t i = 0; i < count; i++)
		c->a[i] -= c->b[i];
	return norm(c->a, count);
}

static void add_row(check *c, const char *name, double value, double error)
{
	bool ok = error <= TOLERANCE;
	c->failures += !ok;
	if (!c->session->options->json) {
		printf("%-40s %12.6g %10.2e  %s\n", name, value, error, ok ? "ok" : "WRONG");
		return;
	}
	nn_text_add(&c->json, c->json.len ? ",{\"name\":" : "{\"name\":");
	nn_text_json(&c->json, name);
	nn_text_add(&c->json, ",\"norm\":");
	nn_text_number(&c->json, value, 9);
	nn_text_add(&c->json, ",\"error\":");
	nn_text_number(&c->json, error, 4);
	nn_text_add(&c->json, ",\"ok\":%s}", ok ? "true" : "false");
}

static bool compared(nn_kind kind)
{
	return kind != NN_INPUT && kind != NN_TARGET && kind != NN_STATE && kind != NN_CLASS_WEIGHT;
}

static void compare(check *c)
{
	const nn_program *p = c->plain.program;
	for (int row = 0; row < 2; row++)
		for (int i = 0; i < p->tensors; i++) {
			const nn_tensor *t = &p->tensor[i];
			const nn_tensor *other = nn_tensor_find(c->fast.program, t->kind, t->name);
			double size;
			if (!compared(t->kind))
				continue;
			if (!other) {
				if (row)
					add_row(c, t->name, 0, INFINITY);
				continue;
			}
			double error = difference(c, t, other, &size), *most = &c->largest[t->kind];
			if (!row)
				*most = size > *most ? size : *most;
			else
				add_row(c, t->name, size,
				        error == 0 ? 0 : error / fmax(size, 1e-3 * *most));
		}
}

/* Adds h times the direction to the parameters and gives the loss of a step from there. Element k
 * of parameter i goes along one fixed random number. */
static double loss_along(check *c, const char *start, const nn_run *run, double h, double *slope)
{
	const nn_program *p = c->plain.program;
	memcpy(c->plain.arena, start, p->arena_bytes);
	*slope = 0;
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *t = &p->tensor[i];
		if (t->kind != NN_PARAM)
			continue;
		int64_t count = nn_tensor_count(t, 0);
		nn_tensor_get(p, t, c->plain.arena, 0, NN_F64, c->a);
		for (int64_t k = 0; k < count; k++)
			c->a[k] += h * nn_rand_normal(run->seed, NN_RAND_CHECK, 2 + (uint64_t)i,
			                              (uint64_t)k);
		nn_tensor_put(p, t, c->plain.arena, 0, NN_F64, c->a);
	}
	nn_net_prepare(&c->plain, run);
	nn_net_step(&c->plain, run, NULL);
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *t = &p->tensor[i];
		const nn_tensor *g = NULL;
		for (int k = 0; t->kind == NN_PARAM && k < p->tensors; k++)
			if (p->tensor[k].kind == NN_GRAD && !strcmp(p->tensor[k].of, t->name))
				g = &p->tensor[k];
		if (!g)
			continue;
		int64_t count = nn_tensor_count(g, 0);
		nn_tensor_get(p, g, c->plain.arena, 0, NN_F64, c->a);
		for (int64_t k = 0; k < count; k++)
			*slope += c->a[k] * nn_rand_normal(run->seed, NN_RAND_CHECK,
			                                   2 + (uint64_t)i, (uint64_t)k);
	}
	return nn_net_loss(&c->plain);
}

static void check_gradient(check *c, const char *start, const nn_run *run)
{
	double slope, ignored;
	loss_along(c, start, run, 0, &slope);
	double above = loss_along(c, start, run, STEP, &ignored);
	double below = loss_along(c, start, run, -STEP, &ignored);
	double measured = (above - below) / (2 * STEP);
	add_row(c, "gradient along a random direction", slope,
	        fabs(measured - slope) / fmax(fmax(fabs(measured), fabs(slope)), 1e-8));
}

static bool print_json(check *c, nn_error *e)
{
	if (c->json.failed)
		return nn_fail(e, NN_EXIT_MEMORY, "not enough memory to print");
	printf("{\"ok\":%s,\"tolerance\":%g,\"rows\":[%s]}\n", c->failures ? "false" : "true",
	       TOLERANCE, c->json.at ? c->json.at : "");
	return true;
}

static bool run_check(check *c, char *start, nn_error *e)
{
	nn_session *s = c->session;
	nn_run run = nn_session_run(s, s->model->batch);
	if (s->options->weights && !nn_load_weights(&c->fast, s->options->weights, NULL, e))
		return false;
	copy_weights(c);
	if (!fill(c, e))
		return false;
	memcpy(start, c->plain.arena, c->plain.program->arena_bytes);
	nn_net_prepare(&c->fast, &run);
	nn_net_prepare(&c->plain, &run);
	nn_net_step(&c->fast, &run, NULL);
	nn_net_step(&c->plain, &run, NULL);
	if (!s->options->json)
		printf("%-40s %12s %10s\n", "after one step, fast against plain", "norm", "error");
	compare(c);
	check_gradient(c, start, &run);
	if (s->options->json && !print_json(c, e))
		return false;
	if (c->failures)
		return nn_fail(e, NN_EXIT_FAILED, "check: %d of the rows are beyond %g",
		               c->failures, TOLERANCE);
	if (!s->options->json)
		printf("all within %g\n", TOLERANCE);
	return true;
}

bool nn_verb_check(nn_session *s, nn_error *e)
{
	const nn_model *m = s->model;
	check c = {.session = s};
	if (!m->plain)
		return nn_fail(e, NN_EXIT_USAGE,
		               "check: this trainer was compiled without its "
		               "plain program");
	int64_t most = 0;
	for (int i = 0; i < m->plain->tensors; i++) {
		int64_t count = nn_tensor_count(&m->plain->tensor[i], m->batch);
		most = count > most ? count : most;
	}
	c.a = nn_alloc((size_t)most, sizeof *c.a, "check", e);
	c.b = nn_alloc((size_t)most, sizeof *c.b, "check", e);
	char *start = nn_alloc(m->plain->arena_bytes, 1, "check", e);
	bool ok = !e->code && nn_net_open(&c.fast, m, m->fast, s->team, e) &&
	          nn_net_open(&c.plain, m, m->plain, s->team, e) &&
	          nn_initialise(c.fast.program, c.fast.arena, s->seed, e) &&
	          run_check(&c, start, e);
	nn_net_close(&c.fast);
	nn_net_close(&c.plain);
	nn_text_free(&c.json);
	free(start);
	free(c.a);
	free(c.b);
	return ok;
}
