/* c.h: trees as C. */
#ifndef NNCC_C_H
#define NNCC_C_H

#include "../lower/tree.h"
#include "text.h"

const char *c_functions(const Tree *t, const char *name);      /* definitions, of a kernel NAME  */
const char *c_head(const Function *f, const char *name);       /* "static void NAME_1(...)"      */
const char *c_value(const Val *v);
const char *c_number(double x);                                /* the shortest that is exactly x */
const char *c_cast(const Formal *p);                            /* of a tensor passed for it; or "" */

const char *tree_text(const Tree *t);                          /* tree.c: for the dumps of k and s */

#endif
