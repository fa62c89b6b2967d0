/* parse.h: what the two files that read formulas share: parse.c (values, statements) and
 * parse_index.c (words, axes, indices). */
#ifndef NNCC_PARSE_H
#define NNCC_PARSE_H

#include "ir.h"

enum { MAX_LETTERS = 20 };

typedef struct Parser {
	Scope *s;
	const char *text, *at;     /* whole formula; next character                               */
	Axis *axis[MAX_LETTERS];   /* of this statement                                           */
	int naxis;
	bool dry;                  /* first reading: extents only                                 */
} Parser;

typedef struct Index {
	Affine at[MAX_DIM];
	int n;
} Index;

_Noreturn void bad(const Parser *p, const char *what);
void blanks(Parser *p);
bool accept(Parser *p, const char *s);
void expect(Parser *p, const char *s);
const char *word(Parser *p);                   /* or NULL                                     */
bool number_named(const Scope *s, const char *name, double *v);
Axis *axis_named(Parser *p, const char *name);
void pack(Parser *p, int d, const Tensor *of, Index *out);
Affine index_sum(Parser *p);                   /* "i*sh+r-pt"                                 */
void index_entry(Parser *p, const Tensor *t, Index *out);
Index index_list(Parser *p, const Tensor *t);  /* "[n,c...]"; t may be NULL                   */
Affine ordinal(const Index *x, const int *dim);

#endif
