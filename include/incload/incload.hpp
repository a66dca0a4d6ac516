// SPDX-License-Identifier: Apache-2.0
/**
 * @file incload.hpp
 * @brief The library from C++17: handles that move, exceptions, and lambdas where C has function pointers.
 *
 * Nothing here is compiled into the library: every function calls the C function of the same name, whose header tells
 * its errors, threads and blocking. An error is thrown as incload::error. A function of the host that throws fails its
 * unit alone; what it threw is error::origin().
 */
#ifndef INCLOAD_INCLOAD_HPP
#define INCLOAD_INCLOAD_HPP

#include <incload/incload.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace incload {

/** What went wrong: see error.h. */
class error : public std::exception {
public:
    /** Takes the reference over. */
    explicit error(incload_error *taken) noexcept : held(taken, incload_error_unref) {}

    const char *what() const noexcept override { return incload_error_message(held.get()); }
    std::int32_t code() const noexcept { return incload_error_code(held.get()); }
    const char *name() const noexcept { return incload_error_name(held.get()); }
    const char *sqlstate() const noexcept { return incload_error_sqlstate(held.get()); }
    std::int64_t native_code() const noexcept { return incload_error_native_code(held.get()); }
    bool retryable() const noexcept { return incload_error_is_retryable(held.get()) != 0; }
    const char *step() const noexcept { return incload_error_step(held.get()); }
    const char *unit() const noexcept { return incload_error_unit(held.get()); }
    const incload_error *get() const noexcept { return held.get(); }

    std::map<std::string, std::string> details() const
    {
        std::map<std::string, std::string> found;
        for (std::int32_t i = 0; i < incload_error_detail_count(held.get()); i++)
            found[incload_error_detail_key(held.get(), i)] = incload_error_detail_value(held.get(), i);
        return found;
    }

    /** What a function of the host threw, if that is why; else null. */
    std::exception_ptr origin() const noexcept { return thrown; }
    void set_origin(std::exception_ptr from) noexcept { thrown = std::move(from); }

private:
    std::shared_ptr<incload_error> held;
    std::exception_ptr thrown;
};

/** Options as the library reads them: `options{{"cursor", "updated_at"}, {"key", "id"}}`. */
class options {
public:
    options() = default;
    options(const char *text) : written(text == nullptr ? "" : text) {}
    options(std::string text) : written(std::move(text)) {}
    options(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs)
    {
        for (const auto &pair : pairs)
            add(pair.first, pair.second);
    }

    options &add(std::string_view name, std::string_view value)
    {
        written.append(written.empty() ? "" : " ").append(name).append("='");
        for (char letter : value) {
            if (letter == '\\' || letter == '\'')
                written.push_back('\\');
            written.push_back(letter);
        }
        written.push_back('\'');
        return *this;
    }

    const char *c_str() const noexcept { return written.c_str(); }

private:
    std::string written;
};

namespace detail {

/** Calls a function whose last parameter is the error, and throws it. */
template <class Function, class... Arguments>
auto call(Function function, Arguments... arguments)
{
    incload_error *failure = nullptr;
    auto result = function(arguments..., &failure);
    if (failure != nullptr)
        throw error(failure);
    return result;
}

template <class T, void (*Unref)(T *)>
struct give_back {
    void operator()(T *held) const noexcept { Unref(held); }
};

/** One reference, given back when it is dropped. */
template <class T, void (*Unref)(T *)>
class handle {
public:
    explicit handle(T *taken) noexcept : held(taken) {}
    T *get() const noexcept { return held.get(); }
    T *release() noexcept { return held.release(); }
    explicit operator bool() const noexcept { return held != nullptr; }

private:
    std::unique_ptr<T, give_back<T, Unref>> held;
};

/** What functions of the host threw, by step and unit: shared by all that may run them. */
class thrown {
public:
    void keep(const incload_unit *unit)
    {
        std::lock_guard<std::mutex> guard(lock);
        last[{ incload_unit_run_id(unit), incload_unit_label(unit) }] = std::current_exception();
        latest[incload_unit_run_id(unit)] = std::current_exception();
    }

