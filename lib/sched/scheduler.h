/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler: runs one frozen graph once. It decides what may run and when; what a unit does is the host's.
 *
 * There is one core, and three ways to drive it:
 * - the host pulls a unit and completes it by its token, from any thread: incload__sched_pull, incload__sched_complete;
 * - host threads take part until all is done: incload__sched_participate;
 * - the scheduler's own threads: incload__sched_start_pool.
 * They can be mixed. The last two take several short units at once where nothing but the speed tells: a unit that takes
 * long holds up none of those taken with it, and no function here sees or changes less for it. Only who listens to
 * events may learn of a unit's beginning and end a moment later, with the time at which they were. Of threads that only
 * get in each other's way, since units are too short, all but one keep away for a tenth of a millisecond at a time.
 *
 * A node has one unit, or, with a source, as many as the source gives, generated as they are needed. A unit is
 * attempted once or more; each attempt has a token. A token whose attempt was given up is fenced: completing it is
 * refused.
 *
 * No lock is held around host code: `run`, `cancel`, `event`, a source's `next` and a custom rule may call any function
 * here except incload__sched_free. Times are monotonic microseconds of the environment. Functions may be called from
 * any thread unless they say otherwise; in a forked child they return INCLOAD_E_FORKED. */
#ifndef INCLOAD_LIB_SCHED_SCHEDULER_H
#define INCLOAD_LIB_SCHED_SCHEDULER_H

#include <incload/run.h>

#include "base/env.h"
#include "base/error.h"
#include "sched/graph.h"
#include "sched/limit.h"
#include "sched/retry.h"

typedef struct incload__sched incload__sched;

/* Why a node or unit has the status INCLOAD_STATUS_... it has. */
enum {
    INCLOAD__REASON_NONE = 0,
    /* failed */
    INCLOAD__REASON_ERROR = 1,
    INCLOAD__REASON_TIMEOUT_ATTEMPT,
    INCLOAD__REASON_TIMEOUT_TOTAL,
    INCLOAD__REASON_TIMEOUT_QUEUE,
    INCLOAD__REASON_HEARTBEAT_LOST,
    INCLOAD__REASON_CANCELLED,
    INCLOAD__REASON_FENCED,    /* for hosts: another worker has the unit */
    INCLOAD__REASON_CRASHED,   /* for hosts: its workers died too often */
    INCLOAD__REASON_RULE,      /* a custom rule said so, or did not answer when all had ended */
    INCLOAD__REASON_PANIC,     /* an outcome that does not exist */
    INCLOAD__REASON_THRESHOLD, /* too many of the source's units failed; also of units that were left */
    /* skipped */
    INCLOAD__REASON_UPSTREAM_FAILED = 32,
    INCLOAD__REASON_UPSTREAM_SKIPPED,
    INCLOAD__REASON_CONDITION,     /* for hosts */
    INCLOAD__REASON_SHORT_CIRCUIT, /* for hosts */
    INCLOAD__REASON_SELF,          /* its unit said INCLOAD__OUTCOME_SKIP */
    INCLOAD__REASON_RUN_CANCELLED,
    INCLOAD__REASON_ALREADY_DONE, /* preset; ok for those below */
    INCLOAD__REASON_NOT_SELECTED, /* preset */
    /* pending: what it waits for */
    INCLOAD__REASON_WAITING_DEPS = 64,
    INCLOAD__REASON_WAITING_POOL,   /* info.pool */
    INCLOAD__REASON_WAITING_LIMIT,  /* as many as may run at once do */
    INCLOAD__REASON_WAITING_RATE,   /* info.until_us */
    INCLOAD__REASON_BACKOFF,        /* info.until_us */
    INCLOAD__REASON_PAUSED,
    INCLOAD__REASON_NOT_READY,      /* info.until_us: its source asked to be asked again then */
    INCLOAD__REASON_WAITING_WORKER  /* nothing but a thread is missing */
};

