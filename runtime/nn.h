/* nn.h: the contract between the C that nncc emits and the runtime that a trainer links.
 *
 * The emitted files define one `const nn_model nn_network`. It describes the network, its data and
 * its training, and holds two programs: `fast` (the tuned kernels) and `plain` (one plain loop nest
 * an equation, in double: the reference that `check` compares with). A program is an arena size, a
 * table of tensors in that arena, a table of kernels, and two functions: a training step and an
 * evaluation. Everything else (files, batches, loops, messages) is the runtime's.
 *
 * Shapes: a tensor's logical shape is PyTorch's (row-major, batch first); where its elements lie is
 * told by nn_tensor. Units: bytes for offsets, elements for strides. */
#ifndef NN_H
#define NN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits of a description, which nncc tells the user with a place; trainers rely on them. */
enum {
	NN_RANK = 4,
	NN_NAME_MAX = 256,
	NN_ELEMENTS_MAX = 20000,   /* of the file, so <param>s are no more                        */
	NN_LIST_MAX = 1024,        /* numbers of an attribute                                     */
	NN_PADDING_MAX = 1000000,  /* of random_crop                                              */
	NN_SEARCHED_MAX = 32       /* <param>s that one search may vary                           */
};

/* ---- tensors ----------------------------------------------------------------------------- */

typedef enum {
	NN_PARAM,     /* trained: has a gradient and an update                         */
	NN_FROZEN,    /* a parameter with trainable="false"                            */
	NN_RUNNING,   /* running statistics: saved and exported, not trained           */
	NN_STATE,     /* optimizer state of the parameter `of`                         */
	NN_GRAD,      /* gradient of the loss for the parameter `of`                   */
	NN_INPUT,     /* the batch, exactly what enters the first layer                */
	NN_TARGET,    /* labels [n] as whole numbers, or real targets                  */
	NN_OUTPUT,    /* the last layer's output                                       */
	NN_LOSS,      /* shape [1]: mean loss of the live batch                        */
	NN_CLASS_WEIGHT, /* [classes]: weight of each class in the loss; not saved      */
	NN_SECOND,    /* [n]: second label of images that are mixed in pairs; 0 if none */
	NN_SHARE      /* [n]: weight of the first label, 1 unless mixed                 */
} nn_kind;

typedef enum { NN_INIT_NONE, NN_INIT_CONST, NN_INIT_NORMAL, NN_INIT_UNIFORM, NN_INIT_ORTHOGONAL }
	nn_init_kind;

/* Element idx[0..rank-1] lies at
 *     offset + size * sum over d of (idx[d] / block[d]) * outer[d] + (idx[d] % block[d]) * inner[d]
 * with size = 4 (float) or 8 (double) as the program says. Row-major has block 1 everywhere. */
typedef struct nn_tensor {
	const char *name;          /* as in state_dict; "grad.NAME"; "x", "y", "output", "loss"   */
	const char *of;            /* GRAD, STATE: the parameter's name; else NULL                */
	nn_kind     kind;
	bool        target_input;  /* TARGET: it is the input itself (auto-encoder)               */
	int         rank;
	int64_t     dim[NN_RANK];  /* logical shape; dim[0] is the compiled batch where batched   */
	bool        batched;       /* dim[0] is the batch                                         */
	int64_t     block[NN_RANK], outer[NN_RANK], inner[NN_RANK];
	size_t      offset;        /* bytes from the start of the arena, a multiple of 64         */
	size_t      bytes;         /* what it occupies, padding included                          */
	nn_init_kind init;         /* PARAM, FROZEN, RUNNING: how it starts                       */
	double      scale;         /* NORMAL: standard deviation; UNIFORM: bound; CONST: value    */
} nn_tensor;

/* ---- running a program ------------------------------------------------------------------- */

enum { NN_HYPERS = 16 };

/* What a step is told; the same for every thread. `hyper` is indexed as nn_model.hyper. */
typedef struct nn_run {
	int      live;             /* images in this batch, 1 <= live <= batch                    */
	uint64_t seed;             /* key of all randomness inside the network                    */
	uint64_t step;             /* optimizer steps done before this one                        */
	double   hyper[NN_HYPERS]; /* learning rate of this step, momentum, ...                   */
} nn_run;

typedef struct nn_team nn_team;

/* One thread's view of a running program: the first argument of every kernel. */
typedef struct nn_task {
	char         *arena;       /* 64-byte aligned                                             */
	const nn_run *run;
	int           thread, threads;
	nn_team      *team;
	double       *ms;          /* NULL, or milliseconds added up for each kernel (bench)      */
	double        mark;        /* clock at the last nn_sync, when ms is set                   */
} nn_task;