    std::exception_ptr find(const std::string &run_id, const std::string &unit)
    {
        std::lock_guard<std::mutex> guard(lock);
        auto exact = last.find({ run_id, unit });
        if (exact != last.end())
            return exact->second;
        auto any = latest.find(run_id);
        return any != latest.end() ? any->second : nullptr;
    }

    void forget(const std::string &run_id)
    {
        std::lock_guard<std::mutex> guard(lock);
        latest.erase(run_id);
        auto from = last.lower_bound({ run_id, "" });
        while (from != last.end() && from->first.first == run_id)
            from = last.erase(from);
    }

private:
    std::mutex lock;
    std::map<std::pair<std::string, std::string>, std::exception_ptr> last;
    std::map<std::string, std::exception_ptr> latest;
};

using throwers = std::vector<std::shared_ptr<thrown>>;

} // namespace detail

/** A context: see context.h. */
class context : public detail::handle<incload_context, incload_context_unref> {
public:
    explicit context(const options &given = {}) : handle(detail::call(incload_context_new, given.c_str())) {}
};

/** A database: see database.h. */
class database : public detail::handle<incload_database, incload_database_unref> {
public:
    explicit database(const std::string &url, const options &given = {})
        : handle(detail::call(incload_database_new, url.c_str(), given.c_str()))
    {
    }
    database(const context &in, const std::string &url, const options &given = {})
        : handle(detail::call(incload_database_new_in, in.get(), url.c_str(), given.c_str()))
    {
    }

    void check() const { detail::call(incload_database_check, get()); }
    std::string dialect() const { return detail::call(incload_database_dialect, get()); }
    /** Rows affected; -1 when the server does not say. */
    std::int64_t execute(const std::string &sql) const
    {
        std::int64_t rows = -1;
        detail::call(incload_database_execute, get(), sql.c_str(), &rows);
        return rows;
    }
    /** The caller releases the stream. */
    void query(const std::string &sql, ArrowArrayStream *out) const
    {
        detail::call(incload_database_query, get(), sql.c_str(), out);
    }
};

/** A strategy: see strategy.h. */
class strategy : public detail::handle<incload_strategy, incload_strategy_unref> {
public:
    explicit strategy(const std::string &preset, const options &given = {})
        : handle(detail::call(incload_strategy_new, preset.c_str(), given.c_str()))
    {
    }
};

/** What a unit's function may return; a function that returns nothing is done. */
enum class outcome : std::int32_t {
    done = INCLOAD_DONE,
    skip = INCLOAD_SKIP,
    short_circuit = INCLOAD_SHORT_CIRCUIT,
    retry = INCLOAD_RETRY,
    fail = INCLOAD_FAIL,
    throttled = INCLOAD_THROTTLED,
    yield = INCLOAD_YIELD
};

/** A unit, borrowed for the call: see unit.h. */
class unit {
public:
    explicit unit(incload_unit *borrowed) noexcept : held(borrowed) {}

