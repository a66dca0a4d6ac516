/* SPDX-License-Identifier: Apache-2.0 */
#include "state/session.h"

#include <string.h>

#include "base/utf8.h"
#include "state/statement.h"

void
incload__session_end(incload__conn *conn, const char *session, int64_t lived_us)
{
    const incload__dialect *dialect = conn->dialect;
    incload__number lived = incload__as_number(lived_us / 1000000);
    incload__str kill = INCLOAD__STR(&conn->env->mem);
    incload__rows rows = { .mem = &conn->env->mem };
    int64_t id = 0;

    if (session == NULL || dialect->end_session_query == NULL)
        return;
    incload__param params[] = { incload__text_param(session), incload__number_param(&lived) };
    if (conn->driver->select(conn, dialect->end_session_query, params, 2, &rows, NULL) != INCLOAD_OK)
        return;
    const char *cell = incload__rows_get(&rows, 0, 0);
    if (cell != NULL && dialect->kill != NULL && incload__parse_int64(cell, strlen(cell), &id)) {
        incload__str_addf(&kill, "%s%lld", dialect->kill, (long long)id);
        if (!kill.failed)
            conn->driver->execute(conn, incload__str_text(&kill), NULL, 0, NULL, NULL);
    }
    incload__rows_free(&rows);
    incload__str_free(&kill);
}
