/* SPDX-License-Identifier: Apache-2.0 */
/* Batches from one schema to another, with every value equal or an error. */
#include "base/utf8.h"
#include "batch/array.h"
#include "batch/batch.h"
#include "batch/builder.h"
#include "batch/kind.h"
#include "batch/number.h"

#define US_PER_DAY INT64_C(86400000000)

/* One column on its way. */
typedef struct job {
    const incload__view *view;
    incload__builder *builder;
    int32_t column;
    incload__type from;
    incload__type to;
    incload__str text; /* for values that go through text; kept for the next cell */
} job;

typedef int32_t (*cell_fn)(job *work, int64_t row);

/* ---- whole numbers ---- */

static __int128
get_whole(const job *work, int64_t row)
{
    if (work->from.kind == INCLOAD__UINT64)
        return (__int128)incload__get_uint(work->view, work->column, row);
    return incload__get_int(work->view, work->column, row);
}

static int32_t
put_whole(job *work, __int128 value)
{
    if (value < INT64_MIN || value > (__int128)UINT64_MAX)
        return INCLOAD_E_DATA;
    if (value < 0)
        return incload__put_int(work->builder, work->column, (int64_t)value);
    return incload__put_uint(work->builder, work->column, (uint64_t)value);
}

static int32_t
whole_to_whole(job *work, int64_t row)
{
    return put_whole(work, get_whole(work, row));
}

static int32_t
whole_to_float(job *work, int64_t row)
{
    __int128 value = get_whole(work, row);
    double near = (double)value;

    return (__int128)near == value ? incload__put_float(work->builder, work->column, near) : INCLOAD_E_DATA;
}

static int32_t
float_to_whole(job *work, int64_t row)
{
    double value = incload__get_float(work->view, work->column, row);

    /* Also false for NaN. */
    if (!(value > -1e19 && value < 2e19))
        return INCLOAD_E_DATA;
    __int128 whole = (__int128)value;
    double back = (double)whole;
    return back < value || back > value ? INCLOAD_E_DATA : put_whole(work, whole);
}

static int32_t
float_to_float(job *work, int64_t row)
{
    return incload__put_float(work->builder, work->column, incload__get_float(work->view, work->column, row));
}

/* ---- decimals ---- */

static int32_t
put_rescaled(job *work, __int128 unscaled, int32_t scale)
{
    int32_t up = work->to.scale - scale;

    if (up < 0) {
        __int128 unit = incload__power_of_ten(-up);
        if (unscaled % unit != 0)
            return INCLOAD_E_DATA;
        unscaled /= unit;
    } else if (__builtin_mul_overflow(unscaled, incload__power_of_ten(up), &unscaled)) {
        return INCLOAD_E_DATA;
    }
    return incload__put_decimal(work->builder, work->column, unscaled);
}

static int32_t
whole_to_decimal(job *work, int64_t row)
{
    return put_rescaled(work, get_whole(work, row), 0);
}

static int32_t
decimal_to_decimal(job *work, int64_t row)
{
    return put_rescaled(work, incload__get_decimal(work->view, work->column, row), work->from.scale);
}

static int32_t
decimal_to_whole(job *work, int64_t row)
{
    __int128 unscaled = incload__get_decimal(work->view, work->column, row);
    __int128 unit = incload__power_of_ten(work->from.scale);

    return unscaled % unit == 0 ? put_whole(work, unscaled / unit) : INCLOAD_E_DATA;
}

static int32_t
numeric_to_decimal(job *work, int64_t row)
{
    size_t length;
    const char *text = incload__get_bytes(work->view, work->column, row, &length);

    return incload__put_text(work->builder, work->column, text, length);
}

static int32_t
numeric_to_whole(job *work, int64_t row)
{
    size_t length;
    const char *text = incload__get_bytes(work->view, work->column, row, &length);
    __int128 value;

    return incload__decimal_parse(text, length, 0, &value) ? put_whole(work, value) : INCLOAD_E_DATA;
}

/* ---- dates and clocks ---- */

static int32_t
date_to_timestamp(job *work, int64_t row)
{
    int64_t us;

    if (__builtin_mul_overflow(incload__get_int(work->view, work->column, row), US_PER_DAY, &us))
        return INCLOAD_E_DATA;
    return incload__put_int(work->builder, work->column, us);
}

