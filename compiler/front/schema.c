/* schema.c: the vocabulary for editors and readers, made from the same tables that check it.
 *
 *     nncc --print-schema        RELAX NG in XML: completion and checking while typing
 *     nncc --print-schema=md     tables in Markdown: models/README.md
 *
 * The schema knows elements, attributes, words and the form of numbers. What needs values (shapes,
 * names, expressions, sizes) only the compiler can tell. Elements and attributes of a foreign
 * namespace may stand everywhere. */
#include <string.h>

#include "front.h"

#define NUMBER "([+\\-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+\\-]?[0-9]+)?|\\{[^{}]*\\})"
#define WORD   "[A-Za-z_][A-Za-z0-9_\\-]*"

/* ---- RELAX NG ------------------------------------------------------------------------------ */

static Elem typed(const char *name, const char *type, Attr *attr)
{
	*attr = (Attr){.name = "type", .value = type};
	return (Elem){.name = name, .attr = type ? attr : NULL};
}

static void put_xml(FILE *out, const char *s)
{
	for (; *s; s++)
		if (*s == '<' || *s == '>' || *s == '&')
			fprintf(out, "&#%d;", *s);
		else
			fputc(*s, out);
}

static void put_doc(FILE *out, const char *doc)
{
	fputs("      <a:documentation>", out);
	put_xml(out, doc);
	fputs("</a:documentation>\n", out);
}

static void put_pattern(FILE *out, const char *pattern)
{
	fprintf(out,
	        "      <data type=\"string\"><param name=\"pattern\">\\s*(%s)\\s*</param></data>\n",
	        pattern);
}

static void put_choices(FILE *out, const AttrSpec *a)
{
	const char **list;
	int n = choice_list(a, &list);
	fputs("      <choice>", out);
	for (int i = 0; i < n; i++)
		fprintf(out, "<value type=\"string\">%s</value>", list[i]);
	fputs("</choice>\n", out);
}

static void rng_type(FILE *out, const AttrSpec *a)
{
	switch (a->type) {
	case A_BOOL:
		fputs("      <choice><value type=\"string\">true</value>"
		      "<value type=\"string\">false</value></choice>\n",
		      out);
		break;
	case A_CHOICE:
		put_choices(out, a);
		break;
	case A_NAME:
		fputs("      <data type=\"string\"><param name=\"pattern\">" WORD
		      "</param></data>\n",
		      out);
		break;
	case A_NAMES:
		put_pattern(out, WORD "(\\s+" WORD ")*");
		break;
	case A_PAIR:
	case A_PAIR0:
		put_pattern(out, NUMBER "(\\s*,\\s*" NUMBER ")?");
		break;
	case A_PAD:
		put_pattern(out, "same|valid|" NUMBER "(\\s*,\\s*" NUMBER "(\\s*,\\s*" NUMBER
		                 "\\s*,\\s*" NUMBER ")?)?");
		break;
	case A_REALS:
		put_pattern(out, NUMBER "(\\s*,\\s*" NUMBER ")*");
		break;
	case A_TEXT:
		fputs("      <text/>\n", out);
		break;
	default:
		put_pattern(out, NUMBER);
	}
}

static void rng_attr(FILE *out, const Elem *e, const AttrSpec *a)
{
	if (e->attr && !strcmp(a->name, "type")) {
		fprintf(out,
		        "      <attribute name=\"type\"><value type=\"string\">%s</value>"
		        "</attribute>\n",
		        e->attr->value);
		return;
	}
	fprintf(out, "    %s<attribute name=\"%s\">\n", a->def ? "<optional>" : "", a->name);
	put_doc(out, a->doc);
	rng_type(out, a);
	fprintf(out, "    </attribute>%s\n", a->def ? "</optional>" : "");
}

static void each_attr(FILE *out, const Elem *e)
{
	const AttrSpec *set[SETS];
	attr_sets(e, set);
	for (int i = 0; i < SETS && set[i]; i++)
		for (const AttrSpec *a = set[i]; a->name; a++)
			if (find_attr_spec(e, a->name) == a)
				rng_attr(out, e, a);
}

