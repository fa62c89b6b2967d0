/* diagnose_text.c: a diagnosis as sentences for people, and as JSON for programs.
 *
 *     verdict: over-fitting
 *       training error 0.0 %, validation error 25.0 % (23.9 to 26.1 %), guessing 90.0 %
 *       The training images are learnt too well: ...
 *       What to try next:
 *         1. more data, ...
 *
 * The report and the last lines of train say the same, since both come from here. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "diagnose.h"

enum { SHORT = 64 };

__attribute__((format(printf, 2, 3))) static void say(nn_diagnosis *d, const char *format, ...)
{
	size_t len = strlen(d->meaning);
	va_list args;
	va_start(args, format);
	vsnprintf(d->meaning + len, NN_MEANING_MAX - len, format, args);
	va_end(args);
}

/* The errors on a part, in the words that the sentences need: "4.0 % errors", or "a mean loss of
 * 0.012 (1.2 % of what guessing gives)". */
static const char *errors(const nn_diagnosis *d, const nn_facts *f, int i, char text[SHORT])
{
	double at = d->error[i].at, all = f->classes ? 1 - f->chance[0] : f->guess_loss[i];
	if (f->classes)
		snprintf(text, SHORT, "%.1f %% errors", 100 * at * all);
	else if (isnan(all))
		snprintf(text, SHORT, "a loss of %.3g", at * f->start_loss);
	else
		snprintf(text, SHORT, "a loss of %.3g (%.3g %% of guessing's)", at * all, 100 * at);
	return text;
}

/* What guessing gets on a part. */
static const char *guessing(const nn_facts *f, int i, char text[SHORT])
{
	if (f->classes)
		snprintf(text, SHORT, "the most frequent answer for all: %.1f %%",
		         100 * (1 - f->chance[i]));
	else if (isnan(f->guess_loss[i]))
		snprintf(text, SHORT, "before training: %.3g", f->start_loss);
	else
		snprintf(text, SHORT, "the best same answer for all: %.3g", f->guess_loss[i]);
	return text;
}

static void explain_diverged(nn_diagnosis *d, const nn_facts *f)
{
	if (!f->finite)
		say(d,
		    "The training blew up: its loss became infinite or not a number. Each of its "
		    "steps was so large that it made things worse.");
	else if (isfinite(f->start_loss))
		say(d,
		    "The training blew up: its loss ended at %.3g, where it began with %.3g. Each "
		    "of "
		    "its steps was so large that it made things worse.",
		    f->last_loss, f->start_loss);
	else
		say(d,
		    "The training blew up: its loss ended at %.3g. Each of its steps was so large "
		    "that it made things worse.",
		    f->last_loss);
}

static void explain_not_learning(nn_diagnosis *d, const nn_facts *f)
{
	char a[SHORT], b[SHORT];
	if (f->classes ? !(f->chance[0] < 1) : !(f->guess_loss[0] > 0 || isnan(f->guess_loss[0])))
		say(d, "All training %s have the same %s: there is nothing to learn.", f->items,
		    f->classes ? "label" : "target");
	else if (d->learnt[0].low > 0)
		say(d,
		    "Hardly anything was learnt: the network makes %s on the training %s, about as "
		    "many as "
		    "guessing (%s).",
		    errors(d, f, 0, a), f->items, guessing(f, 0, b));
	else
		say(d,
		    "Nothing was learnt: even on the training %s the network makes %s, no better "
		    "than "
		    "guessing (%s).",
		    f->items, errors(d, f, 0, a), guessing(f, 0, b));
}

static void explain_not_carried(nn_diagnosis *d, const nn_facts *f)
{
	char a[SHORT], b[SHORT], c[SHORT];
	say(d,
	    "On the training %s the network makes %s, but on those it has not seen %s, no better "
	    "than guessing (%s): nothing that was learnt carries over.",
	    f->items, errors(d, f, 0, a), errors(d, f, 1, b), guessing(f, 1, c));
}

static void explain_too_small(nn_diagnosis *d, const nn_facts *f)
{
	char a[SHORT];
	if (!(d->learnt[0].low > 0))
		say(d, "There are only %lld training %s: that they were learnt may be luck.",
		    (long long)f->count[0], f->items);
	else if (!f->count[1])
		say(d,
		    "There are no validation %s, so nobody can say how the network does on %s it "
		    "has "
		    "not seen; on the training %s it makes %s.",
		    f->items, f->items, f->items, errors(d, f, 0, a));
	else if (f->classes)
		say(d,
		    "Too few validation %s: with %lld of them the true error may be anything from "
		    "%.1f "
		    "to %.1f %%, so that it is open whether what was learnt carries over.",
		    f->items, (long long)f->count[1], 100 * (1 - d->high), 100 * (1 - d->low));
	else
		say(d,
		    "Too few validation %s: with %lld of them the true loss may be anything from "
		    "%.3g "
		    "to %.3g %% of guessing's, so that it is open whether what was learnt carries "
		    "over.",
		    f->items, (long long)f->count[1], 100 * d->error[1].low,
		    100 * d->error[1].high);
}

static void explain_underfitting(nn_diagnosis *d, const nn_facts *f)
{
	char a[SHORT], b[SHORT];
	say(d,
	    "Even on the training %s the network makes %s (%s): it is too small, not trained "
	    "enough, or held back.",
	    f->items, errors(d, f, 0, a), guessing(f, 0, b));
	if (!f->classes)
		say(d, " Or the inputs do not say more about the target.");
}

