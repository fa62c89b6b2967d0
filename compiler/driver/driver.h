/* driver.h: what the files around main.c share: options, printers, processes and directories.
 *
 * The passes do not include it. The driver reads the command line (options.c), runs the passes
 * (main.c), writes a directory of C (sources.c) and runs the C compiler on it (cc.c, spawn.c). */
#ifndef NNCC_DRIVER_H
#define NNCC_DRIVER_H

#include "../print/print.h"

typedef struct Pass {
	char letter;               /* of -d, dumps and comments                                   */
	const char *name;          /* of the file and its function                                */
	void (*run)(Prog *p);      /* NULL: xml and model, which have types of their own          */
	const char *purpose;       /* one line                                                    */
} Pass;

/* main.c: the table, in order; ends with letter 0. */
extern const Pass passes[];
double clock_ms(void);                     /* since the first call                             */

/* options.c: fills `options` from the command line. Ends the program after --help and --version,
 * and with exit 2 and a message when the command line is wrong. Afterwards options.input is set,
 * unless options.schema is. */
void options_parse(int argc, char **argv);
/* The options that decide what is emitted, in one fixed order: "-O2 -march=native -D width=12". */
const char *options_text(void);

/* show.c: the dumps of x and a, and numbers for people. */
void show_xml(const Elem *root, FILE *out);
void show_model(const Model *m, FILE *out);
const char *show_count(int64_t n);         /* "61,706"                                         */
const char *show_bytes(int64_t n);         /* "4.21 MB", 1 MB = 10^6 bytes                     */
/* Exit 0, or 1 with a message when standard output could not be written. */
_Noreturn void show_done(void);

/* sources.c: a directory of C: net*.c plain*.c model.c, Makefile, and the runtime in runtime/. */
enum { MAX_SOURCES = 192 };
typedef struct Sources {
	const char *dir;           /* where they are                                              */
	const char *name;          /* the trainer's file name                                     */
	const char *file[MAX_SOURCES];     /* "net.c", "runtime/data/feed.c": to compile          */
	int nfile;
	File emitted[2 * MAX_FILES];       /* of both programs, headers included          */
	int nemitted;
	const char *library;       /* the rest of the runtime, compiled; or NULL: `file` has all  */
	const char *needed[MAX_SOURCES];   /* functions that have to come out of the library      */
	int nneeded;
	const char *libraries;     /* to link with: "-lpng -lz -lm"                               */
} Sources;
const char *trainer_name(const Model *m);  /* the network's name as a harmless file name       */
/* Fills all but dir, name and library. */
void sources_list(Sources *s, const Prog *fast, const Prog *plain);
/* The same without the programs: what was emitted is there. */
void sources_add_runtime(Sources *s, const Model *m);
/* The runtime's archive, if it is what the compiler that calls itself `maker` would make of the
 * runtime's sources now; or NULL. */
const char *sources_library(const char *maker);
void make_dirs(const char *path);          /* and those above it                               */
void sources_write(const Sources *s, const Prog *fast, const Prog *plain);
const char *sources_temp(bool make);       /* a new directory, removed at exit; or its pattern */
void sources_drop(void);                   /* removes it now                                   */

/* cc.c: what the Makefile and build() have in common. */
extern const char *const cc_flags;         /* of every file                                    */
extern const char *const cc_threads;       /* of those in runtime/                             */
extern const char *const cc_link_flags;
const char *cc_march(const Prog *p);       /* "-march=native -mprefer-vector-width=512"        */
const char *cc_march_of_all(const Prog *p); /* of the files that are not native: "-march=x86-64" */
bool cc_is_native(const char *file);       /* compiled for the processor that -march names    */
const char *cc_level(const char *file);    /* "-O3", "-O2 -ffp-contract=off"                    */

const char *cc_version(const Prog *p);     /* of the C compiler, its first line               */

/* spawn.c: programs, without a shell. */
typedef struct Args {          /* an argument vector                                          */
	char *word[64 + MAX_SOURCES];      /* ends with NULL                                  */
	int n;
} Args;
void args_add(Args *a, const char *text);      /* one word                                     */
void args_split(Args *a, const char *text);    /* every word of `text`                         */
void args_print(const Args *a, FILE *out);     /* as a shell would read it                     */
const char *program_find(const char *name);    /* along PATH, or NULL                          */
const char *program_says(const Args *a);       /* first line of its output, or NULL            */
/* From here on INT, TERM and HUP are kept for programs_run. */
void signals_hold(void);
/* Runs all, `at_once` at a time; after a failure no further one is started. 0: all succeeded,
 * 1: one failed (it has said why), -N: signal N came, and none is left running. */
int programs_run(const Args *a, int n, int at_once);
_Noreturn void signal_raise(int signal);       /* ends as the signal would have                */

/* cc.c: the same with as many at once as there are processors; false: one failed. */
bool cc_run(const Args *a, int n);
/* Compiles and links the files of s, which have been written. */
bool cc_program(Sources *s, const Prog *p, const char *output);

/* tune.c: -O3. Decides which register tiles the programs made from now on have, by the cache or, if
 * it may, by measuring. `make` runs all passes. */
void tune(Model *m, Prog *make(Model *m), bool may_measure);

/* cc.c       writes the directory, runs the C compiler */
int build(const Prog *fast, const Prog *plain);

#endif
