/* feed.c: from items to the batch in the arena.
 *
 *     in    8-bit or float items in memory, the indices of a batch
 *     out   the input tensor in its layout, normalised; the target tensor
 *
 * One pass: a table of 256 normalised values a channel, a table of where each value of an item
 * lies. Work is split among the threads by (block of images, piece of the item), so that a thread
 * writes whole vectors where images lie in the lanes. Lanes without an image, and padding inside an
 * item, are written as zero each time: the planner may have lent that memory to others. Images that
 * are augmented (augment.c) are changed in the same pass: a cell is read where it comes from. */
#include "feed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../net/tensor.h"

enum { PIECE = 512, CHUNK = 1024 };

bool nn_normalize_open(nn_normalize *z, const nn_model *model, nn_error *e)
{
	bool given = model->normalize && !strcmp(model->normalize, "given");
	z->channels = model->normalize_channels > 0 ? model->normalize_channels : 1;
	z->unit = 1;
	if (model->normalize && !strcmp(model->normalize, "auto"))
		z->channels = model->input[0];
	z->mean = nn_alloc((size_t)z->channels, sizeof *z->mean, "normalize", e);
	z->std = nn_alloc((size_t)z->channels, sizeof *z->std, "normalize", e);
	for (int c = 0; !e->code && c < z->channels; c++) {
		z->mean[c] = given ? model->mean[c] : 0;
		z->std[c] = given ? model->std[c] : 1;
	}
	return !e->code;
}

void nn_normalize_close(nn_normalize *z)
{
	free(z->mean);
	free(z->std);
	*z = (nn_normalize){0};
}

/* ---- mean and standard deviation ----------------------------------------------------------- */

typedef struct measure {
	const nn_part *part; /* over which items                              */
	int channels;        /* of an item                                    */
	uint64_t *sum;       /* [threads][channels][2]: sum and sum of squares */
	int64_t from, count; /* items of the part that are loaded             */
} measure;

/* Whole numbers: the result does not depend on who adds what. */
static void add_up(void *arg, int thread, int threads)
{
	const measure *m = arg;
	const nn_items *items = m->part->items;
	int64_t span = items->values / m->channels;
	int64_t from = m->from + m->count * thread / threads;
	int64_t to = m->from + m->count * (thread + 1) / threads;
	uint64_t *sum = m->sum + (size_t)thread * (size_t)m->channels * 2;
	for (int64_t i = from; i < to; i++) {
		const uint8_t *v = items->u8 + (int64_t)m->part->index[i] * items->values;
		for (size_t c = 0; c < (size_t)m->channels; c++) {
			uint64_t s = 0, q = 0;
			for (int64_t k = 0; k < span; k++, v++) {
				s += *v;
				q += (uint64_t)*v * *v;
			}
			sum[2 * c] += s;
			sum[2 * c + 1] += q;
		}
	}
}

static bool measure_u8(nn_normalize *z, const nn_part *part, nn_team *team, nn_error *e)
{
	int threads = nn_team_threads(team);
	size_t row = (size_t)z->channels * 2;
	measure m = {.part = part, .channels = z->channels};
	m.sum = nn_alloc((size_t)threads * row, 8, "normalize", e);
	for (; m.sum && m.from < part->count; m.from += m.count) {
		m.count = part->count - m.from < CHUNK ? part->count - m.from : CHUNK;
		if (!nn_items_load(part->items, part->index + m.from, m.count, team, e)) {
			free(m.sum);
			return false;
		}
		nn_team_each(team, add_up, &m);
	}
	if (!m.sum)
		return false;
	for (int t = 1; t < threads; t++)
		for (size_t k = 0; k < row; k++)
			m.sum[k] += m.sum[(size_t)t * row + k];
	int64_t span = part->items->values / z->channels;
	double n = (double)(part->count * span);
	for (size_t c = 0; c < (size_t)z->channels; c++) {
		double mean = (double)m.sum[2 * c] / n;
		double square = (double)m.sum[2 * c + 1] / n;
		z->mean[c] = mean / 255;
		z->std[c] = sqrt(fmax(square - mean * mean, 0)) / 255;
	}
	free(m.sum);
	return true;
}

