/* image.h: pictures for predict. See image.c. */
#ifndef NN_IMAGE_H
#define NN_IMAGE_H

#include <stdint.h>

#include "error.h"
#include "nn.h"

/* Reads a PNG, PGM or PPM file (known by its first bytes) as the network's input: C*H*W 8-bit
 * values, colours turned to grey or grey to equal colours as the input has channels. A picture of
 * another size, damaged or with alpha-only content fails with 65. */
bool nn_image_read(const char *path, const nn_model *m, uint8_t *values, nn_error *e);

/* Whether the bytes begin like one of these formats. */
bool nn_image_known(const unsigned char *bytes, unsigned long count);

#endif
