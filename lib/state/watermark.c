/* SPDX-License-Identifier: Apache-2.0 */
/* The watermark as hosts see it: a picture of the ledger, and the two changes a host may make by hand. */
#include <incload/watermark.h>

#include <stdatomic.h>
#include <string.h>

#include "base/utf8.h"
#include "driver/database.h"
#include "state/ledger.h"
#include "state/mark.h"

enum { HISTORY_LIMIT = 1000 };

struct incload_watermark {
    atomic_int refs;
    incload_database *target;
    const incload__mem *mem;
    char *load;
    incload__position position;
    incload__rows history;
    char *description; /* made when it is asked for */
};

struct incload_watermark_list {
    incload_database *target;
    incload__rows rows;
};

/* One visit to the ledger: a connection, and the ledger's names in its dialect. */
typedef struct visit {
    incload_database *target;
    incload__conn *conn;
    incload__ledger ledger;
    bool exists;
} visit;

static int32_t
visit_begin(visit *at, incload_database *target, const void *owner, incload_error **err)
{
    const incload__env *env = incload__database_env(target);

    memset(at, 0, sizeof *at);
    at->target = target;
    int32_t status = incload__database_take(target, INCLOAD__ROLE_WRITE, incload__database_statement_deadline(target),
                                            owner, &at->conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__ledger_init(&at->ledger, &env->mem, at->conn->dialect, incload__database_ledger(target), err);
    if (status == INCLOAD_OK)
        status = incload__ledger_find(&at->ledger, at->conn, &at->exists, err);
    return status;
}

static void
visit_end(visit *at)
{
    incload__ledger_free(&at->ledger);
    if (at->conn != NULL)
        incload__database_give_back(at->target, at->conn);
}

int32_t
incload_watermark_refresh(incload_watermark *watermark, incload_error **err)
{
    incload__position position;
    visit at;

    INCLOAD_ENTER(err);
    if (watermark == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the watermark must not be NULL");
    memset(&position, 0, sizeof position);
    int32_t status = visit_begin(&at, watermark->target, watermark, err);
    if (status == INCLOAD_OK && at.exists)
        status = incload__ledger_read(&at.ledger, at.conn, watermark->load, &position, err);
    visit_end(&at);
    if (status != INCLOAD_OK)
        return status;
    incload__position_free(&watermark->position);
    incload__free(watermark->mem, watermark->description);
    watermark->description = NULL;
    watermark->position = position;
    return INCLOAD_OK;
}

incload_watermark *
incload_watermark_open(incload_database *target, const char *load, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (target == NULL || load == NULL || load[0] == '\0') {
        incload__fail(err, INCLOAD_E_INVALID, "target and load must not be NULL or empty");
        return NULL;
    }
    if (!incload__utf8_valid(load, strlen(load))) {
        incload__fail(err, INCLOAD_E_INVALID, "the name of the load is not valid UTF-8");
        return NULL;
    }
    const incload__mem *mem = &incload__database_env(target)->mem;
    incload_watermark *watermark = incload__alloc(mem, sizeof *watermark);
    if (watermark == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&watermark->refs, 1);
    watermark->target = incload_database_ref(target);
    watermark->mem = mem;
    watermark->history.mem = mem;
    watermark->load = incload__strdup(mem, load);
    if (watermark->load == NULL)
        incload__fail_memory(err);
    if (watermark->load == NULL || incload_watermark_refresh(watermark, err) != INCLOAD_OK) {
        incload_watermark_unref(watermark);
        return NULL;
    }
    return watermark;
}

incload_watermark *
incload_watermark_ref(incload_watermark *watermark)
{
    if (watermark != NULL)
        atomic_fetch_add_explicit(&watermark->refs, 1, memory_order_relaxed);
    return watermark;
}

void
incload_watermark_unref(incload_watermark *watermark)
{
    if (watermark == NULL || atomic_fetch_sub_explicit(&watermark->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_database *target = watermark->target;
    incload__rows_free(&watermark->history);
    incload__position_free(&watermark->position);
    incload__free(watermark->mem, watermark->description);
    incload__free(watermark->mem, watermark->load);
    incload__free(watermark->mem, watermark);
    incload_database_unref(target);
}

const char *
incload_watermark_load(const incload_watermark *watermark)
{
    return watermark != NULL ? watermark->load : NULL;
}

const char *
incload_watermark_value(const incload_watermark *watermark)
{
    return watermark != NULL ? watermark->position.value : NULL;
}

const char *
incload_watermark_type(const incload_watermark *watermark)
{
    return watermark != NULL ? incload__or_empty(watermark->position.type) : "";
}

const char *
incload_watermark_document(const incload_watermark *watermark)
{
    return watermark != NULL ? incload__or_empty(watermark->position.document) : "";
}

const char *
incload_watermark_describe(incload_watermark *watermark)
{
    if (watermark == NULL)
        return "";
    if (watermark->description == NULL) {
        incload__mark mark;
        incload__str text = INCLOAD__STR(watermark->mem);
        incload__mark_init(&mark, watermark->mem);
        if (watermark->position.value == NULL && watermark->position.document == NULL)
            incload__str_add(&text, "nothing is loaded");
        else if (watermark->position.document == NULL && watermark->position.type != NULL
                 && strcmp(watermark->position.type, "position") == 0)
            incload__str_addf(&text, "every event up to %s is applied", incload__or_empty(watermark->position.value));
        else if (watermark->position.document == NULL
                 || incload__mark_parse(watermark->position.document, &mark, NULL) != INCLOAD_OK)
            incload__str_addf(&text, "set by hand to %s", incload__or_empty(watermark->position.value));
        else
            incload__mark_describe(&mark, &text);
        incload__mark_free(&mark);
        watermark->description = incload__str_take(&text);
    }
    return incload__or_empty(watermark->description);
}

const char *
incload_watermark_level(const incload_watermark *watermark)
{
    return watermark != NULL ? incload__or_empty(watermark->position.level) : "";
}

int64_t
incload_watermark_version(const incload_watermark *watermark)
{
    return watermark != NULL ? watermark->position.version : 0;
}

int64_t
incload_watermark_updated_us(const incload_watermark *watermark)
{
    return watermark != NULL ? watermark->position.updated_us : 0;
}

/* Moves the watermark from the version that the host has seen. */
static int32_t
move(incload_watermark *watermark, const char *value, incload_error **err)
{
    incload__position to = { .value = (char *)(uintptr_t)value, .type = watermark->position.type };
    visit at;
    int32_t status = visit_begin(&at, watermark->target, watermark, err);

    if (status == INCLOAD_OK && !at.exists)
        status = incload__ledger_ensure(&at.ledger, at.conn, err);
    if (status == INCLOAD_OK)
        status = at.conn->driver->begin(at.conn, err);
    if (status == INCLOAD_OK) {
        status =
            incload__ledger_move(&at.ledger, at.conn, watermark->load, watermark->position.version, &to, "host", err);
        if (status == INCLOAD_OK)
            status = at.conn->driver->commit(at.conn, err);
        else
            at.conn->driver->rollback(at.conn, NULL);
    }
    visit_end(&at);
    return status == INCLOAD_OK ? incload_watermark_refresh(watermark, err) : status;
}

int32_t
incload_watermark_set(incload_watermark *watermark, const char *value, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (watermark == NULL || value == NULL || value[0] == '\0')
        return incload__fail(
            err, INCLOAD_E_INVALID,
            "watermark and value must not be NULL or empty: incload_watermark_reset() forgets the value");
    if (!incload__utf8_valid(value, strlen(value)))
        return incload__fail(err, INCLOAD_E_INVALID, "the watermark's value is not valid UTF-8");
    return move(watermark, value, err);
}

int32_t
incload_watermark_reset(incload_watermark *watermark, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (watermark == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the watermark must not be NULL");
    return move(watermark, NULL, err);
}

/* ---- history ---- */

int32_t
incload_watermark_history_count(incload_watermark *watermark, incload_error **err)
{
    visit at;

    INCLOAD_ENTER(err);
    if (watermark == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the watermark must not be NULL");
    incload__rows_free(&watermark->history);
    watermark->history.mem = watermark->mem;

    int32_t status = visit_begin(&at, watermark->target, watermark, err);
    if (status == INCLOAD_OK && at.exists) {
        incload__str sql = INCLOAD__STR(watermark->mem);
        incload__param param = { watermark->load, strlen(watermark->load), INCLOAD__TEXT };
        /* Versions grow by one: the latest thousand are those above the present version less a thousand. */
        incload__str_addf(&sql,
                          "SELECT version, value, run_id, updated_us FROM %s WHERE load_name = ", at.ledger.history);
        incload__placeholder(at.conn->dialect, &sql, 1);
        incload__str_addf(&sql, " AND version > %lld ORDER BY version DESC",
                          (long long)(watermark->position.version - HISTORY_LIMIT));
        status = sql.failed ? incload__fail_memory(err)
                            : at.conn->driver->select(at.conn, incload__str_text(&sql), &param, 1, &watermark->history,
                                                      err);
        incload__str_free(&sql);
    }
    visit_end(&at);
    return status != INCLOAD_OK ? status : (int32_t)watermark->history.count;
}

static const char *
history_cell(const incload_watermark *watermark, int32_t index, int32_t column)
{
    if (watermark == NULL || index < 0 || index >= watermark->history.count)
        return NULL;
    return incload__rows_get(&watermark->history, index, column);
}

static int64_t
history_number(const incload_watermark *watermark, int32_t index, int32_t column)
{
    const char *text = history_cell(watermark, index, column);
    int64_t value = 0;

    if (text != NULL)
        incload__parse_int64(text, strlen(text), &value);
    return value;
}

const char *
incload_watermark_history_value(const incload_watermark *watermark, int32_t index)
{
    return history_cell(watermark, index, 1);
}

int64_t
incload_watermark_history_version(const incload_watermark *watermark, int32_t index)
{
    return history_number(watermark, index, 0);
}

int64_t
incload_watermark_history_time_us(const incload_watermark *watermark, int32_t index)
{
    return history_number(watermark, index, 3);
}

const char *
incload_watermark_history_run_id(const incload_watermark *watermark, int32_t index)
{
    return history_cell(watermark, index, 2);
}

/* ---- list ---- */

incload_watermark_list *
incload_watermark_list_new(incload_database *target, incload_error **err)
{
    visit at;

    INCLOAD_ENTER_NULL(err);
    if (target == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the target must not be NULL");
        return NULL;
    }
    const incload__mem *mem = &incload__database_env(target)->mem;
    incload_watermark_list *list = incload__alloc(mem, sizeof *list);
    if (list == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    list->target = incload_database_ref(target);
    list->rows.mem = mem;
    int32_t status = visit_begin(&at, target, list, err);
    if (status == INCLOAD_OK && at.exists) {
        incload__str sql = INCLOAD__STR(mem);
        incload__str_addf(&sql, "SELECT load_name, value FROM %s ORDER BY load_name", at.ledger.watermark);
        status = sql.failed ? incload__fail_memory(err)
                            : at.conn->driver->select(at.conn, incload__str_text(&sql), NULL, 0, &list->rows, err);
        incload__str_free(&sql);
    }
    visit_end(&at);
    if (status != INCLOAD_OK) {
        incload_watermark_list_unref(list);
        return NULL;
    }
    return list;
}

void
incload_watermark_list_unref(incload_watermark_list *list)
{
    if (list == NULL)
        return;
    incload_database *target = list->target;
    const incload__mem *mem = list->rows.mem;
    incload__rows_free(&list->rows);
    incload__free(mem, list);
    incload_database_unref(target);
}

int32_t
incload_watermark_list_count(const incload_watermark_list *list)
{
    return list != NULL ? (int32_t)list->rows.count : 0;
}

static const char *
list_cell(const incload_watermark_list *list, int32_t index, int32_t column)
{
    if (list == NULL || index < 0 || index >= list->rows.count)
        return NULL;
    return incload__rows_get(&list->rows, index, column);
}

const char *
incload_watermark_list_load(const incload_watermark_list *list, int32_t index)
{
    return list_cell(list, index, 0);
}

const char *
incload_watermark_list_value(const incload_watermark_list *list, int32_t index)
{
    return list_cell(list, index, 1);
}
