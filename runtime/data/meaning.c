/* meaning.c: what labels, columns and values of a data set mean.
 *
 *     in    <classes>, else the training part's directories or labels; the names of its columns
 *     out   names that every other part, predict and the reports go by; stored with the weights
 *
 * A label that is told by its place in a list is another label as soon as the list is another one.
 * So the names are settled once, by <classes> or by the training part, and whatever comes later is
 * read by name: a name that is not known is refused. The scale of the values is kept likewise: a
 * network that learnt on 0 to 255 has no use for 0 to 1. */
#include "meaning.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/calc.h"

enum { SHOWN = 8 };

/* Below this largest value nothing tells 0 to 255 from other small numbers; above it, this share of
 * the values must be above 1. */
static const double BYTE_MOST = 32, BYTE_SHARE = 1e-3;

bool nn_meaning_open(nn_meaning *m, const nn_model *model, nn_error *e)
{
	*m = (nn_meaning){.numbered = true};
	/* A network without labels has no use for names of classes. */
	int names = model->classes && model->class_name ? model->class_names : 0;
	for (int i = 0; i < names; i++) {
		const char *name = model->class_name[i];
		if (nn_names_add(&m->classes, name, strlen(name), e) < 0)
			return false;
		if (m->classes.count != i + 1)
			return nn_fail(e, NN_EXIT_USAGE, "<classes> names '%s' twice", name);
	}
	m->numbered = !nn_names_any_number(&m->classes);
	return true;
}

void nn_meaning_close(nn_meaning *m)
{
	nn_names_free(&m->classes);
	nn_names_free(&m->table);
	nn_names_free(&m->columns);
	nn_names_free(&m->labels);
	*m = (nn_meaning){0};
}

/* ---- classes ------------------------------------------------------------------------------- */

/* The whole number below `classes` that the name is; else -1. */
static int64_t class_number(const char *name, size_t len, int classes)
{
	int64_t n = 0;
	if (!len || len > 9)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		n = 10 * n + (name[i] - '0');
	}
	return n < classes ? n : -1;
}

int64_t nn_meaning_class(const nn_meaning *m, const char *name, size_t len, int classes)
{
	int64_t i = nn_names_find(&m->classes, name, len);
	return i >= 0 || !m->numbered ? i : class_number(name, len, classes);
}

/* Names 0 to classes - 1, where some are missing but 0 is there: each is its own number. */
static bool counts_from_zero(const nn_names *found, int classes)
{
	bool fits = nn_names_find(found, "0", 1) >= 0;
	for (int64_t i = 0; fits && i < found->count; i++) {
		const char *name = found->at[i];
		fits = class_number(name, strlen(name), classes) >= 0 && (*name != '0' || !name[1]);
	}
	return fits;
}

static bool name_by_number(nn_meaning *m, int classes, nn_error *e)
{
	char text[16];
	for (int i = 0; i < classes; i++) {
		int len = snprintf(text, sizeof text, "%d", i);
		if (nn_names_add(&m->classes, text, (size_t)len, e) < 0)
			return false;
	}
	return true;
}

bool nn_meaning_storable(const char *name, const char *where, const char *what, nn_error *e)
{
	if (strchr(name, '\n'))
		return nn_fail(e, NN_EXIT_DATA, "%s: a %s's name holds a line end", where, what);
	return nn_text_utf8(name) ||
	       nn_fail(e, NN_EXIT_DATA,
	               "%s: the name of a %s is not in UTF-8: '%.60s'; convert it, with iconv or "
	               "by saving the file anew",
	               where, what, name);
}

bool nn_meaning_name(nn_meaning *m, nn_names *found, int classes, const char *where,
                     const char *what, int32_t *new_of, nn_error *e)
{
	nn_text t = {0};
	bool ok = true, known = m->classes.count > 0;
	if (!known && found->count != classes && counts_from_zero(found, classes)) {
		ok = name_by_number(m, classes, e);
		m->numbered = false;
	} else if (!known && found->count != classes) {
		nn_names_sort(found, NULL, e);
		nn_names_text(found, SHOWN, &t);
		ok = nn_fail(e, NN_EXIT_DATA,
		             "%s: %lld %s (%s), but the network has %d classes; name those in "
		             "<data> with <classes><class name=\"...\"/>...</classes>",
		             where, (long long)found->count, what, t.at ? t.at : "none", classes);
	} else if (!known) {
		nn_names sorted = {0};
		for (int64_t i = 0; ok && i < found->count; i++)
			ok = nn_names_add(&sorted, found->at[i], strlen(found->at[i]), e) >= 0;
		ok = ok && nn_names_sort(&sorted, NULL, e);
		nn_names_free(&m->classes);
		m->classes = sorted;
		m->numbered = false;
	}
	for (int64_t i = 0; ok && i < found->count; i++) {
		ok = nn_meaning_storable(found->at[i], where, "class", e);
		new_of[i] =
		        (int32_t)nn_meaning_class(m, found->at[i], strlen(found->at[i]), classes);
	}
	nn_text_free(&t);
	return ok;
}

void nn_meaning_explain(const nn_meaning *m, const char *name, int classes, nn_text *t)
{
	const char *near = nn_names_near(&m->classes, name);
	if (!m->classes.count) {
		nn_text_add(t, "the classes are numbers, 0 to %d", classes - 1);
		return;
	}
	nn_text_add(t, "the classes are ");
	nn_names_text(&m->classes, SHOWN, t);
	if (near)
		nn_text_add(t, "; did you mean '%.40s'?", near);
}

