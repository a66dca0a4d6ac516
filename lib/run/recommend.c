/* SPDX-License-Identifier: Apache-2.0 */
/* A recommendation behind the public handle: made whole when it is asked for, and only read afterwards. */
#include <incload/advice.h>

#include <stdatomic.h>
#include <string.h>

#include "base/utf8.h"
#include "load/facts.h"
#include "run/json.h"

enum { FACTS_MOST = 32 };

struct incload_recommendation {
    atomic_int refs;
    incload_context *context;
    const incload__mem *mem;
    incload__advice advice;
    char *values[FACTS_MOST]; /* of the facts, as text, in the order of their table */
    char *text;
    char *json;
};

_Static_assert((int)INCLOAD_VERDICT_DECIDED == (int)INCLOAD__VERDICT_DECIDED
                   && (int)INCLOAD_VERDICT_REFUSED == (int)INCLOAD__VERDICT_REFUSED,
               "verdicts are the same on both sides");

static const char *const verdict_words[] = { "", "decided", "stands in", "fits", "refused" };

static const incload__considered *
rule_at(const incload_recommendation *recommendation, int32_t index)
{
    return recommendation != NULL && index >= 0 && index < INCLOAD__RULES ? &recommendation->advice.rules[index] : NULL;
}

static int32_t
write_values(incload_recommendation *recommendation, incload_error **err)
{
    const incload__option_table *table = &incload__facts_options;

    for (int32_t i = 0; i < table->count; i++) {
        incload__str value = INCLOAD__STR(recommendation->mem);
        incload__options_get(table, &recommendation->advice.facts, table->options[i].name, &value);
        recommendation->values[i] = incload__str_take(&value);
        if (recommendation->values[i] == NULL)
            return incload__fail_memory(err);
    }
    return INCLOAD_OK;
}

static int32_t
fact_index(const char *name)
{
    for (int32_t i = 0; name != NULL && i < INCLOAD__FACTS; i++) {
        if (strcmp(incload__fact_names[i], name) == 0)
            return i;
    }
    return -1;
}

static void
add_facts_text(const incload_recommendation *recommendation, incload__str *out)
{
    for (int32_t i = 0; i < INCLOAD__FACTS; i++) {
        const char *name = incload__fact_names[i];
        const char *note = recommendation->advice.note[i], *value = incload_recommendation_fact(recommendation, name);
        bool known = strcmp(recommendation->advice.origin[i], "not known") != 0;

        /* A cursor or key that was looked for and not found has no name to show. */
        incload__str_addf(out, "  %s=%s (%s%s%s)\n", name,
                          !known             ? "?"
                          : value[0] != '\0' ? value
                                             : "none",
                          recommendation->advice.origin[i], note != NULL && note[0] != '\0' ? ": " : "",
                          note != NULL ? note : "");
    }
}

