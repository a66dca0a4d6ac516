/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "load/internal.h"

const char *
incload__table_text(const incload__table *table, char *buffer, size_t size)
{
    if (table->schema != NULL)
        snprintf(buffer, size, "%.80s.%.80s", table->schema, table->name);
    else
        snprintf(buffer, size, "%.80s", table->name);
    return buffer;
}

int32_t
incload__ask_about_table(incload__load *load, incload__conn *conn, const char *query, const incload__table *table,
                         incload__rows *out, incload_error **err)
{
    memset(out, 0, sizeof *out);
    out->mem = load->mem;
    conn->repeats = true;
    int32_t status = incload__select_about(conn, query, table->schema, table->name, out, err);
    conn->repeats = false;
    return status;
}

/* The same, unless another unit of the backfill has asked it of the table as it is. */
static int32_t
ask(incload__load *load, incload__conn *conn, const char *query, const incload__table *table, incload__rows *out,
    incload_error **err)
{
    if (incload__memo_recall(load, conn, query, table, out))
        return INCLOAD_OK;
    int32_t status = incload__ask_about_table(load, conn, query, table, out, err);
    if (status == INCLOAD_OK)
        incload__memo_keep(load, conn, query, table, out);
    return status;
}

static int32_t
add_column(incload__conn *conn, const incload__rows *rows, int64_t row, incload__schema *out, incload_error **err)
{
    const char *name = incload__rows_get(rows, row, 0), *native = incload__rows_get(rows, row, 1);
    const char *nullable = incload__rows_get(rows, row, 2), *generated = incload__rows_get(rows, row, 3);
    const char *id = incload__rows_get(rows, row, 4), *required = incload__rows_get(rows, row, 5);
    int64_t number = 0;

    if (name == NULL || native == NULL)
        return incload__fail(err, INCLOAD_E_PROTOCOL, "the catalog describes a column without name or type");
    incload__column *column = incload__schema_add(out, name, native, conn->dialect->type_of(native));
    if (column == NULL)
        return incload__fail_memory(err);
    column->nullable = nullable == NULL || strcmp(nullable, "0") != 0;
    column->generated = generated != NULL && strcmp(generated, "1") == 0;
    column->required = required != NULL && strcmp(required, "1") == 0;
    if (id != NULL && incload__parse_int64(id, strlen(id), &number) && number >= 0 && number <= UINT32_MAX)
        column->native_id = (uint32_t)number;
    return INCLOAD_OK;
}

/* A name that the server could not hold must not reach its catalog: it would be cut, or compared as something else. */
static int32_t
check_name(incload__load *load, const incload__conn *conn, const incload__table *table, incload_error **err)
{
    incload__str quoted = INCLOAD__STR(load->mem);
    int32_t status = incload__quote_table(conn->dialect, &quoted, table, err);

    if (status == INCLOAD_OK && quoted.failed)
        status = incload__fail_memory(err);
    incload__str_free(&quoted);
    return status;
}

int32_t
incload__inspect_table(incload__load *load, incload__conn *conn, incload__table *table, incload__schema *out,
                       incload_error **err)
{
    incload__rows rows;
    char name[200];
    int32_t status = check_name(load, conn, table, err);

    if (status != INCLOAD_OK)
        return status;
    if (table->schema == NULL && conn->dialect->schema_query != NULL) {
        status = ask(load, conn, conn->dialect->schema_query, table, &rows, err);
        const char *found = status == INCLOAD_OK && rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
        if (found != NULL && found[0] != '\0') {
            table->schema = incload__strdup(load->mem, found);
            if (table->schema == NULL)
                status = incload__fail_memory(err);
        }
        incload__rows_free(&rows);
        if (status != INCLOAD_OK)
            return status;
    }

    status = ask(load, conn, conn->dialect->columns_query, table, &rows, err);
    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK; i++)
        status = add_column(conn, &rows, i, out, err);
    if (status == INCLOAD_OK && rows.count == 0)
        status =
            incload__fail(err, INCLOAD_E_NOT_FOUND,
                          "there is no table '%s', or this user may not see it: check the name (letters count as they "
                          "are) and the privileges",
                          incload__table_text(table, name, sizeof name));
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__inspect_parents(incload__load *load, incload__conn *conn, const incload__table *table, incload__rows *out,
                         incload_error **err)
{
    return ask(load, conn, conn->dialect->parents_query, table, out, err);
}

