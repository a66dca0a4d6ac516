/* SPDX-License-Identifier: Apache-2.0 */
#include "state/ledger.h"

#include <string.h>

#include "driver/failpoint.h"
#include "state/fence.h"
#include "state/statement.h"
#include "state/unit_tables.h"

/* Each may meet another process at one more object. */
/* Each try gets past one object at least that another was making in the same moment. */
enum { ENSURE_ATTEMPTS = 64 };

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

/* An index has no schema of its own: it is where its table is. */
static char *
index_name(const incload__ledger *ledger, const char *name, incload_error **err)
{
    incload__str text = INCLOAD__STR(ledger->mem);

    if (!ledger->dialect->has_schemas)
        return quoted_name(ledger, name, err);
    int32_t status = ledger->dialect->quote(&text, "index", name, err);
    char *quoted = incload__str_take(&text);
    if (status == INCLOAD_OK && quoted == NULL)
        incload__fail_memory(err);
    return quoted;
}

enum { NAMES = 20 };

static char **
name_at(incload__ledger *ledger, int32_t at, const char **name)
{
    const struct {
        const char *name;
        char **field;
    } names[NAMES] = {
        { "meta", &ledger->meta },
        { "watermark", &ledger->watermark },
        { "watermark_history", &ledger->history },
        { "run", &ledger->run },
        { "lease", &ledger->lease },
        { "lease_beat", &ledger->beat },
        { "reject", &ledger->reject },
        { "loaded_columns", &ledger->loaded },
        { "object", &ledger->object },
        { "pipeline_run", &ledger->pipeline_run },
        { "run_key", &ledger->run_key },
        { "unit", &ledger->unit },
        { "step", &ledger->step },
        { "worker", &ledger->worker },
        { "applied", &ledger->applied },
        { "coverage", &ledger->coverage },
        { "rate_limit", &ledger->rate },
        { "unit_epoch", &ledger->epoch },
        { "unit_ready", &ledger->unit_ready },
        { "unit_running", &ledger->unit_running },
    };

    *name = names[at].name;
    return names[at].field;
}

bool
incload__ledger_has(const char *table)
{
    incload__ledger none;
    const char *name;

    for (int32_t i = 0; i < NAMES; i++) {
        name_at(&none, i, &name);
        if (strcmp(table, name) == 0)
            return true;
    }
    return false;
}

