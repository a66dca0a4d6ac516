/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/scd2.h"

typedef struct writer {
    incload__clause clause;
    const incload__history *history;
    const struct incload__history_style *style;
} writer;

static void
add(writer *w, const char *text)
{
    incload__clause_add(&w->clause, text);
}

static void
add_own(writer *w, const char *prefix, int32_t which)
{
    incload__clause_name(&w->clause, prefix, w->history->own->columns[which].name);
}

static void
add_temp(writer *w, const char *table)
{
    incload__clause_name(&w->clause, w->style->temp, table);
}

static bool
has_deleted(const writer *w)
{
    return w->history->own->count > INCLOAD__HISTORY_DELETED;
}

static void
add_truth(writer *w, int32_t which, bool value)
{
    static const char *const words[2][2] = { { "0", "1" }, { "FALSE", "TRUE" } };
    bool word = w->style->has_boolean && w->history->own->columns[which].type.kind == INCLOAD__BOOL;

    add(w, words[word][value]);
}

/* <prefix>is_current = TRUE and the like. */
static void
add_flag(writer *w, const char *prefix, int32_t which, bool value)
{
    add_own(w, prefix, which);
    add(w, " = ");
    add_truth(w, which, value);
}

static void
add_time(writer *w, const char *moment)
{
    bool zone = w->history->own->columns[INCLOAD__HISTORY_FROM].type.kind == INCLOAD__TIMESTAMPTZ;
    const char *type = zone ? w->style->instant : w->style->civil;
    const char *suffix = zone && !w->clause.dialect->civil_is_utc ? "+00" : "";

    if (type != NULL)
        incload__str_addf(w->clause.out, "CAST('%s%s' AS %s)", moment, suffix, type);
    else
        incload__str_addf(w->clause.out, "'%s%s'", moment, suffix);
}

/* A version of the key of row w at or behind `time`, so that no version can begin there. */
static void
add_ahead(writer *w, void (*time)(writer *))
{
    add(w, "EXISTS (SELECT 1 FROM ");
    incload__clause_table(&w->clause, w->history->rows->target);
    add(w, " AS h WHERE ");
    incload__clause_join(&w->clause, w->history->rows, "h.", "w.");
    add_own(w, " AND (h.", INCLOAD__HISTORY_FROM);
    add(w, " >= ");
    time(w);
    add_own(w, " OR (h.", INCLOAD__HISTORY_TO);
    add(w, " > ");
    time(w);
    add_flag(w, " AND h.", INCLOAD__HISTORY_CURRENT, false);
    add(w, ")))");
}

static void
add_moment(writer *w)
{
    add_time(w, w->history->moment);
}

static void
add_stamp(writer *w)
{
    incload__clause_name(&w->clause, "w.", w->history->rows->columns->columns[w->history->stamp].name);
}

static void
add_insert(writer *w)
{
    add(w, "INSERT INTO ");
    add_temp(w, w->history->versions);
    add(w, " (");
    incload__clause_columns(&w->clause, w->history->rows, "");
    incload__clause_name(&w->clause, ", ", INCLOAD__VERSION_FROM);
    incload__clause_name(&w->clause, ", ", INCLOAD__VERSION_GONE);
    add(w, ") SELECT ");
}

static void
add_latest(writer *w)
{
    const incload__merge *rows = w->history->rows;

    if (rows->latest_by < 0)
        return;
    const incload__column *column = &rows->columns->columns[rows->latest_by];
    incload__kind kind = column->native != NULL ? w->clause.dialect->type_of(column->native).kind : column->type.kind;
    bool cast = w->style->numbers_as_text
                && (kind == INCLOAD__DECIMAL || kind == INCLOAD__NUMERIC || kind == INCLOAD__UINT64);
    incload__clause_name(&w->clause, cast ? "CAST(n." : "n.", column->name);
    add(w, cast ? " AS NUMERIC)" : "");
    add(w, w->style->descending);
    add(w, ", ");
}

static void
add_place(writer *w, const char *name, bool by_stamp, bool in_stamp_order)
{
    const incload__merge *rows = w->history->rows;
    const char *stamp = by_stamp || in_stamp_order ? rows->columns->columns[w->history->stamp].name : NULL;

    add(w, ", ROW_NUMBER() OVER (PARTITION BY ");
    incload__clause_key(&w->clause, rows, "n.");
    if (by_stamp)
        incload__clause_name(&w->clause, ", n.", stamp);
    add(w, " ORDER BY ");
    if (in_stamp_order) {
        incload__clause_name(&w->clause, "n.", stamp);
        add(w, " DESC, ");
    } else if (!by_stamp) {
        add_latest(w);
    }
    incload__str_addf(w->clause.out, "n.%s DESC) AS %s", w->style->load_order, name);
}

