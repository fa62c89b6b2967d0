/* dnn_kinds.c: the table of layers that the oneDNN program knows, by nncc's names.
 *
 * A negative alpha stands for the layer's own attribute; beta 1 makes a pool global. `from_dst` is
 * the algorithm whose gradient follows from the result: only such activations can be computed by
 * the layer before them, which then need not keep what it computed itself. */
#include <string.h>

#include "dnn.h"

/* clang-format off */
#define BOTH(name) name##_forward, name##_backward
#define NONE dnnl_alg_kind_undef

static const Kind kinds[] = {
	{ "conv", BOTH(contraction), dnnl_convolution_direct, NONE, 0, 0 },
	{ "depthwise_conv", BOTH(contraction), dnnl_convolution_direct, NONE, 0, 0 },
	{ "conv_transpose", BOTH(contraction), dnnl_deconvolution_direct, NONE, 0, 0 },
	{ "dense", BOTH(contraction), NONE, NONE, 0, 0 },
	{ "max_pool", BOTH(pool), dnnl_pooling_max, NONE, 0, 0 },
	{ "avg_pool", BOTH(pool), dnnl_pooling_avg_exclude_padding, NONE, 0, 0 },
	{ "global_avg_pool", BOTH(pool), dnnl_pooling_avg_exclude_padding, NONE, 0, 1 },
	{ "global_max_pool", BOTH(pool), dnnl_pooling_max, NONE, 0, 1 },
	{ "batch_norm", BOTH(batch_norm), NONE, NONE, 0, 0 },
	{ "layer_norm", BOTH(layer_norm), NONE, NONE, 0, 0 },
	{ "group_norm", BOTH(group_norm), NONE, NONE, 0, 0 },
	{ "add", BOTH(add), dnnl_binary_add, NONE, 0, 0 },
	{ "concat", BOTH(concat), NONE, NONE, 0, 0 },
	{ "multiply", BOTH(multiply), dnnl_binary_mul, NONE, 0, 0 },
	{ "flatten", BOTH(view), NONE, NONE, 0, 0 },
	{ "reshape", BOTH(view), NONE, NONE, 0, 0 },
	{ "dropout", BOTH(drop), NONE, NONE, 0, 0 },
	{ "upsample", BOTH(upsample), NONE, NONE, 0, 0 },
	{ "widen", BOTH(widen), NONE, NONE, 0, 0 },
	{ "widen_features", BOTH(widen), NONE, NONE, 0, 0 },
	{ "relu", BOTH(act), dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd, 0, 0 },
	{ "leaky_relu", BOTH(act), dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd, -1, 0 },
	{ "relu6", BOTH(act), dnnl_eltwise_clip_v2, dnnl_eltwise_clip_v2_use_dst_for_bwd, 0, 6 },
	{ "elu", BOTH(act), dnnl_eltwise_elu, dnnl_eltwise_elu_use_dst_for_bwd, -1, 0 },
	{ "tanh", BOTH(act), dnnl_eltwise_tanh, dnnl_eltwise_tanh_use_dst_for_bwd, 0, 0 },
	{ "sigmoid", BOTH(act), dnnl_eltwise_logistic, dnnl_eltwise_logistic_use_dst_for_bwd, 0,
	  0 },
	{ "softplus", BOTH(act), dnnl_eltwise_soft_relu, NONE, 0, 0 },
	{ "silu", BOTH(act), dnnl_eltwise_swish, NONE, 1, 0 },
	{ "gelu", BOTH(act), dnnl_eltwise_gelu_erf, NONE, 0, 0 },
	{ "hard_swish", BOTH(act), dnnl_eltwise_hardswish, NONE, 0, 0 },
	{ "hard_sigmoid", BOTH(hard_sigmoid), NONE, NONE, 0, 0 },
	{ "softmax", BOTH(softmax), NONE, NONE, 0, 0 },
};
/* clang-format on */

const Kind *kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

bool can_follow(const Layer *l, const Layer *act)
{
	static const char *const takes[] = {"conv", "depthwise_conv", "dense", NULL};
	if (act->kind->from_dst == NONE)
		return false;
	if (!strcmp(l->kind->name, "batch_norm"))
		return !strcmp(act->kind->name, "relu");
	if (!strcmp(l->kind->name, "add"))
		return l->inputs == 2;
	for (int i = 0; takes[i]; i++)
		if (!strcmp(l->kind->name, takes[i]))
			return true;
	return false;
}
