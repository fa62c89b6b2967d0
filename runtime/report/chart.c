/* chart.c: charts in a page, as SVG.
 *
 *     in    numbers
 *     out   <figure><svg role="img"> axes, curves, marks </svg> legend </figure>
 *
 * Colours and dashes come from the style sheet (page_style.h), so that a chart follows the reader's
 * choice of dark or light and prints well; no two curves differ in colour alone. Each chart has a
 * title that is read aloud; the numbers themselves stand in a table beside it. */
#include "chart.h"

#include <math.h>

enum { WIDTH = 560, HEIGHT = 280, LEFT = 58, RIGHT = 14, TOP = 14, BOTTOM = 42, FEW = 60 };

typedef struct axis {
	double low, high; /* values at its ends */
	double step;      /* between its marks  */
	int from, to;     /* pixels at its ends */
} axis;

static double place(const axis *a, double value)
{
	return a->from + (value - a->low) / (a->high - a->low) * (a->to - a->from);
}

/* Ends and marks at 1, 2 or 5 times a power of ten, about five of them. */
static axis make_axis(double low, double high, int from, int to)
{
	double span = high > low ? high - low : fmax(fabs(high), 1e-9);
	double step = pow(10, floor(log10(span / 4)));
	double times = span / 4 / step;
	step *= times > 5 ? 10 : times > 2 ? 5 : times > 1 ? 2 : 1;
	return (axis){floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step, from,
	              to};
}

static axis values_axis(const nn_curve *curve, int curves, int64_t epochs)
{
	double low = INFINITY, high = -INFINITY;
	for (int k = 0; k < curves; k++)
		for (int64_t i = 0; i < epochs; i++)
			if (isfinite(curve[k].value[i])) {
				low = fmin(low, curve[k].value[i]);
				high = fmax(high, curve[k].value[i]);
			}
	if (low > high) /* no values */
		high = low = 0;
	if (low > 0 && low < high / 3)
		low = 0;
	axis a = make_axis(low, high, HEIGHT - BOTTOM, TOP);
	if (!(a.high > a.low))
		a.high = a.low + a.step;
	return a;
}

static void open_svg(nn_page *p, const char *title, int width, int height)
{
	nn_text_add(
	        &p->text,
	        "<figure class=\"chart\">\n<svg width=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" "
	        "aria-label=\"",
	        width, width, height);
	nn_text_html(&p->text, title);
	nn_text_add(&p->text, "\">\n");
}

