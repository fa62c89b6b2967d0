/* train_open.c: the start of a training: data, memory, weights or the state to go on from.
 *
 * After nn_training_open nothing is allocated any more: the arena is touched, checkpoints and logs
 * have their buffers, the data are in memory. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../file/io.h"
#include "../data/shuffle.h"
#include "../net/tensor.h"
#include "train.h"

enum { OVERFIT_STEPS = 50, OVERFIT_EPOCHS = 20 };

static bool open_directory(nn_training *t, nn_error *e)
{
	nn_session *s = t->session;
	const nn_options *o = s->options;
	const char *out = s->out;
	if (!nn_join(t->last, out, "last.safetensors", e) ||
	    !nn_join(t->best, out, "best.safetensors", e) ||
	    !nn_join(t->state, out, "state.safetensors", e) ||
	    !nn_join(t->previous, out, "state.previous.safetensors", e))
		return false;
	t->saves = !o->dry_run && !o->lr_find && !o->overfit_batch;
	/* Where a run is, a try leaves nothing behind. */
	if (o->dry_run || (o->overfit_batch && s->resume.occupied))
		return true;
	if (!nn_resume_lock(&s->resume, o, out, e))
		return false;
	nn_clean_directory(out);
	return true;
}

static bool write_config(const nn_training *t, nn_error *e)
{
	char path[NN_PATH_MAX];
	const char *config = t->session->model->config;
	return !config || (nn_join(path, t->session->out, "config.xml", e) &&
	                   nn_write_file(path, config, strlen(config), e));
}

/* The state of a run that has not begun yet takes the place of one that was there by a single
 * rename; what else was there goes only then. So a run that is killed at any moment is the run
 * before or this one, and this one goes on as it was started. */
static bool start_run(nn_training *t, nn_error *e)
{
	static const char report[] = "report.html";
	char path[NN_PATH_MAX];
	const char *out = t->session->out;
	return nn_save_state(&t->checkpoint, t->state, NULL, &t->progress, e) &&
	       nn_remove_file(t->previous, e) && nn_remove_file(t->best, e) &&
	       nn_remove_file(t->last, e) && nn_log_remove(out, e) &&
	       nn_join(path, out, report, e) && nn_remove_file(path, e);
}

static bool open_monitor(nn_training *t, nn_error *e)
{
	const nn_settings *s = &t->session->settings;
	const char *what = nn_setting_text(s, "early_stopping", "monitor");
	const char *restore = nn_setting_text(s, "early_stopping", "restore_best");
	nn_monitor *m = &t->monitor;
	what = what ? what : "val_loss";
	m->validation = !strncmp(what, "val_", 4) && t->data.part[NN_VALIDATION].count > 0;
	m->accuracy = strstr(what, "accuracy") && s->model->classes > 0;
	m->restore = !restore || strcmp(restore, "false");
	t->progress.best = m->accuracy ? -INFINITY : INFINITY;
	t->progress.plateau_best = INFINITY;
	return nn_setting_number(s, "early_stopping", "patience", -1, &m->patience, e) &&
	       nn_setting_number(s, "early_stopping", "min_delta", 0, &m->min_delta, e);
}

/* --limit and --overfit-batch take from the front of the training part. */
static bool choose_items(nn_training *t, nn_error *e)
{
	nn_options *o = t->session->options;
	t->train = t->data.part[NN_TRAINING];
	if (o->limit > 0 && o->limit < t->train.count)
		t->train.count = o->limit;
	t->batch = o->batch_size > 0 ? o->batch_size : t->session->model->batch;
	int64_t steps = 1;
	if (o->overfit_batch) {
		t->train.count = t->batch < t->train.count ? t->batch : t->train.count;
		t->data.part[NN_VALIDATION].count = 0;
		steps = OVERFIT_STEPS;
	}
	t->order = nn_alloc((size_t)(t->train.count * steps), sizeof *t->order, "order", e);
	for (int64_t i = 0; t->order && o->overfit_batch && i < t->train.count * steps; i++)
		t->order[i] = t->train.index[i % t->train.count];
	t->train.count *= steps;
	return t->order != NULL;
}

