/* tree.c: values and questions about trees. */
#include <string.h>

#include "tree.h"

static Val *new_val(ValOp op, Type type, int n)
{
	Val *v = alloc(sizeof *v + sizeof *v->arg * (size_t)n);

	v->op = op;
	v->type = type;
	v->n = n;
	return v;
}

const Val *val_int(int64_t n)
{
	Val *v = new_val(VAL_INT, TYPE_INT, 0);

	v->number = (double)n;
	return v;
}

const Val *val_number(double x, Type type)
{
	Val *v = new_val(VAL_NUMBER, type, 0);

	v->number = x;
	return v;
}

const Val *val_name(const char *name, Type type)
{
	Val *v = new_val(VAL_NAME, type, 0);

	v->name = name;
	return v;
}

/* Sums are added from the left: a + (b + c) is (a + b) + c, and -(a * b) is -a * b. That is the
 * order in which every program is rounded, so it is part of what the tree says. */
static const Val *in_order(ValOp op, Type type, const Val *a, const Val *b)
{
	if (op == VAL_ADD && b && (b->op == VAL_ADD || b->op == VAL_SUB) && b->type != TYPE_POINTER)
		return val(b->op, type, val(op, type, a, b->arg[0], NULL, NULL), b->arg[1], NULL,
		           NULL);
	if (op == VAL_NEG && (a->op == VAL_MUL || a->op == VAL_DIV))
		return val(a->op, type, val(op, a->arg[0]->type, a->arg[0], NULL, NULL, NULL),
		           a->arg[1], NULL, NULL);
	return NULL;
}

const Val *val(ValOp op, Type type, const Val *a, const Val *b, const Val *c, const Val *d)
{
	const Val *arg[] = {a, b, c, d}, *ordered = in_order(op, type, a, b);
	int n = 0;

	if (ordered)
		return ordered;
	while (n < 4 && arg[n])
		n++;
	Val *v = new_val(op, type, n);
	memcpy(v->arg, arg, sizeof *arg * (size_t)n);
	return v;
}

const Val *val_operator(Op op, Type type, const Val *const *arg, int n)
{
	static const ValOp infix[] = {[OP_ADD] = VAL_ADD,
	                              [OP_SUB] = VAL_SUB,
	                              [OP_MUL] = VAL_MUL,
	                              [OP_DIV] = VAL_DIV,
	                              [OP_NEG] = VAL_NEG};

	if (op <= OP_NEG)
		return val(infix[op], type, arg[0], n > 1 ? arg[1] : NULL, NULL, NULL);
	Val *v = new_val(VAL_OPERATOR, type, n);
	v->scalar = op;
	memcpy(v->arg, arg, sizeof *arg * (size_t)n);
	return v;
}

const Val *val_place(const char *name, const Tensor *t, Type type, const Val *const *index, int n)
{
	Val *v = new_val(VAL_PLACE, type, n);

	v->name = name;
	v->tensor = t;
	if (n)
		memcpy(v->arg, index, sizeof *index * (size_t)n);
	return v;
}

const Val *val_and(const Val *a, const Val *b)
{
	return !a ? b : !b ? a : val(VAL_AND, TYPE_TEST, a, b, NULL, NULL);
}

bool val_same(const Val *a, const Val *b)
{
	if (a == b)
		return true;
	if (a->op != b->op || a->type != b->type || a->scalar != b->scalar || a->n != b->n ||
	    a->tensor != b->tensor || a->number < b->number || a->number > b->number)
		return false;
	if ((a->name || b->name) && (!a->name || !b->name || strcmp(a->name, b->name) != 0))
		return false;
	for (int i = 0; i < a->n; i++)
		if (!val_same(a->arg[i], b->arg[i]))
			return false;
	return true;
}

bool val_is(const Val *v, int64_t n)
{
	return v->op == VAL_INT && (int64_t)v->number == n;
}

bool val_mentions(const Val *v, const char *name)
{
	if (!v)
		return false;
	if (v->name && !strcmp(v->name, name))
		return true;
	for (int i = 0; i < v->n; i++)
		if (val_mentions(v->arg[i], name))
			return true;
	return false;
}

bool tree_mentions(const Node *n, const char *name)
{
	for (; n; n = n->next) {
		if (val_mentions(n->a, name) || val_mentions(n->b, name) ||
		    val_mentions(n->c, name) || tree_mentions(n->body, name) ||
		    tree_mentions(n->other, name))
			return true;
		for (int i = 0; n->kind == NODE_CALL && i < n->n; i++)
			if (val_mentions(n->arg[i], name))
				return true;
		if ((n->kind == NODE_AGAIN || (n->kind == NODE_FOR && n->goes_on)) &&
		    !strcmp(n->name, name))
			return true;
	}
	return false;
}

static bool val_needs_task(const Val *v)
{
	if (!v)
		return false;
	if (v->op == VAL_SHARE || v->op == VAL_LIVE || v->op == VAL_THREAD || v->op == VAL_STEP ||
	    v->op == VAL_HYPER || v->op == VAL_KEY)
		return true;
	for (int i = 0; i < v->n; i++)
		if (val_needs_task(v->arg[i]))
			return true;
	return false;
}

bool tree_needs_task(const Node *n)
{
	for (; n; n = n->next)
		if ((n->callee && n->callee->task) || val_needs_task(n->a) ||
		    val_needs_task(n->b) || val_needs_task(n->c) || tree_needs_task(n->body) ||
		    tree_needs_task(n->other))
			return true;
	return false;
}
