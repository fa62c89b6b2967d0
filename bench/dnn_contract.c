/* dnn_contract.c: convolution, transposed convolution and dense layer.
 *
 *     in    a layer with a weight and perhaps a bias, and the activation that it computes as well
 *     out   forward, data gradient and weight gradient as three primitives
 *
 * The library chooses every layout (format_tag_any). The weight lives in the layout of its
 * gradient, so that the optimizer is elementwise, and is reordered for the forward or the data
 * pass only where that wants another layout. */
#include <stdlib.h>
#include <string.h>

#include "dnn.h"

/* What the four primitives of a contraction have in common. */
typedef struct Window {
	int rank;                      /* of the data                              */
	dnnl_memory_desc_t x, w, b, y; /* any layout; b is zero without a bias     */
	dnnl_dims_t stride, dilate;    /* of the window                            */
	dnnl_dims_t before, after;     /* padding                                  */
	Param *weight, *bias;          /* bias may be NULL                         */
} Window;

static Window window_of(Net *n, Layer *l)
{
	Window w = {.rank = l->in[0]->rank, .weight = param_of(l, "weight")};
	const Value *x = l->in[0];
	Value *y = l->out;
	n->now = l->name;
	w.bias = param_of(l, "bias");
	w.x = md_any(x->rank, x->dim);
	w.y = md_any(y->rank, y->dim);
	if (w.bias)
		w.b = md_any(1, (dnnl_dims_t){y->dim[1]});
	return w;
}

static void read_window(Window *w, const Layer *l, bool transposed)
{
	const char *const name[][2] = {{"sh", "sw"}, {"dh", "dw"}, {"pt", "pl"}, {"kh", "kw"}};
	const Value *x = l->in[0], *y = l->out;
	for (int d = 0; d < 2; d++) {
		dnnl_dim_t in = x->dim[2 + d], out = y->dim[2 + d];
		w->stride[d] = whole(l, name[0][d]);
		w->dilate[d] = transposed ? 0 : whole(l, name[1][d]) - 1;
		w->before[d] = whole(l, name[2][d]);
		dnnl_dim_t reach = (w->dilate[d] + 1) * (whole(l, name[3][d]) - 1) + 1;
		/* What oneDNN calls padding afterwards follows from the sizes. */
		w->after[d] = transposed ? (in - 1) * w->stride[d] + reach - w->before[d] - out
		                         : (out - 1) * w->stride[d] + reach - in - w->before[d];
	}
}

/* Files hold [out, in/groups, kh, kw]; with groups oneDNN wants [groups, out/groups, ...]. */
static void shape_weight(Window *w, int groups)
{
	dnnl_memory_desc_t *p = &w->weight->plain;
	if (groups > 1) {
		dnnl_dims_t dim = {groups, p->dims[0] / groups, p->dims[1], p->dims[2], p->dims[3]};
		*p = md_plain(5, dim);
	}
	w->w = md_any(p->ndims, p->dims);
}

/* [in, out, kh, kw] in files, [out, in, kh, kw] for oneDNN. */
static void turn_weight(Window *w)
{
	static const int swap[] = {1, 0, 2, 3};
	dnnl_memory_desc_t file = w->weight->plain;
	if (dnnl_memory_desc_permute_axes(&w->weight->plain, &file, swap))
		abort();
	w->w = md_any(4, w->weight->plain.dims);
}

dnnl_primitive_attr_t attr_of(Net *n, const Layer *l)
{
	dnnl_primitive_attr_t attr = NULL;
	dnnl_post_ops_t ops;
	if (!l->post)
		return NULL;
	const Kind *k = l->post->kind;
	check(n, dnnl_primitive_attr_create(&attr));
	check(n, dnnl_post_ops_create(&ops));
	check(n, dnnl_post_ops_append_eltwise(ops, 1, k->alg, alpha_of(l->post), k->beta));
	check(n, dnnl_primitive_attr_set_post_ops(attr, ops));
	dnnl_post_ops_destroy(ops);
	return attr;
}

static const dnnl_memory_desc_t *bias_of(const Window *w)
{
	return w->bias ? &w->b : NULL;
}

