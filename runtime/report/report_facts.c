/* report_facts.c: the numbers that a diagnosis is made from.
 *
 *     in    answers on both parts, log.csv, labels or targets, the description
 *     out   nn_facts: errors with their counts and deviations, what guessing and what the untrained
 *           network would get wrong, how the losses went, what the description does already */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "guess.h"
#include "report.h"
#include "../net/tensor.h"

/* How often an item of part `part` has the label that is most frequent in the training part. */
static bool count_labels(const nn_report *r, double chance[2], nn_error *e)
{
	size_t classes = (size_t)r->session->model->classes;
	int64_t *count = nn_alloc(2 * classes, sizeof *count, "labels", e);
	size_t most = 0;
	if (!count)
		return false;
	for (int i = 0; i < 2; i++) {
		const nn_part *p = r->part[i];
		for (int64_t k = 0; p->count && p->items->label && k < p->count; k++)
			count[(size_t)i * classes + (size_t)p->items->label[p->index[k]]]++;
	}
	for (size_t k = 0; k < classes; k++)
		most = count[k] > count[most] ? k : most;
	for (size_t i = 0; i < 2; i++)
		if (r->part[i]->count)
			chance[i] = (double)count[i * classes + most] / (double)r->part[i]->count;
	free(count);
	return true;
}

/* <baseline chance>, or what the most frequent class gives; and the loss of taking all alike. */
static bool find_chance(nn_report *r, nn_error *e)
{
	const nn_session *s = r->session;
	int classes = s->model->classes;
	const char *text = nn_setting_text(&s->settings, "baseline", "chance");
	nn_facts *f = &r->facts;
	for (int i = 0; i < 2; i++) {
		f->chance[i] = classes ? 1.0 / classes : NAN;
		f->guess_loss[i] = classes ? log(classes) : NAN;
	}
	if (!classes)
		return true;
	if (!text || !strcmp(text, "auto"))
		return count_labels(r, f->chance, e);
	if (!nn_setting_number(&s->settings, "baseline", "chance", NAN, &f->chance[0], e))
		return false;
	f->chance[1] = f->chance[0];
	return true;
}

static void read_curves(nn_report *r)
{
	nn_facts *f = &r->facts;
	f->first_loss = f->last_loss = f->before = f->best_val_loss = f->last_val_loss = NAN;
	f->last_accuracy[0] = f->last_accuracy[1] = NAN;
	f->epochs = r->records;
	for (int64_t i = 0; i < r->records; i++) {
		const nn_record *x = &r->record[i];
		if (i == 0)
			f->first_loss = x->loss;
		if (!isfinite(x->loss))
			f->finite = false;
		if (!(x->val_loss >= f->best_val_loss) && isfinite(x->val_loss)) {
			f->best_val_loss = x->val_loss;
			f->before = x->loss;
			f->lowest_epoch = x->epoch;
		}
		f->last_loss = x->loss;
		f->last_accuracy[0] = x->accuracy;
		f->last_accuracy[1] = x->val_accuracy;
		f->last_val_loss = x->val_loss;
	}
}

static bool read_answers(nn_report *r, nn_error *e)
{
	const nn_model *m = r->session->model;
	nn_facts *f = &r->facts;
	for (int i = 0; i < 2; i++) {
		const nn_exam *x = &r->exam[i];
		f->accuracy[i] = x->finite ? nn_score_accuracy(&x->score, m) : NAN;
		f->loss[i] = x->finite ? nn_score_loss(&x->score) : NAN;
		f->count[i] = x->finite ? x->count : 0;
		f->whole[i] = r->part[i]->count;
		f->spread[i] = f->gain_spread[i] = NAN;
		f->finite = f->finite && (x->finite || !x->count);
	}
	if (!f->classes) {
		nn_guessing g;
		if (!nn_guess_errors(&g, r->exam, r->scorer, r->feed, e))
			return false;
		memcpy(f->guess_loss, g.loss, sizeof g.loss);
		memcpy(f->spread, g.spread, sizeof g.spread);
		memcpy(f->gain_spread, g.gain_spread, sizeof g.gain_spread);
	}
	/* Where only some of the validation items could be looked at, the log knows them all. */
	const nn_exam *x = &r->exam[1];
	for (int64_t i = 0; x->count < x->whole && i < r->records; i++)
		if (r->record[i].epoch == r->best_epoch && isfinite(r->record[i].val_loss)) {
			f->accuracy[1] = r->record[i].val_accuracy;
			f->loss[1] = r->record[i].val_loss;
			f->count[1] = x->whole;
		}
	return true;
}

/* ---- before the first step ------------------------------------------------------------------ */

/* The loss of a batch of the training part as its first step would see it, with initial weights:
 * a step of rate 0 leaves them as they are, and batch statistics need no running ones. */
