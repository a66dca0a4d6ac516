/* SPDX-License-Identifier: Apache-2.0 */
#include "capturing.h"

#include <stdio.h>
#include <stdlib.h>

incload_capture *
change_table_of(const watched *w, const char *options)
{
    incload_error *err = NULL;
    incload_capture *made = incload_capture_new(w->from.db, w->table, w->to.db, w->table, options, &err);

    ck_assert_msg(made != NULL, "%s: %s", kind_names[w->from.kind], incload_error_message(err));
    return made;
}

watched
watch(const char *name, int32_t route, const char *options)
{
    watched w = { .from = place_open((kind)(route / KINDS), 0), .to = place_open((kind)(route % KINDS), 1) };

    snprintf(w.table, sizeof w.table, "%s_%d", name, (int)route);
    table_drop(w.from, w.table);
    sql(w.from, "DROP TABLE IF EXISTS incload_changes_%s", w.table);
    make_items(w.from, w.table, false);
    make_items(w.to, w.table, false);
    w.changes = change_table_of(&w, options);
    return w;
}

static void
must(int32_t status, incload_error *err, const watched *w, const char *what)
{
    ck_assert_msg(status == INCLOAD_OK, "%s to %s: %s: %s: %s", kind_names[w->from.kind], kind_names[w->to.kind], what,
                  incload_error_name(err), incload_error_message(err));
}

void
install(watched *w)
{
    incload_error *err = NULL;

    int32_t status = incload_capture_install(w->changes, &err);
    must(status, err, w, "install");
}

void
load_whole(watched *w)
{
    incload_error *err = NULL;

    int32_t status = incload_capture_load(w->changes, &err);
    must(status, err, w, "load");
}

watched
watch_rows(const char *name, int32_t route, const char *options, const char *rows)
{
    watched w = watch(name, route, options);

    if (rows != NULL)
        sql(w.from, "INSERT INTO %s VALUES %s", w.table, rows);
    install(&w);
    load_whole(&w);
    expect_mirrored(&w);
    return w;
}

watched
watch_versions(const char *name, int32_t to, const char *options, const char *rows)
{
    watched w = { .from = place_open(MARIADB, 0), .to = place_open((kind)to, 1) };

    snprintf(w.table, sizeof w.table, "%s_%d", name, (int)to);
    table_drop(w.from, w.table);
    make_items(w.from, w.table, false);
    make_items(w.to, w.table, false);
    sql(w.from, "INSERT INTO %s VALUES %s", w.table, rows);
    sql(w.from, "ALTER TABLE %s " VERSION_COLUMNS "ADD KEY (s), ADD KEY (e), ADD SYSTEM VERSIONING", w.table);
    w.changes = change_table_of(&w, options);
    install(&w);
    load_whole(&w);
    expect_mirrored(&w);
    return w;
}

void
unwatch(watched *w)
{
    incload_error *err = NULL;

    int32_t status = incload_capture_remove(w->changes, &err);
    must(status, err, w, "remove");
    incload_capture_unref(w->changes);
    table_drop(w->from, w->table);
    table_drop(w->to, w->table);
    place_close(w->from);
    place_close(w->to);
}

void
consume(watched *w)
{
    incload_error *err = NULL;

    int32_t status = incload_capture_run(w->changes, &err);
    must(status, err, w, "run");
}

int64_t
pending(watched *w)
{
    incload_error *err = NULL;
    int64_t rows = -1, age = -1;

    int32_t status = incload_capture_pending(w->changes, &rows, &age, &err);
    must(status, err, w, "pending");
    ck_assert_int_ge(age, 0);
    ck_assert(rows > 0 || age == 0);
    return rows;
}

void
refused(int32_t status, incload_error **err, int32_t code, const char *words)
{
    ck_assert_msg(status == code, "%s: %s", incload_error_name(*err), incload_error_message(*err));
    expect_words(incload_error_message(*err), words);
    incload_error_unref(*err);
    *err = NULL;
}

void
expect_mirrored(const watched *w)
{
    char *expected = ask(w->from, "SELECT id, name, qty FROM %s", w->table);

    expect(w->to, expected, "SELECT id, name, qty FROM %s", w->table);
    free(expected);
}
