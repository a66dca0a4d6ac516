/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of a replication connection. It knows the simple query protocol alone, so names stand in the text: each is
 * checked or quoted here. */
#include "driver/libpq/replication.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum { PG_13 = 130000, PG_14 = 140000, PG_15 = 150000, PG_17 = 170000 };

/* The newest protocol that a server speaks. The fourth, of PostgreSQL 16, is for those who apply a transaction before
 * it has ended. */
static const struct {
    int32_t server;
    int32_t protocol;
} protocols[] = { { PG_15, 3 }, { PG_14, 2 }, { 0, 1 } };

/* What a server says of a slot, and what is to be done about it. */
typedef struct rule {
    const char *sqlstate;
    int32_t code;
    bool retryable;
    const char *text;
} rule;

static const rule create_rules[] = {
    { "42710", INCLOAD_E_EXISTS, false, "it exists already: name another, or drop it if nobody needs it" },
    { "53400", INCLOAD_E_STATE, false,
      "all slots of the server are in use: raise its max_replication_slots, or drop one that nobody needs" },
    { "55000", INCLOAD_E_STATE, false, "the server writes no logical log: set its wal_level = logical and restart it" },
    { "42501", INCLOAD_E_PERMISSION, false, "this user may not: ALTER ROLE ... REPLICATION" },
    { NULL, 0, false, NULL },
};
static const rule drop_rules[] = {
    { "55006", INCLOAD_E_BUSY, true, "another connection reads it" },
    { "42704", INCLOAD_E_NOT_FOUND, false, "it does not exist" },
    { NULL, 0, false, NULL },
};
static const rule start_rules[] = {
    { "55006", INCLOAD_E_BUSY, true,
      "another connection reads it (pg_replication_slots.active_pid): stop that one, or wait until the server has "
      "noticed that it is gone" },
    { "42704", INCLOAD_E_NOT_FOUND, false,
      "it does not exist on this server: it was dropped, or the server took over from one that had it. What was "
      "changed since the last position is not in any log: take a new snapshot" },
    { "55000", INCLOAD_E_STATE_MISSING, false,
      "the server has thrown away the log that it needs (max_slot_wal_keep_size): drop it and take a new snapshot" },
    { NULL, 0, false, NULL },
};

/* Puts the rule's words in the place of the server's, which become the cause. */
static int32_t
explain(incload_error *failure, const rule *rules, const char *slot, incload_error **err)
{
    const char *sqlstate = incload_error_sqlstate(failure);
    incload_error *told = NULL;

    for (const rule *one = rules; one->sqlstate != NULL; one++) {
        if (strcmp(one->sqlstate, sqlstate) != 0)
            continue;
        incload__fail(&told, one->code, "replication slot '%.63s': %s", slot, one->text);
        incload__error_set_server(&told, sqlstate, 0, one->retryable);
        incload__error_set_cause(&told, failure);
        return incload__error_pass(err, told);
    }
    incload__error_prefix(&failure, "replication slot '%.63s'", slot);
    return incload__error_pass(err, failure);
}

/* ---- commands with one row for an answer ---- */

enum { MOST_FIELDS = 4, FIELD_SIZE = 72 };

typedef struct fields {
    char text[MOST_FIELDS][FIELD_SIZE];
    int32_t rows;
} fields;

static int32_t
keep_fields(void *data, const PGresult *result, incload_error **err)
{
    fields *kept = data;

    (void)err;
    kept->rows++;
    for (int32_t i = 0; i < MOST_FIELDS && i < PQnfields(result); i++)
        snprintf(kept->text[i], FIELD_SIZE, "%s", PQgetvalue(result, 0, i));
    return INCLOAD_OK;
}

