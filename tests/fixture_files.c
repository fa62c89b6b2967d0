/* fixture_files.c: helpers for tests that run a trainer on files of its own. See fixture.h. */
#include "fixture.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../runtime/kernel/nn_rand.h"
#include "../runtime/run/session.h"
#include "../runtime/base/sha256.h"

static char directory[64];
char toy_output[1 << 16];

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

void toy_enter(void)
{
	strcpy(directory, "/tmp/nn_test_XXXXXX");
	must(mkdtemp(directory) && chdir(directory) == 0, "mkdtemp");
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

void toy_leave(void)
{
	must(chdir("/") == 0, "chdir");
	nftw(directory, drop, 8, FTW_DEPTH | FTW_PHYS);
}

void toy_write(const char *path, const void *bytes, size_t count)
{
	FILE *f = fopen(path, "wb");
	must(f && fwrite(bytes, 1, count, f) == count && fclose(f) == 0, path);
}

size_t toy_read(const char *path, void *bytes, size_t room)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return 0;
	size_t count = fread(bytes, 1, room, f);
	fclose(f);
	return count;
}

static void write_idx(const char *images, const char *labels, int count, uint64_t stream)
{
	unsigned char head[] = {0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 4};
	unsigned char *x = malloc(16 + 16 * (size_t)count), *y = malloc(8 + (size_t)count);
	must(x && y, "malloc");
	head[6] = (unsigned char)(count >> 8);
	head[7] = (unsigned char)count;
	memcpy(x, head, 16);
	memcpy(y, head, 8);
	y[3] = 1;
	for (int i = 0; i < count; i++) {
		uint64_t r = nn_rand_u64(7, 0, stream, (uint64_t)i);
		y[8 + i] = (unsigned char)(r % 3);
		for (int k = 0; k < 16; k++) {
			uint64_t noise =
			        nn_rand_u64(7, 1, stream, (uint64_t)i * 16 + (uint64_t)k) % 120;
			x[16 + i * 16 + k] = (unsigned char)(noise + (k % 3 == y[8 + i] ? 60 : 0));
		}
	}
	toy_write(images, x, 16 + 16 * (size_t)count);
	toy_write(labels, y, 8 + (size_t)count);
	free(x);
	free(y);
}

void toy_data(int count)
{
	write_idx("train-images", "train-labels", count, 1);
	write_idx("test-images", "test-labels", count / 2, 2);
}

int toy_run(const nn_model *model, ...)
{
	char *argv[32] = {"./toy"};
	int argc = 1, saved[2];
	va_list args;
	va_start(args, model);
	while (argc < 31 && (argv[argc] = va_arg(args, char *)))
		argc++;
	va_end(args);
	FILE *f = fopen("toy-output", "wb");
	must(f != NULL, "toy-output");
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		saved[i] = dup(1 + i);
		must(saved[i] >= 0, "dup");
		dup2(fileno(f), 1 + i);
	}
	int status = nn_trainer(model, argc, argv);
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		dup2(saved[i], 1 + i);
		close(saved[i]);
	}
	fclose(f);
	toy_output[toy_read("toy-output", toy_output, sizeof toy_output - 1)] = 0;
	return status;
}

const char *toy_hash(const char *path)
{
	static char hex[4][65];
	static int next;
	static char bytes[1 << 20];
	nn_sha256 hash;
	size_t count = toy_read(path, bytes, sizeof bytes);
	char *to = hex[next++ % 4];
	nn_sha256_start(&hash);
	nn_sha256_add(&hash, bytes, count);
	nn_sha256_hex(&hash, to);
	if (!count)
		to[0] = 0;
	return to;
}

const char *toy_log(const char *run)
{
	static char text[2][8192];
	static int next;
	char path[128], line[512], *to = text[next++ % 2];
	size_t len = 0;
	snprintf(path, sizeof path, "%s/log.csv", run);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f) && len + sizeof line < sizeof text[0]) {
		for (int i = 0; i < 2 && strrchr(line, ','); i++)
			*strrchr(line, ',') = 0;
		len += (size_t)snprintf(to + len, sizeof line, "%s\n", line);
	}
	if (f)
		fclose(f);
	to[len] = 0;
	return to;
}
