/* SPDX-License-Identifier: Apache-2.0 */
/* What the scheduler tells of a run, as the host learns it. */
#include <string.h>

#include "run/backfill_units.h"
#include "run/flow_ledger.h"
#include "sched/context.h"

enum { MOST_FAILURES = 10000 };

static const size_t counters[] = {
    offsetof(incload_unit, rows_read),
    offsetof(incload_unit, rows_written),
    offsetof(incload_unit, rows_skipped),
    offsetof(incload_unit, rows_rejected),
    offsetof(incload_unit, rows_without_cursor),
    offsetof(incload_unit, rows_deleted),
    offsetof(incload_unit, bytes),
};

/* What a unit that landed counted becomes the step's. */
static void
add_counts(const incload__flow_unit *unit, incload_run *step)
{
    if (unit->unit == &step->unit)
        return;
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        const _Atomic int64_t *from = (const void *)((const char *)unit->unit + counters[i]);
        _Atomic int64_t *to = (void *)((char *)&step->unit + counters[i]);
        atomic_fetch_add(to, atomic_load(from));
    }
}

static void
add_failure(incload__flow *flow, const incload_run *step, const char *name, int32_t attempts, incload_error *error)
{
    const incload__mem *mem = &flow->env->mem;

    pthread_mutex_lock(&flow->lock);
    flow->failures_told++;
    int32_t count = flow->failure_count;
    bool room = count < MOST_FAILURES;
    if (room && (count & (count - 1)) == 0) {
        incload__flow_failure *failures =
            incload__realloc(mem, flow->failures, (size_t)(count > 0 ? 2 * count : 1) * sizeof *failures);
        room = failures != NULL;
        if (room)
            flow->failures = failures;
    }
    char *label = room ? incload__strdup(mem, name) : NULL;
    if (label != NULL)
        flow->failures[flow->failure_count++] =
            (incload__flow_failure){ label, attempts, incload_error_ref(error), step };
    pthread_mutex_unlock(&flow->lock);
}

static void
keep_failure(incload__flow *flow, const incload__flow_unit *unit)
{
    add_failure(flow, flow->nodes[unit->node].run, unit->unit->label, incload_unit_attempt(unit->unit), unit->error);
}

/* The result is kept by the step, since the unit goes. */
static void
keep_result(incload__flow *flow, incload__flow_unit *unit)
{
    incload__flow_node *node = &flow->nodes[unit->node];

    pthread_mutex_lock(&flow->lock);
    node->result = unit->result;
    node->result_size = unit->result_size;
    unit->result = NULL;
    pthread_mutex_unlock(&flow->lock);
}

/* Why a unit failed that has no error of its own: the scheduler gave it up. */
static void
name_end(incload__flow_unit *unit, const incload__sched_event *event)
{
    static const struct {
        int32_t reason;
        int32_t code;
        const char *words;
    } ends[] = {
        { INCLOAD__REASON_TIMEOUT_ATTEMPT, INCLOAD_E_TIMEOUT, "its attempt took longer than the option 'timeout'" },
        { INCLOAD__REASON_TIMEOUT_TOTAL, INCLOAD_E_TIMEOUT, "it took longer than the option 'total_timeout'" },
        { INCLOAD__REASON_TIMEOUT_QUEUE, INCLOAD_E_TIMEOUT, "it waited longer than the option 'queue_timeout'" },
        { INCLOAD__REASON_HEARTBEAT_LOST, INCLOAD_E_TIMEOUT, "no sign of life within the option 'heartbeat'" },
        { INCLOAD__REASON_CANCELLED, INCLOAD_E_CANCELLED, "the run was cancelled" },
    };

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        incload_error *told = NULL;
        if (ends[i].reason != event->reason || incload_error_code(unit->error) == ends[i].code)
            continue;
        incload__fail(&told, ends[i].code, "%s", ends[i].words);
        if (unit->error != NULL)
            incload__error_set_cause(&told, unit->error);
        incload__error_set_place(&told, unit->unit->step, unit->unit->label);
        unit->error = told;
    }
    if (unit->error == NULL)
        incload__fail(&unit->error, event->code < 0 ? event->code : INCLOAD_E_INTERNAL, "the unit '%.64s' failed",
                      unit->unit->label);
}

/* How a unit of a backfill ended, as the ledger is told. */
static int32_t
ending_of(const incload__flow_unit *unit, const incload__sched_event *event)
{
    if (unit != NULL && atomic_load(&unit->dropped))
        return INCLOAD__ENDING_DROPPED;
    if (event->reason == INCLOAD__REASON_CANCELLED || (unit != NULL && atomic_load(&unit->revoked)))
        return INCLOAD__ENDING_RELEASED;
    return event->status == INCLOAD_STATUS_SUCCESS   ? INCLOAD__ENDING_LANDED
           : event->status == INCLOAD_STATUS_SKIPPED ? INCLOAD__ENDING_SKIPPED
                                                     : INCLOAD__ENDING_FAILED;
}

