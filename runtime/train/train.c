/* train.c: the verb train: epochs, steps, validation, checkpoints, and when to stop.
 *
 *     for each epoch      order of the images = permutation keyed by (seed, epoch)
 *       for each batch    fill, step, look at the loss and the signals
 *       validation, best weights, log, checkpoint
 *
 * A training that stops anywhere between two steps and resumes gives the same bits as one that
 * never stopped: all that is carried over is in nn_progress and the tensors (checkpoint.c). */
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../file/io.h"
#include "../data/shuffle.h"
#include "../base/stop.h"
#include "../net/tensor.h"

double nn_save_seconds = 10;

/* A save may take a twentieth of the time. */
static const double SAVE_SHARE = 20;

/* The best weights get their name together with the state that knows of them: what is on the disk
 * is of one moment. */
static bool save_best(nn_training *t, nn_error *e)
{
	if (!t->found_best)
		return true;
	t->found_best = false;
	return nn_file_commit(&t->best_file, NULL, e);
}

bool nn_training_save(nn_training *t, nn_error *e)
{
	nn_progress *p = &t->progress;
	double started = nn_clock_ms();
	if (!t->saves)
		return true;
	p->position = t->score.count;
	p->loss_sum = t->score.loss_sum;
	p->correct = t->score.correct;
	p->cuts = t->schedule.cuts;
	p->plateau_waited = t->schedule.waited;
	p->plateau_best = t->schedule.best;
	p->log_bytes[0] = t->log.bytes[0];
	p->log_bytes[1] = t->log.bytes[1];
	if (!nn_log_sync(&t->log, e) || !save_best(t, e) ||
	    !nn_save_weights(&t->checkpoint, t->last, e) ||
	    !nn_save_state(&t->checkpoint, t->state, t->previous, p, e))
		return false;
	t->from = t->state;
	t->changed = false;
	t->saved = nn_clock_ms();
	t->save_ms = t->saved - started;
	return true;
}

/* Whether the last save is long enough ago. */
static bool is_due(const nn_training *t)
{
	double least = fmax(nn_save_seconds * 1000, SAVE_SHARE * t->save_ms);
	return nn_save_seconds <= 0 || nn_clock_ms() - t->saved >= least;
}

bool nn_training_batch(nn_training *t, int64_t at, uint64_t number, nn_run *run, nn_error *e)
{
	int64_t left = t->train.count - at;
	*run = nn_session_run(t->session, (int)(left < t->batch ? left : t->batch));
	run->step = number;
	nn_schedule_hypers(&t->schedule, (double)number, run->hyper);
	t->augment.epoch = (uint64_t)t->progress.epoch;
	t->feed.augment = t->augment.changes ? &t->augment : NULL;
	bool ok = nn_feed_fill(&t->feed, t->train.items, t->order + at, run->live, e);
	t->feed.augment = NULL;
	return ok;
}

/* The order of the items in the epoch that t->progress names. */
static void shuffle(nn_training *t)
{
	if (!t->session->options->overfit_batch)
		nn_shuffle(t->order, t->train.index, t->train.count, t->session->seed,
		           (uint64_t)t->progress.epoch);
}

/* What the end of an epoch changes beside the log: the schedule looks at the loss. */
static bool judge_epoch(nn_training *t, nn_score *validation, nn_error *e)
{
	nn_part *part = &t->data.part[NN_VALIDATION];
	nn_run run = nn_session_run(t->session, 1);
	run.step = t->progress.step;
	if (!nn_evaluate(validation, &t->scorer, &t->feed, part, run, e))
		return false;
	nn_schedule_epoch(&t->schedule, nn_score_loss(part->count ? validation : &t->score));
	t->progress.epoch++;
	t->score = (nn_score){0};
	return true;
}

/* Repeats the steps from t->progress up to `last`, looking at every tensor after each: the loss
 * notices a bad weight only one step later, and then everything is bad. *first becomes the step
 * after which a tensor was bad for the first time. */
