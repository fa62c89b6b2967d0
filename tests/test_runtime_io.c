/* Files: every call that touches one fails once and for ever; nothing that was complete is lost. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../runtime/file/io.h"
#include "../runtime/base/sha256.h"
#include "../runtime/train/train.h"
#include "fixture.h"

TestSuite(io, .init = toy_enter, .fini = toy_leave);

enum { OPEN, READ, WRITE, FSYNC, CLOSE, RENAME, UNLINK, MKDIR, KINDS };

static const char *const kind_name[KINDS] = {"open",  "read",   "write",  "fsync",
                                             "close", "rename", "unlink", "mkdir"};
static nn_io real;
static struct fault {
	int kind;                  /* which call                              */
	int countdown;             /* fails when it reaches 0                */
	bool forever;              /* and ever after                          */
	int error;                 /* errno                                   */
	int hits;                  /* how often it failed                     */
	bool synced_after_failure; /* fsync on a descriptor whose fsync failed */
	int bad_fd;                /* that descriptor                         */
} fault;

static bool fails(int kind)
{
	if (kind != fault.kind || fault.countdown < 0)
		return false;
	if (fault.countdown-- > 0)
		return false;
	fault.countdown = fault.forever ? 0 : -1;
	fault.hits++;
	errno = fault.error;
	return true;
}

static int f_open(const char *path, int flags, mode_t mode)
{
	return fails(OPEN) ? -1 : real.open(path, flags, mode);
}

static ssize_t f_read(int fd, void *bytes, size_t count)
{
	return fails(READ) ? -1 : real.read(fd, bytes, count);
}

static ssize_t f_write(int fd, const void *bytes, size_t count)
{
	return fails(WRITE) ? -1 : real.write(fd, bytes, count);
}

static int f_fsync(int fd)
{
	fault.synced_after_failure |= fd == fault.bad_fd;
	if (!fails(FSYNC))
		return real.fsync(fd);
	fault.bad_fd = fd;
	return -1;
}

static int f_close(int fd)
{
	if (fd == fault.bad_fd)
		fault.bad_fd = -1;
	int status = real.close(fd);
	return fails(CLOSE) ? -1 : status;
}

static int f_rename(const char *from, const char *to)
{
	return fails(RENAME) ? -1 : real.rename(from, to);
}

static int f_unlink(const char *path)
{
	return fails(UNLINK) ? -1 : real.unlink(path);
}

static int f_mkdir(const char *path, mode_t mode)
{
	return fails(MKDIR) ? -1 : real.mkdir(path, mode);
}

static void install(int kind, int countdown, bool forever, int error)
{
	if (!real.open)
		real = nn_io_calls;
	fault = (struct fault){kind, countdown, forever, error, 0, false, -1};
	nn_io_calls =
	        (nn_io){f_open, f_read, f_write, f_fsync, f_close, f_rename, f_unlink, f_mkdir};
}

static void restore(void)
{
	nn_io_calls = real;
}

/* Temporary files in a directory. */
static int leftovers(const char *path)
{
	int count = 0;
	DIR *dir = opendir(path);
	if (!dir)
		return 0;
	for (struct dirent *d; dir && (d = readdir(dir));)
		count += !strncmp(d->d_name, ".nncc-tmp-", 10);
	closedir(dir);
	return count;
}

Test(io, a_file_is_the_old_one_or_the_new_one)
{
	static char old_text[5000], new_text[9000], found[10000];
	memset(old_text, 'o', sizeof old_text);
	memset(new_text, 'n', sizeof new_text);
	for (int kind = 0; kind < KINDS; kind++)
		for (int forever = 0; forever < 2; forever++)
			for (int n = 0;; n++) {
				nn_error e = {0};
				toy_write("file", old_text, sizeof old_text);
				install(kind, n, forever, kind == WRITE ? ENOSPC : EIO);
				bool ok = nn_write_file("file", new_text, sizeof new_text, &e);
				restore();
				cr_assert(ok || e.code == 74, "%s %d", kind_name[kind], n);
				cr_assert(!fault.synced_after_failure, "fsync tried again");
				size_t size = toy_read("file", found, sizeof found);
				bool is_new = size == sizeof new_text && found[0] == 'n';
				bool is_old = size == sizeof old_text && found[0] == 'o';
				cr_assert(ok ? is_new : is_old || is_new, "%s %d", kind_name[kind],
				          n);
				cr_assert(!leftovers(".") || kind == UNLINK, "%s %d leaves one",
				          kind_name[kind], n);
				nn_clean_directory(".");
				cr_assert_eq(leftovers("."), 0);
				if (!fault.hits)
					break;
			}
}

