/* io.c: files, written atomically and read within bounds.
 *
 * A file that must survive a crash is written beside its place and moved there when complete:
 *
 *     open .nncc-tmp-RANDOM (O_EXCL), write, fsync, rename, close, fsync of the directory
 *
 * so that under `path` there is always the whole old file or the whole new one. After a failed
 * fsync the kernel may have dropped the data and marked the pages clean: a second fsync would
 * succeed and lie. So a failed fsync is never tried again on that file; the file is thrown away.
 *
 * A temporary file is locked while its writer lives, so that what a killed one has left behind can
 * be told from what is being written (nn_clean_directory). A link is followed: the file that it
 * leads to is replaced, the link stays. What is no regular file (a pipe, a device), and a path that
 * means a descriptor of this process (/dev/stdout), cannot be replaced and is written to.
 *
 * All calls go through nn_io_calls, which tests replace. EINTR is retried, short writes go on. */
#define _GNU_SOURCE 1
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Names of temporary files; a key of 16 digits follows. */
static const char TEMPORARY[] = ".nncc-tmp-";

enum { KEY_DIGITS = 16, TEMPORARY_MOST = 32 };

static int plain_open(const char *path, int flags, mode_t mode)
{
	return open(path, flags, mode);
}

nn_io nn_io_calls = {plain_open, read, write, fsync, close, rename, unlink, mkdir};

