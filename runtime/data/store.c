/* store.c: bytes of data files, and items that are fetched when a batch needs them.
 *
 *     in    a function that makes item i (reads it, decodes a picture), the items of a batch
 *     out   their values in memory
 *
 * A store reserves addresses for all items, so that item i is at at + i * values as if all were in
 * memory; the system gives memory to those that are written. As many items as fit the budget stay
 * once they were fetched, so later epochs run from memory. The others are fetched for each batch
 * and their pages given back before the next: which items these are does not matter for speed,
 * since an epoch visits each of them once.
 *
 * Fetching is done by the threads of the team, before the step, item by item as each becomes free.
 * A thread beside the team that works ahead would bring nothing: a step uses all processors, so
 * what it did early would be taken from the step.
 *
 * A file that is larger than the budget is mapped. When such a file is cut or its disk fails, reads
 * end in SIGBUS, which becomes a message and exit 74. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../file/io.h"
#include "../net/net.h"

enum { ABSENT, BUSY, THERE };

/* ---- memory -------------------------------------------------------------------------------- */

size_t nn_data_budget(nn_error *e)
{
	static const char units[] = "kMGT";
	const char *text = getenv("NNCC_DATA_MEMORY");
	if (!text || !*text)
		return nn_memory_available() / 3;
	char *end;
	errno = 0;
	unsigned long long bytes = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end == 'K' ? 'k' : *end) : NULL;
	bool fine = !errno && end > text && text[0] >= '0' && text[0] <= '9' &&
	            (!*end || (unit && !end[1]));
	for (const char *u = units; fine && unit && u <= unit; u++)
		fine = !__builtin_mul_overflow(bytes, 1024ULL, &bytes);
	if (!fine)
		nn_fail(e, NN_EXIT_USAGE, "NNCC_DATA_MEMORY: expected bytes, like 512M, found '%s'",
		        text);
	return bytes;
}

bool nn_scratch_grow(void **memory, size_t *room, size_t count, const char *what, nn_error *e)
{
	if (*room >= count)
		return true;
	free(*memory);
	*room = 0;
	*memory = nn_alloc(count + count / 2, 1, what, e);
	if (*memory)
		*room = count + count / 2;
	return *memory != NULL;
}

static bool read_opened(nn_scratch *s, int fd, const char *path, size_t max, size_t *size,
                        nn_error *e)
{
	struct stat st;
	size_t have = 0;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return nn_fail(e, NN_EXIT_DATA, "%s: not a regular file", path);
	*size = (size_t)st.st_size;
	if (*size > max)
		return nn_fail(e, NN_EXIT_DATA, "%s: %zu bytes, more than the %zu allowed here",
		               path, *size, max);
	if (!nn_scratch_grow(&s->file, &s->file_room, *size, path, e))
		return false;
	while (have < *size) {
		ssize_t got = nn_io_calls.read(fd, (char *)s->file + have, *size - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return nn_fail(e, NN_EXIT_IO, "%s: cannot read: %s", path, strerror(errno));
		if (!got)
			return nn_fail(e, NN_EXIT_IO, "%s: became shorter while it was read", path);
		have += (size_t)got;
	}
	return true;
}

bool nn_scratch_read(nn_scratch *s, const char *path, size_t max, size_t *size, nn_error *e)
{
	int fd = nn_io_calls.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
	if (fd < 0)
		return nn_fail(e, errno == ENOENT || errno == ENOTDIR ? NN_EXIT_INPUT : NN_EXIT_IO,
		               "%s: cannot open: %s", path, strerror(errno));
	bool ok = read_opened(s, fd, path, max, size, e);
	nn_io_calls.close(fd);
	return ok;
}

void nn_scratch_free(nn_scratch *s)
{
	free(s->file);
	free(s->pixel);
	free(s->row);
	*s = (nn_scratch){0};
}

/* ---- files --------------------------------------------------------------------------------- */

static void on_bus_error(int signal)
{
	static const char text[] = "a data file became shorter or could not be read\n";
	(void)signal;
	(void)!write(2, text, sizeof text - 1);
	_exit(NN_EXIT_IO);
}

static bool map_file(nn_bytes *b, const char *path, nn_error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot open: %s", path, strerror(errno));
	void *map = mmap(NULL, b->size, PROT_READ, MAP_SHARED, fd, 0);
	int error = errno;
	close(fd);
	if (map == MAP_FAILED)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot map: %s", path, strerror(error));
	struct sigaction action = {.sa_handler = on_bus_error};
	sigaction(SIGBUS, &action, NULL);
	b->map = map;
	b->at = map;
	return true;
}

bool nn_bytes_open(nn_bytes *b, const char *path, nn_error *e)
{
	struct stat st;
	*b = (nn_bytes){0};
	size_t budget = nn_data_budget(e);
	if (e->code)
		return false;
	if (!stat(path, &st) && S_ISREG(st.st_mode) && (size_t)st.st_size > budget) {
		b->size = (size_t)st.st_size;
		return map_file(b, path, e);
	}
	char *memory;
	if (!nn_read_file(path, (size_t)1 << 40, &memory, &b->size, e))
		return false;
	b->memory = memory;
	b->at = (uint8_t *)memory;
	return true;
}

void nn_bytes_close(nn_bytes *b)
{
	free(b->memory);
	if (b->map)
		munmap(b->map, b->size);
	*b = (nn_bytes){0};
}

/* ---- the store ----------------------------------------------------------------------------- */

static bool reserve(nn_store *s, nn_error *e)
{
	size_t bytes;
	size_t budget = nn_data_budget(e);
	if (e->code)
		return false;
	s->kept = (int64_t)(budget / (size_t)s->values);
	if (s->kept > s->count)
		s->kept = s->count;
	void *at = MAP_FAILED;
	if (!__builtin_mul_overflow((size_t)s->count, (size_t)s->values, &bytes))
		at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return nn_fail(e, NN_EXIT_MEMORY, "no addresses for %lld items of %lld values",
		               (long long)s->count, (long long)s->values);
	s->at = at;
	return true;
}

nn_store *nn_store_open(int64_t count, int64_t values, nn_fetch *fetch, void *source,
                        void (*close)(void *source), nn_error *e)
{
	nn_store *s = nn_alloc(1, sizeof *s, "data", e);
	if (!s) {
		close(source);
		return NULL;
	}
	*s = (nn_store){.count = count, .values = values, .fetch = fetch};
	s->source = source;
	s->close = close;
	s->state = nn_alloc((size_t)count, 1, "data", e);
	if (s->state && reserve(s, e))
		return s;
	nn_store_close(s);
	return NULL;
}

void nn_store_close(nn_store *s)
{
	if (!s)
		return;
	if (s->at)
		munmap(s->at, (size_t)s->count * (size_t)s->values);
	for (int i = 0; i < s->threads; i++)
		nn_scratch_free(&s->scratch[i]);
	free(s->scratch);
	free(s->state);
	s->close(s->source);
	free(s);
}

void nn_store_put(nn_store *s, int64_t item, const uint8_t *values)
{
	if (item >= s->kept)
		return;
	memcpy(s->at + item * s->values, values, (size_t)s->values);
	s->state[item] = THERE;
}

bool nn_store_has(const nn_store *s, int64_t item)
{
	return s->state[item] == THERE;
}

/* Gives back the pages of items that do not stay. */
static void release(nn_store *s)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = (uintptr_t)(s->at + s->kept * s->values);
	uintptr_t end = (uintptr_t)(s->at + s->count * s->values);
	size_t whole = (from + page - 1) / page * page - from;
	if (end > from + whole)
		madvise(s->at + s->kept * s->values + whole, end - from - whole, MADV_DONTNEED);
	memset(s->state + s->kept, ABSENT, (size_t)(s->count - s->kept));
	s->passing = false;
}

