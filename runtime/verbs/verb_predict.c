/* verb_predict.c: label, probability and the five best classes for pictures or items of data files.
 *
 * What a file is, its first bytes tell (kind.c): a picture, idx, npy; a text is a table (csv)
 * unless the network or the file's name say that a picture is meant. Of a directory its pictures
 * are taken, in the order of their names, and those of the directories in it. Pictures are resized
 * as they are in training.
 *
 * A file that cannot be read is told on stderr and those behind it follow; the exit status tells
 * in the end.
 *
 * Items are gathered into batches; the input is normalised as in training. The numbers are the
 * softmax of the outputs for a cross-entropy network, the sigmoid for a binary one. A network
 * without classes prints its outputs, or their sigmoid where they are logits. */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../data/image.h"
#include "../file/io.h"
#include "../file/kind.h"
#include "../run/score.h"
#include "../run/session.h"

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
	long long read;      /* files that were predicted            */
	long long failed;    /* files that could not be              */
	int code;            /* exit status of the gravest           */
	bool alone;          /* one file is all that was asked for   */
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
	nn_text_plain(t, file);
	nn_text_add(t, ":");
	for (int64_t i = 0; !m->classes && i < x->scorer.outputs; i++)
		nn_text_add(t, " %.6g", y[i]);
	int count = m->classes ? best_five(x->p, m->classes, best) : 0;
	for (int i = 0; i < count; i++) {
		nn_text_add(t, i ? ", " : " ");
		nn_text_plain(t, nn_class_name(m, best[i], number));
		nn_text_add(t, " %.1f %%", 100 * x->p[best[i]]);
	}
}

