/* From numbers to a verdict: a table of cases, the interval, and what the texts must contain. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/diagnose.h"

enum { MANY = 6000 };

/* Ten classes, trained well for ten epochs, the last one the best. */
static nn_facts facts(double training, double validation, int64_t count)
{
	return (nn_facts){.classes = true,
	                  .finite = true,
	                  .accuracy = {training, validation},
	                  .loss = {1 - training, 1 - validation},
	                  .count = {5000, count},
	                  .chance = 0.1,
	                  .chance_loss = log(10),
	                  .human_error = NAN,
	                  .first_loss = 1,
	                  .last_loss = 0.5,
	                  .before = 0.5,
	                  .best_val_loss = 0.6,
	                  .last_val_loss = 0.6,
	                  .epochs = 10,
	                  .best_epoch = 10,
	                  .lowest_epoch = 10};
}

static nn_diagnosis diagnose(const nn_facts *f)
{
	nn_diagnosis d;
	nn_diagnose(&d, f);
	return d;
}

Test(diagnose, accuracies)
{
	static const struct {
		double training, validation, human; /* accuracies, error; human below 0: unknown */
		int64_t count;                      /* of the validation part                    */
		nn_verdict wanted;                  /* for them                                  */
	} row[] = {{0.98, 0.97, -1, MANY, NN_FITS},
	           {0.92, 0.90, -1, MANY, NN_FITS},
	           {0.11, 0.10, -1, MANY, NN_NOT_LEARNING},
	           {0.95, 0.10, -1, MANY, NN_NOT_LEARNING},
	           {0.13, 0.115, -1, MANY, NN_NOT_LEARNING},
	           {1.00, 0.75, -1, MANY, NN_OVERFITTING},
	           {0.99, 0.91, -1, MANY, NN_OVERFITTING},
	           {0.80, 0.50, -1, MANY, NN_OVERFITTING},
	           {0.35, 0.34, -1, MANY, NN_UNDERFITTING},
	           {0.70, 0.60, -1, MANY, NN_UNDERFITTING},
	           {0.85, 0.84, -1, MANY, NN_UNDERFITTING},
	           {0.85, 0.84, 0.165, MANY, NN_HUMAN_LEVEL},
	           {0.99, 0.84, 0.165, MANY, NN_HUMAN_LEVEL},
	           {0.99, 0.80, 0.165, MANY, NN_OVERFITTING},
	           {0.81, 0.80, 0.165, MANY, NN_FITS},
	           {0.60, 0.58, 0.165, MANY, NN_UNDERFITTING},
	           {1.00, 0.50, -1, 20, NN_OVERFITTING},
	           {0.99, 0.95, -1, 20, NN_TOO_SMALL},
	           {0.30, 0.20, -1, 20, NN_TOO_SMALL},
	           {0.95, 0.90, -1, 0, NN_TOO_SMALL},
	           {0.10, 0.10, -1, 0, NN_NOT_LEARNING},
	           /* A gap that may be luck. */
	           {0.96, 0.93, -1, 150, NN_FITS}};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		nn_facts f = facts(row[i].training, row[i].validation, row[i].count);
		f.human_error = row[i].human < 0 ? NAN : row[i].human;
		nn_diagnosis d = diagnose(&f);
		nn_diagnosis wanted = {.verdict = row[i].wanted};
		cr_assert_eq(d.verdict, wanted.verdict, "row %zu: %s", i, d.name);
		cr_assert(d.advices >= 2 && d.advice[0] && d.meaning, "row %zu", i);
	}
}

