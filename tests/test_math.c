/* test_math.c: nn_vec.h, nn_math.h and nn_rand.h, for eight kinds of vectors.
 *
 * The errors of the functions are measured in units of the last place against the C library in a
 * wider type, over all magnitudes and densely where they change most; special values are checked
 * one by one; every kind of vector must give the bits of the one-lane kind; and on processors with
 * fused multiply-add the bits must be those on record, whatever the compiler. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum function { EXP, EXPM1, LOG, LOG1P, TANH, ERF, SQRT, FUNCTIONS };
static const char *const function_name[] = {"exp", "expm1", "log", "log1p", "tanh", "erf", "sqrt"};

typedef struct {
	size_t real_size; /* 4 or 8                                      */
	int lanes;        /* of the vector                               */
	void (*apply)(enum function, const void *, void *, size_t); /* to an array            */
	bool (*sums)(void);         /* the rest are checks: true when right        */
	bool (*folds)(void);        /* nn_sum, nn_hmax                             */
	bool (*lane_by_lane)(void); /* comparisons and the like                    */
	bool (*nan_rules)(void);    /* where a NaN goes                            */
	bool (*nan_maximum)(void);  /* the same in folds                           */
	bool (*bytes)(void);        /* nn_bload, nn_bstore                         */
	void (*uniforms)(uint32_t, uint32_t, uint32_t, double *, size_t); /* nn_rand_v        */
} kind;

#include "math_names.h"
#define VARIANT  f1
#define NN_REAL  float
#define NN_LANES 1
#include "math_body.h"
#define VARIANT  f2
#define NN_REAL  float
#define NN_LANES 2
#include "math_body.h"
#define VARIANT  f8
#define NN_REAL  float
#define NN_LANES 8
#include "math_body.h"
#define VARIANT  f16
#define NN_REAL  float
#define NN_LANES 16
#include "math_body.h"
#define VARIANT  d1
#define NN_REAL  double
#define NN_LANES 1
#include "math_body.h"
#define VARIANT  d4
#define NN_REAL  double
#define NN_LANES 4
#include "math_body.h"
#define VARIANT  d8
#define NN_REAL  double
#define NN_LANES 8
#include "math_body.h"
#define VARIANT  d16
#define NN_REAL  double
#define NN_LANES 16
#include "math_body.h"

static const kind *const kinds[] = {&kind_f1, &kind_f2, &kind_f8, &kind_f16,
                                    &kind_d1, &kind_d4, &kind_d8, &kind_d16};
enum { KINDS = 8, BLOCK = 1024 };

static long double oracle(enum function which, long double x)
{
	switch (which) {
	case EXP:
		return expl(x);
	case EXPM1:
		return expm1l(x);
	case LOG:
		return logl(x);
	case LOG1P:
		return log1pl(x);
	case TANH:
		return tanhl(x);
	case ERF:
		return erfl(x);
	default:
		return sqrtl(x);
	}
}

/* |y - right| in units of the last place of `right` as a float (size 4) or double. */
static double ulps(double y, long double right, size_t size)
{
	int digits = size == 4 ? FLT_MANT_DIG : DBL_MANT_DIG;
	int least = size == 4 ? FLT_MIN_EXP : DBL_MIN_EXP;
	int exponent;
	(void)frexpl(right, &exponent);
	exponent = exponent < least ? least : exponent;
	return (double)ldexpl(fabsl((long double)y - right), digits - exponent);
}

/* The error of y = f(x); infinite when they differ in kind. */
static double error_of(enum function which, double x, double y, size_t size)
{
	long double right = oracle(which, (long double)x);
	double most = size == 4 ? (double)FLT_MAX : DBL_MAX;
	double least = size == 4 ? (double)FLT_MIN : DBL_MIN;
	if (isnan(right))
		return isnan(y) ? 0 : INFINITY;
	if (ulps(most, right, size) < 1 || fabsl(right) > (long double)most)
		return y == copysign(INFINITY, (double)right) || ulps(y, right, size) < 2
		               ? 0
		               : INFINITY;
	if (which == EXP && right < (long double)least)
		return y == 0 || y == least ? 0 : INFINITY;
	return isfinite(y) ? ulps(y, right, size) : INFINITY;
}

/* Argument i of the sweep: even ones run through all bit patterns, odd ones densely through
 * -20..20, with many near 0. Denormals are left out. */
static double argument(uint64_t i, uint64_t n, size_t size)
{
	double x;
	if (i % 2) {
		x = 40 * (double)i / (double)n - 20;
		x = i % 4 == 1 ? x : x * x * x / 8000;
	} else {
		uint64_t bits = (uint64_t)((double)i / (double)n * 0x1p64);
		uint32_t half = (uint32_t)(bits >> 32);
		float f;
		memcpy(&f, &half, sizeof f);
		memcpy(&x, &bits, sizeof x);
		x = size == 4 ? (double)f : x;
	}
	if (fabs(x) < (size == 4 ? (double)FLT_MIN : DBL_MIN))
		return 0;
	return size == 4 ? (double)(float)x : x;
}

