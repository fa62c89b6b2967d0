/* page.c: a page of HTML that is written piece by piece.
 *
 * The page is one file that needs no other: style, script and pictures are inside. It works without
 * the script, on paper, by keyboard and read aloud. Pieces are gathered in `text` and written when
 * there are enough, so that a page with a thousand pictures takes little memory; the file appears
 * under its name when it is complete (io.h). */
#include "page.h"

#include "page_script.h"
#include "page_style.h"

/* NULL in a trainer whose items are no pictures (files.txt). */
#pragma weak nn_picture_address

enum { ENOUGH = 1 << 15 };

bool nn_page_pictures(void)
{
	return nn_picture_address != NULL;
}

bool nn_page_open(nn_page *p, const char *path, const char *title, nn_error *e)
{
	*p = (nn_page){.file.fd = -1, .error = e};
	nn_text_reserve(&p->text, ENOUGH + ENOUGH / 2);
	if (!nn_file_create(&p->file, path, e)) {
		nn_text_free(&p->text);
		return false;
	}
	nn_text_add(&p->text,
	            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	            "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	nn_text_html(&p->text, title);
	nn_text_add(&p->text, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", page_style);
	nn_page_flush(p);
	return true;
}

static void write_out(nn_page *p)
{
	if (p->text.failed)
		nn_fail(p->error, NN_EXIT_MEMORY, "not enough memory for a page");
	else if (!p->error->code)
		nn_file_write(&p->file, p->text.at, p->text.len, p->error);
	nn_text_clear(&p->text);
}

void nn_page_flush(nn_page *p)
{
	if (p->text.failed || p->text.len > ENOUGH)
		write_out(p);
}

void nn_page_section(nn_page *p, const char *id, const char *heading)
{
	nn_text_add(&p->text, "<section id=\"%s\" aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">", id,
	            id, id);
	nn_text_html(&p->text, heading);
	nn_text_add(&p->text, "</h2>\n");
	nn_page_flush(p);
}

void nn_page_end(nn_page *p)
{
	nn_text_add(&p->text, "</section>\n");
	nn_page_flush(p);
}

void nn_page_picture(nn_page *p, const nn_picture *x, int scale, const char *alt)
{
	int side = x->width > x->height ? x->width : x->height;
	if (!scale)
		scale = side < NN_PICTURE_SIDE ? NN_PICTURE_SIDE / side : 1;
	nn_text_add(&p->text, "<img width=\"%d\" height=\"%d\" alt=\"", x->width * scale,
	            x->height * scale);
	nn_text_html(&p->text, alt);
	nn_text_add(&p->text, "\" src=\"");
	nn_picture_address(&p->text, x, p->error);
	nn_text_add(&p->text, "\">");
	nn_page_flush(p);
}

bool nn_page_close(nn_page *p)
{
	nn_text_add(&p->text, "<script>\n%s</script>\n</body>\n</html>\n", page_script);
	write_out(p);
	nn_text_free(&p->text);
	if (p->error->code) {
		nn_file_abandon(&p->file);
		return false;
	}
	return nn_file_commit(&p->file, NULL, p->error);
}
