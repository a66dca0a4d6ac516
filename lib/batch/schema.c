/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/type.h"

#include <string.h>

#include "base/error.h"

void
incload__schema_init(incload__schema *schema, const incload__mem *mem)
{
    *schema = (incload__schema){ .mem = mem };
}

void
incload__schema_free(incload__schema *schema)
{
    for (int32_t i = 0; i < schema->count; i++) {
        incload__free(schema->mem, schema->columns[i].name);
        incload__free(schema->mem, schema->columns[i].native);
    }
    incload__free(schema->mem, schema->columns);
    incload__schema_init(schema, schema->mem);
}

static bool
reserve_column(incload__schema *schema)
{
    if (schema->count < schema->capacity)
        return true;

    int32_t capacity;
    if (__builtin_mul_overflow(schema->capacity > 0 ? schema->capacity : 4, 2, &capacity))
        return false;
    incload__column *columns =
        incload__realloc(schema->mem, schema->columns, (size_t)capacity * sizeof *schema->columns);
    if (columns == NULL)
        return false;
    schema->columns = columns;
    schema->capacity = capacity;
    return true;
}

incload__column *
incload__schema_add(incload__schema *schema, const char *name, const char *native, incload__type type)
{
    if (!reserve_column(schema))
        return NULL;

    incload__column column = { .type = type, .nullable = true };
    column.name = incload__strdup(schema->mem, name);
    column.native = native != NULL ? incload__strdup(schema->mem, native) : NULL;
    if (column.name == NULL || (native != NULL && column.native == NULL)) {
        incload__free(schema->mem, column.name);
        incload__free(schema->mem, column.native);
        return NULL;
    }
    schema->columns[schema->count] = column;
    return &schema->columns[schema->count++];
}

int32_t
incload__schema_copy(incload__schema *to, const incload__schema *from, incload_error **err)
{
    if (to->mem == NULL)
        to->mem = from->mem;
    for (int32_t i = 0; i < from->count; i++) {
        const incload__column *source = &from->columns[i];
        incload__column *column = incload__schema_add(to, source->name, source->native, source->type);

        if (column == NULL) {
            incload__schema_free(to);
            return incload__fail_memory(err);
        }
        column->nullable = source->nullable;
        column->key_ordinal = source->key_ordinal;
        column->native_id = source->native_id;
        column->generated = source->generated;
        column->required = source->required;
    }
    return INCLOAD_OK;
}

int32_t
incload__schema_find(const incload__schema *schema, const char *name)
{
    for (int32_t i = 0; i < schema->count; i++) {
        if (strcmp(schema->columns[i].name, name) == 0)
            return i;
    }
    return -1;
}
