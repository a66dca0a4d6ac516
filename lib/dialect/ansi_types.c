/* SPDX-License-Identifier: Apache-2.0 */
/* Standard SQL for a database that the library does not know: types, and how cells are read, written and compared. */
#include "dialect/ansi.h"

#include "dialect/encode.h"
#include "dialect/native.h"

/* DATE, TIME and TIMESTAMP are those of the standard; integer widths are the least the standard's users agree on. */
static const incload__native_rule type_rules[] = {
    { "boolean", INCLOAD__BOOL, INCLOAD__ARGS_NONE, 0, 0 },
    { "smallint", INCLOAD__INT16, INCLOAD__ARGS_NONE, 0, 0 },
    { "integer", INCLOAD__INT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "int", INCLOAD__INT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "bigint", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "real", INCLOAD__FLOAT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "float*", INCLOAD__FLOAT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "double*", INCLOAD__FLOAT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "decimal", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 0, 0 },
    { "numeric", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 0, 0 },
    { "date", INCLOAD__DATE, INCLOAD__ARGS_NONE, 0, 0 },
    { "time without time zone", INCLOAD__TIME, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "time", INCLOAD__TIME, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamp without time zone", INCLOAD__TIMESTAMP, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamp", INCLOAD__TIMESTAMP, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamp with time zone", INCLOAD__TIMESTAMPTZ, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "character varying", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "varchar", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "character", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 1, 0 },
    { "char", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 1, 0 },
    { "binary varying", INCLOAD__BINARY, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "varbinary", INCLOAD__BINARY, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "binary", INCLOAD__BINARY, INCLOAD__ARGS_LENGTH, 1, 0 },
    { "binary large object", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "blob", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { NULL, INCLOAD__UNKNOWN, INCLOAD__ARGS_NONE, 0, 0 },
};

#define TEXT_FORM { .plain = "CHARACTER LARGE OBJECT", .key = "VARCHAR(255)" }

static const incload__native_form type_forms[INCLOAD__KIND_COUNT] = {
    [INCLOAD__BOOL] = { .plain = "BOOLEAN" },
    [INCLOAD__INT8] = { .plain = "SMALLINT" },
    [INCLOAD__INT16] = { .plain = "SMALLINT" },
    [INCLOAD__INT32] = { .plain = "INTEGER" },
    [INCLOAD__INT64] = { .plain = "BIGINT" },
    [INCLOAD__UINT64] = { .plain = "DECIMAL(20,0)" },
    [INCLOAD__FLOAT32] = { .plain = "REAL" },
    [INCLOAD__FLOAT64] = { .plain = "DOUBLE PRECISION" },
    [INCLOAD__DECIMAL] = { .plain = "DECIMAL(%p,%s)" },
    [INCLOAD__NUMERIC] = TEXT_FORM,
    [INCLOAD__DATE] = { .plain = "DATE" },
    [INCLOAD__TIME] = { .plain = "TIME(%s)" },
    [INCLOAD__TIMESTAMP] = { .plain = "TIMESTAMP(%s)" },
    [INCLOAD__TIMESTAMPTZ] = { .plain = "TIMESTAMP(%s) WITH TIME ZONE" },
    [INCLOAD__TEXT] = { .plain = "CHARACTER LARGE OBJECT", .bounded = "VARCHAR(%p)", .longest = 4000,
                        .key = "VARCHAR(255)", .key_longest = 255 },
    [INCLOAD__BINARY] = { .plain = "BINARY LARGE OBJECT", .bounded = "VARBINARY(%p)", .longest = 4000,
                          .key = "VARBINARY(255)", .key_longest = 255 },
    [INCLOAD__UUID] = { .plain = "CHAR(36)" },
    [INCLOAD__JSON] = TEXT_FORM,
    [INCLOAD__NATIVE] = TEXT_FORM,
};

static const incload__encoding encoding = {
    .server = "this database", .negative_zero = true, .full_fraction = true,
    .first_day = INCLOAD__DAY_OF_YEAR_1, .last_day = INCLOAD__DAY_OF_YEAR_9999_END,
    .first_time = 0, .last_time = INCLOAD__DAY_US - 1,
};

/* What is not known is text: there is no cast that every database would take. */
incload__type
incload__ansi_type_of(const char *native)
{
    return incload__native_type_of(type_rules, INCLOAD__TEXT, native);
}

incload__kind
incload__ansi_kind(const incload__column *column)
{
    return column->native == NULL ? column->type.kind : incload__ansi_type_of(column->native).kind;
}

int32_t
incload__ansi_native_type(incload__str *out, const char *column, incload__type type, bool in_key, incload_error **err)
{
    return incload__native_write(type_forms, out, column, type, in_key, err);
}

int32_t
incload__ansi_select_item(incload__str *out, const incload__column *column, incload__wire wire, incload_error **err)
{
    (void)wire;
    return incload__ansi_quote(out, "column", column->name, err);
}

static void
add_cast(incload__str *out, const incload__column *column)
{
    switch (incload__ansi_kind(column)) {
    case INCLOAD__DATE:
    case INCLOAD__TIME:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
    case INCLOAD__DECIMAL:
    case INCLOAD__BOOL:
        if (column->native != NULL) {
            incload__str_addf(out, "CAST(? AS %s)", column->native);
            return;
        }
        break;
    default:
        break;
    }
    incload__str_add(out, "?");
}

void
incload__ansi_bind_item(incload__str *out, const incload__column *column, int32_t number)
{
    (void)number;
    add_cast(out, column);
}

void
incload__ansi_param(incload__str *out, const incload__column *column, int32_t number)
{
    (void)number;
    add_cast(out, column);
}

int32_t
incload__ansi_encode(const incload__view *view, int32_t column, int64_t row, const incload__column *target,
                     incload__str *out, incload_error **err)
{
    return incload__encode(&encoding, view, column, row, target, out, err);
}

void
incload__ansi_exact_text(incload__str *out, const incload__column *column, const char *expression)
{
    if (incload__ansi_kind(column) == INCLOAD__TEXT)
        incload__str_add(out, expression);
    else
        incload__str_addf(out, "CAST(%s AS VARCHAR(255))", expression);
}

void
incload__ansi_no_position(incload__str *out, const incload__column *column, const char *quoted)
{
    (void)column;
    incload__str_addf(out, "%s IS NULL", quoted);
}
