/* verify.c: what must hold after each pass; a breach is our bug and ends the program.
 *
 * Checked by the letter of the pass: every tensor is read only after it was written, has one
 * writer (parts of one gradient and updates in place excepted), indices have the rank of their
 * tensor and use axes of their equation (e, g, r); every equation is in one kernel, in an order
 * in which inputs come first, and updates come after the last reader (f); tensors alive in one
 * interval do not overlap, and all lie inside the arena (p); tiles fit the registers (s). */
#include "opt.h"

#include <stdlib.h>
#include <string.h>

static _Noreturn void broken(char letter, const char *what, const char *name)
{
	fatal(70, "after pass '%c': %s (%s); please report this", letter, what, name);
}

typedef struct Check {
	char letter;
	const Eqn *q;
	const bool *written; /* by tensor id                                                */
} Check;

static bool own_axis(const Eqn *q, const Axis *a)
{
	for (int i = 0; i < q->naxis; i++)
		if (q->axis[i] == a)
			return true;
	return false;
}

static void check_index(const Check *c, const Affine *a, const char *name)
{
	for (int i = 0; i < a->n; i++)
		if (!own_axis(c->q, a->term[i].axis))
			broken(c->letter, "an index uses an axis of another equation", name);
}

static void check_expr(Expr *e, void *ctx)
{
	const Check *c = ctx;

	if (e->op == OP_FOLD)
		broken(c->letter, "an inner fold is left", c->q->out->cname);
	if (e->op != OP_READ)
		return;
	if (e->n != e->tensor->rank)
		broken(c->letter, "a read has the wrong rank", e->tensor->cname);
	for (int d = 0; d < e->n; d++)
		check_index(c, &e->index[d], e->tensor->cname);
	if (!c->written[e->tensor->id])
		broken(c->letter, "a tensor is read before it is written", e->tensor->cname);
}

static bool given(const Tensor *t)
{
	return t->role == ROLE_INPUT || t->role == ROLE_TARGET || t->role == ROLE_PARAM ||
	       t->role == ROLE_FROZEN || t->role == ROLE_RUNNING || t->role == ROLE_STATE ||
	       t->role == ROLE_CLASS_WEIGHT || t->role == ROLE_OTHER || t->role == ROLE_SHARE;
}

static void check_eqn(const Prog *p, char letter, const Eqn *q, bool *written)
{
	Check c = {letter, q, written};

	if (q->nfree > q->naxis || (q->fold != FOLD_NONE) != (q->naxis > q->nfree))
		broken(letter, "folded axes and fold disagree", q->out->cname);
	expr_each(q->rhs, check_expr, &c);
	for (int d = 0; d < q->out->rank; d++)
		check_index(&c, &q->index[d], q->out->cname);
	for (int i = 0; i < q->nfree; i++) {
		bool used = false;
		for (int d = 0; d < q->out->rank; d++)
			used |= affine_coef(&q->index[d], q->axis[i]) != 0;
		if (!used)
			broken(letter, "a free axis is not in the output", q->out->cname);
	}
	if (q->out->id >= p->ntensor ||
	    p->tensor[q->out->id] != (q->out->whole ? q->out->whole : q->out))
		broken(letter, "a tensor is not of this program", q->out->cname);
	written[q->out->id] = true;
	if (q->arg)
		written[q->arg->id] = true;
}

static int by_place(const void *x, const void *y)
{
	const Eqn *a = *(const Eqn *const *)x, *b = *(const Eqn *const *)y;
	bool eval = a->phase == PHASE_EVAL, other = b->phase == PHASE_EVAL;

	if (a->out != b->out)
		return a->out->id - b->out->id;
	if (eval != other)
		return eval - other;
	for (int d = 0; d < a->out->rank; d++)
		if (a->index[d].c != b->index[d].c)
			return a->index[d].c < b->index[d].c ? -1 : 1;
	return 0;
}

/* Two equations may write one tensor only in different places. */
static void check_writers(const Prog *p, char letter)
{
	const Eqn **list = NULL;
	int n = 0;

	for (const Eqn *q = p->first; q; q = q->next)
		if (!q->update) {
			list = grow(list, n, sizeof(Eqn *));
			list[n++] = q;
		}
	if (n)
		qsort(list, (size_t)n, sizeof(Eqn *), by_place);
	for (int i = 1; i < n; i++)
		if (by_place(&list[i - 1], &list[i]) == 0)
			broken(letter, "a tensor has two writers", list[i]->out->cname);
}

static void check_equations(const Prog *p, char letter)
{
	bool *written = alloc((size_t)p->ntensor);

	for (int i = 0; i < p->ntensor; i++)
		written[i] = given(p->tensor[i]);
	for (const Eqn *q = p->first; q; q = q->next)
		check_eqn(p, letter, q, written);
	check_writers(p, letter);
}

static void check_kernels(const Prog *p, char letter)
{
	bool *written = alloc((size_t)p->ntensor);

	for (int i = 0; i < p->ntensor; i++)
		written[i] = given(p->tensor[i]);
	for (int i = 0; i < p->nkernel; i++)
		for (int j = 0; j < p->kernel[i]->neqn; j++) {
			const Eqn *q = p->kernel[i]->eqn[j];
			if (q->group != i)
				broken(letter, "an equation is not of its kernel", q->out->cname);
			check_eqn(p, letter, q, written);
		}
}

