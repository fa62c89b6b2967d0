/* data_cifar.c: CIFAR-10 and CIFAR-100, binary version (Krizhevsky 2009).
 *
 *     <training files="data_batch_1.bin data_batch_2.bin ..."/>  <test file="test_batch.bin"/>
 *     a record: its label (CIFAR-100: the coarse one of 20, then the fine one of 100), then
 *     3 x 32 x 32 bytes, red, green and blue plane
 *
 * The number of classes tells which of the two it is and which label counts. Every file is read
 * once for its labels; records that fit the budget stay (store.c), the others are read again when a
 * batch needs them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data.h"

enum { PIXELS = 3 * 32 * 32, FILES = 1024, BLOCK = 256 };

typedef struct part {
	int fd;        /* of the file                    */
	int64_t first; /* number of its first item       */
	char *path;    /* for messages                   */
} part;

typedef struct cifar {
	part *file;    /* [FILES], in order              */
	int files;     /* how many                       */
	int labels;    /* bytes of labels in a record    */
	int64_t count; /* items                          */
} cifar;

static void close_files(void *source)
{
	cifar *c = source;
	for (int i = 0; i < c->files; i++) {
		close(c->file[i].fd);
		free(c->file[i].path);
	}
	free(c->file);
	free(c);
}

/* Reads `count` bytes at `at`. */
static bool read_at(const part *f, void *bytes, size_t count, int64_t at, nn_error *e)
{
	char *p = bytes;
	while (count) {
		ssize_t got = pread(f->fd, p, count, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return nn_fail(e, NN_EXIT_IO, "%s: cannot read: %s", f->path,
			               strerror(errno));
		if (!got)
			return nn_fail(e, NN_EXIT_DATA, "%s: became shorter", f->path);
		p += got;
		at += got;
		count -= (size_t)got;
	}
	return true;
}

static bool fetch(const void *source, int64_t item, uint8_t *values, nn_scratch *scratch,
                  nn_error *e)
{
	const cifar *c = source;
	int i = c->files - 1;
	(void)scratch;
	while (item < c->file[i].first)
		i--;
	int64_t record = item - c->file[i].first;
	return read_at(&c->file[i], values, PIXELS, record * (PIXELS + c->labels) + c->labels, e);
}

/* Opens a file; its records must be whole ones. */
static bool add_file(cifar *c, const char *path, nn_error *e)
{
	struct stat st;
	if (c->files == FILES)
		return nn_fail(e, NN_EXIT_DATA, "more than %d files", FILES);
	part *f = &c->file[c->files];
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0)
		return nn_fail(e, errno == ENOENT || errno == ENOTDIR ? NN_EXIT_INPUT : NN_EXIT_IO,
		               "%s: cannot open: %s", path, strerror(errno));
	c->files++;
	f->first = c->count;
	f->path = nn_alloc(strlen(path) + 1, 1, path, e);
	if (!f->path)
		return false;
	memcpy(f->path, path, strlen(path) + 1);
	if (fstat(f->fd, &st) || !S_ISREG(st.st_mode))
		return nn_fail(e, NN_EXIT_DATA, "%s: not a regular file", path);
	int64_t record = PIXELS + c->labels;
	if (!st.st_size || st.st_size % record)
		return nn_fail(
		        e, NN_EXIT_DATA,
		        "%s: %lld bytes are no whole number of records of %lld: %d of labels "
		        "and %d of pixels; is this the binary version of CIFAR-%s?",
		        path, (long long)st.st_size, (long long)record, c->labels, PIXELS,
		        c->labels == 1 ? "10" : "100");
	c->count += st.st_size / record;
	return c->count < UINT32_MAX || nn_fail(e, NN_EXIT_DATA, "more than 2^32 items");
}

static bool add_files(cifar *c, const nn_loader *l, nn_error *e)
{
	char name[NN_PATH_MAX], path[NN_PATH_MAX];
	int classes = l->settings->model->classes;
	c->labels = classes == 20 || classes == 100 ? 2 : 1;
	c->file = nn_alloc(FILES, sizeof *c->file, "data", e);
	bool ok = c->file != NULL;
	for (const char *at = NULL; ok && nn_next_file(l->source, &at, name);)
		ok = nn_join(path, l->root, name, e) && add_file(c, path, e);
	return ok && (c->count || nn_fail(e, NN_EXIT_DATA, "<%s>: no files", l->source->split));
}

/* Labels of all items; pixels of those that stay. */
static bool read_through(const nn_loader *l, nn_items *items, const cifar *c, nn_error *e)
{
	int record = PIXELS + c->labels;
	bool fine = l->settings->model->classes == 100;
	uint8_t *block = nn_alloc(BLOCK, (unsigned)record, "data", e);
	bool ok = block && (!l->labels || nn_labels_open(items, items->name, e));
	for (int k = 0; ok && k < c->files; k++) {
		const part *f = &c->file[k];
		int64_t end = k + 1 < c->files ? c->file[k + 1].first : c->count;
		for (int64_t i = f->first, n; ok && i < end; i += n) {
			n = end - i < BLOCK ? end - i : BLOCK;
			ok = read_at(f, block, (size_t)(n * record), (i - f->first) * record, e);
			for (int64_t j = 0; ok && j < n; j++) {
				const uint8_t *p = block + j * record;
				nn_store_put(items->store, i + j, p + c->labels);
				ok = !l->labels ||
				     nn_label_set(l, items, i + j, p[fine], f->path, e);
			}
		}
	}
	free(block);
	return ok;
}

bool nn_read_cifar(const nn_loader *l, nn_items *items, nn_error *e)
{
	if (!l->source->file && !l->source->files)
		return nn_fail(e, NN_EXIT_DATA,
		               "<%s>: file=\"...\" or files=\"...\" is missing, format=\"cifar\" "
		               "needs it",
		               l->source->split);
	if (l->targets)
		return nn_fail(e, NN_EXIT_DATA,
		               "format=\"cifar\" has labels, but the loss wants %lld real values "
		               "an item",
		               (long long)l->targets);
	if (!nn_data_shape(l->settings->model, "format=\"cifar\"", "3x32x32", PIXELS, e))
		return false;
	cifar *c = nn_alloc(1, sizeof *c, "data", e);
	if (!c)
		return false;
	if (!add_files(c, l, e)) {
		close_files(c);
		return false;
	}
	snprintf(items->name, sizeof items->name, "%.255s", c->file[0].path);
	items->count = c->count;
	items->values = PIXELS;
	items->store = nn_store_open(c->count, PIXELS, fetch, c, close_files, e);
	if (!items->store)
		return false;
	items->u8 = items->store->at;
	return read_through(l, items, c, e);
}
