/* dnn_others.c: layers that oneDNN has in another form, or not at all; those are loops in C on
 * plain layouts. */
#include <math.h>

#include "dnn.h"

static void elementwise(Net *n, dnnl_alg_kind_t alg, float alpha, float beta, Mem *x, Mem *y)
{
	dnnl_eltwise_desc_t desc;
	check(n, dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_training, alg, &x->md, alpha,
	                                        beta));
	Op *o = op_add(n, pd_new(n, &desc, NULL, NULL), false);
	op_arg(o, DNNL_ARG_SRC, x);
	op_arg(o, DNNL_ARG_DST, y);
}

/* ---- hard_sigmoid: x/6 + 1/2, cut at 0 and 1 ------------------------------------------------- */

void hard_sigmoid_forward(Net *n, Layer *l)
{
	Mem *x = l->in[0]->mem;
	n->does = "forward";
	l->aux[0] = mem_new(n, &x->md, false);
	l->out->mem = mem_new(n, &x->md, false);
	elementwise(n, dnnl_eltwise_linear, 1 / 6.0F, 0.5F, x, l->aux[0]);
	elementwise(n, dnnl_eltwise_clip_v2, 0, 1, l->aux[0], l->out->mem);
}

void hard_sigmoid_backward(Net *n, Layer *l)
{
	bool own;
	dnnl_eltwise_desc_t desc;
	Mem *x = l->aux[0], *dy = mem_as(n, gradient(n, l->out, &own), &x->md);
	Mem *cut = mem_new(n, &x->md, false), *dx = mem_new(n, &x->md, false);
	n->does = "backward";
	check(n, dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_training, dnnl_eltwise_clip_v2,
	                                        &x->md, 0, 1));
	dnnl_primitive_desc_t hint = pd_new(n, &desc, NULL, NULL);
	check(n,
	      dnnl_eltwise_backward_desc_init(&desc, dnnl_eltwise_clip_v2, &x->md, &x->md, 0, 1));
	Op *o = op_add(n, pd_new(n, &desc, NULL, hint), false);
	dnnl_primitive_desc_destroy(hint);
	op_arg(o, DNNL_ARG_SRC, x);
	op_arg(o, DNNL_ARG_DIFF_DST, dy);
	op_arg(o, DNNL_ARG_DIFF_SRC, cut);
	elementwise(n, dnnl_eltwise_linear, 1 / 6.0F, 0, cut, dx);
	gradient_add(n, l->in[0], dx, true);
}

/* ---- softmax over the channels --------------------------------------------------------------- */

void softmax_forward(Net *n, Layer *l)
{
	dnnl_softmax_v2_desc_t desc;
	Mem *x = l->in[0]->mem;
	n->does = "forward";
	check(n, dnnl_softmax_v2_forward_desc_init(&desc, dnnl_forward_training,
	                                           dnnl_softmax_accurate, &x->md, &x->md, 1));
	l->pd = pd_new(n, &desc, NULL, NULL);
	l->out->mem = mem_new(n, &x->md, false);
	Op *o = op_add(n, l->pd, true);
	op_arg(o, DNNL_ARG_SRC, x);
	op_arg(o, DNNL_ARG_DST, l->out->mem);
}

void softmax_backward(Net *n, Layer *l)
{
	bool own;
	dnnl_softmax_v2_desc_t desc;
	const dnnl_memory_desc_t *md = &l->out->mem->md;
	Mem *dy = mem_as(n, gradient(n, l->out, &own), md), *dx = mem_new(n, md, false);
	n->does = "backward";
	check(n, dnnl_softmax_v2_backward_desc_init(&desc, dnnl_softmax_accurate, md, md, md, 1));
	Op *o = op_add(n, pd_new(n, &desc, NULL, l->pd), false);
	op_arg(o, DNNL_ARG_DST, l->out->mem);
	op_arg(o, DNNL_ARG_DIFF_DST, dy);
	op_arg(o, DNNL_ARG_DIFF_SRC, dx);
	gradient_add(n, l->in[0], dx, true);
}

/* ---- upsample -------------------------------------------------------------------------------- */

static dnnl_alg_kind_t resampling(const Layer *l)
{
	return whole(l, "mode") ? dnnl_resampling_linear : dnnl_resampling_nearest;
}

void upsample_forward(Net *n, Layer *l)
{
	dnnl_resampling_desc_t desc;
	Mem *x = l->in[0]->mem;
	dnnl_memory_desc_t any = md_any(4, l->out->dim);
	const float scale[] = {(float)whole(l, "scale"), (float)whole(l, "scale")};
	n->does = "forward";
	check(n, dnnl_resampling_forward_desc_init(&desc, dnnl_forward_training, resampling(l),
	                                           scale, &x->md, &any));
	l->pd = pd_new(n, &desc, NULL, NULL);
	any = md_query(l->pd, dnnl_query_dst_md, 0);
	l->out->mem = mem_new(n, &any, false);
	Op *o = op_add(n, l->pd, true);
	op_arg(o, DNNL_ARG_SRC, x);
	op_arg(o, DNNL_ARG_DST, l->out->mem);
}

