/* SPDX-License-Identifier: Apache-2.0 */
#include "state/ledger.h"

#include <string.h>

#include "base/utf8.h"

/* Integers of the ledger, as parameters. */
typedef struct number {
    char text[24];
    size_t length;
} number;

static number
as_number(int64_t value)
{
    number out;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char reversed[24];
    size_t digits = 0;

    do {
        reversed[digits++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    out.length = 0;
    if (value < 0)
        out.text[out.length++] = '-';
    while (digits > 0)
        out.text[out.length++] = reversed[--digits];
    out.text[out.length] = '\0';
    return out;
}

static incload__param
text_param(const char *text)
{
    return (incload__param){ text, text != NULL ? strlen(text) : 0, INCLOAD__TEXT };
}

static incload__param
number_param(const number *value)
{
    return (incload__param){ value->text, value->length, INCLOAD__INT64 };
}

static int64_t
to_number(const char *text)
{
    int64_t value = 0;

    if (text != NULL)
        incload__parse_int64(text, strlen(text), &value);
    return value;
}

void
incload__run_id(const incload__env *env, char out[INCLOAD__RUN_ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (int32_t half = 0; half < 2; half++) {
        uint64_t bits = incload__random(env);
        for (int32_t i = 0; i < 16; i++, bits >>= 4)
            out[half * 16 + i] = digits[bits & 15];
    }
    out[32] = '\0';
}

void
incload__placeholder(const incload__dialect *dialect, incload__str *out, int32_t index)
{
    if (dialect->numbered_params)
        incload__str_addf(out, "$%d", (int)index);
    else
        incload__str_add_char(out, '?');
}

/* ---- names ---- */

static incload__table
table_of(const incload__ledger *ledger, const char *name, char *buffer, size_t size)
{
    incload__table table = { NULL, buffer };
    size_t place = strlen(ledger->place), length = strlen(name);

    if (ledger->dialect->has_schemas) {
        table.schema = ledger->place;
        memcpy(buffer, name, length + 1);
    } else if (place + 1 + length < size) {
        memcpy(buffer, ledger->place, place);
        buffer[place] = '_';
        memcpy(buffer + place + 1, name, length + 1);
    } else {
        buffer[0] = '\0';
    }
    return table;
}

static char *
quoted_name(const incload__ledger *ledger, const char *name, incload_error **err)
{
    char buffer[256];
    incload__str text = INCLOAD__STR(ledger->mem);
    incload__table table = table_of(ledger, name, buffer, sizeof buffer);

    if (incload__quote_table(ledger->dialect, &text, &table, err) != INCLOAD_OK) {
        incload__error_prefix(err, "option 'ledger' of the target database");
        incload__str_free(&text);
        return NULL;
    }
    char *quoted = incload__str_take(&text);
    if (quoted == NULL)
        incload__fail_memory(err);
    return quoted;
}

int32_t
incload__ledger_init(incload__ledger *ledger, const incload__mem *mem, const incload__dialect *dialect,
                     const char *place, incload_error **err)
{
    memset(ledger, 0, sizeof *ledger);
    ledger->mem = mem;
    ledger->dialect = dialect;
    if (strlen(place) > 200)
        return incload__fail(err, INCLOAD_E_INVALID, "option 'ledger' of the target database is too long for a name");
    ledger->place = incload__strdup(mem, place);
    if (ledger->place == NULL)
        return incload__fail_memory(err);
    if ((ledger->meta = quoted_name(ledger, "meta", err)) == NULL
        || (ledger->watermark = quoted_name(ledger, "watermark", err)) == NULL
        || (ledger->history = quoted_name(ledger, "watermark_history", err)) == NULL
        || (ledger->run = quoted_name(ledger, "run", err)) == NULL) {
        incload__ledger_free(ledger);
        return incload__entered_with(err) != INCLOAD_OK ? incload__entered_with(err) : INCLOAD_E_NO_MEMORY;
    }
    return INCLOAD_OK;
}

void
incload__ledger_free(incload__ledger *ledger)
{
    if (ledger->mem == NULL)
        return;
    incload__free(ledger->mem, ledger->place);
    incload__free(ledger->mem, ledger->meta);
    incload__free(ledger->mem, ledger->watermark);
    incload__free(ledger->mem, ledger->history);
    incload__free(ledger->mem, ledger->run);
    memset(ledger, 0, sizeof *ledger);
}

/* ---- tables ---- */

typedef struct field {
    const char *name;
    incload__kind kind;
    bool in_key;
    bool nullable;
} field;

static const field meta_fields[] = {
    { "version", INCLOAD__INT64, true, false },
    { "created_us", INCLOAD__INT64, false, false },
};

static const field watermark_fields[] = {
    { "load_name", INCLOAD__TEXT, true, false },  { "version", INCLOAD__INT64, false, false },
    { "value", INCLOAD__TEXT, false, true },      { "type", INCLOAD__TEXT, false, true },
    { "level", INCLOAD__TEXT, false, true },      { "document", INCLOAD__TEXT, false, true },
    { "run_id", INCLOAD__TEXT, false, false },    { "updated_us", INCLOAD__INT64, false, false },
};

static const field history_fields[] = {
    { "load_name", INCLOAD__TEXT, true, false }, { "version", INCLOAD__INT64, true, false },
    { "value", INCLOAD__TEXT, false, true },     { "document", INCLOAD__TEXT, false, true },
    { "run_id", INCLOAD__TEXT, false, false },   { "updated_us", INCLOAD__INT64, false, false },
};

static const field run_fields[] = {
    { "run_id", INCLOAD__TEXT, true, false },        { "load_name", INCLOAD__TEXT, false, false },
    { "unit", INCLOAD__TEXT, false, true },          { "source", INCLOAD__TEXT, false, true },
    { "target", INCLOAD__TEXT, false, true },        { "road", INCLOAD__TEXT, false, true },
    { "low", INCLOAD__TEXT, false, true },           { "high", INCLOAD__TEXT, false, true },
    { "started_us", INCLOAD__INT64, false, false },  { "finished_us", INCLOAD__INT64, false, false },
    { "rows_read", INCLOAD__INT64, false, false },   { "rows_written", INCLOAD__INT64, false, false },
};

static const struct {
    const char *name;
    const field *fields;
    int32_t count;
} tables[] = {
    { "watermark", watermark_fields, sizeof watermark_fields / sizeof watermark_fields[0] },
    { "watermark_history", history_fields, sizeof history_fields / sizeof history_fields[0] },
    { "run", run_fields, sizeof run_fields / sizeof run_fields[0] },
    /* Last: who finds it finds the others too. */
    { "meta", meta_fields, sizeof meta_fields / sizeof meta_fields[0] },
};

/* CREATE TABLE of the ledger's table `at`. */
static int32_t
table_ddl(const incload__ledger *ledger, size_t at, incload__str *out, incload_error **err)
{
    incload__schema schema;
    incload__str native = INCLOAD__STR(ledger->mem);
    int32_t key[4], key_count = 0, status = INCLOAD_OK;
    char buffer[256];

    incload__schema_init(&schema, ledger->mem);
    for (int32_t i = 0; i < tables[at].count && status == INCLOAD_OK; i++) {
        const field *next = &tables[at].fields[i];
        incload__str_clear(&native);
        status = ledger->dialect->native_type(&native, next->name, (incload__type){ .kind = next->kind }, next->in_key,
                                              err);
        if (status != INCLOAD_OK)
            break;
        incload__column *column = native.failed ? NULL
                                                : incload__schema_add(&schema, next->name, incload__str_text(&native),
                                                                     (incload__type){ .kind = next->kind });
        if (column == NULL) {
            status = incload__fail_memory(err);
            break;
        }
        column->nullable = next->nullable;
        if (next->in_key)
            key[key_count++] = i;
    }
    if (status == INCLOAD_OK) {
        incload__table table = table_of(ledger, tables[at].name, buffer, sizeof buffer);
        status = ledger->dialect->create_table(out, &table, &schema, key, key_count, err);
    }
    incload__str_free(&native);
    incload__schema_free(&schema);
    return status;
}

int32_t
incload__ledger_find(const incload__ledger *ledger, incload__conn *conn, bool *exists, incload_error **err)
{
    incload__str sql = INCLOAD__STR(ledger->mem);
    incload__rows rows = { .mem = ledger->mem };
    incload_error *found = NULL;

    *exists = false;
    incload__str_addf(&sql, "SELECT MAX(version) FROM %s", ledger->meta);
    if (sql.failed)
        return incload__fail_memory(err);
    int32_t status = conn->driver->select(conn, incload__str_text(&sql), NULL, 0, &rows, &found);
    incload__str_free(&sql);
    if (status == INCLOAD_E_NOT_FOUND) {
        incload_error_unref(found);
        return INCLOAD_OK;
    }
    if (status != INCLOAD_OK) {
        incload__error_pass(err, found);
        return status;
    }
    int64_t version = rows.count == 1 ? to_number(incload__rows_get(&rows, 0, 0)) : 0;
    incload__rows_free(&rows);
    if (version > INCLOAD__LEDGER_VERSION)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "the ledger '%s' in the target has version %lld, this library knows up to %d: use a newer "
                             "libincload, or name another ledger",
                             ledger->place, (long long)version, (int)INCLOAD__LEDGER_VERSION);
    *exists = version > 0;
    return INCLOAD_OK;
}

static int32_t
create_schema(const incload__ledger *ledger, incload__conn *conn, incload_error **err)
{
    incload__str sql = INCLOAD__STR(ledger->mem);
    int32_t status;

    incload__str_add(&sql, "CREATE SCHEMA IF NOT EXISTS ");
    status = ledger->dialect->quote(&sql, "schema", ledger->place, err);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = conn->driver->execute(conn, incload__str_text(&sql), NULL, 0, NULL, err);
    incload__str_free(&sql);
    return status;
}

static int32_t
create_tables(const incload__ledger *ledger, incload__conn *conn, incload_error **err)
{
    incload__str sql = INCLOAD__STR(ledger->mem);
    number version = as_number(INCLOAD__LEDGER_VERSION), now = as_number(incload__wall_us(conn->env));
    incload__param params[] = { number_param(&version), number_param(&now) };
    int32_t status = INCLOAD_OK;

    if (ledger->dialect->has_schemas)
        status = create_schema(ledger, conn, err);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && status == INCLOAD_OK; i++) {
        incload__str_clear(&sql);
        status = table_ddl(ledger, i, &sql, err);
        if (status == INCLOAD_OK && sql.failed)
            status = incload__fail_memory(err);
        if (status == INCLOAD_OK)
            status = conn->driver->execute(conn, incload__str_text(&sql), NULL, 0, NULL, err);
    }
    if (status == INCLOAD_OK) {
        incload__str_clear(&sql);
        incload__str_addf(&sql, "INSERT INTO %s (version, created_us) VALUES (", ledger->meta);
        incload__placeholder(ledger->dialect, &sql, 1);
        incload__str_add(&sql, ", ");
        incload__placeholder(ledger->dialect, &sql, 2);
        incload__str_add(&sql, ")");
        status = sql.failed ? incload__fail_memory(err)
                            : conn->driver->execute(conn, incload__str_text(&sql), params, 2, NULL, err);
    }
    incload__str_free(&sql);
    return status;
}

int32_t
incload__ledger_ensure(const incload__ledger *ledger, incload__conn *conn, incload_error **err)
{
    bool exists = false;
    incload_error *failure = NULL;
    int32_t status = incload__ledger_find(ledger, conn, &exists, err);

    if (status != INCLOAD_OK || exists)
        return status;
    status = create_tables(ledger, conn, &failure);
    if (status == INCLOAD_OK)
        return INCLOAD_OK;
    /* Another process may have made the same tables in the same moment: IF NOT EXISTS does not save PostgreSQL from a
     * unique violation in its catalog. If the ledger is there now, all is well. */
    if (incload__ledger_find(ledger, conn, &exists, NULL) == INCLOAD_OK && exists) {
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    incload__error_prefix(&failure, "making the ledger '%s' in the target", ledger->place);
    incload__error_pass(err, failure);
    return status;
}

/* ---- positions ---- */

void
incload__position_free(incload__position *position)
{
    if (position->mem == NULL)
        return;
    incload__free(position->mem, position->value);
    incload__free(position->mem, position->type);
    incload__free(position->mem, position->level);
    incload__free(position->mem, position->document);
    memset(position, 0, sizeof *position);
}

static bool
copy_cell(const incload__mem *mem, const incload__rows *rows, int32_t column, char **out)
{
    const char *text = incload__rows_get(rows, 0, column);

    *out = text != NULL ? incload__strdup(mem, text) : NULL;
    return text == NULL || *out != NULL;
}

int32_t
incload__ledger_read(const incload__ledger *ledger, incload__conn *conn, const char *load, incload__position *out,
                     incload_error **err)
{
    incload__str sql = INCLOAD__STR(ledger->mem);
    incload__rows rows = { .mem = ledger->mem };
    incload__param param = text_param(load);

    memset(out, 0, sizeof *out);
    out->mem = ledger->mem;
    incload__str_addf(&sql, "SELECT version, value, type, level, document, updated_us FROM %s WHERE load_name = ",
                      ledger->watermark);
    incload__placeholder(ledger->dialect, &sql, 1);
    if (sql.failed)
        return incload__fail_memory(err);
    int32_t status = conn->driver->select(conn, incload__str_text(&sql), &param, 1, &rows, err);
    incload__str_free(&sql);
    if (status != INCLOAD_OK || rows.count == 0)
        goto end;

    out->version = to_number(incload__rows_get(&rows, 0, 0));
    out->updated_us = to_number(incload__rows_get(&rows, 0, 5));
    if (!copy_cell(ledger->mem, &rows, 1, &out->value) || !copy_cell(ledger->mem, &rows, 2, &out->type)
        || !copy_cell(ledger->mem, &rows, 3, &out->level) || !copy_cell(ledger->mem, &rows, 4, &out->document))
        status = incload__fail_memory(err);
end:
    incload__rows_free(&rows);
    if (status != INCLOAD_OK)
        incload__position_free(out);
    return status;
}

/* Appends `head` with each '?' made a placeholder of the dialect. */
static void
add_statement(const incload__ledger *ledger, incload__str *out, const char *head)
{
    int32_t count = 0;

    for (; *head != '\0'; head++) {
        if (*head == '?')
            incload__placeholder(ledger->dialect, out, ++count);
        else
            incload__str_add_char(out, *head);
    }
}

static int32_t
run_statement(const incload__ledger *ledger, incload__conn *conn, const char *verb, const char *table, const char *rest,
              const incload__param *params, int32_t count, int64_t *affected, incload_error **err)
{
    incload__str sql = INCLOAD__STR(ledger->mem);

    incload__str_add(&sql, verb);
    incload__str_add(&sql, table);
    add_statement(ledger, &sql, rest);
    int32_t status = sql.failed ? incload__fail_memory(err)
                                : conn->driver->execute(conn, incload__str_text(&sql), params, count, affected, err);
    incload__str_free(&sql);
    return status;
}

int32_t
incload__ledger_fail_busy(const char *load, incload_error **err)
{
    return incload__fail(
        err, INCLOAD_E_BUSY,
        "another run of load '%s' has moved its watermark meanwhile: nothing of this run was kept; run "
        "it again to go on from there",
        load);
}

int32_t
incload__ledger_move(const incload__ledger *ledger, incload__conn *conn, const char *load, int64_t version,
                     const incload__position *to, const char *run_id, incload_error **err)
{
    number before = as_number(version), after = as_number(version + 1), now = as_number(incload__wall_us(conn->env));
    incload_error *failure = NULL;
    int64_t affected = -1;
    int32_t status;

    if (version == 0) {
        incload__param params[] = { text_param(load),         number_param(&after),       text_param(to->value),
                                    text_param(to->type),     text_param(to->level),      text_param(to->document),
                                    text_param(run_id),       number_param(&now) };
        status = run_statement(ledger, conn, "INSERT INTO ", ledger->watermark,
                               " (load_name, version, value, type, level, document, run_id, updated_us)"
                               " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                               params, 8, NULL, &failure);
        if (status == INCLOAD_E_CONSTRAINT) {
            incload_error_unref(failure);
            return incload__ledger_fail_busy(load, err);
        }
    } else {
        incload__param params[] = { number_param(&after),     text_param(to->value),  text_param(to->type),
                                    text_param(to->level),    text_param(to->document), text_param(run_id),
                                    number_param(&now),       text_param(load),       number_param(&before) };
        status = run_statement(ledger, conn, "UPDATE ", ledger->watermark,
                               " SET version = ?, value = ?, type = ?, level = ?, document = ?, run_id = ?,"
                               " updated_us = ? WHERE load_name = ? AND version = ?",
                               params, 9, &affected, &failure);
        if (status == INCLOAD_OK && affected != 1)
            return incload__ledger_fail_busy(load, err);
    }
    if (status == INCLOAD_OK) {
        incload__param params[] = { text_param(load),         number_param(&after), text_param(to->value),
                                    text_param(to->document), text_param(run_id),   number_param(&now) };
        status = run_statement(ledger, conn, "INSERT INTO ", ledger->history,
                               " (load_name, version, value, document, run_id, updated_us) VALUES (?, ?, ?, ?, ?, ?)",
                               params, 6, NULL, &failure);
    }
    if (status != INCLOAD_OK) {
        incload__error_prefix(&failure, "recording the watermark of load '%s'", load);
        incload__error_pass(err, failure);
    }
    return status;
}

/* ---- runs ---- */

int32_t
incload__ledger_add_run(const incload__ledger *ledger, incload__conn *conn, const incload__run_record *record,
                        incload_error **err)
{
    number started = as_number(record->started_us), finished = as_number(record->finished_us);
    number read = as_number(record->rows_read), written = as_number(record->rows_written);
    incload__param params[] = {
        text_param(record->run_id), text_param(record->load), text_param(record->unit), text_param(record->source),
        text_param(record->target), text_param(record->road), text_param(record->low),  text_param(record->high),
        number_param(&started),     number_param(&finished),  number_param(&read),      number_param(&written),
    };

    return run_statement(
        ledger, conn, "INSERT INTO ", ledger->run,
        " (run_id, load_name, unit, source, target, road, low, high, started_us, finished_us, rows_read,"
        " rows_written) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params, 12, NULL, err);
}

int32_t
incload__ledger_resolve(const incload__ledger *ledger, incload__conn *conn, const char *run_id, bool *committed,
                        incload_error **err)
{
    incload__run_record probe = { .run_id = run_id, .load = "resolving an unknown commit" };
    incload_error *failure = NULL;
    int32_t status = conn->driver->begin(conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = incload__ledger_add_run(ledger, conn, &probe, &failure);
    conn->driver->rollback(conn, NULL);
    if (status == INCLOAD_OK || status == INCLOAD_E_CONSTRAINT) {
        *committed = status == INCLOAD_E_CONSTRAINT;
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    incload__error_pass(err, failure);
    return status;
}
