/* schedule.c: the learning rate and the momentum of a step.
 *
 * t is the progress in steps after warmup, T what is left of the training then, e the epoch:
 *
 *     constant     1
 *     step         gamma ^ (milestones up to e)                       MultiStepLR
 *     exponential  gamma ^ e                                          ExponentialLR
 *     polynomial   (1 - t/T) ^ power
 *     cosine       (1 + cos(pi t/T)) / 2                              Loshchilov and Hutter 2017
 *     onecycle     up from 1/25 over 30 % of T, then down to 1/250000 OneCycleLR, cosine pieces
 *     plateau      gamma ^ (times that more than `patience` epochs brought no loss below
 *                  (1 - threshold) best)                              ReduceLROnPlateau
 *     warmup       (step + 1) / (warmup steps) as long as that is below 1
 *
 * all times the base rate. onecycle moves the momentum (beta1 of the Adam family) the other way,
 * from 0.95 to 0.85 and back, where the optimizer has one; warmup leaves it at 0.95. Pure functions
 * of the step, but for plateau's three numbers, which a checkpoint holds. */
#include "schedule.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

static const char *const names[] = {"constant", "step",     "exponential", "polynomial",
                                    "cosine",   "onecycle", "plateau"};

static bool read_numbers(nn_schedule *s, const nn_settings *settings, nn_error *e)
{
	static const double gamma_default[] = {1, 0.1, 0.95, 1, 1, 1, 0.1};
	const char *el = "schedule";
	return nn_setting_number(settings, el, "gamma", gamma_default[s->type], &s->gamma, e) &&
	       nn_setting_number(settings, el, "power", 1, &s->power, e) &&
	       nn_setting_number(settings, el, "warmup", 0, &s->warmup, e) &&
	       nn_setting_number(settings, el, "patience", 10, &s->patience, e) &&
	       nn_setting_number(settings, el, "threshold", 1e-4, &s->threshold, e) &&
	       nn_setting_list(settings, el, "milestones", s->milestone, &s->milestones, e);
}

static int find_momentum(const nn_model *m)
{
	for (int i = 0; i < NN_HYPERS && m->hyper[i]; i++)
		if (!strcmp(m->hyper[i], "momentum") || !strcmp(m->hyper[i], "beta1"))
			return i;
	return -1;
}

bool nn_schedule_open(nn_schedule *s, const nn_settings *settings, double lr, double epoch_steps,
                      double steps, nn_error *e)
{
	*s = (nn_schedule){.lr = lr, .epoch_steps = epoch_steps, .steps = steps, .best = INFINITY};
	const char *type = settings->model->schedule;
	if (!type)
		type = names[NN_CONSTANT];
	int found = -1;
	for (int i = 0; i <= NN_PLATEAU; i++)
		if (!strcmp(type, names[i]))
			found = i;
	if (found < 0)
		return nn_fail(e, NN_EXIT_INTERNAL, "unknown schedule '%s'", type);
	s->type = (nn_schedule_type)found;
	s->momentum = s->type == NN_ONECYCLE ? find_momentum(settings->model) : -1;
	return read_numbers(s, settings, e);
}

/* Cosine from a at 0 to b at 1. */
static double ease(double a, double b, double t)
{
	return b + (a - b) * (1 + cos(PI * t)) / 2;
}

/* From `first` to `peak` over 30 % of the steps, then to `last`. */
static double onecycle(double t, double total, double first, double peak, double last)
{
	double up = 0.3 * total - 1, end = total - 1;
	if (t <= up)
		return ease(first, peak, up > 0 ? t / up : 1);
	return ease(peak, last, end > up ? fmin((t - up) / (end - up), 1) : 1);
}

static double factor(const nn_schedule *s, double step)
{
	double warm = s->warmup * s->epoch_steps;
	double t = fmax(step - warm, 0), total = fmax(s->steps - warm, 1);
	double part = fmin(t / total, 1), epoch = floor(step / s->epoch_steps);
	double count = 0;
	switch (s->type) {
	case NN_STEP:
		for (int i = 0; i < s->milestones; i++)
			count += s->milestone[i] <= epoch;
		return pow(s->gamma, count);
	case NN_EXPONENTIAL:
		return pow(s->gamma, epoch);
	case NN_POLYNOMIAL:
		return pow(1 - part, s->power);
	case NN_COSINE:
		return ease(1, 0, part);
	case NN_ONECYCLE:
		return onecycle(t, total, 1 / 25.0, 1, 1 / 25.0 / 1e4);
	case NN_PLATEAU:
		return pow(s->gamma, s->cuts);
	case NN_CONSTANT:
		break;
	}
	return 1;
}

double nn_schedule_lr(const nn_schedule *s, double step)
{
	double warm = s->warmup * s->epoch_steps;
	if (step + 1 < warm)
		return s->lr * (step + 1) / warm;
	return s->lr * factor(s, step);
}

void nn_schedule_hypers(const nn_schedule *s, double step, double hyper[NN_HYPERS])
{
	double warm = s->warmup * s->epoch_steps;
	hyper[0] = nn_schedule_lr(s, step);
	if (s->momentum >= 0)
		hyper[s->momentum] =
		        onecycle(fmax(step - warm, 0), fmax(s->steps - warm, 1), 0.95, 0.85, 0.95);
}

void nn_schedule_epoch(nn_schedule *s, double loss)
{
	if (loss < s->best * (1 - s->threshold)) {
		s->best = loss;
		s->waited = 0;
	} else if (++s->waited > s->patience) {
		s->cuts++;
		s->waited = 0;
	}
}
