/* data.c: from <data> to the parts that a run uses.
 *
 *     in    the sources of the network, --data, NNCC_DATA, shares for validation and test
 *     out   nn_data: items in memory, and for each part the indices of its items
 *
 * A part with a source of its own is used whole. Without one, validation and test are split off the
 * training source (shuffle.c). Training items are always in the split's random order, so that
 * --limit takes a fair sample. */
#include "data.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/calc.h"
#include "../base/sha256.h"
#include "shuffle.h"
#include "../net/tensor.h"

static const char *const part_name[NN_PARTS] = {"training", "validation", "test"};

/* A reader that this trainer does not need is not linked (files.txt) and NULL here. */
#pragma weak nn_read_cifar
#pragma weak nn_read_folder
#pragma weak nn_read_idx
#pragma weak nn_read_npz

static const struct {
	const char *format; /* of <data>                   */
	nn_reader *read;    /* NULL: not in this trainer   */
} readers[] = {{"cifar", nn_read_cifar},
               {"csv", nn_read_csv},
               {"folder", nn_read_folder},
               {"idx", nn_read_idx},
               {"npy", nn_read_npy},
               {"npz", nn_read_npz},
               {"synthetic", nn_read_synthetic}};

enum { READERS = sizeof readers / sizeof *readers };

void nn_shape_text(const nn_model *m, char text[64])
{
	if (m->input_rank == 1)
		snprintf(text, 64, "%d", m->input[0]);
	else
		snprintf(text, 64, "%dx%dx%d", m->input[0], m->input[1], m->input[2]);
}

void nn_items_free(nn_items *items)
{
	for (int i = 0; i < 3; i++)
		free(items->memory[i]);
	for (int64_t i = 0; i < items->pieces; i++)
		free(items->piece[i].path);
	free(items->piece);
	nn_store_close(items->store);
	nn_bytes_close(&items->file);
	*items = (nn_items){0};
}

void nn_data_close(nn_data *d)
{
	for (int i = 0; i < NN_PARTS; i++) {
		nn_items_free(&d->source[i]);
		free(d->whole[i]);
	}
	free(d->split);
	*d = (nn_data){0};
}

bool nn_items_load(const nn_items *items, const uint32_t *index, int64_t live, nn_team *team,
                   nn_error *e)
{
	return !items->store || nn_store_load(items->store, index, live, team, e);
}

bool nn_items_piece(nn_items *items, const char *path, nn_error *e)
{
	nn_piece *more = realloc(items->piece, ((size_t)items->pieces + 1) * sizeof *items->piece);
	if (!more)
		return nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the names of files");
	items->piece = more;
	size_t size = strlen(path) + 1;
	char *copy = nn_alloc(size, 1, "names of files", e);
	if (!copy)
		return false;
	memcpy(copy, path, size);
	more[items->pieces++] = (nn_piece){items->count, copy};
	if (!items->name[0])
		snprintf(items->name, sizeof items->name, "%.255s", path);
	return true;
}

void nn_item_name(const nn_items *items, int64_t i, char text[NN_ITEM_NAME])
{
	if (items->store && items->store->path) {
		snprintf(text, NN_ITEM_NAME, "%s", items->store->path(items->store->source, i));
		return;
	}
	const char *file = items->name;
	int64_t k = items->pieces, first = 0;
	while (k > 0 && items->piece[k - 1].first > i)
		k--;
	if (k > 0) {
		file = items->piece[k - 1].path;
		first = items->piece[k - 1].first;
	}
	snprintf(text, NN_ITEM_NAME, "%.*s[%lld]", NN_PATH_MAX - 1, file, (long long)(i - first));
}

/* ---- for readers --------------------------------------------------------------------------- */

bool nn_data_shape(const nn_model *m, const char *path, const char *dim, int64_t values,
                   nn_error *e)
{
	char wanted[64];
	nn_shape_text(m, wanted);
	/* 28x28 fits 1x28x28; a list of features takes any shape of that many values. */
	const char *plane = m->input_rank == 3 && m->input[0] == 1 ? wanted + 2 : wanted;
	bool same = m->input_rank == 1 || !strcmp(dim, plane) || !strcmp(dim, wanted);
	if (same && values == (int64_t)m->input[0] * m->input[1] * m->input[2])
		return true;
	return nn_fail(e, NN_EXIT_DATA, "%s: its items are %s, the network's input is %s", path,
	               dim[0] ? dim : "single values", wanted);
}

