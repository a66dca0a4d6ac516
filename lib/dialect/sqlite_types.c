/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite: declared types, and how cells are read, written and compared. A column may hold anything whatever it
 * declares, so everything is read as text (or a blob) that the reader parses by the declared kind, or refuses. */
#include "dialect/sqlite.h"

#include <string.h>

#include "base/utf8.h"
#include "batch/number.h"
#include "dialect/encode.h"
#include "dialect/native.h"

/* "... TEXT" gives text affinity to what SQLite would otherwise turn into a double. An INTEGER holds 64 bits whatever
 * its name, so every integer type is INT64. */
static const incload__native_rule type_rules[] = {
    { "boolean", INCLOAD__BOOL, INCLOAD__ARGS_NONE, 0, 0 },
    { "bool", INCLOAD__BOOL, INCLOAD__ARGS_NONE, 0, 0 },
    { "int*", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "tinyint*", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "smallint*", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "mediumint*", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "bigint*", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "unsigned big int", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "double*", INCLOAD__FLOAT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "float*", INCLOAD__FLOAT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "real", INCLOAD__FLOAT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "decimal text", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 0, 0 },
    { "decimal", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 0, 0 },
    { "dec", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 0, 0 },
    { "numeric text", INCLOAD__NUMERIC, INCLOAD__ARGS_NONE, 0, 0 },
    { "numeric", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 0, 0 },
    { "number", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 0, 0 },
    { "date text", INCLOAD__DATE, INCLOAD__ARGS_NONE, 0, 0 },
    { "date", INCLOAD__DATE, INCLOAD__ARGS_NONE, 0, 0 },
    { "time text", INCLOAD__TIME, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "time", INCLOAD__TIME, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamp text", INCLOAD__TIMESTAMP, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamp", INCLOAD__TIMESTAMP, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "datetime", INCLOAD__TIMESTAMP, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamptz text", INCLOAD__TIMESTAMPTZ, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamptz", INCLOAD__TIMESTAMPTZ, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamp with time zone", INCLOAD__TIMESTAMPTZ, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "uuid text", INCLOAD__UUID, INCLOAD__ARGS_NONE, 0, 0 },
    { "uuid", INCLOAD__UUID, INCLOAD__ARGS_NONE, 0, 0 },
    { "json text", INCLOAD__JSON, INCLOAD__ARGS_NONE, 0, 0 },
    { "json", INCLOAD__JSON, INCLOAD__ARGS_NONE, 0, 0 },
    { "blob", INCLOAD__BINARY, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "varbinary", INCLOAD__BINARY, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "binary", INCLOAD__BINARY, INCLOAD__ARGS_LENGTH, 0, 0 },
    { NULL, INCLOAD__UNKNOWN, INCLOAD__ARGS_NONE, 0, 0 },
};

static const incload__native_form type_forms[INCLOAD__KIND_COUNT] = {
    [INCLOAD__BOOL] = { .plain = "BOOLEAN" },
    [INCLOAD__INT8] = { .plain = "INTEGER" },
    [INCLOAD__INT16] = { .plain = "INTEGER" },
    [INCLOAD__INT32] = { .plain = "INTEGER" },
    [INCLOAD__INT64] = { .plain = "BIGINT" },
    [INCLOAD__UINT64] = { .plain = "DECIMAL TEXT(20,0)" },
    [INCLOAD__FLOAT32] = { .plain = "DOUBLE" },
    [INCLOAD__FLOAT64] = { .plain = "DOUBLE" },
    [INCLOAD__DECIMAL] = { .plain = "DECIMAL TEXT(%p,%s)" },
    [INCLOAD__NUMERIC] = { .plain = "NUMERIC TEXT" },
    [INCLOAD__DATE] = { .plain = "DATE TEXT" },
    [INCLOAD__TIME] = { .plain = "TIME TEXT" },
    [INCLOAD__TIMESTAMP] = { .plain = "TIMESTAMP TEXT" },
    [INCLOAD__TIMESTAMPTZ] = { .plain = "TIMESTAMPTZ TEXT" },
    /* A declared length is not enforced by SQLite, so it would promise too much. */
    [INCLOAD__TEXT] = { .plain = "TEXT" },
    [INCLOAD__BINARY] = { .plain = "BLOB" },
    [INCLOAD__UUID] = { .plain = "UUID TEXT" },
    [INCLOAD__JSON] = { .plain = "JSON TEXT" },
    [INCLOAD__NATIVE] = { .plain = "TEXT" },
};

/* NaN is stored as NULL; a negative zero becomes the integer 0. Years have four digits: text order is time order. */
static const incload__encoding encoding = {
    .server = "SQLite", .nul_in_text = true, .not_finite_text = true, .bool_digits = true, .full_fraction = true,
    .infinity = "9e999",
    .first_day = INCLOAD__DAY_OF_YEAR_1, .last_day = INCLOAD__DAY_OF_YEAR_9999_END,
    .first_time = 0, .last_time = INCLOAD__DAY_US,
};

static bool
contains(const char *text, const char *word)
{
    for (; *text != '\0'; text++) {
        if (incload__ascii_prefix(text, word))
            return true;
    }
    return false;
}

/* The order of the rules is SQLite's own (https://www.sqlite.org/datatype3.html, 3.1). */
incload__affinity
incload__sqlite_affinity(const char *native)
{
    static const struct {
        const char *word;
        incload__affinity affinity;
    } rules[] = {
        { "INT", INCLOAD__AFFINITY_INTEGER }, { "CHAR", INCLOAD__AFFINITY_TEXT }, { "CLOB", INCLOAD__AFFINITY_TEXT },
        { "TEXT", INCLOAD__AFFINITY_TEXT },   { "BLOB", INCLOAD__AFFINITY_BLOB }, { "REAL", INCLOAD__AFFINITY_REAL },
        { "FLOA", INCLOAD__AFFINITY_REAL },   { "DOUB", INCLOAD__AFFINITY_REAL },
    };

    if (native == NULL || *native == '\0')
        return INCLOAD__AFFINITY_BLOB;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (contains(native, rules[i].word))
            return rules[i].affinity;
    }
    return INCLOAD__AFFINITY_NUMERIC;
}

