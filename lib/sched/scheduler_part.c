/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that take part: the host's and those of the pool. They work through batches, mostly without the lock. */
#define _GNU_SOURCE
#include <time.h>
#include <unistd.h>

#include "sched/scheduler_internal.h"

/* A batch is as large as is done in BATCH_US; when that was a mistake, whoever comes by takes it back after STUCK_US.
 */
enum { BATCH_US = 20, STUCK_US = 100 };
/* How long a thread keeps away, times the threads that do: so one of them comes by every ASIDE_US. */
enum { ASIDE_US = 100, ASIDE_MOST_US = 1000, FADE = 8 };

static bool
is_plain(const incload__sched_outcome *outcome)
{
    return outcome->kind == INCLOAD__OUTCOME_OK && outcome->closed == 0;
}

static int64_t
deadline_of(const incload__sched *s, const incload__sched_item *item)
{
    const incload__sched_policy *policy = &s->policies[item->policy];
    int64_t deadline = incload__sched_sooner(item->latest_us, item->started_us, policy->attempt_us);

    return incload__sched_sooner(deadline, item->started_us, policy->heartbeat_us);
}

/* From one unit of a batch to the next, without the lock. False: the lock is needed, and the end not counted yet; or
 * somebody has taken the rest back, and may have counted it. */
static bool
go_on(const incload__sched *s, incload__sched_batch *b, const incload__sched_outcome *outcome,
      incload__sched_unit *unit)
{
    int32_t next = b->at + 1, expected = next;
    incload__sched_item *ended = &b->items[b->at], *item = ended + 1;

    if (next == b->count || !is_plain(outcome))
        return false;
    ended->code = outcome->code;
    if (s->timed)
        ended->ended_us = item->started_us = incload__monotonic_us(s->env);
    atomic_store_explicit(&b->ended, next, memory_order_release);
    if (!atomic_compare_exchange_strong(&b->head, &expected, next + 1))
        return false;
    b->at = next;
    *unit = (incload__sched_unit){ .token = incload__sched_batch_token(b, next),
                                   .node = item->node,
                                   .attempt = 1,
                                   .deadline_us = s->deadlines ? deadline_of(s, item) : INT64_MAX };
    return true;
}

/* The end of the unit that the thread was at, and of its batch. */
static void
end_last(incload__sched *s, incload__sched_batch *b, const incload__sched_outcome *outcome, uint64_t token)
{
    /* It may change what is to run. */
    if (!is_plain(outcome))
        incload__sched_recall(s);
    incload__sched_batch_empty(s, b);
    /* Passed over when who took the rest back has counted it. */
    incload__sched_finish(s, token, outcome);
    incload__sched_release(s);
}

/* How many units at once would have been right, as far as the last ones tell. */
static void
adapt(incload__sched_batch *b, int64_t took_us)
{
    int64_t done = b->at + 1, fit = took_us > BATCH_US ? done * BATCH_US / took_us : 2 * done;

    if (took_us > BATCH_US)
        b->size = fit > 1 ? (int32_t)fit : 1;
    else if (2 * took_us <= BATCH_US && fit > b->size)
        b->size = fit < BATCH_MOST ? (int32_t)fit : BATCH_MOST;
}

static void
note(int32_t *sum, int64_t us)
{
    *sum += (int32_t)(us < BATCH_US ? us : BATCH_US) - *sum / FADE;
}

/* Units so short that getting them takes half as long as running them, or longer, are run sooner by one thread than by
 * several: where the lock goes from thread to thread, and all that it guards with it, getting them takes several times
 * as long as it took this thread alone. */
static bool
is_in_the_way(incload__sched *s, const incload__sched_batch *b)
{
    return b->running < 2 * b->getting && atomic_load(&s->driven);
}

/* Leaves the units to the thread that has the lock, and looks again in a moment. Who slept on the lock instead would be
 * woken each time that it is let go of, and mostly in vain. */