/* Predicts all items of a file; if it is `numbered`, the number of each is added to its name. */
static bool predict_items(predict *x, const nn_items *items, const char *path, bool numbered,
                          nn_error *e)
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
		if (m->classes)
			nn_scorer_read(&x->scorer, live);
		else
			nn_scorer_answer(&x->scorer, live);
		for (int i = 0; i < live; i++) {
			const double *y = x->scorer.output + i * x->scorer.outputs;
			char name[NN_ITEM_NAME];
			long long number = at + i;
			snprintf(name, sizeof name, numbered ? "%s[%lld]" : "%s", path, number);
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
#pragma weak nn_image_read
#pragma weak nn_rows_idx

static bool read_picture(predict *x, const char *path, nn_items *items, nn_error *e)
{
	const nn_model *m = x->session->model;
	items->count = 1;
	items->values = (int64_t)m->input[0] * m->input[1] * m->input[2];
	uint8_t *u8 = items->memory[0] = nn_alloc((size_t)items->values, 1, path, e);
	items->u8 = u8;
	return u8 && nn_image_read(path, m, u8, &x->scratch, e);
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

/* Whether a name ends as those of pictures do, of any kind. */
static bool picture_name(const char *name)
{
	static const char *const ending[] = {".png",  ".jpg",  ".jpeg", ".bmp",  ".pgm",
	                                     ".ppm",  ".gif",  ".tif",  ".tiff", ".webp",
	                                     ".heic", ".heif", ".avif", ".jxl"};
	const char *point = strrchr(name, '.');
	for (size_t i = 0; point && i < sizeof ending / sizeof *ending; i++)
		if (!strcasecmp(point, ending[i]))
			return true;
	return false;
}

/* Whether the network learns from pictures in files, which no table holds. */
static bool of_pictures(const predict *x)
{
	const char *format = nn_setting_text(&x->session->settings, "data", "format");
	return nn_image_read && format && (!strcmp(format, "folder") || !strcmp(format, "cifar"));
}

/* The reader of a file that is no picture; NULL if there is none. */
static nn_rows *rows_of(const predict *x, const char *path, const nn_file_kind *kind)
{
	switch (kind->format) {
	case NN_IS_IDX:
	case NN_IS_GZIP:
		return nn_rows_idx;
	case NN_IS_NPY:
		return nn_rows_npy;
	case NN_IS_TEXT:
		return of_pictures(x) || (nn_image_read && picture_name(path)) ? NULL : nn_rows_csv;
	default:
		return NULL;
	}
}

static bool read_file(predict *x, const char *path, nn_items *items, bool *numbered, nn_error *e)
{
	uint8_t head[NN_KIND_BYTES];
	size_t count;
	if (!nn_kind_read(path, head, &count, e))
		return false;
	const nn_file_kind *kind = nn_kind_of(head, count);
	nn_rows *rows = rows_of(x, path, kind);
	*numbered = rows != NULL;
	snprintf(items->name, sizeof items->name, "%.255s", path);
	nn_loader l = {.settings = &x->session->settings, .meaning = &x->session->meaning};
	if (rows)
		return rows(path, &l, items, e) && nn_items_finite(items, e) &&
		       fits_scale(x, items, e);
	if (nn_image_read)
		return read_picture(x, path, items, e) && fits_scale(x, items, e);
	return nn_fail(e, NN_EXIT_DATA,
	               "%s: no rows of numbers that can be read (csv and npy can): it is %s; %s",
	               path, kind->what, kind->instead);
}

/* False only where no other file could do better. */
static bool predict_file(predict *x, const char *path, nn_error *e)
{
	nn_items items = {0};
	nn_error why = {0};
	bool numbered = false;
	if (read_file(x, path, &items, &numbered, &why)) {
		predict_items(x, &items, path, numbered, e);
		x->read++;
	} else if (!x->alone && (why.code == NN_EXIT_DATA || why.code == NN_EXIT_INPUT ||
	                         why.code == NN_EXIT_IO)) {
		nn_tell(x->session->model->name, why.text);
		x->code = !x->code || why.code == NN_EXIT_DATA ? why.code : x->code;
		x->failed++;
	} else {
		*e = why;
	}
	nn_items_free(&items);
	return !e->code;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* All pictures below a directory; links are followed, but not back to where they stand. */
static bool predict_directory(predict *x, char *path, nn_error *e)
{
	long long before = x->read + x->failed;
	char *root[2] = {path, NULL};
	FTS *all = fts_open(root, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	if (!all)
		return nn_fail(e, NN_EXIT_MEMORY, "%s: not enough memory for its names", path);
	for (FTSENT *f; !e->code && (f = fts_read(all));) {
		if (f->fts_info == FTS_D && f->fts_level > 0 && f->fts_name[0] == '.')
			fts_set(all, f, FTS_SKIP);
		else if ((f->fts_info == FTS_F && f->fts_name[0] != '.' &&
		          picture_name(f->fts_name)) ||
		         f->fts_info == FTS_DNR || f->fts_info == FTS_ERR)
			predict_file(x, f->fts_path, e);
	}
	fts_close(all);
	if (e->code || x->read + x->failed > before)
		return !e->code;
	return nn_fail(e, NN_EXIT_DATA, "%s: no pictures in this directory or below it", path);
}

static bool predict_argument(predict *x, const char *path, nn_error *e)
{
	struct stat st;
	bool directory = nn_image_read && !stat(path, &st) && S_ISDIR(st.st_mode);
	x->alone = x->session->options->files == 1 && !directory;
	return directory ? predict_directory(x, (char *)path, e) : predict_file(x, path, e);
}

bool nn_verb_predict(nn_session *s, nn_error *e)
{
	predict x = {.session = s};
	size_t classes = s->model->classes > 2 ? (size_t)s->model->classes : 2;
	if (!s->options->files)
		return nn_fail(e, NN_EXIT_USAGE,
		               "predict: which files? Pictures (" NN_IMAGE_FORMATS
		               ") or a directory of them, idx, npy or csv");
	x.index = nn_alloc((size_t)s->model->batch, sizeof *x.index, "the batch", e);
	x.p = nn_alloc(classes, sizeof *x.p, "probabilities", e);
	bool ok = x.index && x.p && nn_session_trained(s, &x.net, &x.z, e) &&
	          nn_feed_open(&x.feed, &x.net, &x.z, e) && nn_scorer_open(&x.scorer, &x.net, e);
	for (int i = 0; ok && i < s->options->files; i++)
		ok = predict_argument(&x, s->options->file[i], e);
	if (ok && x.failed)
		ok = nn_fail(e, x.code, "%lld of %lld files could not be read", x.failed,
		             x.read + x.failed);
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
