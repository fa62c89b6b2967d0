/* data.c: from <data> to the parts that a run uses.
 *
 *     in    the sources of the network, --data, NNCC_DATA, shares for validation and test
 *     out   nn_data: items in memory, and for each part the indices of its items
 *
 * A part with a source of its own is used whole. Without one, validation and test are split off the
 * training source (shuffle.c). Training items are always in the split's random order, so that
 * --limit takes a fair sample. */
#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sha256.h"
#include "shuffle.h"
#include "tensor.h"

static const char *const part_name[NN_PARTS] = {"training", "validation", "test"};

/* format, reader; NULL for those that are known and not read yet */
static const struct {
	const char *format; /* of <data>                             */
	nn_reader *read;    /* NULL: known, but not supported yet    */
} readers[] = {{"idx", nn_read_idx}, {"synthetic", nn_read_synthetic},
               {"cifar", NULL},      {"npy", NULL},
               {"npz", NULL},        {"csv", NULL},
               {"folder", NULL}};

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

static nn_reader *find_reader(const nn_settings *s, nn_error *e)
{
	const char *format = nn_setting_text(s, "data", "format");
	for (int i = 0; format && i < READERS; i++) {
		if (strcmp(readers[i].format, format))
			continue;
		if (!readers[i].read)
			nn_fail(e, NN_EXIT_USAGE,
			        "<data format=\"%s\">: not supported yet; idx and "
			        "synthetic are",
			        format);
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
	const nn_items *items = &d->source[NN_TRAINING];
	if (!nn_setting_number(s, "data", "validation", 0, &validation, e) ||
	    !nn_setting_number(s, "data", "test", 0, &test, e) ||
	    !nn_setting_number(s, "data", "split_seed", 1, &seed, e))
		return false;
	const char *stratify = nn_setting_text(s, "data", "stratify");
	bool even = stratify && (!strcmp(stratify, "true") || !strcmp(stratify, "1"));
	nn_split parts;
	bool ok = nn_split_items(&parts, items->count, own[NN_VALIDATION] ? 0 : validation,
	                         own[NN_TEST] ? 0 : test, (uint64_t)seed,
	                         even ? items->label : NULL, e);
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

/* Counts, indices, all labels and 256 items: enough to notice other or changed files. */
static void fingerprint(nn_data *d)
{
	const nn_part *p = &d->part[NN_TRAINING];
	nn_sha256 hash;
	nn_sha256_start(&hash);
	nn_sha256_add(&hash, &p->count, sizeof p->count);
	nn_sha256_add(&hash, &p->items->values, sizeof p->items->values);
	nn_sha256_add(&hash, p->index, (size_t)p->count * sizeof *p->index);
	if (p->items->label)
		nn_sha256_add(&hash, p->items->label,
		              (size_t)p->items->count * sizeof *p->items->label);
	int64_t samples = p->items->count < 256 ? p->items->count : 256;
	for (int64_t i = 0; i < samples; i++)
		add_sample(&hash, p->items, p->items->count * i / samples);
	nn_sha256_hex(&hash, d->fingerprint);
}

bool nn_data_open(nn_data *d, const nn_settings *s, const char *root, unsigned parts, nn_error *e)
{
	nn_loader l;
	bool own[NN_PARTS];
	*d = (nn_data){0};
	nn_reader *read = find_reader(s, e);
	if (!read)
		return false;
	prepare_loader(&l, s, root);
	static const nn_source made_up = {.split = "training"};
	for (int i = 0; i < NN_PARTS; i++)
		own[i] = find_source(s->model, i) != NULL;
	/* Whoever wants a part that has no source of its own needs the training source. */
	for (unsigned i = NN_VALIDATION; i < NN_PARTS; i++)
		if (parts >> i & 1 && !own[i])
			parts |= 1 << NN_TRAINING;
	for (int i = 0; i < NN_PARTS; i++) {
		l.source = find_source(s->model, i);
		if (i == NN_TRAINING && !l.source && read == nn_read_synthetic)
			l.source = &made_up;
		if (!(parts >> i & 1) || (!l.source && i != NN_TRAINING))
			continue;
		if (!l.source)
			return nn_fail(e, NN_EXIT_DATA, "<data> has no <training> source");
		if (!read(&l, &d->source[i], e))
			return false;
		if (i != NN_TRAINING && !take_whole(d, i, e))
			return false;
	}
	if (!(parts >> NN_TRAINING & 1))
		return true;
	if (!split(d, s, own, e))
		return false;
	fingerprint(d);
	return true;
}
