/* data_csv.c: tables of numbers with a column for the label, as text.
 *
 *     <training file="iris.csv" label_column="species"/>       or files="a.csv b.csv"
 *     in    a line of names or not, then a row an item: 5.1,3.5,1.4,0.2,setosa
 *     out   float items, the other columns in order; labels
 *
 * label_column is a name of the first line or a number from 0, counted from the end when negative;
 * several for several real targets. Without it the label is the column called label, class, target
 * or y, else the last one. A label is a class's number or its name in <classes>. The first line
 * holds names if label_column is one, or if something in it is no number that should be one. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "data.h"
#include "tensor.h"

typedef struct table {
	nn_csv csv;           /* the text                                            */
	const nn_model *m;    /* classes and their names                             */
	const char *wanted;   /* label_column, or NULL                               */
	int64_t values;       /* columns that are input                              */
	int64_t labels;       /* columns that are not: 1, as many as targets, or 0   */
	int64_t maybe;        /* predict: so many if the file has them, else 0       */
	bool classes;         /* the label is a class                                */
	int64_t *column;      /* [labels]: which these are                           */
	const nn_field *name; /* names of the columns, or NULL                       */
	bool has_row;         /* csv.field is an item that nobody has taken yet      */
} table;

static bool bad_columns(const table *t, nn_error *e)
{
	long long expected = t->values + t->labels;
	return nn_fail(e, NN_EXIT_DATA,
	               "%s: line %lld: %lld columns, expected %lld: %lld values and %lld of labels",
	               t->csv.path, (long long)t->csv.line, (long long)t->csv.fields, expected,
	               (long long)t->values, (long long)t->labels);
}

/* The class of a label; -1 when it is none, -2 when it is no whole number either. */
static int64_t class_of(const nn_model *m, const nn_field *f)
{
	double value;
	for (int i = 0; m->class_name && i < m->class_names; i++)
		if (nn_csv_says(f, m->class_name[i]))
			return i;
	if (!nn_csv_number(f, &value) || value != floor(value))
		return -2;
	return value >= 0 && value < m->classes ? (int64_t)value : -1;
}

static int64_t find_column(const table *t, const char *word, size_t len)
{
	char text[256];
	snprintf(text, sizeof text, "%.*s", (int)(len < 255 ? len : 255), word);
	for (int64_t i = 0; t->name && i < t->csv.fields; i++)
		if (nn_csv_says(&t->name[i], text))
			return i;
	char *end;
	long long number = strtoll(text, &end, 10);
	if (*end || end == text || number >= t->csv.fields || number < -t->csv.fields)
		return -1;
	return number < 0 ? number + t->csv.fields : number;
}

/* The columns that label_column names; false without a message when one is not there. */
static bool named_columns(table *t, nn_error *e)
{
	int64_t count = 0;
	for (const char *p = t->wanted + strspn(t->wanted, " ,"); *p; p += strspn(p, " ,")) {
		/* One label may have blanks in its name. */
		size_t len = t->labels == 1 ? strlen(p) : strcspn(p, " ,");
		if (count == t->labels)
			return nn_fail(e, NN_EXIT_DATA, "label_column=\"%s\": more than %lld",
			               t->wanted, (long long)t->labels);
		if ((t->column[count++] = find_column(t, p, len)) < 0)
			return false;
		p += len;
	}
	if (count == t->labels)
		return true;
	return nn_fail(e, NN_EXIT_DATA, "label_column=\"%s\": %lld columns, the loss needs %lld",
	               t->wanted, (long long)count, (long long)t->labels);
}

static void default_columns(table *t)
{
	static const char *const usual[] = {"label", "class", "target", "y",
	                                    "Label", "Class", "Target", "Y"};
	for (int64_t i = 0; i < t->labels; i++)
		t->column[i] = t->csv.fields - t->labels + i;
	for (size_t i = 0; t->name && t->labels == 1 && i < sizeof usual / sizeof *usual; i++)
		for (int64_t k = 0; k < t->csv.fields; k++)
			if (nn_csv_says(&t->name[k], usual[i])) {
				t->column[0] = k;
				return;
			}
}

static bool is_label(const table *t, int64_t column)
{
	for (int64_t i = 0; i < t->labels; i++)
		if (t->column[i] == column)
			return true;
	return false;
}

