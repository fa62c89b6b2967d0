/* report_inside.c: the part of a report that looks into the network: what its answers rest on, the
 * filters of its first layer, its weights and gradients, what it computes.
 *
 * What an answer rests on is found by covering: a square of the image, moved over it step by step,
 * is replaced by the image's mean, and the network is asked again. Where the probability of its
 * answer falls, something mattered (Zeiler and Fergus 2014). That needs nothing but the evaluation,
 * so it works for every network. Gradients come from one training step with a rate of 0. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "../net/tensor.h"

enum { EXAMPLES = 6, ROWS = 16, FILTERS = 64, BINS = 21, BEST = 5, SMALLEST = 8 };

/* What is known of a trained or frozen tensor. */
typedef struct weights {
	const nn_tensor *t; /* which                                       */
	double size, most;  /* root mean square, largest absolute value    */
	double gradient;    /* root mean square; NaN: none                 */
	int64_t bin[BINS];  /* how many values, from -most to most         */
} weights;

/* ---- what an answer rests on ---------------------------------------------------------------- */

typedef struct cover {
	nn_report *r;              /* whose network                                   */
	const nn_guess *g;         /* the answer                                      */
	int c, h, w;               /* shape of the input                              */
	float *image;              /* [c][h][w] as the network sees it                */
	float *batch;              /* [rows][c][h][w] copies with a square covered    */
	double *sum;               /* [h][w] what the probability lost                */
	double *times;             /* [h][w] how often it was covered                 */
	double *p;                 /* [classes] probabilities                         */
	int top[ROWS], left[ROWS]; /* the squares of the batch                        */
	int rows, live;            /* most, now                                       */
	int side;                  /* of the square                                   */
} cover;

static void ask(cover *x, const float *batch, int live)
{
	nn_report *r = x->r;
	nn_net *net = r->feed->net;
	nn_run run = nn_session_run(r->session, live);
	memset(net->arena + net->input->offset, 0, net->input->bytes);
	nn_tensor_put(net->program, net->input, net->arena, live, NN_F32, batch);
	nn_net_eval(net, &run);
	nn_scorer_read(r->scorer, live);
}

/* The probability of the answer in row i of the batch. */
static double chance_of(cover *x, int i)
{
	const nn_scorer *s = x->r->scorer;
	nn_probabilities(x->r->session->model, s->output + i * s->outputs, s->outputs, x->p);
	return x->p[x->g->answer];
}

static int inside(int v, int most)
{
	return v < 0 ? 0 : v > most ? most : v;
}

/* Runs the squares that have gathered and books what they cost. */
static void run_squares(cover *x, double before)
{
	if (!x->live)
		return;
	ask(x, x->batch, x->live);
	for (int n = 0; n < x->live; n++) {
		double lost = before - chance_of(x, n);
		for (int i = inside(x->top[n], x->h); i < inside(x->top[n] + x->side, x->h); i++)
			for (int j = inside(x->left[n], x->w);
			     j < inside(x->left[n] + x->side, x->w); j++) {
				x->sum[i * x->w + j] += lost;
				x->times[i * x->w + j]++;
			}
	}
	x->live = 0;
}

static void add_square(cover *x, int top, int left)
{
	int pixels = x->h * x->w;
	float *to = x->batch + (ptrdiff_t)x->live * x->c * pixels;
	memcpy(to, x->image, (size_t)(x->c * pixels) * sizeof *to);
	for (int c = 0; c < x->c; c++) {
		double mean = 0;
		for (int k = 0; k < pixels; k++)
			mean += (double)x->image[c * pixels + k] / pixels;
		for (int i = inside(top, x->h); i < inside(top + x->side, x->h); i++)
			for (int j = inside(left, x->w); j < inside(left + x->side, x->w); j++)
				to[c * pixels + i * x->w + j] = (float)mean;
	}
	x->top[x->live] = top;
	x->left[x->live++] = left;
}

static int square_step(const cover *x)
{
	return x->side < 6 ? 1 : x->side / 3;
}

