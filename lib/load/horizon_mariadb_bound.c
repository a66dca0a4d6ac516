/* SPDX-License-Identifier: Apache-2.0 */
/* The MariaDB finder inside the snapshot: what of the load before is over, from where on to look, and what to
 * remember. */
#include <string.h>

#include "base/civil.h"
#include "base/utf8.h"
#include "batch/number.h"
#include "dialect/sql.h"
#include "load/horizon_mariadb.h"

/* Rows in the margin are read once more. A start is told to a millisecond, an age to a second. */
enum { MARGIN_US = 100000, CRASH_MARGIN_US = 5000000, SAME_START_US = 3000000, SAID_AFTER_S = 1 };
static const int64_t zone_margin_us = INT64_C(3600000000);
static const int64_t day_us = INT64_C(86400000000);

/* ---- pure rules ---- */

/* The bound of the statement that ran in that thread at the load before, if it is less. */
static int64_t
bound_in_thread(const incload__mark *mark, const char *thread, int64_t bound)
{
    for (int32_t i = 0; i < mark->flight_count; i++) {
        const incload__flight *flight = &mark->flights[i];
        const char *at = flight->who[0] == 'q' ? strchr(flight->who, '@') : NULL;
        if (at != NULL && strcmp(at + 1, thread) == 0 && flight->known && flight->bound < bound)
            bound = flight->bound;
    }
    return bound;
}

static int64_t
least_bound(const incload__mark *mark, int64_t bound)
{
    for (int32_t i = 0; i < mark->flight_count; i++) {
        if (mark->flights[i].known && mark->flights[i].bound < bound)
            bound = mark->flights[i].bound;
    }
    return bound;
}

static bool
all_known(const incload__mark *mark)
{
    for (int32_t i = 0; i < mark->flight_count; i++) {
        if (!mark->flights[i].known)
            return false;
    }
    return true;
}

static int32_t
add_statement(incload__mark *next, const incload__mark *mark, const char *who, int64_t start, bool by_time,
              incload_error **err)
{
    const incload__flight *old = mark != NULL ? incload__mark_flight(mark, who) : NULL;

    if (old != NULL)
        return incload__mark_add_flight(next, who, old->bound, old->known, err);
    if (by_time)
        return incload__mark_add_flight(next, who, start, true, err);
    /* It was not listed before, so it began after that. */
    return incload__mark_add_flight(next, who, mark != NULL ? mark->clock : 0, mark != NULL, err);
}

static int32_t
add_transaction(incload__mark *next, const incload__mark *mark, const char *id, const char *thread,
                incload_error **err)
{
    bool prepared = thread == NULL || strcmp(thread, "0") == 0, known = mark != NULL;
    int64_t bound = mark != NULL ? mark->clock : 0;
    char who[40];

    if (strlen(id) > 24)
        return incload__fail(err, INCLOAD_E_PROTOCOL, "the source named a transaction in an unknown form");
    who[0] = 't';
    memcpy(who + 1, id, strlen(id) + 1);
    const incload__flight *old = mark != NULL ? incload__mark_flight(mark, who) : NULL;
    if (old != NULL)
        return incload__mark_add_flight(next, who, old->bound, old->known, err);
    /* A prepared one has lost its thread: it may be any that was listed. */
    if (mark != NULL && prepared) {
        known = all_known(mark);
        bound = least_bound(mark, bound);
    } else if (mark != NULL) {
        bound = bound_in_thread(mark, thread, bound);
    }
    return incload__mark_add_flight(next, who, bound, known, err);
}

