/* SPDX-License-Identifier: Apache-2.0 */
/* Staging takes any row; what the target refuses shows when all are published. The bad ones are looked for by
 * publishing parts, each copied into a staging table of its own, and all of that is undone; then they are taken out of
 * staging, and the rest is published as a whole, as if they had never been read. */
#include <stdio.h>
#include <string.h>

#include "load/bisect.h"
#include "load/reject.h"

/* At most so many are found in one search, for the sake of memory; the next goes on. */
enum { MOST_AT_ONCE = 256 };

static const char publish_point[] = "incload_publish", search_point[] = "incload_search", part_point[] = "incload_part";

/* A bad row of staging. */
typedef struct found {
    char *place; /* its load order */
    incload_error *why;
} found;

typedef struct staged_search {
    incload__load *load;
    bool whole; /* a part goes back to the first row: what the mode makes of two parts is not what it makes of both */
    char part[64];
    found found[MOST_AT_ONCE];
    int32_t count;
} staged_search;

/* Modes in which two parts published one after the other are as good as both at once. */
static int32_t
adds_up(const incload__load *load, bool *adds, incload_error **err)
{
    static const char *const modes[] = { "append", "merge", "insert_new", "delete_insert" };
    incload__str word = INCLOAD__STR(load->mem);

    *adds = false;
    incload__options_get(&incload__strategy_options, load->how, "write", &word);
    int32_t status = word.failed ? incload__fail_memory(err) : INCLOAD_OK;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0] && status == INCLOAD_OK; i++)
        *adds = *adds || strcmp(incload__str_text(&word), modes[i]) == 0;
    incload__str_free(&word);
    return status;
}

static int32_t
make_part(incload__load *load, const char *part, int64_t first, int64_t last, incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    incload__str sql = INCLOAD__STR(load->mem);
    incload__table table = { NULL, (char *)(uintptr_t)part };
    incload__schema columns = { .mem = load->mem };

    int32_t status = incload__staging_columns(load, &columns, err);
    if (status == INCLOAD_OK)
        status = dialect->create_staging(&sql, part, &columns, err);
    incload__schema_free(&columns);
    if (status == INCLOAD_OK)
        status = incload__execute(load, &sql, err);
    incload__str_add(&sql, "INSERT INTO ");
    if (status == INCLOAD_OK)
        status = incload__quote_table(dialect, &sql, &table, err);
    incload__str_add(&sql, " (");
    if (status == INCLOAD_OK)
        status = incload__quote_columns(dialect, &sql, &load->target, "", err);
    incload__str_add(&sql, ") SELECT ");
    if (status == INCLOAD_OK)
        status = incload__quote_columns(dialect, &sql, &load->target, "", err);
    incload__str_addf(&sql, " FROM %s ORDER BY %s LIMIT %lld OFFSET %lld", load->destination, dialect->load_order,
                      (long long)(last - first), (long long)first);
    if (status == INCLOAD_OK)
        return incload__execute(load, &sql, err);
    incload__str_free(&sql);
    return status;
}

/* Publishes the part in the place of staging; counters stay as they were. */
static int32_t
publish_part(incload__load *load, const char *part, incload_error **err)
{
    incload_unit *unit = load->unit;
    int64_t written = atomic_load(&unit->rows_written), skipped = atomic_load(&unit->rows_skipped);
    int64_t deleted = atomic_load(&unit->rows_deleted);
    incload__str name = INCLOAD__STR(load->mem);
    incload__table table = { NULL, (char *)(uintptr_t)part };
    char *destination = load->destination;
    char staging[sizeof load->staging];

    memcpy(staging, load->staging, sizeof staging);
    int32_t status = incload__quote_table(load->to->dialect, &name, &table, err);
    load->destination = incload__str_take(&name);
    if (status == INCLOAD_OK && load->destination == NULL)
        status = incload__fail_memory(err);
    snprintf(load->staging, sizeof load->staging, "%s", part);
    if (status == INCLOAD_OK)
        status = incload__publish(load, err);
    incload__free(load->mem, load->destination);
    load->destination = destination;
    memcpy(load->staging, staging, sizeof staging);
    atomic_store(&unit->rows_written, written);
    atomic_store(&unit->rows_skipped, skipped);
    atomic_store(&unit->rows_deleted, deleted);
    return status;
}

