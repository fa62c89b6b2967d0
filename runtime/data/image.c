/* image.c: pictures as the network's input: PNG and JPEG through their libraries, BMP and the
 * binary, 8-bit kinds of PGM and PPM by hand.
 *
 *     in    a file, known by its first bytes
 *     out   C x H x W 8-bit values, those that Pillow gives by exif_transpose, convert("L") or
 *           convert("RGB"), resize(..., BILINEAR)
 *
 * Rows come from a decoder one at a time, become grey if that is what the network takes, are
 * resized (image_resize.c), and go where they belong when the picture is turned: memory is the file
 * and some rows, however large the picture is. The size is held against the network's input and the
 * size of the file before a pixel is decoded, so a picture that announces millions of rows costs
 * nothing. Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) in units of 2^-16; alpha is dropped,
 * never blended. */
#include "image.h"

#include <stdio.h>
#include <string.h>

#include "../file/kind.h"

enum { FILE_MAX = 256 << 20, PIXELS_MAX = 1 << 28, WHOLE_MAX = 1 << 26, SIDE_MAX = 1000000 };

/* ---- size ---------------------------------------------------------------------------------- */

static bool turned(const nn_image *x)
{
	return x->orientation > 4;
}

/* Of [F] inputs only a picture of F pixels can be meant. */
static bool right_size(const nn_image *x, nn_error *e)
{
	const nn_model *m = x->m;
	if (m->input_rank != 1 || x->width * x->height == m->input[0])
		return true;
	return nn_fail(e, NN_EXIT_DATA, "%s: %lld x %lld pixels, but the network takes %d values",
	               x->path, (long long)x->width, (long long)x->height, m->input[0]);
}

static bool possible(const nn_image *x, int64_t most, nn_error *e)
{
	/* Each side is below 2^31, so the product fits. */
	int64_t pixels = x->width * x->height;
	long long width = x->width, height = x->height;
	if (pixels < 1 || pixels > most)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: announces %lld x %lld pixels, more than a file of %zu bytes "
		               "can hold",
		               x->path, width, height, x->size);
	if (pixels <= PIXELS_MAX && width <= SIDE_MAX && height <= SIDE_MAX)
		return right_size(x, e);
	return nn_fail(e, NN_EXIT_DATA,
	               "%s: announces %lld x %lld pixels, more than is read (%d in all, %d a "
	               "side): make it smaller first",
	               x->path, width, height, PIXELS_MAX, SIDE_MAX);
}

