/* tree.h: the second noun, a kernel as functions whose bodies are trees of loops.
 *
 *     for k0 = 0 .. 16 step 4              FOR
 *             real acc[4]                  ARRAY
 *             for c = 0 .. 8               FOR
 *                     acc[kt] += ...       ADD of a place and a value
 *
 * A value (Val) is an integer, a test, a real or a vector of reals; a place is an element of a
 * tensor or of a local array. Values are built once and shared, never changed. What a tree says is
 * all that is computed: print/c.c writes it as C, print/tree.c as a dump, and neither decides
 * anything. */
#ifndef NNCC_TREE_H
#define NNCC_TREE_H

#include "../lang/ir.h"

typedef enum { TYPE_INT, TYPE_TEST, TYPE_REAL, TYPE_VECTOR, TYPE_BYTE, TYPE_BYTES, TYPE_DOUBLE,
	TYPE_KEY, TYPE_SPAN, TYPE_POINTER } Type;

/* How tightly C binds the value of an operator, loosest first. */
typedef enum { BIND_ANY, BIND_SELECT, BIND_OR, BIND_AND, BIND_EQUAL, BIND_LESS, BIND_SUM,
	BIND_PRODUCT, BIND_UNARY, BIND_ATOM } Bind;

/* VAL(id, C text, how tightly the value binds, what its left and its other arguments must) */
#define VALS(VAL)                                                                                  \
	VAL(ADD, "$1 + $2", BIND_SUM, BIND_SUM, BIND_PRODUCT)                                      \
	VAL(SUB, "$1 - $2", BIND_SUM, BIND_SUM, BIND_PRODUCT)                                      \
	VAL(MUL, "$1 * $2", BIND_PRODUCT, BIND_PRODUCT, BIND_UNARY)                                \
	VAL(DIV, "$1 / $2", BIND_PRODUCT, BIND_PRODUCT, BIND_UNARY)                                \
	VAL(REM, "$1 % $2", BIND_PRODUCT, BIND_PRODUCT, BIND_UNARY)                                \
	VAL(NEG, "-$1", BIND_UNARY, BIND_ATOM, BIND_ATOM)                                          \
	VAL(LESS, "$1 < $2", BIND_LESS, BIND_SUM, BIND_SUM)                                        \
	VAL(EQUAL, "$1 == $2", BIND_EQUAL, BIND_SUM, BIND_SUM)                                     \
	VAL(AND, "$1 && $2", BIND_AND, BIND_AND, BIND_EQUAL)                                       \
	VAL(OR, "$1 || $2", BIND_OR, BIND_OR, BIND_EQUAL)                                          \
	VAL(NOT, "!$1", BIND_UNARY, BIND_ATOM, BIND_ATOM)                                          \
	VAL(INSIDE, "(unsigned)($1) < $2u", BIND_LESS, BIND_ANY, BIND_ATOM)  /* 0 <= a < b */      \
	VAL(SELECT, "$1 ? $2 : $3", BIND_SELECT, BIND_OR, BIND_SELECT)                             \
	VAL(MIN, "nn_least($1, $2)", BIND_ATOM, BIND_ANY, BIND_ANY)                                \
	VAL(MAX, "nn_most($1, $2)", BIND_ATOM, BIND_ANY, BIND_ANY)                                 \
	VAL(LO, "nn_lo($1, $2)", BIND_ATOM, BIND_ANY, BIND_ANY)                                    \
	VAL(HI, "nn_hi($1, $2, $3, $4)", BIND_ATOM, BIND_ANY, BIND_ANY)                            \
	VAL(SHARE, "nn_share(t, $1)", BIND_ATOM, BIND_ANY, BIND_ANY)                               \
	VAL(SPAN, "{0, $1}", BIND_ATOM, BIND_ANY, BIND_ANY)                                        \
	VAL(LIVE, "t->run->live", BIND_ATOM, BIND_ANY, BIND_ANY)                                   \
	VAL(THREAD, "t->thread", BIND_ATOM, BIND_ANY, BIND_ANY)                                    \
	VAL(STEP, "t->run->step", BIND_ATOM, BIND_ANY, BIND_ANY)                                   \
	VAL(HYPER, "t->run->hyper[$1]", BIND_ATOM, BIND_ANY, BIND_ANY)                             \
	VAL(KEY, "nn_rand_key(t->run->seed, NN_RAND_DROPOUT, $1, t->run->step)", BIND_ATOM,        \
	    BIND_ANY, BIND_ANY)                                                                    \
	VAL(RANDOM, "nn_rand_v($1, (uint32_t)($2), $3)", BIND_ATOM, BIND_ANY, BIND_ANY)            \
	VAL(TO_REAL, "(nn_real)$1", BIND_UNARY, BIND_UNARY, BIND_UNARY)                            \
	VAL(TO_DOUBLE, "(double)$1", BIND_UNARY, BIND_UNARY, BIND_UNARY)                           \
	VAL(TO_BYTE, "(uint8_t)$1", BIND_UNARY, BIND_UNARY, BIND_UNARY)                            \
	VAL(OF_BYTE, "(nn_real)$1", BIND_UNARY, BIND_UNARY, BIND_UNARY)                            \
	VAL(BLOAD, "nn_bload($1)", BIND_ATOM, BIND_ANY, BIND_ANY)                                  \
	VAL(BSTORE, "nn_bstore($1)", BIND_ATOM, BIND_ANY, BIND_ANY)                                \
	VAL(SPLAT, "nn_splat($1)", BIND_ATOM, BIND_ANY, BIND_ANY)                                  \
	VAL(LANE, "$1[$2]", BIND_ATOM, BIND_ATOM, BIND_ANY)           /* of a vector value */      \
	VAL(IOTA, "nn_iota()", BIND_ATOM, BIND_ANY, BIND_ANY)                                      \
	VAL(FIRST, "nn_first($1, $2)", BIND_ATOM, BIND_ANY, BIND_ANY)                              \
	VAL(FIRST_OR, "nn_first_or($1, $2, $3)", BIND_ATOM, BIND_ANY, BIND_ANY)                    \
	VAL(ABOVE, "nn_ifabove($1, $2, $3, $4)", BIND_ATOM, BIND_ANY, BIND_ANY)                    \
	VAL(SCALAR_ABOVE, "$1 > $2 || $1 != $1 ? $3 : $4", BIND_SELECT, BIND_SUM, BIND_SUM)        \
	VAL(SUM, "nn_sum($1)", BIND_ATOM, BIND_ANY, BIND_ANY)                                      \
	VAL(HMAX, "nn_hmax($1)", BIND_ATOM, BIND_ANY, BIND_ANY)                                    \
	VAL(GATHER, "nn_gather(&$1, $2, $3)", BIND_ATOM, BIND_UNARY, BIND_ANY)                     \
	VAL(ELEMENT, "NN_AT($1, $2)", BIND_ATOM, BIND_ANY, BIND_ANY)  /* of a vector in memory */  \
	VAL(BYTE, "NN_BYTE($1, $2)", BIND_ATOM, BIND_ANY, BIND_ANY)                                \
	VAL(ADDRESS, "&$1", BIND_UNARY, BIND_ATOM, BIND_ATOM)                                      \
	VAL(BEHIND, "($1)[$2]", BIND_ATOM, BIND_ANY, BIND_ANY)        /* place at a pointer */

