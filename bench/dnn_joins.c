/* dnn_joins.c: layers with several inputs, and layers that only look at the same numbers.
 *
 * A sum writes over its first input where nobody else reads that, neither now nor in the backward
 * pass; its gradient is not copied but shared by its inputs. */
#include <string.h>

#include "dnn.h"

/* ---- add ------------------------------------------------------------------------------------- */

/* Convolutions and norms do not need their own result in the backward pass. */
static bool may_overwrite(const Layer *l)
{
	const Layer *m = l->maker;
	return m && l->in[0]->users == 1 && !m->post && l->out->dim[1] % 16 == 0 &&
	       (!strcmp(m->kind->name, "batch_norm") || !strcmp(m->kind->name, "conv"));
}

static Mem *join_room(Net *n, const Layer *l)
{
	Mem *x = l->in[0]->mem;
	return may_overwrite(l) ? mem_view(n, x, &x->md) : mem_new(n, &x->md, false);
}

static void add_many(Net *n, Layer *l)
{
	dnnl_memory_desc_t md[PARTS];
	float scale[PARTS];
	Mem *x[PARTS];
	dnnl_primitive_desc_t pd;
	const dnnl_memory_desc_t want = l->in[0]->mem->md;
	if (l->inputs > PARTS)
		fail(EXIT_UNSUPPORTED, "%s: more than %d inputs", l->name, PARTS);
	for (int i = 0; i < l->inputs; i++) {
		x[i] = mem_as(n, l->in[i]->mem, &want);
		md[i] = want;
		scale[i] = 1;
	}
	n->does = "forward";
	check(n, dnnl_sum_primitive_desc_create(&pd, &want, l->inputs, scale, md, NULL, n->engine));
	l->out->mem = join_room(n, l);
	Op *o = op_add(n, pd, false);
	for (int i = 0; i < l->inputs; i++)
		op_arg(o, DNNL_ARG_MULTIPLE_SRC + i, x[i]);
	op_arg(o, DNNL_ARG_DST, l->out->mem);
}

void add_forward(Net *n, Layer *l)
{
	dnnl_binary_desc_t desc;
	if (l->inputs != 2) {
		add_many(n, l);
		return;
	}
	Value *y = l->post ? l->post->out : l->out;
	Mem *a = l->in[0]->mem, *b = mem_as(n, l->in[1]->mem, &a->md);
	n->does = "forward";
	check(n, dnnl_binary_desc_init(&desc, dnnl_binary_add, &a->md, &b->md, &a->md));
	dnnl_primitive_attr_t attr = attr_of(n, l);
	y->mem = join_room(n, l);
	Op *o = op_add(n, pd_new(n, &desc, attr, NULL), false);
	op_arg(o, DNNL_ARG_SRC_0, a);
	op_arg(o, DNNL_ARG_SRC_1, b);
	op_arg(o, DNNL_ARG_DST, y->mem);
	if (attr)
		dnnl_primitive_attr_destroy(attr);
}

void add_backward(Net *n, Layer *l)
{
	bool own;
	Mem *dy = gradient(n, l->out, &own);
	for (int i = 0; i < l->inputs; i++)
		gradient_add(n, l->in[i], dy, false);
}

/* ---- concat ---------------------------------------------------------------------------------- */

void concat_forward(Net *n, Layer *l)
{
	dnnl_memory_desc_t md[ARGS], any = md_any(l->out->rank, l->out->dim);
	dnnl_primitive_desc_t pd;
	if (l->inputs >= ARGS)
		fail(EXIT_UNSUPPORTED, "%s: more than %d inputs", l->name, ARGS - 1);
	for (int i = 0; i < l->inputs; i++)
		md[i] = l->in[i]->mem->md;
	n->does = "forward";
	check(n, dnnl_concat_primitive_desc_create(&pd, &any, l->inputs, 1, md, NULL, n->engine));
	any = md_query(pd, dnnl_query_dst_md, 0);
	l->out->mem = mem_new(n, &any, false);
	Op *o = op_add(n, pd, false);
	for (int i = 0; i < l->inputs; i++)
		op_arg(o, DNNL_ARG_MULTIPLE_SRC + i, l->in[i]->mem);
	op_arg(o, DNNL_ARG_DST, l->out->mem);
}

/* Each input's channels are cut out of the gradient; where a layout's blocks do not let that, the
 * gradient is made plain first. */
