/* Data: tables (csv) and NumPy's arrays (npy, npz), good ones and bad ones. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "fixture_data.h"

TestSuite(tables, .init = toy_enter, .fini = toy_leave);

static const unsigned TRAINING = 1 << NN_TRAINING;

/* Without its zero at the end. */
static void copy_text(unsigned char *to, const char *text)
{
	while (*text)
		*to++ = (unsigned char)*text++;
}

static nn_model *rows_of_two(const char *format, nn_source source)
{
	nn_model *m = data_model(format, source);
	m->input_rank = 1;
	m->input[0] = 2;
	m->input[1] = m->input[2] = 1;
	return m;
}

/* ---- csv ----------------------------------------------------------------------------------- */

Test(tables, csv_in_all_its_forms)
{
	static const struct {
		const char *column; /* label_column  */
		const char *text;   /* of the file   */
	} row[] = {
	        {NULL, "1.5,-2,0\n0.25,1e2,2\n"},
	        {NULL, "a,b,c\n1.5,-2,0\n0.25,100,2\n"},
	        {NULL, "\xef\xbb\xbf"
	               "a,b,c\r\n1.5,-2,0\r\n0.25,100,2"},
	        {NULL, "\n1.5; -2 ;0\n\n 0.25;+100.0;2\n\r\n"},
	        {NULL, "1.5\t-2\t0\n0.25\t1e+2\t2\n"},
	        {NULL, "label,0,1\n0,1.5,-2\n2,0.25,100\n"},
	        {NULL, "\"x\",\"Class\",\"y, too\"\n\"1.5\",\"0\",\"-2\"\n\"0.25\" , 2,100\n"},
	        {"0", "0,1.5,-2\n2,.25,100.\n"},
	        {"-2", "1.5,0,-2\n.25,2,100\n"},
	        {"kind of it", "a,\"kind of it\",b\n1.5,0,-2\n.25,2,100\n"},
	        {"kind", "a,kind,b\n1.5,zero,-2\n0.25,\"two \"\"2\"\"\",100\n"},
	        {"1", "1.5,zero,-2\n0.25,\"two \"\"2\"\"\",100.000000000000000000001\n"},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int code;
		nn_data d;
		nn_model *m = rows_of_two(
		        "csv", (nn_source){.file = "a.csv", .label_column = row[i].column});
		toy_write("a.csv", row[i].text, strlen(row[i].text));
		const char *text = data_open(m, TRAINING, &d, &code);
		cr_assert_str_eq(text, "", "%zu: %s", i, text);
		const nn_items *x = &d.source[NN_TRAINING];
		cr_assert(x->count == 2 && x->values == 2 && x->label[0] == 0 && x->label[1] == 2,
		          "%zu", i);
		cr_assert(x->f32[0] == 1.5F && x->f32[1] == -2 && x->f32[2] == 0.25F &&
		                  x->f32[3] == 100,
		          "%zu", i);
		nn_data_close(&d);
	}
}

Test(tables, csv_files_follow_one_another)
{
	int code;
	nn_data d;
	nn_model *m = rows_of_two("csv", (nn_source){.files = " a.csv  b.csv"});
	toy_write("a.csv", "label,x,y\n0,1,2\n1,3,4\n", 22);
	toy_write("b.csv", "label,x,y\n2,5,6\n", 16);
	cr_assert_str_eq(data_open(m, TRAINING, &d, &code), "");
	const nn_items *x = &d.source[NN_TRAINING];
	cr_assert(x->count == 3 && x->label[2] == 2 && x->f32[5] == 6);
	nn_data_close(&d);
}

