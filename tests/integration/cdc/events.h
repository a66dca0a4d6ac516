/* SPDX-License-Identifier: Apache-2.0 */
/* Events as tests write them. */
#ifndef INCLOAD_TESTS_INTEGRATION_CDC_EVENTS_H
#define INCLOAD_TESTS_INTEGRATION_CDC_EVENTS_H

#include "../load/support.h"

/* A table "id bigint, name varchar, qty bigint" with `id` as its key, and with `marks` the columns for soft deletes. */
void make_items(place at, const char *table, bool marks);
/* Whoever adds a row to such a table sleeps for minutes, which another connection sees: on those that can. */
enum { SLEEPERS = 3 };
extern const kind sleepers[SLEEPERS];
void make_slow(place at, const char *table);
void make_quick(place at, const char *table);
/* Waits until somebody sleeps in that database. */
void await_sleep(place at);
/* Its rows, as expect_rows() compares them; with `marks` "id|name|qty|deleted|timed". */
void expect_items(place at, const char *table, bool marks, const char *expected);

/* Operations, in short. */
enum {
    INSERT = INCLOAD_CHANGE_INSERT,
    UPDATE = INCLOAD_CHANGE_UPDATE,
    DELETE = INCLOAD_CHANGE_DELETE,
    TRUNCATE = INCLOAD_CHANGE_TRUNCATE,
    READ = INCLOAD_CHANGE_READ,
    TOMBSTONE = INCLOAD_CHANGE_TOMBSTONE
};

incload_changes *changes_open(place at, const char *table, const char *options);
incload_changes *group_open(place at, const char *name, const char *options);
incload_changes *group_add(incload_changes *group, const char *table, const char *options);
/* An event as "id=1 name=x qty=-", where - is NULL; the position 0 is none. Must be taken. */
void push(incload_changes *changes, int32_t operation, uint64_t position, const char *row);
/* An update with the row before. */
void push_from(incload_changes *changes, uint64_t position, const char *old, const char *row);
/* The same, answered. */
int32_t try_push(incload_changes *changes, int32_t operation, uint64_t position, const char *old, const char *row,
                 incload_error **err);
void commit(incload_changes *changes);
uint64_t position_of(incload_changes *changes);

#endif
