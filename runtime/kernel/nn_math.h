/* nn_math.h: exp, expm1, log, log1p, tanh and erf of vectors. Included by nn_vec.h.
 *
 * In: nn_v, every lane on its own. Out: within 2 ulp for float, 4 ulp for double (tests/test_math.c
 * measures it). The same bits whatever NN_LANES is, whatever the C library is, with clang or gcc:
 * only + - * /, comparisons, integer operations and nn_fma are used, and no product is added to
 * anything except through nn_fma, so that -ffp-contract changes nothing. (On a processor without
 * fused multiply-add nn_fma rounds twice and the last bits differ.)
 *
 * Special values are those of C: exp(-inf) = 0, exp(inf) = inf, log(0) = -inf, log of a negative
 * number is NaN, tanh and erf of +-inf are +-1, NaN gives NaN, odd functions keep the sign of zero.
 * exp gives 0 instead of a denormal number and log takes one as 0, whether or not the processor is
 * set to do so.
 *
 * The idea, as everywhere: reduce the argument exactly to a small interval, evaluate a polynomial
 * there, put the result together so that only small parts carry rounding errors. The polynomials
 * are minimax fits (Remez exchange in 50 digits) for the intervals and weights that are told. */
#ifndef NN_MATH_H
#define NN_MATH_H

#define NN_TABLE static const nn_real __attribute__((unused))

/* Of NN_REAL: mantissa bits, exponent bias, 1.5 * 2^NN_MANT_BITS (adding it rounds to a whole
 * number that then stands in the low bits), ln 2 in two parts (the first short enough that its
 * product with any exponent is exact), bits of sqrt(1/2), the smallest normal number. */
#if NN_DOUBLE
enum { NN_MANT_BITS = 52, NN_EXP_BIAS = 1023 };
NN_TABLE nn_round_magic = 0x1.8p52, nn_ln2_high = 0x1.62e42fefa3p-1;
NN_TABLE nn_ln2_low = 0x1.3de6af278ece6p-42, nn_log2e = 0x1.71547652b82fep+0;
NN_TABLE nn_real_min = 0x1p-1022, nn_real_tiny = 0x1p-54;
NN_TABLE nn_exp_low = -0x1.6232bdd7abcd2p+9, nn_exp_high = 710, nn_expm1_low = -40;
NN_TABLE nn_erf_high = 6;
static const nn_int nn_sqrt_half_bits __attribute__((unused)) = INT64_C(0x3fe6a09e667f3bcd);
#else
enum { NN_MANT_BITS = 23, NN_EXP_BIAS = 127 };
NN_TABLE nn_round_magic = 0x1.8p23f, nn_ln2_high = 0x1.62e4p-1f;
NN_TABLE nn_ln2_low = 0x1.7f7d1cp-20f, nn_log2e = 0x1.715476p+0f;
NN_TABLE nn_real_min = 0x1p-126f, nn_real_tiny = 0x1p-25f;
NN_TABLE nn_exp_low = -0x1.5d589ep+6f, nn_exp_high = 89, nn_expm1_low = -18;
NN_TABLE nn_erf_high = 4;
static const nn_int nn_sqrt_half_bits __attribute__((unused)) = INT32_C(0x3f3504f3);
#endif

/* exp(r) = 1 + r + r^2 P(r) for |r| <= ln(2) / 2, relative to exp(r) - 1: 2^-32 and 2^-62. */
NN_TABLE nn_exp_table[] = {
#if NN_DOUBLE
        0.5,
        0x1.5555555555559p-3,
        0x1.555555555555ap-5,
        0x1.111111110f699p-7,
        0x1.6c16c16c14450p-10,
        0x1.a01a01afeee4cp-13,
        0x1.a01a01b0b8b05p-16,
        0x1.71ddf8387abdep-19,
        0x1.27e4c59aea7e4p-22,
        0x1.af5ef27f1d43bp-26,
        0x1.1f956f8449b8fp-29
#else
        0.5f,           0x1.555556p-3f, 0x1.5554aep-5f, 0x1.11109p-7f, 0x1.6d74cep-10f,
        0x1.a1a1b6p-13f
#endif
};

/* log((1+s) / (1-s)) = 2 s + s z P(z), z = s^2, for 1+f = (1+s) / (1-s) in sqrt(1/2) .. sqrt(2):
 * 2^-37 and 2^-59. */
NN_TABLE nn_log_table[] = {
#if NN_DOUBLE
        0x1.5555555555593p-1, 0x1.999999997fb34p-2, 0x1.24924942178a4p-2, 0x1.c71c51e8021edp-3,
        0x1.7466462b86bb7p-3, 0x1.39a0f50667297p-3, 0x1.2f0d8f1a4f3a7p-3
#else
        0x1.555554p-1f, 0x1.999a7cp-2f, 0x1.2438a8p-2f, 0x1.e2fdd6p-3f
#endif
};

