/* verb_bench.c: the time of a whole training step on synthetic data.
 *
 * One batch is filled, a few steps warm up, then every step is timed on its own; median and minimum
 * are told. With --profile each kernel's share is measured in a second series (nn_sync books it),
 * and beside it what the machine can do, measured in the same run: contractions stand against the
 * peak of multiply-adds, all others against the bandwidth of memory. What nncc predicted stands
 * there too, for one thread whatever the number of threads. */
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "../kernel/nn_peak.h"
#include "../run/session.h"
#include "../net/tensor.h"

enum { STEPS = 50, WARM_UP = 5, WARM_UP_MOST = 1000 }; /* steps */
enum { WARM_UP_MS = 50, WARM_MS = 1000 };              /* times */

typedef struct bench {
	nn_session *session; /* verb and options                                */
	nn_net net;          /* the fast program                                */
	nn_run run;          /* of the next step                                */
	double *ms;          /* of each step                                    */
	int64_t steps;       /* how many                                        */
	double *kernel_ms;   /* of each kernel, a step; NULL without --profile  */
	double first;        /* from the start of the process to the first step */
	double peak, triad;  /* Gflop/s and GB/s of this machine                */
} bench;

static void one_step(bench *b, double *ms)
{
	nn_net_step(&b->net, &b->run, ms);
	b->run.step++;
}

static void measure(bench *b)
{
	one_step(b, NULL);
	b->first = nn_clock_ms() - b->session->started;
	/* Clocks and caches need some time, whatever the size of the network; a second will do. */
	double cold = nn_clock_ms(), ms = 0;
	for (int i = 1; i < WARM_UP_MOST && (i < WARM_UP || ms < (double)WARM_UP_MS); i++) {
		one_step(b, NULL);
		ms = nn_clock_ms() - cold;
		if (ms > (double)WARM_MS)
			break;
	}
	for (int64_t i = 0; i < b->steps; i++) {
		double before = nn_clock_ms();
		one_step(b, NULL);
		b->ms[i] = nn_clock_ms() - before;
	}
	qsort(b->ms, (size_t)b->steps, sizeof *b->ms, nn_ascending);
	if (!b->kernel_ms)
		return;
	for (int64_t i = 0; i < b->steps; i++)
		one_step(b, b->kernel_ms);
	for (int k = 0; k < b->net.program->kernels; k++)
		b->kernel_ms[k] /= (double)b->steps;
	b->peak = nn_peak_gflops(b->session->team);
	b->triad = nn_triad_gbytes(b->session->team);
}

static void add_number(nn_text *t, const char *key, double value)
{
	nn_text_add(t, ",\"%s\":", key);
	nn_text_number(t, value, 6);
}

/* Kernels of the evaluation are in the table too, but not in a training step. */
static bool ran(const bench *b, int kernel)
{
	return b->kernel_ms[kernel] > 0;
}

static void add_kernels(const bench *b, nn_text *t)
{
	const nn_program *p = b->net.program;
	add_number(t, "peak_gflops", b->peak);
	add_number(t, "triad_gbytes", b->triad);
	nn_text_add(t, ",\"kernels\":[");
	const char *between = "";
	for (int i = 0; i < p->kernels; i++) {
		if (!ran(b, i))
			continue;
		nn_text_add(t, "%s{\"name\":", between);
		between = ",";
		nn_text_json(t, p->kernel[i].name);
		add_number(t, "ms", b->kernel_ms[i]);
		add_number(t, "gflop", p->kernel[i].flop / 1e9);
		add_number(t, "gbytes", p->kernel[i].bytes / 1e9);
		add_number(t, "gflops", p->kernel[i].flop / 1e6 / b->kernel_ms[i]);
		add_number(t, "predicted_ms", p->kernel[i].ms);
		nn_text_add(t, ",\"limit\":\"%s\"}", p->kernel[i].contraction ? "peak" : "triad");
	}
	nn_text_add(t, "]");
}

