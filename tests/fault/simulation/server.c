/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "server_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../report.h"
#include "files.h"

enum { OBJECTS = 64, KEEPER_SQL = 4000 };

typedef struct object {
    char *name;
    char *sql; /* NULL: SQLite's own */
    bool table;
    char *empty; /* statements that set its rows back */
    char *fill;  /* NULL: it had none */
} object;

typedef struct base {
    char name[16];
    server_link links[LINKS];
    object objects[OBJECTS];
    int32_t count;
    int64_t schema;
    bool written; /* since it was set back */
} base;

static base bases[BASES] = { { .name = "/shop" }, { .name = "/house" } };
static server_faults at_work;
static process *host;
static void (*watcher)(int32_t base);

/* ---- connections to SQLite ---- */

static void
connect(server_link *link, int32_t at)
{
    static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;"
                                   "PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0";

    if (sqlite3_open(bases[at].name, &link->db) != SQLITE_OK
        || sqlite3_exec(link->db, settings, NULL, NULL, NULL) != SQLITE_OK)
        report_die("SQLite does not open %s: %s", bases[at].name, sqlite3_errmsg(link->db));
    link->base = at;
}

/* The first is nobody's: it looks on. */
static server_link *
keeper(int32_t at)
{
    server_link *link = &bases[at].links[0];

    if (link->db == NULL) {
        connect(link, at);
        char sql[64];
        snprintf(sql, sizeof sql, "ATTACH '%s_kept' AS kept", bases[at].name);
        if (sqlite3_exec(link->db, sql, NULL, NULL, NULL) != SQLITE_OK)
            report_die("%s", sqlite3_errmsg(link->db));
    }
    return link;
}

