/* data_idx.c: the format of MNIST and its kin.
 *
 *     2 zero bytes, type (8: unsigned 8-bit), number of dimensions, each dimension as 4 bytes
 *     big-endian, then the values
 *
 * plain or gzipped. A plain file is mapped when it is larger than memory allows (store.c). A
 * gzipped file is inflated to exactly what its header implies: an announced size that deflate
 * cannot reach (1032 : 1) is refused before memory is taken, and so is a stream that goes on or
 * stops early.
 * Values stay 8-bit. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "data.h"
#include "../file/io.h"
#include "../base/text.h"

enum { HEAD_MAX = 4 + 4 * 4, DEFLATE_MOST = 1032 };

typedef struct idx {
	const char *path; /* for messages                          */
	int rank;         /* dimensions                            */
	int64_t dim[4];   /* dim[0] is the number of items         */
	int64_t bytes;    /* product of the dimensions             */
	size_t head;      /* bytes of the header                   */
} idx;

/* Checks the first `len` bytes of a file; `most` is what the whole of it can hold. */
static bool read_head(idx *x, const unsigned char *p, size_t len, uint64_t most, nn_error *e)
{
	if (len < 4 || p[0] || p[1])
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: not an idx file: it should begin with two zero "
		               "bytes, a type and a number of dimensions",
		               x->path);
	if (p[2] != 8)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: values of type 0x%02x; only unsigned 8-bit "
		               "(0x08) is read",
		               x->path, p[2]);
	if (p[3] < 1 || p[3] > 4)
		return nn_fail(e, NN_EXIT_DATA, "%s: %d dimensions; 1 to 4 can be read", x->path,
		               p[3]);
	x->rank = p[3];
	x->head = 4 + 4 * (size_t)x->rank;
	if (len < x->head)
		return nn_fail(e, NN_EXIT_DATA, "%s: ends inside its header", x->path);
	x->bytes = 1;
	for (int d = 0; d < x->rank; d++) {
		const unsigned char *q = p + 4 + (ptrdiff_t)4 * d;
		x->dim[d] = (int64_t)q[0] << 24 | q[1] << 16 | q[2] << 8 | q[3];
		if (__builtin_mul_overflow(x->bytes, x->dim[d], &x->bytes))
			return nn_fail(e, NN_EXIT_DATA, "%s: impossible dimensions", x->path);
	}
	if (x->dim[0] > UINT32_MAX - 1 || x->bytes == 0)
		return nn_fail(e, NN_EXIT_DATA, "%s: no values: a dimension is 0", x->path);
	if ((uint64_t)x->bytes + x->head > most)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: cut short or damaged: its header announces %lld "
		               "values (%lld items), the file cannot hold more than %llu bytes",
		               x->path, (long long)x->bytes, (long long)x->dim[0],
		               (unsigned long long)most);
	return true;
}

/* Inflates exactly `want` bytes into `to`. */
static bool inflate_some(z_stream *z, const char *path, void *to, int64_t want, nn_error *e)
{
	unsigned char *p = to;
	while (want > 0) {
		uInt piece = want > 1 << 30 ? 1u << 30 : (uInt)want;
		z->next_out = p;
		z->avail_out = piece;
		int state = inflate(z, Z_NO_FLUSH);
		uInt done = piece - z->avail_out;
		p += done;
		want -= done;
		if (state == Z_MEM_ERROR)
			return nn_fail(e, NN_EXIT_MEMORY, "%s: not enough memory", path);
		if ((state != Z_OK && state != Z_STREAM_END) || (!done && want))
			return nn_fail(e, NN_EXIT_DATA, "%s: damaged or cut short: %s", path,
			               z->msg ? z->msg : "the compressed data end too early");
		if (state == Z_STREAM_END && want)
			return nn_fail(e, NN_EXIT_DATA, "%s: cut short: %lld bytes are missing",
			               path, (long long)want);
	}
	return true;
}

/* The stream must end here, with a checksum that is right. */
static bool inflate_end(z_stream *z, const char *path, nn_error *e)
{
	unsigned char more;
	z->next_out = &more;
	z->avail_out = 1;
	int state = inflate(z, Z_FINISH);
	if (state == Z_STREAM_END && z->avail_out == 1)
		return true;
	return nn_fail(e, NN_EXIT_DATA, "%s: %s", path,
	               z->avail_out == 0 ? "holds more values than its header announces"
	               : z->msg          ? z->msg
	                                 : "cut short: its checksum is missing");
}

static bool inflate_file(idx *x, z_stream *z, size_t packed, void **memory, nn_error *e)
{
	unsigned char head[HEAD_MAX];
	uint64_t most = (uint64_t)packed * DEFLATE_MOST;
	if (!inflate_some(z, x->path, head, 4, e))
		return false;
	int rank = head[3] >= 1 && head[3] <= 4 ? head[3] : 0;
	if (!inflate_some(z, x->path, head + 4, (int64_t)4 * rank, e) ||
	    !read_head(x, head, 4 + 4 * (size_t)rank, most, e))
		return false;
	*memory = nn_alloc((size_t)x->bytes, 1, x->path, e);
	return *memory && inflate_some(z, x->path, *memory, x->bytes, e) &&
	       inflate_end(z, x->path, e);
}

