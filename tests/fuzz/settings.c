/* settings.c: lines ELEMENT.NAME=VALUE as the numbers of a network's XML, param.NAME=VALUE as a
 * <param> with a range, set.NAME=VALUE as an override, augment.=TEXT as the resolved XML: what
 * a run makes of them. */
#include <stdlib.h>
#include <string.h>

#include "../../runtime/data/augment.h"
#include "../../runtime/base/calc.h"
#include "../../runtime/train/schedule.h"
#include "../../runtime/run/session.h"
#include "../../runtime/verbs/tune.h"
#include "data.h"
#include "lines.h"

typedef struct xml {
	nn_model model;                 /* the toy with these           */
	nn_setting setting[FUZZ_LINES]; /* attributes                   */
	nn_param_def param[FUZZ_LINES]; /* <param>s                     */
	const char *set[FUZZ_LINES];    /* overrides                    */
	int sets;                       /* how many                     */
} xml;

static void add_line(xml *x, char *line)
{
	nn_model *m = &x->model;
	char *name = strchr(line, '.'), *value = name ? strchr(name, '=') : NULL;
	if (!value)
		return;
	*name++ = 0;
	if (!strcmp(line, "set")) {
		x->set[x->sets++] = name;
		return;
	}
	*value++ = 0;
	if (!strcmp(line, "augment"))
		m->config = value;
	else if (!strcmp(line, "param"))
		x->param[m->params++] =
		        (nn_param_def){.name = name, .value = value, .min = "0", .max = "1e9"};
	else if (!strcmp(line, "choices"))
		x->param[m->params++] =
		        (nn_param_def){.name = name, .value = "1", .choices = value};
	else
		x->setting[m->settings++] = (nn_setting){line, name, value};
}

static void answer(nn_error *e)
{
	fuzz_must(!e->code || e->code == NN_EXIT_USAGE || e->code == NN_EXIT_DATA, e->text);
	*e = (nn_error){0};
}

/* A trainer before its first step, as far as it reads numbers. */
static void use(xml *x)
{
	static nn_session session;
	static nn_space space;
	static nn_schedule schedule;
	static nn_augment augment;
	static nn_options options;
	double list[NN_LIST_MAX], number, *point;
	int count;
	nn_error e = {0};
	options = (nn_options){.seed = -1, .epochs = -1, .batch_size = -1, .lr = -1};
	memcpy(options.set, x->set, sizeof x->set);
	options.sets = x->sets;
	session = (nn_session){0};
	bool ok = nn_session_open(&session, &x->model, &options, &e);
	answer(&e);
	if (!ok) {
		nn_session_close(&session);
		return;
	}
	for (int i = 0; i < x->model.settings; i++) {
		const nn_setting *t = &x->setting[i];
		nn_setting_number(&session.settings, t->element, t->name, 0, &number, &e);
		answer(&e);
		nn_setting_list(&session.settings, t->element, t->name, list, &count, &e);
		answer(&e);
	}
	if (nn_schedule_open(&schedule, &session.settings, 0.1, 10, 100, &e)) {
		for (int i = 0; i < 100; i++)
			nn_schedule_lr(&schedule, i);
		nn_schedule_epoch(&schedule, 1);
	}
	answer(&e);
	if (nn_augment_open(&augment, &session.settings, 1, 1, &e))
		nn_augment_close(&augment);
	if (e.code != NN_EXIT_INTERNAL) /* the text that nncc resolved is not the user's */
		answer(&e);
	e = (nn_error){0};
	if (nn_space_open(&space, &session.settings, options.set, options.sets, &e)) {
		point = calloc((size_t)8 * NN_TUNE_DIMS, sizeof *point);
		for (int grid = 0; point && grid < 2; grid++)
			fuzz_must(nn_space_fill(&space, grid, 8, 1, point) <= 8, "points");
		free(point);
	}
	answer(&e);
	nn_session_close(&session);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *copy, *line[FUZZ_LINES];
	static xml x;
	int count = fuzz_lines(bytes, size, &copy, line);
	x = (xml){.model = nn_network};
	x.model.setting = x.setting;
	x.model.settings = 0;
	x.model.param = x.param;
	x.model.params = 0;
	for (int i = 0; i < count; i++)
		add_line(&x, line[i]);
	use(&x);
	free(copy);
	return 0;
}
