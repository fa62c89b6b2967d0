/* c.c: trees as C.
 *
 * In: the functions of a kernel. Out: C that reads like the formula. One recursive walk, which
 * decides nothing: what the C compiler is to know of a loop or a place is a node of the tree.
 * Loops that have nothing but another loop in them stand under each other without a brace. */
#include "c.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 100, TAB = 8 };

static const char *const scalar_text[] = {
#define OP(id, name, arity, text, d0, d1, d2, d3) text,
#include "../rows/ops.h"
#undef OP
};

static const struct {
	const char *text;
	Bind bind, left, other;
} form[] = {
#define VAL(id, text, bind, left, other) [VAL_##id] = {text, bind, left, other},
        VALS(VAL)
#undef VAL
};

static const char *const type_text[] = {
        [TYPE_INT] = "int",       [TYPE_TEST] = "int",     [TYPE_REAL] = "nn_real",
        [TYPE_VECTOR] = "nn_v",   [TYPE_BYTE] = "uint8_t", [TYPE_BYTES] = "nn_b",
        [TYPE_DOUBLE] = "double", [TYPE_KEY] = "uint32_t", [TYPE_SPAN] = "nn_span",
        [TYPE_POINTER] = "nn_v *"};

/* ---- values --------------------------------------------------------------------------------- */

static void put_val(Text *o, const Val *v, Bind need);

const char *c_number(double x)
{
	const char *s = "";

	for (int digits = 6; digits <= 17; digits++) {
		s = format("%.*g", digits, x);
		double back = strtod(s, NULL);
		if (back >= x && back <= x)
			break;
	}
	return s;
}

static void put_number(Text *o, const Val *v)
{
	double x = v->number;

	if (v->op == VAL_INT)
		put_part(o, "%lld", (long long)x);
	else if (isinf(x))
		put_text(o, x > 0 ? "INFINITY" : "-INFINITY");
	else if (v->type == TYPE_DOUBLE)
		put_text(o, c_number(x));
	else if (x >= -1e6 && x <= 1e6 && x >= (double)(int)x && x <= (double)(int)x)
		put_part(o, "%.9g", x); /* a whole number: exact in any type */
	else
		put_part(o, "(nn_real)%s", c_number(x));
}

/* The text of an operator, $1 to $4 replaced. */
static void put_form(Text *o, const Val *v, const char *text, Bind left, Bind other)
{
	for (const char *c = text; *c;) {
		size_t n = strcspn(c, "$");
		put_bytes(o, c, n);
		c += n;
		if (*c != '$')
			return;
		int i = c[1] - '1';
		put_val(o, v->arg[i], i ? other : left);
		c += 2;
	}
}

static Bind bind_of(const Val *v)
{
	if (v->op == VAL_INT || v->op == VAL_NUMBER)
		return v->number < 0 || (v->op == VAL_NUMBER && v->type != TYPE_DOUBLE) ? BIND_UNARY
		                                                                        : BIND_ATOM;
	return v->op > VAL_OPERATOR ? form[v->op].bind : BIND_ATOM;
}

static void put_val(Text *o, const Val *v, Bind need)
{
	assert(v);
	bool open = bind_of(v) < need;

	put_text(o, open ? "(" : "");
	switch (v->op) {
	case VAL_INT:
	case VAL_NUMBER:
		put_number(o, v);
		break;
	case VAL_NAME:
		put_text(o, v->name);
		break;
	case VAL_PLACE:
		put_text(o, v->name);
		for (int i = 0; i < v->n; i++) {
			put_text(o, "[");
			put_val(o, v->arg[i], BIND_ANY);
			put_text(o, "]");
		}
		break;
	case VAL_OPERATOR:
		put_form(o, v, scalar_text[v->scalar], BIND_ANY, BIND_ANY);
		break;
	default:
		put_form(o, v, form[v->op].text, form[v->op].left, form[v->op].other);
	}
	put_text(o, open ? ")" : "");
}

const char *c_value(const Val *v)
{
	Text o = {.s = NULL};

	put_val(&o, v, BIND_ANY);
	return o.s;
}

