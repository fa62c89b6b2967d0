/* What labels, columns and values mean: names are settled once, and every part is read by them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture_data.h"

TestSuite(meaning, .init = toy_enter, .fini = toy_leave);

static const unsigned TRAINING = 1 << NN_TRAINING, TEST = 1 << NN_TEST;

static void text_file(const char *path, const char *text)
{
	toy_write(path, text, strlen(text));
}

/* ---- names --------------------------------------------------------------------------------- */

static void add_all(nn_names *n, const char *const *name, int count)
{
	nn_error e = {0};
	for (int i = 0; i < count; i++)
		cr_assert_geq(nn_names_add(n, name[i], strlen(name[i]), &e), 0);
}

Test(meaning, names_are_found_and_sorted)
{
	static const char *const number[] = {"10", "2", "-1", "2", "0.5"};
	static const char *const word[] = {"dog", "cat", "10", "emu"};
	nn_error e = {0};
	nn_names n = {0};
	int32_t new_of[8];
	add_all(&n, number, 5);
	cr_assert(n.count == 4 && nn_names_all_numbers(&n) && nn_names_sort(&n, new_of, &e));
	cr_assert_str_eq(n.at[0], "-1");
	cr_assert_str_eq(n.at[3], "10");
	cr_assert(new_of[0] == 3 && nn_names_find(&n, "10x", 2) == 3);
	nn_names_free(&n);
	add_all(&n, word, 4);
	cr_assert(!nn_names_all_numbers(&n) && nn_names_any_number(&n));
	cr_assert(nn_names_sort(&n, NULL, &e) && nn_names_find(&n, "dog", 3) == 2);
	cr_assert_str_eq(nn_names_near(&n, "Dogs"), "dog");
	cr_assert_null(nn_names_near(&n, "giraffe"));
	nn_names_free(&n);
	for (int i = 0; i < 1000; i++) {
		char text[16];
		int len = snprintf(text, sizeof text, "n%d", i);
		cr_assert_eq(nn_names_add(&n, text, (size_t)len, &e), i);
	}
	cr_assert_eq(nn_names_find(&n, "n777", 4), 777);
	nn_names_free(&n);
}

/* ---- directories --------------------------------------------------------------------------- */

/* part/class/0.png, a grey picture of 4 x 4. */
static void picture(const char *part, const char *class)
{
	static const unsigned char pixel[16] = {1, 2, 3};
	char path[256];
	mkdir(part, 0777);
	snprintf(path, sizeof path, "%s/%s", part, class);
	mkdir(path, 0777);
	snprintf(path, sizeof path, "%s/%s/0.png", part, class);
	png_write(path, pixel, 4, 4, 1);
}

static nn_model *folders(bool classes)
{
	nn_model *m = data_model("folder", (nn_source){.dir = "train"});
	data_source(m, (nn_source){.split = "test", .dir = "test"});
	m->class_names = classes ? m->class_names : 0;
	return m;
}

Test(meaning, directories_of_other_parts_go_by_name)
{
	int code;
	nn_data d;
	nn_model *m = folders(false);
	picture("train", "10");
	picture("train", "9");
	picture("train", "b");
	picture("test", "b");
	picture("test", "9");
	const char *text = data_open(m, TRAINING | TEST, &d, &code);
	cr_assert_str_eq(text, "", "%s", text);
	/* Not all are numbers: in the order of their bytes. */
	cr_assert(d.source[NN_TRAINING].label[1] == 1 && d.source[NN_TEST].label[0] == 1 &&
	          d.source[NN_TEST].label[1] == 2);
	nn_data_close(&d);
	/* The test alone reads the names of the training part first. */
	cr_assert_str_eq(data_open(m, TEST, &d, &code), "");
	cr_assert(d.source[NN_TEST].label[0] == 1 && !d.part[NN_TRAINING].count);
	nn_data_close(&d);
	picture("test", "c");
	text = data_open(m, TEST, NULL, &code);
	cr_assert(code == 65 && strstr(text, "test/c: the directory 'c' is no class: the classes "
	                                     "are '10', '9', 'b'"),
	          "%s", text);
	cr_assert(strstr(data_open(m, TEST | NN_LENIENT, NULL, &code), "test/c") && code == 65);
}

