/* SPDX-License-Identifier: Apache-2.0 */
/* Which tables are followed, where their changes go, and how the columns of one are those of the other. */
#include <string.h>

#include "cdc/publication.h"
#include "cdc/stream.h"

/* Columns of publication.sql. */
enum { SCHEMA, TABLE, IDENTITY, HAS_KEY, UPDATES, RESTRICTED };

/* ---- finding them ---- */

bool
incload__stream_is_own(const incload_stream *stream, const char *schema, const char *table)
{
    return strcmp(schema, incload__database_ledger(stream->source)) == 0 && incload__ledger_has(table);
}

static incload__stream_table *
add_table(incload__stream_session *session, incload_error **err)
{
    const incload__mem *mem = session->stream->mem;
    size_t count = (size_t)session->table_count + 1;
    incload__stream_table *tables = incload__realloc(mem, session->tables, count * sizeof *tables);

    if (tables == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    session->tables = tables;
    memset(&tables[count - 1], 0, sizeof *tables);
    session->table_count++;
    return &tables[count - 1];
}

/* Quoted, so that nothing in the name is taken for a part of the form. */
static void
add_quoted(incload__str *out, const char *name)
{
    incload__str_add_char(out, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"')
            incload__str_add_char(out, '"');
        incload__str_add_char(out, *name);
    }
    incload__str_add_char(out, '"');
}

/* `target` NULL: its own name. */
static int32_t
fill_table(incload__stream_session *session, const char *schema, const char *name, const char *target, bool whole,
           bool plain, incload_error **err)
{
    const incload__mem *mem = session->stream->mem;
    incload__stream_table *table = add_table(session, err);
    incload__str text = INCLOAD__STR(mem);

    if (table == NULL)
        return INCLOAD_E_NO_MEMORY;
    if (target != NULL)
        incload__str_add(&text, target);
    else
        add_quoted(&text, name);
    table->schema = incload__strdup(mem, schema);
    table->name = incload__strdup(mem, name);
    table->target = incload__str_take(&text);
    table->whole = whole;
    table->plain = plain;
    table->index = -1;
    return table->schema != NULL && table->name != NULL && table->target != NULL ? INCLOAD_OK
                                                                                 : incload__fail_memory(err);
}

/* Of a table whose rows the source cannot tell apart it lets nobody update or delete one: its log has but inserts. */
static int32_t
fill_row(incload__stream_session *session, const incload__rows *rows, int64_t row, const char *target,
         incload_error **err)
{
    return fill_table(session, incload__rows_get(rows, row, SCHEMA), incload__rows_get(rows, row, TABLE), target,
                      strcmp(incload__rows_get(rows, row, IDENTITY), "f") == 0
                          || strcmp(incload__rows_get(rows, row, HAS_KEY), "0") == 0,
                      strcmp(incload__rows_get(rows, row, RESTRICTED), "0") == 0, err);
}

static int32_t
find_wanted(incload__stream_session *session, const incload__publication *publication, const incload__list_item *item,
            incload_error **err)
{
    incload_stream *stream = session->stream;
    incload__table name = { NULL, NULL };
    int32_t status = incload__table_parse(stream->mem, item->name, &name, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "option tables");
    int64_t row = incload__publication_find(publication, name.schema, name.name);
    if (row == -2)
        status = incload__fail(err, INCLOAD_E_INVALID,
                               "publication '%.63s' has several tables '%.63s': name one as schema.table",
                               stream->publication, name.name);
    else if (row < 0)
        status = incload__fail(err, INCLOAD_E_NOT_FOUND,
                               "publication '%.63s' has no table %.80s: ALTER PUBLICATION ... ADD TABLE, or leave it "
                               "out of option tables",
                               stream->publication, item->name);
    else
        status = fill_row(session, &publication->rows, row, item->alias, err);
    incload__table_free(stream->mem, &name);
    return status;
}

int32_t
incload__stream_tables_find(incload__stream_session *session, incload__conn *conn, incload_error **err)
{
    incload_stream *stream = session->stream;
    incload__publication found;
    int32_t status = incload__publication_look(conn, stream->publication, &found, err);

    if (status == INCLOAD_OK && !found.exists)
        status =
            incload__fail(err, INCLOAD_E_NOT_FOUND,
                          "the source has no publication '%.63s': CREATE PUBLICATION ... FOR TABLE ..., or let the "
                          "stream make it (create=missing)",
                          stream->publication);
    for (int32_t i = 0; i < stream->tables.count && status == INCLOAD_OK; i++)
        status = find_wanted(session, &found, &stream->tables.items[i], err);
    for (int64_t i = 0; stream->tables.count == 0 && i < found.rows.count && status == INCLOAD_OK; i++) {
        if (!incload__stream_is_own(stream, incload__rows_get(&found.rows, i, SCHEMA),
                                    incload__rows_get(&found.rows, i, TABLE)))
            status = fill_row(session, &found.rows, i, NULL, err);
    }
    incload__publication_free(&found);
    return status;
}

static void
free_columns(const incload__mem *mem, incload__stream_table *table)
{
    for (int32_t i = 0; table->own != NULL && i < table->room; i++)
        incload__free(mem, table->own[i]);
    incload__free(mem, table->own);
    incload__free(mem, table->columns);
    incload__free(mem, table->order);
    incload__free(mem, table->row);
    incload__free(mem, table->old);
    incload__free(mem, table->scratch);
    table->own = NULL;
    table->columns = table->order = NULL;
    table->row = table->old = table->scratch = NULL;
    table->room = 0;
}

void
incload__stream_tables_free(incload__stream_session *session)
{
    const incload__mem *mem = session->stream->mem;

    for (int32_t i = 0; i < session->table_count; i++) {
        free_columns(mem, &session->tables[i]);
        incload__free(mem, session->tables[i].schema);
        incload__free(mem, session->tables[i].name);
        incload__free(mem, session->tables[i].target);
    }
    incload__free(mem, session->tables);
    session->tables = NULL;
    session->table_count = 0;
}

/* ---- into the set ---- */

int32_t
incload__stream_table_add(incload__stream_session *session, incload__stream_table *table, incload_error **err)
{
    incload_error *failure = NULL;
    int32_t status = incload__change_set_add(session->set, table->target, NULL, &table->index, &failure);

    /* Rows without a key are told by all of their values. */
    if (status == INCLOAD_E_CONSTRAINT && table->whole) {
        incload_error_unref(failure);
        failure = NULL;
        status = incload__change_set_add(session->set, table->target, "match=whole", &table->index, &failure);
    }
    if (status != INCLOAD_OK)
        incload__error_prefix(&failure, "changes of table %.63s.%.63s", table->schema, table->name);
    return incload__error_pass(err, failure);
}

/* ---- its columns ---- */

static int32_t
make_room(const incload_stream *stream, incload__stream_table *table, int32_t count, incload_error **err)
{
    size_t room = (size_t)count + 1;

    free_columns(stream->mem, table);
    table->columns = incload__alloc_array(stream->mem, room, sizeof *table->columns);
    table->order = incload__alloc_array(stream->mem, room, sizeof *table->order);
    table->row = incload__alloc_array(stream->mem, room, sizeof *table->row);
    table->old = incload__alloc_array(stream->mem, room, sizeof *table->old);
    table->scratch = incload__alloc_array(stream->mem, 2 * room, sizeof *table->scratch);
    table->own = incload__alloc_array(stream->mem, room, sizeof *table->own);
    table->room = count;
    return table->columns != NULL && table->order != NULL && table->row != NULL && table->old != NULL
                   && table->scratch != NULL && table->own != NULL
               ? INCLOAD_OK
               : incload__fail_memory(err);
}

static int32_t
find_column(const incload__stream_session *session, const incload__stream_table *table, const char *name, int32_t *at,
            incload_error **err)
{
    const incload__change_table *target = &session->set->tables[table->index]->table;

    *at = incload__schema_find(&target->columns, name);
    if (*at >= 0 || incload__schema_find(&target->computed, name) >= 0
        || session->stream->values.unknown_columns == INCLOAD__UNKNOWN_IGNORE
        || session->stream->values.schema_changes == INCLOAD__SCHEMA_IGNORE)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_NOT_FOUND,
                         "table %.63s.%.63s of the source has column '%.63s', which target table %.80s has not: add it "
                         "there and run the stream again, or set unknown_columns=ignore",
                         table->schema, table->name, name, table->target);
}

