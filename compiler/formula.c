/* formula.c: layers to equations.
 *
 * In: the checked layers. Out: tensors and the forward equations of training, then those of
 * evaluation, which share the parameters, the input, the target, the output and the loss. A view
 * (flatten) makes no equation: its output is its input's tensor. After this pass no error of the
 * user's can occur. Every tensor gets a C name made from the row's name and a number ("conv2_y"),
 * never from the user's text. */
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
	Tensor *t = new(Tensor);
	int same = 0;

	for (int i = 0; i < p->ntensor; i++)
		same += !strcmp(p->tensor[i]->cname, cname);
	for (int k = 2; same; k++) {
		const char *other = format("%s%d", cname, k);
		same = 0;
		for (int i = 0; i < p->ntensor; i++)
			same += !strcmp(p->tensor[i]->cname, other);
		if (!same)
			cname = other;
	}
	t->id = p->ntensor;
	t->name = name;
	t->cname = cname;
	t->role = role;
	t->offset = -1;
	t->lanes = 1;
	p->tensor = grow(p->tensor, p->ntensor, sizeof *p->tensor);
	p->tensor[p->ntensor++] = t;
	return t;
}

Eqn *eqn_new(Prog *p, Phase phase, const Layer *layer)
{
	Eqn *q = new(Eqn);

	q->id = p->neqn++;
	q->phase = phase;
	q->layer = layer;
	q->group = -1;
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
static void set_init(Tensor *t, const Layer *l, const char *constant, double fan_in, double fan_out)
{
	t->init = NN_INIT_CONST;
	if (constant && l->init == INIT_TORCH && !strcmp(constant, "0")) {
		t->init = NN_INIT_UNIFORM;
		t->init_scale = 1 / sqrt(fan_in);
		return;
	}
	if (constant) {
		t->init_scale = *constant - '0';
		return;
	}
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
		t->init_scale = l->init == INIT_HE_NORMAL ? sqrt(2 / fan_in)
		                : l->init == INIT_LECUN_NORMAL ? sqrt(1 / fan_in)
		                : sqrt(2 / (fan_in + fan_out));
		return;
	case INIT_HE_UNIFORM:
	case INIT_TORCH:
	case INIT_AUTO:
	case INIT_GLOROT_UNIFORM:
		t->init = NN_INIT_UNIFORM;
		t->init_scale = l->init == INIT_HE_UNIFORM ? sqrt(6 / fan_in)
		                : l->init == INIT_TORCH ? 1 / sqrt(fan_in)
		                : sqrt(6 / (fan_in + fan_out));
	}
}

/* One dimension of a parameter; F of an image is the three of C, H and W. */
static void param_dim(Tensor *t, const Layer *l, const char *text, const Tensor *x)
{
	double v = 0;

	if (!sums(text, l->var, l->nvar, true, &v))
		fatal(70, "parameter size '%s' of <%s> is not known; please report this", text, l->elem);
	t->file_dim[t->file_rank++] = (int)v;
	if (strcmp(text, "F") != 0) {
		t->dim[t->rank++] = (int)v;
		return;
	}
	for (int d = 1; d < x->rank; d++)
		t->dim[t->rank++] = x->dim[d];
}

/* "weight[filters,C/groups,kh,kw] bias[filters]=0": makes or finds the tensors and binds them */
static void params(Prog *p, Scope *s, const Layer *l, const Tensor *x)
{
	double fan_in = 1, fan_out = 1;

	for (const char *at = l->row->param; at && *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, "[");
		const char *name = copy_bytes(at, n), *full = format("%s.%s", l->name, name), *value = NULL;
		Tensor *t = NULL;
		for (int i = 0; i < p->ntensor; i++)
			if (p->tensor[i]->file_rank && !strcmp(p->tensor[i]->name, full))
				t = p->tensor[i];
		bool absent = !strcmp(name, "bias") && !l->bias, found = t != NULL;
		if (!found && !absent)
			t = tensor_new(p, full, format("%s_%s", s->tag, name),
			               l->trainable ? ROLE_PARAM : ROLE_FROZEN);
		for (at += n; *at != ']'; at += n) {
			n = strcspn(++at, ",]");
			if (!found && !absent)
				param_dim(t, l, copy_bytes(at, n), x);
		}
		at++;
		if (*at == '=') {
			value = copy_bytes(at + 1, 1);
			at += 2;
		}
		scope_bind(s, name, t, NULL);
		if (found || absent)
			continue;
		if (!value) {
			fan_in = fan_out = 1;
			for (int d = 0; d < t->file_rank; d++) {
				fan_in *= d == 0 ? 1 : t->file_dim[d];
				fan_out *= d == 1 ? 1 : t->file_dim[d];
			}
		}
		t->keep = true;
		set_init(t, l, value, fan_in, fan_out);
	}
}

