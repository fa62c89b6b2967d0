/* settings.c: everything of a description that is not a layer.
 *
 * In: the checked tree. Out: Model.params, .settings (each attribute of data, train and its
 * children, and tune, with defaults filled in and expressions kept, since a trainer evaluates them
 * again after --set), .sources, .class_name, the optimizer with its numbers, and the batch size.
 *
 * Numbers are evaluated here once with the parameters' values of now, so that a trainer never meets
 * an expression that does not evaluate. */
#include <string.h>

#include "../../runtime/base/calc.h"
#include "front.h"

static int name_len(const Elem *e)
{
	return (int)strlen(e->name) + 1;
}

/* ---- parameters ---------------------------------------------------------------------------- */

static const char *given_or_null(const Elem *e, const char *attr)
{
	const Attr *a = attr_of(e, attr);
	return a ? a->value : NULL;
}

static void check_choices(Elem *e)
{
	const Attr *a = attr_of(e, "choices");
	const char **word;
	double value;
	int n = a ? split(a->value, " \t\r\n", &word) : 0;
	for (int i = 0; i < n; i++)
		if (!nn_parse_double(word[i], &value)) {
			error_at(a->value_pos, a->width,
			         "wanted numbers separated by blanks for"
			         " 'choices' of <param>, found '%s'%s",
			         word[i], with_point(word[i]));
			return;
		}
	if (a && !n)
		error_at(a->value_pos, 1,
		         "wanted numbers separated by blanks for 'choices' of <param>");
	if (n > NN_LIST_MAX)
		error_at(a->value_pos, a->width,
		         "wanted at most %d numbers for 'choices' of <param>,"
		         " found %d",
		         NN_LIST_MAX, n);
}

static Param *find_param(const Model *m, const char *name, size_t len)
{
	for (Param *p = m->params; p; p = p->next)
		if (strlen(p->name) == len && !memcmp(p->name, name, len))
			return p;
	return NULL;
}

static void read_param(Model *m, Elem *e, Param ***tail)
{
	static const Env none = {.params = NULL};
	const Param *first = find_param(m, text_of(e, "name"), strlen(text_of(e, "name")));
	bool fine = true;
	Param *p = new(Param);
	*p = (Param){.name = text_of(e, "name"),
	             .value = text_of(e, "value"),
	             .min = given_or_null(e, "min"),
	             .max = given_or_null(e, "max"),
	             .choices = given_or_null(e, "choices"),
	             .pos = e->pos};
	p->scale = p->min || p->max ? text_of(e, "scale") : given_or_null(e, "scale");
	p->number = attr_of(e, "value") ? number_of(&none, e, "value", &fine) : 1;
	const Attr *name = attr_of(e, "name");
	if (first)
		error_at(name->value_pos, name->width,
		         "a second <param> '%s'; the first is on line %d", p->name,
		         first->pos.line);
	check_choices(e);
	if (!p->min != !p->max)
		error_at(e->pos, name_len(e), "a range wants both 'min' and 'max'");
	else if (p->min &&
	         !(number_of(&none, e, "min", &fine) < number_of(&none, e, "max", &fine)) && fine)
		error_at(e->pos, name_len(e), "'min' must be less than 'max', found %s and %s",
		         p->min, p->max);
	**tail = p;
	*tail = &p->next;
}

static const char *param_names(const Model *m)
{
	const char *text = "";
	for (const Param *p = m->params; p; p = p->next)
		text = format("%s%s%s", text, *text ? ", " : "", p->name);
	return text;
}

static void apply_define(Model *m, const char *define)
{
	const char *eq = strchr(define, '=');
	Pos nowhere = {.file = NULL};
	if (!eq) {
		error_at(nowhere, 0, "wanted -D name=value, found -D %s", define);
		return;
	}
	Param *p = find_param(m, define, (size_t)(eq - define));
	if (!p)
		error_at(nowhere, 0, "-D %s: there is no <param> '%.*s'; %s%s", define,
		         (int)(eq - define), define,
		         m->params ? "there are " : "the network has none", param_names(m));
	else if (!nn_parse_double(eq + 1, &p->number))
		error_at(nowhere, 0, "-D %s: wanted a number, found '%s'%s", define, eq + 1,
		         with_point(eq + 1));
	else
		p->value = eq + 1;
}

void read_params(Model *m)
{
	Param **tail = &m->params;
	for (Elem *e = m->root->child; e; e = e->next)
		if (!strcmp(e->name, "param") && is_name(text_of(e, "name")))
			read_param(m, e, &tail);
	for (int i = 0; i < options.ndefine; i++)
		apply_define(m, options.define[i]);
}

/* ---- settings ------------------------------------------------------------------------------ */

