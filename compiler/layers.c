/* layers.c: the table of layers, activations, losses and optimizers.
 *
 * This is the one place of the compiler that knows a layer by name. A row says how the element is
 * spelt, which attributes it takes, the shape of its output, its parameters, and what it computes,
 * as text. The checker, shape inference, equations, gradients, kernels, the summary and the schema
 * all follow from it. A new layer is one row here and its test. The language of the formulas is
 * described in nncc.h (struct Row); their scalar functions are those of ops.h. */
#include "nncc.h"

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
	{ "padding", A_PAD, "0", "pt pb pl pr", NULL, "cells around the input that do not count", 0, 0 },
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
	{ .kind = ROW_LAYER, .name = "dropout", .doc = "sets a share of the values to zero in training",
	  .attr = dropout_attr, .supported = true,
	  .eqn = "y[...] = ifgt(rate, random(), 0, x[...] / (1-rate))", .eval = "y[...] = x[...]" },

	{ .kind = ROW_ACTIVATION, .name = "relu", .doc = "max(0, x)", .supported = true,
	  .rectifies = true, .eqn = "y[...] = max(0, x[...])" },
	{ .kind = ROW_ACTIVATION, .name = "leaky_relu", .doc = "x, or alpha x below zero",
	  .attr = leaky_attr, .supported = true, .rectifies = true,
	  .eqn = "y[...] = ifgt(x[...], 0, x[...], alpha * x[...])" },
	{ .kind = ROW_ACTIVATION, .name = "tanh", .doc = "hyperbolic tangent", .supported = true,
	  .eqn = "y[...] = tanh(x[...])" },
	{ .kind = ROW_ACTIVATION, .name = "sigmoid", .doc = "1 / (1 + exp(-x))", .supported = true,
	  .eqn = "y[...] = sigmoid(x[...])" },
	{ .kind = ROW_ACTIVATION, .name = "softmax", .doc = "probabilities over the channels",
	  .supported = true,
	  .eqn = "m[n,@] = max{c} x[n,c,@]; e[n,c,@] = exp(x[n,c,@] - m[n,@]);"
	         "z[n,@] = sum{c} e[n,c,@]; y[n,c,@] = e[n,c,@] / z[n,@]",
	  .grad = "p[n,@] = sum{c} dy[n,c,@] * y[n,c,@];"
	          "dx[n,c,@] = y[n,c,@] * (dy[n,c,@] - p[n,@])" },

	{ .kind = ROW_LOSS, .name = "cross_entropy", .doc = "of logits against a class number",
	  .supported = true, .labels = true, .absorbs = "softmax",
	  .eqn = "m[n] = max{c...} x[n,c...]; z[n] = sum{c...} exp(x[n,c...] - m[n]);"
	         "loss[n] = log(z[n]) + m[n] - (sum{c...} ifeq(t[n], ordinal(c...), x[n,c...], 0))",
	  .grad = "dx[n,c...] = (exp(x[n,c...] - m[n]) / z[n] - ifeq(t[n], ordinal(c...), 1, 0)) / batch" },
	{ .kind = ROW_LOSS, .name = "mse", .doc = "mean squared error", .supported = true,
	  .eqn = "loss[n] = (sum{c...} (x[n,c...] - t[n,c...]) * (x[n,c...] - t[n,c...])) / F" },

	{ .kind = ROW_OPTIMIZER, .name = "sgd", .doc = "gradient descent, with momentum",
	  .attr = sgd_attr, .supported = true, .state = "momentum_buffer",
	  .eqn = "d[...] = g[...] + weight_decay * w[...];"
	         "momentum_buffer[...] := momentum * momentum_buffer[...] + d[...];"
	         "w[...] := w[...] - lr * (nesterov * (d[...] + momentum * momentum_buffer[...])"
	         " + (1-nesterov) * momentum_buffer[...])" },
	{ .kind = ROW_OPTIMIZER, .name = "adam", .doc = "steps scaled by running moments",
	  .attr = adam_attr, .supported = true, .state = "exp_avg exp_avg_sq",
	  .eqn = "d[...] = g[...] + weight_decay * w[...];"
	         "exp_avg[...] := beta1 * exp_avg[...] + (1-beta1) * d[...];"
	         "exp_avg_sq[...] := beta2 * exp_avg_sq[...] + (1-beta2) * d[...] * d[...];"
	         "w[...] := w[...] - lr / (1 - power(beta1, step+1)) * exp_avg[...]"
	         " / (sqrt(exp_avg_sq[...] / (1 - power(beta2, step+1))) + eps)" },
};
const int nrows = sizeof rows / sizeof rows[0];
