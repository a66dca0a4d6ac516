// SPDX-License-Identifier: Apache-2.0
// The shapes of scheduler_units.c through Taskflow, timed from the first task to the last; its graph is built before.
// Compiled by scheduler.py where Taskflow's headers are.
//
//     scheduler_taskflow flat|chain|layers COUNT THREADS
//
// Prints what scheduler_units prints: nanoseconds per unit on the clock and of processor time, bytes per unit, edges.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include <malloc.h>
#include <taskflow/taskflow.hpp>

namespace {

constexpr int32_t layer = 100, into = 4;
std::atomic<int64_t> ran;

int32_t upstream(const char *shape, int32_t node, int32_t which)
{
    if (std::strcmp(shape, "chain") == 0)
        return which == 0 ? node - 1 : -1;
    if (std::strcmp(shape, "layers") != 0 || node < layer || which >= into)
        return -1;
    return (node / layer - 1) * layer + (node % layer + which * 7) % layer;
}

void run_nothing()
{
    static thread_local int64_t mine;

    if ((++mine & 1023) == 0)
        ran.fetch_add(1024, std::memory_order_relaxed);
}

int64_t read_ns(clockid_t id)
{
    timespec now;

    clock_gettime(id, &now);
    return static_cast<int64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 4) {
        std::fprintf(stderr, "usage: scheduler_taskflow flat|chain|layers COUNT THREADS\n");
        return 2;
    }
    const char *shape = argv[1];
    const int32_t count = std::atoi(argv[2]), threads = std::atoi(argv[3]);
    int64_t edges = 0;

    const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    tf::Executor executor(static_cast<size_t>(threads));
    tf::Taskflow flow;
    std::vector<tf::Task> tasks;
    for (int32_t i = 0; i < count; i++) {
        tasks.push_back(flow.emplace(run_nothing));
        for (int32_t j = 0, from; (from = upstream(shape, i, j)) >= 0; j++, edges++)
            tasks[static_cast<size_t>(from)].precede(tasks.back());
    }
    tasks = {};
    const size_t bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    const int64_t wall = read_ns(CLOCK_MONOTONIC), cpu = read_ns(CLOCK_PROCESS_CPUTIME_ID);
    executor.run(flow).wait();
    std::printf("%.2f %.2f %.2f %lld\n", static_cast<double>(read_ns(CLOCK_MONOTONIC) - wall) / count,
                static_cast<double>(read_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / count,
                static_cast<double>(bytes) / count, static_cast<long long>(edges));
    return ran >= count - 1024 * threads ? 0 : 1;
}
