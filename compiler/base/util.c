/* util.c: memory and text for every pass.
 *
 * Memory comes from one arena of zeroed blocks that is not given back: the compiler runs once, its
 * data live until exit, and a pass that frees nothing cannot free too early. The one exception is
 * the text of kernels, which is put together from a hundred times as many pieces: alloc_release
 * takes them back. The list of blocks keeps them reachable, so leak checkers stay quiet. Running
 * out of memory ends the program here, so callers need no test. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

enum { BLOCK = 1 << 18, ALIGN = 16 };

typedef struct Block {
	struct Block *next; /* older block                                                 */
	size_t used, size;  /* bytes of data                                               */
	_Alignas(ALIGN) char data[]; /* zeroed                                                  */
} Block;

static Block *blocks, *spare; /* in use, newest first; given back, all zeroes               */

Options options = {
        .level = 2,
        .march = "native",
        .error_limit = 20,
        .color = 2,
};

static _Noreturn void out_of_memory(size_t bytes)
{
	fatal(1,
	      "out of memory (%zu bytes more were wanted); let nncc have more (ulimit -v), or write"
	      " a network of fewer layers",
	      bytes);
}

static Block *add_block(size_t bytes)
{
	size_t size = bytes > BLOCK ? bytes : BLOCK;
	Block *b = size == BLOCK ? spare : NULL;
	if (b)
		spare = b->next;
	else
		b = calloc(1, sizeof *b + size);
	if (!b)
		out_of_memory(bytes);
	b->size = size;
	b->next = blocks;
	blocks = b;
	return b;
}

void *alloc(size_t bytes)
{
	if (bytes > SIZE_MAX / 4)
		out_of_memory(bytes);
	bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
	Block *b = blocks;
	if (!b || b->size - b->used < bytes)
		b = add_block(bytes);
	void *p = b->data + b->used;
	b->used += bytes;
	return p;
}

Mark alloc_mark(void)
{
	return (Mark){blocks, blocks ? blocks->used : 0};
}

static void give_back(Block *b, size_t used)
{
	memset(b->data + used, 0, b->used - used);
	b->used = used;
}

void alloc_release(Mark m, const char **keep[], int n)
{
	char *copy[8];

	assert(n <= (int)(sizeof copy / sizeof *copy));
	for (int i = 0; i < n; i++)
		if (!(copy[i] = strdup(*keep[i])))
			out_of_memory(strlen(*keep[i]));
	while (blocks != m.block) {
		Block *b = blocks;
		blocks = b->next;
		if (b->size > BLOCK) {
			free(b);
			continue;
		}
		give_back(b, 0);
		b->next = spare;
		spare = b;
	}
	if (blocks)
		give_back(blocks, m.used);
	for (int i = 0; i < n; i++) {
		*keep[i] = copy_bytes(copy[i], strlen(copy[i]));
		free(copy[i]);
	}
}

char *copy_bytes(const char *s, size_t len)
{
	char *copy = alloc(len + 1);
	if (len)
		memcpy(copy, s, len);
	return copy;
}

/* Most texts are short: one that fits `brief` is formatted once. */
char *format(const char *fmt, ...)
{
	char brief[256];
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int len = vsnprintf(brief, sizeof brief, fmt, ap);
	va_end(ap);
	size_t n = len < 0 ? 0 : (size_t)len;
	char *text = alloc(n + 1);
	if (n < sizeof brief)
		memcpy(text, brief, n);
	else
		vsnprintf(text, n + 1, fmt, again);
	va_end(again);
	return text;
}

/* An array of `count` elements has room for the next power of two; when that is full, it moves. */
void *grow(void *array, int count, size_t size)
{
	if (count & (count - 1))
		return array;
	size_t n = (size_t)count;
	void *bigger = alloc((n ? 2 * n : 1) * size);
	if (n)
		memcpy(bigger, array, n * size);
	return bigger;
}

/* ---- maps: open addressing, at most half full ------------------------------------------------ */

typedef struct MapSlot {
	const char *key; /* NULL: free                                                  */
	void *value;
} MapSlot;

/* FNV-1a */
static size_t hash_of(const char *s)
{
	uint64_t h = 14695981039346656037u;
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return (size_t)(h ^ h >> 32);
}

static MapSlot *slot_of(const Map *m, const char *key)
{
	size_t i = hash_of(key) & (m->size - 1);
	while (m->slot[i].key && strcmp(m->slot[i].key, key) != 0)
		i = (i + 1) & (m->size - 1);
	return &m->slot[i];
}

static void enlarge(Map *m)
{
	Map bigger = {.used = m->used, .size = m->size ? 2 * m->size : 16};
	bigger.slot = alloc(sizeof(MapSlot) * bigger.size);
	for (size_t i = 0; i < m->size; i++)
		if (m->slot[i].key)
			*slot_of(&bigger, m->slot[i].key) = m->slot[i];
	*m = bigger;
}

void *map_find(const Map *m, const char *key)
{
	return m->size ? slot_of(m, key)->value : NULL;
}

void **map_at(Map *m, const char *key)
{
	if (2 * m->used >= m->size)
		enlarge(m);
	MapSlot *s = slot_of(m, key);
	if (!s->key) {
		s->key = key;
		m->used++;
	}
	return &s->value;
}

void put_json(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fprintf(out, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	fputc('"', out);
}
