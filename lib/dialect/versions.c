/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/versions.h"

#include <inttypes.h>

/* Of a version that stands the end is the greatest number that there is. */
enum { STARTED, ENDED };

static void
add_history(incload__clause *clause, const incload__capture *capture)
{
    incload__clause_add(clause, " FROM ");
    incload__clause_table(clause, capture->source);
    incload__clause_add(clause, " FOR SYSTEM_TIME ALL WHERE ");
}

/* A range of the column's index. */
static void
add_range(incload__clause *clause, const incload__versions *versions, int32_t which)
{
    const char *column = which == STARTED ? versions->start : versions->end;

    incload__clause_name(clause, "", column);
    incload__str_addf(clause->out, " >= %" PRIu64, versions->first);
    incload__clause_name(clause, " AND ", column);
    incload__str_addf(clause->out, " <= %" PRIu64, versions->last);
    for (int32_t i = 0; i < versions->done_count; i++) {
        if (i == 0)
            incload__clause_name(clause, " AND ", column);
        incload__str_addf(clause->out, "%s%" PRIu64, i == 0 ? " NOT IN (" : ", ", versions->done[i]);
    }
    incload__clause_add(clause, versions->done_count > 0 ? ")" : "");
}

static void
add_numbers(incload__clause *clause, const incload__capture *capture, const incload__versions *versions)
{
    incload__clause_name(clause, "(SELECT ", versions->start);
    incload__clause_add(clause, " AS incload_no");
    add_history(clause, capture);
    add_range(clause, versions, STARTED);
    incload__clause_name(clause, " UNION ALL SELECT ", versions->end);
    add_history(clause, capture);
    add_range(clause, versions, ENDED);
    incload__clause_add(clause, ") AS v");
}

int32_t
incload__versions_transactions(incload__str *out, const incload__capture *capture, const incload__versions *versions,
                               int64_t limit, incload_error **err)
{
    incload__clause clause = { capture->dialect, out, err, INCLOAD_OK };

    incload__clause_add(&clause, "SELECT CAST(v.incload_no AS CHAR), COUNT(*) FROM ");
    add_numbers(&clause, capture, versions);
    incload__str_addf(out, " GROUP BY v.incload_no ORDER BY v.incload_no LIMIT %" PRId64, limit);
    return incload__clause_status(&clause);
}

static void
add_touched(incload__clause *clause, const incload__capture *capture, const incload__versions *versions, int32_t which)
{
    for (int32_t i = 0; i < capture->key_count; i++)
        incload__capture_key(clause, capture->columns->columns[capture->key[i]].name, i, false);
    add_history(clause, capture);
    add_range(clause, versions, which);
}

int32_t
incload__versions_rows(incload__str *out, const incload__capture *capture, const incload__versions *versions,
                       incload_error **err)
{
    incload__clause clause = { capture->dialect, out, err, INCLOAD_OK };

    incload__capture_join_begin(&clause, capture);
    add_touched(&clause, capture, versions, STARTED);
    incload__clause_add(&clause, " UNION ");
    add_touched(&clause, capture, versions, ENDED);
    incload__capture_join_end(&clause, capture);
    return incload__clause_status(&clause);
}

int32_t
incload__versions_pending(incload__str *out, const incload__capture *capture, const incload__versions *versions,
                          incload_error **err)
{
    incload__clause clause = { capture->dialect, out, err, INCLOAD_OK };

    incload__clause_add(&clause,
                        "SELECT COUNT(*), CAST(MIN(UNIX_TIMESTAMP(r.commit_timestamp)) * 1000000 AS SIGNED), ");
    incload__clause_add(&clause, capture->dialect->now_us);
    incload__clause_add(&clause, " FROM ");
    add_numbers(&clause, capture, versions);
    incload__clause_add(&clause, " LEFT JOIN mysql.transaction_registry AS r ON r.transaction_id = v.incload_no");
    return incload__clause_status(&clause);
}
