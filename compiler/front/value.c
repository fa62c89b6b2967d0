/* value.c: the numbers in an attribute.
 *
 *     in    kernel_size="{k},{k+2}" of type A_PAIR, with k = 3
 *     out   3 5, or an error under the part that is wrong
 *
 * A part of a list is a number or an {expression} over the network's parameters and, inside a
 * block, its arguments. Arithmetic is real (runtime/base/calc.c, which a trainer uses too, for
 * --set); where a whole number is needed the result must be whole. `same` padding needs the input's
 * size and is left to shapes.c, which is told by the single number PAD_SAME. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "../../runtime/base/calc.h"
#include "front.h"

typedef struct Lookup {    /* what nn_calc asks about names                               */
	const Env *env;    /* who is in scope                                          */
	const char *place; /* "<dense units>", where they are used                     */
} Lookup;

Pos placed(const Env *env, Pos pos)
{
	pos.via = env->via;
	pos.block = env->block;
	return pos;
}

static bool look_up(void *ctx, const char *name, size_t len, double *value)
{
	const Env *env = ((Lookup *)ctx)->env;
	for (const Bind *b = env->args; b; b = b->next)
		if (strlen(b->name) == len && !memcmp(b->name, name, len)) {
			*value = b->value;
			return true;
		}
	for (Param *p = env->params; p; p = p->next)
		if (strlen(p->name) == len && !memcmp(p->name, name, len)) {
			*value = p->number;
			if (env->compiled && !p->fixed_by)
				p->fixed_by = ((Lookup *)ctx)->place;
			return true;
		}
	return false;
}

/* Text with its place: a part of an attribute, or a default, which has none of its own. */
typedef struct Part {
	const char *text; /* not NUL-terminated                                          */
	int len;          /* bytes                                                       */
	Pos pos;          /* of the first byte                                           */
	int width;        /* to underline                                                */
} Part;

static Part part_of(const Env *env, const Elem *e, const AttrSpec *spec, const char *text,
                    const char *p, int len)
{
	const Attr *a = attr_of(e, spec->name);
	Part part = {p, len, placed(env, e->pos), (int)strlen(e->name) + 1};
	if (!a)
		return part;
	part.pos = placed(env, a->value_pos);
	part.width = a->width;
	if (a->value == text && (int)strlen(a->value) == a->width && !strchr(text, '\n')) {
		part.pos.col += (int)(p - text);
		part.width = len ? len : 1;
	}
	return part;
}

static const char *near_name(const Env *env, const char *name)
{
	const char **list = NULL;
	int n = 0;
	for (const Bind *b = env->args; b; b = b->next) {
		list = grow(list, n, sizeof *list);
		list[n++] = b->name;
	}
	for (const Param *p = env->params; p; p = p->next) {
		list = grow(list, n, sizeof *list);
		list[n++] = p->name;
	}
	const char *ours = near_miss(name, list, n);
	if (ours)
		return format("; did you mean '%s'?", ours);
	const char *text = n ? "; known are" : "; there is no <param>";
	for (int i = 0; i < n && i < 12; i++)
		text = format("%s%s %s", text, i ? "," : "", list[i]);
	return text;
}

