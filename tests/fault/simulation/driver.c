/* SPDX-License-Identifier: Apache-2.0 */
/* The driver of the simulated servers. It stands in the place of the library's mock (lib/driver/mock/conn.c) in the
 * programs of this folder, and keeps the same promises as every driver (lib/driver/driver.h). */
#define _GNU_SOURCE
#include "driver/mock/mock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server_internal.h"

typedef struct session {
    incload__conn base;
    server_link *link; /* NULL: the connection broke */
    int32_t at;
} session;

struct incload__reader {
    session *of;
    sqlite3_stmt *prepared;
    int32_t columns;
    bool ended;
};

struct incload__writer {
    session *of;
    char *sql;
    incload__schema schema;
    int64_t rows;
};

/* What comes between a client and the effect of what it sends. */
typedef enum trouble { TROUBLE_NONE, TROUBLE_LOST_BEFORE, TROUBLE_LOST_AFTER, TROUBLE_REFUSED } trouble;

static session *
of(incload__conn *base)
{
    return (session *)(void *)base;
}

/* ---- what is drawn ---- */

static void
harm(const server_faults *faults)
{
    process *self = machine_process();

    if (machine_odds(faults->killed, 10000)) {
        server_client_dies(self);
        process_kill(self);
    }
    if (machine_odds(faults->stalled, 10000))
        process_stall(self, 1 + machine_draw(faults->stall_us));
}

static trouble
draw_trouble(const server_faults *faults)
{
    if (machine_odds(faults->lost, 10000))
        return machine_odds(1, 2) ? TROUBLE_LOST_BEFORE : TROUBLE_LOST_AFTER;
    return machine_odds(faults->refused, 10000) ? TROUBLE_REFUSED : TROUBLE_NONE;
}

static int32_t
lost(session *s, const char *doing, incload_error **err)
{
    machine_note("lost", doing, s->link->number);
    server_orphan(s->link, false);
    s->link = NULL;
    s->base.txn = INCLOAD__TXN_DEAD;
    bool first = err != NULL && *err == NULL;
    incload__fail(err, INCLOAD_E_CONNECT, "%s: the connection was lost (SQLSTATE 08006)", doing);
    if (first)
        incload__error_set_server(err, "08006", 0, true);
    return INCLOAD_E_CONNECT;
}

static int32_t
interrupted(session *s, const char *doing, incload_error **err)
{
    return incload__conn_fail(&s->base, err, doing, "HY000", SQLITE_INTERRUPT, "interrupted");
}

static bool
is_over(const session *s)
{
    return atomic_load(&s->base.cancelled) || (s->base.deadline_us != 0 && machine_now() >= s->base.deadline_us);
}

static int64_t
sooner(const session *s, int64_t until)
{
    return s->base.deadline_us != 0 && s->base.deadline_us < until ? s->base.deadline_us : until;
}

/* The way to the server. */
static void
travel(session *s, int64_t longest)
{
    int64_t until = machine_now() + 1 + machine_draw(longest);

    while (machine_now() < sooner(s, until) && !atomic_load(&s->base.cancelled))
        machine_wait(s, sooner(s, until));
}

static int32_t
arrive(session *s, const char *doing, const char *text, trouble *what, incload_error **err)
{
    const server_faults *faults = server_faults_of(machine_process());
    int32_t status = incload__conn_check(&s->base, err);

    *what = TROUBLE_NONE;
    if (status != INCLOAD_OK)
        return status;
    machine_note("sends", text, s->link->number);
    harm(faults);
    *what = draw_trouble(faults);
    travel(s, faults->latency_us);
    if (is_over(s))
        return interrupted(s, doing, err);
    if (*what == TROUBLE_LOST_BEFORE)
        return lost(s, doing, err);
    if (*what == TROUBLE_REFUSED) {
        machine_note("refused", doing, s->link->number);
        return incload__conn_fail(&s->base, err, doing, "HY000", SQLITE_IOERR, "disk I/O error");
    }
    return INCLOAD_OK;
}

