/* image_resize.c: a picture in another size, by bilinear filtering with antialiasing.
 *
 *     in    [height][width][channels] bytes        out   the same picture in another size
 *
 * A pixel of the result is a weighted mean of those around its place, first along rows, then along
 * columns. The weights fall linearly to zero over one pixel of whichever picture is the coarser, so
 * making it smaller looks at every pixel (this is Pillow's BILINEAR, and torchvision's with
 * antialias). Height and width are stretched each for itself. */
#include <math.h>
#include <string.h>

#include "image.h"

/* The weights of one axis: result i is the sum over k of weight[i][k] * source[from[i] + k]. */
typedef struct axis {
	int64_t before, after; /* cells                        */
	int64_t taps;          /* cells that a result looks at */
	int32_t *from;         /* [after]                      */
	float *weight;         /* [after][taps]                */
} axis;

static axis make_axis(int64_t before, int64_t after)
{
	int64_t taps = 2 * (int64_t)ceil(fmax((double)before / (double)after, 1)) + 1;
	return (axis){.before = before, .after = after, .taps = taps < before ? taps : before};
}

static void fill_axis(axis *a)
{
	double scale = (double)a->before / (double)a->after, reach = fmax(scale, 1);
	for (int64_t i = 0; i < a->after; i++) {
		double centre = ((double)i + 0.5) * scale, sum = 0;
		int64_t first = (int64_t)fmax(floor(centre - reach + 0.5), 0);
		int64_t most = a->before - a->taps;
		first = first < most ? first : most;
		a->from[i] = (int32_t)first;
		for (int pass = 0; pass < 2; pass++)
			for (int64_t k = 0; k < a->taps; k++) {
				double off = fabs((double)(first + k) + 0.5 - centre) / reach;
				double w = off < 1 ? 1 - off : 0;
				if (pass)
					a->weight[i * a->taps + k] = (float)(w / sum);
				else
					sum += w;
			}
	}
}

/* [height][width][c] bytes to [height][x.after][c] floats. */
static void along_rows(const nn_image *p, const axis *x, float *to)
{
	int64_t c = p->channels;
	for (int64_t row = 0; row < p->height; row++) {
		const uint8_t *source = p->pixel + row * p->width * c;
		for (int64_t i = 0; i < x->after; i++)
			for (int64_t d = 0; d < c; d++) {
				const uint8_t *q = source + x->from[i] * c + d;
				float sum = 0;
				for (int64_t k = 0; k < x->taps; k++)
					sum += x->weight[i * x->taps + k] * (float)q[k * c];
				*to++ = sum;
			}
	}
}

/* [y.before][width] floats to [y.after][width] bytes; `line` is [width] floats. */
static void along_columns(const float *from, int64_t width, const axis *y, float *line, uint8_t *to)
{
	for (int64_t i = 0; i < y->after; i++) {
		memset(line, 0, (size_t)width * sizeof *line);
		for (int64_t k = 0; k < y->taps; k++) {
			const float *row = from + (y->from[i] + k) * width;
			float weight = y->weight[i * y->taps + k];
			for (int64_t j = 0; j < width; j++)
				line[j] += weight * row[j];
		}
		for (int64_t j = 0; j < width; j++)
			*to++ = (uint8_t)(line[j] < 0        ? 0
			                  : line[j] > 254.5F ? 255
			                                     : line[j] + 0.5F);
	}
}

const uint8_t *nn_image_resize(const nn_image *x, int64_t width, int64_t height,
                               nn_scratch *scratch, nn_error *e)
{
	axis axes[2] = {make_axis(x->width, width), make_axis(x->height, height)};
	int64_t row = width * x->channels, cells = 0;
	for (int d = 0; d < 2; d++)
		cells += axes[d].after * (axes[d].taps + 1);
	size_t bytes = (size_t)(cells + row * (x->height + 1)) * 4 + (size_t)(row * height);
	if (!nn_scratch_grow(&scratch->row, &scratch->row_room, bytes, x->path, e))
		return NULL;
	float *at = scratch->row;
	for (int d = 0; d < 2; d++) {
		void *from = at;
		axes[d].from = from;
		axes[d].weight = at + axes[d].after;
		fill_axis(&axes[d]);
		at += axes[d].after * (axes[d].taps + 1);
	}
	float *line = at + row * x->height;
	uint8_t *to = (uint8_t *)(line + row);
	along_rows(x, &axes[0], at);
	along_columns(at, row, &axes[1], line, to);
	return to;
}
