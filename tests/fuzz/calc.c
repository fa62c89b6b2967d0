/* calc.c: any text as an expression of an attribute and as a number. */
#include <math.h>
#include <stdlib.h>

#include "../../runtime/base/calc.h"
#include "fuzz.h"

static bool known(void *ctx, const char *name, size_t len, double *value)
{
	*value = *(const double *)ctx;
	return len == 1 && *name == 'n';
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	double n = 7, value = 0;
	size_t at = 0;
	const char *why = NULL;
	bool ok = nn_calc((const char *)bytes, size, known, &n, &value, &at, &why);
	fuzz_must(ok ? isfinite(value) : why && at <= size, "an expression");
	fuzz_must(nn_number((const char *)bytes, size, &value) <= size, "a number");
	char *text = fuzz_copy(bytes, size);
	int64_t whole;
	if (nn_parse_double(text, &value))
		nn_whole(value, &whole);
	free(text);
	return 0;
}