static int32_t
leave(session *s, const char *doing, trouble what, int32_t status, incload_error **err)
{
    if (status != INCLOAD_OK)
        return status;
    harm(server_faults_of(machine_process()));
    return what == TROUBLE_LOST_AFTER ? lost(s, doing, err) : INCLOAD_OK;
}

/* ---- statements ---- */

typedef struct statement {
    const char *doing;
    const char *sql;
    const incload__param *params;
    int32_t count;
    int32_t (*row)(void *data, sqlite3_stmt *prepared);
    void *data;
    int64_t affected;
} statement;

static void
bind_params(sqlite3_stmt *prepared, const incload__param *params, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const incload__param *p = &params[i];
        if (p->text == NULL)
            sqlite3_bind_null(prepared, i + 1);
        else if (p->kind >= INCLOAD__INT8 && p->kind <= INCLOAD__INT64)
            sqlite3_bind_int64(prepared, i + 1, strtoll(p->text, NULL, 10));
        else if (p->kind == INCLOAD__BINARY)
            sqlite3_bind_blob(prepared, i + 1, p->text, (int)p->length, SQLITE_TRANSIENT);
        else
            sqlite3_bind_text(prepared, i + 1, p->text, (int)p->length, SQLITE_TRANSIENT);
    }
}

static int
step_all(sqlite3_stmt *prepared, const statement *what, int32_t *status, bool *any)
{
    int rc;

    while ((rc = sqlite3_step(prepared)) == SQLITE_ROW && *status == INCLOAD_OK) {
        *any = true;
        if (what->row != NULL)
            *status = what->row(what->data, prepared);
    }
    return rc;
}

static bool
begins_with(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

static void
look_at(server_link *link, const char *sql)
{
    bool made = begins_with(sql, "CREATE ") && !begins_with(sql, "CREATE TEMP");

    if (begins_with(sql, "BEGIN")) {
        server_stages_begin(link);
        link->shapes = false;
        link->shape = server_shape(link->base);
    }
    if (made || begins_with(sql, "DROP TABLE main") || begins_with(sql, "ALTER ")) {
        link->shapes = true;
        server_shapes_changed(link->base);
    }
    link->made_temp = link->made_temp || begins_with(sql, "CREATE TEMP");
    link->set_pragma = link->set_pragma || begins_with(sql, "PRAGMA");
}

/* As SQLite's ODBC driver is read: its code is 1 for all of these. */
static const char *
sqlstate_of(const char *message)
{
    static const struct {
        const char *part;
        const char *state;
    } states[] = { { "no such table", "42S02" }, { "no such column", "42S22" }, { "already exists", "42S01" } };

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strstr(message, states[i].part) != NULL)
            return states[i].state;
    }
    return "HY000";
}

static int32_t
fail_sql(session *s, const char *doing, int rc, incload_error **err)
{
    const char *message = sqlite3_errmsg(s->link->db);

    return incload__conn_fail(&s->base, err, doing, sqlstate_of(message), rc, message);
}

