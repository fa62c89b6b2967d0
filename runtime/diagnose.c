/* diagnose.c: from the numbers of a training to a verdict and what to try next.
 *
 *     guessing        90.0 % errors            the share of the largest class is right
 *     validation       9.4 %    )  variance: what does not carry over to new images
 *     training         1.2 %    )  bias: what could not be learnt at all
 *     people           0.2 %    )
 *
 * Whichever of the two gaps is wide says what is wrong; both are measured as shares of the errors
 * that guessing makes, so that two classes and a thousand are judged alike. The validation accuracy
 * is known only within its Wilson interval: when the two ends of a wide interval lead to different
 * verdicts, the data are too small to tell. Nothing here reads a file or runs a network. */
#include "diagnose.h"

#include <math.h>
#include <string.h>

/* Shares of the errors of guessing. */
static const double BIAS = 0.10;     /* more errors than that on the training data: under-fitting */
static const double VARIANCE = 0.03; /* that much more on the validation data: over-fitting       */
static const double LEARNT = 0.02;   /* an accuracy that is not even this far above guessing      */
static const double ROUGH = 0.05;    /* half an interval that is too wide to rely on              */
static const double RISE = 1.10;     /* growth of the validation loss that counts                 */
static const double WORSE = 2;       /* times the loss of guessing: diverged                      */
static const double MUCH_WORSE = 10; /* times the first epoch's loss, where guessing is unknown   */

static const char *const name[NN_VERDICTS] = {
        "diverged",     "not learning",   "data too small to tell", "under-fitting",
        "over-fitting", "at human level", "no problem found"};

static const char *const meaning[NN_VERDICTS] = {
        "The training blew up: each of its steps was so large that it made things worse.",
        "On images it has not seen the network is no better than guessing.",
        "Too few validation images: their accuracy is too uncertain to draw a conclusion.",
        "Many errors even on the training images: too small, not trained enough, or held back.",
        "The training images are learnt too well: clearly more errors on images it has not seen.",
        "On images it has not seen the network makes no more errors than people do.",
        "Few errors, and about as many on new images as on the training images."};

static const char *const memorised =
        "The training images are learnt by heart, but on images it has not seen the network is no "
        "better than guessing: nothing that was learnt carries over.";
static const char *const no_validation =
        "There are no validation images, so nobody can say how the network does on images it has "
        "not seen.";
static const char *const by_heart =
        "The validation loss has risen since its lowest point while the training loss went on "
        "falling: from there on the network learnt its training images by heart.";

static const char *const try_diverged[] = {
        "a smaller learning rate: a tenth of it (--lr), and a tenth again if need be",
        "grad_clip=\"1\" on <train>, and warmup on <schedule>: the first steps are the wildest",
        "inputs of ordinary size: <normalize mode=\"auto\"/>; no values that are not numbers",
        "batch_norm after the layers, which keeps values in range", NULL};
static const char *const try_not_learning[] = {
        "another learning rate: ten times smaller, then ten times larger (--lr)",
        "train --overfit-batch: if even that loss stays, look at the layers and the loss",
        "the data: do the labels belong to their images? Is the input normalised?",
        "more epochs, if the training loss still falls",
        "a larger network, or batch_norm and relu where values saturate or die",
        NULL};
static const char *const try_memorised[] = {
        "the data: do the labels belong to their images? Shuffled labels look exactly like this",
        "training and validation images of the same kind, from the same source",
        "more data, cleaner and more diverse",
        "regularisation: dropout, weight_decay, augment; a smaller network", NULL};
static const char *const try_too_small[] = {
        "more validation data: a larger share (validation on <data>) or a source of its own",
        "more data in all: cleaner and more diverse as well", NULL};
static const char *const try_more_epochs =
        "more epochs (--epochs): the last epoch was still the best";
static const char *const try_underfitting[] = {
        "a larger network: more filters or units, more layers",
        "another learning rate, larger or smaller; another optimizer or schedule (adam, cosine)",
        "more epochs (--epochs), as long as the training loss falls",
        "less regularisation: dropout, weight_decay, augment",
        "batch_norm, or residual blocks in deep networks",
        NULL};
static const char *const try_early_stopping =
        "early stopping: <early_stopping patience=\"5\"/> ends the training near its best epoch";
static const char *const try_overfitting[] = {
        "more data, cleaner and more diverse",
        "augment: random_flip, random_crop, random_rotation make more images out of those you have",
        "regularisation: dropout, weight_decay, label_smoothing",
        "a smaller network: fewer filters, units or layers", NULL};
