/* options.c: the command line of a trainer.
 *
 *     in    ./lenet5 train --epochs 3 --lr=0.1 -j2 --resume --set width=6
 *     out   nn_options
 *
 * One table says of every option its name, its value, where it goes, which verbs know it and what
 * the help says. Values follow as "--name value" or "--name=value"; one that may be left out only
 * as "--name=value"; "--" ends the options. */
#include "options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/calc.h"
#include "../base/near.h"
#include "../kernel/nn_team.h"
#include "../base/text.h"

typedef enum { FLAG, WHOLE, REAL, TEXT, OPTIONAL_TEXT, LIST } form;

typedef struct flag {
	const char *name;  /* without dashes                       */
	char letter;       /* short form, or 0                     */
	form form;         /* of its value                         */
	size_t place;      /* in nn_options                        */
	int64_t least;     /* WHOLE: smallest value                */
	unsigned verbs;    /* who knows it                         */
	const char *value; /* what the help calls its value        */
	const char *help;  /* one line                             */
} flag;

#define AT(field) offsetof(nn_options, field)
enum {
	ALL = 511 | NN_VERB_DATA | NN_VERB_TUNE | NN_VERB_REPORT,
	TUNE = NN_VERB_TUNE,
	SEARCH = NN_VERB_TRAIN | NN_VERB_TUNE,
	RUNS = NN_VERB_TRAIN | NN_VERB_TEST | NN_VERB_PREDICT | NN_VERB_REPORT,
	TEAM = ALL & ~NN_VERB_INFO & ~NN_VERB_OTHER,
	TRAIN = NN_VERB_TRAIN,
	LOADS = RUNS | NN_VERB_STEP | NN_VERB_EXPORT | NN_VERB_CHECK,
	STEPS = NN_VERB_STEP | NN_VERB_BENCH,
	SEEDS = SEARCH | NN_VERB_STEP | NN_VERB_BENCH | NN_VERB_CHECK | NN_VERB_TEST
};

static const flag flags[] = {
        {"epochs", 0, WHOLE, AT(epochs), 0, SEARCH, "N", "passes over the training data"},
        {"until", 0, WHOLE, AT(until), 1, TRAIN, "N",
         "stop after epoch N of --epochs; --resume goes on"},
        {"lr", 0, REAL, AT(lr), 0, TRAIN | STEPS, "X", "base learning rate"},
        {"batch-size", 0, WHOLE, AT(batch_size), 1, SEARCH | NN_VERB_BENCH, "N",
         "images a step, up to what was compiled"},
        {"seed", 0, WHOLE, AT(seed), 0, SEEDS, "N", "key of everything random"},
        {"threads", 'j', WHOLE, AT(threads), 1, TEAM, "N",
         "threads (default OMP_NUM_THREADS, then the processors available)"},
        {"data", 0, TEXT, AT(data), 0, RUNS | TUNE | NN_VERB_DATA, "DIR",
         "where the data are (default NNCC_DATA, then the network's root)"},
        {"out", 0, TEXT, AT(out), 0, RUNS | TUNE | NN_VERB_STEP | NN_VERB_EXPORT, "PATH",
         "run directory (default runs/NAME); step: the file to write"},
        {"resume", 0, OPTIONAL_TEXT, AT(resume), 0, TRAIN, "PATH",
         "go on from OUT/state.safetensors or from PATH"},
        {"overwrite", 0, FLAG, AT(overwrite), 0, TRAIN, NULL,
         "start anew in OUT and take the files of the run there away"},
        {"weights", 0, TEXT, AT(weights), 0, LOADS, "FILE",
         "weights (default OUT/best.safetensors, then OUT/last.safetensors)"},
        {"batch", 0, TEXT, AT(batch), 0, NN_VERB_STEP, "FILE", "the batch: x and y"},
        {"steps", 0, WHOLE, AT(steps), 1, STEPS, "N", "how many steps"},
        {"eval", 0, FLAG, AT(eval), 0, NN_VERB_STEP, NULL, "forward only, as in evaluation"},
        {"profile", 0, FLAG, AT(profile), 0, NN_VERB_BENCH, NULL, "time of each kernel"},
        {"set", 0, LIST, 0, 0, RUNS | TUNE | STEPS | NN_VERB_CHECK | NN_VERB_DATA, "NAME=VALUE",
         "another value for a <param>"},
        {"limit", 0, WHOLE, AT(limit), 1, SEARCH | NN_VERB_REPORT, "N",
         "train on the first N items of the split"},
        {"overfit-batch", 0, FLAG, AT(overfit_batch), 0, TRAIN, NULL,
         "train on one batch only: the loss should go to zero"},
        {"lr-find", 0, FLAG, AT(lr_find), 0, TRAIN, NULL,
         "try learning rates from 1e-7 to 10, suggest one"},
        {"dry-run", 0, FLAG, AT(dry_run), 0, TRAIN, NULL,
         "load and check everything, run one step, write nothing"},
        {"trials", 0, WHOLE, AT(trials), 1, TUNE, "N", "how many points to try"},
        {"sampler", 0, TEXT, AT(sampler), 0, TUNE, "HOW", "random, grid or halving"},
        {"write", 0, TEXT, AT(write), 0, TUNE, "FILE",
         "write the description with the best values"},
        {"log", 0, TEXT, AT(log), 0, TRAIN, "LIST",
         "of csv, jsonl and tensorboard (default csv,jsonl)"},
        {"progress", 0, TEXT, AT(progress), 0, TRAIN, "HOW", "auto, bar, plain or none"},
        {"quiet", 'q', FLAG, AT(quiet), 0, RUNS | TUNE, NULL, "no progress"},
        {"safetensors", 0, TEXT, AT(safetensors), 0, NN_VERB_EXPORT, "FILE",
         "write weights as safetensors"},
        {"npz", 0, TEXT, AT(npz), 0, NN_VERB_EXPORT, "FILE", "write weights for NumPy"},
        {"onnx", 0, TEXT, AT(onnx), 0, NN_VERB_EXPORT, "FILE", "not supported yet"},
        {"c", 0, TEXT, AT(c), 0, NN_VERB_EXPORT, "FILE", "not supported yet"},
        {"json", 0, FLAG, AT(json), 0, ALL, NULL, "output for programs"},
        {"help", 'h', FLAG, AT(help), 0, ALL, NULL, "this text"},
        {"version", 0, FLAG, AT(version), 0, ALL, NULL, "which nncc compiled this trainer"},
};

