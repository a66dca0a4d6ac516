/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a table that is to be loaded, told by the host or looked up; and the rules that make a strategy of
 * it. The rules are pure: they ask no server. */
#ifndef INCLOAD_LIB_LOAD_FACTS_H
#define INCLOAD_LIB_LOAD_FACTS_H

#include "base/option.h"
#include "driver/database.h"

extern const incload__option_table incload__facts_options;

/* Indexes into the words "unknown no yes". */
enum { INCLOAD__FACT_UNKNOWN, INCLOAD__FACT_NO, INCLOAD__FACT_YES };

typedef struct incload__facts {
    int64_t rows;  /* -1: not known */
    int64_t bytes; /* -1: not known */
    int32_t has_cursor;
    char *cursor;
    int32_t cursor_indexed;
    int64_t cursor_null_percent; /* -1: not known */
    int32_t has_key;
    char *key; /* list */
    int32_t supports_cdc;
    bool one_time;
    bool critical;
    bool deletes_matter;
    bool append_only;
    int64_t freshness; /* ms; 0: none was asked for */
    int64_t small_rows;
    int64_t most_null_percent;
    int64_t most_keys;
    int64_t slow_freshness; /* ms */
    int64_t look_timeout;   /* ms */
} incload__facts;

/* The facts that can be looked up. */
typedef enum incload__fact {
    INCLOAD__FACT_ROWS,
    INCLOAD__FACT_BYTES,
    INCLOAD__FACT_CURSOR,
    INCLOAD__FACT_CURSOR_INDEXED,
    INCLOAD__FACT_CURSOR_NULLS,
    INCLOAD__FACT_KEY,
    INCLOAD__FACT_CDC,
    INCLOAD__FACTS
} incload__fact;

extern const char *const incload__fact_names[INCLOAD__FACTS];

typedef enum incload__verdict {
    INCLOAD__VERDICT_DECIDED = 1, /* the first rule that fits */
    INCLOAD__VERDICT_STANDS_IN,   /* runs in place of one that is no strategy of a load */
    INCLOAD__VERDICT_FITS,        /* would do as well, but another comes first */
    INCLOAD__VERDICT_REFUSED      /* does not fit */
} incload__verdict;

enum { INCLOAD__RULES = 7 };

typedef struct incload__considered {
    const char *id;       /* static */
    const char *strategy; /* static */
    incload__verdict verdict;
    char *text; /* why, or why not */
} incload__considered;

typedef struct incload__advice {
    const incload__mem *mem;
    incload__facts facts;
    const char *origin[INCLOAD__FACTS]; /* static text: where a fact comes from */
    char *note[INCLOAD__FACTS];         /* what was seen; may be NULL */
    incload__considered rules[INCLOAD__RULES];
    int32_t decided; /* indexes of rules */
    int32_t runs;
    char *options;
    char *better;
} incload__advice;

/* Takes the facts from their text. To be freed also after a failure. */
int32_t incload__advice_init(incload__advice *advice, const incload__mem *mem, const char *facts, incload_error **err);
void incload__advice_free(incload__advice *advice);
/* Says where a fact comes from; `note` is taken over and may be NULL. */
void incload__advice_tell(incload__advice *advice, incload__fact fact, const char *origin, char *note);

/* advise.c: fills in the rules, the options and what would be better. */
int32_t incload__advise(incload__advice *advice, incload_error **err);

/* look.c: fills in what the host did not tell. Reads the catalogue, statistics, and a bounded number of rows. */
int32_t incload__look(incload__advice *advice, incload_database *source, const char *source_table,
                      incload_database *target, const char *target_table, incload_error **err);

#endif
