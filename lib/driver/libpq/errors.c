/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "driver/libpq/pq.h"

#include <libintl.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum { MAX_SERVER_TEXT = 300 };

/* The server's own words for these classes repeat the row's values, so they are said in ours. */
static const struct {
    const char *sqlstate;
    const char *text;
} data_errors[] = {
    { "22001", "a text is too long for its column" },
    { "22003", "a number is out of the range of its column" },
    { "22004", "a value that must not be NULL is NULL" },
    { "22007", "a date or time is not valid" },
    { "22008", "a date or time is out of range" },
    { "22012", "division by zero" },
    { "22021", "a text is not valid in the server's encoding" },
    { "22P02", "a text is not valid for the type of its column" },
    { "22P03", "binary data does not fit the type of its column" },
    { "22P04", "the COPY data does not fit the table" },
    { "22P05", "a character does not exist in the server's encoding" },
    { "23502", "a column that must not be NULL got NULL" },
    { "23503", "a row breaks a foreign key" },
    { "23505", "a row with the same key exists already" },
    { "23514", "a row breaks a check constraint" },
    { "23P01", "a row breaks an exclusion constraint" },
};

static const struct {
    int field;
    const char *key;
} detail_fields[] = {
    { PG_DIAG_SCHEMA_NAME, "schema" }, { PG_DIAG_TABLE_NAME, "table" },           { PG_DIAG_COLUMN_NAME, "column" },
    { PG_DIAG_DATATYPE_NAME, "type" }, { PG_DIAG_CONSTRAINT_NAME, "constraint" },
};

static bool
has_class(const char *sqlstate, const char *class)
{
    return strncmp(sqlstate, class, 2) == 0;
}

static const char *
data_error_text(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof data_errors / sizeof data_errors[0]; i++) {
        if (strcmp(data_errors[i].sqlstate, sqlstate) == 0)
            return data_errors[i].text;
    }
    return has_class(sqlstate, "23") ? "a row breaks a constraint" : "the server cannot take a value";
}

void
incload__pq_add_clean(incload__str *out, const char *text, size_t limit)
{
    size_t end = out->length + limit;

    while (text != NULL && *text != '\0') {
        size_t length = incload__utf8_sequence(text);
        if (out->length + (length > 0 ? length : 1) > end) {
            incload__str_add(out, "...");
            return;
        }
        if (length == 0 || (unsigned char)*text < 0x20 || *text == 0x7f)
            incload__str_add_char(out, length == 0 ? '?' : ' ');
        else
            incload__str_add_bytes(out, text, length);
        text += length > 0 ? length : 1;
        if (out->failed)
            return;
    }
}

static void
add_place(incload__str *out, const PGresult *result, int field, const char *before)
{
    const char *name = PQresultErrorField(result, field);

    if (name == NULL || name[0] == '\0')
        return;
    incload__str_add(out, before);
    incload__pq_add_clean(out, name, 128);
    incload__str_add_char(out, '"');
}

static void
describe_error(incload__str *out, const PGresult *result, const char *sqlstate)
{
    if (!has_class(sqlstate, "22") && !has_class(sqlstate, "23")) {
        incload__pq_add_clean(out, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), MAX_SERVER_TEXT);
        return;
    }
    incload__str_add(out, data_error_text(sqlstate));
    add_place(out, result, PG_DIAG_COLUMN_NAME, ", column \"");
    add_place(out, result, PG_DIAG_CONSTRAINT_NAME, ", constraint \"");
    add_place(out, result, PG_DIAG_TABLE_NAME, ", table \"");
}

static void
add_details(const PGresult *result, incload_error **err)
{
    for (size_t i = 0; i < sizeof detail_fields / sizeof detail_fields[0]; i++) {
        incload__str value = INCLOAD__STR(&incload__mem_libc);
        incload__pq_add_clean(&value, PQresultErrorField(result, detail_fields[i].field), 128);
        incload__error_add_detail(err, detail_fields[i].key, incload__str_text(&value));
        incload__str_free(&value);
    }
}

