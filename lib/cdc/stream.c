/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/stream.h"

#include <string.h>

#include "driver/database.h"
#include "sched/retry.h"

enum { LEAST_LEASE_MS = 100, END_MS = 1000, END_CANCELLED_MS = 300 };

/* ---- making it ---- */

static int32_t
check_options(incload_stream *stream, incload_error **err)
{
    const incload__stream_values *values = &stream->values;

    if (!incload__slot_name_valid(stream->slot))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "'%.80s' cannot name a replication slot: take letters a to z, digits and underscores, at "
                             "most 63",
                             stream->slot);
    if (values->until == INCLOAD__UNTIL_POSITION && !incload__lsn_parse(values->until_position, &stream->until))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "until=position needs until_position, a position such as 16/B374D848");
    return incload__list_parse(stream->mem, "tables", values->tables, &stream->tables, err);
}

static int32_t
read_options(incload_stream *stream, const char *options, incload_error **err)
{
    incload__str name = INCLOAD__STR(stream->mem);
    int32_t status = incload__options_init(&incload__stream_options, stream->mem, &stream->values, err);

    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__stream_options, stream->mem, &stream->values, options, err);
    if (status != INCLOAD_OK)
        return status;
    if (stream->values.lease != 0 && stream->values.lease < LEAST_LEASE_MS)
        stream->values.lease = LEAST_LEASE_MS;
    stream->slot = stream->values.slot != NULL ? stream->values.slot : "incload";
    stream->publication = stream->values.publication != NULL ? stream->values.publication : "incload";
    incload__str_add(&name, stream->values.name != NULL ? stream->values.name : "stream:");
    incload__str_add(&name, stream->values.name != NULL ? "" : stream->slot);
    stream->name = incload__str_take(&name);
    return stream->name != NULL ? check_options(stream, err) : incload__fail_memory(err);
}

static void
stream_free(incload_stream *stream)
{
    incload_database *source = stream->source, *target = stream->target;

    if (stream->destroy != NULL)
        stream->destroy(stream->user_data);
    incload__options_free(&incload__stream_options, stream->mem, &stream->values);
    incload__list_free(&stream->tables);
    incload__free(stream->mem, stream->name);
    incload__monitor_free(&stream->lock);
    incload__free(stream->mem, stream);
    incload_database_unref(target);
    incload_database_unref(source);
}

incload_stream *
incload_stream_new(incload_database *source, incload_database *target, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (source == NULL || target == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "a stream needs a source and a target");
        return NULL;
    }
    if (incload__database_check_log(source, err) != INCLOAD_OK)
        return NULL;
    const incload__env *env = incload__database_env(target);
    incload_stream *stream = incload__alloc(&env->mem, sizeof *stream);
    if (stream == NULL || incload__monitor_init(&stream->lock) != INCLOAD_OK) {
        incload__free(&env->mem, stream);
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&stream->refs, 1);
    atomic_init(&stream->cancelled, false);
    atomic_init(&stream->stopping, false);
    atomic_init(&stream->halted, false);
    stream->source = incload_database_ref(source);
    stream->target = incload_database_ref(target);
    stream->env = env;
    stream->mem = &env->mem;
    if (read_options(stream, options, err) == INCLOAD_OK)
        return stream;
    stream_free(stream);
    return NULL;
}

incload_stream *
incload_stream_ref(incload_stream *stream)
{
    if (stream != NULL)
        atomic_fetch_add_explicit(&stream->refs, 1, memory_order_relaxed);
    return stream;
}

void
incload_stream_unref(incload_stream *stream)
{
    if (stream != NULL && atomic_fetch_sub_explicit(&stream->refs, 1, memory_order_acq_rel) == 1)
        stream_free(stream);
}

/* ---- one thing at a time ---- */

static int32_t
enter(incload_stream *stream, incload__stream_run *run, incload_error **err)
{
    incload__monitor_lock(&stream->lock);
    bool running = stream->running;
    stream->running = true;
    if (!running)
        stream->run = run;
    incload__monitor_unlock(&stream->lock);
    return running ? incload__fail(err, INCLOAD_E_STATE, "the stream is running: stop it first") : INCLOAD_OK;
}

static void
leave(incload_stream *stream)
{
    incload__monitor_lock(&stream->lock);
    stream->running = false;
    stream->run = NULL;
    incload__monitor_unlock(&stream->lock);
}

int32_t
incload_stream_set_function(incload_stream *stream, incload_change_fn function, void *user_data,
                            incload_destroy_fn destroy, incload_error **err)
{
    int32_t status = incload__entered_with(err);

    if (status == INCLOAD_OK && stream == NULL)
        status = incload__fail(err, INCLOAD_E_INVALID, "the stream must not be NULL");
    if (status == INCLOAD_OK)
        status = enter(stream, NULL, err);
    if (status != INCLOAD_OK) {
        if (destroy != NULL)
            destroy(user_data);
        return status;
    }
    incload_destroy_fn old_destroy = stream->destroy;
    void *old_data = stream->user_data;
    stream->function = function;
    stream->user_data = user_data;
    stream->destroy = destroy;
    leave(stream);
    if (old_destroy != NULL)
        old_destroy(old_data);
    return INCLOAD_OK;
}

