/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to drive a run: pull and complete, threads of its own. */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sched/scheduler_internal.h"
#include "sched/thread.h"

/* A host's own clock cannot wake a thread: it is looked at this often. */
enum { HOST_CLOCK_SLICE_US = 5000, DEFAULT_STACK = 1 << 20, TOLD_AT_ONCE = 8 };
/* The thread that looks after deadlines looks at batches every TELL_US while there are any whose ends are events. */
enum { TELL_US = 1000, WATCH_LEAST_US = 10000 };
static const int64_t longest_sleep_us = 3600000000;

static bool
is_forked(const incload__sched *s)
{
    return s->pid != (int32_t)getpid();
}

/* ---- host code, without the lock ---- */

static void
call_cancel(incload__sched *s)
{
    int32_t id = 0;
    incload__sched_unit unit;

    while (!s->slots[id].hook_due)
        id++;
    incload__sched_slot_unit(s, id, &unit);
    int32_t reason = s->slots[id].stop_reason;
    s->slots[id].hook_due = false;
    s->hooks_due--;
    incload__sched_unlock(s);
    s->hooks.cancel(s->hooks.user_data, &unit, reason);
    incload__sched_lock(s);
}

static void
call_rule(incload__sched *s)
{
    int32_t id = s->ask;
    const incload__rule rule = *incload__sched_rule_of(s, id);
    const incload__sched_node *node = &s->nodes[id];
    const incload__rule_counts counts = { node->ok, node->skip, node->bad, node->upstreams };
    bool last = counts.ok + counts.skip + counts.bad == counts.upstreams;

    s->ask = s->nodes[id].link;
    s->nodes[id].link = -1;
    s->nodes[id].flags &= (uint8_t)~NODE_ASKED;
    incload__sched_unlock(s);
    int32_t decision = rule.decide(&counts, rule.user_data);
    incload__sched_lock(s);
    if (decision < 0 || decision > INCLOAD__DECIDE_FAIL || (last && decision == INCLOAD__DECIDE_WAIT))
        decision = INCLOAD__DECIDE_FAIL;
    if (s->nodes[id].state == NODE_WAITS && decision != INCLOAD__DECIDE_WAIT) {
        incload__sched_decide(s, id, decision);
        incload__sched_release(s);
    }
}

/* True when the spare box has the places that were promised. */
static bool
spare_will_do(incload__sched *s)
{
    if (s->promised <= s->spare_capacity)
        return true;
    incload__sched_event *box =
        incload__realloc(&s->env->mem, s->spare, (size_t)s->outbox_capacity * sizeof *box);
    if (box == NULL)
        return false;
    s->spare = box;
    s->spare_capacity = s->outbox_capacity;
    return true;
}

static void
tell_all(incload__sched *s, const incload__sched_event *events, int32_t count)
{
    incload__sched_unlock(s);
    for (int32_t i = 0; i < count; i++)
        s->hooks.event(s->hooks.user_data, &events[i]);
    incload__sched_lock(s);
}

static void
tell_box(incload__sched *s)
{
    incload__sched_event *box = s->outbox;
    int32_t count = s->outbox_count, capacity = s->outbox_capacity;

    s->outbox = s->spare;
    s->outbox_capacity = s->spare_capacity;
    s->outbox_count = 0;
    tell_all(s, box, count);
    s->spare = box;
    s->spare_capacity = capacity;
}

/* Without memory for a second box of that size: those that are there now, a few at a time. */
static void
tell_few(incload__sched *s)
{
    incload__sched_event few[TOLD_AT_ONCE];

    for (int32_t left = s->outbox_count; left > 0;) {
        int32_t count = left < TOLD_AT_ONCE ? left : TOLD_AT_ONCE;
        memcpy(few, s->outbox, (size_t)count * sizeof *few);
        s->outbox_count -= count;
        memmove(s->outbox, s->outbox + count, (size_t)s->outbox_count * sizeof *few);
        tell_all(s, few, count);
        left -= count;
    }
}

static void
call_event(incload__sched *s)
{
    bool driven = atomic_load_explicit(&s->driven, memory_order_relaxed);

    s->delivering = true;
    if (spare_will_do(s))
        tell_box(s);
    else
        tell_few(s);
    atomic_store_explicit(&s->driven, driven, memory_order_relaxed);
    s->delivering = false;
    s->deliveries++;
    if (s->state != INCLOAD__RUN_RUNNING || s->settling > 0)
        pthread_cond_broadcast(&s->ending);
}

bool
incload__sched_deliver(incload__sched *s)
{
    bool did = false;

    for (;; did = true) {
        if (s->hooks_due > 0)
            call_cancel(s);
        else if (s->ask >= 0)
            call_rule(s);
        else if (s->outbox_count > 0 && !s->delivering)
            call_event(s);
        else
            return did;
    }
}