/* Attributes that go by the arguments of a block: any name that is not one of <use> itself. */
static void rng_arguments(FILE *out)
{
	const Elem e = {.name = "use"};
	const AttrSpec *set[SETS];
	attr_sets(&e, set);
	fputs("    <zeroOrMore><attribute><nsName ns=\"\"><except>", out);
	for (const AttrSpec *a = set[0]; a->name; a++)
		fprintf(out, "<name>%s</name>", a->name);
	fputs("</except></nsName>\n", out);
	put_pattern(out, NUMBER);
	fputs("    </attribute></zeroOrMore>\n", out);
}

static void rng_attrs(FILE *out, const ElemSpec *spec, const char *name)
{
	Attr attr;
	Elem e = typed(name, NULL, &attr);
	if (spec && spec->rows) {
		fputs("    <choice>\n", out);
		for (int i = 0; i < nrows; i++)
			if ((int)rows[i].kind == spec->rows - 1) {
				e = typed(name, rows[i].name, &attr);
				fputs("    <group>\n", out);
				each_attr(out, &e);
				fputs("    </group>\n", out);
			}
		fputs("    </choice>\n", out);
	} else {
		each_attr(out, &e);
	}
	if (!strcmp(name, "use"))
		rng_arguments(out);
	fputs("    <ref name=\"foreign.attributes\"/>\n", out);
}

static void rng_children(FILE *out, const ElemSpec *spec)
{
	const char **word;
	int n = spec && spec->children ? split(spec->children, " ", &word) : 0;
	fputs("    <interleave>\n      <ref name=\"foreign.elements\"/>\n", out);
	if (spec && spec->text)
		fputs("      <text/>\n", out);
	for (int i = 0; i < n; i++) {
		size_t len = strcspn(word[i], "?*");
		const char *wrap = word[i][len] == '?' ? "optional" : "zeroOrMore";
		const char *ref = *word[i] == '@' ? "any.layer" : format("%.*s", (int)len, word[i]);
		if (word[i][len])
			fprintf(out, "      <%s><ref name=\"%s\"/></%s>\n", wrap, ref, wrap);
		else
			fprintf(out, "      <ref name=\"%s\"/>\n", ref);
	}
	fputs("    </interleave>\n", out);
}

static void rng_element(FILE *out, const ElemSpec *spec, const char *name, const char *doc)
{
	fprintf(out, "  <define name=\"%s\"><element name=\"%s\">\n", name, name);
	put_doc(out, doc);
	rng_attrs(out, spec, name);
	rng_children(out, spec);
	fputs("  </element></define>\n", out);
}

static void rng_layers(FILE *out)
{
	fputs("  <define name=\"any.layer\"><choice>\n", out);
	for (const ElemSpec *s = vocab; s->name; s++)
		if (s->layer)
			fprintf(out, "    <ref name=\"%s\"/>\n", s->name);
	for (int i = 0; i < nrows; i++)
		if (rows[i].kind == ROW_LAYER)
			fprintf(out, "    <ref name=\"%s\"/>\n", rows[i].name);
	fputs("  </choice></define>\n", out);
}

static void rng_foreign(FILE *out)
{
	static const char foreign[] = "<anyName><except><nsName ns=\"\"/></except></anyName>";
	fprintf(out,
	        "  <define name=\"foreign.elements\"><zeroOrMore><element>%s\n"
	        "    <ref name=\"anything\"/></element></zeroOrMore></define>\n",
	        foreign);
	fprintf(out,
	        "  <define name=\"foreign.attributes\"><zeroOrMore><attribute>%s"
	        "</attribute></zeroOrMore></define>\n",
	        foreign);
	fputs("  <define "
	      "name=\"anything\"><zeroOrMore><choice><attribute><anyName/></attribute><text/>"
	      "\n    <element><anyName/><ref name=\"anything\"/></element></choice></zeroOrMore>"
	      "</define>\n",
	      out);
}

