/* SPDX-License-Identifier: Apache-2.0 */
/* detect_deletes=digest: which ranges of keys differ between source and target, found by sums that the two servers
 * compute. Only the source's keys in those ranges travel, and only the target's rows in them can be deleted. Ranges
 * that differ are divided and compared again, as long as that saves keys. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "batch/number.h"
#include "dialect/key_digest.h"
#include "load/internal.h"
#include "load/verify_digest.h"

enum {
    FIRST_RANGES = 4096,
    FINER = 64,
    MOST_GROUPS = 100000, /* of one query: a small result */
    FEW_KEYS = 256,       /* which travel rather than be compared once more */
    FEW_RANGES = 64       /* which an index finds; more are looked up in a list */
};

typedef struct group {
    int64_t range;
    incload__bucket sums;
} group;

typedef struct groups {
    group *items;
    int64_t count;
} groups;

/* The ranges that differ, in their order. */
typedef struct ranges {
    int64_t *items;
    int64_t count;
    int64_t rows; /* in them, on both sides */
} ranges;

enum { SOURCE, TARGET, SIDES };

typedef struct digest {
    incload__load *load;
    incload__key_digest sides[SIDES];
    incload__conn *conns[SIDES];
    char *places[SIDES];
    char *only[SIDES];
    char seed[40];
    int64_t low, high;
    uint64_t width;
    int64_t source_keys;
    bool without_number; /* a key has no place: it is NULL */
} digest;

/* ---- asking the servers ---- */

static int32_t
add_from(digest *d, int32_t side, incload__sql *sql, incload_error **err)
{
    if (side == SOURCE)
        return incload__sql_from(d->load, sql, err);
    incload__str_add(&sql->text, " FROM ");
    int32_t status = incload__quote_table(d->load->to->dialect, &sql->text, &d->load->target_name, err);
    incload__str_add(&sql->text, " AS t");
    return status;
}

static int32_t
ask(digest *d, int32_t side, incload__sql *sql, incload__rows *rows, incload_error **err)
{
    int32_t status = incload__load_check(d->load, err);

    if (status == INCLOAD_OK)
        status = incload__sql_check(sql, err);
    if (status == INCLOAD_OK)
        status = d->conns[side]->driver->select(d->conns[side], incload__str_text(&sql->text), sql->params, sql->count,
                                                rows, err);
    return status;
}

static int32_t
find_ends(digest *d, int32_t side, bool *any, incload_error **err)
{
    incload__rows rows = { .mem = d->load->mem };
    incload__sql sql;
    int64_t low = 0, high = 0;

    incload__sql_init(d->load, &sql);
    incload__str_addf(&sql.text, "SELECT MIN(%s), MAX(%s)", d->places[side], d->places[side]);
    int32_t status = add_from(d, side, &sql, err);
    if (status == INCLOAD_OK)
        status = ask(d, side, &sql, &rows, err);
    const char *first = status == INCLOAD_OK ? incload__rows_get(&rows, 0, 0) : NULL;
    const char *last = status == INCLOAD_OK ? incload__rows_get(&rows, 0, 1) : NULL;
    if (first != NULL && last != NULL) {
        if (!incload__parse_int64(first, strlen(first), &low) || !incload__parse_int64(last, strlen(last), &high))
            status = incload__fail(err, INCLOAD_E_PROTOCOL, "the least and greatest key are no whole numbers");
        d->low = !*any || low < d->low ? low : d->low;
        d->high = !*any || high > d->high ? high : d->high;
        *any = true;
    }
    incload__rows_free(&rows);
    incload__sql_free(&sql);
    return status;
}

static bool
take_group(digest *d, const incload__rows *rows, int64_t row, group *out)
{
    __int128 numbers[4];

    for (int32_t i = 0; i < 4; i++) {
        const char *cell = incload__rows_get(rows, row, i);
        d->without_number = d->without_number || cell == NULL;
        if (cell == NULL || !incload__decimal_parse(cell, strlen(cell), 0, &numbers[i]))
            return false;
    }
    /* The lower 64 bits of an exact sum are the sum modulo 2^64, whether the server's halves have a sign or not. */
    *out = (group){ (int64_t)numbers[0], { (int64_t)numbers[1], { (uint64_t)numbers[2], (uint64_t)numbers[3] } } };
    return true;
}

