/* verb_data.c: what is in the data set, by part and class, and what is wrong with it (inspect.c).
 *
 * Exit 65 when items cannot be trained on: those are told like the rest, but a script should not go
 * on. */
#include <stdio.h>

#include "inspect.h"
#include "../run/session.h"

bool nn_verb_data(nn_session *s, nn_error *e)
{
	/* Static for its size, mostly examples. */
	static nn_inspection x;
	nn_text t = {0};
	if (s->options->files)
		return nn_fail(e, NN_EXIT_USAGE, "data: unexpected argument '%s'",
		               s->options->file[0]);
	bool ok = nn_inspect(&x, &s->settings, &s->meaning, s->options->data, s->team, e);
	nn_session_name(s);
	if (ok && s->options->json) {
		nn_inspection_json(&x, &s->settings, &t);
		nn_text_add(&t, "\n");
	} else if (ok) {
		nn_inspection_text(&x, &s->settings, &t);
	}
	if (ok && t.failed)
		ok = nn_fail(e, NN_EXIT_MEMORY, "not enough memory to print");
	if (ok)
		fputs(t.at, stdout);
	if (ok && nn_inspection_unusable(&x) > x.unfits)
		ok = nn_fail(e, NN_EXIT_DATA, "%lld items cannot be trained on",
		             (long long)(nn_inspection_unusable(&x) - x.unfits));
	else if (ok && x.unfits)
		ok = nn_fail(e, NN_EXIT_DATA, "these data cannot be trained on");
	nn_text_free(&t);
	nn_inspection_close(&x);
	return ok;
}