void
incload__sched_settle(incload__sched *s)
{
    if (is_forked(s))
        return;
    incload__sched_enter(s);
    uint64_t until = s->deliveries + s->delivering + (s->outbox_count > 0);
    s->settling++;
    /* A delivery that lacks memory tells what is in the box as well. */
    while (s->deliveries < until && (s->delivering || s->outbox_count > 0)) {
        if (s->delivering)
            pthread_cond_wait(&s->ending, &s->lock);
        else
            incload__sched_deliver(s);
    }
    s->settling--;
    incload__sched_leave(s);
}

/* ---- sleeping and waking ---- */

static void
sleep_for(incload__sched *s, pthread_cond_t *cond, int64_t us)
{
    if (s->env->monotonic_us != NULL && us > HOST_CLOCK_SLICE_US)
        us = HOST_CLOCK_SLICE_US;
    if (us > longest_sleep_us)
        us = longest_sleep_us;
    int64_t end = incload__monotonic_us(&incload__env_system) + us;
    const struct timespec until = { .tv_sec = (time_t)(end / 1000000), .tv_nsec = (long)(end % 1000000) * 1000 };
    pthread_cond_timedwait(cond, &s->lock, &until);
}

/* Sleeps until `until_us` of the environment's clock (INT64_MAX: until woken), or a little shorter. */
static void
sleep_on(incload__sched *s, pthread_cond_t *cond, int64_t until_us)
{
    int64_t us = until_us == INT64_MAX ? INT64_MAX : until_us - incload__sched_read_clock(s);

    if (until_us == INT64_MAX)
        pthread_cond_wait(cond, &s->lock);
    else if (us > 0)
        sleep_for(s, cond, us);
    /* Others had the lock meanwhile. */
    s->now_known = false;
    atomic_store_explicit(&s->driven, false, memory_order_relaxed);
}

/* One thread at a time: it wakes the next if there is more. */
void
incload__sched_wake(incload__sched *s)
{
    if (s->moved && s->watched)
        pthread_cond_signal(&s->timing);
    if (s->hungry && ((s->moved && !s->watched) || incload__sched_has_work(s))) {
        pthread_cond_signal(&s->work);
        s->hungry = false;
    }
    s->moved = false;
}

static void
wait_for_work(incload__sched *s, int64_t until_us)
{
    bool driven = atomic_exchange(&s->driven, false);

    /* Who has just handed over a batch keeps away, since it saw that somebody goes on; who comes later does not. */
    if (atomic_load(&s->handed) == NULL) {
        s->waiting++;
        s->sleeps++;
        s->hungry = true;
        sleep_on(s, &s->work, until_us);
        s->waiting--;
    }
    atomic_store_explicit(&s->driven, driven, memory_order_relaxed);
    s->hungry = s->waiting > 0;
    /* There may be work for them too. */
    if (s->hungry)
        incload__sched_recall(s);
}

void
incload__sched_leave(incload__sched *s)
{
    if (s->waiting > 0 && incload__sched_has_news(s))
        pthread_cond_signal(&s->work);
    incload__sched_unlock(s);
}

static int64_t
end_of(incload__sched *s, int64_t timeout_us)
{
    return timeout_us < 0 ? INT64_MAX : incload__sched_now(s) + timeout_us;
}

/* ---- pull and complete ---- */

int32_t
incload__sched_next(incload__sched *s, incload__sched_unit *unit, int64_t timeout_us)
{
    int64_t end = timeout_us > 0 ? end_of(s, timeout_us) : INT64_MAX;

    for (;;) {
        bool again = false;
        if (incload__sched_is_timed(s))
            incload__sched_run_timers(s);
        /* These may make work, or end some. Events wait until the unit is taken: that is one delivery, not two. */
        if ((s->hooks_due > 0 || s->ask >= 0) && incload__sched_deliver(s))
            continue;
        if (s->closing || s->state != INCLOAD__RUN_RUNNING)
            return INCLOAD__PULL_END;
        if (s->begun && incload__sched_take(s, unit, &again))
            return INCLOAD__PULL_UNIT;
        if (again || (incload__sched_has_news(s) && incload__sched_deliver(s)))
            continue;
        if (incload__sched_recall(s))
            continue;
        if (timeout_us == 0 || (timeout_us > 0 && incload__sched_now(s) >= end))
            return INCLOAD__PULL_NONE;
        int64_t next = incload__sched_next_us(s);
        incload__sched_wake(s);
        wait_for_work(s, next < end ? next : end);
    }
}

void
incload__sched_depart(incload__sched *s, int32_t got)
{
    if (s->waiting > 0 || s->moved)
        incload__sched_wake(s);
    /* Who has work keeps no watch any more: another of those that wait, who may have gone to sleep before anybody knew
     * when a source is to be asked again, takes it over. */
    if (got == INCLOAD__PULL_UNIT && s->waiting > 0 && incload__sched_opens_us(s) != INT64_MAX)
        pthread_cond_signal(&s->work);
    if (incload__sched_has_news(s))
        incload__sched_deliver(s);
    incload__sched_unlock(s);
}

int32_t
incload__sched_pull(incload__sched *s, incload__sched_unit *unit, int64_t timeout_us)
{
    if (is_forked(s))
        return INCLOAD_E_FORKED;
    incload__sched_lock(s);
    int32_t got = incload__sched_next(s, unit, timeout_us);
    incload__sched_depart(s, got);
    return got;
}

