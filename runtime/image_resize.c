/* image_resize.c: a picture in another size, by bilinear filtering with antialiasing.
 *
 *     in    rows of bytes, from the top            out   rows of another width, in another number
 *
 * A pixel of the result is a weighted mean of those around its place, first along rows, then along
 * columns. The weights fall linearly to zero over one pixel of whichever picture is the coarser, so
 * making it smaller looks at every pixel. Height and width are stretched each for itself. This is
 * Pillow's BILINEAR (and torchvision's, with antialias) to the bit: weights in double, scaled to
 * whole numbers of 2^-22, rows rounded to bytes between the two passes.
 *
 * A row that comes is brought to the new width and added to the two or three rows of the result
 * that it is part of, so memory is that of a few rows, however high the picture is. */
#include "image.h"

#include <math.h>
#include <string.h>

enum { PRECISION = 22, HALF = 1 << (PRECISION - 1) };

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
	int64_t row = r->x.after * r->channels;
	r->from = lay(base, &at, r->x.after, sizeof *r->from);
	r->count = lay(base, &at, r->x.after, sizeof *r->count);
	r->weight = lay(base, &at, r->x.after * r->taps, sizeof *r->weight);
	r->line = lay(base, &at, row, 1);
	r->done = lay(base, &at, row, 1);
	r->sum = lay(base, &at, r->slots, sizeof *r->sum);
	for (int64_t i = 0; i < r->slots; i++) {
		int32_t *value = lay(base, &at, row, sizeof *value);
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

/* A row of the old width to r->line. */
static void along_row(const nn_resize *r, const uint8_t *row)
{
	uint8_t *to = r->line;
	for (int64_t i = 0; i < r->x.after; i++) {
		const int32_t *w = r->weight + i * r->taps;
		const uint8_t *q = row + (int64_t)r->from[i] * r->channels;
		int32_t a = HALF, b = HALF, c = HALF;
		if (r->channels == 1) {
			for (int32_t k = 0; k < r->count[i]; k++)
				a += w[k] * q[k];
			*to++ = rounded(a);
			continue;
		}
		for (int32_t k = 0; k < r->count[i]; k++, q += 3) {
			a += w[k] * q[0];
			b += w[k] * q[1];
			c += w[k] * q[2];
		}
		*to++ = rounded(a);
		*to++ = rounded(b);
		*to++ = rounded(c);
	}
}

/* Adds a row of the new width to a row of the result. */
static void add_row(const nn_resize *r, const nn_sum *s, const uint8_t *row)
{
	int32_t w = scaled(&r->y, r->row, s), *sum = s->value;
	int64_t count = r->x.after * r->channels;
	for (int64_t j = 0; j < count; j++)
		sum[j] += w * row[j];
}

void nn_resize_row(nn_resize *r, const uint8_t *row)
{
	int64_t count = r->x.after * r->channels;
	if (r->x.before != r->x.after) {
		along_row(r, row);
		row = r->line;
	}
	if (r->y.before == r->y.after) {
		r->out(r->to, r->row++, row);
		return;
	}
	for (; r->begun < r->y.after && first_of(&r->y, r->begun) <= r->row; r->begun++) {
		nn_sum *s = &r->sum[r->begun % r->slots];
		window(&r->y, r->begun, s);
		for (int64_t j = 0; j < count; j++)
			s->value[j] = HALF;
	}
	for (int64_t i = r->ended; i < r->begun; i++) {
		nn_sum *s = &r->sum[i % r->slots];
		add_row(r, s, row);
		if (s->last > r->row + 1)
			continue;
		for (int64_t j = 0; j < count; j++)
			r->done[j] = rounded(s->value[j]);
		r->out(r->to, r->ended++, r->done);
	}
	r->row++;
}
