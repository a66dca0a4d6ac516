/* SPDX-License-Identifier: Apache-2.0 */
/* A driver in front of two real connections that looks and never touches: the engine is run on it as it is, so what it
 * writes down is what a run sends. */
#include <string.h>

#include "base/utf8.h"
#include "load/look.h"
#include "load/script.h"

typedef struct shown {
    incload__conn head; /* what the engine sees */
    incload__conn *real;
    incload__side side;
    incload__script *script;
    const incload__mem *mem;
} shown;

struct incload__rehearsal {
    const incload__mem *mem;
    shown source;
    shown target;
};

static shown *
shown_of(incload__conn *conn)
{
    return (shown *)(void *)conn;
}

static void
note(shown *conn, const char *purpose, const char *sql, int32_t parameters)
{
    incload__script_add(conn->script, conn->head.dialect, conn->side, purpose, sql, parameters);
}

static int32_t
whole(const shown *conn, incload_error **err)
{
    return conn->script->failed ? incload__fail_memory(err) : INCLOAD_OK;
}

static int32_t
shown_ping(incload__conn *conn, incload_error **err)
{
    (void)conn;
    (void)err;
    return INCLOAD_OK;
}

static void
shown_cancel(incload__conn *conn)
{
    shown_of(conn)->real->driver->cancel(shown_of(conn)->real);
}

static void
shown_close(incload__conn *conn)
{
    (void)conn;
}

/* Behind `INSERT INTO staging (columns) ` of the road inside one database. */
static const char *
select_behind(const char *sql)
{
    const char *at = incload__ascii_prefix(sql, "INSERT INTO ") ? strstr(sql, ") SELECT ") : NULL;

    return at != NULL ? at + 2 : NULL;
}

static int32_t
shown_execute(incload__conn *conn, const char *sql, const incload__param *params, int32_t count, int64_t *affected,
              incload_error **err)
{
    shown *self = shown_of(conn);
    const char *select = select_behind(sql);

    note(self, NULL, sql, count);
    if (select != NULL)
        incload__script_note_read(self->script, select, params, count);
    if (affected != NULL)
        *affected = 1;
    return whole(self, err);
}

static int32_t
answer_one(incload__rows *rows, incload_error **err)
{
    static const char *const one[] = { "1" };

    return incload__rows_add(rows, one, NULL, 1) == INCLOAD_OK ? INCLOAD_OK : incload__fail_memory(err);
}

/* The real source stands in the snapshot that was begun; the real target is never in a transaction for longer than a
 * question. What only a run would have made is not there: it has no rows yet. */
