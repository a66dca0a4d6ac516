/* SPDX-License-Identifier: Apache-2.0 */
/* The tables a mock was told of, and the answers to a dialect's questions about them. */
#include "driver/mock/mock.h"

#include <stdio.h>
#include <string.h>

void
incload__mock_table_free(incload__mock_table *table)
{
    if (table == NULL)
        return;
    incload__mock_shape_free(&table->shape);
    incload__mock_list_free_texts(&table->key);
    incload__free(INCLOAD__MOCK_MEM, table->schema);
    incload__free(INCLOAD__MOCK_MEM, table->name);
    incload__free(INCLOAD__MOCK_MEM, table);
}

static int64_t
index_of(const incload__mock_list *names, const char *name)
{
    for (int64_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0)
            return i;
    }
    return -1;
}

static int32_t
read_name(incload__mock_table *table, const char *name, incload_error **err)
{
    const char *dot = strchr(name, '.');
    const char *bare = dot != NULL ? dot + 1 : name;

    if (bare[0] == '\0' || dot == name)
        return incload__fail(err, INCLOAD_E_INVALID, "a table is named \"table\" or \"schema.table\"");
    if (dot != NULL)
        table->schema = incload__strndup(INCLOAD__MOCK_MEM, name, (size_t)(dot - name));
    table->name = incload__strdup(INCLOAD__MOCK_MEM, bare);
    return table->name != NULL && (dot == NULL || table->schema != NULL) ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
read_key(incload__mock_table *table, const char *key, incload_error **err)
{
    if (key == NULL || key[0] == '\0')
        return INCLOAD_OK;
    if (!incload__mock_split(&table->key, key))
        return incload__fail_memory(err);
    for (int64_t i = 0; i < table->key.count; i++) {
        if (index_of(&table->shape.names, table->key.items[i]) < 0)
            return incload__fail(err, INCLOAD_E_INVALID, "the key column '%s' is not among the columns of '%s'",
                                 (const char *)table->key.items[i], table->name);
    }
    return INCLOAD_OK;
}

int32_t
incload_mock_table(incload_mock *mock, const char *table, const char *columns, const char *types, const char *key,
                   incload_error **err)
{
    INCLOAD_ENTER(err);
    if (mock == NULL || table == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "mock and table must not be NULL");

    incload__mock_table *told = incload__alloc(INCLOAD__MOCK_MEM, sizeof *told);
    if (told == NULL)
        return incload__fail_memory(err);
    int32_t status = read_name(told, table, err);
    if (status == INCLOAD_OK)
        status = incload__mock_shape_read(&told->shape, columns, types, err);
    if (status == INCLOAD_OK)
        status = read_key(told, key, err);
    if (status == INCLOAD_OK) {
        incload__monitor_lock(&mock->monitor);
        bool added = incload__mock_push(&mock->tables, told);
        incload__monitor_unlock(&mock->monitor);
        if (added)
            return INCLOAD_OK;
        status = incload__fail_memory(err);
    }
    incload__mock_table_free(told);
    return status;
}

/* Its tables are never taken away, so the answer is good without the lock. */
static const incload__mock_table *
find_table(incload_mock *mock, const char *schema, const char *name)
{
    const incload__mock_table *found = NULL;

    incload__monitor_lock(&mock->monitor);
    for (int64_t i = mock->tables.count - 1; i >= 0 && found == NULL; i--) {
        const incload__mock_table *table = mock->tables.items[i];
        bool there = schema == NULL || table->schema == NULL || strcmp(schema, table->schema) == 0;
        if (there && strcmp(table->name, name) == 0)
            found = table;
    }
    incload__monitor_unlock(&mock->monitor);
    return found;
}

static int32_t
answer_columns(const incload__mock_table *table, const incload__dialect *dialect, incload__rows *rows)
{
    (void)dialect;
    for (int64_t i = 0; i < table->shape.names.count; i++) {
        const char *name = table->shape.names.items[i];
        const char *nullable = index_of(&table->key, name) < 0 ? "1" : "0";
        const char *cells[] = { name, table->shape.types.items[i], nullable, "0", "0" };
        int32_t status = incload__rows_add(rows, cells, NULL, 5);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

static int32_t
answer_keys(const incload__mock_table *table, const incload__dialect *dialect, incload__rows *rows)
{
    (void)dialect;
    for (int64_t i = 0; i < table->key.count; i++) {
        char ordinal[16];
        snprintf(ordinal, sizeof ordinal, "%d", (int)(i + 1));
        const char *cells[] = { "primary", "1", ordinal, table->key.items[i] };
        int32_t status = incload__rows_add(rows, cells, NULL, 4);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

static int32_t
answer_schema(const incload__mock_table *table, const incload__dialect *dialect, incload__rows *rows)
{
    const char *where = dialect->has_schemas ? "public" : "";
    const char *cells[] = { table->schema != NULL ? table->schema : where };

    return incload__rows_add(rows, cells, NULL, 1);
}

/* Connections with one mock are to one database, and no two mocks are the same. */
static int32_t
answer_identity(const incload_mock *mock, incload__rows *rows)
{
    char identity[40];
    const char *cells[] = { identity };

    snprintf(identity, sizeof identity, "mock-%llx", (unsigned long long)(uintptr_t)mock);
    return incload__rows_add(rows, cells, NULL, 1);
}

static bool
is_query(const char *sql, const char *query)
{
    return query != NULL && strcmp(sql, query) == 0;
}

int32_t
incload__mock_catalog(incload_mock *mock, const incload__dialect *dialect, const char *sql,
                      const incload__param *params, int32_t count, incload__rows *rows, bool *known)
{
    const struct {
        const char *query;
        int32_t (*answer)(const incload__mock_table *table, const incload__dialect *dialect, incload__rows *rows);
    } questions[] = {
        { dialect->columns_query, answer_columns },
        { dialect->keys_query, answer_keys },
        { dialect->schema_query, answer_schema },
    };

    *known = true;
    if (is_query(sql, dialect->identity_query))
        return answer_identity(mock, rows);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        if (!is_query(sql, questions[i].query) || count < 2 || params[1].text == NULL)
            continue;
        const incload__mock_table *table = find_table(mock, params[0].text, params[1].text);
        return table != NULL ? questions[i].answer(table, dialect, rows) : INCLOAD_OK;
    }
    *known = false;
    return INCLOAD_OK;
}
