/* SPDX-License-Identifier: Apache-2.0 */
/* A column of the source that says which rows are deleted: option delete_marker. It travels with the rows to staging,
 * where the target's server reads it; of the target it is a column only if the target has one. */
#include <string.h>

#include "load/mode.h"

enum { MEANS_TRUE, MEANS_NOT_ZERO, MEANS_WORD, MEANS_THERE, MEANS_NOTHING };

/* What a value of each kind must be to mark its row. */
static int
meaning_of(incload__kind kind)
{
    switch (kind) {
    case INCLOAD__BOOL:
        return MEANS_TRUE;
    case INCLOAD__INT8:
    case INCLOAD__INT16:
    case INCLOAD__INT32:
    case INCLOAD__INT64:
    case INCLOAD__UINT64:
        return MEANS_NOT_ZERO;
    case INCLOAD__TEXT:
    case INCLOAD__NATIVE:
        return MEANS_WORD;
    case INCLOAD__DATE:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
        return MEANS_THERE;
    default:
        return MEANS_NOTHING;
    }
}

static int32_t
check_kind(const incload__column *marker, incload_error **err)
{
    char type[64];

    if (meaning_of(marker->type.kind) != MEANS_NOTHING)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_TYPE,
                         "the delete_marker column '%.64s' is %s: take a column of type boolean, integer, text, date "
                         "or timestamp",
                         marker->name, incload__type_text(marker->type, type, sizeof type));
}

int32_t
incload__marker_find(incload__load *load, const incload__schema *all, incload_error **err)
{
    const char *name = load->how->delete_marker;
    int32_t at = incload__schema_find(all, name);

    if (at < 0)
        return incload__fail(err, INCLOAD_E_NOT_FOUND,
                             "option 'delete_marker' names '%.64s', which the source does not have", name);
    const incload__column *from = &all->columns[at];
    int32_t status = check_kind(from, err);
    if (status != INCLOAD_OK)
        return status;
    load->marker = incload__schema_find(&load->shape, name);
    if (load->marker >= 0)
        return INCLOAD_OK;
    incload__column *column = incload__schema_add(&load->shape, from->name, from->native, from->type);
    if (column == NULL)
        return incload__fail_memory(err);
    column->nullable = from->nullable;
    column->native_id = from->native_id;
    load->marker = load->shape.count - 1;
    return INCLOAD_OK;
}

int32_t
incload__marker_check_alone(const incload__load *load, incload_error **err)
{
    int32_t marker = load->marker;

    if (marker < 0 || (marker != load->cursor && marker != load->latest_by && !incload__is_key(load, marker)))
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_INVALID,
                         "the delete_marker column '%.64s' is also key, cursor or latest_by, so the target must have "
                         "it: add it there",
                         load->shape.columns[marker].name);
}

int32_t
incload__marker_is_set(const incload__dialect *dialect, const incload__column *marker, const char *prefix,
                       incload__str *out, incload_error **err)
{
    int meaning = meaning_of(marker->type.kind);

    incload__str_add(out, meaning == MEANS_WORD ? "LOWER(CAST(" : "");
    incload__str_add(out, prefix);
    int32_t status = dialect->quote(out, "column", marker->name, err);
    switch (meaning) {
    case MEANS_TRUE:
        incload__str_addf(out, " = %s", dialect->words[1]);
        break;
    case MEANS_NOT_ZERO:
        incload__str_add(out, " <> 0");
        break;
    case MEANS_WORD:
        incload__str_addf(out, " AS %s)) IN ('d', 'delete', 'deleted', 't', 'true', 'y', 'yes', '1')",
                          dialect->text_word);
        break;
    default:
        incload__str_add(out, " IS NOT NULL");
        break;
    }
    return status == INCLOAD_OK && out->failed ? incload__fail_memory(err) : status;
}

int32_t
incload__marker_condition(const incload__load *load, const char *prefix, incload__str *out, incload_error **err)
{
    return incload__marker_is_set(load->to->dialect, &load->target.columns[load->marker], prefix, out, err);
}

static int32_t
moved(int32_t index, int32_t from, int32_t last)
{
    return index == from ? last : index > from ? index - 1 : index;
}

static void
rotate(incload__schema *schema, int32_t from)
{
    incload__column column = schema->columns[from];
    int32_t last = schema->count - 1;

    memmove(&schema->columns[from], &schema->columns[from + 1], (size_t)(last - from) * sizeof column);
    schema->columns[last] = column;
}

void
incload__marker_move_last(incload__load *load)
{
    int32_t from = load->marker, last = load->shape.count - 1;

    if (from < 0 || load->marker_stored || from == last)
        return;
    rotate(&load->shape, from);
    rotate(&load->target, from);
    load->marker = last;
    load->cursor = moved(load->cursor, from, last);
    load->latest_by = moved(load->latest_by, from, last);
    for (int32_t i = 0; i < load->key_count; i++)
        load->key[i] = moved(load->key[i], from, last);
    for (int32_t i = 0; i < load->page_key_count; i++)
        load->page_key[i] = moved(load->page_key[i], from, last);
}

incload__schema
incload__stored_columns(const incload__load *load)
{
    incload__schema stored = load->target;

    if (load->marker >= 0 && !load->marker_stored)
        stored.count--;
    return stored;
}
