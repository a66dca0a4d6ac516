/* SPDX-License-Identifier: Apache-2.0 */
/* The units of a run as a picture has them: what the run remembers of those that ended, and those that go on. */
#include <stdlib.h>
#include <string.h>

#include "run/portrait.h"

enum { TRIES = 20, SLACK = 256 };

/* Copied under the flow's lock, so that what follows needs none. */
typedef struct copies {
    incload__trail_unit *units;
    incload__trail_attempt *attempts;
    int64_t unit_space;
    int64_t attempt_space;
    int64_t unit_count;
    int64_t attempt_count;
} copies;

static void
count_past(const incload__trail_unit *past, copies *out)
{
    out->unit_count++;
    out->attempt_count += past->attempt_count;
}

/* Where they do not fit they are only counted. */
static void
copy_past(const incload__trail_unit *past, copies *out)
{
    if (out->unit_count >= out->unit_space || out->attempt_count + past->attempt_count > out->attempt_space) {
        out->unit_space = 0;
        return;
    }
    incload__trail_unit *copy = &out->units[out->unit_count];
    *copy = *past;
    copy->attempts = &out->attempts[out->attempt_count];
    if (past->attempt_count > 0)
        memcpy(copy->attempts, past->attempts, (size_t)past->attempt_count * sizeof *copy->attempts);
    copy->error = incload_error_ref(past->error);
    count_past(past, out);
}

static void
each_past(incload__flow *flow, copies *out, void (*take)(const incload__trail_unit *past, copies *out))
{
    out->unit_count = 0;
    out->attempt_count = 0;
    pthread_mutex_lock(&flow->lock);
    for (int32_t i = 0; i < flow->trail.count; i++)
        take(&flow->trail.units[i], out);
    for (const incload__flow_unit *unit = flow->open; unit != NULL; unit = unit->next) {
        if (unit->trail.begun > 0)
            take(&unit->trail, out);
    }
    pthread_mutex_unlock(&flow->lock);
}

static void
free_copies(const incload__mem *mem, copies *all)
{
    for (int64_t i = 0; i < all->unit_count && all->units != NULL; i++)
        incload_error_unref(all->units[i].error);
    incload__free(mem, all->units);
    incload__free(mem, all->attempts);
    memset(all, 0, sizeof *all);
}

/* The run goes on meanwhile: when there are more than there was room for it is done again. */
static int32_t
copy_all(incload__flow *flow, const incload__mem *mem, copies *all, incload_error **err)
{
    for (int32_t i = 0; i < TRIES; i++) {
        each_past(flow, all, count_past);
        int64_t units = all->unit_count + all->unit_count / 8 + SLACK;
        int64_t attempts = all->attempt_count + all->attempt_count / 8 + SLACK;
        *all = (copies){
            .units = incload__alloc_array(mem, (size_t)units, sizeof *all->units),
            .attempts = incload__alloc_array(mem, (size_t)attempts, sizeof *all->attempts),
            .unit_space = units,
            .attempt_space = attempts,
        };
        if (all->units == NULL || all->attempts == NULL) {
            free_copies(mem, all);
            return incload__fail_memory(err);
        }
        each_past(flow, all, copy_past);
        if (all->unit_space > 0)
            return INCLOAD_OK;
        free_copies(mem, all);
    }
    return incload__fail(err, INCLOAD_E_BUSY, "the run's units come faster than they can be listed: ask again later");
}

static int
by_place(const void *a, const void *b)
{
    const incload__trail_unit *x = a, *y = b;

    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return x->key < y->key ? -1 : x->key > y->key;
}

/* ---- as pictures ---- */

static int64_t
on_the_wall(const incload__flow *flow, int64_t monotonic_us)
{
    return monotonic_us != 0 ? monotonic_us + flow->run->wall_offset_us : 0;
}

static const char *
word_of(int32_t reason)
{
    const char *word = incload__flow_reason(reason);

    return word[0] != '\0' ? word : NULL;
}

