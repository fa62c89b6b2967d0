/* emit_model.c: the table that tells a trainer's runtime about its network (nn_model in nn.h).
 *
 * In: the model, and the fast and the plain program after all passes. Out: C text of one constant.
 * It is the only place where the user's text enters C, always as a string literal in which every
 * byte but the plain ones is a three-digit octal escape: no quote, trigraph, format, line break or
 * comment can come out of a name. The same input gives the same bytes.
 *
 *     .name = "lenet5",
 *     .config = "<network name=\042lenet5\042 version=\0421\042>\012"
 *               "  <input channels=\0421\042 ...
 */
#include <math.h>
#include <string.h>

#include "print.h"

enum { LINE = 80 };

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 127 && !strchr("\"\\?%", c);
}

/* A literal; NULL without text. Long text is split into several that C joins, but not in a list,
 * where a compiler would suspect a forgotten comma. */
static void literal(const char *s, bool split, FILE *out)
{
	if (!s) {
		fputs("NULL", out);
		return;
	}
	int width = 0;
	fputc('"', out);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (split && (width >= LINE || (width && s[-1] == '\n'))) {
			fputs("\"\n\t\t\"", out);
			width = 0;
		}
		width += is_plain(c) ? fputc(c, out) != EOF : fprintf(out, "\\%03o", c);
	}
	fputc('"', out);
}

static void field(const char *name, const char *value, FILE *out)
{
	fprintf(out, "\t.%s = ", name);
	literal(value, true, out);
	fputs(",\n", out);
}

/* One row of a table: {"a", NULL, "b"},  */
static void row(const char *const *value, int n, FILE *out)
{
	fputs("\t{ ", out);
	for (int i = 0; i < n; i++) {
		literal(value[i], false, out);
		fputs(i + 1 < n ? ", " : " },\n", out);
	}
}

static void number(const char *name, int64_t value, FILE *out)
{
	fprintf(out, "\t.%s = %lld,\n", name, (long long)value);
}

/* C has no empty arrays, so a table without rows is not written and its pointer stays NULL. */
static void table(const char *fld, const char *count, int n, FILE *out)
{
	if (n)
		fprintf(out, "\t.%s = %s,\n\t.%s = %d,\n", fld, fld, count, n);
}

static int settings(const Model *m, FILE *out)
{
	int n = 0;
	for (const Setting *s = m->settings; s; s = s->next, n++) {
		if (!n)
			fputs("static const nn_setting setting[] = {\n", out);
		row((const char *const[]){s->elem, s->name, s->value}, 3, out);
	}
	fputs(n ? "};\n\n" : "", out);
	return n;
}

static int params(const Model *m, FILE *out)
{
	int n = 0;
	for (const Param *p = m->params; p; p = p->next, n++) {
		if (!n)
			fputs("static const nn_param_def param[] = {\n", out);
		fputs("\t{ .name = ", out);
		literal(p->name, false, out);
		fputs(", .value = ", out);
		literal(p->value, false, out);
		fputs(", .fixed_by = ", out);
		literal(p->fixed_by, false, out);
		fputs(",\n\t  .min = ", out);
		literal(p->min, false, out);
		fputs(", .max = ", out);
		literal(p->max, false, out);
		fputs(", .scale = ", out);
		literal(p->scale, false, out);
		fputs(", .choices = ", out);
		literal(p->choices, false, out);
		fputs(" },\n", out);
	}
	fputs(n ? "};\n\n" : "", out);
	return n;
}

static int sources(const Model *m, FILE *out)
{
	int n = 0;
	for (const Source *s = m->sources; s; s = s->next, n++) {
		if (!n)
			fputs("static const nn_source source[] = {\n", out);
		row((const char *const[]){s->split, s->images, s->labels, s->file, s->files, s->dir,
		                          s->label_column, s->columns, s->header},
		    9, out);
	}
	fputs(n ? "};\n\n" : "", out);
	return n;
}

static void class_names(const Model *m, FILE *out)
{
	if (!m->nclass_name)
		return;
	fputs("static const char *const class_name[] = {\n", out);
	for (int i = 0; i < m->nclass_name; i++) {
		fputc('\t', out);
		literal(m->class_name[i], false, out);
		fputs(",\n", out);
	}
	fputs("};\n\n", out);
}

static void reals(const char *name, const double *value, int n, FILE *out)
{
	fprintf(out, "static const double %s[] = {", name);
	for (int i = 0; i < n; i++)
		fprintf(out, "%s%.17g", i ? ", " : " ", value[i]);
	fputs(" };\n", out);
}

/* Of a parameter; 0 for any other tensor. */
static int64_t elements(const Tensor *t)
{
	int64_t n = t->role == ROLE_PARAM || t->role == ROLE_FROZEN;
	for (int d = 0; d < t->file_rank; d++)
		n *= t->file_dim[d];
	return n;
}

int64_t parameter_count(const Prog *p)
{
	int64_t sum = 0;
	for (int i = 0; i < p->ntensor; i++)
		sum += elements(p->tensor[i]);
	return sum;
}

/* Bytes of the stack that a thread needs for the scratch arrays of the greediest kernel. */
static int64_t stack_bytes(const Prog *p)
{
	int64_t most = 0;
	for (int i = 0; i < p->nkernel; i++) {
		int64_t sum = 0;
		const Kernel *k = p->kernel[i];
		for (int j = 0; j < k->neqn; j++) {
			const Tensor *t = k->eqn[j]->out;
			int64_t n = t->scratch ? t->elems : 0;
			for (int d = 0; d < t->scratch; d++)
				n /= t->mem[d];
			sum += n * (options.real_double ? 8 : 4);
		}
		most = sum > most ? sum : most;
	}
	return most;
}

