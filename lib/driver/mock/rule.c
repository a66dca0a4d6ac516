/* SPDX-License-Identifier: Apache-2.0 */
/* The script: rules that answer, fail, delay and break statements. */
#include "driver/mock/mock.h"

#include <string.h>

#include "base/utf8.h"

enum { MAX_DELAY_MS = 86400000 };

/* Backtracks to the last % only: what an earlier one took may stay as it is. */
bool
incload__mock_matches(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *resume = NULL;

    while (*text != '\0') {
        if (*pattern == '%') {
            star = ++pattern;
            resume = text;
        } else if (incload__ascii_lower(*pattern) == incload__ascii_lower(*text)) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '%')
        pattern++;
    return *pattern == '\0';
}

void
incload__mock_rule_free(incload__mock_rule *rule)
{
    if (rule == NULL)
        return;
    incload__mock_shape_free(&rule->shape);
    incload__rows_free(&rule->rows);
    incload__free(INCLOAD__MOCK_MEM, rule->pattern);
    incload__free(INCLOAD__MOCK_MEM, rule->sqlstate);
    incload__free(INCLOAD__MOCK_MEM, rule->message);
    incload__free(INCLOAD__MOCK_MEM, rule);
}

static incload__mock_rule *
rule_new(incload_mock *mock, incload__mock_kind kind, const char *pattern, int64_t nth, int32_t *status,
         incload_error **err)
{
    if (mock == NULL || pattern == NULL || nth < 0) {
        *status = incload__fail(err, INCLOAD_E_INVALID,
                                "mock and pattern must not be NULL, and nth counts from 1 (0: every match)");
        return NULL;
    }
    incload__mock_rule *rule = incload__alloc(INCLOAD__MOCK_MEM, sizeof *rule);
    char *copy = incload__strdup(INCLOAD__MOCK_MEM, pattern);
    if (rule == NULL || copy == NULL) {
        incload__free(INCLOAD__MOCK_MEM, rule);
        incload__free(INCLOAD__MOCK_MEM, copy);
        *status = incload__fail_memory(err);
        return NULL;
    }
    rule->kind = kind;
    rule->pattern = copy;
    rule->nth = nth;
    rule->rows.mem = INCLOAD__MOCK_MEM;
    return rule;
}

/* Takes the rule over, also when it fails; `status` is how filling it in went. */
static int32_t
rule_add(incload_mock *mock, incload__mock_rule *rule, int32_t status, incload_error **err)
{
    if (status == INCLOAD_OK) {
        incload__monitor_lock(&mock->monitor);
        bool added = incload__mock_push(&mock->rules, rule);
        incload__monitor_unlock(&mock->monitor);
        if (added)
            return INCLOAD_OK;
        status = incload__fail_memory(err);
    }
    incload__mock_rule_free(rule);
    return status;
}

static int32_t
fill_rows(incload__mock_rule *rule, const char *const *cells, int64_t n_rows, incload_error **err)
{
    int32_t columns = (int32_t)rule->shape.names.count;

    if (n_rows < 0 || (cells == NULL && n_rows > 0))
        return incload__fail(err, INCLOAD_E_INVALID, "cells must not be NULL for rows, and n_rows not negative");
    rule->affected = n_rows;
    rule->rows.columns = columns;
    for (int64_t i = 0; i < n_rows; i++) {
        int32_t status = incload__rows_add(&rule->rows, cells + i * columns, NULL, columns);
        if (status == INCLOAD_E_NO_MEMORY)
            return incload__fail_memory(err);
        if (status != INCLOAD_OK)
            return incload__fail(err, INCLOAD_E_INVALID, "an answer holds at most 1,000,000 cells");
    }
    return INCLOAD_OK;
}

int32_t
incload_mock_answer_rows(incload_mock *mock, const char *pattern, int64_t nth, const char *columns, const char *types,
                         const char *const *cells, int64_t n_rows, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    INCLOAD_ENTER(err);
    incload__mock_rule *rule = rule_new(mock, INCLOAD__MOCK_ANSWER, pattern, nth, &status, err);
    if (rule == NULL)
        return status;
    status = incload__mock_shape_read(&rule->shape, columns, types, err);
    if (status == INCLOAD_OK)
        status = fill_rows(rule, cells, n_rows, err);
    return rule_add(mock, rule, status, err);
}

int32_t
incload_mock_answer_affected(incload_mock *mock, const char *pattern, int64_t nth, int64_t affected,
                             incload_error **err)
{
    int32_t status = INCLOAD_OK;

    INCLOAD_ENTER(err);
    incload__mock_rule *rule = rule_new(mock, INCLOAD__MOCK_ANSWER, pattern, nth, &status, err);
    if (rule == NULL)
        return status;
    rule->affected = affected;
    if (affected < -1)
        status = incload__fail(err, INCLOAD_E_INVALID, "affected is a number of rows, or -1 for one that is not known");
    return rule_add(mock, rule, status, err);
}

static char *
copy_or_null(const char *text, int32_t *status, incload_error **err)
{
    char *copy = text != NULL ? incload__strdup(INCLOAD__MOCK_MEM, text) : NULL;

    if (text != NULL && copy == NULL)
        *status = incload__fail_memory(err);
    return copy;
}