static bool holds_numbers(const AttrSpec *a)
{
	return a->type != A_BOOL && a->type != A_CHOICE && a->type != A_NAME &&
	       a->type != A_NAMES && a->type != A_TEXT;
}

static void add_setting(Model *m, Setting ***tail, const Elem *e, const AttrSpec *a, const Env *env)
{
	Setting *s = new(Setting);
	const char *text = text_of(e, a->name);
	double value[MAX_LIST];
	s->elem = e->name;
	s->name = a->name;
	s->value = *text ? text : NULL;
	if (*text && holds_numbers(a) && !e->bad) {
		Env own = *env;
		own.compiled = !strcmp(a->name, "batch_size");
		int n = numbers(&own, e, a, text, value, MAX_LIST);
		if (own.compiled && n == 1)
			m->batch = options.batch ? options.batch : (int)value[0];
		if (own.compiled && options.batch)
			s->value = format("%d", options.batch);
	}
	**tail = s;
	*tail = &s->next;
}

static void add_settings(Model *m, Setting ***tail, const Elem *e, const Env *env)
{
	const AttrSpec *set[SETS];
	attr_sets(e, set);
	for (int i = 0; i < SETS && set[i]; i++)
		for (const AttrSpec *a = set[i]; a->name; a++)
			add_setting(m, tail, e, a, env);
}

/* What a source of each format takes: exactly one of `one`, `must`, and `more` if one likes. Labels
 * in a file of their own are needed unless the network's target is its input. */
static const struct {
	const char *format; /* of <data>                        */
	const char *one;    /* words, or NULL                   */
	const char *must;   /* a word, or NULL                  */
	const char *more;   /* words, or NULL                   */
	const char *has;    /* for messages                     */
} source_kinds[] = {
        {"idx", NULL, "images", "labels", "images and labels"},
        {"npy", NULL, "images", "labels", "images and labels"},
        {"npz", NULL, "file", "images labels", "a file, images and labels"},
        {"cifar", "file files", NULL, NULL, "a file or files"},
        {"csv", "file files", NULL, "label_column columns header",
         "a file or files, label_column, columns and header"},
        {"folder", NULL, "dir", NULL, "a dir"},
};

static void check_source(const Model *m, const Elem *e, const char *format)
{
	int kind = 0, kinds = sizeof source_kinds / sizeof *source_kinds, given = 0;
	while (kind < kinds && strcmp(source_kinds[kind].format, format))
		kind++;
	if (kind == kinds)
		return;
	const char *one = source_kinds[kind].one, *must = source_kinds[kind].must;
	for (const Attr *a = e->attr; a; a = a->next) {
		given += has_word(one, a->name);
		if (!has_word(one, a->name) && !has_word(must, a->name) &&
		    !has_word(source_kinds[kind].more, a->name))
			error_at(a->name_pos, (int)strlen(a->name),
			         "'%s' does not apply to format '%s', which has %s", a->name,
			         format, source_kinds[kind].has);
	}
	if (one && given != 1)
		error_at(e->pos, name_len(e), "<%s> of format '%s' wants either 'file' or 'files'",
		         e->name, format);
	if (must && !attr_of(e, must))
		error_at(e->pos, name_len(e), "<%s> of format '%s' wants '%s'", e->name, format,
		         must);
	bool own_file = must && !strcmp(must, "images");
	if (own_file && !attr_of(e, "labels") && !m->target_input)
		error_at(e->pos, name_len(e), "<%s> of format '%s' wants 'labels'", e->name,
		         format);
}

static void read_sources(Model *m, const Elem *data)
{
	Source **tail = &m->sources;
	for (const Elem *e = data->child; e; e = e->next) {
		if (!strcmp(e->name, "classes") || e->bad)
			continue;
		Source *s = new(Source);
		*s = (Source){.split = e->name,
		              .images = given_or_null(e, "images"),
		              .labels = given_or_null(e, "labels"),
		              .file = given_or_null(e, "file"),
		              .files = given_or_null(e, "files"),
		              .dir = given_or_null(e, "dir"),
		              .label_column = given_or_null(e, "label_column"),
		              .columns = given_or_null(e, "columns"),
		              .header = given_or_null(e, "header")};
		*tail = s;
		tail = &s->next;
		check_source(m, e, text_of(data, "format"));
	}
}

