/* emit_text.c: lines of C with their indentation. All indentation comes from here. */
#include "emit.h"

#include <string.h>

void put_text(Text *o, const char *s)
{
	size_t n = strlen(s);

	if (o->len + n + 1 > o->cap) {
		size_t cap = (o->len + n + 1) * 2;
		char *bigger = alloc(cap);
		if (o->len)
			memcpy(bigger, o->s, o->len);
		o->s = bigger;
		o->cap = cap;
	}
	memcpy(o->s + o->len, s, n + 1);
	o->len += n;
}

void put_line(Text *o, const char *fmt, ...)
{
	char line[4096];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof line)
		fatal(70, "a line of C longer than %zu bytes; please report this", sizeof line);
	for (int i = 0; *line && i < o->depth; i++)
		put_text(o, "\t");
	put_text(o, line);
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
