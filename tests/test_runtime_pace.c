/* test_runtime_pace.c: which threads do a step (pace.c), by a clock that the test moves. */
#include "../runtime/net/net.h"

#include <criterion/criterion.h>

enum { STEPS = 4000 };

/* Steps that take so many milliseconds by the team and alone, from `from` on others: how many of
 * them were done alone before and after. */
typedef struct course {
	double team[2], one[2]; /* milliseconds a step: before `from`, after it */
	int from;               /* where the times change                       */
} course;

static void walk(nn_pace *p, const course *c, int alone[2])
{
	double now = 5;
	alone[0] = alone[1] = 0;
	for (int i = 0; i < STEPS; i++) {
		bool later = i >= c->from, one = nn_pace_alone(p, now);
		double end = now + (one ? c->one[later] : c->team[later]);
		nn_pace_took(p, now, end);
		alone[later] += one;
		now = end;
	}
}

Test(pace, the_faster_way_stays)
{
	int alone[2];
	nn_pace p = {0};
	walk(&p, &(course){{0.6, 0.6}, {0.1, 0.1}, STEPS}, alone);
	cr_assert(alone[0] > STEPS / 2 && p.alone, "%d alone", alone[0]);
	/* Both ways are tried, so some are done by the other. */
	cr_assert_lt(alone[0], STEPS - 20);
	p = (nn_pace){0};
	walk(&p, &(course){{0.1, 0.1}, {0.6, 0.6}, STEPS}, alone);
	cr_assert(alone[0] > 20 && alone[0] < STEPS / 2 && !p.alone, "%d alone", alone[0]);
}

/* Another program comes, and the team becomes slower than one thread. */
Test(pace, the_choice_is_looked_at_again)
{
	int alone[2];
	nn_pace p = {0};
	walk(&p, &(course){{0.5, 3}, {0.8, 1}, STEPS / 2}, alone);
	cr_assert(alone[0] < STEPS / 4 && alone[1] > STEPS / 8 && p.alone, "%d, %d alone", alone[0],
	          alone[1]);
}

/* Where a step takes long, nobody waits for one thread to do it. */
Test(pace, long_steps_are_not_tried)
{
	int alone[2];
	nn_pace p = {0};
	walk(&p, &(course){{4, 4}, {0.1, 0.1}, STEPS}, alone);
	cr_assert_eq(alone[0], 0);
}

/* A few slow steps, whoever does them, decide nothing. */
Test(pace, what_disturbs_the_machine_does_not_decide)
{
	nn_pace p = {0};
	double now = 1;
	for (int i = 0; i < STEPS; i++) {
		bool one = nn_pace_alone(&p, now);
		double end = now + (i % 7 == 0 ? 9 : one ? 0.6 : 0.2);
		nn_pace_took(&p, now, end);
		now = end;
	}
	cr_assert(!p.alone);
}

static int by_team, by_one; /* steps, as thread 0 saw them */

static void step(nn_task *t)
{
	if (t->thread == 0)
		*(t->threads > 1 ? &by_team : &by_one) += 1;
	nn_sync(t, 0);
}

static void booked(nn_team *team, void *arg)
{
	static const nn_program program = {.step = step};
	nn_net net = {.program = &program, .team = team};
	nn_run run = {.live = 1};
	double ms = 0;
	(void)arg;
	for (int i = 0; i < 7; i++)
		nn_net_step(&net, &run, &ms);
	cr_assert(by_one == 0 && net.pace.warm == 0 && net.pace.tried == 0);
}

/* Steps whose times somebody books are no trials. */
Test(pace, booked_steps_do_not_count)
{
	nn_team_run(2, booked, NULL);
}
