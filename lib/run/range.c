/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "run/range_internal.h"

incload__range *
incload__range_new(const incload__mem *mem, int32_t kind, incload_error **err)
{
    incload__range *range = incload__alloc(mem, sizeof *range);

    if (range == NULL) {
        (void)incload__fail_memory(err);
        return NULL;
    }
    range->mem = mem;
    range->axes = 1;
    range->axis[0].kind = kind;
    return range;
}

static void
free_axis(const incload__mem *mem, incload__axis *axis)
{
    for (int64_t i = 0; axis->keys != NULL && i < axis->count; i++)
        incload__free(mem, axis->keys[i]);
    incload__free(mem, axis->keys);
    if (axis->kind == INCLOAD__RANGE_TIME)
        incload__grid_free(&axis->grid);
}

void
incload__range_free(incload__range *range)
{
    if (range == NULL)
        return;
    for (int32_t i = 0; i < range->axes; i++)
        free_axis(range->mem, &range->axis[i]);
    incload__free(range->mem, range);
}

/* ---- integers ---- */

incload__range *
incload__range_integers(const incload__mem *mem, int64_t from, int64_t to, int64_t step, incload_error **err)
{
    if (from > to || step < 1) {
        (void)incload__fail(err, INCLOAD_E_INVALID,
                            from > to ? "the range ends before it begins: swap its ends"
                                      : "units of a range of integers must be 1 or more wide");
        return NULL;
    }
    uint64_t width = (uint64_t)to - (uint64_t)from;
    uint64_t count = width / (uint64_t)step + (width % (uint64_t)step != 0 ? 1 : 0);
    if (count > INT64_MAX) {
        (void)incload__fail(err, INCLOAD_E_INVALID, "the range has too many units: make them wider");
        return NULL;
    }
    incload__range *range = incload__range_new(mem, INCLOAD__RANGE_INTEGERS, err);
    if (range == NULL)
        return NULL;
    range->axis[0].from = from;
    range->axis[0].to = to;
    range->axis[0].step = step;
    range->axis[0].count = (int64_t)count;
    range->count = (int64_t)count;
    return range;
}

/* ---- keys ---- */

/* FNV-1a: the table of one list of keys that the host itself gave. */
static uint64_t
hash_of(const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(1099511628211);
    return hash;
}

/* A key that came twice would be loaded twice. */
static int32_t
refuse_twins(const incload__mem *mem, char *const *keys, int64_t count, incload_error **err)
{
    uint64_t slots = 16;

    while (slots < 2 * (uint64_t)count)
        slots *= 2;
    char **table = incload__alloc_array(mem, slots, sizeof *table);
    if (table == NULL)
        return incload__fail_memory(err);
    int32_t status = INCLOAD_OK;
    for (int64_t i = 0; i < count && status == INCLOAD_OK; i++) {
        uint64_t slot = hash_of(keys[i]) & (slots - 1);
        while (table[slot] != NULL && strcmp(table[slot], keys[i]) != 0)
            slot = (slot + 1) & (slots - 1);
        if (table[slot] != NULL)
            status = incload__fail(err, INCLOAD_E_INVALID,
                                   "the key at place %lld of the list is there before: name each key once",
                                   (long long)i + 1);
        table[slot] = keys[i];
    }
    incload__free(mem, table);
    return status;
}

static int32_t
copy_keys(incload__range *range, const char *const *keys, int64_t count, incload_error **err)
{
    incload__axis *axis = &range->axis[0];

    axis->keys = incload__alloc_array(range->mem, (size_t)count, sizeof *axis->keys);
    if (axis->keys == NULL)
        return incload__fail_memory(err);
    for (; axis->count < count; axis->count++) {
        const char *key = keys[axis->count];
        if (key == NULL || key[0] == '\0')
            return incload__fail(err, INCLOAD_E_INVALID, "the key at place %lld of the list is empty",
                                 (long long)axis->count + 1);
        axis->keys[axis->count] = incload__strdup(range->mem, key);
        if (axis->keys[axis->count] == NULL)
            return incload__fail_memory(err);
    }
    axis->to = count;
    range->count = count;
    return refuse_twins(range->mem, axis->keys, count, err);
}