bool nn_next_file(const nn_source *source, const char **at, char name[NN_PATH_MAX])
{
	const char *p = *at ? *at : source->file ? source->file : source->files;
	const char *end = source->file ? p + strlen(p) : NULL;
	p += end ? 0 : strspn(p, " \t\n");
	end = end ? end : p + strcspn(p, " \t\n");
	snprintf(name, NN_PATH_MAX, "%.*s", (int)(end - p), p);
	*at = end;
	return end > p;
}

bool nn_labels_open(nn_items *items, const char *path, nn_error *e)
{
	int32_t *label = nn_alloc((size_t)items->count, sizeof *label, path, e);
	items->memory[1] = label;
	items->label = label;
	return label != NULL;
}

bool nn_label_set(const nn_loader *l, nn_items *items, int64_t i, int64_t value, const char *path,
                  nn_error *e)
{
	int32_t *label = items->memory[1];
	int classes = l->settings->model->classes;
	bool fine = value >= 0 && value < classes;
	label[i] = fine ? (int32_t)value : -1;
	items->odd += !fine;
	if (fine || l->lenient)
		return true;
	return nn_fail(e, NN_EXIT_DATA,
	               "%s: item %lld: label %lld, but the network has %d classes, 0 to %d", path,
	               (long long)i, (long long)value, classes, classes - 1);
}

bool nn_item_finite(const nn_items *items, int64_t i, nn_error *e)
{
	const float *v = items->f32 ? items->f32 + i * items->values : NULL;
	bool fine = true;
	for (int64_t k = 0; v && k < items->values; k++)
		fine &= fabsf(v[k]) <= FLT_MAX;
	if (fine)
		return true;
	char name[NN_ITEM_NAME];
	nn_item_name(items, i, name);
	return nn_fail(e, NN_EXIT_DATA, "%s: holds a NaN or an infinity", name);
}

bool nn_items_finite(const nn_items *items, nn_error *e)
{
	for (int64_t i = 0; !items->file.map && i < items->count; i++)
		if (!nn_item_finite(items, i, e))
			return false;
	return true;
}

/* ---- parts --------------------------------------------------------------------------------- */

static nn_reader *find_reader(const nn_settings *s, nn_error *e)
{
	const char *format = nn_setting_text(s, "data", "format");
	for (int i = 0; format && i < READERS; i++) {
		if (strcmp(readers[i].format, format))
			continue;
		if (!readers[i].read)
			nn_fail(e, NN_EXIT_INTERNAL,
			        "<data format=\"%s\">: this trainer was linked without it", format);
		return readers[i].read;
	}
	nn_fail(e, NN_EXIT_USAGE, "this network has no <data> that can be read: format is %s",
	        format ? format : "missing");
	return NULL;
}

static const nn_source *find_source(const nn_model *m, int part)
{
	for (int i = 0; i < m->sources; i++)
		if (!strcmp(m->source[i].split, part_name[part]))
			return &m->source[i];
	return NULL;
}

static void prepare_loader(nn_loader *l, const nn_settings *s, const char *root)
{
	const nn_model *m = s->model;
	const nn_tensor *target = nn_tensor_find(m->fast, NN_TARGET, NULL);
	const char *given = nn_setting_text(s, "data", "root");
	const char *environment = getenv("NNCC_DATA");
	*l = (nn_loader){.settings = s, .root = given ? given : ""};
	if (environment && *environment)
		l->root = environment;
	if (root)
		l->root = root;
	l->values = (int64_t)m->input[0] * m->input[1] * m->input[2];
	l->labels = m->classes > 0;
	if (!l->labels && target && !target->target_input)
		l->targets = nn_tensor_count(target, 1);
}

/* All items of a source, in order. */
static bool take_whole(nn_data *d, int part, nn_error *e)
{
	const nn_items *items = &d->source[part];
	uint32_t *index = nn_alloc((size_t)items->count, sizeof *index, "indices", e);
	for (int64_t i = 0; index && i < items->count; i++)
		index[i] = (uint32_t)i;
	d->whole[part] = index;
	d->part[part] = (nn_part){items, index, items->count};
	return index != NULL;
}

