/* tune.c: register tiles that were measured (-O3).
 *
 * In: a model. Out: for each kernel with a register tile, which of those that come near (tile.c)
 * the schedule takes. Every program of -O3 is legal and right; only the order of sums may differ
 * from that of -O2, and so the last bits.
 *
 * What was measured once is read from $XDG_CACHE_HOME/nncc/tiles (~/.cache/nncc/tiles): a line a
 * kernel, its key and its tile,
 *
 *     9f86d081884c7d659a2feaa0c55ad015 2 k x 6 j
 *
 * The key is a digest of the kernel's C as the cost model would have it, the tiles to choose from,
 * nncc's version, the C compiler's, its flags, and the processor. If a kernel is not in there, all
 * are measured that are not: the whole network is compiled with the first tile of each kernel, with
 * the second, and so on, and the steps of all these programs run in turns
 * (runtime/verbs/measure.c). So a kernel is timed on the data, the caches and the neighbours that
 * it will have. A tile replaces the cost model's when it is faster by more than noise. */
#include "tune.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../runtime/base/sha256.h"
#include "../print/c.h"

enum { KEY = 32 };                /* hexadecimal digits                            */
static const double WORTH = 0.98; /* of the cost model's time, at most             */

typedef struct Choice {  /* of one kernel                                                   */
	const Kernel *k; /* as the cost model has it; with stages: the one with a tile  */
	const char *key;
	bool step; /* of the training step, not of the evaluation                 */
	int pick;  /* of k->tried; -1: not known yet                              */
	double ms[MAX_TRIED];
} Choice;

static Choice *choice; /* one for each kernel                                             */
static int nchoice;

/* From now on each kernel gets its tile; `forced`, unless -1: that one where it is not known. */
static void take(int forced)
{
	int *pick = alloc((size_t)(nchoice + 1) * sizeof *pick);

	for (int i = 0; i < nchoice; i++) {
		pick[i] = choice[i].pick < 0 ? forced : choice[i].pick;
		pick[i] = pick[i] < 0 ? 0 : pick[i];
	}
	take_tiles(pick, nchoice);
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* What /proc/cpuinfo says of the first processor. */
static const char *processor_name(void)
{
	static const char *const line_of[] = {"vendor_id", "cpu family",      "model",
	                                      "stepping",  "CPU implementer", "CPU part"};
	char line[8192];
	char *s = "";
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f && fgets(line, sizeof line, f) && line[0] != '\n')
		for (size_t i = 0; i < sizeof line_of / sizeof *line_of; i++)
			if (!strncmp(line, line_of[i], strlen(line_of[i])))
				s = format("%s%s", s, line);
	if (f)
		fclose(f);
	return s;
}

static void add(nn_sha256 *s, const char *text)
{
	nn_sha256_add(s, text, strlen(text) + 1);
}

static const char *key_of(const Prog *p, int kernel, const Kernel *tiled, const char *machine)
{
	const Tree *tree = lower(p, p->kernel[kernel]);
	char hex[65];
	nn_sha256 s;

	nn_sha256_start(&s);
	add(&s, machine);
	add(&s, c_functions(tree, "k"));
	add(&s, tree->formula);
	for (int i = 0; i < tiled->ntried; i++)
		add(&s, tile_name(&tiled->tried[i]));
	nn_sha256_hex(&s, hex);
	return copy_bytes(hex, KEY);
}

/* The kernel itself, or that one of its stages, which has tiles to choose from; or NULL. */
static const Kernel *with_tiles(const Kernel *k)
{
	for (int i = 0; i < k->nstage; i++)
		if (k->stage[i]->ntried > 1)
			return k->stage[i];
	return k->ntried > 1 ? k : NULL;
}

/* Kernels of the evaluation are not measured; those that a training step has too are found by their
 * keys. */
static void choices(const Prog *p)
{
	const char *machine =
	        format("nncc %s\n%s\n%s %s %s\n%sone thread", NNCC_VERSION, cc_version(p), cc_flags,
	               cc_level("net.c"), cc_march(p), processor_name());

	nchoice = p->nkernel;
	choice = alloc((size_t)nchoice * sizeof *choice);
	for (int i = 0; i < nchoice; i++) {
		const Kernel *k = with_tiles(p->kernel[i]);
		choice[i].k = k;
		choice[i].step = !p->kernel[i]->eval;
		choice[i].pick = k ? -1 : 0;
		choice[i].key = k ? key_of(p, i, k, machine) : "";
	}
}

/* ---- the cache ------------------------------------------------------------------------------ */

/* Its directory, or NULL where there is no place for one. */
static const char *cache_dir(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (cache && *cache == '/')
		return format("%s/nncc", cache);
	return home && *home == '/' ? format("%s/.cache/nncc", home) : NULL;
}

/* Takes note of the tile called `name`, for all kernels with that key. */
static void learn(const char *key, const char *name)
{
	for (int i = 0; i < nchoice; i++)
		for (int t = 0; !strcmp(choice[i].key, key) && t < choice[i].k->ntried; t++)
			if (!strcmp(tile_name(&choice[i].k->tried[t]), name))
				choice[i].pick = t;
}

