/* Learning rates against closed forms; settings and their overrides; initial values. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/train/schedule.h"
#include "../runtime/net/tensor.h"
#include "fixture.h"

/* A schedule of this type with 10 steps an epoch and 10 epochs, base rate 2. */
static nn_schedule make(const char *type, const nn_setting *setting, int settings)
{
	static nn_model model;
	static nn_settings s;
	nn_error e = {0};
	nn_schedule schedule;
	model = nn_network;
	model.schedule = type;
	model.setting = setting;
	model.settings = settings;
	cr_assert(nn_settings_open(&s, &model, NULL, 0, &e), "%s", e.text);
	cr_assert(nn_schedule_open(&schedule, &s, 2, 10, 100, &e), "%s", e.text);
	return schedule;
}

static void near(const char *what, double step, double found, double wanted)
{
	cr_assert(fabs(found - wanted) <= 1e-12 * (1 + fabs(wanted)),
	          "%s at step %g: %.17g, not %.17g", what, step, found, wanted);
}

Test(schedule, closed_forms)
{
	static const nn_setting numbers[] = {{"schedule", "gamma", "0.5"},
	                                     {"schedule", "power", "2"},
	                                     {"schedule", "milestones", "3, {3+3}"}};
	nn_schedule constant = make("constant", numbers, 3), cosine = make("cosine", numbers, 3);
	nn_schedule step = make("step", numbers, 3), power = make("polynomial", numbers, 3);
	nn_schedule exponential = make("exponential", numbers, 3);
	for (int i = 0; i < 100; i++) {
		double t = i;
		double epoch = floor(t / 10);
		near("constant", t, nn_schedule_lr(&constant, t), 2);
		near("cosine", t, nn_schedule_lr(&cosine, t),
		     1 + cos(3.14159265358979323846 * t / 100));
		near("step", t, nn_schedule_lr(&step, t), epoch < 3 ? 2 : epoch < 6 ? 1 : 0.5);
		near("polynomial", t, nn_schedule_lr(&power, t), 2 * (1 - t / 100) * (1 - t / 100));
		near("exponential", t, nn_schedule_lr(&exponential, t), 2 * pow(0.5, epoch));
	}
}

Test(schedule, onecycle_is_that_of_pytorch)
{
	/* From the formula of OneCycleLR(max_lr=2, total_steps=100), cycle_momentum included. */
	static const struct {
		double step, lr, momentum;
	} row[] = {{0, 0.08, 0.95},
	           {1, 0.085627561131814911, 0.94970689785771789},
	           {10, 0.59032789692820153, 0.92342042203498953},
	           {20, 1.5787395827478869, 0.87194064673188088},
	           {29, 2, 0.85},
	           {30, 1.9989930705690486, 0.85005034667293422},
	           {50, 1.587786901151464, 0.87061073738537631},
	           {80, 0.3420679058151912, 0.93289693629698556},
	           {98, 0.0010149294309515758, 0.94994965332706571},
	           {99, 8e-6, 0.95}};
	nn_schedule s = make("onecycle", NULL, 0);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		double hyper[NN_HYPERS] = {0};
		near("onecycle", row[i].step, nn_schedule_lr(&s, row[i].step), row[i].lr);
		nn_schedule_hypers(&s, row[i].step, hyper);
		near("onecycle", row[i].step, hyper[0], row[i].lr);
		near("onecycle", row[i].step, hyper[1], row[i].momentum);
	}
	near("onecycle", 14.5, nn_schedule_lr(&s, 14.5), (0.08 + 2) / 2);
	near("onecycle", 64, nn_schedule_lr(&s, 64), (8e-6 + 2) / 2);
}