/* Splits the training source; `own` says which parts have sources of their own. */
static bool split(nn_data *d, const nn_settings *s, const bool own[NN_PARTS], nn_error *e)
{
	double validation, test, seed;
	int64_t key;
	const nn_items *items = &d->source[NN_TRAINING];
	if (!nn_setting_number(s, "data", "validation", 0, &validation, e) ||
	    !nn_setting_number(s, "data", "test", 0, &test, e) ||
	    !nn_setting_number(s, "data", "split_seed", 1, &seed, e))
		return false;
	if (!nn_whole(seed, &key) || key < 0) {
		nn_fail(e, NN_EXIT_USAGE, "<data split_seed>: expected a whole number, found %g",
		        seed);
		return false;
	}
	const char *stratify = nn_setting_text(s, "data", "stratify");
	bool even = stratify && (!strcmp(stratify, "true") || !strcmp(stratify, "1"));
	nn_split parts;
	bool ok = nn_split_items(&parts, items->count, own[NN_VALIDATION] ? 0 : validation,
	                         own[NN_TEST] ? 0 : test, (uint64_t)key, even ? items->label : NULL,
	                         e);
	d->split = parts.item;
	uint32_t *from = parts.item;
	for (int i = 0; ok && i < NN_PARTS; from += parts.part[i], i++)
		if (i == NN_TRAINING || !own[i])
			d->part[i] = (nn_part){items, from, parts.part[i]};
	if (ok && !d->part[NN_TRAINING].count)
		return nn_fail(e, NN_EXIT_DATA, "%s: nothing is left to train on", items->name);
	return ok;
}

static void add_sample(nn_sha256 *hash, const nn_items *items, int64_t i)
{
	int64_t k = items->values;
	if (items->u8)
		nn_sha256_add(hash, items->u8 + i * k, (size_t)k);
	else
		nn_sha256_add(hash, items->f32 + i * k, (size_t)k * sizeof *items->f32);
	if (items->target)
		nn_sha256_add(hash, items->target + i * items->targets,
		              (size_t)items->targets * sizeof *items->target);
}

/* Counts, indices, all labels and some items: enough to notice other or changed files. Items that
 * have to be fetched are fewer, and the names of their files count. */
static bool fingerprint(nn_data *d, nn_error *e)
{
	char name[NN_ITEM_NAME];
	const nn_part *p = &d->part[NN_TRAINING];
	nn_sha256 hash;
	nn_sha256_start(&hash);
	nn_sha256_add(&hash, &p->count, sizeof p->count);
	nn_sha256_add(&hash, &p->items->values, sizeof p->items->values);
	nn_sha256_add(&hash, p->index, (size_t)p->count * sizeof *p->index);
	if (p->items->label)
		nn_sha256_add(&hash, p->items->label,
		              (size_t)p->items->count * sizeof *p->items->label);
	int64_t samples = p->items->store ? 32 : 256;
	samples = p->items->count < samples ? p->items->count : samples;
	for (int64_t i = 0; i < samples; i++) {
		uint32_t item = (uint32_t)(p->items->count * i / samples);
		if (!nn_items_load(p->items, &item, 1, NULL, e))
			return false;
		add_sample(&hash, p->items, item);
	}
	for (int64_t i = 0; p->items->store && p->items->store->path && i < p->items->count; i++) {
		nn_item_name(p->items, i, name);
		const char *slash = strrchr(name, '/');
		nn_sha256_add(&hash, slash ? slash : name, strlen(slash ? slash : name) + 1);
	}
	nn_sha256_hex(&hash, d->fingerprint);
	return true;
}

/* ---- scale and targets --------------------------------------------------------------------- */

enum { SCALE_ITEMS = 4096 };

/* The range of the values of some items, evenly spread; what bytes are is known without a look. */
static nn_scale range_of(const nn_items *items, double *least, double *most)
{
	int64_t step = (items->count + SCALE_ITEMS - 1) / SCALE_ITEMS, seen = 0, above = 0;
	*least = INFINITY;
	*most = -INFINITY;
	for (int64_t i = 0; items->f32 && i < items->count; i += step) {
		const float *v = items->f32 + i * items->values;
		for (int64_t k = 0; k < items->values; k++) {
			*least = fmin(*least, (double)v[k]);
			*most = fmax(*most, (double)v[k]);
			above += v[k] > 1;
		}
		seen += items->values;
	}
	if (!items->f32) {
		*least = 0;
		*most = 1;
	}
	return nn_scale_of(*least, *most, seen ? (double)above / (double)seen : 0);
}

bool nn_items_scale(const nn_items *items, const nn_meaning *m, nn_error *e)
{
	double least, most;
	nn_scale scale = range_of(items, &least, &most);
	bool whole = items->f32 != NULL;
	/* Zeroes and ones alone may be dark pictures of any scale. */
	for (int64_t i = 0; whole && i < items->count * items->values && i < SCALE_ITEMS; i++)
		whole = items->f32[i] == 0 || items->f32[i] == 1;
	if (nn_scale_fits(m->scale, scale) || (scale == NN_SCALE_UNIT && whole))
		return true;
	return nn_fail(e, NN_EXIT_DATA,
	               "%s: its values go from %.4g to %.4g%s, but the training part has %.4g to "
	               "%.4g: save both on one scale",
	               items->name, least, most,
	               items->f32 ? "" : " (bytes, which are read as 0 to 1)", m->least, m->most);
}

