/* chart.h: charts in a page, as SVG. See chart.c. */
#ifndef NN_CHART_H
#define NN_CHART_H

#include "page.h"

typedef struct nn_curve {
	const char *name;    /* in the legend                                            */
	const char *style;   /* class in the style sheet, which gives colour and dashes  */
	const double *value; /* one an epoch; NaN: none                                  */
} nn_curve;

/* Curves over the epochs 1 to `epochs`, with a legend and, in `mark`, an epoch to point out (0:
 * none). `percent` shows shares as percentages. */
void nn_chart_curves(nn_page *p, const char *title, const nn_curve *curve, int curves,
                     int64_t epochs, int64_t mark, bool percent);

typedef struct nn_bar {
	const char *name;  /* before it                                     */
	const char *style; /* class in the style sheet                      */
	double share;      /* 0 to 1; NaN: the bar is left out              */
	double low, high;  /* an interval around its end, or NaN            */
} nn_bar;

/* Horizontal bars, all on the same scale from 0 to their largest. */
void nn_chart_bars(nn_page *p, const char *title, const nn_bar *bar, int bars);

/* How often predictions came true (0 to 1, NaN: none), by how sure they were: equal bins. */
void nn_chart_calibration(nn_page *p, const double *right, const int64_t *count, int bins);

#endif
