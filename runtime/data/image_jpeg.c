/* image_jpeg.c: JPEG through libjpeg-turbo, row by row: grey or RGB, 8 bit.
 *
 *     in    the file in memory           out   rows
 *
 * Colours are decoded in full, never at a part of the size and never luma alone, which differs from
 * the grey of the colours where these are cut off at 0 and 255. CMYK and YCCK are stored inverted,
 * as Adobe does it and everybody since, and become RGB as in Pillow: (255 - C) * (255 - K) / 255.
 * The orientation is that of Exif.
 *
 * A picture of several scans (progressive) is unpacked as a whole by the library. Each block of 8 x
 * 8 pixels then takes at least a bit of a file without arithmetic coding, so n bytes hold at most
 * 512 * n pixels, and the number of scans is bounded, since each costs a walk over all blocks.
 * What libjpeg warns about (data that end early, broken codes) is an error here. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#include "image.h"

/* cjpeg and jpegtran write up to 100 scans; usual are 10. */
enum { PIXELS_A_BYTE = 512, SCANS_MAX = 100 };

typedef struct failure {
	struct jpeg_error_mgr manager;     /* libjpeg's       */
	struct jpeg_progress_mgr progress; /* likewise        */
	jmp_buf back;                      /* where to go     */
	char text[JMSG_LENGTH_MAX];        /* why             */
} failure;

static _Noreturn void give_up(j_common_ptr info)
{
	failure *f = info->client_data;
	info->err->format_message(info, f->text);
	longjmp(f->back, 1);
}

/* level -1 is a warning: the picture is not what it was. */
static void on_message(j_common_ptr info, int level)
{
	int code = info->err->msg_code;
	if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM &&
	    code != JWRN_JFIF_MAJOR)
		give_up(info);
}

static void count_scans(j_common_ptr info)
{
	failure *f = info->client_data;
	const struct jpeg_decompress_struct *d = (const struct jpeg_decompress_struct *)info;
	if (d->input_scan_number <= SCANS_MAX)
		return;
	snprintf(f->text, sizeof f->text, "more than %d scans", SCANS_MAX);
	longjmp(f->back, 1);
}

static int orientation(const struct jpeg_decompress_struct *info)
{
	for (const struct jpeg_marker_struct *m = info->marker_list; m; m = m->next)
		if (m->data_length > 6 && !memcmp(m->data, "Exif\0\0", 6))
			return nn_exif_orientation(m->data + 6, m->data_length - 6);
	return 1;
}

static bool read_header(struct jpeg_decompress_struct *info, nn_image *x, nn_error *e)
{
	jpeg_save_markers(info, JPEG_APP0 + 1, 0xffff);
	jpeg_read_header(info, TRUE);
	x->width = info->image_width;
	x->height = info->image_height;
	x->orientation = orientation(info);
	switch (info->jpeg_color_space) {
	case JCS_GRAYSCALE:
		info->out_color_space = JCS_GRAYSCALE;
		break;
	case JCS_RGB:
	case JCS_YCbCr:
		info->out_color_space = JCS_RGB;
		break;
	case JCS_CMYK:
	case JCS_YCCK:
		info->out_color_space = JCS_CMYK;
		break;
	default:
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: a JPEG of %d components; those of 1, 3 and 4 are read", x->path,
		               info->num_components);
	}
	x->channels = info->out_color_space == JCS_GRAYSCALE ? 1 : 3;
	bool whole = jpeg_has_multiple_scans(info);
	int64_t most = whole && !info->arith_code ? (int64_t)x->size * PIXELS_A_BYTE : INT64_MAX;
	return nn_image_open(x, most, e) &&
	       (!whole || nn_image_whole(x, "progressive or in several scans", e));
}

/* Rows of C, M, Y, K, all stored as 255 - value, to R, G, B in place. */
static void from_cmyk(uint8_t *row, int64_t width)
{
	const uint8_t *p = row;
	for (int64_t i = 0; i < width; i++, p += 4, row += 3) {
		uint32_t k = p[3];
		for (int c = 0; c < 3; c++) {
			uint32_t ink = (255U - p[c]) * k + 128;
			row[c] = (uint8_t)(k - ((ink >> 8) + ink) / 256);
		}
	}
}

static bool read_rows(struct jpeg_decompress_struct *info, nn_image *x, nn_error *e)
{
	nn_scratch *s = x->scratch;
	if (!read_header(info, x, e))
		return false;
	bool cmyk = info->out_color_space == JCS_CMYK;
	size_t row = (size_t)x->width * (cmyk ? 4 : (size_t)x->channels);
	if (!nn_scratch_grow(&s->pixel, &s->pixel_room, row, x->path, e))
		return false;
	jpeg_start_decompress(info);
	while (info->output_scanline < info->output_height) {
		JSAMPROW at = s->pixel;
		jpeg_read_scanlines(info, &at, 1);
		if (cmyk)
			from_cmyk(at, x->width);
		nn_image_row(x, at);
	}
	jpeg_finish_decompress(info);
	return true;
}

bool nn_image_jpeg(nn_image *x, nn_error *e)
{
	struct jpeg_decompress_struct info;
	failure f = {.progress = {.progress_monitor = count_scans}};
	info.err = jpeg_std_error(&f.manager);
	info.client_data = &f;
	f.manager.error_exit = give_up;
	f.manager.emit_message = on_message;
	if (setjmp(f.back)) {
		jpeg_destroy_decompress(&info);
		return nn_fail(e, NN_EXIT_DATA, "%s: damaged: %s", x->path, f.text);
	}
	jpeg_create_decompress(&info);
	info.progress = &f.progress;
	jpeg_mem_src(&info, x->file, x->size);
	bool ok = read_rows(&info, x, e);
	jpeg_destroy_decompress(&info);
	return ok;
}
