/* Runs and their directories: a run is not lost to another, and goes on as it was started. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../runtime/run/checkpoint.h"
#include "../runtime/net/tensor.h"
#include "../runtime/train/train.h"
#include "fixture.h"

TestSuite(resume, .init = toy_enter, .fini = toy_leave);

/* Times and names of all files of a directory, its own time, and their contents. */
static const char *look(const char *directory)
{
	static char text[2][65];
	static int next;
	char command[256];
	char *to = text[next++ % 2];
	snprintf(command, sizeof command,
	         "(find %s -printf '%%p %%T@ %%i\\n' | sort; cat $(find %s -type f | sort)) >look",
	         directory, directory);
	cr_assert_eq(system(command), 0);
	snprintf(to, sizeof text[0], "%s", toy_hash("look"));
	return to;
}

static bool there(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

Test(resume, a_used_directory_is_refused_untouched)
{
	static char *const argument[][2] = {
	        {"--epochs", "9"}, {"--lr", "0"},           {"--weights", "none"},
	        {"--until", "1"},  {"--data", "elsewhere"}, {"--set", "lr=0.2"},
	};
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", NULL), 0, "%s", toy_output);
	char before[65];
	snprintf(before, sizeof before, "%s", look("r"));
	for (size_t i = 0; i < sizeof argument / sizeof *argument; i++) {
		int status =
		        toy_run(&nn_network, "--out", "r", argument[i][0], argument[i][1], NULL);
		cr_assert_eq(status, 2, "%d %s", status, toy_output);
		cr_assert(strstr(toy_output, "--overwrite") && strstr(toy_output, "--resume") &&
		                  strstr(toy_output, "--out"),
		          "%s", toy_output);
		cr_assert_str_eq(look("r"), before, "%s", argument[i][0]);
	}
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "--resume", "--overwrite", NULL), 2);
	cr_assert_str_eq(look("r"), before);
	/* One file of a run is enough. */
	cr_assert_eq(system("mkdir s && cp r/best.safetensors s"), 0);
	cr_assert_eq(toy_run(&nn_network, "--out", "s", NULL), 2, "%s", toy_output);
	cr_assert_eq(toy_run(&nn_network, "--out", "s", "--resume", NULL), 2, "%s", toy_output);
	cr_assert(strstr(toy_output, "no state to go on from"), "%s", toy_output);
}

Test(resume, trying_out_is_not_refused_and_touches_no_run)
{
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "--overfit-batch", "--out", "r", "-q", NULL), 0, "%s",
	             toy_output);
	cr_assert(there("r/log.csv") && !there("r/last.safetensors"));
	cr_assert_eq(toy_run(&nn_network, "--lr-find", "--out", "r", "-q", NULL), 0, "%s",
	             toy_output);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", NULL), 0, "%s", toy_output);
	cr_assert_eq(system("rm r/lr_find.*"), 0);
	char before[65], files[65];
	snprintf(before, sizeof before, "%s", look("r"));
	snprintf(files, sizeof files, "%s", look("r -type f"));
	cr_assert_eq(toy_run(&nn_network, "--dry-run", "--out", "r", NULL), 0, "%s", toy_output);
	cr_assert_str_eq(look("r"), before);
	cr_assert_eq(toy_run(&nn_network, "--overfit-batch", "--out", "r", NULL), 0, "%s",
	             toy_output);
	cr_assert(strstr(toy_output, "weights are not kept"), "%s", toy_output);
	cr_assert_str_eq(look("r"), before);
	cr_assert_eq(toy_run(&nn_network, "--lr-find", "--out", "r", "-q", NULL), 0, "%s",
	             toy_output);
	cr_assert_eq(system("rm r/lr_find.*"), 0);
	cr_assert_str_eq(look("r -type f"), files);
	cr_assert_eq(toy_run(&nn_network, "--overfit-batch", "--resume", "--out", "r", NULL), 2);
}

