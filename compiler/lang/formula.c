/* formula.c: layers to equations.
 *
 * In: the checked layers. Out: tensors and the forward equations of training, then those of
 * evaluation, which share the parameters, the input, the target, the output and the loss. A view
 * (flatten) makes no equation: its output is its input's tensor. After this pass no error of the
 * user's can occur. Every tensor gets a C name made from the row's name and a number ("conv2_y"),
 * never from the user's text. */
#include "../front/front.h"
#include "ir.h"

#include <math.h>
#include <string.h>

Axis *axis_new(const char *name, int extent)
{
	static int count;
	Axis *a = new(Axis);

	a->name = name;
	a->extent = extent;
	a->id = count++;
	return a;
}

Tensor *tensor_new(Prog *p, const char *name, const char *cname, Role role)
{
	Tensor *t = new(Tensor), *same = *map_at(&p->cnames, cname);

	for (; same && *map_at(&p->cnames, cname); same->namesakes++)
		cname = format("%s%d", same->cname, same->namesakes + 2);
	*map_at(&p->cnames, cname) = t;
	t->id = p->ntensor;
	t->name = name;
	t->cname = cname;
	t->role = role;
	t->offset = -1;
	t->lane_dim = t->lane_wish = -1;
	p->tensor = grow(p->tensor, p->ntensor, sizeof *p->tensor);
	p->tensor[p->ntensor++] = t;
	return t;
}

void tensor_rename(Prog *p, Tensor *t, const char *cname)
{
	*map_at(&p->cnames, t->cname) = NULL;
	*map_at(&p->cnames, cname) = t;
	t->cname = cname;
}

Eqn *eqn_new(Prog *p, Phase phase, const Layer *layer)
{
	Eqn *q = new(Eqn);

	q->id = p->neqn++;
	q->phase = phase;
	q->layer = layer;
	q->group = -1;
	q->flop = -1;
	return q;
}

void eqn_add(Prog *p, Eqn *q)
{
	if (p->last)
		p->last->next = q;
	else
		p->first = q;
	p->last = q;
}

/* [n] or [n,C,H,W] over a batch of images of this shape */
static void batch_shape(const Prog *p, Tensor *t, const Shape *s)
{
	t->batched = true;
	t->dim[t->rank++] = p->model->batch;
	for (int d = 0; d < s->rank; d++)
		t->dim[t->rank++] = s->dim[d];
}

/* Initial distributions: He et al. 2015, Glorot and Bengio 2010, LeCun et al. 1998, PyTorch's
 * default (uniform within 1/sqrt(fan_in), the bias too). */
static void set_init(Tensor *t, const Layer *l, double fan_in, double fan_out)
{
	t->init = NN_INIT_CONST;
	switch (l->init) {
	case INIT_ZEROS:
	case INIT_ONES:
		t->init_scale = l->init == INIT_ONES;
		return;
	case INIT_ORTHOGONAL:
		t->init = NN_INIT_ORTHOGONAL;
		t->init_scale = 1;
		return;
	case INIT_HE_NORMAL:
	case INIT_LECUN_NORMAL:
	case INIT_GLOROT_NORMAL:
		t->init = NN_INIT_NORMAL;
		t->init_scale = l->init == INIT_HE_NORMAL      ? sqrt(2 / fan_in)
		                : l->init == INIT_LECUN_NORMAL ? sqrt(1 / fan_in)
		                                               : sqrt(2 / (fan_in + fan_out));
		return;
	case INIT_HE_UNIFORM:
	case INIT_TORCH:
	case INIT_AUTO:
	case INIT_GLOROT_UNIFORM:
		t->init = NN_INIT_UNIFORM;
		t->init_scale = l->init == INIT_HE_UNIFORM ? sqrt(6 / fan_in)
		                : l->init == INIT_TORCH    ? 1 / sqrt(fan_in)
		                                           : sqrt(6 / (fan_in + fan_out));
	}
}

