/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are gone from the source, found by all keys and by digests of them: always the same rows, by far fewer keys
 * where the servers can compute digests. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";
enum { MANY = 10000, ROUNDS = 6 };

typedef struct counts {
    int64_t deleted, keys;
} counts;

static counts
load_with(scene *s, const char *target, const char *options)
{
    load what = s->what;

    what.target = target;
    what.options = options;
    what.preset = "upsert";
    incload_run *run = load_ok(&what);
    counts c = { incload_run_rows_deleted(run), incload_run_keys_read(run) };
    incload_run_unref(run);
    return c;
}

static bool
digests(const scene *s)
{
    return s->from.kind != SQLITE && s->to.kind != SQLITE;
}

/* Rows 1..count, a thousand a statement, `step` apart. */
static void
fill(const scene *s, int64_t count, int64_t step, const char *format)
{
    char *text = NULL;
    size_t size = 0;

    for (int64_t first = 1; first <= count; first += 1000) {
        FILE *out = open_memstream(&text, &size);
        for (int64_t i = first; i < first + 1000 && i <= count; i++) {
            fputs(i > first ? ", (" : "(", out);
            fprintf(out, "%s%lld%s", format, (long long)(i * step), format);
            fputs(", '2024-03-01 10:00:00.000000', 'x')", out);
        }
        fclose(out);
        table_add(s->from, s->source, text);
        free(text);
    }
}

START_TEST(random_deletions_are_found_as_they_are_by_all_keys)
{
    scene s = scene_begin("random", _i, columns, "id", NULL);
    const char *by_keys = named("random_by_keys", _i);
    uint64_t seed = (uint64_t)_i + 7;

    table_drop(s.to, by_keys);
    fill(&s, 300, 1, "");
    for (int32_t round = 0; round < ROUNDS; round++) {
        for (uint64_t i = 0, count = draw(&seed) % 30; i < count; i++)
            sql(s.from, "DELETE FROM %s WHERE id = %d", s.source, (int)(draw(&seed) % 300) + 1);
        for (uint64_t i = 0, count = draw(&seed) % 4; i < count; i++) {
            int id = (int)(draw(&seed) % 100000) - 50000;
            sql(s.from, "DELETE FROM %s WHERE id = %d", s.source, id);
            sql(s.from, "INSERT INTO %s VALUES (%d, NULL, 'new')", s.source, id);
        }
        sql(s.from, "UPDATE %s SET name = 'r%d' WHERE id %% 7 = %d", s.source, (int)round, (int)round);
        counts all = load_with(&s, by_keys, "key=id detect_deletes=keys");
        counts some = load_with(&s, s.target, "key=id detect_deletes=digest");
        ck_assert_int_eq(some.deleted, all.deleted);
        ck_assert_int_eq(all.keys, ask_number(s.from, "SELECT COUNT(*) AS c FROM %s", s.source));
        expect_equal(s.from, s.to, s.source, s.target, columns);
        expect_equal(s.to, s.to, by_keys, s.target, columns);
    }
    table_drop(s.to, by_keys);
    scene_end(&s);
}
END_TEST

START_TEST(random_deletions_of_composite_text_keys_are_found)
{
    static const char wide[] = "tenant:s id:s n:i";
    scene s = scene_begin("composite", _i, wide, "tenant, id", NULL);
    uint64_t seed = (uint64_t)_i + 70;

    /* Two texts without a length would make no key of a table created in MariaDB. */
    table_make(s.to, s.target, wide, "tenant, id");

    for (int32_t round = 0; round < ROUNDS; round++) {
        int64_t before = round == 0 ? 0 : ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target);
        for (int32_t i = 0; i < 20; i++) {
            char key[64], where[96];
            snprintf(key, sizeof key, "'%c', 'K%d'", "aAbB"[draw(&seed) % 4], (int)(draw(&seed) % 20));
            snprintf(where, sizeof where, "tenant = '%c' AND id = '%.*s'", key[1], (int)strcspn(key + 6, "'"), key + 6);
            bool there = ask_number(s.from, "SELECT COUNT(*) AS c FROM %s WHERE %s", s.source, where) > 0;
            if (there && draw(&seed) % 2 == 0)
                sql(s.from, "DELETE FROM %s WHERE %s", s.source, where);
            else if (!there)
                sql(s.from, "INSERT INTO %s VALUES (%s, %d)", s.source, key, (int)round);
        }
        counts c = load_with(&s, s.target, "key=tenant,id detect_deletes=digest");
        expect_equal(s.from, s.to, s.source, s.target, wide);
        ck_assert_int_le(c.deleted, before);
    }
    scene_end(&s);
}
END_TEST

