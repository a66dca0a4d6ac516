/* SPDX-License-Identifier: Apache-2.0 */
/* The first copy: every table in the snapshot that belongs to the slot's beginning, by the engine of ordinary loads.
 * As many as a group can hold land in one transaction, the last of them with the position, so that a copy that was
 * broken off has left nothing, or, of more tables, what the next one replaces. With snapshot_parallel each table lands
 * by itself, and the position when all have. */
#include <string.h>

#include "cdc/lanes.h"
#include "cdc/stream.h"

/* Connections of a lane, at most: to read, to write, and to renew its lease, all of one database perhaps. */
enum { LANE_CONNECTIONS = 3 };

/* The record of one table. */
typedef struct arrival {
    const struct copy *copy;
    const char *load_name;
    bool for_all; /* of its group it is the one that speaks for all */
    bool ends;    /* with its group the copy ends */
    incload__load_landing landing;
} arrival;

typedef struct copy {
    incload__stream_session *session;
    const incload__stream_state *state;
    incload__shared_snapshot *snapshot;
    incload__place place;
    incload__strategy_values how;
    incload__load_part *parts;
    arrival *arrivals; /* of each part */
    incload_unit *units; /* of each part, and of all */
    incload__load_result *results;
    char **texts; /* name and source of each part */
    int32_t count;
    int32_t *order; /* of the tables, those that others refer to first */
    bool several;   /* at a time */
    const atomic_bool *told_to_stop; /* the turn is lost, or another lane has failed */
    bool tells;                      /* it is on the thread of the run */
} copy;

/* ---- before anything is written ---- */

static int32_t
check_plain(const incload__stream_session *session, incload_error **err)
{
    for (int32_t i = 0; i < session->table_count; i++) {
        const incload__stream_table *table = &session->tables[i];
        if (!table->plain)
            return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                                 "publication '%.63s' leaves out rows or columns of table %.63s.%.63s, which a copy "
                                 "would bring: copy it yourself, and set snapshot=never",
                                 session->stream->publication, table->schema, table->name);
    }
    return INCLOAD_OK;
}

/* A table that is missing will be made. */
static int32_t
count_rows(incload__conn *conn, const incload__stream_table *table, bool *has_rows, incload_error **err)
{
    incload__str text = INCLOAD__STR(&conn->env->mem);
    incload__table name = { NULL, NULL };
    incload__rows rows = { .mem = NULL };
    incload_error *failure = NULL;
    int32_t status = incload__table_parse(&conn->env->mem, table->target, &name, err);

    *has_rows = false;
    if (status != INCLOAD_OK)
        return status;
    incload__str_add(&text, "SELECT CASE WHEN EXISTS (SELECT 1 FROM ");
    status = incload__quote_table(conn->dialect, &text, &name, err);
    incload__str_add(&text, ") THEN 1 ELSE 0 END");
    if (status == INCLOAD_OK && text.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        status = conn->driver->select(conn, incload__str_text(&text), NULL, 0, &rows, &failure);
        const char *answer = status == INCLOAD_OK ? incload__rows_get(&rows, 0, 0) : NULL;
        *has_rows = answer != NULL && answer[0] == '1';
        if (status == INCLOAD_OK)
            incload__rows_free(&rows);
        if (status == INCLOAD_E_NOT_FOUND) {
            incload_error_unref(failure);
            failure = NULL;
            status = INCLOAD_OK;
        }
        incload__error_pass(err, failure);
    }
    incload__str_free(&text);
    incload__table_free(&conn->env->mem, &name);
    return status;
}

/* By an earlier attempt of this copy, which found the table empty; another may have been that of a stream that was
 * removed since. */
static int32_t
was_copied(const incload_stream *stream, incload__conn *conn, const incload__stream_table *table, const char *copy_name,
           bool *was, incload_error **err)
{
    incload__ledger ledger = { .mem = NULL };
    incload__position position = { .version = 0 };
    char *name = incload__stream_load_name(stream, table);
    bool exists = false;

    if (name == NULL)
        return incload__fail_memory(err);
    int32_t status = incload__ledger_init(&ledger, stream->mem, conn->dialect,
                                          incload__database_ledger(stream->target), err);
    if (status == INCLOAD_OK)
        status = incload__ledger_find(&ledger, conn, &exists, err);
    if (status == INCLOAD_OK && exists)
        status = incload__ledger_read(&ledger, conn, name, &position, err);
    *was = position.value != NULL && strcmp(position.value, copy_name) == 0;
    incload__position_free(&position);
    incload__ledger_free(&ledger);
    incload__free(stream->mem, name);
    return status;
}