/* Peak resident memory of a training run, the data set excluded:
 *     arena     every tensor of the step, parameters and optimizer state included; the runtime asks
 *               for large pages, so they are whole ones
 *   + the larger of what the start and what the end needs besides:
 *     8 bytes an element of the largest orthogonal parameter, made in double
 *     the largest parameter once more, to look at it in the report, and what else a training
 *     touches, to its report
 *   + BASE      the pages used of the program, the C library and OpenMP
 *   + PICTURES  of libpng, libjpeg and zlib, where the data are pictures
 *   + KERNEL    code and tables, for each kernel
 *   + THREAD    buffers of each thread, and its stack
 * Measured with clang-19 on Debian 12 by `make bench`, whose table holds both numbers. A trainer
 * made by gcc needs 1.4 MB less, a static one 2.9 MB less.
 */
int64_t memory_bytes(const Prog *p)
{
	enum {
		HUGE_PAGE = 2 << 20,
		BASE = 2950000,
		PICTURES = 850000,
		KERNEL = 1200,
		THREAD = 50000,
		TRAINING = 1050000
	};
	int64_t largest = 0, orthogonal = 0;
	for (int i = 0; i < p->ntensor; i++) {
		int64_t n = elements(p->tensor[i]);
		largest = n > largest ? n : largest;
		if (p->tensor[i]->init == NN_INIT_ORTHOGONAL && n > orthogonal)
			orthogonal = n;
	}
	int64_t start = 8 * orthogonal, end = TRAINING + (options.real_double ? 8 : 4) * largest;
	int64_t base = BASE + (model_has_pictures(p->model) ? PICTURES : 0);
	return (p->arena / HUGE_PAGE + 1) * HUGE_PAGE + (start > end ? start : end) + base +
	       (int64_t)KERNEL * p->nkernel + (THREAD + stack_bytes(p)) * p->threads;
}

static double flop_per_step(const Prog *p)
{
	double sum = 0;
	for (int i = 0; i < p->nkernel; i++)
		if (!p->kernel[i]->eval && p->kernel[i]->contraction)
			sum += p->kernel[i]->flop;
	return sum;
}

static void input(const Model *m, FILE *out)
{
	int rank = m->input.rank;
	const int *dim = m->input.dim;
	number("batch", m->batch, out);
	number("input_rank", rank, out);
	fprintf(out, "\t.input = { %d, %d, %d },\n", dim[0], rank > 1 ? dim[1] : 1,
	        rank > 1 ? dim[2] : 1);
	number("classes", m->classes, out);
	bool given = m->normalize && !m->normalize_auto;
	field("normalize", given ? "given" : m->normalize_auto ? "auto" : "none", out);
	if (given)
		fprintf(out,
		        "\t.normalize_channels = %d,\n"
		        "\t.mean = mean,\n"
		        "\t.std = deviation,\n",
		        m->nmean);
}

static void training(const Prog *fast, FILE *out)
{
	const Model *m = fast->model;
	fputs("\t.hyper = { ", out);
	for (int i = 0; i < fast->nhyper; i++) {
		literal(fast->hyper[i], false, out);
		fputs(i + 1 < fast->nhyper ? ", " : "", out);
	}
	fputs(fast->nhyper ? " },\n" : "NULL },\n", out);
	field("optimizer", m->optimizer->name, out);
	field("loss", m->loss->name, out);
	number("logits", m->loss->absorbs && !m->loss->labels, out);
	field("schedule", m->schedule, out);
	number("parameters", parameter_count(fast), out);
	fprintf(out, "\t.flop_per_step = %.17g,\n", flop_per_step(fast));
	number("memory_bytes", memory_bytes(fast), out);
}

void emit_model(const Prog *fast, const Prog *plain, const char *given, FILE *out)
{
	const Model *m = fast->model;
	(void)plain;
	fprintf(out,
	        "/* Generated by nncc %s: what the runtime is told about the network. */\n"
	        "#include \"nn.h\"\n#include \"nn_cpu.h\"\n\n"
	        "#ifdef __clang__\n#define COMPILER __VERSION__\n"
	        "#else\n#define COMPILER \"GCC \" __VERSION__\n#endif\n\n"
	        "extern const nn_program nn_fast, nn_plain;\n\n",
	        NNCC_VERSION);
	int nsetting = settings(m, out), nparam = params(m, out), nsource = sources(m, out);
	class_names(m, out);
	if (m->normalize && !m->normalize_auto) {
		reals("mean", m->mean, m->nmean, out);
		reals("deviation", m->std, m->nmean, out);
		fputc('\n', out);
	}
	fputs("const nn_model nn_network = {\n", out);
	field("name", m->name, out);
	field("version", NNCC_VERSION, out);
	fputs("\t.march = NN_CPU_MARCH,\n\t.features = NN_CPU_COMPILED,\n"
	      "\t.compiler = COMPILER,\n",
	      out);
	field("options", given, out);
	field("config", m->config, out);
	field("architecture_hash", m->hash, out);
	input(m, out);
	table("class_name", "class_names", m->nclass_name, out);
	table("setting", "settings", nsetting, out);
	table("param", "params", nparam, out);
	table("source", "sources", nsource, out);
	training(fast, out);
	fputs("\t.fast = &nn_fast,\n\t.plain = &nn_plain,\n"
	      "#ifdef NNCC_PROGRAM\n\t.nncc = NNCC_PROGRAM,\n#endif\n};\n",
	      out);
}
