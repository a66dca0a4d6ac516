/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "stage.h"

#include <incload/incload.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

const char *const kind_names[KINDS] = { "libpq", "psqlodbc", "mariadb", "sqlite" };

const char stage_options[] = "cursor=updated key=id batch_rows=16 page_rows=20";
const char stage_source[] = "items";
const char stage_target[] = "copy";
const char stage_twin[] = "twin";

enum { ALONE_MS = 5000, AGAIN_MS = 20000 };

static const struct dialect {
    const char *variable;  /* the url of tests/servers.sh */
    const char *before;    /* what stands before the database's name in it */
    const char *columns;
    const char *contents;  /* a row's columns as text */
    const char *tables;    /* with their schemas, temporary ones of any session included where they can be seen */
    const char *ledger;    /* the ledger's tables */
    const char *prefix;    /* of the ledger's tables in SQL */
    const char *sessions;  /* of others on this database */
    const char *begin;
    const char *saved;     /* prefix of the saved tables */
} dialects[KINDS] = {
    [POSTGRES] = {
        "INCLOAD_TEST_POSTGRES", "@/",
        "id bigint NOT NULL PRIMARY KEY, name varchar(80), amount bigint, updated timestamp(6) NOT NULL",
        "id, name, amount, to_char(updated, 'YYYY-MM-DD HH24:MI:SS.US')",
        "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog',"
        " 'information_schema') ORDER BY 1",
        "SELECT tablename FROM pg_tables WHERE schemaname = 'incload' ORDER BY 1",
        "incload.",
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'",
        "BEGIN", "saved_",
    },
    [MARIADB] = {
        "INCLOAD_TEST_MARIADB", "Database=",
        "id bigint NOT NULL PRIMARY KEY, name varchar(80), amount bigint, updated datetime(6) NOT NULL",
        "CAST(id AS CHAR), name, CAST(amount AS CHAR), CAST(updated AS CHAR)",
        /* Without sequences, which only ever go forward. */
        "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
        " AND table_type = 'BASE TABLE' ORDER BY 1",
        "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
        " AND table_type = 'BASE TABLE' AND table_name LIKE 'incload\\_%' ORDER BY 1",
        "",
        "SELECT CAST(count(*) AS CHAR) FROM information_schema.processlist WHERE db = database()"
        " AND id <> connection_id()",
        "START TRANSACTION", "saved_",
    },
    [SQLITE] = {
        "INCLOAD_TEST_SQLITE", "Database=",
        "id BIGINT NOT NULL PRIMARY KEY, name TEXT, amount BIGINT, updated TIMESTAMP NOT NULL",
        "CAST(id AS TEXT), name, CAST(amount AS TEXT), CAST(updated AS TEXT)",
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1",
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'incload_*' ORDER BY 1",
        "",
        NULL,
        "BEGIN IMMEDIATE", "saved_",
    },
};

static const struct dialect *
dialect_of(kind which)
{
    return &dialects[which == PG_ODBC ? POSTGRES : which];
}

/* ---- databases ---- */

static const char *
variable(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL)
        report_die("%s is not set: run this by tests/fault/run.sh", name);
    return value;
}

static void
with_name(char out[1024], const char *url, const char *before, const char *name)
{
    const char *at = strstr(url, before);

    if (at == NULL)
        report_die("a database's url has no '%s'", before);
    at += strlen(before);
    snprintf(out, 1024, "%.*s%s%s", (int)(at - url), url, name, at + strcspn(at, "?;"));
}

static void
administer(kind which, const char *verb, const char *name, const char *how)
{
    client *admin = client_open(variable(dialect_of(which)->variable));

    client_do(admin, "%s %s%s", verb, name, how);
    client_close(admin);
}

/* The url of a new database. */
static void
database_make(kind which, char out[1024])
{
    static int number;
    char name[64], file[512];

    snprintf(name, sizeof name, "fault_%ld_%d", (long)getpid(), number++);
    if (which == SQLITE) {
        snprintf(file, sizeof file, "%s/%s.db", variable("INCLOAD_TEST_DIR"), name);
        with_name(out, variable("INCLOAD_TEST_SQLITE"), "Database=", file);
        return;
    }
    administer(which, "CREATE DATABASE", name, "");
    if (which == PG_ODBC)
        with_name(out, variable("INCLOAD_TEST_PG_ODBC"), "Database=", name);
    else
        with_name(out, variable(dialect_of(which)->variable), dialect_of(which)->before, name);
}

