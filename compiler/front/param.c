/* param.c: the parameters of a layer, from its row's text.
 *
 * In: "weight[C]=1?affine running_mean[C]=0!". Out: names and shapes as files hold them. After
 * the bracket: =v starts as that digit, and is that number where the parameter is absent; ! is a
 * running statistic, not trained; ?name is there only where that number is not 0. A bias is
 * there where the layer wants one. A dim of `...` stands for the shape of one image of the
 * output. */
#include "front.h"

#include <assert.h>
#include <string.h>

static void add_dim(LayerParam *p, const char *text, int64_t size)
{
	assert(p->rank < 4);
	p->text[p->rank] = text;
	p->dim[p->rank++] = size;
	p->count *= size;
}

static void dims(const Layer *l, LayerParam *p, const char *text)
{
	const char **dim;
	int n = split(text, ",", &dim);
	bool image = l->shape.rank == 3 && !l->shape.flat;

	for (int i = 0; i < n; i++) {
		double value = 0;
		if (!strcmp(dim[i], "...") && image) {
			for (int d = 0; d < 3; d++)
				add_dim(p, "...", l->shape.dim[d]);
			continue;
		}
		arithmetic(strcmp(dim[i], "...") ? dim[i] : "F", l->var, l->nvar, true, &value);
		add_dim(p, dim[i], (int64_t)value);
	}
}

int layer_params(const Layer *l, LayerParam *list)
{
	int count = 0;

	for (const char *at = l->row->param; at && *at; at += strspn(at, " ")) {
		LayerParam *p = &list[count++];
		assert(count <= MAX_PARAMS);
		*p = (LayerParam){.name = copy_bytes(at, strcspn(at, "[")), .count = 1};
		at += strcspn(at, "[") + 1;
		dims(l, p, copy_bytes(at, strcspn(at, "]")));
		at += strcspn(at, "]") + 1;
		p->absent = !strcmp(p->name, "bias") && !l->bias && !l->row->norm;
		for (; *at && *at != ' '; at++) {
			double there = 1;
			size_t n = strcspn(at + 1, "=!? ");
			if (*at == '=')
				p->value = copy_bytes(++at, 1);
			else if (*at == '!')
				p->running = true;
			else if (arithmetic(copy_bytes(at + 1, n), l->var, l->nvar, true, &there))
				at += n;
			p->absent |= there <= 0;
		}
	}
	return count;
}
