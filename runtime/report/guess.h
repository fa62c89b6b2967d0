/* guess.h: what guessing gets wrong where a network gives numbers. See guess.c. */
#ifndef NN_GUESS_H
#define NN_GUESS_H

#include "examine.h"

/* [0] for the training, [1] for the validation part; NaN where it is not known. */
typedef struct nn_guessing {
	double loss[2];        /* mean loss of guessing                                      */
	double spread[2];      /* standard deviation of the loss of the network by item      */
	double gain_spread[2]; /* of the difference to that of guessing                      */
} nn_guessing;

/* The guess is the same for every item: of each output the constant of the smallest loss over the
 * training items that exam[0] asked about. Fills the batch with their targets once more; the
 * network does not run. A loss that has no such constant here leaves NaN. */
bool nn_guess_errors(nn_guessing *g, const nn_exam exam[2], const nn_scorer *s, nn_feed *feed,
              nn_error *e);

/* The loss of one item with outputs y and targets t, `count` of each; NaN for losses of labels. */
double nn_item_loss(const nn_model *m, const double *y, const double *t, int64_t count);

#endif
