/* SPDX-License-Identifier: Apache-2.0 */
/* INNODB_TRX is a cache that is filled anew for who asks 0.1 s after the last that asked. A transaction of one's own is
 * in the list, with the text of the statement that asks: an answer that shows this one's text is of this moment. */
#include "load/innodb_list.h"

#include <string.h>

static bool
holds_token(const incload__rows *rows, const char *token)
{
    for (int64_t i = 0; i < rows->count; i++) {
        const char *query = incload__rows_get(rows, i, INCLOAD__INNODB_QUERY);
        if (query != NULL && strstr(query, token) != NULL)
            return true;
    }
    return false;
}

/* In a transaction that InnoDB takes for begun before it has read a row. */
static int32_t
ask(incload__conn *conn, const incload__str *sql, incload__rows *rows, incload_error **err)
{
    if (sql->failed)
        return incload__fail_memory(err);
    conn->begin_text = conn->dialect->begin_read;
    int32_t status = conn->driver->begin(conn, err);
    conn->begin_text = NULL;
    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, incload__str_text(sql), NULL, 0, rows, err);
    conn->driver->rollback(conn, NULL);
    return status;
}

int32_t
incload__innodb_list(const incload__load *load, incload__conn *conn, const char *query, incload__rows *rows,
                     bool *fresh, incload_error **err)
{
    static const char mark[] = "TOKEN";
    const char *at = strstr(query, mark);
    incload__str sql = INCLOAD__STR(load->mem), token = INCLOAD__STR(load->mem);

    *rows = (incload__rows){ .mem = load->mem };
    *fresh = false;
    if (at == NULL)
        return incload__fail(err, INCLOAD_E_INTERNAL, "a query of INNODB_TRX has no place for its token");
    /* Unlike any other session's, or two would take each other's stale answers for fresh ones. */
    incload__str_addf(&token, "incload%016llx", (unsigned long long)incload__random(load->env));
    incload__str_add_bytes(&sql, query, (size_t)(at - query));
    incload__str_addf(&sql, "%s%s", incload__str_text(&token), at + strlen(mark));
    int32_t status = token.failed ? incload__fail_memory(err) : ask(conn, &sql, rows, err);
    *fresh = status == INCLOAD_OK && holds_token(rows, incload__str_text(&token));
    incload__str_free(&sql);
    incload__str_free(&token);
    return status;
}
