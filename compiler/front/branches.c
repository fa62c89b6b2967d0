/* branches.c: containers whose branches meet again.
 *
 *     in    <residual activation="tanh"> body </residual> after x
 *     out   the body's layers; where its shape differs from x, a projection of x (shortcut1,
 *           shortcut1_norm); the sum of both; the activation
 *
 *     in    <parallel join="concat"> <path> .. </path> <path/> </parallel>
 *     out   the layers of each path, all from the same input; the row of the join's name
 *
 * Which layers a projection consists of is said in layers.c, as text. */
#include <string.h>

#include "expand.h"

static int name_len(const Elem *e)
{
	return (int)strlen(e->name) + 1;
}

/* The scope of a named container; unnamed ones add to the scope around them. */
static Scope *enter_named(Walk *w, const Elem *e)
{
	const char *name = text_of(e, "name");
	return *name ? enter(w, e, name) : w->scope;
}

/* The layer where branches meet; rank 0 with a message where they do not fit. */
static void join(Walk *w, const Elem *e, const Row *row, const char *name, const Out *branch, int n)
{
	Pos pos = placed(&w->env, e->pos);
	bool known = true;
	Layer *l = append(w, row, format("%s%s.%s", w->scope->path, name, row->name), e->name, pos);
	l->trainable = w->trainable;
	for (int i = 0; i < n; i++)
		known &= take_input(l, branch[i]);
	if (!row->supported)
		error_at(pos, name_len(e), "<%s> is not supported yet", e->name);
	if (known && join_shapes(l, w->m->input)) {
		Elem *bare = new(Elem);
		bare->name = row->name;
		bare->pos = e->pos;
		infer(&w->env, l, bare, l->shape, w->input_pos);
	}
	w->cur = (Out){l, known ? l->shape : (Shape){0}};
	activate(w, e, name);
}

/* ---- residual ------------------------------------------------------------------------------ */

/* The smallest stride of a 1x1 window that makes `to` values of `from`; 0: none does. */
static int stride_of(int from, int to)
{
	for (int s = 1; s <= from; s++)
		if ((from - 1) / s + 1 == to)
			return s;
	return 0;
}

/* "kernel_size=1 stride=$S" as attributes; $C: channels or features, $S: strides. */
static Elem *made_element(const char *text, const char *name, Shape to, const int *stride, Pos pos)
{
	const char **word;
	int n = split(text, " ", &word);
	Elem *e = new(Elem);
	e->name = word[0];
	e->pos = pos;
	for (int i = 0; i <= n; i++) {
		const char *pair = i ? i < n ? word[i] : NULL : format("name=%s", name);
		const char *eq = pair ? strchr(pair, '=') : NULL;
		if (!eq)
			continue;
		Attr *a = new(Attr);
		a->name = copy_bytes(pair, (size_t)(eq - pair));
		a->value = !strcmp(eq, "=$C")   ? format("%d", to.dim[0])
		           : !strcmp(eq, "=$S") ? format("%d,%d", stride[0], stride[1])
		                                : eq + 1;
		a->name_pos = a->value_pos = pos;
		a->width = name_len(e);
		a->next = e->attr;
		e->attr = a;
	}
	return e;
}

/* The layers of a shortcut that changes the shape: a projection, or padding with channels of zeros.
 * Only projections are numbered in their scope. */
