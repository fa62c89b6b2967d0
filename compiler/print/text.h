/* text.h: text being written. */
#ifndef NNCC_TEXT_H
#define NNCC_TEXT_H

#include "print.h"

typedef struct Text {
	char *s;                   /* NUL-terminated                                              */
	size_t len, cap;
	int depth;                 /* of indentation                                              */
} Text;

/* text.c */
void put_bytes(Text *o, const char *s, size_t n);
void put_text(Text *o, const char *s);
void put_part(Text *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void put_line(Text *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line of C, indented; one of more than 100 columns is broken behind commas and operators. */
void put_code(Text *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void put_open(Text *o);                        /* "{" and deeper                              */
void put_close(Text *o);

#endif
