/* pnm.c: any bytes as a PGM or PPM picture. */
#include "data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > 2 && bytes[0] == 'P')
		fuzz_picture(bytes, size);
	return 0;
}
