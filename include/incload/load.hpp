// SPDX-License-Identifier: Apache-2.0
/**
 * @file load.hpp
 * @brief Loads, functions, backfills and pipelines, and the runs of them.
 */
#ifndef INCLOAD_LOAD_HPP
#define INCLOAD_LOAD_HPP

#include <incload/core.hpp>

#include <functional>

namespace incload {

namespace detail {

/** Takes text as it comes. */
using writer = std::function<void(std::string_view)>;

struct sink {
    const writer *to;
    std::exception_ptr thrown;
};

inline std::int32_t write_text(const char *text, std::size_t size, void *data) noexcept
{
    auto *into = static_cast<sink *>(data);
    try {
        (*into->to)(std::string_view(text, size));
        return INCLOAD_DONE;
    } catch (...) {
        into->thrown = std::current_exception();
        return 0;
    }
}

/** Throws what the writer threw, or else what the library says, as `as_told` has it. */
template <class Function, class Told>
void write(const writer &to, Function &&function, Told &&as_told)
{
    sink into{ &to, nullptr };
    incload_error *failure = nullptr;
    function(&into, &failure);
    if (failure == nullptr)
        return;
    error told(failure);
    if (into.thrown)
        std::rethrow_exception(into.thrown);
    throw as_told(std::move(told));
}

template <class Function>
void write(const writer &to, Function &&function)
{
    write(to, std::forward<Function>(function), [](error failed) { return failed; });
}

} // namespace detail

/** What a run, a load of a group or a step tells of itself. */
template <class Self>
class figures_of {
public:
    std::string id() const { return incload_run_id(at()); }
    std::string status() const { return incload_run_status_name(at()); }
    bool succeeded() const noexcept { return incload_run_status(at()) == INCLOAD_STATUS_SUCCESS; }
    std::int64_t rows_read() const noexcept { return incload_run_rows_read(at()); }
    std::int64_t rows_written() const noexcept { return incload_run_rows_written(at()); }
    std::int64_t rows_deleted() const noexcept { return incload_run_rows_deleted(at()); }
    std::int64_t rows_rejected() const noexcept { return incload_run_rows_rejected(at()); }
    std::int64_t rows_skipped() const noexcept { return incload_run_rows_skipped(at()); }
    std::int64_t rows_without_cursor() const noexcept { return incload_run_rows_without_cursor(at()); }
    std::int64_t rows_late() const noexcept { return incload_run_rows_late(at()); }
    std::int64_t lateness() const noexcept { return incload_run_lateness(at()); }
    std::int64_t keys_read() const noexcept { return incload_run_keys_read(at()); }
    std::int64_t bytes() const noexcept { return incload_run_bytes(at()); }
    std::int64_t duration_us() const noexcept { return incload_run_duration_us(at()); }
    std::int32_t attempts() const noexcept { return incload_run_attempts(at()); }
    std::string road() const { return incload_run_road(at()); }
    std::string road_reason() const { return incload_run_road_reason(at()); }
    std::string level() const { return incload_run_level(at()); }
    std::string level_reason() const { return incload_run_level_reason(at()); }
    std::string held_by() const { return incload_run_held_by(at()); }
    std::string schema_changes() const { return incload_run_schema_changes(at()); }
    std::optional<std::string> watermark() const { return detail::maybe(incload_run_watermark(at())); }

private:
    const incload_run *at() const noexcept { return static_cast<const Self *>(this)->get(); }
};

/** Those of a part of a run, which must live as long. */
class figures : public figures_of<figures> {
public:
    explicit figures(const incload_run *borrowed) noexcept : held(borrowed) {}
    const incload_run *get() const noexcept { return held; }

private:
    const incload_run *held;
};

/** One execution: see run.h. */
class run : public detail::handle<incload_run, incload_run_unref>, public figures_of<run> {
public:
    run(incload_run *taken, detail::throwers from) noexcept : handle(taken), functions(std::move(from)) {}
    run(run &&) = default;
    run &operator=(run &&other) noexcept
    {
        if (this != &other) {
            forget();
            handle::operator=(std::move(other));
            functions = std::move(other.functions);
        }
        return *this;
    }
    ~run() { forget(); }

    /** Calls a function of C that returns when its run has ended; throws when it failed. */
    template <class Function, class... Arguments>
    static run ended(detail::throwers from, Function function, Arguments... arguments)
    {
        incload_error *failure = nullptr;
        run made(function(arguments..., &failure), std::move(from));
        if (failure != nullptr)
            throw made ? made.told(error(failure)) : error(failure);
        return made;
    }

