/* augment_image.c: training images that are changed cell by cell, in the order of <augment>.
 *
 *     in    an item of the batch, 8-bit or float, and the changes
 *     out   the changed image as floats, before normalisation: from 0 to 1 where it was 8-bit
 *
 * Three images of room a thread: the image, the next one, and the one it is mixed with. Flips and
 * moves that follow one another are one pass; the first ones are done while the item is decoded.
 *
 * Numbers are drawn from a key of (seed, epoch, item, place of the change). Only mixing looks at
 * the batch: its partner is another image of the same batch, as changed so far by itself. */
#include "augment.h"

#include <math.h>
#include <string.h>

#include "../kernel/nn_rand.h"

enum { SHARES = 1, NOISE = 2, TRIES = 10 };

typedef struct place {
	const nn_augment *a; /* the changes                  */
	const nn_batch *b;   /* where the image is from      */
	int64_t values;      /* of an image                  */
	bool clean;          /* no noise                     */
	nn_frame frame;      /* of the image                 */
} place;

static uint64_t key_of(const nn_augment *a, uint32_t item, int k)
{
	uint64_t index = nn_augment_key(item, k);
	return nn_rand_u64(a->seed, NN_RAND_AUGMENT, a->epoch, index);
}

/* The d-th number of a change, in [0,1). */
static double draw(uint64_t key, uint64_t d)
{
	return nn_rand_double(key, NN_RAND_AUGMENT, SHARES, d);
}

/* Jöhnk's method up to 1, and above the mean of two gamma variates by Marsaglia and Tsang (2000).
 * Both reject, so that the key is drawn from as often as it takes. */
static double gamma_variate(double alpha, uint64_t key, uint64_t *next)
{
	double d = alpha - 1.0 / 3, c = 1 / sqrt(9 * d);
	for (;;) {
		double x = nn_rand_normal(key, NN_RAND_AUGMENT, NOISE, (*next)++);
		double u = 1 - draw(key, (*next)++), v = 1 + c * x;
		v = v * v * v;
		if (v > 0 && nn_rand_log(u) < x * x / 2 + d - d * v + d * nn_rand_log(v))
			return d * v;
	}
}

static double beta_variate(double alpha, uint64_t key)
{
	uint64_t next = 0;
	if (alpha > 1) {
		double x = gamma_variate(alpha, key, &next), y = gamma_variate(alpha, key, &next);
		return x / (x + y);
	}
	for (;;) {
		double x = nn_rand_log(1 - draw(key, next)) / alpha;
		double y = nn_rand_log(1 - draw(key, next + 1)) / alpha;
		next += 2;
		if (nn_pixels_exp(x) + nn_pixels_exp(y) <= 1)
			return y > x ? nn_pixels_exp(x - y) / (1 + nn_pixels_exp(x - y))
			             : 1 / (1 + nn_pixels_exp(y - x));
	}
}

double nn_augment_share(const nn_augment *a, const nn_batch *b, int n, int *partner)
{
	*partner = n;
	if (a->mix < 0 || b->live < 2 || !(a->change[a->mix].amount > 0))
		return 1;
	uint64_t key = key_of(a, b->index[n], a->mix);
	uint64_t other = nn_rand_u64(key, NN_RAND_AUGMENT, NOISE, UINT64_MAX);
	*partner = (n + 1 + (int)(other % (uint64_t)(b->live - 1))) % b->live;
	return beta_variate(a->change[a->mix].amount, key);
}

/* ---- the chain ----------------------------------------------------------------------------- */

static int run_of_moves(const nn_augment *a, int from, int end)
{
	while (from < end && a->change[from].kind <= NN_MOVE)
		from++;
	return from;
}

/* Writes the image that v makes of cells that `u8` or `f32` hold. */
static void look(const place *p, const nn_view *v, const uint8_t *u8, const float *f32, float *to)
{
	const nn_map *row = &v->axis[0], *column = &v->axis[1];
	const nn_frame *f = &p->frame;
	for (int64_t n = 0; n < f->channels; n++)
		for (int64_t i = 0; i < f->height; i++, to += f->width) {
			int64_t at = (n * f->height + row->sign * i + row->offset) * f->width +
			             column->offset;
			bool in = i >= row->from && i < row->end;
			for (int64_t j = 0; j < f->width; j++) {
				int64_t cell = at + column->sign * j;
				to[j] = !in || j < column->from || j >= column->end ? 0
				        : u8 ? (float)u8[cell] / 255.0F
				             : f32[cell];
			}
		}
}

