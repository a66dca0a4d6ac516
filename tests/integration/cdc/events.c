/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16 };

typedef struct image {
    char text[2048];
    const char *names[MOST];
    const char *values[MOST];
    int32_t count;
} image;

void
make_items(place at, const char *table, bool marks)
{
    static const char *const instants[KINDS] = { "timestamptz", "datetime(6)", "TIMESTAMPTZ TEXT", "timestamptz" };

    table_drop(at, table);
    sql(at, "CREATE TABLE %s (id bigint PRIMARY KEY NOT NULL, name varchar(200), qty bigint%s%s)", table,
        marks ? ", _deleted boolean NOT NULL DEFAULT false, deleted_at " : "",
        marks ? at.kind == SQLITE    ? "TIMESTAMP NULL"
                : at.kind == MARIADB ? "datetime(6) NULL"
                                     : instants[at.kind]
              : "");
}

const kind sleepers[SLEEPERS] = { POSTGRES, MARIADB, PG_ODBC };

void
make_slow(place at, const char *table)
{
    if (at.kind == MARIADB) {
        sql(at, "CREATE TRIGGER slow_%s BEFORE INSERT ON %s FOR EACH ROW SET NEW.qty = SLEEP(600)", table, table);
        return;
    }
    sql(at, "CREATE OR REPLACE FUNCTION sleep_on() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_sleep(600); RETURN NEW; END'");
    sql(at, "CREATE TRIGGER slow_%s BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION sleep_on()", table, table);
}

void
make_quick(place at, const char *table)
{
    if (at.kind == MARIADB)
        sql(at, "DROP TRIGGER slow_%s", table);
    else
        sql(at, "DROP TRIGGER slow_%s ON %s", table, table);
}

void
await_sleep(place at)
{
    await_number(at, 1, "%s",
                 at.kind == MARIADB ? "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'"
                                      " AND db = DATABASE()"
                                    : "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                                      " AND datname = current_database()");
}

void
expect_items(place at, const char *table, bool marks, const char *expected)
{
    const char *flags = marks ? ", CASE WHEN _deleted THEN 'deleted' ELSE 'live' END AS f,"
                                " CASE WHEN deleted_at IS NULL THEN 'untimed' ELSE 'timed' END AS w"
                              : "";

    expect(at, expected, "SELECT id, name, qty%s FROM %s", flags, table);
}

incload_changes *
changes_open(place at, const char *table, const char *options)
{
    incload_error *err = NULL;
    incload_changes *changes = incload_changes_new(at.db, table, options, &err);

    ck_assert_msg(changes != NULL, "%s: %s", kind_names[at.kind], incload_error_message(err));
    return changes;
}

incload_changes *
group_open(place at, const char *name, const char *options)
{
    incload_error *err = NULL;
    incload_changes *group = incload_changes_new_group(at.db, name, options, &err);

    ck_assert_msg(group != NULL, "%s: %s", kind_names[at.kind], incload_error_message(err));
    return group;
}

incload_changes *
group_add(incload_changes *group, const char *table, const char *options)
{
    incload_error *err = NULL;
    incload_changes *changes = incload_changes_add_table(group, table, options, &err);

    ck_assert_msg(changes != NULL, "%s: %s", table, incload_error_message(err));
    return changes;
}

static void
read_image(image *out, const char *row)
{
    char *rest = NULL;

    out->count = 0;
    snprintf(out->text, sizeof out->text, "%s", row != NULL ? row : "");
    for (char *word = strtok_r(out->text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        ck_assert_msg(value != NULL && out->count < MOST, "bad event %s", row);
        *value++ = '\0';
        out->names[out->count] = word;
        out->values[out->count++] = strcmp(value, "-") == 0 ? NULL : value;
    }
}

int32_t
try_push(incload_changes *changes, int32_t operation, uint64_t position, const char *old, const char *row,
         incload_error **err)
{
    image before, after;

    read_image(&before, old);
    read_image(&after, row);
    if (old != NULL)
        return incload_changes_push_update(changes, before.names, before.values, before.count, after.names,
                                           after.values, after.count, position, 0, err);
    return incload_changes_push(changes, operation, after.names, after.values, after.count, position, 0, err);
}

static void
must(int32_t status, incload_error *err, const char *what)
{
    ck_assert_msg(status == INCLOAD_OK, "%s: %s: %s", what, incload_error_name(err), incload_error_message(err));
}

void
push(incload_changes *changes, int32_t operation, uint64_t position, const char *row)
{
    incload_error *err = NULL;

    int32_t status = try_push(changes, operation, position, NULL, row, &err);
    must(status, err, row != NULL ? row : "push");
}

void
push_from(incload_changes *changes, uint64_t position, const char *old, const char *row)
{
    incload_error *err = NULL;

    int32_t status = try_push(changes, INCLOAD_CHANGE_UPDATE, position, old, row, &err);
    must(status, err, row);
}

void
commit(incload_changes *changes)
{
    incload_error *err = NULL;

    int32_t status = incload_changes_commit(changes, &err);
    must(status, err, "commit");
    ck_assert_int_eq(incload_changes_pending(changes), 0);
}

uint64_t
position_of(incload_changes *changes)
{
    uint64_t position = 0, ordinal = 0;

    ck_assert_int_eq(incload_changes_position(changes, &position, &ordinal, NULL), INCLOAD_OK);
    return position;
}
