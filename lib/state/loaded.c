/* SPDX-License-Identifier: Apache-2.0 */
#include "state/loaded.h"

#include <jansson.h>
#include <string.h>

#include "base/utf8.h"
#include "batch/kind.h"
#include "state/statement.h"

void
incload__loaded_init(incload__loaded *loaded, const incload__mem *mem)
{
    *loaded = (incload__loaded){ .mem = mem };
}

static void
column_free(const incload__mem *mem, incload__loaded_column *column)
{
    incload__free(mem, column->source);
    incload__free(mem, column->target);
    incload__free(mem, column->native);
}

void
incload__loaded_free(incload__loaded *loaded)
{
    if (loaded->mem == NULL)
        return;
    for (int32_t i = 0; i < loaded->count; i++)
        column_free(loaded->mem, &loaded->columns[i]);
    incload__free(loaded->mem, loaded->columns);
    incload__free(loaded->mem, loaded->table);
    incload__loaded_init(loaded, loaded->mem);
}

int32_t
incload__loaded_set_table(incload__loaded *loaded, const char *table, incload_error **err)
{
    char *copy = incload__strdup(loaded->mem, table);

    if (copy == NULL)
        return incload__fail_memory(err);
    incload__free(loaded->mem, loaded->table);
    loaded->table = copy;
    return INCLOAD_OK;
}

static bool
reserve(incload__loaded *loaded)
{
    if (loaded->count < loaded->capacity)
        return true;
    int32_t capacity = loaded->capacity * 2 + 16;
    void *more = incload__realloc(loaded->mem, loaded->columns, (size_t)capacity * sizeof *loaded->columns);
    if (more == NULL)
        return false;
    loaded->columns = more;
    loaded->capacity = capacity;
    return true;
}

int32_t
incload__loaded_add(incload__loaded *loaded, const char *source, const char *target, const char *native,
                    incload__type type, incload_error **err)
{
    incload__loaded_column column = { .type = type };

    if (!reserve(loaded))
        return incload__fail_memory(err);
    column.source = incload__strdup(loaded->mem, source);
    column.target = incload__strdup(loaded->mem, target);
    column.native = native != NULL ? incload__strdup(loaded->mem, native) : NULL;
    if (column.source == NULL || column.target == NULL || (native != NULL && column.native == NULL)) {
        column_free(loaded->mem, &column);
        return incload__fail_memory(err);
    }
    loaded->columns[loaded->count++] = column;
    return INCLOAD_OK;
}

const incload__loaded_column *
incload__loaded_find(const incload__loaded *loaded, const char *target)
{
    for (int32_t i = 0; i < loaded->count; i++) {
        if (strcmp(loaded->columns[i].target, target) == 0)
            return &loaded->columns[i];
    }
    return NULL;
}

/* ---- the document: {"version":1,"table":"t","columns":[["source","target","native","kind",precision,scale],...]} */

/* Two kinds are called timestamp. */
static const char *
kind_name(incload__kind kind)
{
    return kind == INCLOAD__TIMESTAMPTZ ? "timestamptz" : incload__kinds[kind].name;
}

static bool
find_kind(const char *name, incload__kind *out)
{
    for (int32_t i = INCLOAD__UNKNOWN + 1; name != NULL && i < INCLOAD__KIND_COUNT; i++) {
        if (strcmp(name, kind_name((incload__kind)i)) == 0) {
            *out = (incload__kind)i;
            return true;
        }
    }
    return false;
}

static int32_t
fail_damaged(incload_error **err)
{
    return incload__fail(err, INCLOAD_E_DATA,
                         "what the ledger's table loaded_columns says of this load is damaged: delete its row there, "
                         "and the next load takes the columns as they are");
}

static int32_t
read_column(const json_t *cells, incload__loaded *out, incload_error **err)
{
    const char *source = json_string_value(json_array_get(cells, 0));
    const char *target = json_string_value(json_array_get(cells, 1));
    const char *native = json_string_value(json_array_get(cells, 2));
    incload__type type = { .precision = (int32_t)json_integer_value(json_array_get(cells, 4)),
                           .scale = (int32_t)json_integer_value(json_array_get(cells, 5)) };

    if (source == NULL || target == NULL || !find_kind(json_string_value(json_array_get(cells, 3)), &type.kind))
        return fail_damaged(err);
    return incload__loaded_add(out, source, target, native, type, err);
}

