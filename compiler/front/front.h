/* front.h: what the files of the front end share. vocab.c, check.c, value.c, shapes.c, expand.c,
 * logits.c, settings.c, config.c and model.c turn the tree into checked layers; schema.c prints the
 * vocabulary, summary.c and graph.c the result. */
#ifndef FRONT_H
#define FRONT_H

#include "../../runtime/nn.h"
#include "model.h"

/* ---- vocab.c: the elements that are not layers ----------------------------------------------- */

typedef struct ElemSpec {
	const char *name, *doc;
	const AttrSpec *attr;      /* ends with name NULL; or NULL                                */
	const char *children;      /* "input data? param* @layer*": one, at most one, any number  */
	const char *variant;       /* "step(milestones gamma) ...": attributes that suit one type */
	const char *later;         /* words not built yet: "*" itself, attributes, "type=value"   */
	const char *join;          /* the layer that its branches meet in by default              */
	int rows;                  /* 1 + RowKind when `type` names a row: its attributes join   */
	bool layer;                /* stands among layers                                         */
	bool text;                 /* holds text                                                  */
	bool pictures;             /* a change of images, not of rows of features                 */
} ElemSpec;

extern const ElemSpec vocab[];                 /* ends with name NULL                             */
extern const AttrSpec layer_attr[];            /* common attributes of layers                     */
extern const Alias word_alias[];               /* ends with ours NULL                             */

const ElemSpec *find_spec(const char *elem);           /* or NULL                                 */
const Row *find_row(RowKind kind, const char *name);   /* or NULL                                 */
const Row *row_of(const Elem *e);                      /* of a layer or by `type`, or NULL */
const char *find_alias(const char *elem, const char *word);    /* our word, or NULL               */
const char *find_elsewhere(const char *word);                  /* a sentence about a layer that
	                                                          is none of ours, or NULL   */
bool takes_common(const Row *row, const AttrSpec *common);     /* of layer_attr                   */

enum { SETS = 3 };
void attr_sets(const Elem *e, const AttrSpec *set[SETS]);      /* what e may hold; then NULLs */
const AttrSpec *find_attr_spec(const Elem *e, const char *name);   /* or NULL                     */
int choice_list(const AttrSpec *spec, const char ***list);     /* words of A_CHOICE               */
int split(const char *text, const char *separators, const char ***list);
bool has_word(const char *list, const char *word);             /* list: separated by blanks       */

/* ---- check.c: spelling, attributes, children ------------------------------------------------- */

void check(Elem *root);
const Attr *attr_of(const Elem *e, const char *name);          /* or NULL                         */
const Elem *child_of(const Elem *e, const char *name);         /* the first, or NULL              */
bool is_name(const char *s);
bool suits(const char *variant, const char *type, const char *attr, const char **owners);

/* ---- value.c: numbers in attributes ---------------------------------------------------------- */

typedef struct Bind {          /* a block's argument                                          */
	const char *name;
	double value;
	const struct Bind *next;
} Bind;

typedef struct Env {           /* what an expression may name                                 */
	Param *params;             /* of the network                                              */
	const Bind *args;          /* of the block                                                */
	const Pos *via;            /* the <use> whose block is expanded, or NULL                  */
	const char *block;         /* its name                                                    */
	bool compiled;             /* a shape or a constant of the code comes from it             */
} Env;

enum { MAX_LIST = NN_LIST_MAX };
#define PAD_SAME (-1.0)        /* padding="same": depends on the input                        */

Pos placed(const Env *env, Pos pos);           /* pos with the chain of blocks                    */
/* The numbers of an attribute, checked against type and bounds: how many, or -1 after an error. */
int numbers(const Env *env, const Elem *e, const AttrSpec *spec, const char *text, double *out,
            int max);
/* "; did you mean 0.01?" for "0,01", else "". */
const char *with_point(const char *text);
double number_of(const Env *env, const Elem *e, const char *attr, bool *fine);   /* with default  */
const char *text_of(const Elem *e, const char *attr);          /* with default; "" when none      */
bool bool_of(const Elem *e, const char *attr);
/* Appends the numbers of every attribute in `set` to var[*n]; false after an error. */
bool attr_vars(const Env *env, const Elem *e, const AttrSpec *set, Var *var, int *n);

/* ---- shapes.c -------------------------------------------------------------------------------- */

bool find_var(const Var *var, int n, const char *name, double *value);
void set_var(Var *var, int *n, const char *name, double value);
int64_t count_of(Shape s);                     /* values of one image                             */
char *shape_text(Shape s);                     /* "[6,28,28]" or "[400]"                          */
/* Fills var and shape of a layer whose row, inputs and pos are set; false after an error. */
bool infer(const Env *env, Layer *l, const Elem *e, Shape input, const Pos *input_pos);

/* The shape of a layer with several inputs, after its row's `joins`; false after an error. */
bool join_shapes(Layer *l, Shape network_input);
bool joins_fit(const Row *row, Shape a, Shape b);      /* may b stand behind a?               */

/* ---- param.c ------------------------------------------------------------------------------- */

enum { MAX_PARAMS = 8 };

typedef struct LayerParam {    /* a parameter of a layer                                      */
	const char *name;          /* "weight"                                                    */
	int rank;
	int64_t dim[4], count;     /* shape in PyTorch's order; their product                     */
	const char *text[4];       /* of each dim, as the row has it                              */
	const char *value;         /* what it starts as: "0", "1"; NULL: as init says             */
	bool running;              /* statistics, not trained                                     */
	bool absent;               /* this layer has none: read as `value`                        */
} LayerParam;

int layer_params(const Layer *l, LayerParam *list);    /* at most MAX_PARAMS, absent ones too  */

/* ---- expand.c, logits.c, settings.c, config.c -------------------------------------------- */

void expand(Model *m, const Elem *layers, const Pos *input_pos);
void logits(Model *m);         /* takes what the loss includes out of the layers before it        */
void read_params(Model *m);
void read_settings(Model *m, const Env *env);
const char *config(const Model *m);

#endif
