/* verb_tune.c: the verb tune: trains the network with many values of its <param>s.
 *
 *     in    <param>s with a range, <tune trials sampler objective epochs>
 *     out   OUT/trials.csv, a line a trial; OUT/trials/NNN, the run of each; the best on stdout
 *
 * random and grid train every point for all epochs. halving (Jamieson and Talwalkar 2016) trains
 * all of them a little, a third of them three times as long, and so on; those that go on
 * resume, under the schedule of a whole training. What decides is measured on the
 * validation split only; the test split is not opened.
 *
 * The whole search is a function of the description and the seed, and every result is on the disk
 * before the next trial starts: begun again, it goes on where it was, however it ended. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../file/io.h"
#include "../base/stop.h"
#include "tune.h"

enum { RUNGS = 16 };

static bool whole(const nn_session *s, const char *name, double fallback, int64_t *value,
                  nn_error *e)
{
	double x;
	if (!nn_setting_number(&s->settings, "tune", name, fallback, &x, e))
		return false;
	if (!(x >= 1 && x <= 1e9) || x != floor(x))
		return nn_fail(e, NN_EXIT_USAGE,
		               "<tune %s>: expected a whole number from 1, found %g", name, x);
	*value = (int64_t)x;
	return true;
}

/* The test split is nobody's business here, so there must be another. */
static bool has_validation(const nn_session *s, nn_error *e)
{
	const char *format = nn_setting_text(&s->settings, "data", "format");
	double share = 0;
	if (!nn_setting_number(&s->settings, "data", "validation", 0, &share, e))
		return false;
	for (int i = 0; i < s->model->sources; i++)
		if (!strcmp(s->model->source[i].split, "validation"))
			share = 1;
	return share > 0 || (format && !strcmp(format, "synthetic")) ||
	       nn_fail(e, NN_EXIT_USAGE,
	               "tune compares on validation data, and <data> has none: give "
	               "validation=\"0.1\" or a <validation>");
}

static bool open_tune(nn_tune *t, nn_session *s, bool *grid, bool *halving, nn_error *e)
{
	const nn_options *o = s->options;
	const char *objective = nn_setting_text(&s->settings, "tune", "objective");
	const char *sampler =
	        o->sampler ? o->sampler : nn_setting_text(&s->settings, "tune", "sampler");
	int64_t trials = 0;
	*t = (nn_tune){.session = s};
	t->more = s->model->classes > 0 && (!objective || strcmp(objective, "val_loss"));
	t->objective = t->more ? "val_accuracy" : "val_loss";
	*grid = sampler && !strcmp(sampler, "grid");
	*halving = sampler && !strcmp(sampler, "halving");
	if (!whole(s, "trials", 20, &trials, e) ||
	    !whole(s, "epochs", (double)o->epochs, &t->epochs, e) || !has_validation(s, e) ||
	    !nn_space_open(&t->space, &s->settings, o->set, o->sets, e))
		return false;
	trials = o->trials > 0 ? o->trials : trials;
	t->epochs = o->epochs_given ? o->epochs : t->epochs;
	if (trials > NN_TUNE_TRIALS || t->epochs < 1)
		return nn_fail(
		        e, NN_EXIT_USAGE,
		        "tune: expected up to %d trials of at least one epoch, found %lld of "
		        "%lld",
		        NN_TUNE_TRIALS, (long long)trials, (long long)t->epochs);
	t->point = nn_alloc((size_t)(trials + 1) * (size_t)t->space.dims, sizeof *t->point,
	                    "the trials", e);
	if (!t->point)
		return false;
	t->trials = nn_space_fill(&t->space, *grid, (int)trials, s->seed, t->point);
	if (t->trials < trials && !o->quiet)
		fprintf(stderr, "%s: there are only %d different trials\n", s->model->name,
		        t->trials);
	nn_tune_find_compiler(t);
	return true;
}

static bool open_directory(nn_tune *t, int *lock, nn_error *e)
{
	const char *out = t->session->out;
	if (!nn_make_directories(out, e) || !nn_join(t->path, out, "trials.csv", e))
		return false;
	*lock = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*lock < 0 || !nn_lock(*lock))
		return nn_fail(e, NN_EXIT_IO,
		               "%s: another training or search is writing there; choose another "
		               "--out",
		               out);
	if (!nn_tune_open_table(t, e))
		return false;
	if (t->dones && !t->session->options->quiet)
		fprintf(stderr, "%s: going on after %d results\n", t->path, t->dones);
	return true;
}

