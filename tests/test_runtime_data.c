/* Data: malformed idx files, splits, orders, and what reaches the arena. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../runtime/data/feed.h"
#include "../runtime/data/shuffle.h"
#include "../runtime/net/tensor.h"
#include "fixture_data.h"

TestSuite(data, .init = toy_enter, .fini = toy_leave);

/* Loads the toy's data; the message, "" when all is well; the exit code in *code. */
static const char *load(int *code)
{
	return data_open(&nn_network, 7, NULL, code);
}

static void gzip_file(const char *path, const void *bytes, size_t count, size_t keep)
{
	static unsigned char packed[1 << 16];
	z_stream z = {.next_in = (unsigned char *)bytes, .avail_in = (unsigned)count};
	z.next_out = packed;
	z.avail_out = sizeof packed;
	cr_assert_eq(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
	cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t size = z.total_out;
	deflateEnd(&z);
	toy_write(path, packed, keep && keep < size ? keep : size);
}

Test(data, plain_and_gzipped_are_the_same)
{
	static unsigned char bytes[1 << 15];
	int code;
	toy_data(50);
	cr_assert_str_eq(load(&code), "");
	char before[65];
	cr_assert_eq(toy_run(&nn_network, "--out", "a", "-q", NULL), 0);
	snprintf(before, sizeof before, "%s", toy_hash("a/last.safetensors"));
	size_t count = toy_read("train-images", bytes, sizeof bytes);
	gzip_file("train-images.gz", bytes, count, 0);
	remove("train-images");
	cr_assert_eq(toy_run(&nn_network, "--out", "b", "-q", NULL), 0, "%s", toy_output);
	cr_assert_str_eq(toy_hash("b/last.safetensors"), before);
	for (size_t keep = 1; keep < count; keep += 37) {
		gzip_file("train-images.gz", bytes, count, keep);
		if (toy_read("train-images.gz", bytes + count, 1 << 14) != keep)
			break;
		const char *text = load(&code);
		cr_assert(code == 65 && strstr(text, "train-images.gz"), "%zu: %d %s", keep, code,
		          text);
	}
}

Test(data, malformed_files_are_named)
{
	static const struct {
		const char *file;  /* which is replaced      */
		int count;         /* bytes                  */
		const char *bytes; /* by what                */
		const char *why;   /* part of the message    */
	} row[] = {
	        {"train-images", 0, "", "not an idx file"},
	        {"train-images", 4, "\1\0\10\3", "not an idx file"},
	        {"train-images", 4, "\0\0\15\3", "type 0x0d"},
	        {"train-images", 4, "\0\0\10\5", "5 dimensions"},
	        {"train-images", 4, "\0\0\10\0", "0 dimensions"},
	        {"train-images", 10, "\0\0\10\3\0\0\0\62\0\0", "inside its header"},
	        {"train-images", 16, "\0\0\10\3\0\0\0\0\0\0\0\4\0\0\0\4", "a dimension is 0"},
	        {"train-images", 16, "\0\0\10\3\0\0\0\1\0\0\0\4\0\0\0\4", "cut short"},
	        {"train-images", 16, "\0\0\10\3\377\377\377\377\377\377\377\377\377\377\377\377",
	         "impossible"},
	        {"train-images", 20, "\0\0\10\3\0\0\0\1\0\0\0\1\0\0\0\1abcd", "more values"},
	        {"train-images", 17, "\0\0\10\3\0\0\0\1\0\0\0\1\0\0\0\1a",
	         "1x1, the network's input"},
	        {"train-labels", 9, "\0\0\10\1\0\0\0\1\2", "1 labels, but"},
	        {"train-labels", 14, "\0\0\10\2\0\0\0\1\0\0\0\2\1\1", "1 labels, but"},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int code;
		toy_data(50);
		toy_write(row[i].file, row[i].bytes, (size_t)row[i].count);
		const char *text = load(&code);
		cr_assert(code == 65 && strstr(text, row[i].file) && strstr(text, row[i].why),
		          "%zu: %d %s", i, code, text);
	}
}

Test(data, a_label_out_of_range_is_named)
{
	unsigned char labels[58];
	int code;
	toy_data(50);
	toy_read("train-labels", labels, sizeof labels);
	labels[8 + 17] = 3;
	toy_write("train-labels", labels, sizeof labels);
	const char *text = load(&code);
	cr_assert(code == 65 && strstr(text, "item 17: label 3") && strstr(text, "3 classes"), "%s",
	          text);
}

Test(data, missing_files_and_bombs)
{
	static unsigned char zeros[200];
	int code;
	toy_data(50);
	remove("test-labels");
	const char *text = load(&code);
	cr_assert(code == 66 && strstr(text, "test-labels"), "%s", text);
	toy_data(50);
	/* A header of 2^30 items in a file of some bytes. */
	static const unsigned char many[16] = {0, 0, 8, 3, 64, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 4};
	memcpy(zeros, many, sizeof many);
	gzip_file("train-images", zeros, sizeof zeros, 0);
	text = load(&code);
	cr_assert(code == 65 && strstr(text, "cannot hold"), "%s", text);
	/* More than the header announces. */
	static const unsigned char one[16] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 4};
	memcpy(zeros, one, sizeof one);
	gzip_file("train-images", zeros, sizeof zeros, 0);
	text = load(&code);
	cr_assert(code == 65 && strstr(text, "more values"), "%s", text);
}

