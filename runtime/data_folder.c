/* data_folder.c: a directory for each class, with PNG and JPEG files in it.
 *
 *     <training dir="train"/>     train/cat/1.png train/cat/2.jpg train/dog/old/3.jpeg ...
 *
 * Which class a directory is: the one of its name, if <classes> has all the names; else its number,
 * if all are numbers of classes; else its place in alphabetical order. A network that learns
 * without labels takes pictures from anywhere below the directory. Files with other endings and
 * names that begin with a point are passed over.
 *
 * At the start only names are read. A picture is decoded when a batch needs it for the first time,
 * resized to the network's input, and kept as 8-bit values as far as memory allows (store.c). */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "data.h"
#include "image.h"

enum { DEPTH = 8 };

typedef struct folder {
	const nn_model *m; /* what pictures are resized to        */
	char *text;        /* all paths, each ended by a zero     */
	size_t used, room; /* of text                             */
	uint64_t *path;    /* [count]: where in text              */
	int32_t *group;    /* [count]: number of its directory    */
	int64_t count;     /* pictures                            */
	int64_t paths;     /* room in path and group              */
	char **name;       /* [groups]: the classes' directories  */
	int groups;        /* how many                            */
} folder;

static void free_names(char **name, int count)
{
	for (int i = 0; i < count; i++)
		free(name[i]);
	free(name);
}

static void close_folder(void *source)
{
	folder *f = source;
	free_names(f->name, f->groups);
	free(f->text);
	free(f->path);
	free(f->group);
	free(f);
}

static const char *path_of(const void *source, int64_t item)
{
	const folder *f = source;
	return f->text + f->path[item];
}

static bool fetch(const void *source, int64_t item, uint8_t *values, nn_scratch *scratch,
                  nn_error *e)
{
	const folder *f = source;
	return nn_image_read(path_of(f, item), f->m, true, values, scratch, e);
}

static bool is_picture(const char *name)
{
	static const char *const ending[] = {".png", ".jpg", ".jpeg"};
	size_t len = strlen(name);
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
		size_t n = strlen(ending[i]);
		if (len > n && !strcasecmp(name + len - n, ending[i]))
			return true;
	}
	return false;
}

static void *grow(void *memory, size_t bytes, nn_error *e)
{
	void *more = realloc(memory, bytes);
	if (!more)
		nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the names of pictures");
	return more;
}

