/* image.c: pictures for predict: PNG through libpng, PGM and PPM (binary, 8 bit) by hand.
 *
 * The size is held against the network's input before a pixel is decoded, so a picture that
 * announces millions of rows costs nothing. Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601, as
 * Pillow and torchvision have it); alpha is dropped. */
#include "image.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"

enum { FILE_MAX = 64 << 20 };

typedef struct image {
	const char *path;  /* for messages                        */
	int width, height; /* in pixels                           */
	int channels;      /* of `pixel`: 1 or 3                  */
	uint8_t *pixel;    /* [height][width][channels]           */
} image;

bool nn_image_known(const unsigned char *bytes, unsigned long count)
{
	return count >= 8 &&
	       (!png_sig_cmp(bytes, 0, 8) || !memcmp(bytes, "P5", 2) || !memcmp(bytes, "P6", 2));
}

/* The network's height and width: of [F] inputs only a square of F pixels can be meant. */
static bool right_size(const image *x, const nn_model *m, nn_error *e)
{
	int64_t values = (int64_t)m->input[0] * m->input[1] * m->input[2];
	bool flat = m->input_rank == 1;
	if (flat ? (int64_t)x->width * x->height == values
	         : x->height == m->input[1] && x->width == m->input[2])
		return true;
	if (flat)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: %d x %d pixels, but the network takes %lld "
		               "values",
		               x->path, x->width, x->height, (long long)values);
	return nn_fail(e, NN_EXIT_DATA,
	               "%s: %d x %d pixels (width x height), but the network takes "
	               "%d x %d: resize it first",
	               x->path, x->width, x->height, m->input[2], m->input[1]);
}

static bool read_png(image *x, const nn_model *m, const char *bytes, size_t count, nn_error *e)
{
	png_image png = {.version = PNG_IMAGE_VERSION};
	if (!png_image_begin_read_from_memory(&png, bytes, count))
		return nn_fail(e, NN_EXIT_DATA, "%s: %s", x->path, png.message);
	x->width = (int)(png.width > 1 << 20 ? 1 << 20 : png.width);
	x->height = (int)(png.height > 1 << 20 ? 1 << 20 : png.height);
	x->channels = png.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1;
	png.format = x->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
	bool ok = right_size(x, m, e);
	size_t size = (size_t)x->width * (size_t)x->height * (size_t)x->channels;
	if (ok)
		x->pixel = nn_alloc(size, 1, x->path, e);
	png_color black = {0, 0, 0};
	if (ok && x->pixel && !png_image_finish_read(&png, &black, x->pixel, 0, NULL))
		nn_fail(e, NN_EXIT_DATA, "%s: %s", x->path, png.message);
	png_image_free(&png);
	return !e->code;
}

/* The next number of a PNM header, at *at; -1 when there is none. */
static int header_number(const char *bytes, size_t count, size_t *at)
{
	int value = 0;
	size_t i = *at;
	while (i < count && (strchr(" \t\r\n", bytes[i]) || bytes[i] == '#')) {
		if (!bytes[i])
			return -1;
		if (bytes[i] == '#')
			while (i < count && bytes[i] != '\n')
				i++;
		else
			i++;
	}
	size_t from = i;
	for (; i < count && i < from + 7 && bytes[i] >= '0' && bytes[i] <= '9'; i++)
		value = value * 10 + (bytes[i] - '0');
	*at = i;
	return i > from ? value : -1;
}

static bool read_pnm(image *x, const nn_model *m, const char *bytes, size_t count, nn_error *e)
{
	size_t at = 2;
	x->channels = bytes[1] == '6' ? 3 : 1;
	x->width = header_number(bytes, count, &at);
	x->height = header_number(bytes, count, &at);
	int most = header_number(bytes, count, &at);
	at++;
	if (x->width < 1 || x->height < 1 || most != 255)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: expected a binary PGM or PPM file with values "
		               "up to 255",
		               x->path);
	size_t size = (size_t)x->width * (size_t)x->height * (size_t)x->channels;
	if (!right_size(x, m, e))
		return false;
	if (at > count || count - at < size)
		return nn_fail(e, NN_EXIT_DATA, "%s: cut short: %zu of %zu bytes of pixels",
		               x->path, at > count ? 0 : count - at, size);
	x->pixel = nn_alloc(size, 1, x->path, e);
	if (x->pixel)
		memcpy(x->pixel, bytes + at, size);
	return x->pixel != NULL;
}

/* Interleaved pixels to planes of the network's channels. */
static bool convert(const image *x, const nn_model *m, uint8_t *values, nn_error *e)
{
	int64_t pixels = (int64_t)x->width * x->height;
	int channels = m->input_rank == 1 ? 1 : m->input[0];
	if (channels != 1 && channels != 3)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: the network takes %d channels, a picture has 1 "
		               "or 3",
		               x->path, channels);
	for (int64_t i = 0; i < pixels; i++) {
		const uint8_t *p = x->pixel + i * x->channels;
		if (channels == 1 && x->channels == 3)
			values[i] = (uint8_t)((299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000);
		else
			for (int c = 0; c < channels; c++)
				values[c * pixels + i] = p[x->channels == 3 ? c : 0];
	}
	return true;
}

bool nn_image_read(const char *path, const nn_model *m, uint8_t *values, nn_error *e)
{
	image x = {.path = path};
	char *bytes;
	size_t count;
	if (!nn_read_file(path, FILE_MAX, &bytes, &count, e))
		return false;
	bool ok = nn_image_known((unsigned char *)bytes, count);
	if (!ok)
		nn_fail(e, NN_EXIT_DATA, "%s: neither PNG, PGM, PPM nor idx", path);
	else if (bytes[0] == 'P')
		ok = read_pnm(&x, m, bytes, count, e);
	else
		ok = read_png(&x, m, bytes, count, e);
	free(bytes);
	ok = ok && x.pixel && convert(&x, m, values, e);
	free(x.pixel);
	return ok;
}
