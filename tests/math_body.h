/* math_body.h: what test_math.c needs of one kind of vector. In: NN_REAL, NN_LANES and VARIANT, the
 * suffix of all names. Out: a table of functions on arrays, `kind_VARIANT`, that looks the same for
 * every kind. */
#undef NN_VEC_H
#undef NN_MATH_H
#undef NN_RAND_V_H
#include "../runtime/kernel/nn_vec.h"
#include "../runtime/kernel/nn_rand.h"

static nn_v OWN(call)(enum function which, nn_v x)
{
	switch (which) {
	case EXP:
		return nn_exp(x);
	case EXPM1:
		return nn_expm1(x);
	case LOG:
		return nn_log(x);
	case LOG1P:
		return nn_log1p(x);
	case TANH:
		return nn_tanh(x);
	case ERF:
		return nn_erf(x);
	case SQRT:
		return nn_sqrt(x);
	default:
		return nn_splat(0);
	}
}

/* y[i] = function(x[i]) for n elements, n a multiple of 16. */
static void OWN(apply)(enum function which, const void *in, void *out, size_t n)
{
	const nn_real *x = in;
	nn_real *y = out;
	for (size_t i = 0; i < n; i += NN_LANES)
		nn_store(y + i, OWN(call)(which, nn_load(x + i)));
}

/* nn_sums must give the bits of nn_sum, and write nothing else. acc: 32 vectors. */
NN_INLINE bool OWN(sums_are_sums)(const nn_v *acc, int count, ptrdiff_t stride)
{
	nn_real out[NN_SUMS_MAX * 3 + 1];
	for (size_t i = 0; i < sizeof out / sizeof *out; i++)
		out[i] = -1234;
	nn_sums(out, stride, acc, count);
	bool same = out[(count - 1) * stride + 1] == -1234 && (stride == 1 || out[1] == -1234);
	for (int i = 0; i < count; i++) {
		nn_real sum = nn_sum(acc[i]);
		same = same && memcmp(&sum, &out[i * stride], sizeof sum) == 0;
	}
	return same;
}

static bool OWN(sums)(void)
{
	nn_v acc[NN_SUMS_MAX];
	for (int i = 0; i < NN_SUMS_MAX; i++) {
		nn_real x[NN_LANES];
		for (int l = 0; l < NN_LANES; l++)
			x[l] = (nn_real)nn_rand_normal(1, NN_RAND_CHECK, 2, (uint64_t)(i * 16 + l));
		acc[i] = nn_load(x);
	}
	return OWN(sums_are_sums)(acc, 1, 1) && OWN(sums_are_sums)(acc, 2, 3) &&
	       OWN(sums_are_sums)(acc, 3, 1) && OWN(sums_are_sums)(acc, 5, 3) &&
	       OWN(sums_are_sums)(acc, 7, 1) && OWN(sums_are_sums)(acc, 8, 1) &&
	       OWN(sums_are_sums)(acc, 13, 1) && OWN(sums_are_sums)(acc, 15, 3) &&
	       OWN(sums_are_sums)(acc, 16, 1) && OWN(sums_are_sums)(acc, 16, 3) &&
	       OWN(sums_are_sums)(acc, 17, 1) && OWN(sums_are_sums)(acc, 24, 1) &&
	       OWN(sums_are_sums)(acc, 28, 3) && OWN(sums_are_sums)(acc, 31, 1) &&
	       OWN(sums_are_sums)(acc, 32, 1) && OWN(sums_are_sums)(acc, 32, 3);
}

/* The tree of nn_sum, and nn_hmax, against loops over an array. */
static bool OWN(folds)(void)
{
	nn_real x[16], most = -1000;
	for (int l = 0; l < NN_LANES; l++) {
		x[l] = (nn_real)nn_rand_normal(3, NN_RAND_CHECK, 0, (uint64_t)l);
		most = x[l] > most ? x[l] : most;
	}
	nn_v v = nn_load(x);
	for (int width = NN_LANES / 2; width >= 1; width /= 2)
		for (int l = 0; l < width; l++)
			x[l] += x[l + width];
	return nn_sum(v) == x[0] && nn_hmax(v) == most;
}

