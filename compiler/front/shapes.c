/* shapes.c: the numbers and the output's shape of one layer.
 *
 *     in    filters="6" kernel_size="5" padding="2", the row of that layer, input [1,28,28]
 *     out   var: filters=6 kh=5 kw=5 sh=1 .. pt=2 .. C=1 H=28 W=28 F=784 OH=28 OW=28 OF=4704
 *           shape: [6,28,28], from the row's text "filters, (H+pt+pb-dh*(kh-1)-1)/sh+1, .."
 *
 * Everything is evaluated from the row, so nothing here knows a layer by name. Sizes below 1, a
 * window that lies in padding alone, divisions that leave a rest and sizes beyond what an int and
 * the memory of any machine can hold are the user's errors and name their numbers. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "front.h"

#define MAX_VALUES 2147483647.0

void set_var(Var *var, int *n, const char *name, double value)
{
	assert(*n < MAX_VAR);
	var[(*n)++] = (Var){name, value};
}

int64_t count_of(Shape s)
{
	int64_t n = 1;
	for (int i = 0; i < s.rank; i++)
		n *= s.dim[i];
	return n;
}

char *shape_text(Shape s)
{
	if (s.rank == 3 && !s.flat)
		return format("[%d,%d,%d]", s.dim[0], s.dim[1], s.dim[2]);
	return format("[%lld]", (long long)count_of(s));
}

static double value_of(const Layer *l, const char *text)
{
	double value = 0;
	bool fine = arithmetic(text, l->var, l->nvar, true, &value);
	assert(fine && "a text in layers.c does not evaluate");
	return fine ? value : 0;
}

static Pos at_attr(const Layer *l, const Elem *e, const char *name, int *len)
{
	const Attr *a = attr_of(e, name);
	Pos pos = l->pos;
	*len = a ? (int)strlen(a->name) : (int)strlen(l->elem) + 1;
	if (a) {
		pos.line = a->name_pos.line;
		pos.col = a->name_pos.col;
	}
	return pos;
}

/* Sizes of what the first layer or another layer gives. */
static void input_vars(Layer *l, Shape in)
{
	bool image = in.rank == 3 && !in.flat;
	double values = (double)count_of(in);
	set_var(l->var, &l->nvar, "C", image ? in.dim[0] : values);
	set_var(l->var, &l->nvar, "H", image ? in.dim[1] : 1);
	set_var(l->var, &l->nvar, "W", image ? in.dim[2] : 1);
	set_var(l->var, &l->nvar, "F", values);
}

static void output_vars(Layer *l)
{
	bool image = l->shape.rank == 3 && !l->shape.flat;
	set_var(l->var, &l->nvar, "OH", image ? l->shape.dim[1] : 1);
	set_var(l->var, &l->nvar, "OW", image ? l->shape.dim[2] : 1);
	set_var(l->var, &l->nvar, "OF", (double)count_of(l->shape));
}

static void put(Layer *l, const char *name, double value)
{
	for (int i = 0; i < l->nvar; i++)
		if (!strcmp(l->var[i].name, name))
			l->var[i].value = value;
}

/* TensorFlow's `same`: ceil(in / stride) outputs, or in * stride where the stride enlarges; the odd
 * cell goes to the end. A window smaller than such a stride leaves cells to add there instead. */
static double same_total(const Layer *l, int d, const char *const *w)
{
	double in = value_of(l, d ? "W" : "H"), k = value_of(l, w[d]);
	double stride = value_of(l, w[2 + d]);
	if (l->row->enlarges)
		return k - stride;
	double dilation = value_of(l, w[4 + d]), out = ceil(in / stride);
	return fmax((out - 1) * stride + (k - 1) * dilation + 1 - in, 0);
}

static void resolve_same(Layer *l)
{
	static const char *const enlarging[] = {"kh", "kw", "sh", "sw", "", "", "pt", "pl"};
	const char **given;
	const char *const *w = enlarging;
	if (l->row->window && split(l->row->window, " ", &given) == 8)
		w = given;
	else if (!l->row->enlarges)
		return;
	for (int d = 0; d < 2; d++) {
		double first = 0;
		if (!find_var(l->var, l->nvar, w[6 + d], &first) || first != PAD_SAME)
			continue;
		double total = same_total(l, d, w), before = floor(fmax(total, 0) / 2);
		put(l, d ? "pl" : "pt", before);
		put(l, d ? "pr" : "pb", total - before);
	}
}

