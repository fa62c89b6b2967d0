/* test_bad.c: what nncc says about wrong descriptions, and that hostile ones do no harm.
 *
 * tests/bad holds pairs: NAME.xml is wrong in some way, NAME.err is exactly what stderr must show.
 * BLESS=1 writes the .err files instead of comparing (tests/bless.sh); read the difference before
 * committing it. Attacks that are too large for a file in the repository are made here. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <libxml/relaxng.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../compiler/front/front.h"

/* The whole file, from the compiler's arena; NULL when there is none. */
static const char *read_text(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	char *text = NULL;
	size_t room = 0;
	ssize_t n = getdelim(&text, &room, EOF, f);
	const char *copy = copy_bytes(text, n > 0 ? (size_t)n : 0);
	free(text);
	fclose(f);
	return copy;
}

/* Reads a description as nncc does, in a process of its own; *status is 1 after errors. */
static const char *said_about(const char *dir, const char *file, int *status)
{
	char log[] = "/tmp/nncc_bad_XXXXXX";
	int fd = mkstemp(log);
	cr_assert(fd >= 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		dup2(fd, STDERR_FILENO);
		if (chdir(dir))
			_exit(9);
		options.color = 0;
		Elem *root = xml(file);
		if (root)
			model(root);
		fflush(NULL);
		_exit(error_count() ? 1 : 0);
	}
	int state;
	waitpid(child, &state, 0);
	*status = WIFEXITED(state) ? WEXITSTATUS(state) : 128;
	close(fd);
	const char *text = read_text(log);
	unlink(log);
	return text;
}

static int is_xml(const struct dirent *d)
{
	size_t n = strlen(d->d_name);
	return n > 4 && !strcmp(d->d_name + n - 4, ".xml");
}

static int descriptions(const char *dir, struct dirent ***list)
{
	int n = scandir(dir, list, is_xml, alphasort);
	cr_assert(n > 0, "%s has no descriptions", dir);
	return n;
}

static void put_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "wb");
	cr_assert(f);
	fputs(text, f);
	fclose(f);
}

Test(bad, says_exactly_this)
{
	struct dirent **list;
	int n = descriptions("tests/bad", &list);
	for (int i = 0; i < n; i++) {
		char *name = list[i]->d_name, path[512];
		snprintf(path, sizeof path, "tests/bad/%.*s.err", (int)strlen(name) - 4, name);
		int status;
		const char *said = said_about("tests/bad", name, &status);
		cr_assert(status == 1, "%s: status %d, wanted 1; it says\n%s", name, status, said);
		if (getenv("BLESS"))
			put_text(path, said);
		const char *wanted = read_text(path);
		cr_assert(wanted, "%s is missing: run tests/bless.sh", path);
		cr_assert(!strcmp(said, wanted), "%s: wanted\n%s\nfound\n%s", name, wanted, said);
	}
}

/* ---- attacks that are made here ------------------------------------------------------------- */

static char *made(const char *text, size_t len)
{
	char *path = format("/tmp/nncc_made_XXXXXX");
	int fd = mkstemp(path);
	cr_assert(fd >= 0);
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, text + done, len - done);
		cr_assert(n > 0);
		done += (size_t)n;
	}
	close(fd);
	return path;
}

static void refused(const char *path, const char *why)
{
	int status;
	const char *said = said_about(".", path, &status);
	cr_assert(status == 1 && strstr(said, why), "%s: wanted '%s', found status %d and\n%.2000s",
	          path, why, status, said);
}

static char *repeated(const char *before, const char *part, int times, const char *after)
{
	size_t room = strlen(before) + strlen(part) * (size_t)times + strlen(after) + 1;
	char *text = alloc(room);
	FILE *f = fmemopen(text, room, "w");
	cr_assert(f);
	fputs(before, f);
	while (times-- > 0)
		fputs(part, f);
	fputs(after, f);
	fclose(f);
	return text;
}

Test(hostile, more_elements_than_allowed)
{
	char *text = repeated("<network name='n'><layers>", "<flatten/>\n", 20000,
	                      "</layers></network>");
	char *path = made(text, strlen(text));
	refused(path, "more than 20000 elements");
	unlink(path);
}

