/* SPDX-License-Identifier: Apache-2.0 */
#include "streams.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

flow
flow_open(const char *name, kind to)
{
    flow f = { .from = place_open(POSTGRES, 0), .to = place_open(to, to == POSTGRES || to == PG_ODBC ? 1 : 0) };

    snprintf(f.name, sizeof f.name, "%s_%d_%ld", name, (int)to, (long)getpid());
    return f;
}

incload_stream *
stream_new(const flow *f, const char *options)
{
    incload_error *err = NULL;
    char text[512];

    snprintf(text, sizeof text, "publication=%s slot=%s until=caught_up %s", f->name, f->name,
             options != NULL ? options : "");
    incload_stream *stream = incload_stream_new(f->from.db, f->to.db, text, &err);
    ck_assert_msg(stream != NULL, "%s", incload_error_message(err));
    return stream;
}

void
flow_close(flow *f)
{
    incload_stream *stream = stream_new(f, NULL);
    incload_error *err = NULL;

    int32_t status = incload_stream_remove(stream, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
    ck_assert_int_eq(slots_of(f), 0);
    incload_stream_unref(stream);
    place_close(f->from);
    place_close(f->to);
}

void
follow(const flow *f, const char *options)
{
    incload_stream *stream = stream_new(f, options);
    incload_error *err = NULL;

    int32_t status = incload_stream_run(stream, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s: %s: %s", kind_names[f->to.kind], incload_error_name(err),
                  incload_error_message(err));
    incload_stream_unref(stream);
}

void
follow_fails(const flow *f, const char *options, int32_t code, const char *words)
{
    incload_stream *stream = stream_new(f, options);
    incload_error *err = NULL;

    int32_t status = incload_stream_run(stream, &err);
    ck_assert_msg(status == code, "%s: expected %s, got %s: %s", kind_names[f->to.kind], incload_status_name(code),
                  incload_status_name(status), incload_error_message(err));
    expect_words(incload_error_message(err), words);
    incload_error_unref(err);
    incload_stream_unref(stream);
}

void
source_items(const flow *f, const char *table)
{
    sql(f->from, "DROP TABLE IF EXISTS %s", table);
    sql(f->from, "CREATE TABLE %s (id bigint PRIMARY KEY, name text, qty bigint)", table);
    table_drop(f->to, table);
}

void
expect_same(const flow *f, const char *table)
{
    char *here = ask(f->from, "SELECT id, name, qty FROM %s", table);
    char *there = ask(f->to, "SELECT id, name, qty FROM %s", table);

    ck_assert_msg(strcmp(here, there) == 0, "%s: %s differs:\nsource\n%.300s\ntarget\n%.300s", kind_names[f->to.kind],
                  table, here, there);
    free(here);
    free(there);
}

void
await_rows(const flow *f, const char *table, int64_t count)
{
    await_number(f->to, count, "SELECT COUNT(*) FROM %s", table);
}

int64_t
slots_of(const flow *f)
{
    return ask_number(f->from, "SELECT COUNT(*) FROM pg_replication_slots WHERE slot_name = '%s'", f->name);
}

static void *
run(void *data)
{
    runner *r = data;

    r->status = incload_stream_run(r->stream, &r->err);
    return NULL;
}

void
runner_start(runner *r, incload_stream *stream)
{
    pthread_t thread;

    *r = (runner){ .stream = stream };
    ck_assert_int_eq(pthread_create(&thread, NULL, run, r), 0);
    r->thread = (unsigned long)thread;
}

int32_t
runner_end(runner *r)
{
    pthread_join((pthread_t)r->thread, NULL);
    return r->status;
}
