/* near.h: what somebody who misspelt a word may have meant. See near.c. */
#ifndef NN_NEAR_H
#define NN_NEAR_H

#include <stdbool.h>
#include <stdint.h>

/* Edits (insert, delete, replace, swap neighbours) that turn one word into the other, whatever the
 * case of letters; NN_EDITS_MAX for words longer than that. */
enum { NN_EDITS_MAX = 64 };
int nn_edits(const char *a, const char *b);

/* Whether so few edits (a third of the letters of `word` at most) make it what was meant. */
bool nn_edits_near(int edits, const char *word);

/* The word of the list that needs the fewest edits, if it is near; NULL otherwise. */
const char *nn_near(const char *word, const char *const *list, int64_t n);

#endif
