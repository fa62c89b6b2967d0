/* text.c: lines with their indentation. All indentation comes from here. */
#include "text.h"

#include <string.h>

enum { COLUMNS = 100, TAB = 8, FURTHER = 2 }; /* tabs of a line that goes on */

/* Room for n more bytes, and the NUL behind them. */
static void reserve(Text *o, size_t n)
{
	if (o->len + n + 1 <= o->cap)
		return;
	size_t cap = (o->len + n + 1) * 2;
	char *bigger = alloc(cap);
	if (o->len)
		memcpy(bigger, o->s, o->len);
	o->s = bigger;
	o->cap = cap;
}

void put_bytes(Text *o, const char *s, size_t n)
{
	reserve(o, n);
	memcpy(o->s + o->len, s, n);
	o->len += n;
	o->s[o->len] = '\0';
}

void put_text(Text *o, const char *s)
{
	put_bytes(o, s, strlen(s));
}

static void put_tabs(Text *o, int n)
{
	for (int i = 0; i < n; i++)
		put_bytes(o, "\t", 1);
}

static void put_formatted(Text *o, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	size_t len = n > 0 ? (size_t)n : 0;
	reserve(o, len);
	vsnprintf(o->s + o->len, len + 1, fmt, ap);
	o->len += len;
}

void put_part(Text *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_formatted(o, fmt, ap);
	va_end(ap);
}

void put_line(Text *o, const char *fmt, ...)
{
	va_list ap;
	size_t from = o->len;

	put_tabs(o, o->depth);
	size_t begin = o->len;
	va_start(ap, fmt);
	put_formatted(o, fmt, ap);
	va_end(ap);
	if (o->len == begin)
		o->len = from; /* no blanks in an empty line */
	put_bytes(o, "\n", 1);
}

/* How many bytes of s stand on a line of `room` columns: up to the last comma or operator within,
 * of those that stand in the fewest brackets. */
static size_t bytes_within(const char *s, size_t room)
{
	size_t n = strlen(s), end = n;
	int depth = 0, least = 0;

	if (n <= room)
		return n;
	for (size_t i = 1; i < n && (i < room || end == n); i++) {
		depth += strchr("([{", s[i - 1]) != NULL;
		depth -= strchr(")]}", s[i - 1]) != NULL;
		if (s[i] != ' ' || !strchr(",;=+-*/%?:&|<>", s[i - 1]))
			continue;
		if (end == n || depth <= least || 2 * end < room) {
			end = i;
			least = depth;
		}
	}
	return end;
}

void put_code(Text *o, const char *fmt, ...)
{
	va_list ap;
	Text line = {.s = NULL};
	const char *s;

	va_start(ap, fmt);
	put_formatted(&line, fmt, ap);
	va_end(ap);
	s = line.s;
	for (int depth = o->depth; *s; depth = o->depth + FURTHER) {
		int left = COLUMNS - depth * TAB;
		size_t n = bytes_within(s, left > TAB ? (size_t)left : TAB);
		put_tabs(o, depth);
		put_bytes(o, s, n);
		put_bytes(o, "\n", 1);
		s += n;
		s += *s == ' ';
	}
}

void put_open(Text *o)
{
	put_line(o, "{");
	o->depth++;
}

void put_close(Text *o)
{
	o->depth--;
	put_line(o, "}");
}