/* FATAL ends the session, whatever the sqlstate says. */
static bool
is_fatal(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    return severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

/* libpq speaks the language of the host's messages. */
static const char *
in_its_language(const char *words)
{
    char domain[32];

    snprintf(domain, sizeof domain, "libpq5-%d", PQlibVersion() / 10000);
    return dgettext(domain, words);
}

/* It gives no other sign. */
static bool
says_no_memory(const char *said)
{
    static const char *const words[] = { "out of memory", "out of memory\n", "out of memory for query result" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *translated = in_its_language(words[i]);
        size_t length = strcspn(translated, "\n");
        if (length > 0 && memmem(said, strlen(said), translated, length) != NULL)
            return true;
    }
    return false;
}

/* libpq's own results carry no sqlstate: the wire broke, its memory ran out, or an answer made no sense to it. */
static int32_t
fail_unsaid(incload__pq *pq, const PGresult *result, const char *doing, incload_error **err)
{
    if (PQstatus(pq->pg) == CONNECTION_BAD)
        return incload__pq_lost(pq, doing, err);
    if (says_no_memory(PQresultErrorMessage(result)))
        return incload__pq_reject(pq, incload__fail_memory(err));
    return incload__pq_out_of_step(pq, doing, err);
}

int32_t
incload__pq_fail(incload__pq *pq, const PGresult *result, const char *doing, incload_error **err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    incload__str said = INCLOAD__STR(&incload__mem_libc);
    bool first = err == NULL || *err == NULL;

    if (sqlstate == NULL)
        return fail_unsaid(pq, result, doing, err);

    incload__pq_prepared_failed(pq, sqlstate);
    describe_error(&said, result, sqlstate);
    int32_t status = incload__conn_fail(&pq->head, err, doing, sqlstate, 0, incload__str_text(&said));
    if (first)
        add_details(result, err);
    incload__str_free(&said);
    if (is_fatal(result))
        pq->head.txn = INCLOAD__TXN_DEAD;
    return status;
}

int32_t
incload__pq_lost(incload__pq *pq, const char *doing, incload_error **err)
{
    incload__str said = INCLOAD__STR(&incload__mem_libc);

    incload__str_addf(&said, "the connection to the server at %s was lost", pq->place);
    int32_t status = incload__conn_fail(&pq->head, err, doing, "08006", 0, incload__str_text(&said));
    incload__str_free(&said);
    pq->head.txn = INCLOAD__TXN_DEAD;
    return status;
}

int32_t
incload__pq_out_of_step(incload__pq *pq, const char *doing, incload_error **err)
{
    pq->head.txn = INCLOAD__TXN_DEAD;
    return incload__fail(err, INCLOAD_E_PROTOCOL, "%s: the server at %s did not answer what it was asked", doing,
                         pq->place);
}

int32_t
incload__pq_reject(incload__pq *pq, int32_t code)
{
    if (pq->head.txn == INCLOAD__TXN_OPEN)
        pq->head.txn = INCLOAD__TXN_FAILED;
    return code;
}

int32_t
incload__pq_refused(incload__pq *pq, const char *doing, incload_error **err)
{
    if (PQstatus(pq->pg) == CONNECTION_BAD)
        return incload__pq_lost(pq, doing, err);
    if (PQtransactionStatus(pq->pg) == PQTRANS_ACTIVE)
        return incload__pq_reject(
            pq,
            incload__fail(err, INCLOAD_E_STATE, "%s: the connection is busy; close its reader or writer first", doing));
    return incload__pq_reject(pq, incload__fail_memory(err));
}

/* With PQERRORS_SQLSTATE a server's refusal reads "...: FATAL:  28P01": the one way to have its sqlstate here. */
static bool
find_sqlstate(const char *message, char *sqlstate)
{
    const char *found = NULL;

    for (const char *at = strstr(message, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && (at[8] == '\n' || at[8] == '\0'))
            found = at + 3;
    }
    if (found == NULL)
        return false;
    memcpy(sqlstate, found, 5);
    sqlstate[5] = '\0';
    return true;
}

static int32_t
fail_refused(incload__pq *pq, const char *sqlstate, incload_error **err)
{
    incload__error_class class = pq->head.dialect->classify(sqlstate, 0);
    incload__str name = INCLOAD__STR(&incload__mem_libc);

    if (has_class(sqlstate, "28")) {
        class = (incload__error_class){ INCLOAD_E_AUTH, false };
        incload__pq_add_clean(&name, PQuser(pq->pg), 64);
        incload__fail(err, class.code, "the server at %s refused user \"%s\": check user, password and pg_hba.conf",
                      pq->place, incload__str_text(&name) != NULL ? incload__str_text(&name) : "?");
    } else if (strcmp(sqlstate, "3D000") == 0) {
        class = (incload__error_class){ INCLOAD_E_NOT_FOUND, false };
        incload__pq_add_clean(&name, PQdb(pq->pg), 64);
        incload__fail(err, class.code, "there is no database \"%s\" on the server at %s: check the connection string",
                      incload__str_text(&name) != NULL ? incload__str_text(&name) : "?", pq->place);
    } else if (strcmp(sqlstate, "42501") == 0) {
        incload__pq_add_clean(&name, PQuser(pq->pg), 64);
        incload__fail(err, class.code,
                      "the server at %s lets user \"%s\" not connect: to read its log, ALTER ROLE ... REPLICATION",
                      pq->place, incload__str_text(&name) != NULL ? incload__str_text(&name) : "?");
    } else {
        incload__fail(err, class.code, "the server at %s refused the connection (SQLSTATE %s)", pq->place, sqlstate);
    }
    incload__error_set_server(err, sqlstate, 0, class.retryable);
    incload__str_free(&name);
    return class.code;
}

/* What follows the last `before` in the text; NULL: there is none. */
static const char *
after_last(const char *text, const char *before)
{
    const char *found = NULL;

    for (const char *at = strstr(text, before); at != NULL; at = strstr(at + 1, before))
        found = at + strlen(before);
    return found;
}

/* What libpq says behind the place that it could not connect to. */
static const char *
find_reason(const char *message)
{
    static const char *const formats[] = { "connection to server at \"%s\", port %s failed: ",
                                           "connection to server at \"%s\" (%s), port %s failed: ",
                                           "connection to server on socket \"%s\" failed: " };
    const char *reason = after_last(message, "failed: ");

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const char *place = strrchr(in_its_language(formats[i]), '%');
        const char *end = place != NULL ? strchr(place, 's') : NULL;
        /* A mere colon says nothing. */
        const char *found = end != NULL && strlen(end + 1) > 2 ? after_last(message, end + 1) : NULL;
        if (found != NULL && (reason == NULL || found > reason))
            reason = found;
    }
    return reason;
}

