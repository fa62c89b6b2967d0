/* tensor.c: between plain row-major numbers and the layout of an arena.
 *
 * Files hold tensors as PyTorch does, row-major; kernels want them blocked, padded and permuted.
 * nn.h says where an element lies; here is the loop over all of them. The offset is a sum of one
 * term an axis, so the terms of the outer axes are added up once a row. */
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

static double load(const char *from, nn_dtype dtype)
{
	float f;
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

/* A walk over all elements in row-major order. */
typedef struct walk {
	const nn_tensor *t;     /* over what                             */
	int64_t index[NN_RANK]; /* of the row being walked, last axis 0  */
	int64_t rows;           /* left                                  */
	int64_t row;            /* elements of a row                     */
	int64_t base;           /* offset of the row, in elements        */
} walk;

static walk start(const nn_tensor *t, int64_t rows)
{
	walk w = {.t = t, .row = 1};
	if (t->rank > 0)
		w.row = t->rank == 1 && t->batched ? rows : t->dim[t->rank - 1];
	int64_t count = nn_tensor_count(t, rows);
	w.rows = w.row ? count / w.row : 0;
	return w;
}

/* Steps to the next row. */
static void next(walk *w)
{
	w->rows--;
	for (int d = w->t->rank - 2; d >= 0; d--) {
		if (++w->index[d] < w->t->dim[d])
			break;
		w->index[d] = 0;
	}
	w->base = 0;
	for (int d = 0; d < w->t->rank - 1; d++)
		w->base += term(w->t, d, w->index[d]);
}

/* Offset of element i of the row, in elements. */
static int64_t place(const walk *w, int64_t i)
{
	return w->t->rank ? w->base + term(w->t, w->t->rank - 1, i) : 0;
}

void nn_tensor_get(const nn_program *p, const nn_tensor *t, const char *arena, int64_t rows,
                   nn_dtype dtype, void *plain)
{
	char *to = plain;
	size_t wide = nn_dtype_size(dtype), size = (size_t)p->real_size;
	nn_dtype real = size == 4 ? NN_F32 : NN_F64;
	for (walk w = start(t, rows); w.rows > 0; next(&w))
		for (int64_t i = 0; i < w.row; i++, to += wide) {
			const char *from = arena + t->offset + (size_t)place(&w, i) * size;
			if (dtype == real)
				memcpy(to, from, size);
			else
				store(to, dtype, load(from, real));
		}
}

void nn_tensor_put(const nn_program *p, const nn_tensor *t, char *arena, int64_t rows,
                   nn_dtype dtype, const void *plain)
{
	const char *from = plain;
	size_t wide = nn_dtype_size(dtype), size = (size_t)p->real_size;
	nn_dtype real = size == 4 ? NN_F32 : NN_F64;
	for (walk w = start(t, rows); w.rows > 0; next(&w))
		for (int64_t i = 0; i < w.row; i++, from += wide) {
			char *to = arena + t->offset + (size_t)place(&w, i) * size;
			if (dtype == real)
				memcpy(to, from, size);
			else
				store(to, real, load(from, dtype));
		}
}

static bool all_finite(const nn_program *p, const nn_tensor *t, const char *arena, int64_t rows)
{
	size_t size = (size_t)p->real_size;
	for (walk w = start(t, rows); w.rows > 0; next(&w))
		for (int64_t i = 0; i < w.row; i++) {
			const char *at = arena + t->offset + (size_t)place(&w, i) * size;
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