void concat_backward(Net *n, Layer *l)
{
	bool own;
	Mem *dy = gradient(n, l->out, &own);
	dnnl_memory_desc_t flat = md_plain_of(l->out), cut;
	dnnl_dims_t at = {0};
	for (int i = 0; i < l->inputs; i++) {
		const Value *x = l->in[i];
		if (dnnl_memory_desc_init_submemory(&cut, &dy->md, x->dim, at)) {
			dy = mem_as(n, dy, &flat);
			check(n, dnnl_memory_desc_init_submemory(&cut, &dy->md, x->dim, at));
		}
		if (x->wanted)
			gradient_add(n, l->in[i], mem_as(n, mem_view(n, dy, &cut), &x->mem->md),
			             true);
		at[1] += x->dim[1];
	}
}

/* ---- multiply: both of one shape, or one with a single value a channel ----------------------- */

static Mem *product(Net *n, Mem *a, Mem *b)
{
	dnnl_binary_desc_t desc;
	Mem *y = mem_new(n, &a->md, false);
	check(n, dnnl_binary_desc_init(&desc, dnnl_binary_mul, &a->md, &b->md, &a->md));
	Op *o = op_add(n, pd_new(n, &desc, NULL, NULL), false);
	op_arg(o, DNNL_ARG_SRC_0, a);
	op_arg(o, DNNL_ARG_SRC_1, b);
	op_arg(o, DNNL_ARG_DST, y);
	return y;
}

/* The larger operand first. */
static int large_of(const Layer *l)
{
	const Value *a = l->in[0], *b = l->in[1];
	return a->rank == 4 && a->dim[2] * a->dim[3] < b->dim[2] * b->dim[3];
}

static bool same_shape(const Layer *l)
{
	const Value *a = l->in[0], *b = l->in[1];
	return a->rank == 2 || a->dim[2] * a->dim[3] == b->dim[2] * b->dim[3];
}

void multiply_forward(Net *n, Layer *l)
{
	if (l->inputs != 2)
		fail(EXIT_UNSUPPORTED, "%s: a product of %d inputs", l->name, l->inputs);
	int large = large_of(l);
	Mem *a = l->in[large]->mem, *b = l->in[!large]->mem;
	n->does = "forward";
	l->out->mem = product(n, a, same_shape(l) ? mem_as(n, b, &a->md) : b);
}

void multiply_backward(Net *n, Layer *l)
{
	bool own;
	int large = large_of(l);
	Mem *a = l->in[large]->mem, *b = l->in[!large]->mem;
	Mem *dy = mem_as(n, gradient(n, l->out, &own), &a->md);
	n->does = "backward";
	if (l->in[large]->wanted)
		gradient_add(n, l->in[large],
		             product(n, dy, same_shape(l) ? mem_as(n, b, &a->md) : b), true);
	if (!l->in[!large]->wanted)
		return;
	Mem *each = product(n, dy, a);
	if (!same_shape(l)) {
		dnnl_reduction_desc_t desc;
		Mem *sum = mem_new(n, &b->md, false);
		check(n,
		      dnnl_reduction_desc_init(&desc, dnnl_reduction_sum, &each->md, &b->md, 0, 0));
		Op *o = op_add(n, pd_new(n, &desc, NULL, NULL), false);
		op_arg(o, DNNL_ARG_SRC, each);
		op_arg(o, DNNL_ARG_DST, sum);
		each = sum;
	}
	gradient_add(n, l->in[!large], each, true);
}

/* ---- views ----------------------------------------------------------------------------------- */

void view_forward(Net *n, Layer *l)
{
	dnnl_memory_desc_t x = md_plain_of(l->in[0]), y = md_plain_of(l->out);
	l->out->mem = mem_view(n, mem_as(n, l->in[0]->mem, &x), &y);
}

void view_backward(Net *n, Layer *l)
{
	bool own;
	dnnl_memory_desc_t x = md_plain_of(l->in[0]), y = md_plain_of(l->out);
	Mem *all = gradient(n, l->out, &own), *dy = mem_as(n, all, &y);
	gradient_add(n, l->in[0], mem_view(n, dy, &x), own && dy == all);
}

void drop_forward(Net *n, Layer *l)
{
	(void)n;
	if (number(l, "rate") > 0)
		fail(EXIT_UNSUPPORTED,
		     "%s: random numbers are nobody else's; compare without dropout", l->name);
	l->out->mem = l->in[0]->mem;
}

void drop_backward(Net *n, Layer *l)
{
	bool own;
	Mem *dy = gradient(n, l->out, &own);
	gradient_add(n, l->in[0], dy, own);
}
