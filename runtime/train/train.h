/* train.h: the state of a training, shared by train.c (the loop) and train_open.c (its start). */
#ifndef NN_TRAIN_H
#define NN_TRAIN_H

#include "../run/log.h"
#include "../report/report.h"
#include "schedule.h"
#include "../run/score.h"
#include "../run/session.h"

/* The number that decides which weights are best. */
typedef struct nn_monitor {
	bool validation;  /* val_...                                         */
	bool accuracy;    /* larger is better, otherwise the loss            */
	double min_delta; /* what counts as better                           */
	double patience;  /* epochs without anything better; below 0: no end */
	bool restore;     /* leave the best weights at the end               */
} nn_monitor;

typedef struct nn_training {
	nn_session *session;      /* verb, options, numbers                     */
	nn_data data;             /* training and validation                    */
	nn_part train;            /* what is trained on, after --limit          */
	uint32_t *order;          /* the epoch's order of train.index           */
	nn_normalize normalize;   /* of the input                               */
	nn_net net;               /* the fast program                           */
	nn_feed feed;             /* fills its batch                            */
	nn_augment augment;       /* how training images are changed            */
	nn_scorer scorer;         /* reads its outputs                          */
	nn_checkpoint checkpoint; /* saves it                                   */
	nn_schedule schedule;     /* of the learning rate                       */
	nn_monitor monitor;       /* for best.safetensors and early stopping    */
	nn_log log;               /* files and terminal                         */
	nn_progress progress;     /* counters                                   */
	nn_score score;           /* of the epoch so far                        */
	int64_t batch;            /* images a step                              */
	bool saves;               /* it is a run: weights and state are kept    */
	bool changed;             /* something was done since the last save     */
	bool found_best;          /* best_file holds weights that are not saved */
	nn_file best_file;        /* the best weights since the last save       */
	double saved, save_ms;    /* clock after the last save, and its time    */
	void *reserve;            /* mapped, not touched: the report's memory   */
	size_t reserved;          /* bytes of it                                */
	char last[4096], best[4096], state[4096], previous[4096]; /* files      */
	const char *from; /* the state it can be replayed from; NULL: its beginning */
} nn_training;

/* At least so many seconds lie between two saves, unless a signal asks for one or the training
 * ends. Tests set it to 0: after each step. */
extern double nn_save_seconds;

/* Loads data, weights or state, and takes all memory the training needs. (train_open.c) */
bool nn_training_open(nn_training *t, nn_session *s, nn_error *e);
void nn_training_close(nn_training *t);

/* Lets go of the memory that was kept for the report. (train_open.c) */
void nn_training_unreserve(nn_training *t);

/* Writes OUT/report.html about the best weights, which are in the net afterwards, or of a training
 * whose loss was not finite, and leaves the diagnosis in r. Nothing can be saved any more. *r is to
 * be closed in any case. (verb_report.c) */
bool nn_training_report(nn_training *t, bool diverged, nn_report *r, nn_error *e);

/* Writes what was reached: logs, best and last weights, and the state. (train.c) */
bool nn_training_save(nn_training *t, nn_error *e);

/* Takes the counters that live elsewhere from t->progress. */
void nn_training_restore(nn_training *t);

/* Parameters, running statistics and optimizer state as a new training has them. */
bool nn_training_begin(nn_training *t, nn_error *e);

/* Fills the batch with the items that stand at `at` of the epoch's order, as step `number` gets
 * them, and *run with what that step is to be run with. (train.c) */
bool nn_training_batch(nn_training *t, int64_t at, uint64_t number, nn_run *run, nn_error *e);

/* --lr-find: tries learning rates, writes lr_find.txt and lr_find.json. (lr_find.c) */
bool nn_training_find_lr(nn_training *t, nn_error *e);

#endif
