/* target.c: what the compiler knows of a machine, one row each.
 *
 * In: the name that -march gives. Out: a Target. Everything the cost model and the schedule ask of
 * a processor is in the row, so no other file tells machines apart. `native` looks into
 * /proc/cpuinfo, which lists what both the processor and the kernel support, takes the best row
 * with the caches that this processor has, and leaves -march=native to the C compiler; `generic`
 * takes the row that every processor of this architecture satisfies. */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sched.h"

enum { KB = 1024 };

static const Target avx512 = {"avx512",  "x86-64-v4", 64,  32, 48 * KB,
                              2048 * KB, 57.6,        2.7, 13, "-mprefer-vector-width=512",
                              "x86_64"};
static const Target avx2 = {"avx2", "x86-64-v3", 32, 16, 32 * KB, 512 * KB,
                            28.8,   3,           13, "", "x86_64"};
static const Target sse2 = {"sse2", "x86-64-v2", 16, 16, 32 * KB, 256 * KB,
                            14.4,   3,           13, "", "x86_64"};
static const Target neon = {"neon", "armv8-a", 16, 32, 32 * KB,  512 * KB,
                            14.4,   3,         13, "", "aarch64"};
static const Target generic = {"generic", "generic", 16, 16, 32 * KB, 256 * KB,
                               14.4,      3,         13, "", ""};

static bool has_word(const char *line, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = line; (p = strstr(p, word)); p += n)
		if (p > line && p[-1] == ' ' && strchr(" \n", p[n]))
			return true;
	return false;
}

static const Target *baseline(void)
{
	struct utsname host;
	if (uname(&host))
		return &generic;
	if (!strcmp(host.machine, "x86_64"))
		return &sse2;
	return !strcmp(host.machine, "aarch64") ? &neon : &generic;
}

static const Target *native(void)
{
	char line[8192];
	FILE *f = fopen("/proc/cpuinfo", "r");
	const Target *best = baseline();
	while (f && fgets(line, sizeof line, f)) {
		if (strncmp(line, "flags", 5))
			continue;
		if (has_word(line, "avx2") && has_word(line, "fma"))
			best = &avx2;
		if (has_word(line, "avx512f") && has_word(line, "avx512dq") &&
		    has_word(line, "avx512bw") && has_word(line, "avx512vl"))
			best = &avx512;
		break;
	}
	if (f)
		fclose(f);
	return best;
}

/* Bytes as the C library found them, or the row's where it tells none or what cannot be. */
static int cache(int name, int row)
{
	long bytes = sysconf(name), least = row / 4, most = 32L * row;

	return bytes >= least && bytes <= most ? (int)bytes : row;
}

bool target_find(const char *march, Target *t)
{
	static const Target *const row[] = {&avx512, &avx2, &sse2, &neon};
	const Target *found = NULL;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		if (!strcmp(march, row[i]->march))
			found = row[i];
	if (!strcmp(march, "native"))
		found = native();
	else if (!strcmp(march, "generic"))
		found = baseline();
	if (!found)
		return false;
	*t = *found;
	t->march = march;
	if (!strcmp(march, "native")) {
		t->l1 = cache(_SC_LEVEL1_DCACHE_SIZE, t->l1);
		t->l2 = cache(_SC_LEVEL2_CACHE_SIZE, t->l2);
	}
	return true;
}

bool target_runs(const Target *t)
{
	static const Target *const order[] = {&sse2, &avx2, &avx512};
	const Target *here = native();
	int wanted = -1, have = -1;
	for (int i = 0; i < 3; i++) {
		wanted = !strcmp(order[i]->name, t->name) ? i : wanted;
		have = order[i] == here ? i : have;
	}
	return !strcmp(here->name, t->name) || (wanted >= 0 && wanted <= have);
}
