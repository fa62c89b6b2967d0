/* stop.h: signals. The first SIGINT or SIGTERM asks for an orderly end, the second ends at once;
 * SIGUSR1 asks for a checkpoint. */
#ifndef NN_STOP_H
#define NN_STOP_H

#include <stdbool.h>

void nn_stop_watch(void);

/* The signal that asked to stop, or 0. */
int nn_stop_asked(void);

/* Whether SIGUSR1 came since the last call. */
bool nn_stop_save(void);

#endif
