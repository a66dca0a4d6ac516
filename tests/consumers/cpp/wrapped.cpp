// SPDX-License-Identifier: Apache-2.0
// What else the headers of C++ have, with SQLite: wrapped SHOP.db LAKE.db
#include <incload/incload.hpp>

#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "expect.hpp"

namespace {

/** Whether something throws an error of this code. */
template <class Function>
bool fails(std::int32_t code, Function function)
{
    try {
        function();
    } catch (const incload::error &failed) {
        return failed.code() == code;
    }
    return false;
}

incload::step orders(const incload::database &shop, const incload::database &lake, const std::string &into)
{
    return incload::step::load(shop, "orders", lake, into,
                               incload::strategy("timestamp", { { "cursor", "at" }, { "key", "id" } }));
}

/** Whether a statement of this process writes to a file of SQLite's: it then has a lock of the write-ahead log. */
bool written_to(const std::string &file)
{
    struct stat log;
    if (stat((file + "-shm").c_str(), &log) != 0)
        return false;
    std::string place = ":" + std::to_string(log.st_ino) + " 120 120";
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
        if (line.find(place) != std::string::npos)
            return true;
    }
    return false;
}

void calls(const incload::database &shop, const std::string &file)
{
    incload::call one(shop);
    one.check();
    expect(one.execute("UPDATE orders SET state = 'open' WHERE id = 1") == 1, "a call executes");
    std::chrono::steady_clock::time_point cancelled;
    bool seen = false;
    std::thread other([&] {
        auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!(seen = written_to(file)) && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        cancelled = std::chrono::steady_clock::now();
        one.cancel();
    });
    expect(fails(INCLOAD_E_CANCELLED,
                 [&] {
                     one.execute("CREATE TABLE slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                                 "WHERE i < 4000000000) SELECT count(*) FROM n");
                 }),
           "another thread interrupts it");
    auto returned = std::chrono::steady_clock::now();
    other.join();
    expect(seen, "/proc/locks tells a lock of the statement within 60 s");
    expect(returned - cancelled < std::chrono::milliseconds(500), "soon");
    ArrowArrayStream rows{};
    expect(fails(INCLOAD_E_CANCELLED, [&] { one.query("SELECT 1", &rows); }), "and it refuses all that follows");
    expect(!incload::version().empty() && incload::has_driver("odbc"), "the library tells of itself");
}

void rows_of_the_program(const incload::database &shop, const incload::database &lake)
{
    ArrowArrayStream rows{};
    shop.query("SELECT id, state FROM orders", &rows);
    incload::database source(&rows);
    expect(rows.release == nullptr, "the stream is taken over");
    incload::step copy = incload::step::load(source, "rows", lake, "of_stream", incload::strategy("append"));
    expect(copy.run().rows_written() == 3, "a stream is the source of a load");
    expect(fails(INCLOAD_E_STATE, [&] { copy.run(); }), "of one");
}

void looks(const incload::database &shop, const incload::database &lake)
{
    incload::step load = orders(shop, lake, "looked");
    incload::plan before(load);
    expect(before.creates_target() && before.road() == "batches" && !before.statements().empty(), "a plan tells");
    expect(!incload::lint(load).findings().empty(), "an index is missing");
    incload::run done = load.run();
    expect(done.bytes() > 0 && done.attempts() == 1 && done.duration_us() > 0, "a run has figures");

    incload::watermark mark(lake, "looked");
    expect(mark.value() == done.watermark() && mark.version() == 1 && mark.load() == "looked", "a watermark is read");
    mark.set("2024-01-02 00:00:00");
    expect(load.run().rows_read() >= 1, "and moved");
    mark.refresh();
    expect(incload::watermark::all(lake)["looked"] == mark.value(), "and listed");
    mark.reset();
    expect(!mark.value() && mark.history().size() == 4, "and reset, and all that is kept");

    incload::verification equal(load);
    equal.run();
    expect(equal.is_equal() && equal.source_rows() == 3, "a target equals its source");
    lake.execute("DELETE FROM looked WHERE id = 2");
    incload::verification differs(load);
    differs.run();
    expect(!differs.is_equal() && differs.missing() == 1 && differs.differences().at(0).key == "id = 2", "or not");
}

