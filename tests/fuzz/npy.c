/* npy.c: any bytes as an array of np.save: as images, as rows, and as labels of four good rows. */
#include "data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const float rows[4][2] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}};
	unsigned char good[256];
	const char *path = fuzz_file(0, bytes, size);
	const char *fine = fuzz_file(1, good, npy_make(good, "<f4", "(4, 2)", rows, sizeof rows));
	nn_model *m = data_model("npy", (nn_source){.images = path, .labels = path});
	fuzz_data(m);
	m = data_model("npy", (nn_source){.images = path, .labels = path});
	fuzz_input(m, 1, 2, 1, 1);
	fuzz_data(m);
	m = data_model("npy", (nn_source){.images = fine, .labels = path});
	fuzz_input(m, 1, 2, 1, 1);
	fuzz_data(m);
	return 0;
}
