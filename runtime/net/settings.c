/* settings.c: the numbers of the XML that a run may override.
 *
 *     in    nn_model.setting: <optimizer lr="{lr * 2}">, nn_model.param: lr = 0.05, --set lr=0.1
 *     out   0.2
 *
 * A <param> may use those before it. Those that shapes or constants of kernels come from are
 * fixed in the binary: setting them is refused with the command that recompiles. */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/calc.h"

static const double NO_CLIP = 1e30;

static int find_param(const nn_settings *s, const char *name, size_t len)
{
	for (int i = 0; i < s->model->params; i++) {
		const char *n = s->model->param[i].name;
		if (strlen(n) == len && !memcmp(n, name, len))
			return i;
	}
	return -1;
}

static bool lookup(void *ctx, const char *name, size_t len, double *value)
{
	const nn_settings *s = ctx;
	int i = find_param(s, name, len);
	if (i < 0 || i >= s->params)
		return false;
	*value = s->value[i];
	return true;
}

/* "0.05" or "{lr * 2}", `len` bytes. */
static bool evaluate(const nn_settings *s, const char *what, const char *text, size_t len,
                     double *value, nn_error *e)
{
	size_t at = 0;
	const char *why = NULL;
	const char *inside = text;
	size_t count = len;
	if (len >= 2 && text[0] == '{' && text[len - 1] == '}') {
		inside++;
		count -= 2;
	}
	if (nn_calc(inside, count, lookup, (void *)s, value, &at, &why))
		return true;
	return nn_fail(e, NN_EXIT_USAGE, "%s: '%.*s': %s, at character %zu", what, (int)len, text,
	               why, (size_t)(inside - text) + at + 1);
}

/* Whether value is one of "4 6 12". */
static bool among(const nn_settings *s, const char *choices, double value)
{
	nn_error ignored = {0};
	while (*choices) {
		size_t len = strcspn(choices, " ,");
		double choice;
		if (len && evaluate(s, "choices", choices, len, &choice, &ignored) &&
		    choice == value)
			return true;
		choices += len + (choices[len] != 0);
	}
	return false;
}

static bool in_range(const nn_settings *s, const nn_param_def *p, double value, nn_error *e)
{
	double low = value, high = value;
	if ((p->min && !evaluate(s, p->name, p->min, strlen(p->min), &low, e)) ||
	    (p->max && !evaluate(s, p->name, p->max, strlen(p->max), &high, e)))
		return false;
	if (value < low || value > high)
		return nn_fail(e, NN_EXIT_USAGE, "--set %s: %g is outside its range, %s to %s",
		               p->name, value, p->min ? p->min : "any", p->max ? p->max : "any");
	if (p->choices && !among(s, p->choices, value))
		return nn_fail(e, NN_EXIT_USAGE, "--set %s: %g is none of its choices, %s", p->name,
		               value, p->choices);
	return true;
}

/* The override of parameter i, or NULL. */
static const char * override(const nn_param_def *p, const char *const *set, int sets)
{
	size_t len = strlen(p->name);
	for (int k = sets - 1; k >= 0; k--)
		if (!strncmp(set[k], p->name, len) && set[k][len] == '=')
			return set[k] + len + 1;
	return NULL;
}

static bool known(const nn_settings *s, const char *set, nn_error *e)
{
	size_t len = strcspn(set, "=");
	if (set[len] != '=')
		return nn_fail(e, NN_EXIT_USAGE, "--set %s: expected name=value", set);
	int i = find_param(s, set, len);
	if (i < 0)
		return nn_fail(e, NN_EXIT_USAGE,
		               "--set %s: the network has no <param> called "
		               "'%.*s'; see the verb info",
		               set, (int)len, set);
	if (s->model->param[i].fixed_by)
		return nn_fail(e, NN_EXIT_USAGE,
		               "--set %s: '%.*s' is compiled into %s, which no run can change; "
		               "compile the description again with nncc -D %s",
		               set, (int)len, set, s->model->param[i].fixed_by, set);
	return true;
}