/* The staged rows as w. incload_place is 1 for one row of each version; incload_rank is 1 for the last version of a
 * key. */
static void
add_staged(writer *w)
{
    const incload__history *history = w->history;

    if (history->one_each) {
        add_temp(w, history->rows->staging);
        add(w, " AS w");
        return;
    }
    add(w, "(SELECT ");
    incload__clause_columns(&w->clause, history->rows, "n.");
    add_place(w, "incload_place", history->stamp >= 0, false);
    if (history->stamp >= 0)
        add_place(w, "incload_rank", false, true);
    add(w, " FROM ");
    add_temp(w, history->rows->staging);
    add(w, " AS n) AS w");
}

static void
add_differences(writer *w)
{
    const incload__merge compared = { .target = w->history->rows->target, .columns = w->history->compared,
                                      .latest_by = -1 };

    if (compared.columns->count == 0)
        return;
    add(w, " OR ");
    incload__clause_compare(&w->clause, &compared, true, " OR ", "t.", "w.", w->style->differs);
}

/* No version of the key is current, or one that says that the key is gone. */
static void
add_not_there(writer *w)
{
    add_own(w, "t.", INCLOAD__HISTORY_FROM);
    add(w, " IS NULL");
    if (has_deleted(w))
        add_flag(w, " OR t.", INCLOAD__HISTORY_DELETED, true);
}

/* When a version begins: by its stamp, where that is behind all versions of the key; else with the load. */
static void
add_beginning(writer *w)
{
    add(w, "CASE WHEN ");
    if (w->history->stamp >= 0) {
        add(w, "NOT ");
        add_ahead(w, add_stamp);
        add(w, " THEN ");
        add_stamp(w);
        add(w, " WHEN ");
    }
    add_ahead(w, add_moment);
    add(w, " THEN NULL ELSE ");
    add_moment(w);
    add(w, " END");
}

static void
add_condition(writer *w)
{
    bool one_each = w->history->one_each;

    add(w, one_each ? " WHERE (" : " WHERE w.incload_place = 1 AND (");
    if (w->history->stamp < 0) {
        add_not_there(w);
        add_differences(w);
    } else {
        /* A key that comes back with an old stamp: its last row, once. */
        add(w, "NOT ");
        add_ahead(w, add_stamp);
        add(w, one_each ? " OR (" : " OR (w.incload_rank = 1 AND (");
        add_not_there(w);
        add(w, one_each ? ")" : "))");
    }
    add(w, ")");
}

static int32_t
begin(writer *w, incload__str *sql, const incload__history *history, const incload__dialect *dialect,
      incload_error **err)
{
    *w = (writer){ .clause = { dialect, sql, err, INCLOAD_OK }, .history = history, .style = dialect->history };
    if (dialect->history == NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED, "write=scd2 is not possible in a %s target", dialect->name);
    return incload__merge_check(history->rows, true, err);
}

int32_t
incload__history_find(incload__statements *out, const incload__history *history, const incload__dialect *dialect,
                      incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    writer w;
    int32_t status = begin(&w, &sql, history, dialect, err);

    if (status != INCLOAD_OK)
        return status;
    add_insert(&w);
    incload__clause_columns(&w.clause, history->rows, "w.");
    add(&w, ", ");
    add_beginning(&w);
    add(&w, ", 0 FROM ");
    add_staged(&w);
    add(&w, " LEFT JOIN ");
    incload__clause_table(&w.clause, history->rows->target);
    add(&w, " AS t ON ");
    incload__clause_join(&w.clause, history->rows, "t.", "w.");
    add_flag(&w, " AND t.", INCLOAD__HISTORY_CURRENT, true);
    add_condition(&w);
    return incload__clause_finish(&w.clause, out, false);
}

