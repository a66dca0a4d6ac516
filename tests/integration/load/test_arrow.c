/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that a host streams in: they land as those of any source do, once, and what a stream cannot do is refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted.h"

static const char columns[] = "id:i at:t name:s";
static const hosted_row five[] = { { 1, 1, "a" }, { 2, 2, "b" }, { 3, 3, NULL }, { 4, 4, "d" }, { 5, 5, "\xC3\xA9" } };

static const char first_four[] = "1|2024-03-01 10:00:01.000000|a\n2|2024-03-01 10:00:02.000000|b\n"
                                 "3|2024-03-01 10:00:03.000000|NULL\n4|2024-03-01 10:00:04.000000|d\n";
static const char all_five[] = "1|2024-03-01 10:00:01.000000|a\n2|2024-03-01 10:00:02.000000|b\n"
                               "3|2024-03-01 10:00:03.000000|NULL\n4|2024-03-01 10:00:04.000000|d\n"
                               "5|2024-03-01 10:00:05.000000|\xC3\xA9\n";

/* One test's target table, in the database of kind `_i`. */
typedef struct stand {
    place to;
    char target[64];
} stand;

static stand
stand_begin(const char *name, int32_t which)
{
    stand s = { .to = place_open((kind)which, 0) };

    snprintf(s.target, sizeof s.target, "arrow_%s_%d", name, (int)which);
    return s;
}

static void
stand_end(stand *s)
{
    table_drop(s->to, s->target);
    ck_assert_int_eq(staging_tables(s->to), 0);
    place_close(s->to);
}

static load
of(const stand *s, place from, const char *preset, const char *options)
{
    return (load){ .from = from, .to = s->to, .table = "rows", .target = s->target, .preset = preset,
                   .options = options };
}

/* Loads what the host has; the stream ends released, and no chunk is left. */
static void
stream_in(const stand *s, hosted *host, const char *preset, const char *options, int64_t read, int64_t written)
{
    place from = hosted_place(host);
    load what = of(s, from, preset, options);

    load_counts(&what, read, written);
    ck_assert_int_eq(host->released, 1);
    place_close(from);
    ck_assert_int_eq(host->released, 1);
    ck_assert_int_eq(host->alive, 0);
}

static void
refuse(const stand *s, hosted *host, const char *preset, const char *options, int32_t code, const char *words)
{
    place from = hosted_place(host);
    load what = of(s, from, preset, options);

    load_fails(&what, code, words);
    place_close(from);
    ck_assert_int_eq(host->released, 1);
    ck_assert_int_eq(host->alive, 0);
}

/* ---- how they land ---- */

START_TEST(a_stream_lands_in_a_table_that_is_made_for_it)
{
    stand s = stand_begin("made", _i);
    hosted host = HOSTED(five);

    host.chunk = 2;
    stream_in(&s, &host, "append", NULL, 5, 5);
    expect_rows(s.to, s.target, columns, all_five);
    stand_end(&s);
}
END_TEST

START_TEST(chunks_of_any_size_become_batches_of_the_size_asked_for)
{
    stand s = stand_begin("cut", _i);
    hosted small = HOSTED(five), large = HOSTED(five);

    small.chunk = 1;
    stream_in(&s, &small, "upsert", "key=id batch_rows=3", 5, 5);
    stream_in(&s, &large, "upsert", "key=id batch_rows=2", 5, 0);
    expect_rows(s.to, s.target, columns, all_five);
    stand_end(&s);
}
END_TEST

START_TEST(a_stream_without_rows_is_a_load_of_none)
{
    stand s = stand_begin("none", _i);
    hosted host = { .count = 0 };

    stream_in(&s, &host, "upsert", "key=id", 0, 0);
    expect_rows(s.to, s.target, columns, "");
    stand_end(&s);
}
END_TEST

