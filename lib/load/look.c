/* SPDX-License-Identifier: Apache-2.0 */
/* Facts from a live source and target: catalogue and statistics first, rows only up to a limit and a deadline. Every
 * question is a SELECT in a read-only transaction of its own. */
#include "load/look.h"

#include <string.h>

#include "base/utf8.h"
#include "dialect/sql.h"
#include "load/facts.h"

/* How many rows are looked at for NULLs; and how far past the threshold an estimate must lie to be believed. */
enum { NULL_SAMPLE = 10000, SURE_FACTOR = 2 };

static const struct {
    const incload__dialect *dialect;
    const char *table;
    const char *columns;
} queries[] = {
    { &incload__dialect_postgres, incload__sql_postgres_look, incload__sql_postgres_look_columns },
    { &incload__dialect_mariadb, incload__sql_mariadb_look, incload__sql_mariadb_look_columns },
    { &incload__dialect_sqlite, incload__sql_sqlite_look, incload__sql_sqlite_look_columns },
};

int32_t
incload__look_select(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                     incload__rows *out, incload_error **err)
{
    int32_t status = conn->driver->begin(conn, err);

    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, sql, params, count, out, err);
    conn->driver->rollback(conn, NULL);
    return status;
}

static int32_t
ask_by_name(incload__conn *conn, const char *sql, const incload__table *table, incload__rows *out, incload_error **err)
{
    int32_t status = conn->driver->begin(conn, err);

    if (status == INCLOAD_OK)
        status = incload__select_about(conn, sql, table->schema, table->name, out, err);
    conn->driver->rollback(conn, NULL);
    return status;
}

int32_t
incload__look_at(incload__load *load, incload__conn *conn, const char *table, incload__looked *out,
                 incload_error **err)
{
    size_t i = 0;

    memset(out, 0, sizeof *out);
    incload__schema_init(&out->shape, load->mem);
    out->table.mem = out->columns.mem = out->keys.mem = load->mem;
    while (i < sizeof queries / sizeof queries[0] && queries[i].dialect != conn->dialect)
        i++;
    if (i == sizeof queries / sizeof queries[0])
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "a database of this kind (%s) cannot be looked at: tell the facts yourself",
                             conn->dialect->name);
    int32_t status = incload__table_parse(load->mem, table, &out->name, err);
    if (status == INCLOAD_OK)
        status = incload__inspect_table(load, conn, &out->name, &out->shape, err);
    if (status == INCLOAD_OK)
        status = incload__inspect_keys(load, conn, &out->name, &out->keys, err);
    if (status == INCLOAD_OK)
        status = ask_by_name(conn, queries[i].table, &out->name, &out->table, err);
    return status == INCLOAD_OK ? ask_by_name(conn, queries[i].columns, &out->name, &out->columns, err) : status;
}

void
incload__looked_free(const incload__mem *mem, incload__looked *looked)
{
    incload__table_free(mem, &looked->name);
    incload__schema_free(&looked->shape);
    incload__rows_free(&looked->table);
    incload__rows_free(&looked->columns);
    incload__rows_free(&looked->keys);
}

const char *
incload__looked_column(const incload__looked *looked, const char *column, int32_t what)
{
    for (int64_t i = 0; i < looked->columns.count; i++) {
        const char *name = incload__rows_get(&looked->columns, i, INCLOAD__LOOK_NAME);
        if (name != NULL && strcmp(name, column) == 0)
            return incload__rows_get(&looked->columns, i, what);
    }
    return NULL;
}

/* ---- one fact after the other ---- */

typedef struct look {
    incload__advice *advice;
    incload__facts *facts;
    const incload__mem *mem;
    incload__load load; /* lends its memory to the functions that inspect tables */
    incload__conn *from;
    incload__looked source;
    incload__conn *to;
    incload__looked target;
    bool has_target;
} look;

static int32_t
tell(look *at, incload__fact fact, const char *origin, incload__str *note, incload_error **err)
{
    char *text = incload__str_take(note);

    if (text == NULL)
        return incload__fail_memory(err);
    incload__advice_tell(at->advice, fact, origin, text);
    return INCLOAD_OK;
}

