/* Files: every call that touches one fails once and for ever; nothing that was complete is lost. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../runtime/io.h"
#include "../runtime/sha256.h"
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
				cr_assert(access("file.tmp", F_OK) != 0 || kind == UNLINK,
				          "%s %d leaves file.tmp", kind_name[kind], n);
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

Test(io, a_link_is_not_followed_and_leftovers_are_replaced)
{
	nn_error e = {0};
	toy_write("victim", "precious", 8);
	cr_assert_eq(symlink("victim", "file.tmp"), 0);
	cr_assert(nn_write_file("file", "new", 3, &e), "%s", e.text);
	char text[16] = "";
	cr_assert(toy_read("victim", text, sizeof text) == 8 && !memcmp(text, "precious", 8));
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
				install(kind, n, forever, kind == WRITE ? ENOSPC : EIO);
				int status = toy_run(&nn_network, "--out", "r", "-q", NULL);
				restore();
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
