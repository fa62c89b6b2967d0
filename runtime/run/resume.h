/* resume.h: which run a training goes on with, and what that run was started with. See resume.c. */
#ifndef NN_RESUME_H
#define NN_RESUME_H

#include "../net/options.h"
#include "../file/safetensors.h"
#include "../net/settings.h"

enum { NN_RUN_PAIRS = 8 };

/* Of a training; zeroes with lock = -1 at first. */
typedef struct nn_resume {
	int lock;             /* descriptor of the locked run directory; -1: not locked    */
	bool occupied;        /* the directory holds a run                                 */
	bool found;           /* there is a state to go on from                            */
	char path[4096];      /* where it stands                                           */
	nn_safetensors state; /* it, open and verified                                     */
	nn_text sets;         /* its --set, each ended by a zero                           */
	nn_text data;         /* its --data                                                */
	nn_text log;          /* its --log                                                 */
	nn_text kept;         /* its options that hold, as on a command line               */
	nn_text told;         /* what differs from it, a line each                         */
	nn_text value[NN_RUN_PAIRS];   /* behind pair                                      */
	nn_st_pair pair[NN_RUN_PAIRS]; /* what states of this run say of it                */
	size_t pairs;                  /* how many                                         */
} nn_resume;

/* Before anything is opened or written: refuses (2) to start anew where a run is, unless
 * --overwrite; with --resume locks the directory `out`, opens the state and puts the options of its
 * run into *o where the command line gives none. */
bool nn_resume_open(nn_resume *r, const nn_model *model, nn_options *o, const char *out,
                    nn_error *e);

/* Makes the directory and locks it, unless that was done. */
bool nn_resume_lock(nn_resume *r, const nn_options *o, const char *out, nn_error *e);

/* Fills r->pair from the options and numbers that hold, and notes which numbers of the XML are
 * others than in the state. */
bool nn_resume_describe(nn_resume *r, const nn_options *o, const nn_settings *s, nn_error *e);

/* Tells on stderr what the run goes on with, and what differs. */
void nn_resume_tell(const nn_resume *r, const nn_options *o, const char *name, uint64_t step);

/* The command that goes on, as a shell reads it. */
void nn_resume_command(nn_text *t, const nn_options *o, const char *out);

void nn_resume_close(nn_resume *r);

#endif
