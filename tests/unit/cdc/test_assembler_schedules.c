/* SPDX-License-Identifier: Apache-2.0 */
/* Random sessions on a source, and a server that sends what they did in every way it may: at the end of a transaction
 * or in parts, with aborts before and after a part, prepared or not. What is handed over must be what a model keeps
 * that knows nothing of messages, the same with all transactions in memory as with none. */
#include <stdio.h>
#include <string.h>

#include "../harness.h"
#include "assembled.h"

enum { OID = 5, SESSIONS = 4, MOST = 200, SUBS = 24, STEPS = 400, TOLDS = 6 };

typedef struct change {
    uint32_t xid;
    int id;
    bool dead;
    bool sent;
} change;

typedef struct sub {
    uint32_t xid;
    int parent; /* index; -1 at the top */
    bool open;
} sub;

typedef struct session {
    uint32_t xid; /* 0: no transaction */
    change changes[MOST];
    int count;
    sub subs[SUBS]; /* the first is the transaction itself */
    int sub_count;
    int current;
    bool streamed;
    bool prepared;
} session;

typedef struct scene {
    uint64_t seed;
    uint32_t next_xid;
    uint64_t lsn;
    int next_id;
    session sessions[SESSIONS];
    incload__str expected;
    told tolds[TOLDS]; /* of several sizes of memory; every other hands over at once */
    wire message;
} scene;

static unsigned
roll(scene *s, unsigned sides)
{
    s->seed = s->seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(s->seed >> 33) % sides;
}

static uint64_t
next_lsn(scene *s)
{
    s->lsn += 16 + roll(s, 100);
    return s->lsn;
}

static void
send_message(scene *s)
{
    for (int i = 0; i < TOLDS; i++)
        told_push(&s->tolds[i], &s->message);
    if (roll(s, 50) == 0)
        incload__assembler_gather(&s->tolds[1].assembler);
}

/* ---- the server ---- */

static void
send_changes(scene *s, session *of, uint32_t relation_xid)
{
    char id[16];

    wire_relation(&s->message, relation_xid, OID, "t");
    send_message(s);
    for (int i = 0; i < of->count; i++) {
        change *c = &of->changes[i];
        if (c->dead || c->sent)
            continue;
        snprintf(id, sizeof id, "%d", c->id);
        wire_insert(&s->message, relation_xid != 0 ? c->xid : 0, OID, id, "a");
        send_message(s);
        c->sent = true;
    }
}

static void
send_part(scene *s, session *of)
{
    wire_stream_start(&s->message, of->xid, !of->streamed);
    send_message(s);
    of->streamed = true;
    send_changes(s, of, of->xid);
    wire_stream_stop(&s->message);
    send_message(s);
}

static void
send_end(scene *s, session *of, uint64_t lsn, bool prepare)
{
    if (of->streamed) {
        send_part(s, of);
        if (prepare)
            wire_prepared(&s->message, 'p', of->xid, lsn, "gid");
        else
            wire_stream_commit(&s->message, of->xid, lsn);
        send_message(s);
        return;
    }
    if (prepare)
        wire_prepared(&s->message, 'b', of->xid, lsn, "gid");
    else
        wire_transaction(&s->message, of->xid, lsn);
    send_message(s);
    send_changes(s, of, 0);
    if (prepare)
        wire_prepared(&s->message, 'P', of->xid, lsn, "gid");
    else
        wire_commit(&s->message, lsn);
    send_message(s);
}

/* ---- the model ---- */

static void
expect(scene *s, const session *of, uint64_t lsn)
{
    unsigned long long end = lsn;
    int ordinal = 0;

    incload__str_addf(&s->expected, "begin %u @%llu%s%s\n", of->xid, end, of->streamed ? " streamed" : "",
                      of->prepared ? " gid=gid" : "");
    for (int i = 0; i < of->count; i++) {
        if (!of->changes[i].dead)
            incload__str_addf(&s->expected, "insert t %llu.%d id=%d t=a\n", end, ++ordinal, of->changes[i].id);
    }
    incload__str_addf(&s->expected, "commit %llu.%d\n", end, ordinal);
}

/* ---- what sessions do ---- */

static void
end_session(session *of)
{
    memset(of, 0, sizeof *of);
}

static void
do_begin(scene *s, session *of)
{
    of->xid = s->next_xid++;
    of->subs[0] = (sub){ of->xid, -1, true };
    of->sub_count = 1;
}

static void
do_change(scene *s, session *of)
{
    if (of->count < MOST)
        of->changes[of->count++] = (change){ .xid = of->subs[of->current].xid, .id = s->next_id++ };
}

