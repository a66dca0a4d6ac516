/* SPDX-License-Identifier: Apache-2.0 */
/* Which finder a load uses, and what the finders share. */
#include "load/horizon.h"

#include <string.h>

#include "base/civil.h"
#include "base/utf8.h"
#include "batch/number.h"
#include "load/mode.h"

static const struct {
    const incload__dialect *dialect;
    const incload__finder *finder;
} finders[] = {
    { &incload__dialect_postgres, &incload__finder_postgres },
    { &incload__dialect_mariadb, &incload__finder_mariadb },
    { &incload__dialect_sqlite, &incload__finder_sqlite },
};

/* With `until`, rows of transactions that were seen stay behind for later: only their cursor tells them. */
static const incload__finder *
finder_for(const incload__load *load)
{
    if (load->how->horizon == INCLOAD__HORIZON_NONE || load->how->until != NULL)
        return &incload__finder_cursor;
    for (size_t i = 0; i < sizeof finders / sizeof finders[0]; i++) {
        if (finders[i].dialect == load->from->dialect)
            return finders[i].finder;
    }
    return &incload__finder_cursor;
}

/* What of the strategy decides which rows a load passes over: when it changes, what was passed over must be read. */
static int32_t
note_policy(incload__load *load, incload_error **err)
{
    static const char *const null_cursor[] = { "raise", "include", "exclude" };

    return incload__mark_text(&load->after, &load->after.policy, null_cursor[load->how->null_cursor], err);
}

int32_t
incload__horizon_list(incload__load *load, incload_error **err)
{
    const incload__column *cursor;

    incload__mark_init(&load->mark, load->mem);
    incload__mark_init(&load->after, load->mem);
    if (!incload__by_cursor(load))
        return INCLOAD_OK;
    cursor = &load->shape.columns[load->cursor];
    int32_t status = incload__mark_parse(load->before.document, &load->mark, err);
    if (status == INCLOAD_OK)
        status = incload__mark_text(&load->after, &load->after.column, cursor->name, err);
    if (status == INCLOAD_OK)
        status = incload__mark_text(&load->after, &load->after.type, cursor->native, err);
    if (status == INCLOAD_OK)
        status = note_policy(load, err);
    load->finder = finder_for(load);
    load->after.kind = load->finder->kind;
    return status == INCLOAD_OK && load->finder->list != NULL ? load->finder->list(load, err) : status;
}

/* A position as a number to compare with others of the same column. */
static bool
position_of(incload__cursor_unit unit, const char *text, int64_t *position)
{
    size_t length = strlen(text);
    int32_t zone = 0;
    bool has_zone = false;

    if (unit == INCLOAD__UNIT_NUMBER)
        return incload__parse_int64(text, length, position);
    if (unit != INCLOAD__UNIT_MICROS || !incload__parse_timestamp(text, length, position, &has_zone, &zone))
        return false;
    *position -= (int64_t)zone * 1000000;
    return true;
}

/* Never from later on than where the cursor alone would go on: stamps of a clock that lags behind the source's are
 * found that way, as long as they ascend. */
static int32_t
set_low_text(incload__load *load, const char *text, incload_error **err)
{
    char *copy = text != NULL ? incload__strdup(load->mem, text) : NULL;

    if (text != NULL && copy == NULL)
        return incload__fail_memory(err);
    incload__free(load->mem, load->window.low);
    load->window.low = copy;
    return INCLOAD_OK;
}

static int32_t
begin_at_value_at_least(incload__load *load, incload_error **err)
{
    incload__cursor_unit unit = incload__cursor_unit_of(load);
    const char *value = load->before.value, *initial = load->how->initial;
    int64_t at, low, first;

    /* No row had a position so far, so none is behind. */
    if (value == NULL) {
        load->window.any_position = true;
        return set_low_text(load, NULL, err);
    }
    if (load->window.low == NULL || !position_of(unit, value, &at) || !position_of(unit, load->window.low, &low))
        return INCLOAD_OK;
    /* What the host left out at the beginning stays out, unless the watermark was set to before it. */
    if (initial != NULL && position_of(unit, initial, &first) && low < first && first <= at)
        return set_low_text(load, initial, err);
    return at < low ? set_low_text(load, value, err) : INCLOAD_OK;
}

int32_t
incload__horizon_bound(incload__load *load, incload_error **err)
{
    load->after.kind = load->finder->kind;
    int32_t status = load->finder->bound(load, err);
    return status == INCLOAD_OK ? begin_at_value_at_least(load, err) : status;
}

int32_t
incload__horizon_close(incload__load *load, incload_error **err)
{
    if (!incload__by_cursor(load))
        return INCLOAD_OK;
    const char *value = load->high != NULL ? load->high : load->before.value;
    int32_t status = incload__mark_text(&load->after, &load->after.value, value, err);
    return status == INCLOAD_OK && load->finder->close != NULL ? load->finder->close(load, err) : status;
}

