/* io.c: files, written atomically and read within bounds.
 *
 * A file that must survive a crash is written beside its place and moved there when complete:
 *
 *     open path.tmp (O_EXCL), write, fsync, close, rename, fsync of the directory
 *
 * so that under `path` there is always the whole old file or the whole new one. After a failed
 * fsync the kernel may have dropped the data and marked the pages clean: a second fsync would
 * succeed and lie. So a failed fsync is never tried again on that file; the file is thrown away.
 *
 * All calls go through nn_io_calls, which tests replace. EINTR is retried, short writes go on. */
#define _GNU_SOURCE 1
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

bool nn_file_create(nn_file *f, const char *path, nn_error *e)
{
	f->fd = -1;
	int a = snprintf(f->path, sizeof f->path, "%s", path);
	int b = snprintf(f->temp, sizeof f->temp, "%s.tmp", path);
	if (a < 0 || b < 0 || (size_t)b >= sizeof f->temp)
		return nn_fail(e, NN_EXIT_IO, "%.200s...: path too long", path);
	f->fd = open_again(f->temp, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (f->fd < 0 && errno == EEXIST) {
		/* Left behind by a run that was killed: the run directory is locked by us. */
		nn_io_calls.unlink(f->temp);
		f->fd = open_again(f->temp, O_WRONLY | O_CREAT | O_EXCL, 0644);
	}
	if (f->fd < 0)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot create: %s", f->temp, strerror(errno));
	return true;
}

void nn_file_abandon(nn_file *f)
{
	if (f->fd < 0)
		return;
	nn_io_calls.close(f->fd);
	f->fd = -1;
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
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	if (slash == path)
		len = 1;
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

bool nn_file_commit(nn_file *f, const char *keep, nn_error *e)
{
	if (f->fd < 0)
		return false;
	if (nn_io_calls.fsync(f->fd) != 0) {
		nn_fail(e, NN_EXIT_IO, "%s: cannot sync: %s", f->temp, strerror(errno));
		nn_file_abandon(f);
		return false;
	}
	int closed = nn_io_calls.close(f->fd);
	f->fd = -1;
	if (closed != 0 && errno != EINTR) {
		nn_fail(e, NN_EXIT_IO, "%s: cannot close: %s", f->temp, strerror(errno));
		nn_io_calls.unlink(f->temp);
		return false;
	}
	if (keep && nn_io_calls.rename(f->path, keep) != 0 && errno != ENOENT) {
		nn_fail(e, NN_EXIT_IO, "%s: cannot rename to %s: %s", f->path, keep,
		        strerror(errno));
		nn_io_calls.unlink(f->temp);
		return false;
	}
	if (nn_io_calls.rename(f->temp, f->path) != 0) {
		nn_fail(e, NN_EXIT_IO, "%s: cannot rename to %s: %s", f->temp, f->path,
		        strerror(errno));
		nn_io_calls.unlink(f->temp);
		return false;
	}
	return sync_directory(f->path, e);
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