static void explain_overfitting(nn_diagnosis *d, const nn_facts *f)
{
	char a[SHORT], b[SHORT];
	say(d,
	    "The training %s are learnt too well: the network makes %s on them, %s on %s it has "
	    "not "
	    "seen%s.",
	    f->items, errors(d, f, 0, a), errors(d, f, 1, b), f->items,
	    d->at_end ? ", both in the last epoch" : "");
	double unit = 100 * (f->classes ? 1 - f->chance[0] : 1);
	say(d, " That is more than luck: the gap lies between %.1f and %.1f %s (95 %% interval).",
	    unit * d->gap.low, unit * d->gap.high, f->classes ? "points" : "% of guessing's loss");
}

static void explain_human(nn_diagnosis *d, const nn_facts *f)
{
	char a[SHORT];
	say(d, "On %s it has not seen the network makes %s, no more than people do (%.1f %%).",
	    f->items, errors(d, f, 1, a), 100 * f->human_error);
}

static void explain_fits(nn_diagnosis *d, const nn_facts *f)
{
	char a[SHORT], b[SHORT];
	say(d,
	    "On %s it has not seen the network makes %s, on the training %s %s: few, and about as "
	    "many on both.",
	    f->items, errors(d, f, 1, a), f->items, errors(d, f, 0, b));
}

/* The loss tells more than errors do: it rises when a network grows sure of what is wrong. */
static void explain_rise(nn_diagnosis *d, const nn_facts *f)
{
	say(d,
	    " The validation loss was lowest in epoch %lld (%.3g) and rose to %.3g while the "
	    "training loss went on falling: ",
	    (long long)f->lowest_epoch, f->best_val_loss, f->last_val_loss);
	if (d->verdict == NN_OVERFITTING)
		say(d, "from there on the training %s were learnt by heart.", f->items);
	else
		say(d, "from there on nothing was gained.");
}

void nn_explain(nn_diagnosis *d, const nn_facts *f)
{
	static void (*const row[NN_VERDICTS])(nn_diagnosis *, const nn_facts *) = {
	        explain_diverged,     explain_not_learning, explain_not_carried, explain_too_small,
	        explain_underfitting, explain_overfitting,  explain_human,       explain_fits};
	d->meaning[0] = 0;
	row[d->verdict](d, f);
	if (d->risen && (d->verdict == NN_OVERFITTING || d->verdict == NN_FITS))
		explain_rise(d, f);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void add_class_line(nn_text *t, const nn_diagnosis *d, const nn_facts *f)
{
	nn_text_add(t, "  training error %.1f %%", 100 * (1 - f->accuracy[0]));
	if (f->count[1])
		nn_text_add(t, ", validation error %.1f %% (%.1f to %.1f %%)",
		            100 * (1 - f->accuracy[1]), 100 * (1 - d->high), 100 * (1 - d->low));
	nn_text_add(t, ", guessing %.1f %%", 100 * (1 - f->chance[f->count[1] > 0]));
	if (f->human_error > 0)
		nn_text_add(t, ", people %.1f %%", 100 * f->human_error);
	nn_text_add(t, "\n");
}

static void add_number_line(nn_text *t, const nn_facts *f)
{
	nn_text_add(t, "  training loss %.4g", f->loss[0]);
	if (f->count[1])
		nn_text_add(t, ", validation loss %.4g", f->loss[1]);
	if (!isnan(f->guess_loss[f->count[1] > 0]))
		nn_text_add(t, ", guessing %.4g", f->guess_loss[f->count[1] > 0]);
	nn_text_add(t, "\n");
}

void nn_diagnosis_text(nn_text *t, const nn_diagnosis *d, const nn_facts *f)
{
	nn_text_add(t, "verdict: %s\n", d->name);
	if (f->best_epoch > 0 && f->best_epoch < f->epochs)
		nn_text_add(t, "  with the weights of epoch %lld of %lld:\n",
		            (long long)f->best_epoch, (long long)f->epochs);
	if (f->count[0] && f->classes)
		add_class_line(t, d, f);
	else if (f->count[0])
		add_number_line(t, f);
	nn_text_add(t, "  %s\n  What to try next:\n", d->meaning);
	for (int i = 0; i < d->advices; i++)
		nn_text_add(t, "    %d. %s\n", i + 1, d->advice[i]);
}

static void add_number(nn_text *t, const char *key, double value)
{
	nn_text_add(t, ",\"%s\":", key);
	nn_text_number(t, value, 9);
}

static void add_part(nn_text *t, const char *part, const nn_diagnosis *d, const nn_facts *f, int i)
{
	char key[SHORT];
	nn_text_add(t, ",\"%s_accuracy\":", part);
	nn_text_number(t, f->accuracy[i], 9);
	nn_text_add(t, ",\"%s_loss\":", part);
	nn_text_number(t, f->loss[i], 9);
	nn_text_add(t, ",\"%s_count\":%lld", part, (long long)f->count[i]);
	snprintf(key, sizeof key, "%s_share", part);
	add_number(t, key, d->error[i].at);
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
	add_part(t, "training", d, f, 0);
	add_part(t, "validation", d, f, 1);
	add_number(t, "validation_low", d->low);
	add_number(t, "validation_high", d->high);
	add_number(t, "gap", d->gap.at);
	add_number(t, "gap_low", d->gap.low);
	add_number(t, "gap_high", d->gap.high);
	add_number(t, "chance", f->chance[f->count[1] > 0]);
	add_number(t, "guess_loss", f->guess_loss[f->count[1] > 0]);
	add_number(t, "start_loss", f->start_loss);
	add_number(t, "human_error", f->human_error);
	nn_text_add(t, ",\"epochs\":%lld,\"best_epoch\":%lld}", (long long)f->epochs,
	            (long long)f->best_epoch);
}