static void
add_missing(writer *w)
{
    const incload__merge *rows = w->history->rows;

    if (w->style->missing_by_list) {
        add(w, "(");
        incload__clause_key(&w->clause, rows, "t.");
        add(w, ") NOT IN (SELECT ");
        incload__clause_key(&w->clause, rows, "s.");
        add(w, " FROM ");
        add_temp(w, w->history->keys);
        add(w, " AS s)");
        return;
    }
    add(w, "NOT EXISTS (SELECT 1 FROM ");
    add_temp(w, w->history->keys);
    add(w, " AS s WHERE ");
    incload__clause_join(&w->clause, rows, "s.", "t.");
    add(w, ")");
}

int32_t
incload__history_find_gone(incload__statements *out, const incload__history *history, const incload__dialect *dialect,
                           incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    writer w;
    int32_t status = begin(&w, &sql, history, dialect, err);

    if (status != INCLOAD_OK)
        return status;
    add_insert(&w);
    incload__clause_columns(&w.clause, history->rows, "t.");
    add_own(&w, ", CASE WHEN t.", INCLOAD__HISTORY_FROM);
    add(&w, " < ");
    add_moment(&w);
    add(&w, " THEN ");
    add_moment(&w);
    add(&w, " END, 1 FROM ");
    incload__clause_table(&w.clause, history->rows->target);
    add_flag(&w, " AS t WHERE t.", INCLOAD__HISTORY_CURRENT, true);
    if (has_deleted(&w)) {
        add_own(&w, " AND (t.", INCLOAD__HISTORY_DELETED);
        add_flag(&w, " IS NULL OR t.", INCLOAD__HISTORY_DELETED, false);
        add(&w, ")");
    }
    add(&w, " AND ");
    add_missing(&w);
    return incload__clause_finish(&w.clause, out, true);
}

/* Text of the greatest value, where `only` (may be NULL) names the versions that count. */
static void
add_greatest(writer *w, int32_t which, bool closed_only)
{
    incload__str greatest = INCLOAD__STR(w->clause.out->mem), *sql = w->clause.out;

    w->clause.out = &greatest;
    if (closed_only) {
        add_flag(w, "MAX(CASE WHEN h.", INCLOAD__HISTORY_CURRENT, false);
        add_own(w, " THEN h.", which);
        add(w, " END)");
    } else {
        add_own(w, "MAX(h.", which);
        add(w, ")");
    }
    w->clause.out = sql;
    if (greatest.failed)
        sql->failed = true;
    else
        w->clause.dialect->exact_text(sql, &w->history->own->columns[which], incload__str_text(&greatest));
    incload__str_free(&greatest);
}

int32_t
incload__history_ahead(incload__str *out, const incload__history *history, const incload__dialect *dialect,
                       incload_error **err)
{
    writer w;
    int32_t status = begin(&w, out, history, dialect, err);

    if (status != INCLOAD_OK)
        return status;
    add(&w, "SELECT ");
    add_greatest(&w, INCLOAD__HISTORY_FROM, false);
    add(&w, ", ");
    add_greatest(&w, INCLOAD__HISTORY_TO, true);
    add(&w, " FROM (SELECT DISTINCT ");
    incload__clause_key(&w.clause, history->rows, "");
    add(&w, " FROM ");
    add_temp(&w, history->versions);
    incload__clause_name(&w.clause, " WHERE ", INCLOAD__VERSION_FROM);
    add(&w, " IS NULL) AS v JOIN ");
    incload__clause_table(&w.clause, history->rows->target);
    add(&w, " AS h ON ");
    incload__clause_join(&w.clause, history->rows, "h.", "v.");
    return incload__clause_status(&w.clause);
}

int32_t
incload__history_settle(incload__statements *out, const incload__history *history, const char *later,
                        const incload__dialect *dialect, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    writer w;
    int32_t status = begin(&w, &sql, history, dialect, err);

    if (status != INCLOAD_OK)
        return status;
    add(&w, "UPDATE ");
    add_temp(&w, history->versions);
    incload__clause_name(&w.clause, " SET ", INCLOAD__VERSION_FROM);
    add(&w, " = ");
    add_time(&w, later);
    incload__clause_name(&w.clause, " WHERE ", INCLOAD__VERSION_FROM);
    add(&w, " IS NULL");
    return incload__clause_finish(&w.clause, out, false);
}

/* Each key's first new version, as v. */
static void
add_firsts(writer *w)
{
    add(w, "(SELECT ");
    incload__clause_key(&w->clause, w->history->rows, "");
    incload__clause_name(&w->clause, ", MIN(", INCLOAD__VERSION_FROM);
    incload__clause_name(&w->clause, ") AS ", INCLOAD__VERSION_FROM);
    add(w, " FROM ");
    add_temp(w, w->history->versions);
    add(w, " GROUP BY ");
    incload__clause_key(&w->clause, w->history->rows, "");
    add(w, ") AS v");
}

