/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cdc_workload.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { SESSIONS = 4, KEYS = 12, DEEPEST = 4, EXTRA = 3, LARGE = 150, KEYED = 3 };

const char *const workload_tables[] = { "plain", "apart", "whole", "bare", NULL };

typedef enum state { IDLE, OPEN, PREPARED } state;

typedef struct session {
    client *c;
    int number;
    state is;
    int depth;     /* of savepoints */
    int64_t began; /* its transaction, by the number of that */
} session;

enum {
    COMMITS,
    ROLLBACKS,
    SUBABORTS,
    STATEMENTS,
    TRUNCATES,
    PREPARES,
    ALTERS,
    LARGE_ONES,
    OVERTAKEN,
    GIVEN_UP,
    COUNTED
};

static const char *const counted[COUNTED] = {
    "commits", "rollbacks", "aborted savepoints",  "statements", "truncates", "prepared",
    "altered", "large",     "before an older one", "given up",
};

struct workload {
    session sessions[SESSIONS];
    client *admin;
    uint64_t seed;
    int64_t begun; /* transactions */
    int64_t done[COUNTED];
};

void
workload_make_tables(client *c)
{
    client_do(c, "CREATE TABLE plain (id int PRIMARY KEY, v int, pad text)");
    client_do(c, "CREATE TABLE apart (x int, y int, big text, n numeric(12, 3), PRIMARY KEY (x, y))");
    client_do(c, "CREATE TABLE whole (id int PRIMARY KEY, v text, big text)");
    client_do(c, "CREATE TABLE bare (k int, v text, big text, n numeric(12, 3))");
    client_do(c, "ALTER TABLE whole REPLICA IDENTITY FULL");
    client_do(c, "ALTER TABLE bare REPLICA IDENTITY FULL");
    client_do(c, "ALTER TABLE bare ALTER COLUMN big SET STORAGE EXTERNAL");
    client_do(c, "ALTER TABLE apart ALTER COLUMN big SET STORAGE EXTERNAL");
    client_do(c, "ALTER TABLE whole ALTER COLUMN big SET STORAGE EXTERNAL");
}

workload *
workload_new(const char *source_url)
{
    workload *w = calloc(1, sizeof *w);

    if (w == NULL)
        report_die("no memory");
    for (int i = 0; i < SESSIONS; i++) {
        w->sessions[i] = (session){ .c = client_open(source_url), .number = i };
        client_do(w->sessions[i].c, "SET lock_timeout = '20ms'");
    }
    w->admin = client_open(source_url);
    client_do(w->admin, "SET lock_timeout = '20ms'");
    return w;
}

void
workload_free(workload *w)
{
    for (int i = 0; i < SESSIONS; i++)
        client_close(w->sessions[i].c);
    client_close(w->admin);
    free(w);
}

void
workload_begin(workload *w, uint64_t seed)
{
    w->seed = seed;
    memset(w->done, 0, sizeof w->done);
    for (const char *const *table = workload_tables; *table != NULL; table++) {
        client_do(w->admin, "TRUNCATE %s", *table);
        for (int i = 0; i < EXTRA; i++)
            client_do(w->admin, "ALTER TABLE %s DROP COLUMN IF EXISTS extra%d", *table, i);
    }
    client_do(w->admin, "ALTER TABLE plain ALTER COLUMN v TYPE int");
}

/* ---- statements ---- */

static int
roll(workload *w, int sides)
{
    return (int)draw_below(&w->seed, sides);
}

/* A key that is the session's alone. */
static int
own_key(workload *w, const session *s)
{
    return roll(w, KEYS) * SESSIONS + s->number;
}

/* Text that is stored beside its row, of which each draw is another. */
static void
big_text(workload *w, char out[160])
{
    snprintf(out, 160, "(SELECT string_agg(md5((i * %d)::text), '') FROM generate_series(1, %d) i)", 1 + roll(w, 10000),
             80 + roll(w, 120));
}

/* A transaction is given up whole at its first error. */
static bool
run(workload *w, session *s, const char *text)
{
    w->done[STATEMENTS]++;
    if (client_try(s->c, "%s", text))
        return true;
    if (strstr(client_problem(), "lock timeout") == NULL && strstr(client_problem(), "deadlock") == NULL)
        report_die("%.200s: %s", text, client_problem());
    client_do(s->c, "ROLLBACK");
    s->is = IDLE;
    s->depth = 0;
    w->done[GIVEN_UP]++;
    return false;
}

/* ---- the end of a transaction ---- */

