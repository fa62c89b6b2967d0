/* data.c: opens data sets and pictures as a trainer does. See data.h. */
#include "data.h"

#include <string.h>

#include "../../runtime/data/image.h"

enum { SOME = 16 };

void fuzz_input(nn_model *m, int rank, int channels, int height, int width)
{
	m->input_rank = rank;
	m->input[0] = channels;
	m->input[1] = height;
	m->input[2] = width;
}

static void answer(const nn_error *e)
{
	fuzz_must(!e->code || e->code == NN_EXIT_DATA, e->text);
	fuzz_must(!e->code || e->text[0], "a refusal without a reason");
}

void fuzz_data(const nn_model *m)
{
	static nn_data d;
	nn_error e = {0};
	int code = 0;
	const char *said = data_open(m, 1 << NN_TRAINING, &d, &code);
	fuzz_must(!code || (code == NN_EXIT_DATA && said[0]), said);
	if (code)
		return;
	const nn_part *p = &d.part[NN_TRAINING];
	if (p->count)
		nn_items_load(p->items, p->index, p->count < SOME ? p->count : SOME, NULL, &e);
	answer(&e);
	nn_data_close(&d);
}

void fuzz_picture(const uint8_t *bytes, size_t size)
{
	static nn_scratch scratch;
	uint8_t pixel[3 * 5 * 3];
	const char *path = fuzz_file(0, bytes, size);
	nn_model m = nn_network;
	for (int colour = 0; colour < 2; colour++) {
		nn_error e = {0};
		fuzz_input(&m, 3, colour ? 3 : 1, colour ? 5 : 4, colour ? 3 : 4);
		bool ok = nn_image_read(path, &m, pixel, &scratch, &e);
		fuzz_must(ok == !e.code, "success and failure at once");
		answer(&e);
	}
	nn_scratch_free(&scratch);
	memset(&scratch, 0, sizeof scratch);
}
