/* SPDX-License-Identifier: Apache-2.0 */
#include "run/selection.h"

#include <string.h>

#include "base/hash.h"

static int32_t
state_of(incload__unit_walk *walk, const incload__range_unit *unit)
{
    const incload__selection *selection = walk->selection;

    if (selection->state != NULL)
        return selection->state(selection->range, unit, selection->data);
    if (selection->coverage == NULL)
        return INCLOAD__COVER_NONE;
    return incload__covers_state_near(selection->coverage, unit->parts[0].lo, unit->parts[0].hi, &walk->near);
}

bool
incload__selection_takes(int32_t select, int32_t state)
{
    /* By selection and state. */
    static const bool takes[][INCLOAD__COVER_DONE + 1] = {
        [INCLOAD__SELECT_MISSING] = { [INCLOAD__COVER_NONE] = true, [INCLOAD__COVER_FAILED] = true },
        [INCLOAD__SELECT_FAILED] = { [INCLOAD__COVER_FAILED] = true },
        [INCLOAD__SELECT_STALE] = { [INCLOAD__COVER_STALE] = true },
        [INCLOAD__SELECT_ALL] = { true, true, true, true },
    };

    return takes[select][state];
}

void
incload__unit_walk_init(incload__unit_walk *walk, const incload__selection *selection)
{
    *walk = (incload__unit_walk){ .selection = selection };
    incload__order_init(&walk->order, selection->order, incload__range_count(selection->range));
}

bool
incload__unit_walk_next(incload__unit_walk *walk, incload__range_unit *unit)
{
    const incload__selection *selection = walk->selection;
    int64_t ordinal;

    while (incload__order_next(&walk->order, &ordinal)) {
        *unit = incload__range_near(selection->range, ordinal, &walk->hint);
        if (selection->select == INCLOAD__SELECT_ALL
            || incload__selection_takes(selection->select, state_of(walk, unit)))
            return true;
    }
    return false;
}

/* ---- the fingerprint ---- */

/* The clock as it is in the range, not the version of tzdata: a change of some other year is none of this plan. */
static void
add_zone(incload__hash *hash, const incload__zone *zone, int64_t from, int64_t to)
{
    incload__hash_text(hash, incload__zone_name(zone));
    for (int64_t at = from; at < to;) {
        incload__zone_span span = incload__zone_span_at(zone, at);
        incload__hash_number(hash, span.offset);
        incload__hash_number(hash, span.to < to ? span.to : to);
        at = span.to;
    }
}

static void
add_axis(incload__hash *hash, const incload__range *range, int32_t axis)
{
    incload__unit_part whole = incload__range_whole(range, axis);

    incload__hash_number(hash, incload__range_kind(range, axis));
    incload__hash_number(hash, whole.lo);
    incload__hash_number(hash, whole.hi);
    if (incload__range_kind(range, axis) != INCLOAD__RANGE_TIME)
        return;
    incload__grain grain = incload__range_grain(range, axis);
    incload__hash_number(hash, grain.base);
    incload__hash_number(hash, grain.count);
    add_zone(hash, incload__range_zone(range, axis), whole.lo / 1000000, whole.hi / 1000000);
}

/* States of units, in runs: a million that nobody loaded are one. */
typedef struct run_of_states {
    int32_t state;
    int64_t length;
} run_of_states;

static void
add_state(incload__hash *hash, run_of_states *states, int32_t state)
{
    if (state == states->state) {
        states->length++;
        return;
    }
    incload__hash_number(hash, states->state);
    incload__hash_number(hash, states->length);
    states->state = state;
    states->length = 1;
}

/* Keys are no rule: each counts. Integers and time are told by their ends and where the first unit ends. */
static void
add_unit(incload__hash *hash, const incload__range *range, const incload__range_unit *unit)
{
    for (int32_t i = 0; i < incload__range_axes(range); i++) {
        if (unit->parts[i].key != NULL)
            incload__hash_text(hash, unit->parts[i].key);
        else if (unit->ordinal == 0)
            incload__hash_number(hash, unit->parts[i].hi);
    }
}

static bool
has_keys(const incload__range *range)
{
    for (int32_t i = 0; i < incload__range_axes(range); i++) {
        if (incload__range_kind(range, i) == INCLOAD__RANGE_KEYS)
            return true;
    }
    return false;
}

static void
write_hash(const incload__hash *hash, char out[INCLOAD__FINGERPRINT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[INCLOAD__HASH_SIZE];

    incload__hash_end(hash, bytes);
    for (int i = 0; i < INCLOAD__HASH_SIZE; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * INCLOAD__HASH_SIZE] = '\0';
}

void
incload__unit_plan_make(const incload__selection *selection, const char *code, incload__unit_plan *out)
{
    const incload__range *range = selection->range;
    run_of_states states = { -1, 0 };
    incload__unit_walk walk = { .selection = selection };
    incload__hash hash;

    memset(out, 0, sizeof *out);
    out->units = incload__range_count(range);
    out->first = -1;
    out->last = -1;
    bool by_key = has_keys(range);
    incload__hash_init(&hash);
    incload__hash_text(&hash, "units 1");
    incload__hash_text(&hash, code);
    incload__hash_number(&hash, selection->select);
    incload__hash_number(&hash, out->units);
    for (int32_t i = 0; i < incload__range_axes(range); i++)
        add_axis(&hash, range, i);
    for (int64_t i = 0; i < out->units; i++) {
        incload__range_unit unit = incload__range_near(range, i, &walk.hint);
        int32_t state = state_of(&walk, &unit);
        if (i == 0 || by_key)
            add_unit(&hash, range, &unit);
        add_state(&hash, &states, state);
        out->by_state[state]++;
        if (!incload__selection_takes(selection->select, state))
            continue;
        out->taken++;
        out->last = i;
        if (out->first < 0)
            out->first = i;
    }
    add_state(&hash, &states, -2);
    write_hash(&hash, out->fingerprint);
}

int32_t
incload__unit_plan_check(const incload__unit_plan *plan, const incload__selection *selection, const char *code,
                         incload_error **err)
{
    incload__unit_plan now;

    incload__unit_plan_make(selection, code, &now);
    if (strcmp(plan->fingerprint, now.fingerprint) == 0)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_STATE,
                         "the plan is out of date: it takes %lld of %lld units, now it would be %lld of %lld: plan "
                         "again and look at it before applying it",
                         (long long)plan->taken, (long long)plan->units, (long long)now.taken, (long long)now.units);
}
