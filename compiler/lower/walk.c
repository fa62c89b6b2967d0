/* walk.c: the walk over a kernel's outer loops.
 *
 * In: loops with their tiles, and which of them threads share. Out: the loops around the point or
 * the call of the tile: whole tiles, remainders and edges each with their sizes as constants; bands
 * of rows for partial sums. */
#include <string.h>

#include "lower.h"

typedef struct Walk {
	const Val *start[MAX_AXIS]; /* of this tile along each loop                           */
	const Val *size[MAX_AXIS];
	bool edge;
} Walk;

/* What a function called here is to be told as its parameter. */
static const Val *argument(const Build *b, const Walk *w, const Formal *p)
{
	const Kernel *k = b->k;

	if (p->tensor)
		return val_name(used_of(b, p->tensor)->name, TYPE_POINTER);
	for (int i = 0; i < k->nloop; i++) {
		const Axis *a = k->loop[i].axis;
		if (k->loop[i].tile == 1)
			continue;
		if (!strcmp(p->name, axis_start(b, a)))
			return w->start[i];
		if (!strcmp(p->name, axis_size(b, a)))
			return w->size[i];
	}
	if (!strcmp(p->name, "edge"))
		return val_int(w->edge);
	return p->axis ? axis_val(b, p->axis) : val_name(p->name, p->type);
}

static void call(Build *b, const Walk *w, const Function *f)
{
	Node *n = put(b, NODE_CALL, NULL, NULL);

	n->callee = f;
	n->n = f->nparam;
	n->arg = alloc(sizeof *n->arg * (size_t)(f->nparam + 1));
	for (int i = 0; i < f->nparam; i++)
		n->arg[i] = argument(b, w, &f->param[i]);
}

static void innermost(Build *b, const Walk *w)
{
	for (int i = 0; i < b->k->nstage; i++)
		call(b, w, b->stage[i]);
	if (b->tile)
		call(b, w, b->tile);
	else
		for (int j = 0; j < b->k->neqn && !b->k->nstage;)
			j = equation(b, j);
}

static void walk(Build *b, int at, Walk w);

/* Tiles starting in [from, to), each of `size`. */
static void stretch(Build *b, int at, Walk w, int from, int to, int size, bool edge)
{
	const char *name = axis_start(b, b->k->loop[at].axis);
	Node **behind;

	if (from >= to)
		return;
	w.size[at] = val_int(size);
	w.edge |= edge;
	if (from + size >= to) {
		w.start[at] = val_int(from);
		walk(b, at + 1, w);
		return;
	}
	w.start[at] = int_name(name);
	behind = enter_for(b, name, val_int(from), val_int(to), LOOP_PLAIN);
	b->last->c = val_int(size);
	walk(b, at + 1, w);
	leave(b, behind);
}

/* A tiled loop over blocks of images: as many as there are, whole tiles first. */
static void images(Build *b, int at, Walk w, const Val *from, const Val *to)
{
	const Loop *l = &b->k->loop[at];
	const char *name = axis_start(b, l->axis);

	Node **outside = enter_node(b, put(b, NODE_BLOCK, NULL, NULL));
	put_let(b, name, TYPE_INT, from)->fixed = false;
	w.start[at] = int_name(name);
	for (int rest = 0; rest < 2; rest++) {
		Node **behind = enter_for(b, name, NULL, to, LOOP_PLAIN);
		b->last->whole = !rest;
		b->last->c = val_int(rest ? 1 : l->tile);
		w.size[at] = b->last->c;
		walk(b, at + 1, w);
		leave(b, behind);
	}
	leave(b, outside);
}

/* Edge tiles one by one, so that their place is a constant, whole ones between them, and the
 * remainder. */
static void tiles_along(Build *b, int at, Walk w)
{
	const Loop *l = &b->k->loop[at];
	int extent = blocks_of(b->prog, l->axis), full = extent / l->tile * l->tile;
	bool rest_edge = full >= l->clean_hi && l->clean_hi < extent && l->clean_hi < full + 1;
	int lo = l->clean_lo < full ? l->clean_lo : full;
	int hi = l->clean_hi < full ? l->clean_hi : full;

	hi = hi > lo ? hi : lo;
	for (int v = 0; v < lo; v += l->tile)
		stretch(b, at, w, v, v + l->tile, l->tile, true);
	stretch(b, at, w, lo, hi, l->tile, false);
	for (int v = hi; v < full; v += l->tile)
		stretch(b, at, w, v, v + l->tile, l->tile, true);
	stretch(b, at, w, full, extent, extent - full ? extent - full : 1, rest_edge);
}

