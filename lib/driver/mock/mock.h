/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of incload_mock, shared by its script (rule.c, table.c), its history and its driver (conn.c, play.c,
 * txn.c, transfer.c).
 *
 * mock->monitor guards everything in incload_mock; it is never held while calling out. Rules are immutable but for
 * `seen`, and live as long as the mock, so a connection may read an answer without the lock. */
#ifndef INCLOAD_LIB_DRIVER_MOCK_MOCK_H
#define INCLOAD_LIB_DRIVER_MOCK_MOCK_H

#include <incload/mock.h>

#include "driver/driver.h"
#include "driver/wait.h"

/* A growing array of pointers. */
typedef struct incload__mock_list {
    void **items;
    int64_t count;
    int64_t capacity;
} incload__mock_list;

typedef enum incload__mock_kind {
    INCLOAD__MOCK_ANSWER,
    INCLOAD__MOCK_FAIL,
    INCLOAD__MOCK_DELAY,
    INCLOAD__MOCK_DROP_BEFORE,
    INCLOAD__MOCK_DROP_AFTER,
    INCLOAD__MOCK_CANCEL
} incload__mock_kind;

/* Names and types of columns, told as comma lists. */
typedef struct incload__mock_shape {
    incload__mock_list names;
    incload__mock_list types;
} incload__mock_shape;

typedef struct incload__mock_rule {
    incload__mock_kind kind;
    char *pattern;
    int64_t nth;
    int64_t seen;
    incload__mock_shape shape; /* ANSWER with rows */
    incload__rows rows;
    int64_t affected;
    char *sqlstate; /* FAIL */
    int64_t native_code;
    char *message;
    int64_t delay_us; /* DELAY */
} incload__mock_rule;

typedef struct incload__mock_table {
    char *schema; /* NULL: told without one */
    char *name;
    incload__mock_shape shape;
    incload__mock_list key; /* column names */
} incload__mock_table;

typedef struct incload__mock_statement {
    char *text;
    int32_t connection;
    bool applied;
    incload__mock_list params; /* text or NULL */
} incload__mock_statement;

/* Rows of one bulk write, pending in their connection until COMMIT moves them to the mock. */
typedef struct incload__mock_chunk {
    struct incload__mock_chunk *next;
    char *table;
    int32_t columns;
    incload__mock_list cells;
} incload__mock_chunk;

struct incload_mock {
    atomic_int refs;
    int32_t pid;
    incload__monitor monitor;
    bool strict;
    incload__mock_list rules;
    incload__mock_list retired; /* rules that were cleared, but may be in use */
    incload__mock_list tables;
    incload__mock_list statements;
    int64_t forgotten; /* statements before the first in the list */
    incload__mock_chunk *chunks;
    incload__mock_chunk **chunks_end;
    int64_t commits;
    int32_t connections;
    int32_t open_connections;
};

typedef struct incload__mock_conn {
    incload__conn base;
    incload_mock *mock;
    int32_t number;
    incload__mock_chunk *pending;
    incload__mock_chunk **pending_end;
} incload__mock_conn;

/* What the script has for one statement, decided when it arrives. */
typedef struct incload__mock_verdict {
    int64_t statement; /* its number in the history, or -1 */
    int64_t delay_us;
    bool cancel;
    bool drop_before;
    bool drop_after;
    const incload__mock_rule *failure;
    const incload__mock_rule *answer;
    bool strict;
} incload__mock_verdict;

/* A mock has no context, so its memory is libc's. */
#define INCLOAD__MOCK_MEM (&incload__mem_libc)

/* ---- list.c ---- */
bool incload__mock_push(incload__mock_list *list, void *item);
/* Splits at commas outside parentheses and trims spaces. False without memory; an empty element gives "". */
bool incload__mock_split(incload__mock_list *list, const char *text);
void incload__mock_list_free_texts(incload__mock_list *list);
/* INCLOAD_E_INVALID when the lists do not fit each other, INCLOAD_E_NO_MEMORY. `types` NULL: all text. */
int32_t incload__mock_shape_read(incload__mock_shape *shape, const char *columns, const char *types,
                                 incload_error **err);
void incload__mock_shape_free(incload__mock_shape *shape);

