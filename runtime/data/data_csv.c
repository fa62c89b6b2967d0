/* data_csv.c: tables of numbers with columns for labels, as text.
 *
 *     <training file="iris.csv" label_column="species"/>       or files="a.csv b.csv"
 *     in    a line of names or not, then a row an item: 5.1,3.5,1.4,0.2,setosa
 *     out   float items, the other columns in order; labels or targets
 *
 * label_column is a name of the first line or a number from 0, counted from the end when negative;
 * several for several real targets. Without it the label is the column called label, class, target
 * or y, else the last one. `columns` chooses the inputs and their order; otherwise all the others
 * are. The names that the training part uses are settled (meaning.c): every later file, predict's
 * too, is read by them, whatever the order of its columns. A file without names is read by place.
 * Which file has a line of names is decided in csv_head.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_table.h"
#include "../net/tensor.h"

enum { SHOWN = 60 };

/* ---- columns ------------------------------------------------------------------------------- */

static bool bad_columns(const nn_table *t, nn_error *e)
{
	long long expected = t->values + t->labels;
	return nn_fail(
	        e, NN_EXIT_DATA,
	        "%s: line %lld: %lld columns, expected %lld: %lld values and %lld of labels%s",
	        t->csv.path, (long long)t->csv.line, (long long)t->csv.fields, expected,
	        (long long)t->values, (long long)t->labels,
	        t->fields > expected && t->fields == t->csv.fields
	                ? "; columns=\"...\" chooses among them"
	                : "");
}

/* The column called so, -1 if there is none; two of them fail. */
static int64_t called(const nn_table *t, const char *name, nn_error *e)
{
	int64_t found = -1;
	for (int64_t i = 0; i < t->names; i++) {
		if (!nn_csv_says(&t->name[i], name))
			continue;
		if (found >= 0) {
			nn_fail(e, NN_EXIT_DATA, "%s: two columns are called '%.60s'", t->csv.path,
			        name);
			return -1;
		}
		found = i;
	}
	return found;
}

/* A column by its name or number. */
static int64_t find_column(const nn_table *t, const char *word, size_t len, nn_error *e)
{
	char text[256], *end;
	snprintf(text, sizeof text, "%.*s", (int)(len < 255 ? len : 255), word);
	int64_t found = called(t, text, e);
	if (found >= 0 || e->code)
		return found;
	long long number = strtoll(text, &end, 10);
	if (*end || end == text || number >= t->fields || number < -t->fields)
		return -1;
	return number < 0 ? number + t->fields : number;
}

/* The columns that `list` names into to[0..most-1]; a column that is not there is -1 if it may be
 * missing, else an error that names `attribute`. */
static bool listed(const nn_table *t, const char *attribute, const char *list, int64_t *to,
                   int64_t most, bool missing, nn_error *e)
{
	int64_t count = 0;
	for (const char *p = list + strspn(list, " ,"); *p; p += strspn(p, " ,")) {
		/* A single one may have blanks in its name. */
		size_t len = most == 1 ? strlen(p) : strcspn(p, " ,");
		if (count == most)
			return nn_fail(e, NN_EXIT_DATA, "%s=\"%s\": more than %lld", attribute,
			               list, (long long)most);
		to[count] = find_column(t, p, len, e);
		if (e->code)
			return false;
		if (to[count++] < 0 && !missing)
			return nn_fail(e, NN_EXIT_DATA,
			               "%s: line %lld: no column '%.*s', which %s asks for",
			               t->csv.path, (long long)t->csv.line,
			               (int)(len < SHOWN ? len : SHOWN), p, attribute);
		p += len;
	}
	return count == most ||
	       nn_fail(e, NN_EXIT_DATA, "%s=\"%s\": %lld columns, %s needs %lld", attribute, list,
	               (long long)count, to == t->label ? "the loss" : "the network",
	               (long long)most);
}

