/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a dialect, lists of statements, and names in lists. */
#include "dialect/dialect.h"

#include <string.h>

#include "base/utf8.h"

static const incload__dialect *const dialects[] = {
    &incload__dialect_postgres, &incload__dialect_mariadb, &incload__dialect_sqlite,
    &incload__dialect_sqlserver, &incload__dialect_ansi,
};

/* What drivers call their database, by the start of the name. */
static const struct {
    const char *prefix;
    const incload__dialect *dialect;
} dbms_names[] = {
    { "PostgreSQL", &incload__dialect_postgres },
    { "MariaDB", &incload__dialect_mariadb },
    { "MySQL", &incload__dialect_mariadb }, /* what MariaDB's own drivers say of older servers */
    { "SQLite", &incload__dialect_sqlite },
    { "Microsoft SQL Server", &incload__dialect_sqlserver },
    { "SQL Server", &incload__dialect_sqlserver },
};

const incload__dialect *
incload__dialect_find(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) {
        if (strcmp(dialects[i]->name, name) == 0)
            return dialects[i];
    }
    return NULL;
}

const incload__dialect *
incload__dialect_of_dbms(const char *dbms_name)
{
    for (size_t i = 0; i < sizeof dbms_names / sizeof dbms_names[0]; i++) {
        if (incload__ascii_prefix(dbms_name, dbms_names[i].prefix))
            return dbms_names[i].dialect;
    }
    return &incload__dialect_ansi;
}

int32_t
incload__quote_table(const incload__dialect *dialect, incload__str *out, const incload__table *table,
                     incload_error **err)
{
    if (table->schema != NULL) {
        int32_t status = dialect->quote(out, "schema", table->schema, err);

        if (status != INCLOAD_OK)
            return status;
        incload__str_add_char(out, '.');
    }
    return dialect->quote(out, "table", table->name, err);
}

int32_t
incload__quote_columns(const incload__dialect *dialect, incload__str *out, const incload__schema *columns,
                       const char *prefix, incload_error **err)
{
    for (int32_t i = 0; i < columns->count; i++) {
        if (i > 0)
            incload__str_add(out, ", ");
        incload__str_add(out, prefix);

        int32_t status = dialect->quote(out, "column", columns->columns[i].name, err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

int32_t
incload__statements_add(incload__statements *list, incload__str *sql, bool counts, incload_error **err)
{
    int32_t room = (int32_t)(sizeof list->items / sizeof list->items[0]);
    char *text;

    if (list->count >= room) {
        incload__str_free(sql);
        return incload__fail(err, INCLOAD_E_INTERNAL, "more than %d statements in one list", (int)room);
    }
    text = incload__str_take(sql);
    if (text == NULL) {
        incload__str_free(sql);
        return incload__fail_memory(err);
    }
    if (list->mem == NULL)
        list->mem = sql->mem;
    list->items[list->count].sql = text;
    list->items[list->count].counts = counts;
    list->count++;
    return INCLOAD_OK;
}

void
incload__statements_free(incload__statements *list)
{
    for (int32_t i = 0; i < list->count; i++)
        incload__free(list->mem, list->items[i].sql);
    list->count = 0;
}
