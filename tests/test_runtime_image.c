/* Pictures: as Pillow reads them, in bounded memory, turned as Exif says; what no picture is said
 * to be. tests/pictures/make.py made the pictures and what Pillow makes of them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "../runtime/data/image.h"
#include "../runtime/file/kind.h"
#include "fixture_data.h"

#define FOLDER "tests/pictures/"

enum { MOST = 1 << 16 };

/* A model that takes pictures of this shape, with this value of <data exif>. */
static const nn_model *model_of(int channels, int height, int width, const char *exif)
{
	static nn_setting setting;
	static nn_model m;
	setting = (nn_setting){"data", "exif", exif};
	m = (nn_model){.input_rank = 3,
	               .input = {channels, height, width},
	               .setting = &setting,
	               .settings = 1};
	return &m;
}

Test(image, is_what_pillow_makes_of_it)
{
	static unsigned char got[MOST], want[MOST];
	FILE *list = fopen(FOLDER "list.txt", "r"), *values = fopen(FOLDER "want.bin", "rb");
	char line[128], path[192];
	int count = 0;
	nn_scratch scratch = {0};
	cr_assert(list && values);
	while (fgets(line, sizeof line, list)) {
		char *name = strtok(line, " "), *exif = name + strlen(name) + 1;
		int channels = (int)strtol(exif, &exif, 10), height = (int)strtol(exif, &exif, 10);
		int width = (int)strtol(exif, &exif, 10);
		exif = strtok(exif, " \n");
		nn_error e = {0};
		int size = channels * height * width;
		cr_assert(size <= MOST && fread(want, (size_t)size, 1, values) == 1, "%s", name);
		snprintf(path, sizeof path, FOLDER "%s", name);
		cr_assert(nn_image_read(path, model_of(channels, height, width, exif), got,
		                        &scratch, &e),
		          "%s", e.text);
		for (int i = 0; i < size; i++)
			cr_assert(abs(got[i] - want[i]) <= 1,
			          "%s as %d x %d x %d, exif %s: value %d is %d, not %d", name,
			          channels, height, width, exif, i, got[i], want[i]);
		count++;
	}
	cr_assert(count > 100 && fgetc(values) == EOF, "%d", count);
	nn_scratch_free(&scratch);
	fclose(list);
	fclose(values);
}

/* Every file of the folder, cut and damaged anywhere, is read or refused by name. */
Test(image, damage_is_told_or_harmless)
{
	static const char *const names[] = {"png_3_4.png",    "png_6_16.png",  "exif_6.jpg",
	                                    "exif_3.png",     "jpeg_ycck.jpg", "jpeg_420_scans.jpg",
	                                    "bmp_p.bmp",      "bmp_565.bmp",   "bmp_rgba.bmp",
	                                    "rgb_profile.png"};
	static unsigned char file[MOST], got[3 * 20 * 20];
	const nn_model *m = model_of(3, 20, 20, "apply");
	nn_scratch scratch = {0};
	char path[128];
	size_t size[sizeof names / sizeof *names];
	static unsigned char whole[sizeof names / sizeof *names][MOST];
	for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
		snprintf(path, sizeof path, FOLDER "%s", names[k]);
		size[k] = toy_read(path, whole[k], MOST);
		cr_assert(size[k] > 0 && size[k] < MOST, "%s", names[k]);
	}
	toy_enter();
	for (size_t k = 0; k < sizeof names / sizeof *names; k++)
		for (size_t i = 0; i < size[k]; i += 1 + size[k] / 150)
			for (int change = 0; change < 3; change++) {
				nn_error e = {0};
				memcpy(file, whole[k], size[k]);
				file[i] = change ? file[i] ^ (change == 1 ? 0xff : 1) : file[i];
				toy_write("x", file, change ? size[k] : i);
				bool ok = nn_image_read("x", m, got, &scratch, &e);
				cr_assert(ok ? !e.code : e.code == 65 && !strncmp(e.text, "x: ", 3),
				          "%s at %zu: %d %s", names[k], i, e.code, e.text);
			}
	nn_scratch_free(&scratch);
	toy_leave();
}

