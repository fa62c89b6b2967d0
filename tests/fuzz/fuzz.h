/* fuzz.h: what the fuzz targets share. A target is one file, tests/fuzz/NAME.c, with
 * LLVMFuzzerTestOneInput and the seeds in corpus/NAME; run_fuzz.sh says how they run. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libFuzzer calls it with every input; always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A regular file in memory with these bytes: its path, for readers that open their input. There are
 * two, so that one can hold what fits to the other. */
const char *fuzz_file(int which, const void *bytes, size_t size);

/* A zero behind a copy of the bytes; the caller frees it. */
char *fuzz_copy(const void *bytes, size_t size);

/* Ends the target with a report unless `fine`. */
void fuzz_must(bool fine, const char *what);

#endif