static bool expression(const Env *env, const char *place, Part part, double *value)
{
	Lookup ctx = {env, place};
	size_t at;
	const char *why;
	if (part.text[part.len - 1] != '}') {
		error_at(part.pos, part.width, "the expression has no closing '}'");
		return false;
	}
	if (nn_calc(part.text + 1, (size_t)part.len - 2, look_up, &ctx, value, &at, &why))
		return true;
	Pos pos = part.pos;
	const char *bad = part.text + 1 + at;
	int len =
	        (int)strspn(bad, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
	if (part.width == part.len)
		pos.col += 1 + (int)at;
	if (!strcmp(why, "unknown name"))
		error_at(pos, len, "unknown name '%.*s' in an expression%s", len, bad,
		         near_name(env, copy_bytes(bad, (size_t)len)));
	else
		error_at(pos, len, "in an expression: %s", why);
	return false;
}

static const char *wanted(const AttrSpec *spec)
{
	switch (spec->type) {
	case A_INT:
		return "a whole number";
	case A_COUNT:
		return "a whole number from 1 on";
	case A_PAIR:
		return "a whole number from 1 on or two of them (height,width)";
	case A_PAIR0:
		return "a whole number or two of them (height,width)";
	case A_PAD:
		return "same, valid, or 1, 2 or 4 whole numbers (top,bottom,left,right)";
	case A_REALS:
		return "numbers separated by commas";
	default:
		return "a number";
	}
}

static bool in_bounds(const Elem *e, const AttrSpec *spec, Part part, double value)
{
	bool whole = spec->type != A_REAL && spec->type != A_REALS;
	double least = spec->type == A_COUNT || spec->type == A_PAIR ? 1 : 0;
	const char *shown = format("%.*s", part.len, part.text);
	if (*shown == '{')
		shown = format("%.15g, from %s", value, shown);
	if (whole && (value != floor(value) || value < least || value > 2147483647)) {
		error_at(part.pos, part.width, "wanted %s for '%s' of <%s>, found %s%s",
		         wanted(spec), spec->name, e->name, shown,
		         value > 2147483647 ? " (too large)" : "");
		return false;
	}
	if (spec->min < spec->max && (value < spec->min || value > spec->max)) {
		error_at(part.pos, part.width, "'%s' of <%s> must be %s %g%s, found %s", spec->name,
		         e->name, spec->max < 1e9 ? "from" : "at least", spec->min,
		         spec->max < 1e9 ? format(" to %g", spec->max) : "", shown);
		return false;
	}
	if (spec->min == 1 && spec->max == 1 && value != 1) {
		error_at(part.pos, part.width, "this nncc reads version 1 of the format, found %s",
		         shown);
		return false;
	}
	return true;
}

static bool is_list(const AttrSpec *spec)
{
	return spec->type == A_REALS || spec->type == A_PAD || spec->type == A_PAIR ||
	       spec->type == A_PAIR0;
}

static bool one_number(const Env *env, const Elem *e, const AttrSpec *spec, Part part,
                       double *value)
{
	const char *text = copy_bytes(part.text, (size_t)part.len);
	if (*text == '{' && !strcmp(e->name, "param")) {
		error_at(part.pos, part.width,
		         "wanted a number for '%s' of <param>, found '%s'; a"
		         " parameter is not an expression",
		         spec->name, text);
		return false;
	}
	if (*text == '{') {
		if (!expression(env, format("<%s %s>", e->name, spec->name), part, value))
			return false;
	} else if (!nn_parse_double(text, value)) {
		const char *hint = "";
		if (strchr(text, '{') || strpbrk(text, "*/()"))
			hint = "; an expression stands in braces, {2*n}";
		else if (is_list(spec) && strspn(text, "0123456789x") == strlen(text))
			hint = "; write a pair as 3,5";
		else if (spec->type == A_PAD && !strcasecmp(text, "same"))
			hint = "; did you mean 'same'?";
		error_at(part.pos, part.width, "wanted %s for '%s' of <%s>, found '%s'%s",
		         wanted(spec), spec->name, e->name, text, hint);
		return false;
	}
	return in_bounds(e, spec, part, *value);
}

/* The end of a part: the next comma outside of braces. */
static const char *part_end(const char *p)
{
	int depth = 0;
	for (; *p && (*p != ',' || depth > 0); p++)
		depth += (*p == '{') - (*p == '}');
	return p;
}

static int parts(const Env *env, const Elem *e, const AttrSpec *spec, const char *text, double *out,
                 int max)
{
	static const char space[] = " \t\r\n";
	int n = 0;
	for (const char *p = text;; p++) {
		const char *end = part_end(p), *from = p + strspn(p, space);
		const char *to = end;
		while (to > from && strchr(space, to[-1]))
			to--;
		Part part = part_of(env, e, spec, text, from < to ? from : p,
		                    from < to ? (int)(to - from) : 0);
		if (n == max) {
			error_at(part.pos, part.width, "wanted at most %d numbers for '%s' of <%s>",
			         max, spec->name, e->name);
			return -1;
		}
		if (!one_number(env, e, spec, part, &out[n++]))
			return -1;
		p = end;
		if (!*p)
			return n;
	}
}

const char *with_point(const char *text)
{
	char *point = copy_bytes(text, strlen(text)), *comma = strchr(point, ',');
	double value;
	if (!comma || comma == point || !strchr("0123456789", comma[-1]) || !comma[1] ||
	    !strchr("0123456789", comma[1]))
		return "";
	*comma = '.';
	return nn_parse_double(point, &value) ? format("; did you mean %s?", point) : "";
}

int numbers(const Env *env, const Elem *e, const AttrSpec *spec, const char *text, double *out,
            int max)
{
	if (!is_list(spec) && *with_point(text)) {
		Part all = part_of(env, e, spec, text, text, (int)strlen(text));
		error_at(all.pos, all.width, "wanted %s for '%s' of <%s>, found '%s'%s",
		         wanted(spec), spec->name, e->name, text,
		         spec->type == A_REAL ? with_point(text) : "");
		return -1;
	}
	if (spec->type == A_PAD && (!strcmp(text, "same") || !strcmp(text, "valid"))) {
		out[0] = *text == 's' ? PAD_SAME : 0;
		return 1;
	}
	int n = parts(env, e, spec, text, out, is_list(spec) ? max : 1);
	bool fits = n <= 2 || spec->type == A_REALS || (spec->type == A_PAD && n == 4);
	if (n > 0 && !fits) {
		Part all = part_of(env, e, spec, text, text, (int)strlen(text));
		error_at(all.pos, all.width, "wanted %s for '%s' of <%s>, found %d numbers",
		         wanted(spec), spec->name, e->name, n);
		return -1;
	}
	return n;
}

const char *text_of(const Elem *e, const char *attr)
{
	const Attr *a = attr_of(e, attr);
	const AttrSpec *spec = find_attr_spec(e, attr);
	return a ? a->value : spec && spec->def ? spec->def : "";
}

bool bool_of(const Elem *e, const char *attr)
{
	return !strcmp(text_of(e, attr), "true");
}

double number_of(const Env *env, const Elem *e, const char *attr, bool *fine)
{
	const AttrSpec *spec = find_attr_spec(e, attr);
	double value = 0;
	if (!spec || numbers(env, e, spec, text_of(e, attr), &value, 1) != 1)
		*fine = false;
	return value;
}

static double ordinal(const AttrSpec *spec, const char *word)
{
	const char **list;
	int n = choice_list(spec, &list);
	for (int i = 0; i < n; i++)
		if (!strcmp(list[i], word))
			return i;
	return 0;
}

/* The text that gives an attribute its numbers: as written, its default, or another attribute of
 * the set that the default names (a pool's stride is its kernel_size). */
static const char *source_text(const Elem *e, const AttrSpec *set, const AttrSpec *spec)
{
	const Attr *a = attr_of(e, spec->name);
	if (a)
		return a->value;
	for (const AttrSpec *other = set; other->name; other++)
		if (spec->def && !strcmp(other->name, spec->def))
			return text_of(e, other->name);
	return spec->def;
}

static bool vars_of(const Env *env, const Elem *e, const AttrSpec *set, const AttrSpec *spec,
                    Var *var, int *nvar)
{
	const char **name, *text = source_text(e, set, spec);
	int nname = split(spec->vars ? spec->vars : spec->name, " ", &name);
	double value[4] = {0};
	int n = 1;
	if (!text)
		return false;
	if (spec->type == A_BOOL)
		value[0] = !strcmp(text, "true");
	else if (spec->type == A_CHOICE)
		value[0] = ordinal(spec, text);
	else
		n = numbers(env, e, spec, text, value, 4);
	if (n < 0)
		return false;
	/* One number stands for all; of a padding, two are height and width, at both ends. */
	for (int i = 0; i < nname; i++)
		set_var(var, nvar, name[i], value[n == 1 ? 0 : n == nname ? i : i / 2]);
	return true;
}

bool attr_vars(const Env *env, const Elem *e, const AttrSpec *set, Var *var, int *n)
{
	bool fine = true;
	for (const AttrSpec *a = set; a && a->name; a++) {
		bool number = a->type != A_NAME && a->type != A_NAMES && a->type != A_TEXT;
		bool absent = a->def && !*a->def && !attr_of(e, a->name);
		if (number && a->vars && !absent)
			fine &= vars_of(env, e, set, a, var, n);
	}
	return fine;
}
