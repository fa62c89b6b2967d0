/* measure.c: the time that each kernel of several programs takes (nncc -O3).
 *
 * nncc links one network's program several times, each time with other register tiles. They have
 * the same tensors at the same places, so all run in one arena, one step each in turn: whatever
 * disturbs the machine disturbs all of them. A kernel's time is the shortest of all its calls. One
 * thread does the work, since others of a busy machine would have to be waited for. */
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../run/score.h"
#include "../run/session.h"
#include "../net/tensor.h"

enum { ROUNDS = 5, ROUNDS_MOST = 200 };
static const double ENOUGH_MS = 5000; /* no further round after that, beyond ROUNDS */

bool nn_synthetic_batch(nn_net *net, int live, nn_error *e)
{
	const nn_model *m = net->model;
	int64_t targets = m->classes || net->target->target_input ? 0 : nn_net_outputs(net);
	nn_items items = {0};
	nn_normalize z = {0};
	nn_feed feed = {0};
	uint32_t *index = nn_alloc((size_t)live, sizeof *index, "the batch", e);
	bool ok = index && nn_make_items(&items, m, live, targets, 1, 0, e) &&
	          nn_normalize_open(&z, m, e) && nn_feed_open(&feed, net, &z, e);
	for (int i = 0; ok && i < live; i++)
		index[i] = (uint32_t)i;
	ok = ok && nn_feed_fill(&feed, &items, index, live, e);
	nn_feed_close(&feed);
	nn_normalize_close(&z);
	nn_items_free(&items);
	free(index);
	return ok;
}

typedef struct measurement {
	nn_session *session;
	const nn_program *const *program;
	int programs, kernels;
	double *best; /* milliseconds: [program][kernel]                                */
	double *ms;   /* of the kernels of one step                                     */
	nn_error *error;
} measurement;

static void one_step(measurement *m, nn_net *net, const nn_run *run, int program)
{
	for (int k = 0; k < m->kernels; k++)
		m->ms[k] = 0;
	net->program = m->program[program];
	nn_net_step(net, run, m->ms);
	double *best = m->best + (size_t)program * (size_t)m->kernels;
	for (int k = 0; k < m->kernels; k++)
		best[k] = fmin(best[k], m->ms[k]);
}

/* On thread 0 of a team of one. */
static void body(nn_team *team, void *arg)
{
	measurement *m = arg;
	nn_session *s = m->session;
	nn_net net = {0};
	nn_run run = nn_session_run(s, s->model->batch);
	s->team = team;
	if (nn_net_open(&net, s->model, m->program[0], team, m->error) &&
	    nn_initialise(net.program, net.arena, team, s->seed, m->error) &&
	    nn_synthetic_batch(&net, run.live, m->error)) {
		nn_net_prepare(&net, &run);
		double start = nn_clock_ms();
		for (int i = 0; i < ROUNDS_MOST; i++) {
			if (i >= ROUNDS && nn_clock_ms() - start > ENOUGH_MS)
				break;
			for (int p = 0; p < m->programs; p++, run.step++)
				one_step(m, &net, &run, (p + i) % m->programs);
		}
	}
	nn_net_close(&net);
}

static void write_times(const measurement *m, const char *path)
{
	FILE *f = fopen(path, "w");
	if (!f) {
		nn_fail(m->error, NN_EXIT_IO, "cannot write %s", path);
		return;
	}
	for (int p = 0; p < m->programs; p++)
		for (int k = 0; k < m->kernels; k++) {
			double ms = m->best[(size_t)p * (size_t)m->kernels + (size_t)k];
			if (ms > 0) /* kernels of the evaluation did not run */
				fprintf(f, "%d %d %.9f\n", k, p, ms);
		}
	bool bad = ferror(f);
	if (fclose(f) || bad)
		nn_fail(m->error, NN_EXIT_IO, "cannot write %s", path);
}

int nn_measure(const nn_model *model, const nn_program *const *program, int programs,
               const char *path)
{
	static nn_session session;
	static nn_options o;
	static nn_error e;
	size_t kernels = (size_t)program[0]->kernels, all = kernels * (size_t)programs;
	measurement m = {&session, program, programs, (int)kernels, .error = &e};
	m.best = nn_alloc(all, sizeof *m.best, "times", &e);
	m.ms = nn_alloc(kernels, sizeof *m.ms, "times", &e);
	for (size_t i = 0; !e.code && i < all; i++)
		m.best[i] = INFINITY;
	if (!e.code && nn_session_open(&session, model, &o, &e))
		nn_team_run(1, body, &m);
	if (!e.code)
		write_times(&m, path);
	free(m.best);
	free(m.ms);
	nn_session_close(&session);
	if (e.code)
		fprintf(stderr, "measuring %s: %s\n", model->name, e.text);
	return e.code;
}
