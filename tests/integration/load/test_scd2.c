/* SPDX-License-Identifier: Apache-2.0 */
/* write=scd2: what the target remembers is compared with a model over random histories, and what must always be true of
 * versions is asked of the database itself. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";
enum { ALL_ROUTES = ROUTES + 1 }; /* and PostgreSQL by ODBC into itself */

static scene
history_begin(const char *name, int32_t route, const char *shape, const char *key, const char *options)
{
    scene s;

    if (route < ROUTES) {
        s = scene_begin(name, route, shape, key, options);
    } else {
        s.from = place_open(PG_ODBC, 0);
        s.to = place_open(PG_ODBC, 1);
        ck_assert_int_gt(asprintf(&s.source, "%s_%d", name, (int)route), 0);
        ck_assert_int_gt(asprintf(&s.target, "%s_copy_%d", name, (int)route), 0);
        table_make(s.from, s.source, shape, key);
        table_drop(s.to, s.target);
        s.what = (load){ .from = s.from, .to = s.to, .table = s.source, .target = s.target, .options = options };
    }
    s.what.preset = "history";
    return s;
}

/* ---- what must always be true ---- */

/* No row a of the target has this, by itself or together with a row b of the target. */
static void
expect_none(const scene *s, const char *what, const char *with, const char *condition)
{
    bool join = with[0] != '\0';
    char *found = ask(s->to, "SELECT CAST(a.id AS CHAR(20)) AS c FROM %s a %s %s %s WHERE %s", s->target,
                      join ? "LEFT JOIN" : "", join ? s->target : "", with, condition);

    ck_assert_msg(found[0] == '\0', "%s to %s: %s:\n%s", kind_names[s->from.kind], kind_names[s->to.kind], what, found);
    free(found);
}

static void
expect_sound(const scene *s)
{
    expect_none(s, "two current versions", "b ON b.id = a.id AND b.valid_from <> a.valid_from",
                "a.is_current = TRUE AND b.is_current = TRUE");
    expect_none(s, "an end that does not fit the mark", "", "(a.valid_to IS NULL) <> (a.is_current = TRUE)");
    expect_none(s, "a version of no length", "", "a.valid_to <= a.valid_from");
    expect_none(s, "versions that overlap", "b ON a.id = b.id AND a.valid_from < b.valid_from",
                "b.id IS NOT NULL AND (a.valid_to IS NULL OR a.valid_to > b.valid_from)");
}

/* Between versions; legitimate only while a key was gone. */
static void
expect_no_gap(const scene *s)
{
    expect_none(s, "a version that no other follows", "b ON b.id = a.id AND b.valid_from = a.valid_to",
                "a.valid_to IS NOT NULL AND b.id IS NULL");
}

/* Versions in order, without their times: id|number|name|is current. */
static void
expect_versions(const scene *s, bool marks, const char *expected)
{
    const char *text = s->to.kind == MARIADB ? "CHAR" : "varchar(20)";
    char *found = ask(s->to,
                      "SELECT CAST(id AS %s) AS a, CAST(ROW_NUMBER() OVER (PARTITION BY id ORDER BY valid_from) AS %s) "
                      "AS b, name, CASE WHEN is_current = TRUE THEN 'current' ELSE 'past' END AS c, %s AS d FROM %s",
                      text, text, marks ? "CASE WHEN is_deleted = TRUE THEN 'deleted' ELSE 'there' END" : "'there'",
                      s->target);

    ck_assert_msg(strcmp(found, expected) == 0, "%s to %s: the history is\n%sinstead of\n%s", kind_names[s->from.kind],
                  kind_names[s->to.kind], found, expected);
    free(found);
}

static void
load_run_counts(const load *what, int64_t read, int64_t written, int64_t deleted)
{
    incload_run *run = load_ok(what);

    if (read >= 0)
        ck_assert_int_eq(incload_run_rows_read(run), read);
    ck_assert_int_eq(incload_run_rows_written(run), written);
    ck_assert_int_eq(incload_run_rows_deleted(run), deleted);
    incload_run_unref(run);
}