/* Biases start as 0; with PyTorch's default like the weights, whose fan-in counts. */
static void set_bias(Tensor *t, const Scope *s, const Layer *l)
{
	const Tensor *w = scope_tensor(s, "weight");
	double fan_in = 1;

	t->init = NN_INIT_CONST;
	if (l->init != INIT_TORCH || !w)
		return;
	for (int i = 1; i < w->file_rank; i++)
		fan_in *= w->file_dim[i];
	t->init = NN_INIT_UNIFORM;
	t->init_scale = 1 / sqrt(fan_in);
}

/* Formulas index a parameter over F of an image by its C, H and W, likewise C of an image that is
 * shown as features. */
static void param_dims(Tensor *t, const LayerParam *d, const Tensor *x, bool flat)
{
	for (int i = 0; i < d->rank; i++) {
		bool all = !strcmp(d->text[i], "F") ||
		           (flat && strchr("C.", *d->text[i]) && !d->text[i][1]) ||
		           (flat && !strcmp(d->text[i], "..."));
		t->file_dim[t->file_rank++] = (int)d->dim[i];
		if (!all)
			t->dim[t->rank++] = (int)d->dim[i];
		for (int k = 1; k < x->rank && all; k++)
			t->dim[t->rank++] = x->dim[k];
	}
}

static Tensor *param_new(Prog *p, const Scope *s, const Layer *l, const LayerParam *d,
                         const char *full)
{
	Role role = d->running ? ROLE_RUNNING : l->trainable ? ROLE_PARAM : ROLE_FROZEN;
	Tensor *t = tensor_new(p, full, format("%s_%s", s->tag, d->name), role);
	double fan_in = 1, fan_out = 1;

	param_dims(t, d, s->like, s->flat);
	for (int i = 0; i < d->rank; i++) {
		fan_in *= i == 0 ? 1 : (double)d->dim[i];
		fan_out *= i == 1 ? 1 : (double)d->dim[i];
	}
	t->keep = true;
	if (d->value) {
		t->init = NN_INIT_CONST;
		t->init_scale = *d->value - '0';
	} else if (!strcmp(d->name, "bias")) {
		set_bias(t, s, l);
	} else {
		set_init(t, l, fan_in, fan_out);
	}
	return t;
}

/* Makes or finds the layer's parameters and binds them. */
static void params(Prog *p, Scope *s, const Layer *l)
{
	LayerParam list[MAX_PARAMS];
	int n = layer_params(l, list);

	for (int i = 0; i < n; i++) {
		const LayerParam *d = &list[i];
		const char *full = format("%s.%s", l->name, d->name);
		Tensor *t = d->absent ? NULL : *map_at(&p->params, full);
		if (!t && !d->absent)
			*map_at(&p->params, full) = t = param_new(p, s, l, d, full);
		scope_bind(s, d->name, t, NULL);
		if (d->absent && d->value)
			s->bind[s->nbind - 1].absent = *d->value - '0';
	}
}

/* "x1[...]< + x#[...]>": the part in angle brackets once for each further input; O# is the
 * number of channels before it. */
static const char *for_inputs(const char *text, int n)
{
	const char *from = strchr(text, '<'), *to = from ? strchr(from, '>') : NULL;
	char *s;

	if (!to)
		return text;
	s = copy_bytes(text, (size_t)(from - text));
	for (int i = 2; i <= n; i++)
		for (const char *c = from + 1; c < to; c++)
			s = *c == '#' ? format("%s%d", s, i) : format("%s%c", s, *c);
	return for_inputs(format("%s%s", s, to + 1), n);
}

/* The text for this layer: of several variants ("a | b") the one its `choose` attribute names. */
const char *row_text(const Layer *l, const char *text)
{
	double which = 0;

	if (!l)
		return text;
	if (l->row->choose && arithmetic(l->row->choose, l->var, l->nvar, true, &which))
		for (; which > 0 && strchr(text, '|'); which--)
			text = strchr(text, '|') + 1;
	return for_inputs(copy_bytes(text, strcspn(text, "|")), l->nin);
}

static Block *block_new(Prog *p, const Layer *l, const Row *row, Phase phase, const char *tag)
{
	Block *b = new(Block);

	b->layer = l;
	b->row = row;
	b->scope = (Scope){.prog = p, .phase = phase, .layer = l, .tag = tag, .axes = row->axes};
	if (phase == PHASE_EVAL)
		return b;
	p->block = grow(p->block, p->nblock, sizeof *p->block);
	p->block[p->nblock++] = b;
	return b;
}

