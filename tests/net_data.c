/* net_data.c: weights and batches for a network, and pictures for training.
 *
 * In: a description and random numbers (seed_with). Out: safetensors files for a trainer's `step`:
 *
 *     w.safetensors     every parameter and running statistic    w1   the same, each value moved to
 *     b.safetensors     x and y of a full batch                  b1   a neighbouring float
 *     p.safetensors     x and y of a part of a batch             p1
 *
 * Values are spread so that a rectifier at zero and two equal values under a pooling window are
 * unlikely. Whole numbers instead are small, and few weights differ from zero, so that all sums
 * stay below 2^24, where float is exact in any order. */
#include <math.h>
#include <string.h>

#include "../compiler/print/print.h"
#include "net_gen.h"

typedef struct Table {    /* a file in the making                                          */
	const char *name; /* of the tensor                                                 */
	bool whole;       /* I64, else F32                                                 */
	int rank, dim[MAX_DIM];
	double *value;
	int64_t count;
} Table;

static void put_u64(uint64_t x, FILE *out)
{
	for (int i = 0; i < 8; i++)
		fputc((int)(x >> 8 * i & 255), out);
}

static void put_number(const Table *t, int64_t i, FILE *out)
{
	float f = (float)t->value[i];
	if (t->whole)
		put_u64((uint64_t)(int64_t)t->value[i], out);
	else
		fwrite(&f, sizeof f, 1, out);
}

static int write_file(const Table *t, int n, const char *dir, const char *file)
{
	const char *path = format("%s/%s.safetensors", dir, file), *head = "{";
	int64_t at = 0;
	for (int i = 0; i < n; i++) {
		int64_t end = at + t[i].count * (t[i].whole ? 8 : 4);
		head = format("%s%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", head, i ? "," : "",
		              t[i].name, t[i].whole ? "I64" : "F32");
		for (int d = 0; d < t[i].rank; d++)
			head = format("%s%s%d", head, d ? "," : "", t[i].dim[d]);
		head = format("%s],\"data_offsets\":[%lld,%lld]}", head, (long long)at,
		              (long long)end);
		at = end;
	}
	head = format("%s}", head);
	head = format("%s%*s", head, (int)((8 - strlen(head) % 8) % 8), "");
	FILE *out = fopen(path, "wb");
	if (!out)
		fatal(1, "cannot write %s", path);
	put_u64(strlen(head), out);
	fputs(head, out);
	for (int i = 0; i < n; i++)
		for (int64_t k = 0; k < t[i].count; k++)
			put_number(&t[i], k, out);
	bool bad = ferror(out);
	return fclose(out) || bad;
}

/* Every float becomes one of its neighbours. */
static void shake(Table *t, int n)
{
	for (int i = 0; i < n; i++)
		for (int64_t k = 0; k < t[i].count && !t[i].whole; k++)
			t[i].value[k] = (double)nextafterf((float)t[i].value[k],
			                                   chance(50) ? INFINITY : -INFINITY);
}

static Table table(const char *name, bool whole, int rank, const int *dim)
{
	Table t = {.name = name, .whole = whole, .rank = rank, .count = 1};
	for (int d = 0; d < rank; d++) {
		t.dim[d] = dim[d];
		t.count *= dim[d];
	}
	t.value = alloc((size_t)t.count * sizeof *t.value);
	return t;
}

static double small_whole(void)
{
	return (double)((1 + below(3)) * (chance(50) ? 1 : -1));
}

/* A weight of fan-in `fan`; whole: about six of a neuron's weights are 1 or -1. */
static double draw_weight(int64_t fan, bool whole)
{
	if (whole)
		return uniform() * (double)fan < 6 ? (chance(50) ? 1 : -1) : 0;
	return 1.3 * normal() / sqrt((double)fan);
}

