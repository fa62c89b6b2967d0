/* tune_table.c: what is known of the trials of a search: trials.csv, the table of the best, and the
 * description with the best values.
 *
 *     trial,epochs,lr,width,val_accuracy,best_epoch,seconds,outcome
 *     1,3,1e-05,6,0.1431,3,4.21,ok
 *     2,3,0.00217,12,0.8735,3,6.02,ok
 *
 * A line is added when a trial ends, so that a search that is killed loses none. A line that was
 * cut off is dropped when the search goes on; its trial runs again and finds its own checkpoint.
 * The points are a function of the description, --trials and --seed: lines that hold other
 * values are of another search, and refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/calc.h"
#include "../file/io.h"
#include "tune.h"

enum { MAX_BYTES = 64 << 20, SHOWN = 10, WORDS = NN_TUNE_DIMS + 6 };

static const char *const outcome[] = {"ok", "diverged", "out of memory", "does not compile"};

enum { OUTCOMES = sizeof outcome / sizeof *outcome };

static void header(const nn_tune *t, nn_text *to)
{
	nn_text_add(to, "trial,epochs");
	for (int d = 0; d < t->space.dims; d++)
		nn_text_add(to, ",%s", t->space.dim[d].param->name);
	nn_text_add(to, ",%s,best_epoch,seconds,outcome\n", t->objective);
}

static const double *point_of(const nn_tune *t, int number)
{
	return t->point + (ptrdiff_t)(number - 1) * t->space.dims;
}

static void line(const nn_tune *t, const nn_trial *r, nn_text *to)
{
	char text[32];
	nn_text_add(to, "%d,%lld", r->number, (long long)r->epochs);
	for (int d = 0; d < t->space.dims; d++) {
		nn_space_text(text, point_of(t, r->number)[d]);
		nn_text_add(to, ",%s", text);
	}
	nn_text_add(to, ",");
	if (isfinite(r->value))
		nn_text_add(to, "%.9g", r->value);
	nn_text_add(to, ",%lld,%.3g,%s\n", (long long)r->best_epoch, r->seconds,
	            outcome[r->outcome]);
}

/* Cuts `at` into words at its commas; how many. */
static int split_line(char *at, char *word[WORDS])
{
	int n = 0;
	while (at && n < WORDS) {
		word[n++] = at;
		at = strchr(at, ',');
		if (at)
			*at++ = 0;
	}
	return n;
}

/* One line without its end. */
static bool read_line(nn_tune *t, char *at, nn_trial *r, nn_error *e)
{
	char *word[WORDS] = {NULL}, text[32];
	double number[3] = {0};
	int64_t whole[3] = {0}; /* trial, epochs, the best epoch */
	int n = split_line(at, word), dims = t->space.dims;
	bool ok = n == dims + 6 && nn_parse_double(word[0], &number[0]) &&
	          nn_parse_double(word[1], &number[1]) &&
	          nn_parse_double(word[dims + 3], &number[2]) &&
	          nn_parse_double(word[dims + 4], &r->seconds);
	for (int i = 0; ok && i < 3; i++)
		ok = nn_whole(number[i], &whole[i]) && whole[i] >= !i;
	r->value = NAN;
	if (ok && word[dims + 2] && *word[dims + 2])
		ok = nn_parse_double(word[dims + 2], &r->value);
	int ended = 0;
	while (ok && ended < OUTCOMES && strcmp(word[dims + 5], outcome[ended]) != 0)
		ended++;
	r->outcome = (nn_outcome)ended;
	if (!ok || ended == OUTCOMES || whole[0] > NN_TUNE_TRIALS)
		return nn_fail(e, NN_EXIT_CHECKPOINT,
		               "%s: line '%s...' is none of a search; choose another --out",
		               t->path, at);
	*r = (nn_trial){(int)whole[0], whole[1], r->value, whole[2], r->seconds, r->outcome};
	for (int d = 0; r->number <= t->trials && d < dims; d++) {
		nn_space_text(text, point_of(t, r->number)[d]);
		if (strcmp(text, word[d + 2]))
			return nn_fail(e, NN_EXIT_CHECKPOINT,
			               "%s: trial %d has %s %s, in this search it has %s: another "
			               "--seed, range or grid; choose another --out",
			               t->path, r->number, t->space.dim[d].param->name, word[d + 2],
			               text);
	}
	return true;
}

static bool note(nn_tune *t, const nn_trial *r, nn_error *e)
{
	nn_trial *bigger = realloc(t->done, (size_t)(t->dones + 1) * sizeof *bigger);
	if (!bigger)
		return nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the trials");
	t->done = bigger;
	t->done[t->dones++] = *r;
	return true;
}

