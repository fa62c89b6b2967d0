/* measure.h: the time that each kernel of several programs takes. See measure.c. */
#ifndef NN_MEASURE_H
#define NN_MEASURE_H

#include "../net/net.h"

/* A batch of synthetic items of that many images, into the arena. */
bool nn_synthetic_batch(nn_net *net, int live, nn_error *e);

/* Runs training steps of all programs in turns, on one thread, and writes to the file `path` a line
 * "KERNEL PROGRAM MILLISECONDS" for each kernel of the step: the shortest time seen. The programs
 * are those of one network with other register tiles; program[0] is the model's fast one. Returns
 * an exit status; a message has gone to standard error. */
int nn_measure(const nn_model *model, const nn_program *const *program, int programs,
               const char *path);

#endif
