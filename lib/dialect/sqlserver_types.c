/* SPDX-License-Identifier: Apache-2.0 */
/* SQL Server: types, and how cells of them are read, written and compared. */
#include "dialect/sqlserver.h"

#include <string.h>

#include "base/utf8.h"
#include "dialect/encode.h"
#include "dialect/native.h"

static const incload__native_rule type_rules[] = {
    { "bit", INCLOAD__BOOL, INCLOAD__ARGS_NONE, 0, 0 },
    { "tinyint", INCLOAD__INT16, INCLOAD__ARGS_NONE, 0, 0 }, /* 0..255 */
    { "smallint", INCLOAD__INT16, INCLOAD__ARGS_NONE, 0, 0 },
    { "int", INCLOAD__INT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "bigint", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "real", INCLOAD__FLOAT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "float", INCLOAD__FLOAT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "decimal", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 18, 0 },
    { "numeric", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 18, 0 },
    { "money", INCLOAD__DECIMAL, INCLOAD__ARGS_NONE, 19, 4 },
    { "smallmoney", INCLOAD__DECIMAL, INCLOAD__ARGS_NONE, 10, 4 },
    { "date", INCLOAD__DATE, INCLOAD__ARGS_NONE, 0, 0 },
    { "time", INCLOAD__TIME, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "smalldatetime", INCLOAD__TIMESTAMP, INCLOAD__ARGS_NONE, 0, 0 },
    { "datetime", INCLOAD__TIMESTAMP, INCLOAD__ARGS_NONE, 0, 3 },
    { "datetime2", INCLOAD__TIMESTAMP, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "datetimeoffset", INCLOAD__TIMESTAMPTZ, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "char", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 1, 0 },
    { "varchar", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "nchar", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 1, 0 },
    { "nvarchar", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "text", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "ntext", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "binary", INCLOAD__BINARY, INCLOAD__ARGS_LENGTH, 1, 0 },
    { "varbinary", INCLOAD__BINARY, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "image", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "timestamp", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 8, 0 }, /* rowversion */
    { "rowversion", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 8, 0 },
    { "geometry", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "geography", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "uniqueidentifier", INCLOAD__UUID, INCLOAD__ARGS_NONE, 0, 0 },
    { NULL, INCLOAD__UNKNOWN, INCLOAD__ARGS_NONE, 0, 0 },
};

#define BINARY_ORDER " COLLATE Latin1_General_100_BIN2"

/* A key takes 900 bytes. nvarchar(n) counts UTF-16 units, so up to two for a character: half of 4000 is sure to fit. */
static const incload__native_form type_forms[INCLOAD__KIND_COUNT] = {
    [INCLOAD__BOOL] = { .plain = "bit" },
    [INCLOAD__INT8] = { .plain = "smallint" },
    [INCLOAD__INT16] = { .plain = "smallint" },
    [INCLOAD__INT32] = { .plain = "int" },
    [INCLOAD__INT64] = { .plain = "bigint" },
    [INCLOAD__UINT64] = { .plain = "decimal(20,0)" },
    [INCLOAD__FLOAT32] = { .plain = "real" },
    [INCLOAD__FLOAT64] = { .plain = "float" },
    [INCLOAD__DECIMAL] = { .plain = "decimal(%p,%s)" },
    [INCLOAD__NUMERIC] = { .plain = "nvarchar(max)" BINARY_ORDER, .key = "nvarchar(450)" BINARY_ORDER },
    [INCLOAD__DATE] = { .plain = "date" },
    [INCLOAD__TIME] = { .plain = "time(%s)" },
    [INCLOAD__TIMESTAMP] = { .plain = "datetime2(%s)" },
    [INCLOAD__TIMESTAMPTZ] = { .plain = "datetimeoffset(%s)" },
    [INCLOAD__TEXT] = { .plain = "nvarchar(max)" BINARY_ORDER, .key = "nvarchar(450)" BINARY_ORDER },
    [INCLOAD__BINARY] = { .plain = "varbinary(max)", .bounded = "varbinary(%p)", .longest = 8000,
                          .key = "varbinary(900)", .key_longest = 900 },
    [INCLOAD__UUID] = { .plain = "uniqueidentifier" },
    [INCLOAD__JSON] = { .plain = "nvarchar(max)" BINARY_ORDER, .key = "nvarchar(450)" BINARY_ORDER },
    [INCLOAD__NATIVE] = { .plain = "nvarchar(max)" BINARY_ORDER, .key = "nvarchar(450)" BINARY_ORDER },
};

static const incload__encoding encoding = {
    .server = "SQL Server", .nul_in_text = true, .bool_digits = true, .civil_utc = false, .full_fraction = true,
    .first_day = INCLOAD__DAY_OF_YEAR_1, .last_day = INCLOAD__DAY_OF_YEAR_9999_END,
    .first_time = 0, .last_time = INCLOAD__DAY_US - 1,
};

incload__type
incload__sqlserver_type_of(const char *native)
{
    return incload__native_type_of(type_rules, INCLOAD__NATIVE, native);
}

incload__kind
incload__sqlserver_kind(const incload__column *column)
{
    return column->native == NULL ? column->type.kind : incload__sqlserver_type_of(column->native).kind;
}

