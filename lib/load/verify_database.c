/* SPDX-License-Identifier: Apache-2.0 */
/* The pass over both sides, computed by two PostgreSQL servers: one sequential scan each, and a few thousand sums cross
 * the wire instead of all rows. */
#include <stdio.h>
#include <string.h>

#include "batch/number.h"
#include "dialect/postgres_digest.h"
#include "dialect/postgres.h"
#include "load/verify_internal.h"

enum { BUCKETS = 4096, LEAST_VERSION = 140000 };

/* ---- may they? ---- */

static int32_t
decide(verify *v, bool usable, const char *reason, incload_error **err)
{
    v->in_database = usable;
    if (!usable && v->values->digest == INCLOAD__DIGEST_DATABASE)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED, "digest=database is not possible: %s", reason);
    v->result->digest = usable ? "database" : "client";
    v->result->digest_reason = incload__strdup(v->mem, reason);
    return v->result->digest_reason != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

/* What the server's hash gives for known bytes, and whether it is on this machine. Fails silently where there is no
 * such function: PostgreSQL is spoken by other servers too. */
static bool
probe(verify *v, incload__conn *conn, char answer[32], bool *local)
{
    incload__rows rows = { .mem = v->mem };
    bool found = conn->driver->select(conn, incload__postgres_digest_probe, NULL, 0, &rows, NULL) == INCLOAD_OK;
    const char *text = found ? incload__rows_get(&rows, 0, 0) : NULL;
    const char *here = found ? incload__rows_get(&rows, 0, 1) : NULL;

    answer[0] = '\0';
    if (text != NULL)
        snprintf(answer, 32, "%.31s", text);
    *local = here != NULL && strcmp(here, "1") == 0;
    incload__rows_free(&rows);
    return answer[0] != '\0';
}

static int32_t
make_items(verify *v, int32_t side, const incload__column **unequal, incload_error **err)
{
    verify_side *here = &v->sides[side], *there = &v->sides[!side];
    incload__str items = INCLOAD__STR(v->mem), quoted = INCLOAD__STR(v->mem), key = INCLOAD__STR(v->mem);
    incload__str bucket = INCLOAD__STR(v->mem);
    int32_t status = INCLOAD_OK;

    *unequal = NULL;
    for (int32_t i = 0; i < here->columns->count && status == INCLOAD_OK && *unequal == NULL; i++) {
        const incload__column *column = &here->columns->columns[i];
        incload__str_clear(&quoted);
        status = here->conn->dialect->quote(&quoted, "column", column->name, err);
        if (status == INCLOAD_OK && quoted.failed)
            status = incload__fail_memory(err);
        incload__str_add(&items, i > 0 ? ", " : "record_send(ROW(");
        if (status == INCLOAD_OK
            && !incload__postgres_digest_item(&items, column, &there->columns->columns[i], incload__str_text(&quoted)))
            *unequal = &v->load.shape.columns[i];
    }
    incload__str_add(&items, "))");
    /* The key goes in as the row does: what the types call equal is not always the same. */
    for (int32_t i = 0; i < v->key_count && status == INCLOAD_OK && *unequal == NULL; i++) {
        incload__str_clear(&quoted);
        status = here->conn->dialect->quote(&quoted, "column", here->columns->columns[v->key[i]].name, err);
        incload__str_add(&key, i > 0 ? ", " : "record_send(ROW(");
        if (status == INCLOAD_OK && quoted.failed)
            status = incload__fail_memory(err);
        if (status == INCLOAD_OK)
            incload__postgres_digest_item(&key, &here->columns->columns[v->key[i]],
                                          &there->columns->columns[v->key[i]], incload__str_text(&quoted));
    }
    incload__str_add(&key, "))");
    if (status == INCLOAD_OK && !items.failed && !key.failed) {
        incload__str_add_char(&bucket, '(');
        incload__postgres_digest_hash(&bucket, incload__str_text(v->key_count > 0 ? &key : &items), v->seeds[2]);
        incload__str_addf(&bucket, " & %d)", BUCKETS - 1);
    }
    if (status == INCLOAD_OK && *unequal == NULL) {
        here->items = incload__str_take(&items);
        here->bucket = incload__str_take(&bucket);
        if (here->items == NULL || here->bucket == NULL || key.failed)
            status = incload__fail_memory(err);
    }
    incload__str_free(&items);
    incload__str_free(&quoted);
    incload__str_free(&key);
    incload__str_free(&bucket);
    return status;
}

