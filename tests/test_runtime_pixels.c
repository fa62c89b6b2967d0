/* Changes of images cell by cell: exact cells on small images, the laws of what is drawn, chains,
 * and trainings that use them. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/data/feed.h"
#include "../runtime/net/tensor.h"
#include "fixture.h"

enum { ITEMS = 600, ROW = 28, CELLS = ROW * ROW };
static const double MANY = ITEMS, AREA = CELLS;

static void same(const char *what, const float *found, const float *wanted, int n)
{
	for (int i = 0; i < n; i++)
		cr_assert(found[i] == wanted[i], "%s: cell %d is %.9g, not %.9g", what, i,
		          (double)found[i], (double)wanted[i]);
}

/* ---- one change ---------------------------------------------------------------------------- */

Test(pixels, quarter_turns_are_exact)
{
	static const nn_frame f = {2, 3, 3, true};
	static const float image[18] = {1, 2, 3, 4, 5, 6, 7, 8, 9, .1F, 0, 0, 0, 0, 0, 0, 0, 0};
	static const float left[18] = {3, 6, 9, 2, 5, 8, 1, 4, 7, 0, 0, 0, 0, 0, 0, .1F, 0, 0};
	static const float half[18] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, .1F};
	static const float right[18] = {7, 4, 1, 8, 5, 2, 9, 6, 3, 0, 0, .1F, 0, 0, 0, 0, 0, 0};
	float to[18];
	nn_pixels_warp(&f, image, to, 0, 1);
	same("0", to, image, 18);
	nn_pixels_warp(&f, image, to, 90, 1);
	same("90", to, left, 18);
	nn_pixels_warp(&f, image, to, 180, 1);
	same("180", to, half, 18);
	nn_pixels_warp(&f, image, to, -180, 1);
	same("-180", to, half, 18);
	nn_pixels_warp(&f, image, to, -90, 1);
	same("-90", to, right, 18);
	/* On an oblong the corners leave, and black comes in. */
	static const nn_frame oblong = {1, 2, 4, true};
	static const float lines[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	static const float turned[8] = {0, 3, 7, 0, 0, 2, 6, 0};
	nn_pixels_warp(&oblong, lines, to, 90, 1);
	same("oblong", to, turned, 8);
}

/* The image at a point, as a sum over all cells of tent functions. */
static double at_point(const float *image, int rows, int columns, double u, double v)
{
	double sum = 0;
	for (int i = 0; i < rows; i++)
		for (int j = 0; j < columns; j++)
			sum += fmax(0, 1 - fabs(u - i)) * fmax(0, 1 - fabs(v - j)) *
			       (double)image[i * columns + j];
	return sum;
}

Test(pixels, zooming_reads_between_cells)
{
	static const nn_frame f = {1, 4, 4, true};
	static const float image[16] = {0, 0, 0, 0, 0, 4, 8, 0, 0, 12, 16, 0, 0, 0, 0, 0};
	/* Half as large: rows at -1.5, 0.5, 2.5, 4.5; the mean of four cells. */
	static const float half[16] = {0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0};
	float to[16];
	nn_pixels_warp(&f, image, to, 0, 0.5);
	same("half", to, half, 16);
	/* Twice as large: rows at 0.75, 1.25, 1.75, 2.25. */
	nn_pixels_warp(&f, image, to, 0, 2);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++) {
			double want = at_point(image, 4, 4, 0.75 + 0.5 * i, 0.75 + 0.5 * j);
			cr_assert((double)to[i * 4 + j] == want, "twice: %d,%d is %g, not %g", i, j,
			          (double)to[i * 4 + j], want);
		}
}