nn_fit nn_target_fit(const nn_items *items, int64_t item, const char *loss)
{
	bool share = loss && !strcmp(loss, "binary_cross_entropy");
	nn_fit fit = NN_FIT_GOOD;
	const float *v = items->target ? items->target + item * items->targets : NULL;
	for (int64_t k = 0; v && k < items->targets; k++) {
		if (!isfinite(v[k]))
			return NN_FIT_NONE;
		if (share && !(v[k] >= 0 && v[k] <= 1))
			fit = NN_FIT_RANGE;
	}
	return fit;
}

static const char *target_file(const nn_items *items)
{
	return items->target_name[0] ? items->target_name : items->name;
}

static bool check_targets(const nn_items *items, const char *loss, nn_error *e)
{
	for (int64_t i = 0; items->target && i < items->count; i++) {
		nn_fit fit = nn_target_fit(items, i, loss);
		const float *v = items->target + i * items->targets;
		while (fit == NN_FIT_NONE ? isfinite(*v) : fit && *v >= 0 && *v <= 1)
			v++;
		if (fit)
			return nn_fail(e, NN_EXIT_DATA, "%s: item %lld: a target is %g%s",
			               target_file(items), (long long)i, (double)*v,
			               fit == NN_FIT_RANGE
			                       ? ", but binary_cross_entropy learns 0 to 1"
			                       : "");
	}
	return true;
}

bool nn_items_vary(const nn_items *items, nn_error *e)
{
	int64_t all = items->count * items->targets, i = 0;
	while (items->target && i < all && items->target[i] == items->target[i % items->targets])
		i++;
	if (!items->target || i < all || items->count < 2 || items->synthetic)
		return true;
	return nn_fail(e, NN_EXIT_DATA,
	               "%s: all targets are the same (%g): there is nothing to learn; is it the "
	               "right column or array?",
	               target_file(items), (double)items->target[0]);
}

/* An auto-encoder's targets are its normalised inputs. */
static bool check_own_targets(const nn_items *items, const nn_model *m, nn_error *e)
{
	const nn_tensor *target = nn_tensor_find(m->fast, NN_TARGET, NULL);
	bool share = m->loss && !strcmp(m->loss, "binary_cross_entropy");
	double least = 0, most = 1;
	if (!share || !target || !target->target_input)
		return true;
	if (m->normalize && strcmp(m->normalize, "none") != 0)
		for (int c = 0; c < m->normalize_channels && m->mean; c++) {
			least = fmin(least, -m->mean[c] / m->std[c]);
			most = fmax(most, (1 - m->mean[c]) / m->std[c]);
		}
	if ((m->normalize && !strcmp(m->normalize, "auto")) || least < 0 || most > 1)
		return nn_fail(e, NN_EXIT_DATA,
		               "binary_cross_entropy with target=\"input\" learns 0 to 1, and "
		               "<normalize> takes the input out of that: leave <normalize> out, or "
		               "take loss type=\"mse\"");
	for (int64_t i = 0; items->f32 && i < items->count * items->values; i++)
		if (!(items->f32[i] >= 0 && items->f32[i] <= 1))
			return nn_fail(e, NN_EXIT_DATA,
			               "%s: item %lld: a value is %g, but as target of "
			               "binary_cross_entropy it must be from 0 to 1",
			               items->name, (long long)(i / items->values),
			               (double)items->f32[i]);
	return true;
}

static bool check_items(const nn_items *items, const nn_loader *l, nn_error *e)
{
	const nn_model *m = l->settings->model;
	return nn_items_finite(items, e) && check_targets(items, m->loss, e) &&
	       check_own_targets(items, m, e) && (!l->training || nn_items_vary(items, e));
}

/* Only pictures have a scale that all values share. */
static bool has_scale(const nn_model *m)
{
	return m->input_rank == 3;
}

