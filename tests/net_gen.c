/* net_gen.c: makes random networks, data for them, and simpler networks out of those that fail.
 *
 *     net_gen make SEED               a random network (XML on stdout)
 *     net_gen integers SEED           one whose arithmetic is exact on small whole numbers
 *     net_gen data SEED XML DIR       DIR/{w,b,p,w1,b1,p1}.safetensors: weights, a batch, a part of
 *                                     a batch, and the same a rounding error away
 *     net_gen whole SEED XML DIR      DIR/{w,b,p}.safetensors of small whole numbers
 *     net_gen reduce N XML COMMENT    the network with its N-th simplification; exit 3: no such one
 *     net_gen idx SEED DIR            DIR/{images,labels}: pictures in the format of MNIST
 *
 * Layers, attributes and their types are those of the compiler's own tables, so that a new layer is
 * tested as soon as it is supported: an element is drawn with random attributes and kept when the
 * compiler's checker accepts the network with it. Everything follows from the seed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net_gen.h"

/* ---- random numbers (SplitMix64) ----------------------------------------------------------- */

static uint64_t state;

static uint64_t draw(void)
{
	uint64_t x = state += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

void seed_with(uint64_t seed)
{
	state = seed * UINT64_C(0xd1342543de82ef95);
	draw();
}

int below(int n)
{
	return (int)((draw() >> 33) * (uint64_t)n >> 31);
}

bool chance(int percent)
{
	return below(100) < percent;
}

int one_of(const int *list, int n)
{
	return list[below(n)];
}

double uniform(void)
{
	return (double)(draw() >> 11) * 0x1p-53;
}

double normal(void)
{
	double radius = sqrt(-2 * log(1 - uniform()));
	return radius * cos(6.283185307179586 * uniform());
}

/* ---- trees --------------------------------------------------------------------------------- */

Elem *make_elem(Elem *parent, const char *name)
{
	Elem *e = new(Elem);
	e->name = name;
	e->parent = parent;
	if (parent && parent->last)
		parent->last->next = e;
	else if (parent)
		parent->child = e;
	if (parent)
		parent->last = e;
	return e;
}

void set_attr(Elem *e, const char *name, const char *value)
{
	Attr **link = &e->attr;
	while (*link && strcmp((*link)->name, name))
		link = &(*link)->next;
	if (!*link) {
		*link = new(Attr);
		(*link)->name = name;
	}
	(*link)->value = value;
	(*link)->width = (int)strlen(value);
}

void drop_attr(Elem *e, const char *name)
{
	Attr **link = &e->attr;
	while (*link && strcmp((*link)->name, name))
		link = &(*link)->next;
	if (*link)
		*link = (*link)->next;
}

void drop_elem(Elem *e)
{
	Elem *parent = e->parent, **link = &parent->child;
	parent->last = NULL;
	while (*link) {
		if (*link == e) {
			*link = e->next;
			continue;
		}
		parent->last = *link;
		link = &(*link)->next;
	}
}

static void put_elem(const Elem *e, int depth)
{
	printf("%*s<%s", 2 * depth, "", e->name);
	for (const Attr *a = e->attr; a; a = a->next)
		printf(" %s=\"%s\"", a->name, a->value);
	puts(e->child ? ">" : "/>");
	for (const Elem *c = e->child; c; c = c->next)
		put_elem(c, depth + 1);
	if (e->child)
		printf("%*s</%s>\n", 2 * depth, "", e->name);
}

void put_xml(const Elem *root, const char *comment)
{
	printf("<!-- %s -->\n", comment);
	put_elem(root, 0);
}

/* The compiler says the same thing about the same place only once, so each trial has a place of
 * its own. What an earlier trial noted in the tree is forgotten. */
static void place(Elem *e, int line)
{
	e->pos.line = line;
	e->bad = false;
	for (Attr *a = e->attr; a; a = a->next) {
		a->name_pos.line = a->value_pos.line = line;
		a->used = false;
	}
	for (Elem *c = e->child; c; c = c->next)
		place(c, line);
}

Model *accepted(Elem *root)
{
	static int trial;
	int errors = error_count();
	place(root, ++trial);
	Model *m = model(root);
	return error_count() == errors ? m : NULL;
}

/* ---- the command line ---------------------------------------------------------------------- */

static int usage(void)
{
	puts("usage: net_gen make|integers SEED, net_gen crowd SEED MANY,\n"
	     "       net_gen data|whole SEED XML DIR,\n"
	     "       net_gen reduce N XML COMMENT, net_gen idx SEED DIR");
	return 2;
}

static int reduced(const char *number, const char *path, const char *comment)
{
	Elem *root = xml(path);
	if (error_count())
		return 1;
	if (!reduce(root, (int)strtol(number, NULL, 10)))
		return 3;
	put_xml(root, comment);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	options.error_limit = 0;
	options.march = "generic";
	seed_with(seed);
	if (argc == 3 && (!strcmp(verb, "make") || !strcmp(verb, "integers"))) {
		/* The checker's words about trials that were not kept concern nobody. */
		if (!freopen("/dev/null", "w", stderr))
			return 1;
		bool whole = !strcmp(verb, "integers");
		put_xml(whole ? integer_network(seed) : random_network(seed),
		        format("net_gen %s %s", verb, argv[2]));
		return 0;
	}
	if (argc == 4 && !strcmp(verb, "crowd")) {
		put_xml(crowded_network(seed, (int)strtol(argv[3], NULL, 10)),
		        format("net_gen crowd %s %s", argv[2], argv[3]));
		return 0;
	}
	if (argc == 4 && !strcmp(verb, "idx"))
		return write_idx(argv[3], 600, 12, 10);
	if (argc != 5)
		return usage();
	if (!strcmp(verb, "reduce"))
		return reduced(argv[2], argv[3], argv[4]);
	if (!strcmp(verb, "data") || !strcmp(verb, "whole"))
		return write_data(xml(argv[3]), argv[4], !strcmp(verb, "whole"));
	return usage();
}
