/* peak.c: FMA peak and triad bandwidth (nn_peak.h).
 *
 * Peak: every thread runs a loop of independent multiply-adds, as many accumulators as hide the
 * latency and still fit in registers, between two barriers of the team; the clock is thread 0's.
 * The numbers converge to a fixed point, so nothing overflows or becomes denormal.
 *
 * Triad: every thread owns one contiguous part of the arrays and touches it first, so that its
 * pages lie near it. Stores go through the cache like those of the kernels, so the lines of a are
 * read before they are written; by custom that reading is not counted. */
#include "nn_peak.h"

#include <stdlib.h>

#ifdef __AVX512F__
enum { WIDTH = 64, ACCUMULATORS = 24 };
#elif defined __AVX__
enum { WIDTH = 32, ACCUMULATORS = 12 };
#elif defined __aarch64__
enum { WIDTH = 16, ACCUMULATORS = 24 }; /* up to four pipes, four cycles each */
#else
enum { WIDTH = 16, ACCUMULATORS = 12 };
#endif
enum { LANES = WIDTH / 4, PEAK_STEPS = 600000, PEAK_RUNS = 7, TRIAD_RUNS = 5 };
static const size_t TRIAD_ELEMENTS = (size_t)16 << 20; /* of 4 bytes, in each array */

typedef float vector __attribute__((vector_size(WIDTH)));

typedef struct {
	float *a, *b, *c;            /* triad: TRIAD_ELEMENTS each                        */
	volatile float factor, term; /* unknown to the compiler: 0.5 and 1                */
	volatile float sink;         /* keeps results alive                               */
} work;

/* ---- peak -------------------------------------------------------------------------------- */

static float multiply_adds(float factor, float term)
{
	vector x[ACCUMULATORS], sum = {0};
	vector f = sum + factor, t = sum + term;
	for (int i = 0; i < ACCUMULATORS; i++)
		x[i] = sum + (float)i;
	for (int step = 0; step < PEAK_STEPS; step++) {
#ifdef __clang__
#pragma clang loop unroll(full)
#else
#pragma GCC unroll 64
#endif
		for (int i = 0; i < ACCUMULATORS; i++)
			x[i] = x[i] * f + t;
	}
	for (int i = 0; i < ACCUMULATORS; i++)
		sum += x[i];
	return sum[0];
}

static void peak_part(void *arg, int thread, int threads)
{
	(void)threads;
	work *w = arg;
	float sum = multiply_adds(w->factor, w->term);
	if (thread == 0)
		w->sink = sum;
}

double nn_peak_gflops(nn_team *team)
{
	work w = {.factor = 0.5f, .term = 1};
	const double of_thread = (double)(2 * LANES * ACCUMULATORS) * (double)PEAK_STEPS;
	double flop = of_thread * nn_team_threads(team), best = 0;
	for (int run = 0; run < PEAK_RUNS; run++) {
		double start = nn_clock_ms();
		nn_team_each(team, peak_part, &w);
		double rate = flop / (nn_clock_ms() - start) * 1e-6;
		best = rate > best ? rate : best;
	}
	return best;
}

/* ---- triad ------------------------------------------------------------------------------- */

static size_t part_start(int thread, int threads)
{
	return TRIAD_ELEMENTS / LANES * (size_t)thread / (size_t)threads * LANES;
}

static void triad_fill(void *arg, int thread, int threads)
{
	const work *w = arg;
	for (size_t i = part_start(thread, threads); i < part_start(thread + 1, threads); i++)
		w->a[i] = 0, w->b[i] = 1, w->c[i] = 2;
}

static void triad_part(void *arg, int thread, int threads)
{
	const work *w = arg;
	float *restrict a = w->a, factor = w->factor;
	const float *b = w->b, *c = w->c;
	for (size_t i = part_start(thread, threads); i < part_start(thread + 1, threads); i++)
		a[i] = b[i] + factor * c[i];
}

double nn_triad_gbytes(nn_team *team)
{
	work w = {.factor = 0.5f};
	/* some lines apart, so that the three streams do not fall into the same cache sets */
	const size_t stride = TRIAD_ELEMENTS + (size_t)5 * 64;
	float *memory = aligned_alloc(64, 3 * stride * sizeof *memory);
	if (!memory)
		return 0;
	w.a = memory, w.b = memory + stride, w.c = memory + 2 * stride;
	nn_team_each(team, triad_fill, &w);
	double bytes = 3.0 * (double)TRIAD_ELEMENTS * sizeof *memory, best = 0;
	for (int run = 0; run < TRIAD_RUNS; run++) {
		double start = nn_clock_ms();
		nn_team_each(team, triad_part, &w);
		double rate = bytes / (nn_clock_ms() - start) * 1e-6;
		best = rate > best ? rate : best;
	}
	free(memory);
	return best;
}
