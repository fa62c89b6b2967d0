/* check.h: what the parts of `check` share. See verb_check.c. */
#ifndef NN_CHECK_H
#define NN_CHECK_H

#include "../net/net.h"
#include "../run/session.h"
#include "../base/text.h"

typedef struct nn_check {
	nn_session *session; /* verb and options                               */
	nn_net fast, plain;  /* both programs                                  */
	int live;            /* images of the batch that both are compared on  */
	int few;             /* images of a step that is for the slope alone   */
	bool large;          /* an image costs more than such a step may       */
	int steps;           /* steps of that kind, done                       */
	int directed;        /* tensors whose gradients they test              */
	char *fast_start;    /* what a step starts from: all tensors, packed   */
	char *plain_start;   /* the same                                       */
	double *a, *b, *c;   /* room for the largest tensor each               */
	int failures;        /* rows that are beyond tolerance                 */
	double output;       /* relative error of the network's output         */
	nn_text json;        /* the rows                                       */
} nn_check;

/* Adds a line: a value, its error and what that may be. */
void nn_check_row(nn_check *c, const char *name, double value, double error, double allowed);

/* Between an arena and a packed copy of all tensors that the runtime may see, one after the other:
 * inner activations are many times larger, and a step does not need the old ones. */
void nn_check_keep(const nn_program *p, const char *arena, char *packed);
void nn_check_restore(const nn_program *p, char *arena, const char *packed);
size_t nn_check_packed(const nn_program *p);

/* The Euclidean norm. */
double nn_check_norm(const double *x, int64_t count);

/* Puts a random batch, the same for both, into what the programs start from. */
bool nn_check_fill(nn_check *c, int draw, nn_error *e);

/* A step of each program from its start, compared tensor by tensor, on the first of some
 * random batches that suits; fails only for lack of memory. (check_fast.c) */
bool nn_check_fast(nn_check *c, nn_error *e);

/* The plain program's gradients against differences of its loss, on the same batch; likewise.
 * (check_slope.c) */
bool nn_check_slope(nn_check *c, nn_error *e);

#endif