Test(resume, overwrite_starts_anew)
{
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "--out", "new", "-q", "--lr", "0.02", NULL), 0);
	cr_assert_eq(
	        toy_run(&nn_network, "--out", "r", "-q", "--log", "csv,jsonl,tensorboard", NULL),
	        0);
	toy_write("r/mine", "mine", 4);
	toy_signal = SIGTERM;
	toy_signal_step = 3;
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", "--lr", "0.02", "--overwrite", NULL),
	             128 + SIGTERM, "%s", toy_output);
	toy_signal = 0;
	cr_assert(!there("r/best.safetensors") && !there("r/report.html") && there("r/mine") &&
	          !there("r/events.out.tfevents.nncc"));
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", "--resume", NULL), 0, "%s",
	             toy_output);
	cr_assert_str_eq(toy_hash("r/last.safetensors"), toy_hash("new/last.safetensors"));
	cr_assert_str_eq(toy_log("r"), toy_log("new"));
}

#define STARTED                                                                                    \
	"--lr", "0.3", "--epochs", "4", "--limit", "21", "--set", "warm=1.5", "--batch-size", "4", \
	        "--seed", "7", "--log", "csv", "--data", "d", "-q"

/* Goes on with the command that was printed. */
static int go_on(const nn_model *model)
{
	char *word[16] = {NULL}, *at = strstr(toy_output, "go on with: ./toy ");
	static char command[512];
	cr_assert(at, "%s", toy_output);
	snprintf(command, sizeof command, "%.*s", (int)strcspn(at, "\n"), at);
	int n = 0;
	for (char *w = strtok(strstr(command, "./toy ") + 6, " "); w && n < 15;
	     w = strtok(NULL, " "))
		word[n++] = w;
	return toy_run(model, word[0], word[1], word[2], word[3], word[4], word[5], word[6],
	               word[7], word[8], word[9], NULL);
}

Test(resume, options_of_the_run_hold)
{
	toy_data(50);
	cr_assert_eq(system("mkdir d && mv t*-* d"), 0);
	cr_assert_eq(toy_run(&nn_network, "--out", "whole", STARTED, NULL), 0, "%s", toy_output);
	for (int at = 1; at <= 24; at++) {
		toy_signal = SIGINT;
		toy_signal_step = (uint64_t)at;
		int status = toy_run(&nn_network, "--out", "parts", STARTED, NULL);
		cr_assert_eq(status, 128 + SIGINT, "step %d: %d %s", at, status, toy_output);
		toy_signal_step = (uint64_t)at + 2;
		status = go_on(&nn_network);
		cr_assert(status == 0 || status == 128 + SIGINT, "%d %s", status, toy_output);
		cr_assert(strstr(toy_output, "--epochs 4 --lr 0.3 --limit 21") &&
		                  strstr(toy_output, "--set warm=1.5") &&
		                  !strstr(toy_output, "before"),
		          "%s", toy_output);
		toy_signal = 0;
		status = toy_run(&nn_network, "--out", "parts", "-q", "--resume", NULL);
		cr_assert_eq(status, 0, "%s", toy_output);
		cr_assert(!toy_output[0], "nothing differs: %s", toy_output);
		cr_assert_str_eq(toy_hash("parts/last.safetensors"),
		                 toy_hash("whole/last.safetensors"));
		cr_assert_str_eq(toy_hash("parts/best.safetensors"),
		                 toy_hash("whole/best.safetensors"));
		cr_assert_str_eq(toy_log("parts"), toy_log("whole"), "stopped at %d", at);
		cr_assert(!there("parts/log.jsonl"));
		cr_assert_eq(system("rm -r parts"), 0);
	}
}

/* Killed before the first save that time brings: its first state knows the options. */
Test(resume, a_run_that_has_not_begun_has_its_options)
{
	toy_data(50);
	cr_assert_eq(
	        toy_run(&nn_network, "--out", "whole", "-q", "--lr", "0.3", "--epochs", "2", NULL),
	        0);
	cr_assert_eq(
	        toy_run(&nn_network, "--out", "r", "-q", "--lr", "1e60", "--epochs", "2", NULL), 80,
	        "%s", toy_output);
	cr_assert(there("r/state.safetensors") && !there("r/last.safetensors"));
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "--resume", "--lr", "0.3", NULL), 0, "%s",
	             toy_output);
	cr_assert(strstr(toy_output, "--lr 0.3") && strstr(toy_output, "now, 1e+60 before") &&
	                  strstr(toy_output, "with the run's --epochs 2"),
	          "%s", toy_output);
	cr_assert_str_eq(toy_log("r"), toy_log("whole"));
	cr_assert_str_eq(toy_hash("r/last.safetensors"), toy_hash("whole/last.safetensors"));
}

