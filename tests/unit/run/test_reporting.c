/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs, reports and progress through the public interface, of runs of functions: what is written, when it is refused,
 * and what a run remembers. */
#include <incload/incload.h>

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

/* ---- what is written ---- */

typedef struct text {
    char *bytes;
    size_t size;
    size_t calls;
    size_t most_calls; /* after so many it fails; 0: never */
} text;

static int32_t
keep(const char *bytes, size_t size, void *data)
{
    text *to = data;

    if (to->most_calls > 0 && to->calls == to->most_calls)
        return 0;
    to->calls++;
    to->bytes = realloc(to->bytes, to->size + size + 1);
    memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
    to->bytes[to->size] = '\0';
    return INCLOAD_DONE;
}

static void
clear(text *t)
{
    free(t->bytes);
    *t = (text){ 0 };
}

static void
has(const text *t, const char *words)
{
    ck_assert_msg(t->bytes != NULL && strstr(t->bytes, words) != NULL, "no '%s' in %s", words,
                  t->bytes != NULL ? t->bytes : "nothing");
}

static void
has_not(const text *t, const char *words)
{
    ck_assert_msg(t->bytes != NULL && strstr(t->bytes, words) == NULL, "'%s' in %s", words, t->bytes);
}

static int
count_of(const text *t, const char *words)
{
    int count = 0;

    for (const char *at = t->bytes; at != NULL && (at = strstr(at, words)) != NULL; at += strlen(words))
        count++;
    return count;
}

static void
refused(incload_error **err, int32_t code, const char *words)
{
    ck_assert_msg(incload_error_code(*err) == code, "%s: %s", incload_error_name(*err), incload_error_message(*err));
    ck_assert_msg(strstr(incload_error_message(*err), words) != NULL, "%s", incload_error_message(*err));
    incload_error_unref(*err);
    *err = NULL;
}

/* ---- runs ---- */

static int32_t
succeed(incload_unit *unit, void *data)
{
    (void)unit;
    (void)data;
    return INCLOAD_DONE;
}

static int32_t
always_fail(incload_unit *unit, void *data)
{
    (void)data;
    return incload_unit_fail(unit, "no such file");
}

/* Signals that it is at work, and waits until it may end. */
typedef struct gate {
    sem_t begun;
    sem_t open;
} gate;

static int32_t
wait_at_gate(incload_unit *unit, void *data)
{
    gate *g = data;

    (void)unit;
    sem_post(&g->begun);
    sem_wait(&g->open);
    return INCLOAD_DONE;
}

static void
add(incload_pipeline *pipeline, const char *name, const char *after, incload_unit_fn work, void *data)
{
    incload_error *err = NULL;
    incload_step *step = incload_step_new_function(work, data, NULL, &err);

    incload_pipeline_add(pipeline, name, step, after, &err);
    incload_step_unref(step);
    ck_assert_ptr_null(err);
}

static incload_run *
run_days(incload_unit_fn work, const char *options)
{
    incload_step *days = incload_step_new_backfill("2024-01-01", "2024-01-31", options, work, NULL, NULL, NULL);
    incload_run *run = incload_step_run(days, NULL, NULL);

    ck_assert_ptr_nonnull(run);
    incload_step_unref(days);
    return run;
}

/* ---- graphs ---- */

START_TEST(a_pipeline_is_drawn_before_it_has_run_and_without_statuses)
{
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new("nightly", NULL, &err);
    text t = { 0 };

    add(pipeline, "orders", NULL, succeed, NULL);
    add(pipeline, "report", "orders", succeed, NULL);
    add(pipeline, "last", NULL, succeed, NULL);
    incload_pipeline_set(pipeline, "last", "finish", "true", &err);
    ck_assert_int_eq(incload_pipeline_render(pipeline, "mermaid", NULL, keep, &t, &err), INCLOAD_OK);
    has(&t, "flowchart LR\n");
    has(&t, "\"orders<br/>function\"");
    has(&t, " n0 --> n1\n");
    /* It waits for all, and the last of them stands for those before. */
    has(&t, " n1 -->|\"at the very end\"| n2\n");
    has_not(&t, "PENDING");
    clear(&t);
    /* It can be changed after it was drawn. */
    add(pipeline, "mail", "report", succeed, NULL);
    ck_assert_int_eq(incload_pipeline_render(pipeline, "dot", NULL, keep, &t, &err), INCLOAD_OK);
    has(&t, "digraph run {");
    has(&t, "label=\"mail\\nfunction\"");
    clear(&t);
    incload_pipeline_unref(pipeline);
}
END_TEST