static bool print_json(const bench *b, double median, nn_error *e)
{
	const nn_model *m = b->session->model;
	double share = (double)b->run.live / m->batch;
	nn_text t = {0};
	nn_text_add(&t, "{\"name\":");
	nn_text_json(&t, m->name);
	nn_text_add(&t, ",\"batch\":%d,\"threads\":%d,\"steps\":%lld", b->run.live,
	            nn_team_threads(b->session->team), (long long)b->steps);
	add_number(&t, "ms_median", median);
	add_number(&t, "ms_min", b->ms[0]);
	add_number(&t, "ms_first", b->first);
	add_number(&t, "images_per_second", b->run.live / median * 1000);
	add_number(&t, "gflop_per_step", m->flop_per_step * share / 1e9);
	add_number(&t, "gflops", m->flop_per_step * share / 1e6 / median);
	nn_text_add(&t, ",\"arena_bytes\":%zu,\"parameters\":%lld", b->net.program->arena_bytes,
	            (long long)m->parameters);
	if (b->kernel_ms)
		add_kernels(b, &t);
	nn_text_add(&t, "}");
	if (t.failed)
		nn_fail(e, NN_EXIT_MEMORY, "not enough memory to print");
	else
		printf("%s\n", t.at);
	nn_text_free(&t);
	return !e->code;
}

static void print_profile(const bench *b)
{
	const nn_program *p = b->net.program;
	double all = 0;
	for (int i = 0; i < p->kernels; i++)
		all += b->kernel_ms[i];
	printf("peak %.0f Gflop/s, triad %.1f GB/s\n", b->peak, b->triad);
	printf("predicted is the time on one thread\n%8s %9s %6s %9s %8s %7s  %s\n", "ms",
	       "predicted", "share", "Gflop/s", "GB/s", "limit", "kernel");
	for (int i = 0; i < p->kernels; i++) {
		const nn_kernel *k = &p->kernel[i];
		double ms = b->kernel_ms[i];
		if (!ran(b, i))
			continue;
		double flops = k->flop / 1e6 / ms, bytes = k->bytes / 1e6 / ms;
		printf("%8.4f %9.4f %4.0f %% %9.1f %8.1f %5.0f %%  %s  %s\n", ms, k->ms,
		       100 * ms / all, flops, bytes,
		       100 * (k->contraction ? flops / b->peak : bytes / b->triad), k->name,
		       k->formula ? k->formula : "");
	}
}

static void print_text(const bench *b, double median)
{
	const nn_model *m = b->session->model;
	double share = (double)b->run.live / m->batch;
	printf("%s: batch %d, %d threads, %lld steps: median %.4f ms, minimum %.4f ms, %.0f "
	       "images/s, "
	       "%.1f Gflop/s; first step after %.0f ms\n",
	       m->name, b->run.live, nn_team_threads(b->session->team), (long long)b->steps, median,
	       b->ms[0], b->run.live / median * 1000, m->flop_per_step * share / 1e6 / median,
	       b->first);
	if (b->net.pace.alone)
		printf("one thread does the steps: they are so short that barriers cost more\n");
	if (b->kernel_ms)
		print_profile(b);
}

bool nn_verb_bench(nn_session *s, nn_error *e)
{
	const nn_options *o = s->options;
	bench b = {.session = s, .steps = o->steps > 0 ? o->steps : STEPS};
	b.run = nn_session_run(s, (int)(o->batch_size > 0 ? o->batch_size : s->model->batch));
	b.ms = nn_alloc((size_t)b.steps, sizeof *b.ms, "times", e);
	if (o->profile)
		b.kernel_ms =
		        nn_alloc((size_t)s->model->fast->kernels, sizeof *b.kernel_ms, "times", e);
	bool ok = !e->code && nn_net_open(&b.net, s->model, s->model->fast, s->team, e) &&
	          nn_initialise(b.net.program, b.net.arena, s->team, s->seed, e) &&
	          nn_synthetic_batch(&b.net, b.run.live, e);
	if (ok) {
		nn_net_prepare(&b.net, &b.run);
		measure(&b);
		int64_t middle = b.steps / 2;
		double median = b.steps % 2 ? b.ms[middle] : (b.ms[middle - 1] + b.ms[middle]) / 2;
		if (o->json)
			ok = print_json(&b, median, e);
		else
			print_text(&b, median);
	}
	free(b.ms);
	free(b.kernel_ms);
	nn_net_close(&b.net);
	return ok;
}
