/* SPDX-License-Identifier: Apache-2.0 */
/* A host's stream as a source: what of it is refused before a row is read, and that it is released once whatever fails.
 */
#include "harness.h"

#include <errno.h>
#include <string.h>

#include <incload/incload.h>

#include "driver/arrow/arrow.h"

/* ---- a host that streams two columns: everything lies here, so release only marks and counts ---- */

typedef struct host {
    struct ArrowSchema fields[2], *field_pointers[2];
    const char *formats[2];
    int64_t columns;
    int schema_error;
    const char *words;
    struct ArrowArray cells[2], *cell_pointers[2];
    int64_t numbers[4];
    int32_t offsets[5];
    int32_t chunks, left;
    int32_t released, chunks_released, schemas_released;
} host;

static const void *no_buffers[1];
static const char letters[] = "abcdefgh";

static void
release_part(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void
release_schema(struct ArrowSchema *schema)
{
    ((host *)schema->private_data)->schemas_released++;
    schema->release = NULL;
}

static int
get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    static const char *const names[2] = { "n", "t" };
    host *h = stream->private_data;

    if (h->schema_error != 0)
        return h->schema_error;
    for (int i = 0; i < 2; i++) {
        h->fields[i] = (struct ArrowSchema){ .format = h->formats[i], .name = names[i], .flags = ARROW_FLAG_NULLABLE,
                                             .release = release_part };
        h->field_pointers[i] = &h->fields[i];
    }
    *out = (struct ArrowSchema){ .format = "+s", .n_children = h->columns, .children = h->field_pointers,
                                 .release = release_schema, .private_data = h };
    return 0;
}

static void
release_cells(struct ArrowArray *array)
{
    array->release = NULL;
}

static void
release_chunk(struct ArrowArray *array)
{
    ((host *)array->private_data)->chunks_released++;
    array->release = NULL;
}

static int
get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    static const void *number_buffers[2], *text_buffers[3];
    host *h = stream->private_data;

    memset(out, 0, sizeof *out);
    if (h->left == 0)
        return 0;
    h->left--;
    h->chunks++;
    number_buffers[1] = h->numbers;
    text_buffers[1] = h->offsets;
    text_buffers[2] = letters;
    h->cells[0] = (struct ArrowArray){ .length = 4, .n_buffers = 2, .buffers = number_buffers,
                                       .release = release_cells };
    h->cells[1] = (struct ArrowArray){ .length = 4, .n_buffers = 3, .buffers = text_buffers,
                                       .release = release_cells };
    h->cell_pointers[0] = &h->cells[0];
    h->cell_pointers[1] = &h->cells[1];
    *out = (struct ArrowArray){ .length = 4, .n_buffers = 1, .buffers = no_buffers, .n_children = 2,
                                .children = h->cell_pointers, .release = release_chunk, .private_data = h };
    return 0;
}

static const char *
get_last_error(struct ArrowArrayStream *stream)
{
    return ((host *)stream->private_data)->words;
}

static void
release_stream(struct ArrowArrayStream *stream)
{
    ((host *)stream->private_data)->released++;
    stream->release = NULL;
}

static struct ArrowArrayStream
stream_of(host *h)
{
    if (h->formats[0] == NULL) {
        h->formats[0] = "l";
        h->formats[1] = "u";
        h->columns = 2;
    }
    for (int i = 0; i < 4; i++) {
        h->numbers[i] = i;
        h->offsets[i + 1] = 2 * (i + 1);
    }
    return (struct ArrowArrayStream){ get_schema, get_next, get_last_error, release_stream, h };
}

/* ---- what is refused ---- */

static void
refused(host *h, int32_t code, const char *words)
{
    struct ArrowArrayStream stream = stream_of(h);
    incload_error *err = NULL;

    ck_assert_ptr_null(incload_database_new_arrow(NULL, &stream, NULL, &err));
    ck_assert_int_eq(incload_error_code(err), code);
    ck_assert_msg(strstr(incload_error_message(err), words) != NULL, "%s", incload_error_message(err));
    ck_assert_ptr_null(stream.release);
    ck_assert_int_eq(h->released, 1);
    ck_assert_int_eq(h->schemas_released, h->schema_error == 0);
    incload_error_unref(err);
}

START_TEST(a_column_of_a_nested_or_unknown_type_is_refused_by_its_name)
{
    host list = { .formats = { "l", "+l" }, .columns = 2 }, half = { .formats = { "e", "u" }, .columns = 2 };
    host wide = { .formats = { "l", "d:50,2,256" }, .columns = 2 }, bare = { .formats = { "l", NULL }, .columns = 2 };

    refused(&list, INCLOAD_E_TYPE, "'t' has the nested Arrow type '+l'");
    refused(&half, INCLOAD_E_TYPE, "'n' has Arrow type 'e'");
    refused(&wide, INCLOAD_E_TYPE, "'t'");
    refused(&bare, INCLOAD_E_INVALID, "column 2 of the stream's schema is incomplete");
}
END_TEST

