/* cpu.c: whether this processor can run the kernels of a trainer.
 *
 * In: the features that model.c was compiled for (nn_cpu.h). Out: those that the processor at hand
 * lacks. A register that the system does not save cannot be used either, so a feature counts only
 * if XCR0 has its state. This file is compiled for any processor of the architecture. */
#include "cpu.h"

#if defined __x86_64__
#include <cpuid.h>
#elif defined __aarch64__ && defined __linux__
#include <sys/auxv.h>
#endif

typedef struct feature {
	const char *name;   /* as compilers and /proc/cpuinfo have it        */
	int where, bit;     /* of the words below                            */
	unsigned long need; /* of XCR0                                       */
} feature;

/* A row more than there may be, for an architecture without a table. */
static const feature features[NN_CPU_ROWS + 1] = {
#define NN_CPU_ROW(name, macro, where, bit, state) {name, where, bit, state},
        NN_CPU_FEATURES(NN_CPU_ROW)
#undef NN_CPU_ROW
};

#if defined __x86_64__
static unsigned long state(void)
{
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1))
		return 0;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return a;
}

static void words(unsigned long word[NN_CPUIDS])
{
	unsigned a, b, c, d;
	if (__get_cpuid(1, &a, &b, &c, &d))
		word[NN_CPUID_1C] = c;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
		word[NN_CPUID_7B] = b;
		word[NN_CPUID_7C] = c;
		word[NN_CPUID_7D] = d;
		if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d))
			word[NN_CPUID_71A] = a;
	}
	if (__get_cpuid(0x80000001, &a, &b, &c, &d))
		word[NN_CPUID_EXTC] = c;
}
#elif defined __aarch64__ && defined __linux__
static unsigned long state(void)
{
	return 0;
}

static void words(unsigned long word[2])
{
	word[NN_HWCAP] = getauxval(AT_HWCAP);
	word[NN_HWCAP2] = getauxval(AT_HWCAP2);
}
#endif

uint64_t nn_cpu_here(void)
{
#if defined __x86_64__ || (defined __aarch64__ && defined __linux__)
	unsigned long word[8] = {0}, saved = state();
	uint64_t here = 0;
	words(word);
	for (int i = 0; i < NN_CPU_ROWS; i++) {
		const feature *f = &features[i];
		bool has = word[f->where] >> f->bit & 1 && (saved & f->need) == f->need;
		here |= (uint64_t)has << i;
	}
	return here;
#else
	return ~UINT64_C(0); /* nothing to ask: what was compiled is believed */
#endif
}

void nn_cpu_list(nn_text *t, uint64_t set, const char *between)
{
	bool any = false;
	for (int i = 0; i < NN_CPU_ROWS; i++) {
		if (set >> i & 1)
			nn_text_add(t, "%s%s", any ? between : "", features[i].name);
		any |= set >> i & 1;
	}
}

/* The first rows of the table are what the levels of x86-64 add, one after the other. */
const char *nn_cpu_march(uint64_t here)
{
#if defined __x86_64__
	static const char *const level[] = {"generic", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
	static const int rows[] = {7, 15, 20};
	int n = 0;
	while (n < 3 && (here & ((UINT64_C(1) << rows[n]) - 1)) == (UINT64_C(1) << rows[n]) - 1)
		n++;
	return level[n];
#else
	(void)here;
	return "generic";
#endif
}

bool nn_cpu_check(const nn_model *m, uint64_t here, nn_error *e)
{
	uint64_t lacks = m->features & ~here;
	nn_text t = {0};
	if (!lacks)
		return true;
	nn_cpu_list(&t, lacks, ", ");
	nn_fail(e, NN_EXIT_INTERNAL,
	        "this trainer was compiled for %s and this processor lacks %s; nncc -march=%s "
	        "makes one that runs here",
	        m->march, t.failed ? "some of it" : t.at, nn_cpu_march(here));
	nn_text_free(&t);
	return false;
}
