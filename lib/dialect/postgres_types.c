/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL: types, and how cells of them are read, written and compared. */
#include "dialect/postgres.h"

#include <string.h>

#include "base/utf8.h"
#include "dialect/encode.h"
#include "dialect/native.h"

/* Names as format_type() gives them, and the short ones that people write. */
static const incload__native_rule type_rules[] = {
    { "boolean", INCLOAD__BOOL, INCLOAD__ARGS_NONE, 0, 0 },
    { "bool", INCLOAD__BOOL, INCLOAD__ARGS_NONE, 0, 0 },
    { "smallint", INCLOAD__INT16, INCLOAD__ARGS_NONE, 0, 0 },
    { "int2", INCLOAD__INT16, INCLOAD__ARGS_NONE, 0, 0 },
    { "integer", INCLOAD__INT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "int", INCLOAD__INT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "int4", INCLOAD__INT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "bigint", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "int8", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "real", INCLOAD__FLOAT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "float4", INCLOAD__FLOAT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "double precision", INCLOAD__FLOAT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "float8", INCLOAD__FLOAT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "numeric", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 0, 0 },
    { "decimal", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 0, 0 },
    { "date", INCLOAD__DATE, INCLOAD__ARGS_NONE, 0, 0 },
    { "time without time zone", INCLOAD__TIME, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "time", INCLOAD__TIME, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamp without time zone", INCLOAD__TIMESTAMP, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamp", INCLOAD__TIMESTAMP, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamp with time zone", INCLOAD__TIMESTAMPTZ, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamptz", INCLOAD__TIMESTAMPTZ, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "text", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "character varying", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "varchar", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "character", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 1, 0 },
    { "char", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 1, 0 },
    { "bpchar", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "\"char\"", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "name", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "bytea", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "uuid", INCLOAD__UUID, INCLOAD__ARGS_NONE, 0, 0 },
    { "json", INCLOAD__JSON, INCLOAD__ARGS_NONE, 0, 0 },
    { "jsonb", INCLOAD__JSON, INCLOAD__ARGS_NONE, 0, 0 },
    { NULL, INCLOAD__UNKNOWN, INCLOAD__ARGS_NONE, 0, 0 },
};

static const incload__native_form type_forms[INCLOAD__KIND_COUNT] = {
    [INCLOAD__BOOL] = { .plain = "boolean" },
    [INCLOAD__INT8] = { .plain = "smallint" },
    [INCLOAD__INT16] = { .plain = "smallint" },
    [INCLOAD__INT32] = { .plain = "integer" },
    [INCLOAD__INT64] = { .plain = "bigint" },
    [INCLOAD__UINT64] = { .plain = "numeric(20,0)" },
    [INCLOAD__FLOAT32] = { .plain = "real" },
    [INCLOAD__FLOAT64] = { .plain = "double precision" },
    [INCLOAD__DECIMAL] = { .plain = "numeric(%p,%s)" },
    [INCLOAD__NUMERIC] = { .plain = "numeric" },
    [INCLOAD__DATE] = { .plain = "date" },
    [INCLOAD__TIME] = { .plain = "time(%s) without time zone" },
    [INCLOAD__TIMESTAMP] = { .plain = "timestamp(%s) without time zone" },
    [INCLOAD__TIMESTAMPTZ] = { .plain = "timestamp(%s) with time zone" },
    [INCLOAD__TEXT] = { .plain = "text", .bounded = "character varying(%p)", .longest = 10485760 },
    [INCLOAD__BINARY] = { .plain = "bytea" },
    [INCLOAD__UUID] = { .plain = "uuid" },
    /* json keeps the text as it came, jsonb would re-format it; but json has no equality, which a key needs. */
    [INCLOAD__JSON] = { .plain = "json", .key = "text" },
    [INCLOAD__NATIVE] = { .plain = "text" },
};

/* Dates from 4714-11-24 BC; the last instants lie beyond what 64 bits of microseconds count. */
static const incload__encoding encoding = {
    .server = "PostgreSQL", .not_finite = true, .not_finite_text = true, .negative_zero = true, .hex_binary = true,
    .first_day = -2440588, .last_day = INT32_MAX - 1, .first_time = 0, .last_time = INCLOAD__DAY_US,
};

incload__type
incload__postgres_type_of(const char *native)
{
    return incload__native_type_of(type_rules, INCLOAD__NATIVE, native);
}

incload__kind
incload__postgres_kind(const incload__column *column)
{
    return column->native == NULL ? column->type.kind : incload__postgres_type_of(column->native).kind;
}

int32_t
incload__postgres_native_type(incload__str *out, const char *column, incload__type type, bool in_key,
                              incload_error **err)
{
    return incload__native_write(type_forms, out, column, type, in_key, err);
}

static bool
native_is(const incload__column *column, const char *name)
{
    return column->native != NULL && strcmp(column->native, name) == 0;
}

/* Over text psqlODBC turns infinite and late dates into other dates, upper-cases uuids, and writes floats with the
 * decimal point of the host's locale: the server writes these. */