static bool find_start(nn_report *r, nn_error *e)
{
	const nn_session *s = r->session;
	nn_net *net = r->feed->net;
	const nn_part *part = r->part[0];
	int batch = s->model->batch, live = (int)(part->count < batch ? part->count : batch);
	r->facts.start_loss = NAN;
	uint32_t *index = nn_alloc((size_t)batch, sizeof *index, "a batch", e);
	if (!index)
		return false;
	for (int n = 0; n < live; n++)
		index[n] = part->index[n * part->count / live];
	bool ok = true;
	if (live) {
		nn_run run = nn_session_run(s, live);
		run.hyper[0] = 0;
		ok = nn_initialise(net->program, net->arena, s->team, s->seed, e);
		if (ok)
			nn_net_prepare(net, &run);
		ok = ok && nn_feed_fill(r->feed, part->items, index, live, e);
		if (ok)
			nn_net_step(net, &run, NULL);
		r->facts.start_loss = ok ? nn_net_loss(net) : NAN;
	}
	free(index);
	if (!ok || !r->weights)
		return ok;
	nn_run run = nn_session_run(s, 1);
	if (!nn_load_weights(net, r->weights, NULL, e))
		return false;
	nn_net_prepare(net, &run);
	return true;
}

/* ---- the description ------------------------------------------------------------------------ */

/* Whether the description has this element. It is the one that nncc wrote back (config.c), in which
 * an element opens a line. */
static bool has_element(const char *config, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = config; at && (at = strchr(at, '<')); at++)
		if (!strncmp(at + 1, name, len) && strchr(" />", at[1 + len]))
			return true;
	return false;
}

/* units or filters of the first layer, if it is not the last: that one's are given by the data. */
static void find_width(nn_recipe *c, const char *config)
{
	static const char *const word[] = {" units=\"", " filters=\""};
	const char *layers = strstr(config, "<layers>"), *first = NULL;
	for (int i = 0; layers && i < 2; i++) {
		const char *at = strstr(layers, word[i]);
		if (!at || (first && at > first))
			continue;
		first = at;
		char *end;
		long long wide = strtoll(at + strlen(word[i]), &end, 10);
		c->wide = *end == '"' && wide > 0 ? wide : 0;
		memcpy(c->width, word[i] + 1, strlen(word[i]) - 2);
		c->width[strlen(word[i]) - 3] = 0;
	}
	bool more = first && (strstr(first + 1, word[0]) || strstr(first + 1, word[1]));
	if (!more || !c->wide)
		c->width[0] = 0;
}

static bool smooths(const char *config)
{
	const char *at = strstr(config, "<loss "), *end = at ? strchr(at, '>') : NULL;
	const char *number = at ? strstr(at, "label_smoothing=\"") : NULL;
	return number && number < end && strtod(strchr(number, '"') + 1, NULL) != 0;
}

/* The rate of the log is that of the end of each epoch: lower than the base rate by its schedule,
 * but never above it, and not by half in all of several epochs. */
static double base_rate(const nn_report *r)
{
	double base = r->session->hyper[0], most = 0;
	for (int64_t i = 0; i < r->records; i++)
		most = fmax(most, r->record[i].lr);
	return most > base || (r->records > 2 && most > 0 && most < base / 2) ? most : base;
}

static bool read_recipe(nn_report *r, nn_error *e)
{
	const nn_session *s = r->session;
	const nn_model *m = s->model;
	nn_recipe *c = &r->facts.recipe;
	const char *config = m->config ? m->config : "";
	*c = (nn_recipe){.pictures = m->input_rank == 3,
	                 .normalized = m->normalize && strcmp(m->normalize, "none") != 0,
	                 .augment = has_element(config, "augment"),
	                 .dropout = has_element(config, "dropout"),
	                 .norm = has_element(config, "batch_norm") ||
	                         has_element(config, "layer_norm") ||
	                         has_element(config, "group_norm"),
	                 .early_stopping = nn_setting_text(&s->settings, "early_stopping",
	                                                   "patience") != NULL,
	                 .smoothing = smooths(config),
	                 .can_smooth = m->loss && !strcmp(m->loss, "cross_entropy"),
	                 .lr = base_rate(r),
	                 .optimizer = m->optimizer,
	                 .schedule = nn_setting_text(&s->settings, "schedule", "type")};
	for (int i = 0; i < m->sources; i++)
		c->own_validation |= !strcmp(m->source[i].split, "validation");
	find_width(c, config);
	const nn_settings *t = &s->settings;
	return nn_setting_number(t, "data", "validation", 0, &c->validation, e) &&
	       nn_setting_number(t, "optimizer", "weight_decay", 0, &c->weight_decay, e) &&
	       nn_setting_number(t, "train", "grad_clip", 0, &c->grad_clip, e) &&
	       nn_setting_number(t, "schedule", "warmup", 0, &c->warmup, e);
}

bool nn_report_facts(nn_report *r, nn_error *e)
{
	const nn_session *s = r->session;
	const nn_model *m = s->model;
	nn_facts *f = &r->facts;
	f->classes = m->classes > 0;
	f->items = m->input_rank == 3 ? "images" : "rows";
	f->finite = !r->diverged;
	f->best_epoch = r->best_epoch;
	if (!find_chance(r, e) || !read_answers(r, e) || !find_start(r, e) || !read_recipe(r, e) ||
	    !nn_setting_number(&s->settings, "baseline", "human_error", NAN, &f->human_error, e))
		return false;
	/* 0 stands for what it is where the attribute is missing: nobody knows. */
	if (!(f->human_error > 0))
		f->human_error = NAN;
	read_curves(r);
	return true;
}