int32_t
incload__mariadb_flights(incload__mark *next, const incload__mark *mark, const incload__mariadb_found *found,
                         bool by_time, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int64_t i = 0; i < found->running.count && status == INCLOAD_OK; i++) {
        const char *who = incload__rows_get(&found->running, i, INCLOAD__RUNS_WHO);
        const char *me = incload__rows_get(&found->running, i, INCLOAD__RUNS_ME);
        const char *start = incload__rows_get(&found->running, i, INCLOAD__RUNS_START);
        if (who != NULL && (me == NULL || strcmp(me, "1") != 0))
            status = add_statement(next, mark, who, incload__mariadb_number(start) - found->step, by_time, err);
    }
    for (int64_t i = 0; i < found->open.count && status == INCLOAD_OK; i++) {
        const char *id = incload__rows_get(&found->open, i, INCLOAD__OPEN_ID);
        /* Without an id it has written nothing: what it writes later is stamped later. */
        if (id != NULL && strcmp(id, "0") != 0)
            status = add_transaction(next, mark, id, incload__rows_get(&found->open, i, INCLOAD__OPEN_THREAD), err);
    }
    return status;
}

void
incload__mariadb_ended(const incload__mark *mark, const incload__mark *next, bool all, int64_t *ended, bool *known)
{
    *ended = INT64_MAX;
    *known = true;
    for (int32_t i = 0; i < mark->flight_count; i++) {
        const incload__flight *flight = &mark->flights[i];
        if (!all && incload__mark_flight(next, flight->who) != NULL)
            continue;
        *known = *known && flight->known;
        if (flight->known && flight->bound < *ended)
            *ended = flight->bound;
    }
}

static int64_t
floor_to(int64_t us, int64_t unit)
{
    int64_t rest = us % unit;

    return us - (rest < 0 ? rest + unit : rest);
}

int64_t
incload__mariadb_cut(int64_t us, int32_t digits, bool date)
{
    static const int64_t units[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };

    if (date)
        return floor_to(us, day_us);
    return floor_to(us, units[digits < 0 ? 0 : digits > 6 ? 6 : digits]);
}

/* ---- what is shared with the versioned finder ---- */

