/* pixels.h: changes of one image, without anything random. See pixels.c.
 *
 * An image is [channels][height][width] floats, row after row; outside of it everything is black,
 * which is 0. */
#ifndef NN_PIXELS_H
#define NN_PIXELS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct nn_frame {
	int64_t channels, height, width; /* of an image; 1, 1, n for n features */
	bool picture;                    /* values stay from 0 to 1             */
} nn_frame;

/* Turned counter-clockwise about the middle, and `zoom` times as large; `to` is another image. */
void nn_pixels_warp(const nn_frame *f, const float *from, float *to, double degrees, double zoom);

/* Blackens `rows` x `columns` cells of every channel from row `top`, column `left` on. */
void nn_pixels_erase(const nn_frame *f, float *v, int64_t top, int64_t left, int64_t rows,
                     int64_t columns);

void nn_pixels_brighten(const nn_frame *f, float *v, double by);

/* Differences from the mean over the whole image become `factor` times as large. */
void nn_pixels_contrast(const nn_frame *f, float *v, double factor);

/* Adds to value i the i-th normal number of `key`, times std. Nothing is clipped. */
void nn_pixels_noise(const nn_frame *f, float *v, double std, uint64_t key);

/* share * v + (1 - share) * other */
void nn_pixels_blend(const nn_frame *f, float *v, const float *other, double share);

/* e to the x, to 1e-14 and independent of the C library. */
double nn_pixels_exp(double x);

#endif