typedef enum {
	VAL_INT, VAL_NUMBER,       /* `number`                                                    */
	VAL_NAME,                  /* a variable or an argument                                   */
	VAL_PLACE,                 /* name[arg]...                                                */
	VAL_OPERATOR,              /* the scalar operator `scalar` of ops.h                       */
#define VAL(id, text, bind, left, other) VAL_##id,
	VALS(VAL)
#undef VAL
} ValOp;

typedef struct Val {
	ValOp op;
	Type type;
	Op scalar;                 /* OPERATOR                                                    */
	double number;
	const char *name;
	const Tensor *tensor;      /* PLACE; NULL: a local array                                  */
	int n;
	const struct Val *arg[];
} Val;

typedef enum {
	NODE_BLOCK,                /* body, whose names end with it                               */
	NODE_FOR,                  /* name = a; while name < b; name += c                         */
	NODE_IF,                   /* a: body, else other                                         */
	NODE_LET,                  /* name is a; a NULL: declared, and set later                  */
	NODE_ARRAY,                /* name[dim]...                                                */
	NODE_SET,                  /* place a becomes b                                           */
	NODE_ADD,                  /* place a becomes a + b                                       */
	NODE_STREAM,               /* SET by a non-temporal store                                 */
	NODE_CALL,                 /* another function of this kernel, with arg                   */
	NODE_SUM_EACH,             /* a[i] becomes the sum of vector b[i], i < c                  */
	NODE_SUMS,                 /* the same of c vectors in registers, all at once             */
	NODE_PREFETCH,             /* place a; or b vectors from pointer a                        */
	NODE_FENCE,                /* behind non-temporal stores                                  */
	NODE_STEP,                 /* the C compiler moves no load of memory over it              */
	NODE_AGAIN,                /* nor keeps addresses made with variable `name`               */
	NODE_LEAVE                 /* the function                                                */
} NodeKind;