/* ---- a run ---- */

void
incload__stream_show_log(incload_stream *stream, incload__conn *log)
{
    incload__monitor_lock(&stream->lock);
    stream->log = log;
    incload__monitor_unlock(&stream->lock);
}

static bool
is_set(const atomic_bool *flag)
{
    return flag != NULL && atomic_load_explicit(flag, memory_order_relaxed);
}

bool
incload__stream_is_cancelled(const incload_stream *stream)
{
    return is_set(&stream->cancelled) || is_set(stream->run->told_to_stop);
}

bool
incload__stream_is_ending(const incload_stream *stream)
{
    return is_set(&stream->stopping) || is_set(stream->run->enough);
}

int32_t
incload__stream_check(const incload_stream *stream, incload_error **err)
{
    if (!atomic_load(&stream->halted) && !incload__stream_is_cancelled(stream))
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_CANCELLED, "stream '%.63s' was cancelled", stream->name);
}

int64_t
incload__stream_end_ms(const incload_stream *stream)
{
    return incload__stream_check(stream, NULL) == INCLOAD_OK ? END_MS : END_CANCELLED_MS;
}

void
incload__stream_pause(incload_stream *stream, int64_t until_us)
{
    incload__monitor_lock(&stream->lock);
    while (incload__stream_check(stream, NULL) == INCLOAD_OK && incload__monotonic_us(stream->env) < until_us)
        incload__monitor_wait(&stream->lock, stream->env, until_us);
    incload__monitor_unlock(&stream->lock);
}

static void
begin_session(incload__stream_session *session, incload_stream *stream)
{
    *session = (incload__stream_session){ .stream = stream };
    incload__monitor_lock(&stream->lock);
    stream->opening = true;
    atomic_store(&stream->halted, incload__stream_is_cancelled(stream) || atomic_load(&stream->stopping));
    incload__monitor_unlock(&stream->lock);
}

static void
end_session(incload__stream_session *session)
{
    incload_stream *stream = session->stream;

    incload__monitor_lock(&stream->lock);
    stream->receiver = NULL;
    stream->set = NULL;
    stream->opening = false;
    incload__monitor_unlock(&stream->lock);
    incload__receiver_stop(session->receiver);
    if (session->assembling)
        incload__assembler_free(&session->assembler);
    incload__change_set_free(session->set);
    incload__stream_tables_free(session);
}

/* *goal is found by the first session of a run. */
static int32_t
run_session(incload_stream *stream, incload__lsn *goal, bool *advanced, bool *target_failed, incload_error **err)
{
    incload__stream_session session;

    begin_session(&session, stream);
    int32_t status = incload__stream_check(stream, err);
    if (status == INCLOAD_OK)
        status = incload__stream_open(&session, err);
    if (status == INCLOAD_OK) {
        if (*goal == 0 && stream->run->until == INCLOAD__UNTIL_CAUGHT_UP)
            status = incload__stream_find_end(&session, goal, err);
        session.goal = *goal;
    }
    if (status == INCLOAD_OK)
        status = incload__stream_follow(&session, err);
    *advanced = session.advanced;
    *target_failed = session.target_failed;
    end_session(&session);
    return status;
}

static void
pause_before(incload_stream *stream, int32_t failures)
{
    incload__retry_rule rule = { .base_us = stream->values.retry_delay * 1000,
                                 .cap_us = stream->values.retry_max_delay * 1000,
                                 .jitter = INCLOAD__JITTER_EQUAL };
    int64_t until = incload__monotonic_us(stream->env) + incload__retry_delay_us(stream->env, &rule, failures);

    incload__monitor_lock(&stream->lock);
    while (!incload__stream_is_cancelled(stream) && !incload__stream_is_ending(stream)
           && incload__monotonic_us(stream->env) < until)
        incload__monitor_wait(&stream->lock, stream->env, until);
    incload__monitor_unlock(&stream->lock);
}

static int32_t
run_sessions(incload_stream *stream, incload_error **failure)
{
    incload__lsn goal = stream->run->until == INCLOAD__UNTIL_POSITION ? stream->run->position : 0;
    int32_t failures = 0;

    for (;;) {
        bool advanced = false, target_failed = false;
        int32_t status = run_session(stream, &goal, &advanced, &target_failed, failure);
        if (status == INCLOAD_OK || target_failed || incload_error_is_retryable(*failure) == 0)
            return status;
        failures = advanced ? 1 : failures + 1;
        bool stopping = incload__stream_is_ending(stream);
        if (incload__stream_is_cancelled(stream) || (failures > stream->values.retries && !stopping))
            return status;
        incload_error_unref(*failure);
        *failure = NULL;
        /* It shall end, and so it does: what was not committed comes again. */
        if (stopping)
            return INCLOAD_OK;
        if (stream->run->tell != NULL)
            stream->run->tell(stream->run->data);
        pause_before(stream, failures);
    }
}

