/* picture_png.c: a picture as the address of a PNG file.
 *
 *     in    28 x 28 pixels
 *     out   data:image/png;base64,iVBORw0KGgo...
 *
 * A page that is one file holds its pictures in base64 (RFC 4648). Linked where items are pictures;
 * elsewhere nn_picture_address is NULL. */
#include <png.h>

#include "picture.h"

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
