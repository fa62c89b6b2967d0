/* net_random.c: a random network.
 *
 * In: a seed. Out: a description with 1 to 8 elements between <layers> and </layers>, biased to
 * edges: sizes just off a vector's, strides above the kernel, batches of one, inputs shared by
 * `from`, branches that nothing reads, frozen layers. Every element of the compiler's tables takes
 * part, its attributes drawn by their types; a draw that the checker refuses, or that makes the
 * network too much work, is drawn again. What the types do not tell stands in constrain(). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../compiler/front/front.h"
#include "net_gen.h"

enum { TRIES = 60, NAMES = 32, MAX_VALUES = 20000, FEW = 5 };

static const double MAX_MACS = 2e7; /* of a training step                                   */

typedef struct Gen {
	Elem *root, *layers;     /* the description so far                                    */
	const char *name[NAMES]; /* of elements in <layers>                                   */
	Shape shape[NAMES];      /* what they give                                            */
	int names, serial;       /* how many; number of the next one                          */
	Shape cur;               /* output of the last element                                */
	int batch;               /* images                                                    */
	bool whole;              /* only arithmetic that is exact on whole numbers            */
} Gen;

#define ONE_OF(...)                                                                                \
	one_of((const int[]){__VA_ARGS__}, (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)))

static char *pair(int a, int b)
{
	return a == b ? format("%d", a) : format("%d,%d", a, b);
}

/* ---- attributes ---------------------------------------------------------------------------- */

static int draw_size(void)
{
	return ONE_OF(1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 12, 15, 16, 16, 17, 20, 31, 32, 33);
}

static int draw_window(const char *name)
{
	if (!strcmp(name, "stride"))
		return ONE_OF(1, 1, 2, 2, 2, 3, 4, 5);
	if (!strcmp(name, "dilation"))
		return ONE_OF(1, 2, 2, 3);
	return ONE_OF(1, 2, 2, 3, 3, 3, 4, 5, 5, 7);
}

static char *draw_pair(const char *name)
{
	int a = draw_window(name);
	return pair(a, chance(70) ? a : draw_window(name));
}

static char *draw_padding(void)
{
	int a = ONE_OF(0, 1, 1, 2, 2, 3, 4), b = ONE_OF(0, 1, 2, 3);
	switch (below(6)) {
	case 0:
		return format("same");
	case 1:
		return format("valid");
	case 2:
		return pair(a, b);
	case 3:
		return format("%d,%d,%d,%d", a, b, below(3), below(4));
	default:
		return format("%d", a);
	}
}

/* Around the default; without one, from the lower part of the range. */
static char *draw_real(const AttrSpec *a)
{
	static const double factor[] = {0.25, 0.5, 1, 2, 5}, small[] = {0, 0.01, 0.1, 0.3, 0.5};
	bool range = a->min < a->max;
	double def = a->def ? strtod(a->def, NULL) : 0;
	double value = def != 0 ? def * factor[below(5)] : small[below(5)];
	if (range)
		value = fmax(a->min, fmin(value, a->max));
	/* A decay of 1 would leave moments at zero and divide by it. */
	return format("%g", range && a->max == 1 && value >= 1 ? 0.5 : value);
}

static const char *draw_word(const AttrSpec *a)
{
	const char **list;
	int n = choice_list(a, &list);
	return n ? list[below(n)] : "";
}

static bool joinable(const char *joins, Shape a, Shape b)
{
	bool image = a.rank == 3 && !a.flat, other = b.rank == 3 && !b.flat;
	if (image != other)
		return false;
	if (!image)
		return !strcmp(joins, "channels") || count_of(a) == count_of(b);
	bool area = a.dim[1] == b.dim[1] && a.dim[2] == b.dim[2];
	bool point = !strcmp(joins, "broadcast") && b.dim[1] == 1 && b.dim[2] == 1;
	return !strcmp(joins, "channels") ? area : a.dim[0] == b.dim[0] && (area || point);
}

/* One name, or for layers that join two or three whose shapes fit; the same one twice is fine. */
static const char *draw_from(const Gen *g, const char *joins)
{
	if (!g->names)
		return "";
	int first = below(g->names), wanted = joins ? 2 + chance(30) : 1;
	const char *text = g->name[first];
	for (int i = 1; i < wanted; i++) {
		int k = below(g->names), left = g->names;
		for (; left > 0; left--, k = (k + 1) % g->names)
			if (k != first && joinable(joins, g->shape[first], g->shape[k]))
				break;
		text = format("%s %s", text, g->name[left ? k : first]);
	}
	return text;
}

