/* From numbers to a verdict: tables of cases, the intervals, the advice, what the texts hold. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/report/diagnose.h"

enum { MANY = 6000 };

/* Ten classes, trained well for ten epochs, the last one the best. */
static nn_facts facts(double training, double validation, int64_t count)
{
	return (nn_facts){.classes = true,
	                  .finite = true,
	                  .items = "images",
	                  .accuracy = {training, validation},
	                  .loss = {1 - training, 1 - validation},
	                  .count = {5000, count},
	                  .whole = {5000, count},
	                  .chance = {0.1, 0.1},
	                  .guess_loss = {log(10), log(10)},
	                  .start_loss = 2.4,
	                  .human_error = NAN,
	                  .first_loss = 1,
	                  .last_loss = 0.5,
	                  .before = 0.5,
	                  .last_accuracy = {training, validation},
	                  .best_val_loss = 0.6,
	                  .last_val_loss = 0.6,
	                  .epochs = 10,
	                  .best_epoch = 10,
	                  .lowest_epoch = 10,
	                  .recipe = {.pictures = true, .lr = 0.01, .optimizer = "sgd"}};
}

/* Numbers: losses as they are, the losses of single items as wide apart as they are large, guessing
 * at 4 and as wide apart. */
static nn_facts numbers(double training, double validation, int64_t count)
{
	nn_facts f = facts(NAN, NAN, count);
	f.classes = false;
	f.items = "rows";
	f.recipe.pictures = false;
	for (int i = 0; i < 2; i++) {
		f.loss[i] = f.spread[i] = i ? validation : training;
		f.chance[i] = f.last_accuracy[i] = NAN;
		f.guess_loss[i] = f.gain_spread[i] = 4;
	}
	f.start_loss = 5;
	f.first_loss = 4.5;
	f.last_loss = f.before = training;
	f.best_val_loss = f.last_val_loss = validation;
	return f;
}

static nn_diagnosis diagnose(const nn_facts *f)
{
	nn_diagnosis d;
	nn_diagnose(&d, f);
	cr_assert(d.advices >= 1 && d.advices <= NN_ADVICES && *d.meaning, "%s", d.name);
	cr_assert(strlen(d.meaning) < NN_MEANING_MAX - 1, "cut: %s", d.meaning);
	for (int i = 0; i < d.advices; i++)
		cr_assert(strlen(d.advice[i]) < NN_ADVICE_MAX - 1, "cut: %s", d.advice[i]);
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
	           {0.982, 0.971, -1, MANY, NN_FITS},
	           {0.11, 0.10, -1, MANY, NN_NOT_LEARNING},
	           {0.13, 0.115, -1, MANY, NN_NOT_LEARNING},
	           {0.03, 0.03, -1, MANY, NN_NOT_LEARNING},
	           {0.95, 0.10, -1, MANY, NN_NOT_CARRIED},
	           {0.25, 0.10, -1, MANY, NN_NOT_CARRIED},
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
	           /* Few validation items: what is clear in spite of them, and what is not. */
	           {1.00, 0.50, -1, 20, NN_OVERFITTING},
	           {1.00, 0.00, -1, 5, NN_OVERFITTING},
	           {1.00, 0.60, -1, 5, NN_OVERFITTING},
	           {0.30, 0.20, -1, 20, NN_UNDERFITTING},
	           {0.30, 0.20, -1, 5, NN_UNDERFITTING},
	           {0.99, 0.95, -1, 20, NN_TOO_SMALL},
	           {0.99, 0.80, -1, 5, NN_TOO_SMALL},
	           {1.00, 1.00, -1, 5, NN_TOO_SMALL},
	           {1.00, 1.00, -1, 20, NN_TOO_SMALL},
	           {1.00, 1.00, 0.05, 5, NN_TOO_SMALL},
	           {1.00, 1.00, -1, 50, NN_FITS},
	           {1.00, 1.00, -1, MANY, NN_FITS},
	           /* A gap that may be luck. */
	           {0.96, 0.93, -1, 150, NN_FITS},
	           {0.10, 0.00, -1, 5, NN_NOT_LEARNING},
	           /* None. */
	           {0.95, 0.90, -1, 0, NN_TOO_SMALL},
	           {0.40, 0.90, -1, 0, NN_UNDERFITTING},
	           {0.10, 0.10, -1, 0, NN_NOT_LEARNING}};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		nn_facts f = facts(row[i].training, row[i].validation, row[i].count);
		f.human_error = row[i].human < 0 ? NAN : row[i].human;
		nn_diagnosis d = diagnose(&f), wanted = {.verdict = row[i].wanted};
		cr_assert_eq(d.verdict, wanted.verdict, "row %zu: %s", i, d.name);
	}
}