static bool
overtakes(const workload *w, const session *s)
{
    bool any = false;

    for (int i = 0; i < SESSIONS; i++)
        any |= w->sessions[i].is != IDLE && w->sessions[i].began < s->began;
    return any;
}

static void
finish(workload *w, session *s, const char *text, int counter)
{
    if (run(w, s, text))
        w->done[counter]++;
    s->is = IDLE;
    s->depth = 0;
}

static void
commit(workload *w, session *s)
{
    w->done[OVERTAKEN] += overtakes(w, s);
    finish(w, s, "COMMIT", COMMITS);
}

static void
roll_back(workload *w, session *s)
{
    finish(w, s, "ROLLBACK", ROLLBACKS);
}

static void
prepare(workload *w, session *s)
{
    char text[60];

    snprintf(text, sizeof text, "PREPARE TRANSACTION 'cdc%d'", s->number);
    if (!run(w, s, text))
        return;
    w->done[PREPARES]++;
    s->is = PREPARED;
    s->depth = 0;
}

static void
finish_prepared(workload *w, session *s)
{
    char text[60];
    bool commits = roll(w, 3) > 0;

    snprintf(text, sizeof text, "%s PREPARED 'cdc%d'", commits ? "COMMIT" : "ROLLBACK", s->number);
    client_do(s->c, "%s", text);
    w->done[commits ? COMMITS : ROLLBACKS]++;
    s->is = IDLE;
}

static void
end_session(workload *w, session *s)
{
    if (s->is == PREPARED)
        finish_prepared(w, s);
    else if (s->is == OPEN && roll(w, 4) == 0)
        roll_back(w, s);
    else if (s->is == OPEN)
        commit(w, s);
}

/* ---- changes ---- */

static void
insert_plain(workload *w, session *s)
{
    char text[400];

    snprintf(text, sizeof text,
             "INSERT INTO plain (id, v, pad) VALUES (%d, %d, repeat('x', %d)) ON CONFLICT (id) DO UPDATE SET v = "
             "excluded.v",
             own_key(w, s), roll(w, 1000), roll(w, 50));
    run(w, s, text);
}

static void
update_plain(workload *w, session *s)
{
    char text[200];

    snprintf(text, sizeof text, "UPDATE plain SET v = %d, pad = CASE WHEN %d = 0 THEN NULL ELSE pad END WHERE id = %d",
             roll(w, 1000), roll(w, 5), own_key(w, s));
    run(w, s, text);
}

static void
move_plain(workload *w, session *s)
{
    char text[240];
    int to = own_key(w, s);

    snprintf(text, sizeof text,
             "UPDATE plain SET id = %d WHERE id = %d AND NOT EXISTS (SELECT FROM plain WHERE id = %d)", to,
             own_key(w, s), to);
    run(w, s, text);
}

static void
swap_plain(workload *w, session *s)
{
    int a = own_key(w, s), b = own_key(w, s), aside = -1 - s->number;
    char text[300];

    snprintf(text, sizeof text,
             "UPDATE plain SET id = %d WHERE id = %d; UPDATE plain SET id = %d WHERE id = %d; UPDATE plain SET id = %d "
             "WHERE id = %d",
             aside, a, a, b, b, aside);
    if (a != b)
        run(w, s, text);
}

static void
delete_plain(workload *w, session *s)
{
    char text[100];

    snprintf(text, sizeof text, "DELETE FROM plain WHERE id = %d", own_key(w, s));
    run(w, s, text);
}

/* More than the server keeps before it sends a transaction in parts. */
static void
many_plain(workload *w, session *s)
{
    char text[400];
    int first = 1000 + roll(w, 100);

    snprintf(text, sizeof text,
             "INSERT INTO plain (id, v, pad) SELECT i * %d + %d, i, repeat(md5(i::text), 20) FROM generate_series(%d, "
             "%d) i ON CONFLICT (id) DO UPDATE SET v = plain.v + 1",
             SESSIONS, s->number, first, first + LARGE);
    if (run(w, s, text))
        w->done[LARGE_ONES]++;
}

static void
fewer_plain(workload *w, session *s)
{
    char text[200];

    snprintf(text, sizeof text, "DELETE FROM plain WHERE id >= 1000 AND id %% %d = %d AND id %% 3 = %d", SESSIONS,
             s->number, roll(w, 3));
    run(w, s, text);
}

static void
insert_apart(workload *w, session *s)
{
    char big[160], text[500];

    big_text(w, big);
    snprintf(text, sizeof text,
             "INSERT INTO apart (x, y, big, n) VALUES (%d, %d, %s, %d / 7.0) ON CONFLICT (x, y) DO UPDATE SET n = "
             "excluded.n",
             own_key(w, s), roll(w, 2), big, roll(w, 1000));
    run(w, s, text);
}

