/* onednn.c: the oneDNN peer: trains any network that nncc compiles, with the library's primitives.
 *
 *     onednn --graph G --weights W --batch B [--out O] [--steps K] [--conv auto|direct]
 *
 *     in    what `nncc --emit-graph` prints; weights and a batch as a trainer's `step` takes them
 *     out   after the first step a line {"loss": .., "ms_first": ..}; --out writes what `step` does
 *
 * Then it reads commands, one a line, and answers each with a line of JSON:
 *     run K        K steps: {"ms_median": .., "ms_min": .., "loss": ..}
 *     profile K    K steps, an operation at a time: [{"name": .., "does": .., "ms": ..}, ...]
 * A network that oneDNN's primitives cannot express ends it with status 3 and the reason. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn.h"
#include "../runtime/file/io.h"
#include "../runtime/file/safetensors.h"

enum { GRAPH_MOST = 1 << 28, LINE = 64 };

void fail(int status, const char *format, ...)
{
	va_list rest;
	va_start(rest, format);
	fputs("onednn: ", stderr);
	vfprintf(stderr, format, rest);
	va_end(rest);
	fputc('\n', stderr);
	exit(status);
}

/* ---- building -------------------------------------------------------------------------------- */

static void build(Net *n)
{
	n->does = "starting oneDNN";
	check(n, dnnl_engine_create(&n->engine, dnnl_cpu, 0));
	check(n, dnnl_stream_create(&n->stream, n->engine, dnnl_stream_default_flags));
	dnnl_memory_desc_t plain = md_plain_of(&n->input);
	n->input.mem = mem_new(n, &plain, true);
	for (int i = 0; i < n->layers; i++) {
		n->now = n->layer[i].name;
		n->layer[i].kind->forward(n, &n->layer[i]);
	}
	loss_add(n);
	for (int i = n->layers - 1; i >= 0; i--) {
		n->now = n->layer[i].name;
		if (n->layer[i].out->wanted && n->layer[i].out->parts)
			n->layer[i].kind->backward(n, &n->layer[i]);
	}
	update_add(n);
	step_place(n);
}

/* ---- files ----------------------------------------------------------------------------------- */

static nn_safetensors read_file(const char *path)
{
	nn_safetensors s;
	nn_error e = {0};
	if (!nn_safetensors_read(&s, path, NN_EXIT_DATA, &e))
		fail(e.code, "%s", e.text);
	return s;
}

static const char *data_of(nn_safetensors *s, const nn_st_tensor *t)
{
	nn_error e = {0};
	const char *data = nn_safetensors_data(s, t, &e);
	if (!data)
		fail(e.code, "%s", e.text);
	return data;
}

/* A tensor of the file as floats in new memory. */
static float *floats(nn_safetensors *s, const nn_st_tensor *t, int64_t count, const char *path)
{
	float *to = need((size_t)count * sizeof *to);
	if (t->count != count)
		fail(NN_EXIT_DATA, "%s: '%s' has %lld values, expected %lld", path, t->name,
		     (long long)t->count, (long long)count);
	if (t->dtype != NN_F32 && t->dtype != NN_F64)
		fail(NN_EXIT_DATA, "%s: '%s' is %s, expected F32 or F64", path, t->name,
		     t->dtype_name);
	const char *data = data_of(s, t);
	for (int64_t i = 0; i < count; i++) {
		double wide;
		if (t->dtype == NN_F32) {
			memcpy(&to[i], data + 4 * i, 4);
		} else {
			memcpy(&wide, data + 8 * i, 8);
			to[i] = (float)wide;
		}
	}
	return to;
}

static const nn_st_tensor *expect(const nn_safetensors *s, const char *name, const char *path)
{
	const nn_st_tensor *t = nn_safetensors_find(s, name);
	if (!t)
		fail(NN_EXIT_DATA, "%s: has no '%s'", path, name);
	return t;
}

