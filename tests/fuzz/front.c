/* front.c: any text as a description: the passes in which a user can make mistakes. */
#include "../../compiler/print/print.h"
#include "../../compiler/front/front.h"
#include "child.h"

static void body(const char *path)
{
	Elem *root = xml(path);
	Model *m = root && !error_count() ? model(root) : NULL;
	if (!m || error_count())
		return;
	Prog *p = new(Prog);
	p->model = m;
	p->lanes = 8;
	formula(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	fuzz_child(body, bytes, size);
	return 0;
}
