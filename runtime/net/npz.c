/* npz.c: weights for NumPy.
 *
 *     file    a zip archive, its members stored: for each tensor a header, NAME.npy, and at the end
 *             the directory: each header again with its place, then a record with their number
 *     npy     "\x93NUMPY" 1 0, length of the text, "{'descr': '<f4', 'fortran_order': False,
 *             'shape': (6, 1, 5, 5), }" filled with blanks to a multiple of 64, then the values
 *
 * (PKWARE's APPNOTE 6.3.3, sections 4.3 to 4.5; numpy.lib.format, version 1.0.) Weights hardly
 * compress, so nothing is deflated, and a reader may map the file. Dates are the earliest there
 * are: the same weights give the same bytes. */
#include "npz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../file/io.h"
#include "tensor.h"

enum { STORED = 20, LOCAL = 0x04034b50, ENTRY = 0x02014b50, END = 0x06054b50, EARLIEST = 0x21 };

typedef struct npz {
	nn_file file;      /* the archive                             */
	nn_text directory; /* what stands at its end                  */
	uint64_t at;       /* bytes written                           */
	int members;       /* so far                                  */
	char *value;       /* room for the largest tensor             */
	nn_error *error;   /* first failure                           */
} npz;

/* CRC-32 (ISO 3309), of bytes that follow those of `crc`. */
static uint32_t crc32_more(uint32_t crc, const char *bytes, size_t count)
{
	crc = ~crc;
	for (size_t i = 0; i < count; i++) {
		crc ^= (unsigned char)bytes[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
	}
	return ~crc;
}

static void put(nn_text *t, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		nn_text_add(t, "%c", (int)(value >> 8 * i & 255));
}

static bool write_out(npz *z, const void *bytes, size_t count)
{
	z->at += count;
	if (z->at > UINT32_MAX)
		return nn_fail(z->error, NN_EXIT_DATA,
		               "%s: weights of 4 GiB and more do not fit; export --safetensors",
		               z->file.path);
	return nn_file_write(&z->file, bytes, count, z->error);
}

/* What a header in the directory has in common with the one before the member. */
static void describe(nn_text *t, const char *name, uint32_t crc, size_t size)
{
	put(t, STORED, 2);
	put(t, 0, 2); /* flags                  */
	put(t, 0, 2); /* method: stored         */
	put(t, 0, 2); /* time                   */
	put(t, EARLIEST, 2);
	put(t, crc, 4);
	put(t, size, 4);
	put(t, size, 4);
	put(t, strlen(name) + 4, 2);
	put(t, 0, 2); /* no extra field         */
}

static void npy_head(nn_text *t, const nn_tensor *from, int size)
{
	enum { PREFIX = 10, MULTIPLE = 64 };
	nn_text text = {0};
	nn_text_add(&text, "{'descr': '<f%d', 'fortran_order': False, 'shape': (", size);
	for (int d = 0; d < from->rank; d++)
		nn_text_add(&text, d ? " %lld," : "%lld,", (long long)from->dim[d]);
	nn_text_add(&text, "), }");
	while (!text.failed && (PREFIX + text.len + 1) % MULTIPLE)
		nn_text_add(&text, " ");
	nn_text_add(&text, "\n");
	nn_text_add(t, "\x93NUMPY%c%c", 1, 0);
	put(t, text.len, 2);
	nn_text_add(t, "%s", text.failed ? "" : text.at);
	t->failed = t->failed || text.failed;
	nn_text_free(&text);
}

static bool write_member(npz *z, const nn_net *net, const nn_tensor *t)
{
	int size = net->program->real_size;
	size_t bytes = (size_t)nn_tensor_count(t, 0) * (size_t)size;
	nn_text npy = {0}, head = {0};
	nn_tensor_get(net->program, t, net->arena, 0, size == 8 ? NN_F64 : NN_F32, z->value);
	npy_head(&npy, t, size);
	bool ok = !npy.failed;
	if (ok) {
		uint32_t crc = crc32_more(0, npy.at, npy.len);
		crc = crc32_more(crc, z->value, bytes);
		put(&head, LOCAL, 4);
		describe(&head, t->name, crc, npy.len + bytes);
		nn_text_add(&head, "%s.npy", t->name);
		put(&z->directory, ENTRY, 4);
		put(&z->directory, STORED, 2);
		describe(&z->directory, t->name, crc, npy.len + bytes);
		put(&z->directory, 0, 6); /* no comment, disk 0, text or not */
		put(&z->directory, 0, 4); /* attributes of the file          */
		put(&z->directory, z->at, 4);
		nn_text_add(&z->directory, "%s.npy", t->name);
		z->members++;
	}
	ok = ok && !head.failed && !z->directory.failed;
	if (!ok)
		nn_fail(z->error, NN_EXIT_MEMORY, "not enough memory to export");
	ok = ok && write_out(z, head.at, head.len) && write_out(z, npy.at, npy.len) &&
	     write_out(z, z->value, bytes);
	nn_text_free(&npy);
	nn_text_free(&head);
	return ok;
}

static bool write_end(npz *z)
{
	nn_text t = {0};
	put(&t, END, 4);
	put(&t, 0, 4); /* disks */
	put(&t, (uint64_t)z->members, 2);
	put(&t, (uint64_t)z->members, 2);
	put(&t, z->directory.len, 4);
	put(&t, z->at, 4);
	put(&t, 0, 2); /* no comment */
	bool ok = !t.failed || nn_fail(z->error, NN_EXIT_MEMORY, "not enough memory to export");
	ok = ok && write_out(z, z->directory.at, z->directory.len) && write_out(z, t.at, t.len);
	nn_text_free(&t);
	return ok;
}

static bool is_weight(const nn_tensor *t)
{
	return t->kind == NN_PARAM || t->kind == NN_FROZEN || t->kind == NN_RUNNING;
}

bool nn_npz_write(const nn_net *net, const char *path, nn_error *e)
{
	const nn_program *p = net->program;
	npz z = {.file.fd = -1, .error = e};
	size_t most = 0, weights = 0;
	for (int i = 0; i < p->tensors; i++)
		if (is_weight(&p->tensor[i])) {
			size_t count = (size_t)nn_tensor_count(&p->tensor[i], 0);
			most = count > most ? count : most;
			weights++;
		}
	if (weights > UINT16_MAX)
		return nn_fail(e, NN_EXIT_DATA, "%s: more than 65535 tensors do not fit", path);
	z.value = nn_alloc(most + 1, (size_t)p->real_size, "a tensor", e);
	bool ok = z.value && nn_file_create(&z.file, path, e);
	for (int i = 0; ok && i < p->tensors; i++)
		if (is_weight(&p->tensor[i]))
			ok = write_member(&z, net, &p->tensor[i]);
	ok = ok && write_end(&z) && nn_file_commit(&z.file, NULL, e);
	if (!ok)
		nn_file_abandon(&z.file);
	nn_text_free(&z.directory);
	free(z.value);
	return ok;
}