Test(tables, csv_with_real_targets)
{
	nn_error e = {0};
	nn_settings s;
	nn_items items = {0};
	nn_source source = {.split = "training", .file = "a.csv", .label_column = "u,w"};
	nn_model *m = rows_of_two("csv", source);
	nn_meaning meaning = {0};
	nn_loader l = {.settings = &s, .root = "", .source = &source, .values = 2, .targets = 2};
	l.meaning = &meaning;
	toy_write("a.csv", "u,v,w,x\n1,2,3,4\n5,6,7,8\n", 24);
	cr_assert(nn_settings_open(&s, m, NULL, 0, &e) && nn_read_csv(&l, &items, &e), "%s",
	          e.text);
	static const float values[] = {2, 4, 6, 8}, targets[] = {1, 3, 5, 7};
	cr_assert_arr_eq(items.f32, values, sizeof values);
	cr_assert_arr_eq(items.target, targets, sizeof targets);
	nn_items_free(&items);
	source.label_column = "u";
	cr_assert(!nn_read_csv(&l, &items, &e) && strstr(e.text, "1 columns, the loss needs 2"));
	nn_items_free(&items);
	nn_meaning_close(&meaning);
}

Test(tables, csv_bad_rows_are_named)
{
	static const struct {
		const char *text; /* of the file         */
		const char *why;  /* part of the message */
	} row[] = {
	        {"", "empty"},
	        {"\n\n\r\n", "empty"},
	        {"a,b,c\n", "no rows"},
	        {"1,2\n", "line 1: 2 columns, expected 3"},
	        {"1,2,0,0\n", "line 1: 4 columns, expected 3"},
	        {"1,2,0\n1,2\n", "line 2: 2 columns, expected 3"},
	        {"a,b,c\n\n1,2,0\n1,2,0,1\n", "line 4: 4 columns"},
	        {"1,2,0\n1,2x,0\n", "line 2, column 2: expected a number, found '2x'"},
	        {"1,2,0\n1,,0\n", "line 2, column 2: a value is missing"},
	        {"1,2,0\n1,nan,0\n", "found 'nan'"},
	        {"1,2,0\n-inf,1,0\n", "found '-inf'"},
	        {"1,2,0\n1e99,1,0\n", "found '1e99'"},
	        {"1,2,0\n0x10,1,0\n", "found '0x10'"},
	        {"1,2,0\n--1,1,0\n", "found '--1'"},
	        {"1,2,0\n1,2,3\n", "line 2, column 3: label '3' is no class"},
	        {"1,2,0\n1,2,-1\n", "label '-1'"},
	        {"1,2,0\n1,2,0.5\n", "label '0.5'"},
	        {"1,2,0\n1,2,three\n", "label 'three'"},
	        {"1,2,0\n1,\"2,0\n", "line 2: a quote is opened"},
	        {"1,2,0\n1,\"2\"3,0\n", "line 2: a quote is opened"},
	        {"1,2,0\n1,2,0\n\"", "line 3: a quote is opened"},
	        {"1,2,0,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n", "48 columns, expected 3"},
	};
	nn_model *m = rows_of_two("csv", (nn_source){.file = "a.csv"});
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int code;
		toy_write("a.csv", row[i].text, strlen(row[i].text));
		const char *text = data_open(m, TRAINING, NULL, &code);
		cr_assert(code == 65 && strstr(text, "a.csv: ") && strstr(text, row[i].why),
		          "%zu: %d %s", i, code, text);
	}
	int code;
	toy_write("a.csv", "1,2,0\n1\0002,0\n", 12);
	cr_assert(strstr(data_open(m, TRAINING, NULL, &code), "zero bytes") && code == 65);
	toy_write("a.csv", "a,b,c\n1,2,0\n", 12);
	m = rows_of_two("csv", (nn_source){.file = "a.csv", .label_column = "d"});
	cr_assert(strstr(data_open(m, TRAINING, NULL, &code), "no column 'd'") && code == 65);
	m = rows_of_two("csv", (nn_source){.file = "none.csv"});
	cr_assert(strstr(data_open(m, TRAINING, NULL, &code), "none.csv") && code == 66);
}

