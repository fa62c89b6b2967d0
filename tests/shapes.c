/* shapes.c: folders of small grey pictures for tests/run_verdicts.sh.
 *
 *     shapes DIR COUNT NOISE SEED      DIR/cat/000.png, DIR/dog/000.png, ...: COUNT of each
 *
 * A head is a disc at a random place, of a random size and brightness. A cat has two pointed ears
 * above it, a dog two that hang at its sides. NOISE is the standard deviation of what is added to
 * each pixel, on the scale of 255: with none all can be learnt, with much the pixels of a few
 * pictures can be learnt by heart but the animals hardly be seen. The same arguments give the same
 * files. */
#include <math.h>
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { SIDE = 24, PATH = 4096 };

static uint64_t state;

/* splitmix64, as a number from 0 to 1. */
static double random_share(void)
{
	uint64_t x = state += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)((x ^ (x >> 31)) >> 11) / 9007199254740992.0;
}

static double between(double low, double high)
{
	return low + (high - low) * random_share();
}

/* Normal enough: the sum of twelve. */
static double random_normal(void)
{
	double sum = -6;
	for (int i = 0; i < 12; i++)
		sum += random_share();
	return sum;
}

/* Whether the point, in radii from the middle of the head, belongs to the animal. */
static int inside(int dog, double x, double y)
{
	double side = fabs(x);
	if (x * x + y * y < 1)
		return 1;
	if (dog)
		return side > 0.9 && side < 1.4 && y > -0.5 && y < 1.1;
	return y < -0.4 && y > -1.7 && fabs(side - 0.65) < 0.45 * (y + 1.7) / 1.3;
}

static void draw(unsigned char pixel[SIDE * SIDE], int dog, double noise)
{
	double radius = between(4, 5.5), x = between(8, 16), y = between(9, 15);
	double ground = between(40, 90), bright = between(150, 210);
	for (int i = 0; i < SIDE * SIDE; i++) {
		int row = i / SIDE, column = i % SIDE;
		double right = (column - x) / radius, down = (row - y) / radius;
		double value = inside(dog, right, down) ? bright : ground;
		value += noise * random_normal();
		pixel[i] = (unsigned char)fmin(fmax(value, 0), 255);
	}
}

int main(int argc, char **argv)
{
	static const char *const kind[] = {"cat", "dog"};
	if (argc != 5) {
		fprintf(stderr, "usage: shapes DIR COUNT NOISE SEED\n");
		return 2;
	}
	long count = strtol(argv[2], NULL, 10);
	double noise = strtod(argv[3], NULL);
	state = strtoull(argv[4], NULL, 10);
	mkdir(argv[1], 0777);
	for (int dog = 0; dog < 2; dog++) {
		char path[PATH];
		snprintf(path, sizeof path, "%s/%s", argv[1], kind[dog]);
		mkdir(path, 0777);
		for (int i = 0; i < count; i++) {
			unsigned char pixel[SIDE * SIDE];
			png_image image = {.version = PNG_IMAGE_VERSION};
			image.width = image.height = SIDE;
			image.format = PNG_FORMAT_GRAY;
			snprintf(path, sizeof path, "%s/%s/%04d.png", argv[1], kind[dog], i);
			draw(pixel, dog, noise);
			if (!png_image_write_to_file(&image, path, 0, pixel, 0, NULL)) {
				fprintf(stderr, "shapes: %s: %s\n", path, image.message);
				return 1;
			}
		}
	}
	return 0;
}
