/* report.c: what a training came to: its diagnosis, and a page about it.
 *
 *     in    the network with its weights, the data, log.csv
 *     out   the verdict (diagnose.c) and report.html: verdict, curves, errors, the network inside
 *
 * The weights are those that `test` and `predict` take. Both parts of the data are looked at in
 * evaluation form, so that their errors can be compared. At the end of a training only so many
 * items are looked at as a few seconds allow; the verb report looks at all. */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "../net/tensor.h"

enum { SAMPLE = 5000, LEAST = 64, CELLS = 100, CONFIG_MOST = 1 << 20 };

/* Items of a part that may be looked at: `share` of the flop. A step does three times the work of
 * an evaluation. */
static int64_t affordable(const nn_report *r, double share)
{
	const nn_model *m = r->session->model;
	double each = m->flop_per_step / 3 / m->batch;
	if (!(r->flop > 0) || !(each > 0))
		return INT64_MAX;
	double items = r->flop * share / each;
	return items < (double)LEAST ? LEAST : (int64_t)fmin(items, 1e15);
}

size_t nn_report_need(const nn_program *p, int64_t items)
{
	int64_t most = 0;
	for (int i = 0; i < p->tensors; i++)
		if (p->tensor[i].kind <= NN_FROZEN) {
			int64_t count = nn_tensor_count(&p->tensor[i], 0);
			most = count > most ? count : most;
		}
	return (size_t)most * sizeof(float) + (size_t)items * sizeof(nn_guess);
}

bool nn_report_open(nn_report *r, nn_error *e)
{
	nn_session *s = r->session;
	const nn_model *m = s->model;
	nn_run run = nn_session_run(s, 1);
	size_t values = (size_t)m->input[0] * (size_t)m->input[1] * (size_t)m->input[2];
	r->value = nn_alloc(values, sizeof *r->value, "an item", e);
	if (!r->value || !nn_log_read(s->out, &r->record, &r->records, e))
		return false;
	for (int i = 0; r->weights && i < 2; i++) {
		int64_t most = affordable(r, i ? 0.7 : 0.3);
		if (!i && most > SAMPLE)
			most = SAMPLE;
		if (r->part[i]->count &&
		    !nn_examine(&r->exam[i], r->scorer, r->feed, r->part[i], most, run, e))
			return false;
	}
	if (!nn_report_facts(r, e))
		return false;
	nn_diagnose(&r->diagnosis, &r->facts);
	return true;
}

void nn_report_close(nn_report *r)
{
	nn_exam_close(&r->exam[0]);
	nn_exam_close(&r->exam[1]);
	free(r->record);
	free(r->value);
	r->record = NULL;
	r->value = NULL;
}

/* ---- the page ------------------------------------------------------------------------------- */

