/* SPDX-License-Identifier: Apache-2.0 */
#include "load/interval.h"

#include <stdio.h>
#include <string.h>

#include "batch/kind.h"
#include "dialect/sqlite.h"

/* One cell of one column. Numbers go in as text: every kind of them reads that. */
static int32_t
put_value(incload__builder *builder, const incload__column *cursor, int64_t value, incload_error **err)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)value);
    int32_t status;

    switch (incload__traits(cursor->type)->family) {
    case INCLOAD__F_DATE:
    case INCLOAD__F_TIMESTAMP:
    case INCLOAD__F_TIMESTAMPTZ:
        status = incload__put_int(builder, 0, value);
        break;
    case INCLOAD__F_INT:
    case INCLOAD__F_UINT:
    case INCLOAD__F_FLOAT:
    case INCLOAD__F_DECIMAL:
    case INCLOAD__F_NUMERIC:
        status = incload__put_text(builder, 0, digits, (size_t)length);
        break;
    default:
        return incload__fail(err, INCLOAD_E_TYPE,
                             "the cursor '%.64s' is neither of time nor a number, so no range can be cut along it: "
                             "name another cursor",
                             cursor->name);
    }
    if (status == INCLOAD_E_NO_MEMORY)
        return incload__fail_memory(err);
    if (status != INCLOAD_OK)
        return incload__fail(err, status,
                             "an end of the range lies beyond what the cursor '%.64s' can hold: end the range earlier",
                             cursor->name);
    return INCLOAD_OK;
}

static int32_t
encode(const incload__mem *mem, const incload__dialect *dialect, const incload__schema *schema,
       const struct ArrowArray *cell, char **out, incload_error **err)
{
    incload__str text = INCLOAD__STR(mem);
    incload__view view;
    int32_t status = incload__view_init(&view, mem, schema, cell, err);

    if (status != INCLOAD_OK)
        return status;
    status = dialect->encode(&view, 0, 0, &schema->columns[0], &text, err);
    if (status == INCLOAD_OK) {
        *out = incload__str_take(&text);
        status = *out != NULL ? INCLOAD_OK : incload__fail_memory(err);
    }
    incload__view_free(&view);
    incload__str_free(&text);
    return status;
}

static void
cut_before(char *text, const char *part)
{
    char *at = strstr(text, part);

    if (at != NULL)
        *at = '\0';
}

void
incload__interval_shorten(const incload__dialect *dialect, const incload__column *cursor, char *bound)
{
    incload__family family = incload__traits(cursor->type)->family;

    if (dialect != &incload__dialect_sqlite
        || (family != INCLOAD__F_TIMESTAMP && family != INCLOAD__F_TIMESTAMPTZ))
        return;
    cut_before(bound, ".000000");
    if (strlen(bound) == sizeof "2024-01-01 00:00:00" - 1)
        cut_before(bound, " 00:00:00");
}

int32_t
incload__interval_text(const incload__mem *mem, const incload__dialect *dialect, const incload__column *cursor,
                       int64_t value, char **out, incload_error **err)
{
    incload__schema schema;
    struct ArrowArray cell;
    incload__builder *builder = NULL;
    int32_t status = INCLOAD_E_NO_MEMORY;

    memset(&cell, 0, sizeof cell);
    incload__schema_init(&schema, mem);
    if (incload__schema_add(&schema, cursor->name, cursor->native, cursor->type) != NULL)
        builder = incload__builder_new(mem, &schema, err);
    else
        (void)incload__fail_memory(err);
    if (builder != NULL)
        status = put_value(builder, cursor, value, err);
    if (status == INCLOAD_OK)
        status = incload__builder_finish(builder, &cell, err);
    if (status == INCLOAD_OK)
        status = encode(mem, dialect, &schema, &cell, out, err);
    if (status == INCLOAD_OK)
        incload__interval_shorten(dialect, cursor, *out);
    incload__builder_free(builder);
    incload__array_release(&cell);
    incload__schema_free(&schema);
    return status;
}
