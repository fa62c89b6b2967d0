/* Changes of training images: against an image that is changed step by step, their frequencies, and
 * trainings that use them: every number of threads, and a resumed one, give the same bits. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/data/feed.h"
#include "../runtime/net/tensor.h"
#include "fixture.h"

#define DESCRIBED(changes)                                                                         \
	"<network>\n<train>\n<augment>\n" changes "</augment>\n</train>\n</network>\n"

static bool open_text(nn_augment *a, const char *text, const char *set, nn_error *e)
{
	static nn_model model;
	static nn_settings s;
	model = nn_network;
	model.config = text;
	*e = (nn_error){0};
	return nn_settings_open(&s, &model, &set, set != NULL, e) &&
	       nn_augment_open(a, &s, 1, 1, e);
}

Test(augment, the_description_is_read_in_order)
{
	nn_augment a;
	nn_error e;
	cr_assert(open_text(&a, "<network/>\n", NULL, &e) && a.changes == 0);
	cr_assert(open_text(&a, "<augment/>\n", NULL, &e) && a.changes == 0);
	cr_assert(open_text(&a,
	                    DESCRIBED("  <random_shift fraction=\"0.5\"/>\n  <random_flip/>\n"
	                              "  <random_crop padding=\"{warm+3}\"/>\n  <random_crop/>\n"
	                              "  <random_flip axis=\"vertical\" p=\"0.25\"/>\n"),
	                    "warm=2", &e),
	          "%s", e.text);
	cr_assert_eq(a.changes, 5);
	cr_assert(a.change[0].kind == NN_MOVE && a.change[0].most[0] == 2);
	cr_assert(a.change[1].kind == NN_FLIP && a.change[1].p == 0.5 && !a.change[1].vertical);
	cr_assert(a.change[2].kind == NN_MOVE && a.change[2].most[1] == 5);
	cr_assert(a.change[3].most[0] == 4 && a.change[3].most[1] == 4);
	cr_assert(a.change[4].kind == NN_FLIP && a.change[4].p == 0.25 && a.change[4].vertical);
}

Test(augment, what_cannot_be_done_is_refused)
{
	static const char *const wrong[] = {DESCRIBED("<random_flip p=\"{warm+2}\"/>\n"),
	                                    DESCRIBED("<random_crop padding=\"{1/2}\"/>\n"),
	                                    DESCRIBED("<random_crop padding=\"{0-1}\"/>\n"),
	                                    DESCRIBED("<random_shift fraction=\"{3/2}\"/>\n"),
	                                    DESCRIBED("<random_crop padding=\"{nothing}\"/>\n"),
	                                    DESCRIBED("<mixup/>\n<mixup/>\n"),
	                                    DESCRIBED("<sharpen/>\n"),
	                                    DESCRIBED("<random_flip p>\n")};
	static const char *const says[] = {
	        "0 to 1, got 2",    "whole number, got 0.5",  "got -1",      "got 1.5", "nothing",
	        "a second <mixup>", "<sharpen> is not known", "not readable"};
	nn_augment a;
	nn_error e;
	for (int i = 0; i < 8; i++) {
		cr_assert(!open_text(&a, wrong[i], NULL, &e), "%s", wrong[i]);
		cr_assert(strstr(e.text, says[i]), "'%s' does not say '%s'", e.text, says[i]);
	}
	nn_model features = nn_network;
	nn_settings s;
	features.config = DESCRIBED("<random_flip/>\n");
	features.input_rank = 1;
	e = (nn_error){0};
	cr_assert(nn_settings_open(&s, &features, NULL, 0, &e));
	cr_assert(!nn_augment_open(&a, &s, 1, 1, &e) && e.code == NN_EXIT_USAGE);
}

Test(augment, there_may_be_many)
{
	nn_augment a;
	nn_error e;
	char many[4096];
	int length = snprintf(many, sizeof many, "<augment>\n");
	for (int i = 0; i < 40; i++)
		length += snprintf(many + length, sizeof many - (size_t)length,
		                   "<random_flip p=\"{0.25%s}\"/>\n", i == 7 ? " + 0.125 * 2" : "");
	snprintf(many + length, sizeof many - (size_t)length, "</augment>\n");
	cr_assert(open_text(&a, many, NULL, &e), "%s", e.text);
	cr_assert_eq(a.changes, 40);
	cr_assert(a.change[7].p == 0.5 && a.change[39].p == 0.25);
	/* numbers of an item do not meet those of another one, whatever the change */
	cr_assert_neq(nn_augment_key(0, 16), nn_augment_key(1, 0));
	cr_assert_neq(nn_augment_key(UINT32_MAX, 15), nn_augment_key(0, 16));
	nn_augment_close(&a);
}

