/* image.h: pictures as the network's input. See image.c. */
#ifndef NN_IMAGE_H
#define NN_IMAGE_H

#include <stdint.h>

#include "error.h"
#include "nn.h"
#include "store.h"

/* Reads a PNG, JPEG, PGM or PPM file (known by its first bytes) as the network's input: C*H*W 8-bit
 * values, colours turned to grey or grey to equal colours as the input has channels. A picture of
 * another size is resized, or fails with 65 like one that is damaged. Any thread. */
bool nn_image_read(const char *path, const nn_model *m, bool resize, uint8_t *values,
                   nn_scratch *scratch, nn_error *e);

/* Whether the bytes begin like one of these formats. */
bool nn_image_known(const uint8_t *bytes, size_t count);

/* A picture while it is decoded. */
typedef struct nn_image {
	const char *path;    /* for messages                                */
	const nn_model *m;   /* what it is for                              */
	bool resize;         /* any size will do                            */
	const uint8_t *file; /* [size]                                      */
	size_t size;         /* of the file                                 */
	int64_t width;       /* of the pixels                               */
	int64_t height;      /* likewise                                    */
	int channels;        /* of the pixels: 1 or 3                       */
	uint8_t *pixel;      /* [height][width][channels], in the scratch   */
} nn_image;

/* Holds the size of x against the network's and against `most`, the pixels that a file of this size
 * can hold; takes room for that many. */
bool nn_image_fits(const nn_image *x, int64_t most, nn_error *e);
bool nn_image_room(nn_image *x, nn_scratch *scratch, nn_error *e);

/* One format each: fill width, height, channels and pixel. */
bool nn_image_png(nn_image *x, nn_scratch *scratch, nn_error *e);
bool nn_image_jpeg(nn_image *x, nn_scratch *scratch, nn_error *e);

/* The pixels as [height][width][channels] of another size, in the scratch; NULL with an error.
 * (image_resize.c) */
const uint8_t *nn_image_resize(const nn_image *x, int64_t width, int64_t height,
                               nn_scratch *scratch, nn_error *e);

#endif
