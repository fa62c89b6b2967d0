/* Texts of a fixed room, which are cut and never overrun, and numbers that are none of a type's:
 * what a hostile file puts into a message, and what a cast alone would leave undefined. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../runtime/base/calc.h"
#include "../runtime/net/options.h"
#include "../runtime/base/text.h"
#include "fixture_data.h"

TestSuite(text, .init = toy_enter, .fini = toy_leave);

Test(text, what_does_not_fit_is_cut)
{
	char text[9] = "";
	nn_append(text, 8, "%s", "abc");
	nn_append(text, 8, "-%d", 12345);
	cr_assert_str_eq(text, "abc-123");
	nn_append(text, 8, "%s", "more");
	cr_assert_str_eq(text, "abc-123");
	static const int64_t dim[] = {INT64_MAX, 1, INT64_MAX};
	char dims[24];
	nn_dims_text(dims, sizeof dims, dim, 3, "x");
	cr_assert_str_eq(dims, "9223372036854775807x1x9");
	nn_dims_text(dims, sizeof dims, dim, 0, "x");
	cr_assert_str_eq(dims, "");
}

Test(text, whole_numbers_are_those_that_doubles_hold)
{
	static const double none[] = {0.5,    NAN,   INFINITY, -INFINITY,
	                              9.1e15, 1e300, -1e19,    9223372036854775808.0};
	int64_t whole = 7;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		cr_assert(!nn_whole(none[i], &whole) && whole == 7, "%g", none[i]);
	cr_assert(nn_whole(9007199254740992.0, &whole) && whole == INT64_C(1) << 53);
	cr_assert(nn_whole(-3, &whole) && whole == -3);
}

Test(text, options_take_whole_numbers_only)
{
	static char *value[] = {"1e19", "-1e300", "9007199254740994", "1.5", "0"};
	for (size_t i = 0; i < sizeof value / sizeof *value; i++) {
		nn_error e = {0};
		nn_options o = {.program = "toy", .verb = "train"};
		char *argv[] = {"toy", "--threads", value[i]};
		cr_assert(!nn_options_read(&o, NN_VERB_TRAIN, 3, argv, 1, &e) && e.code == 2 &&
		                  strstr(e.text, value[i]),
		          "%s: %s", value[i], e.text);
	}
}

Test(text, a_seed_of_the_split_is_a_whole_number)
{
	static const char *const bad[] = {"-1", "0.5", "1e30"};
	int code;
	nn_model *m =
	        data_model("idx", (nn_source){.images = "train-images", .labels = "train-labels"});
	toy_data(30);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		data_set(m, "split_seed", bad[i]);
		const char *said = data_open(m, 1 << NN_TRAINING, NULL, &code);
		cr_assert(code == 2 && strstr(said, "split_seed"), "%s: %d %s", bad[i], code, said);
	}
}

/* ---- names in an archive -------------------------------------------------------------------- */

static unsigned char zip[400000];

/* Without its zero at the end. */
static void put(unsigned char *to, const char *text)
{
	while (*text)
		*to++ = (unsigned char)*text++;
}

/* An archive that is all directory: members called 1, 2, ... filled up to these lengths. */
static size_t directory(const int *length, int members)
{
	size_t at = 0;
	memset(zip, 0, sizeof zip);
	for (int i = 0; i < members; i++) {
		char number[16];
		int digits = snprintf(number, sizeof number, "%d", i + 1);
		int len = length[i] > digits ? length[i] : digits;
		put(zip + at, "PK\1\2");
		zip[at + 28] = (unsigned char)len;
		zip[at + 29] = (unsigned char)(len >> 8);
		memset(zip + at + 46, 'n', (size_t)len);
		memcpy(zip + at + 46, number, (size_t)digits);
		at += 46 + (size_t)len;
	}
	put(zip + at, "PK\5\6");
	zip[at + 10] = (unsigned char)members;
	return at + 22;
}

Test(text, names_of_any_length_fit_the_message)
{
	static const struct {
		int length[6];   /* of the names                        */
		int members;     /* how many                            */
		const char *end; /* of the message                      */
	} row[] = {
	        {{5, 6}, 2, "but 1nnnn, 2nnnnn"},   {{100, 152, 5, 9}, 4, " and 3 more"},
	        {{96, 148, 30, 60000}, 4, " more"}, {{251, 1, 250, 252, 253, 254}, 6, "6 more"},
	        {{65535, 65535}, 2, "but 2 more"},  {{0}, 0, "but nothing"},
	};
	int code;
	nn_model *m = data_model("npz", (nn_source){.file = "d.npz"});
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		toy_write("d.npz", zip, directory(row[i].length, row[i].members));
		const char *said = data_open(m, 1 << NN_TRAINING, NULL, &code);
		size_t len = strlen(said), end = strlen(row[i].end);
		cr_assert(code == 65 && strstr(said, "d.npz: holds no array 'x'") && len < 400 &&
		                  !strcmp(said + len - end, row[i].end),
		          "%zu: %d %s", i, code, said);
	}
}

Test(text, names_do_not_reach_the_terminal_as_they_are)
{
	int code;
	static const int length[] = {12};
	nn_model *m = data_model("npz", (nn_source){.file = "d.npz"});
	size_t size = directory(length, 1);
	put(zip + 46, "\033[2J\a\200");
	toy_write("d.npz", zip, size);
	cr_assert(strstr(data_open(m, 1 << NN_TRAINING, NULL, &code), "but ?[2J??nnnnnn"));
}
