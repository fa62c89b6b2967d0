/* nncc.c: any text as a description: all passes with the verifier after each, for both programs,
 * and the C of them. */
#include <stdlib.h>

#include "../../compiler/driver/driver.h"
#include "../../compiler/front/front.h"
#include "child.h"

/* As in main.c, which is not linked; the command line's file refers to both. */
const Pass passes[] = {
        {'e', "formula", formula, ""}, {'g', "grad", grad, ""},     {'r', "rewrite", rewrite, ""},
        {'f', "fuse", fuse, ""},       {'l', "layout", layout, ""}, {'p', "plan", plan, ""},
        {'k', "loop", loop, ""},       {'s', "sched", sched, ""},   {0, NULL, NULL, NULL},
};

double clock_ms(void)
{
	return 0;
}

static Prog *compiled(Model *m, bool plain)
{
	Prog *p = new(Prog);
	p->model = m;
	p->plain = plain;
	fuzz_must(target_find("x86-64-v3", &p->target), "a target");
	p->lanes = plain ? 1 : 8;
	for (const Pass *pass = passes; pass->letter; pass++) {
		pass->run(p);
		if (error_count())
			exit(1);
		verify(p, pass->letter);
	}
	return p;
}

static void body(const char *path)
{
	static File file[2 * MAX_FILES];
	Elem *root = xml(path);
	Model *m = root && !error_count() ? model(root) : NULL;
	if (!m || error_count())
		exit(1);
	options.threads = 2;
	options.march = "x86-64-v3";
	options.input = path;
	Prog *plain = compiled(m, true), *fast = compiled(m, false);
	int files = emit(fast, "net", "nn_fast", MAX_FILES, file);
	emit(plain, "plain", "nn_plain", MAX_FILES, file + files);
	FILE *null = fopen("/dev/null", "w");
	if (!null)
		exit(1);
	emit_model(fast, plain, options_text(), null);
	fclose(null);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	fuzz_child(body, bytes, size);
	return 0;
}
