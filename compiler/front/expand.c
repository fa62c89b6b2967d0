/* expand.c: the elements between <layers> and </layers> as a list of layers.
 *
 *     in    <use block="basic" name="stage1" f="16" times="2"/>
 *     out   stage1.0.conv1, stage1.0.relu1, stage1.1.conv1, stage1.1.relu1, each with row, inputs,
 *           numbers, shape, and a place that remembers the <use>
 *
 * One walk over the tree carries the output of the sibling before (`cur`), the scope that names and
 * ordinals belong to, and the environment of expressions. An activation attribute becomes a layer
 * of its own. After an error the layer's shape is unknown (rank 0) and nothing is said about the
 * layers that depend on it. */
#include <string.h>

#include "expand.h"

/* ---- scopes -------------------------------------------------------------------------------- */

static Name *look(Name *list, const char *name)
{
	while (list && strcmp(list->name, name))
		list = list->next;
	return list;
}

int count_up(Scope *s, const char *what)
{
	Name *c = look(s->counters, what);
	if (!c) {
		c = new(Name);
		c->name = what;
		c->next = s->counters;
		s->counters = c;
	}
	return ++c->count;
}

/* The element's own name, or `stem` and its ordinal; the ordinal counts named ones too. */
const char *name_of(Walk *w, const Elem *e, const char *stem, const char *counted)
{
	int ordinal = count_up(w->scope, counted);
	const char *own = text_of(e, "name");
	return *own ? own : format("%s%d", stem, ordinal);
}

/* Makes a name known; reports it if the scope has it already. */
void define(Walk *w, const Elem *e, const char *name, Out out)
{
	const Attr *a = attr_of(e, "name");
	Pos pos = placed(&w->env, a ? a->value_pos : e->pos);
	int len = a ? a->width : (int)strlen(e->name) + 1;
	const Name *other = look(w->scope->names, name);
	if (other)
		error_at(pos, len,
		         "the name '%s' is taken by the element on line %d, in the same"
		         " scope",
		         name, other->line);
	if (!*w->scope->path && !strcmp(name, "grad"))
		error_at(pos, len,
		         "the name 'grad' is reserved: files hold gradients under grad.NAME");
	Name *n = new(Name);
	n->name = name;
	n->out = out;
	n->line = e->pos.line;
	n->next = w->scope->names;
	w->scope->names = n;
}

Scope *enter(Walk *w, const Elem *e, const char *name)
{
	Scope *outer = w->scope, *s = new(Scope);
	s->path = format("%s%s.", outer->path, name);
	if (strlen(s->path) > MAX_PATH_BYTES) {
		error_at(placed(&w->env, e->pos), (int)strlen(e->name) + 1,
		         "names joined along the scopes would exceed %d bytes", MAX_PATH_BYTES);
		s->path = outer->path;
		s->holes = true;
	}
	w->scope = s;
	return outer;
}

/* ---- one layer ----------------------------------------------------------------------------- */

bool take_input(Layer *l, Out out)
{
	l->in = grow(l->in, l->nin, sizeof(Layer *));
	l->in[l->nin++] = out.layer;
	return out.shape.rank;
}

/* The first input's shape; rank 0 when any input is unknown. */
static Shape wire(Walk *w, Layer *l, const Elem *e)
{
	const Attr *from = attr_of(e, "from");
	const char **word, **known = NULL;
	int n = from ? split(from->value, " \t\r\n", &word) : 0, nknown = 0;
	Shape shape = w->cur.shape;
	if (!n)
		return take_input(l, w->cur) ? shape : (Shape){0};
	Pos pos = placed(&w->env, from->value_pos);
	bool fine = n == 1 || (l->row && l->row->joins);
	if (!fine)
		error_at(pos, from->width, "<%s> takes one input, found %d names", e->name, n);
	for (int i = 0; i < n; i++) {
		Name *name = look(w->scope->names, word[i]);
		if (name && !i)
			shape = name->out.shape;
		if (name) {
			fine &= take_input(l, name->out);
			continue;
		}
		fine = false;
		int tries = 0;
		for (Name *k = w->scope->names; k && !nknown && tries++ < MAX_TRIES; k = k->next)
			if (near_miss(word[i], &k->name, 1)) {
				known = grow(known, nknown, sizeof *known);
				known[nknown++] = k->name;
			}
		if (!w->scope->holes)
			error_at(pos, from->width, "no layer before this one is called '%s'%s",
			         word[i], nknown ? format("; did you mean '%s'?", known[0]) : "");
	}
	return fine ? shape : (Shape){0};
}

Layer *append(Walk *w, const Row *row, const char *name, const char *elem, Pos pos)
{
	Layer *l = new(Layer);
	l->row = row;
	l->name = name;
	l->elem = elem;
	l->pos = pos;
	*w->tail = l;
	w->tail = &l->next;
	if (++w->layers == MAX_LAYERS + 1)
		error_at(pos, (int)strlen(elem) + 1, "the network has more than %d layers",
		         MAX_LAYERS);
	return l;
}

