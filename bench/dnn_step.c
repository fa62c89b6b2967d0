/* dnn_step.c: memory, the list of operations, and their execution.
 *
 * Nothing is allocated after step_place. Buffers that do not hold anything beyond a step (all but
 * parameters, optimizer states, running statistics and the batch) are placed in one arena by
 * lifetime, the largest first at the lowest offset that is free all along. A reorder is added only
 * where a primitive wants a layout that the values do not have, once for each layout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dnn.h"

enum { ALIGN = 4096 };

void *need(size_t bytes)
{
	void *at = calloc(bytes ? bytes : 1, 1);
	if (!at)
		fail(EXIT_FAILURE, "not enough memory for %zu bytes", bytes);
	return at;
}

void check(const Net *n, dnnl_status_t status)
{
	if (status == dnnl_success)
		return;
	fail(status == dnnl_unimplemented ? EXIT_UNSUPPORTED : EXIT_FAILURE,
	     "%s: oneDNN answers %d to %s (2: invalid arguments, 3: not implemented)",
	     n->now ? n->now : "the network", (int)status, n->does ? n->does : "a call");
}

double clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- layouts --------------------------------------------------------------------------------- */

dnnl_memory_desc_t md_plain(int rank, const dnnl_dims_t dim)
{
	dnnl_memory_desc_t md;
	dnnl_dims_t stride;
	dnnl_dim_t below = 1;
	for (int d = rank - 1; d >= 0; d--) {
		stride[d] = below;
		below *= dim[d];
	}
	if (dnnl_memory_desc_init_by_strides(&md, rank, dim, dnnl_f32, stride) != dnnl_success)
		fail(EXIT_FAILURE, "oneDNN does not take a tensor of %d dimensions", rank);
	return md;
}

dnnl_memory_desc_t md_any(int rank, const dnnl_dims_t dim)
{
	dnnl_memory_desc_t md;
	if (dnnl_memory_desc_init_by_tag(&md, rank, dim, dnnl_f32, dnnl_format_tag_any))
		fail(EXIT_FAILURE, "oneDNN does not take a tensor of %d dimensions", rank);
	return md;
}

dnnl_memory_desc_t md_plain_of(const Value *v)
{
	return md_plain(v->rank, v->dim);
}

dnnl_memory_desc_t md_query(dnnl_primitive_desc_t pd, dnnl_query_t what, int index)
{
	const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(pd, what, index);
	return md ? *md : (dnnl_memory_desc_t){0};
}

/* ---- memory ---------------------------------------------------------------------------------- */

static Mem *mem_of(Net *n, const dnnl_memory_desc_t *md, Buf *buf)
{
	Mem *m = need(sizeof *m);
	m->md = *md;
	m->buf = buf;
	check(n, dnnl_memory_create(&m->memory, md, n->engine, DNNL_MEMORY_NONE));
	m->all = n->mems;
	n->mems = m;
	return m;
}

Mem *mem_new(Net *n, const dnnl_memory_desc_t *md, bool kept)
{
	Buf *b = need(sizeof *b);
	b->bytes = dnnl_memory_desc_get_size(md);
	b->kept = kept;
	b->first = b->last = -1;
	b->next = n->bufs;
	n->bufs = b;
	return mem_of(n, md, b);
}

Mem *mem_view(Net *n, const Mem *m, const dnnl_memory_desc_t *md)
{
	return mem_of(n, md, m->buf);
}

float *mem_at(const Mem *m)
{
	return m->buf->at;
}

Mem *mem_as(Net *n, Mem *m, const dnnl_memory_desc_t *md)
{
	dnnl_primitive_desc_t pd;
	if (dnnl_memory_desc_equal(&m->md, md))
		return m;
	for (Mem *c = m->copies; c; c = c->next)
		if (dnnl_memory_desc_equal(&c->md, md))
			return c;
	Mem *copy = mem_new(n, md, false);
	n->does = "reorder";
	check(n, dnnl_reorder_primitive_desc_create(&pd, &m->md, n->engine, md, n->engine, NULL));
	Op *o = op_add(n, pd, false);
	op_arg(o, DNNL_ARG_FROM, m);
	op_arg(o, DNNL_ARG_TO, copy);
	copy->next = m->copies;
	m->copies = copy;
	return copy;
}

/* ---- operations ------------------------------------------------------------------------------ */

dnnl_primitive_desc_t pd_new(Net *n, const void *desc, dnnl_primitive_attr_t attr,
                             dnnl_primitive_desc_t hint)
{
	dnnl_primitive_desc_t pd;
	check(n, dnnl_primitive_desc_create(&pd, desc, attr, n->engine, hint));
	return pd;
}

