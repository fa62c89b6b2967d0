/* state.c: lines KEY=VALUE as the metadata of a checkpoint whose tensors are those of the toy
 * network. Its sum is right, so that what is read is what the lines say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/run/checkpoint.h"
#include "../../runtime/file/io.h"
#include "../../runtime/net/tensor.h"
#include "data.h"
#include "lines.h"

static char dir[] = "/tmp/nncc_fuzz_XXXXXX", path[64]; /* of the state; for all inputs */

static void remove_all(void)
{
	unlink(path);
	rmdir(dir);
}

/* A disk takes longer than all the rest. */
static int no_sync(int fd)
{
	(void)fd;
	return 0;
}

/* Ones: a running variance may not be zero. */
static void pack(void *ctx, size_t i, int64_t first, int64_t count, char *bytes)
{
	(void)ctx;
	(void)i;
	(void)first;
	for (int64_t k = 0; k < count; k++)
		memcpy(bytes + k * (int64_t)sizeof(float), &(float){1}, sizeof(float));
}

static void write_state(nn_st_pair *pair, size_t pairs, nn_error *e)
{
	const nn_program *p = nn_network.fast;
	nn_st_tensor tensor[64];
	nn_st_writer w = {.tensor = tensor, .pair = pair, .pairs = pairs, .pack = pack};
	for (int i = 0; i < p->tensors && w.tensors < 64; i++) {
		const nn_tensor *t = &p->tensor[i];
		if (t->kind != NN_PARAM && t->kind != NN_FROZEN && t->kind != NN_RUNNING &&
		    t->kind != NN_STATE)
			continue;
		nn_st_tensor *to = &tensor[w.tensors++];
		*to = (nn_st_tensor){.name = t->name, .dtype = NN_F32, .rank = t->rank};
		memcpy(to->dim, t->dim, (size_t)t->rank * sizeof *t->dim);
	}
	fuzz_must(nn_safetensors_write(&w, path, NULL, e), e->text);
	nn_text_free(&w.header);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *copy, *line[FUZZ_LINES];
	nn_st_pair pair[FUZZ_LINES + 1];
	size_t pairs = 0;
	nn_error e = {0};
	nn_net net = {.model = &nn_network, .program = nn_network.fast};
	net.arena = aligned_alloc(64, net.program->arena_bytes);
	fuzz_must(net.arena != NULL, "memory for an arena");
	nn_progress progress;
	double mean, std;
	nn_normalize z = {.channels = 1, .mean = &mean, .std = &std};
	int count = fuzz_lines(bytes, size, &copy, line);
	for (int i = 0; i < count; i++) {
		char *value = strchr(line[i], '=');
		if (!value)
			continue;
		*value++ = 0;
		if (strcmp(line[i], "sha256") != 0)
			pair[pairs++] = (nn_st_pair){line[i], value};
	}
	if (!*path) {
		fuzz_must(mkdtemp(dir) != NULL, "a directory");
		snprintf(path, sizeof path, "%s/state", dir);
		atexit(remove_all);
	}
	nn_io_calls.fsync = no_sync;
	write_state(pair, pairs, &e);
	bool ok = nn_load_state(&net, path, &z, &progress, &e);
	fuzz_must(ok ? !e.code : e.code == NN_EXIT_CHECKPOINT && e.text[0], e.text);
	free(net.arena);
	free(copy);
	return 0;
}
