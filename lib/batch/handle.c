/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/handle.h"

#include <stdatomic.h>
#include <string.h>

/* The rows, shared by the batch and every array that was lent: freed with the last of them, on any thread. */
typedef struct shared_rows {
    atomic_int refs;
    incload__mem mem;
    struct ArrowArray rows;
} shared_rows;

struct incload_batch {
    incload__mem mem;
    const incload__schema *schema;
    shared_rows *shared;
};

static shared_rows *
shared_new(const incload__mem *mem, struct ArrowArray *array)
{
    shared_rows *shared = incload__alloc(mem, sizeof *shared);

    if (shared == NULL) {
        incload__array_release(array);
        return NULL;
    }
    atomic_init(&shared->refs, 1);
    shared->mem = *mem;
    shared->rows = *array;
    array->release = NULL;
    return shared;
}

static void
shared_unref(shared_rows *shared)
{
    if (shared == NULL || atomic_fetch_sub_explicit(&shared->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload__mem mem = shared->mem;
    incload__array_release(&shared->rows);
    incload__free(&mem, shared);
}

/* ---- arrays that borrow buffers of the shared rows ---- */

static void
release_child(struct ArrowArray *array)
{
    shared_unref(array->private_data);
    array->release = NULL;
}

typedef struct lent_parent {
    shared_rows *shared;
    struct ArrowArray *children;
    struct ArrowArray **pointers;
} lent_parent;

static void
release_parent(struct ArrowArray *array)
{
    lent_parent *lent = array->private_data;
    incload__mem mem = lent->shared->mem;

    /* A consumer may have moved children out: those are marked released here and keep their own reference. */
    for (int64_t i = 0; i < array->n_children; i++)
        incload__array_release(array->children[i]);
    incload__free(&mem, lent->children);
    incload__free(&mem, lent->pointers);
    shared_unref(lent->shared);
    incload__free(&mem, lent);
    array->release = NULL;
}

static int32_t
lend_rows(shared_rows *shared, struct ArrowArray *out, incload_error **err)
{
    const struct ArrowArray *rows = &shared->rows;
    size_t count = (size_t)rows->n_children;
    lent_parent *lent = incload__alloc(&shared->mem, sizeof *lent);
    struct ArrowArray *children = incload__alloc_array(&shared->mem, count, sizeof *children);
    struct ArrowArray **pointers = incload__alloc_array(&shared->mem, count, sizeof *pointers);

    if (lent == NULL || children == NULL || pointers == NULL) {
        incload__free(&shared->mem, lent);
        incload__free(&shared->mem, children);
        incload__free(&shared->mem, pointers);
        return incload__fail_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        children[i] = *rows->children[i];
        children[i].release = release_child;
        children[i].private_data = shared;
        pointers[i] = &children[i];
    }
    atomic_fetch_add_explicit(&shared->refs, (int)count + 1, memory_order_relaxed);
    *lent = (lent_parent){ shared, children, pointers };
    *out = *rows;
    out->children = pointers;
    out->release = release_parent;
    out->private_data = lent;
    return INCLOAD_OK;
}

/* ---- the handle ---- */

incload_batch *
incload__batch_new(const incload__mem *mem, const incload__schema *schema, struct ArrowArray *array,
                   incload_error **err)
{
    incload_batch *batch = incload__alloc(mem, sizeof *batch);

    if (batch == NULL) {
        incload__array_release(array);
        incload__fail_memory(err);
        return NULL;
    }
    batch->mem = *mem;
    batch->schema = schema;
    batch->shared = shared_new(mem, array);
    if (batch->shared == NULL) {
        incload__fail_memory(err);
        incload__batch_free(batch);
        return NULL;
    }
    return batch;
}

void
incload__batch_free(incload_batch *batch)
{
    if (batch == NULL)
        return;
    incload__mem mem = batch->mem;
    shared_unref(batch->shared);
    incload__free(&mem, batch);
}

/* The rows as an array of the batch's own: moved when nobody else holds them, lent otherwise. */
static int32_t
take_rows(incload_batch *batch, struct ArrowArray *out, incload_error **err)
{
    if (atomic_load_explicit(&batch->shared->refs, memory_order_acquire) != 1)
        return lend_rows(batch->shared, out, err);
    *out = batch->shared->rows;
    batch->shared->rows.release = NULL;
    return INCLOAD_OK;
}

int32_t
incload__batch_end(incload_batch *batch, struct ArrowArray *out, incload_error **err)
{
    int32_t status = take_rows(batch, out, err);

    incload__batch_free(batch);
    return status;
}

int32_t
incload__batch_lend(const incload_batch *batch, int64_t first, int64_t last, struct ArrowArray *out,
                    incload_error **err)
{
    int32_t status = lend_rows(batch->shared, out, err);

    if (status == INCLOAD_OK) {
        out->offset += first;
        out->length = last - first;
    }
    return status;
}

static int32_t
put_rows(incload_batch *batch, struct ArrowArray *array, incload_error **err)
{
    shared_rows *shared = shared_new(&batch->mem, array);

    if (shared == NULL)
        return incload__fail_memory(err);
    shared_unref(batch->shared);
    batch->shared = shared;
    return INCLOAD_OK;
}

int64_t
incload_batch_rows(const incload_batch *batch)
{
    return batch != NULL ? batch->shared->rows.length : 0;
}

int32_t
incload_batch_export(incload_batch *batch, struct ArrowSchema *schema, struct ArrowArray *array, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (batch == NULL || schema == NULL || array == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "batch, schema and array must not be NULL");

    int32_t status = incload__schema_export(batch->schema, schema, err);
    if (status != INCLOAD_OK)
        return status;
    status = lend_rows(batch->shared, array, err);
    if (status != INCLOAD_OK)
        incload__arrow_schema_release(schema);
    return status;
}

int32_t
incload_batch_replace(incload_batch *batch, struct ArrowSchema *schema, struct ArrowArray *array, incload_error **err)
{
    struct ArrowArray taken;
    int32_t status = incload__entered_with(err);

    memset(&taken, 0, sizeof taken);
    if (status == INCLOAD_OK && (batch == NULL || schema == NULL || array == NULL))
        status = incload__fail(err, INCLOAD_E_INVALID, "batch, schema and array must not be NULL");
    if (status == INCLOAD_OK && (schema->release == NULL || array->release == NULL))
        status = incload__fail(err, INCLOAD_E_INVALID, "the schema or array was released already");
    if (status == INCLOAD_OK)
        status = incload__import(&batch->mem, schema, array, batch->schema, &taken, err);
    if (status == INCLOAD_OK)
        status = put_rows(batch, &taken, err);
    if (schema != NULL)
        incload__arrow_schema_release(schema);
    if (array != NULL)
        incload__array_release(array);
    return status;
}

int32_t
incload_batch_keep(incload_batch *batch, const uint8_t *bits, size_t size, incload_error **err)
{
    struct ArrowArray rows, kept;

    INCLOAD_ENTER(err);
    if (batch == NULL || bits == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "batch and bits must not be NULL");
    size_t needed = ((size_t)batch->shared->rows.length + 7) / 8;
    if (size < needed)
        return incload__fail(err, INCLOAD_E_INVALID, "bits must hold one bit a row: %zu bytes, not %zu", needed, size);

    memset(&kept, 0, sizeof kept);
    int32_t status = lend_rows(batch->shared, &rows, err);
    if (status == INCLOAD_OK)
        status = incload__filter(&batch->mem, batch->schema, &rows, bits, &kept, err);
    if (status == INCLOAD_OK)
        status = put_rows(batch, &kept, err);
    return status;
}
