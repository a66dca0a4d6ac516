/* SPDX-License-Identifier: Apache-2.0 */
#include "run/step.h"

#include <incload/run.h>

#include <string.h>

#include "base/utf8.h"
#include "run/flow.h"

enum { MOST_PARAMETERS = 1000, LEAST_LEASE_MS = 100, MOST_CHECKS = 1000 };

static const incload__option step_option_list[] = {
    { "name", INCLOAD_OPTION_TEXT, offsetof(incload__step_values, name), "", 0, 0, "", "", "0.1",
      "The load's name, under which its watermark is kept. The target table as it was given when empty. Two loads into "
      "one "
      "table need two names." },
    { "lease", INCLOAD_OPTION_DURATION, offsetof(incload__step_values, lease), "30s", 0, 86400000, "ms", "", "0.1",
      "For how long a run holds the right to be the only one of this load; it is renewed while the run is at work, so "
      "it "
      "says how soon another may take over from a process that is gone. At least 100ms, or 0 for no lease: of two runs "
      "at "
      "once the second to commit then fails." },
};

const incload__option_table incload__step_options = INCLOAD__OPTION_TABLE("step", step_option_list);

static incload_step *
step_new(incload_database *source, const char *source_table, const char *query, incload_database *target,
         const char *target_table, incload_strategy *strategy, incload_error **err)
{
    const char *from = source_table != NULL ? source_table : query;

    if (source == NULL || from == NULL || target == NULL || target_table == NULL || strategy == NULL) {
        incload__fail(err, INCLOAD_E_INVALID,
                      "a load needs a source, a target, their tables and a strategy: none may be NULL");
        return NULL;
    }
    if (!incload__utf8_valid(from, strlen(from)) || !incload__utf8_valid(target_table, strlen(target_table))) {
        incload__fail(err, INCLOAD_E_INVALID, "the name of a table, or the query, is not valid UTF-8");
        return NULL;
    }
    const incload__mem *mem = &incload__database_env(target)->mem;
    incload_step *step = incload__alloc(mem, sizeof *step);
    if (step == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&step->refs, 1);
    atomic_init(&step->frozen, false);
    step->mem = mem;
    step->source = incload_database_ref(source);
    step->target = incload_database_ref(target);
    step->strategy = incload_strategy_ref(strategy);
    if (source_table != NULL)
        step->source_table = incload__strdup(mem, source_table);
    else
        step->query = incload__strdup(mem, query);
    step->target_table = incload__strdup(mem, target_table);
    bool whole = (step->source_table != NULL || step->query != NULL) && step->target_table != NULL;
    if (!whole)
        incload__fail_memory(err);
    if (!whole || incload__options_init(&incload__step_options, mem, &step->values, err) != INCLOAD_OK) {
        incload_step_unref(step);
        return NULL;
    }
    return step;
}

/* The names are read here already, so that a bad one is told where it was written. */
static bool
names_are_well_formed(const incload_step *step, incload_error **err)
{
    incload__table table;

    memset(&table, 0, sizeof table);
    if (step->source_table != NULL) {
        if (incload__table_parse(step->mem, step->source_table, &table, err) != INCLOAD_OK) {
            incload__error_prefix(err, "source table");
            return false;
        }
        incload__table_free(step->mem, &table);
    }
    if (incload__table_parse(step->mem, step->target_table, &table, err) != INCLOAD_OK) {
        incload__error_prefix(err, "target table");
        return false;
    }
    incload__table_free(step->mem, &table);
    return true;
}

static incload_step *
checked(incload_step *step, incload_error **err)
{
    if (step != NULL && !names_are_well_formed(step, err)) {
        incload_step_unref(step);
        return NULL;
    }
    return step;
}

incload_step *
incload_step_new_load(incload_database *source, const char *source_table, incload_database *target,
                      const char *target_table, incload_strategy *strategy, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return checked(step_new(source, source_table, NULL, target, target_table, strategy, err), err);
}

incload_step *
incload_step_new_query_load(incload_database *source, const char *query, incload_database *target,
                            const char *target_table, incload_strategy *strategy, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return checked(step_new(source, NULL, query, target, target_table, strategy, err), err);
}

incload_step *
incload_step_ref(incload_step *step)
{
    if (step != NULL)
        atomic_fetch_add_explicit(&step->refs, 1, memory_order_relaxed);
    return step;
}

static void
drop_function(incload_step *step)
{
    if (step->destroy != NULL)
        step->destroy(step->user_data);
    step->function = NULL;
    step->user_data = NULL;
    step->destroy = NULL;
}

static void
drop_check_function(incload_step *step)
{
    if (step->check_destroy != NULL)
        step->check_destroy(step->check_data);
    step->check_function = NULL;
    step->check_data = NULL;
    step->check_destroy = NULL;
}

static void
free_check(const incload_step *step, incload__check *check)
{
    incload__free(step->mem, check->name);
    incload__free(step->mem, check->sql);
}

