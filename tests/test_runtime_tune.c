/* What tune searches over and in which order: points of ranges and choices, their laws, grids. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../runtime/verbs/tune.h"
#include "fixture.h"

enum { POINTS = 4000 };

static const nn_param_def params[] = {
        {.name = "lr", .value = "0.05", .min = "1e-4", .max = "1", .scale = "log"},
        {.name = "drop", .value = "0", .min = "0", .max = "0.5", .scale = "linear"},
        {.name = "depth", .value = "3", .min = "2", .max = "{drop+5}", .scale = "linear"},
        {.name = "fixed", .value = "7"},
        {.name = "width", .value = "4", .choices = "4 6  12", .fixed_by = "<dense units>"}};

static nn_settings settings;

static bool open_space(nn_space *s, const nn_param_def *param, int count, const char *set,
                       nn_error *e)
{
	static nn_model model;
	model = nn_network;
	model.param = param;
	model.params = count;
	*e = (nn_error){0};
	return nn_settings_open(&settings, &model, NULL, 0, e) &&
	       nn_space_open(s, &settings, &set, set != NULL, e);
}

Test(tune, ranges_and_choices_are_dimensions)
{
	static nn_space s;
	nn_error e;
	cr_assert(open_space(&s, params, 5, NULL, &e), "%s", e.text);
	cr_assert_eq(s.dims, 4);
	cr_assert(s.dim[0].log && !s.dim[0].whole && s.dim[0].low == 1e-4 && s.dim[0].high == 1);
	cr_assert(!s.dim[1].log && !s.dim[1].whole && s.dim[1].high == 0.5);
	cr_assert(s.dim[2].whole && s.dim[2].low == 2 && s.dim[2].high == 5);
	cr_assert(s.dim[3].choices == 3 && s.dim[3].choice[2] == 12);
	cr_assert(open_space(&s, params, 5, "drop=0.1", &e) && s.dims == 3);
	cr_assert(!open_space(&s, params + 3, 1, NULL, &e) && e.code == NN_EXIT_USAGE);
	cr_assert(strstr(e.text, "nothing to search"), "%s", e.text);
	nn_param_def wrong = {.name = "w", .value = "1", .min = "0", .max = "2", .scale = "log"};
	cr_assert(!open_space(&s, &wrong, 1, NULL, &e) && strstr(e.text, "above 0"), "%s", e.text);
	wrong = (nn_param_def){.name = "w", .value = "1", .choices = "1 two"};
	cr_assert(!open_space(&s, &wrong, 1, NULL, &e) && strstr(e.text, "no number"), "%s",
	          e.text);
}

Test(tune, random_points_follow_the_scale)
{
	static nn_space s;
	static double p[POINTS * 4], fewer[100 * 4];
	nn_error e;
	double mean = 0, linear = 0;
	int depth[6] = {0}, width[13] = {0};
	cr_assert(open_space(&s, params, 5, NULL, &e));
	cr_assert_eq(nn_space_fill(&s, false, POINTS, 5, p), POINTS);
	cr_assert(p[0] == 0.05 && p[1] == 0 && p[2] == 3 && p[3] == 4, "the first is as written");
	for (int i = 1; i < POINTS; i++) {
		const double *x = p + (ptrdiff_t)i * 4;
		char text[32];
		cr_assert(x[0] >= 1e-4 && x[0] <= 1 && x[1] >= 0 && x[1] <= 0.5);
		nn_space_text(text, x[0]);
		cr_assert(strtod(text, NULL) == x[0], "%s is not %.17g", text, x[0]);
		mean += log10(x[0]) / (double)POINTS;
		linear += x[1] / (double)POINTS;
		depth[(int)x[2]]++;
		width[(int)x[3]]++;
	}
	/* Four standard deviations. */
	cr_assert(fabs(mean + 2) < 4 * 1.155 / sqrt(POINTS), "%g", mean);
	cr_assert(fabs(linear - 0.25) < 4 * 0.1443 / sqrt(POINTS), "%g", linear);
	for (int k = 3; k <= 4; k++)
		cr_assert(abs(depth[k] - POINTS / 3) < 120, "depth %d: %d", k, depth[k]);
	cr_assert(depth[2] + depth[3] + depth[4] + depth[5] == POINTS - 1);
	cr_assert(abs(width[6] - POINTS / 3) < 120, "%d", width[6]);
	cr_assert(width[4] + width[6] + width[12] == POINTS - 1);
	/* Fewer trials are the first of more; another seed gives others. */
	cr_assert_eq(nn_space_fill(&s, false, 100, 5, fewer), 100);
	cr_assert_arr_eq(fewer, p, sizeof fewer);
	nn_space_fill(&s, false, 100, 6, fewer);
	cr_assert(fewer[4] != p[4]);
}

Test(tune, points_are_not_tried_twice)
{
	static nn_space s;
	double p[50];
	nn_error e;
	cr_assert(open_space(&s, params + 4, 1, NULL, &e));
	cr_assert_eq(nn_space_fill(&s, false, 50, 1, p), 3);
	cr_assert(p[0] == 4 && p[1] + p[2] == 18);
	cr_assert_eq(nn_space_fill(&s, false, 2, 1, p), 2);
}

