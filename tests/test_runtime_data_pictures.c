/* Data: CIFAR and folders of pictures, decoding, resizing, and items that are fetched on demand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../runtime/data/image.h"
#include "../runtime/kernel/nn_rand.h"
#include "fixture_data.h"

TestSuite(pictures, .init = toy_enter, .fini = toy_leave);

static const unsigned TRAINING = 1 << NN_TRAINING;

static void noise(unsigned char *to, size_t count, uint64_t stream)
{
	for (size_t i = 0; i < count; i++)
		to[i] = (unsigned char)nn_rand_u64(3, 5, stream, i);
}

static nn_model *input(nn_model *m, int channels, int height, int width)
{
	m->input[0] = channels;
	m->input[1] = height;
	m->input[2] = width;
	return m;
}

/* ---- cifar --------------------------------------------------------------------------------- */

enum { PIXELS = 3072 };

static void write_cifar(const char *path, int labels, int count, int first)
{
	static unsigned char record[PIXELS + 2];
	FILE *f = fopen(path, "wb");
	cr_assert_not_null(f);
	for (int i = first; i < first + count; i++) {
		record[0] = (unsigned char)(i % 3);
		record[labels - 1] = (unsigned char)(i % 3);
		noise(record + labels, PIXELS, (uint64_t)i);
		fwrite(record, 1, (size_t)PIXELS + (size_t)labels, f);
	}
	fclose(f);
}

Test(pictures, cifar_in_memory_and_on_demand)
{
	static unsigned char want[PIXELS];
	static const char *const budget[] = {"1G", "0", "100k"};
	nn_model *m = input(data_model("cifar", (nn_source){.files = "a.bin b.bin"}), 3, 32, 32);
	write_cifar("a.bin", 1, 40, 0);
	write_cifar("b.bin", 1, 30, 40);
	for (int k = 0; k < 3; k++) {
		int code;
		nn_data d;
		nn_error e = {0};
		setenv("NNCC_DATA_MEMORY", budget[k], 1);
		const char *text = data_open(m, TRAINING, &d, &code);
		cr_assert_str_eq(text, "", "%s", text);
		const nn_items *x = &d.source[NN_TRAINING];
		cr_assert(x->count == 70 && x->store->kept == (k == 0 ? 70 : k == 1 ? 0 : 33));
		for (uint32_t i = 0; i < 70; i++) {
			uint32_t index[3] = {i * 13 % 70, i, 69 - i};
			cr_assert(nn_items_load(x, index, 3, NULL, &e), "%s", e.text);
			for (int j = 0; j < 3; j++) {
				noise(want, PIXELS, index[j]);
				cr_assert(!memcmp(x->u8 + (size_t)index[j] * PIXELS, want, PIXELS),
				          "budget %s: item %u", budget[k], index[j]);
				cr_assert_eq(x->label[index[j]], (int)(index[j] % 3));
			}
		}
		nn_data_close(&d);
	}
}

Test(pictures, cifar_100_has_two_labels)
{
	int code;
	nn_data d;
	nn_model *m = input(data_model("cifar", (nn_source){.file = "a.bin"}), 3, 32, 32);
	write_cifar("a.bin", 2, 5, 1);
	m->classes = 100;
	cr_assert_str_eq(data_open(m, TRAINING, &d, &code), "");
	cr_assert(d.source[NN_TRAINING].count == 5 && d.source[NN_TRAINING].label[1] == 2);
	nn_data_close(&d);
}

Test(pictures, cifar_bad_files_are_named)
{
	int code;
	nn_model *m = input(data_model("cifar", (nn_source){.file = "a.bin"}), 3, 32, 32);
	const char *text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 66 && strstr(text, "a.bin"), "%s", text);
	write_cifar("a.bin", 2, 5, 1);
	text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "a.bin: 15370 bytes are no whole number"), "%s", text);
	toy_write("a.bin", "", 0);
	text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "a.bin: 0 bytes"), "%s", text);
	write_cifar("a.bin", 1, 5, 0);
	m->classes = 2;
	text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "a.bin: item 2: label 2"), "%s", text);
	input(m, 1, 28, 28);
	text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "3x32x32, the network's input is 1x28x28"), "%s",
	          text);
	setenv("NNCC_DATA_MEMORY", "much", 1);
	text = data_open(input(m, 3, 32, 32), TRAINING, NULL, &code);
	cr_assert(code == 2 && strstr(text, "NNCC_DATA_MEMORY"), "%s", text);
}

/* ---- folder -------------------------------------------------------------------------------- */

