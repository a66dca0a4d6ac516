/* SPDX-License-Identifier: Apache-2.0 */
/* The picture of a run: what all renderers take. Plain borrowed arrays, so that it can be filled from memory while a
 * run goes on, or from the ledger years later. A renderer reads it and nothing else: no clock, no database, no file.
 *
 * Texts are UTF-8 or anything else: each renderer makes them harmless for its format. A text that is not there is NULL
 * or empty. Instants are microseconds since 1970 UTC, 0 when they are not known. No text may hold row data or secrets.
 */
#ifndef INCLOAD_LIB_RUN_REPORT_PICTURE_H
#define INCLOAD_LIB_RUN_REPORT_PICTURE_H

#include <incload/run.h>

#include <stdbool.h>

#include "base/str.h"

/* What a run can be beyond the statuses INCLOAD_STATUS_... of its steps; the numbers are the ledger's. */
enum {
    INCLOAD__PICTURE_PARTIAL = 6, /* only optional steps failed */
    INCLOAD__PICTURE_CANCELLED = 7,
    INCLOAD__PICTURE_PAUSED = 8,
    INCLOAD__PICTURE_STATES = 9
};

typedef struct incload__picture_field {
    const char *name;
    const char *type;
} incload__picture_field;

/* A table that a step reads or writes, as OpenLineage names it. */
typedef struct incload__picture_table {
    const char *space;                    /* postgres://host:5432, without user and password */
    const char *name;                     /* database.schema.table */
    const incload__picture_field *fields; /* when they are known */
    int32_t field_count;
    const char *change; /* of a target, what becomes of it as a whole: OVERWRITE, TRUNCATE, CREATE; else NULL */
} incload__picture_table;

typedef struct incload__picture_step {
    const char *name;
    const char *kind;   /* load, function, backfill: for people */
    const char *group;  /* steps of one group are drawn together */
    const char *rule;   /* its trigger rule, when it is not the usual one */
    const char *reason; /* of the status, as a word: UPSTREAM_FAILED, BACKOFF, CANCELLED ... */
    const char *error;  /* the message of the error it failed with */
    const char *resume; /* the call that resumes it; NULL: the run's */
    int32_t status;     /* INCLOAD_STATUS_... */
    int32_t attempts;
    bool optional;
    bool cleanup;
    int64_t start_us;
    int64_t end_us;
    int64_t rows;
    int64_t bytes;
    int64_t unit_total; /* how many units it has or will have; those in the picture may be fewer. 0: one, itself */
    int64_t left_out[INCLOAD_STATUS_SKIPPED + 1]; /* units by status that were begun and are not in the picture */
    const incload__picture_table *source;
    const incload__picture_table *target;
} incload__picture_step;

typedef struct incload__picture_edge {
    int32_t from; /* numbers of steps */
    int32_t to;
    bool closed; /* by a branch that was not taken */
    const char *label;
} incload__picture_edge;

typedef struct incload__picture_attempt {
    int64_t start_us;
    int64_t end_us;     /* 0: it goes on */
    const char *worker; /* host and process; NULL: this one */
    const char *reason;
    int32_t slot;   /* the worker's thread, from 0 */
    int32_t status; /* FAILED also of one that was retried */
} incload__picture_attempt;

/* A unit that was begun, or settled without. Steps of a single unit need none for their graph and timeline. */
typedef struct incload__picture_unit {
    int32_t step;
    int32_t status;
    int64_t number;    /* its place among all of its step, from 1; 0: they come in their order and none is left out */
    const char *label; /* 2024-01-01; a name that begins with a date has its place in the calendar */
    const char *reason;
    const char *error;
    int64_t lo; /* [lo, hi), of time when `timed` */
    int64_t hi;
    bool timed;
    int64_t rows;
    int64_t bytes;
    const incload__picture_attempt *attempts; /* in order */
    int32_t attempt_count;
} incload__picture_unit;

typedef struct incload__picture {
    const char *run_id; /* as in the ledger */
    const char *name;
    const char *space;       /* of the job in OpenLineage; NULL: incload */
    const char *resume;      /* the call that resumes the run, as a host would write it */
    const char *resume_note; /* what that does; NULL: what succeeded is not done again */
    const char *error;
    int32_t state; /* INCLOAD_STATUS_... or INCLOAD__PICTURE_...; 0: no run, but a pipeline as it will be */
    int64_t start_us;
    int64_t end_us; /* 0: it goes on */
    int64_t now_us; /* when the picture was taken */
    const incload__picture_step *steps;
    int32_t step_count;
    const incload__picture_edge *edges;
    int32_t edge_count;
    const incload__picture_unit *units;
    int64_t unit_count;
} incload__picture;

/* Every number in it can be used: edges and units name steps that there are, counts are not negative, arrays are there.
 * INCLOAD_E_INVALID names what is wrong. */
int32_t incload__picture_check(const incload__picture *picture, incload_error **err);

/* "PENDING" ... also "PARTIAL", "CANCELLED", "PAUSED"; "UNKNOWN" for other numbers. */
const char *incload__picture_word(int32_t state);
/* The same as one character that is told apart without colour. */
const char *incload__picture_mark(int32_t state);
/* A colour as #rrggbb that can be read in black and on black. */
const char *incload__picture_colour(int32_t state);
/* It was cancelled rather than broken. */
bool incload__picture_cancelled(int32_t state, const char *reason);
bool incload__picture_ended(int32_t state);
/* "" for NULL. */
const char *incload__picture_text(const char *text);
/* When it ended, or the time of the picture for what goes on; at least `start_us`. */
int64_t incload__picture_end(const incload__picture *picture, int64_t start_us, int64_t end_us);

/* How many units stand how. A step without units counts as one itself. */
typedef struct incload__picture_tally {
    int64_t total;
    int64_t by_status[INCLOAD_STATUS_SKIPPED + 1]; /* 0: of a status that does not exist */
} incload__picture_tally;

/* `each` has room for every step. */
void incload__picture_tallies(const incload__picture *picture, incload__picture_tally *each,
                              incload__picture_tally *all);

/* For people: 0 ms, 12.3 s, 4 min 05 s, 3 h 20 min, 2 d 04 h. */
void incload__picture_duration(incload__str *out, int64_t us);
/* 950, 12.3 k, 1.9 M. */
void incload__picture_amount(incload__str *out, int64_t value);
/* 2024-01-01T06:00:00.000000Z; nothing for 0. */
void incload__picture_instant(incload__str *out, int64_t us);

#endif
