/* SPDX-License-Identifier: Apache-2.0 */
/* A table that is watched, and its copy: what the tests of change tables share. */
#ifndef INCLOAD_TESTS_INTEGRATION_CDC_CAPTURING_H
#define INCLOAD_TESTS_INTEGRATION_CDC_CAPTURING_H

#include "events.h"

/* Each kind into each, also PostgreSQL by ODBC. */
enum { CAPTURE_ROUTES = KINDS * KINDS };

typedef struct watched {
    place from, to;
    char table[64]; /* "id bigint, name varchar, qty bigint" in both databases */
    incload_capture *changes;
} watched;

/* Both tables, empty; nothing is installed. Tables of one name and route are made anew. */
watched watch(const char *name, int32_t route, const char *options);
/* The same, installed and loaded, with these rows. */
watched watch_rows(const char *name, int32_t route, const char *options, const char *rows);
/* The same by the versions of MariaDB, into each kind; `options` with by=versions. */
#define VERSION_COLUMNS                                                                                                \
    "ADD s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START INVISIBLE, "                                                  \
    "ADD e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END INVISIBLE, ADD PERIOD FOR SYSTEM_TIME (s, e), "
watched watch_versions(const char *name, int32_t to, const char *options, const char *rows);
void unwatch(watched *w);
incload_capture *change_table_of(const watched *w, const char *options);

/* Calls that must succeed. */
void install(watched *w);
void load_whole(watched *w);
void consume(watched *w);
int64_t pending(watched *w);
/* A call that must have failed with the code and the words. */
void refused(int32_t status, incload_error **err, int32_t code, const char *words);
/* Both tables have the same rows. */
void expect_mirrored(const watched *w);

#endif
