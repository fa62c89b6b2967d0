/* data_npy.c: arrays as NumPy saves them: np.save("x.npy", x).
 *
 *     "\x93NUMPY", version, length of the header, the header, then the values
 *     {'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }
 *
 * The first axis counts items, the others are the network's input: [n,C,H,W], [n,H,W] with one
 * channel, or [n,F]. uint8 stays 8-bit and counts as a picture's (0 to 255 becomes 0 to 1); every
 * other type (integers, bool, floats of 2, 4 and 8 bytes, of either byte order) becomes float and
 * keeps its numbers. Fortran's order is put in C's. The values must fill the file exactly, so no
 * header can announce more than there is. */
#include "npy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/tensor.h"
#include "../base/text.h"

enum { HEADER_MAX = 4096 };

/* What follows 'key': in the header, or NULL. */
static const char *after_key(const char *header, const char *key)
{
	const char *p = strstr(header, key);
	p = p ? strchr(p, ':') : NULL;
	return p ? p + 1 + strspn(p + 1, " ") : NULL;
}

static bool read_type(nn_array *a, const char *p, nn_error *e)
{
	static const char *const known[] = {"u1", "u2", "u4", "u8", "i1", "i2",
	                                    "i4", "i8", "f2", "f4", "f8", "b1"};
	char text[16] = "";
	if (p && (*p == '\'' || *p == '"'))
		snprintf(text, sizeof text, "%.*s", (int)strcspn(p + 1, "'\""), p + 1);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strlen(text) != 3 || strcmp(text + 1, known[i]))
			continue;
		a->kind = text[1];
		a->size = text[2] - '0';
		a->big = text[0] == '>' && a->size > 1;
		if (strchr("<>|=", text[0]))
			return true;
	}
	return nn_fail(e, NN_EXIT_DATA,
	               "%s: values of type '%s'; integers, bool and floats of 2, 4 and 8 bytes are "
	               "read: convert it with astype(\"float32\")",
	               a->path, text);
}

static bool read_shape(nn_array *a, const char *p, nn_error *e)
{
	a->count = 1;
	bool fine = p && *p == '(';
	for (p = fine ? p + 1 : p; fine && *p != ')'; p += strspn(p, ", ")) {
		char *end;
		long long n = strtoll(p, &end, 10);
		if (a->rank == NN_NPY_RANK)
			return nn_fail(e, NN_EXIT_DATA, "%s: more than %d axes", a->path,
			               NN_NPY_RANK);
		fine = end > p && *p >= '0' && *p <= '9';
		if (fine && __builtin_mul_overflow(a->count, n, &a->count))
			return nn_fail(e, NN_EXIT_DATA, "%s: impossible shape", a->path);
		a->dim[a->rank++] = n;
		p = end;
	}
	if (!fine)
		return nn_fail(e, NN_EXIT_DATA, "%s: no shape in its header", a->path);
	if (a->rank < 1 || a->count < 1 || a->dim[0] >= UINT32_MAX)
		return nn_fail(e, NN_EXIT_DATA, "%s: holds no items, or more than 2^32", a->path);
	return true;
}

bool nn_npy_open(nn_array *a, const char *path, const uint8_t *bytes, size_t count, nn_error *e)
{
	char header[HEADER_MAX];
	*a = (nn_array){.path = path};
	if (count < 12 || memcmp(bytes, "\x93NUMPY", 6) || bytes[6] < 1 || bytes[6] > 3)
		return nn_fail(e, NN_EXIT_DATA, "%s: not a file of np.save", path);
	bool old = bytes[6] == 1;
	size_t from = old ? 10 : 12, len = bytes[8] | (size_t)bytes[9] << 8;
	if (!old)
		len |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
	if (len > count - from || len >= sizeof header)
		return nn_fail(e, NN_EXIT_DATA, "%s: ends inside its header", path);
	memcpy(header, bytes + from, len);
	header[len] = 0;
	const char *order = after_key(header, "'fortran_order'");
	if (!read_type(a, after_key(header, "'descr'"), e) ||
	    !read_shape(a, after_key(header, "'shape'"), e))
		return false;
	a->fortran = order && !strncmp(order, "True", 4);
	if (!order || (!a->fortran && strncmp(order, "False", 5) != 0))
		return nn_fail(e, NN_EXIT_DATA, "%s: no fortran_order in its header", path);
	size_t have = count - from - len, need;
	if (__builtin_mul_overflow((size_t)a->count, (size_t)a->size, &need) || need != have)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: its header announces %lld values of %d bytes, %zu bytes follow",
		               path, (long long)a->count, a->size, have);
	a->data = bytes + from + len;
	return true;
}

/* Where value i of C's order lies. */
static int64_t place(const nn_array *a, int64_t i)
{
	int64_t at = 0, step = a->count;
	for (int d = a->rank - 1; a->fortran && d >= 0; d--) {
		step /= a->dim[d];
		at += i % a->dim[d] * step;
		i /= a->dim[d];
	}
	return a->fortran ? at : i;
}

/* Value i, in C's order. */
static double value_at(const nn_array *a, int64_t i)
{
	const uint8_t *p = (const uint8_t *)a->data + place(a, i) * a->size;
	uint64_t bits = 0;
	for (int k = 0; k < a->size; k++)
		bits |= (uint64_t)p[a->big ? a->size - 1 - k : k] << 8 * k;
	if (a->kind == 'f' && a->size == 2)
		return nn_half((unsigned)bits);
	if (a->kind == 'f' && a->size == 4) {
		float v;
		uint32_t low = (uint32_t)bits;
		memcpy(&v, &low, sizeof v);
		return (double)v;
	}
	if (a->kind == 'f') {
		double v;
		memcpy(&v, &bits, sizeof v);
		return v;
	}
	int unused = 64 - 8 * a->size;
	if (a->kind == 'i')
		return (double)((int64_t)(bits << unused) >> unused);
	return (double)bits;
}