/* ---- memory and time ----------------------------------------------------------------------- */

Test(image, a_high_one_takes_a_few_rows, .init = toy_enter, .fini = toy_leave)
{
	enum { HEIGHT = 1000000 };
	static unsigned char got[3 * 224 * 224];
	unsigned char *pixel = calloc(HEIGHT, 3);
	nn_scratch scratch = {0};
	nn_error e = {0};
	cr_assert_not_null(pixel);
	memset(pixel + (size_t)HEIGHT / 2 * 3, 200, (size_t)HEIGHT / 2 * 3);
	png_write("x.png", pixel, HEIGHT, 1, 3);
	free(pixel);
	cr_assert(nn_image_read("x.png", model_of(3, 224, 224, "apply"), got, &scratch, &e), "%s",
	          e.text);
	cr_assert(got[0] == 0 && got[224 * 224 - 1] == 200);
	cr_assert(scratch.pixel_room + scratch.row_room < 100000, "%zu + %zu bytes",
	          scratch.pixel_room, scratch.row_room);
	nn_scratch_free(&scratch);
}

/* The message for a PNG of 100 kB that announces so much. */
static const char *announced(unsigned width, unsigned height, int interlaced)
{
	static unsigned char file[100000], got[3 * 8 * 8];
	static nn_error e;
	static const unsigned char pixel[3] = {1, 2, 3};
	nn_scratch scratch = {0};
	png_write("x.png", pixel, 1, 1, 3);
	size_t size = toy_read("x.png", file, sizeof file);
	for (int i = 0; i < 4; i++) {
		file[16 + i] = (unsigned char)(width >> (24 - 8 * i));
		file[20 + i] = (unsigned char)(height >> (24 - 8 * i));
	}
	file[28] = (unsigned char)interlaced;
	/* The checksum of IHDR, bit by bit (PNG, annex D). */
	uint32_t crc = 0xffffffff;
	for (int i = 12; i < 29; i++) {
		crc ^= file[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	for (int i = 0; i < 4; i++)
		file[29 + i] = (unsigned char)(~crc >> (24 - 8 * i));
	cr_assert(size < sizeof file);
	toy_write("x.png", file, sizeof file);
	e = (nn_error){0};
	cr_assert(!nn_image_read("x.png", model_of(3, 8, 8, "apply"), got, &scratch, &e));
	cr_assert(e.code == 65 && scratch.pixel_room < 1000000, "%s", e.text);
	nn_scratch_free(&scratch);
	return e.text;
}

Test(image, what_is_too_large_is_refused_at_once, .init = toy_enter, .fini = toy_leave)
{
	cr_assert(strstr(announced(1000000, 1000000, 0), "more than a file of 100000 bytes can"));
	cr_assert(strstr(announced(2, 2000000, 0), "more than is read"));
	cr_assert(strstr(announced(2000000, 2, 0), "more than is read"));
	cr_assert(strstr(announced(20, 4000, 0), "x.png: damaged"));
	cr_assert(strstr(announced(4000, 20, 1), "x.png: damaged"));
}

/* A JPEG file of 16 x 16 pixels with a scan for each of its components; its size. */
static size_t three_scans(unsigned char *file, size_t room)
{
	static const jpeg_scan_info scans[3] = {
	        {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
	struct jpeg_compress_struct info;
	struct jpeg_error_mgr error;
	unsigned char row[3 * 16], *to = file;
	unsigned long size = room;
	info.err = jpeg_std_error(&error);
	jpeg_create_compress(&info);
	jpeg_mem_dest(&info, &to, &size);
	info.image_width = info.image_height = 16;
	info.input_components = 3;
	info.in_color_space = JCS_RGB;
	jpeg_set_defaults(&info);
	info.scan_info = scans;
	info.num_scans = 3;
	jpeg_start_compress(&info, TRUE);
	for (int i = 0; i < 16; i++) {
		JSAMPROW at = row;
		memset(row, 10 * i, sizeof row);
		jpeg_write_scanlines(&info, &at, 1);
	}
	jpeg_finish_compress(&info);
	jpeg_destroy_compress(&info);
	cr_assert(to == file, "room for %lu bytes is needed", size);
	return size;
}

/* The last scan as often as said. */
Test(image, scans_without_end_are_refused, .init = toy_enter, .fini = toy_leave)
{
	static const unsigned char end[2] = {0xff, 0xd9};
	static unsigned char file[1 << 16], got[3 * 16 * 16];
	nn_scratch scratch = {0};
	size_t size = three_scans(file, sizeof file), scan = size - 2;
	while (file[scan] != 0xff || file[scan + 1] != 0xda)
		scan--;
	size_t count = size - 2 - scan;
	cr_assert(scan + 98 * count + 2 < sizeof file);
	for (size_t times = 1; times < 100; times += 97) {
		nn_error e = {0};
		for (size_t i = 1; i < times; i++)
			memcpy(file + scan + i * count, file + scan, count);
		memcpy(file + scan + times * count, end, sizeof end);
		toy_write("x.jpg", file, scan + times * count + 2);
		bool ok = nn_image_read("x.jpg", model_of(3, 16, 16, "apply"), got, &scratch, &e);
		cr_assert(ok && got[0] < 10 && got[255] > 140, "%zu: %s", times, e.text);
	}
	nn_error e = {0};
	memcpy(file + scan + 98 * count, file + scan, count);
	memcpy(file + scan + 99 * count, end, sizeof end);
	toy_write("x.jpg", file, scan + 99 * count + 2);
	cr_assert(!nn_image_read("x.jpg", model_of(3, 16, 16, "apply"), got, &scratch, &e));
	cr_assert(e.code == 65 && strstr(e.text, "x.jpg: damaged: more than 100 scans"), "%s",
	          e.text);
	nn_scratch_free(&scratch);
}

/* ---- Exif ---------------------------------------------------------------------------------- */

Test(image, orientation_of_anything)
{
	unsigned char little[26] = "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0",
	              big[26] = "MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x08\0\0";
	cr_assert_eq(nn_exif_orientation(little, sizeof little), 6);
	cr_assert_eq(nn_exif_orientation(big, sizeof big), 8);
	/* In memory of exactly that size, so that a step beyond is seen. */
	for (size_t n = 0; n < 22; n++) {
		unsigned char *cut = malloc(n + 1);
		cr_assert_not_null(cut);
		memcpy(cut, little, n);
		cr_assert_eq(nn_exif_orientation(cut, n), 1, "%zu", n);
		free(cut);
	}
	for (int i = 0; i < 22; i++)
		for (int v = 0; v < 256; v++) {
			unsigned char odd[26];
			memcpy(odd, little, sizeof odd);
			odd[i] = (unsigned char)v;
			int o = nn_exif_orientation(odd, sizeof odd);
			cr_assert(o >= 1 && o <= 8, "byte %d as %d: %d", i, v, o);
		}
	little[18] = 9;
	cr_assert_eq(nn_exif_orientation(little, sizeof little), 1);
	little[18] = 0;
	cr_assert_eq(nn_exif_orientation(little, sizeof little), 1);
}

/* ---- kinds --------------------------------------------------------------------------------- */

/* Files of every kind. */
static const struct {
	const char *bytes; /* the first of the file       */
	size_t count;      /* how many                    */
	const char *what;  /* what they are               */
	const char *way;   /* part of the way out         */
} kinds[] = {
        {"", 0, "an empty file", "again"},
        {"GIF89a\1\0\1\0", 10, "a GIF picture", "PNG"},
        {"RIFF\x10\0\0\0WEBPVP8L", 16, "a WebP picture", "PNG"},
        {"RIFF\x10\0\0\0WAVEfmt ", 16, "a sound or a video (RIFF)", ""},
        {"MM\0*\0\0\0\x08", 8, "a TIFF picture", "PNG"},
        {"\0\0\0\x18"
         "ftypheic\0\0",
         14, "an HEIC picture", "PNG"},
        {"\0\0\0\x18"
         "ftypavif\0\0",
         14, "an AVIF picture", "PNG"},
        {"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", 18, "a BMP picture", ""},
        {"BMI,age,label\n20,31,1\n", 22, "plain text", "csv"},
        {"P5 2 2 255\n", 11, "a PGM or PPM picture", ""},
        {"P5,P6\n1,2\n", 10, "plain text", "csv"},
        {"%PDF-1.7\n", 9, "a PDF document", "PNG"},
        {"\xef\xbb\xbf\n <!DocType HTML>", 20, "an HTML page", "fetch"},
        {"<?xml version=\"1.0\"?><svg>", 26, "an SVG drawing", "PNG"},
        {"not found\n", 10, "plain text", "csv"},
        {"version https://git-lfs.github.com/spec/v1\n", 43, "a pointer of Git LFS, not the file",
         "git lfs pull"},
        {"PK\3\4\0\0\0\0net/data.pkl", 20, "a PyTorch file", "safetensors"},
        {"PK\3\4\0\0\0\0x.npy", 13, "an npz archive", "npz"},
        {"PK\3\4\0\0\0\0a.txt", 13, "a zip archive", "unpack"},
        {"\200\2\212\nl\374\234F\371 j\250P\31.", 15, "a PyTorch file", "safetensors"},
        {"\200\4\225\1\0\0\0\0\0\0\0]", 12, "a Python pickle", "np.savez"},
        {"\211HDF\r\n\x1a\n\0\0", 10, "an HDF5 file (.h5)", "np.savez"},
        {"\x08\7\x12\7pytorch", 11, "an ONNX model", "safetensors"},
        {"\x0a:\x0a", 3, "plain text", "csv"},
        {"\x08\x0a:\xd2\x03\x0a\x1f", 7, "an ONNX model", "to_array"},
        {"\x08\x0a:\xd2\x03\x0b\x1f", 7, "of no kind that is known", ""},
        {"GGUF\3\0\0\0", 8, "a GGUF file", "safetensors"},
        {"\x40\0\0\0\0\0\0\0{\"w\":", 13, "a safetensors file", "weights"},
        /* Headers of 640, 35615 and 2815 bytes: the marks of a pickle, gzip and JPEG XL. */
        {"\x80\2\0\0\0\0\0\0{\"w\":", 13, "a safetensors file", "weights"},
        {"\x1f\x8b\0\0\0\0\0\0{\"w\":", 13, "a safetensors file", "weights"},
        {"\xff\x0a\0\0\0\0\0\0{\"w\":", 13, "a safetensors file", "weights"},
        {"\x1f\x8b\x08\0", 4, "a gzip file", "unpack"},
        {"\x93NUMPY\1\0", 8, "an npy array", "npy"},
        {"\0\0\x08\3\0\0\0\1", 8, "an idx file", "idx"},
        {"\xff\xfe"
         "1\0,\0",
         6, "text in UTF-16", "UTF-8"},
        {"\1\2\3\4\5", 5, "of no kind that is known", "cannot be read"},
};

Test(image, files_are_called_what_they_are)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		/* In memory of exactly that size. */
		uint8_t *bytes = malloc(kinds[i].count + 1);
		cr_assert_not_null(bytes);
		memcpy(bytes, kinds[i].bytes, kinds[i].count);
		const nn_file_kind *kind = nn_kind_of(bytes, kinds[i].count);
		cr_assert_str_eq(kind->what, kinds[i].what);
		cr_assert(strstr(kind->instead, kinds[i].way), "%s: %s", kind->what, kind->instead);
		free(bytes);
	}
}