static const char *draw_value(Gen *g, const Elem *e, const AttrSpec *a)
{
	const Row *row = row_of(e);
	switch (a->type) {
	case A_INT:
		return format("%d", below(4));
	case A_COUNT:
		return format("%d", draw_size());
	case A_REAL:
		return draw_real(a);
	case A_PAIR:
		return draw_pair(a->name);
	case A_PAIR0:
		return pair(below(2), below(2));
	case A_PAD:
		return draw_padding();
	case A_BOOL:
		return !a->def || !strcmp(a->def, "false") ? "true" : "false";
	case A_CHOICE:
		return draw_word(a);
	case A_NAME:
		return format("l%d", ++g->serial);
	case A_NAMES:
		return draw_from(g, row ? row->joins : NULL);
	default:
		return "";
	}
}

/* How often an attribute with a default is given, in percent. */
static int likely(const Gen *g, const Elem *e, const AttrSpec *a)
{
	bool top = e->parent == g->layers, layer = top || (e->parent && e->parent->parent);
	const Row *row = row_of(e);
	if (a->type == A_NAME)
		return top ? 60 : 0;
	if (a->type == A_NAMES)
		return !top ? 0 : row && row->joins ? 100 : 12;
	if (a->type == A_TEXT || a->type == A_REALS)
		return 0;
	if (!strcmp(a->name, "init"))
		return 4;
	if (!strcmp(a->name, "trainable") || !strcmp(a->name, "bias"))
		return 12;
	return layer ? 40 : 30;
}

/* What the types of attributes do not tell: groups divide the channels; a reshape keeps the number
 * of values; factors of sizes are small. */
static void constrain(const Gen *g, Elem *e)
{
	const Attr *groups = attr_of(e, "groups");
	const Row *row = find_row(ROW_LAYER, e->name);
	int values = row && row->norm && g->cur.rank ? (int)count_of(g->cur) : MAX_VALUES;
	int channels = g->cur.rank ? g->cur.dim[0] : 1, k = 1;
	if (groups) {
		do
			k = 1 + below(channels);
		while (channels % k || (values >= FEW && values / k < FEW));
		set_attr(e, "groups", format("%d", k));
		if (attr_of(e, "filters"))
			set_attr(e, "filters", format("%d", k * (1 + below(4))));
	}
	if (attr_of(e, "multiplier"))
		set_attr(e, "multiplier", format("%d", 1 + below(3)));
	if (attr_of(e, "scale"))
		set_attr(e, "scale", format("%d", 1 + below(3)));
	if (attr_of(e, "times"))
		set_attr(e, "times", format("%d", 1 + below(3)));
	if (attr_of(e, "channels") && g->cur.rank) {
		int left = (int)count_of(g->cur), c = left, h = 1;
		for (int i = 0; i < 40 && (left % c || c == left); i++)
			c = 1 + below(left < 64 ? left : 64);
		c = left % c ? 1 : c;
		for (int i = 0; i < 40 && ((left / c) % h || h == 1); i++)
			h = 1 + below(left / c);
		h = (left / c) % h ? 1 : h;
		set_attr(e, "channels", format("%d", c));
		set_attr(e, "height", format("%d", h));
		set_attr(e, "width", format("%d", left / c / h));
	}
}

static void draw_attrs(Gen *g, Elem *e)
{
	const AttrSpec *set[SETS];
	attr_sets(e, set);
	for (int i = 0; i < SETS && set[i]; i++)
		for (const AttrSpec *a = set[i]; a->name; a++) {
			if (attr_of(e, a->name) || find_attr_spec(e, a->name) != a)
				continue;
			bool given = !a->def || chance(likely(g, e, a));
			const char *value = given ? draw_value(g, e, a) : "";
			if (*value)
				set_attr(e, a->name, value);
		}
	constrain(g, e);
}

/* `type` first: it decides which attributes there are. */
static void draw_type(Elem *e, RowKind kind)
{
	const Row *row;
	do
		row = &rows[below(nrows)];
	while (row->kind != kind || !row->supported);
	set_attr(e, "type", row->name);
}

/* ---- elements ------------------------------------------------------------------------------ */

static void draw_body(Gen *g, Elem *e, int depth);

static bool is_built(const ElemSpec *s)
{
	return s->layer && (!s->join || find_row(ROW_LAYER, s->join)->supported);
}

