/* csv_table.h: a csv file as a table with known columns, shared by data_csv.c, which reads it, and
 * csv_head.c, which decides whether its first line holds names. */
#ifndef NN_CSV_TABLE_H
#define NN_CSV_TABLE_H

#include "../file/csv.h"
#include "data.h"

enum { NN_TABLE_LABEL = 256 };

typedef struct nn_table {
	nn_csv csv;         /* the text                                                    */
	const nn_loader *l; /* what is read, and what is known of its meaning              */
	const char *wanted; /* label_column, or NULL                                       */
	const char *chosen; /* columns, or NULL                                            */
	const char *header; /* "yes", "no"; "auto" or NULL                                 */
	bool own_label;     /* label_column stands on a later part, not on training        */
	bool own_columns;   /* so does `columns`                                           */
	int64_t values;     /* columns that are input                                      */
	int64_t labels;     /* columns of labels or targets                                */
	bool optional;      /* predict: they may be missing                                */
	bool guess;         /* names are not known yet: any column will do                 */
	bool classes;       /* a label is a class                                          */
	int64_t *input;     /* [values]: which columns these are                           */
	int64_t *label;     /* [labels]: likewise                                          */
	int64_t fields;     /* columns of the file                                         */
	nn_field *name;     /* [names] of the columns                                      */
	int64_t names;      /* `fields`, or 0: nobody named them                           */
	nn_field *settled;  /* names of training's columns                                 */
	nn_names *found;    /* different labels so far, while classes have no names, or NULL */
	bool has_row;       /* csv.field is an item that nobody has taken yet              */
} nn_table;

/* Finds the columns of labels, by label_column, the settled names, or the usual ones. */
bool nn_table_labels(nn_table *t, nn_error *e);
bool nn_table_is_label(const nn_table *t, int64_t column);

/* Whether the row that was just read, the first, holds names. A line that could be either fails
 * with 65 and asks for header="yes" or "no". (csv_head.c) */
bool nn_table_has_names(nn_table *t, bool *names, nn_error *e);

#endif