/* A state whose classes or columns are others cannot be gone on with: its weights mean others. */
static bool same_meaning(const nn_training *t, const char *path, nn_error *e)
{
	const nn_session *s = t->session;
	nn_meaning then = {0};
	nn_text why = {0};
	bool ok = nn_meaning_load(&then, path, s->model->classes, e);
	if (ok && !nn_meaning_same(&then, &s->meaning, &why))
		ok = nn_fail(e, NN_EXIT_CHECKPOINT, "%s: was started on other data: %s", path,
		             why.at ? why.at : "");
	nn_text_free(&why);
	nn_meaning_close(&then);
	return ok;
}

static bool open_state(nn_training *t, const char *path, nn_error *e)
{
	nn_progress *p = &t->progress, now = *p;
	const nn_options *o = t->session->options;
	if (!nn_state_load(&t->net, &t->session->resume.state, &t->normalize, p, e))
		return false;
	if (o->seed >= 0 && o->seed != p->seed)
		return nn_fail(e, NN_EXIT_CHECKPOINT, "%s: was started with --seed %lld, not %lld",
		               path, (long long)p->seed, (long long)o->seed);
	if (p->batch != now.batch)
		return nn_fail(e, NN_EXIT_CHECKPOINT,
		               "%s: was started with --batch-size %lld, now "
		               "it is %lld",
		               path, (long long)p->batch, (long long)now.batch);
	if (p->items != now.items || strcmp(p->data, now.data))
		return nn_fail(e, NN_EXIT_CHECKPOINT,
		               "%s: was started on other training data (%lld "
		               "items; now %lld): give the same --data and --limit, or start anew",
		               path, (long long)p->items, (long long)now.items);
	if (p->position < 0 || p->position > p->items || p->epoch < 0)
		return nn_fail(e, NN_EXIT_CHECKPOINT, "%s: impossible counters", path);
	if (!same_meaning(t, path, e))
		return false;
	t->session->seed = (uint64_t)p->seed;
	nn_training_restore(t);
	nn_resume_tell(&t->session->resume, o, t->session->model->name, p->step);
	return true;
}

bool nn_training_begin(nn_training *t, nn_error *e)
{
	const nn_session *s = t->session;
	const char *weights = s->options->weights;
	return nn_initialise(t->net.program, t->net.arena, s->team, s->seed, e) &&
	       (!weights || nn_load_weights(&t->net, weights, NULL, e));
}

/* Weights of other classes may be what one wants to start from, but hardly without knowing it. */
static bool tell_meaning(const nn_training *t, const char *path, nn_error *e)
{
	const nn_session *s = t->session;
	nn_meaning then = {0};
	nn_text why = {0};
	bool ok = nn_meaning_load(&then, path, s->model->classes, e);
	if (ok && !nn_meaning_same(&then, &s->meaning, &why) && !s->options->quiet)
		fprintf(stderr, "%s: learnt on other data: %s\n", path, why.at ? why.at : "");
	nn_text_free(&why);
	nn_meaning_close(&then);
	return ok;
}

/* Weights: from a state, from --weights, or initial ones. */
static bool open_weights(nn_training *t, nn_error *e)
{
	nn_session *s = t->session;
	const nn_options *o = s->options;
	bool automatic = s->model->normalize && !strcmp(s->model->normalize, "auto");
	if (s->resume.found) {
		t->from = s->resume.path;
		return open_state(t, s->resume.path, e);
	}
	if (o->resume && !o->quiet)
		fprintf(stderr, "%s: nothing to resume, starting anew\n", t->state);
	if (automatic &&
	    !nn_normalize_measure(&t->normalize, &t->data.part[NN_TRAINING], s->team, e))
		return false;
	return nn_training_begin(t, e) && (!o->weights || tell_meaning(t, o->weights, e));
}

static bool open_memory(nn_training *t, nn_error *e)
{
	nn_session *s = t->session;
	return nn_normalize_open(&t->normalize, s->model, e) &&
	       nn_net_open(&t->net, s->model, s->model->fast, s->team, e) &&
	       nn_weigh_classes(&t->net, &t->data.part[NN_TRAINING], e) &&
	       nn_scorer_open(&t->scorer, &t->net, e) &&
	       nn_checkpoint_open(&t->checkpoint, &t->net, &t->normalize, &s->meaning,
	                          s->resume.pair, s->resume.pairs, e);
}

