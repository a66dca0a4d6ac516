// SPDX-License-Identifier: Apache-2.0
/**
 * @file follow.hpp
 * @brief Changes of tables: pushed, followed in a log, captured by triggers, and written as messages.
 */
#ifndef INCLOAD_FOLLOW_HPP
#define INCLOAD_FOLLOW_HPP

#include <incload/load.hpp>

#include <functional>

namespace incload {

/** Columns of an event and their values; one that is not there is NULL. */
using row = std::vector<std::pair<std::string, std::optional<std::string>>>;

/** Where an event stands: in the order of all, and among those of one place. */
struct position {
    std::uint64_t place = 0;
    std::uint64_t ordinal = 0;
};

namespace detail {

/** A row as C reads it. */
struct cells {
    explicit cells(const row &brought)
    {
        for (const auto &cell : brought) {
            names.push_back(cell.first.c_str());
            values.push_back(cell.second ? cell.second->c_str() : nullptr);
        }
    }
    const char *const *first_name() const noexcept { return names.data(); }
    const char *const *first_value() const noexcept { return values.data(); }
    std::int32_t count() const noexcept { return static_cast<std::int32_t>(names.size()); }

    std::vector<const char *> names, values;
};

/** A function of the host that is called on one thread, and what it threw last. */
template <class Signature>
struct kept_here {
    std::function<Signature> function;
    std::exception_ptr thrown;
};

/** Calls C, and throws what the function of the host threw, or else what the library says. */
template <class Kept, class Function, class... Arguments>
void call_with(Kept &mine, Function function, Arguments... arguments)
{
    mine.thrown = nullptr;
    try {
        call(function, arguments...);
    } catch (error &failed) {
        failed.set_origin(mine.thrown);
        throw;
    }
}

} // namespace detail

/** Events for a table, or for several of a group: see changes.h. */
class changes : public detail::handle<incload_changes, incload_changes_unref> {
public:
    using row = incload::row;

    changes(const database &target, const std::string &table, const options &given = {})
        : handle(detail::call(incload_changes_new, target.get(), table.c_str(), given.c_str()))
    {
    }
    /** Several tables that land together, with their position under this name. */
    static changes group(const database &target, const std::string &name, const options &given = {})
    {
        return changes(detail::call(incload_changes_new_group, target.get(), name.c_str(), given.c_str()));
    }
    /** A table of a group: its events are pushed to what this gives. */
    changes add_table(const std::string &table, const options &given = {}) const
    {
        return changes(detail::call(incload_changes_add_table, get(), table.c_str(), given.c_str()));
    }

    /** `operation` is one of INCLOAD_CHANGE_...; a value that is not there is NULL. */
    void push(std::int32_t operation, const row &brought, std::uint64_t place = 0, std::uint64_t ordinal = 0) const
    {
        detail::cells cells(brought);
        detail::call(incload_changes_push, get(), operation, cells.first_name(), cells.first_value(), cells.count(),
                     place, ordinal);
    }
    /** An update that may have changed the key: `old` is the row as it was, at least its key. */
    void push_update(const row &old, const row &brought, std::uint64_t place = 0, std::uint64_t ordinal = 0) const
    {
        detail::cells before(old), cells(brought);
        detail::call(incload_changes_push_update, get(), before.first_name(), before.first_value(), before.count(),
                     cells.first_name(), cells.first_value(), cells.count(), place, ordinal);
    }
    /** A message of Debezium, in JSON; no value is a tombstone. */
    void push_debezium(const std::optional<std::string> &key, const std::optional<std::string> &value,
                       std::uint64_t place = 0, std::uint64_t ordinal = 0) const
    {
        detail::call(incload_changes_push_debezium, get(), key ? key->c_str() : nullptr,
                     value ? value->c_str() : nullptr, place, ordinal);
    }
    /** The rows of a batch, each an event; both structures are released in any case. */
    void push_batch(ArrowSchema *schema, ArrowArray *array, const options &given = {}) const
    {
        detail::call(incload_changes_push_batch, get(), schema, array, given.c_str());
    }
    void commit() const { detail::call(incload_changes_commit, get()); }
    void discard() const noexcept { incload_changes_discard(get()); }
    /** Interrupts a commit, and refuses all later ones. */
    void cancel() const noexcept { incload_changes_cancel(get()); }
    /** Of the last committed event. */
    incload::position position() const
    {
        incload::position found;
        detail::call(incload_changes_position, get(), &found.place, &found.ordinal);
        return found;
    }
    std::int64_t pending() const noexcept { return incload_changes_pending(get()); }
    std::int64_t applied() const noexcept { return incload_changes_applied(get()); }
    std::int64_t skipped() const noexcept { return incload_changes_skipped(get()); }
    std::int64_t rows_written() const noexcept { return incload_changes_rows_written(get()); }
    std::int64_t rows_deleted() const noexcept { return incload_changes_rows_deleted(get()); }

private:
    explicit changes(incload_changes *taken) noexcept : handle(taken) {}
};

/** One change of a stream, borrowed for the call. */
class change {
public:
    explicit change(incload_change *borrowed) noexcept : held(borrowed) {}

