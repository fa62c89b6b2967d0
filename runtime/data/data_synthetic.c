/* data_synthetic.c: random items, for benchmarks and checks.
 *
 * Images are uniform 8-bit values, labels uniform over the classes, real targets uniform in [0,1).
 * A part has 16 batches for training and 4 for the others, all different. */
#include <string.h>

#include "data.h"
#include "../kernel/nn_rand.h"

bool nn_make_items(nn_items *items, const nn_model *model, int64_t count, int64_t targets,
                   uint64_t seed, uint64_t stream, nn_error *e)
{
	*items = (nn_items){.count = count, .targets = targets, .name = "synthetic"};
	items->synthetic = true;
	items->values = (int64_t)model->input[0] * model->input[1] * model->input[2];
	size_t bytes = (size_t)(count * items->values);
	uint8_t *u8 = items->memory[0] = nn_alloc(bytes + 8, 1, "synthetic data", e);
	int32_t *label = NULL;
	float *target = NULL;
	if (model->classes)
		label = items->memory[1] = nn_alloc((size_t)count, sizeof *label, "labels", e);
	if (targets)
		target = items->memory[2] =
		        nn_alloc((size_t)(count * targets), sizeof *target, "targets", e);
	if (e->code)
		return false;
	for (size_t i = 0; i < bytes; i += 8) {
		uint64_t r = nn_rand_u64(seed, NN_RAND_SYNTHETIC, 3 * stream, i);
		memcpy(u8 + i, &r, 8);
	}
	for (int64_t i = 0; label && i < count; i++)
		label[i] = (int32_t)(nn_rand_double(seed, NN_RAND_SYNTHETIC, 3 * stream + 1,
		                                    (uint64_t)i) *
		                     model->classes);
	for (int64_t i = 0; target && i < count * targets; i++)
		target[i] =
		        (float)nn_rand_double(seed, NN_RAND_SYNTHETIC, 3 * stream + 2, (uint64_t)i);
	items->u8 = u8;
	items->label = label;
	items->target = target;
	return true;
}

bool nn_read_synthetic(const nn_loader *l, nn_items *items, nn_error *e)
{
	const nn_model *m = l->settings->model;
	bool training = !strcmp(l->source->split, "training");
	uint64_t stream = training ? 1 : !strcmp(l->source->split, "test") ? 2 : 3;
	return nn_make_items(items, m, (training ? 16 : 4) * (int64_t)m->batch, l->targets, 1,
	                     stream, e);
}
