/* image_png.c: PNG through libpng: any colour type and depth to 8-bit grey or RGB.
 *
 * Deflate packs at most 1032 : 1 and a pixel has at least one bit, so a file of n bytes holds at
 * most 8 * 1032 * n pixels; one that announces more is refused before it is unpacked. */
#include <png.h>

#include "image.h"

enum { DEFLATE_MOST = 1032 };

bool nn_image_png(nn_image *x, nn_scratch *scratch, nn_error *e)
{
	png_image png = {.version = PNG_IMAGE_VERSION};
	if (!png_image_begin_read_from_memory(&png, x->file, x->size))
		return nn_fail(e, NN_EXIT_DATA, "%s: %s", x->path, png.message);
	x->width = png.width;
	x->height = png.height;
	x->channels = png.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1;
	png.format = x->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
	png_color black = {0, 0, 0};
	int64_t most = (int64_t)x->size * DEFLATE_MOST * 8;
	if (nn_image_fits(x, most, e) && nn_image_room(x, scratch, e) &&
	    !png_image_finish_read(&png, &black, x->pixel, 0, NULL))
		nn_fail(e, NN_EXIT_DATA, "%s: %s", x->path, png.message);
	png_image_free(&png);
	return !e->code;
}
