/* SPDX-License-Identifier: Apache-2.0 */
/* A plan behind the public handle: made whole when it is asked for, and only read afterwards. */
#include <incload/plan.h>

#include <stdatomic.h>
#include <string.h>

#include "load/explain.h"
#include "run/json.h"
#include "run/step.h"
#include "state/ledger.h"

struct incload_plan {
    atomic_int refs;
    const incload__mem *mem;
    incload_step *step; /* keeps what the memory belongs to */
    incload__explained found;
    char *text;
    char *json;
};

static const char *const sides[] = { [INCLOAD__SIDE_SOURCE] = "source", [INCLOAD__SIDE_TARGET] = "target" };

/* A line of its own each, but never a line break inside. */
static void
add_statement(incload__str *out, const incload__scripted *statement)
{
    incload__str_addf(out, "  [%s, %s] ", sides[statement->side], statement->purpose);
    for (const char *at = statement->sql; *at != '\0'; at++)
        incload__str_add_char(out, *at == '\n' ? ' ' : *at);
    if (statement->lock[0] != '\0')
        incload__str_addf(out, "\n    locks: %s", statement->lock);
    incload__str_add(out, "\n");
}

static int32_t
write_text(incload_plan *plan, incload_error **err)
{
    const incload__explained *found = &plan->found;
    incload__str out = INCLOAD__STR(plan->mem);

    incload__str_addf(&out, "road: %s%s%s\n", incload_plan_road(plan),
                      incload_plan_road_reason(plan)[0] != '\0' ? ": " : "", incload_plan_road_reason(plan));
    if (found->result.level != NULL) {
        incload__str_addf(&out, "watermark: %s\n", found->before != NULL ? found->before : "none");
        incload__str_addf(&out, "window: from %s to %s\n", found->low != NULL ? found->low : "the beginning",
                          found->high != NULL ? found->high : "nothing: no row has a position");
        incload__str_addf(&out, "exactness: %s%s%s\n", found->result.level,
                          found->result.level_reason != NULL ? ": " : "",
                          incload__or_empty(found->result.level_reason));
    }
    if (found->is_idle)
        incload__str_add(&out, "rows: none, nothing is new\n");
    else if (found->estimated_rows >= 0)
        incload__str_addf(&out, "rows: about %lld (%s)\n", (long long)found->estimated_rows, found->estimate);
    else
        incload__str_add(&out, "rows: not known\n");
    if (found->makes_target)
        incload__str_add(&out, "the target table is made\n");
    if (found->makes_ledger)
        incload__str_add(&out, "the ledger is made\n");
    if (found->busy != NULL)
        incload__str_addf(&out, "busy: %s\n", found->busy);
    incload__str_add(&out, "statements:\n");
    for (int32_t i = 0; i < found->script.count; i++) {
        if (strcmp(found->script.items[i].purpose, "look") != 0)
            add_statement(&out, &found->script.items[i]);
    }
    plan->text = incload__str_take(&out);
    return plan->text != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
write_json(incload_plan *plan, incload_error **err)
{
    const incload__explained *found = &plan->found;
    incload__str out = INCLOAD__STR(plan->mem);

    incload__str_add(&out, "{");
    incload__json_member(&out, "road", incload_plan_road(plan));
    incload__json_member(&out, "road_reason", incload_plan_road_reason(plan));
    incload__json_member(&out, "watermark", found->before);
    incload__json_member(&out, "low", found->low);
    incload__json_member(&out, "high", found->high);
    incload__json_member(&out, "level", incload_plan_level(plan));
    incload__json_member(&out, "level_reason", incload_plan_level_reason(plan));
    incload__json_number(&out, "estimated_rows", found->estimated_rows);
    incload__json_member(&out, "estimate_origin", found->estimate);
    incload__json_number(&out, "creates_target", found->makes_target);
    incload__json_number(&out, "creates_ledger", found->makes_ledger);
    incload__json_number(&out, "is_idle", found->is_idle);
    incload__json_member(&out, "busy", found->busy);
    incload__json_name(&out, "statements");
    incload__str_add(&out, "[");
    for (int32_t i = 0; i < found->script.count; i++) {
        const incload__scripted *statement = &found->script.items[i];
        incload__json_next(&out);
        incload__str_add(&out, "{");
        incload__json_member(&out, "side", sides[statement->side]);
        incload__json_member(&out, "purpose", statement->purpose);
        incload__json_member(&out, "sql", statement->sql);
        incload__json_number(&out, "parameters", statement->parameters);
        incload__json_member(&out, "lock", statement->lock);
        incload__str_add(&out, "}");
    }
    incload__str_add(&out, "]}");
    plan->json = incload__str_take(&out);
    return plan->json != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
fill(incload_plan *plan, incload_error **err)
{
    const incload__env *env = incload__database_env(incload__step_target(plan->step));
    char id[INCLOAD__RUN_ID_SIZE];
    incload__load_spec spec;
    incload_unit unit;

    incload__step_spec(plan->step, &spec);
    spec.owner = plan;
    spec.deadline_us = incload__database_statement_deadline(spec.target);
    incload__run_id(env, id);
    memset(&unit, 0, sizeof unit);
    int32_t status = incload__unit_init(&unit, env, spec.name, spec.name, id);
    if (status != INCLOAD_OK)
        incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__explain(&spec, &unit, &plan->found, err);
    incload__unit_free(&unit);
    if (status == INCLOAD_OK)
        status = write_text(plan, err);
    return status == INCLOAD_OK ? write_json(plan, err) : status;
}

incload_plan *
incload_step_plan(incload_step *step, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (step == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the step must not be NULL");
        return NULL;
    }
    if (incload__step_check_alone(step, "cannot be planned as a whole: plan its loads one by one", err) != INCLOAD_OK)
        return NULL;
    const incload__mem *mem = &incload__database_env(incload__step_target(step))->mem;
    incload_plan *plan = incload__alloc(mem, sizeof *plan);
    if (plan == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&plan->refs, 1);
    plan->mem = mem;
    plan->step = incload_step_ref(step);
    if (fill(plan, err) == INCLOAD_OK)
        return plan;
    incload_plan_unref(plan);
    return NULL;
}

incload_plan *
incload_plan_ref(incload_plan *plan)
{
    if (plan != NULL)
        atomic_fetch_add_explicit(&plan->refs, 1, memory_order_relaxed);
    return plan;
}

void
incload_plan_unref(incload_plan *plan)
{
    if (plan == NULL || atomic_fetch_sub_explicit(&plan->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_step *step = plan->step;
    incload__explained_free(plan->mem, &plan->found);
    incload__free(plan->mem, plan->text);
    incload__free(plan->mem, plan->json);
    incload__free(plan->mem, plan);
    incload_step_unref(step);
}

const char *
incload_plan_road(const incload_plan *plan)
{
    return plan != NULL ? incload__or_empty(atomic_load(&plan->found.result.road)) : "";
}

const char *
incload_plan_road_reason(const incload_plan *plan)
{
    return plan != NULL ? incload__or_empty(plan->found.result.road_reason) : "";
}

const char *
incload_plan_watermark(const incload_plan *plan)
{
    return plan != NULL ? plan->found.before : NULL;
}

const char *
incload_plan_low(const incload_plan *plan)
{
    return plan != NULL ? plan->found.low : NULL;
}

const char *
incload_plan_high(const incload_plan *plan)
{
    return plan != NULL ? plan->found.high : NULL;
}

const char *
incload_plan_level(const incload_plan *plan)
{
    return plan != NULL ? incload__or_empty(plan->found.result.level) : "";
}

const char *
incload_plan_level_reason(const incload_plan *plan)
{
    return plan != NULL ? incload__or_empty(plan->found.result.level_reason) : "";
}

const char *
incload_plan_estimate_origin(const incload_plan *plan)
{
    return plan != NULL ? incload__or_empty(plan->found.estimate) : "";
}

const char *
incload_plan_busy(const incload_plan *plan)
{
    return plan != NULL ? plan->found.busy : NULL;
}

const char *
incload_plan_text(const incload_plan *plan)
{
    return plan != NULL ? plan->text : "";
}

const char *
incload_plan_json(const incload_plan *plan)
{
    return plan != NULL ? plan->json : "";
}

int64_t
incload_plan_estimated_rows(const incload_plan *plan)
{
    return plan != NULL ? plan->found.estimated_rows : 0;
}

int32_t
incload_plan_creates_target(const incload_plan *plan)
{
    return plan != NULL && plan->found.makes_target;
}

int32_t
incload_plan_creates_ledger(const incload_plan *plan)
{
    return plan != NULL && plan->found.makes_ledger;
}

int32_t
incload_plan_is_idle(const incload_plan *plan)
{
    return plan != NULL && plan->found.is_idle;
}

int32_t
incload_plan_statement_count(const incload_plan *plan)
{
    return plan != NULL ? plan->found.script.count : 0;
}

static const incload__scripted *
statement_at(const incload_plan *plan, int32_t index)
{
    return plan != NULL && index >= 0 && index < plan->found.script.count ? &plan->found.script.items[index] : NULL;
}

const char *
incload_plan_statement(const incload_plan *plan, int32_t index)
{
    const incload__scripted *statement = statement_at(plan, index);

    return statement != NULL ? statement->sql : NULL;
}

const char *
incload_plan_statement_side(const incload_plan *plan, int32_t index)
{
    const incload__scripted *statement = statement_at(plan, index);

    return statement != NULL ? sides[statement->side] : NULL;
}

const char *
incload_plan_statement_purpose(const incload_plan *plan, int32_t index)
{
    const incload__scripted *statement = statement_at(plan, index);

    return statement != NULL ? statement->purpose : NULL;
}

const char *
incload_plan_statement_lock(const incload_plan *plan, int32_t index)
{
    const incload__scripted *statement = statement_at(plan, index);

    return statement != NULL ? statement->lock : NULL;
}

int32_t
incload_plan_statement_parameters(const incload_plan *plan, int32_t index)
{
    const incload__scripted *statement = statement_at(plan, index);

    return statement != NULL ? statement->parameters : 0;
}