Test(meaning, numbered_directories_are_names_or_numbers)
{
	int code;
	nn_data d;
	nn_model *m = folders(false);
	for (int i = 9; i < 12; i++)
		picture("train", (const char *const[]){"9", "10", "11"}[i - 9]);
	picture("test", "11");
	cr_assert_str_eq(data_open(m, TRAINING | TEST, &d, &code), "");
	cr_assert(d.source[NN_TRAINING].label[0] == 1 && d.source[NN_TEST].label[0] == 2);
	nn_data_close(&d);
	/* 0 and 2 of three classes: the first number is 0, so class 1 has no pictures. */
	toy_leave();
	toy_enter();
	picture("train", "0");
	picture("train", "2");
	picture("test", "1");
	cr_assert_str_eq(data_open(m, TRAINING | TEST, &d, &code), "");
	cr_assert(d.source[NN_TRAINING].label[1] == 2 && d.source[NN_TEST].label[0] == 1);
	nn_text t = {0};
	nn_data_notes(&d, m, &t);
	cr_assert(strstr(t.at, "no training item is a '1'"), "%s", t.at);
	nn_text_free(&t);
	nn_data_close(&d);
	/* 1 and 2 of three classes may begin at 0 or at 1. */
	toy_leave();
	toy_enter();
	picture("train", "1");
	picture("train", "2");
	const char *text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "2 directories ('1', '2'), but the network has 3"),
	          "%s", text);
	/* Numbers of <classes>. */
	m = folders(true);
	cr_assert_str_eq(data_open(m, TRAINING, &d, &code), "");
	cr_assert_eq(d.source[NN_TRAINING].label[0], 1);
	nn_data_close(&d);
}

Test(meaning, a_directory_is_looked_at_once)
{
	int code;
	nn_data d;
	nn_model *m = folders(true);
	picture("train", "zero");
	picture("train", "one");
	mkdir("train/zero/more", 0777);
	cr_assert(!symlink(".", "train/zero/l1") && !symlink("..", "train/zero/l2") &&
	          !symlink("../more", "train/zero/more/l3"));
	toy_write("train/zero/a.gif", "GIF89a", 6);
	cr_assert_str_eq(data_open(m, TRAINING, &d, &code), "");
	cr_assert(d.source[NN_TRAINING].count == 2 && d.source[NN_TRAINING].passed == 1);
	nn_data_close(&d);
	cr_assert(!symlink("../one", "train/zero/l4"));
	const char *text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "a picture has one class"), "%s", text);
}

/* ---- tables -------------------------------------------------------------------------------- */

static nn_model *tables(nn_source training, int features, int classes)
{
	nn_model *m = data_model("csv", training);
	m->input_rank = 1;
	m->input[0] = features;
	m->input[1] = m->input[2] = 1;
	m->classes = classes;
	m->class_names = 0;
	data_source(m, (nn_source){.split = "test", .file = "test.csv"});
	return m;
}