static int32_t
check_empty(const incload__stream_session *session, const char *copy_name, incload_error **err)
{
    incload_stream *stream = session->stream;
    incload__conn *conn = NULL;
    int32_t status =
        incload__database_take(stream->target, INCLOAD__ROLE_WRITE,
                               incload__deadline_in(stream->env, stream->values.timeout), stream, &conn, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "target");
    for (int32_t i = 0; i < session->table_count && status == INCLOAD_OK; i++) {
        bool has_rows = false, ours = false;
        status = count_rows(conn, &session->tables[i], &has_rows, err);
        if (status == INCLOAD_OK && has_rows)
            status = was_copied(stream, conn, &session->tables[i], copy_name, &ours, err);
        if (status == INCLOAD_OK && has_rows && !ours)
            status = incload__fail(err, INCLOAD_E_EXISTS,
                                   "target table %.80s has rows, and the first copy would mix with them: empty it, set "
                                   "snapshot=replace to have them replaced, or snapshot=never to follow without a copy",
                                   session->tables[i].target);
    }
    incload__database_give_back(stream->target, conn);
    return status;
}

/* ---- a group of tables ---- */

static int32_t
land(void *data, const incload__ledger *ledger, incload__conn *to, int64_t rows_written, incload_error **err)
{
    const arrival *a = data;
    const copy *c = a->copy;
    incload_stream *stream = c->session->stream;
    int32_t status = incload__stream_state_copied(ledger, to, a->load_name, c->state->copy, err);

    (void)rows_written;
    if (status != INCLOAD_OK || !a->for_all)
        return status;
    if (!a->ends)
        return incload__stream_state_check(stream, c->state->version, ledger, to, err);
    return incload__stream_state_land(stream, c->session->server.system_id, c->state->version, ledger, to, c->place,
                                      err);
}

static char *
quoted_source(const incload_stream *stream, const incload__stream_table *table)
{
    incload__str text = INCLOAD__STR(stream->mem);
    incload__table name = { table->schema, table->name };

    if (incload__quote_table(&incload__dialect_postgres, &text, &name, NULL) != INCLOAD_OK)
        text.failed = true;
    return incload__str_take(&text);
}

char *
incload__stream_load_name(const incload_stream *stream, const incload__stream_table *table)
{
    incload__str text = INCLOAD__STR(stream->mem);

    incload__str_addf(&text, "%s:%s.%s", stream->name, table->schema, table->name);
    return incload__str_take(&text);
}

static int32_t
fill_part(copy *c, int32_t at, const incload__stream_table *table, const char *run_id, incload_error **err)
{
    incload_stream *stream = c->session->stream;
    incload__load_part *part = &c->parts[at];
    char *name = c->texts[2 * at] = incload__stream_load_name(stream, table);
    char *source = c->texts[2 * at + 1] = quoted_source(stream, table);

    if (name == NULL || source == NULL
        || incload__unit_init(&c->units[at], stream->env, name, name, run_id) != INCLOAD_OK)
        return incload__fail_memory(err);
    c->units[at].cancelled = &stream->halted;
    c->units[at].told_to_stop = c->told_to_stop;
    c->arrivals[at] = (arrival){ .copy = c, .load_name = name };
    c->arrivals[at].landing = (incload__load_landing){ .land = land, .data = &c->arrivals[at] };
    part->unit = &c->units[at];
    part->result = &c->results[at];
    part->spec = (incload__load_spec){
        .name = name,
        .source = stream->source,
        .source_table = source,
        .target = stream->target,
        .target_table = table->target,
        .how = &c->how,
        .stored_only = true, /* as the log has it */
        .snapshot = c->snapshot,
        .landing = &c->arrivals[at].landing,
        .owner = stream,
        .lease_ms = stream->values.lease,
        .wait_ms = stream->values.wait,
    };
    return INCLOAD_OK;
}