/* Two passes in double: the mean, then the squares about it. */
static void measure_f32(nn_normalize *z, const nn_part *part)
{
	int64_t values = part->items->values, span = values / z->channels;
	double n = (double)part->count * (double)span;
	for (int c = 0; c < z->channels; c++)
		z->mean[c] = z->std[c] = 0;
	for (int pass = 0; pass < 2; pass++) {
		double *sum = pass ? z->std : z->mean;
		for (int64_t i = 0; i < part->count; i++) {
			const float *v = part->items->f32 + (int64_t)part->index[i] * values;
			for (int c = 0; c < z->channels; c++)
				for (int64_t k = 0; k < span; k++, v++) {
					double x = pass ? (double)*v - z->mean[c] : (double)*v;
					sum[c] += pass ? x * x : x;
				}
		}
		for (int c = 0; c < z->channels; c++)
			sum[c] = pass ? sqrt(sum[c] / n) : sum[c] / n;
	}
}

bool nn_normalize_measure(nn_normalize *z, const nn_part *part, nn_team *team, nn_error *e)
{
	if (part->items->values % z->channels)
		return nn_fail(e, NN_EXIT_INTERNAL,
		               "normalize: %d channels do not divide %lld "
		               "values",
		               z->channels, (long long)part->items->values);
	if (part->items->u8 && !measure_u8(z, part, team, e))
		return false;
	if (!part->items->u8)
		measure_f32(z, part);
	/* A channel that is constant carries nothing: leave it at zero instead of dividing. */
	for (int c = 0; c < z->channels; c++)
		if (!(z->std[c] > 0))
			z->std[c] = 1;
	return true;
}

/* ---- where values go ----------------------------------------------------------------------- */

/* Positions of an item including padding, with the axes from 1 on. */
static int64_t padded(const nn_tensor *t, int d)
{
	return (t->dim[d] + t->block[d] - 1) / t->block[d] * t->block[d];
}

static bool places(nn_places *p, const nn_program *program, const nn_tensor *t, nn_error *e)
{
	int64_t all = 1, values = nn_tensor_count(t, 1);
	for (int d = 1; d < t->rank; d++)
		all *= padded(t, d);
	p->tensor = t;
	p->at = nn_alloc((size_t)values, sizeof *p->at, "the batch", e);
	p->pad = nn_alloc((size_t)(all - values), sizeof *p->pad, "the batch", e);
	if (!p->at || !p->pad)
		return false;
	for (int64_t i = 0, next = 0; i < all; i++) {
		int64_t index[NN_RANK] = {0}, rest = i;
		bool inside = true;
		for (int d = t->rank - 1; d > 0; d--) {
			index[d] = rest % padded(t, d);
			rest /= padded(t, d);
			inside = inside && index[d] < t->dim[d];
		}
		size_t bytes = nn_tensor_at(program, t, index) - t->offset;
		int32_t at = (int32_t)(bytes / (size_t)program->real_size);
		if (inside)
			p->at[next++] = at;
		else
			p->pad[p->pads++] = at;
	}
	return true;
}

static bool make_table(nn_feed *f, nn_error *e)
{
	int channels = f->normalize.channels;
	f->table = nn_alloc((size_t)channels * 256, sizeof *f->table, "normalize", e);
	for (int i = 0; f->table && i < channels * 256; i++)
		f->table[i] = (i % 256 / 255.0 * f->normalize.unit - f->normalize.mean[i / 256]) /
		              f->normalize.std[i / 256];
	return f->table != NULL;
}

bool nn_feed_open(nn_feed *f, nn_net *net, const nn_normalize *z, nn_error *e)
{
	*f = (nn_feed){.net = net, .normalize = *z, .values = nn_tensor_count(net->input, 1)};
	if (f->values % z->channels || (z->channels > 1 && f->values < z->channels))
		return nn_fail(e, NN_EXIT_INTERNAL,
		               "normalize: %d channels do not divide %lld "
		               "values",
		               z->channels, (long long)f->values);
	return make_table(f, e) && places(&f->input, net->program, net->input, e) &&
	       (!net->target->target_input || places(&f->target, net->program, net->target, e));
}

void nn_feed_close(nn_feed *f)
{
	free(f->table);
	free(f->input.at);
	free(f->input.pad);
	free(f->target.at);
	free(f->target.pad);
	*f = (nn_feed){0};
}

/* ---- filling ------------------------------------------------------------------------------- */

static inline void put(char *base, int64_t at, bool wide, double value)
{
	if (wide)
		((double *)base)[at] = value;
	else
		((float *)base)[at] = (float)value;
}

