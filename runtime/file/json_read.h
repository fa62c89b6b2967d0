/* json_read.h: a strict pull reader of JSON, as much as a safetensors header needs. */
#ifndef NN_JSON_READ_H
#define NN_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nn_json {
	const char *text;  /* what is read                                     */
	size_t len;        /* its bytes                                        */
	size_t at;         /* next byte                                        */
	char *strings;     /* where the next unescaped string goes             */
	const char *error; /* first mistake; everything returns early after it */
} nn_json;

/* `strings` needs len + 1 bytes: an unescaped string is never longer than what it came from. */
void nn_json_start(nn_json *j, const char *text, size_t len, char *strings);

bool nn_json_fail(nn_json *j, const char *error); /* always false                           */
bool nn_json_accept(nn_json *j, char c);          /* takes c if it is next                  */
void nn_json_expect(nn_json *j, char c);          /* takes c or fails                       */
bool nn_json_next(nn_json *j, char close);        /* takes ',': true; `close`: false        */
const char *nn_json_string(nn_json *j);           /* "" after an error                      */
int64_t nn_json_whole(nn_json *j);                /* a whole number from 0 to 2^62          */
void nn_json_end(nn_json *j);                     /* nothing but space may follow           */

#endif
