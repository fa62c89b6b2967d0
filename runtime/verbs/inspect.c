/* inspect.c: what is in a data set: counts, ranges, and what is suspicious.
 *
 *     in    the sources of <data>, split as training splits them
 *     out   items by part and class; items that are damaged, repeated, constant or far off
 *
 * Every item is loaded once and becomes one `fact`: SHA-256 of its values, smallest and largest.
 * Facts sorted by their hash bring equal items together, whichever part they are in. An item that
 * is in the test part and in the training part makes the test say too much; equal items with
 * different labels cannot both be learnt. */
#include "inspect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/sha256.h"

enum { CHUNK = 1024 };
static const double FAR = 10; /* deviations from the mean */

typedef struct fact {
	uint64_t hash[2];  /* of its values: 128 bits, high ones first */
	uint32_t item;     /* in its part's items                    */
	int32_t label;     /* or -1                                  */
	uint8_t part;      /* NN_TRAINING, ...                       */
	bool read;         /* its values were there                  */
	bool finite;       /* all of them are                        */
	float least, most; /* of its values                          */
} fact;

/* Items that are looked at together. */
typedef struct look {
	nn_inspection *x;
	const char *loss;    /* what it wants of targets                    */
	const nn_part *part; /* which                                       */
	fact *fact;          /* of the chunk                                */
	int64_t from, count; /* the chunk within the part                   */
	double *sum;         /* [CHUNK][channels][2]: of values and squares */
} look;

static void add_example(nn_inspection *x, nn_finding what, nn_example example)
{
	if (x->examples[what] < NN_EXAMPLES)
		x->example[what][x->examples[what]++] = example;
}

static bool is_there(const nn_items *items, uint32_t item)
{
	return !items->store || nn_store_has(items->store, item);
}

static void hash_values(fact *f, const nn_items *items)
{
	nn_sha256 hash;
	char hex[65];
	size_t at = (size_t)f->item * (size_t)items->values;
	nn_sha256_start(&hash);
	if (items->u8)
		nn_sha256_add(&hash, items->u8 + at, (size_t)items->values);
	else
		nn_sha256_add(&hash, items->f32 + at, (size_t)items->values * sizeof(float));
	nn_sha256_hex(&hash, hex);
	for (size_t i = 0; i < 2; i++)
		f->hash[i] = (uint64_t)hash.h[2 * i] << 32 | hash.h[2 * i + 1];
}

static void measure(fact *f, const nn_items *items, int channels, double *sum)
{
	int64_t span = items->values / channels, at = (int64_t)f->item * items->values;
	f->least = INFINITY;
	f->most = -INFINITY;
	f->finite = true;
	for (int64_t c = 0; c < channels; c++) {
		sum[2 * c] = sum[2 * c + 1] = 0;
		for (int64_t k = 0; k < span; k++, at++) {
			float v = items->u8 ? (float)items->u8[at] : items->f32[at];
			f->finite = f->finite && isfinite(v);
			f->least = v < f->least ? v : f->least;
			f->most = v > f->most ? v : f->most;
			sum[2 * c] += (double)v;
			sum[2 * c + 1] += (double)v * (double)v;
		}
	}
}

static void look_at_some(void *arg, int thread, int threads)
{
	const look *l = arg;
	const nn_items *items = l->part->items;
	int channels = l->x->channels;
	for (int64_t i = l->count * thread / threads; i < l->count * (thread + 1) / threads; i++) {
		fact *f = &l->fact[i];
		f->read = is_there(items, f->item);
		if (!f->read)
			continue;
		hash_values(f, items);
		measure(f, items, channels, l->sum + i * channels * 2);
	}
}

/* Loads a chunk and looks at it. Items that cannot be loaded are tried again, one by one, for their
 * reason, after the others were looked at. */
static void look_at_chunk(look *l, nn_team *team)
{
	nn_error e = {0};
	const nn_part *part = l->part;
	nn_items_load(part->items, part->index + l->from, l->count, team, &e);
	nn_team_each(team, look_at_some, l);
	for (int64_t i = 0; i < l->count; i++) {
		fact *f = &l->fact[i];
		nn_example example = {.part = f->part, .item = f->item, .other = -1};
		if (f->read)
			continue;
		l->x->found[NN_UNREADABLE][f->part]++;
		if (l->x->examples[NN_UNREADABLE] == NN_EXAMPLES)
			continue;
		e.code = 0;
		nn_items_load(part->items, &f->item, 1, NULL, &e);
		memcpy(example.why, e.text, sizeof example.why - 1);
		add_example(l->x, NN_UNREADABLE, example);
	}
}