static bool to_float(const nn_array *a, void **memory, nn_error *e)
{
	float *v = *memory = nn_alloc((size_t)a->count, sizeof *v, a->path, e);
	for (int64_t i = 0; v && i < a->count; i++)
		v[i] = (float)value_at(a, i);
	return v != NULL;
}

/* Bytes of Fortran's order in C's. */
static bool in_order(const nn_array *a, void **memory, nn_error *e)
{
	uint8_t *v = *memory = nn_alloc((size_t)a->count, 1, a->path, e);
	for (int64_t i = 0; v && i < a->count; i++)
		v[i] = ((const uint8_t *)a->data)[place(a, i)];
	return v != NULL;
}

bool nn_npy_items(const nn_array *a, const nn_model *m, nn_items *items, nn_error *e)
{
	char dim[96];
	if (!a->data || a->dim[0] < 1)
		return nn_fail(e, NN_EXIT_INTERNAL, "%s: no array", a->path);
	nn_dims_text(dim, sizeof dim, a->dim + 1, a->rank - 1, "x");
	items->count = a->dim[0];
	items->values = a->count / a->dim[0];
	/* [n,H,W,C] is what other systems save. */
	if (a->rank == 4 && m->input_rank == 3 && a->dim[3] == m->input[0] &&
	    a->dim[1] == m->input[1] && a->dim[2] == m->input[2] && a->dim[1] != m->input[0])
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: its items are %s, height x width x channels; save "
		               "x.transpose(0, 3, 1, 2)",
		               a->path, dim);
	if (!nn_data_shape(m, a->path, dim, items->values, e))
		return false;
	bool bytes = a->kind == 'u' && a->size == 1, floats = a->kind == 'f' && a->size == 4;
	if (bytes && !a->fortran)
		items->u8 = a->data;
	else if (bytes && in_order(a, &items->memory[0], e))
		items->u8 = items->memory[0];
	else if (floats && !a->fortran && !a->big && (uintptr_t)a->data % sizeof(float) == 0)
		items->f32 = a->data;
	else if (!bytes && to_float(a, &items->memory[0], e))
		items->f32 = items->memory[0];
	return !e->code;
}

bool nn_npy_labels(const nn_array *a, const nn_loader *l, nn_items *items, nn_error *e)
{
	if (!a->data || a->dim[0] < 1)
		return nn_fail(e, NN_EXIT_INTERNAL, "%s: no array", a->path);
	int64_t wanted = l->labels ? 1 : l->targets, each = a->count / a->dim[0];
	if (a->dim[0] != items->count)
		return nn_fail(e, NN_EXIT_DATA, "%s: labels of %lld items, but there are %lld",
		               a->path, (long long)a->dim[0], (long long)items->count);
	if (each != wanted)
		return nn_fail(e, NN_EXIT_DATA, "%s: %lld values an item, expected %lld%s", a->path,
		               (long long)each, (long long)wanted,
		               l->labels ? ", the number of its class: y.argmax(1)" : "");
	snprintf(items->target_name, sizeof items->target_name, "%.255s", a->path);
	if (l->targets) {
		if (!to_float(a, &items->memory[2], e))
			return false;
		items->target = items->memory[2];
		items->targets = l->targets;
		return true;
	}
	if (!nn_labels_open(items, a->path, e))
		return false;
	for (int64_t i = 0; i < items->count; i++) {
		double v = value_at(a, i);
		bool whole = v >= -1e9 && v <= 1e9 && v == floor(v);
		if (!whole && !l->lenient)
			return nn_fail(e, NN_EXIT_DATA, "%s: item %lld: label %g is no class",
			               a->path, (long long)i, v);
		if (!nn_label_set(l, items, i, whole ? (int64_t)v : -1, a->path, e))
			return false;
	}
	return true;
}

bool nn_rows_npy(const char *path, const nn_loader *l, nn_items *items, nn_error *e)
{
	nn_array a;
	snprintf(items->name, sizeof items->name, "%.255s", path);
	return nn_bytes_open(&items->file, path, e) &&
	       nn_npy_open(&a, path, items->file.at, items->file.size, e) &&
	       nn_npy_items(&a, l->settings->model, items, e);
}

bool nn_read_npy(const nn_loader *l, nn_items *items, nn_error *e)
{
	char path[NN_PATH_MAX];
	nn_array a;
	nn_bytes file = {0};
	const nn_source *source = l->source;
	bool labels = l->labels || l->targets;
	if (!source->images || (labels && !source->labels))
		return nn_fail(e, NN_EXIT_DATA,
		               "<%s>: %s=\"...\" is missing, format=\"npy\" needs it",
		               source->split, source->images ? "labels" : "images");
	if (!nn_join(path, l->root, source->images, e) || !nn_rows_npy(path, l, items, e))
		return false;
	if (!labels)
		return true;
	bool ok = nn_join(path, l->root, source->labels, e) && nn_bytes_open(&file, path, e) &&
	          nn_npy_open(&a, path, file.at, file.size, e) && nn_npy_labels(&a, l, items, e);
	nn_bytes_close(&file);
	return ok;
}
