/* safetensors.c: reads and writes the file format of weights, batches and checkpoints.
 *
 *     8 bytes    length of the header, little-endian
 *     header     {"__metadata__":{"key":"value"},"conv1.weight":{"dtype":"F32","shape":[6,1,5,5],
 *                "data_offsets":[0,600]}, ...}   padded with spaces
 *     data       the tensors, row-major, little-endian, without holes and without overlap
 *
 * The reader trusts nothing: lengths are held against the size of the file before anything is
 * allocated, every product is checked for overflow, tensors must cover the data exactly, names
 * must differ. Our own files also carry a SHA-256 over metadata, names, types, shapes and data,
 * so that a flipped bit or two swapped tensors are noticed. json_read.c reads the header.
 *
 * Names of classes may be bytes that are no UTF-8, which JSON cannot hold: text.c says how they get
 * through.
 *
 * The data pass through a small buffer for the hash and are read tensor by tensor afterwards, so a
 * large file takes the memory of one tensor beside the arena that it goes to. */
#include "safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_read.h"
#include "kind.h"
#include "../base/sha256.h"

static const char HASH[] = "sha256";

static const struct {
	const char *name; /* in files          */
	size_t size;      /* bytes an element  */
	nn_dtype dtype;   /* ours              */
} types[] = {{"F32", 4, NN_F32},   {"F64", 8, NN_F64},   {"I64", 8, NN_I64},   {"I32", 4, NN_I32},
             {"U8", 1, NN_U8},     {"F16", 2, NN_F16},   {"BF16", 2, NN_BF16}, {"I8", 1, NN_OTHER},
             {"I16", 2, NN_OTHER}, {"U16", 2, NN_OTHER}, {"U32", 4, NN_OTHER}, {"U64", 8, NN_OTHER},
             {"BOOL", 1, NN_OTHER}};

enum { TYPES = sizeof types / sizeof *types, PAIRS_MAX = 1000 };

size_t nn_dtype_size(nn_dtype dtype)
{
	return types[dtype].size;
}

const char *nn_dtype_name(nn_dtype dtype)
{
	return types[dtype].name;
}

const nn_st_tensor *nn_safetensors_find(const nn_safetensors *s, const char *name)
{
	for (size_t i = 0; i < s->tensors; i++)
		if (!strcmp(s->tensor[i].name, name))
			return &s->tensor[i];
	return NULL;
}

const char *nn_safetensors_meta(const nn_safetensors *s, const char *key)
{
	for (size_t i = 0; i < s->pairs; i++)
		if (!strcmp(s->pair[i].key, key))
			return s->pair[i].value;
	return NULL;
}

void nn_safetensors_free(nn_safetensors *s)
{
	if (s->file.path[0])
		nn_input_close(&s->file);
	free(s->header);
	free(s->data);
	free(s->strings);
	free(s->tensor);
	free(s->pair);
	*s = (nn_safetensors){0};
}

/* ---- the hash ------------------------------------------------------------------------------ */

static void hash_pairs(nn_sha256 *hash, const nn_st_pair *pair, size_t pairs)
{
	for (size_t i = 0; i < pairs; i++) {
		if (!strcmp(pair[i].key, HASH))
			continue;
		nn_sha256_add(hash, pair[i].key, strlen(pair[i].key) + 1);
		nn_sha256_add(hash, pair[i].value, strlen(pair[i].value) + 1);
	}
}

static void hash_heading(nn_sha256 *hash, const nn_st_tensor *t)
{
	nn_sha256_add(hash, t->name, strlen(t->name) + 1);
	nn_sha256_add(hash, t->dtype_name, strlen(t->dtype_name) + 1);
	for (int d = 0; d < t->rank; d++) {
		char text[24];
		int len = snprintf(text, sizeof text, "%lld,", (long long)t->dim[d]);
		nn_sha256_add(hash, text, (size_t)len);
	}
}

/* The data of a tensor, some at a time. */
static bool hash_data(nn_sha256 *hash, const nn_safetensors *s, const nn_st_tensor *t, nn_error *e)
{
	char some[8192];
	for (size_t done = 0; done < t->bytes;) {
		size_t left = t->bytes - done, n = left < sizeof some ? left : sizeof some;
		if (!nn_input_read(&s->file, t->begin + done, some, n, e))
			return false;
		nn_sha256_add(hash, some, n);
		done += n;
	}
	return true;
}

