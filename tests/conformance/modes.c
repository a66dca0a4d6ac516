/* SPDX-License-Identifier: Apache-2.0 */
/* modes SOURCE TARGET: every way of writing for one pair of databases, as TAP. A way is one row of `modes`: its
 * options, and a model that says in plain C what the target must hold after each step. */
#include "modes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the ways ---- */

enum {
    WITHOUT_NULL_CURSOR = 1,
    WITH_MARKER = 2,
    WITH_MARKS = 4,
    REWRITES = 8,
    WITH_VERSIONS = 16,
    WITH_DELETED_VERSIONS = 32,
    TAKES_NULL_KEYS = 64,  /* rows are not told by their key; the other ways refuse such a row by name */
    FOLLOWS = 128          /* the target is to equal its source, as incload_verify() sees it */
};

struct mode {
    const char *name, *preset;
    const char *options; /* {key}, {at}, {rank}, {marker}, {begin}, {end} stand for names and bounds */
    void (*model)(struct content *there, const struct content *came);
    int traits;
};

#define BY_KEY "key={key} latest_by={rank}"
#define BY_CURSOR "cursor={at} null_cursor=include"
#define IN_INTERVAL BY_CURSOR " initial='{begin}' until='{end}'"

static const struct mode modes[] = {
    { "append", "append", "append_to_rows=true", appended, REWRITES | TAKES_NULL_KEYS },
    { "append since", "timestamp", "write=append cursor={at}", new_versions_appended,
      WITHOUT_NULL_CURSOR | TAKES_NULL_KEYS },
    { "merge", "upsert", BY_KEY, merged, 0 },
    { "merge since", "timestamp", BY_CURSOR " " BY_KEY, merged, 0 },
    { "merge, missing deleted", "upsert", BY_KEY " detect_deletes=keys delete_all=true", merged_without_missing,
      FOLLOWS },
    { "merge, missing marked", "upsert", BY_KEY " detect_deletes=keys delete_all=true deletes=soft",
      merged_and_missing_marked, WITH_MARKS | FOLLOWS },
    { "merge, marked deleted", "upsert", BY_KEY " delete_marker={marker}", merged_without_marked, WITH_MARKER },
    { "merge, marked marked", "upsert", BY_KEY " delete_marker={marker} deletes=soft", merged_and_marked_marked,
      WITH_MARKER | WITH_MARKS },
    { "insert_new", "upsert", "write=insert_new " BY_KEY, new_inserted, 0 },
    { "delete_insert", "upsert", "write=delete_insert key={key}", groups_replaced, REWRITES },
    { "replace", "full_refresh", "allow_empty=true", all_replaced, REWRITES | TAKES_NULL_KEYS | FOLLOWS },
    { "replace by key", "full_refresh", "allow_empty=true " BY_KEY, merged_without_missing, REWRITES | FOLLOWS },
    { "replace_interval", "interval", IN_INTERVAL, interval_replaced, REWRITES | TAKES_NULL_KEYS | FOLLOWS },
    { "replace_interval by key", "interval", IN_INTERVAL " " BY_KEY, interval_replaced_by_key, REWRITES | FOLLOWS },
    { "swap", "swap", "allow_empty=true", all_replaced, REWRITES | TAKES_NULL_KEYS | FOLLOWS },
    { "scd2", "history", BY_KEY, versions_added, WITH_VERSIONS },
    { "scd2 since", "history", "window=since " BY_CURSOR " " BY_KEY, versions_added, WITH_VERSIONS },
    { "scd2, missing ended", "history", BY_KEY " scd2_deletes=invalidate delete_all=true",
      versions_added_and_missing_ended, WITH_VERSIONS | FOLLOWS },
    { "scd2, missing recorded", "history", BY_KEY " scd2_deletes=new_record delete_all=true",
      versions_added_and_missing_recorded, WITH_VERSIONS | WITH_DELETED_VERSIONS | FOLLOWS },
    { "scd2 by time", "history", "key={key} latest_by={at} scd2_compare=timestamp", versions_added_by_time,
      WITH_VERSIONS | WITHOUT_NULL_CURSOR },
};

/* ---- shapes of tables ---- */

