/* SPDX-License-Identifier: Apache-2.0 */
#include "run/trail.h"

#include <string.h>

enum { FIRST_ROOM = 64, WORTH_IT = INCLOAD__TRAIL_KEPT / 16 };

void
incload__trail_init(incload__trail *trail, const incload__mem *mem)
{
    *trail = (incload__trail){ .mem = mem, .stride = 1 };
}

void
incload__trail_unit_free(const incload__mem *mem, incload__trail_unit *past)
{
    incload__free(mem, past->attempts);
    incload_error_unref(past->error);
    past->attempts = NULL;
    past->attempt_count = 0;
    past->error = NULL;
}

void
incload__trail_free(incload__trail *trail)
{
    for (int32_t i = 0; i < trail->count; i++)
        incload__trail_unit_free(trail->mem, &trail->units[i]);
    incload__free(trail->mem, trail->units);
    trail->units = NULL;
    trail->count = 0;
}

/* ---- slots ---- */

/* The lowest that is free; past the last one attempts share it. */
static int16_t
take_slot(incload__trail *trail)
{
    for (int32_t i = 0; i < INCLOAD__TRAIL_SLOTS / 64; i++) {
        uint64_t free_bits = ~trail->busy[i];
        if (free_bits == 0)
            continue;
        int32_t bit = __builtin_ctzll(free_bits);
        trail->busy[i] |= UINT64_C(1) << bit;
        return (int16_t)(i * 64 + bit);
    }
    return INCLOAD__TRAIL_SLOTS;
}

static void
give_slot(incload__trail *trail, int16_t slot)
{
    if (slot < INCLOAD__TRAIL_SLOTS)
        trail->busy[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

/* ---- attempts ---- */

/* Of a unit that is tried for ever the last attempt takes the place of the one before it. */
static incload__trail_attempt *
next_attempt(const incload__mem *mem, incload__trail_unit *past)
{
    int32_t count = past->attempt_count;

    if (count == INCLOAD__TRAIL_ATTEMPTS)
        return &past->attempts[count - 1];
    if ((count & (count - 1)) == 0) {
        size_t room = count > 0 ? 2 * (size_t)count : 1;
        incload__trail_attempt *attempts = incload__realloc(mem, past->attempts, room * sizeof *attempts);
        if (attempts == NULL)
            return NULL;
        past->attempts = attempts;
    }
    past->attempt_count++;
    return &past->attempts[count];
}

int64_t
incload__trail_begin(incload__trail *trail, incload__trail_unit *past, int64_t now_us)
{
    incload__trail_end(trail, past, now_us, INCLOAD_STATUS_FAILED, 0);
    if (now_us < trail->last_us)
        now_us = trail->last_us;
    trail->last_us = now_us;
    past->begun++;
    past->status = INCLOAD_STATUS_RUNNING;
    past->reason = 0;
    incload__trail_attempt *attempt = next_attempt(trail->mem, past);
    if (attempt != NULL)
        *attempt = (incload__trail_attempt){
            .start_us = now_us,
            .slot = take_slot(trail),
            .status = INCLOAD_STATUS_RUNNING,
        };
    return now_us;
}

void
incload__trail_end(incload__trail *trail, incload__trail_unit *past, int64_t now_us, int32_t status, int32_t reason)
{
    incload__trail_attempt *last = past->attempt_count > 0 ? &past->attempts[past->attempt_count - 1] : NULL;

    if (last == NULL || last->end_us != 0)
        return;
    last->end_us = now_us > last->start_us ? now_us : last->start_us;
    last->status = (int8_t)status;
    last->reason = (uint8_t)reason;
    if (last->end_us > trail->last_us)
        trail->last_us = last->end_us;
    give_slot(trail, last->slot);
}

/* ---- units that have ended ---- */

static bool
is_plain(const incload__trail_unit *past)
{
    return past->status == INCLOAD_STATUS_SUCCESS && past->begun <= 1;
}

/* Lets every second go of those that succeeded at once, and takes half as many in from now on. */
static void
thin_out(incload__trail *trail)
{
    int32_t kept = 0;
    int64_t plain = 0;

    for (int32_t i = 0; i < trail->count; i++) {
        incload__trail_unit *past = &trail->units[i];
        if (is_plain(past) && plain++ % 2 != 0) {
            incload__trail_unit_free(trail->mem, past);
            continue;
        }
        trail->units[kept++] = *past;
    }
    trail->plain_kept -= trail->count - kept;
    trail->count = kept;
    trail->stride *= 2;
}

static bool
make_room(incload__trail *trail)
{
    if (trail->count == INCLOAD__TRAIL_KEPT && trail->plain_kept >= WORTH_IT)
        thin_out(trail);
    if (trail->count < trail->capacity)
        return true;
    if (trail->count == INCLOAD__TRAIL_KEPT)
        return false;
    int32_t capacity = trail->capacity > 0 ? 2 * trail->capacity : FIRST_ROOM;
    if (capacity > INCLOAD__TRAIL_KEPT)
        capacity = INCLOAD__TRAIL_KEPT;
    incload__trail_unit *units = incload__realloc(trail->mem, trail->units, (size_t)capacity * sizeof *units);
    if (units == NULL)
        return false;
    trail->units = units;
    trail->capacity = capacity;
    return true;
}

void
incload__trail_keep(incload__trail *trail, incload__trail_unit *past)
{
    past->number = ++trail->ended;
    bool plain = is_plain(past);
    bool wanted = !plain || trail->plain++ % trail->stride == 0;
    if (wanted && make_room(trail)) {
        trail->units[trail->count++] = *past;
        trail->plain_kept += plain ? 1 : 0;
    } else {
        incload__trail_unit_free(trail->mem, past);
    }
    memset(past, 0, sizeof *past);
}

bool
incload__trail_unit_copy(const incload__mem *mem, const incload__trail_unit *past, incload__trail_unit *out)
{
    *out = *past;
    out->attempts = incload__alloc_array(mem, (size_t)past->attempt_count, sizeof *out->attempts);
    if (out->attempts == NULL) {
        *out = (incload__trail_unit){ 0 };
        return false;
    }
    if (past->attempt_count > 0)
        memcpy(out->attempts, past->attempts, (size_t)past->attempt_count * sizeof *out->attempts);
    out->error = incload_error_ref(past->error);
    return true;
}