/* Whether the first row holds names: the columns are known as far as numbers tell them. */
static bool is_header(const table *t)
{
	double value;
	for (int64_t i = 0; i < t->csv.fields; i++) {
		if (is_label(t, i) && t->classes) {
			if (class_of(t->m, &t->csv.field[i]) == -2 && !t->m->class_names)
				return true;
		} else if (!nn_csv_number(&t->csv.field[i], &value)) {
			return true;
		}
	}
	return false;
}

/* Reads the first row and finds out which columns are labels. */
static bool start(table *t, nn_error *e)
{
	if (!nn_csv_row(&t->csv, e))
		return nn_fail(e, NN_EXIT_DATA, "%s: empty: no rows", t->csv.path);
	if (t->maybe && t->csv.fields == t->values + t->maybe)
		t->labels = t->maybe;
	if (t->csv.fields != t->values + t->labels)
		return bad_columns(t, e);
	bool found = true;
	default_columns(t);
	if (t->wanted && t->labels)
		found = named_columns(t, e);
	if (e->code)
		return false;
	t->has_row = found && !is_header(t);
	if (t->has_row)
		return true;
	t->name = t->csv.field;
	default_columns(t);
	if (t->wanted && t->labels && !named_columns(t, e))
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: line %lld: no column '%s', which label_column asks for",
		               t->csv.path, (long long)t->csv.line, t->wanted);
	t->name = NULL;
	return true;
}

static bool next_row(table *t, nn_error *e)
{
	if (t->has_row) {
		t->has_row = false;
		return true;
	}
	return nn_csv_row(&t->csv, e) &&
	       (t->csv.fields == t->values + t->labels || bad_columns(t, e));
}

static bool bad_number(const table *t, int64_t column, nn_error *e)
{
	const nn_field *f = &t->csv.field[column];
	return nn_fail(e, NN_EXIT_DATA, "%s: line %lld, column %lld: %s%.*s%s", t->csv.path,
	               (long long)t->csv.line, (long long)column + 1,
	               f->len ? "expected a number, found '" : "a value is missing",
	               (int)(f->len < 60 ? f->len : 60), f->at, f->len ? "'" : "");
}

/* The values of the row that are input, in order. */
static bool take_values(const table *t, float *to, nn_error *e)
{
	double value;
	for (int64_t i = 0; i < t->csv.fields; i++) {
		if (is_label(t, i))
			continue;
		if (!nn_csv_number(&t->csv.field[i], &value))
			return bad_number(t, i, e);
		*to++ = (float)value;
	}
	return true;
}

static bool take_label(const table *t, const nn_loader *l, nn_items *items, int64_t item,
                       nn_error *e)
{
	const nn_field *f = &t->csv.field[t->column[0]];
	int64_t label = class_of(t->m, f);
	if (label < 0 && !l->lenient)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: line %lld, column %lld: label '%.*s' is neither one of the "
		               "network's %d classes, 0 to %d, nor a name in <classes>",
		               t->csv.path, (long long)t->csv.line, (long long)t->column[0] + 1,
		               (int)(f->len < 60 ? f->len : 60), f->at, t->m->classes,
		               t->m->classes - 1);
	return nn_label_set(l, items, item, label, t->csv.path, e);
}

static bool take_targets(const table *t, float *to, nn_error *e)
{
	double value;
	for (int64_t i = 0; i < t->labels; i++) {
		if (!nn_csv_number(&t->csv.field[t->column[i]], &value))
			return bad_number(t, t->column[i], e);
		to[i] = (float)value;
	}
	return true;
}

static bool open_table(table *t, const nn_settings *s, const char *path, const nn_bytes *file,
                       nn_error *e)
{
	int64_t labels = t->labels > t->maybe ? t->labels : t->maybe;
	t->m = s->model;
	t->column = nn_alloc((size_t)labels, sizeof *t->column, path, e);
	/* Some columns more, so that a file with too many says how many. */
	int64_t most = 2 * (t->values + labels) + 16;
	return t->column && nn_csv_open(&t->csv, path, file->at, file->size, most, e);
}

static void close_table(table *t)
{
	nn_csv_close(&t->csv);
	free(t->column);
	*t = (table){0};
}

