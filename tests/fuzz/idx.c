/* idx.c: any bytes as images and as labels in idx, plain or gzipped. */
#include "data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const uint8_t good[] = {0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8};
	const char *path = fuzz_file(0, bytes, size), *fine = fuzz_file(1, good, sizeof good);
	fuzz_data(data_model("idx", (nn_source){.images = path, .labels = path}));
	nn_model *m = data_model("idx", (nn_source){.images = fine, .labels = path});
	fuzz_input(m, 1, 2, 1, 1);
	fuzz_data(m);
	return 0;
}
