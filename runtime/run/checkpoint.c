/* checkpoint.c: weights and the state of a training, on disk.
 *
 *     last.safetensors, best.safetensors   parameters and running statistics, PyTorch's names
 *     state.safetensors                    these, "state.NAME" for the optimizer, and all counters
 *     state.previous.safetensors           the state before
 *
 * A resumed run reads state.safetensors alone: it holds everything, and it is replaced by one
 * rename, so that a crash at any moment leaves one complete and consistent state. The weights files
 * are written before it; a run that dies in between writes the same ones again. Random numbers need
 * no state (nn_rand.h), doubles are written with 17 digits, hence resuming is exact.
 *
 * What is checked when loading: the structure (safetensors.c), the SHA-256 over everything, the
 * architecture's hash, and that names, shapes and types are exactly those of this network. Every
 * refusal is exit 76 with its reason. */
#include "checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/calc.h"
#include "../file/io.h"
#include "../net/tensor.h"

/* The counters of nn_progress: key in the metadata, place, whether it is a double. */
static const struct {
	const char *key; /* in the file      */
	size_t place;    /* in nn_progress   */
	bool real;       /* double or whole  */
} counter[] = {
        {"step", offsetof(nn_progress, step), false},
        {"epoch", offsetof(nn_progress, epoch), false},
        {"position", offsetof(nn_progress, position), false},
        {"loss_sum", offsetof(nn_progress, loss_sum), true},
        {"correct", offsetof(nn_progress, correct), false},
        {"best", offsetof(nn_progress, best), true},
        {"best_epoch", offsetof(nn_progress, best_epoch), false},
        {"waited", offsetof(nn_progress, waited), false},
        {"plateau_cuts", offsetof(nn_progress, cuts), false},
        {"plateau_waited", offsetof(nn_progress, plateau_waited), false},
        {"plateau_best", offsetof(nn_progress, plateau_best), true},
        {"finished", offsetof(nn_progress, finished), false},
        {"log_csv_bytes", offsetof(nn_progress, log_bytes[0]), false},
        {"log_jsonl_bytes", offsetof(nn_progress, log_bytes[1]), false},
        {"seed", offsetof(nn_progress, seed), false},
        {"batch", offsetof(nn_progress, batch), false},
        {"items", offsetof(nn_progress, items), false},
};

enum { COUNTERS = sizeof counter / sizeof *counter, TEXT_ROOM = 1 << 16 };

static bool is_weight(nn_kind kind)
{
	return kind == NN_PARAM || kind == NN_FROZEN || kind == NN_RUNNING;
}

static bool is_wanted(const nn_tensor *t, bool state)
{
	return is_weight(t->kind) || (state && t->kind == NN_STATE);
}

static nn_dtype real_type(const nn_program *p)
{
	return p->real_size == 8 ? NN_F64 : NN_F32;
}

/* ---- saving -------------------------------------------------------------------------------- */

bool nn_checkpoint_open(nn_checkpoint *c, nn_net *net, const nn_normalize *z, const nn_meaning *m,
                        const nn_st_pair *run, size_t runs, nn_error *e)
{
	const nn_program *p = net->program;
	*c = (nn_checkpoint){.net = net, .normalize = z, .meaning = m, .run = run, .runs = runs};
	const char *key[NN_MEANING_PAIRS];
	size_t at[NN_MEANING_PAIRS];
	size_t rows = (size_t)p->tensors;
	c->tensor = nn_alloc(rows, sizeof *c->tensor, "checkpoints", e);
	c->from = nn_alloc(rows, sizeof *c->from, "checkpoints", e);
	c->writer.pair = nn_alloc(NN_STATE_PAIRS + runs, sizeof *c->writer.pair, "checkpoints", e);
	size_t room = TEXT_ROOM + (size_t)z->channels * 64;
	nn_meaning_pairs(m, &c->text, key, at);
	room += c->text.len;
	nn_text_reserve(&c->text, room);
	/* JSON writes a byte in six at most. */
	size_t header = TEXT_ROOM + rows * 512 + 6 * room;
	for (size_t i = 0; i < runs; i++)
		header += 16 + 6 * (strlen(run[i].key) + strlen(run[i].value));
	nn_text_reserve(&c->writer.header, header);
	if (c->text.failed || c->writer.header.failed)
		nn_fail(e, NN_EXIT_MEMORY, "not enough memory for checkpoints");
	return !e->code;
}

