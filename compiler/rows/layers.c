/* layers.c: the table of layers, activations, losses and optimizers.
 *
 * This is the one place of the compiler that knows a layer by name. A row says how the element is
 * spelt, which attributes it takes, the shape of its output, its parameters, and what it computes,
 * as text. The checker, shape inference, equations, gradients, kernels, the summary and the schema
 * all follow from it. A new layer is one row here and its test. The language of the formulas is
 * described in nncc.h (struct Row); their scalar functions are those of ops.h. */
#include "rows.h"

/* clang-format off */
#define END { NULL, A_TEXT, NULL, NULL, NULL, NULL, 0, 0 }

static const AttrSpec conv_attr[] = {
	{ "filters", A_COUNT, NULL, "filters", NULL, "number of output channels", 0, 0 },
	{ "kernel_size", A_PAIR, NULL, "kh kw", NULL, "window", 0, 0 },
	{ "stride", A_PAIR, "1", "sh sw", NULL, "step of the window", 0, 0 },
	{ "padding", A_PAD, "0", "pt pb pl pr", NULL, "zeros around the input", 0, 0 },
	{ "dilation", A_PAIR, "1", "dh dw", NULL, "distance of the window's cells", 0, 0 },
	{ "groups", A_COUNT, "1", "groups", NULL, "channels are split into this many", 0, 0 },
	END
};
static const AttrSpec dense_attr[] = {
	{ "units", A_COUNT, NULL, "units", NULL, "number of output features", 0, 0 },
	END
};
static const AttrSpec pool_attr[] = {
	{ "kernel_size", A_PAIR, NULL, "kh kw", NULL, "window", 0, 0 },
	{ "stride", A_PAIR, "kernel_size", "sh sw", NULL, "step of the window", 0, 0 },
	{ "padding", A_PAD, "0", "pt pb pl pr", NULL, "cells around the input, not counted", 0, 0 },
	END
};
static const AttrSpec dropout_attr[] = {
	{ "rate", A_REAL, NULL, "rate", NULL, "share of values set to zero", 0, 0.999 },
	END
};
static const AttrSpec leaky_attr[] = {
	{ "alpha", A_REAL, "0.01", "alpha", NULL, "slope below zero", 0, 1 },
	END
};
static const AttrSpec depthwise_attr[] = {
	{ "kernel_size", A_PAIR, NULL, "kh kw", NULL, "window", 0, 0 },
	{ "stride", A_PAIR, "1", "sh sw", NULL, "step of the window", 0, 0 },
	{ "padding", A_PAD, "0", "pt pb pl pr", NULL, "zeros around the input", 0, 0 },
	{ "dilation", A_PAIR, "1", "dh dw", NULL, "distance of the window's cells", 0, 0 },
	{ "multiplier", A_COUNT, "1", "multiplier", NULL, "filters for each channel", 0, 0 },
	END
};
static const AttrSpec transpose_attr[] = {
	{ "filters", A_COUNT, NULL, "filters", NULL, "number of output channels", 0, 0 },
	{ "kernel_size", A_PAIR, NULL, "kh kw", NULL, "window", 0, 0 },
	{ "stride", A_PAIR, "1", "sh sw", NULL, "step of the window in the output", 0, 0 },
	{ "padding", A_PAD, "0", "pt pb pl pr", NULL, "cells cut off around the output", 0, 0 },
	{ "output_padding", A_PAIR0, "0", "oh ow", NULL, "rows and columns at the end", 0, 0 },
	END
};
static const AttrSpec reshape_attr[] = {
	{ "channels", A_COUNT, NULL, "channels", NULL, "of the image", 0, 0 },
	{ "height", A_COUNT, NULL, "height", NULL, "of the image", 0, 0 },
	{ "width", A_COUNT, NULL, "width", NULL, "of the image", 0, 0 },
	END
};
static const AttrSpec upsample_attr[] = {
	{ "scale", A_COUNT, "2", "scale", NULL, "factor of height and width", 0, 0 },
	{ "mode", A_CHOICE, "nearest", "mode", "nearest bilinear", "how pixels are made", 0, 0 },
	END
};
static const AttrSpec batch_norm_attr[] = {
	{ "eps", A_REAL, "1e-5", "eps", NULL, "added to the variance", 0, 1e9 },
	{ "momentum", A_REAL, "0.1", "momentum", NULL, "weight of the new running value", 0, 1 },
	{ "affine", A_BOOL, "true", "affine", NULL, "learn a scale and an offset", 0, 0 },
	END
};
static const AttrSpec layer_norm_attr[] = {
	{ "eps", A_REAL, "1e-5", "eps", NULL, "added to the variance", 0, 1e9 },
	END
};
static const AttrSpec group_norm_attr[] = {
	{ "groups", A_COUNT, NULL, "groups", NULL, "channels are split into this many", 0, 0 },
	{ "eps", A_REAL, "1e-5", "eps", NULL, "added to the variance", 0, 1e9 },
	END
};
static const AttrSpec elu_attr[] = {
	{ "alpha", A_REAL, "1", "alpha", NULL, "depth below zero", 0, 1e9 },
	END
};
static const AttrSpec widen_attr[] = {
	{ "channels", A_COUNT, NULL, "channels", NULL, "of the output, new ones are 0", 0, 0 },
	{ "stride", A_PAIR, "1", "sh sw", NULL, "rows and columns taken", 0, 0 },
	END
};
static const AttrSpec cross_entropy_attr[] = {
	{ "label_smoothing", A_REAL, "0", "label_smoothing", NULL,
	  "share of the target spread over all classes", 0, 0.999 },
	{ "class_weights", A_CHOICE, "none", "class_weights", "none balanced",
	  "balanced: rare classes count more", 0, 0 },
	END
};
static const AttrSpec sgd_attr[] = {
	{ "lr", A_REAL, "0.01", "lr", NULL, "learning rate", 0, 1e9 },
	{ "momentum", A_REAL, "0", "momentum", NULL, "share of the previous step kept", 0, 1 },
	{ "nesterov", A_BOOL, "false", "nesterov", NULL, "look ahead along the momentum", 0, 0 },
	{ "weight_decay", A_REAL, "0", "weight_decay", NULL, "L2 penalty in the gradient", 0, 1e9 },
	END
};
static const AttrSpec adam_attr[] = {
	{ "lr", A_REAL, "0.001", "lr", NULL, "learning rate", 0, 1e9 },
	{ "beta1", A_REAL, "0.9", "beta1", NULL, "decay of the mean gradient", 0, 1 },
	{ "beta2", A_REAL, "0.999", "beta2", NULL, "decay of the mean square", 0, 1 },
	{ "eps", A_REAL, "1e-8", "eps", NULL, "added to the divisor", 0, 1 },
	{ "weight_decay", A_REAL, "0", "weight_decay", NULL, "L2 penalty in the gradient", 0, 1e9 },
	END
};

