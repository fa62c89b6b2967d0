/* cifar.c: any bytes as CIFAR-10 and as CIFAR-100, whose size alone says how many items there are.
 * A record is 3 kB of pixels that matter to nobody, so each byte of the input stands for the labels
 * of one, and the last one says how many bytes the file has too many. */
#include <string.h>

#include "data.h"

enum { PIXELS = 3 * 32 * 32, RECORDS = 8, LABELS = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static uint8_t file[RECORDS * (PIXELS + LABELS) + 255];
	for (int labels = 1; size && labels <= LABELS; labels++) {
		size_t records = size - 1 < RECORDS ? size - 1 : RECORDS;
		size_t record = PIXELS + (size_t)labels;
		for (size_t i = 0; i < records; i++)
			memset(file + i * record, bytes[i], (size_t)labels);
		nn_source source = {.file = fuzz_file(0, file, records * record + bytes[size - 1])};
		nn_model *m = data_model("cifar", source);
		fuzz_input(m, 3, 3, 32, 32);
		m->classes = labels == 1 ? 10 : 100;
		fuzz_data(m);
	}
	return 0;
}
