/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler's state, shared by its files. Everything below is guarded by sched->lock unless it says otherwise.
 *
 * Every function here expects the lock. None calls host code except incload__sched_deliver and the source's part of
 * incload__sched_take, which let go of the lock. */
#ifndef INCLOAD_LIB_SCHED_SCHEDULER_INTERNAL_H
#define INCLOAD_LIB_SCHED_SCHEDULER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "sched/graph_internal.h"
#include "sched/ready.h"
#include "sched/scheduler.h"
#include "sched/timer.h"

/* States of a node while it is PENDING or RUNNING for the outside. */
enum { NODE_WAITS = 0, NODE_READY = 1, NODE_RUNS = 2, NODE_RESTS = 3, NODE_DONE = 4 };

/* Flags of a node beside those of its spec. */
enum { NODE_STARTED = 32, NODE_ASKED = 64, NODE_ALL_SUCCESS = 128 /* that is its rule */ };

/* 32 bytes: two to a cache line, and all that the end of an upstream touches. */
typedef struct incload__sched_node {
    int32_t ok;
    int32_t skip;
    int32_t bad;
    int32_t upstreams;
    int32_t place;
    int32_t link; /* ready, running, resting: its slot or -1. Asked or done: the next on that list */
    uint16_t policy;
    uint16_t rule;
    uint8_t state;
    uint8_t status;
    uint8_t reason;
    uint8_t flags;
} incload__sched_node;

enum { SLOT_FREE = 0, SLOT_QUEUED = 1, SLOT_RUNS = 2, SLOT_RESTS = 3, SLOT_STOPS = 4, SLOT_BATCH = 5 /* of one */ };

/* A unit that is or was begun and has not ended, or whose time is counted. */
typedef struct incload__sched_slot {
    uint32_t generation; /* of its token: another for each attempt */
    int32_t node;
    int32_t lane;
    int32_t next; /* free or retry list */
    int32_t attempt;
    int64_t key;
    int64_t ready_us;
    int64_t started_us;
    int64_t beat_us;
    int64_t until_us; /* resting: when it is ready again; stopping: lost; of a batch: no limit is over before */
    int64_t throttled_us;
    int32_t code;
    int32_t failures;
    int32_t throttles;
    uint8_t state;
    uint8_t stop_reason;
    bool hook_due;
    bool promised; /* the event of its end has a place */
} incload__sched_slot;

enum { LANE_AHEAD = 16 };

enum { OUTBOX_FIRST = 16 };

/* Ready units that wait before one gate; a source has a lane of its own. */
typedef struct incload__sched_lane {
    int32_t gate;
    bool plain; /* of nodes, and its gate is always open */
    incload__ready ready; /* places of nodes */
    int32_t *added;       /* heap of nodes that were added while running */
    int32_t added_count;
    int32_t added_capacity;
    int32_t overtaken;
    const incload__sched_source *source; /* NULL: of nodes */
    incload__limit limit;                /* the source's */
    bool open;
    bool paused;
    bool asking; /* a thread is in `next` */
    bool ended;
    bool tripped;
    bool stopped; /* a cancel came before it was through */
    int32_t end_code;
    int64_t again_us; /* not ready before */
    int64_t ahead[LANE_AHEAD]; /* keys given and not begun */
    int32_t ahead_first;
    int32_t ahead_count;
    int32_t retry_first; /* slots that are ready again */
    int32_t retry_last;
    int32_t resting;
    int64_t running;
    int64_t succeeded;
    int64_t failed;
    int64_t cancelled; /* of the failed ones */
    int64_t skipped;
    int32_t failed_in_row;
    int32_t last_code;
} incload__sched_lane;

typedef struct incload__sched_pool_state {
    char *name;
    int32_t slots;
    int32_t used;
    int32_t most; /* that one unit may take */
} incload__sched_pool_state;

typedef struct incload__sched_gate_state {
    incload__sched_gate spec; /* the pairs that are used come first */
    int32_t pairs;
    incload__limit limit;
} incload__sched_gate_state;

/* Nodes that are ready and were never begun, of all policies with one limit of that time: in the order in which they
 * became ready, so also of their deadlines. Those begun since are passed over when they come first. */
typedef struct incload__sched_queue {
    int64_t limit_us;
    int32_t *nodes;
    int32_t first;
    int32_t count; /* from the array's beginning */
    int32_t capacity;
} incload__sched_queue;

typedef struct incload__sched_link {
    int32_t to;
    int32_t next;
} incload__sched_link;

