/* check_slope.c: the gradients of the plain program, in double, against its own loss.
 *
 * Along a direction d, the loss at w - h d and w + h d must differ by 2h <g, d>. Directions are
 * random and every parameter tensor counts the same: d is normal, divided by the norm of the
 * tensor's gradient, so a gradient that is wrong by 1e-4 of its norm shows as about 1e-4 in <g,
 * d>.
 *
 * A kink of a relu or a maximum between both ends spoils the quotient. It also makes the slope
 * jump, and a step gives the slope with the loss: where
 *     <g(w - h d), d> - 2 <g(w), d> + <g(w + h d), d>
 * is small, there was no kink, and h was short enough for the third derivative, of whose error in
 * the quotient this is six times. Otherwise h becomes smaller, down to where rounding of the loss
 * would show, and then another direction is taken; w is a little off the start along it, since
 * there, with biases of zero, a relu may stand at 0 exactly. Two directions must be found free of
 * kinks, and their quotients agree. A wrong gradient has no such jumps, or has them everywhere.
 * Large networks (verb_check.c) have kinks wherever h is long: once it had to be smaller, the next
 * directions start with that. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "../kernel/nn_rand.h"
#include "../net/tensor.h"

enum { DIRECTIONS = 2, TRIES = 8, LENGTHS = 2 };
static const double SLOPE_TOLERANCE = 5e-6; /* of a gradient, a share of its norm               */
static const double BEND = 1e-6;            /* of the slope, where there is no kink             */
static const double LONGEST = 1e-8;         /* h, times the loss; goes down in tens             */
static const double OFF = 1e-5;             /* how far w is from the start, times d             */
static const double LEAST = 1e-3;           /* of the largest gradient: others count as this    */

typedef struct slope_check {
	nn_check *all; /* the plain program and where it starts          */
	nn_run run;    /* of every step: fewer images than fast_check's  */
	double *scale; /* of each tensor in a direction, 0: does not move */
	int first;     /* of the lengths of h that a direction tries      */
} slope_check;

typedef struct point {
	double loss;  /* at a place along a direction     */
	double slope; /* <gradient, direction>, there     */
} point;

static const nn_tensor *gradient_of(const nn_program *p, const nn_tensor *t)
{
	for (int k = 0; t->kind == NN_PARAM && k < p->tensors; k++)
		if (p->tensor[k].kind == NN_GRAD && !strcmp(p->tensor[k].of, t->name))
			return &p->tensor[k];
	return NULL;
}

/* Element k of tensor i in direction d. */
static double direction(const slope_check *s, int d, int i, int64_t k)
{
	uint64_t stream = 2 + (uint64_t)d * 65536 + (uint64_t)i;
	uint64_t seed = s->all->session->seed;
	return s->scale[i] * nn_rand_normal(seed, NN_RAND_CHECK, stream, (uint64_t)k);
}

static void step(slope_check *s)
{
	nn_net_prepare(&s->all->plain, &s->run);
	nn_net_step(&s->all->plain, &s->run, NULL);
	s->all->steps++;
}

/* One over the norm of each gradient at the start. */
static void measure_scales(slope_check *s)
{
	nn_check *c = s->all;
	const nn_program *p = c->plain.program;
	double most = 0;
	nn_check_restore(p, c->plain.arena, c->plain_start);
	step(s);
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *g = gradient_of(p, &p->tensor[i]);
		s->scale[i] = 0;
		if (!g)
			continue;
		nn_tensor_get(p, g, c->plain.arena, 0, NN_F64, c->a);
		s->scale[i] = nn_check_norm(c->a, nn_tensor_count(g, 0));
		most = fmax(most, s->scale[i]);
	}
	for (int i = 0; i < p->tensors; i++)
		if (gradient_of(p, &p->tensor[i])) {
			s->scale[i] = most > 0 ? 1 / fmax(s->scale[i], LEAST * most) : 0;
			c->directed++;
		}
}

/* A step from the start plus h times direction d. */
static point at(slope_check *s, int d, double h)
{
	nn_check *c = s->all;
	const nn_program *p = c->plain.program;
	nn_check_restore(p, c->plain.arena, c->plain_start);
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *t = &p->tensor[i];
		if (!(s->scale[i] > 0))
			continue;
		int64_t count = nn_tensor_count(t, 0);
		nn_tensor_get(p, t, c->plain.arena, 0, NN_F64, c->a);
		for (int64_t k = 0; k < count; k++)
			c->a[k] += h * direction(s, d, i, k);
		nn_tensor_put(p, t, c->plain.arena, 0, NN_F64, c->a);
	}
	step(s);
	point x = {nn_net_loss(&c->plain), 0};
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *g = s->scale[i] > 0 ? gradient_of(p, &p->tensor[i]) : NULL;
		int64_t count = g ? nn_tensor_count(g, 0) : 0;
		if (g)
			nn_tensor_get(p, g, c->plain.arena, 0, NN_F64, c->a);
		for (int64_t k = 0; k < count; k++)
			x.slope += c->a[k] * direction(s, d, i, k);
	}
	return x;
}

/* Looks for a length without kinks along direction d; then fills the slope and its error. */
static bool measure_slope(slope_check *s, int d, double *slope, double *error)
{
	point middle = at(s, d, OFF);
	double longest = LONGEST * fmax(fabs(middle.loss), 0.1);
	for (int i = s->first; i < LENGTHS; i++) {
		double h = longest * pow(0.1, i);
		if (s->all->large)
			s->first = i;
		point above = at(s, d, OFF + h), below = at(s, d, OFF - h);
		if (fabs(above.slope - 2 * middle.slope + below.slope) > BEND)
			continue;
		*slope = middle.slope;
		*error = fabs((above.loss - below.loss) / (2 * h) - middle.slope);
		return true;
	}
	return false;
}

bool nn_check_slope(nn_check *c, nn_error *e)
{
	slope_check s = {.all = c, .run = nn_session_run(c->session, c->few)};
	s.scale = nn_alloc((size_t)c->plain.program->tensors, sizeof *s.scale, "check", e);
	if (!s.scale)
		return false;
	measure_scales(&s);
	int found = 0;
	for (int d = 0; d < TRIES && found < DIRECTIONS; d++) {
		double slope, error;
		char name[64];
		if (!measure_slope(&s, d, &slope, &error))
			continue;
		snprintf(name, sizeof name, "gradient along random direction %d", ++found);
		nn_check_row(c, name, slope, error, SLOPE_TOLERANCE);
	}
	if (found < DIRECTIONS)
		nn_check_row(c, "gradient along directions free of kinks", found, INFINITY,
		             SLOPE_TOLERANCE);
	free(s.scale);
	return true;
}
