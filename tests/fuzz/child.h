/* child.h: targets of the compiler, which ends its process where a description is wrong. */
#ifndef FUZZ_CHILD_H
#define FUZZ_CHILD_H

#include "fuzz.h"

/* Runs `body` on a file in memory with these bytes, in a process of its own whose branches count as
 * the target's. It may end with 0 or 1 after at most 20 seconds of processor time and 1 GiB of
 * memory; everything else is shown and ends the target. */
void fuzz_child(void (*body)(const char *path), const uint8_t *bytes, size_t size);

#endif
