/* SPDX-License-Identifier: Apache-2.0 */
#include "run/backfill.h"

#include <string.h>

#include <incload/backfill.h>

#include "base/utf8.h"
#include "run/backfill_internal.h"

#define OPTION(name, kind, member, usual, least, most, unit, choices, text)                                            \
    {                                                                                                                  \
        name, INCLOAD_OPTION_##kind, offsetof(incload__backfill_values, member), usual, least, most, unit, choices,    \
            "0.1", text                                                                                                \
    }

static const incload__option backfill_option_list[] = {
    OPTION("name", TEXT, name, "", 0, 0, "", "", "Its name where no pipeline names it, and in the ledger."),
    OPTION("grain", TEXT, grain, "day", 0, 0, "", "",
           "How long a unit is: minute, hour, day, week, month, quarter or year, with a number before it if it is "
           "several: 6h, 2 weeks."),
    OPTION("zone", TEXT, zone, "UTC", 0, 0, "", "", "The time zone whose days they are, such as Europe/Berlin."),
    OPTION("week_begins", INTEGER, week_begins, "1", 1, 7, "", "", "The first day of a week: 1 is Monday."),
    OPTION("edges", CHOICE, edges, "refuse", 0, 0, "", "refuse expand shrink clip",
           "What becomes of an end that lies inside a unit: the whole of it is taken, nothing, or the part."),
    OPTION("step", INTEGER, step, "1", 1, INT64_MAX, "", "", "How many numbers a unit of a range of integers has."),
    OPTION("naive", CHOICE, naive, "utc", 0, 0, "", "utc local",
           "What a column of time without a zone holds: UTC, or the clock of the option zone."),
    OPTION("column", TEXT, column, "", 0, 0, "", "",
           "The column whose values the units bound, of a load; its strategy's cursor when empty."),
    OPTION("parallel", INTEGER, parallel, "1", 1, 1000, "units", "", "How many units run at once, at the most."),
    OPTION("min_parallel", INTEGER, min_parallel, "0", 0, 1000, "units", "",
           "Between this and parallel it adapts: fewer when the other side complains of load (INCLOAD_THROTTLED), more "
           "again as units succeed. 0: parallel stays as it is."),
    OPTION("order", CHOICE, order, "oldest", 0, 0, "", "oldest newest bisect",
           "Which units are started first; bisect gives a coarse picture early."),
    OPTION("select", CHOICE, select, "missing", 0, 0, "", "missing all failed stale",
           "Which units run, by the ledger: those that have not landed; all; those that failed and have not landed; or "
           "those that another version of the code loaded (option version)."),
    OPTION("version", TEXT, version, "", 0, 0, "", "",
           "The version of the host's code: recorded with what lands, and part of the fingerprint."),
    OPTION("fingerprint", TEXT, fingerprint, "", 0, 0, "", "",
           "Of the plan that was looked at: a run refuses when the plan has changed since."),
    OPTION("retries", INTEGER, retries, "-1", -1, 100, "attempts", "",
           "How often a unit is tried again. -1 is 3 of a load, which tries again after errors that may pass, and 0 of "
           "a function."),
    OPTION("retry_delay", DURATION, retry_delay, "500ms", 0, 86400000, "ms", "",
           "The longest pause before the first retry; it doubles with each one and is drawn from 0 to that."),
    OPTION("retry_max_delay", DURATION, retry_max_delay, "30s", 0, 86400000, "ms", "",
           "What the longest pause does not grow past."),
    OPTION("rate", INTEGER, rate, "0", 0, 1000000, "units per minute", "",
           "How many units are started in a minute, evenly; 0 sets no limit."),
    OPTION("max_failures", INTEGER, max_failures, "-1", -1, 1000000, "units", "",
           "When more units than this have failed no more are started; -1: any number may."),
    OPTION("max_consecutive", INTEGER, max_consecutive, "0", 0, 1000000, "units", "",
           "When so many have failed in a row no more are started; 0: that is not looked at."),
    OPTION("max_failed_percent", INTEGER, max_failed_percent, "0", 0, 100, "percent", "",
           "When more of the first 20 and all that end after them have failed no more are started; 0: that is not "
           "looked at."),
    OPTION("snapshot", CHOICE, snapshot, "unit", 0, 0, "", "unit shared",
           "Of a load: each unit reads the source as it is when it begins, or all that a process does of a run read "
           "it as it was when its first began, by one exported snapshot of PostgreSQL. Such a run has one more "
           "connection to the source, and for as long as it takes VACUUM there clears nothing that was deleted since."),
};

const incload__option_table incload__backfill_options = INCLOAD__OPTION_TABLE("backfill", backfill_option_list);

enum { LEAST_SAMPLES = 20 };

