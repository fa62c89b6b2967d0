/* session.c: what every verb starts from: options, the numbers of the XML, seed, directory. */
#include "session.h"

#include <stdio.h>
#include <string.h>

#include "../base/calc.h"
#include "../file/io.h"

static bool whole(const nn_session *s, const char *name, double fallback, int64_t *value,
                  nn_error *e)
{
	double number;
	if (!nn_setting_number(&s->settings, "train", name, fallback, &number, e))
		return false;
	if (!nn_whole(number, value) || *value < 0)
		return nn_fail(e, NN_EXIT_USAGE, "<train %s>: expected a whole number, found %g",
		               name, number);
	return true;
}

/* What the command line left open comes from <train>. */
static bool complete(nn_session *s, nn_error *e)
{
	nn_options *o = s->options;
	int64_t seed = o->seed, epochs = o->epochs;
	if ((seed < 0 && !whole(s, "seed", 1, &seed, e)) ||
	    (epochs < 0 && !whole(s, "epochs", 1, &epochs, e)))
		return false;
	s->seed = (uint64_t)seed;
	o->epochs_given = o->epochs >= 0;
	o->epochs = epochs;
	if (o->batch_size > s->model->batch)
		return nn_fail(e, NN_EXIT_USAGE,
		               "--batch-size %lld: this trainer was compiled for "
		               "up to %d; recompile with nncc --batch-size %lld",
		               (long long)o->batch_size, s->model->batch, (long long)o->batch_size);
	if (o->lr >= 0)
		s->hyper[0] = o->lr;
	return true;
}

bool nn_session_open(nn_session *s, const nn_model *model, nn_options *o, nn_error *e)
{
	s->network = *model;
	s->model = model = &s->network;
	s->options = o;
	s->resume = (nn_resume){.lock = -1};
	if (!nn_meaning_open(&s->meaning, model, e) ||
	    !nn_join(s->out, o->out ? "" : "runs", o->out ? o->out : model->name, e))
		return false;
	/* First of all, because the run that it goes on with has options. */
	if (s->trains && !nn_resume_open(&s->resume, model, o, s->out, e))
		return false;
	if (!nn_settings_open(&s->settings, model, o->set, o->sets, e) ||
	    !nn_setting_hypers(&s->settings, s->hyper, e))
		return false;
	return (!s->trains || nn_resume_describe(&s->resume, o, &s->settings, e)) && complete(s, e);
}

void nn_session_close(nn_session *s)
{
	nn_resume_close(&s->resume);
	nn_meaning_close(&s->meaning);
}

void nn_session_name(nn_session *s)
{
	if (!s->meaning.classes.count)
		return;
	s->network.class_name = (const char *const *)s->meaning.classes.at;
	s->network.class_names = (int)s->meaning.classes.count;
}

bool nn_session_data(nn_session *s, nn_data *d, unsigned parts, nn_error *e)
{
	bool ok = nn_data_open(d, &s->settings, &s->meaning, s->options->data, parts, e);
	nn_session_name(s);
	return ok;
}

bool nn_session_meaning(nn_session *s, nn_error *e)
{
	char path[NN_PATH_MAX];
	nn_error none = {0};
	if (s->known || !nn_find_weights(s->options->weights, s->out, path, &none))
		return true;
	s->known = true;
	bool ok = nn_meaning_load(&s->meaning, path, s->model->classes, e);
	nn_session_name(s);
	return ok;
}

nn_run nn_session_run(const nn_session *s, int live)
{
	nn_run run = {.live = live, .seed = s->seed};
	memcpy(run.hyper, s->hyper, sizeof run.hyper);
	return run;
}

bool nn_session_trained(nn_session *s, nn_net *net, nn_normalize *z, nn_error *e)
{
	char path[NN_PATH_MAX];
	if (!nn_find_weights(s->options->weights, s->out, path, e) || !nn_session_meaning(s, e) ||
	    !nn_net_open(net, s->model, s->model->fast, s->team, e) ||
	    !nn_normalize_open(z, s->model, e) || !nn_load_weights(net, path, z, e))
		return false;
	z->unit = s->meaning.scale == NN_SCALE_BYTE ? 255 : 1;
	nn_run run = nn_session_run(s, 1);
	nn_net_prepare(net, &run);
	return true;
}