static int32_t
read_root(const json_t *root, incload__loaded *out, incload_error **err)
{
    const json_t *columns = json_object_get(root, "columns");
    const char *table = json_string_value(json_object_get(root, "table"));
    json_int_t version = json_integer_value(json_object_get(root, "version"));

    if (version > INCLOAD__LOADED_VERSION)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "the columns of this load were recorded by a newer libincload (document version %lld, "
                             "this one knows up to %d): use that one",
                             (long long)version, (int)INCLOAD__LOADED_VERSION);
    if (version < 1 || table == NULL || !json_is_array(columns))
        return fail_damaged(err);
    int32_t status = incload__loaded_set_table(out, table, err);
    for (size_t i = 0; i < json_array_size(columns) && status == INCLOAD_OK; i++)
        status = read_column(json_array_get(columns, i), out, err);
    return status;
}

int32_t
incload__loaded_parse(const char *document, incload__loaded *out, incload_error **err)
{
    if (document == NULL || document[0] == '\0')
        return INCLOAD_OK;
    json_t *root = json_loads(document, JSON_REJECT_DUPLICATES, NULL);
    int32_t status = json_is_object(root) ? read_root(root, out, err) : fail_damaged(err);
    json_decref(root);
    if (status != INCLOAD_OK)
        incload__loaded_free(out);
    return status;
}

static json_t *
text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

/* The "_new" functions take the value over, and fail on a NULL one. */
static json_t *
column_array(const incload__loaded_column *column)
{
    json_t *cells = json_array();
    /* SQLite takes any bytes for a type. */
    bool told = column->native != NULL && incload__utf8_valid(column->native, strlen(column->native));
    int failed = cells == NULL || json_array_append_new(cells, json_string(column->source)) != 0
                 || json_array_append_new(cells, json_string(column->target)) != 0
                 || json_array_append_new(cells, text_or_null(told ? column->native : NULL)) != 0
                 || json_array_append_new(cells, json_string(kind_name(column->type.kind))) != 0
                 || json_array_append_new(cells, json_integer(column->type.precision)) != 0
                 || json_array_append_new(cells, json_integer(column->type.scale)) != 0;

    if (!failed)
        return cells;
    json_decref(cells);
    return NULL;
}

static int
append_text(const char *bytes, size_t length, void *data)
{
    incload__str_add_bytes(data, bytes, length);
    return 0;
}

int32_t
incload__loaded_print(const incload__loaded *loaded, incload__str *out, incload_error **err)
{
    json_t *root = json_object(), *columns = json_array();
    int failed = root == NULL || columns == NULL;

    for (int32_t i = 0; i < loaded->count && !failed; i++)
        failed = json_array_append_new(columns, column_array(&loaded->columns[i])) != 0;
    failed = failed || json_object_set_new(root, "version", json_integer(INCLOAD__LOADED_VERSION)) != 0
             || json_object_set_new(root, "table", text_or_null(loaded->table)) != 0
             || json_object_set(root, "columns", columns) != 0
             || json_dump_callback(root, append_text, out, JSON_COMPACT) != 0;
    json_decref(columns);
    json_decref(root);
    return failed || out->failed ? incload__fail_memory(err) : INCLOAD_OK;
}

/* ---- the ledger ---- */

int32_t
incload__loaded_read(const incload__ledger *ledger, incload__conn *conn, const char *load, char **document,
                     incload_error **err)
{
    incload__rows rows;
    incload__param name = incload__text_param(load);
    int32_t status = incload__state_select(ledger, conn, "SELECT document FROM {loaded} WHERE load_name = ?", &name, 1,
                                           &rows, err);

    *document = NULL;
    if (status != INCLOAD_OK)
        return status;
    const char *text = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    if (text != NULL && (*document = incload__strdup(ledger->mem, text)) == NULL)
        status = incload__fail_memory(err);
    incload__rows_free(&rows);
    return status;
}

/* No upsert is the same everywhere; the load's own row is touched by nobody else. */
int32_t
incload__loaded_write(const incload__ledger *ledger, incload__conn *conn, const char *load, const char *document,
                      const char *run_id, incload_error **err)
{
    incload__number now = incload__as_number(incload__wall_us(conn->env));
    const incload__param params[] = { incload__text_param(load), incload__text_param(document),
                                      incload__text_param(run_id), incload__number_param(&now) };
    int32_t status =
        incload__state_execute(ledger, conn, "DELETE FROM {loaded} WHERE load_name = ?", params, 1, NULL, err);

    if (status == INCLOAD_OK)
        status = incload__state_insert(
            ledger, conn, "INSERT INTO {loaded} (load_name, document, run_id, updated_us) VALUES (?, ?, ?, ?)", params,
            4, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "recording the columns of load '%s'", load);
    return status;
}
