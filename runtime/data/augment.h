/* augment.h: random changes of the training images. See augment.c. */
#ifndef NN_AUGMENT_H
#define NN_AUGMENT_H

#include "data.h"
#include "pixels.h"
#include "../net/settings.h"

/* Up to NN_MOVE every cell comes from one cell, up to NN_ERASE an image is needed. */
typedef enum {
	NN_FLIP,     /* with probability p                                     */
	NN_MOVE,     /* by up to most[], either way                            */
	NN_TURN,     /* by up to `amount` degrees, either way                  */
	NN_ZOOM,     /* by a factor from 1 - amount to 1 + amount              */
	NN_ERASE,    /* a rectangle, with probability p                        */
	NN_BRIGHTEN, /* adds from -amount to amount                            */
	NN_CONTRAST, /* by a factor from 1 - amount to 1 + amount              */
	NN_NOISE,    /* normal, of standard deviation `amount`; input only     */
	NN_MIX       /* with another image of the batch, by Beta(amount, amount) */
} nn_change_kind;

typedef struct nn_change {
	nn_change_kind kind; /* what is done                                         */
	bool vertical;       /* flip: rows instead of columns                        */
	double p;            /* flip, erase: probability                             */
	int64_t most[2];     /* move: at most this many rows and columns, either way */
	double amount;       /* of the others                                        */
} nn_change;

typedef struct nn_augment {
	nn_change *change; /* in order                        */
	int changes;       /* 0: images stay as they are      */
	int64_t size[2];   /* height and width of an image    */
	nn_frame frame;    /* the same, with the channels     */
	bool pixels;       /* some change is not flip or move */
	int mix;           /* which change is NN_MIX, or -1   */
	float *room;       /* [threads][3][values]            */
	uint64_t seed;     /* of the run                      */
	uint64_t epoch;    /* whose images are made           */
} nn_augment;

/* One axis of a changed image: cell i is cell sign * i + offset of the original where
 * from <= i < end, and empty elsewhere. */
typedef struct nn_map {
	int64_t sign, offset, from, end;
} nn_map;

typedef struct nn_view {
	nn_map axis[2]; /* rows, columns */
} nn_view;

/* The items of a batch. */
typedef struct nn_batch {
	const nn_items *items; /* all there are      */
	const uint32_t *index; /* which              */
	int live;              /* how many           */
} nn_batch;

/* Reads <augment> of the network that `s` belongs to; without one there are no changes. Takes the
 * memory that `threads` threads need. */
bool nn_augment_open(nn_augment *a, const nn_settings *s, uint64_t seed, int threads, nn_error *e);
void nn_augment_close(nn_augment *a);

/* The first of the two random numbers of change k of an item. */
uint64_t nn_augment_key(uint32_t item, int k);

/* How item `item` looks in a->epoch, by changes from..end-1, all of them flips and moves. */
nn_view nn_augment_view(const nn_augment *a, uint32_t item, int from, int end);

/* Item n of the batch after all changes, [values] before normalisation; without noise when `clean`.
 * The image is in the room of `thread` until that thread's next call. (augment_image.c) */
const float *nn_augment_image(const nn_augment *a, const nn_batch *b, int n, bool clean,
                              int thread);

/* How much of item n is its own; the rest comes from item *partner of the batch. */
double nn_augment_share(const nn_augment *a, const nn_batch *b, int n, int *partner);

#endif
