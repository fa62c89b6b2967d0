/* augment.c: random changes of the training images: what <augment> says; mirroring and moving.
 *
 *     in    <augment><random_flip/><random_crop padding="2"/></augment>, an item, an epoch
 *     out   for each axis, where a cell of the changed image comes from: 27 - i + 1, say
 *
 * Mirroring and moving take each row and column of the new image from one of the old, so any chain
 * of them is one map an axis, and feed.c applies it in the pass that fills the batch: no image is
 * stored. What is moved in from outside is black (0 before normalisation). Chains with other
 * changes make the image in the cache (augment_image.c). The numbers are keyed by (seed, epoch,
 * item): they do not depend on threads, or where a training resumed.
 *
 * The order of changes matters and one may occur twice, which a table of settings cannot say; so
 * they are read from the description as nncc wrote it back (compiler/front/config.c): one element a
 * line, attributes in double quotes, checked already. */
#include "augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/nn_rand.h"

enum { ATTRIBUTES = 4 };

/* One element of <augment>, as settings: so numbers may be expressions that --set changes. */
typedef struct element {
	const char *name;
	nn_setting setting[ATTRIBUTES]; /* pointers into the description   */
	int settings;                   /* attributes that were given      */
} element;

/* The text up to one of `stop`, which becomes its end and is told in *last. */
static char *word(char **at, const char *stop, char *last)
{
	char *from = *at;
	*at += strcspn(from, stop);
	*last = **at;
	if (*last)
		*(*at)++ = 0;
	return from;
}

/* Reads `name a="b" c="d"/>` in place. False when that is not what stands there. */
static bool read_element(element *x, char **at)
{
	char last;
	*x = (element){.name = word(at, " />", &last)};
	while (last == ' ') {
		if (x->settings == ATTRIBUTES)
			return false;
		nn_setting *t = &x->setting[x->settings++];
		*t = (nn_setting){.element = x->name, .name = word(at, "=", &last)};
		if (last != '=' || *(*at)++ != '"')
			return false;
		t->value = word(at, "\"", &last);
		last = last ? *(*at)++ : 0;
	}
	return last == '/' && *(*at)++ == '>';
}

/* The elements: what their number is called, its default and its range. */
static const struct {
	const char *name;    /* element                 */
	nn_change_kind kind; /* what it does            */
	const char *number;  /* its attribute           */
	double fallback;     /* where it is not given   */
	double least, most;  /* what is allowed         */
	bool whole;          /* only whole numbers are  */
} elements[] = {
        {"random_flip", NN_FLIP, "p", 0.5, 0, 1, false},
        {"random_crop", NN_MOVE, "padding", 4, 0, NN_PADDING_MAX, true},
        {"random_shift", NN_MOVE, "fraction", 0.1, 0, 1, false},
        {"random_rotation", NN_TURN, "degrees", 10, 0, 180, false},
        {"random_zoom", NN_ZOOM, "fraction", 0.1, 0, 0.99, false},
        {"random_erasing", NN_ERASE, "p", 0.5, 0, 1, false},
        {"brightness", NN_BRIGHTEN, "amount", 0.2, 0, 1, false},
        {"contrast", NN_CONTRAST, "amount", 0.2, 0, 1, false},
        {"gaussian_noise", NN_NOISE, "std", 0.1, 0, 1e18, false},
        {"mixup", NN_MIX, "alpha", 0.2, 0, 1e18, false},
};

enum { ELEMENTS = sizeof elements / sizeof *elements };

/* One change; `s` knows the attributes of this element only. */
static bool read_change(nn_change *c, const nn_augment *a, const nn_settings *s, const char *name,
                        nn_error *e)
{
	int i = 0;
	double x;
	while (i < ELEMENTS && strcmp(elements[i].name, name))
		i++;
	if (i == ELEMENTS)
		return nn_fail(e, NN_EXIT_INTERNAL, "<augment>: <%s> is not known", name);
	const char *number = elements[i].number, *axis = nn_setting_text(s, name, "axis");
	*c = (nn_change){.kind = elements[i].kind};
	if (s->model->input_rank != 3 && c->kind <= NN_ERASE)
		return nn_fail(e, NN_EXIT_USAGE,
		               "<%s> changes images, but the input is a row of features: leave "
		               "it out",
		               name);
	if (!nn_setting_number(s, name, number, elements[i].fallback, &x, e))
		return false;
	if (elements[i].whole && x != floor(x))
		return nn_fail(e, NN_EXIT_USAGE, "<%s %s>: expected a whole number, got %g", name,
		               number, x);
	if (!(x >= elements[i].least && x <= elements[i].most))
		return nn_fail(e, NN_EXIT_USAGE, "<%s %s>: expected %g to %g, got %g", name, number,
		               elements[i].least, elements[i].most, x);
	c->vertical = axis && !strcmp(axis, "vertical");
	c->p = c->amount = x;
	for (int d = 0; d < 2 && c->kind == NN_MOVE; d++)
		c->most[d] = (int64_t)(elements[i].whole ? x : floor(x * (double)a->size[d]));
	return true;
}