/* Waits for locks, as far as the deadline and a cancel let it. */
static int32_t
run(session *s, statement *what, incload_error **err)
{
    int64_t until = machine_now() + LOCK_WAIT_US;
    server_link *link = s->link;
    char room[4000];
    const char *sql = server_stage_text(link, what->sql, room, sizeof room);
    bool as_sent = sql == what->sql || strncmp(sql, "DELETE FROM temp", 16) != 0;

    look_at(link, sql);
    for (;;) {
        int rc, before = sqlite3_total_changes(link->db);
        bool alone = sqlite3_get_autocommit(link->db) != 0, any = false;
        int32_t status = INCLOAD_OK;
        sqlite3_stmt *prepared = server_prepare(link, sql, &rc);
        if (prepared != NULL) {
            bind_params(prepared, what->params, what->count);
            rc = step_all(prepared, what, &status, &any);
            /* Of what changes no rows it would be the number of a statement before. */
            what->affected = as_sent && before != sqlite3_total_changes(link->db) ? sqlite3_changes(link->db) : 0;
        }
        bool wrote = prepared != NULL && sqlite3_stmt_readonly(prepared) == 0;
        int32_t code = rc == SQLITE_DONE || rc == SQLITE_ROW || server_is_busy(rc)
                           ? INCLOAD_OK : fail_sql(s, what->doing, rc, err);
        server_put_back(link, prepared);
        machine_note("answers", NULL, rc * 1000 + what->affected);
        if (alone && wrote && rc == SQLITE_DONE && before != sqlite3_total_changes(link->db))
            server_committed(link->base);
        else if (alone && wrote && !server_is_busy(rc))
            server_changed(link->base);
        if (code != INCLOAD_OK || status != INCLOAD_OK)
            return code != INCLOAD_OK ? code : incload__fail_memory(err);
        if (!server_is_busy(rc))
            return INCLOAD_OK;
        if (any || machine_now() >= until)
            return incload__conn_fail(&s->base, err, what->doing, "HY000", SQLITE_BUSY, "database is locked");
        server_wait(link->base, sooner(s, until));
        if (is_over(s))
            return interrupted(s, what->doing, err);
    }
}

static int32_t
call(session *s, statement *what, incload_error **err)
{
    trouble met;
    int32_t status = arrive(s, what->doing, what->sql, &met, err);

    if (status == INCLOAD_OK)
        status = run(s, what, err);
    return leave(s, what->doing, met, status, err);
}

static int32_t
simulated_execute(incload__conn *base, const char *sql, const incload__param *params, int32_t count, int64_t *affected,
                  incload_error **err)
{
    statement what = { .doing = "executing", .sql = sql, .params = params, .count = count };
    int32_t status = call(of(base), &what, err);

    if (status == INCLOAD_OK && affected != NULL)
        *affected = what.affected;
    return status;
}

typedef struct selection {
    incload__rows *rows;
    server_known *known; /* NULL, or where the rows are kept, too */
} selection;

static int32_t
add_row(void *data, sqlite3_stmt *prepared)
{
    const selection *into = data;
    int columns = sqlite3_column_count(prepared);
    const char *cells[64];

    for (int i = 0; i < columns && i < 64; i++)
        cells[i] = (const char *)sqlite3_column_text(prepared, i);
    if (into->known != NULL)
        server_known_add(into->known, cells, columns < 64 ? columns : 64);
    return incload__rows_add(into->rows, cells, NULL, columns < 64 ? columns : 64);
}

static int32_t
add_known(const server_known *known, incload__rows *rows, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int64_t i = 0; i < known->rows && status == INCLOAD_OK; i++)
        status = incload__rows_add(rows, (const char *const *)known->cells + i * known->columns, NULL, known->columns);
    return status == INCLOAD_OK ? status : incload__fail_memory(err);
}

/* A question with its parameters, as one text. */
static void
write_question(const statement *what, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s", what->sql);

    for (int32_t i = 0; i < what->count && used < size; i++) {
        const char *text = what->params[i].text;
        used += (size_t)snprintf(out + used, size - used, "|%s", text != NULL ? text : "");
    }
    if (used >= size)
        out[0] = '\0';
}

static int32_t
look_up(session *s, statement *what, selection *into, incload_error **err)
{
    char question[6000];
    server_known *at = NULL;

    if (strstr(what->sql, "pragma_") != NULL) {
        write_question(what, question, sizeof question);
        at = server_known_at(s->link, question);
    }
    if (at != NULL && server_known_answers(at, s->link, question)) {
        machine_note("answers", NULL, SQLITE_DONE * 1000);
        return add_known(at, into->rows, err);
    }
    if (at != NULL)
        server_known_forget(at, s->link, question);
    into->known = at;
    int32_t status = run(s, what, err);
    if (status != INCLOAD_OK && at != NULL)
        server_known_forget(at, s->link, "");
    return status;
}