static Block *block_new(Prog *p, const Layer *l, const Row *row, Phase phase, const char *tag)
{
	Block *b = new(Block);

	b->layer = l;
	b->row = row;
	b->scope = (Scope){ .prog = p, .phase = phase, .layer = l, .tag = tag, .axes = row->axes };
	if (phase == PHASE_EVAL)
		return b;
	p->block = grow(p->block, p->nblock, sizeof *p->block);
	p->block[p->nblock++] = b;
	return b;
}

static void layer_equations(Prog *p, Layer *l, Phase phase, const char *tag, int key)
{
	bool eval = phase == PHASE_EVAL;
	Tensor *x = !l->in[0] ? p->x : eval ? l->in[0]->eval : l->in[0]->out, *y = x;
	const Row *row = l->row;

	if (!row->view) {
		Block *b = block_new(p, l, row, phase, tag);
		Scope *s = &b->scope;
		Eqn *before = p->last;
		s->var = l->var;
		s->nvar = l->nvar;
		s->like = x;
		s->flat = l->in[0] ? l->in[0]->shape.flat : p->model->input.flat;
		s->key = key;
		if (eval && l->out == p->output) {
			y = p->output;
		} else {
			y = tensor_new(p, "y", format("%s_y", tag), ROLE_TEMP);
			batch_shape(p, y, &l->shape);
		}
		scope_bind(s, "x", x, NULL);
		for (int i = 0; i < l->nin; i++)
			scope_bind(s, format("x%d", i + 1), !l->in[i] ? p->x : eval ? l->in[i]->eval : l->in[i]->out, NULL);
		scope_bind(s, "y", y, NULL);
		params(p, s, l, x);
		parse_equations(s, eval && row->eval ? row->eval : row->eqn);
		b->first = before ? before->next : p->first;
		b->last = p->last;
		b->x = x;
		b->y = y;
	}
	*(eval ? &l->eval : &l->out) = y;
}

/* The last layer's tensor is the program's output; evaluation writes the same one. */
static void mark_output(Prog *p, Tensor *y)
{
	p->output = y;
	y->role = y == p->x ? y->role : ROLE_OUTPUT;
	y->name = "output";
	y->keep = true;
}

static void loss_equations(Prog *p, Phase phase, Tensor *y)
{
	const Model *m = p->model;
	Block *b = block_new(p, NULL, m->loss, phase, phase == PHASE_EVAL ? "eval" : "loss");
	Scope *s = &b->scope;
	Eqn *before = p->last;
	Var *var = alloc(sizeof *var * (MAX_VAR + 1));

	memcpy(var, m->loss_var, sizeof *var * (size_t)m->nloss_var);
	double f = 1;
	for (int d = 1; d < y->rank; d++)
		f *= y->dim[d];
	var[m->nloss_var] = (Var){ "F", f };
	s->var = var;
	s->nvar = m->nloss_var + 1;
	s->like = y;
	scope_bind(s, "x", y, NULL);
	scope_bind(s, "t", p->target_t, NULL);
	scope_bind(s, "total", p->loss, NULL);
	parse_equations(s, m->loss->eqn);
	parse_equations(s, "total[0] = (sum{n} loss[n]) / batch");
	b->first = before->next;
	b->last = p->last;
	b->x = y;
}

/* C names count the layers of each row: conv1, conv2, relu1 ... */
static void all_layers(Prog *p, Phase phase)
{
	int key = 0;

	for (Layer *l = p->model->layers; l; l = l->next, key++) {
		int ordinal = 1;
		for (Layer *o = p->model->layers; o != l; o = o->next)
			ordinal += o->row == l->row;
		const char *tag = format("%s%d", l->row->name, ordinal);
		layer_equations(p, l, phase, phase == PHASE_EVAL ? format("eval_%s", tag) : tag, key);
	}
}

void formula(Prog *p)
{
	const Model *m = p->model;

	p->x = tensor_new(p, "x", "x", ROLE_INPUT);
	batch_shape(p, p->x, &m->input);
	p->x->keep = true;
	p->loss = tensor_new(p, "loss", "loss", ROLE_LOSS);
	p->loss->dim[p->loss->rank++] = 1;
	p->loss->keep = true;
	all_layers(p, PHASE_FORWARD);
	Tensor *y = m->output ? m->output->out : p->x;
	mark_output(p, y);
	if (m->target_input) {
		p->target_t = p->x;
	} else {
		p->target_t = tensor_new(p, "y", "target", ROLE_TARGET);
		p->target_t->keep = true;
		Shape none = { 0 };
		batch_shape(p, p->target_t, m->loss->labels ? &none : &m->output->shape);
	}
	loss_equations(p, PHASE_FORWARD, y);
	all_layers(p, PHASE_EVAL);
	loss_equations(p, PHASE_EVAL, p->output);
}
