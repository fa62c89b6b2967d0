/* child.c: an input in a process of its own.
 *
 * The compiler frees nothing, keeps what it knows in static variables, and exits on errors. A child
 * that is forked for each input may do all that. libFuzzer sees which branches were taken through
 * a table that parent and child share: the child adds its own counters to it as it ends. */
#include "child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COUNTERS = 1 << 17, SECONDS = 20, MOST_KB = 1 << 20, SHOWN = 1 << 14 };

/* What libFuzzer looks at besides the counters that clang has put into the code of this process. */
__attribute__((section("__libfuzzer_extra_counters"), aligned(1 << 12),
               used)) static uint8_t shared[COUNTERS];
/* Those counters: the linker names the ends of their section. */
extern uint8_t first_counter[] __asm__("__start___sancov_cntrs");
extern uint8_t end_counter[] __asm__("__stop___sancov_cntrs");

/* An ending that no compiler chooses, so that a report of a sanitizer is not taken for one. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "exitcode=99:max_allocation_size_mb=512";
}

static void finish(int status, void *unused)
{
	size_t count = (size_t)(end_counter - first_counter);
	(void)unused;
	fflush(NULL);
	memcpy(shared, first_counter, count < COUNTERS ? count : COUNTERS);
	_exit(status);
}

static void show(int log)
{
	char text[SHOWN];
	ssize_t n = pread(log, text, sizeof text, 0);
	fwrite(text, 1, n > 0 ? (size_t)n : 0, stderr);
}

void fuzz_child(void (*body)(const char *path), const uint8_t *bytes, size_t size)
{
	static int log = -1;
	if (log < 0) {
		log = memfd_create("log", 0);
		if (log < 0)
			abort();
		fuzz_must(mmap(shared, COUNTERS, PROT_READ | PROT_WRITE,
		               MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == shared,
		          "memory to share");
	}
	const char *path = fuzz_file(0, bytes, size);
	fuzz_must(!ftruncate(log, 0), "a log");
	pid_t child = fork();
	fuzz_must(child >= 0, "a process");
	if (child == 0) {
		struct rlimit time = {SECONDS, SECONDS};
		setrlimit(RLIMIT_CPU, &time);
		lseek(log, 0, SEEK_SET);
		dup2(log, STDERR_FILENO);
		on_exit(finish, NULL);
		body(path);
		exit(0);
	}
	int status = 0;
	struct rusage used;
	wait4(child, &status, 0, &used);
	bool fine = WIFEXITED(status) && WEXITSTATUS(status) <= 1 && used.ru_maxrss <= MOST_KB;
	if (fine)
		return;
	show(log);
	fprintf(stderr, "fuzz: status 0x%x, %ld MiB, %ld s\n", (unsigned)status,
	        used.ru_maxrss >> 10, (long)used.ru_utime.tv_sec);
	abort();
}
