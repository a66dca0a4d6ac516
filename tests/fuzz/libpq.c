/* SPDX-License-Identifier: Apache-2.0 */
/* The libpq driver in front of a server that says whatever it likes. A byte for the client (who it is, and how fast the
 * server speaks), one for what it does, so many bytes of deeds, one for when it is cancelled; for a relay the length of
 * what the source says in two bytes; all else is what the server says.
 *
 * Every call ends in time, in success or in one clear error without the password; nothing is told as done that the
 * server has not said to be done. libpq itself is as it is installed. */
#include "batch/batch.h"
#include "cdc/assembler.h"
#include "driver/replication.h"
#include "input.h"
#include "server.h"

enum { MOST_DEEDS = 16, LIMIT_US = 10000000, GRACE_US = 250000, CANCEL_US = 500000, ROWS = 2 };
enum { ORDINARY, REPLICATION, RELAY, CLIENTS };

static const char password[] = "Sesam-17";
static const char query[] = "SELECT a, b FROM t";

typedef struct client {
    input in;
    int32_t kind;
    incload__conn *conn, *target; /* the second of a relay */
    incload__schema schema;
    int64_t deadline_us;
    size_t said_length; /* of what the server says */
    int64_t confirmed;   /* statements that were told to be done, or answered */
    bool felt_cancel;
    bool copies;       /* the stream has begun */
    int32_t protocol;
} client;

/* Success, or one error in words; true for success. */
static bool
judge(client *c, int32_t status, incload_error **err)
{
    fuzz_check(status == INCLOAD_OK || incload_error_message(*err)[0] != '\0', "an error has words");
    fuzz_check(server_now() <= c->deadline_us + GRACE_US, "it is over by the deadline");
    fuzz_check(server_cancelled() == 0 || c->felt_cancel || server_now() <= server_cancelled() + CANCEL_US,
               "a cancelled call is over soon");
    c->felt_cancel = server_cancelled() != 0;
    check_outcome(status, err, password);
    return status == INCLOAD_OK;
}

/* One more statement was answered: by one of those that the server has said. */
static void
confirm(client *c, bool done)
{
    c->confirmed += done;
    fuzz_check(c->confirmed <= server_completed(0), "what is told as done was said to be done");
}

static bool
meet(client *c, const uint8_t *bytes, size_t length, incload__role role, incload__conn **out)
{
    char url[200];
    incload_error *err = NULL;

    snprintf(url, sizeof url, "postgresql://u:%s@/d?host=%%40%s", password, server_host() + 1);
    const incload__connect how = {
        .env = server_env(),
        .url = url,
        .role = role,
        .deadline_us = c->deadline_us,
        .application_name = "fuzz",
        .replication = c->kind == REPLICATION,
    };
    int32_t side = server_play(bytes, length);
    int32_t status = incload__driver_libpq.connect(&how, out, &err);
    fuzz_check((status == INCLOAD_OK) == (*out != NULL), "there is a connection, or an error");
    bool met = judge(c, status, &err);
    fuzz_check(!met || server_completed(side) > 0, "a session is set up by the server's word");
    if (met)
        (*out)->deadline_us = c->deadline_us;
    return met;
}

/* ---- an ordinary connection ---- */

static void
begin(client *c)
{
    incload_error *err = NULL;

    judge(c, c->conn->driver->begin(c->conn, &err), &err);
}

static void
commit(client *c, incload__conn *conn, int32_t side)
{
    incload_error *err = NULL;
    int32_t status = conn->driver->commit(conn, &err);

    /* Of a transaction without a statement the server hears nothing. */
    fuzz_check(status != INCLOAD_OK || !server_was_asked(side) || server_committed(side),
               "a commit is the server's word for it");
    judge(c, status, &err);
}

static void
roll_back(client *c)
{
    incload_error *err = NULL;

    if (!judge(c, c->conn->driver->rollback(c->conn, &err), &err))
        fuzz_check(c->conn->txn == INCLOAD__TXN_DEAD, "a connection that cannot roll back is dead");
    else
        fuzz_check(c->conn->txn == INCLOAD__TXN_IDLE, "behind a rollback there is no transaction");
}

