/* measure.c: the program that measures register tiles for -O3.
 *
 * In: one network's program several times, each with other tiles. Out: the file of times that they
 * left. net0.c, net1.c ... are compiled as net.c of a trainer is, and linked with the runtime and
 *
 *     const nn_program *const program[] = {&nn_fast, &nn_fast1};
 *     int main(...) { return nn_measure(&nn_network, program, 2, argv[1]); }  */
#include <string.h>

#include "tune.h"

static const char *programs(const Measured *m)
{
	char *names = "nn_fast", *places = "&nn_fast";

	for (int i = 1; i < m->n; i++) {
		names = format("%s, nn_fast%d", names, i);
		places = format("%s, &nn_fast%d", places, i);
	}
	return format(
	        "#include \"verbs/measure.h\"\n\n"
	        "extern const nn_program nn_plain, %s;\n"
	        "const nn_program nn_plain = {.real_size = 8};\n"
	        "static const nn_program *const program[] = {%s};\n\n"
	        "int main(int argc, char **argv)\n{\n"
	        "\treturn argc == 2 ? nn_measure(&nn_network, program, %d, argv[1]) : 2;\n}\n",
	        names, places, m->n);
}

/* All kernels of a program stand in one file: those of the others have the same names. */
static void list(Sources *s, const Measured *m)
{
	int kept = 0;

	for (int i = 0; i < m->n; i++)
		s->nemitted +=
		        emit(m->prog[i], format("net%d", i), i ? format("nn_fast%d", i) : "nn_fast",
		             1, s->emitted + s->nemitted);
	s->emitted[s->nemitted++] = (File){"programs.c", programs(m)};
	sources_add_runtime(s, m->prog[0]->model);
	for (int i = 0; i < s->nfile; i++)
		if (strcmp(s->file[i], "runtime/verbs/main.c"))
			s->file[kept++] = s->file[i];
	s->nfile = kept;
}

FILE *measured(const Measured *m)
{
	Sources s = {.name = "measure"};
	Args run = {.n = 0};
	FILE *f = NULL;

	signals_hold();
	list(&s, m);
	s.dir = sources_temp(true);
	const char *program = format("%s/%s", s.dir, s.name);
	const char *times = format("%s/times", s.dir);
	args_add(&run, program);
	args_add(&run, times);
	sources_write(&s, m->prog[m->n - 1], NULL);
	if (cc_program(&s, m->prog[0], program) && cc_run(&run, 1))
		f = fopen(times, "r");
	sources_drop();
	return f;
}