static const char *const try_human[] = {
        "the verb test, once, for the number to tell others",
        "the worst predictions in the report: are they errors of the network or of the labels?",
        "cleaner labels: where people err, labels do too", NULL};
static const char *const try_fits[] = {
        "the verb test, once, for the number to tell others",
        "to get further, a larger network together with more data or augment",
        "other hyper-parameters: learning rate, batch size, schedule",
        "human_error on <baseline>, to know how far there is to go", NULL};

void nn_wilson(double p, int64_t n, double *low, double *high)
{
	const double z = 1.959963984540054;
	*low = *high = NAN;
	if (n <= 0 || isnan(p))
		return;
	double count = (double)n, scale = 1 / (1 + z * z / count);
	double middle = (p + z * z / (2 * count)) * scale;
	double half = z * sqrt(p * (1 - p) / count + z * z / (4 * count * count)) * scale;
	*low = fmax(0, middle - half);
	*high = fmin(1, middle + half);
}

static bool has_diverged(const nn_facts *f)
{
	if (!f->finite)
		return true;
	if (isfinite(f->chance_loss))
		return f->last_loss > WORSE * f->chance_loss;
	return f->epochs > 1 && f->last_loss > MUCH_WORSE * f->first_loss;
}

static bool has_risen(const nn_facts *f)
{
	return f->lowest_epoch > 0 && f->lowest_epoch < f->epochs &&
	       f->last_val_loss > RISE * f->best_val_loss && f->last_loss < f->before;
}

/* For an accuracy of `t` on the training and of `v` on the validation data. */
static nn_verdict judge(const nn_facts *f, double t, double v)
{
	double guessing = 1 - f->chance, human = isnan(f->human_error) ? 0 : f->human_error;
	if (!(guessing > 0) || v - f->chance < LEARNT * guessing)
		return NN_NOT_LEARNING;
	if (human > 0 && 1 - v <= human)
		return NN_HUMAN_LEVEL;
	double bias = (1 - t - human) / guessing, variance = (t - v) / guessing;
	if (variance > VARIANCE && (variance >= bias || bias <= BIAS))
		return NN_OVERFITTING;
	return bias > BIAS ? NN_UNDERFITTING : NN_FITS;
}

/* With accuracies on both parts. */
static nn_verdict judge_accuracies(const nn_facts *f, const nn_diagnosis *d)
{
	const double *a = f->accuracy, *last = f->last_accuracy;
	nn_verdict verdict = judge(f, a[0], a[1]);
	if (d->high - d->low > 2 * ROUGH && judge(f, a[0], d->low) != judge(f, a[0], d->high))
		return NN_TOO_SMALL;
	if (d->low <= f->chance)
		return NN_NOT_LEARNING;
	/* A gap that may be luck is none. */
	if (verdict == NN_OVERFITTING && a[0] <= d->high)
		verdict = NN_FITS;
	/* Weights from early on are judged by what became of them: the bias was going to vanish. */
	if (d->risen && (verdict == NN_FITS || (verdict == NN_UNDERFITTING &&
	                                        judge(f, last[0], last[1]) == NN_OVERFITTING)))
		return NN_OVERFITTING;
	return verdict;
}

/* Without labels there is nothing but losses, whose size means little. */
static nn_verdict judge_losses(const nn_facts *f, const nn_diagnosis *d)
{
	if (f->epochs > 1 && !(f->last_loss < 0.99 * f->first_loss))
		return NN_NOT_LEARNING;
	if (!f->count[1])
		return NN_TOO_SMALL;
	bool gap = f->loss[1] > (1 + 10 * VARIANCE) * f->loss[0];
	return d->risen || gap ? NN_OVERFITTING : NN_FITS;
}

static nn_verdict decide(const nn_facts *f, const nn_diagnosis *d)
{
	if (has_diverged(f))
		return NN_DIVERGED;
	if (!f->classes)
		return judge_losses(f, d);
	if (!f->count[1] || isnan(f->accuracy[1])) {
		bool guesses = f->accuracy[0] - f->chance < LEARNT * (1 - f->chance);
		return f->count[0] && guesses ? NN_NOT_LEARNING : NN_TOO_SMALL;
	}
	return judge_accuracies(f, d);
}

