/* npy.h: arrays as NumPy saves them. See data_npy.c. */
#ifndef NN_NPY_H
#define NN_NPY_H

#include "data.h"

enum { NN_NPY_RANK = 4 };

typedef struct nn_array {
	const char *path;         /* for messages                        */
	char kind;                /* u, i, f or b, as in a dtype         */
	int size;                 /* bytes of a value                    */
	bool big;                 /* big-endian                          */
	bool fortran;             /* the first axis runs fastest         */
	int rank;                 /* axes                                */
	int64_t dim[NN_NPY_RANK]; /* of each                             */
	int64_t count;            /* values in all                       */
	const void *data;         /* [count] values                      */
} nn_array;

/* Reads the header of an array that lies at `bytes`; the data are all that follows. */
bool nn_npy_open(nn_array *a, const char *path, const uint8_t *bytes, size_t count, nn_error *e);

/* Items from an array [n, shape of the network's input]. 8-bit and float values stay where they
 * are, others are converted. */
bool nn_npy_items(const nn_array *a, const nn_model *m, nn_items *items, nn_error *e);

/* Labels or targets from an array [n] or [n, targets]. */
bool nn_npy_labels(const nn_array *a, const nn_loader *l, nn_items *items, nn_error *e);

#endif
