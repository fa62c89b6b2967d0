/* pace.h: whether thread 0 does a short step alone. See pace.c. */
#ifndef NN_PACE_H
#define NN_PACE_H

#include <stdbool.h>

enum { NN_TRIAL = 15 };         /* times of each kind in a comparison         */
typedef struct nn_pace {
	bool alone;             /* what was faster                            */
	double again;           /* when the next comparison begins            */
	double usual;           /* of a step of the team, when it was fastest */
	double began;           /* when the team woke up for it, or 0         */
	int warm, tried;        /* steps of this comparison: before, measured */
	double ms[2][NN_TRIAL]; /* steps of all threads; of thread 0 alone    */
} nn_pace;

/* Whether the step that begins at `now`, in milliseconds of a clock, is to be done by thread 0
 * alone. */
bool nn_pace_alone(nn_pace *p, double now);

/* Notes when that step began and ended; every nn_pace_alone has one. */
void nn_pace_took(nn_pace *p, double start, double end);

/* For qsort: times in double, the shortest first. */
int nn_ascending(const void *a, const void *b);

#endif
