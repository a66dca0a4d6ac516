/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/image.h"

static int32_t
refuse_binary(const incload__relation *relation, int32_t column, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                         "column \"%s\" of \"%s\".\"%s\" comes in binary form: start the replication without option "
                         "binary",
                         relation->columns[column].name, relation->schema, relation->name);
}

/* Cells of what a tuple tells, all of it. `whole` (may be NULL) is the old tuple that may know what this one leaves
 * out. */
static int32_t
read_tuple(const incload__relation *relation, const incload__pg_tuple *tuple, const incload__pg_tuple *whole,
           incload__cell *cells, int32_t *count, incload_error **err)
{
    size_t at = 0, whole_at = 0;

    for (int32_t i = 0; i < tuple->columns; i++) {
        incload__pg_value value = incload__pg_tuple_next(tuple, &at);
        incload__pg_value before = whole != NULL ? incload__pg_tuple_next(whole, &whole_at) : value;
        if (value.kind == INCLOAD__PG_UNCHANGED)
            value = before;
        if (value.kind == INCLOAD__PG_BINARY)
            return refuse_binary(relation, i, err);
        if (value.kind == INCLOAD__PG_UNCHANGED || (tuple->kind == 'K' && !relation->columns[i].key))
            continue;
        const char *text = value.kind == INCLOAD__PG_TEXT ? value.bytes : NULL;
        cells[(*count)++] = (incload__cell){ .text = text, .length = value.length, .column = i };
    }
    return INCLOAD_OK;
}

int32_t
incload__image_read(const incload__assembled *change, incload__cell *row, int32_t *row_count, incload__cell *old,
                    int32_t *old_count, incload_error **err)
{
    const incload__relation *relation = change->relation;
    const incload__pg_tuple *before = &change->message.old;

    *row_count = *old_count = 0;
    if (change->message.kind == INCLOAD__PG_DELETE)
        return read_tuple(relation, before, NULL, row, row_count, err);
    if (before->kind != 0) {
        int32_t status = read_tuple(relation, before, NULL, old, old_count, err);
        if (status != INCLOAD_OK)
            return status;
    }
    return read_tuple(relation, &change->message.row, before->kind == 'O' ? before : NULL, row, row_count, err);
}
