/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over both sides, which leaves a count and a digest for each bucket. Batches are taken from the two in turn,
 * so that both servers work at the same time, and one thread is enough. */
#include "load/verify_internal.h"

int32_t
incload__verify_digests(verify *v, const incload__view *view, int64_t row, incload__digest *whole,
                        incload__digest *key, incload_error **err)
{
    if (!incload__hash_cells(&v->rows, view, v->all, view->schema->count, row, whole))
        return incload__fail_memory(err);
    if (key == NULL)
        return INCLOAD_OK;
    *key = *whole;
    if (v->key_count > 0 && !incload__hash_cells(&v->keys, view, v->key, v->key_count, row, key))
        return incload__fail_memory(err);
    return INCLOAD_OK;
}

int32_t
incload__verify_bucket_of(const verify *v, const verify_pass *pass, const incload__view *view, int64_t row,
                          incload__digest key)
{
    if (!pass->by_range)
        return (int32_t)(key.high & (uint64_t)(pass->count - 1));
    uint64_t distance = (uint64_t)incload__get_int(view, v->key[0], row) - (uint64_t)pass->slice.low;
    return (int32_t)(distance / pass->width);
}

static int32_t
add_batch(verify *v, const verify_pass *pass, int32_t side, const incload__view *view, incload_error **err)
{
    incload__digest whole, key = { 0, 0 };

    for (int64_t row = 0; row < view->rows; row++) {
        /* NULL has no place in a range; keys have none, and a table that breaks its own word is told so. */
        if (pass->by_range && incload__is_null(view, v->key[0], row))
            return incload__fail(err, INCLOAD_E_DATA, "column '%.64s' of the key is NULL in a row",
                                 view->schema->columns[v->key[0]].name);
        int32_t status = incload__verify_digests(v, view, row, &whole, pass->by_range ? NULL : &key, err);
        if (status != INCLOAD_OK)
            return status;
        int32_t bucket = incload__verify_bucket_of(v, pass, view, row, key);
        if (bucket < 0 || bucket >= pass->count)
            return incload__fail(err, INCLOAD_E_INTERNAL, "a row lies outside of the range it was asked for");
        incload__bucket_add(&pass->buckets[side][bucket], whole);
    }
    return INCLOAD_OK;
}

static int32_t
scan_here(verify *v, verify_pass *pass, incload_error **err)
{
    verify_reader *readers[2] = { NULL, NULL };
    bool done[2] = { false, false };
    int32_t status = incload__verify_open(v, SOURCE, &pass->slice, &readers[SOURCE], err);

    if (status == INCLOAD_OK)
        status = incload__verify_open(v, TARGET, &pass->slice, &readers[TARGET], err);
    for (int32_t side = SOURCE; status == INCLOAD_OK && !(done[SOURCE] && done[TARGET]); side = !side) {
        if (done[side])
            continue;
        status = incload__verify_next(readers[side], err);
        if (status == INCLOAD_OK)
            status = add_batch(v, pass, side, &readers[side]->view, err);
        done[side] = status == INCLOAD_OK && readers[side]->view.rows == 0;
    }
    incload__verify_close(readers[SOURCE]);
    incload__verify_close(readers[TARGET]);
    return status;
}

int32_t
incload__verify_scan(verify *v, verify_pass *pass, incload_error **err)
{
    return v->in_database ? incload__verify_database_scan(v, pass, err) : scan_here(v, pass, err);
}
