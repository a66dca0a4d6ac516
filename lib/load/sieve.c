/* SPDX-License-Identifier: Apache-2.0 */
#include "load/sieve.h"

#include <math.h>
#include <string.h>

#include "batch/kind.h"

static const incload__column *
cursor_of(const incload__load *load)
{
    return &load->travel.columns[load->cursor];
}

/* ---- values of the cursor ---- */

static bool
is_comparable(const incload__column *cursor)
{
    switch (incload__traits(cursor->type)->family) {
    case INCLOAD__F_INT:
    case INCLOAD__F_UINT:
    case INCLOAD__F_FLOAT:
    case INCLOAD__F_DECIMAL:
    case INCLOAD__F_DATE:
    case INCLOAD__F_TIME:
    case INCLOAD__F_TIMESTAMP:
    case INCLOAD__F_TIMESTAMPTZ:
        return true;
    default:
        return false;
    }
}

/* Not set for what is no position: NULL, and floats that are not finite. */
static incload__cursor_value
value_at(const incload__view *view, int32_t column, int64_t row)
{
    incload__cursor_value value = { .set = !incload__is_null(view, column, row) };

    if (!value.set)
        return value;
    switch (incload__traits(view->columns[column].type)->family) {
    case INCLOAD__F_FLOAT:
        value.is_float = true;
        value.real = incload__get_float(view, column, row);
        value.set = isfinite(value.real) != 0;
        break;
    case INCLOAD__F_DECIMAL:
        value.number = incload__get_decimal(view, column, row);
        break;
    case INCLOAD__F_UINT:
        value.number = (__int128)incload__get_uint(view, column, row);
        break;
    default:
        value.number = incload__get_int(view, column, row);
    }
    return value;
}

static bool
is_less(const incload__cursor_value *a, const incload__cursor_value *b)
{
    return a->is_float ? a->real < b->real : a->number < b->number;
}

static int32_t
read_bound(const incload__load *load, const char *text, incload__cursor_value *out, incload_error **err)
{
    struct ArrowArray cell;
    incload__schema schema;
    incload__view view;

    *out = (incload__cursor_value){ .set = false };
    if (text == NULL)
        return INCLOAD_OK;
    memset(&cell, 0, sizeof cell);
    memset(&view, 0, sizeof view);
    int32_t status = incload__bound_cell(load, text, &schema, &cell, err);
    if (status == INCLOAD_OK)
        status = incload__view_init(&view, load->mem, &schema, &cell, err);
    if (status == INCLOAD_OK)
        *out = value_at(&view, 0, 0);
    incload__view_free(&view);
    incload__array_release(&cell);
    incload__schema_free(&schema);
    return status;
}

int32_t
incload__sieve_open(const incload__load *load, incload__sieve *sieve, incload_error **err)
{
    char type[48];

    memset(sieve, 0, sizeof *sieve);
    if (!is_comparable(cursor_of(load)))
        return incload__fail(err, INCLOAD_E_TYPE,
                             "the cursor column '%.64s' is %s: in a stream of rows a cursor must be a number or a "
                             "time, whose order is the same everywhere; cast it, or take window=all",
                             cursor_of(load)->name,
                             incload__type_text(cursor_of(load)->type, type, sizeof type));
    int32_t status = read_bound(load, incload__window_first(load), &sieve->low, err);
    return status == INCLOAD_OK ? read_bound(load, load->how->until, &sieve->until, err) : status;
}

/* ---- rows ---- */

static int32_t
check_positionless(incload__load *load, int64_t count, incload_error **err)
{
    if (count == 0)
        return INCLOAD_OK;
    atomic_fetch_add(&load->unit->rows_without_cursor, count);
    if (load->how->null_cursor != INCLOAD__NULL_CURSOR_RAISE)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_NULL_CURSOR,
                         "rows of the stream have no position in '%s' (NULL or infinite), so no watermark can cover "
                         "them: give them a value, or set null_cursor=include or null_cursor=exclude",
                         cursor_of(load)->name);
}

typedef struct picked {
    uint8_t *bits;
    int64_t kept, positionless;
    int64_t highest; /* row; -1: none beyond what was met before */
} picked;

static void
pick(const incload__load *load, incload__sieve *sieve, const incload__view *view, picked *out)
{
    bool takes_positionless = load->how->null_cursor == INCLOAD__NULL_CURSOR_INCLUDE;

    for (int64_t row = 0; row < view->rows; row++) {
        incload__cursor_value value = value_at(view, load->cursor, row);
        bool inside = value.set && !(sieve->low.set && is_less(&value, &sieve->low))
                      && !(sieve->until.set && !is_less(&value, &sieve->until));
        out->positionless += !value.set;
        if (inside && (!sieve->high.set || is_less(&sieve->high, &value))) {
            sieve->high = value;
            out->highest = row;
        }
        if (!inside && (value.set || !takes_positionless))
            continue;
        out->bits[row >> 3] = (uint8_t)(out->bits[row >> 3] | 1u << (row & 7));
        out->kept++;
    }
}

static int32_t
note_high(incload__load *load, const incload__view *view, int64_t row, incload_error **err)
{
    incload__str text = INCLOAD__STR(load->mem);

    if (row < 0 || load->how->window == INCLOAD__WINDOW_INTERVAL)
        return INCLOAD_OK;
    int32_t status =
        load->from->dialect->encode(view, load->cursor, row, &load->shape.columns[load->cursor], &text, err);
    if (status != INCLOAD_OK) {
        incload__str_free(&text);
        return status;
    }
    char *high = incload__str_take(&text);
    if (high == NULL)
        return incload__fail_memory(err);
    incload__free(load->mem, load->high);
    load->high = high;
    return INCLOAD_OK;
}

static int32_t
sift(incload__load *load, incload__sieve *sieve, const struct ArrowArray *array, picked *out, incload_error **err)
{
    incload__view view;
    int32_t status = incload__view_init(&view, load->mem, &load->travel, array, err);

    if (status != INCLOAD_OK)
        return status;
    pick(load, sieve, &view, out);
    status = check_positionless(load, out->positionless, err);
    if (status == INCLOAD_OK)
        status = note_high(load, &view, out->highest, err);
    incload__view_free(&view);
    return status;
}

int32_t
incload__sieve_batch(incload__load *load, incload__sieve *sieve, struct ArrowArray *array, incload_error **err)
{
    picked out = { .highest = -1 };
    struct ArrowArray kept;
    int32_t status;

    out.bits = incload__alloc_array(load->mem, (size_t)(array->length + 7) / 8, 1);
    status = out.bits != NULL ? sift(load, sieve, array, &out, err) : incload__fail_memory(err);
    if (status == INCLOAD_OK && out.kept < array->length) {
        status = incload__filter(load->mem, &load->travel, array, out.bits, &kept, err);
        memset(array, 0, sizeof *array);
        if (status == INCLOAD_OK)
            *array = kept;
    }
    incload__free(load->mem, out.bits);
    return status;
}