bool nn_image_whole(const nn_image *x, const char *how, nn_error *e)
{
	if (x->width * x->height <= WHOLE_MAX)
		return true;
	return nn_fail(e, NN_EXIT_DATA,
	               "%s: %lld x %lld pixels, %s, so that it has to be unpacked as a whole, "
	               "which is done up to %d pixels: save it in another way, or smaller",
	               x->path, (long long)x->width, (long long)x->height, how, WHOLE_MAX);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* Row i of the resized picture to its place among the values. */
static void put_row(void *to, int64_t i, const uint8_t *row)
{
	const nn_image *x = to;
	int planes = x->m->input_rank == 1 ? 1 : x->m->input[0], channels = x->resize.channels;
	int64_t width = x->resize.x.after, step = x->stride[2];
	for (int c = 0; c < planes; c++) {
		uint8_t *at = x->values + c * x->stride[0] + x->origin + i * x->stride[1];
		const uint8_t *from = row + (channels == 1 ? 0 : c);
		if (step == 1 && channels == 1)
			memcpy(at, from, (size_t)width);
		else
			for (int64_t j = 0; j < width; j++)
				at[j * step] = from[j * channels];
	}
}

/* Where pixels go: the orientations are those of the square, 1 as stored, 2 to 4 mirrored or
 * turned by a half, 5 to 8 with rows and columns exchanged. */
static void orient(nn_image *x, int64_t width, int64_t height)
{
	static const struct {
		bool rows, columns; /* run backwards in the result */
	} mirrored[9] = {{0, 0}, {0, 0}, {0, 1}, {1, 1}, {1, 0}, {0, 0}, {1, 0}, {1, 1}, {0, 1}};
	int o = x->orientation >= 1 && x->orientation <= 8 ? x->orientation : 1;
	int64_t row = turned(x) ? 1 : width, column = turned(x) ? height : 1;
	x->stride[0] = width * height;
	x->stride[1] = mirrored[o].rows ? -row : row;
	x->stride[2] = mirrored[o].columns ? -column : column;
	x->origin = (mirrored[o].rows ? (height - 1) * row : 0) +
	            (mirrored[o].columns ? (width - 1) * column : 0);
}

static bool exif_counts(const nn_model *m)
{
	for (int i = 0; i < m->settings; i++)
		if (!strcmp(m->setting[i].element, "data") && !strcmp(m->setting[i].name, "exif"))
			return !m->setting[i].value || strcmp(m->setting[i].value, "ignore") != 0;
	return true;
}

bool nn_image_open(nn_image *x, int64_t most, nn_error *e)
{
	const nn_model *m = x->m;
	bool grey = x->channels == 3 && (m->input_rank == 1 || m->input[0] == 1);
	if (!exif_counts(m))
		x->orientation = 1;
	if (!possible(x, most, e))
		return false;
	/* Of the result before it is turned. */
	int64_t width = x->width, height = x->height;
	if (m->input_rank == 3) {
		width = m->input[turned(x) ? 1 : 2];
		height = m->input[turned(x) ? 2 : 1];
	}
	orient(x, width, height);
	x->resize.out = put_row;
	x->resize.to = x;
	x->to_grey = grey;
	return nn_resize_open(&x->resize, x->width, x->height, width, height,
	                      grey ? 1 : x->channels, x->scratch, x->path, e);
}

void nn_image_row(nn_image *x, uint8_t *row)
{
	const uint8_t *p = row;
	for (int64_t i = 0; x->to_grey && i < x->width; i++, p += 3)
		row[i] = (uint8_t)((p[0] * 19595U + p[1] * 38470U + p[2] * 7471U + 0x8000U) >> 16);
	nn_resize_row(&x->resize, row);
}

/* ---- PGM and PPM --------------------------------------------------------------------------- */

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

static bool read_pnm(nn_image *x, nn_error *e)
{
	uint8_t *file = x->scratch->file;
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
	int64_t row = x->width * x->channels;
	size_t have = at > x->size ? 0 : x->size - at, bytes = (size_t)(row * x->height);
	if (have < bytes)
		return nn_fail(e, NN_EXIT_DATA, "%s: cut short: %zu of %zu bytes of pixels",
		               x->path, have, bytes);
	if (!nn_image_open(x, (int64_t)x->size, e))
		return false;
	for (int64_t i = 0; i < x->height; i++)
		nn_image_row(x, file + at + i * row);
	return true;
}

/* ---- any kind ------------------------------------------------------------------------------ */

static bool decode(nn_image *x, nn_error *e)
{
	const nn_file_kind *kind = nn_kind_of(x->file, x->size);
	switch (kind->format) {
	case NN_IS_PNG:
		return nn_image_png(x, e);
	case NN_IS_JPEG:
		return nn_image_jpeg(x, e);
	case NN_IS_BMP:
		return nn_image_bmp(x, e);
	case NN_IS_PNM:
		return read_pnm(x, e);
	default:
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: no picture that can be read (" NN_IMAGE_FORMATS
		               " can): it is %s; %s",
		               x->path, kind->what, kind->instead);
	}
}

bool nn_image_read(const char *path, const nn_model *m, uint8_t *values, nn_scratch *scratch,
                   nn_error *e)
{
	nn_image x = {.path = path, .m = m, .scratch = scratch, .values = values};
	int channels = m->input_rank == 1 ? 1 : m->input[0];
	if (channels != 1 && channels != 3)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: the network takes %d channels, a picture has 1 or 3", path,
		               channels);
	if (!nn_scratch_read(scratch, path, FILE_MAX, &x.size, e))
		return false;
	x.file = scratch->file;
	return decode(&x, e);
}
