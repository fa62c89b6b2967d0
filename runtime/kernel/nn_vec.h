/* nn_vec.h: the vectors that emitted kernels are written in.
 *
 * The including file says what a vector is, before the include:
 *     #define NN_REAL  float      (or double)
 *     #define NN_LANES 16         (1, 2, 4, 8 or 16)
 *     #include "nn_vec.h"
 * and gets nn_v, a vector of NN_LANES reals, on which + - * / work lane by lane and to which a
 * scalar may be added or multiplied directly. With one lane nn_v is a plain scalar and the same
 * text compiles. Vectors wider than the machine's registers are split by the compiler, so any
 * combination works on AVX-512, AVX2, NEON and plain C; no intrinsics are needed.
 *
 * Every function gives the same bits in a lane whatever NN_LANES is; nn_sum and nn_hmax, which
 * cross lanes, fold the upper half of the vector onto the lower until one lane is left.
 *
 * Example: one output of a dense layer with ReLU, c a multiple of NN_LANES.
 *     nn_v s = nn_splat(0);
 *     for (int i = 0; i < c; i += NN_LANES)
 *             s += nn_load(x + i) * nn_load(w + i);
 *     *y = nn_sum(nn_max(nn_splat(0), s));
 */
#ifndef NN_VEC_H
#define NN_VEC_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC diagnostic ignored "-Wpsabi" /* no vector is ever passed: all is inlined */

/* Before a `for` whose trip count is a constant after inlining: no loop is left, and arrays
 * indexed by its variable become registers. The other keeps a loop rolled. */
#ifdef __clang__
#define NN_UNROLL    _Pragma("clang loop unroll(full)")
#define NN_NO_UNROLL _Pragma("clang loop unroll(disable)")
#else
#define NN_UNROLL    _Pragma("GCC unroll 64")
#define NN_NO_UNROLL _Pragma("GCC unroll 1")
#endif

/* Between the steps of a sum over a tile: what was loaded for one is not kept for the next, since
 * the registers are needed for the sums. */
#define NN_STEP __asm__ volatile("" ::: "memory")
/* The start of a tile as if it were not known yet: addresses that follow from it are computed anew,
 * instead of being kept during a sum that needs the registers. */
#define NN_AGAIN(start) __asm__ volatile("" : "+r"(start))
/* Asks for a place in memory that will be read soon, and written (1) or not (0). */
#define NN_FETCH(place, write) __builtin_prefetch(&(place), write)
/* The same for the `count` vectors from `row` on. */
#define NN_AHEAD(row, count, write)                                                                \
	NN_UNROLL for (int byte = 0; byte < (count) * (int)sizeof(nn_v); byte += 64)               \
	        __builtin_prefetch((const char *)(row) + byte, write)

/* Writes a vector past the caches, which it would only fill: memory is not read before it. Behind
 * such writes comes NN_SETTLE, so that whoever is behind the next barrier sees them. */
#ifdef __clang__
#define NN_STREAM(place, value) __builtin_nontemporal_store(value, &(place))
#else
#define NN_STREAM(place, value) ((place) = (value))
#endif
#ifdef __SSE2__
#define NN_SETTLE __builtin_ia32_sfence()
#else
#define NN_SETTLE __asm__ volatile("" ::: "memory")
#endif

#define NN_INLINE static inline __attribute__((always_inline, unused))

/* NN_DOUBLE: 1 when NN_REAL is double. */
#define NN_IS_float  0
#define NN_IS_double 1
#define NN_IS_(real) NN_IS_##real
#define NN_IS(real)  NN_IS_(real)
#define NN_DOUBLE    NN_IS(NN_REAL)

/* What goes into the braces or the argument list of one vector: f(lane), for every lane. */
#define NN_EACH_1(f)  f(0)
#define NN_EACH_2(f)  NN_EACH_1(f), f(1)
#define NN_EACH_4(f)  NN_EACH_2(f), f(2), f(3)
#define NN_EACH_8(f)  NN_EACH_4(f), f(4), f(5), f(6), f(7)
#define NN_EACH_16(f) NN_EACH_8(f), f(8), f(9), f(10), f(11), f(12), f(13), f(14), f(15)
#define NN_EACH__(n)  NN_EACH_##n
#define NN_EACH_N(n)  NN_EACH__(n)
#define NN_EACH       NN_EACH_N(NN_LANES)

