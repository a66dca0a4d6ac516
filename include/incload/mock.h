/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file mock.h
 * @brief A scripted database in memory. It is for tests, the library's own and yours, and stands outside the promise of
 * a stable ABI: anything here may change with any release.
 *
 * A database made by incload_mock_database() talks to the script instead of a server. The script says what statements
 * answer, which of them fail, how long they take, and where the connection breaks; the history says which statements
 * came, with which parameters, on which connection, and which rows were written. So the error handling of a host
 * program, and what it does after a lost answer of COMMIT, can be tested in milliseconds and without chance.
 *
 * URL: `mock:` followed by `key=value` pairs with `;` between them. `dialect` is `postgres` (the default), `mariadb`,
 * `sqlite`, `sqlserver` or `ansi`; `version` is the server's version as a number.
 *
 * There is no SQL behind it. A SELECT that nothing answers gives no rows; any other statement that nothing answers
 * succeeds with 0 rows affected (but see incload_mock_strict()), an INSERT of VALUES with 1. The lease of a load is
 * always free, and kept until its run ends. Known without a script are which database it is and the tables told by
 * incload_mock_table(). Transactions are followed as a server would: after a failed statement only ROLLBACK is
 * possible, rows count as written once their COMMIT took effect.
 *
 * **Patterns** are compared with the whole statement, ASCII letters without regard to case; `%` stands for any text.
 * Besides the SQL as the library wrote it, transaction control included, there are these statements:
 *
 * | statement | is |
 * |---|---|
 * | `DESCRIBE <query>` | asking for the shape of a query |
 * | `WRITE <table>`, `WRITE ROWS <table>`, `WRITE END <table>` | a bulk write: its beginning, each batch, its end |
 * | `CONNECT`, `PING`, `FETCH` | a new connection, a sign of life, the next rows of a query |
 *
 * The last three are never in the history, and only a pattern that is exactly their name matches them: how often they
 * come depends on pooling and batch size.
 *
 * **nth** counts the statements that match a rule's pattern, from when the rule was added: 1 is the first, 0 means
 * each of them. With the pattern `%` it counts all statements of all connections. Of several answers, or several
 * failures, for one statement the one added last holds; all delays add up.
 *
 * Order within one statement: delay, cancel, disconnect before, failure, effect, disconnect after.
 */
#ifndef INCLOAD_MOCK_H
#define INCLOAD_MOCK_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/** Where a statement loses its connection: before the statement took effect, or after it, when only the answer is lost.
 * @since 0.1 */
enum { INCLOAD_MOCK_BEFORE = 0, INCLOAD_MOCK_AFTER = 1 };

