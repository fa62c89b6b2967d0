/* image_exif.c: how a camera was held: the tag Orientation of an Exif block.
 *
 *     in    "MM\0*" or "II*\0", directories of tags (TIFF 6.0, section 2; Exif 2.3, 4.6.4)
 *     out   1 to 8: which corner of the scene the first pixel is
 *
 * Whatever is broken or out of range means 1, as the picture is stored. */
#include "image.h"

#include <string.h>

enum { TAG = 0x0112, ENTRY = 12, TYPE_BYTE = 1, TYPE_SHORT = 3, TYPE_LONG = 4 };

/* `count` bytes as a number. */
static uint32_t number(const uint8_t *at, int count, bool big)
{
	uint32_t value = 0;
	for (int i = 0; i < count; i++)
		value |= (uint32_t)at[i] << 8 * (big ? count - 1 - i : i);
	return value;
}

int nn_exif_orientation(const uint8_t *tiff, size_t size)
{
	if (size < 8 || (memcmp(tiff, "MM\0*", 4) != 0 && memcmp(tiff, "II*\0", 4) != 0))
		return 1;
	bool big = tiff[0] == 'M';
	size_t at = number(tiff + 4, 4, big);
	if (at > size - 2)
		return 1;
	size_t entries = number(tiff + at, 2, big);
	const uint8_t *entry = tiff + at + 2;
	for (size_t i = 0; i < entries && (i + 1) * ENTRY <= size - at - 2; i++, entry += ENTRY) {
		if (number(entry, 2, big) != TAG || number(entry + 4, 4, big) != 1)
			continue;
		uint32_t type = number(entry + 2, 2, big);
		uint32_t value = type == TYPE_SHORT  ? number(entry + 8, 2, big)
		                 : type == TYPE_LONG ? number(entry + 8, 4, big)
		                 : type == TYPE_BYTE ? entry[8]
		                                     : 1;
		return value >= 1 && value <= 8 ? (int)value : 1;
	}
	return 1;
}
