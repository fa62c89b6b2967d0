/* ir.h: the one intermediate form, the equation, and what later passes say about it.
 *
 *     out[index] = fold{folded axes} expression          fold: none, sum or max
 *
 * A layer, its gradient, the loss and the optimizer are equations; a kernel is a group of equations
 * that share one loop nest. Indices are affine in the axes. Reading outside a tensor gives the
 * fold's neutral element (0 where nothing is folded). The letter after a field's comment names the
 * pass that fills it (see the table in main.c). */
#ifndef NNCC_IR_H
#define NNCC_IR_H

#include "../front/model.h"
#include "../../runtime/nn.h"

/* Terms, axes, arguments and guards of an equation are bounded by the rows of layers.c, whatever
 * the network; MAX_EQN ends a kernel, and an equation of a join or of a gradient's parts reads at
 * most MAX_READ tensors, then another one goes on from there. MAX_DIM: dimensions of a tensor. */
enum { MAX_DIM = 8, MAX_TERM = 6, MAX_AXIS = 16, MAX_ARG = 4, MAX_GUARD = 8, MAX_EQN = 32,
	MAX_READ = 16 };

typedef struct Axis {
	const char *name;          /* the letter of the formula: n k c i j r s h w ...          e */
	int extent;                /* compiled size                                             e */
	bool batch;                /* the images: only the live ones are visited                e */
	int id;                    /* tells axes of one letter apart                            e */
	bool lane;                 /* its values run in the vector's lanes, V at a time         f */
	int unit;                  /* with batch: images of one value; 0: one                   r */
} Axis;

typedef struct Affine {        /* c + sum of coef * axis                                      */
	int c, n;
	struct { Axis *axis; int coef; } term[MAX_TERM];
} Affine;

typedef enum { ROLE_TEMP, ROLE_INPUT, ROLE_TARGET, ROLE_OUTPUT, ROLE_LOSS, ROLE_PARAM, ROLE_FROZEN,
	ROLE_RUNNING, ROLE_STATE, ROLE_GRAD, ROLE_CLASS_WEIGHT, ROLE_OTHER, ROLE_SHARE } Role;

typedef struct Tensor {
	int id;                    /* position in Prog.tensor                                   e */
	const char *name;          /* PyTorch's name where the runtime sees it, else ours       e */
	const char *cname;         /* an identifier made from row names and numbers: conv2_y    e */
	int namesakes;             /* tensors whose cname is this one's and a number            e */
	Role role;                 /*                                                           e */
	struct Tensor *of;         /* GRAD, STATE: the parameter                                e */
	int rank, dim[MAX_DIM];    /* as the formulas index it                                  e */
	int file_rank, file_dim[MAX_DIM];  /* as files hold it                                  e */
	bool batched;              /* dim[0] is the batch                                       e */
	bool bytes8;               /* argmax codes, one byte each                               e */
	nn_init_kind init;         /*                                                           e */
	double init_scale;         /*                                                           e */
	struct Tensor *grad;       /* of the loss with respect to it, or NULL                   g */
	struct Expr *grad_expr;    /* the same where it is one number for all elements          g */
	bool needs_grad;           /* depends on a trained parameter                            g */
	bool keep;                 /* the runtime reads or writes it                            e */
	int lane_wish;             /* lane_dim with channels in the lanes; -1: as usual         r */
	int scratch;               /* so many leading dims are of the task: each thread has its r
	                            * own, for one task at a time; 0: in the arena                */
	bool planes;               /* of a product by transforms: [p][q][c][z]                  r */
	int lane_dim;              /* this dim lies in blocks of V, innermost in memory; or -1  f */
	int mem[MAX_DIM];          /* as memory holds it: blocks of lane_dim, padded rows       l */
	bool wide;                 /* each element is a whole vector (partial sums)             l */
	int64_t elems;             /* elements with padding                                     l */
	bool zero_dead;            /* lanes past the live count must hold 0                     l */
	bool local;                /* lives in registers of its kernel only                     f */
	int first, last;           /* first and last sync interval that touches it              p */
	int64_t offset;            /* bytes; -1: none                                           p */
	struct Tensor *whole;      /* a view: the same memory, as one kernel sees it; or NULL   k */
} Tensor;

