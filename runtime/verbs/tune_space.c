/* tune_space.c: what tune searches over, and which points of it are tried.
 *
 *     in    <param name="lr" value="0.05" min="1e-4" max="1" scale="log"/>, how many, a seed
 *     out   points: 0.05, 0.000373, 0.271, ...
 *
 * A range whose value and ends are whole numbers, and more than 1 wide, is searched in whole
 * numbers (layers, units); all others have six digits. A random point is keyed by its number, so
 * more trials begin with those of fewer. A grid takes as many levels of each range as give no more
 * points than wanted, two at least; if even that is too many, a random choice of them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/calc.h"
#include "../kernel/nn_rand.h"
#include "tune.h"

enum { REDRAWS = 64 };

void nn_space_text(char text[32], double value)
{
	snprintf(text, 32, "%.6g", value);
}

static double rounded(double value)
{
	char text[32];
	double back = value;
	nn_space_text(text, value);
	nn_parse_double(text, &back);
	return back;
}

static bool read_choices(nn_dimension *d, const char *text, nn_error *e)
{
	while (*text) {
		size_t len = strcspn(text, " \t\r\n");
		char word[NN_NAME_MAX] = "";
		if (len && d->choices == NN_LIST_MAX)
			return nn_fail(e, NN_EXIT_USAGE, "<param %s choices>: more than %d",
			               d->param->name, NN_LIST_MAX);
		if (len && len < sizeof word)
			memcpy(word, text, len);
		if (len && !nn_parse_double(word, &d->choice[d->choices++]))
			return nn_fail(e, NN_EXIT_USAGE, "<param %s choices>: '%.*s' is no number",
			               d->param->name, (int)(len < 99 ? len : 99), text);
		text += len + (text[len] != 0);
	}
	return true;
}

static bool is_whole(double x)
{
	return x == floor(x);
}

/* The ends may be expressions over earlier params, so that they are evaluated as settings are. */
static bool read_range(nn_dimension *d, const nn_settings *settings, nn_error *e)
{
	const nn_param_def *p = d->param;
	nn_model only = *settings->model;
	nn_setting end[] = {{p->name, "min", p->min}, {p->name, "max", p->max}};
	nn_settings s = *settings;
	only.setting = end;
	only.settings = 2;
	s.model = &only;
	if (!nn_setting_number(&s, p->name, "min", 0, &d->low, e) ||
	    !nn_setting_number(&s, p->name, "max", 0, &d->high, e))
		return false;
	d->log = p->scale && !strcmp(p->scale, "log");
	if (!(d->low < d->high) || (d->log && d->low <= 0))
		return nn_fail(e, NN_EXIT_USAGE,
		               "<param %s>: expected min below max%s, found %g and %g", p->name,
		               d->log ? " and above 0, since scale is log" : "", d->low, d->high);
	d->whole = is_whole(d->low) && is_whole(d->high) && is_whole(d->written) &&
	           d->high - d->low > 1;
	return true;
}

static bool is_set(const nn_param_def *p, const char *const *set, int sets)
{
	size_t len = strlen(p->name);
	for (int k = 0; k < sets; k++)
		if (!strncmp(set[k], p->name, len) && set[k][len] == '=')
			return true;
	return false;
}

bool nn_space_open(nn_space *s, const nn_settings *settings, const char *const *set, int sets,
                   nn_error *e)
{
	const nn_model *m = settings->model;
	s->dims = 0;
	for (int i = 0; i < m->params; i++) {
		const nn_param_def *p = &m->param[i];
		bool chosen = p->choices && p->choices[strspn(p->choices, " \t\r\n")];
		if ((!chosen && (!p->min || !p->max)) || is_set(p, set, sets))
			continue;
		if (s->dims == NN_TUNE_DIMS)
			return nn_fail(e, NN_EXIT_USAGE,
			               "more than %d <param>s have a range; fix some with --set",
			               NN_TUNE_DIMS);
		nn_dimension *d = &s->dim[s->dims++];
		*d = (nn_dimension){.param = p, .written = settings->value[i]};
		if (chosen ? !read_choices(d, p->choices, e) : !read_range(d, settings, e))
			return false;
	}
	return s->dims || nn_fail(e, NN_EXIT_USAGE,
	                          "nothing to search: no <param> has min and max, or choices, for "
	                          "example <param name=\"lr\" value=\"0.01\" min=\"1e-4\" "
	                          "max=\"1\" scale=\"log\"/>");
}