Test(meaning, columns_go_by_name_in_every_part)
{
	static const struct {
		const char *text; /* test.csv                  */
		const char *why;  /* "" or part of the message */
	} row[] = {
	        {"b,kind,a\n2,x,1\n", ""},
	        {"extra,b,a,kind\nfoo,2,1,x\n", ""},
	        {"1,2,x\n", ""},
	        {"b,kind\n2,x\n", "no column 'a', which the training part has"},
	        {"a,b\n1,2\n", "no column 'kind'"},
	        {"a,b,a,kind\n1,2,3,x\n", "two columns are called 'a'"},
	        {"b,kind,a\n2,z,1\n", "line 2, column 2: label 'z' is no class"},
	        {"b,kind,a\n2,,1\n", "line 2, column 2: an empty label is no class"},
	};
	nn_model *m = tables((nn_source){.file = "train.csv", .label_column = "kind"}, 2, 2);
	text_file("train.csv", "a,b,kind\n1,2,y\n3,4,x\n5,6,y\n");
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int code;
		nn_data d;
		text_file("test.csv", row[i].text);
		const char *text = data_open(m, TEST, &d, &code);
		if (*row[i].why) {
			cr_assert(code == 65 && strstr(text, row[i].why), "%zu: %s", i, text);
			continue;
		}
		cr_assert_str_eq(text, "", "%zu: %s", i, text);
		const nn_items *x = &d.source[NN_TEST];
		cr_assert(x->f32[0] == 1 && x->f32[1] == 2 && x->label[0] == 0, "%zu", i);
		nn_data_close(&d);
	}
}

Test(meaning, columns_are_chosen_and_ordered)
{
	int code;
	nn_data d;
	nn_model *m = tables((nn_source){.file = "train.csv", .columns = "c a"}, 2, 2);
	text_file("train.csv", "name,a,label,c\nann,1,u,2\nbob,3,v,4\n");
	text_file("test.csv", "c,label,a\n8,v,7\n");
	const char *text = data_open(m, TRAINING | TEST, &d, &code);
	cr_assert_str_eq(text, "", "%s", text);
	cr_assert(d.source[NN_TRAINING].f32[0] == 2 && d.source[NN_TRAINING].f32[1] == 1);
	cr_assert(d.source[NN_TEST].f32[0] == 8 && d.source[NN_TEST].label[0] == 1);
	nn_data_close(&d);
	m = tables((nn_source){.file = "train.csv"}, 2, 2);
	text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "columns=\"...\" chooses among them"), "%s", text);
}

Test(meaning, the_first_line_is_names_or_a_row)
{
	static const struct {
		const char *text; /* train.csv: three columns, the last the label      */
		const char *head; /* header, or NULL                                   */
		int rows;         /* items, or -1: refused                             */
		const char *why;  /* part of the message                               */
	} row[] = {
	        {"u,v,w\n1,2,a\n3,4,b\n", NULL, 2, ""},
	        {"1,2,a\n3,4,b\n5,6,a\n", NULL, 3, ""},
	        {"2019,2020,kind\n1,2,a\n3,4,b\n", NULL, 2, ""},
	        {"0,1,2\n1,2,a\n3,4,b\n", "yes", 2, ""},
	        {"id,2020,kind\n1,2,a\n3,4,b\n", NULL, 2, ""},
	        {"NA,2,a\n1,2,a\n3,4,b\n", NULL, -1, "line 1, column 1: a value is missing"},
	        {",2,a\n1,2,a\n3,4,b\n", NULL, -1, "line 1, column 1: a value is missing"},
	        {"1x,2,a\n1,2,a\n3,4,b\n", NULL, -1, "line 1, column 1: expected a number"},
	        {"u,v,w\n1,2,a\n3,4,b\n", "no", -1, "line 1, column 1: expected a number"},
	        {"u,2,3\n1,2,3\n3,4,5\n", "yes", 2, ""},
	        {"0,1,-1\n1,2,1\n3,4,-1\n", NULL, 3, ""},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int code;
		nn_data d;
		nn_model *m = tables((nn_source){.file = "train.csv", .header = row[i].head}, 2, 2);
		text_file("train.csv", row[i].text);
		const char *text = data_open(m, TRAINING, &d, &code);
		cr_assert_eq(code, row[i].rows < 0 ? 65 : 0, "%zu: %s", i, text);
		if (code) {
			cr_assert(strstr(text, row[i].why), "%zu: %s", i, text);
			continue;
		}
		cr_assert_eq(d.source[NN_TRAINING].count, row[i].rows, "%zu", i);
		nn_data_close(&d);
	}
}

