/* parse_index.c: words, axes and indices of formulas.
 *
 * In: text like [n,c,i*sh+r-pt,j*sw+s-pl] in a Scope. Out: affine indices. One lower-case letter is
 * an axis; its extent is the dimension where it stands alone, or what Row.axes says; an axis of one
 * value is the number 0. [...] stands for all axes of the scope's `like` tensor, c... for all but
 * the batch, @ for those after the channel. */
#include "parse.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void bad(const Parser *p, const char *what)
{
	fatal(70, "formula '%s': %s at '%.20s'; please report this", p->text, what, p->at);
}

void blanks(Parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

bool accept(Parser *p, const char *s)
{
	blanks(p);
	size_t n = strlen(s);
	if (strncmp(p->at, s, n) != 0)
		return false;
	p->at += n;
	return true;
}

void expect(Parser *p, const char *s)
{
	if (!accept(p, s))
		bad(p, format("expected '%s'", s));
}

const char *word(Parser *p)
{
	blanks(p);
	const char *from = p->at;
	if (!isalpha((unsigned char)*from))
		return NULL;
	while (isalnum((unsigned char)*p->at) || *p->at == '_')
		p->at++;
	return copy_bytes(from, (size_t)(p->at - from));
}

bool number_named(const Scope *s, const char *name, double *v)
{
	for (int i = 0; i < s->nvar; i++)
		if (!strcmp(s->var[i].name, name)) {
			*v = s->var[i].value;
			return true;
		}
	return false;
}

/* ---- axes ----------------------------------------------------------------------------------- */

/* "g:groups k:filters/groups" */
static int declared_extent(const Scope *s, const char *name)
{
	double v = 0;

	for (const char *a = s->axes; a && *a; a += strcspn(a, " "), a += *a == ' ') {
		size_t n = strcspn(a, ":");
		if (n != strlen(name) || strncmp(a, name, n) != 0)
			continue;
		const char *sum = copy_bytes(a + n + 1, strcspn(a + n + 1, " "));
		if (!arithmetic(sum, s->var, s->nvar, true, &v))
			fatal(70, "axis '%s' of a row has no extent; please report this", name);
		return (int)v;
	}
	return 0;
}

Axis *axis_named(Parser *p, const char *name)
{
	for (int i = 0; i < p->naxis; i++)
		if (!strcmp(p->axis[i]->name, name))
			return p->axis[i];
	assert(p->naxis < MAX_LETTERS);
	Axis *a = axis_new(name, declared_extent(p->s, name));
	if (!strcmp(name, "n")) {
		a->batch = true;
		a->extent = p->s->prog->model->batch;
	}
	return p->axis[p->naxis++] = a;
}

/* An axis of one value needs no loop: it is the number 0. */
static Affine axis_index(Axis *a)
{
	return a->extent == 1 && !a->batch ? affine(0) : affine_axis(a);
}

/* The axes of `like` from dimension d on: n c h w for activations, k c r s for parameters. Where
 * the indexed tensor has one element (a [c,1,1] operand) it is read for all of them. */
void pack(Parser *p, int d, const Tensor *of, Index *out)
{
	const Tensor *t = p->s->like;
	const char *letters = t->batched ? "nchwuv" : "kcrsuv";

	for (; d < t->rank; d++) {
		Axis *a = axis_named(p, copy_bytes(letters + d, 1));
		a->extent = t->dim[d];
		bool one = of && of->rank == t->rank && of->dim[d] == 1 && !a->batch;
		out->at[out->n++] = one ? affine(0) : axis_index(a);
	}
}

/* ---- indices -------------------------------------------------------------------------------- */

static Affine index_factor(Parser *p)
{
	if (accept(p, "(")) {
		Affine a = index_sum(p);
		expect(p, ")");
		return a;
	}
	blanks(p);
	if (isdigit((unsigned char)*p->at)) {
		char *end;
		long v = strtol(p->at, &end, 10);
		p->at = end;
		return affine((int)v);
	}
	const char *name = word(p);
	double v;
	if (!name)
		bad(p, "expected an index");
	if (number_named(p->s, name, &v))
		return affine((int)v);
	if (strlen(name) != 1 || !islower((unsigned char)*name))
		bad(p, format("unknown name '%s' in an index before", name));
	return axis_index(axis_named(p, name));
}

static Affine index_product(Parser *p)
{
	Affine a = index_factor(p);

	for (;;) {
		if (accept(p, "*")) {
			Affine b = index_factor(p);
			if (a.n && b.n)
				bad(p, "index not affine before");
			a = b.n ? affine_scale(b, a.c) : affine_scale(a, b.c);
		} else if (accept(p, "/")) {
			Affine b = index_factor(p);
			if (a.n || b.n || b.c == 0 || a.c % b.c)
				bad(p, "index not whole before");
			a = affine(a.c / b.c);
		} else {
			return a;
		}
	}
}

Affine index_sum(Parser *p)
{
	Affine a = accept(p, "-") ? affine_scale(index_product(p), -1) : index_product(p);

	for (;;) {
		if (accept(p, "+"))
			a = affine_add(a, index_product(p), 1);
		else if (accept(p, "-"))
			a = affine_add(a, index_product(p), -1);
		else
			return a;
	}
}

/* One entry of an index list: "k", "i*sh+r-pt", "c...", "...", "@". `t` may be NULL (not known). */
void index_entry(Parser *p, const Tensor *t, Index *out)
{
	const Tensor *like = p->s->like;

	blanks(p);
	if (accept(p, "...")) {
		pack(p, 0, t, out);
		return;
	}
	if (accept(p, "@")) {
		if (!p->s->flat)
			pack(p, like->batched ? 2 : 1, t, out);
		return;
	}
	if (!strncmp(p->at, "c...", 4) ||
	    (p->s->flat && *p->at == 'c' && !isalnum((unsigned char)p->at[1]))) {
		p->at += strncmp(p->at, "c...", 4) ? 1 : 4;
		pack(p, like->batched ? 1 : 0, NULL, out);
		return;
	}
	bool alone = islower((unsigned char)p->at[0]) && strchr(",]", p->at[1]);
	if (alone && t && out->n < t->rank) {
		Axis *a = axis_named(p, copy_bytes(p->at, 1));
		if (a->extent == 0)
			a->extent = t->dim[out->n];
	}
	out->at[out->n++] = index_sum(p);
}

Index index_list(Parser *p, const Tensor *t)
{
	Index x = {.n = 0};

	expect(p, "[");
	do
		index_entry(p, t, &x);
	while (accept(p, ","));
	expect(p, "]");
	if (t && !p->dry && x.n != t->rank)
		bad(p, format("%s has %d axes", t->cname, t->rank));
	return x;
}

/* Where an element lies in row-major order over the axes of an index list. */
Affine ordinal(const Index *x, const int *dim)
{
	Affine a = affine(0);

	for (int d = 0; d < x->n; d++)
		a = affine_add(affine_scale(a, dim[d]), x->at[d], 1);
	return a;
}
