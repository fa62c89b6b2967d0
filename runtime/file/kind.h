/* kind.h: what a file is, by its first bytes. See kind.c. */
#ifndef NN_KIND_H
#define NN_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

/* As many bytes as nn_kind_of needs to tell all kinds apart. */
enum { NN_KIND_BYTES = 512 };

/* Those that something here reads, pictures from PNG to PNM, and those that can become what it
 * reads. */
typedef enum {
	NN_IS_OTHER,
	NN_IS_UNKNOWN,
	NN_IS_SAFETENSORS,
	NN_IS_MODEL,   /* weights, as other programs have them              */
	NN_IS_ARRAYS,  /* arrays with names, in one file                    */
	NN_IS_WRAPPED, /* the file that is wanted is inside, or elsewhere   */
	NN_IS_TEXT,    /* characters: it may be a table                     */
	NN_IS_PNG,
	NN_IS_JPEG,
	NN_IS_BMP,
	NN_IS_PNM,
	NN_IS_NPY,
	NN_IS_IDX,
	NN_IS_GZIP
} nn_file_format;

typedef struct nn_file_kind {
	const char *what;      /* "a GIF picture", for messages: "it is %s"           */
	const char *instead;   /* "save it as PNG": the way out, where it is unwanted */
	nn_file_format format; /* who reads it                                        */
} nn_file_kind;

/* The kind of a file that begins with these bytes; never NULL. More than NN_KIND_BYTES may be
 * given. */
const nn_file_kind *nn_kind_of(const uint8_t *bytes, size_t count);

/* How weights come out of a file of that kind, which is not safetensors, for messages. */
const char *nn_kind_to_weights(const nn_file_kind *kind);

/* The first bytes of the file at `path`, up to NN_KIND_BYTES; *count of them, fewer only where the
 * file ends. What is no regular file fails with 65, a missing one with 66. */
bool nn_kind_read(const char *path, uint8_t bytes[NN_KIND_BYTES], size_t *count, nn_error *e);

#endif
