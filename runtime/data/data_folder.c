/* data_folder.c: a directory for each class, with pictures in it (image.h).
 *
 *     <training dir="train"/>     train/cat/1.png train/cat/2.jpg train/dog/old/3.jpeg ...
 *
 * Classes are called as <classes> says, else as the directories of the training part (meaning.c);
 * a directory of any part that is none of them is an error. A network that learns without labels
 * takes pictures from anywhere below the directory. Names that begin with a point are passed over;
 * files with other endings, or in no class's directory, as well, but counted. A directory is looked
 * at once, even if links lead back to it; links that lead above the root are not followed.
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

enum { ABOVE = -1, NEW = -2 };

/* A directory by what it is, whatever it is called. */
typedef struct seen {
	dev_t device;
	ino_t inode;
	int group; /* for which class; ABOVE: it holds the classes */
	bool used; /* of the table's places                        */
} seen;

/* What stands in a directory. */
typedef struct entry {
	char *name;
	unsigned char type; /* d_type */
} entry;

typedef struct folder {
	const nn_model *m;             /* what pictures are resized to        */
	char *text;                    /* all paths, each ended by a zero     */
	size_t used, room;             /* of text                             */
	uint64_t *path;                /* [count]: where in text              */
	int32_t *group;                /* [count]: number of its directory    */
	int64_t count;                 /* pictures                            */
	int64_t paths;                 /* room in path and group              */
	nn_names name;                 /* the classes' directories, by group  */
	seen *seen;                    /* hash table of directories that were looked at */
	int64_t seen_count, seen_room; /* room: 0 or a power of two, twice the count */
	int64_t passed;                /* files that are no items          */
	char passed_one[256];          /* the first of them                */
} folder;

