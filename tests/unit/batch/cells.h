/* SPDX-License-Identifier: Apache-2.0 */
/* Batches written down as text, for tests: cells by their canonical text, NULL for NULL. */
#ifndef INCLOAD_TESTS_UNIT_BATCH_CELLS_H
#define INCLOAD_TESTS_UNIT_BATCH_CELLS_H

#include "harness.h"

#include <string.h>

#include "batch/batch.h"

#define TYPE(k) ((incload__type){ .kind = INCLOAD__##k })
#define TYPE_P(k, p) ((incload__type){ .kind = INCLOAD__##k, .precision = (p) })
#define TYPE_S(k, s) ((incload__type){ .kind = INCLOAD__##k, .scale = (s) })
#define DECIMAL(p, s) ((incload__type){ .kind = INCLOAD__DECIMAL, .precision = (p), .scale = (s) })

/* A schema of one column named "c". */
static inline incload__schema
one_column(incload__type type)
{
    incload__schema schema;

    incload__schema_init(&schema, &incload__mem_libc);
    ck_assert_ptr_nonnull(incload__schema_add(&schema, "c", NULL, type));
    return schema;
}

/* A batch of that schema with the given cells. */
static inline void
batch_of(const incload__schema *schema, const char *const *cells, int32_t count, struct ArrowArray *out)
{
    incload_error *err = NULL;
    incload__builder *builder = incload__builder_new(&incload__mem_libc, schema, &err);

    ck_assert_ptr_nonnull(builder);
    for (int32_t i = 0; i < count; i++) {
        int32_t status = cells[i] == NULL ? incload__put_null(builder, 0)
                                          : incload__put_text(builder, 0, cells[i], strlen(cells[i]));
        ck_assert_msg(status == INCLOAD_OK, "cell '%s'", cells[i]);
    }
    ck_assert_int_eq(incload__builder_finish(builder, out, &err), INCLOAD_OK);
    incload__builder_free(builder);
}

/* The canonical text of a cell; free() it. "NULL" for NULL. */
static inline char *
text_at(const incload__schema *schema, const struct ArrowArray *array, int32_t column, int64_t row)
{
    incload__view view;
    incload__str text = INCLOAD__STR(&incload__mem_libc);

    ck_assert_int_eq(incload__view_init(&view, &incload__mem_libc, schema, array, NULL), INCLOAD_OK);
    ck_assert_int_lt(row, view.rows);
    if (incload__is_null(&view, column, row))
        incload__str_add(&text, "NULL");
    else
        incload__cell_text(&view, column, row, &text);
    incload__view_free(&view);
    return incload__str_take(&text);
}

#define ck_assert_cell(schema, array, column, row, expected)                                                           \
    do {                                                                                                               \
        char *cell_text_ = text_at((schema), (array), (column), (row));                                                \
        ck_assert_str_eq(cell_text_, (expected));                                                                      \
        free(cell_text_);                                                                                              \
    } while (0)

#endif
