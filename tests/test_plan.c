/* test_plan.c: offsets of tensors with random sizes and lifetimes.
 *
 * Programs here are made by hand: a kernel an interval, each writes one tensor and reads some
 * earlier ones. Lifetimes are worked out again from that, and then: no two live tensors share a
 * byte, everything lies inside the arena at multiples of 64, the arena is at most the sum of all
 * sizes and at least what is alive at once. */
#include <criterion/criterion.h>
#include <string.h>

#include "../compiler/print/print.h"

enum { TENSORS = 40 };

typedef struct Life {
	int first, last; /* intervals                                                       */
} Life;

static uint64_t state;

static int below(int n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (int)(state >> 33) % n;
}

static int64_t size_of(const Prog *p, const Tensor *t)
{
	int64_t bytes = t->elems * (t->bytes8 ? 1 : p->plain ? 8 : 4);
	return (bytes + 63) / 64 * 64;
}

static Kernel *kernel(Prog *p, Tensor *out, int interval)
{
	Kernel *k = new(Kernel);
	Eqn *q = eqn_new(p, PHASE_FORWARD, NULL);
	q->out = out;
	q->rhs = expr_const(0);
	k->eqn[k->neqn++] = q;
	k->interval = interval;
	p->kernel = grow(p->kernel, p->nkernel, sizeof *p->kernel);
	p->kernel[p->nkernel++] = k;
	return k;
}

static void reads(Kernel *k, Tensor *t)
{
	Affine none = affine(0);
	Expr *e = expr_leaf(OP_ADD);
	e->n = 2;
	e->arg[0] = k->eqn[0]->rhs;
	e->arg[1] = expr_read(t, &none);
	k->eqn[0]->rhs = e;
}

static Tensor *tensor(Prog *p, int64_t elems)
{
	Tensor *t = tensor_new(p, "t", format("t%d", p->ntensor), ROLE_TEMP);
	t->elems = elems;
	return t;
}

/* A kernel for each tensor, one to three kernels an interval, up to three readings each. */
static Prog *random_program(Life *life)
{
	Prog *p = new(Prog);
	int interval = 0;
	p->plain = below(8) == 0;
	for (int i = 0; i < TENSORS; i++) {
		Tensor *t = tensor(p, 1 + below(1 + below(5000)));
		t->keep = below(8) == 0;
		t->local = !t->keep && below(8) == 0;
		t->bytes8 = !t->keep && below(6) == 0;
		Kernel *k = kernel(p, t, interval);
		life[i] = (Life){interval, interval};
		for (int r = below(4); r > 0 && i > 0; r--) {
			int j = i - 1 - below(i < 8 ? i : 8);
			reads(k, p->tensor[j]);
			life[j].last = interval;
		}
		interval += below(2);
	}
	p->intervals = interval + 1;
	for (int i = 0; i < TENSORS; i++)
		if (p->tensor[i]->keep || p->plain || options.no_reuse)
			life[i] = (Life){p->tensor[i]->keep ? 0 : life[i].first, p->intervals};
	return p;
}

static bool together(Life a, Life b)
{
	return a.first <= b.last && b.first <= a.last;
}

static void check_places(const Prog *p, const Life *life)
{
	for (int i = 0; i < p->ntensor; i++) {
		const Tensor *a = p->tensor[i];
		if (a->local) {
			cr_assert(a->offset < 0, "%s lives in registers but has a place", a->cname);
			continue;
		}
		cr_assert(a->offset >= 0 && a->offset % 64 == 0, "%s at %lld", a->cname,
		          (long long)a->offset);
		cr_assert(a->offset + size_of(p, a) <= p->arena, "%s is outside", a->cname);
		for (int j = 0; j < i; j++) {
			const Tensor *b = p->tensor[j];
			bool apart = b->local || a->offset >= b->offset + size_of(p, b) ||
			             b->offset >= a->offset + size_of(p, a);
			cr_assert(apart || !together(life[i], life[j]), "%s and %s overlap",
			          a->cname, b->cname);
		}
	}
}

static int64_t alive_at(const Prog *p, const Life *life, int interval)
{
	int64_t bytes = 0;
	for (int i = 0; i < p->ntensor; i++)
		if (!p->tensor[i]->local && life[i].first <= interval && interval <= life[i].last)
			bytes += size_of(p, p->tensor[i]);
	return bytes;
}

/* Adds the arena and its lower bound to `total`. */
static void check_program(int64_t total[2])
{
	Life life[TENSORS];
	Prog *p = random_program(life);
	int64_t sum = 0, least = 0;
	plan(p);
	check_places(p, life);
	for (int i = 0; i < p->ntensor; i++)
		sum += p->tensor[i]->local ? 0 : size_of(p, p->tensor[i]);
	for (int t = 0; t <= p->intervals; t++) {
		int64_t alive = alive_at(p, life, t);
		least = alive > least ? alive : least;
	}
	cr_assert(p->arena >= least && p->arena <= sum, "%lld bytes, bounds %lld and %lld",
	          (long long)p->arena, (long long)least, (long long)sum);
	if (options.no_reuse)
		cr_assert_eq(p->arena, sum);
	total[0] += p->arena;
	total[1] += least;
}

Test(plan, live_tensors_never_overlap)
{
	int64_t total[2] = {0};
	for (state = 1; state < 500;) {
		uint64_t seed = state;
		check_program(total);
		state = seed + 1;
	}
	cr_assert((double)total[0] <= 1.1 * (double)total[1], "%.1f %% above the lower bound",
	          100.0 * ((double)total[0] / (double)total[1] - 1));
}

Test(plan, nothing_is_shared_with_fno_reuse)
{
	int64_t total[2] = {0};
	options.no_reuse = true;
	for (state = 1; state < 50;) {
		uint64_t seed = state;
		check_program(total);
		state = seed + 1;
	}
}

/* a -> b -> c -> d, one an interval: two places are enough. In one interval: four are needed,
 * because threads run ahead of each other. */
Test(plan, a_chain_takes_turns)
{
	for (int apart = 0; apart < 2; apart++) {
		Prog *p = new(Prog);
		for (int i = 0; i < 4; i++) {
			Kernel *k = kernel(p, tensor(p, 160), apart ? i : 0);
			if (i)
				reads(k, p->tensor[i - 1]);
		}
		p->intervals = 4;
		plan(p);
		cr_assert_eq(p->arena, apart ? 2 * 640 : 4 * 640);
	}
}

/* What is read again later stays, whatever is made in between. */
Test(plan, a_gap_between_readings_is_not_the_end)
{
	Prog *p = new(Prog);
	Tensor *a = tensor(p, 16), *b = tensor(p, 16), *c = tensor(p, 16);
	kernel(p, a, 0);
	kernel(p, b, 1);
	reads(kernel(p, c, 2), a);
	p->intervals = 3;
	plan(p);
	cr_assert(a->offset != b->offset && a->offset != c->offset);
	cr_assert(a->first == 0 && a->last == 2 && b->first == 1 && b->last == 1);
}
