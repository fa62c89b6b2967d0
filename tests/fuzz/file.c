/* file.c: a file in memory for targets whose readers take a path. See fuzz.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

const char *fuzz_file(int which, const void *bytes, size_t size)
{
	static int file[2] = {-1, -1};
	static char path[2][32];
	int *fd = &file[which];
	if (*fd < 0) {
		*fd = memfd_create("fuzz", 0);
		snprintf(path[which], sizeof path[which], "/proc/self/fd/%d", *fd);
	}
	fuzz_must(!ftruncate(*fd, 0) && pwrite(*fd, bytes, size, 0) == (ssize_t)size,
	          "a file in memory");
	return path[which];
}

char *fuzz_copy(const void *bytes, size_t size)
{
	char *copy = malloc(size + 1);
	if (!copy)
		abort();
	memcpy(copy, bytes, size);
	copy[size] = 0;
	return copy;
}

void fuzz_must(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}