static Op *op_new(Net *n)
{
	if (n->ops == n->room) {
		n->room = n->room ? 2 * n->room : 256;
		Op *more = realloc(n->op, (size_t)n->room * sizeof *n->op);
		if (!more)
			fail(EXIT_FAILURE, "not enough memory for %d operations", n->room);
		n->op = more;
	}
	n->op[n->ops] = (Op){.name = n->now, .does = n->does};
	return &n->op[n->ops++];
}

Op *op_add(Net *n, dnnl_primitive_desc_t pd, bool keep)
{
	Op *o = op_new(n);
	check(n, dnnl_primitive_create(&o->primitive, pd));
	if (!keep)
		dnnl_primitive_desc_destroy(pd);
	return o;
}

Op *op_plain(Net *n, void (*plain)(const Net *, const Op *), const void *what)
{
	Op *o = op_new(n);
	o->plain = plain;
	o->what = what;
	return o;
}

void op_arg(Op *o, int id, Mem *m)
{
	if (o->args == ARGS)
		fail(EXIT_UNSUPPORTED, "%s: more than %d tensors in one operation", o->name, ARGS);
	o->id[o->args] = id;
	o->mem[o->args++] = m;
}

/* ---- gradients ------------------------------------------------------------------------------- */

void gradient_add(Net *n, Value *v, Mem *m, bool own)
{
	if (!v->wanted)
		return;
	if (v->parts == PARTS)
		fail(EXIT_UNSUPPORTED, "%s: a value with more than %d users", n->now, PARTS);
	v->part[v->parts] = m;
	v->own[v->parts++] = own;
}

Mem *gradient_room(Net *n, Mem *dy, bool own, const dnnl_memory_desc_t *md)
{
	bool over = own && dnnl_memory_desc_equal(&dy->md, md);
	/* A view, because copies of what stood there before are no longer copies. */
	return over ? mem_view(n, dy, md) : mem_new(n, md, false);
}

Mem *gradient(Net *n, Value *v, bool *own)
{
	dnnl_memory_desc_t md[PARTS];
	float scale[PARTS];
	dnnl_primitive_desc_t pd;
	Mem *part[PARTS];
	int first = 0;
	if (v->parts <= 1) {
		*own = v->parts && v->own[0];
		return v->parts ? v->part[0] : NULL;
	}
	for (int i = 0; i < v->parts; i++)
		if (v->own[i] && dnnl_memory_desc_equal(&v->part[i]->md, &v->part[0]->md))
			first = i;
	const dnnl_memory_desc_t want = v->part[first]->md;
	for (int i = 0; i < v->parts; i++) {
		part[i] = mem_as(n, v->part[i], &want);
		md[i] = want;
		scale[i] = 1;
	}
	/* The sum may be written over its first operand only. */
	Mem *swap = part[0];
	part[0] = part[first];
	part[first] = swap;
	Mem *sum = gradient_room(n, part[0], v->own[first], &want);
	n->does = "sum of gradients";
	check(n, dnnl_sum_primitive_desc_create(&pd, &want, v->parts, scale, md, NULL, n->engine));
	Op *o = op_add(n, pd, false);
	for (int i = 0; i < v->parts; i++)
		op_arg(o, DNNL_ARG_MULTIPLE_SRC + i, part[i]);
	op_arg(o, DNNL_ARG_DST, sum);
	*own = true;
	return sum;
}

/* ---- placing --------------------------------------------------------------------------------- */

static void lifetimes(Net *n)
{
	for (int i = 0; i < n->ops; i++)
		for (int a = 0; a < n->op[i].args; a++) {
			Buf *b = n->op[i].mem[a]->buf;
			if (b->first < 0)
				b->first = i;
			b->last = i;
		}
	/* What the caller reads after a step must still be there. */
	for (Param *p = params_next(n, NULL); p; p = params_next(n, p))
		if (p->grad)
			p->grad->buf->last = n->ops;
	n->output->buf->last = n->ops;
}

static int larger(const void *a, const void *b)
{
	const Buf *const *x = a, *const *y = b;
	return ((*x)->bytes < (*y)->bytes) - ((*x)->bytes > (*y)->bytes);
}