enum { BATCH_MOST = 64, CACHE_LINE = 64, AWAITED_PLACES = 128, AWAITED_MOST = 96 };

/* Nodes that wait for several units of the batch that is gathered, and for how many of them: by hash. */
typedef struct incload__sched_awaited {
    int32_t count;
    int32_t nodes[AWAITED_PLACES]; /* their number and one; 0: free */
    uint8_t units[AWAITED_PLACES];
} incload__sched_awaited;

/* A unit that was taken together with others. */
typedef struct incload__sched_item {
    int64_t started_us; /* told by its thread before it claims the unit */
    int64_t ended_us;
    int64_t latest_us; /* when its total time is over */
    int32_t node;
    int32_t code;
    uint16_t policy;
    bool follows; /* it waits for nothing but the one before it */
} incload__sched_item;

/* Units that a thread took at once, to run them one after the other without the lock. The first is begun with the lock;
 * the thread claims each further one by moving `head` on, unless a thread that has the lock was faster and took back
 * all that were not claimed: so a unit that takes long holds up none of those behind it, and whoever needs to know how
 * things stand, or is to change what may run, takes back everything first. Ends gather until the thread has the lock
 * again, or another looks. Only plain successes do: anything else goes to the lock at once.
 *
 * All share the slot of the first, each with a generation of its own, and what waits in a batch is still NODE_READY: so
 * a unit that is through by the time somebody has the lock has cost no more than a place among the items. */
typedef struct incload__sched_batch {
    /* Of its thread alone but for takers-back, and on lines of its own wherever the batch lies: */
    unsigned char apart[CACHE_LINE];
    _Atomic int32_t head;  /* items before it were begun; BATCH_TAKEN_BACK */
    _Atomic int32_t ended; /* items before it have succeeded */
    int32_t at;            /* the item its thread is at */
    int32_t count;         /* written with the lock */
    unsigned char apart_too[CACHE_LINE];
    /* With the lock: */
    struct incload__sched_batch *before;
    struct incload__sched_batch *next; /* made later */
    bool listed;                       /* it may have units to take back */
    int64_t until_us;                  /* the first time limit of one of them */
    uint64_t token;                    /* of the first; each further one's is of the next generation */
    int32_t holds;                     /* items that hold something of their gate */
    int32_t size;                      /* as many at once as are likely to be through in a moment */
    int64_t made_us;                   /* of the system's clock; 0: not looked at */
    int64_t asked_us;                  /* when its thread came for it; 0: not looked at, or it had to wait */
    int32_t getting;                   /* how long batches took to be got and to be run: sums that fade */
    int32_t running;
    struct incload__sched_batch *next_handed;
    int64_t last_us;   /* of a batch that is handed over: when the unit it is at ended, */
    int32_t last_code; /* and with what */
    incload__sched_item items[BATCH_MOST];
} incload__sched_batch;

enum { BATCH_TAKEN_BACK = BATCH_MOST + 1 };

/* What every unit touches comes first. */
struct incload__sched {
    pthread_mutex_t lock;
    /* Threads that spin for the lock take its line from the one that has it. */
    unsigned char apart[CACHE_LINE];
    int64_t now_us; /* the clock, read at most once while the lock is held */
    bool now_known;
    const incload__env *env;
    const incload__graph *graph;
    int32_t pid;
    incload__sched_hooks hooks;
    bool timed;     /* somebody needs the time of starts and ends */
    bool deadlines; /* a policy has some */
    bool moved;     /* the first deadline came nearer: who sleeps must know */
    bool watched;   /* by a thread of its own; it will look by itself at watch_us */
    bool batched;   /* units, since that thread last looked */
    bool peeking;   /* it looks again in a moment, whatever happens */
    incload__sched_awaited awaited;
    bool begun;
    bool closing;
    bool paused;
    bool delivering;
    int32_t settling;     /* threads that wait for a delivery */
    uint64_t deliveries;  /* of events, that are through */
    bool cut; /* a cancel kept something from running to its end */
    int32_t cancel;
    int32_t state;
    int32_t waiting; /* threads on `work` */
    int32_t drivers; /* threads that take part */
    uint32_t sleeps; /* on `work` */
    /* Without the lock: */
    _Atomic bool driven;                         /* who has the lock takes part: before it sleeps it looks at */
    struct incload__sched_batch *_Atomic handed; /* of threads that keep away: who has the lock tells of the ends */
    _Atomic int32_t aside;                       /* those threads */
    int64_t watch_us;   /* INT64_MAX: nobody looks by itself */
    int64_t soonest_us; /* the shortest time limit there is */
    int32_t holding;    /* units of batches that hold something of their gate */
    incload__sched_batch *batches; /* the oldest first */
    incload__sched_batch *newest;
    bool hungry; /* a thread on `work` has not been told that there is some */
    pthread_cond_t work;   /* a unit may be there, or the end */
    pthread_cond_t timing; /* for the thread that looks after deadlines */
    pthread_cond_t ending;

