/* verb_step.c: how a trainer is compared with anything else.
 *
 *     in    --weights W   parameters and running statistics under PyTorch's names
 *           --batch B     x: f32 [n,...], exactly what enters the first layer; y: i64 labels [n] or
 *                         real targets; n up to the compiled batch; class_weight [classes],
 *                         which may be absent (all 1), where the loss weighs classes
 *     out   --out O       loss, output and grad.NAME of the first step; after --steps K optimizer
 *                         steps on this batch all parameters and running statistics
 *
 * --eval runs forward only and writes loss and output. No augmentation, no normalisation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../run/session.h"
#include "../net/tensor.h"

typedef struct steps {
	nn_net net;             /* the fast program                          */
	nn_st_tensor *row;      /* of the file that is written               */
	const nn_tensor **from; /* the tensor behind each row                */
	char **kept;            /* its data when it is of the first step     */
	size_t rows;            /* how many                                  */
	int live;               /* images in the batch                       */
	nn_dtype real;          /* what is written                           */
} steps;

/* Checks one tensor of the batch against what the network takes. */
static bool fits(steps *x, const nn_st_tensor *t, const nn_tensor *want, const char *path,
                 nn_error *e)
{
	bool same = t->rank == want->rank;
	for (int d = 1; same && d < want->rank; d++)
		same = t->dim[d] == want->dim[d];
	if (!same)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: '%s' has not the shape that this network takes "
		               "(%d dimensions, %lld values an item)",
		               path, t->name, want->rank, (long long)nn_tensor_count(want, 1));
	if (t->dtype != NN_F32 && t->dtype != NN_F64 && t->dtype != NN_I64 && t->dtype != NN_I32)
		return nn_fail(e, NN_EXIT_DATA, "%s: '%s' is %s, expected F32, F64, I64 or I32",
		               path, t->name, t->dtype_name);
	if (t->dim[0] != x->live)
		return nn_fail(e, NN_EXIT_DATA, "%s: '%s' has %lld items, x has %d", path, t->name,
		               (long long)t->dim[0], x->live);
	return true;
}

static bool check_labels(steps *x, const char *path, nn_error *e)
{
	int classes = x->net.model->classes;
	double *label = nn_alloc((size_t)x->live, sizeof *label, "labels", e);
	if (!label)
		return false;
	nn_tensor_get(x->net.program, x->net.target, x->net.arena, x->live, NN_F64, label);
	for (int i = 0; !e->code && i < x->live; i++)
		if (!(label[i] >= 0 && label[i] < classes) || label[i] != floor(label[i]))
			nn_fail(e, NN_EXIT_DATA,
			        "%s: y[%d] is %g, but the network has %d classes, "
			        "0 to %d",
			        path, i, label[i], classes, classes - 1);
	free(label);
	return !e->code;
}

static void put(steps *x, const nn_tensor *to, nn_safetensors *s, const nn_st_tensor *from,
                nn_error *e)
{
	const char *data = nn_safetensors_data(s, from, e);
	if (data)
		nn_tensor_put(x->net.program, to, x->net.arena, x->live, from->dtype, data);
}

/* Checks x and y and puts them into the arena. Lanes without an image hold zeroes, because the
 * arena is fresh. */
static void put_batch(steps *x, nn_safetensors *s, const nn_st_tensor *in, const nn_st_tensor *y,
                      const char *path, nn_error *e)
{
	nn_net *n = &x->net;
	nn_st_tensor target = *y;
	x->live = (int)in->dim[0];
	/* An auto-encoder's target is its input, in the output's shape. */
	if (n->target->target_input && nn_tensor_count(n->target, 1) * x->live == y->count) {
		target.rank = n->target->rank;
		for (int d = 1; d < target.rank; d++)
			target.dim[d] = n->target->dim[d];
	}
	if (!fits(x, in, n->input, path, e) || !fits(x, &target, n->target, path, e))
		return;
	put(x, n->input, s, in, e);
	put(x, n->target, s, y, e);
}

/* What training counts in its data comes from the file here. */
static void put_class_weight(steps *x, nn_safetensors *s, const nn_st_tensor *weight,
                             const char *path, nn_error *e)
{
	nn_net *n = &x->net;
	const nn_tensor *want = nn_tensor_find(n->program, NN_CLASS_WEIGHT, NULL);
	if (!want)
		nn_fail(e, NN_EXIT_DATA,
		        "%s: has a 'class_weight', but the loss of this network weighs no classes: "
		        "compile it with class_weights=\"balanced\" or leave the tensor out",
		        path);
	else if (weight->count != nn_tensor_count(want, 0) ||
	         (weight->dtype != NN_F32 && weight->dtype != NN_F64))
		nn_fail(e, NN_EXIT_DATA,
		        "%s: 'class_weight' is %s with %lld values, expected F32 or F64 with %lld",
		        path, weight->dtype_name, (long long)weight->count,
		        (long long)nn_tensor_count(want, 0));
	else
		put(x, want, s, weight, e);
}