/* Ready for another attempt. */
void
incload__window_free(incload__load *load)
{
    incload__window *window = &load->window;

    incload__free(load->mem, window->low);
    incload__free(load->mem, window->filter);
    for (size_t i = 0; i < sizeof window->filter_params / sizeof window->filter_params[0]; i++)
        incload__free(load->mem, window->filter_params[i]);
    incload__free(load->mem, window->reason);
    incload__free(load->mem, window->held_by);
    memset(window, 0, sizeof *window);
    if (load->finder != NULL && load->finder->free != NULL)
        load->finder->free(load);
    load->finder = NULL;
    incload__mark_free(&load->mark);
    incload__mark_free(&load->after);
}

int32_t
incload__ask_row(incload__load *load, incload__conn *conn, const char *sql, const char *const *params,
                 int32_t param_count, incload__rows *rows, incload_error **err)
{
    incload__param values[8];

    *rows = (incload__rows){ .mem = load->mem };
    for (int32_t i = 0; i < param_count; i++)
        values[i] = (incload__param){ params[i], params[i] != NULL ? strlen(params[i]) : 0, INCLOAD__TEXT };
    int32_t status = conn->driver->select(conn, sql, values, param_count, rows, err);
    if (status == INCLOAD_OK && rows->count == 0) {
        incload__rows_free(rows);
        return incload__fail(err, INCLOAD_E_PROTOCOL, "the source did not answer a question about itself");
    }
    return status;
}

incload__cursor_unit
incload__cursor_unit_of(const incload__load *load)
{
    const incload__column *cursor = &load->shape.columns[load->cursor];

    if (cursor->native != NULL && strcmp(cursor->native, "xid8") == 0)
        return INCLOAD__UNIT_XID;
    switch (cursor->type.kind) {
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
    case INCLOAD__DATE:
        return INCLOAD__UNIT_MICROS;
    case INCLOAD__INT8:
    case INCLOAD__INT16:
    case INCLOAD__INT32:
    case INCLOAD__INT64:
    case INCLOAD__UINT64:
        return INCLOAD__UNIT_NUMBER;
    default:
        return INCLOAD__UNIT_OTHER;
    }
}

int32_t
incload__window_set_low(incload__load *load, int64_t bound, incload_error **err)
{
    const incload__column *cursor = &load->shape.columns[load->cursor];
    char text[64];
    size_t length;

    if (incload__cursor_unit_of(load) == INCLOAD__UNIT_MICROS && cursor->type.kind == INCLOAD__DATE)
        length = incload__format_date(bound / 86400000000 - (bound % 86400000000 < 0), text);
    else if (incload__cursor_unit_of(load) == INCLOAD__UNIT_MICROS)
        length = incload__format_timestamp(bound, cursor->type.kind == INCLOAD__TIMESTAMPTZ, text);
    else
        length = incload__int_text(bound, text);
    text[length] = '\0';
    incload__free(load->mem, load->window.low);
    load->window.low = incload__strdup(load->mem, text);
    return load->window.low != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

int32_t
incload__window_say(incload__load *load, incload_error **err, const char *format, ...)
{
    incload__str text = INCLOAD__STR(load->mem);
    va_list args;

    if (load->window.reason != NULL)
        incload__str_addf(&text, "%s; ", load->window.reason);
    va_start(args, format);
    incload__str_addv(&text, format, args);
    va_end(args);
    char *reason = incload__str_take(&text);
    if (reason == NULL)
        return incload__fail_memory(err);
    incload__free(load->mem, load->window.reason);
    load->window.reason = reason;
    return INCLOAD_OK;
}

bool
incload__deep_is_due(const incload__load *load, int64_t clock)
{
    switch (load->how->deep) {
    case INCLOAD__DEEP_ALWAYS:
        return true;
    case INCLOAD__DEEP_NEVER:
        return false;
    default:
        return clock - load->mark.deep_clock >= load->how->deep_every * 1000;
    }
}

/* Without a key each row would be compared with all others. */
bool
incload__whole_is_due(const incload__load *load, int64_t clock)
{
    return (incload__mode_of(load)->bears_repeats || load->how->deep == INCLOAD__DEEP_ALWAYS)
           && incload__deep_is_due(load, clock);
}

/* A step of the clock within the time of one statement is no step. */
enum { CLOCK_NOISE_US = 250000 };

int64_t
incload__clock_step(incload__load *load, int64_t clock)
{
    int64_t back = incload__database_clock_back(load->spec->source, clock);

    return back > CLOCK_NOISE_US ? back : 0;
}