typedef NN_REAL nn_real;
#if NN_DOUBLE
typedef int64_t nn_int; /* integers as wide as a real */
typedef uint64_t nn_uint;
#else
typedef int32_t nn_int;
typedef uint32_t nn_uint;
#endif

#if NN_LANES == 1
typedef nn_real nn_v;
typedef nn_int nn_vi;
typedef nn_uint nn_vu;
typedef uint8_t nn_b;
typedef nn_real nn_loose __attribute__((may_alias));
#elif NN_LANES == 2 || NN_LANES == 4 || NN_LANES == 8 || NN_LANES == 16
typedef nn_real nn_v __attribute__((vector_size(NN_LANES * sizeof(nn_real))));
typedef nn_int nn_vi __attribute__((vector_size(NN_LANES * sizeof(nn_real))));
typedef nn_uint nn_vu __attribute__((vector_size(NN_LANES * sizeof(nn_real))));
typedef int32_t nn_vi32 __attribute__((vector_size(NN_LANES * 4)));
/* Bytes, for argmax codes: may lie anywhere in an array of uint8_t. */
typedef uint8_t nn_b __attribute__((vector_size(NN_LANES), aligned(1), may_alias));
/* A vector in memory, aligned as its reals are. */
typedef nn_real nn_loose __attribute__((vector_size(NN_LANES * sizeof(nn_real)),
                                        aligned(sizeof(nn_real)), may_alias));
#else
#error "nn_vec.h: NN_LANES must be 1, 2, 4, 8 or 16"
#endif

/* ---- lane by lane ------------------------------------------------------------------------ */

/* x in every lane. */
NN_INLINE nn_v nn_splat(nn_real x)
{
#if NN_LANES == 1
	return x;
#else
#define NN_X(lane) x
	return (nn_v){NN_EACH(NN_X)};
#undef NN_X
#endif
}

/* i in every lane. */
NN_INLINE nn_vi nn_splati(nn_int i)
{
#if NN_LANES == 1
	return i;
#else
#define NN_X(lane) i
	return (nn_vi){NN_EACH(NN_X)};
#undef NN_X
#endif
}

/* Lane numbers 0, 1, 2, ... as integers and as reals. */
NN_INLINE nn_vi nn_iotai(void)
{
#if NN_LANES == 1
	return 0;
#else
#define NN_X(lane) lane
	return (nn_vi){NN_EACH(NN_X)};
#undef NN_X
#endif
}

NN_INLINE nn_v nn_iota(void)
{
#if NN_LANES == 1
	return 0;
#else
#define NN_X(lane) lane
	return (nn_v){NN_EACH(NN_X)};
#undef NN_X
#endif
}

/* NN_LANES reals from and to p, which needs no more than the alignment of one real. */
NN_INLINE nn_v nn_load(const nn_real *p)
{
	return *(const nn_loose *)p;
}

NN_INLINE void nn_store(nn_real *p, nn_v v)
{
	*(nn_loose *)p = v;
}

/* The bits of v as integers, and back. */
NN_INLINE nn_vi nn_bits(nn_v v)
{
	union {
		nn_v v;
		nn_vi i;
	} u = {.v = v};
	return u.i;
}

NN_INLINE nn_v nn_unbits(nn_vi i)
{
	union {
		nn_vi i;
		nn_v v;
	} u = {.i = i};
	return u.v;
}

/* mask ? x : y, where every lane of the mask is all ones or all zeros. Compiles to a blend. */
NN_INLINE nn_v nn_select(nn_vi mask, nn_v x, nn_v y)
{
	return nn_unbits((mask & nn_bits(x)) | (~mask & nn_bits(y)));
}

/* a > b ? x : y, a >= b ? x : y, a == b ? x : y; a NaN on either side chooses y. */
NN_INLINE nn_v nn_ifgt(nn_v a, nn_v b, nn_v x, nn_v y)
{
#if NN_LANES == 1
	return a > b ? x : y;
#else
	return nn_select(a > b, x, y);
#endif
}

/* The step of a greatest value, which a NaN becomes and stays, as in PyTorch: x where a > b or a is
 * NaN, y elsewhere. */
NN_INLINE nn_v nn_ifabove(nn_v a, nn_v b, nn_v x, nn_v y)
{
#if NN_LANES == 1
	return a > b || a != a ? x : y; /* NOLINT(misc-redundant-expression) */
#else
	return nn_select((a > b) | (a != a), x, y); /* NOLINT(misc-redundant-expression) */
#endif
}