static const char *
table_fact(const look *at, int32_t what)
{
    return incload__rows_get(&at->source.table, 0, what);
}

static bool
number_of(const char *text, int64_t *out)
{
    return text != NULL && incload__parse_int64(text, strlen(text), out);
}

static bool
is_on(const char *text)
{
    return text != NULL && strcmp(text, "1") == 0;
}

/* `SELECT what FROM (SELECT item FROM source LIMIT n) AS x` */
static int32_t
ask_some(look *at, const char *what, const char *item, int64_t limit, incload__rows *out, incload_error **err)
{
    incload__str sql = INCLOAD__STR(at->mem);

    out->mem = at->mem;
    incload__str_addf(&sql, "SELECT %s FROM (SELECT %s AS c FROM ", what, item);
    int32_t status = incload__quote_table(at->from->dialect, &sql, &at->source.name, err);
    incload__str_addf(&sql, " LIMIT %lld) AS x", (long long)limit);
    if (status == INCLOAD_OK)
        status = sql.failed ? incload__fail_memory(err)
                            : incload__look_select(at->from, incload__str_text(&sql), NULL, 0, out, err);
    incload__str_free(&sql);
    return status;
}

/* sqlite_stat1 exists only once ANALYZE has run; the first number of any of its rows is the table's. */
static bool
sqlite_estimate(look *at, int64_t *rows)
{
    incload__param name = { at->source.name.name, strlen(at->source.name.name), INCLOAD__TEXT };
    incload__rows found = { .mem = at->mem };
    bool known = false;

    if (at->from->dialect != &incload__dialect_sqlite)
        return false;
    if (incload__look_select(at->from,
                             "SELECT CAST(MAX(CAST(stat AS INTEGER)) AS TEXT) FROM sqlite_stat1 WHERE tbl = ?", &name,
                             1, &found, NULL)
        == INCLOAD_OK)
        known = number_of(incload__rows_get(&found, 0, 0), rows);
    incload__rows_free(&found);
    return known;
}

/* Where an estimate leaves no doubt it is enough; else rows are counted, but not further than needed. */
static int32_t
look_rows(look *at, incload_error **err)
{
    incload__facts *facts = at->facts;
    int64_t limit = facts->small_rows < INT64_MAX / 4 ? facts->small_rows + 1 : INT64_MAX / 4;
    int64_t estimate = -1, counted = -1;
    incload__str note = INCLOAD__STR(at->mem);
    incload__rows rows = { .mem = at->mem };
    incload_error *failure = NULL;

    if (facts->rows >= 0)
        return INCLOAD_OK;
    bool known = number_of(table_fact(at, INCLOAD__LOOK_ROWS), &estimate) || sqlite_estimate(at, &estimate);
    if (known && estimate > limit * SURE_FACTOR) {
        facts->rows = estimate;
        incload__str_add(&note, "estimated by the server's statistics");
        return tell(at, INCLOAD__FACT_ROWS, "statistics", &note, err);
    }
    int32_t status = ask_some(at, "COUNT(*)", "1", limit, &rows, &failure);
    if (status == INCLOAD_OK)
        number_of(incload__rows_get(&rows, 0, 0), &counted);
    incload__rows_free(&rows);
    incload_error_unref(failure);
    if (status == INCLOAD_OK && counted >= 0 && counted < limit) {
        facts->rows = counted;
        incload__str_add(&note, "all of them");
        return tell(at, INCLOAD__FACT_ROWS, "counted", &note, err);
    }
    /* Out of time, or more than the limit: what the statistics say, but no less than was counted. */
    facts->rows = estimate > counted ? estimate : counted;
    incload__str_add(&note, status != INCLOAD_OK ? "estimated: counting took too long or was refused"
                            : known && estimate > counted ? "estimated by the server's statistics"
                                                          : "at least so many: counted up to small_rows");
    const char *origin = status == INCLOAD_OK && counted >= estimate ? "counted" : "statistics";
    return tell(at, INCLOAD__FACT_ROWS, facts->rows >= 0 ? origin : "not known", &note, err);
}

