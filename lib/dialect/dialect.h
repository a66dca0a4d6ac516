/* SPDX-License-Identifier: Apache-2.0 */
/* SQL text and rules per database. Everything here is a pure function: nothing talks to a server.
 *
 * Functions that write SQL append to an incload__str (which is sticky: check it once at the end) and return a status
 * only where the input itself can be refused. Parameters stand as $1, $2, ... where `numbered_params`, else as ?. */
#ifndef INCLOAD_LIB_DIALECT_DIALECT_H
#define INCLOAD_LIB_DIALECT_DIALECT_H

#include "base/error.h"
#include "base/str.h"
#include "batch/batch.h"

/* How cells cross to and from the server: libpq's binary COPY, or text (and blobs) through ODBC. */
typedef enum incload__wire { INCLOAD__WIRE_BINARY, INCLOAD__WIRE_TEXT } incload__wire;

/* A table's name in parts; schema NULL means "as the session finds it". */
typedef struct incload__table {
    char *schema;
    char *name;
} incload__table;

/* What an error of the server means for the load. */
typedef struct incload__error_class {
    int32_t code; /* INCLOAD_E_... */
    bool retryable;
} incload__error_class;

/* A merge, told to the dialect. Column lists are indexes into `columns`. */
typedef struct incload__merge {
    const incload__table *target;
    const char *staging;            /* name of the session's temporary table */
    const incload__schema *columns; /* the target's columns that are written, in staging order */
    const int32_t *key;             /* the key's columns */
    int32_t key_count;
    int32_t latest_by; /* column whose greatest value wins among rows of one key, or -1: the row loaded last wins */
    bool insert_only;  /* rows whose key is there stay as they are */
    bool one_per_key;  /* staging has one row of each key */
    bool all_rows;     /* update_rows: rows are written also where nothing differs */
} incload__merge;

/* Rows of the target that are taken out, told by their key, and how. */
typedef struct incload__removal {
    bool missing;       /* those whose key is not in staging; else those whose key is */
    const char *staged; /* condition on staging alias s that counts, too; NULL: none. Not with `missing` */
    /* Columns of the target by which a row is marked instead of being deleted: true, and the statement's one parameter.
     * A row that is marked already stays as it is. NULL: the row is deleted. */
    const incload__column *flag;
    const incload__column *at;
} incload__removal;

/* Statements to run in order; the affected rows of those marked `counts` add up to the rows written. */
typedef struct incload__statement {
    char *sql;
    bool counts;
} incload__statement;

typedef struct incload__statements {
    const incload__mem *mem;
    incload__statement items[8];
    int32_t count;
} incload__statements;

struct incload__history_style;
typedef struct incload__swap_rules incload__swap_rules; /* dialect/swap.h */
typedef struct incload__unit_rules incload__unit_rules; /* dialect/units.h */
typedef struct incload__capture_rules incload__capture_rules; /* dialect/capture.h */