int32_t
incload_mock_fail(incload_mock *mock, const char *pattern, int64_t nth, const char *sqlstate, int64_t native_code,
                  const char *message, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    INCLOAD_ENTER(err);
    incload__mock_rule *rule = rule_new(mock, INCLOAD__MOCK_FAIL, pattern, nth, &status, err);
    if (rule == NULL)
        return status;
    /* A refused connection without a reason is one all the same. */
    if (sqlstate == NULL && native_code == 0 && strcmp(pattern, "CONNECT") == 0)
        sqlstate = "08001";
    rule->native_code = native_code;
    rule->sqlstate = copy_or_null(sqlstate, &status, err);
    rule->message = copy_or_null(message, &status, err);
    if (sqlstate != NULL && strlen(sqlstate) != 5)
        status = incload__fail(err, INCLOAD_E_INVALID, "an sqlstate has five characters");
    return rule_add(mock, rule, status, err);
}

int32_t
incload_mock_delay(incload_mock *mock, const char *pattern, int64_t nth, int64_t delay_ms, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    INCLOAD_ENTER(err);
    incload__mock_rule *rule = rule_new(mock, INCLOAD__MOCK_DELAY, pattern, nth, &status, err);
    if (rule == NULL)
        return status;
    if (delay_ms < 0 || delay_ms > MAX_DELAY_MS)
        status = incload__fail(err, INCLOAD_E_INVALID, "delay_ms is 0 to %d", MAX_DELAY_MS);
    else
        rule->delay_us = delay_ms * 1000;
    return rule_add(mock, rule, status, err);
}

int32_t
incload_mock_disconnect(incload_mock *mock, const char *pattern, int64_t nth, int32_t when, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    INCLOAD_ENTER(err);
    incload__mock_rule *rule = rule_new(mock, INCLOAD__MOCK_DROP_BEFORE, pattern, nth, &status, err);
    if (rule == NULL)
        return status;
    if (when == INCLOAD_MOCK_AFTER)
        rule->kind = INCLOAD__MOCK_DROP_AFTER;
    else if (when != INCLOAD_MOCK_BEFORE)
        status = incload__fail(err, INCLOAD_E_INVALID, "when is INCLOAD_MOCK_BEFORE or INCLOAD_MOCK_AFTER");
    return rule_add(mock, rule, status, err);
}

int32_t
incload_mock_cancel(incload_mock *mock, const char *pattern, int64_t nth, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    INCLOAD_ENTER(err);
    incload__mock_rule *rule = rule_new(mock, INCLOAD__MOCK_CANCEL, pattern, nth, &status, err);
    return rule != NULL ? rule_add(mock, rule, status, err) : status;
}

int32_t
incload_mock_clear_rules(incload_mock *mock, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (mock == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "mock must not be NULL");

    incload__monitor_lock(&mock->monitor);
    bool moved = true;
    while (mock->rules.count > 0 && moved) {
        moved = incload__mock_push(&mock->retired, mock->rules.items[mock->rules.count - 1]);
        if (moved)
            mock->rules.count--;
    }
    incload__monitor_unlock(&mock->monitor);
    return moved ? INCLOAD_OK : incload__fail_memory(err);
}

static void
apply(incload__mock_verdict *verdict, const incload__mock_rule *rule)
{
    switch (rule->kind) {
    case INCLOAD__MOCK_ANSWER:
        verdict->answer = rule;
        break;
    case INCLOAD__MOCK_FAIL:
        verdict->failure = rule;
        break;
    case INCLOAD__MOCK_DELAY:
        verdict->delay_us += rule->delay_us;
        break;
    case INCLOAD__MOCK_DROP_BEFORE:
        verdict->drop_before = true;
        break;
    case INCLOAD__MOCK_DROP_AFTER:
        verdict->drop_after = true;
        break;
    case INCLOAD__MOCK_CANCEL:
        verdict->cancel = true;
        break;
    }
}

static bool
concerns(const incload__mock_rule *rule, const char *text, bool event)
{
    return event ? strcmp(rule->pattern, text) == 0 : incload__mock_matches(rule->pattern, text);
}

int32_t
incload__mock_arrive(incload_mock *mock, int32_t connection, const char *text, bool event, const incload__param *params,
                     int32_t count, incload__mock_verdict *verdict, incload_error **err)
{
    *verdict = (incload__mock_verdict){ .statement = -1 };
    incload__monitor_lock(&mock->monitor);
    verdict->strict = mock->strict;
    bool recorded = event;
    if (!event) {
        verdict->statement = incload__mock_record(mock, connection, text, params, count);
        recorded = verdict->statement >= 0;
    }
    for (int64_t i = 0; recorded && i < mock->rules.count; i++) {
        incload__mock_rule *rule = mock->rules.items[i];
        if (!concerns(rule, text, event))
            continue;
        rule->seen++;
        if (rule->nth == 0 || rule->nth == rule->seen)
            apply(verdict, rule);
    }
    incload__monitor_unlock(&mock->monitor);
    return recorded ? INCLOAD_OK : incload__fail_memory(err);
}

const incload__mock_rule *
incload__mock_next_answer(incload_mock *mock, const char *text)
{
    const incload__mock_rule *found = NULL;

    incload__monitor_lock(&mock->monitor);
    for (int64_t i = 0; i < mock->rules.count; i++) {
        const incload__mock_rule *rule = mock->rules.items[i];
        bool due = rule->nth == 0 || rule->nth == rule->seen + 1;
        if (rule->kind == INCLOAD__MOCK_ANSWER && due && incload__mock_matches(rule->pattern, text))
            found = rule;
    }
    incload__monitor_unlock(&mock->monitor);
    return found;
}