Test(meaning, counting_columns_are_names)
{
	int code;
	nn_data d;
	nn_model *m = tables((nn_source){.file = "train.csv"}, 3, 2);
	text_file("train.csv", "0,1,2,3\n5,6,7,1\n8,9,10,0\n");
	cr_assert_str_eq(data_open(m, TRAINING, &d, &code), "");
	cr_assert_eq(d.source[NN_TRAINING].count, 2);
	nn_data_close(&d);
	m = tables((nn_source){.file = "train.csv"}, 2, 2);
	text_file("train.csv", "a,1,7\n3,4,x\n5,6,y\n");
	const char *text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "Say header=\"yes\" or header=\"no\""), "%s", text);
}

Test(meaning, labels_of_a_column_name_the_classes)
{
	static const struct {
		const char *label[4]; /* of the rows                                   */
		int class[4];         /* what they become                              */
		const char *why;      /* or why not                                    */
	} row[] = {
	        {{"b", "c", "a", "b"}, {1, 2, 0, 1}, ""},
	        {{"10", "9", "-1", "9"}, {2, 1, 0, 1}, ""},
	        {{"1.0", "2.0", "3.0", "1"}, {0, 1, 2, 0}, ""},
	        {{"0", "2", "2", "0"}, {0, 2, 2, 0}, ""},
	        {{"none", "NA", "x", "x"}, {1, 0, 2, 2}, ""},
	        {{"a", "b", "b", "a"}, {0}, "2 different labels ('a', 'b'), but the network has 3"},
	        {{"1", "2", "2", "1"}, {0}, "2 different labels"},
	        {{"a", "b", "c", "d"}, {0}, "line 5, column 3: 'd' is the label number 4"},
	        {{"a", "b", "c", ""}, {0}, "line 5, column 3: an empty label is no class"},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int code;
		nn_data d;
		nn_text t = {0};
		nn_model *m = tables((nn_source){.file = "train.csv"}, 2, 3);
		nn_text_add(&t, "u,v,label\n");
		for (int k = 0; k < 4; k++)
			nn_text_add(&t, "%d,1,%s\n", k, row[i].label[k]);
		text_file("train.csv", t.at);
		nn_text_free(&t);
		const char *text = data_open(m, TRAINING, &d, &code);
		cr_assert(code == (*row[i].why ? 65 : 0) && strstr(text, row[i].why), "%zu: %s", i,
		          text);
		for (int k = 0; k < 4 && !code; k++)
			cr_assert_eq(d.source[NN_TRAINING].label[k], row[i].class[k], "%zu: %d", i,
			             k);
		if (!code)
			nn_data_close(&d);
	}
}

Test(meaning, items_are_called_by_their_own_files)
{
	int code;
	nn_data d;
	char name[NN_ITEM_NAME];
	nn_model *m = tables((nn_source){.files = "one.csv two.csv"}, 2, 2);
	text_file("one.csv", "a,b,label\n1,2,x\n");
	text_file("two.csv", "label,b,a\ny,4,3\ny,6,5\n");
	cr_assert_str_eq(data_open(m, TRAINING, &d, &code), "");
	const nn_items *x = &d.source[NN_TRAINING];
	cr_assert(x->count == 3 && x->f32[2] == 3 && x->label[1] == 1);
	nn_item_name(x, 2, name);
	cr_assert_str_eq(name, "./two.csv[1]");
	nn_data_close(&d);
}

/* ---- values and targets -------------------------------------------------------------------- */

