/* score.c: how good outputs are, the evaluation of a part of the data, the weights of classes. */
#include "score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../net/tensor.h"

int64_t *nn_confusion(const nn_model *m, nn_error *e)
{
	size_t classes = (size_t)m->classes;
	if (!classes || classes > NN_CONFUSION_MOST)
		return NULL;
	return nn_alloc(classes * classes, sizeof(int64_t), "confusion", e);
}

bool nn_scorer_open(nn_scorer *s, const nn_net *net, nn_error *e)
{
	s->net = net;
	s->outputs = nn_net_outputs(net);
	s->output = nn_alloc((size_t)net->model->batch * (size_t)s->outputs, sizeof *s->output,
	                     "outputs", e);
	return s->output != NULL;
}

void nn_scorer_close(nn_scorer *s)
{
	free(s->output);
	s->output = NULL;
}

int nn_predicted(const nn_model *m, const double *y, int64_t outputs)
{
	if (outputs == 1 && m->classes == 2)
		return y[0] > 0;
	int best = 0;
	for (int i = 1; i < outputs; i++)
		if (y[i] > y[best])
			best = i;
	return best;
}

void nn_probabilities(const nn_model *m, const double *y, int64_t outputs, double *p)
{
	if (outputs == 1) {
		p[1] = 1 / (1 + exp(-y[0]));
		p[0] = 1 - p[1];
		return;
	}
	double most = -INFINITY, sum = 0;
	for (int i = 0; i < m->classes; i++)
		most = fmax(most, y[i]);
	for (int i = 0; i < m->classes; i++)
		sum += p[i] = exp(y[i] - most);
	for (int i = 0; i < m->classes; i++)
		p[i] /= sum;
}

/* How many outputs stand before the label's. */
static int64_t rank_of(const double *y, int64_t outputs, int32_t label)
{
	int64_t before = 0;
	for (int64_t i = 0; i < outputs; i++)
		before += y[i] > y[label] || (y[i] == y[label] && i < label);
	return before;
}

void nn_scorer_read(nn_scorer *s, int live)
{
	nn_tensor_get(s->net->program, s->net->output, s->net->arena, live, NN_F64, s->output);
}

void nn_scorer_answer(nn_scorer *s, int live)
{
	nn_scorer_read(s, live);
	for (int64_t i = 0; s->net->model->logits && i < live * s->outputs; i++)
		s->output[i] = 1 / (1 + exp(-s->output[i]));
}

void nn_score_add(nn_score *score, nn_scorer *s, const nn_items *items, const uint32_t *index,
                  int live)
{
	const nn_model *m = s->net->model;
	score->loss_sum += nn_net_loss(s->net) * live;
	score->count += live;
	if (!items->label)
		return;
	nn_scorer_read(s, live);
	for (int n = 0; n < live; n++) {
		const double *y = s->output + n * s->outputs;
		int32_t label = items->label[index[n]];
		int guess = nn_predicted(m, y, s->outputs);
		score->correct += guess == label;
		score->top5 += label >= s->outputs || rank_of(y, s->outputs, label) < 5;
		if (score->confusion)
			score->confusion[label * m->classes + guess]++;
	}
}

bool nn_evaluate(nn_score *score, nn_scorer *s, nn_feed *feed, const nn_part *part, nn_run run,
                 nn_error *e)
{
	int64_t batch = s->net->model->batch;
	for (int64_t at = 0; at < part->count; at += batch) {
		run.live = (int)(part->count - at < batch ? part->count - at : batch);
		if (!nn_feed_fill(feed, part->items, part->index + at, run.live, e))
			return false;
		nn_net_eval(feed->net, &run);
		if (!isfinite(nn_net_loss(s->net))) {
			const nn_tensor *bad = nn_net_not_finite(s->net, run.live, false);
			return nn_fail(e, NN_EXIT_NOT_FINITE,
			               "%s: the loss is not finite after %llu training steps; the "
			               "first tensor with a NaN or an infinity is %s",
			               part->items->name, (unsigned long long)run.step,
			               bad ? bad->name : "the loss itself");
		}
		nn_score_add(score, s, part->items, part->index + at, run.live);
	}
	return true;
}

double nn_score_loss(const nn_score *s)
{
	return s->count ? s->loss_sum / (double)s->count : NAN;
}

double nn_score_accuracy(const nn_score *s, const nn_model *m)
{
	return m->classes && s->count ? (double)s->correct / (double)s->count : NAN;
}

double nn_score_top5(const nn_score *s, const nn_model *m)
{
	return m->classes && s->count ? (double)s->top5 / (double)s->count : NAN;
}

bool nn_weigh_classes(nn_net *net, const nn_part *training, nn_error *e)
{
	const nn_tensor *t = nn_tensor_find(net->program, NN_CLASS_WEIGHT, NULL);
	const nn_items *items = training->items;
	if (!t || !items || !items->label || items->synthetic)
		return true;
	int64_t classes = nn_tensor_count(t, 0);
	double *weight = nn_alloc((size_t)classes, sizeof *weight, "class weights", e);
	if (!weight)
		return false;
	for (int64_t i = 0; i < training->count; i++)
		weight[items->label[training->index[i]]]++;
	for (int64_t k = 0; k < classes; k++)
		if (weight[k] > 0)
			weight[k] = (double)training->count / ((double)classes * weight[k]);
	nn_tensor_put(net->program, t, net->arena, 0, NN_F64, weight);
	free(weight);
	return true;
}
