/* diagnose.c: from the numbers of a training to a verdict.
 *
 *     guessing        90.0 % errors            always the most frequent answer
 *     validation       9.4 %    )  variance: what does not carry over to new images
 *     training         1.2 %    )  bias: what could not be learnt at all
 *     people           0.2 %    )
 *
 * All errors are taken as shares of those that guessing makes, so that two classes, a thousand, and
 * numbers (whose guess is a constant, the mean of the targets) are judged alike. Each is known only
 * within an interval: Wilson's for an accuracy, Newcombe's for the difference of two, Student's for
 * mean losses. What is clear is said first: diverged, never learnt, learnt but not carried over,
 * no worse than people, over-fitting (a gap that matters and is no luck), under-fitting. Only then
 * do few data matter: when a gap that matters may hide in the interval, they are too small to tell.
 * Nothing here reads a file or runs a network. */
#include "diagnose.h"

#include <math.h>

/* Shares of the errors of guessing; see runtime/README.md. */
typedef struct limits {
	double bias;     /* more than that on the training data: under-fitting                   */
	double variance; /* that much more on the validation data matters                        */
	double hidden;   /* so large a gap must be excluded before all is called well            */
} limits;

/* A mean loss of numbers holds what the inputs do not tell, so it has to be larger before it says
 * that the network is too small: a quarter of the variance is half of the standard deviation. */
static const limits of_classes = {0.10, 0.05, 0.20}, of_numbers = {0.25, 0.05, 0.25};

static const double POINTS =
        0.10; /* of classes: such a gap in errors of all items is `hidden` too */
static const double LEARNT =
        0.05;                  /* of the errors of guessing must be gone, or ...                */
static const double TWICE = 2; /* ... answers be right so much more often than by guessing      */
static const double NOTHING =
        0.10;                     /* what is surely below that, if anything, is nothing learnt    */
static const double LUCK = 0.025; /* one side of 5 %: what happens no more often is no luck       */
static const double RISE = 1.10;  /* growth of the validation loss that counts                    */
static const double WORSE = 2;    /* times the loss of guessing and of the start: diverged        */
static const double MUCH_WORSE =
        10; /* times the first epoch's loss, where both are unknown        */
static const double Z =
        1.959963984540054; /* of 95 %                                               */

static const char *const name[NN_VERDICTS] = {
        "diverged",      "not learning", "nothing carries over", "data too small to tell",
        "under-fitting", "over-fitting", "at human level",       "no problem found"};

/* ---- intervals ------------------------------------------------------------------------------ */

void nn_wilson(double p, int64_t n, double *low, double *high)
{
	*low = *high = NAN;
	if (n <= 0 || isnan(p))
		return;
	double count = (double)n, scale = 1 / (1 + Z * Z / count);
	double middle = (p + Z * Z / (2 * count)) * scale;
	double half = Z * sqrt(p * (1 - p) / count + Z * Z / (4 * count * count)) * scale;
	*low = fmax(0, middle - half);
	*high = fmin(1, middle + half);
}

/* Half the width of the interval of a mean of n values: Student's t (Cornish and Fisher's
 * expansion, good to 1 % from 3 degrees of freedom on) times the error of the mean; of one value
 * nothing is known. */
static double half_width(double spread, int64_t n)
{
	if (n < 2 || isnan(spread))
		return INFINITY;
	double df = (double)(n - 1), z3 = Z * Z * Z, z5 = z3 * Z * Z, z7 = z5 * Z * Z;
	double t = Z + (z3 + Z) / (4 * df) + (5 * z5 + 16 * z3 + 3 * Z) / (96 * df * df) +
	           (3 * z7 + 19 * z5 + 17 * z3 - 15 * Z) / (384 * df * df * df);
	return t * spread / sqrt((double)n);
}

/* Of the difference of two numbers that are independent: each end lies as far away as the two ends
 * that make it, put together as errors are. (Newcombe 1998, method 10) */
