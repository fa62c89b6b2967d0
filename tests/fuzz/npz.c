/* npz.c: any bytes as an archive of np.savez, with arrays x and y. */
#include "data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	nn_model *m = data_model("npz", (nn_source){.file = fuzz_file(0, bytes, size)});
	fuzz_input(m, 1, 2, 1, 1);
	fuzz_data(m);
	return 0;
}