/* ---- a model of random histories ---- */

enum { KEYS = 12, VERSIONS = 64, ROUNDS = 8 };

typedef struct remembered {
    char names[VERSIONS]; /* 0: NULL */
    bool deleted[VERSIONS];
    int32_t count;
    bool current;
} remembered;

typedef struct model {
    bool there[KEYS];
    char name[KEYS];
    remembered keys[KEYS];
    int64_t rows, written, ended;
} model;

static void
remember(remembered *key, char name, bool deleted)
{
    ck_assert_int_lt(key->count, VERSIONS);
    key->names[key->count] = name;
    key->deleted[key->count] = deleted;
    key->count++;
    key->current = true;
}

static bool
is_live(const remembered *key)
{
    return key->current && !key->deleted[key->count - 1];
}

static void
model_load(model *m, int deletes)
{
    m->rows = m->written = m->ended = 0;
    for (int32_t i = 0; i < KEYS; i++) {
        remembered *key = &m->keys[i];
        if (m->there[i]) {
            m->rows++;
            if (is_live(key) && key->names[key->count - 1] == m->name[i])
                continue;
            remember(key, m->name[i], false);
            m->written++;
        } else if (deletes > 0 && is_live(key)) {
            m->ended++;
            key->current = false;
            if (deletes == 2)
                remember(key, key->names[key->count - 1], true);
        }
    }
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
model_text(const model *m)
{
    char *lines[KEYS * VERSIONS], *text = NULL;
    size_t size = 0, count = 0;
    FILE *out = open_memstream(&text, &size);

    for (int32_t i = 0; i < KEYS; i++) {
        const remembered *key = &m->keys[i];
        for (int32_t k = 0; k < key->count; k++) {
            char name[8] = { key->names[k] };
            bool current = key->current && k == key->count - 1;
            ck_assert_int_gt(asprintf(&lines[count++], "%d|%d|%s|%s|%s\n", (int)i, (int)k + 1,
                                      key->names[k] == 0 ? "NULL" : name, current ? "current" : "past",
                                      key->deleted[k] ? "deleted" : "there"),
                             0);
        }
    }
    if (count > 0)
        qsort(lines, count, sizeof lines[0], by_text);
    for (size_t i = 0; i < count; i++) {
        fputs(lines[i], out);
        free(lines[i]);
    }
    fclose(out);
    return text;
}

/* One change of the source. `stamp` grows. */
static void
change(scene *s, model *m, uint64_t *seed, int64_t *stamp)
{
    static const char names[] = { 'a', 'A', 'b', 0 };
    int32_t key = (int32_t)(draw(seed) % KEYS);
    char name = names[draw(seed) % 4], text[8] = "NULL";

    *stamp += 1;
    if (name != 0)
        snprintf(text, sizeof text, "'%c'", name);
    if (!m->there[key]) {
        sql(s->from, "INSERT INTO %s VALUES (%d, '2024-03-01 10:%02d:%02d.000000', %s)", s->source, (int)key,
            (int)(*stamp / 60 % 60), (int)(*stamp % 60), text);
    } else if (draw(seed) % 3 == 0) {
        sql(s->from, "DELETE FROM %s WHERE id = %d", s->source, (int)key);
        m->there[key] = false;
        return;
    } else {
        sql(s->from, "UPDATE %s SET name = %s, at = '2024-03-01 10:%02d:%02d.000000' WHERE id = %d", s->source, text,
            (int)(*stamp / 60 % 60), (int)(*stamp % 60), (int)key);
    }
    m->there[key] = true;
    m->name[key] = name;
}

static const char *const deletes_names[] = { "ignore", "invalidate", "new_record" };

START_TEST(random_histories_are_remembered_as_each_load_saw_them)
{
    int route = _i / 3, deletes = _i % 3;
    char options[160], name[32];
    uint64_t seed = (uint64_t)_i + 1;
    int64_t stamp = 0;
    model *m = calloc(1, sizeof *m);

    snprintf(options, sizeof options, "key=id scd2_columns=name delete_all=true scd2_deletes=%s",
             deletes_names[deletes]);
    snprintf(name, sizeof name, "random%d", deletes);
    scene s = history_begin(name, route, columns, "id", options);
    for (int32_t round = 0; round < ROUNDS; round++) {
        for (uint64_t i = 0, count = draw(&seed) % 10; i < count; i++)
            change(&s, m, &seed, &stamp);
        model_load(m, deletes);
        load_run_counts(&s.what, m->rows, m->written, m->ended);
        char *expected = model_text(m);
        expect_versions(&s, deletes == 2, expected);
        expect_sound(&s);
        if (deletes != 1)
            expect_no_gap(&s);
        /* Nothing has changed: nothing is written. */
        load_run_counts(&s.what, m->rows, 0, 0);
        expect_versions(&s, deletes == 2, expected);
        free(expected);
    }
    free(m);
    scene_end(&s);
}
END_TEST

START_TEST(increments_add_versions_and_end_no_key_that_they_do_not_show)
{
    scene s = history_begin("increments", _i, columns, "id", "window=since cursor=at key=id scd2_columns=name");
    uint64_t seed = (uint64_t)_i + 100;
    int64_t stamp = 0;
    model *m = calloc(1, sizeof *m);

    for (int32_t round = 0; round < ROUNDS; round++) {
        for (uint64_t i = 0, count = draw(&seed) % 10; i < count; i++)
            change(&s, m, &seed, &stamp);
        model_load(m, 0);
        load_run_counts(&s.what, -1, m->written, 0);
        char *expected = model_text(m);
        expect_versions(&s, false, expected);
        free(expected);
        expect_sound(&s);
        expect_no_gap(&s);
    }
    free(m);
    scene_end(&s);
}
END_TEST

START_TEST(with_stamps_all_rows_of_a_key_become_versions_in_their_order)
{
    static const char versions[] = "id:i name:s valid_from:t valid_to:t";
    scene s = history_begin("stamps", _i, columns, NULL, "key=id scd2_compare=timestamp latest_by=at");

    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:03.000000', 'c'), (1, '2024-03-01 10:00:01.000000', 'a'),"
              " (1, '2024-03-01 10:00:02.500000', 'b'), (2, '2024-03-01 10:00:01.000000', 'x')");
    load_run_counts(&s.what, 4, 4, 0);
    expect_rows(s.to, s.target, versions,
                "1|a|2024-03-01 10:00:01.000000|2024-03-01 10:00:02.500000\n"
                "1|b|2024-03-01 10:00:02.500000|2024-03-01 10:00:03.000000\n"
                "1|c|2024-03-01 10:00:03.000000|NULL\n2|x|2024-03-01 10:00:01.000000|NULL\n");
    expect_sound(&s);
    load_run_counts(&s.what, 4, 0, 0);
    /* Two more, one that is older than what is current, and one whose stamp has not moved. */
    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:05.000000', 'e'), (1, '2024-03-01 10:00:04.000000', 'd'),"
              " (1, '2024-03-01 10:00:02.000000', 'late'), (2, '2024-03-01 10:00:01.000000', 'same')");
    load_run_counts(&s.what, 8, 2, 0);
    expect_rows(s.to, s.target, versions,
                "1|a|2024-03-01 10:00:01.000000|2024-03-01 10:00:02.500000\n"
                "1|b|2024-03-01 10:00:02.500000|2024-03-01 10:00:03.000000\n"
                "1|c|2024-03-01 10:00:03.000000|2024-03-01 10:00:04.000000\n"
                "1|d|2024-03-01 10:00:04.000000|2024-03-01 10:00:05.000000\n"
                "1|e|2024-03-01 10:00:05.000000|NULL\n2|x|2024-03-01 10:00:01.000000|NULL\n");
    expect_sound(&s);
    expect_no_gap(&s);
    scene_end(&s);
}
END_TEST