/* An element's name: on images, layers that need one and have weights come most often. */
static const char *draw_name(const Gen *g, int depth)
{
	const char *list[256];
	bool image = g->cur.rank == 3 && !g->cur.flat;
	int n = 0;
	for (int i = 0; i < nrows; i++) {
		const Row *r = &rows[i];
		/* what normalises one or two values has little but rounding for a gradient */
		int64_t values = g->cur.rank ? count_of(g->cur) : MAX_VALUES;
		int64_t each = g->cur.rank ? values / g->cur.dim[0] * g->batch : MAX_VALUES;
		bool alone =
		        r->norm && (values < FEW || (r->centres && (each < FEW || g->batch < 3)));
		if (r->kind != ROW_LAYER || !r->supported || alone ||
		    (r->joins && (depth || !g->names)) || (r->rank && !image && chance(90)))
			continue;
		int often = r->macs && r->rank ? 7 : r->macs ? image ? 1 : 5 : r->joins ? 3 : 2;
		for (int k = 0; k < often; k++)
			list[n++] = r->name;
	}
	for (const ElemSpec *s = vocab; s->name && depth < 2; s++)
		if (is_built(s))
			for (int k = s->join ? 3 : 1; k > 0; k--)
				list[n++] = s->name;
	return list[below(n)];
}

/* A block of its own for each use: one argument that some number of the body becomes. */
static void draw_block(Gen *g, Elem *use)
{
	const char *name = format("b%d", ++g->serial);
	Elem *block = new(Elem), **link = &g->root->child;
	block->name = "block";
	block->parent = g->root;
	set_attr(block, "name", name);
	while (strcmp((*link)->name, "input") != 0)
		link = &(*link)->next;
	block->next = *link;
	*link = block;
	set_attr(make_elem(block, "arg"), "name", "k");
	draw_body(g, block, 1);
	set_attr(use, "block", name);
	set_attr(use, "k", "3");
	for (Elem *e = block->child->next; e; e = e->next)
		for (Attr *a = e->attr; a; a = a->next) {
			const AttrSpec *spec = find_attr_spec(e, a->name);
			if (spec && spec->type == A_COUNT && chance(60)) {
				set_attr(use, "k", a->value);
				a->value = "{k}";
				return;
			}
		}
}

static Elem *draw_elem(Gen *g, Elem *parent, int depth)
{
	Elem *e = make_elem(parent, draw_name(g, depth));
	const ElemSpec *spec = find_spec(e->name);
	if (spec && spec->rows)
		draw_type(e, (RowKind)(spec->rows - 1));
	if (!strcmp(e->name, "use"))
		draw_block(g, e);
	draw_attrs(g, e);
	if (spec && spec->children)
		draw_body(g, e, depth + 1);
	return e;
}

static void draw_body(Gen *g, Elem *e, int depth)
{
	const ElemSpec *spec = find_spec(e->name);
	bool branches = spec->children[0] != '@' && !strchr(spec->children, '@');
	int n = branches ? 2 + chance(25) : 1 + chance(50);
	for (int i = 0; i < n; i++) {
		Elem *c = branches ? make_elem(e, "path") : draw_elem(g, e, depth);
		if (branches && chance(80))
			draw_body(g, c, depth);
	}
}

/* ---- the network --------------------------------------------------------------------------- */

static bool small(const Gen *g, const Model *m)
{
	double macs = 0;
	for (const Layer *l = m->layers; l; l = l->next) {
		double one = 0;
		if (l->row->macs)
			arithmetic(l->row->macs, l->var, l->nvar, true, &one);
		macs += one + (double)count_of(l->shape);
		if (count_of(l->shape) > MAX_VALUES)
			return false;
	}
	return 3 * macs * g->batch <= MAX_MACS;
}

static bool is_used(const Elem *e, const char *block)
{
	for (const Elem *c = e->child; c; c = c->next) {
		const Attr *a = attr_of(c, "block");
		if ((a && !strcmp(a->value, block)) || is_used(c, block))
			return true;
	}
	return false;
}

/* Takes e out again, and the blocks that nothing uses any more. */
static void take_out(Gen *g, Elem *e)
{
	drop_elem(e);
	for (Elem *c = g->root->child; c; c = c->next)
		if (!strcmp(c->name, "block") && !is_used(g->root, attr_of(c, "name")->value))
			drop_elem(c);
}

/* Keeps e in <layers> if the network with it is sound. */
static bool keep(Gen *g, Elem *e)
{
	Model *m = accepted(g->root);
	if (!m || !small(g, m)) {
		take_out(g, e);
		return false;
	}
	g->cur = m->output ? m->output->shape : m->input;
	if (attr_of(e, "name") && g->names < NAMES) {
		g->shape[g->names] = g->cur;
		g->name[g->names++] = attr_of(e, "name")->value;
	}
	return true;
}

