/* dnn_train.c: loss and optimizer, as loops in C that go over memory once.
 *
 *     in    the output in its plain layout, labels or targets; gradients in the weights' layout
 *     out   Net.loss and the output's gradient; new weights
 *
 * The formulas are those of compiler/rows/layers.c, which are PyTorch's. Padding that a blocked
 * layout adds stays zero: every rule leaves a weight of 0 with a gradient of 0 where it is. */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "dnn.h"

Param *params_next(const Net *n, const Param *p)
{
	bool found = !p;
	for (int i = 0; i < n->layers; i++)
		for (int k = 0; k < n->layer[i].params; k++) {
			if (found)
				return &n->layer[i].param[k];
			found = &n->layer[i].param[k] == p;
		}
	return NULL;
}

/* A number of the loss or of the optimizer. */
static float option(const Net *n, const char *of, const char *name)
{
	const cJSON *part = cJSON_GetObjectItemCaseSensitive(n->graph, of);
	const cJSON *numbers = cJSON_GetObjectItemCaseSensitive(part, "numbers");
	const cJSON *found = cJSON_GetObjectItemCaseSensitive(numbers, name);
	return found ? (float)found->valuedouble : 0;
}

static const char *type_of(const Net *n, const char *of)
{
	const cJSON *part = cJSON_GetObjectItemCaseSensitive(n->graph, of);
	return cJSON_GetObjectItemCaseSensitive(part, "type")->valuestring;
}

/* ---- loss ------------------------------------------------------------------------------------ */

/* One image: its loss, and the gradient of the mean of `batch` of them. */
typedef float Loss(const float *x, const float *t, float *dx, int64_t features, int64_t batch);

/* t holds the class number and the label smoothing. */
static float cross_entropy(const float *x, const float *t, float *dx, int64_t features,
                           int64_t batch)
{
	float most = x[0], sum = 0, loss = 0, spread = t[1] / (float)features;
	for (int64_t k = 1; k < features; k++)
		most = x[k] > most ? x[k] : most;
	for (int64_t k = 0; k < features; k++) {
		dx[k] = expf(x[k] - most);
		sum += dx[k];
	}
	for (int64_t k = 0; k < features; k++) {
		float q = spread + (k == (int64_t)t[0] ? 1 - t[1] : 0);
		loss += q * (logf(sum) + most - x[k]);
		dx[k] = (dx[k] / sum - q) / (float)batch;
	}
	return loss;
}

static float mse(const float *x, const float *t, float *dx, int64_t features, int64_t batch)
{
	float loss = 0, share = 2 / ((float)features * (float)batch);
	for (int64_t k = 0; k < features; k++) {
		float d = x[k] - t[k];
		loss += d * d;
		dx[k] = d * share;
	}
	return loss / (float)features;
}

static float mae(const float *x, const float *t, float *dx, int64_t features, int64_t batch)
{
	float loss = 0, share = 1 / ((float)features * (float)batch);
	for (int64_t k = 0; k < features; k++) {
		float d = x[k] - t[k];
		loss += fabsf(d);
		dx[k] = d > 0 ? share : d < 0 ? -share : 0;
	}
	return loss / (float)features;
}

static float huber(const float *x, const float *t, float *dx, int64_t features, int64_t batch)
{
	float loss = 0, share = 1 / ((float)features * (float)batch);
	for (int64_t k = 0; k < features; k++) {
		float d = x[k] - t[k];
		loss += fabsf(d) < 1 ? d * d / 2 : fabsf(d) - 0.5F;
		dx[k] = fminf(1, fmaxf(-1, d)) * share;
	}
	return loss / (float)features;
}

static float binary(const float *x, const float *t, float *dx, int64_t features, int64_t batch)
{
	float loss = 0, share = 1 / ((float)features * (float)batch);
	for (int64_t k = 0; k < features; k++) {
		float e = expf(-fabsf(x[k]));
		loss += fmaxf(0, x[k]) - x[k] * t[k] + log1pf(e);
		dx[k] = ((x[k] >= 0 ? 1 / (1 + e) : e / (1 + e)) - t[k]) * share;
	}
	return loss / (float)features;
}

static const struct {
	const char *name;
	Loss *loss;
} losses[] = {
        {"cross_entropy", cross_entropy}, {"mse", mse}, {"mae", mae}, {"huber", huber},
        {"binary_cross_entropy", binary},
};