static void draw_axes(nn_page *p, const axis *x, const axis *y, bool percent, const char *name)
{
	nn_text *t = &p->text;
	for (int i = 0; i < 20 && y->low + i * y->step <= y->high + y->step / 2; i++) {
		double v = y->low + i * y->step, at = place(y, v);
		nn_text_add(t, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", x->from, at, x->to);
		nn_text_add(t, "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
		            x->from - 8, at + 4);
		nn_text_add(t, percent ? "%.4g %%</text>\n" : "%.4g</text>\n",
		            fabs(v) < y->step / 2 ? 0
		            : percent             ? 100 * v
		                                  : v);
	}
	double first = ceil(x->low / x->step - 1e-9) * x->step;
	for (int i = 0; i < 20 && first + i * x->step <= x->high + x->step / 9; i++)
		nn_text_add(t,
		            "<text class=\"tick\" x=\"%.1f\" y=\"%d\" "
		            "text-anchor=\"middle\">%.4g</text>\n",
		            place(x, first + i * x->step), HEIGHT - BOTTOM + 18,
		            first + i * x->step);
	nn_text_add(t, "<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
	            (x->from + x->to) / 2, HEIGHT - 6, name);
	nn_page_flush(p);
}

static void draw_curve(nn_page *p, const nn_curve *c, int64_t epochs, const axis *x, const axis *y)
{
	nn_text *t = &p->text;
	bool pen = false;
	nn_text_add(t, "<path class=\"curve %s\" d=\"", c->style);
	for (int64_t i = 0; i < epochs; i++) {
		bool there = isfinite(c->value[i]);
		if (there)
			nn_text_add(t, "%c%.1f %.1f", pen ? 'L' : 'M', place(x, (double)(i + 1)),
			            place(y, c->value[i]));
		pen = there;
		nn_page_flush(p);
	}
	nn_text_add(t, "\"/>\n");
	for (int64_t i = 0; epochs <= FEW && i < epochs; i++)
		if (isfinite(c->value[i]))
			nn_text_add(t,
			            "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\">"
			            "<title>%s, epoch %lld: %.4g</title></circle>\n",
			            c->style, place(x, (double)(i + 1)), place(y, c->value[i]),
			            c->name, (long long)i + 1, c->value[i]);
	nn_page_flush(p);
}

static void legend(nn_page *p, const nn_curve *curve, int curves, int64_t mark)
{
	nn_text_add(&p->text, "<figcaption class=\"legend\">");
	for (int k = 0; k < curves; k++)
		nn_text_add(&p->text,
		            "<span><svg width=\"34\" height=\"12\" aria-hidden=\"true\">"
		            "<path class=\"curve %s\" d=\"M1 6H33\"/><circle class=\"dot %s\" "
		            "cx=\"17\" cy=\"6\" r=\"3\"/></svg> %s</span> ",
		            curve[k].style, curve[k].style, curve[k].name);
	if (mark > 0)
		nn_text_add(&p->text,
		            "<span><svg width=\"12\" height=\"14\" aria-hidden=\"true\">"
		            "<path class=\"mark\" d=\"M6 0V14\"/></svg> best epoch, %lld</span>",
		            (long long)mark);
	nn_text_add(&p->text, "</figcaption>\n</figure>\n");
	nn_page_flush(p);
}

void nn_chart_curves(nn_page *p, const char *title, const nn_curve *curve, int curves,
                     int64_t epochs, int64_t mark, bool percent)
{
	axis y = values_axis(curve, curves, epochs);
	axis x = make_axis(1, (double)(epochs > 1 ? epochs : 2), LEFT, WIDTH - RIGHT);
	x.step = fmax(1, x.step);
	x.low = epochs > 1 ? 1 : 0;
	x.high = (double)(epochs > 1 ? epochs : 2);
	open_svg(p, title, WIDTH, HEIGHT);
	draw_axes(p, &x, &y, percent, "epoch");
	if (mark > 0 && mark <= epochs)
		nn_text_add(&p->text, "<path class=\"mark\" d=\"M%.1f %dV%d\"/>\n",
		            place(&x, (double)mark), TOP, HEIGHT - BOTTOM);
	for (int k = 0; k < curves; k++)
		draw_curve(p, &curve[k], epochs, &x, &y);
	nn_text_add(&p->text, "</svg>\n");
	legend(p, curve, curves, mark <= epochs ? mark : 0);
}

void nn_chart_bars(nn_page *p, const char *title, const nn_bar *bar, int bars)
{
	static const int ROW = 34, NAME = 96, NUMBER = 78;
	nn_text *t = &p->text;
	double most = 1e-9;
	int shown = 0;
	for (int i = 0; i < bars; i++)
		if (!isnan(bar[i].share)) {
			most = fmax(most, bar[i].high > bar[i].share ? bar[i].high : bar[i].share);
			shown++;
		}
	axis x = {0, most, 0, NAME, WIDTH - NUMBER};
	open_svg(p, title, WIDTH, shown * ROW + 4);
	for (int i = 0, y = 4; i < bars; i++) {
		double end = place(&x, bar[i].share);
		if (isnan(bar[i].share))
			continue;
		nn_text_add(t, "<text class=\"label\" x=\"0\" y=\"%d\">%s</text>", y + 18,
		            bar[i].name);
		nn_text_add(t,
		            "<rect class=\"bar %s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"24\" "
		            "rx=\"3\"/>",
		            bar[i].style, NAME, y, fmax(end - NAME, 1));
		if (!isnan(bar[i].low)) {
			double a = place(&x, bar[i].low), b = place(&x, bar[i].high);
			nn_text_add(t,
			            "<path class=\"whisker\" d=\"M%.1f %dv10m0 -5H%.1fm0 -5v10\"/>",
			            a, y + 7, b);
			end = b;
		}
		nn_text_add(t, "<text class=\"label\" x=\"%.1f\" y=\"%d\">%.1f %%</text>\n",
		            end + 8, y + 18, 100 * bar[i].share);
		y += ROW;
	}
	nn_text_add(t, "</svg>\n</figure>\n");
	nn_page_flush(p);
}

void nn_chart_calibration(nn_page *p, const double *right, const int64_t *count, int bins)
{
	nn_text *t = &p->text;
	axis x = {0, 1, 0.2, LEFT, LEFT + HEIGHT - TOP - BOTTOM};
	axis y = {0, 1, 0.2, HEIGHT - BOTTOM, TOP};
	open_svg(p, "How often predictions came true, by how sure they were", x.to + RIGHT, HEIGHT);
	draw_axes(p, &x, &y, true, "probability given");
	for (int i = 0; i < bins; i++) {
		double left = place(&x, (double)i / bins), top = place(&y, right[i]);
		if (!count[i])
			continue;
		nn_text_add(t,
		            "<rect class=\"bar good\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		            "height=\"%.1f\"><title>%lld images, %.1f %% right</title></rect>\n",
		            left + 1, top, (double)(x.to - x.from) / bins - 2, y.from - top,
		            (long long)count[i], 100 * right[i]);
	}
	nn_text_add(t, "<path class=\"mark\" d=\"M%d %dL%d %d\"/>\n</svg>\n", x.from, y.from, x.to,
	            y.to);
	nn_text_add(t,
	            "<figcaption class=\"legend\"><span><i class=\"swatch good\"></i> share that "
	            "was right</span> <span><svg width=\"34\" height=\"12\" aria-hidden=\"true\">"
	            "<path class=\"mark\" d=\"M1 11L33 1\"/></svg> as sure as right"
	            "</span></figcaption>\n</figure>\n");
	nn_page_flush(p);
}
