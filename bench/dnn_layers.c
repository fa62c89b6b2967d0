/* dnn_layers.c: pooling, norms and activations.
 *
 *     in    a layer whose input has a layout already
 *     out   its forward and backward primitives, which keep that layout
 *
 * Backward passes write over the gradient they read wherever nobody else needs it. */
#include <string.h>

#include "dnn.h"

/* ---- pooling --------------------------------------------------------------------------------- */

typedef struct Pool {
	dnnl_dims_t kernel, stride, before, after;
} Pool;

static Pool pool_of(const Layer *l)
{
	const char *const name[][2] = {{"kh", "kw"}, {"sh", "sw"}, {"pt", "pl"}};
	const Value *x = l->in[0], *y = l->out;
	Pool p;
	for (int d = 0; d < 2; d++) {
		if (l->kind->beta > 0) { /* global */
			p.kernel[d] = p.stride[d] = x->dim[2 + d];
			p.before[d] = p.after[d] = 0;
			continue;
		}
		p.kernel[d] = whole(l, name[0][d]);
		p.stride[d] = whole(l, name[1][d]);
		p.before[d] = whole(l, name[2][d]);
		p.after[d] = (y->dim[2 + d] - 1) * p.stride[d] + p.kernel[d] - x->dim[2 + d] -
		             p.before[d];
	}
	return p;
}

void pool_forward(Net *n, Layer *l)
{
	Pool p = pool_of(l);
	dnnl_pooling_desc_t desc;
	dnnl_memory_desc_t any = md_any(4, l->out->dim);
	Mem *x = l->in[0]->mem;
	n->does = "forward";
	check(n, dnnl_pooling_forward_desc_init(&desc, dnnl_forward_training, l->kind->alg, &x->md,
	                                        &any, p.stride, p.kernel, p.before, p.after));
	l->pd = pd_new(n, &desc, NULL, NULL);
	dnnl_memory_desc_t y = md_query(l->pd, dnnl_query_dst_md, 0);
	dnnl_memory_desc_t work = md_query(l->pd, dnnl_query_workspace_md, 0);
	l->out->mem = mem_new(n, &y, false);
	Op *o = op_add(n, l->pd, true);
	op_arg(o, DNNL_ARG_SRC, x);
	op_arg(o, DNNL_ARG_DST, l->out->mem);
	if (work.ndims) {
		l->aux[0] = mem_new(n, &work, false);
		op_arg(o, DNNL_ARG_WORKSPACE, l->aux[0]);
	}
}

void pool_backward(Net *n, Layer *l)
{
	bool own;
	Pool p = pool_of(l);
	dnnl_pooling_desc_t desc;
	Mem *dy = mem_as(n, gradient(n, l->out, &own), &l->out->mem->md);
	n->does = "backward";
	check(n, dnnl_pooling_backward_desc_init(&desc, l->kind->alg, &l->in[0]->mem->md, &dy->md,
	                                         p.stride, p.kernel, p.before, p.after));
	Mem *dx = mem_new(n, &l->in[0]->mem->md, false);
	Op *o = op_add(n, pd_new(n, &desc, NULL, l->pd), false);
	op_arg(o, DNNL_ARG_DIFF_DST, dy);
	op_arg(o, DNNL_ARG_DIFF_SRC, dx);
	if (l->aux[0])
		op_arg(o, DNNL_ARG_WORKSPACE, l->aux[0]);
	gradient_add(n, l->in[0], dx, true);
}

/* ---- batch and layer norm: aux holds the workspace, the mean and the variance ------------- */

enum { WORK, MEAN, VARIANCE };

/* weight and bias, when there are any; they belong to the layer, so they are made only once. */
void norm_param(Net *n, Layer *l, Op *o, int id, const char *name)
{
	Param *p = param_of(l, name);
	if (!p)
		return;
	if (!p->mem)
		p->mem = mem_new(n, &p->plain, true);
	op_arg(o, id, p->mem);
}

void norm_gradient(Net *n, Layer *l, Op *o, int id, const char *name)
{
	Param *p = param_of(l, name);
	if (!p)
		return;
	Mem *grad = mem_new(n, &p->plain, false);
	if (p->trained)
		p->grad = grad;
	op_arg(o, id, grad);
}

/* running = (1 - momentum) * running + momentum * this batch's, with the unbiased variance. */
static void running(const Net *n, const Op *o)
{
	const Layer *l = o->what;
	float share = (float)number(l, "momentum");
	const float *mean = mem_at(o->mem[0]), *var = mem_at(o->mem[1]);
	float *mean_all = mem_at(o->mem[2]), *var_all = mem_at(o->mem[3]);
	float values = (float)n->batch;
	for (int d = 2; d < l->in[0]->rank; d++)
		values *= (float)l->in[0]->dim[d];
	for (int64_t c = 0; c < l->in[0]->dim[1]; c++) {
		mean_all[c] += share * (mean[c] - mean_all[c]);
		if (values > 1)
			var_all[c] += share * (var[c] * values / (values - 1) - var_all[c]);
	}
}

