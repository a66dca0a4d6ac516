/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file advice.h
 * @brief Which strategy fits a table, and why; and what of a step will cost speed or rows.
 */
#ifndef INCLOAD_ADVICE_H
#define INCLOAD_ADVICE_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/** What became of a rule. @since 0.1 */
enum {
    INCLOAD_VERDICT_DECIDED = 1,   /**< the first that fits: it names what is best */
    INCLOAD_VERDICT_STANDS_IN = 2, /**< what is recommended, since what is best is no strategy of a load */
    INCLOAD_VERDICT_FITS = 3,      /**< would do as well, but an earlier rule came first */
    INCLOAD_VERDICT_REFUSED = 4    /**< does not fit */
};

/**
 * @brief The strategy that fits these facts.
 * @param facts  `key=value` pairs of the object `"facts"`, or NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * The rules, of which the first that fits decides: critical tables are swapped; small ones are loaded whole; history
 * that is loaded once is backfilled; a source that tells its changes is followed; a table with a timestamp is loaded by
 * it; one with a key is read whole and merged; another is read whole and replaced. What is recommended can be carried
 * out by this version of the library; what would be better is told with it.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_recommendation *incload_strategy_recommend(const char *facts, incload_error **err);

/**
 * @brief As incload_strategy_recommend(), in a context of the host.
 * @param context  a context
 * @param facts  as for incload_strategy_recommend()
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: as incload_strategy_recommend().
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_recommendation *incload_strategy_recommend_in(incload_context *context, const char *facts,
                                                                  incload_error **err);

/**
 * @brief The strategy that fits a table, with the facts that were not told looked up.
 * @param source  where the rows are
 * @param source_table  in the form of incload_step_new_load()
 * @param target  where they are to go
 * @param target_table  in the same form; need not exist
 * @param facts  what the host knows better, as for incload_strategy_recommend(); may be NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Looks at the catalogue and the statistics, and at rows only up to the fact `small_rows`, in read-only transactions;
 * nothing is changed. What cannot be found out within the fact `look_timeout` is taken as not known.
 *
 * Errors: as incload_strategy_recommend(), #INCLOAD_E_NOT_FOUND (no such source table), #INCLOAD_E_UNSUPPORTED (a kind
 * of database that cannot be looked at), #INCLOAD_E_CONNECT, #INCLOAD_E_AUTH, #INCLOAD_E_PERMISSION,
 * #INCLOAD_E_TIMEOUT, #INCLOAD_E_SQL.
 * Threads: any. Blocking: at most about the fact `look_timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_recommendation *incload_strategy_recommend_for(incload_database *source, const char *source_table,
                                                                   incload_database *target, const char *target_table,
                                                                   const char *facts, incload_error **err);

/**
 * @brief Take another reference.
 * @param recommendation  a recommendation, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_recommendation *incload_recommendation_ref(incload_recommendation *recommendation);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param recommendation  a recommendation, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_recommendation_unref(incload_recommendation *recommendation);

/**
 * @brief The preset to hand to incload_strategy_new().
 * @param recommendation  a recommendation, or NULL (returns `""`)
 * @return static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_strategy(const incload_recommendation *recommendation);

/**
 * @brief The options to hand to incload_strategy_new() with it.
 * @param recommendation  a recommendation, or NULL (returns `""`)
 * @return borrowed; `""` where none are needed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_options(const incload_recommendation *recommendation);

/**
 * @brief What fits best: the strategy itself, or what is a step of its own (`"cdc"`, `"backfill"`).
 * @param recommendation  a recommendation, or NULL (returns `""`)
 * @return static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_ideal(const incload_recommendation *recommendation);

/**
 * @brief The rule that decided: `"critical"`, `"small"`, `"one_time"`, `"cdc"`, `"timestamps"`, `"keyed"` or
 * `"otherwise"`.
 * @param recommendation  a recommendation, or NULL (returns `""`)
 * @return static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_rule(const incload_recommendation *recommendation);

/**
 * @brief Why that rule fits, with the figures.
 * @param recommendation  a recommendation, or NULL (returns `""`)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_reason(const incload_recommendation *recommendation);

/**
 * @brief What it would take for a better strategy, or a better run of this one.
 * @param recommendation  a recommendation, or NULL (returns `""`)
 * @return borrowed; `""` when there is nothing to say
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_better(const incload_recommendation *recommendation);

/**
 * @brief How many rules there are; all are considered.
 * @param recommendation  a recommendation, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_recommendation_rule_count(const incload_recommendation *recommendation);

/**
 * @brief The id of a rule, in the order in which they decide.
 * @param recommendation  a recommendation, or NULL (returns NULL)
 * @param index  from 0
 * @return static text; NULL for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_rule_id(const incload_recommendation *recommendation, int32_t index);

/**
 * @brief The strategy that a rule names.
 * @param recommendation  a recommendation, or NULL (returns NULL)
 * @param index  from 0
 * @return static text; NULL for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_rule_strategy(const incload_recommendation *recommendation,
                                                             int32_t index);

/**
 * @brief What became of a rule.
 * @param recommendation  a recommendation, or NULL (returns 0)
 * @param index  from 0
 * @return one of `INCLOAD_VERDICT_...`; 0 for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_recommendation_rule_verdict(const incload_recommendation *recommendation, int32_t index);

/**
 * @brief Why a rule fits, or why it does not.
 * @param recommendation  a recommendation, or NULL (returns NULL)
 * @param index  from 0
 * @return borrowed; NULL for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_rule_text(const incload_recommendation *recommendation, int32_t index);

/**
 * @brief A fact as it was told or found.
 * @param recommendation  a recommendation, or NULL (returns NULL)
 * @param name  an option of the object `"facts"`
 * @return borrowed; NULL for a name that is no fact
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_fact(const incload_recommendation *recommendation, const char *name);

/**
 * @brief Where a fact comes from: `"told"`, `"catalogue"`, `"statistics"`, `"counted"` or `"not known"`.
 * @param recommendation  a recommendation, or NULL (returns NULL)
 * @param name  `rows`, `bytes`, `cursor`, `cursor_indexed`, `cursor_null_percent`, `key` or `supports_cdc`
 * @return static text; NULL for another name
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_fact_origin(const incload_recommendation *recommendation,
                                                           const char *name);

/**
 * @brief What was seen of it.
 * @param recommendation  a recommendation, or NULL (returns NULL)
 * @param name  as for incload_recommendation_fact_origin()
 * @return borrowed; `""` when there is nothing to say; NULL for another name
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_fact_note(const incload_recommendation *recommendation,
                                                         const char *name);

/**
 * @brief All of it for people: the call to make, why, the facts, every rule, and what would be better.
 * @param recommendation  a recommendation, or NULL (returns `""`)
 * @return borrowed; several lines
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_text(const incload_recommendation *recommendation);

/**
 * @brief All of it for programs, as one JSON object.
 * @param recommendation  a recommendation, or NULL (returns `""`)
 * @return borrowed; members `strategy`, `options`, `ideal`, `rule`, `reason`, `better`, `facts`, `rules`
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_recommendation_json(const incload_recommendation *recommendation);

/** How much a finding matters. @since 0.1 */
enum {
    INCLOAD_SEVERITY_INFO = 1,    /**< good to know */
    INCLOAD_SEVERITY_WARNING = 2, /**< costs speed, or rows in the end */
    INCLOAD_SEVERITY_ERROR = 3    /**< no run can succeed */
};

