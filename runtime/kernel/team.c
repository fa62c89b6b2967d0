/* team.c: one persistent parallel region, work for all its threads, and their barrier (nn_team.h).
 *
 * Every thread has a seat: a cache line with the number of the last barrier it has come to.
 * A barrier: each thread writes the next number on its seat. In a small team each then watches all
 * seats, which costs one trip between processors; in a larger one thread 0 reads the seats and
 * writes the number on the team's gate, which the others watch. No thread writes what another one
 * writes. A seat may already be one barrier ahead when it is read, never two.
 *
 * Work is handed out in the same way through `call`, a number that thread 0 raises once the job is
 * described; the job ends with a barrier. Orders are release and acquire, so that whatever was
 * written before a barrier is seen after it.
 *
 * Nothing is pinned: a processor that another program has taken must not hold up a thread for ever.
 * But two threads may be put on one processor, by a wake-up for example, and then each spins while
 * the other should run; a busy machine leaves them there. So every seat also tells where its thread
 * was last. Who waits for a thread on its own processor moves to one that no thread of the team is
 * on, by leaving its affinity mask for a moment, or yields at once where there is none.
 *
 * A thread idle for IDLE_MS sleeps on `call` in the kernel (futex); `sleepers` tells thread 0
 * whether anyone has to be woken. Those two are sequentially consistent: either thread 0 sees the
 * sleeper, or the sleeper sees the new call.
 *
 * Where other programs keep the processors busy, who waits at a barrier by yielding uses up the
 * time that it should work in, and is put behind them. That is noticed by a yield that lasts for
 * LONG_MS; for BUSY_MS from then on a thread sleeps at barriers too, on the number that it waits
 * for, and whoever writes that number looks at `waiters`, likewise sequentially consistent. */
#define _GNU_SOURCE 1
#include "nn_team.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#include "processors.h"

enum {
	FEW = 8,    /* threads up to which everyone watches everyone                   */
	LINE = 128, /* bytes that a processor may fetch together: two cache lines      */
	BURST = 32, /* pauses between two looks at the clock                           */
	NO_MEMORY = 71
};
static const double SPIN_MS = 0.05; /* then yield                                  */
static const double IDLE_MS = 3;    /* then sleep, when waiting for work           */
static const double MOVE_MS = 5;    /* between two moves of a thread               */
static const double LONG_MS = 0.5;  /* a yield of that long: others have run       */
static const double BUSY_MS = 200;  /* so long they are expected to be there still */

typedef struct {
	_Alignas(LINE) atomic_uint came; /* last barrier this thread has come to          */
	atomic_int cpu;                  /* where it was then; -1: not known              */
	double moved;                    /* when it last moved away; its own business     */
	double busy;                     /* until then it sleeps at barriers; likewise    */
} seat;

typedef struct {
	void (*step)(nn_task *t);       /* emitted code, or NULL                         */
	void (*each)(void *, int, int); /* any function, or NULL; both NULL: go home     */
	void *arg;                      /* of each                                       */
	char *arena;                    /* of step                                       */
	const nn_run *run;              /* of step                                       */
	double *ms;                     /* of step: milliseconds a kernel, or NULL       */
} job;

struct nn_team {
	_Alignas(LINE) atomic_uint gate;   /* last barrier all have come to                 */
	_Alignas(LINE) atomic_uint call;   /* number of jobs handed out                     */
	atomic_int sleepers;               /* threads that sleep, or are about to, on call  */
	_Alignas(LINE) atomic_int waiters; /* the same at barriers                        */
	_Alignas(LINE) job job;            /* written by thread 0 before it raises call     */
	int threads;                       /* written once, before the first job            */
	bool crowded;                      /* more threads than processors: do not spin     */
	seat *seat;                        /* one for each thread                           */
};

/* ---- machine ----------------------------------------------------------------------------- */

double nn_clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* The processor this thread is on, or -1. */
static int processor(void)
{
#ifdef __linux__
	return sched_getcpu();
#else
	return -1;
#endif
}

/* Lets denormals count as zero in this thread; returns what denormals_restore needs. */
static uint64_t denormals_off(void)
{
#if defined __SSE2__
	unsigned old = __builtin_ia32_stmxcsr();
	__builtin_ia32_ldmxcsr(old | 0x8040); /* flush to zero, denormals are zero */
	return old;
#elif defined __aarch64__
	uint64_t old;
	__asm__ volatile("mrs %0, fpcr" : "=r"(old));
	__asm__ volatile("msr fpcr, %0" : : "r"(old | UINT64_C(1) << 24));
	return old;
#else
	return 0;
#endif
}

