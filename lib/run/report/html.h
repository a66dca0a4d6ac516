/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of the HTML report. All is drawn here, as SVG and tables; the page's script only filters and copies, so
 * that nothing is lost where scripts are off. */
#ifndef INCLOAD_LIB_RUN_REPORT_HTML_H
#define INCLOAD_LIB_RUN_REPORT_HTML_H

#include "run/report/report.h"
#include "run/report/shape.h"

/* Made from page/page.css and page/page.js. */
extern const char incload__page_css[];
extern const char incload__page_js[];

typedef struct incload__page {
    incload__sink *sink;
    const incload__mem *mem;
    const incload__picture *picture;
    incload__shape shape;
    incload__picture_tally *tallies; /* of each step */
    incload__picture_tally all;
    int64_t max_units;
} incload__page;

void incload__page_failures(incload__page *page);
int32_t incload__page_graph(incload__page *page, incload_error **err);
int32_t incload__page_timeline(incload__page *page, incload_error **err);
int32_t incload__page_strips(incload__page *page, incload_error **err);
int32_t incload__page_histogram(incload__page *page, incload_error **err);
void incload__page_tables(incload__page *page);
/* The picture as JSON, for programs that read reports. */
void incload__page_data(incload__page *page);

/* <title>: what a pointer over it tells, and what a screen reader reads. */
void incload__page_title(incload__str *out, const char *name, int32_t status, const char *reason, int64_t duration_us);
/* It stands for a step that is one unit itself, which is told as a step. */
bool incload__page_is_step(const incload__page *page, const incload__picture_unit *unit);
/* From the first attempt's start to the last one's end; 0 when it was not begun. */
int64_t incload__page_took(const incload__picture *picture, const incload__picture_unit *unit);

#endif
