/* test_team.c: the team of threads (nn_team.h), its barrier, and the measured limits (nn_peak.h).
 *
 * Every test runs with 1 to 10 threads: more than most test machines have processors, and enough
 * for both forms of the barrier. The barrier is tested by what it is for: what a thread wrote
 * before a barrier, all see after it, and nobody runs ahead into the next round. */
#define _GNU_SOURCE 1
#include "../runtime/kernel/nn_peak.h"
#include "../runtime/kernel/nn_team.h"
#include "../runtime/kernel/processors.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <string.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 10, ROUNDS = 500, JOBS = 300 };

#ifdef _OPENMP
static const bool openmp = true;
#else
static const bool openmp = false;
#endif

typedef struct {
	int asked;            /* threads                                                  */
	long slot[MOST];      /* one for each thread                                      */
	long bad[MOST];       /* what each thread found wrong                             */
	int runs[MOST];       /* how often it ran                                         */
	double ms[3];         /* booked by nn_sync                                        */
	double before, after; /* of a measurement                                         */
} board;

/* Emitted code gets a board as its arena. */
static board *board_of(const nn_task *t)
{
	board *b;
	memcpy(&b, &t->arena, sizeof(board *));
	return b;
}

static void with_threads(int threads, void (*body)(nn_team *, void *), board *b)
{
	*b = (board){.asked = openmp ? threads : 1};
	nn_team_run(threads, body, b);
}

/* ---- work is done, once, by all ---------------------------------------------------------- */

static void note(void *arg, int thread, int threads)
{
	board *b = arg;
	b->runs[thread]++;
	b->bad[thread] += threads != b->asked;
}

static void give_jobs(nn_team *team, void *arg)
{
	board *b = arg;
	for (int job = 1; job <= JOBS; job++) {
		nn_team_each(team, note, b);
		for (int i = 0; i < b->asked; i++)
			b->bad[0] += b->runs[i] != job; /* all are done when it returns */
	}
	b->bad[0] += nn_team_threads(team) != b->asked;
}

Test(team, every_thread_does_every_job_once, .timeout = 60)
{
	for (int threads = 1; threads <= MOST; threads++) {
		board b;
		with_threads(threads, give_jobs, &b);
		for (int i = 0; i < MOST; i++) {
			int want = i < b.asked ? JOBS : 0;
			cr_expect(b.runs[i] == want && b.bad[i] == 0, "thread %d of %d: %d jobs", i,
			          threads, b.runs[i]);
		}
	}
}

/* ---- what others left behind ------------------------------------------------------------- */

#ifdef __linux__
/* A process of this number was killed while LLVM's OpenMP began in it, and left `length` bytes. */
static void starts_beside(const char *text, size_t length)
{
	char path[96];
	snprintf(path, sizeof path, "/dev/shm/__KMP_REGISTERED_LIB_%d_%d", (int)getpid(),
	         (int)getuid());
	FILE *left = fopen(path, "wx");
	if (!left)
		return; /* no such directory, or not ours to write */
	cr_assert_eq(fwrite(text, 1, length, left), length);
	fclose(left);
	board b;
	with_threads(2, give_jobs, &b);
	cr_assert_eq(b.runs[0], JOBS);
	unlink(path);
}

Test(team, starts_beside_an_empty_registration)
{
	starts_beside("", 0);
}

Test(team, starts_beside_a_registration_of_zeros)
{
	static const char zeros[1024];
	starts_beside(zeros, sizeof zeros);
}

Test(team, starts_beside_a_registration_that_was_cut_off)
{
	static const char cut[1024] = "0x7f00deadbeef-caf";
	starts_beside(cut, sizeof cut);
}

#endif

/* ---- the barrier ------------------------------------------------------------------------- */

static void rounds(nn_task *t)
{
	board *b = board_of(t);
	for (long round = 1; round <= ROUNDS; round++) {
		b->slot[t->thread] = round * (t->run->live + t->thread);
		nn_sync(t, 0);
		for (int i = 0; i < t->threads; i++)
			b->bad[t->thread] += b->slot[i] != round * (t->run->live + i);
		nn_sync(t, 1);
	}
	b->runs[t->thread]++;
}

static void give_rounds(nn_team *team, void *arg)
{
	board *b = arg;
	for (int live = 1; live <= 3; live++)
		nn_team_do(team, rounds, arg, &(nn_run){.live = live}, NULL);
	b->bad[0] += b->ms[0] != 0;
}

