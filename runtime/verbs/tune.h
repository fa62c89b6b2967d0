/* tune.h: the verb tune: what is searched (tune_space.c), how a trial runs (tune_run.c), what is
 * known of trials (tune_table.c), and which comes next (verb_tune.c). */
#ifndef NN_TUNE_H
#define NN_TUNE_H

#include "../run/session.h"

enum { NN_TUNE_DIMS = NN_SEARCHED_MAX, NN_TUNE_TRIALS = 10000 };

/* A <param> that is searched. */
typedef struct nn_dimension {
	const nn_param_def *param;  /* whose                                      */
	double written;             /* its value without a search                 */
	double low, high;           /* of the range, when there are no choices    */
	bool log;                   /* the range is walked by factors             */
	bool whole;                 /* only whole numbers                         */
	double choice[NN_LIST_MAX]; /* values to choose from                      */
	int choices;                /* how many; 0: a range                       */
} nn_dimension;

typedef struct nn_space {
	nn_dimension dim[NN_TUNE_DIMS]; /* in the order of the description  */
	int dims;                       /* how many                         */
} nn_space;

/* Every <param> with a range or choices but those in `set` ("name=value"); fails when none is. */
bool nn_space_open(nn_space *s, const nn_settings *settings, const char *const *set, int sets,
                   nn_error *e);

/* Fills points[trials][dims]; how many there are. The first is the network as it is written, the
 * others differ from one another: up to trials - 1 of a grid, or random ones. */
int nn_space_fill(const nn_space *s, bool grid, int trials, uint64_t seed, double *points);

/* A value as it stands in files and on command lines. */
void nn_space_text(char text[32], double value);

typedef enum { NN_TRIAL_OK, NN_TRIAL_DIVERGED, NN_TRIAL_MEMORY, NN_TRIAL_SHAPE } nn_outcome;

/* What became of a trial after some epochs. */
typedef struct nn_trial {
	int number;         /* from 1                                         */
	int64_t epochs;     /* up to which it was trained                     */
	double value;       /* best of the objective; NaN unless NN_TRIAL_OK  */
	int64_t best_epoch; /* when                                           */
	double seconds;     /* it took                                        */
	nn_outcome outcome; /* how it ended                                   */
} nn_trial;

typedef struct nn_tune {
	nn_session *session;   /* options, numbers of the XML                       */
	nn_space space;        /* what is searched                                  */
	double *point;         /* [trials][dims]                                    */
	int trials;            /* configurations                                    */
	int64_t epochs;        /* of a whole trial                                  */
	const char *objective; /* val_accuracy or val_loss                          */
	bool more;             /* the larger the better                             */
	nn_trial *done;        /* what trials.csv holds, in its order               */
	int dones;             /* how many                                          */
	char path[4096];       /* of trials.csv                                     */
	char nncc[4096];       /* the compiler, "" when there is none               */
} nn_tune;

/* Looks for nncc: the variable NNCC, the one that made this trainer, PATH. */
void nn_tune_find_compiler(nn_tune *t);

/* Trains trial r->number up to r->epochs, in OUT/trials/NUMBER, and fills the rest of *r. */
bool nn_tune_run(nn_tune *t, nn_trial *r, nn_error *e);

/* Reads what trials.csv holds, or begins it; refuses one of another search (76). */
bool nn_tune_open_table(nn_tune *t, nn_error *e);
bool nn_tune_add(nn_tune *t, const nn_trial *r, nn_error *e);

/* The result of a trial after so many epochs, or NULL. */
const nn_trial *nn_tune_known(const nn_tune *t, int number, int64_t epochs);

/* Whether a is better than b; any number is better than none. */
bool nn_tune_better(const nn_tune *t, double a, double b);

/* The best of all, among those that were trained longest; NULL when no trial gave a number. */
const nn_trial *nn_tune_best(const nn_tune *t);

/* Prints the best trials, as text or JSON, and writes the description with the best values. */
bool nn_tune_report(const nn_tune *t, nn_error *e);
bool nn_tune_write(const nn_tune *t, const char *path, nn_error *e);

#endif