static void
ping(client *c)
{
    incload_error *err = NULL;

    judge(c, c->conn->driver->ping(c->conn, &err), &err);
}

static const incload__param params[] = {
    { .text = "17", .length = 2, .kind = INCLOAD__INT64 },
    { .text = "word", .length = 4, .kind = INCLOAD__TEXT },
};

static void
execute(client *c, bool with_params, bool repeats)
{
    incload_error *err = NULL;
    int64_t affected = -1;

    c->conn->repeats = repeats;
    const char *sql = with_params ? "UPDATE t SET b = $2 WHERE a = $1" : "DELETE FROM t";
    int32_t status = c->conn->driver->execute(c->conn, sql, params, with_params ? 2 : 0, &affected, &err);
    c->conn->repeats = false;
    confirm(c, judge(c, status, &err));
}

static void
choose(client *c, bool with_params)
{
    incload_error *err = NULL;
    incload__rows rows = { .count = 0 };
    size_t length = 0;

    int32_t status = c->conn->driver->select(c->conn, query, params, with_params ? 2 : 0, &rows, &err);
    fuzz_check(status != INCLOAD_OK || rows.count <= server_rows(0), "rows are those of the server");
    for (int64_t row = 0; row < rows.count; row++) {
        for (int32_t i = 0; i < rows.columns; i++) {
            const char *cell = incload__rows_get(&rows, row, i);
            length += cell != NULL ? strlen(cell) : 0;
        }
    }
    fuzz_check(rows.columns >= 0 && length <= c->said_length, "and so are their cells");
    incload__rows_free(&rows);
    confirm(c, judge(c, status, &err));
}

static void
describe(client *c)
{
    incload_error *err = NULL;
    incload__schema shape;

    if (!judge(c, c->conn->driver->describe(c->conn, query, 0, &shape, &err), &err))
        return;
    for (int32_t i = 0; i < shape.count; i++)
        fuzz_check(shape.columns[i].name != NULL && shape.columns[i].native != NULL, "a column has a name and a type");
    incload__schema_free(&shape);
}

static void
read_rows(client *c, bool to_the_end)
{
    const incload__driver *driver = c->conn->driver;
    incload_error *err = NULL;
    incload__reader *reader = NULL;
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &c->schema, NULL);
    struct ArrowArray batch = { .release = NULL };
    int64_t rows = 1, all = 0;

    fuzz_check(builder != NULL, "there is memory");
    int32_t status = driver->read_open(c->conn, query, NULL, 0, &c->schema, &reader, &err);
    bool reads = status == INCLOAD_OK;
    for (int i = 0; status == INCLOAD_OK && rows > 0 && (to_the_end || i < 1); i++) {
        status = driver->read_next(reader, builder, 2, 1 << 16, &rows, &err);
        if (status != INCLOAD_OK)
            break;
        fuzz_check(incload__builder_rows(builder) == rows, "every row is told");
        fuzz_check(incload__builder_finish(builder, &batch, NULL) == INCLOAD_OK, "the columns are of one length");
        incload__array_release(&batch);
        all += rows;
    }
    bool ended = judge(c, status, &err) && rows == 0;
    fuzz_check(!ended || server_copied(0, all), "as many rows are read as the server says it sent");
    if (reads)
        driver->read_close(reader);
    incload__builder_free(builder);
}

static void
make_batch(client *c, struct ArrowArray *batch, incload__view *view)
{
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &c->schema, NULL);
    bool made = builder != NULL;

    for (int i = 0; i < ROWS && made; i++)
        made = incload__put_int(builder, 0, i) == INCLOAD_OK && incload__put_bytes(builder, 1, "word", 4) == INCLOAD_OK;
    fuzz_check(made && incload__builder_finish(builder, batch, NULL) == INCLOAD_OK
                   && incload__view_init(view, &incload__mem_libc, &c->schema, batch, NULL) == INCLOAD_OK,
               "there is memory");
    incload__builder_free(builder);
}

