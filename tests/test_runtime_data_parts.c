/* Data: parts that never meet, the verb data, predictions for rows of files, and formats that hold
 * the same items train to the same weights. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture_data.h"

TestSuite(parts, .init = toy_enter, .fini = toy_leave);

enum { TRAINING = 1 << NN_TRAINING, VALIDATION = 1 << NN_VALIDATION, TEST = 1 << NN_TEST };

static const nn_source idx = {.images = "train-images", .labels = "train-labels"};

/* 200 items of which shares are kept. */
static nn_model *shares(const char *validation, const char *test, const char *seed)
{
	nn_model *m = data_model("idx", idx);
	data_set(m, "validation", validation);
	data_set(m, "test", test);
	data_set(m, "split_seed", seed);
	return m;
}

Test(parts, are_disjoint_and_complete)
{
	int code, per_class[NN_PARTS][3] = {0};
	char seen[200] = {0};
	nn_data d;
	toy_data(200);
	cr_assert_str_eq(data_open(shares("0.2", "0.3", "1"), 7, &d, &code), "");
	cr_assert(d.part[0].count + d.part[1].count + d.part[2].count == 200);
	cr_assert(abs((int)d.part[1].count - 40) < 3 && abs((int)d.part[2].count - 60) < 3);
	for (int p = 0; p < NN_PARTS; p++)
		for (int64_t i = 0; i < d.part[p].count; i++) {
			uint32_t item = d.part[p].index[i];
			cr_assert(!seen[item]++, "item %u twice", item);
			per_class[p][d.part[p].items->label[item]]++;
		}
	for (int k = 0; k < 3; k++) {
		double all = per_class[0][k] + per_class[1][k] + per_class[2][k];
		cr_assert(abs(per_class[1][k] - (int)(0.2 * all + 0.5)) <= 1);
		cr_assert(abs(per_class[2][k] - (int)(0.3 * all + 0.5)) <= 1);
	}
	nn_data_close(&d);
}

Test(parts, only_what_was_asked_for_is_seen)
{
	int code;
	nn_data d, whole;
	toy_data(200);
	cr_assert_str_eq(data_open(shares("0.2", "0.3", "1"), 7, &whole, &code), "");
	cr_assert_str_eq(data_open(shares("0.2", "0.3", "1"), TRAINING | VALIDATION, &d, &code),
	                 "");
	cr_assert(!d.part[NN_TEST].count && !d.part[NN_TEST].index && !d.part[NN_TEST].items);
	cr_assert(d.part[0].count == whole.part[0].count);
	cr_assert_arr_eq(d.part[0].index, whole.part[0].index, (size_t)d.part[0].count * 4);
	nn_data_close(&d);
	cr_assert_str_eq(data_open(shares("0.2", "0.3", "1"), TEST, &d, &code), "");
	cr_assert(!d.part[NN_TRAINING].count && d.part[NN_TEST].count == whole.part[2].count);
	cr_assert_arr_eq(d.part[2].index, whole.part[2].index, (size_t)d.part[2].count * 4);
	nn_data_close(&d);
	/* Another validation share leaves the test part; another seed does not. */
	cr_assert_str_eq(data_open(shares("0.5", "0.3", "1"), 7, &d, &code), "");
	cr_assert_arr_eq(d.part[2].index, whole.part[2].index, (size_t)d.part[2].count * 4);
	nn_data_close(&d);
	cr_assert_str_eq(data_open(shares("0.2", "0.3", "2"), 7, &d, &code), "");
	cr_assert_arr_neq(d.part[2].index, whole.part[2].index, 60);
	nn_data_close(&d);
	nn_data_close(&whole);
	cr_assert(strstr(data_open(shares("0.5", "0.5", "1"), 7, NULL, &code), "shares") &&
	          code == 2);
}

