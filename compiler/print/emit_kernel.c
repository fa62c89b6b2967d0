/* emit_kernel.c: one kernel as C.
 *
 * In: a kernel with its loops, tiles and guards. Out: the text of its function (name written as @,
 * so that equal kernels can share one), the formula over it, and its list of arguments. A kernel
 * without a register tile is one function. With one it is two: @_tile, inlined, computes a tile and
 * everything fused behind it; @ walks over the tiles and passes their sizes and whether they touch
 * an edge as constants, so that one text serves full tiles, remainders and edges, and the numbers
 * that are the same for all elements.
 *
 *     for (int n ...) for (int i ...) for (int k0 ...)
 *             @_tile(..., n, i, k0, 4, j0, 5, 0);
 */
#include "emit.h"

#include <string.h>

enum { LONG = 32 }; /* steps of a sum: enough time for memory to answer */

/* ---- arguments ------------------------------------------------------------------------------ */

static const char *dims_of(const Em *e, const Tensor *t)
{
	char *s = "[restrict]";

	for (int d = t->scratch + 1; d < t->rank && !em_in_row(e, t); d++)
		s = format("%s[%d]", s, t->mem[d]);
	return s;
}

/* Casts an argument to the shape in which the kernel sees it, where that is its own. */
static const char *as_seen(const Em *e, const Tensor *t)
{
	if (em_in_row(e, t))
		return "(nn_v *)";
	return t->whole ? format("(%s (*)%s)", em_type(e, t), dims_of(e, t) + strlen("[restrict]"))
	                : "";
}

/* Does the tile take it? Behind partial sums the result is written after all tiles. */
static bool of_tile(const Em *e, const Used *u)
{
	return u->memory &&
	       !(em_banded(e->k) && u->tensor == e->k->eqn[0]->out && u->tensor != e->k->partial);
}

static const char *parameters(const Em *e, bool for_tile)
{
	char *s = "";

	for (int i = 0; i < e->nused; i++) {
		const Used *u = &e->used[i];
		if (u->tensor->scratch && e->k->nstage)
			continue;
		if (for_tile ? of_tile(e, u) : u->memory)
			s = format("%s,\n\t\t%s%s %s%s", s, u->written ? "" : "const ",
			           em_type(e, u->tensor), u->name, dims_of(e, u->tensor));
	}
	return s;
}

const char *argument_names(const Em *e)
{
	char *s = "";

	for (int i = 0; i < e->nused; i++)
		if (of_tile(e, &e->used[i]))
			s = format("%s, %s", s, e->used[i].name);
	return s;
}

bool is_tiled(const Kernel *k)
{
	for (int i = 0; i < k->nloop; i++)
		if (k->loop[i].tile > 1)
			return true;
	return false;
}

bool sums_long(const Kernel *k)
{
	const Eqn *q = k->eqn[0];
	int steps = 1;

	for (int i = q->nfree; i < q->naxis && steps < LONG; i++)
		steps *= q->axis[i]->extent;
	return steps >= LONG;
}

/* With few registers the C compiler does better by itself. */
bool forgets_addresses(const Kernel *k)
{
	return is_tiled(k) && k->lanes > 1 && !k->unrolled && sums_long(k);
}

/* Does the sum go over elements of blocks, but not in steps, or over a part of a window? Then the C
 * compiler would keep an address for each element of the tile. For weights it had better: it goes
 * over elements of blocks, and their places are not easy to compute. */
bool keeps_addresses(const Kernel *k)
{
	const Eqn *q = k->eqn[0];
	bool keeps = false;

	for (int i = q->nfree; i < q->naxis; i++)
		keeps |= goes_inside_blocks(q, q->axis[i]) && !k->stepped;
	for (int g = 0; g < q->nguard; g++)
		keeps |= q->guard[g].how == GUARD_CLIP;
	return keeps && !k->rows;
}

void forget_addresses(const Em *e, const char *when)
{
	for (int i = 0; i < e->k->nloop && forgets_addresses(e->k); i++)
		if (e->k->loop[i].tile > 1)
			put_line(e->out, "%sNN_AGAIN(%s0);", when, em_axis(e, e->k->loop[i].axis));
}

