/* show.c: the dumps of the front end, -d x and -d a, and numbers for people.
 *
 * In: the tree, or the checked model. Out: one line an element or a layer:
 *
 *     -d x      3:1      input features="4"
 *               4:1      layers
 *               4:9        dense units="5"
 *     -d a      4:9   dense1  dense  from input  5  units=5 C=4 H=1 W=1 F=4
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

/* The user's text without control bytes, which could steer a terminal. */
static void print_text(const char *s, FILE *out)
{
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			fprintf(out, "\\x%02x", (unsigned)(unsigned char)*s);
		else
			fputc(*s, out);
}

static void show_elem(const Elem *e, int depth, FILE *out)
{
	fprintf(out, "%5d:%-4d%*s", e->pos.line, e->pos.col, 2 * depth, "");
	print_text(e->name, out);
	for (const Attr *a = e->attr; a; a = a->next) {
		fputc(' ', out);
		print_text(a->name, out);
		fputs("=\"", out);
		print_text(a->value, out);
		fputc('"', out);
	}
	fputc('\n', out);
	for (const Elem *c = e->child; c; c = c->next)
		show_elem(c, depth + 1, out);
}

void show_xml(const Elem *root, FILE *out)
{
	show_elem(root, 0, out);
}

static const char *shape_text(const Shape *s)
{
	if (s->rank == 1)
		return format("%d", s->dim[0]);
	return format("%dx%dx%d%s", s->dim[0], s->dim[1], s->dim[2], s->flat ? " flat" : "");
}

static void show_vars(const Var *var, int n, FILE *out)
{
	for (int i = 0; i < n; i++)
		fprintf(out, " %s=%.9g", var[i].name, var[i].value);
	fputc('\n', out);
}

static void show_layer(const Layer *l, FILE *out)
{
	fprintf(out, "%5d:%-4d%s  %s%s%s  from", l->pos.line, l->pos.col, l->name, l->row->name,
	        l->bias ? "" : "  no bias", l->trainable ? "" : "  frozen");
	for (int i = 0; i < l->nin; i++)
		fprintf(out, " %s", l->in[i] ? l->in[i]->name : "input");
	fprintf(out, "  %s ", shape_text(&l->shape));
	show_vars(l->var, l->nvar, out);
}

void show_model(const Model *m, FILE *out)
{
	fputs("network ", out);
	print_text(m->name, out);
	fprintf(out, "  input %s  batch %d\n", shape_text(&m->input), m->batch);
	for (const Layer *l = m->layers; l; l = l->next)
		show_layer(l, out);
	fprintf(out, "loss %s ", m->loss->name);
	show_vars(m->loss_var, m->nloss_var, out);
	fprintf(out, "optimizer %s ", m->optimizer->name);
	show_vars(m->opt_var, m->nopt_var, out);
	for (const Setting *s = m->settings; s; s = s->next) {
		fprintf(out, "setting %s.%s ", s->elem, s->name);
		print_text(s->value ? s->value : "-", out);
		fputc('\n', out);
	}
}

const char *show_count(int64_t n)
{
	if (n < 1000)
		return format("%lld", (long long)n);
	return format("%s,%03d", show_count(n / 1000), (int)(n % 1000));
}

const char *show_bytes(int64_t n)
{
	static const char *const unit[] = {"kB", "MB", "GB", "TB"};
	double x = (double)n / 1e3;
	int u = 0;
	for (; x >= 999.5 && u < 3; u++)
		x /= 1e3;
	return format(x < 9.995 ? "%.2f %s" : x < 99.95 ? "%.1f %s" : "%.0f %s", x, unit[u]);
}

void show_done(void)
{
	if (fflush(stdout) || ferror(stdout))
		fatal(1, "cannot write to standard output");
	exit(0);
}