void ledgers(const incload::database &lake)
{
    bool broken = true;
    incload::context home;
    incload::pipeline nightly("wrapped", home);
    nightly.ledger(lake).add_pool("narrow", 1);
    nightly.add("first", incload::step::function([](incload::unit &at) { at.set_result("42"); }));
    nightly.add("second", incload::step::function([&](incload::unit &) {
                    if (broken)
                        throw std::range_error("broken");
                }),
                "first");
    nightly.add("never", incload::step::function([](incload::unit &) {}));
    nightly.condition("never", [](incload::unit &) { return incload::outcome::skip; });
    nightly.set("second", "pool", "narrow");
    std::string graph;
    nightly.render("dot", [&](std::string_view text) { graph.append(text); });
    expect(graph.find("second") != std::string::npos, "the graph is written");
    try {
        nightly.render("dot", [](std::string_view) { throw std::range_error("full"); });
        expect(false, "a writer's exception comes back");
    } catch (const std::range_error &) {
    }

    incload::run failed = nightly.start();
    std::string told;
    expect(fails(INCLOAD_E_CALLBACK, [&] { failed.watch([&](std::string_view text) { told.append(text); }); }),
           "who watches a run is told that it failed");
    expect(!told.empty() && failed.step("first")->result == "42" && !failed.step("nosuch"), "and how it went on");
    expect(failed.step("never")->status == "SKIPPED" && failed.count_units(INCLOAD_STATUS_FAILED) == 1, "and ended");
    expect(home.next_event(0).has_value() && home.next_event(0)->run_id() == failed.id(), "events tell as well");

    incload::history past(lake, "wrapped", 10);
    expect(past.runs().size() == 1 && past.runs()[0].status == "FAILED" && past.runs()[0].id == failed.id(),
           "the ledger lists the run");
    expect(incload::unit_history(lake, failed.id(), 0, 10).units().at(1).status == "FAILED", "and its steps");
    expect(fails(INCLOAD_E_STATE, [&] { past.cancel(0); }), "one that ended is not cancelled");
    broken = false;
    expect(nightly.resume().id() == failed.id(), "the run is resumed");
    expect(fails(INCLOAD_E_NOT_FOUND, [&] { nightly.resume("nosuch"); }), "one that is not there is refused");
}

/** Runs that are left to threads of the host. */
void hosts_threads(const incload::database &lake)
{
    int calls = 0;
    bool broken = true;
    auto work = [&](incload::unit &) {
        if (++calls > 0 && broken)
            throw std::range_error("broken");
    };
    incload::pipeline left("left");
    left.ledger(lake).add("work", incload::step::function(work));
    incload::step alone = incload::step::function(work);
    expect(fails(INCLOAD_E_INVALID, [&] { left.run("parallel=0"); }), "who runs a pipeline does not wait for nobody");
    expect(fails(INCLOAD_E_INVALID, [&] { left.resume("", "parallel=0"); }), "nor who resumes one");
    expect(fails(INCLOAD_E_INVALID, [&] { alone.run("parallel=0"); }) && calls == 0, "nor who runs a step");

    incload::run failed = left.start("parallel=0");
    failed.participate();
    expect(fails(INCLOAD_E_CALLBACK, [&] { failed.wait(); }) && calls == 1, "who takes part does the work");
    broken = false;
    incload::run again = left.start_resume(failed.id(), "parallel=0");
    again.participate();
    expect(again.wait() && calls == 2, "also of one that is resumed");
}

void change_tables(const incload::database &shop, const incload::database &lake)
{
    incload::capture changes(shop, "orders", lake, "captured", { { "key", "id" } });
    changes.install();
    changes.load();
    shop.execute("UPDATE orders SET state = 'sent' WHERE id = 1");
    expect(changes.pending().first == 1, "a change waits");
    expect(changes.step().run().rows_written() == 1 && changes.consumed() == 1, "a step consumes it");
    changes.remove();
    expect(fails(INCLOAD_E_STATE, [&] { changes.run(); }), "there is no change table any more");
}

void messages(const incload::database &shop, const incload::database &lake)
{
    incload::changes group = incload::changes::group(lake, "crm");
    incload::changes into = group.add_table("captured", { { "key", "id" } });
    int sent = 0;
    incload::debezium writer(shop, "orders",
                             [&](std::optional<std::string_view> key, std::optional<std::string_view> value) {
                                 sent++;
                                 into.push_debezium(std::string(key.value()),
                                                    value ? std::optional<std::string>(*value) : std::nullopt);
                             },
                             { { "key", "id" } });
    writer.write(INCLOAD_CHANGE_DELETE, {}, { { "id", "1" } });
    into.push_update({ { "id", "2" } }, { { "id", "22" }, { "state", "moved" }, { "at", "2024-01-02 10:00:00" } });
    expect(sent == 2 && group.pending() > 0, "a delete is two messages");
    group.commit();
    expect(group.rows_deleted() >= 1 && into.applied() > 0, "and lands with the rest");

    incload::debezium broken(shop, "orders", [](auto, auto) { throw std::range_error("the broker is down"); });
    try {
        broken.write(INCLOAD_CHANGE_DELETE, {}, { { "id", "1" } });
        expect(false, "a function that throws ends the event");
    } catch (const incload::error &failed) {
        expect(failed.code() == INCLOAD_E_CALLBACK && is<std::range_error>(failed.origin()), "and is the origin");
    }
}

