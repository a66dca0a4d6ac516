/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "batch/batch.h"
#include "batch/kind.h"

static bool
column_fits(const struct ArrowArray *parent, const struct ArrowArray *child, const incload__kind_traits *traits)
{
    int64_t buffers = traits->store == INCLOAD__STORE_VARIABLE ? 3 : 2;

    if (child->release == NULL || child->n_buffers != buffers || child->offset < 0 || child->dictionary != NULL
        || child->length < parent->offset + parent->length)
        return false;
    if (child->null_count > 0 && child->buffers[0] == NULL)
        return false;
    return child->length == 0 || child->buffers[1] != NULL;
}

static void
look_at(incload__view_column *column, const struct ArrowArray *parent, const struct ArrowArray *child)
{
    column->validity = child->null_count != 0 ? child->buffers[0] : NULL;
    column->offset = parent->offset + child->offset;
    if (incload__traits(column->type)->store == INCLOAD__STORE_VARIABLE) {
        column->offsets = child->buffers[1];
        column->data = child->buffers[2];
    } else {
        column->data = child->buffers[1];
    }
}

int32_t
incload__view_init(incload__view *view, const incload__mem *mem, const incload__schema *schema,
                   const struct ArrowArray *array, incload_error **err)
{
    *view = (incload__view){ .schema = schema, .mem = mem };
    if (array->release == NULL || array->n_children != schema->count || array->offset < 0)
        return incload__fail(err, INCLOAD_E_INTERNAL,
                             "a batch does not have the %d columns of its schema: please report", schema->count);
    view->columns = incload__alloc_array(mem, (size_t)schema->count, sizeof *view->columns);
    if (view->columns == NULL)
        return incload__fail_memory(err);

    view->rows = array->length;
    for (int32_t i = 0; i < schema->count; i++) {
        view->columns[i].type = schema->columns[i].type;
        if (!column_fits(array, array->children[i], incload__traits(schema->columns[i].type))) {
            incload__view_free(view);
            return incload__fail(err, INCLOAD_E_INTERNAL,
                                 "column '%s' of a batch does not have the layout of its type: please report",
                                 schema->columns[i].name);
        }
        look_at(&view->columns[i], array, array->children[i]);
    }
    return INCLOAD_OK;
}

void
incload__view_free(incload__view *view)
{
    if (view->columns != NULL)
        incload__free(view->mem, view->columns);
    view->columns = NULL;
    view->rows = 0;
}

int64_t
incload__get_int(const incload__view *view, int32_t column, int64_t row)
{
    const incload__view_column *c = &view->columns[column];
    int64_t at = row + c->offset;

    switch (incload__traits(c->type)->width) {
    case 8:
        return ((const int64_t *)c->data)[at];
    case 4:
        return ((const int32_t *)c->data)[at];
    case 2:
        return ((const int16_t *)c->data)[at];
    case 1:
        return ((const int8_t *)c->data)[at];
    default:
        return ((const uint8_t *)c->data)[at >> 3] >> (at & 7) & 1;
    }
}

uint64_t
incload__get_uint(const incload__view *view, int32_t column, int64_t row)
{
    return (uint64_t)incload__get_int(view, column, row);
}

double
incload__get_float(const incload__view *view, int32_t column, int64_t row)
{
    const incload__view_column *c = &view->columns[column];
    int64_t at = row + c->offset;

    return c->type.kind == INCLOAD__FLOAT32 ? (double)((const float *)c->data)[at] : ((const double *)c->data)[at];
}

__int128
incload__get_decimal(const incload__view *view, int32_t column, int64_t row)
{
    const incload__view_column *c = &view->columns[column];
    __int128 value;

    /* Copied: a slice from elsewhere may be aligned to 8 bytes only. */
    memcpy(&value, (const char *)c->data + (row + c->offset) * (int64_t)sizeof value, sizeof value);
    return value;
}

const void *
incload__get_bytes(const incload__view *view, int32_t column, int64_t row, size_t *length)
{
    const incload__view_column *c = &view->columns[column];
    int64_t at = row + c->offset;

    if (c->offsets == NULL) {
        *length = incload__traits(c->type)->width;
        return (const char *)c->data + at * (int64_t)*length;
    }
    *length = (size_t)(c->offsets[at + 1] - c->offsets[at]);
    return (const char *)c->data + c->offsets[at];
}
