/* matrix.c: an equation between two constant matrices.
 *
 * In: out[p,q] = sum{a,b} X[p,a] * X[q,b] * e[a,b] at one point of a kernel's loops. Out: straight
 * lines. All e[a,b] are read, columns are folded, then rows; zeros of the matrix cost nothing, ones
 * no multiplication, and rows that differ in signs alone are added up once. What is not inside a
 * tensor is read as 0 and not written.
 *
 *     unroll for b = 0 .. 6
 *             vector d[6] ...
 *             h[0][b] = 4 * d[0] - 5 * d[2] + d[4]
 *             even3 = -d[2] + d[4], odd3 = d[1] - d[3]
 *             h[3][b] = even3 - 2 * odd3
 *             h[4][b] = even3 + 2 * odd3
 *             ...
 */
#include <math.h>
#include <string.h>

#include "lower.h"

enum { SIDE = 6 };

typedef struct Line { /* of a local array: name[i][at], name[at][i], or name[i]               */
	const char *name;
	const Val *at; /* or NULL */
	bool row;      /* name[at][i] */
} Line;

static const Val *item_of(const Line *l, int i)
{
	const Val *n = val_int(i), *index[] = {l->row ? l->at : n, l->row ? n : l->at};

	return val_place(l->name, NULL, TYPE_VECTOR, index, l->at ? 2 : 1);
}

static const Val *vectors(ValOp op, const Val *a, const Val *b)
{
	return val(op, TYPE_VECTOR, a, b, NULL, NULL);
}

static const Val *times(double size, const Val *v)
{
	return size < 1 || size > 1 ? vectors(VAL_MUL, val_number(size, TYPE_REAL), v) : v;
}

/* 4 * d[0] - 5 * d[2]: the items, each times its value */
static const Val *combination(const double *value, const Val *const *item, int n)
{
	const Val *s = NULL;

	for (int a = 0; a < n; a++) {
		double size = fabs(value[a]);
		if (size <= 0)
			continue;
		if (s)
			s = vectors(value[a] < 0 ? VAL_SUB : VAL_ADD, s, times(size, item[a]));
		else
			s = value[a] < 0 ? vectors(VAL_NEG, times(size, item[a]), NULL)
			                 : times(size, item[a]);
	}
	return s ? s : as_vector(val_number(0, TYPE_REAL));
}

static const Val *named(Build *b, const char *name, int i, const Val *v)
{
	const char *numbered = format("%s%d", name, i);

	put_let(b, numbered, TYPE_VECTOR, v);
	return val_name(numbered, TYPE_VECTOR);
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
static void pair_columns(Build *b, const Matrix *m, double value[][SIDE], const Val **item)
{
	for (int a = 0; a < m->cols; a++)
		for (int c = a + 1; c < m->cols; c++) {
			if (!mirrored(&m->value[0][a], &m->value[0][c], m->rows, SIDE))
				continue;
			const Val *x = item[a], *y = item[c];
			item[a] = named(b, "sum", a, vectors(VAL_ADD, x, y));
			item[c] = named(b, "dif", a, vectors(VAL_SUB, x, y));
			for (int i = 0; i < m->rows; i++) {
				bool turned = value[i][a] * value[i][c] < 0;
				value[i][c] = turned ? value[i][a] : 0;
				value[i][a] = turned ? 0 : value[i][a];
			}
		}
}

/* Rows i and j that are mirrored: what both have, and what has another sign in the other. */
static void pair_rows(Build *b, const Matrix *m, int i, int j, const Val *const *item,
                      const Line *to)
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
	const Val *both = named(b, "even", i, combination(even, item, m->cols));
	const Val *other = times(fabs(unit), named(b, "odd", i, combination(odd, item, m->cols)));
	put(b, NODE_SET, item_of(to, i), vectors(unit < 0 ? VAL_SUB : VAL_ADD, both, other));
	put(b, NODE_SET, item_of(to, j), vectors(unit < 0 ? VAL_ADD : VAL_SUB, both, other));
}

/* to[i] = sum{a} X[i,a] * from[a]: a line for each row; two rows, or columns, that are mirrored
 * share their products. */
