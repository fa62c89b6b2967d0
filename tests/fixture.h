/* fixture.h: the networks written by hand, and helpers for tests that run a trainer on files. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "../runtime/nn.h"

extern const nn_model nn_toy_wrong, nn_toy_wrong_both, nn_toy_other;
extern const nn_program nn_toy_fast, nn_toy_plain;

/* The toy raises this signal in the step of this number (from 1); 0: none. */
extern int toy_signal;
extern uint64_t toy_signal_step;

/* Both programs have a gradient with an error of 1e-4 of its norm: 1 of the weight, 2 of the bias;
 * 0: none. */
extern int toy_planted;

/* Goes into a new temporary directory; toy_leave removes it. */
void toy_enter(void);
void toy_leave(void);

/* Writes train-images, train-labels, test-images and test-labels: `count` images of three classes
 * that can be told apart, and half as many for the test. */
void toy_data(int count);

/* Runs a trainer on arguments (the first is not argv[0]; NULL ends); its exit status. What it
 * printed to stdout and stderr is in toy_output afterwards. */
int toy_run(const nn_model *model, ...);
extern char toy_output[1 << 16];

/* SHA-256 of a file as 64 digits, "" when there is none. */
const char *toy_hash(const char *path);

/* log.csv of a run directory without its last two columns, which are times. */
const char *toy_log(const char *directory);

void toy_write(const char *path, const void *bytes, size_t count);
size_t toy_read(const char *path, void *bytes, size_t room);

#endif
