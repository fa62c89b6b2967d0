/* dnn.h: a network's training step as a list of oneDNN primitives.
 *
 * dnn_graph.c reads the network, the rows of dnn_kinds.c turn each layer into operations,
 * dnn_train.c adds loss and optimizer, and dnn_step.c, which they all build with, places every
 * buffer and executes the list. The order of building is the order of executing: forward, loss,
 * backward, update. */
#ifndef DNN_H
#define DNN_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <oneapi/dnnl/dnnl.h>

enum { ARGS = 24, PARTS = 64, STATES = 2, PARAMS = 4 };

typedef struct Buf {
	size_t bytes;     /* its size                                                   */
	bool kept;        /* holds its values from one step to the next                 */
	int first, last;  /* operations that write it first and use it last             */
	void *at;         /* where it was placed                                        */
	struct Buf *next; /* of all buffers, the newest first                           */
} Buf;

typedef struct Mem {
	dnnl_memory_desc_t md; /* shape and layout                                      */
	dnnl_memory_t memory;  /* what primitives take                                  */
	Buf *buf;              /* where the numbers are; views share it                 */
	struct Mem *copies;    /* the same values in other layouts, made in this step   */
	struct Mem *next;      /* of its siblings among `copies`                        */
	struct Mem *all;       /* of all, the newest first                              */
} Mem;

struct Net;

typedef struct Op {
	dnnl_primitive_t primitive; /* NULL: `plain` does it                            */
	void (*plain)(const struct Net *n, const struct Op *o); /* a loop in C          */
	const void *what;           /* for `plain`                                      */
	int args;                   /* how many                                         */
	int id[ARGS];               /* DNNL_ARG_...; anything for `plain`               */
	Mem *mem[ARGS];             /* beside each id                                   */
	dnnl_exec_arg_t arg[ARGS];  /* the same for dnnl_primitive_execute              */
	const char *name, *does;    /* the layer, and a word                            */
	double ms;                  /* measured by `profile`                            */
} Op;

/* What a layer puts out. */
typedef struct Value {
	int rank;            /* 2 (features) or 4 (images)                              */
	dnnl_dims_t dim;     /* n c h w                                                 */
	int users;           /* layers that read it                                     */
	bool wanted;         /* some trained parameter comes before it                  */
	Mem *mem;            /* as its producer writes it; NULL when fused away         */
	Mem *part[PARTS];    /* contributions to its gradient                           */
	bool own[PARTS];     /* whoever takes the part may overwrite it                 */
	int parts;           /* how many                                                */
} Value;

typedef struct Param {
	const char *name;    /* PyTorch's                                               */
	const char *shortly; /* its last part                                           */
	bool trained;        /* false for running statistics and frozen ones            */
	const cJSON *shape;  /* PyTorch's                                               */
	int64_t count;       /* elements                                                */
	dnnl_memory_desc_t plain; /* as in a file, in the shape that the primitive takes */
	Mem *mem;            /* where it lives, in the layout of its gradient           */
	Mem *grad;           /* in the same layout; NULL when the loss does not see it  */
	Mem *state[STATES];  /* of the optimizer                                        */
} Param;

struct Kind;

typedef struct Layer {
	const char *name;         /* nncc's                                             */
	const struct Kind *kind;  /* how it is built                                    */
	const cJSON *numbers;     /* attributes and sizes                               */
	Value **in;               /* what it reads                                      */
	int inputs;               /* how many                                           */
	Value *out;               /* what it writes                                     */
	Param param[PARAMS];      /* its tensors                                        */
	int params;               /* how many                                           */
	struct Layer *maker;      /* of its first input; NULL for the network's input   */
	struct Layer *post;       /* the activation that it computes as well            */
	bool fused;               /* an activation that another layer computes          */
	dnnl_primitive_desc_t pd; /* of the forward primitive                           */
	Mem *src;                 /* what the forward primitive read                    */
	Mem *aux[4];              /* workspace, statistics, intermediate values         */
} Layer;

typedef struct Net {
	const char *name;         /* for messages                                       */
	int batch, classes;       /* images a step; 0 classes: real targets             */
	bool target_input;        /* the target is the input                            */
	const cJSON *graph;       /* all of it                                          */
	Layer *layer;             /* in order                                           */
	int layers;               /* how many                                           */
	Value input;              /* of the network                                     */
	Mem *target;              /* real targets, in the output's plain layout         */
	int64_t *label;           /* or class numbers [batch]                           */
	Mem *output;              /* what the loss read, plain                          */
	Mem *loss;                /* of the last step, one number                       */
	int64_t steps;            /* done                                               */
	dnnl_alg_kind_t conv;     /* direct, or let the library choose                  */
	dnnl_engine_t engine;     /* the processor                                      */
	dnnl_stream_t stream;     /* in order                                           */
	Op *op;                   /* the step                                           */
	int ops, room;            /* how many, and for how many there is memory         */
	Buf *bufs;                /* all                                                */
	Mem *mems;                /* all                                                */
	const char *now, *does;   /* the layer that is being built, for messages        */
} Net;

