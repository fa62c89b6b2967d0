/* options.c: the command line.
 *
 * In: argv. Out: the global `options`. One table says how every option is spelt, what it takes,
 * where its value goes and what it means; parsing, suggestions for misspelt options and --help all
 * come from it. Options and the file may stand in any order; "--" ends the options; a file or
 * output whose name begins with a dash is given on as ./-name, so that no tool takes it for an
 * option. Whatever is wrong ends the program with exit 2. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

typedef enum {
	FLAG,   /* a bool becomes true                                                        */
	TEXT,   /* a const char *                                                             */
	PATH,   /* a const char *, ./ in front of a dash                                      */
	COUNT,  /* an int >= `least`                                                          */
	SIZE,   /* an int64_t of bytes: 512M                                                  */
	LEVEL,  /* options.level = least                                                      */
	LETTER, /* a pass of the table in main.c                                              */
	DEFINE, /* one more name=value                                                        */
	COLOR,  /* auto always never                                                          */
	SCHEMA, /* rng or md; rng when left out                                               */
	HELP,
	VERSION
} Kind;

typedef struct Opt {
	const char *name; /* "-o"; ends with '=' when the value is joined to it          */
	const char *arg;  /* what --help calls the value; NULL: takes none               */
	Kind kind;
	void *at;        /* where it goes                                               */
	int least;       /* COUNT: smallest value; LEVEL: the level                     */
	const char *doc; /* one line                                                    */
} Opt;

static const Opt opts[] = {
        {"-o", "PATH", PATH, &options.output, 0,
         "the trainer (default ./NAME); with -S the directory (default ./NAME.c.d)"},
        {"-S", NULL, FLAG, &options.sources, 0,
         "write C sources, runtime and Makefile; do not compile"},
        {"-O0", NULL, LEVEL, NULL, 0, "plain loop nests"},
        {"-O1", NULL, LEVEL, NULL, 1, "fused, memory reused, parallel"},
        {"-O2", NULL, LEVEL, NULL, 2, "tiled and vectorised too (default)"},
        {"-O3", NULL, LEVEL, NULL, 3,
         "-O2 with register tiles that were measured on this machine (cached)"},
        {"-march=", "NAME", TEXT, &options.march, 0,
         "native (default), x86-64-v2, x86-64-v3, x86-64-v4, armv8-a, generic"},
        {"-D", "name=value", DEFINE, NULL, 0, "set a <param>"},
        {"--batch-size", "N", COUNT, &options.batch, 1, "instead of the file's batch_size"},
        {"--cc", "CMD", TEXT, &options.cc, 0, "C compiler (default NNCC_CC, clang-19, clang, gcc)"},
        {"--threads", "N", COUNT, &options.threads, 1,
         "what the schedule assumes (default: processors available)"},
        {"--max-mem", "SIZE", SIZE, &options.max_mem, 0,
         "refuse when training needs more: 512M, 2G"},
        {"--static", NULL, FLAG, &options.link_static, 0,
         "no shared libraries (with gcc; clang's OpenMP has no static form)"},
        {"-fno-fuse", NULL, FLAG, &options.no_fuse, 0, "an equation a kernel"},
        {"-fno-tile", NULL, FLAG, &options.no_tile, 0, "no register tiles"},
        {"-fno-simd", NULL, FLAG, &options.no_simd, 0, "one value at a time"},
        {"-fno-reuse", NULL, FLAG, &options.no_reuse, 0, "every tensor has memory of its own"},
        {"-fno-parallel", NULL, FLAG, &options.no_parallel, 0, "kernels on one thread"},
        {"-fno-winograd", NULL, FLAG, &options.no_winograd, 0, "no Winograd convolutions"},
        {"-fwinograd", NULL, FLAG, &options.force_winograd, 0,
         "Winograd wherever it can be, not only where it pays (a testing aid)"},
        {"-flanes=", "FAMILY", TEXT, &options.lanes, 0,
         "images or channels in the lanes of vectors (default: as it pays)"},
        {"-fdouble", NULL, FLAG, &options.real_double, 0, "compute in double (a testing aid)"},
        {"-fsyntax-only", NULL, FLAG, &options.syntax_only, 0, "only check the file"},
        {"-d", "LETTER", LETTER, NULL, 0, "print what a pass left behind, and stop (below)"},
        {"-v", NULL, FLAG, &options.verbose, 0, "tell times of the passes and show the commands"},
        {"-###", NULL, FLAG, &options.print_only, 0, "show the commands and run none"},
        {"-ferror-limit=", "N", COUNT, &options.error_limit, 0,
         "errors shown (default 20; 0: all)"},
        {"-fdiagnostics-color=", "WHEN", COLOR, NULL, 0, "auto (default), always, never"},
        {"--summary", NULL, FLAG, &options.summary, 0,
         "print the layers: shapes, parameters, MACs, memory, receptive field"},
        {"--json", NULL, FLAG, &options.json, 0, "with --summary: for programs"},
        {"--emit-graph", NULL, FLAG, &options.graph, 0, "print the expanded network as JSON"},
        {"--explain", NULL, FLAG, &options.explain, 0,
         "print each kernel: formula, fusion, tile, predicted time, bytes, flop"},
        {"--print-schema=", "KIND", SCHEMA, NULL, 0,
         "print the format: rng (default, RELAX NG) or md (Markdown)"},
        {"-h", NULL, HELP, NULL, 0, "as --help"},
        {"--help", NULL, HELP, NULL, 0, "this text"},
        {"--version", NULL, VERSION, NULL, 0, "nncc's version"},
};
enum { NOPTS = sizeof opts / sizeof opts[0] };

