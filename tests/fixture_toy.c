/* fixture_toy.c: a network written by hand, for the tests of the runtime.
 *
 * Softmax regression on images of 4 x 4: one dense layer, cross entropy, SGD with momentum, and a
 * running statistic (the mean logit). The fast program is in float with 4 images in the lanes,
 * outputs padded to 4, so that partial blocks and padding occur; the plain one is row-major in
 * double. Both are the same code, which asks nn_tensor_at where an element lies. The real thing is
 * emitted by the compiler; here everything runs on thread 0.
 *
 * nn_toy_wrong is the same with a gradient that lacks its last image, nn_toy_wrong_both has that
 * mistake in both programs: `check` must find the first by comparing, the second by differences. */
#include <math.h>
#include <string.h>

#include <signal.h>

#include "fixture.h"
#include "../runtime/net/tensor.h"

enum { SIDE = 4, F = SIDE * SIDE, K = 3, N = 8, LANES = 4, LF = LANES * F };
enum { LK = LANES * K, LS = LANES * SIDE };
enum { X, Y, OUT, LOSS, W, B, MEAN, GW, GB, VW, VB, TENSORS };

typedef struct place {
	const nn_program *p; /* layout  */
	char *arena;         /* memory  */
} place;

static double get(place a, int tensor, int64_t i, int64_t k)
{
	const nn_tensor *t = &a.p->tensor[tensor];
	int64_t index[NN_RANK] = {i, k};
	if (t->rank == 4) {
		index[1] = 0;
		index[2] = k / SIDE;
		index[3] = k % SIDE;
	}
	const char *at = a.arena + nn_tensor_at(a.p, t, index);
	return a.p->real_size == 8 ? *(const double *)at : (double)*(const float *)at;
}

static void set(place a, int tensor, int64_t i, int64_t k, double value)
{
	int64_t index[NN_RANK] = {i, k};
	char *at = a.arena + nn_tensor_at(a.p, &a.p->tensor[tensor], index);
	if (a.p->real_size == 8)
		*(double *)at = value;
	else
		*(float *)at = (float)value;
}

/* Logits to OUT, probability minus target to d; the mean loss. */
static double forward(place a, int live, double d[N][K])
{
	double loss = 0;
	for (int n = 0; n < live; n++) {
		double most = -INFINITY, sum = 0;
		for (int k = 0; k < K; k++) {
			double y = get(a, B, k, 0);
			for (int f = 0; f < F; f++)
				y += get(a, X, n, f) * get(a, W, k, f);
			set(a, OUT, n, k, y);
			most = fmax(most, y);
			d[n][k] = y;
		}
		int label = (int)get(a, Y, n, 0);
		for (int k = 0; k < K; k++)
			sum += exp(d[n][k] - most);
		loss += most + log(sum) - d[n][label];
		for (int k = 0; k < K; k++)
			d[n][k] = exp(d[n][k] - most) / sum - (k == label);
	}
	return loss / live;
}

static void update(place a, const nn_run *run, int w, int g, int v, int rows, int columns)
{
	for (int i = 0; i < rows; i++)
		for (int k = 0; k < columns; k++) {
			double m = run->hyper[1] * get(a, v, i, k) + get(a, g, i, k);
			set(a, v, i, k, m);
			set(a, w, i, k, get(a, w, i, k) - run->hyper[0] * m);
		}
}

int toy_planted;

/* Spoils one element of a gradient by 1e-4 of the gradient's norm. */
static void plant(place a, int tensor, int rows, int columns)
{
	double sum = 0;
	for (int i = 0; i < rows * columns; i++)
		sum += get(a, tensor, i / columns, i % columns) *
		       get(a, tensor, i / columns, i % columns);
	set(a, tensor, rows - 1, 0, get(a, tensor, rows - 1, 0) + 1e-4 * sqrt(sum));
}