static int32_t
timestamp_to_date(job *work, int64_t row)
{
    int64_t us = incload__get_int(work->view, work->column, row);

    if (us % US_PER_DAY != 0)
        return INCLOAD_E_DATA;
    return incload__put_int(work->builder, work->column, us / US_PER_DAY);
}

static int32_t
put_clock(job *work, int64_t us)
{
    static const int64_t units[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };

    if (work->to.scale < 6 && us % units[work->to.scale] != 0)
        return INCLOAD_E_DATA;
    return incload__put_int(work->builder, work->column, us);
}

static int32_t
clock_to_clock(job *work, int64_t row)
{
    return put_clock(work, incload__get_int(work->view, work->column, row));
}

static int32_t
text_to_clock(job *work, int64_t row)
{
    size_t length;
    const char *text = incload__get_bytes(work->view, work->column, row, &length);
    int64_t us;

    return incload__clock_parse(work->to.kind, text, length, &us) ? put_clock(work, us) : INCLOAD_E_DATA;
}

/* ---- text and bytes ---- */

static int32_t
text_to_typed(job *work, int64_t row)
{
    size_t length;
    const char *text = incload__get_bytes(work->view, work->column, row, &length);

    return incload__put_text(work->builder, work->column, text, length);
}

static int32_t
any_to_text(job *work, int64_t row)
{
    incload__str_clear(&work->text);
    incload__cell_text(work->view, work->column, row, &work->text);
    const char *text = incload__str_text(&work->text);
    if (text == NULL)
        return INCLOAD_E_NO_MEMORY;
    if (work->to.kind == INCLOAD__TEXT && work->to.precision > 0
        && incload__utf8_length(text, work->text.length) > (size_t)work->to.precision)
        return INCLOAD_E_DATA;
    return incload__put_raw(work->builder, work->column, text, work->text.length);
}

static int32_t
binary_to_binary(job *work, int64_t row)
{
    size_t length;
    const void *bytes = incload__get_bytes(work->view, work->column, row, &length);

    /* Without a bound the column had moved as it is. */
    if (length > (size_t)work->to.precision)
        return INCLOAD_E_DATA;
    return incload__put_raw(work->builder, work->column, bytes, length);
}

/* ---- which pairs there are ---- */

#define F(family) (1u << INCLOAD__F_##family)
#define WHOLE (F(INT) | F(UINT))

/* Sets of families; the first rule that has both is the one. What is not here is not convertible: an instant and a
 * civil time (no zone is known), bytes and text (no encoding is known), floats and decimals (no value would be equal).
 */
static const struct {
    uint32_t from;
    uint32_t to;
    cell_fn convert;
} rules[] = {
    { F(BOOL), WHOLE, whole_to_whole },
    { WHOLE, WHOLE | F(BOOL), whole_to_whole },
    { WHOLE, F(FLOAT), whole_to_float },
    { WHOLE, F(DECIMAL), whole_to_decimal },
    { F(FLOAT), WHOLE, float_to_whole },
    { F(FLOAT), F(FLOAT), float_to_float },
    { F(DECIMAL), WHOLE, decimal_to_whole },
    { F(DECIMAL), F(DECIMAL), decimal_to_decimal },
    { F(NUMERIC), WHOLE, numeric_to_whole },
    { F(NUMERIC), F(DECIMAL), numeric_to_decimal },
    { WHOLE | F(DECIMAL), F(NUMERIC), any_to_text },
    { F(DATE), F(TIMESTAMP), date_to_timestamp },
    { F(TIMESTAMP), F(DATE), timestamp_to_date },
    { F(TIME), F(TIME), clock_to_clock },
    { F(TIMESTAMP), F(TIMESTAMP), clock_to_clock },
    { F(TIMESTAMPTZ), F(TIMESTAMPTZ), clock_to_clock },
    { F(BINARY), F(BINARY), binary_to_binary },
    { F(TEXT), F(TIME) | F(TIMESTAMP) | F(TIMESTAMPTZ), text_to_clock },
    { F(TEXT), WHOLE | F(BOOL) | F(FLOAT) | F(DECIMAL) | F(NUMERIC) | F(DATE) | F(UUID), text_to_typed },
    { ~(F(NONE) | F(BINARY)), F(TEXT), any_to_text },
};