/* mem: output, its gradient, targets (or the output again when there are labels) */
static void loss_run(const Net *n, const Op *o)
{
	Loss *const *loss = o->what;
	int64_t features = 1;
	float smoothing = option(n, "loss", "label_smoothing"), sum = 0;
	for (int d = 1; d < o->mem[0]->md.ndims; d++)
		features *= o->mem[0]->md.dims[d];
#pragma omp parallel for reduction(+ : sum)
	for (int64_t i = 0; i < n->batch; i++) {
		float of_class[] = {n->label ? (float)n->label[i] : 0, smoothing};
		const float *t = n->label ? of_class : mem_at(o->mem[2]) + i * features;
		sum += (*loss)(mem_at(o->mem[0]) + i * features, t,
		               mem_at(o->mem[1]) + i * features, features, n->batch);
	}
	*mem_at(o->mem[3]) = sum / (float)n->batch;
}

void loss_add(Net *n)
{
	Layer *last = &n->layer[n->layers - 1];
	dnnl_memory_desc_t plain = md_plain_of(last->out), one = md_plain(1, (dnnl_dims_t){1});
	n->now = "the loss";
	n->output = mem_as(n, last->out->mem, &plain);
	n->does = "loss";
	n->loss = mem_new(n, &one, true);
	if (!n->classes)
		n->target = n->target_input ? n->input.mem : mem_new(n, &plain, true);
	if (option(n, "loss", "class_weights") > 0)
		fail(EXIT_UNSUPPORTED, "class weights depend on the training data");
	for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
		if (strcmp(losses[i].name, type_of(n, "loss")) != 0)
			continue;
		Mem *dx = mem_new(n, &plain, false);
		Op *o = op_plain(n, loss_run, &losses[i].loss);
		op_arg(o, 0, n->output);
		op_arg(o, 1, dx);
		op_arg(o, 2, n->target ? n->target : n->output);
		op_arg(o, 3, n->loss);
		gradient_add(n, last->out, dx, true);
		return;
	}
	fail(EXIT_UNSUPPORTED, "the oneDNN program has no loss '%s'", type_of(n, "loss"));
}

/* ---- optimizer ------------------------------------------------------------------------------- */

typedef struct Numbers {
	float lr, momentum, nesterov, decay, weight_decay, l1, beta1, beta2, eps, clip;
	float fix1, fix2; /* 1 - beta^step                                             */
	float scale;      /* of the gradient, from clipping                            */
} Numbers;

/* `count` elements of a weight: w, its gradient, two states (or one, twice). */
typedef void Rule(const Numbers *o, int64_t count, float *restrict w, const float *restrict g,
                  float *const state[STATES]);

static float sign(float x)
{
	return (float)((x > 0) - (x < 0));
}

static float slope(const Numbers *o, float w, float g, float weight_decay)
{
	return o->scale * g + weight_decay * w + o->l1 * sign(w);
}

static void sgd(const Numbers *o, int64_t count, float *restrict w, const float *restrict g,
                float *const state[STATES])
{
	float *restrict s = state[0];
	for (int64_t i = 0; i < count; i++) {
		float d = slope(o, w[i], g[i], o->weight_decay);
		s[i] = o->momentum * s[i] + d;
		w[i] -= o->lr * (o->nesterov > 0 ? d + o->momentum * s[i] : s[i]);
	}
}

static void adam(const Numbers *o, int64_t count, float *restrict w, const float *restrict g,
                 float *const state[STATES])
{
	float *restrict s = state[0], *restrict r = state[1];
	for (int64_t i = 0; i < count; i++) {
		float d = slope(o, w[i], g[i], o->weight_decay);
		s[i] = o->beta1 * s[i] + (1 - o->beta1) * d;
		r[i] = o->beta2 * r[i] + (1 - o->beta2) * d * d;
		w[i] -= o->lr / o->fix1 * s[i] / (sqrtf(r[i] / o->fix2) + o->eps);
	}
}

static void adamw(const Numbers *o, int64_t count, float *restrict w, const float *restrict g,
                  float *const state[STATES])
{
	float *restrict s = state[0], *restrict r = state[1];
	for (int64_t i = 0; i < count; i++) {
		float d = slope(o, w[i], g[i], 0);
		s[i] = o->beta1 * s[i] + (1 - o->beta1) * d;
		r[i] = o->beta2 * r[i] + (1 - o->beta2) * d * d;
		w[i] = w[i] * (1 - o->lr * o->weight_decay) -
		       o->lr / o->fix1 * s[i] / (sqrtf(r[i] / o->fix2) + o->eps);
	}
}