int32_t
incload__check_transactional(incload__load *load, incload__conn *conn, const incload__table *table,
                             incload_error **err)
{
    incload__rows rows;
    char name[200];

    if (conn->dialect->engine_query == NULL)
        return INCLOAD_OK;
    int32_t status = ask(load, conn, conn->dialect->engine_query, table, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *engine = incload__rows_get(&rows, 0, 0), *transactions = incload__rows_get(&rows, 0, 1);
    if (transactions != NULL && strcmp(transactions, "1") != 0)
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                               "target table %s is kept by the engine %.40s, which has no transactions: a load that "
                               "fails would leave half of its rows; ALTER TABLE ... ENGINE=InnoDB makes it fit",
                               incload__table_text(table, name, sizeof name), engine != NULL ? engine : "?");
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__check_no_followers(incload__load *load, incload__conn *conn, const incload__table *table,
                            incload_error **err)
{
    incload__rows rows;
    char name[200];

    if (conn->dialect->followers_query == NULL)
        return INCLOAD_OK;
    int32_t status = ask(load, conn, conn->dialect->followers_query, table, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *follower = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    if (follower != NULL)
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                               "table %.130s refers to target table %s by a foreign key with ON DELETE CASCADE or SET, "
                               "so rows taken out to be put back would change it: take write=merge, or make the "
                               "foreign key NO ACTION",
                               follower, incload__table_text(table, name, sizeof name));
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__inspect_keys(incload__load *load, incload__conn *conn, const incload__table *table, incload__rows *out,
                      incload_error **err)
{
    return ask(load, conn, conn->dialect->keys_query, table, out, err);
}

/* Rows of keys_query that belong to the index which begins at `first`. */
static int64_t
index_end(const incload__rows *keys, int64_t first)
{
    const char *name = incload__rows_get(keys, first, 0);
    int64_t end = first;

    while (end < keys->count && name != NULL && incload__rows_get(keys, end, 0) != NULL
           && strcmp(incload__rows_get(keys, end, 0), name) == 0)
        end++;
    return end > first ? end : first + 1;
}

static bool
holds_column(const incload__schema *schema, const int32_t *columns, int32_t count, const char *name)
{
    for (int32_t i = 0; i < count; i++) {
        if (name != NULL && strcmp(schema->columns[columns[i]].name, name) == 0)
            return true;
    }
    return false;
}

bool
incload__keys_match(const incload__rows *keys, const incload__schema *schema, const int32_t *columns, int32_t count)
{
    for (int64_t first = 0; first < keys->count;) {
        int64_t end = index_end(keys, first);
        bool match = end - first == count;
        for (int64_t i = first; i < end && match; i++)
            match = holds_column(schema, columns, count, incload__rows_get(keys, i, 3));
        if (match)
            return true;
        first = end;
    }
    return false;
}

int32_t
incload__keys_first(const incload__rows *keys, const incload__schema *schema, int32_t *columns)
{
    for (int64_t first = 0; first < keys->count;) {
        int64_t end = index_end(keys, first);
        int32_t count = 0;
        for (int64_t i = first; i < end && count < MAX_KEY; i++) {
            const char *name = incload__rows_get(keys, i, 3);
            int32_t column = name != NULL ? incload__schema_find(schema, name) : -1;
            /* NULLs are not unique: such an index cannot order pages. */
            if (column < 0 || schema->columns[column].nullable)
                break;
            columns[count++] = column;
        }
        if (count == end - first)
            return count;
        first = end;
    }
    return 0;
}
