/* verb_predict.c: label, probability and the five best classes for pictures or items of data files.
 *
 * What a file is, its first bytes tell: PNG, JPEG, PGM, PPM, idx, npy; everything else must be a
 * table (csv). Pictures are resized where training did the same.
 *
 * Items are gathered into batches; the input is normalised as in training. The numbers are the
 * softmax of the outputs for a cross-entropy network, the sigmoid for a binary one. A network
 * without classes prints its outputs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "io.h"
#include "score.h"
#include "session.h"

typedef struct predict {
	nn_session *session; /* verb and options                     */
	nn_net net;          /* the fast program                     */
	nn_normalize z;      /* of the input                         */
	nn_feed feed;        /* fills the batch                      */
	nn_scorer scorer;    /* room for outputs                     */
	uint32_t *index;     /* of the items of a batch              */
	double *p;           /* probabilities of one item            */
	nn_text text;        /* one line of output                   */
	nn_scratch scratch;  /* of pictures                          */
} predict;

/* The five classes of the largest p, best first; how many. */
static int best_five(const double *p, int classes, int best[5])
{
	int count = 0;
	for (int i = 0; i < classes; i++) {
		int at = count < 5 ? count++ : 5;
		while (at > 0 && p[i] > p[best[at - 1]]) {
			if (at < 5)
				best[at] = best[at - 1];
			at--;
		}
		if (at < 5)
			best[at] = i;
	}
	return count;
}

static void add_json(predict *x, const char *file, const double *y)
{
	const nn_model *m = x->session->model;
	nn_text *t = &x->text;
	int best[5] = {0};
	char number[16];
	nn_text_add(t, "{\"file\":");
	nn_text_json(t, file);
	if (!m->classes) {
		nn_text_add(t, ",\"output\":[");
		for (int64_t i = 0; i < x->scorer.outputs; i++) {
			nn_text_add(t, "%s", i ? "," : "");
			nn_text_number(t, y[i], 9);
		}
		nn_text_add(t, "]}");
		return;
	}
	int count = best_five(x->p, m->classes, best);
	nn_text_add(t, ",\"label\":");
	nn_text_json(t, nn_class_name(m, best[0], number));
	nn_text_add(t, ",\"index\":%d,\"probability\":", best[0]);
	nn_text_number(t, x->p[best[0]], 9);
	nn_text_add(t, ",\"top5\":[");
	for (int i = 0; i < count; i++) {
		nn_text_add(t, i ? ",{\"label\":" : "{\"label\":");
		nn_text_json(t, nn_class_name(m, best[i], number));
		nn_text_add(t, ",\"index\":%d,\"probability\":", best[i]);
		nn_text_number(t, x->p[best[i]], 9);
		nn_text_add(t, "}");
	}
	nn_text_add(t, "]}");
}

static void add_text(predict *x, const char *file, const double *y)
{
	const nn_model *m = x->session->model;
	nn_text *t = &x->text;
	int best[5] = {0};
	char number[16];
	nn_text_add(t, "%s:", file);
	for (int64_t i = 0; !m->classes && i < x->scorer.outputs; i++)
		nn_text_add(t, " %.6g", y[i]);
	int count = m->classes ? best_five(x->p, m->classes, best) : 0;
	for (int i = 0; i < count; i++)
		nn_text_add(t, i ? ", %s %.1f %%" : " %s %.1f %%",
		            nn_class_name(m, best[i], number), 100 * x->p[best[i]]);
}

/* Predicts all items; with more than one the number of each is added to its name. */
static bool predict_items(predict *x, const nn_items *items, bool numbered, nn_error *e)
{
	const nn_model *m = x->session->model;
	nn_part part = {items, x->index, 0};
	for (int64_t at = 0; at < items->count; at += m->batch) {
		int live = (int)(items->count - at < m->batch ? items->count - at : m->batch);
		for (int i = 0; i < live; i++)
			part.index[i] = (uint32_t)(at + i);
		nn_run run = nn_session_run(x->session, live);
		if (!nn_feed_fill(&x->feed, items, part.index, live, e))
			return false;
		nn_net_eval(&x->net, &run);
		nn_scorer_read(&x->scorer, live);
		for (int i = 0; i < live; i++) {
			const double *y = x->scorer.output + i * x->scorer.outputs;
			char name[300];
			long long number = at + i;
			snprintf(name, sizeof name, numbered ? "%s[%lld]" : "%s", items->name,
			         number);
			if (m->classes)
				nn_probabilities(m, y, x->scorer.outputs, x->p);
			nn_text_clear(&x->text);
			if (x->session->options->json)
				add_json(x, name, y);
			else
				add_text(x, name, y);
			if (x->text.failed)
				return nn_fail(e, NN_EXIT_MEMORY, "not enough memory to print");
			puts(x->text.at);
		}
	}
	return true;
}

