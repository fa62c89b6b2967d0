/* emit.c: a program as C.
 *
 * In: kernels and the plan. Out: one file: a banner, the table of tensors, the kernels (equal ones
 * once), the tables for the runtime, and at the end the training step and the evaluation, one line
 * a kernel: the table of contents of the network. Of a large network the kernels stand in files of
 * about equal length, which are compiled at the same time:
 *
 *     net.h      the declarations of the kernels        net_1.c, net_2.c ...   the kernels
 *     net.c      tables, the step, the evaluation
 *
 * How many depends on their text alone: same input, same bytes. Nothing of the user's text gets in:
 * names the runtime needs go into string literals, escaped. */
#include <string.h>

#include "c.h"

enum { PART = 128 << 10 }; /* bytes of kernels in a file, at least half of that           */

typedef struct Emitted { /* a kernel in C, shared by equal kernels                   */
	const char *name, *formula, *args;
	const char *head, *text; /* declaration; definition with its comment; NULL: an earlier
	                          * kernel's */
} Emitted;

/* ---- literals ------------------------------------------------------------------------------- */

const char *c_string(const char *s)
{
	char *r = "\"";

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = c >= ' ' && c < 127 && c != '"' && c != '\\' && c != '?';
		r = format(plain ? "%s%c" : "%s\\%03o", r, c);
	}
	return format("%s\"", r);
}

/* ---- tensors -------------------------------------------------------------------------------- */

static const char *element_type(const Prog *p, const Tensor *t)
{
	bool vector = p->lanes > 1 && (t->wide || t->lane_dim >= 0);

	return t->bytes8 ? vector || p->lanes == 1 ? "nn_b" : "uint8_t"
	       : vector  ? "nn_v"
	                 : "nn_real";
}

static const char *shape_text(const Prog *p, const Tensor *t)
{
	char *s = "";

	for (int d = 0; d < t->rank; d++)
		s = format("%s%s%d", s, d ? " " : "", d == t->lane_dim ? t->mem[d] : t->dim[d]);
	if (t->lane_dim < 0 || p->lanes == 1)
		return s;
	return format("%s x %d %s", s, p->lanes, p->channels ? "channels" : "images");
}

static void tensor_macros(const Prog *p, Text *o)
{
	put_line(o, "/* ---- tensors: one arena of %lld bytes; lifetimes in barriers ---- */",
	         (long long)p->arena);
	for (int i = 0; i < p->ntensor; i++) {
		const Tensor *t = p->tensor[i];
		char *dims = "";
		if (t->offset < 0)
			continue;
		for (int d = 1; d < t->rank; d++)
			dims = format("%s[%d]", dims, t->mem[d]);
		const char *life = t->keep ? "kept" : format("%d-%d", t->first, t->last);
		put_line(o, "#define %-24s ((%s (*)%s)(arena + %lld)) /* %s; %s */", t->cname,
		         element_type(p, t), dims, (long long)t->offset, shape_text(p, t), life);
	}
	put_line(o, "%s", "");
}

static const char *kind_of(const Tensor *t)
{
	static const char *const kind[] = {
	        [ROLE_INPUT] = "NN_INPUT",     [ROLE_TARGET] = "NN_TARGET",
	        [ROLE_OUTPUT] = "NN_OUTPUT",   [ROLE_LOSS] = "NN_LOSS",
	        [ROLE_PARAM] = "NN_PARAM",     [ROLE_FROZEN] = "NN_FROZEN",
	        [ROLE_RUNNING] = "NN_RUNNING", [ROLE_STATE] = "NN_STATE",
	        [ROLE_GRAD] = "NN_GRAD",       [ROLE_CLASS_WEIGHT] = "NN_CLASS_WEIGHT",
	        [ROLE_OTHER] = "NN_SECOND",    [ROLE_SHARE] = "NN_SHARE"};

	return kind[t->role];
}

static const char *init_of(const Tensor *t)
{
	static const char *const init[] = {[NN_INIT_NONE] = "NN_INIT_NONE",
	                                   [NN_INIT_CONST] = "NN_INIT_CONST",
	                                   [NN_INIT_NORMAL] = "NN_INIT_NORMAL",
	                                   [NN_INIT_UNIFORM] = "NN_INIT_UNIFORM",
	                                   [NN_INIT_ORTHOGONAL] = "NN_INIT_ORTHOGONAL"};

	return init[t->init];
}