/* Trials beyond --trials stay in the file and do not count. */
static bool read_table(nn_tune *t, char *at, size_t count, const char *first, nn_error *e)
{
	char *end = strrchr(at, '\n');
	size_t len = strlen(first), whole = end ? (size_t)(end + 1 - at) : 0;
	if (whole < len || memcmp(at, first, len))
		return nn_fail(e, NN_EXIT_CHECKPOINT,
		               "%s: begins with '%.*s', this search with '%.*s': choose another "
		               "--out",
		               t->path, (int)strcspn(at, "\n"), at, (int)len - 1, first);
	if (whole < count && !nn_cut_file(t->path, whole, e))
		return false;
	for (at += len; at < end;) {
		nn_trial r = {0};
		char *stop = strchr(at, '\n');
		*stop = 0;
		if (!read_line(t, at, &r, e) || (r.number <= t->trials && !note(t, &r, e)))
			return false;
		at = stop + 1;
	}
	return true;
}

bool nn_tune_open_table(nn_tune *t, nn_error *e)
{
	nn_text first = {0};
	char *bytes = NULL;
	size_t count;
	header(t, &first);
	bool ok = !first.failed || nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the trials");
	if (ok && !nn_exists(t->path))
		ok = nn_write_file(t->path, first.at, first.len, e);
	else if (ok)
		ok = nn_read_file(t->path, MAX_BYTES, &bytes, &count, e) &&
		     read_table(t, bytes, count, first.at, e);
	free(bytes);
	nn_text_free(&first);
	return ok;
}

bool nn_tune_add(nn_tune *t, const nn_trial *r, nn_error *e)
{
	nn_text text = {0};
	line(t, r, &text);
	bool ok = !text.failed || nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the trials");
	ok = ok && nn_append_file(t->path, text.at, text.len, e) && note(t, r, e);
	nn_text_free(&text);
	return ok;
}

const nn_trial *nn_tune_known(const nn_tune *t, int number, int64_t epochs)
{
	for (int i = 0; i < t->dones; i++)
		if (t->done[i].number == number && t->done[i].epochs == epochs)
			return &t->done[i];
	return NULL;
}

bool nn_tune_better(const nn_tune *t, double a, double b)
{
	if (!isfinite(a) || !isfinite(b))
		return isfinite(a);
	return t->more ? a > b : a < b;
}

/* ---- the best ------------------------------------------------------------------------------ */

/* The result after the most epochs, or NULL. */
static const nn_trial *last_of(const nn_tune *t, int number)
{
	const nn_trial *last = NULL;
	for (int i = 0; i < t->dones; i++)
		if (t->done[i].number == number && (!last || t->done[i].epochs > last->epochs))
			last = &t->done[i];
	return last;
}

/* Fills best[0..room-1], those with a number first, then by epochs, by value, by number. */
static int rank(const nn_tune *t, const nn_trial **best, int room)
{
	int n = 0;
	for (int number = 1; number <= t->trials; number++) {
		const nn_trial *r = last_of(t, number);
		int k = n;
		for (; r && k > 0; k--) {
			const nn_trial *o = best[k - 1];
			bool finite = isfinite(r->value), other = isfinite(o->value);
			bool before = finite != other ? finite
			              : r->epochs != o->epochs
			                      ? r->epochs > o->epochs
			                      : nn_tune_better(t, r->value, o->value);
			if (!before)
				break;
			if (k < room)
				best[k] = o;
		}
		if (r && k < room)
			best[k] = r;
		n += r && n < room;
	}
	return n;
}

const nn_trial *nn_tune_best(const nn_tune *t)
{
	const nn_trial *best[1];
	return rank(t, best, 1) && isfinite(best[0]->value) ? best[0] : NULL;
}

static void add_json(const nn_tune *t, const nn_trial *r, nn_text *to)
{
	nn_text_add(to, "{\"trial\":%d,\"epochs\":%lld,\"value\":", r->number,
	            (long long)r->epochs);
	nn_text_number(to, r->value, 9);
	nn_text_add(to, ",\"best_epoch\":%lld,\"seconds\":%.3g,\"outcome\":\"%s\",\"params\":{",
	            (long long)r->best_epoch, r->seconds, outcome[r->outcome]);
	for (int d = 0; d < t->space.dims; d++) {
		nn_text_add(to, d ? "," : "");
		nn_text_json(to, t->space.dim[d].param->name);
		nn_text_add(to, ":");
		nn_text_number(to, point_of(t, r->number)[d], 6);
	}
	nn_text_add(to, "}}");
}

static void report_json(const nn_tune *t, const nn_trial *const *best, int n, nn_text *to)
{
	nn_text_add(to, "{\"objective\":\"%s\",\"trials\":%d,\"best\":", t->objective, t->trials);
	if (n && isfinite(best[0]->value))
		add_json(t, best[0], to);
	else
		nn_text_add(to, "null");
	nn_text_add(to, ",\"table\":[");
	for (int i = 0; i < n; i++) {
		nn_text_add(to, i ? "," : "");
		add_json(t, best[i], to);
	}
	nn_text_add(to, "]}\n");
}

