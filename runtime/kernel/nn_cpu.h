/* nn_cpu.h: features of processors that compiled code may need.
 *
 * One table for each architecture: a feature, the macro by which C compilers tell that they may use
 * it, and where the processor tells that it has it. The emitted model.c is compiled for the target
 * and stores NN_CPU_COMPILED, a bit each; the runtime, which is compiled for any processor of the
 * architecture, compares them with what is here before a kernel runs (cpu.c). Features that
 * compilers use by an intrinsic function alone (sha, rdseed, ...) are not listed. */
#ifndef NN_CPU_H
#define NN_CPU_H

#include <stdint.h>

#define NN_CPU_TEXT(macro)  NN_CPU_TEXT_(macro)
#define NN_CPU_TEXT_(macro) #macro
/* A macro that is 1 becomes the text "1", one that is not defined its own name. */
#define NN_CPU_GIVEN(macro) (sizeof NN_CPU_TEXT(macro) == sizeof "1")

#if defined __x86_64__
/* Register and bit of cpuid; what the system must save beside it (bits of XCR0). */
#define NN_CPU_FEATURES(X)                                        \
	X("sse3", __SSE3__, NN_CPUID_1C, 0, 0)                    \
	X("ssse3", __SSSE3__, NN_CPUID_1C, 9, 0)                  \
	X("cx16", __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16, NN_CPUID_1C, 13, 0) \
	X("sse4.1", __SSE4_1__, NN_CPUID_1C, 19, 0)               \
	X("sse4.2", __SSE4_2__, NN_CPUID_1C, 20, 0)               \
	X("popcnt", __POPCNT__, NN_CPUID_1C, 23, 0)               \
	X("lahf", __LAHF_SAHF__, NN_CPUID_EXTC, 0, 0)             \
	X("avx", __AVX__, NN_CPUID_1C, 28, 0x6)                   \
	X("avx2", __AVX2__, NN_CPUID_7B, 5, 0x6)                  \
	X("fma", __FMA__, NN_CPUID_1C, 12, 0x6)                   \
	X("f16c", __F16C__, NN_CPUID_1C, 29, 0x6)                 \
	X("bmi", __BMI__, NN_CPUID_7B, 3, 0)                      \
	X("bmi2", __BMI2__, NN_CPUID_7B, 8, 0)                    \
	X("lzcnt", __LZCNT__, NN_CPUID_EXTC, 5, 0)                \
	X("movbe", __MOVBE__, NN_CPUID_1C, 22, 0)                 \
	X("avx512f", __AVX512F__, NN_CPUID_7B, 16, 0xe6)          \
	X("avx512bw", __AVX512BW__, NN_CPUID_7B, 30, 0xe6)        \
	X("avx512cd", __AVX512CD__, NN_CPUID_7B, 28, 0xe6)        \
	X("avx512dq", __AVX512DQ__, NN_CPUID_7B, 17, 0xe6)        \
	X("avx512vl", __AVX512VL__, NN_CPUID_7B, 31, 0xe6)        \
	X("avx512ifma", __AVX512IFMA__, NN_CPUID_7B, 21, 0xe6)    \
	X("avx512vbmi", __AVX512VBMI__, NN_CPUID_7C, 1, 0xe6)     \
	X("avx512vbmi2", __AVX512VBMI2__, NN_CPUID_7C, 6, 0xe6)   \
	X("avx512vnni", __AVX512VNNI__, NN_CPUID_7C, 11, 0xe6)    \
	X("avx512bitalg", __AVX512BITALG__, NN_CPUID_7C, 12, 0xe6) \
	X("avx512vpopcntdq", __AVX512VPOPCNTDQ__, NN_CPUID_7C, 14, 0xe6) \
	X("avx512bf16", __AVX512BF16__, NN_CPUID_71A, 5, 0xe6)    \
	X("avx512fp16", __AVX512FP16__, NN_CPUID_7D, 23, 0xe6)    \
	X("avxvnni", __AVXVNNI__, NN_CPUID_71A, 4, 0x6)           \
	X("avxifma", __AVXIFMA__, NN_CPUID_71A, 23, 0x6)          \
	X("gfni", __GFNI__, NN_CPUID_7C, 8, 0)                    \
	X("sse4a", __SSE4A__, NN_CPUID_EXTC, 6, 0)                \
	X("xop", __XOP__, NN_CPUID_EXTC, 11, 0x6)                 \
	X("fma4", __FMA4__, NN_CPUID_EXTC, 16, 0x6)               \
	X("tbm", __TBM__, NN_CPUID_EXTC, 21, 0)
