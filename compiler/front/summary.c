/* summary.c: what a network is made of, for --summary.
 *
 * A table with a line for each layer: shape of the output, parameters, multiply-accumulates of one
 * image, memory of the output in float, window, stride, zero padding, and the receptive field (how
 * many input pixels an output value sees; each window adds (k-1) times the product of the strides
 * before it). Then, for layers that have both a window and weights, what sharing weights saves: a
 * neuron that sees a whole 200x200 colour image needs 120,000 weights, a 5x5 filter on one channel
 * 25. With --json the same as one object. */
#include <string.h>

#include "front.h"

typedef struct Field {  /* of view: how an output value looks at the input             */
	double size[2]; /* pixels, height and width                                    */
	double step[2]; /* input pixels between neighbouring outputs                   */
	bool all;       /* every input value                                           */
} Field;

typedef struct Line { /* of the table                                                */
	const Layer *layer;
	int64_t params, macs; /* of the layer, an image                                      */
	Field field;
	double window[8]; /* kh kw sh sw dh dw pt pl; kh 0: none                         */
	int64_t filter;   /* weights of one output channel; 0: none                      */
} Line;

/* From the end: an input is mostly the layer before. */
static const Field *field_of(const Line *line, int n, const Layer *l)
{
	while (n-- > 0)
		if (line[n].layer == l)
			return &line[n].field;
	return NULL;
}

/* The widest view of all inputs, then the layer's own window on top of it. */
static Field look(const Line *line, int n, const Layer *l, const double *window)
{
	Field f = {{1, 1}, {1, 1}, false};
	for (int i = 0; i < l->nin; i++) {
		const Field *in = l->in[i] ? field_of(line, n, l->in[i]) : NULL;
		if (!in)
			continue;
		f.all |= in->all;
		for (int d = 0; d < 2; d++) {
			f.size[d] = in->size[d] > f.size[d] ? in->size[d] : f.size[d];
			f.step[d] = in->step[d] > f.step[d] ? in->step[d] : f.step[d];
		}
	}
	f.all |= l->row->shape && l->shape.rank == 1;
	for (int d = 0; d < 2 && window[0] > 0; d++) {
		f.size[d] += (window[d] - 1) * window[4 + d] * f.step[d];
		f.step[d] *= window[2 + d];
	}
	return f;
}

static Line measure(const Line *before, int n, const Layer *l)
{
	Line line = {.layer = l};
	const char **w;
	LayerParam p[MAX_PARAMS];
	double macs = 0;
	int np = layer_params(l, p);
	if (l->row->window && split(l->row->window, " ", &w) == 8)
		for (int i = 0; i < 8; i++)
			arithmetic(w[i], l->var, l->nvar, true, &line.window[i]);
	if (l->row->macs)
		arithmetic(l->row->macs, l->var, l->nvar, true, &macs);
	for (int i = 0; i < np; i++)
		if (!p[i].absent && !p[i].running)
			line.params += p[i].count;
	line.macs = (int64_t)macs;
	line.field = look(before, n, l, line.window);
	if (line.window[0] > 0 && np && p[0].rank == 4)
		line.filter = p[0].count / p[0].dim[0];
	return line;
}

/* 1234567 as "1,234,567". */
static char *grouped(int64_t n)
{
	char *digits = format("%lld", (long long)n), *text = format("%s", "");
	size_t len = strlen(digits);
	for (size_t i = 0; i < len; i++)
		text = format("%s%s%c", text, i && (len - i) % 3 == 0 ? "," : "", digits[i]);
	return text;
}

static char *bytes_text(int64_t n)
{
	if (n < 10240)
		return format("%lld B", (long long)n);
	return n < 10485760 ? format("%.1f KiB", (double)n / 1024)
	                    : format("%.1f MiB", (double)n / 1048576);
}

static const char *pair(double a, double b, const char *between)
{
	return a == b && strcmp(between, "x") ? format("%g", a) : format("%g%s%g", a, between, b);
}

static const char *padding_text(const Layer *l)
{
	double p[4] = {0};
	bool given =
	        find_var(l->var, l->nvar, "pt", &p[0]) && find_var(l->var, l->nvar, "pb", &p[1]) &&
	        find_var(l->var, l->nvar, "pl", &p[2]) && find_var(l->var, l->nvar, "pr", &p[3]);
	if (!given)
		return "";
	return p[0] == p[1] && p[2] == p[3] ? pair(p[0], p[2], ",")
	                                    : format("%g,%g,%g,%g", p[0], p[1], p[2], p[3]);
}

/* A shape as 6x28x28. */
static const char *size_text(Shape s)
{
	return s.rank == 3 && !s.flat ? format("%dx%dx%d", s.dim[0], s.dim[1], s.dim[2])
	                              : format("%lld", (long long)count_of(s));
}