static const nn_tensor *find_bad(nn_training *t, uint64_t last, uint64_t *first)
{
	nn_error ignored = {0};
	nn_run run = nn_session_run(t->session, 1);
	nn_net_prepare(&t->net, &run);
	shuffle(t);
	while (t->progress.step <= last) {
		nn_score score = {0};
		if (t->score.count >= t->train.count) {
			if (!judge_epoch(t, &score, &ignored))
				return NULL;
			shuffle(t);
			continue;
		}
		int64_t at = t->score.count;
		if (!nn_training_batch(t, at, t->progress.step++, &run, &ignored))
			return NULL;
		nn_net_step(&t->net, &run, NULL);
		nn_score_add(&t->score, &t->scorer, t->train.items, t->order + at, run.live);
		const nn_tensor *bad = nn_net_not_finite(&t->net, run.live, true);
		*first = run.step;
		if (bad)
			return bad;
	}
	return NULL;
}

/* Goes back to the last saved state, or to the beginning, and repeats what came since. */
static const nn_tensor *replay(nn_training *t, uint64_t last, uint64_t *first)
{
	nn_error ignored = {0};
	nn_progress now = t->progress;
	nn_score score = t->score;
	const nn_tensor *bad = NULL;
	t->progress = (nn_progress){.plateau_best = INFINITY};
	bool ok = t->from ? nn_load_state(&t->net, t->from, NULL, &t->progress, &ignored)
	                  : nn_training_begin(t, &ignored);
	if (ok) {
		nn_training_restore(t);
		bad = find_bad(t, last, first);
	}
	t->progress = now;
	t->score = score;
	return bad;
}

void nn_training_restore(nn_training *t)
{
	const nn_progress *p = &t->progress;
	t->score = (nn_score){.loss_sum = p->loss_sum, .count = p->position, .correct = p->correct};
	t->schedule.cuts = (int)p->cuts;
	t->schedule.waited = (int)p->plateau_waited;
	t->schedule.best = p->plateau_best;
}

/* After a step whose loss was not finite. */
static bool not_finite(nn_training *t, const nn_run *run, nn_error *e)
{
	uint64_t first = run->step;
	nn_error ignored = {0};
	/* Better than nothing, and of before. */
	save_best(t, &ignored);
	const nn_tensor *bad = replay(t, run->step, &first);
	return nn_fail(e, NN_EXIT_NOT_FINITE,
	               "the loss is not finite in step %llu (epoch %lld, learning rate %g); the "
	               "first tensor with a NaN or an infinity is %s, in step %llu. %s%s. Try a "
	               "smaller --lr, or grad_clip",
	               (unsigned long long)run->step + 1, (long long)t->progress.epoch + 1,
	               run->hyper[0], bad ? bad->name : "the output", (unsigned long long)first + 1,
	               t->from ? "The last good state is kept in " : "No state was saved before",
	               t->from ? t->from : "");
}

/* The next optimizer step of the epoch. */
static bool step(nn_training *t, nn_record *r, nn_error *e)
{
	int64_t at = t->score.count;
	nn_run run;
	if (!nn_training_batch(t, at, t->progress.step, &run, e))
		return false;
	nn_net_step(&t->net, &run, NULL);
	if (!isfinite(nn_net_loss(&t->net)))
		return not_finite(t, &run, e);
	nn_score_add(&t->score, &t->scorer, t->train.items, t->order + at, run.live);
	t->progress.step++;
	t->changed = true;
	r->lr = run.hyper[0];
	r->step = (int64_t)t->progress.step;
	r->loss = nn_score_loss(&t->score);
	r->accuracy = nn_score_accuracy(&t->score, t->session->model);
	return true;
}

/* Whether `value` is better than the best so far; counts epochs without progress. */
static bool is_better(nn_training *t, const nn_record *r)
{
	const nn_monitor *m = &t->monitor;
	double loss = m->validation ? r->val_loss : r->loss;
	double accuracy = m->validation ? r->val_accuracy : r->accuracy;
	nn_progress *p = &t->progress;
	double value = m->accuracy ? accuracy : loss;
	bool better = m->accuracy ? value > p->best + m->min_delta : value < p->best - m->min_delta;
	p->waited = better ? 0 : p->waited + 1;
	if (better) {
		p->best = value;
		p->best_epoch = p->epoch;
	}
	return better;
}

