/* options.c: lines as the command line of every verb. */
#include <stdlib.h>

#include "../../runtime/net/options.h"
#include "lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *copy, *line[FUZZ_LINES], *file[FUZZ_LINES + 1];
	int count = fuzz_lines(bytes, size, &copy, line);
	for (unsigned bit = NN_VERB_TRAIN; bit <= NN_VERB_TUNE; bit <<= 1) {
		nn_error e = {0};
		static nn_options o;
		o = (nn_options){.program = "toy", .verb = "verb", .file = file};
		bool ok = nn_options_read(&o, bit, count, line, 0, &e);
		fuzz_must(ok ? !e.code : e.code == NN_EXIT_USAGE && e.text[0], e.text);
		fuzz_must(o.files <= count && o.sets <= count, "more than there were");
	}
	free(copy);
	return 0;
}
