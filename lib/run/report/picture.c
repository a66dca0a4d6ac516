/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report/picture.h"

#include <string.h>

#include "base/civil.h"
#include "base/error.h"

enum { MILLISECOND = 1000, SECOND = 1000 * MILLISECOND };

static const int64_t minute = 60 * (int64_t)SECOND;

/* By the number of the state. Colours of one lightness and different hue; the marks say the same without them. */
static const struct {
    const char *word;
    const char *mark;
    const char *colour;
} states[INCLOAD__PICTURE_STATES] = {
    { "UNKNOWN", "?", "#7a7a7a" },
    [INCLOAD_STATUS_PENDING] = { "PENDING", "\xe2\x97\x8b", "#7a8290" },
    [INCLOAD_STATUS_RUNNING] = { "RUNNING", "\xe2\x96\xb6", "#2f7fd6" },
    [INCLOAD_STATUS_SUCCESS] = { "SUCCESS", "\xe2\x9c\x93", "#2e9e5b" },
    [INCLOAD_STATUS_FAILED] = { "FAILED", "\xe2\x9c\x97", "#d64545" },
    [INCLOAD_STATUS_SKIPPED] = { "SKIPPED", "\xe2\x86\xb7", "#a08a3c" },
    [INCLOAD__PICTURE_PARTIAL] = { "PARTIAL", "\xe2\x97\x90", "#c77b1e" },
    [INCLOAD__PICTURE_CANCELLED] = { "CANCELLED", "\xe2\x96\xa0", "#8a63b8" },
    [INCLOAD__PICTURE_PAUSED] = { "PAUSED", "\xe2\x80\x96", "#7a8290" },
};

static int32_t
known(int32_t state)
{
    return state > 0 && state < INCLOAD__PICTURE_STATES ? state : 0;
}

const char *
incload__picture_word(int32_t state)
{
    return states[known(state)].word;
}

const char *
incload__picture_mark(int32_t state)
{
    return states[known(state)].mark;
}

const char *
incload__picture_colour(int32_t state)
{
    return states[known(state)].colour;
}

bool
incload__picture_cancelled(int32_t state, const char *reason)
{
    const char *word = incload__picture_text(reason);

    return state == INCLOAD__PICTURE_CANCELLED || strcmp(word, "CANCELLED") == 0 || strcmp(word, "RUN_CANCELLED") == 0;
}

bool
incload__picture_ended(int32_t state)
{
    return state >= INCLOAD_STATUS_SUCCESS && state <= INCLOAD__PICTURE_CANCELLED;
}

const char *
incload__picture_text(const char *text)
{
    return text == NULL ? "" : text;
}

int64_t
incload__picture_end(const incload__picture *picture, int64_t start_us, int64_t end_us)
{
    int64_t end = end_us != 0 ? end_us : picture->now_us;

    return end < start_us ? start_us : end;
}

static bool
is_step(const incload__picture *picture, int32_t step)
{
    return step >= 0 && step < picture->step_count;
}

static int32_t
check_units(const incload__picture *picture, incload_error **err)
{
    for (int64_t i = 0; i < picture->unit_count; i++) {
        const incload__picture_unit *unit = &picture->units[i];
        if (!is_step(picture, unit->step))
            return incload__fail(err, INCLOAD_E_INVALID, "unit %lld of the picture belongs to no step", (long long)i);
        if (unit->attempt_count < 0 || (unit->attempt_count > 0 && unit->attempts == NULL))
            return incload__fail(err, INCLOAD_E_INVALID, "unit %lld of the picture lacks its attempts", (long long)i);
    }
    return INCLOAD_OK;
}

static int32_t
check_steps(const incload__picture *picture, incload_error **err)
{
    for (int32_t i = 0; i < picture->step_count; i++) {
        const incload__picture_table *tables[] = { picture->steps[i].source, picture->steps[i].target };
        for (int32_t t = 0; t < 2; t++) {
            if (tables[t] != NULL
                && (tables[t]->field_count < 0 || (tables[t]->field_count > 0 && tables[t]->fields == NULL)))
                return incload__fail(err, INCLOAD_E_INVALID, "a table of step %d of the picture lacks its fields", i);
        }
    }
    for (int32_t i = 0; i < picture->edge_count; i++) {
        if (!is_step(picture, picture->edges[i].from) || !is_step(picture, picture->edges[i].to))
            return incload__fail(err, INCLOAD_E_INVALID, "edge %d of the picture leads to no step", i);
    }
    return INCLOAD_OK;
}

