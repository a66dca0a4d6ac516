/* SPDX-License-Identifier: Apache-2.0 */
/* Trigger rules: whether a node runs, from how those above it ended. Pure functions.
 *
 * Every node that ended counts below itself as one of three: ok (it succeeded), skip (it was left out for a reason that
 * is no fault) or bad (it failed, or was left out since something above it failed). A rule looks at how many of each
 * there are and never at their order, and decides early only what no later end can change: so the same ends give the
 * same answer in every order. */
#ifndef INCLOAD_LIB_SCHED_RULE_H
#define INCLOAD_LIB_SCHED_RULE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    INCLOAD__RULE_ALL_SUCCESS = 0, /* the default */
    INCLOAD__RULE_ALL_DONE,
    INCLOAD__RULE_NONE_FAILED,
    INCLOAD__RULE_NONE_FAILED_MIN_ONE,
    INCLOAD__RULE_ONE_SUCCESS,
    INCLOAD__RULE_ONE_FAILED,
    INCLOAD__RULE_ALL_FAILED,
    INCLOAD__RULE_MIN_SUCCESS, /* `least` of them */
    INCLOAD__RULE_CUSTOM,      /* `decide` says */
    INCLOAD__RULE_COUNT
};

enum {
    INCLOAD__DECIDE_WAIT = 0,
    INCLOAD__DECIDE_RUN = 1,
    INCLOAD__DECIDE_SKIP_BAD = 2, /* skipped, and bad for those below */
    INCLOAD__DECIDE_SKIP = 3,     /* skipped, and no fault */
    INCLOAD__DECIDE_FAIL = 4,     /* only a function of the host says so */
    INCLOAD__DECIDE_ASK = 5       /* the host's function is to be asked */
};

typedef struct incload__rule_counts {
    int32_t ok;
    int32_t skip;
    int32_t bad;
    int32_t upstreams;
} incload__rule_counts;

/* Host code: returns a decision up to FAIL. Asked when all ended, and with `early` after each end. To be the same in
 * every order, an early answer must hold whatever ends later. WAIT when all ended is a failure. */
typedef int32_t (*incload__rule_fn)(const incload__rule_counts *counts, void *user_data);

typedef struct incload__rule {
    int32_t kind;
    int32_t least;
    bool early;
    incload__rule_fn decide;
    void *user_data;
} incload__rule;

int32_t incload__rule_decide(const incload__rule *rule, const incload__rule_counts *counts);
/* What is wrong with a rule on a node with that many upstreams, as half a sentence; NULL when it can be met. */
const char *incload__rule_fault(const incload__rule *rule, int32_t upstreams);

#endif
