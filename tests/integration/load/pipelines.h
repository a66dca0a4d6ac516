/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines whose runs a ledger keeps, with steps whose work every process of a test can see. */
#ifndef INCLOAD_TESTS_INTEGRATION_LOAD_PIPELINES_H
#define INCLOAD_TESTS_INTEGRATION_LOAD_PIPELINES_H

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "support.h"

enum { STEPS = 24, LARGE = 65536 };

static const char files_text[] = "three files, 'quoted', \xC3\xA9";

/* What all processes of a test see. */
typedef struct shared {
    atomic_int begun[STEPS];
    atomic_int in_step; /* somebody is in the step that waits */
    atomic_bool open;   /* it need not wait or fail any more */
} shared;

static shared *seen;

static inline void
share(void)
{
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(seen, MAP_FAILED);
}

/* Databases are shared by the tests of the program, and two kinds are one database. */
static inline const char *
own(const char *name, int which)
{
    static char texts[8][80];
    static int next;
    char *text = texts[next++ % 8];

    snprintf(text, sizeof texts[0], "%s-%s", name, kind_names[which]);
    return text;
}

#define well(call) ck_assert_msg((call) == INCLOAD_OK, "%s", incload_error_message(err))
#define fine(error) ck_assert_msg((error) == NULL, "%s", incload_error_message(error))

static inline void
forget(incload_error **err)
{
    incload_error_unref(*err);
    *err = NULL;
}

/* ---- steps ---- */

static inline void
add(incload_pipeline *pipeline, const char *name, incload_unit_fn function, int number, const char *after)
{
    incload_error *err = NULL;
    incload_step *step = incload_step_new_function(function, &seen->begun[number], NULL, &err);

    well(incload_pipeline_add(pipeline, name, step, after, &err));
    incload_step_unref(step);
}

static inline int32_t
count(incload_unit *unit, void *begun)
{
    atomic_fetch_add((atomic_int *)begun, 1);
    incload_unit_add_rows(unit, 3, 2);
    return INCLOAD_DONE;
}

/* Bytes that no text may have. */
static inline void
fill_large(unsigned char data[LARGE])
{
    for (int i = 0; i < LARGE; i++)
        data[i] = (unsigned char)(i * 7 + i / 256);
}

static inline int32_t
extract(incload_unit *unit, void *begun)
{
    unsigned char data[LARGE];

    fill_large(data);
    count(unit, begun);
    return incload_unit_set_result(unit, data, sizeof data, NULL) == INCLOAD_OK ? INCLOAD_DONE : INCLOAD_FAIL;
}

static inline int32_t
name_files(incload_unit *unit, void *begun)
{
    count(unit, begun);
    return incload_unit_set_result(unit, files_text, sizeof files_text - 1, NULL) == INCLOAD_OK ? INCLOAD_DONE
                                                                                                : INCLOAD_FAIL;
}

/* Fails unless it is open, and unless it is handed what the steps before it left. */
static inline int32_t
clean(incload_unit *unit, void *begun)
{
    unsigned char expected[LARGE];
    size_t size = 0, length = 0;
    const void *data = incload_unit_input(unit, "extract", &size);
    const char *files = incload_unit_input(unit, "files", &length);

    fill_large(expected);
    count(unit, begun);
    if (size != LARGE || memcmp(data, expected, LARGE) != 0) {
        incload_unit_fail(unit, "not what extract left");
        return INCLOAD_FAIL;
    }
    if (length != sizeof files_text - 1 || memcmp(files, files_text, length) != 0) {
        incload_unit_fail(unit, "not what files left");
        return INCLOAD_FAIL;
    }
    if (atomic_load(&seen->open))
        return INCLOAD_DONE;
    incload_unit_fail(unit, "the disk is full");
    return INCLOAD_FAIL;
}

enum { EXTRACT, FILES, CLEAN, REPORT, NIGHTLY };

static inline incload_pipeline *
nightly(place at, const char *name)
{
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new(name, NULL, &err);

    fine(err);
    well(incload_pipeline_set_ledger(pipeline, at.db, &err));
    add(pipeline, "extract", extract, EXTRACT, NULL);
    add(pipeline, "files", name_files, FILES, NULL);
    add(pipeline, "clean", clean, CLEAN, "extract files");
    add(pipeline, "report", count, REPORT, "clean");
    return pipeline;
}

static inline void
expect_begun(int extracted, int files, int cleaned, int reported)
{
    const int expected[NIGHTLY] = { extracted, files, cleaned, reported };

    for (int i = 0; i < NIGHTLY; i++)
        ck_assert_msg(seen->begun[i] == expected[i], "step %d was begun %d times, not %d", i, seen->begun[i],
                      expected[i]);
}

static inline void
expect_status(place at, const char *name, const char *status, int64_t attempt)
{
    incload_error *err = NULL;
    incload_history *history = incload_history_new(at.db, name, 1, &err);

    fine(err);
    ck_assert_int_eq(incload_history_count(history), 1);
    ck_assert_str_eq(incload_history_status_name(history, 0), status);
    ck_assert_int_eq(incload_history_attempt(history, 0), attempt);
    incload_history_unref(history);
}

#endif