START_TEST(a_stream_that_has_no_schema_is_refused_in_its_own_words)
{
    host failing = { .schema_error = EIO, .words = "no such\nfeed" }, silent = { .schema_error = ENOMEM };
    host empty = { .formats = { "l", "u" }, .columns = 0 }, large = { .formats = { "l", "u" }, .columns = 1 << 20 };

    refused(&failing, INCLOAD_E_CALLBACK, "no such feed");
    refused(&silent, INCLOAD_E_NO_MEMORY, "memory");
    refused(&empty, INCLOAD_E_INVALID, "columns");
    refused(&large, INCLOAD_E_INVALID, "columns");
}
END_TEST

START_TEST(a_stream_that_lacks_functions_or_is_released_is_refused)
{
    host h = { .left = 1 };
    struct ArrowArrayStream stream = stream_of(&h);

    stream.get_next = NULL;
    ck_assert_ptr_null(incload_database_new_arrow(NULL, &stream, NULL, NULL));
    ck_assert_int_eq(h.released, 1);
    ck_assert_ptr_null(stream.release);
    ck_assert_ptr_null(incload_database_new_arrow(NULL, &stream, NULL, NULL));
    ck_assert_ptr_null(incload_database_new_arrow(NULL, NULL, NULL, NULL));
    ck_assert_int_eq(h.released, 1);
}
END_TEST