/* A piece of a block of images: values from..to-1, all of one channel. */
typedef struct piece {
	const nn_feed *feed; /* of the batch                          */
	const nn_places *to; /* input or target                       */
	char *base;          /* of the tensor                         */
	int first, lanes;    /* images of the block                   */
	int64_t from, end;   /* values                                */
	int channel;         /* of these values                       */
} piece;

/* The same of an image that is changed; its values begin at `start`. */
static inline void fill_changed(const piece *p, int64_t at, int64_t start, const nn_view *v,
                                bool wide)
{
	const nn_feed *f = p->feed;
	const nn_map *row = &v->axis[0], *column = &v->axis[1];
	int64_t height = f->augment->size[0], width = f->augment->size[1];
	const double *table = f->table + (ptrdiff_t)p->channel * 256;
	double mean = f->normalize.mean[p->channel], std = f->normalize.std[p->channel];
	int64_t j = p->from % width, i = p->from / width % height;
	int64_t plane = start + p->from - i * width - j;
	for (int64_t k = p->from; k < p->end; k++) {
		double value = -mean / std;
		if (i >= row->from && i < row->end && j >= column->from && j < column->end) {
			int64_t cell = plane + (row->sign * i + row->offset) * width +
			               column->sign * j + column->offset;
			value = f->batch.items->u8
			                ? table[f->batch.items->u8[cell]]
			                : ((double)f->batch.items->f32[cell] - mean) / std;
		}
		put(p->base, at + p->to->at[k], wide, value);
		j = j + 1 == width ? 0 : j + 1;
		i = j ? i : i + 1;
		if (i == height) {
			i = 0;
			plane += height * width;
		}
	}
}

static inline void fill_piece(const piece *p, bool wide)
{
	const nn_feed *f = p->feed;
	const nn_items *items = f->batch.items;
	const nn_tensor *t = p->to->tensor;
	const double *table = f->table + (ptrdiff_t)p->channel * 256;
	double mean = f->normalize.mean[p->channel], std = f->normalize.std[p->channel];
	for (int lane = 0; lane < p->lanes; lane++) {
		int n = p->first + lane;
		int64_t at = n / t->block[0] * t->outer[0] + n % t->block[0] * t->inner[0];
		const int32_t *to = p->to->at;
		if (n >= f->batch.live) {
			for (int64_t k = p->from; k < p->end; k++)
				put(p->base, at + to[k], wide, 0);
			continue;
		}
		int64_t start = (int64_t)f->batch.index[n] * items->values;
		if (f->augment) {
			nn_view v = nn_augment_view(f->augment, f->batch.index[n], 0,
			                            f->augment->changes);
			fill_changed(p, at, start, &v, wide);
		} else if (items->u8)
			for (int64_t k = p->from; k < p->end; k++)
				put(p->base, at + to[k], wide, table[items->u8[start + k]]);
		else
			for (int64_t k = p->from; k < p->end; k++)
				put(p->base, at + to[k], wide,
				    ((double)items->f32[start + k] - mean) / std);
	}
}

static void fill_padding(const piece *p, bool wide)
{
	const nn_tensor *t = p->to->tensor;
	for (int n = p->first; n < p->first + p->lanes; n++) {
		int64_t at = n / t->block[0] * t->outer[0] + n % t->block[0] * t->inner[0];
		for (int64_t k = 0; k < p->to->pads; k++)
			put(p->base, at + p->to->pad[k], wide, 0);
	}
}

/* Images that are changed cell by cell: a thread makes and writes whole ones. */
static inline void fill_made(const piece *p, int thread, bool wide)
{
	const nn_feed *f = p->feed;
	const nn_tensor *t = p->to->tensor;
	const nn_normalize *z = &f->normalize;
	int64_t span = f->values / z->channels;
	bool clean = p->to == &f->target;
	for (int n = p->first; n < p->first + p->lanes; n++) {
		const float *image = n < f->batch.live ? nn_augment_image(f->augment, &f->batch, n,
		                                                          clean, thread)
		                                       : NULL;
		int64_t at = n / t->block[0] * t->outer[0] + n % t->block[0] * t->inner[0];
		for (int64_t k = 0, c = 0; c < z->channels; c++)
			for (int64_t end = k + span; k < end; k++)
				put(p->base, at + p->to->at[k], wide,
				    image ? ((double)image[k] - z->mean[c]) / z->std[c] : 0);
	}
	fill_padding(p, wide);
}

