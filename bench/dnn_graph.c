/* dnn_graph.c: the network that `nncc --emit-graph` prints, as layers with their wiring.
 *
 *     in    {"input": [1,28,28], "batch": 64, "layers": [{"name", "kind", "inputs", "shape",
 *           "numbers", "parameters"}, ...], "loss", "optimizer"}
 *     out   Net: layers in order, values with their shapes and number of users, parameters
 *
 * It also decides which activations another layer computes: those that alone read the result of a
 * convolution, a dense layer, a sum or a batch norm, and whose gradient follows from their own
 * result. Nothing here depends on oneDNN but the names of its types. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn.h"

static const cJSON *member(const cJSON *object, const char *name)
{
	const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
	if (!found)
		fail(EXIT_FAILURE, "the graph has no '%s'", name);
	return found;
}

double number(const Layer *l, const char *name)
{
	return member(l->numbers, name)->valuedouble;
}

int whole(const Layer *l, const char *name)
{
	return (int)number(l, name);
}

Param *param_of(Layer *l, const char *shortly)
{
	for (int i = 0; i < l->params; i++)
		if (!strcmp(l->param[i].shortly, shortly))
			return &l->param[i];
	return NULL;
}

/* [c,h,w] or [f], with the batch before it. */
static void read_shape(const Net *n, Value *v, const cJSON *shape)
{
	v->dim[v->rank++] = n->batch;
	for (const cJSON *d = shape->child; d; d = d->next)
		v->dim[v->rank++] = (dnnl_dim_t)d->valuedouble;
	if (v->rank != 2 && v->rank != 4)
		fail(EXIT_UNSUPPORTED, "a value of %d dimensions", v->rank);
}

static Layer *layer_named(const Net *n, const char *name)
{
	for (int i = 0; i < n->layers; i++)
		if (!strcmp(n->layer[i].name, name))
			return &n->layer[i];
	fail(EXIT_FAILURE, "the graph names a layer '%s' that does not come before", name);
}

static void read_param(Layer *l, const cJSON *entry, bool trainable)
{
	Param *p = &l->param[l->params++];
	dnnl_dims_t dim;
	int rank = 0;
	if (l->params > PARAMS)
		fail(EXIT_UNSUPPORTED, "%s has more than %d parameters", l->name, PARAMS);
	p->name = member(entry, "name")->valuestring;
	p->shortly = strrchr(p->name, '.') + 1;
	p->trained = trainable && strncmp(p->shortly, "running", 7) != 0;
	p->count = 1;
	p->shape = member(entry, "shape");
	for (const cJSON *d = p->shape->child; d; d = d->next) {
		dim[rank++] = (dnnl_dim_t)d->valuedouble;
		p->count *= (int64_t)d->valuedouble;
	}
	p->plain = md_plain(rank, dim);
}

static void read_layer(Net *n, const cJSON *row)
{
	Layer *l = &n->layer[n->layers];
	const cJSON *inputs = member(row, "inputs"), *trainable, *params;
	const char *kind = member(row, "kind")->valuestring;
	l->name = member(row, "name")->valuestring;
	l->numbers = member(row, "numbers");
	l->kind = kind_find(kind);
	if (!l->kind)
		fail(EXIT_UNSUPPORTED, "%s: the oneDNN program has no layer '%s'", l->name, kind);
	l->in = need((size_t)cJSON_GetArraySize(inputs) * sizeof(Value *));
	l->out = need(sizeof *l->out);
	read_shape(n, l->out, member(row, "shape"));
	trainable = cJSON_GetObjectItemCaseSensitive(row, "trainable");
	params = cJSON_GetObjectItemCaseSensitive(row, "parameters");
	for (const cJSON *p = params ? params->child : NULL; p; p = p->next) {
		read_param(l, p, cJSON_IsTrue(trainable));
		l->out->wanted = l->out->wanted || l->param[l->params - 1].trained;
	}
	for (const cJSON *i = inputs->child; i; i = i->next) {
		Layer *from = *i->valuestring ? layer_named(n, i->valuestring) : NULL;
		Value *v = from ? from->out : &n->input;
		if (!l->inputs)
			l->maker = from;
		l->in[l->inputs++] = v;
		l->out->wanted = l->out->wanted || v->wanted;
		v->users++;
	}
	n->layers++;
}

void graph_read(Net *n, const char *text)
{
	n->graph = cJSON_Parse(text);
	if (!n->graph)
		fail(EXIT_FAILURE, "the graph is not JSON; make it with nncc --emit-graph");
	const cJSON *layers = member(n->graph, "layers");
	n->name = member(n->graph, "name")->valuestring;
	n->batch = member(n->graph, "batch")->valueint;
	n->classes = member(n->graph, "classes")->valueint;
	n->target_input = !strcmp(member(member(n->graph, "loss"), "target")->valuestring, "input");
	n->layer = need((size_t)cJSON_GetArraySize(layers) * sizeof(Layer));
	read_shape(n, &n->input, member(n->graph, "input"));
	for (const cJSON *row = layers->child; row; row = row->next)
		read_layer(n, row);
	if (!n->layers)
		fail(EXIT_FAILURE, "the graph has no layers");
	for (int i = 0; i < n->layers; i++) {
		Layer *act = &n->layer[i], *l = act->maker;
		if (!l || l->out->users != 1 || l->post || l->fused || !can_follow(l, act))
			continue;
		l->post = act;
		act->fused = true;
	}
}
