/* resume.c: which run a training goes on with, and what that run was started with.
 *
 *     in    the run directory, the command line
 *     out   a refusal; or the state, open, and the options of its run in the place of those
 *           that the command line leaves out
 *
 * A state holds, beside its tensors and counters (checkpoint.c):
 *
 *     option.epochs, option.lr, ...   what the command line of the run gave
 *     option.set                      a line for each --set
 *     settings                        a line for each number of the XML: "optimizer lr=0.1"
 *
 * --resume takes them. One that is given again and differs is told, and so is a number of the XML
 * that has changed since. What would break exactness (batch size, seed, data) is refused when the
 * counters are read (train_open.c). A run has a state from before its first step on, so that it
 * always goes on as it was started. */
#include "resume.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/calc.h"
#include "checkpoint.h"

static const char SETTINGS[] = "settings", SETS[] = "option.set";

typedef enum { WHOLE, REAL, TEXT } form;

static const struct {
	const char *name; /* of the option                           */
	const char *key;  /* in the state                            */
	size_t place;     /* in nn_options                           */
	form form;        /* of its value                            */
	const char *line; /* the setting that it replaces, or NULL   */
} option[] = {
        {"epochs", "option.epochs", offsetof(nn_options, epochs), WHOLE, "train epochs"},
        {"lr", "option.lr", offsetof(nn_options, lr), REAL, "optimizer lr"},
        {"limit", "option.limit", offsetof(nn_options, limit), WHOLE, NULL},
        {"data", "option.data", offsetof(nn_options, data), TEXT, NULL},
        {"log", "option.log", offsetof(nn_options, log), TEXT, NULL},
};

enum { OPTIONS = sizeof option / sizeof *option };

/* ---- the directory ------------------------------------------------------------------------- */

static const char *const run_file[] = {"state.safetensors", "state.previous.safetensors",
                                       "last.safetensors", "best.safetensors"};

enum { RUN_FILES = sizeof run_file / sizeof *run_file, STATES = 2 };

/* Which of the files above the directory holds: a bit for each. */
static bool look(const char *out, unsigned *there, nn_error *e)
{
	*there = 0;
	for (int i = 0; i < RUN_FILES; i++) {
		char path[NN_PATH_MAX];
		if (!nn_join(path, out, run_file[i], e))
			return false;
		*there |= (unsigned)nn_exists(path) << i;
	}
	return true;
}

static bool lock(nn_resume *r, const char *out, nn_error *e)
{
	r->lock = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->lock < 0)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot open the directory", out);
	if (!nn_lock(r->lock))
		return nn_fail(e, NN_EXIT_IO,
		               "%s: another training is writing there; choose another --out", out);
	return true;
}

static bool refuse(const char *out, nn_error *e)
{
	return nn_fail(
	        e, NN_EXIT_USAGE,
	        "%s: holds a run already, and nothing of it was touched. --resume goes on with "
	        "it, --out DIR trains in another place, --overwrite takes it away and starts "
	        "anew",
	        out);
}

/* Trying something out neither needs a directory of its own nor touches the run in one. */
static bool only_tries(const nn_options *o)
{
	return o->dry_run || o->lr_find || o->overfit_batch;
}

bool nn_resume_lock(nn_resume *r, const nn_options *o, const char *out, nn_error *e)
{
	unsigned there;
	if (r->lock >= 0)
		return true;
	if (!nn_make_directories(out, e) || !lock(r, out, e) || !look(out, &there, e))
		return false;
	/* Another training may have come and gone since the first look. */
	r->occupied = there != 0;
	return !there || o->overwrite || only_tries(o) || refuse(out, e);
}

/* ---- the state ----------------------------------------------------------------------------- */

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Whether `path` is a state of the run in `out`: --resume=PATH goes on in OUT, where another run
 * must not be. */
static bool is_of(const char *out, const char *path)
{
	nn_error ignored = {0};
	char own[NN_PATH_MAX];
	for (int i = 0; i < STATES; i++)
		if (nn_join(own, out, run_file[i], &ignored) && same_file(own, path))
			return true;
	return false;
}

/* Fills r->path with the state to go on from; "" when there is none. */
static bool find_state(nn_resume *r, const nn_options *o, const char *out, nn_error *e)
{
	unsigned there;
	if (!look(out, &there, e))
		return false;
	if (*o->resume)
		return nn_join(r->path, "", o->resume, e);
	/* A crash between two renames leaves the state before alone. */
	for (int i = 0; i < STATES; i++)
		if (there & 1U << i)
			return nn_join(r->path, out, run_file[i], e);
	return !there || nn_fail(e, NN_EXIT_USAGE,
	                         "%s: holds weights, but no state to go on from. --weights FILE "
	                         "--out DIR starts "
	                         "from weights in another place, --overwrite takes them away",
	                         out);
}

