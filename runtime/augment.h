/* augment.h: random changes of the training images. See augment.c. */
#ifndef NN_AUGMENT_H
#define NN_AUGMENT_H

#include "settings.h"

enum { NN_CHANGES = 16 };

typedef enum { NN_FLIP, NN_MOVE } nn_change_kind;

typedef struct nn_change {
	nn_change_kind kind; /* what is done                                         */
	bool vertical;       /* flip: rows instead of columns                        */
	double p;            /* flip: probability                                    */
	int64_t most[2];     /* move: at most this many rows and columns, either way */
} nn_change;

typedef struct nn_augment {
	nn_change change[NN_CHANGES]; /* in order                        */
	int changes;                  /* 0: images stay as they are      */
	int64_t size[2];              /* height and width of an image    */
	uint64_t seed;                /* of the run                      */
	uint64_t epoch;               /* whose images are made           */
} nn_augment;

/* One axis of a changed image: cell i is cell sign * i + offset of the original where
 * from <= i < end, and empty elsewhere. */
typedef struct nn_map {
	int64_t sign, offset, from, end;
} nn_map;

typedef struct nn_view {
	nn_map axis[2]; /* rows, columns */
} nn_view;

/* Reads <augment> of the network that `s` belongs to; without one there are no changes. */
bool nn_augment_open(nn_augment *a, const nn_settings *s, uint64_t seed, nn_error *e);

/* How item `item` looks in a->epoch. */
nn_view nn_augment_view(const nn_augment *a, uint32_t item);

#endif
