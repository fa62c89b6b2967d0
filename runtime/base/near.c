/* near.c: what somebody who wrote "trian" may have meant.
 *
 *     in    a word and a list of the right ones
 *     out   the one that takes the fewest edits, if they are at most a third of its letters
 *
 * The compiler and the trainer link this same file. The distance is that of Damerau and Levenshtein
 * (optimal string alignment). */
#include "near.h"

#include <string.h>

static int least(int a, int b)
{
	return a < b ? a : b;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int nn_edits(const char *a, const char *b)
{
	int row[3][NN_EDITS_MAX + 1] = {{0}}, na = (int)strnlen(a, NN_EDITS_MAX + 1);
	int nb = (int)strnlen(b, NN_EDITS_MAX + 1);
	if (na > NN_EDITS_MAX || nb > NN_EDITS_MAX)
		return NN_EDITS_MAX;
	for (int j = 0; j <= nb; j++)
		row[0][j] = j;
	for (int i = 1; i <= na; i++) {
		int *cur = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
		cur[0] = i;
		for (int j = 1; j <= nb; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);
			cur[j] = least(least(up[j], cur[j - 1]) + 1, up[j - 1] + !same);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				cur[j] = least(cur[j], up2[j - 2] + 1);
		}
	}
	return row[na % 3][nb];
}

bool nn_edits_near(int edits, const char *word)
{
	return 3 * edits <= (int)strlen(word);
}

const char *nn_near(const char *word, const char *const *list, int64_t n)
{
	const char *best = NULL;
	int fewest = NN_EDITS_MAX;
	for (int64_t i = 0; i < n; i++) {
		int edits = nn_edits(word, list[i]);
		if (edits < fewest && nn_edits_near(edits, list[i])) {
			fewest = edits;
			best = list[i];
		}
	}
	return best;
}