static int32_t
look_bytes(look *at, incload_error **err)
{
    incload__str note = INCLOAD__STR(at->mem);

    if (at->facts->bytes >= 0 || !number_of(table_fact(at, INCLOAD__LOOK_BYTES), &at->facts->bytes))
        return INCLOAD_OK;
    incload__str_add(&note, "with its indexes");
    return tell(at, INCLOAD__FACT_BYTES, "catalogue", &note, err);
}

static int32_t
look_cursor(look *at, incload_error **err)
{
    incload__facts *facts = at->facts;
    incload__str why = INCLOAD__STR(at->mem);
    int32_t column;

    if (facts->has_cursor == INCLOAD__FACT_NO)
        return INCLOAD_OK;
    if (facts->cursor != NULL) {
        if (incload__schema_find(&at->source.shape, facts->cursor) >= 0)
            return INCLOAD_OK;
        return incload__fail(err, INCLOAD_E_NOT_FOUND, "the source has no column '%.64s' (fact 'cursor')",
                             facts->cursor);
    }
    column = incload__look_cursor(&at->source, at->from->dialect, facts->append_only, &why);
    facts->has_cursor = column >= 0 ? INCLOAD__FACT_YES : INCLOAD__FACT_NO;
    if (column >= 0) {
        facts->cursor = incload__strdup(at->mem, at->source.shape.columns[column].name);
        if (facts->cursor == NULL) {
            incload__str_free(&why);
            return incload__fail_memory(err);
        }
    }
    return tell(at, INCLOAD__FACT_CURSOR, "catalogue", &why, err);
}

static int32_t
look_index(look *at, incload_error **err)
{
    incload__facts *facts = at->facts;
    incload__str note = INCLOAD__STR(at->mem);

    if (facts->cursor == NULL || facts->cursor_indexed != INCLOAD__FACT_UNKNOWN)
        return INCLOAD_OK;
    bool indexed = is_on(incload__looked_column(&at->source, facts->cursor, INCLOAD__LOOK_INDEXED));
    facts->cursor_indexed = indexed ? INCLOAD__FACT_YES : INCLOAD__FACT_NO;
    incload__str_addf(&note, indexed ? "an index begins with '%.64s'" : "no index begins with '%.64s'", facts->cursor);
    return tell(at, INCLOAD__FACT_CURSOR_INDEXED, "catalogue", &note, err);
}