static cell_fn
find_rule(incload__type to, incload__type from)
{
    uint32_t to_bit = 1u << incload__traits(to)->family, from_bit = 1u << incload__traits(from)->family;

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if ((rules[i].from & from_bit) != 0 && (rules[i].to & to_bit) != 0)
            return rules[i].convert;
    }
    return NULL;
}

bool
incload__convertible(incload__type to, incload__type from)
{
    return incload__type_same_cells(to, from) || find_rule(to, from) != NULL;
}

/* ---- batches ---- */

static int32_t
fail_cell(int32_t status, const char *name, incload__type from, incload__type to, incload_error **err)
{
    char from_text[48], to_text[48];

    if (status == INCLOAD_E_NO_MEMORY)
        return incload__fail_memory(err);
    incload__type_text(from, from_text, sizeof from_text);
    incload__type_text(to, to_text, sizeof to_text);
    if (status == INCLOAD_E_TYPE)
        return incload__fail(err, status, "column '%s': %s does not convert to %s: cast it in the query", name,
                             from_text, to_text);
    return incload__fail(err, status,
                         "column '%s': a value of type %s has no equal in %s: widen the target's column or change the "
                         "value in the query",
                         name, from_text, to_text);
}

static int32_t
convert_column(const incload__mem *mem, const incload__view *view, incload__builder *builder, int32_t column,
               struct ArrowArray *out, incload_error **err)
{
    const incload__column *target = &incload__builder_schema(builder)->columns[column];
    job work = {
        .view = view,
        .builder = builder,
        .column = column,
        .from = view->columns[column].type,
        .to = target->type,
        .text = INCLOAD__STR(mem),
    };
    cell_fn convert = find_rule(work.to, work.from);
    int32_t status = convert != NULL ? INCLOAD_OK : INCLOAD_E_TYPE;

    for (int64_t row = 0; row < view->rows && status == INCLOAD_OK; row++) {
        status = incload__is_null(view, column, row) ? incload__put_null(builder, column) : convert(&work, row);
    }
    incload__str_free(&work.text);
    if (status != INCLOAD_OK)
        return fail_cell(status, target->name, work.from, work.to, err);
    return incload__builder_take(builder, column, out, err);
}

static bool
all_same(const incload__schema *from, const incload__schema *to)
{
    for (int32_t i = 0; i < from->count; i++) {
        if (!incload__type_same_cells(to->columns[i].type, from->columns[i].type))
            return false;
    }
    return true;
}

static int32_t
convert_columns(const incload__mem *mem, const incload__view *view, struct ArrowArray *array, const incload__schema *to,
                struct ArrowArray *out, incload_error **err)
{
    incload__builder *builder = incload__builder_new(mem, to, err);
    struct ArrowArray batch = { .release = NULL };

    if (builder == NULL)
        return incload__entered_with(err) != INCLOAD_OK ? incload__entered_with(err) : INCLOAD_E_NO_MEMORY;
    int32_t status = incload__array_struct(mem, to->count, view->rows, &batch, err);
    for (int32_t i = 0; i < to->count && status == INCLOAD_OK; i++) {
        if (incload__type_same_cells(to->columns[i].type, view->columns[i].type))
            incload__array_take_child(array, i, batch.children[i]);
        else
            status = convert_column(mem, view, builder, i, batch.children[i], err);
    }
    incload__builder_free(builder);
    if (status != INCLOAD_OK)
        incload__array_release(&batch);
    else
        *out = batch;
    return status;
}

int32_t
incload__convert(const incload__mem *mem, const incload__schema *from, struct ArrowArray *array,
                 const incload__schema *to, struct ArrowArray *out, incload_error **err)
{
    incload__view view = { .mem = mem };
    int32_t status = INCLOAD_OK;

    *out = (struct ArrowArray){ .release = NULL };
    if (from->count != to->count)
        status = incload__fail(err, INCLOAD_E_INTERNAL, "a batch of %d columns is to become one of %d: please report",
                               from->count, to->count);
    else
        status = incload__view_init(&view, mem, from, array, err);
    if (status == INCLOAD_OK) {
        if (all_same(from, to))
            incload__array_move(array, out);
        else
            status = convert_columns(mem, &view, array, to, out, err);
    }
    incload__view_free(&view);
    incload__array_release(array);
    return status;
}
