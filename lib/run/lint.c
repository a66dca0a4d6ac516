/* SPDX-License-Identifier: Apache-2.0 */
/* The findings behind the public handle. */
#include <incload/advice.h>

#include <stdatomic.h>

#include "load/lint.h"
#include "run/json.h"
#include "run/step.h"

struct incload_lint {
    atomic_int refs;
    const incload__mem *mem;
    incload_step *step; /* keeps what the memory belongs to */
    incload__findings findings;
    char *text;
    char *json;
};

_Static_assert((int)INCLOAD_SEVERITY_INFO == (int)INCLOAD__SEVERITY_INFO
                   && (int)INCLOAD_SEVERITY_ERROR == (int)INCLOAD__SEVERITY_ERROR,
               "severities are the same on both sides");

static const char *const severity_words[] = { "", "info", "warning", "error" };

static int32_t
write_all(incload_lint *lint, incload_error **err)
{
    incload__str text = INCLOAD__STR(lint->mem), json = INCLOAD__STR(lint->mem);

    incload__str_add(&json, "[");
    for (int32_t i = 0; i < lint->findings.count; i++) {
        const incload__finding *finding = &lint->findings.items[i];
        incload__str_addf(&text, "%s: %s (%s): %s: %s\n", severity_words[finding->severity], finding->id,
                          finding->object, finding->text, finding->remedy);
        incload__json_next(&json);
        incload__str_add(&json, "{");
        incload__json_member(&json, "id", finding->id);
        incload__json_member(&json, "severity", severity_words[finding->severity]);
        incload__json_member(&json, "object", finding->object);
        incload__json_member(&json, "text", finding->text);
        incload__json_member(&json, "remedy", finding->remedy);
        incload__str_add(&json, "}");
    }
    incload__str_add(&json, "]");
    lint->text = incload__str_take(&text);
    lint->json = incload__str_take(&json);
    return lint->text != NULL && lint->json != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
fill(incload_lint *lint, incload_error **err)
{
    incload__load_spec spec;

    incload__step_spec(lint->step, &spec);
    spec.owner = lint;
    spec.deadline_us = incload__database_statement_deadline(spec.target);
    int32_t status = incload__lint(&spec, &lint->findings, err);
    return status == INCLOAD_OK ? write_all(lint, err) : status;
}

incload_lint *
incload_step_lint(incload_step *step, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (step == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the step must not be NULL");
        return NULL;
    }
    if (incload__step_check_alone(step, "cannot be linted as a whole: lint its loads one by one", err) != INCLOAD_OK)
        return NULL;
    const incload__mem *mem = &incload__database_env(incload__step_target(step))->mem;
    incload_lint *lint = incload__alloc(mem, sizeof *lint);
    if (lint == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&lint->refs, 1);
    lint->mem = mem;
    lint->step = incload_step_ref(step);
    if (fill(lint, err) == INCLOAD_OK)
        return lint;
    incload_lint_unref(lint);
    return NULL;
}

incload_lint *
incload_lint_ref(incload_lint *lint)
{
    if (lint != NULL)
        atomic_fetch_add_explicit(&lint->refs, 1, memory_order_relaxed);
    return lint;
}

void
incload_lint_unref(incload_lint *lint)
{
    if (lint == NULL || atomic_fetch_sub_explicit(&lint->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_step *step = lint->step;
    incload__findings_free(&lint->findings);
    incload__free(lint->mem, lint->text);
    incload__free(lint->mem, lint->json);
    incload__free(lint->mem, lint);
    incload_step_unref(step);
}

int32_t
incload_lint_count(const incload_lint *lint)
{
    return lint != NULL ? lint->findings.count : 0;
}

static const incload__finding *
finding_at(const incload_lint *lint, int32_t index)
{
    return lint != NULL && index >= 0 && index < lint->findings.count ? &lint->findings.items[index] : NULL;
}

const char *
incload_lint_id(const incload_lint *lint, int32_t index)
{
    const incload__finding *finding = finding_at(lint, index);

    return finding != NULL ? finding->id : NULL;
}

int32_t
incload_lint_severity(const incload_lint *lint, int32_t index)
{
    const incload__finding *finding = finding_at(lint, index);

    return finding != NULL ? finding->severity : 0;
}

const char *
incload_lint_object(const incload_lint *lint, int32_t index)
{
    const incload__finding *finding = finding_at(lint, index);

    return finding != NULL ? finding->object : NULL;
}

const char *
incload_lint_what(const incload_lint *lint, int32_t index)
{
    const incload__finding *finding = finding_at(lint, index);

    return finding != NULL ? finding->text : NULL;
}

const char *
incload_lint_remedy(const incload_lint *lint, int32_t index)
{
    const incload__finding *finding = finding_at(lint, index);

    return finding != NULL ? finding->remedy : NULL;
}

const char *
incload_lint_text(const incload_lint *lint)
{
    return lint != NULL ? lint->text : "";
}

const char *
incload_lint_json(const incload_lint *lint)
{
    return lint != NULL ? lint->json : "";
}
