/* SPDX-License-Identifier: Apache-2.0 */
/* by=versions: what MariaDB keeps of a system-versioned table in the place of a change table. A version bears the
 * number of the transaction that wrote it, and of the one that ended it.
 *
 * Numbers are drawn when transactions begin to write, so neither their order nor the greatest of them says who has
 * committed. Nor does the order of commit_id in mysql.transaction_registry: that is drawn before a commit becomes
 * visible, so that of two the greater may be seen alone. What is exact is the snapshot itself. Its read view tells the
 * least number N that it may lack: all below N are seen for good, and of those from N on the versions themselves tell
 * which are. The position in the target is N and the list of those from N on that have landed. Since what lands is how
 * rows are in the snapshot, a transaction that is read twice does no harm, and a crash leaves nothing to take back. */
#include <string.h>

#include "batch/number.h"
#include "cdc/capture.h"
#include "dialect/sql.h"
#include "dialect/versions.h"
#include "load/horizon_mariadb.h"
#include "load/innodb_list.h"
#include "state/statement.h"

/* Columns of capture_versions.sql. */
enum { START, END, TYPE, SERVER, CLUSTER, REPLICATES };

/* Of a version that stands the end is the greatest number that there is. */
#define LAST_TRANSACTION (UINT64_MAX - 1)

/* ---- the table ---- */

static int32_t
keep(const incload_capture *table, char **field, const char *text, incload_error **err)
{
    incload__free(table->mem, *field);
    *field = incload__strdup(table->mem, text != NULL ? text : "");
    return *field != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static void
forget(incload_capture *table)
{
    char **fields[] = { &table->start, &table->end, &table->server, &table->storage };

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        incload__free(table->mem, *fields[i]);
        *fields[i] = NULL;
    }
}

static int32_t
check(const incload__rows *rows, incload_error **err)
{
    const char *type = incload__rows_get(rows, 0, TYPE), *cluster = incload__rows_get(rows, 0, CLUSTER);
    const char *replicates = incload__rows_get(rows, 0, REPLICATES);

    if (incload__rows_get(rows, 0, END) == NULL || type == NULL || strcmp(type, "bigint") != 0)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "by=versions needs a table whose versions are told by transactions: ALTER TABLE ... ADD "
                             "row_start BIGINT UNSIGNED GENERATED ALWAYS AS ROW START INVISIBLE, ADD row_end BIGINT "
                             "UNSIGNED GENERATED ALWAYS AS ROW END INVISIBLE, ADD PERIOD FOR SYSTEM_TIME (row_start, "
                             "row_end), ADD KEY (row_start), ADD KEY (row_end), ADD SYSTEM VERSIONING; or take "
                             "by=triggers");
    if ((cluster != NULL && strcmp(cluster, "ON") == 0) || incload__to_number(replicates) > 0)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "by=versions reads the numbers of this server's own transactions, but it takes over those "
                             "of others, as a replica or in a cluster: read from the primary, or take by=triggers");
    return INCLOAD_OK;
}

/* Of a row whose other columns stay there is no version. */
static int32_t
check_columns(incload_capture *table, incload__conn *conn, incload_error **err)
{
    incload__rows rows;
    int32_t status =
        incload__capture_ask(table, conn, incload__sql_mariadb_unversioned, table->table.name, &rows, err);

    if (status == INCLOAD_OK && rows.count > 0)
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                               "by=versions would not see updates of column '%.64s', which is WITHOUT SYSTEM "
                               "VERSIONING: give it versions (ALTER TABLE ... MODIFY the column with its type and WITH "
                               "SYSTEM VERSIONING), or take by=triggers",
                               incload__rows_get(&rows, 0, 0));
    incload__rows_free(&rows);
    return status;
}

static int32_t
ask_storage(incload_capture *table, incload__conn *conn, incload_error **err)
{
    incload__rows rows;
    int32_t status =
        incload__capture_ask(table, conn, incload__sql_mariadb_storage, table->table.name, &rows, err);

    if (status == INCLOAD_OK)
        status = keep(table, &table->storage, rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL, err);
    else if (err != NULL && incload_error_native_code(*err) == INCLOAD__INNODB_FORBIDDEN)
        incload__error_prefix(err, "by=versions needs a privilege: GRANT PROCESS ON *.* TO this user");
    incload__rows_free(&rows);
    return status;
}

static bool
is_own(const incload_capture *table, const char *column)
{
    return column != NULL && (strcmp(column, table->start) == 0 || strcmp(column, table->end) == 0);
}

static void
leave_out_own(incload_capture *table)
{
    incload__schema *columns = &table->columns;
    int32_t kept = 0;

    for (int32_t i = 0; i < columns->count; i++) {
        if (!is_own(table, columns->columns[i].name)) {
            columns->columns[kept++] = columns->columns[i];
            continue;
        }
        incload__free(columns->mem, columns->columns[i].name);
        incload__free(columns->mem, columns->columns[i].native);
    }
    columns->count = kept;
}

static bool
may_have_own(const incload_capture *table, const incload__conn *conn)
{
    for (int32_t i = 0; i < table->columns.count && conn->dialect == &incload__dialect_mariadb; i++) {
        if (table->columns.columns[i].generated)
            return true;
    }
    return false;
}

