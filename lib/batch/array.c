/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/array.h"

#include "batch/batch.h"

enum { MAX_BUFFERS = 3 };

typedef struct column_memory {
    incload__mem mem;
    const void *buffers[MAX_BUFFERS];
} column_memory;

typedef struct struct_memory {
    incload__mem mem;
    const void *buffers[1]; /* a struct's validity: never any */
    struct ArrowArray **pointers;
    struct ArrowArray *children;
} struct_memory;

static void
column_release(struct ArrowArray *array)
{
    column_memory *own = array->private_data;
    incload__mem mem = own->mem;

    for (int32_t i = 0; i < MAX_BUFFERS; i++)
        incload__free(&mem, (void *)(uintptr_t)own->buffers[i]);
    incload__free(&mem, own);
    array->private_data = NULL;
    array->release = NULL;
}

int32_t
incload__array_column(const incload__mem *mem, int32_t buffer_count, struct ArrowArray *out, incload_error **err)
{
    column_memory *own = incload__alloc(mem, sizeof *own);

    if (own == NULL)
        return incload__fail_memory(err);
    own->mem = *mem;
    *out = (struct ArrowArray){
        .n_buffers = buffer_count,
        .buffers = own->buffers,
        .release = column_release,
        .private_data = own,
    };
    return INCLOAD_OK;
}

void
incload__array_set_buffer(struct ArrowArray *array, int32_t index, void *buffer)
{
    column_memory *own = array->private_data;

    own->buffers[index] = buffer;
}

static void
struct_memory_free(struct_memory *own)
{
    incload__mem mem = own->mem;

    incload__free(&mem, own->pointers);
    incload__free(&mem, own->children);
    incload__free(&mem, own);
}

static void
struct_release(struct ArrowArray *array)
{
    struct_memory *own = array->private_data;

    /* Children that a consumer has moved out are marked as released and live on. */
    for (int64_t i = 0; i < array->n_children; i++)
        incload__array_release(array->children[i]);
    struct_memory_free(own);
    array->private_data = NULL;
    array->release = NULL;
}

int32_t
incload__array_struct(const incload__mem *mem, int32_t children, int64_t rows, struct ArrowArray *out,
                      incload_error **err)
{
    struct_memory *own = incload__alloc(mem, sizeof *own);

    if (own == NULL)
        return incload__fail_memory(err);
    own->mem = *mem;
    own->pointers = incload__alloc_array(mem, (size_t)children, sizeof *own->pointers);
    own->children = incload__alloc_array(mem, (size_t)children, sizeof *own->children);
    if (own->pointers == NULL || own->children == NULL) {
        struct_memory_free(own);
        return incload__fail_memory(err);
    }
    for (int32_t i = 0; i < children; i++)
        own->pointers[i] = &own->children[i];
    *out = (struct ArrowArray){
        .length = rows,
        .n_buffers = 1,
        .n_children = children,
        .buffers = own->buffers,
        .children = own->pointers,
        .release = struct_release,
        .private_data = own,
    };
    return INCLOAD_OK;
}

void
incload__array_take_child(struct ArrowArray *parent, int32_t index, struct ArrowArray *out)
{
    struct ArrowArray *child = parent->children[index];

    incload__array_move(child, out);
    if (parent->offset != 0 || out->length != parent->length) {
        out->offset += parent->offset;
        out->length = parent->length;
        if (out->null_count > 0)
            out->null_count = -1;
    }
}

void
incload__array_move(struct ArrowArray *array, struct ArrowArray *out)
{
    *out = *array;
    array->release = NULL;
}

void
incload__array_release(struct ArrowArray *array)
{
    if (array != NULL && array->release != NULL)
        array->release(array);
}

void
incload__arrow_schema_release(struct ArrowSchema *schema)
{
    if (schema != NULL && schema->release != NULL)
        schema->release(schema);
}