/* Other numbers of classes, other shares of the largest one, few training items. */
Test(diagnose, chances)
{
	static const struct {
		double chance[2], training, validation; /* accuracies    */
		int64_t count[2];                       /* items         */
		nn_verdict wanted;                      /* for them      */
	} row[] = {                                     /* 99 % of all items are of one class. */
	           {{0.99, 0.99}, 0.99, 0.99, {5000, MANY}, NN_NOT_LEARNING},
	           {{0.99, 0.985}, 0.99, 0.985, {5000, 2000}, NN_NOT_LEARNING},
	           {{0.99, 0.99}, 1.00, 0.998, {5000, MANY}, NN_OVERFITTING},
	           {{0.99, 0.99}, 0.9995, 0.9993, {5000, 60000}, NN_FITS},
	           {{0.99, 0.99}, 0.9995, 0.9990, {5000, 300}, NN_TOO_SMALL},
	           {{0.99, 1.00}, 1.00, 1.00, {5000, 20}, NN_TOO_SMALL},
	           {{0.99, 0.99}, 0.995, 0.995, {5000, MANY}, NN_UNDERFITTING},
	           /* A constant answer, where the shares of the parts differ. */
	           {{0.60, 0.65}, 0.60, 0.65, {5000, 1000}, NN_NOT_LEARNING},
	           {{0.60, 0.65}, 0.98, 0.65, {5000, 1000}, NN_NOT_CARRIED},
	           /* All labels are the same. */
	           {{1.00, 1.00}, 1.00, 1.00, {5000, 1000}, NN_NOT_LEARNING},
	           /* A thousand classes, of which a few per cent are far more than luck. */
	           {{0.001, 0.001}, 0.0012, 0.001, {5000, 50000}, NN_NOT_LEARNING},
	           {{0.001, 0.001}, 0.03, 0.028, {5000, 50000}, NN_UNDERFITTING},
	           {{0.001, 0.001}, 0.95, 0.93, {5000, 50000}, NN_FITS},
	           {{0.001, 0.001}, 0.99, 0.70, {5000, 50000}, NN_OVERFITTING},
	           {{0.001, 0.001}, 0.99, 0.001, {5000, 50000}, NN_NOT_CARRIED},
	           {{0.001, 0.05}, 0.99, 0.95, {5000, 20}, NN_TOO_SMALL},
	           /* Two classes, few training items. */
	           {{0.5, 0.5}, 1.00, 0.60, {60, 15}, NN_OVERFITTING},
	           {{0.5, 0.5}, 1.00, 0.50, {60, 10}, NN_OVERFITTING},
	           {{0.5, 0.5}, 1.00, 0.503, {60, MANY}, NN_NOT_CARRIED},
	           /* Fisher: 2 of 10 beside 0 of 60 are luck in 1.9 % of cases, 1 of 10 in 14 %. */
	           {{0.5, 0.5}, 1.00, 0.80, {60, 10}, NN_OVERFITTING},
	           {{0.5, 0.5}, 1.00, 0.90, {60, 10}, NN_TOO_SMALL},
	           {{0.5, 0.5}, 1.00, 1.00, {60, 40}, NN_FITS},
	           {{0.5, 0.5}, 0.75, 0.50, {8, 4}, NN_TOO_SMALL},
	           {{0.5, 0.5}, 0.70, 0.70, {400, 10}, NN_UNDERFITTING}};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		nn_facts f = facts(row[i].training, row[i].validation, row[i].count[1]);
		for (int k = 0; k < 2; k++) {
			f.chance[k] = row[i].chance[k];
			f.count[k] = f.whole[k] = row[i].count[k];
		}
		nn_diagnosis d = diagnose(&f), wanted = {.verdict = row[i].wanted};
		cr_assert_eq(d.verdict, wanted.verdict, "row %zu: %s, %s", i, d.name, d.meaning);
	}
}

