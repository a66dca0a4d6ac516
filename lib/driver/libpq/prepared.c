/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of the library's own that come again and again, such as the ledger's, are kept prepared on their
 * connection: the server parses and plans them once. */
#include "driver/libpq/pq.h"

#include <stdio.h>
#include <string.h>

/* What comes once in a connection's life is not prepared: the second time is the first that pays. A plan that was made
 * while a table was small must not be kept while it grows: it is made anew after so many uses. */
enum { SLOTS = 128, PROBES = 8, USES = 100 };

typedef struct slot {
    uint64_t hash; /* of the text; 0: free */
    char *text;    /* NULL: it was seen once */
    int64_t number; /* of its name on the server; 0: not prepared */
    int32_t uses;
} slot;

struct incload__pq_prepared {
    slot slots[SLOTS];
    int64_t last_number;
    bool refused; /* something between us and the server, such as a pooler, loses what was prepared */
};

static uint64_t
hash_of(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash != 0 ? hash : 1;
}

/* The statement's own place, else a free one or that of a text that was seen once; NULL: all near are taken. */
static slot *
place_of(struct incload__pq_prepared *kept, const char *text, uint64_t hash)
{
    slot *room = NULL;

    for (uint64_t i = 0; i < PROBES; i++) {
        slot *at = &kept->slots[(hash + i) % SLOTS];
        if (at->hash == hash && (at->text == NULL || strcmp(at->text, text) == 0))
            return at;
        if (at->text == NULL && (room == NULL || at->hash == 0))
            room = at;
    }
    return room;
}

static void
name_of(const slot *at, char name[INCLOAD__PQ_NAME_SIZE])
{
    snprintf(name, INCLOAD__PQ_NAME_SIZE, "incload_%lld", (long long)at->number);
}

/* Without its results being judged: the caller knows what to do when it failed. */
static int32_t
prepare(incload__pq *pq, slot *at, const char *sql, const char *doing, incload_error **err)
{
    char name[INCLOAD__PQ_NAME_SIZE];

    at->number = ++pq->prepared->last_number;
    at->uses = 0;
    name_of(at, name);
    if (PQsendPrepare(pq->pg, name, sql, 0, NULL) != 1)
        return incload__pq_refused(pq, doing, err);
    return incload__pq_collect(pq, doing, NULL, err);
}

static int32_t
drop(incload__pq *pq, slot *at, const char *doing, incload_error **err)
{
    char name[INCLOAD__PQ_NAME_SIZE], sql[INCLOAD__PQ_NAME_SIZE + 16];

    name_of(at, name);
    at->number = 0;
    snprintf(sql, sizeof sql, "DEALLOCATE %s", name);
    if (PQsendQuery(pq->pg, sql) != 1)
        return incload__pq_refused(pq, doing, err);
    return incload__pq_collect(pq, doing, NULL, err);
}

/* True when the text came before: then it has a place. */
static bool
recall(incload__pq *pq, const char *sql, slot **out)
{
    const incload__mem *mem = &pq->head.env->mem;
    uint64_t hash = hash_of(sql);

    if (pq->prepared == NULL)
        pq->prepared = incload__alloc(mem, sizeof *pq->prepared);
    if (pq->prepared == NULL || pq->prepared->refused)
        return false;
    slot *at = place_of(pq->prepared, sql, hash);
    if (at == NULL)
        return false;
    bool seen = at->hash == hash;
    at->hash = hash;
    if (seen && at->text == NULL)
        at->text = incload__strdup(mem, sql);
    *out = at;
    return seen && at->text != NULL;
}

int32_t
incload__pq_prepare(incload__pq *pq, const char *sql, const char *doing, char name[INCLOAD__PQ_NAME_SIZE],
                    incload_error **err)
{
    slot *at = NULL;
    int32_t status = INCLOAD_OK;

    name[0] = '\0';
    if (!pq->head.repeats || !recall(pq, sql, &at))
        return INCLOAD_OK;
    /* What gathers takes no statement of another kind. */
    if (at->number == 0 || at->uses >= USES)
        status = incload__pq_settle_posted(&pq->head, err);
    if (status == INCLOAD_OK && at->number != 0 && at->uses >= USES)
        status = drop(pq, at, doing, err);
    if (status == INCLOAD_OK && at->number == 0) {
        status = prepare(pq, at, sql, doing, err);
        at->number = status == INCLOAD_OK ? at->number : 0;
    }
    if (status != INCLOAD_OK)
        return status;
    at->uses++;
    name_of(at, name);
    return INCLOAD_OK;
}

void
incload__pq_prepared_failed(incload__pq *pq, const char *sqlstate)
{
    static const char *const lost[] = { "26000", "42P05", "0A000" };

    for (size_t i = 0; i < sizeof lost / sizeof lost[0] && pq->prepared != NULL; i++) {
        if (sqlstate != NULL && strcmp(sqlstate, lost[i]) == 0)
            pq->prepared->refused = true;
    }
}

void
incload__pq_prepared_free(incload__pq *pq)
{
    const incload__mem *mem = &pq->head.env->mem;

    for (int32_t i = 0; i < SLOTS && pq->prepared != NULL; i++)
        incload__free(mem, pq->prepared->slots[i].text);
    incload__free(mem, pq->prepared);
    pq->prepared = NULL;
}
