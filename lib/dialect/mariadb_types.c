/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB: types, and how cells of them are read, written and compared. */
#include "dialect/mariadb.h"

#include <string.h>

#include "base/utf8.h"
#include "dialect/encode.h"
#include "dialect/native.h"

/* A kind must also hold what a server older than the column's definition let in, so tinyint(1) is no boolean. */
static const incload__native_rule type_rules[] = {
    { "tinyint unsigned", INCLOAD__INT16, INCLOAD__ARGS_NONE, 0, 0 },
    { "tinyint", INCLOAD__INT8, INCLOAD__ARGS_NONE, 0, 0 },
    { "boolean", INCLOAD__INT8, INCLOAD__ARGS_NONE, 0, 0 },
    { "smallint unsigned", INCLOAD__INT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "smallint", INCLOAD__INT16, INCLOAD__ARGS_NONE, 0, 0 },
    { "mediumint*", INCLOAD__INT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "int unsigned", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "integer unsigned", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "int", INCLOAD__INT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "integer", INCLOAD__INT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "bigint unsigned", INCLOAD__UINT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "bigint", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "bit", INCLOAD__UINT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "year", INCLOAD__INT16, INCLOAD__ARGS_NONE, 0, 0 },
    { "decimal*", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 10, 0 },
    { "numeric*", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 10, 0 },
    { "float*", INCLOAD__FLOAT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "double*", INCLOAD__FLOAT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "real", INCLOAD__FLOAT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "date", INCLOAD__DATE, INCLOAD__ARGS_NONE, 0, 0 },
    { "time", INCLOAD__TIME, INCLOAD__ARGS_FRACTION, 0, 0 },
    { "datetime", INCLOAD__TIMESTAMP, INCLOAD__ARGS_FRACTION, 0, 0 },
    { "timestamp", INCLOAD__TIMESTAMPTZ, INCLOAD__ARGS_FRACTION, 0, 0 },
    { "char", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 1, 0 },
    { "varchar", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "tinytext", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "text", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "mediumtext", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "longtext", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "json", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "enum", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "set", INCLOAD__TEXT, INCLOAD__ARGS_NONE, 0, 0 },
    { "binary", INCLOAD__BINARY, INCLOAD__ARGS_LENGTH, 1, 0 },
    { "varbinary", INCLOAD__BINARY, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "tinyblob", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "blob", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "mediumblob", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "longblob", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    /* The server's own binary form keeps the SRID, which no text form does, and may be inserted as it was read. */
    { "geometry", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "point", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "linestring", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "polygon", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "multi*", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "geometrycollection", INCLOAD__BINARY, INCLOAD__ARGS_NONE, 0, 0 },
    { "uuid", INCLOAD__UUID, INCLOAD__ARGS_NONE, 0, 0 },
    { NULL, INCLOAD__UNKNOWN, INCLOAD__ARGS_NONE, 0, 0 },
};

/* The binary collation without padding: under any other a key would merge 'a' with 'A' or 'a '. */
#define TEXT_RULES " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"

/* InnoDB's keys take 3072 bytes: 768 characters. Longer columns stay out of the row (64 KiB for all of it). */
static const incload__native_form type_forms[INCLOAD__KIND_COUNT] = {
    [INCLOAD__BOOL] = { .plain = "tinyint(1)" },
    [INCLOAD__INT8] = { .plain = "tinyint" },
    [INCLOAD__INT16] = { .plain = "smallint" },
    [INCLOAD__INT32] = { .plain = "int" },
    [INCLOAD__INT64] = { .plain = "bigint" },
    [INCLOAD__UINT64] = { .plain = "bigint unsigned" },
    [INCLOAD__FLOAT32] = { .plain = "float" },
    [INCLOAD__FLOAT64] = { .plain = "double" },
    [INCLOAD__DECIMAL] = { .plain = "decimal(%p,%s)" },
    [INCLOAD__NUMERIC] = { .plain = "decimal(65,30)" },
    [INCLOAD__DATE] = { .plain = "date" },
    [INCLOAD__TIME] = { .plain = "time(%s)" },
    [INCLOAD__TIMESTAMP] = { .plain = "datetime(%s)" },
    [INCLOAD__TIMESTAMPTZ] = { .plain = "datetime(%s)" },
    [INCLOAD__TEXT] = { .plain = "longtext" TEXT_RULES, .bounded = "varchar(%p)" TEXT_RULES, .longest = 768,
                        .key = "varchar(512)" TEXT_RULES, .key_longest = 768 },
    [INCLOAD__BINARY] = { .plain = "longblob", .bounded = "varbinary(%p)", .longest = 1024, .key = "varbinary(1024)",
                          .key_longest = 3072 },
    [INCLOAD__UUID] = { .plain = "uuid" },
    [INCLOAD__JSON] = { .plain = "longtext" TEXT_RULES, .key = "varchar(512)" TEXT_RULES },
    [INCLOAD__NATIVE] = { .plain = "longtext" TEXT_RULES, .key = "varchar(512)" TEXT_RULES },
};

/* TIME reaches 838:59:59.999999 on either side of 0. */
#define LAST_TIME ((INT64_C(838) * 3600 + 59 * 60 + 59) * 1000000 + 999999)

static const incload__encoding encoding = {
    .server = "MariaDB", .nul_in_text = true, .bool_digits = true, .civil_utc = true,
    .first_day = INCLOAD__DAY_OF_YEAR_1, .last_day = INCLOAD__DAY_OF_YEAR_9999_END,
    .first_time = -LAST_TIME, .last_time = LAST_TIME,
};

incload__type
incload__mariadb_type_of(const char *native)
{
    return incload__native_type_of(type_rules, INCLOAD__NATIVE, native);
}

incload__kind
incload__mariadb_kind(const incload__column *column)
{
    return column->native == NULL ? column->type.kind : incload__mariadb_type_of(column->native).kind;
}

int32_t
incload__mariadb_native_type(incload__str *out, const char *column, incload__type type, bool in_key,
                             incload_error **err)
{
    return incload__native_write(type_forms, out, column, type, in_key, err);
}

static bool
is_bit(const incload__column *column)
{
    incload__native native;

    incload__native_parse(&native, column->native);
    return strcmp(native.name, "bit") == 0;
}

/* The driver reads bigint unsigned as signed, loses the sign of a long TIME, and prints a float with 6 digits. */
int32_t
incload__mariadb_select_item(incload__str *out, const incload__column *column, incload__wire wire, incload_error **err)
{
    const char *before = "";
    const char *after = "";
    int32_t status;

    (void)wire;
    switch (column->type.kind) {
    case INCLOAD__UINT64:
        before = is_bit(column) ? "CAST(CAST(" : "CAST(";
        after = is_bit(column) ? " AS UNSIGNED) AS CHAR)" : " AS CHAR)";
        break;
    case INCLOAD__FLOAT32:
        before = "CAST(";
        after = " AS DOUBLE)";
        break;
    case INCLOAD__DATE:
    case INCLOAD__TIME:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
    case INCLOAD__DECIMAL:
    case INCLOAD__NUMERIC:
    case INCLOAD__NATIVE:
    case INCLOAD__UUID:
        before = "CAST(";
        after = " AS CHAR)";
        break;
    default:
        break;
    }
    incload__str_add(out, before);
    status = incload__mariadb_quote(out, "column", column->name, err);
    incload__str_add(out, after);
    return status;
}

void
incload__mariadb_bind_item(incload__str *out, const incload__column *column, int32_t number)
{
    (void)number;
    /* Text given to a BIT column would be taken as its bytes. */
    incload__str_add(out, is_bit(column) ? "CAST(? AS UNSIGNED)" : "?");
}

/* A DECIMAL compared with plain text would be compared as double. */
void
incload__mariadb_param(incload__str *out, const incload__column *column, int32_t number)
{
    incload__native native;
    incload__kind kind = incload__mariadb_kind(column);
    bool decimal = kind == INCLOAD__DECIMAL || kind == INCLOAD__NUMERIC;

    (void)number;
    incload__native_parse(&native, column->native);
    if (decimal && native.count == 2)
        incload__str_addf(out, "CAST(? AS DECIMAL(%d,%d))", (int)native.args[0], (int)native.args[1]);
    else if (decimal && column->type.precision > 0)
        incload__str_addf(out, "CAST(? AS DECIMAL(%d,%d))", (int)column->type.precision, (int)column->type.scale);
    else if (decimal)
        incload__str_add(out, "CAST(? AS DECIMAL(65,30))");
    else if (kind == INCLOAD__UINT64)
        incload__str_add(out, "CAST(? AS UNSIGNED)");
    else if (kind == INCLOAD__FLOAT32 || kind == INCLOAD__FLOAT64)
        incload__str_add(out, "CAST(? AS DOUBLE)");
    else
        incload__str_add(out, "?");
}

/* Decimals are rounded silently, also in strict mode. */
static int32_t
check_decimal(const incload__view *view, int32_t column, int64_t row, const incload__column *target,
              incload_error **err)
{
    incload__native native;
    size_t length;
    const char *text = incload__get_bytes(view, column, row, &length);
    int64_t highest;
    int64_t lowest;

    incload__native_parse(&native, target->native);
    if (native.count < 1 || native.count > 2)
        native = (incload__native){ .args = { target->native == NULL ? 65 : 10, target->native == NULL ? 30 : 0 } };
    if (incload__decimal_span(text, length, &highest, &lowest)
        && (highest >= native.args[0] - native.args[1] || lowest < -native.args[1]))
        return incload__encode_refuse(&encoding, target, "a number with so many digits without rounding", err);
    return INCLOAD_OK;
}

int32_t
incload__mariadb_encode(const incload__view *view, int32_t column, int64_t row, const incload__column *target,
                        incload__str *out, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    /* Reading the target's native type costs more than writing the value: only where it decides. */
    if (view->columns[column].type.kind == INCLOAD__NUMERIC) {
        incload__kind kind = incload__mariadb_kind(target);
        if (kind != INCLOAD__TEXT && kind != INCLOAD__FLOAT64)
            status = check_decimal(view, column, row, target, err);
    }
    if (status == INCLOAD_OK)
        status = incload__encode(&encoding, view, column, row, target, out, err);
    return status;
}

void
incload__mariadb_exact_text(incload__str *out, const incload__column *column, const char *expression)
{
    switch (incload__mariadb_kind(column)) {
    case INCLOAD__TEXT:
        incload__str_add(out, expression);
        break;
    case INCLOAD__BINARY:
        incload__str_addf(out, "LOWER(HEX(%s))", expression);
        break;
    case INCLOAD__FLOAT32:
        incload__str_addf(out, "CAST(CAST(%s AS DOUBLE) AS CHAR)", expression);
        break;
    case INCLOAD__UINT64:
        incload__str_addf(out, "CAST(CAST(%s AS UNSIGNED) AS CHAR)", expression);
        break;
    default:
        incload__str_addf(out, "CAST(%s AS CHAR)", expression);
        break;
    }
}

void
incload__mariadb_no_position(incload__str *out, const incload__column *column, const char *quoted)
{
    (void)column;
    incload__str_addf(out, "%s IS NULL", quoted);
}
