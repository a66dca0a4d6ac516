/* SPDX-License-Identifier: Apache-2.0 */
/* Which targets of a first copy refer to one another by foreign keys. A parent is replaced before its children: with ON
 * DELETE CASCADE or SET NULL it takes rows of theirs along, which must not be those that were just copied. */
#include "cdc/stream.h"

/* As much of a set as its order is found by. */
typedef struct kin {
    incload__change_set set;
    incload__change_member *members;
} kin;

static int32_t
find_schema(incload__conn *conn, incload__table *name, const incload__mem *mem, incload_error **err)
{
    incload__rows rows = { .mem = mem };

    if (name->schema != NULL || conn->dialect->schema_query == NULL)
        return INCLOAD_OK;
    int32_t status = incload__select_about(conn, conn->dialect->schema_query, NULL, name->name, &rows, err);
    const char *found = status == INCLOAD_OK && rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    if (found != NULL && found[0] != '\0') {
        name->schema = incload__strdup(mem, found);
        if (name->schema == NULL)
            status = incload__fail_memory(err);
    }
    incload__rows_free(&rows);
    return status;
}

/* A table that is missing will be made, and refers to none. */
static int32_t
look(incload__conn *conn, const incload__stream_table *from, incload__change_table *to, const incload__mem *mem,
     incload_error **err)
{
    to->mem = mem;
    incload__schema_init(&to->columns, mem);
    incload__schema_init(&to->computed, mem);
    incload__schema_init(&to->marks, mem);
    to->parents.mem = mem;
    int32_t status = incload__table_parse(mem, from->target, &to->name, err);
    if (status == INCLOAD_OK)
        status = find_schema(conn, &to->name, mem, err);
    if (status != INCLOAD_OK || conn->dialect->parents_query == NULL)
        return status;
    return incload__select_about(conn, conn->dialect->parents_query, to->name.schema, to->name.name, &to->parents, err);
}

static bool
are_related(const incload__change_set *set)
{
    for (int32_t i = 0; i < set->count; i++) {
        for (int32_t j = 0; j < set->count; j++) {
            if (i != j && incload__change_table_refers_to(&set->tables[i]->table, &set->tables[j]->table))
                return true;
        }
    }
    return false;
}

static int32_t
find_order(kin *k, const incload__stream_session *session, incload__conn *conn, incload_error **err)
{
    const incload__mem *mem = session->stream->mem;
    size_t count = (size_t)session->table_count;
    int32_t status = INCLOAD_OK;

    k->set.mem = mem;
    k->set.order = incload__alloc_array(mem, count, sizeof *k->set.order);
    k->set.tables = incload__alloc_array(mem, count, sizeof *k->set.tables);
    k->members = incload__alloc_array(mem, count, sizeof *k->members);
    if (k->set.order == NULL || k->set.tables == NULL || k->members == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < session->table_count && status == INCLOAD_OK; i++) {
        k->set.tables[i] = &k->members[i];
        k->set.count = i + 1;
        status = look(conn, &session->tables[i], &k->members[i].table, mem, err);
    }
    return status == INCLOAD_OK ? incload__change_set_order(&k->set, err) : status;
}

int32_t
incload__stream_kin(const incload__stream_session *session, incload__conn *conn, int32_t **order, bool *related,
                    incload_error **err)
{
    const incload__mem *mem = session->stream->mem;
    kin k = { .members = NULL };
    int32_t status = find_order(&k, session, conn, err);

    if (status == INCLOAD_OK) {
        *related = are_related(&k.set);
        *order = k.set.order;
    } else {
        incload__free(mem, k.set.order);
    }
    for (int32_t i = 0; i < k.set.count; i++)
        incload__change_table_close(&k.members[i].table);
    incload__free(mem, k.set.tables);
    incload__free(mem, k.members);
    return status;
}