bool
incload__step_is_load(const incload_step *step)
{
    return step->kind == INCLOAD__STEP_LOAD;
}

incload_step *
incload__backfill_load(const incload_step *step)
{
    return step->backfill != NULL ? step->backfill->load : NULL;
}

const char *
incload__backfill_name(const incload_step *step)
{
    return step->backfill->values.name;
}

/* ---- the range ---- */

static int32_t
set_calendar(incload__backfill *backfill, incload__calendar *calendar, incload_error **err)
{
    const incload__backfill_values *values = &backfill->values;
    int32_t status = incload__grain_parse(values->grain, &calendar->grain, err);

    if (status != INCLOAD_OK)
        return status;
    incload__zone_free(backfill->zone);
    backfill->zone = incload__zone_load(backfill->mem, values->zone, err);
    calendar->zone = backfill->zone;
    calendar->edges = values->edges;
    calendar->first_weekday = (int32_t)values->week_begins;
    return backfill->zone != NULL ? INCLOAD_OK : INCLOAD_E_INVALID;
}

static bool
read_integer(const char *text, int64_t *out)
{
    bool negative = *text == '-';
    int64_t value = 0;

    text += negative ? 1 : 0;
    if (*text == '\0' || strlen(text) > 18)
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (*text - '0');
    }
    *out = negative ? -value : value;
    return true;
}

static incload__range *
range_of_keys(const incload__backfill *backfill, incload_error **err)
{
    return incload__range_keys(backfill->mem, (const char *const *)backfill->keys, backfill->key_count, err);
}

static incload__range *
range_of_ends(incload__backfill *backfill, incload_error **err)
{
    incload__calendar calendar = { .zone = NULL };
    int64_t from, to;

    if (!backfill->days && read_integer(backfill->from, &from) && read_integer(backfill->to, &to))
        return incload__range_integers(backfill->mem, from, to, backfill->values.step, err);
    if (set_calendar(backfill, &calendar, err) != INCLOAD_OK)
        return NULL;
    return backfill->days ? incload__range_dates(backfill->mem, backfill->from, backfill->to, &calendar, err)
                          : incload__range_instants(backfill->mem, backfill->from, backfill->to, &calendar, err);
}

static incload__range *
make_range(incload__backfill *backfill, incload_error **err)
{
    if (backfill->from == NULL)
        return range_of_keys(backfill, err);
    incload__range *range = range_of_ends(backfill, err);
    if (range == NULL || backfill->keys == NULL)
        return range;
    return incload__range_product(range, range_of_keys(backfill, err), err);
}

static int32_t
refresh(incload__backfill *backfill, incload_error **err)
{
    /* The range goes first: it borrows the zone. */
    incload__range_free(backfill->range);
    backfill->range = NULL;
    if (backfill->values.min_parallel > backfill->values.parallel)
        return incload__fail(err, INCLOAD_E_INVALID, "option min_parallel is more than parallel");
    if (backfill->values.snapshot == INCLOAD__SNAPSHOT_SHARED && backfill->load == NULL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "snapshot=shared is for the backfill of a load: a function reads what it likes");
    backfill->range = make_range(backfill, err);
    return backfill->range != NULL                    ? INCLOAD_OK
           : incload__entered_with(err) != INCLOAD_OK ? incload__entered_with(err)
                                                      : INCLOAD_E_INVALID;
}

int32_t
incload__backfill_set(incload_step *step, const char *name, const char *value, incload_error **err)
{
    int32_t status =
        incload__options_set(&incload__backfill_options, step->mem, &step->backfill->values, name, value, err);

    return status == INCLOAD_OK ? refresh(step->backfill, err) : status;
}

/* ---- the step ---- */

static void
free_keys(incload__backfill *backfill)
{
    for (int64_t i = 0; i < backfill->key_count; i++)
        incload__free(backfill->mem, backfill->keys[i]);
    incload__free(backfill->mem, backfill->keys);
    backfill->keys = NULL;
    backfill->key_count = 0;
}

void
incload__backfill_free(incload__backfill *backfill)
{
    if (backfill == NULL)
        return;
    const incload__mem *mem = backfill->mem;
    incload__range_free(backfill->range);
    incload__zone_free(backfill->zone);
    free_keys(backfill);
    incload__free(mem, backfill->from);
    incload__free(mem, backfill->to);
    incload__options_free(&incload__backfill_options, mem, &backfill->values);
    incload_step_unref(backfill->load);
    incload_database_unref(backfill->ledger);
    incload__free(mem, backfill);
}

/* What the range is made of. */
typedef struct ends {
    const char *from;
    const char *to;
    bool days;
    const char *const *keys;
    int64_t key_count;
} ends;