/* Adds the facts of a chunk to what is known, in order. */
static void add_chunk(look *l, int part)
{
	nn_inspection *x = l->x;
	int channels = x->channels;
	for (int64_t i = 0; i < l->count; i++) {
		const fact *f = &l->fact[i];
		nn_example example = {.part = part, .item = f->item, .other = -1};
		if (f->label >= 0 && x->classes)
			x->by_class[part * x->classes + f->label]++;
		if (f->label < 0 && x->classes) {
			x->found[NN_ODD_LABEL][part]++;
			add_example(x, NN_ODD_LABEL, example);
		}
		if (!f->read)
			continue;
		nn_fit fit = nn_target_fit(l->part->items, f->item, l->loss);
		if (fit == NN_FIT_RANGE) {
			x->found[NN_ODD_TARGET][part]++;
			add_example(x, NN_ODD_TARGET, example);
		}
		if (!f->finite || fit == NN_FIT_NONE) {
			x->found[NN_NOT_FINITE][part]++;
			add_example(x, NN_NOT_FINITE, example);
			continue;
		}
		x->least[part] = fmin(x->least[part], (double)f->least);
		x->most[part] = fmax(x->most[part], (double)f->most);
		if (x->values > 1 && !(f->least < f->most)) {
			x->found[NN_CONSTANT][part]++;
			add_example(x, NN_CONSTANT, example);
		}
		for (int c = 0; part == NN_TRAINING && c < channels; c++) {
			x->mean[c] += l->sum[(i * channels + c) * 2];
			x->deviation[c] += l->sum[(i * channels + c) * 2 + 1];
		}
	}
}

static void look_at_part(look *l, int part, nn_team *team)
{
	const nn_part *p = &l->x->data.part[part];
	l->part = p;
	for (l->from = 0; l->from < p->count; l->from += l->count) {
		l->count = p->count - l->from < CHUNK ? p->count - l->from : CHUNK;
		for (int64_t i = 0; i < l->count; i++) {
			uint32_t item = p->index[l->from + i];
			l->fact[i] = (fact){.item = item, .part = (uint8_t)part};
			l->fact[i].label = p->items->label ? p->items->label[item] : 0;
		}
		look_at_chunk(l, team);
		add_chunk(l, part);
		l->fact += l->count;
	}
}

/* Sums to mean and deviation of the training items that were counted. */
static void finish_means(nn_inspection *x)
{
	const nn_part *p = &x->data.part[NN_TRAINING];
	int64_t items = p->count - x->found[NN_UNREADABLE][NN_TRAINING] -
	                x->found[NN_NOT_FINITE][NN_TRAINING];
	int64_t span = x->values / x->channels;
	double n = (double)items * (double)span;
	double unit = p->items && p->items->u8 ? 255 : 1;
	for (int c = 0; c < x->channels && items; c++) {
		double mean = x->mean[c] / n;
		x->deviation[c] = sqrt(fmax(x->deviation[c] / n - mean * mean, 0)) / unit;
		x->mean[c] = mean / unit;
	}
}

/* Float items with a value far from the mean of its channel; bytes cannot be far. */
static void find_extreme(nn_inspection *x, int part)
{
	const nn_part *p = &x->data.part[part];
	int64_t span = x->values / x->channels;
	for (int64_t i = 0; i < p->count && p->items->f32; i++) {
		const float *v = p->items->f32 + (int64_t)p->index[i] * x->values;
		bool far = false;
		for (int64_t k = 0; k < x->values; k++) {
			double off = fabs((double)v[k] - x->mean[k / span]);
			far = far || (off > FAR * x->deviation[k / span] && isfinite(off));
		}
		x->found[NN_EXTREME][part] += far;
		if (far)
			add_example(x, NN_EXTREME,
			            (nn_example){.part = part, .item = p->index[i], .other = -1});
	}
}

/* ---- equal items --------------------------------------------------------------------------- */

static int by_hash(const void *a, const void *b)
{
	const fact *x = a, *y = b;
	for (size_t i = 0; i < 2; i++)
		if (x->hash[i] != y->hash[i])
			return x->hash[i] < y->hash[i] ? -1 : 1;
	if (x->part != y->part)
		return x->part - y->part;
	return x->item < y->item ? -1 : x->item > y->item;
}

