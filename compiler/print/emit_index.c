/* emit_index.c: where an element of a tensor is, in C.
 *
 * In: indices, affine in the axes of a kernel. Out: x[n][c][2 * i + r - 1][j], and the tests that
 * keep it inside. Loops over an axis that runs in the lanes count blocks, so that an index with
 * that axis names a vector; one without names a scalar, which is a lane of a vector in memory:
 * NN_AT(x[n][c / 16][i][j], c % 16). */
#include "emit.h"

#include <string.h>

/* How many values of an axis a tile or a step has: k0 + kt, kt < 4. */
static int values_at_once(const Em *e, const Axis *a)
{
	for (int i = 0; i < e->k->nloop; i++)
		if (e->k->loop[i].axis->id == a->id)
			return e->k->loop[i].tile;
	return e->k->stepped && e->k->stepped->id == a->id ? e->k->step : 1;
}

static const char *bare_name(const Em *e, const Axis *a)
{
	for (int i = 0; i < e->naxis; i++)
		if (e->axis[i]->id == a->id)
			return e->axis_name[i];
	fatal(70, "axis %s is not of this kernel; please report this", a->name);
}

const char *em_axis(const Em *e, const Axis *a)
{
	return bare_name(e, a);
}

const char *em_affine(const Em *e, const Affine *a)
{
	char *s = "";

	for (int i = 0; i < a->n; i++) {
		int k = a->term[i].coef, m = k < 0 ? -k : k;
		const char *name = bare_name(e, a->term[i].axis);
		const char *sign = k < 0 ? (*s ? " - " : "-") : *s ? " + " : "";
		bool tile = values_at_once(e, a->term[i].axis) > 1;
		const char *v =
		        tile ? format(m > 1 || k < 0 ? "(%s0 + %st)" : "%s0 + %st", name, name)
		             : name;
		s = m == 1 ? format("%s%s%s", s, sign, v) : format("%s%s%d * %s", s, sign, m, v);
	}
	if (a->c > 0 && *s)
		return format("%s + %d", s, a->c);
	if (a->c < 0 && *s)
		return format("%s - %d", s, -a->c);
	return *s ? s : format("%d", a->c);
}

/* Is t walked as a row of vectors? Numbers that a flat kernel reads are not. */
bool em_in_row(const Em *e, const Tensor *t)
{
	return e->k->flat && (!tensor_is_number(t) || tensor_is_number(e->k->eqn[0]->out));
}

/* The axis of an index that runs in the lanes, or NULL. */
Axis *em_lane(const Affine *a)
{
	for (int i = 0; i < a->n; i++)
		if (a->term[i].axis->lane)
			return a->term[i].axis;
	return NULL;
}

/* Which dimension of an index runs in the lanes, or -1. */
int em_lane_place(const Expr *x)
{
	for (int d = 0; d < x->n; d++)
		if (em_lane(&x->index[d]))
			return d;
	return -1;
}

/* The index in units of elements: loops over an axis in the lanes count blocks. */
Affine em_elements(const Em *e, Affine a)
{
	for (int i = 0; i < a.n; i++)
		if (a.term[i].axis->lane)
			a.term[i].coef *= e->prog->lanes;
	return a;
}

/* Which block, where the index is aligned to blocks. */
static Affine in_blocks(const Em *e, Affine a)
{
	a.c /= e->prog->lanes;
	for (int i = 0; i < a.n; i++)
		if (!a.term[i].axis->lane)
			a.term[i].coef /= e->prog->lanes;
	return a;
}

/* Does a tile of this index alone lie inside one block? Then its start decides which. */
static bool tile_in_block(const Em *e, const Affine *a)
{
	int tile = a->n == 1 && a->term[0].coef == 1 && a->c == 0
	                   ? values_at_once(e, a->term[0].axis)
	                   : 1;

	return tile > 1 && e->prog->lanes % tile == 0;
}

/* The block that holds an index of one element, and its place there. */
static const char *block_of(const Em *e, const Affine *a)
{
	int v = e->prog->lanes;

	if (em_lane(a)) {
		Affine b = in_blocks(e, *a);
		return em_affine(e, &b);
	}
	if (a->n == 0)
		return format("%d", a->c / v);
	if (tile_in_block(e, a))
		return format("%s0 / %d", bare_name(e, a->term[0].axis), v);
	bool sum = a->n > 1 || a->c || values_at_once(e, a->term[0].axis) > 1;
	return format(sum ? "(%s) / %d" : "%s / %d", em_affine(e, a), v);
}

static const char *place_in_block(const Em *e, const Affine *a)
{
	int v = e->prog->lanes;
	const char *name = a->n ? bare_name(e, a->term[0].axis) : "";

	if (a->n == 0)
		return format("%d", a->c % v);
	if (tile_in_block(e, a))
		return values_at_once(e, a->term[0].axis) == v
		               ? format("%st", name)
		               : format("%s0 %% %d + %st", name, v, name);
	bool sum = a->n > 1 || a->c || values_at_once(e, a->term[0].axis) > 1;
	return format(sum ? "(%s) %% %d" : "%s %% %d", em_affine(e, a), v);
}

