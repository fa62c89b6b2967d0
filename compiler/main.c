/* main.c: the passes in their order.
 *
 * In: the command line. Out: a trainer, its sources, or what an option asks to print.
 *
 * The table below is the compiler's table of contents. Two programs are made from one model: `fast`
 * is what the options ask for, `plain` is one simple loop nest an equation in double, the reference
 * that a trainer's `check` verb compares with. After every pass the verifier runs; -d LETTER prints
 * what the pass left behind and stops there, -v tells how long each pass took.
 *
 *     $ nncc -v models/lenet5.xml
 *       x xml        0.3 ms  text to a tree with line and column
 *       a model      0.1 ms  ...
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver/driver.h"

const Pass passes[] = {
        {'x', "xml", NULL, "text to a tree with line and column"},
        {'a', "model", NULL, "tree to checked layers: names, defaults, wiring, shapes"},
        {'e', "formula", formula, "layers to equations"},
        {'g', "grad", grad, "append backward and update equations"},
        {'r', "rewrite", rewrite, "algebra: constants, common subexpressions, Winograd"},
        {'f', "fuse", fuse, "which equations share a kernel"},
        {'l', "layout", layout, "axis order and blocking of every tensor"},
        {'p', "plan", plan, "lifetimes to offsets in one arena"},
        {'k', "loop", loop, "groups to plain loop nests"},
        {'s', "sched", sched, "order, tiles, vectors, threads"},
        {0, NULL, NULL, NULL},
};

double clock_ms(void)
{
	static struct timespec start;
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	if (!start.tv_sec && !start.tv_nsec)
		start = t;
	return (double)(t.tv_sec - start.tv_sec) * 1e3 + (double)(t.tv_nsec - start.tv_nsec) / 1e6;
}

static void told(const Pass *pass, double since)
{
	if (options.verbose)
		fprintf(stderr, "  %c %-8s %7.1f ms  %s\n", pass->letter, pass->name,
		        clock_ms() - since, pass->purpose);
}

static void stop_on_errors(void)
{
	if (error_count())
		exit(1);
}

/* Passes x and a. */
static Model *front(void)
{
	double since = clock_ms();
	Elem *root = xml(options.input);
	stop_on_errors();
	told(&passes[0], since);
	if (options.dump == passes[0].letter) {
		show_xml(root, stdout);
		show_done();
	}
	since = clock_ms();
	Model *m = model(root);
	stop_on_errors();
	told(&passes[1], since);
	if (options.dump == passes[1].letter) {
		show_model(m, stdout);
		show_done();
	}
	return m;
}

static Prog *prog_new(Model *m, bool plain)
{
	Prog *p = new(Prog);
	p->model = m;
	p->plain = plain;
	if (!target_find(options.march, &p->target))
		fatal(2, "unknown -march '%s'", options.march);
	bool scalar = plain || options.no_simd;
	p->lanes = scalar ? 1 : p->target.vector_bytes / (options.real_double ? 8 : 4);
	return p;
}

static void check_memory(const Prog *p)
{
	int64_t need = memory_bytes(p);
	if (options.max_mem && need > options.max_mem)
		fatal(1,
		      "training %s with batches of %d needs %s, more than the %s of --max-mem; "
		      "a smaller --batch-size needs less",
		      p->model->name, p->model->batch, show_bytes(need),
		      show_bytes(options.max_mem));
}

/* All passes over one program, or those up to the letter of -d or `last`. */
static Prog *run(Model *m, bool plain, char last)
{
	Prog *p = prog_new(m, plain);
	for (const Pass *pass = passes; pass->letter; pass++) {
		if (!pass->run)
			continue;
		double since = clock_ms();
		pass->run(p);
		stop_on_errors();
		verify(p, pass->letter);
		if (!plain)
			told(pass, since);
		if (options.dump == pass->letter) {
			dump(p, pass->letter, stdout);
			show_done();
		}
		if (last == pass->letter)
			break;
	}
	return p;
}

/* The fast program, made without a word. */
static Prog *make_fast(Model *m)
{
	Options given = options;
	options.dump = 0;
	options.verbose = false;
	Prog *p = run(m, false, 0);
	options = given;
	return p;
}

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	if (options.schema) {
		schema(options.schema, stdout);
		show_done();
	}
	Model *m = front();
	if (options.summary)
		summary(m, options.json, stdout);
	else if (options.graph)
		graph(m, stdout);
	else if (options.syntax_only && !options.dump)
		run(m, false, 'e');
	if (options.summary || options.graph || (options.syntax_only && !options.dump))
		show_done();
	/* The layers point to the tensors of the program made last: that is the fast one. */
	Prog *plain = options.dump || options.explain ? NULL : run(m, true, 0);
	if (options.level == 3)
		tune(m, make_fast, plain && !options.print_only);
	Prog *fast = run(m, false, 0);
	check_memory(fast);
	if (options.explain) {
		explain(fast, stdout);
		show_done();
	}
	build(fast, plain);
	show_done();
}