static _Noreturn void help(void)
{
	printf("usage: nncc [options] model.xml\n"
	       "Compiles the training of a neural network to a program of its own.\n\n");
	for (int i = 0; i < NOPTS; i++) {
		const Opt *o = &opts[i];
		bool joined = o->name[strlen(o->name) - 1] == '=';
		const char *left = format("%s%s%s", o->name, o->arg && !joined ? " " : "",
		                          o->arg ? o->arg : "");
		printf("  %-26s%s%s\n", left, strlen(left) > 24 ? "  " : "", o->doc);
	}
	printf("\npasses, and their letters for -d:\n");
	for (const Pass *p = passes; p->letter; p++)
		printf("  %c %-8s %s\n", p->letter, p->name, p->purpose);
	printf("\nexit: 0 done, 1 errors in the file or from the C compiler, 2 usage\n");
	show_done();
}

static const char *dashed(const char *path)
{
	return path[0] == '-' ? format("./%s", path) : path;
}

static int count_of(const Opt *o, const char *value)
{
	char *end;
	long n = strtol(value, &end, 10);
	if (end == value || *end || n < o->least || n > INT_MAX)
		fatal(2, "%s wants a whole number of at least %d, not '%s'", o->name, o->least,
		      value);
	return (int)n;
}

static int64_t size_of(const Opt *o, const char *value)
{
	static const char unit[] = "KMGT";
	char *end;
	double n = strtod(value, &end);
	const char *u = *end ? strchr(unit, *end >= 'a' ? *end - 'a' + 'A' : *end) : NULL;
	for (int64_t i = u ? u - unit + 1 : 0; i > 0; i--)
		n *= 1024;
	if (end == value || (*end && (!u || end[1])) || !(n >= 1 && n < 9e18))
		fatal(2, "%s wants a number of bytes such as 512M or 2G, not '%s'", o->name, value);
	return (int64_t)n;
}

static char letter_of(const char *value)
{
	for (const Pass *p = passes; p->letter; p++)
		if (value[0] == p->letter && !value[1])
			return p->letter;
	const char *all = "";
	for (const Pass *p = passes; p->letter; p++)
		all = format("%s %c", all, p->letter);
	fatal(2, "-d wants one of the letters%s, not '%s' (see --help)", all, value);
}

/* The position of `value` among the words, or exit 2 with a suggestion. */
static int word_of(const Opt *o, const char *value, const char *const *word, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(value, word[i]))
			return i;
	const char *near = near_miss(value, word, n), *all = word[0];
	for (int i = 1; i < n; i++)
		all = format("%s, %s", all, word[i]);
	if (near)
		fatal(2, "%s does not know '%s'; did you mean '%s'?", o->name, value, near);
	fatal(2, "%s wants one of %s, not '%s'", o->name, all, value);
}

static void define(const char *value)
{
	if (!strchr(value, '=') || value[0] == '=')
		fatal(2, "-D wants name=value, not '%s'", value);
	options.define = grow(options.define, options.ndefine, sizeof *options.define);
	options.define[options.ndefine++] = value;
}

/* `value` is "" where none was given. */
static void set(const Opt *o, const char *value)
{
	static const char *const color[] = {"never", "always", "auto"};
	static const char *const kind[] = {"rng", "md"};
	switch (o->kind) {
	case FLAG:
		*(bool *)o->at = true;
		break;
	case TEXT:
		*(const char **)o->at = value;
		break;
	case PATH:
		*(const char **)o->at = dashed(value);
		break;
	case COUNT:
		*(int *)o->at = count_of(o, value);
		break;
	case SIZE:
		*(int64_t *)o->at = size_of(o, value);
		break;
	case LEVEL:
		options.level = o->least;
		break;
	case LETTER:
		options.dump = letter_of(value);
		break;
	case DEFINE:
		define(value);
		break;
	case COLOR:
		options.color = word_of(o, value, color, 3);
		break;
	case SCHEMA:
		options.schema = kind[*value ? word_of(o, value, kind, 2) : 0];
		break;
	case HELP:
		help();
	case VERSION:
		puts("nncc " NNCC_VERSION);
		show_done();
	}
}