/* Labels of the test part do not reach a training: other ones there, the same weights. */
Test(parts, training_does_not_depend_on_the_test_part)
{
	static unsigned char labels[208];
	int code;
	char before[65];
	nn_data d;
	nn_model *m = shares("0.2", "0.3", "1");
	data_set(m, "stratify", "false");
	toy_data(200);
	cr_assert_eq(toy_run(m, "--out", "a", "-q", NULL), 0, "%s", toy_output);
	snprintf(before, sizeof before, "%s", toy_hash("a/best.safetensors"));
	cr_assert_str_eq(data_open(m, TEST, &d, &code), "");
	toy_read("train-labels", labels, sizeof labels);
	for (int64_t i = 0; i < d.part[NN_TEST].count; i++)
		labels[8 + d.part[NN_TEST].index[i]] = 1;
	nn_data_close(&d);
	toy_write("train-labels", labels, sizeof labels);
	cr_assert_eq(toy_run(m, "--out", "b", "-q", NULL), 0, "%s", toy_output);
	cr_assert_str_eq(toy_hash("b/best.safetensors"), before);
}

Test(parts, the_same_items_in_every_format)
{
	static unsigned char x[1 << 13], y[1 << 8], file[1 << 13];
	static const char *const budget[] = {NULL, "0"};
	char before[65];
	toy_data(100);
	cr_assert_eq(toy_run(data_model("idx", idx), "--out", "a", "-q", NULL), 0, "%s",
	             toy_output);
	snprintf(before, sizeof before, "%s", toy_hash("a/last.safetensors"));
	toy_read("train-images", x, sizeof x);
	toy_read("train-labels", y, sizeof y);
	toy_write("x.npy", file, npy_make(file, "|u1", "(100, 4, 4)", x + 16, 1600));
	toy_write("y.npy", file, npy_make(file, "|u1", "(100,)", y + 8, 100));
	nn_model *m = data_model("npy", (nn_source){.images = "x.npy", .labels = "y.npy"});
	/* In memory, and mapped. */
	for (int k = 0; k < 2; k++) {
		if (budget[k])
			setenv("NNCC_DATA_MEMORY", budget[k], 1);
		cr_assert_eq(toy_run(m, "--out", "b", "-q", "--overwrite", NULL), 0, "%s",
		             toy_output);
		cr_assert_str_eq(toy_hash("b/last.safetensors"), before);
	}
	cr_assert_eq(toy_run(data_model("idx", idx), "--out", "c", "-q", NULL), 0);
	cr_assert_str_eq(toy_hash("c/last.safetensors"), before);
}

/* Bytes are 0 to 1, whatever <normalize> thinks; numbers that fit that say nothing. */
Test(parts, a_mean_of_another_scale_is_told)
{
	static unsigned char x[1 << 13], y[1 << 8], file[1 << 13];
	static const double large[] = {127}, small[] = {0.5};
	toy_data(100);
	toy_read("train-images", x, sizeof x);
	toy_read("train-labels", y, sizeof y);
	toy_write("x.npy", file, npy_make(file, "|u1", "(100, 4, 4)", x + 16, 1600));
	toy_write("y.npy", file, npy_make(file, "|u1", "(100,)", y + 8, 100));
	nn_model *m = data_model("npy", (nn_source){.images = "x.npy", .labels = "y.npy"});
	m->normalize = "given";
	m->normalize_channels = 1;
	for (int k = 0; k < 2; k++) {
		m->mean = m->std = k ? small : large;
		cr_assert_eq(toy_run(m, "--out", k ? "a" : "b", NULL), 0, "%s", toy_output);
		cr_assert(!strstr(toy_output, "x.npy: its values are 0 to 1, as bytes become, but "
		                              "<normalize> has numbers of 0 to 255; write "
		                              "mean=\"0.498\" std=\"0.498\"") == (k == 1),
		          "%s", toy_output);
	}
}

/* A folder trains to the same bits whether pictures stay in memory or not, on any number of
 * threads. */