static size_t rounded(size_t bytes)
{
	return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* The lowest offset at which `b` meets none of the buffers that live at the same time; `placed`
 * holds those that have their place, by ascending offset. */
static size_t lowest(Buf *const *placed, const size_t *offset, int count, const Buf *b)
{
	size_t at = 0;
	for (int i = 0; i < count; i++) {
		const Buf *o = placed[i];
		if (o->last < b->first || o->first > b->last)
			continue;
		if (at + rounded(b->bytes) <= offset[i])
			break;
		if (offset[i] + rounded(o->bytes) > at)
			at = offset[i] + rounded(o->bytes);
	}
	return at;
}

static void arena(Net *n, Buf **sorted, int count)
{
	Buf **placed = need((size_t)count * sizeof *placed);
	size_t *offset = need((size_t)count * sizeof *offset), most = 0;
	for (int i = 0; i < count; i++) {
		size_t at = lowest(placed, offset, i, sorted[i]);
		int k = i;
		for (; k > 0 && offset[k - 1] > at; k--) {
			placed[k] = placed[k - 1];
			offset[k] = offset[k - 1];
		}
		placed[k] = sorted[i];
		offset[k] = at;
		if (at + rounded(sorted[i]->bytes) > most)
			most = at + rounded(sorted[i]->bytes);
	}
	char *base = aligned_alloc(ALIGN, most + ALIGN);
	if (!base)
		fail(EXIT_FAILURE, "not enough memory for %zu bytes", most);
	memset(base, 0, most);
	for (int i = 0; i < count; i++)
		placed[i]->at = base + offset[i];
	free(placed);
	free(offset);
	(void)n;
}

void step_place(Net *n)
{
	int count = 0, total = 0;
	lifetimes(n);
	for (Buf *b = n->bufs; b; b = b->next)
		total++;
	Buf **sorted = need((size_t)total * sizeof *sorted);
	for (Buf *b = n->bufs; b; b = b->next) {
		if (!b->kept && b->first >= 0) {
			sorted[count++] = b;
			continue;
		}
		b->at = aligned_alloc(ALIGN, rounded(b->bytes) + ALIGN);
		if (!b->at)
			fail(EXIT_FAILURE, "not enough memory for %zu bytes", b->bytes);
		memset(b->at, 0, b->bytes);
	}
	qsort(sorted, (size_t)count, sizeof *sorted, larger);
	arena(n, sorted, count);
	free(sorted);
	n->now = NULL;
	n->does = "placing memory";
	for (Mem *m = n->mems; m; m = m->all)
		check(n, dnnl_memory_set_data_handle_v2(m->memory, m->buf->at, NULL));
	for (int i = 0; i < n->ops; i++)
		for (int a = 0; a < n->op[i].args; a++)
			n->op[i].arg[a] =
			        (dnnl_exec_arg_t){n->op[i].id[a], n->op[i].mem[a]->memory};
}

/* ---- executing ------------------------------------------------------------------------------- */

static void execute(const Net *n, const Op *o)
{
	if (o->plain)
		o->plain(n, o);
	else if (dnnl_primitive_execute(o->primitive, n->stream, o->args, o->arg))
		fail(EXIT_FAILURE, "%s: oneDNN could not execute %s", o->name, o->does);
}

void step_run(Net *n)
{
	for (int i = 0; i < n->ops; i++)
		execute(n, &n->op[i]);
	n->steps++;
}

void step_profile(Net *n)
{
	for (int i = 0; i < n->ops; i++) {
		double before = clock_ms();
		execute(n, &n->op[i]);
		n->op[i].ms += clock_ms() - before;
	}
	n->steps++;
}

/* Copies between the caller's row-major array and a tensor's own layout. */
static void move(Net *n, const Mem *m, const dnnl_memory_desc_t *plain, void *values, bool in)
{
	dnnl_memory_t outside;
	dnnl_primitive_desc_t pd;
	dnnl_primitive_t reorder;
	const dnnl_memory_desc_t *from = in ? plain : &m->md, *to = in ? &m->md : plain;
	n->does = "copying a tensor";
	check(n, dnnl_memory_create(&outside, plain, n->engine, values));
	check(n, dnnl_reorder_primitive_desc_create(&pd, from, n->engine, to, n->engine, NULL));
	check(n, dnnl_primitive_create(&reorder, pd));
	dnnl_exec_arg_t arg[] = {{DNNL_ARG_FROM, in ? outside : m->memory},
	                         {DNNL_ARG_TO, in ? m->memory : outside}};
	check(n, dnnl_primitive_execute(reorder, n->stream, 2, arg));
	dnnl_primitive_destroy(reorder);
	dnnl_primitive_desc_destroy(pd);
	dnnl_memory_destroy(outside);
}

void mem_put(Net *n, Mem *m, const dnnl_memory_desc_t *plain, const void *values)
{
	size_t bytes = dnnl_memory_desc_get_size(plain);
	void *copy = need(bytes);
	memcpy(copy, values, bytes);
	move(n, m, plain, copy, true);
	free(copy);
}

void mem_get(Net *n, const Mem *m, const dnnl_memory_desc_t *plain, void *values)
{
	move(n, m, plain, values, false);
}