    incload__sched_node *nodes;
    int32_t node_count;
    int32_t open_nodes;
    int32_t max_added;
    int32_t done; /* list of ended nodes whose successors do not know yet */
    int32_t ask;  /* list of nodes whose custom rule is to be asked */
    int32_t mask_node;
    uint64_t mask;
    bool mask_all;
    bool failed;
    bool partial;

    incload__sched_policy *policies;
    int32_t policy_count;
    incload__sched_gate_state *gates;
    int32_t gate_count;
    incload__sched_pool_state *pools;
    int32_t pool_count;
    incload__sched_source *sources;
    incload__sched_lane *lanes; /* gates, then sources */
    int32_t lane_count;
    int32_t tight;     /* pools in which a unit may not find its slots */
    int32_t overtaken; /* lanes that were overtaken often enough to go first */

    incload__sched_slot *slots;
    int32_t slot_count;
    int32_t slot_capacity;
    int32_t slot_free;
    int32_t hooks_due;
    /* By slot, and lazy: an entry may be earlier than the slot's deadline, or the slot free. Most deadlines never come,
     * and one that moves later costs nothing. */
    incload__timer timer;
    incload__sched_queue *queues;
    int32_t queue_count;
    int32_t *queue_of;  /* by policy; -1: it waits as long as it takes */
    int64_t *ready_us;  /* by node; NULL without queues */
    int64_t queues_us;  /* no queue has a deadline before */

    /* From the beginning OUTBOX_FIRST wide; outbox_count + promised <= outbox_capacity. */
    incload__sched_event *outbox;
    int32_t outbox_count;
    int32_t outbox_capacity;
    int32_t promised; /* places for the ends of units of sources, which nothing but their events tells */
    incload__sched_event *spare; /* the box that was delivered last, to be filled next */
    int32_t spare_capacity;

    incload__rule *rules; /* those of added nodes, numbered behind the graph's */
    int32_t rule_count;
    incload__sched_link *links; /* edges that were added */
    int32_t link_count;
    int32_t link_capacity;
    int32_t *link_first; /* by node; NULL while there is none */

    pthread_t *threads;
    int32_t thread_count;
};

/* scheduler.c */
/* An event to be filled in, its time and node told; NULL when nobody listens or without memory. */
incload__sched_event *incload__sched_tell(incload__sched *s, int32_t kind, int32_t node);
/* Sees that the end of the slot's unit can be told, however little memory is left then; false without memory now. */
bool incload__sched_promise(incload__sched *s, int32_t id);
int64_t incload__sched_read_clock(incload__sched *s);

static inline int64_t
incload__sched_now(incload__sched *s)
{
    return s->now_known ? s->now_us : incload__sched_read_clock(s);
}

static inline void
incload__sched_lock(incload__sched *s)
{
    pthread_mutex_lock(&s->lock);
    s->now_known = false;
    atomic_store_explicit(&s->driven, false, memory_order_relaxed);
}

static inline bool
incload__sched_try_lock(incload__sched *s)
{
    if (pthread_mutex_trylock(&s->lock) != 0)
        return false;
    s->now_known = false;
    return true;
}

static inline void
incload__sched_unlock(incload__sched *s)
{
    pthread_mutex_unlock(&s->lock);
}

/* Whether a cancel lets the node be: it cleans up. */
static inline bool
incload__sched_is_spared(const incload__sched *s, int32_t node)
{
    return (s->nodes[node].flags & (INCLOAD__NODE_CLEANUP | INCLOAD__NODE_FINISH)) != 0;
}

static inline int64_t
incload__sched_sooner(int64_t deadline, int64_t from_us, int64_t limit_us)
{
    return limit_us > 0 && from_us + limit_us < deadline ? from_us + limit_us : deadline;
}

/* scheduler_batch.c */
/* Adds to the unit just taken, as the batch's first, those that would be taken next. */
void incload__sched_batch_fill(incload__sched *s, incload__sched_batch *batch, const incload__sched_unit *unit);
/* Takes in what the batch's thread tells; what was not begun is as if it had not been taken. release follows. */
void incload__sched_batch_empty(incload__sched *s, incload__sched_batch *batch);
/* Without the lock: the unit that the batch is at has succeeded, and whoever has the lock is to tell of it. Its thread
 * does nothing with the batch before it has had the lock itself, and has then recalled. */
