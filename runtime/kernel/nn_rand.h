/* nn_rand.h: random numbers without a state.
 *
 * A number is a function of four: the seed of the run, the purpose, the step (or epoch, or layer)
 * and the index of the element. So any thread can make any number at any time, masks are recomputed
 * instead of stored, a resumed run continues exactly, and nothing depends on the number of threads.
 *
 * The function is four rounds of the 64-bit mixer of SplitMix64 in Stafford's variant 13, one for
 * each of the four; for fixed seed, purpose and step it is a bijection of the index.
 *
 * Kernels (files that include nn_vec.h first) draw vectors from a 32-bit hash instead: a key made
 * once a layer and step, and three multiplications an element.
 *
 * Example: element i of a weight drawn with standard deviation s:
 *     w[i] = s * nn_rand_normal(seed, NN_RAND_INIT, layer, i);
 */
#ifndef NN_RAND_H
#define NN_RAND_H

#include <stdint.h>
#include <string.h>

typedef enum {
	NN_RAND_INIT = 1,  /* initial weights                     */
	NN_RAND_SHUFFLE,   /* order of the images in an epoch     */
	NN_RAND_SPLIT,     /* which images are for validation     */
	NN_RAND_DROPOUT,   /* masks inside the network            */
	NN_RAND_AUGMENT,   /* shifts, flips, ...                  */
	NN_RAND_SYNTHETIC, /* made-up data                        */
	NN_RAND_CHECK,     /* directions and data of self-checks  */
	NN_RAND_TUNE       /* points of a search                  */
} nn_rand_purpose;

static inline __attribute__((unused)) uint64_t nn_rand_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* 64 random bits. */
static inline __attribute__((unused)) uint64_t nn_rand_u64(uint64_t seed, uint64_t purpose,
                                                           uint64_t step, uint64_t index)
{
	uint64_t h = nn_rand_mix(seed + UINT64_C(0x9e3779b97f4a7c15));
	h = nn_rand_mix(h + purpose * UINT64_C(0xd1342543de82ef95));
	h = nn_rand_mix(h + step * UINT64_C(0xaf251af3b0f025b5));
	return nn_rand_mix(h + index * UINT64_C(0x9e3779b97f4a7c15));
}

/* Uniform in [0,1), a multiple of 2^-53. */
static inline __attribute__((unused)) double nn_rand_double(uint64_t seed, uint64_t purpose,
                                                            uint64_t step, uint64_t index)
{
	return (double)(nn_rand_u64(seed, purpose, step, index) >> 11) * 0x1p-53;
}

/* log(x) of a normal x > 0 to 1e-15: independent of the C library, as initial weights must be. */
static inline __attribute__((unused)) double nn_rand_log(double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof bits);
	uint64_t top = bits - UINT64_C(0x3fe6a09e667f3bcd); /* bits of sqrt(1/2) */
	double exponent = (double)((int64_t)top >> 52);
	bits = (top & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd);
	memcpy(&x, &bits, sizeof x);
	double s = (x - 1) / (x + 1), z = s * s, p = 0;
	for (int k = 23; k >= 3; k -= 2)
		p = __builtin_fma(p, z, 1.0 / k);
	return __builtin_fma(exponent, 0x1.62e42fefa39efp-1, 2 * __builtin_fma(s * z, p, s));
}

/* Normal with mean 0 and standard deviation 1 (Marsaglia's polar method, 26-bit coordinates, so
 * that their squares are exact). */
static inline __attribute__((unused)) double nn_rand_normal(uint64_t seed, uint64_t purpose,
                                                            uint64_t step, uint64_t index)
{
	uint64_t h = nn_rand_u64(seed, purpose, step, index);
	for (;;) {
		double u = ((double)(h >> 38) + 0.5) * 0x1p-25 - 1;
		double v = ((double)((h >> 6) & 0x3ffffff) + 0.5) * 0x1p-25 - 1;
		double s = u * u + v * v;
		if (s < 1)
			return u * __builtin_sqrt(-2 * nn_rand_log(s) / s);
		h = nn_rand_mix(h + UINT64_C(0x9e3779b97f4a7c15));
	}
}

/* The key of a kernel's mask: one for each layer and step. */
static inline __attribute__((unused)) uint32_t nn_rand_key(uint64_t seed, uint64_t purpose,
                                                           uint64_t layer, uint64_t step)
{
	return (uint32_t)(nn_rand_u64(seed, purpose, layer, step) >> 32);
}

#endif

#if defined NN_VEC_H && !defined NN_RAND_V_H
#define NN_RAND_V_H

#if NN_LANES == 1
typedef uint32_t nn_vu32;
#else
typedef uint32_t nn_vu32 __attribute__((vector_size(NN_LANES * 4)));
#endif

/* Uniform in [0,1), multiples of 2^-24, lane i for the element index0 + i * index_step. An element
 * has the same number for every NN_LANES and NN_REAL. (The mixer is C. Wellons's triple32, with the
 * key added twice so that two keys do not give the same numbers in another order.) */
NN_INLINE nn_v nn_rand_v(uint32_t key, uint32_t index0, uint32_t index_step)
{
#if NN_LANES == 1
	nn_vu32 h = index0;
	(void)index_step;
#else
#define NN_X(lane) index0 + lane *index_step
	nn_vu32 h = {NN_EACH(NN_X)};
#undef NN_X
#endif
	h += key;
	h ^= h >> 17;
	h *= UINT32_C(0xed5ad4bb);
	h ^= h >> 11;
	h += key << 16 | key >> 16;
	h *= UINT32_C(0xac4c1b51);
	h ^= h >> 15;
	h *= UINT32_C(0x31848bab);
	h ^= h >> 14;
#if NN_LANES == 1
	return (nn_real)(int32_t)(h >> 8) * (nn_real)0x1p-24;
#else
	return __builtin_convertvector((nn_vi32)(h >> 8), nn_v) * (nn_real)0x1p-24;
#endif
}

#endif