static _Noreturn void unknown(const char *arg)
{
	const char *names[NOPTS];
	for (int i = 0; i < NOPTS; i++)
		names[i] = opts[i].name;
	const char *eq = strchr(arg, '='), *near = near_miss(arg, names, NOPTS);
	if (!near && eq)
		near = near_miss(copy_bytes(arg, (size_t)(eq - arg) + 1), names, NOPTS);
	if (near)
		fatal(2, "unknown option '%s'; did you mean '%s'?", arg, near);
	fatal(2, "unknown option '%s'; --help lists them all", arg);
}

/* "--name value", "--name=value", "-march=value", "-Dname=value". */
static bool match(const Opt *o, const char *arg, const char **value)
{
	size_t n = strlen(o->name);
	bool joined = o->name[n - 1] == '=';
	*value = NULL;
	if (!strcmp(arg, o->name))
		return true;
	if (joined && !strncmp(arg, o->name, n - 1) && !arg[n - 1])
		return true;
	if (!o->arg || strncmp(arg, o->name, n))
		return false;
	bool long_form = !strncmp(arg, "--", 2) && arg[n] == '=';
	if (!joined && !long_form && o->kind != DEFINE)
		return false;
	*value = arg + n + (long_form && !joined);
	return true;
}

static int option(int argc, char **argv, int i)
{
	for (int k = 0; k < NOPTS; k++) {
		const char *value;
		if (!match(&opts[k], argv[i], &value))
			continue;
		bool joined = strchr(opts[k].name, '=') != NULL;
		if (opts[k].arg && !value && !joined)
			value = ++i < argc ? argv[i] : NULL;
		if (opts[k].arg && (!value || !*value) && opts[k].kind != SCHEMA)
			fatal(2, "%s needs its %s; --help tells more", opts[k].name, opts[k].arg);
		set(&opts[k], value ? value : "");
		return i;
	}
	unknown(argv[i]);
}

/* What a level leaves out; a -fno-... given besides stays. */
static void apply_level(void)
{
	options.no_fuse |= options.level < 1;
	options.no_reuse |= options.level < 1;
	options.no_parallel |= options.level < 1;
	options.no_tile |= options.level < 2;
	options.no_simd |= options.level < 2;
	options.no_winograd |= options.level < 2;
}

static void check_march(void)
{
	static const char *const march[] = {"native",    "x86-64-v2", "x86-64-v3",
	                                    "x86-64-v4", "armv8-a",   "generic"};
	static const Opt o = {.name = "-march"};
	word_of(&o, options.march, march, sizeof march / sizeof *march);
}

static void check_lanes(void)
{
	static const char *const family[] = {"images", "channels"};
	static const Opt o = {.name = "-flanes"};
	if (options.lanes)
		word_of(&o, options.lanes, family, sizeof family / sizeof *family);
}

void options_parse(int argc, char **argv)
{
	bool only_files = false;
	for (int i = 1; i < argc; i++) {
		if (!only_files && !strcmp(argv[i], "--")) {
			only_files = true;
		} else if (!only_files && argv[i][0] == '-') {
			i = option(argc, argv, i);
		} else if (options.input) {
			fatal(2, "one file at a time: '%s' and '%s'", options.input, argv[i]);
		} else {
			options.input = dashed(argv[i]);
		}
	}
	if (options.schema)
		return;
	if (!options.input || !*options.input)
		fatal(2, "no file to compile; usage: nncc [options] model.xml (--help tells more)");
	check_march();
	check_lanes();
	apply_level();
	if (options.json && !options.summary)
		fatal(2, "--json goes with --summary");
}

const char *options_text(void)
{
	const char *text = format("-O%d -march=%s", options.level, options.march);
	const struct {
		bool given; /* by an option of its own or by the level             */
		const char *name;
	} flag[] = {{options.no_fuse, "fuse"},         {options.no_tile, "tile"},
	            {options.no_simd, "simd"},         {options.no_reuse, "reuse"},
	            {options.no_parallel, "parallel"}, {options.no_winograd, "winograd"}};
	for (size_t i = 0; i < sizeof flag / sizeof *flag; i++)
		if (flag[i].given)
			text = format("%s -fno-%s", text, flag[i].name);
	if (options.force_winograd)
		text = format("%s -fwinograd", text);
	if (options.lanes)
		text = format("%s -flanes=%s", text, options.lanes);
	if (options.real_double)
		text = format("%s -fdouble", text);
	if (options.threads)
		text = format("%s --threads %d", text, options.threads);
	if (options.batch)
		text = format("%s --batch-size %d", text, options.batch);
	for (int i = 0; i < options.ndefine; i++)
		text = format("%s -D %s", text, options.define[i]);
	return text;
}