Test(data, splits_are_disjoint_and_reproducible)
{
	enum { COUNT = 1000 };
	int32_t label[COUNT];
	for (int i = 0; i < COUNT; i++)
		label[i] = i % 10 == 0 ? 0 : 1 + i % 3;
	nn_error e = {0};
	nn_split a, b, c;
	cr_assert(nn_split_items(&a, COUNT, 0.1, 0.2, 1, NULL, &e));
	cr_assert(a.part[0] == 700 && a.part[1] == 100 && a.part[2] == 200);
	char seen[COUNT] = {0};
	for (int i = 0; i < COUNT; i++)
		cr_assert(!seen[a.item[i]]++, "item %u twice", a.item[i]);
	cr_assert(nn_split_items(&b, COUNT, 0.1, 0.2, 1, NULL, &e));
	cr_assert_arr_eq(a.item, b.item, sizeof(uint32_t) * COUNT);
	free(b.item);
	cr_assert(nn_split_items(&b, COUNT, 0.1, 0.2, 2, NULL, &e));
	cr_assert_arr_neq(a.item, b.item, sizeof(uint32_t) * COUNT);
	/* Another validation share leaves the test part as it is. */
	cr_assert(nn_split_items(&c, COUNT, 0.3, 0.2, 1, NULL, &e));
	cr_assert_arr_eq(a.item + 800, c.item + 800, sizeof(uint32_t) * 200);
	free(c.item);
	cr_assert(nn_split_items(&c, COUNT, 0.1, 0.2, 1, label, &e));
	int per_label[4] = {0};
	for (int64_t i = c.part[0]; i < c.part[0] + c.part[1]; i++)
		per_label[label[c.item[i]]]++;
	cr_assert(per_label[0] == 10 && per_label[1] == 30 && per_label[2] == 30, "%d %d %d",
	          per_label[0], per_label[1], per_label[2]);
	free(a.item);
	free(b.item);
	free(c.item);
	cr_assert(!nn_split_items(&c, COUNT, 0.5, 0.5, 1, NULL, &e) && e.code == 2);
}

Test(data, an_epoch_is_a_permutation)
{
	enum { COUNT = 257 };
	uint32_t from[COUNT], a[COUNT], b[COUNT];
	int moved = 0, first[4] = {0};
	for (uint32_t i = 0; i < COUNT; i++)
		from[i] = i * 3;
	nn_shuffle(a, from, COUNT, 1, 0);
	char seen[COUNT] = {0};
	for (int i = 0; i < COUNT; i++) {
		cr_assert(a[i] % 3 == 0 && a[i] / 3 < COUNT && !seen[a[i] / 3]++);
		moved += a[i] != from[i];
	}
	cr_assert_gt(moved, 240);
	nn_shuffle(b, from, COUNT, 1, 0);
	cr_assert_arr_eq(a, b, sizeof a);
	nn_shuffle(b, from, COUNT, 1, 1);
	cr_assert_arr_neq(a, b, sizeof a);
	/* Each of four items comes first about as often: 3 standard deviations of 1000. */
	for (uint64_t s = 0; s < 4000; s++) {
		nn_shuffle(b, from, 4, s, 5);
		first[b[0] / 3]++;
	}
	for (int i = 0; i < 4; i++)
		cr_assert(abs(first[i] - 1000) < 83, "%d: %d", i, first[i]);
}

