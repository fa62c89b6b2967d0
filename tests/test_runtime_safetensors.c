/* safetensors: what is written comes back; whatever is malformed or damaged is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/file/safetensors.h"
#include "fixture.h"

TestSuite(safetensors, .init = toy_enter, .fini = toy_leave);

static const float three[] = {1.5F, -2, 3};
static const int64_t two[] = {7, -9};

static void pack(void *ctx, size_t i, int64_t first, int64_t count, char *bytes)
{
	(void)ctx;
	if (i == 0)
		memcpy(bytes, three + first, (size_t)count * sizeof *three);
	if (i == 1)
		memcpy(bytes, two + first, (size_t)count * sizeof *two);
}

/* UTF-8, bytes that are none, and a character that stands for such a byte. */
static const char any_bytes[] = "caf\xc3\xa9, caf\xe9 \xff\x80, \xee\xbe\x80\xee\xbf\xbf, \xc3";

static void write_one(const char *path)
{
	nn_st_tensor t[3] = {
	        {.name = "a \"b\"\t\xc3\xa9", .dtype = NN_F32, .rank = 2, .dim = {1, 3}},
	        {.name = "labels", .dtype = NN_I64, .rank = 1, .dim = {2}},
	        {.name = "empty", .dtype = NN_F32, .rank = 2, .dim = {0, 5}}};
	nn_st_pair pair[] = {{"kind", "te\\st"}, {"x", ""}, {"bytes", any_bytes}};
	nn_st_writer w = {.tensor = t, .tensors = 3, .pair = pair, .pairs = 3, .pack = pack};
	nn_error e = {0};
	cr_assert(nn_safetensors_write(&w, path, NULL, &e), "%s", e.text);
	nn_text_free(&w.header);
}

Test(safetensors, comes_back)
{
	nn_safetensors s;
	nn_error e = {0};
	write_one("f");
	cr_assert(nn_safetensors_read(&s, "f", 76, &e), "%s", e.text);
	cr_assert(s.verified && s.tensors == 3);
	const nn_st_tensor *a = nn_safetensors_find(&s, "a \"b\"\t\xc3\xa9");
	cr_assert(a && a->rank == 2 && a->dim[1] == 3);
	float found[3];
	memcpy(found, nn_safetensors_data(&s, a, &e), sizeof found);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(found[i], three[i]);
	const nn_st_tensor *l = nn_safetensors_find(&s, "labels");
	cr_assert(l && l->dtype == NN_I64);
	cr_assert_arr_eq(nn_safetensors_data(&s, l, &e), two, sizeof two);
	cr_assert(nn_safetensors_find(&s, "empty")->count == 0);
	cr_assert_str_eq(nn_safetensors_meta(&s, "kind"), "te\\st");
	cr_assert_str_eq(nn_safetensors_meta(&s, "bytes"), any_bytes);
	cr_assert_null(nn_safetensors_meta(&s, "none"));
	nn_safetensors_free(&s);
}

static void count_up(void *ctx, size_t i, int64_t first, int64_t count, char *bytes)
{
	(void)ctx;
	(void)i;
	cr_assert(count > 0 && count <= NN_ST_SOME / 8);
	for (int64_t k = 0; k < count; k++) {
		double value = (double)(first + k);
		memcpy(bytes + 8 * k, &value, 8);
	}
}

/* A tensor of many times what is written at once; it is read some at a time, too. */
Test(safetensors, large_tensors_pass_in_pieces)
{
	enum { MANY = 5 * NN_ST_SOME / 8 + 3 };
	nn_st_tensor t = {.name = "large", .dtype = NN_F64, .rank = 2, .dim = {1, MANY}};
	nn_st_writer w = {.tensor = &t, .tensors = 1, .pack = count_up};
	nn_safetensors s;
	nn_error e = {0};
	cr_assert(nn_safetensors_write(&w, "f", NULL, &e), "%s", e.text);
	nn_text_free(&w.header);
	cr_assert(nn_safetensors_read(&s, "f", 76, &e) && s.verified, "%s", e.text);
	for (int64_t at = 0; at + 7 <= MANY; at += 7001) {
		double found[7];
		cr_assert(nn_safetensors_some(&s, s.tensor, at, 7, found, &e), "%s", e.text);
		for (int k = 0; k < 7; k++)
			cr_assert_eq(found[k], (double)(at + k));
	}
	nn_safetensors_free(&s);
}

