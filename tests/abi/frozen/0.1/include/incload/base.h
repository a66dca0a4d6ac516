/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_BASE_H
#define INCLOAD_BASE_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
#define INCLOAD_BEGIN_DECLS extern "C" {
#define INCLOAD_END_DECLS }
#else
#define INCLOAD_BEGIN_DECLS
#define INCLOAD_END_DECLS
#endif
#if defined(__GNUC__)
#define INCLOAD_API __attribute__((visibility("default")))
#else
#define INCLOAD_API
#endif
#define INCLOAD_VERSION_MAJOR 0
#define INCLOAD_VERSION_MINOR 1
#define INCLOAD_VERSION_PATCH 0
enum {
    INCLOAD_OK = 0,
    INCLOAD_E_INVALID = -1,
    INCLOAD_E_NO_MEMORY = -2,
    INCLOAD_E_STATE = -3,
    INCLOAD_E_UNKNOWN_OPTION = -4,
    INCLOAD_E_UNSUPPORTED = -5,
    INCLOAD_E_FORKED = -6,
    INCLOAD_E_CONNECT = -10,
    INCLOAD_E_AUTH = -11,
    INCLOAD_E_PERMISSION = -12,
    INCLOAD_E_TIMEOUT = -13,
    INCLOAD_E_CANCELLED = -14,
    INCLOAD_E_CONFLICT = -15,
    INCLOAD_E_BUSY = -16,
    INCLOAD_E_NOT_FOUND = -20,
    INCLOAD_E_EXISTS = -21,
    INCLOAD_E_TYPE = -22,
    INCLOAD_E_DATA = -23,
    INCLOAD_E_CONSTRAINT = -24,
    INCLOAD_E_NULL_CURSOR = -25,
    INCLOAD_E_STATE_MISSING = -26,
    INCLOAD_E_SQL = -27,
    INCLOAD_E_PROTOCOL = -28,
    INCLOAD_E_COMMIT_UNKNOWN = -29,
    INCLOAD_E_CALLBACK = -30,
    INCLOAD_E_INTERNAL = -31,
    INCLOAD_E_CHECK = -32
};
enum { INCLOAD_DONE = 0x1C0AD };
typedef void (*incload_destroy_fn)(void *user_data);
typedef struct incload_error incload_error;
typedef struct incload_context incload_context;
typedef struct incload_database incload_database;
typedef struct incload_call incload_call;
typedef struct incload_strategy incload_strategy;
typedef struct incload_verification incload_verification;
typedef struct incload_watermark incload_watermark;
typedef struct incload_watermark_list incload_watermark_list;
typedef struct incload_step incload_step;
typedef struct incload_run incload_run;
typedef struct incload_unit incload_unit;
typedef struct incload_batch incload_batch;
typedef struct incload_event incload_event;
typedef struct incload_mock incload_mock;
typedef struct incload_recommendation incload_recommendation;
typedef struct incload_plan incload_plan;
typedef struct incload_lint incload_lint;
typedef struct incload_pipeline incload_pipeline;
typedef struct incload_backfill_plan incload_backfill_plan;
typedef struct incload_history incload_history;
typedef struct incload_unit_history incload_unit_history;
typedef struct incload_changes incload_changes;
typedef struct incload_debezium incload_debezium;
typedef struct incload_stream incload_stream;
typedef struct incload_change incload_change;
typedef struct incload_capture incload_capture;
#endif
