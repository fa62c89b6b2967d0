/* sched.h: how a kernel's loops run on a machine. */
#ifndef NNCC_SCHED_H
#define NNCC_SCHED_H

#include "../opt/opt.h"

/* loop.c     needs: plan  fills: Kernel.loop lanes flat inmost flop bytes
 * breaks: axes and tensors of Eqns that merge changes */
void loop(Prog *p);
/* merge.c    of a contraction: axes that lie in order in all its tensors become one
 * needs: Tensor.mem, Kernel.partial  fills: Tensor.whole */
void merge(const Prog *p, Kernel *k);
/* sched.c    needs: loop  fills: tile, steps, parallel, bands, guards, ms  breaks: nothing */
void sched(Prog *p);
bool eqn_guarded(const Eqn *q, const Axis *a);         /* may a read outside depend on a?      */
/* tile.c     the register tile of k: the pick-th of those that come near (0: best predicted) */
void choose_tile(const Prog *p, Kernel *k, int pick);
void take_tiles(const int *pick, int n);               /* of each kernel, from now on          */
int picked_tile(int kernel);                           /* 0 unless take_tiles said otherwise   */
bool goes_inside_blocks(const Eqn *q, const Axis *a);  /* does a read have a inside its blocks? */
const char *tile_name(const Tile *t);                  /* "2 k x 6 j"                          */
/* target.c */
bool target_find(const char *march, Target *t);
bool target_runs(const Target *t);                     /* on this machine?                     */

#endif