/* Writes the weights beside their place; nothing is waited for. */
static bool keep_best(nn_training *t, nn_error *e)
{
	if (t->found_best)
		nn_file_abandon(&t->best_file);
	t->found_best = nn_put_weights(&t->checkpoint, &t->best_file, t->best, e);
	return t->found_best;
}

static bool end_epoch(nn_training *t, nn_record *r, double started, nn_error *e)
{
	nn_score score = {0};
	int64_t trained = t->score.count - t->progress.position;
	double seconds = (nn_clock_ms() - started) / 1000;
	r->images_per_second = (double)trained / fmax(seconds, 1e-9);
	if (!judge_epoch(t, &score, e))
		return false;
	r->val_loss = nn_score_loss(&score);
	r->val_accuracy = nn_score_accuracy(&score, t->session->model);
	r->seconds = (nn_clock_ms() - started) / 1000;
	t->changed = true;
	bool better = is_better(t, r);
	double patience = t->monitor.patience;
	t->progress.finished = patience >= 0 && !better && (double)t->progress.waited >= patience;
	if (better && t->saves && !keep_best(t, e))
		return false;
	return nn_log_epoch(&t->log, r, e) && (!is_due(t) || nn_training_save(t, e));
}

static bool stopped(nn_training *t, int signal, nn_error *e)
{
	const nn_session *s = t->session;
	nn_text command = {0};
	if (t->changed && !nn_training_save(t, e))
		return false;
	nn_log_clear(&t->log);
	if (!t->saves)
		return nn_fail(e, 128 + signal, "stopped at step %llu; nothing of it is kept",
		               (unsigned long long)t->progress.step);
	nn_resume_command(&command, s->options, s->out);
	nn_fail(e, 128 + signal, "stopped at step %llu and saved; go on with: %s",
	        (unsigned long long)t->progress.step, command.failed ? "--resume" : command.at);
	nn_text_free(&command);
	return false;
}

static bool epoch(nn_training *t, nn_error *e)
{
	nn_record r = {.epoch = t->progress.epoch + 1, .step = (int64_t)t->progress.step};
	double started = nn_clock_ms();
	int64_t before = t->progress.position = t->score.count;
	shuffle(t);
	while (t->score.count < t->train.count) {
		if (!step(t, &r, e))
			return false;
		if (nn_stop_save() || is_due(t)) {
			if (!nn_training_save(t, e))
				return false;
			t->progress.position = before;
		}
		if (nn_stop_asked() && t->score.count < t->train.count)
			return stopped(t, nn_stop_asked(), e);
		r.seconds = (nn_clock_ms() - started) / 1000;
		r.images_per_second = (double)(t->score.count - before) / fmax(r.seconds, 1e-9);
		double all = (double)t->train.count;
		nn_log_bar(&t->log, &r, (double)t->score.count / all, (double)before / all);
	}
	if (!end_epoch(t, &r, started, e))
		return false;
	return !nn_stop_asked() || stopped(t, nn_stop_asked(), e);
}

/* Everything was loaded: one step shows that it runs. Nothing is written. */
static bool dry_run(nn_training *t, nn_error *e)
{
	nn_record r = {0};
	nn_shuffle(t->order, t->train.index, t->train.count, t->session->seed, 0);
	double started = nn_clock_ms();
	if (!step(t, &r, e))
		return false;
	printf("ready: %lld training, %lld validation items; batch %lld, %d threads, %.1f MiB "
	       "arena; a step takes about %.2f ms, its loss is %.4g\n",
	       (long long)t->train.count, (long long)t->data.part[NN_VALIDATION].count,
	       (long long)t->batch, nn_team_threads(t->session->team),
	       (double)t->net.program->arena_bytes / 1048576, nn_clock_ms() - started, r.loss);
	return true;
}

