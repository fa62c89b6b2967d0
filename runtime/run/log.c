/* log.c: what a training tells while it runs.
 *
 *     log.csv     epoch,step,loss,accuracy,val_loss,val_accuracy,lr,seconds,images_per_second
 *     log.jsonl   the same numbers under the same names, an object a line; null where there is none
 *     events.out.tfevents.nncc    the same for TensorBoard (events.c)
 *     stderr      a bar when it is a terminal, a line an epoch otherwise
 *
 * One table holds the names and the places of the numbers. The files are only added to; a resumed
 * run first cuts what was written after its state. */
#include "log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bar.h"
#include "../base/calc.h"
#include "../file/io.h"
#include "../kernel/nn_team.h"

static const struct {
	const char *name; /* column and key                       */
	size_t place;     /* in nn_record                         */
	const char *tag;  /* TensorBoard's; NULL: int64_t         */
} column[] = {
        {"epoch", offsetof(nn_record, epoch), NULL},
        {"step", offsetof(nn_record, step), NULL},
        {"loss", offsetof(nn_record, loss), "loss/training"},
        {"accuracy", offsetof(nn_record, accuracy), "accuracy/training"},
        {"val_loss", offsetof(nn_record, val_loss), "loss/validation"},
        {"val_accuracy", offsetof(nn_record, val_accuracy), "accuracy/validation"},
        {"lr", offsetof(nn_record, lr), "learning_rate"},
        {"seconds", offsetof(nn_record, seconds), "time/seconds"},
        {"images_per_second", offsetof(nn_record, images_per_second), "time/images_per_second"},
};

enum { CSV, JSONL, COLUMNS = sizeof column / sizeof *column, LOG_MOST = 64 << 20 };

static const char *const file[] = {"log.csv", "log.jsonl", "events.out.tfevents.nncc"};

static bool read_list(nn_log *l, const char *list, const char *out, nn_error *e)
{
	static const char *const name[] = {"csv", "jsonl", "tensorboard"};
	char *const path[] = {l->path[0], l->path[1], l->events.path};
	while (*list) {
		size_t len = strcspn(list, ",");
		int k = -1;
		for (int i = 0; i < 3; i++)
			if (strlen(name[i]) == len && !memcmp(list, name[i], len))
				k = i;
		if (k < 0)
			return nn_fail(e, NN_EXIT_USAGE,
			               "--log: expected a list of csv, jsonl and "
			               "tensorboard, found '%.*s'",
			               (int)len, list);
		if (!nn_join(path[k], out, file[k], e))
			return false;
		list += len + (list[len] != 0);
	}
	return true;
}

bool nn_log_remove(const char *out, nn_error *e)
{
	for (size_t k = 0; k < sizeof file / sizeof *file; k++) {
		char path[NN_PATH_MAX];
		if (!nn_join(path, out, file[k], e) || !nn_remove_file(path, e))
			return false;
	}
	return true;
}

bool nn_log_sync(const nn_log *l, nn_error *e)
{
	const char *const path[] = {l->path[0], l->path[1], l->events.path};
	for (int k = 0; k < 3; k++)
		if (path[k][0] && !nn_sync_file(path[k], e))
			return false;
	return true;
}

static void write_header(nn_text *t)
{
	for (int i = 0; i < COLUMNS; i++)
		nn_text_add(t, i ? ",%s" : "%s", column[i].name);
	nn_text_add(t, "\n");
}

bool nn_log_open(nn_log *l, const nn_options *o, const char *out, const int64_t keep[2],
                 int64_t step, bool write, nn_error *e)
{
	int64_t last = o->until > 0 && o->until < o->epochs ? o->until : o->epochs;
	*l = (nn_log){.epochs = o->epochs, .last = last, .drawn = -1e9};
	bool automatic = !strcmp(o->progress, "auto"), terminal = isatty(STDERR_FILENO);
	l->bar = !o->quiet && (!strcmp(o->progress, "bar") || (automatic && terminal));
	l->lines = !o->quiet && strcmp(o->progress, "none") != 0;
	nn_text_reserve(&l->text, 1024);
	if (!read_list(l, o->log ? o->log : "csv,jsonl", out, e))
		return false;
	if (!write)
		l->events.path[0] = 0;
	if (!nn_events_open(&l->events, keep ? step : -1, e))
		return false;
	for (int k = 0; k < 2; k++) {
		if (!write)
			l->path[k][0] = 0;
		if (!l->path[k][0])
			continue;
		/* A state of a run without this log keeps nothing of it. */
		if (keep && keep[k] && nn_exists(l->path[k])) {
			l->bytes[k] = keep[k];
			if (!nn_cut_file(l->path[k], (size_t)keep[k], e))
				return false;
			continue;
		}
		nn_text_clear(&l->text);
		if (k == CSV)
			write_header(&l->text);
		if (!nn_write_file(l->path[k], l->text.at, l->text.len, e))
			return false;
		l->bytes[k] = (int64_t)l->text.len;
	}
	return true;
}

static void write_record(nn_text *t, const nn_record *r, int form)
{
	nn_text_add(t, "%s", form == JSONL ? "{" : "");
	for (int i = 0; i < COLUMNS; i++) {
		const char *place = (const char *)r + column[i].place;
		nn_text_add(t, "%s", i ? "," : "");
		if (form == JSONL)
			nn_text_add(t, "\"%s\":", column[i].name);
		double value = column[i].tag ? *(const double *)place : 0;
		if (!column[i].tag)
			nn_text_add(t, "%lld", *(const long long *)place);
		else if (form == JSONL || isfinite(value))
			nn_text_number(t, value, 9);
	}
	nn_text_add(t, "%s\n", form == JSONL ? "}" : "");
}

