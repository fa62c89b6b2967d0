/* emit_matrix.c: an equation between two constant matrices.
 *
 * In: out[p,q] = sum{a,b} X[p,a] * X[q,b] * e[a,b] at one point of a kernel's loops. Out: straight
 * lines. All e[a,b] are read, columns are folded, then rows; zeros of the matrix cost nothing and
 * ones no multiplication. What is not inside a tensor is read as 0 and not written.
 *
 *     NN_UNROLL for (int b = 0; b < 6; b++)
 *     {
 *             h[0][b] = 4 * d[0][b] - 5 * d[2][b] + d[4][b];
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

/* h = X d */
static void all_rows(Em *e, const Eqn *q)
{
	const Matrix *m = q->matrix;
	const char *a = em_axis(e, q->col[0]), *b = em_axis(e, q->col[1]);
	CValue v = em_expr(e, q->rhs);

	put_line(e->out, "nn_v d[%d][%d];", m->cols, m->cols);
	loop_line(e, a, m->cols);
	loop_line(e, b, m->cols);
	put_line(e->out, "\td[%s][%s] = %s;", a, b, em_vector(v));
	loop_line(e, b, m->cols);
	put_open(e->out);
	for (int i = 0; i < m->rows; i++)
		put_line(e->out, "h[%d][%s] = %s;", i, b, row_times(m, i, format("d[#][%s]", b)));
	put_close(e->out);
}

/* Row p of the same, where p is a loop around this stage. */
static void one_row(Em *e, const Eqn *q)
{
	const Matrix *m = q->matrix;
	const char *a = em_axis(e, q->col[0]), *b = em_axis(e, q->col[1]);
	const char *p = em_axis(e, q->row[0]);
	char *s = format("static const nn_real %s[%d][%d] = {", m->name, m->rows, m->cols);

	for (int i = 0; i < m->rows * m->cols; i++) {
		const char *v = em_real(m->value[i / m->cols][i % m->cols]);
		s = format("%s%s%s%s", s, i ? ", " : "", i % m->cols ? "" : "{", v);
		s = format("%s%s", s, (i + 1) % m->cols ? "" : "}");
	}
	put_line(e->out, "%s};", s);
	loop_line(e, b, m->cols);
	put_open(e->out);
	put_line(e->out, "nn_v sum = nn_splat(0);");
	loop_line(e, a, m->cols);
	CValue v = em_expr(e, q->rhs);
	put_line(e->out, "\tsum += %s[%s][%s] * %s;", m->name, p, a, em_vector(v));
	put_line(e->out, "h[%s][%s] = sum;", p, b);
	put_close(e->out);
}

/* Equation j and those behind it that read what it made at the same point. Returns the first one
 * not done. */
int sandwich(Em *e, int j)
{
	const Eqn *q = e->k->eqn[j];
	const Matrix *m = q->matrix;
	const char *p = em_axis(e, q->row[0]), *r = em_axis(e, q->row[1]);
	bool one = em_given(e->k, q->row[0]);

	put_open(e->out);
	put_line(e->out, "nn_v h[%d][%d], o[%d][%d];", m->rows, m->cols, m->rows, m->rows);
	if (one)
		one_row(e, q);
	else
		all_rows(e, q);
	if (!one)
		loop_line(e, p, m->rows);
	put_open(e->out);
	for (int i = 0; i < m->rows; i++)
		put_line(e->out, "o[%s][%d] = %s;", p, i, row_times(m, i, format("h[%s][#]", p)));
	put_close(e->out);
	if (!one)
		loop_line(e, p, m->rows);
	loop_line(e, r, m->rows);
	const char *test = em_outside(e, q);
	if (*test)
		put_line(e->out, "if (%s)", test);
	put_open(e->out);
	store(e, j, (CValue){format("o[%s][%s]", p, r), true, 3});
	int end = j + 1;
	for (; end < e->k->neqn; end++) {
		e->q = e->k->eqn[end];
		store(e, end, em_expr(e, e->q->rhs));
	}
	put_close(e->out);
	put_close(e->out);
	return end;
}
