/* SPDX-License-Identifier: Apache-2.0 */
/* The torture of incremental loads: many writers on one table, loads of it every 50 ms, and two oracles that do not
 * trust the library. The parts: sessions (plain SQL to each kind of server), scenes (which table, which writers, which
 * loads), writers, the log of what they committed, loaders with the check of each load, and the comparison at the
 * end. */
#ifndef INCLOAD_TESTS_FAULT_TORTURE_H
#define INCLOAD_TESTS_FAULT_TORTURE_H

#include <incload/incload.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "report.h"

typedef enum kind { POSTGRES, MARIADB, SQLITE, PG_ODBC, KINDS } kind;

extern const char *const kind_names[KINDS];

/* ---- sessions: torture_session.c ---- */

typedef struct session session;
typedef void (*row_fn)(void *user_data, const char *const *cells);

/* Private databases of each kind, number 0 for sources and 1 for targets; SQLite files are made by their first user. */
void places_make(void);
void places_drop(void);
const char *place_url(kind which, int number);
/* A path of its own for a scene's SQLite file, as a URL; static storage of the caller. */
void place_file_url(char url[1024], const char *name);

/* Ends the program when there is no connection to be had. */
session *session_open(const char *url);
void session_close(session *s);
/* One statement. False when the server refused it; what it said stands in session_error() then. */
bool session_run(session *s, const char *sql);
/* A statement that gives rows: each to the function; columns at most 6, cells of at most 255 bytes, NULL as NULL. */
bool session_each(session *s, const char *sql, row_fn row, void *user_data);
const char *session_error(const session *s);
/* One statement that must succeed. */
void session_must(session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- the log of what was committed: torture_log.c ---- */

enum { GONE = -1 }; /* as a version: the row was deleted */

/* One row in one version, whose commit had returned at that moment. */
typedef struct claim {
    int64_t id, version, at_us;
} claim;

/* Written by one thread, read by many. */
typedef struct claim_log {
    claim *_Atomic *blocks;
    _Atomic int64_t count;
} claim_log;

void log_begin(claim_log *log);
void log_end(claim_log *log);
void log_add(claim_log *log, const claim *claims, int64_t count, int64_t at_us);
int64_t log_count(const claim_log *log);
claim log_at(const claim_log *log, int64_t index);

/* Claims of the open transaction; of a prepared one later. */
typedef struct claim_list {
    claim *items;
    int64_t count, room;
} claim_list;

void list_add(claim_list *list, int64_t id, int64_t version);
void list_free(claim_list *list);

/* ---- scenes: torture_scenes.c ---- */

enum {
    MIX_IDLE = 1,       /* transactions that begin and rest before their first write */
    MIX_SAVEPOINTS = 2, /* some rolled back */
    MIX_BULK = 4,       /* statements of 50 to 300 rows with one stamp */
    MIX_UPDATES = 8,    /* of own rows and of hot ones */
    MIX_PREPARED = 16,  /* PREPARE TRANSACTION or XA PREPARE, committed later by another session */
    MIX_SLOW = 32,      /* INSERT ... SELECT with SLEEP */
    MIX_DELETES = 64,
    MIX_SERIAL = 128,   /* the server gives the ids; insert only */
};

typedef struct stamp {
    const char *expression; /* NULL: the column is left to its default or trigger */
    int how;                /* what the trigger of the table looks at */
    int weight;
    bool by_client;         /* a literal from the writer's own, skewed clock */
} stamp;

typedef struct loader_plan {
    const char *name;
    kind target;
    const char *road;    /* as the run reports it */
    const char *options; /* of the strategy, beyond those of the scene */
    bool same_database;  /* beside the source */
    bool naive;          /* the bare cursor: must be found to lose rows */
} loader_plan;

enum { MOST_LOADERS = 6, MOST_STATEMENTS = 8, MOST_STAMPS = 8, MOST_SCENES = 16, HOT_ROWS = 16 };

typedef struct scene_plan {
    const char *name;
    kind source;
    int round; /* scenes of one round run side by side */
    int mix;
    int writers;
    const char *strategy; /* cursor, key, ... */
    const char *const tables[MOST_STATEMENTS]; /* SQL with %1$s for the table's name */
    stamp stamps[MOST_STAMPS];
    loader_plan loaders[MOST_LOADERS];
} scene_plan;

extern const scene_plan scene_plans[];
extern const int scene_plan_count;
int rounds_of_scenes(void);

/* ---- what runs ---- */

typedef struct loader loader;
typedef struct writer writer;

/* A transaction that was prepared and waits for another session to end it. */
typedef struct prepared {
    struct prepared *next;
    char gid[64];
    claim_list claims;
    int64_t due_us;
} prepared;

typedef struct scene {
    const scene_plan *plan;
    char table[24];
    char url[1024]; /* of the source */
    uint64_t seed;
    atomic_bool stopping;      /* writers: end your transaction */
    pthread_mutex_t lock;      /* of the prepared ones and the bell */
    pthread_cond_t bell;       /* rung when it stops */
    prepared *prepared;
    int prepared_count;
    _Atomic int64_t commits, rollbacks, failures, changes;
    char failure[256];         /* the first refused statement */
    atomic_bool closing;       /* the closer: the writers have ended */
    writer *writers;           /* the closer stands behind them */
    loader *loaders;
    int writer_count;          /* the closer included */
    int loader_count;
} scene;

typedef struct torture_options {
    uint64_t seed;
    bool naive;           /* every load by the bare cursor */
    int64_t pause_us;     /* of a writer between transactions, at most */
    int64_t interval_us;  /* from load to load */
} torture_options;

extern torture_options torture;

/* torture_scene.c: makes the tables; starts; stops the writers, ends what is prepared, stops the loaders, compares. */
void scene_begin(scene *sc, const scene_plan *plan, uint64_t seed);
void scene_start(scene *sc);
void scene_stop(scene *sc);
void scene_report(scene *sc);
void scene_end(scene *sc);
/* Up to that long, or until the scene stops. */
void scene_rest(scene *sc, int64_t us);

/* torture_writer.c */
struct writer {
    scene *scene;
    int number;
    uint64_t seed;
    pthread_t thread;
    session *session;
    claim_log log;
    claim_list open;        /* of the open transaction */
    int64_t next_id;        /* own ids: first, first + 1, ... */
    int64_t first_id;
    int64_t *doomed;        /* ids it has begun to delete: see writer_dooms() */
    _Atomic int64_t doomed_count;
    int64_t skew_us;        /* of its own clock */
    int transactions;
    char sql[1024];
};

enum { OWN_IDS = 100000000 }; /* room for the ids of one writer */

/* The closer writes nothing: it ends what others have prepared. */
void writer_start(writer *w, scene *sc, int number, bool closer);
void writer_reconnect(writer *w);
/* Waits for its thread; the scene's `stopping` ends it. */
void writer_join(writer *w);
/* Forgets its log. */
void writer_end(writer *w);
/* Whether the row may be gone by now. */
bool writer_dooms(const writer *w, int64_t id);
/* torture_transaction.c: one transaction of the mix, from begin to end. */
void transaction_run(writer *w);
/* Ends one prepared transaction that is due, or any when `all`. False when there was none. */
bool prepared_end_one(writer *w, bool all);

/* torture_loader.c */
typedef struct findings {
    int64_t lost, stale, duplicated, ghosts;
} findings;

struct loader {
    scene *scene;
    const loader_plan *plan;
    uint64_t seed;
    pthread_t thread;
    char target[112];      /* the table, as SQL and the library take it alike */
    char url[1024];
    incload_database *from, *to;
    incload_step *step;
    session *session;      /* to look into the target */
    atomic_bool stopping;
    int64_t *seen;         /* per writer: claims looked at */
    claim *late;           /* claims that were not there in time, looked for again */
    int64_t late_now;
    int64_t loads, failed, refused, checked, late_ever, rows_read, rows_written, rows_late;
    char failure[256], level[32], road[32], reason[160], held_by[160], first_late[200];
    int64_t *delays, delay_count;
    findings end, verified;
};

bool loader_naive(const loader *l);
void loader_begin(loader *l, scene *sc, const loader_plan *plan, uint64_t seed);
void loader_start(loader *l);
/* Stops the loop and waits for its thread. */
void loader_join(loader *l);
/* One last load, on the calling thread, when all transactions have ended. */
void loader_last(loader *l);
void loader_end(loader *l);
/* 95th percentile of commit-to-delivery of the rows looked at, in seconds. */
double loader_delay(loader *l);

/* torture_check.c: after a load that began at that moment. */
void loader_check(loader *l, int64_t began_us, int64_t ended_us);

/* torture_compare.c: source and target, row by row, by plain SQL. */
findings compare_tables(loader *l);

/* torture_verify.c: the same, by incload_verify(). */
void verify_tables(loader *l);

#endif