START_TEST(random_stamps_make_the_versions_that_a_model_makes)
{
    static const char versions[] = "id:i name:s valid_from:t";
    scene s = history_begin("random_stamps", _i, columns, NULL,
                            "window=since key=id cursor=at scd2_compare=timestamp deep=never");
    uint64_t seed = (uint64_t)_i + 1000;
    int32_t second = 0;

    for (int32_t round = 0; round < ROUNDS; round++) {
        int64_t written = 0;
        for (uint64_t i = 0, count = draw(&seed) % 8; i < count; i++) {
            int32_t key = (int32_t)(draw(&seed) % 3);
            char row[96];
            second++;
            snprintf(row, sizeof row, "(%d, '2024-03-01 10:%02d:%02d.000000', 'n%d')", (int)key, (int)(second / 60),
                     (int)(second % 60), (int)second);
            table_add(s.from, s.source, row);
            written++;
        }
        load_run_counts(&s.what, -1, written, 0);
        expect_sound(&s);
        expect_no_gap(&s);
    }
    char *source = contents(s.from, s.source, "id:i name:s at:t");
    expect_rows(s.to, s.target, versions, source);
    free(source);
    scene_end(&s);
}
END_TEST

START_TEST(a_key_that_returns_begins_a_version_even_with_an_old_stamp)
{
    scene s = history_begin("returns", _i, columns, "id",
                            "key=id scd2_compare=timestamp latest_by=at scd2_deletes=invalidate");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:01.000000', 'b')");
    load_run_counts(&s.what, 2, 2, 0);
    sql(s.from, "DELETE FROM %s WHERE id = 1", s.source);
    load_run_counts(&s.what, 1, 0, 1);
    expect_versions(&s, false, "1|1|a|past|there\n2|1|b|current|there\n");
    load_run_counts(&s.what, 1, 0, 0);
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    load_run_counts(&s.what, 2, 1, 0);
    expect_versions(&s, false, "1|1|a|past|there\n1|2|a|current|there\n2|1|b|current|there\n");
    load_run_counts(&s.what, 2, 0, 0);
    /* The load that brought it back is its beginning: a change before that is told by its stamp alone. */
    sql(s.from, "UPDATE %s SET at = '2999-03-01 10:00:02.000000', name = 'c' WHERE id = 1", s.source);
    load_run_counts(&s.what, 2, 1, 0);
    expect_versions(&s, false, "1|1|a|past|there\n1|2|a|past|there\n1|3|c|current|there\n2|1|b|current|there\n");
    expect_sound(&s);
    scene_end(&s);
}
END_TEST

