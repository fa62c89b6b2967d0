/* vocab.c: the vocabulary of network descriptions apart from layers, which are in layers.c.
 *
 * One table says which elements there are, what may stand inside each, which attributes it takes,
 * with type, default and a line of documentation. The checker, the defaults of a run's settings,
 * the RELAX NG schema and the reference in models/README.md are all made from it. */
#include <string.h>
#include <strings.h>

#include "front.h"

/* clang-format off */
#define END           { NULL, A_TEXT, NULL, NULL, NULL, NULL, 0, 0 }
#define NAME(doc)     { "name", A_NAME, NULL, NULL, NULL, doc, 0, 0 }
#define FROM          { "from", A_NAMES, "", NULL, NULL, \
	                "inputs by name; default: the sibling before", 0, 0 }
#define SCOPE(doc)    { "name", A_NAME, "", NULL, NULL, doc, 0, 0 }
#define TRAINABLE     { "trainable", A_BOOL, "true", NULL, NULL, \
	                "false: weights and biases inside stay as they are", 0, 0 }
#define ACTIVATION    { "activation", A_CHOICE, "none", NULL, "none @activation", \
	                "applied to the output", 0, 0 }
#define TYPE(c, doc)  { "type", A_CHOICE, NULL, NULL, c, doc, 0, 0 }
#define REAL(n, d, doc, lo, hi)  { n, A_REAL, d, NULL, NULL, doc, lo, hi }
#define COUNT(n, d, doc)         { n, A_COUNT, d, NULL, NULL, doc, 0, 0 }
#define INT(n, d, doc)           { n, A_INT, d, NULL, NULL, doc, 0, 0 }
#define BOOL(n, d, doc)          { n, A_BOOL, d, NULL, NULL, doc, 0, 0 }
#define TEXT(n, d, doc)          { n, A_TEXT, d, NULL, NULL, doc, 0, 0 }
#define CHOICE(n, d, c, doc)     { n, A_CHOICE, d, NULL, c, doc, 0, 0 }
#define BIG 1e18

const AttrSpec layer_attr[] = {
	SCOPE("what it is called; default: its element and a number, conv1"),
	FROM,
	TRAINABLE,
	CHOICE("init", "auto", "auto he_normal he_uniform glorot_normal glorot_uniform"
	       " lecun_normal orthogonal torch zeros ones",
	       "how weights start; auto: he_normal before rectifiers, else glorot_uniform"),
	CHOICE("bias", "auto", "auto true false", "auto: false before what centres channels"),
	ACTIVATION,
	END
};

