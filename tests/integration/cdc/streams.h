/* SPDX-License-Identifier: Apache-2.0 */
/* A PostgreSQL database that is followed, as tests of streams have it. */
#ifndef INCLOAD_TESTS_INTEGRATION_CDC_STREAMS_H
#define INCLOAD_TESTS_INTEGRATION_CDC_STREAMS_H

#include "../load/support.h"

/* One test's own source, target, publication and slot. */
typedef struct flow {
    place from, to;
    char name[48]; /* of publication and slot */
} flow;

flow flow_open(const char *name, kind to);
/* Without the slot, so that the databases can be dropped. */
void flow_close(flow *f);
/* `options` behind those that name slot and publication, and until=caught_up. */
incload_stream *stream_new(const flow *f, const char *options);
/* A new object, run to its end. */
void follow(const flow *f, const char *options);
/* Must fail with the code and these words (divided by '|'). */
void follow_fails(const flow *f, const char *options, int32_t code, const char *words);
/* "id bigint PRIMARY KEY, name text, qty bigint" */
void source_items(const flow *f, const char *table);
/* Both have the same rows. */
void expect_same(const flow *f, const char *table);
/* Waits until the target has so many rows. */
void await_rows(const flow *f, const char *table, int64_t count);
int64_t slots_of(const flow *f);

/* A run on a thread of its own. */
typedef struct runner {
    incload_stream *stream;
    unsigned long thread;
    int32_t status;
    incload_error *err;
} runner;

void runner_start(runner *r, incload_stream *stream);
/* Waits for its end. */
int32_t runner_end(runner *r);

#endif