static void read_cache(void)
{
	char line[256];
	const char *dir = cache_dir();
	FILE *f = dir ? fopen(format("%s/tiles", dir), "r") : NULL;

	while (f && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		if (strlen(line) > KEY && line[KEY] == ' ')
			learn(copy_bytes(line, KEY), line + KEY + 1);
	}
	if (f)
		fclose(f);
}

/* Adds what was not known before; several compilers may do so at once. Without a cache the next
 * compilation has to measure again, that is all. */
static void write_cache(const bool *known)
{
	const char *dir = cache_dir();
	char *text = "";

	for (int i = 0; i < nchoice; i++)
		if (choice[i].k && !known[i] && choice[i].pick >= 0) {
			char *line = format("%s %s\n", choice[i].key,
			                    tile_name(&choice[i].k->tried[choice[i].pick]));
			if (!strstr(text, line))
				text = format("%s%s", text, line);
		}
	if (!*text)
		return;
	for (const char *end = dir; end; end = strchr(end + 1, '/'))
		if (end > dir)
			mkdir(copy_bytes(dir, (size_t)(end - dir)), 0777);
	if (dir)
		mkdir(dir, 0777);
	FILE *f = dir ? fopen(format("%s/tiles", dir), "a") : NULL;
	bool bad = !f || fputs(text, f) == EOF;
	if (f)
		bad |= fclose(f) != 0;
	if (bad && options.verbose)
		fprintf(stderr, "  tune: the cache %s/tiles cannot be written\n", dir ? dir : "");
}

/* ---- measuring ------------------------------------------------------------------------------ */

static int most_tiles(void)
{
	int n = 0;

	for (int i = 0; i < nchoice; i++)
		if (choice[i].step && choice[i].k && choice[i].pick < 0 && choice[i].k->ntried > n)
			n = choice[i].k->ntried;
	return n;
}

/* Lines "KERNEL PROGRAM MILLISECONDS". */
static void read_times(FILE *f)
{
	char line[128], *at;

	while (fgets(line, sizeof line, f)) {
		long kernel = strtol(line, &at, 10), program = strtol(at, &at, 10);
		double ms = strtod(at, NULL);
		if (kernel >= 0 && kernel < nchoice && program >= 0 && program < MAX_TRIED)
			choice[kernel].ms[program] = ms;
	}
}

/* The tile with the least time over all kernels that are equal to kernel i. Where threads share few
 * tiles, the time is what all of them would need. */
static int fastest(int i)
{
	const Kernel *k = choice[i].k;
	double first = 0, least = 0;
	int best = 0;

	for (int t = 0; t < k->ntried; t++) {
		double sum = 0;
		for (int j = 0; j < nchoice; j++)
			if (!strcmp(choice[j].key, choice[i].key))
				sum += choice[j].ms[t] * k->tried[t].uneven;
		if (t == 0)
			first = least = sum;
		if (sum < least) {
			least = sum;
			best = t;
		}
	}
	return least < WORTH * first ? best : 0;
}

static void decide(void)
{
	for (int i = 0; i < nchoice; i++) {
		Choice *c = &choice[i];
		if (!c->step || !c->k || c->pick >= 0)
			continue;
		int best = fastest(i);
		learn(c->key, tile_name(&c->k->tried[best]));
		if (options.verbose)
			fprintf(stderr, "  tune: k%02d %s %.4f ms, %s %.4f ms\n", i,
			        tile_name(&c->k->tried[0]), c->ms[0], tile_name(&c->k->tried[best]),
			        c->ms[best]);
	}
}

static bool measure(Model *m, Prog *make(Model *m))
{
	int n = most_tiles();
	Measured program = {.n = n};

	for (int i = 0; i < n; i++) {
		take(i);
		program.prog[i] = make(m);
	}
	FILE *f = measured(&program);
	if (!f)
		return false;
	read_times(f);
	fclose(f);
	decide();
	return true;
}

void tune(Model *m, Prog *make(Model *m), bool may_measure)
{
	Prog *p = make(m);
	int unknown = 0, all = 0;

	if (!target_runs(&p->target)) {
		fprintf(stderr,
		        "nncc: warning: -O3 compiles as -O2: %s does not run here, so nothing "
		        "can be measured\n",
		        options.march);
		return;
	}
	choices(p);
	read_cache();
	bool *known = alloc((size_t)nchoice + 1);
	for (int i = 0; i < nchoice; i++) {
		known[i] = choice[i].pick >= 0;
		all += choice[i].k != NULL;
		unknown += choice[i].step && !known[i];
	}
	if (options.verbose)
		fprintf(stderr, "  tune: %d kernels with tiles, %d to measure\n", all, unknown);
	if (unknown && may_measure && measure(m, make))
		write_cache(known);
	else if (unknown && may_measure)
		fprintf(stderr, "nncc: warning: -O3 compiles as -O2: nothing could be measured\n");
	take(-1);
}