    incload_unit *get() const noexcept { return held; }
    std::string label() const { return incload_unit_label(held); }
    std::string step() const { return incload_unit_step(held); }
    std::string run_id() const { return incload_unit_run_id(held); }
    std::string key() const { return incload_unit_key(held); }
    std::int32_t attempt() const noexcept { return incload_unit_attempt(held); }
    std::int64_t low() const noexcept { return incload_unit_low(held); }
    std::int64_t high() const noexcept { return incload_unit_high(held); }
    bool cancelled() const noexcept { return incload_unit_is_cancelled(held) != 0; }
    bool beat() const noexcept { return incload_unit_beat(held) != 0; }
    void again_in(std::int64_t delay_ms) const noexcept { incload_unit_again_in(held, delay_ms); }
    void add_rows(std::int64_t read, std::int64_t written) const noexcept
    {
        incload_unit_add_rows(held, read, written);
    }
    void set_result(std::string_view data) const
    {
        detail::call(incload_unit_set_result, held, static_cast<const void *>(data.data()), data.size());
    }
    std::optional<std::string_view> input(const std::string &step_name) const
    {
        std::size_t size = 0;
        const void *data = incload_unit_input(held, step_name.c_str(), &size);
        if (data == nullptr)
            return std::nullopt;
        return std::string_view(static_cast<const char *>(data), size);
    }
    void leave_out(const std::string &step_name) const
    {
        detail::call(incload_unit_leave_out, held, step_name.c_str());
    }

private:
    incload_unit *held;
};

/** A batch, borrowed for the call: see batch.h. */
class batch {
public:
    explicit batch(incload_batch *borrowed) noexcept : held(borrowed) {}

    incload_batch *get() const noexcept { return held; }
    std::int64_t rows() const noexcept { return incload_batch_rows(held); }
    void export_to(ArrowSchema *schema, ArrowArray *array) const
    {
        detail::call(incload_batch_export, held, schema, array);
    }
    void replace(ArrowSchema *schema, ArrowArray *array) const
    {
        detail::call(incload_batch_replace, held, schema, array);
    }
    void keep(const std::vector<bool> &rows_kept) const
    {
        std::vector<std::uint8_t> bits((rows_kept.size() + 7) / 8);
        for (std::size_t i = 0; i < rows_kept.size(); i++)
            bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | (rows_kept[i] ? 1u << (i % 8) : 0u));
        detail::call(incload_batch_keep, held, static_cast<const std::uint8_t *>(bits.data()), bits.size());
    }

private:
    incload_batch *held;
};

/** One execution: see run.h. */
class run : public detail::handle<incload_run, incload_run_unref> {
public:
    run(incload_run *taken, detail::throwers from) noexcept : handle(taken), functions(std::move(from)) {}
    run(run &&) = default;
    run &operator=(run &&) = default;
    ~run()
    {
        if (get() != nullptr) {
            for (const auto &one : functions)
                one->forget(id());
        }
    }

    std::string id() const { return incload_run_id(get()); }
    std::string status() const { return incload_run_status_name(get()); }
    bool succeeded() const noexcept { return incload_run_status(get()) == INCLOAD_STATUS_SUCCESS; }
    std::int64_t rows_read() const noexcept { return incload_run_rows_read(get()); }
    std::int64_t rows_written() const noexcept { return incload_run_rows_written(get()); }
    std::int64_t rows_deleted() const noexcept { return incload_run_rows_deleted(get()); }
    std::int64_t rows_rejected() const noexcept { return incload_run_rows_rejected(get()); }
    std::int64_t rows_skipped() const noexcept { return incload_run_rows_skipped(get()); }
    std::string road() const { return incload_run_road(get()); }
    std::string level() const { return incload_run_level(get()); }
    std::optional<std::string> watermark() const
    {
        const char *value = incload_run_watermark(get());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    }

    void cancel() const noexcept { incload_run_cancel(get()); }
    void participate() const { detail::call(incload_run_participate, get()); }
    /** False when it goes on after the time; throws when it failed. Negative waits for ever. */
    bool wait(std::int64_t timeout_ms = -1) const
    {
        incload_error *failure = nullptr;
        std::int32_t code = incload_run_wait(get(), timeout_ms, &failure);
        if (failure != nullptr)
            throw told(error(failure));
        return code == INCLOAD_OK;
    }
    /** Why it failed, or nothing. */
    std::optional<error> failure() const
    {
        incload_error *failed = incload_run_error(get());
        return failed == nullptr ? std::nullopt : std::optional<error>(told(error(failed)));
    }