Test(tune, grids)
{
	static nn_space s;
	static double p[2 * 20];
	nn_param_def two[] = {params[0], params[4]};
	nn_error e;
	cr_assert(open_space(&s, two, 2, NULL, &e));
	/* 15 points hold 5 levels of 3 choices; the written one is none of them. */
	cr_assert_eq(nn_space_fill(&s, true, 17, 1, p), 16);
	for (int i = 0; i < 15; i++) {
		int level = i / 3;
		double want = pow(10, level - 4);
		static const double choice[] = {4, 6, 12};
		cr_assert(fabs(p[2 + 2 * i] / want - 1) < 1e-5 && p[3 + 2 * i] == choice[i % 3],
		          "point %d: %g, %g", i, p[2 + 2 * i], p[3 + 2 * i]);
	}
	/* Not even two levels fit: some of these six. */
	cr_assert_eq(nn_space_fill(&s, true, 4, 1, p), 4);
	for (int i = 1; i < 4; i++)
		cr_assert(p[i + i] == 1e-4 || p[i + i] == 1);
}

/* ---- the table ----------------------------------------------------------------------------- */

static nn_session session;

static bool open_table(nn_tune *t, const char *text, nn_error *e)
{
	static double point[6];
	static nn_param_def two[2];
	two[0] = params[0];
	two[1] = params[4];
	*t = (nn_tune){.session = &session, .trials = 3, .objective = "val_loss", .point = point};
	cr_assert(open_space(&t->space, two, 2, NULL, e));
	memcpy(point, (double[]){0.05, 4, 0.001, 12, 0.2, 6}, sizeof point);
	snprintf(t->path, sizeof t->path, "trials.csv");
	if (text)
		toy_write("trials.csv", text, strlen(text));
	return nn_tune_open_table(t, e);
}

#define HEADER "trial,epochs,lr,width,val_loss,best_epoch,seconds,outcome\n"

Test(tune, what_was_written_is_read, .init = toy_enter, .fini = toy_leave)
{
	static nn_tune t;
	nn_error e;
	cr_assert(open_table(&t, NULL, &e) && t.dones == 0, "%s", e.text);
	cr_assert(nn_tune_add(&t, &(nn_trial){2, 3, 0.5, 2, 1.25, NN_TRIAL_OK}, &e));
	cr_assert(nn_tune_add(&t, &(nn_trial){3, 3, NAN, 0, 2, NN_TRIAL_DIVERGED}, &e));
	cr_assert(nn_tune_add(&t, &(nn_trial){1, 3, 0.75, 1, 2, NN_TRIAL_OK}, &e));
	cr_assert(open_table(&t, NULL, &e) && t.dones == 3, "%s", e.text);
	const nn_trial *r = nn_tune_known(&t, 2, 3);
	cr_assert(r && r->value == 0.5 && r->best_epoch == 2 && r->seconds == 1.25);
	cr_assert(isnan(t.done[1].value) && t.done[1].outcome == NN_TRIAL_DIVERGED);
	cr_assert(!nn_tune_known(&t, 2, 1));
	cr_assert_eq(nn_tune_best(&t)->number, 2);
	/* Longer training counts for more, even when it ended worse. */
	cr_assert(nn_tune_add(&t, &(nn_trial){1, 9, 0.6, 1, 2, NN_TRIAL_OK}, &e));
	cr_assert_eq(nn_tune_best(&t)->number, 1);
}

Test(tune, damaged_tables, .init = toy_enter, .fini = toy_leave)
{
	static nn_tune t;
	nn_error e;
	char text[256];
	/* A line that was cut off goes; a search of more trials may have been there. */
	cr_assert(open_table(&t, HEADER "1,1,0.05,4,1,1,2,ok\n9,1,0.1,4,1,1,2,ok\n2,1,0.0", &e));
	cr_assert_eq(t.dones, 1);
	size_t n = toy_read("trials.csv", text, sizeof text);
	cr_assert(n && text[n - 1] == '\n');
	static const char *const wrong[] = {"",
	                                    "trial",
	                                    "trial,epochs,lr,val_loss,best_epoch,seconds,outcome\n",
	                                    HEADER "1,1,0.06,4,1,1,2,ok\n",
	                                    HEADER "1,1,0.05,4,1,1,2,fine\n",
	                                    HEADER "1,1,0.05,4,1,1,2\n",
	                                    HEADER "1,1,0.05,4,x,1,2,ok\n",
	                                    HEADER "0,1,0.05,4,1,1,2,ok\n",
	                                    HEADER "1.5,1,0.05,4,1,1,2,ok\n",
	                                    HEADER "1e300,1,0.05,4,1,1,2,ok\n",
	                                    HEADER "1,1e300,0.05,4,1,1,2,ok\n",
	                                    HEADER "1,-1,0.05,4,1,1,2,ok\n",
	                                    HEADER "1,1,0.05,4,1,1e30,2,ok\n",
	                                    HEADER "1,1,0.05,4,1,0.5,2,ok\n",
	                                    HEADER "1,1,0.05,4,1,1,2,ok,more\n"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		cr_assert(!open_table(&t, wrong[i], &e), "%s", wrong[i]);
		cr_assert_eq(e.code, NN_EXIT_CHECKPOINT, "%s: %d", wrong[i], e.code);
	}
}
