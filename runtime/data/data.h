/* data.h: data sets. A reader (data_FORMAT.c) turns one source into nn_items; data.c splits.
 *
 * A new format is one file with one nn_read_FORMAT, one row in data.c and one line in files.txt,
 * which says when it is linked. Readers trust nothing: every size is held against the size of the
 * file before memory is taken, and a mistake ends with one message: file, item and reason (exit
 * 65), or the name of the file that is missing (66). */
#ifndef NN_DATA_H
#define NN_DATA_H

#include <stdint.h>

#include "../base/error.h"
#include "../file/io.h"
#include "meaning.h"
#include "../net/settings.h"
#include "store.h"

enum { NN_ITEM_NAME = NN_PATH_MAX + 32 };

/* A file of several: its items are first, first + 1, ... */
typedef struct nn_piece {
	int64_t first; /* number of its first item  */
	char *path;    /* of the file               */
} nn_piece;

typedef struct nn_items {
	int64_t count;        /* items                                                      */
	int64_t values;       /* of an item: C*H*W in this order, or F                      */
	const uint8_t *u8;    /* [count][values], or NULL: only what nn_items_load loaded   */
	const float *f32;     /* [count][values], or NULL: exactly one of the two is set    */
	const int32_t *label; /* [count], or NULL                                           */
	const float *target;  /* [count][targets], or NULL                                  */
	int64_t targets;      /* values of a real target                                    */
	char target_name[256]; /* file of labels or targets, where it is another            */
	int64_t odd;          /* labels that are out of range: -1 (only if NN_LENIENT)      */
	bool synthetic;       /* random numbers: nothing to learn about the classes         */
	nn_store *store;      /* NULL: all is in memory or mapped; else where u8 comes from */
	nn_bytes file;        /* where u8 or f32 lie, or nothing                            */
	void *memory[3];      /* what to free                                               */
	char name[256];       /* the file, for messages                                     */
	nn_piece *piece;      /* [pieces], where the source has several files               */
	int64_t pieces;       /* how many                                                   */
	int64_t passed;       /* files that were passed over for their type                 */
	char passed_one[256]; /* one of them                                                */
} nn_items;

/* What a reader is told. */
typedef struct nn_loader {
	const nn_settings *settings; /* model and numbers of the XML                      */
	const char *root;            /* directory, may be ""                              */
	const nn_source *source;     /* which files                                       */
	int64_t values;              /* of an item, as the network wants them             */
	int64_t targets;             /* values of a real target; 0: labels or none        */
	bool labels;                 /* labels are needed                                 */
	bool lenient;                /* labels out of range become -1                     */
	bool training;               /* this is the training part: it settles meanings    */
	nn_meaning *meaning;         /* of classes and columns                            */
} nn_loader;

typedef bool nn_reader(const nn_loader *l, nn_items *items, nn_error *e);

nn_reader nn_read_cifar, nn_read_csv, nn_read_folder, nn_read_idx, nn_read_npy, nn_read_npz,
        nn_read_synthetic;

/* A whole file as items without labels, for predict. The shape must be the network's input; of `l`
 * settings and meaning count. */
typedef bool nn_rows(const char *path, const nn_loader *l, nn_items *items, nn_error *e);
nn_rows nn_rows_csv, nn_rows_idx, nn_rows_npy;

/* Makes items index[0..live-1] readable in u8 or f32 until the next call, on all threads of the
 * team (NULL: on this one). */
bool nn_items_load(const nn_items *items, const uint32_t *index, int64_t live, nn_team *team,
                   nn_error *e);

/* Fails, with its name, if item i holds a NaN or an infinity. */
bool nn_item_finite(const nn_items *items, int64_t i, nn_error *e);

/* Fails with the first item that does. Those of a mapped file are not looked at, since that would
 * read all of it: nn_feed_fill does it when it reads them. */
bool nn_items_finite(const nn_items *items, nn_error *e);

/* Says that the next items come from this file. */
bool nn_items_piece(nn_items *items, const char *path, nn_error *e);

/* What item i is called in messages: its own file, or "file[i]". */
void nn_item_name(const nn_items *items, int64_t i, char text[NN_ITEM_NAME]);

/* For readers: whether an item's shape ("28x28", C x H x W, or any shape of as many values for a
 * network that takes features) is the network's. */
bool nn_data_shape(const nn_model *m, const char *path, const char *dim, int64_t values,
                   nn_error *e);

/* The files of a source one after the other: file="..." or the words of files="...". *at is NULL at
 * the start; false after the last. */
bool nn_next_file(const nn_source *source, const char **at, char name[NN_PATH_MAX]);

/* Takes memory for items->label. */
bool nn_labels_open(nn_items *items, const char *path, nn_error *e);

/* Notes label[i]; one that is no class fails with file and item. */
bool nn_label_set(const nn_loader *l, nn_items *items, int64_t i, int64_t value, const char *path,
                  nn_error *e);

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

/* With this bit in `parts`, labels that are out of range are counted instead of refused. */
enum { NN_LENIENT = 1 << 8 };

/* Loads the parts with their bit set in `parts` (1 << NN_TRAINING, ...); only those can be seen
 * afterwards. `root` overrides the directory unless NULL. What `m` knows of classes and columns
 * holds for all parts; what it does not know, the training part says, which is read for it where
 * the format has names. With the training part read, m->scale is that of its values. Parts on
 * another scale than m->scale, and targets that the loss cannot learn, fail with 65 (not with
 * NN_LENIENT). */
bool nn_data_open(nn_data *d, const nn_settings *s, nn_meaning *m, const char *root, unsigned parts,
                  nn_error *e);

/* Fails with 65 and both ranges where items are not on the scale that the weights learnt on. */
bool nn_items_scale(const nn_items *items, const nn_meaning *m, nn_error *e);

/* Fails with 65 where all real targets are the same. */
bool nn_items_vary(const nn_items *items, nn_error *e);

/* Whether a loss can learn the real targets of an item. */
typedef enum {
	NN_FIT_GOOD,
	NN_FIT_RANGE, /* not from 0 to 1, but the loss is binary_cross_entropy */
	NN_FIT_NONE   /* a NaN or an infinity                                  */
} nn_fit;
nn_fit nn_target_fit(const nn_items *items, int64_t item, const char *loss);

/* What a user should know of the parts that were read, a line each: files that were passed over,
 * classes without a training item. */
void nn_data_notes(const nn_data *d, const nn_model *model, nn_text *t);
void nn_data_close(nn_data *d);

/* The C,H,W of an input as text. */
void nn_shape_text(const nn_model *m, char text[64]);

#endif