static int32_t
fill_parts(copy *c, int32_t first, bool last, incload_error **err)
{
    const incload_stream *stream = c->session->stream;
    char run_id[INCLOAD__RUN_ID_SIZE];
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < c->count && status == INCLOAD_OK; i++) {
        incload__run_id(stream->env, run_id);
        status = fill_part(c, i, &c->session->tables[c->order[first + i]], run_id, err);
    }
    if (status != INCLOAD_OK || c->count == 1)
        goto end;
    incload__run_id(stream->env, run_id);
    if (incload__unit_init(&c->units[c->count], stream->env, stream->name, stream->name, run_id) != INCLOAD_OK)
        status = incload__fail_memory(err);
    c->units[c->count].cancelled = &c->session->stream->halted;
end:
    if (status == INCLOAD_OK) {
        c->arrivals[c->count - 1].for_all = true;
        c->arrivals[c->count - 1].ends = last;
    }
    return status;
}

static void
count_copied(copy *c)
{
    incload_stream *stream = c->session->stream;

    incload__monitor_lock(&stream->lock);
    for (int32_t i = 0; i < c->count; i++) {
        int64_t rows = atomic_load(&c->units[i].rows_written);
        stream->seen.changes[INCLOAD_CHANGE_READ] += rows;
        stream->seen.done.applied += rows;
        stream->seen.done.written += rows;
    }
    incload__monitor_unlock(&stream->lock);
    if (c->tells && stream->run->tell != NULL)
        stream->run->tell(stream->run->data);
}

static void
free_parts(copy *c)
{
    const incload__mem *mem = c->session->stream->mem;

    for (int32_t i = 0; c->units != NULL && i <= c->count; i++) {
        if (c->units[i].env != NULL)
            incload__unit_free(&c->units[i]);
    }
    for (int32_t i = 0; c->results != NULL && i < c->count; i++)
        incload__load_result_free(mem, &c->results[i]);
    for (int32_t i = 0; c->texts != NULL && i < 2 * c->count; i++)
        incload__free(mem, c->texts[i]);
    incload__free(mem, c->parts);
    incload__free(mem, c->arrivals);
    incload__free(mem, c->units);
    incload__free(mem, c->results);
    incload__free(mem, c->texts);
}

static int32_t
copy_group(copy *c, int32_t first, bool last, incload_error **err)
{
    const incload__mem *mem = c->session->stream->mem;
    size_t room = (size_t)c->count + 1;

    c->parts = incload__alloc_array(mem, room, sizeof *c->parts);
    c->arrivals = incload__alloc_array(mem, room, sizeof *c->arrivals);
    c->units = incload__alloc_array(mem, room, sizeof *c->units);
    c->results = incload__alloc_array(mem, room, sizeof *c->results);
    c->texts = incload__alloc_array(mem, 2 * room, sizeof *c->texts);
    bool made = c->parts != NULL && c->arrivals != NULL && c->units != NULL && c->results != NULL && c->texts != NULL;
    int32_t status = made ? fill_parts(c, first, last, err) : incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__load_run(c->parts, c->count, &c->units[c->count == 1 ? 0 : c->count], err);
    if (status == INCLOAD_OK)
        count_copied(c);
    free_parts(c);
    return status == INCLOAD_OK
               ? status
               : incload__error_prefix(err, "the first copy of stream '%.63s'", c->session->stream->name);
}

/* ---- several at a time ---- */

typedef struct parallel {
    const copy *whole;
    incload__lanes lanes;
} parallel;

static int32_t
copy_one(void *data, int32_t lane, int32_t piece, incload_error **err)
{
    parallel *p = data;
    copy one = *p->whole;

    one.count = 1;
    one.told_to_stop = &p->lanes.failed;
    one.tells = lane == 0;
    int32_t status = incload__stream_turn_check(one.session, err);
    return status == INCLOAD_OK ? copy_group(&one, piece, false, err) : status;
}

static void
stop_others(void *data)
{
    const parallel *p = data;
    incload_stream *stream = p->whole->session->stream;

    incload__database_cancel(stream->source, stream);
    incload__database_cancel(stream->target, stream);
}