/* Undoes, and tells whether what failed was a bad row. A temporary table outlives the savepoint in MariaDB. */
static bool
undo_bad(incload__load *load, const char *point, const char *part, const incload_error *why)
{
    incload__str drop = INCLOAD__STR(load->mem);

    if (!incload__reject_is_bad_row(load, why) || incload__savepoint_undo(load->to, point, NULL) != INCLOAD_OK)
        return false;
    if (part == NULL)
        return true;
    load->to->dialect->drop_staging(&drop, part);
    return incload__execute(load, &drop, NULL) == INCLOAD_OK;
}

static int32_t
attempt_part(void *data, int64_t first, int64_t last, bool *bad, incload_error **err)
{
    const staged_search *search = data;
    incload__load *load = search->load;
    int32_t status = incload__savepoint_set(load->to, part_point, err);

    if (status == INCLOAD_OK)
        status = make_part(load, search->part, search->whole ? 0 : first, last, err);
    if (status != INCLOAD_OK)
        return status;
    status = publish_part(load, search->part, err);
    if (status != INCLOAD_OK) {
        *bad = undo_bad(load, part_point, search->part, *err);
        return status;
    }
    return search->whole ? incload__savepoint_undo(load->to, part_point, err)
                         : incload__savepoint_release(load->to, part_point, err);
}

/* Where the row stands in load order: a number, or PostgreSQL's (block,item). */
static int32_t
find_place(incload__load *load, int64_t row, char **place, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };
    const char *order = load->to->dialect->load_order;

    incload__str_addf(&sql, "SELECT %s FROM %s ORDER BY %s LIMIT 1 OFFSET %lld", order, load->destination, order,
                      (long long)row);
    int32_t status = sql.failed ? incload__fail_memory(err)
                                : load->to->driver->select(load->to, incload__str_text(&sql), NULL, 0, &rows, err);
    incload__str_free(&sql);
    if (status != INCLOAD_OK)
        return status;
    const char *text = incload__rows_get(&rows, 0, 0);
    if (text == NULL || text[strspn(text, "0123456789(,)")] != '\0')
        status = incload__fail(err, INCLOAD_E_PROTOCOL, "the server named a staged row in an unknown form");
    else if ((*place = incload__strdup(load->mem, text)) == NULL)
        status = incload__fail_memory(err);
    incload__rows_free(&rows);
    return status;
}

static int32_t
note_found(void *data, int64_t row, const incload_error *why, incload_error **err)
{
    staged_search *search = data;
    int32_t status = incload__reject_check_budget(search->load, search->count + 1, why, err);
    char *place = NULL;

    if (status == INCLOAD_OK)
        status = find_place(search->load, row, &place, err);
    if (status == INCLOAD_OK)
        search->found[search->count++] = (found){ place, incload_error_ref((incload_error *)(uintptr_t)why) };
    return status;
}

/* ---- taking them out ---- */

static int32_t
write_select(const incload__load *load, const char *place, incload__str *sql, incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < load->write.count && status == INCLOAD_OK; i++) {
        incload__str_add(sql, i == 0 ? "SELECT " : ", ");
        status = dialect->select_item(sql, &load->write.columns[i], load->to->wire, err);
    }
    incload__str_addf(sql, " FROM %s WHERE %s = '%s'", load->destination, dialect->load_order, place);
    return status == INCLOAD_OK && sql->failed ? incload__fail_memory(err) : status;
}

/* The staged row as a batch of one. */
static int32_t
read_row(incload__load *load, const char *place, struct ArrowArray *out, incload_error **err)
{
    const incload__driver *driver = load->to->driver;
    incload__str sql = INCLOAD__STR(load->mem);
    incload__reader *reader = NULL;
    int64_t got = 0, more = 0;
    incload__builder *builder = incload__builder_new(load->mem, &load->write, err);
    int32_t status = builder != NULL ? write_select(load, place, &sql, err) : INCLOAD_E_NO_MEMORY;

    if (status == INCLOAD_OK)
        status = driver->read_open(load->to, incload__str_text(&sql), NULL, 0, &load->write, &reader, err);
    if (status == INCLOAD_OK)
        status = driver->read_next(reader, builder, 2, load->how->batch_bytes, &got, err);
    if (status == INCLOAD_OK && got != 1)
        status = incload__fail(err, INCLOAD_E_PROTOCOL, "a staged row was not found again");
    if (status == INCLOAD_OK)
        status = incload__builder_finish(builder, out, err);
    /* To its end: a reading that is broken off takes the transaction with it. */
    if (status == INCLOAD_OK)
        status = driver->read_next(reader, builder, 1, load->how->batch_bytes, &more, err);
    if (reader != NULL)
        driver->read_close(reader);
    incload__builder_free(builder);
    incload__str_free(&sql);
    return status;
}

