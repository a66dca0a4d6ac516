/* SPDX-License-Identifier: Apache-2.0 */
/* One change of the log on its way into the set: its values by column, the host's function, then cells of the target.
 */
#include <string.h>

#include "cdc/image.h"
#include "cdc/stream.h"

enum { NOT_TOLD = -1, TYPE_BOOL = 16, TYPE_BYTEA = 17 };

/* ---- what the function sees ---- */

int32_t
incload_change_operation(const incload_change *change)
{
    return change != NULL ? change->item->operation : 0;
}

const char *
incload_change_schema(const incload_change *change)
{
    return change != NULL ? change->item->relation->schema : NULL;
}

const char *
incload_change_table(const incload_change *change)
{
    return change != NULL ? change->item->relation->name : NULL;
}

int32_t
incload_change_column_count(const incload_change *change)
{
    return change != NULL && change->item->operation != INCLOAD_CHANGE_TRUNCATE ? change->item->relation->count : 0;
}

const char *
incload_change_column_name(const incload_change *change, int32_t index)
{
    if (index < 0 || index >= incload_change_column_count(change))
        return NULL;
    return change->item->relation->columns[index].name;
}

static const char *
value_of(const incload_change *change, bool old, int32_t index, int64_t *length)
{
    if (length != NULL)
        *length = -1;
    if (index < 0 || index >= incload_change_column_count(change))
        return NULL;
    const incload__cell *cell = old ? &change->table->old[index] : &change->table->row[index];
    if (cell->column == NOT_TOLD)
        return NULL;
    if (length != NULL)
        *length = cell->length;
    return cell->text;
}

const char *
incload_change_value(const incload_change *change, int32_t index, int64_t *length)
{
    return value_of(change, false, index, length);
}

const char *
incload_change_old_value(const incload_change *change, int32_t index, int64_t *length)
{
    return value_of(change, true, index, length);
}

int32_t
incload_change_set_value(incload_change *change, int32_t index, const char *value, incload_error **err)
{
    char *copy = NULL;

    INCLOAD_ENTER(err);
    if (change == NULL || index < 0 || index >= incload_change_column_count(change))
        return incload__fail(err, INCLOAD_E_INVALID, "a change must not be NULL, and has no column %d", (int)index);
    size_t length = value != NULL ? strlen(value) : 0;
    if (length > INT32_MAX)
        return incload__fail(err, INCLOAD_E_INVALID, "a value of a change must be smaller than 2 GiB");
    if (value != NULL && (copy = incload__strdup(change->mem, value)) == NULL)
        return incload__fail_memory(err);
    incload__free(change->mem, change->own[index]);
    change->own[index] = copy;
    change->table->row[index] = (incload__cell){ copy, (uint32_t)length, index };
    return INCLOAD_OK;
}

int32_t
incload_change_position(const incload_change *change, uint64_t *position, uint64_t *ordinal, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (change == NULL || position == NULL || ordinal == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "change, position and ordinal must not be NULL");
    *position = change->item->place.major;
    *ordinal = change->item->place.minor;
    return INCLOAD_OK;
}

int64_t
incload_change_committed_us(const incload_change *change)
{
    return change != NULL && change->item->transaction != NULL ? change->item->transaction->time_us : 0;
}

/* ---- on its way ---- */

static void
spread(const incload__cell *cells, int32_t count, int32_t columns, incload__cell *by_column)
{
    for (int32_t i = 0; i < columns; i++)
        by_column[i].column = NOT_TOLD;
    for (int32_t i = 0; i < count; i++)
        by_column[cells[i].column] = cells[i];
}

static int32_t
read_images(incload__stream_table *table, const incload__assembled *item, incload_error **err)
{
    int32_t columns = item->relation->count, row_count = 0, old_count = 0;
    incload__cell *row = table->scratch, *old = table->scratch + columns;
    int32_t status = INCLOAD_OK;

    if (item->operation != INCLOAD_CHANGE_TRUNCATE)
        status = incload__image_read(item, row, &row_count, old, &old_count, err);
    if (status != INCLOAD_OK)
        return status;
    spread(row, row_count, columns, table->row);
    spread(old, old_count, columns, table->old);
    return INCLOAD_OK;
}