int32_t
incload__sqlserver_native_type(incload__str *out, const char *column, incload__type type, bool in_key,
                               incload_error **err)
{
    return incload__native_write(type_forms, out, column, type, in_key, err);
}

/* Styles of CONVERT that lose nothing and know no language: 121 is ISO with all fraction digits, 2 of money four. */
static void
add_text(incload__str *out, incload__kind kind, const char *expression)
{
    switch (kind) {
    case INCLOAD__DATE:
    case INCLOAD__TIME:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
        incload__str_addf(out, "CONVERT(varchar(40), %s, 121)", expression);
        break;
    case INCLOAD__DECIMAL:
    case INCLOAD__NUMERIC:
        incload__str_addf(out, "CONVERT(varchar(80), %s, 2)", expression);
        break;
    case INCLOAD__UUID:
        incload__str_addf(out, "CONVERT(varchar(36), %s)", expression);
        break;
    case INCLOAD__FLOAT32:
    case INCLOAD__FLOAT64:
        incload__str_addf(out, "CONVERT(varchar(40), %s, 3)", expression);
        break;
    default:
        incload__str_addf(out, "CONVERT(nvarchar(max), %s)", expression);
        break;
    }
}

int32_t
incload__sqlserver_select_item(incload__str *out, const incload__column *column, incload__wire wire,
                               incload_error **err)
{
    incload__str name = INCLOAD__STR(out->mem);
    int32_t status = incload__sqlserver_quote(&name, "column", column->name, err);
    incload__kind own = incload__sqlserver_kind(column);
    const char *c = incload__str_text(&name);

    (void)wire;
    if (status == INCLOAD_OK && c == NULL)
        status = incload__fail_memory(err);
    if (status != INCLOAD_OK)
        goto done;
    switch (column->type.kind) {
    case INCLOAD__DATE:
    case INCLOAD__TIME:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
    case INCLOAD__DECIMAL:
    case INCLOAD__UUID:
        add_text(out, column->type.kind, c);
        break;
    case INCLOAD__NATIVE:
        add_text(out, own, c);
        break;
    case INCLOAD__BINARY:
        incload__str_addf(out, "CONVERT(varbinary(max), %s)", c);
        break;
    default:
        incload__str_add(out, c);
        break;
    }
done:
    incload__str_free(&name);
    return status;
}

/* A cast to a type without its length: a shorter one would cut in silence, the assignment does not. */
static void
add_cast(incload__str *out, const incload__column *column)
{
    switch (incload__sqlserver_kind(column)) {
    case INCLOAD__TEXT:
    case INCLOAD__JSON:
    case INCLOAD__NATIVE:
        incload__str_add(out, "CAST(? AS nvarchar(max))");
        break;
    case INCLOAD__BINARY:
        incload__str_add(out, "CAST(? AS varbinary(max))");
        break;
    default:
        if (column->native == NULL)
            incload__str_add(out, "?");
        else
            incload__str_addf(out, "CAST(? AS %s)", column->native);
        break;
    }
}

void
incload__sqlserver_bind_item(incload__str *out, const incload__column *column, int32_t number)
{
    (void)number;
    add_cast(out, column);
}

void
incload__sqlserver_param(incload__str *out, const incload__column *column, int32_t number)
{
    incload__native native;

    (void)number;
    incload__native_parse(&native, column->native);
    /* An nvarchar parameter would turn the index of a varchar column into a scan. */
    if (strcmp(native.name, "varchar") == 0 || strcmp(native.name, "char") == 0)
        incload__str_add(out, "CAST(? AS varchar(8000))");
    else if (incload__sqlserver_kind(column) == INCLOAD__TEXT)
        incload__str_add(out, "CAST(? AS nvarchar(4000))");
    else
        add_cast(out, column);
}

int32_t
incload__sqlserver_encode(const incload__view *view, int32_t column, int64_t row, const incload__column *target,
                          incload__str *out, incload_error **err)
{
    incload__kind kind = view->columns[column].type.kind;
    incload__encoding rules = encoding;
    incload__native native;
    size_t length;
    int64_t highest;
    int64_t lowest;

    /* A created NUMERIC is text, which may be NaN. */
    rules.not_finite_text = incload__sqlserver_kind(target) == INCLOAD__TEXT;
    incload__native_parse(&native, target->native);
    if (kind == INCLOAD__NUMERIC && native.count == 2) {
        const char *text = incload__get_bytes(view, column, row, &length);

        if (!incload__decimal_span(text, length, &highest, &lowest)
            || highest >= native.args[0] - native.args[1] || lowest < -native.args[1])
            return incload__encode_refuse(&encoding, target, "a number with so many digits without rounding", err);
    }
    return incload__encode(&rules, view, column, row, target, out, err);
}

void
incload__sqlserver_exact_text(incload__str *out, const incload__column *column, const char *expression)
{
    if (incload__sqlserver_kind(column) == INCLOAD__BINARY)
        incload__str_addf(out, "LOWER(CONVERT(varchar(max), %s, 2))", expression);
    else
        add_text(out, incload__sqlserver_kind(column), expression);
}

void
incload__sqlserver_no_position(incload__str *out, const incload__column *column, const char *quoted)
{
    (void)column;
    incload__str_addf(out, "%s IS NULL", quoted);
}
