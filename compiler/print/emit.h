/* emit.h: what the files that print C share. */
#ifndef NNCC_EMIT_H
#define NNCC_EMIT_H

#include "print.h"

typedef struct Text {          /* C being written                                             */
	char *s;                   /* NUL-terminated                                              */
	size_t len, cap;
	int depth;                 /* of indentation                                              */
} Text;

typedef struct Used {          /* a tensor of a kernel                                        */
	Tensor *tensor;
	const char *name;          /* short, unique within the kernel: x y weight dy2             */
	bool written, memory;      /* memory: an argument; otherwise a local value                */
} Used;

typedef struct Em {            /* one kernel being emitted                                    */
	const Prog *prog;
	const Kernel *k;
	Used *used;
	int nused;
	const Axis **axis;         /* every axis, and its C name                                  */
	const char **axis_name;
	int naxis;
	const Expr **uniform;      /* numbers computed once: u0 u1 ...                            */
	int nuniform;
	bool *told;                /* is a tile told this number by who walks over the tiles?     */
	int *keys, nkeys;          /* of random numbers                                           */
	const Eqn *q;              /* equation whose expression is being printed                  */
	const char *sum;           /* C name of what its fold adds to: acc or row                 */
	Text *out;
} Em;

typedef struct CValue {        /* C text of an expression                                     */
	const char *text;
	bool vector;
	int binding;               /* 1 sum, 2 product, 3 anything tighter                        */
} CValue;

/* emit_text.c: lines */
void put_line(Text *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void put_text(Text *o, const char *s);
void put_open(Text *o);                        /* "{" and deeper                              */
void put_close(Text *o);

/* emit_index.c: indices in C */
const char *em_axis(const Em *e, const Axis *a);
const char *em_affine(const Em *e, const Affine *a);
Axis *em_lane(const Affine *a);                /* the axis of it that runs in the lanes, or NULL */
int em_lane_place(const Expr *x);              /* the dimension of a read that does, or -1    */
Affine em_elements(const Em *e, Affine a);     /* in units of elements, not of blocks         */
const char *em_element(const Em *e, const Tensor *t, const Affine *index);
const char *em_holder(const Em *e, const Tensor *t, const Affine *index);   /* its vector      */
const char *em_next(const Em *e, const Tensor *t, const Affine *index, const Axis *a);
const char *em_gathered(const Em *e, const Expr *x, int d);    /* dimension d runs in the lanes  */
const char *em_inside(const Em *e, const Affine *index, int extent);
const char *em_tests(const Em *e, const Tensor *t, const Affine *index);
const char *em_outside(const Em *e, const Eqn *q);   /* test: is the place in out? "": always   */
bool em_in_row(const Em *e, const Tensor *t);
const char *em_type(const Em *e, const Tensor *t);

/* emit_expr.c: expressions in C */
void em_names(Em *e);                          /* fills used, axis, uniform, keys             */
const Used *em_used(const Em *e, const Tensor *t);
const char *em_first(const Em *e, const Eqn *q);     /* nothing added up so far; "": starts anew */
bool em_is_vector(const Em *e, const Eqn *q);  /* is its value a vector?                      */
bool em_banded(const Kernel *k);               /* does it keep sums so far, band by band?     */
const char *em_local(const Em *e, int j);
CValue em_expr(const Em *e, const Expr *x);
const char *em_vector(CValue v);               /* as a vector                                 */
const char *em_real(double v);
const char *em_uniform(const Expr *x);         /* in double                                   */

typedef struct Inside {        /* what stands inside folded loops                             */
	void (*body)(Em *e, const Eqn *q, const char *test);
	const char *test;          /* bounds tests that still apply, joined by &&                 */
	int row;                   /* from this axis on a long sum adds up rows; or -1            */
} Inside;

/* emit_matrix.c: between two constant matrices */
int sandwich(Em *e, int j);
bool em_streams(const Em *e, const Eqn *q);    /* are its values written past the caches?    */

/* emit_fold.c: loops over folded axes */
const char *for_line(const char *name, const char *lo, const char *hi, bool unroll);
const char *extent_of(const Em *e, const Axis *a);
int row_axis(const Em *e, const Eqn *q);
void folded_loops(Em *e, const Eqn *q, int from, Inside in);
const char *plain_tests(const Em *e, const Eqn *q);

/* emit_fetch.c: what a tile asks memory for in time */
void ask_at_start(const Em *e, const Eqn *q);
bool ask_in_block(const Em *e, const Eqn *q);  /* of steps; opened a brace?                   */
void ask_in_step(const Em *e, const Eqn *q);

/* emit_point.c: one point or one tile. equation() returns the first equation it has not done. */
int equation(Em *e, int j);
void store(Em *e, int j, CValue v);
void row_begin(Em *e, const Eqn *q);
void row_end(Em *e);
void tile_loop(const Em *e, const Loop *l);
void tile_loops(const Em *e, bool whole);
void tile(Em *e);

/* emit_walk.c: outer loops */
void parallel(Em *e);

/* emit.c */
const char *replace_at(const char *s, const char *by);         /* for every `@`             */

/* emit_kernel.c: the text of one kernel, its name written as `@` */
bool mentions(const char *text, const char *word);
bool is_tiled(const Kernel *k);
bool has_edges(const Kernel *k);
bool sums_long(const Kernel *k);               /* long enough to ask for memory before it     */
bool forgets_addresses(const Kernel *k);       /* are those in a tile computed anew after it? */
bool keeps_addresses(const Kernel *k);         /* would the C compiler keep them all in it?   */
void forget_addresses(const Em *e, const char *when);  /* from here on                        */
const char *stage_call(const Em *e, int i);    /* the call of stage i                         */
const char *argument_names(const Em *e);
const char *kernel_body(const Prog *p, const Kernel *k, const char **formula, const char **args);
#endif
