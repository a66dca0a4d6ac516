/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/publication.h"

#include <string.h>

#include "dialect/sql.h"
#include "driver/failpoint.h"

/* Columns of publication.sql. */
enum { SCHEMA, TABLE, IDENTITY, HAS_KEY, UPDATES };

static const char find_text[] = "SELECT puballtables::int FROM pg_catalog.pg_publication WHERE pubname = $1";

int32_t
incload__publication_look(incload__conn *conn, const char *name, incload__publication *out, incload_error **err)
{
    incload__param param = { name, strlen(name), INCLOAD__TEXT };
    incload__rows rows = { .mem = NULL };

    memset(out, 0, sizeof *out);
    int32_t status = conn->driver->select(conn, find_text, &param, 1, &rows, err);
    if (status == INCLOAD_OK) {
        const char *whole = incload__rows_get(&rows, 0, 0);
        out->exists = rows.count > 0;
        out->whole = whole != NULL && whole[0] == '1';
        incload__rows_free(&rows);
        status = conn->driver->select(conn, incload__sql_postgres_publication, &param, 1, &out->rows, err);
    }
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "looking at publication '%.63s'", name);
}

void
incload__publication_free(incload__publication *publication)
{
    incload__rows_free(&publication->rows);
}

int64_t
incload__publication_find(const incload__publication *publication, const char *schema, const char *table)
{
    int64_t found = -1;

    for (int64_t i = 0; i < publication->rows.count; i++) {
        if (strcmp(incload__rows_get(&publication->rows, i, TABLE), table) != 0)
            continue;
        if (schema != NULL && strcmp(incload__rows_get(&publication->rows, i, SCHEMA), schema) != 0)
            continue;
        if (found >= 0)
            return -2;
        found = i;
    }
    return found;
}

int32_t
incload__publication_check(const incload__publication *publication, const char *name, incload_error **err)
{
    for (int64_t i = 0; i < publication->rows.count; i++) {
        const char *has_key = incload__rows_get(&publication->rows, i, HAS_KEY);
        const char *updates = incload__rows_get(&publication->rows, i, UPDATES);
        if (strcmp(updates, "1") != 0 || strcmp(has_key, "1") == 0)
            continue;
        return incload__fail(err, INCLOAD_E_CONSTRAINT,
                             "publication '%.63s' sends updates of table %.63s.%.63s, whose rows cannot be told apart: "
                             "the source would refuse its own writers. Give it a primary key, or ALTER TABLE ... "
                             "REPLICA IDENTITY FULL",
                             name, incload__rows_get(&publication->rows, i, SCHEMA),
                             incload__rows_get(&publication->rows, i, TABLE));
    }
    return INCLOAD_OK;
}

static int32_t
write_make(const incload__dialect *dialect, const char *name, const incload__table *tables, int32_t count,
           incload__str *out, incload_error **err)
{
    incload__str_add(out, "CREATE PUBLICATION ");
    int32_t status = dialect->quote(out, "publication", name, err);

    incload__str_add(out, count == 0 ? " FOR ALL TABLES" : " FOR TABLE ");
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
        incload__str_add(out, i == 0 ? "" : ", ");
        status = incload__quote_table(dialect, out, &tables[i], err);
    }
    return status == INCLOAD_OK && out->failed ? incload__fail_memory(err) : status;
}

/* In one transaction, so that a wrong one was never there. */
int32_t
incload__publication_make(incload__conn *conn, const char *name, const incload__table *tables, int32_t count,
                          incload_error **err)
{
    incload__str text = INCLOAD__STR(&conn->env->mem);
    incload__publication made = { .exists = false };

    int32_t status = write_make(conn->dialect, name, tables, count, &text, err);
    if (status == INCLOAD_OK)
        status = conn->driver->begin(conn, err);
    if (status == INCLOAD_OK)
        status = conn->driver->execute(conn, incload__str_text(&text), NULL, 0, NULL, err);
    if (status == INCLOAD_OK)
        status = incload__publication_look(conn, name, &made, err);
    /* FOR ALL TABLES takes in what others make later: there the source's owner has to see to it. */
    if (status == INCLOAD_OK && count > 0)
        status = incload__publication_check(&made, name, err);
    INCLOAD__FAILPOINT_ON(status, conn, "publication.commit.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = conn->driver->commit(conn, err);
    else
        conn->driver->rollback(conn, NULL);
    incload__publication_free(&made);
    incload__str_free(&text);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "making publication '%.63s'", name);
}