static const AttrSpec network_attr[] = {
	NAME("of the trainer and its run directory"),
	{ "version", A_INT, "1", NULL, NULL, "of this format", 1, 1 },
	END
};
static const AttrSpec param_attr[] = {
	NAME("what {expressions} call it"),
	REAL("value", NULL, "a number; -D name=value replaces it", 0, 0),
	REAL("min", "", "lower end of the search", 0, 0),
	REAL("max", "", "upper end of the search", 0, 0),
	CHOICE("scale", "linear", "linear log", "how the search walks from min to max"),
	TEXT("choices", "", "numbers to search, separated by blanks"),
	END
};
static const AttrSpec block_attr[] = { NAME("what <use> calls it"), END };
static const AttrSpec arg_attr[] = {
	NAME("what {expressions} in the block call it"),
	REAL("default", "", "its value where <use> gives none", 0, 0),
	END
};
static const AttrSpec input_attr[] = {
	COUNT("channels", "", "of the image"),
	COUNT("height", "", "of the image"),
	COUNT("width", "", "of the image"),
	COUNT("features", "", "values of a row, instead of an image"),
	END
};
static const AttrSpec normalize_attr[] = {
	CHOICE("mode", "given", "given auto", "auto: measured on the training split"),
	{ "mean", A_REALS, "", NULL, NULL, "of each channel, on a scale from 0 to 1", 0, 0 },
	{ "std", A_REALS, "", NULL, NULL, "standard deviation of each channel", 0, 0 },
	END
};
static const AttrSpec activation_attr[] = { TYPE("@activation", "which function"), END };
static const AttrSpec residual_attr[] = {
	SCOPE("makes a scope of what is inside"), FROM, TRAINABLE,
	CHOICE("shortcut", "auto", "auto identity project pad",
	       "auto: identity, or project when the shape changes"),
	ACTIVATION, END
};
static const AttrSpec parallel_attr[] = {
	SCOPE("makes a scope of what is inside"), FROM, TRAINABLE,
	CHOICE("join", "concat", "concat add multiply", "how the paths' outputs become one"),
	ACTIVATION, END
};
static const AttrSpec path_attr[] = { SCOPE("makes a scope of what is inside"), TRAINABLE, END };
static const AttrSpec repeat_attr[] = {
	INT("times", NULL, "how often"), SCOPE("of its scope; default: repeat and a number"),
	FROM, TRAINABLE, END
};
static const AttrSpec use_attr[] = {
	TEXT("block", NULL, "which block"), INT("times", "", "how often, one after the other"),
	SCOPE("of its scope; default: the block's name and a number"), FROM, TRAINABLE, END
};
static const AttrSpec loss_attr[] = {
	TYPE("@loss", "what is minimised"),
	CHOICE("target", "label", "label input", "input: the network's own input (auto-encoders)"),
	END
};
static const AttrSpec data_attr[] = {
	CHOICE("format", NULL, "idx cifar npy npz csv folder synthetic", "of the files"),
	TEXT("root", "", "directory of the files; --data and NNCC_DATA override it"),
	REAL("validation", "0", "share of the training images kept for validation", 0, 0.999),
	REAL("test", "0", "share kept for the test where there is no test source", 0, 0.999),
	INT("split_seed", "1", "which images are split off"),
	BOOL("stratify", "true", "splits keep the share of each class"),
	CHOICE("exif", "apply", "apply ignore", "which way up a picture says that it was taken"),
	END
};
#define SOURCE \
	TEXT("images", "", "idx, npy: file of images; npz: array, default x"), \
	TEXT("labels", "", "idx, npy: file of labels; npz: array, default y"), \
	TEXT("file", "", "npz, csv, cifar: file of images and labels"), \
	TEXT("files", "", "csv, cifar: several files, separated by blanks"), \
	TEXT("dir", "", "folder: a directory that holds one for each class"), \
	TEXT("label_column", "", "csv: name, or number from 0, from the end below 0"), \
	TEXT("columns", "", "csv: the columns that are inputs, names or numbers, in order"), \
	CHOICE("header", "auto", "auto yes no", "csv: whether the first line holds names"), \
	END
static const AttrSpec source_attr[] = { SOURCE };
static const AttrSpec class_attr[] = { TEXT("name", NULL, "shown in reports"), END };
static const AttrSpec train_attr[] = {
	COUNT("epochs", NULL, "passes over the training images"),
	COUNT("batch_size", NULL, "images a step"),
	INT("seed", "1", "of weights, shuffling, dropout and augmentation"),
	{ "grad_clip", A_REAL, "", "grad_clip", NULL, "largest global norm of the gradient",
	  0, BIG },
	END
};
static const AttrSpec optimizer_attr[] = {
	TYPE("@optimizer", "the formula of the update"),
	{ "l1", A_REAL, "0", "l1", NULL, "L1 penalty in the gradient", 0, BIG },
	END
};
static const AttrSpec schedule_attr[] = {
	TYPE("constant step exponential polynomial cosine onecycle plateau",
	     "how the learning rate changes"),
	REAL("warmup", "0", "epochs of linear growth at the start", 0, BIG),
	{ "milestones", A_REALS, "", NULL, NULL, "step: epochs after which the rate drops", 0, 0 },
	REAL("gamma", "0.1", "factor of a drop, of an epoch (exponential)", 0, BIG),
	REAL("power", "1", "polynomial: exponent", 0, BIG),
	INT("patience", "10", "plateau: epochs without progress before a drop"),
	REAL("threshold", "1e-4", "plateau: share of the best loss that is progress", 0, 1),
	END
};
static const AttrSpec early_stopping_attr[] = {
	COUNT("patience", "10", "epochs without progress before stopping"),
	CHOICE("monitor", "val_loss", "val_loss val_accuracy loss accuracy", "what must progress"),
	REAL("min_delta", "0", "smallest change that is progress", 0, BIG),
	BOOL("restore_best", "true", "end with the best weights instead of the last"),
	END
};
static const AttrSpec baseline_attr[] = {
	REAL("human_error", "", "share that people get wrong, for reports", 0, 1),
	TEXT("chance", "auto", "accuracy of guessing; auto: of the largest class"),
	END
};
static const AttrSpec tune_attr[] = {
	COUNT("trials", "20", "networks to train"),
	CHOICE("sampler", "random", "random grid halving", "how trials are chosen"),
	CHOICE("objective", "val_accuracy", "val_accuracy val_loss",
	       "what decides; without labels val_loss"),
	COUNT("epochs", "", "of a trial; default: those of train"),
	END
};
static const AttrSpec flip_attr[] = {
	CHOICE("axis", "horizontal", "horizontal vertical", "which way"),
	REAL("p", "0.5", "probability", 0, 1), END
};
static const AttrSpec crop_attr[] = {
	{ "padding", A_INT, "4", NULL, NULL, "cells added around first", 0, NN_PADDING_MAX }, END
};
static const AttrSpec shift_attr[] = { REAL("fraction", "0.1", "of height and width", 0, 1), END };
static const AttrSpec rotation_attr[] = { REAL("degrees", "10", "either way", 0, 180), END };
static const AttrSpec zoom_attr[] = { REAL("fraction", "0.1", "in or out", 0, 0.99), END };
static const AttrSpec p_attr[] = { REAL("p", "0.5", "probability", 0, 1), END };
static const AttrSpec amount_attr[] = { REAL("amount", "0.2", "largest change", 0, 1), END };
static const AttrSpec noise_attr[] = { REAL("std", "0.1", "standard deviation", 0, BIG), END };
static const AttrSpec mixup_attr[] = { REAL("alpha", "0.2", "of its beta law", 0, BIG), END };

