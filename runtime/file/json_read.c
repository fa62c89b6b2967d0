/* json_read.c: a strict pull reader of JSON: objects, arrays, strings and whole numbers.
 *
 * The caller asks for what must come next (nn_json_expect, nn_json_string, ...); the first thing
 * that does not is noted in `error`, and every later call does nothing. Strings are unescaped into
 * memory of the caller. Zero bytes inside strings are refused, since names are C strings. */
#include "json_read.h"

#include <string.h>

void nn_json_start(nn_json *j, const char *text, size_t len, char *strings)
{
	*j = (nn_json){.text = text, .len = len};
	j->strings = strings;
}

bool nn_json_fail(nn_json *j, const char *error)
{
	if (!j->error)
		j->error = error;
	return false;
}

static char peek(nn_json *j)
{
	while (j->at < j->len && j->text[j->at] && strchr(" \t\r\n", j->text[j->at]))
		j->at++;
	return j->at < j->len ? j->text[j->at] : 0;
}

bool nn_json_accept(nn_json *j, char c)
{
	if (j->error || peek(j) != c)
		return false;
	j->at++;
	return true;
}

void nn_json_expect(nn_json *j, char c)
{
	if (!nn_json_accept(j, c))
		nn_json_fail(j, c == '{'   ? "expected '{'"
		                : c == '[' ? "expected '['"
		                : c == ':' ? "expected ':'"
		                           : "expected ',' or a closing bracket");
}

bool nn_json_next(nn_json *j, char close)
{
	if (nn_json_accept(j, ','))
		return true;
	if (!nn_json_accept(j, close))
		nn_json_fail(j, "expected ',' or a closing bracket");
	return false;
}

/* Four hexadecimal digits; -1 otherwise. */
static int32_t hex4(nn_json *j)
{
	int32_t value = 0;
	if (j->len - j->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdefABCDEF";
		const char *d = j->text[j->at] ? strchr(digits, j->text[j->at]) : NULL;
		if (!d)
			return -1;
		int32_t v = (int32_t)(d - digits);
		value = value * 16 + (v < 16 ? v : v - 6);
		j->at++;
	}
	return value;
}

static void put_utf8(nn_json *j, int32_t c)
{
	char *s = j->strings;
	if (c < 0x80) {
		*s++ = (char)c;
	} else if (c < 0x800) {
		*s++ = (char)(0xc0 | c >> 6);
		*s++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*s++ = (char)(0xe0 | c >> 12);
		*s++ = (char)(0x80 | (c >> 6 & 63));
		*s++ = (char)(0x80 | (c & 63));
	} else {
		*s++ = (char)(0xf0 | c >> 18);
		*s++ = (char)(0x80 | (c >> 12 & 63));
		*s++ = (char)(0x80 | (c >> 6 & 63));
		*s++ = (char)(0x80 | (c & 63));
	}
	j->strings = s;
}

static void unicode(nn_json *j)
{
	int32_t c = hex4(j);
	if (c >= 0xd800 && c < 0xdc00) {
		int32_t low = -1;
		if (j->len - j->at >= 2 && j->text[j->at] == '\\' && j->text[j->at + 1] == 'u') {
			j->at += 2;
			low = hex4(j);
		}
		c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00)
		                                  : -1;
	}
	if (c <= 0 || (c >= 0xdc00 && c < 0xe000))
		nn_json_fail(j, "bad \\u escape");
	else
		put_utf8(j, c);
}

static void escape(nn_json *j)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = j->at < j->len ? j->text[j->at++] : 0;
	const char *known = c ? strchr(from, c) : NULL;
	if (known)
		*j->strings++ = to[known - from];
	else if (c == 'u')
		unicode(j);
	else
		nn_json_fail(j, "bad escape");
}

const char *nn_json_string(nn_json *j)
{
	if (j->error)
		return "";
	if (peek(j) != '"') {
		nn_json_fail(j, "expected a string");
		return "";
	}
	char *start = j->strings;
	j->at++;
	while (!j->error) {
		char c = j->at < j->len ? j->text[j->at++] : 0;
		if (c == '"')
			break;
		if (c == '\\')
			escape(j);
		else if ((unsigned char)c < 0x20)
			nn_json_fail(j, "unfinished string or control character");
		else
			*j->strings++ = c;
	}
	*j->strings++ = 0;
	return start;
}

int64_t nn_json_whole(nn_json *j)
{
	int64_t value = 0;
	char c = peek(j);
	size_t from = j->at;
	if (j->error)
		return 0;
	for (; c >= '0' && c <= '9'; c = j->at < j->len ? j->text[j->at] : 0) {
		value = value * 10 + (c - '0');
		j->at++;
		if (value > (int64_t)1 << 58)
			return nn_json_fail(j, "number too large");
	}
	if (j->at == from || (j->text[from] == '0' && j->at > from + 1))
		return nn_json_fail(j, "expected a whole number");
	return value;
}

void nn_json_end(nn_json *j)
{
	peek(j);
	if (j->at < j->len)
		nn_json_fail(j, "text after the end");
}