    incload_change *get() const noexcept { return held; }
    std::int32_t operation() const noexcept { return incload_change_operation(held); }
    std::string schema() const { return incload_change_schema(held); }
    std::string table() const { return incload_change_table(held); }
    std::int64_t committed_us() const noexcept { return incload_change_committed_us(held); }
    incload::position position() const
    {
        incload::position found;
        detail::call(incload_change_position, held, &found.place, &found.ordinal);
        return found;
    }
    /** The values that it brings; a column that the log does not tell is not among them. */
    row values() const { return cells(incload_change_value); }
    /** The values that an update replaced, where the log tells them. */
    row old_values() const { return cells(incload_change_old_value); }
    /** Nothing is NULL. */
    void set(const std::string &column, const std::optional<std::string> &value) const
    {
        std::int32_t index = 0;
        while (index < incload_change_column_count(held) && column != incload_change_column_name(held, index))
            index++;
        detail::call(incload_change_set_value, held, index, value ? value->c_str() : nullptr);
    }

private:
    row cells(const char *(*ask)(const incload_change *, std::int32_t, std::int64_t *)) const
    {
        row found;
        for (std::int32_t i = 0; i < incload_change_column_count(held); i++) {
            std::int64_t length = -1;
            const char *value = ask(held, i, &length);
            if (length >= 0)
                found.emplace_back(incload_change_column_name(held, i), detail::maybe(value));
        }
        return found;
    }

    incload_change *held;
};

/** PostgreSQL's log, followed into another database: see stream.h. */
class stream : public detail::handle<incload_stream, incload_stream_unref> {
public:
    /** Sees a change before it is applied; false leaves it out. */
    using function_type = bool(change &);

    stream(const database &source, const database &target, const options &given = {})
        : handle(detail::call(incload_stream_new, source.get(), target.get(), given.c_str()))
    {
    }

    stream &process(std::function<function_type> function)
    {
        auto mine = std::make_shared<detail::kept_here<function_type>>();
        mine->function = std::move(function);
        detail::call(incload_stream_set_function, get(), call_function,
                     static_cast<void *>(new std::shared_ptr<detail::kept_here<function_type>>(mine)), destroy);
        kept = std::move(mine);
        return *this;
    }
    /** Until what the option `until` says; throws also what stopped it. */
    void run() const
    {
        detail::kept_here<function_type> nothing;
        detail::call_with(kept ? *kept : nothing, incload_stream_run, get());
    }
    /** A step that follows it: one run at a time works with the stream, and nobody else meanwhile. What its function
     * threw is the origin of run()'s error, not of the step's. */
    incload::step step(const options &given = {}) const
    {
        return incload::step::of(detail::call(incload_step_new_stream, get(), given.c_str()));
    }
    void stop() const noexcept { incload_stream_stop(get()); }
    void cancel() const noexcept { incload_stream_cancel(get()); }
    void remove() const { detail::call(incload_stream_remove, get()); }
    incload::position position() const
    {
        incload::position found;
        detail::call(incload_stream_position, get(), &found.place, &found.ordinal);
        return found;
    }
    std::uint64_t received() const noexcept { return incload_stream_received(get()); }
    std::uint64_t confirmed() const noexcept { return incload_stream_confirmed(get()); }
    std::int64_t lag_bytes() const noexcept { return incload_stream_lag_bytes(get()); }
    std::int64_t lag_us() const noexcept { return incload_stream_lag_us(get()); }
    std::int64_t retained_bytes() const noexcept { return incload_stream_retained_bytes(get()); }
    bool alarm() const noexcept { return incload_stream_alarm(get()) != 0; }
    std::int64_t changes(std::int32_t operation) const noexcept { return incload_stream_changes(get(), operation); }
    std::int64_t transactions() const noexcept { return incload_stream_transactions(get()); }
    std::int64_t commits() const noexcept { return incload_stream_commits(get()); }

private:
    static std::int32_t call_function(incload_change *at, void *data) noexcept
    {
        auto &mine = **static_cast<std::shared_ptr<detail::kept_here<function_type>> *>(data);
        try {
            change one(at);
            return mine.function(one) ? static_cast<std::int32_t>(INCLOAD_DONE)
                                      : static_cast<std::int32_t>(INCLOAD_SKIP);
        } catch (...) {
            mine.thrown = std::current_exception();
            return 0;
        }
    }
    static void destroy(void *data) { delete static_cast<std::shared_ptr<detail::kept_here<function_type>> *>(data); }

    std::shared_ptr<detail::kept_here<function_type>> kept;
};

/** Changes of a table by triggers: see capture.h. */
class capture : public detail::handle<incload_capture, incload_capture_unref> {
public:
    capture(const database &source, const std::string &table, const database &target, const std::string &target_table,
            const options &given = {})
        : handle(detail::call(incload_capture_new, source.get(), table.c_str(), target.get(), target_table.c_str(),
                              given.c_str()))
    {
    }