static ssize_t one_byte(int fd, const void *bytes, size_t count)
{
	static int turn;
	if (++turn % 3 == 0) {
		errno = EINTR;
		return -1;
	}
	return real.write(fd, bytes, count ? 1 : 0);
}

static ssize_t read_one(int fd, void *bytes, size_t count)
{
	static int turn;
	if (++turn % 3 == 0) {
		errno = EINTR;
		return -1;
	}
	return real.read(fd, bytes, count ? 1 : 0);
}

Test(io, short_and_interrupted_calls_go_on)
{
	real = nn_io_calls;
	nn_io_calls.write = one_byte;
	nn_io_calls.read = read_one;
	nn_error e = {0};
	char *bytes;
	size_t count;
	cr_assert(nn_write_file("file", "hello, world", 12, &e), "%s", e.text);
	cr_assert(nn_read_file("file", 12, &bytes, &count, &e), "%s", e.text);
	cr_assert(count == 12 && !strcmp(bytes, "hello, world"));
	free(bytes);
}

static bool holds(const char *path, const char *text)
{
	char found[64] = "";
	return toy_read(path, found, sizeof found - 1) == strlen(text) && !strcmp(found, text);
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 ? st.st_mode : 0;
}

/* Files of the user's stay, whatever they are called. */
Test(io, no_other_file_is_touched)
{
	static const char *const other[] = {"file.tmp", ".nncc-tmp-", ".nncc-tmp-0123456789abcdeg",
	                                    ".nncc-tmp-0123456789abcdef0"};
	nn_error e = {0};
	for (int i = 0; i < 4; i++)
		toy_write(other[i], "precious", 8);
	cr_assert_eq(symlink("file.tmp", ".nncc-tmp-0123456789abcdef"), 0);
	cr_assert(nn_write_file("file", "new", 3, &e), "%s", e.text);
	cr_assert_eq(nn_clean_directory("."), 0);
	cr_assert(holds("file", "new") && S_ISLNK(mode_of(".nncc-tmp-0123456789abcdef")));
	for (int i = 0; i < 4; i++)
		cr_assert(holds(other[i], "precious"), "%s", other[i]);
}

Test(io, what_a_killed_writer_left_is_told_from_what_is_written)
{
	nn_file f;
	nn_error e = {0};
	toy_write(".nncc-tmp-00000000000000aa", "dead", 4);
	cr_assert(nn_file_create(&f, "file", &e) && nn_file_write(&f, "live", 4, &e), "%s", e.text);
	cr_assert_eq(nn_clean_directory("."), 1);
	cr_assert(nn_file_commit(&f, NULL, &e), "%s", e.text);
	cr_assert(holds("file", "live") && !leftovers("."));
}

Test(io, links_are_followed_and_stay)
{
	nn_error e = {0};
	cr_assert(mkdir("far", 0755) == 0 && symlink("far/near", "link") == 0);
	cr_assert(symlink("target", "far/near") == 0);
	for (int i = 0; i < 2; i++) { /* first the target is not there yet */
		cr_assert(nn_write_file("link", i ? "two" : "one", 3, &e), "%s", e.text);
		cr_assert(holds("far/target", i ? "two" : "one") && S_ISREG(mode_of("far/target")));
		cr_assert(S_ISLNK(mode_of("link")) && S_ISLNK(mode_of("far/near")));
	}
	cr_assert(chmod("far/target", 0600) == 0 && nn_write_file("link", "3", 1, &e));
	cr_assert_eq(mode_of("far/target") & 0777, 0600);
	cr_assert_eq(symlink("round", "round"), 0);
	cr_assert(!nn_write_file("round", "x", 1, &e) && e.code == 74, "%s", e.text);
	e = (nn_error){0};
	cr_assert(!nn_write_file("far", "x", 1, &e) && e.code == 74 && strstr(e.text, "directory"),
	          "%s", e.text);
}

Test(io, pipes_and_devices_are_written_to)
{
	char found[16] = "";
	nn_error e = {0};
	cr_assert(mkfifo("pipe", 0600) == 0 && symlink("pipe", "to-pipe") == 0);
	int reader = open("pipe", O_RDONLY | O_NONBLOCK);
	for (int i = 0; i < 2; i++) {
		cr_assert(nn_write_file(i ? "to-pipe" : "pipe", "hello", 5, &e), "%s", e.text);
		cr_assert(read(reader, found, sizeof found) == 5 && !memcmp(found, "hello", 5));
		cr_assert(S_ISFIFO(mode_of("pipe")));
	}
	cr_assert(nn_write_file("/dev/null", "hello", 5, &e) && S_ISCHR(mode_of("/dev/null")), "%s",
	          e.text);
	/* A reader that has gone, and a full disk, are errors and no death. */
	nn_file f;
	signal(SIGPIPE, SIG_IGN);
	cr_assert(nn_file_create(&f, "pipe", &e), "%s", e.text);
	close(reader);
	cr_assert(!nn_file_write(&f, "hello", 5, &e) && e.code == 74 && strstr(e.text, "pipe"));
	cr_assert(S_ISFIFO(mode_of("pipe")));
	e = (nn_error){0};
	cr_assert(!nn_write_file("/dev/full", "x", 1, &e) && e.code == 74, "%s", e.text);
	cr_assert(S_ISCHR(mode_of("/dev/full")));
}