static void write_verdict(nn_report *r, nn_page *p)
{
	static const char *const mood[NN_VERDICTS] = {"bad",  "bad",  "bad",  "open",
	                                              "warn", "warn", "fine", "fine"};
	const nn_diagnosis *d = &r->diagnosis;
	const nn_facts *f = &r->facts;
	nn_text *t = &p->text;
	nn_page_section(p, "verdict", "Verdict");
	nn_text_add(t, "<p class=\"verdict %s\"><strong>%s</strong></p>\n<p class=\"lead\">",
	            mood[d->verdict], d->name);
	nn_text_html(t, d->meaning);
	nn_text_add(t, "</p>\n<div class=\"two\">\n<div>\n");
	nn_bar bar[] = {{"people", "human", f->human_error, NAN, NAN},
	                {"training", "train", 1 - f->accuracy[0], NAN, NAN},
	                {"validation", "val", 1 - f->accuracy[1], 1 - d->high, 1 - d->low},
	                {"guessing", "chance", 1 - f->chance[f->count[1] > 0], NAN, NAN}};
	if (f->classes && f->count[0]) {
		nn_text_add(t, "<h3>Errors</h3>\n");
		nn_chart_bars(p, "Shares of errors; the numbers are in the table", bar, 4);
	}
	nn_text_add(t,
	            "<table class=\"plain\"><caption>Measured with the weights of the report, "
	            "without augmentation and dropout</caption>\n<thead><tr><th scope=\"col\">on"
	            "<th scope=\"col\">items<th scope=\"col\">loss%s</tr></thead>\n<tbody>\n",
	            f->classes ? "<th scope=\"col\">error<th scope=\"col\">95 % interval" : "");
	for (int i = 0; i < 2; i++) {
		nn_text_add(t, "<tr><th scope=\"row\">%s", i ? "validation" : "training");
		nn_text_add(t, f->count[i] ? "<td>%lld<td>%.4g" : "<td>none<td>",
		            (long long)f->count[i], f->loss[i]);
		if (f->classes)
			nn_text_add(t, f->count[i] ? "<td>%.2f %%" : "<td>",
			            100 * (1 - f->accuracy[i]));
		if (f->classes)
			nn_text_add(t, i && f->count[i] ? "<td>%.2f to %.2f %%" : "<td>",
			            100 * (1 - d->high), 100 * (1 - d->low));
		nn_text_add(t, "</tr>\n");
	}
	int shown = f->count[1] > 0;
	if (!isnan(f->guess_loss[shown]))
		nn_text_add(
		        t,
		        f->classes
		                ? "<tr><th scope=\"row\">guessing<td><td>%.4g<td>%.2f %%<td></tr>\n"
		                : "<tr><th scope=\"row\">guessing<td><td>%.4g</tr>\n",
		        f->guess_loss[shown], 100 * (1 - f->chance[shown]));
	nn_text_add(t, "</tbody></table>\n</div>\n<div>\n<h3>What to try next</h3>\n<ol>\n");
	for (int i = 0; i < d->advices; i++) {
		nn_text_add(t, "<li>");
		nn_text_html(t, d->advice[i]);
		nn_text_add(t, "</li>\n");
	}
	nn_text_add(t, "</ol>\n</div>\n</div>\n");
	nn_page_end(p);
}

static void fact(nn_page *p, const char *name, const char *value)
{
	if (!value)
		return;
	nn_text_add(&p->text, "<div><dt>%s</dt><dd>", name);
	nn_text_html(&p->text, value);
	nn_text_add(&p->text, "</dd></div>\n");
}

static void write_facts(nn_report *r, nn_page *p)
{
	const nn_session *s = r->session;
	const nn_model *m = s->model;
	char text[160], shape[64];
	double seconds = 0;
	for (int64_t i = 0; i < r->records; i++)
		seconds += isfinite(r->record[i].seconds) ? r->record[i].seconds : 0;
	const nn_record *last = r->records ? &r->record[r->records - 1] : NULL;
	nn_page_section(p, "facts", "The run");
	nn_text_add(&p->text, "<dl class=\"facts\">\n");
	nn_shape_text(m, shape);
	fact(p, "network", m->name);
	fact(p, "input", shape);
	snprintf(text, sizeof text, "%lld", (long long)m->parameters);
	fact(p, "parameters", text);
	fact(p, "loss", m->loss);
	snprintf(text, sizeof text, "%s, lr %.4g", m->optimizer, s->hyper[0]);
	fact(p, "optimizer", text);
	fact(p, "schedule", m->schedule ? m->schedule : "constant");
	snprintf(text, sizeof text, "up to %d", m->batch);
	fact(p, "batch", text);
	snprintf(text, sizeof text, "%llu", (unsigned long long)s->seed);
	fact(p, "seed", text);
	snprintf(text, sizeof text, "%lld training, %lld validation", (long long)r->part[0]->count,
	         (long long)r->part[1]->count);
	fact(p, "items", text);
	snprintf(text, sizeof text, "%lld epochs, %lld steps, %.1f s", (long long)r->records,
	         (long long)(last ? last->step : 0), seconds);
	fact(p, "trained", text);
	snprintf(text, sizeof text, "epoch %lld", (long long)r->best_epoch);
	fact(p, "best", r->best_epoch ? text : NULL);
	fact(p, "weights", r->weights ? r->weights : "none: the training saved nothing good");
	fact(p, "processor", m->march);
	snprintf(text, sizeof text, "nncc %s, %s", m->version, m->compiler);
	fact(p, "compiled by", text);
	fact(p, "architecture", m->architecture_hash);
	nn_text_add(&p->text, "</dl>\n");
	nn_page_end(p);
}

