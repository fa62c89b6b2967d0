/* test_verify.c: the verifier ends the program when a pass left something broken behind.
 *
 * A network goes through the passes up to a letter, one thing is broken by hand, and the verifier
 * must end a process of its own with exit 70 and a sentence that names the fault. Nothing broken:
 * it says nothing. Without this, a verifier that checks nothing would look like passes without
 * mistakes. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../compiler/print/print.h"

typedef struct Fault {
	char letter;      /* of the pass after which it is put in                     */
	const char *says; /* part of the verifier's sentence                          */
	void (*put)(Prog *p);
} Fault;

static Prog *program(char letter)
{
	static const struct {
		char letter;
		void (*run)(Prog *p);
	} pass[] = {{'e', formula}, {'g', grad}, {'r', rewrite}, {'f', fuse},
	            {'l', layout},  {'p', plan}, {'k', loop},    {'s', sched}};
	Prog *p = new(Prog);
	p->model = model(xml("tests/oracle/lenet.xml"));
	target_find("x86-64-v3", &p->target);
	p->lanes = 8;
	options.threads = 2;
	for (size_t i = 0; i < sizeof pass / sizeof *pass; i++) {
		pass[i].run(p);
		if (pass[i].letter == letter)
			break;
	}
	return p;
}

/* What the verifier says after this fault (NULL: none), and with which exit code. */
static const char *verdict(char letter, void (*put)(Prog *p), int *code)
{
	static char said[512];
	int fd[2], status;
	cr_assert(pipe(fd) == 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		dup2(fd[1], STDERR_FILENO);
		Prog *p = program(letter);
		if (put)
			put(p);
		verify(p, letter);
		_exit(0);
	}
	close(fd[1]);
	size_t n = 0;
	for (ssize_t got = 1; got > 0 && n < sizeof said - 1; n += got > 0 ? (size_t)got : 0)
		got = read(fd[0], said + n, sizeof said - 1 - n);
	said[n] = 0;
	close(fd[0]);
	waitpid(child, &status, 0);
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return said;
}

/* ---- equations ----------------------------------------------------------------------------- */

static void reversed(Prog *p)
{
	Eqn *a = p->first, *b = a->next;
	a->next = b->next;
	b->next = a;
	p->first = b;
}

static Expr *some_read(Expr *e)
{
	Expr *r = e->op == OP_READ && e->tensor->rank ? e : NULL;
	for (int i = 0; i < expr_arity(e->op) && !r; i++)
		r = some_read(e->arg[i]);
	return r;
}

static void wrong_rank(Prog *p)
{
	some_read(p->first->rhs)->n--;
}

static void foreign_axis(Prog *p)
{
	some_read(p->first->rhs)->index[0] = affine_axis(axis_new("z", 3));
}

static void foreign_axis_in_output(Prog *p)
{
	p->last->index[0] = affine_axis(axis_new("z", 3));
}

static void inner_fold(Prog *p)
{
	Expr *fold = expr_leaf(OP_FOLD);
	p->first->rhs = expr_op(OP_NEG, fold, NULL, NULL, NULL);
}

static void fold_without_axes(Prog *p)
{
	Eqn *q = p->first;
	while (q->fold)
		q = q->next;
	q->fold = FOLD_SUM;
}

static void free_axis_not_in_output(Prog *p)
{
	Eqn *q = p->first;
	while (q->nfree == 0 || !q->index[0].n)
		q = q->next;
	q->index[0] = affine(0);
}

static void two_writers(Prog *p)
{
	Eqn *copy = new(Eqn);
	*copy = *p->first;
	copy->next = p->first->next;
	p->first->next = copy;
}

static void foreign_tensor(Prog *p)
{
	Tensor *t = new(Tensor);
	*t = *p->first->out;
	p->first->out = t;
}

/* ---- kernels and the arena ------------------------------------------------------------------ */

static void swapped_kernels(Prog *p)
{
	Kernel *k = p->kernel[0];
	p->kernel[0] = p->kernel[1];
	p->kernel[1] = k;
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < p->kernel[i]->neqn; j++)
			p->kernel[i]->eqn[j]->group = i;
}

static void wrong_group(Prog *p)
{
	p->kernel[1]->eqn[0]->group = 0;
}

/* The largest tensor whose place is shared in turn. */
static Tensor *temporary(const Prog *p)
{
	Tensor *best = NULL;
	for (int i = 0; i < p->ntensor; i++) {
		Tensor *t = p->tensor[i];
		if (t->offset >= 0 && !t->keep && (!best || t->elems > best->elems))
			best = t;
	}
	return best;
}

static void overlap(Prog *p)
{
	temporary(p)->offset = p->x->offset;
}

static void overlap_by_one_vector(Prog *p)
{
	Tensor *t = temporary(p), *next = NULL;
	for (int i = 0; i < p->ntensor; i++) {
		Tensor *o = p->tensor[i];
		bool alive = o->first <= t->last && t->first <= o->last;
		if (o->offset > t->offset && alive && (!next || o->offset < next->offset))
			next = o;
	}
	cr_assert(next);
	next->offset -= 64;
}

static void longer_life(Prog *p)
{
	for (int i = 0; i < p->ntensor; i++)
		if (!p->tensor[i]->keep && p->tensor[i]->offset >= 0) {
			p->tensor[i]->first = 0;
			p->tensor[i]->last = p->intervals;
		}
}

static void outside(Prog *p)
{
	p->x->offset = p->arena / 64 * 64;
}

static void misaligned(Prog *p)
{
	p->x->offset += 4;
}

static void huge_tile(Prog *p)
{
	for (int i = 0; i < p->nkernel; i++)
		if (p->kernel[i]->nloop)
			p->kernel[i]->loop[0].tile = 1000;
}

static const Fault faults[] = {
        {'e', "read before it is written", reversed},
        {'r', "read before it is written", reversed},
        {'e', "a read has the wrong rank", wrong_rank},
        {'e', "an axis of another equation", foreign_axis},
        {'g', "an axis of another equation", foreign_axis},
        {'r', "an axis of another equation", foreign_axis_in_output},
        {'e', "an inner fold is left", inner_fold},
        {'g', "folded axes and fold disagree", fold_without_axes},
        {'e', "a free axis is not in the output", free_axis_not_in_output},
        {'g', "two writers", two_writers},
        {'r', "not of this program", foreign_tensor},
        {'f', "read before it is written", swapped_kernels},
        {'s', "read before it is written", swapped_kernels},
        {'f', "not of its kernel", wrong_group},
        {'p', "two live tensors overlap", overlap},
        {'s', "two live tensors overlap", overlap},
        {'p', "two live tensors overlap", overlap_by_one_vector},
        {'p', "two live tensors overlap", longer_life},
        {'p', "outside the arena", outside},
        {'p', "not aligned", misaligned},
        {'s', "more registers", huge_tile},
};

Test(verify, finds_every_fault)
{
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		const Fault *f = &faults[i];
		int code;
		const char *said = verdict(f->letter, f->put, &code);
		cr_expect(code == 70 && strstr(said, f->says) && strstr(said, "report"),
		          "after %c, fault %zu: wanted '%s', got exit %d, '%s'", f->letter, i,
		          f->says, code, said);
	}
}

Test(verify, is_silent_when_nothing_is_broken)
{
	for (const char *letter = "egrflpks"; *letter; letter++) {
		int code;
		const char *said = verdict(*letter, NULL, &code);
		cr_expect(code == 0 && !*said, "after %c: exit %d, '%s'", *letter, code, said);
	}
}
