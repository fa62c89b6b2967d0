/* near.h: what somebody who misspelt a word may have meant. See near.c. */
#ifndef NN_NEAR_H
#define NN_NEAR_H

#include <stdbool.h>
#include <stdint.h>

/* Edits (insert, delete, replace, swap neighbours) that turn one word into the other, whatever the
 * case of letters; NN_EDITS_MAX for words longer than that. */
enum { NN_EDITS_MAX = 64 };
int nn_edits(const char *a, const char *b);

/* Whether so many edits make `word` what somebody may have meant: at most a third of its letters. */
bool nn_edits_near(int edits, const char *word);

/* The word of the list that needs the fewest edits, if it is near; NULL otherwise. */
const char *nn_near(const char *word, const char *const *list, int64_t n);

#endif
