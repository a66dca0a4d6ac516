/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite: three triggers. Tables have no comments: the mark is the default of a column that is always NULL. */
#include "dialect/capture.h"
#include "dialect/sql.h"

static int32_t
make_table(incload__statements *out, const incload__capture *capture, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { capture->dialect, &sql, err, INCLOAD_OK };

    incload__clause_add(&clause, "CREATE TABLE ");
    incload__clause_table(&clause, capture->changes);
    incload__clause_add(&clause, " (incload_no INTEGER PRIMARY KEY AUTOINCREMENT, incload_op TEXT NOT NULL,"
                                 " incload_us INTEGER NOT NULL");
    for (int32_t i = 0; i < 2 * capture->key_count; i++) {
        int32_t key = i % capture->key_count;
        const char *native = capture->columns->columns[capture->key[key]].native;
        incload__str_addf(&sql, ", incload_%c%d %s", i < capture->key_count ? 'k' : 'j', (int)key,
                          native != NULL ? native : "");
    }
    incload__clause_add(&clause, ", incload_mark TEXT DEFAULT ");
    incload__capture_literal(&clause, capture->mark);
    incload__clause_add(&clause, ")");
    int32_t status = incload__clause_finish(&clause, out, false);
    incload__str_free(&sql);
    return status;
}

/* Inside of a trigger names have no schema: they are found where the trigger is. */
static int32_t
make_trigger(incload__statements *out, const incload__capture *capture, const incload__capture_trigger *trigger,
             incload_error **err)
{
    incload__table here = { NULL, capture->changes->name }, there = { NULL, capture->source->name };
    incload__capture inside = *capture;
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { capture->dialect, &sql, err, INCLOAD_OK };

    inside.changes = &here;
    incload__clause_add(&clause, "CREATE TRIGGER IF NOT EXISTS ");
    incload__capture_full_name(&clause, capture, trigger->suffix);
    incload__clause_add(&clause, trigger->event);
    incload__clause_table(&clause, &there);
    incload__clause_add(&clause, " BEGIN ");
    incload__capture_insert(&clause, &inside, trigger->before, trigger->behind, "incload_mark");
    incload__clause_add(&clause, "; END");
    int32_t status = incload__clause_finish(&clause, out, false);
    incload__str_free(&sql);
    return status;
}

/* <before>k = NEW.k AND ...: a row that would have the same values as the one that comes. */
static void
add_rival(incload__clause *clause, const incload__capture *capture, const incload__capture_unique *unique)
{
    for (int32_t i = 0; i < unique->count; i++) {
        const char *name = capture->columns->columns[unique->columns[i]].name;
        incload__clause_name(clause, i == 0 ? " WHERE " : " AND ", name);
        incload__clause_name(clause, " = NEW.", name);
    }
}

/* REPLACE takes out rows that have another unique key in common with the new one, and fires no trigger for them: they
 * are written down before. */
static int32_t
make_guard(incload__statements *out, const incload__capture *capture, const char *suffix, const char *event,
           incload_error **err)
{
    incload__table here = { NULL, capture->changes->name }, there = { NULL, capture->source->name };
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { capture->dialect, &sql, err, INCLOAD_OK };

    incload__clause_add(&clause, "CREATE TRIGGER IF NOT EXISTS ");
    incload__capture_full_name(&clause, capture, suffix);
    incload__clause_add(&clause, event);
    incload__clause_table(&clause, &there);
    incload__clause_add(&clause, " BEGIN ");
    for (int32_t i = 0; i < capture->other_count; i++) {
        incload__clause_add(&clause, "INSERT INTO ");
        incload__clause_table(&clause, &here);
        incload__capture_columns(&clause, capture, "incload_mark");
        incload__clause_add(&clause, " SELECT 'R', ");
        incload__clause_add(&clause, capture->dialect->now_us);
        incload__capture_keys(&clause, capture, ", ");
        incload__clause_add(&clause, ", NULL FROM ");
        incload__clause_table(&clause, &there);
        add_rival(&clause, capture, &capture->others[i]);
        incload__clause_add(&clause, "; ");
    }
    incload__clause_add(&clause, "END");
    int32_t status = incload__clause_finish(&clause, out, false);
    incload__str_free(&sql);
    return status;
}

static int32_t
make_triggers(incload__statements *out, const incload__capture *capture, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < INCLOAD__CAPTURE_TRIGGERS && status == INCLOAD_OK; i++)
        status = make_trigger(out, capture, &incload__capture_triggers[i], err);
    if (status == INCLOAD_OK && capture->other_count > 0)
        status = make_guard(out, capture, "_b", " BEFORE INSERT ON ", err);
    if (status == INCLOAD_OK && capture->other_count > 0)
        status = make_guard(out, capture, "_c", " BEFORE UPDATE ON ", err);
    return status;
}

static int32_t
drop(incload__statements *out, const incload__capture *capture, incload_error **err)
{
    static const char *const suffixes[] = { "_i", "_u", "_d", "_b", "_c", NULL };

    return incload__capture_drop(out, capture, suffixes, err);
}

const incload__capture_rules incload__capture_sqlite = {
    .found = incload__sql_sqlite_capture_found,
    .triggers = INCLOAD__CAPTURE_TRIGGERS,
    .obstacles = incload__sql_sqlite_capture_obstacles,
    .orphans = incload__sql_sqlite_capture_orphans,
    .make_table = make_table,
    .make_triggers = make_triggers,
    .drop = drop,
    .exact = { "", " COLLATE BINARY" },
    .remove = { "DELETE FROM ", "", " WHERE incload_no" },
};
