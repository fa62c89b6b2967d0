/* names.h: lists of names: of classes, of columns. See names.c. */
#ifndef NN_NAMES_H
#define NN_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../base/text.h"

/* Different names in the order in which they were added. A zeroed one is empty. */
typedef struct nn_names {
	char **at;     /* [count]                                            */
	int64_t count; /* names                                              */
	int64_t room;  /* allocated                                          */
	int64_t *slot; /* [slots] hash table: a name's number + 1, or 0      */
	int64_t slots; /* a power of two, at least twice `count`             */
} nn_names;

/* The number of a name of `len` bytes; -1: not there. */
int64_t nn_names_find(const nn_names *n, const char *name, size_t len);

/* Its number, added if it is new; -1 when memory ran out. */
int64_t nn_names_add(nn_names *n, const char *name, size_t len, nn_error *e);

/* Puts them in order: by value if all are numbers, else by their bytes. new_of[old number] is the
 * new one, unless NULL. */
bool nn_names_sort(nn_names *n, int32_t *new_of, nn_error *e);

/* Whether all (there is at least one), or any, of them are numbers. */
bool nn_names_all_numbers(const nn_names *n);
bool nn_names_any_number(const nn_names *n);

/* The name that looks most like `name`, or NULL when none is near. */
const char *nn_names_near(const nn_names *n, const char *name);

/* "a, b, c", cut after `most` of them, with quotes. */
void nn_names_text(const nn_names *n, int most, nn_text *t);

void nn_names_free(nn_names *n);

#endif