    struct failed_unit {
        std::string label;
        error why;
        std::int32_t attempts;
    };
    /** Units that failed for good. */
    std::vector<failed_unit> failed() const
    {
        std::vector<failed_unit> found;
        for (std::int32_t i = 0; i < incload_run_failed_count(get()); i++) {
            std::string label = incload_run_failed_label(get(), i);
            error why(incload_run_failed_error(get(), i));
            why.set_origin(origin_of(label));
            found.push_back({ label, std::move(why), incload_run_failed_attempts(get(), i) });
        }
        return found;
    }
    /** How each step stands, by its name. */
    std::map<std::string, std::string> steps() const
    {
        std::map<std::string, std::string> found;
        for (std::int32_t i = 0; i < incload_run_step_count(get()); i++)
            found[incload_run_step_name(get(), i)] = incload_run_step_status_name(get(), i);
        return found;
    }
    void report(const std::string &format, const std::string &path, const options &given = {}) const
    {
        detail::call(incload_run_report_file, get(), format.c_str(), given.c_str(), path.c_str());
    }

private:
    std::exception_ptr origin_of(const std::string &label) const
    {
        for (const auto &one : functions) {
            if (std::exception_ptr found = one->find(id(), label))
                return found;
        }
        return nullptr;
    }
    error told(error failed) const
    {
        failed.set_origin(origin_of(failed.unit()));
        return failed;
    }

    detail::throwers functions;
};

namespace detail {

/** A function of the host in the library's hands. */
template <class Signature>
struct kept {
    std::function<Signature> function;
    std::shared_ptr<thrown> exceptions;

    static void destroy(void *data) { delete static_cast<kept *>(data); }
};

inline void say_why(incload_unit *at)
{
    try {
        throw;
    } catch (const std::exception &exception) {
        incload_unit_fail(at, exception.what());
    } catch (...) {
        incload_unit_fail(at, "an exception that is no std::exception");
    }
}

template <class Function>
std::int32_t guarded(incload_unit *at, const std::shared_ptr<thrown> &exceptions, Function &&function) noexcept
{
    try {
        try {
            return function();
        } catch (...) {
            exceptions->keep(at);
            say_why(at);
            return INCLOAD_RETRY;
        }
    } catch (...) {
        return 0;
    }
}

using unit_function = kept<outcome(unit &)>;
using batch_function = kept<void(unit &, batch &)>;
using check_function = kept<bool(std::int64_t, std::int64_t)>;

inline std::int32_t call_unit(incload_unit *at, void *data)
{
    auto *mine = static_cast<unit_function *>(data);
    return guarded(at, mine->exceptions, [&] {
        unit one(at);
        return static_cast<std::int32_t>(mine->function(one));
    });
}

inline std::int32_t call_batch(incload_unit *at, incload_batch *rows, void *data)
{
    auto *mine = static_cast<batch_function *>(data);
    return guarded(at, mine->exceptions, [&] {
        unit one(at);
        batch some(rows);
        mine->function(one, some);
        return static_cast<std::int32_t>(INCLOAD_DONE);
    });
}

inline std::int32_t call_check(incload_unit *at, std::int64_t read, std::int64_t staged, void *data)
{
    auto *mine = static_cast<check_function *>(data);
    return guarded(at, mine->exceptions, [&] {
        return mine->function(read, staged) ? static_cast<std::int32_t>(INCLOAD_DONE) : 0;
    });
}

/** A function that returns an outcome, or nothing. */
template <class Function>
std::function<outcome(unit &)> as_unit_function(Function function)
{
    if constexpr (std::is_void_v<std::invoke_result_t<Function &, unit &>>) {
        return [function = std::move(function)](unit &at) mutable {
            function(at);
            return outcome::done;
        };
    } else {
        return function;
    }
}

} // namespace detail