static void
write_rows(client *c, bool to_the_end)
{
    const incload__driver *driver = c->conn->driver;
    incload_error *err = NULL;
    incload__writer *writer = NULL;
    struct ArrowArray batch = { .release = NULL };
    incload__view view;
    int64_t rows = 0;

    if (c->conn->txn == INCLOAD__TXN_IDLE)
        begin(c);
    make_batch(c, &batch, &view);
    if (judge(c, driver->write_open(c->conn, "\"t\"", &c->schema, &writer, &err), &err)) {
        bool takes = judge(c, driver->write_batch(writer, &view, &err), &err);
        if (!to_the_end) {
            driver->write_abandon(writer);
        } else if (judge(c, driver->write_close(writer, &rows, &err), &err)) {
            fuzz_check(takes && rows == ROWS && server_copied(0, ROWS), "rows are kept by the server's word");
            confirm(c, true);
        }
    }
    incload__view_free(&view);
    incload__array_release(&batch);
}

static void
save(client *c, bool undoes)
{
    incload_error *err = NULL;
    int32_t status = incload__savepoint_set(c->conn, "s", &err);

    if (judge(c, status, &err)) {
        status = undoes ? incload__savepoint_undo(c->conn, "s", &err) : incload__savepoint_release(c->conn, "s", &err);
        judge(c, status, &err);
    }
}

static void
act(client *c, uint8_t deed)
{
    switch (deed % 16) {
    case 0: begin(c); break;
    case 1: commit(c, c->conn, 0); break;
    case 2: roll_back(c); break;
    case 3: ping(c); break;
    case 4: execute(c, false, false); break;
    case 5: execute(c, true, false); break;
    case 6: execute(c, true, true); break;
    case 7: choose(c, false); break;
    case 8: choose(c, true); break;
    case 9: describe(c); break;
    case 10: read_rows(c, true); break;
    case 11: read_rows(c, false); break;
    case 12: write_rows(c, true); break;
    case 13: write_rows(c, false); break;
    case 14: save(c, deed >= 128); break;
    default: c->conn->driver->cancel(c->conn); break;
    }
}

/* ---- a stream ---- */

/* What it holds is for another fuzzer: here it is enough that it can be taken or is refused. */
static void
assemble(incload__assembler *assembler, const incload__log_message *message)
{
    incload__assembled item = { .kind = INCLOAD__ASSEMBLED_BEGIN };
    incload_error *err = NULL;
    int32_t status = incload__assembler_push(assembler, message->data, message->length, &err);

    while (status == INCLOAD_OK && item.kind != INCLOAD__ASSEMBLED_NOTHING)
        status = incload__assembler_next(assembler, &item, &err);
    check_outcome(status, &err, password);
}

static void
receive(client *c)
{
    const incload__replication *log = c->conn->driver->replication;
    incload__assembler assembler;
    incload__log_message message;
    incload_error *err = NULL;
    const incload__assembler_options options = { .protocol = c->protocol, .memory = 1 << 20 };

    if (incload__assembler_init(&assembler, &incload__mem_libc, &options, NULL) != INCLOAD_OK)
        return;
    for (int i = 0; i < 64; i++) {
        int64_t until_us = server_now() + 100000;
        until_us = until_us < c->deadline_us ? until_us : c->deadline_us;
        if (!judge(c, log->receive(c->conn, until_us, i % 8 != 7, &message, &err), &err))
            break;
        if (message.kind == INCLOAD__LOG_DATA)
            assemble(&assembler, &message);
        uint64_t end = message.end;
        log->free_message(&message);
        if (message.kind == INCLOAD__LOG_NOTHING && server_now() >= until_us)
            break;
        if (message.kind == INCLOAD__LOG_NOTHING)
            continue;
        if (!judge(c, log->confirm(c->conn, end, end / 2, i % 2 == 0, &err), &err))
            break;
    }
    incload__assembler_free(&assembler);
}