incload__range *
incload__range_keys(const incload__mem *mem, const char *const *keys, int64_t count, incload_error **err)
{
    if (count < 0 || count > INT32_MAX) {
        (void)incload__fail(err, INCLOAD_E_INVALID, "a list of keys holds 0 to 2147483647 of them");
        return NULL;
    }
    incload__range *range = incload__range_new(mem, INCLOAD__RANGE_KEYS, err);
    if (range == NULL || copy_keys(range, keys, count, err) == INCLOAD_OK)
        return range;
    incload__range_free(range);
    return NULL;
}

/* ---- products ---- */

incload__range *
incload__range_product(incload__range *outer, incload__range *inner, incload_error **err)
{
    const char *why = NULL;
    int64_t count = 0;

    if (outer == NULL || inner == NULL) {
        incload__range_free(outer);
        incload__range_free(inner);
        return NULL;
    }
    if (outer->axes != 1 || inner->axes != 1)
        why = "a product is made of two ranges, neither of them a product";
    else if (__builtin_mul_overflow(outer->count, inner->count, &count))
        why = "the product of the ranges has too many units: make them wider";
    if (why != NULL) {
        (void)incload__fail(err, INCLOAD_E_INVALID, "%s", why);
        incload__range_free(outer);
        incload__range_free(inner);
        return NULL;
    }
    outer->axis[1] = inner->axis[0];
    outer->axes = 2;
    outer->count = count;
    incload__free(inner->mem, inner);
    return outer;
}

/* ---- asking ---- */

static incload__unit_part
time_part(const incload__axis *axis, int64_t ordinal, int32_t *piece)
{
    int64_t lo = incload__grid_boundary_near(&axis->grid, axis->first + ordinal, piece) * INCLOAD__US;
    int64_t hi = incload__grid_boundary_near(&axis->grid, axis->first + ordinal + 1, piece) * INCLOAD__US;

    return (incload__unit_part){ lo < axis->from ? axis->from : lo, hi > axis->to ? axis->to : hi, NULL };
}

static incload__unit_part
integer_part(const incload__axis *axis, int64_t ordinal)
{
    int64_t lo = (int64_t)((uint64_t)axis->from + (uint64_t)ordinal * (uint64_t)axis->step);
    int64_t hi;

    if (__builtin_add_overflow(lo, axis->step, &hi) || hi > axis->to)
        hi = axis->to;
    return (incload__unit_part){ lo, hi, NULL };
}

static incload__unit_part
part_at(const incload__axis *axis, int64_t ordinal, int32_t *piece)
{
    switch (axis->kind) {
    case INCLOAD__RANGE_TIME:
        return time_part(axis, ordinal, piece);
    case INCLOAD__RANGE_INTEGERS:
        return integer_part(axis, ordinal);
    default:
        return (incload__unit_part){ ordinal, ordinal + 1, axis->keys[ordinal] };
    }
}

int64_t
incload__range_count(const incload__range *range)
{
    return range->count;
}

incload__range_unit
incload__range_near(const incload__range *range, int64_t ordinal, incload__range_hint *hint)
{
    incload__range_unit unit = { .ordinal = ordinal };

    if (range->axes == 1) {
        unit.parts[0] = part_at(&range->axis[0], ordinal, &hint->piece[0]);
        return unit;
    }
    unit.parts[0] = part_at(&range->axis[0], ordinal / range->axis[1].count, &hint->piece[0]);
    unit.parts[1] = part_at(&range->axis[1], ordinal % range->axis[1].count, &hint->piece[1]);
    return unit;
}

incload__range_unit
incload__range_at(const incload__range *range, int64_t ordinal)
{
    incload__range_hint hint = { 0 };

    return incload__range_near(range, ordinal, &hint);
}

int32_t
incload__range_axes(const incload__range *range)
{
    return range->axes;
}

int32_t
incload__range_kind(const incload__range *range, int32_t axis)
{
    return range->axis[axis].kind;
}

incload__unit_part
incload__range_whole(const incload__range *range, int32_t axis)
{
    return (incload__unit_part){ range->axis[axis].from, range->axis[axis].to, NULL };
}

const incload__zone *
incload__range_zone(const incload__range *range, int32_t axis)
{
    return range->axis[axis].calendar.zone;
}

incload__grain
incload__range_grain(const incload__range *range, int32_t axis)
{
    return range->axis[axis].calendar.grain;
}

bool
incload__range_repeats(const incload__range *range, int32_t axis)
{
    return range->axis[axis].kind == INCLOAD__RANGE_TIME && range->axis[axis].grid.repeats;
}