static void fill_images(const nn_feed *f, const nn_places *to, int thread, int threads)
{
	int lanes = (int)to->tensor->block[0];
	int64_t blocks = (f->batch.live + lanes - 1) / lanes;
	piece p = {.feed = f, .to = to, .lanes = lanes};
	p.base = f->net->arena + to->tensor->offset;
	for (int64_t u = blocks * thread / threads; u < blocks * (thread + 1) / threads; u++) {
		p.first = (int)u * lanes;
		if (f->net->program->real_size == 8)
			fill_made(&p, thread, true);
		else
			fill_made(&p, thread, false);
	}
}

static void fill_tensor(const nn_feed *f, const nn_places *to, int thread, int threads)
{
	if (f->augment && f->augment->pixels) {
		fill_images(f, to, thread, threads);
		return;
	}
	const nn_program *program = f->net->program;
	bool wide = program->real_size == 8;
	int lanes = (int)to->tensor->block[0];
	int64_t span = f->values / f->normalize.channels;
	int64_t pieces = (span + PIECE - 1) / PIECE * f->normalize.channels;
	int64_t blocks = (f->batch.live + lanes - 1) / lanes, work = blocks * pieces;
	piece p = {.feed = f, .to = to, .lanes = lanes};
	p.base = f->net->arena + to->tensor->offset;
	for (int64_t u = work * thread / threads; u < work * (thread + 1) / threads; u++) {
		int64_t k = u % pieces, each = pieces / f->normalize.channels;
		p.first = (int)(u / pieces) * lanes;
		p.channel = (int)(k / each);
		p.from = p.channel * span + k % each * PIECE;
		p.end = p.from + PIECE < (p.channel + 1) * span ? p.from + PIECE
		                                                : (p.channel + 1) * span;
		if (wide)
			fill_piece(&p, true);
		else
			fill_piece(&p, false);
		if (k == 0 && to->pads)
			fill_padding(&p, wide);
	}
}

/* Value k of the target of item n. */
static double target_of(const nn_feed *f, int n, int64_t k)
{
	const nn_items *items = f->batch.items;
	uint32_t item = f->batch.index[n];
	return items->label    ? items->label[item]
	       : items->target ? (double)items->target[item * items->targets + k]
	                       : 0;
}

static void put_item(const nn_feed *f, const nn_tensor *t, int n, int64_t k, double value)
{
	int64_t index[NN_RANK] = {n};
	for (int d = t->rank - 1; d > 0; d--) {
		index[d] = k % t->dim[d];
		k /= t->dim[d];
	}
	put(f->net->arena + nn_tensor_at(f->net->program, t, index), 0,
	    f->net->program->real_size == 8, value);
}

/* Labels, or real targets: small, so one thread does it. Of images that are mixed, real targets are
 * mixed too; labels stand side by side with the weight of the first. */
static void fill_target(const nn_feed *f)
{
	const nn_tensor *t = f->net->target, *share = f->net->share;
	int64_t lanes = t->block[0], count = nn_tensor_count(t, 1);
	int end = (int)((f->batch.live + lanes - 1) / lanes * lanes);
	for (int n = 0; n < end; n++) {
		bool live = n < f->batch.live;
		int other = n;
		double own = 1;
		if (live && f->augment)
			own = nn_augment_share(f->augment, &f->batch, n, &other);
		for (int64_t k = 0; k < count; k++) {
			double value = live ? target_of(f, n, k) : 0;
			if (other != n && !share)
				value = own * value + (1 - own) * target_of(f, other, k);
			put_item(f, t, n, k, value);
		}
		if (share) {
			put_item(f, share, n, 0, own);
			put_item(f, f->net->other, n, 0, live ? target_of(f, other, 0) : 0);
		}
	}
}

static void fill(void *arg, int thread, int threads)
{
	const nn_feed *f = arg;
	fill_tensor(f, &f->input, thread, threads);
	if (f->target.at)
		fill_tensor(f, &f->target, thread, threads);
	else if (thread == 0)
		fill_target(f);
}

bool nn_feed_fill(nn_feed *f, const nn_items *items, const uint32_t *index, int live, nn_error *e)
{
	if (!nn_items_load(items, index, live, f->net->team, e))
		return false;
	for (int i = 0; items->file.map && i < live; i++)
		if (!nn_item_finite(items, index[i], e))
			return false;
	f->batch = (nn_batch){items, index, live};
	nn_team_each(f->net->team, fill, f);
	return true;
}
