/* rows.h: what a row of the table of layers says, and the table (layers.c). */
#ifndef NNCC_ROWS_H
#define NNCC_ROWS_H

#include "../base/base.h"

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

/* layers.c */
extern const Row rows[];
extern const int nrows;
extern const char *const projection_of_image[2], *const projection_of_features[2];
extern const char *const padding_of_image[2], *const padding_of_features[2];
extern const Alias layer_alias[];              /* ends with ours NULL                             */
extern const Alias layers_elsewhere[];         /* likewise; ours: a sentence about theirs         */

#endif