static bool check_hash(nn_safetensors *s, const char *path, int code, nn_error *e)
{
	const char *wanted = nn_safetensors_meta(s, HASH);
	if (!wanted)
		return true;
	nn_sha256 hash;
	char found[65];
	nn_sha256_start(&hash);
	hash_pairs(&hash, s->pair, s->pairs);
	for (size_t i = 0; i < s->tensors; i++) {
		hash_heading(&hash, &s->tensor[i]);
		if (!hash_data(&hash, s, &s->tensor[i], e))
			return false;
	}
	nn_sha256_hex(&hash, found);
	s->verified = !strcmp(wanted, found);
	if (!s->verified)
		return nn_fail(e, code,
		               "%s: damaged: its contents do not have the SHA-256 that it "
		               "names (%.16s..., found %.16s...)",
		               path, wanted, found);
	return true;
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct parse {
	nn_json j;         /* the header                                     */
	nn_safetensors *s; /* what is filled                                 */
	size_t room;       /* tensors that fit                               */
	size_t pair_room;  /* pairs that fit                                 */
	size_t data;       /* bytes of data                                  */
} parse;

static bool read_metadata(parse *p)
{
	nn_json *j = &p->j;
	nn_json_expect(j, '{');
	for (bool more = !nn_json_accept(j, '}'); more && !j->error;) {
		nn_safetensors *s = p->s;
		if (s->pairs == p->pair_room)
			return nn_json_fail(j, "too many entries");
		const char *key = nn_json_string(j);
		nn_json_expect(j, ':');
		char *value = j->strings;
		nn_json_string(j);
		if (!j->error && nn_safetensors_meta(s, key))
			return nn_json_fail(j, "the same key twice in __metadata__");
		if (!j->error)
			nn_text_bytes(value);
		s->pair[s->pairs++] = (nn_st_pair){key, j->error ? "" : value};
		more = nn_json_next(j, '}');
	}
	return !j->error;
}

static void read_shape(nn_json *j, nn_st_tensor *t)
{
	nn_json_expect(j, '[');
	t->count = 1;
	for (bool more = !nn_json_accept(j, ']'); more && !j->error;) {
		if (t->rank == NN_ST_RANK) {
			nn_json_fail(j, "more than 8 dimensions");
			return;
		}
		int64_t dim = nn_json_whole(j);
		t->dim[t->rank++] = dim;
		if (__builtin_mul_overflow(t->count, dim, &t->count))
			nn_json_fail(j, "shape too large");
		more = nn_json_next(j, ']');
	}
}

static void read_type(nn_json *j, nn_st_tensor *t)
{
	const char *name = nn_json_string(j);
	for (size_t i = 0; !j->error && i < TYPES; i++) {
		if (strcmp(types[i].name, name))
			continue;
		t->dtype = types[i].dtype;
		t->dtype_name = types[i].name;
		t->bytes = types[i].size;
		return;
	}
	nn_json_fail(j, "unknown dtype");
}

static bool read_tensor(parse *p, const char *name)
{
	nn_json *j = &p->j;
	nn_safetensors *s = p->s;
	nn_st_tensor t = {.name = name};
	int64_t begin = -1, end = -1;
	if (s->tensors == p->room)
		return nn_json_fail(j, "too many tensors");
	if (nn_safetensors_find(s, name))
		return nn_json_fail(j, "the same name twice");
	nn_json_expect(j, '{');
	bool shape = false;
	for (bool more = true; more && !j->error; more = nn_json_next(j, '}')) {
		const char *key = nn_json_string(j);
		nn_json_expect(j, ':');
		if (j->error)
			return false;
		if (!strcmp(key, "dtype") && !t.dtype_name) {
			read_type(j, &t);
		} else if (!strcmp(key, "shape") && !shape) {
			read_shape(j, &t);
			shape = true;
		} else if (!strcmp(key, "data_offsets") && end < 0) {
			nn_json_expect(j, '[');
			begin = nn_json_whole(j);
			nn_json_expect(j, ',');
			end = nn_json_whole(j);
			nn_json_expect(j, ']');
		} else {
			return nn_json_fail(j, "expected dtype, shape and data_offsets, once each");
		}
	}
	if (j->error)
		return false;
	if (!t.dtype_name || !shape || end < 0)
		return nn_json_fail(j, "dtype, shape or data_offsets is missing");
	if (__builtin_mul_overflow((size_t)t.count, t.bytes, &t.bytes) || begin > end ||
	    (uint64_t)end > p->data || (size_t)(end - begin) != t.bytes)
		return nn_json_fail(j, "data_offsets do not fit the shape and the file");
	t.begin = (size_t)begin;
	s->tensor[s->tensors++] = t;
	return true;
}

static bool read_header(parse *p)
{
	nn_json *j = &p->j;
	bool metadata = false;
	nn_json_expect(j, '{');
	for (bool more = !nn_json_accept(j, '}'); more && !j->error;) {
		const char *name = nn_json_string(j);
		nn_json_expect(j, ':');
		if (j->error)
			return false;
		if (strcmp(name, "__metadata__")) {
			read_tensor(p, name);
		} else {
			if (metadata)
				return nn_json_fail(j, "__metadata__ twice");
			metadata = true;
			read_metadata(p);
		}
		more = nn_json_next(j, '}');
	}
	nn_json_end(j);
	return !j->error;
}

static int by_begin(const void *a, const void *b)
{
	const size_t *x = a, *y = b;
	return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : (x[1] > y[1]) - (x[1] < y[1]);
}

/* Tensors, sorted by place, must follow one another from the first byte to the last. */
static bool covers(const parse *p, nn_error *e)
{
	const nn_safetensors *s = p->s;
	size_t(*range)[2] = nn_alloc(s->tensors, sizeof *range, "the header", e);
	if (!range)
		return false;
	for (size_t i = 0; i < s->tensors; i++) {
		range[i][0] = s->tensor[i].begin;
		range[i][1] = s->tensor[i].begin + s->tensor[i].bytes;
	}
	qsort(range, s->tensors, sizeof *range, by_begin);
	size_t at = 0;
	bool ok = true;
	for (size_t i = 0; ok && i < s->tensors; i++) {
		ok = range[i][0] == at;
		at = range[i][1];
	}
	free(range);
	return ok && at == p->data;
}

/* Whether it is a file of another kind that is known; *e tells which then. */
static bool other_kind(const nn_safetensors *s, int code, nn_error *e)
{
	uint8_t first[NN_KIND_BYTES];
	size_t size = s->file.size, count = size < sizeof first ? size : sizeof first;
	if (!nn_input_read(&s->file, 0, first, count, e))
		return true;
	const nn_file_kind *kind = nn_kind_of(first, count);
	if (kind->format == NN_IS_SAFETENSORS || kind->format == NN_IS_UNKNOWN)
		return false;
	nn_fail(e, code, "%s: not a safetensors file: it is %s; %s", s->file.path, kind->what,
	        nn_kind_to_weights(kind));
	return true;
}

/* Reads the header and its length, which the size of the file bounds. */
static bool fetch_header(nn_safetensors *s, size_t *length, int code, nn_error *e)
{
	unsigned char first[8];
	uint64_t header = 0;
	size_t size = s->file.size;
	if (size >= sizeof first && !nn_input_read(&s->file, 0, first, sizeof first, e))
		return false;
	for (int i = 0; size >= sizeof first && i < 8; i++)
		header |= (uint64_t)first[i] << 8 * i;
	if (size < sizeof first || header < 2 || header > size - sizeof first)
		return !other_kind(s, code, e) &&
		       nn_fail(e, code,
		               "%s: not a safetensors file, or cut short: a header of %llu "
		               "bytes in a file of %zu",
		               s->file.path, (unsigned long long)header, size);
	*length = (size_t)header;
	s->header = nn_alloc(*length, 1, s->file.path, e);
	return s->header && nn_input_read(&s->file, sizeof first, s->header, *length, e);
}

static bool read_opened(nn_safetensors *s, int code, nn_error *e)
{
	const char *path = s->file.path;
	size_t header = 0;
	if (!fetch_header(s, &header, code, e))
		return false;
	parse p = {.s = s, .data = s->file.size - 8 - header};
	/* A tensor takes at least 45 bytes of header, a pair at least 6. */
	p.room = header / 45 + 1;
	p.pair_room = header / 6 + 1 < PAIRS_MAX ? header / 6 + 1 : PAIRS_MAX;
	s->strings = nn_alloc(header + 1, 1, path, e);
	s->tensor = nn_alloc(p.room, sizeof *s->tensor, path, e);
	s->pair = nn_alloc(p.pair_room, sizeof *s->pair, path, e);
	if (!s->strings || !s->tensor || !s->pair)
		return false;
	nn_json_start(&p.j, s->header, header, s->strings);
	if (!read_header(&p))
		return !other_kind(s, code, e) && nn_fail(e, code, "%s: bad header at byte %zu: %s",
		                                          path, p.j.at + 8, p.j.error);
	if (!covers(&p, e))
		return nn_fail(e, code,
		               "%s: its tensors overlap, leave holes or do not fill the "
		               "file: cut short or damaged",
		               path);
	for (size_t i = 0; i < s->tensors; i++)
		s->tensor[i].begin += 8 + header;
	return check_hash(s, path, code, e);
}

bool nn_safetensors_read(nn_safetensors *s, const char *path, int code, nn_error *e)
{
	*s = (nn_safetensors){0};
	if (!nn_input_open(&s->file, path, e))
		return false;
	bool ok = read_opened(s, code, e);
	if (!ok)
		nn_safetensors_free(s);
	return ok;
}

const char *nn_safetensors_data(nn_safetensors *s, const nn_st_tensor *t, nn_error *e)
{
	free(s->data);
	s->data = nn_alloc(t->bytes, 1, t->name, e);
	return s->data && nn_input_read(&s->file, t->begin, s->data, t->bytes, e) ? s->data : NULL;
}

bool nn_safetensors_some(const nn_safetensors *s, const nn_st_tensor *t, int64_t first,
                         int64_t count, void *bytes, nn_error *e)
{
	size_t size = nn_dtype_size(t->dtype);
	return nn_input_read(&s->file, t->begin + (size_t)first * size, bytes, (size_t)count * size,
	                     e);
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_header(nn_st_writer *w, const char *hash)
{
	nn_text *h = &w->header;
	nn_text_clear(h);
	nn_text_add(h, "{\"__metadata__\":{");
	for (size_t i = 0; i < w->pairs; i++) {
		nn_text_json(h, w->pair[i].key);
		nn_text_add(h, ":");
		nn_text_json_bytes(h, w->pair[i].value);
		nn_text_add(h, ",");
	}
	nn_text_add(h, "\"%s\":\"%s\"}", HASH, hash);
	size_t at = 0;
	for (size_t i = 0; i < w->tensors; i++) {
		const nn_st_tensor *t = &w->tensor[i];
		nn_text_add(h, ",");
		nn_text_json(h, t->name);
		nn_text_add(h, ":{\"dtype\":\"%s\",\"shape\":[", t->dtype_name);
		for (int d = 0; d < t->rank; d++)
			nn_text_add(h, d ? ",%lld" : "%lld", (long long)t->dim[d]);
		nn_text_add(h, "],\"data_offsets\":[%zu,%zu]}", at, at + t->bytes);
		at += t->bytes;
	}
	nn_text_add(h, "}");
	while (h->len % 8 && !h->failed)
		nn_text_add(h, " ");
}

/* Fills `some` with the elements of tensor i from `first` on; how many fit. */
static int64_t pack(const nn_st_writer *w, size_t i, int64_t first, char some[NN_ST_SOME])
{
	const nn_st_tensor *t = &w->tensor[i];
	int64_t left = t->count - first, most = NN_ST_SOME / (int64_t)nn_dtype_size(t->dtype);
	int64_t count = left < most ? left : most;
	w->pack(w->ctx, i, first, count, some);
	return count;
}

static void hash_all(nn_st_writer *w, char hex[65])
{
	nn_sha256 hash;
	char some[NN_ST_SOME];
	nn_sha256_start(&hash);
	hash_pairs(&hash, w->pair, w->pairs);
	for (size_t i = 0; i < w->tensors; i++) {
		nn_st_tensor *t = &w->tensor[i];
		size_t size = nn_dtype_size(t->dtype);
		t->dtype_name = nn_dtype_name(t->dtype);
		t->count = 1;
		for (int d = 0; d < t->rank; d++)
			t->count *= t->dim[d];
		t->bytes = (size_t)t->count * size;
		hash_heading(&hash, t);
		for (int64_t at = 0, n; at < t->count; at += n) {
			n = pack(w, i, at, some);
			nn_sha256_add(&hash, some, (size_t)n * size);
		}
	}
	nn_sha256_hex(&hash, hex);
}

bool nn_safetensors_put(nn_st_writer *w, nn_file *f, const char *path, nn_error *e)
{
	char hex[65], length[8], some[NN_ST_SOME];
	hash_all(w, hex);
	write_header(w, hex);
	if (w->header.failed)
		return nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the header of %s", path);
	for (int i = 0; i < 8; i++)
		length[i] = (char)((uint64_t)w->header.len >> 8 * i);
	bool ok = nn_file_create(f, path, e) && nn_file_write(f, length, 8, e) &&
	          nn_file_write(f, w->header.at, w->header.len, e);
	for (size_t i = 0; ok && i < w->tensors; i++) {
		const nn_st_tensor *t = &w->tensor[i];
		for (int64_t at = 0, n; ok && at < t->count; at += n) {
			n = pack(w, i, at, some);
			ok = nn_file_write(f, some, (size_t)n * nn_dtype_size(t->dtype), e);
		}
	}
	return ok;
}

bool nn_safetensors_write(nn_st_writer *w, const char *path, const char *keep, nn_error *e)
{
	nn_file f;
	return nn_safetensors_put(w, &f, path, e) && nn_file_commit(&f, keep, e);
}