Test(parts, folder_on_demand)
{
	static unsigned char x[1 << 13], y[1 << 8];
	char path[64], before[65] = "";
	toy_data(100);
	toy_read("train-images", x, sizeof x);
	toy_read("train-labels", y, sizeof y);
	mkdir("train", 0777);
	for (int k = 0; k < 3; k++) {
		snprintf(path, sizeof path, "train/%d", k);
		mkdir(path, 0777);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof path, "train/%d/%d.png", y[8 + i], i);
		png_write(path, x + 16 + (ptrdiff_t)i * 16, 4, 4, 1);
	}
	nn_model *m = data_model("folder", (nn_source){.dir = "train"});
	data_set(m, "validation", "0.2");
	for (int k = 0; k < 3; k++) {
		setenv("NNCC_DATA_MEMORY", k == 0 ? "1M" : "300", 1);
		cr_assert_eq(toy_run(m, "--out", "a", "-q", "--overwrite", "-j", k == 2 ? "3" : "1",
		                     NULL),
		             0, "%s", toy_output);
		const char *hash = toy_hash("a/last.safetensors");
		cr_assert(!*before || !strcmp(before, hash), "budget %d", k);
		snprintf(before, sizeof before, "%s", hash);
	}
	/* Damage is told with the file, and nothing goes on. */
	toy_write("train/1/0.png", x, 100);
	toy_write("train/2/0.png", x, 100);
	cr_assert_eq(toy_run(m, "--out", "b", "-q", NULL), 65, "%s", toy_output);
	cr_assert(strstr(toy_output, "0.png: no picture that can be read"), "%s", toy_output);
}

/* ---- the verb data ------------------------------------------------------------------------- */

/* 40 items, of which some are repeated, constant, wrongly labelled, shared with the test. */
static void write_suspicious(void)
{
	static unsigned char x[16 + 40 * 16], y[8 + 40];
	toy_data(40);
	toy_read("train-images", x, sizeof x);
	toy_read("train-labels", y, sizeof y);
	memcpy(x + 16 + (ptrdiff_t)5 * 16, x + 16, 16);
	memcpy(x + 16 + (ptrdiff_t)6 * 16, x + 16, 16);
	memset(x + 16 + (ptrdiff_t)7 * 16, 9, 16);
	y[8] = y[8 + 5] = 1;
	y[8 + 6] = 2;
	y[8 + 8] = 3;
	toy_write("train-images", x, sizeof x);
	toy_write("train-labels", y, sizeof y);
	x[7] = 1;
	y[7] = 1;
	toy_write("test-images", x, 16 + 16);
	toy_write("test-labels", y, 8 + 1);
}

Test(parts, data_tells_what_is_suspicious)
{
	nn_model *m = data_model("idx", idx);
	data_source(m,
	            (nn_source){.split = "test", .images = "test-images", .labels = "test-labels"});
	write_suspicious();
	cr_assert_eq(toy_run(m, "data", "--json", NULL), 65, "%s", toy_output);
	static const char *const want[] = {
	        "\"training\":{\"items\":40,",
	        "\"repeated\":2,\"shared\":0,\"conflict\":1,",
	        "\"constant\":1,\"extreme\":0}",
	        "\"odd_label\":1,",
	        "\"training_validation\":0,\"training_test\":1,\"validation_test\":0}",
	        "\"test\":{\"items\":1,\"by_class\":[0,1,0],",
	        "\"unusable\":1}",
	        "\"odd_label\":[{\"part\":\"training\",\"item\":\"./train-images[8]\"}]",
	        "\"shared\":[{\"part\":\"test\",\"item\":\"./test-images[0]\",",
	        "\"other_part\":\"training\",\"other\":\"./train-images[0]\"}]"};
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		cr_assert(strstr(toy_output, want[i]), "%s not in %s", want[i], toy_output);
	cr_assert_eq(toy_run(m, "data", NULL), 65);
	cr_assert(strstr(toy_output, "1 items cannot be trained on"), "%s", toy_output);
	/* Training refuses what data only tells. */
	cr_assert_eq(toy_run(m, "train", "-q", NULL), 65);
	cr_assert(strstr(toy_output, "item 8: label 3"), "%s", toy_output);
}

Test(parts, data_of_clean_files)
{
	nn_model *m = data_model("idx", idx);
	data_set(m, "validation", "0.25");
	toy_data(40);
	cr_assert_eq(toy_run(m, "data", NULL), 0, "%s", toy_output);
	cr_assert(strstr(toy_output, "items") && strstr(toy_output, "two \"2\"") &&
	                  strstr(toy_output, "nothing is damaged"),
	          "%s", toy_output);
	cr_assert_eq(toy_run(m, "data", "file", NULL), 2);
}