void upsample_backward(Net *n, Layer *l)
{
	bool own;
	dnnl_resampling_desc_t desc;
	const dnnl_memory_desc_t *x = &l->in[0]->mem->md, *y = &l->out->mem->md;
	Mem *dy = mem_as(n, gradient(n, l->out, &own), y), *dx = mem_new(n, x, false);
	const float scale[] = {(float)whole(l, "scale"), (float)whole(l, "scale")};
	n->does = "backward";
	check(n, dnnl_resampling_backward_desc_init(&desc, resampling(l), scale, x, y));
	Op *o = op_add(n, pd_new(n, &desc, NULL, l->pd), false);
	op_arg(o, DNNL_ARG_DIFF_DST, dy);
	op_arg(o, DNNL_ARG_DIFF_SRC, dx);
	gradient_add(n, l->in[0], dx, true);
}

/* ---- layer_norm: a row of features an image -------------------------------------------------- */

enum { MEAN, VARIANCE };

static dnnl_memory_desc_t row_of(const Value *v)
{
	dnnl_dim_t features = 1;
	for (int d = 1; d < v->rank; d++)
		features *= v->dim[d];
	return md_plain(2, (dnnl_dims_t){v->dim[0], features});
}

/* A value's plain layout as rows. */
static Mem *rows(Net *n, Mem *m, const Value *v)
{
	dnnl_memory_desc_t plain = md_plain_of(v), row = row_of(v);
	return mem_view(n, mem_as(n, m, &plain), &row);
}

void layer_norm_forward(Net *n, Layer *l)
{
	dnnl_layer_normalization_desc_t desc;
	dnnl_memory_desc_t row = row_of(l->out), plain = md_plain_of(l->out);
	dnnl_memory_desc_t one = md_plain(1, row.dims),
	                   wide = md_plain(1, (dnnl_dims_t){row.dims[1]});
	l->src = rows(n, l->in[0]->mem, l->in[0]);
	n->does = "forward";
	check(n, dnnl_layer_normalization_forward_desc_init(&desc, dnnl_forward_training, &row,
	                                                    &one, (float)number(l, "eps"),
	                                                    dnnl_use_scale | dnnl_use_shift));
	l->pd = pd_new(n, &desc, NULL, NULL);
	param_of(l, "weight")->plain = param_of(l, "bias")->plain = wide;
	l->aux[MEAN] = mem_new(n, &one, false);
	l->aux[VARIANCE] = mem_new(n, &one, false);
	Mem *y = mem_new(n, &row, false);
	l->out->mem = mem_view(n, y, &plain);
	Op *o = op_add(n, l->pd, true);
	op_arg(o, DNNL_ARG_SRC, l->src);
	op_arg(o, DNNL_ARG_DST, y);
	op_arg(o, DNNL_ARG_MEAN, l->aux[MEAN]);
	op_arg(o, DNNL_ARG_VARIANCE, l->aux[VARIANCE]);
	norm_param(n, l, o, DNNL_ARG_SCALE, "weight");
	norm_param(n, l, o, DNNL_ARG_SHIFT, "bias");
}

void layer_norm_backward(Net *n, Layer *l)
{
	bool own;
	dnnl_layer_normalization_desc_t desc;
	dnnl_memory_desc_t row = row_of(l->out), plain = md_plain_of(l->out);
	Mem *dy = rows(n, gradient(n, l->out, &own), l->out), *dx = mem_new(n, &row, false);
	n->does = "backward";
	check(n, dnnl_layer_normalization_backward_desc_init(
	                 &desc, dnnl_backward, &row, &row, &l->aux[MEAN]->md,
	                 (float)number(l, "eps"), dnnl_use_scale | dnnl_use_shift));
	Op *o = op_add(n, pd_new(n, &desc, NULL, l->pd), false);
	op_arg(o, DNNL_ARG_SRC, l->src);
	op_arg(o, DNNL_ARG_MEAN, l->aux[MEAN]);
	op_arg(o, DNNL_ARG_VARIANCE, l->aux[VARIANCE]);
	op_arg(o, DNNL_ARG_DIFF_DST, dy);
	op_arg(o, DNNL_ARG_DIFF_SRC, dx);
	norm_param(n, l, o, DNNL_ARG_SCALE, "weight");
	norm_param(n, l, o, DNNL_ARG_SHIFT, "bias");
	norm_gradient(n, l, o, DNNL_ARG_DIFF_SCALE, "weight");
	norm_gradient(n, l, o, DNNL_ARG_DIFF_SHIFT, "bias");
	gradient_add(n, l->in[0], mem_view(n, dx, &plain), true);
}