static void walk(Build *b, int at, Walk w)
{
	while (at < b->k->nloop && b->k->loop[at].parallel)
		at++;
	if (at == b->k->nloop) {
		innermost(b, &w);
		return;
	}
	const Loop *l = &b->k->loop[at];
	if (l->tile > 1 && l->axis->batch) {
		images(b, at, w, val_int(0), extent_of(b, l->axis));
	} else if (l->tile > 1) {
		tiles_along(b, at, w);
	} else {
		Node **behind = enter_axis(b, l->axis, LOOP_PLAIN);
		bool one = behind == b->tail;
		walk(b, at + 1, w);
		leave(b, one ? end_of(behind) : behind);
	}
}

/* All images, band by band: what each tile adds to its sums. */
static Node **enter_bands(Build *b)
{
	const Kernel *k = b->k;
	const Val *count = val_int(k->rows->extent), *from = int_name("row_from");
	Node **behind = enter_for(b, "n", val_int(0),
	                          int_name(b->prog->channels ? "live" : "blocks"), LOOP_PLAIN);

	enter_for(b, "row_from", val_int(0), count, LOOP_PLAIN);
	b->last->c = val_int(k->band);
	put_let(b, "row_to", TYPE_INT,
	        val(VAL_MIN, TYPE_INT, val(VAL_ADD, TYPE_INT, from, val_int(k->band), NULL, NULL),
	            count, NULL, NULL));
	put_let(b, "first", TYPE_INT,
	        val(VAL_AND, TYPE_TEST,
	            val(VAL_EQUAL, TYPE_TEST, int_name("n"), val_int(0), NULL, NULL),
	            val(VAL_EQUAL, TYPE_TEST, from, val_int(0), NULL, NULL), NULL, NULL));
	return behind;
}

/* Partial sums for the weights of this piece; then one sum a weight. */
static void bands(Build *b, Walk w)
{
	const Kernel *k = b->k;
	const Tensor *t = k->eqn[0]->out;
	Affine first[MAX_DIM];
	int rest = 1;
	Node **behind = enter_bands(b);

	walk(b, 0, w);
	leave(b, behind);
	if (!k->partial->wide)
		return;
	memcpy(first, k->eqn[0]->index, sizeof first);
	for (int d = k->owned; d < t->rank; d++) {
		first[d] = affine(0);
		rest *= t->dim[d];
	}
	for (int i = 0; i < k->nloop; i++)
		if (k->loop[i].parallel && k->loop[i].tile > 1)
			enter_for(b, axis_inside(b, k->loop[i].axis), val_int(0), w.size[i],
			          LOOP_PLAIN);
	Node *sums = put(b, NODE_SUM_EACH, element(b, t, first), element(b, k->partial, first));
	sums->c = val_int(rest);
	leave(b, end_of(behind));
}

static void inside(Build *b, Walk w)
{
	if (!is_banded(b->k) || b->k->group > 1)
		walk(b, 0, w);
	else
		bands(b, w);
}

/* What a thread does in its pieces. A shared loop whose last tile is smaller asks which it is. */
static void sizes(Build *b, Walk w, int at, int shared)
{
	if (at == shared) {
		inside(b, w);
		return;
	}
	const Loop *l = &b->k->loop[at];
	int extent = blocks_of(b->prog, l->axis), full = extent / l->tile * l->tile;

	w.size[at] = val_int(l->tile);
	w.edge |= l->clean_lo > 0 || l->clean_hi < l->axis->extent;
	if (l->tile == 1 || full == extent) {
		sizes(b, w, at + 1, shared);
		return;
	}
	if (full == 0) {
		w.size[at] = val_int(extent);
		sizes(b, w, at + 1, shared);
		return;
	}
	Node *split = put(b, NODE_IF,
	                  val(VAL_LESS, TYPE_TEST, w.start[at], val_int(full), NULL, NULL), NULL);
	Node **behind = enter_node(b, split);
	sizes(b, w, at + 1, shared);
	b->tail = &split->other;
	w.size[at] = val_int(extent - full);
	sizes(b, w, at + 1, shared);
	leave(b, behind);
}

static int tiles_of(const Build *b, const Loop *l)
{
	return (blocks_of(b->prog, l->axis) + l->tile - 1) / l->tile;
}

/* let k0 = piece / 12 % 4 * 6 for every shared loop */
static void take_apart(Build *b, Walk *w, int shared)
{
	const Val *value[MAX_AXIS];

	for (int i = shared - 1, below = 1; i >= 0; i--) {
		const Loop *l = &b->k->loop[i];
		const Val *v = int_name("piece");
		int tiles = tiles_of(b, l);
		if (below > 1)
			v = val(VAL_DIV, TYPE_INT, v, val_int(below), NULL, NULL);
		if (i > 0)
			v = val(VAL_REM, TYPE_INT, v, val_int(tiles), NULL, NULL);
		if (l->tile > 1)
			v = val(VAL_MUL, TYPE_INT, v, val_int(l->tile), NULL, NULL);
		bool fixed = is_one(b, l->axis) || (l->tile > 1 && tiles == 1 && !l->axis->batch);
		value[i] = fixed ? val_int(0) : v;
		below *= tiles;
	}
	for (int i = 0; i < shared; i++) {
		const Loop *l = &b->k->loop[i];
		const char *name = l->tile > 1 ? axis_start(b, l->axis) : axis_name(b, l->axis);
		w->start[i] = value[i]->op == VAL_INT ? value[i] : int_name(name);
		if (value[i]->op != VAL_INT ||
		    (l->tile > 1 && b->k->partial && b->k->partial->wide))
			put_let(b, name, TYPE_INT, value[i]);
	}
}

