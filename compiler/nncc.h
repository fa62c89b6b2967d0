/* nncc.h: every type of the compiler, then the exports of every file under its name.
 *
 * Data flows one way: text -> Elem tree -> Layer list -> Eqn list -> Kernel list -> C. Each pass is
 * one file with one exported function of the file's name (see the table in main.c); a field's
 * comment ends with the pass that fills it. Memory comes from one zeroing arena that is freed by
 * exit: a compiler runs once, and nothing here outlives it or needs to be given back earlier. */
#ifndef NNCC_H
#define NNCC_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define NNCC_VERSION "0.1"

enum { MAX_DIM = 8, MAX_VAR = 32 };

/* Layers, with blocks and repeats expanded: of a description, and of one that is compiled. A layer
 * with parameters takes up to 5 ms and 0.6 MB of nncc. */
enum { MAX_LAYERS = 100000, MAX_COMPILED = 12000 };

/* ---- places and errors ---------------------------------------------------------------------- */

typedef struct Pos {
	const char *file;          /* as given on the command line                               */
	int line, col;             /* 1-based; col counts bytes; 0: unknown                      */
	const struct Pos *via;     /* the <use> that expanded the block this stands in, or NULL  */
	const char *block;         /* with via: the block's name                                 */
} Pos;

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

/* ---- layers.c: the table of layers, losses and optimizers ----------------------------------- */

typedef enum {
	A_INT,      /* whole number >= 0; var = value                                             */
	A_COUNT,    /* whole number >= 1                                                          */
	A_REAL,     /* number                                                                     */
	A_PAIR,     /* "3" or "3,5": two vars (height, width), each >= 1                          */
	A_PAIR0,    /* the same, each >= 0 (output_padding)                                       */
	A_PAD,      /* "1" "1,2" "same" "valid" "t,b,l,r": vars pt pb pl pr                       */
	A_BOOL,     /* true, false: 1 or 0                                                        */
	A_CHOICE,   /* one of the words in `choices`; var = its ordinal                           */
	A_NAME,     /* an identifier                                                              */
	A_NAMES,    /* identifiers separated by blanks                                            */
	A_REALS,    /* numbers separated by commas                                                */
	A_TEXT      /* any text, a path                                                           */
} AttrType;

typedef struct AttrSpec {      /* one attribute of the vocabulary                             */
	const char *name;
	AttrType type;
	const char *def;           /* default as text; "" optional without one; NULL: required    */
	const char *vars;          /* names of the numbers it gives to formulas, "kh kw"; or NULL */
	const char *choices;       /* A_CHOICE: "a b c"; "@activation": the rows of that kind     */
	const char *doc;           /* one line, ends without a full stop                          */
	double min, max;           /* inclusive bounds of numbers when min < max                  */
} AttrSpec;

typedef enum { ROW_LAYER, ROW_ACTIVATION, ROW_LOSS, ROW_OPTIMIZER, ROW_INTERNAL } RowKind;

/* A layer is a row of text. In formulas x is the input (x1, x2... where there are several), y the
 * output, parameters go by their names; n is the batch; `...` stands for all axes of the tensor but
 * the batch. C H W (features: F) are the input's sizes. A loss maps x and t to loss[n]; an
 * optimizer maps w, g and its states. Statements are separated by ';'. "a := e" updates a in
 * place. */
typedef struct Row {
	RowKind kind;
	const char *name;          /* element, or the value of `type` for the other kinds         */
	const char *doc;           /* one line                                                    */
	const AttrSpec *attr;      /* ends with name NULL; common attributes are not repeated     */
	const char *shape;         /* "filters, (H+pt+pb-..)/sh+1, ..": output; NULL: as input  */
	const char *rank;          /* "3": wants [C,H,W]; NULL: takes any input                   */
	const char *param;         /* "weight[filters,C/groups,kh,kw] bias[filters]";
	                              fan in = product of dims after the first                    */
	const char *axes;          /* "g:groups k:filters/groups": extents not found by shapes    */
	const char *choose;        /* an A_CHOICE number that picks one of the texts "a | b"      */
	const char *eqn;           /* in training; NULL: a view, or not supported yet             */
	const char *eval;          /* in evaluation; NULL: the same                               */
	const char *grad;          /* dx in terms of x, y, dy (loss: of x, t); NULL: derived      */
	const char *state;         /* optimizer: names of its states                              */
	const char *cycles;        /* optimizer: the number that onecycle moves too               */
	const char *macs;          /* multiply-accumulates an image, for --summary; NULL: 0       */
	const char *window;        /* "kh kw sh sw dh dw pt pl" when it has a receptive field     */
	bool view;                 /* moves no data (flatten)                                     */
	bool rectifies;            /* init="auto" before it is he_normal, else glorot_uniform     */
	bool supported;            /* false: in the vocabulary, refused as not supported yet      */
	const char *absorbs;       /* loss: type of the activation before it that it includes    */
	const char *spoils;        /* what it does to logits, where a loss takes its output       */
	bool labels;               /* loss: the target is a class number                          */
	bool centres;              /* subtracts a mean: bias="auto" right before it is false      */
	const char *joins;         /* takes several inputs: "same" shapes, "broadcast" a [C,1,1],
	                              "channels" one after another; NULL: takes one              */
	bool enlarges;             /* its stride multiplies: `same` gives size * stride           */
	bool same_count;           /* the output has as many values as the input                  */
	bool norm;                 /* trainable and activation apply, init and bias do not        */
} Row;

