/* emit_text.c: lines of C with their indentation. All indentation comes from here. */
#include "emit.h"

#include <string.h>

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

void put_text(Text *o, const char *s)
{
	size_t n = strlen(s);

	reserve(o, n);
	memcpy(o->s + o->len, s, n + 1);
	o->len += n;
}

void put_line(Text *o, const char *fmt, ...)
{
	char brief[256]; /* most lines fit: those are formatted once */
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(brief, sizeof brief, fmt, ap);
	va_end(ap);
	for (int i = 0; n > 0 && i < o->depth; i++)
		put_text(o, "\t");
	size_t len = n > 0 ? (size_t)n : 0;
	reserve(o, len + 1);
	if (len < sizeof brief)
		memcpy(o->s + o->len, brief, len);
	else
		vsnprintf(o->s + o->len, len + 1, fmt, again);
	va_end(again);
	o->len += len;
	put_text(o, "\n");
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
