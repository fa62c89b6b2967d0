/* io.h: files, written atomically and read within bounds. See io.c. */
#ifndef NN_IO_H
#define NN_IO_H

#include <stddef.h>
#include <sys/types.h>

#include "../base/error.h"

enum { NN_PATH_MAX = 4096 };

/* The calls that touch files. Tests put functions here that fail at the n-th call. */
typedef struct nn_io {
	int (*open)(const char *path, int flags, mode_t mode);     /* open(2)   */
	ssize_t (*read)(int fd, void *bytes, size_t count);        /* read(2)   */
	ssize_t (*write)(int fd, const void *bytes, size_t count); /* write(2)  */
	int (*fsync)(int fd);                                      /* fsync(2)  */
	int (*close)(int fd);                                      /* close(2)  */
	int (*rename)(const char *from, const char *to);           /* rename(2) */
	int (*unlink)(const char *path);                           /* unlink(2) */
	int (*mkdir)(const char *path, mode_t mode);               /* mkdir(2)  */
} nn_io;

extern nn_io nn_io_calls;

/* A file that appears under its name only when it is complete and on the disk; or, where there is
 * no regular file (a pipe, a device, /dev/stdout), what is written to as it stands. */
typedef struct nn_file {
	int fd;                 /* open for writing; -1 when closed         */
	bool direct;            /* written to as it stands                  */
	char path[NN_PATH_MAX]; /* where it will stand, links followed      */
	char temp[NN_PATH_MAX]; /* the temporary file beside it             */
} nn_file;

/* The file keeps the mode of the one that it replaces. */
bool nn_file_create(nn_file *f, const char *path, nn_error *e);
bool nn_file_write(nn_file *f, const void *bytes, size_t count, nn_error *e);

/* Syncs, renames the present file to `keep` (unless NULL or there is none), renames the new one
 * into place, syncs the directory. On failure the temporary file is gone; what stood there before
 * stands there still, or under `keep`. */
bool nn_file_commit(nn_file *f, const char *keep, nn_error *e);
void nn_file_abandon(nn_file *f);

/* Takes a directory for this process alone, until it is closed. A process that was killed, or one
 * that it was just starting, may hold it a little longer: half a second is waited. */
bool nn_lock(int directory);

/* Removes temporary files that a killed process has left in a directory; how many. */
int nn_clean_directory(const char *path);

/* Removes a file; that there is none is fine. */
bool nn_remove_file(const char *path, nn_error *e);

/* What was appended to a file is on the disk afterwards; that there is none is fine. */
bool nn_sync_file(const char *path, nn_error *e);

/* create, write, commit. */
bool nn_write_file(const char *path, const void *bytes, size_t count, nn_error *e);

/* Appends to a file that is there or not; not atomic. Returns false when not all was written. */
bool nn_append_file(const char *path, const void *bytes, size_t count, nn_error *e);

/* Cuts a file that exists and is longer to `size` bytes. */
bool nn_cut_file(const char *path, size_t size, nn_error *e);

/* Reads a regular file of up to `max` bytes into new memory, followed by a zero byte. A file that
 * is missing fails with 66, one that is too long or not regular with 65, a failed read with 74. */
bool nn_read_file(const char *path, size_t max, char **bytes, size_t *count, nn_error *e);

/* A regular file that is read in pieces. */
typedef struct nn_input {
	int fd;                 /* open for reading                         */
	size_t size;            /* bytes, when it was opened                */
	char path[NN_PATH_MAX]; /* for messages                             */
} nn_input;

/* Fails as nn_read_file does. */
bool nn_input_open(nn_input *in, const char *path, nn_error *e);
/* The bytes at, at + 1, ...: all `count` of them, or it fails with 74. */
bool nn_input_read(const nn_input *in, size_t at, void *bytes, size_t count, nn_error *e);
void nn_input_close(nn_input *in);

bool nn_exists(const char *path);
bool nn_make_directories(const char *path, nn_error *e);

/* dir/name into out, or name alone when it is absolute or dir is empty. */
bool nn_join(char out[NN_PATH_MAX], const char *dir, const char *name, nn_error *e);

#endif