    void cancel() const noexcept { incload_run_cancel(get()); }
    /** Goes on elsewhere, where a ledger keeps it. */
    void leave() const noexcept { incload_run_leave(get()); }
    void drain() const noexcept { incload_run_drain(get()); }
    void pause() const noexcept { incload_run_pause(get()); }
    void go_on() const noexcept { incload_run_continue(get()); }
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
            error why(incload_run_failed_error(get(), i));
            why.set_origin(origin_at(why.step(), why.unit()));
            std::string label = incload_run_failed_label(get(), i);
            found.push_back({ std::move(label), std::move(why), incload_run_failed_attempts(get(), i) });
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
    /** What a step did, by its name; nothing when there is none. */
    struct step_outcome {
        incload::figures figures;
        std::string status;
        std::string reason;
        std::optional<std::string> result;
    };
    std::optional<step_outcome> step(const std::string &name) const
    {
        for (std::int32_t i = 0; i < incload_run_step_count(get()); i++) {
            if (name != incload_run_step_name(get(), i))
                continue;
            step_outcome found{ incload::figures(incload_run_step(get(), i)), incload_run_step_status_name(get(), i),
                                incload_run_step_reason(get(), i), std::nullopt };
            std::size_t size = 0;
            const void *data = incload_run_step_result(get(), i, &size);
            if (data != nullptr)
                found.result = std::string(static_cast<const char *>(data), size);
            return found;
        }
        return std::nullopt;
    }
    /** What each load of a group did. */
    std::vector<figures> loads() const
    {
        std::vector<figures> found;
        for (std::int32_t i = 0; i < incload_run_load_count(get()); i++)
            found.emplace_back(incload_run_load(get(), i));
        return found;
    }
    /** Units, over all steps, that stand so: INCLOAD_STATUS_... */
    std::int64_t count_units(std::int32_t status_code) const noexcept
    {
        return incload_run_count_units(get(), status_code);
    }
    void report(const std::string &format, const detail::writer &to, const options &given = {}) const
    {
        detail::write(to, [&](detail::sink *into, incload_error **failure) {
            incload_run_report(get(), format.c_str(), given.c_str(), detail::write_text, into, failure);
        });
    }
    /** Writes how it goes on until it has ended; throws when it failed. */
    void watch(const detail::writer &to, const options &given = {}) const
    {
        detail::write(
            to,
            [&](detail::sink *into, incload_error **failure) {
                incload_run_watch(get(), given.c_str(), detail::write_text, into, failure);
            },
            [&](error failed) { return told(std::move(failed)); });
    }
    void report(const std::string &format, const std::string &path, const options &given = {}) const
    {
        detail::call(incload_run_report_file, get(), format.c_str(), given.c_str(), path.c_str());
    }

private:
    std::exception_ptr origin_at(const char *step_name, const char *unit) const
    {
        for (const auto &one : functions) {
            if (std::exception_ptr found = one->find(id(), step_name, unit))
                return found;
        }
        return nullptr;
    }
    /** Calls with the step and label of each unit that failed, until that gives true. */
    template <class Function>
    void each_failed(Function function) const
    {
        for (std::int32_t i = 0; i < incload_run_failed_count(get()); i++) {
            error why(incload_run_failed_error(get(), i));
            if (function(why.step(), why.unit()))
                return;
        }
    }
    /** The error of a run of several units names none: then that of the first that has an origin will do. */
    error told(error failed) const
    {
        std::exception_ptr origin = origin_at(failed.step(), failed.unit());
        if (!origin)
            each_failed([&](const char *step_name, const char *unit) {
                origin = origin_at(step_name, unit);
                return origin != nullptr;
            });
        failed.set_origin(std::move(origin));
        return failed;
    }
    void forget() const noexcept
    {
        if (get() == nullptr || functions.empty())
            return;
        try {
            error whole(incload_run_error(get()));
            for (const auto &one : functions) {
                one->forget(id());
                one->forget(whole.step(), whole.unit());
                each_failed([&](const char *step_name, const char *unit) {
                    one->forget(step_name, unit);
                    return false;
                });
            }
        } catch (...) { /* no memory: they go with their functions */
        }
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

inline std::vector<const char *> texts_of(const std::vector<std::string> &items)
{
    std::vector<const char *> texts;
    for (const std::string &item : items)
        texts.push_back(item.c_str());
    return texts;
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
    /** A function, called for each part of a range whose end is not in it: days, instants or numbers. */
    template <class Function>
    static step backfill_between(const std::string &from, const std::string &to, const options &given,
                                 Function function)
    {
        auto exceptions = std::make_shared<detail::thrown>();
        auto *mine = new detail::unit_function{ detail::as_unit_function(std::move(function)), exceptions };
        return step(detail::call(incload_step_new_backfill_between, from.c_str(), to.c_str(), given.c_str(),
                                 detail::call_unit, static_cast<void *>(mine), detail::unit_function::destroy),
                    exceptions);
    }
    /** A function, called for each key. */
    template <class Function>
    static step backfill_keys(const std::vector<std::string> &keys, const options &given, Function function)
    {
        auto exceptions = std::make_shared<detail::thrown>();
        auto *mine = new detail::unit_function{ detail::as_unit_function(std::move(function)), exceptions };
        std::vector<const char *> texts = detail::texts_of(keys);
        return step(detail::call(incload_step_new_backfill_keys, static_cast<const char *const *>(texts.data()),
                                 static_cast<std::int32_t>(texts.size()), given.c_str(), detail::call_unit,
                                 static_cast<void *>(mine), detail::unit_function::destroy),
                    exceptions);
    }
    /** Loads into one database that land together. */
    static step group(const std::vector<const step *> &loads, const options &given)
    {
        std::vector<incload_step *> parts;
        for (const step *load : loads)
            parts.push_back(load->get());
        step made(detail::call(incload_step_new_group, static_cast<incload_step *const *>(parts.data()),
                               static_cast<std::int32_t>(parts.size()), given.c_str()));
        for (const step *load : loads)
            made.functions.insert(made.functions.end(), load->functions.begin(), load->functions.end());
        return made;
    }
    /** Takes a step of C over, and shares what its functions throw. */
    static step of(incload_step *taken, std::shared_ptr<detail::thrown> from = nullptr)
    {
        return step(taken, std::move(from));
    }
    /** A load, done for each part of a range whose end is not in it. */
    static step load_backfill_between(const step &load, const std::string &from, const std::string &to,
                                      const options &given = {})
    {
        step made(detail::call(incload_step_new_load_backfill_between, load.get(), from.c_str(), to.c_str(),
                               given.c_str()));
        made.functions = load.functions;
        return made;
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
    /** Does every part of a backfill's range once for each key. */
    step &keys(const std::vector<std::string> &each)
    {
        std::vector<const char *> texts = detail::texts_of(each);
        detail::call(incload_step_set_keys, get(), static_cast<const char *const *>(texts.data()),
                     static_cast<std::int32_t>(texts.size()));
        return *this;
    }
    /** A parameter of a query load, from 1; nothing is NULL. */
    step &bind(std::int32_t index, const std::optional<std::string> &value)
    {
        detail::call(incload_step_bind, get(), index, value ? value->c_str() : nullptr);
        return *this;
    }
    /** The primary of a source that is a standby. */
    step &primary(const database &server)
    {
        detail::call(incload_step_set_primary, get(), server.get());
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
        return incload::run::ended(functions, incload_step_run, get(), given.c_str());
    }
    /** Runs it on threads of the library. */
    incload::run start(const options &given = {}) const
    {
        return incload::run(detail::call(incload_step_start, get(), given.c_str()), functions);
    }

    /** Loads the rows once more that the target refused, on this thread; throws when it failed. */
    incload::run replay_rejects(const options &given = {}) const
    {
        return incload::run::ended(functions, incload_step_replay_rejects, get(), given.c_str());
    }
    /** The same on a thread of the library. */
    incload::run start_replay(const options &given = {}) const
    {
        return incload::run(detail::call(incload_step_start_replay, get(), given.c_str()), functions);
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

/** Adds a step to the run of a unit; `before` are names of steps that wait for it. */
inline void add_step(const unit &at, const std::string &name, const step &added, const std::string &before = "")
{
    detail::call(incload_unit_add_step, at.get(), name.c_str(), added.get(), before.c_str());
}

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
    /** Says whether a step runs: a function of a unit& that returns outcome::done or outcome::skip. */
    template <class Function>
    pipeline &condition(const std::string &step_name, Function function)
    {
        auto exceptions = std::make_shared<detail::thrown>();
        auto *mine = new detail::unit_function{ detail::as_unit_function(std::move(function)), exceptions };
        functions.push_back(exceptions);
        detail::call(incload_pipeline_set_condition, get(), step_name.c_str(), detail::call_unit,
                     static_cast<void *>(mine), detail::unit_function::destroy);
        return *this;
    }
    /** So many slots, shared by the steps that name the pool. */
    pipeline &add_pool(const std::string &name, std::int32_t slots)
    {
        detail::call(incload_pipeline_add_pool, get(), name.c_str(), slots);
        return *this;
    }
    void render(const std::string &format, const detail::writer &to, const options &given = {}) const
    {
        detail::write(to, [&](detail::sink *into, incload_error **failure) {
            incload_pipeline_render(get(), format.c_str(), given.c_str(), detail::write_text, into, failure);
        });
    }
    void validate() const { detail::call(incload_pipeline_validate, get()); }
    incload::run start(const options &given = {}) const
    {
        return incload::run(detail::call(incload_pipeline_start, get(), given.c_str()), functions);
    }
    /** Runs it to its end; throws when a step failed that is not optional. */
    incload::run run(const options &given = {}) const
    {
        return incload::run::ended(functions, incload_pipeline_run, get(), given.c_str());
    }
    /** Goes on with a run; an empty id is the newest that has not succeeded. */
    incload::run resume(const std::string &run_id = "", const options &given = {}) const
    {
        return incload::run::ended(functions, incload_pipeline_resume, get(),
                                   run_id.empty() ? nullptr : run_id.c_str(), given.c_str());
    }
    /** The same on threads of the library. */
    incload::run start_resume(const std::string &run_id = "", const options &given = {}) const
    {
        return incload::run(detail::call(incload_pipeline_start_resume, get(),
                                         run_id.empty() ? nullptr : run_id.c_str(), given.c_str()),
                            functions);
    }

private:
    detail::throwers functions;
};

} // namespace incload

#endif // INCLOAD_LOAD_HPP
