/* examine.h: what a network answers on a part of the data, item by item. See examine.c. */
#ifndef NN_EXAMINE_H
#define NN_EXAMINE_H

#include "../run/score.h"

/* The answer for one item. */
typedef struct nn_guess {
	uint32_t item;  /* which item of the source                                     */
	int32_t label;  /* what it is; -1: no labels                                    */
	int32_t answer; /* the most probable class                                      */
	float sure;     /* its probability; without labels the item's loss               */
} nn_guess;

typedef struct nn_exam {
	const nn_items *items; /* the source                                           */
	nn_guess *guess;       /* [count]                                              */
	int64_t count;         /* items asked                                          */
	int64_t whole;         /* items there are                                      */
	nn_score score;        /* over those asked; its confusion is set, see score.h  */
	bool finite;           /* every loss was                                       */
} nn_exam;

/* Asks about `most` items (all, if there are fewer), evenly spread over the part. Their loss may be
 * infinite: `finite` tells. */
bool nn_examine(nn_exam *x, nn_scorer *s, nn_feed *feed, const nn_part *part, int64_t most,
                nn_run run, nn_error *e);
void nn_exam_close(nn_exam *x);

#endif
