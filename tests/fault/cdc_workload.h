/* SPDX-License-Identifier: Apache-2.0 */
/* What several sessions do to the tables of a source, drawn by a seed: transactions that begin in another order than
 * they end, aborted subtransactions, keys that are changed and swapped, values that are stored apart, truncates, large
 * transactions that are sent in parts, prepared ones, and columns that come and go. All from one thread: sessions keep
 * to rows of their own, and what would wait is given up. */
#ifndef INCLOAD_TESTS_FAULT_CDC_WORKLOAD_H
#define INCLOAD_TESTS_FAULT_CDC_WORKLOAD_H

#include <stdint.h>

#include "client.h"

typedef struct workload workload;

/* The tables that are replicated; NULL behind the last. */
extern const char *const workload_tables[];

/* The tables, for a source or a target. */
void workload_make_tables(client *c);

workload *workload_new(const char *source_url);
void workload_free(workload *w);
/* Empties the tables and gives them their first columns again. */
void workload_begin(workload *w, uint64_t seed);
void workload_step(workload *w);
/* A column comes, goes or changes its type, in the source and all targets (NULL behind the last); nothing when a
 * session has the table. A target has a new column before the first change that brings it. Not of the table without a
 * key: there a row that an old change tells would have to be found by a column that the source has no more. */
void workload_alter(workload *w, client *const *targets);
/* Every session ends its transaction. */
void workload_end(workload *w);

/* What was done since the beginning, for the report. */
void workload_tell(const workload *w, char out[256]);

#endif
