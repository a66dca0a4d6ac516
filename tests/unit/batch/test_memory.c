/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once, in turn: the error is told, and nothing is lost. */
#include "batch/cells.h"

/* More than the smallest buffer has bits. */
enum { ROWS = 600 };

typedef struct meter {
    long until_failure; /* -1: never */
    long blocks;        /* alive */
} meter;

static bool
refused(meter *m)
{
    if (m->until_failure < 0)
        return false;
    return m->until_failure-- == 0;
}

static void *
metered_allocate(size_t size, void *user_data)
{
    meter *m = user_data;

    if (refused(m))
        return NULL;
    m->blocks++;
    return malloc(size);
}

static void *
metered_reallocate(void *block, size_t size, void *user_data)
{
    return refused(user_data) ? NULL : realloc(block, size);
}

static void
metered_release(void *block, void *user_data)
{
    ((meter *)user_data)->blocks--;
    free(block);
}

/* Build a batch, export its schema, take it in as a host's, convert it, filter it. */
static int32_t
everything(const incload__mem *mem, incload_error **err)
{
    const uint8_t keep[] = { 0x2A };
    incload__schema from, to;
    struct ArrowSchema arrow = { .release = NULL };
    struct ArrowArray array = { .release = NULL }, taken = { .release = NULL }, converted = { .release = NULL },
                      out = { .release = NULL };
    incload__builder *builder = NULL;
    int32_t status = INCLOAD_E_NO_MEMORY;

    incload__schema_init(&from, mem);
    incload__schema_init(&to, mem);
    if (incload__schema_add(&from, "n", "bigint", TYPE(INT64)) == NULL
        || incload__schema_add(&from, "t", "text", TYPE(TEXT)) == NULL
        || incload__schema_add(&from, "f", "boolean", TYPE(BOOL)) == NULL
        || incload__schema_add(&from, "b", "bytea", TYPE(BINARY)) == NULL
        || incload__schema_add(&to, "n", "text", TYPE(TEXT)) == NULL
        || incload__schema_add(&to, "t", "text", TYPE(TEXT)) == NULL
        || incload__schema_add(&to, "f", "boolean", TYPE(BOOL)) == NULL
        || incload__schema_add(&to, "b", "bytea", TYPE(BINARY)) == NULL)
        goto done;
    builder = incload__builder_new(mem, &from, err);
    if (builder == NULL)
        goto done;
    status = INCLOAD_OK;
    for (int i = 0; i < ROWS && status == INCLOAD_OK; i++) {
        status = i % 7 == 3 ? incload__put_null(builder, 0) : incload__put_int(builder, 0, i);
        if (status == INCLOAD_OK)
            status = incload__put_text(builder, 1, "some text of some length", 24);
        if (status == INCLOAD_OK)
            status = i % 2 == 0 ? incload__put_null(builder, 2) : incload__put_int(builder, 2, 1);
        if (status == INCLOAD_OK)
            status = incload__put_text(builder, 3, "c0ffee", 6);
    }
    if (status == INCLOAD_OK)
        status = incload__builder_finish(builder, &array, err);
    if (status == INCLOAD_OK)
        status = incload__schema_export(&from, &arrow, err);
    if (status == INCLOAD_OK)
        status = incload__import(mem, &arrow, &array, &from, &taken, err);
    if (status == INCLOAD_OK)
        status = incload__convert(mem, &from, &taken, &to, &converted, err);
    if (status == INCLOAD_OK) {
        converted.length = 6;
        status = incload__filter(mem, &to, &converted, keep, &out, err);
    }

done:
    incload__array_release(&array);
    incload__array_release(&taken);
    incload__array_release(&converted);
    incload__array_release(&out);
    incload__arrow_schema_release(&arrow);
    incload__builder_free(builder);
    incload__schema_free(&from);
    incload__schema_free(&to);
    return status;
}

START_TEST(every_failed_allocation_is_told_and_leaks_nothing)
{
    meter m = { -1, 0 };
    incload__mem mem = { metered_allocate, metered_reallocate, metered_release, &m };
    incload_error *err = NULL;
    long failures = 0;
    int32_t status;

    ck_assert_int_eq(everything(&mem, NULL), INCLOAD_OK);
    ck_assert_int_eq(m.blocks, 0);
    do {
        m.until_failure = failures++;
        status = everything(&mem, _i == 0 ? NULL : &err);
        ck_assert(_i == 0 || incload_error_code(err) == status || err == NULL);
        incload_error_unref(err);
        err = NULL;
        ck_assert_msg(status == INCLOAD_OK || status == INCLOAD_E_NO_MEMORY, "allocation %ld", failures);
        ck_assert_msg(m.blocks == 0, "allocation %ld leaks", failures);
    } while (status != INCLOAD_OK);
    ck_assert_int_gt(failures, 60);
}
END_TEST

START_TEST(a_put_that_fails_leaves_the_column_as_it_was)
{
    meter m = { -1, 0 };
    incload__mem mem = { metered_allocate, metered_reallocate, metered_release, &m };
    incload__schema schema = one_column(TYPE(TEXT));
    incload__builder *builder = incload__builder_new(&mem, &schema, NULL);
    struct ArrowArray array;

    ck_assert_int_eq(incload__put_text(builder, 0, "one", 3), INCLOAD_OK);
    for (int step = 0; step < 2; step++) {
        char large[500] = { 'x' };
        memset(large, 'x', sizeof large);
        m.until_failure = 0;
        ck_assert_int_eq(incload__put_text(builder, 0, large, sizeof large), INCLOAD_E_NO_MEMORY);
        m.until_failure = 0;
        ck_assert_int_eq(incload__put_null(builder, 0), INCLOAD_E_NO_MEMORY);
    }
    m.until_failure = -1;
    ck_assert_int_eq(incload__put_null(builder, 0), INCLOAD_OK);
    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    ck_assert_int_eq(array.length, 2);
    ck_assert_cell(&schema, &array, 0, 0, "one");
    ck_assert_cell(&schema, &array, 0, 1, "NULL");
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    ck_assert_int_eq(m.blocks, 0);
}
END_TEST

START_TEST(a_batch_that_could_not_be_taken_out_can_be_taken_later)
{
    meter m = { -1, 0 };
    incload__mem mem = { metered_allocate, metered_reallocate, metered_release, &m };
    incload__schema schema = one_column(TYPE(TEXT));
    incload__builder *builder = incload__builder_new(&mem, &schema, NULL);
    struct ArrowArray array;
    int32_t status, failures = 0;

    do {
        m.until_failure = failures++;
        status = incload__builder_finish(builder, &array, NULL);
        ck_assert(status == INCLOAD_OK || status == INCLOAD_E_NO_MEMORY);
    } while (status != INCLOAD_OK);
    ck_assert_int_gt(failures, 4);
    ck_assert_int_eq(array.length, 0);
    ck_assert_int_eq(((const int32_t *)array.children[0]->buffers[1])[0], 0);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    ck_assert_int_eq(m.blocks, 0);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_failed_allocation_is_told_and_leaks_nothing, 0, 2);
    tcase_add_test(tests, a_put_that_fails_leaves_the_column_as_it_was);
    tcase_add_test(tests, a_batch_that_could_not_be_taken_out_can_be_taken_later);
}

HARNESS_MAIN("batch-memory", add_tests)