void nn_log_clear(nn_log *l)
{
	if (l->bar)
		fputs("\r\033[K", stderr);
}

static void print_line(const nn_log *l, const nn_record *r)
{
	fprintf(stderr, "epoch %lld/%lld  step %lld  loss %.4g", (long long)r->epoch,
	        (long long)l->epochs, (long long)r->step, r->loss);
	if (isfinite(r->accuracy))
		fprintf(stderr, "  accuracy %.4f", r->accuracy);
	if (isfinite(r->val_loss))
		fprintf(stderr, "  val_loss %.4g", r->val_loss);
	if (isfinite(r->val_accuracy))
		fprintf(stderr, "  val_accuracy %.4f", r->val_accuracy);
	fprintf(stderr, "  lr %.3g  %.1f s  %.0f images/s\n", r->lr, r->seconds,
	        r->images_per_second);
}

static bool add_event(nn_log *l, const nn_record *r, nn_error *e)
{
	const char *tag[COLUMNS];
	double value[COLUMNS];
	int count = 0;
	for (int i = 0; i < COLUMNS; i++) {
		if (!column[i].tag)
			continue;
		tag[count] = column[i].tag;
		value[count++] = *(const double *)((const char *)r + column[i].place);
	}
	return nn_events_add(&l->events, r->step, (double)time(NULL), tag, value, count, e);
}

bool nn_log_epoch(nn_log *l, const nn_record *r, nn_error *e)
{
	nn_log_clear(l);
	l->ending = fmax(r->seconds - l->stepped, 0);
	if (l->lines)
		print_line(l, r);
	for (int k = 0; k < 2; k++) {
		if (!l->path[k][0])
			continue;
		nn_text_clear(&l->text);
		write_record(&l->text, r, k);
		if (l->text.failed)
			return nn_fail(e, NN_EXIT_MEMORY, "not enough memory for the log");
		if (!nn_append_file(l->path[k], l->text.at, l->text.len, e))
			return false;
		l->bytes[k] += (int64_t)l->text.len;
	}
	return add_event(l, r, e);
}

/* Copies the text of column i in a line into `text`: between commas, or behind its key. */
static void cell(const char *line, int i, int form, char text[64])
{
	const char *at = line;
	text[0] = 0;
	if (form == JSONL) {
		char key[64];
		snprintf(key, sizeof key, "\"%s\":", column[i].name);
		at = strstr(line, key);
		at = at ? at + strlen(key) : "";
	} else {
		for (int k = 0; k < i; k++)
			at += strcspn(at, ",\n") + (at[strcspn(at, ",\n")] == ',');
	}
	size_t len = strcspn(at, ",}\r\n");
	snprintf(text, 64, "%.*s", (int)(len < 63 ? len : 63), at);
}

static bool read_record(nn_record *r, const char *line, int form)
{
	for (int i = 0; i < COLUMNS; i++) {
		char text[64], *place = (char *)r + column[i].place;
		double value = NAN;
		cell(line, i, form, text);
		bool none = !text[0] || !strcmp(text, "null");
		if (!none && !nn_parse_double(text, &value))
			return false;
		if (column[i].tag)
			*(double *)place = value;
		else if (value >= 0 && value < 9e15)
			*(int64_t *)place = (int64_t)value;
		else
			return false;
	}
	return true;
}

static bool read_records(const char *path, char *text, int form, nn_record **record,
                         int64_t *records, nn_error *e)
{
	int64_t lines = 0;
	for (const char *s = text; *s; s++)
		lines += *s == '\n';
	*record = nn_alloc((size_t)lines + 1, sizeof **record, path, e);
	if (!*record)
		return false;
	char *line = form == CSV ? text + strcspn(text, "\n") : text;
	for (line += form == CSV && *line; strchr(line, '\n'); line = strchr(line, '\n') + 1)
		if (!read_record(&(*record)[(*records)++], line, form))
			return nn_fail(e, NN_EXIT_DATA, "%s: line %lld is no record of an epoch",
			               path, (long long)*records + (form == CSV));
	return true;
}

bool nn_log_read(const char *out, nn_record **record, int64_t *records, nn_error *e)
{
	*record = NULL;
	*records = 0;
	for (int form = CSV; form <= JSONL; form++) {
		char path[NN_PATH_MAX], *text;
		size_t count;
		if (!nn_join(path, out, file[form], e))
			return false;
		if (!nn_exists(path))
			continue;
		if (!nn_read_file(path, LOG_MOST, &text, &count, e))
			return false;
		bool ok = read_records(path, text, form, record, records, e);
		free(text);
		return ok;
	}
	return true;
}

void nn_log_bar(nn_log *l, const nn_record *r, double part, double from)
{
	double now = nn_clock_ms();
	l->stepped = r->seconds;
	if (!l->bar || now - l->drawn < 100)
		return;
	l->drawn = now;
	/* The next epochs are taken to be as this one, and each to end as the one before did. */
	double whole = r->seconds / (part - from);
	nn_bar bar = {.epoch = r->epoch,
	              .epochs = l->epochs,
	              .part = part,
	              .loss = r->loss,
	              .accuracy = r->accuracy,
	              .images_per_second = r->images_per_second,
	              .epoch_left = whole * (1 - part) + l->ending};
	bar.left = bar.epoch_left + (double)(l->last - r->epoch) * (whole + l->ending);
	char text[NN_BAR_MOST];
	nn_bar_text(&bar, nn_bar_columns(STDERR_FILENO), text);
	fprintf(stderr, "\r\033[K%s", text);
}

void nn_log_close(nn_log *l)
{
	nn_events_close(&l->events);
	nn_text_free(&l->text);
}