static int open_again(const char *path, int flags, mode_t mode)
{
	int fd;
	do
		fd = nn_io_calls.open(path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static bool write_all(int fd, const char *path, const char *bytes, size_t count, nn_error *e)
{
	while (count) {
		ssize_t done = nn_io_calls.write(fd, bytes, count);
		if (done < 0 && errno == EINTR)
			continue;
		if (done == 0)
			errno = EIO;
		if (done <= 0)
			return nn_fail(e, NN_EXIT_IO, "%s: cannot write: %s", path,
			               strerror(errno));
		bytes += done;
		count -= (size_t)done;
	}
	return true;
}

/* The length of the directory in a path, its slash included; 0 without one. */
static size_t directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* The descriptor of this process that a path like /dev/fd/3 means, or -1. */
static int descriptor_of(const char *path)
{
	char dir[NN_PATH_MAX], real[PATH_MAX], own[64], *end;
	size_t len = directory_length(path);
	if (!len || path[len] < '0' || path[len] > '9')
		return -1;
	long fd = strtol(path + len, &end, 10);
	snprintf(dir, sizeof dir, "%.*s", (int)len, path);
	snprintf(own, sizeof own, "/proc/%ld/fd", (long)getpid());
	bool is_own = !*end && fd <= INT_MAX && realpath(dir, real) && !strcmp(real, own);
	return is_own ? (int)fd : -1;
}

/* Puts what a link says in the place of its path. */
static bool follow(char path[NN_PATH_MAX])
{
	char target[NN_PATH_MAX], full[2 * NN_PATH_MAX];
	ssize_t n = readlink(path, target, sizeof target - 1);
	if (n <= 0)
		return false;
	target[n] = 0;
	int len = snprintf(full, sizeof full, "%.*s%s",
	                   target[0] == '/' ? 0 : (int)directory_length(path), path, target);
	if (len >= NN_PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(path, full, (size_t)len + 1);
	return true;
}

/* Follows f->path to what it leads to; fills *st, with mode 0 when nothing stands there. *own
 * becomes the descriptor of this process that it means, or -1. */
static bool resolve(nn_file *f, struct stat *st, int *own, nn_error *e)
{
	enum { LINKS_MOST = 40 };
	for (int links = 0; links < LINKS_MOST; links++) {
		*own = descriptor_of(f->path);
		*st = (struct stat){0};
		if (*own >= 0)
			return true;
		bool there = lstat(f->path, st) == 0;
		if (!there && errno != ENOENT)
			break;
		if (!there || !S_ISLNK(st->st_mode))
			return true;
		if (!follow(f->path))
			break;
		errno = ELOOP;
	}
	return nn_fail(e, NN_EXIT_IO, "%s: cannot create: %s", f->path, strerror(errno));
}

/* A name that nobody can foresee, beside the file. */
static void name_temporary(nn_file *f)
{
	uint64_t key = 0;
	if (getrandom(&key, sizeof key, GRND_NONBLOCK) != (ssize_t)sizeof key) {
		struct timespec now;
		clock_gettime(CLOCK_MONOTONIC, &now);
		key = (uint64_t)getpid() << 32 ^ (uint64_t)now.tv_nsec;
	}
	snprintf(f->temp, sizeof f->temp, "%.*s%s%016llx", (int)directory_length(f->path), f->path,
	         TEMPORARY, (unsigned long long)key);
}

/* Opens a temporary file that is locked. A cleaner may hold or remove one that was not locked
 * yet: then it is another one's turn. */
static void open_temporary(nn_file *f)
{
	enum { TRIES = 100 };
	for (int i = 0; f->fd < 0 && i < TRIES; i++) {
		struct stat st;
		name_temporary(f);
		f->fd = open_again(f->temp, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (f->fd < 0 && errno != EEXIST)
			return;
		if (f->fd < 0)
			continue;
		bool taken = flock(f->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
		if (!taken && fstat(f->fd, &st) == 0 && st.st_nlink > 0)
			return;
		nn_io_calls.close(f->fd);
		f->fd = -1;
		errno = EEXIST;
	}
}

bool nn_file_create(nn_file *f, const char *path, nn_error *e)
{
	struct stat st;
	int own;
	f->fd = -1;
	f->direct = false;
	size_t len = strlen(path);
	if (len + TEMPORARY_MOST >= sizeof f->path)
		return nn_fail(e, NN_EXIT_IO, "%.200s...: path too long", path);
	memcpy(f->path, path, len + 1);
	if (!resolve(f, &st, &own, e))
		return false;
	f->direct = own >= 0 || (st.st_mode && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
	if (S_ISDIR(st.st_mode))
		errno = EISDIR;
	else if (own >= 0)
		f->fd = fcntl(own, F_DUPFD_CLOEXEC, 0);
	else if (f->direct)
		f->fd = open_again(f->path, O_WRONLY, 0);
	else
		open_temporary(f);
	if (f->fd < 0)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot create: %s", path, strerror(errno));
	if (f->direct) {
		memcpy(f->temp, f->path, sizeof f->temp);
		fflush(stdout); /* what was said before comes first */
	} else if (st.st_mode && fchmod(f->fd, st.st_mode & 0777) != 0) {
		nn_fail(e, NN_EXIT_IO, "%s: cannot set its mode: %s", f->temp, strerror(errno));
		nn_file_abandon(f);
		return false;
	}
	return true;
}

void nn_file_abandon(nn_file *f)
{
	if (f->fd < 0)
		return;
	nn_io_calls.close(f->fd);
	f->fd = -1;
	if (!f->direct)
		nn_io_calls.unlink(f->temp);
}

bool nn_file_write(nn_file *f, const void *bytes, size_t count, nn_error *e)
{
	if (f->fd >= 0 && write_all(f->fd, f->temp, bytes, count, e))
		return true;
	nn_file_abandon(f);
	return false;
}

static bool sync_directory(const char *path, nn_error *e)
{
	char dir[NN_PATH_MAX];
	size_t len = directory_length(path);
	memcpy(dir, path, len);
	if (!len)
		dir[len++] = '.';
	dir[len] = 0;
	int fd = open_again(dir, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot open: %s", dir, strerror(errno));
	/* EINVAL: a file system whose directories cannot be synced; nothing more can be done. */
	bool ok = nn_io_calls.fsync(fd) == 0 || errno == EINVAL;
	if (!ok)
		nn_fail(e, NN_EXIT_IO, "%s: cannot sync: %s", dir, strerror(errno));
	nn_io_calls.close(fd);
	return ok;
}

/* Ends a file that is written as it stands: what cannot be synced (a pipe) says EINVAL. */
static bool end_direct(nn_file *f, nn_error *e)
{
	bool synced = nn_io_calls.fsync(f->fd) == 0 || errno == EINVAL || errno == EROFS ||
	              errno == ENOTSUP;
	if (!synced)
		nn_fail(e, NN_EXIT_IO, "%s: cannot sync: %s", f->path, strerror(errno));
	int closed = nn_io_calls.close(f->fd);
	f->fd = -1;
	if (closed != 0 && errno != EINTR)
		nn_fail(e, NN_EXIT_IO, "%s: cannot close: %s", f->path, strerror(errno));
	return !e->code;
}

bool nn_file_commit(nn_file *f, const char *keep, nn_error *e)
{
	if (f->fd < 0)
		return false;
	if (f->direct)
		return end_direct(f, e);
	if (nn_io_calls.fsync(f->fd) != 0)
		nn_fail(e, NN_EXIT_IO, "%s: cannot sync: %s", f->path, strerror(errno));
	/* EXDEV: a link led to another file system; the state before is not kept there. */
	else if (keep && nn_io_calls.rename(f->path, keep) != 0 && errno != ENOENT &&
	         errno != EXDEV)
		nn_fail(e, NN_EXIT_IO, "%s: cannot rename to %s: %s", f->path, keep,
		        strerror(errno));
	else if (nn_io_calls.rename(f->temp, f->path) != 0)
		nn_fail(e, NN_EXIT_IO, "%s: cannot rename to %s: %s", f->temp, f->path,
		        strerror(errno));
	if (e->code) {
		nn_file_abandon(f);
		return false;
	}
	/* Closed last: its lock says that the temporary file is somebody's. */
	int closed = nn_io_calls.close(f->fd);
	f->fd = -1;
	if (closed != 0 && errno != EINTR)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot close: %s", f->path, strerror(errno));
	return sync_directory(f->path, e);
}

bool nn_lock(int directory)
{
	enum { TRIES = 50 };
	for (int i = 0; i < TRIES; i++) {
		if (flock(directory, LOCK_EX | LOCK_NB) == 0)
			return true;
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	return false;
}

/* Removes `name` if it is a temporary file that nobody is writing; whether it did. */
static bool remove_left_behind(int directory, const char *name)
{
	size_t len = strlen(TEMPORARY);
	if (strncmp(name, TEMPORARY, len) != 0 ||
	    strspn(name + len, "0123456789abcdef") != KEY_DIGITS || name[len + KEY_DIGITS])
		return false;
	int fd = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool ours = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	            flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (ours)
		unlinkat(directory, name, 0);
	if (fd >= 0)
		close(fd);
	return ours;
}

int nn_clean_directory(const char *path)
{
	int removed = 0;
	DIR *dir = opendir(path);
	int fd = dir ? dirfd(dir) : -1;
	for (struct dirent *d; fd >= 0 && (d = readdir(dir));)
		removed += remove_left_behind(fd, d->d_name);
	if (dir)
		closedir(dir);
	return removed;
}

bool nn_remove_file(const char *path, nn_error *e)
{
	if (nn_io_calls.unlink(path) == 0 || errno == ENOENT)
		return true;
	return nn_fail(e, NN_EXIT_IO, "%s: cannot remove: %s", path, strerror(errno));
}

bool nn_sync_file(const char *path, nn_error *e)
{
	int fd = open_again(path, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot open: %s", path, strerror(errno));
	if (nn_io_calls.fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP)
		nn_fail(e, NN_EXIT_IO, "%s: cannot sync: %s", path, strerror(errno));
	nn_io_calls.close(fd);
	return !e->code;
}

bool nn_write_file(const char *path, const void *bytes, size_t count, nn_error *e)
{
	nn_file f;
	return nn_file_create(&f, path, e) && nn_file_write(&f, bytes, count, e) &&
	       nn_file_commit(&f, NULL, e);
}

bool nn_append_file(const char *path, const void *bytes, size_t count, nn_error *e)
{
	int fd = open_again(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot open: %s", path, strerror(errno));
	bool ok = write_all(fd, path, bytes, count, e);
	if (nn_io_calls.close(fd) != 0 && ok)
		ok = nn_fail(e, NN_EXIT_IO, "%s: cannot close: %s", path, strerror(errno));
	return ok;
}

bool nn_cut_file(const char *path, size_t size, nn_error *e)
{
	struct stat st;
	if (stat(path, &st) != 0 || st.st_size <= (off_t)size)
		return true;
	if (truncate(path, (off_t)size) != 0)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot shorten: %s", path, strerror(errno));
	return true;
}

/* Reads up to `room` bytes; the count read, or -1. */
static ssize_t read_all(int fd, char *bytes, size_t room)
{
	size_t have = 0;
	while (have < room) {
		ssize_t got = nn_io_calls.read(fd, bytes + have, room - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

bool nn_input_open(nn_input *in, const char *path, nn_error *e)
{
	struct stat st;
	in->size = 0;
	/* O_NONBLOCK: opening a pipe must not wait for a writer. */
	in->fd = open_again(path, O_RDONLY | O_NONBLOCK, 0);
	if (in->fd < 0) {
		bool missing = errno == ENOENT || errno == ENOTDIR;
		nn_fail(e, missing ? NN_EXIT_INPUT : NN_EXIT_IO, "%s: cannot open: %s", path,
		        strerror(errno));
		return false;
	}
	snprintf(in->path, sizeof in->path, "%s", path);
	if (fstat(in->fd, &st) != 0)
		nn_fail(e, NN_EXIT_IO, "%s: cannot stat: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		nn_fail(e, NN_EXIT_DATA, "%s: not a regular file", path);
	else
		in->size = (size_t)st.st_size;
	if (e->code)
		nn_input_close(in);
	return !e->code;
}

bool nn_input_read(const nn_input *in, size_t at, void *bytes, size_t count, nn_error *e)
{
	ssize_t got = -1;
	if (lseek(in->fd, (off_t)at, SEEK_SET) == (off_t)at)
		got = read_all(in->fd, bytes, count);
	if (got < 0)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot read: %s", in->path, strerror(errno));
	if ((size_t)got < count)
		return nn_fail(e, NN_EXIT_IO, "%s: became shorter while it was read", in->path);
	return true;
}

void nn_input_close(nn_input *in)
{
	nn_io_calls.close(in->fd);
	in->fd = -1;
}

bool nn_read_file(const char *path, size_t max, char **bytes, size_t *count, nn_error *e)
{
	nn_input in;
	if (!nn_input_open(&in, path, e))
		return false;
	char *memory = NULL;
	if (in.size > max)
		nn_fail(e, NN_EXIT_DATA, "%s: %zu bytes, more than the %zu allowed here", path,
		        in.size, max);
	else
		memory = nn_alloc(in.size + 1, 1, path, e);
	bool ok = memory && nn_input_read(&in, 0, memory, in.size, e);
	nn_input_close(&in);
	if (ok) {
		*bytes = memory;
		*count = in.size;
	} else {
		free(memory);
	}
	return ok;
}

bool nn_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool nn_make_directories(const char *path, nn_error *e)
{
	char part[NN_PATH_MAX];
	size_t len = strlen(path);
	if (len == 0 || len >= sizeof part)
		return nn_fail(e, NN_EXIT_IO, "%.200s: not a usable path", path);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != 0)
			continue;
		char was = part[i];
		part[i] = 0;
		if (nn_io_calls.mkdir(part, 0777) != 0 && errno != EEXIST)
			return nn_fail(e, NN_EXIT_IO, "%s: cannot create the directory: %s", part,
			               strerror(errno));
		part[i] = was;
	}
	return true;
}

bool nn_join(char out[NN_PATH_MAX], const char *dir, const char *name, nn_error *e)
{
	bool alone = name[0] == '/' || !dir || !dir[0];
	int len = alone ? snprintf(out, NN_PATH_MAX, "%s", name)
	                : snprintf(out, NN_PATH_MAX, "%s/%s", dir, name);
	if (len < 0 || len >= NN_PATH_MAX)
		return nn_fail(e, NN_EXIT_INPUT, "%.200s...: path too long", name);
	return true;
}