/* Leaves in x->sum what each pixel is worth to the answer; returns the largest, of either sign. */
static double measure(cover *x, nn_error *e)
{
	nn_report *r = x->r;
	const nn_net *net = r->feed->net;
	if (!nn_feed_fill(r->feed, r->exam[r->exam[1].count > 0].items, &x->g->item, 1, e))
		return 0;
	nn_tensor_get(net->program, net->input, net->arena, 1, NN_F32, x->image);
	ask(x, x->image, 1);
	double before = chance_of(x, 0), most = 0;
	for (int k = 0; k < x->h * x->w; k++)
		x->sum[k] = x->times[k] = 0;
	int step = square_step(x), half = x->side / 2;
	for (int i = -half; i < x->h - half; i += step)
		for (int j = -half; j < x->w - half; j += step) {
			add_square(x, i, j);
			if (x->live == x->rows)
				run_squares(x, before);
		}
	run_squares(x, before);
	for (int k = 0; k < x->h * x->w; k++) {
		x->sum[k] /= fmax(x->times[k], 1);
		most = fmax(most, fabs(x->sum[k]));
	}
	return most;
}

static void write_answer(cover *x, nn_page *p)
{
	const nn_model *m = x->r->session->model;
	nn_text *t = &p->text;
	char number[16];
	ask(x, x->image, 1);
	chance_of(x, 0);
	nn_text_add(t, "<table class=\"answer\"><caption class=\"unseen\">The most probable classes"
	               "</caption><tbody>\n");
	for (int k = 0; k < BEST && k < m->classes; k++) {
		int best = 0;
		for (int i = 1; i < m->classes; i++)
			best = x->p[i] > x->p[best] ? i : best;
		nn_text_add(t, "<tr><th scope=\"row\">");
		nn_text_html(t, nn_class_name(m, best, number));
		nn_text_add(
		        t,
		        "<td class=\"share %s\" style=\"--s:%.1f%%\"><span>%.1f %%</span></tr>\n",
		        best == x->g->label ? "good" : "bad", 100 * x->p[best], 100 * x->p[best]);
		x->p[best] = -1;
	}
	nn_text_add(t, "</tbody></table>\n");
}

static void write_example(cover *x, nn_page *p)
{
	const nn_model *m = x->r->session->model;
	static nn_picture picture;
	nn_text *t = &p->text;
	char number[16];
	double most = measure(x, p->error);
	nn_text_add(t, "<article class=\"example\">\n<h4>");
	nn_text_html(t, nn_class_name(m, x->g->label, number));
	nn_text_add(t, x->g->label == x->g->answer ? ", recognised</h4>\n" : " taken for ");
	if (x->g->label != x->g->answer) {
		nn_text_html(t, nn_class_name(m, x->g->answer, number));
		nn_text_add(t, "</h4>\n");
	}
	nn_text_add(t, "<div class=\"pair\"><figure>");
	if (nn_report_picture(x->r, x->r->exam[x->r->exam[1].count > 0].items, x->g->item, &picture,
	                      p->error))
		nn_page_picture(p, &picture, picture.height > 40 ? 2 : 0, "the image");
	nn_text_add(t, "<figcaption>item %lld</figcaption></figure>\n<figure>",
	            (long long)x->g->item);
	for (int k = 0; k < x->h * x->w; k++)
		x->r->value[k] = (float)x->sum[k];
	nn_picture_signed(&picture, x->r->value, x->h, x->w, fmax(most, 0.01));
	nn_page_picture(p, &picture, picture.height > 40 ? 2 : 0, "what the answer rests on");
	nn_text_add(t, "<figcaption>up to %.1f points</figcaption></figure></div>\n",
	            100 * fmax(most, 0.01));
	write_answer(x, p);
	nn_text_add(t, "</article>\n");
	nn_page_flush(p);
}

/* The surest right answers of different classes, then the surest wrong ones. */
static int choose(const nn_exam *x, const nn_guess *list[EXAMPLES], int most)
{
	int n = 0, half = (most + 1) / 2;
	for (int64_t i = 0; i < x->count && n < half; i++) {
		const nn_guess *g = &x->guess[i];
		bool seen = g->label != g->answer;
		for (int k = 0; k < n; k++)
			seen = seen || list[k]->label == g->label;
		if (!seen)
			list[n++] = g;
	}
	for (int64_t i = 0; i < x->count && n < most; i++)
		if (x->guess[i].label != x->guess[i].answer)
			list[n++] = &x->guess[i];
	return n;
}