/* What is odd about the data, but not wrong, is told once. */
static bool tell_notes(const nn_training *t, nn_error *e)
{
	nn_text notes = {0};
	nn_data_notes(&t->data, t->session->model, &notes);
	if (notes.failed)
		nn_fail(e, NN_EXIT_MEMORY, "not enough memory for messages");
	else if (notes.len && !t->session->options->quiet)
		fputs(notes.at, stderr);
	nn_text_free(&notes);
	return !e->code;
}

/* What the report will need must not be missing after hours: it is mapped now, and unmapped when
 * the report takes the same. */
static bool reserve(nn_training *t, nn_error *e)
{
	size_t need =
	        nn_report_need(t->net.program, t->train.count + t->data.part[NN_VALIDATION].count);
	void *memory = mmap(NULL, need, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return nn_fail(e, NN_EXIT_MEMORY,
		               "not enough memory: the report at the end needs %.1f MiB besides",
		               (double)need / 1048576);
	t->reserve = memory;
	t->reserved = need;
	return true;
}

void nn_training_unreserve(nn_training *t)
{
	if (t->reserve)
		munmap(t->reserve, t->reserved);
	t->reserve = NULL;
}

/* Where the files of the run begin: with a state, then the logs. */
static bool open_files(nn_training *t, nn_error *e)
{
	const nn_session *s = t->session;
	/* A state of before the first step: what else is there is of a run before. */
	bool begun = s->resume.found && t->progress.step > 0;
	bool logs = t->saves || (s->options->overfit_batch && !s->resume.occupied);
	if (t->saves && (!write_config(t, e) || (!begun && !start_run(t, e))))
		return false;
	if (t->saves && !begun)
		t->from = t->state;
	t->saved = nn_clock_ms();
	if (!nn_log_open(&t->log, s->options, s->out, begun ? t->progress.log_bytes : NULL,
	                 (int64_t)t->progress.step, logs, e))
		return false;
	/* A state of another place is this one's, too. */
	return !begun || s->resume.occupied || nn_training_save(t, e);
}

bool nn_training_open(nn_training *t, nn_session *s, nn_error *e)
{
	const nn_options *o = s->options;
	unsigned parts = 1 << NN_TRAINING | (o->overfit_batch ? 0 : 1 << NN_VALIDATION);
	*t = (nn_training){.session = s};
	if (!nn_session_data(s, &t->data, parts, e) || !tell_notes(t, e) || !choose_items(t, e) ||
	    !open_monitor(t, e) || !open_directory(t, e) || !open_memory(t, e))
		return false;
	if (o->overfit_batch && t->session->options->epochs > OVERFIT_EPOCHS)
		t->session->options->epochs = OVERFIT_EPOCHS;
	int64_t whole = (t->train.count + t->batch - 1) / t->batch;
	double epoch_steps = (double)whole;
	if (!nn_schedule_open(&t->schedule, &s->settings, s->hyper[0], epoch_steps,
	                      epoch_steps * (double)o->epochs, e))
		return false;
	t->progress.seed = (int64_t)s->seed;
	t->progress.batch = t->batch;
	t->progress.items = t->train.count;
	memcpy(t->progress.data, t->data.fingerprint, sizeof t->progress.data);
	if (t->saves && !reserve(t, e))
		return false;
	if (!open_weights(t, e) || !nn_feed_open(&t->feed, &t->net, &t->normalize, e))
		return false;
	/* After open_weights: a resumed run keeps its seed. One batch is learnt as it is. */
	if (!o->overfit_batch &&
	    !nn_augment_open(&t->augment, &s->settings, s->seed, nn_team_threads(s->team), e))
		return false;
	nn_run run = nn_session_run(s, 1);
	nn_net_prepare(&t->net, &run);
	return open_files(t, e);
}

void nn_training_close(nn_training *t)
{
	if (t->found_best)
		nn_file_abandon(&t->best_file);
	nn_log_close(&t->log);
	nn_feed_close(&t->feed);
	nn_augment_close(&t->augment);
	nn_checkpoint_close(&t->checkpoint);
	nn_scorer_close(&t->scorer);
	nn_net_close(&t->net);
	nn_normalize_close(&t->normalize);
	nn_data_close(&t->data);
	free(t->order);
	nn_training_unreserve(t);
}
