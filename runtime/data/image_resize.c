/* image_resize.c: a picture in another size, by bilinear filtering with antialiasing.
 *
 *     in    rows of bytes, from the top            out   rows of another width, in another number
 *
 * A pixel of the result is a weighted mean of those around its place, along rows and along columns.
 * The weights fall linearly to zero over one pixel of whichever picture is the coarser, so making
 * it smaller looks at every pixel. Height and width are stretched each for itself. This is Pillow's
 * BILINEAR (and torchvision's, with antialias): weights in double, scaled to whole numbers of
 * 2^-22, rows rounded to bytes between the two passes. Which pass is the first makes a difference
 * of one level at most, and Pillow's versions differ in it: here it is the one along columns where
 * there will be fewer rows, since it goes through whole rows and leaves less to the other.
 *
 * A row that comes is added to the two or three rows of the result that it is part of, so memory is
 * that of a few rows, however high the picture is. */
#include "image.h"

#include <math.h>
#include <string.h>

enum { PRECISION = 22, HALF = 1 << (PRECISION - 1), WIDE = 1 << 16 };

static nn_axis make_axis(int64_t before, int64_t after)
{
	double scale = (double)before / (double)after;
	return (nn_axis){before, after, scale, fmax(scale, 1), 1 / fmax(scale, 1)};
}

/* Weight of cell k of the source for a cell of the result with this centre, before scaling. */
static double weight_of(const nn_axis *a, int64_t k, double centre)
{
	double off = fabs(((double)k - centre + 0.5) * a->slope);
	return off < 1 ? 1 - off : 0;
}

/* The first cell that cell i of the result looks at. */
static int64_t first_of(const nn_axis *a, int64_t i)
{
	double first = ((double)i + 0.5) * a->scale - a->reach + 0.5;
	return first > 0 ? (int64_t)first : 0;
}

/* The cells that cell i of the result looks at, and the sum of their weights. */
static void window(const nn_axis *a, int64_t i, nn_sum *s)
{
	s->centre = ((double)i + 0.5) * a->scale;
	double last = s->centre + a->reach + 0.5;
	s->first = first_of(a, i);
	s->last = last < (double)a->before ? (int64_t)last : a->before;
	s->total = 0;
	for (int64_t k = s->first; k < s->last; k++)
		s->total += weight_of(a, k, s->centre);
}

static int32_t scaled(const nn_axis *a, int64_t k, const nn_sum *s)
{
	return (int32_t)(weight_of(a, k, s->centre) / s->total * (1 << PRECISION) + 0.5);
}

static uint8_t rounded(int32_t sum)
{
	return (uint8_t)(sum >> PRECISION < 255 ? sum >> PRECISION : 255);
}

/* Lays an array of `count` cells of `size` bytes at *at, behind what lies there; 8-byte aligned. */
static void *lay(char *base, size_t *at, int64_t count, size_t size)
{
	void *here = base ? base + *at : NULL;
	*at += ((size_t)count * size + 7) / 8 * 8;
	return here;
}

/* Gives the arrays their places from `base` on (NULL: only counts); the bytes that they take. */
static size_t place(nn_resize *r, char *base)
{
	size_t at = 0;
	r->from = lay(base, &at, r->x.after, sizeof *r->from);
	r->count = lay(base, &at, r->x.after, sizeof *r->count);
	r->weight = lay(base, &at, r->x.after * r->taps, sizeof *r->weight);
	r->line = lay(base, &at, r->x.after * r->channels, 1);
	r->done = lay(base, &at, r->wide, 1);
	r->sum = lay(base, &at, r->slots, sizeof *r->sum);
	for (int64_t i = 0; i < r->slots; i++) {
		int32_t *value = lay(base, &at, r->wide, sizeof *value);
		if (base)
			r->sum[i].value = value;
	}
	return at;
}

static void fill_weights(nn_resize *r)
{
	for (int64_t i = 0; i < r->x.after; i++) {
		nn_sum s;
		window(&r->x, i, &s);
		r->from[i] = (int32_t)s.first;
		r->count[i] = (int32_t)(s.last - s.first);
		for (int64_t k = s.first; k < s.last; k++)
			r->weight[i * r->taps + k - s.first] = scaled(&r->x, k, &s);
	}
}