typedef struct incload__dialect {
    const char *name; /* postgres, mariadb, sqlite, sqlserver, ansi */
    bool numbered_params;
    bool has_schemas;       /* a ledger lives in a schema of its own, not under a prefix */
    bool ddl_commits;       /* DDL ends the transaction it stands in */
    bool civil_is_utc;      /* no type with a zone: a TIMESTAMPTZ is kept as civil time in UTC */
    bool judges_decimals;   /* encode() looks at a DECIMAL's digits as at a NUMERIC's, where the column is one */
    bool snapshot_reads;    /* begin_read gives one snapshot for all statements until its end */
    int32_t max_params;     /* in one statement */
    int32_t name_limit;     /* of an identifier, in bytes, or in characters if name_limit_characters */
    bool name_limit_characters;

    const char *begin_read;  /* a read-only transaction with one snapshot */
    const char *begin_write; /* a transaction that may write at once, without an upgrade of locks later */
    /* A snapshot that another session can read in: the query for its id, the BEGIN that may import it, and the
     * statement that does, between quotes. NULL: there is no such thing. */
    const char *export_snapshot;
    const char *begin_import;
    const char *import_snapshot;
    const char *hold_snapshot; /* statement: a transaction that lends its snapshot is not ended for being idle */
    /* Statement before the BEGIN of a transaction that copies inside one database, or replaces rows beside others: it
     * then locks neither the rows that INSERT ... SELECT reads nor the gaps between those that it deletes, and does not
     * wait for their writers. NULL: it never does. */
    const char *before_copy;

    /* Session settings, set at connect and the same whatever the environment says; NULL-terminated. */
    const char *const *session;
    /* One row, one text: equal for two connections exactly when they are to the same database. NULL: cannot be told. */
    const char *identity_query;

    /* Quotes one identifier. Refused with INCLOAD_E_INVALID: empty, invalid UTF-8, longer than the limit (the message
     * says the limit), and what the server cannot hold (MariaDB: outside the BMP). `what` is "table", "column", ... */
    int32_t (*quote)(incload__str *out, const char *what, const char *name, incload_error **err);

    /* Query (parameters: schema or NULL, table; as a pair, as often as it asks for them) with one row a column, in
     * order: name, native type as in CREATE TABLE, '1' nullable or '0', '1' generated or '0', type id or '0', and where
     * it is known '1' if every new row must bring a value or '0'. No row: no such table. */
    const char *columns_query;
    /* Query (same parameters): one row a column of each unique, total, plain-column index: index name, '1' primary or
     * '0', ordinal from 1, column name; ordered primary first, then by index name and ordinal. */
    const char *keys_query;
    /* Query (same parameters): one row with the schema in which the table was found, '' where there is none. */
    const char *schema_query;
    /* Query (parameter: the ledger's schema) with one row, the schema in which an unqualified new table is made; NULL
     * where there are no schemas. The ledger's own is left out: with a user of the same name it would be the first. */
    const char *home_query;

    /* The logical type behind a native type's text (as columns_query or a driver's description gives it). Never fails:
     * what is not known is NATIVE (or TEXT where the dialect's unknown types are plain text). */
    incload__type (*type_of)(const char *native);
    /* Writes the native type that holds `type` exactly, for a created table. A key column may need a bounded type.
     * INCLOAD_E_TYPE with the column's name when there is none. */
    int32_t (*native_type)(incload__str *out, const char *column, incload__type type, bool in_key, incload_error **err);

    /* The expression that reads a column over `wire` so that its value survives the driver: `"c"`, `"c"::text`,
     * `printf('%!.20g', c)`. `column->type` says what the reader will make of it. */
    int32_t (*select_item)(incload__str *out, const incload__column *column, incload__wire wire, incload_error **err);
    /* The placeholder through which a cell of this target column is written as text (or blob, double or integer, see
     * driver/odbc/cell.h): `?`, `CAST(? AS INTEGER)`, `$1::text::uuid`. `number` counts from 1. */
    void (*bind_item)(incload__str *out, const incload__column *column, int32_t number);
    /* A parameter of a WHERE clause compared with a column of that type; sent as text, or as an integer for INT kinds.
     */
    void (*param)(incload__str *out, const incload__column *column, int32_t number);
    /* The text of a cell as this database reads it back without loss. INCLOAD_E_DATA, naming the column and never the
     * value, when the database cannot hold it (year 10000 in MariaDB, NaN, a NUL byte in PostgreSQL text, ...). */
    int32_t (*encode)(const incload__view *view, int32_t column, int64_t row, const incload__column *target,
                      incload__str *out, incload_error **err);

    /* `expression` as text in which no digit is lost: for watermark values. */
    void (*exact_text)(incload__str *out, const incload__column *column, const char *expression);
    /* Condition that is true for rows without a position on this cursor: NULL, and infinities where there are any. */
    void (*no_position)(incload__str *out, const incload__column *column, const char *quoted);
    /* The part of it that is true for infinities, which an index finds where the whole is taken for too many rows;
     * false: the column has none. NULL where nothing has. */
    bool (*infinite)(incload__str *out, const incload__column *column, const char *quoted);
    bool bounds_place; /* no such row lies in an interval between two values */
    /* True for a column that can be no cursor, since its order here is not that of its values. NULL: there is none. */
    bool (*misorders)(const incload__column *column);

    /* CREATE TABLE IF NOT EXISTS with `native` types, NOT NULL as told, and a primary key (key_count 0: none). */
    int32_t (*create_table)(incload__str *out, const incload__table *table, const incload__schema *columns,
                            const int32_t *key, int32_t key_count, incload_error **err);
    /* The session's temporary table for staging: the columns with their native types, all nullable, plus what load
     * order needs; gone at the end of the session at the latest. */
    int32_t (*create_staging)(incload__str *out, const char *staging, const incload__schema *columns,
                              incload_error **err);
    /* The column of staging by which its rows are in the order they were loaded, quoted; its text, in quotes, can be
     * compared with it. NULL: there is none, or no savepoint in the words of the standard. */
    const char *load_order;
    /* Statement after which deferred constraints of this transaction speak up at once; NULL: none is deferred, or it
     * cannot be had. */
    const char *immediate_constraints;
    /* Statement that removes it if it exists (without ending a transaction). */
    void (*drop_staging)(incload__str *out, const char *staging);
    int32_t (*merge)(incload__statements *out, const incload__merge *merge, incload_error **err);
    /* Statements that move staging into the target by plain insert. `boundary` (may be NULL) is a condition on staging
     * alias s that marks rows which may have been loaded before: those equal to a target row (alias t) in all `columns`
     * stay out. */
    int32_t (*append)(incload__statements *out, const incload__merge *merge, const char *boundary, incload_error **err);
    /* Condition on staging alias s: no target row (alias t) equals it in all `columns`. */
    int32_t (*unlike)(incload__str *out, const incload__merge *merge, incload_error **err);

    /* The same as create_staging, for the keys that delete_missing looks up: `columns` are the key. */
    int32_t (*create_keys)(incload__str *out, const char *staging, const incload__schema *columns, incload_error **err);
    /* Statements that delete the target's rows whose key is not in staging. `columns` are the key. */
    int32_t (*delete_missing)(incload__statements *out, const incload__merge *merge, incload_error **err);
    /* Statement that takes rows out of the target by their key. */
    int32_t (*remove_rows)(incload__statements *out, const incload__merge *merge, const incload__removal *how,
                           incload_error **err);
    /* Statement that writes staging's columns to the target's rows of the same key, and adds none. Staging has one row
     * for each key. NULL: it is not offered. */
    int32_t (*update_rows)(incload__statements *out, const incload__merge *merge, incload_error **err);
    bool update_tells; /* with `all_rows` the rows that it affects are those that it found */
    /* Query without a result that counts, in the transaction of a few changes: from then on rows of the target are
     * found by their key, however little the server knows of a temporary table. NULL: they always are. */
    const char *seek_rows;
    /* Statement after which staging holds, of the rows of one key, only the one that wins. */
    int32_t (*keep_winners)(incload__statements *out, const incload__merge *merge, incload_error **err);
    const char *words[2];  /* false and true, as literals */
    const char *text_word; /* the type a value is cast to to be compared as text */

    incload__error_class (*classify)(const char *sqlstate, int64_t native_code);

    /* ---- leases and lost sessions ---- */

    /* Expression: the server's clock as a whole number of microseconds since 1970. NULL: there is none. */
    const char *now_us;
    /* A writer locks the whole database: what cannot be written now is being written by another. */
    bool one_writer;
    /* Expression: a text that names this session for as long as the server's processes live. NULL: cannot be told. */
    const char *session_id;
    /* Query (parameters: such a text, and seconds that the session has lived at least): ends that session if it is
     * still at work and may be ended. Its first cell, if any, is a number to append to `kill`, where that is not NULL.
     */
    const char *end_session_query;
    const char *kill;
    /* Query: one row, '1' while a transaction is open. NULL: the driver's own state is enough. */
    const char *in_transaction_query;
    /* Query (parameters: schema or NULL, table): one row, the table's storage engine and '1' if it has transactions.
     * No row: no such table, or a view. NULL: every table has them. */
    const char *engine_query;

    /* What write=scd2 must know (dialect/scd2.h). NULL: it is not possible. */
    const struct incload__history_style *history;
    /* Query (same parameters): one row, the name of a table whose foreign key deletes or changes its rows when rows of
     * this one are deleted; no row: there is none. NULL: cannot be told. */
    const char *followers_query;
    /* Query (same parameters): one row, one text, which is another once what the queries about a table tell of it has
     * changed. NULL: there is none that is cheaper than they are. */
    const char *version_query;
    /* How one table takes another's place. NULL: write=swap is not offered. */
    const incload__swap_rules *swap;
    /* How the durable state of runs is kept. NULL: it cannot be kept here. */
    const incload__unit_rules *units;
    /* Query (parameters as columns_query): a row for each table that foreign keys of this one refer to: its schema (as
     * schema_query gives it), its name, '1' if such a key can be deferred to the end of a transaction or '0'. NULL:
     * cannot be told. */
    const char *parents_query;
    /* Statement after which constraints that can be are deferred to the end of the transaction; NULL: there is none. */
    const char *defer_constraints;
    /* Statement that deletes one of the target's rows that equal a staged one in all `columns`, whichever. `place` is
     * its place in load_order, as text. NULL: it is not offered. */
    int32_t (*remove_one)(incload__str *out, const incload__merge *merge, const char *place, incload_error **err);
    /* Query for an open transaction whose commit must be on disk when it is answered, where the session does not wait
     * for that. NULL: it does, or cannot be told to. */
    const char *durable_commit;
    /* How change tables are made and read. NULL: there are none. */
    const incload__capture_rules *capture;
} incload__dialect;