void nn_checkpoint_close(nn_checkpoint *c)
{
	free(c->tensor);
	free(c->from);
	free(c->writer.pair);
	nn_text_free(&c->text);
	nn_text_free(&c->writer.header);
	*c = (nn_checkpoint){0};
}

static void pack(void *ctx, size_t i, int64_t first, int64_t count, char *bytes)
{
	const nn_checkpoint *c = ctx;
	const nn_program *p = c->net->program;
	nn_tensor_get_some(p, c->from[i], c->net->arena, first, count, real_type(p), bytes);
}

static void add_tensors(nn_checkpoint *c, bool state)
{
	const nn_program *p = c->net->program;
	nn_st_writer *w = &c->writer;
	w->tensors = 0;
	for (int i = 0; i < p->tensors; i++) {
		const nn_tensor *t = &p->tensor[i];
		if (!is_wanted(t, state))
			continue;
		nn_st_tensor *to = &c->tensor[w->tensors];
		*to = (nn_st_tensor){.name = t->name, .dtype = real_type(p), .rank = t->rank};
		for (int d = 0; d < t->rank; d++)
			to->dim[d] = t->dim[d];
		c->from[w->tensors++] = t;
	}
	w->tensor = c->tensor;
	w->pack = pack;
	w->ctx = c;
}

/* Adds a pair; the value is what was added to c->text since `from`. */
static void add_pair(nn_checkpoint *c, const char *key, size_t from)
{
	/* c->text does not move: it was given room for all of this. */
	c->writer.pair[c->writer.pairs++] = (nn_st_pair){key, c->text.at + from};
	c->text.len++;
}

static size_t mark(nn_checkpoint *c)
{
	nn_text_reserve(&c->text, c->text.len + 1);
	return c->text.len;
}

static void add_description(nn_checkpoint *c, const char *kind)
{
	const nn_model *m = c->net->model;
	c->writer.pairs = 0;
	nn_text_clear(&c->text);
	c->writer.pair[c->writer.pairs++] = (nn_st_pair){"format", "pt"};
	c->writer.pair[c->writer.pairs++] = (nn_st_pair){"kind", kind};
	c->writer.pair[c->writer.pairs++] = (nn_st_pair){"network", m->name};
	c->writer.pair[c->writer.pairs++] = (nn_st_pair){"nncc", m->version};
	c->writer.pair[c->writer.pairs++] = (nn_st_pair){"architecture_hash", m->architecture_hash};
	const double *both[2] = {c->normalize->mean, c->normalize->std};
	for (int k = 0; k < 2; k++) {
		size_t from = mark(c);
		for (int i = 0; i < c->normalize->channels; i++)
			nn_text_add(&c->text, i ? " %.17g" : "%.17g", both[k][i]);
		add_pair(c, k ? "normalize_std" : "normalize_mean", from);
	}
	const char *key[NN_MEANING_PAIRS];
	size_t at[NN_MEANING_PAIRS];
	mark(c);
	int pairs = nn_meaning_pairs(c->meaning, &c->text, key, at);
	for (int i = 0; i < pairs; i++)
		c->writer.pair[c->writer.pairs++] = (nn_st_pair){key[i], c->text.at + at[i]};
}

bool nn_put_weights(nn_checkpoint *c, nn_file *f, const char *path, nn_error *e)
{
	add_tensors(c, false);
	add_description(c, "weights");
	return nn_safetensors_put(&c->writer, f, path, e);
}