static void
put_row(FILE *out, int id, int revision)
{
    /* All the digits that each database keeps, so that each shows them alike. */
    fprintf(out, "(%d, 'row %d, revision %d', %d, '2024-03-%02d 12:%02d:%02d.%06d')", id, id, revision,
            id * 1000 + revision, revision, id / 60, id % 60, 100001 + id);
}

static void
put_rows(stage *s, int first, int last, int revision)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    fprintf(out, "INSERT INTO %s VALUES ", stage_source);
    for (int id = first; id <= last; id++) {
        if (id > first)
            fputs(", ", out);
        put_row(out, id, revision);
    }
    fclose(out);
    client_do(s->from, "%s", text);
    free(text);
}

static char *
contents(client *c, kind which, const char *table)
{
    return client_ask(c, "SELECT %s FROM %s ORDER BY id", dialect_of(which)->contents, table);
}

/* ---- saving and restoring the target ---- */

/* Calls for each line of a list. */
static void
for_lines(const char *list, void (*each)(FILE *, const struct dialect *, const char *), FILE *out,
          const struct dialect *d)
{
    char name[128];

    for (; *list != '\0'; list += strcspn(list, "\n") + 1) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(list, "\n"), list);
        each(out, d, name);
    }
}

static void
put_save(FILE *out, const struct dialect *d, const char *name)
{
    fprintf(out, "CREATE TABLE %s%s AS SELECT * FROM %s%s;\n", d->saved, name, d->prefix, name);
}

static void
put_restore(FILE *out, const struct dialect *d, const char *name)
{
    fprintf(out, "DELETE FROM %s%s;\nINSERT INTO %s%s SELECT * FROM %s%s;\n", d->prefix, name, d->prefix, name,
            d->saved, name);
}

static void
put_drop(FILE *out, const struct dialect *d, const char *name)
{
    fprintf(out, "DROP TABLE IF EXISTS %s%s;\n", d->prefix, name);
}

static char *
script(const stage *s, void (*each)(FILE *, const struct dialect *, const char *), bool in_transaction)
{
    const struct dialect *d = dialect_of(s->to_kind), bare = { .prefix = "", .saved = d->saved };
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (in_transaction)
        fprintf(out, "%s;\n", d->begin);
    each(out, &bare, stage_target);
    if (s->twins)
        each(out, &bare, stage_twin);
    for_lines(s->ledger, each, out, d);
    fputs(in_transaction ? "COMMIT" : "SELECT 1", out);
    fclose(out);
    return text;
}

static void
run_script(stage *s, void (*each)(FILE *, const struct dialect *, const char *), bool in_transaction)
{
    char *text = script(s, each, in_transaction);

    client_do(s->to, "%s", text);
    free(text);
}

static int64_t
ledger_number(stage *s, const char *what, const char *table)
{
    const char *prefix = s->to_kind == POSTGRES || s->to_kind == PG_ODBC ? "incload." : "incload_";

    return client_number(s->to, "SELECT %s FROM %s%s WHERE load_name = '%s'", what, prefix, table, stage_target);
}

static outcome load_twins(const stage *s);

static void
first_load(stage *s)
{
    outcome done = s->twins ? load_twins(s) : stage_load(s->from_url, s->to_url, NULL);

    if (done.status != INCLOAD_STATUS_SUCCESS)
        report_die("%s to %s: the load before all faults failed: %s", kind_names[s->from_kind],
                   kind_names[s->to_kind], done.message);
}

static stage *
stage_make(kind from, const char *from_url, kind to, const char *to_url, bool twins)
{
    stage *s = calloc(1, sizeof *s);

    if (s == NULL)
        report_die("no memory");
    s->from_kind = from;
    s->to_kind = to;
    s->twins = twins;
    snprintf(s->from_url, sizeof s->from_url, "%s", from_url);
    snprintf(s->to_url, sizeof s->to_url, "%s", to_url);
    s->from = client_open(from_url);
    s->to = client_open(to_url);
    client_do(s->from, "CREATE TABLE %s (%s)", stage_source, dialect_of(from)->columns);
    put_rows(s, 1, STAGE_OLD, 1);
    first_load(s);
    s->version = ledger_number(s, "version", "watermark");
    s->before = contents(s->to, to, stage_target);
    s->ledger = client_ask(s->to, "%s", dialect_of(to)->ledger);
    run_script(s, put_save, false);
    s->catalog = client_ask(s->to, "%s", dialect_of(to)->tables);

    client_do(s->from, "DELETE FROM %s WHERE id BETWEEN 11 AND %d", stage_source, 10 + STAGE_CHANGED);
    put_rows(s, 11, 10 + STAGE_CHANGED, 2);
    put_rows(s, STAGE_OLD + 1, STAGE_ROWS, 2);
    s->wanted = contents(s->from, from, stage_source);
    return s;
}