Test(pixels, any_angle_is_bilinear)
{
	static const nn_frame f = {1, 5, 7, true};
	float image[35], to[35];
	for (int i = 0; i < 35; i++)
		image[i] = (float)(i * i % 11);
	for (int t = -180; t <= 180; t += 7) {
		double a = t * 3.14159265358979323846 / 180, zoom = 1 + t / 300.0;
		nn_pixels_warp(&f, image, to, t, zoom);
		for (int i = 0; i < 5; i++)
			for (int j = 0; j < 7; j++) {
				double u = ((i - 2) * cos(a) + (j - 3) * sin(a)) / zoom + 2;
				double v = ((j - 3) * cos(a) - (i - 2) * sin(a)) / zoom + 3;
				double want = at_point(image, 5, 7, u, v);
				cr_assert(fabs(want - (double)to[i * 7 + j]) < 1e-5,
				          "%d degrees, cell %d,%d: %g, not %g", t, i, j,
				          (double)to[i * 7 + j], want);
			}
	}
}

Test(pixels, light_erasing_and_blending)
{
	static const nn_frame f = {2, 2, 3, true}, free = {2, 2, 3, false};
	static const float start[12] = {0, .25F, .5F, .75F, 1, .5F, 0, .25F, .5F, .75F, 1, .5F};
	static const float lit[12] = {.25F, .5F, .75F, 1, 1, .75F, .25F, .5F, .75F, 1, 1, .75F};
	static const float flat[12] = {.25F, .375F, .5F, .625F, .75F, .5F,
	                               .25F, .375F, .5F, .625F, .75F, .5F};
	static const float steep[12] = {0, 0, .5F, 1, 1, .5F, 0, 0, .5F, 1, 1, .5F};
	static const float wide[12] = {-1, -.25F, .5F, 1.25F, 2, .5F,
	                               -1, -.25F, .5F, 1.25F, 2, .5F};
	static const float holes[12] = {0, 0, 0, .75F, 0, 0, 0, 0, 0, .75F, 0, 0};
	static const float mixed[12] = {0, .25F, .5F, .75F, .25F, .125F,
	                                0, .25F, .5F, .75F, .25F, .125F};
	float v[12];
	memcpy(v, start, sizeof v);
	nn_pixels_brighten(&f, v, 0.25);
	same("brightness", v, lit, 12);
	memcpy(v, start, sizeof v);
	nn_pixels_contrast(&f, v, 0.5);
	same("less contrast", v, flat, 12);
	memcpy(v, start, sizeof v);
	nn_pixels_contrast(&f, v, 3);
	same("more contrast", v, steep, 12);
	memcpy(v, start, sizeof v);
	nn_pixels_contrast(&free, v, 3);
	same("without bounds", v, wide, 12);
	memcpy(v, start, sizeof v);
	nn_pixels_erase(&f, v, 0, 1, 2, 2);
	v[1] = v[7] = 0;
	same("a hole", v, holes, 12);
	nn_pixels_blend(&f, v, start, 0.75);
	cr_assert(v[3] == .75F && v[4] == .25F && v[5] == .125F && v[1] == .0625F);
	v[1] = v[7] = .25F;
	v[2] = v[8] = .5F;
	same("blended", v, mixed, 12);
}

/* ---- the laws ------------------------------------------------------------------------------ */

static nn_augment chain(int changes, nn_change *change)
{
	static float room[3 * CELLS];
	nn_augment a = {.change = change,
	                .changes = changes,
	                .size = {ROW, ROW},
	                .frame = {1, ROW, ROW, true},
	                .seed = 1,
	                .pixels = true,
	                .mix = -1,
	                .room = room};
	for (int k = 0; k < changes; k++)
		a.mix = change[k].kind == NN_MIX ? k : a.mix;
	return a;
}

static uint8_t grey[ITEMS * CELLS];

/* Items of one value each; a batch of all of them. */
static nn_batch even(uint8_t value)
{
	static uint32_t index[ITEMS];
	static nn_items items;
	items = (nn_items){.count = ITEMS, .values = CELLS, .u8 = grey};
	memset(grey, value, sizeof grey);
	for (int i = 0; i < ITEMS; i++)
		index[i] = (uint32_t)i;
	return (nn_batch){&items, index, ITEMS};
}