typedef enum { LOOP_PLAIN, LOOP_UNROLL, LOOP_KEEP } LoopHow;   /* KEEP: never unrolled         */

typedef struct Node {
	NodeKind kind;
	Type type;                 /* LET, ARRAY                                                  */
	LoopHow how;               /* FOR                                                         */
	bool goes_on;              /* FOR: from where the variable is; a is NULL                  */
	bool whole;                /* FOR: only while a whole step fits                           */
	bool fixed;                /* LET: never set again                                        */
	bool zero;                 /* ARRAY: begins as 0                                          */
	bool write;                /* PREFETCH: to write there                                    */
	const char *name;
	const Val *a, *b, *c;
	int n, dim[4];             /* ARRAY; CALL: n arguments                                    */
	const struct Function *callee;  /* CALL                                                   */
	const Val **arg;           /* CALL: one for each of its parameters                        */
	struct Node *body, *other, *next;
} Node;

typedef struct Formal {
	Type type;
	const char *name;
	const Tensor *tensor;      /* or NULL: a number                                           */
	const Axis *axis;          /* whose value it is, or NULL                                  */
	bool row;                  /* the tensor as one row of vectors                            */
	bool fixed;                /* a number that is not changed, a tensor that is not written  */
} Formal;

typedef enum { FUNCTION_KERNEL, FUNCTION_STAGE, FUNCTION_TILE } FunctionKind;

typedef struct Function {
	const char *suffix;        /* behind the kernel's name: "" "_tile" "_1"                   */
	FunctionKind kind;
	bool task;                 /* needs nn_task *t                                            */
	Formal *param;
	int nparam;
	Node *body;
	struct Function *next;
} Function;

typedef struct Tree {          /* a kernel                                                    */
	Function *first;           /* functions before those that call them, the kernel last      */
	Function *kernel;
	const char *formula;       /* its equations, one a line, in the names of the tree         */
} Tree;

/* kernel.c: a kernel as a tree, allocated in the arena */
Tree *lower(const Prog *p, const Kernel *k);

/* tree.c: values; they simplify as they are built */
const Val *val_int(int64_t v);
const Val *val_number(double v, Type type);
const Val *val_name(const char *name, Type type);
const Val *val(ValOp op, Type type, const Val *a, const Val *b, const Val *c, const Val *d);
const Val *val_operator(Op op, Type type, const Val *const *arg, int n);
const Val *val_place(const char *name, const Tensor *t, Type type, const Val *const *index, int n);
const Val *val_and(const Val *a, const Val *b);                /* NULL: always                 */
bool val_same(const Val *a, const Val *b);
bool val_is(const Val *v, int64_t n);
bool val_mentions(const Val *v, const char *name);
bool tree_mentions(const Node *n, const char *name);           /* n and what follows it        */
bool tree_needs_task(const Node *n);           /* likewise: which thread, seed, rate ...      */

#endif