/** Something that runs: see step.h and backfill.h. */
class step : public detail::handle<incload_step, incload_step_unref> {
public:
    /** A load of a table into a table. */
    static step load(const database &source, const std::string &source_table, const database &target,
                     const std::string &target_table, const strategy &by)
    {
        return step(detail::call(incload_step_new_load, source.get(), source_table.c_str(), target.get(),
                                 target_table.c_str(), by.get()));
    }
    /** A load of a query's result. */
    static step query_load(const database &source, const std::string &query, const database &target,
                           const std::string &target_table, const strategy &by)
    {
        return step(detail::call(incload_step_new_query_load, source.get(), query.c_str(), target.get(),
                                 target_table.c_str(), by.get()));
    }
    /** A function of the host: takes a unit&, and returns an outcome or nothing. */
    template <class Function>
    static step function(Function function)
    {
        auto exceptions = std::make_shared<detail::thrown>();
        auto *mine = new detail::unit_function{ detail::as_unit_function(std::move(function)), exceptions };
        return step(detail::call(incload_step_new_function, detail::call_unit, static_cast<void *>(mine),
                                 detail::unit_function::destroy),
                    exceptions);
    }
    /** A function, called for each part of a range of days; the last one is in it. */
    template <class Function>
    static step backfill(const std::string &from, const std::string &through, const options &given, Function function)
    {
        auto exceptions = std::make_shared<detail::thrown>();
        auto *mine = new detail::unit_function{ detail::as_unit_function(std::move(function)), exceptions };
        return step(detail::call(incload_step_new_backfill, from.c_str(), through.c_str(), given.c_str(),
                                 detail::call_unit, static_cast<void *>(mine), detail::unit_function::destroy),
                    exceptions);
    }
    /** A load, done for each part of a range of days; the last one is in it. */
    static step load_backfill(const step &load, const std::string &from, const std::string &through,
                              const options &given = {})
    {
        step made(detail::call(incload_step_new_load_backfill, load.get(), from.c_str(), through.c_str(),
                               given.c_str()));
        made.functions = load.functions;
        return made;
    }

    step &set(const std::string &name, const std::string &value)
    {
        detail::call(incload_step_set, get(), name.c_str(), value.c_str());
        return *this;
    }
    step &ledger(const database &keeper)
    {
        detail::call(incload_step_set_ledger, get(), keeper.get());
        return *this;
    }
    step &check(const std::string &name, const std::string &sql)
    {
        detail::call(incload_step_add_check, get(), name.c_str(), sql.c_str());
        return *this;
    }
    /** Sees every batch: takes a unit& and a batch&. */
    step &process(std::function<void(unit &, batch &)> function)
    {
        auto *mine = new detail::batch_function{ std::move(function), keep() };
        detail::call(incload_step_set_batch_function, get(), detail::call_batch, static_cast<void *>(mine),
                     detail::batch_function::destroy);
        return *this;
    }
    /** Sees (rows read, rows staged) before they are published; false refuses them. */
    step &check(std::function<bool(std::int64_t, std::int64_t)> function)
    {
        auto *mine = new detail::check_function{ std::move(function), keep() };
        detail::call(incload_step_set_check_function, get(), detail::call_check, static_cast<void *>(mine),
                     detail::check_function::destroy);
        return *this;
    }

    /** Runs it on this thread; throws when it failed. */
    incload::run run(const options &given = {}) const
    {
        incload::run made = start(given);
        made.wait();
        return made;
    }
    /** Runs it on threads of the library. */
    incload::run start(const options &given = {}) const
    {
        return incload::run(detail::call(incload_step_start, get(), given.c_str()), functions);
    }

    const detail::throwers &thrown_by() const noexcept { return functions; }

private:
    explicit step(incload_step *taken, std::shared_ptr<detail::thrown> from = nullptr) : handle(taken)
    {
        if (from != nullptr)
            functions.push_back(std::move(from));
    }
    std::shared_ptr<detail::thrown> keep()
    {
        functions.push_back(std::make_shared<detail::thrown>());
        return functions.back();
    }