/* The first of Adam's two decays is its momentum; other schedules leave both alone. */
Test(schedule, onecycle_moves_beta1_and_others_no_momentum)
{
	static nn_model model;
	double hyper[NN_HYPERS] = {0, 0.9, 0.5, 0.9};
	nn_settings settings;
	nn_error e = {0};
	nn_schedule s;
	model = nn_network;
	model.schedule = "onecycle";
	memcpy(model.hyper, (const char *[NN_HYPERS]){"lr", "beta2", "beta1"}, sizeof model.hyper);
	cr_assert(nn_settings_open(&settings, &model, NULL, 0, &e));
	cr_assert(nn_schedule_open(&s, &settings, 2, 10, 100, &e));
	nn_schedule_hypers(&s, 29, hyper);
	cr_assert(hyper[0] == 2 && hyper[1] == 0.9 && fabs(hyper[2] - 0.85) < 1e-12);
	s = make("cosine", NULL, 0);
	nn_schedule_hypers(&s, 29, hyper);
	cr_assert(hyper[0] < 2 && hyper[1] == 0.9);
}

Test(schedule, warmup_comes_first)
{
	static const nn_setting numbers[] = {{"schedule", "warmup", "2"}};
	nn_schedule s = make("cosine", numbers, 1);
	for (int t = 0; t < 20; t++)
		near("warmup", t, nn_schedule_lr(&s, t), 2.0 * (t + 1) / 20);
	near("after", 20, nn_schedule_lr(&s, 20), 2);
	near("after", 60, nn_schedule_lr(&s, 60), 1);
}

Test(schedule, plateau_waits)
{
	static const nn_setting numbers[] = {{"schedule", "patience", "1"}};
	static const double loss[] = {5, 4, 4, 4.5, 3, 3, 3, 3, 3};
	static const double rate[] = {2, 2, 2, 0.2, 0.2, 0.2, 0.02, 0.02, 0.002};
	nn_schedule s = make("plateau", numbers, 1);
	for (int i = 0; i < 9; i++) {
		nn_schedule_epoch(&s, loss[i]);
		near("plateau", i, nn_schedule_lr(&s, i), rate[i]);
	}
}

/* By torch.optim.lr_scheduler.ReduceLROnPlateau: a fall by less than 1e-4 of the best is none. */
Test(schedule, plateau_has_a_threshold)
{
	static const nn_setting given[] = {{"schedule", "patience", "1"},
	                                   {"schedule", "threshold", "0"}};
	static const double loss[] = {5, 4.9999, 4.9998, 4.9997, 4.9996, 4.9, 4.8999};
	static const double rate[] = {2, 2, 0.2, 0.2, 0.02, 0.02, 0.02};
	nn_schedule s = make("plateau", given, 1), any = make("plateau", given, 2);
	for (int i = 0; i < 7; i++) {
		nn_schedule_epoch(&s, loss[i]);
		nn_schedule_epoch(&any, loss[i]);
		near("plateau", i, nn_schedule_lr(&s, i), rate[i]);
		near("plateau of threshold 0", i, nn_schedule_lr(&any, i), 2);
	}
}

Test(settings, overrides_reach_expressions)
{
	static const char *const set[] = {"lr=0.25", "warm=3"};
	nn_settings s;
	nn_error e = {0};
	double hyper[NN_HYPERS], warm;
	cr_assert(nn_settings_open(&s, &nn_network, NULL, 0, &e));
	cr_assert(nn_setting_hypers(&s, hyper, &e) && hyper[0] == 0.1 && hyper[1] == 0.9);
	cr_assert(nn_settings_open(&s, &nn_network, set, 2, &e), "%s", e.text);
	cr_assert(nn_setting_hypers(&s, hyper, &e) && hyper[0] == 0.5);
	cr_assert(nn_setting_number(&s, "schedule", "warmup", 0, &warm, &e) && warm == 3);
	cr_assert(nn_setting_number(&s, "schedule", "none", 7, &warm, &e) && warm == 7);
}