static bool print_json(const nn_training *t, const char *monitor, const nn_report *r, nn_error *e)
{
	const nn_progress *p = &t->progress;
	nn_text text = {0};
	nn_text_add(&text, "{\"epochs\":%lld,\"steps\":%llu,\"monitor\":\"%s\",\"best\":",
	            (long long)p->epoch, (unsigned long long)p->step, monitor);
	nn_text_number(&text, p->best, 9);
	nn_text_add(&text, ",\"best_epoch\":%lld,\"out\":", (long long)p->best_epoch);
	nn_text_json(&text, t->session->out);
	nn_text_add(&text, ",\"diagnosis\":");
	if (r->diagnosis.name)
		nn_diagnosis_json(&text, &r->diagnosis, &r->facts);
	else
		nn_text_json(&text, NULL);
	if (text.failed)
		nn_fail(e, NN_EXIT_MEMORY, "not enough memory to print");
	else
		printf("%s}\n", text.at);
	nn_text_free(&text);
	return !e->code;
}

/* What there is to say at the end; the diagnosis is missing where none was made. */
static bool print_end(const nn_training *t, const nn_report *r, nn_error *e)
{
	const nn_progress *p = &t->progress;
	const nn_monitor *m = &t->monitor;
	const char *what[] = {"loss", "accuracy", "val_loss", "val_accuracy"};
	const char *name = what[2 * m->validation + m->accuracy];
	if (t->session->options->json)
		return print_json(t, name, r, e);
	if (t->session->options->quiet)
		return true;
	printf("%lld epochs, %llu steps; best %s %.6g in epoch %lld; weights %s%s\n",
	       (long long)p->epoch, (unsigned long long)p->step, name, p->best,
	       (long long)p->best_epoch, t->saves ? "in " : "are not kept",
	       t->saves ? t->best : "");
	return !r->diagnosis.name || nn_print_diagnosis(t->session, r, e);
}

/* After early stopping, last.safetensors holds the best weights too. */
static bool finish(nn_training *t, nn_error *e)
{
	nn_report r = {0};
	if (t->progress.finished && t->monitor.restore && nn_exists(t->best))
		if (!nn_load_weights(&t->net, t->best, NULL, e) ||
		    !nn_save_weights(&t->checkpoint, t->last, e))
			return false;
	/* One batch learnt by heart is no result to report on. */
	bool ok = t->session->options->overfit_batch || nn_training_report(t, false, &r, e);
	ok = ok && print_end(t, &r, e);
	nn_report_close(&r);
	return ok;
}

/* The loss was not finite: the log says so, and there is a report about it too. */
static void give_up(nn_training *t)
{
	nn_error e = {0};
	nn_report r = {0};
	nn_record last = {.epoch = t->progress.epoch + 1,
	                  .step = (int64_t)t->progress.step,
	                  .loss = NAN,
	                  .accuracy = NAN,
	                  .val_loss = NAN,
	                  .val_accuracy = NAN,
	                  .lr = nn_schedule_lr(&t->schedule, (double)t->progress.step)};
	if (nn_log_epoch(&t->log, &last, &e) && nn_training_report(t, true, &r, &e) &&
	    !t->session->options->quiet)
		nn_print_diagnosis(t->session, &r, &e);
	if (e.code)
		fprintf(stderr, "no report: %s\n", e.text);
	nn_report_close(&r);
}

bool nn_verb_train(nn_session *s, nn_error *e)
{
	/* Static: half a MiB of paths and tables, and only one training runs. */
	static nn_training training;
	nn_training *t = &training;
	bool opened = nn_training_open(t, s, e), ok = opened;
	if (ok && s->options->dry_run) {
		ok = dry_run(t, e);
	} else if (ok && s->options->lr_find) {
		ok = nn_training_find_lr(t, e);
	} else if (ok) {
		int64_t until = s->options->until, end = s->options->epochs;
		end = until > 0 && until < end ? until : end;
		while (ok && !t->progress.finished && t->progress.epoch < end)
			ok = epoch(t, e);
		ok = ok && (!t->changed || nn_training_save(t, e)) && finish(t, e);
	}
	if (!ok)
		nn_log_clear(&t->log);
	if (opened && !s->options->dry_run && e->code == NN_EXIT_NOT_FINITE)
		give_up(t);
	nn_training_close(t);
	return ok;
}
