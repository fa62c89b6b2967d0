/* tensor.c: between plain row-major numbers and the layout of an arena.
 *
 * Files hold tensors as PyTorch does, row-major; kernels want them blocked, padded and permuted.
 * nn.h says where an element lies; here is the loop over all of them. The offset is a sum of one
 * term an axis, and a step to the next element changes one term, or clears some. */
#include "tensor.h"

#include <math.h>
#include <string.h>

const nn_tensor *nn_tensor_find(const nn_program *p, nn_kind kind, const char *name)
{
	for (int i = 0; i < p->tensors; i++)
		if (p->tensor[i].kind == kind && (!name || !strcmp(p->tensor[i].name, name)))
			return &p->tensor[i];
	return NULL;
}

int64_t nn_tensor_count(const nn_tensor *t, int64_t rows)
{
	int64_t count = 1;
	for (int d = 0; d < t->rank; d++)
		count *= d == 0 && t->batched ? rows : t->dim[d];
	return count;
}

static int64_t term(const nn_tensor *t, int d, int64_t i)
{
	return i / t->block[d] * t->outer[d] + i % t->block[d] * t->inner[d];
}

size_t nn_tensor_at(const nn_program *p, const nn_tensor *t, const int64_t index[NN_RANK])
{
	int64_t at = 0;
	for (int d = 0; d < t->rank; d++)
		at += term(t, d, index[d]);
	return t->offset + (size_t)at * (size_t)p->real_size;
}

/* 5 bits of exponent, 10 of fraction; below 2^-14 there is no leading 1. */
double nn_half(unsigned bits)
{
	int exponent = (int)(bits >> 10 & 31);
	double fraction = (double)(bits & 1023) / 1024, value = ldexp(1 + fraction, exponent - 15);
	if (exponent == 0)
		value = ldexp(fraction, -14);
	else if (exponent == 31)
		value = bits & 1023 ? (double)NAN : (double)INFINITY;
	return bits >> 15 ? -value : value;
}

static double load(const char *from, nn_dtype dtype)
{
	float f;
	uint16_t h;
	uint32_t bits;
	double d;
	int64_t i;
	int32_t k;
	switch (dtype) {
	case NN_F32:
		memcpy(&f, from, sizeof f);
		return (double)f;
	case NN_F64:
		memcpy(&d, from, sizeof d);
		return d;
	case NN_I64:
		memcpy(&i, from, sizeof i);
		return (double)i;
	case NN_I32:
		memcpy(&k, from, sizeof k);
		return k;
	case NN_F16:
		memcpy(&h, from, sizeof h);
		return nn_half(h);
	case NN_BF16: /* the upper half of an F32 */
		memcpy(&h, from, sizeof h);
		bits = (uint32_t)h << 16;
		memcpy(&f, &bits, sizeof f);
		return (double)f;
	default:
		return (unsigned char)*from;
	}
}

static void store(char *to, nn_dtype dtype, double value)
{
	float f = (float)value;
	int64_t i;
	switch (dtype) {
	case NN_F32:
		memcpy(to, &f, sizeof f);
		break;
	case NN_I64:
		i = (int64_t)value;
		memcpy(to, &i, sizeof i);
		break;
	default:
		memcpy(to, &value, sizeof value);
		break;
	}
}

/* A walk over elements in row-major order, without a division a step. */
typedef struct walk {
	const nn_tensor *t;      /* over what                                          */
	int64_t index[NN_RANK];  /* of the element                                     */
	int64_t within[NN_RANK]; /* its place in the axis' block                       */
	int64_t term[NN_RANK];   /* what the axis adds to the offset                   */
	int64_t at;              /* the offset: the sum of the terms, in elements      */
} walk;

static walk start(const nn_tensor *t, int64_t first)
{
	walk w = {.t = t};
	for (int d = t->rank - 1; d >= 0; d--) {
		w.index[d] = d > 0 ? first % t->dim[d] : first;
		w.within[d] = w.index[d] % t->block[d];
		w.term[d] = term(t, d, w.index[d]);
		w.at += w.term[d];
		first /= t->dim[d];
	}
	return w;
}

/* Axis 0 has no end here: who walks counts. */
static inline void next(walk *w)
{
	const nn_tensor *t = w->t;
	int d = t->rank - 1;
	for (; d > 0 && w->index[d] + 1 == t->dim[d]; d--) {
		w->at -= w->term[d];
		w->index[d] = w->within[d] = w->term[d] = 0;
	}
	if (d < 0)
		return;
	int64_t step = t->inner[d];
	if (++w->within[d] == t->block[d]) {
		w->within[d] = 0;
		step = t->outer[d] - (t->block[d] - 1) * t->inner[d];
	}
	w->index[d]++;
	w->term[d] += step;
	w->at += step;
}

void nn_tensor_get_some(const nn_program *p, const nn_tensor *t, const char *arena, int64_t first,
                        int64_t count, nn_dtype dtype, void *plain)
{
	char *to = plain;
	size_t wide = nn_dtype_size(dtype), size = (size_t)p->real_size;
	nn_dtype real = size == 4 ? NN_F32 : NN_F64;
	walk w = start(t, first);
	for (int64_t left = count; left > 0; left--, to += wide, next(&w)) {
		const char *from = arena + t->offset + (size_t)w.at * size;
		if (dtype == real)
			memcpy(to, from, size);
		else
			store(to, dtype, load(from, real));
	}
}

void nn_tensor_get(const nn_program *p, const nn_tensor *t, const char *arena, int64_t rows,
                   nn_dtype dtype, void *plain)
{
	nn_tensor_get_some(p, t, arena, 0, nn_tensor_count(t, rows), dtype, plain);
}

void nn_tensor_put_some(const nn_program *p, const nn_tensor *t, char *arena, int64_t first,
                        int64_t count, nn_dtype dtype, const void *plain)
{
	const char *from = plain;
	size_t wide = nn_dtype_size(dtype), size = (size_t)p->real_size;
	nn_dtype real = size == 4 ? NN_F32 : NN_F64;
	walk w = start(t, first);
	for (int64_t left = count; left > 0; left--, from += wide, next(&w)) {
		char *to = arena + t->offset + (size_t)w.at * size;
		if (dtype == real)
			memcpy(to, from, size);
		else
			store(to, real, load(from, dtype));
	}
}

void nn_tensor_put(const nn_program *p, const nn_tensor *t, char *arena, int64_t rows,
                   nn_dtype dtype, const void *plain)
{
	nn_tensor_put_some(p, t, arena, 0, nn_tensor_count(t, rows), dtype, plain);
}

static bool all_finite(const nn_program *p, const nn_tensor *t, const char *arena, int64_t rows)
{
	size_t size = (size_t)p->real_size;
	walk w = start(t, 0);
	for (int64_t left = nn_tensor_count(t, rows); left > 0; left--, next(&w)) {
		const char *at = arena + t->offset + (size_t)w.at * size;
		if (!isfinite(load(at, size == 4 ? NN_F32 : NN_F64)))
			return false;
	}
	return true;
}

const nn_tensor *nn_tensor_not_finite(const nn_program *p, nn_kind kind, const char *arena,
                                      int64_t rows)
{
	for (int i = 0; i < p->tensors; i++)
		if (p->tensor[i].kind == kind && !all_finite(p, &p->tensor[i], arena, rows))
			return &p->tensor[i];
	return NULL;
}
