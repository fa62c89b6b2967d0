/* print.h: programs as C and as tables. */
#ifndef NNCC_PRINT_H
#define NNCC_PRINT_H

#include "../sched/sched.h"

/* dump.c     the table of pass `letter` */
void dump(const Prog *p, char letter, FILE *out);
void explain(const Prog *p, FILE *out);
/* emit.c     C of one program: kernels, tensors, step and evaluation, as nn_program `symbol`, in
 * the file BASE.c or, where that would be long and `most` is not 1, also BASE_1.c ... and BASE.h */
enum { MAX_FILES = 34 };       /* of one program                                              */
typedef struct File {
	const char *name, *text;
} File;
int emit(const Prog *p, const char *base, const char *symbol, int most, File *file);
/* emit_model.c  C of the nn_model table; `given`: the options that decided what was emitted */
void emit_model(const Prog *fast, const Prog *plain, const char *given, FILE *out);
/* The same file: numbers that are also told to the user. */
int64_t parameter_count(const Prog *p);    /* trained and frozen                               */
int64_t memory_bytes(const Prog *p);       /* predicted peak of a training run without data    */

#endif