/* The shape the runtime sees: files' for parameters, features in one row where shown so. */
static int visible_shape(const Prog *p, const Tensor *t, int *dim)
{
	const Layer *last = p->model->output;
	int rank = t->file_rank ? t->file_rank : t->rank;

	memcpy(dim, t->file_rank ? t->file_dim : t->dim, sizeof t->dim);
	bool result = t == p->output || (t == p->target_t && t != p->x);
	if (result && last && last->shape.flat && t->rank == 4) {
		dim[1] = dim[1] * dim[2] * dim[3];
		rank = 2;
	}
	return rank;
}

static void tensor_row(const Prog *p, Text *o, const Tensor *t, const char *name, const char *kind)
{
	int dim[MAX_DIM], rank = visible_shape(p, t, dim),
	                  real = p->plain || options.real_double ? 8 : 4;
	char *dims = "", *block = "", *outer = "", *inner = "";
	long long stride = t->lane_dim >= 0 ? p->lanes : 1;

	for (int d = rank - 1; d >= 0; d--) {
		bool lane = d == t->lane_dim && p->lanes > 1;
		dims = format("%d%s%s", dim[d], *dims ? ", " : "", dims);
		block = format("%d%s%s", lane ? p->lanes : 1, *block ? ", " : "", block);
		outer = format("%lld%s%s", stride, *outer ? ", " : "", outer);
		inner = format("%d%s%s", lane ? 1 : 0, *inner ? ", " : "", inner);
		stride *= lane ? t->mem[d] : dim[d];
	}
	put_line(o, "\t{ .name = %s, .of = %s, .kind = %s,", c_string(name),
	         t->of ? c_string(t->of->name) : "NULL", kind);
	put_line(o, "\t  .rank = %d, .dim = { %s }, .batched = %s,", rank, dims,
	         t->batched ? "true" : "false");
	put_line(o, "\t  .block = { %s }, .outer = { %s }, .inner = { %s },", block, outer, inner);
	put_line(o, "\t  .offset = %lld, .bytes = %lld, .init = %s, .scale = %s%s },",
	         (long long)t->offset, (long long)t->elems * real, init_of(t),
	         c_number(t->init_scale),
	         t == p->target_t && p->model->target_input && !strcmp(kind, "NN_TARGET")
	                 ? ", .target_input = true"
	                 : "");
}

static void tensor_table(const Prog *p, Text *o)
{
	put_line(o, "static const nn_tensor tensors[] = {");
	for (int i = 0; i < p->ntensor; i++)
		if (p->tensor[i]->keep)
			tensor_row(p, o, p->tensor[i], p->tensor[i]->name, kind_of(p->tensor[i]));
	if (p->target_t == p->x)
		tensor_row(p, o, p->x, "y", "NN_TARGET");
	put_line(o, "};\n");
}

/* ---- kernels -------------------------------------------------------------------------------- */

static const char *extents(const Kernel *k)
{
	char *s = "";

	for (int j = 0; j < k->neqn; j++)
		for (int i = 0; i < k->eqn[j]->naxis; i++) {
			const Axis *a = k->eqn[j]->axis[i];
			const char *item = format("%s %d", a->name, a->extent);
			if (!strstr(s, item))
				s = format("%s%s%s", s, *s ? "  " : "", item);
		}
	return s;
}

static const char *source_lines(const Kernel *k)
{
	char *s = "";

	for (int j = 0; j < k->neqn; j++) {
		const Layer *l = k->eqn[j]->layer;
		const char *item = l ? format("line %d %s", l->pos.line, l->row->name) : NULL;
		if (item && !strstr(s, item))
			s = format("%s%s%s", s, *s ? ", " : "", item);
	}
	return *s ? s : k->eqn[0]->phase == PHASE_UPDATE ? "optimizer" : "loss";
}

static const char *tile_text(const Kernel *k)
{
	char *s = "";

	for (int i = 0; i < k->nloop; i++)
		if (k->loop[i].tile > 1)
			s = format("%s%s%d %s", s, *s ? " x " : "", k->loop[i].tile,
			           k->loop[i].axis->name);
	return *s        ? format("tile: %s, %s", s, k->why ? k->why : "")
	       : k->flat ? "one row of vectors"
	                 : "no tile";
}