static void rmsprop(const Numbers *o, int64_t count, float *restrict w, const float *restrict g,
                    float *const state[STATES])
{
	float *restrict s = state[0], *restrict r = state[1];
	for (int64_t i = 0; i < count; i++) {
		float d = slope(o, w[i], g[i], o->weight_decay);
		s[i] = o->decay * s[i] + (1 - o->decay) * d * d;
		r[i] = o->momentum * r[i] + d / (sqrtf(s[i]) + o->eps);
		w[i] -= o->lr * r[i];
	}
}

static void adagrad(const Numbers *o, int64_t count, float *restrict w, const float *restrict g,
                    float *const state[STATES])
{
	float *restrict s = state[0];
	for (int64_t i = 0; i < count; i++) {
		float d = slope(o, w[i], g[i], o->weight_decay);
		s[i] += d * d;
		w[i] -= o->lr * d / (sqrtf(s[i]) + o->eps);
	}
}

static void lion(const Numbers *o, int64_t count, float *restrict w, const float *restrict g,
                 float *const state[STATES])
{
	float *restrict s = state[0];
	for (int64_t i = 0; i < count; i++) {
		float d = slope(o, w[i], g[i], 0);
		w[i] = w[i] * (1 - o->lr * o->weight_decay) -
		       o->lr * sign(o->beta1 * s[i] + (1 - o->beta1) * d);
		s[i] = o->beta2 * s[i] + (1 - o->beta2) * d;
	}
}

static const struct {
	const char *name;
	Rule *rule;
	int states;
} rules[] = {
        {"sgd", sgd, 1},         {"adam", adam, 2},       {"adamw", adamw, 2},
        {"rmsprop", rmsprop, 2}, {"adagrad", adagrad, 1}, {"lion", lion, 1},
};

static Numbers numbers_of(const Net *n)
{
	Numbers o = {.scale = 1};
	const struct {
		const char *name;
		float *at;
	} all[] = {{"lr", &o.lr},
	           {"momentum", &o.momentum},
	           {"nesterov", &o.nesterov},
	           {"decay", &o.decay},
	           {"l1", &o.l1},
	           {"weight_decay", &o.weight_decay},
	           {"beta1", &o.beta1},
	           {"beta2", &o.beta2},
	           {"eps", &o.eps},
	           {"grad_clip", &o.clip}};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		*all[i].at = option(n, "optimizer", all[i].name);
	o.fix1 = 1 - powf(o.beta1, (float)n->steps + 1);
	o.fix2 = 1 - powf(o.beta2, (float)n->steps + 1);
	return o;
}

static int64_t elements(const Mem *m)
{
	return (int64_t)(dnnl_memory_desc_get_size(&m->md) / sizeof(float));
}

/* The gradients' global norm, for clipping. */
static float norm_of(const Net *n)
{
	double sum = 0;
	for (const Param *p = params_next(n, NULL); p; p = params_next(n, p)) {
		if (!p->grad)
			continue;
		const float *g = mem_at(p->grad);
		int64_t count = elements(p->grad);
#pragma omp parallel for simd reduction(+ : sum)
		for (int64_t i = 0; i < count; i++)
			sum += (double)g[i] * g[i];
	}
	return (float)sqrt(sum);
}

static void update(const Net *n, const Op *op)
{
	Rule *const *rule = op->what;
	Numbers o = numbers_of(n);
	if (o.clip > 0)
		o.scale = fminf(1, o.clip / (norm_of(n) + 1e-6F));
#pragma omp parallel
	for (int i = 0; i < n->layers; i++)
		for (int k = 0; k < n->layer[i].params; k++) {
			const Param *p = &n->layer[i].param[k];
			if (!p->grad)
				continue;
			int64_t all = elements(p->mem), size = omp_get_num_threads();
			int64_t each = ((all + size - 1) / size + 15) & ~INT64_C(15);
			int64_t from = each * omp_get_thread_num();
			if (from >= all)
				continue;
			float *const state[] = {mem_at(p->state[0]) + from,
			                        mem_at(p->state[1]) + from};
			(*rule)(&o, all - from < each ? all - from : each, mem_at(p->mem) + from,
			        mem_at(p->grad) + from, state);
		}
}

void update_add(Net *n)
{
	n->now = "the optimizer";
	n->does = "update";
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		if (strcmp(rules[i].name, type_of(n, "optimizer")) != 0)
			continue;
		op_plain(n, update, &rules[i].rule);
		for (Param *p = params_next(n, NULL); p; p = params_next(n, p))
			for (int s = 0; p->grad && s < STATES; s++)
				p->state[s] = s < rules[i].states ? mem_new(n, &p->mem->md, true)
				                                  : p->state[0];
		return;
	}
	fail(EXIT_UNSUPPORTED, "the oneDNN program has no optimizer '%s'", type_of(n, "optimizer"));
}
