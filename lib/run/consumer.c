/* SPDX-License-Identifier: Apache-2.0 */
#include "run/consumer.h"

#include "run/flow.h"
#include "sched/context.h"

#define AT(field) offsetof(incload__consumer_values, field)

enum { PROGRESS_EVERY_US = 100000 };

static const incload__option consumer_option_list[] = {
    { "until", INCLOAD_OPTION_CHOICE, AT(until), "caught_up", 0, 0, "", "caught_up stopped position", "0.1",
      "When the step has succeeded: caught_up, once there is nothing more to read; stopped, when the run is drained, "
      "and not before; position, once the position of that option is committed." },
    { "position", INCLOAD_OPTION_TEXT, AT(position), "", 0, 0, "", "", "0.1",
      "For until=position: the position, such as 17, or with an ordinal 17.3. What comes behind it may be committed "
      "with it." },
    { "poll", INCLOAD_OPTION_DURATION, AT(poll), "1s", 1, 86400000, "ms", "", "0.1",
      "How long to wait where nothing was there to read, unless the function says how long." },
    { "commit_events", INCLOAD_OPTION_INTEGER, AT(commit_events), "10000", 1, 1000000000, "events", "", "0.1",
      "How many events make a commit; they are counted between two calls of the function." },
    { "commit_interval", INCLOAD_OPTION_DURATION, AT(commit_interval), "1s", 0, 86400000, "ms", "", "0.1",
      "After how long events are committed though they are fewer; where nothing more is there to read, at once." },
};

static const incload__option stream_option_list[] = {
    { "until", INCLOAD_OPTION_CHOICE, AT(until), "caught_up", 0, 0, "", "caught_up stopped position", "0.1",
      "When the step has succeeded, whatever the stream's own option says: caught_up, once it has all that was "
      "committed before the attempt began; stopped, when the run is drained, and not before; position, once it has all "
      "up to the position of that option." },
    { "position", INCLOAD_OPTION_TEXT, AT(position), "", 0, 0, "", "", "0.1",
      "For until=position: a position in the source's log, such as 16/B374D848." },
};

static const incload__option capture_option_list[] = {
    { "until", INCLOAD_OPTION_CHOICE, AT(until), "caught_up", 0, 0, "", "caught_up stopped", "0.1",
      "When the step has succeeded, whatever the change table's own option says: caught_up, once it has consumed all "
      "that one snapshot showed; stopped, when the run is drained, and not before." },
    { "poll", INCLOAD_OPTION_DURATION, AT(poll), "1s", 1, 86400000, "ms", "", "0.1",
      "The pause before it looks again when there was no change." },
};

const incload__option_table incload__changes_step_options = INCLOAD__OPTION_TABLE("changes_step", consumer_option_list);
const incload__option_table incload__stream_step_options = INCLOAD__OPTION_TABLE("stream_step", stream_option_list);
const incload__option_table incload__capture_step_options = INCLOAD__OPTION_TABLE("capture_step", capture_option_list);

struct incload__consumer {
    const incload__consumer_ops *ops;
    void *self;
    const incload__mem *mem;
    incload__consumer_values values;
    incload__place until;
    atomic_bool at_work;
    incload__consumed before; /* this run */
    int64_t reported;         /* events, by the last progress event */
    int64_t reported_us;
};

/* ---- at work ---- */

static void
report(incload__consumer *consumer, incload_unit *unit)
{
    const incload__flow_unit *of = unit->owner;
    int64_t now = incload__monotonic_us(unit->env);
    incload__consumed done = { .read = 0 };

    consumer->ops->count(consumer->self, &done);
    atomic_store(&unit->rows_read, done.read - consumer->before.read);
    atomic_store(&unit->rows_skipped, done.skipped - consumer->before.skipped);
    atomic_store(&unit->rows_written, done.written - consumer->before.written);
    atomic_store(&unit->rows_deleted, done.deleted - consumer->before.deleted);
    if (done.read == consumer->reported || now - consumer->reported_us < PROGRESS_EVERY_US)
        return;
    consumer->reported = done.read;
    consumer->reported_us = now;
    incload__run_tell(of->flow->nodes[of->node].run, INCLOAD_EVENT_PROGRESS, 0, unit->label, "");
}

static bool
is_through(const incload__consumer *consumer, const incload__turn *turn)
{
    incload__consumed done = { .read = 0 };

    if (consumer->values.until == INCLOAD__CONSUME_UNTIL_CAUGHT_UP)
        return turn->caught_up;
    if (consumer->values.until == INCLOAD__CONSUME_UNTIL_STOPPED)
        return false;
    if (turn->reached)
        return true;
    consumer->ops->count(consumer->self, &done);
    return incload__place_order(done.place, consumer->until) >= 0;
}

