/* emit_walk.c: the walk over a kernel's outer loops.
 *
 * In: loops with their tiles, and which of them threads share. Out: the loops around the point or
 * the call of the tile: whole tiles, remainders and edges each with their sizes as constants; bands
 * of rows for partial sums. */
#include "emit.h"

#include <string.h>

/* ---- walking over the tiles ----------------------------------------------------------------- */

typedef struct Walk {
	const char *size[MAX_AXIS]; /* of this tile along each loop                            */
	bool edge;
} Walk;

static void innermost(Em *e, const Walk *w)
{
	char *s = format("@_tile(t%s", argument_names(e));

	if (e->k->nstage) {
		put_open(e->out);
		for (int i = 0; i < e->k->nstage; i++)
			put_line(e->out, "%s", stage_call(e, i));
		put_close(e->out);
		return;
	}
	if (!is_tiled(e->k)) {
		put_open(e->out);
		for (int j = 0; j < e->k->neqn;)
			j = equation(e, j);
		put_close(e->out);
		return;
	}
	for (int i = 0; i < e->k->nloop; i++) {
		const char *name = em_axis(e, e->k->loop[i].axis);
		s = e->k->loop[i].tile > 1 ? format("%s, %s0, %s", s, name, w->size[i])
		                           : format("%s, %s", s, name);
	}
	if (em_banded(e->k))
		s = format("%s, n, row_from, row_to, first", s);
	for (int i = 0; i < e->k->ngiven; i++)
		s = format("%s, %s", s, em_axis(e, e->k->given[i]));
	for (int i = 0; i < e->nuniform; i++)
		s = e->told[i] ? format("%s, u%d", s, i) : s;
	e->out->depth++;
	put_line(e->out, "%s%s);", s, has_edges(e->k) ? w->edge ? ", 1" : ", 0" : "");
	e->out->depth--;
}

static void walk(Em *e, int at, Walk w);

/* Tiles starting in [from, to), each of `size`. */
static void stretch(Em *e, int at, Walk w, int from, int to, int size, bool edge)
{
	const char *name = em_axis(e, e->k->loop[at].axis);

	if (from >= to)
		return;
	w.size[at] = format("%d", size);
	w.edge |= edge;
	if (from + size >= to) {
		put_open(e->out);
		put_line(e->out, "const int %s0 = %d;", name, from);
		walk(e, at + 1, w);
		put_close(e->out);
		return;
	}
	put_line(e->out, "for (int %s0 = %d; %s0 < %d; %s0 += %d)", name, from, name, to, name,
	         size);
	e->out->depth++;
	walk(e, at + 1, w);
	e->out->depth--;
}

/* A tiled loop over blocks of images: as many as there are, whole tiles first. */
static void images(Em *e, int at, Walk w, const char *from, const char *to)
{
	const Loop *l = &e->k->loop[at];
	const char *name = em_axis(e, l->axis);

	put_open(e->out);
	put_line(e->out, "int %s0 = %s;", name, from);
	put_line(e->out, "for (; %s0 + %d <= %s; %s0 += %d)", name, l->tile, to, name, l->tile);
	w.size[at] = format("%d", l->tile);
	e->out->depth++;
	walk(e, at + 1, w);
	e->out->depth--;
	put_line(e->out, "for (; %s0 < %s; %s0++)", name, to, name);
	w.size[at] = "1";
	e->out->depth++;
	walk(e, at + 1, w);
	e->out->depth--;
	put_close(e->out);
}

