/* options.h: the command line of a trainer. See options.c. */
#ifndef NN_OPTIONS_H
#define NN_OPTIONS_H

#include <stdint.h>

#include "../base/error.h"
#include "../nn.h"

enum { NN_SETS_MAX = NN_ELEMENTS_MAX }; /* every <param> once */

typedef struct nn_options {
	const char *program;          /* argv[0]                                   */
	const char *verb;             /* "train" when none is given                */
	int64_t epochs;               /* -1: as the network says; so below         */
	int64_t batch_size;           /* images a step, up to the compiled batch   */
	int64_t seed;                 /* of everything random                      */
	int64_t threads;              /* 0: OMP_NUM_THREADS or all processors      */
	int64_t limit;                /* items to train on                         */
	int64_t steps;                /* of step and bench                         */
	int64_t trials;               /* of tune                                   */
	int64_t until;                /* train up to this epoch only               */
	double lr;                    /* base learning rate; negative: not given   */
	const char *data;             /* directory of the data                     */
	const char *out;              /* run directory, or output file of step     */
	const char *resume;           /* NULL, "" or a file                        */
	const char *weights;          /* file                                      */
	const char *batch;            /* file of step                              */
	const char *log;              /* list of csv, jsonl, tensorboard; or NULL  */
	const char *sampler;          /* random, grid or halving; NULL: as the XML */
	const char *write;            /* description with the best values          */
	const char *progress;         /* auto, bar, plain or none                  */
	const char *safetensors;      /* file of export                            */
	const char *npz, *onnx, *c;   /* further forms of export                   */
	bool overwrite;               /* start anew where a run is                 */
	bool overfit_batch;           /* train on the first batch only             */
	bool lr_find;                 /* search for a learning rate                */
	bool dry_run;                 /* check everything, train nothing           */
	bool epochs_given;            /* epochs are of the command line            */
	bool quiet;                   /* no progress                               */
	bool json;                    /* output for programs                       */
	bool profile;                 /* of bench: time of each kernel             */
	bool eval;                    /* of step: forward only                     */
	bool help;                    /* print help and stop                       */
	bool version;                 /* print the version and stop                */
	const char *set[NN_SETS_MAX]; /* name=value                                */
	int sets;                     /* how many                                  */
	char **file;                  /* arguments that are no options             */
	int files;                    /* how many                                  */
} nn_options;

typedef enum {
	NN_VERB_TRAIN = 1,
	NN_VERB_TEST = 2,
	NN_VERB_PREDICT = 4,
	NN_VERB_STEP = 8,
	NN_VERB_BENCH = 16,
	NN_VERB_CHECK = 32,
	NN_VERB_EXPORT = 64,
	NN_VERB_INFO = 128,
	NN_VERB_OTHER = 256,
	NN_VERB_REPORT = 512,
	NN_VERB_DATA = 1024,
	NN_VERB_TUNE = 4096
} nn_verb_bit;

/* Reads argv[from..argc-1], options of the verb `bit`; reorders nothing. */
bool nn_options_read(nn_options *o, unsigned bit, int argc, char **argv, int from, nn_error *e);

/* The value of OMP_NUM_THREADS, "4" or a list, "4,2", of which the first counts: a number from 1 to
 * NN_THREADS_MOST; 0 when there are blanks only, -1 when it is anything else. */
int nn_threads_of(const char *text);

/* Prints the options of a verb, a line each. */
void nn_options_help(unsigned bit);

#endif
