/* SPDX-License-Identifier: Apache-2.0 */
/* The strategy behind the public handle: its options as the engine reads them. */
#ifndef INCLOAD_LIB_LOAD_STRATEGY_H
#define INCLOAD_LIB_LOAD_STRATEGY_H

#include <incload/strategy.h>

#include "base/option.h"

extern const incload__option_table incload__strategy_options;

/* Indexes into the words of the option table: the order is fixed. */
enum { INCLOAD__WINDOW_ALL, INCLOAD__WINDOW_SINCE, INCLOAD__WINDOW_INTERVAL };
enum {
    INCLOAD__WRITE_APPEND,
    INCLOAD__WRITE_MERGE,
    INCLOAD__WRITE_INSERT_NEW,
    INCLOAD__WRITE_DELETE_INSERT,
    INCLOAD__WRITE_REPLACE_INTERVAL,
    INCLOAD__WRITE_REPLACE,
    INCLOAD__WRITE_SCD2,
    INCLOAD__WRITE_SWAP,
};
enum { INCLOAD__NULL_CURSOR_RAISE, INCLOAD__NULL_CURSOR_INCLUDE, INCLOAD__NULL_CURSOR_EXCLUDE };
enum { INCLOAD__MISSING_FAIL, INCLOAD__MISSING_DERIVE, INCLOAD__MISSING_FULL };
enum { INCLOAD__HORIZON_AUTO, INCLOAD__HORIZON_NONE };
enum { INCLOAD__DEEP_AUTO, INCLOAD__DEEP_ALWAYS, INCLOAD__DEEP_NEVER };
enum { INCLOAD__BAD_ROWS_FAIL, INCLOAD__BAD_ROWS_REJECT };
enum { INCLOAD__DELETES_NONE, INCLOAD__DELETES_KEYS, INCLOAD__DELETES_DIGEST };
enum { INCLOAD__REMOVE_HARD, INCLOAD__REMOVE_SOFT };
enum { INCLOAD__SWAP_RENAME, INCLOAD__SWAP_PARTITION };
enum { INCLOAD__ROAD_AUTO, INCLOAD__ROAD_SAME_DATABASE, INCLOAD__ROAD_RELAY, INCLOAD__ROAD_BATCHES };

enum { INCLOAD__SCD2_COLUMNS, INCLOAD__SCD2_TIMESTAMP };
enum { INCLOAD__SCD2_IGNORE, INCLOAD__SCD2_INVALIDATE, INCLOAD__SCD2_NEW_RECORD };
enum { INCLOAD__EVOLVE, INCLOAD__EVOLVE_IGNORE, INCLOAD__EVOLVE_ERROR };

typedef struct incload__strategy_values {
    int32_t window;
    int32_t write;
    char *cursor;
    char *key;     /* list */
    char *columns; /* list */
    int32_t null_cursor;
    char *initial;
    char *until;
    char *latest_by;
    int32_t missing_state;
    bool create_target;
    bool append_to_rows;
    int32_t road;
    int64_t batch_rows;
    int64_t batch_bytes;
    int64_t page_rows;
    int32_t horizon;
    int32_t deep;
    int64_t deep_every; /* ms */
    int64_t lookback;   /* ms */
    int64_t lookback_count;
    char *cursor_zone;
    int32_t detect_deletes;
    bool delete_all;
    int64_t min_rows;
    int64_t max_rows;
    int64_t max_shrink;   /* per cent; -1: the library's own limit */
    char *check_not_null; /* list */
    char *check_unique;   /* list */
    int32_t bad_rows;
    int64_t max_rejected;
    int64_t max_rejected_percent;
    int32_t scd2_compare;
    char *scd2_columns; /* list */
    int32_t scd2_deletes;
    char *valid_from_column;
    char *valid_to_column;
    char *current_column;
    char *is_deleted_column;
    int32_t new_columns;
    int32_t widened_types;
    int32_t dropped_columns;
    int32_t changed_types;
    bool allow_empty;
    char *delete_marker;
    int32_t deletes;
    char *deleted_column;
    char *deleted_at_column;
    int32_t swap_by;
    int64_t lock_timeout; /* ms */
    int64_t swap_wait;    /* ms */
    int64_t swap_retries;
    char *swap_partition;
} incload__strategy_values;

const incload__strategy_values *incload__strategy_values_of(const incload_strategy *strategy);
/* A load starts: the options stay as they are from now on. */
void incload__strategy_freeze(incload_strategy *strategy);

#endif
