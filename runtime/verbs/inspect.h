/* inspect.h: what is in a data set. See inspect.c and inspect_text.c. */
#ifndef NN_INSPECT_H
#define NN_INSPECT_H

#include "../data/data.h"
#include "../base/text.h"

/* What can be wrong with an item. */
typedef enum {
	NN_UNREADABLE, /* its file is damaged or gone                        */
	NN_ODD_LABEL,  /* its label is no class                              */
	NN_NOT_FINITE, /* a NaN or an infinity, in its values or its target  */
	NN_ODD_TARGET, /* a target that the loss cannot learn                */
	NN_REPEATED,   /* the same values as an earlier item of its part     */
	NN_SHARED,     /* the same values as an item of another part         */
	NN_CONFLICT,   /* the same values as an item with another label      */
	NN_CONSTANT,   /* all its values are the same                        */
	NN_EXTREME,    /* a value more than 10 deviations from the mean  */
	NN_FINDINGS
} nn_finding;

enum { NN_EXAMPLES = 5, NN_CHANNELS_SHOWN = 64 };

typedef struct nn_example {
	int part, other_part; /* NN_TRAINING, ...                         */
	int64_t item;         /* in its part's items                      */
	int64_t other;        /* the item it equals; -1: none             */
	char why[200];        /* unreadable: the reason                   */
} nn_example;

typedef struct nn_inspection {
	nn_data data;                                 /* all parts                           */
	int classes;                                  /* 0: no labels                        */
	int64_t *by_class;                            /* [NN_PARTS][classes]                 */
	int64_t found[NN_FINDINGS][NN_PARTS];         /* items, by the part they are in      */
	int64_t shared[NN_PARTS][NN_PARTS];           /* items of [j] that are in [i], i < j */
	nn_example example[NN_FINDINGS][NN_EXAMPLES]; /* the first                           */
	int examples[NN_FINDINGS];                    /* how many                            */
	double least[NN_PARTS], most[NN_PARTS];       /* of all values                       */
	int channels;                                 /* of mean and deviation               */
	double mean[NN_CHANNELS_SHOWN];               /* of the training part, 8-bit values  */
	double deviation[NN_CHANNELS_SHOWN];          /* as numbers from 0 to 1              */
	int64_t values;                               /* of an item                          */
	nn_text unfit;                                /* what is wrong with a part, a line each */
	int64_t unfits;                               /* lines                               */
} nn_inspection;

/* Reads all parts of the data and looks at every item. Fails only where the data cannot be read at
 * all. `m` and `root` as for nn_data_open. */
bool nn_inspect(nn_inspection *x, const nn_settings *s, nn_meaning *m, const char *root,
                nn_team *team, nn_error *e);
void nn_inspection_close(nn_inspection *x);

/* Items, and parts, that cannot be trained on. */
int64_t nn_inspection_unusable(const nn_inspection *x);

void nn_inspection_text(const nn_inspection *x, const nn_settings *s, nn_text *t);
void nn_inspection_json(const nn_inspection *x, const nn_settings *s, nn_text *t);

#endif