Test(resume, what_differs_is_told_or_refused)
{
	static const struct {
		char *argument[2]; /* added                */
		int status;        /* exit                 */
		char *text;        /* part of what is said */
	} row[] = {{{"--epochs", "3"}, 0, NULL},
	           {{"--epochs", "4"}, 0, "--epochs 4 now, 3 before"},
	           {{"--lr", "0.2"}, 0, "now, 0.1 before"},
	           {{"--log", "csv"}, 0, "--log csv now, none before"},
	           {{"--set", "lr=0.1"}, 0, "<optimizer lr> 0.2 now, 0.1"},
	           {{"--weights", "w"}, 0, "--weights is not read"},
	           {{"--batch-size", "4"}, 76, "--batch-size 8"},
	           {{"--seed", "5"}, 76, "--seed 1"},
	           {{"--limit", "20"}, 76, "give the same --data and --limit"}};
	toy_data(50);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", "--until", "1", NULL), 0);
		int status = toy_run(&nn_network, "--out", "r", "-q", "--resume",
		                     row[i].argument[0], row[i].argument[1], NULL);
		cr_assert_eq(status, row[i].status, "%s: %s", row[i].argument[0], toy_output);
		cr_assert(row[i].text ? strstr(toy_output, row[i].text) != NULL : !toy_output[0],
		          "%s: %s", row[i].argument[0], toy_output);
		cr_assert_eq(system("rm -r r"), 0);
	}
}

/* The description was edited and compiled anew while the run had stopped. */
Test(resume, changes_of_the_description_are_told)
{
	nn_setting all[64];
	nn_model edited = nn_network;
	int n = 0;
	for (int i = 0; i < edited.settings; i++) {
		all[n] = edited.setting[i];
		if (!strcmp(all[n].name, "epochs"))
			all[n].value = "4";
		if (!strcmp(all[n].name, "momentum"))
			all[n].value = "0.90"; /* the same number */
		if (!strcmp(all[n].name, "seed"))
			all[n].value = "5";
		n += strcmp(all[n].name, "warmup") != 0;
	}
	all[n++] = (nn_setting){"schedule", "gamma", "0.5"};
	edited.setting = all;
	edited.settings = n;
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", "--until", "1", NULL), 0);
	cr_assert_eq(toy_run(&edited, "--out", "r", "--resume", NULL), 0, "%s", toy_output);
	cr_assert(strstr(toy_output, "<train epochs> 4 now, 3 before\n") &&
	                  strstr(toy_output, "<train seed> 5 now, 1 before; what the run was") &&
	                  strstr(toy_output, "<schedule gamma> 0.5 now, none before") &&
	                  strstr(toy_output, "<schedule warmup> none now, 0 before") &&
	                  !strstr(toy_output, "momentum") && strstr(toy_output, "epoch 4/4"),
	          "%s", toy_output);
}

/* ---- files of others ------------------------------------------------------------------------- */

typedef struct copy {
	nn_safetensors s;      /* from                                     */
	nn_st_tensor row[64];  /* what is written                          */
	const char *shown[64]; /* the tensor behind each, of another name  */
	nn_st_pair pair[256];  /* and its metadata                         */
	nn_dtype dtype;        /* of all of them; NN_OTHER: as it is       */
} copy;

/* 16 bits of a number that they can hold, by hand. */
static uint16_t narrow(float value, nn_dtype dtype)
{
	uint32_t bits;
	memcpy(&bits, &value, sizeof bits);
	if (dtype == NN_BF16)
		return (uint16_t)(bits >> 16);
	int exponent = (int)(bits >> 23 & 255) - 127 + 15;
	uint32_t fraction = bits >> 13 & 1023, sign = bits >> 31 << 15;
	if (value == 0)
		return (uint16_t)sign;
	if (exponent > 0)
		return (uint16_t)(sign | (uint32_t)exponent << 10 | fraction);
	return (uint16_t)(sign | (fraction | 1024) >> (1 - exponent));
}

