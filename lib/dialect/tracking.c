/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/tracking.h"

const char incload__tracking_begin[] = "SET TRANSACTION ISOLATION LEVEL SNAPSHOT";

/* The quoted name in a literal, as OBJECT_ID reads it. */
static void
add_object(incload__clause *clause, const incload__table *table)
{
    incload__str name = INCLOAD__STR(clause->out->mem);
    incload__clause inner = { clause->dialect, &name, clause->err, clause->status };

    incload__clause_table(&inner, table);
    clause->status = incload__clause_status(&inner);
    incload__clause_add(clause, "OBJECT_ID(N");
    if (clause->status == INCLOAD_OK)
        incload__capture_literal(clause, incload__str_text(&name));
    incload__clause_add(clause, ")");
    incload__str_free(&name);
}

int32_t
incload__tracking_versions(incload__str *out, const incload__capture *capture, incload_error **err)
{
    incload__clause clause = { capture->dialect, out, err, INCLOAD_OK };

    incload__clause_add(&clause, "SELECT CHANGE_TRACKING_CURRENT_VERSION(), CHANGE_TRACKING_MIN_VALID_VERSION(");
    add_object(&clause, capture->source);
    incload__clause_add(&clause, ")");
    return incload__clause_status(&clause);
}

int32_t
incload__tracking_rows(incload__str *out, const incload__capture *capture, int64_t behind, incload_error **err)
{
    incload__clause clause = { capture->dialect, out, err, INCLOAD_OK };

    for (int32_t i = 0; i < capture->key_count; i++) {
        incload__clause_name(&clause, i == 0 ? "SELECT c." : ", c.", capture->columns->columns[capture->key[i]].name);
        incload__str_addf(out, " AS incload_k%d", (int)i);
    }
    for (int32_t i = 0; i < capture->columns->count; i++)
        incload__clause_name(&clause, ", t.", capture->columns->columns[i].name);
    incload__clause_add(&clause, " FROM CHANGETABLE(CHANGES ");
    incload__clause_table(&clause, capture->source);
    incload__str_addf(out, ", %lld) AS c LEFT JOIN ", (long long)behind);
    incload__clause_table(&clause, capture->source);
    for (int32_t i = 0; i < capture->key_count; i++) {
        const char *name = capture->columns->columns[capture->key[i]].name;
        incload__clause_name(&clause, i == 0 ? " AS t ON t." : " AND t.", name);
        incload__clause_name(&clause, " = c.", name);
    }
    return incload__clause_status(&clause);
}
