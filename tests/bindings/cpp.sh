#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The headers of C++ against the library of this build, on every kind of database that there is. Speaks TAP.
#
#     cpp.sh SOURCE_ROOT LIBRARY.so WORK_DIRECTORY
set -u
root=$1
library=$(cd "$(dirname "$2")" && pwd)
work=$3
sqlite='odbc:Driver=SQLite3;Database='
. "$root/tests/bindings/package.sh"

built()
{
    c++ -std=c++17 -Wall -Wextra -Wpedantic -Wshadow -Werror -o "$work/$(basename "$1" .cpp)" "$root/tests/$1" \
        -I"$root/include" -L"$library" -lincload -Wl,-rpath,"$library" -pthread
}

patterns()
{
    rm -f "$work"/shop.db*
    "$work/patterns" "$sqlite$work/shop.db" "$1" "cpp_$number"
}

# on_each KIND URL SLOW AT_WORK: a query that takes long, and one that gives a row while the server is at it.
on_each()
{
    [ -n "$2" ] || return 0
    try "the five patterns: $1" patterns "$2" || status=1
    try "two pipelines on two threads: $1" "$work/process" pipelines "$2" || status=1
    try "a cancel ends a query within half a second: $1" "$work/process" cancels "$2" "$3" "$4" || status=1
    try "and so does Ctrl-C where the program hears it: $1" "$work/process" interrupts "$2" "$3" "$4" || status=1
}

mkdir -p "$work"
rm -f "$work"/*.db*
try 'the programs are built' built consumers/cpp/patterns.cpp || exit 1
try 'those of the process as well' built bindings/cpp/process.cpp || exit 1
status=0
lake=$sqlite$work/lake.db
try 'the five patterns: sqlite' patterns "$lake" || status=1
try 'two pipelines on two threads: sqlite' "$work/process" pipelines "$lake" || status=1
sleeping="SELECT 1 AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
on_each postgres "${INCLOAD_TEST_POSTGRES-}" 'SELECT 1 AS id, pg_sleep(60)::text AS s' "$sleeping"
on_each postgres-odbc "${INCLOAD_TEST_PG_ODBC-}" 'SELECT 1 AS id, pg_sleep(60)::text AS s' "$sleeping"
on_each mariadb "${INCLOAD_TEST_MARIADB-}" 'SELECT 1 AS id, SLEEP(60) AS s' \
    "SELECT 1 AS n FROM information_schema.processlist WHERE state = 'User sleep' AND db = DATABASE()"
try 'what a function returns or throws fails its unit alone' "$work/process" garbage "$lake" || status=1
try 'ten thousand handles leave nothing behind' "$work/process" handles "$lake" || status=1
try 'a program ends with a run in progress' "$work/process" ends "$lake" || status=1
echo "1..$number"
exit "$status"
