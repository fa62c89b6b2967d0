/* calc.c: the value of an arithmetic expression.
 *
 *     in    "n * 2 + 1"  and a function that knows the names     (the text between the braces)
 *     out   7, or the byte where it went wrong and why
 *
 *     sum     = product { ("+" | "-") product }
 *     product = factor { ("*" | "/") factor }
 *     factor  = ("+" | "-") factor | number | name | "(" sum ")"
 *
 * A recursive descent with a limit on depth. All arithmetic is in double. The result is always
 * finite: a division by zero, an overflow and a number out of range are errors where they stand.
 * The compiler and the trainer link this same file, so that `--set lr=0.1` at run time and
 * `-D lr=0.1` at compile time agree to the last bit. */
#define _GNU_SOURCE 1
#include "calc.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64, NUMBER_MAX = 128 };

typedef struct reader {
	const char *text;       /* the expression                          */
	size_t len;             /* its bytes                               */
	size_t at;              /* next byte                               */
	int depth;              /* of nested parentheses and signs         */
	nn_calc_lookup *lookup; /* values of names                         */
	void *ctx;              /* its argument                            */
	const char *error;      /* first mistake, or NULL                  */
	size_t error_at;        /* and its byte                            */
} reader;

static double sum(reader *r);

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static size_t digits(const char *text, size_t len, size_t at)
{
	while (at < len && is_digit(text[at]))
		at++;
	return at;
}

size_t nn_number(const char *text, size_t len, double *value)
{
	size_t end = digits(text, len, 0);
	size_t count = end;
	if (end < len && text[end] == '.') {
		size_t tail = digits(text, len, end + 1);
		count += tail - end - 1;
		end = tail;
	}
	if (count == 0)
		return 0;
	if (end < len && (text[end] == 'e' || text[end] == 'E')) {
		size_t from = end + 1;
		if (from < len && (text[from] == '+' || text[from] == '-'))
			from++;
		size_t tail = digits(text, len, from);
		if (tail > from)
			end = tail;
	}
	if (end >= NUMBER_MAX)
		return 0;
	char copy[NUMBER_MAX];
	memcpy(copy, text, end);
	copy[end] = 0;
	/* glibc and musl hand out their static C locale here: nothing is allocated. */
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c)
		return 0;
	*value = strtod_l(copy, NULL, c);
	freelocale(c);
	return end;
}

bool nn_parse_double(const char *text, double *value)
{
	double sign = 1;
	if (*text == '-' || *text == '+')
		sign = *text++ == '-' ? -1 : 1;
	size_t len = strlen(text);
	double v;
	if (len == 0 || nn_number(text, len, &v) != len || !isfinite(v))
		return false;
	*value = sign * v;
	return true;
}

static double fail(reader *r, size_t at, const char *error)
{
	if (!r->error) {
		r->error = error;
		r->error_at = at;
	}
	return 0;
}

static char peek(reader *r)
{
	while (r->at < r->len && strchr(" \t\r\n", r->text[r->at]) && r->text[r->at])
		r->at++;
	return r->at < r->len ? r->text[r->at] : 0;
}

static double name(reader *r)
{
	size_t from = r->at;
	while (r->at < r->len && is_name(r->text[r->at]))
		r->at++;
	double value;
	if (!r->lookup || !r->lookup(r->ctx, r->text + from, r->at - from, &value))
		return fail(r, from, "unknown name");
	return isfinite(value) ? value : fail(r, from, "its value is not a finite number");
}

static double number(reader *r)
{
	double value;
	size_t used = nn_number(r->text + r->at, r->len - r->at, &value);
	if (!used)
		return fail(r, r->at, "this is not a number");
	if (!isfinite(value))
		return fail(r, r->at, "number out of range");
	r->at += used;
	return value;
}

static double factor(reader *r)
{
	char c = peek(r);
	size_t from = r->at;
	if (r->error)
		return 0;
	if (++r->depth > DEPTH_MAX)
		return fail(r, from, "nested too deeply");
	double value;
	if (c == '+' || c == '-') {
		r->at++;
		value = factor(r);
		value = c == '-' ? -value : value;
	} else if (c == '(') {
		r->at++;
		value = sum(r);
		if (peek(r) != ')')
			return fail(r, r->at, "expected ')'");
		r->at++;
	} else if (is_digit(c) || c == '.') {
		value = number(r);
	} else if (is_name(c)) {
		value = name(r);
	} else {
		return fail(r, from, "expected a number, a name or '('");
	}
	r->depth--;
	return value;
}

static double in_range(reader *r, size_t at, double value)
{
	return isfinite(value) ? value : fail(r, at, "the result is out of range");
}

static double product(reader *r)
{
	double value = factor(r);
	for (char c = peek(r); !r->error && (c == '*' || c == '/'); c = peek(r)) {
		size_t at = r->at++;
		double right = factor(r);
		if (c == '/' && right == 0)
			return fail(r, at, "division by zero");
		value = in_range(r, at, c == '*' ? value * right : value / right);
	}
	return value;
}

static double sum(reader *r)
{
	double value = product(r);
	for (char c = peek(r); !r->error && (c == '+' || c == '-'); c = peek(r)) {
		size_t at = r->at++;
		double right = product(r);
		value = in_range(r, at, c == '+' ? value + right : value - right);
	}
	return value;
}

bool nn_calc(const char *text, size_t len, nn_calc_lookup *lookup, void *ctx, double *result,
             size_t *error_at, const char **error)
{
	reader r = {.text = text, .len = len, .lookup = lookup, .ctx = ctx};
	double value = sum(&r);
	peek(&r);
	if (!r.error && r.at < r.len)
		fail(&r, r.at, "expected an operator");
	if (r.error) {
		*error = r.error;
		*error_at = r.error_at;
		return false;
	}
	*result = value;
	return true;
}

bool nn_whole(double value, int64_t *whole)
{
	const double most = 9007199254740992.0;
	if (!(value >= -most && value <= most) || value != (double)(int64_t)value)
		return false;
	*whole = (int64_t)value;
	return true;
}