static void
keep_away(incload__sched *s, incload__sched_batch *b, const incload__sched_outcome *outcome)
{
    bool locked = false;

    b->last_code = outcome->code;
    b->last_us = s->timed ? incload__monotonic_us(s->env) : 0;
    incload__sched_batch_hand_over(s, b);
    while (!locked && is_in_the_way(s, b)) {
        int64_t us = (int64_t)ASIDE_US * (atomic_fetch_add_explicit(&s->aside, 1, memory_order_relaxed) + 1);
        const struct timespec pause = { .tv_nsec = 1000 * (us < ASIDE_MOST_US ? us : ASIDE_MOST_US) };
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL); /* it leaves errno alone */
        atomic_fetch_sub_explicit(&s->aside, 1, memory_order_relaxed);
        locked = incload__sched_try_lock(s);
    }
    if (!locked)
        incload__sched_lock(s);
}

/* Gets the lock, and tells of the end of the unit that the thread was at. */
static void
come_back(incload__sched *s, incload__sched_batch *b, const incload__sched_outcome *outcome, uint64_t token)
{
    bool locked = incload__sched_try_lock(s);

    if (!locked)
        b->asked_us = 0;
    if (!locked && token != 0 && is_plain(outcome) && is_in_the_way(s, b)) {
        keep_away(s, b, outcome);
        return;
    }
    if (!locked)
        incload__sched_lock(s);
    if (token != 0)
        end_last(s, b, outcome, token);
}

/* Ends the unit and begins another, with others after it that the thread may claim without the lock. */
static int32_t
refill(incload__sched *s, incload__sched_batch *b, const incload__sched_outcome *outcome, incload__sched_unit *unit)
{
    int64_t now = b->made_us != 0 ? incload__monotonic_us(&incload__env_system) : 0;

    if (b->made_us != 0)
        note(&b->running, now - b->made_us);
    if (b->made_us != 0 && b->asked_us != 0)
        note(&b->getting, b->made_us - b->asked_us);
    b->asked_us = now;
    come_back(s, b, outcome, unit->token);
    atomic_store_explicit(&s->driven, true, memory_order_relaxed);
    if (b->made_us != 0)
        adapt(b, now - b->made_us);
    if (incload__sched_has_batches(s)) {
        int64_t us = b->asked_us != 0 ? now : incload__monotonic_us(&incload__env_system);
        incload__sched_recall_older(s, us - STUCK_US);
    }
    uint32_t sleeps = s->sleeps;
    int32_t got = incload__sched_next(s, unit, -1);
    if (s->sleeps != sleeps)
        b->asked_us = 0;
    if (got == INCLOAD__PULL_UNIT)
        incload__sched_batch_fill(s, b, unit);
    if (s->batched && s->hooks.event != NULL && !s->peeking) {
        s->peeking = true;
        pthread_cond_signal(&s->timing);
    }
    incload__sched_depart(s, got);
    return got;
}

/* Asking for the process at each unit would cost more than the unit: `run` must not return in a child it forked. */
void
incload__sched_take_part(incload__sched *s)
{
    incload__sched_batch batch;
    incload__sched_unit unit = { .token = 0 };
    incload__sched_outcome outcome = { .kind = 0 };

    batch.size = 1;
    batch.made_us = batch.asked_us = 0;
    batch.getting = batch.running = 0;
    batch.listed = false;
    incload__sched_lock(s);
    s->drivers++;
    incload__sched_unlock(s);
    while (refill(s, &batch, &outcome, &unit) == INCLOAD__PULL_UNIT) {
        do {
            outcome = (incload__sched_outcome){ .kind = 0 };
            s->hooks.run(s->hooks.user_data, &unit, &outcome);
        } while (go_on(s, &batch, &outcome, &unit));
    }
    incload__sched_lock(s);
    s->drivers--;
    incload__sched_unlock(s);
}

int32_t
incload__sched_participate(incload__sched *s)
{
    if (s->pid != (int32_t)getpid())
        return INCLOAD_E_FORKED;
    if (s->hooks.run == NULL)
        return INCLOAD_E_STATE;
    incload__sched_take_part(s);
    return INCLOAD_OK;
}