enum { NN_CPUID_1C, NN_CPUID_7B, NN_CPUID_7C, NN_CPUID_7D, NN_CPUID_71A, NN_CPUID_EXTC, NN_CPUIDS };
#elif defined __aarch64__
/* The auxiliary vector's entry and the bit in it. */
#define NN_CPU_FEATURES(X)                                         \
	X("fp", __ARM_FEATURE_FMA, NN_HWCAP, 0, 0)                 \
	X("asimd", __ARM_NEON, NN_HWCAP, 1, 0)                     \
	X("crc32", __ARM_FEATURE_CRC32, NN_HWCAP, 7, 0)            \
	X("atomics", __ARM_FEATURE_ATOMICS, NN_HWCAP, 8, 0)        \
	X("asimdhp", __ARM_FEATURE_FP16_VECTOR_ARITHMETIC, NN_HWCAP, 10, 0) \
	X("asimdrdm", __ARM_FEATURE_QRDMX, NN_HWCAP, 12, 0)        \
	X("fcma", __ARM_FEATURE_COMPLEX, NN_HWCAP, 14, 0)          \
	X("asimddp", __ARM_FEATURE_DOTPROD, NN_HWCAP, 20, 0)       \
	X("sha3", __ARM_FEATURE_SHA3, NN_HWCAP, 17, 0)             \
	X("sve", __ARM_FEATURE_SVE, NN_HWCAP, 22, 0)               \
	X("sve2", __ARM_FEATURE_SVE2, NN_HWCAP2, 1, 0)             \
	X("i8mm", __ARM_FEATURE_MATMUL_INT8, NN_HWCAP2, 13, 0)     \
	X("bf16", __ARM_FEATURE_BF16, NN_HWCAP2, 14, 0)
enum { NN_HWCAP, NN_HWCAP2 };
#else
#define NN_CPU_FEATURES(X)
#endif

/* Bit i stands for row i of the table. */
enum {
#define NN_CPU_ROW(name, macro, where, bit, state) NN_CPU_##where##_##bit,
	NN_CPU_FEATURES(NN_CPU_ROW)
#undef NN_CPU_ROW
	NN_CPU_ROWS
};

/* What the file that asks is compiled for. */
#define NN_CPU_BIT(name, macro, where, bit, state) \
	| (uint64_t)NN_CPU_GIVEN(macro) << NN_CPU_##where##_##bit
#define NN_CPU_COMPILED (UINT64_C(0) NN_CPU_FEATURES(NN_CPU_BIT))

/* The least -march of which all that is compiled may be used. */
#if defined __x86_64__
#if defined __AVX512BW__ && defined __AVX512CD__ && defined __AVX512DQ__ && defined __AVX512VL__
#define NN_CPU_MARCH "x86-64-v4"
#elif defined __AVX2__ && defined __FMA__ && defined __BMI2__ && defined __F16C__
#define NN_CPU_MARCH "x86-64-v3"
#elif defined __SSE4_2__ && defined __POPCNT__
#define NN_CPU_MARCH "x86-64-v2"
#else
#define NN_CPU_MARCH "x86-64"
#endif
#elif defined __aarch64__ && __ARM_ARCH >= 9
#define NN_CPU_MARCH "armv9-a"
#elif defined __aarch64__
#define NN_CPU_MARCH "armv8-a"
#else
#define NN_CPU_MARCH "generic"
#endif

#endif
