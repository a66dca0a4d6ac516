/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/rule.h"

#include <stddef.h>

enum {
    WAIT = INCLOAD__DECIDE_WAIT,
    RUN = INCLOAD__DECIDE_RUN,
    BAD = INCLOAD__DECIDE_SKIP_BAD,
    SKIP = INCLOAD__DECIDE_SKIP
};

typedef incload__rule_counts counts;

static int32_t
left(const counts *c)
{
    return c->upstreams - c->ok - c->skip - c->bad;
}

static int32_t
all_success(const incload__rule *rule, const counts *c)
{
    (void)rule;
    if (c->ok == c->upstreams)
        return RUN;
    if (c->bad > 0)
        return BAD;
    return left(c) == 0 ? SKIP : WAIT;
}

static int32_t
all_done(const incload__rule *rule, const counts *c)
{
    (void)rule;
    return left(c) == 0 ? RUN : WAIT;
}

static int32_t
none_failed(const incload__rule *rule, const counts *c)
{
    (void)rule;
    if (c->bad > 0)
        return BAD;
    return left(c) == 0 ? RUN : WAIT;
}

static int32_t
none_failed_min_one(const incload__rule *rule, const counts *c)
{
    int32_t decision = none_failed(rule, c);

    return decision == RUN && c->ok == 0 && c->upstreams > 0 ? SKIP : decision;
}

static int32_t
one_success(const incload__rule *rule, const counts *c)
{
    (void)rule;
    if (c->ok > 0)
        return RUN;
    if (left(c) > 0)
        return WAIT;
    return c->bad > 0 ? BAD : SKIP;
}

static int32_t
one_failed(const incload__rule *rule, const counts *c)
{
    (void)rule;
    if (c->bad > 0)
        return RUN;
    return left(c) == 0 ? SKIP : WAIT;
}

static int32_t
all_failed(const incload__rule *rule, const counts *c)
{
    (void)rule;
    if (c->bad == c->upstreams)
        return RUN;
    return left(c) == 0 ? SKIP : WAIT;
}

/* A shortfall is bad as soon as one of the ends that made it was; that it was harmless is known only at the end. */
static int32_t
min_success(const incload__rule *rule, const counts *c)
{
    if (c->ok >= rule->least)
        return RUN;
    if (c->ok + left(c) < rule->least && c->bad > 0)
        return BAD;
    return left(c) == 0 ? SKIP : WAIT;
}

static int32_t
custom(const incload__rule *rule, const counts *c)
{
    return left(c) == 0 || rule->early ? INCLOAD__DECIDE_ASK : WAIT;
}

static int32_t (*const deciders[INCLOAD__RULE_COUNT])(const incload__rule *, const counts *) = {
    [INCLOAD__RULE_ALL_SUCCESS] = all_success,
    [INCLOAD__RULE_ALL_DONE] = all_done,
    [INCLOAD__RULE_NONE_FAILED] = none_failed,
    [INCLOAD__RULE_NONE_FAILED_MIN_ONE] = none_failed_min_one,
    [INCLOAD__RULE_ONE_SUCCESS] = one_success,
    [INCLOAD__RULE_ONE_FAILED] = one_failed,
    [INCLOAD__RULE_ALL_FAILED] = all_failed,
    [INCLOAD__RULE_MIN_SUCCESS] = min_success,
    [INCLOAD__RULE_CUSTOM] = custom,
};

int32_t
incload__rule_decide(const incload__rule *rule, const incload__rule_counts *c)
{
    return deciders[rule->kind](rule, c);
}

const char *
incload__rule_fault(const incload__rule *rule, int32_t upstreams)
{
    if (rule->kind < 0 || rule->kind >= INCLOAD__RULE_COUNT)
        return "has a trigger rule that does not exist";
    if (rule->kind == INCLOAD__RULE_CUSTOM && rule->decide == NULL)
        return "has a custom trigger rule without its function";
    if ((rule->kind == INCLOAD__RULE_ONE_SUCCESS || rule->kind == INCLOAD__RULE_ONE_FAILED) && upstreams == 0)
        return "waits for one of its upstreams and has none";
    if (rule->kind == INCLOAD__RULE_MIN_SUCCESS && (rule->least < 0 || rule->least > upstreams))
        return "waits for more successes than it has upstreams";
    return NULL;
}
