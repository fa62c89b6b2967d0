/* image_bmp.c: BMP, not compressed: 1, 4 and 8 bits with a palette, 16, 24 and 32 bits.
 *
 *     in    "BM", size, 2 x 2 reserved bytes, place of the pixels; a header of 12 to 124 bytes
 *           (its size, width, height, planes, bits, compression, ...); masks; palette; rows
 *     out   rows
 *
 * Numbers are little-endian. Rows are padded to 4 bytes and stand from the bottom up, or from the
 * top down if the height is negative. Of 16 and 32 bits masks may say where the colours are; else
 * it is 5 bits each, or 8. A fourth channel is dropped. */
#include <string.h>

#include "image.h"

enum { BEGIN = 14, OLD = 12, USUAL = 40, RAW = 0, MASKS = 3 };

typedef struct bitmap {
	uint32_t header, pixels; /* bytes of the header; where rows begin       */
	uint32_t bits;           /* of a pixel                                  */
	uint32_t mask[3];        /* of red, green and blue in 16 and 32 bits    */
	uint8_t palette[256][4]; /* blue, green, red                            */
	int64_t stride;          /* bytes from row to row                       */
	bool down;               /* the first row is the top one                */
} bitmap;

static uint32_t number(const uint8_t *at, int count)
{
	uint32_t value = 0;
	for (int i = 0; i < count; i++)
		value |= (uint32_t)at[i] << 8 * i;
	return value;
}

static bool read_header(nn_image *x, bitmap *b, nn_error *e)
{
	const uint8_t *h = x->file + BEGIN;
	b->header = x->size >= BEGIN + 4 ? number(h, 4) : 0;
	if ((b->header != OLD && b->header < USUAL) || b->header > 124 ||
	    x->size < BEGIN + b->header)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: damaged: a BMP header of %u bytes, in a file "
		               "of %zu",
		               x->path, b->header, x->size);
	bool old = b->header == OLD;
	int64_t height = old ? (int64_t)number(h + 6, 2) : (int32_t)number(h + 8, 4);
	uint32_t how = old ? RAW : number(h + 16, 4);
	b->pixels = number(x->file + 10, 4);
	b->bits = number(h + (old ? 10 : 14), 2);
	b->down = height < 0;
	x->width = old ? (int64_t)number(h + 4, 2) : (int32_t)number(h + 4, 4);
	x->height = height < 0 ? -height : height;
	x->channels = 3;
	bool deep = b->bits == 16 || b->bits == 32;
	if (!deep && b->bits != 1 && b->bits != 4 && b->bits != 8 && b->bits != 24)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: a BMP of %u bits; those of 1, 4, 8, 16, 24 "
		               "and 32 are read",
		               x->path, b->bits);
	if (how != RAW && !(how == MASKS && deep))
		return nn_fail(e, NN_EXIT_DATA, "%s: a compressed BMP: save it as PNG", x->path);
	b->stride = (x->width * b->bits + 31) / 32 * 4;
	uint32_t bits = b->bits == 16 ? 5 : 8;
	for (uint32_t c = 0; deep && c < 3; c++) {
		b->mask[c] = ((1U << bits) - 1) << bits * (2 - c);
		/* Right behind the smallest header that has a place for compression. */
		if (how == MASKS && x->size >= BEGIN + USUAL + 12)
			b->mask[c] = number(h + USUAL + 4 * (size_t)c, 4);
	}
	return true;
}

/* Colours that the file lacks are black. */
static void read_palette(const nn_image *x, bitmap *b)
{
	size_t size = b->header == OLD ? 3 : 4, at = BEGIN + b->header;
	size_t colours = b->bits <= 8 ? (size_t)1 << b->bits : 0;
	for (size_t i = 0; i < colours && at + size <= b->pixels && at + size <= x->size; i++) {
		memcpy(b->palette[i], x->file + at, size);
		at += size;
	}
}

/* The bits of a mask as 0 to 255. */
static uint8_t share(uint32_t pixel, uint32_t mask)
{
	if (!mask)
		return 0;
	uint64_t most = mask >> __builtin_ctz(mask);
	return (uint8_t)((uint64_t)((pixel & mask) >> __builtin_ctz(mask)) * 255 / most);
}

static void unpack(const nn_image *x, const bitmap *b, const uint8_t *from, uint8_t *to)
{
	uint32_t bytes = b->bits / 8, mask = (1U << (b->bits < 8 ? b->bits : 8)) - 1;
	for (int64_t i = 0; i < x->width; i++, to += 3) {
		if (b->bits <= 8) {
			int64_t bit = i * b->bits;
			uint32_t shift = 8 - b->bits - (uint32_t)(bit % 8);
			const uint8_t *p = b->palette[from[bit / 8] >> shift & mask];
			for (int c = 0; c < 3; c++)
				to[c] = p[2 - c];
		} else {
			const uint8_t *p = from + i * bytes;
			uint32_t pixel = bytes == 3 ? 0 : number(p, (int)bytes);
			for (int c = 0; c < 3; c++)
				to[c] = bytes == 3 ? p[2 - c] : share(pixel, b->mask[c]);
		}
	}
}

bool nn_image_bmp(nn_image *x, nn_error *e)
{
	bitmap b = {0};
	nn_scratch *s = x->scratch;
	if (!read_header(x, &b, e))
		return false;
	if (!nn_image_open(x, (int64_t)x->size * 8, e))
		return false;
	size_t last = (size_t)((x->width * b.bits + 7) / 8);
	if (b.pixels > x->size || x->size - b.pixels < (size_t)(b.stride * (x->height - 1)) + last)
		return nn_fail(e, NN_EXIT_DATA, "%s: damaged: the file is cut short", x->path);
	if (!nn_scratch_grow(&s->pixel, &s->pixel_room, (size_t)x->width * 3, x->path, e))
		return false;
	read_palette(x, &b);
	for (int64_t i = 0; i < x->height; i++) {
		int64_t row = b.down ? i : x->height - 1 - i;
		unpack(x, &b, x->file + b.pixels + row * b.stride, s->pixel);
		nn_image_row(x, s->pixel);
	}
	return true;
}