/* The value at `share` of the way, 0 to 1. */
static double value_at(const nn_dimension *d, double share)
{
	double x;
	if (d->choices) {
		int i = (int)(share * d->choices);
		return d->choice[i < d->choices ? i : d->choices - 1];
	}
	if (d->log)
		x = d->low * pow(d->high / d->low, share);
	else
		x = d->low + share * (d->high - d->low);
	x = rounded(d->whole ? floor(x + 0.5) : x);
	return x < d->low ? d->low : x > d->high ? d->high : x;
}

static bool is_new(const nn_space *s, const double *points, int count)
{
	const double *last = points + (ptrdiff_t)count * s->dims;
	for (int i = 0; i < count; i++) {
		bool same = true;
		for (int d = 0; d < s->dims; d++)
			same = same && points[i * s->dims + d] == last[d];
		if (same)
			return false;
	}
	return true;
}

static int fill_random(const nn_space *s, int trials, uint64_t seed, double *points)
{
	int count = 1;
	for (uint64_t key = 1, failed = 0; count < trials && failed < REDRAWS; key++) {
		double *at = points + (ptrdiff_t)count * s->dims;
		for (int d = 0; d < s->dims; d++)
			at[d] = value_at(&s->dim[d],
			                 nn_rand_double(seed, NN_RAND_TUNE, key, (uint64_t)d));
		bool fresh = is_new(s, points, count);
		failed = fresh ? 0 : failed + 1;
		count += fresh;
	}
	return count;
}

/* How many values dimension d has in a grid of `levels`. */
static int levels_of(const nn_dimension *d, int levels)
{
	if (d->choices)
		return d->choices;
	return d->whole && d->high - d->low + 1 < levels ? (int)(d->high - d->low) + 1 : levels;
}

static double grid_size(const nn_space *s, int levels)
{
	double size = 1;
	for (int d = 0; d < s->dims; d++)
		size *= levels_of(&s->dim[d], levels);
	return size;
}

static int fill_grid(const nn_space *s, int trials, uint64_t seed, double *points)
{
	int levels = 2, count = 1;
	while (levels < trials && grid_size(s, levels + 1) <= trials - 1)
		levels++;
	double size = grid_size(s, levels);
	bool all = size <= trials - 1;
	for (uint64_t i = 0, failed = 0; count < trials && failed < REDRAWS; i++) {
		uint64_t cell = all ? i : nn_rand_u64(seed, NN_RAND_TUNE, 0, i);
		if (all && (double)i >= size)
			break;
		double *at = points + (ptrdiff_t)count * s->dims;
		for (int d = s->dims - 1; d >= 0; d--) {
			uint64_t n = (uint64_t)levels_of(&s->dim[d], levels), k = cell % n;
			cell /= n;
			at[d] = s->dim[d].choices
			                ? s->dim[d].choice[k]
			                : value_at(&s->dim[d], (double)k / (double)(n - 1));
		}
		bool fresh = is_new(s, points, count);
		failed = fresh ? 0 : failed + 1;
		count += fresh;
	}
	return count;
}

int nn_space_fill(const nn_space *s, bool grid, int trials, uint64_t seed, double *points)
{
	for (int d = 0; d < s->dims; d++)
		points[d] = s->dim[d].written;
	return grid ? fill_grid(s, trials, seed, points) : fill_random(s, trials, seed, points);
}
