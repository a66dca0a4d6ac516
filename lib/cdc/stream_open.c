/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of a session: what the source and the target know of the stream decides how it goes on.
 *
 *     target has a position   slot is there      from the position; else what was missed is in no log
 *     a copy was broken off   whatever           the slot, which is ours, is dropped, and all begins again
 *     nothing                 slot is there      from the slot, only where the host takes it without a copy
 *     nothing                 no slot            slot, copy, position */
#include <string.h>

#include "cdc/publication.h"
#include "cdc/stream.h"

typedef struct opening {
    incload__stream_session *session;
    incload__conn *log;
    incload__stream_state state;
    incload__slot slot;
} opening;

/* ---- what is there ---- */

/* The host's thread asks now and then while it follows: a source that does not answer must not hold it up for long. */
enum { ASK_MS = 10000 };

static int32_t
take_source(const incload_stream *stream, incload__role role, incload__conn **conn, incload_error **err)
{
    int64_t own = incload__database_statement_deadline(stream->source);
    int64_t deadline = own != 0 ? own : incload__deadline_in(stream->env, ASK_MS);
    int32_t status = incload__database_take(stream->source, role, deadline, stream, conn, err);

    /* Some ask without an error to fill, so the prefix has no code for them. */
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "source");
    return status;
}

int32_t
incload__stream_look(incload__stream_session *session, incload__slot *out, incload_error **err)
{
    incload_stream *stream = session->stream;
    const incload__stream_values *values = &stream->values;
    incload__conn *conn = NULL;
    int32_t status = take_source(stream, INCLOAD__ROLE_READ, &conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = incload__slot_look(conn, stream->slot, out, err);
    incload__database_give_back(stream->source, conn);
    if (status != INCLOAD_OK || !out->exists)
        return status;
    incload__monitor_lock(&stream->lock);
    stream->seen.end = out->end;
    stream->seen.retained = out->retained;
    stream->seen.alarm = incload__slot_share(out) >= values->slot_alarm
                         || (values->slot_alarm_bytes > 0 && out->retained >= values->slot_alarm_bytes);
    incload__monitor_unlock(&stream->lock);
    return INCLOAD_OK;
}

/* What was committed asynchronously is sent once it is on disk, and the server may take its time with that: a commit
 * of ours that is not asynchronous takes it along. It must have something in it: a message that nobody asks for. */
int32_t
incload__stream_find_end(incload__stream_session *session, incload__lsn *end, incload_error **err)
{
    static const char flush[] = "SELECT CASE WHEN NOT pg_is_in_recovery() THEN set_config('synchronous_commit', 'on',"
                                " true) || pg_logical_emit_message(true, 'incload', '')::text END";
    incload_stream *stream = session->stream;
    incload__rows rows = { .mem = NULL };
    incload__conn *conn = NULL;
    incload__slot slot = { .end = 0 };
    int32_t status = take_source(stream, INCLOAD__ROLE_READ, &conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = conn->driver->select(conn, flush, NULL, 0, &rows, err);
    incload__rows_free(&rows);
    incload__database_give_back(stream->source, conn);
    if (status == INCLOAD_OK)
        status = incload__stream_look(session, &slot, err);
    *end = slot.end;
    return status;
}

static int32_t
identify(opening *o, incload_error **err)
{
    incload_stream *stream = o->session->stream;
    int64_t deadline = incload__database_statement_deadline(stream->source);
    int32_t status = incload__database_open_log(stream->source, deadline, &stream->halted, &o->log, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "source");
    incload__stream_show_log(stream, o->log);
    status = o->log->driver->replication->prepare(o->log, stream->values.decoding_memory, err);
    if (status != INCLOAD_OK)
        return status;
    return o->log->driver->replication->identify(o->log, &o->session->server, err);
}

static int32_t
check_server(const opening *o, incload_error **err)
{
    if (!o->state.known || strcmp(o->state.system_id, o->session->server.system_id) == 0)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_STATE,
                         "stream '%.63s' belongs to another server (system %s, and this is %s), whose positions mean "
                         "nothing here: connect to that one, or take the stream away by incload_stream_remove() and "
                         "begin anew",
                         o->session->stream->name, o->state.system_id, o->session->server.system_id);
}

/* ---- going on ---- */

static int32_t
check_position(const opening *o, incload_error **err)
{
    const char *name = o->session->stream->slot;
    int32_t status = incload__slot_check(&o->slot, name, err);

    if (status != INCLOAD_OK || o->slot.confirmed <= o->state.place.major)
        return status;
    /* We never confirm what the target does not have: somebody else has read it. */
    return incload__fail(err, INCLOAD_E_STATE_MISSING,
                         "replication slot '%.63s' has moved past the position of stream '%.63s': another reader has "
                         "taken changes that the target never got. Take the stream away by incload_stream_remove() and "
                         "begin anew",
                         name, o->session->stream->name);
}

/* ---- beginning ---- */

static int32_t
parse_tables(const incload_stream *stream, incload__table *tables, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < stream->tables.count && status == INCLOAD_OK; i++)
        status = incload__table_parse(stream->mem, stream->tables.items[i].name, &tables[i], err);
    return status;
}

