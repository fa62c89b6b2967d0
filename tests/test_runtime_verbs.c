/* What a step is told: numbers of the update and the schedule; what bench tells of kernels. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "fixture.h"

TestSuite(verbs, .init = toy_enter, .fini = toy_leave);

enum { MOST = 64 };

static double told[MOST][3]; /* hyper of each step */
static int steps;

static void step(nn_task *t)
{
	if (t->thread == 0 && steps < MOST)
		memcpy(told[steps++], t->run->hyper, sizeof told[0]);
	nn_toy_fast.step(t);
}

/* The toy with a step that writes down what it is told, and a third number. */
static nn_model listening(void)
{
	static nn_program program;
	static nn_setting setting[32];
	nn_model model = nn_network;
	memcpy(setting, model.setting, (size_t)model.settings * sizeof *setting);
	setting[model.settings++] = (nn_setting){"train", "grad_clip", "{lr * 10}"};
	model.setting = setting;
	model.hyper[2] = "grad_clip";
	program = nn_toy_fast;
	program.step = step;
	model.fast = &program;
	steps = 0;
	return model;
}

Test(verbs, the_schedule_scales_the_rate_alone)
{
	nn_model model = listening();
	toy_data(50);
	cr_assert_eq(toy_run(&model, "--out", "r", "-q", NULL), 0, "%s", toy_output);
	/* And two of rate 0 for the report: the loss of the start, and the gradients. */
	cr_assert(steps == 17 && told[15][0] == 0 && told[16][0] == 0);
	for (int i = 0; i < 15; i++) {
		double rate = 0.1 * (1 + cos(3.14159265358979323846 * i / 15)) / 2;
		cr_assert(fabs(told[i][0] - rate) < 1e-15, "step %d: %g", i, told[i][0]);
		cr_assert(told[i][1] == 0.9 && told[i][2] == 0.5, "step %d", i);
	}
}

Test(verbs, the_command_line_reaches_the_step)
{
	nn_model model = listening();
	toy_data(50);
	cr_assert_eq(toy_run(&model, "--out", "r", "-q", "--lr", "0.3", NULL), 0, "%s", toy_output);
	cr_assert(told[0][0] == 0.3 && told[0][1] == 0.9 && told[0][2] == 0.5);
	model = listening();
	cr_assert_eq(toy_run(&model, "--out", "s", "-q", "--set", "lr=0.2", NULL), 0, "%s",
	             toy_output);
	cr_assert(told[0][0] == 0.4 && told[0][1] == 0.9 && told[0][2] == 2);
}

Test(verbs, bench_lists_the_kernels_of_a_training_step)
{
	static const nn_kernel kernels[] = {{"k00_trains", "y = x", "dense1", 1, 1, true, 0, 0},
	                                    {"k01_evaluates", "y = x", "dense1", 1, 1, true, 0, 0}};
	nn_program program = nn_toy_fast;
	nn_model model = nn_network;
	program.kernel = kernels;
	program.kernels = 2;
	model.fast = &program;
	for (int json = 0; json < 2; json++) {
		cr_assert_eq(toy_run(&model, "bench", "--profile", "--steps", "3",
		                     json ? "--json" : NULL, NULL),
		             0, "%s", toy_output);
		cr_assert(strstr(toy_output, "k00_trains") && !strstr(toy_output, "k01_evaluates"),
		          "%s", toy_output);
		cr_assert(!json || strstr(toy_output, "\"limit\":\"peak\""), "%s", toy_output);
	}
}

/* What is misspelt gets a suggestion; help and version go with every verb. */
Test(verbs, misspelt_words_are_answered)
{
	static const struct {
		const char *arg[2]; /* of the command line        */
		int code;           /* exit status                */
		const char *says;   /* part of what is said       */
	} row[] = {
	        {{"trian", NULL}, 2, "did you mean 'train'?"},
	        {{"rpeort", NULL}, 2, "did you mean 'report'?"},
	        {{"juggle", NULL}, 2, "see "},
	        {{"train", "--epoch=3"}, 2, "did you mean --epochs?"},
	        {{"train", "--learning-rate"}, 2, "did you mean --lr?"},
	        {{"train", "--lr_find"}, 2, "did you mean --lr-find?"},
	        {{"train", "--batchsize"}, 2, "did you mean --batch-size?"},
	        {{"test", "--juggle"}, 2, "see "},
	        {{"train", "-j4294967297"}, 2, "up to 4096"},
	        {{"train", "--epochs=3x"}, 2, "found '3x'"},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int code = toy_run(&nn_network, row[i].arg[0], row[i].arg[1], NULL);
		cr_assert(code == row[i].code && strstr(toy_output, row[i].says), "%zu: %d %s", i,
		          code, toy_output);
	}
}
