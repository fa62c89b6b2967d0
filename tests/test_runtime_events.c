/* TensorBoard's event files, read back by a decoder that shares nothing with the writer. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/run/log.h"
#include "fixture.h"

TestSuite(events, .init = toy_enter, .fini = toy_leave);

enum { ROOM = 1 << 16, MOST = 32, TAGS = 16 };

typedef struct event {
	double time;        /* seconds since 1970   */
	uint64_t step;      /* of the optimizer     */
	char version[32];   /* of the file          */
	char tag[TAGS][32]; /* names of the numbers */
	double value[TAGS]; /* the numbers          */
	int values;         /* how many             */
} event;

static event found[MOST];

/* CRC-32C by table, most significant bit first on mirrored bytes. */
static uint32_t crc32c(const unsigned char *p, size_t n)
{
	uint32_t table[256], crc = 0xffffffff;
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;
		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1;
		table[i] = c;
	}
	while (n--)
		crc = table[(crc ^ *p++) & 255] ^ crc >> 8;
	return crc ^ 0xffffffff;
}

static uint32_t le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool good(const unsigned char *p, size_t n)
{
	uint32_t crc = crc32c(p, n);
	return le32(p + n) == (crc >> 15 | crc << 17) + 0xa282ead8;
}

static uint64_t varint(const unsigned char **p)
{
	uint64_t value = 0;
	for (int shift = 0;; shift += 7) {
		value |= (uint64_t)(**p & 127) << shift;
		if (!(*(*p)++ & 128))
			return value;
	}
}

/* The fields of an event, a summary or one value of it. */
static void decode(event *x, const unsigned char *p, const unsigned char *end, int level)
{
	while (p < end) {
		uint64_t key = varint(&p), len = key % 8 == 2 ? varint(&p) : 0;
		cr_assert(p + len <= end);
		float f;
		if (level == 0 && key == (1 << 3 | 1)) {
			memcpy(&x->time, p, 8);
			p += 8;
		} else if (level == 0 && key == (2 << 3 | 0)) {
			x->step = varint(&p);
		} else if (level == 0 && key == (3 << 3 | 2)) {
			memcpy(x->version, p, len);
		} else if (level == 0 && key == (5 << 3 | 2)) {
			decode(x, p, p + len, 1);
		} else if (level == 1 && key == (1 << 3 | 2)) {
			decode(x, p, p + len, 2);
			x->values++;
		} else if (level == 2 && key == (1 << 3 | 2)) {
			memcpy(x->tag[x->values], p, len);
		} else if (level == 2 && key == (2 << 3 | 5)) {
			memcpy(&f, p, 4);
			x->value[x->values] = (double)f;
			p += 4;
		} else {
			cr_assert_fail("level %d: key %d", level, (int)key);
		}
		p += len;
	}
	cr_assert_eq(p, end);
}

/* Decodes a run's file; the number of events. */
static int read_events(const char *path)
{
	static unsigned char bytes[ROOM];
	size_t count = toy_read(path, bytes, sizeof bytes), at = 0;
	int events = 0;
	memset(found, 0, sizeof found);
	while (at < count && events < MOST) {
		size_t len = le32(bytes + at);
		cr_assert(good(bytes + at, 8) && good(bytes + at + 12, len), "at %zu", at);
		decode(&found[events++], bytes + at + 12, bytes + at + 12 + len, 0);
		at += 12 + len + 4;
	}
	cr_assert_eq(at, count);
	return events;
}

static double value_of(const event *x, const char *tag)
{
	for (int i = 0; i < x->values; i++)
		if (!strcmp(x->tag[i], tag))
			return x->value[i];
	return NAN;
}

