/* SPDX-License-Identifier: Apache-2.0 */
#include "run/pipeline.h"

#include <string.h>

#include "base/nearest.h"
#include "base/utf8.h"
#include "sched/context.h"

enum { MOST_NODES = 60000, MOST_SLOTS = 10000, MOST_POOLS = 1000, LONGEST_NAME = 180 };

#define OPTION(name, kind, member, usual, least, most, unit, choices, text)                                            \
    {                                                                                                                  \
        name, INCLOAD_OPTION_##kind, offsetof(incload__node_values, member), usual, least, most, unit, choices, "0.1", \
            text                                                                                                       \
    }
#define DURATION(name, member, usual, text) OPTION(name, DURATION, member, usual, 0, 2592000000, "ms", "", text)

static const incload__option node_option_list[] = {
    OPTION("rule", CHOICE, rule, "all_success", 0, 0, "",
           "all_success all_done none_failed none_failed_min_one one_success one_failed all_failed min_success",
           "When it runs, by how the steps it waits for ended: succeeded, failed, or left out without a fault. A step "
           "that is left out since one above it failed counts as failed below."),
    OPTION("least", INTEGER, least, "1", 0, 60000, "steps", "", "How many must succeed with rule=min_success."),
    OPTION("optional", BOOLEAN, optional, "false", 0, 0, "", "",
           "Its failure does not fail the run. Steps that wait for it are still left out."),
    OPTION("cleanup_of", TEXT, cleanup_of, "", 0, 0, "", "",
           "It cleans up after that step: it runs when that was started and all that comes after it has ended, however "
           "it ended, and also when the run is cancelled. Its failure is told but does not fail the run."),
    OPTION("finish", BOOLEAN, finish, "false", 0, 0, "", "",
           "It runs when all others have ended, whatever happened. One step may be that, and waits for none by name."),
    OPTION("fails_run", BOOLEAN, fails_run, "false", 0, 0, "", "",
           "The failure of a cleanup or finish step fails the run after all."),
    OPTION("priority", INTEGER, priority, "0", -1000000, 1000000, "", "",
           "Of steps that could start, the higher goes first; then the one with the longest way to the end below it."),
    OPTION("weight", INTEGER, weight, "1", 1, 1000000000, "", "",
           "How long it is expected to take, in any unit that is the same for all steps: for the longest way to the "
           "end."),
    OPTION("pool", TEXT, pool, "", 0, 0, "", "", "The pool whose slots it needs while it runs."),
    OPTION("pool_slots", INTEGER, pool_slots, "1", 1, 10000, "slots", "", "How many of the pool's slots it needs."),
    OPTION("retries", INTEGER, retries, "-1", -1, 100, "attempts", "",
           "How often it is tried again. A load: after errors that may pass. A function: whenever it fails but with "
           "INCLOAD_FAIL. -1 is what is usual: 3 of a load, 0 of a function, and of a backfill its own option."),
    DURATION("retry_delay", retry_delay, "500ms",
             "The longest pause before the first retry; it doubles with each one and is drawn from 0 to that."),
    DURATION("retry_max_delay", retry_max_delay, "30s", "What the longest pause does not grow past."),
    DURATION("timeout", timeout, "0",
             "How long one attempt may take; then it is told to stop, and running SQL is interrupted. 0 sets no limit, "
             "as for those below."),
    DURATION("total_timeout", total_timeout, "0", "How long it may take from ready to the end, with all attempts."),
    DURATION("queue_timeout", queue_timeout, "0", "How long it may wait from ready to its first start."),
    DURATION("heartbeat", heartbeat, "0",
             "How long a function may go without incload_unit_beat() before it is told to stop."),
    DURATION("grace", grace, "0",
             "How long one that was told to stop has, before the run goes on without it. 0 waits as long as it takes."),
    OPTION("version", TEXT, version, "", 0, 0, "", "",
           "Of what the step does, in words of yours: a run that is resumed runs steps of another version again, and "
           "all that comes after them."),
};

const incload__option_table incload__pipeline_step_options = INCLOAD__OPTION_TABLE("pipeline_step", node_option_list);

