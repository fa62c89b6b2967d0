/* tune_run.c: one trial of a search, as a run of a trainer with a directory of its own.
 *
 *     ./lenet5 train --out OUT/trials/007 --resume --set lr=0.00217 --epochs 3 ...
 *
 * A value on which shapes depend wants another trainer: nncc makes it from the description that
 * this one holds, with -D, as OUT/trainers/HASH where HASH is of all that decides about it, so that
 * it is made once. It is written under another name first: a file that is there is complete.
 *
 * --resume lets a trial that was interrupted go on to the same bits. When tune itself is killed,
 * the kernel kills the trial too (NN_PARENT, trainer.c), so that its directory is free for the next
 * attempt. Programs are started with posix_spawn and an argument vector, without a shell. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../base/calc.h"
#include "../file/io.h"
#include "../base/sha256.h"
#include "../base/stop.h"
#include "../base/text.h"
#include "tune.h"

enum { WORDS = 64 + 4 * NN_TUNE_DIMS + 2 * NN_SETS_MAX, LOG_MAX = 64 << 20, SAID_MAX = 1 << 16 };

/* unistd.h has it only for GNU's dialect. NOLINTNEXTLINE(readability-redundant-declaration) */
extern char **environ;

/* An argument vector: words one after the other in a text, each ended by a zero byte. */
typedef struct words {
	nn_text text;    /* the bytes                    */
	int count;       /* words                        */
	char *at[WORDS]; /* filled by start              */
} words;

static void add(words *w, const char *word)
{
	nn_text_add(&w->text, "%s", word);
	nn_text_reserve(&w->text, w->text.len + 1);
	w->text.len += !w->text.failed;
	w->count++;
}

static void add_pair(words *w, const char *option, const char *name, const char *value)
{
	char pair[512];
	snprintf(pair, sizeof pair, "%s=%s", name, value);
	add(w, option);
	add(w, pair);
}

static void add_number(words *w, const char *option, int64_t value)
{
	char text[32];
	snprintf(text, sizeof text, "%lld", (long long)value);
	add(w, option);
	add(w, text);
}

/* Waits for a child; passes on the signal that asks this process to stop. */
static int wait_for(pid_t pid)
{
	bool told = false;
	int status;
	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);
		if (ended == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (ended < 0 && errno != EINTR)
			return NN_EXIT_INTERNAL;
		if (nn_stop_asked() && !told)
			told = kill(pid, SIGTERM) == 0;
		nanosleep(&(struct timespec){.tv_nsec = 4000000}, NULL);
	}
}

/* What this process ignores (stop.c) a child does not. */
static int open_ways(posix_spawnattr_t *ways)
{
	sigset_t ignored;
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	sigaddset(&ignored, SIGXFSZ);
	int error = posix_spawnattr_init(ways);
	error = error ? error : posix_spawnattr_setsigdefault(ways, &ignored);
	return error ? error : posix_spawnattr_setflags(ways, POSIX_SPAWN_SETSIGDEF);
}

/* Runs program w with both outputs to the file `said`; its exit status, or -1 with a message. */
static int run(words *w, const char *program, const char *said, nn_error *e)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t ways;
	char parent[64];
	pid_t pid;
	char *at = w->text.at;
	if (w->text.failed || w->count >= WORDS) {
		nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the arguments of %s", program);
		return -1;
	}
	for (int i = 0; i < w->count; i++, at += strlen(at) + 1)
		w->at[i] = at;
	w->at[w->count] = NULL;
	snprintf(parent, sizeof parent, "%ld", (long)getpid());
	setenv("NN_PARENT", parent, 1);
	int error = open_ways(&ways);
	error = error ? error : posix_spawn_file_actions_init(&files);
	if (!error) {
		int flags = O_WRONLY | O_CREAT | O_TRUNC;
		error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null",
		                                         O_RDONLY, 0);
		error = error ? error
		              : posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, said, flags,
		                                                 0644);
		error = error ? error
		              : posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO,
		                                                 STDERR_FILENO);
		error = error ? error : posix_spawn(&pid, program, &files, &ways, w->at, environ);
		posix_spawn_file_actions_destroy(&files);
		posix_spawnattr_destroy(&ways);
	}
	unsetenv("NN_PARENT");
	if (!error)
		return wait_for(pid);
	nn_fail(e, NN_EXIT_IO, "cannot start %s: %s", program, strerror(error));
	return -1;
}

