/* test_front.c: what becomes of right descriptions: places, numbers, names, wiring and shapes.
 *
 * Most tests write a description into a file, read it as nncc does and look at the layers. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../compiler/front/front.h"

#define REST_OF(loss)                                                                              \
	"<loss type='" loss "'/><data format='synthetic'/>"                                        \
	"<train epochs='1' batch_size='4'><optimizer type='sgd'/></train></network>"
#define REST  REST_OF("mse")
#define IMAGE "<input channels='2' height='9' width='7'/>"

static Elem *read_tree(const char *text)
{
	char *path = format("/tmp/nncc_front_XXXXXX");
	int fd = mkstemp(path);
	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	Elem *root = xml(path);
	unlink(path);
	cr_assert(root && !error_count(), "refused: %s", text);
	return root;
}

static Model *read_model(const char *text)
{
	Model *m = model(read_tree(text));
	cr_assert(!error_count(), "refused: %s", text);
	return m;
}

/* A network of these layers; head: params and blocks. */
static Model *network(const char *head, const char *layers)
{
	return read_model(
	        format("<network name='n'>%s" IMAGE "<layers>%s</layers>" REST, head, layers));
}

/* The same, whose loss takes logits: of classes, or of values from 0 to 1. */
static Model *with_logits(bool classes, const char *head, const char *layers)
{
	return read_model(
	        format("<network name='n'>%s" IMAGE "<layers>%s</layers>%s", head, layers,
	               classes ? REST_OF("cross_entropy") : REST_OF("binary_cross_entropy")));
}

static const Layer *layer(const Model *m, const char *name)
{
	for (const Layer *l = m->layers; l; l = l->next)
		if (!strcmp(l->name, name))
			return l;
	cr_assert(false, "there is no layer %s", name);
	return NULL;
}

static double var(const Layer *l, const char *name)
{
	double value = 0;
	cr_assert(find_var(l->var, l->nvar, name, &value), "%s has no %s", l->name, name);
	return value;
}

static char *names(const Model *m)
{
	char *text = format("%s", "");
	for (const Layer *l = m->layers; l; l = l->next)
		text = format("%s%s%s", text, *text ? " " : "", l->name);
	return text;
}

static const char *setting(const Model *m, const char *elem, const char *name)
{
	for (const Setting *s = m->settings; s; s = s->next)
		if (!strcmp(s->elem, elem) && !strcmp(s->name, name))
			return s->value ? s->value : "(none)";
	return "(absent)";
}

/* ---- places -------------------------------------------------------------------------------- */

/* Offset of line and column in a text. */
static const char *at(const char *text, Pos pos)
{
	while (--pos.line > 0)
		text = strchr(text, '\n') + 1;
	return text + pos.col - 1;
}

static int check_places(const char *text, const Elem *e)
{
	int n = 1;
	cr_assert(at(text, e->pos)[0] == '<');
	cr_assert(!strncmp(at(text, e->pos) + 1, e->name, strlen(e->name)), "<%s>", e->name);
	for (const Attr *a = e->attr; a; a = a->next, n++) {
		cr_assert(!strncmp(at(text, a->name_pos), a->name, strlen(a->name)), "%s", a->name);
		const char *value = at(text, a->value_pos);
		cr_assert(strchr("'\"", value[-1]) && value[a->width] == value[-1], "%s", a->name);
	}
	for (const Elem *c = e->child; c; c = c->next)
		n += check_places(text, c);
	return n;
}