START_TEST(a_stream_is_merged_by_key_and_the_row_that_came_last_wins)
{
    static const hosted_row next[] = { { 2, 9, "first" }, { 6, 6, "f" }, { 2, 7, "last" } };
    stand s = stand_begin("merge", _i);
    hosted host = HOSTED(five), more = HOSTED(next);

    stream_in(&s, &host, "upsert", "key=id", 5, 5);
    place from = hosted_place(&more);
    load what = of(&s, from, "upsert", "key=id");
    incload_run_unref(load_run(&what, NULL));
    place_close(from);
    expect_rows(s.to, s.target, columns,
                "1|2024-03-01 10:00:01.000000|a\n2|2024-03-01 10:00:07.000000|last\n"
                "3|2024-03-01 10:00:03.000000|NULL\n4|2024-03-01 10:00:04.000000|d\n"
                "5|2024-03-01 10:00:05.000000|\xC3\xA9\n6|2024-03-01 10:00:06.000000|f\n");
    stand_end(&s);
}
END_TEST

START_TEST(a_stream_takes_the_place_of_all_rows)
{
    static const hosted_row other[] = { { 7, 7, "g" } };
    stand s = stand_begin("replace", _i);
    hosted host = HOSTED(five), next = HOSTED(other);

    stream_in(&s, &host, "full_refresh", "max_shrink=100", 5, 5);
    stream_in(&s, &next, "full_refresh", "max_shrink=100", 1, 1);
    expect_rows(s.to, s.target, columns, "7|2024-03-01 10:00:07.000000|g\n");
    stand_end(&s);
}
END_TEST

START_TEST(a_stream_takes_the_place_of_an_interval_and_its_rows_outside_of_it_stay_out)
{
    static const hosted_row other[] = { { 30, 3, "new" }, { 9, 9, "outside" }, { 31, 4, "edge" }, { 32, 2, "low" } };
    stand s = stand_begin("interval", _i);
    hosted host = HOSTED(five), next = HOSTED(other);

    stream_in(&s, &host, "append", NULL, 5, 5);
    stream_in(&s, &next, "interval",
              "cursor=at initial='2024-03-01 10:00:02' until='2024-03-01 10:00:04'", 2, 2);
    expect_rows(s.to, s.target, columns,
                "1|2024-03-01 10:00:01.000000|a\n30|2024-03-01 10:00:03.000000|new\n"
                "32|2024-03-01 10:00:02.000000|low\n4|2024-03-01 10:00:04.000000|d\n"
                "5|2024-03-01 10:00:05.000000|\xC3\xA9\n");
    stand_end(&s);
}
END_TEST

START_TEST(rows_of_a_stream_whose_key_is_there_stay_out_with_insert_new)
{
    static const hosted_row other[] = { { 1, 8, "changed" }, { 5, 5, "\xC3\xA9" } };
    stand s = stand_begin("insert_new", _i);
    hosted host = HOSTED(five), next = HOSTED(other);

    host.count = 4;
    stream_in(&s, &host, "upsert", "key=id write=insert_new", 4, 4);
    stream_in(&s, &next, "upsert", "key=id write=insert_new", 2, 1);
    expect_rows(s.to, s.target, columns, all_five);
    stand_end(&s);
}
END_TEST

START_TEST(a_stream_becomes_versions)
{
    static const hosted_row other[] = { { 1, 8, "changed" } };
    stand s = stand_begin("versions", _i);
    hosted host = HOSTED(five), next = HOSTED(other);

    stream_in(&s, &host, "history", "key=id", 5, 5);
    place from = hosted_place(&next);
    load what = of(&s, from, "history", "key=id");
    incload_error *err = NULL;
    incload_run *run = load_run(&what, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    incload_run_unref(run);
    place_close(from);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 6);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s WHERE id = 1", s.target), 2);
    stand_end(&s);
}
END_TEST

START_TEST(a_stream_fills_the_table_that_is_swapped_in)
{
    stand s = stand_begin("swap", _i);
    hosted host = HOSTED(five), next = HOSTED(five);

    host.count = 4;
    stream_in(&s, &host, "swap", "key=id max_shrink=100", 4, 4);
    expect_rows(s.to, s.target, columns, first_four);
    stream_in(&s, &next, "swap", "key=id", 5, 5);
    expect_rows(s.to, s.target, columns, all_five);
    stand_end(&s);
}
END_TEST

