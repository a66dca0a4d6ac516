/* SPDX-License-Identifier: Apache-2.0 */
/* Batches from the host: any producer's layout first becomes ours, then the values are converted. */
#include "batch/import.h"

#include <string.h>

#include "batch/builder.h"

static bool
bit_is_clear(const void *bits, int64_t at)
{
    return bits != NULL && (((const uint8_t *)bits)[at >> 3] >> (at & 7) & 1) == 0;
}

static const void *
validity_of(const struct ArrowArray *array)
{
    return array->null_count != 0 && array->n_buffers > 0 ? array->buffers[0] : NULL;
}

/* ---- the batch as a whole ---- */

static bool
has_children(const struct ArrowArray *array)
{
    bool whole = array->n_children == 0 || array->children != NULL;

    for (int64_t i = 0; whole && i < array->n_children; i++)
        whole = array->children[i] != NULL;
    return whole && (array->null_count == 0 || array->n_buffers < 1 || array->buffers != NULL);
}

/* Each with a format, and no dictionary of dictionaries: its values would be taken for what they point to. */
static bool
has_types(const struct ArrowSchema *schema)
{
    bool whole = schema->n_children == 0 || schema->children != NULL;

    for (int64_t i = 0; whole && i < schema->n_children; i++) {
        const struct ArrowSchema *type = schema->children[i];
        whole = type != NULL && type->format != NULL
                && (type->dictionary == NULL
                    || (type->dictionary->format != NULL && type->dictionary->dictionary == NULL));
    }
    return whole;
}

int32_t
incload__import_check(const struct ArrowSchema *schema, const struct ArrowArray *array, incload_error **err)
{
    if (schema->release == NULL || array->release == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the batch or its schema is released already");
    if (schema->format == NULL || strcmp(schema->format, "+s") != 0)
        return incload__fail(err, INCLOAD_E_TYPE, "a batch must be an Arrow struct with one child a column");
    if (array->n_children != schema->n_children || array->length < 0 || array->offset < 0
        || array->length > INT64_MAX - array->offset || !has_children(array) || !has_types(schema))
        return incload__fail(err, INCLOAD_E_INVALID, "the batch does not have the layout that its schema says");

    const void *validity = validity_of(array);
    for (int64_t row = 0; validity != NULL && row < array->length; row++) {
        if (bit_is_clear(validity, array->offset + row))
            return incload__fail(err, INCLOAD_E_DATA,
                                 "a row of the batch is NULL as a whole: drop it, or set its columns");
    }
    return INCLOAD_OK;
}

static int64_t
find_child(const struct ArrowSchema *schema, const char *name)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->name != NULL && strcmp(schema->children[i]->name, name) == 0)
            return i;
    }
    return -1;
}

/* With every expected column there, and as many as expected, none can be left over. */
static int32_t
check_names(const struct ArrowSchema *schema, const incload__schema *expected, incload_error **err)
{
    for (int32_t i = 0; i < expected->count; i++) {
        if (find_child(schema, expected->columns[i].name) < 0)
            return incload__fail(err, INCLOAD_E_NOT_FOUND, "the batch lacks column '%s'", expected->columns[i].name);
    }
    for (int64_t i = 0; i < schema->n_children; i++) {
        const char *name = schema->children[i]->name != NULL ? schema->children[i]->name : "";
        if (incload__schema_find(expected, name) < 0 || find_child(schema, name) != i)
            return incload__fail(err, INCLOAD_E_NOT_FOUND, "the batch has column '%s' more than expected", name);
    }
    return INCLOAD_OK;
}

/* ---- its columns ---- */

static bool
parse_types(const struct ArrowSchema *type, incload__kind expected, incload__importing *out)
{
    if (type->dictionary == NULL)
        return incload__format_parse(type->format, expected, &out->arrived);
    return incload__format_parse(type->dictionary->format, expected, &out->arrived)
           && incload__format_parse(type->format, INCLOAD__UNKNOWN, &out->indices)
           && (out->indices.layout == INCLOAD__LAYOUT_SIGNED || out->indices.layout == INCLOAD__LAYOUT_UNSIGNED);
}

int32_t
incload__import_open(const struct ArrowSchema *schema, const struct ArrowArray *parent, int64_t child,
                     const incload__column *expected, incload__importing *out, incload_error **err)
{
    const struct ArrowSchema *type = schema->children[child];

    *out = (incload__importing){ .array = parent->children[child] };
    out->values = type->dictionary != NULL ? out->array->dictionary : out->array;
    out->format = type->dictionary != NULL ? type->dictionary->format : type->format;
    if (!parse_types(type, expected->type.kind, out))
        return incload__fail(err, INCLOAD_E_TYPE,
                             "column '%s' of the batch has Arrow type '%s', which is not known: cast it",
                             expected->name, out->format);
    if (out->values == NULL || !incload__arrived_fits(&out->arrived, out->values)
        || (type->dictionary != NULL && !incload__arrived_fits(&out->indices, out->array))
        || out->array->length < parent->offset + parent->length)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "column '%s' of the batch does not have the layout of its Arrow type '%s'", expected->name,
                             out->format);
    out->offset = parent->offset + out->array->offset;
    return INCLOAD_OK;
}

