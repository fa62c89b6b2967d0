/* jpeg.c: any bytes that begin as a JPEG file does. */
#include "data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > 2 && bytes[0] == 0xff && bytes[1] == 0xd8)
		fuzz_picture(bytes, size);
	return 0;
}