/* A trainer that takes rows of numbers is not linked with these. */
#pragma weak nn_image_known
#pragma weak nn_image_read
#pragma weak nn_rows_idx

static bool read_picture(predict *x, const char *path, nn_items *items, nn_error *e)
{
	const nn_model *m = x->session->model;
	const char *format = nn_setting_text(&x->session->settings, "data", "format");
	bool resize = format && !strcmp(format, "folder");
	items->count = 1;
	items->values = (int64_t)m->input[0] * m->input[1] * m->input[2];
	uint8_t *u8 = items->memory[0] = nn_alloc((size_t)items->values, 1, path, e);
	items->u8 = u8;
	return u8 && nn_image_read(path, m, resize, u8, &x->scratch, e);
}

/* Bytes have a known scale and are put on that of the weights; other values must be on it. */
static bool fits_scale(const predict *x, const nn_items *items, nn_error *e)
{
	const nn_meaning *m = &x->session->meaning;
	if (!items->u8)
		return nn_items_scale(items, m, e);
	return m->scale != NN_SCALE_OTHER ||
	       nn_fail(e, NN_EXIT_DATA,
	               "%s: pictures go from 0 to 1 (or 0 to 255), but the network learnt on "
	               "values "
	               "from %.4g to %.4g: save the picture on that scale as npy",
	               items->name, m->least, m->most);
}

static bool predict_file(predict *x, const char *path, nn_error *e)
{
	nn_items items = {0};
	uint8_t head[8] = {0};
	FILE *f = fopen(path, "rbe");
	size_t count = f ? fread(head, 1, sizeof head, f) : 0;
	if (f)
		fclose(f);
	bool idx = count >= 2 && ((!head[0] && !head[1]) || (head[0] == 0x1f && head[1] == 0x8b));
	bool picture = nn_image_known && nn_image_known(head, count);
	nn_rows *rows = idx && nn_rows_idx              ? nn_rows_idx
	                : !memcmp(head, "\x93NUMPY", 6) ? nn_rows_npy
	                                                : nn_rows_csv;
	snprintf(items.name, sizeof items.name, "%.255s", path);
	nn_loader l = {.settings = &x->session->settings, .meaning = &x->session->meaning};
	bool ok = picture ? read_picture(x, path, &items, e)
	                  : rows(path, &l, &items, e) && nn_items_finite(&items, e);
	ok = ok && fits_scale(x, &items, e);
	ok = ok && predict_items(x, &items, !picture, e);
	nn_items_free(&items);
	return ok;
}

bool nn_verb_predict(nn_session *s, nn_error *e)
{
	predict x = {.session = s};
	size_t classes = s->model->classes > 2 ? (size_t)s->model->classes : 2;
	if (!s->options->files)
		return nn_fail(e, NN_EXIT_USAGE,
		               "predict: which files? Pictures (PNG, JPEG, PGM, PPM), idx, npy "
		               "or csv");
	x.index = nn_alloc((size_t)s->model->batch, sizeof *x.index, "the batch", e);
	x.p = nn_alloc(classes, sizeof *x.p, "probabilities", e);
	bool ok = x.index && x.p && nn_session_trained(s, &x.net, &x.z, e) &&
	          nn_feed_open(&x.feed, &x.net, &x.z, e) && nn_scorer_open(&x.scorer, &x.net, e);
	for (int i = 0; ok && i < s->options->files; i++)
		ok = predict_file(&x, s->options->file[i], e);
	nn_text_free(&x.text);
	nn_scratch_free(&x.scratch);
	nn_scorer_close(&x.scorer);
	nn_feed_close(&x.feed);
	nn_normalize_close(&x.z);
	nn_net_close(&x.net);
	free(x.index);
	free(x.p);
	return ok;
}