Test(safetensors, every_flipped_bit_and_every_cut_is_refused)
{
	char good[2048], bad[2048];
	write_one("f");
	size_t count = toy_read("f", good, sizeof good);
	for (size_t i = 0; i < count * 8; i++) {
		nn_safetensors s;
		nn_error e = {0};
		memcpy(bad, good, count);
		bad[i / 8] ^= (char)(1 << i % 8);
		toy_write("f", bad, count);
		bool ok = nn_safetensors_read(&s, "f", 76, &e);
		/* A bit of the key "sha256" only takes the check away: then nothing is verified. */
		cr_assert(ok ? !s.verified : e.code == 76, "bit %zu: %s", i, e.text);
		if (ok)
			nn_safetensors_free(&s);
	}
	for (size_t n = 0; n < count; n++) {
		nn_safetensors s;
		nn_error e = {0};
		toy_write("f", good, n);
		cr_assert(!nn_safetensors_read(&s, "f", 76, &e) && e.code == 76, "%zu", n);
	}
}

#define T(name, type, shape, offsets)                                                              \
	"\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
	const char *header; /* JSON                    */
	int data;           /* bytes of data after it  */
	const char *why;    /* NULL: it is fine        */
} header[] = {
        {"{}", 0, NULL},
        {"{" T("a", "F32", "[2]", "[0,8]") "}  ", 8, NULL},
        {"{" T("a", "F32", "[]", "[0,4]") "}", 4, NULL},
        {"{" T("b", "F32", "[1]", "[4,8]") "," T("a", "F32", "[1]", "[0,4]") "}", 8, NULL},
        {"{" T("a\\u00e9\\ud83d\\ude00", "U8", "[1]", "[0,1]") "}", 1, NULL},
        {"{\"__metadata__\":{}}", 0, NULL},
        {"{}", 1, "do not fill"},
        {"{" T("a", "F32", "[2]", "[0,8]") "}", 9, "do not fill"},
        {"{" T("a", "F32", "[2]", "[0,8]") "}", 7, "do not fit"},
        {"{" T("a", "F32", "[1]", "[0,4]") "," T("b", "F32", "[1]", "[5,9]") "}", 9, "holes"},
        {"{" T("a", "F32", "[1]", "[0,4]") "," T("b", "F32", "[1]", "[0,4]") "}", 4, "overlap"},
        {"{" T("a", "F32", "[1]", "[0,4]") "," T("a", "F32", "[1]", "[4,8]") "}", 8, "twice"},
        {"{" T("a", "F32", "[3]", "[0,8]") "}", 8, "do not fit"},
        {"{" T("a", "F32", "[2]", "[8,0]") "}", 8, "do not fit"},
        {"{" T("a", "F32", "[-2]", "[0,8]") "}", 8, "whole number"},
        {"{" T("a", "F32", "[2.0]", "[0,8]") "}", 8, "expected ','"},
        {"{" T("a", "F32", "[02]", "[0,8]") "}", 8, "whole number"},
        {"{" T("a", "F7", "[2]", "[0,8]") "}", 8, "dtype"},
        {"{" T("a", "F32", "[4294967296,4294967296]", "[0,0]") "}", 0, "too large"},
        {"{" T("a", "F32", "[99999999999999999999]", "[0,0]") "}", 0, "too large"},
        {"{" T("a", "F64", "[288230376151711744,8]", "[0,0]") "}", 0, "do not fit"},
        {"{" T("a", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, "8 dimensions"},
        {"{" T("a\\u0000", "F32", "[1]", "[0,4]") "}", 4, "\\u"},
        {"{" T("a\\ud83d", "F32", "[1]", "[0,4]") "}", 4, "\\u"},
        {"{" T("a\\x", "F32", "[1]", "[0,4]") "}", 4, "escape"},
        {"{" T("a", "F32", "[1]", "[0,4]") "", 4, "expected ','"},
        {"{" T("a", "F32", "[1]", "[0,4]") "}x", 4, "after the end"},
        {"{" T("a", "F32", "[1]", "[0,4]") ",}", 4, "string"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "missing"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 4, "once each"},
        {"{\"a\":{\"color\":1}}", 4, "once each"},
        {"{\"a\":7}", 4, "'{'"},
        {"{\"__metadata__\":{\"a\":7}}", 0, "string"},
        {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "twice"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice"},
        {"{\"__metadata__\":{\"sha256\":\"00\"}}", 0, "SHA-256"},
        {"[]", 0, "'{'"},
        {"{\"a", 0, "unfinished"},
        {"  ", 0, "'{'"},
};

Test(safetensors, malformed_headers)
{
	for (size_t i = 0; i < sizeof header / sizeof *header; i++) {
		char file[1024] = {0};
		size_t len = strlen(header[i].header);
		file[0] = (char)len;
		file[1] = (char)(len >> 8);
		memcpy(file + 8, header[i].header, len);
		toy_write("f", file, 8 + len + (size_t)header[i].data);
		nn_safetensors s;
		nn_error e = {0};
		bool ok = nn_safetensors_read(&s, "f", 65, &e);
		cr_assert_eq(ok, header[i].why == NULL, "%s: %s", header[i].header, e.text);
		if (ok)
			nn_safetensors_free(&s);
		else
			cr_assert(e.code == 65 && strstr(e.text, header[i].why), "%s: %s",
			          header[i].header, e.text);
	}
}

Test(safetensors, a_header_longer_than_the_file)
{
	nn_safetensors s;
	nn_error e = {0};
	toy_write("f", "\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10);
	cr_assert(!nn_safetensors_read(&s, "f", 65, &e) && strstr(e.text, "cut short"), "%s",
	          e.text);
}

/* Weights of other programs are called what they are, with the way out; what may be a safetensors
 * file that was cut is not called anything else. */
Test(safetensors, files_of_other_kinds_are_named)
{
	static const struct {
		const char *bytes; /* the first of the file    */
		size_t count;      /* how many                 */
		const char *what;  /* part of the message      */
		const char *way;   /* likewise                 */
	} row[] = {
	        {"PK\3\4\0\0\0\0net/data.pkl", 20, "is a PyTorch file",
	         "safetensors.torch.save_file("},
	        {"\200\2\212\nl\374\234F\371 j\250P\31.", 15, "is a PyTorch file", "torch.load("},
	        {"\x08\7\x12\7pytorch", 11, "is an ONNX model", "onnx.numpy_helper.to_array"},
	        {"\211HDF\r\n\x1a\n\0\0", 10, "is an HDF5 file", "safetensors.numpy.save_file"},
	        {"PK\3\4\0\0\0\0metadata.json", 21, "is a Keras file", "numpy.save_file"},
	        {"PK\3\4\0\0\0\0x.npy", 13, "is an npz archive", "safetensors.numpy.save_file"},
	        {"\x93NUMPY\1\0\x76\0", 10, "is an npy array", "safetensors.numpy.save_file"},
	        {"\200\4\225\1\0\0\0\0\0\0\0]", 12, "is a Python pickle", "numpy.save_file"},
	        {"\x1f\x8b\x08\0\0\0\0\0\0", 9, "is a gzip file", "unpack it"},
	        {"version https://git-lfs.github.com/spec/v1\n", 43, "Git LFS", "git lfs pull"},
	        {"<!doctype html><title>404</title>", 33, "an HTML page", "fetch the file itself"},
	        {"GIF89a\1\0\1\0", 10, "is a GIF picture", "best.safetensors of a run"},
	        {"epoch,loss\n1,2\n", 15, "is plain text", "best.safetensors of a run"},
	        {"", 0, "is an empty file", "write it again"},
	        {"\x40\0\0\0\0\0\0\0{\"w\":", 13, "cut short", "header of 64 bytes"},
	        {"\x80\2\0\0\0\0\0\0{\"w\":", 13, "cut short", "header of 640 bytes"},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		nn_safetensors s;
		nn_error e = {0};
		toy_write("f.pth", row[i].bytes, row[i].count);
		cr_assert(!nn_safetensors_read(&s, "f.pth", 76, &e) && e.code == 76, "%zu", i);
		cr_assert(strstr(e.text, row[i].what) && strstr(e.text, row[i].way), "%zu: %s", i,
		          e.text);
	}
}