/* The vector that holds an element, or the element where none does. */
const char *em_holder(const Em *e, const Tensor *t, const Affine *index)
{
	char *s = format("%s", em_used(e, t)->name);
	int d = e->prog->lanes > 1 ? t->lane_dim : -1;

	if (em_in_row(e, t))
		return format("%s[e]", s);
	for (int i = t->scratch; i < t->rank; i++)
		s = format("%s[%s]", s, i == d ? block_of(e, &index[i]) : em_affine(e, &index[i]));
	return s;
}

/* An element, or a vector of them where the blocked dimension runs in the lanes. */
const char *em_element(const Em *e, const Tensor *t, const Affine *index)
{
	const char *s = em_holder(e, t, index);
	int d = e->prog->lanes > 1 ? t->lane_dim : -1;

	if (d < 0 || em_in_row(e, t) || em_lane(&index[d]))
		return s;
	return format("%s(%s, %s)", t->bytes8 ? "NN_BYTE" : "NN_AT", s,
	              place_in_block(e, &index[d]));
}

/* Points to the vector where the next tile along axis a begins, which may lie behind the last;
 * where a step has an axis, its start. Behind a there are no more dimensions. */
const char *em_next(const Em *e, const Tensor *t, const Affine *index, const Axis *a)
{
	char *s = format("&%s", em_used(e, t)->name);
	const Axis *step = e->k->stepped;

	for (int d = t->scratch; d < t->rank; d++)
		if (affine_is(&index[d], a))
			s = format("%s[%s0]", s, bare_name(e, a));
		else if (d == t->lane_dim && step && affine_is(&index[d], step))
			s = format("%s[%s0 / %d]", s, bare_name(e, step), e->prog->lanes);
		else
			s = format("%s[%s]", s, em_affine(e, &index[d]));
	return format("%s + %sn", s, bare_name(e, a));
}

/* Elements that lie apart as a vector: dimension d of the index runs in the lanes. */
const char *em_gathered(const Em *e, const Expr *x, int d)
{
	const Tensor *t = x->tensor;
	Axis *lane = em_lane(&x->index[d]);
	int64_t stride = affine_coef(&x->index[d], lane);
	Affine index[MAX_DIM], block = {.n = 1, .term = {{lane, 1}}};

	stride *= t->lane_dim >= 0 ? e->prog->lanes : 1;
	memcpy(index, x->index, sizeof *index * (size_t)x->n);
	index[d] = em_elements(e, index[d]);
	for (int i = d + 1; i < t->rank; i++)
		stride *= t->mem[i];
	for (int i = 0; i < index[d].n; i++) /* names an element: nothing is in lanes here */
		if (index[d].term[i].axis->lane) {
			Axis *plain = memcpy(new(Axis), lane, sizeof *plain);
			plain->lane = false;
			index[d].term[i].axis = plain;
		}
	return format("nn_gather(&%s, %lld, nn_least(%d, %d - %d * (%s)))", em_element(e, t, index),
	              (long long)stride, e->prog->lanes, lane->extent, e->prog->lanes,
	              em_affine(e, &block));
}

const char *em_inside(const Em *e, const Affine *index, int extent)
{
	Affine a = em_lane(index) ? in_blocks(e, *index) : *index;
	int v = e->prog->lanes;

	return format("(unsigned)(%s) < %uu", em_affine(e, &a),
	              (unsigned)(em_lane(index) ? (extent + v - 1) / v : extent));
}

/* Tests that an index of t needs, each behind `&&`. Images are tested against the live ones where
 * a task may hold more. */
const char *em_tests(const Em *e, const Tensor *t, const Affine *index)
{
	const char *s = "";

	for (int d = t->scratch; d < t->rank; d++) {
		int lo, hi;
		bool images = d == 0 && t->batched && index[0].n > 0 &&
		              !(index[0].n == 1 && affine_is(&index[0], index[0].term[0].axis));
		affine_range(&index[d], &lo, &hi);
		if (images)
			s = format("%s%s%s < live", s, *s ? " && " : "", em_affine(e, &index[0]));
		else if (lo < 0 || hi >= t->dim[d])
			s = format("%s%s%s", s, *s ? " && " : "",
			           em_inside(e, &index[d], t->dim[d]));
	}
	return s;
}

const char *em_outside(const Em *e, const Eqn *q)
{
	return q->matrix ? em_tests(e, q->out, q->index) : "";
}

const char *em_type(const Em *e, const Tensor *t)
{
	bool vector = e->prog->lanes > 1 && t->lane_dim >= 0;

	if (t->bytes8)
		return vector || e->prog->lanes == 1 ? "nn_b" : "uint8_t";
	return vector || t->wide || em_in_row(e, t) ? "nn_v" : "nn_real";
}
