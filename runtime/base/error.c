/* error.c: notes the first failure; allocates with a message. See error.h. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool nn_fail(nn_error *e, int code, const char *format, ...)
{
	if (e->code)
		return false;
	e->code = code;
	va_list args;
	va_start(args, format);
	vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	return false;
}

void *nn_alloc(unsigned long count, unsigned long size, const char *what, nn_error *e)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);
	if (!memory)
		nn_fail(e, NN_EXIT_MEMORY, "not enough memory: %s needs %lu x %lu bytes", what,
		        count, size);
	return memory;
}