NN_INLINE nn_v nn_ifge(nn_v a, nn_v b, nn_v x, nn_v y)
{
#if NN_LANES == 1
	return a >= b ? x : y;
#else
	return nn_select(a >= b, x, y);
#endif
}

NN_INLINE nn_v nn_ifeq(nn_v a, nn_v b, nn_v x, nn_v y)
{
#if NN_LANES == 1
	return a == b ? x : y;
#else
	return nn_select(a == b, x, y);
#endif
}

/* a > b ? a : b and a < b ? a : b: one instruction on x86. When a or b is NaN, or both are zeros,
 * the result is b: nn_max(nn_splat(0), x) lets a NaN in x through, nn_max(x, nn_splat(0)) hides
 * it. */
NN_INLINE nn_v nn_max(nn_v a, nn_v b)
{
	return nn_ifgt(a, b, a, b);
}

NN_INLINE nn_v nn_min(nn_v a, nn_v b)
{
	return nn_ifgt(b, a, a, b);
}

#define NN_SIGN_BIT (NN_DOUBLE ? (nn_int)INT64_MIN : (nn_int)INT32_MIN)

NN_INLINE nn_v nn_abs(nn_v v)
{
	return nn_unbits(nn_bits(v) & nn_splati(~NN_SIGN_BIT));
}

/* |a| with the sign of b. */
NN_INLINE nn_v nn_copysign(nn_v a, nn_v b)
{
	nn_vi sign = nn_splati(NN_SIGN_BIT);
	return nn_unbits((nn_bits(a) & ~sign) | (nn_bits(b) & sign));
}

/* Square root, correctly rounded. */
NN_INLINE nn_v nn_sqrt(nn_v v)
{
#if NN_LANES == 1 && NN_DOUBLE
	return __builtin_sqrt(v);
#elif NN_LANES == 1
	return __builtin_sqrtf(v);
#elif __has_builtin(__builtin_elementwise_sqrt)
	return __builtin_elementwise_sqrt(v);
#else
#define NN_X(lane) (nn_real)(NN_DOUBLE ? __builtin_sqrt(v[lane]) : __builtin_sqrtf((float)v[lane]))
	return (nn_v){NN_EACH(NN_X)};
#undef NN_X
#endif
}

/* Integers as reals, rounded where they have too many digits. */
NN_INLINE nn_v nn_from_int(nn_vi i)
{
#if NN_LANES == 1
	return (nn_real)i;
#else
	return __builtin_convertvector(i, nn_v);
#endif
}

/* v in the lanes below k, 0 in the others; any k. */
NN_INLINE nn_v nn_first(int k, nn_v v)
{
#if NN_LANES == 1
	return k > 0 ? v : 0;
#else
	return nn_unbits(nn_bits(v) & (nn_iotai() < nn_splati(k)));
#endif
}

/* The first k lanes of v, and those of other behind them. */
NN_INLINE nn_v nn_first_or(int k, nn_v v, nn_v other)
{
#if NN_LANES == 1
	return k > 0 ? v : other;
#else
	nn_vi mask = nn_iotai() < nn_splati(k);
	return nn_unbits((nn_bits(v) & mask) | (nn_bits(other) & ~mask));
#endif
}

/* Bytes as reals 0..255, and reals that are whole numbers 0..255 as bytes. */
NN_INLINE nn_v nn_bload(nn_b b)
{
#if NN_LANES == 1
	return (nn_real)b;
#else
#define NN_X(lane) b[lane]
	return __builtin_convertvector((nn_vi32){NN_EACH(NN_X)}, nn_v);
#undef NN_X
#endif
}

NN_INLINE nn_b nn_bstore(nn_v v)
{
#if NN_LANES == 1
	return (nn_b)(int)v;
#else
	return __builtin_convertvector(__builtin_convertvector(v, nn_vi32), nn_b);
#endif
}

/* ---- across lanes ------------------------------------------------------------------------ */

/* x and y hold groups of `width` neighbouring lanes. nn_lower gives the lower half of every group
 * of x, then of y; nn_upper the upper halves. Their sum holds groups of width / 2. */