typedef enum {
#define OP(id, name, arity, text, d0, d1, d2, d3) OP_##id,
#include "../rows/ops.h"
#undef OP
	OP_CONST,                  /* value                                                       */
	OP_HYPER,                  /* run->hyper[number]                                          */
	OP_LIVE, OP_STEP,          /* images in the batch; steps done                             */
	OP_READ,                   /* tensor[index]                                               */
	OP_INDEX,                  /* an affine index as a number                                 */
	OP_INSIDE,                 /* 1 when index[0] is within 0 .. extent-1, else 0             */
	OP_RANDOM,                 /* uniform in [0,1) keyed by `number`, the step, index[0]      */
	OP_FOLD                    /* only while a formula is read: split off by it               */
} Op;

typedef enum { FOLD_NONE, FOLD_SUM, FOLD_MAX } Fold;

typedef struct Expr {
	Op op;
	double value;              /* CONST                                                       */
	int number;                /* HYPER: which; RANDOM: key of the layer                      */
	int extent;                /* INSIDE                                                      */
	Tensor *tensor;            /* READ                                                        */
	int n;                     /* indices (READ) or arguments (operators)                     */
	Affine *index;             /* READ: n; INDEX, INSIDE, RANDOM: one; else NULL              */
	struct Expr *arg[MAX_ARG];
} Expr;

typedef enum { PHASE_FORWARD, PHASE_BACKWARD, PHASE_UPDATE, PHASE_EVAL } Phase;

typedef enum {                 /* how a read that may fall outside is kept inside             */
	GUARD_TEST,                /* a test at every point                                       */
	GUARD_CLIP,                /* the bounds of loop `by` leave the outside out               */
	GUARD_EDGE                 /* a test in edge tiles or edge segments only                  */
} GuardHow;

typedef struct Guard {
	Affine index;
	int extent;
	GuardHow how;              /*                                                           s */
	Axis *by;                  /* CLIP: clipped loop; EDGE: the loop that is split          s */
} Guard;

/* A constant matrix; an equation may fold with one on both sides:
 * out[p,q] = sum{a,b} value[p][a] * value[q][b] * rhs[a,b]; a loop around a stage may say which
 * rows p goes over. */
typedef struct Matrix {
	const char *name;          /* B, G or A of Lavin and Gray                                 */
	int rows, cols;
	double value[6][6];
} Matrix;

typedef struct Eqn {
	int id;                    /* e12 in dumps                                              e */
	Phase phase;               /*                                                           e */
	Tensor *out;               /*                                                           e */
	Affine index[MAX_DIM];     /* where in out                                              e */
	Tensor *arg;               /* FOLD_MAX: where the first maximum was, or NULL            g */
	Axis *axis[MAX_AXIS];      /* free axes first, then the folded ones                     e */
	int nfree, naxis;          /*                                                           e */
	Fold fold;                 /*                                                           e */
	Expr *rhs;                 /*                                                           e */
	bool update;               /* := changes `out` in place                                 e */
	const Matrix *matrix;      /* or NULL                                                   r */
	Axis *row[2], *col[2];     /* of the matrix: p and q, a and b                           r */
	Axis *part;                /* loop over parts of the matrix's rows, or NULL             r */
	int task;                  /* equations of one task are stages of one kernel; 0: none   r */
	Axis *around[4];           /* of a task: the loops around its stages                    r */
	int naround;               /*                                                           r */
	double flop;               /* what it stands for, where that is not what it does; or -1 r */
	double error;              /* relative, expected of Winograd; 0: of a plain sum         r */
	int side;                  /* with error: outputs along a side of Winograd's tile       r */
	const char *refused;       /* why Winograd was not taken for it, or NULL                r */
	const Layer *layer;        /* where it comes from, or NULL (loss, optimizer)            e */
	int group;                 /* equations with one number share a kernel                  f */
	Guard *guard;              /* whole-statement bounds tests                              s */
	int nguard;                /*                                                           s */
	struct Eqn *next;
} Eqn;

typedef struct Loop {          /* one loop of a kernel over free axes                         */
	Axis *axis;                /*                                                           k */
	int tile;                  /* this many iterations stay in registers; 1: none           s */
	int clean_lo, clean_hi;    /* tiles starting in [lo, hi) need no bounds tests           s */
	bool parallel;             /* shared out among the threads                              s */
} Loop;

typedef struct Tile {          /* of registers: ta iterations of loop a, tb of loop b         */
	const Axis *a, *b;         /* b NULL: of one loop                                         */
	int ta, tb;
	double cycles;             /* predicted, of a thread, a step of the folded loops          */
	double uneven;             /* times what threads lose because tiles are few; in cycles    */
} Tile;
enum { MAX_TRIED = 6 };