/* A row of the table of layers. */
typedef struct Kind {
	const char *name;                      /* nncc's                                */
	void (*forward)(Net *n, Layer *l);     /* appends its operations                */
	void (*backward)(Net *n, Layer *l);    /* the same; its output has a gradient   */
	dnnl_alg_kind_t alg, from_dst;         /* elementwise: how, and by the result   */
	float alpha, beta;                     /* its numbers                           */
} Kind;

enum { EXIT_UNSUPPORTED = 3 };

/* Ends the program: what is unsupported has a status of its own. */
__attribute__((noreturn, format(printf, 2, 3))) void fail(int status, const char *format, ...);
void *need(size_t bytes);                          /* zeroes, or the end            */
void check(const Net *n, dnnl_status_t status);    /* names the layer on failure    */

/* Layers as rows of the table in dnn_kinds.c. */
#define KIND(name) void name##_forward(Net *n, Layer *l); void name##_backward(Net *n, Layer *l)
KIND(contraction);                                  /* dnn_contract.c               */
KIND(pool);                                         /* dnn_layers.c                 */
KIND(batch_norm);
KIND(act);
KIND(add);                                          /* dnn_joins.c                  */
KIND(concat);
KIND(multiply);
KIND(view);
KIND(drop);
KIND(hard_sigmoid);                                 /* dnn_others.c                 */
KIND(softmax);
KIND(upsample);
KIND(layer_norm);
KIND(group_norm);
KIND(widen);

/* The affine part of a norm: a parameter as an argument of `o`, and its gradient. */
void norm_param(Net *n, Layer *l, Op *o, int id, const char *name);
void norm_gradient(Net *n, Layer *l, Op *o, int id, const char *name);

/* The activation that l computes as well, as an attribute to be destroyed; NULL without one. */
dnnl_primitive_attr_t attr_of(Net *n, const Layer *l);
float alpha_of(const Layer *act);                   /* what its row or its attribute says */

/* dnn_graph.c: fills everything but memory; `text` is what nncc --emit-graph printed. */
void graph_read(Net *n, const char *text);
double number(const Layer *l, const char *name);   /* ends the program if missing   */
int whole(const Layer *l, const char *name);       /* the same, as an int           */
Param *param_of(Layer *l, const char *shortly);    /* NULL when it has none         */

/* dnn_kinds.c: a row by nncc's name, NULL if there is none; whether l may compute act as well. */
const Kind *kind_find(const char *name);
bool can_follow(const Layer *l, const Layer *act);

/* dnn_step.c: descriptors of layouts. */
dnnl_memory_desc_t md_plain(int rank, const dnnl_dims_t dim);  /* row-major         */
dnnl_memory_desc_t md_any(int rank, const dnnl_dims_t dim);    /* primitive chooses */
dnnl_memory_desc_t md_plain_of(const Value *v);
dnnl_memory_desc_t md_query(dnnl_primitive_desc_t pd, dnnl_query_t what, int index);

/* Memory: new; the same bytes under another descriptor; the same values in another layout (`m`
 * itself, an earlier copy, or a reorder that is appended now). */
Mem *mem_new(Net *n, const dnnl_memory_desc_t *md, bool kept);
Mem *mem_view(Net *n, const Mem *m, const dnnl_memory_desc_t *md);
Mem *mem_as(Net *n, Mem *m, const dnnl_memory_desc_t *md);
float *mem_at(const Mem *m);

/* Operations. op_add takes the primitive descriptor and destroys it unless `keep`. */
dnnl_primitive_desc_t pd_new(Net *n, const void *desc, dnnl_primitive_attr_t attr,
                             dnnl_primitive_desc_t hint);
Op *op_add(Net *n, dnnl_primitive_desc_t pd, bool keep);
Op *op_plain(Net *n, void (*plain)(const Net *, const Op *), const void *what);
void op_arg(Op *o, int id, Mem *m);

/* A value's whole gradient, or NULL; *own tells whether it may be overwritten. */
Mem *gradient(Net *n, Value *v, bool *own);
void gradient_add(Net *n, Value *v, Mem *m, bool own);

/* Where the backward pass of a layer writes: over `dy` if it owns that and the layout fits. */
Mem *gradient_room(Net *n, Mem *dy, bool own, const dnnl_memory_desc_t *md);

void step_place(Net *n);               /* after the last operation was added            */
void step_run(Net *n);                 /* one training step                             */
void step_profile(Net *n);             /* the same; adds each operation's time to it    */
void mem_put(Net *n, Mem *m, const dnnl_memory_desc_t *plain, const void *values);
void mem_get(Net *n, const Mem *m, const dnnl_memory_desc_t *plain, void *values);
double clock_ms(void);

/* dnn_train.c: the loss after the forward pass, and the update after the backward pass. */
void loss_add(Net *n);
void update_add(Net *n);
Param *params_next(const Net *n, const Param *p);  /* all, by layer; NULL starts and ends   */

#endif
