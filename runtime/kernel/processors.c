/* processors.c: how many processors this process may keep busy.
 *
 *     in    the affinity mask, and of the control groups what /proc/self tells:
 *           cgroup      4:cpu,cpuacct:/a/b              which groups; version 2 is "0::/a/b"
 *           mountinfo   33 31 0:29 /a /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
 *     out   the smaller of the mask and the quota, rounded down, at least 1
 *
 * A container with a quota of processor time still sees every processor in its mask; threads beyond
 * the quota only wait for one another. Each group on the way from this process's own up to the
 * mount may have a quota, and the smallest holds. A container is shown a part of the hierarchy: the
 * mount then has a root (/a above) with which the path of the group begins, or which it has nothing
 * to do with; the mount itself is the group then. Version 1 and 2 may be mounted side by side.
 *
 * The compiler and the trainer link this same file. */
#define _GNU_SOURCE 1
#include "processors.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

enum { PATH = 4096, LINE = 3 * PATH, NO_QUOTA = INT_MAX };

typedef struct hierarchy {
	bool second;      /* version 2                                  */
	char group[PATH]; /* of this process, "/a/b"                    */
} hierarchy;

/* Whether `word` is one of a list between commas that ends at a newline or the end. */
static bool listed(const char *list, const char *word)
{
	size_t len = strlen(word);
	for (;;) {
		size_t n = strcspn(list, ",\n");
		if (n == len && !strncmp(list, word, n))
			return true;
		if (list[n] != ',')
			return false;
		list += n + 1;
	}
}

/* Copies up to a blank; "\040" and its like are bytes. Returns what follows the blank. */
static const char *field(const char *from, char to[PATH])
{
	size_t n = 0;
	for (; *from && *from != ' ' && *from != '\n'; from++) {
		int byte = (unsigned char)*from;
		if (byte == '\\' && strspn(from + 1, "01234567") >= 3) {
			byte = (from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0';
			from += 3;
		}
		if (n + 1 < PATH)
			to[n++] = (char)byte;
	}
	to[n] = 0;
	return from + (*from == ' ');
}

/* Reads up to two numbers of a file; how many there were: "max 100000" has none. */
static int numbers(const char *dir, const char *name, long long value[2])
{
	char path[3 * PATH + 32], line[128] = "", *at = line, *end;
	int n = 0;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(line, sizeof line, f))
		line[0] = 0;
	fclose(f);
	for (; n < 2; n++, at = end) {
		value[n] = strtoll(at, &end, 10);
		if (end == at)
			break;
	}
	return n;
}

/* Whole processors of the quota in this directory; NO_QUOTA where it has none. */
static int quota_of(const char *dir, bool second)
{
	long long value[2], period[2];
	if (second ? numbers(dir, "cpu.max", value) < 2
	           : !numbers(dir, "cpu.cfs_quota_us", value) ||
	                     !numbers(dir, "cpu.cfs_period_us", period))
		return NO_QUOTA;
	long long each = second ? value[1] : period[0];
	if (value[0] <= 0 || each <= 0 || value[0] / each >= NO_QUOTA)
		return NO_QUOTA;
	return (int)(value[0] / each);
}

/* The least of the groups from `dir` up to the directory whose name has `least_len` bytes. */
static int least_quota(char *dir, size_t least_len, bool second)
{
	int least = NO_QUOTA;
	for (;;) {
		int here = quota_of(dir, second);
		least = here < least ? here : least;
		char *slash = strrchr(dir, '/');
		if (!slash || (size_t)(slash - dir) < least_len)
			return least;
		*slash = 0;
	}
}

/* A line of mountinfo: the quota of the process's group below that mount. */
static int quota_below(const char *root, const char *line, const hierarchy *of)
{
	char from[PATH], at[PATH], type[PATH], dir[3 * PATH], skipped[PATH];
	const char *rest = line, *dash = strstr(line, " - ");
	for (int i = 0; i < 3; i++)
		rest = field(rest, skipped);
	field(field(rest, from), at);
	if (!dash)
		return NO_QUOTA;
	rest = field(field(dash + 3, type), skipped);
	if (of->second ? strcmp(type, "cgroup2") != 0
	               : strcmp(type, "cgroup") != 0 || !listed(rest, "cpu"))
		return NO_QUOTA;
	size_t len = strcmp(from, "/") ? strlen(from) : 0;
	bool within = !strncmp(of->group, from, len) &&
	              (of->group[len] == '/' || !of->group[len]) && !strstr(of->group, "/..");
	const char *below = within ? of->group + len : "";
	snprintf(dir, sizeof dir, "%s%s%s", root, at, strcmp(below, "/") ? below : "");
	return least_quota(dir, strlen(root) + strlen(at), of->second);
}

/* A line of /proc/self/cgroup: whether it is about processors, and of which group. */
static bool read_group(const char *line, hierarchy *of)
{
	const char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
	if (!path)
		return false;
	of->second = path == list + 1;
	snprintf(of->group, sizeof of->group, "%.*s", (int)strcspn(path + 1, "\n"), path + 1);
	char names[PATH];
	snprintf(names, sizeof names, "%.*s", (int)(path - list - 1), list + 1);
	return of->second || listed(names, "cpu");
}

int nn_processor_quota(const char *root)
{
	char path[PATH], line[LINE], mount[LINE];
	hierarchy of;
	int least = NO_QUOTA;
	snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
	FILE *groups = fopen(path, "re");
	snprintf(path, sizeof path, "%s/proc/self/mountinfo", root);
	while (groups && fgets(line, sizeof line, groups)) {
		FILE *mounts = read_group(line, &of) ? fopen(path, "re") : NULL;
		while (mounts && fgets(mount, sizeof mount, mounts)) {
			int here = quota_below(root, mount, &of);
			least = here < least ? here : least;
		}
		if (mounts)
			fclose(mounts);
	}
	if (groups)
		fclose(groups);
	return least == NO_QUOTA ? 0 : least > 0 ? least : 1;
}

/* Of the affinity mask. */
static int allowed(void)
{
#ifdef __linux__
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
		return CPU_COUNT(&set);
#endif
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (int)n : 1;
}

int nn_processors(void)
{
	int mask = allowed(), quota = nn_processor_quota("");
	return quota > 0 && quota < mask ? quota : mask;
}