Test(pixels, noise_is_normal_and_leaves_the_target_clean)
{
	nn_change noise = {.kind = NN_NOISE, .amount = 0.5};
	nn_augment a = chain(1, &noise);
	nn_batch b = even(0);
	double sum[5] = {0}, neighbours = 0, n = 100 * AREA;
	int beyond = 0;
	for (int i = 0; i < 100; i++) {
		const float *v = nn_augment_image(&a, &b, i, false, 0);
		for (int k = 0; k < CELLS; k++) {
			double z = (double)v[k] / 0.5;
			for (int p = 1; p <= 4; p++)
				sum[p] += pow(z, p);
			neighbours += k ? z * (double)v[k - 1] / 0.5 : 0;
			beyond += fabs(z) > 1.959964;
		}
		v = nn_augment_image(&a, &b, i, true, 0);
		for (int k = 0; k < CELLS; k++)
			cr_assert(v[k] == 0);
	}
	/* Five standard deviations of each. */
	cr_assert(fabs(sum[1] / n) < 5 / sqrt(n), "%g", sum[1] / n);
	cr_assert(fabs(sum[2] / n - 1) < 5 * sqrt(2 / n), "%g", sum[2] / n);
	cr_assert(fabs(sum[3] / n) < 5 * sqrt(15 / n), "%g", sum[3] / n);
	cr_assert(fabs(sum[4] / n - 3) < 5 * sqrt(96 / n), "%g", sum[4] / n);
	cr_assert(fabs(neighbours / n) < 5 / sqrt(n), "%g", neighbours / n);
	cr_assert(fabs(beyond / n - 0.05) < 5 * sqrt(0.0475 / n), "%g", beyond / n);
}

/* Mean and mean square of what a change does to the first cell of grey images. */
static void moments(nn_change c, uint8_t value, double *mean, double *square)
{
	nn_augment a = chain(1, &c);
	nn_batch b = even(value);
	*mean = *square = 0;
	for (int i = 0; i < ITEMS; i++) {
		double d = (double)*nn_augment_image(&a, &b, i, false, 0) - value / 255.0;
		*mean += d / MANY;
		*square += d * d / MANY;
	}
}

Test(pixels, amounts_are_uniform_either_way)
{
	double mean, square;
	moments((nn_change){.kind = NN_BRIGHTEN, .amount = 0.3}, 128, &mean, &square);
	cr_assert(fabs(mean) < 5 * 0.3 / sqrt(3 * MANY), "%g", mean);
	cr_assert(fabs(square - 0.03) < 5 * 0.09 * sqrt(4 / 45.0 / MANY), "%g", square);
	/* An even image has no contrast. */
	moments((nn_change){.kind = NN_CONTRAST, .amount = 0.3}, 128, &mean, &square);
	cr_assert(square < 1e-12);
	/* A bright image grows darker in half of all cases, never brighter than white. */
	moments((nn_change){.kind = NN_BRIGHTEN, .amount = 0.3}, 255, &mean, &square);
	cr_assert(fabs(mean + 0.075) < 0.02, "%g", mean);
}

Test(pixels, rectangles_are_erased_as_often_as_asked)
{
	nn_change c = {.kind = NN_ERASE, .p = 0.25};
	nn_augment a = chain(1, &c);
	nn_batch b = even(255);
	int erased = 0;
	double share = 0;
	for (int i = 0; i < ITEMS; i++) {
		const float *v = nn_augment_image(&a, &b, i, false, 0);
		int top = ROW, left = ROW, bottom = 0, right = 0, cells = 0;
		for (int k = 0; k < CELLS; k++) {
			if (v[k] != 0)
				continue;
			cells++;
			top = k / ROW < top ? k / ROW : top;
			bottom = k / ROW >= bottom ? k / ROW + 1 : bottom;
			left = k % ROW < left ? k % ROW : left;
			right = k % ROW >= right ? k % ROW + 1 : right;
		}
		erased += cells > 0;
		share += cells / AREA;
		cr_assert(!cells || cells == (bottom - top) * (right - left));
		cr_assert(!cells || (cells >= 0.015 * AREA && cells <= 0.36 * AREA), "%d", cells);
	}
	cr_assert(abs(erased - ITEMS / 4) < 53, "%d", erased);
	cr_assert(fabs(share / erased - 0.17) < 0.04, "%g", share / erased);
}

