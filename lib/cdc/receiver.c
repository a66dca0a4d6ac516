/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cdc/receiver.h"

#include <string.h>

#include "base/failpoint.h"
#include "driver/wait.h"
#include "sched/thread.h"

enum { THREAD_STACK = 1 << 20, OVERHEAD = 128, FIRST = 256, BURST = 64, BURST_BYTES = 16384 };

/* A time that is past. */
#define AT_ONCE 1

typedef struct queue {
    incload__log_message *messages;
    int64_t count;
    int64_t capacity;
    int64_t bytes;
} queue;

struct incload__receiver {
    const incload__env *env;
    incload_context *context;
    incload__conn *conn;
    const incload__replication *log;
    int64_t memory;
    int64_t interval_us;
    queue taken; /* by the taker alone, up to `next` */
    int64_t next;
    queue arrived; /* by the thread alone, until it is handed over */
    int64_t burst; /* messages since then: of keepalives `arrived` has but the last */
    pthread_t thread;
    incload__monitor monitor; /* guards the rest */
    queue waiting;
    int64_t held; /* bytes of the taken */
    incload__received seen;
    incload__lsn durable;
    incload_error *failure; /* that ended the stream */
    bool asked;
    bool woken;
    bool stopping;
    bool cancelled;
    bool ended;
};

/* ---- the queue ---- */

static int64_t
size_of(const incload__log_message *message)
{
    return (int64_t)message->length + OVERHEAD;
}

static void
queue_clear(incload__receiver *receiver, queue *of, int64_t from)
{
    for (int64_t i = from; i < of->count; i++)
        receiver->log->free_message(&of->messages[i]);
    of->count = 0;
    of->bytes = 0;
}

/* Of keepalives that follow on each other the last says all. */
static bool
queue_add(const incload__receiver *receiver, queue *to, const incload__log_message *message)
{
    bool again = message->kind == INCLOAD__LOG_KEEPALIVE && to->count > 0
                 && to->messages[to->count - 1].kind == INCLOAD__LOG_KEEPALIVE;

    if (again) {
        to->messages[to->count - 1] = *message;
        return true;
    }
    if (to->count == to->capacity) {
        int64_t capacity = to->capacity == 0 ? FIRST : to->capacity * 2;
        incload__log_message *messages =
            incload__realloc(&receiver->env->mem, to->messages, (size_t)capacity * sizeof *messages);
        if (messages == NULL)
            return false;
        to->messages = messages;
        to->capacity = capacity;
    }
    to->messages[to->count++] = *message;
    to->bytes += size_of(message);
    return true;
}

/* ---- the thread ---- */

typedef struct turn {
    bool wants; /* there is room */
    bool ask;
    bool stopping;
    incload__lsn received;
    incload__lsn durable;
} turn;

/* With the lock held. Half of the memory is for those that were taken. */
static bool
has_room(const incload__receiver *receiver)
{
    return receiver->waiting.bytes < receiver->memory / 2;
}

static turn
begin_turn(incload__receiver *receiver)
{
    incload__monitor_lock(&receiver->monitor);
    turn now = {
        .wants = has_room(receiver),
        .ask = receiver->asked,
        .stopping = receiver->stopping,
        .received = receiver->seen.position,
        .durable = receiver->durable,
    };
    receiver->asked = false;
    incload__monitor_unlock(&receiver->monitor);
    return now;
}

/* With the lock held. What found no memory stays in `arrived`. */
static bool
pass_on(incload__receiver *receiver)
{
    queue *arrived = &receiver->arrived;
    int64_t passed = 0;

    if (receiver->waiting.count == 0) {
        queue empty = receiver->waiting;
        receiver->waiting = *arrived;
        *arrived = empty;
        return true;
    }
    while (passed < arrived->count && queue_add(receiver, &receiver->waiting, &arrived->messages[passed]))
        passed++;
    arrived->count -= passed;
    arrived->bytes = 0;
    memmove(arrived->messages, arrived->messages + passed, (size_t)arrived->count * sizeof *arrived->messages);
    return arrived->count == 0;
}