/* What the changes together need. */
static bool complete(nn_augment *a, int threads, nn_error *e)
{
	for (int k = 0; k < a->changes; k++) {
		a->pixels |= a->change[k].kind > NN_MOVE;
		if (a->change[k].kind != NN_MIX)
			continue;
		if (a->mix >= 0)
			return nn_fail(e, NN_EXIT_USAGE,
			               "<augment>: a second <mixup>; images are mixed once");
		a->mix = k;
	}
	if (!a->pixels)
		return true;
	int64_t values = a->frame.channels * a->frame.height * a->frame.width;
	a->room = nn_alloc((size_t)(values * 3 * threads), sizeof *a->room, "<augment>", e);
	return a->room != NULL;
}

/* The changes that the elements behind `at` ask for. */
static bool read_changes(nn_augment *a, const nn_settings *s, char *at, nn_error *e)
{
	nn_model only = *s->model;
	nn_settings settings = *s;
	settings.model = &only;
	for (at = strchr(at + 1, '<'); at && at[1] != '/'; at = strchr(at, '<')) {
		element x;
		at++;
		if (!read_element(&x, &at))
			return nn_fail(e, NN_EXIT_INTERNAL, "<augment> is not readable");
		nn_change *more = realloc(a->change, sizeof *more * ((size_t)a->changes + 1));
		if (!more)
			return nn_fail(e, NN_EXIT_MEMORY, "<augment>: out of memory");
		a->change = more;
		only.setting = x.setting;
		only.settings = x.settings;
		if (!read_change(&a->change[a->changes++], a, &settings, x.name, e))
			return false;
	}
	return true;
}

bool nn_augment_open(nn_augment *a, const nn_settings *s, uint64_t seed, int threads, nn_error *e)
{
	const nn_model *m = s->model;
	const char *at = m->config ? strstr(m->config, "<augment>") : NULL;
	*a = (nn_augment){.size = {m->input[1], m->input[2]}, .seed = seed, .mix = -1};
	a->frame = (nn_frame){m->input[0], m->input[1], m->input[2], false};
	if (!at)
		return true;
	size_t size = strlen(at) + 1;
	char *text = nn_alloc(size, 1, "<augment>", e);
	bool fine = text && read_changes(a, s, memcpy(text, at, size), e);
	free(text);
	if (fine && complete(a, threads, e))
		return true;
	nn_augment_close(a);
	return false;
}

void nn_augment_close(nn_augment *a)
{
	free(a->change);
	free(a->room);
	a->change = NULL;
	a->changes = 0;
	a->room = NULL;
}

/* Mirrors an axis of `size` cells. */
static void flip(nn_map *m, int64_t size)
{
	int64_t from = m->from;
	m->offset += m->sign * (size - 1);
	m->sign = -m->sign;
	m->from = size - m->end;
	m->end = size - from;
}

/* Cell i becomes what was cell i + by. */
static void move(nn_map *m, int64_t size, int64_t by)
{
	m->offset += m->sign * by;
	m->from = m->from > by ? m->from - by : 0;
	m->end = m->end - by < size ? m->end - by : size;
}

/* Sixteen changes have keys side by side; the next sixteen lie beyond those of all items. */
uint64_t nn_augment_key(uint32_t item, int k)
{
	uint64_t set = (uint64_t)k / 16, of_set = (uint64_t)k % 16;
	return (((set << 32) + item) * 16 + of_set) * 2;
}

nn_view nn_augment_view(const nn_augment *a, uint32_t item, int from, int end)
{
	nn_view v;
	for (int d = 0; d < 2; d++)
		v.axis[d] = (nn_map){1, 0, 0, a->size[d]};
	for (int k = from; k < end; k++) {
		const nn_change *c = &a->change[k];
		for (int d = 0; d < 2; d++) {
			uint64_t key = nn_augment_key(item, k) + (uint64_t)d;
			double r = nn_rand_double(a->seed, NN_RAND_AUGMENT, a->epoch, key);
			double range = 2 * (double)c->most[d] + 1;
			if (c->kind == NN_MOVE)
				move(&v.axis[d], a->size[d], (int64_t)(r * range) - c->most[d]);
			else if (d == !c->vertical && r < c->p)
				flip(&v.axis[d], a->size[d]);
		}
	}
	return v;
}
