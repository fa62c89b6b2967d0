/* data_npz.c: several arrays in one file: np.savez("d.npz", x=x, y=y), np.savez_compressed.
 *
 *     <training file="mnist.npz" images="x_train" labels="y_train"/>        default: x and y
 *
 * Such a file is a zip archive whose members are called x.npy, y.npy. Members are found through the
 * directory at its end, with 64-bit sizes where needed. One that is stored lies in the file as it
 * is; one that is deflated is unpacked, after its announced size was held against its packed one
 * (1032 : 1). Sums (CRC-32) are checked unless the file is mapped. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "npy.h"
#include "../base/text.h"

enum { DEFLATE_MOST = 1032, END = 22, MEMBER = 46, LOCAL = 30, COMMENT_MAX = 65535 };

typedef struct member {
	int method;      /* 0 stored, 8 deflated      */
	uint64_t packed; /* bytes in the file         */
	uint64_t size;   /* bytes unpacked            */
	uint64_t at;     /* of its local header       */
	uint32_t crc;    /* of the unpacked bytes     */
} member;

static uint64_t number(const uint8_t *p, int bytes)
{
	uint64_t v = 0;
	for (int i = bytes - 1; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static bool damaged(const char *path, nn_error *e)
{
	return nn_fail(e, NN_EXIT_DATA, "%s: damaged or cut short: not a zip archive of np.savez",
	               path);
}

/* Where the directory begins and how many members it lists. */
static bool find_directory(const nn_bytes *f, const char *path, uint64_t *at, uint64_t *count,
                           nn_error *e)
{
	if (f->size < END)
		return damaged(path, e);
	size_t last = f->size - END, first = last > COMMENT_MAX ? last - COMMENT_MAX : 0;
	size_t end = last;
	while (memcmp(f->at + end, "PK\5\6", 4))
		if (end-- == first)
			return damaged(path, e);
	*count = number(f->at + end + 10, 2);
	*at = number(f->at + end + 16, 4);
	/* A locator before it leads to the record with 64-bit numbers. */
	if (end < 20 || memcmp(f->at + end - 20, "PK\6\7", 4))
		return true;
	uint64_t record = number(f->at + end - 12, 8);
	if (record > f->size || f->size - record < 56 || memcmp(f->at + record, "PK\6\6", 4))
		return damaged(path, e);
	*count = number(f->at + record + 32, 8);
	*at = number(f->at + record + 48, 8);
	return true;
}

/* Numbers that are all ones stand, in this order, in the extra field of 64-bit numbers. */
static bool wide_numbers(member *m, const uint8_t *p, size_t len)
{
	uint64_t *field[3] = {&m->size, &m->packed, &m->at};
	while (len >= 4) {
		size_t size = number(p + 2, 2);
		if (size > len - 4)
			return false;
		const uint8_t *q = p + 4, *end = q + size;
		for (int i = 0; number(p, 2) == 1 && i < 3; i++) {
			if (*field[i] != UINT32_MAX)
				continue;
			if (end - q < 8)
				return false;
			*field[i] = number(q, 8);
			q += 8;
		}
		p += 4 + size;
		len -= 4 + size;
	}
	return true;
}

/* Adds a member's name of `len` bytes to the list of a message, or counts it where there is no
 * room. A name may hold anything, and the message goes to a terminal. */
static void note_name(char *names, size_t room, const char *name, size_t len, uint64_t *more)
{
	enum { COUNT = 32 }; /* kept for " and N more" */
	if (*more || strlen(names) + 2 + len + COUNT >= room) {
		++*more;
		return;
	}
	nn_append(names, room, names[0] ? ", " : "");
	for (size_t i = 0; i < len; i++)
		nn_append(names, room, "%c", name[i] > 31 && name[i] < 127 ? name[i] : '?');
}

static bool find_member(const nn_bytes *f, const char *path, const char *name, member *m,
                        nn_error *e)
{
	uint64_t at = 0, count = 0, more = 0;
	char names[256] = "";
	size_t len = strlen(name);
	if (!find_directory(f, path, &at, &count, e))
		return false;
	for (; count; count--) {
		if (at > f->size || f->size - at < MEMBER || memcmp(f->at + at, "PK\1\2", 4))
			return damaged(path, e);
		const uint8_t *p = f->at + at;
		size_t own = number(p + 28, 2), extra = number(p + 30, 2);
		uint64_t whole = MEMBER + own + extra + number(p + 32, 2);
		if (f->size - at < whole)
			return damaged(path, e);
		const char *text = (const char *)p + MEMBER;
		*m = (member){(int)number(p + 10, 2), number(p + 20, 4), number(p + 24, 4),
		              number(p + 42, 4), (uint32_t)number(p + 16, 4)};
		if (own == len + 4 && !memcmp(text, name, len) && !memcmp(text + len, ".npy", 4))
			return wide_numbers(m, p + MEMBER + own, extra) || damaged(path, e);
		note_name(names, sizeof names, text, own, &more);
		at += whole;
	}
	if (more)
		nn_append(names, sizeof names, "%s%llu more", names[0] ? " and " : "",
		          (unsigned long long)more);
	return nn_fail(e, NN_EXIT_DATA, "%s: holds no array '%s', but %s", path, name,
	               names[0] ? names : "nothing");
}

static bool inflate_member(const member *m, const uint8_t *from, const char *path, void **memory,
                           nn_error *e)
{
	if (m->size > m->packed * DEFLATE_MOST || m->packed > UINT_MAX || m->size > UINT_MAX)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: announces %llu bytes in %llu; 4 GiB and more are not unpacked, "
		               "save them with np.savez",
		               path, (unsigned long long)m->size, (unsigned long long)m->packed);
	*memory = nn_alloc(m->size, 1, path, e);
	if (!*memory)
		return false;
	z_stream z = {.next_in = (uint8_t *)from, .avail_in = (uInt)m->packed};
	z.next_out = *memory;
	z.avail_out = (uInt)m->size;
	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return nn_fail(e, NN_EXIT_MEMORY, "%s: not enough memory to unpack", path);
	int state = inflate(&z, Z_FINISH);
	bool whole = state == Z_STREAM_END && z.total_out == m->size;
	inflateEnd(&z);
	return whole || nn_fail(e, NN_EXIT_DATA, "%s: damaged: an array does not unpack", path);
}

static bool check_sum(const member *m, const uint8_t *data, const char *path, nn_error *e)
{
	uLong sum = crc32(0, NULL, 0);
	for (uint64_t i = 0; i < m->size; i += 1 << 30)
		sum = crc32(sum, data + i, (uInt)(m->size - i < 1 << 30 ? m->size - i : 1 << 30));
	return sum == m->crc || nn_fail(e, NN_EXIT_DATA, "%s: damaged: a checksum is wrong", path);
}

/* The array `name` of the archive; *memory is what it was unpacked to, if it was. */
static bool open_member(const nn_bytes *f, const char *path, const char *name, nn_array *a,
                        void **memory, nn_error *e)
{
	member m = {0};
	*memory = NULL;
	if (!find_member(f, path, name, &m, e))
		return false;
	if (m.at > f->size || f->size - m.at < LOCAL || memcmp(f->at + m.at, "PK\3\4", 4))
		return damaged(path, e);
	uint64_t from = m.at + LOCAL + number(f->at + m.at + 26, 2) + number(f->at + m.at + 28, 2);
	if (from > f->size || f->size - from < m.packed || (!m.method && m.packed != m.size))
		return damaged(path, e);
	const uint8_t *data = f->at + from;
	if (m.method == 8) {
		if (!inflate_member(&m, data, path, memory, e))
			return false;
		data = *memory;
	} else if (m.method) {
		return nn_fail(e, NN_EXIT_DATA, "%s: '%s' is packed by method %d; save it anew",
		               path, name, m.method);
	}
	return (f->map || check_sum(&m, data, path, e)) && nn_npy_open(a, path, data, m.size, e);
}

bool nn_read_npz(const nn_loader *l, nn_items *items, nn_error *e)
{
	char path[NN_PATH_MAX];
	nn_array a;
	void *values, *labels = NULL;
	const nn_source *s = l->source;
	if (!s->file)
		return nn_fail(e, NN_EXIT_DATA,
		               "<%s>: file=\"...\" is missing, format=\"npz\" needs it", s->split);
	if (!nn_join(path, l->root, s->file, e) || !nn_bytes_open(&items->file, path, e))
		return false;
	snprintf(items->name, sizeof items->name, "%.255s", path);
	bool ok = open_member(&items->file, path, s->images ? s->images : "x", &a, &values, e) &&
	          nn_npy_items(&a, l->settings->model, items, e);
	/* Unpacked values that were converted are not needed any more. */
	if (items->memory[0])
		free(values);
	else
		items->memory[0] = values;
	if (!ok || (!l->labels && !l->targets))
		return ok;
	ok = open_member(&items->file, path, s->labels ? s->labels : "y", &a, &labels, e) &&
	     nn_npy_labels(&a, l, items, e);
	free(labels);
	return ok;
}