static void print_row(const Line *line, int width, FILE *out)
{
	const Layer *l = line->layer;
	const double *w = line->window;
	fprintf(out, "%-*s %-15s %-12s %13s %15s %10s  %-6s %-6s %-8s %s\n", width, l->name,
	        l->row->name, size_text(l->shape), grouped(line->params), grouped(line->macs),
	        bytes_text(count_of(l->shape) * 4), *w > 0 ? pair(w[0], w[1], "x") : "",
	        *w > 0 ? pair(w[2], w[3], ",") : "", padding_text(l),
	        line->field.all ? "all" : pair(line->field.size[0], line->field.size[1], "x"));
}

/* Columns that the longest name needs. */
static int name_width(const Line *line, int n)
{
	int width = 12;
	for (int i = 0; i < n; i++) {
		int len = (int)strlen(line[i].layer->name);
		width = len > width ? len : width;
	}
	return width;
}

/* What sharing weights saves. */
static void print_sharing(const Line *line, int n, int width, FILE *out)
{
	bool head = false;
	for (int i = 0; i < n; i++) {
		double values = 0, outputs = 0;
		if (!line[i].filter)
			continue;
		if (!head)
			fprintf(out,
			        "\nWeights for one output value, and parameters of the layer, if it"
			        " were fully connected:\n%-*s %12s %17s %14s %26s\n",
			        width, "layer", "filter", "fully connected", "parameters",
			        "fully connected");
		head = true;
		find_var(line[i].layer->var, line[i].layer->nvar, "F", &values);
		find_var(line[i].layer->var, line[i].layer->nvar, "OF", &outputs);
		fprintf(out, "%-*s %12s %17s %14s %26s\n", width, line[i].layer->name,
		        grouped(line[i].filter), grouped((int64_t)values), grouped(line[i].params),
		        grouped((int64_t)(values * outputs + outputs)));
	}
}

static void print_table(const Model *m, const Line *line, int n, FILE *out)
{
	int64_t params = 0, macs = 0, values = count_of(m->input);
	int width = name_width(line, n);
	fprintf(out, "%s: input %s, batch %d\n\n", m->name, size_text(m->input), m->batch);
	fprintf(out, "%-*s %-15s %-12s %13s %15s %10s  %-6s %-6s %-8s %s\n", width, "layer", "kind",
	        "output", "parameters", "MACs", "memory", "window", "stride", "padding", "sees");
	for (int i = 0; i < n; i++) {
		print_row(&line[i], width, out);
		params += line[i].params;
		macs += line[i].macs;
		values += line[i].layer->row->view ? 0 : count_of(line[i].layer->shape);
	}
	fprintf(out, "%-*s %-15s %-12s %13s %15s %10s\n", width, "total", "", "", grouped(params),
	        grouped(macs), bytes_text(values * 4));
	fprintf(out,
	        "\nParameters: %s. Outputs of a batch: %s. MACs of one image, forward; a training"
	        " step takes about three times as many for each image.\n",
	        bytes_text(params * 4), bytes_text(values * 4 * m->batch));
	print_sharing(line, n, width, out);
}

static void print_json(const Model *m, const Line *line, int n, FILE *out)
{
	int64_t params = 0, macs = 0;
	fputs("{\"name\": ", out);
	put_json(out, m->name);
	fprintf(out, ", \"batch\": %d, \"layers\": [", m->batch);
	for (int i = 0; i < n; i++) {
		const Layer *l = line[i].layer;
		const Line *k = &line[i];
		double values = 0, outputs = 0;
		find_var(l->var, l->nvar, "F", &values);
		find_var(l->var, l->nvar, "OF", &outputs);
		fprintf(out, "%s\n  {\"name\": ", i ? "," : "");
		put_json(out, l->name);
		fprintf(out,
		        ", \"kind\": \"%s\", \"output\": %s, \"parameters\": %lld, \"macs\": %lld,"
		        " \"bytes\": %lld",
		        l->row->name, shape_text(l->shape), (long long)k->params,
		        (long long)k->macs, (long long)count_of(l->shape) * 4);
		if (k->window[0] > 0)
			fprintf(out, ", \"window\": [%g,%g], \"stride\": [%g,%g]", k->window[0],
			        k->window[1], k->window[2], k->window[3]);
		if (*padding_text(l))
			fprintf(out, ", \"padding\": \"%s\"", padding_text(l));
		if (!k->field.all)
			fprintf(out, ", \"receptive_field\": [%.0f,%.0f]", k->field.size[0],
			        k->field.size[1]);
		if (k->filter)
			fprintf(out,
			        ", \"weights_per_filter\": %lld, \"weights_per_neuron_if_dense\": "
			        "%.0f,"
			        " \"parameters_if_dense\": %.0f",
			        (long long)k->filter, values, values * outputs + outputs);
		fputs("}", out);
		params += k->params;
		macs += k->macs;
	}
	fprintf(out, "\n], \"parameters\": %lld, \"macs\": %lld}\n", (long long)params,
	        (long long)macs);
}

void summary(const Model *m, bool json, FILE *out)
{
	Line *line = NULL;
	int n = 0;
	for (const Layer *l = m->layers; l; l = l->next) {
		line = grow(line, n, sizeof *line);
		line[n] = measure(line, n, l);
		n++;
	}
	if (json)
		print_json(m, line, n, out);
	else
		print_table(m, line, n, out);
}
