/* lines.c: an input of lines as strings. See lines.h. */
#include "lines.h"

#include <string.h>

int fuzz_lines(const uint8_t *bytes, size_t size, char **copy, char *line[FUZZ_LINES])
{
	int count = 0;
	char *at = *copy = fuzz_copy(bytes, size);
	while (at && count < FUZZ_LINES) {
		line[count++] = at;
		at = strchr(at, '\n');
		if (at)
			*at++ = 0;
	}
	return count;
}
