/* sources.c: a directory that builds anywhere with `make`.
 *
 * In: two finished programs and their model. Out:
 *
 *     net.c      the fast kernels            runtime/   a copy of the runtime's .c and .h files
 *     plain.c    the reference in double     Makefile   the same commands that build() runs
 *     model.c    what the runtime is told
 *
 * and of a large network net_1.c, net_2.c ... with net.h, likewise plain (emit.c). They are made
 * before a command is shown or run, since their number depends on their length.
 *
 * The runtime stands where nncc was told when it was built, with the archive of what was compiled
 * of it, or where the environment variable NNCC_RUNTIME says, without an archive. The user's name
 * for the network becomes a file name only after every byte that a shell, make or a path could read
 * in its own way has been replaced. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver.h"
#include "../front/front.h"

static const char *temp; /* to be removed, or NULL                                      */

static bool moved(void)
{
	const char *dir = getenv("NNCC_RUNTIME");
	return dir && *dir;
}

static const char *runtime_dir(void)
{
	return moved() ? getenv("NNCC_RUNTIME") : NNCC_RUNTIME;
}

const char *trainer_name(const Model *m)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                           "0123456789_-";
	static const char *const taken[] = {"clean", "runtime", "Makefile"};
	size_t n = strnlen(m->name, 200);
	char *name = copy_bytes(m->name, n);
	for (size_t i = 0; i < n; i++)
		if (!strchr(fine, name[i]) || (!i && name[i] == '-'))
			name[i] = '_';
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (!strcmp(name, taken[i]))
			return format("%s_", name);
	return n ? name : "trainer";
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static _Noreturn void no_runtime(const char *file)
{
	fatal(1, "cannot read nncc's runtime, %s%s (%s); NNCC_RUNTIME names another directory",
	      runtime_dir(), file, strerror(errno));
}

/* Adds the files of a room of the runtime ("" or "data/") whose name ends with '.' and `kind`. A
 * name without a dot is a room, if it is a directory. */
static int add_files(const char *room, char kind, const char *name[MAX_SOURCES], int n)
{
	DIR *d = opendir(format("%s/%s", runtime_dir(), room));
	if (!d && *room && errno == ENOTDIR)
		return n;
	if (!d)
		no_runtime(format("/%s", room));
	for (struct dirent *e; n < MAX_SOURCES && (e = readdir(d));) {
		const char *end = strrchr(e->d_name, '.');
		if (!end && !*room)
			n = add_files(format("%s/", e->d_name), kind, name, n);
		else if (end && end > e->d_name && end[1] == kind && !end[2])
			name[n++] = format("%s%s", room, e->d_name);
	}
	closedir(d);
	return n;
}

/* The runtime's files whose name ends with '.' and `kind`, with their rooms, sorted. */
static int files(char kind, const char *name[MAX_SOURCES])
{
	int n = add_files("", kind, name, 0);
	qsort(name, (size_t)n, sizeof *name, by_name);
	return n;
}

/* Whether a trainer of this network has use for what files.txt marks with this word: a data format,
 * or "image", everything about pictures. */
static bool is_needed(const Model *m, const char *word)
{
	return strcmp(word, "image") ? !strcmp(word, model_data_format(m)) : model_has_pictures(m);
}

/* One line of files.txt: a file; if not every trainer needs it: the word for when, the function
 * that makes the linker take it, and libraries. */
static void list_file(Sources *s, const Model *m, const char *line)
{
	const char **word;
	int n = split(line, " \t\r\n", &word);
	if (!n || (n > 1 && !is_needed(m, word[1])))
		return;
	s->file[s->nfile++] = format("runtime/%s", word[0]);
	if (n > 2)
		s->needed[s->nneeded++] = word[2];
	for (int i = 3; i < n; i++)
		if (!has_word(s->libraries, word[i]))
			s->libraries = format("%s %s", word[i], s->libraries);
}

static void list_emitted(Sources *s)
{
	for (int i = 0; i < s->nemitted; i++) {
		const char *name = s->emitted[i].name;
		if (name[strlen(name) - 1] == 'c')
			s->file[s->nfile++] = name;
	}
	s->file[s->nfile++] = "model.c";
}