/* A barrier of the team; with t->ms set, thread 0 books the time since the last barrier on
 * kernel k. Emitted after every kernel whose results another thread reads. (team.c) */
void nn_sync(nn_task *t, int k);

typedef struct nn_kernel {
	const char *name;          /* k03_conv2                                                   */
	const char *formula;       /* what it computes, for --profile and messages                */
	const char *layer;         /* names of the layers it comes from                           */
	double      flop, bytes;   /* of one call with a full batch                               */
	bool        contraction;   /* measured against FMA peak; otherwise against bandwidth      */
	double      ms;            /* predicted on one thread with a full batch; 0: not known     */
	double      error;         /* relative, expected of Winograd; 0: rounding of plain sums   */
} nn_kernel;

typedef struct nn_program {
	int              real_size;    /* 4 or 8: what the arena's reals are                      */
	int              lanes;        /* reals in a vector                                       */
	size_t           arena_bytes;
	const nn_tensor *tensor;       /* what the runtime may see; inner activations are not in  */
	int              tensors;
	const nn_kernel *kernel;
	int              kernels;
	void           (*step)(nn_task *t); /* forward, backward, update: loss, output, grad.* */
	void           (*eval)(nn_task *t); /* forward as in evaluation: output and loss      */
	/* NULL, or: called after the runtime has written parameters, running statistics or state;
	 * fills what is derived from them (transposed copies, ...). */
	void           (*prepare)(nn_task *t);
} nn_program;

/* ---- the network ------------------------------------------------------------------------- */

/* A number of the XML that training may override: value is the text of the attribute, an
 * expression over nn_model.param ("0.05", "{lr * 2}"). Names: "lr" "momentum" "weight_decay" ... */
typedef struct nn_setting {
	const char *element;       /* "train", "optimizer", "schedule", "data", ...               */
	const char *name;          /* attribute                                                   */
	const char *value;         /* text; NULL: not given and no default                        */
} nn_setting;

typedef struct nn_param_def {  /* a <param> */
	const char *name;
	const char *value;         /* after -D                                                    */
	const char *fixed_by;      /* "<dense units>", what it is compiled into: changing it      */
	                           /* needs nncc; NULL: a run may                                 */
	const char *min, *max, *scale, *choices;   /* NULL when not given                         */
} nn_param_def;

typedef struct nn_source {     /* a <training>, <validation> or <test> child of <data>        */
	const char *split;         /* "training", "validation", "test"                            */
	const char *images, *labels, *file, *files, *dir;                /* NULL when not given   */
	const char *label_column, *columns, *header;                     /* likewise              */
} nn_source;

typedef struct nn_model {
	const char *name;              /* of the network                                          */
	const char *version;           /* nncc's                                                  */
	const char *march, *compiler, *options;
	uint64_t    features;          /* of the processor, that kernels may use: NN_CPU_COMPILED */
	const char *config;            /* the XML with parameters and defaults resolved           */
	const char *architecture_hash; /* 64 hex digits over input and expanded layers            */
	int         batch;             /* compiled batch size                                     */
	int         input_rank;        /* 1: [n,F]; 3: [n,C,H,W]                                  */
	int         input[3];          /* C,H,W or F,1,1                                          */
	int         classes;           /* of a label target; 0 for real targets                   */
	const char *normalize;         /* "none", "given", "auto"                                 */
	int         normalize_channels;
	const double *mean, *std;      /* "given": one a channel                                  */
	const char *const *class_name; /* NULL or `class_names` names                             */
	int         class_names;
	const nn_setting *setting;     /* everything of data, train and its children, tune        */
	int         settings;
	const nn_param_def *param;
	int         params;
	const nn_source *source;
	int         sources;
	const char *hyper[NN_HYPERS];  /* names of nn_run.hyper: "lr" first; NULL ends            */
	const char *optimizer, *loss, *schedule;   /* their types                                 */
	bool logits;               /* outputs are logits of values from 0 to 1, not of classes    */
	int64_t     parameters;        /* count of trained and frozen parameters                  */
	double      flop_per_step;     /* contractions of a training step at full batch           */
	size_t      memory_bytes;      /* predicted peak of a training run, data set excluded     */
	const nn_program *fast, *plain;
	const char *nncc;              /* the compiler's path, or NULL                            */
} nn_model;

extern const nn_model nn_network;

#endif
