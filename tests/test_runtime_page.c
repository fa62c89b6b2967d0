/* Pieces of pages: escaping, pictures that libpng reads back, charts, what a failure leaves. */
#include <criterion/criterion.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/report/chart.h"
#include "fixture.h"

TestSuite(page, .init = toy_enter, .fini = toy_leave);

Test(page, text_is_escaped)
{
	nn_text t = {0};
	nn_text_html(&t, "<a href=\"x\">R&D's</a> \xc3\xa9 \xff\x01 \xf0\x9f\x91\x9f\n");
	cr_assert_str_eq(t.at, "&lt;a href=&quot;x&quot;&gt;R&amp;D&#39;s&lt;/a&gt; \xc3\xa9 "
	                       "\xef\xbf\xbd\xef\xbf\xbd \xf0\x9f\x91\x9f\n");
	nn_text_clear(&t);
	nn_text_html(&t, NULL);
	cr_assert_eq(t.len, 0);
	nn_text_plain(&t, "a\033[2J\n\xc3\xa9 \xc2\x9b \x9b\x7f\\");
	cr_assert_str_eq(t.at, "a\\x1b[2J\\x0a\xc3\xa9 \\xc2\\x9b \\x9b\\x7f\\");
	nn_text_free(&t);
}

static int digit(char c)
{
	const char *all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(all, c) : NULL;
	return at ? (int)(at - all) : -1;
}

/* The pixels behind a "data:" address. */
static void read_back(const char *address, nn_picture *x)
{
	static unsigned char bytes[4 * NN_PICTURE_BYTES];
	const char *head = "data:image/png;base64,";
	cr_assert_eq(strncmp(address, head, strlen(head)), 0);
	size_t bits = 0, count = 0;
	unsigned group = 0;
	cr_assert_eq((strlen(address) - strlen(head)) % 4, 0);
	for (const char *s = address + strlen(head); digit(*s) >= 0; s++) {
		group = group << 6 | (unsigned)digit(*s);
		bits += 6;
		if (bits >= 8)
			bytes[count++] = (unsigned char)(group >> (bits -= 8));
	}
	png_image png = {.version = PNG_IMAGE_VERSION};
	cr_assert(png_image_begin_read_from_memory(&png, bytes, count), "%s", png.message);
	x->width = (int)png.width;
	x->height = (int)png.height;
	x->channels = png.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1;
	png.format = x->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
	cr_assert(png_image_finish_read(&png, NULL, x->pixel, 0, NULL), "%s", png.message);
}

Test(page, pictures_come_back)
{
	static float value[3 * 70 * 65];
	static nn_picture x, y;
	nn_error e = {0};
	/* Sizes around a group of three bytes, and larger than a picture may be. */
	static const int shape[][3] = {{1, 1, 1},   {1, 2, 3},   {3, 5, 4}, {1, 28, 28},
	                               {3, 64, 64}, {1, 70, 65}, {2, 4, 4}};
	for (size_t k = 0; k < sizeof shape / sizeof *shape; k++) {
		int channels = shape[k][0], height = shape[k][1], width = shape[k][2];
		nn_text t = {0};
		for (int i = 0; i < channels * height * width; i++)
			value[i] = (float)(i * 37 % 256) / 255;
		nn_picture_values(&x, value, channels, height, width);
		cr_assert(nn_picture_address(&t, &x, &e), "%s", e.text);
		read_back(t.at, &y);
		cr_assert(y.width == x.width && y.height == x.height && y.channels == x.channels);
		size_t count = (size_t)x.width * (size_t)x.height * (size_t)x.channels;
		cr_assert_eq(memcmp(x.pixel, y.pixel, count), 0, "shape %zu", k);
		if (height <= NN_PICTURE_SIDE)
			cr_assert_eq(x.pixel[(size_t)x.channels * (size_t)(width - 1)],
			             (width - 1) * 37 % 256);
		nn_text_free(&t);
	}
	/* Shrunk by two: means of four pixels; the last row and column of fewer. */
	for (int i = 0; i < 70 * 65; i++)
		value[i] = (float)(i / 65 % 2 + i % 65 % 2) / 2;
	nn_picture_values(&x, value, 1, 70, 65);
	cr_assert(x.height == 35 && x.width == 33);
	cr_assert(x.pixel[0] == 128 && x.pixel[32] == 64);
	/* Colours of signs: white, orange, blue; out of range stays in range. */
	static const float sign[4] = {0, 2, -1, -7};
	nn_picture_signed(&x, sign, 2, 2, 2);
	cr_assert(x.pixel[0] == 255 && x.pixel[1] == 255 && x.pixel[2] == 255);
	cr_assert(x.pixel[3] > 200 && x.pixel[5] < 10);
	cr_assert(x.pixel[6] > 120 && x.pixel[8] > 190 && x.pixel[9] < 10 && x.pixel[11] > 130);
}

static char *read_text(const char *path)
{
	static char text[1 << 17];
	text[toy_read(path, text, sizeof text - 1)] = 0;
	return text;
}

Test(page, charts_hold_their_numbers)
{
	nn_page p;
	nn_error e = {0};
	static const double falling[] = {2, 1, NAN, 0.5}, flat[] = {1, 1, 1, 1};
	const nn_curve curve[] = {{"one", "train", falling}, {"two", "val", flat}};
	cr_assert(nn_page_open(&p, "page.html", "a <title>", &e), "%s", e.text);
	nn_chart_curves(&p, "Curves", curve, 2, 4, 3, false);
	nn_chart_curves(&p, "One epoch", curve, 2, 1, 1, true);
	const nn_bar bar[] = {{"a", "train", 0.25, NAN, NAN},
	                      {"b", "val", NAN, NAN, NAN},
	                      {"c", "val", 0.5, 0.4, 0.6}};
	nn_chart_bars(&p, "Bars", bar, 3);
	static const double right[2] = {NAN, 0.75};
	static const int64_t count[2] = {0, 9};
	nn_chart_calibration(&p, right, count, 2);
	cr_assert(nn_page_close(&p), "%s", e.text);
	const char *text = read_text("page.html");
	static const char *const wanted[] = {"<title>a &lt;title&gt;</title>",
	                                     "aria-label=\"Curves\"",
	                                     "one, epoch 2: 1<",
	                                     "best epoch, 3",
	                                     "aria-label=\"One epoch\"",
	                                     "200 %</text>",
	                                     ">25.0 %<",
	                                     ">50.0 %<",
	                                     "9 images, 75.0 % right"};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		cr_assert(strstr(text, wanted[i]), "%s is missing in %s", wanted[i], text);
	cr_assert(!strstr(text, "nan") && !strstr(text, "inf\""), "%s", text);
	/* A gap in a curve is a gap. */
	cr_assert(strstr(text, "one, epoch 4: 0.5") && !strstr(text, "one, epoch 3"));
}

Test(page, a_failure_leaves_what_was_there)
{
	nn_page p;
	nn_error e = {0};
	toy_write("page.html", "before", 6);
	cr_assert(nn_page_open(&p, "page.html", "x", &e));
	nn_fail(p.error, 74, "a disk that is full");
	nn_text_add(&p.text, "half");
	cr_assert(!nn_page_close(&p));
	cr_assert_str_eq(read_text("page.html"), "before");
	cr_assert_eq(system("test \"$(ls -A)\" = page.html"), 0);
	e = (nn_error){0};
	cr_assert(!nn_page_open(&p, "none/page.html", "x", &e) && e.code == 74);
}
