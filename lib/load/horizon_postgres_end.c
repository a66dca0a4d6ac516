/* SPDX-License-Identifier: Apache-2.0 */
/* The PostgreSQL finder's end of a load: what it says about exactness, and the transactions whose rows were read. */
#include <string.h>

#include "base/utf8.h"
#include "batch/number.h"
#include "load/horizon_postgres.h"

enum { SAID_AFTER_US = 1000000 };

static incload__postgres_found *
found_of(const incload__load *load)
{
    return load->found;
}

static bool
is_fact(const incload__load *load, int32_t which)
{
    return strcmp(incload__postgres_fact(load, which), "1") == 0;
}

/* ---- words ---- */

static int32_t
say_whole_table(incload__load *load, incload_error **err)
{
    const char *column = load->shape.columns[load->cursor].name;

    if (is_fact(load, INCLOAD__FACT_STANDBY))
        return incload__window_say(load, err,
                                   "the source is a standby, which does not show who is in flight on its primary: each "
                                   "load looks at the whole table");
    if (incload__cursor_unit_of(load) == INCLOAD__UNIT_NUMBER)
        return incload__window_say(load, err,
                                   "the sequence of '%.64s' hands out %lld numbers at once (CACHE), so they are not in "
                                   "order of use: each load looks at the whole table",
                                   column, (long long)found_of(load)->cache);
    return incload__window_say(load, err, "no bound can be computed for '%.64s': each load looks at the whole table",
                               column);
}

/* What is not sure about stamps. */
static int32_t
say_stamps(incload__load *load, incload_error **err)
{
    const incload__column *cursor = &load->shape.columns[load->cursor];
    bool by_time = incload__cursor_unit_of(load) == INCLOAD__UNIT_MICROS;
    int32_t status = INCLOAD_OK;

    if (!incload__postgres_shows_xmin(load))
        status = incload__window_say(load, err,
                                     "transactions cannot be seen through a query, a view or a foreign table: rows are "
                                     "found by '%.64s' alone, from before the oldest transaction in flight",
                                     cursor->name);
    else
        status = incload__window_say(load, err,
                                     "rows are found by '%.64s' from before the oldest transaction in flight: those "
                                     "stamped older than their transaction are found by deep reads only",
                                     cursor->name);
    if (status == INCLOAD_OK && load->spec->query != NULL)
        return status;
    if (status == INCLOAD_OK && by_time && !is_fact(load, INCLOAD__FACT_TRIGGER))
        status =
            incload__window_say(load, err,
                                "no trigger stamps '%.64s' on update, so an update that does not set it is found by "
                                "deep reads only",
                                cursor->name);
    if (status == INCLOAD_OK && !by_time && found_of(load)->cache == 0)
        status = incload__window_say(load, err, "'%.64s' is not taken from a sequence", cursor->name);
    if (status == INCLOAD_OK && by_time && cursor->type.kind != INCLOAD__TIMESTAMPTZ)
        status = incload__window_say(load, err, "'%.64s' has no time zone and is taken for %.64s (option cursor_zone)",
                                     cursor->name, incload__postgres_zone(load));
    if (status == INCLOAD_OK && !is_fact(load, INCLOAD__FACT_INDEXED))
        status = incload__window_say(load, err, "no index begins with '%.64s': each load scans the table",
                                     cursor->name);
    if (status == INCLOAD_OK && found_of(load)->step > 0)
        status = incload__window_say(load, err, "the source's clock went back %lld ms: read from that much earlier",
                                     (long long)(found_of(load)->step / 1000));
    return status;
}

static int64_t
start_of(const incload__rows *backends, int64_t row)
{
    const char *text = incload__rows_get(backends, row, 2);
    int64_t start = INT64_MAX;

    if (text != NULL)
        incload__parse_int64(text, strlen(text), &start);
    return start;
}

