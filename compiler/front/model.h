/* model.h: the tree of a description and the checked layers that it becomes.
 *
 * A field's comment ends with the pass that fills it (see the table in main.c). */
#ifndef NNCC_MODEL_H
#define NNCC_MODEL_H

#include "../rows/rows.h"

enum { MAX_VAR = 32 };

/* Layers, with blocks and repeats expanded: of a description, and of one that is compiled. A layer
 * with parameters takes up to 5 ms and 0.6 MB of nncc. */
enum { MAX_LAYERS = 100000, MAX_COMPILED = 12000 };

/* ---- x xml: the tree ------------------------------------------------------------------------ */

typedef struct Attr {
	const char *name, *value;  /* value with entities resolved                           xml */
	Pos name_pos, value_pos;   /* value_pos: first byte inside the quotes                xml */
	int width;                 /* bytes of the value as written, to underline it         xml */
	struct Attr *next;         /* in document order                                      xml */
	bool used;                 /* checked against the vocabulary                       model */
} Attr;

typedef struct Elem {
	const char *name;          /* local name; elements of foreign namespaces are left out xml */
	Pos pos;                   /* of the '<'                                             xml */
	char *text;                /* character data (description), or NULL if blank         xml */
	size_t text_len, text_room;   /* bytes of text; bytes allocated for it               xml */
	Pos text_pos;              /* of its first byte that is not blank                    xml */
	Attr *attr;                /* in document order                                      xml */
	struct Elem *child, *last, *next, *parent;   /* first and last child, next sibling  xml */
	bool bad;                  /* has a mistake that was reported: draw no conclusions model */
} Elem;

/* ---- a model: checked layers ---------------------------------------------------------------- */

typedef struct Shape {         /* of one image                                                */
	int rank;                  /* 1: [F]; 3: [C,H,W]                                          */
	int dim[3];
	bool flat;                 /* [C,H,W] presented as [F] (no data moves): rank is 3         */
} Shape;

typedef struct Var {           /* a number that formulas know by name                         */
	const char *name;
	double value;
} Var;

typedef enum { INIT_AUTO, INIT_HE_NORMAL, INIT_HE_UNIFORM, INIT_GLOROT_NORMAL, INIT_GLOROT_UNIFORM,
	INIT_LECUN_NORMAL, INIT_ORTHOGONAL, INIT_TORCH, INIT_ZEROS, INIT_ONES } Init;

typedef struct Layer {
	const Row *row;            /*                                                       model */
	const char *name;          /* dotted scope path: "stage1.0.conv1"                   model */
	const char *elem;          /* element name as written, for messages                 model */
	Pos pos;                   /* of the element                                        model */
	struct Layer **in;         /* inputs; NULL is the network's input                   model */
	int nin;                   /*                                                       model */
	int readers;               /* inputs of layers that are this one: scratch of logits.c     */
	Shape shape;               /* of the output                                         model */
	Var var[MAX_VAR];          /* attribute numbers, then C H W F of the first input    model */
	int nvar;                  /*                                                       model */
	Init init;                 /* resolved, never INIT_AUTO                             model */
	bool bias;                 /* false: the parameter `bias` is left out               model */
	bool trainable;            /*                                                       model */
	bool hidden;               /* made by an activation attribute, not an element     model */
	struct Layer *next;        /* topological order                                     model */
	struct Tensor *out, *eval; /* its output in training and in evaluation            formula */
} Layer;

typedef struct Setting {       /* an attribute of data, train, tune or a child, resolved      */
	const char *elem, *name, *value;   /* value: after -D, expressions kept          model */
	struct Setting *next;
} Setting;

typedef struct Param {         /* <param>                                                     */
	const char *name, *value, *min, *max, *scale, *choices;
	double number;             /*                                                       model */
	const char *fixed_by;      /* "<dense units>", what it is compiled into, or NULL    model */
	Pos pos;
	struct Param *next;
} Param;

typedef struct Source {        /* <training>, <validation>, <test> of <data>                  */
	const char *split, *images, *labels, *file, *files, *dir;
	const char *label_column, *columns, *header;
	struct Source *next;
} Source;

typedef struct Model {
	const char *name;          /* of the network                                        model */
	const char *description;   /* or NULL                                               model */
	Elem *root;                /* the tree as written                                     xml */
	Shape input;               /*                                                       model */
	bool normalize, normalize_auto;    /* given with mean and std; mode="auto"          model */
	double *mean, *std;        /* one a channel (features: one)                         model */
	int nmean;
	Layer *layers;             /* topological; the output last, unless it is read too   model */
	Layer *output;             /*                                                       model */
	const Row *loss;           /*                                                       model */
	Var loss_var[MAX_VAR];     /* its attribute numbers                                 model */
	int nloss_var;
	bool target_input;         /* target="input"                                        model */
	bool mixes;                /* images are mixed: two labels each                     model */
	bool noisy;                /* the input gets noise that the target does not get     model */
	const Row *optimizer;      /*                                                       model */
	Var opt_var[MAX_VAR];      /* its attribute numbers (values at compile time)        model */
	int nopt_var;
	const char *schedule;      /* type, "constant" by default                           model */
	int batch;                 /*                                                       model */
	int classes;               /* outputs of a label loss, else 0                       model */
	const char **class_name;   /* or NULL                                               model */
	int nclass_name;
	Setting *settings;         /* data, train and children, tune, defaults too  model */
	Param *params;             /*                                                       model */
	Source *sources;           /*                                                       model */
	char hash[65];             /* SHA-256 of the architecture, hex                      model */
	const char *config;        /* resolved XML, for config.xml of a run                 model */
} Model;

/* ---- functions --------------------------------------------------------------------------- */

/* xml.c      file -> tree. needs: options.input  fills: Elem, Attr  breaks: nothing */
Elem *xml(const char *path);

/* model.c    tree -> checked layers. needs: Elem  fills: Model, Layer  breaks: nothing */
Model *model(Elem *root);

/* arithmetic.c: over variables, "(H+pt+pb-kh)/sh+1"; division rounds down when whole_div */
bool arithmetic(const char *text, const Var *var, int nvar, bool whole_div, double *result);

/* schema.c summary.c graph.c: what --print-schema, --summary and --emit-graph print */
void schema(const char *kind, FILE *out);
void summary(const Model *m, bool json, FILE *out);
void graph(const Model *m, FILE *out);

/* model.c: what the data section says of the data. */
const char *model_data_format(const Model *m);     /* "idx", "csv", ...                        */
bool model_has_pictures(const Model *m);           /* can they be pictures? Rows cannot.       */

#endif
