/* processors.h: how many processors this process may keep busy. See processors.c. */
#ifndef NN_PROCESSORS_H
#define NN_PROCESSORS_H

#include <stdbool.h>

/* Processors of the affinity mask (taskset, cpusets), or of the control groups' quota of processor
 * time where that is less, rounded down. At least 1. */
int nn_processors(void);

/* The quota alone, in whole processors, at least 1; 0 where there is none. `root` stands before
 * /proc/self and before the mounts that it tells of: "" but in tests. */
int nn_processor_quota(const char *root);

#endif