    detail::throwers functions;
};

/** Steps with dependencies: see pipeline.h. */
class pipeline : public detail::handle<incload_pipeline, incload_pipeline_unref> {
public:
    explicit pipeline(const std::string &name)
        : handle(detail::call(incload_pipeline_new, name.c_str(), static_cast<incload_context *>(nullptr)))
    {
    }
    pipeline(const std::string &name, const context &in)
        : handle(detail::call(incload_pipeline_new, name.c_str(), in.get()))
    {
    }

    pipeline &add(const std::string &name, const step &what, const std::string &depends_on = "")
    {
        detail::call(incload_pipeline_add, get(), name.c_str(), what.get(), depends_on.c_str());
        functions.insert(functions.end(), what.thrown_by().begin(), what.thrown_by().end());
        return *this;
    }
    pipeline &set(const std::string &step_name, const std::string &name, const std::string &value)
    {
        detail::call(incload_pipeline_set, get(), step_name.c_str(), name.c_str(), value.c_str());
        return *this;
    }
    pipeline &ledger(const database &keeper)
    {
        detail::call(incload_pipeline_set_ledger, get(), keeper.get());
        return *this;
    }
    void validate() const { detail::call(incload_pipeline_validate, get()); }
    incload::run start(const options &given = {}) const
    {
        return incload::run(detail::call(incload_pipeline_start, get(), given.c_str()), functions);
    }
    /** Throws when a step failed that is not optional. */
    incload::run run(const options &given = {}) const
    {
        incload::run made = start(given);
        made.wait();
        return made;
    }
    /** Goes on with a run; an empty id is the newest that has not succeeded. */
    incload::run resume(const std::string &run_id = "", const options &given = {}) const
    {
        incload_error *failure = nullptr;
        incload::run made(incload_pipeline_resume(get(), run_id.empty() ? nullptr : run_id.c_str(), given.c_str(),
                                                  &failure),
                          functions);
        error told(failure);
        if (failure != nullptr) {
            if (made)
                made.wait();
            throw told;
        }
        return made;
    }

private:
    detail::throwers functions;
};

/** Events for a table: see changes.h. */
class changes : public detail::handle<incload_changes, incload_changes_unref> {
public:
    using row = std::vector<std::pair<std::string, std::optional<std::string>>>;

    changes(const database &target, const std::string &table, const options &given = {})
        : handle(detail::call(incload_changes_new, target.get(), table.c_str(), given.c_str()))
    {
    }

    /** `operation` is one of INCLOAD_CHANGE_...; a value that is not there is NULL. */
    void push(std::int32_t operation, const row &brought, std::uint64_t position = 0, std::uint64_t ordinal = 0) const
    {
        std::vector<const char *> names, values;
        for (const auto &cell : brought) {
            names.push_back(cell.first.c_str());
            values.push_back(cell.second ? cell.second->c_str() : nullptr);
        }
        detail::call(incload_changes_push, get(), operation, static_cast<const char *const *>(names.data()),
                     static_cast<const char *const *>(values.data()), static_cast<std::int32_t>(brought.size()),
                     position, ordinal);
    }
    void commit() const { detail::call(incload_changes_commit, get()); }
    void discard() const noexcept { incload_changes_discard(get()); }
    std::int64_t rows_written() const noexcept { return incload_changes_rows_written(get()); }
    std::int64_t rows_deleted() const noexcept { return incload_changes_rows_deleted(get()); }
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

    std::string preset() const { return incload_recommendation_strategy(get()); }
    std::string reason() const { return incload_recommendation_reason(get()); }
    std::string text() const { return incload_recommendation_text(get()); }
    incload::strategy strategy() const
    {
        return incload::strategy(preset(), options(incload_recommendation_options(get())));
    }
};

} // namespace incload

#endif // INCLOAD_INCLOAD_HPP
