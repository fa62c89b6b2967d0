/* Training as a whole, on the network written by hand: resuming, damage, refusals, numbers. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../runtime/file/safetensors.h"
#include "fixture.h"

TestSuite(train, .init = toy_enter, .fini = toy_leave);

/* 50 images: 39 to train on, 5 steps an epoch, 15 in all. */
enum { IMAGES = 50, STEPS = 15 };

/* Weights and log of two runs. (The states also hold the sizes of the logs, which hold times.) */
static void same_files(const char *what, int step)
{
	static const char *const file[] = {"last.safetensors", "best.safetensors"};
	for (int i = 0; i < 2; i++) {
		char a[64], b[64];
		snprintf(a, sizeof a, "whole/%s", file[i]);
		snprintf(b, sizeof b, "parts/%s", file[i]);
		cr_assert_str_eq(toy_hash(a), toy_hash(b), "%s at step %d: %s differs", what, step,
		                 file[i]);
	}
}

Test(train, stops_and_resumes_anywhere)
{
	toy_data(IMAGES);
	cr_assert_eq(toy_run(&nn_network, "--out", "whole", "-q", NULL), 0, "%s", toy_output);
	for (int at = 1; at <= STEPS; at++) {
		toy_signal = at % 2 ? SIGTERM : SIGINT;
		toy_signal_step = (uint64_t)at;
		int status = toy_run(&nn_network, "--out", "parts", "-q", "-j1", NULL);
		cr_assert_eq(status, 128 + toy_signal, "step %d: %d %s", at, status, toy_output);
		cr_assert(strstr(toy_output, "--resume"), "%s", toy_output);
		toy_signal_step = (uint64_t)at + 3;
		status = toy_run(&nn_network, "--out", "parts", "-q", "--resume", NULL);
		cr_assert(status == 0 || status == 128 + toy_signal, "%d %s", status, toy_output);
		toy_signal = 0;
		status = toy_run(&nn_network, "--out", "parts", "-q", "-j3", "--resume", NULL);
		cr_assert_eq(status, 0, "%s", toy_output);
		same_files("resumed", at);
		cr_assert_str_eq(toy_log("whole"), toy_log("parts"), "stopped at %d", at);
		cr_assert_eq(system("rm -r parts"), 0);
	}
}

/* Stopped in several places and resumed under this schedule: the same weights and the same log.
 * Returns the log. */
static const char *resumed_under(const char *schedule)
{
	const nn_setting setting[] = {
	        {"optimizer", "lr", "0.1"},     {"optimizer", "momentum", "0.9"},
	        {"schedule", "type", schedule}, {"schedule", "patience", "0"},
	        {"schedule", "gamma", "0.5"},   {"schedule", "warmup", "0.5"}};
	nn_setting all[64];
	nn_model model = nn_network;
	int n = sizeof setting / sizeof *setting;
	memcpy(all, setting, sizeof setting);
	for (int i = 0; i < model.settings; i++)
		if (strcmp(model.setting[i].element, "schedule") &&
		    strcmp(model.setting[i].element, "optimizer"))
			all[n++] = model.setting[i];
	model.setting = all;
	model.settings = n;
	model.schedule = schedule;
	toy_data(IMAGES);
	cr_assert_eq(
	        toy_run(&model, "--out", "whole", "-q", "-j1", "--epochs", "6", "--lr", "2", NULL),
	        0, "%s", toy_output);
	for (int at = 3; at <= 28; at += 8) {
		toy_signal = SIGTERM;
		toy_signal_step = (uint64_t)at;
		cr_assert_eq(toy_run(&model, "--out", "parts", "-q", "-j1", "--epochs", "6", "--lr",
		                     "2", NULL),
		             128 + SIGTERM);
		toy_signal = 0;
		cr_assert_eq(toy_run(&model, "--out", "parts", "-q", "-j1", "--epochs", "6", "--lr",
		                     "2", "--resume", NULL),
		             0, "%s", toy_output);
		same_files(schedule, at);
		cr_assert_str_eq(toy_log("whole"), toy_log("parts"), "stopped at %d", at);
		cr_assert_eq(system("rm -r parts"), 0);
	}
	return toy_log("whole");
}

/* What plateau has seen is part of the state: each epoch's loss decides about the next rate. */
Test(train, a_plateau_is_resumed)
{
	const char *rates = resumed_under("plateau");
	cr_assert(strstr(rates, ",0.5") || strstr(rates, ",1"), "%s", rates);
}