static bool load_batch(steps *x, const char *path, nn_error *e)
{
	nn_safetensors s;
	const nn_model *m = x->net.model;
	if (!nn_safetensors_read(&s, path, NN_EXIT_DATA, e))
		return false;
	const nn_st_tensor *in = nn_safetensors_find(&s, "x"), *y = nn_safetensors_find(&s, "y");
	if (x->net.target->target_input)
		y = in;
	if (!in || in->rank < 1 || in->dim[0] < 1 || in->dim[0] > m->batch)
		nn_fail(e, NN_EXIT_DATA, "%s: expected 'x' with 1 to %d items", path, m->batch);
	else if (!y)
		nn_fail(e, NN_EXIT_DATA, "%s: has no 'y'", path);
	else
		put_batch(x, &s, in, y, path, e);
	const nn_st_tensor *weight = nn_safetensors_find(&s, "class_weight");
	if (!e->code && weight)
		put_class_weight(x, &s, weight, path, e);
	nn_safetensors_free(&s);
	static const nn_kind kind[] = {NN_INPUT, NN_TARGET, NN_CLASS_WEIGHT};
	for (size_t k = 0; !e->code && k < sizeof kind / sizeof *kind; k++) {
		const nn_tensor *bad =
		        nn_tensor_not_finite(x->net.program, kind[k], x->net.arena, x->live);
		if (bad)
			nn_fail(e, NN_EXIT_NOT_FINITE, "%s: '%s' holds a NaN or an infinity", path,
			        bad->name);
	}
	return !e->code && (!m->classes || check_labels(x, path, e));
}

/* A row of the file; `keep`: with what the tensor holds now. */
static bool add_row(steps *x, const nn_tensor *t, bool keep, nn_error *e)
{
	nn_st_tensor *row = &x->row[x->rows];
	*row = (nn_st_tensor){.name = t->name, .dtype = x->real, .rank = t->rank};
	for (int d = 0; d < t->rank; d++)
		row->dim[d] = d == 0 && t->batched ? x->live : t->dim[d];
	x->from[x->rows] = t;
	if (keep) {
		size_t count = (size_t)nn_tensor_count(t, x->live);
		char *data = nn_alloc(count, nn_dtype_size(x->real), t->name, e);
		if (!data)
			return false;
		nn_tensor_get(x->net.program, t, x->net.arena, x->live, x->real, data);
		x->kept[x->rows] = data;
	}
	x->rows++;
	return true;
}

static bool add_rows(steps *x, bool first, bool gradients, nn_error *e)
{
	const nn_program *p = x->net.program;
	for (int i = 0; i < p->tensors; i++) {
		nn_kind kind = p->tensor[i].kind;
		bool now = kind == NN_LOSS || kind == NN_OUTPUT || (gradients && kind == NN_GRAD);
		bool later = kind == NN_PARAM || kind == NN_FROZEN || kind == NN_RUNNING;
		if ((first ? now : later) && !add_row(x, &p->tensor[i], first, e))
			return false;
	}
	return true;
}

static void pack(void *ctx, size_t i, int64_t first, int64_t count, char *bytes)
{
	const steps *x = ctx;
	size_t size = nn_dtype_size(x->real);
	if (x->kept[i])
		memcpy(bytes, x->kept[i] + (size_t)first * size, (size_t)count * size);
	else
		nn_tensor_get_some(x->net.program, x->from[i], x->net.arena, first, count, x->real,
		                   bytes);
}

static bool write_result(steps *x, const char *path, nn_error *e)
{
	nn_st_pair pair = {"architecture_hash", x->net.model->architecture_hash};
	nn_st_writer w = {.tensor = x->row, .tensors = x->rows, .pair = &pair, .pairs = 1};
	w.pack = pack;
	w.ctx = x;
	bool ok = nn_safetensors_write(&w, path, NULL, e);
	nn_text_free(&w.header);
	return ok;
}

static bool loss_is_finite(const steps *x, uint64_t step, bool eval, nn_error *e)
{
	if (isfinite(nn_net_loss(&x->net)))
		return true;
	const nn_tensor *bad = nn_net_not_finite(&x->net, x->live, !eval);
	return nn_fail(e, NN_EXIT_NOT_FINITE,
	               "the loss is not finite in step %llu; the first tensor with a NaN or an "
	               "infinity is %s",
	               (unsigned long long)step + 1, bad ? bad->name : "the loss itself");
}

static bool run_steps(steps *x, nn_session *s, nn_error *e)
{
	const nn_options *o = s->options;
	nn_run run = nn_session_run(s, x->live);
	nn_net_prepare(&x->net, &run);
	if (o->eval) {
		nn_net_eval(&x->net, &run);
		return loss_is_finite(x, 0, true, e) && add_rows(x, true, false, e);
	}
	int64_t count = o->steps > 0 ? o->steps : 1;
	for (int64_t k = 0; k < count; k++) {
		run.step = (uint64_t)k;
		nn_net_step(&x->net, &run, NULL);
		if (!loss_is_finite(x, run.step, false, e))
			return false;
		if (k == 0 && !add_rows(x, true, true, e))
			return false;
	}
	return add_rows(x, false, false, e);
}

bool nn_verb_step(nn_session *s, nn_error *e)
{
	const nn_options *o = s->options;
	const nn_program *p = s->model->fast;
	steps x = {.real = p->real_size == 8 ? NN_F64 : NN_F32};
	if (!o->weights || !o->batch || !o->out)
		return nn_fail(e, NN_EXIT_USAGE, "step: --weights, --batch and --out are needed");
	x.row = nn_alloc((size_t)p->tensors, sizeof *x.row, "the result", e);
	x.from = nn_alloc((size_t)p->tensors, sizeof *x.from, "the result", e);
	x.kept = nn_alloc((size_t)p->tensors, sizeof *x.kept, "the result", e);
	bool ok = !e->code && nn_net_open(&x.net, s->model, p, s->team, e) &&
	          nn_load_weights(&x.net, o->weights, NULL, e) && load_batch(&x, o->batch, e) &&
	          run_steps(&x, s, e) && write_result(&x, o->out, e);
	for (size_t i = 0; x.kept && i < x.rows; i++)
		free(x.kept[i]);
	free(x.kept);
	free(x.from);
	free(x.row);
	nn_net_close(&x.net);
	return ok;
}