Test(hostile, more_bytes_than_allowed)
{
	char *text = repeated("<network name='n'>", " ", 1 << 20, "</network>");
	char *path = made(text, strlen(text));
	refused(path, "may have 1048576");
	unlink(path);
}

Test(hostile, text_of_entities_takes_no_square_time)
{
	char *text = repeated("<network name='n'><description>", "&amp;", 200000,
	                      "</description></network>");
	char *path = made(text, strlen(text));
	refused(path, "wants an <input>");
	unlink(path);
}

Test(hostile, one_attribute_of_a_megabyte)
{
	char *text = repeated("<network name='", "%n", 500000, "'/>");
	char *path = made(text, strlen(text));
	refused(path, "wanted a name");
	unlink(path);
}

Test(hostile, not_a_regular_file)
{
	char path[] = "/tmp/nncc_dir_XXXXXX", fifo[64];
	cr_assert(mkdtemp(path));
	refused(path, "found a directory");
	snprintf(fifo, sizeof fifo, "%s/fifo", path);
	cr_assert(mkfifo(fifo, 0600) == 0);
	refused(fifo, "wanted a regular file");
	unlink(fifo);
	refused(fifo, "cannot open the file");
	rmdir(path);
}

/* Cuts and changes a good description in many places: an answer each time, never a crash. */
Test(hostile, every_mutation_gets_an_answer)
{
	const char *good = read_text("models/mlp.xml");
	size_t len = strlen(good);
	unsigned seed = 1;
	for (int i = 0; i < 200; i++) {
		char *text = copy_bytes(good, len);
		size_t n = len;
		for (int k = 0; k < 1 + i % 4; k++) {
			seed = seed * 1664525u + 1013904223u;
			size_t at = (seed >> 8) % len;
			text[at] = "<>\"&{}0-9/=\n\0\xff"[(seed >> 4) % 15];
		}
		n = i % 5 ? n : (seed >> 8) % len;
		char *path = made(text, n);
		int status;
		const char *said = said_about(".", path, &status);
		cr_assert(status <= 1 && (status == 0 || strstr(said, "error: ")),
		          "mutation %d: status %d\n%s\n%s", i, status, text, said);
		unlink(path);
	}
}

/* The end of the token at p: a quoted value, a run of blanks, or what is between them. */
static const char *token_end(const char *p)
{
	static const char blank[] = " \t\n";
	if (*p == '"')
		return p + 1 + strcspn(p + 1, "\"") + (strchr(p + 1, '"') != NULL);
	if (strchr(blank, *p))
		return p + strspn(p, blank);
	return p + 1 + strcspn(p + 1, "<\" \t\n");
}

/* The i-th change of a text: a token dropped, repeated elsewhere, or swapped with another. */
static const char *moved(const char *text, int i, unsigned *seed)
{
	const char **start = NULL;
	int n = 0, at[2];
	for (const char *p = text; *p; p = token_end(p)) {
		start = grow(start, n, sizeof *start);
		start[n++] = p;
	}
	if (!start)
		return text;
	for (int k = 0; k < 2; k++) {
		*seed = *seed * 1664525u + 1013904223u;
		at[k] = (int)((double)(*seed >> 8) / (1 << 24) * n);
	}
	const char *a = start[at[0] < at[1] ? at[0] : at[1]], *a_end = token_end(a);
	const char *b = start[at[0] < at[1] ? at[1] : at[0]], *b_end = token_end(b);
	const char *first = copy_bytes(a, (size_t)(a_end - a));
	const char *second = copy_bytes(b, (size_t)(b_end - b));
	const char *before = copy_bytes(text, (size_t)(a - text));
	const char *between = a == b ? "" : copy_bytes(a_end, (size_t)(b - a_end));
	if (i % 3 == 0)
		return format("%s%s", before, a_end);
	if (i % 3 == 1)
		return format("%s%s%s", before, second, a);
	return format("%s%s%s%s%s", before, second, between, first, b_end);
}

Test(hostile, every_moved_token_gets_an_answer, .timeout = 300)
{
	struct dirent **list;
	int n = descriptions("models", &list);
	unsigned seed = 7;
	for (int i = 0; i < 40 * n; i++) {
		char path[512];
		snprintf(path, sizeof path, "models/%s", list[i / 40]->d_name);
		const char *text = moved(read_text(path), i, &seed);
		char *file = made(text, strlen(text));
		int status;
		const char *said = said_about(".", file, &status);
		cr_assert(status <= 1 && (status == 0 || strstr(said, "error: ")),
		          "mutation %d of %s: status %d\n%s\n%s", i, path, status, text, said);
		unlink(file);
	}
}

