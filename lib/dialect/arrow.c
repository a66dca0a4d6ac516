/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that a host streams in: they have columns and types, and nothing that understands SQL. What there is of it here
 * is what a reader of plain columns needs, and names them in messages and plans; nothing is ever written there. */
#include "dialect/ansi.h"
#include "dialect/classify.h"
#include "dialect/native.h"
#include "dialect/quote.h"

static const char *const session[] = { NULL };

static const incload__error_rule error_rules[] = {
    { NULL, 0, 0, false },
};

/* The types in their own words, as incload__type_text() says them. */
static const incload__native_rule type_rules[] = {
    { "bool", INCLOAD__BOOL, INCLOAD__ARGS_NONE, 0, 0 },
    { "int8", INCLOAD__INT8, INCLOAD__ARGS_NONE, 0, 0 },
    { "int16", INCLOAD__INT16, INCLOAD__ARGS_NONE, 0, 0 },
    { "int32", INCLOAD__INT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "int64", INCLOAD__INT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "uint64", INCLOAD__UINT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "float32", INCLOAD__FLOAT32, INCLOAD__ARGS_NONE, 0, 0 },
    { "float64", INCLOAD__FLOAT64, INCLOAD__ARGS_NONE, 0, 0 },
    { "decimal", INCLOAD__DECIMAL, INCLOAD__ARGS_DECIMAL, 0, 0 },
    { "numeric", INCLOAD__NUMERIC, INCLOAD__ARGS_NONE, 0, 0 },
    { "date", INCLOAD__DATE, INCLOAD__ARGS_NONE, 0, 0 },
    { "time", INCLOAD__TIME, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamp", INCLOAD__TIMESTAMP, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "timestamp with time zone", INCLOAD__TIMESTAMPTZ, INCLOAD__ARGS_FRACTION, 0, 6 },
    { "text", INCLOAD__TEXT, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "binary", INCLOAD__BINARY, INCLOAD__ARGS_LENGTH, 0, 0 },
    { "uuid", INCLOAD__UUID, INCLOAD__ARGS_NONE, 0, 0 },
    { "json", INCLOAD__JSON, INCLOAD__ARGS_NONE, 0, 0 },
    { NULL, INCLOAD__UNKNOWN, INCLOAD__ARGS_NONE, 0, 0 },
};

/* Columns of a stream have any names, which only the target judges. */
static int32_t
quote(incload__str *out, const char *what, const char *name, incload_error **err)
{
    static const incload__quoting rule = {
        .server = "a stream", .open = '"', .close = '"', .limit = INT32_MAX, .unit = INCLOAD__NAME_BYTES,
    };

    return incload__quote_with(&rule, out, what, name, err);
}

static incload__type
type_of(const char *native)
{
    return incload__native_type_of(type_rules, INCLOAD__TEXT, native);
}

static int32_t
native_type(incload__str *out, const char *column, incload__type type, bool in_key, incload_error **err)
{
    char text[48];

    (void)column;
    (void)in_key;
    (void)err;
    incload__str_add(out, incload__type_text(type, text, sizeof text));
    return INCLOAD_OK;
}

static int32_t
select_item(incload__str *out, const incload__column *column, incload__wire wire, incload_error **err)
{
    (void)wire;
    return quote(out, "column", column->name, err);
}

static void
placeholder(incload__str *out, const incload__column *column, int32_t number)
{
    (void)column;
    (void)number;
    incload__str_add(out, "?");
}

static void
exact_text(incload__str *out, const incload__column *column, const char *expression)
{
    (void)column;
    incload__str_add(out, expression);
}

static incload__error_class
classify(const char *sqlstate, int64_t native_code)
{
    return incload__classify(error_rules, sqlstate, native_code);
}

const incload__dialect incload__dialect_arrow = {
    .name = "arrow",
    .max_params = 255,
    .name_limit = INT32_MAX,
    .snapshot_reads = true, /* what is read once is read at one time */
    .begin_read = "BEGIN",
    .begin_write = "BEGIN",
    .session = session,
    .quote = quote,
    .columns_query = "COLUMNS OF THE STREAM",
    .keys_query = "KEYS OF THE STREAM",
    .type_of = type_of,
    .native_type = native_type,
    .select_item = select_item,
    .bind_item = placeholder,
    .param = placeholder,
    .encode = incload__ansi_encode,
    .exact_text = exact_text,
    .no_position = incload__ansi_no_position,
    .words = { "FALSE", "TRUE" },
    .text_word = "text",
    .classify = classify,
};