Test(team, what_is_written_before_a_barrier_is_seen_after_it, .timeout = 120)
{
	for (int threads = 1; threads <= MOST; threads++) {
		board b;
		with_threads(threads, give_rounds, &b);
		for (int i = 0; i < b.asked; i++)
			cr_expect(b.runs[i] == 3 && b.bad[i] == 0, "thread %d of %d: %ld wrong", i,
			          threads, b.bad[i]);
	}
}

static void wait_ms(double ms)
{
	double start = nn_clock_ms();
	while (nn_clock_ms() - start < ms)
		nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
}

static atomic_int waits; /* 1: thread 0 is about to wait in kernel 1                        */

/* The last thread is slow in kernel 1: thread 0 waits for it and books the time there. The delay
 * begins when thread 0 is there, however late that is on a busy machine. */
static void slow_kernel(nn_task *t)
{
	nn_sync(t, 0);
	if (t->thread == 0)
		atomic_store(&waits, 1);
	while (!atomic_load(&waits))
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	if (t->thread == t->threads - 1)
		wait_ms(20);
	nn_sync(t, 1);
	nn_sync(t, 2);
}

static void time_kernels(nn_team *team, void *arg)
{
	board *b = arg;
	double start = nn_clock_ms();
	for (int i = 0; i < 2; i++) {
		atomic_store(&waits, 0);
		nn_team_do(team, slow_kernel, arg, &(nn_run){.live = 1}, b->ms);
	}
	b->after = nn_clock_ms() - start;
}

Test(team, time_is_booked_on_the_kernel_that_took_it, .timeout = 60)
{
	for (int threads = 1; threads <= MOST; threads++) {
		board b;
		with_threads(threads, time_kernels, &b);
		cr_expect(b.ms[1] >= 40, "%d threads: %g ms", threads, b.ms[1]);
		cr_expect(b.ms[0] + b.ms[1] + b.ms[2] <= b.after, "%d threads: %g + %g + %g > %g",
		          threads, b.ms[0], b.ms[1], b.ms[2], b.after);
	}
}

/* ---- coming, waiting, going -------------------------------------------------------------- */

static void do_nothing(nn_team *team, void *arg)
{
	board *b = arg;
	b->runs[0]++;
	b->bad[0] += nn_team_threads(team) != b->asked;
}

Test(team, a_region_without_work_ends, .timeout = 60)
{
	for (int threads = 1; threads <= MOST; threads++)
		for (int again = 0; again < 20; again++) {
			board b;
			with_threads(threads, do_nothing, &b);
			cr_expect(b.runs[0] == 1 && b.bad[0] == 0, "%d threads", threads);
		}
}

static void count_processors(nn_team *team, void *arg)
{
	*(int *)arg = nn_team_threads(team);
}

Test(team, no_number_means_one_thread_a_processor)
{
	int threads = 0;
	nn_team_run(0, count_processors, &threads);
	cr_expect(nn_processors() >= 1);
	cr_expect(threads == (openmp ? nn_processors() : 1), "%d", threads);
}

static double processor_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Thread 0 sleeps as if it read data; then there must be work for all again. */
static void be_idle(nn_team *team, void *arg)
{
	board *b = arg;
	nn_team_each(team, note, b);
	for (int pause = 0; pause < 2; pause++) {
		b->before = processor_ms();
		nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
		b->after = processor_ms();
		nn_team_each(team, note, b);
	}
}

Test(team, idle_threads_sleep_and_wake, .timeout = 60)
{
	for (int threads = 1; threads <= MOST; threads++) {
		board b;
		with_threads(threads, be_idle, &b);
		double used = b.after - b.before;
		cr_expect(used < 5.0 * threads + 10, "%d threads used %g ms", threads, used);
		for (int i = 0; i < b.asked; i++)
			cr_expect(b.runs[i] == 3, "thread %d of %d", i, threads);
	}
}

/* ---- processors -------------------------------------------------------------------------- */

#ifdef __linux__
static cpu_set_t whole;     /* the mask of this process          */
static double barrier_ms;   /* the shortest of many measurements */
static int together, apart; /* samples of where two threads were */

static void go_to_first(void *arg, int thread, int threads)
{
	cpu_set_t one;
	(void)arg, (void)thread, (void)threads;
	CPU_ZERO(&one);
	for (size_t i = 0; !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &whole))
			CPU_SET(i, &one);
	cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
}

