/* xml.c: the text of a network description as a tree in which everything knows its place.
 *
 * In: the path of a regular file of at most 1 MiB. Out: Elem and Attr with line and column, or NULL
 * after an error. Elements and attributes of a foreign namespace are left out.
 *
 * libxml2 checks that the text is well-formed; its places are only good to a line. But when it
 * announces a start tag it has read just up to the tag's end, no '<' can stand inside a tag, and
 * the text is UTF-8 as we read it. So the last '<' before the parser's position opens the tag, and
 * walking over the tag's text meets every attribute in the parser's order, wherever lines break.
 *
 * The file may be hostile: it is read once, checked for UTF-8 and size before parsing, any DOCTYPE
 * ends the parse (no entity is ever declared or fetched), and depth and number are limited. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "../../runtime/nn.h"
#include "model.h"

enum { MAX_BYTES = 1 << 20, MAX_DEPTH = 32, MAX_ELEMS = NN_ELEMENTS_MAX };

typedef struct Reader {
	const char *file, *text; /* the whole file, NUL-terminated                              */
	size_t len;              /* its bytes                                                   */
	size_t *line;            /* offset of the first byte of each line                       */
	int nline;               /* lines                                                       */
	xmlParserCtxtPtr ctxt;   /* libxml2's parser                                            */
	Elem *root, *open;       /* the tree; the element whose children come next              */
	int depth, foreign;      /* open elements; those inside of a foreign one                */
	size_t after;            /* offset behind the last tag                                  */
	int count;               /* elements so far                                             */
	bool stopped;            /* an error was reported: nothing more is worth saying         */
} Reader;

static Pos place(const Reader *r, size_t offset)
{
	int lo = 0, hi = r->nline - 1;
	while (lo < hi) {
		int mid = (lo + hi + 1) / 2;
		if (r->line[mid] <= offset)
			lo = mid;
		else
			hi = mid - 1;
	}
	return (Pos){.file = r->file, .line = lo + 1, .col = (int)(offset - r->line[lo]) + 1};
}

/* Where the parser stands in our text. */
static size_t here(const Reader *r)
{
	xmlParserInputPtr in = r->ctxt->input;
	if (!in || !in->base)
		return r->len;
	size_t at = in->consumed + (size_t)(in->cur - in->base);
	return at < r->len ? at : r->len;
}

static void stop(Reader *r)
{
	r->stopped = true;
	xmlStopParser(r->ctxt);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_name(char c)
{
	return !c || blank(c) || c == '=' || c == '>' || c == '/';
}

/* The next attribute of a tag from *at on: its name and the text between its quotes. */
typedef struct Span {
	size_t name, name_len;   /* offset and length of the name                               */
	size_t value, value_len; /* of the text inside the quotes                               */
} Span;

static bool next_span(const Reader *r, size_t *at, Span *s)
{
	const char *t = r->text;
	size_t i = *at;
	while (i < r->len && blank(t[i]))
		i++;
	s->name = i;
	while (i < r->len && !ends_name(t[i]))
		i++;
	s->name_len = i - s->name;
	while (i < r->len && (blank(t[i]) || t[i] == '='))
		i++;
	if (!s->name_len || i >= r->len || (t[i] != '"' && t[i] != '\''))
		return false;
	const char *end = memchr(t + i + 1, t[i], r->len - i - 1);
	if (!end)
		return false;
	s->value = i + 1;
	s->value_len = (size_t)(end - t) - s->value;
	*at = s->value + s->value_len + 1;
	return true;
}

static bool declares_namespace(const Reader *r, const Span *s)
{
	const char *name = r->text + s->name;
	return s->name_len >= 5 && !memcmp(name, "xmlns", 5) &&
	       (s->name_len == 5 || name[5] == ':');
}

/* libxml2 hands an attribute over with every '&' as "&#38;", so that it could be parsed again. */
static char *decoded(const xmlChar *from, const xmlChar *to)
{
	char *value = copy_bytes((const char *)from, (size_t)(to - from)), *end = value;
	for (const char *p = value; *p; p++) {
		*end++ = *p;
		if (!strncmp(p, "&#38;", 5))
			p += 4;
	}
	*end = 0;
	return value;
}

static void add_attrs(Reader *r, Elem *e, size_t at, int n, const xmlChar **attr)
{
	Attr **tail = &e->attr;
	Span s;
	for (int i = 0; i < n && next_span(r, &at, &s);) {
		if (declares_namespace(r, &s))
			continue;
		const xmlChar **a = attr + 5 * (size_t)i++;
		if (a[2])
			continue;
		Attr *new_attr = new(Attr);
		new_attr->name = copy_bytes((const char *)a[0], strlen((const char *)a[0]));
		new_attr->value = decoded(a[3], a[4]);
		new_attr->name_pos = place(r, s.name);
		new_attr->value_pos = place(r, s.value);
		new_attr->width = (int)s.value_len;
		*tail = new_attr;
		tail = &new_attr->next;
	}
}

static void append(Reader *r, Elem *e)
{
	e->parent = r->open;
	Elem **tail = r->open ? &r->open->child : &r->root;
	if (r->open && r->open->last) {
		r->open->last->next = e;
	} else {
		*tail = e;
	}
	if (r->open)
		r->open->last = e;
	r->open = e;
}

static void start_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                          int nns, const xmlChar **ns, int nattr, int ndefaulted,
                          const xmlChar **attr)
{
	(void)prefix, (void)nns, (void)ns, (void)ndefaulted;
	Reader *r = ctx;
	if (r->stopped)
		return;
	size_t at = here(r);
	while (at > 0 && r->text[at] != '<')
		at--;
	Pos pos = place(r, at);
	int len = (int)strlen((const char *)name) + 1;
	r->after = here(r);
	if (++r->depth > MAX_DEPTH) {
		error_at(pos, len, "elements are nested more than %d deep", MAX_DEPTH);
		stop(r);
	} else if (++r->count > MAX_ELEMS) {
		error_at(pos, len,
		         "the file has more than %d elements; <repeat> or a block with"
		         " `times` writes many layers as one",
		         MAX_ELEMS);
		stop(r);
	} else if (r->foreign || uri) {
		r->foreign++;
	} else {
		Elem *e = new(Elem);
		e->name = copy_bytes((const char *)name, strlen((const char *)name));
		e->pos = pos;
		append(r, e);
		at++;
		while (at < r->len && !ends_name(r->text[at]))
			at++;
		add_attrs(r, e, at, nattr, attr);
	}
}

