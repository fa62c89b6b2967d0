/* compare.c: do two safetensors files hold the same numbers?
 *
 *     compare EXPECTED FOUND TOLERANCE [NAME...]
 *
 * Two tensors agree when |found - expected| / |expected| <= TOLERANCE in the Euclidean norm; where
 * expected is all zeros, found must be too. With names, only those tensors are compared; without,
 * both files must hold the same set. Numbers may be F32, F64 or I64 on either side.
 *
 * Out: one line with the worst tensor (or every tensor that is missing, has another shape or is too
 * far off), and exit 0 when all agree, 1 when not, 2 when a file cannot be read. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

typedef struct File {
	const char *path;
	unsigned char *byte; /* the whole file                                              */
	size_t data, size;   /* bytes: where the numbers begin, where the file ends         */
	cJSON *header;       /* name -> dtype, shape, data_offsets                          */
} File;

typedef struct Tensor {
	const char *dtype;
	const cJSON *shape;
	const unsigned char *byte; /* its numbers, little-endian                                  */
	size_t count, width;       /* numbers, and bytes of one                                   */
} Tensor;

static void die(const char *path, const char *what)
{
	fprintf(stderr, "compare: %s: %s\n", path, what);
	exit(2);
}

static File read_file(const char *path)
{
	File f = {.path = path};
	FILE *in = fopen(path, "rb");
	if (!in)
		die(path, strerror(errno));
	long size = fseek(in, 0, SEEK_END) ? -1 : ftell(in);
	if (size < 8 || fseek(in, 0, SEEK_SET))
		die(path, "shorter than the 8 bytes that open a safetensors file");
	f.size = (size_t)size;
	f.byte = malloc(f.size);
	if (!f.byte || fread(f.byte, 1, f.size, in) != f.size)
		die(path, "cannot be read to its end");
	fclose(in);
	uint64_t length = 0;
	for (int i = 7; i >= 0; i--)
		length = length << 8 | f.byte[i];
	if (length > f.size - 8)
		die(path, "its header reaches past its end");
	f.data = 8 + (size_t)length;
	f.header = cJSON_ParseWithLength((const char *)f.byte + 8, (size_t)length);
	if (!cJSON_IsObject(f.header))
		die(path, "its header is not a JSON object");
	return f;
}

static size_t width_of(const char *dtype)
{
	if (strcmp(dtype, "F32") == 0)
		return 4;
	return strcmp(dtype, "F64") == 0 || strcmp(dtype, "I64") == 0 ? 8 : 0;
}

/* The tensor of this entry of a header; an entry that contradicts itself or the file ends us. */
static Tensor tensor_of(const File *f, const cJSON *entry)
{
	const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(entry, "dtype");
	const cJSON *span = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
	Tensor t = {.shape = cJSON_GetObjectItemCaseSensitive(entry, "shape"), .count = 1};
	if (!cJSON_IsString(dtype) || !cJSON_IsArray(t.shape) || cJSON_GetArraySize(span) != 2)
		die(f->path, "a tensor lacks dtype, shape or data_offsets");
	t.dtype = dtype->valuestring;
	t.width = width_of(t.dtype);
	const cJSON *dim;
	cJSON_ArrayForEach(dim, t.shape)
		t.count *= (size_t)dim->valuedouble;
	double begin = cJSON_GetArrayItem(span, 0)->valuedouble;
	double end = cJSON_GetArrayItem(span, 1)->valuedouble;
	if (t.width == 0 || begin < 0 || end > (double)(f->size - f->data) ||
	    end - begin != (double)t.count * (double)t.width)
		die(f->path, "a tensor's data_offsets do not fit its dtype and shape, or the file");
	t.byte = f->byte + f->data + (size_t)begin;
	return t;
}

static double number(const Tensor *t, size_t i)
{
	const unsigned char *at = t->byte + i * t->width;
	float f32;
	double f64;
	int64_t i64;
	if (t->width == 4) {
		memcpy(&f32, at, 4);
		return (double)f32;
	}
	if (t->dtype[0] == 'I') {
		memcpy(&i64, at, 8);
		return (double)i64;
	}
	memcpy(&f64, at, 8);
	return f64;
}

/* |found - expected| / |expected|; not finite when a number is not, or expected is 0, found not. */
static double distance(const Tensor *expected, const Tensor *found)
{
	double error = 0, norm = 0;
	for (size_t i = 0; i < expected->count; i++) {
		double e = number(expected, i), d = number(found, i) - e;
		error += d * d;
		norm += e * e;
	}
	return error == 0 ? 0 : sqrt(error / norm);
}

static bool wanted(const char *name, char **names)
{
	if (strcmp(name, "__metadata__") == 0)
		return false;
	bool all = !*names;
	for (; *names; names++)
		all |= strcmp(name, *names) == 0;
	return all;
}

/* Prints each tensor of `a` that `b` lacks; returns how many. */
static int missing(const File *a, const File *b, char **names)
{
	int count = 0;
	const cJSON *entry;
	cJSON_ArrayForEach(entry, a->header) {
		if (!wanted(entry->string, names) ||
		    cJSON_GetObjectItemCaseSensitive(b->header, entry->string))
			continue;
		printf("%s is in %s but missing from %s\n", entry->string, a->path, b->path);
		count++;
	}
	return count;
}

/* Compares what both hold; prints every tensor that is off, or else the worst; returns how many
 * are off. */
static int compare(const File *expected, const File *found, double tolerance, char **names)
{
	int off = 0, count = 0;
	double worst = -1;
	const char *where = "";
	const cJSON *entry;
	cJSON_ArrayForEach(entry, expected->header) {
		const cJSON *other = cJSON_GetObjectItemCaseSensitive(found->header, entry->string);
		if (!wanted(entry->string, names) || !other)
			continue;
		Tensor e = tensor_of(expected, entry), f = tensor_of(found, other);
		count++;
		if (!cJSON_Compare(e.shape, f.shape, true)) {
			printf("%s: expected shape %s, found %s\n", entry->string,
			       cJSON_PrintUnformatted(e.shape), cJSON_PrintUnformatted(f.shape));
			off++;
			continue;
		}
		double d = distance(&e, &f);
		if (!(d <= tolerance)) {
			printf("%s: relative error %.2e, allowed %.0e\n", entry->string, d,
			       tolerance);
			off++;
		} else if (d > worst) {
			worst = d;
			where = entry->string;
		}
	}
	if (count == 0)
		printf("nothing to compare\n");
	else if (off == 0)
		printf("%d tensors agree; the worst is %s: relative error %.2e\n", count, where,
		       worst);
	return count == 0 ? 1 : off;
}

int main(int argc, char **argv)
{
	char *rest = NULL;
	double tolerance = argc < 4 ? 0 : strtod(argv[3], &rest);
	if (argc < 4 || *rest || !(tolerance >= 0)) {
		fprintf(stderr, "usage: compare EXPECTED FOUND TOLERANCE [NAME...]\n");
		return 2;
	}
	File expected = read_file(argv[1]), found = read_file(argv[2]);
	char **names = argv + 4;
	int off = missing(&expected, &found, names) + missing(&found, &expected, names);
	off += compare(&expected, &found, tolerance, names);
	return off ? 1 : 0;
}