bool nn_save_weights(nn_checkpoint *c, const char *path, nn_error *e)
{
	nn_file f;
	return nn_put_weights(c, &f, path, e) && nn_file_commit(&f, NULL, e);
}

bool nn_save_state(nn_checkpoint *c, const char *path, const char *previous, const nn_progress *p,
                   nn_error *e)
{
	add_tensors(c, true);
	add_description(c, "state");
	for (int i = 0; i < COUNTERS; i++) {
		const char *place = (const char *)p + counter[i].place;
		size_t from = mark(c);
		if (counter[i].real)
			nn_text_add(&c->text, "%.17g", *(const double *)place);
		else
			nn_text_add(&c->text, "%lld", *(const long long *)place);
		add_pair(c, counter[i].key, from);
	}
	c->writer.pair[c->writer.pairs++] = (nn_st_pair){"data", p->data};
	for (size_t i = 0; i < c->runs; i++)
		c->writer.pair[c->writer.pairs++] = c->run[i];
	return nn_safetensors_write(&c->writer, path, previous, e);
}

/* ---- loading ------------------------------------------------------------------------------- */

static bool fits(const nn_tensor *t, const nn_st_tensor *found, const char *path, nn_error *e)
{
	bool same = found->rank == t->rank;
	for (int d = 0; same && d < t->rank; d++)
		same = found->dim[d] == t->dim[d];
	if (!same) {
		char a[192], b[192];
		nn_dims_text(a, sizeof a, t->dim, t->rank, ",");
		nn_dims_text(b, sizeof b, found->dim, found->rank, ",");
		return nn_fail(e, NN_EXIT_CHECKPOINT,
		               "%s: '%s' has shape [%s], this network has "
		               "[%s]",
		               path, t->name, b, a);
	}
	if (found->dtype != NN_F32 && found->dtype != NN_F64 && found->dtype != NN_F16 &&
	    found->dtype != NN_BF16)
		return nn_fail(e, NN_EXIT_CHECKPOINT,
		               "%s: '%s' is %s, expected F32, F64, F16 or BF16", path, t->name,
		               found->dtype_name);
	return true;
}

/* What may be in a file of weights besides: PyTorch's counters of batch norm; the optimizer in a
 * state of ours; what the verb step writes beside the weights. */
static bool may_be_there(const nn_safetensors *s, const char *name)
{
	static const char tail[] = "num_batches_tracked";
	const char *kind = nn_safetensors_meta(s, "kind");
	size_t len = strlen(name), n = sizeof tail - 1;
	if (len >= n && !strcmp(name + len - n, tail))
		return true;
	if (!nn_safetensors_meta(s, "architecture_hash"))
		return false;
	return (kind && !strcmp(kind, "state")) || !strcmp(name, "loss") ||
	       !strcmp(name, "output") || !strncmp(name, "grad.", 5);
}

/* The first few names of a list; they may be of a file that somebody else made. */
typedef struct names {
	char text[640]; /* "a, b, c"  */
	int count;      /* of all     */
} names;