Test(parts, data_of_floats_and_of_pictures)
{
	static float x[60];
	static unsigned char file[1 << 12], pixel[16];
	char path[64];
	for (int i = 0; i < 60; i++)
		x[i] = (float)(i % 7);
	x[20] = __builtin_nanf("");
	x[41] = 1e6F;
	toy_write("x.npy", file, npy_make(file, "<f4", "(30, 2)", x, sizeof x));
	nn_model *m = data_model("npy", (nn_source){.images = "x.npy", .labels = "y.npy"});
	m->input_rank = 1;
	m->input[0] = 2;
	m->input[1] = m->input[2] = 1;
	memset(pixel, 0, sizeof pixel);
	toy_write("y.npy", file, npy_make(file, "|u1", "(30,)", x, 30));
	static unsigned char zero[30];
	toy_write("y.npy", file, npy_make(file, "|u1", "(30,)", zero, 30));
	cr_assert_eq(toy_run(m, "data", "--json", NULL), 65, "%s", toy_output);
	cr_assert(strstr(toy_output, "\"not_finite\":1,") &&
	                  strstr(toy_output, "\"not_finite\":[{\"part\":\"training\",\"item\":"
	                                     "\"./x.npy[10]\"}]"),
	          "%s", toy_output);
	m = data_model("folder", (nn_source){.dir = "d"});
	mkdir("d", 0777);
	for (int k = 0; k < 3; k++) {
		snprintf(path, sizeof path, "d/%d", k);
		mkdir(path, 0777);
		snprintf(path, sizeof path, "d/%d/a.png", k);
		pixel[k] = 200;
		png_write(path, pixel, 4, 4, 1);
	}
	toy_write("d/1/b.png", "nothing", 7);
	cr_assert_eq(toy_run(m, "data", "--json", NULL), 65, "%s", toy_output);
	cr_assert(strstr(toy_output,
	                 "\"unreadable\":[{\"part\":\"training\",\"item\":\"./d/1/b.png\","
	                 "\"why\":\"./d/1/b.png: no picture that can be read"),
	          "%s", toy_output);
	cr_assert(strstr(toy_output, "\"by_class\":[1,2,1],\"least\":0,\"most\":200,"), "%s",
	          toy_output);
}

/* ---- predict ------------------------------------------------------------------------------- */

/* What predict says of a file, without the file's name. */
static const char *predicted(const nn_model *m, const char *file)
{
	static char text[2][256];
	static int next;
	char *to = text[next++ % 2];
	int code = toy_run(m, "predict", "--out", "a", "--weights", "w", (char *)file, NULL);
	const char *colon = strchr(toy_output, ':');
	snprintf(to, 256, "%d%s", code, code || !colon ? toy_output : colon);
	return to;
}

