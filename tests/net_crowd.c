/* net_crowd.c: a network of which something is many.
 *
 * In: a seed and a number. Out: a description of few kinds of small layers with that many readers
 * of one tensor, inputs of a join, layers on end, or dropouts, whose loss and sizes the seed draws.
 * random_network has up to 8 elements, so nothing in it meets a limit on how many there may be. */
#include "../compiler/front/front.h"
#include "net_gen.h"

static Elem *layer(Elem *layers, const char *kind, const char *name, const char *from)
{
	Elem *e = make_elem(layers, kind);
	if (*name)
		set_attr(e, "name", name);
	if (*from)
		set_attr(e, "from", from);
	return e;
}

static void convolution(Elem *layers, const char *name, const char *from, int filters)
{
	Elem *e = layer(layers, "conv", name, from);
	set_attr(e, "filters", format("%d", filters));
	set_attr(e, "kernel_size", chance(50) ? "1" : "3");
	set_attr(e, "padding", "same");
}

/* Many layers read one, and one layer joins them all. */
static void wide(Elem *layers, int many, int filters)
{
	const char *all = "", *join = chance(50) ? "add" : "concat";
	convolution(layers, "root", "", filters);
	for (int i = 0; i < many; i++) {
		const char *name = format("p%d", i);
		convolution(layers, name, "root", filters);
		all = format("%s%s%s", all, i ? " " : "", name);
	}
	layer(layers, join, "", all);
}

/* The same by sums of two, each of which reads the first layer once more. */
static void ladder(Elem *layers, int many, int filters)
{
	convolution(layers, "s0", "", filters);
	for (int i = 1; i <= many; i++) {
		convolution(layers, format("p%d", i), "s0", filters);
		layer(layers, "add", format("s%d", i),
		      format("%s p%d", i > 1 ? format("s%d", i - 1) : "s0", i));
	}
}

/* Layers on end, with something between them that remembers what it dropped. */
static void chain(Elem *layers, int many, int units, bool drops)
{
	for (int i = 0; i < many; i++) {
		set_attr(layer(layers, "dense", "", ""), "units", format("%d", units));
		if (drops)
			set_attr(layer(layers, "dropout", "", ""), "rate", "0.1");
		else
			set_attr(layer(layers, "activation", "", ""), "type",
			         chance(50) ? "tanh" : "relu");
	}
}

Elem *crowded_network(uint64_t seed, int many)
{
	Elem *root = make_elem(NULL, "network"), *input, *layers, *e;
	int size = one_of((const int[]){3, 4, 5, 8}, 4), filters = 1 + below(5);
	set_attr(root, "name", format("crowd%llu", (unsigned long long)seed));
	input = make_elem(root, "input");
	set_attr(input, "channels", format("%d", 1 + below(3)));
	set_attr(input, "height", format("%d", size));
	set_attr(input, "width", format("%d", size));
	layers = make_elem(root, "layers");
	switch (seed % 4) {
	case 0:
		wide(layers, many, filters);
		break;
	case 1:
		ladder(layers, many, filters);
		break;
	default:
		chain(layers, many, 4 + below(8), seed % 4 == 2);
	}
	set_attr(make_elem(layers, "dense"), "units", "3");
	set_attr(make_elem(root, "loss"), "type", "mse");
	set_attr(make_elem(root, "data"), "format", "synthetic");
	e = make_elem(root, "train");
	set_attr(e, "epochs", "1");
	set_attr(e, "batch_size", format("%d", 1 + below(17)));
	e = make_elem(e, "optimizer");
	set_attr(e, "type", "sgd");
	set_attr(e, "lr", "0.01");
	return root;
}
