/* SPDX-License-Identifier: Apache-2.0 */
#include "load/memo.h"

#include <pthread.h>
#include <string.h>

#include "load/internal.h"

/* The queries about one table are few. */
enum { MOST_ANSWERS = 8 };

typedef struct answer {
    const char *query; /* the dialect's own text: the pointer tells it */
    char *schema;
    char *name;
    incload__rows rows;
} answer;

typedef struct side {
    char *version; /* of the table when the answers were given; NULL: there are none */
    answer answers[MOST_ANSWERS];
    int32_t count;
} side;

struct incload__memo {
    const incload__mem *mem;
    pthread_mutex_t lock; /* guards the sides */
    side sides[INCLOAD__SIDES];
    atomic_bool notes[INCLOAD__NOTES];
};

incload__memo *
incload__memo_new(const incload__mem *mem, incload_error **err)
{
    incload__memo *memo = incload__alloc(mem, sizeof *memo);

    if (memo == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    memo->mem = mem;
    pthread_mutex_init(&memo->lock, NULL);
    for (int32_t i = 0; i < INCLOAD__NOTES; i++)
        atomic_init(&memo->notes[i], false);
    return memo;
}

static void
free_answer(const incload__mem *mem, answer *one)
{
    incload__free(mem, one->schema);
    incload__free(mem, one->name);
    incload__rows_free(&one->rows);
}

static void
clear(const incload__mem *mem, side *at)
{
    for (int32_t i = 0; i < at->count; i++)
        free_answer(mem, &at->answers[i]);
    incload__free(mem, at->version);
    memset(at, 0, sizeof *at);
}

void
incload__memo_free(incload__memo *memo)
{
    if (memo == NULL)
        return;
    for (int32_t i = 0; i < INCLOAD__SIDES; i++)
        clear(memo->mem, &memo->sides[i]);
    pthread_mutex_destroy(&memo->lock);
    incload__free(memo->mem, memo);
}

bool
incload__memo_noted(const incload__memo *memo, incload__memo_note note)
{
    return memo != NULL && atomic_load(&memo->notes[note]);
}

void
incload__memo_note_that(incload__memo *memo, incload__memo_note note)
{
    if (memo != NULL)
        atomic_store(&memo->notes[note], true);
}

/* ---- versions ---- */

static void
meet_version(incload__memo *memo, incload__memo_side which, const char *version)
{
    side *at = &memo->sides[which];

    pthread_mutex_lock(&memo->lock);
    if (at->version == NULL || strcmp(at->version, version) != 0) {
        clear(memo->mem, at);
        at->version = incload__strdup(memo->mem, version);
    }
    pthread_mutex_unlock(&memo->lock);
}

/* NULL: nothing is kept or recalled. */
static const char *
version_query(const incload__load *load, const incload__conn *conn)
{
    return load->spec->memo != NULL ? conn->dialect->version_query : NULL;
}

int32_t
incload__memo_ask(incload__load *load, incload_error **err)
{
    incload__conn *conn = load->to;
    const char *query = version_query(load, conn);

    if (query == NULL || conn->driver->ask == NULL)
        return INCLOAD_OK;
    conn->repeats = true;
    int32_t status = incload__ask_about(conn, query, load->target_name.schema, load->target_name.name, err);
    conn->repeats = false;
    load->asked = status == INCLOAD_OK;
    return status;
}

void
incload__memo_unask(incload__load *load)
{
    /* Nobody waits for an answer that nobody wants. */
    if (load->asked)
        load->to->driver->rollback(load->to, NULL);
    load->asked = false;
}

/* Of the target it may have been asked before. */
static int32_t
take_version(incload__load *load, incload__memo_side which, incload__conn *conn, const incload__table *table,
             incload__rows *rows, incload_error **err)
{
    if (which == INCLOAD__SOURCE_SIDE || !load->asked)
        return incload__ask_about_table(load, conn, version_query(load, conn), table, rows, err);
    load->asked = false;
    return conn->driver->take(conn, rows, err);
}

int32_t
incload__memo_look(incload__load *load, incload__memo_side which, const incload__table *table, incload_error **err)
{
    incload__conn *conn = which == INCLOAD__SOURCE_SIDE ? load->from : load->to;
    incload__rows rows;

    incload__memo_distrust(load, which);
    if (version_query(load, conn) == NULL)
        return INCLOAD_OK;
    int32_t status = take_version(load, which, conn, table, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *version = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    if (version != NULL) {
        meet_version(load->spec->memo, which, version);
        load->versions[which] = incload__strdup(load->mem, version);
    }
    incload__rows_free(&rows);
    return INCLOAD_OK;
}

void
incload__memo_distrust(incload__load *load, incload__memo_side which)
{
    incload__free(load->mem, load->versions[which]);
    load->versions[which] = NULL;
}

/* ---- answers ---- */

static incload__memo_side
side_of(const incload__load *load, const incload__conn *conn)
{
    return conn == load->to ? INCLOAD__TARGET_SIDE : INCLOAD__SOURCE_SIDE;
}

static bool
same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* With the lock held. The side's answers, if they tell of the table as this load has found it. */
static side *
trusted_side(const incload__load *load, incload__memo_side which)
{
    side *at = &load->spec->memo->sides[which];

    return at->version != NULL && strcmp(at->version, load->versions[which]) == 0 ? at : NULL;
}

static answer *
find(side *at, const char *query, const incload__table *table)
{
    for (int32_t i = 0; at != NULL && i < at->count; i++) {
        answer *one = &at->answers[i];
        if (one->query == query && same_text(one->schema, table->schema) && same_text(one->name, table->name))
            return one;
    }
    return NULL;
}

static bool
copy_rows(const incload__mem *mem, const incload__rows *rows, incload__rows *out)
{
    *out = (incload__rows){ .mem = mem };
    for (int64_t i = 0; i < rows->count; i++) {
        const char *const *cells = (const char *const *)&rows->cells[i * rows->columns];
        if (incload__rows_add(out, cells, NULL, rows->columns) == INCLOAD_OK)
            continue;
        incload__rows_free(out);
        return false;
    }
    return true;
}

bool
incload__memo_recall(const incload__load *load, const incload__conn *conn, const char *query,
                     const incload__table *table, incload__rows *out)
{
    incload__memo_side which = side_of(load, conn);

    if (load->versions[which] == NULL)
        return false;
    pthread_mutex_lock(&load->spec->memo->lock);
    const answer *known = find(trusted_side(load, which), query, table);
    bool found = known != NULL && copy_rows(load->mem, &known->rows, out);
    pthread_mutex_unlock(&load->spec->memo->lock);
    return found;
}

static void
add(const incload__mem *mem, side *at, const char *query, const incload__table *table, const incload__rows *rows)
{
    answer one = { .query = query };

    one.schema = table->schema != NULL ? incload__strdup(mem, table->schema) : NULL;
    one.name = incload__strdup(mem, table->name);
    bool whole = one.name != NULL && (table->schema == NULL || one.schema != NULL) && copy_rows(mem, rows, &one.rows);
    if (whole)
        at->answers[at->count++] = one;
    else
        free_answer(mem, &one);
}

void
incload__memo_keep(const incload__load *load, const incload__conn *conn, const char *query, const incload__table *table,
                   const incload__rows *rows)
{
    incload__memo_side which = side_of(load, conn);

    if (load->versions[which] == NULL)
        return;
    pthread_mutex_lock(&load->spec->memo->lock);
    side *at = trusted_side(load, which);
    if (at != NULL && at->count < MOST_ANSWERS && find(at, query, table) == NULL)
        add(load->spec->memo->mem, at, query, table, rows);
    pthread_mutex_unlock(&load->spec->memo->lock);
}
