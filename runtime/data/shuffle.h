/* shuffle.h: reproducible orders. See shuffle.c. */
#ifndef NN_SHUFFLE_H
#define NN_SHUFFLE_H

#include <stdint.h>

#include "../base/error.h"

/* Orders item[0..count-1] as epoch `epoch` of a run with `seed` sees them: a permutation of what
 * `item` holds that depends on (seed, epoch, count) only. */
void nn_shuffle(uint32_t *item, const uint32_t *from, int64_t count, uint64_t seed, uint64_t epoch);

typedef struct nn_split {
	uint32_t *item;  /* all items: training ones first, then validation, then test */
	int64_t part[3]; /* how many of each                                          */
} nn_split;

/* Splits items 0..count-1 by share: `test` and `validation` of them are set apart, of each label
 * by itself when `label` is given. Which ones depends on (seed, count, label) only. The training
 * items come in a random order (the same for every share), the others in ascending order. */
bool nn_split_items(nn_split *s, int64_t count, double validation, double test, uint64_t seed,
                    const int32_t *label, nn_error *e);

#endif
