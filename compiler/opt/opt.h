/* opt.h: from equations to kernels that have a place in memory. Each pass says what it needs, fills
 * and breaks. */
#ifndef NNCC_OPT_H
#define NNCC_OPT_H

#include "../lang/ir.h"

/* winograd.c the second half of rewrite: contractions over 3 x 3 windows into cheaper ones
 * needs: Prog.channels, threads  fills: Eqn.matrix, part, task, around,
 * Tensor.scratch, planes  breaks: nothing */
void winograd(Prog *p);
/* rewrite.c  needs: Eqns  fills: Prog.channels, threads  breaks: ids of equations */
void rewrite(Prog *p);
/* fuse.c     needs: Eqns  fills: Kernel list, outer, slice, sync, local
 * breaks: axes of fused Eqns */
void fuse(Prog *p);
bool eqn_is_contraction(const Eqn *q); /* a sum of products of two tensors                    */
/* Equations join k unless it would lose the axis in its lanes; true when they did. */
bool kernel_enter(const Prog *p, Kernel *k, Eqn *const *q, int n);
/* split_readers.c: a part of fuse */
const Expr *expr_read_of(const Expr *e, const Tensor *t);      /* the first of t, or NULL      */
/* Splits q into the parts of an input that kernel k makes completely, and joins them to it. */
bool join_parts(Prog *p, Kernel *k, Eqn *q);
/* lanes.c    the first half of fuse  needs: Eqns  fills: Tensor.lane_dim, Axis.lane
 * breaks: nothing (adds equations that copy parameters) */
void lanes(Prog *p);
bool prefers_channels(Prog *p);                        /* would channels be in the lanes?      */
bool take_lane(const Prog *p, Kernel *k);
int blocks_of(const Prog *p, const Axis *a);           /* iterations of a loop over a          */
/* barriers.c: the second half of fuse */
bool eqn_reads(const Eqn *q, const Tensor *t);
bool kernel_reads(const Kernel *k, const Tensor *t);
bool kernel_writes(const Kernel *k, const Tensor *t);
/* Do all operands, or those that hold images, have the axis? One without it is read again for each
 * of its values. */
bool eqn_reads_along(const Eqn *q, const Axis *axis, bool images);
bool kernel_given(const Kernel *k, const Axis *a);     /* is it a loop around this stage?      */
void find_locals(Prog *p);
void barriers(Prog *p);

/* layout.c   needs: Kernels  fills: Tensor.mem elems zero_dead, Kernel.partial  breaks: nothing */
void layout(Prog *p);
bool sums_fit(const Prog *p, const Eqn *q);            /* or are they walked band by band?     */
/* plan.c     needs: layout  fills: offset, arena  breaks: nothing */
void plan(Prog *p);
/* verify.c   checks what holds after pass `letter`; ends the program with a report if not */
void verify(const Prog *p, char letter);

#endif