/* ---- statements ----------------------------------------------------------------------------- */

static void put_list(Text *o, const Node *n, const char *name);

static const Node *only_child(const Node *list)
{
	while (list && !list->next && list->kind == NODE_BLOCK)
		list = list->body;
	return list && !list->next ? list : NULL;
}

/* Does n need no braces behind a loop or a test? */
static bool is_line(const Node *n)
{
	if (n->kind == NODE_IF)
		return !n->other && only_child(n->body) && is_line(only_child(n->body));
	return n->kind != NODE_FOR && n->kind != NODE_BLOCK && n->kind != NODE_LET &&
	       n->kind != NODE_ARRAY;
}

/* `head` and the statements that belong to it. Behind the last of several bodies nothing follows on
 * the line of the brace. Returns whether that brace is open for what follows. */
static void put_body(Text *o, const char *head, const Node *body, const char *name, bool more)
{
	const Node *one = only_child(body);

	if (one && one->kind == NODE_FOR && !more) {
		put_code(o, "%s", head);
		put_list(o, one, name);
	} else if (one && is_line(one) && !more) {
		put_code(o, "%s", head);
		o->depth++;
		put_list(o, one, name);
		o->depth--;
	} else {
		put_code(o, "%s {", head);
		o->depth++;
		while (body && !body->next && body->kind == NODE_BLOCK)
			body = body->body;
		put_list(o, body, name);
		o->depth--;
		if (!more)
			put_line(o, "}");
	}
}

static void put_test(Text *o, const Node *n, const char *name)
{
	const char *head = format("if (%s)", c_value(n->a));

	put_body(o, head, n->body, name, n->other != NULL);
	while (n->other) {
		const Node *next = n->other;
		if (!next->next && next->kind == NODE_IF && next->other) {
			put_body(o, format("} else if (%s)", c_value(next->a)), next->body, name,
			         true);
			n = next;
			continue;
		}
		put_line(o, "} else {");
		o->depth++;
		while (next && !next->next && next->kind == NODE_BLOCK)
			next = next->body;
		put_list(o, next, name);
		o->depth--;
		put_line(o, "}");
		return;
	}
}

static void put_loop(Text *o, const Node *n, const char *name)
{
	static const char *const how[] = {"", "NN_UNROLL ", "NN_NO_UNROLL "};
	const char *v = n->name, *step = c_value(n->c), *to = c_value(n->b);
	const char *from = n->goes_on ? "" : format("int %s = %s", v, c_value(n->a));
	const char *while_ =
	        n->whole ? format("%s + %s <= %s", v, step, to) : format("%s < %s", v, to);
	const char *next = val_is(n->c, 1) ? format("%s++", v) : format("%s += %s", v, step);

	put_body(o, format("%sfor (%s; %s; %s)", how[n->how], from, while_, next), n->body, name,
	         false);
}

static void put_call(Text *o, const Node *n, const char *name)
{
	const char *s = n->callee->task ? "t" : "";

	for (int i = 0; i < n->n; i++)
		s = format("%s%s%s", s, *s ? ", " : "", c_value(n->arg[i]));
	put_code(o, "%s%s(%s);", name, n->callee->suffix, s);
}

static const char *array_text(const Node *n)
{
	const char *s = format("%s %s", type_text[n->type], n->name);

	for (int i = 0; i < n->n; i++)
		s = format("%s[%d]", s, n->dim[i]);
	return s;
}

static void put_declaration(Text *o, const Node *n)
{
	if (n->kind == NODE_ARRAY)
		put_code(o, n->zero ? "%s = {0};" : "%s;", array_text(n));
	else if (n->a)
		put_code(o, "%s%s %s = %s;", n->fixed ? "const " : "", type_text[n->type], n->name,
		         c_value(n->a));
	else
		put_code(o, "%s %s;", type_text[n->type], n->name);
}