static int32_t
make_publication(const incload_stream *stream, incload__conn *conn, incload_error **err)
{
    size_t count = (size_t)stream->tables.count;
    incload__table *tables = incload__alloc_array(stream->mem, count + 1, sizeof *tables);

    if (tables == NULL)
        return incload__fail_memory(err);
    int32_t status = parse_tables(stream, tables, err);
    if (status == INCLOAD_OK)
        status = incload__publication_make(conn, stream->publication, tables, stream->tables.count, err);
    for (size_t i = 0; i < count; i++)
        incload__table_free(stream->mem, &tables[i]);
    incload__free(stream->mem, tables);
    return status;
}

/* Before the slot: what is published is what the catalog said at each place of the log. */
static int32_t
find_tables(opening *o, bool may_make, incload_error **err)
{
    incload_stream *stream = o->session->stream;
    incload__publication found;
    incload__conn *conn = NULL;
    int32_t status = take_source(stream, INCLOAD__ROLE_WRITE, &conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = incload__publication_look(conn, stream->publication, &found, err);
    if (status == INCLOAD_OK && !found.exists && may_make && stream->values.create == INCLOAD__STREAM_CREATE_MISSING)
        status = make_publication(stream, conn, err);
    incload__publication_free(&found);
    if (status == INCLOAD_OK)
        status = incload__stream_tables_find(o->session, conn, err);
    incload__database_give_back(stream->source, conn);
    return status;
}

static int32_t
make_slot(opening *o, incload__slot_made *made, incload_error **err)
{
    incload_stream *stream = o->session->stream;
    int64_t deadline = incload__deadline_in(stream->env, stream->values.slot_timeout);

    if (stream->values.create == INCLOAD__STREAM_CREATE_NEVER)
        return incload__fail(err, INCLOAD_E_NOT_FOUND,
                             "the source has no replication slot '%.63s', and create=never forbids to make it",
                             stream->slot);
    int32_t status =
        incload__slot_create(stream->source, o->log, stream->slot, stream->values.failover, deadline, made, err);
    o->log->deadline_us = 0;
    return status;
}

/* So that a copy that failed leaves no slot behind, for which the source would keep its log; nor is another's taken,
 * which has the same name, when that has taken over. */
static void
drop_failed_slot(const opening *o)
{
    incload_stream *stream = o->session->stream;

    if (!incload__stream_state_holds(stream, o->state.version))
        return;
    o->log->deadline_us = incload__database_statement_deadline(stream->source);
    o->log->driver->replication->drop_slot(o->log, stream->slot, NULL);
}

/* That of a copy that was broken off. */
static int32_t
drop_left_slot(const opening *o, const char *slot, incload_error **err)
{
    incload_error *failure = NULL;
    int32_t status = o->log->driver->replication->drop_slot(o->log, slot, &failure);

    if (status != INCLOAD_E_NOT_FOUND)
        return incload__error_pass(err, failure);
    incload_error_unref(failure);
    return INCLOAD_OK;
}

/* It may have had another slot, whose name stays in the ledger until it is gone. */
static int32_t
take_over(opening *o, incload_error **err)
{
    incload_stream *stream = o->session->stream;
    const char *system_id = o->session->server.system_id;
    bool renamed = o->state.copying && strcmp(o->state.slot, stream->slot) != 0;
    int32_t status = incload__stream_state_begin(stream, system_id, renamed ? o->state.slot : stream->slot, &o->state,
                                                 err);

    if (status == INCLOAD_OK && o->state.copying)
        status = drop_left_slot(o, o->state.slot, err);
    if (status == INCLOAD_OK && renamed)
        status = incload__stream_state_begin(stream, system_id, stream->slot, &o->state, err);
    return status;
}

static int32_t
begin_with_copy(opening *o, incload_error **err)
{
    incload__slot_made made = { .consistent = 0 };

    if (o->state.copy[0] == '\0')
        incload__run_id(o->session->stream->env, o->state.copy);
    int32_t status = incload__stream_copy_check(o->session, o->state.copy, err);
    if (status == INCLOAD_OK)
        status = take_over(o, err);
    if (status == INCLOAD_OK)
        status = make_slot(o, &made, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__stream_copy(o->session, &made, &o->state, err);
    if (status != INCLOAD_OK && status != INCLOAD_E_COMMIT_UNKNOWN)
        drop_failed_slot(o);
    return status;
}

static int32_t
begin_without_copy(opening *o, incload_error **err)
{
    incload_stream *stream = o->session->stream;
    incload__slot_made made = { .consistent = o->slot.confirmed };
    int32_t status = o->slot.exists ? incload__slot_check(&o->slot, stream->slot, err) : make_slot(o, &made, err);

    if (status == INCLOAD_OK)
        status = incload__stream_state_place(stream, o->session->server.system_id, o->state.version,
                                             (incload__place){ made.consistent, 0 }, err);
    return status;
}

static int32_t
begin(opening *o, incload_error **err)
{
    const incload_stream *stream = o->session->stream;
    bool ours = o->state.copying && strcmp(o->state.slot, stream->slot) == 0;

    if (stream->values.snapshot == INCLOAD__SNAPSHOT_NEVER)
        return begin_without_copy(o, err);
    if (o->slot.exists && !ours)
        return incload__fail(err, INCLOAD_E_EXISTS,
                             "the source has a replication slot '%.63s', and the target no position of stream '%.63s': "
                             "drop the slot if nobody needs it, name another one, or set snapshot=never to go on from "
                             "where it stands",
                             stream->slot, stream->name);
    return begin_with_copy(o, err);
}

/* ---- the log ---- */

static int32_t
make_set(opening *o, incload_error **err)
{
    incload_stream *stream = o->session->stream;
    const incload__stream_values *values = &stream->values;
    static const char *const words[] = { "auto", "hard", "soft" };
    incload__str options = INCLOAD__STR(stream->mem);

    incload__str_addf(&options,
                      "deletes=%s unknown_columns=ignore full=commit memory=%lld timeout=%lld lease=%lld wait=%lld "
                      "retries=%lld retry_delay=%lld retry_max_delay=%lld",
                      words[values->deletes], (long long)values->batch_bytes, (long long)values->timeout,
                      (long long)values->lease, (long long)values->wait,
                      (long long)(values->retries < 100 ? values->retries : 100), (long long)values->retry_delay,
                      (long long)values->retry_max_delay);
    incload__options_add(&options, "deleted_column", values->deleted_column);
    incload__options_add(&options, "deleted_at_column", values->deleted_at_column);
    int32_t status = options.failed ? incload__fail_memory(err)
                                    : incload__change_set_new(stream->target, stream->name, incload__str_text(&options),
                                                              stream, &o->session->set, err);
    incload__str_free(&options);
    /* The source forgets what it is told to be kept: a crash of the target must not take it back. */
    if (status == INCLOAD_OK)
        o->session->set->durable = true;
    for (int32_t i = 0; i < o->session->table_count && status == INCLOAD_OK; i++)
        status = incload__stream_table_add(o->session, &o->session->tables[i], err);
    return status;
}

static int32_t
start_log(opening *o, incload_error **err)
{
    incload_stream *stream = o->session->stream;
    incload__log_start how = {
        .slot = stream->slot, .publications = &stream->publication, .publication_count = 1, .streaming = true
    };
    incload__assembler_options assembling = {
        .memory = (size_t)stream->values.memory,
        .directory = stream->values.spool_directory,
        /* The last one may have landed in part: the set knows how much of it, and leaves that out. */
        .after = o->session->set->place.major > 0 ? o->session->set->place.major - 1 : 0,
        /* The host's function is told where each change stands. */
        .at_once = stream->function == NULL,
    };

    o->log->deadline_us = incload__database_statement_deadline(stream->source);
    /* From where the slot stands: it is never past what the target has whole. */
    int32_t status = o->log->driver->replication->start(o->log, &how, &assembling.protocol, err);
    if (status == INCLOAD_OK)
        status = incload__assembler_init(&o->session->assembler, stream->mem, &assembling, err);
    o->session->assembling = status == INCLOAD_OK;
    return status;
}

static int64_t
interval_of(const incload__stream_session *session)
{
    int64_t own = session->stream->values.status_interval, third = session->server.timeout_ms / 3;

    return third > 0 && third < own ? third : own;
}

static int32_t
start_receiver(opening *o, incload_error **err)
{
    incload_stream *stream = o->session->stream;
    incload__receiver_config config = {
        .env = stream->env,
        .context = incload__database_context(stream->source),
        .conn = o->log,
        .memory = stream->values.memory,
        .interval_ms = interval_of(o->session),
        .durable = o->slot.exists ? o->slot.confirmed : 0,
    };

    incload__stream_show_log(stream, NULL);
    o->log = NULL;
    int32_t status = incload__receiver_start(&config, &o->session->receiver, err);
    incload__monitor_lock(&stream->lock);
    stream->receiver = o->session->receiver;
    stream->set = o->session->set;
    stream->opening = false;
    if (incload__stream_is_cancelled(stream) && status == INCLOAD_OK)
        incload__receiver_cancel(stream->receiver);
    incload__monitor_unlock(&stream->lock);
    return status;
}

/* Who begins reads again what is known: another may have begun by the time that it was this one's turn. */
static int32_t
read_state(opening *o, incload_error **err)
{
    int32_t status = incload__stream_state_read(o->session->stream, &o->state, err);

    if (status != INCLOAD_OK || o->state.placed)
        return status;
    status = incload__stream_turn_take(o->session, err);
    return status == INCLOAD_OK ? incload__stream_state_read(o->session->stream, &o->state, err) : status;
}

static int32_t
find_place(opening *o, incload_error **err)
{
    incload__stream_session *session = o->session;
    int32_t status = read_state(o, err);

    if (status == INCLOAD_OK)
        status = check_server(o, err);
    if (status == INCLOAD_OK)
        status = incload__stream_look(session, &o->slot, err);
    if (status == INCLOAD_OK)
        status = find_tables(o, !o->state.placed, err);
    if (status == INCLOAD_OK)
        status = o->state.placed ? check_position(o, err) : begin(o, err);
    return status;
}

static int32_t
open_stream(opening *o, incload_error **err)
{
    incload_error *failure = NULL;
    int32_t status = identify(o, err);

    if (status != INCLOAD_OK)
        return status;
    find_place(o, &failure);
    status = incload__stream_turn_end(o->session, failure, err);
    if (status == INCLOAD_OK)
        status = incload__stream_check(o->session->stream, err);
    if (status == INCLOAD_OK)
        status = make_set(o, err);
    if (status == INCLOAD_OK)
        status = start_log(o, err);
    return status == INCLOAD_OK ? start_receiver(o, err) : status;
}

int32_t
incload__stream_open(incload__stream_session *session, incload_error **err)
{
    opening o = { .session = session };
    int32_t status = open_stream(&o, err);

    if (o.log != NULL) {
        incload__stream_show_log(session->stream, NULL);
        o.log->driver->close(o.log);
    }
    return status;
}