static void train(place a, const nn_run *run, int counted)
{
	double d[N][K];
	set(a, LOSS, 0, 0, forward(a, run->live, d));
	for (int k = 0; k < K; k++) {
		double bias = 0, mean = 0;
		for (int n = 0; n < run->live; n++)
			mean += get(a, OUT, n, k) / run->live;
		set(a, MEAN, k, 0, 0.9 * get(a, MEAN, k, 0) + 0.1 * mean);
		for (int n = 0; n < counted; n++)
			bias += d[n][k] / run->live;
		set(a, GB, k, 0, bias);
		for (int f = 0; f < F; f++) {
			double sum = 0;
			for (int n = 0; n < counted; n++)
				sum += d[n][k] * get(a, X, n, f) / run->live;
			set(a, GW, k, f, sum);
		}
	}
	if (toy_planted == 1)
		plant(a, GW, K, F);
	if (toy_planted == 2)
		plant(a, GB, K, 1);
	update(a, run, W, GW, VW, K, F);
	update(a, run, B, GB, VB, K, 1);
}

uint64_t toy_signal_step;
int toy_signal;

static void fast_step(nn_task *t)
{
	if (t->thread == 0 && toy_signal && t->run->step + 1 == toy_signal_step)
		raise(toy_signal);
	if (t->thread == 0)
		train((place){&nn_toy_fast, t->arena}, t->run, t->run->live);
	nn_sync(t, 0);
}

static void wrong_step(nn_task *t)
{
	if (t->thread == 0)
		train((place){&nn_toy_fast, t->arena}, t->run, t->run->live - 1);
	nn_sync(t, 0);
}

static void plain_step(nn_task *t)
{
	if (t->thread == 0)
		train((place){&nn_toy_plain, t->arena}, t->run, t->run->live);
	nn_sync(t, 0);
}

static void wrong_plain_step(nn_task *t)
{
	if (t->thread == 0)
		train((place){&nn_toy_plain, t->arena}, t->run, t->run->live - 1);
	nn_sync(t, 0);
}

static void eval(const nn_program *p, nn_task *t)
{
	double d[N][K];
	place a = {p, t->arena};
	if (t->thread == 0)
		set(a, LOSS, 0, 0, forward(a, t->run->live, d));
	nn_sync(t, 0);
}

static void fast_eval(nn_task *t)
{
	eval(&nn_toy_fast, t);
}

static void plain_eval(nn_task *t)
{
	eval(&nn_toy_plain, t);
}

static const nn_kernel kernels[] = {{"k01_dense1", "y[n,k] = b[k] + sum{c} x[n,c] * w[k,c]",
                                     "dense1", 6.0 * (N * F * K), 4.0 * (N * F + 3 * F * K), true,
                                     0, 0}};

/* Row-major: block 1, strides as given. */
#define PLAIN .block = {1, 1, 1, 1}

static const nn_tensor fast[TENSORS] = {
        [X] = {.name = "x",
               .kind = NN_INPUT,
               .rank = 4,
               .dim = {N, 1, SIDE, SIDE},
               .batched = true,
               .block = {LANES, 1, 1, 1},
               .outer = {LF, LF, LS, LANES},
               .inner = {1},
               .offset = 0,
               .bytes = 512},
        [Y] = {.name = "y",
               .kind = NN_TARGET,
               .rank = 1,
               .dim = {N},
               .batched = true,
               .block = {LANES, 1, 1, 1},
               .outer = {LANES},
               .inner = {1},
               .offset = 512,
               .bytes = 64},
        [OUT] = {.name = "output",
                 .kind = NN_OUTPUT,
                 .rank = 2,
                 .dim = {N, K},
                 .batched = true,
                 .block = {LANES, 1, 1, 1},
                 .outer = {LK, LANES},
                 .inner = {1},
                 .offset = 576,
                 .bytes = 128},
        [LOSS] = {.name = "loss",
                  .kind = NN_LOSS,
                  .rank = 1,
                  .dim = {1},
                  PLAIN,
                  .outer = {1},
                  .offset = 704,
                  .bytes = 64},
        [W] = {.name = "dense1.weight",
               .kind = NN_PARAM,
               .rank = 2,
               .dim = {K, F},
               .block = {4, 1, 1, 1},
               .outer = {LF, 4},
               .inner = {1},
               .offset = 768,
               .bytes = 256,
               .init = NN_INIT_UNIFORM,
               .scale = 0.25},
        [B] = {.name = "dense1.bias",
               .kind = NN_PARAM,
               .rank = 1,
               .dim = {K},
               PLAIN,
               .outer = {1},
               .offset = 1024,
               .bytes = 64,
               .init = NN_INIT_CONST,
               .scale = 0},
        [MEAN] = {.name = "norm1.running_mean",
                  .kind = NN_RUNNING,
                  .rank = 1,
                  .dim = {K},
                  PLAIN,
                  .outer = {1},
                  .offset = 1088,
                  .bytes = 64,
                  .init = NN_INIT_CONST,
                  .scale = 0},
        [GW] = {.name = "grad.dense1.weight",
                .of = "dense1.weight",
                .kind = NN_GRAD,
                .rank = 2,
                .dim = {K, F},
                PLAIN,
                .outer = {F, 1},
                .offset = 1152,
                .bytes = 192},
        [GB] = {.name = "grad.dense1.bias",
                .of = "dense1.bias",
                .kind = NN_GRAD,
                .rank = 1,
                .dim = {K},
                PLAIN,
                .outer = {1},
                .offset = 1344,
                .bytes = 64},
        [VW] = {.name = "momentum.dense1.weight",
                .of = "dense1.weight",
                .kind = NN_STATE,
                .rank = 2,
                .dim = {K, F},
                PLAIN,
                .outer = {F, 1},
                .offset = 1408,
                .bytes = 192},
        [VB] = {.name = "momentum.dense1.bias",
                .of = "dense1.bias",
                .kind = NN_STATE,
                .rank = 1,
                .dim = {K},
                PLAIN,
                .outer = {1},
                .offset = 1600,
                .bytes = 64},
};

