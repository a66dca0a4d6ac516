/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/utf8.h"
#include "load/internal.h"
#include "load/lookback.h"

static const incload__column *
cursor_of(const incload__load *load)
{
    return &load->shape.columns[load->cursor];
}

static int32_t
add_quoted(incload__sql *sql, const incload__dialect *dialect, const incload__column *column, incload_error **err)
{
    return dialect->quote(&sql->text, "column", column->name, err);
}

/* `cursor OP value` */
static int32_t
add_bound(const incload__load *load, incload__sql *sql, const incload__dialect *dialect, const char *operation,
          const char *value, incload_error **err)
{
    int32_t status = add_quoted(sql, dialect, cursor_of(load), err);

    incload__str_add(&sql->text, operation);
    if (status == INCLOAD_OK)
        status = incload__sql_bind(sql, dialect, cursor_of(load), value, strlen(value), err);
    return status;
}

static int32_t
add_no_position(const incload__load *load, incload__sql *sql, const incload__dialect *dialect, bool nullable,
                incload_error **err)
{
    incload__str quoted = INCLOAD__STR(load->mem);
    int32_t status = dialect->quote(&quoted, "column", cursor_of(load)->name, err);

    if (status == INCLOAD_OK && quoted.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK
        && (nullable || dialect->infinite == NULL
            || !dialect->infinite(&sql->text, cursor_of(load), incload__str_text(&quoted))))
        dialect->no_position(&sql->text, cursor_of(load), incload__str_text(&quoted));
    incload__str_free(&quoted);
    return status;
}

/* `AND` the finder's condition, with its parameters. */
static int32_t
add_filter(const incload__load *load, incload__sql *sql, const incload__dialect *dialect, incload_error **err)
{
    const incload__window *window = &load->window;

    if (window->filter == NULL)
        return INCLOAD_OK;
    incload__str_add(&sql->text, " AND ");
    for (const char *at = window->filter; *at != '\0'; at++) {
        if (*at != '?') {
            incload__str_add_char(&sql->text, *at);
            continue;
        }
        const char *value = window->filter_params[*++at - '1'];
        int32_t status = incload__sql_add_param(sql, (incload__param){ value, strlen(value), INCLOAD__TEXT }, err);
        if (status != INCLOAD_OK)
            return status;
        incload__placeholder(dialect, &sql->text, sql->count);
    }
    return INCLOAD_OK;
}

/* A recorded watermark goes over `initial`, also where that was set to something later since. */
static bool
initial_is_past_watermark(const incload__load *load)
{
    int64_t distance;

    return incload__distance_between(incload__cursor_unit_of(load), load->before.value, load->how->initial, &distance)
           && distance > 0;
}

/* Where positions begin: at the window's low end, or where the host said that the first load begins. */
const char *
incload__window_first(const incload__load *load)
{
    if (load->how->window == INCLOAD__WINDOW_INTERVAL)
        return load->how->initial;
    return load->window.any_position && !initial_is_past_watermark(load) ? load->how->initial : load->window.low;
}

/* The bounds of a part of a range, which have no row without a position between them: to ask each row for that as well
 * costs one part in fifty of reading it. */
static int32_t
add_interval(const incload__load *load, incload__sql *sql, const incload__dialect *dialect, incload_error **err)
{
    int32_t status = add_bound(load, sql, dialect, " >= ", incload__window_first(load), err);

    incload__str_add(&sql->text, " AND ");
    return status == INCLOAD_OK ? add_bound(load, sql, dialect, " < ", load->how->until, err) : status;
}

/* The bounds that do not depend on `high`: from the watermark on, before `until`, and only rows with a position. */
static int32_t
add_open_window(const incload__load *load, incload__sql *sql, const incload__dialect *dialect, incload_error **err)
{
    /* What a host itself names as a bound may be infinite. */
    if (load->spec->interval != NULL && dialect->bounds_place)
        return add_interval(load, sql, dialect, err);
    /* Also behind a watermark: infinity is past every one of them, and would become the next. */
    incload__str_add(&sql->text, "NOT (");
    int32_t status = add_no_position(load, sql, dialect, true, err);
    incload__str_add(&sql->text, ")");
    if (status == INCLOAD_OK && incload__window_first(load) != NULL) {
        incload__str_add(&sql->text, " AND ");
        status = add_bound(load, sql, dialect, " >= ", incload__window_first(load), err);
    }
    if (status == INCLOAD_OK && load->how->until != NULL) {
        incload__str_add(&sql->text, " AND ");
        status = add_bound(load, sql, dialect, " < ", load->how->until, err);
    }
    return status;
}

