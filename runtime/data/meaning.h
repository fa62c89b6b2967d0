/* meaning.h: what labels, columns and values of a data set mean. See meaning.c. */
#ifndef NN_MEANING_H
#define NN_MEANING_H

#include "names.h"
#include "../nn.h"
#include "../file/safetensors.h"

/* On which scale values are. Bytes of pictures become 0 to 1 unless the weights learnt on
 * 0 to 255. */
typedef enum {
	NN_SCALE_NONE, /* not known, or nothing that tells                       */
	NN_SCALE_UNIT, /* 0 to 1, and bytes                                      */
	NN_SCALE_BYTE, /* 0 to 255, not as bytes                                 */
	NN_SCALE_OTHER /* anything else: negative, larger, small whole numbers   */
} nn_scale;

typedef struct nn_meaning {
	nn_names classes;   /* in the order of the outputs; empty: nobody named them            */
	bool numbered;      /* a class may be called by its number as well                      */
	nn_names table;     /* csv: all columns of the training part; empty: it has no names    */
	nn_names columns;   /* csv: those that are inputs, in order                             */
	nn_names labels;    /* csv: those that are labels or targets, in order                  */
	nn_scale scale;     /* of what the weights learn on                                     */
	double least, most; /* range of that                                                    */
} nn_meaning;

/* Starts with the names of <classes>, if there are any. */
bool nn_meaning_open(nn_meaning *m, const nn_model *model, nn_error *e);
void nn_meaning_close(nn_meaning *m);

/* Takes the different names that the training part uses as its classes, unless <classes> or the
 * weights have named them. They are sorted; new_of[number in `found`] becomes the class, -1 for a
 * name that is none. Fails with 65 where they are not as many as the network has classes; `where`
 * is the file or directory, `what` are they ("directories"). */
bool nn_meaning_name(nn_meaning *m, nn_names *found, int classes, const char *where,
                     const char *what, int32_t *new_of, nn_error *e);

/* Whether a name can be kept with the weights: UTF-8 without a line end. Else fails with 65;
 * `what` is it ("column"). */
bool nn_meaning_storable(const char *name, const char *where, const char *what, nn_error *e);

/* The class of this name; -1: none. */
int64_t nn_meaning_class(const nn_meaning *m, const char *name, size_t len, int classes);

/* "the classes are 'cat', 'dog'; did you mean 'cat'?", for messages about `name`. */
void nn_meaning_explain(const nn_meaning *m, const char *name, int classes, nn_text *t);

/* What class i is called: its name, or its number, written into `number`. */
const char *nn_class_name(const nn_model *m, int i, char number[16]);

/* The scale of values of this range; `share` of them are above 1. */
nn_scale nn_scale_of(double least, double most, double share);

/* Whether values of `other` may go where `scale` was learnt. */
bool nn_scale_fits(nn_scale scale, nn_scale other);

/* Pairs for the metadata of a file of weights. Keys are literals, values are added to `t`, each
 * ended by a zero, at the offsets at[]; how many. */
enum { NN_MEANING_PAIRS = 5 };
int nn_meaning_pairs(const nn_meaning *m, nn_text *t, const char *key[NN_MEANING_PAIRS],
                     size_t at[NN_MEANING_PAIRS]);

/* Takes what a file of weights says, before anything else is in `m` but <classes>. Files of other
 * origin say nothing. */
bool nn_meaning_take(nn_meaning *m, const nn_safetensors *s, const char *path, int classes,
                     nn_error *e);

/* The same from a file; one that cannot be read is left to whoever reads the weights. */
bool nn_meaning_load(nn_meaning *m, const char *path, int classes, nn_error *e);

/* Whether both say the same about classes and columns; else why not, in `why`. */
bool nn_meaning_same(const nn_meaning *a, const nn_meaning *b, nn_text *why);

#endif
