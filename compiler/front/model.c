/* model.c: from the tree to a checked model.
 *
 * In: the tree of a description. Out: Model: input, layers in topological order with their numbers
 * and shapes, loss, optimizer, settings, and the hash that ties weights to an architecture. Work
 * is done by check.c (spelling), settings.c, expand.c (wiring and shapes); this file joins them and
 * does what concerns the network as a whole. After a user's error the model is incomplete: the
 * caller asks error_count(). */
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/sha256.h"
#include "front.h"

static const int64_t MAX_BATCH_VALUES = (int64_t)1 << 40;
enum { MAX_BATCH = 1 << 30 }; /* rounded up to whole vectors, it is an int                */

static int name_len(const Elem *e)
{
	return (int)strlen(e->name) + 1;
}

/* ---- input --------------------------------------------------------------------------------- */

static bool input_shape(Model *m, const Elem *e, const Env *env)
{
	static const char *const dim[] = {"channels", "height", "width"};
	bool fine = true, row = attr_of(e, "features");
	double values = 1;
	int given = 0;
	for (int i = 0; i < 3; i++)
		given += attr_of(e, dim[i]) != NULL;
	if (row == (given > 0) || (given && given < 3)) {
		error_at(e->pos, name_len(e),
		         "<input> wants either 'features' or all of 'channels',"
		         " 'height' and 'width'");
		return false;
	}
	for (int i = 0; i < (row ? 1 : 3); i++) {
		double value = number_of(env, e, row ? "features" : dim[i], &fine);
		values *= value;
		m->input.dim[i] = fine ? (int)value : 0;
	}
	if (fine && values > 2147483647) {
		error_at(e->pos, name_len(e),
		         "<input> would have %.0f values; at most 2147483647 are"
		         " possible",
		         values);
		fine = false;
	}
	if (fine)
		m->input.rank = row ? 1 : 3;
	return fine;
}

/* The numbers of mean or std: one for all channels or one each. */
static double *channel_numbers(Model *m, const Elem *e, const Env *env, const char *attr)
{
	double value[MAX_LIST];
	const Attr *a = attr_of(e, attr);
	int channels = m->input.rank == 3 ? m->input.dim[0] : 1;
	if (!a) {
		error_at(e->pos, name_len(e), "<normalize> wants '%s', or mode=\"auto\"", attr);
		return NULL;
	}
	int n = numbers(env, e, find_attr_spec(e, attr), a->value, value, MAX_LIST);
	if (n < 0)
		return NULL;
	if (n != 1 && n != channels) {
		error_at(a->value_pos, a->width,
		         "wanted one number or one for each of the %d channels"
		         " for '%s', found %d%s",
		         channels, attr, n, with_point(a->value));
		return NULL;
	}
	double *list = alloc((size_t)channels * sizeof *list);
	for (int i = 0; i < channels; i++) {
		list[i] = value[n == 1 ? 0 : i];
		if (!strcmp(attr, "std") && !(list[i] > 0)) {
			error_at(a->value_pos, a->width,
			         "a standard deviation must be above 0, found %g", list[i]);
			return NULL;
		}
	}
	m->nmean = channels;
	return list;
}

static char *parts_of_255(const double *list, int n)
{
	char *text = format("%.4g", list[0] / 255);
	bool same = true;
	for (int i = 1; i < n; i++)
		same &= !(list[i] < list[0] || list[i] > list[0]);
	for (int i = 1; i < n && !same; i++)
		text = format("%s,%.4g", text, list[i] / 255);
	return text;
}