/* One text from the source; *out stays NULL for SQL NULL. */
static int32_t
ask_text(incload__load *load, incload__conn *conn, const incload__sql *sql, char **out, incload_error **err)
{
    incload__rows rows = { .mem = load->mem };
    int32_t status = incload__sql_check(sql, err);

    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, incload__str_text(&sql->text), sql->params, sql->count, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *text = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    *out = text != NULL ? incload__strdup(load->mem, text) : NULL;
    if (text != NULL && *out == NULL)
        status = incload__fail_memory(err);
    incload__rows_free(&rows);
    return status;
}

/* The greatest position in the window, before it is read: a row that comes later and lies past it belongs to the next
 * load, whether or not the reading snapshot shows it. */
static int32_t
find_high(incload__load *load, incload__conn *conn, incload_error **err)
{
    incload__str quoted = INCLOAD__STR(load->mem);
    incload__sql sql;

    /* Transaction ids have no MAX, and need none: the snapshot has the greatest. */
    if (load->high != NULL)
        return INCLOAD_OK;
    incload__sql_init(load, &sql);
    incload__str_add(&quoted, "MAX(");
    int32_t status = conn->dialect->quote(&quoted, "column", cursor_of(load)->name, err);
    incload__str_add(&quoted, ")");
    if (status == INCLOAD_OK && quoted.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        incload__str_add(&sql.text, "SELECT ");
        conn->dialect->exact_text(&sql.text, cursor_of(load), incload__str_text(&quoted));
        status = incload__sql_from(load, &sql, err);
    }
    if (status == INCLOAD_OK) {
        incload__str_add(&sql.text, " WHERE ");
        status = add_open_window(load, &sql, conn->dialect, err);
    }
    if (status == INCLOAD_OK)
        status = ask_text(load, conn, &sql, &load->high, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "finding the greatest '%s' in the source", cursor_of(load)->name);
    incload__sql_free(&sql);
    incload__str_free(&quoted);
    return status;
}

/* Rows that no watermark can cover, and the policy for them. */
static int32_t
count_positionless(incload__load *load, incload__conn *conn, incload_error **err)
{
    const incload__column *cursor = cursor_of(load);
    incload__kind kind = cursor->type.kind;
    bool may_be_infinite = kind == INCLOAD__DATE || kind == INCLOAD__TIMESTAMP || kind == INCLOAD__TIMESTAMPTZ
                           || kind == INCLOAD__FLOAT64 || kind == INCLOAD__FLOAT32 || kind == INCLOAD__NUMERIC;
    char *text = NULL;
    int64_t count = 0;
    incload__sql sql;

    /* For one unit of a backfill they are counted, and not for each of them again where there were none: without an
     * index on the cursor that reads the whole table. */
    if ((!cursor->nullable && !may_be_infinite)
        || incload__memo_noted(load->spec->memo, INCLOAD__ALL_HAVE_POSITIONS))
        return INCLOAD_OK;
    incload__sql_init(load, &sql);
    incload__str_add(&sql.text, "SELECT COUNT(*)");
    int32_t status = incload__sql_from(load, &sql, err);
    incload__str_add(&sql.text, " WHERE ");
    if (status == INCLOAD_OK)
        status = add_no_position(load, &sql, conn->dialect, cursor->nullable, err);
    if (status == INCLOAD_OK)
        status = ask_text(load, conn, &sql, &text, err);
    incload__sql_free(&sql);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "counting rows without '%s' in the source", cursor->name);

    if (text != NULL)
        incload__parse_int64(text, strlen(text), &count);
    incload__free(load->mem, text);
    atomic_store(&load->unit->rows_without_cursor, count);
    if (count == 0)
        incload__memo_note_that(load->spec->memo, INCLOAD__ALL_HAVE_POSITIONS);
    if (count > 0 && load->how->null_cursor == INCLOAD__NULL_CURSOR_RAISE)
        return incload__fail(
            err, INCLOAD_E_NULL_CURSOR,
            "%lld rows of the source have no position in '%s' (NULL or infinite), so no watermark can cover "
            "them: give them a value, or set null_cursor=include or null_cursor=exclude",
            (long long)count, cursor->name);
    return INCLOAD_OK;
}

