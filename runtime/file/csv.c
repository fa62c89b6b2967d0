/* csv.c: fields and numbers of a text of lines (RFC 4180).
 *
 *     in    5.1,3.5,"Iris ""setosa"""
 *     out   three fields: 5.1 | 3.5 | Iris ""setosa""
 *
 * Lines end with LF or CRLF; blank lines do not count; a byte order mark is skipped. A field in
 * quotes may hold separators, but no line end: in a table of numbers that is a forgotten quote.
 * Numbers are written with a point, whatever the locale. Most have few digits: those are one exact
 * multiplication or division of two doubles (Clinger 1990), the others go to strtod. */
#include "csv.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/calc.h"

/* Whether `x` stands in the line outside of quotes. */
static bool stands(const char *line, size_t len, char x)
{
	bool quoted = false;
	for (size_t i = 0; i < len; i++) {
		quoted ^= line[i] == '"';
		if (line[i] == x && !quoted)
			return true;
	}
	return false;
}

bool nn_csv_open(nn_csv *c, const char *path, const void *text, size_t count, int64_t least,
                 nn_error *e)
{
	*c = (nn_csv){.path = path, .at = text, .end = (const char *)text + count};
	if (count >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		c->at += 3;
	const char *from = c->at;
	while (from < c->end && strchr(" \r\n", *from) && *from)
		from++;
	const char *line = memchr(from, '\n', (size_t)(c->end - from));
	size_t first = (size_t)((line ? line : c->end) - from);
	c->separator = stands(from, first, ',')    ? ','
	               : stands(from, first, ';')  ? ';'
	               : stands(from, first, '\t') ? '\t'
	                                           : ',';
	if (memchr(text, 0, count))
		return nn_fail(e, NN_EXIT_DATA, "%s: not a text: it holds zero bytes", path);
	/* The first line has no more fields than characters; some more, to say how many are too
	 * many. */
	c->field_room = (int64_t)first + 1 + 16;
	c->field_room = c->field_room > least ? c->field_room : least;
	c->field = nn_alloc((size_t)c->field_room, sizeof *c->field, path, e);
	return c->field != NULL;
}

void nn_csv_close(nn_csv *c)
{
	free(c->field);
	c->field = NULL;
}

int64_t nn_csv_rows(const nn_csv *c)
{
	int64_t rows = c->at < c->end;
	for (const char *p = c->at; p < c->end && (p = memchr(p, '\n', (size_t)(c->end - p))); p++)
		rows++;
	return rows;
}

static bool blank(char x)
{
	return x == ' ' || (x == '\t') || x == '\r';
}

/* Takes the field at p of a line that ends at `end`; what follows it, or NULL with an error. */
static const char *take_field(nn_csv *c, const char *p, const char *end, nn_field *f, nn_error *e)
{
	while (p < end && blank(*p) && *p != c->separator)
		p++;
	if (p < end && *p == '"') {
		const char *close = p + 1;
		while (close < end && (*close != '"' || (close + 1 < end && close[1] == '"')))
			close += 1 + (*close == '"');
		*f = (nn_field){p + 1, (size_t)(close - p - 1)};
		const char *next = close + 1;
		while (next < end && blank(*next) && *next != c->separator)
			next++;
		if (close < end && (next == end || *next == c->separator))
			return next;
		nn_fail(e, NN_EXIT_DATA, "%s: line %lld: a quote is opened and not closed", c->path,
		        (long long)c->line);
		return NULL;
	}
	const char *next = memchr(p, c->separator, (size_t)(end - p));
	next = next ? next : end;
	size_t len = (size_t)(next - p);
	while (len && blank(p[len - 1]))
		len--;
	*f = (nn_field){p, len};
	return next;
}

bool nn_csv_row(nn_csv *c, nn_error *e)
{
	const char *p, *end;
	do {
		if (c->at >= c->end)
			return false;
		p = c->at;
		end = memchr(p, '\n', (size_t)(c->end - p));
		end = end ? end : c->end;
		c->at = end < c->end ? end + 1 : end;
		c->line++;
		while (p < end && (*p == ' ' || *p == '\r'))
			p++;
	} while (p == end);
	c->fields = 0;
	for (;; p++) {
		if (c->fields == c->field_room)
			return nn_fail(e, NN_EXIT_DATA, "%s: line %lld: more than %lld columns",
			               c->path, (long long)c->line, (long long)c->field_room);
		p = take_field(c, p, end, &c->field[c->fields++], e);
		if (!p || p == end)
			return p != NULL;
	}
}

/* Few digits and a small exponent: exact. Everything else is left to the caller. */
static bool short_number(const char *p, size_t len, double *value)
{
	static const double ten[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
	                             1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
	uint64_t digits = 0;
	size_t i = 0, after = 0, point = len;
	for (; i < len; i++) {
		if (p[i] == '.' && point == len) {
			point = i;
			continue;
		}
		if (p[i] < '0' || p[i] > '9')
			return false;
		digits = digits * 10 + (uint64_t)(p[i] - '0');
		after += point < len;
	}
	if (len > 16 || len == (point < len))
		return false;
	*value = (double)digits / ten[after];
	return true;
}

bool nn_csv_number(const nn_field *f, double *value)
{
	const char *p = f->at;
	size_t len = f->len;
	bool minus = len && *p == '-';
	if (len && (*p == '-' || *p == '+')) {
		p++;
		len--;
	}
	if (len > 16 || !short_number(p, len, value))
		if (!len || nn_number(p, len, value) != len)
			return false;
	if (*value > (double)FLT_MAX)
		return false;
	*value = minus ? -*value : *value;
	return true;
}

bool nn_csv_says(const nn_field *f, const char *text)
{
	size_t i = 0;
	for (; i < f->len && *text; i++, text++) {
		if (f->at[i] != *text)
			return false;
		i += f->at[i] == '"' && i + 1 < f->len && f->at[i + 1] == '"';
	}
	return i == f->len && !*text;
}

size_t nn_csv_copy(const nn_field *f, char *text, size_t room)
{
	size_t len = 0;
	for (size_t i = 0; i < f->len && len + 1 < room; i++) {
		text[len++] = f->at[i];
		i += f->at[i] == '"' && i + 1 < f->len && f->at[i + 1] == '"';
	}
	text[len] = 0;
	return len;
}

bool nn_csv_missing(const nn_field *f)
{
	static const char *const word[] = {"NA",   "N/A",  "#N/A", "NaN", "nan", "NAN", "null",
	                                   "NULL", "None", "none", "?",   "-",   "na",  "n/a"};
	bool missing = !f->len;
	for (size_t i = 0; !missing && i < sizeof word / sizeof *word; i++)
		missing = nn_csv_says(f, word[i]);
	return missing;
}
