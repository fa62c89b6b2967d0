/* Weights of the classes: counted over the training part, 1 elsewhere, in no file.
 *
 * The program is the toy's with one more tensor, which its step and evaluation only look at. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../runtime/data/data.h"
#include "../runtime/file/safetensors.h"
#include "fixture_data.h"

TestSuite(classes, .init = toy_enter, .fini = toy_leave);

enum { K = 3, MOST = 16, AT = 1664 };

static double seen[2][K]; /* by the last step, by the last evaluation */

static void look(const nn_task *t, double *to)
{
	float weight[K];
	memcpy(weight, t->arena + AT, sizeof weight);
	for (int k = 0; t->thread == 0 && k < K; k++)
		to[k] = (double)weight[k];
}

static void step(nn_task *t)
{
	look(t, seen[0]);
	nn_toy_fast.step(t);
}

static void eval(nn_task *t)
{
	look(t, seen[1]);
	nn_toy_fast.eval(t);
}

static const nn_model *weighted(void)
{
	static nn_tensor tensor[MOST];
	static nn_program program;
	static nn_model model;
	program = nn_toy_fast;
	memcpy(tensor, program.tensor, (size_t)program.tensors * sizeof *tensor);
	tensor[program.tensors++] = (nn_tensor){.name = "class_weight",
	                                        .kind = NN_CLASS_WEIGHT,
	                                        .rank = 1,
	                                        .dim = {K},
	                                        .block = {1},
	                                        .outer = {1},
	                                        .offset = AT,
	                                        .bytes = 64};
	program.tensor = tensor;
	program.arena_bytes = AT + 64;
	program.step = step;
	program.eval = eval;
	model = nn_network;
	model.fast = &program;
	return &model;
}

/* What the training part's labels ask for. */
static void expected(double weight[K])
{
	nn_data d;
	int code;
	int64_t count[K] = {0};
	const char *text = data_open(&nn_network, 1 << NN_TRAINING, &d, &code);
	cr_assert_str_eq(text, "", "%s", text);
	const nn_part *p = &d.part[NN_TRAINING];
	for (int64_t i = 0; i < p->count; i++)
		count[p->items->label[p->index[i]]]++;
	for (int k = 0; k < K; k++)
		weight[k] = count[k] ? (double)p->count / (double)(K * count[k]) : 0;
	nn_data_close(&d);
}

static void same(const char *what, const double *found, const double *wanted)
{
	for (int k = 0; k < K; k++)
		cr_assert(fabs(found[k] - wanted[k]) <= 1e-6, "%s: class %d: %g, not %g", what, k,
		          found[k], wanted[k]);
}

/* Makes every label of this class a 0. */
static void drop_class(const char *path, char label)
{
	char bytes[256];
	size_t count = toy_read(path, bytes, sizeof bytes);
	for (size_t i = 8; i < count; i++)
		bytes[i] = bytes[i] == label ? 0 : bytes[i];
	toy_write(path, bytes, count);
}

Test(classes, are_weighed_by_the_training_part)
{
	double wanted[K];
	for (int round = 0; round < 2; round++) {
		toy_data(50);
		if (round)
			drop_class("train-labels", 2);
		expected(wanted);
		cr_assert(round ? wanted[2] == 0 : wanted[2] > 0.5);
		memset(seen, 0, sizeof seen);
		cr_assert_eq(toy_run(weighted(), "--out", "r", "-q", "--overwrite", NULL), 0, "%s",
		             toy_output);
		same("train", seen[0], wanted);
		same("validation", seen[1], wanted);
		memset(seen, 0, sizeof seen);
		cr_assert_eq(toy_run(weighted(), "train", "--out", "r", "--epochs", "4", "-q",
		                     "--resume", NULL),
		             0, "%s", toy_output);
		same("resumed", seen[0], wanted);
		memset(seen, 0, sizeof seen);
		cr_assert_eq(toy_run(weighted(), "test", "--out", "r", NULL), 0, "%s", toy_output);
		same("test", seen[1], wanted);
	}
}

Test(classes, weights_are_in_no_file)
{
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "--out", "a", "-q", NULL), 0, "%s", toy_output);
	cr_assert_eq(toy_run(weighted(), "--out", "b", "-q", NULL), 0, "%s", toy_output);
	static const char *const file[] = {"last", "best"};
	for (int i = 0; i < 2; i++) {
		char a[64], b[64];
		snprintf(a, sizeof a, "a/%s.safetensors", file[i]);
		snprintf(b, sizeof b, "b/%s.safetensors", file[i]);
		cr_assert_str_eq(toy_hash(a), toy_hash(b));
	}
	/* Weights of the one serve the other. */
	cr_assert_eq(toy_run(weighted(), "test", "--weights", "a/last.safetensors", NULL), 0, "%s",
	             toy_output);
}

Test(classes, weigh_the_same_without_training_data)
{
	static const double one[K] = {1, 1, 1};
	cr_assert_eq(toy_run(weighted(), "bench", "--steps", "1", NULL), 0, "%s", toy_output);
	same("bench", seen[0], one);
	memset(seen, 0, sizeof seen);
	cr_assert_eq(toy_run(weighted(), "check", NULL), 0, "%s", toy_output);
	same("check", seen[0], one);
}