#define NN_HALF(lane, width) ((lane) / ((width) / 2) * (width) + (lane) % ((width) / 2))
#define NN_LOWER_2(lane)     NN_HALF(lane, 2)
#define NN_LOWER_4(lane)     NN_HALF(lane, 4)
#define NN_LOWER_8(lane)     NN_HALF(lane, 8)
#define NN_LOWER_16(lane)    NN_HALF(lane, 16)
#define NN_UPPER_2(lane)     NN_HALF(lane, 2) + 1
#define NN_UPPER_4(lane)     NN_HALF(lane, 4) + 2
#define NN_UPPER_8(lane)     NN_HALF(lane, 8) + 4
#define NN_UPPER_16(lane)    NN_HALF(lane, 16) + 8

#if NN_LANES > 1
NN_INLINE nn_v nn_lower(nn_v x, nn_v y, int width)
{
#if NN_LANES >= 16
	if (width == 16)
		return __builtin_shufflevector(x, y, NN_EACH(NN_LOWER_16));
#endif
#if NN_LANES >= 8
	if (width == 8)
		return __builtin_shufflevector(x, y, NN_EACH(NN_LOWER_8));
#endif
#if NN_LANES >= 4
	if (width == 4)
		return __builtin_shufflevector(x, y, NN_EACH(NN_LOWER_4));
#endif
	(void)width;
	return __builtin_shufflevector(x, y, NN_EACH(NN_LOWER_2));
}

NN_INLINE nn_v nn_upper(nn_v x, nn_v y, int width)
{
#if NN_LANES >= 16
	if (width == 16)
		return __builtin_shufflevector(x, y, NN_EACH(NN_UPPER_16));
#endif
#if NN_LANES >= 8
	if (width == 8)
		return __builtin_shufflevector(x, y, NN_EACH(NN_UPPER_8));
#endif
#if NN_LANES >= 4
	if (width == 4)
		return __builtin_shufflevector(x, y, NN_EACH(NN_UPPER_4));
#endif
	(void)width;
	return __builtin_shufflevector(x, y, NN_EACH(NN_UPPER_2));
}
#endif

/* The sum of all lanes: lane i + lane i + NN_LANES/2, and so on down to one. */
NN_INLINE nn_real nn_sum(nn_v v)
{
#if NN_LANES == 1
	return v;
#else
	NN_UNROLL
	for (int width = NN_LANES; width > 1; width /= 2)
		v = nn_lower(v, v, width) + nn_upper(v, v, width);
	return v[0];
#endif
}

/* The greatest lane, NaN if there is one; which of several zeros is not told. */
NN_INLINE nn_real nn_hmax(nn_v v)
{
#if NN_LANES == 1
	return v;
#else
	NN_UNROLL
	for (int width = NN_LANES; width > 1; width /= 2) {
		nn_v low = nn_lower(v, v, width), high = nn_upper(v, v, width);
		v = nn_ifabove(low, high, low, high);
	}
	return v[0];
#endif
}

enum { NN_SUMS_MAX = 32 };

/* out[i * stride] = nn_sum(acc[i]) for i < count, to the last bit, count a constant <= NN_SUMS_MAX.
 * Two vectors share every shuffle: about two shuffles and one addition a result. */
NN_INLINE void nn_sums(nn_real *restrict out, ptrdiff_t stride, const nn_v *acc, int count)
{
#if NN_LANES == 1
	NN_UNROLL
	for (int i = 0; i < count; i++)
		out[i * stride] = acc[i];
#else
	NN_UNROLL
	for (int first = 0; first < count; first += NN_LANES) {
		int here = count - first < NN_LANES ? count - first : NN_LANES;
		nn_v t[NN_LANES];
		NN_UNROLL
		for (int i = 0; i < NN_LANES; i++)
			t[i] = acc[first + (i < here ? i : here - 1)];
		/* after the step of width w, NN_LANES / (w/2) sums share a vector, in order */
		NN_UNROLL
		for (int width = NN_LANES; width > 1; width /= 2) {
			NN_UNROLL
			for (int i = 0; i < NN_LANES / 2; i++)
				if (i < width / 2)
					t[i] = nn_lower(t[i + i], t[i + i + 1], width) +
					       nn_upper(t[i + i], t[i + i + 1], width);
		}
		if (stride == 1 && here == NN_LANES) {
			nn_store(out + first, t[0]);
			continue;
		}
		NN_UNROLL
		for (int i = 0; i < NN_LANES; i++)
			if (i < here)
				out[(first + i) * stride] = t[0][i];
	}
#endif
}

#include "nn_math.h"

#endif
