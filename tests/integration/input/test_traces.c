/* SPDX-License-Identifier: Apache-2.0 */
/* What loads leave behind, when they fail and when they succeed: plans, reports, history and the ledger's tables tell
 * neither the password they came in with nor a value of a row. The table of rejects alone holds rows, on purpose. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canary.h"

static scene s;
static incload_context *context;

/* A server that asks for no password takes any. MariaDB checks what it is given, so it gets none. */
static place
open_with_password(kind which, int32_t number)
{
    incload_error *err = NULL;
    const char *url = place_url(which, number);
    char with[1024];

    if (which == POSTGRES)
        snprintf(with, sizeof with, "%s%cpassword=" CANARY_PASSWORD, url, strchr(url, '?') != NULL ? '&' : '?');
    else
        snprintf(with, sizeof with, "%s%s", url, which == MARIADB ? "" : ";PWD=" CANARY_PASSWORD);
    place at = { which, incload_database_new_in(context, with, NULL, &err) };
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    return at;
}

static void
begin(const char *name, int kind_number)
{
    context = incload_context_new(NULL, NULL);
    s = scene_begin(name, PAIRS + kind_number, "id:i at:t item:s", "id", "cursor=at key=id");
    place_close(s.from);
    place_close(s.to);
    s.what.from = s.from = open_with_password((kind)kind_number, 0);
    s.what.to = s.to = open_with_password((kind)kind_number, 1);
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:05', '" CANARY_VALUE "'), (2, '2024-03-01 10:00:06', 'tea')");
    table_drop(s.to, s.target);
}

static void
end(void)
{
    no_canary_in_events(context);
    table_drop(s.to, s.target);
    s.what.to = s.to;
    scene_end(&s);
    incload_context_unref(context);
}

/* ---- what is left ---- */

typedef struct text {
    char *data;
    size_t size;
} text;

static int32_t
keep(const char *bytes, size_t size, void *data)
{
    text *all = data;

    all->data = realloc(all->data, all->size + size + 1);
    ck_assert_ptr_nonnull(all->data);
    memcpy(all->data + all->size, bytes, size);
    all->size += size;
    all->data[all->size] = '\0';
    return INCLOAD_DONE;
}

static void
no_canary_in_reports(const incload_run *run)
{
    static const char *const formats[] = { "html", "dot", "mermaid", "gantt", "trace", "openlineage" };

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        incload_error *err = NULL;
        text all = { NULL, 0 };
        incload_run_report(run, formats[i], NULL, keep, &all, &err);
        ck_assert_msg(err == NULL, "%s: %s", formats[i], incload_error_message(err));
        ck_assert_uint_gt(all.size, 0);
        no_canary_in(all.data, formats[i]);
        free(all.data);
    }
}

static void
no_canary_in_ledger(void)
{
    static const char *const tables[] = {
        "meta",   "watermark", "watermark_history", "run",    "lease",   "lease_beat", "loaded_columns", "object",
        "pipeline_run", "run_key", "unit", "step", "worker", "applied", "coverage", "rate_limit",
    };
    bool schema = s.to.kind == POSTGRES || s.to.kind == PG_ODBC;
    int32_t rows = 0;

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        incload_error *err = NULL;
        char name[64];
        snprintf(name, sizeof name, "incload%c%s", schema ? '.' : '_', tables[i]);
        /* Some are made when they are needed. */
        struct ArrowArrayStream stream = { 0 };
        char query[128];
        snprintf(query, sizeof query, "SELECT 1 FROM %s", name);
        incload_database_query(s.to.db, query, &stream, &err);
        if (stream.release != NULL)
            stream.release(&stream);
        bool there = incload_error_code(err) != INCLOAD_E_NOT_FOUND;
        incload_error_unref(err);
        if (!there)
            continue;
        char *all = ask(s.to, "SELECT * FROM %s", name);
        no_canary_in(all, name);
        rows += all[0] != '\0';
        free(all);
    }
    ck_assert_int_ge(rows, 2);
    char *rejects = ask(s.to, "SELECT * FROM incload%creject", schema ? '.' : '_');
    ck_assert_ptr_nonnull(strstr(rejects, CANARY_VALUE));
    free(rejects);
}

static void
no_canary_in_plan(void)
{
    incload_error *err = NULL;
    incload_step *step = load_step(&s.what, &err);
    incload_plan *plan = incload_step_plan(step, &err);

    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    no_canary_in(incload_plan_text(plan), "the plan");
    no_canary_in(incload_plan_json(plan), "the plan as JSON");
    incload_plan_unref(plan);
    incload_step_unref(step);
}

static void
run_and_look(int32_t code)
{
    incload_error *err = NULL;
    incload_run *run = load_run(&s.what, &err);

    no_canary(err);
    ck_assert_msg(incload_error_code(err) == code, "%s", incload_error_message(err));
    no_canary_in_reports(run);
    no_canary_in_events(context);
    incload_run_unref(run);
    incload_error_unref(err);
}

/* ---- the loads ---- */

static const char *const timestamps[] = { "timestamp", "datetime(6)", "text", "timestamp" };

static int32_t
refuse_batch(incload_unit *unit, incload_batch *batch, void *data)
{
    (void)unit;
    (void)batch;
    (void)data;
    return 0;
}

START_TEST(nothing_that_loads_leave_tells_a_password_or_a_row)
{
    begin("traces", _i);
    sql(s.to, "CREATE TABLE %s (id bigint PRIMARY KEY, at %s, item varchar(40) CHECK (length(item) < 5))", s.target,
        timestamps[_i]);
    no_canary_in_plan();
    run_and_look(INCLOAD_E_CONSTRAINT);

    s.what.function = refuse_batch;
    run_and_look(INCLOAD_E_CALLBACK);
    s.what.function = NULL;

    s.what.options = "cursor=at key=id bad_rows=reject";
    run_and_look(INCLOAD_OK);
    ck_assert_int_eq(ask_number(s.to, "SELECT count(*) FROM %s", s.target), 1);

    table_drop(s.to, s.target);
    sql(s.to, "CREATE TABLE %s (id bigint PRIMARY KEY, at %s, item text)", s.target, timestamps[_i]);
    s.what.name = named("traces_whole", _i);
    s.what.options = "cursor=at key=id";
    run_and_look(INCLOAD_OK);
    ck_assert_int_eq(ask_number(s.to, "SELECT count(*) FROM %s WHERE item = '" CANARY_VALUE "'", s.target), 1);
    no_canary_in_plan();
    no_canary_in_ledger();
    end();
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, nothing_that_loads_leave_tells_a_password_or_a_row, 0, KINDS);
}

int
main(void)
{
    return run_tests("input_traces", 120, add_tests);
}