static const AttrSpec rmsprop_attr[] = {
	{ "lr", A_REAL, "0.01", "lr", NULL, "learning rate", 0, 1e9 },
	{ "momentum", A_REAL, "0", "momentum", NULL, "share of the previous step kept", 0, 1 },
	{ "decay", A_REAL, "0.99", "decay", NULL, "decay of the mean square", 0, 1 },
	{ "eps", A_REAL, "1e-8", "eps", NULL, "added to the divisor", 0, 1 },
	{ "weight_decay", A_REAL, "0", "weight_decay", NULL, "L2 penalty in the gradient", 0, 1e9 },
	END
};
static const AttrSpec adagrad_attr[] = {
	{ "lr", A_REAL, "0.01", "lr", NULL, "learning rate", 0, 1e9 },
	{ "eps", A_REAL, "1e-10", "eps", NULL, "added to the divisor", 0, 1 },
	{ "weight_decay", A_REAL, "0", "weight_decay", NULL, "L2 penalty in the gradient", 0, 1e9 },
	END
};
static const AttrSpec adamw_attr[] = {
	{ "lr", A_REAL, "0.001", "lr", NULL, "learning rate", 0, 1e9 },
	{ "beta1", A_REAL, "0.9", "beta1", NULL, "decay of the mean gradient", 0, 1 },
	{ "beta2", A_REAL, "0.999", "beta2", NULL, "decay of the mean square", 0, 1 },
	{ "eps", A_REAL, "1e-8", "eps", NULL, "added to the divisor", 0, 1 },
	{ "weight_decay", A_REAL, "0", "weight_decay", NULL, "share of weight removed", 0, 1e9 },
	END
};
static const AttrSpec lion_attr[] = {
	{ "lr", A_REAL, "0.0001", "lr", NULL, "learning rate", 0, 1e9 },
	{ "beta1", A_REAL, "0.9", "beta1", NULL, "decay in the direction", 0, 1 },
	{ "beta2", A_REAL, "0.99", "beta2", NULL, "decay of the mean gradient", 0, 1 },
	{ "weight_decay", A_REAL, "0", "weight_decay", NULL, "share of weight removed", 0, 1e9 },
	END
};

#define WINDOW "filters, (H+pt+pb-dh*(kh-1)-1)/sh+1, (W+pl+pr-dw*(kw-1)-1)/sw+1"
#define POOL   "C, (H+pt+pb-kh)/sh+1, (W+pl+pr-kw)/sw+1"

