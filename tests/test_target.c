/* test_target.c: the rows of target.c, and what `native` adds to one. */
#include "../compiler/print/print.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

Test(target, names)
{
	static const char *const name[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4",
	                                   "armv8-a",   "generic",   "native"};
	Target t;

	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		cr_assert(target_find(name[i], &t), "%s", name[i]);
		cr_assert_str_eq(t.march, name[i]);
		cr_assert(t.l1 > 0 && t.l2 > t.l1, "%s", name[i]);
	}
	cr_assert(!target_find("z80", &t));
}

/* Schedules for a named processor are the same on every machine; `native` means this one. */
Test(target, caches)
{
	long l1 = sysconf(_SC_LEVEL1_DCACHE_SIZE), l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
	Target t;

	cr_assert(target_find("x86-64-v4", &t));
	cr_assert_eq(t.l1, 48 * 1024);
	cr_assert_eq(t.l2, 2048 * 1024);
	cr_assert(target_find("native", &t));
	if (l1 >= 16384 && l1 <= 262144)
		cr_assert_eq(t.l1, l1);
	if (l2 >= 524288 && l2 <= 4194304)
		cr_assert_eq(t.l2, l2);
}