static int32_t
simulated_select(incload__conn *base, const char *sql, const incload__param *params, int32_t count,
                 incload__rows *rows, incload_error **err)
{
    selection into = { .rows = rows };
    statement what = { .doing = "selecting", .sql = sql, .params = params, .count = count, .row = add_row,
                       .data = &into };
    trouble met;

    *rows = (incload__rows){ .mem = &base->env->mem };
    int32_t status = arrive(of(base), what.doing, sql, &met, err);
    if (status == INCLOAD_OK)
        status = look_up(of(base), &what, &into, err);
    status = leave(of(base), what.doing, met, status, err);
    if (status != INCLOAD_OK)
        incload__rows_free(rows);
    return status;
}

/* ---- transactions ---- */

static int32_t
simulated_begin(incload__conn *base, incload_error **err)
{
    const char *usual = base->role == INCLOAD__ROLE_READ ? base->dialect->begin_read : base->dialect->begin_write;
    statement what = { .doing = "beginning a transaction",
                       .sql = base->begin_text != NULL ? base->begin_text : usual };

    if (base->txn == INCLOAD__TXN_OPEN)
        return incload__fail(err, INCLOAD_E_STATE, "a transaction is open already: commit it or roll it back first");
    int32_t status = call(of(base), &what, err);
    if (status == INCLOAD_OK)
        base->txn = INCLOAD__TXN_OPEN;
    return status;
}

static int32_t
unknown(session *s, bool commits, incload_error **err)
{
    machine_note("unknown", commits ? "and commits" : "", s->link->number);
    server_orphan(s->link, commits);
    s->link = NULL;
    s->base.txn = INCLOAD__TXN_DEAD;
    bool first = err != NULL && *err == NULL;
    incload__fail(err, INCLOAD_E_COMMIT_UNKNOWN,
                  "the connection was lost inside COMMIT (SQLSTATE 08007): the ledger knows whether it took effect");
    if (first)
        incload__error_set_server(err, "08007", 0, false);
    return INCLOAD_E_COMMIT_UNKNOWN;
}

/* A COMMIT that was sent takes effect at once, later, or never, whoever still waits for its answer. */
static int32_t
simulated_commit(incload__conn *base, incload_error **err)
{
    session *s = of(base);
    const server_faults *faults = server_faults_of(machine_process());
    statement what = { .doing = "committing", .sql = "COMMIT" };
    int32_t status = incload__conn_check(base, err);

    if (status != INCLOAD_OK)
        return status;
    if (base->txn != INCLOAD__TXN_OPEN)
        return incload__fail(err, INCLOAD_E_STATE, "no transaction is open: there is nothing to commit");
    machine_note("sends", what.sql, s->link->number);
    harm(faults);
    bool is_lost = machine_odds(faults->commits_lost, 1000);
    if (is_lost && machine_odds(2, 3))
        return unknown(s, machine_odds(1, 2), err);
    /* Sent: who dies now has a COMMIT on its way. */
    s->link->commits = machine_odds(1, 2);
    int64_t until = machine_now() + 1 + machine_draw(faults->latency_us);
    while (machine_now() < until)
        machine_wait(NULL, until);
    s->link->commits = false;
    int rc = sqlite3_exec(s->link->db, "COMMIT", NULL, NULL, NULL);
    machine_note("answers", what.sql, rc);
    if (rc != SQLITE_OK)
        return fail_sql(s, what.doing, rc, err);
    base->txn = INCLOAD__TXN_IDLE;
    if (s->link->shapes)
        server_shapes_changed(s->link->base);
    server_committed(s->link->base);
    if (is_lost)
        return unknown(s, false, err);
    harm(faults);
    return INCLOAD_OK;
}

