/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn changes of a table, told as events to another: whole or in part, some twice, some late, with commits, dropped
 * objects and restarts between them. Both tables are equal in the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

enum { KEYS = 12, CHANGES = 400, TOLD = 64, SEEDS = 2 };

typedef struct story {
    place at;
    uint64_t seed;
    bool soft;
    bool there[KEYS];
    incload_changes *changes;
    uint64_t position;
    uint64_t committed;
    char model[64], target[64];
    /* Since the last commit, to be told again. */
    struct {
        int32_t operation;
        uint64_t position;
        char old[32], row[96];
    } told[TOLD];
    int32_t told_count;
} story;

static int32_t
below(story *s, int32_t limit)
{
    return (int32_t)(draw(&s->seed) % (uint64_t)limit);
}

static void
open_changes(story *s)
{
    s->changes = changes_open(s->at, s->target, s->soft ? "deletes=soft" : "deletes=hard");
    ck_assert_uint_eq(position_of(s->changes), s->committed);
}

static void
tell(story *s, int32_t i)
{
    incload_error *err = NULL;
    const char *old = s->told[i].old[0] != '\0' ? s->told[i].old : NULL;

    ck_assert_msg(try_push(s->changes, s->told[i].operation, s->told[i].position, old, s->told[i].row, &err)
                      == INCLOAD_OK,
                  "%s", incload_error_message(err));
}

/* Of what was told since the last commit, all in any order and some of it twice. */
static void
finish(story *s)
{
    for (int32_t i = s->told_count - 1; i > 0; i--) {
        int32_t other = below(s, i + 1);
        typeof(s->told[0]) kept = s->told[i];
        s->told[i] = s->told[other];
        s->told[other] = kept;
    }
    for (int32_t i = 0; i < s->told_count; i++) {
        tell(s, i);
        if (below(s, 5) == 0)
            tell(s, below(s, i + 1));
    }
    /* One in four is lost and told again from the position that was committed. */
    if (below(s, 4) == 0) {
        incload_changes_unref(s->changes);
        open_changes(s);
        for (int32_t i = 0; i < s->told_count; i++)
            tell(s, i);
    }
    commit(s->changes);
    s->committed = s->position;
    ck_assert_uint_eq(position_of(s->changes), s->committed);
    s->told_count = 0;
}

static int32_t
find(story *s, bool there)
{
    for (int32_t tries = 0; tries < 50; tries++) {
        int32_t key = below(s, KEYS);
        if (s->there[key] == there)
            return key;
    }
    return -1;
}

static void
note(story *s, int32_t operation, const char *old, const char *row)
{
    s->told[s->told_count].operation = operation;
    s->told[s->told_count].position = ++s->position;
    snprintf(s->told[s->told_count].old, sizeof s->told[0].old, "%s", old);
    snprintf(s->told[s->told_count++].row, sizeof s->told[0].row, "%s", row);
}

static void
do_insert(story *s, int32_t key)
{
    int32_t qty = below(s, 1000);
    char row[96];

    sql(s->at, "INSERT INTO %s (id, name, qty) VALUES (%d, 'n%d', %d)", s->model, (int)key, (int)qty, (int)qty);
    snprintf(row, sizeof row, "id=%d name=n%d qty=%d", (int)key, (int)qty, (int)qty);
    note(s, below(s, 4) == 0 ? INCLOAD_CHANGE_READ : INCLOAD_CHANGE_INSERT, "", row);
    s->there[key] = true;
}

static void
do_update(story *s, int32_t key)
{
    int32_t qty = below(s, 1000);
    bool null = below(s, 4) == 0;
    char row[96];

    if (null)
        sql(s->at, "UPDATE %s SET name = NULL WHERE id = %d", s->model, (int)key);
    else
        sql(s->at, "UPDATE %s SET qty = %d WHERE id = %d", s->model, (int)qty, (int)key);
    snprintf(row, sizeof row, null ? "id=%d name=-" : "id=%d qty=%d", (int)key, (int)qty);
    note(s, INCLOAD_CHANGE_UPDATE, "", row);
}

static void
do_move(story *s, int32_t key, int32_t other)
{
    char old[32], row[96];

    sql(s->at, "UPDATE %s SET id = %d, qty = 7 WHERE id = %d", s->model, (int)other, (int)key);
    snprintf(old, sizeof old, "id=%d", (int)key);
    snprintf(row, sizeof row, "id=%d qty=7", (int)other);
    note(s, INCLOAD_CHANGE_UPDATE, old, row);
    s->there[key] = false;
    s->there[other] = true;
}

static void
do_delete(story *s, int32_t key)
{
    char row[96];

    sql(s->at, "DELETE FROM %s WHERE id = %d", s->model, (int)key);
    snprintf(row, sizeof row, "id=%d", (int)key);
    note(s, INCLOAD_CHANGE_DELETE, "", row);
    s->there[key] = false;
}

static void
do_truncate(story *s)
{
    sql(s->at, "DELETE FROM %s", s->model);
    note(s, INCLOAD_CHANGE_TRUNCATE, "", "");
    memset(s->there, 0, sizeof s->there);
}

static void
change(story *s)
{
    int32_t what = below(s, 100), there = find(s, true), free_key = find(s, false);

    if (what < 30 && free_key >= 0)
        do_insert(s, free_key);
    else if (what < 65 && there >= 0)
        do_update(s, there);
    else if (what < 80 && there >= 0 && free_key >= 0)
        do_move(s, there, free_key);
    else if (what < 98 && there >= 0)
        do_delete(s, there);
    else if (what >= 98)
        do_truncate(s);
}

static void
compare(const story *s)
{
    char *wanted = ask(s->at, "SELECT id, name, qty FROM %s", s->model);

    expect(s->at, wanted, "SELECT id, name, qty FROM %s%s", s->target, s->soft ? " WHERE NOT _deleted" : "");
    free(wanted);
}

START_TEST(a_drawn_story_ends_as_the_table_it_tells_of)
{
    story s = { .at = place_open((kind)(_i % KINDS), 0), .seed = 1000 + (uint64_t)_i, .soft = _i / KINDS % 2 == 1 };

    snprintf(s.model, sizeof s.model, "model_%d", _i);
    snprintf(s.target, sizeof s.target, "target_%d", _i);
    make_items(s.at, s.model, false);
    make_items(s.at, s.target, s.soft);
    open_changes(&s);
    for (int32_t i = 0; i < CHANGES; i++) {
        change(&s);
        if (s.told_count == TOLD || (s.told_count > 0 && below(&s, 12) == 0)) {
            finish(&s);
            compare(&s);
        }
    }
    if (s.told_count > 0)
        finish(&s);
    compare(&s);
    ck_assert_int_eq(staging_tables(s.at), 0);
    incload_changes_unref(s.changes);
    place_close(s.at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_drawn_story_ends_as_the_table_it_tells_of, 0, KINDS * 2 * SEEDS);
}

int
main(void)
{
    return run_tests("changes_random", 100, add_tests);
}