static void put_node(Text *o, const Node *n, const char *name)
{
	const char *a = n->a ? c_value(n->a) : "", *b = n->b ? c_value(n->b) : "";

	switch (n->kind) {
	case NODE_BLOCK:
		put_line(o, "{");
		o->depth++;
		put_list(o, n->body, name);
		o->depth--;
		put_line(o, "}");
		break;
	case NODE_FOR:
		put_loop(o, n, name);
		break;
	case NODE_IF:
		put_test(o, n, name);
		break;
	case NODE_LET:
	case NODE_ARRAY:
		put_declaration(o, n);
		break;
	case NODE_SET:
		put_code(o, "%s = %s;", a, b);
		break;
	case NODE_ADD:
		put_code(o, "%s += %s;", a, b);
		break;
	case NODE_STREAM:
		put_code(o, "NN_STREAM(%s, %s);", a, b);
		break;
	case NODE_CALL:
		put_call(o, n, name);
		break;
	case NODE_SUM_EACH:
		put_code(o, "nn_sum_each(&%s, &%s, %s);", a, b, c_value(n->c));
		break;
	case NODE_SUMS:
		put_code(o, "nn_sums(%s, 1, (const nn_v *)%s, %s);", a, b, c_value(n->c));
		break;
	case NODE_PREFETCH:
		if (n->b)
			put_code(o, "NN_AHEAD(%s, %s, %d);", a, b, n->write);
		else
			put_code(o, "NN_FETCH(%s, %d);", a, n->write);
		break;
	case NODE_FENCE:
		put_line(o, "NN_SETTLE;");
		break;
	case NODE_STEP:
		put_line(o, "NN_STEP;");
		break;
	case NODE_AGAIN:
		put_code(o, "NN_AGAIN(%s);", n->name);
		break;
	case NODE_LEAVE:
		put_line(o, "return;");
		break;
	}
}

static void put_list(Text *o, const Node *n, const char *name)
{
	for (; n; n = n->next)
		put_node(o, n, name);
}

/* ---- functions ------------------------------------------------------------------------------ */

/* Dimensions of a tensor behind the first, as its memory has them. */
static const char *inner_dims(const Tensor *t)
{
	const char *s = "";

	for (int d = t->scratch + 1; d < t->rank; d++)
		s = format("%s[%d]", s, t->mem[d]);
	return s;
}

const char *c_cast(const Formal *p)
{
	if (p->row)
		return "(nn_v *)";
	return p->tensor->whole ? format("(%s (*)%s)", type_text[p->type], inner_dims(p->tensor))
	                        : "";
}

static const char *param_text(const Formal *p)
{
	const char *type = format("%s%s", p->fixed ? "const " : "", type_text[p->type]);

	if (!p->tensor)
		return format("%s %s", type, p->name);
	return format("%s %s[restrict]%s", type, p->name, p->row ? "" : inner_dims(p->tensor));
}

/* Tensors stand on a line each, numbers on as few as they need. */
const char *c_head(const Function *f, const char *name)
{
	static const char *const kind[] = {"NN_KERNEL", "static", "NN_INLINE"};
	const char *s = format("%s void %s%s(%s", kind[f->kind], name, f->suffix,
	                       f->task ? "const nn_task *t" : "");
	const char *line = NULL; /* of numbers */

	for (int i = 0; i < f->nparam; i++) {
		const Formal *p = &f->param[i];
		const char *text = param_text(p), *gap = i || f->task ? ",\n\t\t" : "";
		if (!p->tensor && line && strlen(line) + strlen(text) < COLUMNS - 3 * TAB) {
			gap = ", ";
			line = format("%s, %s", line, text);
		} else {
			line = p->tensor ? NULL : text;
		}
		s = format("%s%s%s", s, gap, text);
	}
	return format(f->task || f->nparam ? "%s)" : "%svoid)", s);
}

const char *c_functions(const Tree *t, const char *name)
{
	Text o = {.depth = 0};

	for (const Function *f = t->first; f; f = f->next) {
		put_text(&o, format("%s\n", c_head(f, name)));
		put_line(&o, "{");
		o.depth++;
		put_list(&o, f->body, name);
		o.depth--;
		put_line(&o, f->next ? "}\n" : "}");
	}
	return o.s;
}
