/* diag.c: what the user is told.
 *
 * In: a place, the number of bytes it covers, and a message. Out: clang's form on stderr,
 *
 *     lenet5.xml:18:12: error: unknown attribute 'unts' on <dense>; did you mean 'units'?
 *        18 |     <dense unts="120" activation="tanh"/>
 *           |            ^~~~
 *
 * followed by one line for each block that the place was expanded from. The same message at the
 * same place is printed once, however often its block is used; after options.error_limit errors the
 * rest is counted but not printed. The file's text may be hostile: control bytes never reach the
 * terminal, and of an endless line only the part around the caret is shown. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../../runtime/base/near.h"
#include "base.h"

enum { SHOWN = 160, BUCKETS = 1024 };

typedef struct Said {     /* a message that was printed                                  */
	const char *text; /* "file:line:col: kind: message"                              */
	struct Said *next;
} Said;

static const char *source_file, *source_text;
static size_t source_len;
static int errors;
static bool muted; /* the last message was not printed: its notes are not either  */
static Said *said[BUCKETS];

void diag_source(const char *file, const char *text, size_t len)
{
	source_file = file;
	source_text = text;
	source_len = len;
}

int error_count(void)
{
	return errors;
}

static bool in_color(void)
{
	return options.color == 1 || (options.color == 2 && isatty(STDERR_FILENO));
}

static void paint(const char *code)
{
	if (in_color())
		fprintf(stderr, "\033[%sm", code);
}

/* A copy without control bytes, each written as \xNN. */
static char *printable(const char *s)
{
	char *out = alloc(4 * strlen(s) + 1), *p = out;
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c >= 0x20 && c != 0x7f)
			*p++ = *s;
		else
			p += sprintf(p, "\\x%02x", c);
	}
	return out;
}

static bool find_line(int line, const char **begin, size_t *len)
{
	if (!source_text || line < 1)
		return false;
	const char *p = source_text, *end = source_text + source_len;
	while (--line > 0 && (p = memchr(p, '\n', (size_t)(end - p))))
		p++;
	if (!p)
		return false;
	const char *stop = memchr(p, '\n', (size_t)(end - p));
	*begin = p;
	*len = (size_t)((stop ? stop : end) - p);
	return true;
}

/* Bytes 10xxxxxx continue a character and take no column. */
static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static void show_line(Pos pos, int len)
{
	const char *line;
	size_t n;
	if (!pos.file || !source_file || strcmp(pos.file, source_file) ||
	    !find_line(pos.line, &line, &n))
		return;
	size_t at = pos.col > 0 ? (size_t)pos.col - 1 : 0;
	if (at > n)
		at = n;
	size_t from = at > SHOWN / 2 && n > SHOWN ? at - SHOWN / 2 : 0;
	while (from && continues(line[from]))
		from--;
	size_t to = n - from > SHOWN ? from + SHOWN : n;
	while (to < n && continues(line[to]))
		to--;
	fprintf(stderr, "%5d | ", pos.line);
	for (size_t i = from; i < to; i++) {
		unsigned char c = (unsigned char)line[i];
		fputc(c == '\t' || (c >= 0x20 && c != 0x7f) ? c : ' ', stderr);
	}
	fputs("\n      | ", stderr);
	for (size_t i = from; i < at; i++)
		if (!continues(line[i]))
			fputc(line[i] == '\t' ? '\t' : ' ', stderr);
	paint("1;32");
	fputc('^', stderr);
	for (size_t i = at + 1; i < to && i < at + (size_t)(len > 0 ? len : 1); i++)
		if (!continues(line[i]))
			fputc('~', stderr);
	paint("0");
	fputc('\n', stderr);
}

static void show_chain(Pos pos)
{
	for (const Pos *via = pos.via; via; pos = *via, via = via->via)
		fprintf(stderr, "      in block \"%s\" used at %s:%d:%d\n", printable(pos.block),
		        via->file, via->line, via->col);
}

static bool said_before(const char *text)
{
	unsigned hash = 2166136261u;
	for (const char *p = text; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	Said **bucket = &said[hash % BUCKETS];
	for (Said *s = *bucket; s; s = s->next)
		if (!strcmp(s->text, text))
			return true;
	Said *s = new(Said);
	s->text = text;
	s->next = *bucket;
	*bucket = s;
	return false;
}

static void tell(Pos pos, int len, const char *kind, const char *code, const char *text)
{
	paint("1");
	if (pos.file && pos.line)
		fprintf(stderr, "%s:%d:%d: ", printable(pos.file), pos.line, pos.col);
	else
		fprintf(stderr, "%s: ", pos.file ? printable(pos.file) : "nncc");
	paint(code);
	fprintf(stderr, "%s: ", kind);
	paint("0");
	paint("1");
	fputs(text, stderr);
	paint("0");
	fputc('\n', stderr);
	show_line(pos, len);
	show_chain(pos);
}

static char *vformat(const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);
	char *text = alloc((size_t)(len < 0 ? 0 : len) + 1);
	if (len > 0)
		vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return printable(text);
}

static char *keyed(Pos pos, const char *text)
{
	return format("%s:%d:%d:%s", pos.file ? pos.file : "", pos.line, pos.col, text);
}

void error_at(Pos pos, int len, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = vformat(fmt, ap);
	va_end(ap);
	bool full = options.error_limit && errors >= options.error_limit;
	muted = true;
	if ((!full || errors == options.error_limit) && said_before(keyed(pos, text)))
		return;
	errors++;
	if (full) {
		if (errors == options.error_limit + 1)
			fputs("nncc: error: too many errors; the rest is not shown"
			      " (-ferror-limit=0 shows all)\n",
			      stderr);
		return;
	}
	muted = false;
	tell(pos, len, "error", "1;31", text);
}

void warning_at(Pos pos, int len, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = vformat(fmt, ap);
	va_end(ap);
	muted = said_before(keyed(pos, text));
	if (!muted)
		tell(pos, len, "warning", "1;35", text);
}

void note_at(Pos pos, int len, const char *fmt, ...)
{
	if (muted)
		return;
	va_list ap;
	va_start(ap, fmt);
	char *text = vformat(fmt, ap);
	va_end(ap);
	tell(pos, len, "note", "1;36", text);
}

void fatal(int code, const char *fmt, ...)
{
	fputs("nncc: error: ", stderr);
	va_list ap;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(code);
}

/* The words of the list that need the fewest edits, if they are at most a third of its letters.
 * After the last error that is shown nobody reads them. */
int near_misses(const char *word, const char *const *list, int n, const char **best)
{
	int least_edits = NN_EDITS_MAX, count = 0;
	if (options.error_limit && errors >= options.error_limit)
		return 0;
	for (int i = 0; i < n; i++) {
		int d = nn_edits(word, list[i]);
		if (d > least_edits || !nn_edits_near(d, list[i]))
			continue;
		count = d < least_edits ? 0 : count;
		least_edits = d;
		if (count < NEAR_WORDS)
			best[count++] = list[i];
	}
	return count;
}

const char *near_miss(const char *word, const char *const *list, int n)
{
	const char *best[NEAR_WORDS];
	return near_misses(word, list, n, best) ? best[0] : NULL;
}