static bool unpack(idx *x, const uint8_t *file, size_t size, void **memory, nn_error *e)
{
	z_stream z = {.next_in = (uint8_t *)file, .avail_in = (uInt)size};
	if (size > UINT_MAX)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: gzipped files of 4 GiB and more are not read: "
		               "unpack it first",
		               x->path);
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return nn_fail(e, NN_EXIT_MEMORY, "%s: not enough memory to unpack", x->path);
	bool ok = inflate_file(x, &z, size, memory, e);
	inflateEnd(&z);
	if (!ok) {
		free(*memory);
		*memory = NULL;
	}
	return ok;
}

/* An idx file: the values at *bytes, inside of *file or *memory, whichever is used. */
static bool open_idx(const char *path, idx *x, nn_bytes *file, void **memory, const uint8_t **bytes,
                     nn_error *e)
{
	*x = (idx){.path = path};
	*memory = NULL;
	if (!nn_bytes_open(file, path, e))
		return false;
	if (file->size > 2 && !memcmp(file->at, "\x1f\x8b", 2)) {
		bool ok = unpack(x, file->at, file->size, memory, e);
		nn_bytes_close(file);
		*bytes = *memory;
		return ok;
	}
	bool ok = read_head(x, file->at, file->size, file->size, e);
	if (ok && (uint64_t)x->bytes + x->head < file->size)
		ok = nn_fail(e, NN_EXIT_DATA, "%s: holds more values than its header announces",
		             path);
	if (!ok)
		nn_bytes_close(file);
	*bytes = ok ? file->at + x->head : NULL;
	return ok;
}

/* The file under its name, or with .gz added or taken away when only that is there. */
static bool locate(const nn_loader *l, const char *name, char path[NN_PATH_MAX], nn_error *e)
{
	if (!nn_join(path, l->root, name, e))
		return false;
	size_t len = strlen(path);
	if (nn_exists(path) || len + 4 > NN_PATH_MAX)
		return true;
	char other[NN_PATH_MAX] = "";
	memcpy(other, path, len + 1);
	if (len > 3 && !strcmp(path + len - 3, ".gz"))
		other[len - 3] = 0;
	else
		memcpy(other + len, ".gz", 4);
	if (nn_exists(other))
		memcpy(path, other, sizeof other);
	return true;
}

bool nn_rows_idx(const char *path, const nn_loader *l, nn_items *items, nn_error *e)
{
	idx x;
	char dim[64];
	if (!open_idx(path, &x, &items->file, &items->memory[0], &items->u8, e) || x.dim[0] < 1)
		return false;
	snprintf(items->name, sizeof items->name, "%.255s", path);
	items->count = x.dim[0];
	items->values = x.bytes / x.dim[0];
	nn_dims_text(dim, sizeof dim, x.dim + 1, x.rank - 1, "x");
	return nn_data_shape(l->settings->model, path, dim, items->values, e);
}

static bool take_labels(const nn_loader *l, nn_items *items, const char *path, const uint8_t *bytes,
                        nn_error *e)
{
	if (!nn_labels_open(items, path, e))
		return false;
	for (int64_t i = 0; bytes && i < items->count; i++)
		if (!nn_label_set(l, items, i, bytes[i], path, e))
			return false;
	return true;
}

static bool take_targets(const nn_loader *l, nn_items *items, const char *path,
                         const uint8_t *bytes, nn_error *e)
{
	size_t count = (size_t)(items->count * l->targets);
	float *target = nn_alloc(count, sizeof *target, path, e);
	snprintf(items->target_name, sizeof items->target_name, "%.255s", path);
	items->memory[1] = target;
	items->target = target;
	items->targets = l->targets;
	for (size_t i = 0; target && bytes && i < count; i++)
		target[i] = bytes[i];
	return target != NULL;
}

static bool read_labels(const nn_loader *l, nn_items *items, const char *images, nn_error *e)
{
	idx x;
	nn_bytes file = {0};
	char path[NN_PATH_MAX];
	int64_t wanted = l->labels ? 1 : l->targets;
	const uint8_t *bytes = NULL;
	void *memory;
	if (!l->source->labels)
		return nn_fail(e, NN_EXIT_DATA,
		               "<%s>: labels=\"...\" is missing, and the loss needs them",
		               l->source->split);
	if (!locate(l, l->source->labels, path, e) ||
	    !open_idx(path, &x, &file, &memory, &bytes, e))
		return false;
	bool ok = bytes && x.dim[0] > 0;
	if (x.dim[0] != items->count)
		ok = nn_fail(e, NN_EXIT_DATA, "%s: %lld labels, but %s has %lld items", path,
		             (long long)x.dim[0], images, (long long)items->count);
	else if (ok && x.bytes / x.dim[0] != wanted)
		ok = nn_fail(e, NN_EXIT_DATA, "%s: %lld values an item, expected %lld", path,
		             (long long)(x.bytes / x.dim[0]), (long long)wanted);
	ok = ok && (l->labels ? take_labels(l, items, path, bytes, e)
	                      : take_targets(l, items, path, bytes, e));
	nn_bytes_close(&file);
	free(memory);
	return ok;
}

bool nn_read_idx(const nn_loader *l, nn_items *items, nn_error *e)
{
	char path[NN_PATH_MAX];
	if (!l->source->images)
		return nn_fail(e, NN_EXIT_DATA,
		               "<%s>: images=\"...\" is missing, format=\"idx\" needs it",
		               l->source->split);
	return locate(l, l->source->images, path, e) && nn_rows_idx(path, l, items, e) &&
	       ((!l->labels && !l->targets) || read_labels(l, items, path, e));
}