static bool
quote_names(incload__ledger *ledger, incload_error **err)
{
    const char *name;

    for (int32_t i = 0; i < NAMES; i++) {
        char **field = name_at(ledger, i, &name);
        *field = i < NAMES - 2 ? quoted_name(ledger, name, err) : index_name(ledger, name, err);
        if (*field == NULL)
            return false;
    }
    return true;
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
    if (!quote_names(ledger, err)) {
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
    const char *name;
    for (int32_t i = 0; i < NAMES; i++)
        incload__free(ledger->mem, *name_at(ledger, i, &name));
    incload__free(ledger->mem, ledger->place);
    memset(ledger, 0, sizeof *ledger);
}

/* ---- tables ---- */

typedef incload__ledger_field field;

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

static const field lease_fields[] = {
    { "load_name", INCLOAD__TEXT, true, false }, { "epoch", INCLOAD__INT64, false, false },
    { "run_id", INCLOAD__TEXT, false, false },   { "holder", INCLOAD__TEXT, false, true },
    { "taken_us", INCLOAD__INT64, false, false }, { "ttl_us", INCLOAD__INT64, false, false },
};

static const field beat_fields[] = {
    { "load_name", INCLOAD__TEXT, true, false },
    { "epoch", INCLOAD__INT64, false, false },
    { "expires_us", INCLOAD__INT64, false, false },
};

static const field reject_fields[] = {
    { "run_id", INCLOAD__TEXT, true, false },      { "number", INCLOAD__INT64, true, false },
    { "load_name", INCLOAD__TEXT, false, false },  { "unit", INCLOAD__TEXT, false, true },
    { "reason", INCLOAD__TEXT, false, false },     { "sql_state", INCLOAD__TEXT, false, true },
    { "form", INCLOAD__TEXT, false, false },       { "row_json", INCLOAD__TEXT, false, false },
    { "at_us", INCLOAD__INT64, false, false },     { "replayed_us", INCLOAD__INT64, false, true },
    { "replay_run_id", INCLOAD__TEXT, false, true },
};
static const field loaded_fields[] = {
    { "load_name", INCLOAD__TEXT, true, false },
    { "document", INCLOAD__TEXT, false, false },
    { "run_id", INCLOAD__TEXT, false, false },
    { "updated_us", INCLOAD__INT64, false, false },
};

static const field object_fields[] = {
    { "object_name", INCLOAD__TEXT, true, false }, { "schema_name", INCLOAD__TEXT, false, true },
    { "target_name", INCLOAD__TEXT, false, false }, { "load_name", INCLOAD__TEXT, false, false },
    { "run_id", INCLOAD__TEXT, false, false },      { "state", INCLOAD__TEXT, false, false },
    { "made_us", INCLOAD__INT64, false, false },    { "keep_us", INCLOAD__INT64, false, false },
    { "rows_read", INCLOAD__INT64, false, false },  { "rows_written", INCLOAD__INT64, false, false },
};

#define TABLE(name, fields, since) { name, fields, sizeof(fields) / sizeof((fields)[0]), since }

static const incload__ledger_table tables[] = {
    TABLE("watermark", watermark_fields, 1),
    TABLE("watermark_history", history_fields, 1),
    TABLE("run", run_fields, 1),
    TABLE("lease", lease_fields, 2),
    TABLE("lease_beat", beat_fields, 2),
    TABLE("reject", reject_fields, 3),
    TABLE("loaded_columns", loaded_fields, 3),
    TABLE("object", object_fields, 3),
};
/* Last: who finds it finds the others too. */
static const incload__ledger_table meta_table = TABLE("meta", meta_fields, 1);

/* CREATE TABLE of one of the ledger's. */
static int32_t
table_ddl(const incload__ledger *ledger, const incload__ledger_table *what, incload__str *out, incload_error **err)
{
    incload__schema schema;
    incload__str native = INCLOAD__STR(ledger->mem);
    int32_t key[4], key_count = 0, status = INCLOAD_OK;
    char buffer[256];

    incload__schema_init(&schema, ledger->mem);
    for (int32_t i = 0; i < what->count && status == INCLOAD_OK; i++) {
        const field *next = &what->fields[i];
        const incload__type type = { .kind = next->kind, .precision = next->in_key > 1 ? next->in_key : 0 };
        incload__str_clear(&native);
        status = ledger->dialect->native_type(&native, next->name, type, next->in_key > 0, err);
        if (status != INCLOAD_OK)
            break;
        incload__column *column = native.failed ? NULL
                                                : incload__schema_add(&schema, next->name, incload__str_text(&native),
                                                                     type);
        if (column == NULL) {
            status = incload__fail_memory(err);
            break;
        }
        column->nullable = next->nullable;
        if (next->in_key > 0)
            key[key_count++] = i;
    }
    if (status == INCLOAD_OK) {
        incload__table table = table_of(ledger, what->name, buffer, sizeof buffer);
        status = ledger->dialect->create_table(out, &table, &schema, key, key_count, err);
    }
    incload__str_free(&native);
    incload__schema_free(&schema);
    return status;
}

/* The ledger's version; 0: there is none. A newer one than this library's is refused. */
static int32_t
find_version(const incload__ledger *ledger, incload__conn *conn, int64_t *version, incload_error **err)
{
    incload__rows rows;
    incload_error *found = NULL;

    *version = 0;
    int32_t status = incload__state_select(ledger, conn, "SELECT MAX(version) FROM {meta}", NULL, 0, &rows, &found);
    if (status == INCLOAD_E_NOT_FOUND) {
        incload_error_unref(found);
        return INCLOAD_OK;
    }
    if (status != INCLOAD_OK) {
        incload__error_pass(err, found);
        return status;
    }
    *version = rows.count == 1 ? incload__to_number(incload__rows_get(&rows, 0, 0)) : 0;
    incload__rows_free(&rows);
    if (*version > INCLOAD__LEDGER_VERSION)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "the ledger '%s' in the target has version %lld, this library knows up to %d: use a newer "
                             "libincload, or name another ledger",
                             ledger->place, (long long)*version, (int)INCLOAD__LEDGER_VERSION);
    return INCLOAD_OK;
}

