/* SPDX-License-Identifier: Apache-2.0 */
/* Messages become events of the set; the set commits; the source is told what is kept. After each message everything
 * that it completed is in the set, and what is of a transaction that has not ended waits beside it, so a commit of this
 * loop always ends with a whole transaction of the source. */
#include <string.h>

#include "cdc/stream.h"

enum { ASK_AGAIN_MS = 50, TELL_MS = 500, TELL_MESSAGES = 64 };

static void
tell(const incload__stream_session *session)
{
    const incload__stream_run *run = session->stream->run;

    if (run->tell != NULL)
        run->tell(run->data);
}

/* ---- what was read ---- */

static void
begin_transaction(incload__stream_session *session, const incload__assembled *item)
{
    incload__lsn goal = session->goal;

    /* The place is behind the beginning of the commit, also where its end is not told yet. */
    session->done = session->stream->run->until == INCLOAD__UNTIL_POSITION && item->place.major > goal;
    session->large = (incload__stream_large){ .at_work = false };
    memset(session->open_changes, 0, sizeof session->open_changes);
}

/* Its end is known now, so it is one of those that are committed. */
static int32_t
settle(incload__stream_session *session, const incload__assembled *item, incload_error **err)
{
    incload_stream *stream = session->stream;
    incload__change_set *set = session->set;
    int32_t status = INCLOAD_OK;

    if (session->large.at_work) {
        incload__log_end(&set->log, item->place.major);
    } else {
        incload__log_end(&set->open, item->place.major);
        if (set->log.count > 0 && (int64_t)(set->log.bytes + set->open.bytes) > set->values.memory)
            status = incload__stream_commit(session, err);
        if (status == INCLOAD_OK)
            status = incload__log_move(&set->log, &set->open, err);
    }
    incload__monitor_lock(&stream->lock);
    for (int32_t i = 0; i <= INCLOAD_CHANGE_TOMBSTONE; i++)
        stream->seen.changes[i] += session->open_changes[i];
    incload__monitor_unlock(&stream->lock);
    memset(session->open_changes, 0, sizeof session->open_changes);
    return status;
}

static int32_t
end_transaction(incload__stream_session *session, const incload__assembled *item, incload_error **err)
{
    incload_stream *stream = session->stream;

    session->large.ended = true;
    session->progress = item->place.major;
    session->committed_at_us = item->transaction->time_us;
    incload__monitor_lock(&stream->lock);
    stream->seen.transactions++;
    incload__monitor_unlock(&stream->lock);
    if (incload__place_order(item->place, session->set->place) <= 0)
        return INCLOAD_OK;
    return incload__change_set_reach(session->set, item->place, err);
}

static bool
has_open(const incload__stream_session *session)
{
    return session->set->open.count > 0 || (session->large.at_work && !session->large.ended);
}

static int32_t
take_item(incload__stream_session *session, const incload__assembled *item, incload_error **err)
{
    if (item->transaction != NULL && item->transaction->end_lsn != 0 && has_open(session)) {
        int32_t status = settle(session, item, err);
        if (status != INCLOAD_OK)
            return status;
    }
    switch (item->kind) {
    case INCLOAD__ASSEMBLED_BEGIN:
        begin_transaction(session, item);
        return INCLOAD_OK;
    case INCLOAD__ASSEMBLED_RELATION:
        return incload__stream_relation_changed(session, item->relation, err);
    case INCLOAD__ASSEMBLED_CHANGE:
        return incload__stream_push(session, item, err);
    case INCLOAD__ASSEMBLED_COMMIT:
        return end_transaction(session, item, err);
    default:
        return INCLOAD_OK;
    }
}