/* Of values from 0 to 1, as the bytes of these formats become, no mean or deviation is above 1. */
static void check_scale(const Model *m, const Elem *e)
{
	const Elem *data = child_of(m->root, "data");
	bool bytes = data && has_word("idx cifar folder", text_of(data, "format")), above = false;
	for (int i = 0; bytes && m->mean && m->std && i < m->nmean; i++)
		above |= m->mean[i] > 1 || m->std[i] > 1;
	const Attr *a = attr_of(e, "mean");
	if (above)
		warning_at(a->value_pos, a->width,
		           "values of format '%s' are 0 to 1, but these are numbers of 0 to 255;"
		           " write mean=\"%s\" std=\"%s\"",
		           text_of(data, "format"), parts_of_255(m->mean, m->nmean),
		           parts_of_255(m->std, m->nmean));
}

static void read_normalize(Model *m, const Elem *e, const Env *env)
{
	const char *mode = text_of(e, "mode");
	if (e->bad || !m->input.rank)
		return;
	m->normalize_auto = !strcmp(mode, "auto");
	m->normalize = !m->normalize_auto;
	const Attr *extra = attr_of(e, "mean") ? attr_of(e, "mean") : attr_of(e, "std");
	if (m->normalize) {
		m->mean = channel_numbers(m, e, env, "mean");
		m->std = channel_numbers(m, e, env, "std");
		check_scale(m, e);
	} else if (extra) {
		error_at(extra->name_pos, (int)strlen(extra->name),
		         "mode=\"auto\" measures mean and std;"
		         " leave '%s' out",
		         extra->name);
	}
}

/* ---- loss ---------------------------------------------------------------------------------- */

/* The list ends with the output, even when that was not the layer written last; unless another
 * layer reads it, for which the loss does not ask. */
static void output_last(Model *m)
{
	Layer **link = &m->layers, *out = m->output;
	while (*link && *link != out)
		link = &(*link)->next;
	if (!*link || !out->next)
		return;
	for (const Layer *l = out->next; l; l = l->next)
		for (int i = 0; i < l->nin; i++)
			if (l->in[i] == out)
				return;
	*link = out->next;
	while (*link)
		link = &(*link)->next;
	*link = out;
	out->next = NULL;
}

static void check_target(Model *m, const Elem *e)
{
	const Attr *target = attr_of(e, "target");
	const Attr *type = attr_of(e, "type");
	Shape out = m->output->shape;
	int64_t values = count_of(out), wanted = count_of(m->input);
	bool places = out.rank == 3 && !out.flat && values > out.dim[0];
	if (m->loss->labels && m->target_input)
		error_at(target->value_pos, target->width,
		         "loss '%s' wants class numbers; the input is"
		         " none",
		         m->loss->name);
	else if (m->target_input && values != wanted)
		error_at(target->value_pos, target->width,
		         "the output has %lld values (%s from '%s' on"
		         " line %d), the input as the target has %lld (%s)",
		         (long long)values, shape_text(out), m->output->name, m->output->pos.line,
		         (long long)wanted, shape_text(m->input));
	else if (m->loss->labels && places)
		error_at(type->value_pos, type->width,
		         "loss '%s' wants logits for the classes of a whole image, [K] or"
		         " [K,1,1]; the output is %s, from '%s' on line %d. <global_avg_pool/>"
		         " behind it gives [%d,1,1], <dense units=\"K\"/> any number of classes;"
		         " classes of single pixels are not supported yet",
		         m->loss->name, shape_text(out), m->output->name, m->output->pos.line,
		         out.dim[0]);
	else if (m->loss->labels)
		m->classes = (int)values;
}