START_TEST(a_pipeline_that_is_wrong_is_not_drawn_but_told)
{
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new("nightly", NULL, &err);
    text t = { 0 };

    add(pipeline, "orders", "report", succeed, NULL);
    add(pipeline, "report", "orders", succeed, NULL);
    incload_pipeline_render(pipeline, "dot", NULL, keep, &t, &err);
    refused(&err, INCLOAD_E_INVALID, "orders");
    incload_pipeline_render(pipeline, "html", NULL, keep, &t, &err);
    refused(&err, INCLOAD_E_INVALID, "a pipeline is written as dot or mermaid, not as 'html'");
    ck_assert_uint_eq(t.calls, 0);
    incload_pipeline_unref(pipeline);
}
END_TEST

/* ---- reports ---- */

static const char *const formats[] = { "html", "dot", "mermaid", "gantt", "trace", "openlineage" };
enum { FORMATS = sizeof formats / sizeof formats[0] };

START_TEST(a_run_is_told_in_every_format)
{
    static const char *const words[FORMATS] = {
        "</html>", "31/31 units", "31/31 units", "2024-01-31 :done", "\"name\":\"2024-01-31\"", "\"COMPLETE\"",
    };
    incload_run *run = run_days(succeed, "parallel=2");
    incload_error *err = NULL;
    text t = { 0 };

    ck_assert_int_eq(incload_run_report(run, formats[_i], NULL, keep, &t, &err), INCLOAD_OK);
    has(&t, words[_i]);
    clear(&t);
    incload_run_unref(run);
}
END_TEST

START_TEST(what_cannot_be_told_is_refused_with_its_name)
{
    incload_run *run = run_days(succeed, NULL);
    incload_error *err = NULL;
    text t = { 0 };

    incload_run_report(run, "pdf", NULL, keep, &t, &err);
    refused(&err, INCLOAD_E_INVALID, "there is no report format 'pdf': take html, dot");
    incload_run_report(run, "html", "units=3", keep, &t, &err);
    refused(&err, INCLOAD_E_UNKNOWN_OPTION, "a report has no option 'units'");
    incload_run_report(run, NULL, NULL, keep, &t, &err);
    refused(&err, INCLOAD_E_INVALID, "report format");
    ck_assert_uint_eq(t.calls, 0);
    t.most_calls = 1;
    ck_assert_int_eq(incload_run_report(run, "openlineage", NULL, keep, &t, &err), INCLOAD_E_CALLBACK);
    refused(&err, INCLOAD_E_CALLBACK, "the host's function");
    clear(&t);
    incload_run_unref(run);
}
END_TEST

START_TEST(options_bound_what_is_listed)
{
    incload_run *run = run_days(succeed, NULL);
    text t = { 0 };

    ck_assert_int_eq(incload_run_report(run, "trace", "max_units=5", keep, &t, NULL), INCLOAD_OK);
    ck_assert_int_eq(count_of(&t, "\"attempt\":1"), 5);
    clear(&t);
    incload_run_unref(run);
}
END_TEST

START_TEST(a_run_that_goes_on_is_told_as_it_stands)
{
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new("nightly", NULL, &err);
    text t = { 0 };
    gate g;

    sem_init(&g.begun, 0, 0);
    sem_init(&g.open, 0, 0);
    add(pipeline, "orders", NULL, wait_at_gate, &g);
    add(pipeline, "report", "orders", succeed, NULL);
    incload_run *run = incload_pipeline_start(pipeline, NULL, &err);
    sem_wait(&g.begun);
    ck_assert_int_eq(incload_run_report(run, "mermaid", NULL, keep, &t, &err), INCLOAD_OK);
    has(&t, "\xe2\x96\xb6 orders");
    has(&t, "\xe2\x97\x8b report");
    has(&t, "WAITING#95;DEPS");
    clear(&t);
    ck_assert_int_eq(incload_run_report(run, "openlineage", NULL, keep, &t, &err), INCLOAD_OK);
    ck_assert_int_eq(count_of(&t, "\"START\""), 3);
    ck_assert_int_eq(count_of(&t, "\n"), 3);
    clear(&t);
    sem_post(&g.open);
    ck_assert_int_eq(incload_run_wait(run, -1, &err), INCLOAD_OK);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
    sem_destroy(&g.begun);
    sem_destroy(&g.open);
}
END_TEST

