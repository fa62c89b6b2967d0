/* report.h: what a training came to: its diagnosis, and a page about it. See report.c. */
#ifndef NN_REPORT_H
#define NN_REPORT_H

#include "diagnose.h"
#include "examine.h"
#include "../run/log.h"
#include "page.h"
#include "../run/session.h"

/* Everything a report is made from. The first group is filled by the caller. */
typedef struct nn_report {
	nn_session *session;     /* network, numbers of the XML, run directory              */
	nn_feed *feed;           /* with the weights in question in its net                 */
	nn_scorer *scorer;       /* likewise                                                */
	const nn_part *part[2];  /* what was trained on, and validation (count 0: none)     */
	const char *weights;     /* where the weights came from; NULL: there are none       */
	double flop;             /* to spend on looking at items; 0: without a limit        */
	bool diverged;           /* the training ended with a loss that was not finite      */
	int64_t best_epoch;      /* of the weights; 0: not known                            */

	nn_record *record;       /* the log                                                 */
	int64_t records;         /* epochs in it                                            */
	nn_exam exam[2];         /* answers on the parts                                    */
	nn_facts facts;          /* numbers for the diagnosis                               */
	nn_diagnosis diagnosis;  /* what they mean                                          */
	float *value;            /* room for one item                                       */
} nn_report;

/* Bytes that a report about so many items takes besides: a copy of the largest parameter, and their
 * answers. */
size_t nn_report_need(const nn_program *p, int64_t items);

/* Looks at the data with the network and makes the diagnosis. */
bool nn_report_open(nn_report *r, nn_error *e);

/* Fills r->facts from the answers, the log, the labels, the description and one step of rate 0
 * with the initial weights; the weights in question are in the net again afterwards.
 * (report_facts.c) */
bool nn_report_facts(nn_report *r, nn_error *e);

void nn_report_close(nn_report *r);

/* Writes the page. The weights and running statistics in the net are worth nothing afterwards: to
 * measure gradients it takes a training step. */
bool nn_report_write(nn_report *r, const char *path, nn_error *e);

/* Prints the diagnosis to stdout: text, or with --json an object without a newline. */
bool nn_print_diagnosis(const nn_session *s, const nn_report *r, nn_error *e);

/* ---- parts of the page ---------------------------------------------------------------------- */

/* The item as a picture; false when it is none, or cannot be read. (report_guess.c) */
bool nn_report_picture(const nn_report *r, const nn_items *items, uint32_t item, nn_picture *x,
                       nn_error *e);

void nn_report_guesses(nn_report *r, nn_page *p); /* confusion, classes (report_guess.c)         */
void nn_report_worst(nn_report *r, nn_page *p);   /* pictures, calibration (report_worst.c)      */
void nn_report_inside(nn_report *r, nn_page *p);  /* weights, what counts (report_inside.c)      */

#endif
