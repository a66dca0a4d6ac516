#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One parser under libFuzzer: sh tests/fuzz/run.sh NAME [--seconds N] [--seed S] [--keep]
#
# Installs what is missing, builds with clang, its address and undefined behaviour sanitizers and its fuzzer, and runs
# from the committed corpus for N seconds (60). Prints `BAR fuzz_NAME <failures> 0 ok`, or `... short` and where the
# input lies that fails. With --keep the corpus gets, as few as possible, the inputs that reach code no other did.
#
#     INCLOAD_FUZZ_BUILD   the build directory (default: build-fuzz)
set -eu
cd "$(dirname "$0")/../.."
. tests/packages.sh

build=${INCLOAD_FUZZ_BUILD:-build-fuzz}
seconds=60
seed=1
keep=false
name=${1:-}
[ $# -eq 0 ] || shift
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    --keep) keep=true; shift ;;
    *) echo "fuzz: what is '$1'?" >&2; exit 2 ;;
    esac
done
corpus=tests/fuzz/corpus/$name
if [ -z "$name" ] || [ ! -d "$corpus" ]; then
    echo "usage: sh tests/fuzz/run.sh NAME [--seconds N] [--seed S] [--keep] where NAME is one of:" \
        "$(ls tests/fuzz/corpus | tr '\n' ' ')" >&2
    exit 2
fi
packages_need library check fuzz
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
if [ ! -e "$build/build.ninja" ]; then
    CC=clang meson setup "$build" -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized \
        -Dc_args=-fsanitize=fuzzer-no-link >"$found.log" 2>&1 || { cat "$found.log" >&2; exit 1; }
fi
ninja -C "$build" "tests/fuzz/fuzz-$name" >"$found.log" 2>&1 || { cat "$found.log" >&2; exit 1; }
rm -f "$found.log"
mkdir "$found/new" "$found/failures"
fuzzer=$build/tests/fuzz/fuzz-$name
status=0
"$fuzzer" -max_total_time="$seconds" -seed="$seed" -print_final_stats=1 -timeout=10 -rss_limit_mb=1024 \
    -artifact_prefix="$found/failures/" "$found/new" "$corpus" >"$found/log" 2>&1 || status=$?
grep -E '^stat::|^#[0-9]+.*(INITED|DONE)' "$found/log" || true
failures=$(find "$found/failures" -type f | wc -l)
if [ "$status" != 0 ] || [ "$failures" != 0 ]; then
    tail -n 40 "$found/log" >&2
    for input in "$found/failures"/*; do
        [ ! -f "$input" ] || { cp "$input" "$build/"; echo "fuzz: it fails with $build/${input##*/}" >&2; }
    done
    echo "BAR fuzz_$name $failures 0 short"
    exit 1
fi
if [ "$keep" = true ]; then
    "$fuzzer" -merge=1 "$corpus" "$found/new" >"$found/log" 2>&1 || { tail -n 20 "$found/log" >&2; exit 1; }
fi
echo "BAR fuzz_$name $failures 0 ok"
