/* verb_report.c: the verb report, and the report that ends a training.
 *
 *     ./lenet5 report            reads OUT, writes OUT/report.html, prints the verdict
 *     ./lenet5 report --json     the verdict for programs
 *
 * How many items were trained on, and which epoch was the best, stands in OUT/state.safetensors. */
#include <stdio.h>
#include <stdlib.h>

#include "../base/calc.h"
#include "../report/report.h"
#include "../net/tensor.h"
#include "../train/train.h"

/* Evaluations and pictures at the end of a training may cost this much: a few seconds. */
static const double FLOP = 5e11;

bool nn_print_diagnosis(const nn_session *s, const nn_report *r, nn_error *e)
{
	nn_text t = {0};
	if (s->options->json)
		nn_diagnosis_json(&t, &r->diagnosis, &r->facts);
	else
		nn_diagnosis_text(&t, &r->diagnosis, &r->facts);
	if (t.failed)
		nn_fail(e, NN_EXIT_MEMORY, "not enough memory to print");
	else
		fputs(t.at, stdout);
	nn_text_free(&t);
	return !e->code;
}

/* A counter of OUT/state.safetensors; -1 without it. */
static int64_t counter(const nn_safetensors *state, const char *name)
{
	const char *text = nn_safetensors_meta(state, name);
	double value;
	int64_t whole;
	return text && nn_parse_double(text, &value) && nn_whole(value, &whole) ? whole : -1;
}

static bool read_state(nn_report *r, nn_part *train, nn_error *e)
{
	nn_session *s = r->session;
	char path[NN_PATH_MAX];
	nn_safetensors state;
	if (!nn_join(path, s->out, "state.safetensors", e))
		return false;
	if (!nn_exists(path))
		return true;
	if (!nn_safetensors_read(&state, path, NN_EXIT_CHECKPOINT, e))
		return false;
	int64_t items = counter(&state, "items"), best = counter(&state, "best_epoch");
	int64_t seed = counter(&state, "seed");
	if (items > 0 && items < train->count)
		train->count = items;
	if (best > 0 && !s->options->weights)
		r->best_epoch = best;
	if (seed >= 0)
		s->seed = (uint64_t)seed;
	nn_safetensors_free(&state);
	return true;
}

static bool make_report(nn_report *r, nn_error *e)
{
	char path[NN_PATH_MAX];
	return nn_report_open(r, e) && nn_join(path, r->session->out, "report.html", e) &&
	       nn_make_directories(r->session->out, e) && nn_report_write(r, path, e);
}

/* The weights that test and predict take. A run that has a log but no weights (its loss was never
 * finite) has a report too: *path is NULL then. */
static bool load(nn_session *s, nn_net *net, nn_normalize *z, char room[NN_PATH_MAX],
                 const char **path, nn_error *e)
{
	nn_error none = {0};
	nn_record *record = NULL;
	int64_t records = 0;
	*path = nn_find_weights(s->options->weights, s->out, room, &none) ? room : NULL;
	if (!*path && !nn_log_read(s->out, &record, &records, e))
		return false;
	free(record);
	if (!*path && !records)
		return nn_fail(e, none.code, "%s", none.text);
	if (*path)
		return nn_session_trained(s, net, z, e);
	return nn_net_open(net, s->model, s->model->fast, s->team, e) &&
	       nn_normalize_open(z, s->model, e);
}

static bool report(nn_report *r, nn_net *net, nn_normalize *z, nn_data *data, nn_error *e)
{
	nn_session *s = r->session;
	nn_feed feed = {0};
	nn_scorer scorer = {0};
	nn_part train = data->part[NN_TRAINING];
	r->feed = &feed;
	r->scorer = &scorer;
	r->part[0] = &train;
	r->part[1] = &data->part[NN_VALIDATION];
	if (s->options->limit > 0 && s->options->limit < train.count)
		train.count = s->options->limit;
	bool ok = read_state(r, &train, e) && nn_weigh_classes(net, &data->part[NN_TRAINING], e) &&
	          nn_feed_open(&feed, net, z, e) && nn_scorer_open(&scorer, net, e) &&
	          make_report(r, e) && nn_print_diagnosis(s, r, e);
	if (ok && s->options->json)
		puts("");
	else if (ok)
		printf("%s/report.html\n", s->out);
	nn_report_close(r);
	nn_scorer_close(&scorer);
	nn_feed_close(&feed);
	return ok;
}

bool nn_verb_report(nn_session *s, nn_error *e)
{
	nn_data data = {0};
	nn_net net = {0};
	nn_normalize z = {0};
	nn_report r = {.session = s};
	char weights[NN_PATH_MAX];
	bool ok = load(s, &net, &z, weights, &r.weights, e) &&
	          nn_session_data(s, &data, 1 << NN_TRAINING | 1 << NN_VALIDATION, e) &&
	          report(&r, &net, &z, &data, e);
	nn_normalize_close(&z);
	nn_net_close(&net);
	nn_data_close(&data);
	return ok;
}

bool nn_training_report(nn_training *t, bool diverged, nn_report *r, nn_error *e)
{
	nn_session *s = t->session;
	bool best = nn_exists(t->best);
	const char *weights = best ? t->best : diverged ? NULL : t->last;
	/* There will be nothing more to save. */
	nn_checkpoint_close(&t->checkpoint);
	nn_training_unreserve(t);
	if (weights && !nn_load_weights(&t->net, weights, NULL, e))
		return false;
	nn_run run = nn_session_run(s, 1);
	nn_net_prepare(&t->net, &run);
	*r = (nn_report){.session = s, .feed = &t->feed, .scorer = &t->scorer, .weights = weights};
	r->part[0] = &t->train;
	r->part[1] = &t->data.part[NN_VALIDATION];
	r->flop = FLOP;
	r->diverged = diverged;
	r->best_epoch = best ? t->progress.best_epoch : t->progress.epoch;
	return make_report(r, e);
}