/* How an attempt ended. Anything else is a failure for good with the reason PANIC. */
enum {
    INCLOAD__OUTCOME_OK = 1,
    INCLOAD__OUTCOME_SKIP = 2,          /* left out by itself */
    INCLOAD__OUTCOME_SHORT_CIRCUIT = 3, /* succeeded; those below are told "skip" */
    INCLOAD__OUTCOME_RETRY = 4,         /* failed with an error that may pass: again while the policy has attempts */
    INCLOAD__OUTCOME_FAILED = 5,        /* failed for good */
    INCLOAD__OUTCOME_THROTTLED = 6,     /* the other side is overloaded: again later, no attempt is used up */
    INCLOAD__OUTCOME_YIELD = 7          /* not finished: called again later, no attempt is used up */
};

typedef struct incload__sched_outcome {
    int32_t kind;
    int32_t code;     /* of the error; kept for info and events */
    int32_t reason;   /* of a failure; 0 is INCLOAD__REASON_ERROR */
    int64_t after_us; /* when to try again; 0: the policy's pause (YIELD: at once) */
    uint64_t closed;  /* OK: bit b closes the edges of branch b + 1, which then tell "skip" */
} incload__sched_outcome;

/* An attempt that was handed out. */
typedef struct incload__sched_unit {
    uint64_t token;
    int32_t node;
    int32_t attempt;     /* from 1 */
    int64_t key;         /* the source's; 0 for a node of one unit */
    int64_t deadline_us; /* when it will be asked to stop; INT64_MAX: never */
} incload__sched_unit;

typedef struct incload__sched_pool {
    const char *name; /* copied */
    int32_t slots;
} incload__sched_pool;

enum { INCLOAD__SCHED_GATE_POOLS = 4 };

/* What stands before every unit of the nodes that share it: slots of pools (all at once or none), a limit of its own, a
 * rate. A unit that a gate holds back holds back no other gate's; one that others with the same pool have overtaken 64
 * times is served before them. */
typedef struct incload__sched_gate {
    int32_t pools[INCLOAD__SCHED_GATE_POOLS];   /* numbers of pools */
    int32_t weights[INCLOAD__SCHED_GATE_POOLS]; /* slots of each; 0: the entry is not used */
    incload__limit_spec limit;
} incload__sched_gate;

/* How the units of a node are treated. Zeros: gate 0, one attempt, no timeout. */
typedef struct incload__sched_policy {
    int32_t gate;
    int32_t attempts;                /* in all; 0 is 1 */
    incload__retry_rule retry;       /* pauses after RETRY and after timeouts of an attempt */
    incload__retry_rule throttled;   /* pauses after THROTTLED */
    int64_t throttled_budget_us;     /* these pauses together; then the unit fails. 0: no bound */
    int64_t queue_us;                /* from ready to the first start; 0 sets no limit, as for the next three */
    int64_t attempt_us;              /* of one attempt; may be retried */
    int64_t total_us;                /* from ready to the end, pauses and attempts included */
    int64_t heartbeat_us;            /* without incload__sched_beat; may be retried */
    int64_t grace_us;                /* from the call of `cancel` until the attempt is given up as lost; 0: never */
} incload__sched_policy;

enum { INCLOAD__SOURCE_END = 0, INCLOAD__SOURCE_UNIT = 1, INCLOAD__SOURCE_LATER = 2 };

/* Gives the next unit's key, in the order they are to start; never called by two threads at once. LATER: none is ready
 * before *again_us. Anything else fails the node with that code. */
typedef int32_t (*incload__sched_next_fn)(void *user_data, int64_t *key, int64_t *again_us);

typedef struct incload__sched_source {
    int32_t node;
    incload__sched_next_fn next;
    void *user_data;
    incload__limit_spec limit;   /* units at once and starts per time, adaptive if asked for */
    bool paused;                 /* to begin with */
    int64_t max_failures;        /* more failed units than this stop the source; -1: any number may fail */
    int32_t max_failed_permille; /* of the ended ones, once min_samples have ended; 0: not looked at */
    int32_t min_samples;
    int32_t max_consecutive;     /* failures in a row that stop the source; 0: not looked at */
} incload__sched_source;