static void
fill_attempts(const incload__flow *flow, const incload__trail_unit *past, incload__picture_attempt *out)
{
    for (int32_t i = 0; i < past->attempt_count; i++) {
        const incload__trail_attempt *attempt = &past->attempts[i];
        out[i] = (incload__picture_attempt){
            .start_us = on_the_wall(flow, attempt->start_us),
            .end_us = on_the_wall(flow, attempt->end_us),
            .reason = word_of(attempt->reason),
            .slot = attempt->slot,
            .status = attempt->status,
        };
    }
}

static void
fill_place(incload__portrait *portrait, const incload__flow_node *node, int64_t key, incload__picture_unit *out)
{
    incload__str label = INCLOAD__STR(portrait->mem);
    incload__backfill_unit unit;

    if (node->walk == NULL) {
        out->label = incload__portrait_keep(portrait, node->name);
        return;
    }
    out->number = key + 1;
    memset(&unit, 0, sizeof unit);
    incload__backfill_unit_of(node->step, key, &unit, &label);
    out->label = incload__portrait_keep(portrait, incload__str_text(&label));
    out->lo = unit.part.parts[0].lo;
    out->hi = unit.part.parts[0].hi;
    out->timed = incload__range_kind(unit.range, 0) == INCLOAD__RANGE_TIME;
    portrait->failed = portrait->failed || label.failed;
    incload__str_free(&label);
}

static void
fill_unit(incload__portrait *portrait, const incload__flow *flow, const incload__trail_unit *past,
          incload__picture_attempt *attempts, incload__picture_unit *out)
{
    const incload__trail_attempt *last = past->attempt_count > 0 ? &past->attempts[past->attempt_count - 1] : NULL;
    bool pause = past->status == INCLOAD_STATUS_RUNNING && last != NULL && last->end_us != 0;

    out->step = past->node;
    out->status = pause ? INCLOAD_STATUS_PENDING : past->status;
    out->reason = pause ? "BACKOFF" : word_of(past->reason);
    out->error = incload__portrait_keep(portrait, incload_error_message(past->error));
    out->rows = past->rows;
    out->bytes = past->bytes;
    out->attempts = attempts;
    out->attempt_count = past->attempt_count;
    fill_place(portrait, &flow->nodes[past->node], past->key, out);
    fill_attempts(flow, past, attempts);
}

/* A step of one unit was tried as often as that. */
static void
count_attempts(incload__portrait *portrait, const incload__flow *flow, const incload__trail_unit *past)
{
    const incload__flow_node *node = &flow->nodes[past->node];
    incload__picture_step *step = &portrait->steps[past->node];

    if (node->walk == NULL && step->attempts < past->begun)
        step->attempts = past->begun;
}

int32_t
incload__portrait_units(incload__portrait *portrait, incload__flow *flow, incload_error **err)
{
    const incload__mem *mem = portrait->mem;
    copies all = { 0 };
    int64_t used = 0;
    int32_t status = copy_all(flow, mem, &all, err);

    if (status != INCLOAD_OK)
        return status;
    qsort(all.units, (size_t)all.unit_count, sizeof *all.units, by_place);
    portrait->units = incload__alloc_array(mem, (size_t)all.unit_count, sizeof *portrait->units);
    portrait->attempts = incload__alloc_array(mem, (size_t)all.attempt_count, sizeof *portrait->attempts);
    if (portrait->units == NULL || portrait->attempts == NULL)
        status = incload__fail_memory(err);
    for (int64_t i = 0; i < all.unit_count && status == INCLOAD_OK; i++) {
        const incload__trail_unit *past = &all.units[i];
        /* Steps that were added since the steps were listed. */
        if (past->node >= portrait->picture.step_count)
            continue;
        fill_unit(portrait, flow, past, &portrait->attempts[used], &portrait->units[portrait->picture.unit_count++]);
        count_attempts(portrait, flow, past);
        used += past->attempt_count;
    }
    portrait->picture.units = portrait->units;
    free_copies(mem, &all);
    return status;
}
