/* csv.c: any bytes as a table of two features and a class, with and without named columns, as a
 * table of targets, and as rows to predict. */
#include "data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const label[] = {NULL, "kind", "0"};
	const char *path = fuzz_file(0, bytes, size);
	for (size_t i = 0; i < sizeof label / sizeof *label; i++) {
		nn_source source = {.file = path, .label_column = label[i]};
		nn_model *m = data_model("csv", source);
		fuzz_input(m, 1, 2, 1, 1);
		fuzz_data(m);
	}
	nn_error e = {0};
	nn_settings s;
	nn_meaning meaning;
	nn_loader l = {.settings = &s, .meaning = &meaning, .root = "", .values = 2};
	nn_items items = {0};
	nn_model *m = data_model("csv", (nn_source){.file = path});
	fuzz_input(m, 1, 2, 1, 1);
	fuzz_must(nn_settings_open(&s, m, NULL, 0, &e) && nn_meaning_open(&meaning, m, &e), e.text);
	nn_rows_csv(path, &l, &items, &e);
	fuzz_must(!e.code || e.code == NN_EXIT_DATA, e.text);
	nn_items_free(&items);
	nn_meaning_close(&meaning);
	return 0;
}