/* Attributes on any line, entities, both quotes, comments and foreign things between them. */
Test(xml, every_element_and_attribute_knows_its_place)
{
	char *text = format("<?xml version='1.0' encoding='UTF-8'?>\n<!-- <a b='c'> -->\n<net>\n");
	unsigned seed = 1;
	for (int i = 0; i < 500; i++) {
		static const char *const gap[] = {" ", "\n", "\n\t ", "   ", "\r\n  "};
		static const char *const value[] = {"1", "a&lt;b&#48;", "x='>'", "", "/>\n&amp;"};
		static const char *const between[] = {"", "<!-- <x y='z'/> -->", "<?p q='r'?>\n",
		                                      "<f:g xmlns:f='u' h='i'><j k='l'/></f:g>",
		                                      "<![CDATA[<m n='o'/>]]>"};
		text = format("%s%s<e%d", text, between[(seed >> 20) % 5], i);
		for (unsigned k = 0; k < seed % 5; k++) {
			seed = seed * 1664525u + 1013904223u;
			text = format("%s%sat%u%s=\"%s\"", text, gap[(seed >> 8) % 5], k,
			              gap[(seed >> 12) % 5], value[(seed >> 16) % 5]);
		}
		seed = seed * 1664525u + 1013904223u;
		text = format("%s%s/>", text, seed & 64 ? "\n" : "");
	}
	text = format("%s</net>\n", text);
	cr_assert(check_places(text, read_tree(text)) > 1200);
}

Test(xml, values_are_decoded_and_foreign_things_left_out)
{
	Elem *e =
	        read_tree("<a xmlns:f='u' b='1&lt;2&#33;' f:c='3'><f:d><g/></f:d><h/>t&amp;u</a>");
	cr_assert_str_eq(e->attr->value, "1<2!");
	cr_assert(!e->attr->next);
	cr_assert_str_eq(e->child->name, "h");
	cr_assert(!e->child->next);
	cr_assert_str_eq(e->text, "t&u");
}

/* ---- names and wiring ----------------------------------------------------------------------- */

Test(names, follow_the_scopes)
{
	static const char *const head =
	        "<param name='k' value='2'/><block name='b'><arg name='f'/><arg name='s' "
	        "default='1'/>"
	        "<conv filters='{f}' kernel_size='1' stride='{s}' activation='relu'/></block>";
	Model *m = with_logits(
	        true, head,
	        "<conv name='stem' filters='3' kernel_size='1'/><conv filters='3' kernel_size='1'/>"
	        "<use block='b' f='4' times='{k}'/><use block='b' name='deep' f='{k+3}' s='2'/>"
	        "<use block='b' f='6'/><repeat times='2'><activation type='tanh'/></repeat>"
	        "<repeat name='none' times='0'><flatten/></repeat><dense units='3'/>");
	cr_assert_str_eq(names(m),
	                 "stem conv2 b1.0.conv1 b1.0.conv1.relu b1.1.conv1 b1.1.conv1.relu"
	                 " deep.conv1 deep.conv1.relu b3.conv1 b3.conv1.relu repeat1.0.activation1"
	                 " repeat1.1.activation1 dense1");
	cr_assert_str_eq(shape_text(layer(m, "deep.conv1")->shape), "[5,5,4]");
	cr_assert(layer(m, "deep.conv1")->pos.via && layer(m, "deep.conv1")->pos.line == 1);
	cr_assert_str_eq(layer(m, "deep.conv1")->pos.block, "b");
	cr_assert(m->output == layer(m, "dense1") && m->classes == 3);
}

Test(wiring, from_takes_any_earlier_output)
{
	Model *m = network("", "<conv filters='3' kernel_size='1' activation='relu'/>"
	                       "<dense name='side' units='5'/><dense from='conv1' units='6'/>"
	                       "<dense from='side' units='4'/>");
	cr_assert(!layer(m, "conv1")->in[0] && layer(m, "conv1")->nin == 1);
	cr_assert(layer(m, "side")->in[0] == layer(m, "conv1.relu"));
	cr_assert(layer(m, "dense2")->in[0] == layer(m, "conv1.relu"));
	cr_assert(layer(m, "dense3")->in[0] == layer(m, "side"));
	cr_assert(layer(m, "conv1.relu")->hidden && !layer(m, "side")->hidden);
}