int32_t
incload__verify_database_prepare(verify *v, incload_error **err)
{
    const incload__load *load = &v->load;
    const incload__column *unequal = NULL;
    char here[32], there[32], reason[160];
    bool here_local = false, there_local = false;

    if (v->values->digest == INCLOAD__DIGEST_CLIENT)
        return decide(v, false, "option 'digest' asked for it", err);
    if (load->from->dialect != &incload__dialect_postgres || load->to->dialect != &incload__dialect_postgres)
        return decide(v, false, "only two PostgreSQL servers compute the same digest", err);
    if (load->from->server_version < LEAST_VERSION || load->to->server_version < LEAST_VERSION)
        return decide(v, false, "PostgreSQL before 14 has no such hash function", err);
    if (v->spec.query != NULL && load->from->wire == INCLOAD__WIRE_TEXT)
        return decide(v, false, "the driver does not tell the exact types of a query's columns", err);
    if (!probe(v, load->from, here, &here_local) || !probe(v, load->to, there, &there_local)
        || strcmp(here, there) != 0)
        return decide(v, false, "the two servers do not compute the same hash", err);
    for (int32_t side = SOURCE; side <= TARGET && unequal == NULL; side++) {
        int32_t status = make_items(v, side, &unequal, err);
        if (status != INCLOAD_OK)
            return status;
    }
    if (unequal != NULL) {
        snprintf(reason, sizeof reason, "column '%.64s' has types that only the host can compare", unequal->name);
        return decide(v, false, reason, err);
    }
    if (v->values->digest == INCLOAD__DIGEST_DATABASE)
        return decide(v, true, "option 'digest' asked for it", err);
    /* A server needs 1.6 times as long to hash a row as to send it, which pays only where a network lies between. */
    if (here_local && there_local)
        return decide(v, false,
                      "both servers are on this machine, where reading rows costs less than hashing them there", err);
    return decide(v, true, "a network lies between, and the sums are smaller than the rows", err);
}

/* ---- the pass ---- */

static int32_t
build(verify *v, int32_t side, const verify_pass *pass, incload__sql *sql, incload_error **err)
{
    verify_side *here = &v->sides[side];
    const incload__dialect *dialect = here->conn->dialect;
    int32_t status = INCLOAD_OK;

    incload__str_add(&sql->text, "SELECT b, count(*)");
    for (int32_t i = 0; i < 2; i++) {
        incload__str_add(&sql->text, ", sum(");
        incload__postgres_digest_hash(&sql->text, "r", v->seeds[i]);
        incload__str_add(&sql->text, ")");
    }
    incload__str_add(&sql->text, " FROM (SELECT ");
    if (pass->by_range) {
        incload__str_add(&sql->text, "(");
        status = dialect->quote(&sql->text, "column", here->columns->columns[v->key[0]].name, err);
        /* Not below zero, and less than 2^63: the caller sees to that. */
        incload__str_addf(&sql->text, "::bigint - (%lld)) / %llu", (long long)pass->slice.low,
                          (unsigned long long)pass->width);
    } else {
        incload__str_add(&sql->text, here->bucket);
    }
    incload__str_addf(&sql->text, " AS b, %s AS r", here->items);
    if (status == INCLOAD_OK)
        status = incload__verify_from(v, side, sql, err);
    if (status == INCLOAD_OK)
        status = incload__verify_where(v, side, sql, &pass->slice, NULL, err);
    /* OFFSET keeps the planner from putting the row's form in for each of its two uses. */
    incload__str_add(&sql->text, " OFFSET 0) AS d GROUP BY b");
    return status == INCLOAD_OK ? incload__sql_check(sql, err) : status;
}

static bool
take_row(const incload__rows *rows, int64_t row, const verify_pass *pass, incload__bucket *buckets)
{
    const char *cells[4];
    __int128 numbers[4];

    for (int32_t i = 0; i < 4; i++) {
        cells[i] = incload__rows_get(rows, row, i);
        if (cells[i] == NULL || !incload__decimal_parse(cells[i], strlen(cells[i]), 0, &numbers[i]))
            return false;
    }
    if (numbers[0] < 0 || numbers[0] >= pass->count)
        return false;
    /* Sums of signed numbers, exact: their lower 64 bits are sums modulo 2^64. */
    buckets[numbers[0]] = (incload__bucket){ (int64_t)numbers[1], { (uint64_t)numbers[2], (uint64_t)numbers[3] } };
    return true;
}

static int32_t
scan_side(verify *v, int32_t side, verify_pass *pass, incload_error **err)
{
    incload__conn *conn = v->sides[side].conn;
    incload__rows rows = { .mem = v->mem };
    incload__sql sql;
    int32_t status = INCLOAD_OK;

    for (const char *const *setting = incload__postgres_digest_settings; *setting != NULL && status == INCLOAD_OK;
         setting++)
        status = conn->driver->execute(conn, *setting, NULL, 0, NULL, err);
    incload__sql_init(&v->load, &sql);
    if (status == INCLOAD_OK)
        status = build(v, side, pass, &sql, err);
    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, incload__str_text(&sql.text), sql.params, sql.count, &rows, err);
    for (int64_t row = 0; status == INCLOAD_OK && row < rows.count; row++) {
        if (!take_row(&rows, row, pass, pass->buckets[side]))
            status = incload__fail(err, INCLOAD_E_PROTOCOL, "the server's digest is not in the form it was asked for");
    }
    incload__rows_free(&rows);
    incload__sql_free(&sql);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, side == SOURCE ? "source" : "target");
    return status;
}

int32_t
incload__verify_database_scan(verify *v, verify_pass *pass, incload_error **err)
{
    int32_t status = scan_side(v, SOURCE, pass, err);

    if (status == INCLOAD_OK)
        status = incload__verify_check(v, err);
    return status == INCLOAD_OK ? scan_side(v, TARGET, pass, err) : status;
}