bool nn_settings_open(nn_settings *s, const nn_model *model, const char *const *set, int sets,
                      nn_error *e)
{
	*s = (nn_settings){.model = model};
	for (int k = 0; k < sets; k++)
		if (!known(s, set[k], e))
			return false;
	for (int i = 0; i < model->params; i++) {
		const nn_param_def *p = &model->param[i];
		const char *text = override(p, set, sets);
		const char *from = text ? text : p->value;
		if (!evaluate(s, p->name, from, strlen(from), &s->value[i], e))
			return false;
		s->params = i + 1;
		if (text && !in_range(s, p, s->value[i], e))
			return false;
	}
	return true;
}

const char *nn_setting_text(const nn_settings *s, const char *element, const char *name)
{
	for (int i = 0; i < s->model->settings; i++) {
		const nn_setting *t = &s->model->setting[i];
		if (!strcmp(t->element, element) && !strcmp(t->name, name))
			return t->value;
	}
	return NULL;
}

bool nn_setting_number(const nn_settings *s, const char *element, const char *name, double fallback,
                       double *value, nn_error *e)
{
	const char *text = nn_setting_text(s, element, name);
	*value = fallback;
	if (!text)
		return true;
	char what[128];
	snprintf(what, sizeof what, "<%s %s>", element, name);
	return evaluate(s, what, text, strlen(text), value, e);
}

bool nn_setting_value(const nn_settings *s, const char *text, double *value)
{
	nn_error ignored = {0};
	return text[0] == '{' && evaluate(s, "", text, strlen(text), value, &ignored);
}

bool nn_setting_list(const nn_settings *s, const char *element, const char *name,
                     double value[NN_LIST_MAX], int *count, nn_error *e)
{
	const char *text = nn_setting_text(s, element, name);
	*count = 0;
	while (text && *text) {
		/* A part ends at a space or comma outside braces. */
		size_t len = 0;
		for (int open = 0; text[len] && (open || !strchr(" ,\t\n", text[len])); len++)
			open += (text[len] == '{') - (text[len] == '}');
		if (len && *count == NN_LIST_MAX)
			return nn_fail(e, NN_EXIT_USAGE, "<%s %s>: more than %d numbers", element,
			               name, NN_LIST_MAX);
		if (len && !evaluate(s, name, text, len, &value[(*count)++], e))
			return false;
		text += len + (text[len] != 0);
	}
	return true;
}

static bool is_hyper(const nn_model *m, const char *name)
{
	for (int i = 0; i < NN_HYPERS && m->hyper[i]; i++)
		if (!strcmp(m->hyper[i], name))
			return true;
	return false;
}

/* Numbers of the update that were 0 when nncc saw them are not in the kernels any more. A --set
 * that would change one must not be ignored. */
static bool check_constants(const nn_settings *s, nn_error *e)
{
	static nn_settings before;
	const nn_model *m = s->model;
	if (!nn_settings_open(&before, m, NULL, 0, e))
		return false;
	for (int i = 0; i < m->settings; i++) {
		const nn_setting *t = &m->setting[i];
		double now, then;
		if ((strcmp(t->element, "optimizer") && strcmp(t->name, "grad_clip")) ||
		    !t->value || t->value[0] != '{' || is_hyper(m, t->name))
			continue;
		if (!nn_setting_number(s, t->element, t->name, 0, &now, e) ||
		    !nn_setting_number(&before, t->element, t->name, 0, &then, e))
			return false;
		if (now < then || now > then)
			return nn_fail(e, NN_EXIT_USAGE,
			               "--set: %s was %g when this trainer was compiled, which "
			               "leaves its term out; to make it %g compile the "
			               "description again with nncc -D in place of --set",
			               t->name, then, now);
	}
	return true;
}

bool nn_setting_hypers(const nn_settings *s, double hyper[NN_HYPERS], nn_error *e)
{
	const nn_model *m = s->model;
	for (int i = 0; i < NN_HYPERS; i++)
		hyper[i] = 0;
	for (int i = 0; i < NN_HYPERS && m->hyper[i]; i++) {
		bool of_train = nn_setting_text(s, "train", m->hyper[i]) != NULL;
		if (!nn_setting_number(s, of_train ? "train" : "optimizer", m->hyper[i], 0,
		                       &hyper[i], e))
			return false;
		/* 0 means no clipping: a norm that no gradient reaches. */
		if (!strcmp(m->hyper[i], "grad_clip") && !(hyper[i] > 0))
			hyper[i] = NO_CLIP;
	}
	return check_constants(s, e);
}