static bool
needs_text(const incload__column *column, incload__wire wire)
{
    switch (column->type.kind) {
    case INCLOAD__NATIVE:
    case INCLOAD__NUMERIC:
    case INCLOAD__JSON:
        return true;
    case INCLOAD__BOOL:
    case INCLOAD__FLOAT32:
    case INCLOAD__FLOAT64:
    case INCLOAD__DECIMAL:
    case INCLOAD__DATE:
    case INCLOAD__TIME:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
    case INCLOAD__UUID:
        return wire == INCLOAD__WIRE_TEXT;
    case INCLOAD__TEXT:
        return native_is(column, "\"char\"") || native_is(column, "name");
    default:
        return false;
    }
}

int32_t
incload__postgres_select_item(incload__str *out, const incload__column *column, incload__wire wire,
                              incload_error **err)
{
    int32_t status = incload__postgres_quote(out, "column", column->name, err);

    /* char(n) stays as it is: its cast to text would strip the blanks it is padded with. */
    if (status == INCLOAD_OK && needs_text(column, wire))
        incload__str_add(out, "::text");
    return status;
}

/* An explicit cast to a type with a length cuts silently ('abc'::varchar(2)), so the cast names the type without it and
 * the assignment to the column checks. */
static void
add_cast(incload__str *out, const char *native)
{
    static const struct {
        const char *prefix;
        const char *cast; /* a bare "character" or "bit" would mean a length of 1 */
    } special[] = {
        { "character varying", "character varying" }, { "character", "bpchar" },     { "bit varying", "bit varying" },
        { "bit", "bit varying" },                     { "interval", "interval" },
    };
    const char *at = native;
    bool quoted = false;
    int32_t depth = 0;

    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        size_t length = strlen(special[i].prefix);

        /* strchr() also finds the end of the text. */
        if (strncmp(native, special[i].prefix, length) == 0 && strchr("([ ", native[length]) != NULL) {
            const char *array = strchr(native + length, '[');

            incload__str_add(out, special[i].cast);
            incload__str_add(out, array == NULL ? "" : array);
            return;
        }
    }
    for (; *at != '\0'; at++) {
        quoted = quoted != (*at == '"');
        depth += !quoted && *at == '(';
        if (depth == 0)
            incload__str_add_char(out, *at);
        depth -= !quoted && *at == ')';
    }
}

void
incload__postgres_param(incload__str *out, const incload__column *column, int32_t number)
{
    const char *native = column->native;

    incload__str_addf(out, "$%d", (int)number);
    if (native == NULL && type_forms[column->type.kind].plain != NULL)
        native = type_forms[column->type.kind].plain;
    if (native == NULL)
        return;
    incload__str_add(out, "::");
    /* A driver may have bound an integer, which has no cast to boolean. */
    if (strcmp(native, "boolean") == 0)
        incload__str_add(out, "text::");
    add_cast(out, native);
}

void
incload__postgres_bind_item(incload__str *out, const incload__column *column, int32_t number)
{
    incload__postgres_param(out, column, number);
}

int32_t
incload__postgres_encode(const incload__view *view, int32_t column, int64_t row, const incload__column *target,
                         incload__str *out, incload_error **err)
{
    return incload__encode(&encoding, view, column, row, target, out, err);
}

void
incload__postgres_exact_text(incload__str *out, const incload__column *column, const char *expression)
{
    /* The cast of char(n) to text would strip blanks; format() uses the type's output function. */
    if (column->native != NULL && (incload__ascii_prefix(column->native, "character(") || native_is(column, "bpchar")))
        incload__str_addf(out, "CASE WHEN (%s) IS NOT NULL THEN format('%%s', %s) END", expression, expression);
    else
        incload__str_addf(out, "(%s)::text", expression);
}

bool
incload__postgres_infinite(incload__str *out, const incload__column *column, const char *quoted)
{
    switch (incload__postgres_kind(column)) {
    case INCLOAD__DATE:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
        /* Not isfinite(): an index on the column finds these. */
        incload__str_addf(out, "%s IN ('infinity', '-infinity')", quoted);
        return true;
    case INCLOAD__FLOAT32:
    case INCLOAD__FLOAT64:
    case INCLOAD__DECIMAL:
    case INCLOAD__NUMERIC:
        /* As text: numeric has infinities from PostgreSQL 14 on, and before that no such literal. */
        incload__str_addf(out, "%s::text IN ('NaN', 'Infinity', '-Infinity')", quoted);
        return true;
    default:
        return false;
    }
}

void
incload__postgres_no_position(incload__str *out, const incload__column *column, const char *quoted)
{
    incload__str infinite = INCLOAD__STR(out->mem);

    if (incload__postgres_infinite(&infinite, column, quoted))
        incload__str_addf(out, "(%s IS NULL OR %s)", quoted, incload__str_text(&infinite));
    else
        incload__str_addf(out, "%s IS NULL", quoted);
    out->failed = out->failed || infinite.failed;
    incload__str_free(&infinite);
}