Test(meaning, scales)
{
	cr_assert_eq(nn_scale_of(0, 1, 0), NN_SCALE_UNIT);
	cr_assert_eq(nn_scale_of(0, 255, 0.3), NN_SCALE_BYTE);
	cr_assert_eq(nn_scale_of(0, 16, 0.5), NN_SCALE_OTHER);
	cr_assert_eq(nn_scale_of(-1, 1, 0), NN_SCALE_OTHER);
	cr_assert_eq(nn_scale_of(0, 255, 1e-6), NN_SCALE_OTHER);
	cr_assert(!nn_scale_fits(NN_SCALE_UNIT, NN_SCALE_BYTE));
	cr_assert(!nn_scale_fits(NN_SCALE_BYTE, NN_SCALE_UNIT));
	cr_assert(nn_scale_fits(NN_SCALE_OTHER, NN_SCALE_BYTE));
}

static void write_array(const char *path, const char *type, const char *shape, const void *bytes,
                        size_t size)
{
	static unsigned char file[1 << 12];
	toy_write(path, file, npy_make(file, type, shape, bytes, size));
}

Test(meaning, parts_on_other_scales_are_refused)
{
	static const float unit[32] = {0.5F, 1, 0.25F}, high[32] = {128, 255, 64};
	static const uint8_t bytes[32] = {128, 255, 64};
	static const int64_t label[2] = {0, 2};
	int code;
	nn_data d;
	nn_model *m = data_model("npy", (nn_source){.images = "x.npy", .labels = "y.npy"});
	data_source(m, (nn_source){.split = "test", .images = "t.npy", .labels = "y.npy"});
	write_array("y.npy", "<i8", "(2,)", label, sizeof label);
	write_array("x.npy", "<f4", "(2, 1, 4, 4)", high, sizeof high);
	write_array("t.npy", "<f4", "(2, 1, 4, 4)", high, sizeof high);
	cr_assert_str_eq(data_open(m, TRAINING | TEST, &d, &code), "");
	nn_data_close(&d);
	write_array("t.npy", "<f4", "(2, 1, 4, 4)", unit, sizeof unit);
	const char *text = data_open(m, TRAINING | TEST, NULL, &code);
	cr_assert(code == 65 && strstr(text, "t.npy: its values go from 0 to 1") &&
	                  strstr(text, "has 0 to 255"),
	          "%s", text);
	write_array("t.npy", "|u1", "(2, 1, 4, 4)", bytes, sizeof bytes);
	text = data_open(m, TRAINING | TEST, NULL, &code);
	cr_assert(code == 65 && strstr(text, "bytes, which are read as 0 to 1"), "%s", text);
	write_array("x.npy", "|u1", "(2, 1, 4, 4)", bytes, sizeof bytes);
	cr_assert_str_eq(data_open(m, TRAINING | TEST, &d, &code), "");
	nn_data_close(&d);
	write_array("t.npy", "<f4", "(2, 1, 4, 4)", high, sizeof high);
	text = data_open(m, TRAINING | TEST, NULL, &code);
	cr_assert(code == 65 && strstr(text, "its values go from 0 to 255"), "%s", text);
}

Test(meaning, targets_are_fit_for_their_loss)
{
	static float nan_at[4] = {1, 2, 3, 4}, target[4] = {0, 1, 255, 1};
	nn_items x = {.count = 4, .targets = 1, .target = target, .name = "x"};
	nn_error e = {0};
	cr_assert_eq(nn_target_fit(&x, 2, "binary_cross_entropy"), NN_FIT_RANGE);
	cr_assert_eq(nn_target_fit(&x, 1, "binary_cross_entropy"), NN_FIT_GOOD);
	cr_assert_eq(nn_target_fit(&x, 2, "mse"), NN_FIT_GOOD);
	cr_assert(nn_items_vary(&x, &e));
	nan_at[3] = (float)strtod("nan", NULL);
	x.target = nan_at;
	cr_assert_eq(nn_target_fit(&x, 3, "mse"), NN_FIT_NONE);
	for (int i = 0; i < 4; i++)
		nan_at[i] = 7;
	cr_assert(!nn_items_vary(&x, &e) && e.code == 65 && strstr(e.text, "the same (7)"));
}