/* An image as a tensor of features, where the two must be told apart: a block of its own, so that
 * its gradient is derived whatever the row behind it states. */
static Tensor *unflatten(Prog *p, Tensor *x, Phase phase, const Layer *l, const char *tag)
{
	static const Row copy = {.kind = ROW_LAYER, .name = "flat"};
	Block *b = block_new(p, l, &copy, phase, tag);
	Eqn *before = p->last;
	Var *var = alloc(sizeof *var * 2);

	var[0] = (Var){"H", x->dim[2]};
	var[1] = (Var){"W", x->dim[3]};
	b->scope.like = x;
	b->scope.var = var;
	b->scope.nvar = 2;
	scope_bind(&b->scope, "x", x, NULL);
	parse_equations(&b->scope, "flat[n,(c*H+h)*W+w] = x[n,c,h,w]");
	b->first = before ? before->next : p->first;
	b->last = p->last;
	b->x = x;
	return b->y = scope_tensor(&b->scope, "flat");
}

/* Binds x and, for rows of several inputs, x1 x2 ..., with O2 O3 ... the channels before each. */
static Tensor *inputs(Prog *p, Scope *s, const Layer *l, Phase phase)
{
	Tensor *first = NULL;
	Var *var = alloc(sizeof *var * (size_t)(l->nvar + l->nin + 1));
	int before = 0;
	bool one = l->nin <= 1, shown_flat = false;

	memcpy(var, l->var, sizeof *var * (size_t)l->nvar);
	s->nvar = l->nvar;
	for (int i = 0; i == 0 || i < l->nin; i++) {
		const Layer *in = l->in[i];
		Tensor *x = !in ? p->x : phase == PHASE_EVAL ? in->eval : in->out;
		bool flat = in ? in->shape.flat : p->model->input.flat;
		if (flat && x->rank > 2 && (!one || l->row->axes))
			x = unflatten(p, x, phase, l, s->tag);
		else
			shown_flat |= flat && x->rank > 2;
		scope_bind(s, format("x%d", i + 1), x, NULL);
		var[s->nvar++] = (Var){format("O%d", i + 1), before};
		before += x->rank > 1 ? x->dim[1] : 1;
		first = first ? first : x;
	}
	scope_bind(s, "x", first, NULL);
	s->var = var;
	s->like = first;
	s->flat = shown_flat;
	return first;
}

static void layer_equations(Prog *p, Layer *l, Phase phase, const char *tag, int key)
{
	bool eval = phase == PHASE_EVAL;
	const Row *row = l->row;
	Tensor *y = !l->in[0] ? p->x : eval ? l->in[0]->eval : l->in[0]->out;

	if (!row->view) {
		Scope from = {.prog = p, .phase = phase, .layer = l, .tag = tag, .axes = row->axes};
		Tensor *x = inputs(p, &from, l, phase);
		Block *b = block_new(p, l, row, phase, tag);
		Scope *s = &b->scope;
		*s = from;
		s->key = key;
		b->x = x;
		Eqn *before = p->last;
		if (eval && l->out == p->output) {
			y = p->output;
		} else {
			y = tensor_new(p, "y", format("%s_y", tag), ROLE_TEMP);
			Shape features = {.rank = 1, .dim = {x->dim[1]}};
			bool shown = l->shape.flat && x->rank == 2;
			batch_shape(p, y, shown ? &features : &l->shape);
		}
		scope_bind(s, "y", y, NULL);
		params(p, s, l);
		parse_equations(s, row_text(l, eval && row->eval ? row->eval : row->eqn));
		b->first = before ? before->next : p->first;
		b->last = p->last;
		b->y = y;
	}
	*(eval ? &l->eval : &l->out) = y;
}

/* The last layer's tensor is the program's output; evaluation writes the same one. */
static void mark_output(Prog *p, Tensor *y)
{
	p->output = y;
	y->role = ROLE_OUTPUT;
	y->name = "output";
	y->keep = true;
}