static void same_as_log(const char *out)
{
	nn_error e = {0};
	nn_record *r;
	int64_t records;
	char path[128];
	snprintf(path, sizeof path, "%s/events.out.tfevents.nncc", out);
	cr_assert(nn_log_read(out, &r, &records, &e), "%s", e.text);
	cr_assert_eq(read_events(path), records + 1);
	cr_assert_str_eq(found[0].version, "brain.Event:2");
	for (int64_t i = 0; i < records; i++) {
		const event *x = &found[i + 1];
		cr_assert_eq((int64_t)x->step, r[i].step);
		cr_assert_eq(x->values, 7);
		cr_assert(x->time > 1.6e9 && x->time < 1e10);
		cr_assert(fabs(value_of(x, "loss/training") / r[i].loss - 1) < 1e-6);
		cr_assert(fabs(value_of(x, "loss/validation") / r[i].val_loss - 1) < 1e-6);
		cr_assert(fabs(value_of(x, "accuracy/validation") - r[i].val_accuracy) < 1e-6);
		cr_assert(fabs(value_of(x, "learning_rate") / r[i].lr - 1) < 1e-6);
	}
	free(r);
}

Test(events, checksum)
{
	/* The check value of CRC-32C in every catalogue. */
	cr_assert_eq(crc32c((const unsigned char *)"123456789", 9), 0xe3069283);
}

Test(events, hold_what_the_log_holds)
{
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "--log", "tensorboard,csv", "-q", NULL), 0,
	             "%s", toy_output);
	same_as_log("r");
	cr_assert_eq(toy_run(&nn_network, "--out", "j", "--log=jsonl,tensorboard", "-q", NULL), 0,
	             "%s", toy_output);
	same_as_log("j");
	cr_assert_eq(toy_run(&nn_network, "--log", "csv,tensorbord", NULL), 2);
	cr_assert(strstr(toy_output, "csv, jsonl and tensorboard, found 'tensorbord'"));
}

/* Stopped in the third epoch and resumed, as if the machine had died while a record was written;
 * then resumed from the state before the last epoch, whose record must go. */
Test(events, resume)
{
	static unsigned char bytes[ROOM];
	const char *path = "r/events.out.tfevents.nncc", *list = "--log=csv,tensorboard";
	toy_data(50);
	toy_signal = SIGTERM;
	toy_signal_step = 12;
	cr_assert_eq(toy_run(&nn_network, "--out", "r", list, NULL), 128 + SIGTERM);
	cr_assert_eq(read_events(path), 3);
	size_t count = toy_read(path, bytes, sizeof bytes / 2);
	memmove(bytes + count, bytes, 20);
	toy_write(path, bytes, count + 20);
	toy_signal = 0;
	cr_assert_eq(toy_run(&nn_network, "--out", "r", list, "--resume", NULL), 0, "%s",
	             toy_output);
	same_as_log("r");
	cr_assert_eq(toy_run(&nn_network, "--out", "r", list,
	                     "--resume=r/state.previous.safetensors", NULL),
	             0, "%s", toy_output);
	same_as_log("r");
}

Test(events, logs_are_read_back)
{
	nn_error e = {0};
	nn_record *r;
	int64_t records;
	toy_data(50);
	cr_assert(nn_log_read("none", &r, &records, &e) && !r && !records);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", NULL), 0);
	cr_assert(nn_log_read("r", &r, &records, &e) && records == 3, "%s", e.text);
	cr_assert(r[2].epoch == 3 && r[2].step == 15 && r[0].loss > r[2].loss && r[2].lr > 0);
	nn_record last = r[2];
	free(r);
	cr_assert_eq(remove("r/log.csv"), 0);
	cr_assert(nn_log_read("r", &r, &records, &e) && records == 3, "%s", e.text);
	cr_assert(r[2].epoch == last.epoch && r[2].step == last.step);
	cr_assert_float_eq(r[2].val_loss, last.val_loss, 0);
	cr_assert_float_eq(r[2].seconds, last.seconds, 0);
	free(r);
	const char *bad = "epoch,step,loss\n1,5,0.5\n2,x,0.4\n";
	toy_write("r/log.csv", bad, strlen(bad));
	cr_assert(!nn_log_read("r", &r, &records, &e));
	cr_assert(e.code == 65 && strstr(e.text, "r/log.csv: line 3"), "%s", e.text);
	free(r);
}
