/* events.h: files of numbers that TensorBoard shows. See events.c. */
#ifndef NN_EVENTS_H
#define NN_EVENTS_H

#include <stdint.h>

#include "../base/error.h"
#include "../base/text.h"

typedef struct nn_events {
	char path[4096]; /* of the file; "" when none is wanted */
	nn_text text;    /* reused                              */
} nn_events;

/* Starts a new file, or, with step not below 0, goes on with the present one after dropping what
 * was written behind that step. */
bool nn_events_open(nn_events *v, int64_t step, nn_error *e);

/* Adds an event: the numbers value[i] under the names tag[i], at this step; NaN is left out.
 * `seconds` is the time since 1970. */
bool nn_events_add(nn_events *v, int64_t step, double seconds, const char *const *tag,
                   const double *value, int count, nn_error *e);
void nn_events_close(nn_events *v);

#endif
