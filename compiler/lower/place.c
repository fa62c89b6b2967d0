/* place.c: where an element of a tensor is.
 *
 * In: indices, affine in the axes of a kernel. Out: the place x[n][c][2 * i + r - 1][j], and the
 * tests that keep it inside. Loops over an axis that runs in the lanes count blocks, so that an
 * index with that axis names a vector; one without names a scalar, which is a lane of a vector in
 * memory: element c % 16 of x[n][c / 16][i][j]. */
#include <string.h>

#include "lower.h"

/* How many values of an axis a tile or a step has: k0 + kt, kt < 4. */
static int values_at_once(const Build *b, const Axis *a)
{
	for (int i = 0; i < b->k->nloop; i++)
		if (b->k->loop[i].axis->id == a->id)
			return b->k->loop[i].tile;
	return b->k->stepped && b->k->stepped->id == a->id ? b->k->step : 1;
}

const char *axis_name(const Build *b, const Axis *a)
{
	for (int i = 0; i < b->naxis; i++)
		if (b->axis[i]->id == a->id)
			return b->axis_name[i];
	fatal(70, "axis %s is not of this kernel; please report this", a->name);
}

const char *axis_start(const Build *b, const Axis *a)
{
	return format("%s0", axis_name(b, a));
}

const char *axis_inside(const Build *b, const Axis *a)
{
	return format("%st", axis_name(b, a));
}

const char *axis_size(const Build *b, const Axis *a)
{
	return format("%sn", axis_name(b, a));
}

const Val *int_name(const char *name)
{
	return val_name(name, TYPE_INT);
}

bool is_one(const Build *b, const Axis *a)
{
	return !a->batch && blocks_of(b->prog, a) == 1 && values_at_once(b, a) == 1;
}

const Val *axis_val(const Build *b, const Axis *a)
{
	return is_one(b, a) ? val_int(0) : int_name(axis_name(b, a));
}

static const Val *term(const Build *b, const Axis *a, int coef)
{
	const Val *v = values_at_once(b, a) > 1 ? val(VAL_ADD, TYPE_INT, int_name(axis_start(b, a)),
	                                              int_name(axis_inside(b, a)), NULL, NULL)
	                                        : axis_val(b, a);

	return coef == 1 ? v : val(VAL_MUL, TYPE_INT, val_int(coef), v, NULL, NULL);
}

const Val *affine_val(const Build *b, const Affine *a)
{
	const Val *s = NULL;

	for (int i = 0; i < a->n; i++) {
		const Axis *axis = a->term[i].axis;
		int k = a->term[i].coef;
		if (is_one(b, axis))
			continue;
		if (!s && k < 0)
			s = val(VAL_NEG, TYPE_INT, term(b, axis, -k), NULL, NULL, NULL);
		else
			s = !s      ? term(b, axis, k)
			    : k < 0 ? val(VAL_SUB, TYPE_INT, s, term(b, axis, -k), NULL, NULL)
			            : val(VAL_ADD, TYPE_INT, s, term(b, axis, k), NULL, NULL);
	}
	if (!s || a->c == 0)
		return s ? s : val_int(a->c);
	return a->c > 0 ? val(VAL_ADD, TYPE_INT, s, val_int(a->c), NULL, NULL)
	                : val(VAL_SUB, TYPE_INT, s, val_int(-a->c), NULL, NULL);
}

/* Is t walked as a row of vectors? Numbers that a flat kernel reads are not. */
bool in_row(const Build *b, const Tensor *t)
{
	return b->k->flat && (!tensor_is_number(t) || tensor_is_number(b->k->eqn[0]->out));
}

Axis *lane_of(const Affine *a)
{
	for (int i = 0; i < a->n; i++)
		if (a->term[i].axis->lane)
			return a->term[i].axis;
	return NULL;
}

int lane_place(const Expr *x)
{
	for (int d = 0; d < x->n; d++)
		if (lane_of(&x->index[d]))
			return d;
	return -1;
}

Affine in_elements(const Build *b, Affine a)
{
	for (int i = 0; i < a.n; i++)
		if (a.term[i].axis->lane)
			a.term[i].coef *= b->prog->lanes;
	return a;
}

/* Which block, where the index is aligned to blocks. */
static Affine in_blocks(const Build *b, Affine a)
{
	a.c /= b->prog->lanes;
	for (int i = 0; i < a.n; i++)
		if (!a.term[i].axis->lane)
			a.term[i].coef /= b->prog->lanes;
	return a;
}

/* Does a tile of this index alone lie inside one block? Then its start decides which. */
static bool tile_in_block(const Build *b, const Affine *a)
{
	int tile = a->n == 1 && a->term[0].coef == 1 && a->c == 0
	                   ? values_at_once(b, a->term[0].axis)
	                   : 1;

	return tile > 1 && b->prog->lanes % tile == 0;
}

static const Val *divided(ValOp op, const Val *v, int by)
{
	if (v->op == VAL_INT)
		return val_int(op == VAL_DIV ? (int)v->number / by : (int)v->number % by);
	return val(op, TYPE_INT, v, val_int(by), NULL, NULL);
}

/* The block that holds an index of one element, and its place there. */
static const Val *block_of(const Build *b, const Affine *a)
{
	if (lane_of(a)) {
		Affine block = in_blocks(b, *a);
		return affine_val(b, &block);
	}
	if (tile_in_block(b, a))
		return divided(VAL_DIV, int_name(axis_start(b, a->term[0].axis)), b->prog->lanes);
	return divided(VAL_DIV, affine_val(b, a), b->prog->lanes);
}

