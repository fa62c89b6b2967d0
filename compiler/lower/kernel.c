/* kernel.c: a kernel as functions with trees.
 *
 * In: a kernel with its loops, tiles and guards. Out: its functions. A kernel without a register
 * tile is one function. With one it is two: the tile, inlined, with everything fused behind it,
 * and the walk over the tiles, which passes their sizes and whether they touch an edge as
 * constants, so that one text serves full tiles, remainders and edges, and the numbers that are the
 * same for all elements. Each stage of a task is a function more.
 *
 *     for n ... for i ... for k0 ...
 *             tile(..., n, i, k0, 4, j0, 5, 0)
 */
#include <string.h>

#include "lower.h"

enum { LONG = 32 }; /* steps of a sum: enough time for memory to answer */

/* ---- nodes ---------------------------------------------------------------------------------- */

Node *put(Build *b, NodeKind kind, const Val *x, const Val *y)
{
	Node *n = new(Node);

	n->kind = kind;
	n->a = x;
	n->b = y;
	*b->tail = n;
	b->tail = &n->next;
	b->last = n;
	return n;
}

Node **enter_node(Build *b, Node *n)
{
	b->tail = &n->body;
	return &n->next;
}

Node **end_of(Node **list)
{
	while (*list)
		list = &(*list)->next;
	return list;
}

Node *put_let(Build *b, const char *name, Type type, const Val *v)
{
	Node *n = put(b, NODE_LET, v, NULL);

	n->name = name;
	n->type = type;
	n->fixed = v != NULL;
	return n;
}

Node *put_array(Build *b, const char *name, Type type, int n, int d0, int d1, int d2)
{
	Node *a = put(b, NODE_ARRAY, NULL, NULL);

	a->name = name;
	a->type = type;
	a->n = n;
	a->dim[0] = d0;
	a->dim[1] = d1;
	a->dim[2] = d2;
	return a;
}

Node *put_for(Build *b, const char *name, const Val *from, const Val *to, LoopHow how)
{
	Node *n = put(b, NODE_FOR, from, to);

	n->name = name;
	n->goes_on = from == NULL;
	n->how = how;
	n->c = val_int(1);
	return n;
}

Node **enter_for(Build *b, const char *name, const Val *from, const Val *to, LoopHow how)
{
	return enter_node(b, put_for(b, name, from, to, how));
}

Node **enter_if(Build *b, const Val *test)
{
	return test ? enter_node(b, put(b, NODE_IF, test, NULL)) : b->tail;
}

/* ---- what is known of a kernel -------------------------------------------------------------- */

bool is_tiled(const Kernel *k)
{
	for (int i = 0; i < k->nloop; i++)
		if (k->loop[i].tile > 1)
			return true;
	return false;
}

bool sums_long(const Kernel *k)
{
	const Eqn *q = k->eqn[0];
	int steps = 1;

	for (int i = q->nfree; i < q->naxis && steps < LONG; i++)
		steps *= q->axis[i]->extent;
	return steps >= LONG;
}

/* With few registers the C compiler does better by itself. */
bool forgets_addresses(const Kernel *k)
{
	return is_tiled(k) && k->lanes > 1 && !k->unrolled && sums_long(k);
}

/* Does the sum go over elements of blocks, but not in steps, or over a part of a window? Then the C
 * compiler would keep an address for each element of the tile. For weights it had better: it goes
 * over elements of blocks, and their places are not easy to compute. */
bool keeps_addresses(const Kernel *k)
{
	const Eqn *q = k->eqn[0];
	bool keeps = false;

	for (int i = q->nfree; i < q->naxis; i++)
		keeps |= goes_inside_blocks(q, q->axis[i]) && !k->stepped;
	for (int g = 0; g < q->nguard; g++)
		keeps |= q->guard[g].how == GUARD_CLIP;
	return keeps && !k->rows;
}

void forget_addresses(Build *b, const Val *when)
{
	for (int i = 0; i < b->k->nloop && forgets_addresses(b->k); i++) {
		if (b->k->loop[i].tile == 1)
			continue;
		Node **behind = enter_if(b, when);
		put(b, NODE_AGAIN, NULL, NULL)->name = axis_start(b, b->k->loop[i].axis);
		if (when)
			leave(b, behind);
	}
}

