/* SPDX-License-Identifier: Apache-2.0 */
/* Where a fault program plays: a source table of a few rows, a target that a load has filled before, and the question
 * that is asked after every fault: did the next load land as a whole, not at all, or otherwise? */
#ifndef INCLOAD_TESTS_FAULT_STAGE_H
#define INCLOAD_TESTS_FAULT_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"

typedef enum kind { POSTGRES, PG_ODBC, MARIADB, SQLITE, KINDS } kind;

extern const char *const kind_names[KINDS];

enum { STAGE_OLD = 40, STAGE_CHANGED = 10, STAGE_NEW = 20, STAGE_ROWS = STAGE_OLD + STAGE_NEW };

/* What the loads of a stage are told: small batches and pages make many moments out of few rows. */
extern const char stage_options[];
extern const char stage_source[]; /* tables */
extern const char stage_target[];
extern const char stage_twin[]; /* a second target, of a stage with two loads */

typedef struct stage {
    kind from_kind, to_kind;
    char from_url[1024], to_url[1024];
    client *from, *to;
    /* ---- */
    char *wanted; /* the source's rows, which the target must have at the end */
    char *before; /* the target's rows before the load under test: an increment */
    char *catalog;
    char *ledger; /* names of the ledger's tables, one a line */
    int64_t version;
    bool first; /* the load under test is the first: there is neither target nor ledger */
    bool twins; /* two loads as a group bring the source's rows into two targets */
    struct incload_database *warm_from, *warm_to; /* of stage_load_warm() */
} stage;

/* Makes two databases of its own on the servers of tests/servers.sh, and their contents. */
stage *stage_new(kind from, kind to);
/* The same with a group of two loads under test, never their first. */
stage *stage_new_twins(kind from, kind to);
/* The same on other servers or by other roads: the urls of databases that exist and are empty. */
stage *stage_new_at(kind from, const char *from_url, kind to, const char *to_url);
void stage_free(stage *s);

/* The target as it was before the load under test. */
void stage_reset(stage *s, bool first);

typedef enum landed { LANDED_NOT, LANDED_ALL, LANDED_WRONG } landed;

/* What the target shows of `runs` committed runs at the most since the reset. LANDED_NOT: just what it had; LANDED_ALL:
 * all rows of the source, each written once, with a ledger that tells of every run once and lacks none. */
landed stage_look(stage *s, int64_t runs, char why[256]);
/* After further changes of the source by others: takes its rows anew. */
void stage_refresh(stage *s);
/* The target has the source's rows, and the ledger is whole, however many runs there were. */
bool stage_is_whole(stage *s, char why[256]);
/* The rows of a table of the target, or of a part of it (behind WHERE), in the form of `wanted`. */
char *stage_rows(stage *s, const char *table);
/* An empty table of the target, such as its own. */
void stage_make_table(stage *s, const char *table);
/* Names of tables, one a line. */
char *stage_source_tables(stage *s);
char *stage_target_tables(stage *s);
/* Waits until no session but this program's own is on the two databases; false after five seconds. */
bool stage_alone(stage *s);
/* No table is there that does not belong there, none is missing. */
bool stage_tidy(stage *s, char why[256]);

/* ---- a load within this process, over connections of its own ---- */

/* How long the leases of loads last from here on (static text). A run that fails while its server is gone cannot give
 * its lease up, and the next has to wait for its end. */
void stage_use_lease(const char *duration);

typedef struct outcome {
    int32_t status; /* INCLOAD_STATUS_SUCCESS or _FAILED; 0: it could not start */
    int32_t code;
    bool retryable;
    char sqlstate[6];
    int64_t native_code;
    char run_id[40];
    char message[400];
    int64_t rows_written;
    int64_t took_us, ended_us;
} outcome;

outcome stage_load(const char *from_url, const char *to_url, const char *run_options);
/* Again until it lands, for twenty seconds at the most, as long as it says that trying again may help. */
outcome stage_load_again(const stage *s);
/* The same over connections that the stage keeps, which saves most of the time of a small load. */
outcome stage_load_warm(stage *s);
/* The library's own opinion of whether the target equals its source. */
bool stage_verify(const stage *s, char why[256]);

#endif
