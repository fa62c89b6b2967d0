/* bar.h: the line that tells how far a training is. See bar.c. */
#ifndef NN_BAR_H
#define NN_BAR_H

#include <stdint.h>

enum { NN_BAR_MOST = 256 }; /* bytes of a line, with its zero */

/* NaN where there is no such number, or none yet. */
typedef struct nn_bar {
	int64_t epoch, epochs;    /* from 1; of all                          */
	double part;              /* of the epoch that is done, 0 to 1       */
	double loss, accuracy;    /* of that part                            */
	double images_per_second; /* in it                                   */
	double epoch_left;        /* seconds to the end of the epoch         */
	double left;              /* likewise, of the training               */
} nn_bar;

/* How many columns the terminal behind the file `fd` has; where it is none, or does not know, what
 * COLUMNS in the environment says, and 80 without that. */
int nn_bar_columns(int fd);

/* The line, of fewer characters than `columns`: a terminal may wrap one that fills it. */
void nn_bar_text(const nn_bar *b, int columns, char text[NN_BAR_MOST]);

#endif