struct shape {
    const char *name;
    const char *table, *id, *tenant, *at, *rank, *note, *marker; /* names; tenant NULL: the key is one column */
    bool text_key;
    bool typed; /* through a process function */
};

#define LONG "_name_that_is_as_long_as_it_may_be_in_every_one_of_them_"

static const struct shape shapes[] = {
    { "integer key", "plain", "id", NULL, "at", "ord", "note", "op", false, false },
    { "process function", "typed", "id", NULL, "at", "ord", "note", "op", false, true },
    { "text key", "texts", "id", NULL, "at", "ord", "note", "op", true, false },
    { "composite key", "pairs", "id", "tenant", "at", "ord", "note", "op", true, false },
    { "names of 63 bytes", "long", "id" LONG "00001", "te" LONG "00002", "at" LONG "00003", "or" LONG "00004",
      "no" LONG "00005", "op" LONG "00006", false, false },
};

enum { MODES = sizeof modes / sizeof modes[0], SHAPES = sizeof shapes / sizeof shapes[0] };

struct scene {
    const struct mode *mode;
    const struct shape *shape;
    struct content source, target;
    char from[80], to[80], options[900];
};

/* Case, blanks and accents: servers like to call such texts equal. */
static const char *const text_keys[] = { "", "a", "A", "a ", " a", "ae", "aE" };

static const char *
id_of(const struct shape *shape, int id)
{
    static char text[4][40];
    static int turn;
    char *out = text[turn++ % 4];

    if (id == NULL_KEY)
        return "NULL";
    if (shape->text_key)
        snprintf(out, sizeof text[0], "%s", text_keys[id]);
    else
        snprintf(out, sizeof text[0], "%d", id * 1000000007);
    return out;
}

static const char *
moment(int at)
{
    static char text[4][40];
    static int turn;
    char *out = text[turn++ % 4];

    snprintf(out, sizeof text[0], "2024-02-29 23:59:%02d.000001", at);
    return out;
}

static void
add_text(char *out, size_t size, const char *text)
{
    size_t length = strlen(out);

    ck_assert_uint_lt(length + strlen(text), size);
    snprintf(out + length, size - length, "%s", text);
}

static void
write_options(struct scene *s)
{
    const struct shape *shape = s->shape;
    char key[200];

    snprintf(key, sizeof key, "%s%s%s", shape->id, shape->tenant != NULL ? "," : "",
             shape->tenant != NULL ? shape->tenant : "");
    const struct {
        const char *mark, *text;
    } words[] = { { "{key}", key },           { "{at}", shape->at },
                  { "{rank}", shape->rank },  { "{marker}", shape->marker },
                  { "{begin}", moment(INTERVAL_BEGINS) }, { "{end}", moment(INTERVAL_ENDS) } };

    for (const char *at = s->mode->options; *at != '\0';) {
        size_t i = 0, count = sizeof words / sizeof words[0];
        while (i < count && strncmp(at, words[i].mark, strlen(words[i].mark)) != 0)
            i++;
        char one[2] = { *at, '\0' };
        add_text(s->options, sizeof s->options, i < count ? words[i].text : one);
        at += i < count ? strlen(words[i].mark) : 1;
    }
}

/* ---- the source ---- */

static bool
has(const struct scene *s, int trait)
{
    return (s->mode->traits & trait) != 0;
}

static void
make_source(const struct scene *s, const char *null_word)
{
    static const char *const texts[DIALECTS] = { "varchar(40)",
                                                 "varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
                                                 "TEXT" };
    static const char *const times[DIALECTS] = { "timestamp(6)", "datetime(6)", "TIMESTAMP TEXT" };
    enum dialect dialect = source.party->dialect;
    const struct shape *shape = s->shape;
    char tenant[100] = "", marker[100] = "";

    if (shape->tenant != NULL)
        snprintf(tenant, sizeof tenant, ", %s bigint NOT NULL", shape->tenant);
    if (has(s, WITH_MARKER))
        snprintf(marker, sizeof marker, ", %s varchar(10)", shape->marker);
    run_sql(source.database, "CREATE TABLE %s (%s %s %s, %s %s, %s bigint NOT NULL%s, %s varchar(40)%s)", s->from,
            shape->id, shape->text_key ? texts[dialect] : "bigint", null_word, shape->at, times[dialect], shape->rank,
            tenant, shape->note, marker);
}

