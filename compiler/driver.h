/* driver.h: what the files around main.c share: options, printers, processes and directories.
 *
 * The passes do not include it. The driver reads the command line (options.c), runs the passes
 * (main.c), writes a directory of C (sources.c), and starts the C compiler on it (cc.c, spawn.c). */
#ifndef NNCC_DRIVER_H
#define NNCC_DRIVER_H

#include "ir.h"

typedef struct Pass {
	char letter;               /* of -d, dumps and comments                                   */
	const char *name;          /* of the file and its function                                */
	void (*run)(Prog *p);      /* NULL: xml and model, which have types of their own          */
	const char *purpose;       /* one line                                                    */
} Pass;

/* main.c: the table, in order; ends with letter 0. */
extern const Pass passes[];

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
const char *show_bytes(int64_t n);         /* "4.2 MB", 1 MB = 10^6 bytes                      */

/* emit_model.c: numbers that are also told to the user. */
int64_t parameter_count(const Prog *p);    /* trained and frozen                               */
int64_t memory_bytes(const Prog *p);       /* predicted peak of a training run without data    */

#endif
