/* stop.h: signals. The first SIGINT or SIGTERM asks for an orderly end, the second ends at once;
 * SIGUSR1 asks for a checkpoint. */
#ifndef NN_STOP_H
#define NN_STOP_H

#include <stdbool.h>

/* Before anything else happens: with `saves`, what a training or a search does about signals;
 * otherwise SIGUSR1 is ignored. A pipe without a reader and a file that becomes too large are
 * errors of writing in any case. */
void nn_stop_watch(bool saves);

/* The signal that asked to stop, or 0. */
int nn_stop_asked(void);

/* Whether SIGUSR1 came since the last call. */
bool nn_stop_save(void);

#endif