/* The layer of an activation attribute, if there is one. */
void activate(Walk *w, const Elem *e, const char *name)
{
	const Attr *a = attr_of(e, "activation");
	const Row *row = a && strcmp(a->value, "none") ? find_row(ROW_ACTIVATION, a->value) : NULL;
	if (!row)
		return;
	Pos pos = placed(&w->env, a->value_pos);
	if (!row->supported)
		error_at(pos, a->width, "activation '%s' is not supported yet", a->value);
	Elem *bare = new(Elem);
	bare->name = e->name;
	bare->pos = e->pos;
	Layer *l = append(w, row, format("%s%s.%s", w->scope->path, name, row->name), e->name, pos);
	l->hidden = true;
	l->trainable = w->trainable;
	take_input(l, w->cur);
	if (w->cur.shape.rank)
		infer(&w->env, l, bare, w->cur.shape, w->input_pos);
	w->cur = (Out){l, l->shape};
}

static Init init_of(const char *word)
{
	const char **list;
	const AttrSpec *spec = layer_attr;
	while (strcmp(spec->name, "init"))
		spec++;
	int n = choice_list(spec, &list);
	for (int i = 0; i < n; i++)
		if (!strcmp(list[i], word))
			return (Init)i;
	return INIT_AUTO;
}

/* Right before a layer that subtracts the mean, a bias would have no effect. */
static bool bias_of(const Elem *e, const Row *row, const char *name)
{
	const char *bias = text_of(e, "bias"), *activation = text_of(e, "activation");
	if (strcmp(bias, "auto") && *bias)
		return !strcmp(bias, "true");
	const Row *next = e->next ? row_of(e->next) : NULL;
	const char *from = e->next ? text_of(e->next, "from") : "";
	bool feeds = next && next->centres && (!*from || !strcmp(from, name));
	return row->param && !(feeds && (!*activation || !strcmp(activation, "none")));
}

void walk_layer(Walk *w, const Elem *e, const Row *row)
{
	const char *elem = e->name;
	/* layers of a shortcut are made here, not written: they take no ordinal of their element */
	const char *name = name_of(w, e, elem, e->parent ? elem : "a made layer");
	Layer *l =
	        append(w, row, format("%s%s", w->scope->path, name), elem, placed(&w->env, e->pos));
	Shape in = wire(w, l, e);
	if (row) {
		const char *init = attr_of(e, "init") ? text_of(e, "init") : "auto";
		l->init = init_of(init);
		l->bias = bias_of(e, row, name);
		l->trainable = w->trainable && strcmp(text_of(e, "trainable"), "false");
	}
	if (row && row->joins && in.rank)
		in = join_shapes(l, w->m->input) ? l->shape : (Shape){0};
	if (row && !e->bad && (row->supported || row->joins || row->norm) &&
	    !infer(&w->env, l, e, in, w->input_pos))
		l->shape = (Shape){0};
	w->cur = (Out){l, l->shape};
	activate(w, e, name);
	define(w, e, name, w->cur);
}

/* ---- containers ---------------------------------------------------------------------------- */

/* The first layer inside of a container with `from` takes that name's output. */
void redirect(Walk *w, const Elem *e)
{
	Layer probe = {.nin = 0};
	if (!attr_of(e, "from"))
		return;
	w->cur.shape = wire(w, &probe, e);
	w->cur.layer = probe.nin ? probe.in[0] : NULL;
}

void leave_out(Walk *w)
{
	w->cur.shape.rank = 0;
	w->scope->holes = true;
}

/* `times` copies of a body, each in a scope of its own: NAME.0, NAME.1, or NAME without `times`. */
static void copies(Walk *w, const Elem *e, const Elem *body, const char *name, const Env *inner)
{
	bool trainable = w->trainable, fine = true, numbered = attr_of(e, "times");
	Env env = w->env;
	double times = numbered ? number_of(&w->env, e, "times", &fine) : 1;
	if (!fine) {
		leave_out(w);
		times = 0;
	}
	w->trainable = trainable && bool_of(e, "trainable");
	for (int i = 0; i < times && w->steps < MAX_STEPS; i++) {
		Scope *outer = enter(w, e, numbered ? format("%s.%d", name, i) : name);
		w->env = *inner;
		w->steps++;
		walk_list(w, body);
		w->env = env;
		w->scope = outer;
	}
	w->trainable = trainable;
	define(w, e, name, w->cur);
}

static void walk_repeat(Walk *w, const Elem *e)
{
	const char *name = name_of(w, e, e->name, e->name);
	redirect(w, e);
	Env env = w->env;
	copies(w, e, e->child, name, &env);
}

