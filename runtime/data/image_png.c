/* image_png.c: PNG through libpng, row by row: any colour type and depth to 8-bit grey or RGB.
 *
 *     in    the file in memory           out   rows
 *
 * The stored numbers count, as in Pillow: of 16 bits the upper byte, of 1, 2 and 4 bits of grey the
 * same share of 255; gamma, colour profiles and chromaticities are not read; alpha is dropped and
 * transparent colours are colours. The library's other interface (png_image) would turn all that
 * into sRGB. An interlaced picture comes as a whole, since its rows are complete only at the end.
 *
 * Deflate packs at most 1032 : 1, so a file of n bytes holds at most 1032 * n bytes of rows; one
 * that announces more is refused before it is unpacked. */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "image.h"

enum { DEFLATE_MOST = 1032, CHUNK = 12 };

typedef struct reader {
	nn_image *x;    /* the picture                                    */
	size_t at;      /* bytes of the file that libpng has taken        */
	bool complete;  /* all rows are there: what follows may be cut off */
	bool cut;       /* the file ended                                 */
	char text[160]; /* why it failed                                  */
} reader;

static _Noreturn void on_error(png_structp png, png_const_charp text)
{
	reader *r = png_get_error_ptr(png);
	snprintf(r->text, sizeof r->text, "%s", text);
	png_longjmp(png, 1);
}

/* What leaves the pixels as they are: other damage is an error. */
static void on_warning(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

static void take(png_structp png, png_bytep to, size_t count)
{
	reader *r = png_get_io_ptr(png);
	r->cut = count > r->x->size - r->at;
	if (r->cut)
		png_error(png, "the file is cut short");
	memcpy(to, r->x->file + r->at, count);
	r->at += count;
}

/* The orientation in the chunk eXIf, which may stand behind the pixels. */
static int orientation(const nn_image *x)
{
	for (size_t at = 8; x->size - at >= CHUNK;) {
		const uint8_t *c = x->file + at;
		size_t count = (size_t)c[0] << 24 | (size_t)c[1] << 16 | (size_t)c[2] << 8 | c[3];
		if (count > x->size - at - CHUNK)
			break;
		if (!memcmp(c + 4, "eXIf", 4))
			return nn_exif_orientation(c + 8, count);
		at += CHUNK + count;
	}
	return 1;
}

/* Reads up to the pixels and says what rows shall be like. */
static bool read_header(png_structp png, png_infop info, nn_image *x, nn_error *e)
{
	png_read_info(png, info);
	int type = png_get_color_type(png, info), depth = png_get_bit_depth(png, info);
	int64_t bits = (int64_t)png_get_channels(png, info) * depth;
	x->width = png_get_image_width(png, info);
	x->height = png_get_image_height(png, info);
	x->channels = type & PNG_COLOR_MASK_COLOR ? 3 : 1;
	x->orientation = orientation(x);
	if (type == PNG_COLOR_TYPE_PALETTE)
		png_set_palette_to_rgb(png);
	else if (depth < 8)
		png_set_expand_gray_1_2_4_to_8(png);
	if (depth == 16)
		png_set_strip_16(png);
	png_set_strip_alpha(png);
	return nn_image_open(x, (int64_t)x->size * DEFLATE_MOST * 8 / bits, e);
}

static bool read_rows(png_structp png, png_infop info, reader *r, nn_error *e)
{
	nn_image *x = r->x;
	nn_scratch *s = x->scratch;
	if (!read_header(png, info, x, e))
		return false;
	bool whole = png_get_interlace_type(png, info) != PNG_INTERLACE_NONE;
	int passes = whole ? png_set_interlace_handling(png) : 1;
	png_read_update_info(png, info);
	size_t row = png_get_rowbytes(png, info);
	size_t bytes = whole ? row * (size_t)x->height : row;
	if ((whole && !nn_image_whole(x, "interlaced", e)) ||
	    !nn_scratch_grow(&s->pixel, &s->pixel_room, bytes, x->path, e))
		return false;
	uint8_t *pixel = s->pixel;
	for (int pass = 0; pass < passes; pass++)
		for (int64_t i = 0; i < x->height; i++) {
			uint8_t *at = whole ? pixel + (size_t)i * row : pixel;
			png_read_row(png, at, NULL);
			if (pass == passes - 1)
				nn_image_row(x, at);
		}
	r->complete = true;
	png_read_end(png, NULL);
	return true;
}

bool nn_image_png(nn_image *x, nn_error *e)
{
	reader r = {.x = x};
	png_infop info = NULL;
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, on_error, on_warning);
	if (png)
		info = png_create_info_struct(png);
	if (!info) {
		png_destroy_read_struct(&png, NULL, NULL);
		return nn_fail(e, NN_EXIT_MEMORY, "%s: not enough memory for libpng", x->path);
	}
	if (!setjmp(png_jmpbuf(png))) {
		png_set_read_fn(png, &r, take);
		/* nn_image_open looks at the size. */
		png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
		png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
		read_rows(png, info, &r, e);
	} else if (!r.complete || !r.cut) {
		nn_fail(e, NN_EXIT_DATA, "%s: damaged: %s", x->path, r.text);
	}
	png_destroy_read_struct(&png, &info, NULL);
	return !e->code;
}
