/* verb_info.c: what a trainer is (info), and its weights in another form (export). */
#include <stdio.h>

#include "../kernel/cpu.h"
#include "../file/io.h"
#include "../net/npz.h"
#include "../run/session.h"

/* Names of processor features, where there are any. */
static void print_features(const char *what, uint64_t set)
{
	nn_text t = {0};
	nn_cpu_list(&t, set, " ");
	if (set && !t.failed)
		printf("%s %s\n", what, t.at);
	nn_text_free(&t);
}

static void add_features(nn_text *t, const char *key, uint64_t set)
{
	nn_text_add(t, ",\"%s\":[%s", key, set ? "\"" : "");
	nn_cpu_list(t, set, "\",\"");
	nn_text_add(t, "%s]", set ? "\"" : "");
}

static void print_text(const nn_model *m)
{
	char shape[64];
	nn_shape_text(m, shape);
	printf("%s, compiled by nncc %s with %s for %s (%s)\n", m->name, m->version, m->compiler,
	       m->march, m->options);
	print_features("uses", m->features);
	print_features("this processor lacks", m->features & ~nn_cpu_here());
	printf("input %s, classes %d, batch %d, optimizer %s, loss %s, schedule %s\n", shape,
	       m->classes, m->batch, m->optimizer, m->loss, m->schedule ? m->schedule : "constant");
	printf("%lld parameters, %.1f MiB arena, %.3f Gflop a training step\n",
	       (long long)m->parameters, (double)m->fast->arena_bytes / 1048576,
	       m->flop_per_step / 1e9);
	printf("architecture %s\n", m->architecture_hash);
	for (int i = 0; i < m->params; i++) {
		const nn_param_def *p = &m->param[i];
		printf("param %s = %s%s%s%s\n", p->name, p->value,
		       p->fixed_by ? " (fixed: compiled into " : "", p->fixed_by ? p->fixed_by : "",
		       p->fixed_by ? ")" : "");
	}
}

bool nn_verb_info(nn_session *s, nn_error *e)
{
	const nn_model *m = s->model;
	nn_text t = {0};
	if (!s->options->json) {
		print_text(m);
		return true;
	}
	nn_text_add(&t, "{\"name\":");
	nn_text_json(&t, m->name);
	nn_text_add(&t, ",\"architecture_hash\":");
	nn_text_json(&t, m->architecture_hash);
	nn_text_add(&t, ",\"parameters\":%lld,\"input\":[%d", (long long)m->parameters,
	            m->input[0]);
	for (int i = 1; i < m->input_rank; i++)
		nn_text_add(&t, ",%d", m->input[i]);
	nn_text_add(&t, "],\"classes\":%d,\"batch\":%d,\"march\":", m->classes, m->batch);
	nn_text_json(&t, m->march);
	add_features(&t, "features", m->features);
	add_features(&t, "lacking", m->features & ~nn_cpu_here());
	nn_text_add(&t, ",\"compiler\":");
	nn_text_json(&t, m->compiler);
	nn_text_add(&t, ",\"arena_bytes\":%zu,\"version\":", m->fast->arena_bytes);
	nn_text_json(&t, m->version);
	nn_text_add(&t, "}");
	if (t.failed)
		nn_fail(e, NN_EXIT_MEMORY, "not enough memory to print");
	else
		printf("%s\n", t.at);
	nn_text_free(&t);
	return !e->code;
}

bool nn_verb_export(nn_session *s, nn_error *e)
{
	const nn_options *o = s->options;
	nn_net net = {0};
	nn_normalize z = {0};
	nn_checkpoint c = {0};
	if (o->onnx || o->c)
		return nn_fail(e, NN_EXIT_USAGE,
		               "export --%s: not supported yet; --safetensors and --npz are",
		               o->onnx ? "onnx" : "c");
	if (!o->safetensors && !o->npz)
		return nn_fail(e, NN_EXIT_USAGE,
		               "export: --safetensors FILE or --npz FILE is missing");
	bool ok = nn_session_trained(s, &net, &z, e) &&
	          nn_checkpoint_open(&c, &net, &z, &s->meaning, NULL, 0, e) &&
	          (!o->safetensors || nn_save_weights(&c, o->safetensors, e)) &&
	          (!o->npz || nn_npz_write(&net, o->npz, e));
	nn_checkpoint_close(&c);
	nn_normalize_close(&z);
	nn_net_close(&net);
	return ok;
}
