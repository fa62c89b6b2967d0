/* emit_matrix.c: an equation between two constant matrices.
 *
 * In: out[p,q] = sum{a,b} X[p,a] * X[q,b] * e[a,b] at one point of a kernel's loops. Out: straight
 * lines. All e[a,b] are read, columns are folded, then rows; zeros of the matrix cost nothing and
 * ones no multiplication. What is not inside a tensor is read as 0 and not written.
 *
 *     NN_UNROLL for (int b = 0; b < 6; b++)
 *     {
 *             nn_v d[6]; ...
 *             h[0][b] = 4 * d[0] - 5 * d[2] + d[4];
 *             ...
 */
#include "emit.h"

#include <math.h>
#include <string.h>

/* "4 * d[0][b] - 5 * d[2][b]": row p of the matrix times what %d in `element` numbers */
static const char *row_times(const Matrix *m, int p, const char *element)
{
	char *s = "";

	for (int a = 0; a < m->cols; a++) {
		double v = m->value[p][a], size = fabs(v);
		if (size <= 0)
			continue;
		const char *sign = v < 0 ? *s ? " - " : "-" : *s ? " + " : "";
		const char *item = format("%s%d%s", copy_bytes(element, strcspn(element, "#")), a,
		                          strchr(element, '#') + 1);
		s = size < 1 || size > 1 ? format("%s%s%s * %s", s, sign, em_real(size), item)
		                         : format("%s%s%s", s, sign, item);
	}
	return *s ? s : "nn_splat(0)";
}

static void loop_line(Em *e, const char *name, int n)
{
	put_line(e->out, "NN_UNROLL for (int %s = 0; %s < %d; %s++)", name, name, n, name);
}

/* A test that the whole tile is inside, from its first and its last corner; "": it always is. */
static const char *whole(const Em *e, const Tensor *t, const Affine *index, Axis *const side[2],
                         int size)
{
	const char *s = "";

	for (int last = 0; last < 2; last++) {
		Affine corner[MAX_DIM];
		for (int d = 0; d < t->rank; d++) {
			Affine a = affine_subst(index[d], side[0], affine(last ? size - 1 : 0));
			corner[d] = affine_subst(a, side[1], affine(last ? size - 1 : 0));
		}
		const char *test = em_tests(e, t, corner);
		if (*test && !strstr(s, test))
			s = format("%s%s%s", s, *s ? " && " : "", test);
	}
	return *em_tests(e, t, index) ? s : "";
}

/* h = X d, column by column of d: rows of X, or row p alone where p is a loop around this stage. */
static void columns(Em *e, const Eqn *q, const char *element)
{
	const Matrix *m = q->matrix;
	const char *a = em_axis(e, q->col[0]), *b = em_axis(e, q->col[1]);
	const char *p = em_axis(e, q->row[0]);
	bool one = kernel_given(e->k, q->row[0]);

	loop_line(e, b, m->cols);
	put_open(e->out);
	put_line(e->out, one ? "nn_v sum = nn_splat(0);" : "nn_v d[%d];", m->cols);
	loop_line(e, a, m->cols);
	if (one)
		put_line(e->out, "\tsum += %s_of[%s][%s] * %s;", m->name, p, a, element);
	else
		put_line(e->out, "\td[%s] = %s;", a, element);
	if (one)
		put_line(e->out, "h[%s][%s] = sum;", p, b);
	for (int i = 0; i < m->rows && !one; i++)
		put_line(e->out, "h[%d][%s] = %s;", i, b, row_times(m, i, "d[#]"));
	put_close(e->out);
}

/* The matrix for a row that is known when the program runs. */
static void table(const Em *e, const Matrix *m)
{
	char *s = format("static const nn_real %s_of[%d][%d] = {", m->name, m->rows, m->cols);

	for (int i = 0; i < m->rows * m->cols; i++) {
		const char *v = em_real(m->value[i / m->cols][i % m->cols]);
		s = format("%s%s%s%s", s, i ? ", " : "", i % m->cols ? "" : "{", v);
		s = format("%s%s", s, (i + 1) % m->cols ? "" : "}");
	}
	put_line(e->out, "%s};", s);
}

/* All of h; a tile that is inside as a whole is read without tests. */
static void inputs(Em *e, const Eqn *q)
{
	const Expr *x = q->rhs;
	const char *inside = whole(e, x->tensor, x->index, q->col, q->matrix->cols);
	CValue v = em_expr(e, x);

	if (kernel_given(e->k, q->row[0]))
		table(e, q->matrix);
	if (*inside) {
		put_line(e->out, "if (%s)", inside);
		put_open(e->out);
		columns(e, q, em_element(e, x->tensor, x->index));
		put_close(e->out);
		put_line(e->out, "else");
		put_open(e->out);
	}
	columns(e, q, em_vector(v));
	if (*inside)
		put_close(e->out);
}

/* Stores equation j and what joined it, at every row and column of o that is inside. */
static void outputs(Em *e, int j, const char *test)
{
	const Eqn *q = e->k->eqn[j];
	const char *p = em_axis(e, q->row[0]), *r = em_axis(e, q->row[1]);

	if (!kernel_given(e->k, q->row[0]))
		loop_line(e, p, q->matrix->rows);
	loop_line(e, r, q->matrix->rows);
	if (*test)
		put_line(e->out, "if (%s)", test);
	e->out->depth++;
	store(e, j, (CValue){format("o[%s][%s]", p, r), true, 3});
	e->out->depth--;
}

/* Equation j at one point. Returns the next one. */
int sandwich(Em *e, int j)
{
	const Eqn *q = e->k->eqn[j];
	const Matrix *m = q->matrix;
	const char *p = em_axis(e, q->row[0]);
	const char *inside = whole(e, q->out, q->index, q->row, m->rows);

	put_open(e->out);
	put_line(e->out, "nn_v h[%d][%d], o[%d][%d];", m->rows, m->cols, m->rows, m->rows);
	inputs(e, q);
	if (!kernel_given(e->k, q->row[0]))
		loop_line(e, p, m->rows);
	put_open(e->out);
	for (int i = 0; i < m->rows; i++)
		put_line(e->out, "o[%s][%d] = %s;", p, i, row_times(m, i, format("h[%s][#]", p)));
	put_close(e->out);
	if (*inside) {
		put_line(e->out, "if (%s)", inside);
		put_open(e->out);
		outputs(e, j, "");
		put_close(e->out);
		put_line(e->out, "else");
		put_open(e->out);
	}
	outputs(e, j, em_outside(e, q));
	if (*inside)
		put_close(e->out);
	put_close(e->out);
	return j + 1;
}
