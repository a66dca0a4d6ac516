/* SPDX-License-Identifier: Apache-2.0 */
/* The verification behind the public handle. */
#include <incload/verify.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "load/verify.h"
#include "run/step.h"
#include "state/ledger.h"

enum { DIGEST_TEXT = 33 };

enum { NEW, RUNNING, SUCCEEDED, FAILED };

struct incload_verification {
    atomic_int refs;
    atomic_int state;
    atomic_bool cancelled;
    const incload__env *env;
    incload_step *step;
    incload__verify_values values;
    incload__verify_result result;
    incload_unit unit;
    int64_t duration_us;
    char digests[2][DIGEST_TEXT];
};

incload_verification *
incload_verification_new(incload_step *step, const char *options, incload_error **err)
{
    incload__verify_values values;
    incload__load_spec spec;
    char id[INCLOAD__RUN_ID_SIZE];

    INCLOAD_ENTER_NULL(err);
    if (step == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the step must not be NULL");
        return NULL;
    }
    if (incload__step_check_alone(step, "cannot be verified as a whole: verify its loads one by one", err)
        != INCLOAD_OK)
        return NULL;
    incload__step_spec(step, &spec);
    if (spec.function != NULL) {
        incload__fail(err, INCLOAD_E_UNSUPPORTED,
                      "load '%s' has a process function, and only that knows what the target should hold: verify a "
                      "step without it, or compare with a query",
                      spec.name);
        return NULL;
    }
    const incload__env *env = incload__database_env(incload__step_target(step));
    memset(&values, 0, sizeof values);
    if (incload__options_init(&incload__verify_options, &env->mem, &values, err) != INCLOAD_OK
        || incload__options_parse(&incload__verify_options, &env->mem, &values, options, err) != INCLOAD_OK)
        return NULL;
    incload_verification *verification = incload__alloc(&env->mem, sizeof *verification);
    if (verification == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    incload__run_id(env, id);
    if (incload__unit_init(&verification->unit, env, spec.name, spec.name, id) != INCLOAD_OK) {
        incload__unit_free(&verification->unit);
        incload__free(&env->mem, verification);
        incload__fail_memory(err);
        return NULL;
    }
    incload__step_freeze(step);
    atomic_init(&verification->refs, 1);
    atomic_init(&verification->state, NEW);
    atomic_init(&verification->cancelled, false);
    verification->env = env;
    verification->step = incload_step_ref(step);
    verification->values = values;
    verification->unit.cancelled = &verification->cancelled;
    return verification;
}

incload_verification *
incload_verify(incload_step *step, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    incload_verification *verification = incload_verification_new(step, options, err);

    if (verification != NULL && incload_verification_run(verification, err) != INCLOAD_OK) {
        incload_verification_unref(verification);
        return NULL;
    }
    return verification;
}

incload_verification *
incload_verification_ref(incload_verification *verification)
{
    if (verification != NULL)
        atomic_fetch_add_explicit(&verification->refs, 1, memory_order_relaxed);
    return verification;
}

void
incload_verification_unref(incload_verification *verification)
{
    if (verification == NULL || atomic_fetch_sub_explicit(&verification->refs, 1, memory_order_acq_rel) != 1)
        return;
    const incload__mem *mem = &verification->env->mem;
    incload_step *step = verification->step;
    incload__verify_result_free(mem, &verification->result);
    incload__unit_free(&verification->unit);
    incload__free(mem, verification);
    incload_step_unref(step);
}

static void
write_digest(char out[DIGEST_TEXT], const incload__bucket *rows)
{
    snprintf(out, DIGEST_TEXT, "%016llx%016llx", (unsigned long long)rows->sum.high, (unsigned long long)rows->sum.low);
}

/* A failure that the host asked for is told as such, whatever the driver called it. */
static void
name_the_cause(const incload_verification *verification, incload_error **failure)
{
    if (atomic_load(&verification->cancelled) && incload_error_code(*failure) != INCLOAD_E_CANCELLED) {
        incload_error *told = NULL;
        incload__fail(&told, INCLOAD_E_CANCELLED, "the verification was cancelled");
        incload__error_set_cause(&told, *failure);
        *failure = told;
    }
    incload__error_set_place(failure, verification->unit.step, verification->unit.label);
}

int32_t
incload_verification_run(incload_verification *verification, incload_error **err)
{
    incload__load_spec spec;
    incload_error *failure = NULL;
    int expected = NEW;

    INCLOAD_ENTER(err);
    if (verification == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the verification must not be NULL");
    if (!atomic_compare_exchange_strong(&verification->state, &expected, RUNNING))
        return incload__fail(err, INCLOAD_E_STATE, "the verification was run already: make a new one");

    const incload__env *env = verification->env;
    int64_t began = incload__monotonic_us(env);
    incload__step_spec(verification->step, &spec);
    spec.owner = verification;
    spec.deadline_us = incload__deadline_in(env, verification->values.timeout);
    int32_t status = INCLOAD_OK;
    if (atomic_load(&verification->cancelled))
        status = incload__fail(&failure, INCLOAD_E_CANCELLED, "the verification was cancelled before it began");
    if (status == INCLOAD_OK)
        status =
            incload__verify_run(&spec, &verification->values, &verification->unit, &verification->result, &failure);
    verification->duration_us = incload__monotonic_us(env) - began;
    if (status != INCLOAD_OK) {
        atomic_store(&verification->state, FAILED);
        if (failure == NULL)
            incload__fail(&failure, status, "the verification failed without a message: please report this");
        name_the_cause(verification, &failure);
        return incload__error_pass(err, failure);
    }
    write_digest(verification->digests[0], &verification->result.source);
    write_digest(verification->digests[1], &verification->result.target);
    atomic_store(&verification->state, SUCCEEDED);
    return INCLOAD_OK;
}

void
incload_verification_cancel(incload_verification *verification)
{
    if (verification == NULL || atomic_load(&verification->state) > RUNNING)
        return;
    atomic_store(&verification->cancelled, true);
    incload__database_cancel(incload__step_source(verification->step), verification);
    incload__database_cancel(incload__step_target(verification->step), verification);
}

/* ---- what it found ---- */

/* What was found by a verification that ended well; NULL for another. */
static const incload__verify_result *
result_of(const incload_verification *verification)
{
    return verification != NULL && atomic_load(&verification->state) == SUCCEEDED ? &verification->result : NULL;
}

int32_t
incload_verification_is_equal(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL && !result->at_least
           && (result->missing | result->extra | result->different | result->duplicated) == 0;
}

int64_t
incload_verification_source_rows(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL ? result->source.rows : 0;
}

int64_t
incload_verification_target_rows(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL ? result->target.rows : 0;
}

int64_t
incload_verification_missing(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL ? result->missing : 0;
}

int64_t
incload_verification_extra(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL ? result->extra : 0;
}

int64_t
incload_verification_changed(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL ? result->different : 0;
}

int64_t
incload_verification_duplicated(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL ? result->duplicated : 0;
}

int64_t
incload_verification_pending(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL ? result->pending : 0;
}

int32_t
incload_verification_is_exact(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL && !result->at_least;
}

const char *
incload_verification_source_digest(const incload_verification *verification)
{
    return result_of(verification) != NULL ? verification->digests[0] : "";
}

const char *
incload_verification_target_digest(const incload_verification *verification)
{
    return result_of(verification) != NULL ? verification->digests[1] : "";
}

const char *
incload_verification_digest(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL ? result->digest : "";
}

const char *
incload_verification_digest_reason(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL ? result->digest_reason : "";
}

int64_t
incload_verification_rows_read(const incload_verification *verification)
{
    return verification != NULL ? atomic_load(&verification->unit.rows_read) : 0;
}

int64_t
incload_verification_bytes(const incload_verification *verification)
{
    return verification != NULL ? atomic_load(&verification->unit.bytes) : 0;
}

int64_t
incload_verification_duration_us(const incload_verification *verification)
{
    return verification != NULL ? verification->duration_us : 0;
}

int32_t
incload_verification_difference_count(const incload_verification *verification)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL ? result->list_count : 0;
}

static const incload__difference *
difference_at(const incload_verification *verification, int32_t index)
{
    const incload__verify_result *result = result_of(verification);

    return result != NULL && index >= 0 && index < result->list_count ? &result->list[index] : NULL;
}

int32_t
incload_verification_difference_kind(const incload_verification *verification, int32_t index)
{
    const incload__difference *difference = difference_at(verification, index);

    return difference != NULL ? difference->kind : 0;
}

const char *
incload_verification_difference_key(const incload_verification *verification, int32_t index)
{
    const incload__difference *difference = difference_at(verification, index);

    return difference != NULL ? difference->key : NULL;
}

const char *
incload_verification_difference_columns(const incload_verification *verification, int32_t index)
{
    const incload__difference *difference = difference_at(verification, index);

    return difference != NULL ? difference->columns : NULL;
}

int64_t
incload_verification_difference_source_rows(const incload_verification *verification, int32_t index)
{
    const incload__difference *difference = difference_at(verification, index);

    return difference != NULL ? difference->source_rows : 0;
}

int64_t
incload_verification_difference_target_rows(const incload_verification *verification, int32_t index)
{
    const incload__difference *difference = difference_at(verification, index);

    return difference != NULL ? difference->target_rows : 0;
}