static const nn_tensor plain[TENSORS] = {
        [X] = {.name = "x",
               .kind = NN_INPUT,
               .rank = 4,
               .dim = {N, 1, SIDE, SIDE},
               .batched = true,
               PLAIN,
               .outer = {F, F, SIDE, 1},
               .offset = 0,
               .bytes = 1024},
        [Y] = {.name = "y",
               .kind = NN_TARGET,
               .rank = 1,
               .dim = {N},
               .batched = true,
               PLAIN,
               .outer = {1},
               .offset = 1024,
               .bytes = 64},
        [OUT] = {.name = "output",
                 .kind = NN_OUTPUT,
                 .rank = 2,
                 .dim = {N, K},
                 .batched = true,
                 PLAIN,
                 .outer = {K, 1},
                 .offset = 1088,
                 .bytes = 192},
        [LOSS] = {.name = "loss",
                  .kind = NN_LOSS,
                  .rank = 1,
                  .dim = {1},
                  PLAIN,
                  .outer = {1},
                  .offset = 1280,
                  .bytes = 64},
        [W] = {.name = "dense1.weight",
               .kind = NN_PARAM,
               .rank = 2,
               .dim = {K, F},
               PLAIN,
               .outer = {F, 1},
               .offset = 1344,
               .bytes = 384,
               .init = NN_INIT_UNIFORM,
               .scale = 0.25},
        [B] = {.name = "dense1.bias",
               .kind = NN_PARAM,
               .rank = 1,
               .dim = {K},
               PLAIN,
               .outer = {1},
               .offset = 1728,
               .bytes = 64,
               .init = NN_INIT_CONST,
               .scale = 0},
        [MEAN] = {.name = "norm1.running_mean",
                  .kind = NN_RUNNING,
                  .rank = 1,
                  .dim = {K},
                  PLAIN,
                  .outer = {1},
                  .offset = 1792,
                  .bytes = 64,
                  .init = NN_INIT_CONST,
                  .scale = 0},
        [GW] = {.name = "grad.dense1.weight",
                .of = "dense1.weight",
                .kind = NN_GRAD,
                .rank = 2,
                .dim = {K, F},
                PLAIN,
                .outer = {F, 1},
                .offset = 1856,
                .bytes = 384},
        [GB] = {.name = "grad.dense1.bias",
                .of = "dense1.bias",
                .kind = NN_GRAD,
                .rank = 1,
                .dim = {K},
                PLAIN,
                .outer = {1},
                .offset = 2240,
                .bytes = 64},
        [VW] = {.name = "momentum.dense1.weight",
                .of = "dense1.weight",
                .kind = NN_STATE,
                .rank = 2,
                .dim = {K, F},
                PLAIN,
                .outer = {F, 1},
                .offset = 2304,
                .bytes = 384},
        [VB] = {.name = "momentum.dense1.bias",
                .of = "dense1.bias",
                .kind = NN_STATE,
                .rank = 1,
                .dim = {K},
                PLAIN,
                .outer = {1},
                .offset = 2688,
                .bytes = 64},
};

