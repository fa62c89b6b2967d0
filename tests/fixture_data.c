/* fixture_data.c: the toy network on data of any format, and files for it. See fixture_data.h. */
#include "fixture_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

enum { MODELS = 8, SETTINGS = 32, SOURCES = 3 };

static nn_model model[MODELS];
static nn_setting setting[MODELS][SETTINGS];
static nn_source source[MODELS][SOURCES];
static int next;

nn_model *data_model(const char *format, nn_source training)
{
	int i = next++ % MODELS;
	nn_model *m = &model[i];
	*m = nn_network;
	memset(setting[i], 0, sizeof setting[i]);
	memcpy(setting[i], nn_network.setting, (size_t)nn_network.settings * sizeof **setting);
	m->setting = setting[i];
	m->source = source[i];
	m->sources = 0;
	training.split = "training";
	data_source(m, training);
	data_set(m, "format", format);
	data_set(m, "validation", "0");
	return m;
}

void data_set(nn_model *m, const char *name, const char *value)
{
	nn_setting *s = setting[m - model];
	int k = 0;
	while (k < m->settings && (strcmp(s[k].element, "data") || strcmp(s[k].name, name)))
		k++;
	if (k == m->settings)
		m->settings++;
	s[k] = (nn_setting){"data", name, value};
}

void data_source(nn_model *m, nn_source added)
{
	source[m - model][m->sources++] = added;
}

const char *data_open(const nn_model *m, unsigned parts, nn_data *d, int *code)
{
	static nn_error e;
	static nn_settings s;
	static nn_data unused;
	static nn_meaning meaning;
	nn_data *to = d ? d : &unused;
	e = (nn_error){0};
	nn_meaning_close(&meaning);
	if (nn_meaning_open(&meaning, m, &e) && nn_settings_open(&s, m, NULL, 0, &e))
		nn_data_open(to, &s, &meaning, NULL, parts, &e);
	*code = e.code;
	if (!d || e.code)
		nn_data_close(to);
	return e.code ? e.text : "";
}

size_t npy_make(unsigned char *to, const char *type, const char *shape, const void *bytes,
                size_t size)
{
	char header[256];
	int len = snprintf(header, sizeof header,
	                   "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
	int whole = (10 + len + 1 + 63) / 64 * 64 - 10;
	memcpy(to, (const char[8]){"\x93NUMPY\1"}, 8);
	to[8] = (unsigned char)whole;
	to[9] = (unsigned char)(whole >> 8);
	memset(to + 10, ' ', (size_t)whole);
	for (int i = 0; i < len; i++)
		to[10 + i] = (unsigned char)header[i];
	to[10 + whole - 1] = '\n';
	memcpy(to + 10 + whole, bytes, size);
	return 10 + (size_t)whole + size;
}

void png_write(const char *path, const unsigned char *pixel, int height, int width, int channels)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	image.width = (unsigned)width;
	image.height = (unsigned)height;
	image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
	if (!png_image_write_to_file(&image, path, 0, pixel, 0, NULL))
		abort();
}

void jpeg_write(const char *path, const unsigned char *pixel, int height, int width, int channels)
{
	struct jpeg_compress_struct info;
	struct jpeg_error_mgr error;
	FILE *f = fopen(path, "wb");
	if (!f)
		abort();
	info.err = jpeg_std_error(&error);
	jpeg_create_compress(&info);
	jpeg_stdio_dest(&info, f);
	info.image_width = (unsigned)width;
	info.image_height = (unsigned)height;
	info.input_components = channels;
	info.in_color_space = channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
	jpeg_set_defaults(&info);
	jpeg_set_quality(&info, 95, TRUE);
	jpeg_start_compress(&info, TRUE);
	while (info.next_scanline < info.image_height) {
		JSAMPROW row = (JSAMPROW)pixel +
		               (size_t)info.next_scanline * (size_t)width * (size_t)channels;
		jpeg_write_scanlines(&info, &row, 1);
	}
	jpeg_finish_compress(&info);
	jpeg_destroy_compress(&info);
	fclose(f);
}
