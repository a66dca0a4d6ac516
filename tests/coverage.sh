#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How much of lib/ the suites reach: sh tests/coverage.sh [--lines FOLDER] [SUITE...]
#
# Installs what is missing, builds with gcc's counters, runs the suites (default: unit) and prints for each folder of
# lib/ how many of its lines and branches were taken; with --lines also those of one folder that were not. Figures are
# recorded in doc/testing.md.
#
#     INCLOAD_COVERAGE_BUILD   the build directory (default: build-coverage)
set -eu
cd "$(dirname "$0")/.."
. tests/packages.sh

build=${INCLOAD_COVERAGE_BUILD:-build-coverage}
folder=
if [ "${1:-}" = --lines ]; then
    folder=${2:?usage: sh tests/coverage.sh [--lines FOLDER] [SUITE...]}
    shift 2
fi
[ $# -gt 0 ] || set -- unit
packages_need library check reach
[ ! -d "$build" ] || find "$build" -name '*.gcda' -delete
status=0
export CC=gcc INCLOAD_BUILD="$build" INCLOAD_MESON_ARGS='-Db_coverage=true -Dbuildtype=debug'
sh tests/run.sh "$@" >&2 || status=1
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
# gcovr cannot merge builds whose functions begin at other lines, as those with places for tests do.
for objects in "$build"/lib/libincload-internal.a.p "$build"/lib/libincload.so.*.p; do
    gcovr --root . --object-directory "$build" --filter lib/ --exclude-throw-branches \
        --json "$reports/$(basename "$objects").json" "$objects"
done
python3 tests/coverage.py ${folder:+--lines "$folder"} "$reports"/*.json
exit "$status"
