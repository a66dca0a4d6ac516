/* SPDX-License-Identifier: Apache-2.0 */
/* A step that applies changes, wherever they come from: what brings and commits them takes turns; this says when it is
 * through, pauses, counts, and lets a stop reach it. */
#ifndef INCLOAD_LIB_RUN_CONSUMER_H
#define INCLOAD_LIB_RUN_CONSUMER_H

#include "base/option.h"
#include "cdc/event.h"
#include "run/step.h"

/* Indexes into the words of the option table: the order is fixed. */
enum { INCLOAD__CONSUME_UNTIL_CAUGHT_UP, INCLOAD__CONSUME_UNTIL_STOPPED, INCLOAD__CONSUME_UNTIL_POSITION };

/* Of each kind as far as its table has them; the others are 0. */
typedef struct incload__consumer_values {
    int32_t until;
    char *position;
    int64_t poll; /* ms */
    int64_t commit_events;
    int64_t commit_interval; /* ms */
} incload__consumer_values;

extern const incload__option_table incload__changes_step_options;
extern const incload__option_table incload__stream_step_options;
extern const incload__option_table incload__capture_step_options;

/* What was committed, all told. */
typedef struct incload__consumed {
    int64_t read; /* events, with those skipped */
    int64_t skipped;
    int64_t written;
    int64_t deleted;
    incload__place place;
} incload__consumed;

/* How a turn ended. */
typedef struct incload__turn {
    bool caught_up;
    bool reached;     /* the position that is asked for is committed, where that is not told by the place */
    bool stopped;     /* by the host, at what brings the changes */
    bool idle;        /* nothing came */
    int64_t pause_us; /* asked for before the next; 0: nothing was asked for */
} incload__turn;

/* What brings changes. `self` is its own. */
typedef struct incload__consumer_ops {
    const incload__option_table *options;
    /* What `position` says; NULL where there is no such option. */
    bool (*read_place)(const char *text, incload__place *out);
    const char *example; /* of it */
    /* Brings what is there, or a part of it, and commits that. Whatever is not committed when it fails is dropped. */
    int32_t (*turn)(void *self, incload_unit *unit, const incload__consumer_values *values, incload__turn *out,
                    incload_error **err);
    void (*count)(void *self, incload__consumed *out);
    /* Any thread, while a turn is at work: the unit says that it is cancelled, and what blocks is to be interrupted. */
    void (*stop)(void *self);
    /* The same, when the run is drained: a turn that may go on for long is to end soon, and well. May be NULL. */
    void (*drain)(void *self);
    void (*free)(void *self);
} incload__consumer_ops;

typedef struct incload__consumer incload__consumer;

/* A step that takes `self` over, also on failure; its events go to `context`. */
incload_step *incload__consumer_step(const incload__consumer_ops *ops, void *self, const char *name,
                                     incload_context *context, const char *options, incload_error **err);
/* Any thread, as the next. */
void incload__consumer_stop(incload__consumer *consumer);
void incload__consumer_drain(incload__consumer *consumer);
/* On the thread of a turn, now and then while it goes on: the unit is alive, and counts what was committed. */
void incload__consumer_tell(incload__consumer *consumer, incload_unit *unit);
/* Of a unit whose turn this is. */
incload__consumer *incload__consumer_of(const incload_unit *unit);
/* When it is set the run is drained. Good as long as the unit. */
const atomic_bool *incload__consumer_enough(const incload_unit *unit);

#endif