int32_t
incload__capture_versions_look(incload_capture *table, incload__conn *conn, incload_error **err)
{
    bool needed = table->values.by == INCLOAD__BY_VERSIONS;
    incload__rows rows;

    /* The table may have been altered since it was looked at last. */
    forget(table);
    if (needed && conn->dialect != &incload__dialect_mariadb)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "by=versions is for tables of MariaDB, not of %s databases: take by=triggers",
                             conn->dialect->name);
    if (!needed && !may_have_own(table, conn))
        return INCLOAD_OK;
    int32_t status =
        incload__capture_ask(table, conn, incload__sql_mariadb_capture_versions, table->table.name, &rows, err);
    if (status == INCLOAD_OK && needed)
        status = check(&rows, err);
    if (status == INCLOAD_OK && needed)
        status = check_columns(table, conn, err);
    if (status == INCLOAD_OK)
        status = keep(table, &table->start, incload__rows_get(&rows, 0, START), err);
    if (status == INCLOAD_OK)
        status = keep(table, &table->end, incload__rows_get(&rows, 0, END), err);
    if (status == INCLOAD_OK)
        status = keep(table, &table->server, incload__rows_get(&rows, 0, SERVER), err);
    incload__rows_free(&rows);
    if (status == INCLOAD_OK && needed)
        status = ask_storage(table, conn, err);
    if (status == INCLOAD_OK)
        leave_out_own(table);
    return status;
}

/* ---- the position ---- */

static int32_t
mark_begin(const incload_capture *table, uint64_t least, incload__mark *mark, incload_error **err)
{
    incload__mark_init(mark, table->mem);
    mark->kind = INCLOAD__MARK_VERSIONED;
    mark->xmin = least;
    int32_t status = incload__mark_text(mark, &mark->column, table->start, err);
    if (status == INCLOAD_OK)
        status = incload__mark_text(mark, &mark->source, table->server, err);
    return status == INCLOAD_OK ? incload__mark_text(mark, &mark->table, table->storage, err) : status;
}

/* A position with too many numbers could not move on. */
static int32_t
mark_end(incload__mark *mark, char **note, incload_error **err)
{
    incload__str text = INCLOAD__STR(mark->mem);
    int32_t status;

    incload__mark_sort_done(mark);
    if (mark->done_overflow) {
        status = incload__fail(err, INCLOAD_E_CONFLICT,
                               "more than %d transactions were committed to the source's table since the oldest one "
                               "began that is still open: end that, and run it again",
                               (int)INCLOAD__MARK_DONE_LIMIT);
        incload__error_set_retryable(err, true);
        return status;
    }
    status = incload__mark_print(mark, &text, err);
    if (status == INCLOAD_OK) {
        *note = incload__str_take(&text);
        status = *note != NULL ? INCLOAD_OK : incload__fail_memory(err);
    }
    incload__str_free(&text);
    return status;
}

static bool
is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* The position that the target has. */
static int32_t
mark_read(const incload_capture *table, const char *note, incload__mark *mark, incload_error **err)
{
    incload__mark_init(mark, table->mem);
    int32_t status = incload__mark_parse(note, mark, err);

    if (status != INCLOAD_OK)
        return status;
    if (note == NULL || mark->kind != INCLOAD__MARK_VERSIONED)
        return incload__fail(err, INCLOAD_E_STATE_MISSING,
                             "the target has no position among the versions of the source: call "
                             "incload_capture_load()");
    if (!is_same(mark->source, table->server) || !is_same(mark->table, table->storage))
        return incload__fail(err, INCLOAD_E_STATE_MISSING,
                             "the source's table is another than that of the target's position, or was made anew: call "
                             "incload_capture_load()");
    return INCLOAD_OK;
}

static incload__versions
behind(const incload_capture *table, const incload__mark *mark)
{
    return (incload__versions){ .start = table->start,
                                .end = table->end,
                                .first = mark->xmin,
                                .last = LAST_TRANSACTION,
                                .done = mark->done,
                                .done_count = mark->done_count };
}

int32_t
incload__capture_versions_pending(incload_capture *table, const char *note, incload__str *sql, incload_error **err)
{
    incload__mark mark;
    int32_t status = mark_read(table, note, &mark, err);

    if (status == INCLOAD_OK) {
        incload__versions versions = behind(table, &mark);
        status = incload__versions_pending(sql, &table->capture, &versions, err);
    }
    incload__mark_free(&mark);
    return status;
}

/* ---- what changed ---- */

static uint64_t
transaction_at(const incload__rows *rows, int64_t row)
{
    const char *text = incload__rows_get(rows, row, 0);
    uint64_t number = 0;

    if (text != NULL)
        incload__parse_uint64(text, strlen(text), &number);
    return number;
}

/* Whole transactions, the least numbers first, up to about `limit` versions. Returns how many of the rows. */
static int64_t
take(const incload__rows *rows, int64_t limit, int64_t *versions)
{
    int64_t taken = 0;

    for (; taken < rows->count && *versions < limit; taken++)
        *versions += incload__to_number(incload__rows_get(rows, taken, 1));
    return taken;
}