static int32_t
count_nulls(look *at, int64_t *percent, incload_error **err)
{
    incload__str item = INCLOAD__STR(at->mem);
    incload__rows rows = { .mem = at->mem };
    int64_t all = 0, valued = 0;
    int32_t status = at->from->dialect->quote(&item, "column", at->facts->cursor, err);

    if (status == INCLOAD_OK && item.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = ask_some(at, "COUNT(*), COUNT(c)", incload__str_text(&item), NULL_SAMPLE, &rows, err);
    if (status == INCLOAD_OK && number_of(incload__rows_get(&rows, 0, 0), &all)
        && number_of(incload__rows_get(&rows, 0, 1), &valued))
        *percent = all > 0 ? ((all - valued) * 100 + all - 1) / all : 0;
    incload__rows_free(&rows);
    incload__str_free(&item);
    return status;
}

static int32_t
look_nulls(look *at, incload_error **err)
{
    incload__facts *facts = at->facts;
    incload__str note = INCLOAD__STR(at->mem);
    incload_error *failure = NULL;
    const char *origin = "catalogue";

    if (facts->cursor == NULL || facts->cursor_null_percent >= 0)
        return INCLOAD_OK;
    int32_t column = incload__schema_find(&at->source.shape, facts->cursor);
    if (column >= 0 && !at->source.shape.columns[column].nullable) {
        facts->cursor_null_percent = 0;
        incload__str_add(&note, "NOT NULL");
    } else if (number_of(incload__looked_column(&at->source, facts->cursor, INCLOAD__LOOK_NULLS),
                         &facts->cursor_null_percent)) {
        origin = "statistics";
        incload__str_add(&note, "by the server's statistics");
    } else if (count_nulls(at, &facts->cursor_null_percent, &failure) == INCLOAD_OK) {
        origin = "counted";
        incload__str_addf(&note, "among %d rows at most", NULL_SAMPLE);
    } else {
        origin = "not known";
        incload__str_add(&note, "looking took too long or was refused");
    }
    incload_error_unref(failure);
    return tell(at, INCLOAD__FACT_CURSOR_NULLS, origin, &note, err);
}

/* A name in the form of option 'key'. */
static void
add_list_item(incload__str *out, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

    incload__str_add(out, out->length > 0 ? "," : "");
    if (name[strspn(name, plain)] == '\0') {
        incload__str_add(out, name);
        return;
    }
    incload__str_add_char(out, '"');
    for (; *name != '\0'; name++) {
        incload__str_add(out, *name == '"' ? "\"" : "");
        incload__str_add_char(out, *name);
    }
    incload__str_add_char(out, '"');
}

/* In the target as well, where that exists: a merge needs it there. */
static bool
target_has_key(const look *at, const int32_t *key, int32_t count)
{
    int32_t columns[MAX_KEY];

    for (int32_t i = 0; i < count; i++) {
        columns[i] = incload__schema_find(&at->target.shape, at->source.shape.columns[key[i]].name);
        if (columns[i] < 0)
            return false;
    }
    return incload__keys_match(&at->target.keys, &at->target.shape, columns, count);
}

/* The first key without NULLs; else the primary key all the same, which only SQLite lets be NULL. */
static int32_t
find_key(const look *at, int32_t *key)
{
    const incload__rows *keys = &at->source.keys;
    int32_t count = incload__keys_first(keys, &at->source.shape, key);

    for (int64_t i = 0; count == i && i < keys->count && i < MAX_KEY && is_on(incload__rows_get(keys, i, 1)); i++) {
        key[i] = incload__schema_find(&at->source.shape, incload__rows_get(keys, i, 3));
        count = key[i] >= 0 ? count + 1 : 0;
    }
    return count;
}

static int32_t
look_key(look *at, incload_error **err)
{
    incload__facts *facts = at->facts;
    incload__str list = INCLOAD__STR(at->mem), note = INCLOAD__STR(at->mem);
    int32_t key[MAX_KEY];
    char table[200];

    if (facts->has_key == INCLOAD__FACT_NO || facts->key != NULL)
        return INCLOAD_OK;
    int32_t count = find_key(at, key);
    for (int32_t i = 0; i < count; i++)
        add_list_item(&list, at->source.shape.columns[key[i]].name);
    bool held = count > 0 && (!at->has_target || target_has_key(at, key, count));
    if (count == 0)
        incload__str_add(&note, "the source has no primary key, and no unique index without NULLs");
    else if (!held)
        incload__str_addf(&note, "the source has the key (%s), but target table %s has no unique index on it",
                          list.failed ? "" : incload__str_text(&list),
                          incload__table_text(&at->target.name, table, sizeof table));
    else
        incload__str_addf(&note, "(%s) is unique in the source%s", list.failed ? "" : incload__str_text(&list),
                          at->has_target ? " and in the target" : "");
    facts->has_key = held ? INCLOAD__FACT_YES : INCLOAD__FACT_NO;
    if (held) {
        facts->key = incload__str_take(&list);
        if (facts->key == NULL) {
            incload__str_free(&note);
            return incload__fail_memory(err);
        }
    }
    incload__str_free(&list);
    return tell(at, INCLOAD__FACT_KEY, "catalogue", &note, err);
}

/* Why the source cannot tell its changes, as a remedy; NULL when it can. */
static const char *
closed_events(const look *at)
{
    const char *log = table_fact(at, INCLOAD__LOOK_LOG), *format = table_fact(at, INCLOAD__LOOK_FORMAT);

    if (at->from->dialect == &incload__dialect_sqlite)
        return "SQLite keeps no log that tells them";
    if (!is_on(table_fact(at, INCLOAD__LOOK_LOGGED)))
        return "only an ordinary, logged table tells them, not a view or an unlogged table";
    if (at->from->dialect == &incload__dialect_postgres) {
        if (log == NULL || strcmp(log, "logical") != 0)
            return "set wal_level=logical on the server, which needs a restart";
        if (is_on(format) && at->from->server_version < 160000)
            return "a standby tells them from PostgreSQL 16 on: take its primary";
        if (!is_on(table_fact(at, INCLOAD__LOOK_IMAGE)))
            return "the table needs a primary key, or ALTER TABLE ... REPLICA IDENTITY FULL";
        return is_on(table_fact(at, INCLOAD__LOOK_READER)) ? NULL : "the user needs the attribute REPLICATION";
    }
    if (!is_on(log))
        return "start the server with log_bin";
    if (format == NULL || strcmp(format, "ROW") != 0 || !is_on(table_fact(at, INCLOAD__LOOK_IMAGE)))
        return "set binlog_format=ROW and binlog_row_image=FULL";
    return is_on(table_fact(at, INCLOAD__LOOK_READER)) ? NULL : "grant REPLICATION SLAVE to the user";
}

static int32_t
look_events(look *at, incload_error **err)
{
    incload__str note = INCLOAD__STR(at->mem);

    if (at->facts->supports_cdc != INCLOAD__FACT_UNKNOWN)
        return INCLOAD_OK;
    const char *closed = closed_events(at);
    at->facts->supports_cdc = closed == NULL ? INCLOAD__FACT_YES : INCLOAD__FACT_NO;
    incload__str_add(&note, closed != NULL ? closed : "the log, the table's identity and the privilege are there");
    return tell(at, INCLOAD__FACT_CDC, "catalogue", &note, err);
}

static int32_t
look_all(look *at, incload_error **err)
{
    static int32_t (*const steps[])(look *, incload_error **) = {
        look_bytes, look_cursor, look_index, look_key, look_events, look_nulls, look_rows,
    };
    int32_t status = INCLOAD_OK;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == INCLOAD_OK; i++)
        status = steps[i](at, err);
    return status;
}

