/* SPDX-License-Identifier: Apache-2.0 */
/* What happened: statements, written rows, connections. */
#include "driver/mock/mock.h"

#include <string.h>

static void
statement_free(incload__mock_statement *statement)
{
    incload__mock_list_free_texts(&statement->params);
    incload__free(INCLOAD__MOCK_MEM, statement->text);
    incload__free(INCLOAD__MOCK_MEM, statement);
}

static bool
copy_params(incload__mock_statement *statement, const incload__param *params, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        char *copy = NULL;
        if (params[i].text != NULL)
            copy = incload__strndup(INCLOAD__MOCK_MEM, params[i].text, params[i].length);
        bool copied = params[i].text == NULL || copy != NULL;
        if (!copied || !incload__mock_push(&statement->params, copy)) {
            incload__free(INCLOAD__MOCK_MEM, copy);
            return false;
        }
    }
    return true;
}

int64_t
incload__mock_record(incload_mock *mock, int32_t connection, const char *text, const incload__param *params,
                     int32_t count)
{
    incload__mock_statement *statement = incload__alloc(INCLOAD__MOCK_MEM, sizeof *statement);

    if (statement == NULL)
        return -1;
    statement->connection = connection;
    statement->text = incload__strdup(INCLOAD__MOCK_MEM, text);
    if (statement->text == NULL || !copy_params(statement, params, count)
        || !incload__mock_push(&mock->statements, statement)) {
        statement_free(statement);
        return -1;
    }
    return mock->forgotten + mock->statements.count - 1;
}

/* A number stays right when the history before it is forgotten. */
void
incload__mock_applied(incload_mock *mock, int64_t statement)
{
    if (statement < mock->forgotten)
        return;
    incload__mock_statement *applied = mock->statements.items[statement - mock->forgotten];
    applied->applied = true;
}

void
incload__mock_chunks_free(incload__mock_chunk *chunks)
{
    while (chunks != NULL) {
        incload__mock_chunk *next = chunks->next;
        incload__mock_list_free_texts(&chunks->cells);
        incload__free(INCLOAD__MOCK_MEM, chunks->table);
        incload__free(INCLOAD__MOCK_MEM, chunks);
        chunks = next;
    }
}

void
incload__mock_history_free(incload_mock *mock)
{
    for (int64_t i = 0; i < mock->statements.count; i++)
        statement_free(mock->statements.items[i]);
    incload__free(INCLOAD__MOCK_MEM, mock->statements.items);
    incload__mock_chunks_free(mock->chunks);
}

int64_t
incload_mock_statement_count(incload_mock *mock)
{
    if (mock == NULL)
        return 0;
    incload__monitor_lock(&mock->monitor);
    int64_t count = mock->statements.count;
    incload__monitor_unlock(&mock->monitor);
    return count;
}

/* A copy, whose pointers stay valid without the lock until the history is cleared; all zero when there is none. */
static incload__mock_statement
statement_at(incload_mock *mock, int64_t index)
{
    incload__mock_statement found = { 0 };

    if (mock == NULL)
        return found;
    incload__monitor_lock(&mock->monitor);
    if (index >= 0 && index < mock->statements.count)
        found = *(const incload__mock_statement *)mock->statements.items[index];
    incload__monitor_unlock(&mock->monitor);
    return found;
}

const char *
incload_mock_statement(incload_mock *mock, int64_t index)
{
    return statement_at(mock, index).text;
}

int32_t
incload_mock_statement_connection(incload_mock *mock, int64_t index)
{
    return statement_at(mock, index).connection;
}

int32_t
incload_mock_statement_applied(incload_mock *mock, int64_t index)
{
    return statement_at(mock, index).applied;
}

int32_t
incload_mock_statement_parameter_count(incload_mock *mock, int64_t index)
{
    return (int32_t)statement_at(mock, index).params.count;
}

const char *
incload_mock_statement_parameter(incload_mock *mock, int64_t index, int32_t parameter)
{
    incload__mock_statement statement = statement_at(mock, index);

    return parameter >= 0 && parameter < statement.params.count ? statement.params.items[parameter] : NULL;
}

static bool
is_quote(char c)
{
    return c == '"' || c == '`' || c == '[' || c == ']';
}

static bool
same_table(const char *a, const char *b)
{
    for (;;) {
        while (is_quote(*a))
            a++;
        while (is_quote(*b))
            b++;
        if (*a != *b)
            return false;
        if (*a == '\0')
            return true;
        a++;
        b++;
    }
}

static int64_t
chunk_rows(const incload__mock_chunk *chunk)
{
    return chunk->columns > 0 ? chunk->cells.count / chunk->columns : 0;
}

int64_t
incload_mock_row_count(incload_mock *mock, const char *table)
{
    int64_t rows = 0;

    if (mock == NULL || table == NULL)
        return 0;
    incload__monitor_lock(&mock->monitor);
    for (const incload__mock_chunk *chunk = mock->chunks; chunk != NULL; chunk = chunk->next)
        rows += same_table(chunk->table, table) ? chunk_rows(chunk) : 0;
    incload__monitor_unlock(&mock->monitor);
    return rows;
}

static const char *
find_cell(const incload_mock *mock, const char *table, int64_t row, int32_t column)
{
    for (const incload__mock_chunk *chunk = mock->chunks; chunk != NULL; chunk = chunk->next) {
        if (!same_table(chunk->table, table))
            continue;
        if (row < chunk_rows(chunk))
            return column < chunk->columns ? chunk->cells.items[row * chunk->columns + column] : NULL;
        row -= chunk_rows(chunk);
    }
    return NULL;
}

const char *
incload_mock_cell(incload_mock *mock, const char *table, int64_t row, int32_t column)
{
    if (mock == NULL || table == NULL || row < 0 || column < 0)
        return NULL;
    incload__monitor_lock(&mock->monitor);
    const char *cell = find_cell(mock, table, row, column);
    incload__monitor_unlock(&mock->monitor);
    return cell;
}

int64_t
incload_mock_commit_count(incload_mock *mock)
{
    if (mock == NULL)
        return 0;
    incload__monitor_lock(&mock->monitor);
    int64_t commits = mock->commits;
    incload__monitor_unlock(&mock->monitor);
    return commits;
}

int32_t
incload_mock_connection_count(incload_mock *mock)
{
    if (mock == NULL)
        return 0;
    incload__monitor_lock(&mock->monitor);
    int32_t connections = mock->connections;
    incload__monitor_unlock(&mock->monitor);
    return connections;
}

int32_t
incload_mock_open_connection_count(incload_mock *mock)
{
    if (mock == NULL)
        return 0;
    incload__monitor_lock(&mock->monitor);
    int32_t open = mock->open_connections;
    incload__monitor_unlock(&mock->monitor);
    return open;
}

int32_t
incload_mock_clear_history(incload_mock *mock, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (mock == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "mock must not be NULL");

    incload__monitor_lock(&mock->monitor);
    incload__mock_history_free(mock);
    mock->forgotten += mock->statements.count;
    mock->statements = (incload__mock_list){ 0 };
    mock->chunks = NULL;
    mock->chunks_end = &mock->chunks;
    mock->commits = 0;
    incload__monitor_unlock(&mock->monitor);
    return INCLOAD_OK;
}
