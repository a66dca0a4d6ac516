// SPDX-License-Identifier: Apache-2.0
// The five patterns from C++17: patterns SHOP_URL LAKE_URL [LEDGER]
#include <incload/incload.hpp>

#include <atomic>
#include <stdexcept>

#include "expect.hpp"

namespace {

struct odd : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void loads(const incload::database &shop, const incload::database &lake)
{
    shop.execute("CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, state VARCHAR(9), at TIMESTAMP NOT NULL)");
    shop.execute("INSERT INTO orders VALUES (1, 'open', '2024-01-01 10:00:00'), (2, 'paid', '2024-01-02 10:00:00')");
    incload::strategy by_time("timestamp", { { "cursor", "at" }, { "key", "id" } });
    incload::step orders = incload::step::load(shop, "orders", lake, "orders", by_time);
    expect(orders.run().rows_written() == 2, "two rows land");
    expect(orders.run().rows_written() == 0, "nothing is new");

    incload::step kept = incload::step::load(shop, "orders", lake, "kept", incload::strategy("append"));
    kept.process([](incload::unit &, incload::batch &rows) { rows.keep({ true, false }); });
    expect(kept.run().rows_written() == 1, "a process function drops a row");

    incload::step bad = incload::step::load(shop, "orders", lake, "bad", incload::strategy("append"));
    bad.process([](incload::unit &, incload::batch &) { throw odd("not this"); });
    try {
        bad.run();
        expect(false, "an exception fails the load");
    } catch (const incload::error &failed) {
        expect(failed.code() == INCLOAD_E_CALLBACK && is<odd>(failed.origin()), "the exception is the origin");
        expect(std::string(failed.what()).find("not this") != std::string::npos, "its message is told");
    }
}

void backfills(const incload::database &lake)
{
    std::atomic<int> calls{ 0 };
    bool broken = true;
    incload::step days = incload::step::backfill("2024-01-01", "2024-01-31", "parallel=4 name=days",
                                                 [&](incload::unit &day) {
                                                     calls++;
                                                     if (broken && day.label() == "2024-01-15")
                                                         throw odd(day.label());
                                                 });
    days.ledger(lake);
    incload::run first = days.start();
    try {
        first.wait();
        expect(false, "a failed day fails the run");
    } catch (const incload::error &) {
        expect(calls == 31 && first.failed().size() == 1, "one of 31 days failed");
        expect(first.failed()[0].label == "2024-01-15" && is<odd>(first.failed()[0].why.origin()), "and which and why");
    }
    broken = false;
    calls = 0;
    days.run();
    expect(calls == 1, "only the missing day runs again");
}

void pipelines(const incload::database &shop, const incload::database &lake)
{
    std::string seen;
    incload::pipeline nightly("nightly");
    nightly.add("orders", incload::step::load(shop, "orders", lake, "nightly",
                                              incload::strategy("full_refresh", "key=id")));
    nightly.add("totals", incload::step::function([](incload::unit &at) { at.set_result("42"); }), "orders");
    nightly.add("report", incload::step::function([&](incload::unit &at) { seen = at.input("totals").value(); }),
                "totals");
    nightly.add("left", incload::step::function([](incload::unit &) { return incload::outcome::skip; }));
    incload::run done = nightly.run("parallel=2");
    expect(seen == "42", "a result is handed on");
    expect(done.steps()["report"] == "SUCCESS" && done.steps()["left"] == "SKIPPED", "steps tell how they ended");
}

void changes_and_swap(const incload::database &shop, const incload::database &lake)
{
    lake.execute("CREATE TABLE customers (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(9))");
    incload::changes events(lake, "customers", { { "key", "id" } });
    events.push(INCLOAD_CHANGE_INSERT, { { "id", "1" }, { "name", "a" } });
    events.push(INCLOAD_CHANGE_UPDATE, { { "id", "1" }, { "name", std::nullopt } });
    events.commit();
    expect(events.rows_written() == 1, "two events are one row");

    incload::recommendation advice(shop, "orders", lake, "orders", { { "critical", "true" } });
    expect(advice.preset() == "swap" && !advice.reason().empty(), "a critical table is swapped");
    incload::step swap = incload::step::load(shop, "orders", lake, "swapped", advice.strategy());
    swap.check([](std::int64_t read, std::int64_t staged) { return read == staged; });
    expect(swap.run().rows_written() == 2, "and so it is");
    try {
        incload::strategy("timestamp", { { "curser", "it's" } });
        expect(false, "an unknown option is refused");
    } catch (const incload::error &failed) {
        expect(failed.code() == INCLOAD_E_UNKNOWN_OPTION, "with its code");
    }
}

} // namespace

int main(int argc, char **argv)
{
    incload::database shop(argv[1]);
    incload::database lake(argv[2], argc > 3 ? incload::options{ { "ledger", argv[3] } } : incload::options());
    const char *tables[] = { "orders", "kept", "bad", "nightly", "customers", "swapped" };
    for (std::string table : tables)
        lake.execute("DROP TABLE IF EXISTS " + table);
    loads(shop, lake);
    backfills(lake);
    pipelines(shop, lake);
    changes_and_swap(shop, lake);
    for (std::string table : tables)
        lake.execute("DROP TABLE IF EXISTS " + table);
    return failures == 0 ? 0 : 1;
}
