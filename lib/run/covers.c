/* SPDX-License-Identifier: Apache-2.0 */
#include "run/covers.h"

#include <string.h>

static bool
is_loaded(int32_t state)
{
    return state == INCLOAD__COVER_DONE || state == INCLOAD__COVER_STALE;
}

/* The first cover that ends after `at`. */
static int64_t
find_after(const incload__covers *coverage, int64_t at)
{
    int64_t low = 0, high = coverage->count;

    /* The ledger tells mostly in order: the answer is often the end. */
    if (high == 0 || coverage->covers[high - 1].hi <= at)
        return high;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (coverage->covers[middle].hi <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int32_t
make_room(incload__covers *coverage, int64_t more, incload_error **err)
{
    int64_t capacity = coverage->capacity > 0 ? coverage->capacity : 16;

    if (coverage->count + more <= coverage->capacity)
        return INCLOAD_OK;
    while (capacity < coverage->count + more)
        capacity *= 2;
    void *grown = incload__realloc(coverage->mem, coverage->covers, (size_t)capacity * sizeof *coverage->covers);
    if (grown == NULL)
        return incload__fail_memory(err);
    coverage->covers = grown;
    coverage->capacity = capacity;
    return INCLOAD_OK;
}

/* Appended, or grown onto the one before that touches it and says the same. */
static int32_t
append(incload__cover *to, int32_t count, incload__cover next)
{
    if (next.lo >= next.hi)
        return count;
    if (count > 0 && to[count - 1].hi == next.lo && to[count - 1].state == next.state) {
        to[count - 1].hi = next.hi;
        return count;
    }
    to[count] = next;
    return count + 1;
}

/* [lo, hi) becomes `state`, whatever it was. */
static int32_t
put(incload__covers *coverage, int64_t lo, int64_t hi, int32_t state, incload_error **err)
{
    incload__cover fresh[5];
    int32_t count = 0;
    int32_t status = make_room(coverage, 2, err);

    if (status != INCLOAD_OK)
        return status;
    incload__cover *covers = coverage->covers;
    int64_t first = find_after(coverage, lo), last = first;
    while (last < coverage->count && covers[last].lo < hi)
        last++;
    /* With the neighbours that touch it, which may become one with what is put; what overlaps keeps what sticks out. */
    if (first > 0 && covers[first - 1].hi == lo)
        count = append(fresh, count, covers[--first]);
    else if (first < last && covers[first].lo < lo)
        count = append(fresh, count, (incload__cover){ covers[first].lo, lo, covers[first].state });
    count = append(fresh, count, (incload__cover){ lo, hi, state });
    if (last > first && covers[last - 1].hi > hi)
        count = append(fresh, count, (incload__cover){ hi, covers[last - 1].hi, covers[last - 1].state });
    else if (last < coverage->count && covers[last].lo == hi)
        count = append(fresh, count, covers[last++]);

    memmove(covers + first + count, covers + last, (size_t)(coverage->count - last) * sizeof *covers);
    memcpy(covers + first, fresh, (size_t)count * sizeof *covers);
    coverage->count += count - (last - first);
    return INCLOAD_OK;
}

int32_t
incload__covers_add(incload__covers *coverage, int64_t lo, int64_t hi, int32_t state, incload_error **err)
{
    int64_t gap_lo, gap_hi;
    int32_t status = INCLOAD_OK;

    if (lo >= hi)
        return INCLOAD_OK;
    if (is_loaded(state))
        return put(coverage, lo, hi, state, err);
    while (status == INCLOAD_OK && incload__covers_gap(coverage, lo, hi, &gap_lo, &gap_hi)) {
        status = put(coverage, gap_lo, gap_hi, state, err);
        lo = gap_hi;
    }
    return status;
}

void
incload__covers_free(incload__covers *coverage)
{
    incload__free(coverage->mem, coverage->covers);
    coverage->covers = NULL;
    coverage->count = 0;
    coverage->capacity = 0;
}

/* Is it the first cover that ends after `at`? */
static bool
is_first_after(const incload__covers *coverage, int64_t i, int64_t at)
{
    return i <= coverage->count && (i == 0 || coverage->covers[i - 1].hi <= at)
           && (i == coverage->count || coverage->covers[i].hi > at);
}

int32_t
incload__covers_state_near(const incload__covers *coverage, int64_t lo, int64_t hi, int64_t *near)
{
    bool stale = false, failed = false;
    int64_t loaded = lo;

    if (!is_first_after(coverage, *near, lo)) {
        bool next = is_first_after(coverage, *near + 1, lo);
        *near = next ? *near + 1 : find_after(coverage, lo);
    }
    for (int64_t i = *near; i < coverage->count && coverage->covers[i].lo < hi; i++) {
        const incload__cover *cover = &coverage->covers[i];
        stale = stale || cover->state == INCLOAD__COVER_STALE;
        failed = failed || cover->state == INCLOAD__COVER_FAILED;
        if (is_loaded(cover->state) && cover->lo <= loaded)
            loaded = cover->hi;
    }
    if (loaded >= hi)
        return stale ? INCLOAD__COVER_STALE : INCLOAD__COVER_DONE;
    return failed ? INCLOAD__COVER_FAILED : INCLOAD__COVER_NONE;
}

int32_t
incload__covers_state(const incload__covers *coverage, int64_t lo, int64_t hi)
{
    int64_t near = 0;

    return incload__covers_state_near(coverage, lo, hi, &near);
}

bool
incload__covers_gap(const incload__covers *coverage, int64_t from, int64_t to, int64_t *lo, int64_t *hi)
{
    int64_t i = find_after(coverage, from);

    *lo = from;
    for (; i < coverage->count && is_loaded(coverage->covers[i].state) && coverage->covers[i].lo <= *lo; i++)
        *lo = coverage->covers[i].hi;
    /* A failure fills nothing. */
    while (i < coverage->count && !is_loaded(coverage->covers[i].state))
        i++;
    *hi = i < coverage->count && coverage->covers[i].lo < to ? coverage->covers[i].lo : to;
    return *lo < to;
}