START_TEST(few_keys_travel_when_few_are_gone)
{
    scene s = scene_begin("few", _i, columns, "id", NULL);

    fill(&s, MANY, 3, "");
    load_with(&s, s.target, "key=id");
    counts c = load_with(&s, s.target, "key=id detect_deletes=digest");
    ck_assert_int_eq(c.deleted, 0);
    ck_assert_int_eq(c.keys, digests(&s) ? 0 : MANY);
    sql(s.from, "DELETE FROM %s WHERE id IN (3, 3000, 29997, 30000, 15000)", s.source);
    sql(s.from, "INSERT INTO %s VALUES (70000, NULL, 'new'), (4, NULL, 'new')", s.source);
    c = load_with(&s, s.target, "key=id detect_deletes=digest");
    ck_assert_int_eq(c.deleted, 5);
    if (digests(&s))
        ck_assert_msg(c.keys <= 50, "%lld of %d keys were read", (long long)c.keys, MANY);
    else
        ck_assert_int_eq(c.keys, MANY - 3);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(few_keys_travel_also_where_many_ranges_differ)
{
    scene s = scene_begin("scattered", _i, columns, "id", NULL);

    fill(&s, MANY, 1, "");
    load_with(&s, s.target, "key=id");
    sql(s.from, "DELETE FROM %s WHERE id %% 100 = 7", s.source);
    counts c = load_with(&s, s.target, "key=id detect_deletes=digest");
    ck_assert_int_eq(c.deleted, MANY / 100);
    if (digests(&s))
        ck_assert_msg(c.keys <= MANY / 10, "%lld of %d keys were read", (long long)c.keys, MANY);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(keys_of_text_are_compared_by_digest_between_postgres_servers)
{
    static const char texts[] = "id:s at:t name:s";
    scene s = scene_begin("texts", _i, texts, "id", NULL);

    fill(&s, MANY, 1, "'");
    load_with(&s, s.target, "key=id");
    sql(s.from, "DELETE FROM %s WHERE id IN ('3', '300', '4567')", s.source);
    counts c = load_with(&s, s.target, "key=id detect_deletes=digest");
    ck_assert_int_eq(c.deleted, 3);
    if (s.from.kind == POSTGRES && s.to.kind == POSTGRES)
        ck_assert_msg(c.keys <= 50, "%lld of %d keys were read", (long long)c.keys, MANY);
    else
        ck_assert_int_eq(c.keys, MANY - 3);
    expect_equal(s.from, s.to, s.source, s.target, texts);
    scene_end(&s);
}
END_TEST

START_TEST(the_ends_of_the_numbers_are_keys_like_others)
{
    scene s = scene_begin("ends", _i, columns, "id", NULL);

    table_add(s.from, s.source,
              "(-9223372036854775807, NULL, 'a'), (9223372036854775807, NULL, 'b'), (0, NULL, 'c'), (-1, NULL, 'd')");
    load_with(&s, s.target, "key=id detect_deletes=digest");
    sql(s.from, "DELETE FROM %s WHERE id = 0 OR id > 5", s.source);
    ck_assert_int_eq(load_with(&s, s.target, "key=id detect_deletes=digest").deleted, 2);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    sql(s.from, "DELETE FROM %s WHERE id < -5", s.source);
    ck_assert_int_eq(load_with(&s, s.target, "key=id detect_deletes=digest").deleted, 1);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(increments_find_deleted_rows_by_digest)
{
    scene s = scene_begin("increments", _i, columns, "id", NULL);
    static const char options[] = "window=since cursor=at key=id detect_deletes=digest";

    fill(&s, 2000, 1, "");
    load_with(&s, s.target, options);
    sql(s.from, "DELETE FROM %s WHERE id IN (5, 1999)", s.source);
    sql(s.from, "INSERT INTO %s VALUES (3000, '2024-03-01 10:00:09.000000', 'new')", s.source);
    counts c = load_with(&s, s.target, options);
    ck_assert_int_eq(c.deleted, 2);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    /* Nothing is new, and a row is gone. */
    sql(s.from, "DELETE FROM %s WHERE id = 3000", s.source);
    ck_assert_int_eq(load_with(&s, s.target, options).deleted, 1);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

/* What the context's events say. */
static bool
notice_says(incload_context *context, const char *words)
{
    bool found = false;

    for (;;) {
        incload_event *event = incload_context_next_event(context, 0, NULL);
        if (event == NULL)
            return found;
        found = found
                || (incload_event_kind(event) == INCLOAD_EVENT_NOTICE
                    && strstr(incload_event_message(event), words) != NULL);
        incload_event_unref(event);
    }
}

START_TEST(where_no_digest_can_be_had_a_notice_says_why)
{
    incload_context *context = incload_context_new(NULL, NULL);
    place sqlite[2] = { place_open_with(context, SQLITE, 0, NULL), place_open_with(context, SQLITE, 1, NULL) };
    place mariadb[2] = { place_open_with(context, MARIADB, 0, NULL), place_open_with(context, MARIADB, 1, NULL) };
    scene s = { .from = sqlite[0], .to = sqlite[1], .source = (char *)"told", .target = (char *)"told_copy" };

    table_make(sqlite[0], "told", columns, "id");
    table_make(mariadb[0], "told", "id:s at:t name:s", "id");
    table_drop(sqlite[1], "told_copy");
    table_drop(mariadb[1], "told_copy");
    s.what = (load){ .from = s.from, .to = s.to, .table = "told", .target = "told_copy" };
    load_with(&s, "told_copy", "key=id detect_deletes=digest");
    ck_assert(notice_says(context, "reads all keys, as detect_deletes=keys does: only PostgreSQL and MariaDB"));
    s.what.from = mariadb[0];
    s.what.to = mariadb[1];
    load_with(&s, "told_copy", "key=id detect_deletes=digest");
    ck_assert(notice_says(context, "of 'id', the two servers have no form of it in common"));
    load_with(&s, "told_copy", "key=id detect_deletes=keys");
    ck_assert(!notice_says(context, "detect_deletes"));
    for (int32_t i = 0; i < 2; i++) {
        place_close(sqlite[i]);
        place_close(mariadb[i]);
    }
    incload_context_unref(context);
}
END_TEST

START_TEST(emptying_the_target_is_refused_unless_it_is_allowed)
{
    scene s = scene_begin("empty", _i, columns, "id", "key=id detect_deletes=digest");

    s.what.preset = "upsert";
    fill(&s, 10, 1, "");
    load_counts(&s.what, 10, 10);
    sql(s.from, "DELETE FROM %s", s.source);
    load_fails(&s.what, INCLOAD_E_STATE, "no row left|delete_all=true");
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 10);
    ck_assert_int_eq(load_with(&s, s.target, "key=id detect_deletes=digest delete_all=true").deleted, 10);
    ck_assert_int_eq(load_with(&s, s.target, "key=id detect_deletes=digest").deleted, 0);
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, random_deletions_are_found_as_they_are_by_all_keys, 0, ROUTES);
    tcase_add_loop_test(tests, random_deletions_of_composite_text_keys_are_found, 0, ROUTES);
    tcase_add_loop_test(tests, few_keys_travel_when_few_are_gone, 0, ROUTES);
    tcase_add_loop_test(tests, few_keys_travel_also_where_many_ranges_differ, 0, ROUTES);
    tcase_add_loop_test(tests, keys_of_text_are_compared_by_digest_between_postgres_servers, 0, ROUTES);
    tcase_add_loop_test(tests, the_ends_of_the_numbers_are_keys_like_others, 0, ROUTES);
    tcase_add_loop_test(tests, increments_find_deleted_rows_by_digest, 0, ROUTES);
    tcase_add_test(tests, where_no_digest_can_be_had_a_notice_says_why);
    tcase_add_loop_test(tests, emptying_the_target_is_refused_unless_it_is_allowed, 0, ROUTES);
}

int
main(void)
{
    return run_tests("deletes", 100, add_tests);
}