typedef struct Kernel {
	int id;                    /*                                                           f */
	const char *name;          /* k03_conv2_dweight                                      emit */
	Eqn *eqn[MAX_EQN];         /* in order                                                  f */
	int neqn;                  /*                                                           f */
	bool eval;                 /* of the evaluation program                                 f */
	Loop loop[MAX_AXIS];       /* shared by all equations, outermost first                  k */
	int nloop;                 /*                                                           k */
	int lanes;                 /* reals at a time; 1: scalar                                k */
	Axis *inmost;              /* plain sums: free axis inside of the folded ones, or NULL  k */
	bool flat;                 /* all tensors walked as one row of reals                    k */
	bool slice;                /* threads share the images and nothing else                 f */
	bool serial;               /* one thread                                                s */
	Axis *stepped;             /* of a tile: innermost folded loop that goes in steps; NULL s */
	int step;                  /* values of a step                                          s */
	bool unrolled;             /* is a step unrolled?                                       s */
	Tensor *partial;           /* sums so far, over bands; may be the output; or NULL       l */
	Axis *rows;                /* with partial: folded axis that is walked in bands         l */
	int band;                  /* rows of a band                                            s */
	int group;                 /* pieces that a thread does for a band before the next      s */
	int owned;                 /* with partial: leading dims of out that a thread owns      s */
	struct Kernel *stage[8];   /* run one after the other for each point of the loops       f */
	int nstage;                /* 0: the equations themselves                               f */
	Axis *given[4];            /* of a stage: the loops around it                           f */
	int ngiven;                /*                                                           f */
	int shared;                /* with stages: so many outer loops may be shared out        f */
	int outer;                 /* so many axes of the first equation are loops around all
	                            * others, which sums go along; 0: all are outer             f */
	bool sync;                 /* a barrier stands before it                            f */
	int interval;              /* number of barriers before it                              f */
	double flop, bytes;        /* of a full batch                                           k */
	bool contraction;          /* a sum of products of two tensors                          k */
	Tile tried[MAX_TRIED];     /* tiles that come near, best predicted first                s */
	int ntried, taken;         /* taken: which of them                                      s */
	double cycles;             /* of the tile, predicted, when one thread does all          s */
	double ms;                 /* predicted on one thread                                   s */
	const char *why;           /* a sentence on the schedule                                s */
} Kernel;

typedef struct Target {        /* one row a machine                                           */
	const char *name;          /* "avx512"                                                    */
	const char *march;         /* what -march gives it                                        */
	int vector_bytes;          /* of a register                                               */
	int registers;             /* vector registers a kernel may use                           */
	int l1, l2;                /* bytes a core                                                */
	double l2_rate;            /* bytes a cycle from the second-level cache                   */
	double ghz, gbytes;        /* usual clock; GB/s of memory that one thread gets            */
	const char *flags;         /* for the C compiler beside -march                            */
	const char *arch;          /* as the C compiler calls it: "x86_64", "aarch64"; "": any    */
} Target;

/* What the formulas of a row can name while they are read (parse.c). */
typedef struct Known {
	const char *name;
	Tensor *tensor;            /* NULL: an absent parameter, or                               */
	Expr *expr;                /* an expression                                               */
	double absent;             /* what an absent parameter is everywhere                      */
} Known;
typedef struct Scope {
	struct Prog *prog;
	Phase phase;
	const Layer *layer;
	const char *tag;           /* prefix of C names                                           */
	const Var *var;            /* numbers                                                     */
	int nvar;
	const char *axes;          /* Row.axes                                                    */
	Known *bind;               /* names -> tensors, expressions; temporaries too              */
	int nbind;
	Tensor *like;              /* what `...` runs over                                        */
	bool flat;                 /* `like` is an image shown as features: c... is all of it     */
	int key;                   /* of random()                                                 */
	bool hypers;               /* unknown numbers that are in Prog.hyper become OP_HYPER      */
} Scope;

typedef struct Block {         /* the equations of one layer (or of the loss) in training     */
	const Layer *layer;        /* NULL for the loss                                         e */
	const Row *row;            /*                                                           e */
	Scope scope;               /* names as the row's texts see them                         e */
	Eqn *first, *last;         /*                                                           e */
	Tensor *x, *y;             /* input and output, for a stated gradient                   e */
} Block;

