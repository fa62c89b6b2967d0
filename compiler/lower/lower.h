/* lower.h: what the files that build trees share. */
#ifndef NNCC_LOWER_H
#define NNCC_LOWER_H

#include "../sched/sched.h"
#include "tree.h"

typedef struct Used {          /* a tensor of a kernel                                        */
	Tensor *tensor;
	const char *name;          /* short, unique within the kernel: x y weight dy2             */
	bool written, memory;      /* memory: an argument; otherwise a local value                */
} Used;

typedef struct Build {         /* one function being built                                    */
	const Prog *prog;
	const Kernel *k;
	Used *used;
	int nused;
	const Axis **axis;         /* every axis, and its name                                    */
	const char **axis_name;
	int naxis;
	const Expr **uniform;      /* numbers computed once: u0 u1 ...                            */
	int nuniform;
	int *keys, nkeys;          /* of random numbers                                           */
	const Eqn *q;              /* equation whose expression is being lowered                  */
	const char *sum;           /* what its fold adds to: acc or row                           */
	Function *tile, **stage;   /* called at each point                                        */
	Node **tail;               /* where the next node goes                                    */
	Node *last;                /* the node that was put last                                  */
} Build;

/* Nodes go to b->tail. enter_node() puts one and goes on in its body; it returns where to go on behind
 * it, which leave() takes. */
Node *put(Build *b, NodeKind kind, const Val *x, const Val *y);
Node **enter_node(Build *b, Node *n);
static inline void leave(Build *b, Node **behind)
{
	b->tail = behind;
}
Node *put_let(Build *b, const char *name, Type type, const Val *v);
Node *put_array(Build *b, const char *name, Type type, int n, int d0, int d1, int d2);
Node *put_for(Build *b, const char *name, const Val *from, const Val *to, LoopHow how);
Node **enter_for(Build *b, const char *name, const Val *from, const Val *to, LoopHow how);
Node **enter_if(Build *b, const Val *test);          /* test NULL: always, no node          */

/* place.c: indices */
const char *axis_name(const Build *b, const Axis *a);
const char *axis_start(const Build *b, const Axis *a);         /* k0, where a tile begins      */
const char *axis_inside(const Build *b, const Axis *a);        /* kt, the place inside of it   */
const char *axis_size(const Build *b, const Axis *a);          /* kn, how much of it there is  */
const Val *int_name(const char *name);
bool is_one(const Build *b, const Axis *a);                    /* has it one value, 0?         */
const Val *axis_val(const Build *b, const Axis *a);            /* not of a tiled one           */
const Val *affine_val(const Build *b, const Affine *a);
Axis *lane_of(const Affine *a);                /* the axis of it that runs in the lanes, or NULL */
int lane_place(const Expr *x);                 /* the dimension of a read that does, or -1    */
Affine in_elements(const Build *b, Affine a);  /* in units of elements, not of blocks         */
const Val *element(const Build *b, const Tensor *t, const Affine *index);
const Val *holder(const Build *b, const Tensor *t, const Affine *index);    /* its vector      */
const Val *next_along(const Build *b, const Tensor *t, const Affine *index, const Axis *a);
const Val *gathered(const Build *b, const Expr *x, int d);     /* dimension d runs in the lanes  */
const Val *inside_test(const Build *b, const Affine *index, int extent);
const Val *tests_of(const Build *b, const Tensor *t, const Affine *index);  /* NULL: always      */
bool in_row(const Build *b, const Tensor *t);
Type type_of(const Build *b, const Tensor *t);

/* expr.c: expressions */
void name_all(Build *b);                       /* fills used, axis, uniform, keys             */
const Used *used_of(const Build *b, const Tensor *t);
const Val *is_first(const Build *b, const Eqn *q);   /* nothing added up yet; NULL: starts anew */
bool is_vector(const Build *b, const Eqn *q);  /* is its value a vector?                      */
bool is_banded(const Kernel *k);               /* does it keep sums so far, band by band?     */
const char *local_name(const Build *b, int j);
const Val *lower_expr(const Build *b, const Expr *x);
const Val *as_vector(const Val *v);
const Val *uniform_val(const Expr *x);         /* in double                                   */

typedef struct Inside {        /* what stands inside folded loops                             */
	void (*body)(Build *b, const Eqn *q, const Val *test);
	const Val *test;           /* bounds tests that still apply, or NULL                      */
	int row;                   /* from this axis on a long sum adds up rows; or -1            */
} Inside;

/* matrix.c: between two constant matrices */
void sandwich(Build *b, int j);
bool streams(const Build *b, const Eqn *q);    /* are its values stored non-temporally?       */

/* fold.c: loops over folded axes */
const Val *extent_of(const Build *b, const Axis *a);
Node **enter_axis(Build *b, const Axis *a, LoopHow how);       /* no node where it has one value */
int row_axis(const Build *b, const Eqn *q);
void folded_loops(Build *b, const Eqn *q, int from, Inside in);
const Val *plain_tests(const Build *b, const Eqn *q);

/* prefetch.c */
void prefetch_at_start(Build *b, const Eqn *q);
void prefetch_in_block(Build *b, const Eqn *q);                /* of steps                     */
void prefetch_in_step(Build *b, const Eqn *q);

/* point.c: one point or one tile. equation() returns the first equation it has not done. */
int equation(Build *b, int j);
void store(Build *b, int j, const Val *v);
void row_begin(Build *b, const Eqn *q);
void row_end(Build *b);
Node **end_of(Node **list);                     /* where the next node goes                    */
void enter_tile(Build *b, const Loop *l);
void enter_tiles(Build *b, bool whole);
void tile(Build *b);

/* walk.c: outer loops */
void walk_kernel(Build *b);

/* kernel.c */
bool is_tiled(const Kernel *k);
bool has_edges(const Kernel *k);
bool sums_long(const Kernel *k);               /* long enough to prefetch before it           */
bool forgets_addresses(const Kernel *k);       /* are those in a tile computed anew after it? */
bool keeps_addresses(const Kernel *k);         /* would the C compiler keep them all in it?   */
void forget_addresses(Build *b, const Val *when);    /* from here on; when NULL: always      */
bool passes_to_tile(const Build *b, const Used *u);
#endif