Test(diagnose, losses)
{
	nn_facts f = facts(0.1, 0.1, MANY);
	f.finite = false;
	cr_assert_eq(diagnose(&f).verdict, NN_DIVERGED);
	f.finite = true;
	f.last_loss = 5;
	cr_assert_eq(diagnose(&f).verdict, NN_DIVERGED);
	f.last_loss = 4;
	cr_assert_eq(diagnose(&f).verdict, NN_NOT_LEARNING);
	f.last_loss = NAN;
	cr_assert_eq(diagnose(&f).verdict, NN_NOT_LEARNING, "no log: the accuracies speak");
	/* Good accuracies, but the validation loss rises while the training loss falls. */
	f = facts(0.97, 0.965, MANY);
	f.lowest_epoch = f.best_epoch = 4;
	f.before = 0.6;
	f.last_val_loss = 0.7;
	cr_assert_eq(diagnose(&f).verdict, NN_OVERFITTING);
	cr_assert(strstr(diagnose(&f).advice[0], "early_stopping"));
	/* The best weights are of an early epoch, when little was learnt; later came all of it. */
	f.accuracy[0] = 0.73;
	f.accuracy[1] = 0.56;
	f.last_accuracy[0] = 1;
	f.last_accuracy[1] = 0.7;
	cr_assert_eq(diagnose(&f).verdict, NN_OVERFITTING);
	f.last_accuracy[0] = 0.75;
	cr_assert_eq(diagnose(&f).verdict, NN_UNDERFITTING);
	f.accuracy[0] = 0.97;
	f.accuracy[1] = 0.965;
	f.last_val_loss = 0.65;
	cr_assert_eq(diagnose(&f).verdict, NN_FITS);
	f.last_val_loss = 0.7;
	f.before = 0.4;
	cr_assert_eq(diagnose(&f).verdict, NN_FITS, "the training loss rose too");
	/* No labels. */
	f = facts(NAN, NAN, MANY);
	f.classes = false;
	f.chance_loss = f.chance = NAN;
	f.loss[0] = 0.5;
	f.loss[1] = 0.55;
	cr_assert_eq(diagnose(&f).verdict, NN_FITS);
	f.loss[1] = 0.7;
	cr_assert_eq(diagnose(&f).verdict, NN_OVERFITTING);
	f.last_loss = 1;
	cr_assert_eq(diagnose(&f).verdict, NN_NOT_LEARNING);
	f.last_loss = 11;
	cr_assert_eq(diagnose(&f).verdict, NN_DIVERGED);
	f.last_loss = 0.4;
	f.count[1] = 0;
	cr_assert_eq(diagnose(&f).verdict, NN_TOO_SMALL);
}

/* The words of advice that a beginner's book gives. */
Test(diagnose, advice)
{
	static const struct {
		double training, validation; /* accuracies      */
		const char *word[5];         /* in some advice  */
	} row[] = {{1.0,
	            0.7,
	            {"more data", "augment", "regularisation", "dropout", "smaller network"}},
	           {0.4, 0.4, {"more epochs", "larger network", "learning rate", "optimizer"}},
	           {0.1, 0.1, {"learning rate", "--overfit-batch", "labels"}},
	           {0.9, 0.1, {"labels", "cleaner"}},
	           {0.99, 0.98, {"test"}}};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		nn_facts f = facts(row[i].training, row[i].validation, MANY);
		nn_diagnosis d = diagnose(&f);
		nn_text t = {0};
		nn_diagnosis_text(&t, &d, &f);
		for (int k = 0; k < 5 && row[i].word[k]; k++)
			cr_assert(strstr(t.at, row[i].word[k]), "%s: %s", row[i].word[k], t.at);
		nn_text_free(&t);
	}
	nn_facts f = facts(0.4, 0.4, MANY);
	cr_assert(strstr(diagnose(&f).advice[0], "more epochs"));
	f.best_epoch = 7;
	cr_assert(strstr(diagnose(&f).advice[0], "larger network"));
}

/* An end q of the interval is where p lies just 1.96 standard deviations of q away from it. */
Test(diagnose, wilson)
{
	static const double share[] = {0, 0.1, 0.5, 0.93, 1};
	for (int i = 0; i < 5; i++)
		for (int64_t n = 1; n < 1000000; n *= 7) {
			double end[2], p = share[i];
			nn_wilson(p, n, &end[0], &end[1]);
			cr_assert(0 <= end[0] && end[0] <= p + 1e-12 && p - 1e-12 <= end[1] &&
			          end[1] <= 1);
			for (int k = 0; k < 2; k++) {
				double q = end[k], sigma = sqrt(q * (1 - q) / (double)n);
				cr_assert(fabs(fabs(p - q) - 1.959963984540054 * sigma) < 1e-8,
				          "%g of %lld: %g", p, (long long)n, q);
			}
		}
	double low, high;
	nn_wilson(0.5, 0, &low, &high);
	cr_assert(isnan(low) && isnan(high));
}

Test(diagnose, texts)
{
	nn_facts f = facts(1, 0.75, 6000);
	f.human_error = 0.165;
	nn_diagnosis d = diagnose(&f);
	nn_text t = {0};
	nn_diagnosis_text(&t, &d, &f);
	cr_assert(strstr(t.at, "verdict: over-fitting\n"), "%s", t.at);
	cr_assert(strstr(t.at, "training error 0.0 %, validation error 25.0 % (23.9 to 26.1 %), "
	                       "guessing 90.0 %, people 16.5 %\n"),
	          "%s", t.at);
	nn_text_clear(&t);
	nn_diagnosis_json(&t, &d, &f);
	cr_assert(strstr(t.at, "\"training_accuracy\":1,"), "%s", t.at);
	cr_assert(strstr(t.at, "\"validation_count\":6000,\"chance\":0.1,\"human_error\":0.165,"),
	          "%s", t.at);
	nn_text_free(&t);
}