static void walk(Em *e, int at, Walk w)
{
	while (at < e->k->nloop && e->k->loop[at].parallel)
		at++;
	if (at == e->k->nloop) {
		innermost(e, &w);
		return;
	}
	const Loop *l = &e->k->loop[at];
	const char *name = em_axis(e, l->axis);
	int extent = blocks_of(e->prog, l->axis), full = extent / l->tile * l->tile;
	if (l->tile == 1) {
		put_line(e->out, "%s", for_line(name, "0", extent_of(e, l->axis), false));
		walk(e, at + 1, w);
		return;
	}
	if (l->axis->batch) {
		images(e, at, w, "0", extent_of(e, l->axis));
		return;
	}
	bool rest_edge = full >= l->clean_hi && l->clean_hi < extent && l->clean_hi < full + 1;
	put_open(e->out);
	int lo = l->clean_lo < full ? l->clean_lo : full,
	    hi = l->clean_hi < full ? l->clean_hi : full;
	hi = hi > lo ? hi : lo;
	for (int v = 0; v < lo; v += l->tile) /* edge tiles one by one: their place is a constant */
		stretch(e, at, w, v, v + l->tile, l->tile, true);
	stretch(e, at, w, lo, hi, l->tile, false);
	for (int v = hi; v < full; v += l->tile)
		stretch(e, at, w, v, v + l->tile, l->tile, true);
	stretch(e, at, w, full, extent, extent - full ? extent - full : 1, rest_edge);
	put_close(e->out);
}

/* All images, band by band: what each tile adds to its sums. */
static void each_band(Em *e)
{
	const Kernel *k = e->k;
	int count = k->rows->extent;

	put_line(e->out, "for (int n = 0; n < %s; n++)", e->prog->channels ? "live" : "blocks");
	put_line(e->out, "for (int row_from = 0; row_from < %d; row_from += %d)", count, k->band);
	put_open(e->out);
	put_line(e->out, "const int row_to = nn_least(row_from + %d, %d);", k->band, count);
	put_line(e->out, "const int first = n == 0 && row_from == 0;");
}

/* Partial sums for the weights of this piece; then one sum a weight. */
static void bands(Em *e, Walk w)
{
	const Kernel *k = e->k;
	const Tensor *t = k->eqn[0]->out;
	int rest = 1;
	Affine first[MAX_DIM];

	each_band(e);
	walk(e, 0, w);
	put_close(e->out);
	if (!k->partial->wide)
		return;
	memcpy(first, k->eqn[0]->index, sizeof first);
	for (int d = k->owned; d < t->rank; d++) {
		first[d] = affine(0);
		rest *= t->dim[d];
	}
	for (int i = 0; i < k->nloop; i++)
		if (k->loop[i].parallel && k->loop[i].tile > 1) {
			const char *name = em_axis(e, k->loop[i].axis);
			put_line(e->out, "for (int %st = 0; %st < %s; %st++)", name, name,
			         w.size[i], name);
		}
	put_line(e->out, "\tnn_sum_each(&%s, &%s, %d);", em_element(e, t, first),
	         em_element(e, k->partial, first), rest);
}

static void inside(Em *e, Walk w)
{
	if (!em_banded(e->k) || e->k->group > 1) {
		walk(e, 0, w);
		return;
	}
	put_open(e->out);
	bands(e, w);
	put_close(e->out);
}

/* What a thread does in its pieces. A shared loop whose last tile is smaller asks which it is. */
static void sizes(Em *e, Walk w, int at, int shared)
{
	if (at == shared) {
		inside(e, w);
		return;
	}
	const Loop *l = &e->k->loop[at];
	int extent = blocks_of(e->prog, l->axis), full = extent / l->tile * l->tile;

	w.size[at] = format("%d", l->tile);
	w.edge |= l->clean_lo > 0 || l->clean_hi < l->axis->extent;
	if (l->tile == 1 || full == extent) {
		sizes(e, w, at + 1, shared);
		return;
	}
	if (full > 0) {
		put_line(e->out, "if (%s0 < %d)", em_axis(e, l->axis), full);
		put_open(e->out);
		sizes(e, w, at + 1, shared);
		put_close(e->out);
		put_line(e->out, "else");
	}
	w.size[at] = format("%d", extent - full);
	put_open(e->out);
	sizes(e, w, at + 1, shared);
	put_close(e->out);
}

