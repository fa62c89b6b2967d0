/* graph.c: the expanded network as JSON, for --emit-graph.
 *
 * For programs that build the same network elsewhere (bench/ does so in PyTorch): every layer in
 * topological order with its kind, inputs by name ("" is the network's input), numbers, shape of
 * the output and parameters, then loss, optimizer and batch. Blocks, defaults, `same` padding and
 * expressions are resolved; an activation attribute is a layer of its own. */
#include <string.h>

#include "front.h"

static const char *const init_name[] = {
        "auto",         "he_normal",  "he_uniform", "glorot_normal", "glorot_uniform",
        "lecun_normal", "orthogonal", "torch",      "zeros",         "ones",
};

static void put_vars(FILE *out, const Var *var, int n)
{
	fputs("{", out);
	for (int i = 0; i < n; i++)
		fprintf(out, "%s\"%s\": %.17g", i ? ", " : "", var[i].name, var[i].value);
	fputs("}", out);
}

static void put_params(FILE *out, const Layer *l)
{
	LayerParam p[MAX_PARAMS];
	int n = layer_params(l, p);
	fputs("[", out);
	for (int i = 0, shown = 0; i < n; i++) {
		if (p[i].absent)
			continue;
		fputs(shown++ ? ", {\"name\": " : "{\"name\": ", out);
		put_json(out, format("%s.%s", l->name, p[i].name));
		fputs(", \"shape\": [", out);
		for (int d = 0; d < p[i].rank; d++)
			fprintf(out, "%s%lld", d ? "," : "", (long long)p[i].dim[d]);
		fputs("]}", out);
	}
	fputs("]", out);
}

static void put_layer(FILE *out, const Layer *l)
{
	fputs("    {\"name\": ", out);
	put_json(out, l->name);
	fprintf(out, ", \"kind\": \"%s\", \"line\": %d, \"inputs\": [", l->row->name, l->pos.line);
	for (int i = 0; i < l->nin; i++) {
		fputs(i ? ", " : "", out);
		put_json(out, l->in[i] ? l->in[i]->name : "");
	}
	fprintf(out, "], \"shape\": %s,\n     \"numbers\": ", shape_text(l->shape));
	put_vars(out, l->var, l->nvar);
	if (l->row->param) {
		fputs(",\n     \"parameters\": ", out);
		put_params(out, l);
		fprintf(out, ", \"init\": \"%s\", \"bias\": %s, \"trainable\": %s",
		        init_name[l->init], l->bias ? "true" : "false",
		        l->trainable ? "true" : "false");
	}
	fprintf(out, "}%s\n", l->next ? "," : "");
}

void graph(const Model *m, FILE *out)
{
	fputs("{\n  \"name\": ", out);
	put_json(out, m->name);
	fprintf(out,
	        ",\n  \"architecture_hash\": \"%s\",\n  \"input\": %s,\n  \"batch\": %d,\n"
	        "  \"classes\": %d,\n  \"layers\": [\n",
	        m->hash, shape_text(m->input), m->batch, m->classes);
	for (const Layer *l = m->layers; l; l = l->next)
		put_layer(out, l);
	fprintf(out, "  ],\n  \"loss\": {\"type\": \"%s\", \"target\": \"%s\", \"numbers\": ",
	        m->loss->name, m->target_input ? "input" : "label");
	put_vars(out, m->loss_var, m->nloss_var);
	fprintf(out, "},\n  \"optimizer\": {\"type\": \"%s\", \"numbers\": ", m->optimizer->name);
	put_vars(out, m->opt_var, m->nopt_var);
	fprintf(out, "},\n  \"schedule\": \"%s\"\n}\n", m->schedule);
}
