/* tune.h: -O3, between tune.c (which tile) and measure.c (the program that measures). */
#ifndef NNCC_TUNE_H
#define NNCC_TUNE_H

#include "driver.h"

typedef struct Measured {      /* one network with other register tiles                       */
	const Prog *prog[MAX_TRIED];
	int n;
} Measured;

/* Compiles them into one program, runs it, and opens the file of times that it wrote (measure.h of
 * the runtime); NULL if something went wrong, which has been said. (measure.c) */
FILE *measured(const Measured *m);

#endif