START_TEST(without_stamps_the_latest_of_several_rows_of_a_key_is_the_version)
{
    scene s = history_begin("latest", _i, columns, NULL, "key=id latest_by=at scd2_columns=name");

    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:03.000000', 'c'), (1, '2024-03-01 10:00:01.000000', 'a'),"
              " (2, '2024-03-01 10:00:01.000000', 'x'), (2, NULL, 'y')");
    load_run_counts(&s.what, 4, 2, 0);
    expect_versions(&s, false, "1|1|c|current|there\n2|1|x|current|there\n");
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:02.000000', 'b'), (2, '2024-03-01 10:00:02.000000', 'z')");
    load_run_counts(&s.what, 6, 1, 0);
    expect_versions(&s, false, "1|1|c|current|there\n2|1|x|past|there\n2|2|z|current|there\n");
    expect_sound(&s);
    scene_end(&s);
}
END_TEST

START_TEST(versions_follow_one_another_also_where_the_clock_stands_behind_them)
{
    scene s = history_begin("clock", _i, columns, "id", "key=id scd2_deletes=new_record");

    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:01.000000', 'b'),"
              " (3, '2024-03-01 10:00:01.000000', 'c')");
    load_run_counts(&s.what, 3, 3, 0);
    sql(s.to, "UPDATE %s SET valid_from = '2100-01-01 00:00:00.999999%s' WHERE id < 3", s.target,
        s.to.kind == SQLITE ? "+00" : "");
    for (int32_t i = 0; i < 3; i++) {
        sql(s.from, "UPDATE %s SET name = '%d' WHERE id IN (1, 3)", s.source, (int)i);
        load_run_counts(&s.what, 3, 2, 0);
        expect_sound(&s);
        expect_no_gap(&s);
    }
    sql(s.from, "DELETE FROM %s WHERE id IN (1, 2)", s.source);
    load_run_counts(&s.what, 1, 0, 2);
    expect_sound(&s);
    expect_no_gap(&s);
    expect_versions(&s, true,
                    "1|1|a|past|there\n1|2|0|past|there\n1|3|1|past|there\n1|4|2|past|there\n1|5|2|current|deleted\n"
                    "2|1|b|past|there\n2|2|b|current|deleted\n3|1|c|past|there\n3|2|0|past|there\n3|3|1|past|there\n"
                    "3|4|2|current|there\n");
    /* Those that do not lie ahead keep to the clock. */
    expect(s.to, "", "SELECT name FROM %s WHERE id = 3 AND valid_from > '2100-01-01'", s.target);
    scene_end(&s);
}
END_TEST