static void
add_ending(writer *w, const char *prefix)
{
    add_own(w, prefix, INCLOAD__HISTORY_TO);
    incload__clause_name(&w->clause, " = v.", INCLOAD__VERSION_FROM);
    add(w, ", ");
    add_flag(w, prefix, INCLOAD__HISTORY_CURRENT, false);
}

int32_t
incload__history_close(incload__statements *out, const incload__history *history, const incload__dialect *dialect,
                       incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    writer w;
    int32_t status = begin(&w, &sql, history, dialect, err);

    if (status != INCLOAD_OK)
        return status;
    add(&w, "UPDATE ");
    if (w.style->joins_updates) {
        add_firsts(&w);
        add(&w, " STRAIGHT_JOIN ");
        incload__clause_table(&w.clause, history->rows->target);
        add(&w, " AS t ON ");
        incload__clause_join(&w.clause, history->rows, "t.", "v.");
        add(&w, " SET ");
        add_ending(&w, "t.");
        add(&w, " WHERE ");
    } else {
        incload__clause_table(&w.clause, history->rows->target);
        add(&w, " AS t SET ");
        add_ending(&w, "");
        add(&w, " FROM ");
        add_firsts(&w);
        add(&w, " WHERE ");
        incload__clause_join(&w.clause, history->rows, "t.", "v.");
        add(&w, " AND ");
    }
    add_flag(&w, "t.", INCLOAD__HISTORY_CURRENT, true);
    return incload__clause_finish(&w.clause, out, false);
}

/* Where the next version of the key begins. */
static void
add_next(writer *w)
{
    incload__clause_name(&w->clause, "LEAD(v.", INCLOAD__VERSION_FROM);
    add(w, ") OVER (PARTITION BY ");
    incload__clause_key(&w->clause, w->history->rows, "v.");
    incload__clause_name(&w->clause, " ORDER BY v.", INCLOAD__VERSION_FROM);
    add(w, ")");
}

/* valid_to, is_current: several versions of a key come only where they have stamps. */
static void
add_end_and_current(writer *w)
{
    if (w->history->stamp < 0 || w->history->one_each) {
        add(w, "NULL, ");
        add_truth(w, INCLOAD__HISTORY_CURRENT, true);
        return;
    }
    add_next(w);
    add(w, ", CASE WHEN ");
    add_next(w);
    add(w, " IS NULL THEN ");
    add_truth(w, INCLOAD__HISTORY_CURRENT, true);
    add(w, " ELSE ");
    add_truth(w, INCLOAD__HISTORY_CURRENT, false);
    add(w, " END");
}

int32_t
incload__history_insert(incload__statements *out, const incload__history *history, bool with_gone,
                        const incload__dialect *dialect, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    writer w;
    int32_t status = begin(&w, &sql, history, dialect, err);

    if (status != INCLOAD_OK)
        return status;
    add(&w, "INSERT INTO ");
    incload__clause_table(&w.clause, history->rows->target);
    add(&w, " (");
    incload__clause_columns(&w.clause, history->rows, "");
    for (int32_t i = 0; i < history->own->count; i++)
        add_own(&w, ", ", i);
    incload__str_addf(&sql, ")%s SELECT ", w.style->overriding);
    incload__clause_columns(&w.clause, history->rows, "v.");
    incload__clause_name(&w.clause, ", v.", INCLOAD__VERSION_FROM);
    add(&w, ", ");
    add_end_and_current(&w);
    if (has_deleted(&w)) {
        incload__clause_name(&w.clause, ", CASE WHEN v.", INCLOAD__VERSION_GONE);
        add(&w, " = 1 THEN ");
        add_truth(&w, INCLOAD__HISTORY_DELETED, true);
        add(&w, " ELSE ");
        add_truth(&w, INCLOAD__HISTORY_DELETED, false);
        add(&w, " END");
    }
    add(&w, " FROM ");
    add_temp(&w, history->versions);
    add(&w, " AS v");
    if (!with_gone) {
        incload__clause_name(&w.clause, " WHERE v.", INCLOAD__VERSION_GONE);
        add(&w, " = 0");
    }
    return incload__clause_finish(&w.clause, out, true);
}