/* The oldest transaction that is open for longer than a moment. */
static int32_t
say_who_holds(incload__load *load, incload_error **err)
{
    const incload__postgres_found *found = found_of(load);
    incload__str text = INCLOAD__STR(load->mem);
    int64_t oldest = -1, since = found->now - SAID_AFTER_US;

    for (int64_t i = 0; i < found->backends.count; i++) {
        const char *me = incload__rows_get(&found->backends, i, 3);
        if ((me == NULL || strcmp(me, "1") != 0) && start_of(&found->backends, i) < since) {
            oldest = i;
            since = start_of(&found->backends, i);
        }
    }
    if (oldest >= 0) {
        const char *who = incload__rows_get(&found->backends, oldest, 4);
        int64_t seconds = (found->now - since) / 1000000;
        incload__str_addf(&text, "transaction open for %02lld:%02lld:%02lld (%.200s)", (long long)(seconds / 3600),
                          (long long)(seconds / 60 % 60), (long long)(seconds % 60), who != NULL ? who : "?");
    } else if (found->prepared.count > 0) {
        const char *who = incload__rows_get(&found->prepared, 0, 1);
        incload__str_addf(&text, "%.200s", who != NULL ? who : "prepared transaction");
    } else {
        return INCLOAD_OK;
    }
    incload__str_add(&text, ": the rows it commits are read when it ends");
    incload__free(load->mem, load->window.held_by);
    load->window.held_by = incload__str_take(&text);
    return load->window.held_by != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

int32_t
incload__postgres_report(incload__load *load, incload_error **err)
{
    bool by_xid = incload__cursor_unit_of(load) == INCLOAD__UNIT_XID;
    bool always_whole = !by_xid && !incload__postgres_bounds(load);
    bool exact = incload__postgres_shows_xmin(load)
                 && (by_xid || always_whole || load->how->deep == INCLOAD__DEEP_ALWAYS);
    int32_t status = INCLOAD_OK;

    load->window.level = exact ? "EXACT" : "EXACT_IF_STAMPED";
    if (always_whole)
        status = say_whole_table(load, err);
    else if (!exact)
        status = say_stamps(load, err);
    return status == INCLOAD_OK ? say_who_holds(load, err) : status;
}

/* ---- what was read ---- */

/* The transactions at or past the snapshot's xmin whose rows are in a part of the window. */
static int32_t
note_done_of(incload__load *load, int32_t part, incload_error **err)
{
    uint64_t xmin = found_of(load)->snapshot.xmin, xid;
    char number[INCLOAD__NUMBER_TEXT];
    incload__rows rows = { .mem = load->mem };
    incload__sql sql;

    number[incload__uint_text(xmin & UINT32_MAX, number)] = '\0';
    incload__sql_init(load, &sql);
    incload__str_add(&sql.text, "SELECT DISTINCT xmin::text");
    int32_t status = incload__sql_from(load, &sql, err);
    if (status == INCLOAD_OK)
        status = incload__window_where(load, &sql, load->from->dialect, part, NULL, 0, NULL, err);
    if (status == INCLOAD_OK)
        status = incload__sql_add_param(&sql, (incload__param){ number, strlen(number), INCLOAD__TEXT }, err);
    incload__str_addf(&sql.text, " AND age(xmin) BETWEEN 0 AND (SELECT age($%d::text::xid)) LIMIT %d", (int)sql.count,
                      INCLOAD__MARK_DONE_LIMIT + 1);
    if (status == INCLOAD_OK)
        status = incload__sql_check(&sql, err);
    if (status == INCLOAD_OK)
        status =
            load->from->driver->select(load->from, incload__str_text(&sql.text), sql.params, sql.count, &rows, err);
    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK; i++) {
        const char *text = incload__rows_get(&rows, i, 0);
        if (text != NULL && incload__parse_uint64(text, strlen(text), &xid))
            status = incload__mark_add_done(&load->after, incload__xid_widen(xmin, xid), err);
    }
    incload__rows_free(&rows);
    incload__sql_free(&sql);
    return status;
}

int32_t
incload__postgres_close(incload__load *load, incload_error **err)
{
    const incload__snapshot *snapshot = &found_of(load)->snapshot;
    int32_t status = INCLOAD_OK;

    /* Nobody was running: whatever is visible is older than the snapshot's xmin. */
    if (snapshot->xmin == snapshot->xmax || !incload__postgres_shows_xmin(load))
        return INCLOAD_OK;
    /* Forgotten ones stay forgotten until nobody runs who is older than they. */
    load->after.done_overflow = load->mark.done_overflow;
    for (int32_t i = 0; i < load->mark.done_count && status == INCLOAD_OK; i++) {
        if (load->mark.done[i] >= snapshot->xmin)
            status = incload__mark_add_done(&load->after, load->mark.done[i], err);
    }
    for (int32_t part = PART_POSITIONED; part <= PART_POSITIONLESS && status == INCLOAD_OK; part++) {
        if (incload__window_has(load, part))
            status = note_done_of(load, part, err);
    }
    incload__mark_sort_done(&load->after);
    return status;
}
