/* tree.c: trees as the dumps of k and s show them.
 *
 * In: the functions of a kernel. Out: one node a line, what is in it further to the right; values
 * and places as in C. */
#include "c.h"
#include "text.h"

static const char *const type_name[] = {
        [TYPE_INT] = "int",        [TYPE_TEST] = "test", [TYPE_REAL] = "real",
        [TYPE_VECTOR] = "vector",  [TYPE_BYTE] = "byte", [TYPE_BYTES] = "bytes",
        [TYPE_DOUBLE] = "double",  [TYPE_KEY] = "key",   [TYPE_SPAN] = "span",
        [TYPE_POINTER] = "pointer"};

static void show_list(Text *o, const Node *n);

static void show_body(Text *o, const Node *body)
{
	o->depth++;
	show_list(o, body);
	o->depth--;
}

static void show_loop(Text *o, const Node *n)
{
	static const char *const how[] = {"", ", unrolled", ", never unrolled"};
	const char *from = n->goes_on ? n->name : c_value(n->a);
	const char *step = val_is(n->c, 1) ? "" : format(" step %s", c_value(n->c));

	put_line(o, "for %s = %s .. %s%s%s%s", n->name, from, c_value(n->b), step,
	         n->whole ? " while whole" : "", how[n->how]);
	show_body(o, n->body);
}

static void show_declaration(Text *o, const Node *n)
{
	const char *s = format("%s %s", type_name[n->type], n->name);

	for (int i = 0; n->kind == NODE_ARRAY && i < n->n; i++)
		s = format("%s[%d]", s, n->dim[i]);
	put_line(o, "%s%s%s", s, n->a ? format(" = %s", c_value(n->a)) : "", n->zero ? " = 0" : "");
}

static void show_call(Text *o, const Node *n)
{
	const char *s = "";

	for (int i = 0; i < n->n; i++)
		s = format("%s%s%s", s, i ? ", " : "", c_value(n->arg[i]));
	put_line(o, "call %s(%s)", n->callee->suffix, s);
}

static void show_node(Text *o, const Node *n)
{
	const char *a = n->a ? c_value(n->a) : "", *b = n->b ? c_value(n->b) : "";

	switch (n->kind) {
	case NODE_BLOCK:
		put_line(o, "block");
		show_body(o, n->body);
		break;
	case NODE_FOR:
		show_loop(o, n);
		break;
	case NODE_IF:
		put_line(o, "if %s", a);
		show_body(o, n->body);
		if (n->other)
			put_line(o, "else");
		show_body(o, n->other);
		break;
	case NODE_LET:
	case NODE_ARRAY:
		show_declaration(o, n);
		break;
	case NODE_SET:
		put_line(o, "%s = %s", a, b);
		break;
	case NODE_ADD:
		put_line(o, "%s += %s", a, b);
		break;
	case NODE_STREAM:
		put_line(o, "%s = %s, non-temporal", a, b);
		break;
	case NODE_CALL:
		show_call(o, n);
		break;
	case NODE_SUM_EACH:
		put_line(o, "%s = sum of each of %s vectors from %s", a, c_value(n->c), b);
		break;
	case NODE_SUMS:
		put_line(o, "%s = sum of each of %s vectors of %s", a, c_value(n->c), b);
		break;
	case NODE_PREFETCH:
		put_line(o, "prefetch %s%s%s", n->b ? format("%s vectors at ", b) : "", a,
		         n->write ? ", to write" : "");
		break;
	case NODE_FENCE:
		put_line(o, "fence");
		break;
	case NODE_STEP:
		put_line(o, "no load moves over this line");
		break;
	case NODE_AGAIN:
		put_line(o, "addresses with %s anew", n->name);
		break;
	case NODE_LEAVE:
		put_line(o, "leave");
		break;
	}
}

static void show_list(Text *o, const Node *n)
{
	for (; n; n = n->next)
		show_node(o, n);
}

const char *tree_text(const Tree *t)
{
	Text o = {.depth = 0};

	for (const Function *f = t->first; f; f = f->next) {
		const char *s = "";
		for (int i = 0; i < f->nparam; i++)
			s = format("%s%s%s", s, i ? ", " : "", f->param[i].name);
		put_line(&o, "%s(%s)", f->next ? f->suffix : "kernel", s);
		show_body(&o, f->body);
	}
	return o.s;
}