static void
update_apart(workload *w, session *s)
{
    char big[160], text[500];

    big_text(w, big);
    if (roll(w, 3) == 0)
        snprintf(text, sizeof text, "UPDATE apart SET big = %s WHERE x = %d", big, own_key(w, s));
    else
        snprintf(text, sizeof text, "UPDATE apart SET n = %d / 3.0 WHERE x = %d", roll(w, 1000), own_key(w, s));
    run(w, s, text);
}

/* The large value stays what it was while the key becomes another. */
static void
move_apart(workload *w, session *s)
{
    char text[300];
    int to = own_key(w, s);

    snprintf(text, sizeof text, "UPDATE apart SET x = %d WHERE x = %d AND NOT EXISTS (SELECT FROM apart WHERE x = %d)",
             to, own_key(w, s), to);
    run(w, s, text);
}

static void
delete_apart(workload *w, session *s)
{
    char text[100];

    snprintf(text, sizeof text, "DELETE FROM apart WHERE x = %d AND y = %d", own_key(w, s), roll(w, 2));
    run(w, s, text);
}

static void
insert_whole(workload *w, session *s)
{
    char big[160], text[500];

    big_text(w, big);
    snprintf(text, sizeof text,
             "INSERT INTO whole (id, v, big) VALUES (%d, 'v%d', %s) ON CONFLICT (id) DO UPDATE SET v = excluded.v",
             own_key(w, s), roll(w, 1000), big);
    run(w, s, text);
}

static void
update_whole(workload *w, session *s)
{
    char text[200];

    snprintf(text, sizeof text, "UPDATE whole SET v = CASE WHEN %d = 0 THEN NULL ELSE 'w%d' END WHERE id = %d",
             roll(w, 4), roll(w, 1000), own_key(w, s));
    run(w, s, text);
}

static void
move_whole(workload *w, session *s)
{
    char text[240];
    int to = own_key(w, s);

    snprintf(text, sizeof text,
             "UPDATE whole SET id = %d WHERE id = %d AND NOT EXISTS (SELECT FROM whole WHERE id = %d)", to,
             own_key(w, s), to);
    run(w, s, text);
}

static void
delete_whole(workload *w, session *s)
{
    char text[100];

    snprintf(text, sizeof text, "DELETE FROM whole WHERE id = %d", own_key(w, s));
    run(w, s, text);
}

/* Rows of a table without a key, some of them equal, and all of them to be told by their values. */
static void
insert_bare(workload *w, session *s)
{
    char big[160], text[500];

    big_text(w, big);
    snprintf(text, sizeof text,
             "INSERT INTO bare (k, v, big, n) SELECT %d, nullif('v%d', 'v0'), %s, %d / 4.0 FROM generate_series(1, %d)",
             own_key(w, s), roll(w, 4), roll(w, 3) == 0 ? big : "NULL", roll(w, 3), 1 + roll(w, 3));
    run(w, s, text);
}

static const char *
all_or_one(workload *w)
{
    return roll(w, 2) == 0 ? "" : " AND ctid = (SELECT min(ctid) FROM bare b WHERE b.k = bare.k)";
}

static void
update_bare(workload *w, session *s)
{
    char text[300];

    snprintf(text, sizeof text, "UPDATE bare SET v = nullif('w%d', 'w0'), n = %d / 4.0 WHERE k = %d%s", roll(w, 4),
             roll(w, 3), own_key(w, s), all_or_one(w));
    run(w, s, text);
}

static void
delete_bare(workload *w, session *s)
{
    char text[200];

    snprintf(text, sizeof text, "DELETE FROM bare WHERE k = %d%s", own_key(w, s), all_or_one(w));
    run(w, s, text);
}

/* It waits for everyone who has the table. */
static void
truncate(workload *w, session *s)
{
    static const char *const which[] = {
        "plain", "apart", "whole", "bare", "plain, whole", "apart, bare, plain, whole"
    };
    char text[100];

    for (int i = 0; i < SESSIONS; i++) {
        if (i != s->number)
            end_session(w, &w->sessions[i]);
    }
    snprintf(text, sizeof text, "TRUNCATE %s", which[roll(w, 6)]);
    if (run(w, s, text))
        w->done[TRUNCATES]++;
}

static void
emit(workload *w, session *s)
{
    char text[120];

    snprintf(text, sizeof text, "SELECT pg_logical_emit_message(%s, 'cdc', 'm%d')", roll(w, 2) == 0 ? "true" : "false",
             roll(w, 1000));
    run(w, s, text);
}