Test(pixels, mixing_follows_the_beta_law)
{
	static const double alpha[] = {0.2, 1, 4};
	nn_batch b = even(0);
	for (int t = 0; t < 3; t++) {
		nn_change c = {.kind = NN_MIX, .amount = alpha[t]};
		nn_augment a = chain(1, &c);
		double sum = 0, square = 0;
		int other, partners[ITEMS] = {0}, most = 0;
		for (int epoch = 0; epoch < 10; epoch++)
			for (int n = 0; n < ITEMS; n++) {
				a.epoch = (uint64_t)epoch;
				double share = nn_augment_share(&a, &b, n, &other);
				cr_assert(share >= 0 && share <= 1 && other != n && other >= 0 &&
				          other < ITEMS);
				most = ++partners[other] > most ? partners[other] : most;
				sum += share;
				square += (share - 0.5) * (share - 0.5);
			}
		double n = 10 * MANY, variance = 1 / (4 * (2 * alpha[t] + 1));
		cr_assert(fabs(sum / n - 0.5) < 5 * sqrt(variance / n), "%g", sum / n);
		cr_assert(fabs(square / n - variance) < 5 * 0.15 * sqrt(1 / n),
		          "alpha %g: %g, not %g", alpha[t], square / n, variance);
		cr_assert(most < 35, "%d", most);
	}
}

/* ---- chains -------------------------------------------------------------------------------- */

/* The order counts: a crop before a turn blackens before it turns. */
Test(pixels, changes_are_made_in_order)
{
	nn_change c[] = {{.kind = NN_BRIGHTEN, .amount = 0.5},
	                 {.kind = NN_FLIP, .p = 1},
	                 {.kind = NN_FLIP, .p = 1, .vertical = true},
	                 {.kind = NN_TURN, .amount = 0},
	                 {.kind = NN_MOVE, .most = {2, 2}},
	                 {.kind = NN_CONTRAST, .amount = 0},
	                 {.kind = NN_MIX, .amount = 0.5}};
	nn_augment a = chain(7, c), one;
	nn_batch b = even(0);
	for (int k = 0; k < ITEMS * CELLS; k++)
		grey[k] = (uint8_t)(k * 7 % 200);
	for (int n = 0; n < 50; n++) {
		int other;
		double share = nn_augment_share(&a, &b, n, &other);
		float want[CELLS] = {0};
		for (int t = 0; t < 2; t++) {
			uint32_t item = (uint32_t)(t ? other : n);
			double weight = t ? 1 - share : share;
			one = chain(1, c);
			float lit[CELLS];
			memcpy(lit, nn_augment_image(&one, &b, (int)item, false, 0), sizeof lit);
			nn_view v = nn_augment_view(&a, item, 4, 5);
			int64_t down = v.axis[0].offset, right = v.axis[1].offset;
			for (int64_t k = 0; k < CELLS; k++) {
				int64_t i = k / ROW + down, j = k % ROW + right;
				if (i >= 0 && i < ROW && j >= 0 && j < ROW)
					want[k] += (float)weight *
					           lit[(ROW - 1 - i) * ROW + ROW - 1 - j];
			}
		}
		const float *v = nn_augment_image(&a, &b, n, false, 0);
		for (int k = 0; k < CELLS; k++)
			cr_assert(fabsf(v[k] - want[k]) < 1e-6F, "item %d, cell %d: %g, not %g", n,
			          k, (double)v[k], (double)want[k]);
	}
}

/* The batch gets what a chain of moves gives by the other road, for any layout and items. */
typedef struct job {
	const nn_program *program; /* layout that is tested */
	bool real;                 /* items are floats      */
	int live;                  /* images                */
} job;

