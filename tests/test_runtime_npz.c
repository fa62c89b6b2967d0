/* Weights for NumPy: the archive read back by its directory, against the safetensors of the run. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../runtime/file/safetensors.h"
#include "fixture.h"

TestSuite(npz, .init = toy_enter, .fini = toy_leave);

static unsigned char bytes[1 << 16];

static unsigned long get(const unsigned char *p, int count)
{
	unsigned long value = 0;
	for (int i = count; i-- > 0;)
		value = value << 8 | p[i];
	return value;
}

/* The member that the directory's entry p names: its bytes at *data; *size of them. */
static void open_member(const unsigned char *p, const unsigned char **data, size_t *size)
{
	const unsigned char *local = bytes + get(p + 42, 4);
	cr_assert(get(p, 4) == 0x02014b50 && get(local, 4) == 0x04034b50);
	cr_assert(get(p + 10, 2) == 0 && get(local + 8, 2) == 0, "stored");
	cr_assert_eq(memcmp(p + 6, local + 4, 26), 0, "both headers say the same");
	*size = get(p + 24, 4);
	*data = local + 30 + get(local + 26, 2) + get(local + 28, 2);
	cr_assert_eq(get(p + 20, 4), *size);
	cr_assert_eq(memcmp(p + 46, local + 30, get(p + 28, 2)), 0, "names");
	cr_assert_eq(crc32(0, *data, (uInt)*size), get(p + 16, 4));
}

static void same_tensor(nn_safetensors *s, const char *name, const unsigned char *data, size_t size)
{
	const nn_st_tensor *t = nn_safetensors_find(s, name);
	char shape[128] = "'shape': (", text[256] = "";
	cr_assert(t, "%s", name);
	for (int d = 0; d < t->rank; d++)
		snprintf(shape + strlen(shape), 16, d ? " %lld," : "%lld,", (long long)t->dim[d]);
	strncat(shape, "), }", sizeof shape - strlen(shape) - 1);
	size_t head = 10 + get(data + 8, 2);
	cr_assert(!memcmp(data, "\x93NUMPY\1\0", 8) && head % 64 == 0 && head <= sizeof text);
	memcpy(text, data + 10, head - 10);
	cr_assert(strstr(text, "{'descr': '<f4', 'fortran_order': False, ") == text, "%s", text);
	cr_assert(strstr(text, shape) && text[head - 11] == '\n', "%s, not %s", text, shape);
	nn_error e = {0};
	const char *values = nn_safetensors_data(s, t, &e);
	cr_assert(values && size == head + t->bytes && !memcmp(data + head, values, t->bytes), "%s",
	          name);
}

Test(npz, holds_the_weights)
{
	nn_safetensors s;
	nn_error e = {0};
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", NULL), 0, "%s", toy_output);
	cr_assert_eq(toy_run(&nn_network, "export", "--out", "r", "--npz", "w.npz", NULL), 0, "%s",
	             toy_output);
	cr_assert(nn_safetensors_read(&s, "r/best.safetensors", 76, &e), "%s", e.text);
	size_t count = toy_read("w.npz", bytes, sizeof bytes);
	const unsigned char *end = bytes + count - 22, *p = bytes + get(end + 16, 4);
	cr_assert(count > 22 && get(end, 4) == 0x06054b50);
	cr_assert_eq(get(end + 8, 2), s.tensors);
	for (size_t i = 0; i < s.tensors; i++) {
		const unsigned char *data;
		char name[256] = "";
		size_t size;
		open_member(p, &data, &size);
		memcpy(name, p + 46, get(p + 28, 2));
		char *dot = strrchr(name, '.');
		cr_assert(dot && !strcmp(dot, ".npy"), "%s", name);
		*dot = 0;
		same_tensor(&s, name, data, size);
		p += 46 + get(p + 28, 2);
	}
	cr_assert_eq(p, end);
	nn_safetensors_free(&s);
	/* The same weights give the same bytes; both forms at once; none of them is a mistake. */
	cr_assert_eq(toy_run(&nn_network, "export", "--out", "r", "--npz", "v.npz", "--safetensors",
	                     "v.safetensors", NULL),
	             0, "%s", toy_output);
	cr_assert_str_eq(toy_hash("w.npz"), toy_hash("v.npz"));
	cr_assert_str_eq(toy_hash("v.safetensors"), toy_hash("r/best.safetensors"));
	cr_assert_eq(toy_run(&nn_network, "export", "--out", "r", NULL), 2);
	cr_assert_eq(toy_run(&nn_network, "export", "--out", "r", "--npz", "no/w.npz", NULL), 74);
}