typedef struct Alias {         /* what other systems call it                                  */
	const char *elem;          /* our element the attribute stands on; "*": on any;
	                              NULL: an element; "type": a value of `type`                 */
	const char *theirs;        /* words, separated by blanks, in any letter case              */
	const char *ours;          /* what to write instead                                       */
} Alias;

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

typedef struct Options {
	const char *input;         /* the XML file                                               */
	const char *output;        /* -o, or NULL                                                 */
	bool sources;              /* -S                                                          */
	bool syntax_only;          /* -fsyntax-only                                               */
	int level;                 /* -O0 .. -O3                                                  */
	const char *march;         /* -march, "native" by default                                 */
	const char *cc;            /* --cc                                                        */
	int threads;               /* --threads, 0: processors available                          */
	int batch;                 /* --batch-size, 0: as the XML says                            */
	const char **define;       /* -D name=value, as given                                     */
	int ndefine;
	int64_t max_mem;           /* --max-mem in bytes, 0: no limit                             */
	bool link_static;          /* --static                                                    */
	bool no_fuse, no_tile, no_simd, no_reuse, no_parallel, no_winograd;   /* -fno-...         */
	bool force_winograd;       /* -fwinograd: wherever it can be, a testing aid               */
	const char *lanes;         /* -flanes=images or channels; NULL: as it pays                */
	bool real_double;          /* -fdouble: f64 kernels, a testing aid                        */
	char dump;                 /* -d LETTER, 0: none                                          */
	bool verbose, print_only;  /* -v, -###                                                    */
	int error_limit;           /* -ferror-limit, 20 by default; 0: no limit                   */
	int color;                 /* -fdiagnostics-color: 0 never, 1 always, 2 auto              */
	bool summary, json, graph, explain;
	const char *schema;        /* --print-schema[=rng|md], or NULL                            */
} Options;

extern Options options;                        /* util.c, with its defaults; main.c fills it  */

/* ---- exports, file by file ------------------------------------------------------------------ */

/* util.c */
void *alloc(size_t bytes);                     /* zeroed, never freed; ends the program when out */
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *copy_bytes(const char *s, size_t len);   /* NUL-terminated copy                             */
#define new(T) ((T *)alloc(sizeof(T)))
/* What was allocated since alloc_mark is given back, but for the `n` strings of `keep`, which move.
 * For work whose result is short text and that leaves no other pointer behind. */
typedef struct Mark {
	struct Block *block;
	size_t used;
} Mark;
Mark alloc_mark(void);
void alloc_release(Mark m, const char **keep[], int n);
void put_json(FILE *out, const char *s);       /* a string in quotes                              */
void *grow(void *array, int count, size_t size);   /* room for one more element; doubling         */

typedef struct Map {           /* text -> pointer; starts as zeros. Keys are kept, not copied     */
	struct MapSlot *slot;
	size_t used, size;         /* size: a power of two                                        */
} Map;
void **map_at(Map *m, const char *key);        /* the value of a key, NULL when it is new: valid
                                                * until the next call                             */

/* diag.c: the user's errors. error_at prints clang's form with the source line and a caret under
 * `len` bytes (0: 1), the chain "in block ... used at ...", and counts; note_at adds to the last */
void error_at(Pos pos, int len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void warning_at(Pos pos, int len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void note_at(Pos pos, int len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void fatal(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
int error_count(void);
void diag_source(const char *file, const char *text, size_t len);   /* text for carets            */
const char *near_miss(const char *word, const char *const *list, int n);   /* or NULL             */
enum { NEAR_WORDS = 4 };       /* that are equally near, at most */
int near_misses(const char *word, const char *const *list, int n, const char **best);

/* layers.c */
extern const Row rows[];
extern const int nrows;
extern const char *const projection_of_image[2], *const projection_of_features[2];
extern const char *const padding_of_image[2], *const padding_of_features[2];
extern const Alias layer_alias[];              /* ends with ours NULL                             */
extern const Alias layers_elsewhere[];         /* likewise; ours: a sentence about theirs         */

/* xml.c      file -> tree. needs: options.input  fills: Elem, Attr  breaks: nothing */
Elem *xml(const char *path);

/* model.c    tree -> checked layers. needs: Elem  fills: Model, Layer  breaks: nothing */
Model *model(Elem *root);

/* sums.c     arithmetic over variables, "(H+pt+pb-kh)/sh+1"; division rounds down when whole_div */
bool sums(const char *text, const Var *var, int nvar, bool whole_div, double *result);

/* schema.c summary.c graph.c: what --print-schema, --summary and --emit-graph print */
void schema(const char *kind, FILE *out);
void summary(const Model *m, bool json, FILE *out);
void graph(const Model *m, FILE *out);

#endif
