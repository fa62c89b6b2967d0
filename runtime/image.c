/* image.c: pictures as the network's input: PNG and JPEG through their libraries, PGM and PPM
 * (binary, 8 bit) by hand.
 *
 *     in    a file, known by its first bytes
 *     out   C x H x W 8-bit values
 *
 * The size is held against the network's input and against the size of the file before a pixel is
 * decoded, so a picture that announces millions of rows costs nothing. Grey is 0.299 R + 0.587 G +
 * 0.114 B (ITU-R BT.601, as Pillow and torchvision have it); alpha is dropped. */
#include "image.h"

#include <png.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 64 << 20, PIXELS_MAX = 1 << 28 };

bool nn_image_known(const uint8_t *bytes, size_t count)
{
	static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
	return count >= 8 &&
	       (!memcmp(bytes, png, sizeof png) || !memcmp(bytes, "\xff\xd8\xff", 3) ||
	        !memcmp(bytes, "P5", 2) || !memcmp(bytes, "P6", 2));
}

/* The network's height and width: of [F] inputs only a picture of F pixels can be meant. */
static bool right_size(const nn_image *x, nn_error *e)
{
	const nn_model *m = x->m;
	int64_t values = (int64_t)m->input[0] * m->input[1] * m->input[2];
	bool flat = m->input_rank == 1;
	if (flat ? x->width * x->height == values
	         : x->resize || (x->height == m->input[1] && x->width == m->input[2]))
		return true;
	if (flat)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: %lld x %lld pixels, but the network takes %lld values", x->path,
		               (long long)x->width, (long long)x->height, (long long)values);
	return nn_fail(e, NN_EXIT_DATA,
	               "%s: %lld x %lld pixels (width x height), but the network takes %d x %d: "
	               "resize it first",
	               x->path, (long long)x->width, (long long)x->height, m->input[2],
	               m->input[1]);
}

bool nn_image_fits(const nn_image *x, int64_t most, nn_error *e)
{
	/* Each side is below 2^31, so the product fits. */
	int64_t pixels = x->width * x->height;
	if (!right_size(x, e))
		return false;
	if (pixels > 0 && pixels <= most && pixels <= PIXELS_MAX)
		return true;
	return nn_fail(
	        e, NN_EXIT_DATA,
	        "%s: announces %lld x %lld pixels, more than a file of %zu bytes can hold or "
	        "than is read",
	        x->path, (long long)x->width, (long long)x->height, x->size);
}

bool nn_image_room(nn_image *x, nn_scratch *scratch, nn_error *e)
{
	size_t bytes = (size_t)(x->width * x->height * x->channels);
	bool ok = nn_scratch_grow(&scratch->pixel, &scratch->pixel_room, bytes, x->path, e);
	x->pixel = scratch->pixel;
	return ok;
}

/* The next number of a PNM header, at *at; -1 when there is none. */
static int header_number(const uint8_t *bytes, size_t count, size_t *at)
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

static bool read_pnm(nn_image *x, nn_scratch *scratch, nn_error *e)
{
	size_t at = 2;
	x->channels = x->file[1] == '6' ? 3 : 1;
	x->width = header_number(x->file, x->size, &at);
	x->height = header_number(x->file, x->size, &at);
	int most = header_number(x->file, x->size, &at);
	at++;
	if (x->width < 1 || x->height < 1 || most != 255)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: expected a binary PGM or PPM file with values up to 255",
		               x->path);
	size_t bytes = (size_t)(x->width * x->height * x->channels);
	if (!right_size(x, e))
		return false;
	if (at > x->size || x->size - at < bytes)
		return nn_fail(e, NN_EXIT_DATA, "%s: cut short: %zu of %zu bytes of pixels",
		               x->path, at > x->size ? 0 : x->size - at, bytes);
	if (!nn_image_fits(x, (int64_t)x->size, e) || !nn_image_room(x, scratch, e))
		return false;
	memcpy(x->pixel, x->file + at, bytes);
	return true;
}

/* Interleaved pixels to planes of the network's channels. */
static void convert(const nn_image *x, int channels, const uint8_t *pixel, int64_t pixels,
                    uint8_t *values)
{
	if (channels == 1 && x->channels == 1)
		memcpy(values, pixel, (size_t)pixels);
	else if (channels == 1)
		for (int64_t i = 0; i < pixels; i++, pixel += 3)
			values[i] =
			        (uint8_t)((299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) /
			                  1000);
	else
		for (int64_t i = 0; i < pixels; i++, pixel += x->channels)
			for (int c = 0; c < 3; c++)
				values[c * pixels + i] = pixel[x->channels == 3 ? c : 0];
}

static bool decode(nn_image *x, nn_scratch *scratch, nn_error *e)
{
	if (!nn_image_known(x->file, x->size))
		return nn_fail(e, NN_EXIT_DATA, "%s: neither PNG, JPEG, PGM nor PPM", x->path);
	if (x->file[0] == 'P')
		return read_pnm(x, scratch, e);
	if (x->file[0] == 0xff)
		return nn_image_jpeg(x, scratch, e);
	return nn_image_png(x, scratch, e);
}

bool nn_image_read(const char *path, const nn_model *m, bool resize, uint8_t *values,
                   nn_scratch *scratch, nn_error *e)
{
	nn_image x = {.path = path, .m = m, .resize = resize};
	int channels = m->input_rank == 1 ? 1 : m->input[0];
	if (channels != 1 && channels != 3)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: the network takes %d channels, a picture has 1 or 3", path,
		               channels);
	if (!nn_scratch_read(scratch, path, FILE_MAX, &x.size, e))
		return false;
	x.file = scratch->file;
	if (!decode(&x, scratch, e))
		return false;
	const uint8_t *pixel = x.pixel;
	int64_t pixels = x.width * x.height;
	if (m->input_rank == 3 && (x.height != m->input[1] || x.width != m->input[2])) {
		pixel = nn_image_resize(&x, m->input[2], m->input[1], scratch, e);
		pixels = (int64_t)m->input[1] * m->input[2];
	}
	if (pixel)
		convert(&x, channels, pixel, pixels, values);
	return pixel != NULL;
}
