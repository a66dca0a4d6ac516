/* SPDX-License-Identifier: Apache-2.0 */
#include "run/backfill_past.h"

#include <string.h>

#include "run/backfill_internal.h"
#include "run/backfill_spec.h"
#include "run/visit.h"
#include "state/coverage.h"
#include "state/unit.h"

/* Intervals of integers are told from those of time by their lane; a key is a lane of its own. */
#define LANE_OF_TIME ""
#define LANE_OF_INTEGERS "#"

enum { MOST_RUNS = 100, MOST_UNITS = 1000 };

incload_database *
incload__backfill_home(const incload_step *step)
{
    return step->backfill->load != NULL ? step->backfill->load->target : step->backfill->ledger;
}

const char *
incload__backfill_record_name(const incload_step *step)
{
    return step->backfill->load != NULL ? incload__step_name(step->backfill->load) : step->backfill->values.name;
}

static bool
by_key(const incload__range *range)
{
    return incload__range_axes(range) > 1 || incload__range_kind(range, 0) == INCLOAD__RANGE_KEYS;
}

static const char *
lane_of(const incload__range *range)
{
    return incload__range_kind(range, 0) == INCLOAD__RANGE_TIME ? LANE_OF_TIME : LANE_OF_INTEGERS;
}

void
incload__past_landed(const incload__range *range, const incload__range_unit *unit, const char *key,
                     incload__landed *out)
{
    bool keyed = by_key(range);

    memset(out, 0, sizeof *out);
    out->key = key;
    out->lane = keyed ? key : lane_of(range);
    out->low = keyed ? 0 : unit->parts[0].lo;
    out->high = keyed ? 1 : unit->parts[0].hi;
}

/* ---- asking ---- */

static int32_t
state_of_key(const incload__past *past, const incload__range *range, const incload__range_unit *unit)
{
    incload__str key = INCLOAD__STR(past->mem);
    int32_t state = INCLOAD__COVER_DONE;

    incload__range_key(range, unit, &key);
    /* Without memory for its name a unit runs once more than it had to, which does no harm. */
    while (state > INCLOAD__COVER_NONE
           && (key.failed || !incload__key_set_has(&past->keys[state], incload__str_text(&key))))
        state--;
    incload__str_free(&key);
    return state;
}

int32_t
incload__past_state(const incload__range *range, const incload__range_unit *unit, void *data)
{
    const incload__past *past = data;

    return by_key(range) ? state_of_key(past, range, unit)
                         : incload__covers_state(&past->covers, unit->parts[0].lo, unit->parts[0].hi);
}

bool
incload__past_is_empty(const incload__past *past)
{
    bool empty = past->covers.count == 0;

    for (int32_t i = 0; i <= INCLOAD__COVER_DONE; i++)
        empty = empty && past->keys[i].count == 0;
    return empty;
}

void
incload__past_free(incload__past *past)
{
    incload__covers_free(&past->covers);
    for (int32_t i = 0; i <= INCLOAD__COVER_DONE; i++)
        incload__key_set_free(&past->keys[i]);
}

/* ---- reading ---- */

static int32_t
add_covered(const incload_step *step, const incload__covered *item, incload__past *out, incload_error **err)
{
    const char *version = step->backfill->values.version;
    bool same = strcmp(item->code_version, version != NULL ? version : "") == 0;
    int32_t state = same ? INCLOAD__COVER_DONE : INCLOAD__COVER_STALE;

    if (by_key(step->backfill->range))
        return incload__key_set_add(&out->keys[state], item->lane, err);
    return incload__covers_add(&out->covers, item->low, item->high, state, err);
}

static int32_t
read_coverage(const incload__visit *at, const incload_step *step, incload__past *out, incload_error **err)
{
    const incload__range *range = step->backfill->range;
    bool keyed = by_key(range);
    incload__unit_part whole = incload__range_whole(range, 0);
    incload__coverage coverage = { 0 };
    int32_t status = incload__coverage_read(&at->ledger, at->conn, incload__backfill_record_name(step),
                                            keyed ? NULL : lane_of(range), keyed ? 0 : whole.lo, keyed ? 1 : whole.hi,
                                            &coverage, err);

    for (int64_t i = 0; i < coverage.count && status == INCLOAD_OK; i++)
        status = add_covered(step, &coverage.items[i], out, err);
    incload__coverage_free(&coverage);
    return status;
}