/* Fills in with a block of arguments of the kind's type. */
static void arguments(void *in, uint64_t first, uint64_t n, size_t size)
{
	for (uint64_t i = 0; i < BLOCK; i++) {
		double x = argument(first + i, n, size);
		if (size == 4)
			((float *)in)[i] = (float)x;
		else
			((double *)in)[i] = x;
	}
}

static double element(const void *array, size_t i, size_t size)
{
	return size == 4 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

static void accuracy(const kind *k, double limit)
{
	const uint64_t n = (uint64_t)400 * BLOCK;
	double in[BLOCK], out[BLOCK];
	for (int f = 0; f < FUNCTIONS; f++) {
		double worst = 0, at = 0;
		for (uint64_t first = 0; first < n; first += BLOCK) {
			arguments(in, first, n, k->real_size);
			k->apply((enum function)f, in, out, BLOCK);
			for (size_t i = 0; i < BLOCK; i++) {
				double x = element(in, i, k->real_size);
				double e = error_of((enum function)f, x,
				                    element(out, i, k->real_size), k->real_size);
				if (e > worst)
					worst = e, at = x;
			}
		}
		if (getenv("MATH_SHOW"))
			fprintf(stderr, "%zu-byte %-6s %.3f ulp at %a\n", k->real_size,
			        function_name[f], worst, at);
		cr_expect(worst < (f == SQRT ? 0.501 : limit), "%s of %zu bytes: %g ulp at %a",
		          function_name[f], k->real_size, worst, at);
	}
}

Test(math, float_within_2_ulp)
{
	accuracy(&kind_f1, 2);
}

Test(math, double_within_4_ulp)
{
	accuracy(&kind_d1, 4);
}

/* A hash of what function f gives for a sweep; a NaN counts as one pattern. */
static uint64_t fingerprint(const kind *k, enum function f, uint64_t n)
{
	uint64_t hash = 0;
	double in[BLOCK], out[BLOCK];
	for (uint64_t first = 0; first < n; first += BLOCK) {
		arguments(in, first, n, k->real_size);
		k->apply(f, in, out, BLOCK);
		for (size_t i = 0; i < BLOCK; i++) {
			double y = element(out, i, k->real_size);
			uint64_t bits = 1;
			if (!isnan(y))
				memcpy(&bits, &y, sizeof bits);
			hash = nn_rand_mix(hash ^ bits) + 1;
		}
	}
	return hash;
}

/* Of float, then of double. */
static const uint64_t on_record[2][FUNCTIONS] = {
        {UINT64_C(0xbcd814c4509cf094), UINT64_C(0x50b1f815030fdf77), UINT64_C(0xee20bdaed051f2e9),
         UINT64_C(0x4e6697bc57ee7e61), UINT64_C(0x3ecb590f8130d93d), UINT64_C(0x5f17221195517698),
         UINT64_C(0x345d56267cfed5d1)},
        {UINT64_C(0x3ef5b9c9c31791f7), UINT64_C(0xa6eca639f60c31df), UINT64_C(0x27204bdfcb33674b),
         UINT64_C(0xdaedcc3ef8e1e308), UINT64_C(0x154dfe892e701d58), UINT64_C(0x1700aa2f55bc311c),
         UINT64_C(0xc163734e3a9ca33a)},
};

Test(math, every_kind_gives_the_bits_on_record)
{
	for (int i = 0; i < KINDS; i++)
		for (int f = 0; f < FUNCTIONS; f++) {
			bool wide = kinds[i]->real_size == 8;
			uint64_t hash =
			        fingerprint(kinds[i], (enum function)f, (uint64_t)100 * BLOCK);
#if !defined __FMA__ && !defined __aarch64__ && !defined __ARM_FEATURE_FMA
			uint64_t want = fingerprint(wide ? &kind_d1 : &kind_f1, (enum function)f,
			                            (uint64_t)100 * BLOCK);
#else
			uint64_t want = on_record[wide][f];
#endif
			cr_expect(hash == want, "%s of %d x %zu bytes: 0x%016llx", function_name[f],
			          kinds[i]->lanes, kinds[i]->real_size, (unsigned long long)hash);
		}
}

typedef struct {
	enum function f; /* of           */
	double x;        /* is           */
	double y;        /* exactly this */
} special;

static const special specials[] = {
        {EXP, 0, 1},
        {EXP, -0.0, 1},
        {EXP, INFINITY, INFINITY},
        {EXP, -INFINITY, 0},
        {EXP, 710, INFINITY},
        {EXP, 1e30, INFINITY},
        {EXP, -1e30, 0},
        {EXP, -746, 0},
        {EXP, NAN, NAN},
        {EXPM1, 0, 0},
        {EXPM1, -0.0, -0.0},
        {EXPM1, INFINITY, INFINITY},
        {EXPM1, -INFINITY, -1},
        {EXPM1, -1e30, -1},
        {EXPM1, 0x1p-100, 0x1p-100},
        {EXPM1, NAN, NAN},
        {EXPM1, 1e30, INFINITY},
        {EXPM1, 710, INFINITY},
        {LOG, 0, -INFINITY},
        {LOG, -0.0, -INFINITY},
        {LOG, 1, 0},
        {LOG, INFINITY, INFINITY},
        {LOG, -INFINITY, NAN},
        {LOG, -1, NAN},
        {LOG, -1e-30, NAN},
        {LOG, NAN, NAN},
        {LOG1P, 0, 0},
        {LOG1P, -0.0, -0.0},
        {LOG1P, -1, -INFINITY},
        {LOG1P, -1.5, NAN},
        {LOG1P, INFINITY, INFINITY},
        {LOG1P, -INFINITY, NAN},
        {LOG1P, NAN, NAN},
        {LOG1P, 0x1p-100, 0x1p-100},
        {LOG1P, -0x1p-100, -0x1p-100},
        {TANH, 0, 0},
        {TANH, -0.0, -0.0},
        {TANH, INFINITY, 1},
        {TANH, -INFINITY, -1},
        {TANH, 30, 1},
        {TANH, -1e30, -1},
        {TANH, NAN, NAN},
        {TANH, 0x1p-100, 0x1p-100},
        {ERF, 0, 0},
        {ERF, -0.0, -0.0},
        {ERF, INFINITY, 1},
        {ERF, -INFINITY, -1},
        {ERF, 7, 1},
        {ERF, -1e30, -1},
        {ERF, NAN, NAN},
        {SQRT, 0, 0},
        {SQRT, -0.0, -0.0},
        {SQRT, INFINITY, INFINITY},
        {SQRT, -1, NAN},
        {SQRT, NAN, NAN},
        {SQRT, 0x1p-100, 0x1p-50},
};

Test(math, special_values)
{
	for (int i = 0; i < KINDS; i++)
		for (size_t s = 0; s < sizeof specials / sizeof *specials; s++) {
			const special *t = &specials[s];
			double in[16], out[16];
			for (int l = 0; l < 16; l++)
				if (kinds[i]->real_size == 4)
					((float *)in)[l] = (float)t->x;
				else
					in[l] = t->x;
			kinds[i]->apply(t->f, in, out, 16);
			for (size_t l = 0; l < 16; l++) {
				double y = element(out, l, kinds[i]->real_size);
				bool right = isnan(t->y)
				                     ? isnan(y)
				                     : y == t->y && !signbit(y) == !signbit(t->y);
				cr_expect(right, "%s(%g) of %d x %zu bytes: %g, not %g",
				          function_name[t->f], t->x, kinds[i]->lanes,
				          kinds[i]->real_size, y, t->y);
			}
		}
}

Test(vec, every_kind)
{
	for (int i = 0; i < KINDS; i++) {
		const kind *k = kinds[i];
		cr_expect(k->sums(), "nn_sums, %d x %zu bytes", k->lanes, k->real_size);
		cr_expect(k->folds(), "nn_sum or nn_hmax, %d x %zu bytes", k->lanes, k->real_size);
		cr_expect(k->lane_by_lane(), "comparisons, %d x %zu bytes", k->lanes, k->real_size);
		cr_expect(k->nan_rules(), "NaN, %d x %zu bytes", k->lanes, k->real_size);
		cr_expect(k->nan_maximum(), "greatest NaN, %d x %zu bytes", k->lanes, k->real_size);
		cr_expect(k->bytes(), "nn_bload, nn_bstore, %d x %zu bytes", k->lanes,
		          k->real_size);
	}
}

/* ---- random numbers ---------------------------------------------------------------------- */

Test(rand, values_on_record)
{
	cr_expect(nn_rand_u64(0, 0, 0, 0) == UINT64_C(0x1957a7604e215178), "0x%016llx",
	          (unsigned long long)nn_rand_u64(0, 0, 0, 0));
	cr_expect(nn_rand_u64(1, NN_RAND_DROPOUT, 3, 4) == UINT64_C(0x3eca96b158ba1780),
	          "0x%016llx", (unsigned long long)nn_rand_u64(1, NN_RAND_DROPOUT, 3, 4));
	cr_expect(nn_rand_normal(1, NN_RAND_INIT, 2, 3) == -0x1.c625f96e0b803p-4, "%a",
	          nn_rand_normal(1, NN_RAND_INIT, 2, 3));
	cr_expect(nn_rand_key(1, NN_RAND_DROPOUT, 2, 3) == 0x7562a9be, "0x%08x",
	          nn_rand_key(1, NN_RAND_DROPOUT, 2, 3));
	double u[16];
	kind_f1.uniforms(12345, 678, 1, u, 16);
	cr_expect(u[0] == 0x1.012bf4p-1 && u[15] == 0x1.1b60eep-1, "%a %a", u[0], u[15]);
}

Test(rand, each_of_the_four_matters)
{
	uint64_t h = nn_rand_u64(5, 6, 7, 8);
	cr_expect(h != nn_rand_u64(6, 6, 7, 8) && h != nn_rand_u64(5, 7, 7, 8));
	cr_expect(h != nn_rand_u64(5, 6, 8, 8) && h != nn_rand_u64(5, 6, 7, 9));
	cr_expect(h != nn_rand_u64(5, 6, 8, 7) && h != nn_rand_u64(6, 5, 7, 8));
}

enum { DRAWS = 1 << 16, BINS = 256 };
static const double draws = DRAWS, bins = BINS;

/* Pearson's chi-square of DRAWS numbers in [0,1) over BINS bins, as a normal deviate. */
static double chi_square(const double *u)
{
	int count[BINS] = {0};
	double sum = 0, expected = draws / bins;
	for (int i = 0; i < DRAWS; i++) {
		if (!(u[i] >= 0 && u[i] < 1))
			return INFINITY;
		count[(int)(u[i] * bins)]++;
	}
	for (int b = 0; b < BINS; b++)
		sum += (count[b] - expected) * (count[b] - expected) / expected;
	return (sum - (bins - 1)) / sqrt(2 * (bins - 1));
}

/* Correlation of u with v, as a normal deviate. */
static double correlation(const double *u, const double *v, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += (u[i] - 0.5) * (v[i] - 0.5);
	return sum * 12 / sqrt(n);
}

Test(rand, doubles_are_uniform_and_normals_normal)
{
	static double u[DRAWS];
	double mean = 0, square = 0, fourth = 0;
	for (int i = 0; i < DRAWS; i++) {
		u[i] = nn_rand_double(1, NN_RAND_SHUFFLE, 0, (uint64_t)i);
		double z = nn_rand_normal(1, NN_RAND_INIT, 0, (uint64_t)i);
		mean += z / draws, square += z * z / draws, fourth += z * z * z * z / draws;
	}
	cr_expect(fabs(chi_square(u)) < 4, "%g", chi_square(u));
	for (int lag = 1; lag < 40; lag++)
		cr_expect(fabs(correlation(u, u + lag, DRAWS - lag)) < 4.5, "lag %d", lag);
	cr_expect(fabs(mean) < 4 / sqrt(draws), "mean %g", mean);
	cr_expect(fabs(square - 1) < 4 * sqrt(2 / draws), "variance %g", square);
	cr_expect(fabs(fourth - 3) < 4 * sqrt(96 / draws), "fourth moment %g", fourth);
}

Test(rand, own_logarithm)
{
	double x = 0x1p-60;
	while (x < 8) {
		cr_assert(fabs(nn_rand_log(x) - log(x)) <= 1e-15 * fmax(1, fabs(log(x))), "%a", x);
		x *= 1.0001;
	}
}

Test(rand, masks_are_uniform_and_independent)
{
	static double u[DRAWS], v[DRAWS];
	for (uint32_t key = 0; key < 20; key++) {
		kind_f16.uniforms(key, 0, 1, u, DRAWS);
		cr_expect(fabs(chi_square(u)) < 4.5, "key %u: %g", key, chi_square(u));
		for (int lag = 1; lag < 34; lag++)
			cr_expect(fabs(correlation(u, u + lag, DRAWS - lag)) < 5, "key %u lag %d",
			          key, lag);
		kind_f16.uniforms(key + 1, 0, 1, v, DRAWS);
		for (int shift = 0; shift < 4; shift++)
			cr_expect(fabs(correlation(u + shift, v, DRAWS - shift)) < 5,
			          "keys %u and next, shift %d", key, shift);
		kind_f16.uniforms(nn_rand_key(key, NN_RAND_DROPOUT, 0, 0), 7, 784, v, DRAWS);
		cr_expect(fabs(chi_square(v)) < 4.5, "step 784: %g", chi_square(v));
	}
}

Test(rand, an_element_has_one_number)
{
	double u[64], v[64];
	kind_f1.uniforms(99, 5, 3, u, 64);
	for (int i = 0; i < KINDS; i++) {
		kinds[i]->uniforms(99, 5, 3, v, 64);
		int differ = 0;
		for (int k = 0; k < 64; k++)
			differ += !(u[k] >= v[k] && u[k] <= v[k]);
		cr_expect(differ == 0, "%d x %zu bytes", kinds[i]->lanes, kinds[i]->real_size);
	}
}