static void
unit_finished(incload__flow *flow, const incload__sched_event *event)
{
    incload__flow_node *node = &flow->nodes[event->node];
    incload__flow_unit *unit = incload__flow_unit_close(flow, event->node, event->key);

    if (node->walk != NULL && unit == NULL)
        incload__backfill_walk_ended(node->walk, event->key, ending_of(unit, event), NULL, event->reason);
    /* It could not be made. */
    if (unit == NULL && event->code == INCLOAD_E_NO_MEMORY && node->run->error == NULL)
        incload__fail_memory(&node->run->error);
    if (unit == NULL)
        return;
    if (event->status == INCLOAD_STATUS_SUCCESS) {
        add_counts(unit, node->run);
        if (unit->result != NULL)
            keep_result(flow, unit);
    }
    if (event->status == INCLOAD_STATUS_FAILED)
        name_end(unit, event);
    incload__flow_ledger_ended(flow, event, unit->error);
    if (event->status == INCLOAD_STATUS_FAILED) {
        keep_failure(flow, unit);
        if (node->run->error == NULL)
            node->run->error = incload_error_ref(unit->error);
    }
    if (node->walk != NULL)
        incload__backfill_walk_ended(node->walk, event->key, ending_of(unit, event), unit->error, event->reason);
    incload__flow_unit_over(unit, event);
    incload__run_tell(node->run, INCLOAD_EVENT_UNIT_FINISHED, event->status, unit->unit->label,
                      event->status == INCLOAD_STATUS_FAILED ? incload_error_message(unit->error) : "");
    incload__flow_unit_unref(unit);
}

static void
unit_waits(incload__flow *flow, const incload__sched_event *event)
{
    incload__flow_unit *unit = NULL;

    pthread_mutex_lock(&flow->lock);
    for (unit = flow->open; unit != NULL; unit = unit->next) {
        if (unit->node == event->node && unit->key == event->key)
            break;
    }
    if (unit != NULL)
        atomic_fetch_add(&unit->refs, 1);
    pthread_mutex_unlock(&flow->lock);
    if (unit == NULL)
        return;
    incload__flow_attempt_told(unit, event);
    incload__run_tell(flow->nodes[event->node].run, INCLOAD_EVENT_UNIT_WAITS, 0, unit->unit->label,
                      unit->error != NULL ? incload_error_message(unit->error) : "");
    incload__flow_unit_unref(unit);
}

/* Why a step failed of which no unit was begun. */
static void
name_early_end(const incload__sched_info *info, incload_error **told)
{
    switch (info->reason) {
    case INCLOAD__REASON_ERROR:
        /* The only error before the first attempt that the source did not tell. */
        incload__fail_memory(told);
        break;
    case INCLOAD__REASON_TIMEOUT_QUEUE:
    case INCLOAD__REASON_TIMEOUT_TOTAL:
        incload__fail(told, INCLOAD_E_TIMEOUT, "it waited longer than its options allow before it could begin");
        break;
    case INCLOAD__REASON_RULE:
        incload__fail(told, INCLOAD_E_STATE, "its rule could not decide");
        break;
    default:
        incload__fail(told, INCLOAD_E_CANCELLED, "it was given up before it began");
        break;
    }
}

/* A backfill's error counts its units, and has the first failure as its cause. */
static void
name_step_failure(const incload__flow *flow, incload__flow_node *node, const incload__sched_info *info)
{
    incload_error *first = node->run->error, *told = NULL;

    if (node->walk == NULL && first != NULL)
        return;
    /* The backfill was another process's. */
    told = incload__flow_ledger_error(flow, (int32_t)(node - flow->nodes));
    if (told != NULL) {
        incload_error_unref(first);
        node->run->error = told;
        return;
    }
    if (first == NULL && node->walk != NULL)
        told = incload__backfill_walk_error(node->walk);
    if (told != NULL) {
        node->run->error = told;
        return;
    }
    if (first == NULL) {
        name_early_end(info, &told);
    } else {
        incload__fail(&told, incload_error_code(first), "%lld of %lld units failed%s; the first, '%.64s': %s",
                      (long long)info->failed, (long long)(info->failed + info->succeeded + info->skipped),
                      info->reason == INCLOAD__REASON_THRESHOLD ? ", more than may, and no more were started" : "",
                      incload_error_unit(first), incload_error_message(first));
        incload__error_set_cause(&told, first);
    }
    incload__error_set_place(&told, node->name, "");
    node->run->error = told;
}