START_TEST(columns_of_a_stream_are_chosen_and_renamed)
{
    stand s = stand_begin("columns", _i);
    hosted host = HOSTED(five);

    host.count = 2;
    stream_in(&s, &host, "upsert", "key=id columns=name:label,id", 2, 2);
    expect_rows(s.to, s.target, "id:i label:s", "1|a\n2|b\n");
    stand_end(&s);
}
END_TEST

/* ---- the watermark ---- */

static void
expect_watermark(const stand *s, const char *words)
{
    incload_error *err = NULL;
    incload_watermark *mark = incload_watermark_open(s->to.db, s->target, &err);

    ck_assert_msg(mark != NULL, "%s", incload_error_message(err));
    ck_assert_ptr_nonnull(incload_watermark_value(mark));
    expect_words(incload_watermark_value(mark), words);
    incload_watermark_unref(mark);
}

START_TEST(rows_before_the_watermark_stay_out_and_it_lands_with_the_data)
{
    static const hosted_row next[] = { { 7, 7, "g" }, { 1, 1, "late" }, { 5, 5, "tie" }, { 6, 6, "f" } };
    stand s = stand_begin("since", _i);
    hosted host = HOSTED(five), more = HOSTED(next);
    const char *options = "cursor=at key=id deep=never";

    stream_in(&s, &host, "timestamp", options, 5, 5);
    expect_watermark(&s, "10:00:05");
    more.chunk = 1;
    stream_in(&s, &more, "timestamp", options, 3, 3);
    expect_watermark(&s, "10:00:07");
    expect_rows(s.to, s.target, columns,
                "1|2024-03-01 10:00:01.000000|a\n2|2024-03-01 10:00:02.000000|b\n"
                "3|2024-03-01 10:00:03.000000|NULL\n4|2024-03-01 10:00:04.000000|d\n"
                "5|2024-03-01 10:00:05.000000|tie\n6|2024-03-01 10:00:06.000000|f\n"
                "7|2024-03-01 10:00:07.000000|g\n");
    stand_end(&s);
}
END_TEST

START_TEST(the_greatest_cursor_of_a_key_wins_in_whatever_order_it_comes)
{
    static const hosted_row rows[] = { { 1, 3, "last" }, { 1, 1, "first" }, { 1, 2, "second" } };
    stand s = stand_begin("order", _i);
    hosted host = HOSTED(rows);
    place from = hosted_place(&host);
    load what = of(&s, from, "timestamp", "cursor=at key=id");

    incload_run_unref(load_run(&what, NULL));
    place_close(from);
    expect_rows(s.to, s.target, columns, "1|2024-03-01 10:00:03.000000|last\n");
    stand_end(&s);
}
END_TEST

START_TEST(a_stream_can_be_appended_from_the_watermark_on_without_a_row_twice)
{
    static const hosted_row next[] = { { 4, 4, "d" }, { 5, 5, "\xC3\xA9" }, { 6, 6, "f" } };
    stand s = stand_begin("append", _i);
    hosted host = HOSTED(five), more = HOSTED(next);

    stream_in(&s, &host, "timestamp", "cursor=at write=append", 5, 5);
    place from = hosted_place(&more);
    load what = of(&s, from, "timestamp", "cursor=at write=append");
    incload_run_unref(load_run(&what, NULL));
    place_close(from);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 6);
    stand_end(&s);
}
END_TEST