enum { FLAGS = sizeof flags / sizeof *flags };

static bool store(nn_options *o, const flag *f, const char *value, nn_error *e)
{
	char *place = (char *)o + f->place;
	double number;
	int64_t whole;
	switch (f->form) {
	case FLAG:
		*(bool *)place = true;
		return true;
	case WHOLE:
		if (!nn_parse_double(value, &number) || !nn_whole(number, &whole) ||
		    whole < f->least)
			return nn_fail(e, NN_EXIT_USAGE,
			               "--%s: expected a whole number from %lld, "
			               "found '%s'",
			               f->name, (long long)f->least, value);
		*(int64_t *)place = whole;
		return true;
	case REAL:
		if (!nn_parse_double(value, &number) || number < 0)
			return nn_fail(e, NN_EXIT_USAGE,
			               "--%s: expected a number from 0, found "
			               "'%s'",
			               f->name, value);
		*(double *)place = number;
		return true;
	case LIST:
		if (o->sets == NN_SETS_MAX)
			return nn_fail(e, NN_EXIT_USAGE, "--%s: given more than %d times", f->name,
			               NN_SETS_MAX);
		o->set[o->sets++] = value;
		return true;
	case TEXT:
	case OPTIONAL_TEXT:
		break;
	}
	*(const char **)place = value;
	return true;
}

/* The option that an argument names; *value is what follows '=' or the letter, or NULL. */
static const flag *find(const char *arg, const char **value)
{
	*value = NULL;
	for (int i = 0; i < FLAGS; i++) {
		size_t len = strlen(flags[i].name);
		if (arg[1] == '-' && !strncmp(arg + 2, flags[i].name, len) &&
		    (arg[2 + len] == 0 || arg[2 + len] == '=')) {
			*value = arg[2 + len] ? arg + 3 + len : NULL;
			return &flags[i];
		}
		if (arg[1] == flags[i].letter && arg[1]) {
			*value = arg[2] ? arg + 2 : NULL;
			return &flags[i];
		}
	}
	return NULL;
}

/* What other programs call it. */
static const char *const other_names[][2] = {
        {"learning-rate", "lr"}, {"bs", "batch-size"}, {"jobs", "threads"},
        {"workers", "threads"},  {"output", "out"},    {"checkpoint", "weights"},
};

/* Dashes, `_` for `-` and what follows '=' are forgiven. Options that the verb does not know are
 * not what was meant. */
