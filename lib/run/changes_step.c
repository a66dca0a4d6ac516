/* SPDX-License-Identifier: Apache-2.0 */
/* A step whose changes a function of the host brings. */
#include <incload/changes.h>

#include <string.h>

#include "cdc/changes.h"
#include "driver/database.h"
#include "run/consumer.h"
#include "run/flow.h"

typedef struct fetcher {
    const incload__mem *mem;
    incload_changes *changes;
    incload_changes *whole; /* all that one commit takes: of a table of a group the group */
    incload_changes_fetch_fn fetch;
    void *user_data;
    incload_destroy_fn destroy;
} fetcher;

/* Whatever was pushed, however it ended. */
static int64_t
pushed(const incload_changes *changes)
{
    return incload_changes_pending(changes) + incload_changes_applied(changes) + incload_changes_skipped(changes);
}

static int32_t
fail_fetch(const incload_unit *unit, int32_t answer, incload_error **err)
{
    if (incload_unit_is_cancelled(unit))
        return incload__fail(err, INCLOAD_E_CANCELLED, "it was told to stop");
    if (unit->failure != NULL)
        return incload__fail(err, INCLOAD_E_CALLBACK, "the function that fetches changes failed: %.500s",
                             unit->failure);
    return incload__fail(err, INCLOAD_E_CALLBACK,
                         "the function that fetches changes returned %d where INCLOAD_YIELD says that there may be "
                         "more, and INCLOAD_DONE that it has caught up",
                         (int)answer);
}

/* Calls the function until what it brought is to be committed. */
static int32_t
fetch_some(const fetcher *f, incload_unit *unit, const incload__consumer_values *values, incload__turn *out,
           incload_error **err)
{
    incload__flow_unit *of = unit->owner;
    int64_t begin = incload__monotonic_us(unit->env), before = pushed(f->whole), last = before;

    for (;;) {
        of->again_us = 0;
        int32_t answer = f->fetch(f->changes, unit, f->user_data);
        if ((answer != INCLOAD_DONE && answer != INCLOAD_YIELD) || incload_unit_is_cancelled(unit))
            return fail_fetch(unit, answer, err);
        int64_t now = pushed(f->whole);
        out->caught_up = answer == INCLOAD_DONE;
        out->pause_us = answer == INCLOAD_YIELD ? of->again_us : 0;
        out->idle = now == before;
        bool waits = now == last || out->caught_up || out->pause_us > 0;
        bool due = incload_changes_pending(f->whole) >= values->commit_events
                   || incload__monotonic_us(unit->env) - begin >= values->commit_interval * 1000;
        if (waits || due)
            return INCLOAD_OK;
        last = now;
    }
}

static int32_t
turn(void *self, incload_unit *unit, const incload__consumer_values *values, incload__turn *out, incload_error **err)
{
    fetcher *f = self;

    f->changes->set->told_to_stop = unit->told_to_stop;
    f->changes->set->deadline_us = unit->deadline_us;
    int32_t status = fetch_some(f, unit, values, out, err);
    if (status == INCLOAD_OK)
        status = incload_changes_commit(f->changes, err);
    if (status != INCLOAD_OK)
        incload_changes_discard(f->changes);
    f->changes->set->told_to_stop = NULL;
    f->changes->set->deadline_us = 0;
    ((incload__flow_unit *)unit->owner)->again_us = 0;
    return status;
}

static void
count(void *self, incload__consumed *out)
{
    const fetcher *f = self;

    out->skipped = incload_changes_skipped(f->whole);
    out->read = incload_changes_applied(f->whole) + out->skipped;
    out->written = incload_changes_rows_written(f->whole);
    out->deleted = incload_changes_rows_deleted(f->whole);
    out->place = f->changes->set->place;
}

static void
stop(void *self)
{
    fetcher *f = self;

    incload__change_set_interrupt(f->changes->set);
}

static void
fetcher_free(void *self)
{
    fetcher *f = self;

    if (f->destroy != NULL)
        f->destroy(f->user_data);
    incload_changes_unref(f->changes);
    incload__free(f->mem, f);
}

/* An event's, or with its ordinal. */
static bool
read_place(const char *text, incload__place *out)
{
    incload__str whole = INCLOAD__STR(&incload__mem_libc);

    incload__str_addf(&whole, "%s%s", text, strchr(text, '.') == NULL ? ".0" : "");
    bool read = !whole.failed && incload__place_parse(incload__str_text(&whole), out, NULL) == INCLOAD_OK;
    incload__str_free(&whole);
    return read;
}

static const incload__consumer_ops fetching = {
    .options = &incload__changes_step_options,
    .read_place = read_place,
    .example = "17 or 17.3",
    .turn = turn,
    .count = count,
    .stop = stop,
    .free = fetcher_free,
};

incload_step *
incload_step_new_changes(incload_changes *changes, const char *options, incload_changes_fetch_fn fetch, void *user_data,
                         incload_destroy_fn destroy, incload_error **err)
{
    const incload__mem *mem = &incload__mem_libc;
    int32_t status = incload__entered_with(err);
    fetcher *f = NULL;

    if (status == INCLOAD_OK && (changes == NULL || fetch == NULL))
        status = incload__fail(err, INCLOAD_E_INVALID, "the changes and the function must not be NULL");
    if (status == INCLOAD_OK)
        f = incload__alloc(mem, sizeof *f);
    if (f == NULL) {
        if (status == INCLOAD_OK)
            incload__fail_memory(err);
        if (destroy != NULL)
            destroy(user_data);
        return NULL;
    }
    *f = (fetcher){ .mem = mem,
                    .changes = incload_changes_ref(changes),
                    .whole = changes->group != NULL ? changes->group : changes,
                    .fetch = fetch,
                    .user_data = user_data,
                    .destroy = destroy };
    const incload__change_set *set = changes->set;
    return incload__consumer_step(&fetching, f, set->name, incload__database_context(set->target), options, err);
}
