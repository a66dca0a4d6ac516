/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "driver/mock/mock.h"

#include <unistd.h>

incload_mock *
incload_mock_new(incload_error **err)
{
    INCLOAD_ENTER_NULL(err);

    incload_mock *mock = incload__alloc(INCLOAD__MOCK_MEM, sizeof *mock);
    if (mock == NULL || incload__monitor_init(&mock->monitor) != INCLOAD_OK) {
        incload__free(INCLOAD__MOCK_MEM, mock);
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&mock->refs, 1);
    mock->pid = (int32_t)getpid();
    mock->chunks_end = &mock->chunks;
    return mock;
}

incload_mock *
incload_mock_ref(incload_mock *mock)
{
    if (mock != NULL)
        atomic_fetch_add_explicit(&mock->refs, 1, memory_order_relaxed);
    return mock;
}

static void
free_rules(incload__mock_list *rules)
{
    for (int64_t i = 0; i < rules->count; i++)
        incload__mock_rule_free(rules->items[i]);
    incload__free(INCLOAD__MOCK_MEM, rules->items);
}

static void
mock_free(incload_mock *mock)
{
    free_rules(&mock->rules);
    free_rules(&mock->retired);
    for (int64_t i = 0; i < mock->tables.count; i++)
        incload__mock_table_free(mock->tables.items[i]);
    incload__free(INCLOAD__MOCK_MEM, mock->tables.items);
    incload__mock_history_free(mock);
    /* In a forked child, threads of the parent look as if they still waited, and destroying would wait for them. */
    if (mock->pid == (int32_t)getpid())
        incload__monitor_free(&mock->monitor);
    incload__free(INCLOAD__MOCK_MEM, mock);
}

void
incload_mock_unref(incload_mock *mock)
{
    if (mock != NULL && atomic_fetch_sub_explicit(&mock->refs, 1, memory_order_acq_rel) == 1)
        mock_free(mock);
}

int32_t
incload_mock_strict(incload_mock *mock, int32_t on, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (mock == NULL || (on != 0 && on != 1))
        return incload__fail(err, INCLOAD_E_INVALID, "mock must not be NULL, and on is 1 or 0");

    incload__monitor_lock(&mock->monitor);
    mock->strict = on == 1;
    incload__monitor_unlock(&mock->monitor);
    return INCLOAD_OK;
}
