/* emit_matrix.c: an equation between two constant matrices.
 *
 * In: out[p,q] = sum{a,b} X[p,a] * X[q,b] * e[a,b] at one point of a kernel's loops. Out: straight
 * lines. All e[a,b] are read, columns are folded, then rows; zeros of the matrix cost nothing, ones
 * no multiplication, and rows that differ in signs alone are added up once. What is not inside a
 * tensor is read as 0 and not written.
 *
 *     NN_UNROLL for (int b = 0; b < 6; b++)
 *     {
 *             nn_v d[6]; ...
 *             h[0][b] = 4 * d[0] - 5 * d[2] + d[4];
 *             const nn_v even3 = -d[2] + d[4], odd3 = d[1] - d[3];
 *             h[3][b] = even3 - 2 * odd3;
 *             h[4][b] = even3 + 2 * odd3;
 *             ...
 */
#include "emit.h"

#include <math.h>
#include <string.h>

enum { SIDE = 6 };

/* "h[#][b]" with a number in place of # */
static const char *numbered(const char *name, int n)
{
	return format("%s%d%s", copy_bytes(name, strcspn(name, "#")), n, strchr(name, '#') + 1);
}

/* "4 * d[0] - 5 * d[2]": the items, each times its value */
static const char *combination(const double *value, const char *const *item, int n)
{
	char *s = "";

	for (int a = 0; a < n; a++) {
		double size = fabs(value[a]);
		if (size <= 0)
			continue;
		const char *sign = value[a] < 0 ? *s ? " - " : "-" : *s ? " + " : "";
		s = size < 1 || size > 1 ? format("%s%s%s * %s", s, sign, em_real(size), item[a])
		                         : format("%s%s%s", s, sign, item[a]);
	}
	return *s ? s : "nn_splat(0)";
}

/* Are n pairs of values equal but for the sign, some of it the same and some turned? */
static bool mirrored(const double *a, const double *b, int n, int step)
{
	bool same = false, turned = false;

	for (int i = 0; i < n * step; i += step) {
		if (fabs(a[i]) < fabs(b[i]) || fabs(a[i]) > fabs(b[i]))
			return false;
		same |= a[i] * b[i] > 0;
		turned |= a[i] * b[i] < 0;
	}
	return same && turned;
}

/* Columns a and b that are mirrored need one product for two: the sum of their items takes the
 * place of item a, the difference that of b, and every row has one of them. */
static void pair_columns(Em *e, const Matrix *m, double value[][SIDE], const char **item)
{
	for (int a = 0; a < m->cols; a++)
		for (int b = a + 1; b < m->cols; b++) {
			if (!mirrored(&m->value[0][a], &m->value[0][b], m->rows, SIDE))
				continue;
			put_line(e->out, "const nn_v sum%d = %s + %s, dif%d = %s - %s;", a, item[a],
			         item[b], a, item[a], item[b]);
			item[a] = format("sum%d", a);
			item[b] = format("dif%d", a);
			for (int i = 0; i < m->rows; i++) {
				bool turned = value[i][a] * value[i][b] < 0;
				value[i][b] = turned ? value[i][a] : 0;
				value[i][a] = turned ? 0 : value[i][a];
			}
		}
}

/* Rows i and j that are mirrored: what both have, and what has another sign in the other. */
static void pair_rows(Em *e, const Matrix *m, int i, int j, const char *const *item, const char *to)
{
	double even[SIDE] = {0}, odd[SIDE] = {0}, unit = 0;
	bool one_size = true;

	for (int a = 0; a < m->cols; a++) {
		double v = m->value[i][a];
		bool turned = v * m->value[j][a] < 0;
		(turned ? odd : even)[a] = v;
		if (!turned)
			continue;
		unit = fabs(unit) > 0 ? unit : v;
		one_size &= fabs(v) <= fabs(unit) && fabs(v) >= fabs(unit);
	}
	unit = one_size ? unit : 1;
	for (int a = 0; a < m->cols; a++)
		odd[a] /= unit;
	double size = fabs(unit);
	const char *times = size < 1 || size > 1 ? format("%s * ", em_real(size)) : "";
	put_line(e->out, "const nn_v even%d = %s, odd%d = %s;", i, combination(even, item, m->cols),
	         i, combination(odd, item, m->cols));
	put_line(e->out, "%s = even%d %c %sodd%d;", numbered(to, i), i, unit < 0 ? '-' : '+', times,
	         i);
	put_line(e->out, "%s = even%d %c %sodd%d;", numbered(to, j), i, unit < 0 ? '+' : '-', times,
	         i);
}

/* to[#] = sum{a} X[#,a] * from[a]: a line for each row; two rows, or columns, that are mirrored
 * share their products. */