START_TEST(loads_within_one_tick_of_a_coarse_column_do_not_collide)
{
    static const char *const times[KINDS] = { "timestamptz(0)", "datetime", "TIMESTAMP", "timestamptz(0)" };
    scene s = history_begin("coarse", _i, columns, "id", "key=id");

    sql(s.to,
        "CREATE TABLE %s (id bigint NOT NULL, at %s NULL, name varchar(20) NULL, valid_from %s NOT NULL, "
        "valid_to %s NULL, is_current %s NOT NULL, PRIMARY KEY (id, valid_from))",
        s.target, s.to.kind == MARIADB ? "datetime(6)" : "timestamp", times[s.to.kind], times[s.to.kind],
        s.to.kind == MARIADB ? "tinyint(1)" : "boolean");
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    load_run_counts(&s.what, 1, 1, 0);
    for (int32_t i = 0; i < 4; i++) {
        sql(s.from, "UPDATE %s SET name = '%d'", s.source, (int)i);
        load_run_counts(&s.what, 1, 1, 0);
        expect_sound(&s);
        expect_no_gap(&s);
    }
    expect_versions(&s, false,
                    "1|1|a|past|there\n1|2|0|past|there\n1|3|1|past|there\n1|4|2|past|there\n1|5|3|current|there\n");
    scene_end(&s);
}
END_TEST

START_TEST(keys_of_several_columns_and_long_names_have_histories)
{
    static const char wide[] = "tenant:s id:i a_column_whose_name_has_the_sixty_three_bytes_of_postgres_names:s";
    static const char versions[] =
        "tenant:s id:i a_column_whose_name_has_the_sixty_three_bytes_of_postgres_names:s now:i";
    scene s = history_begin("wide", _i, wide, "tenant, id",
                            "key=tenant,id current_column=now valid_from_column='valid from' valid_to_column=until "
                            "scd2_deletes=invalidate");

    table_add(s.from, s.source, "('a', 1, 'x'), ('A', 1, 'y'), ('a b', 2, NULL)");
    load_run_counts(&s.what, 3, 3, 0);
    sql(s.from, "UPDATE %s SET %s = 'X' WHERE tenant = 'a'", s.source,
        "a_column_whose_name_has_the_sixty_three_bytes_of_postgres_names");
    sql(s.from, "DELETE FROM %s WHERE id = 2", s.source);
    load_run_counts(&s.what, 2, 1, 1);
    char *found = contents(s.to, s.target, versions);
    for (char *at = found; (at = strstr(at, "|true")) != NULL || (at = strstr(found, "|false")) != NULL;) {
        size_t length = at[1] == 't' ? 5 : 6;
        at[1] = at[1] == 't' ? '1' : '0';
        memmove(at + 2, at + length, strlen(at + length) + 1);
        at = found;
    }
    ck_assert_str_eq(found, "A|1|y|1\na b|2|NULL|0\na|1|X|1\na|1|x|0\n");
    free(found);
    scene_end(&s);
}
END_TEST