bool nn_resize_open(nn_resize *r, int64_t width, int64_t height, int64_t to_width,
                    int64_t to_height, int channels, nn_scratch *scratch, const char *path,
                    nn_error *e)
{
	r->x = make_axis(width, to_width);
	r->y = make_axis(height, to_height);
	r->channels = channels;
	r->row = r->begun = r->ended = 0;
	/* Rows of the old width may be wide: some dozen bytes a column. */
	r->columns_first = height > to_height && width <= WIDE;
	r->wide = (r->columns_first ? width : to_width) * channels;
	r->taps = 2 * (int64_t)ceil(r->x.reach) + 1;
	/* Rows i and j share a row of the source only if (j - i) * scale < 2 * reach + 1. */
	double overlap = (2 * r->y.reach + 1) / r->y.scale + 2;
	r->slots = overlap < (double)to_height ? (int64_t)overlap : to_height;
	if (!nn_scratch_grow(&scratch->row, &scratch->row_room, place(r, NULL), path, e))
		return false;
	place(r, scratch->row);
	if (width != to_width)
		fill_weights(r);
	return true;
}

/* A row of the new width, in r->line unless it had that width. */
static const uint8_t *along_row(const nn_resize *r, const uint8_t *row)
{
	uint8_t *restrict to = r->line;
	const int32_t *w = r->weight;
	int64_t after = r->x.after, channels = r->channels, taps = r->taps;
	if (r->x.before == after)
		return row;
	for (int64_t i = 0; i < after; i++, w += taps) {
		const uint8_t *q = row + r->from[i] * channels;
		int32_t a = HALF, b = HALF, c = HALF, count = r->count[i];
		if (channels == 1) {
			for (int32_t k = 0; k < count; k++)
				a += w[k] * q[k];
			*to++ = rounded(a);
			continue;
		}
		for (int32_t k = 0; k < count; k++, q += 3) {
			a += w[k] * q[0];
			b += w[k] * q[1];
			c += w[k] * q[2];
		}
		*to++ = rounded(a);
		*to++ = rounded(b);
		*to++ = rounded(c);
	}
	return r->line;
}

/* Adds a row to a row of the result. The weight is taken in two parts, so that the products are of
 * 16-bit numbers, of which a vector holds twice as many. */
static void add_row(const nn_resize *r, const nn_sum *s, const uint8_t *row)
{
	int32_t w = scaled(&r->y, r->row, s), *sum = s->value;
	/* 2^22, the largest, is 32767 * 128 + 128. */
	int16_t high = (int16_t)(w >> 7 < INT16_MAX ? w >> 7 : INT16_MAX);
	int16_t low = (int16_t)(w - high * 128);
	int64_t count = r->wide;
	for (int64_t j = 0; j < count; j++)
		sum[j] += (int32_t)row[j] * high * 128 + (int32_t)row[j] * low;
}

static void round_row(const int32_t *sum, int64_t count, uint8_t *restrict to)
{
	for (int64_t j = 0; j < count; j++)
		to[j] = rounded(sum[j]);
}

void nn_resize_row(nn_resize *r, const uint8_t *row)
{
	if (!r->columns_first)
		row = along_row(r, row);
	if (r->y.before == r->y.after) {
		r->out(r->to, r->row++, row);
		return;
	}
	for (; r->begun < r->y.after && first_of(&r->y, r->begun) <= r->row; r->begun++) {
		nn_sum *s = &r->sum[r->begun % r->slots];
		window(&r->y, r->begun, s);
		for (int64_t j = 0; j < r->wide; j++)
			s->value[j] = HALF;
	}
	for (int64_t i = r->ended; i < r->begun; i++) {
		nn_sum *s = &r->sum[i % r->slots];
		add_row(r, s, row);
		if (s->last > r->row + 1)
			continue;
		round_row(s->value, r->wide, r->done);
		r->out(r->to, r->ended++, r->columns_first ? along_row(r, r->done) : r->done);
	}
	r->row++;
}