/* What the ledger is told that is wanted of the run: a step that stopped by itself hands out nothing more, elsewhere
 * neither; one that the host cancelled ends for all, and so does one that nobody else can join. */
static int32_t
last_want(const incload__flow *flow, const incload__flow_node *node, int32_t reason)
{
    bool by_host = atomic_load(&flow->run->cancelled) && !atomic_load(&flow->run->left);

    if (reason == INCLOAD__REASON_THRESHOLD)
        return INCLOAD__WANT_DRAIN;
    return atomic_load(&flow->stopping) && (by_host || node->run_key == NULL) ? INCLOAD__WANT_CANCEL : -1;
}

/* Units that failed in other processes belong to the run's failures. */
static void
keep_others_failures(incload__flow *flow, const incload__flow_node *node)
{
    incload__backfill_units *units = incload__backfill_walk_units(node->walk);
    int32_t count = 0;
    const incload__unit_row *rows = units != NULL ? incload__backfill_units_failed(units, &count) : NULL;

    for (int32_t i = 0; i < count; i++) {
        incload__backfill_unit unit;
        incload__str label = INCLOAD__STR(&flow->env->mem);
        incload_error *told = NULL;
        memset(&unit, 0, sizeof unit);
        incload__backfill_unit_of(node->step, incload__backfill_units_ordinal(units, rows[i].seq), &unit, &label);
        incload__fail(&told, rows[i].error_code < 0 ? rows[i].error_code : INCLOAD_E_STATE, "%.900s",
                      rows[i].error != NULL ? rows[i].error : "the workers that had it died, one after the other");
        incload__error_set_place(&told, node->name, incload__str_text(&label));
        add_failure(flow, node->run, incload__str_text(&label), (int32_t)rows[i].attempt, told);
        incload_error_unref(told);
        incload__str_free(&label);
    }
}

static void
close_walk(incload__flow *flow, incload__flow_node *node, int32_t reason)
{
    if (node->walk == NULL)
        return;
    incload__backfill_walk_close(node->walk, last_want(flow, node, reason), atomic_load(&flow->stopping));
    keep_others_failures(flow, node);
}

static void
step_finished(incload__flow *flow, const incload__sched_event *event)
{
    incload__flow_node *node = &flow->nodes[event->node];
    incload_run *run = node->run;
    incload__sched_info info;

    memset(&info, 0, sizeof info);
    incload__sched_info_of(flow->sched, event->node, &info);
    node->reason =
        event->reason == INCLOAD__REASON_SELF && node->condition_closed ? INCLOAD__REASON_CONDITION : event->reason;
    close_walk(flow, node, event->reason);
    if (event->status == INCLOAD_STATUS_FAILED)
        name_step_failure(flow, node, &info);
    if (node->walk != NULL)
        incload__backfill_walk_end_snapshot(node->walk);
    incload__flow_ledger_ended(flow, event, run->error);
    if (!atomic_load(&node->started))
        atomic_store(&run->started_us, incload__monotonic_us(run->env));
    atomic_store(&run->finished_us, incload__monotonic_us(run->env));
    /* A failure that a later attempt made good is none. */
    pthread_mutex_lock(&run->lock);
    atomic_store_explicit(&run->status, event->status, memory_order_release);
    pthread_cond_broadcast(&run->ended);
    pthread_mutex_unlock(&run->lock);
    incload__run_tell(run, INCLOAD_EVENT_STEP_FINISHED, event->status, "",
                      run->error != NULL ? incload_error_message(run->error) : "");
}

/* The scheduler has no memory of what it could not tell, but for each node's end. */
void
incload__flow_settle(incload__flow *flow)
{
    int32_t count = atomic_load(&flow->count);

    for (int32_t i = 0; i < count; i++) {
        incload__sched_info info;
        memset(&info, 0, sizeof info);
        incload__sched_info_of(flow->sched, i, &info);
        if (incload_run_status(flow->nodes[i].run) < INCLOAD_STATUS_SUCCESS && info.status >= INCLOAD_STATUS_SUCCESS)
            step_finished(flow, &(incload__sched_event){ .kind = INCLOAD__SCHED_NODE_FINISHED,
                                                         .node = i,
                                                         .status = info.status,
                                                         .reason = info.reason });
    }
}

void
incload__flow_event(void *data, const incload__sched_event *event)
{
    static void (*const told[])(incload__flow *, const incload__sched_event *) = {
        [INCLOAD__SCHED_UNIT_FINISHED] = unit_finished,
        [INCLOAD__SCHED_UNIT_WAITS] = unit_waits,
        [INCLOAD__SCHED_NODE_FINISHED] = step_finished,
    };

    if (event->kind >= 0 && (size_t)event->kind < sizeof told / sizeof told[0] && told[event->kind] != NULL)
        told[event->kind](data, event);
}