static void write_examples(nn_report *r, nn_page *p)
{
	const nn_model *m = r->session->model;
	const nn_exam *exam = &r->exam[r->exam[1].count > 0];
	const nn_guess *list[EXAMPLES];
	cover x = {.r = r, .c = m->input[0], .h = m->input[1], .w = m->input[2]};
	if (!m->classes || m->input_rank != 3 || x.h < SMALLEST || x.w < SMALLEST || !exam->finite)
		return;
	x.side = (x.h > x.w ? x.h : x.w) / 4;
	x.rows = m->batch < ROWS ? m->batch : ROWS;
	double squares = (double)x.h / square_step(&x) * x.w / square_step(&x);
	double can = r->flop * 0.2 / (m->flop_per_step / 3 / m->batch) / squares;
	int examples =
	        choose(exam, list, r->flop > 0 && can < (double)EXAMPLES ? 1 + (int)can : EXAMPLES);
	size_t pixels = (size_t)x.h * (size_t)x.w, values = pixels * (size_t)x.c;
	x.image = nn_alloc(values, sizeof *x.image, "an image", p->error);
	x.batch = nn_alloc(values * (size_t)x.rows, sizeof *x.batch, "images", p->error);
	x.sum = nn_alloc(pixels, sizeof *x.sum, "an image", p->error);
	x.times = nn_alloc(pixels, sizeof *x.times, "an image", p->error);
	x.p = nn_alloc((size_t)(m->classes > 2 ? m->classes : 2), sizeof *x.p, "classes", p->error);
	nn_text_add(
	        &p->text,
	        "<h3>What answers rest on</h3>\n<p>A square of %d pixels is covered with the "
	        "image's mean, everywhere in turn. The map shows what that does to the probability "
	        "of the answer.</p>\n<p class=\"legend\"><span><i class=\"swatch needs\"></i> it "
	        "falls: the answer rests on this</span> <span><i class=\"swatch hurts\"></i> it "
	        "rises: this speaks against it</span> <span><i class=\"swatch white\"></i> nothing "
	        "changes</span></p>\n<div class=\"examples\">\n",
	        x.side);
	for (int i = 0; i < examples && !p->error->code; i++) {
		x.g = list[i];
		write_example(&x, p);
	}
	nn_text_add(&p->text, "</div>\n");
	free(x.image);
	free(x.batch);
	free(x.sum);
	free(x.times);
	free(x.p);
}

/* ---- filters -------------------------------------------------------------------------------- */

/* The first weights that look at the input: [filters][channels][h][w] or [units][values]. */
static const nn_tensor *first_layer(const nn_net *net, int shape[3])
{
	const nn_model *m = net->model;
	int64_t values = (int64_t)m->input[0] * m->input[1] * m->input[2];
	for (int i = 0; i < net->program->tensors; i++) {
		const nn_tensor *t = &net->program->tensor[i];
		if ((t->kind != NN_PARAM && t->kind != NN_FROZEN) || t->rank < 2)
			continue;
		int side = (int)(sqrt((double)values) + 0.5);
		bool square = m->input_rank == 1 && (int64_t)side * side == values;
		for (int d = 0; d < 3; d++)
			shape[d] = t->rank == 4              ? (int)t->dim[d + 1]
			           : m->input_rank == 1 && d ? side
			                                     : m->input[d];
		if (m->input_rank == 1)
			shape[0] = 1;
		bool conv = t->rank == 4 && t->dim[1] == m->input[0] && t->dim[2] * t->dim[3] > 1;
		bool dense = t->rank == 2 && t->dim[1] == values && (square || m->input_rank == 3);
		return conv || dense ? t : NULL;
	}
	return NULL;
}

