/* SPDX-License-Identifier: Apache-2.0 */
/* schema_changes=apply: the target's columns after those of a version of the source's table. It is done by a load of no
 * rows that has the version's columns and the name of the table's first copy, so that loads' rules, and what they keep
 * of the columns, are in force: types, databases that commit at each ALTER, columns that are gone.
 *
 * What was read before is committed first. So whoever is broken off behind the change of the target meets no change of
 * the version before it again that was not applied, and the target is never taken back to it. */
#include <stdio.h>

#include "cdc/stream.h"

static int32_t
take_source(const incload_stream *stream, incload__conn **conn, incload_error **err)
{
    int32_t status = incload__database_take(stream->source, INCLOAD__ROLE_READ,
                                            incload__database_statement_deadline(stream->source), stream, conn, err);

    return status == INCLOAD_OK ? status : incload__error_prefix(err, "source");
}

/* By their numbers: what the catalog says of the table may be ahead of the log. */
static int32_t
ask_types(const incload_stream *stream, const incload__relation *relation, incload__rows *types, incload_error **err)
{
    incload__str sql = INCLOAD__STR(stream->mem);
    incload__conn *conn = NULL;

    incload__str_add(&sql, "SELECT ");
    for (int32_t i = 0; i < relation->count; i++)
        incload__str_addf(&sql, "%sformat_type(%u, %d)", i > 0 ? ", " : "", (unsigned)relation->columns[i].type,
                          (int)relation->columns[i].typmod);
    int32_t status = sql.failed ? incload__fail_memory(err) : take_source(stream, &conn, err);
    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, incload__str_text(&sql), NULL, 0, types, err);
    if (conn != NULL)
        incload__database_give_back(stream->source, conn);
    incload__str_free(&sql);
    return status;
}

static int32_t
add_column(incload__str *query, const incload__relation_column *column, const char *type, bool first,
           incload_error **err)
{
    if (type == NULL || type[0] == '?')
        return incload__fail(err, INCLOAD_E_TYPE,
                             "the type of column '%.63s' is no longer there, so that the target cannot be altered by "
                             "it: alter it by hand",
                             column->name);
    incload__str_addf(query, "%sCAST(NULL AS %s) AS ", first ? "SELECT " : ", ", type);
    return incload__dialect_postgres.quote(query, "column", column->name, err);
}

static int32_t
write_query(const incload_stream *stream, const incload__relation *relation, incload__str *query, incload_error **err)
{
    incload__rows types = { .mem = NULL };
    int32_t status = ask_types(stream, relation, &types, err);

    for (int32_t i = 0; i < relation->count && status == INCLOAD_OK; i++)
        status = add_column(query, &relation->columns[i], incload__rows_get(&types, 0, i), i == 0, err);
    incload__str_add(query, " WHERE false");
    incload__rows_free(&types);
    return status == INCLOAD_OK && query->failed ? incload__fail_memory(err) : status;
}

static int32_t
set_strategy(const incload_stream *stream, incload__strategy_values *how, incload_error **err)
{
    const incload__stream_values *values = &stream->values;
    bool leave_out = values->unknown_columns == INCLOAD__UNKNOWN_IGNORE;
    int32_t status = incload__options_init(&incload__strategy_options, stream->mem, how, err);

    how->window = INCLOAD__WINDOW_ALL;
    how->write = INCLOAD__WRITE_APPEND;
    how->append_to_rows = true;
    how->new_columns = leave_out ? INCLOAD__EVOLVE_IGNORE : INCLOAD__EVOLVE;
    how->widened_types = INCLOAD__EVOLVE;
    how->dropped_columns = values->dropped_columns;
    how->changed_types = values->changed_types;
    return status;
}

static int32_t
run_load(incload_stream *stream, const incload__stream_table *table, const char *name, const char *query,
         const incload__strategy_values *how, incload_error **err)
{
    char id[INCLOAD__RUN_ID_SIZE];
    incload__load_result result = { .road_reason = NULL };
    incload_unit *unit = incload__alloc(stream->mem, sizeof *unit);
    incload__load_part part = { .unit = unit, .result = &result };

    if (unit == NULL)
        return incload__fail_memory(err);
    part.spec = (incload__load_spec){
        .name = name,
        .source = stream->source,
        .query = query,
        .target = stream->target,
        .target_table = table->target,
        .how = how,
        .columns_only = true,
        /* No lease: the slot has one reader, and a run that is killed would leave it to nobody who takes it again. */
        .owner = stream,
        .deadline_us = incload__deadline_in(stream->env, stream->values.timeout),
        .wait_ms = stream->values.wait,
        .retries = (int32_t)(stream->values.retries < 100 ? stream->values.retries : 100),
        .retry_delay_ms = stream->values.retry_delay,
        .retry_max_delay_ms = stream->values.retry_max_delay,
    };
    incload__run_id(stream->env, id);
    int32_t status = incload__unit_init(unit, stream->env, name, name, id);
    if (status != INCLOAD_OK)
        incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        unit->cancelled = &stream->halted;
        unit->deadline_us = part.spec.deadline_us;
        status = incload__load_run(&part, 1, unit, err);
        incload__load_result_free(stream->mem, &result);
    }
    incload__unit_free(unit);
    incload__free(stream->mem, unit);
    return status;
}

static int32_t
alter(incload__stream_session *session, const incload__stream_table *table, const incload__relation *relation,
      incload_error **err)
{
    incload_stream *stream = session->stream;
    incload__strategy_values how = { .key = NULL };
    incload__str query = INCLOAD__STR(stream->mem);
    char *name = incload__stream_load_name(stream, table);
    int32_t status = name != NULL ? write_query(stream, relation, &query, err) : incload__fail_memory(err);

    if (status == INCLOAD_OK)
        status = set_strategy(stream, &how, err);
    if (status == INCLOAD_OK) {
        status = run_load(stream, table, name, incload__str_text(&query), &how, err);
        /* It has had its own attempts, also at the source. */
        session->target_failed = status != INCLOAD_OK;
    }
    incload__options_free(&incload__strategy_options, stream->mem, &how);
    incload__str_free(&query);
    incload__free(stream->mem, name);
    return status;
}

int32_t
incload__stream_evolve(incload__stream_session *session, const incload__stream_table *table,
                       const incload__relation *relation, incload_error **err)
{
    int32_t status = session->set->log.count > 0 ? incload__stream_commit(session, err) : INCLOAD_OK;

    if (status != INCLOAD_OK || relation->count == 0)
        return status;
    status = alter(session, table, relation, err);
    if (status == INCLOAD_OK)
        status = incload__change_set_look_again(session->set, table->index, err);
    if (status == INCLOAD_OK)
        return status;
    return incload__error_prefix(err, "the columns of target table %.80s", table->target);
}
