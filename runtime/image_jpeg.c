/* image_jpeg.c: JPEG through libjpeg-turbo: grey or RGB, 8 bit.
 *
 * A network with one channel takes the luma that is in the file, which is the grey of image.c. A
 * picture that will be made smaller is decoded at 1/2, 1/4 or 1/8 of its size as long as it stays
 * larger than what is wanted: that takes a fraction of the time. An entropy-coded block of 8 x 8
 * pixels takes at least an eighth of a byte, so a file of n bytes holds at most 512 * n pixels.
 * What libjpeg warns about (data that end early, broken codes) is an error here. */
#include <setjmp.h>
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>

#include "image.h"

enum { PIXELS_A_BYTE = 512 };

typedef struct failure {
	struct jpeg_error_mgr manager; /* libjpeg's       */
	jmp_buf back;                  /* where to go     */
	char text[JMSG_LENGTH_MAX];    /* why             */
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

/* Grey or RGB, and the smallest size that is large enough. */
static bool choose(struct jpeg_decompress_struct *info, const nn_image *x, nn_error *e)
{
	const nn_model *m = x->m;
	bool grey = m->input_rank == 1 || m->input[0] == 1;
	if (info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK)
		return nn_fail(e, NN_EXIT_DATA, "%s: CMYK colours; save it as RGB", x->path);
	bool luma = info->jpeg_color_space == JCS_YCbCr || info->jpeg_color_space == JCS_GRAYSCALE;
	info->out_color_space =
	        luma && (grey || info->num_components == 1) ? JCS_GRAYSCALE : JCS_RGB;
	for (unsigned part = 8; x->resize && m->input_rank == 3 && part > 1; part /= 2)
		if (info->image_width / part >= (unsigned)m->input[2] &&
		    info->image_height / part >= (unsigned)m->input[1]) {
			info->scale_num = 1;
			info->scale_denom = part;
			break;
		}
	return true;
}

static bool read_rows(struct jpeg_decompress_struct *info, nn_image *x, nn_scratch *scratch,
                      nn_error *e)
{
	int64_t most = (int64_t)x->size * PIXELS_A_BYTE;
	jpeg_read_header(info, TRUE);
	x->width = info->image_width;
	x->height = info->image_height;
	if (!nn_image_fits(x, most, e) || !choose(info, x, e))
		return false;
	jpeg_calc_output_dimensions(info);
	x->width = info->output_width;
	x->height = info->output_height;
	x->channels = info->out_color_components;
	if (!nn_image_room(x, scratch, e))
		return false;
	jpeg_start_decompress(info);
	while (info->output_scanline < info->output_height) {
		JSAMPROW row = x->pixel + (int64_t)info->output_scanline * x->width * x->channels;
		jpeg_read_scanlines(info, &row, 1);
	}
	jpeg_finish_decompress(info);
	return true;
}

bool nn_image_jpeg(nn_image *x, nn_scratch *scratch, nn_error *e)
{
	struct jpeg_decompress_struct info;
	failure f;
	info.err = jpeg_std_error(&f.manager);
	info.client_data = &f;
	f.manager.error_exit = give_up;
	f.manager.emit_message = on_message;
	if (setjmp(f.back)) {
		jpeg_destroy_decompress(&info);
		return nn_fail(e, NN_EXIT_DATA, "%s: %s", x->path, f.text);
	}
	jpeg_create_decompress(&info);
	jpeg_mem_src(&info, x->file, x->size);
	bool ok = read_rows(&info, x, scratch, e);
	jpeg_destroy_decompress(&info);
	return ok;
}