/* Zhong, Zheng, Kang, Li and Yang 2017: 2 to 33 % of the area, sides of 0.3 to 3.3. */
static void erase(const place *p, float *v, uint64_t key)
{
	double area = (double)(p->frame.height * p->frame.width);
	for (uint64_t d = 1; d < 1 + 4 * TRIES; d += 4) {
		double cells = (0.02 + 0.31 * draw(key, d)) * area;
		double ratio = nn_pixels_exp((2 * draw(key, d + 1) - 1) * nn_rand_log(10.0 / 3));
		int64_t rows = (int64_t)(sqrt(cells * ratio) + 0.5);
		int64_t columns = (int64_t)(sqrt(cells / ratio) + 0.5);
		if (rows < 1 || columns < 1 || rows >= p->frame.height || columns >= p->frame.width)
			continue;
		double top = draw(key, d + 2) * (double)(p->frame.height - rows + 1);
		double left = draw(key, d + 3) * (double)(p->frame.width - columns + 1);
		nn_pixels_erase(&p->frame, v, (int64_t)top, (int64_t)left, rows, columns);
		return;
	}
}

/* Changes *image, which may become *spare, and the other way round. */
static void change(const place *p, int k, uint32_t item, float **image, float **spare)
{
	const nn_change *c = &p->a->change[k];
	uint64_t key = key_of(p->a, item, k);
	double r = draw(key, 0), both = (2 * r - 1) * c->amount;
	float *from = *image;
	if (c->kind == NN_TURN || c->kind == NN_ZOOM) {
		nn_pixels_warp(&p->frame, from, *spare, c->kind == NN_TURN ? both : 0,
		               c->kind == NN_ZOOM ? 1 + both : 1);
		*image = *spare;
		*spare = from;
	} else if (c->kind == NN_ERASE && r < c->p) {
		erase(p, from, key);
	} else if (c->kind == NN_BRIGHTEN) {
		nn_pixels_brighten(&p->frame, from, both);
	} else if (c->kind == NN_CONTRAST) {
		nn_pixels_contrast(&p->frame, from, 1 + both);
	} else if (c->kind == NN_NOISE && !p->clean) {
		nn_pixels_noise(&p->frame, from, c->amount, key);
	}
}

/* The changes before `end` of item n; the result is *image. */
static void make(const place *p, int n, int end, float **image, float **spare, float *partner)
{
	const nn_augment *a = p->a;
	const nn_items *items = p->b->items;
	uint32_t item = p->b->index[n];
	int64_t start = (int64_t)item * p->values;
	int k = run_of_moves(a, 0, end), other;
	nn_view v = nn_augment_view(a, item, 0, k);
	look(p, &v, items->u8 ? items->u8 + start : NULL, items->u8 ? NULL : items->f32 + start,
	     *image);
	while (k < end) {
		int next = run_of_moves(a, k, end);
		if (next > k) {
			float *from = *image;
			v = nn_augment_view(a, item, k, next);
			look(p, &v, NULL, from, *spare);
			*image = *spare;
			*spare = from;
			k = next;
		} else if (a->change[k].kind == NN_MIX) {
			double share = nn_augment_share(a, p->b, n, &other);
			if (other != n) {
				make(p, other, k, &partner, spare, NULL);
				nn_pixels_blend(&p->frame, *image, partner, share);
			}
			k++;
		} else {
			change(p, k++, item, image, spare);
		}
	}
}

const float *nn_augment_image(const nn_augment *a, const nn_batch *b, int n, bool clean, int thread)
{
	place p = {.a = a, .b = b, .clean = clean, .frame = a->frame};
	p.frame.picture = b->items->u8 != NULL;
	p.values = a->frame.channels * a->frame.height * a->frame.width;
	float *room = a->room + 3 * p.values * thread;
	float *image = room, *spare = room + p.values;
	make(&p, n, a->changes, &image, &spare, room + 2 * p.values);
	return image;
}