/* The rest of the line of `text` that begins with `key` and '='; its length. */
static const char *find_line(const char *text, const char *key, size_t *len)
{
	size_t n = strlen(key);
	for (const char *at = text; at && *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (!strncmp(at, key, n) && at[n] == '=') {
			*len = strcspn(at + n + 1, "\n");
			return at + n + 1;
		}
	return NULL;
}

/* What follows a word needs no quotes in a shell. */
static void add_word(nn_text *t, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                            "_./:=@%+,-";
	if (*word && !word[strspn(word, plain)]) {
		nn_text_add(t, "%s", word);
		return;
	}
	nn_text_add(t, "'");
	for (; *word; word++)
		nn_text_add(t, *word == '\'' ? "'\\''" : "%c", *word);
	nn_text_add(t, "'");
}

/* Where the data are, wherever the run is gone on with. */
static void add_path(nn_text *t, const char *path)
{
	char *real = realpath(path, NULL);
	nn_text_add(t, "%s", real ? real : path);
	free(real);
}

/* With as few digits as give the same number. */
static void add_real(nn_text *t, double value)
{
	char text[32];
	double again = NAN;
	for (int digits = 1; digits <= 17 && again != value; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (!nn_parse_double(text, &again))
			again = NAN;
	}
	nn_text_add(t, "%s", text);
}

/* Adds the value of option i to t, as a state holds it; false when it is not given. */
static bool add_value(nn_text *t, const nn_options *o, int i)
{
	const char *place = (const char *)o + option[i].place;
	if (option[i].form == WHOLE) {
		int64_t value = *(const int64_t *)place;
		if (value >= 0)
			nn_text_add(t, "%lld", (long long)value);
		return value >= 0;
	}
	if (option[i].form == REAL) {
		double value = *(const double *)place;
		if (value >= 0)
			add_real(t, value);
		return value >= 0;
	}
	const char *value = *(const char *const *)place;
	if (value && !strcmp(option[i].name, "data"))
		add_path(t, value);
	else if (value)
		nn_text_add(t, "%s", value);
	return value != NULL;
}

static bool put_value(nn_resume *r, nn_options *o, int i, const char *text, nn_error *e)
{
	char *place = (char *)o + option[i].place;
	double number = 0;
	if (option[i].form == TEXT) {
		nn_text *t = !strcmp(option[i].name, "data") ? &r->data : &r->log;
		nn_text_reserve(t, 1);
		nn_text_add(t, "%s", text);
		*(const char **)place = t->at;
		return !t->failed || nn_fail(e, NN_EXIT_MEMORY, "not enough memory for options");
	}
	if (!nn_parse_double(text, &number) || !(number >= 0 && number <= 9007199254740992.0))
		return nn_fail(e, NN_EXIT_CHECKPOINT, "%s: '%s' is no number from 0", r->path,
		               option[i].key);
	if (option[i].form == WHOLE)
		*(int64_t *)place = (int64_t)number;
	else
		*(double *)place = number;
	return true;
}

static bool equal(const char *a, size_t len, const char *b)
{
	double x, y;
	char text[64];
	if (strlen(b) == len && !memcmp(a, b, len))
		return true;
	snprintf(text, sizeof text, "%.*s", (int)len, a);
	return len < sizeof text && nn_parse_double(text, &x) && nn_parse_double(b, &y) && x == y;
}

/* Option i of the run: taken where the command line leaves it out, else compared. Whether --limit
 * makes a difference, the number of items tells. */
static bool take_option(nn_resume *r, nn_options *o, int i, nn_error *e)
{
	nn_text now = {0};
	const char *was = nn_safetensors_meta(&r->state, option[i].key);
	bool given = add_value(&now, o, i), of_run = was != NULL;
	size_t len = was ? strlen(was) : 0;
	if (given && !was && option[i].line)
		was = find_line(nn_safetensors_meta(&r->state, SETTINGS), option[i].line, &len);
	if (given && !now.failed && strcmp(option[i].name, "limit") != 0 &&
	    !(was && equal(was, len, now.at)))
		nn_text_add(&r->told,
		            was ? "--%s %s now, %.*s before\n" : "--%s %s now, none before\n",
		            option[i].name, now.at, (int)len, was);
	nn_text_free(&now);
	if (given || !of_run)
		return true;
	if (!put_value(r, o, i, was, e))
		return false;
	nn_text_add(&r->kept, " --%s ", option[i].name);
	add_word(&r->kept, option[i].form == TEXT ? *(char **)((char *)o + option[i].place) : was);
	return true;
}

/* Whether one of the first `count` --set is for the same <param>. */
static bool is_given(const nn_options *o, int count, const char *set, size_t name)
{
	for (int k = 0; k < count; k++)
		if (!strncmp(o->set[k], set, name + 1))
			return true;
	return false;
}

/* Whether --set may change it in this trainer. */
static bool may_set(const nn_model *m, const char *set, size_t name)
{
	for (int i = 0; i < m->params; i++)
		if (strlen(m->param[i].name) == name && !strncmp(m->param[i].name, set, name))
			return !m->param[i].fixed_by;
	return false;
}

static bool take_sets(nn_resume *r, const nn_model *m, nn_options *o, nn_error *e)
{
	const char *lines = nn_safetensors_meta(&r->state, SETS);
	if (!lines || !*lines)
		return true;
	nn_text_add(&r->sets, "%s", lines);
	if (r->sets.failed)
		return nn_fail(e, NN_EXIT_MEMORY, "not enough memory for options");
	int given = o->sets;
	for (char *at = r->sets.at, *end; at && *at; at = end) {
		end = strchr(at, '\n');
		if (end)
			*end++ = 0;
		size_t name = strcspn(at, "=");
		if (at[name] && is_given(o, given, at, name))
			continue;
		if (!at[name] || !may_set(m, at, name) || o->sets == NN_SETS_MAX) {
			nn_text_add(&r->told, "--set %s before; this trainer has no such <param>\n",
			            at);
			continue;
		}
		o->set[o->sets++] = at;
		nn_text_add(&r->kept, " --set ");
		add_word(&r->kept, at);
	}
	return true;
}

/* A counter that says what the run was started with goes into an option that is not given. */
static void take_counter(nn_resume *r, const char *key, int64_t *value)
{
	const char *text = nn_safetensors_meta(&r->state, key);
	double number;
	if (*value < 0 && text && nn_parse_double(text, &number) && number >= 0 &&
	    number <= 9007199254740992.0)
		*value = (int64_t)number;
}

static bool take_options(nn_resume *r, const nn_model *m, nn_options *o, nn_error *e)
{
	take_counter(r, "seed", &o->seed);
	take_counter(r, "batch", &o->batch_size);
	if (o->weights)
		nn_text_add(&r->told, "--weights is not read: the state holds the weights\n");
	if (!nn_safetensors_meta(&r->state, SETTINGS)) {
		nn_text_add(&r->told,
		            "this state is of an earlier nncc and holds no options: give those "
		            "of the run again\n");
		return true;
	}
	for (int i = 0; i < OPTIONS; i++)
		if (!take_option(r, o, i, e))
			return false;
	return take_sets(r, m, o, e);
}

static bool bad_usage(const nn_options *o, nn_error *e)
{
	if (o->resume && (o->lr_find || o->overfit_batch))
		nn_fail(e, NN_EXIT_USAGE,
		        "%s begins anew: leave --resume out; --weights FILE starts from weights",
		        o->lr_find ? "--lr-find" : "--overfit-batch");
	else if (o->resume && o->overwrite)
		nn_fail(e, NN_EXIT_USAGE,
		        "--resume goes on, --overwrite starts anew: leave one out");
	else if (o->files)
		nn_fail(e, NN_EXIT_USAGE, "train: unexpected argument '%s'", o->file[0]);
	return e->code != 0;
}

bool nn_resume_open(nn_resume *r, const nn_model *model, nn_options *o, const char *out,
                    nn_error *e)
{
	unsigned there;
	if (bad_usage(o, e) || !look(out, &there, e))
		return false;
	r->occupied = there != 0;
	if (!o->resume)
		return !there || o->overwrite || only_tries(o) || refuse(out, e);
	if (nn_exists(out) && !o->dry_run && !lock(r, out, e))
		return false;
	if (!find_state(r, o, out, e))
		return false;
	if (!r->path[0])
		return true;
	if (!nn_state_open(&r->state, r->path, e))
		return false;
	r->found = true;
	if (*o->resume && r->occupied && !is_of(out, o->resume))
		return nn_fail(e, NN_EXIT_USAGE,
		               "%s: holds another run than %s is of; choose another --out", out,
		               o->resume);
	return take_options(r, model, o, e);
}

/* ---- what a state says of its run ------------------------------------------------------------ */

/* Elements that say nothing about how a run goes. Where the data are does not matter: their
 * fingerprint is compared. */
static bool matters(const nn_setting *t)
{
	return t->value && strcmp(t->element, "tune") != 0 && strcmp(t->element, "baseline") != 0 &&
	       (strcmp(t->element, "data") != 0 || strcmp(t->name, "root") != 0);
}

static void add_setting(nn_text *to, const nn_settings *s, const nn_setting *t)
{
	double value;
	nn_text_add(to, "%s %s=", t->element, t->name);
	if (nn_setting_value(s, t->value, &value))
		add_real(to, value);
	else
		for (const char *c = t->value; *c; c++)
			nn_text_add(to, "%c", *c == '\n' ? ' ' : *c);
	nn_text_add(to, "\n");
}

/* Whether an option or the state holds whatever a setting says. */
static bool is_replaced(const nn_options *o, const char *line)
{
	nn_text ignored = {0};
	bool replaced = !strncmp(line, "train seed=", 11);
	for (int i = 0; i < OPTIONS; i++) {
		size_t n = option[i].line ? strlen(option[i].line) : 0;
		if (n && !strncmp(line, option[i].line, n) && line[n] == '=')
			replaced = add_value(&ignored, o, i);
	}
	nn_text_free(&ignored);
	return replaced;
}

/* Notes the lines of `a` that `b` has otherwise (`now`: a is of now) or not at all. */
static void compare(nn_resume *r, const nn_options *o, const char *a, const char *b, bool now)
{
	for (const char *at = a; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		char key[256];
		size_t n = strcspn(at, "=\n"), len = 0;
		snprintf(key, sizeof key, "%.*s", (int)n, at);
		const char *value = at + n + (at[n] == '='), *other = find_line(b, key, &len);
		int own = (int)strcspn(value, "\n");
		char text[256];
		snprintf(text, sizeof text, "%.*s", own, value);
		bool same = other && equal(other, len, text);
		if (same || (other && !now))
			continue;
		const char *none = "none";
		other = other ? other : none;
		len = other == none ? strlen(none) : len;
		nn_text_add(&r->told, "<%s> %.*s now, %.*s before%s\n", key, now ? own : (int)len,
		            now ? value : other, now ? (int)len : own, now ? other : value,
		            is_replaced(o, at) ? "; what the run was started with holds" : "");
	}
}

static nn_text *add_pair(nn_resume *r, const char *key)
{
	r->pair[r->pairs].key = key;
	return &r->value[r->pairs++];
}

bool nn_resume_describe(nn_resume *r, const nn_options *o, const nn_settings *s, nn_error *e)
{
	for (int i = 0; i < OPTIONS; i++)
		if (add_value(&r->value[r->pairs], o, i))
			add_pair(r, option[i].key);
	nn_text *sets = add_pair(r, SETS), *settings = add_pair(r, SETTINGS);
	nn_text_reserve(sets, 1);
	nn_text_reserve(settings, 1);
	/* Of several for one <param> the last holds. */
	for (int k = 0; k < o->sets; k++) {
		bool again = false;
		for (int i = k + 1; i < o->sets; i++)
			again |= !strncmp(o->set[i], o->set[k], strcspn(o->set[k], "=") + 1);
		if (!again)
			nn_text_add(sets, "%s%s", sets->len ? "\n" : "", o->set[k]);
	}
	for (int i = 0; i < s->model->settings; i++)
		if (matters(&s->model->setting[i]))
			add_setting(settings, s, &s->model->setting[i]);
	bool failed = false;
	for (size_t i = 0; i < r->pairs; i++) {
		r->pair[i].value = r->value[i].at;
		failed |= r->value[i].failed;
	}
	if (failed)
		return nn_fail(e, NN_EXIT_MEMORY, "not enough memory for options");
	const char *then = r->found ? nn_safetensors_meta(&r->state, SETTINGS) : NULL;
	if (then) {
		compare(r, o, settings->at, then, true);
		compare(r, o, then, settings->at, false);
	}
	return true;
}

void nn_resume_tell(const nn_resume *r, const nn_options *o, const char *name, uint64_t step)
{
	if (!o->quiet)
		fprintf(stderr, "%s: going on after step %llu of %s%s%s\n", name,
		        (unsigned long long)step, r->path, r->kept.len ? ", with the run's" : "",
		        r->kept.len ? r->kept.at : "");
	for (const char *at = r->told.len ? r->told.at : ""; *at; at += strcspn(at, "\n") + 1) {
		char line[1024];
		snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
		nn_tell(name, line);
	}
}

void nn_resume_command(nn_text *t, const nn_options *o, const char *out)
{
	add_word(t, o->program);
	nn_text_add(t, " train --resume --out ");
	add_word(t, out);
	if (o->until > 0)
		nn_text_add(t, " --until %lld", (long long)o->until);
	if (o->threads > 0)
		nn_text_add(t, " -j %lld", (long long)o->threads);
}

void nn_resume_close(nn_resume *r)
{
	if (r->lock >= 0)
		close(r->lock);
	if (r->found)
		nn_safetensors_free(&r->state);
	nn_text *const text[] = {&r->sets, &r->data, &r->log, &r->kept, &r->told};
	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		nn_text_free(text[i]);
	for (int i = 0; i < NN_RUN_PAIRS; i++)
		nn_text_free(&r->value[i]);
	*r = (nn_resume){.lock = -1};
}