/* Pieces made of the first n loops. */
static void pieces(Build *b, Walk w, int n, const Val *from, const Val *to)
{
	const Kernel *k = b->k;
	bool plain = n == 1 && k->loop[0].tile == 1;
	const char *name = plain ? axis_name(b, k->loop[0].axis) : "piece";
	Node **behind = enter_for(b, name, from, to, LOOP_PLAIN);

	if (plain) {
		inside(b, w);
	} else {
		take_apart(b, &w, n);
		sizes(b, w, 0, n);
	}
	leave(b, behind);
}

/* The pieces of this thread; with partial sums some of them for each band. */
static void own_pieces(Build *b, Walk w, int n)
{
	const Val *part_from = int_name("part.from"), *part_to = int_name("part.to");

	if (!is_banded(b->k) || b->k->group == 1) {
		pieces(b, w, n, part_from, part_to);
		return;
	}
	const Val *from = int_name("from"), *group = val_int(b->k->group);
	enter_for(b, "from", part_from, part_to, LOOP_PLAIN);
	b->last->c = group;
	put_let(b, "to", TYPE_INT,
	        val(VAL_MIN, TYPE_INT, val(VAL_ADD, TYPE_INT, from, group, NULL, NULL), part_to,
	            NULL, NULL));
	enter_bands(b);
	pieces(b, w, n, from, int_name("to"));
}

/* Stages that sum over loops around them: a thread takes each task through all of its pieces, so
 * that what these read in common comes from memory once. Not where the pieces are images: those
 * have nothing in common. */
static void pieces_of_tasks(Build *b, const Walk *w)
{
	const Kernel *k = b->k;

	for (int i = 1; i < k->nloop; i++)
		enter_axis(b, k->loop[i].axis, LOOP_PLAIN);
	enter_for(b, axis_name(b, k->loop[0].axis), int_name("part.from"), int_name("part.to"),
	          LOOP_PLAIN);
	innermost(b, w);
}

/* What part of this kernel is this thread's: iterations of the first n loops together. */
static void put_share(Build *b, int n)
{
	const Val *total = NULL;
	int64_t tiles = 1;

	for (int i = 0; i < n; i++) {
		const Axis *a = b->k->loop[i].axis;
		if (!a->batch)
			tiles *= tiles_of(b, &b->k->loop[i]);
		else
			total = !total ? extent_of(b, a)
			               : val(VAL_MUL, TYPE_INT, total, extent_of(b, a), NULL, NULL);
	}
	if (!total)
		total = val_int(tiles);
	else if (tiles > 1)
		total = val(VAL_MUL, TYPE_INT, total, val_int(tiles), NULL, NULL);
	put_let(b, "part", TYPE_SPAN,
	        val(b->k->serial ? VAL_SPAN : VAL_SHARE, TYPE_SPAN, total, NULL, NULL, NULL));
}

/* All tensors as one row of vectors. */
static void row_of_vectors(Build *b)
{
	const Kernel *k = b->k;
	const Val *count = val_int(k->eqn[0]->out->elems / b->prog->lanes), *from = val_int(0);

	if (!k->serial) {
		put_let(b, "part", TYPE_SPAN, val(VAL_SHARE, TYPE_SPAN, count, NULL, NULL, NULL));
		from = int_name("part.from");
		count = int_name("part.to");
	}
	enter_for(b, "e", from, count, LOOP_PLAIN);
	for (int j = 0; j < k->neqn;)
		j = equation(b, j);
}

/* Outer loops that threads share: one count, split, and taken apart again. */
void walk_kernel(Build *b)
{
	const Kernel *k = b->k;
	Walk w = {.edge = false};
	int n = 0;

	if (k->flat) {
		row_of_vectors(b);
		return;
	}
	while (n < k->nloop && k->loop[n].parallel)
		n++;
	if (n == 0 && !is_banded(k)) {
		walk(b, 0, w);
		return;
	}
	put_share(b, n);
	if (k->loop[0].axis->batch && k->loop[0].tile > 1)
		images(b, 0, w, int_name("part.from"), int_name("part.to"));
	else if (k->nstage && k->shared == 1 && k->nloop > 1 && !k->loop[0].axis->batch)
		pieces_of_tasks(b, &w);
	else
		own_pieces(b, w, n);
}