/* The primitive descriptors; the table of kinds says through `alg` which operation it is. */
static dnnl_primitive_desc_t forward_pd(Net *n, const Layer *l, const Window *w)
{
	dnnl_convolution_desc_t conv;
	dnnl_deconvolution_desc_t back;
	dnnl_inner_product_desc_t dense;
	const void *desc = &dense;
	n->does = "forward";
	if (l->kind->alg == dnnl_deconvolution_direct) {
		check(n, dnnl_deconvolution_forward_desc_init(
		                 &back, dnnl_forward_training, dnnl_deconvolution_direct, &w->x,
		                 &w->w, bias_of(w), &w->y, w->stride, w->before, w->after));
		desc = &back;
	} else if (l->kind->alg == dnnl_convolution_direct) {
		check(n, dnnl_dilated_convolution_forward_desc_init(
		                 &conv, dnnl_forward_training, n->conv, &w->x, &w->w, bias_of(w),
		                 &w->y, w->stride, w->dilate, w->before, w->after));
		desc = &conv;
	} else {
		check(n, dnnl_inner_product_forward_desc_init(&dense, dnnl_forward_training, &w->x,
		                                              &w->w, bias_of(w), &w->y));
	}
	dnnl_primitive_attr_t attr = attr_of(n, l);
	dnnl_primitive_desc_t pd = pd_new(n, desc, attr, NULL);
	if (attr)
		dnnl_primitive_attr_destroy(attr);
	return pd;
}

static dnnl_primitive_desc_t data_pd(Net *n, const Layer *l, const Window *w)
{
	dnnl_convolution_desc_t conv;
	dnnl_deconvolution_desc_t back;
	dnnl_inner_product_desc_t dense;
	const void *desc = &dense;
	n->does = "data gradient";
	if (l->kind->alg == dnnl_deconvolution_direct) {
		check(n, dnnl_deconvolution_backward_data_desc_init(
		                 &back, dnnl_deconvolution_direct, &w->x, &w->w, &w->y, w->stride,
		                 w->before, w->after));
		desc = &back;
	} else if (l->kind->alg == dnnl_convolution_direct) {
		check(n, dnnl_dilated_convolution_backward_data_desc_init(
		                 &conv, n->conv, &w->x, &w->w, &w->y, w->stride, w->dilate,
		                 w->before, w->after));
		desc = &conv;
	} else {
		check(n, dnnl_inner_product_backward_data_desc_init(&dense, &w->x, &w->w, &w->y));
	}
	return pd_new(n, desc, NULL, l->pd);
}

static dnnl_primitive_desc_t weight_pd(Net *n, const Layer *l, const Window *w)
{
	dnnl_convolution_desc_t conv;
	dnnl_deconvolution_desc_t back;
	dnnl_inner_product_desc_t dense;
	const void *desc = &dense;
	n->does = "weight gradient";
	if (l->kind->alg == dnnl_deconvolution_direct) {
		check(n, dnnl_deconvolution_backward_weights_desc_init(
		                 &back, dnnl_deconvolution_direct, &w->x, &w->w, bias_of(w), &w->y,
		                 w->stride, w->before, w->after));
		desc = &back;
	} else if (l->kind->alg == dnnl_convolution_direct) {
		check(n, dnnl_dilated_convolution_backward_weights_desc_init(
		                 &conv, n->conv, &w->x, &w->w, bias_of(w), &w->y, w->stride,
		                 w->dilate, w->before, w->after));
		desc = &conv;
	} else {
		check(n, dnnl_inner_product_backward_weights_desc_init(&dense, &w->x, &w->w,
		                                                       bias_of(w), &w->y));
	}
	return pd_new(n, desc, NULL, l->pd);
}