/* Those that count, in the order of the target's: by insertion, since they mostly are. */
static void
set_order(incload__stream_table *table, int32_t count)
{
    table->order_count = 0;
    for (int32_t i = 0; i < count; i++) {
        int32_t at = table->order_count;
        if (table->columns[i] < 0)
            continue;
        for (; at > 0 && table->columns[table->order[at - 1]] > table->columns[i]; at--)
            table->order[at] = table->order[at - 1];
        table->order[at] = i;
        table->order_count++;
    }
}

static int32_t
map_columns(incload__stream_session *session, incload__stream_table *table, const incload__relation *relation,
            incload_error **err)
{
    int32_t status = make_room(session->stream, table, relation->count, err);

    table->relation = NULL;
    for (int32_t i = 0; i < relation->count && status == INCLOAD_OK; i++)
        status = find_column(session, table, relation->columns[i].name, &table->columns[i], err);
    if (status != INCLOAD_OK)
        return status;
    set_order(table, relation->count);
    table->relation = relation;
    return INCLOAD_OK;
}

static incload__stream_table *
find_table(const incload__stream_session *session, const incload__relation *relation)
{
    for (int32_t i = 0; i < session->table_count; i++) {
        if (session->tables[i].relation != NULL && session->tables[i].relation->oid == relation->oid)
            return &session->tables[i];
    }
    for (int32_t i = 0; i < session->table_count; i++) {
        if (strcmp(session->tables[i].name, relation->name) == 0
            && strcmp(session->tables[i].schema, relation->schema) == 0)
            return &session->tables[i];
    }
    return NULL;
}