typedef struct Prog {
	Model *model;              /*                                                           a */
	Target target;             /*                                                        main */
	int lanes;                 /* reals in a vector                                      main */
	bool channels;             /* channels run in the lanes; otherwise images do            f */
	double other_family;       /* relative time with the other ones in the lanes; 0: forced f */
	int threads;               /* what the schedule assumes                                 f */
	bool plain;                /* the reference program: -O0, double                     main */
	Tensor **tensor;           /*                                                           e */
	int ntensor;
	Map cnames, params;        /* tensors by Tensor.cname; parameters by their name         e */
	Eqn *first, *last;         /* training: forward, backward, update; then evaluation      e */
	int neqn;
	Tensor *x, *target_t, *output, *loss;  /*                                               e */
	Tensor *class_weight;      /* or NULL                                                   e */
	Tensor *other, *share;     /* of images that are mixed: second label, weight; or NULL   e */
	const char *hyper[NN_HYPERS];  /* "lr" first                                            e */
	int nhyper;
	Block **block;             /* training, in order                                        e */
	int nblock;
	Kernel **kernel;           /* step first, then evaluation                               f */
	int nkernel;
	int64_t arena;             /* bytes                                                     p */
	int intervals;             /*                                                           f */
} Prog;

/* expr.c: expressions and affine indices. Builders simplify as they build. */
Affine affine(int c);
Affine affine_axis(Axis *a);
Affine affine_add(Affine a, Affine b, int scale_b);
Affine affine_scale(Affine a, int k);
Affine affine_subst(Affine a, const Axis *axis, Affine by);
Affine affine_rename(const Affine *a, Axis *const *from, Axis *const *to, int n);
int affine_coef(const Affine *a, const Axis *axis);
bool affine_same(const Affine *a, const Affine *b);
bool affine_is(const Affine *a, const Axis *axis);             /* exactly that axis            */
void affine_range(const Affine *a, int *lo, int *hi);          /* over all axes, inclusive     */
Expr *expr_const(double v);
Expr *expr_leaf(Op op);
Expr *expr_copy(const Expr *e);                                 /* with indices of its own      */
Expr *expr_read(Tensor *t, const Affine *index);
Expr *expr_op(Op op, Expr *a, Expr *b, Expr *c, Expr *d);
Expr *expr_settle(Expr *e);    /* an index or range test that the axes decide becomes a number */
Expr *expr_subst(Expr *e, const Axis *axis, Affine by);        /* a new expression             */
Expr *expr_rename(Expr *e, Axis *const *from, Axis *const *to, int n);   /* all at once        */
Expr *expr_replace(Expr *e, const Expr *from, Expr *to);       /* structurally equal parts     */
bool expr_same(const Expr *a, const Expr *b);
bool expr_uses(const Expr *e, const Axis *axis);
bool expr_is(const Expr *e, double v);
bool expr_vanishes(const Expr *e, const Expr *read);           /* is e 0 wherever `read` is?   */
void expr_each(Expr *e, void (*fn)(Expr *e, void *ctx), void *ctx);
int expr_arity(Op op);
const char *expr_text(const Expr *e);                          /* mathematics, for dumps       */
const char *affine_text(const Affine *a);
const char *eqn_text(const Eqn *q);
bool tensor_is_number(const Tensor *t);                         /* one element, no batch       */
Affine eqn_matrix_row(const Eqn *q);   /* p: row[0], of the part that around[0] says if it is one */
bool eqn_is_product(const Eqn *q);     /* zero wherever one of its guarded reads is outside     */

/* formula.c  needs: Model  fills: Tensor, Eqn (forward, eval)  breaks: nothing */
void formula(Prog *p);
const char *row_text(const Layer *l, const char *text);        /* variants and inputs chosen   */
Tensor *tensor_new(Prog *p, const char *name, const char *cname, Role role);
void tensor_rename(Prog *p, Tensor *t, const char *cname);
Eqn *eqn_new(Prog *p, Phase phase, const Layer *layer);        /* not yet in the list          */
void eqn_add(Prog *p, Eqn *q);
Axis *axis_new(const char *name, int extent);

/* parse.c    text of a row -> equations (used by formula and grad) */
void parse_equations(Scope *s, const char *text);
Expr *parse_expr(Scope *s, const char *text);
void scope_bind(Scope *s, const char *name, Tensor *t, Expr *e);
Tensor *scope_tensor(const Scope *s, const char *name);

/* solve.c    appends equations  out[h] = sum of e over all axes of q with place(axes) = h.
 * vanishes: e is 0 by itself where an axis of q's output is out of range. */
void solve(Prog *p, Phase phase, const Eqn *q, bool vanishes, const Affine *place, Expr *e,
           Tensor *out);

/* grad.c     needs: forward Eqns  fills: backward and update Eqns, Tensor.grad  breaks: nothing */
void grad(Prog *p);

#endif