static Table draw_parameter(const Tensor *t, bool whole)
{
	Table w = table(t->name, false, t->file_rank, t->file_dim);
	const char *dot = strrchr(t->name, '.'), *kind = dot ? dot + 1 : t->name;
	int64_t fan = w.rank && w.dim[0] ? w.count / w.dim[0] : 1;
	for (int64_t i = 0; i < w.count; i++) {
		double z = normal();
		if (t->role == ROLE_RUNNING)
			w.value[i] = strstr(kind, "var") ? 0.5 + uniform() : 0.3 * z;
		else if (!strcmp(kind, "bias"))
			w.value[i] = whole ? small_whole() : 0.3 * z;
		else if (w.rank == 1 || t->init == NN_INIT_CONST)
			w.value[i] = 1 + 0.2 * z;
		else
			w.value[i] = draw_weight(fan, whole);
	}
	return w;
}

static int write_weights(const Prog *p, const char *dir, bool whole)
{
	Table *w = alloc((size_t)p->ntensor * sizeof *w);
	int n = 0;
	for (int i = 0; i < p->ntensor; i++) {
		const Tensor *t = p->tensor[i];
		if (t->role == ROLE_PARAM || t->role == ROLE_FROZEN || t->role == ROLE_RUNNING)
			w[n++] = draw_parameter(t, whole);
	}
	if (write_file(w, n, dir, "w"))
		return 1;
	shake(w, n);
	return write_file(w, n, dir, "w1");
}

static int write_batch(const Prog *p, const char *dir, const char *name, int live, bool whole)
{
	const Model *m = p->model;
	bool image = m->output->shape.rank == 3 && !m->output->shape.flat, in = m->input.rank == 3;
	const int *o = m->output->shape.dim, *i = m->input.dim;
	int flat = o[0] * (m->output->shape.rank == 3 ? o[1] * o[2] : 1);
	int x_dim[] = {live, i[0], i[1], i[2]}, y_dim[] = {live, image ? o[0] : flat, o[1], o[2]};
	Table t[2] = {table("x", false, in ? 4 : 2, x_dim)};
	t[1] = table("y", m->classes > 0, m->classes ? 1 : image ? 4 : 2, y_dim);
	for (int64_t k = 0; k < t[0].count; k++)
		t[0].value[k] = whole ? small_whole() : normal();
	for (int64_t k = 0; k < t[1].count; k++)
		t[1].value[k] = m->classes ? below(m->classes)
		                : whole    ? small_whole()
		                           : 0.02 + 0.96 * uniform();
	int n = m->target_input ? 1 : 2;
	if (write_file(t, n, dir, name))
		return 1;
	shake(t, n);
	return write_file(t, n, dir, format("%s1", name));
}

int write_data(Elem *root, const char *dir, bool whole)
{
	Model *m = error_count() ? NULL : model(root);
	if (!m || error_count())
		return 1;
	Prog *p = new(Prog);
	p->model = m;
	p->plain = true;
	p->lanes = 1;
	target_find("generic", &p->target);
	formula(p);
	int part = m->batch > 1 ? 1 + below(m->batch - 1) : 1;
	while (whole && part & (part - 1))
		part &= part - 1;
	return write_weights(p, dir, whole) || write_batch(p, dir, "b", m->batch, whole) ||
	       write_batch(p, dir, "p", part, whole);
}

/* ---- pictures ------------------------------------------------------------------------------ */

static void put_head(FILE *out, int rank, const int *dim)
{
	fputc(0, out);
	fputc(0, out);
	fputc(8, out);
	fputc(rank, out);
	for (int i = 0; i < rank; i++)
		for (int k = 24; k >= 0; k -= 8)
			fputc(dim[i] >> k & 255, out);
}

/* Each class is a bright square of its own place in noise. */
int write_idx(const char *dir, int items, int size, int classes)
{
	FILE *image = fopen(format("%s/images", dir), "wb");
	FILE *label = fopen(format("%s/labels", dir), "wb");
	if (!image || !label)
		fatal(1, "cannot write images and labels in %s", dir);
	put_head(image, 3, (int[]){items, size, size});
	put_head(label, 1, &items);
	for (int i = 0; i < items; i++) {
		int c = below(classes), half = size / 2, row = c * half / classes, col = c % half;
		for (int k = 0; k < size * size; k++) {
			bool inside = k / size - row >= 0 && k / size - row < half &&
			              k % size - col >= 0 && k % size - col < half;
			fputc(inside ? 120 + below(120) : below(120), image);
		}
		fputc(c, label);
	}
	bool bad = ferror(image) || ferror(label);
	return fclose(image) || fclose(label) || bad;
}