/* ---- the arena ----------------------------------------------------------------------------- */

typedef struct job {
	const nn_program *program; /* layout that is tested */
	int live;                  /* images                */
} job;

static void check_feed(nn_team *team, void *arg)
{
	const job *j = arg;
	nn_error e = {0};
	nn_net net;
	nn_normalize z = {0};
	nn_feed f;
	nn_items items;
	uint32_t index[8] = {7, 0, 3, 3, 6, 1, 2, 5};
	cr_assert(nn_net_open(&net, &nn_network, j->program, team, &e), "%s", e.text);
	cr_assert(nn_normalize_open(&z, &nn_network, &e) &&
	          nn_make_items(&items, &nn_network, 8, 0, 3, 1, &e));
	z.mean[0] = 0.25;
	z.std[0] = 0.5;
	cr_assert(nn_feed_open(&f, &net, &z, &e));
	memset(net.arena, 0x7f, (size_t)net.target->offset + net.target->bytes);
	cr_assert(nn_feed_fill(&f, &items, index, j->live, &e));
	double x[8 * 16], y[8];
	nn_tensor_get(j->program, net.input, net.arena, 8, NN_F64, x);
	nn_tensor_get(j->program, net.target, net.arena, 8, NN_F64, y);
	int lanes = (int)net.input->block[0], end = (j->live + lanes - 1) / lanes * lanes;
	for (int n = 0; n < end; n++)
		for (int k = 0; k < 16; k++) {
			double v = (items.u8[index[n] * 16 + (unsigned)k] / 255.0 - 0.25) / 0.5;
			double want = n >= j->live                 ? 0
			              : j->program->real_size == 4 ? (double)(float)v
			                                           : v;
			cr_assert(x[n * 16 + k] == want, "live %d: x[%d,%d] is %g, not %g", j->live,
			          n, k, x[n * 16 + k], want);
		}
	for (int n = 0; n < end; n++)
		cr_assert(y[n] == (n < j->live ? items.label[index[n]] : 0), "y[%d] is %g", n,
		          y[n]);
	nn_feed_close(&f);
	nn_normalize_close(&z);
	nn_items_free(&items);
	nn_net_close(&net);
}

Test(data, batches_reach_the_arena)
{
	const nn_program *both[] = {&nn_toy_fast, &nn_toy_plain};
	for (int p = 0; p < 2; p++)
		for (int threads = 1; threads < 4; threads++)
			for (int live = 1; live <= 8; live++)
				nn_team_run(threads, check_feed, &(job){both[p], live});
}

static void check_measure(nn_team *team, void *arg)
{
	nn_items items;
	nn_error e = {0};
	nn_normalize z = {0};
	uint32_t index[5] = {0, 1, 2, 3, 4};
	double sum = 0, square = 0;
	(void)arg;
	cr_assert(nn_make_items(&items, &nn_network, 5, 0, 3, 1, &e) &&
	          nn_normalize_open(&z, &nn_network, &e));
	for (int i = 0; i < 80; i++) {
		sum += items.u8[i] / 255.0;
		square += items.u8[i] / 255.0 * items.u8[i] / 255.0;
	}
	nn_part part = {&items, index, 5};
	cr_assert(nn_normalize_measure(&z, &part, team, &e));
	double mean = sum / 80, variance = square / 80 - mean * mean;
	cr_assert(z.mean[0] - mean < 1e-12 && mean - z.mean[0] < 1e-12);
	double off = z.std[0] * z.std[0] - variance;
	cr_assert(off < 1e-12 && off > -1e-12);
	nn_normalize_close(&z);
	nn_items_free(&items);
}

Test(data, mean_and_deviation)
{
	nn_team_run(3, check_measure, NULL);
}