/* As many as find their connections, so that none waits for those of another that waits as well. */
static int32_t
count_lanes(const incload_stream *stream)
{
    int64_t source = incload__database_max_connections(stream->source) / LANE_CONNECTIONS;
    int64_t target = incload__database_max_connections(stream->target) / LANE_CONNECTIONS;
    int64_t most = source < target ? source : target, wanted = stream->values.snapshot_parallel;

    return (int32_t)(wanted < most ? wanted : most);
}

/* By itself: every table has landed, or there is none. */
static int32_t
place(const copy *c, incload_error **err)
{
    const incload__stream_session *session = c->session;

    return incload__stream_state_place(session->stream, session->server.system_id, c->state->version, c->place, err);
}

static int32_t
copy_in_lanes(const copy *c, incload_error **err)
{
    const incload__stream_session *session = c->session;
    parallel p = { .whole = c };

    p.lanes = (incload__lanes){ .count = count_lanes(session->stream),
                                .pieces = session->table_count,
                                .work = copy_one,
                                .stop = stop_others,
                                .data = &p };
    int32_t status = incload__lanes_run(&p.lanes, session->stream->mem, err);
    if (status != INCLOAD_OK)
        return status;
    return place(c, err);
}

/* Where one writer has the whole database the others would only wait for it. Tables that refer to one another land
 * together. */
static int32_t
plan(copy *c, incload_error **err)
{
    const incload__stream_session *session = c->session;
    incload_stream *stream = session->stream;
    incload__conn *conn = NULL;
    bool related = false;
    int32_t status =
        incload__database_take(stream->target, INCLOAD__ROLE_WRITE,
                               incload__deadline_in(stream->env, stream->values.timeout), stream, &conn, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "target");
    status = incload__stream_kin(session, conn, &c->order, &related, err);
    c->several = stream->values.snapshot_parallel > 1 && !conn->dialect->one_writer && !related;
    incload__database_give_back(stream->target, conn);
    return status;
}

/* ---- all of them ---- */

static int32_t
copy_tables(copy *c, incload_error **err)
{
    const incload__stream_session *session = c->session;

    if (session->table_count == 0)
        return place(c, err);
    int32_t status = plan(c, err);
    if (status != INCLOAD_OK)
        return status;
    if (c->several && session->table_count > 1)
        return copy_in_lanes(c, err);
    for (int32_t first = 0; first < session->table_count && status == INCLOAD_OK; first += INCLOAD__MOST_LOADS) {
        int32_t rest = session->table_count - first;
        c->count = rest < INCLOAD__MOST_LOADS ? rest : INCLOAD__MOST_LOADS;
        status = incload__stream_turn_check(session, err);
        if (status == INCLOAD_OK)
            status = copy_group(c, first, rest <= INCLOAD__MOST_LOADS, err);
    }
    return status;
}

static int32_t
set_strategy(copy *c, incload_error **err)
{
    int32_t status = incload__options_init(&incload__strategy_options, c->session->stream->mem, &c->how, err);

    c->how.window = INCLOAD__WINDOW_ALL;
    c->how.write = INCLOAD__WRITE_REPLACE;
    c->how.allow_empty = true;
    c->how.max_shrink = 100;
    return status;
}

int32_t
incload__stream_copy_check(incload__stream_session *session, const char *copy_name, incload_error **err)
{
    int32_t status = check_plain(session, err);

    if (status != INCLOAD_OK || session->stream->values.snapshot != INCLOAD__SNAPSHOT_INITIAL)
        return status;
    return check_empty(session, copy_name, err);
}

int32_t
incload__stream_copy(incload__stream_session *session, const incload__slot_made *made,
                     const incload__stream_state *state, incload_error **err)
{
    incload_stream *stream = session->stream;
    copy c = { .session = session,
               .state = state,
               .place = { made->consistent, 0 },
               .told_to_stop = &session->turn.lost,
               .tells = true };

    int32_t status = incload__shared_snapshot_adopt(stream->source, made->snapshot, &c.snapshot, err);
    if (status == INCLOAD_OK)
        status = set_strategy(&c, err);
    if (status == INCLOAD_OK)
        status = copy_tables(&c, err);
    incload__options_free(&incload__strategy_options, stream->mem, &c.how);
    incload__free(stream->mem, c.order);
    incload__shared_snapshot_close(c.snapshot);
    return status;
}