/* The table for names that say what they are, then the affinity for all others; nothing is NATIVE here. */
incload__type
incload__sqlite_type_of(const char *native)
{
    incload__type type = incload__native_type_of(type_rules, INCLOAD__UNKNOWN, native);

    if (type.kind != INCLOAD__UNKNOWN)
        return type;
    switch (incload__sqlite_affinity(native)) {
    case INCLOAD__AFFINITY_INTEGER:
        return (incload__type){ INCLOAD__INT64, 0, 0 };
    case INCLOAD__AFFINITY_REAL:
        return (incload__type){ INCLOAD__FLOAT64, 0, 0 };
    case INCLOAD__AFFINITY_BLOB:
        return (incload__type){ native == NULL || *native == '\0' ? INCLOAD__TEXT : INCLOAD__BINARY, 0, 0 };
    default:
        /* Without a limit: SQLite does not enforce VARCHAR(n). */
        return (incload__type){ INCLOAD__TEXT, 0, 0 };
    }
}

incload__kind
incload__sqlite_kind(const incload__column *column)
{
    return column->native == NULL ? column->type.kind : incload__sqlite_type_of(column->native).kind;
}

int32_t
incload__sqlite_native_type(incload__str *out, const char *column, incload__type type, bool in_key,
                            incload_error **err)
{
    return incload__native_write(type_forms, out, column, type, in_key, err);
}

/* A double as text. 17 digits do not always read back (SQLite 3.40's printf errs in the last one, DBL_MAX among them);
 * with 20 asked for, 300,000 random doubles did, denormals too. */
static void
add_double(incload__str *out, const char *c)
{
    incload__str_addf(out,
                      "CASE WHEN typeof(%s) <> 'real' THEN CAST(%s AS TEXT) WHEN %s = 9e999 THEN 'Infinity' "
                      "WHEN %s = -9e999 THEN '-Infinity' ELSE printf('%%!.20g', %s) END",
                      c, c, c, c, c);
}

/* A decimal that a foreign declaration keeps as a double: the 15 digits that SQLite shows when they are the whole value
 * (or the declaration has no more), else all digits. */
