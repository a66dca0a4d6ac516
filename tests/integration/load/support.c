/* SPDX-License-Identifier: Apache-2.0 */
/* Loads as the tests write them, and small things. */
#define _GNU_SOURCE
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *
target_of(const load *what)
{
    return what->target != NULL ? what->target : what->table;
}

incload_step *
load_step(const load *what, incload_error **err)
{
    incload_strategy *how = incload_strategy_new(what->preset != NULL ? what->preset : "timestamp", what->options, err);
    incload_step *step;

    if (what->query != NULL)
        step = incload_step_new_query_load(what->from.db, what->query, what->to.db, target_of(what), how, err);
    else
        step = incload_step_new_load(what->from.db, what->table, what->to.db, target_of(what), how, err);
    incload_strategy_unref(how);
    if (what->name != NULL)
        incload_step_set(step, "name", what->name, err);
    for (int32_t i = 0; what->bound != NULL && what->bound[i] != NULL; i++)
        incload_step_bind(step, i + 1, what->bound[i], err);
    if (what->function != NULL)
        incload_step_set_batch_function(step, what->function, what->user_data, what->destroy, err);
    return step;
}

incload_run *
load_run(const load *what, incload_error **err)
{
    incload_step *step = load_step(what, err);
    incload_run *run = incload_step_run(step, what->run, err);

    incload_step_unref(step);
    return run;
}

incload_run *
load_ok(const load *what)
{
    incload_error *err = NULL;
    incload_run *run = load_run(what, &err);

    ck_assert_msg(err == NULL, "%s to %s: %s: %s", kind_names[what->from.kind], kind_names[what->to.kind],
                  incload_error_name(err), incload_error_message(err));
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_SUCCESS);
    ck_assert_int_eq(incload_run_rows_read(run), incload_run_rows_written(run) + incload_run_rows_skipped(run));
    return run;
}

void
load_counts(const load *what, int64_t read, int64_t written)
{
    incload_run *run = load_ok(what);
    /* Where rows are told by their transaction, what was loaded before does not come again to be compared. */
    bool by_transaction = strcmp(incload_run_level(run), "BEST_EFFORT") != 0
                          && (what->from.kind == POSTGRES || what->from.kind == PG_ODBC) && what->query == NULL;
    int64_t least = by_transaction ? written : read;
    /* MariaDB lists the transactions of the whole server: those of others make a load look further back. */
    int64_t most = what->from.kind == MARIADB ? INT64_MAX : read;

    ck_assert_msg(incload_run_rows_read(run) >= least && incload_run_rows_read(run) <= most
                      && incload_run_rows_written(run) == written,
                  "%s to %s: %lld read, %lld written instead of %lld, %lld", kind_names[what->from.kind],
                  kind_names[what->to.kind], (long long)incload_run_rows_read(run),
                  (long long)incload_run_rows_written(run), (long long)read, (long long)written);
    incload_run_unref(run);
}

void
expect_words(const char *text, const char *words)
{
    char *list = strdup(words), *rest = NULL;

    for (char *word = strtok_r(list, "|", &rest); word != NULL; word = strtok_r(NULL, "|", &rest))
        ck_assert_msg(strstr(text, word) != NULL, "'%s' does not say '%s'", text, word);
    free(list);
}

void
await_written(const incload_run *run, int64_t rows)
{
    enum { PATIENCE_MS = 30000, LOOK_AGAIN_MS = 5 };
    int64_t until = now_ms() + PATIENCE_MS;

    while (incload_run_rows_written(run) < rows) {
        ck_assert_msg(now_ms() < until, "%d rows of %d were told", (int)incload_run_rows_written(run), (int)rows);
        pause_ms(LOOK_AGAIN_MS);
    }
    ck_assert_int_eq(incload_run_rows_written(run), rows);
}

void
load_fails(const load *what, int32_t code, const char *words)
{
    incload_error *err = NULL;
    incload_run *run = load_run(what, &err);

    ck_assert_msg(err != NULL, "%s to %s: the load should fail with %s (%s)", kind_names[what->from.kind],
                  kind_names[what->to.kind], incload_status_name(code), words);
    ck_assert_msg(incload_error_code(err) == code, "%s to %s: %s instead of %s: %s", kind_names[what->from.kind],
                  kind_names[what->to.kind], incload_error_name(err), incload_status_name(code),
                  incload_error_message(err));
    expect_words(incload_error_message(err), words);
    if (run != NULL) {
        ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_FAILED);
        ck_assert_int_eq(incload_run_rows_written(run), 0);
    }
    incload_error_unref(err);
    incload_run_unref(run);
}

scene
scene_begin(const char *name, int32_t route, const char *columns, const char *key, const char *options)
{
    scene s;

    route_open(route, &s.from, &s.to);
    ck_assert_int_gt(asprintf(&s.source, "%s_%d", name, (int)route), 0);
    ck_assert_int_gt(asprintf(&s.target, "%s_copy_%d", name, (int)route), 0);
    table_make(s.from, s.source, columns, key);
    table_drop(s.to, s.target);
    s.what = (load){ .from = s.from, .to = s.to, .table = s.source, .target = s.target, .options = options };
    return s;
}

void
scene_end(scene *s)
{
    table_drop(s->from, s->source);
    table_drop(s->to, s->target);
    route_close(s->from, s->to);
    free(s->source);
    free(s->target);
}

int64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
pause_ms(int64_t ms)
{
    struct timespec rest = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

    while (nanosleep(&rest, &rest) != 0)
        ;
}

/* splitmix64 */
uint64_t
draw(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
