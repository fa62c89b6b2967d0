/* check.c: is this tree written in our vocabulary?
 *
 * In: the tree. Out: nothing but errors, and Elem.bad where an element has one, so that later steps
 * draw no conclusions from it. Checked are names of elements and attributes, what may stand where
 * and how often, what is required, words of closed sets, and numbers that are written out. Numbers
 * that are expressions wait until their block is expanded, since they may differ with each use.
 *
 * A misspelling is answered with our word: first from the tables of what other systems call it,
 * then the nearest word that would be allowed in that place. */
#include <string.h>
#include <strings.h>

#include "front.h"

enum { NAME_MAX_BYTES = 64 };

const Attr *attr_of(const Elem *e, const char *name)
{
	for (const Attr *a = e->attr; a; a = a->next)
		if (!strcmp(a->name, name))
			return a;
	return NULL;
}

const Elem *child_of(const Elem *e, const char *name)
{
	for (const Elem *c = e ? e->child : NULL; c; c = c->next)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

bool is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	return n && !s[n] && n <= NAME_MAX_BYTES && !strchr("0123456789-", s[0]);
}

static int name_len(const Elem *e)
{
	return (int)strlen(e->name) + 1;
}

static char *join_words(const char *const *word, int n)
{
	char *text = format("%s", n ? word[0] : "nothing");
	for (int i = 1; i < n; i++)
		text = format("%s%s%s", text, i + 1 < n ? ", " : " or ", word[i]);
	return text;
}

/* ---- attributes ---------------------------------------------------------------------------- */

