/* shuffle.c: reproducible orders.
 *
 * Nothing is stored in a checkpoint: the order of an epoch is a function of seed and epoch, and a
 * split a function of split_seed. For a split every item gets a random key; the items with the
 * smallest keys (of their label) go to the test part, the next to the validation part. So an item
 * never moves from the test part into training when only the validation share changes. */
#include "shuffle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/nn_rand.h"

void nn_shuffle(uint32_t *item, const uint32_t *from, int64_t count, uint64_t seed, uint64_t epoch)
{
	if (item != from && count)
		memcpy(item, from, (size_t)count * sizeof *item);
	for (int64_t i = count - 1; i > 0; i--) {
		/* The high half of a 64 x 32 bit product: uniform to 2^-32. */
		uint64_t r = nn_rand_u64(seed, NN_RAND_SHUFFLE, epoch, (uint64_t)i) >> 32;
		uint64_t k = (r * ((uint64_t)i + 1)) >> 32;
		uint32_t swap = item[i];
		item[i] = item[k];
		item[k] = swap;
	}
}

typedef struct keyed {
	uint64_t key;  /* random                    */
	int32_t label; /* group, 0 without labels   */
	uint32_t item; /* which                     */
	int part;      /* 0 training, 1 validation, 2 test */
} keyed;

static int by_key(const void *a, const void *b)
{
	const keyed *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->item < y->item ? -1 : x->item > y->item;
}

static int by_label(const void *a, const void *b)
{
	const keyed *x = a, *y = b;
	if (x->label != y->label)
		return x->label < y->label ? -1 : 1;
	return by_key(a, b);
}

static int by_part(const void *a, const void *b)
{
	const keyed *x = a, *y = b;
	if (x->part != y->part)
		return x->part - y->part;
	if (x->part == 0)
		return by_key(a, b);
	return x->item < y->item ? -1 : x->item > y->item;
}

/* Gives the items of one label, sorted by key, their parts. */
static void assign(keyed *k, int64_t count, double validation, double test)
{
	int64_t tests = llround(test * (double)count);
	int64_t end = llround((test + validation) * (double)count);
	for (int64_t i = 0; i < count; i++)
		k[i].part = i < tests ? 2 : i < end ? 1 : 0;
}

bool nn_split_items(nn_split *s, int64_t count, double validation, double test, uint64_t seed,
                    const int32_t *label, nn_error *e)
{
	*s = (nn_split){0};
	if (!(validation >= 0) || !(test >= 0) || !(validation + test < 1))
		return nn_fail(e, NN_EXIT_USAGE,
		               "the shares of validation (%g) and test (%g) must "
		               "not be negative and leave something to train on",
		               validation, test);
	keyed *k = nn_alloc((size_t)count, sizeof *k, "splitting the data", e);
	s->item = nn_alloc((size_t)count, sizeof *s->item, "splitting the data", e);
	if (!k || !s->item) {
		free(k);
		return false;
	}
	for (int64_t i = 0; i < count; i++)
		k[i] = (keyed){nn_rand_u64(seed, NN_RAND_SPLIT, 0, (uint64_t)i),
		               label ? label[i] : 0, (uint32_t)i, 0};
	qsort(k, (size_t)count, sizeof *k, by_label);
	for (int64_t i = 0, end; i < count; i = end) {
		for (end = i; end < count && k[end].label == k[i].label;)
			end++;
		assign(k + i, end - i, validation, test);
	}
	qsort(k, (size_t)count, sizeof *k, by_part);
	for (int64_t i = 0; i < count; i++) {
		s->item[i] = k[i].item;
		s->part[k[i].part]++;
	}
	free(k);
	return true;
}