/* What a program said last goes into the message. */
static bool failed(const char *what, int status, const char *said, nn_error *e)
{
	char *text = NULL;
	size_t count = 0;
	nn_error ignored = {0};
	if (nn_stop_asked())
		return nn_fail(e, 128 + nn_stop_asked(), "stopped");
	if (nn_read_file(said, SAID_MAX, &text, &count, &ignored))
		while (count > 0 && text[count - 1] == '\n')
			text[--count] = 0;
	char *last = text ? strrchr(text, '\n') : NULL;
	nn_fail(e, status > 0 && status < 128 ? status : NN_EXIT_FAILED,
	        "%s ended with exit status %d: %s (all of it is in %s)", what, status,
	        last   ? last + 1
	        : text ? text
	               : "",
	        said);
	free(text);
	return false;
}

/* ---- trainers ------------------------------------------------------------------------------ */

void nn_tune_find_compiler(nn_tune *t)
{
	const char *given = getenv("NNCC"), *path = getenv("PATH");
	const char *recorded = t->session->model->nncc;
	bool named = given && *given;
	if (!named)
		given = recorded;
	snprintf(t->nncc, sizeof t->nncc, "%s", given && !access(given, X_OK) ? given : "");
	if (named || t->nncc[0])
		return;
	for (path = path ? path : ""; *path; path += strspn(path, ":")) {
		size_t n = strcspn(path, ":");
		snprintf(t->nncc, sizeof t->nncc, "%.*s/nncc", (int)n, path);
		if (!access(t->nncc, X_OK))
			return;
		path += n;
	}
	t->nncc[0] = 0;
}

static const double *point_of(const nn_tune *t, int number)
{
	return t->point + (ptrdiff_t)(number - 1) * t->space.dims;
}

static bool differs(const nn_tune *t, int number, int d)
{
	return point_of(t, number)[d] != t->space.dim[d].written;
}

/* Whether this very trainer refuses a value on which no shape depends: a number of the update that
 * was 0 when it was compiled has left no trace in it. */
static bool left_out(const nn_tune *t, int number, int d)
{
	static nn_settings s;
	const nn_options *o = t->session->options;
	const char *set[NN_SETS_MAX + 1];
	char text[32], pair[512];
	double hyper[NN_HYPERS];
	nn_error ignored = {0};
	if (t->space.dim[d].param->fixed_by || !differs(t, number, d))
		return false;
	nn_space_text(text, point_of(t, number)[d]);
	snprintf(pair, sizeof pair, "%s=%s", t->space.dim[d].param->name, text);
	memcpy(set, o->set, (size_t)o->sets * sizeof *set);
	set[o->sets] = pair;
	return !nn_settings_open(&s, t->session->model, set, o->sets + 1, &ignored) ||
	       !nn_setting_hypers(&s, hyper, &ignored);
}

/* Any value but 0 brings the number back; --set does the rest, so all trials share the trainer. */
static double some_value(const nn_dimension *d)
{
	double most = d->choices ? d->choice[0] : d->high;
	for (int i = 1; i < d->choices; i++)
		most = fabs(d->choice[i]) > fabs(most) ? d->choice[i] : most;
	return most;
}

/* The options that this trainer was compiled with, but -D: the description holds its values. */
static void add_compile_options(words *w, const char *options)
{
	char word[256];
	for (bool skip = false; *options; options += strspn(options, " ")) {
		size_t n = strcspn(options, " ");
		snprintf(word, sizeof word, "%.*s", (int)n, options);
		if (!skip && strcmp(word, "-D"))
			add(w, word);
		skip = !skip && !strcmp(word, "-D");
		options += n;
	}
}

