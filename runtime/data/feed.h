/* feed.h: from items to the batch in the arena. See feed.c. */
#ifndef NN_FEED_H
#define NN_FEED_H

#include "augment.h"
#include "data.h"
#include "../net/net.h"

/* Mean and standard deviation by channel, of values in [0,1] where they were 8-bit. */
typedef struct nn_normalize {
	int channels; /* 1 or more           */
	double *mean; /* [channels]          */
	double *std;  /* [channels], above 0 */
	double unit;  /* what a byte of 255 becomes: 1, or 255 where the weights learnt on that */
} nn_normalize;

/* Takes the network's numbers ("given"), 0 and 1 ("none"), or leaves 0 and 1 for "auto", which
 * nn_normalize_measure or a checkpoint fills: for each channel of images, each feature of rows. */
bool nn_normalize_open(nn_normalize *z, const nn_model *model, nn_error *e);
bool nn_normalize_measure(nn_normalize *z, const nn_part *part, nn_team *team, nn_error *e);
void nn_normalize_close(nn_normalize *z);

/* Where the values of one item lie. */
typedef struct nn_places {
	const nn_tensor *tensor; /* input or target                                   */
	int32_t *at;             /* [values] offset within an item, in elements       */
	int32_t *pad;            /* offsets that stay zero                            */
	int64_t pads;            /* how many                                          */
} nn_places;

typedef struct nn_feed {
	nn_net *net;               /* whose arena                                        */
	nn_normalize normalize;    /* of the input                                       */
	int64_t values;            /* of an item                                         */
	double *table;             /* [channels][256] normalised value of each 8-bit one */
	nn_places input;           /* of x                                               */
	nn_places target;          /* of y when it is the input                          */
	nn_batch batch;            /* what is being filled                               */
	const nn_augment *augment; /* NULL, or how the items are changed                 */
} nn_feed;

/* The feed keeps a copy of the pointers in z. */
bool nn_feed_open(nn_feed *f, nn_net *net, const nn_normalize *z, nn_error *e);
void nn_feed_close(nn_feed *f);

/* Fills input and target with items[index[0..live-1]], on all threads. Lanes of a block that hold
 * no item become zero. With f->augment set, items change as it says. Fails when an item has to be
 * fetched and cannot be, or comes from a mapped file and holds a NaN or an infinity. */
bool nn_feed_fill(nn_feed *f, const nn_items *items, const uint32_t *index, int live, nn_error *e);

#endif