stage *
stage_new_at(kind from, const char *from_url, kind to, const char *to_url)
{
    return stage_make(from, from_url, to, to_url, false);
}

static stage *
stage_on_new_databases(kind from, kind to, bool twins)
{
    char from_url[1024], to_url[1024];

    database_make(from, from_url);
    database_make(to, to_url);
    return stage_make(from, from_url, to, to_url, twins);
}

stage *
stage_new(kind from, kind to)
{
    return stage_on_new_databases(from, to, false);
}

stage *
stage_new_twins(kind from, kind to)
{
    return stage_on_new_databases(from, to, true);
}

static void
database_drop(kind which, const char *url)
{
    const char *before = which == POSTGRES ? "@/" : "Database=";
    const char *name = strstr(url, before);
    char text[512];

    if (name == NULL)
        return;
    name += strlen(before);
    snprintf(text, sizeof text, "%.*s", (int)strcspn(name, "?;"), name);
    if (which == SQLITE)
        unlink(text);
    else
        administer(which, "DROP DATABASE", text, which == MARIADB ? "" : " WITH (FORCE)");
}

void
stage_free(stage *s)
{
    client_close(s->from);
    client_close(s->to);
    incload_database_unref(s->warm_from);
    incload_database_unref(s->warm_to);
    database_drop(s->from_kind, s->from_url);
    database_drop(s->to_kind, s->to_url);
    free(s->wanted);
    free(s->before);
    free(s->catalog);
    free(s->ledger);
    free(s);
}

void
stage_reset(stage *s, bool first)
{
    bool was_first = s->first;

    s->first = first;
    if (first) {
        run_script(s, put_drop, false);
        if (s->to_kind == POSTGRES || s->to_kind == PG_ODBC)
            client_do(s->to, "DROP SCHEMA IF EXISTS incload CASCADE");
        if (s->to_kind == MARIADB)
            client_do(s->to, "DROP SEQUENCE IF EXISTS incload_unit_epoch");
        return;
    }
    /* The tables are the library's own to make. */
    if (was_first)
        stage_load(s->from_url, s->to_url, NULL);
    run_script(s, put_restore, true);
}

/* ---- looking ---- */

static bool
has_table(stage *s, const char *list, const char *name)
{
    char *found = client_ask(s->to, "%s", list);
    size_t length = strlen(name);
    bool has = false;

    for (const char *line = found; *line != '\0' && !has; line += strcspn(line, "\n") + 1)
        has = strncmp(line, name, length) == 0 && line[length] == '\n';
    free(found);
    return has;
}

typedef struct books {
    int64_t version, history, oldest, newest, runs, told, written;
} books;

/* The ledger's figures for the load, all 0 where there is no ledger. */
static books
read_books(stage *s, const char *load)
{
    const struct dialect *d = dialect_of(s->to_kind);
    const char *l = s->to_kind == POSTGRES || s->to_kind == PG_ODBC ? "incload." : "incload_";
    books b = { 0 };

    if (!has_table(s, d->ledger, l[7] == '.' ? "meta" : "incload_meta"))
        return b;
    char *row = client_ask(
        s->to,
        "SELECT CAST(COALESCE((SELECT version FROM %swatermark WHERE load_name = '%s'), 0) AS CHAR(20)),"
        " CAST(count(*) AS CHAR(20)), CAST(COALESCE(min(h.version), 0) AS CHAR(20)),"
        " CAST(COALESCE(max(h.version), 0) AS CHAR(20)),"
        " CAST((SELECT count(*) FROM %srun WHERE load_name = '%s') AS CHAR(20)), CAST(count(r.run_id) AS CHAR(20)),"
        " CAST(COALESCE(sum(r.rows_written), 0) AS CHAR(20))"
        " FROM %swatermark_history h LEFT JOIN %srun r ON r.run_id = h.run_id WHERE h.load_name = '%s'",
        l, load, l, load, l, l, load);
    int64_t *into[] = { &b.version, &b.history, &b.oldest, &b.newest, &b.runs, &b.told, &b.written };
    char *rest = row;
    for (size_t i = 0; i < sizeof into / sizeof into[0]; i++) {
        *into[i] = strtoll(rest, &rest, 10);
        rest += strspn(rest, " |");
    }
    free(row);
    return b;
}

