/* dump.c: the table of each pass, and --explain.
 *
 * In: a program after pass `letter`. Out: one equation a line, as mathematics; later passes add
 * columns (kernel, layout, offset); k and s show the tree of each kernel. */
#include <string.h>

#include "c.h"

static const char *const phase_name[] = {"forward", "backward", "update", "evaluation"};

static const char *layout_of(const Prog *p, const Tensor *t)
{
	if (t->local)
		return "registers";
	if (t->lane_dim < 0 || p->lanes == 1)
		return "row-major";
	/* Of a parameter, whose dims are k c r s; a scratch tensor has more of them. */
	const char *a = t->batched        ? (p->channels ? "c" : "n")
	                : t->lane_dim < 4 ? copy_bytes(&"kcrs"[t->lane_dim], 1)
	                                  : format("d%d", t->lane_dim);
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

static const char *phase_of(const Kernel *k)
{
	return phase_name[k->eqn[0]->phase];
}

static void kernels(const Prog *p, FILE *out, char letter)
{
	for (int i = 0; i < p->nkernel; i++) {
		const Kernel *k = p->kernel[i];
		if (i == 0 || phase_of(k) != phase_of(p->kernel[i - 1]))
			fprintf(out, "%s%s\n", i ? "\n" : "", phase_of(k));
		if (k->sync)
			fprintf(out, "---- barrier\n");
		for (int j = 0; j < k->neqn; j++)
			equation_line(p, k->eqn[j], letter, out);
	}
}

static void trees(const Prog *p, FILE *out)
{
	for (int i = 0; i < p->nkernel; i++) {
		const Kernel *k = p->kernel[i];
		const Tree *t = lower(p, k);
		if (i == 0 || phase_of(k) != phase_of(p->kernel[i - 1]))
			fprintf(out, "%s%s\n", i ? "\n" : "", phase_of(k));
		if (k->sync)
			fprintf(out, "---- barrier\n");
		fprintf(out, "\nk%02d\n%s\n%s", k->id, t->formula, tree_text(t));
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
		trees(p, out);
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

/* The tile, and those that come near. */
static const char *tile_text(const Kernel *k)
{
	char *s = format("tile %s (%s)", tile_name(&k->tried[k->taken]), k->why);

	for (int i = 0; i < k->ntried; i++)
		if (i != k->taken)
			s = format("%s%s %s (%+.0f %%)", s,
			           strstr(s, "refused") ? "," : "; refused",
			           tile_name(&k->tried[i]),
			           100 * (k->tried[i].cycles / k->tried[k->taken].cycles - 1));
	return s;
}

static void explain_tile(const Prog *p, const Kernel *k, FILE *out)
{
	const char *lanes = format("%d %s a vector", k->lanes, p->channels ? "channels" : "images");

	for (int i = 0; i < k->nstage; i++)
		if (k->stage[i]->why)
			fprintf(out, "    stage %d of %d: %s\n", i + 1, k->nstage,
			        tile_text(k->stage[i]));
	if (k->why)
		fprintf(out, "    %s; %s\n", k->lanes > 1 ? lanes : "scalar", tile_text(k));
	else
		fprintf(out, "    %s\n",
		        k->flat        ? "one row of vectors"
		        : k->lanes > 1 ? lanes
		                       : "scalar");
}

static const char *direction(const Eqn *q)
{
	return !q->out->batched             ? "gradient of weights"
	       : q->phase == PHASE_BACKWARD ? "gradient of the data"
	                                    : "forward";
}

static void explain_winograd(const Kernel *k, FILE *out)
{
	for (int j = 0; j < k->neqn; j++) {
		const Eqn *q = k->eqn[j];
		if (q->error > 0)
			fprintf(out,
			        "    Winograd F(%dx%d, 3x3), %s: expected relative error %.1e; "
			        "-fno-winograd sums in plain order\n",
			        q->side, q->side, direction(q), q->error);
		if (q->refused)
			fprintf(out, "    Winograd refused: %s\n", q->refused);
	}
}

void explain(const Prog *p, FILE *out)
{
	const char *of[] = {"images", "channels"};

	fprintf(out, "%s in the lanes, %d a vector", of[p->channels], p->lanes);
	if (p->other_family > 0)
		fprintf(out, "; predicted %.2f of the time with %s there", p->other_family,
		        of[!p->channels]);
	fprintf(out, "%s\n", p->channels ? "" : "; Winograd wants channels there");
	for (int i = 0; i < p->nkernel; i++) {
		const Kernel *k = p->kernel[i];
		fprintf(out, "k%02d %s%s\n", k->id, phase_name[k->eqn[0]->phase],
		        k->sync ? ", behind a barrier" : "");
		for (int j = 0; j < k->neqn; j++)
			fprintf(out, "    %s %s%s\n", j ? "+" : " ", eqn_text(k->eqn[j]),
			        k->eqn[j]->out->local ? "   (stays in registers)" : "");
		fprintf(out, "    %s; %d joined\n", refusal(p, k), k->neqn - 1);
		explain_winograd(k, out);
		explain_tile(p, k, out);
		fprintf(out, "    %.3f Mflop, %.1f kB; %s; predicted %.4f ms on one thread\n",
		        k->flop * 1e-6, k->bytes / 1024, threads_text(k), k->ms);
	}
}
