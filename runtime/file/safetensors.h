/* safetensors.h: the file format of weights, batches and checkpoints. See safetensors.c. */
#ifndef NN_SAFETENSORS_H
#define NN_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "io.h"
#include "../base/text.h"

enum { NN_ST_RANK = 8, NN_ST_SOME = 1 << 16 };

typedef enum { NN_F32, NN_F64, NN_I64, NN_I32, NN_U8, NN_F16, NN_BF16, NN_OTHER } nn_dtype;

typedef struct nn_st_tensor {
	const char *name;        /* UTF-8, without zero bytes                  */
	nn_dtype dtype;          /* of its elements                            */
	const char *dtype_name;  /* as in the file: "F32"                      */
	int rank;                /* 0 for a scalar                             */
	int64_t dim[NN_ST_RANK]; /* shape                                      */
	int64_t count;           /* product of the shape                       */
	size_t bytes;            /* of its data                                */
	size_t begin;            /* of its data in the file, when reading      */
} nn_st_tensor;

typedef struct nn_st_pair {
	const char *key, *value; /* one entry of __metadata__                  */
} nn_st_pair;

typedef struct nn_safetensors {
	nn_input file;        /* what is read                                       */
	char *header;         /* its JSON                                           */
	char *data;           /* of the tensor that was asked for last              */
	char *strings;        /* names, keys and values, unescaped                  */
	nn_st_tensor *tensor; /* in the order of the header                         */
	size_t tensors;       /* how many                                           */
	nn_st_pair *pair;     /* metadata in the order of the header                */
	size_t pairs;         /* how many                                           */
	bool verified;        /* the metadata holds a SHA-256, and it is the right one */
} nn_safetensors;

size_t nn_dtype_size(nn_dtype dtype);
const char *nn_dtype_name(nn_dtype dtype);

/* Opens and validates everything; nothing in it needs checking again but names, types and shapes.
 * `code` is the exit status for a file that is not valid (65 for data, 76 for checkpoints). Takes
 * memory for the header; the data stay in the file. */
bool nn_safetensors_read(nn_safetensors *s, const char *path, int code, nn_error *e);
/* The data of one tensor, row-major, not aligned, until the next call; NULL when they cannot be
 * read or there is no memory. */
const char *nn_safetensors_data(nn_safetensors *s, const nn_st_tensor *t, nn_error *e);
/* `count` elements of a tensor from element `first` on, into `bytes`. */
bool nn_safetensors_some(const nn_safetensors *s, const nn_st_tensor *t, int64_t first,
                         int64_t count, void *bytes, nn_error *e);
void nn_safetensors_free(nn_safetensors *s);

const nn_st_tensor *nn_safetensors_find(const nn_safetensors *s, const char *name);
const char *nn_safetensors_meta(const nn_safetensors *s, const char *key);

/* Writes `count` elements of tensor i from element `first` on into `bytes`, at most NN_ST_SOME
 * bytes; called twice for each, for the hash and for the file. */
typedef void nn_st_pack(void *ctx, size_t i, int64_t first, int64_t count, char *bytes);

typedef struct nn_st_writer {
	nn_st_tensor *tensor; /* name, dtype, rank and dim filled in by the caller  */
	size_t tensors;       /* how many                                           */
	nn_st_pair *pair;     /* metadata; "sha256" is added                        */
	size_t pairs;         /* how many                                           */
	nn_st_pack *pack;     /* gives the data                                     */
	void *ctx;            /* its argument                                       */
	nn_text header;       /* kept from one write to the next                    */
} nn_st_writer;

/* Creates f for `path` and writes all of it, without committing. */
bool nn_safetensors_put(nn_st_writer *w, nn_file *f, const char *path, nn_error *e);
/* Writes atomically (io.h); `keep` as in nn_file_commit. */
bool nn_safetensors_write(nn_st_writer *w, const char *path, const char *keep, nn_error *e);

#endif
