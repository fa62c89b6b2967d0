/* data_folder.c: a directory for each class, with pictures in it (image.h).
 *
 *     <training dir="train"/>     train/cat/1.png train/cat/2.jpg train/dog/old/3.jpeg ...
 *
 * Classes are called as <classes> says, else as the directories of the training part (meaning.c);
 * a directory of any part that is none of them is an error. A network that learns without labels
 * takes pictures from anywhere below the directory. Names that begin with a point are passed over,
 * files with other endings as well, but counted. A directory is looked at once, even if links lead
 * back to it.
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

enum { DEPTH = 64 };

/* A directory by what it is, whatever it is called. */
typedef struct seen {
	dev_t device;
	ino_t inode;
	int group; /* for which class; -1: it holds the classes */
} seen;

typedef struct folder {
	const nn_model *m; /* what pictures are resized to        */
	char *text;        /* all paths, each ended by a zero     */
	size_t used, room; /* of text                             */
	uint64_t *path;    /* [count]: where in text              */
	int32_t *group;    /* [count]: number of its directory    */
	int64_t count;     /* pictures                            */
	int64_t paths;     /* room in path and group              */
	nn_names name;     /* the classes' directories, by group  */
	seen *seen;        /* directories that were looked at     */
	int64_t seen_count, seen_room;
	int64_t passed;       /* files that are no pictures       */
	char passed_one[256]; /* the first of them                */
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
	nn_names_free(&f->name);
	free(f->seen);
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
	return nn_image_read(path_of(f, item), f->m, values, scratch, e);
}

static bool is_picture(const char *name)
{
	static const char *const ending[] = {".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm"};
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

/* ---- directories --------------------------------------------------------------------------- */

/* Notes a directory; false where it was seen before, or with an error where that was for another
 * class. Links may lead to it by many ways: it is looked at once. */
static bool enter(folder *f, const char *path, int group, nn_error *e)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return nn_fail(e, NN_EXIT_IO, "%s: cannot open the directory: %s", path,
		               strerror(errno));
	for (int64_t i = 0; i < f->seen_count; i++) {
		const seen *s = &f->seen[i];
		if (s->device != st.st_dev || s->inode != st.st_ino)
			continue;
		if (s->group < 0 || s->group == group)
			return false;
		return nn_fail(e, NN_EXIT_DATA,
		               "%s: a link in the directory of another class leads to it as well, "
		               "but a picture has one class",
		               path);
	}
	if (f->seen_count == f->seen_room) {
		f->seen_room = 2 * f->seen_room + 64;
		seen *more = grow(f->seen, (size_t)f->seen_room * sizeof *more, e);
		if (!more)
			return false;
		f->seen = more;
	}
	f->seen[f->seen_count++] = (seen){st.st_dev, st.st_ino, group};
	return true;
}

/* Whether an entry is a directory; a file that is no picture is counted. */
static bool is_directory(folder *f, const char *path, bool picture)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return false;
	if (S_ISREG(st.st_mode) && !picture && !f->passed++)
		snprintf(f->passed_one, sizeof f->passed_one, "%.255s", path);
	return S_ISDIR(st.st_mode);
}

/* All pictures below a directory, in order. */
static bool walk(folder *f, const char *path, int group, int depth, nn_error *e)
{
	char **name, *inner;
	if (!enter(f, path, group, e))
		return !e->code;
	if (depth > DEPTH)
		return nn_fail(e, NN_EXIT_DATA, "%s: more than %d directories deep", path, DEPTH);
	inner = nn_alloc(NN_PATH_MAX, 1, "names", e);
	int count = inner ? list(path, &name, e) : -1;
	if (count < 0) {
		free(inner);
		return false;
	}
	for (int i = 0; i < count && !e->code; i++) {
		bool picture = is_picture(name[i]);
		if (!nn_join(inner, path, name[i], e))
			break;
		if (is_directory(f, inner, picture))
			walk(f, inner, group, depth + 1, e);
		else if (picture)
			add_picture(f, inner, group, e);
	}
	free_names(name, count);
	free(inner);
	return !e->code;
}

/* The directories of the classes, and what is in them. */
static bool walk_classes(folder *f, const char *root, nn_error *e)
{
	char **name, path[NN_PATH_MAX];
	int count = list(root, &name, e);
	if (count < 0)
		return false;
	enter(f, root, -1, e);
	for (int i = 0; i < count && !e->code; i++) {
		if (!nn_join(path, root, name[i], e) || !is_directory(f, path, is_picture(name[i])))
			continue;
		int group = (int)nn_names_add(&f->name, name[i], strlen(name[i]), e);
		if (group >= 0)
			walk(f, path, group, 0, e);
	}
	free_names(name, count);
	return !e->code;
}

/* ---- which directory is which class -------------------------------------------------------- */

static bool unknown_class(const nn_loader *l, const char *root, const char *name, nn_error *e)
{
	nn_text why = {0};
	nn_meaning_explain(l->meaning, name, l->settings->model->classes, &why);
	nn_fail(e, NN_EXIT_DATA, "%s/%s: the directory '%s' is no class: %s", root, name, name,
	        why.at ? why.at : "");
	nn_text_free(&why);
	return false;
}

/* The class of each directory: class_of[number of its name]. */
static bool find_classes(folder *f, const nn_loader *l, const char *root, int32_t *class_of,
                         nn_error *e)
{
	int classes = l->settings->model->classes;
	if (l->training && !l->meaning->classes.count &&
	    !nn_meaning_name(l->meaning, &f->name, classes, root, "directories", class_of, e))
		return false;
	for (int64_t i = 0; i < f->name.count; i++) {
		const char *name = f->name.at[i];
		class_of[i] = (int32_t)nn_meaning_class(l->meaning, name, strlen(name), classes);
		if (class_of[i] < 0)
			return unknown_class(l, root, name, e);
	}
	return true;
}

static bool set_classes(folder *f, const nn_loader *l, nn_items *items, const char *root,
                        nn_error *e)
{
	int32_t *class_of = nn_alloc((size_t)f->name.count, sizeof *class_of, root, e);
	bool ok =
	        class_of && nn_labels_open(items, root, e) && find_classes(f, l, root, class_of, e);
	for (int64_t i = 0; ok && i < f->count; i++)
		ok = nn_label_set(l, items, i, class_of[f->group[i]], path_of(f, i), e);
	free(class_of);
	return ok;
}

static bool fill(folder *f, const nn_loader *l, const char *root, nn_error *e)
{
	f->m = l->settings->model;
	if (!(l->labels ? walk_classes(f, root, e) : walk(f, root, 0, 0, e)))
		return false;
	return f->count ||
	       nn_fail(e, NN_EXIT_DATA, "%s: no pictures (" NN_IMAGE_FORMATS ") %s", root,
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
	items->passed = f->passed;
	memcpy(items->passed_one, f->passed_one, sizeof items->passed_one);
	return !l->labels || set_classes(f, l, items, root, e);
}