static int32_t
copy_keys(incload__backfill *backfill, const char *const *keys, int64_t count, incload_error **err)
{
    backfill->keys = incload__alloc_array(backfill->mem, (size_t)count, sizeof *backfill->keys);
    if (backfill->keys == NULL)
        return incload__fail_memory(err);
    for (; backfill->key_count < count; backfill->key_count++) {
        const char *key = keys[backfill->key_count];
        if (key == NULL)
            return incload__fail(err, INCLOAD_E_INVALID, "key %lld of the backfill must not be NULL",
                                 (long long)backfill->key_count);
        backfill->keys[backfill->key_count] = incload__strdup(backfill->mem, key);
        if (backfill->keys[backfill->key_count] == NULL)
            return incload__fail_memory(err);
    }
    return INCLOAD_OK;
}

static int32_t
fill(incload__backfill *backfill, const ends *given, const char *options, incload_error **err)
{
    const incload__mem *mem = backfill->mem;
    int32_t status = incload__options_init(&incload__backfill_options, mem, &backfill->values, err);

    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__backfill_options, mem, &backfill->values, options, err);
    if (status != INCLOAD_OK)
        return status;
    backfill->days = given->days;
    if (given->keys != NULL) {
        status = copy_keys(backfill, given->keys, given->key_count, err);
    } else {
        backfill->from = incload__strdup(mem, given->from);
        backfill->to = incload__strdup(mem, given->to);
        status = backfill->from != NULL && backfill->to != NULL ? INCLOAD_OK : incload__fail_memory(err);
    }
    return status == INCLOAD_OK ? refresh(backfill, err) : status;
}

static bool
ends_are_there(const ends *given, incload_error **err)
{
    if (given->keys != NULL || (given->from != NULL && given->to != NULL))
        return true;
    incload__fail(err, INCLOAD_E_INVALID, "a backfill needs both ends of its range, or keys: none may be NULL");
    return false;
}

/* `step` is NULL after a failure that was told. */
static incload_step *
complete(incload_step *step, const ends *given, const char *options, incload_step *load, incload_error **err)
{
    if (step == NULL)
        return NULL;
    bool there = ends_are_there(given, err);
    incload__backfill *backfill = there ? incload__alloc(step->mem, sizeof *backfill) : NULL;
    if (there && backfill == NULL)
        incload__fail_memory(err);
    step->backfill = backfill;
    if (backfill != NULL) {
        backfill->mem = step->mem;
        backfill->load = incload_step_ref(load);
    }
    if (backfill == NULL || fill(backfill, given, options, err) != INCLOAD_OK) {
        incload_step_unref(step);
        return NULL;
    }
    return step;
}

static incload_step *
of_function(const ends *given, const char *options, incload_unit_fn function, void *user_data,
            incload_destroy_fn destroy, incload_error **err)
{
    return complete(incload__step_bare(INCLOAD__STEP_BACKFILL, "backfill", function, user_data, destroy, err), given,
                    options, NULL, err);
}

static incload_step *
of_load(const ends *given, const char *options, incload_step *load, incload_error **err)
{
    if (load == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the load of a backfill must not be NULL");
        return NULL;
    }
    if (incload__step_check_alone(load, "cannot be the load of a backfill: backfill its loads one by one", err)
        != INCLOAD_OK)
        return NULL;
    if (load->strategy != NULL && incload__strategy_values_of(load->strategy)->write == INCLOAD__WRITE_SWAP) {
        incload__fail(err, INCLOAD_E_UNSUPPORTED,
                      "write=swap publishes a whole table, and a unit of a backfill is a part of one: take "
                      "write=replace_interval, which replaces just that part");
        return NULL;
    }
    /* What the units do stays the same from now on. */
    incload__step_freeze(load);
    return complete(incload__step_bare(INCLOAD__STEP_BACKFILL, incload__step_name(load), NULL, NULL, NULL, err), given,
                    options, load, err);
}

incload_step *
incload_step_new_backfill(const char *from, const char *through, const char *options, incload_unit_fn function,
                          void *user_data, incload_destroy_fn destroy, incload_error **err)
{
    return of_function(&(ends){ .from = from, .to = through, .days = true }, options, function, user_data, destroy,
                       err);
}

incload_step *
incload_step_new_backfill_between(const char *from, const char *to, const char *options, incload_unit_fn function,
                                  void *user_data, incload_destroy_fn destroy, incload_error **err)
{
    return of_function(&(ends){ .from = from, .to = to }, options, function, user_data, destroy, err);
}

incload_step *
incload_step_new_backfill_keys(const char *const *keys, int32_t count, const char *options, incload_unit_fn function,
                               void *user_data, incload_destroy_fn destroy, incload_error **err)
{
    static const char *const none[] = { NULL };

    return of_function(
        &(ends){ .keys = keys != NULL ? keys : none, .key_count = keys != NULL && count > 0 ? count : 0 }, options,
        function, user_data, destroy, err);
}