static bool
same_text(const char *a, const char *b)
{
    return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

int32_t
incload__mariadb_keep_text(incload__load *load, char **field, const char *text, incload_error **err)
{
    incload__free(load->mem, *field);
    *field = text != NULL ? incload__strdup(load->mem, text) : NULL;
    return text != NULL && *field == NULL ? incload__fail_memory(err) : INCLOAD_OK;
}

bool
incload__mariadb_goes_on(const incload__load *load, incload__mark_kind kind)
{
    return load->mark.kind == kind && same_text(load->mark.value, load->before.value)
           && same_text(load->mark.column, load->after.column);
}

int32_t
incload__mariadb_note_source(incload__load *load, incload_error **err)
{
    const incload__mariadb_found *found = incload__mariadb_found_of(load);
    int32_t status = incload__mark_text(&load->after, &load->after.source,
                                        incload__mariadb_fact(load, INCLOAD__MARIADB_SOURCE), err);

    if (status == INCLOAD_OK)
        status = incload__mark_text(&load->after, &load->after.table, found->storage, err);
    load->after.started = found->started;
    load->after.lateness = load->mark.lateness;
    load->after.late_rows = load->mark.late_rows;
    return status;
}

int32_t
incload__mariadb_bound_anew(incload__load *load, incload__mark_kind kind, incload_error **err)
{
    incload__window *window = &load->window;
    bool set = load->before.document == NULL || load->before.document[0] == '\0';
    const char *low = load->before.value != NULL ? load->before.value : load->how->initial;

    window->repeats = load->before.value != NULL;
    load->after.deep_clock = incload__mariadb_found_of(load)->now;
    /* A first load, or a watermark that was set by hand: what lies before it is wanted by nobody. */
    if (load->before.value == NULL || set || !same_text(load->mark.value, load->before.value)
        || !same_text(load->mark.column, load->after.column))
        return incload__mariadb_keep_text(load, &window->low, low, err);
    if (load->mark.kind == INCLOAD__MARK_CURSOR
        && !incload__whole_is_due(load, incload__mariadb_found_of(load)->now)) {
        load->after.deep_clock = load->mark.deep_clock;
        window->level = "BEST_EFFORT";
        int32_t status = incload__mariadb_keep_text(load, &window->low, low, err);
        return status != INCLOAD_OK ? status
                                    : incload__window_say(load, err,
                                                          "the load before went by the cursor alone: what it missed is "
                                                          "found by the next deep read");
    }
    window->any_position = true;
    if (load->mark.kind != kind)
        return incload__window_say(load, err, "the load before found its rows in another way: everything was read "
                                              "again and compared");
    return incload__window_say(load, err, "%s: everything was read again and compared",
                               same_text(load->mark.source, load->after.source)
                                   ? "the source's table was made anew or truncated since the last load"
                                   : "the source is another server or database than at the last load");
}

/* The oldest transaction that has written and is open for longer than a moment. */
int32_t
incload__mariadb_say_who_holds(incload__load *load, incload_error **err)
{
    const incload__rows *open = &incload__mariadb_found_of(load)->open;
    incload__str text = INCLOAD__STR(load->mem);
    int64_t oldest = -1, seconds = SAID_AFTER_S;

    for (int64_t i = 0; i < open->count; i++) {
        const char *id = incload__rows_get(open, i, INCLOAD__OPEN_ID);
        int64_t age = incload__mariadb_number(incload__rows_get(open, i, INCLOAD__OPEN_SECONDS));
        if (id != NULL && strcmp(id, "0") != 0 && age >= seconds) {
            oldest = i;
            seconds = age;
        }
    }
    if (oldest < 0)
        return INCLOAD_OK;
    const char *who = incload__rows_get(open, oldest, INCLOAD__OPEN_WORDS);
    incload__str_addf(&text, "transaction open for %02lld:%02lld:%02lld (%.200s): the rows it commits are read when it "
                      "ends",
                      (long long)(seconds / 3600), (long long)(seconds / 60 % 60), (long long)(seconds % 60),
                      who != NULL ? who : "?");
    incload__free(load->mem, load->window.held_by);
    load->window.held_by = incload__str_take(&text);
    return load->window.held_by != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

/* ---- by stamps and numbers ---- */

static bool
by_time(const incload__load *load)
{
    return incload__cursor_unit_of(load) == INCLOAD__UNIT_MICROS;
}

/* TIMESTAMP is UTC inside. A DATETIME or a date is what the writer's session took for the time of day. */
static const char *
zone_of(const incload__load *load)
{
    if (load->shape.columns[load->cursor].type.kind == INCLOAD__TIMESTAMPTZ)
        return "+00:00";
    return load->how->cursor_zone != NULL ? load->how->cursor_zone : incload__mariadb_fact(load, INCLOAD__MARIADB_ZONE);
}

/* A moment as the cursor's column writes it: microseconds of the zone's own clock. */
static int32_t
to_local(incload__load *load, int64_t us, int64_t *local, incload_error **err)
{
    const char *zone = zone_of(load);
    const char *params[] = { NULL, zone, zone, zone };
    incload__rows rows;
    bool has_zone;
    char text[64];

    *local = us;
    if (strcmp(zone, "+00:00") == 0 || incload__ascii_equal(zone, "UTC"))
        return INCLOAD_OK;
    text[incload__format_timestamp(us, false, text)] = '\0';
    params[0] = text;
    int32_t status = incload__ask_row(load, load->from, incload__sql_mariadb_local_time, params, 4, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *answer = incload__rows_get(&rows, 0, 0), *summer = incload__rows_get(&rows, 0, 1);
    if (answer == NULL || !incload__parse_timestamp(answer, strlen(answer), local, &has_zone, NULL))
        status = incload__fail(err, INCLOAD_E_INVALID,
                               "the source does not know the time zone '%.64s' of the cursor (option 'cursor_zone'): "
                               "fill its time zone tables, or give the zone as +HH:MM",
                               zone);
    else if (summer == NULL || strcmp(summer, "0") != 0)
        *local -= zone_margin_us;
    incload__rows_free(&rows);
    return status;
}

static bool
position_of(const incload__load *load, const char *text, int64_t *at)
{
    bool has_zone;

    if (text == NULL)
        return false;
    return by_time(load) ? incload__parse_timestamp(text, strlen(text), at, &has_zone, NULL)
                         : incload__parse_int64(text, strlen(text), at);
}

/* Nothing before the option `initial` is ever read. */
static int64_t
from_initial(const incload__load *load, int64_t low)
{
    int64_t initial;

    return position_of(load, load->how->initial, &initial) && initial > low ? initial : low;
}

static int32_t
set_low(incload__load *load, int64_t bound, bool restarted, incload_error **err)
{
    const incload__column *cursor = &load->shape.columns[load->cursor];
    char text[64];

    if (!by_time(load)) {
        if (bound <= INCLOAD__NO_NUMBER_YET)
            return INCLOAD_OK;
        text[incload__int_text(from_initial(load, bound), text)] = '\0';
        return incload__mariadb_keep_text(load, &load->window.low, text, err);
    }
    int32_t status = to_local(load, bound - MARGIN_US - (restarted ? CRASH_MARGIN_US : 0), &bound, err);
    if (status != INCLOAD_OK)
        return status;
    bool date = cursor->type.kind == INCLOAD__DATE;
    bound = incload__mariadb_cut(from_initial(load, bound), cursor->type.scale, date);
    text[date ? incload__format_date(bound / day_us, text) : incload__format_timestamp(bound, false, text)] = '\0';
    return incload__mariadb_keep_text(load, &load->window.low, text, err);
}

/* Its age is told in whole seconds. */
static bool
was_restarted(const incload__load *load)
{
    int64_t apart = load->after.started - load->mark.started;

    return apart > SAME_START_US || apart < -SAME_START_US;
}

/* On from the last load. */
static int32_t
bound_after(incload__load *load, incload_error **err)
{
    const incload__mariadb_found *found = incload__mariadb_found_of(load);
    const incload__mark *mark = &load->mark;
    incload__window *window = &load->window;
    bool restarted = was_restarted(load), known = true;
    bool back = by_time(load) && found->clock < mark->clock;
    int64_t ended = INT64_MAX;

    int32_t status = incload__mariadb_flights(&load->after, mark, found, by_time(load), err);
    incload__mariadb_ended(mark, &load->after, restarted, &ended, &known);
    int64_t low = mark->clock < ended ? mark->clock : ended;
    low = back && found->clock < low ? found->clock : low;
    if (status == INCLOAD_OK && known)
        status = set_low(load, low - (by_time(load) ? found->step : 0), restarted, err);
    bool deep = incload__whole_is_due(load, found->now);
    window->any_position = deep || back || window->low == NULL;
    window->repeats = true;
    load->after.deep_clock = window->any_position ? found->now : mark->deep_clock;
    if (status == INCLOAD_OK && !known)
        status = incload__window_say(load, err,
                                     "a transaction ended of which it is not known when it began: everything was read "
                                     "again and compared");
    if (status == INCLOAD_OK && back)
        status = incload__window_say(load, err,
                                     "the source's clock is behind that of the last load: everything was read again "
                                     "and compared");
    return status;
}

/* ---- words ---- */

static bool
is_fact(const incload__load *load, int32_t which)
{
    return strcmp(incload__mariadb_fact(load, which), "1") == 0;
}

static bool
fact_holds(const incload__load *load, int32_t which, const char *words)
{
    for (const char *at = incload__mariadb_fact(load, which); *at != '\0'; at++) {
        if (incload__ascii_prefix(at, words))
            return true;
    }
    return false;
}

/* What the table says of who fills the cursor in. */
static int32_t
say_column(incload__load *load, incload_error **err)
{
    const incload__column *cursor = &load->shape.columns[load->cursor];
    int32_t status = INCLOAD_OK;

    if (!by_time(load) && !fact_holds(load, INCLOAD__MARIADB_EXTRA, "auto_increment"))
        status = incload__window_say(load, err, "'%.64s' is not AUTO_INCREMENT", cursor->name);
    if (by_time(load) && !fact_holds(load, INCLOAD__MARIADB_DEFAULT, "current_timestamp")
        && !fact_holds(load, INCLOAD__MARIADB_EXTRA, "on update current_timestamp"))
        status = incload__window_say(load, err, "the server does not fill in '%.64s' by itself", cursor->name);
    if (status == INCLOAD_OK && by_time(load)
        && !fact_holds(load, INCLOAD__MARIADB_EXTRA, "on update current_timestamp")
        && !is_fact(load, INCLOAD__MARIADB_TRIGGER))
        status = incload__window_say(load, err,
                                     "no ON UPDATE and no trigger stamps '%.64s', so an update that does not set it is "
                                     "found by deep reads only",
                                     cursor->name);
    if (status == INCLOAD_OK && !is_fact(load, INCLOAD__MARIADB_INDEXED))
        status = incload__window_say(load, err, "no index begins with '%.64s': each load scans the table",
                                     cursor->name);
    return status;
}

static int32_t
report(incload__load *load, incload_error **err)
{
    const incload__column *cursor = &load->shape.columns[load->cursor];
    const char *distance = incload__mariadb_fact(load, INCLOAD__MARIADB_DISTANCE);
    bool table = load->spec->query == NULL && incload__mariadb_fact(load, INCLOAD__MARIADB_ENGINE)[0] != '\0';

    if (load->window.level == NULL)
        load->window.level = "EXACT_IF_STAMPED";
    int32_t status = incload__window_say(load, err,
                                         "rows are found by '%.64s' from before the oldest transaction in flight: "
                                         "those stamped older than their statement are found by deep reads only",
                                         cursor->name);
    if (status == INCLOAD_OK && table)
        status = say_column(load, err);
    if (status == INCLOAD_OK && !table)
        status = incload__window_say(load, err, "a query or a view is taken to read tables of InnoDB on this server");
    if (status == INCLOAD_OK && by_time(load) && cursor->type.kind != INCLOAD__TIMESTAMPTZ)
        status = incload__window_say(load, err, "'%.64s' has no time zone and is taken for %.64s (option cursor_zone)",
                                     cursor->name, zone_of(load));
    if (status == INCLOAD_OK && !by_time(load) && strcmp(distance, "1") != 0)
        status = incload__window_say(load, err,
                                     "auto_increment_increment is %.20s, as where several servers write: numbers of "
                                     "another one are found by deep reads only",
                                     distance);
    if (status == INCLOAD_OK && is_fact(load, INCLOAD__MARIADB_LOGS_TEXT) && load->road == INCLOAD__ROAD_SAME_DATABASE)
        status = incload__window_say(load, err,
                                     "binlog_format=STATEMENT makes the copy inside the server lock the rows it reads "
                                     "and wait for their writers");
    if (status == INCLOAD_OK && incload__mariadb_found_of(load)->by_status)
        status = incload__window_say(load, err,
                                     "others read INNODB_TRX more than ten times a second, so the engine's status was "
                                     "read instead");
    if (status == INCLOAD_OK && incload__mariadb_found_of(load)->step > 0)
        status = incload__window_say(load, err, "the source's clock went back %lld ms: read from that much earlier",
                                     (long long)(incload__mariadb_found_of(load)->step / 1000));
    return status == INCLOAD_OK ? incload__mariadb_say_who_holds(load, err) : status;
}

int32_t
incload__mariadb_bound(incload__load *load, incload_error **err)
{
    incload__mariadb_found *found = incload__mariadb_found_of(load);
    int32_t status = incload__mariadb_note_source(load, err);

    if (status != INCLOAD_OK)
        return status;
    load->after.clock = found->clock - (by_time(load) ? found->step : 0);
    bool goes_on = incload__mariadb_goes_on(load, INCLOAD__MARK_IN_FLIGHT)
                   && same_text(load->mark.source, load->after.source)
                   && same_text(load->mark.table, load->after.table);
    if (goes_on) {
        status = bound_after(load, err);
    } else {
        status = incload__mariadb_bound_anew(load, INCLOAD__MARK_IN_FLIGHT, err);
        if (status == INCLOAD_OK)
            status = incload__mariadb_flights(&load->after, NULL, found, by_time(load), err);
    }
    return status == INCLOAD_OK ? report(load, err) : status;
}