START_TEST(a_row_without_a_position_follows_the_policy)
{
    static const hosted_row rows[] = { { 1, 1, "a" }, { 2, NO_TIME, "b" } };
    stand s = stand_begin("positionless", _i);
    hosted raise = HOSTED(rows), exclude = HOSTED(rows), include = HOSTED(rows);

    refuse(&s, &raise, "timestamp", "cursor=at key=id", INCLOAD_E_NULL_CURSOR, "'at'|null_cursor=include");
    stream_in(&s, &exclude, "timestamp", "cursor=at key=id null_cursor=exclude", 1, 1);
    stream_in(&s, &include, "timestamp", "cursor=at key=id null_cursor=include deep=never", 2, 1);
    stand_end(&s);
}
END_TEST

START_TEST(text_is_no_cursor_of_a_stream)
{
    stand s = stand_begin("text", _i);
    hosted host = HOSTED(five);

    refuse(&s, &host, "timestamp", "cursor=name key=id", INCLOAD_E_TYPE, "'name'|number or a time");
    stand_end(&s);
}
END_TEST

/* ---- what sees them on their way ---- */

static int32_t
keep_first(incload_unit *unit, incload_batch *batch, void *user_data)
{
    static const uint8_t first[] = { 0x01 };

    (void)unit;
    *(int64_t *)user_data += incload_batch_rows(batch);
    return incload_batch_keep(batch, first, sizeof first, NULL) == INCLOAD_OK ? INCLOAD_DONE : 0;
}

START_TEST(a_process_function_sees_the_rows_of_a_stream)
{
    stand s = stand_begin("process", _i);
    hosted host = HOSTED(five);
    place from = hosted_place(&host);
    load what = of(&s, from, "upsert", "key=id");
    int64_t seen = 0;

    what.function = keep_first;
    what.user_data = &seen;
    incload_run *run = load_ok(&what);
    ck_assert_int_eq(seen, 5);
    ck_assert_int_eq(incload_run_rows_skipped(run), 4);
    ck_assert_str_eq(incload_run_road(run), "batches");
    incload_run_unref(run);
    place_close(from);
    expect_rows(s.to, s.target, columns, "1|2024-03-01 10:00:01.000000|a\n");
    stand_end(&s);
}
END_TEST

START_TEST(rows_of_a_stream_that_the_target_refuses_are_kept_as_rejects)
{
    stand s = stand_begin("rejects", _i);
    hosted host = HOSTED(five);

    table_make(s.to, s.target, columns, "id");
    sql(s.to, "CREATE UNIQUE INDEX %s_name ON %s (name)", s.target, s.target);
    sql(s.to, "INSERT INTO %s (id, at, name) VALUES (40, '2024-03-01 09:00:00', 'd')", s.target);
    place from = hosted_place(&host);
    load what = of(&s, from, "upsert", "key=id bad_rows=reject max_rejected=1 max_rejected_percent=100");
    incload_error *err = NULL;
    incload_run *run = load_run(&what, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_run_rows_rejected(run), 1);
    ck_assert_int_eq(incload_run_rows_written(run), 4);
    incload_run_unref(run);
    place_close(from);
    stand_end(&s);
}
END_TEST

/* ---- once, or not at all ---- */

START_TEST(a_stream_is_read_once)
{
    stand s = stand_begin("once", _i);
    hosted host = HOSTED(five);
    place from = hosted_place(&host);
    load what = of(&s, from, "full_refresh", NULL);

    load_counts(&what, 5, 5);
    load_fails(&what, INCLOAD_E_STATE, "taken already|read once");
    place_close(from);
    expect_rows(s.to, s.target, columns, all_five);
    stand_end(&s);
}
END_TEST

START_TEST(a_stream_that_fails_in_the_middle_lands_nothing_and_is_not_started_over)
{
    stand s = stand_begin("broken", _i);
    hosted before = HOSTED(five), host = HOSTED(five);

    before.count = 4;
    stream_in(&s, &before, "full_refresh", NULL, 4, 4);
    host.chunk = 1;
    host.fails_at = 3;
    host.error = ETIMEDOUT;
    host.words = "the shop's feed\nwent away";
    refuse(&s, &host, "full_refresh", "batch_rows=1", INCLOAD_E_TIMEOUT, "the shop's feed went away|errno");
    ck_assert_int_eq(host.chunks, 3);
    expect_rows(s.to, s.target, columns, first_four);
    host = (hosted)HOSTED(five);
    host.fails_at = 1;
    host.error = EIO;
    refuse(&s, &host, "full_refresh", NULL, INCLOAD_E_CALLBACK, "gave no reason");
    expect_rows(s.to, s.target, columns, first_four);
    stand_end(&s);
}
END_TEST