static void add_values(const nn_tune *t, int number, nn_text *to, bool titles)
{
	for (int d = 0; d < t->space.dims; d++) {
		const char *name = t->space.dim[d].param->name;
		int width = strlen(name) > 10 ? (int)strlen(name) : 10;
		char text[32] = "";
		if (!titles)
			nn_space_text(text, point_of(t, number)[d]);
		nn_text_add(to, "  %*s", width, titles ? name : text);
	}
}

/* How to train with the values of a trial. */
static void add_command(const nn_tune *t, const nn_trial *r, nn_text *to)
{
	bool again = false;
	char text[32];
	for (int d = 0; d < t->space.dims; d++)
		again |= t->space.dim[d].param->fixed_by != NULL;
	nn_text_add(to, "train it: %s%s", again ? "nncc" : t->session->options->program,
	            again ? "" : " train");
	for (int d = 0; d < t->space.dims; d++) {
		nn_space_text(text, point_of(t, r->number)[d]);
		nn_text_add(to, " %s %s=%s", again ? "-D" : "--set", t->space.dim[d].param->name,
		            text);
	}
	nn_text_add(to, "%s; or --write FILE.xml\n", again ? " FILE.xml" : "");
}

static void report_text(const nn_tune *t, const nn_trial *const *best, int n, nn_text *to)
{
	const nn_trial *written = last_of(t, 1);
	nn_text_add(to, " trial  epochs");
	add_values(t, 0, to, true);
	nn_text_add(to, "  %12s  outcome\n", t->objective);
	for (int i = 0; i < n && i < SHOWN; i++) {
		nn_text_add(to, "%6d  %6lld", best[i]->number, (long long)best[i]->epochs);
		add_values(t, best[i]->number, to, false);
		if (isfinite(best[i]->value))
			nn_text_add(to, "  %12.6g", best[i]->value);
		else
			nn_text_add(to, "  %12s", "");
		nn_text_add(to, "  %s%s\n", outcome[best[i]->outcome],
		            best[i]->number == 1 ? ", as written" : "");
	}
	if (!n || !isfinite(best[0]->value)) {
		nn_text_add(to, "no trial gave a number\n");
		return;
	}
	nn_text_add(to, "best: trial %d, %s %.6g", best[0]->number, t->objective, best[0]->value);
	if (written && written != best[0] && isfinite(written->value))
		nn_text_add(to, "; as written %.6g", written->value);
	nn_text_add(to, "\n");
	add_command(t, best[0], to);
}

bool nn_tune_report(const nn_tune *t, nn_error *e)
{
	const nn_trial **best = nn_alloc((size_t)t->trials, sizeof *best, "the table", e);
	nn_text text = {0};
	if (!best)
		return false;
	int n = rank(t, best, t->trials);
	if (t->session->options->json)
		report_json(t, best, n, &text);
	else
		report_text(t, best, n, &text);
	free(best);
	bool ok = !text.failed || nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the table");
	if (ok)
		fputs(text.at, stdout);
	nn_text_free(&text);
	return ok;
}

/* ---- the description ----------------------------------------------------------------------- */

/* The dimension whose <param> stands from `at` to `end`, or -1; nncc wrote the text, one element a
 * line and attributes in double quotes. */
static int dimension_at(const nn_tune *t, const char *at, const char *end)
{
	const char *name = strstr(at, " name=\"");
	for (int d = 0; name && name < end && d < t->space.dims; d++) {
		const char *own = t->space.dim[d].param->name;
		size_t len = strlen(own);
		if (!strncmp(name + 7, own, len) && name[7 + len] == '"')
			return d;
	}
	return -1;
}

bool nn_tune_write(const nn_tune *t, const char *path, nn_error *e)
{
	const nn_trial *best = nn_tune_best(t);
	const char *at = t->session->model->config, *param;
	nn_text text = {0};
	if (!best)
		return nn_fail(e, NN_EXIT_FAILED, "%s: no trial gave a number: nothing to write",
		               path);
	while ((param = strstr(at, "<param ")) != NULL) {
		const char *end = param + strcspn(param, "\n");
		const char *value = strstr(param, " value=\"");
		int d = dimension_at(t, param, end);
		if (d >= 0 && value && value < end) {
			char number[32];
			nn_space_text(number, point_of(t, best->number)[d]);
			nn_text_add(&text, "%.*s%s", (int)(value + 8 - at), at, number);
			value += 8;
			at = value + strcspn(value, "\"");
		} else {
			nn_text_add(&text, "%.*s", (int)(end - at), at);
			at = end;
		}
	}
	nn_text_add(&text, "%s", at);
	bool ok = !text.failed || nn_fail(e, NN_EXIT_MEMORY, "not enough memory for %s", path);
	ok = ok && nn_write_file(path, text.at, text.len, e);
	nn_text_free(&text);
	return ok;
}
