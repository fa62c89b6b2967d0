/* safetensors.c: any bytes as a file of tensors, and as weights of the toy network. */
#include <stdlib.h>

#include "../../runtime/run/checkpoint.h"
#include "data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	nn_error e = {0};
	nn_safetensors s;
	const char *path = fuzz_file(0, bytes, size);
	if (nn_safetensors_read(&s, path, NN_EXIT_DATA, &e)) {
		for (size_t i = 0; i < s.tensors; i++)
			nn_safetensors_data(&s, &s.tensor[i], &e);
		nn_safetensors_free(&s);
	}
	fuzz_must(!e.code || e.code == NN_EXIT_DATA, e.text);
	nn_net net = {.model = &nn_network, .program = nn_network.fast};
	net.arena = aligned_alloc(64, net.program->arena_bytes);
	fuzz_must(net.arena != NULL, "memory for an arena");
	nn_error refused = {0};
	nn_load_weights(&net, path, NULL, &refused);
	fuzz_must(!refused.code || refused.code == NN_EXIT_CHECKPOINT ||
	                  refused.code == NN_EXIT_NOT_FINITE,
	          refused.text);
	free(net.arena);
	return 0;
}
