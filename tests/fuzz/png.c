/* png.c: any bytes that begin as a PNG file does, as they are and with the checksums of all chunks
 * set right: libpng leaves a file with a wrong one before it has looked at the chunk. */
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "data.h"

enum { SIGNATURE = 8, AROUND = 12 /* length, type, checksum */ };

static void set_right(uint8_t *bytes, size_t size)
{
	for (size_t at = SIGNATURE; size - at >= AROUND;) {
		size_t len = png_get_uint_32(bytes + at);
		if (len > size - at - AROUND)
			return;
		png_save_uint_32(bytes + at + 8 + len,
		                 (png_uint_32)crc32(0, bytes + at + 4, (uInt)len + 4));
		at += AROUND + len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size < SIGNATURE || memcmp(bytes, "\x89PNG", 4) != 0)
		return 0;
	uint8_t *copy = (uint8_t *)fuzz_copy(bytes, size);
	fuzz_picture(bytes, size);
	set_right(copy, size);
	fuzz_picture(copy, size);
	free(copy);
	return 0;
}