/* Until it is through, or the run is drained: that ends well what goes on until then. */
static int32_t
take_turns(incload__consumer *consumer, incload_unit *unit, int32_t *answer, incload_error **err)
{
    const incload__flow_unit *of = unit->owner;
    const incload__turn nothing = { .caught_up = false };

    *answer = INCLOAD_DONE;
    if (is_through(consumer, &nothing))
        return INCLOAD_OK;
    for (;;) {
        incload__turn turn = nothing;
        incload_unit_beat(unit);
        int32_t status = consumer->ops->turn(consumer->self, unit, &consumer->values, &turn, err);
        report(consumer, unit);
        if (status != INCLOAD_OK)
            return status;
        if (is_through(consumer, &turn))
            return INCLOAD_OK;
        if (incload_unit_is_cancelled(unit))
            return incload__fail(err, INCLOAD_E_CANCELLED, "it was told to stop");
        bool endless = consumer->values.until == INCLOAD__CONSUME_UNTIL_STOPPED;
        if (atomic_load(&of->flow->stopping) || (turn.stopped && endless)) {
            *answer = endless ? INCLOAD_DONE : INCLOAD_YIELD;
            return INCLOAD_OK;
        }
        if (turn.stopped)
            return incload__fail(err, INCLOAD_E_CANCELLED, "it was told to stop before it was through");
        int64_t pause = turn.pause_us > 0             ? turn.pause_us
                        : turn.idle || turn.caught_up ? consumer->values.poll * 1000
                                                      : 0;
        if (!incload__unit_rest(unit, incload__monotonic_us(unit->env) + pause, &of->flow->stopping))
            return incload__fail(err, INCLOAD_E_CANCELLED, "it was told to stop");
    }
}

static int32_t
work(incload_unit *unit, void *data)
{
    incload__consumer *consumer = data;
    incload__flow_unit *of = unit->owner;

    if (atomic_exchange(&consumer->at_work, true)) {
        incload__fail(&of->met, INCLOAD_E_BUSY,
                      "another run works with the same changes: make a step of its own for each");
        return INCLOAD_RETRY;
    }
    /* What an attempt before committed is this run's as well. */
    if (incload_unit_attempt(unit) <= 1)
        consumer->ops->count(consumer->self, &consumer->before);
    int32_t answer = INCLOAD_RETRY, status = take_turns(consumer, unit, &answer, &of->met);
    atomic_store(&consumer->at_work, false);
    return status == INCLOAD_OK ? answer : INCLOAD_RETRY;
}

void
incload__consumer_stop(incload__consumer *consumer)
{
    if (atomic_load(&consumer->at_work))
        consumer->ops->stop(consumer->self);
}

void
incload__consumer_drain(incload__consumer *consumer)
{
    if (atomic_load(&consumer->at_work) && consumer->ops->drain != NULL)
        consumer->ops->drain(consumer->self);
}

void
incload__consumer_tell(incload__consumer *consumer, incload_unit *unit)
{
    incload_unit_beat(unit);
    report(consumer, unit);
}

incload__consumer *
incload__consumer_of(const incload_unit *unit)
{
    const incload__flow_unit *of = unit->owner;

    return of->flow->nodes[of->node].step->consumer;
}

const atomic_bool *
incload__consumer_enough(const incload_unit *unit)
{
    const incload__flow_unit *of = unit->owner;

    return &of->flow->stopping;
}

/* ---- making ---- */

static void
consumer_free(void *data)
{
    incload__consumer *consumer = data;

    consumer->ops->free(consumer->self);
    incload__options_free(consumer->ops->options, consumer->mem, &consumer->values);
    incload__free(consumer->mem, consumer);
}

static int32_t
read_until(incload__consumer *consumer, incload_error **err)
{
    const char *position = consumer->values.position;

    if ((consumer->values.until == INCLOAD__CONSUME_UNTIL_POSITION) != (position != NULL))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "options 'until=position' and 'position' go together: set both, or none");
    if (position != NULL && !consumer->ops->read_place(position, &consumer->until))
        return incload__fail(err, INCLOAD_E_INVALID, "option 'position' is no position, such as %s",
                             consumer->ops->example);
    return INCLOAD_OK;
}

static int32_t
fill(incload__consumer *consumer, const char *options, incload_error **err)
{
    const incload__option_table *list = consumer->ops->options;
    int32_t status = incload__options_init(list, consumer->mem, &consumer->values, err);

    if (status == INCLOAD_OK)
        status = incload__options_parse(list, consumer->mem, &consumer->values, options, err);
    return status == INCLOAD_OK ? read_until(consumer, err) : status;
}

incload_step *
incload__consumer_step(const incload__consumer_ops *ops, void *self, const char *name, incload_context *context,
                       const char *options, incload_error **err)
{
    const incload__mem *mem = &incload__mem_libc;
    incload__consumer *consumer = incload__alloc(mem, sizeof *consumer);

    if (consumer == NULL) {
        ops->free(self);
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&consumer->at_work, false);
    consumer->ops = ops;
    consumer->self = self;
    consumer->mem = mem;
    if (fill(consumer, options, err) != INCLOAD_OK) {
        consumer_free(consumer);
        return NULL;
    }
    incload_step *step = incload__step_bare(INCLOAD__STEP_FUNCTION, name, work, consumer, consumer_free, err);
    if (step == NULL)
        return NULL;
    step->consumer = consumer;
    step->context = incload_context_ref(context);
    return step;
}