static int32_t
take_out(incload__load *load, const found *row, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);
    struct ArrowArray array;
    incload__view view;

    memset(&array, 0, sizeof array);
    int32_t status = read_row(load, row->place, &array, err);
    if (status == INCLOAD_OK)
        status = incload__view_init(&view, load->mem, &load->write, &array, err);
    if (status == INCLOAD_OK) {
        status = incload__reject_keep(load, INCLOAD__FORM_TARGET, &view, 0, row->why, err);
        incload__view_free(&view);
    }
    incload__array_release(&array);
    incload__str_addf(&sql, "DELETE FROM %s WHERE %s = '%s'", load->destination, load->to->dialect->load_order,
                      row->place);
    if (status == INCLOAD_OK) {
        atomic_fetch_sub(&load->unit->rows_written, 1);
        return incload__execute(load, &sql, err);
    }
    incload__str_free(&sql);
    return status;
}

static void
forget_found(staged_search *search)
{
    for (int32_t i = 0; i < search->count; i++) {
        incload__free(search->load->mem, search->found[i].place);
        incload_error_unref(search->found[i].why);
    }
    search->count = 0;
}

/* One search. The first ends with the first bad row: as a rule there is no second, and publishing shows it. */
static int32_t
look_for_bad(staged_search *search, bool first, incload_error *why, incload_error **err)
{
    incload__load *load = search->load;
    int64_t rows = atomic_load(&load->unit->rows_written);
    incload__bisect how = { .data = search,
                            .attempt = attempt_part,
                            .reject = note_found,
                            .most = first || search->whole ? 1 : MOST_AT_ONCE };
    int32_t status = incload__savepoint_set(load->to, search_point, err);

    if (status != INCLOAD_OK) {
        incload_error_unref(why);
        return status;
    }
    status = incload__bisect_rows(&how, rows, why, err);
    load->retries_for_bad_rows += how.attempts + 1;
    if (status == INCLOAD_OK)
        status = incload__savepoint_undo(load->to, search_point, err);
    for (int32_t i = 0; i < search->count && status == INCLOAD_OK; i++)
        status = take_out(load, &search->found[i], err);
    forget_found(search);
    return status;
}

/* All that is staged, under a savepoint. */
static int32_t
publish_all(incload__load *load, bool *bad, incload_error **err)
{
    int32_t status = incload__savepoint_set(load->to, publish_point, err);
    int64_t deleted = atomic_load(&load->unit->rows_deleted);

    *bad = false;
    if (status != INCLOAD_OK)
        return status;
    status = incload__publish(load, err);
    if (status == INCLOAD_OK)
        return incload__savepoint_release(load->to, publish_point, err);
    atomic_store(&load->unit->rows_deleted, deleted);
    *bad = undo_bad(load, publish_point, NULL, *err);
    return status;
}

int32_t
incload__publish_others(incload__load *load, incload_error **err)
{
    bool bad = false, adds = false, first = true;

    if (load->how->bad_rows == INCLOAD__BAD_ROWS_FAIL)
        return incload__publish(load, err);
    int32_t status = adds_up(load, &adds, err);
    if (status != INCLOAD_OK)
        return status;
    staged_search *search = incload__alloc(load->mem, sizeof *search);
    if (search == NULL)
        return incload__fail_memory(err);
    search->load = load;
    search->whole = !adds;
    snprintf(search->part, sizeof search->part, "incload_part_%08lx",
             (unsigned long)(incload__random(load->env) & 0xffffffffu));
    do {
        incload_error *why = NULL;
        status = publish_all(load, &bad, &why);
        if (bad && atomic_load(&load->unit->rows_written) > 0)
            status = look_for_bad(search, first, why, err);
        else
            incload__error_pass(err, why);
        first = false;
    } while (bad && status == INCLOAD_OK);
    incload__free(load->mem, search);
    return status;
}