static void times_matrix(Build *b, const Matrix *m, const Line *to, const Line *from)
{
	const Val *item[SIDE];
	double value[SIDE][SIDE];
	int other[SIDE];
	bool paired = false;

	memcpy(value, m->value, sizeof value);
	for (int a = 0; a < m->cols; a++)
		item[a] = item_of(from, a);
	for (int i = 0; i < m->rows; i++) {
		other[i] = i;
		for (int j = 0; j < m->rows; j++)
			if (mirrored(m->value[i], m->value[j], m->cols, 1))
				other[i] = j;
		paired |= other[i] != i;
	}
	if (!paired)
		pair_columns(b, m, value, item);
	for (int i = 0; i < m->rows; i++)
		if (other[i] == i)
			put(b, NODE_SET, item_of(to, i), combination(value[i], item, m->cols));
		else if (other[i] > i)
			pair_rows(b, m, i, other[i], item, to);
}

static Node **enter_side(Build *b, const Axis *a, int from, int to)
{
	return enter_for(b, axis_name(b, a), val_int(from), val_int(to), LOOP_UNROLL);
}

/* A test that the whole tile is inside, from its first and its last corner; NULL: it always is. */
static const Val *whole(const Build *b, const Tensor *t, const Affine *index, Axis *const side[2],
                        int size)
{
	const Val *s = NULL;

	for (int last = 0; last < 2; last++) {
		Affine corner[MAX_DIM];
		for (int d = 0; d < t->rank; d++) {
			Affine a = affine_subst(index[d], side[0], affine(last ? size - 1 : 0));
			corner[d] = affine_subst(a, side[1], affine(last ? size - 1 : 0));
		}
		s = val_and(s, tests_of(b, t, corner));
	}
	return tests_of(b, t, index) ? s : NULL;
}

/* Prefetches the rows that the tile below this one reads or writes. `side` are the axes of a tile,
 * `size` its rows. Below the last tile of an image they are those of the next channels' block. */
static void rows_below(Build *b, const Tensor *t, const Affine *index, Axis *const side[2],
                       int size, bool write)
{
	Affine first[MAX_DIM] = {index[0], index[1]};
	int step = 0;

	for (int i = 0; i < index[2].n && t->rank == 4; i++)
		if (index[2].term[i].axis != side[0] && (!step || index[2].term[i].coef < step))
			step = index[2].term[i].coef;
	if (!step || !t->batched || t->lane_dim != 1 || b->prog->lanes == 1)
		return;
	Affine column = affine_subst(index[3], side[1], affine((size - step) / 2));
	Node **behind = enter_side(b, side[0], size, size + step);
	const Val *at = val(VAL_ADDRESS, TYPE_POINTER, element(b, t, first), NULL, NULL, NULL);
	const Val *lines =
	        val(VAL_MUL, TYPE_INT, val_int(t->mem[3]), affine_val(b, &index[2]), NULL, NULL);
	at = val(VAL_ADD, TYPE_POINTER, at, lines, NULL, NULL);
	at = val(VAL_ADD, TYPE_POINTER, at, affine_val(b, &column), NULL, NULL);
	put(b, NODE_PREFETCH, at, val_int(step))->write = write;
	leave(b, behind);
}

/* h = X d, column by column of d. */
static void columns(Build *b, const Eqn *q, const Matrix *m, const Val *value)
{
	const char *row = axis_name(b, q->col[0]);
	const Line h = {"h", int_name(axis_name(b, q->col[1])), false}, d = {"d", NULL, false};
	const Val *at = int_name(row);
	Node **behind = enter_side(b, q->col[1], 0, m->cols);

	put_array(b, "d", TYPE_VECTOR, 1, m->cols, 0, 0);
	Node **read = enter_side(b, q->col[0], 0, m->cols);
	put(b, NODE_SET, val_place("d", NULL, TYPE_VECTOR, &at, 1), value);
	leave(b, read);
	times_matrix(b, m, &h, &d);
	leave(b, behind);
}