static char *
target_rows(stage *s, const char *target)
{
    const char *schema = s->to_kind == POSTGRES || s->to_kind == PG_ODBC ? "public." : "";
    char table[64];

    snprintf(table, sizeof table, "%s%s", schema, target);
    if (!has_table(s, dialect_of(s->to_kind)->tables, table))
        return strdup("");
    return contents(s->to, s->to_kind, target);
}

char *
stage_rows(stage *s, const char *table)
{
    return contents(s->to, s->to_kind, table);
}

void
stage_make_table(stage *s, const char *table)
{
    client_do(s->to, "CREATE TABLE %s (%s)", table, dialect_of(s->to_kind)->columns);
}

char *
stage_target_tables(stage *s)
{
    return client_ask(s->to, "%s", dialect_of(s->to_kind)->tables);
}

char *
stage_source_tables(stage *s)
{
    return client_ask(s->from, "%s", dialect_of(s->from_kind)->tables);
}

void
stage_refresh(stage *s)
{
    free(s->wanted);
    s->wanted = contents(s->from, s->from_kind, stage_source);
}

static bool
books_agree(const books *b)
{
    return b->version == b->history && b->runs == b->version && b->told == b->version
           && (b->version == 0 || (b->oldest == 1 && b->newest == b->version));
}

static void
describe(const books *b, const char *rows, char why[256])
{
    snprintf(why, 256,
             "rows are %s; version %lld, history %lld (%lld to %lld), runs %lld of which %lld moved it, "
             "%lld rows written",
             rows, (long long)b->version, (long long)b->history, (long long)b->oldest, (long long)b->newest,
             (long long)b->runs, (long long)b->told, (long long)b->written);
}

bool
stage_is_whole(stage *s, char why[256])
{
    books b = read_books(s, stage_target);
    char *rows = target_rows(s, stage_target);
    bool same = strcmp(rows, s->wanted) == 0;

    describe(&b, same ? "the source's" : "not the source's", why);
    free(rows);
    return same && books_agree(&b);
}

static landed
look_at(stage *s, const char *target, int64_t runs, char why[256])
{
    books b = read_books(s, target);
    char *rows = target_rows(s, target);
    int64_t version = s->first ? 0 : s->version;
    int64_t old = s->first ? 0 : STAGE_OLD, changes = s->first ? STAGE_ROWS : STAGE_CHANGED + STAGE_NEW;
    bool before = strcmp(rows, s->first ? "" : s->before) == 0, after = strcmp(rows, s->wanted) == 0;

    describe(&b, after ? "the source's" : before ? "those before" : "neither the source's nor those before", why);
    free(rows);
    if (!books_agree(&b))
        return LANDED_WRONG;
    if (before && b.version == version && b.written == old)
        return LANDED_NOT;
    if (after && b.version > version && b.version <= version + runs && b.written == old + changes)
        return LANDED_ALL;
    return LANDED_WRONG;
}

landed
stage_look(stage *s, int64_t runs, char why[256])
{
    landed found = look_at(s, stage_target, runs, why);
    char other[256];

    if (!s->twins || found == LANDED_WRONG)
        return found;
    if (look_at(s, stage_twin, runs, other) == found)
        return found;
    snprintf(why, 256, "one of two landed; of the second: %.200s", other);
    return LANDED_WRONG;
}

static bool
alone_on(client *c, kind which)
{
    const char *sessions = dialect_of(which)->sessions;

    return sessions == NULL || client_number(c, "%s", sessions) == 0;
}

bool
stage_alone(stage *s)
{
    int64_t until = now_us() + ALONE_MS * INT64_C(1000);

    while (!alone_on(s->from, s->from_kind) || !alone_on(s->to, s->to_kind)) {
        if (now_us() > until)
            return false;
        pause_us(500);
    }
    return true;
}

bool
stage_tidy(stage *s, char why[256])
{
    char *found = client_ask(s->to, "%s", dialect_of(s->to_kind)->tables);
    bool same = strcmp(found, s->catalog) == 0;

    for (char *at = found; *at != '\0'; at++)
        *at = *at == '\n' ? ' ' : *at;
    snprintf(why, 256, "the tables are %.230s", found);
    free(found);
    return same;
}

/* ---- loads ---- */

static const char *lease;

void
stage_use_lease(const char *duration)
{
    lease = duration;
}

static incload_step *
step_between(incload_database *from, incload_database *to, const char *target, incload_error **err)
{
    incload_strategy *how = incload_strategy_new("timestamp", stage_options, err);
    incload_step *step = incload_step_new_load(from, stage_source, to, target, how, err);

    if (lease != NULL)
        incload_step_set(step, "lease", lease, err);
    incload_strategy_unref(how);
    return step;
}