static int32_t
ask_transactions(const incload_capture *table, incload__conn *conn, const incload__versions *versions, int64_t limit,
                 incload__rows *rows, incload_error **err)
{
    incload__str sql = INCLOAD__STR(table->mem);
    int32_t status = incload__versions_transactions(&sql, &table->capture, versions, limit, err);

    *rows = (incload__rows){ .mem = table->mem };
    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, incload__str_text(&sql), NULL, 0, rows, err);
    incload__str_free(&sql);
    return status;
}

/* Those from mark->xmin on, among those that landed before and now. */
static int32_t
add_done(incload__mark *mark, const incload__mark *before, const incload__rows *rows, int64_t taken,
         incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; before != NULL && i < before->done_count && status == INCLOAD_OK; i++) {
        if (before->done[i] >= mark->xmin)
            status = incload__mark_add_done(mark, before->done[i], err);
    }
    for (int64_t i = 0; i < taken && status == INCLOAD_OK; i++) {
        if (transaction_at(rows, i) >= mark->xmin)
            status = incload__mark_add_done(mark, transaction_at(rows, i), err);
    }
    return status;
}

/* All are taken below the least that was not, or that the snapshot may lack. */
static int32_t
write_note(const incload_capture *table, const incload__mark *before, const incload__rows *rows, int64_t taken,
           uint64_t least, char **note, incload_error **err)
{
    incload__mark mark;
    uint64_t left = taken < rows->count ? transaction_at(rows, taken) : least;
    int32_t status = mark_begin(table, left < least ? left : least, &mark, err);

    if (status == INCLOAD_OK)
        status = add_done(&mark, before, rows, taken, err);
    if (status == INCLOAD_OK)
        status = mark_end(&mark, note, err);
    incload__mark_free(&mark);
    return status;
}

static int32_t
write_query(const incload_capture *table, incload__versions *versions, uint64_t last, char **query, incload_error **err)
{
    incload__str sql = INCLOAD__STR(table->mem);

    versions->last = last;
    int32_t status = incload__versions_rows(&sql, &table->capture, versions, err);
    if (status == INCLOAD_OK) {
        *query = incload__str_take(&sql);
        status = *query != NULL ? INCLOAD_OK : incload__fail_memory(err);
    }
    incload__str_free(&sql);
    return status;
}

static int32_t
read_behind(incload_capture *table, incload__conn *conn, incload__change_set *set, const incload__mark *mark,
            int64_t limit, incload__capture_batch *batch, incload_error **err)
{
    incload__versions versions = behind(table, mark);
    incload__rows rows = { .mem = table->mem };
    uint64_t least = 0;
    int32_t status = incload__mariadb_read_view(conn, table->mem, &least, err);

    if (status == INCLOAD_OK && least < mark->xmin)
        status = incload__fail(err, INCLOAD_E_STATE_MISSING,
                               "the source is behind the target's position: a copy restored from before; call "
                               "incload_capture_load()");
    if (status == INCLOAD_OK)
        status = ask_transactions(table, conn, &versions, limit + 1, &rows, err);
    if (status == INCLOAD_OK && rows.count > 0) {
        int64_t taken = take(&rows, limit, &batch->count);
        status = write_note(table, mark, &rows, taken, least, &set->next_note, err);
        if (status == INCLOAD_OK)
            status = write_query(table, &versions, transaction_at(&rows, taken - 1), &batch->query, err);
    }
    incload__rows_free(&rows);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "reading the versions of rows");
}

int32_t
incload__capture_versions_read(incload_capture *table, incload__conn *conn, incload__change_set *set, int64_t limit,
                               incload__capture_batch *batch, incload_error **err)
{
    incload__mark mark;
    int32_t status = mark_read(table, set->note, &mark, err);

    if (status == INCLOAD_OK)
        status = read_behind(table, conn, set, &mark, limit, batch, err);
    incload__mark_free(&mark);
    return status;
}

static int32_t
begin_at(incload_capture *table, incload__conn *conn, char **note, incload_error **err)
{
    incload__mark none = { .xmin = 0 };
    incload__rows rows = { .mem = table->mem };
    int32_t status = incload__mariadb_read_view(conn, table->mem, &none.xmin, err);

    if (status == INCLOAD_OK) {
        incload__versions versions = behind(table, &none);
        status = ask_transactions(table, conn, &versions, INCLOAD__MARK_DONE_LIMIT + 1, &rows, err);
    }
    if (status == INCLOAD_OK)
        status = write_note(table, NULL, &rows, rows.count, none.xmin, note, err);
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__capture_versions_begin(incload_capture *table, char **note, incload_error **err)
{
    incload__conn *conn = NULL;
    int32_t status = incload__capture_connect(table, INCLOAD__ROLE_READ, &conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = conn->driver->begin(conn, err);
    if (status == INCLOAD_OK)
        status = begin_at(table, conn, note, err);
    conn->driver->rollback(conn, NULL);
    incload__database_give_back(table->source, conn);
    return status;
}
