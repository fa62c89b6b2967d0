/* picture.h: small pictures inside a page. See picture.c. */
#ifndef NN_PICTURE_H
#define NN_PICTURE_H

#include <stdint.h>

#include "../base/error.h"
#include "../base/text.h"

enum { NN_PICTURE_SIDE = 64, NN_PICTURE_BYTES = NN_PICTURE_SIDE * NN_PICTURE_SIDE * 3 };

/* A picture of up to 64 x 64 pixels. */
typedef struct nn_picture {
	int width, height;               /* in pixels                                    */
	int channels;                    /* 1: grey, 3: red, green, blue                 */
	uint8_t pixel[NN_PICTURE_BYTES]; /* [height][width][channels]                    */
} nn_picture;

/* Shrinks [channels][height][width] values, 1 or 3 channels of 0 to 1, to a picture; larger ones by
 * averaging squares of pixels. Other numbers of channels show their first. */
void nn_picture_values(nn_picture *x, const float *value, int channels, int height, int width);

/* Colours of signed values between -most and most: blue below 0, white at 0, orange above. */
void nn_picture_signed(nn_picture *x, const float *value, int height, int width, double most);

/* Adds the picture as the address of a PNG file: "data:image/png;base64,...". (picture_png.c) */
bool nn_picture_address(nn_text *t, const nn_picture *x, nn_error *e);

#endif