void steps(const incload::database &shop, const incload::database &lake)
{
    incload::step one = orders(shop, lake, "group_one"), two = orders(shop, lake, "group_two");
    incload::run both = incload::step::group({ &one, &two }, { { "name", "both" } }).run();
    expect(both.loads().size() == 2 && both.loads()[1].rows_written() == 3, "a group lands together");

    incload::step query = incload::step::query_load(shop, "SELECT id FROM orders WHERE id < ?", lake, "few",
                                                    incload::strategy("full_refresh"));
    query.bind(1, "3");
    expect(query.run().rows_written() == 2, "a query has a parameter");

    std::vector<std::string> keys;
    incload::step::backfill_keys({ "eu", "us" }, {}, [&](incload::unit &at) { keys.push_back(at.key()); }).run();
    expect(keys == std::vector<std::string>{ "eu", "us" }, "a backfill goes over keys");
    int calls = 0;
    incload::step numbers = incload::step::backfill_between("0", "4", {}, [&](incload::unit &) { calls++; });
    expect(incload::backfill_plan(numbers).units() == 4, "its plan tells its units");
    numbers.run();
    expect(calls == 4, "and so many there are");

    lake.execute("CREATE TABLE numbers (id INTEGER NOT NULL PRIMARY KEY)");
    incload::changes into(lake, "numbers", { { "key", "id" } });
    bool pushed = false;
    incload::step apply = incload::changes_step(into, [&](incload::changes &target, incload::unit &) {
        if (!pushed)
            target.push(INCLOAD_CHANGE_INSERT, { { "id", "77" } }, 1);
        return std::exchange(pushed, true) ? incload::outcome::done : incload::outcome::yield;
    });
    apply.run();
    expect(into.applied() == 1 && into.position().place == 1, "a step applies changes");
}

/** Whether a run fails by the exception that its function threw, and tells so of each unit that it lists. */
bool has_origin(const incload::run &failed)
{
    try {
        failed.wait();
        return false;
    } catch (const incload::error &why) {
        if (!is<std::range_error>(why.origin()))
            return false;
    }
    for (const auto &unit : failed.failed()) {
        if (!is<std::range_error>(unit.why.origin()))
            return false;
    }
    return is<std::range_error>(failed.failure()->origin());
}

/** How many exceptions the functions of a step hold. */
std::size_t held_by(const incload::step &one)
{
    std::size_t count = 0;
    for (const auto &each : one.thrown_by())
        count += each->size();
    return count;
}

void origins(const incload::database &shop, const incload::database &lake)
{
    auto broken = [&](const std::string &into, const char *preset) {
        incload::step load = incload::step::load(shop, "orders", lake, into,
                                                 incload::strategy(preset, { { "cursor", "at" }, { "key", "id" } }));
        load.process([](incload::unit &, incload::batch &) { throw std::range_error("broken"); });
        return load;
    };
    incload::step alone = broken("of_pipeline", "timestamp"), first = broken("of_group", "timestamp"),
                  second = broken("beside", "timestamp"), part = broken("of_parts", "interval");
    incload::step group = incload::step::group({ &first, &second }, { { "name", "pair" } });
    incload::step parts = incload::step::load_backfill(part, "2024-01-01", "2024-01-02");
    incload::pipeline one("of_one"), of_group("of_group"), of_parts("of_parts");
    one.add("load", alone);
    of_group.add("pair", group);
    of_parts.add("parts", parts);

    expect(has_origin(alone.start()), "the origin of a load");
    expect(has_origin(one.start()), "of one in a pipeline");
    expect(has_origin(group.start()), "of a group");
    expect(has_origin(of_group.start()), "of a group in a pipeline");
    expect(has_origin(parts.start()), "of a backfill of a load");
    expect(has_origin(of_parts.start()), "of such a one in a pipeline");
    {
        incload::run failed = parts.start(), other = one.start();
        expect(has_origin(failed) && has_origin(other), "several runs tell theirs");
        expect(held_by(part) == 2 && held_by(alone) == 1, "and hold them");
        expect(failed.failed().size() == 2, "each of its units its own");
        failed = std::move(other);
        expect(held_by(part) == 0 && has_origin(failed), "until another takes its place");
        std::string told;
        try {
            failed.watch([&](std::string_view text) { told.append(text); });
            expect(false, "who watches it is told");
        } catch (const incload::error &why) {
            expect(is<std::range_error>(why.origin()), "as well");
        }
    }
    expect(held_by(alone) + held_by(group) + held_by(parts) == 0, "and nothing is left when the runs are gone");
}

} // namespace

int main(int, char **argv)
{
    incload::database shop(std::string("odbc:Driver=SQLite3;Database=") + argv[1]);
    incload::database lake(std::string("odbc:Driver=SQLite3;Database=") + argv[2]);
    shop.execute("CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, state VARCHAR(9), at TIMESTAMP NOT NULL)");
    shop.execute("INSERT INTO orders VALUES (1, 'open', '2024-01-01 10:00:00'), (2, 'paid', '2024-01-02 10:00:00'), "
                 "(3, 'paid', '2024-01-03 10:00:00')");
    calls(shop, argv[1]);
    rows_of_the_program(shop, lake);
    looks(shop, lake);
    ledgers(lake);
    hosts_threads(lake);
    change_tables(shop, lake);
    messages(shop, lake);
    steps(shop, lake);
    origins(shop, lake);
    return failures == 0 ? 0 : 1;
}