static void write_filters(nn_report *r, nn_page *p, float *value)
{
	static nn_picture picture;
	int shape[3];
	const nn_net *net = r->feed->net;
	const nn_tensor *t = first_layer(net, shape);
	if (!t || (shape[0] != 1 && shape[0] != 3) || !nn_page_pictures())
		return;
	int64_t each = (int64_t)shape[0] * shape[1] * shape[2];
	bool grey = shape[0] == 1;
	nn_tensor_get(net->program, t, net->arena, 0, NN_F32, value);
	nn_text_add(&p->text,
	            "<h3>Filters of the first layer, %s</h3>\n<p class=\"legend\">%s</p>\n"
	            "<div class=\"gallery filters\">\n",
	            t->name,
	            grey ? "<span><i class=\"swatch needs\"></i> positive weights</span> "
	                   "<span><i class=\"swatch hurts\"></i> negative</span> "
	                   "<span><i class=\"swatch white\"></i> zero</span>"
	                 : "weights for red, green and blue as colours, zero as grey");
	for (int64_t k = 0; k < t->dim[0] && k < FILTERS; k++) {
		float *w = value + k * each;
		float most = 1e-30F;
		char alt[32];
		for (int64_t i = 0; i < each; i++)
			most = fmaxf(most, fabsf(w[i]));
		for (int64_t i = 0; !grey && i < each; i++)
			w[i] = 0.5F + w[i] / (2 * most);
		if (grey)
			nn_picture_signed(&picture, w, shape[1], shape[2], (double)most);
		else
			nn_picture_values(&picture, w, shape[0], shape[1], shape[2]);
		snprintf(alt, sizeof alt, "filter %lld", (long long)k);
		nn_text_add(&p->text, "<figure>");
		nn_page_picture(p, &picture, 0, alt);
		nn_text_add(&p->text, "<figcaption>%lld</figcaption></figure>\n", (long long)k);
	}
	nn_text_add(&p->text, "</div>\n");
}

/* ---- weights and gradients ------------------------------------------------------------------ */

static double root_mean_square(const float *value, int64_t count)
{
	double sum = 0;
	for (int64_t i = 0; i < count; i++)
		sum += (double)value[i] * (double)value[i];
	return sqrt(sum / (double)count);
}

static void note_weights(weights *w, const float *value, int64_t count)
{
	w->size = root_mean_square(value, count);
	for (int64_t i = 0; i < count; i++)
		w->most = fmax(w->most, fabs((double)value[i]));
	for (int64_t i = 0; i < count; i++) {
		double at = ((double)value[i] / fmax(w->most, 1e-300) + 1) / 2 * (double)BINS;
		w->bin[at < (double)BINS ? (int)at : BINS - 1]++;
	}
}

/* One training step that changes no weight. */
static void step(nn_report *r, nn_page *p)
{
	const nn_part *part = r->part[0];
	int64_t batch = r->session->model->batch;
	nn_run run = nn_session_run(r->session, (int)(part->count < batch ? part->count : batch));
	uint32_t *index = nn_alloc((size_t)run.live, sizeof *index, "a batch", p->error);
	if (!index)
		return;
	memcpy(index, part->index, (size_t)run.live * sizeof *index);
	run.hyper[0] = 0;
	if (nn_feed_fill(r->feed, part->items, index, run.live, p->error))
		nn_net_step(r->feed->net, &run, NULL);
	free(index);
}

static void sparkline(nn_page *p, const weights *w)
{
	int64_t most = 1;
	for (int i = 0; i < BINS; i++)
		most = w->bin[i] > most ? w->bin[i] : most;
	nn_text_add(
	        &p->text,
	        "<td><svg class=\"spark\" viewBox=\"0 0 %d 24\" role=\"img\" aria-label=\"values "
	        "from %.2g to %.2g\">",
	        4 * BINS, -w->most, w->most);
	for (int i = 0; i < BINS; i++)
		nn_text_add(&p->text, "<path d=\"M%d 24v%.1f\"/>", 4 * i + 2,
		            -24 * sqrt((double)w->bin[i] / (double)most));
	nn_text_add(&p->text, "</svg>");
}

