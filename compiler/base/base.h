/* base.h: what stands under every room: memory, text, options, and what the user is told.
 *
 * Memory comes from one zeroing arena that is freed by exit: a compiler runs once, and nothing here
 * outlives it or needs to be given back earlier. */
#ifndef NNCC_BASE_H
#define NNCC_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define NNCC_VERSION "0.1"

/* ---- places and errors ---------------------------------------------------------------------- */

typedef struct Pos {
	const char *file;          /* as given on the command line                               */
	int line, col;             /* 1-based; col counts bytes; 0: unknown                      */
	const struct Pos *via;     /* the <use> that expanded the block this stands in, or NULL  */
	const char *block;         /* with via: the block's name                                 */
} Pos;

/* ---- the command line -------------------------------------------------------------------- */

typedef struct Options {
	const char *input;         /* the XML file                                               */
	const char *output;        /* -o, or NULL                                                 */
	bool sources;              /* -S                                                          */
	bool syntax_only;          /* -fsyntax-only                                               */
	int level;                 /* -O0 .. -O3                                                  */
	const char *march;         /* -march, "native" by default                                 */
	const char *cc;            /* --cc                                                        */
	int threads;               /* --threads, 0: processors available                          */
	int batch;                 /* --batch-size, 0: as the XML says                            */
	const char **define;       /* -D name=value, as given                                     */
	int ndefine;
	int64_t max_mem;           /* --max-mem in bytes, 0: no limit                             */
	bool link_static;          /* --static                                                    */
	bool no_fuse, no_tile, no_simd, no_reuse, no_parallel, no_winograd;   /* -fno-...         */
	bool force_winograd;       /* -fwinograd: wherever it can be, a testing aid               */
	const char *lanes;         /* -flanes=images or channels; NULL: as it pays                */
	bool real_double;          /* -fdouble: f64 kernels, a testing aid                        */
	char dump;                 /* -d LETTER, 0: none                                          */
	bool verbose, print_only;  /* -v, -###                                                    */
	int error_limit;           /* -ferror-limit, 20 by default; 0: no limit                   */
	int color;                 /* -fdiagnostics-color: 0 never, 1 always, 2 auto              */
	bool summary, json, graph, explain;
	const char *schema;        /* --print-schema[=rng|md], or NULL                            */
} Options;

extern Options options;                        /* util.c, with its defaults; main.c fills it  */

/* ---- functions --------------------------------------------------------------------------- */

/* util.c */
void *alloc(size_t bytes);                     /* zeroed, never freed; ends the program when out */
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *copy_bytes(const char *s, size_t len);   /* NUL-terminated copy                             */
#define new(T) ((T *)alloc(sizeof(T)))
/* What was allocated since alloc_mark is given back, but for the `n` strings of `keep`, which move.
 * For work whose result is short text and that leaves no other pointer behind. */
typedef struct Mark {
	struct Block *block;
	size_t used;
} Mark;
Mark alloc_mark(void);
void alloc_release(Mark m, const char **keep[], int n);
void put_json(FILE *out, const char *s);       /* a string in quotes                              */
void *grow(void *array, int count, size_t size);   /* room for one more element; doubling         */

typedef struct Map {           /* text -> pointer; starts as zeros. Keys are kept, not copied     */
	struct MapSlot *slot;
	size_t used, size;         /* size: a power of two                                        */
} Map;
void *map_find(const Map *m, const char *key); /* the value of a key, or NULL                     */
void **map_at(Map *m, const char *key);        /* the value of a key, NULL when it is new: valid
                                                * until the next call                             */

/* diag.c: the user's errors. error_at prints clang's form with the source line and a caret under
 * `len` bytes (0: 1), the chain "in block ... used at ...", and counts; note_at adds to the last */
void error_at(Pos pos, int len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void warning_at(Pos pos, int len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void note_at(Pos pos, int len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void fatal(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
int error_count(void);
void diag_source(const char *file, const char *text, size_t len);   /* text for carets            */
const char *near_miss(const char *word, const char *const *list, int n);   /* or NULL             */
enum { NEAR_WORDS = 4 };       /* that are equally near, at most */
int near_misses(const char *word, const char *const *list, int n, const char **best);

#endif
