/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL: a row is new when the transaction that wrote it (xmin) was not in the snapshot of the load before. The
 * cursor is only the index that finds such rows quickly, and the list of who was in flight says from where on to look.
 *
 * Why nothing is lost: a transaction that the last snapshot S lacked was in the listing before S, with a bound not
 * above its stamps, or began after it and stamps at or past the listing's clock. When it is over, its bound is among
 * those that ended, or the clock covers it. Its ids are at or past xmin(S), and not among those delivered. So its rows
 * pass both conditions. Why nothing comes twice: a row that passes them is of a transaction that S lacked. */
#include "load/horizon_postgres.h"

#include <string.h>

#include "base/utf8.h"
#include "batch/number.h"
#include "dialect/sql.h"
#include "load/mode.h"

/* What a stamp may lie behind the moment at which its backend was listed: rows in it are looked at, not read again. */
enum { MARGIN_US = 5000000, ZONE_MARGIN_US = 3600000000, OLDEST_VERSION = 130000 };
/* A crash may take back commits that were not flushed, and use their ids again. */
enum { CRASH_MARGIN_US = 5000000 };
static const int64_t no_number_yet = INT64_MIN / 2;
static const uint64_t half_of_all_xids = UINT64_C(1) << 31;


static incload__postgres_found *
found_of(const incload__load *load)
{
    return load->found;
}

static void
found_free(incload__load *load)
{
    incload__postgres_found *found = load->found;

    if (found == NULL)
        return;
    incload__rows_free(&found->facts);
    incload__rows_free(&found->backends);
    incload__rows_free(&found->prepared);
    incload__free(load->mem, found->snapshot.running);
    incload__free(load->mem, found);
    load->found = NULL;
}

const char *
incload__postgres_fact(const incload__load *load, int32_t which)
{
    const char *text = incload__rows_get(&found_of(load)->facts, 0, which);

    return text != NULL ? text : "";
}

static bool
is_fact(const incload__load *load, int32_t which)
{
    return strcmp(incload__postgres_fact(load, which), "1") == 0;
}

static int64_t
number_of(const char *text)
{
    int64_t value = 0;

    if (text != NULL)
        incload__parse_int64(text, strlen(text), &value);
    return value;
}

bool
incload__postgres_shows_xmin(const incload__load *load)
{
    return strchr("rpm", incload__postgres_fact(load, INCLOAD__FACT_KIND)[0] != '\0'
                             ? incload__postgres_fact(load, INCLOAD__FACT_KIND)[0]
                             : '?')
               != NULL
           && is_fact(load, INCLOAD__FACT_HEAP);
}

static bool
is_standby(const incload__load *load)
{
    return is_fact(load, INCLOAD__FACT_STANDBY);
}

bool
incload__postgres_bounds(const incload__load *load)
{
    incload__cursor_unit unit = incload__cursor_unit_of(load);

    if (is_standby(load) && !found_of(load)->primary_asked)
        return false;
    /* A session hands its cached numbers out whenever it likes. */
    if (unit == INCLOAD__UNIT_NUMBER)
        return found_of(load)->cache <= 1;
    return unit == INCLOAD__UNIT_MICROS;
}

/* ---- before the snapshot ---- */

/* No answer at all: something that only speaks the dialect. */
static int32_t
use_cursor_alone(incload__load *load, const char *why, incload_error **err)
{
    found_free(load);
    load->finder = &incload__finder_cursor;
    return incload__window_say(load, err, "%s", why);
}

static int32_t
ask_facts(incload__load *load, incload_error **err)
{
    const char *cursor = load->shape.columns[load->cursor].name;
    incload__param params[3] = { { NULL, 0, INCLOAD__TEXT }, { NULL, 0, INCLOAD__TEXT }, { NULL, 0, INCLOAD__TEXT } };
    const char *texts[3] = { load->source_name.schema, load->source_name.name, cursor };
    incload__postgres_found *found = found_of(load);

    for (int32_t i = 0; i < 3 && load->spec->query == NULL; i++)
        params[i] = (incload__param){ texts[i], texts[i] != NULL ? strlen(texts[i]) : 0, INCLOAD__TEXT };
    return load->from->driver->select(load->from, incload__sql_postgres_facts, params, 3, &found->facts, err);
}