/* ---- rule.c ---- */
bool incload__mock_matches(const char *pattern, const char *text);
/* Records the statement unless it is an event (CONNECT, PING, FETCH), and asks the rules. */
int32_t incload__mock_arrive(incload_mock *mock, int32_t connection, const char *text, bool event,
                             const incload__param *params, int32_t count, incload__mock_verdict *verdict,
                             incload_error **err);
/* The answer that the next such statement would get, without counting it; NULL: none. */
const incload__mock_rule *incload__mock_next_answer(incload_mock *mock, const char *text);
void incload__mock_rule_free(incload__mock_rule *rule);

/* ---- table.c ---- */
void incload__mock_table_free(incload__mock_table *table);
/* Answers the dialect's own questions (which database, which columns, which keys); *known tells whether it was one. */
int32_t incload__mock_catalog(incload_mock *mock, const incload__dialect *dialect, const char *sql,
                              const incload__param *params, int32_t count, incload__rows *rows, bool *known);

/* ---- history.c ---- */
/* The lock is held for these two. -1: no memory. */
int64_t incload__mock_record(incload_mock *mock, int32_t connection, const char *text, const incload__param *params,
                             int32_t count);
void incload__mock_applied(incload_mock *mock, int64_t statement);
void incload__mock_history_free(incload_mock *mock);
void incload__mock_chunks_free(incload__mock_chunk *chunks);

/* ---- play.c ---- */
/* Checks the connection, records the statement and plays what the script has for it up to its effect. */
int32_t incload__mock_start(incload__mock_conn *conn, const char *doing, const char *text, bool event,
                            const incload__param *params, int32_t count, incload__mock_verdict *verdict,
                            incload_error **err);
/* Marks the effect, and breaks the connection if the script says so. */
int32_t incload__mock_finish(incload__mock_conn *conn, const char *doing, const incload__mock_verdict *verdict,
                             incload_error **err);
/* INCLOAD_E_SQL for a statement without an answer in a strict mock. */
int32_t incload__mock_unanswered(incload__mock_conn *conn, const char *text, const incload__mock_verdict *verdict,
                                 incload_error **err);
/* Lets the scripted time pass. INCLOAD_E_CANCELLED or INCLOAD_E_TIMEOUT when something ended it early. */
int32_t incload__mock_pass_time(incload__mock_conn *conn, int64_t delay_us);
int32_t incload__mock_scripted_failure(incload__mock_conn *conn, const char *doing, const incload__mock_rule *failure,
                                       incload_error **err);
/* A statement that ended before it took effect, without a word from the server. */
int32_t incload__mock_interrupted(incload__mock_conn *conn, const char *doing, int32_t code, incload_error **err);
int32_t incload__mock_lost(incload__mock_conn *conn, const char *doing, incload_error **err);
void incload__mock_break(incload__mock_conn *conn);
void incload__mock_drop_pending(incload__mock_conn *conn);

/* ---- conn.c ---- */
/* In a forked child the lock may be held for ever, by a thread that is not there. */
bool incload__mock_in_child(const incload__conn *conn);

/* ---- txn.c ---- */
int32_t incload__mock_begin(incload__conn *base, incload_error **err);
int32_t incload__mock_commit(incload__conn *base, incload_error **err);
int32_t incload__mock_rollback(incload__conn *base, incload_error **err);

/* ---- transfer.c ---- */
int32_t incload__mock_describe(incload__conn *base, const char *sql, int32_t param_count, incload__schema *out,
                               incload_error **err);
int32_t incload__mock_read_open(incload__conn *base, const char *sql, const incload__param *params, int32_t count,
                                const incload__schema *schema, incload__reader **out, incload_error **err);
int32_t incload__mock_read_next(incload__reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes,
                                int64_t *rows, incload_error **err);
void incload__mock_read_close(incload__reader *reader);
int32_t incload__mock_write_open(incload__conn *base, const char *table, const incload__schema *schema,
                                 incload__writer **out, incload_error **err);
int32_t incload__mock_write_batch(incload__writer *writer, const incload__view *view, incload_error **err);
int32_t incload__mock_write_close(incload__writer *writer, int64_t *rows, incload_error **err);
void incload__mock_write_abandon(incload__writer *writer);
int32_t incload__mock_write_text(incload__conn *base, const char *table, const incload__schema *schema,
                                 incload__str *out, incload_error **err);

#endif