static void running_add(Net *n, Layer *l)
{
	Param *mean = param_of(l, "running_mean"), *var = param_of(l, "running_var");
	n->does = "running averages";
	mean->mem = mem_new(n, &mean->plain, true);
	var->mem = mem_new(n, &var->plain, true);
	Op *o = op_plain(n, running, l);
	op_arg(o, 0, l->aux[MEAN]);
	op_arg(o, 1, l->aux[VARIANCE]);
	op_arg(o, 2, mean->mem);
	op_arg(o, 3, var->mem);
}

static unsigned norm_flags(Layer *l)
{
	unsigned affine = param_of(l, "weight") ? dnnl_use_scale | dnnl_use_shift : 0;
	return affine | (l->post ? dnnl_fuse_norm_relu : 0);
}

void batch_norm_forward(Net *n, Layer *l)
{
	dnnl_batch_normalization_desc_t desc;
	Value *y = l->post ? l->post->out : l->out;
	l->src = l->in[0]->mem;
	n->does = "forward";
	check(n,
	      dnnl_batch_normalization_forward_desc_init(&desc, dnnl_forward_training, &l->src->md,
	                                                 (float)number(l, "eps"), norm_flags(l)));
	l->pd = pd_new(n, &desc, NULL, NULL);
	dnnl_memory_desc_t work = md_query(l->pd, dnnl_query_workspace_md, 0);
	dnnl_memory_desc_t one = md_plain(1, (dnnl_dims_t){y->dim[1]});
	y->mem = mem_new(n, &l->src->md, false);
	l->aux[MEAN] = mem_new(n, &one, false);
	l->aux[VARIANCE] = mem_new(n, &one, false);
	Op *o = op_add(n, l->pd, true);
	op_arg(o, DNNL_ARG_SRC, l->src);
	op_arg(o, DNNL_ARG_DST, y->mem);
	op_arg(o, DNNL_ARG_MEAN, l->aux[MEAN]);
	op_arg(o, DNNL_ARG_VARIANCE, l->aux[VARIANCE]);
	norm_param(n, l, o, DNNL_ARG_SCALE, "weight");
	norm_param(n, l, o, DNNL_ARG_SHIFT, "bias");
	if (work.ndims) {
		l->aux[WORK] = mem_new(n, &work, false);
		op_arg(o, DNNL_ARG_WORKSPACE, l->aux[WORK]);
	}
	running_add(n, l);
}

void batch_norm_backward(Net *n, Layer *l)
{
	bool own;
	dnnl_batch_normalization_desc_t desc;
	Mem *all = gradient(n, l->out, &own), *dy = mem_as(n, all, &l->src->md);
	n->does = "backward";
	check(n, dnnl_batch_normalization_backward_desc_init(&desc, dnnl_backward, &l->src->md,
	                                                     &l->src->md, (float)number(l, "eps"),
	                                                     norm_flags(l)));
	Mem *dx = gradient_room(n, dy, own && dy == all, &l->src->md);
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
	if (l->aux[WORK])
		op_arg(o, DNNL_ARG_WORKSPACE, l->aux[WORK]);
	gradient_add(n, l->in[0], dx, true);
}

/* ---- activations ----------------------------------------------------------------------------- */

float alpha_of(const Layer *l)
{
	return l->kind->alpha < 0 ? (float)number(l, "alpha") : l->kind->alpha;
}

void act_forward(Net *n, Layer *l)
{
	dnnl_eltwise_desc_t desc;
	Mem *x = l->in[0]->mem;
	if (l->fused)
		return;
	n->does = "forward";
	check(n, dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_training, l->kind->alg, &x->md,
	                                        alpha_of(l), l->kind->beta));
	l->pd = pd_new(n, &desc, NULL, NULL);
	l->out->mem = mem_new(n, &x->md, false);
	Op *o = op_add(n, l->pd, true);
	op_arg(o, DNNL_ARG_SRC, x);
	op_arg(o, DNNL_ARG_DST, l->out->mem);
}

void act_backward(Net *n, Layer *l)
{
	bool own;
	dnnl_eltwise_desc_t desc;
	Mem *all = gradient(n, l->out, &own), *dy;
	/* The workspace of a batch norm says where its rectifier was at rest. */
	if (l->fused && !strcmp(l->maker->kind->name, "batch_norm")) {
		gradient_add(n, l->in[0], all, own);
		return;
	}
	const dnnl_memory_desc_t *md = &l->out->mem->md;
	bool from_dst = l->kind->from_dst != dnnl_alg_kind_undef;
	n->does = "backward";
	if (!l->pd) {
		check(n, dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_training, l->kind->alg,
		                                        md, alpha_of(l), l->kind->beta));
		l->pd = pd_new(n, &desc, NULL, NULL);
	}
	dy = mem_as(n, all, md);
	check(n, dnnl_eltwise_backward_desc_init(&desc, from_dst ? l->kind->from_dst : l->kind->alg,
	                                         md, md, alpha_of(l), l->kind->beta));
	Mem *dx = gradient_room(n, dy, own && dy == all, md);
	Op *o = op_add(n, pd_new(n, &desc, NULL, l->pd), false);
	op_arg(o, from_dst ? DNNL_ARG_DST : DNNL_ARG_SRC, from_dst ? l->out->mem : l->in[0]->mem);
	op_arg(o, DNNL_ARG_DIFF_DST, dy);
	op_arg(o, DNNL_ARG_DIFF_SRC, dx);
	gradient_add(n, l->in[0], dx, true);
}
