/* winograd.h: a contraction over 3 x 3 windows, between winograd_choose.c (which, whether, how) and
 * winograd.c (what it becomes). */
#ifndef NNCC_WINOGRAD_H
#define NNCC_WINOGRAD_H

#include "opt.h"

enum { WINDOW = 3 };

typedef struct Form {   /* F(tile x tile, 3 x 3)                                       */
	int tile, span; /* outputs and inputs along a side; products too               */
	Matrix weights, input, output;
	double read, write; /* multiply-adds that transforms take: input, output              */
	double sum, part;   /* of a gradient of weights: both, and more for each part of p    */
	double error;       /* as a part of F(4x4, 3x3)'s                                  */
} Form;
extern const Form winograd_forms[]; /* the last one is empty                          */

typedef struct Window { /* what is rewritten                                           */
	Prog *p;
	Eqn *q;
	bool sums;         /* the gradient of weights                                     */
	const Expr *x, *w; /* the operand that the window moves over, and the other one   */
	Axis *n, *k, *c;   /* images, channels of y, channels of x                        */
	int lag[2];        /* x is read at i + tap - lag                                  */
	bool flip;         /* taps run backwards: i - tap + lag                           */
	int kdim;          /* of w: the dimension with k                                  */
	int out[2];        /* rows and columns of y                                       */
	const Form *form;  /* which tiles                                                 */
	int rows, cols;    /* tiles of an image                                           */
	bool staged;       /* as a task                                                   */
	int images, band;  /* of a task: images, rows of tiles                            */
	int planes;        /* of a task of a gradient of weights: how many p of the span  */
	int shares;        /* of the images, each summed by itself; 1: all together       */
	int share;         /* images of one                                               */
	double error;      /* relative, expected of the result                            */
} Window;

/* Fills m from m->p and m->q where q is such a contraction and Winograd pays for it. */
bool winograd_choose(Window *m);
/* Multiply-adds of the plain sum, for an image and a pair of channels. */
double window_work(const Window *m);

#endif
