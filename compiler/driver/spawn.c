/* spawn.c: starts programs.
 *
 * In: argument vectors. Out: whether they succeeded. There is no shell anywhere: posix_spawnp takes
 * the vector as it is, so nothing in a file name can be taken for a command. The environment is
 * PATH, HOME, TMPDIR and LANG=C. Signals that would end nncc are blocked and taken up where it
 * waits for its children, so there is one place to stop them and no handler. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"

enum { ENV = 5 };

static sigset_t held, before;
static bool holding;

void args_add(Args *a, const char *text)
{
	if (a->n + 1 >= (int)(sizeof a->word / sizeof *a->word))
		fatal(1, "the C compiler's command line is too long");
	a->word[a->n++] = copy_bytes(text, strlen(text));
}

void args_split(Args *a, const char *text)
{
	for (;;) {
		text += strspn(text, " ");
		size_t n = strcspn(text, " ");
		if (!n)
			return;
		args_add(a, copy_bytes(text, n));
		text += n;
	}
}

void args_print(const Args *a, FILE *out)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                           "0123456789_-+=.,/:@%";
	for (int i = 0; i < a->n; i++) {
		const char *w = a->word[i];
		bool quote = !*w || w[strspn(w, safe)];
		fputs(i ? quote ? " '" : " " : quote ? "'" : "", out);
		for (; *w; w++)
			if (*w == '\'')
				fputs("'\\''", out);
			else
				fputc(*w, out);
		fputs(quote ? "'" : "", out);
	}
	fputc('\n', out);
}

const char *program_find(const char *name)
{
	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : name;
	const char *path = getenv("PATH");
	for (path = path ? path : "/usr/bin:/bin"; *path; path += strspn(path, ":")) {
		size_t n = strcspn(path, ":");
		char *full = format("%.*s/%s", (int)n, path, name);
		if (!access(full, X_OK))
			return full;
		path += n;
	}
	return NULL;
}

static void environment(char *env[ENV])
{
	static const char *const keep[] = {"PATH", "HOME", "TMPDIR"};
	int n = 0;
	for (size_t i = 0; i < sizeof keep / sizeof *keep; i++) {
		const char *value = getenv(keep[i]);
		if (value)
			env[n++] = format("%s=%s", keep[i], value);
	}
	env[n++] = format("LANG=C");
	env[n] = NULL;
}

/* Starts the program with standard output to `out` (-1: as ours). */
static pid_t start(const Args *a, int out)
{
	char *env[ENV];
	pid_t pid;
	posix_spawnattr_t attr;
	posix_spawn_file_actions_t files;
	environment(env);
	int error = posix_spawnattr_init(&attr);
	error = error ? error : posix_spawn_file_actions_init(&files);
	error = error ? error : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	error = error ? error : posix_spawnattr_setsigmask(&attr, &before);
	if (!error && out >= 0)
		error = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	fflush(NULL);
	error = error ? error : posix_spawnp(&pid, a->word[0], &files, &attr, a->word, env);
	if (error)
		fatal(1, "cannot start %s: %s", a->word[0], strerror(error));
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return pid;
}

const char *program_says(const Args *a)
{
	char line[4096];
	int fd[2], status = 1;
	if (pipe(fd))
		fatal(1, "cannot make a pipe: %s", strerror(errno));
	pid_t pid = start(a, fd[1]);
	close(fd[1]);
	FILE *f = fdopen(fd[0], "r");
	bool got = f && fgets(line, sizeof line, f);
	if (f)
		fclose(f);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!got || status)
		return NULL;
	return copy_bytes(line, strcspn(line, "\n"));
}

void signals_hold(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction now;
	if (holding)
		return;
	holding = true;
	sigemptyset(&held);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (!sigaction(ends[i], NULL, &now) && now.sa_handler != SIG_IGN)
			sigaddset(&held, ends[i]);
	sigaddset(&held, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &held, &before);
}

void signal_raise(int number)
{
	signal(number, SIG_DFL);
	raise(number);
	sigprocmask(SIG_SETMASK, &before, NULL);
	_exit(128 + number);
}

/* Ends those still running and waits for them. */
static void stop_all(const pid_t *pid, int n)
{
	for (int i = 0; i < n; i++)
		if (pid[i])
			kill(pid[i], SIGTERM);
	for (int i = 0; i < n; i++)
		if (pid[i])
			waitpid(pid[i], NULL, 0);
}

/* Takes note of those that have ended; how many, and whether one of them failed. */
static int reap(pid_t *pid, int n, bool *failed)
{
	int ended = 0;
	for (int i = 0; i < n; i++) {
		int status;
		if (!pid[i] || waitpid(pid[i], &status, WNOHANG) != pid[i])
			continue;
		pid[i] = 0;
		ended++;
		*failed |= status != 0;
		if (WIFSIGNALED(status))
			fprintf(stderr, "nncc: error: the C compiler was ended by signal %d\n",
			        WTERMSIG(status));
	}
	return ended;
}

int programs_run(const Args *a, int n, int at_once)
{
	pid_t *pid = alloc((size_t)n * sizeof *pid);
	int started = 0, running = 0;
	bool failed = false;
	for (;;) {
		while (!failed && running < at_once && started < n) {
			pid[started] = start(&a[started], -1);
			started++;
			running++;
		}
		if (!running)
			return failed;
		int number = sigwaitinfo(&held, NULL);
		if (number > 0 && number != SIGCHLD) {
			stop_all(pid, started);
			return -number;
		}
		running -= reap(pid, started, &failed);
	}
}
