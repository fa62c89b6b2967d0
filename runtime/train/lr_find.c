/* lr_find.c: train --lr-find, the range test of learning rates (Smith 2017), several times.
 *
 *     in    a new training, its batches in order
 *     out   OUT/lr_find.txt and OUT/lr_find.json: the loss while the rate grows from 1e-7 to
 *           10 by the same factor each step, smoothed, and a rate to begin with, or none
 *
 * One such ramp is noise on top of a curve: where the loss is still flat, some step or other looks
 * like the steepest fall. So there are RAMPS of them, each with initial weights and an order of its
 * own, and at each rate a line is fitted through the losses of all ramps at the rates around it
 * (SPAN steps either way): its middle is the smoothed loss, its slope comes with a standard error.
 * The loss falls steadily where the slope is below zero by more than CLEAR of those. The longest
 * fall is taken, that is the one over which the loss drops most. Where it is steepest depends on
 * where the weights began, and lies far below the rates that train well; what is suggested is the
 * rate at which MOST of the way to the lowest loss is done: about the largest at which the loss
 * still falls. Where there is no such fall, or it is small, nothing is suggested.
 *
 * A ramp ends early when its loss has become four times its best or is not finite. Nothing is
 * saved: the weights of the test are thrown away. */
#include <math.h>
#include <stdio.h>

#include "../file/io.h"
#include "../data/shuffle.h"
#include "../base/stop.h"
#include "train.h"

enum { RAMPS = 4, STEPS = 160, SPAN = 10, ROWS = 25, BAR = 40, AT_LEAST = 20 };

static const double FIRST = 1e-7, LAST = 10, KEPT = 0.9;
static const double CLEAR = 4;    /* standard errors of a slope that is no noise             */
static const double MOST = 0.9;   /* of the way from where the fall begins to the lowest     */
static const double SMALL = 0.02; /* of the loss: a fall that is no reason to choose a rate */

typedef struct curve {
	double lr[STEPS];          /* of each step                                         */
	double loss[RAMPS][STEPS]; /* of its batch                                         */
	double mean[STEPS];        /* over the ramps                                       */
	double smooth[STEPS];      /* the line's middle                                    */
	double slope[STEPS];       /* its slope by step                                    */
	double error[STEPS];       /* the slope's standard error                           */
	int steps;                 /* that all ramps have done                             */
	int lowest;                /* where smooth is smallest                             */
	int from, to;              /* first and last step of the fall                      */
	int best;                  /* the step whose rate is suggested, or -1              */
} curve;

/* Adds a step to a ramp; false when that is over. */
static bool add(curve *c, int ramp, int i, double loss, double *sum, double *least)
{
	if (!isfinite(loss))
		return false;
	c->loss[ramp][i] = loss;
	*sum = KEPT * *sum + (1 - KEPT) * loss;
	double smooth = *sum / (1 - pow(KEPT, i + 1));
	*least = fmin(*least, smooth);
	return i < AT_LEAST || smooth <= 4 * *least;
}

/* The line through the losses of all ramps around step i, by least squares. All steps are as far
 * apart in log(lr). At the ends the window is cut. */
static void fit(curve *c, int i)
{
	int from = i > SPAN ? i - SPAN : 0, to = i + SPAN < c->steps ? i + SPAN : c->steps - 1;
	double n = (double)(RAMPS * (to - from + 1)), middle = 0.5 * (from + to);
	double mean = 0, xx = 0, xy = 0, rest = 0;
	for (int r = 0; r < RAMPS; r++)
		for (int k = from; k <= to; k++) {
			mean += c->loss[r][k] / n;
			xx += (k - middle) * (k - middle);
			xy += (k - middle) * c->loss[r][k];
		}
	double slope = xy / xx;
	for (int r = 0; r < RAMPS; r++)
		for (int k = from; k <= to; k++) {
			double d = c->loss[r][k] - mean - slope * (k - middle);
			rest += d * d;
		}
	c->smooth[i] = mean + slope * (i - middle);
	c->slope[i] = slope;
	c->error[i] = sqrt(rest / (n - 2) / xx);
}

/* The run of steps with a clear slope over which the loss drops most, and the rate in it. */
static void find_fall(curve *c)
{
	double most = 0;
	c->best = -1;
	for (int i = 0, end; i <= c->lowest; i = end + 1) {
		for (end = i; end <= c->lowest && c->slope[end] < -CLEAR * c->error[end];)
			end++;
		double drop = end > i ? c->smooth[i] - c->smooth[end - 1] : 0;
		if (drop <= most)
			continue;
		most = drop;
		c->from = i;
		c->to = end - 1;
	}
	if (most < SMALL * fabs(c->smooth[c->from]) || !(most > 0))
		return;
	double top = c->smooth[c->from], low = c->smooth[c->lowest];
	c->best = c->from;
	while (c->best < c->to && c->smooth[c->best] > top - MOST * (top - low))
		c->best++;
}