incload_step *
incload_step_new_load_backfill(incload_step *load, const char *from, const char *through, const char *options,
                               incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return of_load(&(ends){ .from = from, .to = through, .days = true }, options, load, err);
}

incload_step *
incload_step_new_load_backfill_between(incload_step *load, const char *from, const char *to, const char *options,
                                       incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return of_load(&(ends){ .from = from, .to = to }, options, load, err);
}

int32_t
incload_step_set_ledger(incload_step *step, incload_database *ledger, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (step == NULL || ledger == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the step and the ledger must not be NULL");
    if (step->backfill == NULL || step->backfill->load != NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "only a backfill of a function is told its ledger: a load's is in its target");
    if (atomic_load(&step->frozen))
        return incload__fail(err, INCLOAD_E_STATE, "the step was started: make a new one to change it");
    incload_database *before = step->backfill->ledger;
    step->backfill->ledger = incload_database_ref(ledger);
    incload_database_unref(before);
    return INCLOAD_OK;
}

int32_t
incload_step_set_keys(incload_step *step, const char *const *keys, int32_t count, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (step == NULL || keys == NULL || count < 1)
        return incload__fail(err, INCLOAD_E_INVALID, "the step and the keys must not be NULL, and one key is needed");
    if (step->backfill == NULL || step->backfill->load != NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "only the range of a function's backfill takes keys: make one backfill of a load for "
                             "each of them, with a query that bounds it");
    incload__backfill *backfill = step->backfill;
    if (backfill->from == NULL || backfill->keys != NULL)
        return incload__fail(err, INCLOAD_E_STATE, "this backfill has its keys already");
    if (atomic_load(&step->frozen))
        return incload__fail(err, INCLOAD_E_STATE, "the step was started: make a new one to change it");
    int32_t status = copy_keys(backfill, keys, count, err);
    if (status == INCLOAD_OK)
        status = refresh(backfill, err);
    if (status == INCLOAD_OK)
        return status;
    free_keys(backfill);
    /* As it was before. */
    refresh(backfill, NULL);
    return status;
}

/* ---- for the scheduler ---- */

void
incload__backfill_retries(const incload_step *step, int64_t *retries, int64_t *delay, int64_t *longest)
{
    const incload__backfill *backfill = step->backfill;

    if (backfill == NULL)
        return;
    if (*retries < 0) {
        *retries = backfill->values.retries;
        *delay = backfill->values.retry_delay;
        *longest = backfill->values.retry_max_delay;
    }
    if (*retries < 0)
        *retries = backfill->load != NULL ? 3 : 0;
}

int32_t
incload__backfill_parallel(const incload_step *step)
{
    return step->backfill != NULL ? (int32_t)step->backfill->values.parallel : 1;
}

void
incload__backfill_source(const incload_step *step, incload__backfill_walk *walk, int32_t node,
                         incload__sched_source *out)
{
    const incload__backfill_values *values = &step->backfill->values;

    memset(out, 0, sizeof *out);
    out->node = node;
    out->next = incload__backfill_walk_next;
    out->user_data = walk;
    out->limit.max_running = (int32_t)values->parallel;
    out->limit.min_running = (int32_t)values->min_parallel;
    out->limit.interval_us = values->rate > 0 ? 60000000 / values->rate : 0;
    out->max_failures = values->max_failures;
    out->max_consecutive = (int32_t)values->max_consecutive;
    out->max_failed_permille = (int32_t)values->max_failed_percent * 10;
    out->min_samples = LEAST_SAMPLES;
}

/* ---- one unit ---- */

static int32_t
bounds_of_unit(const void *data, const incload__mem *mem, const incload__dialect *dialect,
               const incload__column *cursor, char *bounds[2], incload_error **err)
{
    const incload__backfill_unit *unit = data;
    incload__bounds_spec spec = { .mem = mem, .dialect = dialect, .cursor = cursor, .naive = unit->naive };
    int32_t status = incload__bounds_check(&spec, unit->range, 0, err);

    return status == INCLOAD_OK ? incload__bounds_of(&spec, unit->range, &unit->part, 0, bounds, err) : status;
}

void
incload__backfill_unit_of(const incload_step *step, int64_t ordinal, incload__backfill_unit *out, incload__str *label)
{
    const incload__backfill *backfill = step->backfill;

    out->range = backfill->range;
    out->part = incload__range_at(backfill->range, ordinal);
    out->naive = backfill->values.naive;
    out->interval = (incload__interval_source){ bounds_of_unit, out, backfill->values.column };
    incload__range_label(backfill->range, &out->part, label);
}