static void load_weights(Net *n, const char *path)
{
	nn_safetensors s = read_file(path);
	for (Param *p = params_next(n, NULL); p; p = params_next(n, p)) {
		float *values = floats(&s, expect(&s, p->name, path), p->count, path);
		mem_put(n, p->mem, &p->plain, values);
		free(values);
	}
	nn_safetensors_free(&s);
}

static int64_t values_of(const dnnl_memory_desc_t *md)
{
	int64_t count = 1;
	for (int d = 0; d < md->ndims; d++)
		count *= md->dims[d];
	return count;
}

static void load_labels(Net *n, nn_safetensors *s, const nn_st_tensor *y, const char *path)
{
	if (y->dtype != NN_I64 || y->count != n->batch)
		fail(NN_EXIT_DATA, "%s: 'y' is not %d labels of type I64", path, n->batch);
	n->label = need((size_t)n->batch * sizeof *n->label);
	memcpy(n->label, data_of(s, y), (size_t)n->batch * sizeof *n->label);
	for (int i = 0; i < n->batch; i++)
		if (n->label[i] < 0 || n->label[i] >= n->classes)
			fail(NN_EXIT_DATA, "%s: a label outside of the %d classes", path,
			     n->classes);
}

static void load_batch(Net *n, const char *path)
{
	nn_safetensors s = read_file(path);
	const dnnl_memory_desc_t *x = &n->input.mem->md;
	float *values = floats(&s, expect(&s, "x", path), values_of(x), path);
	mem_put(n, n->input.mem, x, values);
	free(values);
	if (n->classes) {
		load_labels(n, &s, expect(&s, "y", path), path);
	} else if (!n->target_input) {
		const dnnl_memory_desc_t *y = &n->target->md;
		values = floats(&s, expect(&s, "y", path), values_of(y), path);
		mem_put(n, n->target, y, values);
		free(values);
	}
	nn_safetensors_free(&s);
}

/* What is written. */
typedef struct Out {
	Net *net;             /* of the tensors               */
	nn_st_tensor *tensor; /* names and shapes             */
	float **copy;         /* what each held then          */
	size_t rows, room;    /* how many                     */
} Out;

/* The shape is the file's; without one it is that of `plain`. */
static void add_row(Out *o, const char *name, const Mem *m, const dnnl_memory_desc_t *plain,
                    const cJSON *shape)
{
	if (o->rows == o->room) {
		o->room = 2 * o->room + 64;
		nn_st_tensor *tensors = realloc(o->tensor, o->room * sizeof *tensors);
		float **copies = realloc(o->copy, o->room * sizeof *copies);
		if (!tensors || !copies)
			fail(EXIT_FAILURE, "not enough memory for the result");
		o->tensor = tensors;
		o->copy = copies;
	}
	nn_st_tensor *t = &o->tensor[o->rows];
	*t = (nn_st_tensor){.name = name, .dtype = NN_F32, .count = values_of(plain)};
	for (const cJSON *d = shape ? shape->child : NULL; d; d = d->next)
		t->dim[t->rank++] = (int64_t)d->valuedouble;
	for (; !shape && t->rank < plain->ndims; t->rank++)
		t->dim[t->rank] = plain->dims[t->rank];
	float *copy = need((size_t)t->count * sizeof *copy);
	mem_get(o->net, m, plain, copy);
	o->copy[o->rows++] = copy;
}

static void add_first(Out *o)
{
	const Net *n = o->net;
	add_row(o, "loss", n->loss, &n->loss->md, NULL);
	add_row(o, "output", n->output, &n->output->md, NULL);
	for (const Param *p = params_next(n, NULL); p; p = params_next(n, p)) {
		if (!p->grad)
			continue;
		size_t room = strlen(p->name) + sizeof "grad.";
		char *name = need(room);
		snprintf(name, room, "grad.%s", p->name);
		add_row(o, name, p->grad, &p->plain, p->shape);
	}
}

