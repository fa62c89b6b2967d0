/* settings.h: the numbers of the XML that a run may override. See settings.c. */
#ifndef NN_SETTINGS_H
#define NN_SETTINGS_H

#include "../base/error.h"
#include "../nn.h"

typedef struct nn_settings {
	const nn_model *model;         /* whose                      */
	double value[NN_ELEMENTS_MAX]; /* of model->param[i]         */
	int params;                    /* evaluated so far           */
} nn_settings;

/* Evaluates all <param>s, with `sets` overrides of the form "name=value". */
bool nn_settings_open(nn_settings *s, const nn_model *model, const char *const *set, int sets,
                      nn_error *e);

/* The text of an attribute; NULL when it was not given and has no default. */
const char *nn_setting_text(const nn_settings *s, const char *element, const char *name);

/* The value of an attribute, `fallback` when there is none. */
bool nn_setting_number(const nn_settings *s, const char *element, const char *name, double fallback,
                       double *value, nn_error *e);

/* The value of a text like "{lr * 2}"; false when it is none in braces. */
bool nn_setting_value(const nn_settings *s, const char *text, double *value);

/* Numbers separated by spaces or commas; *count of them. */
bool nn_setting_list(const nn_settings *s, const char *element, const char *name,
                     double value[NN_LIST_MAX], int *count, nn_error *e);

/* The numbers called model->hyper[i], of <optimizer> or <train>. Refuses overrides of those that
 * the compiler has left out as 0. */
bool nn_setting_hypers(const nn_settings *s, double hyper[NN_HYPERS], nn_error *e);

#endif
