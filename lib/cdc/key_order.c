/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/key_order.h"

#include "base/utf8.h"

/* Numbers in the order of numbers, before all texts. */
static uint64_t
place_of(const incload__cell *cell)
{
    uint64_t place = 0;
    int64_t number = 0;

    if (incload__parse_int64(cell->text, cell->length, &number))
        return ((uint64_t)number ^ (uint64_t)1 << 63) >> 1;
    for (uint32_t i = 0; i < sizeof place; i++)
        place = place << 8 | (i < cell->length ? (unsigned char)cell->text[i] : 0);
    return place >> 1 | (uint64_t)1 << 63;
}

static void
merge_halves(const incload__key_place *from, int64_t middle, int64_t count, incload__key_place *to)
{
    int64_t left = 0, right = middle;

    for (int64_t i = 0; i < count; i++) {
        bool second = left == middle || (right < count && from[right].place < from[left].place);
        to[i] = second ? from[right++] : from[left++];
    }
}

static bool
is_sorted(const incload__key_place *places, int64_t count)
{
    for (int64_t i = 1; i < count; i++) {
        if (places[i - 1].place > places[i].place)
            return false;
    }
    return true;
}

/* Bottom up; the sorted one of the two is returned. */
static incload__key_place *
sort(incload__key_place *places, incload__key_place *other, int64_t count)
{
    for (int64_t width = 1; width < count; width *= 2) {
        for (int64_t at = 0; at < count; at += 2 * width) {
            int64_t part = count - at < 2 * width ? count - at : 2 * width;
            merge_halves(places + at, width < part ? width : part, part, other + at);
        }
        incload__key_place *sorted = other;
        other = places;
        places = sorted;
    }
    return places;
}

incload__key_place *
incload__key_order(const incload__fold *fold)
{
    size_t count = (size_t)fold->count + 1;
    incload__key_place *places = incload__alloc_array(fold->mem, count, sizeof *places), *other = NULL;

    if (places == NULL)
        return NULL;
    for (int64_t i = 0; i < fold->count; i++)
        places[i] = (incload__key_place){ place_of(fold->rows[i].key[0]), i };
    if (is_sorted(places, fold->count))
        return places;
    other = incload__alloc_array(fold->mem, count, sizeof *other);
    incload__key_place *sorted = other != NULL ? sort(places, other, fold->count) : NULL;
    if (sorted != places)
        incload__free(fold->mem, places);
    if (sorted != other)
        incload__free(fold->mem, other);
    return sorted;
}
