#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The suites under what watches memory and threads: sh tests/sanitized.sh KIND [SUITE...]
#
#     address     gcc's address, leak and undefined behaviour sanitizers
#     thread      clang's thread sanitizer
#     valgrind    the ordinary build under valgrind's memcheck
#
# Installs what is missing and runs the suites (default: unit) as tests/run.sh does, in a build directory of the kind's
# own, with the setup of that name in tests/meson.build: `meson test -C build-thread --setup=thread` is the same.
set -eu
cd "$(dirname "$0")/.."
. tests/packages.sh

kind=${1:-}
[ $# -eq 0 ] || shift
compiler=gcc
case $kind in
address) arguments='-Db_sanitize=address,undefined -Dbuildtype=debug' ;;
thread) compiler=clang arguments='-Db_sanitize=thread -Db_lundef=false' ;;
valgrind) arguments='' ;;
*) echo 'usage: sh tests/sanitized.sh address|thread|valgrind [SUITE...]' >&2; exit 2 ;;
esac
[ $# -gt 0 ] || set -- unit
packages_need library check compilers
[ "$kind" != valgrind ] || packages_need valgrind
CC=$compiler INCLOAD_BUILD=build-$kind INCLOAD_MESON_ARGS=$arguments INCLOAD_MESON_SETUP=$kind exec sh tests/run.sh "$@"
