/* events.c: files of numbers that TensorBoard shows.
 *
 *     file      records: length (8 bytes), its checksum (4), the event, its checksum (4)
 *     checksum  CRC-32C, rotated by 15 bits, plus a constant: a CRC of data that hold CRCs is weak
 *     event     protocol buffer: 1 wall_time double, 2 step varint, 3 version string, 5 summary
 *     summary   1 value, repeated: 1 tag string, 2 simple_value float
 *
 * Everything little-endian. (tensorflow/core/lib/io/record_writer, util/event.proto and
 * framework/summary.proto describe it.) There is one file a run; a resumed run cuts what was
 * written after its state, as it does with the other logs. */
#include "events.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../file/io.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5, HEAD = 12, TAIL = 4 };

/* Castagnoli's polynomial, reflected. */
static uint32_t crc32c(const char *bytes, size_t count)
{
	uint32_t crc = ~0u;
	for (size_t i = 0; i < count; i++) {
		crc ^= (unsigned char)bytes[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0x82f63b78u & -(crc & 1));
	}
	return ~crc;
}

static uint32_t masked(const char *bytes, size_t count)
{
	uint32_t crc = crc32c(bytes, count);
	return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/* The lowest byte first; there may be more bytes than the value has. */
static void add_whole(nn_text *t, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++, value >>= 8)
		nn_text_add(t, "%c", (int)(value & 255));
}

static void add_varint(nn_text *t, uint64_t value)
{
	for (; value > 127; value >>= 7)
		nn_text_add(t, "%c", (int)(value & 127) | 128);
	nn_text_add(t, "%c", (int)value);
}

static void add_key(nn_text *t, int field, int type)
{
	add_varint(t, (uint64_t)(field << 3 | type));
}

static void add_double(nn_text *t, int field, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	add_key(t, field, FIXED64);
	add_whole(t, bits, 8);
}

static void add_string(nn_text *t, int field, const char *string)
{
	add_key(t, field, BYTES);
	add_varint(t, strlen(string));
	nn_text_add(t, "%s", string);
}

/* Bytes of one value of a summary, its key and length left out: both are one byte. */
static size_t value_bytes(const char *tag)
{
	return 2 + strlen(tag) + 5;
}

static void add_summary(nn_text *t, const char *const *tag, const double *value, int count)
{
	size_t bytes = 0;
	for (int i = 0; i < count; i++)
		bytes += isfinite(value[i]) ? 2 + value_bytes(tag[i]) : 0;
	add_key(t, 5, BYTES);
	add_varint(t, bytes);
	for (int i = 0; i < count; i++) {
		float f = (float)value[i];
		uint32_t bits;
		if (!isfinite(value[i]))
			continue;
		memcpy(&bits, &f, sizeof bits);
		add_key(t, 1, BYTES);
		add_varint(t, value_bytes(tag[i]));
		add_string(t, 1, tag[i]);
		add_key(t, 2, FIXED32);
		add_whole(t, bits, 4);
	}
}

/* Starts a record in v->text; finish writes what was added since then. */
static void start(nn_events *v, double seconds)
{
	nn_text_clear(&v->text);
	add_whole(&v->text, 0, HEAD);
	add_double(&v->text, 1, seconds);
}

static bool finish(nn_events *v, bool first, nn_error *e)
{
	nn_text *t = &v->text;
	uint64_t length = t->len - HEAD;
	if (!t->failed)
		add_whole(t, masked(t->at + HEAD, t->len - HEAD), TAIL);
	if (t->failed)
		return nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the log");
	for (int i = 0; i < 8; i++)
		t->at[i] = (char)(length >> 8 * i);
	uint32_t check = masked(t->at, 8);
	for (int i = 0; i < 4; i++)
		t->at[8 + i] = (char)(check >> 8 * i);
	return first ? nn_write_file(v->path, t->at, t->len, e)
	             : nn_append_file(v->path, t->at, t->len, e);
}

static uint64_t get_whole(const char *bytes, int count)
{
	uint64_t value = 0;
	for (int i = 0; i < count; i++)
		value |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
	return value;
}

/* The step of an event that this file has written: its second field, or 0. */
static int64_t step_of(const char *event, uint64_t length)
{
	uint64_t step = 0;
	if (length < 10 || event[9] != (2 << 3 | VARINT))
		return 0;
	for (uint64_t i = 10; i < length && i < 19; i++) {
		step |= (uint64_t)(event[i] & 127) << 7 * (i - 10);
		if (!(event[i] & 128))
			break;
	}
	return (int64_t)step;
}

/* Where the first record begins that is damaged or belongs to a later step. */
static size_t keep_until(const char *bytes, size_t count, int64_t step)
{
	size_t at = 0;
	while (count - at >= HEAD + TAIL) {
		uint64_t length = get_whole(bytes + at, 8);
		const char *event = bytes + at + HEAD;
		if (get_whole(bytes + at + 8, 4) != masked(bytes + at, 8) ||
		    length > count - at - HEAD - TAIL ||
		    get_whole(event + length, 4) != masked(event, length) ||
		    step_of(event, length) > step)
			break;
		at += HEAD + length + TAIL;
	}
	return at;
}

bool nn_events_open(nn_events *v, int64_t step, nn_error *e)
{
	if (!v->path[0])
		return true;
	nn_text_reserve(&v->text, 1024);
	if (step >= 0 && nn_exists(v->path)) {
		char *bytes;
		size_t count;
		if (!nn_read_file(v->path, (size_t)1 << 30, &bytes, &count, e))
			return false;
		size_t keep = keep_until(bytes, count, step);
		free(bytes);
		if (keep)
			return nn_cut_file(v->path, keep, e);
	}
	start(v, 0);
	add_string(&v->text, 3, "brain.Event:2");
	return finish(v, true, e);
}

bool nn_events_add(nn_events *v, int64_t step, double seconds, const char *const *tag,
                   const double *value, int count, nn_error *e)
{
	if (!v->path[0])
		return true;
	start(v, seconds);
	add_key(&v->text, 2, VARINT);
	add_varint(&v->text, (uint64_t)step);
	add_summary(&v->text, tag, value, count);
	return finish(v, false, e);
}

void nn_events_close(nn_events *v)
{
	nn_text_free(&v->text);
}
