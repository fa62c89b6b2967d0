/* bar.c: the line that tells how far a training is.
 *
 *     in    epoch 3 of 10, 42 % of it, loss 0.1234, 12 s left of it and 340 s of the training; 80
 *     out   epoch 3/10 [=====>        ]  42 %  loss 0.1234  accuracy 0.9876  0:12/5:40 left
 *
 * Parts get room in an order of their own: one that does not fit is left out, and the bar takes
 * what remains. So the line fits every terminal, and what matters is on it. */
#include "bar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../base/calc.h"

/* In the order of the line. */
enum { EPOCH, BAR, SHARE, LOSS, ACCURACY, SPEED, LEFT, PARTS };

enum { BAR_LEAST = 6, BAR_MOST = 40, PART_MOST = 64 };

static const int first[PARTS] = {EPOCH, LEFT, BAR, SHARE, LOSS, ACCURACY, SPEED};

int nn_bar_columns(int fd)
{
	struct winsize size;
	if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	const char *text = getenv("COLUMNS");
	double columns;
	if (text && nn_parse_double(text, &columns) && columns >= 1 && columns < 1e6)
		return (int)columns;
	return 80;
}

/* "0:12", "1:02:03", from 100 hours on "5 days"; "?" for what is not known. */
static void duration(double seconds, char text[PART_MOST / 2])
{
	double s = ceil(seconds);
	if (!isfinite(s)) {
		snprintf(text, PART_MOST / 2, "?");
		return;
	}
	double hours = floor(s / 3600), minutes = floor(fmod(s, 3600) / 60);
	if (hours >= 100)
		snprintf(text, PART_MOST / 2, "%.4g days", ceil(s / 86400));
	else if (hours >= 1)
		snprintf(text, PART_MOST / 2, "%.0f:%02.0f:%02.0f", hours, minutes, fmod(s, 60));
	else
		snprintf(text, PART_MOST / 2, "%.0f:%02.0f", minutes, fmod(s, 60));
}

static void draw(char *text, int width, double part)
{
	int cells = width - 2, full = (int)(part * (double)cells);
	text[0] = '[';
	for (int i = 0; i < cells; i++)
		text[1 + i] = i < full ? '=' : i == full ? '>' : ' ';
	text[width - 1] = ']';
	text[width] = 0;
}

static void write_parts(const nn_bar *b, char part[PARTS][PART_MOST])
{
	char epoch_left[PART_MOST / 2], left[PART_MOST / 2];
	duration(b->epoch_left, epoch_left);
	duration(b->left, left);
	snprintf(part[EPOCH], PART_MOST, "epoch %lld/%lld", (long long)b->epoch,
	         (long long)b->epochs);
	draw(part[BAR], BAR_LEAST, b->part);
	snprintf(part[SHARE], PART_MOST, "%3.0f %%", floor(b->part * 100));
	if (isfinite(b->loss))
		snprintf(part[LOSS], PART_MOST, " loss %.4g", b->loss);
	if (isfinite(b->accuracy))
		snprintf(part[ACCURACY], PART_MOST, " accuracy %.4f", b->accuracy);
	if (isfinite(b->images_per_second))
		snprintf(part[SPEED], PART_MOST, " %.0f images/s", b->images_per_second);
	snprintf(part[LEFT], PART_MOST, " %.28s/%.28s left", epoch_left, left);
}

void nn_bar_text(const nn_bar *b, int columns, char text[NN_BAR_MOST])
{
	char part[PARTS][PART_MOST] = {{0}};
	write_parts(b, part);
	int room = columns < NN_BAR_MOST ? columns : NN_BAR_MOST;
	for (int i = 0; i < PARTS; i++) {
		/* With a blank before it. */
		int wants = (int)strlen(part[first[i]]) + 1;
		if (wants > 1 && wants <= room)
			room -= wants;
		else
			part[first[i]][0] = 0;
	}
	if (part[BAR][0])
		draw(part[BAR], BAR_LEAST + room < BAR_MOST ? BAR_LEAST + room : BAR_MOST, b->part);
	text[0] = 0;
	for (int i = 0; i < PARTS; i++)
		if (part[i][0]) {
			size_t len = strlen(text);
			snprintf(text + len, NN_BAR_MOST - len, "%s%s", len ? " " : "", part[i]);
		}
}
