/* text.c: text that grows, JSON and HTML written by hand.
 *
 *     nn_text t = {0};
 *     nn_text_add(&t, "{\"name\":");
 *     nn_text_json(&t, name);
 *
 * Memory that runs out sets `failed` and leaves the text as it was, so that a caller may add
 * everything first and ask once. */
#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nn_text_reserve(nn_text *t, size_t room)
{
	if (room < t->room)
		return;
	size_t bigger = t->room ? t->room : 256;
	while (bigger <= room)
		bigger *= 2;
	char *at = realloc(t->at, bigger);
	if (!at) {
		t->failed = true;
		return;
	}
	t->at = at;
	t->room = bigger;
	t->at[t->len] = 0;
}

void nn_text_clear(nn_text *t)
{
	t->len = 0;
	t->failed = false;
	if (t->at)
		t->at[0] = 0;
}

void nn_text_free(nn_text *t)
{
	free(t->at);
	*t = (nn_text){0};
}

static void add_bytes(nn_text *t, const char *bytes, size_t count)
{
	nn_text_reserve(t, t->len + count);
	if (t->failed)
		return;
	memcpy(t->at + t->len, bytes, count);
	t->len += count;
	t->at[t->len] = 0;
}

void nn_text_add(nn_text *t, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		t->failed = true;
	else
		nn_text_reserve(t, t->len + (size_t)len);
	if (!t->failed) {
		vsnprintf(t->at + t->len, t->room - t->len, format, again);
		t->len += (size_t)len;
	}
	va_end(again);
}

void nn_append(char *text, size_t room, const char *format, ...)
{
	va_list args;
	size_t len = strnlen(text, room);
	va_start(args, format);
	if (len < room)
		vsnprintf(text + len, room - len, format, args);
	va_end(args);
}

void nn_dims_text(char *text, size_t room, const int64_t *dim, int rank, const char *between)
{
	text[0] = 0;
	for (int d = 0; d < rank; d++)
		nn_append(text, room, "%s%lld", d ? between : "", (long long)dim[d]);
}

/* Length of the UTF-8 sequence at s, 0 when it is none. */
static size_t utf8(const unsigned char *s)
{
	static const struct {
		unsigned char from, to;  /* range of the first byte   */
		unsigned char low, high; /* range of the second byte  */
		size_t len;              /* bytes of the sequence     */
	} row[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	           {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
	           {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
	           {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
	if (s[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		if (s[0] < row[i].from || s[0] > row[i].to)
			continue;
		if (s[1] < row[i].low || s[1] > row[i].high)
			return 0;
		for (size_t k = 2; k < row[i].len; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return row[i].len;
	}
	return 0;
}

bool nn_text_utf8(const char *string)
{
	const unsigned char *s = (const unsigned char *)string;
	size_t len = 1;
	while (*s && (len = utf8(s)))
		s += len;
	return !*s;
}

/* The byte that the character at s stands for, from U+EF80 to U+EFFF; else 0. */
static int stands_for(const unsigned char *s)
{
	bool one = s[0] == 0xee && (s[1] == 0xbe || s[1] == 0xbf) && (s[2] & 0xc0) == 0x80;
	return one ? 0x80 | (s[1] & 1) << 6 | (s[2] & 0x3f) : 0;
}

void nn_text_bytes(char *string)
{
	char *to = string;
	for (const char *s = string; *s; to++) {
		int byte = stands_for((const unsigned char *)s);
		*to = byte ? (char)byte : *s;
		s += byte ? 3 : 1;
	}
	*to = 0;
}

static void add_json(nn_text *t, const char *string, bool bytes)
{
	add_bytes(t, "\"", 1);
	for (const unsigned char *s = (const unsigned char *)string; *s;) {
		size_t len = utf8(s);
		if (bytes && len > 1 && stands_for(s))
			len = 0;
		if (*s == '"' || *s == '\\')
			nn_text_add(t, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			nn_text_add(t, "\\u%04x", *s);
		else if (len)
			add_bytes(t, (const char *)s, len);
		else if (bytes)
			nn_text_add(t, "\xee%c%c", 0xbc | *s >> 6, 0x80 | (*s & 0x3f));
		else
			add_bytes(t, "\xef\xbf\xbd", 3);
		s += len ? len : 1;
	}
	add_bytes(t, "\"", 1);
}

void nn_text_json(nn_text *t, const char *string)
{
	if (string)
		add_json(t, string, false);
	else
		add_bytes(t, "null", 4);
}

void nn_text_json_bytes(nn_text *t, const char *string)
{
	add_json(t, string, true);
}

void nn_text_html(nn_text *t, const char *string)
{
	static const struct {
		char c;           /* to replace  */
		const char *name; /* by          */
	} row[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
	for (const unsigned char *s = (const unsigned char *)(string ? string : ""); *s;) {
		size_t len = utf8(s), k = 0;
		while (k < sizeof row / sizeof *row && row[k].c != (char)*s)
			k++;
		bool control = *s < 0x20 && *s != '\n' && *s != '\t';
		if (k < sizeof row / sizeof *row)
			nn_text_add(t, "%s", row[k].name);
		else if (len && !control && *s != 0x7f)
			add_bytes(t, (const char *)s, len);
		else
			add_bytes(t, "\xef\xbf\xbd", 3);
		s += len ? len : 1;
	}
}

void nn_text_plain(nn_text *t, const char *string)
{
	for (const unsigned char *s = (const unsigned char *)string; *s;) {
		size_t len = utf8(s);
		/* U+0080 to U+009F are control characters too. */
		bool control = *s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0);
		if (len && !control)
			add_bytes(t, (const char *)s, len);
		for (size_t i = 0; (!len || control) && i < (len ? len : 1); i++)
			nn_text_add(t, "\\x%02x", s[i]);
		s += len ? len : 1;
	}
}

void nn_tell(const char *name, const char *text)
{
	nn_text t = {0};
	nn_text_plain(&t, text);
	fprintf(stderr, "%s: %s\n", name, t.failed ? "not enough memory to say why" : t.at);
	nn_text_free(&t);
}

void nn_text_number(nn_text *t, double value, int digits)
{
	if (isfinite(value))
		nn_text_add(t, "%.*g", digits, value);
	else
		add_bytes(t, "null", 4);
}