/* ---- images -------------------------------------------------------------------------------- */

enum { H = 4, W = 5 };

static nn_change flip_of(bool vertical, double p)
{
	return (nn_change){.kind = NN_FLIP, .vertical = vertical, .p = p};
}

static nn_change move_of(int64_t rows, int64_t columns)
{
	return (nn_change){.kind = NN_MOVE, .most = {rows, columns}};
}

/* One step of a chain on a whole image; 0 is what comes in from outside. */
static void change_image(int image[H][W], int flip_rows, int flip_columns, int down, int right)
{
	int old[H][W];
	memcpy(old, image, sizeof old);
	for (int i = 0; i < H; i++)
		for (int j = 0; j < W; j++) {
			int u = (flip_rows ? H - 1 - i : i) + down;
			int v = (flip_columns ? W - 1 - j : j) + right;
			image[i][j] = u >= 0 && u < H && v >= 0 && v < W ? old[u][v] : 0;
		}
}

/* What a chain of one change does to item `item` tells what it draws; a longer chain must then be
 * what the steps do one after the other. Steps draw by their place, so others are made void. */
static void step_by_step(const nn_augment *a, uint32_t item, int image[H][W])
{
	for (int i = 0; i < H * W; i++)
		image[i / W][i % W] = i + 1;
	for (int k = 0; k < a->changes; k++) {
		nn_augment one = *a;
		nn_change change[5];
		memcpy(change, a->change, sizeof *change * (size_t)a->changes);
		one.change = change;
		for (int other = 0; other < a->changes; other++)
			if (other != k)
				one.change[other] = move_of(0, 0);
		nn_view v = nn_augment_view(&one, item, 0, one.changes);
		const nn_map *row = &v.axis[0], *column = &v.axis[1];
		bool mirror[2] = {row->sign < 0, column->sign < 0};
		change_image(image, mirror[0], mirror[1], mirror[0] ? 0 : (int)row->offset,
		             mirror[1] ? 0 : (int)column->offset);
	}
}

Test(augment, a_chain_is_its_steps_one_after_the_other)
{
	nn_change change[5];
	nn_augment a = {.change = change, .changes = 5, .size = {H, W}, .seed = 3};
	a.change[0] = move_of(1, 1);
	a.change[1] = flip_of(false, 0.5);
	a.change[2] = move_of(1, 2);
	a.change[3] = flip_of(true, 0.5);
	a.change[4] = move_of(0, 1);
	int outside = 0;
	for (uint32_t item = 0; item < 2000; item++) {
		int image[H][W];
		step_by_step(&a, item, image);
		nn_view v = nn_augment_view(&a, item, 0, a.changes);
		const nn_map *row = &v.axis[0], *column = &v.axis[1];
		for (int64_t i = 0; i < H; i++)
			for (int64_t j = 0; j < W; j++) {
				bool in = i >= row->from && i < row->end && j >= column->from &&
				          j < column->end;
				int64_t u = row->sign * i + row->offset;
				int64_t w = column->sign * j + column->offset;
				cr_assert(!in || (u >= 0 && u < H && w >= 0 && w < W));
				cr_assert_eq(image[i][j], in ? (int)(u * W + w + 1) : 0,
				             "item %u, cell %d,%d", item, (int)i, (int)j);
				outside += !in;
			}
	}
	cr_assert(outside > 10000 && outside < 30000, "%d", outside);
}

Test(augment, every_place_is_as_likely_and_epochs_differ)
{
	nn_change change[2];
	nn_augment a = {.change = change, .changes = 2, .size = {28, 28}, .seed = 1};
	a.change[0] = flip_of(false, 0.25);
	a.change[1] = move_of(1, 2);
	int flips = 0, place[3][5] = {{0}}, same = 0;
	enum { COUNT = 15000 };
	for (uint32_t item = 0; item < COUNT; item++) {
		a.epoch = 7;
		nn_view v = nn_augment_view(&a, item, 0, 2),
		        again = nn_augment_view(&a, item, 0, 2);
		cr_assert(!memcmp(&v, &again, sizeof v));
		bool flipped = v.axis[1].sign < 0;
		int64_t by = v.axis[1].offset - (flipped ? 27 : 0);
		place[v.axis[0].offset + 1][(flipped ? -by : by) + 2]++;
		flips += flipped;
		a.epoch = 8;
		again = nn_augment_view(&a, item, 0, 2);
		same += !memcmp(&v, &again, sizeof v);
	}
	/* Four standard deviations: 53 of a quarter, 31 of a fifteenth. */
	cr_assert(abs(flips - COUNT / 4) < 213, "%d", flips);
	for (int k = 0; k < 15; k++)
		cr_assert(abs(place[k / 5][k % 5] - COUNT / 15) < 123, "%d: %d", k,
		          place[k / 5][k % 5]);
	cr_assert(same < COUNT / 10, "%d", same);
}