/* libpq's local reasons ("Connection refused", a certificate's fault), unless they repeat the password. */
static void
add_reason(incload__pq *pq, incload__str *out)
{
    const char *reason = find_reason(PQerrorMessage(pq->pg));
    const char *password = PQpass(pq->pg);

    if (reason == NULL || (password != NULL && password[0] != '\0' && strstr(reason, password) != NULL))
        return;
    const char *end = strchr(reason, '\n');
    char *line = incload__strndup(&incload__mem_libc, reason, end != NULL ? (size_t)(end - reason) : strlen(reason));
    incload__str_add(out, ": ");
    incload__pq_add_clean(out, line, 200);
    incload__free(&incload__mem_libc, line);
}

int32_t
incload__pq_fail_connect(incload__pq *pq, incload_error **err)
{
    char sqlstate[6];
    incload__str reason = INCLOAD__STR(&incload__mem_libc);

    if (find_sqlstate(PQerrorMessage(pq->pg), sqlstate))
        return fail_refused(pq, sqlstate, err);
    if (PQconnectionNeedsPassword(pq->pg)) {
        incload__fail(err, INCLOAD_E_AUTH, "the server at %s asks for a password: put one into the connection string",
                      pq->place);
        incload__error_set_server(err, "28P01", 0, false);
        return INCLOAD_E_AUTH;
    }
    add_reason(pq, &reason);
    const char *text = incload__str_text(&reason);
    /* A certificate does not get better by asking again. */
    bool tls = text != NULL && (strstr(text, "SSL") != NULL || strstr(text, "certificate") != NULL);
    incload__fail(err, INCLOAD_E_CONNECT,
                  "cannot reach the server at %s%s: check host and port, and that it is running", pq->place,
                  text != NULL ? text : "");
    incload__error_set_server(err, "08001", 0, !tls);
    incload__str_free(&reason);
    return INCLOAD_E_CONNECT;
}