static const char *origin(const Layer *l, const Pos *input_pos)
{
	const Layer *in = l->in[0];
	if (in)
		return format("from '%s' on line %d", in->name, in->pos.line);
	return input_pos ? format("from <input> on line %d", input_pos->line) : "from <input>";
}

/* "a 5x5 window over 3x3 padded by 0,0,0,0": what a size is computed from. */
static const char *window_text(const Layer *l)
{
	const char **w;
	double pad[4] = {0};
	if (!l->row->window || split(l->row->window, " ", &w) != 8)
		return "its numbers";
	bool padded = find_var(l->var, l->nvar, "pt", &pad[0]);
	if (padded) {
		pad[1] = value_of(l, "pb");
		pad[2] = value_of(l, "pl");
		pad[3] = value_of(l, "pr");
	}
	double dh = value_of(l, w[4]), dw = value_of(l, w[5]);
	return format("a window of %gx%g%s with stride %g,%g over %gx%g padded by %g,%g,%g,%g",
	              value_of(l, w[0]), value_of(l, w[1]),
	              dh > 1 || dw > 1 ? format(" dilated by %g,%g", dh, dw) : "",
	              value_of(l, w[2]), value_of(l, w[3]), value_of(l, "H"), value_of(l, "W"),
	              pad[0], pad[1], pad[2], pad[3]);
}

/* Without parameters a window is a pool: each must see at least one cell of the input. */
static bool window_inside(const Layer *l, const Elem *e)
{
	static const char *const side[] = {"pt", "pb", "pl", "pr"};
	const char **w;
	if (l->row->param || !l->row->window || split(l->row->window, " ", &w) != 8)
		return true;
	for (int i = 0; i < 4; i++) {
		double pad = 0, k = value_of(l, w[i / 2]);
		if (!find_var(l->var, l->nvar, side[i], &pad) || pad < k)
			continue;
		int len;
		Pos pos = at_attr(l, e, "padding", &len);
		error_at(pos, len,
		         "padding of %g leaves windows of %gx%g without any cell of the"
		         " input; it must be smaller than the window",
		         pad, value_of(l, w[0]), value_of(l, w[1]));
		return false;
	}
	return true;
}

/* Every dim of the row's parameters and every extent of its axes must be whole and not too large;
 * a fraction names the expression and blames the attribute in it that e has. */
static bool whole_dims(const Layer *l, const Elem *e, const char *text, const char *stops,
                       double *product)
{
	const char **dim;
	int n = split(text, stops, &dim);
	*product = 1;
	for (int i = 0; i < n; i++) {
		double value = 0;
		if (!arithmetic(dim[i], l->var, l->nvar, false, &value)) {
			assert(false && "a dim in layers.c does not evaluate");
			return false;
		}
		*product *= value;
		if (value == floor(value))
			continue;
		const char **word, *blame = "";
		int nword = split(dim[i], "+-*/() ", &word);
		for (int k = 0; k < nword; k++)
			if (attr_of(e, word[k]))
				blame = word[k];
		const char *sizes = "";
		for (int k = 0; k < nword; k++) {
			double v;
			if (find_var(l->var, l->nvar, word[k], &v))
				sizes = format("%s%s%s = %g", sizes, *sizes ? ", " : "", word[k],
				               v);
		}
		int len;
		Pos pos = at_attr(l, e, blame, &len);
		error_at(pos, len, "%s must be a whole number, but %s%s", dim[i], sizes,
		         strchr(dim[i], 'C') ? " (C: channels of the input)" : "");
		return false;
	}
	return true;
}

static bool param_dims(const Layer *l, const Elem *e)
{
	const char **word;
	double total = 0, product;
	int n = l->row->param ? split(l->row->param, "[]", &word) : 0;
	for (int i = 1; i < n; i += 2) {
		if (!whole_dims(l, e, strcmp(word[i], "...") ? word[i] : "F", ",", &product))
			return false;
		total += product;
	}
	n = l->row->axes ? split(l->row->axes, " :", &word) : 0;
	for (int i = 1; i < n; i += 2)
		if (!whole_dims(l, e, word[i], ",", &product))
			return false;
	if (total <= MAX_VALUES)
		return true;
	error_at(l->pos, (int)strlen(l->elem) + 1,
	         "<%s> would have %.0f parameters; at most %.0f are"
	         " possible",
	         l->elem, total, MAX_VALUES);
	return false;
}

