#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the tests: sh tests/run.sh [SUITE...]
#
# Installs what is missing, builds, starts private servers when a chosen suite needs them (tests/servers.sh), runs the
# suites (default: all but those on request) and ends in one line, `N passed, N failed, N skipped`. Fails when a test
# failed or none ran; with CI=true warnings are errors, and a skipped test is a failure.
#
#     INCLOAD_BUILD        the build directory (default: build)
#     INCLOAD_MESON_ARGS   further words for meson setup, such as "-Db_sanitize=address,undefined"
#     INCLOAD_MESON_SETUP  a setup of tests/meson.build, such as valgrind
set -eu
cd "$(dirname "$0")/.."
. tests/packages.sh
. tests/servers.sh

build=${INCLOAD_BUILD:-build}
# Suites that talk to no server, or to SQLite alone.
serverless=' unit fuzz lint abi consumers docs '
# Suites that run only when asked for by name.
on_request=' bench pairs engines '

say()
{
    printf '%s\n' "tests: $*" >&2
}

suites_of_build()
{
    meson introspect --tests "$build" | python3 -c '
import json, sys
print(*sorted({suite.split(":")[-1] for test in json.load(sys.stdin) for suite in test["suite"]}))'
}

set_up_build()
{
    werror=false
    [ "${CI:-}" != true ] || werror=true
    if [ ! -e "$build/build.ninja" ]; then
        # Everything is demanded: a test that is not built is a test that is skipped without a word.
        meson setup "$build" -Dauto_features=enabled -Dwerror=$werror ${INCLOAD_MESON_ARGS:-}
    elif [ "$werror" = true ]; then
        meson configure "$build" -Dwerror=true
    fi
}

quietly()
{
    "$@" >"$log" 2>&1 && return 0
    cat "$log" >&2
    return 1
}

log=$(mktemp)
finish()
{
    servers_stop
    rm -f "$log"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

packages_need library check
quietly set_up_build
known=$(suites_of_build)

suites=
if [ $# -gt 0 ]; then
    for suite in "$@"; do
        case " $known " in
        *" $suite "*) suites="$suites $suite" ;;
        *) say "there is no suite '$suite'; there are: $known"; exit 2 ;;
        esac
    done
else
    for suite in $known; do
        case $on_request in
        *" $suite "*) ;;
        *) suites="$suites $suite" ;;
        esac
    done
fi

needs=
need_servers=false
for suite in $suites; do
    case " abi bindings consumers " in
    *" $suite "*) needs="$needs compilers" ;;
    esac
    [ "$suite" != abi ] || needs="$needs abi"
    [ "$suite" != docs ] || needs="$needs reports docs site"
    case " bindings engines consumers " in
    *" $suite "*) needs="$needs python go" ;;
    esac
    case $serverless in
    *" $suite "*) ;;
    *) needs="$needs servers"; need_servers=true ;;
    esac
done
packages_need $needs

if [ "$need_servers" = true ]; then
    servers_prepare
fi
quietly meson compile -C "$build"
if [ "$need_servers" = true ]; then
    servers_start
fi

chosen=
for suite in $suites; do
    chosen="$chosen --suite $suite"
done
results=$build/meson-logs/testlog${INCLOAD_MESON_SETUP:+-$INCLOAD_MESON_SETUP}.json
rm -f "$results"
[ -z "${INCLOAD_MESON_SETUP:-}" ] || chosen="$chosen --setup=$INCLOAD_MESON_SETUP"
meson test -C "$build" --no-rebuild --print-errorlogs $chosen || true
python3 tests/tally.py "$results"