/* The columns of these names, in order. */
static bool by_names(const nn_table *t, const nn_names *names, int64_t *to, bool missing,
                     nn_error *e)
{
	for (int64_t i = 0; i < names->count; i++) {
		to[i] = called(t, names->at[i], e);
		if (e->code)
			return false;
		if (to[i] < 0 && !missing)
			return nn_fail(
			        e, NN_EXIT_DATA,
			        "%s: line %lld: no column '%.60s', which the training part has",
			        t->csv.path, (long long)t->csv.line, names->at[i]);
	}
	return true;
}

/* Whether one was found by its name. */
static bool default_labels(nn_table *t)
{
	static const char *const usual[] = {"label", "class", "target", "y",
	                                    "Label", "Class", "Target", "Y"};
	for (int64_t i = 0; i < t->labels; i++)
		t->label[i] = t->fields - t->labels + i;
	for (size_t i = 0; t->labels == 1 && i < sizeof usual / sizeof *usual; i++)
		for (int64_t k = 0; k < t->names; k++)
			if (nn_csv_says(&t->name[k], usual[i])) {
				t->label[0] = k;
				return true;
			}
	return false;
}

/* Finds the columns by what says most about them; -1 for those that are not there. *said: by a
 * name. The names of the training part say more than its label_column, which may be a number. */
static bool find_labels(nn_table *t, bool *said, nn_error *e)
{
	const nn_names *settled = &t->l->meaning->labels;
	bool missing = t->optional || t->guess;
	*said = true;
	if (t->names && settled->count == t->labels && !t->own_label)
		return by_names(t, settled, t->label, missing, e);
	if (!t->wanted) {
		*said = default_labels(t);
		return true;
	}
	if (!listed(t, "label_column", t->wanted, t->label, t->labels, missing, e))
		return false;
	*said = t->names && t->label[0] >= 0 && nn_csv_says(&t->name[t->label[0]], t->wanted);
	return true;
}

bool nn_table_labels(nn_table *t, nn_error *e)
{
	bool whole = true, said, bare = t->optional && t->fields == t->values;
	if (bare && !t->names)
		t->labels = 0;
	if (!t->labels)
		return true;
	if (!find_labels(t, &said, e))
		return false;
	/* As many columns as inputs, and none is called like a label: there is none. */
	if (bare && !said && !t->guess) {
		t->labels = 0;
		return true;
	}
	for (int64_t i = 0; i < t->labels; i++)
		whole = whole && t->label[i] >= 0;
	if (!whole && t->guess)
		default_labels(t);
	else if (!whole)
		t->labels = 0;
	return true;
}

bool nn_table_is_label(const nn_table *t, int64_t column)
{
	for (int64_t i = 0; i < t->labels; i++)
		if (t->label[i] == column)
			return true;
	return false;
}

static bool choose_inputs(nn_table *t, nn_error *e)
{
	const nn_names *settled = &t->l->meaning->columns;
	if (t->names && settled->count == t->values && !t->own_columns)
		return by_names(t, settled, t->input, false, e);
	/* Without names, numbers of `columns` fit a file that has all of training's columns. */
	if (t->chosen && !(t->optional && !t->names && t->fields == t->values))
		return listed(t, "columns", t->chosen, t->input, t->values, false, e);
	if (t->fields != t->values + t->labels)
		return bad_columns(t, e);
	int64_t count = 0;
	for (int64_t i = 0; i < t->fields; i++)
		if (!nn_table_is_label(t, i))
			t->input[count++] = i;
	return true;
}

static bool add_name(const nn_table *t, nn_names *to, int64_t column, nn_error *e)
{
	const nn_field *f = &t->name[column];
	char *name = nn_alloc(f->len + 1, 1, t->csv.path, e);
	bool ok = name != NULL;
	if (ok) {
		size_t len = nn_csv_copy(f, name, f->len + 1);
		ok = nn_meaning_storable(name, t->csv.path, "column", e) &&
		     nn_names_add(to, name, len, e) >= 0;
	}
	free(name);
	return ok;
}