static int32_t
report_from_within(incload_unit *unit, void *data)
{
    incload_error *err = NULL;
    incload_run **run = data;
    text t = { 0 };

    (void)unit;
    int32_t status = incload_run_report(*run, "html", NULL, keep, &t, &err);
    bool told = t.bytes != NULL && strstr(t.bytes, "RUNNING") != NULL;
    clear(&t);
    incload_error_unref(err);
    return status == INCLOAD_OK && told ? INCLOAD_DONE : 0;
}

START_TEST(a_function_may_ask_for_the_report_of_its_own_run)
{
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new("nightly", NULL, &err);
    incload_run *run = NULL;

    add(pipeline, "orders", NULL, report_from_within, &run);
    run = incload_pipeline_start(pipeline, "paused=true", &err);
    incload_run_continue(run);
    ck_assert_msg(incload_run_wait(run, -1, &err) == INCLOAD_OK, "%s", incload_error_message(err));
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
}
END_TEST

static int32_t
add_a_step(incload_unit *unit, void *data)
{
    incload_step *step = incload_step_new_function(succeed, NULL, NULL, NULL);
    int32_t status = incload_unit_add_step(unit, "added", step, "report", NULL);

    (void)data;
    incload_step_unref(step);
    return status == INCLOAD_OK ? INCLOAD_SHORT_CIRCUIT : 0;
}

START_TEST(added_steps_and_closed_branches_are_drawn)
{
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new("nightly", NULL, &err);
    text t = { 0 };

    add(pipeline, "look", NULL, add_a_step, NULL);
    add(pipeline, "report", "look", succeed, NULL);
    incload_run *run = incload_pipeline_run(pipeline, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_run_report(run, "mermaid", NULL, keep, &t, &err), INCLOAD_OK);
    has(&t, "added<br/>function");
    ck_assert_int_eq(count_of(&t, " -.-> "), 1);
    ck_assert_int_eq(count_of(&t, "> n"), 3);
    clear(&t);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
}
END_TEST

START_TEST(what_failed_is_named_with_what_to_call_next)
{
    incload_run *run = run_days(always_fail, "retries=1 retry_delay=1ms");
    text t = { 0 };

    ck_assert_int_eq(incload_run_report(run, "html", NULL, keep, &t, NULL), INCLOAD_OK);
    ck_assert_int_eq(count_of(&t, "<td class=\"n\">2</td><td><bdi>ERROR</bdi></td>"), 31);
    has(&t, "no such file");
    has(&t, "incload_step_run(backfill, NULL, &#38;err)");
    clear(&t);
    incload_run_unref(run);
}
END_TEST