/* What only some cursors make a difference by. */
static int32_t
ask_of_cursor(incload__load *load, incload_error **err)
{
    const incload__column *cursor = &load->shape.columns[load->cursor];
    const char *params[3] = { load->source_name.schema, load->source_name.name, cursor->name };
    bool civil = incload__cursor_unit_of(load) == INCLOAD__UNIT_MICROS && cursor->type.kind != INCLOAD__TIMESTAMPTZ;
    incload__postgres_found *found = found_of(load);
    incload__rows rows = { .mem = load->mem };
    int32_t status = INCLOAD_OK;

    if (incload__cursor_unit_of(load) == INCLOAD__UNIT_NUMBER && load->spec->query == NULL) {
        incload__param values[3];
        for (int32_t i = 0; i < 3; i++)
            values[i] = (incload__param){ params[i], params[i] != NULL ? strlen(params[i]) : 0, INCLOAD__TEXT };
        status = load->from->driver->select(load->from, incload__sql_postgres_cache, values, 3, &rows, err);
        if (status == INCLOAD_OK)
            found->cache = number_of(incload__rows_get(&rows, 0, 0));
    } else if (civil && load->how->cursor_zone == NULL) {
        status = incload__ask_row(load, load->from, incload__sql_postgres_zone, NULL, 0, &rows, err);
        const char *zone = status == INCLOAD_OK ? incload__rows_get(&rows, 0, 0) : NULL;
        if (zone != NULL && strlen(zone) < sizeof found->zone)
            memcpy(found->zone, zone, strlen(zone) + 1);
    }
    incload__rows_free(&rows);
    return status;
}

/* The greatest number so far, before the listing: whoever begins later takes a greater one. */
static int32_t
ask_greatest(incload__load *load, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };

    incload__str_add(&sql, "SELECT MAX(");
    int32_t status = load->from->dialect->quote(&sql, "column", load->shape.columns[load->cursor].name, err);
    incload__str_add(&sql, ")::text FROM ");
    if (status == INCLOAD_OK)
        status = incload__quote_table(load->from->dialect, &sql, &load->source_name, err);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__ask_row(load, load->from, incload__str_text(&sql), NULL, 0, &rows, err);
    if (status == INCLOAD_OK) {
        const char *text = incload__rows_get(&rows, 0, 0);
        found_of(load)->clock = text != NULL ? number_of(text) : no_number_yet;
        incload__rows_free(&rows);
    }
    incload__str_free(&sql);
    return status;
}

int32_t
incload__postgres_in_flight(incload__load *load, incload__conn *conn, incload__rows *backends, incload__rows *prepared,
                            incload_error **err)
{
    int32_t status = incload__ask_row(load, conn, incload__sql_postgres_in_flight, NULL, 0, backends, err);

    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, incload__sql_postgres_prepared, NULL, 0, prepared, err);
    return status;
}

static int32_t
list(incload__load *load, incload_error **err)
{
    static const char hidden[] = "transactions cannot be seen through a query, a view or a foreign table";
    bool number = incload__cursor_unit_of(load) == INCLOAD__UNIT_NUMBER;

    load->found = incload__alloc(load->mem, sizeof(incload__postgres_found));
    if (load->found == NULL)
        return incload__fail_memory(err);
    incload__postgres_found *found = found_of(load);
    found->facts.mem = found->backends.mem = found->prepared.mem = load->mem;
    if (load->from->server_version < OLDEST_VERSION)
        return use_cursor_alone(load, "PostgreSQL before 13 is read by its cursor", err);
    int32_t status = ask_facts(load, err);
    if (status == INCLOAD_OK && found->facts.count == 0)
        return use_cursor_alone(load, "the source tells nothing of its transactions", err);
    /* Without transactions only a bound by time is left. */
    if (status == INCLOAD_OK && !incload__postgres_shows_xmin(load)
        && incload__cursor_unit_of(load) != INCLOAD__UNIT_MICROS)
        return use_cursor_alone(load, hidden, err);
    if (status == INCLOAD_OK)
        status = ask_of_cursor(load, err);
    if (status == INCLOAD_OK)
        found->started = number_of(incload__postgres_fact(load, INCLOAD__FACT_STARTED));
    bool lists = !is_standby(load) || load->spec->primary != NULL;
    if (status == INCLOAD_OK && number && lists && found->cache <= 1)
        status = ask_greatest(load, err);
    if (status == INCLOAD_OK && is_standby(load) && lists)
        status = incload__postgres_ask_primary(load, err);
    if (status == INCLOAD_OK && !incload__postgres_shows_xmin(load) && !incload__postgres_bounds(load))
        return use_cursor_alone(load, hidden, err);
    if (status == INCLOAD_OK && !found->primary_asked)
        status = incload__postgres_in_flight(load, load->from, &found->backends, &found->prepared, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "looking for open transactions in the source");
    found->now = number_of(incload__rows_get(&found->backends, 0, 0));
    if (!number)
        found->clock = found->now;
    found->step = incload__clock_step(load, found->now);
    return INCLOAD_OK;
}

