/* csv_head.c: whether the first line of a csv file holds names.
 *
 *     in    the first line and those below it      a,b,kind   0,1,2,kind   5.1,NA,1.4,setosa
 *     out   names or a row                         names      names        a row
 *
 * Names are recognised by what is known of the table: label_column or a column of the training part
 * stands there. Otherwise the line is compared with those below: inputs are numbers, a label is one
 * that comes again. Numbers that count 0,1,2,..., the label's column too, are the names that
 * programs give; a label below says that they are values all the same. A missing value
 * (NA) is no name: taking its row for names would lose an item without a word. What could be both
 * is asked. */
#include <stdlib.h>
#include <string.h>

#include "csv_table.h"

enum { LOOK = 1000 }; /* rows below the first that are looked at */

/* What the cells of the first line are. */
typedef struct kinds {
	int64_t number, missing, word; /* of the inputs                       */
	bool counts;                   /* the cells are 0, 1, 2, ...          */
	bool label_number;             /* the label is a number               */
	bool label_below;              /* it reads as the labels below do     */
	bool rows;                     /* there are rows below                */
} kinds;

/* A word of label_column or `columns`, or a name of the training part, that is no number. */
static bool knows_word(const nn_table *t, const char *word, size_t len)
{
	char text[NN_TABLE_LABEL];
	double value;
	nn_field f = {word, len};
	if (!len || len >= sizeof text || nn_csv_number(&f, &value))
		return false;
	memcpy(text, word, len);
	text[len] = 0;
	for (int64_t i = 0; i < t->fields; i++)
		if (nn_csv_says(&t->csv.field[i], text))
			return true;
	return false;
}

static bool knows_list(const nn_table *t, const char *list, bool single)
{
	if (!list)
		return false;
	if (single)
		return knows_word(t, list, strlen(list));
	for (const char *p = list + strspn(list, " ,"); *p; p += strspn(p, " ,")) {
		size_t len = strcspn(p, " ,");
		if (knows_word(t, p, len))
			return true;
		p += len;
	}
	return false;
}

/* Whether the line has names of the training part: any that is a word, or all of them. */
static bool knows_settled(const nn_table *t)
{
	const nn_names *n = &t->l->meaning->columns;
	int64_t there = 0;
	for (int64_t k = 0; k < n->count; k++) {
		if (knows_word(t, n->at[k], strlen(n->at[k])))
			return true;
		for (int64_t i = 0; i < t->fields; i++)
			if (nn_csv_says(&t->csv.field[i], n->at[k])) {
				there++;
				break;
			}
	}
	return n->count && there == n->count;
}

static bool same_field(const nn_field *a, const nn_field *b)
{
	return a->len == b->len && !memcmp(a->at, b->at, a->len);
}

/* Compares the label of the first line with those below it. */
static bool look_below(const nn_table *t, kinds *k, nn_error *e)
{
	nn_csv below = t->csv;
	const nn_field *label = t->labels ? &t->csv.field[t->label[0]] : NULL;
	double value;
	below.field = nn_alloc((size_t)below.field_room, sizeof *below.field, t->csv.path, e);
	if (!below.field)
		return false;
	nn_error later = {0};
	for (int i = 0; i < LOOK && nn_csv_row(&below, &later); i++) {
		k->rows = true;
		if (!label || below.fields != t->fields)
			break;
		const nn_field *other = &below.field[t->label[0]];
		k->label_below = k->label_below ||
		                 (t->classes ? same_field(label, other)
		                             : k->label_number && nn_csv_number(other, &value));
	}
	free(below.field);
	return true;
}

static bool look(nn_table *t, kinds *k, nn_error *e)
{
	int classes = t->l->settings->model->classes;
	int64_t input = 0;
	double value;
	*k = (kinds){.counts = true};
	for (int64_t i = 0; i < t->fields; i++) {
		const nn_field *f = &t->csv.field[i];
		bool number = nn_csv_number(f, &value);
		if (nn_table_is_label(t, i)) {
			char text[NN_TABLE_LABEL];
			size_t len = nn_csv_copy(f, text, sizeof text);
			k->label_number = number;
			k->counts = k->counts && (!number || value == (double)i);
			k->label_below = t->classes && t->l->meaning->classes.count &&
			                 nn_meaning_class(t->l->meaning, text, len, classes) >= 0;
			continue;
		}
		k->number += number;
		k->missing += !number && nn_csv_missing(f);
		k->word += !number && !nn_csv_missing(f);
		k->counts = k->counts && number && (value == (double)input || value == (double)i);
		input++;
	}
	k->counts = k->counts && input >= 3;
	return k->label_below || look_below(t, k, e);
}

bool nn_table_has_names(nn_table *t, bool *names, nn_error *e)
{
	kinds k;
	if (t->header && strcmp(t->header, "auto") != 0) {
		*names = !strcmp(t->header, "yes");
		return true;
	}
	*names = knows_list(t, t->wanted, t->labels == 1) ||
	         knows_list(t, t->chosen, t->values == 1) || knows_settled(t);
	if (*names)
		return true;
	/* A line that is taken for names tells which column would be the label. */
	int64_t labels = t->labels;
	t->name = t->csv.field;
	t->names = t->fields;
	t->guess = true;
	bool ok = t->fields < labels || nn_table_labels(t, e);
	ok = ok && (t->fields < labels || look(t, &k, e));
	bool with_label = t->labels > 0;
	t->guess = false;
	t->labels = labels;
	t->name = NULL;
	t->names = 0;
	if (!ok || t->fields < labels)
		return ok;
	bool row_label = with_label && k.label_below;
	bool name_label = with_label && k.rows && !k.label_below && !k.label_number;
	/* The names of the training part are known from here on: none of them counts. */
	bool counts = k.counts && (k.label_number || !row_label) && t->l->training &&
	              !t->l->meaning->columns.count;
	if (!k.word)
		*names = !k.missing && (counts || name_label);
	else if (!k.number)
		*names = !row_label;
	else if (name_label)
		*names = true;
	else if (!row_label)
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: line %lld: names, or a row with something in it that is no "
		               "number? Say header=\"yes\" or header=\"no\" beside file=\"...\"",
		               t->csv.path, (long long)t->csv.line);
	return true;
}