int32_t
incload__ledger_find(const incload__ledger *ledger, incload__conn *conn, bool *exists, incload_error **err)
{
    int64_t version = 0;
    int32_t status = find_version(ledger, conn, &version, err);

    *exists = status == INCLOAD_OK && version > 0;
    return status;
}

int32_t
incload__ledger_find_units(const incload__ledger *ledger, incload__conn *conn, bool *exists, incload_error **err)
{
    int64_t version = 0;
    int32_t status = find_version(ledger, conn, &version, err);

    *exists = status == INCLOAD_OK && version >= INCLOAD__UNITS_SINCE && ledger->dialect->units != NULL;
    return status;
}

static bool
schema_is_there(const incload__ledger *ledger, incload__conn *conn)
{
    incload__rows rows = { .count = 0 };
    incload__param place = incload__text_param(ledger->place);
    int32_t status = incload__state_select(
        ledger, conn, "SELECT 1 FROM information_schema.schemata WHERE schema_name = ?", &place, 1, &rows, NULL);
    bool found = status == INCLOAD_OK && rows.count == 1;

    if (status == INCLOAD_OK)
        incload__rows_free(&rows);
    return found;
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

/* PostgreSQL asks who may not make a schema for that right even where it is there: an administrator made it for him. */
static int32_t
ensure_schema(const incload__ledger *ledger, incload__conn *conn, incload_error **err)
{
    incload_error *refused = NULL;
    int32_t status = create_schema(ledger, conn, &refused);

    if (status == INCLOAD_E_PERMISSION && schema_is_there(ledger, conn)) {
        incload_error_unref(refused);
        return INCLOAD_OK;
    }
    if (status != INCLOAD_OK)
        incload__error_pass(err, refused);
    return status;
}

/* Unless a ledger of version `from` has it. */
static int32_t
create_table(const incload__ledger *ledger, incload__conn *conn, const incload__ledger_table *what, int64_t from,
             incload_error **err)
{
    incload__str sql = INCLOAD__STR(ledger->mem);

    if (what->since <= from)
        return INCLOAD_OK;
    int32_t status = table_ddl(ledger, what, &sql, err);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = conn->driver->execute(conn, incload__str_text(&sql), NULL, 0, NULL, err);
    INCLOAD__FAILPOINT_ON(status, conn, "ledger.table.made", INCLOAD_E_CONNECT, err);
    incload__str_free(&sql);
    return status;
}

/* Makes what a ledger of version `from` lacks; 0: everything. */
static int32_t
create_tables(const incload__ledger *ledger, incload__conn *conn, int64_t from, incload_error **err)
{
    incload__number version = incload__as_number(INCLOAD__LEDGER_VERSION);
    incload__number now = incload__as_number(incload__wall_us(conn->env));
    incload__param params[] = { incload__number_param(&version), incload__number_param(&now) };
    int32_t status = INCLOAD_OK;

    if (ledger->dialect->has_schemas && from == 0)
        status = ensure_schema(ledger, conn, err);
    INCLOAD__FAILPOINT_ON(status, conn, "ledger.schema.made", INCLOAD_E_CONNECT, err);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && status == INCLOAD_OK; i++)
        status = create_table(ledger, conn, &tables[i], from, err);
    for (int32_t i = 0; i < INCLOAD__UNIT_TABLES && status == INCLOAD_OK; i++)
        status = create_table(ledger, conn, &incload__unit_tables[i], from, err);
    if (status == INCLOAD_OK && from < INCLOAD__UNITS_SINCE)
        status = incload__unit_tables_finish(ledger, conn, err);
    if (status == INCLOAD_OK)
        status = create_table(ledger, conn, &meta_table, from, err);
    INCLOAD__FAILPOINT_ON(status, conn, "ledger.made", INCLOAD_E_CONNECT, err);
    /* The version comes last, and a second process with the same one is refused by the key. */
    if (status == INCLOAD_OK)
        status = incload__state_execute(ledger, conn, "INSERT INTO {meta} (version, created_us) VALUES (?, ?)", params,
                                        2, NULL, err);
    return status;
}