/* ---- group_norm ------------------------------------------------------------------------------ */

/* What the loops need: values of a group, and where they begin. */
typedef struct Groups {
	int64_t count, channels, area; /* groups, channels of one, values of a channel */
} Groups;

static Groups groups_of(const Layer *l)
{
	const Value *x = l->in[0];
	Groups g = {whole(l, "groups"), 0, x->rank == 4 ? x->dim[2] * x->dim[3] : 1};
	g.channels = x->dim[1] / g.count;
	return g;
}

/* mem: x weight bias mean inverse deviation y */
static void groups_forward(const Net *net, const Op *o)
{
	const Layer *l = o->what;
	Groups g = groups_of(l);
	int64_t size = g.channels * g.area;
	const float *w = mem_at(o->mem[1]), *b = mem_at(o->mem[2]);
	float eps = (float)number(l, "eps");
#pragma omp parallel for
	for (int64_t i = 0; i < net->batch * g.count; i++) {
		const float *x = mem_at(o->mem[0]) + i * size;
		float *y = mem_at(o->mem[5]) + i * size, mean = 0, var = 0;
		for (int64_t k = 0; k < size; k++)
			mean += x[k] / (float)size;
		for (int64_t k = 0; k < size; k++)
			var += (x[k] - mean) * (x[k] - mean) / (float)size;
		float inv = 1 / sqrtf(var + eps);
		for (int64_t k = 0; k < size; k++) {
			int64_t c = i % g.count * g.channels + k / g.area;
			y[k] = (x[k] - mean) * inv * w[c] + b[c];
		}
		mem_at(o->mem[3])[i] = mean;
		mem_at(o->mem[4])[i] = inv;
	}
}

/* mem: x weight mean inverse deviation dy dx */
static void groups_backward(const Net *net, const Op *o)
{
	Groups g = groups_of(o->what);
	int64_t size = g.channels * g.area;
	const float *w = mem_at(o->mem[1]);
#pragma omp parallel for
	for (int64_t i = 0; i < net->batch * g.count; i++) {
		const float *x = mem_at(o->mem[0]) + i * size, *dy = mem_at(o->mem[4]) + i * size;
		float *dx = mem_at(o->mem[5]) + i * size, a = 0, b = 0;
		float mean = mem_at(o->mem[2])[i], inv = mem_at(o->mem[3])[i];
		for (int64_t k = 0; k < size; k++) {
			float d = dy[k] * w[i % g.count * g.channels + k / g.area];
			a += d / (float)size;
			b += d * (x[k] - mean) * inv / (float)size;
		}
		for (int64_t k = 0; k < size; k++) {
			float d = dy[k] * w[i % g.count * g.channels + k / g.area];
			dx[k] = inv * (d - a - (x[k] - mean) * inv * b);
		}
	}
}

/* mem: x mean inverse deviation dy dweight dbias */
static void groups_affine(const Net *net, const Op *o)
{
	Groups g = groups_of(o->what);
	int64_t channels = g.count * g.channels;
#pragma omp parallel for
	for (int64_t c = 0; c < channels; c++) {
		float dw = 0, db = 0;
		for (int64_t n = 0; n < net->batch; n++) {
			int64_t at = (n * channels + c) * g.area, i = n * g.count + c / g.channels;
			const float *x = mem_at(o->mem[0]) + at, *dy = mem_at(o->mem[3]) + at;
			for (int64_t k = 0; k < g.area; k++) {
				dw += dy[k] * (x[k] - mem_at(o->mem[1])[i]) * mem_at(o->mem[2])[i];
				db += dy[k];
			}
		}
		mem_at(o->mem[4])[c] = dw;
		mem_at(o->mem[5])[c] = db;
	}
}

void group_norm_forward(Net *n, Layer *l)
{
	dnnl_memory_desc_t plain = md_plain_of(l->out);
	dnnl_memory_desc_t one =
	        md_plain(1, (dnnl_dims_t){(dnnl_dim_t)n->batch * whole(l, "groups")});
	l->src = mem_as(n, l->in[0]->mem, &plain);
	n->does = "forward";
	l->aux[MEAN] = mem_new(n, &one, false);
	l->aux[VARIANCE] = mem_new(n, &one, false);
	l->out->mem = mem_new(n, &plain, false);
	Op *o = op_plain(n, groups_forward, l);
	op_arg(o, 0, l->src);
	norm_param(n, l, o, 1, "weight");
	norm_param(n, l, o, 2, "bias");
	op_arg(o, 3, l->aux[MEAN]);
	op_arg(o, 4, l->aux[VARIANCE]);
	op_arg(o, 5, l->out->mem);
}