const char *nn_class_name(const nn_model *m, int i, char number[16])
{
	snprintf(number, 16, "%d", i);
	return m->class_name && i < m->class_names ? m->class_name[i] : number;
}

/* ---- scale --------------------------------------------------------------------------------- */

nn_scale nn_scale_of(double least, double most, double share)
{
	if (!(least <= most))
		return NN_SCALE_NONE;
	if (least >= 0 && most <= 1)
		return NN_SCALE_UNIT;
	return least >= 0 && most <= 255 && most >= BYTE_MOST && share >= BYTE_SHARE
	               ? NN_SCALE_BYTE
	               : NN_SCALE_OTHER;
}

bool nn_scale_fits(nn_scale scale, nn_scale other)
{
	return !((scale == NN_SCALE_UNIT && other == NN_SCALE_BYTE) ||
	         (scale == NN_SCALE_BYTE && other == NN_SCALE_UNIT));
}

/* ---- with the weights ---------------------------------------------------------------------- */

static void add_names(const nn_names *n, nn_text *t)
{
	for (int64_t i = 0; i < n->count; i++)
		nn_text_add(t, i ? "\n%s" : "%s", n->at[i]);
}

int nn_meaning_pairs(const nn_meaning *m, nn_text *t, const char *key[NN_MEANING_PAIRS],
                     size_t at[NN_MEANING_PAIRS])
{
	static const char *const name[] = {"classes", "table", "columns", "label_columns"};
	const nn_names *list[] = {&m->classes, &m->table, &m->columns, &m->labels};
	int pairs = 0;
	for (int i = 0; i < 4; i++) {
		if (!list[i]->count)
			continue;
		key[pairs] = name[i];
		at[pairs++] = t->len;
		add_names(list[i], t);
		t->len += !t->failed;
	}
	if (m->scale == NN_SCALE_NONE)
		return pairs;
	key[pairs] = "values";
	at[pairs++] = t->len;
	nn_text_add(t, "%d %.9g %.9g", (int)m->scale, m->least, m->most);
	t->len += !t->failed;
	return pairs;
}

/* The lines of a value as names; none twice. */
static bool take_names(nn_names *n, const char *text, const char *path, const char *key,
                       nn_error *e)
{
	int64_t lines = 0;
	nn_names_free(n);
	for (const char *p = text; p; lines++) {
		const char *end = strchr(p, '\n');
		if (nn_names_add(n, p, end ? (size_t)(end - p) : strlen(p), e) < 0)
			return false;
		p = end ? end + 1 : NULL;
	}
	return n->count == lines || nn_fail(e, NN_EXIT_CHECKPOINT,
	                                    "%s: '%s' in its metadata names one twice", path, key);
}

static bool take_values(nn_meaning *m, const char *text, const char *path, nn_error *e)
{
	char scale[8], least[64], most[64];
	double number = 0;
	bool fine = sscanf(text, "%7s %63s %63s", scale, least, most) == 3 &&
	            nn_parse_double(scale, &number) && number >= 0 &&
	            number <= (double)NN_SCALE_OTHER && nn_parse_double(least, &m->least) &&
	            nn_parse_double(most, &m->most);
	m->scale = fine ? (nn_scale)number : NN_SCALE_NONE;
	return fine ||
	       nn_fail(e, NN_EXIT_CHECKPOINT, "%s: 'values' in its metadata is damaged", path);
}

bool nn_meaning_take(nn_meaning *m, const nn_safetensors *s, const char *path, int classes,
                     nn_error *e)
{
	static const char *const key[] = {"classes", "table", "columns", "label_columns"};
	nn_names *list[] = {&m->classes, &m->table, &m->columns, &m->labels};
	bool given = m->classes.count > 0;
	if (!nn_safetensors_meta(s, "nncc"))
		return true;
	for (int i = 0; i < 4; i++) {
		const char *text = nn_safetensors_meta(s, key[i]);
		if (text && !take_names(list[i], text, path, key[i], e))
			return false;
	}
	if (m->classes.count && m->classes.count != classes)
		return nn_fail(e, NN_EXIT_CHECKPOINT,
		               "%s: names %lld classes, but the network has %d", path,
		               (long long)m->classes.count, classes);
	m->numbered = (given || !m->classes.count) && !nn_names_any_number(&m->classes);
	const char *values = nn_safetensors_meta(s, "values");
	return !values || take_values(m, values, path, e);
}

bool nn_meaning_load(nn_meaning *m, const char *path, int classes, nn_error *e)
{
	nn_error unread = {0};
	nn_safetensors s;
	if (!nn_safetensors_read(&s, path, NN_EXIT_CHECKPOINT, &unread))
		return true;
	bool ok = nn_meaning_take(m, &s, path, classes, e);
	nn_safetensors_free(&s);
	return ok;
}

static bool same_names(const nn_names *a, const nn_names *b, const char *what, nn_text *why)
{
	bool same = a->count == b->count;
	for (int64_t i = 0; same && i < a->count; i++)
		same = !strcmp(a->at[i], b->at[i]);
	if (same || !a->count || !b->count)
		return true;
	nn_text_add(why, "%s ", what);
	nn_names_text(a, SHOWN, why);
	nn_text_add(why, ", now ");
	nn_names_text(b, SHOWN, why);
	return false;
}

bool nn_meaning_same(const nn_meaning *a, const nn_meaning *b, nn_text *why)
{
	return same_names(&a->classes, &b->classes, "classes", why) &&
	       same_names(&a->columns, &b->columns, "columns", why);
}