static void write_log(const nn_report *r, nn_page *p)
{
	nn_text *t = &p->text;
	nn_text_add(t,
	            "<details>\n<summary>All numbers of the curves</summary>\n<div class=\"wide\">"
	            "<table><thead><tr><th scope=\"col\">epoch<th scope=\"col\">step"
	            "<th scope=\"col\">loss<th scope=\"col\">accuracy<th scope=\"col\">validation "
	            "loss<th scope=\"col\">validation accuracy<th scope=\"col\">learning rate"
	            "<th scope=\"col\">seconds</tr></thead>\n<tbody>\n");
	for (int64_t i = 0; i < r->records; i++) {
		const nn_record *x = &r->record[i];
		const double value[] = {x->loss,         x->accuracy, x->val_loss,
		                        x->val_accuracy, x->lr,       x->seconds};
		nn_text_add(t, "<tr%s><th scope=\"row\">%lld<td>%lld",
		            x->epoch == r->best_epoch ? " class=\"best\"" : "", (long long)x->epoch,
		            (long long)x->step);
		for (int k = 0; k < 6; k++)
			nn_text_add(t, isfinite(value[k]) ? "<td>%.5g" : "<td>", value[k]);
		nn_text_add(t, "</tr>\n");
		nn_page_flush(p);
	}
	nn_text_add(t, "</tbody></table></div>\n</details>\n");
}

static void write_curves(nn_report *r, nn_page *p)
{
	size_t n = (size_t)r->records;
	nn_page_section(p, "curves", "Curves");
	double *y = nn_alloc(5 * n + 1, sizeof *y, "curves", p->error);
	if (!n || !y) {
		nn_text_add(&p->text, "<p>There is no log of this run.</p>\n");
		free(y);
		nn_page_end(p);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const nn_record *x = &r->record[i];
		const double value[5] = {x->loss, x->val_loss, x->accuracy, x->val_accuracy, x->lr};
		for (size_t k = 0; k < 5; k++)
			y[k * n + i] = value[k];
	}
	nn_curve loss[] = {{"training", "train", y}, {"validation", "val", y + n}};
	nn_curve accuracy[] = {{"training", "train", y + 2 * n}, {"validation", "val", y + 3 * n}};
	nn_curve rate = {"learning rate", "rate", y + 4 * n};
	int both = r->part[1]->count ? 2 : 1;
	nn_text_add(&p->text, "<p>Training numbers are means over the epoch, with augmentation and "
	                      "dropout; validation numbers are of its end.</p>\n<div class=\"two\">"
	                      "<div><h3>Loss</h3>\n");
	nn_chart_curves(p, "Loss by epoch", loss, both, r->records, r->best_epoch, false);
	if (r->facts.classes) {
		nn_text_add(&p->text, "</div><div><h3>Accuracy</h3>\n");
		nn_chart_curves(p, "Accuracy by epoch", accuracy, both, r->records, r->best_epoch,
		                true);
	}
	nn_text_add(&p->text, "</div><div><h3>Learning rate</h3>\n");
	nn_chart_curves(p, "Learning rate by epoch", &rate, 1, r->records, r->best_epoch, false);
	nn_text_add(&p->text, "</div></div>\n");
	free(y);
	write_log(r, p);
	nn_page_end(p);
}