incload_pipeline *
incload_pipeline_new(const char *name, incload_context *context, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (name == NULL || name[0] == '\0' || strlen(name) > LONGEST_NAME || !incload__utf8_valid(name, strlen(name))) {
        incload__fail(err, INCLOAD_E_INVALID, "a pipeline needs a name of 1 to %d bytes of UTF-8", LONGEST_NAME);
        return NULL;
    }
    context = context != NULL ? incload_context_ref(context) : incload__context_private(err);
    if (context == NULL)
        return NULL;
    incload__context_freeze(context);
    const incload__env *env = incload__context_env(context);
    incload_pipeline *pipeline = incload__alloc(&env->mem, sizeof *pipeline);
    if (pipeline == NULL) {
        incload_context_unref(context);
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&pipeline->refs, 1);
    atomic_init(&pipeline->frozen, false);
    pthread_mutex_init(&pipeline->lock, NULL);
    pipeline->context = context;
    pipeline->env = env;
    pipeline->name = incload__strdup(&env->mem, name);
    if (pipeline->name == NULL) {
        incload_pipeline_unref(pipeline);
        incload__fail_memory(err);
        return NULL;
    }
    return pipeline;
}

incload_pipeline *
incload_pipeline_ref(incload_pipeline *pipeline)
{
    if (pipeline != NULL)
        atomic_fetch_add_explicit(&pipeline->refs, 1, memory_order_relaxed);
    return pipeline;
}

static void
drop_condition(incload__node *node)
{
    if (node->condition_destroy != NULL)
        node->condition_destroy(node->condition_data);
    node->condition = NULL;
    node->condition_data = NULL;
    node->condition_destroy = NULL;
}

static void
node_free(const incload__mem *mem, incload__node *node)
{
    drop_condition(node);
    incload__free(mem, node->name);
    incload__list_free(&node->depends);
    incload__options_free(&incload__pipeline_step_options, mem, &node->values);
    incload_step_unref(node->step);
}

void
incload_pipeline_unref(incload_pipeline *pipeline)
{
    if (pipeline == NULL || atomic_fetch_sub_explicit(&pipeline->refs, 1, memory_order_acq_rel) != 1)
        return;
    const incload__mem *mem = &pipeline->env->mem;
    incload_context *context = pipeline->context;
    incload_database *ledger = pipeline->ledger;
    for (int32_t i = 0; i < pipeline->node_count; i++)
        node_free(mem, &pipeline->nodes[i]);
    for (int32_t i = 0; i < pipeline->pool_count; i++)
        incload__free(mem, pipeline->pools[i].name);
    incload__graph_names_free(pipeline->graph);
    incload__free(mem, pipeline->nodes);
    incload__free(mem, pipeline->pools);
    incload__free(mem, pipeline->name);
    pthread_mutex_destroy(&pipeline->lock);
    incload__free(mem, pipeline);
    incload_database_unref(ledger);
    incload_context_unref(context);
}

static int32_t
check_open(const incload_pipeline *pipeline, incload_error **err)
{
    if (pipeline == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the pipeline must not be NULL");
    if (atomic_load(&pipeline->frozen))
        return incload__fail(err, INCLOAD_E_STATE, "pipeline '%.64s' was started: make a new one to change it",
                             pipeline->name);
    return INCLOAD_OK;
}

static int32_t
check_name(const incload_pipeline *pipeline, const char *what, const char *name, incload_error **err)
{
    if (name == NULL || name[0] == '\0' || strlen(name) > LONGEST_NAME || !incload__utf8_valid(name, strlen(name)))
        return incload__fail(err, INCLOAD_E_INVALID, "a %s of pipeline '%.64s' needs a name of 1 to %d bytes of UTF-8",
                             what, pipeline->name, LONGEST_NAME);
    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ')
            return incload__fail(err, INCLOAD_E_INVALID, "the name of a %s of pipeline '%.64s' must be one line", what,
                                 pipeline->name);
    }
    return INCLOAD_OK;
}