void
incload_step_unref(incload_step *step)
{
    if (step == NULL || atomic_fetch_sub_explicit(&step->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_database *target = step->target;
    if (step->work_destroy != NULL)
        step->work_destroy(step->work_data);
    incload__backfill_free(step->backfill);
    drop_function(step);
    drop_check_function(step);
    for (int32_t i = 0; i < step->check_count; i++)
        free_check(step, &step->checks[i]);
    incload__free(step->mem, step->checks);
    for (int32_t i = 0; i < step->param_count; i++)
        incload__free(step->mem, (char *)(uintptr_t)step->params[i].text);
    incload__free(step->mem, step->params);
    for (int32_t i = 0; i < step->load_count; i++)
        incload_step_unref(step->loads[i]);
    incload__free(step->mem, step->loads);
    incload__options_free(step->load_count > 0 ? &incload__group_options : &incload__step_options, step->mem,
                          &step->values);
    incload__free(step->mem, step->source_table);
    incload__free(step->mem, step->query);
    incload__free(step->mem, step->target_table);
    incload_database_unref(step->source);
    incload_database_unref(step->primary);
    incload_strategy_unref(step->strategy);
    incload_context_unref(step->context);
    incload__free(step->mem, step);
    incload_database_unref(target);
}

static int32_t
check_open(const incload_step *step, incload_error **err)
{
    if (step == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the step must not be NULL");
    if (atomic_load(&step->frozen))
        return incload__fail(err, INCLOAD_E_STATE,
                             "the step was started, or put into a group: make a new one to change it");
    return INCLOAD_OK;
}

/* A load that may still be changed. */
static int32_t
check_load(const incload_step *step, incload_error **err)
{
    int32_t status = incload__step_check_alone(
        step, "has no primary, parameters, functions or checks of its own: give them to its loads before they join it",
        err);

    return status == INCLOAD_OK ? check_open(step, err) : status;
}

int32_t
incload_step_set(incload_step *step, const char *name, const char *value, incload_error **err)
{
    INCLOAD_ENTER(err);
    int32_t status = check_open(step, err);
    if (status == INCLOAD_OK && step->kind == INCLOAD__STEP_BACKFILL)
        return incload__backfill_set(step, name, value, err);
    if (status == INCLOAD_OK && step->kind == INCLOAD__STEP_FUNCTION && name != NULL && strcmp(name, "name") != 0)
        return incload__fail(err, INCLOAD_E_UNKNOWN_OPTION, "a step that is a function has the one option 'name'");
    if (status != INCLOAD_OK)
        return status;
    return incload__options_set(&incload__step_options, step->mem, &step->values, name, value, err);
}

int32_t
incload_step_set_primary(incload_step *step, incload_database *primary, incload_error **err)
{
    INCLOAD_ENTER(err);
    int32_t status = check_load(step, err);
    if (status != INCLOAD_OK)
        return status;
    incload_database *before = step->primary;
    step->primary = incload_database_ref(primary);
    incload_database_unref(before);
    return INCLOAD_OK;
}

int32_t
incload_step_bind(incload_step *step, int32_t index, const char *value, incload_error **err)
{
    INCLOAD_ENTER(err);
    int32_t status = check_load(step, err);
    if (status != INCLOAD_OK)
        return status;
    if (step->query == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "only a load of a query has parameters");
    if (index < 1 || index > MOST_PARAMETERS)
        return incload__fail(err, INCLOAD_E_INVALID, "parameters are numbered from 1 to %d, not %d", MOST_PARAMETERS,
                             (int)index);
    if (value != NULL && !incload__utf8_valid(value, strlen(value)))
        return incload__fail(err, INCLOAD_E_INVALID, "the value of parameter %d is not valid UTF-8", (int)index);
    if (index > step->param_count) {
        incload__param *params = incload__realloc(step->mem, step->params, (size_t)index * sizeof *params);
        if (params == NULL)
            return incload__fail_memory(err);
        for (int32_t i = step->param_count; i < index; i++)
            params[i] = (incload__param){ NULL, 0, INCLOAD__TEXT };
        step->params = params;
        step->param_count = index;
    }
    char *copy = value != NULL ? incload__strdup(step->mem, value) : NULL;
    if (value != NULL && copy == NULL)
        return incload__fail_memory(err);
    incload__param *param = &step->params[index - 1];
    incload__free(step->mem, (char *)(uintptr_t)param->text);
    param->text = copy;
    param->length = copy != NULL ? strlen(copy) : 0;
    return INCLOAD_OK;
}

int32_t
incload_step_set_batch_function(incload_step *step, incload_batch_fn function, void *user_data,
                                incload_destroy_fn destroy, incload_error **err)
{
    int32_t status = incload__entered_with(err);

    if (status == INCLOAD_OK)
        status = check_load(step, err);
    if (status != INCLOAD_OK) {
        if (destroy != NULL)
            destroy(user_data);
        return status;
    }
    drop_function(step);
    step->function = function;
    step->user_data = user_data;
    step->destroy = destroy;
    return INCLOAD_OK;
}

static int32_t
check_is_sound(const incload_step *step, const char *name, const char *sql, incload_error **err)
{
    if (name == NULL || sql == NULL || name[0] == '\0' || sql[0] == '\0')
        return incload__fail(err, INCLOAD_E_INVALID, "a check needs a name and a query: neither may be NULL or empty");
    if (!incload__utf8_valid(name, strlen(name)) || !incload__utf8_valid(sql, strlen(sql)))
        return incload__fail(err, INCLOAD_E_INVALID, "the name or query of a check is not valid UTF-8");
    if (strpbrk(name, "\r\n") != NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the name of a check must be one line");
    if (step->check_count == MOST_CHECKS)
        return incload__fail(err, INCLOAD_E_INVALID, "a step has at most %d checks", MOST_CHECKS);
    for (int32_t i = 0; i < step->check_count; i++) {
        if (strcmp(step->checks[i].name, name) == 0)
            return incload__fail(err, INCLOAD_E_EXISTS, "the step has a check '%.64s' already", name);
    }
    return INCLOAD_OK;
}

int32_t
incload_step_add_check(incload_step *step, const char *name, const char *sql, incload_error **err)
{
    INCLOAD_ENTER(err);
    int32_t status = check_load(step, err);
    if (status == INCLOAD_OK)
        status = check_is_sound(step, name, sql, err);
    if (status != INCLOAD_OK)
        return status;
    incload__check *checks =
        incload__realloc(step->mem, step->checks, ((size_t)step->check_count + 1) * sizeof *checks);
    if (checks == NULL)
        return incload__fail_memory(err);
    step->checks = checks;
    incload__check check = { incload__strdup(step->mem, name), incload__strdup(step->mem, sql) };
    if (check.name == NULL || check.sql == NULL) {
        free_check(step, &check);
        return incload__fail_memory(err);
    }
    step->checks[step->check_count++] = check;
    return INCLOAD_OK;
}

int32_t
incload_step_set_check_function(incload_step *step, incload_check_fn function, void *user_data,
                                incload_destroy_fn destroy, incload_error **err)
{
    int32_t status = incload__entered_with(err);

    if (status == INCLOAD_OK)
        status = check_load(step, err);
    if (status != INCLOAD_OK) {
        if (destroy != NULL)
            destroy(user_data);
        return status;
    }
    drop_check_function(step);
    step->check_function = function;
    step->check_data = user_data;
    step->check_destroy = destroy;
    return INCLOAD_OK;
}

incload_run *
incload_step_run(incload_step *step, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    incload_run *run = incload__run_new(step, options, err);
    if (run != NULL && incload__flow_check_threads(run->flow, err) != INCLOAD_OK) {
        incload_run_unref(run);
        return NULL;
    }
    if (run != NULL)
        incload__run_here(run, err);
    return run;
}

/* A run that is still to be driven; NULL: there is none. */
static incload_run *
replay_of(incload_step *step, const char *options, incload_error **err)
{
    if (incload__step_check_alone(step, "cannot replay rejects as a whole: replay those of its loads one by one", err)
        != INCLOAD_OK)
        return NULL;
    incload_run *run = incload__run_new(step, options, err);
    if (run != NULL)
        incload__run_set_replay(run);
    return run;
}

incload_run *
incload_step_replay_rejects(incload_step *step, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    incload_run *run = replay_of(step, options, err);
    if (run != NULL)
        incload__run_here(run, err);
    return run;
}

incload_run *
incload_step_start(incload_step *step, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return incload__run_there(incload__run_new(step, options, err), err);
}

incload_run *
incload_step_start_replay(incload_step *step, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return incload__run_there(replay_of(step, options, err), err);
}

const char *
incload__step_name(const incload_step *step)
{
    const char *name = step->backfill != NULL ? incload__backfill_name(step) : step->values.name;

    return name != NULL ? name : step->target_table;
}

incload_database *
incload__step_source(const incload_step *step)
{
    return step->source;
}

incload_database *
incload__step_primary(const incload_step *step)
{
    return step->primary;
}

incload_database *
incload__step_target(const incload_step *step)
{
    return step->target;
}

void
incload__step_freeze(incload_step *step)
{
    atomic_store(&step->frozen, true);
    for (int32_t i = 0; i < step->load_count; i++)
        incload__step_freeze(step->loads[i]);
    if (step->strategy != NULL)
        incload__strategy_freeze(step->strategy);
}

void
incload__step_spec(const incload_step *step, incload__load_spec *out)
{
    memset(out, 0, sizeof *out);
    out->name = incload__step_name(step);
    out->source = step->source;
    out->primary = step->primary;
    out->source_table = step->source_table;
    out->query = step->query;
    out->params = step->params;
    out->param_count = step->param_count;
    out->target = step->target;
    out->target_table = step->target_table;
    out->how = incload__strategy_values_of(step->strategy);
    out->lease_ms =
        step->values.lease != 0 && step->values.lease < LEAST_LEASE_MS ? LEAST_LEASE_MS : step->values.lease;
    out->function = step->function;
    out->user_data = step->user_data;
    out->checks = step->checks;
    out->check_count = step->check_count;
    out->check_function = step->check_function;
    out->check_data = step->check_data;
}
