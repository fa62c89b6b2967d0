/* advise.c: what to try next, after a verdict.
 *
 *     in    the verdict, the numbers behind it, what the description says already (nn_recipe)
 *     out   sentences, the most promising first, with the text to put into the XML
 *
 * Nothing is advised that the description does already; what it does too much of may be advised to
 * be less. The lists are the field's common sense: bias wants a larger network and more training,
 * variance wants more data, regularisation and an earlier end (Ng, Machine Learning Yearning). */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "diagnose.h"

__attribute__((format(printf, 2, 3))) static void add(nn_diagnosis *d, const char *format, ...)
{
	va_list args;
	if (d->advices == NN_ADVICES)
		return;
	va_start(args, format);
	vsnprintf(d->advice[d->advices++], NN_ADVICE_MAX, format, args);
	va_end(args);
}

static const char *schedule(const nn_recipe *r)
{
	return r->schedule ? r->schedule : "constant";
}

static void data_in_range(nn_diagnosis *d, const nn_facts *f)
{
	const nn_recipe *r = &f->recipe;
	if (!r->normalized)
		add(d, "inputs of ordinary size: <normalize mode=\"auto\"/> inside <input>");
	if (!f->classes && (f->guess_loss[0] > 100 || f->guess_loss[0] < 1e-4))
		add(d, "targets of ordinary size: divide them so that most lie between -1 and 1");
}

static void on_diverged(nn_diagnosis *d, const nn_facts *f)
{
	const nn_recipe *r = &f->recipe;
	add(d,
	    "a smaller learning rate: lr=\"%.2g\" on <optimizer> (--lr; it was %.2g), and a tenth "
	    "of that if need be; train --lr-find looks for one",
	    r->lr / 10, r->lr);
	if (!(r->grad_clip > 0))
		add(d, "no wild steps: grad_clip=\"1\" on <train>");
	if (!(r->warmup > 0))
		add(d, "a gentle start: <schedule type=\"%s\" warmup=\"1\"/>", schedule(r));
	data_in_range(d, f);
	if (!r->norm)
		add(d, "<batch_norm/> after the layers with weights, which keeps values in range");
	add(d,
	    "the verb data: are there values that are not numbers, or thousands of times as large "
	    "as the others?");
}

static void on_not_learning(nn_diagnosis *d, const nn_facts *f)
{
	const nn_recipe *r = &f->recipe;
	if (f->classes ? !(f->chance[0] < 1) : !(f->guess_loss[0] > 0)) {
		add(d, "other training data, or the right column of labels; the verb data counts "
		       "them");
		return;
	}
	add(d,
	    "another learning rate than %.2g: --lr %.2g, then --lr %.2g; train --lr-find looks for "
	    "one",
	    r->lr, r->lr / 10, r->lr * 10);
	data_in_range(d, f);
	add(d, "train --overfit-batch: if not even one batch can be learnt, look at the layers and "
	       "the loss");
	add(d, "the data: do the %s belong to their %s? The verb data shows what is in the files",
	    f->classes ? "labels" : "targets", f->items);
	if (f->epochs > 0 && f->last_loss < f->first_loss)
		add(d,
		    "more epochs, since the training loss still falls: epochs=\"%lld\" on <train>",
		    4 * (long long)f->epochs);
	if (!r->norm)
		add(d, "<batch_norm/> after the layers with weights; a larger network");
}

/* What keeps a network from learning its training data by heart, as far as it is not there. */
static void regularise(nn_diagnosis *d, const nn_facts *f)
{
	const nn_recipe *r = &f->recipe;
	bool decoupled =
	        r->optimizer && (strstr(r->optimizer, "adamw") || strstr(r->optimizer, "lion"));
	if (r->pictures && !r->augment)
		add(d,
		    "augment, which makes more images out of those you have: "
		    "<augment><random_shift "
		    "fraction=\"0.1\"/><random_rotation degrees=\"10\"/></augment> inside <train>, "
		    "<random_flip/> too where mirrored images are as good");
	if (!r->dropout)
		add(d, "regularisation: <dropout rate=\"0.3\"/> before the last layer");
	if (!(r->weight_decay > 0))
		add(d, "regularisation: weight_decay=\"%s\" on <optimizer>",
		    decoupled ? "0.01" : "0.0005");
	if (r->can_smooth && !r->smoothing)
		add(d, "regularisation: label_smoothing=\"0.1\" on <loss>");
}

static void smaller(nn_diagnosis *d, const nn_recipe *r)
{
	if (*r->width && r->wide >= 4)
		add(d,
		    "a smaller network: %s=\"%lld\" instead of \"%lld\" in the first layer, others "
		    "likewise; fewer layers",
		    r->width, (long long)r->wide / 2, (long long)r->wide);
	else
		add(d, "a smaller network: fewer filters, units or layers");
}