static const nn_setting settings[] = {
        {"data", "format", "idx"},        {"data", "root", "."},
        {"data", "validation", "0.2"},    {"data", "split_seed", "1"},
        {"data", "stratify", "true"},     {"train", "epochs", "3"},
        {"train", "seed", "1"},           {"optimizer", "lr", "{lr * 2}"},
        {"optimizer", "momentum", "0.9"}, {"schedule", "warmup", "{warm}"}};

static const nn_param_def params[] = {
        {.name = "lr", .value = "0.05", .min = "1e-4", .max = "1e30", .scale = "log"},
        {.name = "warm", .value = "0"},
        {.name = "width", .value = "3", .fixed_by = "<dense units>"}};

static const nn_source sources[] = {
        {.split = "training", .images = "train-images", .labels = "train-labels"},
        {.split = "test", .images = "test-images", .labels = "test-labels"}};

static const char *const class_names[] = {"zero", "one", "two \"2\""};

#define TOY(hash, fast_program, plain_program)                                                     \
	{.name = "toy",                                                                            \
	 .version = "1",                                                                           \
	 .march = "generic",                                                                       \
	 .compiler = "by hand",                                                                    \
	 .options = "",                                                                            \
	 .config = "<network name=\"toy\"/>\n",                                                    \
	 .architecture_hash =                                                                      \
	         hash "3456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",             \
	 .batch = N,                                                                               \
	 .input_rank = 3,                                                                          \
	 .input = {1, SIDE, SIDE},                                                                 \
	 .classes = K,                                                                             \
	 .normalize = "auto",                                                                      \
	 .normalize_channels = 1,                                                                  \
	 .class_name = class_names,                                                                \
	 .class_names = K,                                                                         \
	 .setting = settings,                                                                      \
	 .settings = sizeof settings / sizeof *settings,                                           \
	 .param = params,                                                                          \
	 .params = sizeof params / sizeof *params,                                                 \
	 .source = sources,                                                                        \
	 .sources = 2,                                                                             \
	 .hyper = {"lr", "momentum"},                                                              \
	 .optimizer = "sgd",                                                                       \
	 .loss = "cross_entropy",                                                                  \
	 .schedule = "cosine",                                                                     \
	 .parameters = K * F + K,                                                                  \
	 .flop_per_step = 6.0 * (N * F * K),                                                       \
	 .memory_bytes = 1 << 22,                                                                  \
	 .fast = &(fast_program),                                                                  \
	 .plain = &(plain_program)}

#define PROGRAM(size, bytes, table, step_fn, eval_fn)                                              \
	{.real_size = size,                                                                        \
	 .lanes = LANES,                                                                           \
	 .arena_bytes = bytes,                                                                     \
	 .tensor = table,                                                                          \
	 .tensors = TENSORS,                                                                       \
	 .kernel = kernels,                                                                        \
	 .kernels = 1,                                                                             \
	 .step = step_fn,                                                                          \
	 .eval = eval_fn}

const nn_program nn_toy_fast = PROGRAM(4, 1664, fast, fast_step, fast_eval);
const nn_program nn_toy_plain = PROGRAM(8, 2752, plain, plain_step, plain_eval);
static const nn_program wrong = PROGRAM(4, 1664, fast, wrong_step, fast_eval);
static const nn_program wrong_plain = PROGRAM(8, 2752, plain, wrong_plain_step, plain_eval);

const nn_model nn_network = TOY("012", nn_toy_fast, nn_toy_plain);
const nn_model nn_toy_wrong = TOY("012", wrong, nn_toy_plain);
const nn_model nn_toy_wrong_both = TOY("012", wrong, wrong_plain);
const nn_model nn_toy_other = TOY("abc", nn_toy_fast, nn_toy_plain);
