/* text.h: text that grows, JSON and HTML written by hand. See text.c. */
#ifndef NN_TEXT_H
#define NN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nn_text {
	char *at;    /* the bytes, ended by a zero           */
	size_t len;  /* bytes without the zero               */
	size_t room; /* allocated                            */
	bool failed; /* memory ran out: the text is not whole */
} nn_text;

/* Makes sure that `room` bytes fit without another allocation. */
void nn_text_reserve(nn_text *t, size_t room);
void nn_text_clear(nn_text *t);
void nn_text_free(nn_text *t);

__attribute__((format(printf, 2, 3))) void nn_text_add(nn_text *t, const char *format, ...);

/* Whether all of it is UTF-8. */
bool nn_text_utf8(const char *string);

/* Adds to the string in `text`, which has `room` bytes; what does not fit is left out. */
__attribute__((format(printf, 3, 4))) void nn_append(char *text, size_t room, const char *format,
                                                     ...);

/* "3x28x28", its parts `between` one another, cut where `room` ends. */
void nn_dims_text(char *text, size_t room, const int64_t *dim, int rank, const char *between);

/* A string with quotes and escapes; NULL becomes null. Bytes that are not UTF-8 become U+FFFD. */
void nn_text_json(nn_text *t, const char *string);

/* The same without losing a byte: one that is not UTF-8, or of a character that stands for such a
 * byte, becomes U+EF00 + byte. nn_text_bytes undoes it, in place. */
void nn_text_json_bytes(nn_text *t, const char *string);
void nn_text_bytes(char *string);

/* Text inside HTML, or between the double quotes of an attribute; NULL adds nothing. Bytes that are
 * not UTF-8 and control characters become U+FFFD. */
void nn_text_html(nn_text *t, const char *string);

/* Text for a terminal: control characters and bytes that are not UTF-8, as names of files may have
 * them, become \xNN. */
void nn_text_plain(nn_text *t, const char *string);

/* "NAME: TEXT", made plain, as a line on stderr. */
void nn_tell(const char *name, const char *text);

/* A number as JSON with `digits` significant digits; null when it is not finite. */
void nn_text_number(nn_text *t, double value, int digits);

#endif