Test(wiring, attributes_that_are_common)
{
	Model *m = network("",
	                   "<conv filters='3' kernel_size='1' bias='false' init='torch'/>"
	                   "<conv filters='3' kernel_size='1'/><activation type='leaky_relu'/>"
	                   "<conv filters='3' kernel_size='1' activation='tanh' trainable='false'/>"
	                   "<repeat times='1' trainable='false'><dense units='3'/></repeat>");
	cr_assert(!layer(m, "conv1")->bias && layer(m, "conv2")->bias);
	cr_assert_eq(layer(m, "conv1")->init, INIT_TORCH);
	cr_assert_eq(layer(m, "conv2")->init, INIT_HE_NORMAL);
	cr_assert_eq(layer(m, "conv3")->init, INIT_GLOROT_UNIFORM);
	cr_assert(layer(m, "conv1")->trainable && !layer(m, "conv3")->trainable);
	cr_assert(!layer(m, "repeat1.0.dense1")->trainable);
	cr_assert_float_eq(var(layer(m, "activation1"), "alpha"), 0.01, 1e-12);
}

/* Layers are expanded whether or not their equations are built already. */
Test(wiring, residual_and_parallel)
{
	cr_redirect_stderr();
	Model *m = model(read_tree(
	        "<network name='n'>" IMAGE "<layers>"
	        "<residual activation='relu'><conv filters='4' kernel_size='3' stride='2' "
	        "padding='1'/>"
	        "</residual><residual name='r'><conv filters='4' kernel_size='1'/></residual>"
	        "<residual shortcut='project'><activation type='tanh'/></residual>"
	        "<parallel name='p'><path><conv filters='3' kernel_size='1'/></path><path/>"
	        "<path name='q'><conv filters='5' kernel_size='1'/></path></parallel>"
	        "</layers>" REST));
	cr_assert_str_eq(names(m),
	                 "conv1 shortcut1 shortcut1_norm residual1.add residual1.relu"
	                 " r.conv1 r.add activation1 shortcut2 shortcut2_norm residual3.add"
	                 " p.conv1 p.q.conv1 p.concat");
	const Layer *shortcut = layer(m, "shortcut1"), *sum = layer(m, "residual1.add");
	cr_assert_str_eq(shape_text(shortcut->shape), "[4,5,4]");
	cr_assert(!shortcut->bias && !shortcut->in[0] && var(shortcut, "sh") == 2);
	cr_assert(sum->in[0] == layer(m, "conv1") && sum->in[1] == layer(m, "shortcut1_norm"));
	cr_assert(layer(m, "r.add")->in[1] == layer(m, "residual1.relu"));
	cr_assert(layer(m, "p.concat")->in[1] == layer(m, "residual3.add"));
	cr_assert_eq(layer(m, "p.concat")->nin, 3);
}

Test(loss, includes_the_activation_before_it)
{
	Model *m = with_logits(true, "", "<dense units='3' activation='softmax'/>");
	cr_assert_str_eq(names(m), "dense1");
	cr_assert(m->output == m->layers && m->classes == 3);
}

