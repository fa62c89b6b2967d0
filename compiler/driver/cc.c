/* cc.c: from two finished programs to a trainer.
 *
 * In: the fast and the plain program. Out: a binary, or with -S the directory it is built from.
 * The sources go to a temporary directory, the C compiler runs on each of them, as many at once as
 * there are processors, then links. Its messages are shown as they come; a failure is exit 1. The
 * C compiler is the one of --cc, else of NNCC_CC, else the first of clang-19, clang and gcc, clang
 * only with its OpenMP library.
 *
 * Most of the runtime is linked from an archive that was made along with nncc, when the same C
 * compiler made it. The archive is for every processor of its architecture. No product and sum of
 * the runtime becomes one instruction (-ffp-contract=off), so it computes the same bits wherever it
 * was compiled, and the archive decides about time only. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/kernel/processors.h"
#include "driver.h"

/* The last one quiets clang-19 on processors whose -march=native it finds contradictory; older ones
 * do not know it, and gcc takes every -Wno-. */
const char *const cc_flags = "-std=gnu17 -fno-math-errno -fno-trapping-math "
                             "-ffunction-sections -fdata-sections "
                             "-Wno-unknown-warning-option -Wno-invalid-feature-combination";
/* Of the runtime alone, which starts the threads: with -fopenmp, clang looks for OpenMP in every
 * kernel as long as for anything else. */
const char *const cc_threads = "-fopenmp";
const char *const cc_link_flags = "-fopenmp -s -Wl,--gc-sections -Wl,--as-needed";

const char *cc_march(const Prog *p)
{
	if (!strcmp(p->target.march, "generic"))
		return p->target.flags;
	const char *flags = p->target.flags;
	return format("-march=%s%s%s", p->target.march, *flags ? " " : "", flags);
}

/* Of the runtime, which asks the processor before a kernel runs: for any of the architecture. It
 * stands behind what --cc says. */
const char *cc_march_of_all(const Prog *p)
{
	const char *arch = p->target.arch;
	return !strcmp(arch, "x86_64")    ? "-march=x86-64"
	       : !strcmp(arch, "aarch64") ? "-march=armv8-a"
	                                  : "";
}

static bool is_runtime(const char *file)
{
	return !strncmp(file, "runtime/", 8);
}

/* What is this network's, or is better for being this processor's: peak.c measures it, and init.c
 * has fused instructions where the archive calls fma(). The rest of the runtime gains nothing from
 * wider vectors; feed.c, which fills batches, was measured. */
bool cc_is_native(const char *file)
{
	return !is_runtime(file) || !strcmp(file, "runtime/kernel/peak.c") ||
	       !strcmp(file, "runtime/net/init.c");
}

/* Kernels are compiled as both compilers do by themselves: clang makes one instruction of a product
 * and a sum where they stand in one expression, so the source says what is rounded. With
 * -ffp-contract=fast its optimizer decides, differently for a tile of images and for what is left
 * of one, and results would depend on the number of threads. gcc always leaves it to its
 * optimizer. */
const char *cc_level(const char *file)
{
	if (!strncmp(file, "net", 3))
		return "-O3";
	if (!strncmp(file, "plain", 5)) /* run by `check` alone, compiled always */
		return "-O1 -ftree-vectorize";
	return strcmp(file, "runtime/kernel/peak.c") ? "-O2 -ffp-contract=off" : "-O2";
}

/* The word that names the program decides: /usr/bin/clang-19, "ccache clang". */
static bool is_clang(const Args *cc)
{
	const char *word = cc->word[cc->n - 1], *slash = strrchr(word, '/');
	return strstr(slash ? slash : word, "clang") != NULL;
}

static bool has_openmp(const Args *cc)
{
	Args ask = *cc;
	if (!is_clang(cc))
		return true;
	args_add(&ask, "-print-file-name=libomp.so");
	const char *path = program_says(&ask);
	return path && path[0] == '/';
}

static Args default_compiler(void)
{
	static const char *const name[] = {"clang-19", "clang", "gcc"};
	for (size_t i = options.link_static ? 2 : 0; i < sizeof name / sizeof *name; i++) {
		Args cc = {0};
		args_add(&cc, name[i]);
		if (program_find(name[i]) && has_openmp(&cc))
			return cc;
	}
	if (options.link_static)
		fatal(1, "--static needs gcc, which is not installed; on Debian: apt install gcc");
	fatal(1, "no C compiler with OpenMP found (clang-19, clang or gcc); on Debian: "
	         "apt install clang-19 libomp-19-dev");
}

