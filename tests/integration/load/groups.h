/* SPDX-License-Identifier: Apache-2.0 */
/* A shop of two tables that belong together, and the group of loads that brings both into a target. */
#ifndef INCLOAD_TESTS_INTEGRATION_LOAD_GROUPS_H
#define INCLOAD_TESTS_INTEGRATION_LOAD_GROUPS_H

#include "support.h"

extern const char shop_order_columns[];
extern const char shop_line_columns[];

typedef struct shop {
    place from, to;
    int32_t number;   /* of the route */
    load orders, lines;
    char *texts[4];   /* the tables' names */
} shop;

/* Empty sources, no targets. The tables are named after the test. */
shop shop_begin(const char *name, int32_t route, const char *options);
void shop_end(shop *s);
/* An order with so many lines. */
void shop_sell(shop *s, int64_t order, int64_t lines);

/* Both loads as one step; `orders` and `lines` (may be NULL) are given back to the caller as well. */
incload_step *shop_group(shop *s, incload_step **orders, incload_step **lines, incload_error **err);
/* A run of it, failed or not. */
incload_run *shop_run(shop *s, const char *options, incload_error **err);
/* Must succeed. */
incload_run *shop_ok(shop *s);
/* Must fail with the code, and a message that holds each of the words (divided by '|'). */
void shop_fails(shop *s, const char *options, int32_t code, const char *words);

/* Both targets have the rows of their sources. */
void shop_expect_equal(shop *s);
/* Lines in the target whose order is not there. */
int64_t shop_strays(place at, const char *orders, const char *lines);
/* The version of a load's watermark: how many runs of it were kept. */
int64_t shop_version(shop *s, const char *name);

#endif
