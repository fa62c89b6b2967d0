/* nn_peak.h: what this machine can do at best, measured here and now, so that every kernel can be
 * shown as a share of it. Call from the body of a team; other load on the machine lowers both. */
#ifndef NN_PEAK_H
#define NN_PEAK_H

#include "nn_team.h"

/* Float multiply-adds of all threads of the team together, in GFLOP/s (two flop each): the best of
 * several short runs on registers. About 20 ms. Depends on the -march of peak.c. */
double nn_peak_gflops(nn_team *team);

/* Bandwidth of a[i] = b[i] + s * c[i] on all threads, in GB/s (12 bytes an element): the best of
 * several passes over three arrays of 64 MB. Below 300 ms; 0 when there is no memory for them. */
double nn_triad_gbytes(nn_team *team);

#endif
