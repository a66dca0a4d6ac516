// SPDX-License-Identifier: Apache-2.0
/**
 * @file core.hpp
 * @brief What the other headers of C++ rest on: errors, options, databases, strategies, units and batches.
 */
#ifndef INCLOAD_CORE_HPP
#define INCLOAD_CORE_HPP

#include <incload/incload.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <iterator>
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

inline std::string version() { return incload_version(); }
/** Whether this build has a driver: `"libpq"` or `"odbc"`. */
inline bool has_driver(const std::string &name) { return incload_has_driver(name.c_str()) != 0; }

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
    /** What went wrong before, and led to this. */
    std::optional<error> cause() const
    {
        const incload_error *before = incload_error_cause(held.get());
        if (before == nullptr)
            return std::nullopt;
        return error(incload_error_ref(const_cast<incload_error *>(before)));
    }

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

inline std::string text(const char *borrowed) { return borrowed == nullptr ? std::string() : std::string(borrowed); }

inline std::optional<std::string> maybe(const char *text)
{
    return text == nullptr ? std::nullopt : std::optional<std::string>(text);
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

/** What functions of the host threw, by step, unit and run: shared by all that may run them. A load within a run has a
 * run id of its own, which the outer run does not know; the error that comes of it names the step and unit. */
class thrown {
public:
    void keep(const incload_unit *unit)
    {
        std::lock_guard<std::mutex> guard(lock);
        const char *run_id = incload_unit_run_id(unit);
        auto &here = places[{ incload_unit_step(unit), incload_unit_label(unit) }];
        drop(here, run_id);
        here.push_back({ run_id, std::current_exception() });
    }

    /** That of the run, or else the newest of that place. */
    std::exception_ptr find(const std::string &run_id, const std::string &step, const std::string &unit) const
    {
        std::lock_guard<std::mutex> guard(lock);
        auto place = places.find({ step, unit });
        if (place == places.end())
            return nullptr;
        for (const auto &one : place->second) {
            if (one.run_id == run_id)
                return one.exception;
        }
        return place->second.back().exception;
    }

    void forget(const std::string &run_id)
    {
        std::lock_guard<std::mutex> guard(lock);
        for (auto place = places.begin(); place != places.end();) {
            drop(place->second, run_id);
            place = place->second.empty() ? places.erase(place) : std::next(place);
        }
    }

    void forget(const std::string &step, const std::string &unit)
    {
        std::lock_guard<std::mutex> guard(lock);
        places.erase({ step, unit });
    }

    std::size_t size() const
    {
        std::lock_guard<std::mutex> guard(lock);
        std::size_t count = 0;
        for (const auto &place : places)
            count += place.second.size();
        return count;
    }

private:
    struct of_run {
        std::string run_id;
        std::exception_ptr exception;
    };

    static void drop(std::vector<of_run> &from, const std::string &run_id)
    {
        from.erase(std::remove_if(from.begin(), from.end(), [&](const of_run &one) { return one.run_id == run_id; }),
                   from.end());
    }

    mutable std::mutex lock;
    std::map<std::pair<std::string, std::string>, std::vector<of_run>> places; /* none is empty */
};

using throwers = std::vector<std::shared_ptr<thrown>>;

} // namespace detail

/** Something that happened: see event.h. */
class event : public detail::handle<incload_event, incload_event_unref> {
public:
    using handle::handle;
    std::int32_t kind() const noexcept { return incload_event_kind(get()); }
    std::int64_t time_us() const noexcept { return incload_event_time_us(get()); }
    std::string run_id() const { return incload_event_run_id(get()); }
    std::string step() const { return incload_event_step(get()); }
    std::string unit() const { return incload_event_unit(get()); }
    std::int32_t status() const noexcept { return incload_event_status(get()); }
    std::int64_t rows_read() const noexcept { return incload_event_rows_read(get()); }
    std::int64_t rows_written() const noexcept { return incload_event_rows_written(get()); }
    std::int64_t bytes() const noexcept { return incload_event_bytes(get()); }
    std::string message() const { return incload_event_message(get()); }
};

/** A context: see context.h. */
class context : public detail::handle<incload_context, incload_context_unref> {
public:
    explicit context(const options &given = {}) : handle(detail::call(incload_context_new, given.c_str())) {}

    /** The oldest event that was not taken yet; nothing when none comes in time. */
    std::optional<event> next_event(std::int64_t timeout_ms) const
    {
        incload_event *found = detail::call(incload_context_next_event, get(), timeout_ms);
        return found == nullptr ? std::nullopt : std::optional<event>(event(found));
    }
    /** To wait on beside others: readable while there are events. */
    std::int32_t event_fd() const { return detail::call(incload_context_event_fd, get()); }
    std::int64_t abandoned_calls() const noexcept { return incload_context_abandoned_calls(get()); }
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

    /** Rows of the program's own, as the source of one load; the stream is taken over in any case. */
    explicit database(ArrowArrayStream *rows, const options &given = {})
        : handle(detail::call(incload_database_new_arrow, static_cast<incload_context *>(nullptr), rows, given.c_str()))
    {
    }
    database(const context &in, ArrowArrayStream *rows, const options &given = {})
        : handle(detail::call(incload_database_new_arrow, in.get(), rows, given.c_str()))
    {
    }

    /** Until it is used first. */
    database &set(const std::string &name, const std::string &value)
    {
        detail::call(incload_database_set, get(), name.c_str(), value.c_str());
        return *this;
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

/** Statements that another thread can interrupt: see call.h. */
class call : public detail::handle<incload_call, incload_call_unref> {
public:
    explicit call(const database &of) : handle(detail::call(incload_call_new, of.get())) {}

    void check() const { detail::call(incload_call_check, get()); }
    std::int64_t execute(const std::string &sql) const
    {
        std::int64_t rows = -1;
        detail::call(incload_call_execute, get(), sql.c_str(), &rows);
        return rows;
    }
    /** The caller releases the stream. */
    void query(const std::string &sql, ArrowArrayStream *out) const
    {
        detail::call(incload_call_query, get(), sql.c_str(), out);
    }
    void cancel() const noexcept { incload_call_cancel(get()); }
};

/** A strategy: see strategy.h. */
class strategy : public detail::handle<incload_strategy, incload_strategy_unref> {
public:
    explicit strategy(const std::string &preset, const options &given = {})
        : handle(detail::call(incload_strategy_new, preset.c_str(), given.c_str()))
    {
    }

    strategy &set(const std::string &name, const std::string &value)
    {
        detail::call(incload_strategy_set, get(), name.c_str(), value.c_str());
        return *this;
    }
    /** An option's value as text, or nothing. */
    std::optional<std::string> get_option(const std::string &name) const
    {
        return detail::maybe(incload_strategy_get(get(), name.c_str()));
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

} // namespace incload

#endif // INCLOAD_CORE_HPP
