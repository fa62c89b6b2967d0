/* lines.h: an input of lines as strings. */
#ifndef FUZZ_LINES_H
#define FUZZ_LINES_H

#include "fuzz.h"

enum { FUZZ_LINES = 64 };

/* Cuts a copy of the bytes at line ends: line[0..count-1], each ended by a zero; `count`. The
 * caller frees *copy. */
int fuzz_lines(const uint8_t *bytes, size_t size, char **copy, char *line[FUZZ_LINES]);

#endif
