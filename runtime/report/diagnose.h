/* diagnose.h: from the numbers of a training to a verdict and what to try next. See diagnose.c. */
#ifndef NN_DIAGNOSE_H
#define NN_DIAGNOSE_H

#include <stdint.h>

#include "../base/text.h"

typedef enum {
	NN_DIVERGED,      /* the loss became infinite, or far worse than at the start            */
	NN_NOT_LEARNING,  /* no better than guessing even on the training data                   */
	NN_NOT_CARRIED,   /* learnt on the training data, but guessing on the validation data    */
	NN_TOO_SMALL,     /* the validation data are too few to say which it is                  */
	NN_UNDERFITTING,  /* many errors on the training data already                            */
	NN_OVERFITTING,   /* many more errors on validation than on training data                */
	NN_HUMAN_LEVEL,   /* no more errors than people make                                     */
	NN_FITS,          /* few errors, and about as many on both: nothing is wrong             */
	NN_VERDICTS
} nn_verdict;

/* What the description says already, so that nobody is told to do what was done. */
typedef struct nn_recipe {
	bool pictures;         /* the input has height and width                                 */
	bool normalized;       /* <normalize>                                                    */
	bool augment;          /* something in <augment>                                         */
	bool dropout;          /* a <dropout> layer                                              */
	bool norm;             /* batch_norm, layer_norm or group_norm                           */
	bool early_stopping;   /* <early_stopping>                                               */
	bool smoothing;        /* label_smoothing above 0                                        */
	bool can_smooth;       /* the loss knows it                                              */
	bool own_validation;   /* <validation> instead of a share of the training items          */
	double validation;     /* that share                                                     */
	double lr;             /* base learning rate                                             */
	double weight_decay;   /* of the optimizer                                               */
	double grad_clip;      /* 0: none                                                        */
	double warmup;         /* epochs                                                         */
	const char *optimizer; /* type, or NULL                                                  */
	const char *schedule;  /* type, or NULL                                                  */
	char width[16];        /* "units" or "filters" of the first layer with such; "": none    */
	int64_t wide;          /* how many these are                                             */
} nn_recipe;

/* What is known of a training; NaN and 0 where something is not. [0] is training, [1] validation,
 * both with the same weights and without augmentation or dropout. Accuracies are shares of 1. */
typedef struct nn_facts {
	bool classes;             /* the network has labels, hence accuracies; else numbers      */
	bool finite;              /* the loss never became a NaN or infinite                     */
	const char *items;        /* what an item is called: "images", "rows"                    */
	double accuracy[2];       /* where there are classes                                     */
	double loss[2];           /* mean                                                        */
	double spread[2];         /* standard deviation of an item's loss; numbers only          */
	int64_t count[2];         /* items they were measured on                                 */
	int64_t whole[2];         /* items of the log's numbers                                  */
	double chance[2];         /* accuracy of always answering the training part's most
	                           * frequent class                                              */
	double guess_loss[2];     /* loss of guessing: all classes alike, or for each output the
	                           * best constant over the training part                        */
	double gain_spread[2];    /* standard deviation of (that loss - the network's) by item;
	                           * numbers only                                                */
	double human_error;       /* share that people get wrong                                 */
	double start_loss;        /* training loss before the first step                         */
	double first_loss;        /* training loss of the first epoch                            */
	double last_loss;         /* and of the last                                             */
	double before;            /* training loss in the epoch of the lowest validation loss    */
	double last_accuracy[2];  /* of the last epoch                                           */
	double best_val_loss;     /* the lowest                                                  */
	double last_val_loss;     /* of the last epoch                                           */
	int64_t epochs;           /* done                                                        */
	int64_t best_epoch;       /* of the weights in question; 0: not known                    */
	int64_t lowest_epoch;     /* of the lowest validation loss; 0: not known                 */
	nn_recipe recipe;         /* the description                                             */
} nn_facts;

/* A number and its 95 % interval. */
typedef struct nn_estimate {
	double at, low, high;
} nn_estimate;

enum { NN_ADVICES = 6, NN_ADVICE_MAX = 256, NN_MEANING_MAX = 640 };

typedef struct nn_diagnosis {
	nn_verdict verdict;                     /* the kind                                      */
	const char *name;                       /* "over-fitting"                                */
	char meaning[NN_MEANING_MAX];           /* sentences with the numbers that decided       */
	char advice[NN_ADVICES][NN_ADVICE_MAX]; /* what to try, the most promising first         */
	int advices;                            /* how many                                      */
	double low, high;       /* 95 % interval of the validation accuracy, or NaN              */
	nn_estimate error[2];   /* as shares of the errors (the loss) of guessing                */
	nn_estimate learnt[2];  /* 1 - error, against guessing on the same items                 */
	nn_estimate gap;        /* error[1] - error[0]                                           */
	bool risen;             /* the validation loss has risen since its lowest value while
	                         * the training loss went on falling                             */
	bool at_end;            /* the verdict is about the last epoch, not the weights kept     */
} nn_diagnosis;

void nn_diagnose(nn_diagnosis *d, const nn_facts *f);

/* Fills d->advice for d->verdict. (advise.c) */
void nn_advise(nn_diagnosis *d, const nn_facts *f);

/* Fills d->meaning. (diagnose_text.c) */
void nn_explain(nn_diagnosis *d, const nn_facts *f);

/* The Wilson score interval, at 95 %, of a share `p` seen in `n` items. (Wilson 1927) */
void nn_wilson(double p, int64_t n, double *low, double *high);

/* Several lines for people; the first begins with "verdict: ". (diagnose_text.c) */
void nn_diagnosis_text(nn_text *t, const nn_diagnosis *d, const nn_facts *f);

/* An object for programs. (diagnose_text.c) */
void nn_diagnosis_json(nn_text *t, const nn_diagnosis *d, const nn_facts *f);

#endif