static void
shorten_a_column(struct ArrowArray *chunk, int32_t number)
{
    if (number == 2)
        chunk->children[1]->length = 0;
}

static void
lose_a_column(struct ArrowArray *chunk, int32_t number)
{
    if (number == 2)
        chunk->n_children = 2;
}

static void
turn_offsets_round(struct ArrowArray *chunk, int32_t number)
{
    if (number == 2)
        ((int64_t *)(uintptr_t)chunk->children[2]->buffers[1])[1] = 100;
}

static void
lose_a_buffer(struct ArrowArray *chunk, int32_t number)
{
    if (number == 2)
        chunk->children[0]->buffers[1] = NULL;
}

static void
lose_the_children(struct ArrowArray *chunk, int32_t number)
{
    if (number == 2)
        chunk->children = NULL;
}

static void
go_below_zero(struct ArrowArray *chunk, int32_t number)
{
    if (number == 2)
        chunk->length = -1;
}

START_TEST(chunks_that_contradict_their_schema_are_refused_and_nothing_lands)
{
    static const struct {
        void (*spoil)(struct ArrowArray *, int32_t);
        const char *words;
    } ways[] = { { shorten_a_column, "'at'|layout" },       { lose_a_column, "layout" },
                 { turn_offsets_round, "'name'|contradicts" }, { lose_a_buffer, "'id'|layout" },
                 { lose_the_children, "layout" },              { go_below_zero, "layout" } };
    stand s = stand_begin("hostile", _i);

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        hosted host = HOSTED(five);
        host.chunk = 2;
        host.spoil = ways[i].spoil;
        refuse(&s, &host, "append", "append_to_rows=yes", INCLOAD_E_INVALID, ways[i].words);
    }
    expect_rows(s.to, s.target, columns, "");
    stand_end(&s);
}
END_TEST

START_TEST(what_asks_a_source_is_refused_of_a_stream)
{
    stand s = stand_begin("asked", _i);
    hosted host = HOSTED(five), target = HOSTED(five);
    place from = hosted_place(&host), to = hosted_place(&target);
    load what = of(&s, from, "upsert", "key=id detect_deletes=keys");
    struct ArrowArrayStream rows;

    load_fails(&what, INCLOAD_E_UNSUPPORTED, "read once|write=replace");
    what = of(&s, from, "upsert", "key=id");
    what.query = "SELECT 1";
    load_fails(&what, INCLOAD_E_UNSUPPORTED, "no SQL");
    what = of(&s, from, "upsert", "key=id");
    what.to = to;
    load_fails(&what, INCLOAD_E_UNSUPPORTED, "a source");
    ck_assert_int_eq(incload_database_query(from.db, "SELECT 1", &rows, NULL), INCLOAD_E_UNSUPPORTED);
    ck_assert_int_eq(incload_database_execute(from.db, "SELECT 1", NULL, NULL), INCLOAD_E_UNSUPPORTED);
    ck_assert_int_eq(incload_database_check(from.db, NULL), INCLOAD_OK);
    ck_assert_str_eq(incload_database_dialect(from.db, NULL), "arrow");
    ck_assert_int_eq(host.chunks, 0);
    place_close(from);
    place_close(to);
    ck_assert_int_eq(host.released + target.released, 2);
    stand_end(&s);
}
END_TEST

/* ---- between databases ---- */

