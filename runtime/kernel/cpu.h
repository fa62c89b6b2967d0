/* cpu.h: whether this processor can run the kernels of a trainer. See cpu.c. */
#ifndef NN_CPU_CHECK_H
#define NN_CPU_CHECK_H

#include "../base/error.h"
#include "../nn.h"
#include "nn_cpu.h"
#include "../base/text.h"

/* What the processor at hand has and its system lets programs use: bits as in NN_CPU_COMPILED. */
uint64_t nn_cpu_here(void);

/* Adds the names of a set. */
void nn_cpu_list(nn_text *t, uint64_t set, const char *between);

/* The most that nncc's -march may name for a processor that has these. */
const char *nn_cpu_march(uint64_t here);

/* Fails with 70 and one sentence when `here` lacks what the model was compiled for. */
bool nn_cpu_check(const nn_model *m, uint64_t here, nn_error *e);

#endif