static void add_name(names *l, const char *name)
{
	enum { SHOWN = 8, LONGEST = 70 };
	size_t at = strlen(l->text);
	if (l->count++ >= SHOWN)
		return;
	snprintf(l->text + at, sizeof l->text - at, "%s%.*s%s", at ? ", " : "", LONGEST, name,
	         l->count == SHOWN ? ", ..." : "");
	for (char *c = l->text + at; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* Names of the file and of the network must be the same. */
static bool same_names(const nn_program *p, const nn_safetensors *s, const char *path, bool state,
                       nn_error *e)
{
	names missing = {.count = 0}, unknown = {.count = 0};
	for (int i = 0; i < p->tensors; i++)
		if (is_wanted(&p->tensor[i], state) && !nn_safetensors_find(s, p->tensor[i].name))
			add_name(&missing, p->tensor[i].name);
	for (size_t k = 0; k < s->tensors; k++) {
		int i = 0;
		while (i < p->tensors && (!is_wanted(&p->tensor[i], state) ||
		                          strcmp(p->tensor[i].name, s->tensor[k].name) != 0))
			i++;
		if (i == p->tensors && !may_be_there(s, s->tensor[k].name))
			add_name(&unknown, s->tensor[k].name);
	}
	if (!missing.count && !unknown.count)
		return true;
	char lacks[720] = "", extra[720] = "";
	if (missing.count)
		snprintf(lacks, sizeof lacks, "%d of its tensors are not in the file (%s)",
		         missing.count, missing.text);
	if (unknown.count)
		snprintf(extra, sizeof extra, "%d of the file are unknown to it (%s)",
		         unknown.count, unknown.text);
	return nn_fail(e, NN_EXIT_CHECKPOINT,
	               "%.300s: these are not the weights of this network: %s%s%s", path, lacks,
	               lacks[0] && extra[0] ? "; " : "", extra);
}

/* Puts a tensor of the file into the arena, some at a time. */
static bool take_tensor(nn_net *net, const nn_tensor *t, const nn_safetensors *s,
                        const nn_st_tensor *from, nn_error *e)
{
	char some[NN_ST_SOME];
	int64_t most = NN_ST_SOME / (int64_t)nn_dtype_size(from->dtype);
	for (int64_t at = 0, n; at < from->count; at += n) {
		n = from->count - at < most ? from->count - at : most;
		if (!nn_safetensors_some(s, from, at, n, some, e))
			return false;
		nn_tensor_put_some(net->program, t, net->arena, at, n, from->dtype, some);
	}
	return true;
}

/* Puts the tensors of the file into the arena, after all of them have been checked. */
static bool take_tensors(nn_net *net, nn_safetensors *s, const char *path, bool state, nn_error *e)
{
	const nn_program *p = net->program;
	if (!same_names(p, s, path, state, e))
		return false;
	for (int put = 0; put < 2; put++)
		for (int i = 0; i < p->tensors; i++) {
			const nn_tensor *t = &p->tensor[i];
			if (!is_wanted(t, state))
				continue;
			const nn_st_tensor *found = nn_safetensors_find(s, t->name);
			if (!(put ? take_tensor(net, t, s, found, e) : fits(t, found, path, e)))
				return false;
		}
	static const nn_kind kinds[] = {NN_PARAM, NN_FROZEN, NN_RUNNING};
	for (int k = 0; k < 3; k++) {
		const nn_tensor *bad = nn_tensor_not_finite(p, kinds[k], net->arena, 0);
		if (bad)
			return nn_fail(e, NN_EXIT_NOT_FINITE, "%s: '%s' holds a NaN or an infinity",
			               path, bad->name);
	}
	return true;
}

static bool same_network(const nn_model *m, const nn_safetensors *s, const char *path, nn_error *e)
{
	const char *hash = nn_safetensors_meta(s, "architecture_hash");
	const char *name = nn_safetensors_meta(s, "network");
	if (hash && strcmp(hash, m->architecture_hash))
		return nn_fail(e, NN_EXIT_CHECKPOINT,
		               "%s: belongs to another architecture (%s, "
		               "hash %.12s...; this is %s, %.12s...)",
		               path, name ? name : "unnamed", hash, m->name, m->architecture_hash);
	return true;
}

/* "0.1 0.2 0.3" into exactly n numbers. */
static bool read_numbers(const char *text, double *value, int n)
{
	for (int i = 0; i < n; i++) {
		double sign = *text == '-' ? -1 : 1;
		text += *text == '-';
		size_t used = nn_number(text, strlen(text), &value[i]);
		value[i] *= sign;
		if (!used || !isfinite(value[i]))
			return false;
		text += used;
		if (i < n - 1 && *text++ != ' ')
			return false;
	}
	return *text == 0;
}

static bool take_normalize(nn_normalize *z, const nn_safetensors *s, const char *path, nn_error *e)
{
	const char *mean = nn_safetensors_meta(s, "normalize_mean");
	const char *std = nn_safetensors_meta(s, "normalize_std");
	if (!z || (!mean && !std))
		return true;
	bool ok = mean && std && read_numbers(mean, z->mean, z->channels) &&
	          read_numbers(std, z->std, z->channels);
	for (int c = 0; ok && c < z->channels; c++)
		ok = z->std[c] > 0;
	if (!ok)
		return nn_fail(e, NN_EXIT_CHECKPOINT,
		               "%s: normalize_mean or normalize_std in its "
		               "metadata is not %d good numbers",
		               path, z->channels);
	return true;
}

bool nn_load_weights(nn_net *net, const char *path, nn_normalize *z, nn_error *e)
{
	nn_safetensors s;
	if (!nn_safetensors_read(&s, path, NN_EXIT_CHECKPOINT, e))
		return false;
	bool ok = same_network(net->model, &s, path, e) && take_tensors(net, &s, path, false, e) &&
	          take_normalize(z, &s, path, e);
	nn_safetensors_free(&s);
	return ok;
}

static bool take_counters(nn_progress *p, const nn_safetensors *s, const char *path, nn_error *e)
{
	for (int i = 0; i < COUNTERS; i++) {
		const char *text = nn_safetensors_meta(s, counter[i].key);
		char *place = (char *)p + counter[i].place;
		char *end = NULL;
		double value = 0;
		if (text && counter[i].real && !strcmp(text, "inf"))
			value = INFINITY;
		else if (text && counter[i].real && !strcmp(text, "-inf"))
			value = -INFINITY;
		else if (!text || (counter[i].real && !nn_parse_double(text, &value)))
			return nn_fail(e, NN_EXIT_CHECKPOINT, "%s: '%s' is missing or no number",
			               path, counter[i].key);
		if (counter[i].real)
			*(double *)place = value;
		else
			*(long long *)place = strtoll(text, &end, 10);
		if (end && (end == text || *end))
			return nn_fail(e, NN_EXIT_CHECKPOINT, "%s: '%s' is no whole number", path,
			               counter[i].key);
	}
	const char *data = nn_safetensors_meta(s, "data");
	snprintf(p->data, sizeof p->data, "%s", data ? data : "");
	return true;
}

bool nn_state_open(nn_safetensors *s, const char *path, nn_error *e)
{
	if (!nn_safetensors_read(s, path, NN_EXIT_CHECKPOINT, e))
		return false;
	const char *kind = nn_safetensors_meta(s, "kind");
	if (s->verified && kind && !strcmp(kind, "state"))
		return true;
	nn_safetensors_free(s);
	return nn_fail(e, NN_EXIT_CHECKPOINT,
	               "%s: holds no state of a training; to start from "
	               "weights use --weights",
	               path);
}

bool nn_state_load(nn_net *net, nn_safetensors *s, nn_normalize *z, nn_progress *p, nn_error *e)
{
	const char *path = s->file.path;
	return same_network(net->model, s, path, e) && take_tensors(net, s, path, true, e) &&
	       take_normalize(z, s, path, e) && take_counters(p, s, path, e);
}

bool nn_load_state(nn_net *net, const char *path, nn_normalize *z, nn_progress *p, nn_error *e)
{
	nn_safetensors s;
	if (!nn_state_open(&s, path, e))
		return false;
	bool ok = nn_state_load(net, &s, z, p, e);
	nn_safetensors_free(&s);
	return ok;
}

bool nn_find_weights(const char *given, const char *out, char path[NN_PATH_MAX], nn_error *e)
{
	static const char *const name[] = {"best.safetensors", "last.safetensors"};
	if (given)
		return nn_join(path, "", given, e);
	for (int i = 0; i < 2; i++) {
		if (!nn_join(path, out, name[i], e))
			return false;
		if (nn_exists(path))
			return true;
	}
	return nn_fail(e, NN_EXIT_INPUT,
	               "%s: no best.safetensors or last.safetensors there; train "
	               "first or give --weights FILE",
	               out);
}