/* Adds a list, but nothing that begins like the first advice: "more epochs" is said once. */
static void advise(nn_diagnosis *d, const char *const *list)
{
	for (int i = 0; list[i] && d->advices < NN_ADVICES; i++)
		if (d->advices == 0 || strncmp(d->advice[0], list[i], 11) != 0)
			d->advice[d->advices++] = list[i];
}

void nn_diagnose(nn_diagnosis *d, const nn_facts *f)
{
	static const char *const *const list[NN_VERDICTS] = {
	        try_diverged,    try_not_learning, try_too_small, try_underfitting,
	        try_overfitting, try_human,        try_fits};
	*d = (nn_diagnosis){.risen = has_risen(f)};
	nn_wilson(f->classes ? f->accuracy[1] : NAN, f->count[1], &d->low, &d->high);
	d->verdict = decide(f, d);
	d->name = name[d->verdict];
	d->meaning = meaning[d->verdict];
	const char *const *what = list[d->verdict];
	double learnt = f->accuracy[0] - f->chance;
	if (d->verdict == NN_NOT_LEARNING && f->classes && learnt > 0.25 * (1 - f->chance)) {
		d->meaning = memorised;
		what = try_memorised;
	}
	if (d->verdict == NN_TOO_SMALL && !f->count[1])
		d->meaning = no_validation;
	const char *first[] = {NULL, NULL};
	if (d->verdict == NN_UNDERFITTING && f->epochs > 0 && f->best_epoch == f->epochs)
		first[0] = try_more_epochs;
	if (d->verdict == NN_OVERFITTING && d->risen) {
		d->meaning = by_heart;
		first[0] = try_early_stopping;
	}
	advise(d, first);
	advise(d, what);
}

static void add_share(nn_text *t, const char *what, double share)
{
	if (!isnan(share))
		nn_text_add(t, ", %s %.1f %%", what, 100 * share);
}

void nn_diagnosis_text(nn_text *t, const nn_diagnosis *d, const nn_facts *f)
{
	nn_text_add(t, "verdict: %s\n", d->name);
	if (f->best_epoch > 0 && f->best_epoch < f->epochs)
		nn_text_add(t, "  with the weights of epoch %lld of %lld:\n",
		            (long long)f->best_epoch, (long long)f->epochs);
	if (f->classes && f->count[0]) {
		nn_text_add(t, "  training error %.1f %%", 100 * (1 - f->accuracy[0]));
		if (f->count[1])
			nn_text_add(t, ", validation error %.1f %% (%.1f to %.1f %%)",
			            100 * (1 - f->accuracy[1]), 100 * (1 - d->high),
			            100 * (1 - d->low));
		add_share(t, "guessing", 1 - f->chance);
		add_share(t, "people", f->human_error);
		nn_text_add(t, "\n");
	}
	nn_text_add(t, "  %s\n  What to try next:\n", d->meaning);
	for (int i = 0; i < d->advices; i++)
		nn_text_add(t, "    %d. %s\n", i + 1, d->advice[i]);
}

static void add_number(nn_text *t, const char *key, double value)
{
	nn_text_add(t, ",\"%s\":", key);
	nn_text_number(t, value, 9);
}

void nn_diagnosis_json(nn_text *t, const nn_diagnosis *d, const nn_facts *f)
{
	nn_text_add(t, "{\"verdict\":");
	nn_text_json(t, d->name);
	nn_text_add(t, ",\"meaning\":");
	nn_text_json(t, d->meaning);
	nn_text_add(t, ",\"advice\":[");
	for (int i = 0; i < d->advices; i++) {
		nn_text_add(t, "%s", i ? "," : "");
		nn_text_json(t, d->advice[i]);
	}
	nn_text_add(t, "]");
	add_number(t, "training_accuracy", f->accuracy[0]);
	add_number(t, "training_loss", f->loss[0]);
	nn_text_add(t, ",\"training_count\":%lld", (long long)f->count[0]);
	add_number(t, "validation_accuracy", f->accuracy[1]);
	add_number(t, "validation_low", d->low);
	add_number(t, "validation_high", d->high);
	add_number(t, "validation_loss", f->loss[1]);
	nn_text_add(t, ",\"validation_count\":%lld", (long long)f->count[1]);
	add_number(t, "chance", f->chance);
	add_number(t, "human_error", f->human_error);
	nn_text_add(t, ",\"epochs\":%lld,\"best_epoch\":%lld}", (long long)f->epochs,
	            (long long)f->best_epoch);
}
