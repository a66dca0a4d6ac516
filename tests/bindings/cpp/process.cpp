// SPDX-License-Identifier: Apache-2.0
// What concerns the whole process, by incload.hpp: process handles|pipelines|garbage LAKE_URL
//     process ends LAKE_URL                    a run goes on when main() returns
//     process cancels LAKE_URL SLOW AT_WORK    SLOW is cancelled once AT_WORK gives a row: within half a second
//     process interrupts LAKE_URL SLOW AT_WORK as cancels, by SIGINT, for which the program has a handler
#include <incload/incload.hpp>

#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include <signal.h>
#include <unistd.h>

#include "../../consumers/cpp/expect.hpp"

namespace {

using clock = std::chrono::steady_clock;

long resident()
{
    long pages = 0;
    std::ifstream file("/proc/self/statm");
    file >> pages >> pages;
    return pages * sysconf(_SC_PAGESIZE);
}

void handles(const char *url)
{
    auto make = [&](int count) {
        for (int i = 0; i < count; i++) {
            incload::database lake(url);
            incload::strategy by_time("timestamp", { { "cursor", "t" }, { "key", "id" } });
            incload::step load = incload::step::load(lake, "a", lake, "b", by_time);
            incload::pipeline both("both");
            both.add("load", load);
            both.add("function", incload::step::function([i](incload::unit &) { (void)i; }), "load");
        }
    };
    make(200);
    long before = resident();
    make(2000);
    expect(resident() - before < (4 << 20), "ten thousand handles leave nothing behind");
}

void pipelines(const char *url)
{
    auto one = [url](const std::string &name) {
        incload::database lake(url, { { "ledger", "cpp_" + name } });
        bool right = true;
        for (int i = 0; i < 20; i++) {
            std::string seen;
            incload::pipeline nightly(name);
            nightly.add("tell", incload::step::function([](incload::unit &at) { at.set_result(at.run_id()); }));
            nightly.add("hear",
                        incload::step::function([&](incload::unit &at) { seen = at.input("tell").value(); }), "tell");
            incload::run done = nightly.run("parallel=2");
            right = right && !seen.empty() && done.steps().size() == 2 && done.succeeded();
        }
        lake.check();
        return right;
    };
    auto a = std::async(std::launch::async, one, "a"), b = std::async(std::launch::async, one, "b");
    expect(a.get() && b.get(), "two pipelines on two threads keep apart");
}

void garbage(const char *)
{
    incload::pipeline mixed("mixed");
    mixed.add("garbage", incload::step::function([](incload::unit &) { return static_cast<incload::outcome>(77); }));
    mixed.add("throws", incload::step::function([](incload::unit &) { throw 5; }));
    mixed.add("good", incload::step::function([](incload::unit &) {}));
    incload::run done = mixed.start();
    try {
        done.wait();
        expect(false, "who waits is told");
    } catch (const incload::error &failed) {
        expect(failed.code() == INCLOAD_E_CALLBACK, "what a function returns or throws fails its unit");
    }
    auto steps = done.steps();
    expect(steps["garbage"] == "FAILED" && steps["throws"] == "FAILED" && steps["good"] == "SUCCESS", "and that alone");
}

void ends()
{
    auto entered = std::make_shared<std::promise<void>>();
    static incload::step waits = incload::step::function([entered](incload::unit &at) {
        entered->set_value();
        while (!at.cancelled())
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
    });
    static incload::run left = waits.start();
    entered->get_future().wait();
}

volatile sig_atomic_t interrupted = 0;

void cancels(const char *url, const std::string &slow, const std::string &at_work, bool by_signal)
{
    signal(SIGINT, [](int) { interrupted = 1; });
    incload::database lake(url);
    incload::step load = incload::step::query_load(lake, slow, lake, "cpp_slow", incload::strategy("full_refresh"));
    incload::run going = load.start();
    auto working = [&] {
        ArrowArrayStream rows{};
        ArrowArray batch{};
        lake.query(at_work, &rows);
        bool any = rows.get_next(&rows, &batch) == 0 && batch.release != nullptr && batch.length > 0;
        if (batch.release != nullptr)
            batch.release(&batch);
        rows.release(&rows);
        return any;
    };
    auto become = [&](bool wanted) {
        for (auto until = clock::now() + std::chrono::seconds(60); working() != wanted && clock::now() < until;)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
    };
    bool at_it = false;
    clock::time_point begun;
    std::thread other([&] {
        become(true);
        at_it = working();
        begun = clock::now();
        by_signal ? (void)kill(getpid(), SIGINT) : going.cancel();
    });
    try {
        while (!going.wait(100)) {
            if (interrupted != 0)
                going.cancel();
        }
        expect(false, "a cancelled run fails");
    } catch (const incload::error &failed) {
        expect(failed.code() == INCLOAD_E_CANCELLED, "and says why");
    }
    auto ended = clock::now();
    other.join();
    expect(at_it, "the server was at it");
    expect(ended - begun < std::chrono::milliseconds(500), "within half a second");
    become(false);
    expect(!working(), "and the server is no more at it");
}

} // namespace

int main(int argc, char **argv)
{
    std::string what = argv[1];
    if (what == "handles")
        handles(argv[2]);
    else if (what == "pipelines")
        pipelines(argv[2]);
    else if (what == "garbage")
        garbage(argv[2]);
    else if (what == "ends")
        ends();
    else if ((what == "cancels" || what == "interrupts") && argc == 5)
        cancels(argv[2], argv[3], argv[4], what == "interrupts");
    else
        return 2;
    return failures == 0 ? 0 : 1;
}