bool has_edges(const Kernel *k)
{
	for (int j = 0; j < k->neqn; j++)
		for (int g = 0; g < k->eqn[j]->nguard; g++) {
			const Guard *o = &k->eqn[j]->guard[g];
			for (int i = 0; o->how == GUARD_EDGE && i < k->nloop; i++)
				if (k->loop[i].axis == o->by)
					return true;
		}
	return false;
}

/* ---- whole functions ------------------------------------------------------------------------ */

bool mentions(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if (!strchr("abcdefghijklmnopqrstuvwxyz_0123456789>.", at[n]) &&
		    (at == text || !strchr("abcdefghijklmnopqrstuvwxyz_0123456789>.", at[-1])))
			return true;
	return false;
}

/* Numbers that are the same for all elements, as far as the body uses them and is not told them. */
static void prologue(const Em *e, Text *o, const char *body, bool tile)
{
	bool blocks = mentions(body, "blocks");

	if (blocks || mentions(body, "live"))
		put_line(o, "const int live = t->run->live;");
	if (blocks)
		put_line(o, "const int blocks = (live + %d) / %d;", e->k->lanes - 1, e->k->lanes);
	for (int i = 0; i < e->nuniform; i++)
		if (mentions(body, format("u%d", i)) && !(tile && e->told[i]))
			put_line(o, "const nn_real u%d = (nn_real)%s;", i,
			         em_uniform(e->uniform[i]));
	for (int i = 0; i < e->nkeys; i++)
		if (mentions(body, format("key%d", e->keys[i])))
			put_line(o,
			         "const uint32_t key%d = nn_rand_key(t->run->seed, "
			         "NN_RAND_DROPOUT, %d, "
			         "t->run->step);",
			         e->keys[i], e->keys[i]);
}

static void tile_function(Em *e, Text *out)
{
	Text body = {.depth = 1};
	char *s = format("NN_INLINE void @_tile(const nn_task *t%s", parameters(e, true));

	e->out = &body;
	tile(e);
	for (int i = 0; i < e->k->nloop; i++) {
		const char *name = em_axis(e, e->k->loop[i].axis);
		const char *before = i ? ", " : ",\n\t\t",
		           *fixed = forgets_addresses(e->k) ? "" : "const ";
		s = e->k->loop[i].tile > 1
		            ? format("%s%s%sint %s0, const int %sn", s, before, fixed, name, name)
		            : format("%s%sconst int %s", s, before, name);
	}
	if (em_banded(e->k))
		s = format("%s,\n\t\tconst int n, const int row_from, const int row_to, const int "
		           "first",
		           s);
	for (int i = 0; i < e->k->ngiven; i++)
		s = format("%s, const int %s", s, em_axis(e, e->k->given[i]));
	const char *before = ",\n\t\t";
	for (int i = 0; i < e->nuniform; i++) {
		e->told[i] = mentions(body.s, format("u%d", i));
		if (!e->told[i])
			continue;
		s = format("%s%sconst nn_real u%d", s, before, i);
		before = ", ";
	}
	put_line(out, "%s%s)", s, has_edges(e->k) ? ", const int edge" : "");
	put_open(out);
	size_t head = out->len;
	prologue(e, out, body.s, true);
	if (out->len == head)
		put_line(out, "(void)t;");
	for (int i = 0; i < e->k->ngiven; i++)
		put_line(out, "(void)%s;", em_axis(e, e->k->given[i]));
	put_text(out, body.s);
	put_close(out);
	put_line(out, "%s", "");
}

/* Arguments of a stage under the names that the kernel around it gives them. */
const char *stage_call(const Em *e, int i)
{
	Em s = {.prog = e->prog, .k = e->k->stage[i]};
	char *c = format("@_%d(t", i + 1);

	em_names(&s);
	for (int u = 0; u < s.nused; u++)
		if (s.used[u].memory)
			c = format("%s, %s", c, em_used(e, s.used[u].tensor)->name);
	for (int g = 0; g < s.k->ngiven; g++)
		c = format("%s, %s", c, em_axis(e, e->k->loop[g].axis));
	return format("%s);", c);
}

