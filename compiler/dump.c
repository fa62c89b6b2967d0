/* dump.c: the table of each pass, and --explain.
 *
 * In: a program after pass `letter`. Out: one equation a line, as mathematics; later passes add
 * columns (kernel, layout, offset); k and s print the nests as the C that would be emitted, since
 * the printer of loops and the printer of C are one walk. */
#include "emit.h"

#include <string.h>

static const char *const phase_name[] = {"forward", "backward", "update", "evaluation"};

static const char *layout_of(const Prog *p, const Tensor *t)
{
	if (t->local)
		return "registers";
	if (t->lane_dim < 0 || p->lanes == 1)
		return "row-major";
	const char *a =
	        t->batched ? (p->channels ? "c" : "n") : copy_bytes(&"kcrs"[t->lane_dim], 1);
	return format("%s/%d ... %s%%%d", a, p->lanes, a, p->lanes);
}

static void equation_line(const Prog *p, const Eqn *q, char letter, FILE *out)
{
	fprintf(out, "e%-3d ", q->id);
	if (strchr("flp", letter))
		fprintf(out, "%-78s | k%02d", eqn_text(q), q->group);
	else
		fprintf(out, "%s", eqn_text(q));
	if (strchr("lp", letter))
		fprintf(out, " | %-14s", layout_of(p, q->out));
	if (letter == 'p' && q->out->offset >= 0)
		fprintf(out, " | %8lld | %d-%d", (long long)q->out->offset, q->out->first,
		        q->out->last);
	fprintf(out, "\n");
}

static void equations(const Prog *p, FILE *out, char letter)
{
	const char *heading = NULL;

	for (const Eqn *q = p->first; q; q = q->next) {
		if (phase_name[q->phase] != heading)
			fprintf(out, "%s%s\n", heading ? "\n" : "", phase_name[q->phase]);
		heading = phase_name[q->phase];
		equation_line(p, q, letter, out);
	}
}

static void kernels(const Prog *p, FILE *out, char letter)
{
	for (int i = 0; i < p->nkernel; i++) {
		const Kernel *k = p->kernel[i];
		const char *heading = phase_name[k->eqn[0]->phase];
		if (i == 0 || phase_name[p->kernel[i - 1]->eqn[0]->phase] != heading)
			fprintf(out, "%s%s\n", i ? "\n" : "", heading);
		if (k->sync)
			fprintf(out, "---- threads meet\n");
		for (int j = 0; j < k->neqn; j++)
			equation_line(p, k->eqn[j], letter, out);
	}
}

void dump(const Prog *p, char letter, FILE *out)
{
	if (strchr("egr", letter))
		equations(p, out, letter);
	if (strchr("flp", letter))
		kernels(p, out, letter);
	if (letter == 'p')
		fprintf(out, "\narena %lld bytes\n", (long long)p->arena);
	if (letter == 'k' || letter == 's')
		for (int i = 0; i < p->nkernel; i++)
			emit_kernel(p, p->kernel[i], out);
}

/* ---- --explain ------------------------------------------------------------------------------ */

static const char *threads_text(const Kernel *k)
{
	char *s = "";

	if (k->serial)
		return "one thread";
	if (k->slice)
		return "threads share the images";
	for (int i = 0; i < k->nloop; i++)
		if (k->loop[i].parallel)
			s = format("%s%s%s", s, *s ? " x " : "", k->loop[i].axis->name);
	return k->flat ? "threads share the row" : format("threads share %s", s);
}

/* Why the first equation of a kernel did not join the kernel of its input. */
static const char *refusal(const Prog *p, const Kernel *k)
{
	const Eqn *q = k->eqn[0];

	if (k->contraction)
		return "opens a kernel: a contraction keeps its own register tile";
	if (k->id == 0 || p->kernel[k->id - 1]->eval != k->eval)
		return "opens a kernel: first of its program";
	if (q->fold)
		return "opens a kernel: folds over axes along which its input is made";
	return "opens a kernel: reads its input at other points than they are made";
}

void explain(const Prog *p, FILE *out)
{
	for (int i = 0; i < p->nkernel; i++) {
		const Kernel *k = p->kernel[i];
		char *tile = "";
		for (int l = 0; l < k->nloop; l++)
			if (k->loop[l].tile > 1)
				tile = format("%s%s%d %s", tile, *tile ? " x " : "",
				              k->loop[l].tile, k->loop[l].axis->name);
		fprintf(out, "k%02d %s%s\n", k->id, phase_name[k->eqn[0]->phase],
		        k->sync ? ", threads meet before" : "");
		for (int j = 0; j < k->neqn; j++)
			fprintf(out, "    %s %s%s\n", j ? "+" : " ", eqn_text(k->eqn[j]),
			        k->eqn[j]->out->local ? "   (stays in registers)" : "");
		fprintf(out, "    %s; %d joined\n", refusal(p, k), k->neqn - 1);
		fprintf(out, "    %.3f Mflop, %.1f kB; %s; %s", k->flop * 1e-6, k->bytes / 1024,
		        *tile          ? format("tile %s (%s)", tile, k->why)
		        : k->flat      ? "one row of vectors"
		        : k->lanes > 1 ? format("%d %s a vector", k->lanes,
		                                p->channels ? "channels" : "images")
		                       : "scalar",
		        threads_text(k));
		if (k->cycles > 0)
			fprintf(out, "; predicted %.0f thousand cycles a thread", k->cycles * 1e-3);
		fprintf(out, "\n");
	}
}