static void kernel_comment(Text *o, const Kernel *k, const char *formula)
{
	put_line(o, "/* %s  (%s)", k->name, source_lines(k));
	put_line(o, " *");
	for (const char *line = formula; line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		put_line(o, " *   %s", copy_bytes(line, strcspn(line, "\n")));
	put_line(o, " *");
	put_line(o, " *   %s", extents(k));
	put_line(o, " *   %.3f Mflop, %.1f kB; %s */", k->flop * 1e-6, k->bytes / 1024,
	         tile_text(k));
}

/* Functions of several files share the names of a whole trainer, which has two programs. */
static const char *kernel_name(const Prog *p, const Kernel *k)
{
	return format("%c%02d_%s", p->plain ? 'p' : 'k', k->id, k->eqn[0]->out->cname);
}

static const char *kernel_text(const Kernel *k, const Tree *tree)
{
	Text o = {.depth = 0};

	kernel_comment(&o, k, tree->formula);
	put_text(&o, c_functions(tree, k->name));
	put_line(&o, "%s", "");
	return o.s;
}

/* "x, (nn_v *)weight": what the step passes to a kernel */
static const char *arguments(const Function *kernel)
{
	const char *s = "";

	for (int i = 0; i < kernel->nparam; i++) {
		const Formal *p = &kernel->param[i];
		s = format("%s, %s%s", s, c_cast(p), p->tensor->cname);
	}
	return s;
}

/* Names every kernel; equal ones share the first one's functions. */
static Emitted *name_kernels(const Prog *p)
{
	Emitted *f = alloc(sizeof *f * (size_t)(p->nkernel + 1));
	Map texts = {.used = 0};

	for (int i = 0; i < p->nkernel; i++) {
		Kernel *k = p->kernel[i];
		const char *head = "", *text = "";
		k->name = f[i].name = kernel_name(p, k);
		Mark before = alloc_mark();
		const Tree *tree = lower(p, k);
		const char *nameless = c_functions(tree, "k");
		const Emitted *same = map_find(&texts, nameless);
		f[i].formula = tree->formula;
		f[i].args = arguments(tree->kernel);
		if (!same) {
			head = c_head(tree->kernel, k->name);
			text = kernel_text(k, tree);
		}
		alloc_release(before,
		              (const char **[]){&f[i].formula, &f[i].args, &nameless, &head, &text},
		              5);
		if (same) {
			f[i].name = same->name;
			continue;
		}
		f[i].head = head;
		f[i].text = text;
		*map_at(&texts, nameless) = &f[i];
	}
	return f;
}

static void kernel_table(const Prog *p, Text *o, const Emitted *f)
{
	put_line(o, "static const nn_kernel kernels[] = {");
	for (int i = 0; i < p->nkernel; i++) {
		const Kernel *k = p->kernel[i];
		put_line(o, "\t{ \"%s\",", k->name);
		put_line(o, "\t  %s,",
		         c_string(copy_bytes(f[i].formula, strcspn(f[i].formula, "\n"))));
		double error = 0;
		for (int j = 0; j < k->neqn; j++)
			error += k->eqn[j]->error;
		put_line(o, "\t  \"%s\", %.0f, %.0f, %s, %.4g, %.2g },", source_lines(k), k->flop,
		         k->bytes, k->contraction ? "true" : "false", k->ms, error);
	}
	put_line(o, "};\n");
}

static void sequence(const Prog *p, Text *o, const Emitted *f, bool eval)
{
	put_line(o, "static void %s(nn_task *t)", eval ? "evaluate" : "step");
	put_open(o);
	put_line(o, "char *const arena = t->arena;");
	put_line(o, "%s", "");
	for (int i = 0; i < p->nkernel; i++) {
		if (p->kernel[i]->eval != eval)
			continue;
		bool barrier = i + 1 < p->nkernel && p->kernel[i + 1]->eval == eval &&
		               p->kernel[i + 1]->sync;
		put_line(o, "%s(t%s);", f[i].name, f[i].args);
		put_line(o, "%s(t, %d);", barrier ? "nn_sync" : "nn_pass", i);
	}
	put_close(o);
	put_line(o, "%s", "");
}

/* ---- files ---------------------------------------------------------------------------------- */

static void banner(const Prog *p, Text *o)
{
	put_line(o, "/* Written by nncc %s: %s, %d x %s a vector, batch %d. Do not edit. */",
	         NNCC_VERSION, p->plain ? "the plain reference program" : p->target.name, p->lanes,
	         p->plain || options.real_double ? "double" : "float", p->model->batch);
}

static void vectors(const Prog *p, Text *o)
{
	put_line(o, "#define NN_REAL  %s", p->plain || options.real_double ? "double" : "float");
	put_line(o, "#define NN_LANES %d", p->lanes);
}

/* The kernels from `i` on, until there are `until` bytes of them in all; the next kernel. */
static int kernels(const Prog *p, Text *o, const Emitted *f, int i, size_t *sum, size_t until)
{
	put_line(o, "/* ---- kernels ---- */\n");
	for (; i < p->nkernel && *sum < until; i++)
		if (f[i].text) {
			put_text(o, f[i].text);
			*sum += strlen(f[i].text);
		}
	return i;
}

/* What net.c and the files of kernels include. */
static const char *declarations(const Prog *p, const Emitted *f, int parts)
{
	Text o = {.depth = 0};

	banner(p, &o);
	vectors(p, &o);
	put_line(&o, "#define NN_KERNEL /* in one of %d files, called from another */", parts);
	put_line(&o, "#include \"nn_kernel.h\"\n");
	for (int i = 0; i < p->nkernel; i++) {
		if (!f[i].text)
			continue;
		put_text(&o, format("%s;\n", f[i].head));
	}
	return o.s;
}

static int parts_of(size_t bytes)
{
	size_t n = bytes / PART + 1;

	return n < MAX_FILES - 2 ? (int)n : MAX_FILES - 2;
}

static void program(const Prog *p, Text *o, const Emitted *f, const char *symbol)
{
	tensor_table(p, o);
	kernel_table(p, o, f);
	tensor_macros(p, o); /* behind the kernels, whose arguments have the same names */
	put_line(o, "/* ---- the network, one line a kernel ---- */\n");
	sequence(p, o, f, false);
	sequence(p, o, f, true);
	put_line(o, "const nn_program %s = {", symbol);
	put_line(o, "\t.real_size = %d, .lanes = %d, .arena_bytes = %lld,",
	         p->plain || options.real_double ? 8 : 4, p->lanes, (long long)p->arena);
	put_line(o, "\t.tensor = tensors, .tensors = sizeof tensors / sizeof *tensors,");
	put_line(o, "\t.kernel = kernels, .kernels = sizeof kernels / sizeof *kernels,");
	put_line(o, "\t.step = step, .eval = evaluate,");
	put_line(o, "};");
}

int emit(const Prog *p, const char *base, const char *symbol, int most, File *file)
{
	Text o = {.depth = 0};
	const Emitted *f = name_kernels(p);
	size_t bytes = 0, sum = 0;
	int n = 0, next = 0;

	for (int i = 0; i < p->nkernel; i++)
		bytes += f[i].text ? strlen(f[i].text) : 0;
	const int wanted = parts_of(bytes), parts = wanted < most ? wanted : most;
	for (int i = 1; parts > 1 && i <= parts; i++) {
		Text part = {.depth = 0};
		banner(p, &part);
		put_line(&part, "#include \"%s.h\"\n", base);
		next = kernels(p, &part, f, next, &sum, bytes * (size_t)i / (size_t)parts + 1);
		file[n++] = (File){format("%s_%d.c", base, i), part.s};
	}
	banner(p, &o);
	if (parts > 1) {
		put_line(&o, "#include \"%s.h\"\n", base);
	} else {
		vectors(p, &o);
		put_line(&o, "#include \"nn_kernel.h\"\n");
		kernels(p, &o, f, 0, &sum, bytes + 1);
	}
	program(p, &o, f, symbol);
	file[n++] = (File){format("%s.c", base), o.s};
	if (parts > 1)
		file[n++] = (File){format("%s.h", base), declarations(p, f, parts)};
	return n;
}