/* Doubles nothing and drops the first row of each batch. */
static int32_t
drop_first(incload_unit *unit, incload_batch *batch, void *user_data)
{
    uint8_t keep[8];

    (void)unit;
    (void)user_data;
    memset(keep, 0xff, sizeof keep);
    keep[0] = 0xfe;
    return incload_batch_keep(batch, keep, (size_t)(incload_batch_rows(batch) + 7) / 8, NULL) == INCLOAD_OK
               ? INCLOAD_DONE
               : 0;
}

START_TEST(a_process_function_decides_what_the_history_sees)
{
    scene s = history_begin("process", _i, columns, "id", "key=id scd2_columns=name scd2_deletes=invalidate");

    table_add(s.from, s.source, "(1, NULL, 'a'), (2, NULL, 'b'), (3, NULL, 'c')");
    load_run_counts(&s.what, 3, 3, 0);
    s.what.function = drop_first;
    load_run_counts(&s.what, 3, 0, 1);
    expect_sound(&s);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s WHERE is_current = TRUE", s.target), 2);
    s.what.function = NULL;
    load_run_counts(&s.what, 3, 1, 0);
    expect_sound(&s);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 4);
    scene_end(&s);
}
END_TEST

START_TEST(a_load_that_fails_leaves_no_version)
{
    scene s = history_begin("fails", _i, columns, "id", "key=id scd2_compare=timestamp latest_by=at");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    load_run_counts(&s.what, 1, 1, 0);
    sql(s.from, "UPDATE %s SET name = 'b', at = NULL", s.source);
    load_fails(&s.what, INCLOAD_E_DATA, "no time in 'at'");
    expect_versions(&s, false, "1|1|a|current|there\n");
    ck_assert_int_eq(staging_tables(s.to), 0);
    scene_end(&s);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(ending_every_version_is_refused_unless_it_is_allowed)
{
    scene s = history_begin("none_left", _i, columns, "id", "key=id scd2_deletes=invalidate");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, NULL, 'b')");
    load_run_counts(&s.what, 2, 2, 0);
    sql(s.from, "DELETE FROM %s", s.source);
    load_fails(&s.what, INCLOAD_E_STATE, "no row left|delete_all=true");
    expect_versions(&s, false, "1|1|a|current|there\n2|1|b|current|there\n");
    s.what.options = "key=id scd2_deletes=invalidate delete_all=true";
    load_run_counts(&s.what, 0, 0, 2);
    expect_versions(&s, false, "1|1|a|past|there\n2|1|b|past|there\n");
    s.what.options = "key=id scd2_deletes=invalidate";
    load_run_counts(&s.what, 0, 0, 0);
    scene_end(&s);
}
END_TEST

START_TEST(a_target_without_the_columns_of_a_history_is_refused)
{
    scene s = history_begin("no_columns", _i, columns, "id", "key=id");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    table_make(s.to, s.target, columns, "id");
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, s.target);
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "no column 'valid_from'|valid_from_column");
    table_make(s.to, s.target, "id:i at:t name:s valid_from:t valid_to:t is_current:i", "id");
    load_fails(&s.what, INCLOAD_E_CONSTRAINT, "unique|'key' and 'valid_from'|create one");
    table_make(s.to, s.target, "id:i at:t name:s valid_from:s valid_to:t is_current:i", "id, valid_from");
    load_fails(&s.what, INCLOAD_E_TYPE, "'valid_from'|timestamp|valid_from_column");
    table_make(s.to, s.target, "id:i at:t name:s valid_from:t valid_to:t is_current:i", "id, valid_from");
    load_run_counts(&s.what, 1, 1, 0);
    scene_end(&s);
}
END_TEST

