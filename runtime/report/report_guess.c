/* report_guess.c: the part of a report about right and wrong answers: confusion matrix, the images
 * behind each of its cells, precision and recall of each class.
 *
 *     cell      a link to the panel with its images; the style sheet shows a panel only while the
 *               page's address names it (:target), so no script is needed
 *     many classes   the most frequent confusions instead of a matrix
 *
 * Answers are sorted by label, answer and probability, so that each cell is a run of the array. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "report.h"
#include "../net/tensor.h"

enum { MATRIX_MOST = 24, CELL_PICTURES = 12, PICTURES = 500, CONFUSIONS = 12 };

/* A cell of the matrix that is not empty. */
typedef struct cell {
	int label, answer;    /* its row and column                  */
	const nn_guess *from; /* its answers, the surest first       */
	int64_t count;        /* how many                            */
} cell;

static const nn_exam *shown(const nn_report *r)
{
	return r->exam[1].count ? &r->exam[1] : &r->exam[0];
}

bool nn_report_picture(const nn_report *r, const nn_items *items, uint32_t item, nn_picture *x,
                       nn_error *e)
{
	const nn_net *net = r->feed->net;
	const nn_model *m = net->model;
	const nn_normalize *z = &r->feed->normalize;
	int channels = m->input[0], height = m->input[1], width = m->input[2];
	if (m->input_rank == 1) {
		height = width = (int)(sqrt(m->input[0]) + 0.5);
		channels = 1;
	}
	int64_t pixels = (int64_t)height * width, values = channels * pixels;
	if (values != r->feed->values || pixels < 4 || !nn_page_pictures() ||
	    !nn_feed_fill(r->feed, items, &item, 1, e))
		return false;
	nn_tensor_get(net->program, net->input, net->arena, 1, NN_F32, r->value);
	float low = INFINITY, high = -INFINITY;
	for (int64_t i = 0; i < values; i++) {
		int64_t c = i * z->channels / values;
		r->value[i] = (float)((double)r->value[i] * z->std[c] + z->mean[c]);
		low = fminf(low, r->value[i]);
		high = fmaxf(high, r->value[i]);
	}
	/* 8-bit values are 0 to 1; others are shown between their ends. */
	if (low < -0.01F || high > 1.01F)
		for (int64_t i = 0; i < values; i++)
			r->value[i] = (r->value[i] - low) / fmaxf(high - low, 1e-30F);
	nn_picture_values(x, r->value, channels, height, width);
	return true;
}

static int by_cell(const void *a, const void *b)
{
	const nn_guess *x = a, *y = b;
	if (x->label != y->label)
		return x->label < y->label ? -1 : 1;
	if (x->answer != y->answer)
		return x->answer < y->answer ? -1 : 1;
	if (x->sure < y->sure || x->sure > y->sure)
		return x->sure > y->sure ? -1 : 1;
	return x->item < y->item ? -1 : x->item > y->item;
}

