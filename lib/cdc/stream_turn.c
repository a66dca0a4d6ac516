/* SPDX-License-Identifier: Apache-2.0 */
/* Whose turn it is to begin a stream: a lease of its name in the target, from before the slot is made until the first
 * copy has landed. So a second process waits for the first, and takes over what a dead one has left. That no two land
 * is the work of the source's row (stream_state.c), also where there is no lease. */
#include "cdc/stream.h"
#include "sched/retry.h"

/* Between two looks at another's lease. */
enum { POLL_MS = 20, POLL_MAX_MS = 500 };

/* On the heartbeat's thread. */
static void
lose(void *data, int32_t which)
{
    (void)which;
    atomic_store((atomic_bool *)data, true);
}

static int32_t
take_once(incload_stream *stream, incload__stream_turn *turn, incload_error **err)
{
    incload__stream_visit v;
    int32_t status = incload__stream_visit_begin(&v, stream, stream->values.timeout, err);

    if (status == INCLOAD_OK)
        status = incload__ledger_ensure(&v.ledger, v.conn, err);
    if (status == INCLOAD_OK)
        status = incload__lease_take(&turn->lease, &v.ledger, v.conn, NULL, err);
    incload__stream_visit_end(&v);
    return status;
}

static void
wait_before(incload_stream *stream, int32_t failures, int64_t end_us)
{
    incload__retry_rule rule = { .base_us = POLL_MS * 1000,
                                 .cap_us = POLL_MAX_MS * 1000,
                                 .jitter = INCLOAD__JITTER_EQUAL };
    int64_t until = incload__monotonic_us(stream->env) + incload__retry_delay_us(stream->env, &rule, failures);

    incload__stream_pause(stream, until < end_us ? until : end_us);
}

static int32_t
take(incload_stream *stream, incload__stream_turn *turn, incload_error **err)
{
    int64_t end_us = incload__monotonic_us(stream->env) + stream->values.wait * 1000;

    for (int32_t failures = 1;; failures++) {
        incload_error *failure = NULL;
        int32_t status = take_once(stream, turn, &failure);
        if (status != INCLOAD_E_BUSY || incload__monotonic_us(stream->env) >= end_us)
            return incload__error_pass(err, failure);
        wait_before(stream, failures, end_us);
        incload_error_unref(failure);
        status = incload__stream_check(stream, err);
        if (status != INCLOAD_OK)
            return status;
    }
}

int32_t
incload__stream_turn_take(incload__stream_session *session, incload_error **err)
{
    incload_stream *stream = session->stream;
    incload__stream_turn *turn = &session->turn;

    incload__run_id(stream->env, turn->run_id);
    incload__lease_init(&turn->lease, stream->env, stream->name, turn->run_id, stream->values.lease,
                        incload__database_application(stream->target));
    int32_t status = take(stream, turn, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "the first copy of stream '%.63s'", stream->name);
    if (turn->lease.epoch != 0)
        turn->heartbeat = incload__heartbeat_start(stream->target, &turn->lease, 1, lose, &turn->lost);
    return INCLOAD_OK;
}

int32_t
incload__stream_turn_check(const incload__stream_session *session, incload_error **err)
{
    if (atomic_load(&session->turn.lost))
        return incload__lease_fail_lost(&session->turn.lease, err);
    return incload__stream_check(session->stream, err);
}

static void
give_up(incload_stream *stream, incload__stream_turn *turn)
{
    incload__stream_visit v;

    if (turn->lease.epoch == 0 && !turn->lease.asked)
        return;
    if (incload__stream_visit_begin(&v, stream, incload__stream_end_ms(stream), NULL) == INCLOAD_OK)
        incload__lease_release(&turn->lease, &v.ledger, v.conn, NULL);
    incload__stream_visit_end(&v);
}

/* What its loss has ended is told as that; of a COMMIT without an answer nobody knows what was kept. */
static incload_error *
name_loss(const incload__stream_turn *turn, incload_error *failure)
{
    incload_error *told = NULL;
    int32_t code = incload_error_code(failure);

    if (failure == NULL || !atomic_load(&turn->lost) || code == INCLOAD_E_BUSY || code == INCLOAD_E_COMMIT_UNKNOWN)
        return failure;
    incload__lease_fail_lost(&turn->lease, &told);
    incload__error_set_cause(&told, failure);
    return told;
}

int32_t
incload__stream_turn_end(incload__stream_session *session, incload_error *failure, incload_error **err)
{
    incload__stream_turn *turn = &session->turn;

    incload__heartbeat_stop(turn->heartbeat);
    turn->heartbeat = NULL;
    give_up(session->stream, turn);
    return incload__error_pass(err, name_loss(turn, failure));
}
