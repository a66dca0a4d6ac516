/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/classify.h"

#include <string.h>

static const incload__error_rule standard_rules[] = {
    { "08004", 0, INCLOAD_E_CONNECT, true },
    { "08", 0, INCLOAD_E_CONNECT, true },
    { "0A", 0, INCLOAD_E_UNSUPPORTED, false },
    { "21", 0, INCLOAD_E_DATA, false },
    { "22", 0, INCLOAD_E_DATA, false },
    { "23", 0, INCLOAD_E_CONSTRAINT, false },
    { "25", 0, INCLOAD_E_STATE, false },
    { "28", 0, INCLOAD_E_AUTH, false },
    { "3D", 0, INCLOAD_E_NOT_FOUND, false },
    { "3F", 0, INCLOAD_E_NOT_FOUND, false },
    { "40002", 0, INCLOAD_E_CONSTRAINT, false },
    { "40", 0, INCLOAD_E_CONFLICT, true },
    { "42501", 0, INCLOAD_E_PERMISSION, false },
    { "42S01", 0, INCLOAD_E_EXISTS, false },
    { "42S02", 0, INCLOAD_E_NOT_FOUND, false },
    { "42S22", 0, INCLOAD_E_NOT_FOUND, false },
    { "44", 0, INCLOAD_E_CONSTRAINT, false },
    { "HYT00", 0, INCLOAD_E_TIMEOUT, true },
    { "HYT01", 0, INCLOAD_E_TIMEOUT, true },
    { "HY008", 0, INCLOAD_E_CANCELLED, false },
    { "HY001", 0, INCLOAD_E_NO_MEMORY, false },
    { "HYC00", 0, INCLOAD_E_UNSUPPORTED, false },
    { "IM001", 0, INCLOAD_E_UNSUPPORTED, false },
    { "IM002", 0, INCLOAD_E_INVALID, false }, /* no such data source or driver: the connection string is wrong */
    { "IM", 0, INCLOAD_E_CONNECT, false },
    { NULL, 0, 0, false },
};

static const incload__error_rule *
find(const incload__error_rule *rules, const char *sqlstate, int64_t native_code)
{
    for (const incload__error_rule *rule = rules; rule->code != 0; rule++) {
        bool state_fits = rule->sqlstate == NULL || strncmp(rule->sqlstate, sqlstate, strlen(rule->sqlstate)) == 0;
        bool code_fits = rule->native_code == 0 || rule->native_code == native_code;

        if (state_fits && code_fits)
            return rule;
    }
    return NULL;
}

incload__error_class
incload__classify(const incload__error_rule *rules, const char *sqlstate, int64_t native_code)
{
    const char *state = sqlstate == NULL ? "" : sqlstate;
    const incload__error_rule *rule = find(rules, state, native_code);

    if (rule == NULL)
        rule = find(standard_rules, state, native_code);
    if (rule == NULL)
        return (incload__error_class){ INCLOAD_E_SQL, false };
    return (incload__error_class){ rule->code, rule->retryable };
}
