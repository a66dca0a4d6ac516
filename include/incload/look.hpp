// SPDX-License-Identifier: Apache-2.0
/**
 * @file look.hpp
 * @brief What is known before, between and after runs: plans, advice, watermarks, verifications and the ledger.
 */
#ifndef INCLOAD_LOOK_HPP
#define INCLOAD_LOOK_HPP

#include <incload/load.hpp>

namespace incload {

/** The durable position of a load, as it was when it was read: see watermark.h. */
class watermark : public detail::handle<incload_watermark, incload_watermark_unref> {
public:
    watermark(const database &target, const std::string &load)
        : handle(detail::call(incload_watermark_open, target.get(), load.c_str()))
    {
    }

    void refresh() const { detail::call(incload_watermark_refresh, get()); }
    /** Nothing when the load never completed, was reset, or has no cursor. */
    std::optional<std::string> value() const { return detail::maybe(incload_watermark_value(get())); }
    std::string load() const { return detail::text(incload_watermark_load(get())); }
    std::string type() const { return detail::text(incload_watermark_type(get())); }
    std::string document() const { return detail::text(incload_watermark_document(get())); }
    std::string describe() const { return detail::text(incload_watermark_describe(get())); }
    std::string level() const { return detail::text(incload_watermark_level(get())); }
    std::int64_t version() const noexcept { return incload_watermark_version(get()); }
    std::int64_t updated_us() const noexcept { return incload_watermark_updated_us(get()); }
    /** The next load reads from there; throws INCLOAD_E_BUSY when it has changed since it was read. */
    void set(const std::string &moved_to) const { detail::call(incload_watermark_set, get(), moved_to.c_str()); }
    void reset() const { detail::call(incload_watermark_reset, get()); }

    struct entry {
        std::optional<std::string> value; /**< nothing: it was reset */
        std::int64_t version;
        std::int64_t time_us;
        std::string run_id; /**< empty when it was moved by hand */
    };
    /** The latest 1000 changes, the latest first. */
    std::vector<entry> history() const
    {
        std::vector<entry> found;
        std::int32_t count = detail::call(incload_watermark_history_count, get());
        for (std::int32_t i = 0; i < count; i++)
            found.push_back({ detail::maybe(incload_watermark_history_value(get(), i)),
                              incload_watermark_history_version(get(), i),
                              incload_watermark_history_time_us(get(), i),
                              detail::text(incload_watermark_history_run_id(get(), i)) });
        return found;
    }
    /** Those of all loads that a database keeps, by the load's name. */
    static std::map<std::string, std::optional<std::string>> all(const database &target)
    {
        detail::handle<incload_watermark_list, incload_watermark_list_unref> list(
            detail::call(incload_watermark_list_new, target.get()));
        std::map<std::string, std::optional<std::string>> found;
        for (std::int32_t i = 0; i < incload_watermark_list_count(list.get()); i++)
            found[incload_watermark_list_load(list.get(), i)] =
                detail::maybe(incload_watermark_list_value(list.get(), i));
        return found;
    }
};

/** What a run of a load would do: see plan.h. */
class plan : public detail::handle<incload_plan, incload_plan_unref> {
public:
    explicit plan(const step &load) : handle(detail::call(incload_step_plan, load.get())) {}

    std::optional<std::string> watermark() const { return detail::maybe(incload_plan_watermark(get())); }
    std::optional<std::string> low() const { return detail::maybe(incload_plan_low(get())); }
    std::optional<std::string> high() const { return detail::maybe(incload_plan_high(get())); }
    std::string road() const { return detail::text(incload_plan_road(get())); }
    std::string road_reason() const { return detail::text(incload_plan_road_reason(get())); }
    std::string level() const { return detail::text(incload_plan_level(get())); }
    std::string level_reason() const { return detail::text(incload_plan_level_reason(get())); }
    std::string estimate_origin() const { return detail::text(incload_plan_estimate_origin(get())); }
    std::string busy() const { return detail::text(incload_plan_busy(get())); }
    std::string text() const { return detail::text(incload_plan_text(get())); }
    std::string json() const { return detail::text(incload_plan_json(get())); }
    std::int64_t estimated_rows() const noexcept { return incload_plan_estimated_rows(get()); }
    bool creates_target() const noexcept { return incload_plan_creates_target(get()) != 0; }
    bool creates_ledger() const noexcept { return incload_plan_creates_ledger(get()) != 0; }
    bool is_idle() const noexcept { return incload_plan_is_idle(get()) != 0; }