int32_t
incload__stream_table_of(incload__stream_session *session, const incload__relation *relation,
                         incload__stream_table **out, incload_error **err)
{
    incload__stream_table *table = find_table(session, relation);
    bool wanted = session->stream->tables.count == 0
                  && !incload__stream_is_own(session->stream, relation->schema, relation->name);
    int32_t status = INCLOAD_OK;

    *out = table;
    if (table == NULL && !wanted)
        return INCLOAD_OK;
    /* It came to the publication meanwhile. */
    if (table == NULL) {
        status = fill_table(session, relation->schema, relation->name, NULL, relation->identity == 'f', true, err);
        if (status != INCLOAD_OK)
            return status;
        table = &session->tables[session->table_count - 1];
    }
    if (table->index < 0)
        status = incload__stream_table_add(session, table, err);
    if (status == INCLOAD_OK && table->relation != relation
        && session->stream->values.schema_changes == INCLOAD__SCHEMA_APPLY)
        status = incload__stream_evolve(session, table, relation, err);
    if (status == INCLOAD_OK && table->relation != relation)
        status = map_columns(session, table, relation, err);
    *out = table;
    return status;
}

/* ---- when it is altered ---- */

/* What the target has is no surprise to it. */
static bool
is_expected(const incload__stream_session *session, const incload__stream_table *table,
            const incload__relation *relation, const incload__relation_change *change)
{
    const incload__change_table *target = &session->set->tables[table->index]->table;

    /* The first change of that version brings the target after it. */
    if (session->stream->values.schema_changes == INCLOAD__SCHEMA_APPLY)
        return change->kind != INCLOAD__RELATION_MOVED;
    if (change->kind == INCLOAD__RELATION_REKEYED || change->kind == INCLOAD__RELATION_REIDENTIFIED)
        return true;
    return (change->kind == INCLOAD__RELATION_ADDED || change->kind == INCLOAD__RELATION_RENAMED) && change->after >= 0
           && incload__schema_find(&target->columns, relation->columns[change->after].name) >= 0;
}

static int32_t
tell_changes(const incload__stream_session *session, const incload__stream_table *table,
             const incload__relation *relation, const incload__relation_change *changes, int32_t count,
             incload_error **err)
{
    incload__str text = INCLOAD__STR(session->stream->mem);
    int32_t told = 0, status = INCLOAD_OK;

    for (int32_t i = 0; i < count; i++) {
        if (is_expected(session, table, relation, &changes[i]))
            continue;
        incload__str_add(&text, told++ == 0 ? "" : ", ");
        incload__relation_tell(&session->assembler.relations, relation->before, relation, &changes[i], &text);
    }
    if (told > 0)
        status = text.failed ? incload__fail_memory(err)
                             : incload__fail(err, INCLOAD_E_TYPE,
                                             "table %.63s.%.63s of the source was altered: %.400s. Alter target table "
                                             "%.80s likewise and run the stream again, or set schema_changes=ignore",
                                             table->schema, table->name, incload__str_text(&text), table->target);
    incload__str_free(&text);
    return status;
}

int32_t
incload__stream_relation_changed(incload__stream_session *session, const incload__relation *relation,
                                 incload_error **err)
{
    const incload__mem *mem = session->stream->mem;
    const incload__stream_table *table = find_table(session, relation);

    if (relation->before == NULL || table == NULL || table->index < 0
        || session->stream->values.schema_changes == INCLOAD__SCHEMA_IGNORE)
        return INCLOAD_OK;
    int32_t most = incload__relation_most(relation->before, relation);
    incload__relation_change *changes = incload__alloc_array(mem, (size_t)most + 1, sizeof *changes);
    if (changes == NULL)
        return incload__fail_memory(err);
    int32_t count = incload__relation_difference(relation->before, relation, changes, most);
    int32_t status = tell_changes(session, table, relation, changes, count < most ? count : most, err);
    incload__free(mem, changes);
    return status;
}