/* For the run's record. */
static int32_t
note_interval(incload__load *load, incload_error **err)
{
    load->window.low = incload__strdup(load->mem, load->how->initial);
    load->high = incload__strdup(load->mem, load->how->until);
    return load->window.low != NULL && load->high != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

/* Inside one database the server moves rows in one statement, so that none is missed or met twice while it changes. */
static bool
reads_all_parts_at_once(const incload__load *load)
{
    return load->how->window == INCLOAD__WINDOW_INTERVAL && load->road == INCLOAD__ROAD_SAME_DATABASE
           && load->how->null_cursor == INCLOAD__NULL_CURSOR_INCLUDE;
}

int32_t
incload__window_find(incload__load *load, incload__conn *conn, incload_error **err)
{
    if (load->how->window == INCLOAD__WINDOW_ALL)
        return INCLOAD_OK;

    int32_t status = load->from->once ? INCLOAD_OK : count_positionless(load, conn, err);
    if (load->how->window == INCLOAD__WINDOW_INTERVAL)
        return status == INCLOAD_OK ? note_interval(load, err) : status;
    if (status == INCLOAD_OK)
        status = incload__horizon_bound(load, err);
    if (status == INCLOAD_OK && !load->from->once)
        status = find_high(load, conn, err);
    return status;
}

bool
incload__window_has(const incload__load *load, int32_t part)
{
    bool positions = load->how->window != INCLOAD__WINDOW_ALL;

    if (load->window.empty)
        return false;
    if (load->from->once)
        return part == PART_ALL;
    switch (part) {
    case PART_ALL:
        return !positions;
    case PART_POSITIONED:
        return positions && load->high != NULL;
    default:
        return positions && !reads_all_parts_at_once(load) && load->how->null_cursor == INCLOAD__NULL_CURSOR_INCLUDE
               && atomic_load(&load->unit->rows_without_cursor) > 0;
    }
}

/* Pages go by the cursor where an index on it makes an increment cheap, and where the cursor decides which of two rows
 * of one key is the later. A first load reads everything: by the key alone, which needs no index on the cursor. */
static bool
pages_by_cursor(const incload__load *load, int32_t part)
{
    bool order_decides = incload__order_decides(load);

    return part == PART_POSITIONED && (incload__window_first(load) != NULL || order_decides);
}

int32_t
incload__window_order(const incload__load *load, int32_t part, int32_t *order)
{
    bool by_cursor = pages_by_cursor(load, part);
    int32_t count = 0;

    if (load->page_key_count == 0)
        return 0;
    if (by_cursor)
        order[count++] = load->cursor;
    for (int32_t i = 0; i < load->page_key_count; i++) {
        if (!by_cursor || load->page_key[i] != load->cursor)
            order[count++] = load->page_key[i];
    }
    return count;
}

static int32_t
add_page_start(const incload__load *load, incload__sql *sql, const incload__dialect *dialect, const int32_t *order,
               int32_t count, const incload__str *after, incload_error **err)
{
    const incload__column *columns[MAX_KEY + 1];
    incload__str quoted[MAX_KEY + 1];
    const char *texts[MAX_KEY + 1];
    int32_t placeholders[2 * (MAX_KEY + 1)];
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < count; i++) {
        columns[i] = &load->shape.columns[order[i]];
        quoted[i] = (incload__str)INCLOAD__STR(load->mem);
        if (status == INCLOAD_OK)
            status = dialect->quote(&quoted[i], "column", columns[i]->name, err);
        texts[i] = incload__str_text(&quoted[i]);
        if (status == INCLOAD_OK && texts[i] == NULL)
            status = incload__fail_memory(err);
    }
    if (status == INCLOAD_OK) {
        int32_t used = incload__keyset_after(dialect, &sql->text, columns, texts, count, sql->count + 1, placeholders);
        for (int32_t i = 0; i < used && status == INCLOAD_OK; i++) {
            const incload__str *value = &after[placeholders[i]];
            status = incload__sql_add_param(
                sql, (incload__param){ value->data, value->length, columns[placeholders[i]]->type.kind }, err);
        }
    }
    for (int32_t i = 0; i < count; i++)
        incload__str_free(&quoted[i]);
    return status;
}

/* Inside one database that cannot lend its snapshot the rows are read a moment after `high` was found. A row that was
 * changed in between has moved past it: with the bound neither its old nor its new version would be read, though the
 * old one was there when the load began. Without it such rows are read now, and by the next load once more, which finds
 * them equal. */