bool has_edges(const Kernel *k)
{
	for (int j = 0; j < k->neqn; j++)
		for (int g = 0; g < k->eqn[j]->nguard; g++) {
			const Guard *o = &k->eqn[j]->guard[g];
			for (int i = 0; o->how == GUARD_EDGE && i < k->nloop; i++)
				if (k->loop[i].axis == o->by)
					return true;
		}
	return false;
}

/* ---- functions ------------------------------------------------------------------------------ */

/* Behind partial sums the result is written after all tiles. */
bool passes_to_tile(const Build *b, const Used *u)
{
	return u->memory &&
	       !(is_banded(b->k) && u->tensor == b->k->eqn[0]->out && u->tensor != b->k->partial);
}

/* A parameter, unless nothing in the body needs it. */
static Formal *add_param(Function *f, const char *name, Type type)
{
	if (!tree_mentions(f->body, name))
		return NULL;
	f->param = grow(f->param, f->nparam, sizeof *f->param);
	Formal *p = &f->param[f->nparam++];
	*p = (Formal){.name = name, .type = type, .fixed = true};
	return p;
}

/* The value of axis a, which the caller knows as `of`. */
static void add_axis(const Build *b, Function *f, const Axis *a, const Axis *of)
{
	Formal *p = add_param(f, axis_name(b, a), TYPE_INT);

	if (p)
		p->axis = of;
}

static void add_tensors(const Build *b, Function *f)
{
	for (int i = 0; i < b->nused; i++) {
		const Used *u = &b->used[i];
		bool own = u->tensor->scratch && b->k->nstage;
		if (own || !(f->kind == FUNCTION_TILE ? passes_to_tile(b, u) : u->memory))
			continue;
		Formal *p = add_param(f, u->name, type_of(b, u->tensor));
		if (!p)
			continue;
		p->tensor = u->tensor;
		p->row = in_row(b, u->tensor);
		p->fixed = !u->written;
	}
}

/* Numbers that are the same for all elements, as far as the body uses them; a tile is told those
 * that are reals. They are put in front of the body. */
static void prologue(Build *b, Function *f)
{
	Node *body = f->body;
	const Val *live = val(VAL_LIVE, TYPE_INT, NULL, NULL, NULL, NULL);
	bool blocks = tree_mentions(body, "blocks");

	f->body = NULL;
	b->tail = &f->body;
	if (blocks || tree_mentions(body, "live"))
		put_let(b, "live", TYPE_INT, live);
	if (blocks)
		put_let(b, "blocks", TYPE_INT,
		        val(VAL_DIV, TYPE_INT,
		            val(VAL_ADD, TYPE_INT, int_name("live"), val_int(b->k->lanes - 1), NULL,
		                NULL),
		            val_int(b->k->lanes), NULL, NULL));
	for (int i = 0; i < b->nuniform && f->kind != FUNCTION_TILE; i++)
		if (tree_mentions(body, format("u%d", i)))
			put_let(b, format("u%d", i), TYPE_REAL,
			        val(VAL_TO_REAL, TYPE_REAL, uniform_val(b->uniform[i]), NULL, NULL,
			            NULL));
	for (int i = 0; i < b->nkeys; i++)
		if (tree_mentions(body, format("key%d", b->keys[i])))
			put_let(b, format("key%d", b->keys[i]), TYPE_KEY,
			        val(VAL_KEY, TYPE_KEY, val_int(b->keys[i]), NULL, NULL, NULL));
	*b->tail = body;
}

static Function *new_function(const char *suffix, FunctionKind kind)
{
	Function *f = new(Function);

	f->suffix = suffix;
	f->kind = kind;
	return f;
}

static void add_function(Tree *t, Function *f)
{
	Function **end = &t->first;

	while (*end)
		end = &(*end)->next;
	*end = f;
}

