/* bar: the line of a training on terminals of every width: it fits, and what matters is on it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../runtime/run/bar.h"

static nn_bar usual(void)
{
	return (nn_bar){.epoch = 3,
	                .epochs = 10,
	                .part = 0.425,
	                .loss = 0.12345,
	                .accuracy = 0.9876,
	                .images_per_second = 12345,
	                .epoch_left = 11.2,
	                .left = 340};
}

Test(bar, lines_of_some_widths)
{
	static const struct {
		int columns;      /* of the terminal */
		const char *line; /* on it           */
	} row[] = {
	        {40, "epoch 3/10 [=>  ]  42 %  0:12/5:40 left"},
	        {80,
	         "epoch 3/10 [=====>        ]  42 %  loss 0.1235  accuracy 0.9876  0:12/5:40 left"},
	        {200, "epoch 3/10 [================>                     ]  42 %  loss 0.1235  "
	              "accuracy 0.9876  12345 images/s  0:12/5:40 left"},
	        {30, "epoch 3/10  0:12/5:40 left"},
	        {12, "epoch 3/10"},
	        {8, "[==>  ]"},
	        {1, ""},
	};
	nn_bar b = usual();
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		char text[NN_BAR_MOST];
		nn_bar_text(&b, row[i].columns, text);
		cr_assert_str_eq(text, row[i].line, "%d columns: '%s'", row[i].columns, text);
	}
}

Test(bar, durations)
{
	static const struct {
		double left, all; /* seconds         */
		const char *text; /* part of the line */
	} row[] = {
	        {0, 0, " 0:00/0:00 left"},        {59.2, 3599.5, " 1:00/1:00:00 left"},
	        {61, 3723, " 1:01/1:02:03 left"}, {359999, 360000, " 99:59:59/5 days left"},
	        {NAN, INFINITY, " ?/? left"},     {1, 1e300, "e+"},
	};
	nn_bar b = usual();
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		char text[NN_BAR_MOST];
		b.epoch_left = row[i].left;
		b.left = row[i].all;
		nn_bar_text(&b, 120, text);
		cr_assert(strstr(text, row[i].text), "%zu: '%s'", i, text);
	}
}

/* Whatever the numbers are, on every width. */
Test(bar, every_width_holds_its_line)
{
	static const double number[] = {0, 1, 0.5, 1e9, 1e300, NAN, INFINITY};
	size_t numbers = sizeof number / sizeof *number;
	for (int columns = 1; columns < 300; columns++)
		for (size_t i = 0; i < numbers; i++) {
			char text[NN_BAR_MOST];
			nn_bar b = usual();
			b.epochs = i % 2 ? INT64_MAX : 1;
			b.part = i % 3 / 2.0;
			b.loss = number[i];
			b.images_per_second = number[(i + 1) % numbers];
			b.epoch_left = number[(i + 2) % numbers];
			b.left = number[(i + 3) % numbers];
			nn_bar_text(&b, columns, text);
			cr_assert((int)strlen(text) < columns, "%d: '%s'", columns, text);
			cr_assert(columns < 40 || i % 2 || strstr(text, " left"), "%d: '%s'",
			          columns, text);
		}
}

Test(bar, columns_without_a_terminal)
{
	static const struct {
		const char *text; /* COLUMNS         */
		int columns;      /* what is taken   */
	} row[] = {{"132", 132}, {"40", 40},   {"", 80},   {"0", 80},
	           {"-3", 80},   {"wide", 80}, {"1e9", 80}};
	int end[2];
	cr_assert_eq(pipe(end), 0);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		setenv("COLUMNS", row[i].text, 1);
		cr_assert_eq(nn_bar_columns(end[1]), row[i].columns, "'%s'", row[i].text);
	}
	unsetenv("COLUMNS");
	cr_assert_eq(nn_bar_columns(end[1]), 80);
	close(end[0]);
	close(end[1]);
}