static void write_weights(nn_page *p, const weights *list, int count)
{
	nn_text *t = &p->text;
	double size = 1e-300, gradient = 1e-300;
	for (int i = 0; i < count; i++) {
		size = fmax(size, list[i].size);
		gradient = isfinite(list[i].gradient) ? fmax(gradient, list[i].gradient) : gradient;
	}
	nn_text_add(
	        t,
	        "<h3>Weights and gradients, layer by layer</h3>\n<p>Sizes are root mean squares; "
	        "the gradient is that of one training batch. A gradient of 0 teaches nothing; one "
	        "that is far smaller in the first layers than in the last has vanished on its way "
	        "back.</p>\n<p class=\"legend\"><span><i class=\"swatch train\"></i> size of the "
	        "weights</span> <span><i class=\"swatch val\"></i> size of the gradient</span> "
	        "both relative to the largest of their column</p>\n<div class=\"wide\"><table>"
	        "<thead><tr><th scope=\"col\">tensor<th scope=\"col\">shape<th scope=\"col\">"
	        "how its values are spread<th scope=\"col\">weights<th scope=\"col\">gradient"
	        "<th scope=\"col\">gradient : weights</tr></thead>\n<tbody>\n");
	for (int i = 0; i < count; i++) {
		const weights *w = &list[i];
		nn_text_add(t, "<tr><th scope=\"row\">");
		nn_text_html(t, w->t->name);
		nn_text_add(t, "<td>");
		for (int d = 0; d < w->t->rank; d++)
			nn_text_add(t, d ? " × %lld" : "%lld", (long long)w->t->dim[d]);
		sparkline(p, w);
		nn_text_add(t, "<td class=\"share train\" style=\"--s:%.1f%%\"><span>%.3g</span>",
		            100 * w->size / size, w->size);
		if (isnan(w->gradient))
			nn_text_add(t, "<td>frozen<td></tr>\n");
		else
			nn_text_add(t,
			            "<td class=\"share val\" style=\"--s:%.1f%%\"><span>%.3g</span>"
			            "<td>%.2g</tr>\n",
			            100 * w->gradient / gradient, w->gradient,
			            w->gradient / fmax(w->size, 1e-300));
		nn_page_flush(p);
	}
	nn_text_add(t, "</tbody></table></div>\n");
}

static int64_t largest(const nn_program *p)
{
	int64_t most = 1;
	for (int i = 0; i < p->tensors; i++)
		if (p->tensor[i].kind <= NN_FROZEN) {
			int64_t count = nn_tensor_count(&p->tensor[i], 0);
			most = count > most ? count : most;
		}
	return most;
}

static int note_all(nn_report *r, nn_page *p, weights *list, float *value)
{
	const nn_net *net = r->feed->net;
	int count = 0;
	for (int i = 0; i < net->program->tensors; i++) {
		const nn_tensor *t = &net->program->tensor[i];
		if (t->kind > NN_FROZEN)
			continue;
		nn_tensor_get(net->program, t, net->arena, 0, NN_F32, value);
		list[count] = (weights){.t = t, .gradient = NAN};
		note_weights(&list[count++], value, nn_tensor_count(t, 0));
	}
	step(r, p);
	for (int i = 0; i < net->program->tensors; i++) {
		const nn_tensor *t = &net->program->tensor[i];
		for (int k = 0; t->kind == NN_GRAD && k < count; k++)
			if (!strcmp(list[k].t->name, t->of)) {
				nn_tensor_get(net->program, t, net->arena, 0, NN_F32, value);
				list[k].gradient = root_mean_square(value, nn_tensor_count(t, 0));
			}
	}
	return count;
}

static void write_kernels(const nn_report *r, nn_page *p)
{
	const nn_program *program = r->feed->net->program;
	nn_text *t = &p->text;
	nn_text_add(
	        t,
	        "<details>\n<summary>What it computes: %d kernels</summary>\n<div class=\"wide\">"
	        "<table><thead><tr><th scope=\"col\">kernel<th scope=\"col\">layers"
	        "<th scope=\"col\">formula<th scope=\"col\">Mflop</tr></thead>\n<tbody>\n",
	        program->kernels);
	for (int i = 0; i < program->kernels; i++) {
		const nn_kernel *k = &program->kernel[i];
		nn_text_add(t, "<tr><th scope=\"row\">%s<td>", k->name);
		nn_text_html(t, k->layer);
		nn_text_add(t, "<td class=\"formula\">");
		nn_text_html(t, k->formula);
		nn_text_add(t, "<td>%.3g</tr>\n", k->flop / 1e6);
		nn_page_flush(p);
	}
	nn_text_add(t, "</tbody></table></div>\n</details>\n");
}

void nn_report_inside(nn_report *r, nn_page *p)
{
	const nn_program *program = r->feed->net->program;
	nn_page_section(p, "inside", "Inside the network");
	write_examples(r, p);
	float *value = nn_alloc((size_t)largest(program), sizeof *value, "weights", p->error);
	weights *list = nn_alloc((size_t)program->tensors, sizeof *list, "weights", p->error);
	if (value && list) {
		write_filters(r, p, value);
		write_weights(p, list, note_all(r, p, list, value));
	}
	free(value);
	free(list);
	write_kernels(r, p);
	nn_page_end(p);
}
