/* net_reduce.c: simpler networks out of one that fails.
 *
 * In: a tree and a number. Out: the tree after the change of that number, the changes counted in
 * one fixed walk: leave an element out; put what is inside a container in its place; leave an
 * attribute out; make each number of an attribute 1, half of it, or one less; last, a plain
 * optimizer and loss. The caller tries the numbers in turn, keeps what still fails, and starts
 * again until none does. Whether the result is a sound network is for the compiler to say. */
#include <stdlib.h>
#include <string.h>

#include "../compiler/front/front.h"
#include "net_gen.h"

static int left; /* changes to pass by before the one that is made                              */

static bool now(void)
{
	return left-- == 0;
}

/* Number `which` of a text like "3,5" replaced; others and anything else kept. NULL: no number. */
static char *with_number(const char *text, int which, int (*change)(int))
{
	const char *p = text;
	for (int i = 0; *p; i++) {
		char *end;
		long n = strtol(p, &end, 10);
		if (end == p || (*end && *end != ','))
			return NULL;
		if (i == which)
			return change((int)n) == (int)n ? NULL
			                                : format("%.*s%d%s", (int)(p - text), text,
			                                         change((int)n), end);
		p = *end ? end + 1 : end;
	}
	return NULL;
}

static int one(int n)
{
	return n > 1 ? 1 : n;
}

static int half(int n)
{
	return n > 3 ? n / 2 : n;
}

static int less(int n)
{
	return n > 2 ? n - 1 : n;
}

static bool simpler_value(Attr *a)
{
	int (*const change[])(int) = {one, half, less};
	for (int which = 0; which < 4; which++)
		for (int i = 0; i < 3; i++) {
			char *value = with_number(a->value, which, change[i]);
			if (value && now()) {
				a->value = value;
				return true;
			}
		}
	return false;
}

static bool simpler_attrs(Elem *e)
{
	for (Attr *a = e->attr; a; a = a->next) {
		const AttrSpec *spec = find_attr_spec(e, a->name);
		if (spec && spec->def && now()) {
			drop_attr(e, a->name);
			return true;
		}
		if (simpler_value(a))
			return true;
	}
	return false;
}

/* What is inside e takes its place. */
static void unwrap(Elem *e)
{
	Elem **link = &e->parent->child;
	while (*link != e)
		link = &(*link)->next;
	*link = e->child;
	for (Elem *c = e->child; c; c = c->next)
		c->parent = e->parent;
	e->last->next = e->next;
	if (e->parent->last == e)
		e->parent->last = e->last;
}

static bool simpler(Elem *e, bool among_layers)
{
	for (Elem *c = e->child; c; c = c->next) {
		bool layers = among_layers || !strcmp(c->name, "layers");
		bool block = !strcmp(c->name, "block");
		if ((among_layers || block) && now()) {
			drop_elem(c);
			return true;
		}
		if (among_layers && c->child && now()) {
			unwrap(c);
			return true;
		}
		if (simpler_attrs(c) || simpler(c, layers || block))
			return true;
	}
	return false;
}

static bool replace(Elem *e, const char *type)
{
	if (!e || !strcmp(text_of(e, "type"), type) || !now())
		return false;
	e->attr = NULL;
	set_attr(e, "type", type);
	return true;
}

bool reduce(Elem *root, int number)
{
	left = number;
	Elem *train = (Elem *)child_of(root, "train");
	return simpler(root, false) || replace((Elem *)child_of(root, "loss"), "mse") ||
	       replace((Elem *)child_of(train, "optimizer"), "sgd");
}