/* ---- the schema ---------------------------------------------------------------------------- */

static xmlRelaxNGPtr compiled_schema(void)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	schema("rng", out);
	fclose(out);
	xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewMemParserCtxt(text, (int)len);
	xmlRelaxNGPtr rng = xmlRelaxNGParse(parser);
	cr_assert(rng, "the schema is not valid RELAX NG");
	return rng;
}

static void silent(void *ctx, const char *fmt, ...)
{
	(void)ctx, (void)fmt;
}

/* 0: valid, 1: invalid, -1: not well-formed. */
static int validates(xmlRelaxNGPtr rng, const char *path)
{
	xmlDocPtr doc = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
	if (!doc)
		return -1;
	xmlRelaxNGValidCtxtPtr ctxt = xmlRelaxNGNewValidCtxt(rng);
	xmlRelaxNGSetValidErrors(ctxt, silent, silent, NULL);
	int result = xmlRelaxNGValidateDoc(ctxt, doc);
	xmlRelaxNGFreeValidCtxt(ctxt);
	xmlFreeDoc(doc);
	return result != 0;
}

Test(schema, accepts_what_the_compiler_accepts)
{
	static const char *const dirs[] = {"models", "tests/oracle", "tests/dual", "tests/dump",
	                                   "tests/planted"};
	xmlRelaxNGPtr rng = compiled_schema();
	for (size_t d = 0; d < sizeof dirs / sizeof *dirs; d++) {
		struct dirent **list;
		int n = descriptions(dirs[d], &list);
		for (int i = 0; i < n; i++) {
			char path[512];
			int status;
			snprintf(path, sizeof path, "%s/%s", dirs[d], list[i]->d_name);
			const char *said = said_about(".", path, &status);
			cr_assert(status == 0, "%s is refused:\n%s", path, said);
			cr_assert(validates(rng, path) == 0, "%s does not fit the schema", path);
		}
	}
}

/* A schema can tell spelling, places, words and the form of numbers. What it cannot tell is what
 * names refer to, values of expressions, shapes, files, limits, a DOCTYPE: of the bad files these
 * fit. */
Test(schema, refuses_what_it_can_tell)
{
	static const char *const beyond[] = {
	        "block_bomb", "block_caller", "block_chain",  "block_itself", "block_shape",
	        "doctype_e",  "block_unk",    "classes",      "data_",        "depth",
	        "encoding",   "expr_deep",    "expr_frac",    "expr_n",       "from_",
	        "input_",     "join_shape",   "layers_empty", "loss_",        "name_grad",
	        "name_twice", "normalize",    "number_range", "parallel_s",   "repeat_bomb",
	        "augment_",   "batch_large",  "tune_wide",    "residual_",    "schedule",
	        "shape_",     "softmax",      "version",
	};
	xmlRelaxNGPtr rng = compiled_schema();
	struct dirent **list;
	int n = descriptions("tests/bad", &list), told = 0;
	for (int i = 0; i < n; i++) {
		char path[512];
		bool fits = false;
		for (size_t k = 0; k < sizeof beyond / sizeof *beyond; k++)
			fits = fits || !strncmp(list[i]->d_name, beyond[k], strlen(beyond[k]));
		snprintf(path, sizeof path, "tests/bad/%s", list[i]->d_name);
		told += !fits;
		cr_assert((validates(rng, path) == 0) == fits, "%s %s the schema", path,
		          fits ? "does not fit" : "fits");
	}
	cr_assert(told >= 45, "only %d files are refused", told);
}

/* The reference ends with the tables that the compiler prints now: see its last section. */
Test(schema, reference_is_up_to_date)
{
	const char *reference = read_text("models/README.md");
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	schema("md", out);
	fclose(out);
	const char *tables = strstr(reference, "\n## Elements");
	cr_assert(tables && !strcmp(tables, text),
	          "put nncc --print-schema=md at the end of models/README.md");
}