static void rng(FILE *out)
{
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<grammar xmlns=\"http://relaxng.org/ns/structure/1.0\"\n"
	      "         xmlns:a=\"http://relaxng.org/ns/compatibility/annotations/1.0\"\n"
	      "         datatypeLibrary=\"http://www.w3.org/2001/XMLSchema-datatypes\">\n"
	      "  <start><ref name=\"network\"/></start>\n",
	      out);
	rng_foreign(out);
	rng_layers(out);
	for (const ElemSpec *s = vocab; s->name; s++)
		rng_element(out, s, s->name, s->doc);
	for (int i = 0; i < nrows; i++)
		if (rows[i].kind == ROW_LAYER)
			rng_element(out, NULL, rows[i].name, rows[i].doc);
	fputs("</grammar>\n", out);
}

/* ---- Markdown ------------------------------------------------------------------------------ */

static const char *type_text(const AttrSpec *a)
{
	static const char *const text[] = {
	        [A_INT] = "whole number",
	        [A_COUNT] = "whole number from 1",
	        [A_REAL] = "number",
	        [A_PAIR] = "`h` or `h,w`",
	        [A_PAIR0] = "`h` or `h,w`",
	        [A_PAD] = "`p`, `h,w`, `top,bottom,left,right`, `same` or `valid`",
	        [A_BOOL] = "`true` or `false`",
	        [A_NAME] = "name",
	        [A_NAMES] = "names",
	        [A_REALS] = "numbers with commas",
	        [A_TEXT] = "text",
	};
	if (a->type != A_CHOICE)
		return text[a->type];
	const char **list, *words = "";
	int n = choice_list(a, &list);
	for (int i = 0; i < n; i++)
		words = format("%s%s`%s`", words, i ? " " : "", list[i]);
	return words;
}

/* Markdown takes <use> for HTML. */
static const char *md_text(const char *s)
{
	const char *lt = strchr(s, '<');
	return lt ? format("%.*s&lt;%s", (int)(lt - s), s, md_text(lt + 1)) : s;
}

static void md_attr(FILE *out, const AttrSpec *a, bool built)
{
	fprintf(out, "| | `%s` | %s | %s | %s%s |\n", a->name, type_text(a),
	        !a->def   ? "required"
	        : *a->def ? format("`%s`", a->def)
	                  : "",
	        md_text(a->doc), built ? "" : " (not built yet)");
}

/* The rows of one element: its line, then its attributes. `later`: words that are not built yet. */
static void md_attrs(FILE *out, const char *title, const char *doc, const char *later,
                     const AttrSpec *set)
{
	bool built = !has_word(later, "*");
	fprintf(out, "| **%s** | | | | %s%s |\n", title, md_text(doc),
	        built ? "" : " (not built yet)");
	for (; set && set->name; set++)
		md_attr(out, set, !has_word(later, set->name));
}

static void md_head(FILE *out, const char *title)
{
	fprintf(out,
	        "\n## %s\n\n| element | attribute | value | default | |\n|---|---|---|---|---|\n",
	        title);
}

static void md_rows(FILE *out, RowKind kind, const char *title)
{
	md_head(out, title);
	for (int i = 0; i < nrows; i++)
		if (rows[i].kind == kind)
			md_attrs(out, rows[i].name, rows[i].doc, rows[i].supported ? "" : "*",
			         rows[i].attr);
}

static void md(FILE *out)
{
	md_head(out, "Elements");
	for (const ElemSpec *s = vocab; s->name; s++) {
		bool built = !s->join || find_row(ROW_LAYER, s->join)->supported;
		md_attrs(out, s->name, s->doc, built ? s->later : "*", s->attr);
	}
	md_rows(out, ROW_LAYER, "Layers");
	md_attrs(out, "any layer", "attributes that all layers have, where they make sense", "",
	         layer_attr);
	md_rows(out, ROW_ACTIVATION, "Activations");
	md_rows(out, ROW_LOSS, "Losses");
	md_rows(out, ROW_OPTIMIZER, "Optimizers");
}

void schema(const char *kind, FILE *out)
{
	if (!strcmp(kind, "md"))
		md(out);
	else
		rng(out);
}