static int32_t
take_data(incload__stream_session *session, const incload__log_message *message, incload_error **err)
{
    incload__assembled item;
    int32_t status = incload__assembler_push(&session->assembler, message->data, message->length, err);

    while (status == INCLOAD_OK && !session->done) {
        status = incload__assembler_next(&session->assembler, &item, err);
        if (status != INCLOAD_OK || item.kind == INCLOAD__ASSEMBLED_NOTHING)
            return status;
        /* A large transaction is many turns of this loop. */
        if (incload__stream_is_cancelled(session->stream))
            return incload__stream_check(session->stream, err);
        status = take_item(session, &item, err);
    }
    return status;
}

/* All that was committed below it was sent, and read. */
static int32_t
take_keepalive(incload__stream_session *session, const incload__log_message *message, incload_error **err)
{
    incload__place place = { message->end, 0 };

    if (!incload__assembler_is_idle(&session->assembler))
        return INCLOAD_OK;
    if (message->end > session->progress)
        session->progress = message->end;
    if (incload__place_order(place, session->set->place) <= 0)
        return INCLOAD_OK;
    return incload__change_set_reach(session->set, place, err);
}

int32_t
incload__stream_take(incload__stream_session *session, const incload__log_message *message, incload_error **err)
{
    /* What is large brings no commit for long. */
    if (++session->messages % TELL_MESSAGES == 0)
        tell(session);
    return message->kind == INCLOAD__LOG_DATA ? take_data(session, message, err)
                                              : take_keepalive(session, message, err);
}

/* ---- what is kept ---- */

/* With the stream's lock held: what the set has counted since the last commit. */
static void
count_commit(incload__stream_session *session)
{
    incload__change_count *done = &session->stream->seen.done, now = { .applied = 0 };

    for (int32_t i = 0; i < session->set->count; i++) {
        const incload__change_count *one = &session->set->tables[i]->done;
        now.applied += one->applied;
        now.skipped += one->skipped;
        now.written += one->written;
        now.deleted += one->deleted;
    }
    done->applied += now.applied - session->counted.applied;
    done->skipped += now.skipped - session->counted.skipped;
    done->written += now.written - session->counted.written;
    done->deleted += now.deleted - session->counted.deleted;
    session->counted = now;
}

static void
tell_commit(incload__stream_session *session, bool changed)
{
    incload_stream *stream = session->stream;
    incload__received seen;

    incload__receiver_look(session->receiver, &seen);
    incload__monitor_lock(&stream->lock);
    stream->seen.committed = session->set->place;
    count_commit(session);
    stream->seen.received = seen.position;
    if (seen.position > stream->seen.end)
        stream->seen.end = seen.position;
    if (changed) {
        stream->seen.commits++;
        stream->seen.lag_us = incload__wall_us(stream->env) - session->committed_at_us;
    }
    incload__monitor_unlock(&stream->lock);
    tell(session);
}

int32_t
incload__stream_commit(incload__stream_session *session, incload_error **err)
{
    bool changed = session->set->log.count > 0;
    int32_t status = incload__change_set_commit(session->set, err);

    return incload__stream_committed(session, changed, status, err);
}

int32_t
incload__stream_committed(incload__stream_session *session, bool changed, int32_t status, incload_error **err)
{
    incload_stream *stream = session->stream;

    if (status != INCLOAD_OK) {
        session->target_failed = true;
        return incload__error_prefix(err, "target");
    }
    /* Not the position that was found: a transaction may have landed in part before the stream was broken off. */
    incload__lsn durable = incload__assembler_acknowledge(&session->assembler, session->progress);
    incload__receiver_confirm(session->receiver, durable);
    incload__monitor_lock(&stream->lock);
    if (durable > stream->seen.confirmed)
        stream->seen.confirmed = durable;
    incload__monitor_unlock(&stream->lock);
    session->advanced = true;
    session->idle_due_us = incload__deadline_in(stream->env, stream->values.status_interval);
    tell_commit(session, changed);
    return INCLOAD_OK;
}

