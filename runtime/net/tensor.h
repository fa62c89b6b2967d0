/* tensor.h: between plain row-major numbers and the layout of an arena. See tensor.c. */
#ifndef NN_TENSOR_H
#define NN_TENSOR_H

#include "../base/error.h"
#include "../nn.h"
#include "../kernel/nn_team.h"
#include "../file/safetensors.h"

/* The first tensor of this kind, with this name unless NULL; NULL when there is none. */
const nn_tensor *nn_tensor_find(const nn_program *p, nn_kind kind, const char *name);

/* Elements of the first `rows` rows; of all of it when it is not batched. */
int64_t nn_tensor_count(const nn_tensor *t, int64_t rows);

/* Where a multi-index lies, in bytes from the start of the arena. */
size_t nn_tensor_at(const nn_program *p, const nn_tensor *t, const int64_t index[NN_RANK]);

/* The value of the 16 bits of an IEEE 754 half precision number. */
double nn_half(unsigned bits);

/* Copy `rows` rows (all, when not batched) between the arena and row-major F32, F64, I64 or I32;
 * put widens F16 and BF16 too. `plain` need not be aligned. */
void nn_tensor_get(const nn_program *p, const nn_tensor *t, const char *arena, int64_t rows,
                   nn_dtype dtype, void *plain);
void nn_tensor_put(const nn_program *p, const nn_tensor *t, char *arena, int64_t rows,
                   nn_dtype dtype, const void *plain);

/* The elements first, first + 1, ... of the row-major order, `count` of them. */
void nn_tensor_get_some(const nn_program *p, const nn_tensor *t, const char *arena, int64_t first,
                        int64_t count, nn_dtype dtype, void *plain);
void nn_tensor_put_some(const nn_program *p, const nn_tensor *t, char *arena, int64_t first,
                        int64_t count, nn_dtype dtype, const void *plain);

/* Fills parameters and running statistics as their init says and optimizer state with zero. A value
 * depends on seed, name and logical index only; all threads of the team (NULL: the caller alone)
 * take part. (init.c) */
bool nn_initialise(const nn_program *p, char *arena, nn_team *team, uint64_t seed, nn_error *e);

/* The first tensor of the kind (in the table's order) that holds a NaN or an infinity, or NULL. */
const nn_tensor *nn_tensor_not_finite(const nn_program *p, nn_kind kind, const char *arena,
                                      int64_t rows);

#endif