/* The momentum of a step depends on the step alone. */
Test(train, a_cycle_is_resumed)
{
	resumed_under("onecycle");
}

Test(train, a_checkpoint_on_request_changes_nothing)
{
	toy_data(IMAGES);
	cr_assert_eq(toy_run(&nn_network, "--out", "whole", "-q", NULL), 0);
	toy_signal = SIGUSR1;
	toy_signal_step = 7;
	cr_assert_eq(toy_run(&nn_network, "--out", "parts", "-q", NULL), 0);
	same_files("SIGUSR1", 7);
}

Test(train, resuming_from_a_state_in_another_place)
{
	toy_data(IMAGES);
	cr_assert_eq(toy_run(&nn_network, "--out", "whole", "-q", NULL), 0);
	toy_signal = SIGTERM;
	toy_signal_step = 7;
	cr_assert_eq(toy_run(&nn_network, "--out", "first", "-q", NULL), 128 + SIGTERM);
	toy_signal = 0;
	cr_assert_eq(toy_run(&nn_network, "--out", "parts", "-q",
	                     "--resume=first/state.safetensors", NULL),
	             0, "%s", toy_output);
	same_files("elsewhere", 7);
	/* A crash between the two renames leaves only the previous state. */
	cr_assert_eq(rename("first/state.safetensors", "first/state.previous.safetensors"), 0);
	cr_assert_eq(toy_run(&nn_network, "--out", "first", "-q", "--resume", NULL), 0, "%s",
	             toy_output);
	cr_assert_str_eq(toy_hash("first/last.safetensors"), toy_hash("whole/last.safetensors"));
}

Test(train, threads_do_not_change_a_bit)
{
	toy_data(IMAGES);
	static char *const threads[] = {"-j1", "-j2", "-j3", "-j4", "-j7"};
	char first[65] = "";
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(
		        toy_run(&nn_network, "--out", "r", "-q", "--overwrite", threads[i], NULL),
		        0);
		if (!first[0])
			snprintf(first, sizeof first, "%s", toy_hash("r/last.safetensors"));
		cr_assert_str_eq(toy_hash("r/last.safetensors"), first, "%s", threads[i]);
	}
}

Test(train, damaged_states_are_refused)
{
	static char good[1 << 16], bad[1 << 16];
	toy_data(IMAGES);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", NULL), 0);
	size_t count = toy_read("r/state.safetensors", good, sizeof good);
	cr_assert(count > 1000 && count < sizeof good);
	for (size_t i = 0; i < count; i += i < 8 ? 1 : 23) {
		memcpy(bad, good, count);
		bad[i] ^= (char)(1 << i % 8);
		toy_write("r/state.safetensors", bad, count);
		int status = toy_run(&nn_network, "--out", "r", "-q", "--resume", NULL);
		cr_assert_eq(status, 76, "bit of byte %zu: %d %s", i, status, toy_output);
	}
	for (size_t i = 0; i < count; i += 61) {
		toy_write("r/state.safetensors", good, i);
		int status = toy_run(&nn_network, "--out", "r", "-q", "--resume", NULL);
		cr_assert_eq(status, 76, "cut to %zu: %d %s", i, status, toy_output);
	}
	toy_write("r/state.safetensors", good, count);
	int status = toy_run(&nn_network, "--out", "r", "-q", "--resume", NULL);
	cr_assert_eq(status, 0, "%s", toy_output);
}