int32_t
incload__picture_check(const incload__picture *picture, incload_error **err)
{
    if (picture->step_count < 0 || picture->edge_count < 0 || picture->unit_count < 0)
        return incload__fail(err, INCLOAD_E_INVALID, "a count of the picture is negative");
    if ((picture->step_count > 0 && picture->steps == NULL) || (picture->edge_count > 0 && picture->edges == NULL)
        || (picture->unit_count > 0 && picture->units == NULL))
        return incload__fail(err, INCLOAD_E_INVALID, "an array of the picture is missing");

    int32_t status = check_steps(picture, err);
    return status == INCLOAD_OK ? check_units(picture, err) : status;
}

static void
count(incload__picture_tally *tally, int32_t status)
{
    bool known_status = status > 0 && status <= INCLOAD_STATUS_SKIPPED;

    tally->total++;
    tally->by_status[known_status ? status : 0]++;
}

/* Other units that are not in the picture have not begun: they are generated as they are needed. */
static void
count_rest(const incload__picture_step *step, incload__picture_tally *tally)
{
    for (int32_t status = 1; status <= INCLOAD_STATUS_SKIPPED; status++) {
        int64_t more = step->left_out[status] > 0 ? step->left_out[status] : 0;
        tally->by_status[status] += more;
        tally->total += more;
    }
    int64_t unseen = step->unit_total - tally->total;

    if (tally->total == 0 && step->unit_total <= 0) {
        count(tally, step->status);
    } else if (unseen > 0) {
        tally->total += unseen;
        tally->by_status[INCLOAD_STATUS_PENDING] += unseen;
    }
}

void
incload__picture_tallies(const incload__picture *picture, incload__picture_tally *each, incload__picture_tally *all)
{
    *all = (incload__picture_tally){ 0 };
    for (int32_t i = 0; i < picture->step_count; i++)
        each[i] = (incload__picture_tally){ 0 };
    for (int64_t i = 0; i < picture->unit_count; i++)
        count(&each[picture->units[i].step], picture->units[i].status);
    for (int32_t i = 0; i < picture->step_count; i++) {
        count_rest(&picture->steps[i], &each[i]);
        all->total += each[i].total;
        for (int32_t status = 0; status <= INCLOAD_STATUS_SKIPPED; status++)
            all->by_status[status] += each[i].by_status[status];
    }
}

/* `value` in thousandths as 12.3, or 123 when there are three digits already. */
static void
put_scaled(incload__str *out, int64_t thousandths)
{
    if (thousandths >= 100 * 1000)
        incload__str_addf(out, "%lld", (long long)((thousandths + 500) / 1000));
    else
        incload__str_addf(out, "%lld.%lld", (long long)(thousandths / 1000), (long long)(thousandths % 1000 / 100));
}

void
incload__picture_duration(incload__str *out, int64_t us)
{
    int64_t seconds = us / SECOND;

    if (us < 0) {
        incload__str_add(out, "0 ms");
    } else if (us < SECOND) {
        incload__str_addf(out, "%lld ms", (long long)(us / MILLISECOND));
    } else if (us < minute) {
        put_scaled(out, us / MILLISECOND);
        incload__str_add(out, " s");
    } else if (us < 60 * minute) {
        incload__str_addf(out, "%lld min %02lld s", (long long)(seconds / 60), (long long)(seconds % 60));
    } else if (us < 48 * 60 * minute) {
        incload__str_addf(out, "%lld h %02lld min", (long long)(seconds / 3600), (long long)(seconds / 60 % 60));
    } else {
        incload__str_addf(out, "%lld d %02lld h", (long long)(seconds / 86400), (long long)(seconds / 3600 % 24));
    }
}

void
incload__picture_amount(incload__str *out, int64_t value)
{
    static const struct {
        int64_t unit;
        const char *letter;
    } scales[] = { { 1000000000000, "T" }, { 1000000000, "G" }, { 1000000, "M" }, { 1000, "k" } };

    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        if (value >= scales[i].unit) {
            put_scaled(out, value / (scales[i].unit / 1000));
            incload__str_addf(out, " %s", scales[i].letter);
            return;
        }
    }
    incload__str_addf(out, "%lld", (long long)value);
}

void
incload__picture_instant(incload__str *out, int64_t us)
{
    int64_t in_day = us % (86400 * (int64_t)SECOND);
    int64_t days = us / (86400 * (int64_t)SECOND) - (in_day < 0);
    int64_t year;
    int32_t month;
    int32_t day;

    if (us == 0)
        return;
    in_day += in_day < 0 ? 86400 * (int64_t)SECOND : 0;
    incload__civil_from_days(days, &year, &month, &day);
    incload__str_addf(out, "%04lld-%02d-%02dT%02d:%02d:%02d.%06dZ", (long long)year, month, day,
                      (int)(in_day / SECOND / 3600), (int)(in_day / SECOND / 60 % 60), (int)(in_day / SECOND % 60),
                      (int)(in_day % SECOND));
}