/* The values that are compiled into a trial's trainer; none: it is this one. */
static void add_definitions(const nn_tune *t, int number, words *w)
{
	for (int d = 0; d < t->space.dims; d++) {
		const nn_dimension *dim = &t->space.dim[d];
		char text[32];
		bool brought = left_out(t, number, d);
		if (!brought && (!dim->param->fixed_by || !differs(t, number, d)))
			continue;
		nn_space_text(text, brought ? some_value(dim) : point_of(t, number)[d]);
		add_pair(w, "-D", dim->param->name, text);
	}
}

static bool no_compiler(nn_error *e, const nn_model *m)
{
	const char *given = getenv("NNCC");
	if (given && *given)
		return nn_fail(e, NN_EXIT_INPUT,
		               "some values of this search want another trainer, and NNCC=%s is no "
		               "program that could compile it",
		               given);
	return nn_fail(e, NN_EXIT_INPUT,
	               "some values of this search want another trainer, and there is no nncc to "
	               "compile it: %s%s, and PATH has none. Set NNCC=/path/to/nncc, or leave the "
	               "ranges of such <param>s out",
	               m->nncc ? m->nncc : "this trainer was not told of one",
	               m->nncc ? " is gone" : "");
}

static bool compile(nn_tune *t, words *w, const char *trainer, const char *said, int *status,
                    nn_error *e)
{
	char xml[NN_PATH_MAX], made[NN_PATH_MAX];
	const nn_session *s = t->session;
	if (!t->nncc[0])
		return no_compiler(e, s->model);
	if (!nn_join(xml, s->out, "trainers/network.xml", e) ||
	    !nn_write_file(xml, s->model->config, strlen(s->model->config), e))
		return false;
	int len = snprintf(made, sizeof made, "%s.%ld", trainer, (long)getpid());
	if (len >= (int)sizeof made)
		return nn_fail(e, NN_EXIT_INPUT, "%.200s...: path too long", trainer);
	add(w, "-o");
	add(w, made);
	add(w, xml);
	*status = run(w, t->nncc, said, e);
	if (*status == 0 && rename(made, trainer) != 0)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot rename: %s", made, strerror(errno));
	return *status >= 0;
}

/* Puts the program of a trial into `trainer`; *status is not 0 when its network is none. */
static bool find_trainer(nn_tune *t, int number, char trainer[NN_PATH_MAX], int *status,
                         nn_error *e)
{
	words w = {.count = 0};
	const nn_model *m = t->session->model;
	nn_sha256 sum;
	char hex[65], name[128], said[NN_PATH_MAX];
	add(&w, "nncc");
	add_compile_options(&w, m->options ? m->options : "");
	int before = w.count;
	add_definitions(t, number, &w);
	nn_sha256_start(&sum);
	nn_sha256_add(&sum, m->config, strlen(m->config));
	nn_sha256_add(&sum, w.text.at, w.text.len);
	nn_sha256_hex(&sum, hex);
	*status = 0;
	bool ok = nn_join(trainer, "", "/proc/self/exe", e);
	if (w.count > before) {
		snprintf(name, sizeof name, "trainers/%.16s", hex);
		ok = nn_join(trainer, t->session->out, "trainers", e) &&
		     nn_make_directories(trainer, e) && nn_join(trainer, t->session->out, name, e);
		snprintf(name, sizeof name, "trainers/%.16s.txt", hex);
		ok = ok && nn_join(said, t->session->out, name, e) &&
		     (nn_exists(trainer) || compile(t, &w, trainer, said, status, e));
		/* 1: the network is wrong, with these values. */
		if (ok && *status > 1)
			ok = failed("nncc", *status, said, e);
	}
	nn_text_free(&w.text);
	return ok;
}

/* ---- trials -------------------------------------------------------------------------------- */