static void
add_decimal(incload__str *out, const incload__column *column, const char *c)
{
    bool short_enough = column->type.kind == INCLOAD__DECIMAL && column->type.precision <= 15;

    if (incload__sqlite_affinity(column->native) == INCLOAD__AFFINITY_TEXT || short_enough)
        incload__str_addf(out, "CAST(%s AS TEXT)", c);
    else
        incload__str_addf(out,
                          "CASE WHEN typeof(%s) <> 'real' OR CAST(CAST(%s AS TEXT) AS REAL) = %s "
                          "THEN CAST(%s AS TEXT) ELSE printf('%%!.20g', %s) END",
                          c, c, c, c, c);
}

/* As a blob: the driver cuts text at a NUL. Doubles are in columns without a type and in a query's expressions, which
 * the driver calls varchar. */
static void
add_text(incload__str *out, const char *c)
{
    incload__str_addf(out, "CAST(CASE typeof(%s) WHEN 'real' THEN printf('%%!.20g', %s) ELSE %s END AS BLOB)", c, c, c);
}

/* The one way to fail inside a SELECT with words of one's own: a bad JSON path is quoted in the message. It depends on
 * the row, or SQLite would evaluate it once ahead of all rows. */
static void
add_refusal(incload__str *out, const incload__column *column, const char *c)
{
    incload__str_add(out, "json_extract('{}', 'column \"");
    for (const char *at = column->name; *at != '\0'; at++) {
        if (*at == '\'')
            incload__str_add_char(out, '\'');
        incload__str_add_char(out, *at);
    }
    incload__str_addf(
        out,
        "\" holds a value stored as ' || typeof(%s) || ', which does not fit its declared type: cast it in a query')",
        c);
}

int32_t
incload__sqlite_select_item(incload__str *out, const incload__column *column, incload__wire wire, incload_error **err)
{
    incload__str name = INCLOAD__STR(out->mem);
    int32_t status = incload__sqlite_quote(&name, "column", column->name, err);
    const char *c = incload__str_text(&name);

    (void)wire;
    if (status == INCLOAD_OK && c == NULL)
        status = incload__fail_memory(err);
    if (status != INCLOAD_OK)
        goto done;
    /* Bytes are no text, also where they happen to be readable; and text is no bytes. */
    incload__str_addf(out, "CASE typeof(%s) WHEN ", c);
    if (column->type.kind == INCLOAD__BINARY) {
        incload__str_addf(out, "'blob' THEN %s WHEN 'null' THEN NULL ELSE ", c);
        add_refusal(out, column, c);
    } else {
        incload__str_add(out, "'blob' THEN ");
        add_refusal(out, column, c);
        incload__str_add(out, " ELSE ");
    }
    switch (column->type.kind) {
    case INCLOAD__FLOAT32:
    case INCLOAD__FLOAT64:
        add_double(out, c);
        break;
    case INCLOAD__DECIMAL:
    case INCLOAD__NUMERIC:
        add_decimal(out, column, c);
        break;
    case INCLOAD__TEXT:
    case INCLOAD__JSON:
    case INCLOAD__NATIVE:
        add_text(out, c);
        break;
    case INCLOAD__BINARY:
        break;
    default:
        incload__str_addf(out, "CAST(%s AS TEXT)", c);
        break;
    }
    incload__str_add(out, " END");
done:
    incload__str_free(&name);
    return status;
}

/* Everything is bound as what it is to be stored as, but for truth, which comes as text. */
void
incload__sqlite_bind_item(incload__str *out, const incload__column *column, int32_t number)
{
    (void)number;
    incload__str_add(out, column->type.kind == INCLOAD__BOOL ? "CAST(? AS INTEGER)" : "?");
}

void
incload__sqlite_param(incload__str *out, const incload__column *column, int32_t number)
{
    incload__affinity affinity = incload__sqlite_affinity(column->native);

    (void)number;
    switch (incload__sqlite_kind(column)) {
    case INCLOAD__BOOL:
    case INCLOAD__INT8:
    case INCLOAD__INT16:
    case INCLOAD__INT32:
    case INCLOAD__INT64:
        incload__str_add(out, "CAST(? AS INTEGER)");
        break;
    case INCLOAD__FLOAT32:
    case INCLOAD__FLOAT64:
        incload__str_add(out, "CAST(? AS REAL)");
        break;
    case INCLOAD__BINARY:
        incload__str_add(out, "?");
        break;
    case INCLOAD__UINT64:
    case INCLOAD__DECIMAL:
    case INCLOAD__NUMERIC:
        /* Stored as numbers by a foreign declaration: compared as numbers. */
        incload__str_add(out, affinity == INCLOAD__AFFINITY_TEXT || column->native == NULL ? "CAST(? AS TEXT)"
                                                                                          : "CAST(? AS NUMERIC)");
        break;
    default:
        incload__str_add(out, "CAST(? AS TEXT)");
        break;
    }
}