/* ---- in the snapshot ---- */

static int32_t
ask_snapshot(incload__load *load, incload_error **err)
{
    incload__rows rows;
    int32_t status =
        incload__ask_row(load, load->from, "SELECT pg_current_snapshot()::text", NULL, 0, &rows, err);

    if (status != INCLOAD_OK)
        return status;
    const char *text = incload__rows_get(&rows, 0, 0);
    status = incload__snapshot_parse(load->mem, text != NULL ? text : "", &found_of(load)->snapshot, err);
    incload__rows_free(&rows);
    return status;
}

static bool
same_text(const char *a, const char *b)
{
    return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

/* The mark speaks of transactions, and nobody has moved the watermark by hand since. */
static bool
mark_has_horizon(const incload__load *load)
{
    return load->mark.kind == INCLOAD__MARK_XID && same_text(load->mark.value, load->before.value)
           && same_text(load->mark.column, load->after.column);
}

/* What became of the transactions that were in flight at the last load: *ended is the least bound of those that are
 * over now, as far as this snapshot can tell. */
static int32_t
find_ended(incload__load *load, int64_t *ended, bool *known, incload_error **err)
{
    incload__rows xids = { .mem = load->mem }, backends = { .mem = load->mem }, prepared = { .mem = load->mem };
    const incload__mark *mark = &load->mark;
    int32_t status = INCLOAD_OK;
    bool restarted = mark->started != load->after.started;
    /* A standby may show a commit before its primary calls it over. */
    bool ask = !restarted && !is_standby(load);

    *ended = INT64_MAX;
    *known = true;
    if (mark->flight_count == 0)
        return INCLOAD_OK;
    if (ask) {
        status = load->from->driver->select(load->from, incload__sql_postgres_open_xids, NULL, 0, &xids, err);
        if (status == INCLOAD_OK)
            status = incload__postgres_in_flight(load, load->from, &backends, &prepared, err);
    }
    for (int32_t i = 0; i < mark->flight_count && status == INCLOAD_OK; i++) {
        const incload__flight *flight = &mark->flights[i];
        bool open = incload__flight_open(&found_of(load)->snapshot, flight->who, &backends, &prepared, &xids);
        /* A prepared transaction survives a restart; that it ended is only seen by its absence. */
        if (open && ask)
            continue;
        *known = *known && flight->known;
        if (flight->known && flight->bound < *ended)
            *ended = flight->bound;
    }
    incload__rows_free(&xids);
    incload__rows_free(&backends);
    incload__rows_free(&prepared);
    return status;
}

static int32_t
add_flight(incload__load *load, const char *who, bool prepared, const char *start, int64_t ended, bool has_horizon,
           incload_error **err)
{
    const incload__flight *old = has_horizon ? incload__mark_flight(&load->mark, who) : NULL;
    int64_t step = found_of(load)->step;
    bool by_time = incload__cursor_unit_of(load) == INCLOAD__UNIT_MICROS;
    int64_t bound = 0;
    bool known = true;

    if (old != NULL) {
        bound = old->bound;
        known = old->known;
    } else if (by_time && start != NULL) {
        bound = number_of(start);
    } else if (has_horizon) {
        /* It was not listed at the last load, so it began after it; but a prepared one was a backend's before. */
        bound = load->mark.clock;
        if (prepared && ended < bound)
            bound = ended;
    } else {
        known = false;
    }
    return incload__mark_add_flight(&load->after, who, by_time ? bound - step : bound, known, err);
}

static int32_t
note_flights(incload__load *load, int64_t ended, bool ended_known, bool has_horizon, incload_error **err)
{
    const incload__postgres_found *found = found_of(load);
    int32_t status = INCLOAD_OK;

    for (int64_t i = 0; i < found->backends.count && status == INCLOAD_OK; i++) {
        const char *who = incload__rows_get(&found->backends, i, 1), *me = incload__rows_get(&found->backends, i, 3);
        if (who != NULL && (me == NULL || strcmp(me, "1") != 0))
            status = add_flight(load, who, false, incload__rows_get(&found->backends, i, 2), ended, has_horizon, err);
    }
    for (int64_t i = 0; i < found->prepared.count && status == INCLOAD_OK; i++) {
        const char *who = incload__rows_get(&found->prepared, i, 0);
        if (who != NULL)
            status = add_flight(load, who, true, NULL, ended, has_horizon && ended_known, err);
    }
    return status;
}

/* The rows whose transaction is not older than `xmin`, less those of `done`. */
static int32_t
set_filter(incload__load *load, uint64_t xmin, bool with_done, incload_error **err)
{
    incload__window *window = &load->window;
    incload__str done = INCLOAD__STR(load->mem);
    char text[INCLOAD__NUMBER_TEXT];

    incload__free(load->mem, window->filter);
    incload__free(load->mem, window->filter_params[0]);
    incload__free(load->mem, window->filter_params[1]);
    window->filter = window->filter_params[0] = window->filter_params[1] = NULL;
    if (found_of(load)->snapshot.xmax - xmin >= half_of_all_xids)
        return INCLOAD_OK;
    window->indexed = strcmp(incload__postgres_fact(load, INCLOAD__FACT_INDEXED), "1") == 0;
    text[incload__uint_text(xmin & UINT32_MAX, text)] = '\0';
    window->filter_params[0] = incload__strdup(load->mem, text);
    /* age() understands that ids wrap around; comparing numbers would not. The sub-select is hashed once, where
     * <> ALL would read the array's text again for each row: 8 ms instead of 3 s for 500 ids and 20,000 rows. */
    window->filter = incload__strdup(load->mem, with_done && load->mark.done_count > 0
                                                    ? "age(xmin) BETWEEN 0 AND (SELECT age(?1::text::xid)) AND "
                                                      "xmin NOT IN (SELECT unnest(?2::text::xid[]))"
                                                    : "age(xmin) BETWEEN 0 AND (SELECT age(?1::text::xid))");
    if (window->filter == NULL || window->filter_params[0] == NULL)
        return incload__fail_memory(err);
    if (!with_done || load->mark.done_count == 0)
        return INCLOAD_OK;
    for (int32_t i = 0; i < load->mark.done_count; i++)
        incload__str_addf(&done, "%c%llu", i == 0 ? '{' : ',',
                          (unsigned long long)(load->mark.done[i] & UINT32_MAX));
    incload__str_add_char(&done, '}');
    window->filter_params[1] = incload__str_take(&done);
    return window->filter_params[1] != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

const char *
incload__postgres_zone(const incload__load *load)
{
    return load->how->cursor_zone != NULL ? load->how->cursor_zone : found_of(load)->zone;
}

static bool
zone_has_summer(const char *zone)
{
    static const char *const steady[] = { "UTC", "Etc/UTC", "GMT", "Etc/GMT", "UCT", "Zulu", "Universal" };

    for (size_t i = 0; i < sizeof steady / sizeof steady[0]; i++) {
        if (incload__ascii_equal(zone, steady[i]))
            return false;
    }
    return true;
}

static int32_t
set_low_in_zone(incload__load *load, int64_t bound, incload_error **err)
{
    const incload__column *cursor = &load->shape.columns[load->cursor];
    char number[INCLOAD__NUMBER_TEXT];
    const char *params[2] = { number, incload__postgres_zone(load) };
    incload__rows rows;

    number[incload__int_text(bound, number)] = '\0';
    int32_t status = incload__ask_row(
        load, load->from,
        cursor->type.kind == INCLOAD__DATE
            ? "SELECT ((timestamptz 'epoch' + $1::text::bigint * interval '1 us') AT TIME ZONE $2::text)::date::text"
            : "SELECT ((timestamptz 'epoch' + $1::text::bigint * interval '1 us') AT TIME ZONE $2::text)::text",
        params, 2, &rows, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "option 'cursor_zone', or the source's own time zone");
    const char *text = incload__rows_get(&rows, 0, 0);
    incload__free(load->mem, load->window.low);
    load->window.low = text != NULL ? incload__strdup(load->mem, text) : NULL;
    if (text != NULL && load->window.low == NULL)
        status = incload__fail_memory(err);
    incload__rows_free(&rows);
    return status;
}

static int32_t
set_low(incload__load *load, int64_t bound, bool restarted, incload_error **err)
{
    const incload__column *cursor = &load->shape.columns[load->cursor];

    if (incload__cursor_unit_of(load) == INCLOAD__UNIT_NUMBER)
        return bound > no_number_yet ? incload__window_set_low(load, bound, err) : INCLOAD_OK;
    bound -= MARGIN_US + (restarted ? CRASH_MARGIN_US : 0);
    if (cursor->type.kind == INCLOAD__TIMESTAMPTZ)
        return incload__window_set_low(load, bound, err);
    if (zone_has_summer(incload__postgres_zone(load)))
        bound -= ZONE_MARGIN_US;
    return set_low_in_zone(load, bound, err);
}

static int32_t
keep_text(incload__load *load, char **field, const char *text, incload_error **err)
{
    incload__free(load->mem, *field);
    *field = text != NULL ? incload__strdup(load->mem, text) : NULL;
    return text != NULL && *field == NULL ? incload__fail_memory(err) : INCLOAD_OK;
}

/* Without a horizon to go on from: everything, or from where the watermark was set. */
static int32_t
bound_anew(incload__load *load, incload_error **err)
{
    incload__window *window = &load->window;
    const char *low = load->before.value != NULL ? load->before.value : load->how->initial;

    window->repeats = load->before.value != NULL;
    load->after.deep_xmin = found_of(load)->snapshot.xmin;
    load->after.deep_clock = found_of(load)->now;
    /* A cursor alone may have passed over rows that were committed behind it. */
    bool by_cursor_before = load->mark.kind == INCLOAD__MARK_CURSOR && load->mark.value != NULL
                            && same_text(load->mark.value, load->before.value);
    if (by_cursor_before && load->how->deep != INCLOAD__DEEP_NEVER && incload__mode_of(load)->bears_repeats) {
        window->any_position = true;
        return incload__window_say(load, err, "the watermark before was of the cursor alone: everything was compared");
    }
    /* A first load, or a watermark that was set by hand. */
    if (!mark_has_horizon(load) || load->before.value == NULL)
        return keep_text(load, &window->low, low, err);
    window->any_position = true;
    return incload__window_say(
        load, err, "%s: everything was read again and compared",
        same_text(load->mark.source, load->after.source)
            ? "the source's table was rewritten, truncated or partitioned anew since the last load"
            : "the source is another server, or went on from a backup or a failover");
}

/* MAX() of transaction ids is missing before PostgreSQL 15; the snapshot knows one that none in it reaches. */
static int32_t
set_high_by_snapshot(incload__load *load, incload_error **err)
{
    char text[INCLOAD__NUMBER_TEXT];

    text[incload__uint_text(found_of(load)->snapshot.xmax, text)] = '\0';
    return keep_text(load, &load->high, text, err);
}

static int32_t
check_not_behind(const incload__load *load, incload_error **err)
{
    if (found_of(load)->snapshot.xmin >= load->mark.xmin)
        return INCLOAD_OK;
    incload__fail(
        err, INCLOAD_E_CONFLICT,
        "the source is behind the watermark of load '%s': a standby that has not caught up with what was read "
        "elsewhere, or a copy restored from before; wait, or reset the watermark",
        load->spec->name);
    incload__error_set_retryable(err, true);
    return INCLOAD_E_CONFLICT;
}

/* On from the last load. */
static int32_t
bound_after(incload__load *load, incload_error **err)
{
    const incload__postgres_found *found = found_of(load);
    incload__window *window = &load->window;
    const incload__mark *mark = &load->mark;
    bool by_cursor = incload__postgres_bounds(load), xmin_seen = incload__postgres_shows_xmin(load);
    bool restarted = mark->started != load->after.started, known = true;
    int64_t ended = INT64_MAX;

    int32_t status = INCLOAD_OK;
    if (by_cursor)
        status = find_ended(load, &ended, &known, err);
    if (status == INCLOAD_OK && by_cursor)
        status = note_flights(load, ended, known, true, err);
    if (status != INCLOAD_OK)
        return status;

    bool deep = xmin_seen && incload__deep_is_due(load, found->now);
    int64_t low = mark->clock < ended ? mark->clock : ended;
    if (by_cursor && known)
        status = set_low(load, low - (incload__cursor_unit_of(load) == INCLOAD__UNIT_MICROS ? found->step : 0),
                         restarted, err);
    else if (incload__cursor_unit_of(load) == INCLOAD__UNIT_XID) {
        char text[INCLOAD__NUMBER_TEXT];
        text[incload__uint_text(mark->xmin, text)] = '\0';
        status = keep_text(load, &window->low, text, err);
    }
    /* A deep read goes back to the one before it, and meets what was delivered since. */
    bool far = deep && mark->deep_xmin != mark->xmin;
    window->any_position = deep || window->low == NULL;
    window->repeats = !xmin_seen || restarted || mark->done_overflow || far;
    bool whole = window->any_position && (deep || mark->deep_xmin == mark->xmin);
    load->after.deep_xmin = whole ? found->snapshot.xmin : mark->deep_xmin;
    load->after.deep_clock = whole ? found->now : mark->deep_clock;
    if (status == INCLOAD_OK && xmin_seen && !restarted)
        status = far ? set_filter(load, mark->deep_xmin, false, err)
                     : set_filter(load, mark->xmin, !mark->done_overflow, err);
    window->filter_positionless = same_text(mark->policy, load->after.policy);
    return status;
}

static int32_t
bound(incload__load *load, incload_error **err)
{
    incload__postgres_found *found = found_of(load);
    int32_t status = ask_snapshot(load, err);

    if (status == INCLOAD_OK)
        status = incload__mark_text(&load->after, &load->after.source,
                                    incload__postgres_fact(load, INCLOAD__FACT_SOURCE), err);
    if (status == INCLOAD_OK)
        status = incload__mark_text(&load->after, &load->after.table,
                                    incload__postgres_fact(load, INCLOAD__FACT_STORAGE), err);
    if (status != INCLOAD_OK)
        return status;
    load->after.started = found->started;
    load->after.clock = found->clock - (incload__cursor_unit_of(load) == INCLOAD__UNIT_MICROS ? found->step : 0);
    load->after.xmin = found->snapshot.xmin;
    load->after.lateness = load->mark.lateness;
    load->after.late_rows = load->mark.late_rows;

    bool same_source = mark_has_horizon(load) && same_text(load->mark.source, load->after.source);
    if (same_source)
        status = check_not_behind(load, err);
    /* Rows hold 32 of an id's 64 bits. */
    bool goes_on = same_source && same_text(load->mark.table, load->after.table)
                   && found->snapshot.xmax - load->mark.xmin < half_of_all_xids;
    if (status == INCLOAD_OK && incload__cursor_unit_of(load) == INCLOAD__UNIT_XID)
        status = set_high_by_snapshot(load, err);
    if (status != INCLOAD_OK)
        return status;
    if (goes_on) {
        status = bound_after(load, err);
    } else {
        status = bound_anew(load, err);
        if (status == INCLOAD_OK && incload__postgres_bounds(load))
            status = note_flights(load, INT64_MAX, false, false, err);
    }
    return status == INCLOAD_OK ? incload__postgres_report(load, err) : status;
}

const incload__finder incload__finder_postgres = {
    .kind = INCLOAD__MARK_XID, .list = list, .bound = bound, .close = incload__postgres_close, .free = found_free,
};
