/* csv.h: fields and numbers of a text of lines. See csv.c. */
#ifndef NN_CSV_H
#define NN_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

typedef struct nn_field {
	const char *at; /* first character, quotes and blanks around left out */
	size_t len;     /* characters; a quote inside still stands doubled    */
} nn_field;

typedef struct nn_csv {
	const char *path;   /* for messages                     */
	const char *at;     /* what comes next                  */
	const char *end;    /* of the text                      */
	char separator;     /* between fields                   */
	int64_t line;       /* of the last row, from 1          */
	nn_field *field;    /* of that row                      */
	int64_t fields;     /* how many                         */
	int64_t field_room; /* most that a row may have         */
} nn_csv;

/* Starts on `count` bytes of text; there is room for the fields of the first line and for `least`
 * of them. The separator is the first of comma, semicolon and tab that stands in the first line,
 * not in quotes. */
bool nn_csv_open(nn_csv *c, const char *path, const void *text, size_t count, int64_t least,
                 nn_error *e);
void nn_csv_close(nn_csv *c);

/* The next row that is not blank; false at the end or with an error (65: line and reason). */
bool nn_csv_row(nn_csv *c, nn_error *e);

/* At most how many rows there still are. */
int64_t nn_csv_rows(const nn_csv *c);

/* The field as a number, finite in float; false when it is none. */
bool nn_csv_number(const nn_field *f, double *value);

/* Whether the field says `text`. */
bool nn_csv_says(const nn_field *f, const char *text);

/* Its text, doubled quotes made single, cut to fit and ended by a zero; the length. */
size_t nn_csv_copy(const nn_field *f, char *text, size_t room);

/* Whether it is empty or one of the usual words for a value that is not there (NA, null, ?). */
bool nn_csv_missing(const nn_field *f);

#endif
