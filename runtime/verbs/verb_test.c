/* verb_test.c: loss, accuracy, top-5 accuracy (of more than five classes) and confusion matrix on
 * the test split. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../run/score.h"
#include "../run/session.h"
#include "../net/tensor.h"

static void add_confusion(nn_text *t, const nn_score *s, int classes)
{
	nn_text_add(t, "[");
	for (int i = 0; i < classes; i++) {
		nn_text_add(t, i ? ",[" : "[");
		for (int k = 0; k < classes; k++)
			nn_text_add(t, k ? ",%lld" : "%lld",
			            (long long)s->confusion[i * classes + k]);
		nn_text_add(t, "]");
	}
	nn_text_add(t, "]");
}

static bool print_json(const nn_score *s, const nn_model *m, nn_error *e)
{
	nn_text t = {0};
	nn_text_add(&t, "{\"loss\":");
	nn_text_number(&t, nn_score_loss(s), 9);
	nn_text_add(&t, ",\"accuracy\":");
	nn_text_number(&t, nn_score_accuracy(s, m), 9);
	nn_text_add(&t, ",\"top5\":");
	nn_text_number(&t, nn_score_top5(s, m), 9);
	nn_text_add(&t, ",\"count\":%lld,\"confusion\":", (long long)s->count);
	if (s->confusion)
		add_confusion(&t, s, m->classes);
	else
		nn_text_json(&t, NULL);
	nn_text_add(&t, "}");
	if (t.failed)
		nn_fail(e, NN_EXIT_MEMORY, "not enough memory to print");
	else
		printf("%s\n", t.at);
	nn_text_free(&t);
	return !e->code;
}

static void print_confusion(const nn_score *s, const nn_model *m)
{
	printf("confusion (rows: label, columns: prediction)\n");
	for (int i = 0; i < m->classes; i++) {
		int64_t all = 0;
		for (int k = 0; k < m->classes; k++) {
			all += s->confusion[i * m->classes + k];
			printf("%6lld", (long long)s->confusion[i * m->classes + k]);
		}
		double hit = (double)s->confusion[i * m->classes + i];
		printf("  %5.1f %%  %d %s\n", all ? 100 * hit / (double)all : 0, i,
		       m->class_name && i < m->class_names ? m->class_name[i] : "");
	}
}

static void print_text(const nn_score *s, const nn_model *m)
{
	printf("%lld items, loss %.6g", (long long)s->count, nn_score_loss(s));
	if (m->classes)
		printf(", accuracy %.4f", nn_score_accuracy(s, m));
	if (m->classes > 5)
		printf(", top-5 %.4f", nn_score_top5(s, m));
	printf("\n");
	if (s->confusion && m->classes <= 20)
		print_confusion(s, m);
}

static bool score_part(nn_session *s, const nn_data *data, nn_score *score, nn_error *e)
{
	nn_net net = {0};
	nn_normalize z = {0};
	nn_feed feed = {0};
	nn_scorer scorer = {0};
	bool ok = nn_session_trained(s, &net, &z, e) &&
	          nn_weigh_classes(&net, &data->part[NN_TRAINING], e) &&
	          nn_feed_open(&feed, &net, &z, e) && nn_scorer_open(&scorer, &net, e) &&
	          nn_evaluate(score, &scorer, &feed, &data->part[NN_TEST], nn_session_run(s, 1), e);
	nn_scorer_close(&scorer);
	nn_feed_close(&feed);
	nn_normalize_close(&z);
	nn_net_close(&net);
	return ok;
}

bool nn_verb_test(nn_session *s, nn_error *e)
{
	nn_data data = {0};
	nn_score score = {0};
	unsigned parts = 1 << NN_TEST;
	/* A weighted loss needs the labels of the training part. */
	if (nn_tensor_find(s->model->fast, NN_CLASS_WEIGHT, NULL))
		parts |= 1 << NN_TRAINING;
	bool ok = nn_session_meaning(s, e) && nn_session_data(s, &data, parts, e);
	if (ok && !data.part[NN_TEST].count)
		ok = nn_fail(e, NN_EXIT_INPUT,
		             "<data> has no <test> source and keeps no share for "
		             "test");
	if (ok)
		score.confusion = nn_confusion(s->model, e);
	ok = ok && !e->code && score_part(s, &data, &score, e);
	if (ok && s->options->json)
		ok = print_json(&score, s->model, e);
	else if (ok)
		print_text(&score, s->model);
	free(score.confusion);
	nn_data_close(&data);
	return ok;
}