static void
follow(client *c, uint8_t deed)
{
    static const char *const publications[] = { "p", "q\"'" };
    const incload__replication *log = c->conn->driver->replication;
    const incload__log_start start = { "slot", deed, publications, 2, true };
    incload__log_server server;
    incload__slot_made slot;
    incload_error *err = NULL;

    if (c->copies) {
        if (deed % 4 == 3)
            log->stop(c->conn);
        else
            receive(c);
        return;
    }
    switch (deed % 8) {
    case 0: judge(c, log->prepare(c->conn, deed * 4096, &err), &err); break;
    case 1:
        if (judge(c, log->identify(c->conn, &server, &err), &err))
            fuzz_check(server.timeout_ms >= 0 && server.timeline >= 0 && server.system_id[0] != '\0'
                           && memchr(server.system_id, '\0', sizeof server.system_id) != NULL,
                       "a server is told as it is");
        break;
    case 2:
        if (judge(c, log->create_slot(c->conn, "slot", deed >= 128, &slot, &err), &err))
            fuzz_check(slot.snapshot[0] != '\0' && strpbrk(slot.snapshot, "'\\") == NULL, "a snapshot can be quoted");
        break;
    case 3: judge(c, log->drop_slot(c->conn, "slot", &err), &err); break;
    default: c->copies = judge(c, log->start(c->conn, &start, &c->protocol, &err), &err);
    }
}

/* ---- a relay ---- */

static void
relay(client *c)
{
    incload_error *err = NULL;
    int64_t rows = 0, bytes = 0;

    if (!judge(c, c->target->driver->begin(c->target, &err), &err))
        return;
    int32_t status = c->conn->driver->relay(c->conn, query, NULL, 0, c->target, "\"t\"", "a, b", NULL, NULL, &rows,
                                            &bytes, &err);
    if (judge(c, status, &err))
        fuzz_check(server_copied(1, rows) && server_copied(0, rows), "rows are kept by the server's word");
    if (c->target->txn == INCLOAD__TXN_OPEN)
        commit(c, c->target, 1);
}

/* ---- all ---- */

static void
do_all(client *c, const uint8_t *deeds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c->kind == REPLICATION)
            follow(c, deeds[i]);
        else if (c->kind == RELAY)
            relay(c);
        else
            act(c, deeds[i]);
    }
}

static void
close_all(client *c)
{
    server_cancel(NULL, NULL, 0);
    if (c->target != NULL)
        c->target->driver->close(c->target);
    if (c->conn != NULL)
        c->conn->driver->close(c->conn);
    fuzz_check(server_now() <= c->deadline_us + GRACE_US, "all is over by the deadline");
    c->conn = c->target = NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    client c = { .in = { data, size }, .protocol = 1 };
    size_t count, first = 0;

    uint8_t who = take_byte(&c.in);
    c.kind = (who & 3) % CLIENTS;
    server_begin((server_pace)(who >> 2 & 3), who >= 128);
    c.deadline_us = server_now() + LIMIT_US;
    count = take_byte(&c.in) % (MOST_DEEDS + 1);
    const uint8_t *deeds = take_bytes(&c.in, &count);
    uint8_t cancel = take_byte(&c.in);
    if (c.kind == RELAY) {
        first = (size_t)take_byte(&c.in) << 8;
        first |= take_byte(&c.in);
    } else {
        first = c.in.left;
    }
    const uint8_t *source = take_bytes(&c.in, &first);
    c.said_length = first;
    incload__schema_init(&c.schema, &incload__mem_libc);
    fuzz_check(incload__schema_add(&c.schema, "a", "bigint", (incload__type){ .kind = INCLOAD__INT64 }) != NULL
                   && incload__schema_add(&c.schema, "b", "text", (incload__type){ .kind = INCLOAD__TEXT }) != NULL,
               "there is memory");
    bool met = meet(&c, source, first, (who & 64) != 0 ? INCLOAD__ROLE_READ : INCLOAD__ROLE_WRITE, &c.conn);
    if (met && c.kind == RELAY)
        met = meet(&c, c.in.at, c.in.left, INCLOAD__ROLE_WRITE, &c.target);
    c.confirmed = met;
    if (met && cancel != 0)
        server_cancel(c.conn, c.target, cancel);
    if (met)
        do_all(&c, deeds, count);
    close_all(&c);
    server_end();
    incload__schema_free(&c.schema);
    return 0;
}