START_TEST(a_stream_is_released_also_when_the_call_does_nothing)
{
    host h = { .left = 1 }, other = { .left = 1 };
    struct ArrowArrayStream stream = stream_of(&h), second = stream_of(&other);
    incload_error *err = NULL;

    ck_assert_ptr_null(incload_database_new_arrow(NULL, &stream, "no_such_option=1", &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_UNKNOWN_OPTION);
    ck_assert_int_eq(h.released, 1);
    ck_assert_ptr_null(incload_database_new_arrow(NULL, &second, NULL, &err));
    ck_assert_int_eq(other.released, 1);
    incload_error_unref(err);
}
END_TEST

START_TEST(a_stream_that_nobody_read_is_released_with_its_database)
{
    host h = { .left = 1 };
    struct ArrowArrayStream stream = stream_of(&h);
    incload_database *database = incload_database_new_arrow(NULL, &stream, NULL, NULL);

    ck_assert_ptr_nonnull(database);
    ck_assert_int_eq(incload_database_check(database, NULL), INCLOAD_OK);
    ck_assert_int_eq(h.released, 0);
    incload_database_unref(database);
    ck_assert_int_eq(h.released, 1);
    ck_assert_int_eq(h.chunks, 0);
}
END_TEST

/* ---- reading ---- */

typedef struct meter {
    long until_failure; /* -1: never */
    long blocks;
} meter;

static void *
metered_allocate(size_t size, void *user_data)
{
    meter *m = user_data;

    if (m->until_failure >= 0 && m->until_failure-- == 0)
        return NULL;
    m->blocks++;
    return malloc(size);
}

static void *
metered_reallocate(void *block, size_t size, void *user_data)
{
    meter *m = user_data;

    return m->until_failure >= 0 && m->until_failure-- == 0 ? NULL : realloc(block, size);
}

static void
metered_release(void *block, void *user_data)
{
    ((meter *)user_data)->blocks -= block != NULL;
    free(block);
}

/* Every row of a stream, by a reader of its columns in another order; *rows is what was read. */
static int32_t
read_all(const incload__env *env, struct ArrowArrayStream *stream, int64_t max_rows, int64_t max_bytes, int64_t *rows,
         int64_t *most)
{
    const incload__driver *driver = &incload__driver_arrow;
    incload__arrow_stream *taken = incload__arrow_stream_new(&env->mem, stream, NULL);
    incload__connect how = { .env = env, .role = INCLOAD__ROLE_READ, .host_data = taken };
    incload__conn *conn = NULL;
    incload__reader *reader = NULL;
    incload__builder *builder = NULL;
    incload__schema wanted;
    int64_t got = 1;
    int32_t status = taken != NULL ? driver->connect(&how, &conn, NULL) : INCLOAD_E_NO_MEMORY;

    *rows = *most = 0;
    incload__schema_init(&wanted, &env->mem);
    if (status == INCLOAD_OK
        && (incload__schema_add(&wanted, "t", NULL, (incload__type){ .kind = INCLOAD__TEXT }) == NULL
            || incload__schema_add(&wanted, "n", NULL, (incload__type){ .kind = INCLOAD__INT64 }) == NULL))
        status = INCLOAD_E_NO_MEMORY;
    if (status == INCLOAD_OK)
        builder = incload__builder_new(&env->mem, &wanted, NULL);
    if (status == INCLOAD_OK)
        status = builder != NULL ? driver->read_open(conn, "", NULL, 0, &wanted, &reader, NULL) : INCLOAD_E_NO_MEMORY;
    while (status == INCLOAD_OK && got > 0) {
        struct ArrowArray batch = { .release = NULL };
        status = driver->read_next(reader, builder, max_rows, max_bytes, &got, NULL);
        if (status == INCLOAD_OK)
            status = incload__builder_finish(builder, &batch, NULL);
        *rows += status == INCLOAD_OK ? got : 0;
        *most = got > *most ? got : *most;
        incload__array_release(&batch);
    }
    if (reader != NULL)
        driver->read_close(reader);
    incload__builder_free(builder);
    incload__schema_free(&wanted);
    if (conn != NULL)
        driver->close(conn);
    incload__arrow_stream_free(taken);
    return status;
}

static incload__env
metered_env(meter *m)
{
    incload__env env;

    memset(&env, 0, sizeof env);
    env.mem = (incload__mem){ metered_allocate, metered_reallocate, metered_release, m };
    return env;
}

START_TEST(batches_are_cut_to_the_rows_asked_for_over_the_ends_of_chunks)
{
    meter m = { .until_failure = -1 };
    incload__env env = metered_env(&m);
    host h = { .left = 5 }, other = { .left = 5 };
    struct ArrowArrayStream stream = stream_of(&h), second = stream_of(&other);
    int64_t rows, most;

    ck_assert_int_eq(read_all(&env, &stream, 3, 0, &rows, &most), INCLOAD_OK);
    ck_assert_int_eq(rows, 20);
    ck_assert_int_eq(most, 3);
    ck_assert_int_eq(read_all(&env, &second, 1000, 0, &rows, &most), INCLOAD_OK);
    ck_assert_int_eq(most, 20);
    ck_assert_int_eq(h.chunks_released, 5);
    ck_assert_int_eq(h.released, 1);
    ck_assert_int_eq(m.blocks, 0);
}
END_TEST

START_TEST(batches_end_soon_behind_the_bytes_asked_for)
{
    meter m = { .until_failure = -1 };
    incload__env env = metered_env(&m);
    host h = { .left = 5 };
    struct ArrowArrayStream stream = stream_of(&h);
    int64_t rows, most;

    ck_assert_int_eq(read_all(&env, &stream, 1000, 1, &rows, &most), INCLOAD_OK);
    ck_assert_int_eq(rows, 20);
    ck_assert_int_eq(most, 4);
}
END_TEST

START_TEST(each_failing_allocation_is_told_and_the_stream_is_released_once)
{
    long failed = 0;

    for (long i = 0; i < 100000; i++) {
        meter m = { .until_failure = i };
        incload__env env = metered_env(&m);
        host h = { .left = 3 };
        struct ArrowArrayStream stream = stream_of(&h);
        int64_t rows, most;
        int32_t status = read_all(&env, &stream, 5, 0, &rows, &most);

        ck_assert_int_eq(h.released, 1);
        ck_assert_int_eq(h.chunks_released, h.chunks);
        ck_assert_int_le(h.schemas_released, 1);
        ck_assert_msg(m.blocks == 0, "%ld blocks are left after failure %ld", m.blocks, i);
        if (status == INCLOAD_OK) {
            ck_assert_int_eq(rows, 12);
            break;
        }
        ck_assert_int_eq(status, INCLOAD_E_NO_MEMORY);
        failed++;
    }
    ck_assert_int_gt(failed, 10);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_column_of_a_nested_or_unknown_type_is_refused_by_its_name);
    tcase_add_test(tests, a_stream_that_has_no_schema_is_refused_in_its_own_words);
    tcase_add_test(tests, a_stream_that_lacks_functions_or_is_released_is_refused);
    tcase_add_test(tests, a_stream_is_released_also_when_the_call_does_nothing);
    tcase_add_test(tests, a_stream_that_nobody_read_is_released_with_its_database);
    tcase_add_test(tests, batches_are_cut_to_the_rows_asked_for_over_the_ends_of_chunks);
    tcase_add_test(tests, batches_end_soon_behind_the_bytes_asked_for);
    tcase_add_test(tests, each_failing_allocation_is_told_and_the_stream_is_released_once);
}

HARNESS_MAIN("arrow", add_tests)