const Row rows[] = {
	{ .kind = ROW_LAYER, .name = "conv", .doc = "convolution", .attr = conv_attr, .rank = "3",
	  .supported = true, .shape = WINDOW,
	  .param = "weight[filters,C/groups,kh,kw] bias[filters]",
	  .axes = "g:groups k:filters/groups",
	  .eqn = "y[n,g*(filters/groups)+k,i,j] = bias[g*(filters/groups)+k]"
	         " + sum{c,r,s} x[n,g*(C/groups)+c,i*sh+r*dh-pt,j*sw+s*dw-pl]"
	         " * weight[g*(filters/groups)+k,c,r,s]",
	  .macs = "filters*OH*OW*(C/groups)*kh*kw", .window = "kh kw sh sw dh dw pt pl" },
	{ .kind = ROW_LAYER, .name = "dense", .doc = "every output sees every input",
	  .attr = dense_attr, .supported = true, .shape = "units",
	  .param = "weight[units,F] bias[units]",
	  .eqn = "y[n,k] = bias[k] + sum{c...} x[n,c...] * weight[k,c...]",
	  .macs = "units*F" },
	{ .kind = ROW_LAYER, .name = "max_pool", .doc = "largest value of each window",
	  .attr = pool_attr, .rank = "3", .supported = true, .shape = POOL, .axes = "r:kh s:kw",
	  .eqn = "y[n,c,i,j] = max{r,s} x[n,c,i*sh+r-pt,j*sw+s-pl]",
	  .window = "kh kw sh sw 1 1 pt pl" },
	{ .kind = ROW_LAYER, .name = "avg_pool", .doc = "mean of each window, padding left out",
	  .attr = pool_attr, .rank = "3", .supported = true, .shape = POOL, .axes = "r:kh s:kw",
	  .eqn = "y[n,c,i,j] = (sum{r,s} x[n,c,i*sh+r-pt,j*sw+s-pl])"
	         " / (sum{r,s} inside(i*sh+r-pt,H) * inside(j*sw+s-pl,W))",
	  .window = "kh kw sh sw 1 1 pt pl" },
	{ .kind = ROW_LAYER, .name = "global_avg_pool", .doc = "mean of each channel", .rank = "3",
	  .supported = true, .shape = "C, 1, 1", .axes = "h:H w:W",
	  .eqn = "y[n,c,i,j] = (sum{h,w} x[n,c,h,w]) / (H*W)", .window = "H W 1 1 1 1 0 0" },
	{ .kind = ROW_LAYER, .name = "flatten", .doc = "an image as a row of features",
	  .supported = true, .view = true },
	{ .kind = ROW_LAYER, .name = "dropout", .doc = "sets a share of values to zero in training",
	  .spoils = "sets some of them to 0 in training",
	  .attr = dropout_attr, .supported = true,
	  .eqn = "y[...] = ifgt(rate, random(), 0, x[...] / (1-rate))", .eval = "y[...] = x[...]" },
	{ .kind = ROW_LAYER, .name = "depthwise_conv", .doc = "a convolution of each channel alone",
	  .attr = depthwise_attr, .rank = "3", .supported = true,
	  .shape = "C*multiplier, (H+pt+pb-dh*(kh-1)-1)/sh+1, (W+pl+pr-dw*(kw-1)-1)/sw+1",
	  .param = "weight[C*multiplier,1,kh,kw] bias[C*multiplier]", .axes = "m:multiplier c:C",
	  .eqn = "y[n,c*multiplier+m,i,j] = bias[c*multiplier+m]"
	         " + sum{r,s} x[n,c,i*sh+r*dh-pt,j*sw+s*dw-pl] * weight[c*multiplier+m,0,r,s]",
	  .macs = "C*multiplier*OH*OW*kh*kw", .window = "kh kw sh sw dh dw pt pl" },
	{ .kind = ROW_LAYER, .name = "conv_transpose", .doc = "a convolution's data gradient",
	  .attr = transpose_attr, .rank = "3", .supported = true, .enlarges = true,
	  .shape = "filters, (H-1)*sh+kh-pt-pb+oh, (W-1)*sw+kw-pl-pr+ow",
	  .param = "weight[C,filters,kh,kw] bias[filters]", .axes = "r:kh s:kw",
	  .eqn = "sum[n,k,i*sh+r-pt,j*sw+s-pl] += x[n,c,i,j] * weight[c,k,r,s];"
	         "y[n,k,h,w] = bias[k] + sum[n,k,h,w]",
	  .grad = "dx[n,c,i,j] = sum{k,r,s} dy[n,k,i*sh+r-pt,j*sw+s-pl] * weight[c,k,r,s];"
	          "dweight[c,k,r,s] = sum{n,i,j} x[n,c,i,j] * dy[n,k,i*sh+r-pt,j*sw+s-pl];"
	          "dbias[k] = sum{n,h,w} dy[n,k,h,w]",
	  .macs = "C*H*W*filters*kh*kw" },
	{ .kind = ROW_LAYER, .name = "global_max_pool", .doc = "largest value of each channel",
	  .rank = "3", .supported = true, .shape = "C, 1, 1", .axes = "h:H w:W",
	  .eqn = "y[n,c,i,j] = max{h,w} x[n,c,h,w]", .window = "H W 1 1 1 1 0 0" },
	{ .kind = ROW_LAYER, .name = "reshape", .doc = "the same values as another image",
	  .attr = reshape_attr, .supported = true, .shape = "channels, height, width",
	  .axes = "h:H w:W", .same_count = true,
	  .eqn = "row[n,(c*H+h)*W+w] = x[n,c,@];"
	         "y[n,k,i,j] = row[n,(k*height+i)*width+j]" },
	{ .kind = ROW_LAYER, .name = "upsample", .doc = "a larger image", .attr = upsample_attr,
	  .rank = "3", .supported = true, .shape = "C, H*scale, W*scale",
	  .axes = "i:H j:W r:scale s:scale a:3 b:3", .choose = "mode",
	  .eqn = "y[n,c,i*scale+r,j*scale+s] = x[n,c,i,j] |"
	         "near[r,a] = max(0, 1 - abs(value(r)/scale + (0.5/scale + 0.5) - value(a)));"
	         "rows[i,r] = sum{a} near[r,a] * inside(i+a-1,H);"
	         "columns[j,s] = sum{b} near[s,b] * inside(j+b-1,W);"
	         "y[n,c,i*scale+r,j*scale+s] = (sum{a,b} x[n,c,i+a-1,j+b-1] * near[r,a]"
	         " * near[s,b])"
	         " / (rows[i,r] * columns[j,s])" },
	{ .kind = ROW_LAYER, .name = "batch_norm", .doc = "each channel gets mean 0 and variance 1",
	  .spoils = "ties their mean and scale to the batch",
	  .attr = batch_norm_attr, .centres = true, .norm = true, .supported = true,
	  .param = "weight[C]=1?affine bias[C]=0?affine running_mean[C]=0! running_var[C]=1!",
	  .eqn = "mean[c] = (sum{n,@} x[n,c,@]) / (batch*H*W);"
	         "var[c] = (sum{n,@} (x[n,c,@] - mean[c]) * (x[n,c,@] - mean[c])) / (batch*H*W);"
	         "inv[c] = 1 / sqrt(var[c] + eps);"
	         "y[n,c,@] = (x[n,c,@] - mean[c]) * inv[c] * weight[c] + bias[c];"
	         "running_mean[c] := (1-momentum) * running_mean[c] + momentum * mean[c];"
	         "running_var[c] := ifgt(batch*H*W, 1, (1-momentum) * running_var[c]"
	         " + momentum * var[c]"
	         " * (batch*H*W / (batch*H*W - 1)), running_var[c])",
	  .eval = "y[n,c,@] = (x[n,c,@] - running_mean[c]) / sqrt(running_var[c] + eps) * weight[c]"
	          " + bias[c]",
	  .grad = "dbias[c] = sum{n,@} dy[n,c,@];"
	          "dweight[c] = sum{n,@} dy[n,c,@] * ((x[n,c,@] - mean[c]) * inv[c]);"
	          "dx[n,c,@] = weight[c] * inv[c] * (dy[n,c,@] - (dbias[c]"
	          " + (x[n,c,@] - mean[c]) * inv[c] * dweight[c]) / (batch*H*W))" },
	{ .kind = ROW_LAYER, .name = "layer_norm", .doc = "each image gets mean 0 and variance 1",
	  .spoils = "ties their mean and scale to each other",
	  .attr = layer_norm_attr, .param = "weight[...]=1 bias[...]=0", .norm = true,
	  .supported = true,
	  .eqn = "mean[n] = (sum{c...} x[n,c...]) / F;"
	         "var[n] = (sum{c...} (x[n,c...] - mean[n]) * (x[n,c...] - mean[n])) / F;"
	         "inv[n] = 1 / sqrt(var[n] + eps);"
	         "y[n,c...] = (x[n,c...] - mean[n]) * inv[n] * weight[c...] + bias[c...]",
	  .grad = "a[n] = (sum{c...} dy[n,c...] * weight[c...]) / F;"
	          "b[n] = (sum{c...} dy[n,c...] * weight[c...]"
	          " * ((x[n,c...] - mean[n]) * inv[n])) / F;"
	          "dx[n,c...] = inv[n] * (dy[n,c...] * weight[c...] - a[n]"
	          " - (x[n,c...] - mean[n]) * inv[n] * b[n]);"
	          "dweight[c...] = sum{n} dy[n,c...] * ((x[n,c...] - mean[n]) * inv[n]);"
	          "dbias[c...] = sum{n} dy[n,c...]" },
	{ .kind = ROW_LAYER, .name = "group_norm", .doc = "each group of channels is normalised",
	  .spoils = "ties their mean and scale to each other",
	  .attr = group_norm_attr, .param = "weight[C]=1 bias[C]=0", .norm = true,
	  .supported = true, .axes = "g:groups c:C/groups",
	  .eqn = "mean[n,g] = (sum{c,@} x[n,g*(C/groups)+c,@]) / (C/groups*H*W);"
	         "var[n,g] = (sum{c,@} (x[n,g*(C/groups)+c,@] - mean[n,g])"
	         " * (x[n,g*(C/groups)+c,@] - mean[n,g])) / (C/groups*H*W);"
	         "inv[n,g] = 1 / sqrt(var[n,g] + eps);"
	         "y[n,g*(C/groups)+c,@] = (x[n,g*(C/groups)+c,@] - mean[n,g]) * inv[n,g]"
	         " * weight[g*(C/groups)+c] + bias[g*(C/groups)+c]",
	  .grad = "z[n,g*(C/groups)+c,@] = (x[n,g*(C/groups)+c,@] - mean[n,g]) * inv[n,g];"
	          "a[n,g] = (sum{c,@} dy[n,g*(C/groups)+c,@]"
	          " * weight[g*(C/groups)+c]) / (C/groups*H*W);"
	          "b[n,g] = (sum{c,@} dy[n,g*(C/groups)+c,@] * weight[g*(C/groups)+c]"
	          " * z[n,g*(C/groups)+c,@]) / (C/groups*H*W);"
	          "dx[n,g*(C/groups)+c,@] = inv[n,g] * (dy[n,g*(C/groups)+c,@]"
	          " * weight[g*(C/groups)+c] - a[n,g] - z[n,g*(C/groups)+c,@] * b[n,g]);"
	          "dweight[g*(C/groups)+c] = sum{n,@} dy[n,g*(C/groups)+c,@]"
	          " * z[n,g*(C/groups)+c,@];"
	          "dbias[g*(C/groups)+c] = sum{n,@} dy[n,g*(C/groups)+c,@]" },
	{ .kind = ROW_LAYER, .name = "add", .doc = "the sum of its inputs", .joins = "same",
	  .supported = true, .eqn = "y[...] = x1[...]< + x#[...]>" },
	{ .kind = ROW_LAYER, .name = "concat", .doc = "its inputs' channels one after another",
	  .joins = "channels", .supported = true,
	  .eqn = "y[n,c,@] = x1[n,c,@]< + x#[n,c-O#,@]>" },
	{ .kind = ROW_LAYER, .name = "multiply", .doc = "product of its inputs",
	  .joins = "broadcast", .supported = true, .eqn = "y[...] = x1[...]< * x#[...]>" },

	{ .kind = ROW_INTERNAL, .name = "widen", .doc = "a shortcut that adds channels of zeros",
	  .attr = widen_attr, .supported = true, .shape = "channels, (H-1)/sh+1, (W-1)/sw+1",
	  .eqn = "y[n,k,i,j] = x[n,k,i*sh,j*sw]" },
	{ .kind = ROW_INTERNAL, .name = "widen_features", .doc = "the same for features",
	  .attr = widen_attr, .supported = true, .shape = "channels", .eqn = "y[n,k] = x[n,k]" },

	{ .kind = ROW_ACTIVATION, .name = "relu", .doc = "max(0, x)", .supported = true,
	  .spoils = "lets none fall below 0",
	  .rectifies = true, .eqn = "y[...] = max(0, x[...])" },
	{ .kind = ROW_ACTIVATION, .name = "leaky_relu", .doc = "x, or alpha x below zero",
	  .spoils = "shrinks those below 0",
	  .attr = leaky_attr, .supported = true, .rectifies = true,
	  .eqn = "y[...] = ifgt(x[...], 0, x[...], alpha * x[...])" },
	{ .kind = ROW_ACTIVATION, .name = "tanh", .doc = "hyperbolic tangent", .supported = true,
	  .spoils = "keeps them from -1 to 1",
	  .eqn = "y[...] = tanh(x[...])" },
	{ .kind = ROW_ACTIVATION, .name = "sigmoid", .doc = "1 / (1 + exp(-x))", .supported = true,
	  .spoils = "keeps them from 0 to 1",
	  .eqn = "y[...] = sigmoid(x[...])" },
	{ .kind = ROW_ACTIVATION, .name = "softmax", .doc = "probabilities over the channels",
	  .spoils = "keeps them from 0 to 1",
	  .supported = true,
	  .eqn = "m[n,@] = max{c} x[n,c,@]; e[n,c,@] = exp(x[n,c,@] - m[n,@]);"
	         "z[n,@] = sum{c} e[n,c,@]; y[n,c,@] = e[n,c,@] / z[n,@]",
	  .grad = "p[n,@] = sum{c} dy[n,c,@] * y[n,c,@];"
	          "dx[n,c,@] = y[n,c,@] * (dy[n,c,@] - p[n,@])" },
	{ .kind = ROW_ACTIVATION, .name = "relu6", .doc = "min(6, max(0, x))", .rectifies = true,
	  .spoils = "keeps them from 0 to 6",
	  .supported = true, .eqn = "y[...] = min(6, max(0, x[...]))" },
	{ .kind = ROW_ACTIVATION, .name = "elu", .doc = "x, or alpha (exp(x)-1) below zero",
	  .spoils = "lets none fall below -alpha",
	  .attr = elu_attr, .rectifies = true, .supported = true,
	  .eqn = "y[...] = ifgt(x[...], 0, x[...], alpha * expm1(x[...]))",
	  .grad = "dx[...] = ifgt(x[...], 0, dy[...], dy[...] * alpha * (expm1(x[...]) + 1))" },
	{ .kind = ROW_ACTIVATION, .name = "softplus", .doc = "log(1 + exp(x))",
	  .spoils = "lets none fall below 0",
	  .supported = true, .eqn = "y[...] = max(0, x[...]) + log1p(exp(-abs(x[...])))",
	  .grad = "dx[...] = dy[...] * sigmoid(x[...])" },
	{ .kind = ROW_ACTIVATION, .name = "silu", .doc = "x sigmoid(x)", .rectifies = true,
	  .spoils = "lets none fall below -0.28",
	  .supported = true, .eqn = "y[...] = x[...] * sigmoid(x[...])" },
	{ .kind = ROW_ACTIVATION, .name = "gelu", .doc = "x times the normal law up to x",
	  .spoils = "lets none fall below -0.17",
	  .rectifies = true, .supported = true,
	  .eqn = "y[...] = x[...] * (0.5 * (1 + erf(0.70710678118654752 * x[...])))" },
	{ .kind = ROW_ACTIVATION, .name = "hard_swish", .doc = "x hard_sigmoid(x)",
	  .spoils = "lets none fall below -0.38",
	  .rectifies = true, .supported = true,
	  .eqn = "y[...] = x[...] * (min(6, max(0, x[...] + 3)) / 6)" },
	{ .kind = ROW_ACTIVATION, .name = "hard_sigmoid", .doc = "min(6, max(0, x+3)) / 6",
	  .spoils = "keeps them from 0 to 1",
	  .supported = true, .eqn = "y[...] = min(6, max(0, x[...] + 3)) / 6" },

	{ .kind = ROW_LOSS, .name = "cross_entropy", .doc = "of logits against a class number",
	  .supported = true, .labels = true, .absorbs = "softmax",
	  .attr = cross_entropy_attr,
	  .eqn = "m[n] = max{c...} x[n,c...]; z[n] = sum{c...} exp(x[n,c...] - m[n]);"
	         "l[n] = log(z[n]);"
	         "q[n,c...] = (share[n] * ifeq(t[n], ordinal(c...), 1-label_smoothing, 0)"
	         " + (1-share[n]) * ifeq(other[n], ordinal(c...), 1-label_smoothing, 0)"
	         " + label_smoothing/F)"
	         " * class_weight[c...];"
	         "loss[n] = sum{c...} q[n,c...] * (l[n] - (x[n,c...] - m[n]))",
	  .grad = "s[n] = sum{c...} q[n,c...];"
	          "dx[n,c...] = (exp(x[n,c...] - m[n] - l[n]) * s[n] - q[n,c...]) / batch" },
	{ .kind = ROW_LOSS, .name = "mse", .doc = "mean squared error", .supported = true,
	  .eqn = "loss[n] = (sum{c...} (x[n,c...] - t[n,c...]) * (x[n,c...] - t[n,c...])) / F" },
	{ .kind = ROW_LOSS, .name = "binary_cross_entropy", .doc = "of logits against 0 or 1",
	  .supported = true, .absorbs = "sigmoid",
	  .eqn = "loss[n] = (sum{c...} (max(0, x[n,c...]) - x[n,c...] * t[n,c...]"
	         " + log1p(exp(-abs(x[n,c...]))))) / F",
	  .grad = "dx[n,c...] = (sigmoid(x[n,c...]) - t[n,c...]) / (F*batch)" },
	{ .kind = ROW_LOSS, .name = "mae", .doc = "mean absolute error", .supported = true,
	  .eqn = "loss[n] = (sum{c...} abs(x[n,c...] - t[n,c...])) / F" },
	{ .kind = ROW_LOSS, .name = "huber", .doc = "squared near 0, absolute beyond 1",
	  .supported = true,
	  .eqn = "d[n,c...] = x[n,c...] - t[n,c...]; loss[n] = (sum{c...} ifgt(1, abs(d[n,c...]),"
	         " 0.5 * d[n,c...] * d[n,c...], abs(d[n,c...]) - 0.5)) / F" },

	{ .kind = ROW_OPTIMIZER, .name = "sgd", .doc = "gradient descent, with momentum",
	  .attr = sgd_attr, .supported = true, .state = "momentum_buffer",
	  .cycles = "momentum",
	  .eqn = "d[...] = g[...] + weight_decay * w[...] + l1 * sign(w[...]);"
	         "momentum_buffer[...] := momentum * momentum_buffer[...] + d[...];"
	         "w[...] := w[...] - lr * (nesterov * (d[...] + momentum * momentum_buffer[...])"
	         " + (1-nesterov) * momentum_buffer[...])" },
	{ .kind = ROW_OPTIMIZER, .name = "adam", .doc = "steps scaled by running moments",
	  .attr = adam_attr, .supported = true, .state = "exp_avg exp_avg_sq",
	  .cycles = "beta1",
	  .eqn = "d[...] = g[...] + weight_decay * w[...] + l1 * sign(w[...]);"
	         "exp_avg[...] := beta1 * exp_avg[...] + (1-beta1) * d[...];"
	         "exp_avg_sq[...] := beta2 * exp_avg_sq[...] + (1-beta2) * d[...] * d[...];"
	         "w[...] := w[...] - lr / (1 - power(beta1, step+1)) * exp_avg[...]"
	         " / (sqrt(exp_avg_sq[...] / (1 - power(beta2, step+1))) + eps)" },
	{ .kind = ROW_OPTIMIZER, .name = "rmsprop", .doc = "steps scaled by a running mean square",
	  .attr = rmsprop_attr, .supported = true, .state = "square_avg momentum_buffer",
	  .cycles = "momentum",
	  .eqn = "d[...] = g[...] + weight_decay * w[...] + l1 * sign(w[...]);"
	         "square_avg[...] := decay * square_avg[...] + (1-decay) * d[...] * d[...];"
	         "momentum_buffer[...] := momentum * momentum_buffer[...]"
	         " + d[...] / (sqrt(square_avg[...]) + eps);"
	         "w[...] := w[...] - lr * momentum_buffer[...]" },
	{ .kind = ROW_OPTIMIZER, .name = "adagrad", .doc = "steps scaled by all squares so far",
	  .attr = adagrad_attr, .supported = true, .state = "sum",
	  .eqn = "d[...] = g[...] + weight_decay * w[...] + l1 * sign(w[...]);"
	         "sum[...] := sum[...] + d[...] * d[...];"
	         "w[...] := w[...] - lr * d[...] / (sqrt(sum[...]) + eps)" },
	{ .kind = ROW_OPTIMIZER, .name = "adamw", .doc = "adam with decoupled weight decay",
	  .attr = adamw_attr, .supported = true, .state = "exp_avg exp_avg_sq",
	  .cycles = "beta1",
	  .eqn = "d[...] = g[...] + l1 * sign(w[...]);"
	         "exp_avg[...] := beta1 * exp_avg[...] + (1-beta1) * d[...];"
	         "exp_avg_sq[...] := beta2 * exp_avg_sq[...] + (1-beta2) * d[...] * d[...];"
	         "w[...] := w[...] * (1 - lr * weight_decay)"
	         " - lr / (1 - power(beta1, step+1)) * exp_avg[...]"
	         " / (sqrt(exp_avg_sq[...] / (1 - power(beta2, step+1))) + eps)" },
	{ .kind = ROW_OPTIMIZER, .name = "lion", .doc = "the sign of a mean gradient",
	  .attr = lion_attr, .supported = true, .state = "exp_avg",
	  .cycles = "beta1",
	  .eqn = "d[...] = g[...] + l1 * sign(w[...]);"
	         "w[...] := w[...] * (1 - lr * weight_decay)"
	         " - lr * sign(beta1 * exp_avg[...] + (1-beta1) * d[...]);"
	         "exp_avg[...] := beta2 * exp_avg[...] + (1-beta2) * d[...]" },
};
const int nrows = sizeof rows / sizeof rows[0];