static int32_t
simulated_rollback(incload__conn *base, incload_error **err)
{
    session *s = of(base);
    const server_faults *faults = server_faults_of(machine_process());

    if (base->txn == INCLOAD__TXN_DEAD)
        return incload__conn_check(base, err);
    if (base->txn == INCLOAD__TXN_IDLE)
        return INCLOAD_OK;
    machine_note("sends", "ROLLBACK", s->link->number);
    harm(faults);
    machine_sleep(1 + machine_draw(faults->latency_us));
    if (machine_odds(faults->lost, 10000))
        return lost(s, "rolling back", err);
    if (sqlite3_get_autocommit(s->link->db) == 0)
        sqlite3_exec(s->link->db, "ROLLBACK", NULL, NULL, NULL);
    server_stages_roll_back(s->link);
    base->txn = INCLOAD__TXN_IDLE;
    server_changed(s->link->base);
    return INCLOAD_OK;
}

/* ---- connections ---- */

static int32_t
simulated_connect(const incload__connect *how, incload__conn **out, incload_error **err)
{
    const server_faults *faults = server_faults_of(machine_process());
    const char *name = strchr(how->url, ':') + 1;
    int32_t at = server_find(name);

    *out = NULL;
    if (at < 0)
        return incload__fail(err, INCLOAD_E_INVALID, "there is no simulated database '%s'", name);
    harm(faults);
    machine_sleep(1 + machine_draw(faults->latency_us));
    if (machine_odds(faults->lost, 10000)) {
        machine_note("lost", "connecting", at);
        bool first = err != NULL && *err == NULL;
        incload__fail(err, INCLOAD_E_CONNECT, "connecting: nobody answers (SQLSTATE 08001)");
        if (first)
            incload__error_set_server(err, "08001", 0, true);
        return INCLOAD_E_CONNECT;
    }
    session *s = incload__alloc(&how->env->mem, sizeof *s);
    if (s == NULL)
        return incload__fail_memory(err);
    s->base.driver = &incload__driver_mock;
    s->base.dialect = &incload__dialect_sqlite;
    s->base.env = how->env;
    s->base.role = how->role;
    s->base.wire = INCLOAD__WIRE_TEXT;
    s->base.server_version = 34001;
    s->base.pid = process_pid(machine_process());
    s->base.streams = true;
    s->at = at;
    s->link = server_take(at, machine_process());
    machine_note("connect", name, s->link->number);
    *out = &s->base;
    return INCLOAD_OK;
}

static void
simulated_close(incload__conn *base)
{
    session *s = of(base);

    if (s->link != NULL)
        server_release(s->link);
    incload__free(&base->env->mem, s);
}

static int32_t
simulated_ping(incload__conn *base, incload_error **err)
{
    statement what = { .doing = "pinging", .sql = "SELECT 1" };

    return call(of(base), &what, err);
}

static void
simulated_cancel(incload__conn *base)
{
    session *s = of(base);

    incload__conn_set_cancelled(base);
    machine_wake(s, true);
    if (s->link != NULL)
        server_changed(s->at);
}

/* ---- reading ---- */

static int32_t
simulated_describe(incload__conn *base, const char *sql, int32_t param_count, incload__schema *out,
                   incload_error **err)
{
    session *s = of(base);
    trouble met;
    int rc;

    (void)param_count;
    incload__schema_init(out, &base->env->mem);
    int32_t status = arrive(s, "describing a query", sql, &met, err);
    if (status != INCLOAD_OK)
        return status;
    sqlite3_stmt *prepared = server_prepare(s->link, sql, &rc);
    if (prepared == NULL)
        return fail_sql(s, "describing a query", rc, err);
    for (int i = 0; i < sqlite3_column_count(prepared) && status == INCLOAD_OK; i++) {
        const char *native = sqlite3_column_decltype(prepared, i);
        native = native != NULL ? native : "text";
        incload__column *column = incload__schema_add(out, sqlite3_column_name(prepared, i), native,
                                                      base->dialect->type_of(native));
        if (column == NULL)
            status = incload__fail_memory(err);
        else
            column->nullable = true;
    }
    server_put_back(s->link, prepared);
    status = leave(s, "describing a query", met, status, err);
    if (status != INCLOAD_OK)
        incload__schema_free(out);
    return status;
}

