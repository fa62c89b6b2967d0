/* picture.c: small pictures inside a page.
 *
 *     in    28 x 28 values
 *     out   data:image/png;base64,iVBORw0KGgo...
 *
 * A page that is one file holds its pictures in base64 (RFC 4648). libpng packs them; they are small
 * so that hundreds fit. */
#include "picture.h"

#include <math.h>
#include <png.h>

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

static void add_base64(nn_text *t, const uint8_t *bytes, size_t count)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                            "0123456789+/";
	nn_text_reserve(t, t->len + (count + 2) / 3 * 4);
	for (size_t i = 0; !t->failed && i < count; i += 3) {
		uint32_t group = (uint32_t)bytes[i] << 16;
		if (i + 1 < count)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < count)
			group |= bytes[i + 2];
		for (int k = 0; k < 4; k++)
			t->at[t->len++] =
			        i + (size_t)k > count ? '=' : digit[group >> (18 - 6 * k) & 63];
	}
	if (!t->failed)
		t->at[t->len] = 0;
}

bool nn_picture_address(nn_text *t, const nn_picture *x, nn_error *e)
{
	/* A PNG file is never much longer than its pixels. */
	uint8_t file[NN_PICTURE_BYTES + 1024];
	png_alloc_size_t count = sizeof file;
	png_image png = {.version = PNG_IMAGE_VERSION,
	                 .width = (png_uint_32)x->width,
	                 .height = (png_uint_32)x->height,
	                 .format = x->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
	if (!png_image_write_to_memory(&png, file, &count, 0, x->pixel, 0, NULL))
		return nn_fail(e, NN_EXIT_MEMORY, "cannot make a picture: %s", png.message);
	nn_text_add(t, "data:image/png;base64,");
	add_base64(t, file, count);
	return !t->failed;
}
