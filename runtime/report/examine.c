/* examine.c: what a network answers on a part of the data, item by item.
 *
 * The score of the verb test is one number; a report wants to know which items are behind it. */
#include "examine.h"

#include <math.h>
#include <stdlib.h>

#include "guess.h"
#include "../net/tensor.h"

/* Room for one batch. */
typedef struct room {
	uint32_t *index; /* [batch] of its items                      */
	double *target;  /* [batch][outputs], without labels, or NULL */
	double *p;       /* [classes] probabilities                   */
} room;

/* The loss of each item, where the target is as large as the output. */
static void note_errors(nn_guess *to, const nn_scorer *s, room *m, int live)
{
	const nn_net *net = s->net;
	nn_tensor_get(net->program, net->target, net->arena, live, NN_F64, m->target);
	for (int n = 0; n < live; n++)
		to[n].sure = (float)nn_item_loss(net->model, s->output + n * s->outputs,
		                                 m->target + n * s->outputs, s->outputs);
}

static void note(nn_exam *x, nn_scorer *s, room *m, int64_t at, int live)
{
	const nn_model *model = s->net->model;
	nn_guess *to = x->guess + at;
	nn_scorer_read(s, live);
	for (int n = 0; n < live; n++) {
		const double *y = s->output + n * s->outputs;
		to[n] = (nn_guess){.item = m->index[n], .label = -1, .answer = -1};
		if (!x->items->label)
			continue;
		nn_probabilities(model, y, s->outputs, m->p);
		to[n].label = x->items->label[m->index[n]];
		to[n].answer = nn_predicted(model, y, s->outputs);
		to[n].sure = (float)m->p[to[n].answer];
	}
	if (m->target)
		note_errors(to, s, m, live);
}

static bool ask(nn_exam *x, nn_scorer *s, nn_feed *feed, const nn_part *part, room *m, nn_run run,
                nn_error *e)
{
	int64_t batch = s->net->model->batch;
	for (int64_t at = 0; at < x->count; at += batch) {
		run.live = (int)(x->count - at < batch ? x->count - at : batch);
		for (int n = 0; n < run.live; n++)
			m->index[n] = part->index[(at + n) * part->count / x->count];
		if (!nn_feed_fill(feed, part->items, m->index, run.live, e))
			return false;
		nn_net_eval(feed->net, &run);
		if (!isfinite(nn_net_loss(s->net)))
			return false;
		nn_score_add(&x->score, s, part->items, m->index, run.live);
		note(x, s, m, at, run.live);
	}
	return true;
}

bool nn_examine(nn_exam *x, nn_scorer *s, nn_feed *feed, const nn_part *part, int64_t most,
                nn_run run, nn_error *e)
{
	const nn_model *model = s->net->model;
	size_t classes = (size_t)(model->classes > 2 ? model->classes : 2);
	size_t batch = (size_t)model->batch;
	*x = (nn_exam){.items = part->items, .whole = part->count};
	x->count = most < part->count ? most : part->count;
	room m = {.index = nn_alloc(batch, sizeof *m.index, "a batch", e),
	          .p = nn_alloc(classes, sizeof *m.p, "probabilities", e)};
	bool same = nn_tensor_count(s->net->target, 1) == s->outputs;
	if (!model->classes && same)
		m.target = nn_alloc(batch * (size_t)s->outputs, sizeof *m.target, "targets", e);
	x->guess = nn_alloc((size_t)x->count + 1, sizeof *x->guess, "answers", e);
	x->score.confusion = nn_confusion(model, e);
	if (!e->code)
		x->finite = ask(x, s, feed, part, &m, run, e);
	free(m.index);
	free(m.target);
	free(m.p);
	return !e->code;
}

void nn_exam_close(nn_exam *x)
{
	free(x->guess);
	free(x->score.confusion);
	*x = (nn_exam){0};
}