static bool output_shape(Layer *l)
{
	const char **dim, *given = "";
	int n = split(l->row->shape, ",", &dim), len = (int)strlen(l->elem) + 1;
	double product = 1, value[3] = {0};
	assert(n <= 3);
	bool small = false;
	for (int i = 0; i < n; i++) {
		value[i] = value_of(l, dim[i]);
		given = format("%s%s%.0f", given, i ? "," : "", value[i]);
		small |= value[i] < 1;
		product *= value[i];
	}
	if (small)
		error_at(l->pos, len, "the output of <%s> would be [%s]: %s", l->elem, given,
		         window_text(l));
	else if (product > MAX_VALUES)
		error_at(l->pos, len,
		         "the output of <%s> would be [%s], more than the %.0f values that"
		         " are possible",
		         l->elem, given, MAX_VALUES);
	bool count = !l->row->same_count || product == value_of(l, "F");
	if (!small && !count)
		error_at(l->pos, len, "[%s] has %.0f values, but the input has %.0f", given,
		         product, value_of(l, "F"));
	if (small || product > MAX_VALUES || !count)
		return false;
	l->shape = (Shape){.rank = n};
	for (int i = 0; i < n; i++)
		l->shape.dim[i] = (int)value[i];
	return true;
}

bool joins_fit(const Row *row, Shape a, Shape b)
{
	const char *how = row->joins;
	bool image = a.rank == 3 && !a.flat, other = b.rank == 3 && !b.flat;
	bool area = image && other && a.dim[1] == b.dim[1] && a.dim[2] == b.dim[2];
	bool flat = !image && !other;
	if (!strcmp(how, "channels"))
		return area || flat;
	bool channels = image && other && a.dim[0] == b.dim[0];
	bool point = channels && b.dim[1] == 1 && b.dim[2] == 1;
	return (area && channels) || (flat && count_of(a) == count_of(b)) ||
	       (point && !strcmp(how, "broadcast"));
}

static const char *with_origin(const Layer *l, Shape s)
{
	return l ? format("%s from '%s' on line %d", shape_text(s), l->name, l->pos.line)
	         : format("%s from <input>", shape_text(s));
}

bool join_shapes(Layer *l, Shape network_input)
{
	int64_t channels = 0;
	for (int i = 0; i < l->nin; i++) {
		Shape s = l->in[i] ? l->in[i]->shape : network_input;
		if (!i)
			l->shape = s;
		if (!joins_fit(l->row, l->shape, s)) {
			error_at(l->pos, (int)strlen(l->elem) + 1,
			         "<%s> joins shapes that do not fit: %s and %s", l->elem,
			         with_origin(l->in[0], l->shape), with_origin(l->in[i], s));
			l->shape = (Shape){0};
			return false;
		}
		channels += s.rank == 3 && !s.flat ? s.dim[0] : count_of(s);
	}
	if (strcmp(l->row->joins, "channels") != 0)
		return true;
	double values = (double)count_of(l->shape) / l->shape.dim[0] * (double)channels;
	if (values > MAX_VALUES) {
		error_at(l->pos, (int)strlen(l->elem) + 1,
		         "the output of <%s> would have %.0f values, more than the %.0f that are"
		         " possible",
		         l->elem, values, MAX_VALUES);
		return false;
	}
	if (l->shape.rank != 3 || l->shape.flat)
		l->shape = (Shape){.rank = 1};
	l->shape.dim[0] = (int)channels;
	return true;
}

bool infer(const Env *env, Layer *l, const Elem *e, Shape in, const Pos *input_pos)
{
	bool image = in.rank == 3 && !in.flat;
	if (!attr_vars(env, e, l->row->attr, l->var, &l->nvar) || !in.rank)
		return false;
	if (l->row->rank && !image) {
		error_at(l->pos, (int)strlen(l->elem) + 1,
		         "<%s> wants an image [C,H,W], found %s %s", l->elem, shape_text(in),
		         origin(l, input_pos));
		return false;
	}
	input_vars(l, in);
	resolve_same(l);
	if (!window_inside(l, e) || (l->row->shape && !output_shape(l)))
		return false;
	if (!l->row->shape)
		l->shape = in;
	if (l->row->view && l->shape.rank == 3)
		l->shape.flat = true;
	output_vars(l);
	return param_dims(l, e);
}