/* The layers of a projecting shortcut: $C the body's channels or features, $S its strides. */
const char *const projection_of_image[2] = {
	"conv filters=$C kernel_size=1 stride=$S bias=false", "batch_norm",
};
const char *const padding_of_image[2] = { "widen channels=$C stride=$S", NULL };
const char *const padding_of_features[2] = { "widen_features channels=$C", NULL };
const char *const projection_of_features[2] = { "dense units=$C bias=false", "batch_norm" };

/* Layers of other systems that are none of ours, and what there is to say about them. */
const Alias layers_elsewhere[] = {
	{ NULL, "LSTM GRU RNN SimpleRNN LSTMCell GRUCell RNNCell ConvLSTM2D Bidirectional recurrent"
	  " TimeDistributed Masking", "recurrent layers are not supported" },
	{ NULL, "Embedding EmbeddingBag Embed Gather", "embeddings are not supported: inputs are"
	  " images or rows of numbers" },
	{ NULL, "attention MultiheadAttention MultiHeadAttention multi_head_attention SelfAttention"
	  " self_attention AdditiveAttention Transformer TransformerEncoder TransformerEncoderLayer"
	  " PositionalEncoding", "attention is not supported" },
	{ NULL, "Conv1d conv_1d MaxPool1d MaxPooling1D max_pool1d AvgPool1d AveragePooling1D"
	  " avg_pool1d ConvTranspose1d Conv1DTranspose",
	  "layers along one axis are not supported; on an"
	  " input of height 1 those for images do the same with kernel_size=\"1,k\"" },
	{ NULL, "Conv3d conv_3d MaxPool3d MaxPooling3D AvgPool3d AveragePooling3D BatchNorm3d"
	  " ConvTranspose3d Conv3DTranspose",
	  "volumes are not supported: inputs are images or rows" },
	{ NULL, "InstanceNorm InstanceNorm1d InstanceNorm2d InstanceNormalization",
	  "<group_norm> with as"
	  " many groups as channels does the same" },
	{ NULL, "LRN LocalResponseNorm local_response_norm local_response_normalization RMSNorm"
	  " WeightNorm SpectralNorm SpectralNormalization", "this normalisation is not supported" },
	{ NULL, "Pad ZeroPad2d ZeroPadding2D ReflectionPad2d Cropping2D zero_padding",
	  "zeros around"
	  " an image are the attribute 'padding' of convolutions and pools" },
	{ NULL, "Lambda PixelShuffle Fold Unfold Permute Transpose Bilinear Subtract", "it is not"
	  " supported" },
	{ NULL, NULL, NULL },
};