/* files.txt of the runtime lists what else is compiled, after what takes the C compiler longest. */
void sources_add_runtime(Sources *s, const Model *m)
{
	char line[256];
	list_emitted(s);
	s->libraries = "-lm";
	FILE *f = fopen(format("%s/files.txt", runtime_dir()), "r");
	if (!f)
		no_runtime("/files.txt");
	while (s->nfile < MAX_SOURCES && fgets(line, sizeof line, f))
		list_file(s, m, line);
	fclose(f);
}

void sources_list(Sources *s, const Prog *fast, const Prog *plain)
{
	s->nemitted = emit(fast, "net", "nn_fast", MAX_FILES, s->emitted);
	s->nemitted += emit(plain, "plain", "nn_plain", MAX_FILES, s->emitted + s->nemitted);
	sources_add_runtime(s, fast->model);
}

/* Whether `path` is at least as new as every source of that kind. */
static bool is_newer(const char *path, char kind)
{
	const char *name[MAX_SOURCES];
	struct stat made, st;
	int n = files(kind, name);
	if (stat(path, &made))
		return false;
	for (int i = 0; i < n; i++) {
		if (stat(format("%s/%s", runtime_dir(), name[i]), &st))
			return false;
		if (st.st_mtim.tv_sec > made.st_mtim.tv_sec ||
		    (st.st_mtim.tv_sec == made.st_mtim.tv_sec &&
		     st.st_mtim.tv_nsec > made.st_mtim.tv_nsec))
			return false;
	}
	return true;
}

/* Beside the archive, in libnn.a.cc, stands the first line of its compiler's --version. */
const char *sources_library(const char *maker)
{
	char line[4096];
	FILE *f = moved() ? NULL : fopen(NNCC_LIBRARY ".cc", "r");
	bool same = f && fgets(line, sizeof line, f);
	if (f)
		fclose(f);
	if (same)
		line[strcspn(line, "\n")] = 0;
	same = same && !strcmp(line, maker);
	return same && is_newer(NNCC_LIBRARY, 'c') && is_newer(NNCC_LIBRARY, 'h') ? NNCC_LIBRARY
	                                                                          : NULL;
}

