/* inspect_text.c: an inspection as a table for people and as JSON.
 *
 *                      training  validation        test
 *     items               54000        6000       10000
 *     0 T-shirt/top        5400         600        1000
 *     repeated               43           0           1
 *
 * Kinds of findings that nothing was found of are left out of the table and stay in the JSON. */
#include "inspect.h"

static const char *const part_name[NN_PARTS] = {"training", "validation", "test"};

/* In the order of nn_finding. */
static const struct {
	const char *key;  /* in JSON and the table                       */
	const char *help; /* what it means, what to do                   */
} kind[NN_FINDINGS] = {
        {"unreadable", "damaged or missing files: remove them or get them anew"},
        {"odd_label", "labels that are no class: correct them"},
        {"not_finite", "NaN or infinity: correct or remove them"},
        {"odd_target", "targets outside of 0 to 1, which binary_cross_entropy cannot learn"},
        {"repeated", "the same values as another item of the same part: remove them"},
        {"shared", "the same values as an item of another part: a test on what was learnt says "
                   "too much"},
        {"conflict", "the same values with different labels: one of the labels is wrong"},
        {"constant", "all values are equal: nothing is on it"},
        {"extreme", "a value 10 or more deviations from the mean: an error of measurement?"},
};

static int64_t total(const int64_t in[NN_PARTS])
{
	return in[NN_TRAINING] + in[NN_VALIDATION] + in[NN_TEST];
}

static void add_row(nn_text *t, const char *name, const int64_t in[NN_PARTS])
{
	nn_text_add(t, "%-24.40s", name);
	for (int i = 0; i < NN_PARTS; i++)
		nn_text_add(t, " %11lld", (long long)in[i]);
	nn_text_add(t, "\n");
}

static void class_text(const nn_model *m, int k, char text[80])
{
	bool named = m->class_name && k < m->class_names;
	nn_text t = {0};
	nn_text_add(&t, "%d %s", k, named ? m->class_name[k] : "");
	size_t len = t.failed ? 0 : t.len < 79 ? t.len : 79;
	for (size_t i = 0; i < len; i++)
		text[i] = (char)((unsigned char)t.at[i] < ' ' ? '?' : t.at[i]);
	text[len] = 0;
	nn_text_free(&t);
}

static void add_examples(const nn_inspection *x, nn_finding what, nn_text *t)
{
	char name[NN_ITEM_NAME];
	nn_text_add(t, "\n%s: %s\n", kind[what].key, kind[what].help);
	for (int i = 0; i < x->examples[what]; i++) {
		const nn_example *ex = &x->example[what][i];
		nn_item_name(x->data.part[ex->part].items, ex->item, name);
		if (ex->why[0]) {
			nn_text_add(t, "  %s: %s\n", part_name[ex->part], ex->why);
			continue;
		}
		nn_text_add(t, "  %s: %s", part_name[ex->part], name);
		if (ex->other >= 0) {
			nn_item_name(x->data.part[ex->other_part].items, ex->other, name);
			nn_text_add(t, " = %s: %s", part_name[ex->other_part], name);
		}
		nn_text_add(t, "\n");
	}
	if (total(x->found[what]) > x->examples[what])
		nn_text_add(t, "  ... and %lld more\n",
		            (long long)(total(x->found[what]) - x->examples[what]));
}

static void add_range(const nn_inspection *x, nn_text *t)
{
	nn_text_add(t, "%-24s", "values from");
	for (int i = 0; i < NN_PARTS; i++)
		x->least[i] <= x->most[i] ? nn_text_add(t, " %11.4g", x->least[i])
		                          : nn_text_add(t, " %11s", "");
	nn_text_add(t, "\n%-24s", "to");
	for (int i = 0; i < NN_PARTS; i++)
		x->least[i] <= x->most[i] ? nn_text_add(t, " %11.4g", x->most[i])
		                          : nn_text_add(t, " %11s", "");
	nn_text_add(t, "\nfor <normalize>           mean=\"");
	for (int c = 0; c < x->channels; c++)
		nn_text_add(t, c ? ",%.4f" : "%.4f", x->mean[c]);
	nn_text_add(t, "\" std=\"");
	for (int c = 0; c < x->channels; c++)
		nn_text_add(t, c ? ",%.4f" : "%.4f", x->deviation[c]);
	nn_text_add(t, "\"\n");
}