Test(train, what_does_not_belong_together_is_refused)
{
	toy_data(IMAGES);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", NULL), 0);
	static const struct {
		char *argument[2]; /* added to train --resume */
		int status;        /* exit                    */
		char *text;        /* part of the message     */
	} row[] = {{{"--seed", "5"}, 76, "--seed 1"},
	           {{"--batch-size", "4"}, 76, "--batch-size 8"},
	           {{"--limit", "20"}, 76, "other training data"},
	           {{"--batch-size", "9"}, 2, "nncc --batch-size 9"},
	           {{"--set", "width=4"}, 2, "'width' is compiled into <dense units>"},
	           {{"--set", "width=4"}, 2, "nncc -D width=4"},
	           {{"--set", "lr=0"}, 2, "outside its range"},
	           {{"--set", "depth=3"}, 2, "no <param> called 'depth'"},
	           {{"--resume=r/best.safetensors", NULL}, 76, "no state"},
	           {{"--lr", "x"}, 2, "found 'x'"},
	           {{"--epoch", "2"}, 2, "unknown option"},
	           {{"--steps", "2"}, 2, "train has no option --steps"},
	           {{"--epochs", NULL}, 2, "a value is missing"},
	           {{"--epochs", "1.5"}, 2, "expected a whole number"},
	           {{"--log", "yaml"}, 2, "expected a list of csv, jsonl and tensorboard"}};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int status = toy_run(&nn_network, "--out", "r", "-q", "--resume",
		                     row[i].argument[0], row[i].argument[1], NULL);
		cr_assert_eq(status, row[i].status, "%s: %d", row[i].argument[0], status);
		cr_assert(strstr(toy_output, row[i].text), "%s: %s", row[i].argument[0],
		          toy_output);
	}
	int status = toy_run(&nn_toy_other, "--out", "r", "-q", "--resume", NULL);
	cr_assert_eq(status, 76);
	cr_assert(strstr(toy_output, "another architecture"), "%s", toy_output);
	cr_assert_eq(toy_run(&nn_toy_other, "test", "--out", "r", NULL), 76);
}

Test(train, nothing_to_resume_starts_anew)
{
	toy_data(IMAGES);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "--resume", NULL), 0);
	cr_assert(strstr(toy_output, "nothing to resume"), "%s", toy_output);
}

Test(train, a_loss_that_is_not_finite_stops_and_keeps_the_state)
{
	toy_data(IMAGES);
	toy_signal = SIGTERM;
	toy_signal_step = 6;
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", NULL), 128 + SIGTERM);
	toy_signal = 0;
	char before[65];
	snprintf(before, sizeof before, "%s", toy_hash("r/state.safetensors"));
	int status = toy_run(&nn_network, "--out", "r", "-q", "--resume", "--lr", "1e60", NULL);
	cr_assert_eq(status, 80, "%d %s", status, toy_output);
	cr_assert(strstr(toy_output, "not finite in step 8") &&
	                  strstr(toy_output, "dense1.weight, in step 7"),
	          "%s", toy_output);
	cr_assert_str_eq(toy_hash("r/state.safetensors"), before);
}

Test(train, options_do_what_they_say)
{
	toy_data(IMAGES);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "--dry-run", NULL), 0, "%s", toy_output);
	struct stat st;
	cr_assert(stat("r", &st) != 0 && strstr(toy_output, "39 training, 11 validation"), "%s",
	          toy_output);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "--limit", "9", "--epochs", "2", NULL), 0);
	cr_assert(strstr(toy_output, "epoch 2/2  step 4 "), "%s", toy_output);
	cr_assert_eq(toy_run(&nn_network, "--out", "o", "--overfit-batch", "--epochs", "2", NULL),
	             0, "%s", toy_output);
	cr_assert_eq(toy_run(&nn_network, "test", "--out", "r", "--json", NULL), 0);
	cr_assert(strstr(toy_output, "\"count\":25,\"confusion\":[["), "%s", toy_output);
	cr_assert_eq(toy_run(&nn_network, "test", "--out", "none", NULL), 66);
	cr_assert_eq(toy_run(&nn_network, "--data", "none", NULL), 66);
	cr_assert_eq(toy_run(&nn_network, "tune", "--trials", "0", NULL), 2);
	cr_assert_eq(toy_run(&nn_network, "export", "--onnx", "f", NULL), 2);
	cr_assert_eq(toy_run(&nn_network, "sleep", NULL), 2);
	cr_assert_eq(toy_run(&nn_network, "export", "--out", "r", "--safetensors", "f", NULL), 0);
	cr_assert_str_eq(toy_hash("f"), toy_hash("r/best.safetensors"));
}

/* The number after "key": in a file of JSON. */
static double json_number(const char *path, const char *key)
{
	static char text[1 << 16];
	size_t count = toy_read(path, text, sizeof text - 1);
	text[count] = 0;
	const char *at = strstr(text, key);
	cr_assert(at, "%s has no %s", path, key);
	return strtod(at + strlen(key), NULL);
}