static int32_t
command(incload__pq *pq, const char *text, const char *doing, fields *kept, incload_error **err)
{
    incload__pq_answer answer = { .row = keep_fields, .data = kept, .affected = -1 };

    memset(kept, 0, sizeof *kept);
    int32_t status = incload__pq_run(pq, text, NULL, 0, true, doing, &answer, err);
    return status != INCLOAD_OK || kept->rows == 1 ? status : incload__pq_out_of_step(pq, doing, err);
}

static int32_t
check_slot(const char *slot, incload_error **err)
{
    if (slot != NULL && incload__slot_name_valid(slot))
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_INVALID,
                         "'%.80s' cannot name a replication slot: take letters a to z, digits and underscores, at "
                         "most 63",
                         slot != NULL ? slot : "");
}

/* "10s", "1min", "500ms", "0". */
static int64_t
duration_ms(const char *text)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
    size_t digits = strspn(text, "0123456789");
    int64_t number = 0;

    if (digits == 0 || digits > 12 || !incload__parse_int64(text, digits, &number))
        return 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(units[i].unit, text + digits) == 0)
            return number * units[i].ms;
    }
    return 0;
}

static int32_t
set(incload__pq *pq, const char *text, incload_error **err)
{
    return incload__pq_run(pq, text, NULL, 0, true, "setting up the session", NULL, err);
}

static int32_t
prepare(incload__conn *conn, int64_t decoding_memory, incload_error **err)
{
    static const struct {
        int32_t server;
        const char *text;
    } limits[] = { { 0, "SET statement_timeout = 0" },
                   { 0, "SET lock_timeout = 0" },
                   { 0, "SET idle_in_transaction_session_timeout = 0" },
                   { PG_14, "SET idle_session_timeout = 0" },
                   { PG_17, "SET transaction_timeout = 0" } };
    incload__pq *pq = incload__pq_of(conn);
    char text[80];
    int32_t status = INCLOAD_OK;

    for (size_t i = 0; i < sizeof limits / sizeof limits[0] && status == INCLOAD_OK; i++) {
        if (conn->server_version >= limits[i].server)
            status = set(pq, limits[i].text, err);
    }
    if (status != INCLOAD_OK || decoding_memory == 0 || conn->server_version < PG_13)
        return status;
    /* The least that it takes. */
    long long kilobytes = decoding_memory < 65536 ? 64 : (long long)decoding_memory / 1024;
    snprintf(text, sizeof text, "SET logical_decoding_work_mem = '%lldkB'", kilobytes);
    return set(pq, text, err);
}

static int32_t
identify(incload__conn *conn, incload__log_server *out, incload_error **err)
{
    static const char doing[] = "asking the server for its identity";
    incload__pq *pq = incload__pq_of(conn);
    int64_t timeline = 0;
    fields kept;

    memset(out, 0, sizeof *out);
    int32_t status = command(pq, "IDENTIFY_SYSTEM", doing, &kept, err);
    if (status != INCLOAD_OK)
        return status;
    if (!incload__lsn_parse(kept.text[2], &out->position) || kept.text[0][0] == '\0'
        || strlen(kept.text[0]) >= sizeof out->system_id
        || !incload__parse_int64(kept.text[1], strlen(kept.text[1]), &timeline) || timeline > INT32_MAX)
        return incload__pq_out_of_step(pq, doing, err);
    memcpy(out->system_id, kept.text[0], strlen(kept.text[0]) + 1);
    out->timeline = (int32_t)timeline;
    status = command(pq, "SHOW wal_sender_timeout", "asking the server for its timeout", &kept, err);
    if (status == INCLOAD_OK)
        out->timeout_ms = duration_ms(kept.text[0]);
    return status;
}

/* ---- slots ---- */