static void free_entries(entry *list, int count)
{
	for (int i = 0; i < count; i++)
		free(list[i].name);
	free(list);
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
	return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

/* What stands in a directory, by name, without what begins with a point; how many or -1. */
static int list(const char *path, entry **to, nn_error *e)
{
	int count = 0, room = 0;
	*to = NULL;
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
	for (struct dirent *there; !e->code && (there = readdir(d));) {
		if (there->d_name[0] == '.')
			continue;
		if (count == room) {
			room = 2 * room + 64;
			entry *more = grow(*to, (size_t)room * sizeof *more, e);
			if (!more)
				break;
			*to = more;
		}
		(*to)[count] = (entry){strdup(there->d_name), there->d_type};
		if (!(*to)[count].name)
			nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the names of pictures");
		else
			count++;
	}
	closedir(d);
	if (!e->code && count)
		qsort(*to, (size_t)count, sizeof **to, by_name);
	if (!e->code)
		return count;
	free_entries(*to, count);
	return -1;
}

/* ---- directories --------------------------------------------------------------------------- */

/* The place of a directory in the table, or the free one where it belongs. */
static seen *place_of(const folder *f, const struct stat *st)
{
	uint64_t mask = (uint64_t)f->seen_room - 1;
	uint64_t i = ((uint64_t)st->st_ino ^ (uint64_t)st->st_dev << 32) * 0x9e3779b97f4a7c15;
	for (i = i >> 20 & mask;; i = (i + 1) & mask) {
		seen *s = &f->seen[i];
		if (!s->used || (s->device == st->st_dev && s->inode == st->st_ino))
			return s;
	}
}

static bool grow_seen(folder *f, nn_error *e)
{
	seen *old = f->seen;
	int64_t room = f->seen_room;
	f->seen_room = room ? 2 * room : 64;
	f->seen = nn_alloc((size_t)f->seen_room, sizeof *f->seen, "directories", e);
	for (int64_t i = 0; f->seen && i < room; i++)
		if (old[i].used)
			*place_of(f, &(struct stat){.st_dev = old[i].device,
			                            .st_ino = old[i].inode}) = old[i];
	free(old);
	return f->seen != NULL;
}

static bool look_at(const char *path, struct stat *st, nn_error *e)
{
	if (!stat(path, st))
		return true;
	return nn_fail(e, errno == ENOENT ? NN_EXIT_INPUT : NN_EXIT_IO,
	               "%s: cannot open the directory: %s", path, strerror(errno));
}

/* For which class a directory was noted; NEW if it was not, and is now. */
static bool note(folder *f, const char *path, int group, int *before, nn_error *e)
{
	struct stat st;
	if (!look_at(path, &st, e))
		return false;
	if (2 * (f->seen_count + 1) > f->seen_room && !grow_seen(f, e))
		return false;
	seen *s = place_of(f, &st);
	*before = s->used ? s->group : NEW;
	f->seen_count += !s->used;
	if (!s->used)
		*s = (seen){st.st_dev, st.st_ino, group, true};
	return true;
}

/* Notes a directory; false where it was seen before, or with an error where that was for another
 * class. Links may lead to it by many ways: it is looked at once. */
static bool enter(folder *f, const char *path, int group, nn_error *e)
{
	int before;
	if (!note(f, path, group, &before, e) || before == ABOVE || before == group)
		return false;
	return before == NEW ||
	       nn_fail(e, NN_EXIT_DATA,
	               "%s: a link in the directory of another class leads to it as well, "
	               "but a picture has one class",
	               path);
}

/* Notes the root and all that it lies in: a link to them leads back to every class. */
static bool enter_above(folder *f, const char *root, bool itself, nn_error *e)
{
	char path[NN_PATH_MAX];
	int before = NEW;
	size_t len = strlen(root);
	snprintf(path, sizeof path, "%s", root);
	if (itself && !note(f, path, ABOVE, &before, e))
		return false;
	while (before == NEW && len + 4 < sizeof path) {
		memcpy(path + len, "/..", 4);
		len += 3;
		if (!note(f, path, ABOVE, &before, e))
			return false;
	}
	return true;
}

/* Whether an entry is a directory; what is neither that nor wanted is counted. */
static bool is_directory(folder *f, const char *path, const entry *x, bool wanted)
{
	struct stat st;
	bool known = x->type != DT_UNKNOWN && x->type != DT_LNK;
	if (known ? x->type == DT_DIR : !stat(path, &st) && S_ISDIR(st.st_mode))
		return true;
	if (!wanted && !f->passed++)
		snprintf(f->passed_one, sizeof f->passed_one, "%.255s", path);
	return false;
}

/* All pictures below a directory, in order. */
static bool walk(folder *f, const char *path, int group, int depth, nn_error *e)
{
	char *inner;
	entry *inside;
	if (!enter(f, path, group, e))
		return !e->code;
	if (depth > DEPTH)
		return nn_fail(e, NN_EXIT_DATA, "%s: more than %d directories deep", path, DEPTH);
	inner = nn_alloc(NN_PATH_MAX, 1, "names", e);
	int count = inner ? list(path, &inside, e) : -1;
	if (count < 0) {
		free(inner);
		return false;
	}
	for (int i = 0; i < count && !e->code; i++) {
		bool picture = is_picture(inside[i].name);
		if (!nn_join(inner, path, inside[i].name, e))
			break;
		if (is_directory(f, inner, &inside[i], picture))
			walk(f, inner, group, depth + 1, e);
		else if (picture)
			add_picture(f, inner, group, e);
	}
	free_entries(inside, count);
	free(inner);
	return !e->code;
}

/* A directory of a class, unless it is a link that leads back. */
static bool walk_class(folder *f, const char *path, const entry *x, nn_error *e)
{
	struct stat st;
	if (!look_at(path, &st, e))
		return false;
	const seen *s = place_of(f, &st);
	if (s->used && s->group == ABOVE)
		return true;
	int group = (int)nn_names_add(&f->name, x->name, strlen(x->name), e);
	return group >= 0 && walk(f, path, group, 0, e);
}

/* The directories of the classes, and what is in them. */
static bool walk_classes(folder *f, const char *root, nn_error *e)
{
	char path[NN_PATH_MAX];
	entry *inside;
	int count = list(root, &inside, e);
	if (count < 0)
		return false;
	bool ok = enter_above(f, root, true, e);
	for (int i = 0; ok && i < count; i++) {
		ok = nn_join(path, root, inside[i].name, e);
		if (ok && is_directory(f, path, &inside[i], false))
			ok = walk_class(f, path, &inside[i], e);
	}
	free_entries(inside, count);
	return ok;
}

/* All pictures below the root, which are of no class. */
static bool walk_all(folder *f, const char *root, nn_error *e)
{
	return enter_above(f, root, false, e) && walk(f, root, 0, 0, e);
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
	if (!(l->labels ? walk_classes(f, root, e) : walk_all(f, root, e)))
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
