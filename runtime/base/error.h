/* error.h: how a failure travels from where it happens to the exit status.
 *
 * Functions that can fail take an `nn_error *` and return false after filling it. The first message
 * wins; a caller only adds what it alone knows. main.c prints the text and exits with the code. */
#ifndef NN_ERROR_H
#define NN_ERROR_H

#include <stdbool.h>

/* Exit codes of a trainer, as its manual lists them. */
enum {
	NN_EXIT_FAILED = 1,      /* `check` found a difference         */
	NN_EXIT_USAGE = 2,       /* command line                       */
	NN_EXIT_DATA = 65,       /* bad data                           */
	NN_EXIT_INPUT = 66,      /* a file that should be there is not */
	NN_EXIT_INTERNAL = 70,   /* our mistake                        */
	NN_EXIT_MEMORY = 71,     /* not enough memory                  */
	NN_EXIT_IO = 74,         /* reading or writing failed          */
	NN_EXIT_CHECKPOINT = 76, /* checkpoint refused                 */
	NN_EXIT_NOT_FINITE = 80  /* the loss became NaN or infinite    */
};

typedef struct nn_error {
	int code;        /* exit status; 0 as long as nothing failed  */
	char text[2048]; /* message without newline                   */
} nn_error;

/* Notes a failure unless one is noted already. Always returns false. */
__attribute__((format(printf, 3, 4))) bool nn_fail(nn_error *e, int code, const char *format, ...);

/* malloc of zeroes that fails with exit 71 and says what the memory was for. NULL on failure. */
void *nn_alloc(unsigned long count, unsigned long size, const char *what, nn_error *e);

#endif