static int32_t
simulated_read_open(incload__conn *base, const char *sql, const incload__param *params, int32_t count,
                    const incload__schema *schema, incload__reader **out, incload_error **err)
{
    session *s = of(base);
    trouble met;
    int rc;

    *out = NULL;
    int32_t status = arrive(s, "reading", sql, &met, err);
    status = leave(s, "reading", met, status, err);
    if (status != INCLOAD_OK)
        return status;
    sqlite3_stmt *prepared = server_prepare(s->link, sql, &rc);
    if (prepared == NULL)
        return fail_sql(s, "reading", rc, err);
    bind_params(prepared, params, count);
    incload__reader *reader = incload__alloc(&base->env->mem, sizeof *reader);
    if (reader == NULL) {
        server_put_back(s->link, prepared);
        return incload__fail_memory(err);
    }
    *reader = (incload__reader){ .of = s, .prepared = prepared, .columns = schema->count };
    *out = reader;
    return INCLOAD_OK;
}

static int32_t
put_row(const incload__reader *reader, incload__builder *builder, incload_error **err)
{
    for (int32_t i = 0; i < reader->columns; i++) {
        const char *text = (const char *)sqlite3_column_text(reader->prepared, i);
        int32_t status = text == NULL ? incload__put_null(builder, i)
                                      : incload__put_text(builder, i, text, strlen(text));
        if (status != INCLOAD_OK)
            return incload__fail(err, status, "reading: '%s' does not fit", text != NULL ? text : "NULL");
    }
    return INCLOAD_OK;
}

static int32_t
simulated_read_next(incload__reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes,
                    int64_t *rows, incload_error **err)
{
    session *s = reader->of;
    trouble met;

    *rows = 0;
    int32_t status = arrive(s, "reading", "FETCH", &met, err);
    while (status == INCLOAD_OK && !reader->ended && *rows < max_rows
           && (max_bytes == 0 || *rows == 0 || incload__builder_bytes(builder) < max_bytes)) {
        int rc = sqlite3_step(reader->prepared);
        reader->ended = rc == SQLITE_DONE;
        if (reader->ended)
            break;
        status = rc == SQLITE_ROW ? put_row(reader, builder, err) : fail_sql(s, "reading", rc, err);
        *rows += status == INCLOAD_OK;
    }
    return leave(s, "reading", met, status, err);
}

static void
simulated_read_close(incload__reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->of->link != NULL)
        server_put_back(reader->of->link, reader->prepared);
    incload__free(&reader->of->base.env->mem, reader);
}

/* ---- writing ---- */

static int32_t
insert_text(const incload__conn *base, const char *table, const incload__schema *schema, incload__str *out,
            incload_error **err)
{
    incload__str_addf(out, "INSERT INTO %s (", table);
    int32_t status = incload__quote_columns(base->dialect, out, schema, "", err);
    incload__str_add(out, ") VALUES (");
    for (int32_t i = 0; i < schema->count; i++) {
        incload__str_add(out, i > 0 ? ", " : "");
        base->dialect->bind_item(out, &schema->columns[i], i + 1);
    }
    incload__str_add_char(out, ')');
    if (status == INCLOAD_OK && out->failed)
        status = incload__fail_memory(err);
    return status;
}

static int32_t
simulated_write_text(incload__conn *base, const char *table, const incload__schema *schema, incload__str *out,
                     incload_error **err)
{
    return insert_text(base, table, schema, out, err);
}

static void
simulated_write_abandon(incload__writer *writer)
{
    if (writer == NULL)
        return;
    incload__conn *base = &writer->of->base;
    if (base->txn == INCLOAD__TXN_OPEN)
        base->txn = INCLOAD__TXN_FAILED;
    incload__schema_free(&writer->schema);
    incload__free(&base->env->mem, writer->sql);
    incload__free(&base->env->mem, writer);
}