static void end_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	(void)name, (void)prefix, (void)uri;
	Reader *r = ctx;
	r->depth--;
	r->after = here(r);
	if (r->foreign)
		r->foreign--;
	else if (r->open)
		r->open = r->open->parent;
}

static void add_text(Elem *e, const char *text, size_t len)
{
	if (!e->text || e->text_len + len + 1 > e->text_room) {
		char *bigger = alloc(e->text_room = 2 * (e->text_len + len + 1));
		if (e->text)
			memcpy(bigger, e->text, e->text_len);
		e->text = bigger;
	}
	memcpy(e->text + e->text_len, text, len);
	e->text_len += len;
}

/* Where text begins: the first of its bytes behind the last tag, if it stands there as it is. */
static Pos text_place(const Reader *r, const char *text, size_t len)
{
	size_t n = 0;
	while (n < len && n < 16 && !blank(text[n]))
		n++;
	const char *from = r->text + r->after;
	const char *found = memmem(from, r->len - r->after, text, n);
	return place(r, found ? (size_t)(found - r->text) : r->after);
}

static void characters(void *ctx, const xmlChar *text, int len)
{
	Reader *r = ctx;
	if (r->stopped || r->foreign || !r->open || len <= 0)
		return;
	Elem *e = r->open;
	int i = 0;
	while (i < len && blank((char)text[i]))
		i++;
	if (i == len && !e->text)
		return;
	if (!e->text)
		e->text_pos = text_place(r, (const char *)text + i, (size_t)(len - i));
	add_text(e, (const char *)text, (size_t)len);
}

static void refuse_doctype(void *ctx, const xmlChar *name, const xmlChar *id, const xmlChar *uri)
{
	(void)name, (void)id, (void)uri;
	Reader *r = ctx;
	size_t at = here(r);
	while (at > 0 && r->text[at] != '<')
		at--;
	if (!r->stopped)
		error_at(place(r, at), 9,
		         "a DOCTYPE is refused: a network needs no entities;"
		         " `nncc --print-schema` has a schema for editors");
	stop(r);
}

static void report(void *ctx, xmlErrorPtr err)
{
	Reader *r = ctx;
	if (r->stopped || err->level < XML_ERR_ERROR)
		return;
	const char *text = err->message ? err->message : "malformed XML";
	size_t n = strlen(text);
	while (n && blank(text[n - 1]))
		n--;
	error_at(place(r, here(r)), 1, "not well-formed XML: %.*s", (int)n, text);
	stop(r);
}

static xmlParserInputPtr refuse_external(const char *url, const char *id, xmlParserCtxtPtr ctxt)
{
	(void)url, (void)id, (void)ctxt;
	return NULL;
}

/* ---- the file ------------------------------------------------------------------------------ */