enum {
    INCLOAD__SCHED_UNIT_STARTED = 1,
    INCLOAD__SCHED_UNIT_FINISHED = 2, /* status, reason, code */
    INCLOAD__SCHED_UNIT_WAITS = 3,    /* between two attempts, until until_us; reason: that of the failure, or NONE */
    INCLOAD__SCHED_UNIT_LOST = 4,     /* given up: whoever ran it may still do so. UNIT_FINISHED follows */
    INCLOAD__SCHED_NODE_FINISHED = 5,
    INCLOAD__SCHED_LIMIT_CHANGED = 6, /* of a source or gate; code: the new one */
    INCLOAD__SCHED_RUN_FINISHED = 7   /* status: one of INCLOAD__RUN_... */
};

typedef struct incload__sched_event {
    int32_t kind;
    int32_t node;
    int64_t key;
    int32_t attempt;
    int32_t status;
    int32_t reason;
    int32_t code;
    int64_t time_us;
    int64_t until_us;
} incload__sched_event;

/* Host code. All may be NULL except that `run` is needed for threads that take part. */
typedef struct incload__sched_hooks {
    /* Does the unit's work and fills in the outcome (zeroed before). */
    void (*run)(void *user_data, const incload__sched_unit *unit, incload__sched_outcome *outcome);
    /* The attempt should end: by a timeout or a cancel, as `reason` says. It may end at the same moment by itself. */
    void (*cancel)(void *user_data, const incload__sched_unit *unit, int32_t reason);
    /* In order, one at a time, on whichever thread is there. Lost without memory. */
    void (*event)(void *user_data, const incload__sched_event *event);
    void *user_data;
} incload__sched_hooks;

typedef struct incload__sched_config {
    const incload__sched_pool *pools;
    int32_t pool_count;
    const incload__sched_gate *gates; /* none: one that is always open */
    int32_t gate_count;
    const incload__sched_policy *policies; /* none: one of zeros */
    int32_t policy_count;
    const incload__sched_source *sources; /* exactly one for each node with INCLOAD__NODE_SOURCE */
    int32_t source_count;
    int32_t max_added; /* nodes that may be added while it runs */
    bool paused;
    incload__sched_hooks hooks;
} incload__sched_config;

enum { /* run states */
    INCLOAD__RUN_RUNNING = 2,
    INCLOAD__RUN_SUCCESS = 3,
    INCLOAD__RUN_FAILED = 4,   /* a node failed that is not optional, cancelled ones aside */
    INCLOAD__RUN_PARTIAL = 6,  /* only optional nodes, cleanups or the finish node failed */
    INCLOAD__RUN_CANCELLED = 7 /* it was cancelled before it was through, and nothing else failed */
};

/* Borrows env and graph until it is freed; copies the rest. Errors: INCLOAD_E_INVALID (names what), INCLOAD_E_STATE
 * (the graph is not frozen), INCLOAD_E_NO_MEMORY. Nothing runs before incload__sched_begin. */
incload__sched *incload__sched_new(const incload__env *env, const incload__graph *graph,
                                   const incload__sched_config *config, incload_error **err);
/* Ends the threads of the pool, waiting for units they run: cancel first if that may take long. No other thread may use
 * it any more. In a forked child it only frees. NULL is fine. */
void incload__sched_free(incload__sched *sched);

/* Before the begin: what another run already settled. `status` SUCCESS, or SKIPPED with its reason. */
int32_t incload__sched_preset(incload__sched *sched, int32_t node, int32_t status, int32_t reason);
/* Makes the first nodes ready. INCLOAD_E_STATE the second time. */
int32_t incload__sched_begin(incload__sched *sched);

enum { INCLOAD__PULL_NONE = 0, INCLOAD__PULL_UNIT = 1, INCLOAD__PULL_END = 2 };