static nn_estimate difference(nn_estimate a, nn_estimate b)
{
	double at = a.at - b.at;
	return (nn_estimate){at, at - hypot(a.at - a.low, b.high - b.at),
	                     at + hypot(a.high - a.at, b.at - b.low)};
}

static double log_choose(double n, double k)
{
	return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* Fisher's exact test: how likely it is, if errors fall on either part alike, that of the errors of
 * both (wrong[0] in n[0] items, wrong[1] in n[1]) the second has as many as it has, or more. It
 * holds for five items, too, where intervals that rest on the normal law do not. */
static double fisher(const double wrong[2], const int64_t n[2])
{
	double a = (double)n[0], b = (double)n[1], all = wrong[0] + wrong[1], sum = 0;
	double p = exp(log_choose(b, wrong[1]) + log_choose(a, wrong[0]) - log_choose(a + b, all));
	for (double x = wrong[1]; x <= fmin(b, all) && p > 0; x++) {
		sum += p;
		p *= (b - x) * (all - x) / ((x + 1) * (a - all + x + 1));
	}
	return sum;
}

/* ---- evidence ------------------------------------------------------------------------------- */

static bool has(const nn_facts *f, int part)
{
	return f->count[part] > 0 && isfinite(f->classes ? f->accuracy[part] : f->loss[part]);
}

/* What guessing gets wrong; NaN: nobody knows. */
static double scale(const nn_facts *f, int part)
{
	if (f->classes)
		return 1 - f->chance[0];
	return isnan(f->guess_loss[part]) ? f->start_loss : f->guess_loss[part];
}

/* Whether the gap is no luck. */
static bool certain(const nn_diagnosis *d, const nn_facts *f, bool last)
{
	const double *accuracy = last ? f->last_accuracy : f->accuracy;
	const int64_t *count = last ? f->whole : f->count;
	if (!(d->gap.low > 0))
		return false;
	if (!f->classes)
		return true;
	double wrong[2];
	for (int i = 0; i < 2; i++)
		wrong[i] = round((1 - accuracy[i]) * (double)count[i]);
	return fisher(wrong, count) < LUCK;
}

static void weigh_class(nn_diagnosis *d, const nn_facts *f, int i, double accuracy, int64_t count)
{
	double all = scale(f, i), low, high;
	nn_wilson(accuracy, count, &low, &high);
	d->error[i] = (nn_estimate){(1 - accuracy) / all, (1 - high) / all, (1 - low) / all};
	d->learnt[i] = (nn_estimate){(accuracy - f->chance[i]) / all, (low - f->chance[i]) / all,
	                             (high - f->chance[i]) / all};
}

static void weigh_number(nn_diagnosis *d, const nn_facts *f, int i, double loss)
{
	double all = scale(f, i), at = loss / all, spread = f->spread[i] * loss / f->loss[i];
	double half = half_width(f->loss[i] > 0 ? spread : 0, f->count[i]) / all;
	d->error[i] = (nn_estimate){at, fmax(0, at - half), at + half};
	if (!isnan(f->guess_loss[i]))
		half = half_width(f->gain_spread[i], f->count[i]) / all;
	d->learnt[i] = (nn_estimate){1 - at, 1 - at - half, 1 - at + half};
}

/* Of the weights in question, or of the last epoch as the log knows it. */
static void weigh(nn_diagnosis *d, const nn_facts *f, bool last)
{
	for (int i = 0; i < 2; i++) {
		d->error[i] = d->learnt[i] = (nn_estimate){NAN, NAN, NAN};
		if (!has(f, i))
			continue;
		if (f->classes)
			weigh_class(d, f, i, last ? f->last_accuracy[i] : f->accuracy[i],
			            last ? f->whole[i] : f->count[i]);
		else
			weigh_number(d, f, i,
			             !last ? f->loss[i]
			             : i   ? f->last_val_loss
			                   : f->last_loss);
	}
	d->gap = difference(d->error[1], d->error[0]);
}

/* ---- verdicts ------------------------------------------------------------------------------- */

static bool has_diverged(const nn_facts *f)
{
	double start =
	        fmax(f->start_loss, f->guess_loss[0]); /* of a NaN and a number: the number */
	if (!f->finite)
		return true;
	if (isfinite(start))
		return f->last_loss > WORSE * start;
	return f->epochs > 1 && f->last_loss > MUCH_WORSE * f->first_loss;
}

/* Of numbers the loss is the error, so that its rise has to matter like a gap. */
static bool has_risen(const nn_facts *f)
{
	double rise = f->last_val_loss - f->best_val_loss;
	bool matters = f->classes ? f->last_val_loss > RISE * f->best_val_loss
	                          : rise > of_numbers.variance * scale(f, 1);
	return f->lowest_epoch > 0 && f->lowest_epoch < f->epochs && matters &&
	       f->last_loss < f->before;
}

/* Whether the network is better than guessing on a part by more than luck; on the training data it
 * has to be by something that matters, too. */
static bool learns(const nn_diagnosis *d, const nn_facts *f, int i)
{
	double chance = f->chance[i], right = chance + d->learnt[i].at * scale(f, i);
	bool matters = d->learnt[i].at >= LEARNT || (f->classes && right >= TWICE * chance);
	return d->learnt[i].low > 0 && (i == 1 || matters);
}

/* Whether it is surely not, or not worth mentioning. Training items are no sample of others: what
 * the network answers on them is all there is to know. */
static bool guesses(const nn_diagnosis *d, const nn_facts *f, int i)
{
	if (learns(d, f, i))
		return false;
	return d->learnt[i].high < NOTHING || (i == 0 && d->learnt[i].at < LEARNT);
}

static nn_verdict judge(const nn_diagnosis *d, const nn_facts *f, bool last)
{
	limits l = f->classes ? of_classes : of_numbers;
	double human = f->classes && f->human_error > 0 ? f->human_error / scale(f, 0) : 0;
	double bias = d->error[0].at - human;
	if (!(scale(f, 0) > 0) || guesses(d, f, 0))
		return NN_NOT_LEARNING;
	if (!learns(d, f, 0))
		return NN_TOO_SMALL;
	if (!has(f, 1))
		return bias > l.bias ? NN_UNDERFITTING : NN_TOO_SMALL;
	bool over = d->gap.at > l.variance && certain(d, f, last);
	if (over && guesses(d, f, 1))
		return NN_NOT_CARRIED;
	if (human > 0 && d->error[1].at <= human && d->error[1].high <= human + l.bias)
		return NN_HUMAN_LEVEL;
	if (over && (d->gap.at >= bias || bias <= l.bias))
		return NN_OVERFITTING;
	if (bias > l.bias)
		return NN_UNDERFITTING;
	double hidden = f->classes ? fmin(l.hidden, POINTS / scale(f, 0)) : l.hidden;
	return learns(d, f, 1) && d->gap.high <= hidden ? NN_FITS : NN_TOO_SMALL;
}

/* Weights kept from an early epoch are judged by what became of them, too: where the training went
 * on to learn by heart, more of it would not have helped. */
static nn_verdict decide(nn_diagnosis *d, const nn_facts *f)
{
	weigh(d, f, false);
	nn_verdict kept = judge(d, f, false);
	if (has_diverged(f))
		return NN_DIVERGED;
	if (!d->risen || kept == NN_OVERFITTING || kept == NN_NOT_CARRIED || kept == NN_HUMAN_LEVEL)
		return kept;
	nn_diagnosis end = *d;
	weigh(&end, f, true);
	nn_verdict later = judge(&end, f, true);
	if (later != NN_OVERFITTING && later != NN_NOT_CARRIED)
		return kept;
	end.at_end = true;
	*d = end;
	return later;
}

void nn_diagnose(nn_diagnosis *d, const nn_facts *f)
{
	*d = (nn_diagnosis){.risen = has_risen(f)};
	nn_wilson(f->classes ? f->accuracy[1] : NAN, f->count[1], &d->low, &d->high);
	d->verdict = decide(d, f);
	d->name = name[d->verdict];
	nn_explain(d, f);
	nn_advise(d, f);
}
