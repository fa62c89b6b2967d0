/* guess.c: what guessing gets wrong where a network gives numbers.
 *
 *     mse, huber              the mean of the targets        R2 = 1 - loss / loss of guessing
 *     mae                     their median
 *     binary_cross_entropy    the logit of their mean
 *     an auto-encoder         the mean image
 *
 * A loss of 0.7 says nothing by itself; next to that of the best constant answer it does. Targets
 * are read twice: once for the constant, once for its loss on each item, so that the difference to
 * the network's loss has a deviation and a test. */
#include "guess.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../net/tensor.h"

enum { MEDIAN_MOST = 1 << 22 }; /* values that are sorted for a median */

typedef struct reader {
	nn_feed *feed;   /* fills the batch                */
	uint32_t *index; /* [batch] of its items           */
	double *target;  /* [batch][outputs]               */
	double *best;    /* [outputs] the constant answer  */
	int64_t outputs; /* of an item                     */
} reader;

double nn_item_loss(const nn_model *m, const double *y, const double *t, int64_t count)
{
	bool squares = !strcmp(m->loss, "mse"), sizes = !strcmp(m->loss, "mae");
	bool huber = !strcmp(m->loss, "huber");
	if (m->classes || (!squares && !sizes && !huber && strcmp(m->loss, "binary_cross_entropy")))
		return NAN;
	double sum = 0;
	for (int64_t i = 0; i < count; i++) {
		double d = fabs(y[i] - t[i]);
		sum += squares ? d * d
		       : sizes ? d
		       : huber ? (d < 1 ? 0.5 * d * d : d - 0.5)
		               : fmax(0, y[i]) - y[i] * t[i] + log1p(exp(-fabs(y[i])));
	}
	return sum / (double)count;
}

/* The targets of the answers from `at` on; how many, or 0 after a failure. */
static int read_targets(const reader *r, const nn_exam *x, int64_t at, nn_error *e)
{
	const nn_net *net = r->feed->net;
	int64_t left = x->count - at;
	int live = (int)(left < net->model->batch ? left : net->model->batch);
	for (int n = 0; n < live; n++)
		r->index[n] = x->guess[at + n].item;
	if (!nn_feed_fill(r->feed, x->items, r->index, live, e))
		return 0;
	nn_tensor_get(net->program, net->target, net->arena, live, NN_F64, r->target);
	return live;
}

static bool find_means(const reader *r, const nn_exam *x, nn_error *e)
{
	int live;
	memset(r->best, 0, (size_t)r->outputs * sizeof *r->best);
	for (int64_t at = 0; at < x->count; at += live) {
		live = read_targets(r, x, at, e);
		if (!live)
			return false;
		for (int64_t i = 0; i < live * r->outputs; i++)
			r->best[i % r->outputs] += r->target[i] / (double)x->count;
	}
	return true;
}

static bool find_medians(const reader *r, const nn_exam *x, nn_error *e)
{
	int64_t most = MEDIAN_MOST / r->outputs + 1, count = x->count < most ? x->count : most;
	double *column = nn_alloc((size_t)(count * r->outputs), sizeof *column, "targets", e);
	int live;
	for (int64_t at = 0; column && at < count; at += live) {
		live = read_targets(r, x, at, e);
		for (int64_t i = 0; i < live * r->outputs && at + i / r->outputs < count; i++)
			column[i % r->outputs * count + at + i / r->outputs] = r->target[i];
		if (!live)
			break;
	}
	for (int64_t k = 0; column && !e->code && k < r->outputs; k++) {
		double *from = column + k * count;
		qsort(from, (size_t)count, sizeof *from, nn_ascending);
		r->best[k] = (from[(count - 1) / 2] + from[count / 2]) / 2;
	}
	free(column);
	return !e->code;
}

/* The constant answer, as an output of the network. */
static bool find_best(const reader *r, const nn_exam *x, nn_error *e)
{
	const nn_model *m = r->feed->net->model;
	if (!strcmp(m->loss, "mae"))
		return find_medians(r, x, e);
	if (!find_means(r, x, e))
		return false;
	for (int64_t k = 0; !strcmp(m->loss, "binary_cross_entropy") && k < r->outputs; k++) {
		double p = fmin(fmax(r->best[k], 1e-9), 1 - 1e-9);
		r->best[k] = log(p / (1 - p));
	}
	return true;
}

/* Mean and deviation of the network's and of guessing's loss over the answers, in one pass each
 * about the value of the first item, so that nothing cancels. */
static bool compare(nn_guessing *g, int part, const reader *r, const nn_exam *x, nn_error *e)
{
	double sum[2] = {0}, square[2] = {0}, first[2] = {0}, mean = 0, n = (double)x->count;
	int live;
	for (int64_t at = 0; at < x->count; at += live) {
		live = read_targets(r, x, at, e);
		if (!live)
			return false;
		for (int k = 0; k < live; k++) {
			double guess = nn_item_loss(r->feed->net->model, r->best,
			                            r->target + k * r->outputs, r->outputs);
			double value[2] = {(double)x->guess[at + k].sure, 0};
			value[1] = guess - value[0];
			mean += guess / n;
			for (int j = 0; j < 2; j++) {
				first[j] = at + k ? first[j] : value[j];
				sum[j] += value[j] - first[j];
				square[j] += (value[j] - first[j]) * (value[j] - first[j]);
			}
		}
	}
	double spread[2];
	for (int j = 0; j < 2; j++)
		spread[j] = n > 1 ? sqrt(fmax(0, square[j] - sum[j] * sum[j] / n) / (n - 1)) : NAN;
	g->loss[part] = mean;
	g->spread[part] = spread[0];
	g->gain_spread[part] = spread[1];
	return true;
}

bool nn_guess_errors(nn_guessing *g, const nn_exam exam[2], const nn_scorer *s, nn_feed *feed,
                     nn_error *e)
{
	const nn_net *net = s->net;
	size_t batch = (size_t)net->model->batch, outputs = (size_t)s->outputs;
	for (int i = 0; i < 2; i++)
		g->loss[i] = g->spread[i] = g->gain_spread[i] = NAN;
	bool same = nn_tensor_count(net->target, 1) == s->outputs;
	double nothing = 0;
	if (!same || !exam[0].count || !exam[0].finite ||
	    isnan(nn_item_loss(net->model, &nothing, &nothing, 1)))
		return true;
	reader r = {.feed = feed,
	            .index = nn_alloc(batch, sizeof *r.index, "a batch", e),
	            .target = nn_alloc(batch * outputs, sizeof *r.target, "targets", e),
	            .best = nn_alloc(outputs, sizeof *r.best, "a guess", e),
	            .outputs = s->outputs};
	if (!e->code && find_best(&r, &exam[0], e))
		for (int i = 0; i < 2; i++)
			if (exam[i].count && exam[i].finite && !compare(g, i, &r, &exam[i], e))
				break;
	free(r.index);
	free(r.target);
	free(r.best);
	return !e->code;
}