static int32_t
fill_node(const incload_pipeline *pipeline, const char *name, const char *depends_on, incload__node *node,
          incload_error **err)
{
    const incload__mem *mem = &pipeline->env->mem;

    node->name = incload__strdup(mem, name);
    if (node->name == NULL)
        return incload__fail_memory(err);
    int32_t status = incload__names_parse(mem, depends_on, &node->depends, err);
    return status == INCLOAD_OK ? incload__options_init(&incload__pipeline_step_options, mem, &node->values, err)
                                : status;
}

int32_t
incload_pipeline_add(incload_pipeline *pipeline, const char *name, incload_step *step, const char *depends_on,
                     incload_error **err)
{
    incload__node node = { .step = step };

    INCLOAD_ENTER(err);
    int32_t status = check_open(pipeline, err);
    if (status == INCLOAD_OK)
        status = check_name(pipeline, "step", name, err);
    if (status != INCLOAD_OK)
        return status;
    if (step == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "step '%.64s' of pipeline '%.64s' must not be NULL", name,
                             pipeline->name);
    if (pipeline->node_count == MOST_NODES)
        return incload__fail(err, INCLOAD_E_INVALID, "a pipeline has at most %d steps", MOST_NODES);
    const incload__mem *mem = &pipeline->env->mem;
    incload__node *nodes = incload__realloc(mem, pipeline->nodes, ((size_t)pipeline->node_count + 1) * sizeof *nodes);
    if (nodes == NULL)
        return incload__fail_memory(err);
    pipeline->nodes = nodes;
    incload_step_ref(step);
    status = fill_node(pipeline, name, depends_on, &node, err);
    if (status != INCLOAD_OK) {
        node_free(mem, &node);
        return status;
    }
    nodes[pipeline->node_count++] = node;
    return INCLOAD_OK;
}

int32_t
incload__pipeline_find(const incload_pipeline *pipeline, const char *name)
{
    if (pipeline->graph != NULL)
        return incload__graph_names_find(pipeline->graph, name);
    for (int32_t i = 0; i < pipeline->node_count; i++) {
        if (strcmp(pipeline->nodes[i].name, name) == 0)
            return i;
    }
    return -1;
}

static int32_t
fail_unknown(const incload_pipeline *pipeline, const char *name, incload_error **err)
{
    const char *nearest = NULL;
    int32_t least = INCLOAD__NEAREST_EDITS + 1;

    for (int32_t i = 0; i < pipeline->node_count; i++) {
        int32_t edits = incload__edit_distance(name, pipeline->nodes[i].name);
        if (edits < least) {
            least = edits;
            nearest = pipeline->nodes[i].name;
        }
    }
    return incload__fail(err, INCLOAD_E_NOT_FOUND, "pipeline '%.64s' has no step '%.64s'%s%.64s%s", pipeline->name,
                         name, nearest != NULL ? ": did you mean '" : ": add it first", nearest != NULL ? nearest : "",
                         nearest != NULL ? "'?" : "");
}

/* The step that an option is set of; NULL after a failure. */
static incload__node *
node_to_change(incload_pipeline *pipeline, const char *name, int32_t *status, incload_error **err)
{
    *status = check_open(pipeline, err);
    if (*status != INCLOAD_OK)
        return NULL;
    int32_t found = name != NULL ? incload__pipeline_find(pipeline, name) : -1;
    if (found < 0) {
        *status = fail_unknown(pipeline, name != NULL ? name : "", err);
        return NULL;
    }
    return &pipeline->nodes[found];
}

int32_t
incload_pipeline_set(incload_pipeline *pipeline, const char *step_name, const char *name, const char *value,
                     incload_error **err)
{
    int32_t status;

    INCLOAD_ENTER(err);
    incload__node *node = node_to_change(pipeline, step_name, &status, err);
    if (node == NULL)
        return status;
    return incload__options_set(&incload__pipeline_step_options, &pipeline->env->mem, &node->values, name, value, err);
}