static bool in_list(const char *word, const char *const *list, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

/* Those of one element whose type, if it has any, is known. */
static void own_names(const Elem *e, const char ***list, int *n)
{
	const AttrSpec *set[SETS];
	attr_sets(e, set);
	for (int i = 0; i < SETS && set[i]; i++)
		for (const AttrSpec *a = set[i]; a->name; a++)
			if (find_attr_spec(e, a->name) == a && !in_list(a->name, *list, *n)) {
				*list = grow(*list, *n, sizeof **list);
				(*list)[(*n)++] = a->name;
			}
}

/* The block that a <use> names; NULL: none, or one that is wrong itself. */
static const Elem *block_of(const Elem *use)
{
	const Elem *root = use;
	const char *name = text_of(use, "block");
	while (root->parent)
		root = root->parent;
	for (const Elem *b = *name ? root->child : NULL; b; b = b->next)
		if (!strcmp(b->name, "block") && !b->bad && !strcmp(text_of(b, "name"), name))
			return b;
	return NULL;
}

/* Names of the attributes that e may hold: all that any type has where the type is missing or
 * unknown, and of a <use> the arguments of its block too. */
static int attr_names(const Elem *e, const char ***list)
{
	const ElemSpec *spec = find_spec(e->name);
	bool typed = spec && spec->rows && !row_of(e), use = !strcmp(e->name, "use");
	int n = 0;
	*list = NULL;
	const Elem *block = use ? block_of(e) : NULL;
	for (const Elem *arg = block ? block->child : NULL; arg; arg = arg->next)
		if (!strcmp(arg->name, "arg") && attr_of(arg, "name")) {
			*list = grow(*list, n, sizeof **list);
			(*list)[n++] = text_of(arg, "name");
		}
	own_names(e, list, &n);
	for (int i = 0; i < nrows && typed; i++)
		if ((int)rows[i].kind == spec->rows - 1) {
			Attr type = {.name = "type", .value = rows[i].name};
			own_names(&(Elem){.name = e->name, .attr = &type}, list, &n);
		}
	return n;
}

/* Our names for an attribute that e does not have: as a rule one; where several are equally near,
 * all of them (beta: beta1, beta2). What differs in letter case alone is meant before anything that
 * other systems call so. Returns how many. */
static int suggest_attr(const Elem *e, const char *word, const char **ours)
{
	const char **list;
	int n = attr_names(e, &list);
	const char *alias = find_alias(e->name, word);
	if (!alias)
		alias = find_alias("*", word);
	for (int i = 0; i < n; i++)
		if (!strcasecmp(list[i], word))
			alias = list[i];
	if (!alias || !in_list(alias, list, n))
		return near_misses(word, list, n, ours);
	ours[0] = alias;
	return 1;
}

static void unknown_attr(Elem *e, const Attr *a, const char **ours, int nours)
{
	int len = (int)strlen(a->name);
	const char **list;
	int n = attr_names(e, &list);
	const char *block = strcmp(e->name, "use") ? NULL : text_of(e, "block");
	const char *what = block && *block
	                           ? format("block '%s' has no argument '%s'", block, a->name)
	                           : format("unknown attribute '%s' on <%s>", a->name, e->name);
	e->bad = true;
	for (const AttrSpec *c = layer_attr; c->name; c++)
		if (row_of(e) && !strcmp(c->name, a->name)) {
			error_at(a->name_pos, len, "attribute '%s' does not apply to <%s>", a->name,
			         e->name);
			return;
		}
	for (int i = 0; i < nours; i++)
		ours[i] = format("'%s'", ours[i]);
	if (nours)
		error_at(a->name_pos, len, "%s; did you mean %s?", what, join_words(ours, nours));
	else
		error_at(a->name_pos, len, "%s%s takes %s", what,
		         block ? format("; this <%s>", e->name) : ", which",
		         n ? join_words(list, n) : "none");
}

static void check_choice(Elem *e, const Attr *a, const AttrSpec *spec)
{
	const char **list;
	int n = choice_list(spec, &list);
	if (in_list(a->value, list, n))
		return;
	e->bad = true;
	const char *ours = find_alias("type", a->value);
	if (!ours || !in_list(ours, list, n))
		ours = near_miss(a->value, list, n);
	if (ours)
		error_at(a->value_pos, a->width, "'%s' is no %s of <%s>; did you mean '%s'?",
		         a->value, a->name, e->name, ours);
	else
		error_at(a->value_pos, a->width, "wanted %s for '%s' of <%s>, found '%s'",
		         join_words(list, n), a->name, e->name, a->value);
}

static void check_name(Elem *e, const Attr *a, const char *word)
{
	bool number = !strcmp(e->name, "param") || !strcmp(e->name, "arg");
	if (is_name(word) && !(number && strchr(word, '-')))
		return;
	e->bad = true;
	error_at(a->value_pos, a->width,
	         "wanted a name for '%s' of <%s> (letters, digits%s and _,"
	         " at most %d, a letter first), found '%s'",
	         a->name, e->name, number ? "" : ", -", NAME_MAX_BYTES, word);
}

static void check_value(Elem *e, const Attr *a, const AttrSpec *spec)
{
	static const Env literal = {.params = NULL};
	const char **word;
	double value[MAX_LIST];
	int n = 0;
	switch (spec->type) {
	case A_CHOICE:
		check_choice(e, a, spec);
		break;
	case A_BOOL:
		if (strcmp(a->value, "true") && strcmp(a->value, "false")) {
			e->bad = true;
			error_at(a->value_pos, a->width,
			         "wanted true or false for '%s' of <%s>,"
			         " found '%s'",
			         a->name, e->name, a->value);
		}
		break;
	case A_NAME:
		check_name(e, a, a->value);
		break;
	case A_NAMES:
		n = split(a->value, " \t\r\n", &word);
		for (int i = 0; i < n; i++)
			check_name(e, a, word[i]);
		if (!n)
			check_name(e, a, "");
		break;
	case A_TEXT:
		break;
	default:
		if (!strchr(a->value, '{') &&
		    numbers(&literal, e, spec, a->value, value, MAX_LIST) < 0)
			e->bad = true;
	}
}

/* Does `variant`, "a() b(x y)", allow the attribute for this type? Not mentioned: for all types.
 * *owners, unless NULL, becomes the types that have it. */
bool suits(const char *variant, const char *type, const char *attr, const char **owners)
{
	bool mentioned = false, allowed = false;
	const char **word;
	int n = variant ? split(variant, ")", &word) : 0;
	if (owners)
		*owners = "";
	for (int i = 0; i < n; i++) {
		const char *name = word[i] + strspn(word[i], " ");
		size_t len = strcspn(name, "(");
		if (!has_word(name + len + 1, attr))
			continue;
		mentioned = true;
		if (owners)
			*owners = format("%s%s%.*s", *owners, **owners ? ", " : "", (int)len, name);
		allowed |= strlen(type) == len && !strncmp(type, name, len);
	}
	return allowed || !mentioned;
}

static void check_later(Elem *e, const Attr *a, const ElemSpec *spec, const AttrSpec *as)
{
	bool whole = has_word(spec->later, a->name) && strcmp(a->value, as->def ? as->def : "");
	if (!whole && !has_word(spec->later, format("%s=%s", a->name, a->value)))
		return;
	e->bad = true;
	if (whole)
		error_at(a->name_pos, (int)strlen(a->name), "'%s' of <%s> is not supported yet",
		         a->name, e->name);
	else
		error_at(a->value_pos, a->width, "%s '%s' of <%s> is not supported yet", a->name,
		         a->value, e->name);
}

/* An attribute that is not in the tables: without a known type another type may have it, and a
 * <use> has those of its block. Which those are nobody knows without the block, whose absence is
 * reported elsewhere unless this attribute means it. */
static void check_unknown(Elem *e, const Attr *a)
{
	const char **list;
	bool open = !strcmp(e->name, "use") && !block_of(e);
	int n = attr_names(e, &list);
	if (!open && in_list(a->name, list, n))
		return;
	const char *ours[NEAR_WORDS];
	int nours = suggest_attr(e, a->name, ours);
	const AttrSpec *as = nours ? find_attr_spec(e, ours[0]) : NULL;
	if (!open || (as && !as->def && !attr_of(e, ours[0])))
		unknown_attr(e, a, ours, nours);
}

static void check_attr(Elem *e, Attr *a, const ElemSpec *spec)
{
	const AttrSpec *as = find_attr_spec(e, a->name);
	const Attr *type = attr_of(e, "type");
	const char *owners;
	a->used = true;
	if (!as) {
		check_unknown(e, a);
		return;
	}
	check_value(e, a, as);
	if (spec && spec->later)
		check_later(e, a, spec, as);
	if (spec && spec->variant && type && !suits(spec->variant, type->value, a->name, &owners)) {
		e->bad = true;
		error_at(a->name_pos, (int)strlen(a->name),
		         "'%s' does not apply to type '%s'; it"
		         " belongs to %s",
		         a->name, type->value, owners);
	}
}

/* A misspelt attribute has been reported already: it is not missing as well. */
static bool misspelt(const Elem *e, const char *name)
{
	for (const Attr *a = e->attr; a; a = a->next) {
		const char *ours[NEAR_WORDS];
		int n = find_attr_spec(e, a->name) ? 0 : suggest_attr(e, a->name, ours);
		if (in_list(name, ours, n))
			return true;
	}
	return false;
}

static void check_required(Elem *e)
{
	const AttrSpec *set[SETS];
	attr_sets(e, set);
	for (int i = 0; i < SETS && set[i]; i++)
		for (const AttrSpec *a = set[i]; a->name; a++) {
			if (a->def || attr_of(e, a->name) || misspelt(e, a->name))
				continue;
			e->bad = true;
			error_at(e->pos, name_len(e), "<%s> wants an attribute '%s': %s", e->name,
			         a->name, a->doc);
		}
}

/* ---- elements ------------------------------------------------------------------------------ */

static bool is_layer(const char *name)
{
	const ElemSpec *spec = find_spec(name);
	return spec ? spec->layer : find_row(ROW_LAYER, name) != NULL;
}

/* The mark after `name` in a list of children: '*', '?' or ' ' (exactly one); 0: not in it. */
static char mark_of(const char *children, const char *name)
{
	const char **word;
	int n = children ? split(children, " ", &word) : 0;
	for (int i = 0; i < n; i++) {
		size_t len = strcspn(word[i], "*?");
		char mark = word[i][len] ? word[i][len] : ' ';
		if (strlen(name) == len && !strncmp(word[i], name, len))
			return mark;
		if (!strncmp(word[i], "@layer", len) && is_layer(name))
			return mark;
	}
	return 0;
}

/* Names that may stand in an element, for suggestions. */
static int child_names(const char *children, const char ***list)
{
	const char **word;
	int nwords = children ? split(children, " *?", &word) : 0, n = 0;
	*list = NULL;
	for (int w = 0; w < nwords; w++) {
		if (*word[w] != '@') {
			*list = grow(*list, n, sizeof **list);
			(*list)[n++] = word[w];
			continue;
		}
		for (const ElemSpec *s = vocab; s->name; s++)
			if (s->layer) {
				*list = grow(*list, n, sizeof **list);
				(*list)[n++] = s->name;
			}
		for (int i = 0; i < nrows; i++)
			if (rows[i].kind == ROW_LAYER) {
				*list = grow(*list, n, sizeof **list);
				(*list)[n++] = rows[i].name;
			}
	}
	return n;
}

static const char *parents_of(const char *name)
{
	const char *text = "";
	for (const ElemSpec *s = vocab; s->name; s++)
		if (mark_of(s->children, name))
			text = format("%s%s<%s>", text, *text ? " or " : "", s->name);
	return text;
}

/* What <name> may mean where layers stand: an activation's type, or NULL. */
static const char *meant_type(const char *name)
{
	static const AttrSpec typed = {.choices = "@activation"};
	const char **types, *alias = find_alias("type", name);
	int n = choice_list(&typed, &types);
	return alias && in_list(alias, types, n) ? alias : near_miss(name, types, n);
}

/* Reports a child that may not stand where it does. */
static void misplaced(const Elem *parent, Elem *c, const char *children)
{
	const char **list, *ours = find_alias(NULL, c->name);
	int n = child_names(children, &list);
	bool layers = mark_of(children, "activation");
	const char *type = layers ? meant_type(c->name) : NULL;
	const char *why = layers ? find_elsewhere(c->name) : NULL;
	c->bad = true;
	if (find_spec(c->name) || find_row(ROW_LAYER, c->name)) {
		error_at(c->pos, name_len(c), "<%s> cannot stand in <%s>; it belongs in %s",
		         c->name, parent->name, parents_of(c->name));
		return;
	}
	if (!ours || !in_list(ours, list, n))
		ours = why ? NULL : near_miss(c->name, list, n);
	if (why)
		error_at(c->pos, name_len(c), "unknown element <%s> in <%s>: %s; there are %s",
		         c->name, parent->name, why, join_words(list, n));
	else if (!ours && type)
		error_at(c->pos, name_len(c),
		         "unknown element <%s>; did you mean"
		         " <activation type=\"%s\"/>?",
		         c->name, type);
	else if (ours)
		error_at(c->pos, name_len(c), "unknown element <%s> in <%s>; did you mean <%s>?",
		         c->name, parent->name, ours);
	else if (n)
		error_at(c->pos, name_len(c), "unknown element <%s> in <%s>; %s %s", c->name,
		         parent->name, layers ? "there are" : "wanted", join_words(list, n));
	else
		error_at(c->pos, name_len(c), "unknown element <%s> in <%s>", c->name,
		         parent->name);
}

static bool misspelt_child(const Elem *e, const char *children, const char *name)
{
	const char **list;
	int n = child_names(children, &list);
	for (const Elem *c = e->child; c; c = c->next) {
		const char *ours = mark_of(children, c->name) ? NULL : find_alias(NULL, c->name);
		if (!ours && !mark_of(children, c->name))
			ours = near_miss(c->name, list, n);
		if (ours && !strcmp(ours, name))
			return true;
	}
	return false;
}

static void check_children(Elem *e, const char *children);

static void check_elem(Elem *e)
{
	const ElemSpec *spec = find_spec(e->name);
	const Row *row = row_of(e);
	for (Attr *a = e->attr; a; a = a->next)
		check_attr(e, a, spec);
	check_required(e);
	if (e->text && !(spec && spec->text))
		error_at(e->text_pos, 1, "<%s> holds no text", e->name);
	if (row ? !row->supported : spec && spec->later && !strcmp(spec->later, "*")) {
		const Attr *type = row && spec ? attr_of(e, "type") : NULL;
		if (type)
			error_at(type->value_pos, type->width, "%s '%s' is not supported yet",
			         e->name, type->value);
		else
			error_at(e->pos, name_len(e), "<%s> is not supported yet", e->name);
		e->bad = true;
	}
	check_children(e, spec ? spec->children : NULL);
}

static void check_children(Elem *e, const char *children)
{
	for (Elem *c = e->child; c; c = c->next) {
		char mark = mark_of(children, c->name);
		if (!mark) {
			misplaced(e, c, children);
			continue;
		}
		const Elem *first = child_of(e, c->name);
		if (mark != '*' && first != c) {
			error_at(c->pos, name_len(c), "a second <%s>; the first is on line %d",
			         c->name, first->pos.line);
			c->bad = true;
		}
		check_elem(c);
	}
	const char **word;
	int n = children ? split(children, " ", &word) : 0;
	for (int i = 0; i < n; i++)
		if (!strpbrk(word[i], "*?") && !child_of(e, word[i]) &&
		    !misspelt_child(e, children, word[i])) {
			error_at(e->pos, name_len(e), "<%s> wants %s <%s>: %s", e->name,
			         strchr("aeiou", *word[i]) ? "an" : "a", word[i],
			         find_spec(word[i])->doc);
			e->bad = true;
		}
}

void check(Elem *root)
{
	if (strcmp(root->name, "network")) {
		root->bad = true;
		error_at(root->pos, name_len(root),
		         "wanted <network> as the root element, found <%s>", root->name);
		return;
	}
	check_elem(root);
}