/* Notes the names that the training part goes by; a table without names has none. */
static bool settle(const nn_table *t, nn_error *e)
{
	nn_meaning *m = t->l->meaning;
	if (!t->names || m->columns.count)
		return true;
	for (int64_t i = 0; i < t->values; i++) {
		const nn_field *f = &t->name[t->input[i]];
		if (!add_name(t, &m->columns, t->input[i], e))
			return false;
		if (m->columns.count != i + 1)
			return nn_fail(e, NN_EXIT_DATA, "%s: two columns are called '%.*s'",
			               t->csv.path, (int)(f->len < SHOWN ? f->len : SHOWN), f->at);
	}
	for (int64_t i = 0; i < t->labels; i++)
		if (!add_name(t, &m->labels, t->label[i], e))
			return false;
	for (int64_t i = 0; i < t->names; i++)
		if (!add_name(t, &m->table, i, e))
			return false;
	/* Columns that are left out may be called alike; then nothing can be read by place. */
	if (m->table.count != t->names)
		nn_names_free(&m->table);
	return true;
}

/* Reads the first row and finds out which columns are what. */
static bool start(nn_table *t, nn_error *e)
{
	if (!nn_csv_row(&t->csv, e))
		return nn_fail(e, NN_EXIT_DATA, "%s: empty: no rows", t->csv.path);
	t->fields = t->csv.fields;
	bool names = false;
	if (!nn_table_has_names(t, &names, e))
		return false;
	t->has_row = !names;
	t->name = t->settled;
	t->names = 0;
	if (names) {
		t->name = nn_alloc((size_t)t->fields, sizeof *t->name, t->csv.path, e);
		if (!t->name)
			return false;
		memcpy(t->name, t->csv.field, (size_t)t->fields * sizeof *t->name);
		t->names = t->fields;
	} else if (t->l->meaning->table.count == t->fields) {
		t->names = t->fields;
	}
	return nn_table_labels(t, e) && choose_inputs(t, e) && (!t->l->training || settle(t, e));
}

/* ---- rows ---------------------------------------------------------------------------------- */

static bool next_row(nn_table *t, nn_error *e)
{
	if (t->has_row) {
		t->has_row = false;
		return true;
	}
	return nn_csv_row(&t->csv, e) && (t->csv.fields == t->fields || bad_columns(t, e));
}

static bool bad_number(const nn_table *t, int64_t column, nn_error *e)
{
	const nn_field *f = &t->csv.field[column];
	bool missing = nn_csv_missing(f);
	return nn_fail(e, NN_EXIT_DATA, "%s: line %lld, column %lld: %s%.*s%s", t->csv.path,
	               (long long)t->csv.line, (long long)column + 1,
	               !f->len   ? "a value is missing"
	               : missing ? "a value is missing: found '"
	                         : "expected a number, found '",
	               (int)(f->len < SHOWN ? f->len : SHOWN), f->at, f->len ? "'" : "");
}

/* The numbers in `count` columns, in order. */
static bool take_numbers(const nn_table *t, const int64_t *column, int64_t count, float *to,
                         nn_error *e)
{
	double value;
	for (int64_t i = 0; i < count; i++) {
		if (!nn_csv_number(&t->csv.field[column[i]], &value))
			return bad_number(t, column[i], e);
		to[i] = (float)value;
	}
	return true;
}

/* A whole number without the point or exponent that some programs add: "3.0", "3.00e+00" are 3. */
static size_t plain_number(const nn_field *f, char text[NN_TABLE_LABEL], size_t len)
{
	double value;
	if (!strpbrk(text, ".eE") || !nn_csv_number(f, &value) || value != floor(value) ||
	    fabs(value) > 1e15)
		return len;
	return (size_t)snprintf(text, NN_TABLE_LABEL, "%lld", (long long)value);
}