static void draw_input(Gen *g)
{
	Elem *input = make_elem(g->root, "input");
	if (chance(22) && !g->whole) {
		int features = ONE_OF(1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100);
		set_attr(input, "features", format("%d", features));
		g->cur = (Shape){.rank = 1, .dim = {features}};
		return;
	}
	g->cur = (Shape){.rank = 3, .dim = {ONE_OF(1, 1, 2, 3, 3, 4, 5, 7, 8, 9, 16, 17, 33)}};
	for (int i = 1; i < 3; i++)
		g->cur.dim[i] = g->whole ? ONE_OF(7, 8, 9, 12, 15, 16, 17)
		                         : ONE_OF(1, 2, 5, 7, 8, 9, 12, 15, 16, 17, 28, 31, 33);
	if (chance(60))
		g->cur.dim[2] = g->cur.dim[1];
	set_attr(input, "channels", format("%d", g->cur.dim[0]));
	set_attr(input, "height", format("%d", g->cur.dim[1]));
	set_attr(input, "width", format("%d", g->cur.dim[2]));
}

static Gen open_network(const char *name, int batch)
{
	Gen g = {.root = make_elem(NULL, "network"), .batch = batch};
	set_attr(g.root, "name", name);
	set_attr(g.root, "version", "1");
	return g;
}

/* Loss, data and training; gives the optimizer. */
static Elem *close_network(Gen *g, const char *loss, const char *optimizer)
{
	Elem *e = make_elem(g->root, "loss");
	set_attr(e, "type", loss);
	set_attr(make_elem(g->root, "data"), "format", "synthetic");
	e = make_elem(g->root, "train");
	set_attr(e, "epochs", "1");
	set_attr(e, "batch_size", format("%d", g->batch));
	e = make_elem(e, "optimizer");
	set_attr(e, "type", optimizer);
	return e;
}

static void draw_end(Gen *g, Elem *loss, Elem *optimizer)
{
	for (int i = 0; i < TRIES; i++) {
		loss->attr = optimizer->attr = NULL;
		draw_type(loss, ROW_LOSS);
		draw_type(optimizer, ROW_OPTIMIZER);
		draw_attrs(g, loss);
		draw_attrs(g, optimizer);
		if (accepted(g->root))
			return;
	}
	loss->attr = optimizer->attr = NULL; /* also images, where a class loss wants values */
	set_attr(loss, "type", "mse");
	set_attr(optimizer, "type", "sgd");
}

static void add_dense(Gen *g, int units)
{
	Elem *e = make_elem(g->layers, "dense");
	set_attr(e, "units", format("%d", units));
	if (!keep(g, e))
		set_attr(make_elem(g->layers, "dense"), "units", "1");
}

Elem *random_network(uint64_t seed)
{
	Gen g = open_network(format("net%llu", (unsigned long long)seed),
	                     ONE_OF(1, 2, 3, 7, 8, 9, 15, 16, 16, 17, 31, 32, 33));
	draw_input(&g);
	g.layers = make_elem(g.root, "layers");
	Elem *optimizer = close_network(&g, "mse", "sgd");
	int wanted = 1 + below(8), kept = 0;
	for (int i = 0; i < TRIES && kept < wanted; i++)
		kept += keep(&g, draw_elem(&g, g.layers, 0));
	if (!kept || chance(50))
		add_dense(&g, draw_size());
	draw_end(&g, g.layers->next, optimizer);
	return g.root;
}

/* ---- networks that are exact on whole numbers ----------------------------------------------- */

/* Windows of a mean hold a power of two of cells, and never padding; rectifiers are exact. */
static void make_exact(Elem *e)
{
	drop_attr(e, "trainable");
	drop_attr(e, "activation");
	if (chance(60))
		set_attr(e, "activation", "relu");
	if (strcmp(e->name, "avg_pool") != 0)
		return;
	drop_attr(e, "padding");
	set_attr(e, "kernel_size", pair(ONE_OF(1, 2, 4), 2));
}

Elem *integer_network(uint64_t seed)
{
	static const char *const name[] = {"conv", "conv", "conv", "dense", "max_pool", "avg_pool"};
	Gen g = open_network(format("whole%llu", (unsigned long long)seed), ONE_OF(4, 8, 16, 32));
	g.whole = true;
	draw_input(&g);
	g.layers = make_elem(g.root, "layers");
	Elem *optimizer = close_network(&g, "mse", "sgd");
	set_attr(optimizer, "lr", "0");
	int wanted = 2 + below(2), kept = 0;
	for (int i = 0; i < TRIES && kept < wanted; i++) {
		Elem *e = make_elem(g.layers, name[below(kept ? 6 : 3)]);
		draw_attrs(&g, e);
		make_exact(e);
		kept += keep(&g, e);
	}
	add_dense(&g, ONE_OF(1, 2, 4, 8, 16, 32));
	return g.root;
}
