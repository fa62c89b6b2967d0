/* json.c: any text as JSON, read by what its own brackets announce. */
#include <stdlib.h>

#include "../../runtime/file/json_read.h"
#include "fuzz.h"

static void value(nn_json *j, int depth);

static void members(nn_json *j, char close, int depth)
{
	if (nn_json_accept(j, close))
		return;
	do {
		if (close == '}') {
			nn_json_string(j);
			nn_json_expect(j, ':');
		}
		value(j, depth + 1);
	} while (!j->error && nn_json_next(j, close));
}

static void value(nn_json *j, int depth)
{
	if (depth > 20)
		nn_json_fail(j, "too deep");
	else if (nn_json_accept(j, '{'))
		members(j, '}', depth);
	else if (nn_json_accept(j, '['))
		members(j, ']', depth);
	else if (j->at < j->len && j->text[j->at] == '"')
		nn_json_string(j);
	else
		nn_json_whole(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	nn_json j;
	char *strings = malloc(size + 1);
	fuzz_must(strings != NULL, "memory for strings");
	nn_json_start(&j, (const char *)bytes, size, strings);
	value(&j, 0);
	nn_json_end(&j);
	fuzz_must(j.at <= size && (size_t)(j.strings - strings) <= size + 1, "read too far");
	free(strings);
	return 0;
}
