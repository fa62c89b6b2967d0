/* init.c: initial values of parameters, running statistics and optimizer state.
 *
 * Element k (row-major) of a parameter is a function of the seed, the parameter's name and k: the
 * layout, the number of threads and the other layers do not matter, so a network that gains a layer
 * keeps the initial values of the others. The compiler has turned fan-in, fan-out and gains into
 * one `scale`; nothing here knows a kind of layer.
 *
 * Orthogonal: a [rows, rest] matrix of normals, orthonormalised by modified Gram-Schmidt, twice
 * (Giraud et al. 2005: twice is enough), along its shorter side. */
#include <math.h>
#include <stdlib.h>

#include "../kernel/nn_rand.h"
#include "tensor.h"

/* FNV-1a, 64 bit. */
static uint64_t hash_name(const char *name)
{
	uint64_t h = UINT64_C(14695981039346656037);
	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return h;
}

static double value(const nn_tensor *t, uint64_t seed, uint64_t name, int64_t k)
{
	switch (t->init) {
	case NN_INIT_CONST:
		return t->scale;
	case NN_INIT_NORMAL:
		return t->scale * nn_rand_normal(seed, NN_RAND_INIT, name, (uint64_t)k);
	case NN_INIT_UNIFORM:
		return t->scale * (2 * nn_rand_double(seed, NN_RAND_INIT, name, (uint64_t)k) - 1);
	case NN_INIT_ORTHOGONAL:
		return nn_rand_normal(seed, NN_RAND_INIT, name, (uint64_t)k);
	case NN_INIT_NONE:
		break;
	}
	return 0;
}

/* Makes vector v orthogonal to the vectors before it, and of length 1. Element i of vector v is
 * m[v * across + i * along]. */
static void orthogonalise(double *m, int64_t v, int64_t len, int64_t across, int64_t along)
{
	double *x = m + v * across;
	for (int64_t u = 0; u < 2 * v; u++) {
		const double *y = m + u % v * across;
		double dot = 0;
		for (int64_t i = 0; i < len; i++)
			dot += x[i * along] * y[i * along];
		for (int64_t i = 0; i < len; i++)
			x[i * along] -= dot * y[i * along];
	}
	double norm = 0;
	for (int64_t i = 0; i < len; i++)
		norm += x[i * along] * x[i * along];
	norm = sqrt(norm);
	for (int64_t i = 0; norm > 0 && i < len; i++)
		x[i * along] /= norm;
}

static void orthogonal(const nn_tensor *t, double *m, int64_t count)
{
	int64_t rows = t->rank ? t->dim[0] : 1, columns = rows ? count / rows : 0;
	bool wide = rows <= columns;
	int64_t vectors = wide ? rows : columns, len = wide ? columns : rows;
	for (int64_t v = 0; v < vectors; v++)
		orthogonalise(m, v, len, wide ? columns : 1, wide ? 1 : columns);
	for (int64_t k = 0; k < count; k++)
		m[k] *= t->scale;
}

/* A tensor whose elements depend on each other: thread 0 alone makes it. */
static bool whole(const nn_program *p, const nn_tensor *t, char *arena, uint64_t seed, nn_error *e)
{
	int64_t count = nn_tensor_count(t, 0);
	uint64_t name = hash_name(t->name);
	double *m = nn_alloc((size_t)count, sizeof *m, "initial weights", e);
	if (!m)
		return false;
	for (int64_t k = 0; k < count; k++)
		m[k] = value(t, seed, name, k);
	orthogonal(t, m, count);
	nn_tensor_put(p, t, arena, 0, NN_F64, m);
	free(m);
	return true;
}

typedef struct initial {
	const nn_program *p; /* whose tensors are filled */
	char *arena;
	uint64_t seed;
} initial;

/* The elements [from, to) of one tensor, some at a time. */
static void fill(const initial *n, const nn_tensor *t, int64_t from, int64_t to)
{
	enum { SOME = 256 };
	double values[SOME];
	uint64_t name = hash_name(t->name);
	for (int64_t k = from; k < to; k += SOME) {
		int64_t count = to - k < SOME ? to - k : SOME;
		for (int64_t i = 0; i < count; i++)
			values[i] = value(t, n->seed, name, k + i);
		nn_tensor_put_some(n->p, t, n->arena, k, count, NN_F64, values);
	}
}

static bool is_initial(const nn_tensor *t)
{
	return t->kind <= NN_STATE;
}

/* A thread's share of every tensor. */
static void fill_share(void *arg, int thread, int threads)
{
	const initial *n = arg;
	for (int i = 0; i < n->p->tensors; i++) {
		const nn_tensor *t = &n->p->tensor[i];
		int64_t count = nn_tensor_count(t, 0);
		if (is_initial(t) && t->init != NN_INIT_ORTHOGONAL)
			fill(n, t, count * thread / threads, count * (thread + 1) / threads);
	}
}

bool nn_initialise(const nn_program *p, char *arena, nn_team *team, uint64_t seed, nn_error *e)
{
	initial n = {p, arena, seed};
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *t = &p->tensor[i];
		if (is_initial(t) && t->init == NN_INIT_ORTHOGONAL && !whole(p, t, arena, seed, e))
			return false;
	}
	if (team)
		nn_team_each(team, fill_share, &n);
	else
		fill_share(&n, 0, 1);
	return true;
}
