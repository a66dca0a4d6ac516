/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "canary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
no_canary_in(const char *text, const char *where)
{
    static const char *const canaries[] = { CANARY_PASSWORD, CANARY_VALUE, "correct horse", "correct%20horse",
                                            "battery staple" };

    for (size_t i = 0; text != NULL && i < sizeof canaries / sizeof canaries[0]; i++)
        ck_assert_msg(strstr(text, canaries[i]) == NULL, "%s tells a secret: %s", where, text);
}

void
no_canary(const incload_error *err)
{
    for (; err != NULL; err = incload_error_cause(err)) {
        no_canary_in(incload_error_message(err), "the message");
        no_canary_in(incload_error_step(err), "the step");
        no_canary_in(incload_error_unit(err), "the unit");
        no_canary_in(incload_error_sqlstate(err), "the sqlstate");
        for (int32_t i = 0; i < incload_error_detail_count(err); i++) {
            no_canary_in(incload_error_detail_key(err, i), "a detail's key");
            no_canary_in(incload_error_detail_value(err, i), "a detail");
        }
    }
}

void
no_canary_in_events(incload_context *context)
{
    incload_event *event;

    while ((event = incload_context_next_event(context, 0, NULL)) != NULL) {
        no_canary_in(incload_event_message(event), "an event's message");
        no_canary_in(incload_event_step(event), "an event's step");
        no_canary_in(incload_event_unit(event), "an event's unit");
        incload_event_unref(event);
    }
}

void
refused_with(incload_error *err, int32_t code, const char *words)
{
    no_canary(err);
    ck_assert_msg(incload_error_code(err) == code, "%s instead of %s: %s", incload_error_name(err),
                  incload_status_name(code), incload_error_message(err));
    ck_assert_ptr_null(strchr(incload_error_message(err), '\n'));
    expect_words(incload_error_message(err), words);
    incload_error_unref(err);
}

/* What a host would do next with such a database, each with an error of its own. */
static void
load_from(const char *url, const char *options, int32_t code, const char *words)
{
    incload_error *err = NULL;
    incload_context *context = incload_context_new(NULL, &err);
    incload_database *source = incload_database_new_in(context, url, options, &err);
    incload_database *target = incload_database_new_in(context, "odbc:Driver=SQLite3;Database=:memory:", NULL, &err);
    incload_strategy *how = incload_strategy_new_in(context, "append", NULL, &err);
    incload_step *step = incload_step_new_load(source, "orders", target, "orders", how, &err);
    incload_run *run = incload_step_run(step, "retries=0", &err);

    no_canary_in_events(context);
    refused_with(err, code, words);
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_context_unref(context);
}

void
url_refused(const char *url, const char *options, int32_t code, const char *words)
{
    incload_error *err = NULL;
    struct ArrowArrayStream stream = { 0 };
    incload_database *database = incload_database_new(url, options, &err);

    incload_database_check(database, &err);
    refused_with(err, code, words);
    if (database != NULL) {
        err = NULL;
        incload_database_query(database, "SELECT 1", &stream, &err);
        refused_with(err, code, words);
    }
    incload_database_unref(database);
    load_from(url, options, code, words);
}

const char *
replaced(const char *text, const char *part, const char *by)
{
    static char texts[4][1024];
    static int32_t next;
    char *out = texts[next++ % 4];
    const char *at = strstr(text, part);

    ck_assert_msg(at != NULL, "'%s' is not in '%s'", part, text);
    snprintf(out, sizeof texts[0], "%.*s%s%s", (int)(at - text), text, by, at + strlen(part));
    return out;
}

const char *
variable(const char *name)
{
    const char *value = getenv(name);

    ck_assert_msg(value != NULL, "%s is not set: run the tests by tests/run.sh", name);
    return value;
}