/* All of h; a tile that is inside as a whole is read without tests. */
static void inputs(Build *b, const Eqn *q, const Matrix *m)
{
	const Expr *x = q->rhs;
	const Val *inside = whole(b, x->tensor, x->index, q->col, m->cols);
	const Val *tested = as_vector(lower_expr(b, x));

	if (!inside) {
		columns(b, q, m, tested);
		return;
	}
	Node *test = put(b, NODE_IF, inside, NULL);
	Node **behind = enter_node(b, test);
	columns(b, q, m, element(b, x->tensor, x->index));
	b->tail = &test->other;
	columns(b, q, m, tested);
	leave(b, behind);
}

/* The same where a loop around this stage says which rows of the matrix those of h are. */
static void inputs_of_parts(Build *b, const Eqn *q)
{
	int high = q->row[0]->extent, parts = q->matrix->rows / high;
	Node **behind = b->tail;

	for (int i = 0; i < parts; i++) {
		Matrix part = *q->matrix;
		Node *test = NULL;
		part.rows = high;
		memcpy(part.value, q->matrix->value[(ptrdiff_t)i * high],
		       sizeof part.value[0] * (size_t)high);
		if (i < parts - 1) {
			test = put(b, NODE_IF,
			           val(VAL_EQUAL, TYPE_TEST, axis_val(b, q->part), val_int(i), NULL,
			               NULL),
			           NULL);
			b->tail = &test->body;
		}
		inputs(b, q, &part);
		if (test)
			b->tail = &test->other;
	}
	leave(b, end_of(behind));
}

enum { MANY = 8 }; /* times the second-level cache: more than is left when it is read */

/* Not those that the same kernel reads at once. */
bool streams(const Build *b, const Eqn *q)
{
	const Tensor *t = q->out;
	int64_t bytes = t->elems * (options.real_double ? 8 : 4);

	return q->matrix && !t->local && !t->scratch && b->k->ngiven == 0 && is_vector(b, q) &&
	       bytes > (int64_t)MANY * b->prog->target.l2 && !kernel_reads(b->k, t);
}

/* Stores equation j at every row and column of o that is inside. */
static void outputs(Build *b, int j, const Val *test)
{
	const Eqn *q = b->k->eqn[j];
	const Val *at[] = {int_name(axis_name(b, q->row[0])), int_name(axis_name(b, q->row[1]))};

	enter_side(b, q->row[0], 0, q->row[0]->extent);
	enter_side(b, q->row[1], 0, q->row[1]->extent);
	enter_if(b, test);
	store(b, j, val_place("o", NULL, TYPE_VECTOR, at, 2));
}

/* o = h transposed times X, row by row. */
static void fold_rows(Build *b, const Eqn *q)
{
	const Val *p = int_name(axis_name(b, q->row[0]));
	const Line o = {"o", p, true}, h = {"h", p, true};
	Node **behind = enter_side(b, q->row[0], 0, q->row[0]->extent);

	times_matrix(b, q->matrix, &o, &h);
	leave(b, behind);
}

/* Equation j at one point. */
void sandwich(Build *b, int j)
{
	const Eqn *q = b->k->eqn[j];
	const Matrix *m = q->matrix;
	const Val *inside = whole(b, q->out, q->index, q->row, m->rows);
	const Val *test = tests_of(b, q->out, q->index);
	int high = q->row[0]->extent;
	Node **behind = enter_node(b, put(b, NODE_BLOCK, NULL, NULL));

	put_array(b, "h", TYPE_VECTOR, 2, high, m->cols, 0);
	put_array(b, "o", TYPE_VECTOR, 2, high, m->rows, 0);
	rows_below(b, q->rhs->tensor, q->rhs->index, q->col, m->cols, false);
	if (!q->out->local && !streams(b, q))
		rows_below(b, q->out, q->index, q->row, m->rows, true);
	if (q->part)
		inputs_of_parts(b, q);
	else
		inputs(b, q, m);
	fold_rows(b, q);
	if (inside) {
		Node *split = put(b, NODE_IF, inside, NULL);
		b->tail = &split->body;
		outputs(b, j, NULL);
		b->tail = &split->other;
	}
	outputs(b, j, test);
	leave(b, behind);
}