void incload__sched_batch_hand_over(incload__sched *s, incload__sched_batch *batch);
/* Empties all that were handed over, and those made before that time of the system's clock. True when there was one. */
bool incload__sched_recall_older(incload__sched *s, int64_t us);

static inline bool
incload__sched_has_batches(incload__sched *s)
{
    return s->batches != NULL || atomic_load_explicit(&s->handed, memory_order_relaxed) != NULL;
}

/* Empties all: from then on everything is as it seems, until the lock is let go of. */
static inline bool
incload__sched_recall(incload__sched *s)
{
    return incload__sched_has_batches(s) && incload__sched_recall_older(s, INT64_MAX);
}

/* Wakes a thread if there is work for it; scheduler_drive.c. */
void incload__sched_wake(incload__sched *s);

/* For those who look from outside, or change what may run. */
static inline void
incload__sched_enter(incload__sched *s)
{
    incload__sched_lock(s);
    if (incload__sched_recall(s))
        incload__sched_wake(s);
}

/* The news that the entering brought are told by other threads: the caller may hold locks that host code wants. */
void incload__sched_leave(incload__sched *s);

/* scheduler_slot.c */
/* More free slots; false without memory. */
bool incload__sched_slot_more(incload__sched *s);
/* When something is to be done about it, by its state. */
int64_t incload__sched_slot_deadline(const incload__sched *s, int32_t id);
/* Sets its timer to that. */
void incload__sched_slot_arm(incload__sched *s, int32_t id);
void incload__sched_slot_stop(incload__sched *s, int32_t id, int32_t reason, int64_t now);
/* The source's lane. */
int32_t incload__sched_lane_of(const incload__sched *s, int32_t node);

/* Queued, and not yet armed. -1: no memory. */
static inline int32_t
incload__sched_slot_new(incload__sched *s, int32_t node, int32_t lane, int64_t key, int64_t ready_us)
{
    if (s->slot_free < 0 && !incload__sched_slot_more(s))
        return -1;
    int32_t id = s->slot_free;
    incload__sched_slot *slot = &s->slots[id];
    s->slot_free = slot->next;
    /* One by one: all but the generation, which goes on, and without a copy in between, which would cost more. */
    slot->node = node;
    slot->lane = lane;
    slot->next = -1;
    slot->attempt = 0;
    slot->key = key;
    slot->ready_us = ready_us;
    slot->started_us = -1;
    slot->beat_us = 0;
    slot->until_us = 0;
    slot->throttled_us = 0;
    slot->code = 0;
    slot->failures = 0;
    slot->throttles = 0;
    slot->state = SLOT_QUEUED;
    slot->stop_reason = 0;
    slot->hook_due = false;
    return id;
}

static inline void
incload__sched_slot_unit(const incload__sched *s, int32_t id, incload__sched_unit *unit)
{
    const incload__sched_slot *slot = &s->slots[id];

    unit->token = (uint64_t)slot->generation << 32 | (uint64_t)(id + 1);
    unit->node = slot->node;
    unit->attempt = slot->attempt;
    unit->key = slot->key;
    unit->deadline_us = s->deadlines ? incload__sched_slot_deadline(s, id) : INT64_MAX;
}

static inline void
incload__sched_slot_free(incload__sched *s, int32_t id)
{
    incload__sched_slot *slot = &s->slots[id];

    s->hooks_due -= slot->hook_due;
    slot->hook_due = false;
    s->promised -= slot->promised;
    slot->promised = false;
    slot->state = SLOT_FREE;
    slot->next = s->slot_free;
    s->slot_free = id;
}

/* The running slot a token belongs to, or -1. */
static inline int32_t
incload__sched_slot_of(const incload__sched *s, uint64_t token)
{
    int64_t id = (int64_t)(token & UINT32_MAX) - 1;

    if (id < 0 || id >= s->slot_count || s->slots[id].generation != token >> 32)
        return -1;
    return s->slots[id].state == SLOT_RUNS || s->slots[id].state == SLOT_STOPS ? (int32_t)id : -1;
}

static inline const incload__sched_policy *
incload__sched_policy_of(const incload__sched *s, int32_t node)
{
    return &s->policies[s->nodes[node].policy];
}