/* Element `lane` of what the small functions give for a = x + lane, b = y. */
static bool OWN(lane_by_lane)(void)
{
	for (int k = -2; k <= NN_LANES + 2; k++) {
		nn_v a = nn_iota() - (nn_real)k, b = nn_splat(0), five = nn_splat(5);
		nn_real out[9][16], want[9];
		nn_store(out[0], nn_ifgt(a, b, a, five));
		nn_store(out[1], nn_ifge(a, b, a, five));
		nn_store(out[2], nn_ifeq(a, b, five, a));
		nn_store(out[3], nn_max(a, b));
		nn_store(out[4], nn_min(a, b));
		nn_store(out[5], nn_abs(a));
		nn_store(out[6], nn_first(k, five));
		nn_store(out[7], nn_copysign(five, a));
		nn_store(out[8], nn_first_or(k, five, a));
		for (int l = 0; l < NN_LANES; l++) {
			nn_real x = (nn_real)(l - k);
			want[0] = x > 0 ? x : 5, want[1] = x >= 0 ? x : 5, want[2] = x == 0 ? 5 : x;
			want[3] = x > 0 ? x : 0, want[4] = x < 0 ? x : 0, want[5] = x < 0 ? -x : x;
			want[6] = l < k ? 5 : 0, want[7] = x < 0 ? -5 : 5;
			want[8] = l < k ? 5 : x;
			for (int f = 0; f < 9; f++)
				if (!(out[f][l] == want[f]))
					return false;
		}
	}
	return true;
}

/* NaN goes through nn_max(0, x), as nn_vec.h says, and chooses the last value of a comparison. */
static bool OWN(nan_rules)(void)
{
	nn_v nan = nn_splat((nn_real)__builtin_nan("")), one = nn_splat(1), two = nn_splat(2);
	nn_real through[16], hidden[16], other[16];
	nn_store(through, nn_max(nn_splat(0), nan));
	nn_store(hidden, nn_max(nan, nn_splat(0)));
	nn_store(other, nn_ifge(nan, nan, one, two));
	for (int l = 0; l < NN_LANES; l++)
		if (!isnan(through[l]) || hidden[l] != 0 || other[l] != 2)
			return false;
	return true;
}

/* A greatest value becomes NaN with the first one and stays it, whatever comes before and after; of
 * their places the last is told. */
static bool OWN(nan_maximum)(void)
{
	for (int where = 0; where < NN_LANES; where++) {
		nn_real x[16], best[16], place[16];
		for (int l = 0; l < NN_LANES; l++)
			x[l] = l == where ? (nn_real)__builtin_nan("") : (nn_real)(l - 8);
		nn_v v = nn_load(x), acc = nn_splat(-INFINITY), at = nn_splat(0);
		const nn_v list[] = {nn_splat(3), v, nn_splat(9), v, nn_splat(5), nn_splat(-1)};
		for (int i = 0; i < 6; i++) {
			at = nn_ifabove(list[i], acc, nn_splat((nn_real)i), at);
			acc = nn_ifabove(list[i], acc, list[i], acc);
		}
		nn_store(best, acc);
		nn_store(place, at);
		if (!isnan(nn_hmax(v)))
			return false;
		for (int l = 0; l < NN_LANES; l++)
			if (l == where ? !isnan(best[l]) || place[l] != 3
			               : best[l] != 9 || place[l] != 2)
				return false;
	}
	return true;
}

/* Every byte survives bytes -> reals -> bytes, at any address. */
static bool OWN(bytes)(void)
{
	uint8_t from[257 + 16], to[257 + 16];
	for (int i = 0; i < 257 + 16; i++)
		from[i] = (uint8_t)i, to[i] = 77;
	for (int i = 1; i < 257; i += NN_LANES) {
		nn_v v = nn_bload(*(const nn_b *)(from + i));
		nn_real x[16];
		nn_store(x, v);
		if (x[0] != from[i])
			return false;
		*(nn_b *)(to + i) = nn_bstore(v);
	}
	return to[0] == 77 && memcmp(from + 1, to + 1, 256) == 0;
}

/* n uniforms (a multiple of 16) of elements index0 + i * step, as doubles. */
static void OWN(uniforms)(uint32_t key, uint32_t index0, uint32_t step, double *out, size_t n)
{
	for (size_t i = 0; i < n; i += NN_LANES) {
		nn_real x[16];
		nn_store(x, nn_rand_v(key, index0 + (uint32_t)i * step, step));
		for (size_t l = 0; l < NN_LANES; l++)
			out[i + l] = (double)x[l];
	}
}

static const kind OWN(kind) = {sizeof(nn_real), NN_LANES,   OWN(apply),
                               OWN(sums),       OWN(folds), OWN(lane_by_lane),
                               OWN(nan_rules),  OWN(nan_maximum), OWN(bytes), OWN(uniforms)};

#undef VARIANT
#undef NN_REAL
#undef NN_LANES