static const Elem *find_block(const Walk *w, const Elem *e)
{
	const Attr *a = attr_of(e, "block");
	const char **list = NULL;
	int n = 0;
	for (const Elem *b = w->m->root->child; b; b = b->next) {
		if (strcmp(b->name, "block"))
			continue;
		if (!strcmp(text_of(b, "name"), a->value))
			return b;
		list = grow(list, n, sizeof *list);
		list[n++] = text_of(b, "name");
	}
	const char *ours = near_miss(a->value, list, n);
	error_at(placed(&w->env, a->value_pos), a->width, "there is no block '%s'%s", a->value,
	         ours ? format("; did you mean '%s'?", ours) : "");
	return NULL;
}

static bool uses_itself(const Walk *w, const char *block)
{
	const char *name = w->env.block;
	for (const Pos *via = w->env.via; via; name = via->block, via = via->via)
		if (!strcmp(name, block))
			return true;
	return false;
}

static bool bind_arg(Walk *w, const Elem *e, const Elem *arg, Env *inner)
{
	const char *name = text_of(arg, "name");
	const Attr *given = attr_of(e, name);
	AttrSpec spec = {.name = given ? name : "default", .type = A_REAL};
	Env of_block = {.params = w->m->params, .compiled = true};
	Bind *bind = new(Bind);
	if (!given && !*text_of(arg, "default")) {
		error_at(placed(&w->env, e->pos), (int)strlen(e->name) + 1,
		         "block '%s' wants the argument '%s'", text_of(e, "block"), name);
		return false;
	}
	bool fine = given ? numbers(&w->env, e, &spec, given->value, &bind->value, 1) == 1
	                  : numbers(&of_block, arg, &spec, text_of(arg, "default"), &bind->value,
	                            1) == 1;
	bind->name = name;
	bind->next = inner->args;
	inner->args = bind;
	return fine;
}

static bool bind_args(Walk *w, const Elem *e, const Elem *block, Env *inner)
{
	bool fine = true;
	for (const Elem *arg = block->child; arg; arg = arg->next)
		if (!strcmp(arg->name, "arg") && !arg->bad)
			fine &= bind_arg(w, e, arg, inner);
	return fine;
}

static void walk_use(Walk *w, const Elem *e)
{
	const char *stem = text_of(e, "block");
	const char *name = name_of(w, e, stem, format("use %s", stem));
	const Elem *block = e->bad ? NULL : find_block(w, e);
	Env inner = {.params = w->m->params, .compiled = true, .block = stem};
	Pos *via = new(Pos);
	*via = placed(&w->env, e->pos);
	inner.via = via;
	redirect(w, e);
	if (block && uses_itself(w, stem)) {
		error_at(*via, (int)strlen(e->name) + 1, "block '%s' uses itself", stem);
		block = NULL;
	}
	if (!block || block->bad || !bind_args(w, e, block, &inner)) {
		leave_out(w);
		define(w, e, name, w->cur);
		return;
	}
	copies(w, e, block->child, name, &inner);
}

void walk_list(Walk *w, const Elem *first)
{
	for (const Elem *e = first; e; e = e->next) {
		const ElemSpec *spec = find_spec(e->name);
		if (++w->steps > MAX_STEPS && w->layers <= MAX_LAYERS) {
			error_at(placed(&w->env, e->pos), (int)strlen(e->name) + 1,
			         "the blocks and repeats expand to more than %d elements",
			         MAX_STEPS);
			w->layers = MAX_LAYERS + 1;
		}
		if (w->layers > MAX_LAYERS)
			return;
		if (spec ? spec->rows == 1 + ROW_ACTIVATION : find_row(ROW_LAYER, e->name) != NULL)
			walk_layer(w, e, row_of(e));
		else if (!strcmp(e->name, "use"))
			walk_use(w, e);
		else if (!strcmp(e->name, "repeat"))
			walk_repeat(w, e);
		else if (!strcmp(e->name, "residual"))
			walk_residual(w, e);
		else if (!strcmp(e->name, "parallel"))
			walk_parallel(w, e);
		else if (strcmp(e->name, "arg"))
			leave_out(w);
	}
}

/* auto: he_normal where the layer's output goes straight into a rectifier. */
static void resolve_init(Model *m)
{
	for (Layer *l = m->layers; l; l = l->next) {
		if (l->init != INIT_AUTO || !l->row)
			continue;
		const Layer *n = l->next;
		bool feeds = n && n->row && n->row->kind == ROW_ACTIVATION && n->in[0] == l;
		l->init = feeds && n->row->rectifies ? INIT_HE_NORMAL : INIT_GLOROT_UNIFORM;
	}
}

void expand(Model *m, const Elem *layers, const Pos *input_pos)
{
	Scope top = {.path = ""};
	Walk w = {.m = m,
	          .input_pos = input_pos,
	          .tail = &m->layers,
	          .scope = &top,
	          .env = {.params = m->params, .compiled = true},
	          .trainable = true,
	          .cur = {NULL, m->input}};
	walk_list(&w, layers->child);
	m->output = w.layers > MAX_LAYERS ? NULL : w.cur.layer;
	resolve_init(m);
}
