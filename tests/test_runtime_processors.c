/* test_runtime_processors.c: the quota of control groups, read from directories made here.
 *
 * A root directory holds proc/self/cgroup, proc/self/mountinfo and the mounts that it names. */
#define _GNU_SOURCE 1
#include "../runtime/kernel/processors.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[256];

static void make_root(void)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(root, sizeof root, "%.200s/processors-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	cr_assert(mkdtemp(root));
}

static void drop_root(void)
{
	char command[300];
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	cr_assert_eq(system(command), 0);
}

/* Writes a file below the root, with the directories above it. */
static void put(const char *name, const char *text)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/%s", root, name);
	for (char *s = strchr(path + strlen(root) + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = 0;
		mkdir(path, 0777);
		*s = '/';
	}
	FILE *f = fopen(path, "w");
	cr_assert(f, "%s", path);
	fputs(text, f);
	cr_assert_eq(fclose(f), 0);
}

/* Version 2 at /sys/fs/cgroup, and this process's group. */
static void second(const char *group)
{
	char text[256];
	snprintf(text, sizeof text, "0::%s\n", group);
	put("proc/self/cgroup", text);
	put("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	                           "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - "
	                           "cgroup2 cgroup2 rw,nsdelegate\n");
}

static void first(const char *group, const char *mount_root)
{
	char text[512];
	snprintf(text, sizeof text, "9:memory:/elsewhere\n4:cpu,cpuacct:%s\n0::/\n", group);
	put("proc/self/cgroup", text);
	snprintf(text, sizeof text,
	         "30 29 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
	         "33 29 0:30 %s /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup "
	         "rw,cpu,cpuacct\n",
	         mount_root);
	put("proc/self/mountinfo", text);
}

static void first_quota(const char *dir, const char *quota)
{
	char name[256];
	snprintf(name, sizeof name, "sys/fs/cgroup/cpu,cpuacct%s/cpu.cfs_quota_us", dir);
	put(name, quota);
	snprintf(name, sizeof name, "sys/fs/cgroup/cpu,cpuacct%s/cpu.cfs_period_us", dir);
	put(name, "100000\n");
}

TestSuite(quota, .init = make_root, .fini = drop_root);

Test(quota, none)
{
	cr_assert_eq(nn_processor_quota(root), 0);
	second("/a");
	cr_assert_eq(nn_processor_quota(root), 0);
	put("sys/fs/cgroup/a/cpu.max", "max 100000\n");
	cr_assert_eq(nn_processor_quota(root), 0);
	put("sys/fs/cgroup/a/cpu.max", "");
	cr_assert_eq(nn_processor_quota(root), 0);
}

Test(quota, version_2_is_rounded_down_and_at_least_1)
{
	static const struct {
		const char *text;
		int want;
	} row[] = {{"400000 100000\n", 4}, {"250000 100000\n", 2}, {"99999 100000\n", 1},
	           {"1000 100000\n", 1},   {"30000 10000\n", 3},   {"100000 0\n", 0}};
	second("/a/b");
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		put("sys/fs/cgroup/a/b/cpu.max", row[i].text);
		cr_expect_eq(nn_processor_quota(root), row[i].want, "%s", row[i].text);
	}
}

Test(quota, the_smallest_on_the_way_up_holds)
{
	second("/a/b/c");
	put("sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
	put("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
	put("sys/fs/cgroup/a/cpu.max", "300000 100000\n");
	cr_assert_eq(nn_processor_quota(root), 3);
	put("sys/fs/cgroup/cpu.max", "200000 100000\n");
	cr_assert_eq(nn_processor_quota(root), 2);
	put("sys/cpu.max", "100000 100000\n"); /* above the mount: no group */
	cr_assert_eq(nn_processor_quota(root), 2);
}

Test(quota, version_1)
{
	first("/a/b", "/");
	first_quota("/a/b", "-1\n");
	cr_assert_eq(nn_processor_quota(root), 0);
	first_quota("/a", "350000\n");
	cr_assert_eq(nn_processor_quota(root), 3);
	first_quota("/a/b", "50000\n");
	cr_assert_eq(nn_processor_quota(root), 1);
}

/* The mount shows what is below /docker/x alone; the group is told as the host names it. */
Test(quota, a_mount_with_a_root_of_its_own)
{
	first("/docker/x", "/docker/x");
	first_quota("", "200000\n");
	cr_assert_eq(nn_processor_quota(root), 2);
	first("/docker/x/inner", "/docker/x");
	first_quota("/inner", "100000\n");
	cr_assert_eq(nn_processor_quota(root), 1);
	first("/docker/xyz", "/docker/x"); /* another one, whose name only begins so */
	first_quota("yz", "100000\n");
	cr_assert_eq(nn_processor_quota(root), 2);
	first("/../other", "/");
	cr_assert_eq(nn_processor_quota(root), 2);
}

Test(quota, both_versions_and_escaped_names)
{
	put("proc/self/cgroup", "1:cpu:/\n0::/a\n");
	put("proc/self/mountinfo", "31 1 0:4 / /with\\040blank rw - cgroup none rw,cpu\n"
	                           "32 1 0:5 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n");
	put("with blank/cpu.cfs_quota_us", "500000");
	put("with blank/cpu.cfs_period_us", "100000");
	cr_assert_eq(nn_processor_quota(root), 5);
	put("sys/fs/cgroup/unified/a/cpu.max", "400000 100000\n");
	cr_assert_eq(nn_processor_quota(root), 4);
}

Test(quota, this_machine)
{
	int quota = nn_processor_quota("");
	cr_assert(nn_processors() >= 1);
	cr_assert(!quota || nn_processors() <= quota);
}