Test(train, learning_rates_are_tried)
{
	toy_data(IMAGES);
	cr_assert_eq(toy_run(&nn_network, "--out", "r", "-q", NULL), 0);
	char weights[65], lines[65], first[65];
	snprintf(weights, sizeof weights, "%s", toy_hash("r/last.safetensors"));
	snprintf(lines, sizeof lines, "%s", toy_hash("r/log.csv"));
	cr_assert_eq(toy_run(&nn_network, "--lr-find", "--out", "r", "-j1", NULL), 0, "%s",
	             toy_output);
	cr_assert(strstr(toy_output, "Suggestion: --lr 0."), "%s", toy_output);
	snprintf(first, sizeof first, "%s", toy_hash("r/lr_find.json"));
	double suggestion = json_number("r/lr_find.json", "\"suggestion\":");
	double lowest = json_number("r/lr_find.json", "\"lowest_lr\":");
	cr_assert(suggestion > 1e-5 && suggestion <= lowest && lowest < 11, "%g, %g", suggestion,
	          lowest);
	cr_assert(json_number("r/lr_find.json", "\"lr\":") == 1e-7);
	/* A run that is there stays as it is. */
	cr_assert_str_eq(toy_hash("r/last.safetensors"), weights);
	cr_assert_str_eq(toy_hash("r/log.csv"), lines);
	cr_assert_eq(toy_run(&nn_network, "--lr-find", "--out", "r", "-j3", "--json", NULL), 0);
	cr_assert(!strncmp(toy_output, "{\"suggestion\":0.", 16), "%s", toy_output);
	cr_assert_str_eq(toy_hash("r/lr_find.json"), first);
	cr_assert_eq(toy_run(&nn_network, "--lr-find", "--resume", NULL), 2);
}

Test(train, check_finds_a_wrong_gradient)
{
	cr_assert_eq(toy_run(&nn_network, "check", NULL), 0, "%s", toy_output);
	cr_assert_eq(toy_run(&nn_toy_wrong, "check", NULL), 1);
	cr_assert(strstr(toy_output, "WRONG"), "%s", toy_output);
	cr_assert_eq(toy_run(&nn_toy_wrong_both, "check", "--json", NULL), 1);
	cr_assert(strstr(toy_output, "random direction 1\",\"norm\"") &&
	                  strstr(toy_output, "\"ok\":false"),
	          "%s", toy_output);
}

Test(train, check_finds_small_mistakes_in_any_gradient)
{
	for (toy_planted = 1; toy_planted <= 2; toy_planted++) {
		for (int seed = 1; seed <= 8; seed++) {
			char text[8];
			snprintf(text, sizeof text, "%d", seed);
			int status = toy_run(&nn_network, "check", "--seed", text, NULL);
			cr_assert_eq(status, 1, "tensor %d, seed %d: %s", toy_planted, seed,
			             toy_output);
		}
	}
	toy_planted = 0;
	for (int seed = 1; seed <= 8; seed++) {
		char text[8];
		snprintf(text, sizeof text, "%d", seed);
		int status = toy_run(&nn_network, "check", "--seed", text, NULL);
		cr_assert_eq(status, 0, "seed %d: %s", seed, toy_output);
	}
}

/* A step of the plain program costs so many flop an image: that decides how many are seen. */
Test(train, check_bounds_the_work_of_the_plain_program)
{
	static const struct {
		double each;
		const char *images, *steps;
	} cases[] = {{1e6, "8 of 8", "of 8 for"},
	             {2e8, "8 of 8", "of 5 for"},
	             {5e9, "5 of 8", "of 1 for"},
	             {1e12, "2 of 8", "of 1 for"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		nn_model large = nn_network;
		large.flop_per_step = cases[i].each * large.batch;
		cr_assert_eq(toy_run(&large, "check", NULL), 0, "%s", toy_output);
		cr_assert(strstr(toy_output, cases[i].images) && strstr(toy_output, cases[i].steps),
		          "%g flop an image: %s", cases[i].each, toy_output);
		for (toy_planted = 1; toy_planted <= 2; toy_planted++)
			cr_assert_eq(toy_run(&large, "check", NULL), 1, "%s", toy_output);
		toy_planted = 0;
	}
}

/* Of its arena, only what a few images need is ever taken. */
Test(train, check_maps_more_than_the_machine_has)
{
	nn_program plain = *nn_network.plain;
	nn_model large = nn_network;
	plain.arena_bytes = (size_t)1 << 38;
	large.plain = &plain;
	large.batch = 1 << 14;
	large.flop_per_step = 1e12 * large.batch;
	cr_assert_eq(toy_run(&large, "check", NULL), 0, "%s", toy_output);
	cr_assert(strstr(toy_output, "2 of 16384"), "%s", toy_output);
}