static Window contraction(Net *n, Layer *l)
{
	Window w = window_of(n, l);
	if (l->kind->alg == dnnl_deconvolution_direct) {
		read_window(&w, l, true);
		/* Only the first call sees the file's order of axes. */
		if (!l->pd)
			turn_weight(&w);
	} else if (l->kind->alg == dnnl_convolution_direct) {
		read_window(&w, l, false);
		if (!l->pd)
			shape_weight(&w, strcmp(l->kind->name, "depthwise_conv") != 0
			                         ? whole(l, "groups")
			                         : (int)l->in[0]->dim[1]);
	} else if (!l->pd && w.rank == 4) {
		dnnl_dims_t dim = {l->out->dim[1], l->in[0]->dim[1], l->in[0]->dim[2],
		                   l->in[0]->dim[3]};
		w.weight->plain = md_plain(4, dim);
	}
	w.w = md_any(w.weight->plain.ndims, w.weight->plain.dims);
	return w;
}

void contraction_forward(Net *n, Layer *l)
{
	Window w = contraction(n, l);
	l->pd = forward_pd(n, l, &w);
	dnnl_memory_desc_t x = md_query(l->pd, dnnl_query_src_md, 0), y, home;
	dnnl_memory_desc_t weights = md_query(l->pd, dnnl_query_weights_md, 0);
	y = md_query(l->pd, dnnl_query_dst_md, 0);
	home = weights;
	if (w.weight->trained) {
		dnnl_primitive_desc_t pd = weight_pd(n, l, &w);
		home = md_query(pd, dnnl_query_diff_weights_md, 0);
		dnnl_primitive_desc_destroy(pd);
	}
	w.weight->mem = mem_new(n, &home, true);
	if (w.bias)
		w.bias->mem = mem_new(n, &w.bias->plain, true);
	l->src = mem_as(n, l->in[0]->mem, &x);
	Mem *read = mem_as(n, w.weight->mem, &weights), *out = mem_new(n, &y, false);
	n->does = "forward";
	Op *o = op_add(n, l->pd, true);
	op_arg(o, DNNL_ARG_SRC, l->src);
	op_arg(o, DNNL_ARG_WEIGHTS, read);
	op_arg(o, DNNL_ARG_DST, out);
	if (w.bias)
		op_arg(o, DNNL_ARG_BIAS, w.bias->mem);
	(l->post ? l->post->out : l->out)->mem = out;
}

void contraction_backward(Net *n, Layer *l)
{
	bool own;
	Mem *dy = gradient(n, l->out, &own);
	Window w = contraction(n, l);
	if (l->in[0]->wanted) {
		dnnl_primitive_desc_t pd = data_pd(n, l, &w);
		dnnl_memory_desc_t x = md_query(pd, dnnl_query_diff_src_md, 0);
		dnnl_memory_desc_t want_w = md_query(pd, dnnl_query_weights_md, 0);
		dnnl_memory_desc_t want_y = md_query(pd, dnnl_query_diff_dst_md, 0);
		Mem *weight = mem_as(n, w.weight->mem, &want_w), *up = mem_as(n, dy, &want_y);
		Mem *dx = mem_new(n, &x, false);
		n->does = "data gradient";
		Op *o = op_add(n, pd, false);
		op_arg(o, DNNL_ARG_DIFF_DST, up);
		op_arg(o, DNNL_ARG_WEIGHTS, weight);
		op_arg(o, DNNL_ARG_DIFF_SRC, dx);
		gradient_add(n, l->in[0], dx, true);
	}
	if (!w.weight->trained)
		return;
	dnnl_primitive_desc_t pd = weight_pd(n, l, &w);
	dnnl_memory_desc_t want_x = md_query(pd, dnnl_query_src_md, 0);
	dnnl_memory_desc_t want_y = md_query(pd, dnnl_query_diff_dst_md, 0);
	Mem *x = mem_as(n, l->in[0]->mem, &want_x), *up = mem_as(n, dy, &want_y);
	n->does = "weight gradient";
	w.weight->grad = mem_new(n, &w.weight->mem->md, false);
	Op *o = op_add(n, pd, false);
	op_arg(o, DNNL_ARG_SRC, x);
	op_arg(o, DNNL_ARG_DIFF_DST, up);
	op_arg(o, DNNL_ARG_DIFF_WEIGHTS, w.weight->grad);
	if (w.bias) {
		w.bias->grad = mem_new(n, &w.bias->mem->md, false);
		op_arg(o, DNNL_ARG_DIFF_BIAS, w.bias->grad);
	}
}