/* What PyTorch, Keras, ONNX, Caffe and darknet call these things. */
const Alias layer_alias[] = {
	{ NULL, "Conv2d convolution convolutional conv_2d", "conv" },
	{ NULL, "DepthwiseConv2D SeparableConv2D depthwise", "depthwise_conv" },
	{ NULL, "ConvTranspose ConvTranspose2d Conv2DTranspose deconv deconvolution deconvolutional"
	  " conv2d_transpose", "conv_transpose" },
	{ NULL, "Linear fully_connected fc connected InnerProduct inner_product Gemm affine MatMul",
	  "dense" },
	{ NULL, "MaxPool MaxPool2d MaxPooling2D pooling maxpooling pool", "max_pool" },
	{ NULL, "AvgPool AvgPool2d AveragePool AveragePooling2D average_pool mean_pool",
	  "avg_pool" },
	{ NULL, "GlobalAveragePool GlobalAveragePooling2D AdaptiveAvgPool2d GlobalAvgPool2d gap"
	  " global_average_pool", "global_avg_pool" },
	{ NULL, "GlobalMaxPool GlobalMaxPooling2D AdaptiveMaxPool2d", "global_max_pool" },
	{ NULL, "view", "reshape" },
	{ NULL, "resize UpSampling2D interpolate unpool", "upsample" },
	{ NULL, "BatchNorm BatchNorm1d BatchNorm2d BatchNormalization batchnormalisation bn",
	  "batch_norm" },
	{ NULL, "LayerNorm LayerNormalization ln", "layer_norm" },
	{ NULL, "GroupNorm GroupNormalization", "group_norm" },
	{ NULL, "Dropout2d SpatialDropout2D drop", "dropout" },
	{ NULL, "eltwise sum plus elementwise_add", "add" },
	{ NULL, "concatenate cat route", "concat" },
	{ NULL, "mul product Multiply2d", "multiply" },
	{ NULL, "non_linearity nonlinearity act", "activation" },
	{ "type", "rectify rectifier rectified_linear", "relu" },
	{ "type", "leaky leakyrelu lrelu PReLU", "leaky_relu" },
	{ "type", "logistic logsig", "sigmoid" },
	{ "type", "hyperbolic_tangent tansig", "tanh" },
	{ "type", "swish", "silu" },
	{ "type", "LogSoftmax log_softmax", "softmax" },
	{ "type", "momentum nesterov gd gradient_descent", "sgd" },
#define OUTPUTS(e) \
	{ e, "out_channels num_output n_filters channels out_maps num_filters", "filters" }
#define SIZES(e) \
	{ e, "kernel size kernel_shape ksize pool_size window window_size", "kernel_size" }, \
	{ e, "strides step stride_size subsample", "stride" }, \
	{ e, "pad pads pad_size border_mode", "padding" }
#define DILATION(e) { e, "dilations dilation_rate dilate", "dilation" }
	OUTPUTS("conv"), SIZES("conv"), DILATION("conv"), { "conv", "group n_groups", "groups" },
	SIZES("depthwise_conv"), DILATION("depthwise_conv"),
	{ "depthwise_conv", "depth_multiplier", "multiplier" },
	OUTPUTS("conv_transpose"), SIZES("conv_transpose"),
	{ "conv_transpose", "adj out_padding", "output_padding" },
	SIZES("max_pool"), SIZES("avg_pool"),
	{ "dense", "out_features num_output output neurons size outputs filters n_units nodes "
	  " hidden output_dim", "units" },
	{ "dropout", "p probability dropout_ratio prob ratio drop_prob keep_prob", "rate" },
	{ "activation", "negative_slope slope", "alpha" },
	{ "batch_norm", "epsilon variance_epsilon", "eps" },
	{ "batch_norm", "decay momentum_rate", "momentum" },
	{ "batch_norm", "scale center", "affine" },
	{ "layer_norm", "epsilon", "eps" },
	{ "group_norm", "epsilon", "eps" },
	{ "group_norm", "num_groups group", "groups" },
	{ "upsample", "scale_factor size stride factor", "scale" },
	{ "upsample", "interpolation", "mode" },
	{ NULL, NULL, NULL },
};