/* Adds memory for the rows that `t` can still have: each takes two characters a column. */
static bool make_room(nn_items *items, const table *t, int64_t labels, nn_error *e)
{
	int64_t rows = nn_csv_rows(&t->csv) + t->has_row;
	int64_t most = (t->csv.end - t->csv.at) / (2 * t->csv.fields) + 1 + t->has_row;
	int64_t all = items->count + (rows < most ? rows : most);
	if (all >= UINT32_MAX)
		return nn_fail(e, NN_EXIT_DATA, "%s: more than 2^32 rows", t->csv.path);
	size_t bytes[3] = {(size_t)items->values * sizeof(float), labels ? sizeof(int32_t) : 0,
	                   (size_t)items->targets * sizeof(float)};
	for (int i = 0; i < 3; i++) {
		void *more = NULL;
		size_t size;
		if (!__builtin_mul_overflow(bytes[i], (size_t)all, &size))
			more = realloc(items->memory[i], size ? size : 1);
		if (!more)
			return nn_fail(e, NN_EXIT_MEMORY, "%s: not enough memory for %lld rows",
			               t->csv.path, (long long)all);
		items->memory[i] = more;
	}
	return true;
}

static bool add_rows(table *t, const nn_loader *l, nn_items *items, nn_error *e)
{
	if (!make_room(items, t, l->labels, e))
		return false;
	float *values = items->memory[0], *targets = items->memory[2];
	while (next_row(t, e)) {
		int64_t i = items->count;
		if (!take_values(t, values + i * items->values, e) ||
		    (l->labels && !take_label(t, l, items, i, e)) ||
		    (l->targets && !take_targets(t, targets + i * l->targets, e)))
			return false;
		items->count++;
	}
	return !e->code;
}

/* `t` says what is wanted of each file. */
static bool read_files(table t, const nn_loader *l, nn_items *items, nn_error *e)
{
	char name[NN_PATH_MAX], path[NN_PATH_MAX];
	const table wanted = t;
	bool ok = true;
	items->values = l->values;
	items->targets = l->targets;
	for (const char *next = NULL; ok && nn_next_file(l->source, &next, name);) {
		nn_bytes file = {0};
		t = wanted;
		ok = nn_join(path, l->root, name, e) && nn_bytes_open(&file, path, e) &&
		     open_table(&t, l->settings, path, &file, e) && start(&t, e) &&
		     add_rows(&t, l, items, e);
		if (!items->name[0])
			snprintf(items->name, sizeof items->name, "%.255s", path);
		close_table(&t);
		nn_bytes_close(&file);
	}
	if (ok && !items->count)
		return nn_fail(e, NN_EXIT_DATA, "%s: no rows", items->name);
	items->f32 = items->memory[0];
	items->label = l->labels ? items->memory[1] : NULL;
	items->target = l->targets ? items->memory[2] : NULL;
	return ok;
}

bool nn_read_csv(const nn_loader *l, nn_items *items, nn_error *e)
{
	table t = {.wanted = l->source->label_column, .values = l->values, .classes = l->labels};
	if (!l->source->file && !l->source->files)
		return nn_fail(e, NN_EXIT_DATA,
		               "<%s>: file=\"...\" is missing, format=\"csv\" needs it",
		               l->source->split);
	t.labels = l->labels ? 1 : l->targets ? l->targets : t.wanted != NULL;
	return read_files(t, l, items, e);
}

bool nn_rows_csv(const char *path, const nn_settings *s, nn_items *items, nn_error *e)
{
	const nn_model *m = s->model;
	const nn_tensor *target = nn_tensor_find(m->fast, NN_TARGET, NULL);
	nn_source source = {.split = "predict", .file = path};
	nn_loader l = {.settings = s, .root = "", .source = &source};
	l.values = (int64_t)m->input[0] * m->input[1] * m->input[2];
	table t = {.values = l.values, .classes = m->classes > 0};
	for (int i = 0; i < m->sources; i++)
		if (!strcmp(m->source[i].split, "training"))
			t.wanted = m->source[i].label_column;
	t.maybe = t.classes || !target || target->target_input ? t.classes || t.wanted
	                                                       : nn_tensor_count(target, 1);
	return read_files(t, &l, items, e);
}