static int tiles_of(const Em *e, const Loop *l)
{
	return (blocks_of(e->prog, l->axis) + l->tile - 1) / l->tile;
}

/* "const int k0 = piece / 12 % 4 * 6;" for every shared loop */
static void take_apart(Em *e, int shared)
{
	char *line[MAX_AXIS];

	for (int i = shared - 1, below = 1; i >= 0; i--) {
		const Loop *l = &e->k->loop[i];
		char *v = below > 1 ? format("piece / %d", below) : "piece";
		if (i > 0)
			v = format("%s %% %d", v, tiles_of(e, l));
		if (l->tile > 1)
			v = format("%s * %d", v, l->tile);
		line[i] = format("const int %s%s = %s;", em_axis(e, l->axis),
		                 l->tile > 1 ? "0" : "", v);
		below *= tiles_of(e, l);
	}
	for (int i = 0; i < shared; i++)
		put_line(e->out, "%s", line[i]);
}

/* Pieces made of the first n loops. */
static void pieces(Em *e, Walk w, int n, const char *from, const char *to)
{
	const Kernel *k = e->k;

	if (n == 1 && k->loop[0].tile == 1) {
		const char *name = em_axis(e, k->loop[0].axis);
		put_line(e->out, "%s", for_line(name, from, to, false));
		inside(e, w);
		return;
	}
	put_line(e->out, "for (int piece = %s; piece < %s; piece++)", from, to);
	put_open(e->out);
	take_apart(e, n);
	sizes(e, w, 0, n);
	put_close(e->out);
}

/* The pieces of this thread; with partial sums some of them for each band. */
static void own_pieces(Em *e, Walk w, int n)
{
	if (!em_banded(e->k) || e->k->group == 1) {
		pieces(e, w, n, "part.from", "part.to");
		return;
	}
	put_line(e->out, "for (int from = part.from; from < part.to; from += %d)", e->k->group);
	put_open(e->out);
	put_line(e->out, "const int to = nn_least(from + %d, part.to);", e->k->group);
	each_band(e);
	pieces(e, w, n, "from", "to");
	put_close(e->out);
	put_close(e->out);
}

/* Stages that sum over loops around them: a thread takes each task through all of its pieces, so
 * that what these read in common comes from memory once. Not where the pieces are images: those
 * have nothing in common. */
static void pieces_of_tasks(Em *e, const Walk *w)
{
	const Kernel *k = e->k;

	for (int i = 1; i < k->nloop; i++)
		put_line(e->out, "%s",
		         for_line(em_axis(e, k->loop[i].axis), "0", extent_of(e, k->loop[i].axis),
		                  false));
	put_line(e->out, "%s",
	         for_line(em_axis(e, k->loop[0].axis), "part.from", "part.to", false));
	innermost(e, w);
}

/* Outer loops that threads share: one count, split, and taken apart again. */
void parallel(Em *e)
{
	const Kernel *k = e->k;
	Walk w = {.edge = false};
	char *total = "";
	int n = 0;

	for (; n < k->nloop && k->loop[n].parallel; n++) {
		const Axis *a = k->loop[n].axis;
		const char *count =
		        a->batch ? extent_of(e, a) : format("%d", tiles_of(e, &k->loop[n]));
		total = format(a->unit > 1 ? "%s%s(%s)" : "%s%s%s", total, n ? " * " : "", count);
	}
	if (n == 0 && !em_banded(k)) {
		walk(e, 0, w);
		return;
	}
	put_line(e->out,
	         k->serial ? "const nn_span part = {0, %s};"
	                   : "const nn_span part = nn_share(t, %s);",
	         n ? total : "1");
	if (k->loop[0].axis->batch && k->loop[0].tile > 1) {
		images(e, 0, w, "part.from", "part.to");
		return;
	}
	if (k->nstage && k->shared == 1 && k->nloop > 1 && !k->loop[0].axis->batch)
		pieces_of_tasks(e, &w);
	else
		own_pieces(e, w, n);
}
