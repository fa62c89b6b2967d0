/* test_spelling.c: every misspelling of every element and attribute is answered.
 *
 * In: the vocabulary's own tables. For each attribute of each element (of each type, where a type
 * decides) a description is made that holds it, and for each of its misspellings (a letter
 * dropped, doubled or in the other case, two letters swapped) nncc's answer is read:
 *
 *     FILE:3:12: error: unknown attribute 'unts' on <dense>; did you mean 'units'?
 *
 * It must come first, stand where the attribute stands, and name both words. So with the
 * names of elements. An attribute added to a table is in this test at once. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../compiler/front/front.h"

/* ---- a description that holds an element ---------------------------------------------------- */

static const char *sample(const char *elem, const AttrSpec *a)
{
	static const char *const value[] = {
	        [A_INT] = "1",   [A_COUNT] = "2", [A_REAL] = "0.5",  [A_PAIR] = "1",
	        [A_PAIR0] = "0", [A_PAD] = "0",   [A_BOOL] = "true", [A_NAME] = "m",
	        [A_NAMES] = "m", [A_REALS] = "1", [A_TEXT] = "b",
	};
	const char **word;
	if (!strcmp(elem, "data") && !strcmp(a->name, "format"))
		return "synthetic";
	return a->type == A_CHOICE ? (choice_list(a, &word), word[0]) : value[a->type];
}

/* The start of a tag with what it must have and, after all else, `extra`; `left_out` is not
 * repeated. */
static char *tag(const char *elem, const char *type, const char *left_out, const char *extra)
{
	Attr of_type = {.name = "type", .value = type};
	const Elem e = {.name = elem, .attr = type ? &of_type : NULL};
	const AttrSpec *set[SETS];
	char *text = format("<%s", elem);
	attr_sets(&e, set);
	for (int i = 0; i < SETS && set[i]; i++)
		for (const AttrSpec *a = set[i]; a->name; a++) {
			bool is_type = type && !strcmp(a->name, "type");
			if (!a->def && strcmp(a->name, left_out) != 0)
				text = format("%s %s='%s'", text, a->name,
				              is_type ? type : sample(elem, a));
		}
	if (!strcmp(elem, "input") && !*left_out)
		text = format("%s features='4'", text);
	return format("%s%s", text, extra);
}

#define BLOCK "<block name='b'><arg name='f' default='1'/></block>"

static bool holds(const char *children, const char *name)
{
	const char **word;
	int n = children ? split(children, " *?", &word) : 0;
	const ElemSpec *spec = find_spec(name);
	bool layer = spec ? spec->layer : find_row(ROW_LAYER, name) != NULL;
	for (int i = 0; i < n; i++)
		if (!strcmp(word[i], name) || (layer && !strcmp(word[i], "@layer")))
			return true;
	return false;
}

/* The element with what must be in it; `inside` is the text of its child of that name. */
static char *filled(const char *start, const char *elem, const char *child, const char *inside)
{
	const ElemSpec *spec = find_spec(elem);
	const char **word;
	int n = spec && spec->children ? split(spec->children, " ", &word) : 0;
	char *text = format("%s>%s", start, spec && !strcmp(elem, "network") ? BLOCK : "");
	bool put = false;
	for (int i = 0; i < n; i++) {
		bool here = !put && holds(word[i], child);
		put |= here;
		if (here)
			text = format("%s%s", text, inside);
		else if (!strpbrk(word[i], "?*"))
			text = format(
			        "%s%s", text,
			        filled(tag(word[i], strcmp(word[i], "loss") ? NULL : "mse", "", ""),
			               word[i], "", ""));
	}
	return format("%s</%s>\n", text, elem);
}

static const char *parent_of(const char *elem)
{
	for (const ElemSpec *s = vocab; s->name; s++)
		if (strcmp(s->name, "block") != 0 && holds(s->children, elem))
			return s->name;
	return holds(find_spec("block")->children, elem) ? "block" : NULL;
}

/* The whole description around the text of one element. */
static char *around(const char *elem, char *text)
{
	for (const char *parent = parent_of(elem); parent; parent = parent_of(elem = parent))
		text = filled(tag(parent, NULL, "", ""), parent, elem, text);
	return text;
}

/* ---- misspellings --------------------------------------------------------------------------- */

/* The i-th misspelling of a word, or NULL after the last. */
static char *misspelling(const char *word, int i)
{
	int n = (int)strlen(word), at = i / 4;
	if (at >= n)
		return NULL;
	char *s = format("%s ", word);
	s[n] = 0;
	if (i % 4 == 0)
		memmove(s + at, s + at + 1, (size_t)(n - at));
	else if (i % 4 == 1)
		s = format("%.*s%c%s", at, word, word[at], word + at);
	else if (i % 4 == 2)
		s[at] = (char)(isupper((unsigned char)s[at]) ? tolower((unsigned char)s[at])
		                                             : toupper((unsigned char)s[at]));
	else if (at + 1 < n) {
		s[at] = word[at + 1];
		s[at + 1] = word[at];
	}
	return s;
}