/**
 * @brief A mock without rules or history.
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL on failure
 *
 * Errors: #INCLOAD_E_NO_MEMORY. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_mock *incload_mock_new(incload_error **err);

/**
 * @brief Take another reference.
 * @param mock  a mock, or NULL (returns NULL)
 * @return the same mock
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_mock *incload_mock_ref(incload_mock *mock);

/**
 * @brief Give a reference back; the last one frees the mock. Databases and their connections hold their own.
 * @param mock  a mock, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_mock_unref(incload_mock *mock);

/**
 * @brief A database that talks to this mock.
 * @param mock     a mock; the database holds a reference
 * @param context  a context; the database holds a reference. NULL: one of its own
 * @param url      `mock:` and keys as told above; NULL: `mock:`
 * @param options  `key=value` pairs of the object `"database"`, or NULL
 * @param err      where the error goes; may be NULL
 * @return a new reference, or NULL on failure
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY; a fault in `url` is told at the first
 * use. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_database *incload_mock_database(incload_mock *mock, incload_context *context, const char *url,
                                                    const char *options, incload_error **err);

/**
 * @brief Whether a statement that nothing answers is an error. Off in a new mock.
 * @param mock  a mock
 * @param on    1: such a statement fails with #INCLOAD_E_SQL and SQLSTATE 42000; 0: it succeeds. Transaction control
 *              and bulk writes need no answer either way, DESCRIBE needs one in any mock
 * @param err   where the error goes; may be NULL
 *
 * Errors: #INCLOAD_E_INVALID. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_strict(incload_mock *mock, int32_t on, incload_error **err);

/**
 * @brief Tell of a table, so that the library finds its columns and key. The last telling of one name holds.
 * @param mock     a mock
 * @param table    `table` or `schema.table`, without quotes
 * @param columns  names with commas between them: `"id,updated,name"`
 * @param types    as many types in the dialect's own words: `"bigint,timestamp,numeric(10,2)"`; NULL: all `text`
 * @param key      the primary key's columns with commas between them; NULL or `""`: none
 * @param err      where the error goes; may be NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_table(incload_mock *mock, const char *table, const char *columns, const char *types,
                                       const char *key, incload_error **err);

/**
 * @brief Answer statements with rows. A statement that wants none is told that so many rows were affected.
 * @param mock     a mock
 * @param pattern  see the top of this page
 * @param nth      which match, from 1; 0: every one
 * @param columns  names with commas between them
 * @param types    as many types in the dialect's own words; NULL: all `text`
 * @param cells    `n_rows` times the number of columns, row by row; a NULL cell is SQL NULL; may be NULL when
 *                 `n_rows` is 0
 * @param n_rows   0 or more; at most 1,000,000 cells in all
 * @param err      where the error goes; may be NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_answer_rows(incload_mock *mock, const char *pattern, int64_t nth, const char *columns,
                                             const char *types, const char *const *cells, int64_t n_rows,
                                             incload_error **err);

/**
 * @brief Answer statements with a number of affected rows. A statement that wants rows gets none.
 * @param mock      a mock
 * @param pattern   see the top of this page
 * @param nth       which match, from 1; 0: every one
 * @param affected  0 or more; -1: the server does not say
 * @param err       where the error goes; may be NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_answer_affected(incload_mock *mock, const char *pattern, int64_t nth, int64_t affected,
                                                 incload_error **err);

/**
 * @brief Let statements fail without effect. The dialect says what the codes mean, as it does for a server's. The
 * pattern `CONNECT` refuses connections.
 * @param mock         a mock
 * @param pattern      see the top of this page
 * @param nth          which match, from 1; 0: every one
 * @param sqlstate     five characters (`"40001"`), or NULL for none
 * @param native_code  the server's own number (MariaDB 1213), or 0
 * @param message      what the server says, or NULL
 * @param err          where the error goes; may be NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_fail(incload_mock *mock, const char *pattern, int64_t nth, const char *sqlstate,
                                      int64_t native_code, const char *message, incload_error **err);

/**
 * @brief Let statements take time. A cancel or the deadline ends it early; a COMMIT takes effect all the same, and
 * when the deadline ended it nobody is told (#INCLOAD_E_COMMIT_UNKNOWN).
 * @param mock      a mock
 * @param pattern   see the top of this page
 * @param nth       which match, from 1; 0: every one
 * @param delay_ms  0 to 86,400,000
 * @param err       where the error goes; may be NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_delay(incload_mock *mock, const char *pattern, int64_t nth, int64_t delay_ms,
                                       incload_error **err);

/**
 * @brief Break the connection at statements. At a COMMIT that is #INCLOAD_E_COMMIT_UNKNOWN, elsewhere
 * #INCLOAD_E_CONNECT.
 * @param mock     a mock
 * @param pattern  see the top of this page
 * @param nth      which match, from 1; 0: every one
 * @param when     #INCLOAD_MOCK_BEFORE or #INCLOAD_MOCK_AFTER the statement took effect
 * @param err      where the error goes; may be NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_disconnect(incload_mock *mock, const char *pattern, int64_t nth, int32_t when,
                                            incload_error **err);

/**
 * @brief Cancel statements at the moment they arrive, as if the host had cancelled just then (#INCLOAD_E_CANCELLED). It
 * comes too late for a COMMIT or a ROLLBACK, which take effect; the connection's next statement ends with it.
 * @param mock     a mock
 * @param pattern  see the top of this page
 * @param nth      which match, from 1; 0: every one
 * @param err      where the error goes; may be NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_cancel(incload_mock *mock, const char *pattern, int64_t nth, incload_error **err);

/**
 * @brief Forget all rules: answers, failures, delays, disconnects and cancels. Tables and history stay.
 * @param mock  a mock
 * @param err   where the error goes; may be NULL
 *
 * Errors: #INCLOAD_E_INVALID. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_clear_rules(incload_mock *mock, incload_error **err);

/**
 * @brief How many statements came, in the order of their arrival over all connections.
 * @param mock  a mock, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_mock_statement_count(incload_mock *mock);

/**
 * @brief The text of a statement, exactly as it came, or NULL when there is none.
 * @param mock   a mock, or NULL (returns NULL)
 * @param index  0 to incload_mock_statement_count() - 1
 * @return borrowed until incload_mock_clear_history() or the mock's end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_mock_statement(incload_mock *mock, int64_t index);

/**
 * @brief The number of the connection on which a statement came: 1 for the mock's first connection, and so on; 0 when
 * there is no such statement.
 * @param mock   a mock, or NULL (returns 0)
 * @param index  0 to incload_mock_statement_count() - 1
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_statement_connection(incload_mock *mock, int64_t index);

/**
 * @brief 1 if a statement took effect, whether or not its answer arrived; else 0.
 * @param mock   a mock, or NULL (returns 0)
 * @param index  0 to incload_mock_statement_count() - 1
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_statement_applied(incload_mock *mock, int64_t index);

/**
 * @brief How many parameters came with a statement.
 * @param mock   a mock, or NULL (returns 0)
 * @param index  0 to incload_mock_statement_count() - 1
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_statement_parameter_count(incload_mock *mock, int64_t index);

/**
 * @brief A statement's parameter as text; NULL for SQL NULL, or when there is none.
 * @param mock       a mock, or NULL (returns NULL)
 * @param index      0 to incload_mock_statement_count() - 1
 * @param parameter  0 to incload_mock_statement_parameter_count() - 1
 * @return borrowed until incload_mock_clear_history() or the mock's end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_mock_statement_parameter(incload_mock *mock, int64_t index, int32_t parameter);

/**
 * @brief How many rows were bulk written to a table by transactions whose COMMIT took effect.
 * @param mock   a mock, or NULL (returns 0)
 * @param table  the table as the statements name it; quotes (`"`, backtick, brackets) do not matter
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_mock_row_count(incload_mock *mock, const char *table);

/**
 * @brief A cell of those rows as text, in the order of their COMMITs; NULL for SQL NULL, or when there is none.
 * @param mock    a mock, or NULL (returns NULL)
 * @param table   as for incload_mock_row_count()
 * @param row     0 to incload_mock_row_count() - 1
 * @param column  from 0, in the order of the write
 * @return borrowed until incload_mock_clear_history() or the mock's end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_mock_cell(incload_mock *mock, const char *table, int64_t row, int32_t column);

/**
 * @brief How many COMMITs took effect, whether or not their answers arrived.
 * @param mock  a mock, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_mock_commit_count(incload_mock *mock);

/**
 * @brief How many connections were ever made.
 * @param mock  a mock, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_connection_count(incload_mock *mock);

/**
 * @brief How many connections are open now; one that broke is open until the library closes it.
 * @param mock  a mock, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_open_connection_count(incload_mock *mock);

/**
 * @brief Forget the statements, the written rows and the number of COMMITs. Texts borrowed from them end here. Rules,
 * their counts and tables stay.
 * @param mock  a mock
 * @param err   where the error goes; may be NULL
 *
 * Errors: #INCLOAD_E_INVALID. Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_mock_clear_history(incload_mock *mock, incload_error **err);

INCLOAD_END_DECLS

#endif /* INCLOAD_MOCK_H */
