/* arithmetic.c: arithmetic over the numbers of a layer, for the table of layers.
 *
 *     in    "(H+pt+pb-kh)/sh+1" with H = 28, pt = pb = 2, kh = 5, sh = 1
 *     out   28
 *
 * Shapes need division that rounds down, parameters exact division: whole_div says which. Text is
 * from layers.c only, never from a user, so a mistake in it is ours: it gives false, and the caller
 * asserts. (What users write in {braces} is runtime/base/calc.c's.) */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"

typedef struct Text {
	const char *p;     /* what is left                                                */
	const Var *var;    /* who has a value                                             */
	int nvar;          /* their number                                                */
	bool whole, wrong; /* division rounds down; a mistake was met                     */
} Text;

static double sum(Text *t);

bool find_var(const Var *var, int n, const char *name, double *value)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(var[i].name, name)) {
			*value = var[i].value;
			return true;
		}
	return false;
}

static char peek(Text *t)
{
	t->p += strspn(t->p, " ");
	return *t->p;
}

static double atom(Text *t)
{
	double value = 0;
	char c = peek(t);
	size_t len =
	        strspn(t->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
	if (c == '(') {
		t->p++;
		value = sum(t);
		t->wrong |= peek(t) != ')';
		t->p += *t->p == ')';
	} else if (c == '-') {
		t->p++;
		value = -atom(t);
	} else if (c >= '0' && c <= '9') {
		char *end;
		value = strtod(t->p, &end);
		t->p = end;
	} else {
		t->wrong |= !len || !find_var(t->var, t->nvar, copy_bytes(t->p, len), &value);
		t->p += len;
	}
	return value;
}

static double product(Text *t)
{
	double value = atom(t);
	for (char c = peek(t); !t->wrong && (c == '*' || c == '/'); c = peek(t)) {
		t->p++;
		double right = atom(t);
		value = c == '*' ? value * right : value / right;
		if (c == '/' && t->whole)
			value = floor(value);
	}
	return value;
}

static double sum(Text *t)
{
	double value = product(t);
	for (char c = peek(t); !t->wrong && (c == '+' || c == '-'); c = peek(t)) {
		t->p++;
		double right = product(t);
		value = c == '+' ? value + right : value - right;
	}
	return value;
}

bool arithmetic(const char *text, const Var *var, int nvar, bool whole_div, double *result)
{
	Text t = {text, var, nvar, whole_div, false};
	*result = sum(&t);
	return !t.wrong && !peek(&t) && isfinite(*result);
}