/* ---- the batch ----------------------------------------------------------------------------- */

typedef struct job {
	const nn_program *program; /* layout that is tested  */
	bool real;                 /* items are floats       */
	int live;                  /* images                 */
} job;

/* The toy's images are 4x4; the first value that differs ends the test. */
static void check_batch(const job *j, const nn_net *net, const nn_feed *f, const nn_augment *a,
                        const uint8_t *u8)
{
	double x[8 * 16];
	nn_tensor_get(j->program, net->input, net->arena, 8, NN_F64, x);
	for (int64_t n = 0; n < j->live; n++) {
		nn_view v = nn_augment_view(a, f->batch.index[n], 0, a->changes);
		const nn_map *row = &v.axis[0], *column = &v.axis[1];
		for (int64_t k = 0; k < 16; k++) {
			int64_t i = k / 4, c = k % 4, u = row->sign * i + row->offset;
			bool in = i >= row->from && i < row->end && c >= column->from &&
			          c < column->end;
			int64_t at = (int64_t)f->batch.index[n] * 16 + u * 4 + column->sign * c +
			             column->offset;
			uint8_t old = in ? u8[at] : 0;
			double want = ((j->real ? old : old / 255.0) - 0.25) / 0.5;
			if (j->program->real_size == 4)
				want = (double)(float)want;
			cr_assert(x[n * 16 + k] == want, "x[%d,%d] is %g, not %g", (int)n, (int)k,
			          x[n * 16 + k], want);
		}
	}
}

static void check_feed(nn_team *team, void *arg)
{
	const job *j = arg;
	nn_error e = {0};
	nn_net net;
	nn_normalize z = {0};
	nn_feed f;
	nn_items items;
	uint32_t index[8] = {7, 0, 3, 3, 6, 1, 2, 5};
	float real[8 * 16];
	nn_change change[2];
	nn_augment a = {.change = change, .changes = 2, .size = {4, 4}, .seed = 5, .epoch = 2};
	a.change[0] = flip_of(false, 0.5);
	a.change[1] = move_of(2, 1);
	cr_assert(nn_net_open(&net, &nn_network, j->program, team, &e), "%s", e.text);
	cr_assert(nn_normalize_open(&z, &nn_network, &e) &&
	          nn_make_items(&items, &nn_network, 8, 0, 3, 1, &e));
	z.mean[0] = 0.25;
	z.std[0] = 0.5;
	cr_assert(nn_feed_open(&f, &net, &z, &e));
	const uint8_t *u8 = items.u8;
	for (int i = 0; i < 8 * 16; i++)
		real[i] = u8[i];
	if (j->real) {
		items.u8 = NULL;
		items.f32 = real;
	}
	f.augment = &a;
	cr_assert(nn_feed_fill(&f, &items, index, j->live, &e));
	check_batch(j, &net, &f, &a, u8);
	nn_feed_close(&f);
	nn_normalize_close(&z);
	nn_items_free(&items);
	nn_net_close(&net);
}

Test(augment, batches_reach_the_arena_changed)
{
	const nn_program *both[] = {&nn_toy_fast, &nn_toy_plain};
	for (int p = 0; p < 2; p++)
		for (int threads = 1; threads < 4; threads++)
			for (int live = 1; live <= 8; live++)
				for (int real = 0; real < 2; real++)
					nn_team_run(threads, check_feed,
					            &(job){both[p], real, live});
}

/* ---- trainings ----------------------------------------------------------------------------- */

Test(augment, threads_and_resuming_do_not_change_a_bit, .init = toy_enter, .fini = toy_leave)
{
	nn_model changed = nn_network;
	char first[65], plain[65];
	changed.config = DESCRIBED("<random_flip/>\n<random_shift fraction=\"0.25\"/>\n");
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
	/* Validation sees the images as they are: the same weights have the same loss. */
	cr_assert_eq(toy_run(&changed, "test", "--out", "plain", "--json", NULL), 0);
	char here[256];
	snprintf(here, sizeof here, "%s", toy_output);
	cr_assert_eq(toy_run(&nn_network, "test", "--out", "plain", "--json", NULL), 0);
	cr_assert_str_eq(toy_output, here);
}