/**
 * @brief What of a step's tables, columns and servers will cost speed or rows.
 * @param step  a step
 * @param err  where the error goes; may be NULL
 * @return a new reference, with no findings where nothing is wrong; or NULL
 *
 * Looks at the catalogues, and at who is at work on the source right now, in read-only transactions. Of a step that
 * loads a query only the target is looked at.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NOT_FOUND (no such source table), #INCLOAD_E_UNSUPPORTED (a group, or a kind
 * of database that cannot be looked at), #INCLOAD_E_CONNECT, #INCLOAD_E_AUTH, #INCLOAD_E_PERMISSION,
 * #INCLOAD_E_TIMEOUT, #INCLOAD_E_SQL, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: at most about the target's option `statement_timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_lint *incload_step_lint(incload_step *step, incload_error **err);

/**
 * @brief Take another reference.
 * @param lint  findings, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_lint *incload_lint_ref(incload_lint *lint);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param lint  findings, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_lint_unref(incload_lint *lint);

/**
 * @brief How many findings there are.
 * @param lint  findings, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_lint_count(const incload_lint *lint);

/**
 * @brief The id of a finding, such as `"cursor_not_indexed"`: for programs, and never changed.
 * @param lint  findings, or NULL (returns NULL)
 * @param index  from 0
 * @return static text; NULL for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_lint_id(const incload_lint *lint, int32_t index);

/**
 * @brief What it was found on: a table, a column as `table.column`, or a server.
 * @param lint  findings, or NULL (returns NULL)
 * @param index  from 0
 * @return borrowed; NULL for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_lint_object(const incload_lint *lint, int32_t index);

/**
 * @brief What happens because of it.
 * @param lint  findings, or NULL (returns NULL)
 * @param index  from 0
 * @return static text; NULL for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_lint_what(const incload_lint *lint, int32_t index);

/**
 * @brief What to do about it.
 * @param lint  findings, or NULL (returns NULL)
 * @param index  from 0
 * @return static text; NULL for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_lint_remedy(const incload_lint *lint, int32_t index);

/**
 * @brief How much a finding matters.
 * @param lint  findings, or NULL (returns 0)
 * @param index  from 0
 * @return one of `INCLOAD_SEVERITY_...`; 0 for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_lint_severity(const incload_lint *lint, int32_t index);

/**
 * @brief All findings for people, one a line.
 * @param lint  findings, or NULL (returns `""`)
 * @return borrowed; `""` when there are none
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_lint_text(const incload_lint *lint);

/**
 * @brief All findings for programs, as one JSON array.
 * @param lint  findings, or NULL (returns `""`)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_lint_json(const incload_lint *lint);

INCLOAD_END_DECLS

#endif /* INCLOAD_ADVICE_H */