/* A trainer needs vectors of any length and conversions between them, as these two have them. */
static void check_age(const Args *cc)
{
	Args ask = *cc;
	args_add(&ask, "--version");
	const char *line = program_says(&ask),
	           *number = line ? strstr(line, "clang version ") : NULL;
	bool clang = number != NULL;
	ask = *cc;
	args_add(&ask, "-dumpversion");
	number = clang ? number + strlen("clang version ") : program_says(&ask);
	long major = number ? strtol(number, NULL, 10) : 0; /* 0: who knows */
	if (major > 0 && major < (clang ? 14 : 12))
		fatal(1, "the C compiler '%s' is version %ld of %s; nncc needs clang 14 or gcc 12",
		      cc->word[0], major, clang ? "clang" : "gcc");
	if (cc->n == 1 && !has_openmp(cc))
		fatal(1, "'%s' has no OpenMP library; on Debian: apt install libomp-%ld-dev",
		      cc->word[0], major);
}

/* What -march names its architecture. */
static const char *makes_code_for(const Args *cc)
{
	Args ask = *cc;
	args_add(&ask, "-dumpmachine");
	const char *line = program_says(&ask), *dash = line ? strchr(line, '-') : NULL;
	const char *arch = dash ? copy_bytes(line, (size_t)(dash - line)) : "";
	if (!strcmp(arch, "arm64"))
		return "aarch64";
	return strcmp(arch, "amd64") ? arch : "x86_64";
}

/* Ends nncc unless the compiler makes code for the target. Without --cc it becomes the one of
 * Debian that does. */
static void check_target(Args *cc, const Target *t, bool given)
{
	const char *wants = t->arch, *makes = makes_code_for(cc);
	if (!*wants || !*makes || !strcmp(wants, makes))
		return;
	const char *cross = format("%s-linux-gnu-gcc", wants);
	if (!given && program_find(cross)) {
		*cc = (Args){0};
		args_add(cc, cross);
		return;
	}
	fatal(1,
	      "-march=%s is for %s, and the C compiler '%s' makes code for %s; on Debian: apt "
	      "install "
	      "gcc-%s-linux-gnu, which is --cc %s",
	      t->march, wants, cc->word[0], makes, strcmp(wants, "x86_64") ? wants : "x86-64",
	      cross);
}

static Args compiler(const Target *t)
{
	const char *env = getenv("NNCC_CC");
	const char *given = options.cc ? options.cc : env && *env ? env : NULL;
	Args cc = {0};
	if (!given) {
		cc = default_compiler();
		check_target(&cc, t, false);
		return cc;
	}
	if (program_find(given))
		args_add(&cc, given);
	else
		args_split(&cc, given);
	if (!cc.n || !program_find(cc.word[0]))
		fatal(1,
		      "the C compiler '%s' of %s is not installed; without it nncc takes "
		      "clang-19, clang or gcc",
		      given, options.cc ? "--cc" : "NNCC_CC");
	if (options.link_static && is_clang(&cc))
		fatal(2, "--static needs gcc: clang's OpenMP has no static form");
	check_age(&cc);
	check_target(&cc, t, true);
	return cc;
}

/* A compiler that is given flags may make something else of the runtime than the archive holds. */
static void use_library(Sources *s, const Args *cc)
{
	Args ask = *cc;
	for (int i = 0; i < cc->n; i++)
		if (cc->word[i][0] == '-')
			return;
	args_add(&ask, "--version");
	const char *maker = program_says(&ask);
	s->library = maker ? sources_library(maker) : NULL;
	if (!s->library)
		return;
	int kept = 0;
	for (int i = 0; i < s->nfile; i++)
		if (cc_is_native(s->file[i]))
			s->file[kept++] = s->file[i];
	s->nfile = kept;
}

static const char *object(const Sources *s, int i)
{
	return format("%s/%.*s.o", s->dir, (int)strlen(s->file[i]) - 2, s->file[i]);
}

/* Where nncc stands, as a C literal: a trainer that searches over shapes calls it. It goes to the
 * command line and not into the sources, which are the same wherever nncc is. */
static const char *own_path(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);
	const char *text = "\"";
	for (ssize_t i = 0; i < n && n < (ssize_t)sizeof path; i++) {
		bool plain = isalnum((unsigned char)path[i]) || strchr("/._-+", path[i]);
		text = format(plain ? "%s%c" : "%s\\%03o", text, (unsigned char)path[i]);
	}
	return format("%s\"", text);
}

