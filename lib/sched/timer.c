/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/timer.h"

bool
incload__timer_reserve(incload__timer *timer, const incload__mem *mem, int32_t capacity)
{
    if (capacity <= timer->capacity)
        return true;
    incload__timer_entry *heap = incload__realloc(mem, timer->heap, (size_t)capacity * sizeof *heap);
    if (heap == NULL)
        return false;
    timer->heap = heap;
    int32_t *places = incload__realloc(mem, timer->places, (size_t)capacity * sizeof *places);
    if (places == NULL)
        return false;
    timer->places = places;
    for (int32_t i = timer->capacity; i < capacity; i++)
        places[i] = -1;
    timer->capacity = capacity;
    return true;
}

void
incload__timer_free(incload__timer *timer, const incload__mem *mem)
{
    incload__free(mem, timer->heap);
    incload__free(mem, timer->places);
    *timer = (incload__timer){ .count = 0 };
}

static void
put(incload__timer *timer, int32_t place, incload__timer_entry entry)
{
    timer->heap[place] = entry;
    timer->places[entry.id] = place;
}

static void
rise(incload__timer *timer, int32_t place, incload__timer_entry entry)
{
    while (place > 0 && timer->heap[(place - 1) / 2].at_us > entry.at_us) {
        put(timer, place, timer->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(timer, place, entry);
}

static void
sink(incload__timer *timer, int32_t place, incload__timer_entry entry)
{
    for (int32_t below = 2 * place + 1; below < timer->count; below = 2 * place + 1) {
        if (below + 1 < timer->count && timer->heap[below + 1].at_us < timer->heap[below].at_us)
            below++;
        if (timer->heap[below].at_us >= entry.at_us)
            break;
        put(timer, place, timer->heap[below]);
        place = below;
    }
    put(timer, place, entry);
}

static void
settle(incload__timer *timer, int32_t place, incload__timer_entry entry)
{
    if (place > 0 && timer->heap[(place - 1) / 2].at_us > entry.at_us)
        rise(timer, place, entry);
    else
        sink(timer, place, entry);
}

void
incload__timer_set(incload__timer *timer, int32_t id, int64_t at_us)
{
    incload__timer_entry entry = { at_us, id };

    if (at_us == INT64_MAX)
        incload__timer_drop(timer, id);
    else if (timer->places[id] >= 0)
        settle(timer, timer->places[id], entry);
    else
        rise(timer, timer->count++, entry);
}

void
incload__timer_drop(incload__timer *timer, int32_t id)
{
    int32_t place = timer->places[id];

    if (place < 0)
        return;
    timer->places[id] = -1;
    timer->count--;
    if (place < timer->count)
        settle(timer, place, timer->heap[timer->count]);
}

int32_t
incload__timer_due(const incload__timer *timer, int64_t now_us)
{
    return timer->count > 0 && timer->heap[0].at_us <= now_us ? timer->heap[0].id : -1;
}

int64_t
incload__timer_next(const incload__timer *timer)
{
    return timer->count > 0 ? timer->heap[0].at_us : INT64_MAX;
}