START_TEST(units_that_the_host_pulled_are_remembered)
{
    incload_error *err = NULL;
    incload_step *days = incload_step_new_backfill("2024-01-01", "2024-01-03", NULL, NULL, NULL, NULL, &err);
    incload_run *run = incload_step_start(days, "parallel=0", &err);
    text t = { 0 };

    for (incload_unit *unit; (unit = incload_run_next_unit(run, -1, &err)) != NULL;)
        incload_unit_complete(unit, INCLOAD_DONE, &err);
    ck_assert_int_eq(incload_run_wait(run, -1, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_run_report(run, "trace", NULL, keep, &t, &err), INCLOAD_OK);
    ck_assert_int_eq(count_of(&t, "\"attempt\":1"), 3);
    clear(&t);
    incload_run_unref(run);
    incload_step_unref(days);
}
END_TEST

/* ---- files ---- */

static char folder[64];

static const char *
in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void
make_folder(void)
{
    strcpy(folder, "/tmp/incload-report-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

START_TEST(a_report_in_a_file_replaces_the_one_before)
{
    incload_run *run = run_days(succeed, NULL);
    incload_error *err = NULL;
    struct stat there;

    make_folder();
    ck_assert_int_eq(incload_run_report_file(run, "dot", NULL, in_folder("run.html"), &err), INCLOAD_OK);
    ck_assert_int_eq(incload_run_report_file(run, "html", NULL, in_folder("run.html"), &err), INCLOAD_OK);
    ck_assert_int_eq(stat(in_folder("run.html"), &there), 0);
    ck_assert_int_gt((int)there.st_size, 5000);
    ck_assert_int_eq(unlink(in_folder("run.html")), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    incload_run_unref(run);
}
END_TEST

START_TEST(what_is_no_plain_file_is_refused_and_stays)
{
    incload_run *run = run_days(succeed, NULL);
    incload_error *err = NULL;
    struct stat there;

    make_folder();
    incload_run_report_file(run, "html", NULL, folder, &err);
    refused(&err, INCLOAD_E_INVALID, "it is a folder: add the name of a file");
    incload_run_report_file(run, "html", NULL, in_folder("no/such"), &err);
    refused(&err, INCLOAD_E_NOT_FOUND, "there is no such folder");
    ck_assert_int_eq(mkfifo(in_folder("pipe"), 0600), 0);
    incload_run_report_file(run, "html", NULL, in_folder("pipe"), &err);
    refused(&err, INCLOAD_E_INVALID, "it is no plain file");
    ck_assert_int_eq(stat(in_folder("pipe"), &there), 0);
    ck_assert(S_ISFIFO(there.st_mode));
    ck_assert_int_eq(unlink(in_folder("pipe")), 0);
    incload_run_report_file(run, "html", NULL, "", &err);
    refused(&err, INCLOAD_E_INVALID, "path");
    /* Nothing half was left. */
    ck_assert_int_eq(rmdir(folder), 0);
    incload_run_unref(run);
}
END_TEST

/* ---- what a run remembers ---- */

enum { MANY = 60000, ODD_ONES = 600 };

static int32_t
fail_now_and_then(incload_unit *unit, void *data)
{
    long number = strtol(incload_unit_label(unit), NULL, 10);

    (void)data;
    return number % (MANY / ODD_ONES) == 0 ? incload_unit_fail(unit, "odd") : INCLOAD_DONE;
}

START_TEST(of_many_units_all_are_counted_and_those_that_failed_are_listed)
{
    incload_error *err = NULL;
    incload_step *chunks =
        incload_step_new_backfill_between("0", "60000", "step=1 parallel=2", fail_now_and_then, NULL, NULL, &err);
    incload_run *run = incload_step_run(chunks, NULL, NULL);
    text t = { 0 };

    ck_assert_ptr_nonnull(run);
    ck_assert_int_eq(incload_run_report(run, "trace", NULL, keep, &t, &err), INCLOAD_OK);
    ck_assert_int_eq(count_of(&t, "\"cat\":\"FAILED\",\"args\":{\"status\":\"FAILED\",\"reason\":\"ERROR\",\"step\""),
                     ODD_ONES);
    int listed = count_of(&t, "\"attempt\":1");
    ck_assert_int_gt(listed, 10000);
    ck_assert_int_le(listed, 20000);
    clear(&t);
    ck_assert_int_eq(incload_run_report(run, "html", NULL, keep, &t, &err), INCLOAD_OK);
    has(&t, "Units (60000)");
    has(&t, "59400 SUCCESS");
    has(&t, "600 FAILED");
    has(&t, "units are counted and not listed");
    has(&t, " attempts of units are drawn");
    /* A cell of the strip stands for 40 units: each has one that is kept, and two of five one that failed. */
    ck_assert_int_eq(count_of(&t, "<g class=\"s3\" data-label"), 900);
    ck_assert_int_eq(count_of(&t, "<g class=\"s4\" data-label"), 600);
    has_not(&t, "<g class=\"s1\" data-label");
    clear(&t);
    incload_run_unref(run);
    incload_step_unref(chunks);
}
END_TEST

/* Memory that is held, by all that is made in one context. */
typedef struct lender {
    _Atomic int64_t held;
    _Atomic int64_t most;
} lender;

static void
count(lender *from, int64_t bytes)
{
    int64_t held = atomic_fetch_add(&from->held, bytes) + bytes;

    if (held > atomic_load(&from->most))
        atomic_store(&from->most, held);
}

static void *
lend_more(void *block, size_t size, void *data)
{
    int64_t *old = block != NULL ? (int64_t *)block - 2 : NULL;

    count(data, (int64_t)size - (old != NULL ? old[0] : 0));
    int64_t *made = realloc(old, size + 16);
    ck_assert_ptr_nonnull(made);
    made[0] = (int64_t)size;
    return made + 2;
}

static void *
lend(size_t size, void *data)
{
    return lend_more(NULL, size, data);
}

static void
take_back(void *block, void *data)
{
    int64_t *old = block != NULL ? (int64_t *)block - 2 : NULL;

    count(data, old != NULL ? -old[0] : 0);
    free(old);
}

static int64_t
held_after(int32_t units)
{
    static const incload_allocator allocator = {
        .struct_size = sizeof allocator, .allocate = lend, .reallocate = lend_more, .release = take_back
    };
    lender from = { 0 };
    char to[16];
    incload_error *err = NULL;
    incload_context *context = incload_context_new("events=0", &err);

    snprintf(to, sizeof to, "%d", units);
    incload_context_set_allocator(context, &allocator, &from, NULL, &err);
    incload_step *chunks = incload_step_new_backfill_between("0", to, "step=1 parallel=1", succeed, NULL, NULL, &err);
    incload_step_set_context(chunks, context, &err);
    incload_run *run = incload_step_run(chunks, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    int64_t most = atomic_load(&from.most);
    incload_run_unref(run);
    incload_step_unref(chunks);
    incload_context_unref(context);
    ck_assert_int_eq((int)atomic_load(&from.held), 0);
    return most;
}

START_TEST(memory_does_not_grow_with_the_units_past_those_that_are_kept)
{
    int64_t some = held_after(30000), more = held_after(90000);

    ck_assert_msg(more - some < 120000, "%lld bytes for 30,000 units, %lld for 90,000", (long long)some,
                  (long long)more);
    ck_assert_msg(some < 5000000, "%lld bytes for 30,000 units", (long long)some);
}
END_TEST

/* ---- memory that is not there ---- */

typedef struct scarce {
    _Atomic int64_t left;
    _Atomic int64_t held;
} scarce;

static void *
scarce_reallocate(void *block, size_t size, void *data)
{
    scarce *s = data;

    if (atomic_fetch_sub(&s->left, 1) == 1)
        return NULL;
    atomic_fetch_add(&s->held, block == NULL ? 1 : 0);
    return realloc(block, size);
}

static void *
scarce_allocate(size_t size, void *data)
{
    return scarce_reallocate(NULL, size, data);
}

static void
scarce_release(void *block, void *data)
{
    scarce *s = data;

    atomic_fetch_sub(&s->held, block != NULL ? 1 : 0);
    free(block);
}

START_TEST(every_allocation_of_a_report_that_fails_is_told_and_nothing_is_lost)
{
    static const incload_allocator allocator = { .struct_size = sizeof allocator,
                                                 .allocate = scarce_allocate,
                                                 .reallocate = scarce_reallocate,
                                                 .release = scarce_release };
    scarce s = { 0 };
    incload_error *err = NULL;
    incload_context *context = incload_context_new("events=0", &err);
    incload_context_set_allocator(context, &allocator, &s, NULL, &err);
    incload_pipeline *pipeline = incload_pipeline_new("nightly", context, &err);
    incload_step *days = incload_step_new_backfill("2024-01-01", "2024-01-03", NULL, always_fail, NULL, NULL, &err);
    int64_t number = 1;
    bool whole = false;

    incload_pipeline_add(pipeline, "days", days, NULL, &err);
    add(pipeline, "report", "days", succeed, NULL);
    add(pipeline, "clean", NULL, succeed, NULL);
    incload_pipeline_set(pipeline, "clean", "cleanup_of", "days", &err);
    incload_run *run = incload_pipeline_run(pipeline, NULL, NULL);
    ck_assert_ptr_nonnull(run);
    int64_t held = atomic_load(&s.held);
    for (; number < 2000 && !whole; number++) {
        text t = { 0 };
        atomic_store(&s.left, number);
        int32_t status = incload_run_report(run, formats[_i], NULL, keep, &t, &err);
        whole = atomic_load(&s.left) > 0;
        ck_assert_msg(status == (whole ? INCLOAD_OK : INCLOAD_E_NO_MEMORY), "%lld: %d", (long long)number, status);
        ck_assert_int_eq((int)atomic_load(&s.held), (int)held);
        incload_error_unref(err);
        err = NULL;
        clear(&t);
    }
    ck_assert(whole);
    ck_assert_int_gt((int)number, 20);
    incload_run_unref(run);
    incload_step_unref(days);
    incload_pipeline_unref(pipeline);
    incload_context_unref(context);
    ck_assert_int_eq((int)atomic_load(&s.held), 0);
}
END_TEST

/* ---- progress ---- */

START_TEST(watching_tells_each_unit_and_ends_as_the_run_does)
{
    incload_error *err = NULL;
    incload_step *days = incload_step_new_backfill("2024-01-01", "2024-01-31", NULL, always_fail, NULL, NULL, &err);
    incload_run *run = incload_step_start(days, NULL, &err);
    text t = { 0 };

    int32_t status = incload_run_watch(run, NULL, keep, &t, &err);
    ck_assert_int_eq(status, INCLOAD_E_CALLBACK);
    refused(&err, INCLOAD_E_CALLBACK, "31 of 31 units failed");
    ck_assert_int_eq(count_of(&t, "\xe2\x9c\x97 FAILED "), 31);
    has(&t, "31/31 \xc2\xb7 0 running \xc2\xb7 31 failed");
    clear(&t);
    incload_run_unref(run);
    incload_step_unref(days);
}
END_TEST

START_TEST(a_bar_is_as_wide_as_it_may_be)
{
    incload_run *run = run_days(succeed, NULL);
    text t = { 0 };

    ck_assert_int_eq(incload_run_watch(run, "form=bar width=20", keep, &t, NULL), INCLOAD_OK);
    has(&t, "\r\xe2\x96\xb0");
    has_not(&t, "running");
    clear(&t);
    ck_assert_int_eq(incload_run_watch(run, "form=bar width=100", keep, &t, NULL), INCLOAD_OK);
    has(&t, "31/31 \xc2\xb7 0 running");
    clear(&t);
    incload_run_unref(run);
}
END_TEST

START_TEST(a_run_goes_on_when_its_watcher_fails)
{
    incload_error *err = NULL;
    text t = { .most_calls = 1 };
    gate g;

    sem_init(&g.begun, 0, 0);
    sem_init(&g.open, 0, 0);
    incload_step *two =
        incload_step_new_backfill("2024-01-01", "2024-01-02", "parallel=1", wait_at_gate, &g, NULL, &err);
    incload_run *run = incload_step_start(two, NULL, &err);
    sem_wait(&g.begun);
    ck_assert_int_eq(incload_run_watch(run, "form=bar every=1ms", keep, &t, &err), INCLOAD_E_CALLBACK);
    refused(&err, INCLOAD_E_CALLBACK, "the host's function");
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_RUNNING);
    sem_post(&g.open);
    sem_post(&g.open);
    ck_assert_int_eq(incload_run_wait(run, -1, &err), INCLOAD_OK);
    clear(&t);
    incload_run_unref(run);
    incload_step_unref(two);
    sem_destroy(&g.begun);
    sem_destroy(&g.open);
}
END_TEST

static void
add_tests(TCase *tests)
{
    /* 60,000 units in a report take a sanitizer half a minute, and three times that where others build meanwhile. */
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, a_pipeline_is_drawn_before_it_has_run_and_without_statuses);
    tcase_add_test(tests, a_pipeline_that_is_wrong_is_not_drawn_but_told);
    tcase_add_loop_test(tests, a_run_is_told_in_every_format, 0, FORMATS);
    tcase_add_test(tests, what_cannot_be_told_is_refused_with_its_name);
    tcase_add_test(tests, options_bound_what_is_listed);
    tcase_add_test(tests, a_run_that_goes_on_is_told_as_it_stands);
    tcase_add_test(tests, a_function_may_ask_for_the_report_of_its_own_run);
    tcase_add_test(tests, added_steps_and_closed_branches_are_drawn);
    tcase_add_test(tests, what_failed_is_named_with_what_to_call_next);
    tcase_add_test(tests, units_that_the_host_pulled_are_remembered);
    tcase_add_test(tests, a_report_in_a_file_replaces_the_one_before);
    tcase_add_test(tests, what_is_no_plain_file_is_refused_and_stays);
    tcase_add_test(tests, of_many_units_all_are_counted_and_those_that_failed_are_listed);
    tcase_add_test(tests, memory_does_not_grow_with_the_units_past_those_that_are_kept);
    tcase_add_loop_test(tests, every_allocation_of_a_report_that_fails_is_told_and_nothing_is_lost, 0, FORMATS);
    tcase_add_test(tests, watching_tells_each_unit_and_ends_as_the_run_does);
    tcase_add_test(tests, a_bar_is_as_wide_as_it_may_be);
    tcase_add_test(tests, a_run_goes_on_when_its_watcher_fails);
}

HARNESS_MAIN("reporting", add_tests)