/* Where no layer computes anything the output, in evaluation too, is a copy of the input. */
static Tensor *copy_input(Prog *p, Phase phase)
{
	static const Row copy = {.kind = ROW_LAYER, .name = "copy"};
	const char *tag = phase == PHASE_EVAL ? "eval_copy" : "copy";
	Block *b = block_new(p, NULL, &copy, phase, tag);
	Eqn *before = p->last;
	Tensor *y = p->output;

	if (!y) {
		y = tensor_new(p, "y", "copy_y", ROLE_TEMP);
		batch_shape(p, y, &p->model->input);
	}
	b->scope.like = p->x;
	scope_bind(&b->scope, "x", p->x, NULL);
	scope_bind(&b->scope, "y", y, NULL);
	parse_equations(&b->scope, "y[...] = x[...]");
	b->first = before ? before->next : p->first;
	b->last = p->last;
	b->x = p->x;
	return b->y = y;
}

/* Loss weights of the classes are data: the runtime counts the training labels. */
static void class_weight(Prog *p, Scope *s, const Model *m)
{
	double wanted = 0;

	for (int i = 0; i < m->nloss_var; i++)
		wanted = !strcmp(m->loss_var[i].name, "class_weights") ? m->loss_var[i].value
		                                                       : wanted;
	if (wanted > 0 && !p->class_weight) {
		Tensor *t = p->class_weight =
		        tensor_new(p, "class_weight", "class_weight", ROLE_CLASS_WEIGHT);
		t->keep = true;
		for (int d = 1; d < s->like->rank; d++)
			t->dim[t->rank++] = s->like->dim[d];
		t->file_rank = 1;
		t->file_dim[0] = m->classes;
		t->init = NN_INIT_CONST;
		t->init_scale = 1;
	}
	scope_bind(s, "class_weight", p->class_weight, NULL);
	s->bind[s->nbind - 1].absent = 1;
}

/* Where images are mixed in pairs, each has a second label and a weight of the first. */
static Tensor *of_pair(Prog *p, const char *name, Role role)
{
	Tensor *t = tensor_new(p, format("y.%s", name), name, role);
	t->keep = true;
	t->batched = true;
	t->rank = 1;
	t->dim[0] = p->target_t->dim[0];
	return t;
}

static void pairs(Prog *p, Scope *s)
{
	if (p->model->mixes && p->model->loss->labels && !p->share) {
		p->other = of_pair(p, "other", ROLE_OTHER);
		p->share = of_pair(p, "share", ROLE_SHARE);
	}
	scope_bind(s, "other", p->other, NULL);
	s->bind[s->nbind - 1].absent = 0;
	scope_bind(s, "share", p->share, NULL);
	s->bind[s->nbind - 1].absent = 1;
}

static void loss_equations(Prog *p, Phase phase, Tensor *y)
{
	const Model *m = p->model;
	const char *tag = phase == PHASE_EVAL ? "eval" : "loss";
	Tensor *t = p->target_t;
	bool apart = m->target_input && t->rank != y->rank;

	if (apart && t->rank > y->rank)
		t = unflatten(p, t, phase, NULL, tag);
	else if (apart)
		y = unflatten(p, y, phase, NULL, tag);
	Block *b = block_new(p, NULL, m->loss, phase, tag);
	Scope *s = &b->scope;
	Eqn *before = p->last;
	Var *var = alloc(sizeof *var * (MAX_VAR + 1));

	memcpy(var, m->loss_var, sizeof *var * (size_t)m->nloss_var);
	double f = 1;
	for (int d = 1; d < y->rank; d++)
		f *= y->dim[d];
	var[m->nloss_var] = (Var){"F", f};
	s->var = var;
	s->nvar = m->nloss_var + 1;
	s->like = y;
	scope_bind(s, "x", y, NULL);
	scope_bind(s, "t", t, NULL);
	scope_bind(s, "total", p->loss, NULL);
	class_weight(p, s, m);
	pairs(p, s);
	parse_equations(s, m->loss->eqn);
	parse_equations(s, "total[0] = (sum{n} loss[n]) / batch");
	b->first = before->next;
	b->last = p->last;
	b->x = y;
}

static Shape shape_of(const Prog *p, const Layer *l)
{
	return l ? l->shape : p->model->input;
}