/* One good row of many columns and a million short lines must not become a million rows. */
Test(tables, csv_takes_no_more_memory_than_its_rows)
{
	enum { LINES = 1 << 20, ROW = 2000 };
	int code;
	nn_model *m = rows_of_two("csv", (nn_source){.file = "a.csv"});
	m->input[0] = ROW - 1;
	char *text = malloc(2 * ROW + 2 * LINES);
	cr_assert_not_null(text);
	for (int i = 0; i < ROW + LINES; i++)
		copy_text((unsigned char *)text + 2 * (size_t)i, i < ROW - 1 ? "0," : "0\n");
	toy_write("a.csv", text, 2 * ROW + 2 * LINES);
	free(text);
	const char *why = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(why, "line 2: 1 columns"), "%d %s", code, why);
}

/* ---- npy ----------------------------------------------------------------------------------- */

static void write_npy(const char *path, const char *type, const char *shape, const void *bytes,
                      size_t size)
{
	static unsigned char file[1 << 14];
	toy_write(path, file, npy_make(file, type, shape, bytes, size));
}

Test(tables, npy_of_every_type)
{
	static const uint8_t u1[4] = {1, 2, 3, 250};
	static const int16_t i2[4] = {1, -2, 3, 30000};
	static const int64_t i8[4] = {1, -2, 3, 1LL << 40};
	static const uint32_t u4[4] = {1, 2, 3, 4000000000U};
	static const float f4[4] = {1, -2, 3.5F, 1e30F};
	static const double f8[4] = {1, -2, 3.5, 1e30};
	static const uint8_t f2[8] = {0, 0x3c, 0, 0xc0, 0, 0x43, 0xff, 0x7b};
	static const uint8_t big_f4[16] = {0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0,
	                                   0x40, 0x60, 0, 0, 0x47, 0, 0, 0};
	static const uint8_t big_i2[8] = {0, 1, 0xff, 0xfe, 0, 3, 1, 0};
	static const int64_t label[2] = {2, 0};
	static const struct {
		const char *type;  /* dtype                  */
		const void *bytes; /* of four values         */
		size_t size;       /* of a value             */
		float third, last; /* what they are          */
		bool bytes8;       /* they stay 8-bit values */
	} row[] = {{"|u1", u1, 1, 3, 250, true},           {"<i2", i2, 2, 3, 30000, false},
	           {"<i8", i8, 8, 3, 1LL << 40, false},    {"<u4", u4, 4, 3, 4e9F, false},
	           {"<f4", f4, 4, 3.5F, 1e30F, false},     {"<f8", f8, 8, 3.5F, 1e30F, false},
	           {"|b1", "\1\0\1\1", 1, 1, 1, false},    {"<f2", f2, 2, 3.5F, 65504, false},
	           {">f4", big_f4, 4, 3.5F, 32768, false}, {">i2", big_i2, 2, 3, 256, false}};
	nn_model *m = rows_of_two("npy", (nn_source){.images = "x.npy", .labels = "y.npy"});
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int code;
		nn_data d;
		write_npy("x.npy", row[i].type, i % 2 ? "(2, 2)" : "(2,2,)", row[i].bytes,
		          4 * row[i].size);
		write_npy("y.npy", "<i8", i % 2 ? "(2,)" : "(2, 1)", label, sizeof label);
		const char *text = data_open(m, TRAINING, &d, &code);
		cr_assert_str_eq(text, "", "%s: %s", row[i].type, text);
		const nn_items *x = &d.source[NN_TRAINING];
		cr_assert(x->count == 2 && x->values == 2 && x->label[0] == 2 && !x->label[1]);
		cr_assert((x->u8 != NULL) == row[i].bytes8 && (x->f32 != NULL) != row[i].bytes8);
		float third = x->u8 ? x->u8[2] : x->f32[2], last = x->u8 ? x->u8[3] : x->f32[3];
		cr_assert(third == row[i].third && last == row[i].last, "%s: %g %g", row[i].type,
		          (double)third, (double)last);
		nn_data_close(&d);
	}
}