static void
quoted_or_null(char *out, size_t size, const char *text)
{
    if (text != NULL)
        snprintf(out, size, "'%s'", text);
    else
        snprintf(out, size, "NULL");
}

static void
add(struct scene *s, int id, int at, int rank, const char *note)
{
    const struct shape *shape = s->shape;
    char key[60], time[60], word[60], tenant[100] = "", value[20] = "";

    if (has(s, WITHOUT_NULL_CURSOR) && at == NO_POSITION)
        at = 1;
    append_row(&s->source, (struct row){ .id = id, .at = at, .rank = rank, .note = note });
    quoted_or_null(key, sizeof key, id != NULL_KEY ? id_of(shape, id) : NULL);
    quoted_or_null(time, sizeof time, at != NO_POSITION ? moment(at) : NULL);
    quoted_or_null(word, sizeof word, note);
    if (shape->tenant != NULL) {
        snprintf(tenant, sizeof tenant, ", %s", shape->tenant);
        snprintf(value, sizeof value, ", %d", id % 2);
    }
    run_sql(source.database, "INSERT INTO %s (%s, %s, %s, %s%s) VALUES (%s, %s, %d, %s%s)", s->from, shape->id,
            shape->at, shape->rank, shape->note, tenant, key, time, rank, word, value);
}

static void
change(struct scene *s, int id, int at, int rank, const char *note)
{
    struct row *row = &s->source.rows[find_id(&s->source, id)];
    char word[60];

    row->at = at;
    row->rank = rank;
    row->note = note;
    quoted_or_null(word, sizeof word, note);
    run_sql(source.database, "UPDATE %s SET %s = '%s', %s = %d, %s = %s WHERE %s = '%s'", s->from, s->shape->at,
            moment(at), s->shape->rank, rank, s->shape->note, word, s->shape->id, id_of(s->shape, id));
}

static void
mark(struct scene *s, int id, bool marked)
{
    if (!has(s, WITH_MARKER))
        return;
    s->source.rows[find_id(&s->source, id)].marked = marked;
    run_sql(source.database, "UPDATE %s SET %s = '%s' WHERE %s = '%s'", s->from, s->shape->marker, marked ? "D" : "u",
            s->shape->id, id_of(s->shape, id));
}

static void
drop(struct scene *s, int id)
{
    take_out_id(&s->source, id);
    run_sql(source.database, "DELETE FROM %s WHERE %s = '%s'", s->from, s->shape->id, id_of(s->shape, id));
}

/* ---- the target ---- */

static int
by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

typedef char line[200];

static void
join_lines(line *lines, int count, char *out, size_t size)
{
    qsort(lines, (size_t)count, sizeof lines[0], by_text);
    out[0] = '\0';
    for (int i = 0; i < count; i++)
        add_text(out, size, lines[i]);
}

static void
expected_lines(const struct scene *s, char *out, size_t size)
{
    line lines[MOST_ROWS];

    for (int i = 0; i < s->target.count; i++) {
        const struct row *row = &s->target.rows[i];
        snprintf(lines[i], sizeof lines[i], "%s|%d|%s|%d|%s|%s\n", id_of(s->shape, row->id),
                 s->shape->tenant != NULL ? row->id % 2 : 0, row->at != NO_POSITION ? moment(row->at) : "NULL",
                 row->rank, row->note != NULL ? row->note : "NULL",
                 row->past   ? "past"
                 : row->gone ? "gone"
                             : "there");
    }
    join_lines(lines, s->target.count, out, size);
}