static bool
read_past_high(const incload__load *load)
{
    return load->road == INCLOAD__ROAD_SAME_DATABASE && load->from->dialect->export_snapshot == NULL
           && load->finder != NULL
           && (load->finder->kind == INCLOAD__MARK_IN_FLIGHT || load->finder->kind == INCLOAD__MARK_VERSIONED);
}

static int32_t
add_or_positionless(const incload__load *load, incload__sql *sql, const incload__dialect *dialect,
                    incload_error **err)
{
    incload__str_add(&sql->text, ") OR (");
    int32_t status = add_no_position(load, sql, dialect, true, err);

    incload__str_add(&sql->text, ")");
    return status;
}

int32_t
incload__window_where(const incload__load *load, incload__sql *sql, const incload__dialect *dialect, int32_t part,
                      const int32_t *order, int32_t order_count, const incload__str *after, incload_error **err)
{
    const char *glue = " WHERE ";
    int32_t status = INCLOAD_OK;

    if (part == PART_POSITIONED) {
        incload__str_add(&sql->text, glue);
        incload__str_add(&sql->text, reads_all_parts_at_once(load) ? "(" : "");
        status = add_open_window(load, sql, dialect, err);
        if (status == INCLOAD_OK && reads_all_parts_at_once(load))
            status = add_or_positionless(load, sql, dialect, err);
        if (status == INCLOAD_OK && incload__by_cursor(load) && !read_past_high(load)) {
            incload__str_add(&sql->text, " AND ");
            status = add_bound(load, sql, dialect, " <= ", load->high, err);
        }
        if (status == INCLOAD_OK)
            status = add_filter(load, sql, dialect, err);
        glue = " AND ";
    } else if (part == PART_POSITIONLESS) {
        incload__str_add(&sql->text, " WHERE (");
        status = add_no_position(load, sql, dialect, true, err);
        incload__str_add(&sql->text, ")");
        if (status == INCLOAD_OK && load->window.filter_positionless)
            status = add_filter(load, sql, dialect, err);
        glue = " AND ";
    }
    if (status == INCLOAD_OK && load->only_source != NULL && part == PART_ALL) {
        incload__str_addf(&sql->text, "%s(%s)", glue, load->only_source);
        glue = " AND ";
    }
    if (status == INCLOAD_OK && after != NULL) {
        incload__str_add(&sql->text, glue);
        status = add_page_start(load, sql, dialect, order, order_count, after, err);
    }
    return status;
}

static int32_t
part_has_rows(incload__load *load, incload__conn *conn, int32_t part, bool *has, incload_error **err)
{
    incload__rows rows = { .mem = load->mem };
    incload__sql sql;

    incload__sql_init(load, &sql);
    incload__str_add(&sql.text, "SELECT 1");
    int32_t status = incload__sql_from(load, &sql, err);
    if (status == INCLOAD_OK)
        status = incload__window_where(load, &sql, conn->dialect, part, NULL, 0, NULL, err);
    /* Rows that were delivered lie at the low end. */
    if (status == INCLOAD_OK && part == PART_POSITIONED && load->window.indexed) {
        incload__str_add(&sql.text, " ORDER BY ");
        status = conn->dialect->quote(&sql.text, "column", load->shape.columns[load->cursor].name, err);
        incload__str_add(&sql.text, " DESC");
    }
    incload__str_add(&sql.text, " LIMIT 1");
    if (status == INCLOAD_OK)
        status = incload__sql_check(&sql, err);
    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, incload__str_text(&sql.text), sql.params, sql.count, &rows, err);
    *has = *has || rows.count > 0;
    incload__rows_free(&rows);
    incload__sql_free(&sql);
    return status;
}

int32_t
incload__window_probe(incload__load *load, incload__conn *conn, incload_error **err)
{
    bool has = false;
    int32_t status = INCLOAD_OK;

    /* A deep read scans the table: not twice. */
    if (load->window.filter == NULL || load->window.any_position)
        return INCLOAD_OK;
    for (int32_t part = PART_POSITIONED; part <= PART_POSITIONLESS && status == INCLOAD_OK && !has; part++) {
        if (incload__window_has(load, part))
            status = part_has_rows(load, conn, part, &has, err);
    }
    load->window.empty = status == INCLOAD_OK && !has;
    return status;
}