static int32_t
read_groups(digest *d, int32_t side, groups *out, incload_error **err)
{
    incload__rows rows = { .mem = d->load->mem };
    incload__str from = INCLOAD__STR(d->load->mem);
    incload__sql sql;

    incload__sql_init(d->load, &sql);
    int32_t status = add_from(d, side, &sql, err);
    incload__str_add(&from, incload__str_text(&sql.text));
    incload__str_clear(&sql.text);
    if (status == INCLOAD_OK && from.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__key_digest_query(&sql.text, &d->sides[side], incload__str_text(&from), d->only[side], d->low,
                                           d->width, err);
    if (status == INCLOAD_OK)
        status = ask(d, side, &sql, &rows, err);
    if (status == INCLOAD_OK) {
        out->items = incload__alloc_array(d->load->mem, (size_t)rows.count + 1, sizeof *out->items);
        if (out->items == NULL)
            status = incload__fail_memory(err);
    }
    for (int64_t row = 0; row < rows.count && status == INCLOAD_OK && !d->without_number; row++) {
        if (take_group(d, &rows, row, &out->items[row]))
            out->count++;
        else if (!d->without_number)
            status = incload__fail(err, INCLOAD_E_PROTOCOL, "the server's digest is not in the form it was asked for");
    }
    incload__rows_free(&rows);
    incload__str_free(&from);
    incload__sql_free(&sql);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, side == SOURCE ? "source" : "target");
    return status;
}

/* ---- comparing ---- */

/* Both lists are in the order of ranges. */
static void
find_differences(const groups sides[SIDES], ranges *out)
{
    static const incload__bucket none;
    int64_t at[SIDES] = { 0, 0 };

    while (at[SOURCE] < sides[SOURCE].count || at[TARGET] < sides[TARGET].count) {
        const group *source = at[SOURCE] < sides[SOURCE].count ? &sides[SOURCE].items[at[SOURCE]] : NULL;
        const group *target = at[TARGET] < sides[TARGET].count ? &sides[TARGET].items[at[TARGET]] : NULL;
        bool has_source = source != NULL && (target == NULL || source->range <= target->range);
        bool has_target = target != NULL && (source == NULL || target->range <= source->range);
        const incload__bucket *a = has_source ? &source->sums : &none, *b = has_target ? &target->sums : &none;

        if (!incload__bucket_equal(a, b)) {
            out->items[out->count++] = has_source ? source->range : target->range;
            out->rows += a->rows + b->rows;
        }
        at[SOURCE] += has_source;
        at[TARGET] += has_target;
    }
}

static int32_t
compare(digest *d, bool first, ranges *out, incload_error **err)
{
    groups sides[SIDES] = { { NULL, 0 }, { NULL, 0 } };
    int32_t status = INCLOAD_OK;

    for (int32_t side = SOURCE; side < SIDES && status == INCLOAD_OK && !d->without_number; side++)
        status = read_groups(d, side, &sides[side], err);
    for (int64_t i = 0; first && i < sides[SOURCE].count; i++)
        d->source_keys += sides[SOURCE].items[i].sums.rows;
    incload__free(d->load->mem, out->items);
    *out = (ranges){ NULL, 0, 0 };
    if (status == INCLOAD_OK && !d->without_number) {
        out->items = incload__alloc_array(d->load->mem, (size_t)(sides[SOURCE].count + sides[TARGET].count) + 1,
                                          sizeof *out->items);
        if (out->items == NULL)
            status = incload__fail_memory(err);
        else
            find_differences(sides, out);
    }
    incload__free(d->load->mem, sides[SOURCE].items);
    incload__free(d->load->mem, sides[TARGET].items);
    return status;
}

/* ---- the ranges as a condition ---- */

static void
add_bounds(const digest *d, incload__str *out, const char *place, int64_t first, int64_t last)
{
    __int128 low = (__int128)d->low + (__int128)d->width * first;
    __int128 high = (__int128)d->low + (__int128)d->width * (last + 1) - 1;

    if (high > d->high)
        high = d->high;
    incload__str_addf(out, "(%s >= %lld AND %s <= %lld)", place, (long long)low, place, (long long)high);
}

static void
add_list(const digest *d, int32_t side, incload__str *out, const ranges *which)
{
    incload__key_digest_range(out, &d->sides[side], d->places[side], d->low, d->width);
    incload__str_add(out, " IN (");
    for (int64_t i = 0; i < which->count; i++)
        incload__str_addf(out, "%s%lld", i > 0 ? "," : "", (long long)which->items[i]);
    incload__str_add(out, ")");
}

/* Neighbours are one. */
static int64_t
count_stretches(const ranges *which)
{
    int64_t count = 0;

    for (int64_t i = 0; i < which->count; i++)
        count += i == 0 || which->items[i] != which->items[i - 1] + 1;
    return count;
}