Test(settings, numbers_of_the_update)
{
	static const nn_setting setting[] = {{"optimizer", "lr", "{a}"},
	                                     {"optimizer", "l1", "{a / 4}"},
	                                     {"optimizer", "momentum", "{b}"},
	                                     {"train", "grad_clip", "{c}"},
	                                     {"schedule", "gamma", "{b}"}};
	static const nn_param_def param[] = {{.name = "a", .value = "2"},
	                                     {.name = "b", .value = "0"},
	                                     {.name = "c", .value = "3"}};
	static const char *const change[] = {"a=4", "c=0"}, *const gone[] = {"b=0.5"};
	nn_model model = nn_network;
	nn_settings s;
	nn_error e = {0};
	double hyper[NN_HYPERS];
	model.setting = setting;
	model.settings = 5;
	model.param = param;
	model.params = 3;
	memcpy(model.hyper, (const char *[NN_HYPERS]){"lr", "l1", "grad_clip"}, sizeof model.hyper);
	cr_assert(nn_settings_open(&s, &model, NULL, 0, &e) && nn_setting_hypers(&s, hyper, &e));
	cr_assert(hyper[0] == 2 && hyper[1] == 0.5 && hyper[2] == 3);
	/* Without a limit nothing is clipped, although the kernels multiply. */
	cr_assert(nn_settings_open(&s, &model, change, 2, &e) && nn_setting_hypers(&s, hyper, &e));
	cr_assert(hyper[0] == 4 && hyper[1] == 1 && hyper[2] > 1e20);
	cr_assert(nn_settings_open(&s, &model, gone, 1, &e) && !nn_setting_hypers(&s, hyper, &e));
	cr_assert(e.code == 2 && strstr(e.text, "momentum was 0"), "%s", e.text);
}

/* ---- initial values and layouts ------------------------------------------------------------ */

Test(initial, values_do_not_depend_on_the_layout)
{
	static char fast[4096] __attribute__((aligned(64))),
	        plain[4096] __attribute__((aligned(64)));
	nn_error e = {0};
	double a[48], b[48], sum = 0;
	cr_assert(nn_initialise(&nn_toy_fast, fast, NULL, 5, &e));
	cr_assert(nn_initialise(&nn_toy_plain, plain, NULL, 5, &e));
	nn_tensor_get(&nn_toy_fast, nn_tensor_find(&nn_toy_fast, NN_PARAM, "dense1.weight"), fast,
	              0, NN_F64, a);
	nn_tensor_get(&nn_toy_plain, nn_tensor_find(&nn_toy_plain, NN_PARAM, "dense1.weight"),
	              plain, 0, NN_F64, b);
	for (int i = 0; i < 48; i++) {
		cr_assert(a[i] == (double)(float)b[i] && fabs(b[i]) <= 0.25);
		sum += b[i] * b[i];
	}
	cr_assert(sum > 0.5 && sum < 1.5, "%g", sum);
	cr_assert(nn_initialise(&nn_toy_fast, fast, NULL, 6, &e));
	nn_tensor_get(&nn_toy_fast, nn_tensor_find(&nn_toy_fast, NN_PARAM, "dense1.weight"), fast,
	              0, NN_F64, b);
	int same = 0;
	for (int i = 0; i < 48; i++)
		same += a[i] == b[i];
	cr_assert_lt(same, 48);
}

/* 3 x 5 x 7, blocks of 2 and 4: places and values by nn_tensor_at and a whole put. */
static const nn_tensor blocked = {.name = "w",
                                  .kind = NN_PARAM,
                                  .rank = 3,
                                  .dim = {3, 5, 7},
                                  .block = {2, 1, 4},
                                  .outer = {80, 8, 40},
                                  .inner = {4, 0, 1},
                                  .bytes = 160 * sizeof(double),
                                  .init = NN_INIT_NORMAL,
                                  .scale = 1};

Test(initial, some_elements_go_where_the_layout_says)
{
	static double arena[160], plain[105], back[105];
	nn_tensor t = blocked;
	nn_program p = {.real_size = 8, .tensor = &t, .tensors = 1};
	for (int i = 0; i < 105; i++)
		plain[i] = i + 1;
	static const int cut[] = {0, 1, 9, 36, 36, 70, 104, 105};
	for (int i = 0; i < 7; i++)
		nn_tensor_put_some(&p, &t, (char *)arena, cut[i], cut[i + 1] - cut[i], NN_F64,
		                   plain + cut[i]);
	for (int i = 0; i < 105; i++) {
		int64_t index[NN_RANK] = {i / 35, i / 7 % 5, i % 7};
		cr_assert_eq(arena[nn_tensor_at(&p, &t, index) / sizeof(double)], i + 1);
	}
	nn_tensor_get(&p, &t, (char *)arena, 0, NN_F64, back);
	cr_assert_arr_eq(plain, back, sizeof plain);
}

