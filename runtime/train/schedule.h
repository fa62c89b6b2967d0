/* schedule.h: the learning rate and the momentum of a step. See schedule.c. */
#ifndef NN_SCHEDULE_H
#define NN_SCHEDULE_H

#include "../net/settings.h"

typedef enum {
	NN_CONSTANT,
	NN_STEP,
	NN_EXPONENTIAL,
	NN_POLYNOMIAL,
	NN_COSINE,
	NN_ONECYCLE,
	NN_PLATEAU
} nn_schedule_type;

typedef struct nn_schedule {
	nn_schedule_type type;         /* which                                         */
	double lr;                     /* base rate                                     */
	double gamma;                  /* factor of step, exponential and plateau       */
	double power;                  /* of polynomial                                 */
	double warmup;                 /* epochs of linear growth at the start          */
	double patience;               /* plateau: epochs without progress              */
	double threshold;              /* plateau: share of the best that is progress   */
	double milestone[NN_LIST_MAX]; /* step: epochs after which the factor applies */
	int milestones;                /* how many                                      */
	double epoch_steps;            /* steps of an epoch                             */
	double steps;                  /* of the whole training                         */
	int momentum;                  /* onecycle: which hyper it moves too, or -1     */
	int cuts;                      /* plateau: how often the rate was cut (state)   */
	int waited;                    /* plateau: epochs without progress (state)      */
	double best;                   /* plateau: smallest loss seen (state)           */
} nn_schedule;

/* Reads <schedule>. `lr` is the base rate, `epoch_steps` and `steps` as above. */
bool nn_schedule_open(nn_schedule *s, const nn_settings *settings, double lr, double epoch_steps,
                      double steps, nn_error *e);

/* The rate of the step that follows `step` finished ones. */
double nn_schedule_lr(const nn_schedule *s, double step);

/* Sets what a schedule moves in that step: the rate and, for onecycle, the momentum. */
void nn_schedule_hypers(const nn_schedule *s, double step, double hyper[NN_HYPERS]);

/* After an epoch: its validation loss (or training loss), for plateau. */
void nn_schedule_epoch(nn_schedule *s, double loss);

#endif