/* One ramp; its steps go to *done. */
static bool run_ramp(nn_training *t, curve *c, int ramp, int *done, nn_error *e)
{
	double sum = 0, least = INFINITY, factor = pow(LAST / FIRST, 1.0 / (STEPS - 1)), lr = FIRST;
	int64_t at = t->train.count;
	nn_run run = nn_session_run(t->session, 1);
	if (!nn_training_begin(t, e))
		return false;
	nn_net_prepare(&t->net, &run);
	for (*done = 0; *done < STEPS; ++*done, lr *= factor) {
		if (at >= t->train.count) {
			at = 0;
			nn_shuffle(t->order, t->train.index, t->train.count, t->session->seed,
			           (uint64_t)t->progress.epoch++);
		}
		if (!nn_training_batch(t, at, (uint64_t)*done, &run, e))
			return false;
		run.hyper[0] = c->lr[*done] = lr;
		nn_net_step(&t->net, &run, NULL);
		at += run.live;
		if (nn_stop_asked())
			return nn_fail(e, 128 + nn_stop_asked(),
			               "stopped at step %d of %d; nothing was written",
			               ramp * STEPS + *done + 1, RAMPS * STEPS);
		if (!add(c, ramp, *done, nn_net_loss(&t->net), &sum, &least))
			break;
	}
	return true;
}

static bool run_test(nn_training *t, curve *c, nn_error *e)
{
	uint64_t seed = t->session->seed;
	bool ok = true;
	c->steps = STEPS;
	for (int r = 0; ok && r < RAMPS; r++) {
		int done;
		t->session->seed = seed + (uint64_t)r;
		ok = run_ramp(t, c, r, &done, e);
		c->steps = ok && done < c->steps ? done : c->steps;
	}
	t->session->seed = seed;
	if (!ok)
		return false;
	if (c->steps < 2 * SPAN + 1)
		return nn_fail(
		        e, NN_EXIT_NOT_FINITE,
		        "the loss was not finite after %d steps at rates below %.2g: look at "
		        "the data and the initial weights with --dry-run",
		        c->steps + 1, c->lr[c->steps]);
	for (int i = 0; i < c->steps; i++) {
		fit(c, i);
		c->mean[i] = 0;
		for (int r = 0; r < RAMPS; r++)
			c->mean[i] += c->loss[r][i] / (double)RAMPS;
		if (c->smooth[i] < c->smooth[c->lowest])
			c->lowest = i;
	}
	find_fall(c);
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
		nn_text_add(out, "%13.3g %8.4g   %8.4g  |%.*s\n", c->lr[i], c->mean[i],
		            c->smooth[i], bar, "########################################");
	}
	if (c->best < 0)
		nn_text_add(out,
		            "The loss does not fall clearly at any rate: no suggestion. Is there "
		            "something to learn, and is the input normalised?\n");
	else
		nn_text_add(
		        out,
		        "falls steadily from %.2g to %.2g, lowest at %.2g. Suggestion: --lr %.2g "
		        "(now %.3g)\n",
		        c->lr[c->from], c->lr[c->to], c->lr[c->lowest], c->lr[c->best],
		        t->session->hyper[0]);
}

static void tell_json(nn_text *out, const curve *c)
{
	bool falls = c->best >= 0;
	nn_text_add(out, "{\"suggestion\":");
	nn_text_number(out, falls ? c->lr[c->best] : NAN, 3);
	nn_text_add(out, ",\"falls_from\":");
	nn_text_number(out, falls ? c->lr[c->from] : NAN, 3);
	nn_text_add(out, ",\"falls_to\":");
	nn_text_number(out, falls ? c->lr[c->to] : NAN, 3);
	nn_text_add(out, ",\"lowest_lr\":");
	nn_text_number(out, c->lr[c->lowest], 6);
	nn_text_add(out, ",\"lowest_loss\":");
	nn_text_number(out, c->smooth[c->lowest], 9);
	nn_text_add(out, ",\"curve\":[");
	for (int i = 0; i < c->steps; i++) {
		nn_text_add(out, "%s{\"step\":%d,\"lr\":", i ? "," : "", i + 1);
		nn_text_number(out, c->lr[i], 6);
		nn_text_add(out, ",\"loss\":");
		nn_text_number(out, c->mean[i], 9);
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
	c = (curve){.best = -1};
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