static void read_loss(Model *m, const Elem *e, const Env *env)
{
	m->loss = row_of(e);
	m->target_input = !strcmp(text_of(e, "target"), "input");
	if (!m->loss || e->bad)
		return;
	attr_vars(env, e, m->loss->attr, m->loss_var, &m->nloss_var);
	logits(m);
	output_last(m);
	if (m->output && m->output->shape.rank && m->input.rank)
		check_target(m, e);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void check_size(const Model *m)
{
	const Elem *train = child_of(m->root, "train");
	const Attr *batch = train ? attr_of(train, "batch_size") : NULL;
	if (m->batch > MAX_BATCH) {
		error_at(batch && !options.batch ? batch->value_pos : (Pos){.file = NULL},
		         batch ? batch->width : 0,
		         "a batch of %d images is too large; at most %d are possible", m->batch,
		         MAX_BATCH);
		return;
	}
	if (m->batch && m->input.rank && count_of(m->input) > MAX_BATCH_VALUES / m->batch)
		error_at(child_of(m->root, "input")->pos, (int)strlen("<input"),
		         "the input for a batch of %d images would have %.3g values; at most %.3g"
		         " are possible",
		         m->batch, (double)count_of(m->input) * m->batch, (double)MAX_BATCH_VALUES);
	for (const Layer *l = m->layers; l && m->batch; l = l->next)
		if (l->shape.rank && count_of(l->shape) > MAX_BATCH_VALUES / m->batch)
			error_at(l->pos, (int)strlen(l->elem) + 1,
			         "the output of <%s> for a batch of %d"
			         " images would have %.3g values; at most %.3g are possible",
			         l->elem, m->batch, (double)count_of(l->shape) * m->batch,
			         (double)MAX_BATCH_VALUES);
}

static void add(nn_sha256 *s, const char *text)
{
	nn_sha256_add(s, text, strlen(text));
}

/* What weights depend on: input and layers, with their names and numbers; not how they start or
 * whether they are trained. */
static void hash(Model *m)
{
	nn_sha256 s;
	nn_sha256_start(&s);
	add(&s, format("input %s\n", shape_text(m->input)));
	for (const Layer *l = m->layers; l; l = l->next) {
		add(&s, format("%s %s", l->row->name, l->name));
		for (int i = 0; i < l->nin; i++)
			add(&s, format(" <%s", l->in[i] ? l->in[i]->name : ""));
		for (int i = 0; i < l->nvar; i++)
			add(&s, format(" %s=%.17g", l->var[i].name, l->var[i].value));
		add(&s, format(" %d %s\n", l->bias, shape_text(l->shape)));
	}
	nn_sha256_hex(&s, m->hash);
}

static bool is_blank(const char *s)
{
	return !s[strspn(s, " \t\r\n")];
}

/* The description without the blanks at its ends. */
static const char *description(const Elem *root)
{
	const Elem *e = child_of(root, "description");
	if (!e || !e->text || is_blank(e->text))
		return NULL;
	const char *from = e->text + strspn(e->text, " \t\r\n");
	size_t n = strlen(from);
	while (strchr(" \t\r\n", from[n - 1]))
		n--;
	return copy_bytes(from, n);
}

Model *model(Elem *root)
{
	Model *m = new(Model);
	m->root = root;
	check(root);
	if (strcmp(root->name, "network"))
		return m;
	m->name = text_of(root, "name");
	m->description = description(root);
	read_params(m);
	Env compiled = {.params = m->params, .compiled = true}, loose = {.params = m->params};
	const Elem *input = child_of(root, "input"), *layers = child_of(root, "layers");
	const Elem *loss = child_of(root, "loss");
	if (input && !input->bad)
		input_shape(m, input, &compiled);
	if (child_of(input, "normalize"))
		read_normalize(m, child_of(input, "normalize"), &compiled);
	if (layers)
		expand(m, layers, input ? &input->pos : NULL);
	if (layers && !layers->child)
		error_at(layers->pos, name_len(layers), "<layers> is empty");
	if (loss)
		read_loss(m, loss, &compiled);
	read_settings(m, &loose);
	check_size(m);
	if (!error_count()) {
		hash(m);
		m->config = config(m);
	}
	return m;
}

const char *model_data_format(const Model *m)
{
	return text_of(child_of(m->root, "data"), "format");
}

bool model_has_pictures(const Model *m)
{
	return m->input.rank == 3 || has_word("idx cifar folder", model_data_format(m));
}
