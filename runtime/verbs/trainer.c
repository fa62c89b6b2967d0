/* trainer.c: the command line of a trainer: which verb, its options, its exit status.
 *
 *     ./lenet5 [verb] [options]        without a verb: train
 *
 * A table of verbs; those that compute run on thread 0 of a team (nn_team.h). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../kernel/cpu.h"
#include "../base/near.h"
#include "../run/session.h"
#include "../base/stop.h"

static const struct {
	const char *name; /* on the command line            */
	unsigned bit;     /* in the table of options        */
	nn_verb *run;     /* what it does                   */
	bool team;        /* it needs threads               */
	bool kernels;     /* or somebody it starts does     */
	const char *help; /* one line                       */
} verbs[] = {
        {"train", NN_VERB_TRAIN, nn_verb_train, true, true, "train the network (the default)"},
        {"test", NN_VERB_TEST, nn_verb_test, true, true, "loss and accuracy on the test split"},
        {"predict", NN_VERB_PREDICT, nn_verb_predict, true, true,
         "label pictures or rows of data files"},
        {"step", NN_VERB_STEP, nn_verb_step, true, true, "optimizer steps on a given batch"},
        {"bench", NN_VERB_BENCH, nn_verb_bench, true, true,
         "time of a training step on synthetic data"},
        {"check", NN_VERB_CHECK, nn_verb_check, true, true,
         "fast kernels against plain ones; gradients"},
        {"export", NN_VERB_EXPORT, nn_verb_export, true, true, "write the weights in another form"},
        {"data", NN_VERB_DATA, nn_verb_data, true, true,
         "what is in the data set, and what is wrong"},
        {"info", NN_VERB_INFO, nn_verb_info, false, false, "what this trainer is"},
        {"tune", NN_VERB_TUNE, nn_verb_tune, false, true, "try other values of the <param>s"},
        {"report", NN_VERB_REPORT, nn_verb_report, true, true,
         "what went well and what to try next"},
};

enum { VERBS = sizeof verbs / sizeof *verbs };

typedef struct job {
	nn_session *session; /* of the run           */
	nn_verb *run;        /* the verb             */
	nn_error *error;     /* where failures go    */
} job;

static void on_team(nn_team *team, void *arg)
{
	job *j = arg;
	j->session->team = team;
	j->run(j->session, j->error);
}

/* Of OMP_NUM_THREADS, or 0 for as many as there are processors. What is no number is told, and
 * taken away, so that no trial of tune tells it again. */
static int environment_threads(const nn_model *model)
{
	const char *text = getenv("OMP_NUM_THREADS");
	int n = text ? nn_threads_of(text) : 0;
	if (n >= 0)
		return n;
	fprintf(stderr, "%s: OMP_NUM_THREADS is no number from 1 to %d and is ignored\n",
	        model->name, NN_THREADS_MOST);
	unsetenv("OMP_NUM_THREADS");
	return 0;
}

static void help(const nn_model *model, const nn_options *o, int verb, bool all)
{
	printf("usage: %s%s%s [options]%s\n", o->program, all ? " [" : " ",
	       all ? "verb]" : verbs[verb].name,
	       verbs[verb].bit == NN_VERB_PREDICT ? " FILE..." : "");
	if (all) {
		printf("\n%s, a network compiled by nncc %s. Verbs:\n", model->name,
		       model->version);
		for (int i = 0; i < VERBS; i++)
			printf("  %-10s %s\n", verbs[i].name, verbs[i].help);
	} else {
		printf("\n%s: %s\n", verbs[verb].name, verbs[verb].help);
	}
	printf("\nOptions of %s:\n", verbs[verb].name);
	nn_options_help(verbs[verb].bit);
}

/* The verb that argv[1] names; 0 (train) when it is an option or missing, -1 when unknown. */
static int find_verb(int argc, char **argv)
{
	if (argc < 2 || argv[1][0] == '-')
		return 0;
	for (int i = 0; i < VERBS; i++)
		if (!strcmp(argv[1], verbs[i].name))
			return i;
	return -1;
}

static void unknown_verb(char **argv, nn_error *e)
{
	const char *names[VERBS];
	for (int i = 0; i < VERBS; i++)
		names[i] = verbs[i].name;
	const char *near = nn_near(argv[1], names, VERBS);
	if (near)
		nn_fail(e, NN_EXIT_USAGE, "unknown verb '%s'; did you mean '%s'?", argv[1], near);
	else
		nn_fail(e, NN_EXIT_USAGE, "unknown verb '%s'; see %s --help", argv[1], argv[0]);
}

static void run_verb(const nn_model *model, nn_options *o, int verb, nn_error *e)
{
	/* Static for its size: a path and a table of numbers. */
	static nn_session session;
	session =
	        (nn_session){.started = nn_clock_ms(), .trains = verbs[verb].bit == NN_VERB_TRAIN};
	job j = {&session, verbs[verb].run, e};
	int threads = o->threads > 0 ? (int)o->threads : environment_threads(model);
	bool opened = nn_session_open(&session, model, o, e);
	if (opened && verbs[verb].team)
		nn_team_run(threads, on_team, &j);
	else if (opened)
		verbs[verb].run(&session, e);
	nn_session_close(&session);
}

/* A trial of tune ends with it, however that ends (tune_run.c). */
static void end_with_parent(void)
{
	const char *parent = getenv("NN_PARENT");
	if (!parent)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (strtol(parent, NULL, 10) != (long)getppid())
		_exit(128 + SIGKILL);
}

int nn_trainer(const nn_model *model, int argc, char **argv)
{
	static nn_options o;
	static nn_error e;
	int verb = find_verb(argc, argv);
	/* A signal may come at once. */
	nn_stop_watch(verb >= 0 && verbs[verb].bit & (NN_VERB_TRAIN | NN_VERB_TUNE));
	e.code = 0;
	o = (nn_options){.program = argc > 0 ? argv[0] : model->name};
	o.file = nn_alloc((size_t)argc + 1, sizeof *o.file, "arguments", &e);
	end_with_parent();
	if (verb < 0)
		unknown_verb(argv, &e);
	if (!e.code) {
		o.verb = verbs[verb].name;
		bool named = argc > 1 && argv[1][0] != '-';
		if (nn_options_read(&o, verbs[verb].bit, argc, argv, 1 + named, &e)) {
			if (o.help)
				help(model, &o, verb, !named);
			else if (o.version)
				printf("%s, compiled by nncc %s\n", model->name, model->version);
			else if (!verbs[verb].kernels || nn_cpu_check(model, nn_cpu_here(), &e))
				run_verb(model, &o, verb, &e);
		}
	}
	free(o.file);
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout))
		nn_fail(&e, NN_EXIT_IO, "cannot write to standard output%s%s", errno ? ": " : "",
		        errno ? strerror(errno) : "");
	if (e.code)
		nn_tell(model->name, e.text);
	return e.code;
}