/* A directory for each name, with two grey pictures and one in colour. */
static void make_folder(const char *const name[], int count, int size)
{
	static unsigned char pixel[64 * 64 * 3];
	char path[256];
	mkdir("train", 0777);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof path, "train/%s", name[i]);
		mkdir(path, 0777);
		for (int k = 0; k < 3; k++) {
			noise(pixel, (size_t)size * (size_t)size * 3,
			      3 * (uint64_t)i + (uint64_t)k);
			snprintf(path, sizeof path, "train/%s/%d.png", name[i], k);
			png_write(path, pixel, size, size, k == 2 ? 3 : 1);
		}
	}
}

Test(pictures, folder_of_every_naming)
{
	static const char *const names[][3] = {{"zero", "one", "two \"2\""}, /* <classes> */
	                                       {"2", "0", "1"},
	                                       {"b", "a", "c"}};
	static const int label[][9] = {{1, 1, 1, 2, 2, 2, 0, 0, 0},
	                               {0, 0, 0, 1, 1, 1, 2, 2, 2},
	                               {0, 0, 0, 1, 1, 1, 2, 2, 2}};
	static const int made[][3] = {{1, 2, 0}, {1, 2, 0}, {1, 0, 2}}; /* in order of names */
	for (int k = 0; k < 3; k++) {
		int code;
		nn_data d;
		nn_error e = {0};
		unsigned char want[16];
		uint32_t all[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
		nn_model *m = data_model("folder", (nn_source){.dir = "train"});
		if (k == 2)
			m->class_names = 0;
		toy_leave();
		toy_enter();
		make_folder(names[k], 3, 4);
		toy_write("train/readme.txt", "x", 1);
		const char *text = data_open(m, TRAINING, &d, &code);
		cr_assert_str_eq(text, "", "%d: %s", k, text);
		const nn_items *x = &d.source[NN_TRAINING];
		cr_assert(x->count == 9 && nn_items_load(x, all, 9, NULL, &e), "%s", e.text);
		for (int i = 0; i < 9; i++) {
			cr_assert_eq(x->label[i], label[k][i], "%d: item %d is %d", k, i,
			             x->label[i]);
			noise(want, 16, 3 * (uint64_t)made[k][i / 3] + (uint64_t)(i % 3));
			cr_assert(i % 3 == 2 || !memcmp(x->u8 + (ptrdiff_t)i * 16, want, 16),
			          "%d: item %d", k, i);
		}
		nn_data_close(&d);
	}
}

Test(pictures, folder_that_does_not_fit)
{
	static const char *const two[] = {"cat", "dog"}, *const odd[] = {"0", "1", "7"};
	static const char *const near[] = {"one", "two \"2\"", "Zero"};
	int code;
	nn_model *m = data_model("folder", (nn_source){.dir = "train"});
	const char *text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 66 && strstr(text, "train"), "%s", text);
	mkdir("train", 0777);
	text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "train: no pictures (PNG"), "%s", text);
	make_folder(two, 2, 4);
	text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "train/cat: the directory 'cat' is no class"), "%s",
	          text);
	m->class_names = 0;
	text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "train: 2 directories ('cat', 'dog')"), "%s", text);
	toy_leave();
	toy_enter();
	m->class_names = 3;
	make_folder(odd, 3, 4);
	text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "train/7: the directory '7' is no class"), "%s", text);
	toy_leave();
	toy_enter();
	make_folder(near, 3, 4);
	text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "did you mean 'zero'?"), "%s", text);
	toy_leave();
	toy_enter();
	toy_write("train", "x", 1);
	text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "train: cannot open the directory"), "%s", text);
}

/* One picture `bytes` in a folder: the message of loading it. */
static const char *load_one(const unsigned char *bytes, size_t count, const char *name, int *code)
{
	static nn_error e;
	nn_data d;
	char path[64];
	uint32_t zero = 0;
	nn_model *m = data_model("folder", (nn_source){.dir = "one"});
	m->classes = 1;
	m->class_names = 0;
	mkdir("one", 0777);
	mkdir("one/class", 0777);
	snprintf(path, sizeof path, "one/class/%s", name);
	toy_write(path, bytes, count);
	e = (nn_error){0};
	/* Lenient: the start looks at samples otherwise. */
	const char *text = data_open(m, TRAINING | NN_LENIENT, &d, code);
	cr_assert_str_eq(text, "", "%s", text);
	nn_items_load(&d.source[NN_TRAINING], &zero, 1, NULL, &e);
	nn_data_close(&d);
	remove(path);
	*code = e.code;
	return e.text;
}

