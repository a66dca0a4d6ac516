/* SPDX-License-Identifier: Apache-2.0 */
/* How each ODBC driver really behaves: a table of quirks, found by experiment, keyed by the driver's own name. What is
 * not known gets the row that is safe with every driver. */
#ifndef INCLOAD_LIB_DRIVER_ODBC_PROFILE_H
#define INCLOAD_LIB_DRIVER_ODBC_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum incload__bulk {
    INCLOAD__BULK_ROW,    /* one row a statement */
    INCLOAD__BULK_VALUES, /* INSERT ... VALUES (?,?),(?,?),... */
    INCLOAD__BULK_ARRAY,  /* column-wise parameter arrays */
    INCLOAD__BULK_UNNEST  /* INSERT ... SELECT FROM unnest(one text array a column) */
} incload__bulk;

/* An option added to the connection string unless the user gave that key. */
typedef struct incload__odbc_option {
    const char *key;
    const char *value; /* NULL: the seconds left for connecting */
    bool reader;
    bool writer;
    bool ours; /* the driver gets this value whatever the user says: see busy_key */
} incload__odbc_option;

/* Tells apart connection failures for which the driver has one SQLSTATE only, by the server's own words. */
typedef struct incload__odbc_connect_rule {
    const char *text;
    const char *sqlstate;
    int32_t code;
} incload__odbc_connect_rule;

/* A truer SQLSTATE for errors that the driver lumps together, by the server's own words. */
typedef struct incload__odbc_state_rule {
    const char *text;
    const char *sqlstate;
    bool cut; /* what follows, up to the last quote, is the whole message */
} incload__odbc_state_rule;

typedef struct incload__odbc_profile {
    const char *name;                 /* for messages */
    const char *const *driver_names;  /* parts of SQL_DRIVER_NAME or of the library's file name */
    const incload__odbc_option *options;
    const incload__odbc_connect_rule *connect_rules;
    const incload__odbc_state_rule *state_rules;
    const char *const *session_skips; /* beginnings of the dialect's session statements that must not go through it */
    const char *stream_key;        /* the option that makes it stream when it is "1"; NULL: see streams */
    bool streams;                  /* without any option */
    bool stream_needs_literals;    /* a statement with parameters is buffered whole */
    bool blocks;                   /* block cursors, bound columns and SQLGetData mix soundly */
    bool ints_typed;               /* SQL_C_SBIGINT is read exactly */
    bool floats_typed;             /* SQL_C_DOUBLE is read exactly */
    bool floats_written;           /* SQL_C_DOUBLE is written exactly */
    bool text_as_bytes;            /* text is read up to a NUL unless it crosses as a blob */
    bool text_stays_bound;         /* a text parameter is looked at anew in each run, and copied unless a NUL ends it */
    bool params_as_text;           /* text parameters take the type their place asks for; typed ones do not */
    bool nul_cuts;                 /* text parameters are cut at NUL: refused */
    bool cancels;                  /* SQLCancel from another thread is sound */
    bool cancel_by_spare;          /* ... but on the running statement it races: use another of the connection */
    const char *busy_key;          /* the option with the milliseconds to wait for a busy file: done here */
    int32_t busy_code;             /* native code of a file that is busy; 0: there is no such thing */
    bool query_timeout;            /* SQL_ATTR_QUERY_TIMEOUT as the only way to a deadline */
    bool fetch_waits;              /* SQLFetch may wait for the server */
    bool disconnect_rolls_back;    /* SQLDisconnect with an open transaction is sound */
    bool direct_crashes;           /* SQLExecDirect, when the wire breaks in an answer: prepare, then execute */
    bool copy_hangs;               /* COPY ... FROM STDIN never returns */
    bool database_is_file;         /* Database= is a path */
    bool warns_of_truncation;      /* SHOW WARNINGS after a bulk insert tells of cut values */
    incload__bulk bulk;
    int32_t bulk_rows;             /* in one statement */
    bool with_stays_prepared;      /* an INSERT is parsed anew in each run, unless it begins with WITH */
    const char *changes_query;     /* one cell: the rows of the last INSERT, of which SQLRowCount knows nothing then */
    const char *version_query;     /* one cell; NULL: SQL_DBMS_VER */
    const char *application_query; /* one parameter: the application's name; NULL: there is no such thing */
} incload__odbc_profile;

/* The row for a driver's name or file; the safest one when it is not known. Never NULL. */
const incload__odbc_profile *incload__odbc_profile_of(const char *driver_name);
extern const incload__odbc_profile incload__odbc_profile_unknown;

#endif