Test(tables, npy_bad_files_are_named)
{
	static const uint8_t zero[64];
	static const struct {
		const char *type, *shape; /* of the header            */
		size_t size;              /* bytes that follow it     */
		const char *why;          /* part of the message      */
	} row[] = {
	        {"<f16", "(2, 2)", 64, "type '<f16'"},
	        {"<c8", "(2, 2)", 32, "type '<c8'"},
	        {"|O", "(2, 2)", 32, "type '|O'"},
	        {"|u1", "()", 1, "no items"},
	        {"|u1", "(0, 2)", 0, "no items"},
	        {"|u1", "(2, 0)", 0, "no items"},
	        {"|u1", "(-2, 2)", 4, "no shape"},
	        {"|u1", "(2, 2", 4, "no shape"},
	        {"|u1", "2", 2, "no shape"},
	        {"|u1", "(2, x)", 4, "no shape"},
	        {"|u1", "(1, 1, 1, 1, 1)", 1, "more than 4 axes"},
	        {"|u1", "(2, 2)", 3, "announces 4 values of 1 bytes, 3 bytes follow"},
	        {"|u1", "(2, 2)", 5, "5 bytes follow"},
	        {"|u1", "(4000000000, 2)", 4, "4 bytes follow"},
	        {"|u1", "(9000000000, 2)", 4, "more than 2^32"},
	        {"<f8", "(4000000000, 4000000000)", 4, "impossible shape"},
	        {"|u1", "(4294967296, 4294967296)", 4, "impossible shape"},
	        {"|u1", "(2, 3)", 6, "its items are 3, the network's input is 2"},
	        {"|u1", "(4,)", 4, "its items are single values"},
	};
	int code;
	nn_model *m = rows_of_two("npy", (nn_source){.images = "x.npy", .labels = "y.npy"});
	write_npy("y.npy", "|u1", "(2,)", zero, 2);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		write_npy("x.npy", row[i].type, row[i].shape, zero, row[i].size);
		const char *text = data_open(m, TRAINING, NULL, &code);
		cr_assert(code == 65 && strstr(text, "x.npy: ") && strstr(text, row[i].why),
		          "%zu: %d %s", i, code, text);
	}
	static unsigned char whole[1024];
	size_t size = npy_make(whole, "|u1", "(2, 2)", zero, 4);
	for (size_t keep = 0; keep < size; keep++) {
		toy_write("x.npy", whole, keep);
		const char *text = data_open(m, TRAINING, NULL, &code);
		cr_assert(code == 65 && strstr(text, "x.npy: "), "%zu: %d %s", keep, code, text);
	}
	copy_text((unsigned char *)strstr((char *)whole + 10, "False"), "Maybe");
	toy_write("x.npy", whole, size);
	cr_assert(strstr(data_open(m, TRAINING, NULL, &code), "fortran_order") && code == 65);
}

Test(tables, npy_in_fortrans_order)
{
	static const char *const type[] = {"|u1", "|i1"};
	nn_model *m = data_model("npy", (nn_source){.images = "x.npy", .labels = "y.npy"});
	m->input[0] = 1;
	m->input[1] = 2;
	m->input[2] = 3;
	write_npy("y.npy", "|u1", "(2,)", "\1\2", 2);
	/* Element [n][i][j] is 6 n + 3 i + j, and n runs fastest, then i, then j. */
	for (int k = 0; k < 2; k++) {
		static unsigned char file[1 << 10];
		uint8_t bytes[12];
		int code;
		nn_data d;
		for (int n = 0; n < 2; n++)
			for (int i = 0; i < 2; i++)
				for (int j = 0; j < 3; j++)
					bytes[n + 2 * i + 4 * j] = (uint8_t)(6 * n + 3 * i + j);
		size_t size = npy_make(file, type[k], "(2, 2, 3)", bytes, 12);
		copy_text((unsigned char *)strstr((char *)file + 10, "False"), "True ");
		toy_write("x.npy", file, size);
		const char *text = data_open(m, TRAINING, &d, &code);
		cr_assert_str_eq(text, "", "%s", text);
		const nn_items *x = &d.source[NN_TRAINING];
		for (int i = 0; i < 12; i++)
			cr_assert_eq(x->u8 ? x->u8[i] : (int)x->f32[i], i, "%s: %d", type[k], i);
		nn_data_close(&d);
	}
}