/* Another process may make the same tables in the same moment: IF NOT EXISTS does not save PostgreSQL from a unique
 * violation in its catalog. What failed so is there the next time. */
static bool
met_another(const incload_error *failure)
{
    int32_t code = incload_error_code(failure);

    return code == INCLOAD_E_CONSTRAINT || code == INCLOAD_E_EXISTS || code == INCLOAD_E_CONFLICT;
}

int32_t
incload__ledger_ensure(const incload__ledger *ledger, incload__conn *conn, incload_error **err)
{
    int64_t before = 0, version = 0;
    incload_error *failure = NULL;
    int32_t status = find_version(ledger, conn, &before, err);

    if (status != INCLOAD_OK || before == INCLOAD__LEDGER_VERSION)
        return status;
    for (int32_t i = 0; i < ENSURE_ATTEMPTS; i++) {
        incload_error_unref(failure);
        failure = NULL;
        status = create_tables(ledger, conn, before, &failure);
        if (status == INCLOAD_OK)
            return INCLOAD_OK;
        if (find_version(ledger, conn, &version, NULL) == INCLOAD_OK && version == INCLOAD__LEDGER_VERSION) {
            incload_error_unref(failure);
            return INCLOAD_OK;
        }
        if (!met_another(failure))
            break;
    }
    incload__error_prefix(&failure, before == 0 ? "making the ledger '%s' in the target"
                                                : "bringing the ledger '%s' in the target to this version",
                          ledger->place);
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
    incload__rows rows;
    incload__param param = incload__text_param(load);

    memset(out, 0, sizeof *out);
    out->mem = ledger->mem;
    int32_t status = incload__state_select(
        ledger, conn,
        "SELECT version, value, type, level, document, updated_us FROM {watermark} WHERE load_name = ?", &param, 1,
        &rows, err);
    INCLOAD__FAILPOINT_ON(status, conn, "watermark.read", INCLOAD_E_CONNECT, err);
    if (status != INCLOAD_OK || rows.count == 0)
        goto end;

    out->version = incload__to_number(incload__rows_get(&rows, 0, 0));
    out->updated_us = incload__to_number(incload__rows_get(&rows, 0, 5));
    if (!copy_cell(ledger->mem, &rows, 1, &out->value) || !copy_cell(ledger->mem, &rows, 2, &out->type)
        || !copy_cell(ledger->mem, &rows, 3, &out->level) || !copy_cell(ledger->mem, &rows, 4, &out->document))
        status = incload__fail_memory(err);
end:
    incload__rows_free(&rows);
    if (status != INCLOAD_OK)
        incload__position_free(out);
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

/* The first version of a load's watermark; two at once meet at the key. */
static int32_t
insert_position(const incload__ledger *ledger, incload__conn *conn, const incload__param *params, incload_error **err)
{
    return incload__state_insert(ledger, conn,
                                 "INSERT INTO {watermark} (load_name, version, value, type, level, document, run_id,"
                                 " updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                                 params, 8, err);
}

/* One behind all that its history knows: there the row may be lost that said so. */
static int32_t
first_version(const incload__ledger *ledger, incload__conn *conn, const incload__param *load, int64_t *version,
              incload_error **err)
{
    incload__rows rows;
    int32_t status = incload__state_select(
        ledger, conn, "SELECT COALESCE(MAX(version), 0) FROM {history} WHERE load_name = ?", load, 1, &rows, err);

    *version = status == INCLOAD_OK ? incload__to_number(incload__rows_get(&rows, 0, 0)) + 1 : 0;
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__ledger_move(const incload__ledger *ledger, incload__conn *conn, const char *load, int64_t version,
                     const incload__position *to, const char *run_id, incload_error **err)
{
    const incload__param name = incload__text_param(load), run = incload__text_param(run_id);
    const incload__param value = incload__text_param(to->value), type = incload__text_param(to->type);
    const incload__param level = incload__text_param(to->level), document = incload__text_param(to->document);
    incload_error *failure = NULL;
    int64_t next = version + 1, affected = -1;
    int32_t status = INCLOAD_OK;

    if (!INCLOAD__FENCED)
        return INCLOAD_OK;
    if (version == 0)
        status = first_version(ledger, conn, &name, &next, &failure);
    incload__number before = incload__as_number(version), after = incload__as_number(next);
    incload__number now = incload__as_number(incload__wall_us(conn->env));
    const incload__param number = incload__number_param(&after), instant = incload__number_param(&now);
    if (status == INCLOAD_OK && version == 0) {
        const incload__param params[] = { name, number, value, type, level, document, run, instant };
        status = insert_position(ledger, conn, params, &failure);
    } else if (status == INCLOAD_OK) {
        const incload__param params[] = { number, value, type, level, document, run, instant, name,
                                          incload__number_param(&before) };
        status = incload__state_execute(ledger, conn,
                                        "UPDATE {watermark} SET version = ?, value = ?, type = ?, level = ?,"
                                        " document = ?, run_id = ?, updated_us = ? WHERE load_name = ? AND version = ?",
                                        params, 9, &affected, &failure);
    }
    INCLOAD__FAILPOINT_ON(status, conn, "watermark.moved", INCLOAD_E_CONNECT, &failure);
    bool overtaken = version == 0 ? status == INCLOAD_E_CONSTRAINT : status == INCLOAD_OK && affected != 1;
    if (overtaken) {
        incload_error_unref(failure);
        return incload__ledger_fail_busy(load, err);
    }
    if (status == INCLOAD_OK) {
        const incload__param params[] = { name, number, value, document, run, instant };
        status = incload__state_insert(ledger, conn,
                                       "INSERT INTO {history} (load_name, version, value, document, run_id, updated_us)"
                                       " VALUES (?, ?, ?, ?, ?, ?)",
                                       params, 6, &failure);
    }
    INCLOAD__FAILPOINT_ON(status, conn, "watermark.kept", INCLOAD_E_CONFLICT, &failure);
    if (status != INCLOAD_OK) {
        incload__error_prefix(&failure, "recording the watermark of load '%s'", load);
        incload__error_pass(err, failure);
    }
    return status;
}

/* ---- runs ---- */

int32_t
incload__ledger_post_run(const incload__ledger *ledger, incload__conn *conn, const incload__run_record *record,
                         incload__posted *out, incload_error **err)
{
    incload__number started = incload__as_number(record->started_us);
    incload__number finished = incload__as_number(record->finished_us);
    incload__number read = incload__as_number(record->rows_read), written = incload__as_number(record->rows_written);
    const char *texts[] = { record->run_id, record->load, record->unit, record->source,
                            record->target, record->road, record->low,  record->high };
    const incload__number *numbers[] = { &started, &finished, &read, &written };
    incload__param params[12];

    for (int32_t i = 0; i < 8; i++)
        params[i] = incload__text_param(texts[i]);
    for (int32_t i = 0; i < 4; i++)
        params[8 + i] = incload__number_param(numbers[i]);
    return incload__state_post(
        ledger, conn,
        "INSERT INTO {run} (run_id, load_name, unit, source, target, road, low, high, started_us, finished_us,"
        " rows_read, rows_written) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params, 12, out, err);
}

int32_t
incload__ledger_end_run(const incload__ledger *ledger, incload__conn *conn, const incload__posted *posted,
                        incload_error **err)
{
    int32_t status = incload__conn_settle(conn, err);

    if (status != INCLOAD_OK)
        return status;
    return incload__state_inserted(ledger, incload__conn_answer(conn, posted).affected, err);
}

int32_t
incload__ledger_add_run(const incload__ledger *ledger, incload__conn *conn, const incload__run_record *record,
                        incload_error **err)
{
    incload__posted posted;
    int32_t status = incload__ledger_post_run(ledger, conn, record, &posted, err);

    return status == INCLOAD_OK ? incload__ledger_end_run(ledger, conn, &posted, err) : status;
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
    INCLOAD__FAILPOINT_ON(status, conn, "commit.resolve", INCLOAD_E_CONNECT, &failure);
    conn->driver->rollback(conn, NULL);
    if (status == INCLOAD_OK || status == INCLOAD_E_CONSTRAINT) {
        *committed = status == INCLOAD_E_CONSTRAINT;
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    incload__error_pass(err, failure);
    return status;
}