static void
do_savepoint(scene *s, session *of)
{
    if (of->sub_count == SUBS)
        return;
    of->subs[of->sub_count] = (sub){ s->next_xid++, of->current, true };
    of->current = of->sub_count++;
}

static void
do_release(session *of)
{
    if (of->subs[of->current].parent < 0)
        return;
    of->subs[of->current].open = false;
    of->current = of->subs[of->current].parent;
}

static bool
is_within(const session *of, int inner, int outer)
{
    while (inner >= 0 && inner != outer)
        inner = of->subs[inner].parent;
    return inner == outer;
}

/* The inner ones are told first, also those that were released. */
static void
do_rollback_to(scene *s, session *of)
{
    int aborted = of->current;

    if (of->subs[aborted].parent < 0)
        return;
    of->current = of->subs[aborted].parent;
    for (int i = of->sub_count - 1; i >= aborted; i--) {
        if (!is_within(of, i, aborted))
            continue;
        for (int k = 0; k < of->count; k++)
            of->changes[k].dead |= of->changes[k].xid == of->subs[i].xid;
        if (!of->streamed)
            continue;
        wire_stream_abort(&s->message, of->xid, of->subs[i].xid);
        send_message(s);
    }
}

static void
do_abort(scene *s, session *of)
{
    if (of->streamed) {
        wire_stream_abort(&s->message, of->xid, of->xid);
        send_message(s);
    }
    end_session(of);
}

static void
do_commit(scene *s, session *of)
{
    uint64_t lsn = next_lsn(s);

    send_end(s, of, lsn, false);
    expect(s, of, lsn);
    end_session(of);
}

static void
do_prepare(scene *s, session *of)
{
    send_end(s, of, next_lsn(s), true);
    of->prepared = true;
}

static void
do_finish_prepared(scene *s, session *of)
{
    uint64_t lsn = next_lsn(s);

    if (roll(s, 3) == 0) {
        wire_rollback_prepared(&s->message, of->xid, lsn, "gid");
        send_message(s);
    } else {
        expect(s, of, lsn);
        wire_prepared(&s->message, 'K', of->xid, lsn, "gid");
        send_message(s);
    }
    end_session(of);
}

static void
step(scene *s)
{
    session *of = &s->sessions[roll(s, SESSIONS)];
    unsigned what = roll(s, 40);

    if (of->xid == 0)
        do_begin(s, of);
    else if (of->prepared && what < 10)
        do_finish_prepared(s, of);
    else if (of->prepared)
        return;
    else if (what < 20)
        do_change(s, of);
    else if (what < 26)
        do_savepoint(s, of);
    else if (what < 29)
        do_release(of);
    else if (what < 33)
        do_rollback_to(s, of);
    else if (what < 36)
        send_part(s, of);
    else if (what < 37)
        do_abort(s, of);
    else if (what < 38)
        do_prepare(s, of);
    else
        do_commit(s, of);
}

/* Without the lines of relations, which the model does not know. */
static void
compare(scene *s, int which)
{
    const char *text = incload__str_text(&s->tolds[which].text);
    incload__str without = INCLOAD__STR(&incload__mem_libc);

    while (*text != '\0') {
        size_t length = (size_t)(strchr(text, '\n') - text) + 1;
        if (strncmp(text, "relation ", 9) != 0)
            incload__str_add_bytes(&without, text, length);
        text += length;
    }
    ck_assert_msg(strcmp(incload__str_text(&without), incload__str_text(&s->expected)) == 0, "%s\nis not\n%s",
                  incload__str_text(&without), incload__str_text(&s->expected));
    incload__str_free(&without);
}

START_TEST(every_schedule_gives_what_its_sessions_committed)
{
    static scene s;
    static const size_t limits[] = { 1 << 24, 100000, 0 };

    s = (scene){ .seed = (uint64_t)_i * 1000003 + 17, .next_xid = 100, .lsn = 1000, .next_id = 1 };
    s.expected = (incload__str)INCLOAD__STR(&incload__mem_libc);
    for (int i = 0; i < TOLDS; i++) {
        told_begin(&s.tolds[i], 4, limits[i / 2], 0);
        s.tolds[i].assembler.at_once = i % 2 == 1;
    }
    for (int i = 0; i < STEPS; i++)
        step(&s);
    for (int i = 0; i < TOLDS; i++) {
        compare(&s, i);
        told_end(&s.tolds[i]);
    }
    incload__str_free(&s.expected);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_schedule_gives_what_its_sessions_committed, 0, 60);
}

HARNESS_MAIN("assembler_schedules", add_tests)
