/* config.c: the description as a run keeps it (config.xml).
 *
 * The tree is written back with what the command line changed (-D, --batch-size) and with every
 * default of the elements that are settings of a run, so that the file says what was done and gives
 * the same trainer again. Expressions stay: --set may change their parameters. */
#include <string.h>

#include "front.h"

typedef struct Buffer {
	char *text;       /* NUL-terminated                                              */
	size_t len, room; /* bytes used without the NUL; allocated                       */
} Buffer;

static void put(Buffer *b, const char *s)
{
	size_t n = strlen(s);
	if (b->len + n + 1 > b->room) {
		char *bigger = alloc(b->room = 2 * (b->len + n + 1));
		if (b->len)
			memcpy(bigger, b->text, b->len);
		b->text = bigger;
	}
	memcpy(b->text + b->len, s, n + 1);
	b->len += n;
}

static void put_escaped(Buffer *b, const char *s)
{
	for (; *s; s++) {
		char one[2] = {*s, 0};
		const char *name = *s == '&'    ? "&amp;"
		                   : *s == '<'  ? "&lt;"
		                   : *s == '>'  ? "&gt;"
		                   : *s == '"'  ? "&quot;"
		                   : *s == '\n' ? "&#10;"
		                   : *s == '\t' ? "&#9;"
		                   : *s == '\r' ? "&#13;"
		                                : one;
		put(b, name);
	}
}

static void put_attr(Buffer *b, const char *name, const char *value)
{
	put(b, " ");
	put(b, name);
	put(b, "=\"");
	put_escaped(b, value);
	put(b, "\"");
}

static const char *resolved(const Model *m, const Elem *e, const Attr *a)
{
	if (!strcmp(e->name, "param") && !strcmp(a->name, "value"))
		for (const Param *p = m->params; p; p = p->next)
			if (!strcmp(p->name, text_of(e, "name")))
				return p->value;
	if (!strcmp(e->name, "train") && !strcmp(a->name, "batch_size") && options.batch)
		return format("%d", options.batch);
	return a->value;
}

static bool is_setting(const Model *m, const Elem *e)
{
	const Elem *train = child_of(m->root, "train");
	return e == train || e->parent == train || e == child_of(m->root, "data") ||
	       e == child_of(m->root, "tune");
}

static void put_defaults(Buffer *b, const Elem *e)
{
	const ElemSpec *spec = find_spec(e->name);
	const Attr *type = attr_of(e, "type");
	const AttrSpec *set[SETS];
	attr_sets(e, set);
	for (int i = 0; i < SETS && set[i]; i++)
		for (const AttrSpec *a = set[i]; a->name; a++)
			if (a->def && *a->def && !attr_of(e, a->name) &&
			    suits(spec->variant, type ? type->value : "", a->name, NULL))
				put_attr(b, a->name, a->def);
}

static void put_elem(Buffer *b, const Model *m, const Elem *e, int depth)
{
	for (int i = 0; i < depth; i++)
		put(b, "  ");
	put(b, "<");
	put(b, e->name);
	for (const Attr *a = e->attr; a; a = a->next)
		put_attr(b, a->name, resolved(m, e, a));
	if (is_setting(m, e))
		put_defaults(b, e);
	if (!e->child && !e->text) {
		put(b, "/>\n");
		return;
	}
	put(b, e->child ? ">\n" : ">");
	if (e->text)
		put_escaped(b, e->text);
	for (const Elem *c = e->child; c; c = c->next)
		put_elem(b, m, c, depth + 1);
	for (int i = 0; e->child && i < depth; i++)
		put(b, "  ");
	put(b, "</");
	put(b, e->name);
	put(b, ">\n");
}

const char *config(const Model *m)
{
	Buffer b = {.text = NULL};
	put_elem(&b, m, m->root, 0);
	return b.text;
}
