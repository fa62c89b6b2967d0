/* fixture_data.h: the toy network on data of any format, and files for it. */
#ifndef FIXTURE_DATA_H
#define FIXTURE_DATA_H

#include "../runtime/data/data.h"
#include "fixture.h"

/* The toy (1x4x4 or what is said afterwards, 3 classes) with this format and training source; no
 * validation, no test. Eight of them at a time. */
nn_model *data_model(const char *format, nn_source training);

/* Another value for an attribute of <data>. */
void data_set(nn_model *m, const char *name, const char *value);

/* Adds a source. */
void data_source(nn_model *m, nn_source source);

/* Opens these parts into *d (NULL: and closes them): the message, "" when all is well, and the exit
 * code in *code. */
const char *data_open(const nn_model *m, unsigned parts, nn_data *d, int *code);

/* An array of np.save: its header and `size` bytes. In `to`; the number of bytes. */
size_t npy_make(unsigned char *to, const char *type, const char *shape, const void *bytes,
                size_t size);

/* Pictures of height x width pixels with 1 or 3 channels. */
void png_write(const char *path, const unsigned char *pixel, int height, int width, int channels);
void jpeg_write(const char *path, const unsigned char *pixel, int height, int width, int channels);

#endif