/* What nncc says, in a process of its own; *status is 1 after errors. */
static const char *answer(const char *text, int *status)
{
	static char room[1 << 16];
	int fd = memfd_create("description", 0), said = memfd_create("said", 0);
	cr_assert(fd >= 0 && said >= 0);
	cr_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	pid_t child = fork();
	if (child == 0) {
		dup2(said, STDERR_FILENO);
		options.color = 0;
		Elem *root = xml(format("/proc/self/fd/%d", fd));
		if (root)
			model(root);
		fflush(stderr);
		_exit(error_count() ? 1 : 0);
	}
	int state;
	waitpid(child, &state, 0);
	*status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
	ssize_t n = pread(said, room, sizeof room - 1, 0);
	room[n > 0 ? n : 0] = 0;
	close(fd);
	close(said);
	return room;
}

/* Is this a word of the line, not a part of one? */
static bool says(const char *line, const char *word)
{
	size_t n = strlen(word);
	for (const char *at = line; (at = strstr(at, word)); at++) {
		bool starts = at == line || (!isalnum((unsigned char)at[-1]) && at[-1] != '_');
		if (starts && !isalnum((unsigned char)at[n]) && at[n] != '_')
			return true;
	}
	return false;
}

static int failures;

/* `mark` is where the misspelt word is in the text: a new line, a blank, then the word. */
static void asked(const char *text, const char *mark, const char *wrong, const char *meant)
{
	const char *at = strstr(text, mark);
	int status, row = 2, column = 2;
	for (const char *c = text; c < at; c++)
		row += *c == '\n';
	const char *said = answer(text, &status), *error = strstr(said, ": error: ");
	const char *end = error ? strchr(error, '\n') : NULL;
	char *first = error ? copy_bytes(said, (size_t)(end - said)) : format("%s", said);
	bool placed_there = strstr(first, format(":%d:%d: error: ", row, column));
	const char *quoted = mark[2] == '<' ? format("<%s>", wrong) : format("'%s'", wrong);
	if (status == 1 && placed_there && strstr(first, quoted) && says(first, meant))
		return;
	if (failures++ < 20)
		fprintf(stderr,
		        "'%s' for '%s': status %d, wanted an error at %d:%d first; %s\n%s\n", wrong,
		        meant, status, row, column, said, text);
}

static int attribute(const char *elem, const char *type, const AttrSpec *a)
{
	Attr of_type = {.name = "type", .value = type};
	const Elem e = {.name = elem, .attr = type ? &of_type : NULL};
	int tried = 0;
	for (int i = 0; misspelling(a->name, i); i++) {
		const char *wrong = misspelling(a->name, i), *value = sample(elem, a);
		if (!isalpha((unsigned char)*wrong) || find_attr_spec(&e, wrong))
			continue;
		if (type && !strcmp(a->name, "type"))
			value = type;
		char *start = tag(elem, type, a->name, format("\n %s='%s'", wrong, value));
		char *text = around(elem, filled(start, elem, "", ""));
		asked(text, format("\n %s='", wrong), wrong, a->name);
		tried++;
	}
	return tried;
}

static int attributes(const char *elem, const char *type)
{
	Attr of_type = {.name = "type", .value = type};
	const Elem e = {.name = elem, .attr = type ? &of_type : NULL};
	const AttrSpec *set[SETS];
	int tried = 0;
	attr_sets(&e, set);
	for (int i = 0; i < SETS && set[i]; i++)
		for (const AttrSpec *a = set[i]; a->name; a++)
			if (find_attr_spec(&e, a->name) == a)
				tried += attribute(elem, type, a);
	return tried;
}

Test(spelling, every_misspelt_attribute_is_answered, .timeout = 300)
{
	int tried = 0;
	for (const ElemSpec *s = vocab; s->name; s++)
		if (!s->rows)
			tried += attributes(s->name, NULL);
	for (int i = 0; i < nrows; i++) {
		const char *const elem[] = {[ROW_ACTIVATION] = "activation",
		                            [ROW_LOSS] = "loss",
		                            [ROW_OPTIMIZER] = "optimizer"};
		if (rows[i].kind == ROW_LAYER)
			tried += attributes(rows[i].name, NULL);
		else if (rows[i].kind != ROW_INTERNAL)
			tried += attributes(elem[rows[i].kind], rows[i].name);
	}
	cr_assert(!failures, "%d of %d misspelt attributes", failures, tried);
	cr_assert(tried > 2000, "only %d misspellings", tried);
}

static int element(const char *elem, const char *type)
{
	int tried = 0;
	for (int i = 0; misspelling(elem, i); i++) {
		const char *wrong = misspelling(elem, i);
		if (!*wrong || find_spec(wrong) || find_row(ROW_LAYER, wrong))
			continue;
		const char *start = tag(elem, type, "", ">") + 1 + strlen(elem);
		char *text = format("\n <%s%s</%s>", wrong, start, wrong);
		asked(around(elem, text), format("\n <%s", wrong), wrong, elem);
		tried++;
	}
	return tried;
}

Test(spelling, every_misspelt_element_is_answered, .timeout = 300)
{
	int tried = 0;
	for (const ElemSpec *s = vocab; s->name; s++)
		tried += element(s->name, s->rows == 1 + ROW_LOSS ? "mse" : NULL);
	for (int i = 0; i < nrows; i++)
		if (rows[i].kind == ROW_LAYER)
			tried += element(rows[i].name, NULL);
	cr_assert(!failures, "%d of %d misspelt elements", failures, tried);
	cr_assert(tried > 1000, "only %d misspellings", tried);
}