static void initialise_in_a_team(nn_team *team, void *arg)
{
	nn_tensor t = blocked;
	nn_program p = {.real_size = 8, .tensor = &t, .tensors = 1};
	nn_error e = {0};
	cr_assert(nn_initialise(&p, arg, team, 3, &e));
}

Test(initial, threads_make_what_one_makes)
{
	static double alone[160], shared[160];
	nn_tensor t = blocked;
	nn_program p = {.real_size = 8, .tensor = &t, .tensors = 1};
	nn_error e = {0};
	cr_assert(nn_initialise(&p, (char *)alone, NULL, 3, &e));
	for (int threads = 1; threads < 5; threads++) {
		memset(shared, 0, sizeof shared);
		nn_team_run(threads, initialise_in_a_team, shared);
		cr_assert_arr_eq(alone, shared, sizeof alone, "%d threads", threads);
	}
}

Test(initial, orthogonal_rows_and_columns)
{
	static char arena[4096] __attribute__((aligned(64)));
	static const int shape[][2] = {{4, 9}, {9, 4}, {5, 5}, {1, 3}};
	for (int s = 0; s < 4; s++) {
		int rows = shape[s][0], columns = shape[s][1];
		nn_tensor t = {.name = "w",
		               .kind = NN_PARAM,
		               .rank = 2,
		               .dim = {rows, columns},
		               .block = {1, 1},
		               .outer = {columns, 1},
		               .bytes = 4096,
		               .init = NN_INIT_ORTHOGONAL,
		               .scale = 3};
		nn_program p = {.real_size = 8, .tensor = &t, .tensors = 1};
		nn_error e = {0};
		double w[81];
		cr_assert(nn_initialise(&p, arena, NULL, 1, &e));
		nn_tensor_get(&p, &t, arena, 0, NN_F64, w);
		int n = rows < columns ? rows : columns, len = rows < columns ? columns : rows;
		for (int a = 0; a < n; a++)
			for (int b = 0; b <= a; b++) {
				double dot = 0;
				for (int i = 0; i < len; i++)
					dot += rows <= columns
					               ? w[a * columns + i] * w[b * columns + i]
					               : w[i * columns + a] * w[i * columns + b];
				cr_assert(fabs(dot - (a == b ? 9 : 0)) < 1e-12, "%d: %d.%d = %g", s,
				          a, b, dot);
			}
	}
}

Test(tensor, what_is_put_comes_back)
{
	static char arena[1 << 15] __attribute__((aligned(64)));
	/* [5,7,3,2]: images in 4 lanes, channels in blocks of 3. */
	nn_tensor t = {.rank = 4,
	               .dim = {5, 7, 3, 2},
	               .batched = true,
	               .offset = 64,
	               .block = {4, 3, 1, 1},
	               .outer = {216, 72, 24, 12},
	               .inner = {1, 4, 0, 0}};
	float in[210], out[210];
	double wide[210];
	nn_program p = {.real_size = 4, .tensor = &t, .tensors = 1};
	for (int i = 0; i < 210; i++)
		in[i] = (float)i + 0.5F;
	nn_tensor_put(&p, &t, arena, 5, NN_F32, in);
	nn_tensor_get(&p, &t, arena, 5, NN_F32, out);
	cr_assert_arr_eq(in, out, sizeof in);
	nn_tensor_get(&p, &t, arena, 2, NN_F64, wide);
	for (int i = 0; i < 84; i++)
		cr_assert(wide[i] == (double)in[i]);
	const int64_t index[NN_RANK] = {4, 5, 2, 1};
	float one;
	memcpy(&one, arena + nn_tensor_at(&p, &t, index), 4);
	cr_assert_eq(one, in[4 * 42 + 5 * 6 + 2 * 2 + 1]);
	memcpy(arena + nn_tensor_at(&p, &t, index), &(float){NAN}, 4);
	cr_assert_eq(nn_tensor_not_finite(&p, NN_PARAM, arena, 5), &t);
	cr_assert_null(nn_tensor_not_finite(&p, NN_PARAM, arena, 4));
}