/* tanh(x) = x + x z P(z), z = x^2, for |x| <= 0.625: 2^-32 and 2^-66. */
NN_TABLE nn_tanh_table[] = {
#if NN_DOUBLE
        -0x1.5555555555555p-2,  0x1.11111111110d4p-3,   -0x1.ba1ba1ba175e4p-5,
        0x1.664f48818d75ep-6,   -0x1.226e352b369cfp-7,  0x1.d6d3c5e688544p-9,
        -0x1.7da29824a63bap-10, 0x1.354dca58049e6p-11,  -0x1.f4bf2bf8a9eeap-13,
        0x1.91a5c3175f3d8p-14,  -0x1.335adf34493aep-15, 0x1.8c2e743e8a155p-17,
        -0x1.3193873b44299p-19
#else
        -0x1.555554p-2f, 0x1.11106cp-3f, -0x1.b9ef7cp-5f, 0x1.6394d8p-6f,
        -0x1.0c214p-7f,  0x1.197b68p-9f
#endif
};

/* erf(x) = x + x P(x^2) for |x| <= 1: 2^-29 and 2^-62. */
NN_TABLE nn_erf_table[] = {
#if NN_DOUBLE
        0x1.06eba8214db69p-3,   -0x1.812746b0379e6p-2,  0x1.ce2f21a042b34p-4,
        -0x1.b82ce31284f38p-6,  0x1.565bcd0dbd922p-8,   -0x1.c02db3db4989dp-11,
        0x1.f9a321e4bc150p-14,  -0x1.f4d1e4351d222p-17, 0x1.b9df306299835p-20,
        -0x1.5f1f4134f49bep-23, 0x1.f7b9a036e904bp-27,  -0x1.38ac2bcb75734p-30,
        0x1.062774aa4295dp-34
#else
        0x1.06eba8p-3f, -0x1.81273ep-2f,  0x1.ce2d2p-4f,  -0x1.b7fbb4p-6f,
        0x1.5419f6p-8f, -0x1.a485f6p-11f, 0x1.4ae4eap-14f
#endif
};

/* exp(x^2) erfc(x) = P(x - 1) for 1 <= x <= 4 (double: 6), the error weighted by exp(-x^2):
 * 2^-28 and 2^-56. */
NN_TABLE nn_erfc_table[] = {
#if NN_DOUBLE
        0x1.b5d8780f956b1p-2,  -0x1.17c4e3f17bf2bp-2,
        0x1.3c27283c28f52p-3,  -0x1.44837f86f7bcdp-4,
        0x1.33cad0b5ebac2p-5,  -0x1.10fcedf02395ap-6,
        0x1.c8cb4241ccc04p-8,  -0x1.6aefe47dd7ec7p-9,
        0x1.13446b3bdbf04p-10, -0x1.900db69233991p-12,
        0x1.16dd441cc233ap-13, -0x1.738a9fbf11581p-15,
        0x1.d335403d86a1dp-17, -0x1.0eaef3d604e6ap-18,
        0x1.171b92985b202p-20, -0x1.eacfc67fcd215p-23,
        0x1.5e9a389acd63bp-25, -0x1.80837279d30fcp-28,
        0x1.2c200f2769824p-31, -0x1.2643c99206146p-35,
        0x1.0ea80a5a23911p-40
#else
        0x1.b5d878p-2f,  -0x1.17c48cp-2f, 0x1.3c185cp-3f,   -0x1.439986p-4f, 0x1.2cca04p-5f,
        -0x1.e6aa14p-7f, 0x1.33366ap-8f,  -0x1.f7ad38p-11f, 0x1.7c3d04p-14f
#endif
};

/* a * b + c, rounded once. (Written lane by lane, which gcc and clang before 17 put back into one
 * instruction.) */
NN_INLINE nn_v nn_fma(nn_v a, nn_v b, nn_v c)
{
#if !defined __FMA__ && !defined __aarch64__ && !defined __ARM_FEATURE_FMA
	return a * b + c;
#elif NN_LANES == 1 && NN_DOUBLE
	return __builtin_fma(a, b, c);
#elif NN_LANES == 1
	return __builtin_fmaf(a, b, c);
#elif __has_builtin(__builtin_elementwise_fma)
	return __builtin_elementwise_fma(a, b, c);
#elif NN_DOUBLE
#define NN_X(lane) __builtin_fma(a[lane], b[lane], c[lane])
	return (nn_v){NN_EACH(NN_X)};
#undef NN_X
#else
#define NN_X(lane) __builtin_fmaf(a[lane], b[lane], c[lane])
	return (nn_v){NN_EACH(NN_X)};
#undef NN_X
#endif
}

/* c[0] + c[1] x + ... + c[count - 1] x^(count - 1). */
NN_INLINE nn_v nn_poly(nn_v x, const nn_real *c, int count)
{
	nn_v p = nn_splat(c[count - 1]);
	NN_UNROLL
	for (int i = count - 2; i >= 0; i--)
		p = nn_fma(p, x, nn_splat(c[i]));
	return p;
}

#define NN_POLY(x, table) nn_poly(x, table, (int)(sizeof(table) / sizeof *(table)))

