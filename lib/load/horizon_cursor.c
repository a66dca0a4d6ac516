/* SPDX-License-Identifier: Apache-2.0 */
/* Where nothing is known but the cursor: every row at or past the watermark, or from some way before it on, and all of
 * them now and then. What such a deep read finds behind the watermark is measured: twice the worst is how far the next
 * loads look back. With horizon=none the cursor alone decides. */
#include <string.h>

#include "base/civil.h"
#include "batch/number.h"
#include "load/internal.h"
#include "load/lookback.h"

static int32_t
keep_low(incload__load *load, const char *low, incload_error **err)
{
    load->window.low = low != NULL ? incload__strdup(load->mem, low) : NULL;
    return low != NULL && load->window.low == NULL ? incload__fail_memory(err) : INCLOAD_OK;
}

static int32_t
bound_naive(incload__load *load, incload_error **err)
{
    int32_t status = keep_low(load, load->before.value != NULL ? load->before.value : load->how->initial, err);

    return status != INCLOAD_OK ? status
                                : incload__window_say(load, err,
                                                      "the cursor alone decides what was loaded: a row that is "
                                                      "committed later with an older cursor value is not seen");
}

/* In the cursor's unit: as told, or twice the worst that was met. */
static int64_t
distance_back(const incload__load *load)
{
    bool by_time = incload__cursor_unit_of(load) == INCLOAD__UNIT_MICROS;
    int64_t told = by_time ? load->how->lookback * 1000 : load->how->lookback_count;
    int64_t met = load->mark.lateness < INT64_MAX / 2 ? 2 * load->mark.lateness : INT64_MAX;

    return told > met ? told : met;
}

static int32_t
look_back(incload__load *load, incload_error **err)
{
    char low[INCLOAD__LOOKBACK_TEXT];
    int64_t distance = distance_back(load);
    incload__cursor_unit unit = incload__cursor_unit_of(load);
    const char *value = load->before.value;
    char text[INCLOAD__NUMBER_TEXT];

    if (distance <= 0)
        return keep_low(load, value, err);
    if (!incload__look_back(unit, value, distance, load->how->initial, low)) {
        int32_t status = keep_low(load, value, err);
        return status != INCLOAD_OK ? status
                                    : incload__window_say(load, err,
                                                          "no earlier value of '%.64s' can be computed, so nothing "
                                                          "before the watermark is read but by deep reads",
                                                          load->shape.columns[load->cursor].name);
    }
    int32_t status = keep_low(load, low, err);
    text[incload__int_text(unit == INCLOAD__UNIT_MICROS ? distance / 1000 : distance, text)] = '\0';
    return status != INCLOAD_OK ? status
                                : incload__window_say(load, err,
                                                      "rows from %s%s before the watermark on are read again", text,
                                                      unit == INCLOAD__UNIT_MICROS ? " ms" : "");
}

/* On from a value that this library has moved; one that was set by hand has nothing wanted behind it. */
static bool
moved_by_loads(const incload__load *load)
{
    return load->before.document != NULL && load->before.document[0] != '\0' && load->mark.value != NULL
           && strcmp(load->mark.value, load->before.value) == 0;
}

static int32_t
bound(incload__load *load, incload_error **err)
{
    int64_t now = incload__wall_us(load->env);
    incload__window *window = &load->window;
    int32_t status;

    window->repeats = true;
    window->level = "BEST_EFFORT";
    if (load->how->horizon == INCLOAD__HORIZON_NONE)
        return bound_naive(load, err);
    load->after.clock = now;
    load->after.deep_clock = now;
    load->after.lateness = load->mark.lateness;
    load->after.late_rows = load->mark.late_rows;
    if (load->before.value == NULL || !moved_by_loads(load)) {
        status = keep_low(load, load->before.value != NULL ? load->before.value : load->how->initial, err);
    } else {
        /* A mark that knew who was in flight: what of that has ended since cannot be told here. */
        window->any_position = load->mark.kind != INCLOAD__MARK_CURSOR || incload__whole_is_due(load, now);
        load->after.deep_clock = window->any_position ? now : load->mark.deep_clock;
        status = look_back(load, err);
    }
    return status != INCLOAD_OK ? status
                                : incload__window_say(load, err,
                                                      "the cursor decides what was loaded: a row that is committed "
                                                      "later with an older value is found by a deep read only");
}

const incload__finder incload__finder_cursor = { .kind = INCLOAD__MARK_CURSOR, .bound = bound };