/* Takes the step over. */
static outcome
run_step(incload_step *step, const char *run_options, incload_error *err)
{
    outcome out = { 0 };
    int64_t started = now_us();
    incload_run *run = incload_step_run(step, run_options, &err);

    out.ended_us = now_us();
    out.took_us = out.ended_us - started;
    out.status = incload_run_status(run);
    out.code = incload_error_code(err);
    out.retryable = incload_error_is_retryable(err) != 0;
    out.native_code = incload_error_native_code(err);
    out.rows_written = incload_run_rows_written(run);
    snprintf(out.sqlstate, sizeof out.sqlstate, "%s", incload_error_sqlstate(err));
    snprintf(out.run_id, sizeof out.run_id, "%s", incload_run_id(run));
    snprintf(out.message, sizeof out.message, "%s: %s", incload_error_name(err), incload_error_message(err));
    incload_run_unref(run);
    incload_step_unref(step);
    incload_error_unref(err);
    return out;
}

static outcome
load_between(incload_database *from, incload_database *to, const char *run_options, incload_error *err)
{
    incload_step *step = step_between(from, to, stage_target, &err);

    return run_step(step, run_options, err);
}

static outcome
load_twins(const stage *s)
{
    incload_error *err = NULL;
    incload_database *from = incload_database_new(s->from_url, NULL, &err);
    incload_database *to = incload_database_new(s->to_url, NULL, &err);
    incload_step *loads[] = { step_between(from, to, stage_target, &err), step_between(from, to, stage_twin, &err) };
    outcome out = run_step(incload_step_new_group(loads, 2, "name=twins", &err), NULL, err);

    for (int i = 0; i < 2; i++)
        incload_step_unref(loads[i]);
    incload_database_unref(to);
    incload_database_unref(from);
    return out;
}

outcome
stage_load(const char *from_url, const char *to_url, const char *run_options)
{
    incload_error *err = NULL;
    incload_database *from = incload_database_new(from_url, NULL, &err);
    incload_database *to = incload_database_new(to_url, NULL, &err);
    outcome out = load_between(from, to, run_options, err);

    incload_database_unref(to);
    incload_database_unref(from);
    return out;
}

/* Whether a load that ended so is worth another try. */
static bool
try_again(const outcome *done, int64_t until)
{
    bool passing = done->retryable || done->code == INCLOAD_E_BUSY;

    if (done->status == INCLOAD_STATUS_SUCCESS || !passing || now_us() > until)
        return false;
    pause_us(5000);
    return true;
}

outcome
stage_load_again(const stage *s)
{
    int64_t until = now_us() + AGAIN_MS * INT64_C(1000);
    outcome done;

    do
        done = stage_load(s->from_url, s->to_url, NULL);
    while (try_again(&done, until));
    return done;
}

outcome
stage_load_warm(stage *s)
{
    int64_t until = now_us() + AGAIN_MS * INT64_C(1000);
    incload_error *err = NULL;
    outcome done;

    if (s->warm_from == NULL)
        s->warm_from = incload_database_new(s->from_url, NULL, &err);
    if (s->warm_to == NULL)
        s->warm_to = incload_database_new(s->to_url, NULL, &err);
    if (err != NULL)
        report_die("%s", incload_error_message(err));
    do
        done = load_between(s->warm_from, s->warm_to, NULL, NULL);
    while (try_again(&done, until));
    return done;
}

bool
stage_verify(const stage *s, char why[256])
{
    incload_error *err = NULL;
    incload_database *from = incload_database_new(s->from_url, NULL, &err);
    incload_database *to = incload_database_new(s->to_url, NULL, &err);
    incload_strategy *how = incload_strategy_new("timestamp", stage_options, &err);
    incload_step *step = incload_step_new_load(from, stage_source, to, stage_target, how, &err);
    incload_verification *found = incload_verify(step, NULL, &err);
    bool equal = err == NULL && incload_verification_is_equal(found) != 0
                 && incload_verification_target_rows(found) == STAGE_ROWS;

    snprintf(why, 256, "verified %lld and %lld rows: %lld missing, %lld extra, %lld changed %.120s",
             (long long)incload_verification_source_rows(found), (long long)incload_verification_target_rows(found),
             (long long)incload_verification_missing(found), (long long)incload_verification_extra(found),
             (long long)incload_verification_changed(found), incload_error_message(err));
    incload_verification_unref(found);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_database_unref(to);
    incload_database_unref(from);
    incload_error_unref(err);
    return equal;
}