static int64_t end_of(const Prog *p, const Tensor *t)
{
	int real = p->plain || options.real_double ? 8 : 4;

	return t->offset + t->elems * (t->bytes8 ? 1 : real);
}

static int by_offset(const void *x, const void *y)
{
	const Tensor *a = *(const Tensor *const *)x, *b = *(const Tensor *const *)y;

	return a->offset < b->offset ? -1 : a->offset > b->offset ? 1 : a->id - b->id;
}

static int by_first(const void *x, const void *y)
{
	const Tensor *a = *(const Tensor *const *)x, *b = *(const Tensor *const *)y;

	return a->first != b->first ? (a->first < b->first ? -1 : 1) : a->id - b->id;
}

static int by_last(const void *x, const void *y)
{
	const Tensor *a = *(const Tensor *const *)x, *b = *(const Tensor *const *)y;

	return a->last != b->last ? (a->last < b->last ? -1 : 1) : a->id - b->id;
}

/* A set of places 0 .. n-1, as bits: which of them is the nearest one? */
typedef struct Places {
	uint64_t *bits;
	int words;
} Places;

/* The largest member below i, or -1. */
static int member_below(const Places *s, int i)
{
	uint64_t bits = s->bits[i / 64] & ((1ull << i % 64) - 1);
	int w = i / 64;

	while (!bits && w > 0)
		bits = s->bits[--w];
	return bits ? 64 * w + 63 - __builtin_clzll(bits) : -1;
}

/* The smallest member above i, or -1. */
static int member_above(const Places *s, int i)
{
	uint64_t bits = s->bits[i / 64] & ~(1ull << i % 64) & ~((1ull << i % 64) - 1);
	int w = i / 64;

	while (!bits && w + 1 < s->words)
		bits = s->bits[++w];
	return bits ? 64 * w + __builtin_ctzll(bits) : -1;
}

static _Noreturn void overlap(char letter, const Tensor *a, const Tensor *b)
{
	broken(letter, "two live tensors overlap", format("%s, %s", a->cname, b->cname));
}

/* Tensors begin and end to live in the order of the intervals; among those alive, in the order of
 * their offsets, neighbours must not overlap. */
static void check_lifetimes(const Prog *p, char letter, Tensor **list, int n)
{
	size_t bytes = sizeof(Tensor *) * (size_t)n;
	Tensor **first = memcpy(alloc(bytes), list, bytes),
	       **last = memcpy(alloc(bytes), list, bytes);
	Places alive = {alloc(sizeof(uint64_t) * (size_t)(n / 64 + 1)), n / 64 + 1};
	int *place = alloc(sizeof *place * (size_t)p->ntensor), gone = 0;

	qsort(list, (size_t)n, sizeof(Tensor *), by_offset);
	for (int i = 0; i < n; i++)
		place[list[i]->id] = i;
	qsort(first, (size_t)n, sizeof(Tensor *), by_first);
	qsort(last, (size_t)n, sizeof(Tensor *), by_last);
	for (int i = 0; i < n; i++) {
		const Tensor *t = first[i];
		for (; last[gone]->last < t->first; gone++)
			alive.bits[place[last[gone]->id] / 64] &=
			        ~(1ull << place[last[gone]->id] % 64);
		int at = place[t->id], below = member_below(&alive, at),
		    above = member_above(&alive, at);
		if (below >= 0 && end_of(p, list[below]) > t->offset)
			overlap(letter, list[below], t);
		if (above >= 0 && end_of(p, t) > list[above]->offset)
			overlap(letter, t, list[above]);
		alive.bits[at / 64] |= 1ull << at % 64;
	}
}

static void check_plan(const Prog *p, char letter)
{
	Tensor **list = NULL;
	int n = 0;

	for (int i = 0; i < p->ntensor; i++) {
		Tensor *t = p->tensor[i];
		if (t->offset < 0)
			continue;
		if (end_of(p, t) > p->arena || t->offset % 64)
			broken(letter, "a tensor is outside the arena or not aligned", t->cname);
		if (t->elems > 0 && t->first >= 0 && t->first <= t->last) {
			list = grow(list, n, sizeof(Tensor *));
			list[n++] = t;
		}
	}
	if (n)
		check_lifetimes(p, letter, list, n);
}

static void check_schedule(const Prog *p, char letter)
{
	for (int i = 0; i < p->nkernel; i++) {
		int tile = 1;
		for (int l = 0; l < p->kernel[i]->nloop; l++)
			tile *= p->kernel[i]->loop[l].tile;
		if (tile > p->target.registers && tile > 1)
			broken(letter, "a tile needs more registers than there are",
			       p->kernel[i]->eqn[0]->out->cname);
	}
}

void verify(const Prog *p, char letter)
{
	if (strchr("egr", letter))
		check_equations(p, letter);
	if (strchr("flpks", letter))
		check_kernels(p, letter);
	if (strchr("pks", letter))
		check_plan(p, letter);
	if (letter == 's')
		check_schedule(p, letter);
}
