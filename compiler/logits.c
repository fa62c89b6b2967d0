/* logits.c: what stands right before a loss that takes logits.
 *
 * In: layers with their shapes, the loss. Out: the same, where a loss that includes an activation
 * (Row.absorbs: the logarithm of a probability is safe only inside of the loss) takes the layer
 * before that activation, with a warning in its place:
 *
 *     scores -> probabilities -> view -> loss      becomes      scores -> view -> loss
 *
 * Layers that only show the same values in another shape may stand between. Who else takes the
 * activation's output goes on seeing it; if nobody does, it goes. Other layers that make few logits
 * possible (Row.spoils) stay, with a warning, unless there are errors to mend first. */
#include <string.h>

#include "front.h"

static bool passes_on(const Layer *l)
{
	return l && l->row && (l->row->view || l->row->same_count);
}

/* How many inputs of layers are this one. */
static int readers(const Model *m, const Layer *of)
{
	int n = 0;
	for (const Layer *l = m->layers; l; l = l->next)
		for (int i = 0; i < l->nin; i++)
			n += l->in[i] == of;
	return n;
}

static void unlink_layer(Model *m, const Layer *l)
{
	Layer **link = &m->layers;
	while (*link && *link != l)
		link = &(*link)->next;
	if (*link)
		*link = l->next;
}

/* Layer l, which passes on what `left_out` gives, now of what that one takes: itself, or a copy at
 * the end of the list where others read it too. */
static Layer *without(Model *m, Layer *l, const Layer *left_out)
{
	if (l == left_out)
		return l->in[0];
	Layer *in = without(m, l->in[0], left_out), **end = &m->layers;
	if (readers(m, l) > (l != m->output)) {
		Layer *copy = new(Layer);
		*copy = *l;
		copy->name = format("%s.logits", l->name);
		copy->in = alloc(sizeof *copy->in);
		copy->next = NULL;
		while (*end)
			end = &(*end)->next;
		*end = l = copy;
	}
	l->in[0] = in;
	return l;
}

static void absorb(Model *m, Layer *l)
{
	int len = (int)strlen(l->row->name);
	if (l == m->output && !l->in[0]) {
		error_at(l->pos, len,
		         "loss '%s' takes logits and includes this %s; wanted a layer before it",
		         m->loss->name, l->row->name);
		return;
	}
	Layer *out = without(m, m->output, l);
	bool read = readers(m, l) > 0;
	warning_at(l->pos, len, "loss '%s' takes logits and includes this %s, which is left out%s",
	           m->loss->name, l->row->name, read ? " before it" : "");
	if (!read)
		unlink_layer(m, l);
	m->output = out;
}

static void advise(const Model *m, const Layer *l)
{
	while (passes_on(l))
		l = l->in[0];
	if (!l || !l->row || !l->row->spoils || error_count())
		return;
	warning_at(l->pos, (int)strlen(l->hidden ? l->row->name : l->elem) + !l->hidden,
	           "loss '%s' takes logits, which may be any numbers; this %s right before it %s",
	           m->loss->name, l->row->name, l->row->spoils);
}

void logits(Model *m)
{
	Layer *l = m->output;
	while (passes_on(l))
		l = l->in[0];
	if (!m->loss->absorbs || !l || !l->row)
		return;
	/* Probabilities over channels are none over all values that a view makes of an image. */
	bool image = l->shape.rank == 3 && !l->shape.flat,
	     points = count_of(l->shape) == l->shape.dim[0];
	bool same = l == m->output || !image || points || !m->loss->labels;
	if (l->row->kind == ROW_ACTIVATION && !strcmp(l->row->name, m->loss->absorbs) && same)
		absorb(m, l);
	else if (l->row->joins && !strcmp(l->row->joins, "channels"))
		for (int i = 0; i < l->nin; i++)
			advise(m, l->in[i]);
	else
		advise(m, l);
}