static void pack(void *ctx, size_t i, int64_t first, int64_t count, char *bytes)
{
	copy *c = ctx;
	nn_error e = {0};
	const nn_st_tensor *from = nn_safetensors_find(&c->s, c->shown[i]);
	static float value[4096];
	if (!from) {
		memset(bytes, 0, (size_t)count * 8);
		return;
	}
	cr_assert(nn_safetensors_some(&c->s, from, first, count,
	                              c->row[i].dtype == from->dtype ? (void *)bytes : value, &e));
	for (int64_t k = 0; c->row[i].dtype != from->dtype && k < count; k++) {
		uint16_t h = narrow(value[k], c->row[i].dtype);
		memcpy(bytes + 2 * k, &h, 2);
	}
}

/* Copies a file with its tensors as `dtype`, leaves out the pairs whose key begins with one of
 * `without`, renames the tensor `name` to `other` (NULL: leaves it out), adds one called `more`. */
static void rewrite(const char *from, const char *to, nn_dtype dtype, const char *const *without,
                    const char *name, const char *other, const char *more)
{
	static copy c;
	nn_error e = {0};
	c = (copy){.dtype = dtype};
	cr_assert(nn_safetensors_read(&c.s, from, 76, &e), "%s", e.text);
	nn_st_writer w = {.tensor = c.row, .pair = c.pair, .pack = pack, .ctx = &c};
	for (size_t i = 0; i < c.s.tensors; i++) {
		nn_st_tensor *t = &c.row[w.tensors];
		bool named = name && !strcmp(c.s.tensor[i].name, name);
		if (named && !other)
			continue;
		*t = c.s.tensor[i];
		t->name = named ? other : t->name;
		t->dtype = dtype == NN_OTHER ? t->dtype : dtype;
		c.shown[w.tensors++] = c.s.tensor[i].name;
	}
	if (more) {
		c.row[w.tensors] = (nn_st_tensor){.name = more, .dtype = NN_I64};
		c.shown[w.tensors++] = "nothing";
	}
	for (size_t i = 0; i < c.s.pairs; i++) {
		bool keep = strcmp(c.s.pair[i].key, "sha256") != 0;
		for (int k = 0; without && without[k]; k++)
			keep = keep &&
			       strncmp(c.s.pair[i].key, without[k], strlen(without[k])) != 0;
		if (keep)
			c.pair[w.pairs++] = c.s.pair[i];
	}
	cr_assert(nn_safetensors_write(&w, to, NULL, &e), "%s", e.text);
	nn_text_free(&w.header);
	nn_safetensors_free(&c.s);
}

/* A state from before states knew of options goes on with those of the command line. */
Test(resume, states_without_options_go_on)
{
	static const char *const without[] = {"option.", "settings", NULL};
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "--out", "whole", "-q", "--lr", "0.3", NULL), 0);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", "--lr", "0.3", "--until", "1", NULL),
	             0);
	rewrite("r/state.safetensors", "r/state.safetensors", NN_OTHER, without, NULL, NULL, NULL);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", "--lr", "0.3", "--resume", NULL), 0,
	             "%s", toy_output);
	cr_assert(strstr(toy_output, "holds no options"), "%s", toy_output);
	cr_assert_str_eq(toy_hash("r/last.safetensors"), toy_hash("whole/last.safetensors"));
}

static const char *const anonymous[] = {"architecture_hash", "kind", NULL};

Test(resume, weights_must_be_those_of_the_network)
{
	static const struct {
		const char *name, *other, *more; /* as rewrite takes them */
		int status;                      /* of test               */
		const char *text;                /* part of the message   */
	} row[] = {
	        {NULL, NULL, NULL, 0, ""},
	        {NULL, NULL, "norm1.num_batches_tracked", 0, ""},
	        {"dense1.bias", NULL, NULL, 76,
	         "1 of its tensors are not in the file (dense1.bias)"},
	        {"dense1.bias", "fc.bias", NULL, 76,
	         "(dense1.bias); 1 of the file are unknown to it (fc.bias)"},
	        {NULL, NULL, "head\033[31m", 76, "1 of the file are unknown to it (head?[31m)"},
	};
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", NULL), 0);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		rewrite("r/last.safetensors", "w", NN_OTHER, anonymous, row[i].name, row[i].other,
		        row[i].more);
		int status = toy_run(&nn_network, "test", "--weights", "w", NULL);
		cr_assert_eq(status, row[i].status, "%zu: %d %s", i, status, toy_output);
		cr_assert(strstr(toy_output, row[i].text), "%zu: %s", i, toy_output);
		status = toy_run(&nn_network, "--weights", "w", "--out", "t", "-q", "--overwrite",
		                 NULL);
		cr_assert_eq(status, row[i].status, "%zu: %d %s", i, status, toy_output);
	}
	/* A state holds weights, too. */
	cr_assert_eq(toy_run(&nn_network, "test", "--weights", "r/state.safetensors", NULL), 0,
	             "%s", toy_output);
}

