/* names.c: lists of names: of classes, of columns.
 *
 *     in    "dog" "cat" "dog" "emu"                  as a file or a directory gives them
 *     out   0 dog, 1 cat, 2 emu; sorted: 0 cat, 1 dog, 2 emu
 *
 * Each name stands once; a hash table with open addressing finds it. Names that are all numbers are
 * sorted as numbers (2 before 10). */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "../base/calc.h"
#include "../base/near.h"

enum { FIRST_ROOM = 16 };

/* FNV-1a. */
static uint64_t hash_of(const char *name, size_t len)
{
	uint64_t h = 14695981039346656037U;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 1099511628211U;
	return h;
}

/* Where the name stands in the table, or the free place where it belongs. */
static int64_t *slot_of(const nn_names *n, const char *name, size_t len)
{
	uint64_t mask = (uint64_t)n->slots - 1;
	for (uint64_t i = hash_of(name, len) & mask;; i = (i + 1) & mask) {
		int64_t *slot = &n->slot[i];
		const char *there = *slot ? n->at[*slot - 1] : NULL;
		if (!there || (!strncmp(there, name, len) && !there[len]))
			return slot;
	}
}

int64_t nn_names_find(const nn_names *n, const char *name, size_t len)
{
	return n->slots ? *slot_of(n, name, len) - 1 : -1;
}

/* Fills the table anew, after names were moved or it was given another size. */
static void fill_slots(nn_names *n)
{
	memset(n->slot, 0, (size_t)n->slots * sizeof *n->slot);
	for (int64_t i = 0; i < n->count; i++)
		*slot_of(n, n->at[i], strlen(n->at[i])) = i + 1;
}

static bool grow(nn_names *n, nn_error *e)
{
	int64_t room = n->room ? 2 * n->room : FIRST_ROOM;
	char **at = realloc(n->at, (size_t)room * sizeof *at);
	if (at)
		n->at = at;
	int64_t *slot = at ? realloc(n->slot, 2 * (size_t)room * sizeof *slot) : NULL;
	if (!slot)
		return nn_fail(e, NN_EXIT_MEMORY, "not enough memory for %lld names",
		               (long long)room);
	n->slot = slot;
	n->slots = 2 * room;
	n->room = room;
	fill_slots(n);
	return true;
}

int64_t nn_names_add(nn_names *n, const char *name, size_t len, nn_error *e)
{
	int64_t there = nn_names_find(n, name, len);
	if (there >= 0)
		return there;
	if (n->count == n->room && !grow(n, e))
		return -1;
	char *copy = nn_alloc(len + 1, 1, "names", e);
	if (!copy)
		return -1;
	memcpy(copy, name, len);
	n->at[n->count] = copy;
	*slot_of(n, name, len) = n->count + 1;
	return n->count++;
}

bool nn_names_any_number(const nn_names *n)
{
	double value;
	for (int64_t i = 0; i < n->count; i++)
		if (nn_parse_double(n->at[i], &value))
			return true;
	return false;
}

bool nn_names_all_numbers(const nn_names *n)
{
	double value;
	for (int64_t i = 0; i < n->count; i++)
		if (!nn_parse_double(n->at[i], &value))
			return false;
	return n->count > 0;
}

/* ---- order --------------------------------------------------------------------------------- */

typedef struct entry {
	char *name;   /* of the list                         */
	double value; /* 0 unless all names are numbers      */
	int64_t old;  /* its number before                   */
} entry;

static int in_order(const void *a, const void *b)
{
	const entry *x = a, *y = b;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return strcmp(x->name, y->name);
}

bool nn_names_sort(nn_names *n, int32_t *new_of, nn_error *e)
{
	bool numbers = nn_names_all_numbers(n);
	entry *list = nn_alloc((size_t)n->count, sizeof *list, "names", e);
	if (!list)
		return false;
	for (int64_t i = 0; i < n->count; i++) {
		list[i] = (entry){.name = n->at[i], .old = i};
		if (numbers)
			nn_parse_double(n->at[i], &list[i].value);
	}
	qsort(list, (size_t)n->count, sizeof *list, in_order);
	for (int64_t i = 0; i < n->count; i++) {
		n->at[i] = list[i].name;
		if (new_of)
			new_of[list[i].old] = (int32_t)i;
	}
	free(list);
	if (n->slots)
		fill_slots(n);
	return true;
}

/* ---- for messages -------------------------------------------------------------------------- */

const char *nn_names_near(const nn_names *n, const char *name)
{
	return nn_near(name, (const char *const *)n->at, n->count);
}

void nn_names_text(const nn_names *n, int most, nn_text *t)
{
	for (int64_t i = 0; i < n->count && i < most; i++)
		nn_text_add(t, i ? ", '%.40s'" : "'%.40s'", n->at[i]);
	if (n->count > most)
		nn_text_add(t, ", ... (%lld)", (long long)n->count);
}

void nn_names_free(nn_names *n)
{
	for (int64_t i = 0; i < n->count; i++)
		free(n->at[i]);
	free(n->at);
	free(n->slot);
	*n = (nn_names){0};
}