#define AUGMENT "random_flip* random_crop* random_shift* random_rotation* random_zoom*" \
	" random_erasing* brightness* contrast* gaussian_noise* mixup?"
#define VARIANT "constant() step(milestones gamma) exponential(gamma) polynomial(power) cosine()" \
	" onecycle() plateau(patience gamma threshold)"

const ElemSpec vocab[] = {
	{ .name = "network", .doc = "everything about a run", .attr = network_attr,
	  .children = "description? param* block* input layers loss data train tune?" },
	{ .name = "description", .doc = "what this network is, for people", .text = true },
	{ .name = "param", .doc = "a number with a name; a range makes it searchable",
	  .attr = param_attr },
	{ .name = "block", .doc = "layers to use several times", .attr = block_attr,
	  .children = "arg* @layer*" },
	{ .name = "arg", .doc = "a number that each use of the block gives", .attr = arg_attr },
	{ .name = "input", .doc = "one image (channels, height, width) or one row of features",
	  .attr = input_attr, .children = "normalize?" },
	{ .name = "normalize", .doc = "values become (value - mean) / std",
	  .attr = normalize_attr },
	{ .name = "layers", .doc = "from the input to the output", .children = "@layer*" },
	{ .name = "activation", .doc = "a function of each value",
	  .attr = activation_attr, .rows = 1 + ROW_ACTIVATION, .layer = true },
	{ .name = "residual", .doc = "what is inside plus its own input", .attr = residual_attr,
	  .children = "@layer*", .layer = true, .join = "add" },
	{ .name = "parallel", .doc = "several paths from one input", .attr = parallel_attr,
	  .children = "path*", .layer = true, .join = "concat" },
	{ .name = "path", .doc = "layers; empty: the identity", .attr = path_attr,
	  .children = "@layer*" },
	{ .name = "repeat", .doc = "what is inside, several times in a row", .attr = repeat_attr,
	  .children = "@layer*", .layer = true },
	{ .name = "use", .doc = "the layers of a block; its arguments are attributes too",
	  .attr = use_attr, .layer = true },
	{ .name = "loss", .doc = "what training minimises", .attr = loss_attr,
	  .rows = 1 + ROW_LOSS },
	{ .name = "data", .doc = "images and labels", .attr = data_attr,
	  .children = "training? validation? test? classes?" },
	{ .name = "training", .doc = "what is learnt from", .attr = source_attr },
	{ .name = "validation", .doc = "what decides when to stop", .attr = source_attr },
	{ .name = "test", .doc = "what the result is measured on", .attr = source_attr },
	{ .name = "classes", .doc = "names of the classes, in order", .children = "class*" },
	{ .name = "class", .doc = "one class", .attr = class_attr },
	{ .name = "train", .doc = "how to train", .attr = train_attr,
	  .children = "optimizer schedule? augment? early_stopping? baseline?" },
	{ .name = "optimizer", .doc = "how weights follow the gradient", .attr = optimizer_attr,
	  .rows = 1 + ROW_OPTIMIZER },
	{ .name = "schedule", .doc = "the learning rate over time", .attr = schedule_attr,
	  .variant = VARIANT },
	{ .name = "augment", .doc = "random changes of the training images, in order",
	  .children = AUGMENT },
	{ .name = "random_flip", .doc = "mirror", .attr = flip_attr,
	  .pictures = true },
	{ .name = "random_crop", .doc = "pad, then cut at random", .attr = crop_attr,
	  .pictures = true },
	{ .name = "random_shift", .doc = "move", .attr = shift_attr,
	  .pictures = true },
	{ .name = "random_rotation", .doc = "turn", .attr = rotation_attr,
	  .pictures = true },
	{ .name = "random_zoom", .doc = "scale", .attr = zoom_attr,
	  .pictures = true },
	{ .name = "random_erasing", .doc = "blank a rectangle", .attr = p_attr,
	  .pictures = true },
	{ .name = "brightness", .doc = "add a constant", .attr = amount_attr },
	{ .name = "contrast", .doc = "scale about the mean", .attr = amount_attr },
	{ .name = "gaussian_noise", .doc = "add noise", .attr = noise_attr },
	{ .name = "mixup", .doc = "blend pairs of images and labels", .attr = mixup_attr },
	{ .name = "early_stopping", .doc = "stop when nothing improves",
	  .attr = early_stopping_attr },
	{ .name = "baseline", .doc = "what to compare the result with", .attr = baseline_attr },
	{ .name = "tune", .doc = "search over the params that have a range", .attr = tune_attr },
	{ .name = NULL },
};