/* l for some of its inputs, whose result is not the network's output. */
static Layer *part_of(const Prog *p, const Layer *l, Layer **in, int n)
{
	Layer *part = memcpy(new(Layer), l, sizeof *l);

	part->in = in;
	part->nin = n;
	part->out = NULL;
	join_shapes(part, p->model->input);
	return part;
}

/* A layer with many inputs is a tree of such layers, so that no equation gets long: each takes up
 * to MAX_READ of the inputs, in order, as long as they fit the first of them. */
static void layer_tree(Prog *p, Layer *l, Phase phase, const char *tag, int key)
{
	Layer top = *l, **rest = top.in;
	int made = 0;

	for (; top.nin > MAX_READ; rest = top.in) {
		int all = top.nin;
		top.in = alloc(sizeof(Layer *) * (size_t)all);
		top.nin = 0;
		for (int i = 0, n; i < all; i += n) {
			Shape first = shape_of(p, rest[i]);
			for (n = 1; n < MAX_READ && i + n < all; n++)
				if (!joins_fit(l->row, first, shape_of(p, rest[i + n])))
					break;
			Layer *part = n > 1 ? part_of(p, l, &rest[i], n) : rest[i];
			if (n > 1)
				layer_equations(p, part, phase, format("%s_%d", tag, ++made), key);
			top.in[top.nin++] = part;
		}
	}
	Layer *whole = memcpy(new(Layer), &top, sizeof top);
	layer_equations(p, whole, phase, tag, key);
	l->out = whole->out;
	l->eval = whole->eval;
}

/* The place of a row, or of one of its name, in the table. */
static int row_number(const Row *row)
{
	int i = 0;
	while (i < nrows - 1 && rows[i].name != row->name)
		i++;
	return i;
}

/* C names count the layers of each row: conv1, conv2, relu1 ... */
static void all_layers(Prog *p, Phase phase)
{
	int key = 0, *made = alloc(sizeof *made * (size_t)nrows);

	for (Layer *l = p->model->layers; l; l = l->next, key++) {
		const char *tag = format("%s%d", l->row->name, ++made[row_number(l->row)]);
		(l->nin > MAX_READ ? layer_tree : layer_equations)(
		        p, l, phase, phase == PHASE_EVAL ? format("eval_%s", tag) : tag, key);
	}
}

/* Refuses at once what would take too long and too much memory to compile. */
static bool few_layers(const Model *m)
{
	const Layer *beyond = NULL;
	int n = 0;

	for (const Layer *l = m->layers; l; l = l->next)
		if (++n == MAX_COMPILED + 1)
			beyond = l;
	if (beyond)
		error_at(beyond->pos, (int)strlen(beyond->elem) + 1,
		         "the network has %d layers with blocks and repeats expanded; nncc"
		         " compiles at most %d: this is the first too many. Repeat less often,"
		         " or write fewer and wider layers",
		         n, MAX_COMPILED);
	return !beyond;
}

void formula(Prog *p)
{
	const Model *m = p->model;

	if (!few_layers(m))
		return;
	p->x = tensor_new(p, "x", "x", ROLE_INPUT);
	batch_shape(p, p->x, &m->input);
	p->x->keep = true;
	p->loss = tensor_new(p, "loss", "loss", ROLE_LOSS);
	p->loss->dim[p->loss->rank++] = 1;
	p->loss->keep = true;
	all_layers(p, PHASE_FORWARD);
	Tensor *y = m->output ? m->output->out : p->x;
	bool nothing = y == p->x;
	if (nothing)
		y = copy_input(p, PHASE_FORWARD);
	mark_output(p, y);
	if (m->target_input && !m->noisy) {
		p->target_t = p->x;
	} else {
		p->target_t = tensor_new(p, "y", "target", ROLE_TARGET);
		p->target_t->keep = true;
		p->target_t->batched = true;
		p->target_t->rank = m->loss->labels ? 1 : y->rank;
		memcpy(p->target_t->dim, y->dim, sizeof y->dim);
	}
	loss_equations(p, PHASE_FORWARD, y);
	all_layers(p, PHASE_EVAL);
	if (nothing)
		copy_input(p, PHASE_EVAL);
	loss_equations(p, PHASE_EVAL, p->output);
}