Test(diagnose, divergence)
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
	/* What begins at a thousand and ends at ten has not diverged, whatever guessing gives. */
	f = facts(0.85, 0.84, MANY);
	f.start_loss = 1000;
	f.last_loss = 10;
	cr_assert_eq(diagnose(&f).verdict, NN_UNDERFITTING);
	/* With few items as well as with many, and whatever weights are kept. */
	f = facts(1, 1, 5);
	f.last_loss = 4e7;
	cr_assert_eq(diagnose(&f).verdict, NN_DIVERGED);
	cr_assert(strstr(diagnose(&f).meaning, "4e+07"));
	f = numbers(4e7, 4e7, 5);
	cr_assert_eq(diagnose(&f).verdict, NN_DIVERGED);
	f = numbers(0.1, 0.1, MANY);
	f.last_loss = 11;
	cr_assert_eq(diagnose(&f).verdict, NN_DIVERGED);
	f.guess_loss[0] = f.guess_loss[1] = f.start_loss = NAN;
	f.last_loss = 46;
	cr_assert_eq(diagnose(&f).verdict, NN_DIVERGED, "only the first epoch to compare with");
}

/* An early epoch is the best: what the later ones came to. */
Test(diagnose, rises)
{
	/* Few errors, and about as many on both: that the loss rises is said, no more. */
	nn_facts f = facts(0.982, 0.971, MANY);
	f.lowest_epoch = f.best_epoch = 4;
	f.before = 0.6;
	f.last_val_loss = 0.7;
	nn_diagnosis d = diagnose(&f);
	cr_assert_eq(d.verdict, NN_FITS);
	cr_assert(strstr(d.meaning, "lowest in epoch 4") && !strstr(d.meaning, "by heart"), "%s",
	          d.meaning);
	/* In the end there is a gap. */
	f.last_accuracy[0] = 1;
	f.last_accuracy[1] = 0.93;
	d = diagnose(&f);
	cr_assert_eq(d.verdict, NN_OVERFITTING);
	cr_assert(strstr(d.meaning, "7.0 % errors") && strstr(d.meaning, "in the last epoch"), "%s",
	          d.meaning);
	cr_assert(strstr(d.advice[0], "<early_stopping patience=\"5\"/>"));
	f.recipe.early_stopping = true;
	d = diagnose(&f);
	cr_assert(!strstr(d.advice[0], "early"), "%s", d.advice[0]);
	/* The best weights are of an early epoch, when little was learnt; later came all of it. */
	f = facts(0.73, 0.56, MANY);
	f.lowest_epoch = f.best_epoch = 4;
	f.before = 0.6;
	f.last_val_loss = 0.7;
	f.last_accuracy[0] = 1;
	f.last_accuracy[1] = 0.7;
	d = diagnose(&f);
	cr_assert_eq(d.verdict, NN_OVERFITTING);
	cr_assert(strstr(d.advice[0], "monitor=\"val_accuracy\""), "%s", d.advice[0]);
	f.last_accuracy[0] = 0.75;
	cr_assert_eq(diagnose(&f).verdict, NN_UNDERFITTING);
	/* Shuffled labels: the best epoch is the first. */
	f = facts(0.11, 0.10, MANY);
	f.lowest_epoch = f.best_epoch = 1;
	f.before = 0.6;
	f.last_val_loss = 3;
	f.last_accuracy[0] = 0.8;
	f.last_accuracy[1] = 0.1;
	cr_assert_eq(diagnose(&f).verdict, NN_NOT_CARRIED);
	/* The training loss rose too. */
	f = facts(0.97, 0.965, MANY);
	f.lowest_epoch = f.best_epoch = 4;
	f.before = 0.4;
	f.last_val_loss = 0.7;
	f.last_accuracy[0] = 1;
	f.last_accuracy[1] = 0.5;
	cr_assert_eq(diagnose(&f).verdict, NN_FITS);
	/* Of numbers the loss is the error: a rise that is little next to guessing is none. */
	f = numbers(0.04, 0.06, MANY);
	f.lowest_epoch = f.best_epoch = 4;
	f.before = 0.05;
	f.last_loss = 0.03;
	f.last_val_loss = 0.08;
	d = diagnose(&f);
	cr_assert(d.verdict == NN_FITS && !d.risen);
	f.last_val_loss = 0.6;
	d = diagnose(&f);
	cr_assert(d.verdict == NN_OVERFITTING && d.at_end && d.risen);
}

