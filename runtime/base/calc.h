/* calc.h: arithmetic in attribute values. See calc.c. */
#ifndef NN_CALC_H
#define NN_CALC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Finds the value of a name; false when there is none. */
typedef bool nn_calc_lookup(void *ctx, const char *name, size_t len, double *value);

/* Evaluates `len` bytes of text. On failure returns false, with the byte offset of the mistake and
 * a static message without a trailing full stop. `lookup` may be NULL: then no name is known. */
bool nn_calc(const char *text, size_t len, nn_calc_lookup *lookup, void *ctx, double *result,
             size_t *error_at, const char **error);

/* Reads the longest unsigned decimal number at the start of text ("1", "0.5", ".5", "1e-4"), always
 * with a point, whatever the locale. Returns its length; 0 when there is none; *value is correctly
 * rounded and may be infinite. */
size_t nn_number(const char *text, size_t len, double *value);

/* `value` as a whole number from -2^53 to 2^53, where doubles hold every one; false when it is
 * none: the cast alone would be undefined for a NaN or what int64_t cannot hold. */
bool nn_whole(double value, int64_t *whole);

/* The whole of a string as a number, with an optional sign; false otherwise or when not finite. */
bool nn_parse_double(const char *text, double *value);

#endif