static const Val *place_in_block(const Build *b, const Affine *a)
{
	int v = b->prog->lanes;

	if (!tile_in_block(b, a))
		return divided(VAL_REM, affine_val(b, a), v);
	const Axis *axis = a->term[0].axis;
	const Val *in_tile = int_name(axis_inside(b, axis));
	if (values_at_once(b, axis) == v)
		return in_tile;
	return val(VAL_ADD, TYPE_INT, divided(VAL_REM, int_name(axis_start(b, axis)), v), in_tile,
	           NULL, NULL);
}

/* The vector that holds an element, or the element where none does. */
const Val *holder(const Build *b, const Tensor *t, const Affine *index)
{
	const Val *at[MAX_DIM] = {int_name("e")};
	int d = b->prog->lanes > 1 ? t->lane_dim : -1, n = 0;

	if (in_row(b, t))
		return val_place(used_of(b, t)->name, t, TYPE_VECTOR, at, 1);
	for (int i = t->scratch; i < t->rank; i++)
		at[n++] = i == d ? block_of(b, &index[i]) : affine_val(b, &index[i]);
	return val_place(used_of(b, t)->name, t, type_of(b, t), at, n);
}

/* An element, or a vector of them where the blocked dimension runs in the lanes. */
const Val *element(const Build *b, const Tensor *t, const Affine *index)
{
	const Val *v = holder(b, t, index);
	int d = b->prog->lanes > 1 ? t->lane_dim : -1;

	if (d < 0 || in_row(b, t) || lane_of(&index[d]))
		return v;
	return val(t->bytes8 ? VAL_BYTE : VAL_ELEMENT, t->bytes8 ? TYPE_BYTE : TYPE_REAL, v,
	           place_in_block(b, &index[d]), NULL, NULL);
}

/* Points to the vector where the next tile along axis a begins, which may lie behind the last;
 * where a step has an axis, its start. Behind a there are no more dimensions. */
const Val *next_along(const Build *b, const Tensor *t, const Affine *index, const Axis *a)
{
	const Val *at[MAX_DIM];
	const Axis *step = b->k->stepped;
	int n = 0;

	for (int d = t->scratch; d < t->rank; d++)
		if (affine_is(&index[d], a))
			at[n++] = int_name(axis_start(b, a));
		else if (d == t->lane_dim && step && affine_is(&index[d], step))
			at[n++] = divided(VAL_DIV, int_name(axis_start(b, step)), b->prog->lanes);
		else
			at[n++] = affine_val(b, &index[d]);
	const Val *here = val_place(used_of(b, t)->name, t, type_of(b, t), at, n);
	return val(VAL_ADD, TYPE_POINTER, val(VAL_ADDRESS, TYPE_POINTER, here, NULL, NULL, NULL),
	           int_name(axis_size(b, a)), NULL, NULL);
}

/* Elements that lie apart as a vector: dimension d of the index runs in the lanes. */
const Val *gathered(const Build *b, const Expr *x, int d)
{
	const Tensor *t = x->tensor;
	Axis *lane = lane_of(&x->index[d]);
	int64_t stride = affine_coef(&x->index[d], lane);
	Affine index[MAX_DIM], block = {.n = 1, .term = {{lane, 1}}};

	stride *= t->lane_dim >= 0 ? b->prog->lanes : 1;
	memcpy(index, x->index, sizeof *index * (size_t)x->n);
	index[d] = in_elements(b, index[d]);
	if (is_one(b, lane))
		index[d] = affine_subst(index[d], lane, affine(0));
	for (int i = d + 1; i < t->rank; i++)
		stride *= t->mem[i];
	for (int i = 0; i < index[d].n; i++) /* names an element: nothing is in lanes here */
		if (index[d].term[i].axis->lane) {
			Axis *plain = memcpy(new(Axis), lane, sizeof *plain);
			plain->lane = false;
			index[d].term[i].axis = plain;
		}
	const Val *behind =
	        val(VAL_MUL, TYPE_INT, val_int(b->prog->lanes), affine_val(b, &block), NULL, NULL);
	const Val *left = val(VAL_SUB, TYPE_INT, val_int(lane->extent), behind, NULL, NULL);
	return val(VAL_GATHER, TYPE_VECTOR, element(b, t, index), val_int(stride),
	           val(VAL_MIN, TYPE_INT, val_int(b->prog->lanes), left, NULL, NULL), NULL);
}

const Val *inside_test(const Build *b, const Affine *index, int extent)
{
	Affine a = lane_of(index) ? in_blocks(b, *index) : *index;
	int v = b->prog->lanes;

	return val(VAL_INSIDE, TYPE_TEST, affine_val(b, &a),
	           val_int(lane_of(index) ? (extent + v - 1) / v : extent), NULL, NULL);
}

/* Tests that an index of t needs. Images are tested against the live ones where a task may hold
 * more. */
const Val *tests_of(const Build *b, const Tensor *t, const Affine *index)
{
	const Val *s = NULL;

	for (int d = t->scratch; d < t->rank; d++) {
		int lo, hi;
		bool images = d == 0 && t->batched && index[0].n > 0 &&
		              !(index[0].n == 1 && affine_is(&index[0], index[0].term[0].axis));
		affine_range(&index[d], &lo, &hi);
		if (images)
			s = val_and(s, val(VAL_LESS, TYPE_TEST, affine_val(b, &index[0]),
			                   int_name("live"), NULL, NULL));
		else if (lo < 0 || hi >= t->dim[d])
			s = val_and(s, inside_test(b, &index[d], t->dim[d]));
	}
	return s;
}

Type type_of(const Build *b, const Tensor *t)
{
	bool vector = b->prog->lanes > 1 && t->lane_dim >= 0;

	if (t->bytes8)
		return vector || b->prog->lanes == 1 ? TYPE_BYTES : TYPE_BYTE;
	return vector || t->wide || in_row(b, t) ? TYPE_VECTOR : TYPE_REAL;
}
