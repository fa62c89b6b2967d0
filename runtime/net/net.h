/* net.h: a program of the network with its arena, ready to run. See net.c. */
#ifndef NN_NET_H
#define NN_NET_H

#include "../base/error.h"
#include "../nn.h"
#include "../kernel/nn_team.h"
#include "pace.h"

typedef struct nn_net {
	const nn_model *model;     /* the network                                */
	const nn_program *program; /* fast or plain                              */
	nn_team *team;             /* who runs it                                */
	char *arena;               /* its memory, touched                        */
	const nn_tensor *input;    /* the batch                                  */
	const nn_tensor *target;   /* labels or values                           */
	const nn_tensor *output;   /* of the last layer                          */
	const nn_tensor *loss;     /* one number                                 */
	const nn_tensor *other;    /* second labels of mixed images, or NULL     */
	const nn_tensor *share;    /* weights of the first labels, or NULL       */
	nn_pace pace;              /* which threads do a step                    */
} nn_net;

/* Maps and touches the arena; fails with 71 and figures when memory is short. */
bool nn_net_open(nn_net *n, const nn_model *model, const nn_program *program, nn_team *team,
                 nn_error *e);
void nn_net_close(nn_net *n);

/* The same for a program whose steps will have at most `live` images: memory of the others is
 * mapped but never taken. nn_net_need tells how many bytes that are, roughly. */
bool nn_net_open_part(nn_net *n, const nn_model *model, const nn_program *program, nn_team *team,
                      int live, nn_error *e);
size_t nn_net_need(const nn_model *model, const nn_program *program, int live);

void nn_net_step(nn_net *n, const nn_run *run, double *ms);
void nn_net_eval(nn_net *n, const nn_run *run);

/* After parameters, running statistics or state were written from outside. */
void nn_net_prepare(nn_net *n, const nn_run *run);

/* The mean loss that the last step or evaluation left. */
double nn_net_loss(const nn_net *n);

/* The first tensor that holds a NaN or an infinity: the batch, frozen parameters, gradients (only
 * after a training step), parameters, running statistics, output; NULL when all are finite. */
const nn_tensor *nn_net_not_finite(const nn_net *n, int live, bool trained);

/* Values of one row of the output. */
int64_t nn_net_outputs(const nn_net *n);

/* Bytes that this process may still take: memory available, control group and limits. */
size_t nn_memory_available(void);

#endif