static void
found_lines(const struct scene *s, char *out, size_t size)
{
    enum dialect dialect = target.party->dialect;
    const struct shape *shape = s->shape;
    const char *const names[] = { shape->id, shape->tenant != NULL ? shape->tenant : "0", shape->at, shape->rank,
                                  shape->note };
    const char *gone = has(s, WITH_MARKS)              ? dialect == POSTGRES ? "_deleted" : "_deleted = 1"
                       : has(s, WITH_DELETED_VERSIONS) ? "is_deleted = TRUE"
                                                       : "1 = 0";
    const char *now = has(s, WITH_VERSIONS) ? "is_current = TRUE" : "1 = 1";
    char list[1200] = "";
    line lines[MOST_ROWS];

    for (int i = 0; i < 5; i++) {
        add_text(list, sizeof list, i > 0 ? ", " : "");
        add_text(list, sizeof list, text_of(names[i], dialect));
        snprintf(list + strlen(list), sizeof list - strlen(list), " AS c%d", i);
    }
    struct rows rows = read_rows(target.database,
                                 "SELECT %s, CASE WHEN NOT (%s) THEN 'past' WHEN %s THEN 'gone' ELSE 'there' END AS c5"
                                 " FROM %s",
                                 list, now, gone, s->to);
    ck_assert_int_le(rows.count, MOST_ROWS);
    for (int64_t i = 0; i < rows.count; i++) {
        lines[i][0] = '\0';
        for (int32_t c = 0; c < 6; c++) {
            const char *text = cell(&rows, i, c);
            add_text(lines[i], sizeof lines[i], c > 0 ? "|" : "");
            add_text(lines[i], sizeof lines[i], text != NULL ? text : "NULL");
        }
        add_text(lines[i], sizeof lines[i], "\n");
    }
    join_lines(lines, (int)rows.count, out, size);
    free_rows(&rows);
}

static struct load
load_of(const struct scene *s)
{
    return (struct load){ source.database, s->from, target.database, s->to, s->mode->preset, s->options,
                          .typed = s->shape->typed };
}

static struct outcome
load_once(const struct scene *s)
{
    struct load load = load_of(s);

    return run_load(&load);
}

static void
expect_content(const struct scene *s, const char *what, const char *road)
{
    char expected[8000], found[8000];

    expected_lines(s, expected, sizeof expected);
    found_lines(s, found, sizeof found);
    ck_assert_msg(strcmp(expected, found) == 0, "%s, %s, %s (road %s): expected\n%sfound\n%s", s->mode->name,
                  s->shape->name, what, road, expected, found);
}

static void
expect_balance(const struct outcome *out, const char *what)
{
    ck_assert_msg(out->rows_read == out->rows_written + out->rows_skipped + out->rows_rejected,
                  "%s: %lld read, %lld written, %lld skipped, %lld rejected", what, out->rows_read, out->rows_written,
                  out->rows_skipped, out->rows_rejected);
}

static void
step(struct scene *s, const char *what)
{
    struct outcome out = load_once(s);

    ck_assert_msg(out.code == INCLOAD_OK, "%s, %s, %s: %s", s->mode->name, s->shape->name, what, out.words);
    expect_balance(&out, what);
    ck_assert_int_eq(out.rows_rejected, 0);
    s->mode->model(&s->target, &s->source);
    expect_content(s, what, out.road);
}

/* What a process function does is its own affair. */
static void
step_verified(struct scene *s, const char *what)
{
    struct load load = load_of(s);

    step(s, what);
    if (has(s, FOLLOWS) && !s->shape->typed)
        ck_assert_msg(expect_verified(&load, "digest=client", what), "%s cannot be verified", s->mode->name);
}

/* Once more, with nothing changed since. */
static void
step_again(struct scene *s, const char *what)
{
    struct outcome out;

    if (has(s, REWRITES)) {
        step(s, what);
        return;
    }
    out = load_once(s);
    ck_assert_msg(out.code == INCLOAD_OK, "%s, %s, %s: %s", s->mode->name, s->shape->name, what, out.words);
    ck_assert_msg(out.rows_written == 0, "%s, %s, %s: %lld rows were written", s->mode->name, s->shape->name, what,
                  out.rows_written);
}

static struct scene
begin(int32_t number, const char *prefix, const char *null_word)
{
    struct scene s = { .mode = &modes[number / SHAPES], .shape = &shapes[number % SHAPES] };

    const char *rest = s.shape->table[0] == 'l' ? LONG : "";
    snprintf(s.from, sizeof s.from, "%.*s%s%02d%ss", rest[0] != '\0' ? 3 : 9, s.shape->table, prefix, number / SHAPES,
             rest);
    snprintf(s.to, sizeof s.to, "%.*s%s%02d%st", rest[0] != '\0' ? 3 : 9, s.shape->table, prefix, number / SHAPES,
             rest);
    if (rest[0] != '\0')
        ck_assert(strlen(s.from) == 63 && strlen(s.shape->id) == 63 && strlen(s.shape->marker) == 63);
    write_options(&s);
    make_source(&s, null_word);
    return s;
}