static inline const incload__rule *
incload__sched_rule_of(const incload__sched *s, int32_t node)
{
    int32_t number = s->nodes[node].rule;

    return number < s->graph->rule_count ? &s->graph->rules[number] : &s->rules[number - s->graph->rule_count];
}

/* scheduler_release.c */
void incload__sched_evaluate(incload__sched *s, int32_t node);
void incload__sched_decide(incload__sched *s, int32_t node, int32_t decision);
/* The node has ended; tell those below with incload__sched_release. */
void incload__sched_node_end(incload__sched *s, int32_t node, int32_t status, int32_t reason);
void incload__sched_release(incload__sched *s);

/* scheduler_take.c: true when a unit was taken. May let go of the lock; then *again is set: look anew. */
bool incload__sched_take(incload__sched *s, incload__sched_unit *unit, bool *again);
/* The node at the lane's head, or -1. */
int32_t incload__sched_head_of(const incload__sched *s, incload__sched_lane *lane);
/* The lane to take from and the node at its head; -1: none. *passed: a lane was held back, the least says by whom. */
int32_t incload__sched_pick(const incload__sched *s, int64_t now, int32_t *head, bool *passed);
/* What a unit takes of its lane's gate. */
void incload__sched_hold(incload__sched *s, incload__sched_lane *lane, int64_t now);
/* Gives back what a unit held that has not run. */
void incload__sched_let_go(incload__sched *s, const incload__sched_lane *lane);
/* Whether a take would find something. */
bool incload__sched_has_work(incload__sched *s);
/* When a lane that nothing but time holds back opens; INT64_MAX. */
int64_t incload__sched_opens_us(incload__sched *s);
/* INCLOAD__REASON_... that holds the lane back, 0 for none. */
int32_t incload__sched_held_by(const incload__sched *s, const incload__sched_lane *lane, int64_t now, const char **pool,
                               int64_t *until_us);
/* What a unit held while it ran. */
void incload__sched_give_back(incload__sched *s, int32_t lane, bool throttled);
/* An added node. */
void incload__sched_lane_push_added(incload__sched *s, incload__sched_lane *lane, int32_t node);
void incload__sched_lane_remove(incload__sched *s, int32_t node);

/* scheduler_finish.c */
/* Those below are not told yet: incload__sched_release follows. */
int32_t incload__sched_finish(incload__sched *s, uint64_t token, const incload__sched_outcome *outcome);
void incload__sched_unit_end(incload__sched *s, int32_t slot, int32_t status, int32_t reason);
/* A unit that waited between two attempts may go on. */
void incload__sched_requeue(incload__sched *s, int32_t slot);
/* Ends the source's node if nothing of it is left. */
void incload__sched_source_look(incload__sched *s, incload__sched_lane *lane);
/* An attempt ended badly: again if it may, else the unit's end. */
void incload__sched_try_again(incload__sched *s, int32_t slot, int32_t reason, int64_t after_us);

/* scheduler_time.c */
void incload__sched_run_timers(incload__sched *s);
/* The node is ready now: its waiting is timed if its policy says so. False without memory. */
bool incload__sched_queue_up(incload__sched *s, int32_t node);
int64_t incload__sched_next_us(incload__sched *s);

static inline uint64_t
incload__sched_batch_token(const incload__sched_batch *b, int32_t item)
{
    return b->token + ((uint64_t)item << 32);
}

/* scheduler_drive.c: lets go of the lock for each piece of host code. True when it did. */
bool incload__sched_deliver(incload__sched *s);
/* Waits for a unit: INCLOAD__PULL_... */
int32_t incload__sched_next(incload__sched *s, incload__sched_unit *unit, int64_t timeout_us);
/* Lets go of the lock, and of all that others must know, when a thread goes off with a unit or without. */
void incload__sched_depart(incload__sched *s, int32_t got);

/* scheduler_part.c: until the end of the run. */
void incload__sched_take_part(incload__sched *s);

static inline void
incload__sched_lane_push(incload__sched *s, int32_t node)
{
    incload__sched_lane *lane = &s->lanes[incload__sched_policy_of(s, node)->gate];

    if (node < s->graph->nodes)
        incload__ready_add(&lane->ready, s->nodes[node].place);
    else
        incload__sched_lane_push_added(s, lane, node);
}

static inline bool
incload__sched_has_news(const incload__sched *s)
{
    return s->hooks_due > 0 || s->ask >= 0 || s->outbox_count > 0;
}

/* Whether a deadline may have come. */
static inline bool
incload__sched_is_timed(const incload__sched *s)
{
    return s->timer.count > 0 || s->queues_us != INT64_MAX;
}

#endif