/* One line of trials.csv as a row; its cells may stand between double quotes. */
static const char *write_row(nn_page *p, const char *line, bool head)
{
	nn_text *t = &p->text;
	nn_text_add(t, head ? "<thead><tr>" : "<tr>");
	for (bool more = true; more;) {
		char cell[256];
		size_t len = 0;
		bool quoted = *line == '"';
		for (line += quoted; *line && *line != '\n' && (quoted || *line != ','); line++) {
			if (quoted && *line == '"') {
				line++;
				quoted = *line == '"';
			}
			if (!quoted && (*line == ',' || *line == '\n' || !*line))
				break;
			if (len + 1 < sizeof cell && *line != '\r')
				cell[len++] = *line;
		}
		cell[len] = 0;
		nn_text_add(t, head ? "<th scope=\"col\">" : "<td>");
		nn_text_html(t, cell);
		more = *line == ',';
		line += more;
	}
	nn_text_add(t, head ? "</tr></thead>\n<tbody>\n" : "</tr>\n");
	nn_page_flush(p);
	return line + (*line == '\n');
}

static void write_trials(const nn_report *r, nn_page *p)
{
	char path[NN_PATH_MAX], *text;
	size_t count;
	if (!nn_join(path, r->session->out, "trials.csv", p->error) || !nn_exists(path) ||
	    !nn_read_file(path, CONFIG_MOST, &text, &count, p->error))
		return;
	nn_page_section(p, "tuning", "Tuning");
	nn_text_add(&p->text, "<p>The trials of the verb tune, in their order.</p>\n"
	                      "<div class=\"wide\"><table>");
	const char *line = write_row(p, text, true);
	int rows = 0;
	for (; *line && rows < CELLS; rows++)
		line = write_row(p, line, false);
	nn_text_add(&p->text, "</tbody></table></div>\n");
	if (*line)
		nn_text_add(&p->text, "<p>These are the first %d; the rest is in trials.csv.</p>\n",
		            rows);
	free(text);
	nn_page_end(p);
}

static void write_config(const nn_report *r, nn_page *p)
{
	const char *config = r->session->model->config;
	if (!config)
		return;
	nn_page_section(p, "config", "The network as it was compiled");
	nn_text_add(&p->text, "<details>\n<summary>config.xml</summary>\n<pre><code>");
	nn_text_html(&p->text, config);
	nn_text_add(&p->text, "</code></pre>\n</details>\n");
	nn_page_end(p);
}

static void write_head(const nn_report *r, nn_page *p)
{
	nn_text *t = &p->text;
	nn_text_add(t, "<a class=\"skip\" href=\"#verdict\">to the verdict</a>\n<header>\n<h1>");
	nn_text_html(t, r->session->model->name);
	nn_text_add(t,
	            "</h1>\n<p>Report of a training</p>\n<nav aria-label=\"parts of the report\">"
	            "<a href=\"#verdict\">Verdict</a> <a href=\"#curves\">Curves</a> ");
	if (r->exam[1].count || r->exam[0].count) {
		if (r->facts.classes)
			nn_text_add(t, "<a href=\"#confusion\">Confusion</a> ");
		if (r->exam[0].score.confusion || r->exam[1].score.confusion)
			nn_text_add(t, "<a href=\"#classes\">Classes</a> ");
		nn_text_add(t, "<a href=\"#worst\">Pictures</a> <a href=\"#inside\">Inside</a> ");
	}
	nn_text_add(t, "<a href=\"#facts\">The run</a></nav>\n</header>\n<main>\n");
}

bool nn_report_write(nn_report *r, const char *path, nn_error *e)
{
	nn_page p;
	char title[300];
	snprintf(title, sizeof title, "%.200s: %s", r->session->model->name, r->diagnosis.name);
	if (!nn_page_open(&p, path, title, e))
		return false;
	write_head(r, &p);
	write_verdict(r, &p);
	write_curves(r, &p);
	write_trials(r, &p);
	if (r->exam[1].count || r->exam[0].count) {
		if (r->facts.classes)
			nn_report_guesses(r, &p);
		nn_report_worst(r, &p);
		nn_report_inside(r, &p);
	}
	write_facts(r, &p);
	write_config(r, &p);
	nn_text_add(&p.text, "</main>\n");
	return nn_page_close(&p);
}