static void times_matrix(Em *e, const Matrix *m, const char *to, const char *from)
{
	const char *item[SIDE];
	double value[SIDE][SIDE];
	int other[SIDE];
	bool paired = false;

	memcpy(value, m->value, sizeof value);
	for (int a = 0; a < m->cols; a++)
		item[a] = numbered(from, a);
	for (int i = 0; i < m->rows; i++) {
		other[i] = i;
		for (int j = 0; j < m->rows; j++)
			if (mirrored(m->value[i], m->value[j], m->cols, 1))
				other[i] = j;
		paired |= other[i] != i;
	}
	if (!paired)
		pair_columns(e, m, value, item);
	for (int i = 0; i < m->rows; i++)
		if (other[i] == i)
			put_line(e->out, "%s = %s;", numbered(to, i),
			         combination(value[i], item, m->cols));
		else if (other[i] > i)
			pair_rows(e, m, i, other[i], item, to);
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

/* Asks for the rows that the tile below this one reads or writes. `side` are the axes of a tile,
 * `size` its rows. Below the last tile of an image they are those of the next channels' block. */
static void rows_below(Em *e, const Tensor *t, const Affine *index, Axis *const side[2], int size,
                       int write)
{
	Affine first[MAX_DIM] = {index[0], index[1]};
	const char *a = em_axis(e, side[0]);
	int step = 0;

	for (int i = 0; i < index[2].n && t->rank == 4; i++)
		if (index[2].term[i].axis != side[0] && (!step || index[2].term[i].coef < step))
			step = index[2].term[i].coef;
	if (!step || !t->batched || t->lane_dim != 1 || e->prog->lanes == 1)
		return;
	Affine column = affine_subst(index[3], side[1], affine((size - step) / 2));
	put_line(e->out, "NN_UNROLL for (int %s = %d; %s < %d; %s++)", a, size, a, size + step, a);
	put_line(e->out, "\tNN_AHEAD(&%s + %d * (%s) + %s, %d, %d);", em_element(e, t, first),
	         t->mem[3], em_affine(e, &index[2]), em_affine(e, &column), step, write);
}

/* h = X d, column by column of d. */
static void columns(Em *e, const Eqn *q, const Matrix *m, const char *element)
{
	const char *a = em_axis(e, q->col[0]), *b = em_axis(e, q->col[1]);

	loop_line(e, b, m->cols);
	put_open(e->out);
	put_line(e->out, "nn_v d[%d];", m->cols);
	loop_line(e, a, m->cols);
	put_line(e->out, "\td[%s] = %s;", a, element);
	times_matrix(e, m, format("h[#][%s]", b), "d[#]");
	put_close(e->out);
}

/* All of h; a tile that is inside as a whole is read without tests. */
static void inputs(Em *e, const Eqn *q, const Matrix *m)
{
	const Expr *x = q->rhs;
	const char *inside = whole(e, x->tensor, x->index, q->col, m->cols);
	CValue v = em_expr(e, x);

	if (*inside) {
		put_line(e->out, "if (%s)", inside);
		put_open(e->out);
		columns(e, q, m, em_element(e, x->tensor, x->index));
		put_close(e->out);
		put_line(e->out, "else");
		put_open(e->out);
	}
	columns(e, q, m, em_vector(v));
	if (*inside)
		put_close(e->out);
}

/* The same where a loop around this stage says which rows of the matrix those of h are. */
static void inputs_of_parts(Em *e, const Eqn *q)
{
	int high = q->row[0]->extent, parts = q->matrix->rows / high;

	put_line(e->out, "switch (%s)", em_axis(e, q->part));
	put_open(e->out);
	for (int i = 0; i < parts; i++) {
		Matrix part = *q->matrix;
		part.rows = high;
		memcpy(part.value, q->matrix->value[(ptrdiff_t)i * high],
		       sizeof part.value[0] * (size_t)high);
		e->out->depth--;
		put_line(e->out, i < parts - 1 ? "case %d:" : "default:", i);
		e->out->depth++;
		inputs(e, q, &part);
		put_line(e->out, "break;");
	}
	put_close(e->out);
}

enum { MANY = 8 }; /* times the second-level cache: more than is left when it is read */

/* Are the values written past the caches? Not those that the same kernel reads at once. */
bool em_streams(const Em *e, const Eqn *q)
{
	const Tensor *t = q->out;
	int64_t bytes = t->elems * (options.real_double ? 8 : 4);

	return q->matrix && !t->local && !t->scratch && e->k->ngiven == 0 && em_is_vector(e, q) &&
	       bytes > (int64_t)MANY * e->prog->target.l2 && !kernel_reads(e->k, t);
}

/* Stores equation j and what joined it, at every row and column of o that is inside. */
static void outputs(Em *e, int j, const char *test)
{
	const Eqn *q = e->k->eqn[j];
	const char *p = em_axis(e, q->row[0]), *r = em_axis(e, q->row[1]);

	loop_line(e, p, q->row[0]->extent);
	loop_line(e, r, q->row[1]->extent);
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
	int high = q->row[0]->extent;

	put_open(e->out);
	put_line(e->out, "nn_v h[%d][%d], o[%d][%d];", high, m->cols, high, m->rows);
	rows_below(e, q->rhs->tensor, q->rhs->index, q->col, m->cols, 0);
	if (!q->out->local && !em_streams(e, q))
		rows_below(e, q->out, q->index, q->row, m->rows, 1);
	if (q->part)
		inputs_of_parts(e, q);
	else
		inputs(e, q, m);
	loop_line(e, p, high);
	put_open(e->out);
	times_matrix(e, m, format("o[%s][#]", p), format("h[%s][#]", p));
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
