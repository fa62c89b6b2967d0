/* store.h: bytes of data files, and items that are fetched when a batch needs them. See store.c. */
#ifndef NN_STORE_H
#define NN_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../kernel/nn_team.h"

/* Bytes that data may take in memory: NNCC_DATA_MEMORY ("512M", "8G"), else a third of what is
 * free. */
size_t nn_data_budget(nn_error *e);

/* A file: read as a whole, or mapped when it is larger than the budget. */
typedef struct nn_bytes {
	const uint8_t *at; /* [size]                                     */
	size_t size;       /* of the file                                */
	void *memory;      /* what to free, or NULL                      */
	void *map;         /* what to unmap (`size` bytes), or NULL      */
} nn_bytes;

/* A file that is missing fails with 66, one that is not regular with 65, a failed read with 74. */
bool nn_bytes_open(nn_bytes *b, const char *path, nn_error *e);
void nn_bytes_close(nn_bytes *b);

/* Buffers of one thread that fetches; they grow and stay. */
typedef struct nn_scratch {
	void *file;        /* bytes of a file   */
	size_t file_room;  /* allocated         */
	void *pixel;       /* a decoded picture */
	size_t pixel_room; /* allocated         */
	void *row;         /* of resizing       */
	size_t row_room;   /* allocated         */
} nn_scratch;

/* At least `count` bytes at *memory; the old content is lost. */
bool nn_scratch_grow(void **memory, size_t *room, size_t count, const char *what, nn_error *e);
/* Reads a file of up to `max` bytes into scratch->file. Errors as those of nn_read_file. */
bool nn_scratch_read(nn_scratch *s, const char *path, size_t max, size_t *size, nn_error *e);
void nn_scratch_free(nn_scratch *s);

/* Writes the values of an item. Any thread; `source` is what nn_store_open was given. */
typedef bool nn_fetch(const void *source, int64_t item, uint8_t *values, nn_scratch *scratch,
                      nn_error *e);

typedef struct nn_store {
	int64_t count, values;       /* items; values of each                        */
	uint8_t *at;                 /* [count][values]: addresses, memory when used */
	uint8_t *state;              /* [count]: absent, being fetched, there        */
	int64_t kept;                /* items 0..kept-1 stay once they are there     */
	bool passing;                /* items beyond may be there                    */
	nn_fetch *fetch;             /* where items come from                        */
	void *source;                /* its argument                                 */
	void (*close)(void *source); /* frees it                               */
	const char *(*path)(const void *source, int64_t item); /* the item's own file; or NULL */
	nn_scratch *scratch; /* one a thread                                 */
	int threads;         /* how many                                     */
	int64_t fetched;     /* items so far                                 */
} nn_store;

/* Takes `source` over, also when it fails: `close` frees it. */
nn_store *nn_store_open(int64_t count, int64_t values, nn_fetch *fetch, void *source,
                        void (*close)(void *source), nn_error *e);
void nn_store_close(nn_store *s);

/* Puts an item there that was read on the way; ignored when it would not stay. */
void nn_store_put(nn_store *s, int64_t item, const uint8_t *values);

/* Whether the last load left item `item` there. */
bool nn_store_has(const nn_store *s, int64_t item);

/* Fetches what is missing of items index[0..live-1], on all threads of the team (NULL: on this
 * one). They are at s->at + item * s->values until the next call. Of several failures the first
 * item's counts. */
bool nn_store_load(nn_store *s, const uint32_t *index, int64_t live, nn_team *team, nn_error *e);

#endif