Test(tables, npy_labels_must_fit)
{
	static const uint8_t zero[64];
	static const struct {
		const char *type, *shape; /* of the labels       */
		const char *bytes;        /* likewise            */
		size_t size;              /* how many            */
		const char *why;          /* part of the message */
	} row[] = {
	        {"|u1", "(3,)", "\0\0\0", 3, "labels of 3 items, but there are 2"},
	        {"|u1", "(2, 3)", "\0\0\0\0\0\0", 6, "argmax"},
	        {"|u1", "(2,)", "\0\3", 2, "item 1: label 3"},
	        {"|i1", "(2,)", "\377\0", 2, "item 0: label -1"},
	        {"<f4", "(2,)", "\0\0\200\77\0\0\0\77", 8, "item 1: label 0.5"},
	        {"<f4", "(2,)", "\0\0\300\177\0\0\0\0", 8, "item 0: label nan"},
	};
	int code;
	nn_model *m = rows_of_two("npy", (nn_source){.images = "x.npy", .labels = "y.npy"});
	write_npy("x.npy", "|u1", "(2, 2)", zero, 4);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		write_npy("y.npy", row[i].type, row[i].shape, row[i].bytes, row[i].size);
		const char *text = data_open(m, TRAINING, NULL, &code);
		cr_assert(code == 65 && strstr(text, "y.npy: ") && strstr(text, row[i].why),
		          "%zu: %d %s", i, code, text);
	}
	static const float bad[4] = {0, 1, 2, __builtin_nanf("")};
	write_npy("x.npy", "<f4", "(2, 2)", bad, sizeof bad);
	write_npy("y.npy", "|u1", "(2,)", zero, 2);
	const char *text = data_open(m, TRAINING, NULL, &code);
	cr_assert(code == 65 && strstr(text, "x.npy[1]: holds a NaN"), "%s", text);
	remove("y.npy");
	cr_assert(strstr(data_open(m, TRAINING, NULL, &code), "y.npy") && code == 66);
	/* Height x width x channels. */
	m->input_rank = 3;
	m->input[0] = 3;
	m->input[1] = m->input[2] = 2;
	write_npy("x.npy", "|u1", "(2, 2, 2, 3)", zero, 24);
	cr_assert(strstr(data_open(m, TRAINING, NULL, &code), "transpose(0, 3, 1, 2)"));
	write_npy("x.npy", "|u1", "(2, 3, 2, 2)", zero, 24);
	write_npy("y.npy", "|u1", "(2,)", zero, 2);
	cr_assert_str_eq(data_open(m, TRAINING, NULL, &code), "");
}

/* ---- npz ----------------------------------------------------------------------------------- */

static unsigned char zip[1 << 14];
static size_t zip_size, zip_directory;

static void put(size_t at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		zip[at + (size_t)i] = (unsigned char)(value >> 8 * i);
}