Test(parts, predict_takes_rows_and_pictures)
{
	static unsigned char x[1 << 13], file[1 << 12], big[64];
	char text[256];
	size_t len = 0;
	toy_data(100);
	nn_model *m = data_model("idx", idx);
	cr_assert_eq(toy_run(m, "--out", "a", "-q", NULL), 0, "%s", toy_output);
	cr_assert_eq(toy_run(m, "export", "--out", "a", "--safetensors", "w", NULL), 0, "%s",
	             toy_output);
	toy_read("train-images", x, sizeof x);
	png_write("x.png", x + 16, 4, 4, 1);
	const char *want = predicted(m, "x.png");
	cr_assert(want[0] == '0' && strchr(want, '%'), "%s", want);
	toy_write("x.npy", file, npy_make(file, "|u1", "(1, 4, 4)", x + 16, 16));
	cr_assert_str_eq(predicted(m, "x.npy"), want);
	/* Numbers of tables are not scaled. */
	for (int i = 0; i < 16; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%.9g,", x[16 + i] / 255.0);
	toy_write("x.csv", text, len - 1);
	cr_assert_str_eq(predicted(m, "x.csv"), want);
	toy_write("x.csv", text, (size_t)snprintf(text + len, 3, "2\n") + len);
	cr_assert_str_eq(predicted(m, "x.csv"), want);
	for (int i = 0; i < 64; i++)
		big[i] = x[16 + i / 16 * 4 + i % 8 / 2];
	png_write("big.png", big, 8, 8, 1);
	cr_assert_eq(predicted(m, "big.png")[0], '0', "%s", toy_output);
	memset(big, 128, sizeof big);
	jpeg_write("x.jpg", big, 8, 8, 1);
	png_write("x.png", big, 4, 4, 1);
	want = predicted(m, "x.png");
	cr_assert_str_eq(predicted(m, "x.jpg"), want);
	cr_assert(!strncmp(predicted(m, "train-labels"), "65", 2));
	cr_assert(!strncmp(predicted(m, "nothing"), "66", 2));
}

/* How often `what` is in what the trainer said. */
static int said(const char *what)
{
	int count = 0;
	for (const char *at = toy_output; (at = strstr(at, what)); at += strlen(what))
		count++;
	return count;
}

Test(parts, predict_goes_on_behind_what_it_cannot_read)
{
	static unsigned char pixel[9 * 9 * 3];
	toy_data(100);
	nn_model *m = data_model("idx", idx);
	cr_assert_eq(toy_run(m, "--out", "a", "-q", NULL), 0, "%s", toy_output);
	data_set(m, "format", "folder");
	mkdir("d", 0777);
	mkdir("d/b", 0777);
	mkdir("d/.git", 0777);
	mkdir("none", 0777);
	png_write("d/c.png", pixel, 4, 4, 1);
	png_write("d/b/1.PNG", pixel, 9, 9, 3);
	png_write("d/.git/x.png", pixel, 9, 9, 3);
	jpeg_write("d/a.jpg", pixel, 5, 3, 1);
	toy_write("d/readme.txt", "x", 1);
	cr_assert_eq(symlink("..", "d/b/up"), 0);
	/* A directory stands for its pictures, in order. */
	cr_assert_eq(toy_run(m, "predict", "--out", "a", "d", NULL), 0, "%s", toy_output);
	const char *first = strstr(toy_output, "d/a.jpg: "),
	           *second = strstr(toy_output, "d/b/1.PNG: "),
	           *third = strstr(toy_output, "d/c.png: ");
	cr_assert(first && second > first && third > second && said(" %\n") == 3, "%s", toy_output);
	cr_assert_eq(toy_run(m, "predict", "--out", "a", "none", NULL), 65, "%s", toy_output);
	cr_assert(said("none: no pictures in this directory"), "%s", toy_output);
	/* Bad ones are told, each once; those behind them follow. */
	toy_write("x\033[31m.jpg", "GIF89a", 6);
	toy_write("y.png", "moved\n", 6);
	cr_assert_eq(toy_run(m, "predict", "--out", "a", "d/a.jpg", "x\033[31m.jpg", "d/c.png",
	                     "nothing", "y.png", "d/b/1.PNG", NULL),
	             65, "%s", toy_output);
	cr_assert(said(" %\n") == 3 && said("d/b/1.PNG: ") == 1, "%s", toy_output);
	cr_assert(said("x\\x1b[31m.jpg: no picture that can be read") == 1 && !said("\033"), "%s",
	          toy_output);
	cr_assert(said("it is a GIF picture; save it as PNG") == 1, "%s", toy_output);
	cr_assert(said("nothing: cannot open") == 1 && said("it is plain text") == 1, "%s",
	          toy_output);
	cr_assert(said("3 of 6 files could not be read") == 1, "%s", toy_output);
	/* One alone needs no sum. */
	cr_assert_eq(toy_run(m, "predict", "--out", "a", "y.png", NULL), 65, "%s", toy_output);
	cr_assert(said("y.png: no picture") == 1 && !said("could not be read"), "%s", toy_output);
	cr_assert_eq(toy_run(m, "predict", "--out", "a", "d", "nothing", NULL), 66, "%s",
	             toy_output);
	cr_assert(said(" %\n") == 3, "%s", toy_output);
}
