/* report_worst.c: the part of a report that shows the worst and the least sure answers, and how
 * well the network knows when it is right (calibration).
 *
 * A wrong answer that the network is sure of is either its worst error or a wrong label; those it
 * is unsure of show where classes touch. Without labels there are the items with the largest and
 * the smallest error. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "chart.h"
#include "report.h"

enum { SHOWN = 24, BINS = 10 };

static int surest(const void *a, const void *b)
{
	const nn_guess *x = a, *y = b;
	if (x->sure < y->sure || x->sure > y->sure)
		return x->sure > y->sure ? -1 : 1;
	return x->item < y->item ? -1 : x->item > y->item;
}

static void show(nn_report *r, nn_page *p, const nn_exam *x, const nn_guess *g)
{
	const nn_model *m = r->session->model;
	static nn_picture picture;
	nn_text *t = &p->text;
	char a[16], b[16], alt[700];
	nn_text_add(t, "<figure>");
	if (g->label < 0)
		snprintf(alt, sizeof alt, "item %lld", (long long)g->item);
	else
		snprintf(alt, sizeof alt, "item %lld: %.300s", (long long)g->item,
		         nn_class_name(m, g->label, a));
	if (nn_report_picture(r, x->items, g->item, &picture, p->error))
		nn_page_picture(p, &picture, 0, alt);
	nn_text_add(t, "<figcaption>");
	if (g->label < 0) {
		nn_text_add(t, "item %lld<br>error %.4g", (long long)g->item, (double)g->sure);
	} else {
		nn_text_html(t, nn_class_name(m, g->label, a));
		nn_text_add(t, g->label == g->answer ? "<br><b class=\"good\">✓ "
		                                     : "<br><b class=\"bad\">✗ ");
		nn_text_html(t, nn_class_name(m, g->answer, b));
		nn_text_add(t, "</b><br>%.1f&nbsp;%%", 100 * (double)g->sure);
	}
	nn_text_add(t, "</figcaption></figure>\n");
	nn_page_flush(p);
}

/* The first answers of the sorted array from either end, the wrong ones only if so asked. */
static void gallery(nn_report *r, nn_page *p, const nn_exam *x, bool backwards, bool wrong)
{
	int left = SHOWN;
	nn_text_add(&p->text, "<div class=\"gallery\">\n");
	for (int64_t i = 0; i < x->count && left > 0; i++) {
		const nn_guess *g = &x->guess[backwards ? x->count - 1 - i : i];
		if (wrong && g->label == g->answer)
			continue;
		show(r, p, x, g);
		left--;
	}
	nn_text_add(&p->text, "</div>\n");
	if (left == SHOWN)
		nn_text_add(&p->text, "<p>None.</p>\n");
}

static void write_calibration(nn_report *r, nn_page *p, const nn_exam *x)
{
	nn_text *t = &p->text;
	int64_t count[BINS] = {0};
	double right[BINS] = {0}, sure[BINS] = {0}, gap = 0, mean = 0;
	for (int64_t i = 0; i < x->count; i++) {
		const nn_guess *g = &x->guess[i];
		int k = (int)((double)g->sure * (double)BINS);
		k = k < BINS ? k : BINS - 1;
		count[k]++;
		right[k] += g->label == g->answer;
		sure[k] += (double)g->sure;
		mean += (double)g->sure;
	}
	for (int k = 0; k < BINS; k++) {
		gap += fabs(right[k] - sure[k]) / (double)x->count;
		right[k] = count[k] ? right[k] / (double)count[k] : NAN;
		sure[k] = count[k] ? sure[k] / (double)count[k] : NAN;
	}
	mean /= (double)x->count;
	double over = mean - nn_score_accuracy(&x->score, r->session->model);
	nn_page_section(p, "calibration", "Calibration");
	nn_text_add(t,
	            "<p>Does a probability of 80 %% come true in 80 of 100 cases? The network is "
	            "%.1f %% sure on average and %.1f %% right: %s. Expected calibration error: "
	            "%.3f.</p>\n<div class=\"two\"><div>\n",
	            100 * mean, 100 * (mean - over),
	            fabs(over) < 0.02 ? "about as sure as it may be"
	            : over > 0        ? "too sure"
	                              : "not sure enough",
	            gap);
	nn_chart_calibration(p, right, count, BINS);
	nn_text_add(t, "</div><div><table><thead><tr><th scope=\"col\">probability given"
	               "<th scope=\"col\">images<th scope=\"col\">mean<th scope=\"col\">right</tr>"
	               "</thead>\n<tbody>\n");
	for (int k = 0; k < BINS; k++)
		if (count[k])
			nn_text_add(
			        t,
			        "<tr><th scope=\"row\">%d to %d %%<td>%lld<td>%.1f %%<td>%.1f %%"
			        "</tr>\n",
			        100 * k / BINS, 100 * (k + 1) / BINS, (long long)count[k],
			        100 * sure[k], 100 * right[k]);
	nn_text_add(t, "</tbody></table></div></div>\n");
	nn_page_end(p);
}

void nn_report_worst(nn_report *r, nn_page *p)
{
	nn_exam *x = r->exam[1].count ? &r->exam[1] : &r->exam[0];
	if (!x->finite)
		return;
	qsort(x->guess, (size_t)x->count, sizeof *x->guess, surest);
	nn_page_section(p, "worst", "Pictures");
	if (r->facts.classes) {
		nn_text_add(&p->text,
		            "<h3>The worst answers</h3>\n<p>Wrong, and sure of it: an error of "
		            "the network or of the label? Above, what the image is; below, "
		            "what the network says.</p>\n");
		gallery(r, p, x, false, true);
		nn_text_add(&p->text,
		            "<h3>The least sure answers</h3>\n<p>Right or wrong, these could "
		            "have been anything.</p>\n");
		gallery(r, p, x, true, false);
	} else {
		nn_text_add(&p->text, "<h3>The largest errors</h3>\n");
		gallery(r, p, x, false, false);
		nn_text_add(&p->text, "<h3>The smallest errors</h3>\n");
		gallery(r, p, x, true, false);
	}
	nn_page_end(p);
	if (r->facts.classes)
		write_calibration(r, p, x);
}