/* A path that means a descriptor of the process goes on where that descriptor is. */
Test(io, a_descriptor_is_written_to_where_it_is)
{
	char path[32], other[64];
	nn_error e = {0};
	int fd = open("file", O_RDWR | O_CREAT, 0600);
	cr_assert_eq(write(fd, "before ", 7), 7);
	snprintf(path, sizeof path, "/dev/fd/%d", fd);
	snprintf(other, sizeof other, "/proc/self/fd/%d", fd);
	cr_assert(nn_write_file(path, "one ", 4, &e), "%s", e.text);
	cr_assert(symlink(other, "link") == 0 && nn_write_file("link", "two", 3, &e), "%s", e.text);
	cr_assert(holds("file", "before one two"));
	close(fd);
}

/* The first thing that a trainer does makes a file that grows too large an error. */
Test(io, a_file_too_large_is_an_error)
{
	struct rlimit limit = {20000, RLIM_INFINITY};
	toy_data(50);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	int status = toy_run(&nn_network, "--out", "r", "-q", NULL);
	cr_assert_eq(status, 74, "%d %s", status, toy_output);
	limit.rlim_cur = RLIM_INFINITY;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert(strstr(toy_output, "File too large"), "%s", toy_output);
	cr_assert_eq(leftovers("r"), 0);
}

Test(io, reading_is_bounded)
{
	nn_error e = {0};
	char *bytes;
	size_t count;
	toy_write("file", "0123456789", 10);
	cr_assert(!nn_read_file("file", 9, &bytes, &count, &e) && e.code == 65, "%s", e.text);
	e.code = 0;
	cr_assert(!nn_read_file("none", 9, &bytes, &count, &e) && e.code == 66, "%s", e.text);
	e.code = 0;
	cr_assert(!nn_read_file(".", 9, &bytes, &count, &e) && e.code == 65, "%s", e.text);
	e.code = 0;
	cr_assert(!nn_read_file("/dev/zero", 9, &bytes, &count, &e) && e.code == 65, "%s", e.text);
}

Test(io, no_fault_loses_a_training)
{
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "--out", "whole", "-q", NULL), 0, "%s", toy_output);
	char wanted[65];
	snprintf(wanted, sizeof wanted, "%s", toy_hash("whole/last.safetensors"));
	for (int kind = 0; kind < KINDS; kind++)
		for (int forever = 0; forever < 2; forever++)
			for (int n = 0;; n += n < 8 ? 1 : 5) {
				nn_save_seconds = n % 2 ? 10 : 0;
				install(kind, n, forever, kind == WRITE ? ENOSPC : EIO);
				int status = toy_run(&nn_network, "--out", "r", "-q", NULL);
				restore();
				nn_save_seconds = 10;
				cr_assert(status == 0 || status == 74, "%s %d: exit %d, %s",
				          kind_name[kind], n, status, toy_output);
				cr_assert(!fault.synced_after_failure, "fsync tried again");
				int again =
				        toy_run(&nn_network, "--out", "r", "-q", "--resume", NULL);
				cr_assert_eq(again, 0, "%s %d: %s", kind_name[kind], n, toy_output);
				cr_assert_str_eq(toy_hash("r/last.safetensors"), wanted, "%s %d",
				                 kind_name[kind], n);
				cr_assert_str_eq(toy_hash("r/best.safetensors"),
				                 toy_hash("whole/best.safetensors"), "%s %d",
				                 kind_name[kind], n);
				cr_assert_eq(system("rm -rf r"), 0);
				if (!fault.hits)
					break;
			}
}

Test(io, sha256_of_known_messages)
{
	static const struct {
		const char *text; /* repeated `times` times */
		int times;        /* of it                  */
		const char *hex;  /* FIPS 180-4 examples    */
	} row[] = {
	        {"", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	        {"aaaaaaaaaa", 100000,
	         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		nn_sha256 s;
		char hex[65];
		nn_sha256_start(&s);
		for (int k = 0; k < row[i].times; k++)
			nn_sha256_add(&s, row[i].text, strlen(row[i].text));
		nn_sha256_hex(&s, hex);
		cr_assert_str_eq(hex, row[i].hex);
	}
}
