/* net.c: a program of the network with its arena, ready to run.
 *
 * All memory of a step is one block whose size the compiler has computed. It is mapped here, asked
 * to lie in large pages and touched by all threads, so that no page fault happens inside a step
 * and a machine that is too small is noticed before anything has been computed. Only the arena of
 * a program that will see a part of its batch stays untouched, so that it takes a part of the
 * memory. */
#define _GNU_SOURCE 1
#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "tensor.h"

enum { HUGE_PAGE = 2 << 20, PAGE = 4096 };
/* The number after `key` in a small file, or `none`. */
static size_t number_in(const char *path, const char *key, size_t none)
{
	FILE *f = fopen(path, "re");
	size_t value = none;
	char line[256];
	while (f && fgets(line, sizeof line, f)) {
		if (strncmp(line, key, strlen(key)))
			continue;
		char *end;
		unsigned long long n = strtoull(line + strlen(key), &end, 10);
		if (end > line + strlen(key))
			value = (size_t)n;
		break;
	}
	if (f)
		fclose(f);
	return value;
}

/* What the control groups above this process leave. */
static size_t group_available(void)
{
	char line[512], group[512] = "";
	FILE *f = fopen("/proc/self/cgroup", "re");
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, "0::", 3))
			snprintf(group, sizeof group, "%.*s", (int)strcspn(line + 3, "\n"),
			         line + 3);
	if (f)
		fclose(f);
	size_t least = SIZE_MAX;
	for (;;) {
		char path[640];
		snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
		size_t max = number_in(path, "", SIZE_MAX);
		snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.current", group);
		size_t used = number_in(path, "", 0);
		if (max != SIZE_MAX) {
			size_t left = max > used ? max - used : 0;
			least = left < least ? left : least;
		}
		char *slash = strrchr(group, '/');
		if (!slash)
			return least;
		*slash = 0;
	}
}

size_t nn_memory_available(void)
{
	size_t kib = number_in("/proc/meminfo", "MemAvailable:", SIZE_MAX / 1024);
	size_t least = kib * 1024, group = group_available();
	struct rlimit limit;
	if (group < least)
		least = group;
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
		size_t used = number_in("/proc/self/status", "VmSize:", 0) * 1024;
		size_t left = limit.rlim_cur > used ? (size_t)limit.rlim_cur - used : 0;
		least = left < least ? left : least;
	}
	return least;
}

typedef struct range {
	char *from;   /* first byte                */
	size_t bytes; /* how many, a whole number of pages */
} range;

static void touch(void *arg, int thread, int threads)
{
	const range *r = arg;
	size_t pages = r->bytes / PAGE, t = (size_t)thread, n = (size_t)threads;
	for (size_t i = pages * t / n; i < pages * (t + 1) / n; i++)
		((volatile char *)r->from)[i * PAGE] = 0;
}

static size_t mapped(const nn_program *p)
{
	return (p->arena_bytes / HUGE_PAGE + 2) * HUGE_PAGE;
}

size_t nn_net_need(const nn_model *model, const nn_program *p, int live)
{
	size_t all = mapped(p), fixed = (size_t)2 * HUGE_PAGE;
	for (int i = 0; i < p->tensors; i++)
		fixed += p->tensor[i].batched ? 0 : p->tensor[i].bytes;
	size_t part = all / (size_t)model->batch * (size_t)live + fixed;
	return live < model->batch && part < all ? part : all;
}

static bool map_arena(nn_net *n, int live, nn_error *e)
{
	size_t bytes = mapped(n->program), available = nn_memory_available();
	size_t need = nn_net_need(n->model, n->program, live);
	/* Of a part of the batch more may be mapped than the machine has. */
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (live < n->model->batch ? MAP_NORESERVE : 0);
	char *memory = MAP_FAILED;
	if (bytes && need <= available)
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (memory == MAP_FAILED)
		return nn_fail(e, NN_EXIT_MEMORY,
		               "not enough memory: this network needs %.1f MiB "
		               "for a batch of %d, %.1f MiB are available; compile with a smaller "
		               "--batch-size or --max-mem",
		               (double)need / 1048576, live, (double)available / 1048576);
	size_t up = (HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE) % HUGE_PAGE;
	n->arena = memory + up;
	munmap(memory, up);
	munmap(n->arena + bytes - HUGE_PAGE, HUGE_PAGE - up);
	if (live < n->model->batch)
		return true;
	madvise(n->arena, bytes - HUGE_PAGE, MADV_HUGEPAGE);
	range r = {n->arena, (n->program->arena_bytes + PAGE - 1) / PAGE * PAGE};
	nn_team_each(n->team, touch, &r);
	return true;
}