const Alias word_alias[] = {
	{ NULL, "model net graph sequential", "network" },
	{ NULL, "hyperparameter parameter variable", "param" },
	{ NULL, "macro module", "block" },
	{ NULL, "argument", "arg" },
	{ NULL, "normalise normalization", "normalize" },
	{ NULL, "shortcut skip basic_block resnet_block", "residual" },
	{ NULL, "branch branches inception split", "parallel" },
	{ NULL, "criterion cost objective", "loss" },
	{ NULL, "dataset", "data" },
	{ NULL, "val valid dev", "validation" },
	{ NULL, "labels", "classes" },
	{ NULL, "training_parameters solver fit", "train" },
	{ NULL, "optim optimiser", "optimizer" },
	{ NULL, "lr_scheduler lr_schedule lr_policy policy scheduler", "schedule" },
	{ NULL, "augmentation transforms transform", "augment" },
	{ NULL, "early_stop earlystopping", "early_stopping" },
	{ "*", "id label", "name" },
	{ "*", "bottom input inputs inbound_nodes", "from" },
	{ "*", "requires_grad freeze frozen", "trainable" },
	{ "*", "kernel_initializer weight_filler initializer weight_init", "init" },
	{ "*", "use_bias bias_term has_bias", "bias" },
	{ "*", "act activation_function nonlinearity", "activation" },
	{ "param", "default", "value" },
	{ "arg", "value", "default" },
	{ "use", "count repeat n", "times" },
	{ "repeat", "count n", "times" },
	{ "input", "c in_channels depth", "channels" },
	{ "input", "h rows", "height" },
	{ "input", "w cols columns", "width" },
	{ "input", "size units in_features", "features" },
	{ "normalize", "stddev sigma", "std" },
	{ "normalize", "means", "mean" },
	{ "data", "path dir directory", "root" },
	{ "data", "type", "format" },
	{ "data", "val valid validation_split val_split", "validation" },
	{ "data", "seed", "split_seed" },
	{ "training", "x data image", "images" },
	{ "training", "y targets label", "labels" },
	{ "train", "batch batchsize minibatch", "batch_size" },
	{ "train", "epoch num_epochs max_epochs nb_epoch", "epochs" },
	{ "train", "clip clipnorm max_norm clip_gradients gradient_clip", "grad_clip" },
	{ "train", "random_seed", "seed" },
	{ "optimizer", "learning_rate rate base_lr", "lr" },
	{ "optimizer", "decay l2 wd", "weight_decay" },
	{ "optimizer", "beta_1", "beta1" },
	{ "optimizer", "beta_2", "beta2" },
	{ "optimizer", "epsilon", "eps" },
	{ "schedule", "steps", "milestones" },
	{ "schedule", "factor decay_rate", "gamma" },
	{ "schedule", "warmup_epochs burn_in", "warmup" },
	{ "schedule", "policy name", "type" },
	{ "loss", "name", "type" },
	{ "optimizer", "name", "type" },
	{ "activation", "function kind", "type" },
	{ "type", "CrossEntropyLoss categorical_crossentropy sparse_categorical_crossentropy"
	  " crossentropyloss nll NLLLoss softmax_with_loss", "cross_entropy" },
	{ "type", "BCEWithLogitsLoss binary_crossentropy bce", "binary_cross_entropy" },
	{ "type", "MSELoss mean_squared_error l2 euclidean", "mse" },
	{ "type", "L1Loss mean_absolute_error l1", "mae" },
	{ "type", "SmoothL1Loss HuberLoss smooth_l1", "huber" },
	{ "type", "CosineAnnealingLR cosine_annealing cosine_decay", "cosine" },
	{ "type", "StepLR MultiStepLR multistep steps", "step" },
	{ "type", "ReduceLROnPlateau", "plateau" },
	{ "type", "OneCycleLR one_cycle", "onecycle" },
	{ "type", "poly PolynomialLR", "polynomial" },
	{ NULL, NULL, NULL },
};