static void fill_both(nn_team *team, void *arg)
{
	const job *j = arg;
	nn_error e = {0};
	nn_net net;
	nn_normalize z = {0};
	nn_feed f;
	nn_items items;
	uint32_t index[8] = {7, 0, 3, 3, 6, 1, 2, 5};
	float real[8 * 16], room[4 * 3 * 16];
	double x[2][8 * 16];
	nn_change change[2] = {{.kind = NN_FLIP, .p = 0.5}, {.kind = NN_MOVE, .most = {2, 1}}};
	nn_augment a = {.change = change,
	                .changes = 2,
	                .size = {4, 4},
	                .frame = {1, 4, 4, true},
	                .seed = 5,
	                .mix = -1};
	a.room = room;
	cr_assert(nn_net_open(&net, &nn_network, j->program, team, &e), "%s", e.text);
	cr_assert(nn_normalize_open(&z, &nn_network, &e) &&
	          nn_make_items(&items, &nn_network, 8, 0, 3, 1, &e));
	z.mean[0] = 0.25;
	z.std[0] = 0.5;
	cr_assert(nn_feed_open(&f, &net, &z, &e));
	for (int i = 0; i < 8 * 16; i++)
		real[i] = (float)items.u8[i] / 16;
	items.f32 = real;
	items.u8 = j->real ? NULL : items.u8;
	f.augment = &a;
	for (int t = 0; t < 2; t++) {
		a.pixels = t;
		memset(net.arena + net.input->offset, 0xff, net.input->bytes);
		cr_assert(nn_feed_fill(&f, &items, index, j->live, &e), "%s", e.text);
		nn_tensor_get(j->program, net.input, net.arena, 8, NN_F64, x[t]);
	}
	int lanes = (int)net.input->block[0], end = (j->live + lanes - 1) / lanes * lanes * 16;
	for (int k = 0; k < end && k < 8 * 16; k++)
		cr_assert(fabs(x[0][k] - x[1][k]) < 1e-6, "value %d is %g, not %g", k, x[1][k],
		          x[0][k]);
	nn_feed_close(&f);
	nn_normalize_close(&z);
	nn_items_free(&items);
	nn_net_close(&net);
}

Test(pixels, batches_reach_the_arena)
{
	const nn_program *both[] = {&nn_toy_fast, &nn_toy_plain};
	for (int p = 0; p < 2; p++)
		for (int threads = 1; threads < 4; threads++)
			for (int live = 1; live <= 8; live++)
				for (int real = 0; real < 2; real++)
					nn_team_run(threads, fill_both,
					            &(job){both[p], real, live});
}

#define CHAIN                                                                                      \
	"<augment>\n<random_rotation degrees=\"30\"/>\n<random_flip/>\n<random_zoom "              \
	"fraction=\"0.3\"/>\n<random_erasing/>\n<brightness/>\n<contrast/>\n<random_crop "         \
	"padding=\"1\"/>\n<gaussian_noise std=\"0.05\"/>\n</augment>\n"

Test(pixels, threads_and_resuming_do_not_change_a_bit, .init = toy_enter, .fini = toy_leave)
{
	nn_model changed = nn_network;
	char first[65], plain[65];
	changed.config = CHAIN;
	toy_data(60);
	cr_assert_eq(toy_run(&nn_network, "--out", "plain", "-q", NULL), 0, "%s", toy_output);
	cr_assert_eq(toy_run(&changed, "--out", "whole", "-q", "-j1", NULL), 0, "%s", toy_output);
	snprintf(plain, sizeof plain, "%s", toy_hash("plain/last.safetensors"));
	snprintf(first, sizeof first, "%s", toy_hash("whole/last.safetensors"));
	cr_assert_str_neq(first, plain);
	cr_assert_eq(toy_run(&changed, "--out", "three", "-q", "-j3", NULL), 0, "%s", toy_output);
	cr_assert_str_eq(toy_hash("three/last.safetensors"), first);
	toy_signal = SIGTERM;
	toy_signal_step = 8;
	cr_assert_eq(toy_run(&changed, "--out", "parts", "-q", NULL), 128 + SIGTERM);
	toy_signal = 0;
	cr_assert_eq(toy_run(&changed, "--out", "parts", "-q", "-j2", "--resume", NULL), 0, "%s",
	             toy_output);
	cr_assert_str_eq(toy_hash("parts/last.safetensors"), first);
}