static int32_t
create_slot(incload__conn *conn, const char *slot, bool failover, incload__slot_made *out, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    incload_error *failure = NULL;
    char text[192];
    fields kept;

    int32_t status = check_slot(slot, err);
    if (status == INCLOAD_OK && failover && conn->server_version < PG_17)
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                               "slots that outlive a failover need PostgreSQL 17 or later, and the server is %d",
                               conn->server_version / 10000);
    if (status != INCLOAD_OK)
        return status;
    snprintf(text, sizeof text, "CREATE_REPLICATION_SLOT \"%s\" LOGICAL pgoutput %s", slot,
             failover                        ? "(SNAPSHOT 'export', FAILOVER)"
             : conn->server_version >= PG_15 ? "(SNAPSHOT 'export')"
                                             : "EXPORT_SNAPSHOT");
    status = command(pq, text, "creating it", &kept, &failure);
    if (status != INCLOAD_OK)
        return explain(failure, create_rules, slot, err);
    if (!incload__lsn_parse(kept.text[1], &out->consistent) || kept.text[2][0] == '\0'
        || strlen(kept.text[2]) >= sizeof out->snapshot
        || kept.text[2][strspn(kept.text[2], "0123456789ABCDEFabcdef-")] != '\0')
        return incload__pq_out_of_step(pq, "creating a replication slot", err);
    memcpy(out->snapshot, kept.text[2], strlen(kept.text[2]) + 1);
    return INCLOAD_OK;
}

static int32_t
drop_slot(incload__conn *conn, const char *slot, incload_error **err)
{
    incload_error *failure = NULL;
    char text[128];

    int32_t status = check_slot(slot, err);
    if (status != INCLOAD_OK)
        return status;
    snprintf(text, sizeof text, "DROP_REPLICATION_SLOT \"%s\"", slot);
    status = incload__pq_run(incload__pq_of(conn), text, NULL, 0, true, "dropping it", NULL, &failure);
    return status == INCLOAD_OK ? status : explain(failure, drop_rules, slot, err);
}

/* ---- the start ---- */

/* The names as identifiers, in a literal: both quotes are doubled. */
static void
add_publications(incload__str *out, const incload__log_start *how)
{
    for (int32_t i = 0; i < how->publication_count; i++) {
        incload__str_add(out, i == 0 ? "\"" : ",\"");
        for (const char *at = how->publications[i]; *at != '\0'; at++) {
            if (*at == '"' || *at == '\'')
                incload__str_add_char(out, *at);
            incload__str_add_char(out, *at);
        }
        incload__str_add_char(out, '"');
    }
}

static int32_t
protocol_of(int32_t server)
{
    size_t i = 0;

    while (server < protocols[i].server)
        i++;
    return protocols[i].protocol;
}

static int32_t
start(incload__conn *conn, const incload__log_start *how, int32_t *protocol, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    incload__str text = INCLOAD__STR(&conn->env->mem);
    incload_error *failure = NULL;

    int32_t status = check_slot(how->slot, err);
    if (status != INCLOAD_OK)
        return status;
    *protocol = protocol_of(conn->server_version);
    incload__str_addf(&text, "START_REPLICATION SLOT \"%s\" LOGICAL ", how->slot);
    incload__lsn_print(how->position, &text);
    incload__str_addf(&text, " (proto_version '%d', publication_names '", (int)*protocol);
    add_publications(&text, how);
    incload__str_add(&text, how->streaming && *protocol >= 2 ? "', streaming 'on')" : "')");
    status = text.failed ? incload__fail_memory(&failure)
                         : incload__pq_start_copy(pq, incload__str_text(&text), PGRES_COPY_BOTH, "starting to read it",
                                                  &failure);
    incload__str_free(&text);
    return status == INCLOAD_OK ? status : explain(failure, start_rules, how->slot, err);
}

const incload__replication incload__pq_replication = {
    .prepare = prepare,
    .identify = identify,
    .create_slot = create_slot,
    .drop_slot = drop_slot,
    .start = start,
    .receive = incload__pq_log_receive,
    .free_message = incload__pq_log_free_message,
    .nudge = incload__pq_log_nudge,
    .confirm = incload__pq_log_confirm,
    .stop = incload__pq_log_stop,
};
