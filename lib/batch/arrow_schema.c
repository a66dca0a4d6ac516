/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "batch/batch.h"
#include "batch/kind.h"
#include "batch/number.h"

/* What one exported schema node owns. Each child has its own, since a consumer may move it out. */
typedef struct node_memory {
    incload__mem mem;
    char format[16];
    char *name;
    char *metadata;
    struct ArrowSchema **pointers;
    struct ArrowSchema *children;
} node_memory;

static void
node_release(struct ArrowSchema *schema)
{
    node_memory *own = schema->private_data;
    incload__mem mem = own->mem;

    for (int64_t i = 0; i < schema->n_children; i++)
        incload__arrow_schema_release(schema->children[i]);
    incload__free(&mem, own->name);
    incload__free(&mem, own->metadata);
    incload__free(&mem, own->pointers);
    incload__free(&mem, own->children);
    incload__free(&mem, own);
    schema->private_data = NULL;
    schema->release = NULL;
}

/* A node that can be released from here on, whatever fails after. */
static node_memory *
node_new(const incload__mem *mem, struct ArrowSchema *out, const char *name)
{
    node_memory *own = incload__alloc(mem, sizeof *own);

    if (own == NULL)
        return NULL;
    own->mem = *mem;
    own->name = incload__strdup(mem, name);
    if (own->name == NULL) {
        incload__free(mem, own);
        return NULL;
    }
    *out = (struct ArrowSchema){
        .format = own->format,
        .name = own->name,
        .release = node_release,
        .private_data = own,
    };
    return own;
}

static void
write_format(char *out, incload__type type)
{
    const char *format = incload__traits(type)->format;

    memcpy(out, format, strlen(format) + 1);
    if (type.kind != INCLOAD__DECIMAL)
        return;
    out += strlen(format);
    out += incload__int_text(type.precision, out);
    *out++ = ',';
    incload__int_text(type.scale, out);
}

static void
add_counted(incload__str *metadata, const char *text)
{
    int32_t length = (int32_t)strlen(text);

    incload__str_add_bytes(metadata, &length, sizeof length);
    incload__str_add(metadata, text);
}

/* Arrow's metadata: a count, then keys and values, each behind its length. */
static int32_t
write_metadata(node_memory *own, const incload__column *column, incload_error **err)
{
    const char *extension = incload__traits(column->type)->extension;
    int32_t pairs = (column->native != NULL ? 1 : 0) + (extension != NULL ? 2 : 0);
    incload__str metadata = INCLOAD__STR(&own->mem);

    if (pairs == 0)
        return INCLOAD_OK;
    incload__str_add_bytes(&metadata, &pairs, sizeof pairs);
    if (column->native != NULL) {
        add_counted(&metadata, "incload.native");
        add_counted(&metadata, column->native);
    }
    if (extension != NULL) {
        add_counted(&metadata, "ARROW:extension:name");
        add_counted(&metadata, extension);
        add_counted(&metadata, "ARROW:extension:metadata");
        add_counted(&metadata, "");
    }
    own->metadata = incload__str_take(&metadata);
    return own->metadata != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
export_column(const incload__mem *mem, const incload__column *column, struct ArrowSchema *out, incload_error **err)
{
    if (incload__traits(column->type)->store == INCLOAD__STORE_NONE)
        return incload__fail(err, INCLOAD_E_TYPE, "column '%s' has no known type: name a cast for it", column->name);

    node_memory *own = node_new(mem, out, column->name);
    if (own == NULL)
        return incload__fail_memory(err);
    write_format(own->format, column->type);
    int32_t status = write_metadata(own, column, err);
    out->metadata = own->metadata;
    out->flags = column->nullable ? ARROW_FLAG_NULLABLE : 0;
    return status;
}

int32_t
incload__schema_export(const incload__schema *schema, struct ArrowSchema *out, incload_error **err)
{
    const incload__mem *mem = schema->mem;
    struct ArrowSchema root = { .release = NULL };
    node_memory *own = node_new(mem, &root, "");
    int32_t status = INCLOAD_OK;

    *out = (struct ArrowSchema){ .release = NULL };
    if (own == NULL)
        return incload__fail_memory(err);
    memcpy(own->format, "+s", sizeof "+s");
    own->pointers = incload__alloc_array(mem, (size_t)schema->count, sizeof *own->pointers);
    own->children = incload__alloc_array(mem, (size_t)schema->count, sizeof *own->children);
    if (own->pointers == NULL || own->children == NULL) {
        incload__arrow_schema_release(&root);
        return incload__fail_memory(err);
    }

    root.children = own->pointers;
    root.n_children = schema->count;
    for (int32_t i = 0; i < schema->count; i++)
        own->pointers[i] = &own->children[i];
    for (int32_t i = 0; i < schema->count && status == INCLOAD_OK; i++)
        status = export_column(mem, &schema->columns[i], &own->children[i], err);
    if (status != INCLOAD_OK)
        incload__arrow_schema_release(&root);
    else
        *out = root;
    return status;
}