/* clang-format on */

/* ---- looking things up --------------------------------------------------------------------- */

bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = list; p && *p;) {
		size_t len = strcspn(p, " ");
		if (len == n && !strncasecmp(p, word, n))
			return true;
		p += len + strspn(p + len, " ");
	}
	return false;
}

int split(const char *text, const char *separators, const char ***list)
{
	int n = 0;
	*list = NULL;
	for (const char *p = text + strspn(text, separators); *p; p += strspn(p, separators)) {
		size_t len = strcspn(p, separators);
		*list = grow(*list, n, sizeof **list);
		(*list)[n++] = copy_bytes(p, len);
		p += len;
	}
	return n;
}

const ElemSpec *find_spec(const char *elem)
{
	for (const ElemSpec *s = vocab; s->name; s++)
		if (!strcmp(s->name, elem))
			return s;
	return NULL;
}

const Row *find_row(RowKind kind, const char *name)
{
	for (int i = 0; i < nrows; i++)
		if (rows[i].kind == kind && !strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

const Row *row_of(const Elem *e)
{
	const ElemSpec *spec = find_spec(e->name);
	if (!spec)
		return find_row(ROW_LAYER, e->name);
	const Attr *type = spec->rows ? attr_of(e, "type") : NULL;
	return type ? find_row((RowKind)(spec->rows - 1), type->value) : NULL;
}

static const char *alias_in(const Alias *table, const char *elem, const char *word)
{
	for (const Alias *a = table; a->ours; a++)
		if ((elem ? a->elem && !strcmp(a->elem, elem) : !a->elem) &&
		    has_word(a->theirs, word))
			return a->ours;
	return NULL;
}

/* elem NULL: the word is an element; "type": the value of a type; else an attribute of elem. */
const char *find_alias(const char *elem, const char *word)
{
	const char *ours = alias_in(layer_alias, elem, word);
	return ours ? ours : alias_in(word_alias, elem, word);
}

const char *find_elsewhere(const char *word)
{
	return alias_in(layers_elsewhere, NULL, word);
}

/* Which common attributes make sense: init and bias only where there are weights. */
bool takes_common(const Row *row, const AttrSpec *common)
{
	if (!row || row->kind == ROW_LOSS || row->kind == ROW_OPTIMIZER)
		return false;
	if (!strcmp(common->name, "init") || !strcmp(common->name, "bias"))
		return row->param && !row->norm;
	if (!strcmp(common->name, "trainable"))
		return row->param;
	return row->kind == ROW_LAYER || strcmp(common->name, "activation");
}

void attr_sets(const Elem *e, const AttrSpec *set[SETS])
{
	const ElemSpec *spec = find_spec(e->name);
	const Row *row = row_of(e);
	int n = 0;
	set[0] = set[1] = set[2] = NULL;
	if (spec && spec->attr)
		set[n++] = spec->attr;
	if (row && row->attr)
		set[n++] = row->attr;
	if (spec ? spec->rows == 1 + ROW_ACTIVATION : row != NULL)
		set[n] = layer_attr;
}

const AttrSpec *find_attr_spec(const Elem *e, const char *name)
{
	const AttrSpec *set[SETS];
	attr_sets(e, set);
	for (int i = 0; i < SETS && set[i]; i++)
		for (const AttrSpec *a = set[i]; a->name; a++)
			if (!strcmp(a->name, name) &&
			    (set[i] != layer_attr || takes_common(row_of(e), a)))
				return a;
	return NULL;
}

int choice_list(const AttrSpec *spec, const char ***list)
{
	static const char *const kind[] = {"@layer", "@activation", "@loss", "@optimizer",
	                                   "@internal"};
	const char **words;
	int nwords = split(spec->choices, " ", &words), n = 0;
	*list = NULL;
	for (int w = 0; w < nwords; w++) {
		if (*words[w] != '@') {
			*list = grow(*list, n, sizeof **list);
			(*list)[n++] = words[w];
		}
		for (int i = 0; *words[w] == '@' && i < nrows; i++)
			if (!strcmp(kind[rows[i].kind], words[w])) {
				*list = grow(*list, n, sizeof **list);
				(*list)[n++] = rows[i].name;
			}
	}
	return n;
}