static void read_classes(Model *m, const Elem *classes)
{
	for (const Elem *e = classes ? classes->child : NULL; e; e = e->next) {
		const char *name = text_of(e, "name");
		bool twice = false;
		for (int i = 0; i < m->nclass_name && !e->bad; i++)
			twice = twice || !strcmp(m->class_name[i], name);
		if (twice)
			error_at(e->pos, name_len(e), "two classes are called '%s'", name);
		if (!e->bad && (!*name || strchr(name, '\n')))
			error_at(e->pos, name_len(e), "a class's name is %s",
			         *name ? "more than a line" : "empty");
		m->class_name = grow(m->class_name, m->nclass_name, sizeof *m->class_name);
		m->class_name[m->nclass_name++] = name;
	}
	if (classes && m->classes && m->nclass_name != m->classes)
		error_at(classes->pos, name_len(classes),
		         "%d classes are named, but the output has %d"
		         " values (%s on line %d)",
		         m->nclass_name, m->classes, m->output ? m->output->name : "input",
		         m->output ? m->output->pos.line : 0);
}

static void read_data(Model *m, const Elem *data)
{
	const char *format_name = text_of(data, "format");
	if (!data->bad && strcmp(format_name, "synthetic") && !child_of(data, "training"))
		error_at(data->pos, name_len(data), "<data> of format '%s' wants a <training>",
		         format_name);
	read_sources(m, data);
	read_classes(m, child_of(data, "classes"));
}

/* Numbers of the element's own table, whatever its type: l1 of an optimizer, grad_clip of train. */
static void common_vars(Model *m, const Elem *e, const Env *env)
{
	const AttrSpec *set[SETS];
	attr_sets(e, set);
	if (set[0] && !e->bad)
		attr_vars(env, e, set[0], m->opt_var, &m->nopt_var);
}

static void read_optimizer(Model *m, const Elem *e, const Env *env)
{
	m->optimizer = row_of(e);
	if (m->optimizer && !e->bad)
		attr_vars(env, e, m->optimizer->attr, m->opt_var, &m->nopt_var);
	common_vars(m, e, env);
}

static void read_schedule(Model *m, const Elem *e)
{
	m->schedule = e ? text_of(e, "type") : "constant";
	if (e && !e->bad && !strcmp(m->schedule, "step") && !attr_of(e, "milestones"))
		error_at(e->pos, name_len(e), "<schedule> of type 'step' wants 'milestones'");
}

/* An absent <schedule> is a constant one; of other absent elements there are no settings. */
static void default_schedule(Setting ***tail)
{
	Setting *s = new(Setting);
	*s = (Setting){.elem = "schedule", .name = "type", .value = "constant"};
	**tail = s;
	*tail = &s->next;
}

/* A trainer reads the changes from the resolved description: each must be one that it can do. */
static void check_augment(const Model *m, const Elem *augment, const Env *env)
{
	for (const Elem *e = augment ? augment->child : NULL; e; e = e->next) {
		const AttrSpec *set[SETS];
		double value;
		attr_sets(e, set);
		for (int i = 0; i < SETS && set[i] && !e->bad; i++)
			for (const AttrSpec *a = set[i]; a->name; a++)
				if (holds_numbers(a) && *text_of(e, a->name))
					numbers(env, e, a, text_of(e, a->name), &value, 1);
		const ElemSpec *spec = find_spec(e->name);
		if (spec && spec->pictures && m->input.rank == 1)
			error_at(e->pos, name_len(e),
			         "<%s> changes images, but the input is a row of features; leave it"
			         " out",
			         e->name);
	}
}

/* A search varies all parameters with a range, or with choices. */
static void check_searched(const Model *m)
{
	int n = 0;
	for (const Param *p = m->params; p; p = p->next) {
		n += p->choices || p->min;
		if (n == NN_SEARCHED_MAX + 1 && (p->choices || p->min)) {
			error_at(p->pos, (int)strlen("<param"),
			         "<tune> searches at most %d <param>s: this is one more with a"
			         " range or choices",
			         NN_SEARCHED_MAX);
			return;
		}
	}
}

void read_settings(Model *m, const Env *env)
{
	Setting **tail = &m->settings;
	const Elem *data = child_of(m->root, "data"), *train = child_of(m->root, "train");
	const Elem *tune = child_of(m->root, "tune");
	if (data) {
		read_data(m, data);
		add_settings(m, &tail, data, env);
	}
	if (train)
		add_settings(m, &tail, train, env);
	m->mixes = child_of(child_of(train, "augment"), "mixup") != NULL;
	check_augment(m, child_of(train, "augment"), env);
	m->noisy = child_of(child_of(train, "augment"), "gaussian_noise") != NULL;
	for (const Elem *e = train ? train->child : NULL; e; e = e->next)
		if (strcmp(e->name, "augment"))
			add_settings(m, &tail, e, env);
	const Elem *optimizer = child_of(train, "optimizer"),
	           *schedule = child_of(train, "schedule");
	if (optimizer)
		read_optimizer(m, optimizer, env);
	if (train)
		common_vars(m, train, env);
	read_schedule(m, schedule);
	if (!schedule)
		default_schedule(&tail);
	if (tune) {
		add_settings(m, &tail, tune, env);
		check_searched(m);
	}
}