static void tell(const nn_tune *t, const nn_trial *r)
{
	const nn_trial *best = nn_tune_best(t);
	fprintf(stderr, "trial %d/%d ", r->number, t->trials);
	for (int d = 0; d < t->space.dims; d++) {
		char text[32];
		nn_space_text(text, t->point[(r->number - 1) * t->space.dims + d]);
		fprintf(stderr, " %s %s", t->space.dim[d].param->name, text);
	}
	fprintf(stderr, "  epochs %lld  ", (long long)r->epochs);
	if (isfinite(r->value))
		fprintf(stderr, "%s %.6g", t->objective, r->value);
	else
		fprintf(stderr, "no result");
	if (best)
		fprintf(stderr, "  best %.6g (trial %d)", best->value, best->number);
	fprintf(stderr, "  %.1f s\n", r->seconds);
}

/* The result of a trial after so many epochs: from the table, or by training. */
static const nn_trial *result(nn_tune *t, int number, int64_t epochs, nn_error *e)
{
	const nn_session *s = t->session;
	const nn_trial *known = nn_tune_known(t, number, epochs);
	nn_trial r = {.number = number, .epochs = epochs};
	if (known)
		return known;
	bool ok = nn_tune_run(t, &r, e);
	if (nn_stop_asked()) {
		*e = (nn_error){0};
		nn_fail(e, 128 + nn_stop_asked(),
		        "stopped with %d results in %s; go on with: %s tune --out %s and the same "
		        "options",
		        t->dones, t->path, s->options->program, s->out);
		return NULL;
	}
	if (!ok || !nn_tune_add(t, &r, e))
		return NULL;
	if (!s->options->quiet)
		tell(t, &t->done[t->dones - 1]);
	return &t->done[t->dones - 1];
}

/* Trains those of trial[0..count-1], and sorts them by what came out. */
static bool rung(nn_tune *t, int *trial, int count, int64_t epochs, nn_error *e)
{
	for (int i = 0; i < count; i++) {
		const nn_trial *r = result(t, trial[i], epochs, e);
		int number = trial[i], k = i;
		if (!r)
			return false;
		double value = r->value;
		for (; k > 0; k--) {
			if (!nn_tune_better(t, value,
			                    nn_tune_known(t, trial[k - 1], epochs)->value))
				break;
			trial[k] = trial[k - 1];
		}
		trial[k] = number;
	}
	return true;
}

/* Rung k of `rungs` trains trials / 3^k of them for epochs / 3^(rungs - 1 - k). */
static bool search(nn_tune *t, bool halving, nn_error *e)
{
	int *trial = nn_alloc((size_t)t->trials, sizeof *trial, "the trials", e);
	int count = t->trials, rungs = 1;
	int64_t least = t->epochs;
	for (int i = 0; trial && i < count; i++)
		trial[i] = i + 1;
	for (int n = count / 3; halving && n > 0 && least >= 3 && rungs < RUNGS; n /= 3) {
		least /= 3;
		rungs++;
	}
	bool ok = trial != NULL;
	for (int k = 0; ok && k < rungs; k++) {
		int64_t epochs = t->epochs;
		for (int later = k + 1; later < rungs; later++)
			epochs /= 3;
		ok = rung(t, trial, count, epochs, e);
		count = count / 3 > 0 ? count / 3 : 1;
	}
	free(trial);
	return ok;
}

bool nn_verb_tune(nn_session *s, nn_error *e)
{
	/* Static for its size: paths and tables. */
	static nn_tune tune;
	nn_tune *t = &tune;
	bool grid, halving;
	int lock = -1;
	if (s->options->files)
		return nn_fail(e, NN_EXIT_USAGE, "tune: unexpected argument '%s'",
		               s->options->file[0]);
	bool ok = open_tune(t, s, &grid, &halving, e) && open_directory(t, &lock, e) &&
	          search(t, halving, e) && nn_tune_report(t, e);
	if (ok && s->options->write)
		ok = nn_tune_write(t, s->options->write, e);
	free(t->point);
	free(t->done);
	if (lock >= 0)
		close(lock);
	return ok;
}
