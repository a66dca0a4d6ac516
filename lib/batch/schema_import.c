/* SPDX-License-Identifier: Apache-2.0 */
/* The types of another producer's batches, from their schema alone. */
#include <string.h>

#include "base/utf8.h"
#include "batch/import.h"

enum { LONGEST = 200 };

/* One number of Arrow's metadata, which comes without a length as a whole. */
static int32_t
take_number(const char **at)
{
    int32_t number;

    memcpy(&number, *at, sizeof number);
    *at += sizeof number;
    return number;
}

/* The value of a key; false when there is none that the buffer can hold. */
static bool
find_metadata(const char *metadata, const char *key, char out[LONGEST])
{
    int32_t count = metadata != NULL ? take_number(&metadata) : 0;

    for (int32_t i = 0; i < count; i++) {
        int32_t length = take_number(&metadata);
        if (length < 0)
            return false;
        bool found = (size_t)length == strlen(key) && memcmp(metadata, key, (size_t)length) == 0;
        metadata += length;
        length = take_number(&metadata);
        if (length < 0)
            return false;
        if (found && length < LONGEST) {
            memcpy(out, metadata, (size_t)length);
            out[length] = '\0';
            return true;
        }
        metadata += length;
    }
    return false;
}

static int32_t
digits_of(const char *format)
{
    return format[2] == 's' ? 0 : format[2] == 'm' ? 3 : 6;
}

/* Decimals too long for Arrow's travel as text. */
static bool
is_numeric(const char *native)
{
    return incload__ascii_prefix(native, "numeric") || incload__ascii_prefix(native, "decimal");
}

static bool
type_of(const struct ArrowSchema *child, const char *native, incload__type *out)
{
    const char *format = child->dictionary != NULL ? child->dictionary->format : child->format;
    char extension[LONGEST] = "";
    incload__arrived arrived;

    if (child->dictionary != NULL && child->dictionary->dictionary != NULL)
        return false;
    find_metadata(child->metadata, "ARROW:extension:name", extension);
    bool uuid = strcmp(extension, "arrow.uuid") == 0;
    if (format == NULL || !incload__format_parse(format, uuid ? INCLOAD__UUID : INCLOAD__UNKNOWN, &arrived))
        return false;
    *out = arrived.type;
    if (out->kind == INCLOAD__TIME || out->kind == INCLOAD__TIMESTAMP || out->kind == INCLOAD__TIMESTAMPTZ)
        out->scale = digits_of(format);
    /* NULLs alone may stand for any type. */
    if (arrived.layout == INCLOAD__LAYOUT_NULLS)
        out->kind = INCLOAD__TEXT;
    if (out->kind == INCLOAD__TEXT && strcmp(extension, "arrow.json") == 0)
        out->kind = INCLOAD__JSON;
    else if (out->kind == INCLOAD__TEXT && is_numeric(native))
        out->kind = INCLOAD__NUMERIC;
    return out->kind != INCLOAD__UNKNOWN;
}

static int32_t
add_column(const struct ArrowSchema *child, incload__schema *out, incload_error **err)
{
    const char *name = child->name != NULL ? child->name : "";
    incload__type type = { .kind = INCLOAD__UNKNOWN };
    char native[LONGEST] = "";
    bool has_native = find_metadata(child->metadata, "incload.native", native);

    if (name[0] == '\0' || !incload__utf8_valid(name, strlen(name)))
        return incload__fail(err, INCLOAD_E_INVALID, "a column of the schema has no name, or one that is not UTF-8");
    if (incload__schema_find(out, name) >= 0)
        return incload__fail(err, INCLOAD_E_INVALID, "the schema has column '%.64s' twice", name);
    if (child->format != NULL && child->format[0] == '+')
        return incload__fail(err, INCLOAD_E_TYPE,
                             "column '%.64s' has the nested Arrow type '%.32s': give its parts as columns, or the "
                             "whole as JSON text",
                             name, child->format);
    if (!type_of(child, native, &type))
        return incload__fail(err, INCLOAD_E_TYPE, "column '%.64s' has Arrow type '%.32s', which is not known: cast it",
                             name, child->format != NULL ? child->format : "");
    incload__column *column = incload__schema_add(out, name, has_native ? native : NULL, type);
    if (column == NULL)
        return incload__fail_memory(err);
    column->nullable = (child->flags & ARROW_FLAG_NULLABLE) != 0;
    return INCLOAD_OK;
}

int32_t
incload__schema_import(const struct ArrowSchema *schema, incload__schema *out, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    if (schema->release == NULL || schema->format == NULL || strcmp(schema->format, "+s") != 0 || schema->n_children < 1
        || schema->n_children > INT16_MAX || schema->children == NULL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "the schema must be an Arrow struct with one child a column, and not released");
    for (int64_t i = 0; i < schema->n_children && status == INCLOAD_OK; i++) {
        if (schema->children[i] == NULL)
            return incload__fail(err, INCLOAD_E_INVALID, "the schema lacks the column that it counts as number %d",
                                 (int)i + 1);
        status = add_column(schema->children[i], out, err);
    }
    return status;
}
