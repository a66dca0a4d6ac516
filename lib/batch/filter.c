/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/array.h"
#include "batch/batch.h"
#include "batch/builder.h"
#include "batch/kind.h"

static inline bool
kept(const uint8_t *keep, int64_t row)
{
    return (keep[row >> 3] >> (row & 7) & 1) != 0;
}

static bool
all_kept(const uint8_t *keep, int64_t rows)
{
    for (int64_t row = 0; row < rows; row++) {
        if (!kept(keep, row))
            return false;
    }
    return true;
}

static int32_t
copy_cell(const incload__view *view, incload__builder *builder, int32_t column, int64_t row)
{
    size_t length;

    if (incload__is_null(view, column, row))
        return incload__put_null(builder, column);
    if (view->columns[column].type.kind == INCLOAD__BOOL)
        return incload__put_int(builder, column, incload__get_int(view, column, row));
    const void *cell = incload__get_bytes(view, column, row, &length);
    return incload__put_raw(builder, column, cell, length);
}

static int32_t
copy_kept(const incload__view *view, const uint8_t *keep, incload__builder *builder, struct ArrowArray *out,
          incload_error **err)
{
    for (int32_t column = 0; column < view->schema->count; column++) {
        for (int64_t row = 0; row < view->rows; row++) {
            if (!kept(keep, row))
                continue;
            int32_t status = copy_cell(view, builder, column, row);
            if (status != INCLOAD_OK)
                return incload__fail(err, status, "column '%s' of a batch could not be filtered",
                                     view->schema->columns[column].name);
        }
    }
    return incload__builder_finish(builder, out, err);
}

int32_t
incload__filter(const incload__mem *mem, const incload__schema *schema, struct ArrowArray *array, const uint8_t *keep,
                struct ArrowArray *out, incload_error **err)
{
    incload__view view;
    incload__builder *builder = NULL;

    *out = (struct ArrowArray){ .release = NULL };
    int32_t status = incload__view_init(&view, mem, schema, array, err);
    if (status != INCLOAD_OK)
        goto done;
    if (all_kept(keep, view.rows)) {
        incload__array_move(array, out);
        goto done;
    }
    builder = incload__builder_new(mem, schema, err);
    status = builder != NULL ? copy_kept(&view, keep, builder, out, err) : INCLOAD_E_NO_MEMORY;

done:
    incload__builder_free(builder);
    incload__view_free(&view);
    incload__array_release(array);
    return status;
}