extern const incload__dialect incload__dialect_postgres;
extern const incload__dialect incload__dialect_mariadb;
extern const incload__dialect incload__dialect_sqlite;
extern const incload__dialect incload__dialect_sqlserver;
extern const incload__dialect incload__dialect_ansi;
/* A stream of rows that a host brings: a source, never a target, so what writes is NULL. */
extern const incload__dialect incload__dialect_arrow;

/* By name, or NULL. */
const incload__dialect *incload__dialect_find(const char *name);
/* By what SQLGetInfo(SQL_DBMS_NAME) says; ansi for one that is not known. */
const incload__dialect *incload__dialect_of_dbms(const char *dbms_name);

/* ---- shared by all dialects (common.c, name.c, keyset.c) ---- */

/* Reads "table", "schema.table", with parts in double quotes where they hold dots, quotes or spaces (a quote doubled).
 * Unquoted parts are taken as they are: no case folding. INCLOAD_E_INVALID names the text's fault. */
int32_t incload__table_parse(const incload__mem *mem, const char *text, incload__table *out, incload_error **err);
void incload__table_free(const incload__mem *mem, incload__table *table);
/* schema.table, quoted. */
int32_t incload__quote_table(const incload__dialect *dialect, incload__str *out, const incload__table *table,
                             incload_error **err);
/* A comma list of the columns' quoted names, each behind `prefix` ("" or "s."). */
int32_t incload__quote_columns(const incload__dialect *dialect, incload__str *out, const incload__schema *columns,
                               const char *prefix, incload_error **err);

/* The keyset condition `(c1, c2, ...) > (p1, p2, ...)` in the form that every planner turns into an index range:
 * c1 >= p1 AND (c1 > p1 OR (c2 >= p2 AND (c2 > p2 OR ...))). Parameters are numbered from `first`; where parameters are
 * not numbered each is used twice but the last, in the order they stand: *order (may be NULL) gets the column index of
 * each placeholder, at most 2 * count entries; the number of placeholders is returned. */
int32_t incload__keyset_after(const incload__dialect *dialect, incload__str *out, const incload__column *const *columns,
                              const char *const *quoted, int32_t count, int32_t first, int32_t *order);

/* Appends a statement; takes the string over. INCLOAD_E_NO_MEMORY when the string had failed. */
int32_t incload__statements_add(incload__statements *list, incload__str *sql, bool counts, incload_error **err);
void incload__statements_free(incload__statements *list);

#endif