int32_t
incload_pipeline_set_condition(incload_pipeline *pipeline, const char *step_name, incload_unit_fn condition,
                               void *user_data, incload_destroy_fn destroy, incload_error **err)
{
    int32_t status = incload__entered_with(err);
    incload__node *node = status == INCLOAD_OK ? node_to_change(pipeline, step_name, &status, err) : NULL;

    if (node != NULL && node->step->kind == INCLOAD__STEP_BACKFILL)
        status =
            incload__fail(err, INCLOAD_E_INVALID,
                          "backfill '%.64s' takes no condition: give it to a function that it waits for", step_name);
    if (status != INCLOAD_OK) {
        if (destroy != NULL)
            destroy(user_data);
        return status;
    }
    drop_condition(node);
    node->condition = condition;
    node->condition_data = user_data;
    node->condition_destroy = destroy;
    return INCLOAD_OK;
}

int32_t
incload_pipeline_add_pool(incload_pipeline *pipeline, const char *name, int32_t slots, incload_error **err)
{
    INCLOAD_ENTER(err);
    int32_t status = check_open(pipeline, err);
    if (status == INCLOAD_OK)
        status = check_name(pipeline, "pool", name, err);
    if (status != INCLOAD_OK)
        return status;
    if (slots < 1 || slots > MOST_SLOTS)
        return incload__fail(err, INCLOAD_E_INVALID, "pool '%.64s' needs 1 to %d slots, not %d", name, MOST_SLOTS,
                             (int)slots);
    if (pipeline->pool_count == MOST_POOLS)
        return incload__fail(err, INCLOAD_E_INVALID, "a pipeline has at most %d pools", MOST_POOLS);
    for (int32_t i = 0; i < pipeline->pool_count; i++) {
        if (strcmp(pipeline->pools[i].name, name) == 0)
            return incload__fail(err, INCLOAD_E_EXISTS, "pipeline '%.64s' has a pool '%.64s' already", pipeline->name,
                                 name);
    }
    const incload__mem *mem = &pipeline->env->mem;
    incload__named_pool *pools =
        incload__realloc(mem, pipeline->pools, ((size_t)pipeline->pool_count + 1) * sizeof *pools);
    if (pools == NULL)
        return incload__fail_memory(err);
    pipeline->pools = pools;
    pools[pipeline->pool_count] = (incload__named_pool){ incload__strdup(mem, name), slots };
    if (pools[pipeline->pool_count].name == NULL)
        return incload__fail_memory(err);
    pipeline->pool_count++;
    return INCLOAD_OK;
}

int32_t
incload_pipeline_set_ledger(incload_pipeline *pipeline, incload_database *database, incload_error **err)
{
    INCLOAD_ENTER(err);
    int32_t status = check_open(pipeline, err);
    if (status != INCLOAD_OK)
        return status;
    if (database == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the ledger of pipeline '%.64s' must not be NULL", pipeline->name);
    incload_database *before = pipeline->ledger;
    pipeline->ledger = incload_database_ref(database);
    incload_database_unref(before);
    return INCLOAD_OK;
}

int32_t
incload_pipeline_validate(incload_pipeline *pipeline, incload_error **err)
{
    incload__graph_names *graph = NULL;

    INCLOAD_ENTER(err);
    if (pipeline == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the pipeline must not be NULL");
    if (atomic_load(&pipeline->frozen))
        return INCLOAD_OK;
    int32_t status = incload__pipeline_build(pipeline, &graph, err);
    incload__graph_names_free(graph);
    return status;
}

int32_t
incload__pipeline_freeze(incload_pipeline *pipeline, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    pthread_mutex_lock(&pipeline->lock);
    if (pipeline->graph == NULL)
        status = incload__pipeline_build(pipeline, &pipeline->graph, err);
    if (status == INCLOAD_OK)
        atomic_store(&pipeline->frozen, true);
    pthread_mutex_unlock(&pipeline->lock);
    for (int32_t i = 0; i < pipeline->node_count && status == INCLOAD_OK; i++)
        incload__step_freeze(pipeline->nodes[i].step);
    return status;
}

incload_pipeline *
incload__pipeline_of_step(incload_step *step, incload_error **err)
{
    incload_pipeline *pipeline = incload_pipeline_new(incload__step_name(step), incload__step_context(step), err);

    if (pipeline == NULL)
        return NULL;
    pipeline->single = true;
    if (incload_pipeline_add(pipeline, incload__step_name(step), step, NULL, err) != INCLOAD_OK) {
        incload_pipeline_unref(pipeline);
        return NULL;
    }
    return pipeline;
}