/* The wrong ones first, the most frequent before. */
static int by_count(const void *a, const void *b)
{
	const cell *x = a, *y = b;
	bool right = x->label == x->answer, other = y->label == y->answer;
	if (right != other)
		return right ? 1 : -1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

/* All cells that are not empty, in the order of by_count; NULL without memory. */
static cell *find_cells(nn_exam *x, int *cells, nn_error *e)
{
	qsort(x->guess, (size_t)x->count, sizeof *x->guess, by_cell);
	*cells = 0;
	for (int64_t i = 0; i < x->count; i++)
		*cells += !i || x->guess[i].label != x->guess[i - 1].label ||
		          x->guess[i].answer != x->guess[i - 1].answer;
	cell *list = nn_alloc((size_t)*cells + 1, sizeof *list, "cells", e);
	int at = -1;
	for (int64_t i = 0; list && i < x->count; i++) {
		const nn_guess *g = &x->guess[i];
		if (at < 0 || g->label != list[at].label || g->answer != list[at].answer)
			list[++at] = (cell){g->label, g->answer, g, 0};
		list[at].count++;
	}
	if (list)
		qsort(list, (size_t)*cells, sizeof *list, by_count);
	return list;
}

static void class_name(nn_page *p, const nn_model *m, int i)
{
	char number[16];
	nn_text_html(&p->text, nn_class_name(m, i, number));
}

static void link_cell(nn_page *p, const nn_model *m, int label, int answer, int64_t count)
{
	nn_text *t = &p->text;
	nn_text_add(t, "<a href=\"#c%d-%d\" title=\"", label, answer);
	class_name(p, m, label);
	nn_text_add(t, label == answer ? " recognised as " : " taken for ");
	class_name(p, m, answer);
	nn_text_add(t, "\">%lld</a>", (long long)count);
}

static void write_matrix(nn_page *p, const nn_exam *x, const nn_model *m)
{
	nn_text *t = &p->text;
	int n = m->classes;
	nn_text_add(t,
	            "<p class=\"legend\"><span><i class=\"ramp good\"></i> right</span> <span>"
	            "<i class=\"ramp bad\"></i> wrong</span> the fuller the colour, the larger the "
	            "share of its row</p>\n<div class=\"wide\"><table class=\"matrix\"><caption>"
	            "Rows: what the image is. Columns: what the network says. A number opens its "
	            "images.</caption>\n<thead><tr><td>");
	for (int k = 0; k < n; k++) {
		nn_text_add(t, "<th scope=\"col\"><span>");
		class_name(p, m, k);
		nn_text_add(t, "</span>");
	}
	nn_text_add(t, "</tr></thead>\n<tbody>\n");
	for (int i = 0; i < n; i++) {
		int64_t all = 0;
		for (int k = 0; k < n; k++)
			all += x->score.confusion[i * n + k];
		nn_text_add(t, "<tr><th scope=\"row\">");
		class_name(p, m, i);
		for (int k = 0; k < n; k++) {
			int64_t count = x->score.confusion[i * n + k];
			if (!count) {
				nn_text_add(t, "<td class=\"none\">0");
				continue;
			}
			/* Errors are few: their roots can be told apart. */
			double share = (double)count / (double)all;
			share = 100 * (i == k ? share : sqrt(share));
			nn_text_add(t, "<td class=\"%s%s\" style=\"--s:%.0f%%\">",
			            i == k ? "good" : "bad", share > 55 ? " full" : "", share);
			link_cell(p, m, i, k, count);
		}
		nn_text_add(t, "</tr>\n");
		nn_page_flush(p);
	}
	nn_text_add(t, "</tbody></table></div>\n");
}

static void write_confusions(nn_page *p, const cell *list, int cells, const nn_model *m)
{
	nn_text *t = &p->text;
	int most = m->classes > MATRIX_MOST ? 4 * CONFUSIONS : CONFUSIONS;
	nn_text_add(t, "<h3>The most frequent confusions</h3>\n<ol class=\"columns\">\n");
	for (int i = 0; i < cells && i < most && list[i].label != list[i].answer; i++) {
		nn_text_add(t, "<li>");
		class_name(p, m, list[i].label);
		nn_text_add(t, " taken for ");
		class_name(p, m, list[i].answer);
		nn_text_add(t, ": ");
		link_cell(p, m, list[i].label, list[i].answer, list[i].count);
		nn_text_add(t, "</li>\n");
	}
	nn_text_add(t, "</ol>\n");
	nn_page_flush(p);
}

static void write_panel(nn_report *r, nn_page *p, const cell *c, int pictures)
{
	const nn_model *m = r->session->model;
	nn_text *t = &p->text;
	static nn_picture picture;
	char alt[64];
	nn_text_add(t, "<div class=\"panel\" id=\"c%d-%d\" tabindex=\"-1\">\n<h3>", c->label,
	            c->answer);
	class_name(p, m, c->label);
	nn_text_add(t, c->label == c->answer ? ", recognised: " : " taken for ");
	if (c->label != c->answer) {
		class_name(p, m, c->answer);
		nn_text_add(t, ": ");
	}
	nn_text_add(t,
	            "%lld images</h3>\n<a class=\"close\" href=\"#confusion\">close</a>\n"
	            "<div class=\"gallery\">\n",
	            (long long)c->count);
	for (int64_t i = 0; i < c->count && i < pictures; i++) {
		const nn_guess *g = &c->from[i];
		nn_text_add(t, "<figure>");
		snprintf(alt, sizeof alt, "item %lld", (long long)g->item);
		if (nn_report_picture(r, shown(r)->items, g->item, &picture, p->error))
			nn_page_picture(p, &picture, 0, alt);
		nn_text_add(t, "<figcaption>item %lld<br>%.1f&nbsp;%% sure</figcaption></figure>\n",
		            (long long)g->item, 100 * (double)g->sure);
	}
	nn_text_add(t, "</div>\n%s</div>\n",
	            c->count > pictures ? "<p>The surest ones are shown.</p>\n" : "");
	nn_page_flush(p);
}

static void write_share(nn_page *p, double part, double whole, const char *style)
{
	if (whole > 0)
		nn_text_add(&p->text,
		            "<td class=\"share %s\" style=\"--s:%.1f%%\"><span>%.1f %%</span>",
		            style, 100 * part / whole, 100 * part / whole);
	else
		nn_text_add(&p->text, "<td>");
}

static void write_classes(nn_page *p, const nn_exam *x, const nn_model *m)
{
	nn_text *t = &p->text;
	int n = m->classes;
	nn_page_section(p, "classes", "Classes");
	nn_text_add(
	        t, "<p class=\"legend\"><span><i class=\"swatch train\"></i> precision: of what is "
	           "called so, how much is</span> <span><i class=\"swatch val\"></i> recall: of "
	           "what is so, how much is called so</span> F1 is their harmonic mean</p>\n"
	           "<div class=\"wide\"><table><thead><tr><th scope=\"col\">class"
	           "<th scope=\"col\">images<th scope=\"col\">precision<th scope=\"col\">recall"
	           "<th scope=\"col\">95 %% interval of the recall<th scope=\"col\">F1</tr></thead>"
	           "\n<tbody>\n");
	for (int i = 0; i < n; i++) {
		double said = 0, is = 0, right = (double)x->score.confusion[i * n + i], low, high;
		for (int k = 0; k < n; k++) {
			said += (double)x->score.confusion[k * n + i];
			is += (double)x->score.confusion[i * n + k];
		}
		nn_text_add(t, "<tr><th scope=\"row\">");
		class_name(p, m, i);
		nn_text_add(t, "<td>%.0f", is);
		write_share(p, right, said, "train");
		write_share(p, right, is, "val");
		nn_wilson(is > 0 ? right / is : NAN, (int64_t)is, &low, &high);
		nn_text_add(t, is > 0 ? "<td>%.1f to %.1f %%" : "<td>", 100 * low, 100 * high);
		nn_text_add(t, said + is > 0 ? "<td>%.3f</tr>\n" : "<td></tr>\n",
		            2 * right / (said + is));
		nn_page_flush(p);
	}
	nn_text_add(t, "</tbody></table></div>\n");
	nn_page_end(p);
}

void nn_report_guesses(nn_report *r, nn_page *p)
{
	const nn_model *m = r->session->model;
	nn_exam *x = r->exam[1].count ? &r->exam[1] : &r->exam[0];
	int cells;
	cell *list = x->finite ? find_cells(x, &cells, p->error) : NULL;
	if (!list)
		return;
	nn_page_section(p, "confusion", "Confusion");
	nn_text_add(&p->text, "<p>%lld of %lld %s images; %lld are right.</p>\n",
	            (long long)x->count, (long long)x->whole,
	            x == &r->exam[1] ? "validation" : "training", (long long)x->score.correct);
	bool matrix = m->classes <= MATRIX_MOST;
	if (matrix)
		write_matrix(p, x, m);
	write_confusions(p, list, cells, m);
	int panels = matrix || cells < 4 * CONFUSIONS ? cells : 4 * CONFUSIONS;
	int pictures = panels ? PICTURES / panels : 0;
	if (pictures > CELL_PICTURES)
		pictures = CELL_PICTURES;
	for (int i = 0; i < panels; i++)
		write_panel(r, p, &list[i], pictures > 3 ? pictures : 3);
	nn_page_end(p);
	free(list);
	if (x->score.confusion)
		write_classes(p, x, m);
}