    struct planned {
        std::string sql, side, purpose, lock;
        std::int32_t parameters;
    };
    /** Every statement of the run, in its order. */
    std::vector<planned> statements() const
    {
        std::vector<planned> found;
        for (std::int32_t i = 0; i < incload_plan_statement_count(get()); i++)
            found.push_back({ incload_plan_statement(get(), i), incload_plan_statement_side(get(), i),
                              incload_plan_statement_purpose(get(), i), incload_plan_statement_lock(get(), i),
                              incload_plan_statement_parameters(get(), i) });
        return found;
    }
};

/** What a run of a backfill would do: see backfill.h. */
class backfill_plan : public detail::handle<incload_backfill_plan, incload_backfill_plan_unref> {
public:
    explicit backfill_plan(const step &backfill) : handle(detail::call(incload_backfill_plan_new, backfill.get())) {}

    std::string first() const { return detail::text(incload_backfill_plan_first(get())); }
    std::string last() const { return detail::text(incload_backfill_plan_last(get())); }
    std::string fingerprint() const { return detail::text(incload_backfill_plan_fingerprint(get())); }
    std::int64_t units() const noexcept { return incload_backfill_plan_units(get()); }
    std::int64_t taken() const noexcept { return incload_backfill_plan_taken(get()); }
};

/** What a load should have and has not: see advice.h. */
class lint : public detail::handle<incload_lint, incload_lint_unref> {
public:
    explicit lint(const step &load) : handle(detail::call(incload_step_lint, load.get())) {}

    std::string text() const { return detail::text(incload_lint_text(get())); }
    std::string json() const { return detail::text(incload_lint_json(get())); }

    struct finding {
        std::int32_t severity; /**< INCLOAD_SEVERITY_... */
        std::string id, object, what, remedy;
    };
    std::vector<finding> findings() const
    {
        std::vector<finding> found;
        for (std::int32_t i = 0; i < incload_lint_count(get()); i++)
            found.push_back({ incload_lint_severity(get(), i), incload_lint_id(get(), i), incload_lint_object(get(), i),
                              incload_lint_what(get(), i), incload_lint_remedy(get(), i) });
        return found;
    }
};

/** Whether a target equals its source: see verify.h. */
class verification : public detail::handle<incload_verification, incload_verification_unref> {
public:
    explicit verification(const step &load, const options &given = {})
        : handle(detail::call(incload_verification_new, load.get(), given.c_str()))
    {
    }

    /** Rows that differ are no error. */
    void run() const { detail::call(incload_verification_run, get()); }
    /** From any thread. */
    void cancel() const noexcept { incload_verification_cancel(get()); }
    std::string source_digest() const { return detail::text(incload_verification_source_digest(get())); }
    std::string target_digest() const { return detail::text(incload_verification_target_digest(get())); }
    std::string digest() const { return detail::text(incload_verification_digest(get())); }
    std::string digest_reason() const { return detail::text(incload_verification_digest_reason(get())); }
    std::int64_t source_rows() const noexcept { return incload_verification_source_rows(get()); }
    std::int64_t target_rows() const noexcept { return incload_verification_target_rows(get()); }
    std::int64_t missing() const noexcept { return incload_verification_missing(get()); }
    std::int64_t extra() const noexcept { return incload_verification_extra(get()); }
    std::int64_t changed() const noexcept { return incload_verification_changed(get()); }
    std::int64_t duplicated() const noexcept { return incload_verification_duplicated(get()); }
    std::int64_t pending() const noexcept { return incload_verification_pending(get()); }
    std::int64_t rows_read() const noexcept { return incload_verification_rows_read(get()); }
    std::int64_t bytes() const noexcept { return incload_verification_bytes(get()); }
    std::int64_t duration_us() const noexcept { return incload_verification_duration_us(get()); }
    bool is_equal() const noexcept { return incload_verification_is_equal(get()) != 0; }
    bool is_exact() const noexcept { return incload_verification_is_exact(get()) != 0; }