/* Classes weigh the same until somebody has counted them (nn_weigh_classes); the first label counts
 * alone until images are mixed (feed.c). */
static void fill_ones(nn_net *n, const nn_tensor *t)
{
	for (int64_t i[NN_RANK] = {0}; i[0] < t->dim[0]; i[0]++) {
		char *at = n->arena + nn_tensor_at(n->program, t, i);
		if (n->program->real_size == 8)
			*(double *)at = 1;
		else
			*(float *)at = 1;
	}
}

bool nn_net_open_part(nn_net *n, const nn_model *model, const nn_program *program, nn_team *team,
                      int live, nn_error *e)
{
	*n = (nn_net){.model = model, .program = program, .team = team};
	n->input = nn_tensor_find(program, NN_INPUT, NULL);
	n->target = nn_tensor_find(program, NN_TARGET, NULL);
	n->output = nn_tensor_find(program, NN_OUTPUT, NULL);
	n->loss = nn_tensor_find(program, NN_LOSS, NULL);
	n->other = nn_tensor_find(program, NN_SECOND, NULL);
	n->share = nn_tensor_find(program, NN_SHARE, NULL);
	if (!n->input || !n->target || !n->output || !n->loss)
		return nn_fail(e, NN_EXIT_INTERNAL,
		               "this trainer lacks an input, target, output "
		               "or loss tensor: please report it with the network");
	if (!map_arena(n, live, e))
		return false;
	for (int i = 0; n->arena && i < program->tensors; i++)
		if (program->tensor[i].kind == NN_CLASS_WEIGHT ||
		    program->tensor[i].kind == NN_SHARE)
			fill_ones(n, &program->tensor[i]);
	return true;
}

bool nn_net_open(nn_net *n, const nn_model *model, const nn_program *program, nn_team *team,
                 nn_error *e)
{
	return nn_net_open_part(n, model, program, team, model->batch, e);
}

void nn_net_close(nn_net *n)
{
	if (n->arena)
		munmap(n->arena, mapped(n->program) - HUGE_PAGE);
	n->arena = NULL;
}

/* ---- which threads do a step ------------------------------------------------------------- */

static void run_step(nn_net *n, const nn_run *run, double *ms, bool alone)
{
	if (alone)
		nn_team_alone(n->team, n->program->step, n->arena, run, ms);
	else
		nn_team_do(n->team, n->program->step, n->arena, run, ms);
}

void nn_net_step(nn_net *n, const nn_run *run, double *ms)
{
	nn_pace *p = &n->pace;
	if (ms || nn_team_threads(n->team) == 1) {
		run_step(n, run, ms, p->alone);
		return;
	}
	double start = nn_clock_ms();
	run_step(n, run, NULL, nn_pace_alone(p, start));
	nn_pace_took(p, start, nn_clock_ms());
}

void nn_net_eval(nn_net *n, const nn_run *run)
{
	if (n->pace.alone)
		nn_team_alone(n->team, n->program->eval, n->arena, run, NULL);
	else
		nn_team_do(n->team, n->program->eval, n->arena, run, NULL);
}

void nn_net_prepare(nn_net *n, const nn_run *run)
{
	if (n->program->prepare)
		nn_team_do(n->team, n->program->prepare, n->arena, run, NULL);
}

double nn_net_loss(const nn_net *n)
{
	double loss;
	nn_tensor_get(n->program, n->loss, n->arena, 1, NN_F64, &loss);
	return loss;
}

const nn_tensor *nn_net_not_finite(const nn_net *n, int live, bool trained)
{
	static const nn_kind order[] = {NN_INPUT, NN_FROZEN,  NN_GRAD,
	                                NN_PARAM, NN_RUNNING, NN_OUTPUT};
	const nn_tensor *bad = NULL;
	for (size_t k = 0; !bad && k < sizeof order / sizeof *order; k++)
		if (trained || order[k] != NN_GRAD)
			bad = nn_tensor_not_finite(n->program, order[k], n->arena, live);
	return bad;
}

int64_t nn_net_outputs(const nn_net *n)
{
	return nn_tensor_count(n->output, 1);
}
