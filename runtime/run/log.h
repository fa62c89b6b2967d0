/* log.h: what a training tells while it runs: log.csv, log.jsonl and the terminal. See log.c. */
#ifndef NN_LOG_H
#define NN_LOG_H

#include "events.h"
#include "../net/options.h"
#include "../base/text.h"

/* One epoch; NaN where there is no such number. */
typedef struct nn_record {
	int64_t epoch;            /* completed, from 1             */
	int64_t step;             /* optimizer steps done          */
	double loss, accuracy;    /* on the training data          */
	double val_loss;          /* on the validation data        */
	double val_accuracy;      /* likewise                      */
	double lr;                /* of the last step              */
	double seconds;           /* of the epoch                  */
	double images_per_second; /* training images, in it        */
} nn_record;

typedef struct nn_log {
	char path[2][4096]; /* log.csv, log.jsonl; "" when not wanted          */
	int64_t bytes[2];   /* their sizes                                     */
	nn_events events;   /* for TensorBoard                                 */
	nn_text text;       /* reused                                          */
	bool bar;           /* a bar on the terminal                           */
	bool lines;         /* a line an epoch                                 */
	int64_t epochs;     /* of the whole training                           */
	int64_t last;       /* epoch of this start: --until, or epochs         */
	double drawn;       /* clock when the bar was drawn last               */
	double stepped;     /* seconds of an epoch at its step before now      */
	double ending;      /* seconds that the last epoch took after its steps */
} nn_log;

/* Reads --log and --progress. With `keep` NULL starts new files, otherwise cuts the present ones to
 * these sizes, and TensorBoard's behind `step`. With write false nothing is written to files. */
bool nn_log_open(nn_log *l, const nn_options *o, const char *out, const int64_t keep[2],
                 int64_t step, bool write, nn_error *e);
/* Removes the logs of a run. */
bool nn_log_remove(const char *out, nn_error *e);

/* What was logged so far is on the disk afterwards. */
bool nn_log_sync(const nn_log *l, nn_error *e);

bool nn_log_epoch(nn_log *l, const nn_record *r, nn_error *e);

/* All epochs of OUT/log.csv, or of OUT/log.jsonl without it; none, when neither is there: *record
 * is NULL then. The caller frees it. A line that is no record fails with 65. */
bool nn_log_read(const char *out, nn_record **record, int64_t *records, nn_error *e);

/* After each step: redraws the bar when there is one and 0.1 s have passed. `part` of the epoch is
 * done; r->seconds were spent on it, from the part `from` on. */
void nn_log_bar(nn_log *l, const nn_record *r, double part, double from);
void nn_log_clear(nn_log *l);
void nn_log_close(nn_log *l);

#endif
