/* page.h: a page of HTML that is written piece by piece. See page.c. */
#ifndef NN_PAGE_H
#define NN_PAGE_H

#include "../file/io.h"
#include "picture.h"

typedef struct nn_page {
	nn_file file;   /* where it goes                     */
	nn_text text;   /* what was not written yet: add here */
	nn_error *error; /* the first failure                 */
} nn_page;

/* Opens the page and writes its head: a title, the style and the script. */
bool nn_page_open(nn_page *p, const char *path, const char *title, nn_error *e);

/* Writes what has gathered. To be called now and then; failures wait for nn_page_close. */
void nn_page_flush(nn_page *p);

/* Begins a part of the page, "#id", under its heading; nn_page_end ends it. */
void nn_page_section(nn_page *p, const char *id, const char *heading);
void nn_page_end(nn_page *p);

/* Whether this trainer can make pictures. */
bool nn_page_pictures(void);

/* An <img>, `scale` times as large as its pixels (0: about 64 wide); `alt` says what it shows. */
void nn_page_picture(nn_page *p, const nn_picture *x, int scale, const char *alt);

/* Ends the page and puts it under its name; or, after a failure, leaves what was there. */
bool nn_page_close(nn_page *p);

#endif