static bool bad_label(const nn_table *t, const char *text, nn_error *e)
{
	nn_text why = {0};
	nn_meaning_explain(t->l->meaning, text, t->l->settings->model->classes, &why);
	nn_fail(e, NN_EXIT_DATA, "%s: line %lld, column %lld: %s%.60s%s is no class: %s",
	        t->csv.path, (long long)t->csv.line, (long long)t->label[0] + 1,
	        *text ? "label '" : "an empty label", text, *text ? "'" : "", why.at ? why.at : "");
	nn_text_free(&why);
	return false;
}

/* The class of a row; while classes have no names yet, the number of its name in t->found. */
static bool take_label(nn_table *t, nn_items *items, int64_t item, nn_error *e)
{
	const nn_loader *l = t->l;
	const nn_field *f = &t->csv.field[t->label[0]];
	char text[NN_TABLE_LABEL];
	int64_t label = -1;
	int classes = l->settings->model->classes;
	size_t len = nn_csv_copy(f, text, sizeof text);
	if (f->len >= sizeof text)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: line %lld, column %lld: a label of %zu characters, more than "
		               "%d",
		               t->csv.path, (long long)t->csv.line, (long long)t->label[0] + 1,
		               f->len, NN_TABLE_LABEL - 1);
	if (!t->found) {
		label = nn_meaning_class(l->meaning, text, len, classes);
		if (label < 0 && (len = plain_number(f, text, len)))
			label = nn_meaning_class(l->meaning, text, len, classes);
	} else if (len) {
		len = plain_number(f, text, len);
		label = nn_names_add(t->found, text, len, e);
		if (label >= classes)
			return nn_fail(e, NN_EXIT_DATA,
			               "%s: line %lld, column %lld: '%s' is the label number %lld "
			               "that is another one, but the network has %d classes; is "
			               "this the column of labels (label_column)?",
			               t->csv.path, (long long)t->csv.line,
			               (long long)t->label[0] + 1, text, (long long)label + 1,
			               classes);
	}
	if (e->code || (label < 0 && !l->lenient))
		return bad_label(t, text, e);
	return nn_label_set(l, items, item, label, t->csv.path, e);
}

static bool open_table(nn_table *t, const char *path, const nn_bytes *file, nn_error *e)
{
	int64_t least = 2 * (t->values + t->labels) + 16;
	t->input = nn_alloc((size_t)t->values, sizeof *t->input, path, e);
	t->label = nn_alloc((size_t)t->labels, sizeof *t->label, path, e);
	t->settled = nn_alloc((size_t)t->l->meaning->table.count, sizeof *t->settled, path, e);
	for (int64_t i = 0; t->settled && i < t->l->meaning->table.count; i++) {
		const char *name = t->l->meaning->table.at[i];
		t->settled[i] = (nn_field){.at = name, .len = strlen(name)};
	}
	return !e->code && nn_csv_open(&t->csv, path, file->at, file->size, least, e);
}

static void close_table(nn_table *t)
{
	nn_csv_close(&t->csv);
	if (t->name != t->settled)
		free(t->name);
	free(t->settled);
	free(t->input);
	free(t->label);
	*t = (nn_table){0};
}