/* Reads the sources of the parts that are wanted. */
static bool read_sources(nn_data *d, nn_loader *l, nn_reader *read, unsigned parts, nn_error *e)
{
	static const nn_source made_up = {.split = "training"};
	for (int i = 0; i < NN_PARTS; i++) {
		l->source = find_source(l->settings->model, i);
		if (i == NN_TRAINING && !l->source && read == nn_read_synthetic)
			l->source = &made_up;
		if (!(parts >> i & 1) || (!l->source && i != NN_TRAINING))
			continue;
		if (!l->source)
			return nn_fail(e, NN_EXIT_DATA, "<data> has no <training> source");
		l->training = i == NN_TRAINING;
		if (!read(l, &d->source[i], e))
			return false;
		if (!l->lenient && !check_items(&d->source[i], l, e))
			return false;
		if (l->training && has_scale(l->settings->model))
			l->meaning->scale =
			        range_of(&d->source[i], &l->meaning->least, &l->meaning->most);
		if (!l->lenient && !nn_items_scale(&d->source[i], l->meaning, e))
			return false;
		if (i != NN_TRAINING && !take_whole(d, i, e))
			return false;
	}
	return true;
}

/* Whether only the training part can say what labels or columns are called. */
static bool lacks_names(const nn_settings *s, const nn_meaning *m)
{
	const char *format = nn_setting_text(s, "data", "format");
	bool csv = format && !strcmp(format, "csv");
	bool names = csv || (format && !strcmp(format, "folder") && s->model->classes);
	bool columns = !csv || m->columns.count;
	return names && !((m->classes.count || !s->model->classes) && columns);
}

bool nn_data_open(nn_data *d, const nn_settings *s, nn_meaning *m, const char *root, unsigned parts,
                  nn_error *e)
{
	nn_loader l;
	bool own[NN_PARTS];
	unsigned asked = parts;
	*d = (nn_data){0};
	nn_reader *read = find_reader(s, e);
	if (!read)
		return false;
	prepare_loader(&l, s, root);
	l.meaning = m;
	if (lacks_names(s, m))
		parts |= 1 << NN_TRAINING;
	l.lenient = parts & NN_LENIENT;
	for (int i = 0; i < NN_PARTS; i++)
		own[i] = find_source(s->model, i) != NULL;
	/* Whoever wants a part that has no source of its own needs the training source. */
	for (unsigned i = NN_VALIDATION; i < NN_PARTS; i++)
		if (parts >> i & 1 && !own[i])
			parts |= 1 << NN_TRAINING;
	if (!read_sources(d, &l, read, parts, e))
		return false;
	if (!(parts >> NN_TRAINING & 1))
		return true;
	if (!split(d, s, own, e) || (!l.lenient && !fingerprint(d, e)))
		return false;
	/* What was not asked for cannot be looked at by mistake. */
	for (int i = 0; i < NN_PARTS; i++)
		if (!(asked >> i & 1))
			d->part[i] = (nn_part){0};
	return true;
}

/* Of values from 0 to 1 no mean and no deviation is above 1: such numbers are those of 0 to 255. */
static void note_scale(const nn_items *items, const nn_model *m, nn_text *t)
{
	double least, most;
	const double *list[] = {m->mean, m->std};
	bool given = m->normalize && !strcmp(m->normalize, "given"), above = false;
	for (int c = 0; given && c < m->normalize_channels; c++)
		above |= m->mean[c] > 1 || m->std[c] > 1;
	if (!above || !items->count || range_of(items, &least, &most) != NN_SCALE_UNIT)
		return;
	nn_text_add(t,
	            "%s: its values are 0 to 1%s, but <normalize> has numbers of 0 to 255; write",
	            items->name, items->u8 ? ", as bytes become" : "");
	for (int k = 0; k < 2; k++) {
		nn_text_add(t, k ? "\" std=\"" : " mean=\"");
		for (int c = 0; c < m->normalize_channels; c++)
			nn_text_add(t, c ? ",%.4g" : "%.4g", list[k][c] / 255);
	}
	nn_text_add(t, "\"\n");
}

void nn_data_notes(const nn_data *d, const nn_model *model, nn_text *t)
{
	const nn_part *p = &d->part[NN_TRAINING];
	char number[16];
	for (int i = 0; i < NN_PARTS; i++)
		if (d->source[i].passed)
			nn_text_add(t,
			            "%s: %lld files were passed over, being no PNG or JPEG or in "
			            "no class's directory, %s\n",
			            d->source[i].name, (long long)d->source[i].passed,
			            d->source[i].passed_one);
	note_scale(&d->source[NN_TRAINING], model, t);
	int64_t *items = calloc((size_t)model->classes + 1, sizeof *items);
	for (int64_t i = 0; items && p->count && p->items->label && i < p->count; i++)
		if (p->items->label[p->index[i]] >= 0)
			items[p->items->label[p->index[i]]]++;
	for (int k = 0; items && p->count && p->items->label && k < model->classes; k++)
		if (!items[k])
			nn_text_add(t, "%s: no training item is a '%s'\n", p->items->name,
			            nn_class_name(model, k, number));
	free(items);
}