/* Weights that 16 bits can hold give the same bits when they come from 16 bits. */
Test(resume, narrow_weights_are_widened)
{
	static const nn_dtype narrow_type[] = {NN_F16, NN_BF16};
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", NULL), 0);
	for (int i = 0; i < 2; i++) {
		rewrite("r/last.safetensors", "n", narrow_type[i], anonymous, NULL, NULL, NULL);
		cr_assert_eq(toy_run(&nn_network, "export", "--weights", "n", "--safetensors",
		                     "wide", NULL),
		             0, "%s", toy_output);
		rewrite("wide", "m", narrow_type[i], anonymous, NULL, NULL, NULL);
		cr_assert_str_eq(toy_hash("m"), toy_hash("n"));
		cr_assert_eq(toy_run(&nn_network, "test", "--weights", "n", NULL), 0, "%s",
		             toy_output);
	}
}

/* Numbers of half precision: the smallest, the largest, both zeroes, what is not finite. */
Test(resume, half_precision)
{
	static const struct {
		uint16_t bits; /* F16             */
		double value;  /* what it means   */
	} row[] = {{0x3c00, 1},       {0xc000, -2},           {0x7bff, 65504}, {0x0400, 0x1p-14},
	           {0x0001, 0x1p-24}, {0x83ff, -0x1.ff8p-15}, {0, 0},          {0x7c00, INFINITY}};
	const nn_program *p = nn_network.fast;
	const nn_tensor *t = nn_tensor_find(p, NN_PARAM, "dense1.bias");
	static char arena[1 << 16];
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		double found[3] = {0};
		nn_tensor_put_some(p, t, arena, 0, 1, NN_F16, &row[i].bits);
		nn_tensor_get_some(p, t, arena, 0, 1, NN_F64, found);
		cr_assert(found[0] == row[i].value, "%04x: %g", row[i].bits, found[0]);
	}
}

/* ---- the rest -------------------------------------------------------------------------------- */

Test(resume, signals_are_cared_for_first)
{
	struct sigaction usr1, term;
	toy_data(50);
	cr_assert_eq(toy_run(&nn_network, "info", NULL), 0);
	sigaction(SIGUSR1, NULL, &usr1);
	cr_assert(usr1.sa_handler == SIG_IGN);
	/* Even when nothing comes of it. */
	cr_assert_eq(toy_run(&nn_network, "--epochs", "x", NULL), 2);
	sigaction(SIGUSR1, NULL, &usr1);
	sigaction(SIGTERM, NULL, &term);
	cr_assert(usr1.sa_handler != SIG_IGN && usr1.sa_handler != SIG_DFL &&
	          term.sa_handler != SIG_DFL);
}

Test(resume, the_command_is_one_for_a_shell)
{
	nn_text t = {0};
	nn_options o = {.program = "./my net", .until = 3, .threads = 2};
	nn_resume_command(&t, &o, "runs/it's");
	cr_assert_str_eq(t.at, "'./my net' train --resume --out 'runs/it'\\''s' --until 3 -j 2");
	nn_text_free(&t);
}

/* A table of the square of a million would take all memory, after the training. */
Test(resume, confusion_is_counted_for_so_many_classes_only)
{
	nn_error e = {0};
	nn_model many = nn_network;
	int64_t *few = nn_confusion(&many, &e);
	cr_assert(few != NULL);
	free(few);
	many.classes = 1000000;
	cr_assert(!nn_confusion(&many, &e) && !e.code);
}