static int32_t
write_text(incload_recommendation *recommendation, incload_error **err)
{
    const incload__advice *advice = &recommendation->advice;
    incload__str out = INCLOAD__STR(recommendation->mem);

    incload__str_addf(&out, "strategy: %s\noptions: %s\n", incload_recommendation_strategy(recommendation),
                      advice->options);
    if (advice->runs != advice->decided)
        incload__str_addf(&out, "best: %s, which is no strategy of a load\n",
                          incload_recommendation_ideal(recommendation));
    incload__str_addf(&out, "because (%s): %s\n", incload_recommendation_rule(recommendation),
                      incload_recommendation_reason(recommendation));
    if (advice->better[0] != '\0')
        incload__str_addf(&out, "better: %s\n", advice->better);
    incload__str_add(&out, "facts:\n");
    add_facts_text(recommendation, &out);
    incload__str_add(&out, "rules, in the order in which they decide:\n");
    for (int32_t i = 0; i < INCLOAD__RULES; i++)
        incload__str_addf(&out, "  %s -> %s: %s: %s\n", advice->rules[i].id, advice->rules[i].strategy,
                          verdict_words[advice->rules[i].verdict], advice->rules[i].text);
    recommendation->text = incload__str_take(&out);
    return recommendation->text != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
write_json(incload_recommendation *recommendation, incload_error **err)
{
    const incload__advice *advice = &recommendation->advice;
    incload__str out = INCLOAD__STR(recommendation->mem);

    incload__str_add(&out, "{");
    incload__json_member(&out, "strategy", incload_recommendation_strategy(recommendation));
    incload__json_member(&out, "options", advice->options);
    incload__json_member(&out, "ideal", incload_recommendation_ideal(recommendation));
    incload__json_member(&out, "rule", incload_recommendation_rule(recommendation));
    incload__json_member(&out, "reason", incload_recommendation_reason(recommendation));
    incload__json_member(&out, "better", advice->better);
    incload__json_name(&out, "facts");
    incload__str_add(&out, "{");
    for (int32_t i = 0; i < INCLOAD__FACTS; i++) {
        incload__json_name(&out, incload__fact_names[i]);
        incload__str_add(&out, "{");
        incload__json_member(&out, "value", incload_recommendation_fact(recommendation, incload__fact_names[i]));
        incload__json_member(&out, "origin", advice->origin[i]);
        incload__json_member(&out, "note", advice->note[i] != NULL ? advice->note[i] : "");
        incload__str_add(&out, "}");
    }
    incload__str_add(&out, "}");
    incload__json_name(&out, "rules");
    incload__str_add(&out, "[");
    for (int32_t i = 0; i < INCLOAD__RULES; i++) {
        incload__json_next(&out);
        incload__str_add(&out, "{");
        incload__json_member(&out, "id", advice->rules[i].id);
        incload__json_member(&out, "strategy", advice->rules[i].strategy);
        incload__json_member(&out, "verdict", verdict_words[advice->rules[i].verdict]);
        incload__json_member(&out, "text", advice->rules[i].text);
        incload__str_add(&out, "}");
    }
    incload__str_add(&out, "]}");
    recommendation->json = incload__str_take(&out);
    return recommendation->json != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static incload_recommendation *
recommendation_new(incload_context *context, const char *facts, incload_error **err)
{
    const incload__mem *mem = &incload__context_env(context)->mem;
    incload_recommendation *recommendation = incload__alloc(mem, sizeof *recommendation);

    if (recommendation == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    incload__context_freeze(context);
    atomic_init(&recommendation->refs, 1);
    recommendation->context = incload_context_ref(context);
    recommendation->mem = mem;
    if (incload__advice_init(&recommendation->advice, mem, facts, err) == INCLOAD_OK)
        return recommendation;
    incload_recommendation_unref(recommendation);
    return NULL;
}

/* The facts are in: judges them, and writes down everything that can be asked. */
static incload_recommendation *
finish(incload_recommendation *recommendation, incload_error **err)
{
    int32_t status = incload__advise(&recommendation->advice, err);

    if (status == INCLOAD_OK)
        status = write_values(recommendation, err);
    if (status == INCLOAD_OK)
        status = write_text(recommendation, err);
    if (status == INCLOAD_OK)
        status = write_json(recommendation, err);
    if (status == INCLOAD_OK)
        return recommendation;
    incload_recommendation_unref(recommendation);
    return NULL;
}

incload_recommendation *
incload_strategy_recommend(const char *facts, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    incload_context *context = incload__context_private(err);
    if (context == NULL)
        return NULL;
    incload_recommendation *recommendation = incload_strategy_recommend_in(context, facts, err);
    incload_context_unref(context);
    return recommendation;
}

incload_recommendation *
incload_strategy_recommend_in(incload_context *context, const char *facts, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (context == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the context must not be NULL");
        return NULL;
    }
    incload_recommendation *recommendation = recommendation_new(context, facts, err);
    return recommendation != NULL ? finish(recommendation, err) : NULL;
}

incload_recommendation *
incload_strategy_recommend_for(incload_database *source, const char *source_table, incload_database *target,
                               const char *target_table, const char *facts, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (source == NULL || source_table == NULL || target == NULL || target_table == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "source, target and their tables must not be NULL");
        return NULL;
    }
    if (!incload__utf8_valid(source_table, strlen(source_table))
        || !incload__utf8_valid(target_table, strlen(target_table))) {
        incload__fail(err, INCLOAD_E_INVALID, "the name of a table is not valid UTF-8");
        return NULL;
    }
    incload_recommendation *recommendation = recommendation_new(incload__database_context(source), facts, err);
    if (recommendation == NULL)
        return NULL;
    if (incload__look(&recommendation->advice, source, source_table, target, target_table, err) != INCLOAD_OK) {
        incload_recommendation_unref(recommendation);
        return NULL;
    }
    return finish(recommendation, err);
}

incload_recommendation *
incload_recommendation_ref(incload_recommendation *recommendation)
{
    if (recommendation != NULL)
        atomic_fetch_add_explicit(&recommendation->refs, 1, memory_order_relaxed);
    return recommendation;
}

void
incload_recommendation_unref(incload_recommendation *recommendation)
{
    if (recommendation == NULL || atomic_fetch_sub_explicit(&recommendation->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_context *context = recommendation->context;
    incload__advice_free(&recommendation->advice);
    for (int32_t i = 0; i < FACTS_MOST; i++)
        incload__free(recommendation->mem, recommendation->values[i]);
    incload__free(recommendation->mem, recommendation->text);
    incload__free(recommendation->mem, recommendation->json);
    incload__free(recommendation->mem, recommendation);
    incload_context_unref(context);
}

const char *
incload_recommendation_strategy(const incload_recommendation *recommendation)
{
    return recommendation != NULL ? recommendation->advice.rules[recommendation->advice.runs].strategy : "";
}

const char *
incload_recommendation_options(const incload_recommendation *recommendation)
{
    return recommendation != NULL ? recommendation->advice.options : "";
}

const char *
incload_recommendation_ideal(const incload_recommendation *recommendation)
{
    return recommendation != NULL ? recommendation->advice.rules[recommendation->advice.decided].strategy : "";
}

const char *
incload_recommendation_rule(const incload_recommendation *recommendation)
{
    return recommendation != NULL ? recommendation->advice.rules[recommendation->advice.decided].id : "";
}

const char *
incload_recommendation_reason(const incload_recommendation *recommendation)
{
    return recommendation != NULL ? recommendation->advice.rules[recommendation->advice.decided].text : "";
}

const char *
incload_recommendation_better(const incload_recommendation *recommendation)
{
    return recommendation != NULL ? recommendation->advice.better : "";
}

int32_t
incload_recommendation_rule_count(const incload_recommendation *recommendation)
{
    return recommendation != NULL ? INCLOAD__RULES : 0;
}

const char *
incload_recommendation_rule_id(const incload_recommendation *recommendation, int32_t index)
{
    const incload__considered *rule = rule_at(recommendation, index);

    return rule != NULL ? rule->id : NULL;
}

const char *
incload_recommendation_rule_strategy(const incload_recommendation *recommendation, int32_t index)
{
    const incload__considered *rule = rule_at(recommendation, index);

    return rule != NULL ? rule->strategy : NULL;
}

int32_t
incload_recommendation_rule_verdict(const incload_recommendation *recommendation, int32_t index)
{
    const incload__considered *rule = rule_at(recommendation, index);

    return rule != NULL ? (int32_t)rule->verdict : 0;
}

const char *
incload_recommendation_rule_text(const incload_recommendation *recommendation, int32_t index)
{
    const incload__considered *rule = rule_at(recommendation, index);

    return rule != NULL ? rule->text : NULL;
}

const char *
incload_recommendation_fact(const incload_recommendation *recommendation, const char *name)
{
    for (int32_t i = 0; recommendation != NULL && name != NULL && i < incload__facts_options.count; i++) {
        if (strcmp(incload__facts_options.options[i].name, name) == 0)
            return recommendation->values[i];
    }
    return NULL;
}

const char *
incload_recommendation_fact_origin(const incload_recommendation *recommendation, const char *name)
{
    int32_t fact = fact_index(name);

    return recommendation != NULL && fact >= 0 ? recommendation->advice.origin[fact] : NULL;
}

const char *
incload_recommendation_fact_note(const incload_recommendation *recommendation, const char *name)
{
    int32_t fact = fact_index(name);

    if (recommendation == NULL || fact < 0)
        return NULL;
    return recommendation->advice.note[fact] != NULL ? recommendation->advice.note[fact] : "";
}

const char *
incload_recommendation_text(const incload_recommendation *recommendation)
{
    return recommendation != NULL ? recommendation->text : "";
}

const char *
incload_recommendation_json(const incload_recommendation *recommendation)
{
    return recommendation != NULL ? recommendation->json : "";
}