/* The items of one call. */
typedef struct load {
	nn_store *store;       /* where they go                   */
	const uint32_t *index; /* which                           */
	int64_t live;          /* how many                        */
	atomic_llong next;     /* the next that nobody has taken  */
	atomic_llong fetched;  /* how many were                   */
	atomic_flag taken;     /* guards the two below            */
	int64_t failed;        /* the first that failed, or live  */
	nn_error error;        /* why                             */
} load;

static void note(load *l, int64_t i, const nn_error *e)
{
	while (atomic_flag_test_and_set(&l->taken))
		;
	if (i < l->failed) {
		l->failed = i;
		l->error = *e;
	}
	atomic_flag_clear(&l->taken);
}

static void fetch_some(void *arg, int thread, int threads)
{
	load *l = arg;
	nn_store *s = l->store;
	(void)threads;
	for (int64_t i; (i = atomic_fetch_add(&l->next, 1)) < l->live;) {
		uint32_t item = l->index[i];
		uint8_t absent = ABSENT;
		/* An item may occur twice in a batch. */
		if (!__atomic_compare_exchange_n(&s->state[item], &absent, BUSY, false,
		                                 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		nn_error e;
		e.code = 0;
		bool ok = s->fetch(s->source, item, s->at + item * s->values, &s->scratch[thread],
		                   &e);
		__atomic_store_n(&s->state[item], ok ? THERE : ABSENT, __ATOMIC_RELAXED);
		atomic_fetch_add(&l->fetched, 1);
		if (!ok)
			note(l, i, &e);
	}
}

static bool grow_scratch(nn_store *s, int threads, nn_error *e)
{
	if (s->threads >= threads)
		return true;
	nn_scratch *more = nn_alloc((size_t)threads, sizeof *more, "data", e);
	if (!more)
		return false;
	if (s->threads)
		memcpy(more, s->scratch, (size_t)s->threads * sizeof *more);
	free(s->scratch);
	s->scratch = more;
	s->threads = threads;
	return true;
}

bool nn_store_load(nn_store *s, const uint32_t *index, int64_t live, nn_team *team, nn_error *e)
{
	int64_t missing = 0;
	if (s->passing)
		release(s);
	for (int64_t i = 0; i < live; i++) {
		missing += s->state[index[i]] != THERE;
		s->passing = s->passing || index[i] >= s->kept;
	}
	if (!missing)
		return true;
	if (!grow_scratch(s, team ? nn_team_threads(team) : 1, e))
		return false;
	load l = {.store = s, .index = index, .live = live, .failed = live};
	atomic_flag_clear(&l.taken);
	if (team)
		nn_team_each(team, fetch_some, &l);
	else
		fetch_some(&l, 0, 1);
	s->fetched += l.fetched;
	return l.failed == live || nn_fail(e, l.error.code, "%s", l.error.text);
}
