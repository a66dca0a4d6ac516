/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once, in turn: the error is told, and nothing is lost. */
#include "batch/cells.h"

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
everything(const incload__mem *mem)
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
        || incload__schema_add(&to, "n", "text", TYPE(TEXT)) == NULL
        || incload__schema_add(&to, "t", "text", TYPE(TEXT)) == NULL)
        goto done;
    builder = incload__builder_new(mem, &from, NULL);
    if (builder == NULL)
        goto done;
    status = INCLOAD_OK;
    for (int i = 0; i < 30 && status == INCLOAD_OK; i++) {
        status = i % 7 == 3 ? incload__put_null(builder, 0) : incload__put_int(builder, 0, i);
        if (status == INCLOAD_OK)
            status = incload__put_text(builder, 1, "some text of some length", 24);
    }
    if (status == INCLOAD_OK)
        status = incload__builder_finish(builder, &array, NULL);
    if (status == INCLOAD_OK)
        status = incload__schema_export(&from, &arrow, NULL);
    if (status == INCLOAD_OK)
        status = incload__import(mem, &arrow, &array, &from, &taken, NULL);
    if (status == INCLOAD_OK)
        status = incload__convert(mem, &from, &taken, &to, &converted, NULL);
    if (status == INCLOAD_OK) {
        converted.length = 6;
        status = incload__filter(mem, &to, &converted, keep, &out, NULL);
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
    long failures = 0;
    int32_t status;

    ck_assert_int_eq(everything(&mem), INCLOAD_OK);
    ck_assert_int_eq(m.blocks, 0);
    do {
        m.until_failure = failures++;
        status = everything(&mem);
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

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, every_failed_allocation_is_told_and_leaks_nothing);
    tcase_add_test(tests, a_put_that_fails_leaves_the_column_as_it_was);
}

HARNESS_MAIN("batch-memory", add_tests)