static int32_t
write_condition(digest *d, int32_t side, const ranges *which, incload_error **err)
{
    incload__str out = INCLOAD__STR(d->load->mem);

    if (count_stretches(which) > FEW_RANGES) {
        add_list(d, side, &out, which);
    } else {
        for (int64_t first = 0, last; first < which->count; first = last + 1) {
            for (last = first; last + 1 < which->count && which->items[last + 1] == which->items[last] + 1;)
                last++;
            incload__str_add(&out, first > 0 ? " OR " : "(");
            add_bounds(d, &out, d->places[side], which->items[first], which->items[last]);
        }
        incload__str_add(&out, ")");
    }
    incload__free(d->load->mem, d->only[side]);
    d->only[side] = incload__str_take(&out);
    return d->only[side] != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

/* ---- all of it ---- */

static void
use_width(digest *d, uint64_t ranges_wanted)
{
    uint64_t span = (uint64_t)d->high - (uint64_t)d->low;

    d->width = span / ranges_wanted + 1;
}

/* Divides what differs until few keys are left, or no division helps. */
static int32_t
narrow(digest *d, ranges *which, incload_error **err)
{
    int32_t status = compare(d, true, which, err);

    while (status == INCLOAD_OK && which->count > 0 && !d->without_number) {
        int64_t finer = MOST_GROUPS / which->count < FINER ? MOST_GROUPS / which->count : FINER;
        for (int32_t side = SOURCE; side < SIDES && status == INCLOAD_OK; side++)
            status = write_condition(d, side, which, err);
        /* A range of a few keys does not get smaller by division. */
        if (status != INCLOAD_OK || d->width == 1 || finer < 2 || which->rows <= FEW_KEYS
            || which->rows < 4 * which->count)
            break;
        d->width = (d->width - 1) / (uint64_t)finer + 1;
        status = compare(d, false, which, err);
    }
    return status;
}

static int32_t
find_places(digest *d, bool by_column, incload_error **err)
{
    for (int32_t side = SOURCE; side < SIDES; side++) {
        incload__str place = INCLOAD__STR(d->load->mem);
        d->sides[side].by_column = by_column;
        int32_t status = incload__key_digest_place(&place, &d->sides[side], err);
        incload__free(d->load->mem, d->places[side]);
        d->places[side] = incload__str_take(&place);
        if (status == INCLOAD_OK && d->places[side] == NULL)
            status = incload__fail_memory(err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

/* *any: one of the two tables has a row. */
static int32_t
prepare(digest *d, bool *any, incload_error **err)
{
    bool by_column = incload__key_digest_by_column(&d->sides[SOURCE]);
    int32_t status = find_places(d, by_column, err);

    *any = !by_column;
    for (int32_t side = SOURCE; side < SIDES && by_column && status == INCLOAD_OK; side++)
        status = find_ends(d, side, any, err);
    /* Servers subtract with 63 bits, and know no literal of the least number. */
    if (status == INCLOAD_OK && by_column
        && (d->low == INT64_MIN || (uint64_t)d->high - (uint64_t)d->low > INT64_MAX)) {
        by_column = false;
        *any = true;
        status = find_places(d, false, err);
    }
    if (!by_column) {
        d->low = 0;
        d->high = (INT64_C(1) << 60) - 1;
    }
    use_width(d, FIRST_RANGES);
    return status;
}

static void
tell(const incload__load *load, const char *reason, int32_t column)
{
    char text[320], about[80] = "";

    if (column >= 0)
        snprintf(about, sizeof about, "of '%.64s', ", load->shape.columns[column].name);
    snprintf(text, sizeof text, "detect_deletes=digest reads all keys, as detect_deletes=keys does: %s%s", about,
             reason);
    if (load->spec->notice != NULL)
        load->spec->notice(load->spec->progress_data, text);
}

static void
digest_free(digest *d)
{
    for (int32_t side = SOURCE; side < SIDES; side++) {
        incload__free(d->load->mem, d->places[side]);
        incload__free(d->load->mem, d->only[side]);
    }
}

int32_t
incload__deletes_narrow(incload__load *load, incload_error **err)
{
    ranges which = { NULL, 0, 0 };
    bool any = false;
    int32_t column = -1;
    digest d = { .load = load, .conns = { load->from, load->to } };
    const incload__key_digest here = { load->from->dialect, &load->shape, &load->target, load->to->dialect, load->key,
                                       load->key_count, "", d.seed, false };
    const incload__key_digest there = { load->to->dialect, &load->target, &load->shape, load->from->dialect, load->key,
                                        load->key_count, "t.", d.seed, false };

    d.sides[SOURCE] = here;
    d.sides[TARGET] = there;
    snprintf(d.seed, sizeof d.seed, "%016llx%016llx", (unsigned long long)incload__random(load->env),
             (unsigned long long)incload__random(load->env));
    const char *refusal = incload__key_digest_refusal(&here, &column);
    if (refusal != NULL) {
        tell(load, refusal, column);
        return INCLOAD_OK;
    }
    int32_t status = prepare(&d, &any, err);
    if (status == INCLOAD_OK && any)
        status = narrow(&d, &which, err);
    if (status == INCLOAD_OK && d.without_number) {
        tell(load, "a key is NULL", -1);
    } else if (status == INCLOAD_OK) {
        load->keys_there = d.source_keys;
        load->keys_agree = which.count == 0;
        load->only_source = d.only[SOURCE];
        load->only_target = d.only[TARGET];
        d.only[SOURCE] = d.only[TARGET] = NULL;
    }
    incload__free(load->mem, which.items);
    digest_free(&d);
    return status;
}