/* A stage is a kernel without threads that is told where the loops around it are. */
static void stage_function(const Prog *p, const Kernel *k, int i, Text *out)
{
	Em e = {.prog = p, .k = k->stage[i], .sum = "acc"};
	Text text = {.depth = 0}, body = {.depth = 1};

	em_names(&e);
	if (is_tiled(e.k))
		tile_function(&e, &text);
	e.out = &body;
	parallel(&e);
	char *s = format("static void @(const nn_task *t%s", parameters(&e, false));
	for (int g = 0; g < e.k->ngiven; g++)
		s = format("%s,%s const int %s", s, g ? "" : "\n\t\t", em_axis(&e, e.k->given[g]));
	put_line(&text, "%s)", s);
	put_open(&text);
	put_line(&text, "(void)t;");
	for (int g = 0; g < e.k->ngiven; g++)
		put_line(&text, "(void)%s;", em_axis(&e, e.k->given[g]));
	prologue(&e, &text, body.s, false);
	put_text(&text, body.s);
	put_close(&text);
	put_text(out, replace_at(text.s, format("@_%d", i + 1)));
	put_line(out, "%s", "");
}

/* V and M of a task, on the stack of its thread. */
static void scratch(const Em *e)
{
	for (int i = 0; i < e->nused; i++) {
		const Tensor *t = e->used[i].tensor;
		if (t->scratch)
			put_line(e->out, "%s %s[%d]%s;", em_type(e, t), e->used[i].name,
			         t->mem[t->scratch], dims_of(e, t) + strlen("[restrict]"));
	}
}

const char *kernel_body(const Prog *p, const Kernel *k, const char **formula, const char **args)
{
	Em e = {.prog = p, .k = k, .sum = "acc"};
	Text out = {.depth = 0}, body = {.depth = 1};
	char *s = "", *a = "";

	em_names(&e);
	for (int i = 0; i < k->nstage; i++)
		stage_function(p, k, i, &out);
	if (is_tiled(k))
		tile_function(&e, &out);
	e.out = &body;
	if (k->nstage)
		scratch(&e);
	if (k->flat) {
		put_line(&body,
		         k->serial ? "for (int e = 0; e < %lld; e++)"
		                   : "const nn_span part = nn_share(t, %lld);",
		         (long long)(k->eqn[0]->out->elems / p->lanes));
		if (!k->serial)
			put_line(&body, "for (int e = part.from; e < part.to; e++)");
		put_open(&body);
		for (int j = 0; j < k->neqn;)
			j = equation(&e, j);
		put_close(&body);
	} else {
		parallel(&e);
	}
	put_line(&out, "NN_KERNEL void @(const nn_task *t%s)", parameters(&e, false));
	put_open(&out);
	if (k->serial) {
		put_line(&out, "if (t->thread != 0)");
		put_line(&out, "\treturn;");
	}
	prologue(&e, &out, body.s, false);
	put_text(&out, body.s);
	for (int j = 0; j < k->neqn; j++)
		if (em_streams(&e, k->eqn[j])) {
			put_line(&out, "NN_SETTLE;");
			break;
		}
	put_close(&out);
	const char **keep = alloc(sizeof(char *) * (size_t)e.nused);
	for (int i = 0; i < e.nused; i++) { /* formulas speak of the arguments */
		keep[i] = e.used[i].tensor->cname;
		e.used[i].tensor->cname = e.used[i].name;
	}
	for (int j = 0; j < k->neqn; j++)
		s = format("%s%s%s", s, j ? "\n" : "", eqn_text(k->eqn[j]));
	for (int i = 0; i < e.nused; i++) {
		Tensor *t = e.used[i].tensor;
		t->cname = keep[i];
		if (e.used[i].memory && !t->scratch)
			a = format("%s, %s%s", a, as_seen(&e, t), t->cname);
	}
	*formula = s;
	*args = a;
	return out.s;
}
