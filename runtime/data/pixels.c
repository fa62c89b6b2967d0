/* pixels.c: changes of one image, without anything random.
 *
 *     in    [channels][height][width] floats, an angle, a factor, a rectangle, ...
 *     out   the changed image
 *
 * Turning and zooming read between cells (bilinear): cell (i,j) of the new image comes from the
 * point (u,v) of the old one,
 *
 *     u = (dy cos + dx sin) / zoom + middle     dy = i - middle of the rows
 *     v = (dx cos - dy sin) / zoom + middle     dx = j - middle of the columns
 *
 * and where that falls on a cell, its value is taken as it is: turns by 90 degrees are exact.
 * Sines and exponentials are made here, so that an image does not depend on the C library. */
#include "pixels.h"

#include <math.h>

#include "../kernel/nn_rand.h"

static const double PI = 3.14159265358979323846;

/* Taylor series of a quarter of the circle, exact where the answer is 0, 1 or -1. */
static void sine_cosine(double degrees, double *sine, double *cosine)
{
	static const int turn[4][2] = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}};
	double quarters = floor(degrees / 90 + 0.5);
	double x = (degrees - quarters * 90) * (PI / 180), s = 0, c = 0, term = 1;
	for (int k = 0; k < 20; k++) {
		*(k % 2 ? &s : &c) += k % 4 < 2 ? term : -term;
		term *= x / (k + 1);
	}
	const int *q = turn[(int64_t)quarters & 3];
	*sine = s * q[1] + c * q[0];
	*cosine = c * q[1] - s * q[0];
}

double nn_pixels_exp(double x)
{
	static const double ln2 = 0x1.62e42fefa39efp-1;
	if (x < -700)
		return 0;
	double k = floor(x / ln2 + 0.5), r = x - k * ln2, sum = 1;
	for (int i = 14; i > 0; i--)
		sum = 1 + sum * r / i;
	return ldexp(sum, (int)k);
}

/* Where the four cells around a point lie, and their weights: 0 for what is outside. */
typedef struct corners {
	int64_t at[4];   /* within a channel */
	float weight[4]; /* their sum is 1 inside */
} corners;

static corners around(const nn_frame *f, double u, double v)
{
	corners c = {{0}, {0}};
	if (!(u > -1 && u < (double)f->height && v > -1 && v < (double)f->width))
		return c;
	double i = floor(u), j = floor(v);
	for (int k = 0; k < 4; k++) {
		int64_t row = (int64_t)i + k / 2, column = (int64_t)j + k % 2;
		if (row < 0 || row >= f->height || column < 0 || column >= f->width)
			continue;
		c.at[k] = row * f->width + column;
		c.weight[k] =
		        (float)((k / 2 ? u - i : 1 - (u - i)) * (k % 2 ? v - j : 1 - (v - j)));
	}
	return c;
}

void nn_pixels_warp(const nn_frame *f, const float *from, float *to, double degrees, double zoom)
{
	double s, c, y = (double)(f->height - 1) / 2, x = (double)(f->width - 1) / 2;
	int64_t plane = f->height * f->width;
	sine_cosine(degrees, &s, &c);
	for (int64_t i = 0; i < f->height; i++)
		for (int64_t j = 0; j < f->width; j++) {
			double dy = (double)i - y, dx = (double)j - x;
			corners k = around(f, (dy * c + dx * s) / zoom + y,
			                   (dx * c - dy * s) / zoom + x);
			const float *in = from;
			float *out = to + i * f->width + j;
			for (int64_t n = 0; n < f->channels; n++, in += plane, out += plane)
				*out = in[k.at[0]] * k.weight[0] + in[k.at[1]] * k.weight[1] +
				       in[k.at[2]] * k.weight[2] + in[k.at[3]] * k.weight[3];
		}
}

void nn_pixels_erase(const nn_frame *f, float *v, int64_t top, int64_t left, int64_t rows,
                     int64_t columns)
{
	for (int64_t n = 0; n < f->channels; n++)
		for (int64_t i = top; i < top + rows; i++)
			for (int64_t j = left; j < left + columns; j++)
				v[(n * f->height + i) * f->width + j] = 0;
}

static int64_t count(const nn_frame *f)
{
	return f->channels * f->height * f->width;
}

static void clip(const nn_frame *f, float *v)
{
	for (int64_t i = 0, n = f->picture ? count(f) : 0; i < n; i++)
		v[i] = v[i] < 0 ? 0 : v[i] > 1 ? 1 : v[i];
}

void nn_pixels_brighten(const nn_frame *f, float *v, double by)
{
	float add = (float)by;
	for (int64_t i = 0, n = count(f); i < n; i++)
		v[i] += add;
	clip(f, v);
}

void nn_pixels_contrast(const nn_frame *f, float *v, double factor)
{
	int64_t n = count(f);
	double sum = 0;
	for (int64_t i = 0; i < n; i++)
		sum += (double)v[i];
	float mean = (float)(sum / (double)n), by = (float)factor;
	for (int64_t i = 0; i < n; i++)
		v[i] = mean + (v[i] - mean) * by;
	clip(f, v);
}

/* Two at a time by Marsaglia's polar method, as nn_rand_normal. */
void nn_pixels_noise(const nn_frame *f, float *v, double std, uint64_t key)
{
	for (int64_t i = 0, n = count(f); i < n; i += 2) {
		uint64_t h = nn_rand_mix(key + (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15));
		double a, b, s;
		for (;; h = nn_rand_mix(h + UINT64_C(0x9e3779b97f4a7c15))) {
			a = ((double)(h >> 38) + 0.5) * 0x1p-25 - 1;
			b = ((double)((h >> 6) & 0x3ffffff) + 0.5) * 0x1p-25 - 1;
			s = a * a + b * b;
			if (s < 1)
				break;
		}
		s = std * sqrt(-2 * nn_rand_log(s) / s);
		v[i] += (float)(a * s);
		if (i + 1 < n)
			v[i + 1] += (float)(b * s);
	}
}

void nn_pixels_blend(const nn_frame *f, float *v, const float *other, double share)
{
	float mine = (float)share, rest = (float)(1 - share);
	for (int64_t i = 0, n = count(f); i < n; i++)
		v[i] = mine * v[i] + rest * other[i];
}