/* PostgreSQL writes t and f, and bytes as \x00ff. */
static void
bring_into_form(uint32_t type, incload__cell *cell)
{
    if (cell->text == NULL)
        return;
    if (type == TYPE_BOOL && cell->length == 1) {
        bool is_true = cell->text[0] == 't';
        cell->text = is_true ? "true" : "false";
        cell->length = is_true ? 4 : 5;
    } else if (type == TYPE_BYTEA && cell->length >= 2 && cell->text[0] == '\\' && cell->text[1] == 'x') {
        cell->text += 2;
        cell->length -= 2;
    }
}

/* The cells that count, in the order of the target's columns. */
static int32_t
collect(const incload__stream_table *table, const incload__relation *relation, const incload__cell *by_column,
        incload__cell *out)
{
    int32_t count = 0;

    for (int32_t i = 0; i < table->order_count; i++) {
        int32_t at = table->order[i];
        if (by_column[at].column == NOT_TOLD)
            continue;
        out[count] = by_column[at];
        bring_into_form(relation->columns[at].type, &out[count]);
        out[count++].column = table->columns[at];
    }
    return count;
}

static void
forget_own(const incload_stream *stream, incload__stream_table *table)
{
    for (int32_t i = 0; i < table->room; i++) {
        incload__free(stream->mem, table->own[i]);
        table->own[i] = NULL;
    }
}

static int32_t
call_function(const incload__stream_session *session, const incload__assembled *item,
              const incload__stream_table *table, bool *keep, incload_error **err)
{
    const incload_stream *stream = session->stream;
    incload_change change = { .mem = stream->mem, .item = item, .table = table, .own = table->own };

    *keep = true;
    if (stream->function == NULL)
        return INCLOAD_OK;
    int32_t answer = stream->function(&change, stream->user_data);
    *keep = answer == INCLOAD_DONE;
    if (*keep || answer == INCLOAD_SKIP)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_CALLBACK,
                         "the function refused a change of table %.63s.%.63s: it returned %d, neither INCLOAD_DONE nor "
                         "INCLOAD_SKIP",
                         item->relation->schema, item->relation->name, (int)answer);
}

static int32_t
push_cells(incload__stream_session *session, const incload__assembled *item, incload__stream_table *table,
           incload_error **err)
{
    incload__cell *row = table->scratch, *old = table->scratch + item->relation->count;
    int32_t count = collect(table, item->relation, table->row, row);
    int32_t old_count = collect(table, item->relation, table->old, old);

    session->set->opening = item->transaction->end_lsn == 0 && !session->large.at_work;
    int32_t status = incload__change_set_push_cells(session->set, table->index, item->operation, old, old_count, row,
                                                    count, item->place, err);

    return status == INCLOAD_OK ? status
                                : incload__error_prefix(err, "a change of table %.63s.%.63s", item->relation->schema,
                                                        item->relation->name);
}

/* `before`: the committed place. A transaction for which there is no room is committed in parts. */
static void
count_change(incload__stream_session *session, const incload__assembled *item, incload__place before)
{
    incload_stream *stream = session->stream;

    if (item->transaction->end_lsn == 0) {
        session->open_changes[item->operation]++;
        return;
    }
    incload__monitor_lock(&stream->lock);
    stream->seen.changes[item->operation]++;
    if (incload__place_order(before, session->set->place) != 0) {
        stream->seen.committed = session->set->place;
        stream->seen.commits++;
    }
    incload__monitor_unlock(&stream->lock);
}

int32_t
incload__stream_push(incload__stream_session *session, const incload__assembled *item, incload_error **err)
{
    incload_stream *stream = session->stream;
    incload__place before = session->set->place;
    incload__stream_table *table = NULL;
    bool keep = false;

    /* It was applied before the stream was broken off. */
    if (incload__place_order(item->place, before) <= 0)
        return INCLOAD_OK;
    int32_t status = incload__stream_table_of(session, item->relation, &table, err);
    if (status != INCLOAD_OK || table == NULL)
        return status;
    status = read_images(table, item, err);
    if (status == INCLOAD_OK)
        status = call_function(session, item, table, &keep, err);
    if (status == INCLOAD_OK && keep)
        status = push_cells(session, item, table, err);
    if (stream->function != NULL)
        forget_own(stream, table);
    if (status == INCLOAD_OK && keep)
        count_change(session, item, before);
    return status;
}
