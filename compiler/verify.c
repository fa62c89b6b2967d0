/* verify.c: what must hold after each pass; a breach is our bug and ends the program.
 *
 * Checked by the letter of the pass: every tensor is read only after it was written, has one
 * writer (parts of one gradient and updates in place excepted), indices have the rank of their
 * tensor and use axes of their equation (e, g, r); every equation is in one kernel, in an order
 * in which inputs come first, and updates come after the last reader (f); tensors alive in one
 * interval do not overlap, and all lie inside the arena (p); tiles fit the registers (s). */
#include "ir.h"

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

/* Two equations may write one tensor only in different places. */
static void check_writers(const Prog *p, char letter)
{
	for (const Eqn *a = p->first; a; a = a->next)
		for (const Eqn *b = a->next; b; b = b->next) {
			bool apart = (a->phase == PHASE_EVAL) != (b->phase == PHASE_EVAL) ||
			             a->update || b->update;
			for (int d = 0; d < a->out->rank && a->out == b->out; d++)
				apart |= a->index[d].c != b->index[d].c;
			if (a->out == b->out && !apart)
				broken(letter, "a tensor has two writers", a->out->cname);
		}
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

static void check_plan(const Prog *p, char letter)
{
	int real = p->plain || options.real_double ? 8 : 4;

	for (int i = 0; i < p->ntensor; i++) {
		const Tensor *a = p->tensor[i];
		int64_t end = a->offset + a->elems * (a->bytes8 ? 1 : real);
		if (a->offset < 0)
			continue;
		if (end > p->arena || a->offset % 64)
			broken(letter, "a tensor is outside the arena or not aligned", a->cname);
		for (int j = 0; j < i; j++) {
			const Tensor *b = p->tensor[j];
			int64_t bend = b->offset + b->elems * (b->bytes8 ? 1 : real);
			bool alive = a->first <= b->last && b->first <= a->last;
			if (b->offset >= 0 && alive && a->offset < bend && b->offset < end)
				broken(letter, "two live tensors overlap",
				       format("%s, %s", a->cname, b->cname));
		}
	}
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