static Function *tile_function(Build *b, const char *suffix)
{
	Function *f = new_function(suffix, FUNCTION_TILE);
	const Kernel *k = b->k;

	b->tail = &f->body;
	tile(b);
	add_tensors(b, f);
	for (int i = 0; i < k->nloop; i++) {
		const Axis *a = k->loop[i].axis;
		if (k->loop[i].tile == 1) {
			add_axis(b, f, a, a);
			continue;
		}
		Formal *start = add_param(f, axis_start(b, a), TYPE_INT);
		if (start)
			start->fixed = !forgets_addresses(k);
		add_param(f, axis_size(b, a), TYPE_INT);
	}
	if (is_banded(k)) {
		add_param(f, "n", TYPE_INT);
		add_param(f, "row_from", TYPE_INT);
		add_param(f, "row_to", TYPE_INT);
		add_param(f, "first", TYPE_INT);
	}
	for (int i = 0; i < k->ngiven; i++)
		add_axis(b, f, k->given[i], k->given[i]);
	for (int i = 0; i < b->nuniform; i++)
		add_param(f, format("u%d", i), TYPE_REAL);
	add_param(f, "edge", TYPE_INT);
	prologue(b, f);
	f->task = tree_needs_task(f->body);
	return f;
}

/* V and M of a task, on the stack of its thread. */
static void put_scratch(Build *b)
{
	for (int i = 0; i < b->nused; i++) {
		const Tensor *t = b->used[i].tensor;
		if (!t->scratch)
			continue;
		Node *a = put_array(b, b->used[i].name, type_of(b, t), 0, 0, 0, 0);
		for (int d = t->scratch; d < t->rank; d++)
			a->dim[a->n++] = t->mem[d];
	}
}

/* A stage is a kernel without threads that is told where the loops around it are. */
static Function *stage_function(const Prog *p, const Kernel *k, int i, Tree *t)
{
	Build b = {.prog = p, .k = k->stage[i], .sum = "acc"};
	const char *suffix = format("_%d", i + 1);
	Function *f = new_function(suffix, FUNCTION_STAGE);

	name_all(&b);
	if (is_tiled(b.k)) {
		b.tile = tile_function(&b, format("%s_tile", suffix));
		add_function(t, b.tile);
	}
	b.tail = &f->body;
	walk_kernel(&b);
	add_tensors(&b, f);
	for (int g = 0; g < b.k->ngiven; g++)
		add_axis(&b, f, b.k->given[g], k->loop[g].axis);
	prologue(&b, f);
	f->task = tree_needs_task(f->body);
	add_function(t, f);
	return f;
}

/* Equations in the names of the tree. */
static const char *formula_of(const Build *b)
{
	const char *s = "", **keep = alloc(sizeof(char *) * (size_t)(b->nused + 1));

	for (int i = 0; i < b->nused; i++) {
		keep[i] = b->used[i].tensor->cname;
		b->used[i].tensor->cname = b->used[i].name;
	}
	for (int j = 0; j < b->k->neqn; j++)
		s = format("%s%s%s", s, j ? "\n" : "", eqn_text(b->k->eqn[j]));
	for (int i = 0; i < b->nused; i++)
		b->used[i].tensor->cname = keep[i];
	return s;
}

static void kernel_function(Build *b, Function *f)
{
	const Kernel *k = b->k;

	b->tail = &f->body;
	if (k->nstage)
		put_scratch(b);
	walk_kernel(b);
	b->tail = end_of(&f->body);
	for (int j = 0; j < k->neqn; j++)
		if (streams(b, k->eqn[j])) {
			put(b, NODE_FENCE, NULL, NULL);
			break;
		}
	add_tensors(b, f);
	prologue(b, f);
	if (k->serial) {
		Node *body = f->body;
		b->tail = &f->body;
		Node **behind = enter_if(b, val(VAL_THREAD, TYPE_TEST, NULL, NULL, NULL, NULL));
		put(b, NODE_LEAVE, NULL, NULL);
		*behind = body;
	}
	f->task = true;
}

Tree *lower(const Prog *p, const Kernel *k)
{
	Build b = {.prog = p, .k = k, .sum = "acc"};
	Tree *t = new(Tree);

	name_all(&b);
	b.stage = alloc(sizeof(Function *) * (size_t)(k->nstage + 1));
	for (int i = 0; i < k->nstage; i++)
		b.stage[i] = stage_function(p, k, i, t);
	if (is_tiled(k)) {
		b.tile = tile_function(&b, "_tile");
		add_function(t, b.tile);
	}
	t->kernel = new_function("", FUNCTION_KERNEL);
	kernel_function(&b, t->kernel);
	add_function(t, t->kernel);
	t->formula = formula_of(&b);
	return t;
}