static void denormals_restore(uint64_t old)
{
#if defined __SSE2__
	__builtin_ia32_ldmxcsr((unsigned)old);
#elif defined __aarch64__
	__asm__ volatile("msr fpcr, %0" : : "r"(old));
#else
	(void)old;
#endif
}

static void relax(void)
{
#if defined __SSE2__
	__builtin_ia32_pause();
#elif defined __aarch64__
	__asm__ volatile("isb" ::: "memory");
#endif
}

/* ---- waiting ----------------------------------------------------------------------------- */

/* Sleeps while *number is old; may return early. */
static void sleep_on(const atomic_uint *number, unsigned old)
{
#ifdef __linux__
	syscall(SYS_futex, number, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
#else
	(void)number, (void)old;
	nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
#endif
}

static void wake_all(atomic_uint *number)
{
#ifdef __linux__
	syscall(SYS_futex, number, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
#else
	(void)number;
#endif
}

/* Whether *number is `wanted` or beyond (it may wrap around). */
static bool reached(const atomic_uint *number, unsigned wanted)
{
	return (int)(atomic_load_explicit(number, memory_order_acquire) - wanted) >= 0;
}

/* Whether a thread that has not come to barrier `wanted` was last on this thread's processor. */
static bool shares_processor(const nn_team *team, int thread, unsigned wanted)
{
	int cpu = processor();
	for (int i = 0; cpu >= 0 && i < team->threads; i++)
		if (i != thread && !reached(&team->seat[i].came, wanted) &&
		    atomic_load_explicit(&team->seat[i].cpu, memory_order_relaxed) == cpu)
			return true;
	return false;
}

/* Goes to a processor of this thread's mask that no thread of the team is on; false: stayed. */
static bool move_away(nn_team *team, int thread)
{
#ifdef __linux__
	cpu_set_t mask, free_ones;
	double now = nn_clock_ms();
	if (now - team->seat[thread].moved < MOVE_MS ||
	    sched_getaffinity(0, sizeof mask, &mask) != 0)
		return false;
	team->seat[thread].moved = now;
	free_ones = mask;
	for (int i = 0; i < team->threads; i++) {
		int cpu = atomic_load_explicit(&team->seat[i].cpu, memory_order_relaxed);
		if (cpu >= 0 && cpu < CPU_SETSIZE)
			CPU_CLR((size_t)cpu, &free_ones);
	}
	if (!CPU_COUNT(&free_ones) || sched_setaffinity(0, sizeof free_ones, &free_ones) != 0)
		return false;
	sched_setaffinity(0, sizeof mask, &mask);
	atomic_store_explicit(&team->seat[thread].cpu, processor(), memory_order_relaxed);
	return true;
#else
	(void)team, (void)thread;
	return false;
#endif
}

/* Writes a number that others wait for, and wakes those who sleep. */
static void write_number(nn_team *team, atomic_uint *number, unsigned value)
{
	atomic_store(number, value);
	if (atomic_load(&team->waiters) > 0)
		wake_all(number);
}

/* Lets others run, and this thread sleep where others take long to come back from. */
static void step_aside(nn_team *team, int thread, const atomic_uint *number, unsigned wanted,
                       double now)
{
	seat *own = &team->seat[thread];
	if (now >= own->busy) {
		sched_yield();
		double after = nn_clock_ms();
		own->busy = after - now > LONG_MS ? after + BUSY_MS : own->busy;
		return;
	}
	atomic_fetch_add(&team->waiters, 1);
	unsigned there = atomic_load(number);
	if ((int)(there - wanted) < 0)
		sleep_on(number, there);
	atomic_fetch_sub(&team->waiters, 1);
}

/* Returns when *number has reached barrier `wanted`, with all that was written before it did. */
static void wait_until(nn_team *team, int thread, const atomic_uint *number, unsigned wanted)
{
	double start = 0;
	while (!reached(number, wanted)) {
		if (team->crowded) {
			step_aside(team, thread, number, wanted, nn_clock_ms());
			continue;
		}
		for (int i = 0; i < BURST; i++) {
			relax();
			if (reached(number, wanted))
				return;
		}
		double now = nn_clock_ms();
		start = start > 0 ? start : now;
		bool shared = shares_processor(team, thread, wanted);
		if (shared && move_away(team, thread))
			continue;
		if (shared || now - start > SPIN_MS)
			step_aside(team, thread, number, wanted, now);
	}
}

/* Returns the number of the next job once it is no longer `done`. */
static unsigned wait_for_work(nn_team *team, int thread, unsigned done)
{
	double start = nn_clock_ms();
	const seat *first = &team->seat[0];
	for (;;) {
		unsigned call = atomic_load_explicit(&team->call, memory_order_acquire);
		if (call != done)
			return call;
		double waited = nn_clock_ms() - start;
		if (waited > IDLE_MS) {
			atomic_fetch_add(&team->sleepers, 1);
			if (atomic_load(&team->call) == done)
				sleep_on(&team->call, done);
			atomic_fetch_sub(&team->sleepers, 1);
		} else if (team->crowded || waited > SPIN_MS) {
			sched_yield();
		} else if (atomic_load_explicit(&first->cpu, memory_order_relaxed) == processor()) {
			/* Thread 0 is who gives work: do not keep it from running. */
			if (!move_away(team, thread))
				sched_yield();
		} else {
			relax();
		}
	}
}

/* Returns when all threads of the team have come here. */
static void barrier(nn_team *team, int thread)
{
	if (team->threads == 1)
		return;
	seat *own = &team->seat[thread];
	unsigned next = 1 + atomic_load_explicit(&own->came, memory_order_relaxed);
	atomic_store_explicit(&own->cpu, processor(), memory_order_relaxed);
	write_number(team, &own->came, next);
	if (thread > 0 && team->threads > FEW) {
		wait_until(team, thread, &team->gate, next);
		return;
	}
	for (int i = 0; i < team->threads; i++)
		wait_until(team, thread, &team->seat[i].came, next);
	if (team->threads > FEW)
		write_number(team, &team->gate, next);
}

void nn_sync(nn_task *t, int k)
{
	if (t->threads > 1)
		barrier(t->team, t->thread);
	if (t->ms && t->thread == 0) {
		double now = nn_clock_ms();
		t->ms[k] += now - t->mark;
		t->mark = now;
	}
}

/* ---- work -------------------------------------------------------------------------------- */

/* Emitted code as one of so many threads. */
static void run_step(nn_team *team, const job *j, int thread, int threads)
{
	nn_task task = {.arena = j->arena,
	                .run = j->run,
	                .team = team,
	                .ms = j->ms,
	                .thread = thread,
	                .threads = threads,
	                .mark = j->ms ? nn_clock_ms() : 0};
	j->step(&task);
}

/* This thread's share of the job, up to the barrier that ends it. */
static void work(nn_team *team, int thread)
{
	const job *j = &team->job;
	if (j->step) {
		run_step(team, j, thread, team->threads);
	} else if (j->each) {
		j->each(j->arg, thread, team->threads);
	}
	barrier(team, thread);
}

/* Thread 0: makes j the team's job and lets the others start. */
static void hand_out(nn_team *team, job j)
{
	team->job = j;
	if (team->threads == 1)
		return;
	atomic_fetch_add(&team->call, 1);
	if (atomic_load(&team->sleepers) > 0)
		wake_all(&team->call);
}

void nn_team_do(nn_team *team, void (*fn)(nn_task *t), char *arena, const nn_run *run, double *ms)
{
	hand_out(team, (job){.step = fn, .arena = arena, .run = run, .ms = ms});
	work(team, 0);
}

void nn_team_alone(nn_team *team, void (*fn)(nn_task *t), char *arena, const nn_run *run,
                   double *ms)
{
	run_step(team, &(job){.step = fn, .arena = arena, .run = run, .ms = ms}, 0, 1);
}

void nn_team_each(nn_team *team, void (*fn)(void *arg, int thread, int threads), void *arg)
{
	hand_out(team, (job){.each = fn, .arg = arg});
	work(team, 0);
}

int nn_team_threads(const nn_team *team)
{
	return team->threads;
}

/* ---- the region -------------------------------------------------------------------------- */

#if defined _OPENMP && defined __linux__
/* OpenMP aborts when it cannot start a thread, so threads are started and ended here first. */
typedef struct {
	pthread_t handle;
	atomic_int id;        /* of the kernel; 0: not there yet */
	pthread_mutex_t *end; /* held until all were started     */
} trial;

static void *stay(void *arg)
{
	trial *t = arg;
	atomic_store(&t->id, (int)syscall(SYS_gettid));
	pthread_mutex_lock(t->end);
	pthread_mutex_unlock(t->end);
	return NULL;
}

/* Starts `threads` and ends them: 0, or the error of pthread_create and how many did start. They
 * count against limits until the kernel has forgotten them, which is a little after they end. */
static int try_threads(trial *t, int threads, int *started)
{
	pthread_mutex_t end = PTHREAD_MUTEX_INITIALIZER;
	int error = 0;
	pthread_mutex_lock(&end);
	for (*started = 0; *started < threads; *started += 1) {
		trial *next = &t[*started];
		next->end = &end;
		atomic_init(&next->id, 0);
		error = pthread_create(&next->handle, NULL, stay, next);
		if (error)
			break;
	}
	pthread_mutex_unlock(&end);
	for (int i = 0; i < *started; i++) {
		pthread_join(t[i].handle, NULL);
		while (!syscall(SYS_tgkill, getpid(), atomic_load(&t[i].id), 0))
			sched_yield();
	}
	return error;
}

static void need_threads(int threads)
{
	int started = 0;
	trial *t = calloc((size_t)threads, sizeof *t);
	int error = t ? try_threads(t, threads - 1, &started) : ENOMEM;
	free(t);
	if (!error)
		return;
	fprintf(stderr,
	        "error: %d threads are wanted, and only %d can be started here (%s); -j "
	        "asks for fewer, ulimit -u tells the limit\n",
	        threads, started + 1, strerror(error));
	exit(NO_MEMORY);
}
#else
static void need_threads(int threads)
{
	(void)threads;
}
#endif

/* Is it "ADDRESS-FLAG-LIBRARY" in hexadecimal digits, whole? */
static bool is_registration(const char *text)
{
	char *end;

	strtoull(text, &end, 16);
	if (end == text || *end != '-')
		return false;
	text = end + 1;
	strtoull(text, &end, 16);
	return end > text && end[0] == '-' && end[1];
}

/* LLVM's OpenMP names a file after this process (__kmp_register_library_startup in kmp_runtime.cpp)
 * and reads what it finds there. A process of the same number that was killed while it wrote it has
 * left an empty one, which ends in SIGBUS, or zeros, which end in "unknown library already
 * initialized": a file without a registration goes first. */
static void remove_broken_registration(void)
{
#ifdef __linux__
	char path[96], text[64] = "";
	snprintf(path, sizeof path, "/dev/shm/__KMP_REGISTERED_LIB_%d_%d", (int)getpid(),
	         (int)getuid());
	int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0)
		return;
	ssize_t length = read(file, text, sizeof text - 1);
	close(file);
	if (length >= 0 && !is_registration(text))
		unlink(path);
#endif
}

/* One thread's life in the region. */
static void live(nn_team *team, int thread, void (*body)(nn_team *, void *), void *arg)
{
	uint64_t old = denormals_off();
	if (thread == 0) {
		body(team, arg);
		hand_out(team, (job){.step = NULL});
	} else {
		unsigned call = wait_for_work(team, thread, 0);
		while (team->job.step || team->job.each) {
			work(team, thread);
			call = wait_for_work(team, thread, call);
		}
	}
	denormals_restore(old);
}

/* On its own, for compiled code calls OpenMP where a function with a region begins. */
static void region(nn_team *team, void (*body)(nn_team *, void *), void *arg)
{
#ifdef _OPENMP
	int dynamic = omp_get_dynamic();
	omp_set_dynamic(0);
#pragma omp parallel num_threads(team->threads)
	{
#pragma omp single
		{
			team->threads = omp_get_num_threads();
			team->crowded = team->threads > nn_processors();
		}
		live(team, omp_get_thread_num(), body, arg);
	}
	omp_set_dynamic(dynamic);
#else
	live(team, 0, body, arg);
#endif
}

void nn_team_run(int threads, void (*body)(nn_team *team, void *arg), void *arg)
{
	if (threads <= 0)
		threads = nn_processors();
#ifndef _OPENMP
	threads = 1;
#endif
	nn_team team = {.threads = threads};
	team.seat = aligned_alloc(LINE, (size_t)threads * sizeof(seat));
	if (!team.seat) {
		fprintf(stderr, "error: no memory for a team of %d threads; try fewer\n", threads);
		exit(NO_MEMORY);
	}
	for (int i = 0; i < threads; i++) {
		atomic_init(&team.seat[i].came, 0);
		atomic_init(&team.seat[i].cpu, -1);
		team.seat[i].moved = -MOVE_MS;
	}
	need_threads(threads);
	unsetenv("OMP_NUM_THREADS");
	remove_broken_registration();
	region(&team, body, arg);
	free(team.seat);
}