static void trial_arguments(const nn_tune *t, const nn_trial *r, const char *out, words *w)
{
	const nn_options *o = t->session->options;
	char text[32];
	add(w, o->program);
	add(w, "train");
	add(w, "--resume");
	add(w, "--progress=none");
	add(w, "-q");
	add(w, "--out");
	add(w, out);
	add_number(w, "--epochs", t->epochs);
	if (r->epochs < t->epochs)
		add_number(w, "--until", r->epochs);
	add_number(w, "--seed", (int64_t)t->session->seed);
	if (o->threads > 0)
		add_number(w, "--threads", o->threads);
	if (o->limit > 0)
		add_number(w, "--limit", o->limit);
	if (o->batch_size > 0)
		add_number(w, "--batch-size", o->batch_size);
	if (o->data) {
		add(w, "--data");
		add(w, o->data);
	}
	for (int k = 0; k < o->sets; k++) {
		add(w, "--set");
		add(w, o->set[k]);
	}
	for (int d = 0; d < t->space.dims; d++) {
		if (t->space.dim[d].param->fixed_by || !differs(t, r->number, d))
			continue;
		nn_space_text(text, point_of(t, r->number)[d]);
		add_pair(w, "--set", t->space.dim[d].param->name, text);
	}
}

/* Field `column` of a line of CSV as a number; NaN where it is empty or missing. */
static double field(const char *line, int column)
{
	char word[64];
	double value;
	for (; column > 0; column--) {
		line += strcspn(line, ",\n");
		if (*line != ',')
			return NAN;
		line++;
	}
	size_t n = strcspn(line, ",\n");
	snprintf(word, sizeof word, "%.*s", (int)(n < 63 ? n : 63), line);
	return nn_parse_double(word, &value) ? value : NAN;
}

/* Looks through the epochs of log.csv for the best of the objective. */
static bool read_log(const nn_tune *t, const char *out, nn_trial *r, nn_error *e)
{
	char path[NN_PATH_MAX], *text;
	size_t count;
	if (!nn_join(path, out, "log.csv", e) || !nn_read_file(path, LOG_MAX, &text, &count, e))
		return false;
	int column = 0;
	size_t len = strlen(t->objective);
	const char *at = text;
	while (strncmp(at, t->objective, len) || (at[len] != ',' && at[len] != '\n')) {
		at += strcspn(at, ",\n");
		if (*at != ',')
			break;
		at++;
		column++;
	}
	for (at += strcspn(at, "\n"); *at; at += strcspn(at, "\n")) {
		at++;
		double epoch = field(at, 0), value = field(at, column);
		if (epoch >= 0 && epoch <= (double)r->epochs &&
		    nn_tune_better(t, value, r->value)) {
			r->value = value;
			r->best_epoch = (int64_t)epoch;
		}
	}
	free(text);
	return isfinite(r->value) ||
	       nn_fail(e, NN_EXIT_INPUT, "%s: has no %s: tune needs validation data", path,
	               t->objective);
}

static bool train(nn_tune *t, nn_trial *r, const char *trainer, nn_error *e)
{
	char name[64], out[NN_PATH_MAX], said[NN_PATH_MAX];
	words w = {.count = 0};
	snprintf(name, sizeof name, "trials/%03d", r->number);
	if (!nn_join(out, t->session->out, name, e) || !nn_make_directories(out, e) ||
	    !nn_join(said, out, "said.txt", e))
		return false;
	trial_arguments(t, r, out, &w);
	int status = run(&w, trainer, said, e);
	nn_text_free(&w.text);
	if (status < 0)
		return false;
	if (nn_stop_asked())
		return nn_fail(e, 128 + nn_stop_asked(), "stopped");
	if (status == NN_EXIT_NOT_FINITE || status == NN_EXIT_MEMORY) {
		r->outcome = status == NN_EXIT_MEMORY ? NN_TRIAL_MEMORY : NN_TRIAL_DIVERGED;
		return true;
	}
	return status == 0 ? read_log(t, out, r, e) : failed(name, status, said, e);
}

bool nn_tune_run(nn_tune *t, nn_trial *r, nn_error *e)
{
	char trainer[NN_PATH_MAX];
	double started = nn_clock_ms();
	int status;
	r->value = NAN;
	r->best_epoch = 0;
	r->outcome = NN_TRIAL_OK;
	if (!find_trainer(t, r->number, trainer, &status, e))
		return false;
	if (status)
		r->outcome = NN_TRIAL_SHAPE;
	else if (!train(t, r, trainer, e))
		return false;
	r->seconds = (nn_clock_ms() - started) / 1000;
	return true;
}
