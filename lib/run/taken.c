/* SPDX-License-Identifier: Apache-2.0 */
/* Ordinals as ranges, and the order in which they are handed out. */
#include "run/backfill_spec.h"

#include "base/utf8.h"

void
incload__taken_free(incload__taken *taken)
{
    incload__free(taken->mem, taken->ranges);
    taken->ranges = NULL;
    taken->count = taken->capacity = taken->places = 0;
}

static bool
add_range(incload__taken *taken, int64_t first, int64_t last)
{
    if (taken->count == taken->capacity) {
        int64_t capacity = taken->capacity > 0 ? 2 * taken->capacity : 8;
        void *ranges = incload__realloc(taken->mem, taken->ranges, (size_t)capacity * sizeof *taken->ranges);
        if (ranges == NULL)
            return false;
        taken->ranges = ranges;
        taken->capacity = capacity;
    }
    taken->ranges[taken->count].first = first;
    taken->ranges[taken->count].last = last;
    taken->ranges[taken->count++].before = taken->places;
    taken->places += last - first + 1;
    return true;
}

int32_t
incload__taken_add(incload__taken *taken, int64_t ordinal, incload_error **err)
{
    if (taken->count > 0 && taken->ranges[taken->count - 1].last == ordinal - 1) {
        taken->ranges[taken->count - 1].last = ordinal;
        taken->places++;
        return INCLOAD_OK;
    }
    return add_range(taken, ordinal, ordinal) ? INCLOAD_OK : incload__fail_memory(err);
}

void
incload__taken_print(const incload__taken *taken, incload__str *out)
{
    for (int64_t i = 0; i < taken->count; i++) {
        incload__str_addf(out, "%s%lld", i > 0 ? "," : "", (long long)taken->ranges[i].first);
        if (taken->ranges[i].last > taken->ranges[i].first)
            incload__str_addf(out, "-%lld", (long long)taken->ranges[i].last);
    }
}

/* Digits at *at, which moves behind them. */
static bool
read_number(const char **at, int64_t *out)
{
    const char *begin = *at;

    while (**at >= '0' && **at <= '9')
        ++*at;
    return incload__parse_int64(begin, (size_t)(*at - begin), out);
}

bool
incload__taken_parse(incload__taken *taken, const char *text, int64_t units)
{
    int64_t next = 0;

    while (*text != '\0') {
        int64_t first = 0, last;
        if (!read_number(&text, &first))
            return false;
        last = first;
        if (*text == '-' && (text++, !read_number(&text, &last)))
            return false;
        if (first < next || last < first || last >= units || !add_range(taken, first, last))
            return false;
        next = last + 1;
        if (*text != '\0' && (*text != ',' || *++text == '\0'))
            return false;
    }
    return true;
}

int64_t
incload__taken_at(const incload__taken *taken, int64_t place)
{
    int64_t low = 0, high = taken->count - 1;

    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        if (taken->ranges[middle].before <= place)
            low = middle;
        else
            high = middle - 1;
    }
    return taken->ranges[low].first + (place - taken->ranges[low].before);
}

/* ---- the order ---- */

int32_t
incload__sequence_init(incload__sequence *sequence, int32_t order, incload_error **err)
{
    int64_t places = sequence->taken.places, place = 0;
    incload__order walk;

    sequence->order = order;
    if (order != INCLOAD__ORDER_BISECT || places == 0)
        return INCLOAD_OK;
    if (places > INT32_MAX)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "order=bisect takes at most %d units: take a coarser grain, or order=oldest",
                             (int)INT32_MAX);
    /* Where the bisection is can only be told by going there. */
    sequence->bisected = incload__alloc_array(sequence->mem, (size_t)places, sizeof *sequence->bisected);
    if (sequence->bisected == NULL)
        return incload__fail_memory(err);
    incload__order_init(&walk, order, places);
    for (int64_t i = 0; i < places && incload__order_next(&walk, &place); i++)
        sequence->bisected[i] = (int32_t)place;
    return INCLOAD_OK;
}

int64_t
incload__sequence_at(const incload__sequence *sequence, int64_t seq)
{
    int64_t place = sequence->bisected != NULL                 ? sequence->bisected[seq]
                    : sequence->order == INCLOAD__ORDER_NEWEST ? sequence->taken.places - 1 - seq
                                                               : seq;

    return incload__taken_at(&sequence->taken, place);
}

void
incload__sequence_free(incload__sequence *sequence)
{
    if (sequence->mem == NULL)
        return;
    incload__free(sequence->mem, sequence->bisected);
    incload__taken_free(&sequence->taken);
    sequence->bisected = NULL;
}