static const char *read_whole(int fd, const char *path, size_t size)
{
	char *text = alloc(size + 1);
	size_t have = 0;
	while (have < size) {
		ssize_t n = read(fd, text + have, size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			error_at((Pos){.file = path}, 0, "cannot read the file: %s",
			         n < 0 ? strerror(errno) : "it became shorter meanwhile");
			return NULL;
		}
		have += (size_t)n;
	}
	return text;
}

static bool read_file(Reader *r)
{
	Pos pos = {.file = r->file};
	struct stat st;
	int fd = open(r->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		error_at(pos, 0, "cannot open the file: %s", strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		error_at(pos, 0, "wanted a regular file, found %s",
		         S_ISDIR(st.st_mode) ? "a directory" : "something else");
	} else if (st.st_size > MAX_BYTES) {
		error_at(pos, 0, "the file has %lld bytes; a network description may have %d",
		         (long long)st.st_size, MAX_BYTES);
	} else {
		r->len = (size_t)st.st_size;
		r->text = read_whole(fd, r->file, r->len);
	}
	if (fd >= 0)
		close(fd);
	return r->text;
}

static void find_lines(Reader *r)
{
	r->line = grow(r->line, 0, sizeof *r->line);
	r->line[r->nline++] = 0;
	for (size_t i = 0; i < r->len; i++)
		if (r->text[i] == '\n') {
			r->line = grow(r->line, r->nline, sizeof *r->line);
			r->line[r->nline++] = i + 1;
		}
}

/* Bytes of the UTF-8 sequence at s, at most `left`; 0 when it is malformed (RFC 3629). */
static size_t utf8(const unsigned char *s, size_t left)
{
	if (s[0] < 0x80)
		return s[0] != 0;
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
	bool outside = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
	return overlong || outside ? 0 : n;
}

/* Reports a byte that is no text, and shows the line without such bytes. */
static void refuse_byte(const Reader *r, size_t at)
{
	char *shown = copy_bytes(r->text, r->len);
	for (size_t i = 0; i < r->len; i++)
		if (!shown[i] || (shown[i] & 0x80))
			shown[i] = '?';
	diag_source(r->file, shown, r->len);
	error_at(place(r, at), 1, "byte 0x%02x is not UTF-8 text; a network description is UTF-8",
	         (unsigned char)r->text[at]);
}

static bool check_encoding(const Reader *r)
{
	const unsigned char *s = (const unsigned char *)r->text;
	for (size_t i = 0, n; i < r->len; i += n) {
		n = utf8(s + i, r->len - i);
		if (!n) {
			refuse_byte(r, i);
			return false;
		}
	}
	if (strncmp(r->text, "<?xml", 5))
		return true;
	const char *end = strstr(r->text, "?>"), *enc = strstr(r->text, "encoding");
	if (!end || !enc || enc > end)
		return true;
	enc += strcspn(enc, "\"'?");
	size_t n = *enc == '?' ? 0 : strcspn(enc + 1, "\"'?");
	if ((n == 5 && !strncasecmp(enc + 1, "utf-8", 5)) ||
	    (n == 8 && !strncasecmp(enc + 1, "us-ascii", 8)))
		return true;
	error_at(place(r, (size_t)(enc - r->text) + 1), (int)n,
	         "encoding '%.*s' is not read; a"
	         " network description is UTF-8",
	         (int)n, enc + 1);
	return false;
}

Elem *xml(const char *path)
{
	Reader r = {.file = path};
	if (!read_file(&r))
		return NULL;
	diag_source(path, r.text, r.len);
	find_lines(&r);
	if (!check_encoding(&r))
		return NULL;
	xmlSetExternalEntityLoader(refuse_external);
	r.ctxt = xmlCreateMemoryParserCtxt(r.len ? r.text : " ", r.len ? (int)r.len : 1);
	if (!r.ctxt)
		fatal(1, "out of memory in libxml2");
	*r.ctxt->sax = (xmlSAXHandler){
	        .initialized = XML_SAX2_MAGIC,
	        .startElementNs = start_element,
	        .endElementNs = end_element,
	        .characters = characters,
	        .cdataBlock = characters,
	        .ignorableWhitespace = characters,
	        .internalSubset = refuse_doctype,
	        .serror = report,
	};
	r.ctxt->userData = &r;
	xmlCtxtUseOptions(r.ctxt, XML_PARSE_NONET);
	xmlParseDocument(r.ctxt);
	bool fine = r.ctxt->wellFormed && !r.stopped;
	if (!fine && !r.stopped)
		error_at(place(&r, here(&r)), 1, "not well-formed XML");
	else if (fine && !r.root)
		error_at(place(&r, 0), 1, "wanted <network> in no namespace as the root element");
	xmlFreeParserCtxt(r.ctxt);
	return fine ? r.root : NULL;
}