/* What the host asked for is told as such, whatever the servers called it. */
static int32_t
tell_end(incload_stream *stream, incload_error *failure, incload_error **err)
{
    bool cancelled = incload__stream_is_cancelled(stream);

    if (failure == NULL)
        return INCLOAD_OK;
    if (!cancelled && atomic_load(&stream->halted) && incload_error_code(failure) != INCLOAD_E_COMMIT_UNKNOWN) {
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    if (cancelled && incload_error_code(failure) != INCLOAD_E_COMMIT_UNKNOWN) {
        incload_error *told = NULL;
        incload__fail(&told, INCLOAD_E_CANCELLED,
                      "stream '%.63s' was cancelled: the next run goes on behind its "
                      "position",
                      stream->name);
        incload__error_set_cause(&told, failure);
        failure = told;
    }
    return incload__error_pass(err, failure);
}

int32_t
incload__stream_run_for(incload_stream *stream, incload__stream_run *run, incload_error **err)
{
    incload_error *failure = NULL;
    int32_t status = enter(stream, run, err);

    if (status != INCLOAD_OK)
        return status;
    run_sessions(stream, &failure);
    status = tell_end(stream, failure, err);
    atomic_store(&stream->stopping, false);
    leave(stream);
    return status;
}

int32_t
incload_stream_run(incload_stream *stream, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (stream == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the stream must not be NULL");
    incload__stream_run run = { .until = stream->values.until, .position = stream->until };
    return incload__stream_run_for(stream, &run, err);
}

/* With the lock held: whatever waits for a server. */
static void
interrupt(incload_stream *stream)
{
    atomic_store(&stream->halted, true);
    if (stream->log != NULL)
        stream->log->driver->cancel(stream->log);
    if (stream->receiver != NULL)
        incload__receiver_cancel(stream->receiver);
    if (stream->set != NULL)
        incload__change_set_cancel(stream->set);
}

void
incload_stream_stop(incload_stream *stream)
{
    if (stream == NULL)
        return;
    incload__monitor_lock(&stream->lock);
    atomic_store(&stream->stopping, true);
    bool opening = stream->opening;
    if (opening)
        interrupt(stream);
    else if (stream->receiver != NULL)
        incload__receiver_wake(stream->receiver);
    incload__monitor_notify(&stream->lock);
    incload__monitor_unlock(&stream->lock);
    if (!opening)
        return;
    incload__database_cancel(stream->source, stream);
    incload__database_cancel(stream->target, stream);
}

void
incload_stream_cancel(incload_stream *stream)
{
    if (stream == NULL)
        return;
    incload__monitor_lock(&stream->lock);
    atomic_store(&stream->cancelled, true);
    interrupt(stream);
    incload__monitor_notify(&stream->lock);
    incload__monitor_unlock(&stream->lock);
    incload__database_cancel(stream->source, stream);
    incload__database_cancel(stream->target, stream);
}

void
incload__stream_break(incload_stream *stream, const incload__stream_run *run)
{
    incload__monitor_lock(&stream->lock);
    bool mine = stream->run == run;
    if (mine)
        interrupt(stream);
    incload__monitor_notify(&stream->lock);
    incload__monitor_unlock(&stream->lock);
    if (!mine)
        return;
    incload__database_cancel(stream->source, stream);
    incload__database_cancel(stream->target, stream);
}

void
incload__stream_nudge(incload_stream *stream, const incload__stream_run *run)
{
    incload__monitor_lock(&stream->lock);
    if (stream->run == run && stream->receiver != NULL)
        incload__receiver_wake(stream->receiver);
    incload__monitor_notify(&stream->lock);
    incload__monitor_unlock(&stream->lock);
}

static int32_t
remove_slot(incload_stream *stream, incload_error **err)
{
    incload__conn *log = NULL;
    incload_error *failure = NULL;
    int64_t deadline = incload__database_statement_deadline(stream->source);
    int32_t status = incload__database_open_log(stream->source, deadline, &stream->cancelled, &log, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "source");
    incload__stream_show_log(stream, log);
    status = log->driver->replication->drop_slot(log, stream->slot, &failure);
    incload__stream_show_log(stream, NULL);
    log->driver->close(log);
    if (status != INCLOAD_E_NOT_FOUND)
        return incload__error_pass(err, failure);
    incload_error_unref(failure);
    return INCLOAD_OK;
}

int32_t
incload_stream_remove(incload_stream *stream, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (stream == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the stream must not be NULL");
    int32_t status = enter(stream, NULL, err);
    if (status != INCLOAD_OK)
        return status;
    status = remove_slot(stream, err);
    if (status == INCLOAD_OK)
        status = incload__stream_state_forget(stream, err);
    leave(stream);
    return status;
}