static Args compile_command(const Args *cc, const Sources *s, int i, const Prog *p)
{
	Args a = *cc;
	args_split(&a, cc_flags);
	args_split(&a, cc_level(s->file[i]));
	args_split(&a, cc_is_native(s->file[i]) ? cc_march(p) : cc_march_of_all(p));
	if (is_runtime(s->file[i]))
		args_add(&a, cc_threads);
	args_add(&a, format("-I%s/runtime/kernel", s->dir));
	args_add(&a, format("-I%s/runtime", s->dir));
	if (!strcmp(s->file[i], "model.c"))
		args_add(&a, format("-DNNCC_PROGRAM=%s", own_path()));
	args_add(&a, "-c");
	args_add(&a, "-o");
	args_add(&a, object(s, i));
	args_add(&a, format("%s/%s", s->dir, s->file[i]));
	return a;
}

static Args link_command(const Args *cc, const Sources *s, const char *output)
{
	Args a = *cc;
	args_split(&a, cc_link_flags);
	if (options.link_static)
		args_add(&a, "-static");
	args_add(&a, "-o");
	args_add(&a, output);
	for (int i = 0; i < s->nfile; i++)
		args_add(&a, object(s, i));
	for (int i = 0; s->library && i < s->nneeded; i++)
		args_add(&a, format("-Wl,-u,%s", s->needed[i]));
	if (s->library)
		args_add(&a, s->library);
	args_split(&a, s->libraries);
	return a;
}

static void show(const Args *a, int n)
{
	for (int i = 0; i < n; i++)
		if (options.print_only)
			args_print(&a[i], stdout);
		else if (options.verbose)
			args_print(&a[i], stderr);
}

static void check_output(const char *path)
{
	struct stat st;
	const char *slash = strrchr(path, '/');
	if (slash && !options.print_only)
		make_dirs(copy_bytes(path, (size_t)(slash - path)));
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		fatal(1, "%s is a directory; -o names another file for the trainer", path);
}

/* Runs them all, or ends the program; `output` does not stay behind half written. */
static void run(const Args *a, int n, const char *output)
{
	int result = programs_run(a, n, nn_processors());
	if (!result)
		return;
	struct stat st;
	if (output && !lstat(output, &st) && S_ISREG(st.st_mode))
		unlink(output);
	sources_drop();
	if (result < 0)
		signal_raise(-result);
	exit(1);
}

static void tell(const Prog *p, const char *path)
{
	fprintf(stderr, "%s: %s parameters, %s of memory, %.1f s\n", path,
	        show_count(parameter_count(p)), show_bytes(memory_bytes(p)), clock_ms() / 1e3);
}

const char *cc_version(const Prog *p)
{
	Args cc = compiler(&p->target);
	args_add(&cc, "--version");
	const char *line = program_says(&cc);
	return line ? line : cc.word[0];
}

bool cc_run(const Args *a, int n)
{
	int result = programs_run(a, n, nn_processors());
	if (result < 0) {
		sources_drop();
		signal_raise(-result);
	}
	return !result;
}

bool cc_program(Sources *s, const Prog *p, const char *output)
{
	Args cc = compiler(&p->target);
	use_library(s, &cc);
	Args *command = alloc((size_t)s->nfile * sizeof *command);
	for (int i = 0; i < s->nfile; i++)
		command[i] = compile_command(&cc, s, i, p);
	Args link = link_command(&cc, s, output);
	return cc_run(command, s->nfile) && cc_run(&link, 1);
}

int build(const Prog *fast, const Prog *plain)
{
	Sources s = {.name = trainer_name(fast->model)};
	sources_list(&s, fast, plain);
	if (options.sources && !options.print_only) {
		s.dir = options.output ? options.output : format("%s.c.d", s.name);
		sources_write(&s, fast, plain);
		tell(fast, s.dir);
		return 0;
	}
	const char *output = options.output ? options.output : s.name;
	check_output(output);
	Args cc = compiler(&fast->target);
	use_library(&s, &cc);
	signals_hold();
	Args *command = alloc((size_t)s.nfile * sizeof *command);
	s.dir = sources_temp(!options.print_only);
	for (int i = 0; i < s.nfile; i++)
		command[i] = compile_command(&cc, &s, i, fast);
	Args link = link_command(&cc, &s, output);
	show(command, s.nfile);
	show(&link, 1);
	if (options.print_only)
		return 0;
	sources_write(&s, fast, plain);
	run(command, s.nfile, NULL);
	run(&link, 1, output);
	tell(fast, output);
	return 0;
}
