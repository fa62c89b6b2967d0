/* pace.c: whether thread 0 does a short step alone.
 *
 *     in    when steps began and ended
 *     out   who does the next one: all threads, or thread 0 alone
 *
 * Where barriers take longer than the work between them, the whole team is slower than one of
 * them; where other programs take processors away, that may be so for a while. So the two ways are
 * compared again and again while the network runs; no bit of a result depends on it. A comparison:
 * first the team works for WARM_MS, for threads have to wake up and to find processors; where that
 * takes few steps, barriers do not matter, unless it took less before. Then some steps by the team
 * and some by thread 0 alone, in turn, so that what disturbs the machine disturbs both. The first
 * ones of a turn do not count, for data must come to where they are needed. */
#include "pace.h"

#include <stdlib.h>

enum {
	TURN = 8,                       /* steps of a kind, one after the other                */
	COUNTED = 5,                    /* the last of them                                    */
	TURNS = 2 * NN_TRIAL / COUNTED, /* of both kinds                                       */
	FEW = 5,                        /* steps of WARM_MS that are long ones                 */
	SOME = 500                      /* steps from one comparison to the next               */
};
static const double WARM_MS = 10, AGAIN_MS = 1000;

int nn_ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Of one kind of step; sorts its times. */
static double median(double ms[NN_TRIAL])
{
	qsort(ms, NN_TRIAL, sizeof *ms, nn_ascending);
	return ms[NN_TRIAL / 2];
}

/* The end of a comparison; the next one comes after AGAIN_MS or SOME steps of `ms`. */
static void decide(nn_pace *p, bool alone, double ms, double now)
{
	double rest = ms * (double)SOME;
	*p = (nn_pace){.alone = alone,
	               .again = now + (rest > AGAIN_MS ? rest : AGAIN_MS),
	               .usual = p->usual};
}

static bool is_alone(const nn_pace *p)
{
	return p->tried / TURN % 2;
}

/* Steps that are long now, but were short: something takes the processors away. */
static bool slowed_down(const nn_pace *p, double now)
{
	return p->usual > 0 && p->warm > 0 && now - p->began > 2 * p->usual * (double)p->warm;
}

bool nn_pace_alone(nn_pace *p, double now)
{
	if (now < p->again)
		return p->alone;
	p->began = p->warm ? p->began : now;
	if (!p->tried && now - p->began < WARM_MS) {
		p->warm++;
		return false;
	}
	if (p->warm < FEW && !slowed_down(p, now)) {
		decide(p, false, WARM_MS / (double)FEW, now);
		return false;
	}
	bool alone = is_alone(p);
	p->tried++;
	return alone;
}

void nn_pace_took(nn_pace *p, double start, double end)
{
	if (start < p->again || !p->tried)
		return;
	int done = p->tried - 1, nth = done % TURN - (TURN - COUNTED), turn = done / TURN;
	if (nth >= 0)
		p->ms[turn % 2][turn / 2 * COUNTED + nth] = end - start;
	if (p->tried < TURNS * TURN)
		return;
	double all = median(p->ms[0]), one = median(p->ms[1]);
	p->usual = p->usual > 0 && p->usual < all ? p->usual : all;
	decide(p, one < all, one < all ? one : all, end);
}
