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

/* How many inputs of layers each layer is. */
static void count_readers(Model *m)
{
	for (Layer *l = m->layers; l; l = l->next)
		for (int i = 0; i < l->nin; i++)
			if (l->in[i])
				l->in[i]->readers++;
}

/* Takes the layers that nobody is to have out of the list; returns its end. */
static Layer **drop(Model *m)
{
	Layer **link = &m->layers;
	while (*link)
		if ((*link)->readers < 0)
			*link = (*link)->next;
		else
			link = &(*link)->next;
	return link;
}

static Layer *copy_of(const Layer *l, Layer *in)
{
	Layer *copy = new(Layer);
	*copy = *l;
	copy->name = format("%s.logits", l->name);
	copy->next = NULL;
	copy->in = grow(NULL, 0, sizeof *copy->in);
	copy->in[0] = in;
	return copy;
}

/* The output without `left_out`, whose values it passes on. The layers between take what that one
 * took; where others read one of them too, copies do, at the end of the list. What nobody reads any
 * more goes. */
static Layer *without(Model *m, Layer *left_out)
{
	Layer **between = NULL, *in = left_out->in[0], **end;
	int n = 0, read = 0;
	count_readers(m);
	for (Layer *l = m->output; l != left_out; l = l->in[0]) {
		between = grow(between, n, sizeof(Layer *));
		between[n++] = l;
		l->readers -= l != m->output; /* now those that are not between */
	}
	left_out->readers -= n > 0;
	while (read < n && !between[read]->readers)
		read++;
	if (read == n) {
		if (!left_out->readers)
			left_out->readers = -1;
		drop(m);
		if (n)
			between[n - 1]->in[0] = in;
		return n ? m->output : in;
	}
	for (int i = 0; i < read; i++)
		between[i]->readers = -1;
	end = drop(m);
	for (int i = n; i-- > 0; end = &in->next)
		*end = in = copy_of(between[i], in);
	return in;
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
	m->output = without(m, l);
	warning_at(l->pos, len, "loss '%s' takes logits and includes this %s, which is left out%s",
	           m->loss->name, l->row->name, l->readers < 0 ? "" : " before it");
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
