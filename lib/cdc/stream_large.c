/* SPDX-License-Identifier: Apache-2.0 */
/* A large transaction of the source is written while it comes, into one transaction of the target, which is committed
 * when the source's commit has come. All of it stays in the set meanwhile: what the target refuses in pieces, or loses
 * with its connection, is written anew. A source that pauses must not keep a transaction of the target open, with its
 * locks: what was written is undone then, and the whole is written when it is there. */
#include "cdc/stream.h"

enum {
    MOST_PIECE = 16384,
    AT_ONCE = 1,     /* a time that has passed */
    PAUSE_MS = 1000, /* of the source, at most */
    MOST_MS = 60000  /* of all of it, and a quarter of option `timeout` */
};

/* Events: from here on a transaction is large, and as many are written together at least. */
static int64_t
piece_of(const incload__stream_session *session)
{
    int64_t batch = session->stream->values.batch_events;

    return batch < MOST_PIECE ? batch : MOST_PIECE;
}

/* What is kept of a transaction that has not ended leaves room for the rest, which waits in the assembler then. */
static bool
has_room(const incload__stream_session *session)
{
    const incload__change_set *set = session->set;
    const incload__log *log = session->large.at_work ? &set->log : &set->open;

    return (int64_t)log->bytes < session->stream->values.memory / 2;
}

/* What is told to the target's side, which shall not try again by itself. */
static int32_t
fail_fed(incload_error **err)
{
    return incload__fail(err, INCLOAD_E_STATE,
                         "the source's transaction did not come in one go: it is written when all of it is there");
}

static int32_t
keep_failure(incload__stream_session *session, incload_error *failure, incload_error **err)
{
    session->large.failure = failure;
    return fail_fed(err);
}

static int32_t
give_up(incload__stream_session *session, incload_error **err)
{
    session->large.given_up = true;
    return fail_fed(err);
}

static bool
must_wait(const incload__stream_session *session)
{
    const incload_stream *stream = session->stream;
    int64_t now = incload__monotonic_us(stream->env);

    return incload__stream_is_ending(stream) || !session->assembler.passing || !has_room(session)
           || now >= session->large.due_us || now >= session->large.heard_us + PAUSE_MS * 1000;
}

/* One message, if there is one by then. */
static int32_t
hear(incload__stream_session *session, int64_t until_us, bool *heard, incload_error **err)
{
    const incload__log_message *message = NULL;
    int32_t status = incload__stream_check(session->stream, err);

    if (status == INCLOAD_OK)
        status = incload__receiver_take(session->receiver, until_us, &message, err);
    *heard = status == INCLOAD_OK && message->kind != INCLOAD__LOG_NOTHING;
    if (!*heard)
        return status;
    session->large.heard_us = incload__monotonic_us(session->stream->env);
    return incload__stream_take(session, message, err);
}

/* The more rows are written together, the less each costs: all that is there is taken, and awaited is a piece. */
static bool
wants_more(const incload__stream_session *session, int64_t count, bool heard)
{
    if (session->large.ended)
        return false;
    return count < piece_of(session) || (heard && count < session->stream->values.batch_events);
}

static int32_t
feed(void *data, bool *more, incload_error **err)
{
    incload__stream_session *session = data;
    const incload__log *log = &session->set->log;
    int64_t before = log->count;
    incload_error *failure = NULL;
    bool heard = true;

    if (session->large.given_up || session->large.failure != NULL)
        return fail_fed(err);
    session->large.heard_us = incload__monotonic_us(session->stream->env);
    while (wants_more(session, log->count - before, heard)) {
        int64_t until = log->count - before < piece_of(session) ? session->large.heard_us + PAUSE_MS * 1000 : AT_ONCE;
        if (must_wait(session))
            return give_up(session, err);
        if (hear(session, until, &heard, &failure) != INCLOAD_OK)
            return keep_failure(session, failure, err);
    }
    *more = !session->large.ended;
    return INCLOAD_OK;
}

/* Where one writer has the whole database no other shall wait for the source. */
bool
incload__stream_is_large(incload__stream_session *session)
{
    const incload__change_set *set = session->set;

    if (!has_room(session))
        incload__assembler_gather(&session->assembler);
    return set->open.count >= piece_of(session) && session->assembler.passing && !session->large.given_up
           && !set->tables[0]->table.dialect->one_writer;
}

static int32_t
write_pieces(incload__stream_session *session, incload_error **err)
{
    incload__change_set *set = session->set;
    int64_t timeout = set->values.timeout, most = timeout > 0 && timeout / 4 < MOST_MS ? timeout / 4 : MOST_MS;
    int32_t status = incload__log_move(&set->log, &set->open, err);

    if (status != INCLOAD_OK)
        return status;
    session->large.at_work = true;
    session->large.due_us = incload__deadline_in(session->stream->env, most);
    set->feed = feed;
    set->feed_data = session;
    status = incload__change_set_commit(set, err);
    set->feed = NULL;
    session->large.at_work = false;
    return status;
}

int32_t
incload__stream_write_large(incload__stream_session *session, incload_error **err)
{
    incload__change_set *set = session->set;
    incload_error *failure = NULL;
    int32_t status = set->log.count > 0 ? incload__stream_commit(session, err) : INCLOAD_OK;

    if (status != INCLOAD_OK)
        return status;
    status = write_pieces(session, &failure);
    if (session->large.failure != NULL) {
        incload_error_unref(failure);
        failure = session->large.failure;
        session->large.failure = NULL;
        return incload__error_pass(err, failure);
    }
    if (session->large.given_up) {
        incload_error_unref(failure);
        return incload__log_move(&set->open, &set->log, err);
    }
    incload__error_pass(err, failure);
    return incload__stream_committed(session, true, status, err);
}