/* Guessing has a loss of 4: R2 is 1 - loss / 4. */
Test(diagnose, losses)
{
	static const struct {
		double training, validation; /* losses                 */
		int64_t count;               /* of validation items    */
		nn_verdict wanted;           /* for them               */
	} row[] = {{0.1, 0.12, MANY, NN_FITS},
	           {0.5, 0.55, MANY, NN_FITS},
	           {5, 5, MANY, NN_NOT_LEARNING},
	           {9, 20, MANY, NN_NOT_LEARNING},
	           {4, 4, MANY, NN_NOT_LEARNING},
	           {3.99, 4, MANY, NN_NOT_LEARNING},
	           {2, 2.1, MANY, NN_UNDERFITTING},
	           {3, 3.1, MANY, NN_UNDERFITTING},
	           {0.1, 0.5, MANY, NN_OVERFITTING},
	           {0.001, 3, MANY, NN_OVERFITTING},
	           {0.1, 4.1, MANY, NN_NOT_CARRIED},
	           {0.1, 0.12, 0, NN_TOO_SMALL},
	           {2, 2, 0, NN_UNDERFITTING},
	           {2, 2, 5, NN_UNDERFITTING},
	           {0.1, 1, 5, NN_TOO_SMALL},
	           {0.1, 0.1, 1, NN_TOO_SMALL},
	           {0, 0, 20, NN_FITS}};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		nn_facts f = numbers(row[i].training, row[i].validation, row[i].count);
		nn_diagnosis d = diagnose(&f), wanted = {.verdict = row[i].wanted};
		cr_assert_eq(d.verdict, wanted.verdict, "row %zu: %s, %s", i, d.name, d.meaning);
	}
	/* A constant target; and a loss without a known guess, for which the start stands in. */
	nn_facts f = numbers(0, 0, MANY);
	f.guess_loss[0] = f.guess_loss[1] = 0;
	nn_diagnosis d = diagnose(&f);
	cr_assert(d.verdict == NN_NOT_LEARNING && strstr(d.meaning, "the same target"), "%s",
	          d.meaning);
	f = numbers(0.1, 0.11, MANY);
	f.guess_loss[0] = f.guess_loss[1] = NAN;
	cr_assert_eq(diagnose(&f).verdict, NN_FITS);
	f = numbers(5, 5, MANY);
	f.guess_loss[0] = f.guess_loss[1] = NAN;
	cr_assert_eq(diagnose(&f).verdict, NN_NOT_LEARNING);
}

static bool advises(const nn_diagnosis *d, const char *word)
{
	for (int i = 0; i < d->advices; i++)
		if (strstr(d->advice[i], word))
			return true;
	return false;
}

/* What a beginner's book gives, as text for the XML; but nothing that is there. */
Test(diagnose, advice)
{
	static const struct {
		double training, validation; /* accuracies                     */
		const char *word[6];         /* in some advice                 */
		const char *there[4];        /* not if the recipe has it       */
	} row[] = {{1.0,
	            0.7,
	            {"more data", "<augment>", "<dropout rate=", "weight_decay=\"0.0005\"",
	             "label_smoothing", "smaller network"},
	            {"<augment>", "<dropout", "weight_decay", "label_smoothing"}},
	           {0.4,
	            0.4,
	            {"epochs=\"20\"", "units=\"64\"", "learning rate", "optimizer", "batch_norm"},
	            {"<batch_norm"}},
	           {0.1,
	            0.1,
	            {"--lr 0.001", "--lr 0.1", "--overfit-batch", "labels", "<normalize"},
	            {"<normalize", "<batch_norm"}},
	           {0.9, 0.1, {"labels belong", "cleaner", "<augment>"}, {"<augment>", "<dropout"}},
	           {0.99, 0.98, {"test", "human_error"}, {"augment"}}};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		nn_facts f = facts(row[i].training, row[i].validation, MANY);
		f.recipe.can_smooth = true;
		strcpy(f.recipe.width, "units");
		f.recipe.wide = 32;
		nn_diagnosis d = diagnose(&f);
		for (int k = 0; k < 6 && row[i].word[k]; k++)
			cr_assert(advises(&d, row[i].word[k]), "row %zu: %s", i, row[i].word[k]);
		nn_recipe *r = &f.recipe;
		r->augment = r->dropout = r->norm = r->normalized = r->smoothing = true;
		r->weight_decay = 0.01;
		d = diagnose(&f);
		for (int k = 0; k < 4 && row[i].there[k]; k++)
			cr_assert(!advises(&d, row[i].there[k]), "row %zu: %s", i, row[i].there[k]);
	}
	/* What is there may be too much. */
	nn_facts f = facts(0.4, 0.4, MANY);
	nn_diagnosis d = diagnose(&f);
	cr_assert(!advises(&d, "less regularisation"));
	f.recipe.dropout = true;
	d = diagnose(&f);
	cr_assert(advises(&d, "less regularisation: less <dropout>"));
	cr_assert(strstr(d.advice[0], "more epochs"));
	f.best_epoch = 7;
	d = diagnose(&f);
	cr_assert(strstr(d.advice[0], "larger network"));
}

