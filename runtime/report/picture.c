/* picture.c: small pictures inside a page.
 *
 *     in    28 x 28 values, 0 to 1 or of both signs
 *     out   pixels, up to 64 x 64, so that hundreds of pictures fit into a page
 *
 * picture_png.c packs them. */
#include "picture.h"

#include <math.h>

static uint8_t byte_of(double v)
{
	return (uint8_t)(v <= 0 ? 0 : v >= 1 ? 255 : v * 255 + 0.5);
}

/* How many pixels of a side become one. */
static int shrinking(int height, int width)
{
	int side = height > width ? height : width;
	return (side + NN_PICTURE_SIDE - 1) / NN_PICTURE_SIDE;
}

/* The mean of a square of `by` pixels. */
static double mean(const float *plane, int height, int width, int i, int j, int by)
{
	double sum = 0;
	int count = 0;
	for (int r = i * by; r < (i + 1) * by && r < height; r++)
		for (int s = j * by; s < (j + 1) * by && s < width; s++, count++)
			sum += (double)plane[r * width + s];
	return sum / count;
}

void nn_picture_values(nn_picture *x, const float *value, int channels, int height, int width)
{
	int by = shrinking(height, width);
	x->height = (height + by - 1) / by;
	x->width = (width + by - 1) / by;
	x->channels = channels == 3 ? 3 : 1;
	for (int i = 0; i < x->height; i++)
		for (int j = 0; j < x->width; j++)
			for (int c = 0; c < x->channels; c++) {
				const float *plane = value + (size_t)c * (size_t)(height * width);
				x->pixel[(i * x->width + j) * x->channels + c] =
				        byte_of(mean(plane, height, width, i, j, by));
			}
}

void nn_picture_signed(nn_picture *x, const float *value, int height, int width, double most)
{
	/* Seen by everybody, in any light: the ends differ in more than their hue. */
	static const double below[3] = {0.02, 0.31, 0.55}, above[3] = {0.85, 0.37, 0.01};
	int by = shrinking(height, width);
	x->height = (height + by - 1) / by;
	x->width = (width + by - 1) / by;
	x->channels = 3;
	for (int i = 0; i < x->height; i++)
		for (int j = 0; j < x->width; j++) {
			double v = mean(value, height, width, i, j, by) / (most > 0 ? most : 1);
			double far = fmin(fabs(v), 1);
			for (int c = 0; c < 3; c++)
				x->pixel[(i * x->width + j) * 3 + c] =
				        byte_of(1 - far + far * (v < 0 ? below[c] : above[c]));
		}
}
