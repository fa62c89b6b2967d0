/* kill -9 at any moment loses nothing: what is on the disk resumes to the bits of a whole run.
 *
 * It is saved after each step. 30 kills after a random time, 60 inside a save: before, in the
 * middle of and after the n-th call that writes, syncs or renames. Training runs in child processes
 * only, since a process that has started OpenMP's threads must not fork. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../runtime/file/io.h"
#include "../runtime/kernel/nn_rand.h"
#include "../runtime/train/train.h"
#include "fixture.h"

TestSuite(kill, .init = toy_enter, .fini = toy_leave);

static nn_io real;
static int countdown; /* calls until the end; negative: never  */
static int moment;    /* 0 before the call, 1 half of it, 2 after */

static void end_now(int when)
{
	if (countdown == 0 && moment == when)
		raise(SIGKILL);
}

static ssize_t k_write(int fd, const void *bytes, size_t count)
{
	end_now(0);
	if (countdown == 0 && moment == 1 && real.write(fd, bytes, count / 2) >= 0)
		raise(SIGKILL);
	ssize_t done = real.write(fd, bytes, count);
	end_now(2);
	countdown--;
	return done;
}

static int k_fsync(int fd)
{
	end_now(0);
	int status = real.fsync(fd);
	end_now(2);
	countdown--;
	return status;
}

static int k_rename(const char *from, const char *to)
{
	end_now(0);
	int status = real.rename(from, to);
	end_now(2);
	countdown--;
	return status;
}

/* Trains in a child that is killed at a call (at >= 0) or after some microseconds (else, unless 0);
 * its exit status, or -1 when it was killed. */
static int train(const char *out, const char *how, int at, int when, unsigned microseconds)
{
	fflush(NULL);
	pid_t child = fork();
	cr_assert(child >= 0);
	if (child == 0) {
		real = nn_io_calls;
		countdown = at;
		moment = when;
		nn_io_calls.write = k_write;
		nn_io_calls.fsync = k_fsync;
		nn_io_calls.rename = k_rename;
		nn_save_seconds = 0;
		if (!strcmp(how, "--overwrite"))
			_exit(toy_run(&nn_network, "--out", out, "-q", how, "--lr", "0.02", NULL));
		_exit(toy_run(&nn_network, "--out", out, "-q", how, "-j2", NULL));
	}
	if (microseconds) {
		usleep(microseconds);
		kill(child, SIGKILL);
	}
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void resumes(const char *what, int n)
{
	cr_assert_eq(train("r", "--resume", -1, 0, 0), 0, "%s %d: %s", what, n, toy_output);
	cr_assert_str_eq(toy_hash("r/last.safetensors"), toy_hash("whole/last.safetensors"),
	                 "%s %d", what, n);
	cr_assert_str_eq(toy_hash("r/best.safetensors"), toy_hash("whole/best.safetensors"),
	                 "%s %d", what, n);
	cr_assert_str_eq(toy_log("r"), toy_log("whole"), "%s %d", what, n);
}

Test(kill, at_a_random_time)
{
	int killed = 0;
	toy_data(50);
	cr_assert_eq(train("whole", "--resume", -1, 0, 0), 0);
	for (int i = 0; i < 30; i++) {
		uint64_t r = nn_rand_u64(1, 0, 0, (uint64_t)i);
		killed += train("r", "--resume", -1, 0, (unsigned)(500 + r % 12000)) < 0;
		resumes("kill", i);
		cr_assert_eq(system("rm -rf r"), 0);
	}
	cr_assert_gt(killed, 5, "only %d were killed in time", killed);
}

Test(kill, inside_a_save)
{
	int killed = 0;
	toy_data(50);
	cr_assert_eq(train("whole", "--resume", -1, 0, 0), 0);
	for (int i = 0; i < 60; i++) {
		killed += train("r", "--resume", 5 + i / 3 * 3, i % 3, 0) < 0;
		resumes("call", 5 + i / 3 * 3);
		cr_assert_eq(system("rm -rf r"), 0);
	}
	cr_assert_gt(killed, 30, "only %d were killed", killed);
}

/* What is on the disk and resumed is the run before or the new one, with all that belongs to it. */
Test(kill, inside_a_run_that_takes_the_place_of_another)
{
	int is_old = 0, is_new = 0, status = -1;
	toy_data(50);
	cr_assert_eq(train("old", "--resume", -1, 0, 0), 0);
	cr_assert_eq(train("new", "--overwrite", -1, 0, 0), 0);
	for (int at = 0; at < 90 && status < 0; at += at < 30 ? 1 : 7) {
		cr_assert_eq(system("rm -rf r; cp -r old r"), 0);
		status = train("r", "--overwrite", at, at % 2 * 2, 0);
		cr_assert_eq(train("r", "--resume", -1, 0, 0), 0, "call %d: %s", at, toy_output);
		bool same = !strcmp(toy_log("r"), toy_log("new"));
		const char *like = same ? "new" : "old";
		*(same ? &is_new : &is_old) += 1;
		cr_assert_str_eq(toy_log("r"), toy_log(like), "call %d", at);
		for (int i = 0; i < 2; i++) {
			char a[64], b[64];
			snprintf(a, sizeof a, "r/%s", i ? "best.safetensors" : "last.safetensors");
			snprintf(b, sizeof b, "%s/%s", like, a + 2);
			cr_assert_str_eq(toy_hash(a), toy_hash(b), "call %d: %s", at, a);
		}
	}
	cr_assert(is_old > 2 && is_new > 10, "%d old, %d new", is_old, is_new);
}