Test(diagnose, advice_on_rows_divergence_and_few_data)
{
	/* Rows of numbers have no pictures to turn. */
	nn_facts f = numbers(0.1, 1, MANY);
	nn_diagnosis d = diagnose(&f);
	cr_assert(d.verdict == NN_OVERFITTING && !advises(&d, "augment"));
	f = facts(1, 1, 5);
	f.recipe.validation = 0.1;
	d = diagnose(&f);
	cr_assert(advises(&d, "validation=\"0.2\" on <data>"));
	f.recipe.own_validation = true;
	d = diagnose(&f);
	cr_assert(advises(&d, "source of <validation>") && !advises(&d, "validation=\""));
	f.finite = false;
	d = diagnose(&f);
	cr_assert(advises(&d, "lr=\"0.001\"") && advises(&d, "grad_clip=\"1\"") &&
	          advises(&d, "warmup=\"1\""));
	f.recipe.grad_clip = f.recipe.warmup = 1;
	d = diagnose(&f);
	cr_assert(!advises(&d, "grad_clip") && !advises(&d, "warmup"));
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

/* Newcombe's own example (1998, table II): 56 of 70 against 48 of 80 differ by 0.0524 to 0.3339. */
Test(diagnose, gap)
{
	nn_facts f = facts(56.0 / 70, 48.0 / 80, 80);
	f.count[0] = 70;
	nn_diagnosis d = diagnose(&f);
	cr_assert(fabs(d.gap.at * 0.9 - 0.2) < 1e-12);
	cr_assert(fabs(d.gap.low * 0.9 - 0.0524) < 5e-5, "%.5f", d.gap.low * 0.9);
	cr_assert(fabs(d.gap.high * 0.9 - 0.3339) < 5e-5, "%.5f", d.gap.high * 0.9);
	/* Student: 2.2622 for 9 degrees of freedom, 1.9842 for 99. */
	f = numbers(0.4, 0.8, 10);
	f.count[0] = 100;
	d = diagnose(&f);
	double t = 2.2622 * 0.8 / sqrt(10) / 4, u = 1.9842 * 0.4 / sqrt(100) / 4;
	cr_assert(fabs(d.error[1].high - d.error[1].at - t) < 1e-3 * t);
	cr_assert(fabs(d.gap.high - 0.1 - hypot(t, u)) < 1e-3 * t, "%g", d.gap.high);
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
	cr_assert(strstr(t.at, "the gap lies between 23.9 and 26.1 points"), "%s", t.at);
	nn_text_clear(&t);
	nn_diagnosis_json(&t, &d, &f);
	cr_assert(strstr(t.at, "\"training_accuracy\":1,"), "%s", t.at);
	cr_assert(strstr(t.at, "\"validation_count\":6000,") && strstr(t.at, "\"chance\":0.1,") &&
	                  strstr(t.at, "\"human_error\":0.165,"),
	          "%s", t.at);
	nn_text_clear(&t);
	f = numbers(0.1, 0.12, 400);
	d = diagnose(&f);
	nn_diagnosis_text(&t, &d, &f);
	cr_assert(strstr(t.at, "training loss 0.1, validation loss 0.12, guessing 4\n"), "%s",
	          t.at);
	cr_assert(strstr(t.at, "a loss of 0.12 (3 % of guessing's)"), "%s", t.at);
	nn_text_clear(&t);
	nn_diagnosis_json(&t, &d, &f);
	cr_assert(strstr(t.at, "\"validation_share\":0.03,") && strstr(t.at, "\"chance\":null,"),
	          "%s", t.at);
	nn_text_free(&t);
}