static FILE *create(const char *dir, const char *name)
{
	const char *path = format("%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	if (!f)
		fatal(1, "cannot write %s: %s", path, strerror(errno));
	return f;
}

static void finish(FILE *f, const char *dir, const char *name)
{
	bool bad = ferror(f);
	if (fclose(f) || bad)
		fatal(1, "cannot write %s/%s: %s", dir, name, strerror(errno));
}

static void copy(const char *from, const char *dir, const char *name)
{
	char part[1 << 14];
	size_t n;
	const char *path = format("%s/%s", from, name);
	FILE *in = fopen(path, "r");
	if (!in)
		fatal(1, "cannot read %s: %s", path, strerror(errno));
	FILE *out = create(dir, name);
	do {
		n = fread(part, 1, sizeof part, in);
		fwrite(part, 1, n, out);
	} while (n == sizeof part);
	if (ferror(in))
		fatal(1, "cannot read %s: %s", path, strerror(errno));
	fclose(in);
	finish(out, dir, name);
}

static void make_dir(const char *path)
{
	struct stat st;
	if (!mkdir(path, 0777))
		return;
	int error = errno;
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		fatal(1, "cannot make the directory %s: %s", path, strerror(error));
}

void make_dirs(const char *path)
{
	for (const char *end = strchr(path, '/'); end; end = strchr(end + 1, '/'))
		if (end > path && end[-1] != '/')
			make_dir(copy_bytes(path, (size_t)(end - path)));
	if (*path)
		make_dir(path);
}

/* A file of the runtime, "data/feed.c", into the same room of another directory. */
static void copy_to_room(const char *runtime, const char *name)
{
	const char *slash = strchr(name, '/');
	if (slash)
		make_dirs(format("%s/%.*s", runtime, (int)(slash - name), name));
	copy(runtime_dir(), runtime, name);
}

static void write_makefile(const Sources *s, const Prog *p)
{
	FILE *f = create(s->dir, "Makefile");
	fprintf(f,
	        "# Generated by nncc " NNCC_VERSION ".\n"
	        "# make builds the trainer %s; make CC=gcc with another C compiler.\n\n"
	        "ifeq ($(origin CC),default)\n"
	        "CC = $(firstword $(foreach c,clang-19 clang gcc,"
	        "$(if $(shell command -v $(c)),$(c))))\n"
	        "endif\n"
	        "MARCH = %s\n"
	        "CFLAGS = -Wall -Wextra -Werror\n"
	        "FLAGS = %s -Iruntime/kernel -Iruntime $(CFLAGS)\n"
	        "LDFLAGS = %s\n"
	        "LIBS = %s\n"
	        "OBJECTS =",
	        s->name, cc_march(p), cc_flags, cc_link_flags, s->libraries);
	for (int i = 0; i < s->nfile; i++)
		fprintf(f, " \\\n\t%.*s.o", (int)strlen(s->file[i]) - 2, s->file[i]);
	fprintf(f,
	        "\n\n%s: $(OBJECTS)\n"
	        "\t$(CC) $(LDFLAGS) -o $@ $(OBJECTS) $(LIBS)\n"
	        "$(OBJECTS): $(wildcard *.h runtime/*.h runtime/*/*.h)\n",
	        s->name);
	const char *most = cc_level("model.c");
	fprintf(f, "LEVEL = %s\n", most);
	for (int i = 0; i < s->nfile; i++)
		if (strcmp(cc_level(s->file[i]), most))
			fprintf(f, "%.*s.o: LEVEL = %s\n", (int)strlen(s->file[i]) - 2, s->file[i],
			        cc_level(s->file[i]));
	fprintf(f,
	        "# The runtime asks the processor before a kernel runs, so it is for all of them.\n"
	        "PROCESSOR = $(MARCH)\n"
	        "runtime/%%.o: PROCESSOR = %s\n",
	        cc_march_of_all(p));
	for (int i = 0; i < s->nfile; i++)
		if (cc_is_native(s->file[i]) && !strncmp(s->file[i], "runtime/", 8))
			fprintf(f, "%.*s.o: PROCESSOR = $(MARCH)\n", (int)strlen(s->file[i]) - 2,
			        s->file[i]);
	fprintf(f,
	        "runtime/%%.o: THREADS = %s\n"
	        "%%.o: %%.c\n"
	        "\t$(CC) $(FLAGS) $(PROCESSOR) $(LEVEL) $(THREADS) -c -o $@ $<\n\n"
	        "clean:\n"
	        "\trm -f %s $(OBJECTS)\n"
	        ".PHONY: clean\n",
	        cc_threads, s->name);
	finish(f, s->dir, "Makefile");
}

void sources_write(const Sources *s, const Prog *fast, const Prog *plain)
{
	const char *name[MAX_SOURCES], *runtime = format("%s/runtime", s->dir);
	make_dirs(runtime);
	int n = files('h', name);
	for (int i = 0; i < n; i++)
		copy_to_room(runtime, name[i]);
	for (int i = 0; i < s->nfile; i++)
		if (!strncmp(s->file[i], "runtime/", 8))
			copy_to_room(runtime, s->file[i] + 8);
	for (int i = 0; i < s->nemitted; i++) {
		FILE *f = create(s->dir, s->emitted[i].name);
		fputs(s->emitted[i].text, f);
		finish(f, s->dir, s->emitted[i].name);
	}
	FILE *f = create(s->dir, "model.c");
	emit_model(fast, plain, options_text(), f);
	finish(f, s->dir, "model.c");
	write_makefile(s, fast);
}

/* Removes a directory of ours with all that is in it. What cannot be unlinked is a directory. */
static void drop(const char *dir)
{
	DIR *d = opendir(dir);
	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));) {
		const char *path = format("%s/%s", dir, e->d_name);
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && unlink(path))
			drop(path);
	}
	closedir(d);
	rmdir(dir);
}

void sources_drop(void)
{
	if (!temp)
		return;
	drop(temp);
	temp = NULL;
}

const char *sources_temp(bool make)
{
	const char *base = getenv("TMPDIR");
	char *dir = format("%s/nncc-XXXXXX", base && *base == '/' ? base : "/tmp");
	if (!make)
		return dir;
	if (!mkdtemp(dir))
		fatal(1, "cannot make a directory like %s: %s", dir, strerror(errno));
	temp = dir;
	atexit(sources_drop);
	return dir;
}