/* ---- subtransactions ---- */

static void
savepoint(workload *w, session *s)
{
    char text[40];

    if (s->depth == DEEPEST)
        return;
    snprintf(text, sizeof text, "SAVEPOINT s%d", s->depth);
    if (run(w, s, text))
        s->depth++;
}

static void
release(workload *w, session *s)
{
    char text[40];

    if (s->depth == 0)
        return;
    s->depth = roll(w, s->depth);
    snprintf(text, sizeof text, "RELEASE s%d", s->depth);
    run(w, s, text);
}

static void
roll_back_to(workload *w, session *s)
{
    char text[80];

    if (s->depth == 0)
        return;
    s->depth = roll(w, s->depth);
    snprintf(text, sizeof text, "ROLLBACK TO s%d; RELEASE s%d", s->depth, s->depth);
    if (run(w, s, text))
        w->done[SUBABORTS]++;
}

/* What was sent already is taken back: all of it, or the inner part while the outer stays. */
static void
abort_many(workload *w, session *s)
{
    static void (*const first[])(workload * w, session * s) = { savepoint, update_plain, savepoint, many_plain };
    int depth = s->depth;

    for (int i = 0; i < 4 && s->is == OPEN; i++)
        first[i](w, s);
    if (s->is != OPEN || s->depth <= depth)
        return;
    s->depth -= roll(w, s->depth - depth);
    roll_back_to(w, s);
    if (s->is == OPEN)
        update_whole(w, s);
}

static const struct action {
    int weight;
    void (*act)(workload *w, session *s);
} actions[] = {
    { 10, insert_plain }, { 8, update_plain }, { 4, move_plain },    { 3, swap_plain },   { 5, delete_plain },
    { 3, many_plain },    { 2, fewer_plain },  { 5, insert_apart },  { 7, update_apart }, { 3, move_apart },
    { 2, delete_apart },  { 5, insert_whole }, { 6, update_whole },  { 2, move_whole },   { 2, delete_whole },
    { 5, insert_bare },   { 4, update_bare },  { 3, delete_bare },   { 1, truncate },     { 1, emit },
    { 14, savepoint },    { 4, release },      { 10, roll_back_to }, { 3, abort_many },   { 10, commit },
    { 3, roll_back },     { 3, prepare },
};

void
workload_step(workload *w)
{
    session *s = &w->sessions[roll(w, SESSIONS)];
    int all = 0;

    if (s->is == PREPARED) {
        if (roll(w, 4) == 0)
            finish_prepared(w, s);
        return;
    }
    if (s->is == IDLE) {
        client_do(s->c, "BEGIN");
        s->is = OPEN;
        s->began = ++w->begun;
    }
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        all += actions[i].weight;
    int drawn = roll(w, all);
    size_t which = 0;
    for (; drawn >= actions[which].weight; which++)
        drawn -= actions[which].weight;
    actions[which].act(w, s);
}

void
workload_end(workload *w)
{
    for (int i = 0; i < SESSIONS; i++)
        end_session(w, &w->sessions[i]);
}

/* ---- definitions ---- */

void
workload_alter(workload *w, client *const *targets)
{
    const char *table = workload_tables[roll(w, KEYED)];
    int column = roll(w, EXTRA), what = roll(w, 4);
    char add[160];

    snprintf(add, sizeof add, "ALTER TABLE %s ADD COLUMN IF NOT EXISTS extra%d int%s", table, column,
             what == 0 ? " DEFAULT 7" : "");
    bool altered;
    if (roll(w, 2) == 0)
        workload_end(w);
    if (what < 2)
        altered = client_try(w->admin, "%s", add);
    else if (what == 2)
        altered = client_try(w->admin, "ALTER TABLE %s DROP COLUMN IF EXISTS extra%d", table, column);
    else
        altered = client_try(w->admin, "ALTER TABLE plain ALTER COLUMN v TYPE bigint");
    if (!altered) {
        w->done[GIVEN_UP]++;
        return;
    }
    w->done[ALTERS]++;
    /* What goes in the source stays in the targets, where changes that come later may still bring it. */
    for (int i = 0; what < 2 && targets[i] != NULL; i++)
        client_do(targets[i], "ALTER TABLE %s ADD COLUMN IF NOT EXISTS extra%d int", table, column);
}

void
workload_tell(const workload *w, char out[256])
{
    size_t at = 0;

    out[0] = '\0';
    for (int i = 0; i < COUNTED && at < 200; i++)
        at += (size_t)snprintf(out + at, 256 - at, "%s%lld %s", i == 0 ? "" : ", ", (long long)w->done[i], counted[i]);
}