static bool unknown(const nn_options *o, unsigned bit, const char *arg, nn_error *e)
{
	char word[32];
	const char *names[FLAGS], *near = NULL, *start = arg + strspn(arg, "-");
	int n = 0;
	snprintf(word, sizeof word, "%.*s", (int)strcspn(start, "="), start);
	for (char *c = word; *c; c++)
		*c = *c == '_' ? '-' : *c;
	for (int i = 0; i < FLAGS; i++)
		if (flags[i].verbs & bit)
			names[n++] = flags[i].name;
	for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
		if (!strcmp(word, other_names[i][0]))
			snprintf(word, sizeof word, "%s", other_names[i][1]);
	near = nn_near(word, names, n);
	if (near)
		return nn_fail(e, NN_EXIT_USAGE, "unknown option '%s'; did you mean --%s?", arg,
		               near);
	return nn_fail(e, NN_EXIT_USAGE, "unknown option '%s'; see %s %s --help", arg, o->program,
	               o->verb);
}

static bool one_of(const char *option, const char *value, const char *const *list, nn_error *e)
{
	char all[128] = "";
	for (int i = 0; list[i]; i++) {
		if (!value || !strcmp(value, list[i]))
			return true;
		nn_append(all, sizeof all, "%s%s", !i ? "" : list[i + 1] ? ", " : " or ", list[i]);
	}
	return nn_fail(e, NN_EXIT_USAGE, "%s: expected %s, found '%s'", option, all, value);
}

static bool check(const nn_options *o, nn_error *e)
{
	static const char *const progress[] = {"auto", "bar", "plain", "none", NULL};
	static const char *const sampler[] = {"random", "grid", "halving", NULL};
	if (o->threads > NN_THREADS_MOST)
		return nn_fail(e, NN_EXIT_USAGE, "--threads: expected up to %d, found %lld",
		               NN_THREADS_MOST, (long long)o->threads);
	return one_of("--progress", o->progress, progress, e) &&
	       one_of("--sampler", o->sampler, sampler, e);
}

bool nn_options_read(nn_options *o, unsigned bit, int argc, char **argv, int from, nn_error *e)
{
	o->epochs = o->batch_size = o->seed = o->limit = o->steps = o->trials = o->until = -1;
	o->lr = -1;
	o->progress = "auto";
	for (int i = from; i < argc; i++) {
		const char *value;
		if (argv[i][0] != '-' || !argv[i][1]) {
			o->file[o->files++] = argv[i];
			continue;
		}
		if (!strcmp(argv[i], "--")) {
			while (++i < argc)
				o->file[o->files++] = argv[i];
			break;
		}
		const flag *f = find(argv[i], &value);
		if (!f)
			return unknown(o, bit, argv[i], e);
		if (!(f->verbs & bit))
			return nn_fail(e, NN_EXIT_USAGE, "%s has no option --%s; see %s %s --help",
			               o->verb, f->name, o->program, o->verb);
		if (value && f->form == FLAG)
			return nn_fail(e, NN_EXIT_USAGE, "--%s takes no value", f->name);
		if (!value && f->form == OPTIONAL_TEXT)
			value = "";
		if (!value && f->form != FLAG && ++i < argc)
			value = argv[i];
		if (!value && f->form != FLAG)
			return nn_fail(e, NN_EXIT_USAGE, "--%s: a value is missing", f->name);
		if (!store(o, f, value, e))
			return false;
	}
	return check(o, e);
}

int nn_threads_of(const char *text)
{
	static const char blanks[] = " \t\r\n";
	text += strspn(text, blanks);
	if (!*text)
		return 0;
	text += *text == '+';
	size_t n = strspn(text, "0123456789");
	const char *end = text + n + strspn(text + n, blanks);
	long value = n ? strtol(text, NULL, 10) : 0; /* LONG_MAX when there are too many digits */
	bool ends = !*end || *end == ',';
	return ends && value >= 1 && value <= NN_THREADS_MOST ? (int)value : -1;
}

void nn_options_help(unsigned bit)
{
	for (int i = 0; i < FLAGS; i++) {
		const flag *f = &flags[i];
		if (!(f->verbs & bit))
			continue;
		char left[64], letter[8] = "    ";
		if (f->letter)
			snprintf(letter, sizeof letter, "-%c, ", f->letter);
		snprintf(left, sizeof left, "%s--%s%s%s%s", letter, f->name,
		         f->form == OPTIONAL_TEXT ? "[="
		         : f->value               ? " "
		                                  : "",
		         f->value ? f->value : "", f->form == OPTIONAL_TEXT ? "]" : "");
		printf("  %-26s %s\n", left, f->help);
	}
}