START_TEST(what_a_query_streams_out_lands_as_the_same_rows)
{
    place from, to;
    struct ArrowArrayStream rows;
    incload_error *err = NULL;
    char source[64], target[64];

    route_open(_i, &from, &to);
    snprintf(source, sizeof source, "%s", named("arrow_out", _i));
    snprintf(target, sizeof target, "%s", named("arrow_in", _i));
    table_make(from, source, "id:i at:t amount:f name:s", "id");
    table_add(from, source,
              "(1, '2024-03-01 10:00:01.250000', 1.5, 'a'),"
              " (2, NULL, -0.25, NULL), (3, '2024-02-29 00:00:00.000000', NULL, '')");
    char text[128];
    snprintf(text, sizeof text, "SELECT * FROM %s", source);
    ck_assert_int_eq(incload_database_query(from.db, text, &rows, &err), INCLOAD_OK);
    place stream = { .kind = from.kind, .db = incload_database_new_arrow(NULL, &rows, NULL, &err) };
    ck_assert_msg(stream.db != NULL, "%s", incload_error_message(err));
    load what = { .from = stream, .to = to, .table = "rows", .target = target, .preset = "upsert",
                  .options = "key=id" };
    load_counts(&what, 3, 3);
    place_close(stream);
    expect_equal(from, to, source, target, "id:i at:t amount:f name:s");
    table_drop(from, source);
    table_drop(to, target);
    route_close(from, to);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_stream_lands_in_a_table_that_is_made_for_it, 0, KINDS);
    tcase_add_loop_test(tests, chunks_of_any_size_become_batches_of_the_size_asked_for, 0, KINDS);
    tcase_add_loop_test(tests, a_stream_without_rows_is_a_load_of_none, 0, KINDS);
    tcase_add_loop_test(tests, a_stream_is_merged_by_key_and_the_row_that_came_last_wins, 0, KINDS);
    tcase_add_loop_test(tests, a_stream_takes_the_place_of_all_rows, 0, KINDS);
    tcase_add_loop_test(tests, a_stream_takes_the_place_of_an_interval_and_its_rows_outside_of_it_stay_out, 0, KINDS);
    tcase_add_loop_test(tests, rows_of_a_stream_whose_key_is_there_stay_out_with_insert_new, 0, KINDS);
    tcase_add_loop_test(tests, a_stream_becomes_versions, 0, KINDS);
    tcase_add_loop_test(tests, a_stream_fills_the_table_that_is_swapped_in, 0, KINDS);
    tcase_add_loop_test(tests, columns_of_a_stream_are_chosen_and_renamed, 0, KINDS);
    tcase_add_loop_test(tests, rows_before_the_watermark_stay_out_and_it_lands_with_the_data, 0, KINDS);
    tcase_add_loop_test(tests, the_greatest_cursor_of_a_key_wins_in_whatever_order_it_comes, 0, KINDS);
    tcase_add_loop_test(tests, a_stream_can_be_appended_from_the_watermark_on_without_a_row_twice, 0, KINDS);
    tcase_add_loop_test(tests, a_row_without_a_position_follows_the_policy, 0, KINDS);
    tcase_add_loop_test(tests, text_is_no_cursor_of_a_stream, 0, KINDS);
    tcase_add_loop_test(tests, a_process_function_sees_the_rows_of_a_stream, 0, KINDS);
    tcase_add_loop_test(tests, rows_of_a_stream_that_the_target_refuses_are_kept_as_rejects, 0, KINDS);
    tcase_add_loop_test(tests, a_stream_is_read_once, 0, KINDS);
    tcase_add_loop_test(tests, a_stream_that_fails_in_the_middle_lands_nothing_and_is_not_started_over, 0, KINDS);
    tcase_add_loop_test(tests, chunks_that_contradict_their_schema_are_refused_and_nothing_lands, 0, KINDS);
    tcase_add_loop_test(tests, what_asks_a_source_is_refused_of_a_stream, 0, KINDS);
    tcase_add_loop_test(tests, what_a_query_streams_out_lands_as_the_same_rows, 0, ROUTES);
}

int
main(void)
{
    return run_tests("arrow", 60, add_tests);
}
