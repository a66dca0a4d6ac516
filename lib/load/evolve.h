/* SPDX-License-Identifier: Apache-2.0 */
/* The target's columns after those of the source: matching them, telling what has changed since the load ran before,
 * and changing the target by the strategy's options. */
#ifndef INCLOAD_LIB_LOAD_EVOLVE_H
#define INCLOAD_LIB_LOAD_EVOLVE_H

#include "dialect/evolve.h"
#include "load/internal.h"
#include "state/loaded.h"

typedef enum incload__change_kind {
    INCLOAD__ADD_COLUMN,
    INCLOAD__CHANGE_TYPE,
    INCLOAD__DROP_COLUMN
} incload__change_kind;

/* One change of the target. */
typedef struct incload__change {
    incload__change_kind kind;
    char *name;
    char *native; /* the type it gets; NULL: none */
    incload__type from, to;
    bool required; /* it had to have a value so far */
} incload__change;

struct incload__evolve {
    incload__loaded before; /* what the load before filled; nothing is known of another table */
    incload__loaded after;
    char *document; /* of before, as it stands in the ledger; NULL: there is none */
    incload__change *changes;
    int32_t change_count;
    char **told; /* one line for each thing that a person should know */
    int32_t told_count;
    bool is_told;
};

/* The matching at work. */
typedef struct incload__matching {
    incload__load *load;
    struct incload__evolve *evolve;
    incload__list *names;
    const incload__schema *all; /* the target's columns */
    incload__str refusals;
    int32_t code; /* of the first refusal; INCLOAD_OK: there is none */
    bool gone;    /* some column is refused since the source lost it */
    char table[200];
} incload__matching;

/* Several things may not fit: all are told at once. */
void incload__refuse(incload__matching *m, int32_t code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A line for a person; takes the text over. */
int32_t incload__evolve_say(incload__load *load, incload__str *text, incload_error **err);
/* A change of `column`, as it is or is to be; `native` may be NULL. */
int32_t incload__evolve_add(incload__matching *m, incload__change_kind kind, const incload__column *column,
                            const char *native, incload__type to, incload_error **err);
/* The type in the database's own words where they are known. `buffer` of at least 48 bytes. */
const char *incload__type_words(const char *native, incload__type type, char *buffer, size_t size);

/* evolve_gone.c: columns that the load before filled and the source no longer has; then the host's own ones, which must
 * do without a value. */
int32_t incload__evolve_gone(incload__matching *m, incload_error **err);
int32_t incload__evolve_required(const incload__matching *m, incload_error **err);
/* evolve_type.c: the target's column `to` for the source's column `index`, added to load->target. */
int32_t incload__evolve_type(incload__matching *m, int32_t index, const incload__column *to, incload_error **err);

#endif