/* Items `f` and `other` are equal. */
static void add_equal(nn_inspection *x, nn_finding what, const fact *f, const fact *other)
{
	x->found[what][f->part]++;
	add_example(x, what, (nn_example){f->part, other->part, f->item, other->item, ""});
}

static void add_group(nn_inspection *x, const fact *group, int64_t count)
{
	int64_t in[NN_PARTS] = {0};
	bool conflict = false;
	for (int64_t i = 0; i < count; i++) {
		const fact *f = &group[i];
		if (in[f->part]++)
			add_equal(x, NN_REPEATED, f, f - 1);
		if (f->part != group->part)
			add_equal(x, NN_SHARED, f, group);
		if (f->label != group->label && x->classes && !conflict) {
			add_equal(x, NN_CONFLICT, f, group);
			conflict = true;
		}
	}
	for (int i = 0; i < NN_PARTS; i++)
		for (int j = i + 1; j < NN_PARTS; j++)
			x->shared[i][j] += in[i] ? in[j] : 0;
}

static void find_equal(nn_inspection *x, fact *all, int64_t count)
{
	qsort(all, (size_t)count, sizeof *all, by_hash);
	for (int64_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && all[i].read &&
		                  !memcmp(all[i].hash, all[end].hash, sizeof all->hash);)
			end++;
		if (end - i > 1)
			add_group(x, all + i, end - i);
	}
}

/* ---- all of it ----------------------------------------------------------------------------- */

static int channels_of(const nn_model *m)
{
	return m->input[0] <= NN_CHANNELS_SHOWN ? m->input[0] : 1;
}

/* What is wrong with a part as a whole. */
static void add_unfit(nn_inspection *x, nn_error *why)
{
	x->unfits++;
	nn_text_add(&x->unfit, "%s\n", why->text);
	why->code = 0;
}

static void judge_parts(nn_inspection *x, const nn_meaning *m)
{
	nn_error why = {0};
	for (int i = 0; i < NN_PARTS; i++)
		if (x->data.source[i].count && !nn_items_scale(&x->data.source[i], m, &why))
			add_unfit(x, &why);
	if (!nn_items_vary(&x->data.source[NN_TRAINING], &why))
		add_unfit(x, &why);
}

bool nn_inspect(nn_inspection *x, const nn_settings *s, nn_meaning *means, const char *root,
                nn_team *team, nn_error *e)
{
	const nn_model *m = s->model;
	*x = (nn_inspection){.classes = m->classes, .channels = channels_of(m)};
	unsigned all = 1 << NN_TRAINING | 1 << NN_VALIDATION | 1 << NN_TEST | NN_LENIENT;
	if (!nn_data_open(&x->data, s, means, root, all, e))
		return false;
	judge_parts(x, means);
	int64_t count = 0;
	for (int i = 0; i < NN_PARTS; i++) {
		count += x->data.part[i].count;
		x->least[i] = INFINITY;
		x->most[i] = -INFINITY;
	}
	x->values = x->data.part[NN_TRAINING].items->values;
	look l = {.x = x, .loss = m->loss};
	size_t sums = (size_t)CHUNK * (size_t)x->channels * 2;
	fact *facts = nn_alloc((size_t)count, sizeof *facts, "looking at the data", e);
	l.sum = nn_alloc(sums, sizeof *l.sum, "looking at the data", e);
	x->by_class = nn_alloc((size_t)x->classes * NN_PARTS, sizeof *x->by_class, "classes", e);
	l.fact = facts;
	for (int i = 0; !e->code && i < NN_PARTS; i++)
		look_at_part(&l, i, team);
	if (!e->code) {
		finish_means(x);
		for (int i = 0; i < NN_PARTS; i++)
			find_extreme(x, i);
		find_equal(x, facts, count);
	}
	free(facts);
	free(l.sum);
	return !e->code;
}

void nn_inspection_close(nn_inspection *x)
{
	nn_data_close(&x->data);
	free(x->by_class);
	nn_text_free(&x->unfit);
	x->by_class = NULL;
}

int64_t nn_inspection_unusable(const nn_inspection *x)
{
	int64_t sum = x->unfits;
	for (int i = 0; i < NN_PARTS; i++)
		sum += x->found[NN_UNREADABLE][i] + x->found[NN_ODD_LABEL][i] +
		       x->found[NN_NOT_FINITE][i] + x->found[NN_ODD_TARGET][i];
	return sum;
}