/* A burst goes to the taker as one: waking it for each message would cost more than the message. */
static int32_t
hand_over(incload__receiver *receiver, incload_error **err)
{
    receiver->burst = 0;
    if (receiver->arrived.count == 0)
        return INCLOAD_OK;
    incload__monitor_lock(&receiver->monitor);
    for (int64_t i = 0; i < receiver->arrived.count; i++) {
        const incload__log_message *message = &receiver->arrived.messages[i];
        if (message->end > receiver->seen.position)
            receiver->seen.position = message->end;
        receiver->seen.sent_us = message->sent_us;
        receiver->seen.bytes += (int64_t)message->length;
    }
    bool passed = pass_on(receiver);
    incload__monitor_notify(&receiver->monitor);
    incload__monitor_unlock(&receiver->monitor);
    return passed ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
keep(incload__receiver *receiver, incload__log_message *message, incload_error **err)
{
    if (!queue_add(receiver, &receiver->arrived, message)) {
        receiver->log->free_message(message);
        return incload__fail_memory(err);
    }
    receiver->burst++;
    return receiver->burst >= BURST || receiver->arrived.bytes >= BURST_BYTES ? hand_over(receiver, err) : INCLOAD_OK;
}

/* What is there without waiting, or else, with nothing in hand, what comes until `due`. */
static int32_t
receive(incload__receiver *receiver, const turn *now, int64_t due, incload__log_message *out, incload_error **err)
{
    int64_t until = receiver->arrived.count > 0 ? AT_ONCE : due;
    int32_t status = receiver->log->receive(receiver->conn, until, now->wants, out, err);

    if (status != INCLOAD_OK)
        return status;
    return out->kind == INCLOAD__LOG_NOTHING ? hand_over(receiver, err) : keep(receiver, out, err);
}

static int32_t
tell(incload__receiver *receiver, const turn *now, incload_error **err)
{
    incload__lsn received = now->received > now->durable ? now->received : now->durable;
    int32_t status = receiver->log->confirm(receiver->conn, received, now->durable, now->ask, err);

    incload__monitor_lock(&receiver->monitor);
    receiver->seen.told = now->durable;
    incload__monitor_unlock(&receiver->monitor);
    return status;
}

static int32_t
run(incload__receiver *receiver, incload_error **err)
{
    incload__log_message message = { .kind = INCLOAD__LOG_NOTHING };
    turn now = { .wants = false };
    incload__lsn told = 0;
    int64_t due = 0;
    bool reply = false;
    int32_t status = INCLOAD_OK;

    while (status == INCLOAD_OK) {
        if (receiver->arrived.count == 0) {
            now = begin_turn(receiver);
            int64_t clock = incload__monotonic_us(receiver->env);
            /* A server that was told nothing for long ends the stream, whether it asks or not. */
            if (now.stopping || now.ask || reply || now.durable != told || clock >= due) {
                status = tell(receiver, &now, err);
                told = now.durable;
                due = clock + receiver->interval_us;
                reply = false;
            }
        }
        if (now.stopping || status != INCLOAD_OK)
            return status;
        status = receive(receiver, &now, due, &message, err);
        reply |= message.reply;
    }
    return status;
}

static void *
thread_main(void *data)
{
    incload__receiver *receiver = data;
    incload_error *failure = NULL;

    int32_t status = run(receiver, &failure);
    /* What came before the end is worth reading. */
    if (failure != NULL)
        hand_over(receiver, NULL);
    if (status == INCLOAD_OK)
        receiver->log->stop(receiver->conn);
    incload__monitor_lock(&receiver->monitor);
    receiver->failure = failure;
    receiver->ended = true;
    incload__monitor_notify(&receiver->monitor);
    incload__monitor_unlock(&receiver->monitor);
    return NULL;
}

/* ---- for its owner ---- */

int32_t
incload__receiver_start(const incload__receiver_config *config, incload__receiver **out, incload_error **err)
{
    incload__receiver *receiver = incload__alloc(&config->env->mem, sizeof *receiver);

    *out = NULL;
    if (receiver == NULL || incload__monitor_init(&receiver->monitor) != INCLOAD_OK) {
        incload__free(&config->env->mem, receiver);
        config->conn->driver->close(config->conn);
        return incload__fail_memory(err);
    }
    receiver->env = config->env;
    receiver->context = incload_context_ref(config->context);
    receiver->conn = config->conn;
    receiver->log = config->conn->driver->replication;
    receiver->memory = config->memory;
    receiver->interval_us = config->interval_ms * 1000;
    receiver->durable = config->durable;
    int32_t status = INCLOAD_OK;
    INCLOAD__FAILPOINT(status, "receiver.start", INCLOAD_E_STATE, NULL);
    if (status == INCLOAD_OK && incload__thread_start(&receiver->thread, THREAD_STACK, thread_main, receiver)) {
        *out = receiver;
        return INCLOAD_OK;
    }
    config->conn->driver->close(config->conn);
    incload__monitor_free(&receiver->monitor);
    incload_context_unref(receiver->context);
    incload__free(&config->env->mem, receiver);
    return incload__fail(err, INCLOAD_E_STATE, "the system gave no thread to read the source's log");
}

/* With the lock held: all that was taken is done with, and what waits is taken. */
static void
swap(incload__receiver *receiver)
{
    queue empty = receiver->taken;

    receiver->taken = receiver->waiting;
    receiver->waiting = empty;
    receiver->held = receiver->taken.bytes;
    receiver->next = 0;
}

int32_t
incload__receiver_take(incload__receiver *receiver, int64_t until_us, const incload__log_message **out,
                       incload_error **err)
{
    static const incload__log_message nothing = { .kind = INCLOAD__LOG_NOTHING };
    int32_t status = INCLOAD_OK;

    *out = &nothing;
    if (receiver->next > 0)
        receiver->log->free_message(&receiver->taken.messages[receiver->next - 1]);
    if (receiver->next < receiver->taken.count) {
        *out = &receiver->taken.messages[receiver->next++];
        return INCLOAD_OK;
    }
    receiver->taken.count = 0;
    receiver->taken.bytes = 0;
    receiver->next = 0;
    incload__monitor_lock(&receiver->monitor);
    receiver->held = 0;
    while (receiver->waiting.count == 0 && !receiver->ended && !receiver->cancelled && !receiver->woken
           && (until_us == 0 || incload__monotonic_us(receiver->env) < until_us))
        incload__monitor_wait(&receiver->monitor, receiver->env, until_us);
    receiver->woken = false;
    /* Only now: it may have filled while this thread waited. */
    bool was_full = !has_room(receiver);
    if (receiver->cancelled)
        status = incload__fail(err, INCLOAD_E_CANCELLED, "the stream was cancelled by the host");
    else if (receiver->waiting.count > 0)
        swap(receiver);
    else if (receiver->ended)
        status = incload__error_pass(err, receiver->failure != NULL ? incload_error_ref(receiver->failure) : NULL);
    bool open = !receiver->ended;
    incload__monitor_unlock(&receiver->monitor);
    if (was_full && open)
        receiver->log->nudge(receiver->conn);
    if (status == INCLOAD_OK && receiver->next < receiver->taken.count)
        *out = &receiver->taken.messages[receiver->next++];
    return status;
}

/* The connection stays until stop(): a nudge finds it. */
static void
change(incload__receiver *receiver, bool *flag, incload__lsn durable)
{
    incload__monitor_lock(&receiver->monitor);
    if (flag != NULL)
        *flag = true;
    if (durable > receiver->durable)
        receiver->durable = durable;
    incload__monitor_notify(&receiver->monitor);
    incload__monitor_unlock(&receiver->monitor);
    receiver->log->nudge(receiver->conn);
}

void
incload__receiver_confirm(incload__receiver *receiver, incload__lsn durable)
{
    INCLOAD__PASS("slot.confirm");
    change(receiver, NULL, durable);
}

void
incload__receiver_ask(incload__receiver *receiver)
{
    change(receiver, &receiver->asked, 0);
}

void
incload__receiver_wake(incload__receiver *receiver)
{
    change(receiver, &receiver->woken, 0);
}

void
incload__receiver_cancel(incload__receiver *receiver)
{
    change(receiver, &receiver->cancelled, 0);
}

void
incload__receiver_look(incload__receiver *receiver, incload__received *out)
{
    incload__monitor_lock(&receiver->monitor);
    *out = receiver->seen;
    out->waiting = receiver->waiting.bytes + receiver->held;
    incload__monitor_unlock(&receiver->monitor);
}

void
incload__receiver_stop(incload__receiver *receiver)
{
    if (receiver == NULL)
        return;
    const incload__env *env = receiver->env;
    incload_context *context = receiver->context;
    change(receiver, &receiver->stopping, 0);
    /* It waits for no more than one poll() that the nudge ends, and the moment of the goodbye. */
    pthread_join(receiver->thread, NULL);
    receiver->conn->driver->close(receiver->conn);
    queue_clear(receiver, &receiver->taken, receiver->next > 0 ? receiver->next - 1 : 0);
    queue_clear(receiver, &receiver->waiting, 0);
    queue_clear(receiver, &receiver->arrived, 0);
    incload__free(&env->mem, receiver->taken.messages);
    incload__free(&env->mem, receiver->waiting.messages);
    incload__free(&env->mem, receiver->arrived.messages);
    incload_error_unref(receiver->failure);
    incload__monitor_free(&receiver->monitor);
    incload__free(&env->mem, receiver);
    incload_context_unref(context);
}