enum { EXACT_DIGITS = 15 };

/* The digits of a decimal that survive as a double. Of the column's own type nothing is read here: that would cost
 * more than to look at the digits. */
static bool
keeps_digits(incload__type type, const char *text, size_t length)
{
    int64_t highest = 0, lowest = 0;

    if (type.kind == INCLOAD__DECIMAL && type.precision <= EXACT_DIGITS)
        return true;
    /* So few digits need no closer look; NaN and infinities end in a letter. */
    if (length > 0 && length <= EXACT_DIGITS && incload__is_digit(text[length - 1]))
        return true;
    return incload__decimal_span(text, length, &highest, &lowest) && highest - lowest < EXACT_DIGITS;
}

int32_t
incload__sqlite_encode(const incload__view *view, int32_t column, int64_t row, const incload__column *target,
                       incload__str *out, incload_error **err)
{
    incload__type type = view->columns[column].type;
    bool decimal = type.kind == INCLOAD__DECIMAL || type.kind == INCLOAD__NUMERIC;
    size_t start = out->length;
    int32_t status = incload__encode(&encoding, view, column, row, target, out, err);

    /* SQLite turns decimal text into a double in a column of numeric affinity. */
    if (status == INCLOAD_OK && decimal && target->native != NULL
        && !keeps_digits(type, out->data + start, out->length - start)
        && incload__sqlite_affinity(target->native) != INCLOAD__AFFINITY_TEXT) {
        out->length = start;
        status = incload__encode_refuse(&encoding, target,
                                        "such a number exactly unless the column is declared DECIMAL TEXT", err);
    }
    return status;
}

void
incload__sqlite_exact_text(incload__str *out, const incload__column *column, const char *expression)
{
    switch (incload__sqlite_kind(column)) {
    case INCLOAD__FLOAT32:
    case INCLOAD__FLOAT64:
        add_double(out, expression);
        break;
    case INCLOAD__BINARY:
        incload__str_addf(out, "lower(hex(%s))", expression);
        break;
    default:
        incload__str_addf(out, "CAST(%s AS TEXT)", expression);
        break;
    }
}

/* Values of another storage class sort apart from all others: text behind every number, say. They have no position. */
void
incload__sqlite_no_position(incload__str *out, const incload__column *column, const char *quoted)
{
    switch (incload__sqlite_kind(column)) {
    case INCLOAD__BOOL:
    case INCLOAD__INT64:
        incload__str_addf(out, "typeof(%s) <> 'integer'", quoted);
        break;
    case INCLOAD__FLOAT64:
        incload__str_addf(out, "(typeof(%s) NOT IN ('real', 'integer') OR abs(%s) = 9e999)", quoted, quoted);
        break;
    case INCLOAD__DATE:
    case INCLOAD__TIME:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
    case INCLOAD__TEXT:
    case INCLOAD__UUID:
        incload__str_addf(out, "typeof(%s) <> 'text'", quoted);
        break;
    case INCLOAD__BINARY:
        incload__str_addf(out, "typeof(%s) <> 'blob'", quoted);
        break;
    case INCLOAD__DECIMAL:
        incload__str_addf(out, "typeof(%s) NOT IN ('integer', 'real')", quoted);
        break;
    default:
        incload__str_addf(out, "%s IS NULL", quoted);
        break;
    }
}

/* As text 9.5 stands behind 10, and as doubles two long decimals are one. */
bool
incload__sqlite_misorders(const incload__column *column)
{
    incload__kind kind = incload__sqlite_kind(column);

    return (kind == INCLOAD__DECIMAL || kind == INCLOAD__NUMERIC)
           && incload__sqlite_affinity(column->native) == INCLOAD__AFFINITY_TEXT;
}