/* Appends a member; its line of the directory is kept in `line`. */
static void zip_member(const char *name, const unsigned char *bytes, size_t size, bool deflated,
                       unsigned char line[128], size_t *line_size)
{
	size_t at = zip_size, len = strlen(name), packed = size;
	put(at, 0x04034b50, 4);
	memset(zip + at + 4, 0, 26);
	copy_text(zip + at + 30, name);
	put(at + 26, len, 2);
	unsigned char *to = zip + at + 30 + len;
	if (deflated) {
		z_stream z = {.next_in = (unsigned char *)bytes, .avail_in = (unsigned)size};
		z.next_out = to;
		z.avail_out = 4096;
		cr_assert_eq(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
		cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
		packed = z.total_out;
		deflateEnd(&z);
	} else {
		memcpy(to, bytes, size);
	}
	zip_size = at + 30 + len + packed;
	size_t save = zip_size;
	put(save, 0x02014b50, 4);
	memset(zip + save + 4, 0, 42);
	put(save + 10, deflated ? 8 : 0, 2);
	put(save + 16, crc32(0, bytes, (unsigned)size), 4);
	put(save + 20, packed, 4);
	put(save + 24, size, 4);
	put(save + 28, len, 2);
	put(save + 42, at, 4);
	copy_text(zip + save + 46, name);
	*line_size = 46 + len;
	memcpy(line, zip + save, *line_size);
}

static void zip_make(bool deflated)
{
	static const uint8_t x[4] = {1, 2, 3, 4}, y[2] = {2, 1};
	unsigned char member[512], line[2][128];
	size_t size[2];
	zip_size = 0;
	zip_member("x_train.npy", member, npy_make(member, "|u1", "(2, 2)", x, 4), deflated,
	           line[0], &size[0]);
	zip_member("y_train.npy", member, npy_make(member, "|u1", "(2,)", y, 2), deflated, line[1],
	           &size[1]);
	zip_directory = zip_size;
	for (int i = 0; i < 2; i++) {
		memcpy(zip + zip_size, line[i], size[i]);
		zip_size += size[i];
	}
	put(zip_size, 0x06054b50, 4);
	memset(zip + zip_size + 4, 0, 18);
	put(zip_size + 10, 2, 2);
	put(zip_size + 16, zip_directory, 4);
	zip_size += 22;
}

static nn_model *archive(void)
{
	return rows_of_two("npz",
	                   (nn_source){.file = "d.npz", .images = "x_train", .labels = "y_train"});
}

Test(tables, npz_stored_and_deflated)
{
	nn_model *m = archive();
	for (int deflated = 0; deflated < 2; deflated++) {
		int code;
		nn_data d;
		zip_make(deflated);
		toy_write("d.npz", zip, zip_size);
		const char *text = data_open(m, TRAINING, &d, &code);
		cr_assert_str_eq(text, "", "%s", text);
		const nn_items *x = &d.source[NN_TRAINING];
		cr_assert(x->count == 2 && !memcmp(x->u8, "\1\2\3\4", 4) && x->label[0] == 2);
		nn_data_close(&d);
	}
}

Test(tables, npz_damage_is_found)
{
	int code;
	nn_model *m = archive();
	for (int deflated = 0; deflated < 2; deflated++) {
		zip_make(deflated);
		size_t size = zip_size;
		for (size_t keep = 0; keep < size; keep++) {
			toy_write("d.npz", zip, keep);
			const char *text = data_open(m, TRAINING, NULL, &code);
			cr_assert(code == 65 && strstr(text, "d.npz: "), "%zu: %d %s", keep, code,
			          text);
		}
		/* Any byte may change: what is read then is right or refused. */
		for (size_t i = 0; i < size; i++) {
			unsigned char was = zip[i];
			zip[i] ^= 0xff;
			toy_write("d.npz", zip, size);
			const char *text = data_open(m, TRAINING, NULL, &code);
			cr_assert(code == 0 || (code == 65 && strstr(text, "d.npz: ")),
			          "%zu: %d %s", i, code, text);
			zip[i] = was;
		}
	}
	zip_make(true);
	put(zip_directory + 24, 1 << 30, 4);
	toy_write("d.npz", zip, zip_size);
	cr_assert(strstr(data_open(m, TRAINING, NULL, &code), "announces 1073741824 bytes in"));
	zip_make(false);
	put(zip_directory + 10, 14, 2);
	toy_write("d.npz", zip, zip_size);
	cr_assert(strstr(data_open(m, TRAINING, NULL, &code), "packed by method 14"));
	zip_make(false);
	put(zip_directory + 16, 1, 4);
	toy_write("d.npz", zip, zip_size);
	cr_assert(strstr(data_open(m, TRAINING, NULL, &code), "checksum"));
	m = rows_of_two("npz", (nn_source){.file = "d.npz"});
	zip_make(false);
	toy_write("d.npz", zip, zip_size);
	cr_assert(strstr(data_open(m, TRAINING, NULL, &code),
	                 "no array 'x', but x_train.npy, y_train.npy"));
}