START_TEST(a_source_with_a_column_of_that_name_is_refused)
{
    scene s = history_begin("same_name", _i, "id:i valid_to:t", "id", "key=id");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000')");
    load_fails(&s.what, INCLOAD_E_EXISTS, "'valid_to'|rename");
    s.what.options = "key=id valid_to_column=ends";
    load_run_counts(&s.what, 1, 1, 0);
    scene_end(&s);
}
END_TEST

START_TEST(rows_without_a_stamp_are_refused)
{
    scene s = history_begin("no_stamp", _i, columns, "id", "key=id scd2_compare=timestamp latest_by=at");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, NULL, 'b')");
    load_fails(&s.what, INCLOAD_E_DATA, "1 rows|'at'|scd2_compare=columns");
    s.what.options = "key=id scd2_compare=timestamp latest_by=name";
    load_fails(&s.what, INCLOAD_E_TYPE, "'name'|timestamps");
    scene_end(&s);
}
END_TEST

START_TEST(options_that_do_not_fit_together_are_refused)
{
    scene s = history_begin("options", _i, columns, "id", "");

    load_fails(&s.what, INCLOAD_E_INVALID, "write=scd2 needs option 'key'");
    s.what.options = "key=id window=since cursor=at scd2_deletes=invalidate";
    load_fails(&s.what, INCLOAD_E_INVALID, "scd2_deletes needs window=all");
    s.what.options = "key=id scd2_compare=timestamp";
    load_fails(&s.what, INCLOAD_E_INVALID, "'latest_by'");
    s.what.options = "key=id scd2_compare=timestamp latest_by=at scd2_columns=name";
    load_fails(&s.what, INCLOAD_E_INVALID, "scd2_compare=columns");
    s.what.options = "key=id valid_to_column=valid_from";
    load_fails(&s.what, INCLOAD_E_INVALID, "the same column 'valid_from'");
    s.what.options = "key=id scd2_columns=nothing";
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "'scd2_columns'|'nothing'");
    s.what.options = "key=id write=merge scd2_deletes=invalidate";
    load_fails(&s.what, INCLOAD_E_INVALID, "need write=scd2");
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, random_histories_are_remembered_as_each_load_saw_them, 0, 3 * ALL_ROUTES);
    tcase_add_loop_test(tests, increments_add_versions_and_end_no_key_that_they_do_not_show, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, with_stamps_all_rows_of_a_key_become_versions_in_their_order, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, random_stamps_make_the_versions_that_a_model_makes, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, a_key_that_returns_begins_a_version_even_with_an_old_stamp, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, without_stamps_the_latest_of_several_rows_of_a_key_is_the_version, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, versions_follow_one_another_also_where_the_clock_stands_behind_them, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, loads_within_one_tick_of_a_coarse_column_do_not_collide, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, keys_of_several_columns_and_long_names_have_histories, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, a_process_function_decides_what_the_history_sees, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, a_load_that_fails_leaves_no_version, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, ending_every_version_is_refused_unless_it_is_allowed, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, a_target_without_the_columns_of_a_history_is_refused, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, a_source_with_a_column_of_that_name_is_refused, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, rows_without_a_stamp_are_refused, 0, ALL_ROUTES);
    tcase_add_loop_test(tests, options_that_do_not_fit_together_are_refused, 0, ALL_ROUTES);
}

int
main(void)
{
    return run_tests("scd2", 100, add_tests);
}
