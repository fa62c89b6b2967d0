/* nn_team.h: the threads of a trainer.
 *
 * A trainer opens one OpenMP parallel region and stays in it: nn_team_run makes the team and calls
 * `body` on thread 0, which loads data, starts steps and prints, while the other threads wait for
 * work. nn_team_do hands all threads (0 included) a function of emitted code, nn_team_each any
 * other; both return when every thread is done. Inside emitted code nn_sync (nn.h) is a barrier.
 *
 * Waiting threads spin for about 50 us, then yield the processor; a thread that has had no work for
 * some milliseconds sleeps until there is some. A team with more threads than processors yields at
 * once. Threads are not pinned, but one that finds itself on the processor of a thread it waits for
 * moves to a free one (team.c). In all threads denormals count as zero, until nn_team_run returns.
 *
 * Without OpenMP there is one thread and everything works.
 */
#ifndef NN_TEAM_H
#define NN_TEAM_H

#include "../nn.h"

enum { NN_THREADS_MOST = 4096 };

/* Opens the team and returns when body does. threads <= 0: one for each processor. Exits with 71
 * and a sentence when there is no memory or so many threads cannot be started (ulimit -u). Not to
 * be called from inside a team. Takes OMP_NUM_THREADS away, whose value OpenMP may not survive. */
void nn_team_run(int threads, void (*body)(nn_team *team, void *arg), void *arg);

/* From body only: fn on all threads, each with its own nn_task. ms: NULL, or one double a kernel,
 * to which nn_sync adds milliseconds. What thread 0 wrote before is seen by all, and what they
 * wrote is seen by thread 0 afterwards. */
void nn_team_do(nn_team *team, void (*fn)(nn_task *t), char *arena, const nn_run *run, double *ms);
/* The same on thread 0 alone, of a team of one: the others are not disturbed. */
void nn_team_alone(nn_team *team, void (*fn)(nn_task *t), char *arena, const nn_run *run,
                   double *ms);
/* Any function on all threads. */
void nn_team_each(nn_team *team, void (*fn)(void *arg, int thread, int threads), void *arg);

/* Threads in the team: what was asked for, or fewer if OpenMP gave fewer. */
int nn_team_threads(const nn_team *team);

/* Milliseconds on a clock that never goes back. */
double nn_clock_ms(void);

#endif