/* Waits up to `timeout_us` (0: not at all, -1: as long as it takes) for a unit. END: there will be no more. Also looks
 * after deadlines that are due. */
int32_t incload__sched_pull(incload__sched *sched, incload__sched_unit *unit, int64_t timeout_us);
/* INCLOAD_OK; INCLOAD_E_CONFLICT when the token is fenced: what the attempt did must not count. */
int32_t incload__sched_complete(incload__sched *sched, uint64_t token, const incload__sched_outcome *outcome);
/* A sign of life. INCLOAD_OK; INCLOAD_E_CANCELLED when the attempt should end; INCLOAD_E_CONFLICT when it is fenced. */
int32_t incload__sched_beat(incload__sched *sched, uint64_t token);

/* Waits until who listens to events has been told all that has happened so far. Not to be called by that one. */
void incload__sched_settle(incload__sched *sched);

/* Runs units on the calling thread until the run ends, or the scheduler is freed. */
int32_t incload__sched_participate(incload__sched *sched);
/* Starts threads that do so, and one more that looks after deadlines if there are any. Signals are blocked in them.
 * `stack_size` 0 is 1 MiB. Once only; `threads` may be 0 for the deadlines alone. */
int32_t incload__sched_start_pool(incload__sched *sched, int32_t threads, size_t stack_size, incload_error **err);
/* Looks after deadlines that are due, for hosts without threads; returns when the next one is (INT64_MAX: none). */
int64_t incload__sched_tick(incload__sched *sched);

enum { INCLOAD__CANCEL_DRAIN = 1, INCLOAD__CANCEL_NOW = 2 };

/* DRAIN: nothing new starts, what runs may end. NOW: what runs is also told to end, through `cancel`. Cleanup nodes
 * whose setup was started and the finish node still run, and are not told. Cancelling again can only raise the level.
 */
int32_t incload__sched_cancel(incload__sched *sched, int32_t level);
/* No unit starts while paused. `node`: one with a source, or -1 for all. */
int32_t incload__sched_pause(incload__sched *sched, int32_t node, bool paused);

/* Waits for the end of the run and the last event: a run state, or INCLOAD__RUN_RUNNING when the time is over. */
int32_t incload__sched_wait(incload__sched *sched, int64_t timeout_us);
int32_t incload__sched_state(incload__sched *sched);

typedef struct incload__sched_info {
    int32_t status;
    int32_t reason;
    int32_t code;     /* what the last attempt ended with */
    int32_t attempt;
    int64_t until_us; /* with BACKOFF, WAITING_RATE and NOT_READY */
    const char *pool; /* with WAITING_POOL */
    int64_t running;  /* units, as the next three */
    int64_t succeeded;
    int64_t failed;
    int64_t skipped;
    int32_t limit;    /* units at once as it stands; 0: none */
} incload__sched_info;

int32_t incload__sched_info_of(incload__sched *sched, int32_t node, incload__sched_info *info);

typedef struct incload__sched_added_edge {
    int32_t from;
    int32_t to;
} incload__sched_added_edge;

/* A running unit (`token`) adds nodes and edges. New nodes are named -1 - i in the edges, in the order of `specs`; an
 * edge may go from the unit's own node to a new one, from a new one to a later new one, and from a new one to a node
 * that comes after the unit's own and is still waiting: so no cycle can arise. New nodes have one unit each and no
 * cleanup binding. All or nothing. The first new node's number, or INCLOAD_E_INVALID (an edge or rule that may not be),
 * INCLOAD_E_STATE (more than max_added), INCLOAD_E_CONFLICT (fenced), INCLOAD_E_NO_MEMORY. */
int32_t incload__sched_add(incload__sched *sched, uint64_t token, const incload__node_spec *specs, int32_t spec_count,
                           const incload__sched_added_edge *edges, int32_t edge_count);

/* What the scheduler itself holds for a run now, without the graph. */
size_t incload__sched_memory(incload__sched *sched);

#endif