static void go_anywhere(void *arg, int thread, int threads)
{
	(void)arg, (void)thread, (void)threads;
	cr_assert_eq(sched_setaffinity(0, sizeof whole, &whole), 0);
}

static void barriers(nn_task *t)
{
	for (int i = 0; i < 40; i++)
		nn_sync(t, 0);
	board_of(t)->slot[t->thread] = sched_getcpu();
}

static void look_at_mask(void *arg, int thread, int threads)
{
	board *b = arg;
	cpu_set_t now;
	(void)threads;
	b->bad[thread] += sched_getaffinity(0, sizeof now, &now) != 0 || !CPU_EQUAL(&now, &whole);
}

static void crowd(nn_team *team, void *arg)
{
	board *b = arg;
	/* Held on one processor a barrier is a switch, not the end of somebody's spinning. */
	nn_team_each(team, go_to_first, b);
	barrier_ms = 1e9;
	for (int i = 0; i < 300; i++) {
		double start = nn_clock_ms();
		nn_team_do(team, barriers, arg, &(nn_run){.live = 1}, NULL);
		barrier_ms = fmin(barrier_ms, (nn_clock_ms() - start) / 40);
	}
	/* Allowed to part, they do. */
	nn_team_each(team, go_anywhere, b);
	for (double start = nn_clock_ms(); nn_clock_ms() - start < 5000 && apart < 100;) {
		nn_team_do(team, barriers, arg, &(nn_run){.live = 1}, NULL);
		*(b->slot[0] == b->slot[1] ? &together : &apart) += 1;
	}
	nn_team_each(team, look_at_mask, b);
}

Test(team, threads_on_one_processor_do_not_spin_and_part, .timeout = 60)
{
	board b;
	cr_assert_eq(sched_getaffinity(0, sizeof whole, &whole), 0);
	if (CPU_COUNT(&whole) < 2 || !openmp)
		return;
	with_threads(2, crowd, &b);
	cr_expect(barrier_ms < 0.02, "a barrier takes %g ms", barrier_ms);
	cr_expect(apart > 0, "together %d times, apart never", together);
	cr_expect(b.bad[0] == 0 && b.bad[1] == 0, "a mask was changed");
}
#endif

/* ---- denormals --------------------------------------------------------------------------- */

static bool denormals_are_zero(void)
{
	volatile float least = 0x1p-126f, denormal = 0x1p-130f;
	volatile float product = least * 0.5f, sum = denormal * 0x1p20f;
	return product == 0 && sum == 0;
}

static void look_at_denormals(void *arg, int thread, int threads)
{
	board *b = arg;
	(void)threads;
	b->runs[thread] = denormals_are_zero();
}

static void denormals(nn_team *team, void *arg)
{
	nn_team_each(team, look_at_denormals, arg);
}

Test(team, denormals_are_zero_in_every_thread_and_only_there)
{
#if defined __SSE2__ || defined __aarch64__
	for (int threads = 1; threads <= MOST; threads++) {
		board b;
		cr_expect(!denormals_are_zero());
		with_threads(threads, denormals, &b);
		for (int i = 0; i < b.asked; i++)
			cr_expect(b.runs[i] == 1, "thread %d of %d", i, threads);
		cr_expect(!denormals_are_zero());
	}
#endif
}

/* ---- limits of the machine --------------------------------------------------------------- */

typedef struct {
	double gflops, gbytes; /* measured           */
	double ms;             /* time it all took   */
} limits;

static void measure(nn_team *team, void *arg)
{
	limits *l = arg;
	double start = nn_clock_ms();
	l->gflops = nn_peak_gflops(team);
	l->gbytes = nn_triad_gbytes(team);
	l->ms = nn_clock_ms() - start;
}

/* Bounds wide enough for any machine and load; wrong units would miss them. */
Test(peak, limits_are_plausible, .timeout = 60)
{
	for (int threads = 1; threads <= 2; threads++) {
		limits l = {0};
		nn_team_run(threads, measure, &l);
		cr_expect(l.gflops > 1 && l.gflops < 1000 * threads, "%g GFLOP/s", l.gflops);
		cr_expect(l.gbytes > 0.2 && l.gbytes < 2000, "%g GB/s", l.gbytes);
		cr_expect(l.ms < 5000, "%g ms", l.ms);
	}
}
