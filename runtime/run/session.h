/* session.h: what every verb starts from. See session.c. */
#ifndef NN_SESSION_H
#define NN_SESSION_H

#include "checkpoint.h"
#include "../net/options.h"
#include "resume.h"

typedef struct nn_session {
	const nn_model *model;   /* `network`                                */
	nn_model network;        /* the network, its classes named by data or weights */
	nn_meaning meaning;      /* of its data; see nn_session_data         */
	bool known;              /* the weights have said theirs             */
	nn_options *options;     /* the command line                         */
	nn_settings settings;    /* the numbers of the XML                   */
	double hyper[NN_HYPERS]; /* of nn_run; [0] is the base learning rate */
	uint64_t seed;           /* --seed, or <train seed>                  */
	bool trains;             /* the verb is train                        */
	char out[4096];          /* run directory                            */
	nn_team *team;           /* the threads                              */
	nn_resume resume;        /* of train: the run it goes on with        */
	double started;          /* clock when the process began             */
} nn_session;

/* A verb: runs on thread 0 inside the team. */
typedef bool nn_verb(nn_session *s, nn_error *e);

nn_verb nn_verb_train, nn_verb_test, nn_verb_predict, nn_verb_step, nn_verb_bench, nn_verb_check,
        nn_verb_export, nn_verb_info, nn_verb_data, nn_verb_tune, nn_verb_report;

/* Of *s, `trains` and `started` are filled in before. To be closed in any case. */
bool nn_session_open(nn_session *s, const nn_model *model, nn_options *o, nn_error *e);
void nn_session_close(nn_session *s);

/* Opens parts of the data as --data says, by what s->meaning knows, and names the classes as the
 * data do (nn_data_open). */
bool nn_session_data(nn_session *s, nn_data *d, unsigned parts, nn_error *e);

/* From here on everything that knows the network calls its classes as s->meaning does. */
void nn_session_name(nn_session *s);

/* Takes what the weights (--weights or the newest of OUT) say of classes, columns and scale, before
 * data are read by it. Where there are none, it is left to nn_session_trained to tell. */
bool nn_session_meaning(nn_session *s, nn_error *e);

/* A run with the session's seed and numbers, for `live` images. */
nn_run nn_session_run(const nn_session *s, int live);

/* The fast program, normalisation and weights (--weights or the newest of OUT) with what they say
 * of the data: what verbs that do not train need. */
bool nn_session_trained(nn_session *s, nn_net *net, nn_normalize *z, nn_error *e);

/* Runs argv as a trainer of this network; the exit status. (trainer.c) */
int nn_trainer(const nn_model *model, int argc, char **argv);

#endif
