/* expand.h: what expand.c and branches.c share. See expand.c. */
#ifndef EXPAND_H
#define EXPAND_H

#include "front.h"

enum { MAX_STEPS = 300000, MAX_PATH_BYTES = 200,
	MAX_TRIES = 20 };            /* names that are compared with a misspelt one        */

typedef struct Out {  /* something that layers can take as input                     */
	Layer *layer; /* NULL: the network's input                                   */
	Shape shape;  /* rank 0: unknown after an error                              */
} Out;

typedef struct Name {     /* a name of a scope, or a counter of one                      */
	const char *name; /* "conv1"; of a counter, what it counts                       */
	Out out;          /* what `from` gets                                            */
	int line;         /* of the element that has the name                            */
	int count;        /* of a counter: how many so far                               */
	struct Name *next;
} Name;

typedef struct Scope {
	const char *path; /* "stage1.0.", "" for the network                             */
	Name *names, *counters;
	bool holes; /* a part was left out after an error: names may be missing    */
} Scope;

typedef struct Walk {
	Model *m;
	const Pos *input_pos; /* of <input>                                                  */
	Layer **tail;         /* where the next layer is linked in                           */
	int layers, steps;    /* made so far; elements walked over so far                    */
	Scope *scope;
	Env env;
	bool trainable; /* false inside of a container with trainable="false"          */
	Out cur;        /* output of the sibling before                                */
} Walk;

/* expand.c */
int count_up(Scope *s, const char *what);      /* the next ordinal of a kind                      */
const char *name_of(Walk *w, const Elem *e, const char *stem, const char *counted);
void define(Walk *w, const Elem *e, const char *name, Out out);
Scope *enter(Walk *w, const Elem *e, const char *name);        /* returns the scope to go back to */
bool take_input(Layer *l, Out out);            /* false: its shape is unknown                     */
Layer *append(Walk *w, const Row *row, const char *name, const char *elem, Pos pos);
void activate(Walk *w, const Elem *e, const char *name);
void redirect(Walk *w, const Elem *e);         /* `from` of a container                           */
void leave_out(Walk *w);                       /* after an error: the output is unknown           */
void walk_layer(Walk *w, const Elem *e, const Row *row);
void walk_list(Walk *w, const Elem *first);

/* branches.c */
void walk_residual(Walk *w, const Elem *e);
void walk_parallel(Walk *w, const Elem *e);

#endif