/* Wherever the sigmoid is written, the loss takes what it takes. */
Test(loss, includes_the_sigmoid_of_any_container)
{
	static const char block[] =
	        "<block name='b'><dense units='3'/><activation type='sigmoid'/></block>";
	static const struct {
		const char *layers, *names;
	} cases[] = {
	        {"<dense units='3' activation='sigmoid'/>", "dense1"},
	        {"<dense units='3'/><activation type='sigmoid'/>", "dense1"},
	        {"<use block='b' times='2'/>", "b1.0.dense1 b1.0.activation1 b1.1.dense1"},
	        {"<repeat times='1'><dense units='3' activation='sigmoid'/></repeat>",
	         "repeat1.0.dense1"},
	        {"<dense units='3'/><residual activation='sigmoid'><dense units='3'/></residual>",
	         "dense1 dense2 residual1.add"},
	        {"<conv filters='3' kernel_size='1' activation='sigmoid'/><flatten/>",
	         "conv1 flatten1"},
	        {"<dense units='8'/><activation type='sigmoid'/>"
	         "<reshape channels='2' height='2' width='2'/>",
	         "dense1 reshape1"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		Model *m = with_logits(false, block, cases[i].layers);
		cr_assert_str_eq(names(m), cases[i].names);
		for (const Layer *l = m->layers; l; l = l->next)
			cr_assert(l->next || l == m->output, "%s", cases[i].layers);
	}
}

/* Only the loss goes without it: a dense layer that reads it by name goes on reading it. */
Test(loss, leaves_an_activation_to_its_other_readers)
{
	Model *m = with_logits(false, "",
	                       "<dense name='a' units='3'/><activation name='s' type='sigmoid'/>"
	                       "<dense name='q' units='3' from='s'/><flatten name='v' from='s'/>");
	cr_assert_str_eq(names(m), "a s q v");
	cr_assert(layer(m, "q")->in[0] == layer(m, "s") && m->output == layer(m, "v"));
	cr_assert(m->output->in[0] == layer(m, "a"));

	m = with_logits(false, "",
	                "<dense name='a' units='3' activation='sigmoid'/><flatten name='v'/>"
	                "<dense name='q' units='3' from='v'/><repeat times='0' from='v'/>");
	cr_assert_str_eq(names(m), "a a.sigmoid v q v.logits");
	cr_assert(layer(m, "q")->in[0] == layer(m, "v"));
	cr_assert(layer(m, "v")->in[0] == layer(m, "a.sigmoid"));
	cr_assert(m->output->in[0] == layer(m, "a"));

	/* A copy stands behind what it reads, and who reads the copy behind that. */
	m = with_logits(false, "",
	                "<dense name='a' units='3' activation='sigmoid'/><flatten name='v'/>"
	                "<flatten name='w'/><dense name='q' units='3' from='v'/>"
	                "<flatten name='z' from='w'/>");
	cr_assert_str_eq(names(m), "a a.sigmoid v q v.logits w.logits z.logits");
	cr_assert(m->output == layer(m, "z.logits"));
	m = with_logits(false, "",
	                "<dense name='a' units='3' activation='sigmoid'/><flatten name='v'/>"
	                "<flatten name='w'/><dense name='q' units='3' from='w'/>"
	                "<flatten name='z' from='w'/>");
	cr_assert_str_eq(names(m), "a a.sigmoid v w q v.logits w.logits z.logits");
	m = with_logits(false, "",
	                "<dense name='a' units='3' activation='sigmoid'/>"
	                "<dense name='q' units='3' from='a'/><repeat times='0' from='a'/>");
	cr_assert_str_eq(names(m), "a a.sigmoid q");
	cr_assert(m->output == layer(m, "a"));
}

/* Not every network ends with its output: what reads it comes after it. */
Test(wiring, an_output_that_is_read)
{
	Model *m = network("", "<dense name='a' units='3'/><dense name='q' units='3' from='a'/>"
	                       "<repeat times='0' from='a'/>");
	cr_assert_str_eq(names(m), "a q");
	cr_assert(m->output == layer(m, "a"));
}

/* A softmax over the channels of each place is not one over all values. */
Test(loss, leaves_what_is_no_softmax_over_the_classes)
{
	Model *m = with_logits(
	        true, "", "<conv filters='3' kernel_size='1' activation='softmax'/><flatten/>");
	cr_assert_str_eq(names(m), "conv1 conv1.softmax flatten1");
	m = with_logits(true, "",
	                "<conv filters='3' kernel_size='9,7' activation='softmax'/><flatten/>");
	cr_assert_str_eq(names(m), "conv1 flatten1");
	m = network("", "<dense units='3' activation='softmax'/>");
	cr_assert_str_eq(names(m), "dense1 dense1.softmax");
}

/* Right before the loss, also behind a view or in one of several branches. */
Test(loss, warns_of_what_makes_few_logits_possible)
{
	static const struct {
		const char *layers, *told;
	} cases[] = {
	        {"<dense units='3' activation='relu'/><flatten/>",
	         "1:98: warning: loss 'cross_entropy' takes logits, which may be any numbers; this"
	         " relu right before it lets none fall below 0\n"},
	        {"<dense units='3' activation='sigmoid'/>", "keeps them from 0 to 1\n"},
	        {"<dense units='3'/><dropout rate='0.1'/>",
	         "1:87: warning: loss 'cross_entropy' takes logits, which may be any numbers; this"
	         " dropout right before it sets some of them to 0 in training\n"},
	        {"<dense units='3'/><batch_norm/>", "this batch_norm right before it"},
	        {"<parallel><path><dense units='3'/></path><path><dense units='3'/>"
	         "<activation type='tanh'/></path></parallel>",
	         "this tanh right before it"},
	        {"<dense units='3' activation='relu'/><dense units='3'/>", NULL},
	        {"<dense units='3' activation='relu'/><residual><dense units='3'/></residual>",
	         NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *said;
		size_t n;
		FILE *shown = stderr;
		stderr = open_memstream(&said, &n);
		with_logits(true, "", cases[i].layers);
		fclose(stderr);
		stderr = shown;
		cr_assert(cases[i].told ? strstr(said, cases[i].told) != NULL : !n, "%s: %s",
		          cases[i].layers, said);
	}
}

/* The end of a network that is all convolutions: [K,1,1] are K classes. */
Test(loss, takes_one_place_for_a_row)
{
	Model *m = with_logits(true, "", "<conv filters='5' kernel_size='9,7'/>");
	cr_assert(m->classes == 5 && m->output->shape.rank == 3);
}

/* ---- shapes -------------------------------------------------------------------------------- */

Test(shapes, follow_the_formulas)
{
	static const struct {
		const char *layers, *shape;
	} cases[] = {
	        {"<conv filters='4' kernel_size='3'/>", "[4,7,5]"},
	        {"<conv filters='4' kernel_size='3,1'/>", "[4,7,7]"},
	        {"<conv filters='4' kernel_size='3' padding='1'/>", "[4,9,7]"},
	        {"<conv filters='4' kernel_size='3' padding='1,0'/>", "[4,9,5]"},
	        {"<conv filters='4' kernel_size='3' padding='2,0,1,0'/>", "[4,9,6]"},
	        {"<conv filters='4' kernel_size='3' padding='same'/>", "[4,9,7]"},
	        {"<conv filters='4' kernel_size='3' padding='valid'/>", "[4,7,5]"},
	        {"<conv filters='4' kernel_size='4' stride='2' padding='same'/>", "[4,5,4]"},
	        {"<conv filters='4' kernel_size='2' stride='3,2'/>", "[4,3,3]"},
	        {"<conv filters='4' kernel_size='3' dilation='2,3'/>", "[4,5,1]"},
	        {"<conv filters='4' kernel_size='9,7' groups='2'/>", "[4,1,1]"},
	        {"<max_pool kernel_size='2'/>", "[2,4,3]"},
	        {"<max_pool kernel_size='3' stride='1'/>", "[2,7,5]"},
	        {"<avg_pool kernel_size='3' stride='2' padding='1'/>", "[2,5,4]"},
	        {"<max_pool kernel_size='2' padding='same'/>", "[2,5,4]"},
	        {"<global_avg_pool/>", "[2,1,1]"},
	        {"<flatten/>", "[126]"},
	        {"<dropout rate='0.5'/>", "[2,9,7]"},
	        {"<dense units='5'/>", "[5]"},
	        {"<flatten/><dense units='5'/>", "[5]"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		Model *m = network("", cases[i].layers);
		char *found = shape_text(m->output->shape);
		cr_assert(!strcmp(found, cases[i].shape), "%s: wanted %s, found %s",
		          cases[i].layers, cases[i].shape, found);
	}
}

/* TensorFlow: 7 columns, window 4, stride 2: 4 outputs need 10 columns, 1 before and 2 after. */
Test(shapes, same_puts_the_odd_cell_at_the_end)
{
	Model *m = network("", "<conv filters='1' kernel_size='4' stride='2' padding='same'/>");
	cr_assert_eq(var(m->layers, "pt"), 1);
	cr_assert_eq(var(m->layers, "pb"), 2);
	cr_assert_eq(var(m->layers, "pl"), 1);
	cr_assert_eq(var(m->layers, "pr"), 2);
}

Test(shapes, numbers_of_a_layer)
{
	Model *m = network(
	        "", "<conv filters='4' kernel_size='3,2' stride='2'/><flatten/><dense units='3'/>");
	const Layer *conv = m->layers, *dense = m->output;
	cr_assert(var(conv, "C") == 2 && var(conv, "H") == 9 && var(conv, "F") == 126);
	cr_assert(var(conv, "OH") == 4 && var(conv, "OW") == 3 && var(conv, "OF") == 48);
	cr_assert(var(dense, "C") == 48 && var(dense, "H") == 1 && var(dense, "F") == 48);
	const Layer *flat = layer(m, "flatten1");
	cr_assert(flat->shape.flat && flat->shape.rank == 3 && flat->shape.dim[0] == 4);
}

Test(shapes, whole_division_rounds_down)
{
	static const Var v[] = {{"H", 7}, {"k", 2}};
	double value;
	cr_assert(arithmetic("(H-k)/2+1", v, 2, true, &value) && value == 3);
	cr_assert(arithmetic("(H-k)/2+1", v, 2, false, &value) && value == 3.5);
	cr_assert(arithmetic("(k-H)/2", v, 2, true, &value) && value == -3);
	cr_assert(arithmetic("-H*(k+1) / 3", v, 2, false, &value) && value == -7);
	cr_assert(!arithmetic("H+q", v, 2, true, &value) && !arithmetic("(H", v, 2, true, &value));
	cr_assert(!arithmetic("H/0", v, 2, false, &value) &&
	          !arithmetic("H k", v, 2, false, &value));
}

/* ---- settings ------------------------------------------------------------------------------- */

static const char trained[] =
        "<network name='n'><param name='w' value='4'/><param name='rate' value='0.1' min='0.01' "
        "max='1'/>"
        "<param name='b' value='16'/><input features='5'><normalize mean='1' std='2'/></input>"
        "<layers><dense units='{w*2}'/></layers><loss type='mse'/><data format='synthetic'>"
        "<classes><class name='a &amp; b'/></classes></data><train epochs='{3}' batch_size='{b}'>"
        "<optimizer type='sgd' lr='{rate/2}'/><schedule type='step' "
        "milestones='1,2'/></train></network>";

Test(settings, keep_expressions_and_fill_defaults_in)
{
	Model *m = read_model(trained);
	cr_assert_str_eq(setting(m, "optimizer", "lr"), "{rate/2}");
	cr_assert_str_eq(setting(m, "optimizer", "momentum"), "0");
	cr_assert_str_eq(setting(m, "schedule", "milestones"), "1,2");
	cr_assert_str_eq(setting(m, "schedule", "gamma"), "0.1");
	cr_assert_str_eq(setting(m, "train", "epochs"), "{3}");
	cr_assert_str_eq(setting(m, "train", "grad_clip"), "(none)");
	cr_assert_str_eq(setting(m, "early_stopping", "patience"), "(absent)");
	cr_assert_str_eq(m->schedule, "step");
	cr_assert_eq(m->batch, 16);
	double lr = 0;
	cr_assert(find_var(m->opt_var, m->nopt_var, "lr", &lr) && lr == 0.05);
	cr_assert(m->normalize && m->nmean == 1 && m->mean[0] == 1 && m->std[0] == 2);
	static const bool fixed[] = {true, false, true};
	int i = 0;
	for (const Param *p = m->params; p && i < 3; p = p->next, i++)
		cr_assert((p->fixed_by != NULL) == fixed[i], "%s", p->name);
}

Test(settings, obey_the_command_line)
{
	static const char *define[] = {"w=3", "rate=1e-3"};
	options.define = define;
	options.ndefine = 2;
	options.batch = 32;
	Model *m = read_model(trained);
	cr_assert_str_eq(shape_text(m->output->shape), "[6]");
	cr_assert_str_eq(m->params->next->value, "1e-3");
	cr_assert_eq(m->batch, 32);
	cr_assert_str_eq(setting(m, "train", "batch_size"), "32");
	cr_assert(strstr(m->config, "batch_size=\"32\"") && strstr(m->config, "value=\"1e-3\""));
}

Test(settings, the_kept_description_gives_the_same_network)
{
	Model *m = read_model(trained), *again = read_model(m->config);
	cr_assert_str_eq(m->hash, again->hash);
	cr_assert_str_eq(again->class_name[0], "a & b");
	cr_assert_str_eq(m->config, again->config);
	const Setting *a = m->settings, *b = again->settings;
	for (; a && b; a = a->next, b = b->next)
		cr_assert(!strcmp(a->name, b->name) && !a->value == !b->value &&
		                  (!a->value || !strcmp(a->value, b->value)),
		          "%s of %s", a->name, a->elem);
	cr_assert(!a && !b);
}

Test(hash, depends_on_the_architecture_alone)
{
	const char *base = network("", "<dense units='3'/>")->hash;
	const char *trained_more =
	        read_model("<network name='other'>" IMAGE "<layers><dense units='3'"
	                   " init='zeros' trainable='false'/></layers><loss type='mse'/><data "
	                   "format='synthetic'/>"
	                   "<train epochs='9' batch_size='8'><optimizer "
	                   "type='adam'/></train></network>")
	                ->hash;
	cr_assert(strlen(base) == 64);
	cr_assert_str_eq(base, trained_more);
	cr_assert_str_neq(base, network("", "<dense units='4'/>")->hash);
	cr_assert_str_neq(base, network("", "<dense name='a' units='3'/>")->hash);
	cr_assert_str_neq(base, network("", "<dense units='3' bias='false'/>")->hash);
}

/* ---- the tables ----------------------------------------------------------------------------- */

/* Every foreign word leads to an attribute or element that exists, and is none of ours there. */
Test(tables, aliases_lead_somewhere)
{
	const Alias *table[] = {layer_alias, word_alias};
	for (int t = 0; t < 2; t++)
		for (const Alias *a = table[t]; a->ours; a++) {
			Elem e = {.name = a->elem};
			Attr type = {.name = "type", .value = a->elem ? "adam" : ""};
			if (!a->elem) {
				cr_assert(find_spec(a->ours) || find_row(ROW_LAYER, a->ours), "%s",
				          a->ours);
				continue;
			}
			if (!strcmp(a->elem, "*") || !strcmp(a->elem, "type"))
				continue;
			if (!strcmp(a->elem, "activation"))
				type.value = "leaky_relu";
			e.attr = find_spec(a->elem) && find_spec(a->elem)->rows ? &type : NULL;
			cr_assert(find_attr_spec(&e, a->ours), "%s has no %s", a->elem, a->ours);
			const char **word;
			for (int n = split(a->theirs, " ", &word); n-- > 0;)
				cr_assert(!find_attr_spec(&e, word[n]), "%s has %s", a->elem,
				          word[n]);
		}
}

Test(tables, near_misses)
{
	static const char *const words[] = {"units", "filters", "kernel_size"};
	cr_assert_str_eq(near_miss("unts", words, 3), "units");
	cr_assert_str_eq(near_miss("FILTERS", words, 3), "filters");
	cr_assert_str_eq(near_miss("kernal_sice", words, 3), "kernel_size");
	cr_assert_str_eq(near_miss("untis", words, 3), "units");
	cr_assert_null(near_miss("stride", words, 3));
	cr_assert_null(near_miss("", words, 3));
}

/* The numbers of the comparison that every course shows. */
Test(summary, compares_with_full_connection)
{
	Model *m = read_model(
	        "<network name='n'><input channels='3' height='200' width='200'/><layers>"
	        "<conv filters='1' kernel_size='5' groups='1'/></layers>" REST);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	summary(m, true, out);
	fclose(out);
	cr_assert(strstr(text, "\"weights_per_neuron_if_dense\": 120000,"), "%s", text);
	cr_assert(strstr(text, "\"weights_per_filter\": 75,"), "%s", text);
	cr_assert(strstr(text, "\"macs\": 2881200,"), "%s", text);
	cr_assert(strstr(text, "\"receptive_field\": [5,5]"), "%s", text);
}
