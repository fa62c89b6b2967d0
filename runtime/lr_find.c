/* lr_find.c: train --lr-find, the range test of learning rates (Smith 2017).
 *
 *     in    a new training, its batches in order
 *     out   OUT/lr_find.txt and OUT/lr_find.json: the loss while the rate grows from 1e-7 to
 *           10 by the same factor each step, smoothed, and a rate to begin with
 *
 * The test ends early when the loss has become four times its best or is not finite. What is
 * suggested is the rate at which the smoothed loss falls most steeply over log(rate), as a slope
 * over SPAN steps on either side, before it is lowest. Nothing is saved: the weights of the test
 * are thrown away. */
#include <math.h>
#include <stdio.h>

#include "io.h"
#include "shuffle.h"
#include "stop.h"
#include "train.h"

enum { STEPS = 200, SPAN = 8, ROWS = 25, BAR = 40, AT_LEAST = 20 };

static const double FIRST = 1e-7, LAST = 10, KEPT = 0.9;

typedef struct curve {
	double lr[STEPS];     /* of each step                       */
	double loss[STEPS];   /* of its batch                       */
	double smooth[STEPS]; /* mean with weights of KEPT^age      */
	int steps;            /* done                               */
	int lowest;           /* where smooth is smallest           */
	int steepest;         /* where it falls fastest, or -1      */
} curve;

/* Adds a step; false when the test is over. */
static bool add(curve *c, double lr, double loss, double *sum)
{
	int i = c->steps;
	if (!isfinite(loss))
		return false;
	c->lr[i] = lr;
	c->loss[i] = loss;
	*sum = KEPT * *sum + (1 - KEPT) * loss;
	c->smooth[i] = *sum / (1 - pow(KEPT, i + 1));
	c->steps++;
	if (c->smooth[i] < c->smooth[c->lowest])
		c->lowest = i;
	return i < AT_LEAST || c->smooth[i] <= 4 * c->smooth[c->lowest];
}

/* All steps are as far apart in log(lr), so that the slope needs no division. */
static void find_steepest(curve *c)
{
	double best = 0;
	c->steepest = -1;
	for (int i = SPAN; i + SPAN < c->steps && i <= c->lowest; i++) {
		double slope = c->smooth[i + SPAN] - c->smooth[i - SPAN];
		if (slope >= best)
			continue;
		best = slope;
		c->steepest = i;
	}
}

static bool run_test(nn_training *t, curve *c, nn_error *e)
{
	double sum = 0, factor = pow(LAST / FIRST, 1.0 / (STEPS - 1)), lr = FIRST;
	int64_t at = t->train.count;
	for (int i = 0; i < STEPS; i++, lr *= factor) {
		if (at >= t->train.count) {
			at = 0;
			nn_shuffle(t->order, t->train.index, t->train.count, t->session->seed,
			           (uint64_t)t->progress.epoch++);
		}
		nn_run run;
		if (!nn_training_batch(t, at, (uint64_t)i, &run, e))
			return false;
		run.hyper[0] = lr;
		nn_net_step(&t->net, &run, NULL);
		at += run.live;
		if (nn_stop_asked())
			return nn_fail(e, 128 + nn_stop_asked(),
			               "stopped at step %d of %d; nothing was written", i + 1,
			               STEPS);
		if (!add(c, lr, nn_net_loss(&t->net), &sum))
			break;
	}
	if (c->steps < 2 * SPAN + 1)
		return nn_fail(
		        e, NN_EXIT_NOT_FINITE,
		        "the loss was not finite after %d steps at rates below %.2g: look at "
		        "the data and the initial weights with --dry-run",
		        c->steps + 1, lr * factor);
	find_steepest(c);
	return true;
}

static void tell(nn_text *out, const curve *c, const nn_training *t)
{
	double low = c->smooth[c->lowest], high = low;
	/* What comes after the lowest may be a thousand times as much. */
	for (int i = 0; i < c->lowest; i++)
		high = c->smooth[i] > high ? c->smooth[i] : high;
	nn_text_add(out, "learning rate     loss   smoothed\n");
	for (int k = 0; k < ROWS; k++) {
		int i = k * (c->steps - 1) / (ROWS - 1);
		int bar = (int)((double)BAR * (c->smooth[i] - low) / (high > low ? high - low : 1) +
		                0.5);
		bar = bar < BAR ? bar : BAR;
		nn_text_add(out, "%13.3g %8.4g   %8.4g  |%.*s\n", c->lr[i], c->loss[i],
		            c->smooth[i], bar, "########################################");
	}
	nn_text_add(out, "lowest at %.3g", c->lr[c->lowest]);
	if (c->steepest < 0)
		nn_text_add(out, ". The loss does not fall at any rate: nothing to suggest\n");
	else
		nn_text_add(out, ", steepest at %.3g. Suggestion: --lr %.2g (now %.3g)\n",
		            c->lr[c->steepest], c->lr[c->steepest], t->session->hyper[0]);
}

static void tell_json(nn_text *out, const curve *c)
{
	nn_text_add(out, "{\"suggestion\":");
	nn_text_number(out, c->steepest < 0 ? NAN : c->lr[c->steepest], 3);
	nn_text_add(out, ",\"lowest_lr\":");
	nn_text_number(out, c->lr[c->lowest], 6);
	nn_text_add(out, ",\"lowest_loss\":");
	nn_text_number(out, c->smooth[c->lowest], 9);
	nn_text_add(out, ",\"curve\":[");
	for (int i = 0; i < c->steps; i++) {
		nn_text_add(out, "%s{\"step\":%d,\"lr\":", i ? "," : "", i + 1);
		nn_text_number(out, c->lr[i], 6);
		nn_text_add(out, ",\"loss\":");
		nn_text_number(out, c->loss[i], 9);
		nn_text_add(out, ",\"smoothed\":");
		nn_text_number(out, c->smooth[i], 9);
		nn_text_add(out, "}");
	}
	nn_text_add(out, "]}\n");
}

static bool write(const char *out, const char *name, const nn_text *text, nn_error *e)
{
	char path[NN_PATH_MAX];
	if (text->failed)
		return nn_fail(e, NN_EXIT_MEMORY, "not enough memory for %s", name);
	return nn_join(path, out, name, e) && nn_write_file(path, text->at, text->len, e);
}

bool nn_training_find_lr(nn_training *t, nn_error *e)
{
	static curve c;
	const nn_session *s = t->session;
	nn_text text = {0}, json = {0};
	c = (curve){.steps = 0};
	bool ok = run_test(t, &c, e);
	if (ok) {
		tell(&text, &c, t);
		tell_json(&json, &c);
		ok = write(s->out, "lr_find.txt", &text, e) &&
		     write(s->out, "lr_find.json", &json, e);
	}
	if (ok)
		fputs(s->options->json ? json.at : s->options->quiet ? "" : text.at, stdout);
	nn_text_free(&text);
	nn_text_free(&json);
	return ok;
}