static int32_t
simulated_write_open(incload__conn *base, const char *table, const incload__schema *schema, incload__writer **out,
                     incload_error **err)
{
    incload__str sql = INCLOAD__STR(&base->env->mem);
    int32_t status = incload__conn_check(base, err);

    *out = NULL;
    if (status != INCLOAD_OK)
        return status;
    if (base->txn == INCLOAD__TXN_IDLE)
        return incload__fail(err, INCLOAD_E_STATE, "a bulk write into %s needs an open transaction", table);
    incload__writer *writer = incload__alloc(&base->env->mem, sizeof *writer);
    if (writer == NULL)
        return incload__fail_memory(err);
    writer->of = of(base);
    incload__schema_init(&writer->schema, &base->env->mem);
    status = incload__schema_copy(&writer->schema, schema, err);
    if (status == INCLOAD_OK)
        status = insert_text(base, table, schema, &sql, err);
    writer->sql = incload__str_take(&sql);
    incload__str_free(&sql);
    if (status != INCLOAD_OK) {
        simulated_write_abandon(writer);
        return status;
    }
    *out = writer;
    return INCLOAD_OK;
}

static int32_t
write_row(incload__writer *writer, const incload__view *view, int64_t row, incload_error **err)
{
    incload__conn *base = &writer->of->base;
    incload__param params[32];
    incload__str texts[32];
    statement what = { .doing = "writing", .sql = writer->sql, .params = params, .count = writer->schema.count };
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < what.count; i++) {
        const incload__column *target = &writer->schema.columns[i];
        texts[i] = (incload__str)INCLOAD__STR(&base->env->mem);
        params[i] = (incload__param){ .kind = target->type.kind };
        if (incload__is_null(view, i, row) || status != INCLOAD_OK)
            continue;
        status = base->dialect->encode(view, i, row, target, &texts[i], err);
        params[i].text = texts[i].length > 0 ? texts[i].data : "";
        params[i].length = texts[i].length;
    }
    if (status == INCLOAD_OK)
        status = run(writer->of, &what, err);
    for (int32_t i = 0; i < what.count; i++)
        incload__str_free(&texts[i]);
    return status;
}

static int32_t
simulated_write_batch(incload__writer *writer, const incload__view *view, incload_error **err)
{
    trouble met;

    if (writer->schema.count > 32 || view->schema->count != writer->schema.count)
        return incload__fail(err, INCLOAD_E_INTERNAL, "a batch has %d columns, not %d", (int)view->schema->count,
                             (int)writer->schema.count);
    int32_t status = arrive(writer->of, "writing", writer->sql, &met, err);
    for (int64_t row = 0; row < view->rows && status == INCLOAD_OK; row++)
        status = write_row(writer, view, row, err);
    if (status == INCLOAD_OK)
        writer->rows += view->rows;
    return leave(writer->of, "writing", met, status, err);
}

static int32_t
simulated_write_close(incload__writer *writer, int64_t *rows, incload_error **err)
{
    incload__conn *base = &writer->of->base;
    int32_t status = incload__conn_check(base, err);
    incload__txn before = base->txn;

    if (status == INCLOAD_OK && rows != NULL)
        *rows = writer->rows;
    simulated_write_abandon(writer);
    if (status == INCLOAD_OK)
        base->txn = before;
    return status;
}

bool
incload__mock_in_child(const incload__conn *conn)
{
    return conn->pid != process_pid(machine_process());
}

const incload__driver incload__driver_mock = {
    .name = "mock",
    .connect = simulated_connect,
    .close = simulated_close,
    .ping = simulated_ping,
    .cancel = simulated_cancel,
    .execute = simulated_execute,
    .select = simulated_select,
    .begin = simulated_begin,
    .commit = simulated_commit,
    .rollback = simulated_rollback,
    .describe = simulated_describe,
    .read_open = simulated_read_open,
    .read_next = simulated_read_next,
    .read_close = simulated_read_close,
    .write_open = simulated_write_open,
    .write_batch = simulated_write_batch,
    .write_close = simulated_write_close,
    .write_abandon = simulated_write_abandon,
    .write_text = simulated_write_text,
};