Test(pictures, damaged_ones_are_named)
{
	static unsigned char pixel[40 * 30 * 3], file[1 << 14];
	int code;
	noise(pixel, sizeof pixel, 1);
	for (int jpeg = 0; jpeg < 2; jpeg++) {
		const char *name = jpeg ? "a.jpg" : "a.PNG";
		jpeg ? jpeg_write("whole", pixel, 30, 40, 3) : png_write("whole", pixel, 30, 40, 3);
		size_t size = toy_read("whole", file, sizeof file);
		const char *text = load_one(file, size, name, &code);
		cr_assert(code == 0, "%s", text);
		/* The last bytes may be missing: an end mark that libraries do without. */
		for (size_t keep = 0; keep + 14 < size; keep += 1 + size / 60) {
			text = load_one(file, keep, name, &code);
			cr_assert(code == 65 && strstr(text, name), "%s cut to %zu: %d %s", name,
			          keep, code, text);
		}
		for (size_t i = 0; i < size; i += 1 + size / 200) {
			file[i] ^= 0xff;
			text = load_one(file, size, name, &code);
			cr_assert(code == 0 || (code == 65 && strstr(text, name)), "%s: %d %s",
			          name, code, text);
			file[i] ^= 0xff;
		}
	}
	cr_assert(strstr(load_one((const unsigned char *)"no picture", 10, "a.png", &code),
	                 "a.png: no picture that can be read") &&
	          code == 65);
	cr_assert(load_one(NULL, 0, "a.png", &code) && code == 65);
}

Test(pictures, bombs_take_no_memory)
{
	/* Headers of 1,000,000 x 1,000,000 grey pixels and of 65,000 x 65,000. */
	static const unsigned char png[] = {
	        0x89, 'P',  'N',  'G',  13,   10, 26, 10, 0,  0,   0,   13,  'I', 'H',
	        'D',  'R',  0,    15,   66,   64, 0,  15, 66, 64,  8,   0,   0,   0,
	        0,    0x79, 0x06, 0x67, 0xa1, 0,  0,  0,  0,  'I', 'D', 'A', 'T'};
	static unsigned char pixel[64], jpeg[4096];
	int code;
	const char *text = load_one(png, sizeof png, "a.png", &code);
	cr_assert(code == 65 && strstr(text, "a.png: "), "%s", text);
	jpeg_write("small", pixel, 8, 8, 1);
	size_t size = toy_read("small", jpeg, sizeof jpeg);
	for (size_t i = 0; i + 8 < size; i++)
		if (jpeg[i] == 0xff && jpeg[i + 1] == 0xc0)
			jpeg[i + 5] = jpeg[i + 7] = 0xfd;
	text = load_one(jpeg, size, "a.jpg", &code);
	cr_assert(code == 65 && strstr(text, "announces"), "%s", text);
	text = load_one((const unsigned char *)"P5 9000000 9000000 255\n", 23, "a.png", &code);
	cr_assert(code == 65 && strstr(text, "cut short"), "%s", text);
}

Test(pictures, grey_of_colours_and_colours_of_grey)
{
	static const unsigned char colour[12] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 200, 100, 50};
	static const unsigned char want[4] = {76, 150, 29, 124};
	nn_model *m = input(data_model("folder", (nn_source){.dir = "x"}), 1, 2, 2);
	unsigned char got[12];
	nn_scratch scratch = {0};
	nn_error e = {0};
	png_write("a.png", colour, 2, 2, 3);
	cr_assert(nn_image_read("a.png", m, got, &scratch, &e), "%s", e.text);
	cr_assert_arr_eq(got, want, 4);
	input(m, 3, 2, 2);
	cr_assert(nn_image_read("a.png", m, got, &scratch, &e), "%s", e.text);
	for (int i = 0; i < 12; i++)
		cr_assert_eq(got[i % 3 * 4 + i / 3], colour[i]);
	png_write("b.png", want, 2, 2, 1);
	cr_assert(nn_image_read("b.png", m, got, &scratch, &e), "%s", e.text);
	for (int i = 0; i < 12; i++)
		cr_assert_eq(got[i], want[i % 4]);
	input(m, 2, 2, 2);
	cr_assert(!nn_image_read("b.png", m, got, &scratch, &e) && e.code == 65);
	nn_scratch_free(&scratch);
}

