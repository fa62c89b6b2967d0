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

#include "io.h"
#include "shuffle.h"
#include "stop.h"
#include "tensor.h"

/* Copies the counters that live elsewhere, then writes last and state. */
static bool save(nn_training *t, nn_error *e)
{
	nn_progress *p = &t->progress;
	p->position = t->score.count;
	p->loss_sum = t->score.loss_sum;
	p->correct = t->score.correct;
	p->cuts = t->schedule.cuts;
	p->plateau_waited = t->schedule.waited;
	p->plateau_best = t->schedule.best;
	p->log_bytes[0] = t->log.bytes[0];
	p->log_bytes[1] = t->log.bytes[1];
	if (!nn_save_weights(&t->checkpoint, t->last, e) ||
	    !nn_save_state(&t->checkpoint, t->state, t->previous, p, e))
		return false;
	t->from = t->state;
	return true;
}

bool nn_training_batch(nn_training *t, int64_t at, uint64_t number, nn_run *run, nn_error *e)
{
	int64_t left = t->train.count - at;
	*run = nn_session_run(t->session, (int)(left < t->batch ? left : t->batch));
	run->step = number;
	run->hyper[0] = nn_schedule_lr(&t->schedule, (double)number);
	t->augment.epoch = (uint64_t)t->progress.epoch;
	t->feed.augment = t->augment.changes ? &t->augment : NULL;
	bool ok = nn_feed_fill(&t->feed, t->train.items, t->order + at, run->live, e);
	t->feed.augment = NULL;
	return ok;
}

/* Goes back to the last saved state, or to the beginning, and repeats the steps up to the one
 * whose loss was not finite, now looking at every tensor after each: the loss notices a bad weight
 * only one step later, and then everything is bad. *number becomes the step that was the first. */
static const nn_tensor *replay(nn_training *t, uint64_t *number)
{
	nn_error ignored = {0};
	nn_progress p = {0};
	bool ok = t->from ? nn_load_state(&t->net, t->from, NULL, &p, &ignored)
	                  : nn_training_begin(t, &ignored);
	if (!ok || p.epoch != t->progress.epoch)
		return NULL;
	nn_run run = nn_session_run(t->session, 1);
	nn_net_prepare(&t->net, &run);
	for (int64_t at = p.position; p.step <= *number; at += run.live) {
		if (!nn_training_batch(t, at, p.step++, &run, &ignored))
			return NULL;
		nn_net_step(&t->net, &run, NULL);
		const nn_tensor *bad = nn_net_not_finite(&t->net, run.live, true);
		if (!bad)
			continue;
		*number = run.step;
		return bad;
	}
	return NULL;
}

/* After a step whose loss was not finite. */
static bool not_finite(nn_training *t, const nn_run *run, nn_error *e)
{
	uint64_t first = run->step;
	const nn_tensor *bad = replay(t, &first);
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

static bool end_epoch(nn_training *t, nn_record *r, double started, nn_error *e)
{
	nn_part *part = &t->data.part[NN_VALIDATION];
	nn_score score = {0};
	int64_t trained = t->score.count - t->progress.position;
	double seconds = (nn_clock_ms() - started) / 1000;
	r->images_per_second = (double)trained / fmax(seconds, 1e-9);
	nn_run run = nn_session_run(t->session, 1);
	run.step = t->progress.step;
	if (!nn_evaluate(&score, &t->scorer, &t->feed, part, run, e))
		return false;
	r->val_loss = nn_score_loss(&score);
	r->val_accuracy = nn_score_accuracy(&score, t->session->model);
	r->seconds = (nn_clock_ms() - started) / 1000;
	t->progress.epoch++;
	t->score = (nn_score){0};
	nn_schedule_epoch(&t->schedule, part->count ? r->val_loss : r->loss);
	bool better = is_better(t, r);
	double patience = t->monitor.patience;
	t->progress.finished = patience >= 0 && !better && (double)t->progress.waited >= patience;
	if (better && !nn_save_weights(&t->checkpoint, t->best, e))
		return false;
	return nn_log_epoch(&t->log, r, e) && save(t, e);
}

static bool stopped(nn_training *t, int signal, nn_error *e)
{
	const nn_session *s = t->session;
	if (!save(t, e))
		return false;
	nn_log_clear(&t->log);
	return nn_fail(e, 128 + signal,
	               "stopped at step %llu and saved; go on with: %s train "
	               "--resume --out %s",
	               (unsigned long long)t->progress.step, s->options->program, s->out);
}

static bool epoch(nn_training *t, nn_error *e)
{
	nn_record r = {.epoch = t->progress.epoch + 1, .step = (int64_t)t->progress.step};
	double started = nn_clock_ms();
	int64_t before = t->progress.position = t->score.count;
	if (!t->session->options->overfit_batch)
		nn_shuffle(t->order, t->train.index, t->train.count, t->session->seed,
		           (uint64_t)t->progress.epoch);
	while (t->score.count < t->train.count) {
		if (!step(t, &r, e))
			return false;
		if (nn_stop_save()) {
			if (!save(t, e))
				return false;
			t->progress.position = before;
		}
		if (nn_stop_asked() && t->score.count < t->train.count)
			return stopped(t, nn_stop_asked(), e);
		double seconds = (nn_clock_ms() - started) / 1000;
		r.images_per_second = (double)(t->score.count - before) / fmax(seconds, 1e-9);
		nn_log_bar(&t->log, &r, (double)t->score.count / (double)t->train.count);
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
	printf("%lld epochs, %llu steps; best %s %.6g in epoch %lld; weights in %s\n",
	       (long long)p->epoch, (unsigned long long)p->step, name, p->best,
	       (long long)p->best_epoch, t->best);
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
	if (s->options->lr_find && s->options->resume)
		return nn_fail(e, NN_EXIT_USAGE,
		               "--lr-find begins anew: leave --resume out; --weights FILE starts "
		               "from weights");
	if (s->options->files)
		return nn_fail(e, NN_EXIT_USAGE, "train: unexpected argument '%s'",
		               s->options->file[0]);
	nn_stop_watch();
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
		ok = ok && finish(t, e);
	}
	if (!ok)
		nn_log_clear(&t->log);
	if (opened && !s->options->dry_run && e->code == NN_EXIT_NOT_FINITE)
		give_up(t);
	nn_training_close(t);
	return ok;
}
