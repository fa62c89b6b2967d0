/* score.h: how good outputs are, and the evaluation of a part of the data. See score.c. */
#ifndef NN_SCORE_H
#define NN_SCORE_H

#include "../data/feed.h"

/* Of more classes no confusion is counted: it grows with their square. */
enum { NN_CONFUSION_MOST = 2048 };

typedef struct nn_score {
	double loss_sum;    /* loss times images, in order                            */
	int64_t count;      /* images                                                 */
	int64_t correct;    /* where the label had the largest output                 */
	int64_t top5;       /* where it was among the five largest                    */
	int64_t *confusion; /* NULL, or [classes][classes]: true label, then predicted */
} nn_score;

/* Room for nn_score.confusion, zeroed; NULL where there are no classes or too many of them, and
 * without memory. The caller frees it. */
int64_t *nn_confusion(const nn_model *m, nn_error *e);

/* Room for the outputs of a batch. */
typedef struct nn_scorer {
	const nn_net *net; /* whose outputs       */
	double *output;    /* [batch][outputs]    */
	int64_t outputs;   /* of an image         */
} nn_scorer;

bool nn_scorer_open(nn_scorer *s, const nn_net *net, nn_error *e);
void nn_scorer_close(nn_scorer *s);

/* The class of outputs y: the first largest; with one output, whether it is above 0. */
int nn_predicted(const nn_model *m, const double *y, int64_t outputs);

/* Outputs of one item to probabilities p of `classes` classes: their softmax, the sigmoid of a
 * single one. */
void nn_probabilities(const nn_model *m, const double *y, int64_t outputs, double *p);

/* Copies the outputs of the last run into `output`. */
void nn_scorer_read(nn_scorer *s, int live);

/* Copies what a network without classes answers there: its outputs, or their sigmoid where they
 * are logits of values from 0 to 1. */
void nn_scorer_answer(nn_scorer *s, int live);

/* Adds the batch that the net has just run. */
void nn_score_add(nn_score *score, nn_scorer *s, const nn_items *items, const uint32_t *index,
                  int live);

/* Runs the whole part in evaluation form. */
bool nn_evaluate(nn_score *score, nn_scorer *s, nn_feed *feed, const nn_part *part, nn_run run,
                 nn_error *e);

double nn_score_loss(const nn_score *s);

/* Fills the loss weights of the classes, where the loss has them (class_weights="balanced"), with
 * items / (classes * items of the class) over the training part; 0 for a class without items. Until
 * then, and with synthetic data, all are 1. */
bool nn_weigh_classes(nn_net *net, const nn_part *training, nn_error *e);

/* NaN where the network has no labels. */
double nn_score_accuracy(const nn_score *s, const nn_model *m);

/* NaN where the network has no classes; always 1 where it has five or fewer, which says nothing. */
double nn_score_top5(const nn_score *s, const nn_model *m);

#endif