static int32_t
open_target(look *at, incload_database *target, const char *table, int64_t deadline, incload_error **err)
{
    incload_error *failure = NULL;
    int32_t status = incload__database_take(target, INCLOAD__ROLE_READ, deadline, at, &at->to, &failure);

    if (status == INCLOAD_OK)
        status = incload__look_at(&at->load, at->to, table, &at->target, &failure);
    at->has_target = status == INCLOAD_OK;
    if (status == INCLOAD_OK || status == INCLOAD_E_NOT_FOUND) {
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    incload__error_prefix(&failure, "target");
    return incload__error_pass(err, failure);
}

int32_t
incload__look(incload__advice *advice, incload_database *source, const char *source_table, incload_database *target,
              const char *target_table, incload_error **err)
{
    const incload__env *env = incload__database_env(source);
    look at = { .advice = advice, .facts = &advice->facts, .mem = advice->mem };
    int64_t deadline = incload__deadline_in(env, advice->facts.look_timeout);

    at.load.env = env;
    at.load.mem = advice->mem;
    int32_t status = incload__database_take(source, INCLOAD__ROLE_READ, deadline, &at, &at.from, err);
    if (status == INCLOAD_OK)
        status = incload__look_at(&at.load, at.from, source_table, &at.source, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "source");
    if (status == INCLOAD_OK)
        status = open_target(&at, target, target_table, deadline, err);
    if (status == INCLOAD_OK)
        status = look_all(&at, err);
    if (at.from != NULL)
        incload__database_give_back(source, at.from);
    if (at.to != NULL)
        incload__database_give_back(target, at.to);
    incload__looked_free(advice->mem, &at.source);
    incload__looked_free(advice->mem, &at.target);
    return status;
}