static bool
is_full(const incload__stream_session *session)
{
    const incload__stream_values *values = &session->stream->values;
    const incload__log *log = &session->set->log;

    return log->count >= values->batch_events || (int64_t)log->bytes >= values->batch_bytes
           || incload__monotonic_us(session->stream->env) - session->batch_began_us >= values->batch_delay * 1000;
}

/* ---- the loop ---- */

static int32_t
look_at_slot(incload__stream_session *session, incload_error **err)
{
    const incload_stream *stream = session->stream;
    incload__slot slot;

    session->look_due_us = incload__deadline_in(stream->env, stream->values.slot_interval);
    /* That it cannot be asked is no reason to end what works. */
    if (incload__stream_look(session, &slot, NULL) != INCLOAD_OK)
        return incload__stream_check(stream, err);
    return slot.lost ? incload__slot_check(&slot, stream->slot, err) : INCLOAD_OK;
}

static bool
has_arrived(const incload__stream_session *session)
{
    return session->done || (session->goal > 0 && session->progress >= session->goal);
}

/* With nothing to read at once. */
static int32_t
be_idle(incload__stream_session *session, incload_error **err)
{
    const incload_stream *stream = session->stream;
    int64_t now = incload__monotonic_us(stream->env);
    int32_t status = INCLOAD_OK;

    tell(session);
    if (session->set->log.count > 0 || now >= session->idle_due_us) {
        status = incload__stream_commit(session, err);
        session->idle_due_us = incload__deadline_in(stream->env, stream->values.status_interval);
        incload__receiver_ask(session->receiver);
    }
    /* A server that had not read its log up to the goal when it was asked does not say when it has. */
    if (session->goal > 0)
        incload__receiver_ask(session->receiver);
    if (status == INCLOAD_OK && now >= session->look_due_us)
        status = look_at_slot(session, err);
    return status;
}

static int64_t
wait_until(const incload__stream_session *session)
{
    if (session->set->log.count > 0)
        return incload__monotonic_us(session->stream->env);
    int64_t due = session->idle_due_us < session->look_due_us ? session->idle_due_us : session->look_due_us;
    int64_t soon = session->goal > 0 ? ASK_AGAIN_MS : session->stream->run->tell != NULL ? TELL_MS : 0;
    if (soon > 0 && incload__deadline_in(session->stream->env, soon) < due)
        due = incload__deadline_in(session->stream->env, soon);
    return due;
}

static int32_t
turn(incload__stream_session *session, incload_error **err)
{
    const incload__log_message *message = NULL;
    bool began = session->set->log.count == 0;
    int32_t status = incload__receiver_take(session->receiver, wait_until(session), &message, err);

    if (status != INCLOAD_OK)
        return status;
    if (message->kind == INCLOAD__LOG_NOTHING)
        return be_idle(session, err);
    status = incload__stream_take(session, message, err);
    if (status == INCLOAD_OK && incload__stream_is_large(session))
        status = incload__stream_write_large(session, err);
    if (status != INCLOAD_OK || session->set->log.count == 0)
        return status;
    if (began)
        session->batch_began_us = incload__monotonic_us(session->stream->env);
    return is_full(session) ? incload__stream_commit(session, err) : INCLOAD_OK;
}

int32_t
incload__stream_follow(incload__stream_session *session, incload_error **err)
{
    const incload_stream *stream = session->stream;
    int32_t status = INCLOAD_OK;

    session->idle_due_us = incload__deadline_in(stream->env, stream->values.status_interval);
    session->look_due_us = incload__deadline_in(stream->env, stream->values.slot_interval);
    if (session->goal > 0)
        incload__receiver_ask(session->receiver);
    while (status == INCLOAD_OK && !has_arrived(session) && !incload__stream_is_ending(stream))
        status = turn(session, err);
    if (status == INCLOAD_OK)
        status = incload__stream_commit(session, err);
    stream->run->arrived = status == INCLOAD_OK && has_arrived(session);
    return status;
}