void nn_inspection_text(const nn_inspection *x, const nn_settings *s, nn_text *t)
{
	int64_t count[NN_PARTS], row[NN_PARTS];
	char name[80];
	bool clean = !x->unfits;
	nn_text notes = {0};
	nn_text_add(t, "%-24s", "");
	for (int i = 0; i < NN_PARTS; i++) {
		count[i] = x->data.part[i].count;
		nn_text_add(t, " %11s", part_name[i]);
	}
	nn_text_add(t, "\n");
	add_row(t, "items", count);
	for (int k = 0; k < x->classes; k++) {
		for (int i = 0; i < NN_PARTS; i++)
			row[i] = x->by_class[i * x->classes + k];
		class_text(s->model, k, name);
		add_row(t, name, row);
	}
	add_range(x, t);
	for (int f = 0; f < NN_FINDINGS; f++)
		if (total(x->found[f])) {
			add_row(t, kind[f].key, x->found[f]);
			clean = false;
		}
	for (int f = 0; f < NN_FINDINGS; f++)
		if (total(x->found[f]))
			add_examples(x, (nn_finding)f, t);
	nn_data_notes(&x->data, s->model, &notes);
	if (x->unfits || notes.len)
		nn_text_add(t, "\n%s%s", x->unfits ? x->unfit.at : "", notes.len ? notes.at : "");
	t->failed = t->failed || x->unfit.failed || notes.failed;
	nn_text_free(&notes);
	if (clean)
		nn_text_add(t, "nothing is damaged, repeated or suspicious\n");
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void json_counts(nn_text *t, const int64_t *number, int count)
{
	nn_text_add(t, "[");
	for (int k = 0; k < count; k++)
		nn_text_add(t, k ? ",%lld" : "%lld", (long long)number[k]);
	nn_text_add(t, "]");
}

static void json_numbers(nn_text *t, const char *key, const double *number, int count)
{
	nn_text_add(t, ",\"%s\":[", key);
	for (int k = 0; k < count; k++) {
		nn_text_add(t, k ? "," : "");
		nn_text_number(t, number[k], 6);
	}
	nn_text_add(t, "]");
}

static void json_part(const nn_inspection *x, int part, nn_text *t)
{
	nn_text_add(t, "\"%s\":{\"items\":%lld,\"by_class\":", part_name[part],
	            (long long)x->data.part[part].count);
	json_counts(t, x->by_class + (ptrdiff_t)part * x->classes, x->classes);
	nn_text_add(t, ",\"least\":");
	nn_text_number(t, x->least[part], 9);
	nn_text_add(t, ",\"most\":");
	nn_text_number(t, x->most[part], 9);
	for (int f = 0; f < NN_FINDINGS; f++)
		nn_text_add(t, ",\"%s\":%lld", kind[f].key, (long long)x->found[f][part]);
	nn_text_add(t, "}");
}

static void json_example(const nn_inspection *x, const nn_example *ex, nn_text *t)
{
	char name[NN_ITEM_NAME];
	nn_item_name(x->data.part[ex->part].items, ex->item, name);
	nn_text_add(t, "{\"part\":\"%s\",\"item\":", part_name[ex->part]);
	nn_text_json(t, name);
	if (ex->other >= 0) {
		nn_item_name(x->data.part[ex->other_part].items, ex->other, name);
		nn_text_add(t, ",\"other_part\":\"%s\",\"other\":", part_name[ex->other_part]);
		nn_text_json(t, name);
	}
	if (ex->why[0]) {
		nn_text_add(t, ",\"why\":");
		nn_text_json(t, ex->why);
	}
	nn_text_add(t, "}");
}

void nn_inspection_json(const nn_inspection *x, const nn_settings *s, nn_text *t)
{
	nn_text_add(t, "{\"format\":");
	nn_text_json(t, nn_setting_text(s, "data", "format"));
	for (int i = 0; i < NN_PARTS; i++) {
		nn_text_add(t, ",");
		json_part(x, i, t);
	}
	nn_text_add(t,
	            ",\"shared\":{\"training_validation\":%lld,\"training_test\":%lld,"
	            "\"validation_test\":%lld}",
	            (long long)x->shared[NN_TRAINING][NN_VALIDATION],
	            (long long)x->shared[NN_TRAINING][NN_TEST],
	            (long long)x->shared[NN_VALIDATION][NN_TEST]);
	json_numbers(t, "mean", x->mean, x->channels);
	json_numbers(t, "std", x->deviation, x->channels);
	nn_text_add(t, ",\"examples\":{");
	for (int f = 0; f < NN_FINDINGS; f++) {
		nn_text_add(t, f ? ",\"%s\":[" : "\"%s\":[", kind[f].key);
		for (int i = 0; i < x->examples[f]; i++) {
			nn_text_add(t, i ? "," : "");
			json_example(x, &x->example[f][i], t);
		}
		nn_text_add(t, "]");
	}
	long long passed = 0;
	for (int i = 0; i < NN_PARTS; i++)
		passed += x->data.source[i].passed;
	nn_text_add(t, "},\"passed_over\":%lld,\"unfit\":", passed);
	nn_text_json(t, x->unfits ? x->unfit.at : NULL);
	nn_text_add(t, ",\"unusable\":%lld}", (long long)nn_inspection_unusable(x));
}
