#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs benchmarks: sh tests/bench/run.sh NAME...   (names: the .py files beside this one)
#
# Builds optimised, starts private servers with every fsync on, interleaves the sides of each comparison, and prints a
# table, then one line for each bar it stands for: `BAR name value limit ok` or `... short`. Fails when a bar is short.
#
#     INCLOAD_BENCH_BUILD   the build directory (default: build-bench)
#     further variables are told at the top of each benchmark
set -eu
cd "$(dirname "$0")/../.."
. tests/packages.sh
. tests/servers.sh

build=${INCLOAD_BENCH_BUILD:-build-bench}
if [ $# = 0 ]; then
    echo "usage: sh tests/bench/run.sh NAME... where NAME is one of: $(ls tests/bench/*.py | sed 's|.*/||; s|\.py$||' |
        paste -sd ' ' -)" >&2
    exit 2
fi
for name in "$@"; do
    if [ ! -e "tests/bench/$name.py" ]; then
        echo "there is no benchmark '$name'" >&2
        exit 2
    fi
done

needs=
case " $* " in
*" arrow "* | *" peers "*) needs=python ;; # they make environments of Python
esac
packages_need library check servers bench $needs
if [ ! -e "$build/build.ninja" ]; then
    meson setup "$build" --buildtype=release -Dauto_features=enabled >/dev/null
fi
# Quiet, unless it fails.
programs='tests/bench/load_once tests/bench/load_turns tests/bench/verify_once tests/bench/bare_relay
    tests/bench/bare_odbc tests/bench/bare_mariadb tests/bench/bare_sqlite
    tests/bench/scheduler_units tests/bench/plan_units tests/bench/durable_units
    tests/bench/backfill_once tests/bench/bare_backfill tests/bench/cdc_events tests/bench/cdc_follow'
# $programs is a list of words.
made=$(ninja -C "$build" $programs 2>&1) || { printf '%s\n' "$made" >&2; exit 1; }

trap servers_stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
INCLOAD_TEST_DURABLE=1
export INCLOAD_TEST_DURABLE
servers_prepare
servers_start

status=0
for name in "$@"; do
    INCLOAD_BENCH_PROGRAMS=$build/tests/bench python3 "tests/bench/$name.py" || status=1
done
exit $status
