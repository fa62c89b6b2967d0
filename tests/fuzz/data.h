/* data.h: targets that read data sets, through the toy network of the runtime's tests. */
#ifndef FUZZ_DATA_H
#define FUZZ_DATA_H

#include "../fixture_data.h"
#include "fuzz.h"

/* Rows of two features or pictures of C x H x W for the toy: what the next model reads. */
void fuzz_input(nn_model *m, int rank, int channels, int height, int width);

/* Opens the training part, loads some items where they are fetched, and closes it. The answer is
 * yes, or 65 with a message, and nothing else: not 70, and not 71, since no file of this size may
 * ask for more memory than there is. */
void fuzz_data(const nn_model *m);

/* The bytes as a picture, resized to the toy's 4 x 4 in grey and to 5 x 3 in colour. */
void fuzz_picture(const uint8_t *bytes, size_t size);

#endif