uint64_t
server_hash(const char *text)
{
    size_t length = strlen(text), at = 0;
    uint64_t hash = length, part = 0;

    for (; at < length; at += sizeof part) {
        size_t left = length - at;
        part = 0;
        memcpy(&part, text + at, left < sizeof part ? left : sizeof part);
        hash = (hash ^ part) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    return hash;
}

/* Kept until another wants its place, of which each has a few. The oldest gives way. */
sqlite3_stmt *
server_prepare(server_link *link, const char *sql, int *rc)
{
    uint64_t hash = server_hash(sql);
    server_statement *first = &link->statements[hash % (STATEMENTS / WAYS) * WAYS], *at = NULL;
    sqlite3_stmt *made = NULL;

    *rc = SQLITE_OK;
    for (server_statement *s = first; s < first + WAYS; s++) {
        if (s->used)
            continue;
        if (s->hash == hash && s->prepared != NULL && strcmp(sqlite3_sql(s->prepared), sql) == 0) {
            s->used = true;
            s->age = ++link->age;
            return s->prepared;
        }
        if (at == NULL || s->age < at->age)
            at = s;
    }
    *rc = sqlite3_prepare_v2(link->db, sql, -1, &made, NULL);
    if (*rc != SQLITE_OK || at == NULL || made == NULL)
        return made;
    sqlite3_finalize(at->prepared);
    *at = (server_statement){ .hash = hash, .prepared = made, .used = true, .age = ++link->age };
    return made;
}

void
server_put_back(server_link *link, sqlite3_stmt *prepared)
{
    if (prepared == NULL)
        return;
    sqlite3_reset(prepared);
    uint64_t hash = server_hash(sqlite3_sql(prepared));
    server_statement *first = &link->statements[hash % (STATEMENTS / WAYS) * WAYS];
    for (server_statement *s = first; s < first + WAYS; s++) {
        if (s->prepared != prepared)
            continue;
        s->used = false;
        return;
    }
    sqlite3_finalize(prepared);
}

bool
server_is_busy(int rc)
{
    return (rc & 0xff) == SQLITE_BUSY && rc != SQLITE_BUSY_SNAPSHOT;
}

/* ---- sessions ---- */

int32_t
server_find(const char *name)
{
    for (int32_t i = 0; i < BASES; i++) {
        if (strcmp(bases[i].name + 1, name) == 0)
            return i;
    }
    return -1;
}

const char *
server_name(int32_t at)
{
    return bases[at].name;
}

server_link *
server_take(int32_t at, process *client)
{
    for (int32_t i = 1; i < LINKS; i++) {
        server_link *link = &bases[at].links[i];
        if (link->client != NULL)
            continue;
        if (link->db == NULL)
            connect(link, at);
        link->number = i;
        link->client = client;
        link->orphan = link->commits = false;
        return link;
    }
    report_die("the simulated server has no more than %d sessions", (int)LINKS);
}

static void
drop_temporary(server_link *link)
{
    int rc;
    char *drops = NULL;
    sqlite3_stmt *list = server_prepare(
        link, "SELECT group_concat(printf('DROP TABLE temp.\"%w\"', name), ';') FROM sqlite_temp_master"
              " WHERE type = 'table' AND name NOT LIKE 'incload_staging_000000%'", &rc);

    if (list != NULL && sqlite3_step(list) == SQLITE_ROW)
        drops = sqlite3_mprintf("%s", sqlite3_column_text(list, 0));
    server_put_back(link, list);
    if (drops != NULL)
        sqlite3_exec(link->db, drops, NULL, NULL, NULL);
    sqlite3_free(drops);
    link->made_temp = false;
}

void
server_release(server_link *link)
{
    for (int32_t i = 0; i < STATEMENTS; i++) {
        if (link->statements[i].used)
            server_put_back(link, link->statements[i].prepared);
    }
    /* Those that had no place are not in the list. */
    for (sqlite3_stmt *at = NULL; (at = sqlite3_next_stmt(link->db, at)) != NULL;)
        sqlite3_reset(at);
    if (sqlite3_get_autocommit(link->db) == 0)
        sqlite3_exec(link->db, "ROLLBACK", NULL, NULL, NULL);
    if (link->made_temp)
        drop_temporary(link);
    if (link->set_pragma)
        sqlite3_exec(link->db, "PRAGMA foreign_keys = ON; PRAGMA legacy_alter_table = OFF", NULL, NULL, NULL);
    link->set_pragma = link->shapes = false;
    server_stages_keep(link);
    link->client = NULL;
    link->orphan = false;
    server_changed(link->base);
}

static void *
outlive(void *data)
{
    server_link *link = data;

    machine_sleep(link->linger_us);
    machine_note(link->commits ? "late" : "ended", link->commits ? "COMMIT" : "ROLLBACK", link->number);
    if (link->commits && sqlite3_get_autocommit(link->db) == 0
        && sqlite3_exec(link->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) {
        if (link->shapes)
            server_shapes_changed(link->base);
        server_committed(link->base);
    }
    server_release(link);
    return NULL;
}

void
server_orphan(server_link *link, bool commits)
{
    if (link->orphan)
        return;
    link->orphan = true;
    link->commits = commits;
    link->linger_us = at_work.linger_us > 0 && machine_odds(1, 2) ? machine_draw(at_work.linger_us) : 0;
    machine_start_thread(host, false, outlive, link);
}

void
server_client_dies(process *which)
{
    for (int32_t i = 0; i < BASES; i++) {
        for (int32_t j = 1; j < LINKS; j++) {
            server_link *link = &bases[i].links[j];
            if (link->client == which)
                server_orphan(link, link->commits);
        }
    }
}

int32_t
server_sessions(void)
{
    int32_t count = 0;

    for (int32_t i = 0; i < BASES; i++) {
        for (int32_t j = 1; j < LINKS; j++)
            count += bases[i].links[j].client != NULL;
    }
    return count;
}

const server_faults *
server_faults_of(const process *client)
{
    static const server_faults none = { .latency_us = 100 };

    if (at_work.victims != NULL && strcmp(process_name(client), at_work.victims) == 0)
        return &at_work;
    return &none;
}

void
server_set_faults(const server_faults *faults)
{
    at_work = *faults;
}

void
server_changed(int32_t at)
{
    machine_wake(&bases[at], true);
}

void
server_wait(int32_t at, int64_t until_us)
{
    machine_wait(&bases[at], until_us);
}

void
server_committed(int32_t at)
{
    bases[at].written = true;
    server_changed(at);
    if (watcher != NULL)
        watcher(at);
}

void
server_watch(void (*committed)(int32_t base))
{
    watcher = committed;
}

/* ---- without a client ---- */

static sqlite3_stmt *
must_prepare(server_link *link, const char *sql)
{
    int rc;
    sqlite3_stmt *prepared = server_prepare(link, sql, &rc);

    if (prepared == NULL)
        report_die("%s: %s", sql, sqlite3_errmsg(link->db));
    return prepared;
}

static void
fill_answer(sqlite3_stmt *prepared, server_answer *answer)
{
    const unsigned char *text = sqlite3_column_text(prepared, 0);

    answer->rows++;
    if (answer->rows > 1)
        return;
    answer->number = sqlite3_column_int64(prepared, 0);
    snprintf(answer->text, sizeof answer->text, "%s", text != NULL ? (const char *)text : "");
}

server_answer
server_look(int32_t at, const char *sql)
{
    server_answer answer = { .rows = 0 };
    server_link *link = keeper(at);
    int rc;

    sqlite3_stmt *prepared = server_prepare(link, sql, &rc);
    if (prepared == NULL) {
        answer.rows = -1;
        snprintf(answer.text, sizeof answer.text, "%s", sqlite3_errmsg(link->db));
        return answer;
    }
    while ((rc = sqlite3_step(prepared)) == SQLITE_ROW)
        fill_answer(prepared, &answer);
    if (rc != SQLITE_DONE) {
        answer.rows = -1;
        snprintf(answer.text, sizeof answer.text, "%s", sqlite3_errmsg(link->db));
    }
    server_put_back(link, prepared);
    return answer;
}

server_answer
server_ask(int32_t at, const char *format, ...)
{
    char sql[KEEPER_SQL];
    va_list args;

    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    server_answer answer = server_look(at, sql);
    if (answer.rows < 0)
        report_die("%s: %s", sql, answer.text);
    return answer;
}

void
server_each(int32_t at, const char *sql, void (*row)(void *data, const char *const *cells), void *data)
{
    server_link *link = keeper(at);
    sqlite3_stmt *prepared = must_prepare(link, sql);
    const char *cells[16];

    while (sqlite3_step(prepared) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(prepared) && i < 16; i++)
            cells[i] = (const char *)sqlite3_column_text(prepared, i);
        row(data, cells);
    }
    server_put_back(link, prepared);
}

server_link *
server_open(int32_t at)
{
    return server_take(at, machine_process());
}

void
server_close(server_link *link)
{
    server_release(link);
}

bool
server_do(server_link *link, const char *sql, server_answer *answer)
{
    int64_t until = machine_now() + LOCK_WAIT_US;
    server_answer found;
    int rc;

    machine_sleep(1 + machine_draw(200));
    for (;;) {
        bool wrote = sqlite3_get_autocommit(link->db) == 0;
        int before = sqlite3_total_changes(link->db);
        sqlite3_stmt *prepared = server_prepare(link, sql, &rc);
        found = (server_answer){ .rows = 0 };
        while (prepared != NULL && (rc = sqlite3_step(prepared)) == SQLITE_ROW)
            fill_answer(prepared, &found);
        server_put_back(link, prepared);
        wrote = wrote || before != sqlite3_total_changes(link->db);
        if (rc == SQLITE_DONE && sqlite3_get_autocommit(link->db) != 0 && wrote)
            server_committed(link->base);
        if (!server_is_busy(rc) || machine_now() >= until)
            break;
        server_wait(link->base, until);
    }
    machine_note("does", sql, rc);
    if (answer != NULL)
        *answer = found;
    if (rc == SQLITE_DONE)
        return true;
    if (sqlite3_get_autocommit(link->db) == 0)
        sqlite3_exec(link->db, "ROLLBACK", NULL, NULL, NULL);
    server_changed(link->base);
    return false;
}

/* ---- from one seed to the next ---- */

static void
keep_do(int32_t at, const char *sql)
{
    server_link *link = keeper(at);
    sqlite3_stmt *prepared = must_prepare(link, sql);
    int rc = sqlite3_step(prepared);

    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        report_die("%s: %s", sql, sqlite3_errmsg(link->db));
    server_put_back(link, prepared);
}

static void
remember_one(void *data, const char *const *cells)
{
    base *b = data;

    if (b->count == OBJECTS)
        report_die("more than %d tables and indexes to remember", (int)OBJECTS);
    object *o = &b->objects[b->count++];
    *o = (object){ .name = strdup(cells[0]), .sql = cells[1] != NULL ? strdup(cells[1]) : NULL };
    o->table = strcmp(cells[2], "table") == 0;
}

void
server_remember(void)
{
    char sql[400];

    for (int32_t i = 0; i < BASES; i++) {
        base *b = &bases[i];
        server_each(i, "SELECT name, sql, type FROM main.sqlite_master ORDER BY type <> 'table', rowid", remember_one,
                    b);
        for (int32_t j = 0; j < b->count; j++) {
            object *o = &b->objects[j];
            if (!o->table)
                continue;
            snprintf(sql, sizeof sql, "CREATE TABLE kept.\"%s\" AS SELECT * FROM main.\"%s\"", o->name, o->name);
            keep_do(i, sql);
            o->empty = sqlite3_mprintf("DELETE FROM main.\"%w\"", o->name);
            snprintf(sql, sizeof sql, "SELECT * FROM kept.\"%s\" LIMIT 1", o->name);
            if (server_ask(i, "%s", sql).rows > 0)
                o->fill = sqlite3_mprintf("INSERT INTO main.\"%w\" SELECT * FROM kept.\"%w\"", o->name, o->name);
        }
        b->schema = server_ask(i, "PRAGMA main.schema_version").number;
    }
}

static void
drop_one(void *data, const char *const *cells)
{
    char **sql = data;
    char *more = sqlite3_mprintf("%z%s", *sql, cells[0]);

    *sql = more;
}

/* Somebody made or dropped tables. */
static void
rebuild(int32_t at)
{
    base *b = &bases[at];
    char *drops = sqlite3_mprintf("");

    server_each(at, "SELECT printf('DROP %s main.\"%w\";', type, name) FROM main.sqlite_master"
                    " WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'", drop_one, &drops);
    sqlite3_exec(keeper(at)->db, "PRAGMA foreign_keys = OFF", NULL, NULL, NULL);
    if (sqlite3_exec(keeper(at)->db, drops, NULL, NULL, NULL) != SQLITE_OK)
        report_die("%s: %s", drops, sqlite3_errmsg(keeper(at)->db));
    sqlite3_free(drops);
    for (int32_t i = 0; i < b->count; i++) {
        if (b->objects[i].sql != NULL && strncmp(b->objects[i].name, "sqlite_", 7) != 0)
            keep_do(at, b->objects[i].sql);
    }
    b->schema = server_ask(at, "PRAGMA main.schema_version").number;
    server_shapes_changed(at);
}

static void
set_back(int32_t at)
{
    base *b = &bases[at];

    keep_do(at, "BEGIN IMMEDIATE");
    if (server_ask(at, "PRAGMA main.schema_version").number != b->schema)
        rebuild(at);
    for (int32_t i = 0; i < b->count; i++) {
        if (b->objects[i].empty != NULL)
            keep_do(at, b->objects[i].empty);
        if (b->objects[i].fill != NULL)
            keep_do(at, b->objects[i].fill);
    }
    keep_do(at, "COMMIT");
    b->written = false;
    keep_do(at, "PRAGMA main.wal_checkpoint(TRUNCATE)");
}

void
server_begin(process *runs_on, const server_faults *faults)
{
    host = runs_on;
    at_work = *faults;
    for (int32_t i = 0; i < BASES; i++) {
        for (int32_t j = 1; j < LINKS; j++) {
            if (bases[i].links[j].client != NULL)
                server_release(&bases[i].links[j]);
        }
        if (bases[i].written && bases[i].count > 0)
            set_back(i);
    }
}

void
server_install(void)
{
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    files_install();
}