static int32_t
shown_select(incload__conn *conn, const char *sql, const incload__param *params, int32_t count, incload__rows *rows,
             incload_error **err)
{
    shown *self = shown_of(conn);
    incload_error *failure = NULL;
    int32_t status;

    note(self, "look", sql, count);
    if (self->script->failed)
        return incload__fail_memory(err);
    if (conn->dialect->in_transaction_query != NULL && strcmp(sql, conn->dialect->in_transaction_query) == 0)
        return answer_one(rows, err);
    self->real->deadline_us = conn->deadline_us;
    if (self->side == INCLOAD__SIDE_SOURCE)
        return self->real->driver->select(self->real, sql, params, count, rows, err);
    status = incload__look_select(self->real, sql, params, count, rows, &failure);
    if (status == INCLOAD_E_NOT_FOUND) {
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    return status == INCLOAD_OK ? status : incload__error_pass(err, failure);
}

static int32_t
shown_begin(incload__conn *conn, incload_error **err)
{
    shown *self = shown_of(conn);
    const char *usual = conn->role == INCLOAD__ROLE_READ ? conn->dialect->begin_read : conn->dialect->begin_write;

    note(self, "begin", conn->begin_text != NULL ? conn->begin_text : usual, 0);
    int32_t status = whole(self, err);
    if (status == INCLOAD_OK && self->side == INCLOAD__SIDE_SOURCE) {
        self->real->deadline_us = conn->deadline_us;
        status = self->real->driver->begin(self->real, err);
    }
    if (status == INCLOAD_OK)
        conn->txn = INCLOAD__TXN_OPEN;
    return status;
}

static int32_t
shown_end(incload__conn *conn, const char *word, incload_error **err)
{
    shown *self = shown_of(conn);

    if (conn->txn != INCLOAD__TXN_OPEN)
        return INCLOAD_OK;
    note(self, NULL, word, 0);
    conn->txn = INCLOAD__TXN_IDLE;
    return self->side == INCLOAD__SIDE_SOURCE ? self->real->driver->rollback(self->real, err) : INCLOAD_OK;
}

static int32_t
shown_commit(incload__conn *conn, incload_error **err)
{
    return shown_end(conn, "COMMIT", err);
}

static int32_t
shown_rollback(incload__conn *conn, incload_error **err)
{
    return shown_end(conn, "ROLLBACK", err);
}

static int32_t
shown_describe(incload__conn *conn, const char *sql, int32_t param_count, incload__schema *out, incload_error **err)
{
    shown *self = shown_of(conn);

    self->real->deadline_us = conn->deadline_us;
    return self->real->driver->describe(self->real, sql, param_count, out, err);
}

/* As the driver frames it; a statement's own placeholders stay. */
static void
note_read(shown *self, const char *sql, const incload__param *params, int32_t count)
{
    const incload__driver *driver = self->real->driver;
    incload__str text = INCLOAD__STR(self->mem);

    incload__script_note_read(self->script, sql, params, count);
    incload__str_addf(&text, "%s%s%s", driver->read_before != NULL ? driver->read_before : "", sql,
                      driver->read_after != NULL ? driver->read_after : "");
    if (text.failed)
        self->script->failed = true;
    else
        note(self, "read", incload__str_text(&text), count);
    incload__str_free(&text);
}

static int32_t
shown_read_open(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                const incload__schema *schema, incload__reader **out, incload_error **err)
{
    (void)schema;
    note_read(shown_of(conn), sql, params, count);
    *out = (incload__reader *)(void *)conn;
    return whole(shown_of(conn), err);
}

static int32_t
shown_read_next(incload__reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes, int64_t *rows,
                incload_error **err)
{
    (void)reader;
    (void)builder;
    (void)max_rows;
    (void)max_bytes;
    (void)err;
    *rows = 0;
    return INCLOAD_OK;
}

static void
shown_read_close(incload__reader *reader)
{
    (void)reader;
}

static int32_t
shown_write_open(incload__conn *conn, const char *table, const incload__schema *schema, incload__writer **out,
                 incload_error **err)
{
    shown *self = shown_of(conn);
    incload__str text = INCLOAD__STR(self->mem);

    self->real->freezes = conn->freezes;
    int32_t status = self->real->driver->write_text(self->real, table, schema, &text, err);
    self->real->freezes = false;
    *out = (incload__writer *)(void *)conn;
    if (status == INCLOAD_OK && text.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        note(self, "write", incload__str_text(&text), 0);
    incload__str_free(&text);
    return status == INCLOAD_OK ? whole(self, err) : status;
}

static int32_t
shown_write_batch(incload__writer *writer, const incload__view *view, incload_error **err)
{
    (void)writer;
    (void)view;
    return incload__fail(err, INCLOAD_E_INTERNAL, "a rehearsal has no rows to write");
}

static int32_t
shown_write_close(incload__writer *writer, int64_t *rows, incload_error **err)
{
    (void)writer;
    (void)err;
    if (rows != NULL)
        *rows = 0;
    return INCLOAD_OK;
}

static void
shown_write_abandon(incload__writer *writer)
{
    (void)writer;
}

static int32_t
shown_relay(incload__conn *from, const char *select, const incload__param *params, int32_t count, incload__conn *to,
            const char *table, const char *columns, int32_t (*progress)(int64_t bytes, void *data), void *data,
            int64_t *rows, int64_t *bytes, incload_error **err)
{
    incload__str text = INCLOAD__STR(shown_of(from)->mem);

    (void)progress;
    (void)data;
    *rows = *bytes = 0;
    note_read(shown_of(from), select, params, count);
    incload__str_addf(&text, "COPY %s (%s) FROM STDIN (FORMAT binary%s)", table, columns,
                      to->freezes ? ", FREEZE" : "");
    if (text.failed)
        shown_of(to)->script->failed = true;
    else
        note(shown_of(to), "write", incload__str_text(&text), 0);
    incload__str_free(&text);
    return whole(shown_of(to), err);
}

#define SHOWN                                                                                                         \
    .name = "rehearsal", .close = shown_close, .ping = shown_ping, .cancel = shown_cancel, .execute = shown_execute,  \
    .select = shown_select, .begin = shown_begin, .commit = shown_commit, .rollback = shown_rollback,                 \
    .describe = shown_describe, .read_open = shown_read_open, .read_next = shown_read_next,                           \
    .read_close = shown_read_close, .write_open = shown_write_open, .write_batch = shown_write_batch,                 \
    .write_close = shown_write_close, .write_abandon = shown_write_abandon

/* The engine takes equal drivers with a relay for one that is open. */
static const incload__driver relaying = { SHOWN, .relay = shown_relay };
static const incload__driver plain = { SHOWN };

static void
show(shown *out, const incload__driver *driver, incload__conn *real, incload__side side, incload__rehearsal *rehearsal,
     incload__script *script)
{
    out->real = real;
    out->side = side;
    out->script = script;
    out->mem = rehearsal->mem;
    out->head.driver = driver;
    out->head.dialect = real->dialect;
    out->head.env = real->env;
    out->head.role = side == INCLOAD__SIDE_SOURCE ? INCLOAD__ROLE_READ : INCLOAD__ROLE_WRITE;
    out->head.wire = real->wire;
    out->head.txn = INCLOAD__TXN_IDLE;
    out->head.server_version = real->server_version;
    out->head.deadline_us = real->deadline_us;
    out->head.pid = real->pid;
    out->head.streams = real->streams;
    out->head.once = real->once;
}

incload__rehearsal *
incload__rehearsal_new(const incload__mem *mem, incload__conn *source, incload__conn *target, incload__script *script,
                       incload_error **err)
{
    incload__rehearsal *rehearsal = incload__alloc(mem, sizeof *rehearsal);
    bool relays = source->driver == target->driver && source->driver->relay != NULL;

    if (rehearsal == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    rehearsal->mem = mem;
    show(&rehearsal->source, relays ? &relaying : &plain, source, INCLOAD__SIDE_SOURCE, rehearsal, script);
    show(&rehearsal->target, relays ? &relaying : &plain, target, INCLOAD__SIDE_TARGET, rehearsal, script);
    return rehearsal;
}

void
incload__rehearsal_free(incload__rehearsal *rehearsal)
{
    if (rehearsal != NULL)
        incload__free(rehearsal->mem, rehearsal);
}

incload__conn *
incload__rehearsal_source(incload__rehearsal *rehearsal)
{
    return &rehearsal->source.head;
}

incload__conn *
incload__rehearsal_target(incload__rehearsal *rehearsal)
{
    return &rehearsal->target.head;
}
