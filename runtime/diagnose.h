/* diagnose.h: from the numbers of a training to a verdict and what to try next. See diagnose.c. */
#ifndef NN_DIAGNOSE_H
#define NN_DIAGNOSE_H

#include <stdint.h>

#include "text.h"

typedef enum {
	NN_DIVERGED,     /* the loss became infinite, or far worse than guessing     */
	NN_NOT_LEARNING, /* no better than guessing on the validation data           */
	NN_TOO_SMALL,    /* the validation data are too few to say which it is       */
	NN_UNDERFITTING, /* many errors on the training data already                 */
	NN_OVERFITTING,  /* many more errors on validation than on training data     */
	NN_HUMAN_LEVEL,  /* no more errors than people make                          */
	NN_FITS,         /* few errors, and about as many on both: nothing is wrong  */
	NN_VERDICTS
} nn_verdict;

/* What is known of a training; NaN and 0 where something is not. Accuracies are shares of 1, both
 * of the same weights, and without augmentation or dropout. */
typedef struct nn_facts {
	bool classes;             /* the network has labels, hence accuracies                    */
	bool finite;              /* the loss never became a NaN or infinite                     */
	double accuracy[2];       /* on training and on validation data                          */
	double loss[2];           /* likewise                                                    */
	int64_t count[2];         /* items they were measured on                                 */
	double chance;            /* accuracy of guessing                                        */
	double chance_loss;       /* loss of guessing                                            */
	double human_error;       /* share that people get wrong                                 */
	double first_loss;        /* training loss of the first epoch                            */
	double last_loss;         /* and of the last                                             */
	double before;            /* training loss in the epoch of the lowest validation loss    */
	double last_accuracy[2];  /* of the last epoch, on training and on validation data       */
	double best_val_loss;     /* the lowest                                                  */
	double last_val_loss;     /* of the last epoch                                           */
	int64_t epochs;           /* done                                                        */
	int64_t best_epoch;       /* of the weights in question; 0: not known                    */
	int64_t lowest_epoch;     /* of the lowest validation loss; 0: not known                 */
} nn_facts;

enum { NN_ADVICES = 6 };

typedef struct nn_diagnosis {
	nn_verdict verdict;             /* the kind                                              */
	const char *name;               /* "over-fitting"                                        */
	const char *meaning;            /* one or two sentences                                  */
	const char *advice[NN_ADVICES]; /* what to try, the most promising first                 */
	int advices;                    /* how many                                              */
	double low, high;               /* 95 % interval of the validation accuracy, or NaN      */
	bool risen;                     /* the validation loss has risen since its lowest value
	                                 * while the training loss went on falling               */
} nn_diagnosis;

void nn_diagnose(nn_diagnosis *d, const nn_facts *f);

/* The Wilson score interval, at 95 %, of a share `p` seen in `n` items. (Wilson 1927) */
void nn_wilson(double p, int64_t n, double *low, double *high);

/* Several lines for people; the first begins with "verdict: ". */
void nn_diagnosis_text(nn_text *t, const nn_diagnosis *d, const nn_facts *f);

/* An object for programs. */
void nn_diagnosis_json(nn_text *t, const nn_diagnosis *d, const nn_facts *f);

#endif