void group_norm_backward(Net *n, Layer *l)
{
	bool own;
	dnnl_memory_desc_t plain = md_plain_of(l->out);
	Mem *dy = mem_as(n, gradient(n, l->out, &own), &plain), *dx = mem_new(n, &plain, false);
	n->does = "backward";
	Op *o = op_plain(n, groups_backward, l);
	op_arg(o, 0, l->src);
	norm_param(n, l, o, 1, "weight");
	op_arg(o, 2, l->aux[MEAN]);
	op_arg(o, 3, l->aux[VARIANCE]);
	op_arg(o, 4, dy);
	op_arg(o, 5, dx);
	n->does = "weight gradient";
	o = op_plain(n, groups_affine, l);
	op_arg(o, 0, l->src);
	op_arg(o, 1, l->aux[MEAN]);
	op_arg(o, 2, l->aux[VARIANCE]);
	op_arg(o, 3, dy);
	norm_gradient(n, l, o, 4, "weight");
	norm_gradient(n, l, o, 5, "bias");
	gradient_add(n, l->in[0], dx, true);
}

/* ---- widen: every s-th row and column, then channels of zeros -------------------------------- */

typedef struct Grid {
	int64_t n, c, h, w; /* of a value */
} Grid;

static Grid grid_of(const Value *v)
{
	bool image = v->rank == 4;
	return (Grid){v->dim[0], v->dim[1], image ? v->dim[2] : 1, image ? v->dim[3] : 1};
}

/* The steps of the grid; 1 for features. */
static int64_t step_of(const Layer *l, const char *name)
{
	return l->out->rank == 4 ? whole(l, name) : 1;
}

static void widen(const Net *net, const Op *o)
{
	const Layer *l = o->what;
	Grid x = grid_of(l->in[0]), y = grid_of(l->out);
	int64_t sh = step_of(l, "sh"), sw = step_of(l, "sw");
	const float *from = mem_at(o->mem[0]);
	float *to = mem_at(o->mem[1]);
	(void)net;
#pragma omp parallel for
	for (int64_t n = 0; n < y.n; n++)
		for (int64_t c = 0; c < y.c; c++)
			for (int64_t i = 0; i < y.h; i++)
				for (int64_t j = 0; j < y.w; j++) {
					int64_t at = ((n * x.c + c) * x.h + i * sh) * x.w + j * sw;
					float *cell = &to[((n * y.c + c) * y.h + i) * y.w + j];
					*cell = c < x.c ? from[at] : 0;
				}
}

static void narrow(const Net *net, const Op *o)
{
	const Layer *l = o->what;
	Grid x = grid_of(l->in[0]), y = grid_of(l->out);
	int64_t sh = step_of(l, "sh"), sw = step_of(l, "sw");
	const float *from = mem_at(o->mem[0]);
	float *to = mem_at(o->mem[1]);
	(void)net;
#pragma omp parallel for
	for (int64_t n = 0; n < x.n; n++)
		for (int64_t c = 0; c < x.c; c++)
			for (int64_t i = 0; i < x.h; i++)
				for (int64_t j = 0; j < x.w; j++) {
					int64_t at = ((n * y.c + c) * y.h + i / sh) * y.w + j / sw;
					float *cell = &to[((n * x.c + c) * x.h + i) * x.w + j];
					*cell = i % sh || j % sw ? 0 : from[at];
				}
}

void widen_forward(Net *n, Layer *l)
{
	dnnl_memory_desc_t x = md_plain_of(l->in[0]), y = md_plain_of(l->out);
	Mem *from = mem_as(n, l->in[0]->mem, &x);
	n->does = "forward";
	l->out->mem = mem_new(n, &y, false);
	Op *o = op_plain(n, widen, l);
	op_arg(o, DNNL_ARG_SRC, from);
	op_arg(o, DNNL_ARG_DST, l->out->mem);
}

void widen_backward(Net *n, Layer *l)
{
	bool own;
	dnnl_memory_desc_t x = md_plain_of(l->in[0]), y = md_plain_of(l->out);
	Mem *dy = mem_as(n, gradient(n, l->out, &own), &y), *dx = mem_new(n, &x, false);
	n->does = "backward";
	Op *o = op_plain(n, narrow, l);
	op_arg(o, DNNL_ARG_DIFF_DST, dy);
	op_arg(o, DNNL_ARG_DIFF_SRC, dx);
	gradient_add(n, l->in[0], dx, true);
}
