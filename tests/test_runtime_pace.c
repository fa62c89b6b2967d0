/* test_runtime_pace.c: which threads do a step (net.c).
 *
 * The program under test only counts who runs it and sleeps: by sleeping, not working, the slower
 * of the two ways is slower on any machine. Both ways must have been tried, the faster one must
 * stay, and times that somebody books must not count as trials. */
#define _GNU_SOURCE 1
#include "../runtime/net.h"

#include <criterion/criterion.h>
#include <time.h>

enum { STEPS = 200, BOOKED = 7 };

static int by_team, by_one;        /* steps, as thread 0 saw them */
static long sleep_team, sleep_one; /* nanoseconds                 */

static void step(nn_task *t)
{
	struct timespec nap = {.tv_nsec = t->threads > 1 ? sleep_team : sleep_one};
	if (t->thread == 0) {
		*(t->threads > 1 ? &by_team : &by_one) += 1;
		nanosleep(&nap, NULL);
	}
	nn_sync(t, 0);
}

static void steps(nn_team *team, void *arg)
{
	static const nn_program program = {.step = step};
	nn_net net = {.program = &program, .team = team};
	nn_run run = {.live = 1};
	double ms = 0;
	(void)arg;
	by_team = by_one = 0;
	for (int i = 0; i < BOOKED; i++)
		nn_net_step(&net, &run, &ms);
	cr_assert_eq(by_one, 0);
	cr_assert_eq(net.pace.warm, 0);
	for (int i = 0; i < STEPS; i++)
		nn_net_step(&net, &run, NULL);
}

Test(pace, one_thread_where_the_team_is_slower)
{
	sleep_team = 600000, sleep_one = 1;
	nn_team_run(2, steps, NULL);
#ifdef _OPENMP
	cr_assert_lt(by_team, STEPS / 2);
	cr_assert_gt(by_team, BOOKED + 8);
	cr_assert_eq(by_team + by_one, BOOKED + STEPS);
#endif
}

Test(pace, the_team_where_it_is_faster)
{
	sleep_team = 1, sleep_one = 600000;
	nn_team_run(2, steps, NULL);
#ifdef _OPENMP
	cr_assert_gt(by_team, STEPS / 2);
	cr_assert_gt(by_one, 8);
	cr_assert_eq(by_team + by_one, BOOKED + STEPS);
#endif
}

/* Where a step takes long, nobody waits for one thread to do it. */
Test(pace, long_steps_are_not_tried)
{
	sleep_team = 4000000, sleep_one = 1;
	nn_team_run(2, steps, NULL);
#ifdef _OPENMP
	cr_assert_eq(by_one, 0);
#endif
}