static bool add_picture(folder *f, const char *path, int group, nn_error *e)
{
	size_t len = strlen(path) + 1;
	void *more;
	if (f->count == UINT32_MAX - 1)
		return nn_fail(e, NN_EXIT_DATA, "more than 2^32 pictures");
	if (f->used + len > f->room) {
		f->room = 2 * (f->room + len) + 4096;
		if (!(more = grow(f->text, f->room, e)))
			return false;
		f->text = more;
	}
	if (f->count == f->paths) {
		f->paths = 2 * f->paths + 256;
		if (!(more = grow(f->path, (size_t)f->paths * sizeof *f->path, e)))
			return false;
		f->path = more;
		if (!(more = grow(f->group, (size_t)f->paths * sizeof *f->group, e)))
			return false;
		f->group = more;
	}
	memcpy(f->text + f->used, path, len);
	f->path[f->count] = f->used;
	f->group[f->count++] = group;
	f->used += len;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a directory in order, without those that begin with a point; their number or -1. */
static int list(const char *path, char ***name, nn_error *e)
{
	int count = 0, room = 0;
	*name = NULL;
	DIR *d = opendir(path);
	if (!d) {
		bool missing = errno == ENOENT;
		nn_fail(e,
		        missing            ? NN_EXIT_INPUT
		        : errno == ENOTDIR ? NN_EXIT_DATA
		                           : NN_EXIT_IO,
		        "%s: cannot open the directory: %s", path, strerror(errno));
		return -1;
	}
	for (struct dirent *entry; !e->code && (entry = readdir(d));) {
		if (entry->d_name[0] == '.')
			continue;
		if (count == room) {
			room = 2 * room + 64;
			char **more = grow(*name, (size_t)room * sizeof *more, e);
			if (!more)
				break;
			*name = more;
		}
		if (!((*name)[count] = strdup(entry->d_name)))
			nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the names of pictures");
		else
			count++;
	}
	closedir(d);
	if (!e->code && count)
		qsort(*name, (size_t)count, sizeof **name, by_name);
	if (!e->code)
		return count;
	free_names(*name, count);
	return -1;
}

static bool is_directory(const char *path)
{
	struct stat st;
	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* All pictures below a directory, in order. */
static bool walk(folder *f, const char *path, int group, int depth, nn_error *e)
{
	char **name, *inner = nn_alloc(NN_PATH_MAX, 1, "names", e);
	int count = inner ? list(path, &name, e) : -1;
	if (count < 0) {
		free(inner);
		return false;
	}
	for (int i = 0; i < count && !e->code; i++) {
		if (!nn_join(inner, path, name[i], e))
			break;
		if (is_picture(name[i]) && !is_directory(inner))
			add_picture(f, inner, group, e);
		else if (!is_picture(name[i]) && depth < DEPTH && is_directory(inner))
			walk(f, inner, group, depth + 1, e);
	}
	free_names(name, count);
	free(inner);
	return !e->code;
}

/* The directories of the classes, and what is in them. */
static bool walk_classes(folder *f, const char *root, nn_error *e)
{
	char **name, path[NN_PATH_MAX];
	int count = list(root, &name, e), kept = 0;
	if (count < 0)
		return false;
	for (int i = 0; i < count; i++) {
		if (!e->code && nn_join(path, root, name[i], e) && is_directory(path)) {
			walk(f, path, kept, 0, e);
			name[kept++] = name[i];
		} else {
			free(name[i]);
		}
	}
	f->name = name;
	f->groups = kept;
	return !e->code;
}

/* ---- which directory is which class -------------------------------------------------------- */

static int named_class(const nn_model *m, const char *name)
{
	for (int i = 0; m->class_name && i < m->class_names; i++)
		if (!strcmp(name, m->class_name[i]))
			return i;
	return -1;
}

static int numbered_class(const nn_model *m, const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);
	return *name >= '0' && *name <= '9' && !*end && n < m->classes ? (int)n : -1;
}

static int placed_class(const nn_model *m, const folder *f, int group)
{
	return f->groups == m->classes ? group : -1;
}

/* One rule for all directories: the first that gives each a class. */
static bool set_classes(const folder *f, const nn_loader *l, nn_items *items, const char *root,
                        nn_error *e)
{
	const nn_model *m = f->m;
	bool fits[3] = {true, true, true};
	for (int g = 0; g < f->groups; g++) {
		fits[0] = fits[0] && named_class(m, f->name[g]) >= 0;
		fits[1] = fits[1] && numbered_class(m, f->name[g]) >= 0;
		fits[2] = fits[2] && placed_class(m, f, g) >= 0;
	}
	if (!fits[0] && !fits[1] && !fits[2])
		return nn_fail(
		        e, NN_EXIT_DATA,
		        "%s: %d directories, '%s' the first, but the network has %d classes: "
		        "as many directories, or directories called as in <classes>, or by "
		        "number, are wanted",
		        root, f->groups, f->groups ? f->name[0] : "", m->classes);
	if (!nn_labels_open(items, root, e))
		return false;
	for (int64_t i = 0; i < f->count; i++) {
		int g = f->group[i];
		int label = fits[0]   ? named_class(m, f->name[g])
		            : fits[1] ? numbered_class(m, f->name[g])
		                      : placed_class(m, f, g);
		if (!nn_label_set(l, items, i, label, path_of(f, i), e))
			return false;
	}
	return true;
}

static bool fill(folder *f, const nn_loader *l, const char *root, nn_error *e)
{
	f->m = l->settings->model;
	if (!(l->labels ? walk_classes(f, root, e) : walk(f, root, 0, 0, e)))
		return false;
	return f->count || nn_fail(e, NN_EXIT_DATA, "%s: no PNG or JPEG files %s", root,
	                           l->labels ? "in directories, one for each class" : "below it");
}

bool nn_read_folder(const nn_loader *l, nn_items *items, nn_error *e)
{
	char root[NN_PATH_MAX];
	if (!l->source->dir)
		return nn_fail(e, NN_EXIT_DATA,
		               "<%s>: dir=\"...\" is missing, format=\"folder\" needs it",
		               l->source->split);
	if (l->targets)
		return nn_fail(e, NN_EXIT_DATA,
		               "format=\"folder\" has classes, but the loss wants %lld real values "
		               "an item",
		               (long long)l->targets);
	folder *f = nn_alloc(1, sizeof *f, "data", e);
	if (!f || !nn_join(root, l->root, l->source->dir, e) || !fill(f, l, root, e)) {
		if (f)
			close_folder(f);
		return false;
	}
	snprintf(items->name, sizeof items->name, "%.255s", root);
	items->count = f->count;
	items->values = l->values;
	items->store = nn_store_open(f->count, l->values, fetch, f, close_folder, e);
	if (!items->store)
		return false;
	items->store->path = path_of;
	items->u8 = items->store->at;
	return !l->labels || set_classes(f, l, items, root, e);
}