/* Smooth pictures survive JPEG: luma and colours within some steps. */
Test(pictures, jpeg_is_what_was_written)
{
	static unsigned char pixel[32 * 24 * 3], got[32 * 24 * 3];
	nn_scratch scratch = {0};
	nn_error e = {0};
	for (int i = 0; i < 24 * 32; i++)
		for (int c = 0; c < 3; c++)
			pixel[i * 3 + c] =
			        (unsigned char)(40 + 3 * (i % 32) + 2 * (i / 32) + 30 * c);
	jpeg_write("a.jpg", pixel, 24, 32, 3);
	nn_model *m = input(data_model("folder", (nn_source){.dir = "x"}), 3, 24, 32);
	cr_assert(nn_image_read("a.jpg", m, got, &scratch, &e), "%s", e.text);
	for (int i = 0; i < 24 * 32 * 3; i++)
		cr_assert(abs(got[i % 3 * 768 + i / 3] - pixel[i]) < 8, "%d: %d, was %d", i,
		          got[i % 3 * 768 + i / 3], pixel[i]);
	input(m, 1, 24, 32);
	cr_assert(nn_image_read("a.jpg", m, got, &scratch, &e), "%s", e.text);
	for (int i = 0; i < 24 * 32; i++) {
		const unsigned char *p = pixel + (ptrdiff_t)3 * i;
		int grey = (299 * p[0] + 587 * p[1] + 114 * p[2]) / 1000;
		cr_assert(abs(got[i] - grey) < 8, "%d: %d, was %d", i, got[i], grey);
	}
	nn_scratch_free(&scratch);
}

/* ---- fetching ------------------------------------------------------------------------------ */

typedef struct slow {
	int64_t count;  /* calls so far                */
	int64_t broken; /* this item cannot be fetched */
} slow;

static bool fetch(const void *source, int64_t item, uint8_t *values, nn_scratch *scratch,
                  nn_error *e)
{
	slow *s = (slow *)(void *)source;
	(void)scratch;
	__atomic_fetch_add(&s->count, 1, __ATOMIC_RELAXED);
	noise(values, 100, (uint64_t)item);
	return item != s->broken || nn_fail(e, 65, "item %d", (int)item);
}

static void nothing(void *source)
{
	(void)source;
}

static void use_store(nn_team *team, void *arg)
{
	enum { ITEMS = 500, BATCH = 32 };
	unsigned char want[100];
	nn_error e = {0};
	slow s = {0, -1};
	(void)arg;
	setenv("NNCC_DATA_MEMORY", "20000", 1);
	nn_store *store = nn_store_open(ITEMS, 100, fetch, &s, nothing, &e);
	cr_assert(store && store->kept == 200, "%s", e.text);
	for (uint32_t b = 0; b < 100; b++) {
		uint32_t index[BATCH];
		for (uint32_t i = 0; i < BATCH; i++)
			index[i] = (uint32_t)(nn_rand_u64(1, 1, b, i) % ITEMS);
		cr_assert(nn_store_load(store, index, BATCH, team, &e), "%s", e.text);
		for (int i = 0; i < BATCH; i++) {
			noise(want, 100, index[i]);
			cr_assert(!memcmp(store->at + (size_t)index[i] * 100, want, 100), "%u: %u",
			          b, index[i]);
		}
	}
	/* All 200 that stay were fetched once, the others each time. */
	cr_assert(s.count > 1500 && s.count < 200 + 3200 * 3 / 5 + 150, "%d", (int)s.count);
	uint32_t bad[4] = {499, 498, 497, 498};
	s.broken = 498;
	cr_assert(!nn_store_load(store, bad, 4, team, &e) && !strcmp(e.text, "item 498"), "%s",
	          e.text);
	cr_assert(nn_store_has(store, 499) && !nn_store_has(store, 498));
	nn_store_close(store);
}

Test(pictures, items_are_fetched_by_all_threads)
{
	for (int threads = 1; threads < 4; threads++)
		nn_team_run(threads, use_store, NULL);
}

/* A file that is mapped, and cut by somebody while it is used. */
Test(pictures, a_mapped_file_that_is_cut_ends_with_a_message)
{
	static const unsigned char page[8192] = {1};
	int status, out[2];
	char said[100] = "";
	toy_write("big", page, sizeof page);
	setenv("NNCC_DATA_MEMORY", "0", 1);
	cr_assert_eq(pipe(out), 0);
	pid_t child = fork();
	if (!child) {
		nn_error e = {0};
		nn_bytes b;
		dup2(out[1], 2);
		if (!nn_bytes_open(&b, "big", &e) || !b.map || b.at[0] != 1 || truncate("big", 0))
			_exit(1);
		_exit(((const volatile uint8_t *)b.at)[0]);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 74, "status %x", (unsigned)status);
	cr_assert(read(out[0], said, sizeof said - 1) > 0 && strstr(said, "became shorter"));
}