static void larger(nn_diagnosis *d, const nn_recipe *r)
{
	if (*r->width)
		add(d,
		    "a larger network: %s=\"%lld\" instead of \"%lld\" in the first layer, others "
		    "likewise; more layers",
		    r->width, 2 * (long long)r->wide, (long long)r->wide);
	else
		add(d, "a larger network: more filters or units, more layers");
}

static void on_not_carried(nn_diagnosis *d, const nn_facts *f)
{
	add(d, "the data: do the %s belong to their %s? Shuffled ones look exactly like this",
	    f->classes ? "labels" : "targets", f->items);
	add(d, "training and validation %s of the same kind, from the same source", f->items);
	add(d, "more data, cleaner and more diverse: there are %lld training %s",
	    (long long)f->whole[0], f->items);
	regularise(d, f);
}

static void on_too_small(nn_diagnosis *d, const nn_facts *f)
{
	const nn_recipe *r = &f->recipe;
	double share = r->validation > 0 ? fmin(2 * r->validation, 0.4) : 0.2;
	if (r->own_validation)
		add(d, "more validation data: more %s in the source of <validation>", f->items);
	else if (share > r->validation)
		add(d, "more validation data: validation=\"%.2g\" on <data>%s", share,
		    r->validation > 0 ? "" : " keeps a fifth for it");
	add(d, "more data in all: cleaner and more diverse as well");
}

static void on_underfitting(nn_diagnosis *d, const nn_facts *f)
{
	const nn_recipe *r = &f->recipe;
	if (f->epochs > 0 && f->best_epoch == f->epochs)
		add(d,
		    "more epochs: epochs=\"%lld\" on <train> (--epochs); the last epoch was still "
		    "the "
		    "best",
		    2 * (long long)f->epochs);
	larger(d, r);
	if (r->augment || r->dropout || r->weight_decay > 0)
		add(d, "less regularisation:%s%s%s than now", r->augment ? " less <augment>," : "",
		    r->dropout ? " less <dropout>," : "",
		    r->weight_decay > 0 ? " less weight_decay" : "");
	bool sgd = r->optimizer && !strcmp(r->optimizer, "sgd");
	add(d, "another learning rate than %.2g (train --lr-find looks for one)%s%s", r->lr,
	    sgd ? "; another optimizer: type=\"adam\" lr=\"0.001\"" : "",
	    strcmp(schedule(r), "constant") ? "" : "; a <schedule type=\"cosine\"/>");
	if (!f->classes)
		add(d,
		    "inputs that say more: where they do not determine the target, no network can");
	if (!r->norm)
		add(d, "<batch_norm/> after the layers with weights, residual blocks in deep "
		       "networks");
}

static void on_overfitting(nn_diagnosis *d, const nn_facts *f)
{
	const nn_recipe *r = &f->recipe;
	/* Where answers went on getting better while their loss rose, it is no judge of when to
	 * stop. */
	bool by_accuracy = f->classes && f->last_accuracy[1] > f->accuracy[1];
	if (d->risen && !r->early_stopping)
		add(d,
		    "early stopping: <early_stopping patience=\"5\"%s/> inside <train> ends the "
		    "training near its best epoch",
		    by_accuracy ? " monitor=\"val_accuracy\"" : "");
	add(d, "more data, cleaner and more diverse: there are %lld training %s",
	    (long long)f->whole[0], f->items);
	regularise(d, f);
	smaller(d, r);
}

static void on_well(nn_diagnosis *d, const nn_facts *f)
{
	const nn_recipe *r = &f->recipe;
	add(d, "the verb test, once, for the number to tell others");
	if (d->risen && !r->early_stopping)
		add(d,
		    "early stopping saves time: <early_stopping patience=\"5\"/> inside <train>");
	if (d->verdict == NN_HUMAN_LEVEL) {
		add(d,
		    "the worst predictions in the report: are they errors of the network or of the "
		    "labels?");
		add(d, "cleaner labels: where people err, labels do too");
		return;
	}
	if (f->classes && !(f->human_error > 0))
		add(d, "to know how far there is to go, what people get wrong: <baseline "
		       "human_error=\"0.05\"/> inside <train>, with their share of errors");
	add(d, "to get further, a larger network together with more data%s",
	    r->pictures && !r->augment ? " or augment" : "");
	add(d, "other hyper-parameters: learning rate, batch size, schedule; the verb tune tries "
	       "them");
}

void nn_advise(nn_diagnosis *d, const nn_facts *f)
{
	static void (*const row[NN_VERDICTS])(nn_diagnosis *, const nn_facts *) = {
	        on_diverged,     on_not_learning, on_not_carried, on_too_small,
	        on_underfitting, on_overfitting,  on_well,        on_well};
	d->advices = 0;
	row[d->verdict](d, f);
}