/* NULLs alone may stand for any type. */
static incload__type
arrived_type(const incload__importing *column, const incload__column *expected)
{
    return column->arrived.layout == INCLOAD__LAYOUT_NULLS ? expected->type : column->arrived.type;
}

static int32_t
take_cell(const incload__importing *column, int64_t at, incload__builder *builder, int32_t index)
{
    if (column->arrived.layout == INCLOAD__LAYOUT_NULLS || bit_is_clear(validity_of(column->array), at))
        return incload__put_null(builder, index);
    if (column->values != column->array) {
        at = incload__arrived_int(column->array, column->indices.width,
                                  column->indices.layout == INCLOAD__LAYOUT_SIGNED, at);
        if (at < 0 || at >= column->values->length)
            return INCLOAD_E_INVALID;
        at += column->values->offset;
        if (bit_is_clear(validity_of(column->values), at))
            return incload__put_null(builder, index);
    }
    return incload__arrived_put(&column->arrived, column->values, at, builder, index);
}

int32_t
incload__import_take(const incload__importing *column, int64_t first, int64_t rows, incload__builder *builder,
                     int32_t index, incload_error **err)
{
    const char *name = incload__builder_schema(builder)->columns[index].name;
    int32_t status = INCLOAD_OK;
    char type[48];

    for (int64_t row = 0; row < rows && status == INCLOAD_OK; row++)
        status = take_cell(column, column->offset + first + row, builder, index);
    switch (status) {
    case INCLOAD_OK:
        return INCLOAD_OK;
    case INCLOAD_E_DATA:
        return incload__fail(err, status, "column '%s' of the batch has a value of Arrow type '%s' that is no %s", name,
                             column->format, incload__type_text(column->arrived.type, type, sizeof type));
    case INCLOAD_E_NO_MEMORY:
        return incload__fail_memory(err);
    default:
        return incload__fail(err, status, "column '%s' of the batch contradicts itself: its buffers point outside",
                             name);
    }
}

static int32_t
take_batch(const incload__mem *mem, const struct ArrowSchema *schema, const struct ArrowArray *array,
           const incload__schema *expected, incload__importing *sources, incload__schema *arrived,
           struct ArrowArray *out, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < expected->count && status == INCLOAD_OK; i++) {
        const incload__column *column = &expected->columns[i];
        status = incload__import_open(schema, array, find_child(schema, column->name), column, &sources[i], err);
        if (status == INCLOAD_OK
            && incload__schema_add(arrived, column->name, NULL, arrived_type(&sources[i], column)) == NULL)
            status = incload__fail_memory(err);
    }
    if (status != INCLOAD_OK)
        return status;

    incload__builder *builder = incload__builder_new(mem, arrived, err);
    if (builder == NULL)
        return incload__entered_with(err) != INCLOAD_OK ? incload__entered_with(err) : INCLOAD_E_NO_MEMORY;
    for (int32_t i = 0; i < expected->count && status == INCLOAD_OK; i++)
        status = incload__import_take(&sources[i], 0, array->length, builder, i, err);
    if (status == INCLOAD_OK)
        status = incload__builder_finish(builder, out, err);
    incload__builder_free(builder);
    return status;
}

int32_t
incload__import(const incload__mem *mem, const struct ArrowSchema *schema, const struct ArrowArray *array,
                const incload__schema *expected, struct ArrowArray *out, incload_error **err)
{
    struct ArrowArray batch = { .release = NULL };
    incload__schema arrived;
    incload__importing *sources = NULL;

    *out = batch;
    incload__schema_init(&arrived, mem);
    int32_t status = incload__import_check(schema, array, err);
    if (status == INCLOAD_OK)
        status = check_names(schema, expected, err);
    if (status != INCLOAD_OK)
        goto done;
    sources = incload__alloc_array(mem, (size_t)expected->count, sizeof *sources);
    if (sources == NULL) {
        status = incload__fail_memory(err);
        goto done;
    }
    status = take_batch(mem, schema, array, expected, sources, &arrived, &batch, err);
    if (status == INCLOAD_OK)
        status = incload__convert(mem, &arrived, &batch, expected, out, err);

done:
    incload__free(mem, sources);
    incload__schema_free(&arrived);
    return status;
}
