/* nn_kernel.h: what emitted kernels use besides vectors.
 *
 * The emitted file defines NN_REAL and NN_LANES, then includes this. A kernel takes its share of
 * the iterations of its outer loops by nn_share: contiguous, decided by the count and the number of
 * threads alone, so consecutive kernels over the same images find each thread at its own images. */
#ifndef NN_KERNEL_H
#define NN_KERNEL_H

#include <math.h>

#include "../nn.h"
#include "nn_vec.h"
#include "nn_rand.h"

/* Before a kernel, which would not be faster as a part of the step: all of them together are too
 * long a function for the passes of a C compiler, whose time grows faster than its length. */
#ifndef NN_KERNEL
#define NN_KERNEL static __attribute__((noinline))
#endif

typedef struct nn_span {
	int from, to;              /* iterations from .. to-1                                     */
} nn_span;

/* This thread's part of `total` iterations. */
static inline nn_span nn_share(const nn_task *t, int total)
{
	int64_t all = total;

	return (nn_span){ (int)(all * t->thread / t->threads),
	                  (int)(all * (t->thread + 1) / t->threads) };
}

/* Behind a kernel whose results only the same thread reads next: a barrier only to take times. */
static inline void nn_pass(nn_task *t, int k)
{
	if (t->ms)
		nn_sync(t, k);
}

/* First and past-the-last value of r for which 0 <= base + step * r < extent, within 0 .. count;
 * step > 0. */
static inline int nn_lo(int base, int step)
{
	return base >= 0 ? 0 : (-base + step - 1) / step;
}

static inline int nn_hi(int base, int step, int extent, int count)
{
	int n = base >= extent ? 0 : (extent - 1 - base) / step + 1;

	return n < count ? n : count;
}

static inline int nn_most(int a, int b)
{
	return a > b ? a : b;
}

static inline int nn_least(int a, int b)
{
	return a < b ? a : b;
}

/* base to the power n; whole n >= 0 as the optimizers need, by squaring. */
static inline double nn_power(double base, double n)
{
	double r = 1;

	for (uint64_t k = (uint64_t)n; k; k >>= 1, base *= base)
		if (k & 1)
			r *= base;
	return r;
}

/* out[i] = sum of the lanes of in[i], i < n */
NN_INLINE void nn_sum_each(nn_real *restrict out, const nn_v *restrict in, int n)
{
	int i = 0;

	for (; i + NN_LANES <= n; i += NN_LANES)
		nn_sums(out + i, 1, in + i, NN_LANES);
	for (; i < n; i++)
		out[i] = nn_sum(in[i]);
}

/* Lane i of a vector in memory. */
#define NN_AT(vector, i) (((nn_real *)&(vector))[i])
#define NN_BYTE(bytes, i) (((uint8_t *)&(bytes))[i])

/* from[0], from[stride], ... as far as there are `count` of them, and zeros */
NN_INLINE nn_v nn_gather(const nn_real *from, ptrdiff_t stride, int count)
{
#if NN_LANES == 1
	(void)stride;
	return count > 0 ? *from : 0;
#else
	nn_v v = nn_splat(0);

	if (count >= NN_LANES) {
		NN_UNROLL
		for (int i = 0; i < NN_LANES; i++)
			v[i] = from[i * stride];
		return v;
	}
	for (int i = 0; i < count; i++)
		v[i] = from[i * stride];
	return v;
#endif
}

/* -1, 0 or 1 */
NN_INLINE nn_v nn_sign(nn_v x)
{
	const nn_v zero = nn_splat(0);

	return nn_ifgt(x, zero, nn_splat(1), nn_ifgt(zero, x, nn_splat(-1), x));
}

NN_INLINE nn_v nn_sigmoid(nn_v x)
{
	return 1 / (1 + nn_exp(-x));
}

#endif
