/* data.h: data sets. A reader (data_FORMAT.c) turns one source into nn_items; data.c splits.
 *
 * A new format is one file with one nn_read_FORMAT and one row in data.c. Readers trust nothing:
 * every size is held against the size of the file before memory is taken, and a mistake ends with
 * one message: file, item and reason (exit 65), or the name of the file that is missing (66). */
#ifndef NN_DATA_H
#define NN_DATA_H

#include <stdint.h>

#include "error.h"
#include "settings.h"

typedef struct nn_items {
	int64_t count;        /* items                                                      */
	int64_t values;       /* of an item: C*H*W in this order, or F                      */
	const uint8_t *u8;    /* [count][values], or NULL                                   */
	const float *f32;     /* [count][values], or NULL: exactly one of the two is set    */
	const int32_t *label; /* [count], or NULL                                           */
	const float *target;  /* [count][targets], or NULL                                  */
	int64_t targets;      /* values of a real target                                    */
	bool synthetic;       /* random numbers: nothing to learn about the classes         */
	void *memory[3];      /* what to free                                               */
	char name[256];       /* the file, for messages                                     */
} nn_items;

/* What a reader is told. */
typedef struct nn_loader {
	const nn_settings *settings; /* model and numbers of the XML                      */
	const char *root;            /* directory, may be ""                              */
	const nn_source *source;     /* which files                                       */
	int64_t values;              /* of an item, as the network wants them             */
	int64_t targets;             /* values of a real target; 0: labels or none        */
	bool labels;                 /* labels are needed                                 */
} nn_loader;

typedef bool nn_reader(const nn_loader *l, nn_items *items, nn_error *e);

nn_reader nn_read_idx, nn_read_synthetic;

/* One idx file of 8-bit values, plain or gzipped: *count items of *values each, at *bytes inside
 * *memory. `dim` gets the dimensions after the first, as text ("28x28"). (data_idx.c) */
bool nn_idx_file(const char *path, int64_t *count, int64_t *values, const uint8_t **bytes,
                 void **memory, char dim[64], nn_error *e);

/* Random items, for benchmarks and checks. */
bool nn_make_items(nn_items *items, const nn_model *model, int64_t count, int64_t targets,
                   uint64_t seed, uint64_t stream, nn_error *e);
void nn_items_free(nn_items *items);

enum { NN_TRAINING, NN_VALIDATION, NN_TEST, NN_PARTS };

/* A part of the data: items[index[0..count-1]]. */
typedef struct nn_part {
	const nn_items *items; /* where they are            */
	uint32_t *index;       /* which                     */
	int64_t count;         /* how many; 0: no such part */
} nn_part;

typedef struct nn_data {
	nn_items source[NN_PARTS]; /* as read                                   */
	nn_part part[NN_PARTS];    /* as used                                   */
	uint32_t *split;           /* memory of the indices                     */
	uint32_t *whole[NN_PARTS]; /* likewise                                  */
	char fingerprint[65];      /* of the training part: a resumed run needs the same */
} nn_data;

/* Loads the parts with their bit set in `parts` (1 << NN_TRAINING, ...). `root` overrides the
 * directory unless NULL. */
bool nn_data_open(nn_data *d, const nn_settings *s, const char *root, unsigned parts, nn_error *e);
void nn_data_close(nn_data *d);

/* The C,H,W of an input as text. */
void nn_shape_text(const nn_model *m, char text[64]);

#endif