/* Adds memory for the rows that `t` can still have: each takes a character a column. */
static bool make_room(nn_items *items, const nn_table *t, bool labels, nn_error *e)
{
	int64_t rows = nn_csv_rows(&t->csv) + t->has_row;
	int64_t most = (t->csv.end - t->csv.at) / t->fields + 1 + t->has_row;
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

static bool add_rows(nn_table *t, nn_items *items, nn_error *e)
{
	const nn_loader *l = t->l;
	if (!make_room(items, t, l->labels, e))
		return false;
	float *values = items->memory[0], *targets = items->memory[2];
	while (next_row(t, e)) {
		int64_t i = items->count;
		if (!take_numbers(t, t->input, t->values, values + i * items->values, e) ||
		    (l->labels && !take_label(t, items, i, e)) ||
		    (l->targets &&
		     !take_numbers(t, t->label, t->labels, targets + i * l->targets, e)))
			return false;
		items->count++;
	}
	return !e->code;
}

/* Numbers of names to classes, once all names of the training part are known. */
static bool name_classes(nn_names *found, const nn_loader *l, nn_items *items, nn_error *e)
{
	int32_t *label = items->memory[1];
	int32_t *new_of = nn_alloc((size_t)found->count, sizeof *new_of, items->name, e);
	bool ok = new_of && nn_meaning_name(l->meaning, found, l->settings->model->classes,
	                                    items->name, "different labels", new_of, e);
	for (int64_t i = 0; ok && i < items->count; i++)
		label[i] = label[i] < 0 ? -1 : new_of[label[i]];
	free(new_of);
	return ok;
}

/* `wanted` says what is wanted of each file. */
static bool read_files(const nn_table *wanted, nn_items *items, nn_error *e)
{
	char name[NN_PATH_MAX], path[NN_PATH_MAX];
	const nn_loader *l = wanted->l;
	bool ok = true;
	items->values = l->values;
	items->targets = l->targets;
	for (const char *next = NULL; ok && nn_next_file(l->source, &next, name);) {
		nn_bytes file = {0};
		nn_table t = *wanted;
		ok = nn_join(path, l->root, name, e) && nn_items_piece(items, path, e) &&
		     nn_bytes_open(&file, path, e) && open_table(&t, path, &file, e) &&
		     start(&t, e) && add_rows(&t, items, e);
		close_table(&t);
		nn_bytes_close(&file);
	}
	if (ok && !items->count)
		return nn_fail(e, NN_EXIT_DATA, "%s: no rows", items->name);
	if (ok && wanted->found && !name_classes(wanted->found, l, items, e))
		return false;
	items->f32 = items->memory[0];
	items->label = l->labels ? items->memory[1] : NULL;
	items->target = l->targets ? items->memory[2] : NULL;
	return ok;
}

/* The attribute of the source, else of the training source. */
static nn_table table_of(const nn_loader *l)
{
	const nn_model *m = l->settings->model;
	const nn_source *s = l->source;
	nn_table t = {.l = l, .values = l->values, .classes = m->classes > 0};
	t.wanted = s->label_column;
	t.chosen = s->columns;
	t.header = s->header;
	t.own_label = s->label_column && strcmp(s->split, "training") != 0;
	t.own_columns = s->columns && strcmp(s->split, "training") != 0;
	for (int i = 0; i < m->sources; i++) {
		if (strcmp(m->source[i].split, "training") != 0)
			continue;
		t.wanted = t.wanted ? t.wanted : m->source[i].label_column;
		t.chosen = t.chosen ? t.chosen : m->source[i].columns;
		t.header = t.header ? t.header : m->source[i].header;
	}
	return t;
}

bool nn_read_csv(const nn_loader *l, nn_items *items, nn_error *e)
{
	nn_table t = table_of(l);
	nn_names found = {0};
	if (!l->source->file && !l->source->files)
		return nn_fail(e, NN_EXIT_DATA,
		               "<%s>: file=\"...\" is missing, format=\"csv\" needs it",
		               l->source->split);
	t.labels = l->labels ? 1 : l->targets ? l->targets : t.wanted != NULL;
	if (l->labels && l->training && !l->meaning->classes.count)
		t.found = &found;
	bool ok = read_files(&t, items, e);
	nn_names_free(&found);
	return ok;
}

bool nn_rows_csv(const char *path, const nn_loader *known, nn_items *items, nn_error *e)
{
	const nn_model *m = known->settings->model;
	const nn_tensor *target = nn_tensor_find(m->fast, NN_TARGET, NULL);
	nn_source source = {.split = "predict", .file = path};
	nn_loader l = *known;
	l.root = "";
	l.source = &source;
	l.labels = l.training = false;
	l.targets = 0;
	l.values = (int64_t)m->input[0] * m->input[1] * m->input[2];
	nn_table t = table_of(&l);
	t.optional = true;
	t.labels = t.classes || !target || target->target_input ? t.classes || t.wanted
	                                                        : nn_tensor_count(target, 1);
	return read_files(&t, items, e);
}