/* 2^k for k that give a normal number. */
NN_INLINE nn_v nn_pow2(nn_vi k)
{
	return nn_unbits((nn_vi)((nn_vu)(k + NN_EXP_BIAS) << NN_MANT_BITS));
}

/* x = k ln 2 + r, |r| <= ln(2) / 2. Returns exp(r) - 1; *k is whole. */
NN_INLINE nn_v nn_exp_reduced(nn_v x, nn_vi *k)
{
	nn_v magic = nn_splat(nn_round_magic);
	nn_v shifted = nn_fma(x, nn_splat(nn_log2e), magic);
	nn_v whole = shifted - magic;
	*k = nn_bits(shifted) - nn_bits(magic);
	nn_v high = nn_fma(whole, nn_splat(-nn_ln2_high), x);
	nn_v r = nn_fma(whole, nn_splat(-nn_ln2_low), high);
	nn_v lost = nn_fma(whole, nn_splat(-nn_ln2_low), high - r);
	return r + nn_fma(r * r, NN_POLY(r, nn_exp_table), lost);
}

NN_INLINE nn_v nn_exp(nn_v x)
{
	nn_vi k;
	nn_v a = nn_min(nn_splat(nn_exp_high), nn_max(nn_splat(nn_exp_low), x));
	nn_v e = nn_exp_reduced(a, &k) + 1;
	nn_vi half = k >> 1; /* 2^k itself may be beyond the largest number */
	e = e * nn_pow2(half) * nn_pow2(k - half);
	return nn_ifgt(nn_splat(nn_exp_low), x, nn_splat(0), e);
}

/* exp(x) - 1. */
NN_INLINE nn_v nn_expm1(nn_v x)
{
	nn_vi k;
	nn_v a = nn_min(nn_splat(nn_exp_high), nn_max(nn_splat(nn_expm1_low), x));
	nn_v q = nn_exp_reduced(a, &k);
	nn_v half = nn_pow2(k - 1);
	nn_v e = nn_fma(half, q, half - (nn_real)0.5);
	return nn_ifgt(nn_splat(nn_real_tiny), nn_abs(x), x, e + e);
}

/* log(x) + extra for a positive x, extra small beside the spacing of numbers near x / 2^k. */
NN_INLINE nn_v nn_log_finite(nn_v x, nn_v extra)
{
	nn_vi top = (nn_vi)((nn_vu)nn_bits(x) - (nn_uint)nn_sqrt_half_bits);
	nn_vi mantissa = top & (((nn_int)1 << NN_MANT_BITS) - 1);
	nn_v f = nn_unbits(mantissa + nn_sqrt_half_bits) - 1;
	nn_v k = nn_from_int(top >> NN_MANT_BITS);
	nn_v s = f / (f + 2), z = s * s, half = f * (nn_real)0.5;
	nn_v curve = nn_fma(half, f, z * NN_POLY(z, nn_log_table));
	nn_v low = nn_fma(s, curve, nn_fma(k, nn_splat(nn_ln2_low), extra));
	return nn_fma(k, nn_splat(nn_ln2_high), f - nn_fma(half, f, -low));
}

/* y, but where x is infinite or NaN x, below the smallest normal number -inf, negative NaN. */
NN_INLINE nn_v nn_log_special(nn_v x, nn_v y)
{
	nn_v infinity = nn_splat((nn_real)__builtin_inf()), least = nn_splat(nn_real_min);
	y = nn_ifgt(infinity, x, y, x);
	y = nn_ifgt(least, x, -infinity, y);
	return nn_ifge(-least, x, nn_splat((nn_real)__builtin_nan("")), y);
}

NN_INLINE nn_v nn_log(nn_v x)
{
	return nn_log_special(x, nn_log_finite(x, nn_splat(0)));
}

/* log(1 + x). */
NN_INLINE nn_v nn_log1p(nn_v x)
{
	nn_v u = x + 1, lost = x - (u - 1);
	nn_v y = nn_log_special(u, nn_log_finite(u, lost / u));
	return nn_ifgt(nn_splat(nn_real_tiny), nn_abs(x), x, y);
}

NN_INLINE nn_v nn_tanh(nn_v x)
{
	nn_v a = nn_abs(x), z = x * x;
	nn_v near = nn_fma(x * z, NN_POLY(z, nn_tanh_table), x);
	nn_v far = 1 - 2 / (nn_exp(a + a) + 1);
	return nn_copysign(nn_ifgt(a, nn_splat((nn_real)0.625), far, near), x);
}

NN_INLINE nn_v nn_erf(nn_v x)
{
	nn_v a = nn_abs(x), z = x * x;
	nn_v near = nn_fma(x, NN_POLY(z, nn_erf_table), x);
	nn_v b = nn_min(a, nn_splat(nn_erf_high));
	nn_v far = nn_fma(-nn_exp(-(b * b)), NN_POLY(b - 1, nn_erfc_table), nn_splat(1));
	return nn_copysign(nn_ifgt(a, nn_splat(1), far, near), x);
}

#endif
