#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One fault program at full length: sh tests/fault/run.sh NAME [--seconds N] [--seed S] [...]
#
# Installs what is missing, builds, starts private servers (tests/servers.sh) where the program needs any, and runs it:
# it prints tables of its own and, for each bar it stands for, `BAR name value limit ok` or `... short`. Fails when a
# bar is short, when there was none, or when the program fails. What else a program takes is told at the top of
# tests/fault/NAME.c.
#
#     INCLOAD_BUILD        the build directory (default: build)
#     INCLOAD_MESON_ARGS   further words for meson setup
set -eu
cd "$(dirname "$0")/../.."
. tests/packages.sh
. tests/servers.sh

build=${INCLOAD_BUILD:-build}
output=
serverless='simulation simulation-planted'

quietly()
{
    "$@" >"$output" 2>&1 && return 0
    cat "$output" >&2
    return 1
}

finish()
{
    servers_stop
    [ -z "$output" ] || rm -f "$output" "$output.status"
}

# introspected WHAT EXPRESSION: the words that a Python set expression draws from `meson introspect --WHAT`.
introspected()
{
    meson introspect --"$1" "$build" | python3 -c "
import json, os, sys
here = os.path.realpath('tests/fault/meson.build')
build = os.path.realpath('$build')
print(*sorted({$2}))"
}

programs()
{
    introspected tests "one['name'].split('/', 1)[1] for one in json.load(sys.stdin)
                        if one['name'].startswith('fault/')"
}

targets()
{
    introspected targets "os.path.relpath(file, build) for one in json.load(sys.stdin)
                          if os.path.realpath(one['defined_in']) == here for file in one['filename']"
}

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
output=$(mktemp)
need_servers=true
case " $serverless " in
*" ${1:-none} "*) need_servers=false ;;
esac
packages_need library check
[ "$need_servers" = false ] || packages_need servers
if [ ! -e "$build/build.ninja" ]; then
    # $INCLOAD_MESON_ARGS is a list of words.
    quietly meson setup "$build" -Dauto_features=enabled ${INCLOAD_MESON_ARGS:-}
fi
[ "$need_servers" = false ] || servers_prepare
# First what meson knows is brought up to date. Targets are a list of words.
quietly ninja -C "$build" build.ninja
quietly ninja -C "$build" $(targets)
known=$(programs)
program=${1:-}
case " $known " in
*" ${program:-none} "*) shift ;;
*)
    echo "usage: sh tests/fault/run.sh NAME [--seconds N] [--seed S] [...] where NAME is one of: $known" >&2
    exit 2
    ;;
esac
[ "$need_servers" = false ] || servers_start

# A pipe would hide the program's status.
status=0
{
    "$build/tests/fault/$program" "$@" || echo "$?" >"$output.status"
} | tee "$output"
[ ! -e "$output.status" ] || status=1
grep -q '^BAR ' "$output" || { echo "fault: $program stood for no bar" >&2; status=1; }
! grep -q '^BAR .* short$' "$output" || status=1
exit $status