/* ---- what failed ---- */

static int32_t
add_failed(const incload__range *range, int64_t ordinal, incload__past *out, incload_error **err)
{
    incload__range_unit unit = incload__range_at(range, ordinal);
    incload__str key = INCLOAD__STR(out->mem);

    if (!by_key(range))
        return incload__covers_add(&out->covers, unit.parts[0].lo, unit.parts[0].hi, INCLOAD__COVER_FAILED, err);
    incload__range_key(range, &unit, &key);
    int32_t status = key.failed ? incload__fail_memory(err)
                                : incload__key_set_add(&out->keys[INCLOAD__COVER_FAILED], incload__str_text(&key), err);
    incload__str_free(&key);
    return status;
}

static int32_t
read_failed_units(const incload__visit *at, const incload__pipeline_run *run, const incload__range *range,
                  const incload__sequence *sequence, incload__past *out, incload_error **err)
{
    incload__unit_row *rows = incload__alloc_array(out->mem, MOST_UNITS, sizeof *rows);
    int32_t count = MOST_UNITS, status = rows != NULL ? INCLOAD_OK : incload__fail_memory(err);
    int64_t from = 0;

    while (status == INCLOAD_OK && count == MOST_UNITS) {
        status = incload__units_read(&at->ledger, at->conn, run->run_no, from, MOST_UNITS, INCLOAD_STATUS_FAILED, rows,
                                     &count, err);
        for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
            from = rows[i].seq + 1;
            if (rows[i].seq < run->units)
                status = add_failed(range, incload__sequence_at(sequence, rows[i].seq), out, err);
        }
        for (int32_t i = 0; i < count; i++)
            incload__unit_row_free(&rows[i]);
    }
    incload__free(out->mem, rows);
    return status;
}

/* A run of another kind of range, or of another version of the library, says nothing of this one. */
static int32_t
read_failed_of(const incload__visit *at, const incload_step *step, const incload__pipeline_run *run, incload__past *out,
               incload_error **err)
{
    incload_step *as_it_was = incload__backfill_spec_step(run->spec);
    incload__sequence sequence = { .mem = NULL };
    int32_t status = INCLOAD_OK;

    if (as_it_was != NULL
        && incload__range_kind(as_it_was->backfill->range, 0) == incload__range_kind(step->backfill->range, 0)
        && by_key(as_it_was->backfill->range) == by_key(step->backfill->range)
        && incload__backfill_spec_read(out->mem, run->spec, run->units, &sequence, NULL) == INCLOAD_OK)
        status = read_failed_units(at, run, as_it_was->backfill->range, &sequence, out, err);
    incload__sequence_free(&sequence);
    incload_step_unref(as_it_was);
    return status;
}

static int32_t
read_failed(const incload__visit *at, const incload_step *step, incload__past *out, incload_error **err)
{
    incload__pipeline_run *runs = incload__alloc_array(out->mem, MOST_RUNS, sizeof *runs);
    int32_t count = 0;

    if (runs == NULL)
        return incload__fail_memory(err);
    int32_t status = incload__pipeline_run_list(&at->ledger, at->conn, incload__backfill_record_name(step), 0,
                                                MOST_RUNS, runs, &count, err);
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
        if (runs[i].kind == INCLOAD__RUN_OF_BACKFILL)
            status = read_failed_of(at, step, &runs[i], out, err);
    }
    for (int32_t i = 0; i < count; i++)
        incload__pipeline_run_free(&runs[i]);
    incload__free(out->mem, runs);
    return status;
}

int32_t
incload__past_read(const incload_step *step, bool failed, incload__past *out, incload_error **err)
{
    incload_database *home = incload__backfill_home(step);
    incload__visit at;

    if (home == NULL)
        return INCLOAD_OK;
    if (incload__backfill_record_name(step) == NULL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "a backfill with a ledger needs the option 'name': its units are recorded under it");
    int32_t status = incload__visit_begin(&at, home, step, err);
    if (status == INCLOAD_OK && at.exists)
        status = read_coverage(&at, step, out, err);
    if (status == INCLOAD_OK && at.exists && failed)
        status = read_failed(&at, step, out, err);
    incload__visit_end(&at);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "reading what was done before");
}