    void install() const { detail::call(incload_capture_install, get()); }
    void remove() const { detail::call(incload_capture_remove, get()); }
    void load() const { detail::call(incload_capture_load, get()); }
    void run() const { detail::call(incload_capture_run, get()); }
    /** A step that consumes the changes: one run at a time works with it, and nobody else meanwhile. */
    incload::step step(const options &given = {}) const
    {
        return incload::step::of(detail::call(incload_step_new_capture, get(), given.c_str()));
    }
    void cancel() const noexcept { incload_capture_cancel(get()); }
    /** Changes that wait in the source, and the age of the oldest in microseconds. */
    std::pair<std::int64_t, std::int64_t> pending() const
    {
        std::pair<std::int64_t, std::int64_t> found;
        detail::call(incload_capture_pending, get(), &found.first, &found.second);
        return found;
    }
    std::int64_t consumed() const noexcept { return incload_capture_consumed(get()); }
    std::int64_t rows_written() const noexcept { return incload_capture_rows_written(get()); }
    std::int64_t rows_deleted() const noexcept { return incload_capture_rows_deleted(get()); }
};

/** Messages in Debezium's form: see debezium.h. */
class debezium {
public:
    /** A key, where the table has one, and a value; no value is a tombstone. */
    using function_type = void(std::optional<std::string_view>, std::optional<std::string_view>);

    debezium(const database &source, const std::string &table, std::function<function_type> send,
             const options &given = {})
        : mine(std::make_unique<detail::kept_here<function_type>>()), held(nullptr)
    {
        mine->function = std::move(send);
        held = handle_type(detail::call(incload_debezium_new, source.get(), table.c_str(), given.c_str(), call_function,
                                        static_cast<void *>(mine.get()), static_cast<incload_destroy_fn>(nullptr)));
    }
    /** Of a table whose columns are told; the schema is released in any case. */
    debezium(const std::string &table, ArrowSchema *schema, std::function<function_type> send,
             const options &given = {})
        : mine(std::make_unique<detail::kept_here<function_type>>()), held(nullptr)
    {
        mine->function = std::move(send);
        held = handle_type(detail::call(incload_debezium_new_for, static_cast<incload_context *>(nullptr),
                                        table.c_str(), schema, given.c_str(), call_function,
                                        static_cast<void *>(mine.get()), static_cast<incload_destroy_fn>(nullptr)));
    }

    incload_debezium *get() const noexcept { return held.get(); }
    /** One event; what the function threw is the error's origin. */
    void write(std::int32_t operation, const row &old, const row &brought, incload::position at = {},
               std::int64_t committed_us = 0) const
    {
        detail::cells before(old), cells(brought);
        detail::call_with(*mine, incload_debezium_write, get(), operation, before.first_name(), before.first_value(),
                          before.count(), cells.first_name(), cells.first_value(), cells.count(), at.place, at.ordinal,
                          committed_us);
    }
    std::string topic() const { return incload_debezium_topic(get()); }
    /** While the function is called: the header of its message, of a change of a key. */
    std::string header_name() const { return incload_debezium_header_name(get()); }
    std::string header_value() const { return incload_debezium_header_value(get()); }

private:
    using handle_type = detail::handle<incload_debezium, incload_debezium_unref>;

    static std::optional<std::string_view> message(const char *data, std::size_t size)
    {
        return data == nullptr ? std::nullopt : std::optional<std::string_view>(std::string_view(data, size));
    }
    static std::int32_t call_function(const char *key, std::size_t key_size, const char *value, std::size_t value_size,
                                      void *data) noexcept
    {
        auto *kept = static_cast<detail::kept_here<function_type> *>(data);
        try {
            kept->function(message(key, key_size), message(value, value_size));
            return INCLOAD_DONE;
        } catch (...) {
            kept->thrown = std::current_exception();
            return 0;
        }
    }

    std::unique_ptr<detail::kept_here<function_type>> mine; /* outlives the writer below */
    handle_type held;
};

/** A step that applies changes: takes a changes& and a unit&, pushes the next events, and returns outcome::yield when
 * there may be more. `into` must outlive the step and stay where it is; one run at a time works with it, and nobody
 * else meanwhile. */
template <class Function>
step changes_step(changes &into, Function function, const options &given = {})
{
    struct fetcher {
        Function function;
        changes *into;
        std::shared_ptr<detail::thrown> exceptions;

        static std::int32_t call(incload_changes *, incload_unit *at, void *data)
        {
            auto *mine = static_cast<fetcher *>(data);
            return detail::guarded(at, mine->exceptions, [&] {
                unit one(at);
                return static_cast<std::int32_t>(mine->function(*mine->into, one));
            });
        }
        static void destroy(void *data) { delete static_cast<fetcher *>(data); }
    };
    auto exceptions = std::make_shared<detail::thrown>();
    auto *mine = new fetcher{ std::move(function), &into, exceptions };
    return step::of(detail::call(incload_step_new_changes, into.get(), given.c_str(), fetcher::call,
                                 static_cast<void *>(mine), fetcher::destroy),
                    exceptions);
}

} // namespace incload

#endif // INCLOAD_FOLLOW_HPP