static void pack(void *ctx, size_t i, int64_t first, int64_t count, char *bytes)
{
	const Out *o = ctx;
	memcpy(bytes, o->copy[i] + first, (size_t)count * sizeof(float));
}

static void write_file(Out *o, const char *path)
{
	nn_error e = {0};
	for (const Param *p = params_next(o->net, NULL); p; p = params_next(o->net, p))
		add_row(o, p->name, p->mem, &p->plain, p->shape);
	nn_st_writer w = {.tensor = o->tensor, .tensors = o->rows, .pack = pack, .ctx = o};
	if (!nn_safetensors_write(&w, path, NULL, &e))
		fail(e.code, "%s", e.text);
	nn_text_free(&w.header);
}

/* ---- commands -------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void time_steps(Net *n, long count)
{
	double *ms = need((size_t)count * sizeof *ms);
	for (long i = 0; i < count; i++) {
		double before = clock_ms();
		step_run(n);
		ms[i] = clock_ms() - before;
	}
	qsort(ms, (size_t)count, sizeof *ms, ascending);
	printf("{\"ms_median\": %.6g, \"ms_min\": %.6g, \"loss\": %.9g}\n",
	       (ms[count / 2] + ms[(count - 1) / 2]) / 2, ms[0], (double)*mem_at(n->loss));
	free(ms);
}

static void profile(Net *n, long count)
{
	for (long i = 0; i < count; i++)
		step_profile(n);
	for (int i = 0; i < n->ops; i++)
		printf("%s{\"name\": \"%s\", \"does\": \"%s\", \"ms\": %.6g}", i ? ", " : "[",
		       n->op[i].name, n->op[i].does, n->op[i].ms / (double)count);
	puts("]");
}

static void obey(Net *n)
{
	char line[LINE];
	while (fflush(stdout), fgets(line, sizeof line, stdin)) {
		bool run = !strncmp(line, "run ", 4), each = !strncmp(line, "profile ", 8);
		long count = run || each ? strtol(strchr(line, ' '), NULL, 10) : 0;
		if (count < 1)
			fail(EXIT_FAILURE, "expected 'run K' or 'profile K' with K from 1");
		if (run)
			time_steps(n, count);
		else
			profile(n, count);
	}
}

int main(int argc, char **argv)
{
	static const struct option known[] = {{"graph", required_argument, NULL, 'g'},
	                                      {"weights", required_argument, NULL, 'w'},
	                                      {"batch", required_argument, NULL, 'b'},
	                                      {"out", required_argument, NULL, 'o'},
	                                      {"steps", required_argument, NULL, 's'},
	                                      {"conv", required_argument, NULL, 'c'},
	                                      {NULL, 0, NULL, 0}};
	const char *given[128] = {['s'] = "1", ['c'] = "direct"};
	double start = clock_ms();
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (c == '?')
			return 2;
		given[c] = optarg;
	}
	if (!given['g'] || !given['w'] || !given['b'] || optind < argc)
		fail(2, "wanted: onednn --graph G --weights W --batch B [--out O] [--steps K] "
		        "[--conv auto|direct]");
	Net n = {.conv = strcmp(given['c'], "auto") ? dnnl_convolution_direct
	                                            : dnnl_convolution_auto};
	nn_error e = {0};
	char *text;
	size_t length;
	if (!nn_read_file(given['g'], GRAPH_MOST, &text, &length, &e))
		fail(e.code, "%s", e.text);
	graph_read(&n, text);
	build(&n);
	load_weights(&n, given['w']);
	load_batch(&n, given['b']);
	step_run(&n);
	printf("{\"loss\": %.9g, \"ms_first\": %.6g}\n", (double)*mem_at(n.loss),
	       clock_ms() - start);
	if (given['o']) {
		Out o = {.net = &n};
		add_first(&o);
		for (long i = 1; i < strtol(given['s'], NULL, 10); i++)
			step_run(&n);
		write_file(&o, given['o']);
	}
	obey(&n);
	return 0;
}