int32_t
incload__sched_complete(incload__sched *s, uint64_t token, const incload__sched_outcome *outcome)
{
    if (is_forked(s))
        return INCLOAD_E_FORKED;
    incload__sched_enter(s);
    int32_t status = incload__sched_finish(s, token, outcome);
    incload__sched_release(s);
    incload__sched_wake(s);
    incload__sched_deliver(s);
    incload__sched_unlock(s);
    return status;
}

int32_t
incload__sched_beat(incload__sched *s, uint64_t token)
{
    int32_t status = INCLOAD_OK;

    if (is_forked(s))
        return INCLOAD_E_FORKED;
    incload__sched_enter(s);
    int32_t id = incload__sched_slot_of(s, token);
    if (id < 0)
        status = INCLOAD_E_CONFLICT;
    else if (s->slots[id].state == SLOT_STOPS)
        status = INCLOAD_E_CANCELLED;
    else
        s->slots[id].beat_us = incload__sched_now(s);
    incload__sched_leave(s);
    return status;
}

int64_t
incload__sched_tick(incload__sched *s)
{
    if (is_forked(s))
        return INT64_MAX;
    incload__sched_enter(s);
    do
        incload__sched_run_timers(s);
    while (incload__sched_deliver(s));
    incload__sched_wake(s);
    int64_t next = incload__sched_next_us(s);
    incload__sched_unlock(s);
    return next;
}

/* ---- threads ---- */

static void *
worker_main(void *data)
{
    incload__sched_take_part(data);
    return NULL;
}

/* Sleeps until there is something to look after. No time limit that is set meanwhile is over before the shortest of
 * them: so nobody needs to tell of it. */
static void
watch(incload__sched *s)
{
    int64_t now = incload__sched_now(s), until = incload__sched_next_us(s);
    int64_t longest = s->soonest_us > WATCH_LEAST_US ? s->soonest_us : WATCH_LEAST_US;

    s->peeking = s->hooks.event != NULL && (s->batched || s->batches != NULL);
    if (s->peeking)
        longest = TELL_US;
    s->batched = false;
    s->watch_us = until < now + longest ? until : now + longest;
    sleep_on(s, &s->timing, s->watch_us);
    s->watch_us = INT64_MAX;
}

static void *
watcher_main(void *data)
{
    incload__sched *s = data;

    incload__sched_lock(s);
    while (!s->closing && s->state == INCLOAD__RUN_RUNNING) {
        incload__sched_recall_older(s, incload__monotonic_us(&incload__env_system) - TELL_US);
        incload__sched_run_timers(s);
        if (incload__sched_deliver(s))
            continue;
        incload__sched_wake(s);
        if (!s->closing && s->state == INCLOAD__RUN_RUNNING)
            watch(s);
    }
    incload__sched_unlock(s);
    return NULL;
}

static bool
start_thread(incload__sched *s, void *(*main)(void *), size_t stack_size)
{
    bool started = incload__thread_start(&s->threads[s->thread_count], stack_size, main, s);

    s->thread_count += started;
    return started;
}

int32_t
incload__sched_start_pool(incload__sched *s, int32_t threads, size_t stack_size, incload_error **err)
{
    size_t stack = stack_size > 0 ? stack_size : DEFAULT_STACK;
    bool started = true;

    if (is_forked(s))
        return incload__fail(err, INCLOAD_E_FORKED, "the scheduler belongs to the parent process");
    if (threads < 0 || s->threads != NULL || (threads > 0 && s->hooks.run == NULL))
        return incload__fail(err, INCLOAD_E_STATE, "the scheduler's threads can be started once, and need work to do");
    s->threads = incload__alloc_array(&s->env->mem, (size_t)threads + 1, sizeof *s->threads);
    if (s->threads == NULL)
        return incload__fail_memory(err);
    if (s->deadlines) {
        started = start_thread(s, watcher_main, stack);
        incload__sched_lock(s);
        s->watched = started;
        incload__sched_unlock(s);
    }
    for (int32_t i = 0; i < threads && started; i++)
        started = start_thread(s, worker_main, stack);
    return started ? INCLOAD_OK
                   : incload__fail(err, INCLOAD_E_STATE, "the system gave %d of %d threads", s->thread_count, threads);
}

int32_t
incload__sched_wait(incload__sched *s, int64_t timeout_us)
{
    if (is_forked(s))
        return INCLOAD_E_FORKED;
    incload__sched_lock(s);
    int64_t end = end_of(s, timeout_us);
    while ((s->state == INCLOAD__RUN_RUNNING || s->delivering || s->outbox_count > 0)
           && (timeout_us < 0 || incload__sched_now(s) < end)) {
        if (!incload__sched_deliver(s))
            sleep_on(s, &s->ending, end);
    }
    int32_t state = s->delivering || s->outbox_count > 0 ? INCLOAD__RUN_RUNNING : s->state;
    incload__sched_unlock(s);
    return state;
}