    struct difference {
        std::int32_t kind; /**< INCLOAD_DIFFERENCE_... */
        std::string key;   /**< row data */
        std::string columns;
        std::int64_t source_rows, target_rows;
    };
    std::vector<difference> differences() const
    {
        std::vector<difference> found;
        for (std::int32_t i = 0; i < incload_verification_difference_count(get()); i++)
            found.push_back({ incload_verification_difference_kind(get(), i),
                              incload_verification_difference_key(get(), i),
                              incload_verification_difference_columns(get(), i),
                              incload_verification_difference_source_rows(get(), i),
                              incload_verification_difference_target_rows(get(), i) });
        return found;
    }
};

/** The runs that a ledger keeps, the newest first: see history.h. */
class history : public detail::handle<incload_history, incload_history_unref> {
public:
    /** Of a pipeline or backfill; an empty name is all. */
    history(const database &ledger, const std::string &name, std::int32_t limit)
        : handle(detail::call(incload_history_new, ledger.get(), name.empty() ? nullptr : name.c_str(), limit))
    {
    }

    struct past_run {
        std::string id, name, key, kind, status;
        std::int64_t started_us, finished_us, units, failed, attempt;
    };
    std::vector<past_run> runs() const
    {
        std::vector<past_run> found;
        for (std::int32_t i = 0; i < incload_history_count(get()); i++)
            found.push_back({ incload_history_run_id(get(), i), incload_history_name(get(), i),
                              incload_history_key(get(), i), incload_history_kind(get(), i),
                              incload_history_status_name(get(), i), incload_history_started_us(get(), i),
                              incload_history_finished_us(get(), i), incload_history_units(get(), i),
                              incload_history_failed(get(), i), incload_history_attempt(get(), i) });
        return found;
    }
    /** Asks a run, by its place in runs(), to stop in all processes. */
    void cancel(std::int32_t index) const { detail::call(incload_history_cancel, get(), index); }
};

/** The steps or units of one run: see history.h. */
class unit_history : public detail::handle<incload_unit_history, incload_unit_history_unref> {
public:
    unit_history(const database &ledger, const std::string &run_id, std::int64_t from, std::int32_t limit)
        : handle(detail::call(incload_unit_history_new, ledger.get(), run_id.c_str(), from, limit))
    {
    }

    struct past_unit {
        std::int64_t place;
        std::string label, status;
        std::int32_t attempts;
        std::int64_t rows_written, started_us, finished_us;
        std::int32_t error_code;
        std::string error;
    };
    std::vector<past_unit> units() const
    {
        std::vector<past_unit> found;
        for (std::int32_t i = 0; i < incload_unit_history_count(get()); i++)
            found.push_back({ incload_unit_history_place(get(), i), incload_unit_history_label(get(), i),
                              incload_unit_history_status_name(get(), i), incload_unit_history_attempts(get(), i),
                              incload_unit_history_rows_written(get(), i), incload_unit_history_started_us(get(), i),
                              incload_unit_history_finished_us(get(), i), incload_unit_history_error_code(get(), i),
                              incload_unit_history_error(get(), i) });
        return found;
    }
};

/** Which strategy fits: see advice.h. */
class recommendation : public detail::handle<incload_recommendation, incload_recommendation_unref> {
public:
    explicit recommendation(const options &facts)
        : handle(detail::call(incload_strategy_recommend, facts.c_str()))
    {
    }
    recommendation(const database &source, const std::string &source_table, const database &target,
                   const std::string &target_table, const options &facts = {})
        : handle(detail::call(incload_strategy_recommend_for, source.get(), source_table.c_str(), target.get(),
                              target_table.c_str(), facts.c_str()))
    {
    }

    std::string preset() const { return detail::text(incload_recommendation_strategy(get())); }
    std::string ideal() const { return detail::text(incload_recommendation_ideal(get())); }
    std::string rule() const { return detail::text(incload_recommendation_rule(get())); }
    std::string reason() const { return detail::text(incload_recommendation_reason(get())); }
    std::string better() const { return detail::text(incload_recommendation_better(get())); }
    std::string text() const { return detail::text(incload_recommendation_text(get())); }
    std::string json() const { return detail::text(incload_recommendation_json(get())); }
    incload::strategy strategy() const
    {
        return incload::strategy(preset(), options(incload_recommendation_options(get())));
    }
};

} // namespace incload

#endif // INCLOAD_LOOK_HPP