START_TEST(the_target_holds_what_the_model_says_after_each_step)
{
    struct scene s = begin(_i, "m", "NOT NULL");

    step(&s, "an empty source at first");
    add(&s, 1, 1, 1, "one");
    add(&s, 2, 2, 1, "two");
    add(&s, 3, 3, 1, NULL);
    add(&s, 4, NO_POSITION, 1, "four");
    step_verified(&s, "first rows");
    step_again(&s, "no change");
    change(&s, 1, 5, 2, "changed");
    drop(&s, 2);
    add(&s, 5, 6, 1, "");
    step_verified(&s, "one changed, one gone, one new");
    add(&s, 6, 7, 1, "older");
    add(&s, 6, 8, 2, "newer");
    add(&s, 1, 9, 9, "again");
    step(&s, "several rows of one key");
    step_again(&s, "no change with several rows of one key");
    add(&s, 2, 10, 3, "back");
    change(&s, 5, 11, 2, NULL);
    step(&s, "one back, one value gone to NULL");
    change(&s, 5, 12, 3, "not to be seen");
    mark(&s, 5, true);
    step(&s, "one marked");
    change(&s, 5, 13, 4, "seen");
    mark(&s, 5, false);
    step(&s, "one unmarked");
    for (int id = 1; id <= 6; id++)
        drop(&s, id);
    step_verified(&s, "an empty source at last");
}
END_TEST

START_TEST(a_row_with_null_in_its_key_lands_or_is_refused_by_name_and_rejected_where_that_is_asked)
{
    struct scene s = begin(_i, "n", "");
    struct content refused;

    add(&s, 1, 2, 1, "one");
    add(&s, 2, 3, 1, NULL);
    step(&s, "rows with keys");
    add(&s, 3, 4, 1, "three");
    refused = s.source;
    add(&s, NULL_KEY, 5, 1, "without a key");
    if (has(&s, TAKES_NULL_KEYS)) {
        step(&s, "a row without a key");
        return;
    }
    struct outcome out = load_once(&s);
    ck_assert_msg((out.code == INCLOAD_E_DATA || out.code == INCLOAD_E_CONSTRAINT)
                      && strstr(out.words, s.shape->id) != NULL,
                  "%s, %s: %s: %s", s.mode->name, s.shape->name, incload_status_name(out.code), out.words);
    expect_content(&s, "a row without a key", out.road);
    add_text(s.options, sizeof s.options, " bad_rows=reject");
    out = load_once(&s);
    ck_assert_msg(out.code == INCLOAD_OK, "%s, %s: %s", s.mode->name, s.shape->name, out.words);
    expect_balance(&out, s.mode->name);
    ck_assert_int_eq(out.rows_rejected, 1);
    s.mode->model(&s.target, &refused);
    expect_content(&s, "a row without a key is rejected", out.road);
}
END_TEST

int
main(int argc, char **argv)
{
    if (argc != 3 || !find_sides(argv[1], argv[2])) {
        fprintf(stderr, "usage: modes SOURCE TARGET (postgres, postgres-odbc, mariadb, sqlite)\n");
        return 2;
    }
    if (missing_server() != NULL) {
        printf("1..0 # SKIP %s is not set: run by tests/servers.sh\n", missing_server());
        return EXIT_SUCCESS;
    }
    place_prefix = "modes";
    Suite *suite = suite_create("modes");
    for (int i = 0; i < MODES; i++) {
        TCase *tests = tcase_create(modes[i].name);
        tcase_add_checked_fixture(tests, open_sides, NULL);
        tcase_add_loop_test(tests, the_target_holds_what_the_model_says_after_each_step, i * SHAPES, (i + 1) * SHAPES);
        tcase_add_loop_test(tests,
                            a_row_with_null_in_its_key_lands_or_is_refused_by_name_and_rejected_where_that_is_asked,
                            i * SHAPES, (i + 1) * SHAPES);
        suite_add_tcase(suite, tests);
    }
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_set_tap(runner, "-");
    srunner_run(runner, NULL, getenv("INCLOAD_TEST_CASE"), CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    close_sides();
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
