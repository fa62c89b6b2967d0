/* image.h: pictures as the network's input. See image.c. */
#ifndef NN_IMAGE_H
#define NN_IMAGE_H

#include <stdint.h>

#include "../base/error.h"
#include "../nn.h"
#include "store.h"

/* What nn_image_read reads, for messages. */
#define NN_IMAGE_FORMATS "PNG, JPEG, BMP, PGM, PPM"

/* Reads a picture file, known by its first bytes, as the network's input: C*H*W 8-bit values,
 * colours turned to grey or grey to equal colours as the input has channels, turned as EXIF says
 * (unless <data exif="ignore">), resized where its size is another one. What cannot be read fails
 * with 65 and what the file is. Any thread. */
bool nn_image_read(const char *path, const nn_model *m, uint8_t *values, nn_scratch *scratch,
                   nn_error *e);

/* ---- resizing (image_resize.c) ------------------------------------------------------------- */

/* One axis: cells before and after; a cell of the result is a weighted mean of those that are less
 * than `reach` from its place. */
typedef struct nn_axis {
	int64_t before, after; /* cells                                                    */
	double scale, reach;   /* before / after; scale, but at least 1                    */
	double slope;          /* of the weights: 1 / reach                                */
} nn_axis;

/* A row of the result that is being summed. */
typedef struct nn_sum {
	int64_t first, last;  /* rows of the source that count: first..last-1              */
	double centre, total; /* its place among them; the sum of unscaled weights         */
	int32_t *value;       /* [wide]                                                    */
} nn_sum;

/* A picture that is resized while its rows come. */
typedef struct nn_resize {
	nn_axis x, y;              /* the axes                                             */
	int channels;              /* of rows, before and after                            */
	int64_t taps;              /* most cells that a cell of a row's result looks at    */
	int32_t *from, *count;     /* [x.after]: the first of them, how many               */
	int32_t *weight;           /* [x.after][taps], in units of 2^-22                   */
	bool columns_first;        /* along columns first, then along rows                 */
	int64_t wide;              /* values of a row between the passes along columns     */
	uint8_t *line, *done;      /* [x.after * channels] along rows, [wide] along columns */
	nn_sum *sum;               /* [slots]: row i of the result in sum[i % slots]       */
	int64_t slots;             /* as many as overlap                                   */
	int64_t row, begun, ended; /* rows that came; rows of the result begun and ended   */
	void (*out)(void *to, int64_t i, const uint8_t *row); /* takes row i of the result */
	void *to;                                             /* its first argument        */
} nn_resize;

/* Sets all up for rows of `channels` bytes a pixel, from `width` x `height` to `to_width` x
 * `to_height`; x->out and x->to are the caller's. Memory is the scratch's row: some bytes for each
 * column before, and rows of the result. */
bool nn_resize_open(nn_resize *r, int64_t width, int64_t height, int64_t to_width,
                    int64_t to_height, int channels, nn_scratch *scratch, const char *path,
                    nn_error *e);
/* The next row, from the top: [width * channels]. Calls `out` for each row that is done with it. */
void nn_resize_row(nn_resize *r, const uint8_t *row);

/* ---- formats ------------------------------------------------------------------------------- */

/* A picture while it is decoded, row by row. */
typedef struct nn_image {
	const char *path;    /* for messages                                            */
	const nn_model *m;   /* what it is for                                          */
	const uint8_t *file; /* [size]                                                  */
	size_t size;         /* of the file                                             */
	nn_scratch *scratch; /* its `pixel` is the decoder's, its `row` for resizing    */
	int64_t width;       /* of the pixels as they are stored                        */
	int64_t height;      /* likewise                                                */
	int channels;        /* of a row that is handed on: 1 or 3                      */
	int orientation;     /* 1 to 8, EXIF's; 0 counts as 1                           */
	uint8_t *values;     /* the network's input                                     */
	int64_t stride[3];   /* in values: a plane, a row and a column of the result    */
	int64_t origin;      /* where its first pixel goes                              */
	bool to_grey;        /* its colours become grey before all else                 */
	nn_resize resize;    /* rows to rows of the input's width and height            */
} nn_image;

/* When width, height, channels and orientation are known: holds the size against the network's, and
 * against `most`, the pixels that a file of this size can hold; prepares to resize. */
bool nn_image_open(nn_image *x, int64_t most, nn_error *e);
/* The next row, from the top: [width][channels]. It may be changed. */
void nn_image_row(nn_image *x, uint8_t *row);
/* Refuses a picture that is too large to be unpacked as a whole; `how` it is stored is why. */
bool nn_image_whole(const nn_image *x, const char *how, nn_error *e);

/* One format each: the picture's rows to nn_image_row. */
bool nn_image_png(nn_image *x, nn_error *e);
bool nn_image_jpeg(nn_image *x, nn_error *e);
bool nn_image_bmp(nn_image *x, nn_error *e);

/* The orientation in an Exif block, which begins like a TIFF file: 1 to 8, 1 where it is not said.
 * (image_exif.c) */
int nn_exif_orientation(const uint8_t *tiff, size_t size);

#endif