static void project(Walk *w, const Elem *e, Out from, Out to, bool pad)
{
	bool image = to.shape.rank == 3 && !to.shape.flat, fits = image == (from.shape.rank == 3);
	int stride[2] = {1, 1};
	for (int d = 0; d < 2 && image && fits; d++) {
		stride[d] = stride_of(from.shape.dim[d + 1], to.shape.dim[d + 1]);
		fits &= stride[d] > 0;
	}
	if (!fits || (pad && to.shape.dim[0] < from.shape.dim[0])) {
		error_at(placed(&w->env, e->pos), name_len(e),
		         fits ? "padding only adds channels: the shortcut has %s, the body %s"
		              : "no stride takes the shortcut %s to the body's %s",
		         shape_text(from.shape), shape_text(to.shape));
		w->cur.shape.rank = 0;
		return;
	}
	int ordinal = pad ? 0 : count_up(w->scope, "a projection");
	const char *const *text = pad     ? image ? padding_of_image : padding_of_features
	                          : image ? projection_of_image
	                                  : projection_of_features;
	static const char *const suffix[] = {"", "_norm"};
	w->cur = from;
	for (int i = 0; i < 2 && text[i]; i++) {
		const char *name = pad ? format("pad.%d", count_up(w->scope, "a padded shortcut"))
		                       : format("shortcut%d%s", ordinal, suffix[i]);
		const Elem *made = made_element(text[i], name, to.shape, stride, e->pos);
		walk_layer(w, made, find_row(pad ? ROW_INTERNAL : ROW_LAYER, made->name));
	}
}

static bool same_shape(Shape a, Shape b)
{
	return a.rank == b.rank && a.flat == b.flat && !memcmp(a.dim, b.dim, sizeof a.dim);
}

/* The other branch of the sum. */
static Out shortcut(Walk *w, const Elem *e, Out from, Out to)
{
	const Attr *a = attr_of(e, "shortcut");
	const char *kind = a ? a->value : "auto";
	bool known = from.shape.rank && to.shape.rank, same = same_shape(from.shape, to.shape);
	if (known && !strcmp(kind, "identity") && !same)
		error_at(placed(&w->env, a->value_pos), a->width,
		         "the body gives %s, the shortcut %s; project and pad change a shape",
		         shape_text(to.shape), shape_text(from.shape));
	if (!known || !strcmp(kind, "identity"))
		return known && same ? from : (Out){from.layer, {0}};
	if (same && strcmp(kind, "project") != 0)
		return from;
	project(w, e, from, to, !strcmp(kind, "pad"));
	return w->cur;
}

void walk_residual(Walk *w, const Elem *e)
{
	bool trainable = w->trainable;
	const char *own = text_of(e, "name"), *name = name_of(w, e, e->name, e->name);
	redirect(w, e);
	Out from = w->cur;
	Scope *outer = enter_named(w, e);
	w->trainable = trainable && bool_of(e, "trainable");
	walk_list(w, e->child);
	Out branch[2] = {w->cur, {NULL, {0}}};
	branch[1] = shortcut(w, e, from, branch[0]);
	w->scope = outer;
	join(w, e, find_row(ROW_LAYER, find_spec(e->name)->join), name, branch, 2);
	w->trainable = trainable;
	if (*own)
		define(w, e, own, w->cur);
}

/* ---- parallel ------------------------------------------------------------------------------ */

static Out walk_path(Walk *w, const Elem *path, Out from)
{
	bool trainable = w->trainable;
	Scope *outer = enter_named(w, path);
	w->cur = from;
	w->trainable = trainable && bool_of(path, "trainable");
	walk_list(w, path->child);
	w->trainable = trainable;
	w->scope = outer;
	return w->cur;
}

void walk_parallel(Walk *w, const Elem *e)
{
	bool trainable = w->trainable;
	const char *own = text_of(e, "name"), *name = name_of(w, e, e->name, e->name);
	Out *branch = NULL;
	int n = 0;
	redirect(w, e);
	Out from = w->cur;
	Scope *outer = enter_named(w, e);
	w->trainable = trainable && bool_of(e, "trainable");
	for (const Elem *path = e->child; path; path = path->next) {
		branch = grow(branch, n, sizeof *branch);
		branch[n++] = walk_path(w, path, from);
	}
	w->scope = outer;
	const Row *row = find_row(ROW_LAYER, text_of(e, "join"));
	if (n < 2)
		error_at(placed(&w->env, e->pos), name_len(e),
		         "<parallel> wants at least two <path>, found %d", n);
	if (n >= 2 && row)
		join(w, e, row, name, branch, n);
	else
		leave_out(w);
	w->trainable = trainable;
	if (*own)
		define(w, e, own, w->cur);
}
